"""Bounds of covering numbers beside packings found by sampling: `python -m benchmarks.packings_in_balls [SEED]`.

Functions that are more than 2 epsilon apart lie in different balls, so log N is at least the logarithm of their number. One line a
network; the last says how many bounds from above were below a packing, or above 3 dim log(radius/epsilon) at 1e-6 of the radius."""

from __future__ import annotations

import math
import sys

import numpy as np

import neurovariety as nv
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.rings.ring import Array

NETWORKS = (
    *("linear(2,1,2)", "linear(1,2,1)", "linear(2,2)", "linear(2,1,1,2)", "mlp(2,1,1; x^2)", "mlp(2,2,1; x^2)", "mlp(1,1,1; x^2 + x)"),
    *("mlp(1,2,1; x^3)", "mlp(2,1,1; x^3)", "mlp(1,1,1,1; x^2)", "mlp(1,2,1; x^2; bias)", "mlp(1,1,2; x^3)", "mlp(2,1,2; x^2)"),
    *("mlp(1,1,1; x^5)", "mlp(1,1,1; x + 1)", "cnn(2,2; x^2)", "diagonal(2; layers=3)", "attention(1,1; a=1; t=1)"),
    *("cp(2,2,2; rank=1)", "cp(2,2; rank=1)"),
)
BALLS = ((1, 0.3), (1, 0.1), (50, 20), (1e-3, 1e-4), (1, 2))
"""Radius and epsilon."""
_DRAWS, _TRIED = 30_000, 6_000


def functions(notation: str, rng: np.random.Generator) -> Array:
    """Coefficients of functions in the unit ball, of random weights of many sizes."""
    model = nv.as_model(notation)
    stored = stored_functions(model)
    assert stored is not None
    weights = rng.normal(size=(_DRAWS, model.parameters)) * np.exp(rng.uniform(-3, 1.5, size=(_DRAWS, 1)))
    found = np.zeros((_DRAWS, len(stored.coordinates)))
    for k, (_, f) in enumerate(stored.coordinates):
        for exponents, c in f.to_dict().items():
            found[:, k] += int(c.p) / int(c.q) * np.prod(weights ** np.array([int(e) for e in exponents]), axis=1)
    return found[np.linalg.norm(found, axis=1) <= 1][:_TRIED]


def packing(points: Array, apart: float) -> int:
    """How many points are further apart than that, taken one by one."""
    count = 0
    while len(points):
        count, points = count + 1, points[np.linalg.norm(points - points[0], axis=1) > apart]
    return count


def main(seed: int) -> None:
    """All networks."""
    rng, wrong = np.random.default_rng(seed), 0
    for notation in NETWORKS:
        points, said = functions(notation, rng), []
        for radius, epsilon in BALLS:
            bound = float(nv.covering(notation, radius=radius, epsilon=epsilon).value["at_most"])
            least = math.log(packing(points, 2 * epsilon / radius))
            wrong += bound < least - 1e-9
            said.append(f"{bound:.2f} ({least:.2f})")
        fine = float(nv.covering(notation, radius=1, epsilon=1e-6).value["at_most"])
        share = fine / (float(nv.dimension(notation).value) * math.log(1e6))
        wrong += share > 3
        print(f"{notation}: {', '.join(said)}; at 1e-6 {share:.2f} times dim log(radius/epsilon)", flush=True)
    print(f"{wrong} bounds are wrong, or too large")


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["0"])[0]))
