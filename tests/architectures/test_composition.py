"""Residual connections, sequences and ratios: functions, shapes, symmetries, and what must hold of any block."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety import Claim, parse
from neurovariety.program.group_actions import is_invariant

BLOCKS = [
    "linear(2,2)",
    "linear(3,1,3)",
    "mlp(2,2,2; x^2)",
    "mlp(2,3,2; x^3)",
    "mlp(2,2,2; x^2 + x)",
    "mlp(2,2,2; x^2; bias)",
    "mlp(3,2,3; x^2)",
    "mlp(2,2,2; generic(3))",
    "mlp(2,2,2; 1/x)",
    "mlp(2,2,2,2; x^2)",
    "cnn(1,1; x^2; outputs=3)",
    "attention(2,2; a=1; t=2)",
    "gnn(path(2); 2,2,2; x^2)",
    "groupconv(cyclic(3); layers=2; x^2)",
    "equivariant(2,1; ranks=1,1)",
    "sequence(linear(2,3); mlp(3,2,2; x^2))",
]
SEQUENCES = [
    "sequence(linear(3,2); linear(2,2))",
    "sequence(linear(3,2); mlp(2,2,1; x^2))",
    "sequence(mlp(2,2,2; x^2); linear(2,2))",
    "sequence(linear(2,2); residual(mlp(2,2,2; x^2)); linear(2,1))",
    "sequence(linear(3,2); residual(mlp(2,4,2; x^2)); residual(mlp(2,2,2; x^3)); linear(2,1))",
    "sequence(residual(mlp(2,2,2; x^2)); linear(2,1))",
    "sequence(linear(2,2); residual(cnn(1,1; x^2; outputs=2)); linear(2,1))",
    "sequence(mlp(2,2,2; x^2; bias); residual(mlp(2,2,2; x^2; bias)); linear(2,1))",
    "sequence(attention(2,2; a=1; t=2); residual(attention(2,2; a=1; t=2)))",
    "sequence(linear(2,3))",
    "sequence(linear(2,2); residual(linear(2,1,2)); linear(2,2))",
    "sequence(mlp(2,2,1; x^2); mlp(1,2,2; x^3))",
    "sequence(cnn(2,2; x^2; outputs=2); linear(2,1))",
    "sequence(linear(2,2); mlp(2,2,1; 1/x))",
    "sequence(linear(2,2); sequence(residual(mlp(2,1,2; x^2)); linear(2,1)))",
]
RATIOS = [
    "ratio(mlp(2,3,1; x^2); mlp(2,2,1; x^2))",
    "ratio(linear(2,1); linear(2,1))",
    "ratio(linear(2,3); linear(2,1))",
    "ratio(mlp(2,2,2; x^2); linear(2,1))",
    "ratio(mlp(2,2,1; x^3); mlp(2,2,1; x^2))",
    "ratio(linear(3,1,1); mlp(3,2,1; x^2))",
    "ratio(mlp(2,2,1; x^2; bias); mlp(2,1,1; x^2; bias))",
    "ratio(cnn(2,2; x^2); cnn(2,2; x))",
    "ratio(cnn(2,2; x^2); linear(3,1))",
    "ratio(mlp(2,2,1; x^2 + x); linear(2,1))",
    "ratio(residual(linear(1,1)); linear(1,1))",
    "ratio(linear(1,1); linear(1,1))",
    "ratio(mlp(1,2,1; x^2 + x); mlp(1,1,1; x^3))",
    "ratio(diagonal(3; layers=2); diagonal(3; layers=2))",
    "ratio(sequence(linear(2,2); mlp(2,2,1; x^2)); linear(2,1))",
]


def value(a, w, x):
    """The function by the definition: parts evaluated one by one with the blocks of their names."""
    kind, parts = a.family, getattr(a, "parts", ())
    own = [{b: w[f"part{i}.{b}"] for b in part.shapes()} for i, part in enumerate(parts, start=1)]
    with jax.enable_x64(True):
        if kind == "residual":
            return x + np.asarray(value(a.block, w, x))
        if kind == "sequence":
            for part, blocks in zip(parts, own, strict=True):
                x = value(part, blocks, x)
            return x
        if kind == "ratio":
            return value(parts[0], own[0], x) / value(parts[1], own[1], x).reshape(-1)
        return np.asarray(a.apply(w, x, np.zeros(0)))


@pytest.mark.parametrize("text", [*(f"residual({b})" for b in BLOCKS if "generic" not in b), *SEQUENCES, *RATIOS])
def test_function(text):
    a = parse(text)
    rng = np.random.default_rng(1)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    x = rng.standard_normal(a.input_shape)
    with jax.enable_x64(True):
        found = np.asarray(a.apply(w, x, np.zeros(0)))
    np.testing.assert_allclose(found, value(a, w, x), rtol=1e-9)
    assert found.shape == a.model.output_shape
    assert [b.name for b in a.model.blocks] == list(a.shapes())


@pytest.mark.parametrize("text", [*(f"residual({b})" for b in BLOCKS), *SEQUENCES, *RATIOS])
def test_notation_symmetries_and_theorems(text):
    a = parse(text)
    assert parse(repr(a)) == a
    for action in a.symmetries():
        assert is_invariant(a.model, action), action.name
    computed = nv.dimension(text, route="computed")
    assert computed.value == nv.dimension(text).value
    for theorem in a.theorems():
        if theorem.quantity == "dimension":
            assert computed.value == theorem.value
        elif theorem.quantity == "dimension at most":
            assert computed.value <= theorem.value


@pytest.mark.parametrize("block", BLOCKS)
def test_a_residual_block_is_shifted(block):
    """x + g(x) is a translate of the model: the same dimension and fibers; its span has at most one dimension more."""
    plain, shifted = nv.dimension(block, route="computed"), nv.dimension(f"residual({block})", route="computed")
    assert shifted.value == plain.value
    hidden = [nv.fibers(text, route="theorem").value["hidden"] for text in (block, f"residual({block})")]
    assert hidden[0] == hidden[1]
    if "1/x" not in block:
        spans = nv.ambient(block).value, nv.ambient(f"residual({block})").value
        assert 0 <= spans[1] - spans[0] <= 1


@pytest.mark.parametrize(
    ("sequence", "merged"),
    [
        ("sequence(linear(3,2); linear(2,4))", "linear(3,2,4)"),
        ("sequence(linear(3,2,3); linear(3,4,1))", "linear(3,2,3,4,1)"),
        ("sequence(linear(3,2); mlp(2,2,1; x^2))", "mlp(3,2,2,1; x, x^2)"),
        ("sequence(mlp(2,3,2; x^2); mlp(2,2,1; x^2))", "mlp(2,3,2,2,1; x^2, x, x^2)"),
        ("sequence(mlp(2,2,2; x^2; bias); mlp(2,1,1; x^2; bias))", "mlp(2,2,2,1,1; x^2, x, x^2; bias)"),
        ("sequence(cnn(2; outputs=2); cnn(2))", "cnn(2,2; x)"),
    ],
)
def test_sequences_are_deep_networks(sequence, merged):
    assert nv.dimension(sequence).value == nv.dimension(merged).value
    assert nv.ambient(sequence).value == nv.ambient(merged).value


def test_the_stream_between_parts_has_a_general_linear_group():
    found = parse("sequence(linear(3,2); residual(mlp(2,4,2; x^2)); linear(2,1))").symmetries()
    (stream,) = [s for s in found if "stream" in s.name]
    assert set(stream.axes) == {("part1.W1", 0, 1), ("part2.W1", 1, -1), ("part2.W2", 0, 1), ("part3.W1", 1, -1)}
    first = parse("sequence(residual(mlp(2,4,2; x^2)); linear(2,1))").symmetries()
    assert not any("stream" in s.name for s in first), "the skipped input is not multiplied by a weight"


def test_ratios_of_linear_forms():
    """Quotients of independent linear forms: n + n - 1 degrees of freedom, all of them fractional linear."""
    for n in (1, 2, 3, 4):
        found = nv.dimension(f"ratio(linear({n},1); linear({n},1))")
        assert found.value == (2 * n - 1)
        assert found.claim is Claim.PROVED


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("residual(mlp(2,3,1; x^2))", "one shape"),
        ("residual()", "one network"),
        ("residual(linear(2,2); linear(2,2))", "one network"),
        ("sequence(linear(3,2); linear(3,1))", "must agree"),
        ("sequence()", "separated by semicolons"),
        ("sequence(linear(2,2);)", "separated by semicolons"),
        ("ratio(linear(2,1))", "two networks"),
        ("ratio(linear(2,1); linear(3,1))", "must agree"),
        ("ratio(linear(2,1); linear(2,2))", "one output"),
        ("sequence(linear(2,2); what(3))", "unknown family"),
        ("residual(equivariant(3,3; rank=3))", "components"),
        ("residual(" * 150 + "linear(2,2)" + ")" * 150, "parentheses"),
    ],
)
def test_bad_input_is_one_sentence(text, words):
    with pytest.raises(nv.InputError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "sequence(linear(5,5); mlp(5,4,3,1; x^2))",
        "sequence(mlp(5,5,3; x^2); linear(3,1))",
        "sequence(attention(2,3; a=2; t=2); attention(3,2; a=2; t=2))",
        "sequence(sequence(linear(3,3); linear(3,2)); mlp(2,2,1; x^2))",
    ],
)
def test_a_sequence_has_the_theorems_of_one_network(text):
    bounds = [t for t in parse(text).theorems() if t.quantity.startswith("dimension")]
    assert bounds
    assert nv.dimension(text).claim is Claim.PROVED


def test_quotients_are_bounded_by_their_parts():
    for text, value in (("ratio(mlp(3,2,1; x^2); linear(3,1))", 7), ("ratio(cnn(3,2; x^2); linear(4,1))", 7)):
        (theorem,) = parse(text).theorems() or [None]
        assert theorem.value == value == nv.dimension(text, route="computed").value
    assert parse("ratio(residual(linear(1,1)); linear(1,1))").theorems() == (), "1 + a x is not closed under scaling"
