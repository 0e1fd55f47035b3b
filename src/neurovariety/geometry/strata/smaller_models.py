"""Smaller networks inside a network: the strata on which training can be stationary although the large network is not.

Each is a model of its own with an embedding of its weights. For some families it is a theorem that these are all singular functions
of the closure: then the least loss over the smooth critical points of the network and of its strata is the least of all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from neurovariety.architectures import CNN, MLP, Linear
from neurovariety.architectures.architecture import Architecture
from neurovariety.geometry.images.real_components import architecture_of
from neurovariety.image import Layers
from neurovariety.model import Model

_MOST = 24
"""Strata that are looked at; more are not tried, and the list is then a lower bound."""


@dataclass(frozen=True, eq=False)
class Stratum:
    """``name``: a notation, or words; ``model`` None for the single function whose weights are all zero.

    ``embed`` takes weights of the model (n,) to weights of the network (N,) with the same function; ``dead`` are the places of the
    network's weights that are zero there.
    """

    name: str
    model: Model | None
    embed: Callable[[Any], Any]
    dead: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Strata:
    """Strata from large to small. ``theorem``: why all singular functions of the closure are on strata, '' where not known.

    ``exact``: it says that all functions on strata are singular; ``immersed``: that J has full rank modulo scalings at all weights over
    functions other than 0, so that a function with one choice of filters is a smooth point.
    """

    strata: tuple[Stratum, ...]
    theorem: str
    all_listed: bool
    exact: bool = False
    immersed: bool = False


def strata_of(model: Model, fills: bool) -> Strata:
    """The strata of a model that stands for an architecture; none are known for others."""
    architecture = architecture_of(model)
    filled = "the closure is the whole span, which is smooth" if fills else ""
    layers = model.parametrization
    if isinstance(layers, Layers) and layers.linear and not layers.biases and not layers.skips:
        found = [_smaller(model, Linear(layers.widths), w) for w in _ranks(layers.widths)]
        theorem = "matrices of rank at most r are singular exactly where the rank is less (Bruns and Vetter 1988)"
        return Strata((*found, _zero(model)), filled or theorem, True, exact=not filled)
    if isinstance(architecture, MLP):
        return _of_mlp(model, architecture, filled)
    if isinstance(architecture, CNN) and architecture.dimensions == 1 and max(architecture.channels) == 1:
        found = _supports(model, architecture)
        immersed = all(a.is_monomial and a.degree >= 2 for a in architecture.activations) and architecture.layers > 1
        theorem = (
            "away from 0 the parametrization is an immersion modulo scalings, so that only nodes are singular (Shahverdi et al. 2025)"
        )
        known = filled or (theorem if immersed else "")
        return Strata((*found[:_MOST], _zero(model)), known, len(found) <= _MOST, immersed=immersed and not filled)
    return Strata((), filled, bool(fills))


def _of_mlp(model: Model, mlp: MLP, filled: str) -> Strata:
    hidden = mlp.widths[1:-1]
    exact = False
    if mlp.bias and all(a.is_affine for a in mlp.activations):
        chosen = _ranks(mlp.widths)
        theorem = "matrices of rank at most r are singular exactly where the rank is less (Bruns and Vetter 1988)"
        exact = True
    else:
        chosen = [(mlp.widths[0], *h, mlp.widths[-1]) for h in product(*(range(w, 0, -1) for w in hidden)) if h != hidden]
        chosen.sort(key=lambda w: -sum(w))
        theorem = ""
        if len(hidden) == 1 and mlp.widths[-1] == 1 and mlp.activations[0].is_monomial and mlp.activations[0].degree == 2:
            theorem = (
                "[Q l], the quadratic form and the linear part, has rank at most the width, and is singular exactly where it is less"
                if mlp.bias
                else "quadratic forms of rank at most m are singular exactly where the rank is less (Bruns and Vetter 1988)"
            )
            exact = True
        elif hidden == (1,) and mlp.activations[0].is_monomial and not mlp.bias:
            theorem = "the cone over a Segre-Veronese variety is singular at most at 0"
    found = [_smaller(model, mlp, w) for w in chosen[:_MOST]]
    last = _biases(model, mlp) if mlp.bias else _zero(model)
    return Strata((*found, last), filled or theorem, len(chosen) <= _MOST, exact=exact and not filled)


def _ranks(widths: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Widths of the networks of smaller rank."""
    return [(widths[0], *(k for _ in widths[1:-1]), widths[-1]) for k in range(min(widths) - 1, 0, -1)] if len(widths) > 2 else []


def _smaller(model: Model, architecture: Linear | MLP, widths: tuple[int, ...]) -> Stratum:
    """The network of other hidden widths in the corner of each block, zeros elsewhere."""
    small: Architecture
    small = Linear(widths) if isinstance(architecture, Linear) else MLP(widths, architecture.activations, architecture.bias)
    other = small.model
    pairs = zip(model.blocks, other.blocks, strict=True)
    places = np.concatenate([model.places[a.name][tuple(slice(n) for n in b.shape)].reshape(-1) for a, b in pairs])
    return _at(model, small.notation(), other, places)


def _at(model: Model, name: str, small: Model, places: Any) -> Stratum:
    def embed(weights: Any) -> Any:
        out = np.zeros(model.parameters, dtype=np.asarray(weights).dtype)
        out[places] = weights
        return out

    kept = set(np.asarray(places).tolist())
    return Stratum(name, small, embed, tuple(i for i in range(model.parameters) if i not in kept))


def _zero(model: Model) -> Stratum:
    return Stratum("zero", None, lambda _: np.zeros(model.parameters), tuple(range(model.parameters)))


def _biases(model: Model, mlp: MLP) -> Stratum:
    """Constant functions: all weights are zero but the last biases."""
    return _masked(model, "constants", model.blocks[-1].name if model.blocks[-1].name.startswith("b") else f"b{mlp.layers}")


def _masked(model: Model, name: str, block: str) -> Stratum:
    return _restricted(model, name, model.places[block].reshape(-1))


def _restricted(model: Model, name: str, places: Any) -> Stratum:
    """The model with all weights zero but those at ``places``."""
    import jax.numpy as jnp

    places = np.asarray(places)

    def function(parameters: Any, x: Any, coefficients: Any) -> Any:
        flat = jnp.zeros(model.parameters, dtype=parameters["w"].dtype)
        for k, place in enumerate(places.tolist()):
            flat = flat.at[place].set(parameters["w"][k])
        leaves = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
        return model.function(model.tree(leaves), x, coefficients)

    small = Model(
        name=f"{model.name} with {name}",
        function=function,
        shapes={"w": (len(places),)},
        input_shape=model.input_shape,
        coefficients=model.coefficients,
    )
    return _at(model, name, small, places)


def _supports(model: Model, cnn: CNN) -> list[Stratum]:
    """Filters supported on intervals, one choice for each set of lengths and total shift."""
    windows = [k for (k,) in cnn.filters]
    steps = np.cumprod([1, *(s for (s,) in cnn.strides[:-1])]).tolist()
    found: dict[Any, Any] = {}
    for chosen in product(*([(a, b) for a in range(k) for b in range(a, k)] for k in windows)):
        lengths = tuple(b - a + 1 for a, b in chosen)
        if lengths != tuple(windows):
            found.setdefault((lengths, sum(a * s for (a, _), s in zip(chosen, steps, strict=True))), chosen)
    out = []
    for (lengths, shift), chosen in sorted(found.items(), key=lambda item: (-sum(item[0][0]), item[0])):
        places = [b.start + i for b, (low, high) in zip(model.blocks, chosen, strict=True) for i in range(low, high + 1)]
        out.append(_restricted(model, f"filters of sizes {', '.join(map(str, lengths))} shifted by {shift}", np.array(places)))
    return out
