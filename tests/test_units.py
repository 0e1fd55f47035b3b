"""Hidden units as data: the symmetries that follow from them, in words and as groups, and networks of other sizes."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.architectures import parse
from neurovariety.symmetry import Kind
from neurovariety.units import Units, size_of, symmetries_of


@pytest.mark.parametrize(
    ("text", "out"),
    [
        ("mlp(2,2,1; 1/x)", "c^1"),
        ("cnn(2,2; 1/x)", "c^1"),
        ("gnn(path(3); 1,2,1; 1/x)", "c^1"),
        ("groupconv(cyclic(3); layers=2; 1/x)", "c^1"),
        ("ssm(1,2,1; t=3; 1/x)", "c^1"),
        ("gnn(path(3); 1,2,1; x^2)", "c^-2"),
        ("ssm(1,2,1; t=3; x^3)", "c^-3"),
    ],
)
def test_scales_in_words(text, out):
    """1/x turns a scale c before it into 1/c after it, which the next layer undoes by c."""
    (torus,) = [a for a in parse(text).symmetries() if a.kind is Kind.TORUS]
    assert torus.name.endswith(f"in by c, out by {out}")


RESIZED = [
    ("linear(3,2,3)", (1,), "linear(3,1,3)"),
    ("mlp(2,3,2,1; x^2, x; bias)", (2, 1), "mlp(2,2,1,1; x^2, x; bias)"),
    ("cnn(3,2; x^2)", (1, ((2,), (2,))), "cnn(2,2; x^2)"),
    ("cnn(2,2; x^2; channels=1,2,1; input=5)", (1,), "cnn(2,2; x^2; input=5)"),
    ("gnn(cycle(3); 1,2,1; x^2; pool)", (1,), "gnn(cycle(3); 1,1,1; x^2; pool)"),
    ("groupconv(klein(); channels=1,2,1; x^2)", (1,), "groupconv(klein(); layers=2; x^2)"),
    ("ssm(1,3,1; t=4; x^2; diagonal)", (2,), "ssm(1,2,1; t=4; x^2; diagonal)"),
    ("tt(2,2,2; ranks=2,2)", (1, 2), "tt(2,2,2; ranks=1,2)"),
    ("cp(2,2,2; rank=3)", (2,), "cp(2,2,2; rank=2)"),
    ("attention(2,2; a=2; t=2)", (1, 1), "attention(2,2; a=1; t=2)"),
    ("attention(2,2; a=2; t=2; heads=2)", (2, 2, 1), "attention(2,2; a=2; t=2)"),
    ("equivariant(3,3; ranks=2,1)", (1, 1), "equivariant(3,3; ranks=1,1)"),
    ("invariant(2,2,1; rank=2; outputs=3)", (1,), "invariant(2,2,1; rank=1; outputs=3)"),
    ("residual(mlp(2,3,2; x^2))", (2,), "residual(mlp(2,2,2; x^2))"),
    (
        "sequence(linear(2,2); residual(mlp(2,3,2; x^2)); linear(2,1))",
        (2, 1),
        "sequence(linear(2,1); residual(mlp(1,2,1; x^2)); linear(1,1))",
    ),
    ("ratio(mlp(2,3,1; x^2); mlp(2,2,1; x^2))", (2, 1), "ratio(mlp(2,2,1; x^2); mlp(2,1,1; x^2))"),
]


@pytest.mark.parametrize(("text", "sizes", "smaller"), RESIZED)
def test_networks_of_other_sizes(text, sizes, smaller):
    """The network itself at its own sizes; at others a network whose blocks are corners of blocks of the same names."""
    network = parse(text)
    assert network.resized(tuple(size_of(u) for u in network.units())) == network
    found = network.resized(sizes)
    assert found == parse(smaller)
    shapes = network.shapes()
    for name, shape in found.shapes().items() if "heads" not in text else ():
        assert all(a <= b for a, b in zip(shape, shapes[name], strict=True))


@pytest.mark.parametrize(("text", "sizes", "smaller"), RESIZED)
def test_units_are_counted_along_all_their_axes(text, sizes, smaller):
    shapes = parse(text).shapes()
    for u in parse(text).units():
        if isinstance(u, Units):
            assert {shapes[block][axis] for block, axis in u.axes} == {u.count}


def test_a_state_is_read_by_the_recurrence_before_the_activation():
    """A -> g A g^-1 for a diagonal g, whatever the activation does after it."""
    actions = symmetries_of(parse("ssm(1,2,1; t=3; x^3)").units())
    torus = next(a for a in actions if a.kind is Kind.TORUS)
    assert sorted(torus.axes) == [("A", 0, 1), ("A", 1, -1), ("B", 0, 1), ("C", 1, -3)]
    places = {"A": np.arange(4).reshape(2, 2), "B": np.arange(4, 6).reshape(2, 1), "C": np.arange(6, 8).reshape(1, 2)}
    generator, target, _, value = torus.entries(places)
    field = np.zeros((2, 8))
    np.add.at(field, (generator, target), value)
    assert field.tolist() == [[0, 1, -1, 0, 1, 0, -3, 0], [0, -1, 1, 0, 0, 1, 0, -3]]
