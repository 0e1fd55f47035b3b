"""Log evidence by thermodynamic integration against lambda log n - (m - 1) log log n: `python -m benchmarks.free_energies [SEED]`.

Six networks of known coefficient, a line of JSON each.

Data: n samples with unit Gaussian noise in features that are orthonormal over them, such as inputs of a linear network chosen with
X^T X = n. Their likelihood depends on the means alone, which are the true values plus G / sqrt(n) with a standard normal G:

    n L_n(w) = n |f(w) - f_0|^2 / 2 - sqrt(n) <f(w) - f_0, G> + terms without w = n |f(w) - f_0 - G/sqrt(n)|^2 / 2 + terms without w.

So a data set of any size is simulated exactly, by its G. F(n) is minus the logarithm of the mean over the prior of the likelihood
relative to that of the true function. The derivative of -log E[exp(-b K)] in log b is the mean of b K at inverse temperature b, and is
integrated over a ladder up to b = n/2, with one ladder for each data set and size. One G is kept while n grows, so F(n) for each
G alone has the slope lambda (Watanabe 2009, main theorem 2).
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.stats import t as student

from neurovariety.certificates.learning_coefficients import coefficient_of_linear
from neurovariety.certificates.neurons_on_a_line import OddNetwork, coefficient_of_neurons
from neurovariety.learning.sampled_problem import SampledProblem, of_neurons, of_products
from neurovariety.learning.sampling_kernel import ChainRecord, energy, temper
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

NETWORKS = (((1, 1, 1), 0), ((2, 2, 2), 0), ((2, 2, 2, 2), 0), ((3, 2, 3), 1), ((3, 3, 3), 0))
"""Widths and ranks; beside them two neurons with tanh."""
SIZES, DATA_SETS = (1e7, 1e9, 1e11), 6
_STREAM = "benchmarks.free_energies"
_CHAINS, _SWEEPS, _WARM, _STEP = 4, 200, 5, np.log(10.0) / 4
"""Four temperatures for each power of ten."""
_BEFORE = 5
"""Powers of ten below the inverse temperature at which the prior has b K = 1 in the median."""
_DRAWS = 2000
_SURE = 0.975


@dataclass(frozen=True)
class FreeEnergies:
    """Free energies F(n) relative to the true function, (data sets, sizes), at ``sizes`` n."""

    sizes: tuple[float, ...]
    values: Array

    def slope(self, multiplicity: int) -> tuple[float, float, float]:
        """The slope of F + (m - 1) log log n in log n by least squares, with its 95 % interval from the spread of data sets."""
        logs = np.log(self.sizes)
        found = np.polyfit(logs, (self.values + (multiplicity - 1) * np.log(logs)).T, 1)[0]
        half = float(student.ppf(_SURE, len(found) - 1) * found.std(ddof=1) / np.sqrt(len(found)))
        return float(found.mean()), float(found.mean()) - half, float(found.mean()) + half


def free_energies(problem: SampledProblem, sizes: Sequence[float], data_sets: int, seed: int) -> FreeEnergies:
    """Free energies of so many data sets at increasing ``sizes``."""
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


def held(name: str, problem: SampledProblem, truth: tuple[Fraction, int], seed: int) -> None:
    """Print the slope of a network's free energies beside its coefficient, of which ``truth`` has twice the value."""
    begin = time.process_time()
    value, low, high = free_energies(problem, SIZES, DATA_SETS, seed).slope(truth[1])
    exact = float(truth[0] / 2)
    row = {"network": name, "truth": exact, "multiplicity": truth[1], "slope": round(value, 4), "low": round(low, 4)}
    row |= {"high": round(high, 4), "held": low <= exact <= high, "cpu_seconds": round(time.process_time() - begin, 1)}
    print(json.dumps(row), flush=True)


def main(seed: int) -> None:
    """All networks."""
    for widths, rank in NETWORKS:
        name = f"linear({','.join(map(str, widths))}) rank {rank}"
        held(name, of_products(widths, rank), coefficient_of_linear(widths, rank), seed)
    held("mlp(1,2,1; tanh)", of_neurons(OddNetwork((1, 2, 1), "tanh")), coefficient_of_neurons(2, 1, 1, 2, 2), seed)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["0"])[0]))
