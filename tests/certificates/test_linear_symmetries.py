"""Certificates of Lie algebras of linear symmetries: each has a false twin, which is refused."""

from __future__ import annotations

import copy
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.linear_symmetries import (
    ExpandedMaps,
    MapsAtMost,
    OrbitDimension,
    SampledMaps,
    SearchedAmong,
    StatedMaps,
    StatedSpan,
    UnstatedMaps,
)
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.reparametrizations import ansatz_of, solve
from neurovariety.linear_algebra import random_prime
from neurovariety.randomness import generator

HIDDEN = "equivariant(3,3; ranks=2,1)"
"""Of 6 dimensions one is not stated."""


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def of(notation: str) -> tuple[nv.Model, ExactFunctions, dict]:
    model = nv.as_model(notation)
    return model, exact_functions(model), dict(nv.symmetries(model).verdicts)


def again(notation: str) -> ExactFunctions:
    """The same model read anew: nothing that was taken is known."""
    return ExactFunctions(nv.as_model(notation))


def test_from_above_by_equations_at_points():
    _, _, shown = of("linear(2,2,2)")
    upper = shown["dimension"].certificate.upper.certificate
    assert isinstance(upper, MapsAtMost)
    fresh = again("linear(2,2,2)")
    assert issue(upper, fresh).claim is Claim.UPPER_BOUND
    place = upper.place
    for forged in (
        replace(upper, value=3),
        replace(upper, general=True),
        replace(upper, subject="0" * 64),
        replace(upper, place=replace(place, weights=0 * place.weights)),
        replace(upper, place=replace(place, weights=place.weights[:1], inputs=place.inputs[:1])),
        replace(upper, place=replace(place, weights=np.repeat(place.weights[:1], len(place.weights), axis=0))),
        replace(upper, place=replace(place, prime=place.prime + 1)),
        replace(upper, place=replace(place, ansatz="block-diagonal", weights=place.weights[:2], inputs=place.inputs[:2])),
        replace(upper, place=replace(place, weights=None)),
    ):
        assert refused(forged, again("linear(2,2,2)"))
    assert refused(upper, again("linear(2,1,2)"))


def test_from_below_by_what_is_stated():
    _, exact, shown = of("linear(2,2,2)")
    lower = shown["dimension"].certificate.lower.certificate
    assert isinstance(lower, StatedMaps)
    for forged in (replace(lower, value=5), replace(lower, prime=lower.prime + 1), replace(lower, subject="")):
        assert refused(forged, exact)
    assert issue(StatedSpan(lower), exact).claim is Claim.PROVED
    assert refused(StatedSpan(replace(lower, value=3)), exact)
    assert issue(StatedSpan(replace(lower, value=3), exactly=False), exact).claim is Claim.LOWER_BOUND


def test_bounds_in_different_ansatzes_do_not_meet():
    """A bound from above among fewer maps is none among all."""
    _, exact, shown = of("linear(3,1,2,3)")
    assert (shown["dimension"].statement.value, shown["stated"].statement.value) == (8, 5)
    stated = StatedMaps(exact.hash, "all", 1000003, 5)
    other = issue(replace(stated, ansatz="axes"), exact)
    assert refused(Meets(issue(stated, exact), replaced(shown, "axes")), exact)
    assert refused(Meets(other, shown["dimension"].certificate.upper), exact)


def replaced(shown: dict, ansatz: str) -> object:
    """A verdict of the same number among maps along axes."""
    model = nv.as_model("linear(3,1,2,3)")
    rng = generator(0, "test")
    found = solve(model, ansatz_of(model, ansatz), lambda: random_prime(22, rng), rng, 5)
    exact = exact_functions(model)
    assert found.basis.shape[1] < shown["dimension"].statement.value
    return issue(MapsAtMost(exact.hash, found.place, 5), exact)


def test_from_below_by_expansion():
    _, exact, shown = of(HIDDEN)
    lower = shown["dimension"].certificate.lower.certificate
    assert isinstance(lower, ExpandedMaps)
    assert issue(lower, exact).statement.value == 6
    first, *rest = lower.vectors
    for forged in (
        replace(lower, vectors=(*rest, first, first)),  # one of them twice
        replace(lower, vectors=(((first[0][0], Fraction(5)), *first[1:]), *rest)),
        replace(lower, vectors=(((10**6, Fraction(1)),), *rest)),
        replace(lower, prime=lower.prime + 1),
        replace(lower, subject=""),
    ):
        assert refused(forged, exact)
    assert shown["unstated"].statement.value == 1
    assert shown["unstated"].claim is Claim.PROVED


def test_stated_generators_that_depend_on_each_other_are_counted_over_q():
    """The span is exact by a rank over Q, and a smaller one is refused."""
    model = nv.as_model("mlp(1,1,1; x)")
    exact = exact_functions(model)
    found = nv.symmetries(model)
    assert found.claim is Claim.PROVED
    assert exact.stated_maps_over_q("all") == found.value["stated"]


def powers() -> nv.Model:
    return nv.as_model(lambda w, x: w["b"] @ (w["a"] @ x) ** 40, {"a": (2, 5), "b": (1, 2)}, input_shape=5)


def test_from_below_at_random_places():
    """Too large to expand: the error is computed, and says little of one place."""
    model = powers()
    exact, shown = exact_functions(model), nv.symmetries(model).verdicts
    tested = shown["dimension"].certificate
    assert isinstance(tested, SampledMaps)
    assert (shown["dimension"].statement.value, shown["dimension"].claim) == (2, Claim.PROBABILITY)
    assert 0 < shown["dimension"].statement.error <= 2.0**-20
    assert issue(tested, ExactFunctions(powers())).claim is Claim.PROBABILITY
    (u, c), *more = tested.vectors[0]
    for forged in (
        replace(tested, places=tested.places[:1]),
        replace(tested, places=tested.places[:1] * 4),
        replace(tested, places=tuple(copy.deepcopy(tested.places[0]) for _ in range(4))),  # as a file would hold it
        replace(tested, places=()),
        replace(tested, vectors=tested.vectors[1:]),
        replace(tested, vectors=(((u, c + 1), *more), *tested.vectors[1:])),
        replace(tested, places=tuple(replace(p, prime=101, weights=p.weights % 101, inputs=p.inputs % 101) for p in tested.places)),
    ):
        assert refused(forged, exact)
    orbit = shown["orbit_dimension"]
    assert (orbit.statement.value, orbit.claim) == (2, Claim.PROBABILITY)


def test_orbits():
    _, exact, shown = of("linear(3,1,2,3)")
    orbit = shown["orbit_dimension"].certificate
    assert isinstance(orbit, OrbitDimension)
    assert orbit.value == 6  # of 8 dimensions: the fiber has no more
    for forged in (
        replace(orbit, value=7),
        replace(orbit, value=5),
        replace(orbit, weights=0 * orbit.weights),
        replace(orbit, rank=replace(orbit.rank, value=orbit.rank.value - 1)),
        replace(orbit, maps=shown["stated"]),
        replace(orbit, upper=orbit.maps),
    ):
        assert refused(forged, exact)
    assert refused(orbit, exact_functions(nv.as_model("linear(3,2,3)")))


def test_the_ansatz_and_what_is_left():
    _, exact, shown = of("linear(2,2,2)")
    assert shown["ansatz"].statement.value == "all"
    assert refused(SearchedAmong(shown["stated"]), exact)
    assert refused(UnstatedMaps(shown["stated"], shown["stated"]), exact)
    assert refused(UnstatedMaps(shown["dimension"], shown["dimension"]), exact)
    assert refused(UnstatedMaps(of("linear(2,1,2)")[2]["dimension"], shown["stated"]), exact)


@pytest.mark.parametrize(("notation", "dimension"), [("linear(2,27,1)", 729), ("mlp(2,2,1; generic(3))", 0)])
def test_the_scope_is_part_of_what_is_said(notation, dimension):
    found = nv.symmetries(notation)
    said = found.verdicts["dimension"].statement
    assert said.value == dimension
    assert any("among" in phrase for phrase in said.scope)
    assert ("for general coefficients" in said.scope) == ("generic" in notation)
    assert ("all of them are stated" in found.meaning) == (dimension > 0 and found.value["ansatz"] == "all")
