"""Certificates of equations by degree: each has a false twin, which is refused."""

from __future__ import annotations

from dataclasses import replace
from math import comb

import pytest

import neurovariety as nv
from neurovariety.certificates.hilbert_function import (
    BoundByEquations,
    GenerateAll,
    HilbertFunction,
    MinimalGenerators,
    SearchedUpTo,
)
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.known_equations import KnownEquations, WrittenEquations
from neurovariety.claim import Claim
from neurovariety.geometry.ideal.exact_coefficients import ExactCoefficients, exact_coefficients
from neurovariety.geometry.invariants.dimension import dimension_of


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def of(notation: str) -> tuple:
    model = nv.as_model(notation)
    return exact_coefficients(model), nv.equations(model)


def test_the_hilbert_function():
    exact, found = of("cnn(2,2; x^2)")
    shown = found.verdicts["hilbert"].certificate
    assert isinstance(shown, HilbertFunction)
    assert issue(shown, ExactCoefficients(nv.as_model("cnn(2,2; x^2)"))).statement.value == [1, 5, 14, 27]
    places = shown.places
    fewer = issue(replace(shown.known.certificate, equations=shown.known.certificate.equations[1:]), exact)
    for forged in (
        replace(shown, values=(1, 5, 15, 27)),
        replace(shown, values=(1, 5, 14, 26)),
        replace(shown, values=(1, 5, 13, 27)),
        replace(shown, values=(2, 5, 14, 27)),
        replace(shown, values=shown.values[:3]),
        replace(shown, known=fewer),
        replace(shown, known=found.verdicts["equations"]),
        replace(shown, places=(*places[:2], replace(places[2], weights=places[2].weights[:1]))),
        replace(shown, places=(*places[:2], replace(places[2], weights=0 * places[2].weights))),
        replace(shown, places=(*places[:2], replace(places[2], kept=(0, 0, 1, 2, 3)))),
        replace(shown, places=(*places[:2], replace(places[2], kept=(0, 1, 2, 3, 7)))),
        replace(shown, places=(places[0], places[2], places[1])),
        replace(shown, prime=4),
    ):
        assert refused(forged, exact)
    assert refused(shown, exact_coefficients(nv.as_model("linear(2,1,2)")))


@pytest.mark.parametrize("notation", ["linear(3,1,2,3)", "gnn(path(3); 1,2,1; x^2)", "residual(mlp(2,1,2; x^2))", "linear(2,1,2)"])
def test_ranks_of_forms_are_taken_again(notation):
    """By whoever has the certificate alone: at the places, all forms at once, without gradings."""
    exact, found = of(notation)
    shown = found.verdicts["hilbert"].certificate
    fresh = ExactCoefficients(nv.as_model(notation))
    assert issue(shown, fresh).statement.value == found.value["hilbert"]
    assert [exact.forms_rank(place) for place in shown.places] == found.value["hilbert"][1:]


def test_generators():
    exact, found = of("cnn(2,2; x^2)")
    shown = found.verdicts["generators"]
    assert (dict(shown.statement.value), shown.claim) == ({"2": 1, "3": 3}, Claim.PROVED)
    hilbert = found.verdicts["hilbert"]
    known = hilbert.certificate.known.certificate
    # A multiple of the quadric is no further generator.
    quadric = known.equations[0]
    raised = replace(quadric, degree=3, terms=tuple((tuple(sorted((0, *t))), c) for t, c in quadric.terms))
    more = issue(replace(known, equations=(*known.equations, raised)), exact)
    wide = issue(replace(hilbert.certificate, known=more), exact)
    assert refused(MinimalGenerators(wide), exact)
    assert issue(MinimalGenerators(wide, exactly=False), exact).claim is Claim.UPPER_BOUND
    assert refused(MinimalGenerators(found.verdicts["equations"]), exact)
    assert refused(SearchedUpTo(found.verdicts["equations"]), exact)
    assert exact.implied_over_q((quadric,), 3) == 5


def test_equations_are_forms_that_differ():
    exact, found = of("cnn(2,2; x^2)")
    known = found.verdicts["hilbert"].certificate.known.certificate
    quadric, *_ = known.equations
    negative = replace(quadric, terms=tuple((t, -c) for t, c in quadric.terms))
    twice = replace(quadric, terms=tuple((t, 2 * c) for t, c in quadric.terms))
    nothing = replace(quadric, terms=())
    zero = replace(quadric, terms=tuple((t, 0) for t, _ in quadric.terms))
    linear = replace(quadric, degree=1)
    (t, c), *rest = quadric.terms
    doubled = replace(quadric, terms=((t, c - 1), (t, 1), *rest))
    turned = replace(quadric, terms=tuple((t[::-1], c) for t, c in quadric.terms))
    for wrong in (quadric, negative, twice, nothing, zero, linear, doubled, turned):
        assert refused(replace(known, equations=(*known.equations, wrong)), exact)


def test_multiples_of_equations_without_a_weight_are_counted_once():
    """(a + b) for two quadrics of different weights in place of one of them: the cubic multiples are as many."""
    generic, found = of("linear(3,1,3)")
    known = found.verdicts["hilbert"].certificate.known.certificate
    first, second, *others = known.equations
    mixed = replace(first, terms=(*first.terms, *second.terms))
    assert not set(first.terms) & set(second.terms)
    plain, same = (first, second, *others), (mixed, second, *others)
    rank = generic.implied_over_q(plain, 3)
    assert generic.implied_over_q(same, 3) == rank
    assert generic.implied_over_q((mixed, first, second), 2) == 2, "which are dependent"


def test_all_equations():
    exact, found = of("linear(3,2,3)")
    shown = found.verdicts["complete"].certificate
    assert isinstance(shown, GenerateAll)
    assert found.value["complete"]
    assert refused(replace(shown, rank=replace(shown.rank, value=7)), exact)
    assert refused(replace(shown, rank=replace(shown.rank, value=9)), exact)
    other, cone = of("linear(3,1,2,3)")
    assert not cone.value["complete"]
    assert refused(replace(cone.verdicts["complete"].certificate, complete=True), other)
    known = shown.hilbert.certificate.known
    none = issue(KnownEquations(exact.hash, (), 9), exact)
    assert refused(replace(shown, hilbert=none), exact)
    assert refused(WrittenEquations(known, (1,)), exact)
    bound = found.verdicts["dimension_at_most"].certificate
    assert isinstance(bound, BoundByEquations)
    assert refused(replace(bound, rank=2), exact)
    assert refused(replace(bound, weights=0 * bound.weights), exact)


@pytest.mark.parametrize(("notation", "rank"), [("linear(3,1,3)", 1), ("linear(2,1,4)", 1)])
def test_determinantal_hilbert_functions(notation, rank):
    """Of matrices of rank at most one, which are a Segre variety: C(m + k - 1, k) C(n + k - 1, k)."""
    del rank
    model = nv.as_model(notation)
    n, m = model.inputs, model.outputs
    values = nv.equations(model, degree=4).value["hilbert"]
    assert values == [comb(m + k - 1, k) * comb(n + k - 1, k) for k in range(5)]
    assert dimension_of(model, seed=0).value == m + n - 1
