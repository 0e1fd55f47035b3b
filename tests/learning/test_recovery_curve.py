"""Teacher and student: fits give the network back from as many samples on as were predicted."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.learning.recovery_curve import Thresholds, recovery_curve, shares_alone


@pytest.mark.parametrize(
    ("architecture", "finite", "unique"),
    [
        ("linear(3,2,3)", 3, 3),
        ("mlp(3,2,1; x^2)", 5, 6),
        ("mlp(2,2,1; x^4)", 4, 5),
        ("cnn(2,2; x^2)", 3, 4),
        ("attention(2,1; a=1; t=2)", 3, 3),
        ("mlp(2,2,1; x^2)", 3, 3),
    ],
)
def test_the_drop_is_where_it_is_predicted(architecture, finite, unique):
    """The numbers are those of `sample-complexity`, whose own tests hold them to proofs and to other programs."""
    curve = recovery_curve(nv.as_model(architecture), unique + 1)
    assert (curve.none_below, curve.all_from) == (finite, unique)
    errors = [p.error for p in curve.points]
    assert min(errors[: finite - 1]) > 1e-2
    assert max(errors[unique - 1 :]) < 1e-6


@pytest.mark.parametrize("seed", range(1, 4))
def test_other_seeds(seed):
    curve = recovery_curve(nv.as_model("cnn(2,2; x^2)"), 5, seed=seed)
    assert (curve.none_below, curve.all_from) == (3, 4)


def test_other_solutions_that_no_real_weights_have_are_not_met():
    """A cube of a linear form at two samples: three functions over the complex numbers, one of them real."""
    curve = recovery_curve(nv.as_model("mlp(2,1,1; x^3)"), 3)
    assert (curve.none_below, curve.all_from) == (2, 2)


def test_the_same_seed_gives_the_same_curve():
    first, again, other = (recovery_curve(nv.as_model("linear(2,1,2)"), 3, teachers=2, starts=2, seed=s) for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_what_cannot_be_fitted_is_refused():
    with pytest.raises(nv.InputError, match="rational"):
        recovery_curve(nv.as_model("mlp(2,2,1; 1/x)"), 3)
    with pytest.raises(nv.InputError, match="generic coefficients"):
        recovery_curve(nv.as_model("mlp(2,2,1; generic(2))"), 3)


def test_functions_between_the_two_numbers_are_counted_for_each_teacher():
    """A quartic says how many functions v ((u x)^3 + u x) have three values: all of them are found, and those of real weights."""
    model = nv.as_model("mlp(2,1,1; x^3 + x)")
    predicted = Thresholds.of(model, 3, 4, seed=0)
    assert predicted.left is not None
    several = 0
    for k in (0, 3, 10):
        rng = np.random.default_rng(k)
        teacher, x = rng.choice([-1, 1], 3) * rng.uniform(0.5, 1.5, 3), rng.standard_normal((3, 2))
        rivals = predicted.left.rivals(teacher, x, rng)
        assert rivals is not None
        slopes = other_slopes(teacher, x)
        found = sorted(c[1] / c[0] for c in rivals.coefficients[list(rivals.made)].real)  # of u_1^2 u_2 over u_1^3, three times
        assert found == pytest.approx(sorted(3 * s for s in slopes), rel=1e-5)
        assert len(rivals.coefficients) == 4
        assert predicted.left.agreeing(rivals, x) == rivals.made
        assert predicted.left.agreeing(rivals, np.concatenate([x, rng.standard_normal((1, 2))])) == (rivals.teacher,)
        several += len(slopes) > 1
    assert several == 2


def other_slopes(teacher, x):
    """u_2 / u_1 of all real functions with the teacher's values y at x, where v > 0 or not: a^2 times (s^3 y_1 - y_2) is y_2 - s y_1
    for a = u x_1 and s a = u x_2."""
    u, v = teacher[:2], teacher[2]
    y = v * ((x @ u) ** 3 + x @ u)
    p, q = np.linalg.solve(x[:2].T, x[2])
    s = np.polynomial.Polynomial([0.0, 1.0])
    k = p + q * s
    roots = ((y[1] - s * y[0]) * (k**3 * y[0] - y[2]) - (y[2] - k * y[0]) * (s**3 * y[0] - y[1])).roots()
    real = [r.real for r in roots if abs(r.imag) < 1e-7 * max(1, abs(r)) and (y[1] - r.real * y[0]) / (r.real**3 * y[0] - y[1]) > 0]
    forms = [np.linalg.solve(x[:2], [1.0, r]) for r in real]
    return [form[1] / form[0] for form in forms]


@pytest.mark.parametrize(("seed", "expected"), [(1, 3), (2, 4)])
def test_where_the_drop_comes_is_predicted_for_the_teachers_of_the_run(seed, expected):
    """Where no teacher has another real function one sample less is enough."""
    model = nv.as_model("mlp(2,1,1; x^3 + x)")
    curve = recovery_curve(model, 5, predicted=Thresholds.of(model, 3, 4, seed), teachers=3, seed=seed)
    assert (curve.none_below, curve.all_from, curve.expected_from) == (3, expected, expected)
    between = curve.points[2].teachers
    assert between.counted == 3
    assert between.seen_others == 3 - between.alone
    assert not between.strangers


def test_shares_of_teachers_that_are_alone():
    """84.3 % of teachers are, as the quartic of 20,000 of them says (`python -m benchmarks.recoveries`)."""
    model = nv.as_model("mlp(2,1,1; x^3 + x)")
    (share,) = shares_alone(model, Thresholds.of(model, 3, 4, seed=0), 8, seed=0)
    low, high = share.interval
    assert share.samples == 3
    assert share.teachers == 8
    assert low < 0.843 < high < low + 0.6
    assert shares_alone(nv.as_model("linear(2,1,2)"), Thresholds(2, 2), 5, seed=0) == ()
