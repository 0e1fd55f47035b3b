"""Smaller networks inside a network: the strata on which training can be stationary although the large network is not.

Each is a model of its own with an embedding of its weights. For some families it is a theorem that these are all singular functions
of the closure: then the least loss over the smooth critical points of the network and of its strata is the least of all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from itertools import product
from math import prod

import numpy as np

from neurovariety.geometry.strata.weight_stratum import Embedding, own_model
from neurovariety.image import BinaryQuadrics, Matrices, PowerSums, Quadrics
from neurovariety.model import Model
from neurovariety.parametrization import FilterLayers, Layers
from neurovariety.rings.ring import Array
from neurovariety.units import Size, counts, size_of

_MOST = 24
"""Strata that are looked at; more are not tried, and the list is then a lower bound."""

_MOST_SHAPES = 10_000
"""Networks with more smaller ones than these are wide: none of these is looked at."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """``name``: a notation, or words; ``model`` None for the single function whose weights are all zero.

    ``embed`` takes weights of the model (n,) to weights of the network (N,) with the same function; ``dead`` are the places of the
    network's weights that are zero there. ``ambiguous``: where it has many weights over one function, training may rest at some alone.
    """

    name: str
    model: Model | None
    embed: Embedding
    dead: tuple[int, ...]
    ambiguous: bool = False


@dataclass(frozen=True, eq=False)
class Strata:
    """Strata from large to small. ``theorem``: why all singular functions of the closure are on strata, '' where not known.

    ``exact``: it says that all functions on strata are singular; ``immersed``: that J has full rank modulo scalings at all weights over
    functions other than 0, so that a function with one choice of filters is a smooth point; ``vertex_alone``: that none but 0 is
    singular.
    """

    strata: tuple[Stratum, ...]
    theorem: str
    all_listed: bool
    exact: bool = False
    immersed: bool = False
    vertex_alone: bool = False


@dataclass(frozen=True)
class SingularFunctions:
    """A theorem that all singular functions of a closure are functions of smaller networks, or 0; what else it says as in `Strata`."""

    statement: str
    exact: bool = False
    immersed: bool = False
    vertex_alone: bool = False


@singledispatch
def singular_functions(image: object) -> SingularFunctions | None:
    """The theorem that places all singular functions of the closure of an image on smaller networks; None where there is none."""
    return None


@singular_functions.register
def _(image: Matrices) -> SingularFunctions:
    return SingularFunctions(
        "matrices of rank at most r are singular exactly where the rank is less (Bruns and Vetter 1988)", exact=True
    )


@singular_functions.register
def _(image: Quadrics) -> SingularFunctions:
    if image.bias:
        text = "[Q l], the quadratic form and the linear part, has rank at most the width, and is singular exactly where it is less"
    else:
        text = "quadratic forms of rank at most m are singular exactly where the rank is less (Bruns and Vetter 1988)"
    return SingularFunctions(text, exact=True)


@singular_functions.register
def _(image: PowerSums) -> SingularFunctions | None:
    return _SEGRE_VERONESE if image.terms == 1 else None


@singular_functions.register
def _(image: BinaryQuadrics) -> SingularFunctions | None:
    return _SEGRE_VERONESE if image.squares == 1 else None


_SEGRE_VERONESE = SingularFunctions("the cone over a Segre-Veronese variety is singular at most at 0", vertex_alone=True)
_IMMERSION = SingularFunctions(
    "away from 0 the parametrization is an immersion modulo scalings, so that only nodes are singular (Shahverdi et al. 2025)",
    immersed=True,
)


def strata_of(model: Model, fills: bool) -> Strata:
    """The smaller networks inside a model, from its hidden units; none where these are not known.

    A list is called whole for perceptrons and for filters of one channel; of other networks no theorem says so.
    """
    filled = "the closure is the whole span, which is smooth" if fills else ""
    layers = model.parametrization
    if isinstance(layers, Layers) and not layers.skips and model.resized is not None:
        return _of_layers(model, layers, filled)
    if isinstance(layers, FilterLayers):
        found = _supports(model, layers)
        immersed = len(layers.filters) > 1 and all(a.is_monomial and a.degree >= 2 for a in layers.activations)
        known = filled or (_IMMERSION.statement if immersed else "")
        return Strata((*found[:_MOST], _zero(model)), known, len(found) <= _MOST, immersed=immersed and not filled)
    return Strata(() if fills else strata_of_units(model), filled, bool(fills))


def _of_layers(model: Model, layers: Layers, filled: str) -> Strata:
    hidden = counts(size_of(u) for u in model.units)
    if layers.linear:
        chosen = [(k,) * len(hidden) for k in range(min(layers.widths) - 1, 0, -1)] if hidden else []
    else:
        chosen = _fewer(hidden)
    theorem = singular_functions(model.image)
    found = [s for s in (_resized(model, sizes) for sizes in chosen[:_MOST]) if s is not None]
    if not layers.biases and any(exponent == 0 for a in layers.activations for exponent, _ in a.terms):
        found = [_with_copies(model, layers, s) for s in found]
    last = _restricted(model, "constants", model.places[layers.biases[-1]].reshape(-1)) if layers.biases else _zero(model)
    statement = filled or (theorem.statement if theorem is not None else "")
    # With several hidden layers a smaller network may have all functions of the large one.
    exact = theorem is not None and theorem.exact and not filled and (layers.linear or len(hidden) == 1)
    alone = theorem is not None and theorem.vertex_alone and not filled
    return Strata((*found, last), statement, len(chosen) <= _MOST, exact=exact, vertex_alone=alone)


def strata_of_units(model: Model) -> tuple[Stratum, ...]:
    """Networks of fewer units and the zero function, as far as they are known."""
    now = [size_of(u) for u in model.units]
    numbers = counts(now)
    found = []
    for fewer in _fewer(numbers)[:_MOST] if prod(numbers) <= _MOST_SHAPES else ():
        given = iter(fewer)
        found.append(_resized(model, tuple(next(given) if isinstance(s, int) else s for s in now)))
    return (*(s for s in found if s is not None), *((_zero(model),) if model.silences else ()))


def _fewer(numbers: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Numbers of units that are nowhere larger and somewhere smaller, at least 1, from large to small."""
    smaller = [h for h in product(*(range(n, 0, -1) for n in numbers)) if h != numbers]
    return sorted(smaller, key=lambda h: -sum(h))


def _resized(model: Model, sizes: tuple[Size, ...]) -> Stratum | None:
    """The network of other sizes in the corner of each block, zeros elsewhere; None where its family has none, or other blocks."""
    other = model.resized(sizes) if model.resized is not None else None
    shapes = {b.name: b.shape for b in model.blocks}
    if other is None or any(b.name not in shapes for b in other.blocks) or other.parameters == model.parameters:
        return None
    places = np.concatenate([model.places[b.name][tuple(slice(n) for n in b.shape)].reshape(-1) for b in other.blocks])
    return _at(model, other.name, other, places)


def _with_copies(model: Model, layers: Layers, stratum: Stratum) -> Stratum:
    """The same functions with copies of units in place of dead ones: a unit with incoming weights 0 whose activation is not 0 there
    makes a constant, so that the large network moves where the small one rests. A copy with outgoing weights 0 adds nothing to what
    the weights of the unit itself change."""
    dead = set(stratum.dead)
    pairs = []
    for name in layers.weights[:-1]:
        rows = model.places[name]
        kept = [row for row in rows if not dead.issuperset(row.tolist())]
        pairs += [(row, kept[-1]) for row in rows[len(kept) :]]

    def embed(weights: Array) -> Array:
        out = stratum.embed(weights)
        for copy, unit in pairs:
            out[copy] = out[unit]
        return out

    return Stratum(stratum.name, stratum.model, embed, stratum.dead)


def _at(model: Model, name: str, small: Model, places: Array) -> Stratum:
    def embed(weights: Array) -> Array:
        out = np.zeros(model.parameters, dtype=np.asarray(weights).dtype)
        out[places] = weights
        return out

    kept = set(np.asarray(places).tolist())
    return Stratum(name, small, embed, tuple(i for i in range(model.parameters) if i not in kept))


def _zero(model: Model) -> Stratum:
    return Stratum("zero", None, lambda _: np.zeros(model.parameters), tuple(range(model.parameters)))


def _restricted(model: Model, name: str, places: Array) -> Stratum:
    """The model with all weights zero but those at ``places``."""

    def embed(weights: Array) -> Array:
        out = np.zeros(model.parameters, dtype=weights.dtype)
        out[places] = weights
        return out

    return _at(model, name, own_model(name, model, len(places), embed), places)


def _supports(model: Model, layers: FilterLayers) -> list[Stratum]:
    """Filters supported on intervals, one choice for each set of lengths and total shift."""
    windows = layers.sizes
    steps = np.cumprod([1, *layers.strides[:-1]]).tolist()
    found: dict[tuple[tuple[int, ...], int], tuple[tuple[int, int], ...]] = {}
    for chosen in product(*([(a, b) for a in range(k) for b in range(a, k)] for k in windows)):
        lengths = tuple(b - a + 1 for a, b in chosen)
        if lengths != windows:
            found.setdefault((lengths, sum(a * s for (a, _), s in zip(chosen, steps, strict=True))), chosen)
    out = []
    for (lengths, shift), chosen in sorted(found.items(), key=lambda item: (-sum(item[0][0]), item[0])):
        places = [b.start + i for b, (low, high) in zip(model.blocks, chosen, strict=True) for i in range(low, high + 1)]
        out.append(_restricted(model, f"filters of sizes {', '.join(map(str, lengths))} shifted by {shift}", np.array(places)))
    return out
