"""The compiled loop of descents by the method of Levenberg and Marquardt, over the complex numbers.

A step solves (J* J + d) s = J* r, J the derivatives of weighed functions and r what these are off; of the two forms of the equations,
of as many unknowns or as many rows, the smaller one is solved by Cholesky's factors. What is real stays real: no sum or product of
numbers without imaginary parts has one.
"""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from neurovariety.certificates.float_balls import TapeArrays
from neurovariety.compiled import compiled, compiled_within
from neurovariety.homotopy.kernels import run
from neurovariety.homotopy.lanes import LANES, WIDTH


class MovedBy(NamedTuple):
    """Tapes of n functions, ``values``, and of their derivatives by all unknowns, ``slopes``, each with the slots of its outputs."""

    values: TapeArrays
    slopes: TapeArrays
    value_slots: NDArray[np.int32]
    slope_slots: NDArray[np.int32]


class Aim(NamedTuple):
    """Where functions times ``factor`` (k, n), which is the identity where it is ``plain``, are to go: to ``goal`` (k,), by way of the
    unknowns ``free``."""

    factor: NDArray[np.float64]
    plain: bool
    goal: NDArray[np.complex128]
    free: NDArray[np.int64]


class Descents(NamedTuple):
    """Descents: ``points`` (P, N), replaced by where they end, and ``size`` (P,), how far the functions are off there."""

    points: NDArray[np.complex128]
    size: NDArray[np.float64]


class DescentNumbers(NamedTuple):
    """How far descents go: at most so many ``iterations``, until the norm is at most ``enough``, a ``damping``, of which there is a
    ``first`` one and a ``least`` one, or a coordinate of the point is too large."""

    iterations: int
    enough: float
    first: float
    least: float
    damping: float
    largest: float


class _DescentRoom(NamedTuple):
    """What `descend` works in: slots of the tapes, what the functions are ``off`` and seen to be at a ``trial``, derivatives, a step,
    the equations of one; of each descent its damping, whether it moved, goes on, and could try a step."""

    values: NDArray[np.float64]
    slopes: NDArray[np.float64]
    off: NDArray[np.complex128]
    seen: NDArray[np.complex128]
    trial: NDArray[np.complex128]
    slope: NDArray[np.complex128]
    step: NDArray[np.complex128]
    gram: NDArray[np.complex128]
    right: NDArray[np.complex128]
    damping: NDArray[np.float64]
    growth: NDArray[np.float64]
    moved: NDArray[np.bool_]
    going: NDArray[np.bool_]
    tried: NDArray[np.bool_]


@no_type_check
@compiled_within
def _load(w, points, row, lane):
    """Put a point into its lane."""
    for i in range(points.shape[1]):
        w[(1 + i) * WIDTH + lane] = points[row, i].real
        w[(1 + i) * WIDTH + LANES + lane] = points[row, i].imag


@no_type_check
@compiled_within
def _weighed(w, outputs, lane, aim, columns, out):
    """Outputs of a lane, (n, columns) row by row, times the factor into ``out`` (k, columns)."""
    factor = aim.factor
    n = factor.shape[1]
    out[:, :] = 0
    for j in range(n):
        for c in range(columns):
            o = np.int64(outputs[j * columns + c]) * WIDTH + lane
            value = w[o] + 1j * w[o + LANES]
            if aim.plain:
                out[j, c] = value
            else:
                for i in range(factor.shape[0]):
                    out[i, c] += factor[i, j] * value


@no_type_check
@compiled_within
def _solved(matrix, vector):
    """Solve a Hermitian system of a positive matrix in place; whether it is one."""
    n = len(vector)
    for j in range(n):
        d = matrix[j, j].real
        for k in range(j):
            d -= matrix[j, k].real ** 2 + matrix[j, k].imag ** 2
        if not d > 0:
            return False
        d = np.sqrt(d)
        matrix[j, j] = d
        for i in range(j + 1, n):
            s = matrix[i, j]
            for k in range(j):
                s -= matrix[i, k] * np.conj(matrix[j, k])
            matrix[i, j] = s / d
    for i in range(n):
        s = vector[i]
        for k in range(i):
            s -= matrix[i, k] * vector[k]
        vector[i] = s / matrix[i, i].real
    for i in range(n - 1, -1, -1):
        s = vector[i]
        for k in range(i + 1, n):
            s -= np.conj(matrix[k, i]) * vector[k]
        vector[i] = s / matrix[i, i].real
    return True


@no_type_check
@compiled_within
def _step(j, off, damping, free, gram, right, step):
    """The step from derivatives (k, N) in the unknowns ``free``; whether there is one. ``damping`` is relative to their size."""
    rows, count = j.shape[0], len(free)
    scale = 0.0
    for i in range(rows):
        for c in free:
            scale += j[i, c].real ** 2 + j[i, c].imag ** 2
    added = damping * (scale / rows + 1e-300)
    step[:] = 0
    if count <= rows:
        for a in range(count):
            for b in range(a + 1):
                s = 0j
                for i in range(rows):
                    s += np.conj(j[i, free[a]]) * j[i, free[b]]
                gram[a, b] = s
            gram[a, a] += added
            s = 0j
            for i in range(rows):
                s += np.conj(j[i, free[a]]) * off[i]
            right[a] = s
        if not _solved(gram[:count, :count], right[:count]):
            return False
        for a in range(count):
            step[free[a]] = right[a]
        return True
    for a in range(rows):
        for b in range(a + 1):
            s = 0j
            for c in free:
                s += j[a, c] * np.conj(j[b, c])
            gram[a, b] = s
        gram[a, a] += added
        right[a] = off[a]
    if not _solved(gram[:rows, :rows], right[:rows]):
        return False
    for c in free:
        s = step[c]
        for i in range(rows):
            s += np.conj(j[i, c]) * right[i]
        step[c] = s
    return True


@no_type_check
@compiled_within
def _off(w, tape, outputs, points, aim, out):
    """What the weighed functions are off at the points, into ``out`` (P, k, 1)."""
    for l in range(LANES):
        _load(w, points, min(l, len(points) - 1), l)
    run(w, tape)
    for l in range(len(points)):
        _weighed(w, outputs, l, aim, 1, out[l])
        for i in range(len(aim.goal)):
            out[l, i, 0] -= aim.goal[i]


@no_type_check
@compiled_within
def _norm(vector):
    total = 0.0
    for value in vector:
        total += value.real**2 + value.imag**2
    return np.sqrt(total)


@no_type_check
@compiled_within
def _goes_on(point, size, damping, numbers):
    largest = 0.0
    for value in point:
        largest = max(largest, abs(value))
    return size > numbers.enough and damping < numbers.damping and largest < numbers.largest


@no_type_check
def descend(by, aim, numbers, found):
    """Descents of a block, `LANES` at most, in place: `MovedBy`, `Aim`, `DescentNumbers` and `Descents`."""
    count, n = found.points.shape
    k, m = len(aim.goal), max(min(len(aim.goal), len(aim.free)), 1)
    room = _DescentRoom(
        np.zeros(by.values.slots * WIDTH), np.zeros(by.slopes.slots * WIDTH), np.zeros((count, k, 1), np.complex128),
        np.zeros((count, k, 1), np.complex128), found.points.copy(), np.zeros((count, k, n), np.complex128), np.zeros(n, np.complex128),
        np.zeros((m, m), np.complex128), np.zeros(m, np.complex128), np.full(count, numbers.first), np.full(count, 2.0),
        np.ones(count, dtype=np.bool_), np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.bool_),
    )  # fmt: skip
    _descend_in(room, by, aim, numbers, found)


@no_type_check
@compiled
def _descend_in(room, by, aim, numbers, found):
    points, size = found
    count, n = points.shape
    k = len(aim.goal)
    v, d, off, seen, trial, slope, step, gram, right, damping, growth, moved, going, tried = room
    v[:LANES] = 1.0
    d[:LANES] = 1.0
    _off(v, by.values, by.value_slots, points, aim, off)
    for l in range(count):
        size[l] = _norm(off[l, :, 0])
    for _ in range(numbers.iterations):
        any_going, any_moved = False, False
        for l in range(count):
            going[l] = _goes_on(points[l], size[l], damping[l], numbers)
            any_going = any_going or going[l]
            any_moved = any_moved or (going[l] and moved[l])
        if not any_going:
            break
        if any_moved:
            for l in range(LANES):
                _load(d, points, min(l, count - 1), l)
            run(d, by.slopes)
        for l in range(count):
            if going[l]:
                if moved[l]:
                    _weighed(d, by.slope_slots, l, aim, n, slope[l])
                    moved[l] = False
                tried[l] = _step(slope[l], off[l, :, 0], damping[l], aim.free, gram, right, step)
                for i in range(n):
                    trial[l, i] = points[l, i] - step[i]
        _off(v, by.values, by.value_slots, trial, aim, seen)
        for l in range(count):
            now = _norm(seen[l, :, 0])
            if not going[l]:
                continue
            if not tried[l]:  # singular to the last digit
                damping[l] *= 100
            elif now < size[l]:
                for i in range(n):
                    points[l, i] = trial[l, i]
                for i in range(k):
                    off[l, i, 0] = seen[l, i, 0]
                size[l] = now
                damping[l], growth[l], moved[l] = max(damping[l] / 5, numbers.least), 2.0, True
            else:  # a descent that has arrived ends after few more steps
                damping[l] *= growth[l]
                growth[l] *= 2
