"""Certificates of fibers through given weights: each has a false twin, which is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.fiber_at_weights import (
    OVER_C,
    BeyondOrbit,
    IsolatedOnSlice,
    LocalDimension,
    NoSmallerThanGeneral,
    OrbitAt,
    OrbitInFiber,
    SweptSpace,
    TangentSpace,
)
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.special_fiber import exact_weights, special_fiber
from neurovariety.geometry.invariants.dimension import dimension_of

DEAD = [1, 2, 0, 0, 1, 0]
"""Weights of mlp(2,2,1; x^3) whose second neuron is dead: a fiber of 3 dimensions, the orbit has 1."""
TEXT = "mlp(2,2,1; x^3)"


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def found_at(weights: list) -> tuple:
    model = nv.as_model(TEXT)
    dimension = dimension_of(model, seed=0).verdict
    return exact_functions(model), special_fiber(model, exact_weights(model, weights), dimension, 0)


OTHER = tuple(map(Fraction, [1, 2, 2, 3, 1, 1]))


def test_a_swept_space():
    exact, found = found_at(DEAD)
    swept = found.lower.certificate
    assert isinstance(swept, SweptSpace)
    assert (found.lower.claim, found.lower.statement.value) == (Claim.PROVED, 3)
    assert OVER_C in found.lower.statement.scope
    assert issue(swept, ExactFunctions(nv.as_model(TEXT))).claim is Claim.PROVED
    for forged in (
        replace(swept, value=4),
        replace(swept, at=OTHER),
        replace(swept, at=swept.at[:-1]),
        replace(swept, directions=(*swept.directions, ((0, Fraction(1)),)), value=3),
        replace(swept, directions=(((99, Fraction(1)),),), value=1),
        replace(swept, subject=""),
    ):
        assert refused(forged, exact)


def test_a_swept_space_that_is_tested():
    """Where the model has general coefficients it is not expanded: the error is computed."""
    model = nv.as_model("mlp(2,2,1; generic(3))")
    exact, found = exact_functions(model), nv.fibers(model, at=DEAD)
    assert (found.value["dimension"], found.claim) == (2, Claim.PROBABILITY)
    swept = found.verdicts["dimension"].certificate.lower.certificate
    assert isinstance(swept, SweptSpace)
    assert 0 < found.verdicts["dimension"].statement.error <= 2.0**-20
    small = tuple(replace(t, prime=101, steps=t.steps % 101, inputs=t.inputs % 101) for t in swept.tests)
    for forged in (
        replace(swept, tests=()),
        replace(swept, tests=swept.tests[:1]),
        replace(swept, tests=swept.tests[:1] * 3),
        replace(swept, tests=small),
        replace(swept, directions=(*swept.directions, ((0, Fraction(1)),))),
    ):
        assert refused(forged, exact)


def test_the_tangent_space():
    exact, found = found_at([1, 2, 2, 3, 1, 1])
    tangent = found.upper.certificate
    assert isinstance(tangent, TangentSpace)
    assert (found.upper.claim, found.upper.statement.value) == (Claim.PROVED, 2)
    place = tangent.rank.place
    for forged in (
        replace(tangent, rank=replace(tangent.rank, value=5)),
        replace(tangent, at=tuple(map(Fraction, DEAD))),  # the rank is one at other weights
        replace(tangent, rank=replace(tangent.rank, place=replace(place, weights=None))),
        replace(tangent, rank=replace(tangent.rank, place=replace(place, kind="span", weights=place.weights[None]))),
    ):
        assert refused(forged, exact)


def test_isolated_on_a_slice():
    """J has rank 2 of 6 at a dead neuron, and still the fiber has 3 dimensions."""
    exact, found = found_at(DEAD)
    shown = found.upper.certificate
    assert isinstance(shown, IsolatedOnSlice)
    assert (found.upper.statement.value, found.rank) == (3, 2)
    piece = shown.piece
    wide = np.concatenate([piece.directions, piece.directions[:, :1]], axis=1)
    for forged in (
        replace(shown, order=1),
        replace(shown, order=7),
        replace(shown, order=0),
        replace(shown, prime=4),
        replace(shown, general=True),
        replace(shown, piece=replace(piece, directions=wide)),
        replace(shown, piece=replace(piece, directions=np.eye(6, dtype=np.int64)[:, 2:])),
        replace(shown, piece=replace(piece, inputs=piece.inputs[:1])),
        replace(shown, piece=replace(piece, at=OTHER[:-1])),
    ):
        assert refused(forged, exact)
    assert refused(replace(shown, subject=""), exact)


def test_bounds_of_different_weights_do_not_meet():
    exact, dead = found_at(DEAD)
    _, general = found_at([1, 2, 2, 3, 1, 1])
    assert issue(LocalDimension(dead.lower, dead.upper), exact).statement.value == 3
    assert refused(LocalDimension(general.lower, dead.upper), exact)
    two = issue(OrbitInFiber(exact.hash, tuple(map(Fraction, DEAD)), 1000003, 1), exact)
    assert refused(LocalDimension(two, dead.upper), exact)
    same = issue(replace(dead.lower.certificate, value=2), exact)
    assert same.statement.value == general.upper.statement.value
    assert refused(LocalDimension(same, general.upper), exact)
    assert refused(BeyondOrbit(dead.lower, general.orbit), exact)
    assert issue(BeyondOrbit(dead.lower, dead.orbit), exact).statement.value == "no"
    assert refused(BeyondOrbit(general.lower, general.orbit), exact)
    assert issue(BeyondOrbit(dead.lower, dead.orbit, dead.upper), exact).statement.value == 2
    assert refused(BeyondOrbit(two, dead.orbit, dead.upper), exact)


def test_orbits_at_weights():
    exact, found = found_at(DEAD)
    orbit = found.orbit.certificate
    assert isinstance(orbit, OrbitAt)
    assert (orbit.value, found.orbit.claim) == (1, Claim.PROVED)  # of two fields, by the rank over Q
    for forged in (
        replace(orbit, value=2),
        replace(orbit, value=0),
        replace(orbit, primes=()),
        replace(orbit, primes=orbit.primes * 2),
        replace(orbit, primes=(4,)),
        replace(orbit, at=OTHER),
    ):
        assert refused(forged, exact)
    assert refused(OrbitInFiber(exact.hash, orbit.at, orbit.primes[0], 2), exact)


def test_no_fiber_is_smaller_than_a_general_one():
    model = nv.as_model("mlp(2,2,1; x^3)")
    exact, at = exact_functions(model), tuple(map(Fraction, DEAD))
    known = dimension_of(model, seed=0)
    assert issue(NoSmallerThanGeneral(at, known.verdict), exact).statement.value == 2
    lower = issue(known.verdict.certificate.lower.certificate, exact)  # says nothing from above
    assert refused(NoSmallerThanGeneral(at, lower), exact)
    assert refused(NoSmallerThanGeneral(at[:-1], known.verdict), exact)


def test_dimensions_are_complex_ones():
    """The real weights with w0^2 + w1^2 = 0 are one point, the complex ones two lines."""
    model = nv.as_model(lambda w, x: (w[0] ** 2 + w[1] ** 2) * x[0], (2,), input_shape=1)
    found = nv.fibers(model, at=[0, 0])
    assert found.value["dimension"] == 1
    assert "complex" in found.meaning
    assert OVER_C in found.verdicts["dimension"].statement.scope


@pytest.mark.parametrize("at", [[0.1, 0.2, 0, 0, 0.3, 0], [1e-30, 2e-30, 0, 0, 1e30, 0], ["1/3", "2/3", 0, 0, "1/7", 0]])
def test_units_change_nothing(at):
    """Weights in other units, floats for their binary values."""
    found = nv.fibers(TEXT, at=at)
    assert (found.value["dimension"], found.value["hidden"], found.claim) == (3, 2, Claim.PROVED)


def test_coefficients_are_those_of_the_model():
    """What a certificate holds of known coefficients is not asked."""
    exact, found = found_at([1, 2, 2, 3, 1, 1])
    shown = found.upper.certificate.rank
    fake = replace(shown, place=replace(shown.place, coefficients=0 * shown.place.coefficients))
    assert issue(fake, exact).statement.value == shown.value
