"""Samples that are enough: the inequalities against experiments, and certificates that rest on something else, which are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import exp, log

import numpy as np
import pytest

from neurovariety.architectures import as_model
from neurovariety.certificates.covering_numbers import BallOfFunctions
from neurovariety.certificates.issue import issue
from neurovariety.certificates.uniform_learning import (
    FitByCover,
    LearningTask,
    UniformByCover,
    UniformBySpan,
    enough,
    fit_by_cover,
    uniform_by_cover,
    uniform_by_span,
)
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.learning.bounds_of_covers import SizesOfModel
from neurovariety.learning.enough_samples import enough_samples

TASK = LearningTask(Fraction(1), Fraction(0), Fraction(1, 10), Fraction(1, 20))


@pytest.fixture(scope="module")
def lines():
    """f(x) = a x, |x| <= 1: functions of size at most 1 are those with |a| <= 1."""
    return SizesOfModel.of(as_model("linear(1,1)"), 0)


def refused(certificate, subject, match):
    with pytest.raises(NotShown, match=match):
        issue(certificate, subject)


def test_enough_for_all_slopes(lines):
    """The largest |L - L_n| over all slopes a, found exactly, for signs as inputs and targets."""
    found = enough_samples(lines, TASK)
    n, rng = found.uniform.statement.value, np.random.default_rng(0)
    assert found.uniform.claim is Claim.UPPER_BOUND
    over = dict.fromkeys((n, n // 20), 0)
    for number in over:
        for _ in range(100):
            x, y = rng.choice([-1.0, 1.0], number), rng.choice([-1.0, 1.0], number)
            # L(a) = a^2 + 1, L_n(a) = a^2 - 2 a mean(xy) + 1: the largest difference is 2 |mean(xy)|
            over[number] += 2 * abs((x * y).mean()) > float(TASK.epsilon)
    assert over[n] <= 0.05 * 100
    assert over[n // 20] > 0.05 * 100, "and no more than twenty times as many as it takes"
    assert n >= 8 * log(2 / 0.05) / (4 * 0.1**2), "but no fewer than one function needs"


def test_enough_for_a_fit_without_error(lines):
    """a x with x = 0 but for a small share: the slope is open as long as only zeros were seen."""
    found = enough_samples(lines, TASK)
    n = found.exact_fit.statement.value
    share = float(TASK.epsilon) / 4  # slopes -1 and 1 differ by 2: mean squared distance 4 share = epsilon
    assert (1 - share) ** n <= 0.05


def test_units_do_not_matter():
    """Outputs in other units: radius and noise by c, epsilon by its square."""
    for c in (Fraction(1, 1024), Fraction(64)):
        scaled = LearningTask(TASK.radius * c, Fraction(1, 2) * c, TASK.epsilon * c**2, TASK.delta)
        plain = replace(TASK, noise=Fraction(1, 2))
        eta = Fraction(1, 1000)
        assert enough(uniform_by_cover(plain, eta, Fraction(9))) == enough(uniform_by_cover(scaled, eta * c, Fraction(9)))
        assert enough(uniform_by_span(plain, 4, 2)) == enough(uniform_by_span(scaled, 4, 2))
        bare = replace(TASK, radius=TASK.radius * c, epsilon=TASK.epsilon * c**2)
        assert enough(fit_by_cover(TASK, eta, Fraction(9))) == enough(fit_by_cover(bare, eta * c, Fraction(9)))


def test_the_formulas_at_a_hand_computed_place():
    """B = 1, no noise, eta = 1/100, log N = 5."""
    eta = Fraction(1, 100)
    margin = 0.1 - 2 * 0.01 * 4.01
    assert float(uniform_by_cover(TASK, eta, Fraction(5))) == pytest.approx(2.01**4 * (5 + log(40)) / (2 * margin**2))
    assert float(fit_by_cover(TASK, eta, Fraction(5))) == pytest.approx((5 + log(20)) * 2.01**2 / (0.1 - 0.02 * 0.1**0.5))
    assert float(uniform_by_span(TASK, 9, 1)) == pytest.approx(((8 * 3 + 4 * (log(40) / 2) ** 0.5) / 0.1) ** 2)
    assert float(uniform_by_span(TASK, 9, 4)) == pytest.approx(((8 * 3 * 8**0.5 + 4 * (log(40) / 2) ** 0.5) / 0.1) ** 2)
    assert enough(uniform_by_span(replace(TASK, epsilon=Fraction(10**9)), 1, 1)) == 1


def test_rademacher_averages_are_no_larger_than_what_is_taken():
    """Linear functions of size at most 1 on the cube in two inputs: E sup (1/n) sum s_i f(x_i) against sqrt(s / n)."""
    rng, n = np.random.default_rng(2), 50
    found = []
    for _ in range(400):
        x, signs = rng.choice([-1.0, 1.0], (n, 2)), rng.choice([-1.0, 1.0], n)
        found.append(np.abs(signs @ x).max() / n)  # |a0| + |a1| <= 1
    assert np.mean(found) <= (2 / n) ** 0.5


def test_a_cover_of_other_balls_or_of_another_model_is_refused(lines):
    exact, eta = exact_functions(lines.model), Fraction(1, 256)
    cover = lines.covers(TASK.ball(eta)).best
    number = enough(uniform_by_cover(TASK, eta, Fraction(cover.statement.value)))
    right = UniformByCover(exact.hash, TASK, eta, cover, number)
    verdict = issue(right, exact)
    assert (verdict.claim, verdict.statement.scope) == (Claim.UPPER_BOUND, TASK.uniform_scope)
    refused(replace(right, value=number - 1), exact, "enough")
    for other in (
        lines.covers(TASK.ball(2 * eta)).best,
        lines.covers(BallOfFunctions("inputs", Fraction(2), eta)).best,
        lines.covers(BallOfFunctions("sup", Fraction(1), eta)).best,
        lines.span,
        SizesOfModel.of(as_model("linear(2,2)"), 0).covers(TASK.ball(eta)).best,
    ):
        refused(replace(right, cover=other), exact, "other")
    refused(replace(right, eta=Fraction(-1)), exact, "no balls")
    refused(replace(right, subject="another"), exact, "another model")
    refused(replace(right, task=replace(TASK, noise=Fraction(1))), exact, "enough|too large")
    refused(replace(right, task=replace(TASK, delta=Fraction(1, 21))), exact, "enough")
    refused(replace(right, task=replace(TASK, epsilon=Fraction(1, 100))), exact, "too large")
    fit = FitByCover(exact.hash, TASK, eta, cover, enough(fit_by_cover(TASK, eta, Fraction(cover.statement.value))))
    assert issue(fit, exact).statement.scope == TASK.fit_scope
    refused(replace(fit, value=fit.value - 1), exact, "enough")
    refused(replace(fit, task=replace(TASK, noise=Fraction(1, 10))), exact, "noisy")
    refused(replace(fit, task=replace(TASK, epsilon=Fraction(1, 10**6))), exact, "too large")


def test_a_span_is_one_of_the_model(lines):
    exact = exact_functions(lines.model)
    right = UniformBySpan(exact.hash, TASK, lines.span, enough(uniform_by_span(TASK, 1, 1)))
    assert issue(right, exact).claim is Claim.UPPER_BOUND
    refused(replace(right, value=right.value - 1), exact, "enough")
    refused(replace(right, span=SizesOfModel.of(as_model("linear(2,2)"), 0).span), exact, "not known from above")
    refused(replace(right, span=lines.dimension), exact, "not known from above")
    refused(replace(right, subject="another"), exact, "another model")


def test_tasks_make_sense():
    for wrong in ({"radius": Fraction(0)}, {"noise": Fraction(-1)}, {"epsilon": Fraction(0)}, {"delta": Fraction(1)}):
        with pytest.raises(ValueError, match="expected"):
            replace(TASK, **wrong)


def test_the_least_is_taken_of_what_is_shown():
    """Where functions fill their span, averages in it need fewer samples than a cover; where they do not, and are few, more."""
    filled = enough_samples(SizesOfModel.of(as_model("mlp(2,2,1; x^2)"), 0), TASK)
    assert filled.uniform.statement.value == min(filled.bounds.values())
    noisy = enough_samples(SizesOfModel.of(as_model("linear(2,1,2)"), 0), replace(TASK, noise=Fraction(2)))
    assert noisy.exact_fit is None
    assert noisy.uniform.statement.value > filled.uniform.statement.value
    assert exp(float(filled.covers["uniform"].best.statement.value)) > 1
