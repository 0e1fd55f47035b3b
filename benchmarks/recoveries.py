"""Fits to samples beside the numbers that were predicted: `python -m benchmarks.recoveries [SEEDS]`.

Twelve architectures, a line of JSON for each and each seed: where the drop was predicted, by the count of real functions for the very
teachers of the run, and where students saw it. At last, for mlp(2,1,1; x^3 + x), what three samples leave over the real
numbers: how many of many teachers have another real function with the same values."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import numpy as np

import neurovariety as nv
from neurovariety.learning.recovery_curve import Thresholds, recovery_curve

ARCHITECTURES = (
    *("linear(3,2,3)", "mlp(3,2,1; x^2)", "mlp(2,2,1; x^4)", "cnn(2,2; x^2)", "attention(2,1; a=1; t=2)", "mlp(2,1,1; x^3 + x)"),
    *("mlp(2,2,2; x^2)", "tt(2,2,2; ranks=2,2)", "mlp(2,1,1; x^2; bias)", "mlp(3,2,1; 100*x^2 + 1/10)"),
    *("mlp(3,2,1; 1000*x^2)", "mlp(2,1,1; x^3 + 1000)"),
)
_TEACHERS = 20_000


def other_real_functions(seed: int = 0) -> float:
    """The share of teachers v ((u x)^3 + u x) for which another real function of the kind has their values at three normal inputs.

    With a = u x_1, s = u x_2 / a and u x_3 = k a, where k = p + q s is known, the values y ask for a^2 (s^3 y_1 - y_2) = y_2 - s y_1
    and a^2 (k^3 y_1 - y_3) = y_3 - k y_1: a quartic in s, and a^2 > 0.
    """
    rng = np.random.default_rng(seed)
    several = 0
    for _ in range(_TEACHERS):
        u, v = rng.choice([-1, 1], 2) * rng.uniform(0.5, 1.5, 2), rng.choice([-1, 1]) * rng.uniform(0.5, 1.5)
        x = rng.standard_normal((3, 2))
        y = v * ((x @ u) ** 3 + x @ u)
        s = np.polynomial.Polynomial([0.0, 1.0])
        p, q = np.linalg.solve(x[:2].T, x[2])
        k = p + q * s
        roots = ((y[1] - s * y[0]) * (k**3 * y[0] - y[2]) - (y[2] - k * y[0]) * (s**3 * y[0] - y[1])).roots()
        real = roots[np.abs(roots.imag) < 1e-7 * np.maximum(1, np.abs(roots))].real
        several += int(np.sum((y[1] - real * y[0]) / (real**3 * y[0] - y[1]) > 0) > 1)
    return several / _TEACHERS


def main(seeds: int) -> None:
    """All architectures."""
    for architecture in ARCHITECTURES:
        for seed in range(seeds):
            known, model = nv.sample_complexity(architecture, seed=seed).value, nv.as_model(architecture)
            predicted = Thresholds.of(model, known["finite"], known["unique"], seed)
            curve = recovery_curve(model, (known["unique"] or known["finite"]) + 3, predicted=predicted, seed=seed)
            row = {"architecture": architecture, "seed": seed, "finite": known["finite"], "unique": known["unique"]}
            row |= {"functions": known["functions"], "first": curve.none_below, "all_from": curve.all_from}
            row |= {"expected_from": curve.expected_from}
            row |= {"at_finite": asdict(curve.points[known["finite"] - 1])}
            row |= {"met": (curve.none_below, curve.all_from) == (known["finite"], curve.expected_from)}
            print(json.dumps(row), flush=True)
    print(json.dumps({"mlp(2,1,1; x^3 + x), teachers with another real function at 3 samples": other_real_functions()}))


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["5"])[0]))
