"""Images as data: equal sets of functions have equal images, other sets have others; weights for each kind of parametrization."""

from __future__ import annotations

import pytest

from neurovariety import dimension, membership, parse
from neurovariety.image import (
    BinaryQuadrics,
    BlockMatrices,
    BoundedBlockMatrices,
    Filters,
    Matrices,
    PowerSums,
    Quadrics,
    SeparationRanks,
    TensorRank,
)

EQUAL = [
    (
        Matrices(2, 2, 1),
        ["linear(2,1,2)", "mlp(2,1,2; x)", "mlp(2,1,2; -3*x)", "mlp(2,1,2; generic(1))", "sequence(linear(2,1); linear(1,2))"],
    ),
    (Matrices(2, 2, 1), ["ssm(2,1,2; t=1)", "ssm(2,1,2; t=1; diagonal)", "ssm(2,1,2; t=1; 3*x)"]),
    (Matrices(2, 2, 1), ["linear(2,2,1,3,2)", "sequence(sequence(linear(2,1)); mlp(1,2))", "invariant(1,1; rank=1; outputs=2)"]),
    (Matrices(2, 2, 2), ["linear(2,2)", "residual(linear(2,2))", "residual(residual(linear(2,3,2)))", "equivariant(1,1; ranks=2)"]),
    (Matrices(3, 1, 1), ["linear(3,1)", "diagonal(3; layers=2)", "cnn(3)", "cnn(3,1; 2*x)", "ssm(1,3,1; t=3)", "ssm(1,4,1; t=3)"]),
    (Matrices(2, 1, 1, bias=True), ["mlp(2,1; bias)", "mlp(2,1,1; x + 5; bias)", "sequence(mlp(2,2; bias); mlp(2,1; bias))"]),
    (
        Quadrics(2, 2),
        [
            "mlp(2,2,1; x^2)",
            "mlp(2,5,1; -3*x^2)",
            "mlp(2,2,3,1; x^2, x)",
            "sequence(mlp(2,2,2; x^2); linear(2,1))",
            "ssm(2,2,1; t=1; x^2)",
        ],
    ),
    (Quadrics(2, 1, bias=True), ["mlp(2,1,1; x^2; bias)", "mlp(2,1,1; x^2 + x; bias)", "mlp(2,1,1; 3*x^2 + 5; bias)"]),
    (BinaryQuadrics(2, 2), ["mlp(2,2,2; x^2)", "mlp(2,3,2,2; x, 5*x^2)"]),
    (PowerSums(2, 2, 1, 3), ["mlp(2,2,1; x^3)", "mlp(2,2,1; -2*x^3)"]),
    (Filters(2, 2, 1, 3, 1), ["cnn(2,2; x)", "cnn(2,2,1; 3*x)", "cnn(1,2,2; x; strides=1,1,2)"]),
    (SeparationRanks((2, 2), 1, (2,)), ["cp(2,2; rank=2)", "tt(2,2; ranks=2)", "cp(2,2; rank=3)", "tt(2,2; ranks=4)"]),
    (SeparationRanks((2, 3, 2), 1, (1, 1)), ["cp(2,3,2; rank=1)", "tt(2,3,2; ranks=1)"]),
    (SeparationRanks((3, 1, 3), 1, (2, 2)), ["cp(3,1,3; rank=2)", "tt(3,1,3; ranks=2)"]),
    (SeparationRanks((2, 1), 3, (2,)), ["cp(2,1; rank=2; outputs=3)", "tt(2,1; ranks=2; outputs=3)"]),
]


@pytest.mark.parametrize(("image", "notations"), EQUAL)
def test_equal_sets(image, notations):
    assert [parse(n).model.image for n in notations] == [image] * len(notations)
    assert len({dimension(n, route="computed").value for n in notations}) == 1


def test_other_sets():
    """Sets that look alike: the output of a tensor train is bounded by no bond, and without biases x + 1 adds a constant of its own."""
    assert parse("cp(2,3; rank=1; outputs=2)").image() == TensorRank((2, 3), 2, 1)
    assert parse("tt(2,3; ranks=1; outputs=2)").image() == SeparationRanks((2, 3), 2, (1,))
    assert dimension("cp(2,3; rank=1; outputs=2)").value == 5
    assert dimension("tt(2,3; ranks=1; outputs=2)").value == 7
    assert parse("mlp(2,2,2; x + 1)").image() != parse("mlp(2,2,2; x)").image()
    assert parse("mlp(2,2,1; x^2 + x)").image() != parse("mlp(2,2,1; x^2)").image()
    assert parse("residual(linear(2,1,2))").image() is None
    assert parse("ssm(1,2,1; t=3)").image() is None  # (0, 0, 1) has no realization with two states
    assert parse("ssm(1,3,1; t=3; diagonal)").image() is None
    assert parse("sequence(linear(2,1); mlp(1,2; bias))").image() is None
    assert isinstance(parse("equivariant(3,3; ranks=2,1)").image(), BlockMatrices)
    assert isinstance(parse("equivariant(3,3; rank=3)").image(), BoundedBlockMatrices)


@pytest.mark.parametrize(
    ("notation", "target"),
    [
        ("mlp(2,2,3,1; x^2, x)", "x0*x1"),
        ("mlp(2,3,2,1; x, 2*x^2)", "x0*x1"),
        ("mlp(2,3,2,2; 7*x, 5*x^2)", "x0^2 + 3*x1^2; 3*x1^2 + x0*x1"),  # in Q(sqrt d)
        ("mlp(2,2,1; x^2 + x + 7; bias)", "x0*x1 + 3*x0 + 1"),
        ("mlp(2,3,2,1; x + 1, 3*x^2 + x; bias)", "x0*x1 + 3*x0 + 1"),
        ("sequence(mlp(2,2,1; x^2; bias); mlp(1,1; bias))", "x0*x1 + 3*x0 + 1"),
        ("mlp(2,1,2; x + 5; bias)", "x0 + x1 + 1; 2*x0 + 2*x1"),
        ("sequence(linear(2,1); linear(1,2))", "x0 + x1; 2*x0 + 2*x1"),
        ("residual(linear(2,2))", "x0 + x1; 2*x0 + x1"),
        ("residual(residual(linear(2,3,2)))", "x1; 2*x0 + x1"),
        ("diagonal(3; layers=2)", "x0 + x2"),
        ("cnn(3,2; 2*x)", "x0 + x3"),
        ("cnn(3,2; 2*x)", "0"),
        ("sequence(cnn(2,2; x))", "x0 - x2"),
        ("equivariant(1,1; ranks=1)", "x0 + x1; 2*x0 + 2*x1"),
        ("invariant(1,1; rank=1; outputs=2)", "x0 + x1; 2*x0 + 2*x1"),
    ],
)
def test_weights_of_a_function(notation, target):
    """The exact procedure of the image decides, and weights of the parametrization at hand, put into the model, give the target."""
    found = membership(notation, target=target)
    assert found.value["verdict"] == "realizable"
    assert found.value["route"] != "real solutions from random starts"
    assert found.evidence["witness_is"].startswith(("exact", "decimals of the exact"))
