"""Free energies of simulated data by thermodynamic integration: does log evidence fall as the learning coefficient says?

Data: n samples with unit Gaussian noise in features that are orthonormal over them, such as inputs of a linear network chosen with
X^T X = n. Their likelihood depends on the means alone, which are the true values plus G / sqrt(n) with a standard normal G:

    n L_n(w) = n |f(w) - f_0|^2 / 2 - sqrt(n) <f(w) - f_0, G> + terms without w = n |f(w) - f_0 - G/sqrt(n)|^2 / 2 + terms without w.

So a data set of any size is simulated exactly, by its G. F(n) is minus the logarithm of the mean over the prior of the likelihood
relative to that of the true function. The derivative of -log E[exp(-b K)] in log b is the mean of b K at inverse temperature b, and is
integrated over a ladder up to b = n/2, with one ladder for each data set and size. One G is kept while n grows, so for each G alone

    F(n) = lambda log n - log P(log n) + terms that fall like a power of n, with a polynomial P of degree m - 1

(Watanabe 2009, main theorem 2, and the sum over poles of the zeta function that it comes from). So log P(log n) is
(m - 1) log log n + c + c_1 / log n + c_2 / log^2 n + ... with m - 1 free numbers beside c; as many powers of 1 / log n are fitted
beside lambda, one at least: with one alone m = 3 came out 0.35 % too large, and 5 of 12 intervals missed. Everything here is floating
point: an experiment, no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from neurovariety.learning.sampled_problem import SampledProblem
from neurovariety.learning.sampling_kernel import ChainRecord, energy, temper
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

SIZES = (1e4, 1e6, 1e8, 1e10, 1e12)
"""Numbers of samples that are asked unless told: as far apart as doubles and the sampler allow, the same for every network."""
_STREAM = "learning.free_energy"
_CHAINS, _SWEEPS, _WARM, _STEP = 4, 200, 5, np.log(10.0) / 4
"""Four temperatures for each power of ten."""
_BEFORE = 5
"""Powers of ten below the inverse temperature at which the prior has b K = 1 in the median."""
_DRAWS = 2000
_SURE = 0.975


@dataclass(frozen=True, eq=False)
class FreeEnergies:
    """Free energies F(n) relative to the true function, (data sets, sizes), at ``sizes`` n."""

    sizes: tuple[float, ...]
    values: Array

    def slope(self, multiplicity: int) -> tuple[float, float, float]:
        """The slope of F + (m - 1) log log n in log n beside a constant and powers of 1 / log n, by least squares for each data
        set: the mean, with its 95 % interval from their spread.

        Of powers there are m - 1, but one at least, and no more than leave sizes over to be fitted.
        """
        logs = np.log(self.sizes)
        powers = max(1, min(multiplicity - 1, len(logs) - 3))
        columns = np.stack([logs, *(logs**-k for k in range(powers + 1))], axis=1)
        found = np.linalg.lstsq(columns, (self.values + (multiplicity - 1) * np.log(logs)).T, rcond=None)[0][0]
        half = float(student.ppf(_SURE, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
        return float(found.mean()), float(found.mean()) - half, float(found.mean()) + half


def free_energies(problem: SampledProblem, data_sets: int, seed: int, sizes: Sequence[float] = SIZES) -> FreeEnergies:
    """Free energies of so many data sets, two or more, at increasing ``sizes``, three or more."""
    rows = []
    for k in range(data_sets):
        rng = generator(seed, _STREAM, k)
        noise = rng.standard_normal(len(problem.terms.target))
        rows.append([_free_energy(problem, float(n), noise, rng) for n in sizes])
    return FreeEnergies(tuple(map(float, sizes)), np.array(rows))


def _free_energy(problem: SampledProblem, n: float, noise: Array, rng: np.random.Generator) -> float:
    around, count = problem.around, len(problem.around.centre)
    terms = problem.terms._replace(target=problem.terms.target + noise / np.sqrt(n))
    draws = around.centre + around.spread * rng.standard_normal((_DRAWS, count))
    energies = np.array([energy(terms, w) for w in draws])
    top = np.log(n / 2)
    steps = int(np.ceil((top + np.log(np.median(energies)) + _BEFORE * np.log(10.0)) / _STEP))
    logs = top - _STEP * np.arange(steps, -1, -1.0)
    weights = np.zeros((_CHAINS, len(logs), count))
    weights[:, 0] = draws[:_CHAINS]
    record = ChainRecord(np.zeros((_CHAINS, len(logs), _SWEEPS)), np.zeros(len(logs)))
    temper(terms, problem.blocks, weights, np.exp(logs), around, _WARM, int(rng.integers(2**31)), record)
    means = record.energies[:, :, _SWEEPS // 5 :].mean((0, 2))
    start = -np.log(np.mean(np.exp(-np.exp(logs[0]) * energies)))
    return float(start + np.sum((means[1:] + means[:-1]) / 2) * _STEP - noise @ noise / 2)
