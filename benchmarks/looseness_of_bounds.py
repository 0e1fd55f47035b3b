"""How loose are the bounds of `sample-complexity`, beside gaps of trained networks on data sets?

Run: ``python -m benchmarks.looseness_of_bounds [DRAWS]``. A line of JSON for each data set, network and number of samples n. Inputs
are scaled to [-1, 1], targets to [-0.8, 0.8], and B is 1.

The distribution is a data set: each of its rows is equally likely, and n of them are drawn with replacement. So L is known, the size of
a function on all inputs too, and what the bounds assume is true. Of each draw: the gap L - L_n of the network that fits it best of
several starts, and the largest gap that hill climbing finds among the functions of size at most 1. Bounds say what epsilon n samples
are enough for, with delta 0.05; one that is no less than the largest loss, 4, says nothing. Beside it, as one would do it: fits to a
half of the rows, and the difference of their losses on the two halves.

The digits (1,797 pictures; inputs: the ink in each quarter; target: odd or even) need scikit-learn, and are left out without it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from importlib.util import find_spec

import numpy as np

import neurovariety as nv
from benchmarks.two_trainings import digits
from neurovariety.certificates.uniform_learning import LearningTask
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap, written_out
from neurovariety.geometry.images.least_squares import levenberg_marquardt
from neurovariety.learning.bounds_of_covers import SizesOfModel
from neurovariety.learning.enough_samples import enough_samples
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

NETWORKS = ("mlp({},1,1; x^3; bias)", "mlp({},2,1; x^2; bias)", "mlp({},2,2,1; x^2; bias)")
SAMPLES = (100, 1_000, 10_000, 100_000)
_STREAM = "benchmarks.looseness_of_bounds"
_TARGETS = 0.8
"""Size of targets: fits that err a little stay below 1."""
_STARTS, _ITERATIONS = 6, 200
_RANDOM, _WALKERS, _STEPS = 2000, 20, 200
_LARGEST_LOSS = 4.0
_ROUNDS = 6
_TASK = LearningTask(Fraction(1), Fraction(0), Fraction(1), Fraction(1, 20))


@dataclass(frozen=True, eq=False)
class FunctionsOnRows:
    """A network at all rows of a data set: its coefficients as a map of the weights, and the monomials at the rows."""

    model: nv.Model
    inputs: Array
    targets: Array

    @cached_property
    def coefficients(self) -> PolynomialMap:
        """From weights to coefficients."""
        coordinates = written_out(self.model)
        return PolynomialMap.of(coordinates, range(coordinates.count))

    @cached_property
    def monomials(self) -> Array:
        """Monomials (rows, coefficients)."""
        exponents = np.array([e for _, e in written_out(self.model).monomials])
        return np.prod(self.inputs[:, None, :] ** exponents, axis=2)

    def losses(self, values: Array, shares: Array) -> Array:
        """Mean squared errors of functions (functions, rows), rows weighted by ``shares``."""
        return (values - self.targets) ** 2 @ shares

    def fitted(self, shares: Array, rng: np.random.Generator) -> Array:
        """Values at all rows of the best of several fits to the rows with these shares."""
        root = np.sqrt(shares)[:, None]
        q, r = np.linalg.qr(root * self.monomials)
        rows = []
        for combination in r.tolist():
            total: dict[int, Fraction] = {}
            for c, terms in zip(combination, self.coefficients.coefficients, strict=True):
                for t, v in terms:
                    total[t] = total.get(t, Fraction(0)) + Fraction(c) * v
            rows.append(tuple(total.items()))
        goal = np.repeat((q.T @ (root[:, 0] * self.targets))[None], _STARTS, axis=0)
        begin = rng.standard_normal((_STARTS, self.model.parameters))
        weights, residuals = levenberg_marquardt(
            PolynomialMap(self.coefficients.exponents, tuple(rows)), goal, begin, _ITERATIONS, 1e-9
        )
        best: Array = self._values(weights[[int(np.argmin(residuals))]])[0]
        return best

    def largest_gap(self, shares: Array, rng: np.random.Generator) -> float:
        """The largest |L - L_n| that was found among functions of size at most 1."""
        weights = rng.standard_normal((_RANDOM, self.model.parameters))
        gaps = self._gaps(weights, shares)
        best = np.argsort(gaps)[-_WALKERS:]
        weights, gaps = weights[best], gaps[best]
        for step in np.geomspace(0.5, 0.01, _STEPS):
            tried = weights + step * rng.standard_normal(weights.shape)
            found = self._gaps(tried, shares)
            better = found > gaps
            weights[better], gaps[better] = tried[better], found[better]
        return float(gaps.max())

    def _values(self, weights: Array) -> Array:
        return self.coefficients.values(weights) @ self.monomials.T

    def _gaps(self, weights: Array, shares: Array) -> Array:
        """The largest |L - L_n| of multiples of functions that have size at most 1: a parabola in the factor t."""
        values = self._values(weights)
        values /= np.maximum(np.abs(values).max(1, keepdims=True), 1e-300)
        apart = 1 / len(shares) - shares
        square, product, rest = values**2 @ apart, values @ (apart * self.targets), float(self.targets**2 @ apart)
        top = np.clip(product / np.where(square, square, 1.0), -1, 1)
        gaps: Array = np.max(
            [np.abs(square * t**2 - 2 * product * t + rest) for t in (np.ones_like(top), -np.ones_like(top), top)], axis=0
        )
        return gaps


def data_sets() -> Iterator[tuple[str, Array, Array]]:
    """Names, inputs and targets, scaled."""
    for name in ("penguins", "cars", "trees"):
        table = getattr(nv.examples, name)()
        yield name, _scaled(table.inputs.astype(float)), _TARGETS * _scaled(table.targets.astype(float))[:, 0]
    if find_spec("sklearn"):
        x, y = digits()
        ink = x.reshape(-1, 2, 4, 2, 4).mean((2, 4)).reshape(-1, 4)
        yield "digits", _scaled(ink), _TARGETS * (2.0 * (y % 2) - 1)


def _scaled(x: Array) -> Array:
    low, high = x.min(0), x.max(0)
    out: Array = 2 * (x - low) / (high - low) - 1
    return out


def epsilons(sizes: SizesOfModel, samples: int) -> dict[str, float | None]:
    """By each bound, an epsilon for which so many samples are enough; None where it is no less than the largest loss. Both numbers of
    samples go about like 1 / epsilon^2, which is solved for it; what is told is a little too large rather than too small."""
    out: dict[str, float | None] = {}
    for name in ("cover", "span"):
        value = _LARGEST_LOSS
        for _ in range(_ROUNDS):
            needed = enough_samples(sizes, replace(_TASK, epsilon=Fraction(value))).bounds[name]
            if needed > samples and value >= _LARGEST_LOSS:
                break
            value = min(value * float(np.sqrt(needed / samples)), _LARGEST_LOSS)
        value *= 1.001
        fits = enough_samples(sizes, replace(_TASK, epsilon=Fraction(value))).bounds[name] <= samples
        out[name] = round(value, 4) if fits and value < _LARGEST_LOSS else None
    return out


def main(draws: int) -> None:
    """All data sets, networks and numbers of samples."""
    for name, x, y in data_sets():
        for notation in NETWORKS:
            begin = time.process_time()
            model = nv.as_model(notation.format(x.shape[1]))
            functions, sizes = FunctionsOnRows(model, x, y), SizesOfModel.of(model, seed=0)
            told = {"data": name, "rows": len(x), "network": model.name, "span_dimension": int(sizes.span.statement.value)}
            told["dimension"] = sizes.known.value
            halves = list(_halves(functions, draws))
            print(
                json.dumps(told | {"samples": len(x) // 2, "half": True, "gap": _middle(halves), "largest": round(max(halves), 4)}),
                flush=True,
            )
            for n in SAMPLES:
                row = told | {"samples": n} | epsilons(sizes, n) | _drawn(functions, n, draws)
                print(json.dumps(row | {"cpu_seconds": round(time.process_time() - begin, 1)}), flush=True)


def _halves(functions: FunctionsOnRows, draws: int) -> Iterator[float]:
    count = len(functions.targets)
    for k in range(draws):
        rng = generator(0, _STREAM, 0, k)
        order = rng.permutation(count)
        seen, other = np.zeros(count), np.zeros(count)
        seen[order[: count // 2]], other[order[count // 2 :]] = 1 / (count // 2), 1 / (count - count // 2)
        values = functions.fitted(seen, rng)[None]
        yield float(np.abs(functions.losses(values, other) - functions.losses(values, seen))[0])


def _drawn(functions: FunctionsOnRows, samples: int, draws: int) -> dict[str, object]:
    count = len(functions.targets)
    gaps, worst, small = [], [], 0
    for k in range(draws):
        rng = generator(0, _STREAM, samples, k)
        shares = rng.multinomial(samples, np.full(count, 1 / count)) / samples
        values = functions.fitted(shares, rng)[None]
        small += bool(np.abs(values).max() <= 1)
        gaps.append(abs(float(functions.losses(values, np.full(count, 1 / count))[0] - functions.losses(values, shares)[0])))
        worst.append(functions.largest_gap(shares, rng))
    return {
        "gap": _middle(gaps),
        "largest": round(max(gaps), 5),
        "of_size_one": small,
        "any": _middle(worst),
        "any_largest": round(max(worst), 4),
    }


def _middle(values: list[float]) -> float:
    return round(float(np.median(values)), 5)


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["10"])[0]))
