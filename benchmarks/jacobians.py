"""Jacobians mod p of structured models beside dense networks of the same size, in one run: nanoseconds an entry.

Run: ``python -m benchmarks.jacobians`` (about a minute on 2 cores).
"""

from __future__ import annotations

import time

from benchmarks.dimension import Row, show
from neurovariety import as_model
from neurovariety.errors import NotAlgebraicError
from neurovariety.geometry.exact.points import draw_point
from neurovariety.program.of_model import check_derivative, jacobian_rows
from neurovariety.randomness import generator

STRUCTURED = [
    "cnn(9,9,9; x^2; channels=3,9,9,9; outputs=8)",
    "cnn(5,5,5,5; x^2; channels=1,12,12,8,4; outputs=6)",
    "cnn(3x3,3x3; x^2; channels=3,16,10; outputs=2)",
    "tt(10,10,10,10; ranks=10,10,10)",
    "cp(10,10,10,10; rank=50)",
    "attention(20,20; a=10; t=6)",
    "ssm(4,40,4; t=8)",
    "gnn(path(6); 10,20,20,10; x^2)",
    "groupconv(cyclic(20); channels=1,10,9; x^2)",
]


def dense(parameters: int, outputs: int, layers: int) -> str:
    """A dense network of about as many parameters, with as many outputs and layers and hidden layers of equal width."""
    inner = layers - 2
    width = 1
    while 2 * outputs * (width + 1) + inner * (width + 1) ** 2 <= parameters:
        width += 1
    return f"mlp({','.join(map(str, [outputs, *[width] * (layers - 1), outputs]))}; x^2)"


def measure(notation: str) -> Row:
    """The best of three Jacobians at as many inputs as make it square; tracing and the first one are not counted."""
    model = as_model(notation)
    _, point = draw_point(model, generator(0, "benchmarks"))
    inputs = point.inputs(model, -(-model.parameters // model.outputs))
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        j = jacobian_rows(model, point.ring, point.weights, inputs, point.coefficients)
        seconds.append(time.perf_counter() - start)
    try:
        check_derivative(model)
        correct = True
    except NotAlgebraicError:
        correct = False
    best = min(seconds[1:])
    size = f"{j.shape[0]} x {j.shape[1]}"
    return {
        "problem": notation,
        "size": size,
        "seconds": round(best, 4),
        "ns an entry": round(1e9 * best / j.size, 1),
        "correct": correct,
    }


def rows(quick: bool = False) -> list[Row]:
    """A structured model and a dense one, by turns; correct: the derivative agrees with the one by dual numbers."""
    out = []
    for notation in STRUCTURED[:3] if quick else STRUCTURED:
        model = as_model(notation)
        ours = measure(notation)
        peer = measure(dense(model.parameters, model.outputs, max(2, len(model.blocks))))
        out += [ours | {"against dense": round(ours["ns an entry"] / peer["ns an entry"], 2)}, peer]
    return out


if __name__ == "__main__":
    show(rows())
