"""The laws of a family of architectures, checked by computing: `check_family`.

A family states of itself what the rest of the package builds proofs on: symmetries, theorems, hidden units, the set of its functions.
Each statement is held here against values over Q and ranks over prime fields, which know nothing of what is stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from math import comb, isfinite
from typing import Any

import numpy as np

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.notation import FAMILIES, read_notation
from neurovariety.citations import SOURCES
from neurovariety.errors import NeurovarietyError, NotationError
from neurovariety.geometry.exact.expanded_span import exact_span
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.model import Model
from neurovariety.program.of_model import values_program
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction, Kind
from neurovariety.testing.images import facts
from neurovariety.testing.laws import DRAWS, drawn_until_defined, exact_values, hold, holding, refuses, some_coefficients, whole_numbers
from neurovariety.testing.parametrizations import check_parametrization
from neurovariety.testing.smaller_networks import check_strata
from neurovariety.theorem import QUANTITIES
from neurovariety.units import Silence, size_of

_INPUTS = 3
_BINARY = 2.0**20
"""Denominator of the floats that are what is written: 0.5 is a half, 0.1 is none of tenths."""
_CLOSE = 1e-9
"""Relative difference that float64 may make here; a wrong formula makes one of order 1."""
_LISTED = 100
"""Components that are listed."""
_STRATA = 24
_EXPANDED = 3000
"""Monomials up to which the span of the functions is expanded."""


def check_family(
    architecture: Architecture | str,
    *,
    equal_to: Sequence[Architecture | str] = (),
    refused: Sequence[str] = (),
    seed: int = 0,
) -> None:
    """Hold an architecture of a family to the laws of families. Raises `AssertionError`: which law, for which input, what was got.

    ``architecture`` is an object of the family, or its notation where the package knows it; a family of your own need not be
    registered. ``equal_to`` are other notations of the same set of functions, ``refused`` notations of the family that have to be
    refused. Random points are drawn with ``seed``. Choose a small architecture: seconds, not minutes. The laws:

    * notation: what ``notation()`` writes, ``read`` reads back as an equal object that writes the same; so it does for ``example``,
      and for the same architecture with one of its sizes enlarged; each of ``refused`` raises `NotationError` in one sentence;
    * shapes: blocks stand in the order of JAX, and the model has as many parameters as the architecture;
    * values: ``apply`` in float64, mapped over inputs by JAX, agrees with exact values over Q of the program read from it, which holds
      no number that is written as a float and is none, such as 0.1;
    * symmetries: a random rational element of each group changes weights and no value, exactly;
    * dimension: the rank computed under two seeds, so over other primes and points, is one number; it equals every stated theorem on
      the dimension and exceeds no bound, and so does the span where it is small enough to be expanded; sources can be cited;
    * units: with units dead, multiples of each other or silent, the function is that of the smaller network, exactly; ``resized`` to
      its own sizes is the same network;
    * axes: f_w(T x) = f_{w.T}(x) and S f_w = f_{S.w} for the blocks and axes named, with random T and S;
    * image: it has the numbers of inputs and outputs, and the dimension where a formula gives it; equal to that of each of
      ``equal_to``, which have the same dimension; there are as many components as are counted;
    * parametrization: the blocks that it names, multiplied as it says, give the values.

    What is *not* checked: theorems on other quantities than the dimension and the span, and that the image says the truth about its
    set beyond its sizes and dimension; compare ``membership`` and ``degree`` with what you know.

    >>> check_family("diagonal(2; layers=2)", equal_to=["linear(2,1)"], refused=["diagonal(0; layers=2)"])
    """
    try:
        _check(architecture, equal_to, refused, seed)
    except AssertionError:
        raise
    except Exception as error:  # refusals of the package, and whatever the family's own code raises
        raise AssertionError(f"{architecture} is held to the laws of families: {type(error).__name__}: {error}") from error


def _check(architecture: Architecture | str, equal_to: Sequence[Architecture | str], refused: Sequence[str], seed: int) -> None:
    given = architecture if isinstance(architecture, Architecture) else None
    families = FAMILIES if given is None else FAMILIES | {given.family: type(given)}
    with holding(f"{architecture} is read"):
        made = read_notation(str(architecture), families)
    hold(given is None or made == given, f"{given!r} is read back as another network, {made!r}")
    rng = np.random.default_rng(seed)
    _notation(made, families, refused)
    _shapes(made)
    _values(made.model, rng)
    for action in made.symmetries():
        _symmetry(made.model, action, rng)
    dimension = _dimension(made, seed)
    _span(made)
    _units(made, rng)
    _axes(made.model, rng)
    _image(made, dimension)
    check_parametrization(made.model, rng)
    for other in equal_to:
        with holding(f"{other} is read"):
            same = other if isinstance(other, Architecture) else read_notation(other, families)
        _equal(made, same, dimension, seed)


def _notation(made: Architecture, families: dict[str, type[Architecture]], refused: Iterable[str]) -> None:
    with holding(f"the example {made.example!r} is read"):
        example = read_notation(made.example, families)
    hold(type(example) is type(made), f"the example {made.example!r} is of the family {example.family}, not {made.family}")
    for one in (made, example, *_enlarged(made)):
        text = str(one)
        with holding(f"{text!r} is read back"):
            again = read_notation(text, families)
        hold(
            again == one and str(again) == text, f"{text!r} is read back as {again!r}, which is not equal to it or written differently"
        )
        hold("\n" not in text, f"the notation {text!r} has more than one line")
    for bad in refused:
        refuses(partial(read_notation, bad, families), repr(bad), NotationError)


def _enlarged(made: Any) -> Iterator[Architecture]:
    """The architecture with one of its sizes larger by one: equal sizes may be written in the wrong places."""
    for field in fields(made) if is_dataclass(made) else ():
        value = getattr(made, field.name)
        whole = (value,) if isinstance(value, int) else value
        if isinstance(value, bool) or not isinstance(whole, tuple) or not all(isinstance(n, int) for n in whole):
            continue
        for k in range(len(whole)):
            larger = (*whole[:k], whole[k] + 1, *whole[k + 1 :])
            with suppress(NeurovarietyError):  # sizes that do not fit the others
                yield replace(made, **{field.name: larger if isinstance(value, tuple) else larger[0]})


def _shapes(made: Architecture) -> None:
    model = made.model
    names = [b.name for b in model.blocks]
    hold(names == list(made.shapes()), f"blocks are {list(made.shapes())}, and JAX sorts them as {names}; pad numbers with zeros")
    found = {b.name: b.shape for b in model.blocks}
    hold(found == made.shapes(), f"shapes are {made.shapes()}, and the model has {found}")
    hold(model.parameters == made.parameters, f"{made} has {made.parameters} parameters, its model {model.parameters}")
    hold(model.input_shape == made.input_shape, f"{made} takes {made.input_shape}, its model {model.input_shape}")
    hold(len(model.output_shape) >= 1, f"the value of {made} has no axis; return an array of shape (1,)")


def _values(model: Model, rng: np.random.Generator) -> None:
    """The function itself in float64 against its program over Q."""
    import jax

    def attempt() -> tuple[Array, list[Array], Array, Array]:
        weights, fixed = whole_numbers(rng, (model.parameters,), 3), some_coefficients(model, rng)
        inputs = [whole_numbers(rng, model.input_shape, 3) for _ in range(_INPUTS)]
        return weights, inputs, fixed, exact_values(model, weights, inputs, fixed)

    weights, inputs, fixed, expected = drawn_until_defined(attempt, model.name)
    for values in values_program(model).constants.values():
        for number in values.reshape(-1).tolist() if values.dtype.kind == "f" else ():
            exact = (number * _BINARY).is_integer()
            hold(exact, f"{model.name}: apply holds {number}, a binary fraction that is not what is written; give it by coefficients()")
    tree = model.tree([weights[b.start : b.start + b.size].reshape(b.shape).astype(np.float64) for b in model.blocks])
    with jax.enable_x64(True):
        batched = jax.jit(jax.vmap(model.function, in_axes=(None, 0, None)))
        found = np.asarray(batched(tree, np.stack(inputs).astype(np.float64), fixed.astype(np.float64)))
    hold(found.shape == expected.shape, f"values of {model.name} have the shape {found.shape}, exact ones {expected.shape}")
    expected = expected.astype(np.float64)
    error = float(np.max(np.abs(found - expected), initial=0.0))
    hold(error <= _CLOSE * max(1.0, float(np.max(np.abs(expected), initial=0.0))), f"{model.name}: float64 and Q differ by {error:.3g}")


def _symmetry(model: Model, action: AxisAction, rng: np.random.Generator) -> None:
    law = f"{action.name} leaves {model.name} unchanged"
    shapes = {b.name: b.shape for b in model.blocks}
    for block, axis, _ in action.axes:
        hold(block in shapes, f"{law}: there is no block {block}, but {list(shapes)}")
        length = 1 if axis is None else shapes[block][axis]
        hold(length == action.size, f"{law}: {block} has {length} entries along axis {axis}, the group acts on {action.size}")

    def attempt() -> tuple[Array, Array, Array, Array]:
        (weights, moved), fixed = _drawn_until_moved(model, action, rng), some_coefficients(model, rng)
        inputs = [whole_numbers(rng, model.input_shape) for _ in range(_INPUTS)]
        return weights, moved, exact_values(model, weights, inputs, fixed), exact_values(model, moved, inputs, fixed)

    weights, moved, before, after = drawn_until_defined(attempt, model.name)
    hold(action.size == 1 or not np.array_equal(weights, moved), f"{law}: none of the elements drawn moves a weight")
    where = ", ".join(map(str, weights))
    hold(np.array_equal(before, after), f"{law}: at weights {where} a value {before.reshape(-1)[0]} becomes {after.reshape(-1)[0]}")


def _drawn_until_moved(model: Model, action: AxisAction, rng: np.random.Generator) -> tuple[Array, Array]:
    """Random weights, and what a random element of the group makes of them. Exchanging units that were drawn alike moves nothing, say:
    then others are drawn."""
    for _ in range(DRAWS):
        weights = whole_numbers(rng, (model.parameters,))
        moved = _moved(model, action, weights, rng)
        if not np.array_equal(weights, moved):
            break
    return weights, moved


def _moved(model: Model, action: AxisAction, weights: Array, rng: np.random.Generator) -> Array:
    """The weights moved by a random rational element of the group."""
    blocks = {b.name: weights[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks}
    n = action.size
    scales = np.array([t if abs(t) > 1 else 3 * t for t in whole_numbers(rng, (n,), 5) / 2], dtype=object)  # no power of these is 1
    g, dual = _invertible(n, rng)
    order = np.roll(np.arange(n), int(rng.integers(1, n))) if n > 1 else np.arange(n)
    order[:2] = order[:2][::-1] if n > 3 else order[:2]  # no power of a rotation
    for block, axis, weight in action.axes:
        ahead = blocks[block][None] if axis is None else np.moveaxis(blocks[block], axis, 0)
        if action.kind is Kind.PERMUTATION:
            new = ahead[order]
        elif action.kind is Kind.TORUS or axis is None:
            powers = np.array([Fraction(t) ** weight for t in scales], dtype=object)
            new = ahead * powers.reshape(-1, *(1,) * (ahead.ndim - 1))
        else:
            new = np.tensordot(g if weight > 0 else dual, ahead, axes=(1, 0))
            for _ in range(abs(weight) - 1):
                new = np.tensordot(g if weight > 0 else dual, new, axes=(1, 0))
        blocks[block] = new[0] if axis is None else np.moveaxis(new, 0, axis)
    return model.flatten(blocks)


def _invertible(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A random matrix of determinant 1 over Z, and its inverse transpose."""
    g, dual = (np.array([[Fraction(int(i == j)) for j in range(n)] for i in range(n)], dtype=object) for _ in range(2))
    for _ in range(2 * n if n > 1 else 0):
        i, j = rng.choice(n, size=2, replace=False)
        a = int(rng.integers(1, 3))
        g[i] = g[i] + a * g[j]
        dual[j] = dual[j] - a * dual[i]
    if n == 1:
        g[0, 0], dual[0, 0] = Fraction(3), Fraction(1, 3)
    return g, dual


def _dimension(made: Architecture, seed: int) -> int:
    """The rank, computed from the program alone, under two seeds; against what is stated."""
    unstated = replace(made.model, theorems=())
    with holding(f"the dimension of {made} is computed"):
        found, other = (dimension_of(unstated, seed=s, route="computed").value for s in (seed, seed + 1))
    hold(found == other, f"the dimension of {made} is {found} under the seed {seed}, {other} under {seed + 1}")
    for theorem in made.theorems():
        hold(theorem.quantity in QUANTITIES, f"{theorem.name!r} is about {theorem.quantity!r}, and nothing asks a family for that")
        hold(theorem.source in SOURCES, f"{theorem.name!r} cites {theorem.source!r}, which is no key of citations.SOURCES")
        hold(not theorem.summands or sum(theorem.summands) == theorem.value, f"the summands of {theorem.name!r} do not add up")
        if not theorem.applies:
            continue
        if theorem.quantity == "dimension":
            hold(found == theorem.value, f"the dimension of {made} is {found}, and {theorem.name!r} says {theorem.value}")
        elif theorem.quantity == "dimension at most":
            hold(found <= theorem.value, f"the dimension of {made} is {found}, and {theorem.name!r} bounds it by {theorem.value}")
    return found


def _span(made: Architecture) -> None:
    stated = [t for t in made.theorems() if t.applies and t.quantity in ("ambient", "ambient at most")]
    span = exact_span(made.model) if stated and _is_small(made.model) else None
    for theorem in stated if span is not None else []:
        equal = theorem.quantity == "ambient"
        assert span is not None
        holds = span.dimension == theorem.value if equal else span.dimension <= theorem.value
        hold(holds, f"the span of {made} has dimension {span.dimension}, and {theorem.name!r} says {theorem.quantity} {theorem.value}")


def _is_small(model: Model) -> bool:
    """Whether an expansion has few monomials, by the degrees."""
    d = degree_bounds(model)
    if not isfinite(d.inputs + d.parameters):
        return False
    in_weights = comb(model.parameters + int(d.parameters), int(d.parameters))
    return in_weights * comb(model.inputs + int(d.inputs), int(d.inputs)) <= _EXPANDED


def _units(made: Architecture, rng: np.random.Generator) -> None:
    model = made.model
    same = made.resized(tuple(map(size_of, made.units()))) if made.units() else None
    hold(same is None or str(same) == str(made), f"{made} with the sizes that it has is {same}")
    check_strata(model, rng, _STRATA)
    places = model.places
    for silence in made.silences():
        hold(
            set(silence.blocks) <= places.keys(),
            f"{silence.label}: there are no blocks {set(silence.blocks) - places.keys()} in {made}",
        )
        found = drawn_until_defined(partial(_silent_values, model, silence, rng), f"{model.name} with {silence.label} zero")
        like = Fraction(0) if silence.constant is None else found[0]
        hold(np.all(found == like), f"{made} with {silence.label} zero is not {'zero' if silence.constant is None else 'constant'}")


def _silent_values(model: Model, silence: Silence, rng: np.random.Generator) -> Array:
    """Values of shape (inputs, outputs) at random weights with the blocks of ``silence`` zero."""
    weights = whole_numbers(rng, (model.parameters,))
    for block in silence.blocks:
        weights[model.places[block]] = Fraction(0)
    inputs = [whole_numbers(rng, model.input_shape) for _ in range(_INPUTS)]
    return exact_values(model, weights, inputs, some_coefficients(model, rng)).reshape(_INPUTS, -1)


def _axes(model: Model, rng: np.random.Generator) -> None:
    def attempt() -> tuple[Array, Array, Array, Array]:
        weights, fixed = whole_numbers(rng, (model.parameters,)), some_coefficients(model, rng)
        inputs = [whole_numbers(rng, model.input_shape) for _ in range(_INPUTS)]
        t, s = (rng.integers(-3, 4, size=(n, n)).astype(object) for n in (model.input_shape[0], model.output_shape[0]))
        turned = [np.tensordot(t, x, axes=(1, 0)) for x in inputs]
        plain = exact_values(model, weights, inputs, fixed)
        before = exact_values(model, weights, turned, fixed)
        moved = exact_values(model, _along_axes(model, weights, model.input_axes, t.T), inputs, fixed)
        made = exact_values(model, _along_axes(model, weights, model.output_axes, s), inputs, fixed)
        return before, moved, np.stack([np.tensordot(s, v, axes=(1, 0)) for v in plain]), made

    if not model.input_axes and not model.output_axes:
        return
    before, moved, after, made = drawn_until_defined(attempt, model.name)
    hold(
        not model.input_axes or np.array_equal(before, moved), f"f_w(T x) is not f_(w.T)(x) for {model.name}, w.T by {model.input_axes}"
    )
    hold(not model.output_axes or np.array_equal(after, made), f"S f_w is not f_(S.w) for {model.name}, S.w by {model.output_axes}")


def _along_axes(model: Model, weights: Array, axes: Iterable[tuple[str, int]], matrix: Array) -> Array:
    blocks = {b.name: weights[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks}
    for block, axis in axes:
        blocks[block] = np.moveaxis(np.tensordot(matrix, blocks[block], axes=(1, axis)), 0, axis)
    return model.flatten(blocks)


def _image(made: Architecture, dimension: int) -> None:
    image, model = made.image(), made.model
    if image is not None:
        said = facts(image)
        for name, stated, found in (
            ("inputs", said.inputs, model.inputs),
            ("outputs", said.outputs, model.outputs),
            ("dimensions", said.dimension, dimension),
        ):
            hold(stated in (None, found), f"{made} has {found} {name}, and the image {image} has {stated}")
    listed = list(islice(made.components(), _LISTED + 1))
    counted = made.count_components()
    hold(len(listed) == min(counted, _LISTED + 1), f"{made} has {counted} components, and lists {len(listed)}")
    hold(listed, f"{made} lists no component")


def _equal(made: Architecture, other: Architecture, dimension: int, seed: int) -> None:
    hold(made.image() == other.image(), f"{made} and {other} are one set, and have the images {made.image()} and {other.image()}")
    with holding(f"the dimension of {other} is computed"):
        found = dimension_of(other.model, seed=seed).value
    hold(found == dimension, f"{made} and {other} are one set, and have the dimensions {dimension} and {found}")
