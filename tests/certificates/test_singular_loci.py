"""Tangent spaces at exact weights and dimensions of singular loci: what certificates take, and the false ones that they refuse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety import Claim, as_model, singularities
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.singular_loci import LocusAtLeast, LocusAtMost, LocusDimension, SingularInFamilies
from neurovariety.certificates.tangent_spaces import SecondDerivative, SmoothByTangents
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.singular.exact_loci import exact_families, exact_sections
from neurovariety.geometry.singular.exact_tangents import exact_tangents

RAZOR = "mlp(2,2,1; x^3 + x^2)"


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_tangent_vectors_at_weights():
    """A dead neuron: the images of J at its incoming weights span 7 dimensions, the closure has 6."""
    found = singularities(RAZOR, at=[1, 2, 0, 0, 1, 0]).verdicts
    exact, good = exact_tangents(as_model(RAZOR)), found["status"].certificate
    lower = good.tangent.certificate
    assert (found["status"].claim, lower.value) == (Claim.PROVED, 7)
    issue(lower, exact)
    refused(replace(lower, value=8), exact)
    refused(replace(lower, others=(tuple(Fraction(v) for v in (1, 3, 0, 0, 1, 0)),)), exact)
    refused(replace(lower, others=(lower.weights[:-1],)), exact)
    refused(replace(lower, prime=lower.prime - 1), exact)
    refused(replace(lower, others=(), second=(), value=7), exact)
    v = (1,) * 6
    refused(replace(lower, second=(SecondDerivative(0, tuple(map(Fraction, (1, 0, 0, 0, 0, 0))), v),)), exact)
    refused(replace(lower, second=(SecondDerivative(99, (Fraction(0),) * 6, v),)), exact)
    refused(lower, exact_tangents(as_model("mlp(2,2,1; x^3)")))
    refused(replace(good, dimension=found["tangent_cone"]), exact)
    refused(SmoothByTangents(good.tangent, good.dimension), exact)


def test_gradients_at_weights():
    general = singularities(RAZOR, at=[1, 2, 3, -2, 1, 5]).verdicts
    exact, upper = exact_tangents(as_model(RAZOR)), general["status"].certificate.tangent.certificate
    assert (general["status"].statement.value, upper.value) == ("smooth", 6)
    issue(upper, exact)
    refused(replace(upper, value=5), exact)
    dead = tuple(map(Fraction, (1, 2, 0, 0, 1, 0)))
    refused(replace(upper, weights=dead), exact)
    refused(replace(upper, weights=dead[:-1]), exact)
    assert issue(replace(upper, weights=dead, value=7), exact).claim is Claim.UPPER_BOUND
    refused(replace(general["tangent_space"].certificate, status=general["rank"]), exact)


def test_ranges_are_those_at_one_function():
    one, two = (singularities(RAZOR, at=[1, 2, 1, 2, 1, k]).verdicts for k in (5, 6))
    good, other = one["tangent_space"].certificate, two["tangent_space"].certificate
    exact = exact_tangents(as_model(RAZOR))
    assert one["tangent_space"].statement.value[1] == 7
    refused(replace(good, upper=other.upper), exact)
    refused(replace(good, lower=good.upper), exact)
    refused(replace(good, weights=other.weights), exact)


@pytest.fixture(scope="module")
def razor():
    return as_model(RAZOR), singularities(RAZOR).verdicts


def test_a_locus_from_both_sides(razor):
    """Neither knows of the other: strata span it from below, equations cut it from above."""
    _, verdicts = razor
    fresh = as_model(RAZOR)
    good = verdicts["dimension"].certificate
    assert (verdicts["dimension"].claim, verdicts["dimension"].statement.value) == (Claim.PROVED, 3)
    family, section = good.lower.certificate, good.upper.certificate
    issue(family, exact_families(fresh))
    issue(section, exact_sections(fresh))
    refused(replace(family, value=4), exact_families(fresh))
    place = family.place
    for other in (
        replace(place, strata=place.strata[::-1] if len(place.strata) > 1 else ("none",)),
        replace(place, strata=place.strata[:-1]),
        replace(place, on=place.on[:1]),
        replace(place, on=()),
        replace(place, on=((99, place.on[0][1]),)),
        replace(place, shared=place.shared[:-1]),
        replace(place, prime=place.prime - 1),
    ):
        refused(replace(family, place=other), exact_families(fresh))
    refused(replace(family, size=verdicts["dimension"]), exact_families(fresh))
    refused(replace(family, upper=family.size), exact_families(fresh))


def test_sections_that_say_too_much_are_refused(razor):
    model, verdicts = razor
    good, exact = verdicts["dimension"].certificate, exact_sections(model)
    section = good.upper.certificate
    assert isinstance(section, LocusAtMost)
    frame = section.place.frame
    refused(replace(section, value=2), exact)
    refused(replace(section, place=replace(section.place, frame=np.hstack([frame, frame[:, :1] + 1])), value=2), exact)
    refused(replace(section, place=replace(section.place, frame=np.zeros_like(frame))), exact)
    refused(replace(section, place=replace(section.place, frame=frame[:-1])), exact)
    refused(replace(section, place=replace(section.place, prime=section.place.prime - 1)), exact)
    refused(replace(section, known=verdicts["dimension"]), exact)
    plain = exact_functions(model)
    refused(LocusDimension(good.upper, good.upper), plain)
    refused(LocusDimension(good.lower, good.lower), plain)
    refused(LocusDimension(None, None), plain)
    assert issue(LocusDimension(good.lower, None), plain).claim is Claim.LOWER_BOUND
    assert issue(LocusDimension(None, good.upper), plain).claim is Claim.UPPER_BOUND
    refused(replace(verdicts["codimension"].certificate, locus=good.lower), exact_functions(as_model("mlp(2,2,1; x^3)")))


def test_zeros_of_a_complete_ideal_on_sections():
    """3 x 3 matrices of rank 2 as mlp(2,2,3; x^2): no stratum of weights has the dimension of the matrices of rank 1."""
    found = singularities("mlp(2,2,3; x^2)").verdicts["dimension"]
    exact, good = exact_sections(as_model("mlp(2,2,3; x^2)")), found.certificate.lower.certificate
    assert isinstance(good, LocusAtLeast)
    assert (found.claim, found.statement.value) == (Claim.PROBABILITY, 5)
    issue(good, exact)
    refused(replace(good, places=good.places[:1] * 6), exact)
    refused(replace(good, places=()), exact)
    refused(replace(good, value=6), exact)
    refused(replace(good, generate=good.dimension), exact)
    empty = found.certificate.upper.certificate.place
    refused(replace(good, places=(empty,), value=6), exact)
    large = [replace(p, frame=p.frame * 3) for p in good.places]
    refused(replace(good, places=tuple(large)), exact)


def test_theorems_on_families():
    """Nodes of a polynomial convolution are where filters can be placed in several ways: a line."""
    found = singularities("cnn(2,2; x^2)").verdicts["dimension"]
    exact, upper = exact_families(as_model("cnn(2,2; x^2)")), found.certificate.upper.certificate
    assert (found.claim, found.statement.value) == (Claim.PROVED, 1)
    if isinstance(upper, SingularInFamilies):
        issue(upper, exact)
        refused(replace(upper, value=0), exact)
        refused(replace(upper, theorem="nothing is singular"), exact)
        refused(replace(upper, sizes=upper.sizes[1:]), exact)
        refused(replace(upper, sizes=upper.sizes * 2), exact)
    vertex = singularities("mlp(2,1,1; x^3)").verdicts
    assert (vertex["dimension"].claim, vertex["degree"].claim) == (Claim.PROVED, Claim.PROVED)
    bottom = vertex["dimension"].certificate.lower.certificate
    own = exact_families(as_model("mlp(2,1,1; x^3)"))
    refused(replace(bottom, value=1), own)
    refused(replace(bottom, span=bottom.upper), own)
