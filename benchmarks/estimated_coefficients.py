"""Estimates of learning coefficients against exact values, `python -m benchmarks.estimated_coefficients [linear|neurons|germs] N`.

One line of JSON a network, or a germ: relative errors over seeds, how often the 95 % interval holds the truth, CPU seconds a run."""

from __future__ import annotations

import json
import sys
import time
from fractions import Fraction
from functools import cache

import neurovariety as nv
from neurovariety.certificates.learning_coefficients import coefficient_of_linear
from neurovariety.certificates.neurons_on_a_line import OddNetwork, coefficient_of_neurons
from neurovariety.learning.estimated_coefficient import calibrated, uncalibrated
from neurovariety.learning.sampled_problem import SampledProblem, of_neurons, of_products

LINEAR = (
    ((2, 2, 2), 0),
    ((3, 3, 3), 0),
    ((3, 3, 3), 1),
    ((4, 4, 4), 2),
    ((2, 2, 2, 2), 0),
    ((2, 2, 2, 2, 2), 0),
    ((3, 2, 3), 1),
    ((2, 3, 2), 1),
    ((3, 3, 3, 3), 0),
    ((1, 1, 1), 0),
    ((5, 2, 4), 1),
    ((2, 2, 2, 2), 1),
)

GERMS = (
    *("x^2 - y^4", "(x - y^2)*(x - 2*y^2)", "x^2 - y^3", "x^2 - y^2*z^3", "x^2 - y^5", "x^2 - y^8", "(x^2 - y^3)^2", "x^2 - y^3*z^3"),
    *("x^3 - y^4", "x^3 + y^3", "x^4 - y^5", "x^3 - y^7", "x*y*z; x^3 + y^3", "x^2 - z^3 - y^6", "(x^2 - y^3)*(x^3 - y^2)"),
    *("x*(1 - 2*x)^3", "(x - y)^2*(1 - x)^4"),
)
"""Of functions with a known coefficient at the origin: cusps, curves that touch, and zeros that are more singular nearby."""

_calibration = cache(calibrated)


def held(name: str, truth: float, multiplicity: int, problem: SampledProblem, seeds: int) -> None:
    """Estimate with each seed, and print how far off."""
    begin = time.process_time()
    alone = [uncalibrated(problem, seed) for seed in range(seeds)]
    seconds = (time.process_time() - begin) / seeds
    found = [e.beside(_calibration(len(problem.around.centre), seed)) for seed, e in enumerate(alone)]
    row = {
        "network": name,
        "truth": truth,
        "multiplicity": multiplicity,
        "mean_value": round(sum(e.value for e in found) / seeds, 4),
        "mean_error_percent": round(100 * sum(abs(e.value - truth) for e in found) / seeds / truth, 3),
        "largest_error_percent": round(100 * max(abs(e.value - truth) for e in found) / truth, 3),
        "held": sum(e.low <= truth <= e.high for e in found),
        "held_without_calibration": sum(e.low <= truth <= e.high for e in alone),
        "of": seeds,
        "half_width_percent": round(100 * sum(e.high - e.low for e in found) / 2 / seeds / truth, 2),
        "multiplicity_right": sum(e.multiplicity == multiplicity for e in found),
        "multiplicity_wrong": sum(e.multiplicity not in (None, multiplicity) for e in found),
        "not_mixed": sum(not e.mixed for e in found),
        "cpu_seconds": round(seconds, 2),
    }
    print(json.dumps(row), flush=True)


def held_at_germ(functions: str, seeds: int) -> None:
    """The same by the command of users, which takes the calibration with it."""
    rows, truth, notices = [], 0.0, 0
    begin = time.process_time()
    for seed in range(seeds):
        found = nv.learning_coefficient(functions=functions, method="estimate", seed=seed)
        truth, notices = float(Fraction(found.value["learning_coefficient"])), notices + bool(found.notices)
        rows.append(found.evidence["estimate"])
    row = {
        "germ": functions,
        "truth": round(truth, 4),
        "mean_value": round(sum(e["value"] for e in rows) / seeds, 4),
        "largest_error_percent": round(100 * max(abs(e["value"] - truth) for e in rows) / truth, 1),
        "held": sum(e["low"] <= truth <= e["high"] for e in rows),
        "of": seeds,
        "half_width_percent": round(100 * sum(e["high"] - e["low"] for e in rows) / 2 / seeds / truth, 1),
        "notices": notices,
        "cpu_seconds": round((time.process_time() - begin) / seeds, 2),
    }
    print(json.dumps(row), flush=True)


def main(what: str, seeds: int) -> None:
    """All networks of a kind."""
    uncalibrated(of_products((1, 1, 1), 0), 0)  # compiled before time is taken
    if what == "linear":
        for widths, rank in LINEAR:
            twice, m = coefficient_of_linear(widths, rank)
            name = f"linear({','.join(map(str, widths))}) rank {rank}"
            held(name, float(twice / 2), m, of_products(widths, rank), seeds)
    elif what == "germs":
        for functions in GERMS:
            held_at_germ(functions, seeds)
    else:
        for hidden in range(1, 6):
            twice, m = coefficient_of_neurons(hidden, 1, 1, 2, hidden)
            held(f"mlp(1,{hidden},1; tanh)", float(twice / 2), m, of_neurons(OddNetwork((1, hidden, 1), "tanh")), seeds)


if __name__ == "__main__":
    main(*(sys.argv[1:2] or ["linear"]), int((sys.argv[2:3] or ["20"])[0]))
