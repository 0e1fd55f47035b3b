"""The compiled integrators of gradient flow dw/dt = -grad L, one run at a time with steps of its own.

Explicit: the method of Dormand and Prince, order 5 with an error estimate of order 4. Implicit: Rodas, a Rosenbrock method of order 4
with an error estimate of order 3, L-stable and stiffly accurate (Hairer, Wanner 1996, IV.7), with exact second derivatives: near a
minimum gradient flow is stiff.
"""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from neurovariety.compiled import compiled, compiled_within
from neurovariety.training.dynamics.polynomial_loss import gradient, hessian

_A = np.array([
    [0, 0, 0, 0, 0, 0],
    [1 / 5, 0, 0, 0, 0, 0],
    [3 / 40, 9 / 40, 0, 0, 0, 0],
    [44 / 45, -56 / 15, 32 / 9, 0, 0, 0],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0],
    [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
])  # fmt: skip
_E = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])
_GAMMA = 0.25
_RA = np.array([
    [0, 0, 0, 0],
    [1.544, 0, 0, 0],
    [0.9466785280815826, 0.2557011698983284, 0, 0],
    [3.314825187068521, 2.896124015972201, 0.9986419139977817, 0],
    [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.6878860361058950],
])  # fmt: skip
_RC = np.array([
    [0, 0, 0, 0, 0],
    [-5.6688, 0, 0, 0, 0],
    [-2.430093356833875, -0.2063599157091915, 0, 0, 0],
    [-0.1073529058151375, -9.594562251023355, -20.47028614809616, 0, 0],
    [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.70890893206160, 0],
    [8.083246795921522, -7.981132988064893, -31.52159432874371, 16.31930543123136, -6.058818238834054],
])  # fmt: skip
_SHRINK, _GROW, _SAFE = 0.2, 5.0, 0.9
_SMALLEST = 1e-14
"""Steps smaller than this part of the time (or of 1) are not made."""


class FlowNumbers(NamedTuple):
    """Tolerances relative and absolute, the most steps of a run, and the size of weights at which it is no longer followed."""

    rtol: float
    atol: float
    steps: int
    largest: float


class FlowRuns(NamedTuple):
    """Runs: ``weights`` (P, N), replaced by where they are at the end; ``times`` (P,) until which each was followed; ``steps`` (P,) the
    last step of each, 0 where there was none."""

    weights: NDArray[np.float64]
    times: NDArray[np.float64]
    steps: NDArray[np.float64]


class _FlowRoom(NamedTuple):
    """What `followed` works in: that of `hessian`, the slopes ``k`` of a step, where it goes and how far ``off`` that is, second
    derivatives, factors ``a`` and their rows' order."""

    c: NDArray[np.float64]
    r: NDArray[np.float64]
    j: NDArray[np.float64]
    q: NDArray[np.float64]
    k: NDArray[np.float64]
    new: NDArray[np.float64]
    off: NDArray[np.float64]
    second: NDArray[np.float64]
    a: NDArray[np.float64]
    order: NDArray[np.int64]


@no_type_check
@compiled_within
def _error(w, new, off, numbers):
    """The error relative to what is allowed, in the mean square; infinite where something is no number."""
    total = 0.0
    for i in range(len(w)):
        e = off[i] / (numbers.atol + numbers.rtol * max(abs(w[i]), abs(new[i])))
        total += e * e
    size = np.sqrt(total / len(w))
    return size if np.isfinite(size) else np.inf


@no_type_check
@compiled_within
def _first_step(w, g, numbers):
    at, slope = 0.0, 0.0
    for i in range(len(w)):
        scale = numbers.atol + numbers.rtol * abs(w[i])
        at += (w[i] / scale) ** 2
        slope += (g[i] / scale) ** 2
    return 1e-2 * np.sqrt(at / slope) if at > 0 and slope > 0 else 1e-6


@no_type_check
@compiled_within
def _factored(a, order):
    """LU factors in place, rows exchanged as ``order`` says; whether there are any."""
    n = len(a)
    for k in range(n):
        best = k
        for i in range(k + 1, n):
            if abs(a[i, k]) > abs(a[best, k]):
                best = i
        order[k] = best
        if not abs(a[best, k]) > 0:
            return False
        if best != k:
            for j in range(n):
                a[k, j], a[best, j] = a[best, j], a[k, j]
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            e = a[i, k]
            if e != 0.0:
                for j in range(k + 1, n):
                    a[i, j] -= e * a[k, j]
    return True


@no_type_check
@compiled_within
def _solve(a, order, x):
    n = len(a)
    for k in range(n):
        if order[k] != k:
            x[k], x[order[k]] = x[order[k]], x[k]
    for i in range(n):
        for k in range(i):
            x[i] -= a[i, k] * x[k]
    for i in range(n - 1, -1, -1):
        for k in range(i + 1, n):
            x[i] -= a[i, k] * x[k]
        x[i] /= a[i, i]


@no_type_check
@compiled_within
def _explicit(w, h, loss, c, r, k, new, off):
    """A step from ``w``, where ``k[0]`` is the slope, to ``new``; ``k[6]`` is the slope there."""
    for s in range(1, 7):
        for i in range(len(w)):
            total = 0.0
            for t in range(s):
                total += _A[s, t] * k[t, i]
            new[i] = w[i] + h * total
        gradient(new, loss, c, r, k[s])
        for i in range(len(w)):
            k[s, i] = -k[s, i]
    for i in range(len(w)):
        total = 0.0
        for s in range(7):
            total += _E[s] * k[s, i]
        off[i] = h * total


@no_type_check
@compiled_within
def _implicit(w, h, loss, c, r, a, order, k, new, off):
    """A step from ``w``, where ``a`` holds the factors of 1 / (gamma h) + second derivatives, to ``new``."""
    n = len(w)
    for s in range(6):
        for i in range(n):
            new[i] = w[i]
            for t in range(min(s, 4)):
                new[i] += _RA[min(s, 4), t] * k[t, i]
            for t in range(4, s):
                new[i] += k[t, i]
        gradient(new, loss, c, r, off)
        for i in range(n):
            total = -off[i]
            for t in range(s):
                total += _RC[s, t] / h * k[t, i]
            k[s, i] = total
        _solve(a, order, k[s])
    for i in range(n):
        new[i] += k[5, i]
        off[i] = k[5, i]


@no_type_check
def followed(loss, end, explicit, numbers, runs):
    """Follow runs to the time ``end``, in place. A run that needs too many steps, or grows too large, stays where it is then."""
    m, n = len(loss.image), runs.weights.shape[1]
    room = _FlowRoom(
        np.zeros(m), np.zeros(m), np.zeros((m, n)), np.zeros((m, n)), np.zeros((7, n)), np.zeros(n), np.zeros(n), np.zeros((n, n)),
        np.zeros((n, n)), np.zeros(n, np.int64),
    )  # fmt: skip
    _followed_in(room, loss, end, explicit, numbers, runs)


@no_type_check
@compiled
def _followed_in(room, loss, end, explicit, numbers, runs):
    points, times, steps = runs
    count, n = points.shape
    c, r, j, q, k, new, off, h2, a, order = room
    power = 0.2 if explicit else 0.25
    for p in range(count):
        w, t = points[p], times[p]
        gradient(w, loss, c, r, off)
        h = steps[p] if steps[p] > 0 else _first_step(w, off, numbers)
        for i in range(n):
            k[0, i] = -off[i]
        fresh, rejected = True, False
        for _ in range(numbers.steps):
            if t >= end or not h > _SMALLEST * max(t, 1.0):
                break
            last = end - t <= h * (1 + 1e-9)
            step = end - t if last else h
            if explicit:
                _explicit(w, step, loss, c, r, k, new, off)
                error = _error(w, new, off, numbers)
            else:
                if fresh:
                    hessian(w, loss, c, r, j, q, h2)
                    fresh = False
                for i in range(n):
                    for l in range(n):
                        a[i, l] = h2[i, l]
                    a[i, i] += 1 / (_GAMMA * step)
                error = np.inf
                if _factored(a, order):
                    _implicit(w, step, loss, c, r, a, order, k, new, off)
                    error = _error(w, new, off, numbers)
            factor = min(_GROW, max(_SHRINK, _SAFE * error ** (-power))) if error > 0 else _GROW
            if error <= 1:
                largest = 0.0
                for i in range(n):
                    w[i] = new[i]
                    largest = max(largest, abs(new[i]))
                if explicit:
                    for i in range(n):
                        k[0, i] = k[6, i]
                t, fresh = end if last else t + step, True
                h = max(h, step * factor) if last else step * (min(factor, 1.0) if rejected else factor)
                rejected = False
                if not largest < numbers.largest:
                    break
            else:
                h, rejected = step * min(factor, 1.0), True
        times[p], steps[p] = t, h
