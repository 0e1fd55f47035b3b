"""Teacher and student: when do fits without error to values of a network give the network back?

Teachers have weights of random signs and sizes between 1/2 and 3/2, so that none of their parts hardly counts; inputs are normal. To
the exact values at n of them students of the same architecture are fitted by Levenberg-Marquardt from random starts; those that fit are
compared with the teacher on normal inputs. Below the number of samples that leaves finitely many functions no fit should give the
teacher back; from the number on that leaves one, each should. Between the two a fit may be one of the other functions, as far as these
are real. Everything here is floating point: an experiment, no proof.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.covering_from_below import gram
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap, written_out
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.least_squares import levenberg_marquardt
from neurovariety.model import Model
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

_STREAM = "learning.recovery_curve"
_ITERATIONS = 400
_FITS, _SAME = 1e-11, 1e-5
"""Relative residual of a fit without error, and relative distance of functions that count as one: far apart, as a fit moves a function
by its residual times the condition of the samples."""
_FEW = 0.05
"""A share of fits that is left to bad luck: samples of a bad condition."""


@dataclass(frozen=True)
class FitsToSamples:
    """Students that fit so many ``samples``: how many of how many ``tried``, the share of them that is the teacher (``recovered``), and
    the median of their relative errors on normal inputs; both None where none fits."""

    samples: int
    tried: int
    fits: int
    recovered: float | None
    error: float | None


@dataclass(frozen=True)
class RecoveryCurve:
    """What fits to more and more samples give back."""

    architecture: str
    points: tuple[FitsToSamples, ...]

    @property
    def none_below(self) -> int:
        """The least number of samples of which more than a twentieth of the fits are the teacher; one more than were tried where there
        is none."""
        return next((p.samples for p in self.points if p.recovered is not None and p.recovered > _FEW), len(self.points) + 1)

    @property
    def all_from(self) -> int:
        """The least number from which on no more than a twentieth of the fits are another function; one more than were tried where
        there is none."""
        wrong = [p.samples for p in self.points if p.recovered is None or p.recovered < 1 - _FEW]
        return max(wrong, default=0) + 1


def recovery_curve(model: Model, samples: int, *, teachers: int = 6, starts: int = 6, seed: int = 0) -> RecoveryCurve:
    """The curve up to so many ``samples``, with ``starts`` students for each of so many ``teachers``.

    Raises `InputError` for a rational model, or one with general coefficients, `ResourceError` for one that is too large to write out.
    """
    coordinates = written_out(model)
    whole = PolynomialMap.of(coordinates, range(coordinates.count))
    products = gram("gaussian", coordinates.monomials)
    n = coordinates.count
    metric = np.array([[int(products[i, j].p) / int(products[i, j].q) for j in range(n)] for i in range(n)])
    found: list[list[tuple[bool, float]]] = [[] for _ in range(samples)]
    for k in range(teachers):
        rng = generator(seed, _STREAM, k)
        teacher = rng.choice([-1.0, 1.0], (1, model.parameters)) * rng.uniform(0.5, 1.5, (1, model.parameters))
        inputs = np.round(rng.standard_normal((samples, model.inputs)) * 2**20) / 2**20
        target = whole.values(teacher)
        for number in range(1, samples + 1):
            values = _values_at(whole, coordinates, inputs[:number])
            goal = np.repeat(values.values(teacher), starts, axis=0)
            size = float(np.linalg.norm(goal[0])) or 1.0
            begin = rng.standard_normal((starts, model.parameters))
            weights, residuals = levenberg_marquardt(values, goal, begin, _ITERATIONS, 1e-2 * _FITS * size)
            gaps = whole.values(weights) - target
            errors = np.sqrt(np.einsum("bi,ij,bj->b", gaps, metric, gaps) / (target @ metric @ target.T)[0, 0])
            found[number - 1] += zip((residuals <= _FITS * size).tolist(), errors.tolist(), strict=True)
    return RecoveryCurve(model.name, tuple(_summed(k, rows) for k, rows in enumerate(found, 1)))


def _values_at(whole: PolynomialMap, coordinates: Coordinates, inputs: Array) -> PolynomialMap:
    """The outputs at inputs (samples, inputs) as a map of the weights: sums of coefficients times monomials."""
    rows: list[tuple[tuple[int, Fraction], ...]] = []
    for x in inputs.tolist():
        totals: dict[int, dict[int, Fraction]] = {}
        for (output, e), terms in zip(coordinates.monomials, whole.coefficients, strict=True):
            monomial = Fraction(float(np.prod([v**k for v, k in zip(x, e, strict=True)])))
            own = totals.setdefault(output, {})
            for t, c in terms:
                own[t] = own.get(t, Fraction(0)) + monomial * c
        rows += [tuple(own.items()) for own in totals.values()]
    return PolynomialMap(whole.exponents, tuple(rows))


def _summed(samples: int, rows: list[tuple[bool, float]]) -> FitsToSamples:
    errors = [error for fits, error in rows if fits]
    if not errors:
        return FitsToSamples(samples, len(rows), 0, None, None)
    same = sum(error <= _SAME for error in errors)
    return FitsToSamples(samples, len(rows), len(errors), same / len(errors), float(np.median(errors)))
