"""Landscapes for many targets: a picture of the discriminant, random targets, a new data set once the general problem is known.

Run: ``python -m benchmarks.training``. Seconds are CPU seconds of the computation alone. Correctness stands beside each: targets whose
count is not clear, and real counts of a parity that complex conjugation forbids.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import neurovariety as nv
from benchmarks.dimension import Row, show
from neurovariety.dictionary.discriminant import _problem
from neurovariety.training.chambers.chambers import random_targets
from neurovariety.training.losses.training_task import training_task


def general_form(notation: str) -> nv.Form:
    """A general definite quadric on the matrices of a linear network, and a target."""
    model = nv.as_model(notation)
    rng = np.random.default_rng(0)
    places = tuple((o, tuple(int(i == j) for j in range(model.inputs))) for o in range(model.outputs) for i in range(model.inputs))
    factor = rng.normal(size=(len(places), len(places)))
    return nv.Form(places, factor.T @ factor + np.eye(len(places)), rng.normal(size=len(places)))


def _timed(work: Callable[[], Any]) -> tuple[Any, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    found = work()
    return found, time.process_time() - cpu, time.perf_counter() - wall


def _row(what: str, points: int, cpu: float, wall: float, wrong: int, unclear: int) -> Row:
    return {
        "what": what,
        "critical points": points,
        "CPU s": round(cpu, 2),
        "wall s": round(wall, 2),
        "wrong parity": wrong,
        "unclear": unclear,
    }


def picture(notation: str, grid: int, **options: Any) -> Row:
    """A slice of targets, real critical points and minima counted at every point of a grid."""
    found, cpu, wall = _timed(lambda: nv.discriminant(notation, grid=grid, **options))
    real = np.array(found.evidence["real"])
    odd = found.value["complex"] % 2
    wrong = int(((real % 2 != odd) & (real >= 0)).sum())
    return _row(f"discriminant of {notation}, {grid} x {grid}", found.value["complex"], cpu, wall, wrong, found.evidence["unclear"])


def targets(notation: str, number: int) -> Row:
    """Random targets for one general quadric, the general problem being known."""
    task = training_task(notation, form=general_form(notation), seed=0)
    problem, loss = _problem(task, "target", 0)
    found, cpu, wall = _timed(lambda: random_targets(problem, loss, number, np.random.default_rng(1)))
    wrong = sum(n for real, n in found.items() if real % 2 != problem.base.count % 2)
    return _row(f"{number:,} targets of {notation}", problem.base.count, cpu, wall, wrong, number - sum(found.values()))


def new_data(notation: str, sets: int) -> list[Row]:
    """Certified critical points for new data sets beside one tracking pass from the general points, which are known."""
    from neurovariety.homotopy import track

    model = nv.as_model(notation)
    rng = np.random.default_rng(2)
    task = training_task(notation, data=(rng.normal(size=(20, model.inputs)), rng.normal(size=(20, model.outputs))), seed=0)
    problem, _ = _problem(task, "target", 0)
    base = problem.base.run.fibers[0]
    out = []
    for _ in range(sets):
        data = (rng.normal(size=(20, model.inputs)), rng.normal(size=(20, model.outputs)))
        quadratic = problem.quadratic(training_task(notation, data=data, seed=0).loss)
        _, parameters = problem.parameters(quadratic)
        ends = np.tile(parameters + 0j, (problem.base.count, 1))
        _, cpu, wall = _timed(lambda: track(problem.critical.system, base.array(), base.parameters, ends))  # noqa: B023
        out.append(_row(f"one tracking pass for {notation}", problem.base.count, cpu, wall, 0, 0))
        found, cpu, wall = _timed(lambda: problem.stationary(quadratic, np.random.default_rng(3)))  # noqa: B023
        missing = problem.base.count - len(found.points)
        out.append(_row(f"certified points of new data for {notation}", len(found.points), cpu, wall, 0, missing))
    return out


def rows(quick: bool = False) -> list[Row]:
    """All rows; ``quick`` with fewer points."""
    nv.discriminant("linear(2,1,2)", form=general_form("linear(2,1,2)"), grid=4)  # compiles, or loads what was compiled
    grid, number = (40, 100) if quick else (200, 1000)
    return [
        picture("linear(2,1,2)", grid, form=general_form("linear(2,1,2)")),
        picture("mlp(2,1,1; x^2)", grid, metric="uniform"),
        targets("linear(3,1,3)", number),
        *new_data("mlp(3,2,1; x^2; bias)", 1 if quick else 3),
    ]


if __name__ == "__main__":
    show(rows())
