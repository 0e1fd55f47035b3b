"""Tracking solutions of F(x; p) = 0 while the parameters move along segments."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from neurovariety.budget import spend
from neurovariety.homotopy import kernels, path_kernel
from neurovariety.homotopy.arrays import Complexes, Numbers, Reals, Truths
from neurovariety.homotopy.lanes import LANES
from neurovariety.homotopy.path_kernel import PathEnds, Segments, StepNumbers
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

    def numbers(self) -> StepNumbers:
        """The same for the compiled loop, each of the type it was compiled for."""
        return StepNumbers(
            float(self.tolerance), float(self.contraction), int(self.most_steps), float(self.smallest), float(self.huge),
            bool(self.pade), int(self.orders), float(self.noise),
        )  # fmt: skip


DEFAULTS = Settings()

_CANCELLED = 1e-12
"""A row of a Jacobian that is smaller, relative to the terms that it is the sum of, is nothing but rounding."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Ends of paths: ``ends`` (P, n), ``status`` (P,), ``reached`` in [0, 1], ``steps`` (P, 2) taken and refused, ``accuracy``."""

    ends: Complexes
    status: NDArray[np.int64]
    reached: Reals
    steps: NDArray[np.int64]
    accuracy: Reals

    @property
    def good(self) -> Truths:
        return self.status == path_kernel.DONE


def _rows(values: Numbers | complex | float, shape: tuple[int, ...]) -> Complexes:
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
    system: System,
    starts: Numbers,
    p0: Numbers,
    p1: Numbers,
    settings: Settings = DEFAULTS,
    *,
    bend: Numbers | complex | float = 1.0,
    workers: int | None = None,
) -> Paths:
    """Follow ``starts`` (P, n), solutions at parameters ``p0``, to ``p1``; both (m,) or (P, m)."""
    starts = np.array(starts, dtype=np.complex128, order="C")
    count, n, m = len(starts), system.unknowns, system.parameters
    paths = Segments(starts, _rows(p0, (count, m)), _rows(p1, (count, m)), _rows(bend, (count,)))
    out = PathEnds(
        np.full((count, n), np.nan + 0j), np.zeros(count, np.int64), np.zeros(count), np.zeros((count, 2), np.int64), np.zeros(count)
    )
    spend("paths", count, settings.usual_steps * operations_of_a_step(system, settings.orders))

    def part(first: int, stride: int) -> None:
        path_kernel.track(system.with_jacobian.arrays, system.values.arrays, paths, first, stride, settings.numbers(), out)

    workers = min(workers or threads(), max(1, count // LANES))
    if workers == 1:
        part(0, 1)
    else:
        pool = _pool(max(workers, threads()))
        others = [pool.submit(part, k, workers) for k in range(1, workers)]
        part(0, workers)
        for other in others:
            other.result()
    return Paths(*out)


def operations_of_a_step(system: System, orders: int) -> float:
    """Multiplications with an addition in one step: two Jacobians with their factors, and the power series of the solution."""
    n = system.unknowns
    series = orders * (orders + 1) / 2 * system.values.operations
    return 2 * system.with_jacobian.operations + series + 2 * n**3 / 3 + (orders + 2) * n**2


def refine(system: System, points: Numbers, parameters: Numbers, iterations: int = 2) -> tuple[Complexes, Reals]:
    """Newton's iteration from ``points`` (P, n): the new points, and the relative size of the last correction of each."""
    points = np.array(points, dtype=np.complex128, order="C")
    parameters = _rows(parameters, (len(points), system.parameters))
    last = np.zeros(len(points))
    kernels.newton(system.with_jacobian.arrays, points, parameters, iterations, last)
    return points, last


def values_at(tape: Tape, inputs: Numbers) -> Complexes:
    """The outputs of a tape (P, outputs) at ``inputs`` (P, inputs)."""
    inputs = np.array(inputs, dtype=np.complex128, order="C")
    out = np.empty((len(inputs), len(tape.outputs)), dtype=np.complex128)
    kernels.evaluate(tape.arrays, inputs, tape.outputs, out)
    return out


def conditions(system: System, points: np.ndarray, parameters: Numbers, floor: float = 1e-8) -> Reals:
    """Condition numbers (P,) of the Jacobian at ``points`` (P, n), infinity where it is singular.

    In the 1-norm, for rows of one size and relative changes of the unknowns, those excepted that are smaller than ``floor`` times the
    largest: unknowns and equations may be of very different sizes without harm. With ``floor`` 1 all unknowns count alike.
    """
    n = system.unknowns
    if not len(points):
        return np.zeros(0)
    inputs = np.hstack([points, _rows(parameters, (len(points), system.parameters))])
    found = values_at(system.with_jacobian, inputs)[:, n:].reshape(-1, n, n)
    sizes = np.abs(points)
    sizes = np.maximum(sizes, floor * sizes.max(axis=1, keepdims=True))[:, None, :]
    with np.errstate(all="ignore"):  # what overflows counts as singular
        scaled = found * sizes
        rows = np.abs(scaled).max(axis=2, keepdims=True)
        out = np.nan_to_num(np.linalg.cond(scaled / np.maximum(rows, 1e-300), 1), nan=np.inf, posinf=np.inf)
        # A row that has cancelled is rounding, of no direction: the gradient at a double point of one equation.
        terms = values_at(_without_signs(system.with_jacobian), np.abs(inputs))[:, n:].reshape(-1, n, n).real * sizes
        out[(rows[..., 0] <= _CANCELLED * terms.max(axis=2)).any(axis=1)] = np.inf
    return out


def _without_signs(tape: Tape) -> Tape:
    """The tape with the absolute values of its coefficients: at the absolute values of inputs, the sizes of the terms of its sums."""
    moduli = np.hypot(tape.coefficients[:, 0], tape.coefficients[:, 1])
    return replace(tape, coefficients=np.stack([moduli, np.zeros_like(moduli)], axis=1))
