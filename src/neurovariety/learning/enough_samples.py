"""Samples that are enough for uniform statements on a model's functions: the best of the bounds that certificates allow."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import flint

from neurovariety.certificates.covering_numbers import BallOfFunctions
from neurovariety.certificates.issue import NotShown, Verdict, issue
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
from neurovariety.errors import InputError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.learning.bounds_of_covers import Covers, SizesOfModel

_HALVINGS = 14
"""Radii of balls that are tried: the largest, halved again and again."""


@dataclass(frozen=True)
class EnoughSamples:
    """Numbers of samples that are enough: ``uniform``, the least of those by name in ``bounds``; ``exact_fit``, None where there is
    noise; and the ``covers`` behind the numbers that rest on one, by name."""

    uniform: Verdict
    exact_fit: Verdict | None
    bounds: dict[str, int]
    covers: dict[str, Covers]


def enough_samples(sizes: SizesOfModel, task: LearningTask) -> EnoughSamples:
    """The least numbers of samples that the bounds give for a task. Raises `InputError` where epsilon is too small to compute with."""
    exact = exact_functions(sizes.model)
    number, ball = _least(sizes, task, _largest(task), uniform_by_cover)
    cover = sizes.covers(ball)
    by_cover = issue(UniformByCover(exact.hash, task, ball.epsilon, cover.best, number), exact)
    by_span = issue(UniformBySpan(exact.hash, task, sizes.span, _by_span(sizes, task)), exact)
    covers, fit = {"uniform": cover}, None
    if not task.noise:
        number, ball = _least(sizes, task, Fraction(math.sqrt(task.epsilon)) / 2, fit_by_cover)
        covers["exact_fit"] = sizes.covers(ball)
        fit = issue(FitByCover(exact.hash, task, ball.epsilon, covers["exact_fit"].best, number), exact)
    least = min(by_cover, by_span, key=lambda v: int(v.statement.value))
    return EnoughSamples(least, fit, {"cover": int(by_cover.statement.value), "span": int(by_span.statement.value)}, covers)


def accuracy_of(sizes: SizesOfModel, task: LearningTask, samples: int) -> LearningTask:
    """The task with the least epsilon, to a thousandth of it, for which so many samples are enough.

    Raises `InputError` where that is no less than the largest loss, of which nothing has to be said.
    """
    largest = (2 * task.radius + task.noise) ** 2
    low, high = 0.0, 1.0
    needed = _needed(sizes, replace(task, epsilon=largest))
    if needed > samples:
        raise InputError(
            f"with {samples:,} samples nothing follows for functions of that radius: {needed:,} are enough for an epsilon of "
            f"{float(largest):g}, the largest loss"
        )
    while high - low > 1e-3 * high:
        middle = (low + high) / 2 if low else high / 8
        fits = _needed(sizes, replace(task, epsilon=Fraction(float(largest) * middle))) <= samples
        low, high = (low, middle) if fits else (middle, high)
    found = float(largest) * high
    digit = 10.0 ** (math.floor(math.log10(found)) - 2)
    return replace(task, epsilon=Fraction(float(f"{math.ceil(found / digit) * digit:.3g}")))


def _needed(sizes: SizesOfModel, task: LearningTask) -> int:
    return min(_by_span(sizes, task), _least(sizes, task, _largest(task), uniform_by_cover)[0])


def _by_span(sizes: SizesOfModel, task: LearningTask) -> int:
    return enough(uniform_by_span(task, int(sizes.span.statement.value), sizes.model.outputs))


def _largest(task: LearningTask) -> Fraction:
    """The radius of balls that would leave nothing of epsilon."""
    return task.epsilon / (2 * (4 * task.radius + 2 * task.noise))


def _least(
    sizes: SizesOfModel, task: LearningTask, largest: Fraction, needed: Callable[[LearningTask, Fraction, Fraction], flint.arb]
) -> tuple[int, BallOfFunctions]:
    """The number of samples that are needed with the best of several radii of balls, and these balls."""
    found: list[tuple[int, int, BallOfFunctions]] = []
    for k in range(1, _HALVINGS + 1):
        eta = Fraction(float(largest / 2**k))
        try:
            if eta:
                found.append((enough(needed(task, eta, Fraction(sizes.log_number(task.ball(eta))))), k, task.ball(eta)))
        except NotShown:
            continue
    if not found:
        raise InputError(f"an epsilon of {float(task.epsilon):g} is too small beside that radius; choose a larger one, or other units")
    number, _, ball = min(found, key=lambda f: f[:2])
    return number, ball
