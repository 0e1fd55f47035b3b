"""Samples that are enough for uniform statements on a model's functions: the best of the bounds that certificates allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import flint

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
    """The least numbers of samples that the bounds give for a task."""
    exact = exact_functions(sizes.model)
    largest = task.epsilon / (2 * (4 * task.radius + 2 * task.noise))
    cover, number = _least(sizes, task, largest, uniform_by_cover)
    spanned = UniformBySpan(exact.hash, task, sizes.span, enough(uniform_by_span(task, int(sizes.span.statement.value), exact.outputs)))
    by_cover = issue(UniformByCover(exact.hash, task, cover.ball.epsilon, cover.best, number), exact)
    by_span = issue(spanned, exact)
    covers, fit = {"uniform": cover}, None
    if not task.noise:
        half = Fraction(int(flint.fmpz(int(task.epsilon * 4**40)).isqrt()), 2**41)  # half the root of epsilon, or a little less
        cover, number = _least(sizes, task, half, fit_by_cover)
        fit = issue(FitByCover(exact.hash, task, cover.ball.epsilon, cover.best, number), exact)
        covers["exact_fit"] = cover
    least = min(by_cover, by_span, key=lambda v: int(v.statement.value))
    return EnoughSamples(least, fit, {"cover": int(by_cover.statement.value), "span": int(by_span.statement.value)}, covers)


def _least(
    sizes: SizesOfModel, task: LearningTask, largest: Fraction, needed: Callable[[LearningTask, Fraction, Fraction], flint.arb]
) -> tuple[Covers, int]:
    """The cover by which fewest samples are needed, and how many."""
    found: list[tuple[int, int, Covers]] = []
    for k in range(1, _HALVINGS + 1):
        covers = sizes.covers(task.ball(Fraction(float(largest / 2**k))))
        try:
            found.append((enough(needed(task, covers.ball.epsilon, Fraction(covers.best.statement.value))), k, covers))
        except NotShown:
            continue
    number, _, covers = min(found, key=lambda f: f[:2])
    return covers, number
