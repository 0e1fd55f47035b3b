"""Certificates of where a function lies: each has a false twin, which is refused; theorems against a search that knows none."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.image_membership import POSITIONS, PlacedByImage, real_roots
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.known_equations import AbsentCoefficient, KnownEquations, ViolatedEquation, WeightsPlace
from neurovariety.certificates.realized import RealizedBySurds, RealizedInBox
from neurovariety.claim import Claim
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def asked(notation: str, target: str) -> tuple:
    model = nv.as_model(notation)
    found = nv.membership(model, target=target)
    return exact_coefficients(model), found, found.verdicts["verdict"].certificate


def test_real_roots_are_counted():
    """Against the roots that numpy finds, of polynomials with well separated ones; multiple and infinite ones by hand."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        real, pairs = int(rng.integers(0, 4)), int(rng.integers(0, 3))
        places = rng.choice(np.arange(-9, 10), size=real, replace=False)
        p = np.array([1.0])
        for r in places:
            p = np.convolve(p, [1, -float(r)])
        for k in range(pairs):
            p = np.convolve(p, [1, 2.0 * k, k * k + 1.0])
        assert real_roots([Fraction(int(c)) for c in p[::-1]]) == (real, real)
    assert real_roots([Fraction(c) for c in (0, 0, 1, 1, 0)]) == (4, 3)  # x^2 (x + 1), and one at infinity
    assert real_roots([Fraction(c) for c in (1, 0, 2, 0, 1)]) == (0, 0)  # (x^2 + 1)^2
    assert real_roots([Fraction(5)]) == (0, 0)


PLACED = [
    ("linear(2,1,2)", "x0; x1", "excluded"),
    ("linear(2,1,2)", "x0^2; x1", "excluded"),
    ("mlp(3,2,1; x^2)", "x0*x1 + x2^2", "excluded"),
    ("mlp(3,2,1; x^2; bias)", "x0^2 + x1", "closure only"),
    ("mlp(3,2,1; x^2; bias)", "x0*x1 + x2", "excluded"),
    ("mlp(2,2,2; x^2)", "x0^2; x0*x1", "closure only"),
    ("mlp(2,2,2; x^2)", "x0^2 - x1^2; x0*x1", "excluded"),
    ("mlp(2,1,2; x^2)", "x0*x1; 2*x0*x1", "excluded"),
    ("mlp(2,2,1; x^3)", "x0^2*x1", "closure only"),
    ("mlp(2,2,1; x^3)", "x0^3 - 3*x0*x1^2", "excluded"),
    ("cnn(2,2; x)", "x0 + x1 + x2", "excluded"),
    ("cnn(2,2; x)", "x0 + 3*x1 + x2", "realizable"),
]


@pytest.mark.parametrize(("notation", "target", "verdict"), PLACED)
def test_theorems_on_sets_of_functions(notation, target, verdict):
    exact, found, shown = asked(notation, target)
    assert (found.value["verdict"], found.claim) == (verdict, Claim.PROVED)
    assert isinstance(shown, PlacedByImage)
    for other in {"realizable", "closure only", "excluded"} - {verdict}:
        assert refused(replace(shown, value=other), exact)
    assert refused(replace(shown, subject=""), exact)
    assert refused(shown, exact_coefficients(nv.as_model("mlp(2,2,1; x^3 + x^2)")))


@pytest.mark.parametrize("notation", ["linear(2,1,2)", "mlp(2,1,1; x^2; bias)", "mlp(2,2,2; x^2)", "mlp(2,2,1; x^3)", "cnn(2,2; x)"])
def test_functions_of_the_model_are_never_placed_outside(notation):
    """An opponent: functions of small weights, of which no theorem may say that they are none."""
    model = nv.as_model(notation)
    exact = exact_coefficients(model)
    kind, numbers = exact.image_facts
    rng = np.random.default_rng(1)
    small = list(product((-1, 0, 2), repeat=model.parameters)) if model.parameters <= 5 else None
    for k in range(120):
        w = small[k % len(small)] if small else rng.integers(-2, 3, model.parameters).tolist()
        assert POSITIONS[kind](exact.function_at(tuple(map(Fraction, w))), *numbers) == "realizable"


def test_weights_in_a_quadratic_field():
    exact, found, shown = asked("mlp(2,2,2; x^2)", "3*x0^2 + x0*x1; x1^2 - x0*x1")
    assert isinstance(shown, RealizedBySurds)
    assert found.verdicts["witness"].claim is Claim.PROVED
    for forged in (
        replace(shown, square=shown.square + 1),
        replace(shown, square=-shown.square),
        replace(shown, target={(0, (2, 0)): Fraction(1)}),
        replace(shown, decimals=(shown.decimals[0] + 1e-9, *shown.decimals[1:])),
        replace(shown, decimals=shown.decimals[1:]),
        replace(shown, root=tuple(2 * b for b in shown.root)),
    ):
        assert refused(forged, exact)


def test_weights_in_a_box():
    model = nv.as_model("cp(2,2,2; rank=2)")
    exact, found = exact_coefficients(model), nv.membership(model)
    shown = found.verdicts["verdict"].certificate
    assert isinstance(shown, RealizedInBox)
    assert (found.claim, found.verdicts["witness"].claim) == (Claim.PROVED, Claim.PROVED)
    (name, value), *_ = shown.target.items()
    for forged in (
        replace(shown, target={**shown.target, name: value + 1}),
        replace(shown, target={**shown.target, (0, (9, 9, 9, 9)): Fraction(1)}),
        replace(shown, centre=(shown.centre[0] + 0.1, *shown.centre[1:])),
        replace(shown, radius=0.0),
        replace(shown, radius=shown.radius * 2.0**-60),
        replace(shown, rows=shown.rows[:-1]),
        replace(shown, columns=(shown.columns[0],) * len(shown.columns)),
        replace(shown, inverse=tuple(tuple(2 * v for v in row) for row in shown.inverse)),
        replace(shown, subject=""),
    ):
        assert refused(forged, exact)


def test_equations_that_a_target_violates():
    exact, found, shown = asked("mlp(2,2,1; x^3 + x^2)", "x0^3 + x1^2 + x0*x1^2 - 5*x0^2")
    assert isinstance(shown, ViolatedEquation)
    assert (found.value["verdict"], found.claim) == ("excluded", Claim.PROVED)
    assert found.verdicts["violated"].claim is Claim.PROVED
    assert refused(replace(shown, target={}), exact)
    assert refused(replace(shown, target=exact.function_at(tuple(map(Fraction, (1, 2, 3, 4, 5, 6))))), exact)
    assert refused(replace(shown, number=5), exact)
    assert refused(replace(shown, known=found.verdicts["verdict"]), exact)
    _, found, absent = asked("groupconv(cyclic(3); layers=2; x^2)", "x0; x1; x2")
    assert isinstance(absent, AbsentCoefficient)
    exact = exact_coefficients(nv.as_model("groupconv(cyclic(3); layers=2; x^2)"))
    assert refused(replace(absent, name=(0, (2, 0, 0))), exact)
    assert refused(replace(absent, target={}), exact)


def test_equations_that_are_known():
    model = nv.as_model("linear(2,1,2)")
    exact = exact_coefficients(model)
    (equation,) = nv.equations(model).system.generators
    assert issue(KnownEquations(exact.hash, (equation,), 4), exact).claim is Claim.PROVED
    wrong = replace(equation, terms=tuple((t, abs(c)) for t, c in equation.terms))
    rng = np.random.default_rng(0)
    places = tuple(WeightsPlace(p, rng.integers(0, p, (20, 4))) for p in (4194301, 4194287))
    assert refused(KnownEquations(exact.hash, (equation, wrong), 4, places), exact)
    assert refused(KnownEquations(exact.hash, (equation,), 5), exact)
    exact._vanishing[equation] = None  # as if it were too long to expand
    try:
        tested = KnownEquations(exact.hash, (equation,), 4, places)
        assert issue(tested, exact).claim is Claim.PROBABILITY
        assert 0 < tested.error <= 2.0**-20
        for forged in (
            replace(tested, places=()),
            replace(tested, places=places[:1] * 2),
            replace(tested, places=(WeightsPlace(101, places[0].weights),)),
        ):
            assert refused(forged, exact)
        exact._vanishing[wrong] = None
        assert refused(replace(tested, equations=(wrong,)), exact)
    finally:
        del exact._vanishing[equation], exact._vanishing[wrong]
