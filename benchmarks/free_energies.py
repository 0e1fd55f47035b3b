"""Slopes of free energies beside exact learning coefficients: `python -m benchmarks.free_energies [SEED]`.

Six networks of known coefficient, a line of JSON each; how, stands in `neurovariety.learning.free_energy`."""

from __future__ import annotations

import json
import sys
import time
from fractions import Fraction

from neurovariety.certificates.learning_coefficients import coefficient_of_linear
from neurovariety.certificates.neurons_on_a_line import OddNetwork, coefficient_of_neurons
from neurovariety.learning.free_energy import free_energies
from neurovariety.learning.sampled_problem import SampledProblem, of_neurons, of_products

NETWORKS = (((1, 1, 1), 0), ((2, 2, 2), 0), ((2, 2, 2, 2), 0), ((3, 2, 3), 1), ((3, 3, 3), 0))
"""Widths and ranks; beside them two neurons with tanh."""
DATA_SETS = 6


def held(name: str, problem: SampledProblem, truth: tuple[Fraction, int], seed: int) -> None:
    """Print the slope of a network's free energies beside its coefficient, of which ``truth`` has twice the value."""
    begin = time.process_time()
    value, low, high = free_energies(problem, DATA_SETS, seed).slope(truth[1])
    exact = float(truth[0] / 2)
    row = {"network": name, "seed": seed, "truth": exact, "multiplicity": truth[1], "slope": round(value, 4), "low": round(low, 4)}
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
