"""Proofs of symmetries: stated ones are proved, and what is proved holds at random points with random group elements."""

from __future__ import annotations

import dataclasses

import flint
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax import lax

from dictionary.strategies import FAMILIES
from neurovariety.architectures import parse
from neurovariety.model import Model
from neurovariety.program import interpret, is_invariant
from neurovariety.program.of_model import draw_coefficients, leaves, values_program
from neurovariety.rings import FiniteField
from neurovariety.symmetry import AxisAction, Kind

from .over_rings import P

ANY = st.one_of(*FAMILIES.values())


def _matrix_power(g, exponent):
    """g**exponent for an integer exponent, the inverse transpose for each -1, over F_P."""
    inverse_transpose = g.inv().transpose()
    out = flint.nmod_mat(g.nrows(), g.nrows(), [int(i == j) for i in range(g.nrows()) for j in range(g.nrows())], P)
    for _ in range(abs(exponent)):
        out = out * (g if exponent > 0 else inverse_transpose)
    return np.array([[int(v) for v in row] for row in out.table()], dtype=object)


def act(model, action, weights, rng):
    """The weights after a random element of the group, over F_P, entry by entry from the definition of `AxisAction`."""
    blocks = {
        name: np.array(w, dtype=object) for name, w in model.unflatten(np.array([int(v) % P for v in weights], dtype=object)).items()
    }
    size = action.size
    torus = [int(v) for v in rng.integers(1, P, size=size)]
    order = rng.permutation(size)
    while True:
        g = flint.nmod_mat(size, size, [int(v) for v in rng.integers(0, P, size=size * size)], P)
        if g.det() != 0:
            break
    for block, axis, weight in action.axes:
        w = blocks[block]
        if axis is None:
            assert size == 1
            w = w * pow(torus[0], weight, P) % P
        else:
            moved = np.moveaxis(w, axis, 0)
            if action.kind is Kind.TORUS:
                moved = np.stack([moved[i] * pow(torus[i], weight, P) % P for i in range(size)])
            elif action.kind is Kind.PERMUTATION:
                for _ in range(abs(weight)):
                    moved = moved[order] if weight > 0 else moved[np.argsort(order)]
            else:
                matrix = _matrix_power(g, weight)
                moved = np.tensordot(matrix, moved, axes=(1, 0)) % P
            w = np.moveaxis(moved, 0, axis)
        blocks[block] = w
    return np.array([int(v) for v in model.flatten(blocks)], dtype=np.int64)


def holds(model, action, seed=0):
    """Whether random group elements leave the values unchanged at random points over F_P (wrong with probability about 1e-6)."""
    rng = np.random.default_rng(seed)
    field = FiniteField(P)
    program = values_program(model)
    for _ in range(2):
        weights = rng.integers(0, P, size=model.parameters)
        x, c = field.random(model.input_shape, rng), draw_coefficients(model, field, rng)
        (before,) = interpret(program, field, [*leaves(model, field.constant(weights)), x, c])
        (after,) = interpret(program, field, [*leaves(model, field.constant(act(model, action, weights, rng))), x, c])
        if not np.array_equal(np.mod(before, P), np.mod(after, P)):
            return False
    return True


@settings(max_examples=60)
@given(ANY)
def test_every_stated_symmetry_is_proved_and_holds(notation):
    model = parse(notation).model
    for action in model.symmetries:
        assert is_invariant(model, action), action.name
        assert holds(model, action), action.name


LARGE = [
    "mlp(3,40,30,2; x^3; bias)",
    "mlp(3,4,4,4,4,2; x^2, x, x^3 + x, generic(3))",
    "linear(20,30,10,5)",
    "cnn(3x2,2x2,1x2; x^2; channels=2,3,3,1; strides=2,1,1; outputs=2)",
    "attention(6,5,4; a=3,2; t=5; heads=3)",
]


@pytest.mark.parametrize("notation", LARGE)
def test_symmetries_of_larger_architectures(notation):
    model = parse(notation).model
    assert model.symmetries
    for action in model.symmetries:
        assert is_invariant(model, action), action.name


def perturbed(draw):
    """A model and an action near a stated one: another exponent, axis, kind, fewer blocks, or an axis added."""
    model = parse(draw(ANY)).model
    assume(model.symmetries)
    action = draw(st.sampled_from(model.symmetries))
    axes = list(action.axes)
    kind = action.kind
    for _ in range(draw(st.integers(1, 2))):
        change = draw(st.sampled_from(["weight", "axis", "kind", "drop", "add", "block", "swap"]))
        k = draw(st.integers(0, len(axes) - 1))
        block, axis, weight = axes[k]
        if change == "weight":
            axes[k] = (block, axis, draw(st.sampled_from([-3, -2, -1, 1, 2, 3])))
        elif change == "axis" and axis is not None:
            axes[k] = (block, 1 - axis if axis < 2 else 0, weight)
        elif change == "kind" and all(a is not None for _, a, _ in axes):
            kind = draw(st.sampled_from(list(Kind)))
        elif change == "drop" and len(axes) > 1:
            axes.pop(k)
        elif change == "add":
            extra = draw(st.sampled_from(model.blocks))
            axes.append((extra.name, draw(st.integers(0, max(0, len(extra.shape) - 1))), draw(st.sampled_from([-2, -1, 1, 2]))))
        elif change == "block":
            axes[k] = (draw(st.sampled_from(model.blocks)).name, axis, weight)
        elif change == "swap":
            axes = [(b, a, -w) for b, a, w in axes]
    return model, AxisAction(kind, action.size, tuple(axes), "perturbed")


def fits(model, action):
    shapes = {b.name: b.shape for b in model.blocks}
    return all(
        (a is None and action.size == 1) or (a is not None and a < len(shapes[b]) and shapes[b][a] == action.size)
        for b, a, _ in action.axes
    )


@settings(max_examples=400)
@given(st.data())
def test_whatever_is_proved_holds(data):
    """Soundness: no perturbation of a symmetry is proved unless random group elements really change nothing."""
    model, action = perturbed(data.draw)
    if is_invariant(model, action):
        assert fits(model, action)
        assert holds(model, action), action


def _first(model, kind):
    return next(a for a in model.symmetries if a.kind is kind)


def _changed(action, **changes):
    return dataclasses.replace(action, **changes)


WRONG = {
    "another exponent": ("mlp(2,3,2; x^3)", lambda m: _changed(_first(m, Kind.TORUS), axes=(("W1", 0, 1), ("W2", 1, -2)))),
    "the same exponent twice": ("mlp(2,3,2; x^2)", lambda m: _changed(_first(m, Kind.TORUS), axes=(("W1", 0, 1), ("W2", 1, 2)))),
    "another axis": ("mlp(3,3,3; x^2)", lambda m: _changed(_first(m, Kind.TORUS), axes=(("W1", 1, 1), ("W2", 1, -2)))),
    "GL across a nonlinear layer": (
        "mlp(2,3,2; x^2)",
        lambda m: AxisAction(Kind.GENERAL_LINEAR, 3, (("W1", 0, 1), ("W2", 1, -1)), "wrong"),
    ),
    "GL without its inverse": ("linear(2,3,2)", lambda m: AxisAction(Kind.GENERAL_LINEAR, 3, (("W1", 0, 1), ("W2", 1, 1)), "wrong")),
    "a permutation of one block only": ("mlp(2,3,2; x^2)", lambda m: AxisAction(Kind.PERMUTATION, 3, (("W1", 0, 1),), "wrong")),
    "a permutation that forgets the bias": (
        "mlp(2,3,2; x^2; bias)",
        lambda m: _changed(_first(m, Kind.PERMUTATION), axes=(("W1", 0, 1), ("W2", 1, 1))),
    ),
    "a torus that forgets the bias": (
        "mlp(2,3,2; x^2; bias)",
        lambda m: _changed(_first(m, Kind.TORUS), axes=(("W1", 0, 1), ("W2", 1, -2))),
    ),
    "a torus through x^2 + x": ("mlp(2,3,2; x^2 + x)", lambda m: AxisAction(Kind.TORUS, 3, (("W1", 0, 1), ("W2", 1, -2)), "wrong")),
    "a torus through generic(2)": (
        "mlp(2,3,2; generic(2))",
        lambda m: AxisAction(Kind.TORUS, 3, (("W1", 0, 1), ("W2", 1, -2)), "wrong"),
    ),
    "scaling V alone": ("attention(2,2; a=2; t=2)", lambda m: AxisAction(Kind.TORUS, 1, (("V1", None, 1),), "wrong")),
    "an unknown block": ("mlp(2,3,2; x^2)", lambda m: AxisAction(Kind.TORUS, 3, (("W9", 0, 1),), "wrong")),
    "a size that does not fit": ("mlp(2,3,2; x^2)", lambda m: AxisAction(Kind.TORUS, 4, (("W1", 0, 1), ("W2", 1, -2)), "wrong")),
    "channels of one kernel": ("cnn(2,2; x^2; channels=1,2,1)", lambda m: AxisAction(Kind.PERMUTATION, 2, (("W1", 0, 1),), "wrong")),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_symmetries_are_never_proved(name):
    notation, make = WRONG[name]
    model = parse(notation).model
    assert not is_invariant(model, make(model))


ROTATION = AxisAction(Kind.GENERAL_LINEAR, 2, (("a", 0, 1), ("b", 0, -1)), "g")
SWAP = AxisAction(Kind.PERMUTATION, 3, (("a", 0, 1), ("b", 0, 1)), "s")
SCALE = AxisAction(Kind.TORUS, 3, (("a", 0, 1), ("b", 0, -1)), "t")
MASK = np.array([True, False, True])
COUNT = np.arange(3.0)

PAIRS = {
    # symmetry, size, a function on which it holds, one as similar as possible on which it fails
    "contraction": (SCALE, 3, lambda w, x: (w["a"] * w["b"]).sum() * x[0], lambda w, x: (w["a"] * w["b"][::-1]).sum() * x[0]),
    "power": (SCALE, 3, lambda w, x: w["a"] ** 2 * w["b"] ** 2 * x[0], lambda w, x: w["a"] ** 2 * w["b"] * x[0]),
    "zeroth power of zero": (
        SCALE,
        3,
        lambda w, x: lax.integer_pow(0 * w["a"], 0) * x[0],
        lambda w, x: lax.integer_pow(0 * w["a"], 0) * w["a"],
    ),
    "negative power": (SCALE, 3, lambda w, x: w["a"] ** -1 * w["b"] ** -1 * x[0], lambda w, x: w["a"] ** -1 * w["b"] * x[0]),
    "quotient": (SCALE, 3, lambda w, x: x[0] / (w["a"] * w["b"]), lambda w, x: w["a"] / w["b"] * x[0]),
    "sum": (SWAP, 3, lambda w, x: (w["a"] + 2 * w["b"]).sum() * x[0], lambda w, x: (w["a"] + COUNT * w["b"]).sum() * x[0]),
    "pairing": (SWAP, 3, lambda w, x: w["a"] @ w["b"] * x[0], lambda w, x: w["a"] @ w["b"][::-1] * x[0]),
    "uniform factor": (SWAP, 3, lambda w, x: (w["a"] * jnp.ones(3) * 2) @ w["b"] * x[0], lambda w, x: (w["a"] * COUNT) @ w["b"] * x[0]),
    "product over an axis": (SWAP, 3, lambda w, x: (w["a"] ** 3).sum() * x[0], lambda w, x: w["a"][0] ** 3 * x[0]),
    "a part of an axis": (SWAP, 3, lambda w, x: w["a"][:3].sum() * x[0], lambda w, x: w["a"][:2].sum() * x[0]),
    "mask": (SWAP, 3, lambda w, x: jnp.where(MASK, 1.0, 2.0) * x[0], lambda w, x: jnp.where(MASK, w["a"], 2.0).sum() * x[0]),
    "reshape": (SWAP, 3, lambda w, x: w["a"].reshape(1, 3).sum() * x[0], lambda w, x: w["a"].reshape(3, 1)[1:].sum() * x[0]),
    "concatenation": (
        SWAP,
        3,
        lambda w, x: jnp.stack([w["a"], w["b"]]).sum(1) * x[0],
        lambda w, x: jnp.concatenate([w["a"], w["b"]])[1:5].sum() * x[0],
    ),
    "cumulative sum": (SWAP, 3, lambda w, x: w["a"].sum() * x[0], lambda w, x: jnp.cumsum(w["a"]).sum() * x[0]),
    "general linear pairing": (
        ROTATION,
        2,
        lambda w, x: (w["a"] @ w["b"]) ** 2 * x[0],
        lambda w, x: (w["a"] ** 2) @ (w["b"] ** 2) * x[0],
    ),
    "general linear with the wrong partner": (ROTATION, 2, lambda w, x: w["b"] @ w["a"] * x[0], lambda w, x: w["a"] @ w["a"] * x[0]),
    "transpose": (
        ROTATION,
        2,
        lambda w, x: jnp.outer(w["a"], w["b"]).T * 0 + x[0],
        lambda w, x: jnp.trace(jnp.outer(w["a"], w["b"]) * COUNT[:2]) * x[0],
    ),
}


def _model(function, size):
    return Model("test", lambda w, x, c: function(w, x), {"a": (size,), "b": (size,)}, (1,))


@pytest.mark.parametrize("name", PAIRS)
def test_rules_come_in_pairs(name):
    action, size, good, bad = PAIRS[name]
    assert holds(_model(good, size), action)
    assert not holds(_model(bad, size), action)
    assert not is_invariant(_model(bad, size), action)


@pytest.mark.parametrize(
    "name", ["contraction", "power", "negative power", "quotient", "sum", "pairing", "uniform factor", "general linear pairing"]
)
def test_rules_prove_what_they_should(name):
    action, size, good, _ = PAIRS[name]
    assert is_invariant(_model(good, size), action)


@pytest.mark.parametrize("kind", [Kind.GENERAL_LINEAR, Kind.PERMUTATION])
def test_one_axis_listed_twice_with_opposite_weights_is_not_the_identity(kind):
    """g followed by its inverse transpose is no identity, whatever the sum of the weights."""
    action = AxisAction(kind, 2, (("a", 0, 1), ("a", 0, -1)), "twice")
    model = _model(lambda w, x: w["a"] * x[0], 2)
    assert holds(model, action) or not is_invariant(model, action)
