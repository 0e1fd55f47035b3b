"""ED degrees beside Macaulay2's MonodromySolver in its fastest form, in one run.

Run: ``python -m benchmarks.critical_points``. Both count the critical points of a general diagonal quadric, on the same chart of the
weights. Seconds are CPU seconds of the computation alone: ours include the dimension, the trace test and
the certificates, and exclude imports and the one compilation of the tracker; Macaulay2's are its own cpuTime around
``dynamicFlowerSolve`` on expanded polynomials with targets as parameters, which stops after five idle rounds and tests nothing.
``--limit SECONDS`` bounds each run of Macaulay2.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

import neurovariety as nv
from benchmarks.dimension import Row, show
from benchmarks.homotopy import coefficients, macaulay2, row
from neurovariety.geometry.solutions.critical_points import critical_points

PROBLEMS = {
    "linear(3,1,3)": (39, 1),
    "mlp(2,2,1; x^5)": (34, 2),
    "linear(4,1,4)": (284, 1),
    "mlp(3,2,1; x^3)": (219, 2),
    "linear(4,3,4)": (284, 1),
    "linear(4,2,4)": (1350, 1),
    "cnn(3,2,2; x^2)": (6778, 1),
}
"""The ED degree, and the weights on the chart over one function: Macaulay2 counts these."""

MOST_FOR_MACAULAY2 = 300


def ours(notation: str) -> Row:
    """Our CPU seconds, all included."""
    model = nv.as_model(notation)
    start = time.process_time()
    found = nv.ed_degree(model, route="computed")
    seconds = time.process_time() - start
    return row("neurovariety", f"ED degree of {notation}", found.value, PROBLEMS[notation][0], seconds) | {"claim": str(found.claim)}


def theirs(notation: str, limit: int) -> Row:
    """MonodromySolver's dynamicFlowerSolve from one critical point of a random target."""
    model = nv.as_model(notation)
    rng = np.random.default_rng(0)
    problem = critical_points(model, nv.dimension(model).value, 0, rng)
    places = {w: f"w_{k}" for k, w in enumerate(problem.chart.free)} | {w: str(v) for w, v in problem.chart.fixed.items()}
    forms = coefficients(model, [places[i] for i in range(model.parameters)])
    texts = [forms[o, e] for o, e, _ in problem.found.terms]
    weights, parameters = problem.random(1, rng)
    count, r = problem.count, problem.dimension
    quadric = [f"({_number(d)})*{scale**2!r}" for d, (_, _, scale) in zip(parameters[0, count:], problem.found.terms, strict=True)]
    target = [v * scale for v, (_, _, scale) in zip(parameters[0, :count], problem.found.terms, strict=True)]
    off = ", ".join(f"({d})*({f}) - v_{i}" for i, (d, f) in enumerate(zip(quadric, texts, strict=True)))
    script = f"""needsPackage "MonodromySolver"; setRandomSeed 1; R = CC[v_0..v_{count - 1}][w_0..w_{r - 1}];
c = matrix{{{{{", ".join(texts)}}}}}; off = matrix{{{{{off}}}}};
F = off * transpose matrix apply({r}, k -> apply({count}, i -> diff(w_k, c_(0,i))));
p0 = point{{{{{", ".join(map(_number, target))}}}}}; x0 = point{{{{{", ".join(map(_number, weights[0]))}}}}}; t = cpuTime();
L = dynamicFlowerSolve(F, p0, {{x0}}, StoppingCriterion => (n, L) -> n >= 5);
print("found " | toString(length first L) | " seconds " | toString(cpuTime() - t)); exit 0"""
    value, copies = PROBLEMS[notation]
    found = macaulay2(f"ED degree of {notation}", script, value * copies, limit=limit)
    return found | ({"found": found["found"] / copies} if isinstance(found["found"], int) else {})


def _number(z: Any) -> str:
    return f"({np.real(z):.17f}+({np.imag(z):.17f})*ii)"


def rows(quick: bool = False, limit: int = 300) -> list[Row]:
    """All rows, ours first for each problem; ``quick`` leaves the peer out."""
    nv.ed_degree("linear(2,1,2)", route="computed")  # compiles, or loads what was compiled
    found: list[Row] = []
    for notation, (value, _) in PROBLEMS.items():
        found.append(ours(notation))
        if not quick and value <= MOST_FOR_MACAULAY2:
            found.append(theirs(notation, limit))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=300)
    show(rows(limit=parser.parse_args().limit))
