"""Bounds of covering numbers of a model's functions: all that apply, with the constants that they are made of."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypedDict

from neurovariety.certificates.covering_numbers import (
    ON_INPUTS,
    BallOfFunctions,
    CoveredByCells,
    CoveredBySpan,
    CoveredByWeights,
    log_of_cells,
    log_of_span,
    log_of_weights,
    thousandths_above,
)
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.model_of_premises import premises_of
from neurovariety.certificates.upper_bounds import ByTheorem, Expanded
from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.span import bounding, span_bound
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.model import Model
from neurovariety.theorem import DEGREE, Theorem

_LONGEST = 10**15
"""Numbers of pieces from here on are told by their size."""


class CoverConstants(TypedDict):
    """What the bounds are made of: bounds of the dimension, of that of the linear span, of the degree of the closure (None where it is
    not known), the number of parameters, the degree of the coefficients in these, and how many pieces a section has, where fewer
    coordinates are fixed than the dimension (``pieces``), and where so many are (``points``)."""

    dimension: int
    span: int
    degree: int | None
    parameters: int
    weight_degree: int
    pieces: int | str
    points: int | str


@dataclass(frozen=True)
class SizesOfModel:
    """What is known from above of the functions of a model, whatever the ball: its ``dimension``, ``span`` and ``degree`` as verdicts.

    ``known`` is all that is known of the dimension; ``weight_degree`` bounds the degree of coefficients in the weights.
    """

    model: Model
    known: Dimension
    dimension: Verdict
    span: Verdict
    degree: Verdict | None
    weight_degree: int

    @classmethod
    def of(cls, model: Model, seed: int) -> SizesOfModel:
        """Raises `InputError` for a rational model, whose sections are not counted here, and where nothing bounds the linear span."""
        exact = exact_functions(model)
        if exact.weight_degree is None:
            raise InputError(f"{model.name} divides by what depends on weights or inputs; covers are bounded for polynomial models")
        known = dimension_of(model, seed=seed)
        span = _span(model, known)
        if span is None:
            raise InputError(f"nothing bounds the linear span of {model.name}; covers are bounded for models that have a finite one")
        dimension = known.verdict if known.sure else issue(known.upper.certificate, exact_coefficients(model))
        return cls(model, known, dimension, span, _degree(model), exact.weight_degree)

    @property
    def theorems(self) -> tuple[Theorem, ...]:
        """Those that were used."""
        used = {(c.name, c.quantity) for v in (self.dimension, self.span, self.degree) if v for c in _theorems_under(v)}
        return tuple(t for t in self.model.theorems if t.applies and (t.name, t.quantity) in used)

    def _numbers(self, ball: BallOfFunctions) -> tuple[float, float, tuple[int, ...]]:
        """The bounds by cells and by the span, for all weights, and the pieces of sections."""
        span, ratio = int(self.span.statement.value), ball.radius / ball.epsilon
        exact = exact_functions(self.model)
        pieces = CoveredByCells(exact.hash, ball, self.dimension, self.span, self.degree, 0.0).pieces(exact)
        cells = log_of_cells(pieces, span, ratio, euclidean=ball.euclidean)
        return thousandths_above(cells), thousandths_above(log_of_span(span, ratio)), pieces

    def log_number(self, ball: BallOfFunctions) -> float:
        """The least of the two, not yet shown."""
        return min(self._numbers(ball)[:2])

    def covers(self, ball: BallOfFunctions) -> Covers:
        """The bounds of log N for a ball."""
        exact = exact_functions(self.model)
        by_cells, by_span, pieces = self._numbers(ball)
        bounds = {
            "cells": issue(CoveredByCells(exact.hash, ball, self.dimension, self.span, self.degree, by_cells), exact),
            "span": issue(CoveredBySpan(exact.hash, ball, self.span, by_span), exact),
        }
        notices = []
        if ball.weights is not None and ball.norm != ON_INPUTS:
            try:
                written_out(self.model)
                subject = exact_coefficients(self.model)
                value = thousandths_above(log_of_weights(subject, ball))
                bounds["weights"] = issue(CoveredByWeights(exact.hash, ball, value), subject)
            except (InputError, ResourceError, NotShown) as refusal:
                notices.append(f"the bound by weights was left out: {refusal}")
        constants: CoverConstants = {
            "dimension": int(self.dimension.statement.value),
            "span": int(self.span.statement.value),
            "degree": None if self.degree is None else int(self.degree.statement.value),
            "parameters": self.model.parameters,
            "weight_degree": self.weight_degree,
            "pieces": _in_short(pieces[1] if len(pieces) > 2 else 1),
            "points": _in_short(pieces[-1]),
        }
        return Covers(ball, bounds, constants, tuple(notices))


@dataclass(frozen=True)
class Covers:
    """Bounds of log N for the functions of a ball, by name, and the ``constants`` they are made of."""

    ball: BallOfFunctions
    bounds: dict[str, Verdict]
    constants: CoverConstants
    notices: tuple[str, ...] = field(default=())

    @property
    def best(self) -> Verdict:
        """The least of them, of those that rest on no draw where two are alike."""
        return min(self.bounds.values(), key=lambda v: (v.statement.value, v.statement.error))

    @property
    def best_name(self) -> str:
        """Its name."""
        return next(name for name, v in self.bounds.items() if v is self.best)


def _span(model: Model, known: Dimension) -> Verdict | None:
    """The dimension of the linear span, known from above: proved where it can be, else with a probability of error; None where nothing
    bounds it."""
    if known.span.claim is Claim.PROVED:
        return known.span.verdict
    exact, cap = exact_functions(model), span_bound(model, model.theorems)
    if (expanded := exact.expanded_span(False)) is not None:
        return issue(Expanded(exact.hash, expanded), exact)
    if known.span.claim is Claim.PROBABILITY:
        return known.span.verdict
    return None if cap is None else issue(bounding(model, cap), exact)


def _in_short(count: int) -> int | str:
    """A count, or the next power of ten above it, where it is too long to be written."""
    return count if count < _LONGEST else f"10^{math.ceil(count.bit_length() * math.log10(2))}"


def _degree(model: Model) -> Verdict | None:
    """The degree of the closure by a theorem; None where none says it."""
    theorem = next((t for t in model.theorems if t.applies and t.quantity == DEGREE), None)
    exact = exact_functions(model)
    return None if theorem is None else issue(exact.by_theorem(theorem), exact)


def _theorems_under(verdict: Verdict) -> Iterator[ByTheorem]:
    """The theorems that a verdict rests on."""
    if isinstance(verdict.certificate, ByTheorem):
        yield verdict.certificate
    for premise in premises_of(verdict):
        yield from _theorems_under(premise)
