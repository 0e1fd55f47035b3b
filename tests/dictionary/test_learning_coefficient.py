"""Learning coefficients of networks: published values, two routes to one number, and what must not be claimed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest

import neurovariety as nv
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.learning_coefficients import (
    CoefficientAtWeights,
    CoefficientOfLinear,
    HalfOfDimension,
    coefficient_of_linear,
)
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.learning.germ_search import search


def pair(source=None, **options):
    found = nv.learning_coefficient(source, **options)
    assert found.claim is Claim.PROVED, found
    return found.value["learning_coefficient"], found.value["multiplicity"]


@pytest.mark.parametrize(
    ("notation", "rank", "coefficient", "multiplicity"),
    [
        ("linear(2,2,2)", 0, "3/2", 1),
        ("linear(3,2,3)", 1, "7/2", 2),
        ("linear(4,4,4)", 2, "15/2", 1),
        ("linear(2,2,2,2)", 0, "3/2", 3),
        ("linear(2,2,2,2,2)", 0, "3/2", 5),
        ("linear(5,4,4,5)", 2, "10", 3),
        ("mlp(2,2,3; x)", 0, "2", 2),
        ("linear(3,2,3)", 2, "4", 1),
    ],
)
def test_deep_linear_networks(notation, rank, coefficient, multiplicity):
    """Aoyagi 2024, and the codimensions of Pepin Lehalleur and Rimanyi."""
    assert pair(notation, true_rank=rank) == (coefficient, multiplicity)


def maximal_ranks(widths, rank):
    """Half of the least codimension of weights that give a matrix of that rank, over the ranks of all products of neighbouring matrices
    that can occur: the coefficient, by another formula (Pepin Lehalleur, Rimanyi 2024)."""
    r, sizes = rank, [w - rank for w in widths]
    n = len(sizes)
    intervals = [(i, j) for i in range(n) for j in range(i, n) if (i, j) != (0, n - 1)]
    best = None
    for m in itertools.product(*(range(min(sizes[i : j + 1]) + 1) for i, j in intervals)):
        mult = dict(zip(intervals, m, strict=True))
        if any(sum(c for (i, j), c in mult.items() if i <= k <= j) != sizes[k] for k in range(n)):
            continue
        # the codimension of the orbit with these intervals (Abeasis, Del Fra 1980)
        codimension = sum(c * d for (i, j), c in mult.items() for (k, l), d in mult.items() if i + 1 <= k <= j + 1 <= l)
        best = codimension if best is None else min(best, codimension)
    return Fraction(r * (widths[0] + widths[-1] - r) + best, 2)


@pytest.mark.parametrize("widths", [(1, 1, 1), (2, 2, 2), (2, 1, 3), (1, 2, 1), (1, 1, 1, 1), (2, 2, 2, 2), (1, 2, 2, 1), (2, 3, 2)])
def test_the_formula_is_half_of_a_codimension(widths):
    for rank in range(min(widths) + 1):
        assert coefficient_of_linear(widths, rank)[0] / 2 == maximal_ranks(widths, rank), rank


@pytest.mark.parametrize("widths", [(1, 1, 1), (2, 1, 2), (1, 2, 1), (1, 1, 1, 1)])
def test_the_formula_meets_the_polyhedra(widths):
    stored = stored_functions(nv.as_model(f"linear({','.join(map(str, widths))})"))
    found = search([f for _, f in stored.coordinates])
    assert found.exact
    assert found.bounds.low == coefficient_of_linear(widths, 0)


@pytest.mark.parametrize(
    ("notation", "coefficient", "multiplicity"),
    [
        ("mlp(1,2,1; x^2)", "1/2", 2),
        ("mlp(1,3,1; x^3)", "1/2", 2),
        ("mlp(2,1,1; x^2)", "1/2", 2),
        ("mlp(2,1,1; x^3)", "1/3", 1),
        ("mlp(1,1,1,1; x^2)", "1/8", 1),
        ("diagonal(2; layers=3)", "1", 5),
        ("attention(1,1; a=1; t=1)", "1/2", 3),
        ("mlp(1,5,1; tanh)", "11/10", 1),
        ("mlp(1,4,1; sin)", "1", 2),
        ("mlp(3,1,1; tanh)", "1/2", 1),
        ("mlp(2,1,1; x^2; bias)", "1", 1),
    ],
)
def test_the_zero_function(notation, coefficient, multiplicity):
    assert pair(notation, truth="zero") == (coefficient, multiplicity)


@pytest.mark.parametrize("notation", ["mlp(2,3,1; x^2)", "linear(3,2,3)", "cnn(2,2; x^2)", "mlp(2,2,1; x^3)"])
def test_a_general_function_has_half_of_the_dimension(notation):
    assert pair(notation) == (str(Fraction(nv.dimension(notation).value, 2)), 1)


def test_given_weights():
    assert pair("mlp(1,2,1; x^2)", at=[1, 1, 1, -1]) == ("1/2", 1)  # the Jacobian has its generic rank
    assert pair("mlp(1,2,1; x^2)", at=[0, 0, 1, -1]) == ("1/2", 2)
    assert pair("mlp(1,2,1; x^2)", at=[0, 0, 1, 1]) == ("1/2", 1)  # b^2 + d^2, which is 0 at a point alone
    assert pair("linear(2,1,2)", at=["1/2", 0, 0, 3]) == pair("linear(2,1,2)", true_rank=1)


def test_a_bound_of_the_dimension_is_no_coefficient():
    """Where the dimension is right with a probability, so is its half."""
    found = nv.learning_coefficient("mlp(2,2,1; generic(3))")
    dimension = nv.dimension("mlp(2,2,1; generic(3))")
    assert found.claim is dimension.claim
    with pytest.raises(nv.InputError, match="general coefficients"):
        nv.learning_coefficient("mlp(2,2,1; generic(3))", truth="zero")


def test_bounds_are_told_as_bounds():
    found = nv.learning_coefficient(functions="(x^2 + y^2 - z^2)^2 + x^5*z + y^7")
    assert found.value == {"learning_coefficient": None, "multiplicity": None, "at_least": "1/4", "at_most": "3/8"}
    assert found.verdicts["at_least"].claim is Claim.LOWER_BOUND
    assert found.verdicts["at_most"].claim is Claim.UPPER_BOUND
    assert "at least 1/4" in found.meaning


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (lambda: nv.learning_coefficient(), "an architecture such as"),
        (lambda: nv.learning_coefficient("linear(2,2)", functions="x"), "not both"),
        (lambda: nv.learning_coefficient(functions="x + 1"), "is 1 at the origin"),
        (lambda: nv.learning_coefficient(functions="sin(x)"), "is no polynomial"),
        (lambda: nv.learning_coefficient(functions="2x"), "cannot be read"),
        (lambda: nv.learning_coefficient(functions="x^y"), "an exponent is a whole number"),
        (lambda: nv.learning_coefficient(functions="x/y"), "is no polynomial"),
        (lambda: nv.learning_coefficient(functions="(x+y)^999"), "too many terms"),
        (lambda: nv.learning_coefficient(functions=" ; "), "write polynomials"),
        (lambda: nv.learning_coefficient("linear(2,2)", truth="zero", true_rank=0), "said once"),
        (lambda: nv.learning_coefficient("linear(2,2)", true_rank=3), "rank at most 2"),
        (lambda: nv.learning_coefficient("mlp(2,2,1; x^2)", true_rank=1), "deep linear network"),
        (lambda: nv.learning_coefficient("mlp(1,2,1; tanh)"), "add truth='zero'"),
        (lambda: nv.learning_coefficient("mlp(1,2,2,1; tanh)", truth="zero"), "one hidden layer"),
        (lambda: nv.learning_coefficient("mlp(1,2,1; tanh; bias)", truth="zero"), "without biases"),
        (lambda: nv.learning_coefficient("linear(2,2)", at=[1, 2]), "weights"),
        (lambda: nv.learning_coefficient("linear(2,2)", truth="none"), "truth"),
        (lambda: nv.learning_coefficient(functions="x", at=[1]), "leave out at"),
    ],
)
def test_bad_questions_are_answered_in_one_sentence(asked, sentence):
    with pytest.raises(nv.InputError, match=sentence) as error:
        asked()
    assert "\n" not in str(error.value)


def test_false_twins():
    """Certificates of other networks, ranks and weights."""
    square = stored_functions(nv.as_model("mlp(2,2,2; x^2)"))
    with pytest.raises(NotShown):  # blocks of a linear network, and other functions
        issue(CoefficientOfLinear(square.hash, 0, coefficient_of_linear((2, 2, 2), 0), "multiplicity"), square)
    linear = stored_functions(nv.as_model("linear(2,3,2)"))
    for rank, widths in ((3, (2, 3, 2)), (0, (2, 2, 2)), (-1, (2, 3, 2))):
        with pytest.raises(NotShown):
            issue(
                CoefficientOfLinear(linear.hash, rank, coefficient_of_linear(widths, max(rank, 0) % 3), "learning_coefficient"), linear
            )
    large = stored_functions(nv.as_model("linear(12,15,14,16)"))  # not expanded: read off its program, in which one weight is changed
    pair = coefficient_of_linear((12, 15, 14, 16), 4)
    assert issue(CoefficientOfLinear(large.hash, 4, pair, "multiplicity"), large).claim is nv.Claim.PROVED
    first, *others = large.program.sums
    changed = replace(large.program, sums=((first[1], *first[1:]), *others))
    other = replace(large, program=changed)
    with pytest.raises(NotShown):
        issue(CoefficientOfLinear(other.hash, 4, pair, "multiplicity"), other)
    exact = exact_functions(nv.as_model("linear(2,1,2)"))
    dimension = dimension_of(exact.model, seed=0)
    assert issue(HalfOfDimension(dimension.verdict, None, "learning_coefficient"), exact).statement.value == "3/2"
    with pytest.raises(NotShown):  # the dimension of another model
        issue(HalfOfDimension(dimension.verdict, None, "learning_coefficient"), exact_functions(nv.as_model("linear(2,2,2)")))
    with pytest.raises(NotShown):  # a rank that is not the dimension
        issue(HalfOfDimension(dimension.verdict, dimension.verdict, "learning_coefficient"), exact)
    stored = stored_functions(nv.as_model("mlp(1,1,1; x^2 + x)"))
    with pytest.raises(NotShown):  # weights that are not 0 have no grading
        issue(CoefficientAtWeights(stored.hash, (Fraction(1), Fraction(1)), (1, 1), (Fraction(1), 1), None, "at_least"), stored)
