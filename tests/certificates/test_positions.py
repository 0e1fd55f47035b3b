"""Positions of functions: what a certificate takes, and the false ones that it refuses."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety import Claim, as_model, boundary
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.positions import (
    BoundaryPieces,
    InteriorByBall,
    InteriorByRanks,
    NoBoundary,
    Placed,
    Violates,
)
from neurovariety.geometry.boundaries.exact_placement import exact_placement
from neurovariety.geometry.boundaries.locate import both_sides, by_search
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.images.target import read_target


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def of(text):
    return exact_placement(as_model(text))


def test_theorems_place_a_function_where_it_is():
    found = boundary("mlp(2,2,2; x^2)", target="x0^2; x0*x1")
    good, exact = found.verdicts["position"].certificate, of("mlp(2,2,2; x^2)")
    assert isinstance(good, Placed)
    assert issue(good, exact).statement.value == "closure only"
    for position in ("interior", "outside", "boundary", "undecided"):
        refused(replace(good, position=position), exact)
    refused(replace(good, reason="by continuity"), exact)
    near = dict(good.target) | {(1, (0, 2)): Fraction(1, 10**9)}
    refused(replace(good, target=near), exact)
    refused(good, of("mlp(2,3,2; x^2)"))
    refused(Placed(of("mlp(2,2,1; x^3 + x)").hash, {}, "interior", "", "position"), of("mlp(2,2,1; x^3 + x)"))


def test_interior_by_ranks():
    """f = x^2 + x of one neuron, and a hypersurface: weights, ranks and equations are checked again."""
    for text, target in (("mlp(1,1,1; x^2 + x)", "x0^2 + x0"), ("mlp(2,1,1; x^2 + x)", "x0^2 + x0")):
        exact = of(text)
        good = boundary(text, target=target).verdicts["position"].certificate
        assert isinstance(good, InteriorByRanks)
        assert issue(good, exact).claim is Claim.PROVED
        refused(replace(good, weights=tuple(2 * w for w in good.weights)), exact)
        refused(replace(good, target={**good.target, (0, (1,) * exact.model.inputs): Fraction(2)}), exact)
        zero = replace(good, weights=(Fraction(0),) * exact.parameters, target={})
        refused(zero, exact)  # at zero J has rank 0
        refused(replace(good, prime=good.prime - 1), exact)
        if good.equations:
            refused(replace(good, equations=()), exact)
            (first, *rest) = good.equations
            (term, c), *terms = first.terms
            refused(replace(good, equations=(replace(first, terms=((term, c + 1), *terms)), *rest)), exact)
    refused(good, of("mlp(1,1,1; x^2 + x)"))


def test_interior_by_krawczyk():
    model = as_model("mlp(2,2,2; x^2)")
    target = read_target("x0^2; x1^2", 2, 2)
    sides, _ = both_sides(model, written_out(model), 0)
    found = by_search(model, written_out(model), target, False, None, 0)
    good, exact = found.certificates[0], exact_placement(model)
    assert isinstance(good, InteriorByBall)
    assert issue(good, exact).statement.value == "interior"
    refused(replace(good, radius=good.radius * 1e15), exact)
    refused(replace(good, radius=0.0), exact)
    refused(replace(good, weights=tuple(w + 0.01 for w in good.weights)), exact)
    refused(replace(good, columns=good.columns[:1] * len(good.columns)), exact)
    refused(replace(good, columns=good.columns[:-1]), exact)
    refused(replace(good, inverse=tuple(tuple(-v for v in row) for row in good.inverse)), exact)
    never = dict(read_target("x0^2 - x1^2; x0*x1", 2, 2).coefficients)  # no real weights have that function
    refused(replace(good, target=never), exact)
    assert sides.ball(read_target("x0^2 - x1^2; x0*x1", 2, 2), np.array(found.evidence["near_weights"])) is None


def test_outside_by_an_equation():
    exact = of("mlp(2,1,1; x^2 + x)")
    good = boundary("mlp(2,1,1; x^2 + x)", target="x0*x1").verdicts["position"].certificate
    assert isinstance(good, Violates)
    assert issue(good, exact).statement.value == "outside"
    refused(replace(good, target={(0, (2, 0)): Fraction(1), (0, (1, 0)): Fraction(1)}), exact)  # which is a function of the model
    refused(replace(good, equation=None), exact)
    (term, c), *terms = good.equation.terms
    refused(replace(good, equation=replace(good.equation, terms=((term, c + 1), *terms))), exact)
    refused(replace(good, keys=good.keys[::-1]), exact)
    cubic = boundary("mlp(1,1,1; x^2 + x)", target="x0^3").verdicts["position"].certificate
    assert cubic.equation is None
    refused(cubic, exact)


def test_boundaries():
    found = boundary("mlp(2,2,1; x^3)", samples=0)
    exact = of("mlp(2,2,1; x^3)")
    good = found.verdicts["dimension"].certificate
    assert isinstance(good, BoundaryPieces)
    assert [str(found.verdicts[k].claim) for k in ("variety", "boundary", "dimension", "pieces")] == [
        "proved",
        "proved",
        "proved",
        "lower_bound",
    ]
    piece = good.pieces[0].certificate
    refused(replace(piece, dimension=piece.dimension + 1), exact)
    refused(replace(piece, position="interior"), exact)
    refused(replace(piece, position="boundary"), exact)
    refused(replace(piece, family="a neuron is dead"), exact)
    refused(replace(piece, sample=piece.sample[:-1]), exact)
    refused(replace(good, pieces=()), exact)
    refused(replace(good, pieces=(found.verdicts["variety"],)), exact)
    small = issue(replace(good, pieces=good.pieces[1:]), exact)
    assert (small.statement.value, small.claim) == (2, Claim.LOWER_BOUND)
    refused(NoBoundary(exact.hash, "real weights attain every function"), exact)
    empty = boundary("linear(2,1,2)", samples=0)
    assert empty.claim is Claim.PROVED
    refused(replace(empty.verdicts["boundary"].certificate, why=""), of("linear(2,1,2)"))
    refused(empty.verdicts["boundary"].certificate, exact)
