"""Learning coefficients by sampling: replica exchange at many temperatures, a fit to the mean energies, and a calibration.

The coefficient is that of the weights where the functions have their true values and that lie within a few standard deviations of
the prior: the least one there. There are no data and no noise: K is the sum of squared differences of coefficients, the same up to
constants for all inputs, and so inverse temperatures go up to 1e18, where next to nothing is left of what distorts an estimate
at n = 1000. A linear network of like size, whose coefficient is known, is estimated in the same run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.learning_coefficients import coefficient_of_linear
from neurovariety.errors import InputError
from neurovariety.learning.coefficient_fit import fitted
from neurovariety.learning.sampled_problem import SampledProblem, of_products
from neurovariety.learning.sampling_kernel import ChainRecord, energy, temper
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

_STREAM = "learning.estimated_coefficient"
_CHAINS, _TEMPERATURES, _SWEEPS, _WARM = 6, 40, 300, 5
_FIRST, _LAST = 0.0, 41.0
"""Logarithms of the inverse temperature, from where the prior has b K = 1 in the median up to where rounding would show."""
_FIT_FROM = 10.0
"""From here on the fit holds: terms that fall like a power of b are met by one."""
_MIXED = 1.1
"""A potential scale reduction (R-hat) above which chains have not mixed."""
_MOST_WEIGHTS = 60
_LIKELY = 0.8
_CURVED = 0.025
"""Added to each half of the interval, relative to the value, where the functions are not affine in blocks of the weights: terms that
fall slowly hide a multiplicity there (a network with four tanh neurons is 1.8 % too low), and none is told."""


@dataclass(frozen=True)
class Calibration:
    """The same sampler on a linear network with a known coefficient, for the zero function."""

    network: str
    exact: Fraction
    value: float

    @property
    def error(self) -> float:
        """The relative error of the estimated ``value``, without regard to sign."""
        return abs(self.value / float(self.exact) - 1)


@dataclass(frozen=True)
class EstimatedCoefficient:
    """A learning coefficient with an interval (by chains and fit), and the likeliest multiplicity with its weight, None where that
    is under 0.8.

    ``rhat`` is the largest potential scale reduction among the temperatures of the fit, ``effective`` their least effective number
    of draws, ``swaps`` their least share of exchanges; ``logs`` and ``means`` are what was fitted.
    """

    value: float
    low: float
    high: float
    multiplicity: int | None
    weight: float
    rhat: float
    effective: float
    swaps: float
    misfit: float
    logs: tuple[float, ...]
    means: tuple[float, ...]
    calibration: Calibration | None = None

    @property
    def mixed(self) -> bool:
        """Whether the chains agree at every temperature."""
        return self.rhat <= _MIXED

    def beside(self, calibration: Calibration) -> EstimatedCoefficient:
        """The same, with an interval no narrower than the error of the calibration."""
        half = max((self.high - self.low) / 2, calibration.error * self.value)
        return replace(self, low=self.value - half, high=self.value + half, calibration=calibration)

    def within(self, low: float | None, high: float | None) -> EstimatedCoefficient:
        """The same, cut off by proved bounds."""
        floor, top = -np.inf if low is None else low, np.inf if high is None else high
        value, least, most = (float(np.clip(part, floor, top)) for part in (self.value, self.low, self.high))
        return replace(self, value=value, low=least, high=most)


def estimate(problem: SampledProblem, seed: int) -> EstimatedCoefficient:
    """The estimate, with an interval no narrower than the error of the calibration. The same seed gives the same answer.

    Raises `InputError` for functions that have their true values at all weights, and for more than 60 weights.
    """
    found = uncalibrated(problem, seed)
    return found.beside(calibrated(len(problem.around.centre), seed))


def uncalibrated(problem: SampledProblem, seed: int) -> EstimatedCoefficient:
    """The same with the interval that the chains alone give."""
    return _sampled(problem, seed, 0)


def calibrated(weights: int, seed: int) -> Calibration:
    """The linear network of two layers, as many inputs as units and outputs, whose number of weights is nearest; by other draws."""
    k = min(range(1, 6), key=lambda k: abs(2 * k * k - weights))
    found = _sampled(of_products((k, k, k), 0), seed, 1)
    return Calibration(f"linear({k},{k},{k})", coefficient_of_linear((k, k, k), 0)[0] / 2, found.value)


def _sampled(problem: SampledProblem, seed: int, part: int) -> EstimatedCoefficient:
    around, n = problem.around, len(problem.around.centre)
    if n > _MOST_WEIGHTS:
        raise InputError(f"a coefficient is estimated for at most {_MOST_WEIGHTS} weights, got {n}; a local one needs a loss instead")
    rng = generator(seed, _STREAM, part)
    weights = np.zeros((_CHAINS, _TEMPERATURES, n))
    weights[:, 0] = around.centre + around.spread * rng.standard_normal((_CHAINS, n))
    usual = float(np.median([energy(problem.terms, w) for w in around.centre + around.spread * rng.standard_normal((101, n))]))
    if not usual > 0:
        raise InputError("the functions have their true values at all weights: there is nothing to estimate")
    logs = np.linspace(_FIRST, _LAST, _TEMPERATURES)
    record = ChainRecord(np.zeros((_CHAINS, _TEMPERATURES, _SWEEPS)), np.zeros(_TEMPERATURES))
    temper(problem.terms, problem.blocks, weights, np.exp(logs) / usual, around, _WARM, int(rng.integers(2**31)), record)
    chosen = logs >= _FIT_FROM
    draws = record.energies[:, chosen, _SWEEPS // 5 :]
    means = draws.mean(2)
    fit, curved = fitted(logs[chosen], means), bool(len(problem.blocks.curved))
    more = _CURVED * fit.value if curved else 0.0
    return EstimatedCoefficient(
        *(fit.value, fit.low - more, fit.high + more, None if curved or fit.weight < _LIKELY else fit.multiplicity, fit.weight),
        rhat=float(rhat(draws).max()),
        effective=float(effective(draws).min()),
        swaps=float(record.swaps[chosen][:-1].min()),
        misfit=fit.misfit,
        logs=tuple(map(float, logs[chosen])),
        means=tuple(map(float, means.mean(0))),
    )


def rhat(draws: Array) -> Array:
    """The potential scale reduction of halves of chains, (chains, temperatures, draws) to (temperatures) (Gelman, Rubin 1992)."""
    length = draws.shape[2] // 2
    halves = np.concatenate([draws[:, :, :length], draws[:, :, length : 2 * length]])
    inside, between = halves.var(2, ddof=1).mean(0), halves.mean(2).var(0, ddof=1)
    return np.asarray(np.sqrt((length - 1) / length + between / np.maximum(inside, 1e-300)))


def effective(draws: Array) -> Array:
    """The effective number of draws of all chains together, by means of batches."""
    chains, temperatures, length = draws.shape
    size = max(length // 12, 1)
    batches = draws[:, :, : length // size * size].reshape(chains, temperatures, -1, size).mean(3)
    spread = batches.var(2, ddof=1).mean(0)
    return np.asarray(np.minimum(chains * length, chains * length * draws.var((0, 2)) / np.maximum(size * spread, 1e-300)))
