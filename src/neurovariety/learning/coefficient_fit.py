"""From mean energies at many temperatures to a learning coefficient, an interval, and a multiplicity.

Where K is normal crossing, the integral of exp(-b K) over weights is b^-c P(log b) and less, with a polynomial P of degree m - 1. So
the mean of b K is

    e(L) = c - P'(L)/P(L) = c - (m - 1)/(L + a) + O(1/L^2),    L = log b,

and at one temperature alone it is too low wherever m > 1. What falls like a power of b is met by one more term, b^-1/4. For each m
and each shift a on a grid c is fitted to all temperatures of a window by least squares; the fits are weighed by their likelihood,
with a mild prior on m and a. What the choice of m and a leaves open goes into the interval, as does the spread between chains, by
leaving out one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import t as student

from neurovariety.rings.ring import Array

_SHIFTS = np.linspace(-6.0, 16.0, 45)
_USUAL_SHIFT, _SPREAD_OF_SHIFTS = 2.0, 4.0
"""Shifts where b is counted from where K begins to matter."""
_MOST = 9
"""The largest multiplicity that is considered."""
_RARER = 0.5
"""How much less a multiplicity is expected than the next smaller one."""
_NEIGHBOURS = 2.0
"""Neighbouring temperatures exchange states: so many count as one in the likelihood."""
_POWER = 0.25
"""The exponent of the term for what falls like a power of b: 1/3 and 1/2 are met almost as well."""
_SURE = 0.95
_LEAST = 1e-3
"""No interval is narrower, relative to the value: what a fit leaves out is not known better."""


@dataclass(frozen=True)
class FittedCoefficient:
    """A coefficient with its interval (95 % of such if the form of the fit holds), the likeliest multiplicity with its
    weight, and how far means are off the fit, in standard errors, in the root mean square (``misfit``)."""

    value: float
    low: float
    high: float
    multiplicity: int
    weight: float
    misfit: float


def fitted(logs: Array, means: Array) -> FittedCoefficient:
    """The fit to means of b K, (chains, temperatures), at the logarithms of b, at least three chains: to all temperatures, and to the
    colder half of them, where less is left of what the fit leaves out; by how much the two differ goes into the interval."""
    whole = _fit(logs, means)
    colder = logs >= np.median(logs)
    moved = _fit(logs[colder], means[:, colder]).value - whole.value
    half = max(float(np.hypot((whole.high - whole.low) / 2, moved)), _LEAST * abs(whole.value))
    return replace(whole, low=whole.value - half, high=whole.value + half)


def _fit(logs: Array, means: Array) -> FittedCoefficient:
    chains = len(means)
    pooled = means.mean(0)
    error = float(np.sqrt(means.var(0, ddof=1).mean() / chains)) or 1e-12
    most = min(_MOST, means.shape[1])
    values, squares = _fits(logs, pooled, most)
    prior = (np.arange(most)[:, None] * np.log(_RARER)) - 0.5 * ((_SHIFTS[None, :] - _USUAL_SHIFT) / _SPREAD_OF_SHIFTS) ** 2
    score = prior - 0.5 * squares / (error**2 * _NEIGHBOURS)
    weights = np.exp(score - score.max())
    weights[0] = weights[0].sum() * (np.arange(len(_SHIFTS)) == 0)  # no shift where m is 1
    weights /= weights.sum()
    value = float((weights * values).sum())
    between = float((weights * (values - value) ** 2).sum())
    left_out = np.array([(weights * _fits(logs, np.delete(means, c, 0).mean(0), most)[0]).sum() for c in range(chains)])
    within = (chains - 1) / chains * float(((left_out - left_out.mean()) ** 2).sum())
    half = float(student.ppf(0.5 + _SURE / 2, chains - 1)) * float(np.sqrt(within + between))
    by_multiplicity = weights.sum(1)
    best = int(by_multiplicity.argmax())
    misfit = float(np.sqrt((weights * squares).sum() / max(len(logs) - 3, 1))) / error
    return FittedCoefficient(value, value - half, value + half, best + 1, float(by_multiplicity[best]), misfit)


def _fits(logs: Array, means: Array, most: int) -> tuple[Array, Array]:
    """By multiplicity and shift the coefficient, and the sum of squares that the fit leaves."""
    drop = np.arange(most)[:, None, None] / (logs[None, None, :] + _SHIFTS[None, :, None])
    raised = means + drop
    faster = np.exp(-_POWER * (logs - logs[0]))
    basis, _ = np.linalg.qr(np.stack([np.ones_like(logs), faster], axis=1))
    inside = raised @ basis
    slope = inside[:, :, 1] / (basis[:, 1] @ faster)
    values = (raised - slope[:, :, None] * faster).mean(2)
    return values, np.maximum((raised**2).sum(2) - (inside**2).sum(2), 0.0)
