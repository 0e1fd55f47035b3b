"""Tracking solutions of F(x; p) = 0 while the parameters move along segments."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from neurovariety.budget import spend
from neurovariety.homotopy import kernels, path_kernel
from neurovariety.homotopy.lanes import LANES
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape


@dataclass(frozen=True)
class Settings:
    """How carefully paths are followed.

    A step is kept where Newton's second correction is at most ``contraction`` times the first, or at most ``noise``: as small as
    rounding lets it become where the Jacobian is ill-conditioned. By the ``usual_steps`` of a path work is counted before it is done.
    """

    tolerance: float = 2e-3
    contraction: float = 0.05
    most_steps: int = 2000
    smallest: float = 1e-9
    huge: float = 1e8
    pade: bool = True
    orders: int = 5
    noise: float = 1e-9
    usual_steps: int = 40

    def array(self) -> Any:
        pade = float(self.pade)
        return np.array([self.tolerance, self.contraction, self.most_steps, self.smallest, self.huge, pade, self.noise])


DEFAULTS = Settings()


@dataclass(frozen=True, eq=False)
class Paths:
    """Ends of paths: ``ends`` (P, n), ``status`` (P,), ``reached`` in [0, 1], ``steps`` (P, 2) taken and refused, ``accuracy``."""

    ends: Any
    status: Any
    reached: Any
    steps: Any
    accuracy: Any

    @property
    def good(self) -> Any:
        return self.status == path_kernel.DONE


def _rows(values: Any, shape: tuple[int, ...]) -> Any:
    """A writable copy of that shape: numba compiles again for a view that is read-only or has other strides."""
    return np.array(np.broadcast_to(np.asarray(values, dtype=np.complex128), shape), order="C")


def threads() -> int:
    """Threads to use: ``OMP_NUM_THREADS`` where it is set, as for linear algebra, else the cores that this process may use."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(int(limit), cores) if limit.isdigit() and int(limit) else cores


@lru_cache(maxsize=1)
def _pool(size: int) -> ThreadPoolExecutor:
    """Threads that are kept: an endgame tracks thousands of short loops, and to start a thread takes longer than one of them."""
    return ThreadPoolExecutor(size, thread_name_prefix="paths")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.cache_clear)  # a forked process has no such threads


def track(
    system: System, starts: Any, p0: Any, p1: Any, settings: Settings = DEFAULTS, *, bend: Any = 1.0, workers: int | None = None
) -> Paths:
    """Follow ``starts`` (P, n), solutions at parameters ``p0``, to ``p1``; both (m,) or (P, m)."""
    starts = np.array(starts, dtype=np.complex128, order="C")
    count, n, m = len(starts), system.unknowns, system.parameters
    p0, p1, bends = _rows(p0, (count, m)), _rows(p1, (count, m)), _rows(bend, (count,))
    out = Paths(
        np.full((count, n), np.nan + 0j), np.zeros(count, np.int64), np.zeros(count), np.zeros((count, 2), np.int64), np.zeros(count)
    )
    a, b = system.with_jacobian, system.values
    spend("paths", count, settings.usual_steps * operations_of_a_step(system, settings.orders))

    def part(first: int, stride: int) -> None:
        path_kernel.track(
            a.code, a.terms, a.coefficients, a.slots, b.code, b.terms, b.coefficients, b.slots, n, m, settings.orders,
            starts, p0, p1, bends, first, stride, settings.array(), out.ends, out.status, out.reached, out.steps, out.accuracy,
        )  # fmt: skip

    workers = min(workers or threads(), max(1, count // LANES))
    if workers == 1:
        part(0, 1)
    else:
        pool = _pool(max(workers, threads()))
        others = [pool.submit(part, k, workers) for k in range(1, workers)]
        part(0, workers)
        for other in others:
            other.result()
    return out


def operations_of_a_step(system: System, orders: int) -> float:
    """Multiplications with an addition in one step: two Jacobians with their factors, and the power series of the solution."""
    n = system.unknowns
    series = orders * (orders + 1) / 2 * system.values.operations
    return 2 * system.with_jacobian.operations + series + 2 * n**3 / 3 + (orders + 2) * n**2


def refine(system: System, points: Any, parameters: Any, iterations: int = 2) -> tuple[Any, Any]:
    """Newton's iteration from ``points`` (P, n): the new points, and the relative size of the last correction of each."""
    points = np.array(points, dtype=np.complex128, order="C")
    parameters = _rows(parameters, (len(points), system.parameters))
    a, last = system.with_jacobian, np.zeros(len(points))
    kernels.newton(a.code, a.terms, a.coefficients, a.slots, system.unknowns, system.parameters, points, parameters, iterations, last)
    return points, last


def values_at(tape: Tape, inputs: Any) -> Any:
    """The outputs of a tape (P, outputs) at ``inputs`` (P, inputs)."""
    inputs = np.array(inputs, dtype=np.complex128, order="C")
    out = np.empty((len(inputs), len(tape.outputs)), dtype=np.complex128)
    kernels.evaluate(tape.code, tape.terms, tape.coefficients, tape.slots, inputs, tape.outputs, out)
    return out


def conditions(system: System, points: Any, parameters: Any, floor: float = 1e-8) -> Any:
    """Condition numbers (P,) of the Jacobian at ``points`` (P, n), infinity where it is singular.

    In the 1-norm, for rows of one size and relative changes of the unknowns, those excepted that are smaller than ``floor`` times the
    largest: unknowns and equations may be of very different sizes without harm. With ``floor`` 1 all unknowns count alike.
    """
    n = system.unknowns
    if not len(points):
        return np.zeros(0)
    found = values_at(system.with_jacobian, np.hstack([points, _rows(parameters, (len(points), system.parameters))]))
    sizes = np.abs(points)
    sizes = np.maximum(sizes, floor * sizes.max(axis=1, keepdims=True))
    scaled = found[:, n:].reshape(-1, n, n) * sizes[:, None, :]
    scaled = scaled / np.maximum(np.abs(scaled).max(axis=2, keepdims=True), 1e-300)
    return np.nan_to_num(np.linalg.cond(scaled, 1), nan=np.inf, posinf=np.inf)
