"""The linear span of the functions of a small polynomial model, by expanding it over Q."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import flint

from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.model import Model, Slot
from neurovariety.program.expand import expand
from neurovariety.tolerances import MAX_EXPANDED_TERMS

Monomial = tuple[int, ...]

_MAX_DEGREE = 2000
"""Degrees in the inputs up to which monomials are counted."""


@dataclass(frozen=True)
class ExactSpan:
    """The span found by expanding the model: its dimension, that of the affine span, and the (output, exponents) of the monomials."""

    dimension: int
    affine: int
    support: tuple[tuple[int, Monomial], ...]


_SPAN: Final = Slot["ExactSpan | None"]("the span of the expanded model")


def all_monomials(model: Model) -> int | None:
    """The number of all monomials of the degrees of the outputs; None for a rational model, and where the degrees are too large."""
    d = degree_bounds(model)
    if d.rational or not math.isfinite(d.inputs) or d.inputs > _MAX_DEGREE:
        return None
    return model.outputs * sum(math.comb(model.inputs + k - 1, k) for k in range(int(d.low), int(d.inputs) + 1))


def exact_span(model: Model) -> ExactSpan | None:
    """The span of a small polynomial model, proved: f is expanded in weights and inputs over Q, and the coefficients of the weight
    monomials, which span the same space as the functions do, give a matrix whose rank is taken over Q.

    None where the model is rational, has generic coefficients, or is too large to expand.
    """
    return model.kept.once(_SPAN, lambda: _expanded(model))


def _expanded(model: Model) -> ExactSpan | None:
    if any(c is None for c in model.coefficients) or degree_bounds(model).rational:
        return None
    try:
        expansion = expand(model, MAX_EXPANDED_TERMS)
    except ResourceError:
        return None
    n = model.parameters
    rows: dict[Monomial, dict[tuple[int, Monomial], flint.fmpq]] = {}
    for output, element in enumerate(expansion.outputs):
        for exponents, value in element.numerator.to_dict().items():
            e = tuple(int(k) for k in exponents)
            rows.setdefault(e[:n], {})[(output, e[n:])] = value
    support = tuple(sorted({key for row in rows.values() for key in row}))
    if len(rows) * len(support) > 4 * 10**6:
        return None
    place = {key: i for i, key in enumerate(support)}
    moving = [row for weights, row in rows.items() if any(weights)]

    def rank_of(chosen: Collection[dict[tuple[int, Monomial], flint.fmpq]]) -> int:
        matrix = flint.fmpq_mat(len(chosen), max(len(support), 1))
        for i, row in enumerate(chosen):
            for key, value in row.items():
                matrix[i, place[key]] = value
        return int(matrix.rank())

    whole = rank_of(rows.values())
    return ExactSpan(whole, whole if len(moving) == len(rows) else rank_of(moving), support)
