"""Where training ends, held against the enumerated critical points: ten architectures, and a hard one, on ten data sets.

``python -m benchmarks.flows [RUNS]`` follows RUNS gradient flows (200) for each pair and prints a row each; nothing may be unmatched.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np

from neurovariety import GradientFlowResult, as_model, examples, gradient_flow, read_csv

REAL = {
    "penguins": ("penguins.csv", "body_mass_g"),
    "bills": ("penguins.csv", "bill_length_mm"),
    "trees": ("trees.csv", "volume_ft3"),
    "cars": ("cars.csv", "distance_ft"),
}
"""Data sets with their target; other names are seeds of random data."""
DATA_SETS = (*REAL, *map(str, range(1, 7)))

ARCHITECTURES = (
    "linear(2,1,2)",
    "linear(3,2,2)",
    "mlp(2,1,1; x^2)",
    "mlp(2,2,1; x^2)",
    "mlp(3,2,1; x^2)",
    "mlp(2,1,1; x^2; bias)",
    "mlp(2,1,1; x^3)",
    "cnn(2,2; x^2)",
    "mlp(2,1,2; x^2)",
    "mlp(2,1,1; x^3 + x^2)",
)
HARD = ("mlp(2,2,1; x^3 + x^2)",)
"""Most runs drift to limits of networks for ever, which takes an integrator long: in the campaign only."""


def table(name: str, inputs: int, outputs: int) -> tuple[Any, Any]:
    """Standardized columns of a real data set, or random numbers from a seed.

    Where more inputs are needed than there are: squares and roots of them; a second output is the product with the first input.
    """
    if name in REAL:
        data = read_csv(examples.path(REAL[name][0]), REAL[name][1])
        x, y = data.inputs.astype(float), data.targets.astype(float)
        x = np.hstack([x, x**2, np.sqrt(x)])[:, :inputs]
        y = np.hstack([y, (y - y.mean()) * (x[:, :1] - x[:, :1].mean())])[:, :outputs]
    else:
        rng = np.random.default_rng(int(name))
        x, y = rng.normal(size=(40, inputs)), rng.normal(size=(40, outputs))
    return (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean(axis=0)) / y.std(axis=0)


def ends_of(text: str, name: str, runs: int) -> GradientFlowResult:
    """Gradient flow of an architecture on a data set; inputs are whitened where the first layer is dense."""
    model = as_model(text)
    prepare = "none" if text.startswith("cnn") else "whiten"
    return gradient_flow(model, data=table(name, model.inputs, model.outputs), prepare=prepare, runs=runs)


def wrong_with(found: GradientFlowResult) -> list[str]:
    """What contradicts the enumeration, or is not explained."""
    value, reasons = found.value, found.evidence["not_converged"]
    out = []
    if value["unmatched"]:
        out.append(f"{value['unmatched']} converged runs end off the list")
    if value["converged"] + sum(reasons.values()) != value["runs"]:
        out.append("some runs are not accounted for")
    if reasons.get("out of time", 0) > 0.05 * value["runs"]:
        out.append(f"{reasons['out of time']} runs out of time")
    least = found.landscape.value["least_loss"] if found.landscape is not None else None
    lowest = min((b["loss"] for b in found.evidence["basins"]), default=np.inf)
    if least is not None and found.landscape.value["global_minimum"] == "complete" and lowest < least - 1e-9:  # type: ignore[union-attr]
        out.append("a run ends below the global minimum")
    return out


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    totals = {"pairs": 0, "runs": 0, "converged": 0, "unmatched": 0}
    for text in (*ARCHITECTURES, *HARD):
        for name in DATA_SETS:
            start = time.perf_counter()
            found = ends_of(text, name, runs)
            totals["pairs"] += 1
            for key in ("runs", "converged", "unmatched"):
                totals[key] += found.value[key]
            claim = None if found.landscape is None else str(found.landscape.claim)
            facts = {**found.value, "landscape": claim, "not_converged": found.evidence["not_converged"]}
            print(text, name, facts, wrong_with(found) or "", f"{time.perf_counter() - start:.0f} s", flush=True)
    print(totals)


if __name__ == "__main__":
    main()
