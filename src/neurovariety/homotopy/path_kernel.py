"""The compiled loop that follows paths: prediction by power series, correction by Newton's iteration, a step size for each lane."""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from neurovariety.compiled import compiled, compiled_within
from neurovariety.homotopy.kernels import factor, run, run_order, scales, sizes, solved, write
from neurovariety.homotopy.lanes import LANES, WIDTH

RUNNING, DONE, STUCK, TOO_MANY_STEPS, NOT_A_START, DIVERGED = 0, 1, 2, 3, 4, 5


class Segments(NamedTuple):
    """Paths to follow: ``starts`` (P, n) at parameters ``p0`` (P, m), along a circular arc to ``p1`` (P, m).

    At time s the parameters are p0 + z (p1 - p0), z = s / (g + (1 - g) s), with g the path's ``bend`` (P,); 1 is the segment.
    """

    starts: NDArray[np.complex128]
    p0: NDArray[np.complex128]
    p1: NDArray[np.complex128]
    bend: NDArray[np.complex128]


class StepNumbers(NamedTuple):
    """`neurovariety.homotopy.tracker.Settings` for the compiled loop."""

    tolerance: float
    contraction: float
    most_steps: int
    smallest: float
    huge: float
    pade: bool
    orders: int
    noise: float


class PathEnds(NamedTuple):
    """``ends`` (P, n), ``status`` (P,), ``reached`` (P,) in [0, 1], ``steps`` (P, 2) taken and refused, ``accuracy`` (P,)."""

    ends: NDArray[np.complex128]
    status: NDArray[np.int64]
    reached: NDArray[np.float64]
    steps: NDArray[np.int64]
    accuracy: NDArray[np.float64]


_HALVED = 2
"""A step that was halved so often before it was taken was too long for another reason than the series shows, rounding most often; the
next is then no longer than twice this one."""


class _Lanes(NamedTuple):
    """What the lanes of a block stand at, one number a lane: which path (-1: none), how far, the step to try and until when, the sizes
    of the two corrections, what is learned of the step's error, how often the step was ``halved`` since the last one taken; ``z`` is
    the series (orders, LANES) of the time."""

    path: NDArray[np.int64]
    reached: NDArray[np.float64]
    step: NDArray[np.float64]
    until: NDArray[np.float64]
    first: NDArray[np.float64]
    second: NDArray[np.float64]
    rough: NDArray[np.float64]
    target: NDArray[np.float64]
    halved: NDArray[np.int64]
    fresh: NDArray[np.bool_]
    taken: NDArray[np.bool_]
    bend: NDArray[np.complex128]
    z: NDArray[np.complex128]


class _Vectors(NamedTuple):
    """Vectors of a block: the points ``x``, the next ones ``y``, a correction ``d``, the units ``scale``, the series ``c`` (orders, n,
    WIDTH) and the ``size`` (orders, LANES) of its terms; the parameters ``p``, their change ``dp``, and where they ``moved`` to."""

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    d: NDArray[np.float64]
    scale: NDArray[np.float64]
    c: NDArray[np.float64]
    size: NDArray[np.float64]
    p: NDArray[np.float64]
    dp: NDArray[np.float64]
    moved: NDArray[np.float64]


class _TrackRoom(NamedTuple):
    """What `track` works in: the slots of both tapes, the lanes and vectors of a block, zeros, and which rows are exchanged."""

    both: NDArray[np.float64]
    alone: NDArray[np.float64]
    lanes: _Lanes
    vectors: _Vectors
    nothing: NDArray[np.float64]
    pivots: NDArray[np.int64]


@no_type_check
@compiled_within
def _predict(x, c, n, orders, h, pade, y):
    """The Taylor polynomial, or the Padé approximant with a linear denominator, at step ``h`` of each lane."""
    top = orders - 1
    for i in range(n):
        for l in range(LANES):
            step = h[l]
            re, im = c[top, i, l], c[top, i, LANES + l]
            a, b = c[top - 1, i, l], c[top - 1, i, LANES + l]
            power = 1.0
            if pade:
                # c_top / c_(top-1) is 1 / pole: the last term is divided by 1 - h / pole
                size = a * a + b * b
                if size > 1e-200:
                    u, v = (re * a + im * b) / size * step, (im * a - re * b) / size * step
                    if u * u + v * v < 0.25:
                        power = 1.0
                        q = (1.0 - u) ** 2 + v * v
                        re, im = (re * (1.0 - u) - im * v) / q, (im * (1.0 - u) + re * v) / q
            for k in range(top - 1, 0, -1):
                re, im = c[k, i, l] + step * re * power, c[k, i, LANES + l] + step * im * power
            y[i, l] = x[i, l] + step * re
            y[i, LANES + l] = x[i, LANES + l] + step * im


@no_type_check
@compiled_within
def _move(p, dp, z, k, m, out):
    """p + z[k] dp, lane by lane."""
    for i in range(m):
        for l in range(LANES):
            a, b = dp[i, l], dp[i, LANES + l]
            x, y = z[k, l].real, z[k, l].imag
            out[i, l] = p[i, l] + x * a - y * b
            out[i, LANES + l] = p[i, LANES + l] + x * b + y * a


@no_type_check
@compiled_within
def _load(lanes, vectors, paths, waiting, stride, tolerance):
    """Put the next paths into the lanes that have none; returns the first that still waits."""
    x, p, dp = vectors.x, vectors.p, vectors.dp
    for l in range(LANES):
        if lanes.path[l] < 0 and waiting < len(paths.starts):
            lanes.path[l] = waiting
            for i in range(len(x)):
                x[i, l], x[i, LANES + l] = paths.starts[waiting, i].real, paths.starts[waiting, i].imag
            for i in range(len(p)):
                a, b = paths.p0[waiting, i], paths.p1[waiting, i] - paths.p0[waiting, i]
                p[i, l], p[i, LANES + l], dp[i, l], dp[i, LANES + l] = a.real, a.imag, b.real, b.imag
            lanes.bend[l] = paths.bend[waiting]
            lanes.reached[l], lanes.step[l], lanes.fresh[l] = 0.0, 0.0, True
            lanes.rough[l], lanes.target[l], lanes.halved[l] = 1.0, tolerance, 0
            waiting += stride
    return waiting


@no_type_check
@compiled_within
def _set_times(lanes, orders):
    """The time that each lane tries to reach, and the series of z there."""
    for l in range(LANES):
        s, g = lanes.reached[l] + lanes.step[l], lanes.bend[l]
        lanes.until[l] = s if s < 1.0 else 1.0
        below = 1.0 / (g + (1.0 - g) * lanes.until[l])
        lanes.z[0, l] = lanes.until[l] * below
        power = g * below * below
        for k in range(1, orders):
            lanes.z[k, l] = power
            power *= (g - 1.0) * below


@no_type_check
@compiled_within
def _judge(lanes, vectors, settings, out):
    """Keep or refuse the step of each lane by its two corrections, and end the paths that are over."""
    tolerance, contraction, noise, orders = settings.tolerance, settings.contraction, settings.noise, settings.orders
    x, y, d, size = vectors.x, vectors.y, vectors.d, vectors.size
    n = len(x)
    for l in range(LANES):
        lanes.taken[l] = False
        if lanes.path[l] < 0:
            continue
        k, fresh, d1, d2 = lanes.path[l], lanes.fresh[l], lanes.first[l], lanes.second[l]
        if fresh:
            good = d1 < 1e-3 and d2 <= max(0.1 * d1, 1e-8, noise)
        else:
            good = d1 < 0.1 and d2 <= max(contraction * d1, noise)
            guess = size[orders - 1, l] * lanes.step[l] ** orders
            if d1 < 1.0 and guess > 0.0:
                lanes.rough[l] = min(max(np.sqrt(lanes.rough[l] * d1 / guess), 1e-3), 1e6)
            if good and d1 > 1e-9:
                # contraction d2/d1 = omega d1 / 2: aim at a tenth of the allowed one
                target = min(tolerance, 0.2 * contraction * d1 * d1 / max(d2, 1e-300))
                lanes.target[l] = max(target, 1e-2 * tolerance)
        if good:
            lanes.taken[l] = True
            out.steps[k, 0] += 1
            lanes.reached[l] = lanes.until[l]
            largest = 0.0
            for i in range(n):
                x[i, l], x[i, LANES + l] = y[i, l] - d[i, l], y[i, LANES + l] - d[i, LANES + l]
                largest = max(largest, abs(x[i, l]) + abs(x[i, LANES + l]))
            over = DONE if lanes.reached[l] >= 1.0 and not fresh else DIVERGED if largest > settings.huge else RUNNING
        else:
            out.steps[k, 1] += 1
            lanes.step[l] *= 0.5
            lanes.halved[l] += 1
            over = NOT_A_START if fresh else STUCK if lanes.step[l] < settings.smallest else RUNNING
        if over == RUNNING and out.steps[k, 0] + out.steps[k, 1] >= settings.most_steps:
            over = TOO_MANY_STEPS
        if over != RUNNING:
            for i in range(n):
                out.ends[k, i] = x[i, l] + 1j * x[i, LANES + l]
            out.status[k], out.reached[k], out.accuracy[k] = over, lanes.reached[l], d2
            lanes.path[l], lanes.taken[l], lanes.fresh[l] = -1, False, True
            lanes.step[l] = 0.0


@no_type_check
@compiled_within
def _keep_term(lanes, vectors, k):
    """Term ``k`` of the series, found as minus the correction, for the lanes that took a step; and its size."""
    d, scale = vectors.d, vectors.scale
    for l in range(LANES):
        if lanes.taken[l]:
            largest = 0.0
            for i in range(len(d)):
                vectors.c[k, i, l], vectors.c[k, i, LANES + l] = d[i, l], d[i, LANES + l]
                a = np.sqrt(d[i, l] ** 2 + d[i, LANES + l] ** 2) / scale[i, l]
                if not a <= largest:
                    largest = a
            vectors.size[k, l] = largest


@no_type_check
@compiled_within
def _set_steps(lanes, size, settings):
    """The next step of each lane, by the size of the first term of the series that is left out."""
    orders = settings.orders
    for l in range(LANES):
        if lanes.taken[l]:
            a, b = size[orders - 1, l], size[orders - 2, l]
            size[orders - 1, l] = a * a / b if b > 0.0 else a
            lanes.fresh[l] = False
        if lanes.path[l] >= 0 and lanes.taken[l]:
            guess = lanes.rough[l] * size[orders - 1, l]
            h = (lanes.target[l] / guess) ** (1.0 / orders) if guess > 0.0 else 1.0
            if not h > 0.0:
                h = settings.smallest
            if lanes.halved[l] >= _HALVED:
                h = min(h, 2.0 * lanes.step[l])
            lanes.halved[l] = 0
            lanes.step[l] = min(h, 1.0 - lanes.reached[l])


@no_type_check
def track(both, alone, paths, first, stride, settings, out):
    """Track paths ``first``, ``first + stride``, ... of ``paths`` (`Segments`), with ``settings`` (`StepNumbers`), into ``out``
    (`PathEnds`).

    ``both`` (`TapeArrays`) is the tape of the n functions and their n x n Jacobian, ``alone`` that of the functions alone, without
    reuse of slots; inputs are the n unknowns, then the m parameters. A step predicts by the power series of the solution, found with
    the factors of the last Jacobian, and corrects by two Newton iterations with one Jacobian.
    """
    n, m, orders = paths.starts.shape[1], paths.p0.shape[1], settings.orders
    lanes = _Lanes(
        np.full(LANES, -1), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.ones(LANES),
        np.full(LANES, settings.tolerance), np.zeros(LANES, dtype=np.int64), np.ones(LANES, dtype=np.bool_),
        np.zeros(LANES, dtype=np.bool_),
        np.ones(LANES, dtype=np.complex128), np.zeros((orders, LANES), dtype=np.complex128),
    )  # fmt: skip
    vectors = _Vectors(
        np.zeros((n, WIDTH)), np.zeros((n, WIDTH)), np.zeros((n, WIDTH)), np.ones((n, LANES)), np.zeros((orders, n, WIDTH)),
        np.zeros((orders, LANES)), np.zeros((m, WIDTH)), np.zeros((m, WIDTH)), np.zeros((m, WIDTH)),
    )  # fmt: skip
    room = _TrackRoom(
        np.zeros(both.slots * WIDTH), np.zeros(alone.slots * orders * WIDTH), lanes, vectors, np.zeros((m, WIDTH)),
        np.zeros((n, LANES), dtype=np.int64),
    )  # fmt: skip
    _track_in(room, both, alone, paths, (first, stride), settings, out)


@no_type_check
@compiled
def _track_in(room, both, alone, paths, which, settings, out):
    w, v, lanes, vectors, nothing, pivots = room
    n, m, orders = paths.starts.shape[1], paths.p0.shape[1], settings.orders
    w[:LANES] = 1.0
    v[:LANES] = 1.0
    unit = orders * WIDTH
    fo = (1 + n + m) * WIDTH
    mo = np.int64(fo + n * WIDTH)
    so = (1 + n + m) * unit
    x, y, d, moved = vectors.x, vectors.y, vectors.d, vectors.moved
    waiting, stride = which
    while True:
        waiting = _load(lanes, vectors, paths, waiting, stride, settings.tolerance)
        on = False
        for l in range(LANES):
            on = on or lanes.path[l] >= 0
        if not on:
            return
        _set_times(lanes, orders)
        _move(vectors.p, vectors.dp, lanes.z, 0, m, moved)
        _predict(x, vectors.c, n, orders, lanes.step, settings.pade, y)
        for l in range(LANES):
            if lanes.fresh[l]:
                for i in range(n):
                    y[i, l], y[i, LANES + l] = x[i, l], x[i, LANES + l]
        scales(y, n, vectors.scale)
        write(w, WIDTH, (1 + n) * WIDTH, moved, m)
        for again in range(2):  # a loop, so that what it calls stands once in the code that is compiled
            write(w, WIDTH, WIDTH, y, n)
            run(w, both)
            swapped = factor(w, mo, n, pivots)
            solved(w, fo, pivots, swapped, w, WIDTH, fo, d)
            sizes(d, vectors.scale, n, lanes.second if again else lanes.first)
            if not again:
                for i in range(n):
                    for l in range(WIDTH):
                        y[i, l] -= d[i, l]
                write(v, unit, unit, y, n)
                write(v, unit, (1 + n) * unit, moved, m)
                run_order(v, alone, 0, orders)
        _judge(lanes, vectors, settings, out)
        # The series of the solution at the new points, with the factors of the Jacobian at the predicted ones.
        for k in range(1, orders):
            _move(nothing, vectors.dp, lanes.z, k, m, moved)
            write(v, unit, (1 + n) * unit + k * WIDTH, moved, m)
            for i in range(n):
                for l in range(WIDTH):
                    v[(1 + i) * unit + k * WIDTH + l] = 0.0
            run_order(v, alone, k, orders)
            solved(w, fo, pivots, swapped, v, unit, so + k * WIDTH, d)
            for i in range(n):
                for l in range(WIDTH):
                    d[i, l] = -d[i, l]
            write(v, unit, unit + k * WIDTH, d, n)
            if k < orders - 1:
                run_order(v, alone, k, orders)
            _keep_term(lanes, vectors, k)
        _set_steps(lanes, vectors.size, settings)
