"""Compiled loops over blocks of lanes: running tapes, factoring and solving linear systems, Newton's iteration."""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from neurovariety.compiled import compiled, compiled_within
from neurovariety.homotopy.lanes import (
    LANES,
    WIDTH,
    add_strided,
    dot,
    invert,
    linear,
    multiply,
    real_linear,
    subtract_strided,
    weak,
)


class NewtonRoom(NamedTuple):
    """What `newton` works in: the ``tape``'s slots, points ``x`` of a block, corrections ``d``, units and sizes, rows exchanged."""

    tape: NDArray[np.float64]
    x: NDArray[np.float64]
    d: NDArray[np.float64]
    scale: NDArray[np.float64]
    size: NDArray[np.float64]
    pivots: NDArray[np.int64]


@no_type_check
@compiled_within
def run(w, tape):
    """Run a tape (`TapeArrays`) on one block; slots of WIDTH numbers."""
    code, terms, numbers = tape.code, tape.terms, tape.coefficients
    for i in range(len(code)):
        kind, target, start, stop, add = code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4]
        t = np.int64(target) * WIDTH
        if kind == 0:
            dot(w, t, terms, np.int64(start), np.int64(stop), np.int64(WIDTH), np.int64(add))
        elif kind == 1:
            linear(w, t, terms, numbers, np.int64(start), np.int64(stop), np.int64(WIDTH), np.int64(0), np.int64(add))
        elif kind == 2:
            real_linear(w, t, terms, numbers, np.int64(start), np.int64(stop), np.int64(WIDTH), np.int64(0), np.int64(add))
        else:
            invert(w, t, np.int64(terms[start, 0]) * WIDTH)


@no_type_check
@compiled_within
def run_order(w, tape, k, orders):
    """Coefficient ``k`` of every slot's power series, the lower ones at hand; slots of ``orders`` vectors."""
    code, terms, numbers = tape.code, tape.terms, tape.coefficients
    unit = np.int64(orders * WIDTH)
    shift = np.int64(k * WIDTH)
    for i in range(len(code)):
        kind, target, start, stop, add = code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4]
        t = np.int64(target) * unit + shift
        if kind == 0:
            if not add:
                for l in range(WIDTH):
                    w[t + l] = 0.0
            for j in range(start, stop):
                a, b = np.int64(terms[j, 0]) * unit, np.int64(terms[j, 1]) * unit
                add_strided(w, t, a, np.int64(WIDTH), b + shift, np.int64(-WIDTH), np.int64(k + 1))
        elif kind == 1:
            linear(w, t, terms, numbers, np.int64(start), np.int64(stop), unit, shift, np.int64(add))
        elif kind == 2:
            real_linear(w, t, terms, numbers, np.int64(start), np.int64(stop), unit, shift, np.int64(add))
        else:
            a, first = np.int64(terms[start, 0]) * unit, np.int64(target) * unit
            if k == 0:
                invert(w, t, a)
            else:  # the coefficient of a * (1/a) = 1: r_k = -r_0 sum_{j >= 1} a_j r_{k-j}
                for l in range(WIDTH):
                    w[t + l] = 0.0
                subtract_strided(w, t, a + WIDTH, np.int64(WIDTH), first + (k - 1) * WIDTH, np.int64(-WIDTH), np.int64(k))
                multiply(w, t, t, first)


@no_type_check
@compiled_within
def factor(w, m, n, pivots):
    """LU factors of the n x n matrices at offset ``m``, row by row, in place; the diagonal is inverted.

    Rows are exchanged lane by lane where the diagonal is below a tenth of the largest entry of its column; ``pivots`` (n, LANES)
    says with which row. Returns whether any were. Lanes with singular matrices get infinities or what is not a number.
    """
    swapped = False
    right, down = np.int64(WIDTH), np.int64(n * WIDTH)
    for k in range(n):
        for i in range(k, n):  # column k of L, and the diagonal
            subtract_strided(w, m + (i * n + k) * WIDTH, m + i * down, right, m + k * right, down, np.int64(k))
        d = m + (k * n + k) * WIDTH
        bits = weak(w, d, np.int64(n * WIDTH), np.int64(n - 1 - k))
        for l in range(LANES):
            pivots[k, l] = k
            if bits >> l & 1:
                best, row = 0.0, k
                for i in range(k, n):
                    e = m + (i * n + k) * WIDTH
                    size = w[e + l] ** 2 + w[e + LANES + l] ** 2
                    if size > best:
                        best, row = size, i
                swapped = True
                pivots[k, l] = row
                for j in range(n):
                    a, b = m + (k * n + j) * WIDTH + l, m + (row * n + j) * WIDTH + l
                    w[a], w[b] = w[b], w[a]
                    w[a + LANES], w[b + LANES] = w[b + LANES], w[a + LANES]
        invert(w, d, d)
        for i in range(k + 1, n):
            e = m + (i * n + k) * WIDTH
            multiply(w, e, e, d)
        for j in range(k + 1, n):  # row k of U
            subtract_strided(w, m + (k * n + j) * WIDTH, m + k * down, right, m + j * right, down, np.int64(k))
    return swapped


@no_type_check
@compiled_within
def solve(w, m, n, pivots, swapped, b):
    """Replace the vectors at offset ``b`` by the solutions of the systems factored at ``m``."""
    if swapped:
        for k in range(n):
            for l in range(LANES):
                row = pivots[k, l]
                if row != k:
                    for part in (0, LANES):
                        s, t = b + k * WIDTH + part + l, b + row * WIDTH + part + l
                        w[s], w[t] = w[t], w[s]
    for i in range(1, n):
        subtract_strided(w, b + i * WIDTH, m + i * n * WIDTH, np.int64(WIDTH), b, np.int64(WIDTH), np.int64(i))
    for i in range(n - 1, -1, -1):
        t = b + i * WIDTH
        a = m + (i * n + i + 1) * WIDTH
        subtract_strided(w, t, a, np.int64(WIDTH), t + WIDTH, np.int64(WIDTH), np.int64(n - 1 - i))
        multiply(w, t, t, m + (i * n + i) * WIDTH)


@no_type_check
@compiled_within
def write(w, unit, first, values, count):
    """Put ``count`` vectors into slots of size ``unit`` from offset ``first`` on."""
    for i in range(count):
        for l in range(WIDTH):
            w[first + i * unit + l] = values[i, l]


@no_type_check
@compiled_within
def sizes(values, scale, n, out):
    """Largest component of each lane, measured in units of ``scale``."""
    for l in range(LANES):
        best = 0.0
        for i in range(n):
            size = np.sqrt(values[i, l] ** 2 + values[i, LANES + l] ** 2) / scale[i, l]
            if not size <= best:  # what is not a number is passed on
                best = size
        out[l] = best


@no_type_check
@compiled_within
def scales(x, n, scale):
    """Units in which corrections of ``x`` are measured: each component's size, but no less than a tenth of the largest one."""
    for l in range(LANES):
        largest = 1e-300
        for i in range(n):
            scale[i, l] = np.sqrt(x[i, l] ** 2 + x[i, LANES + l] ** 2)
            largest = max(largest, scale[i, l])
        for i in range(n):
            scale[i, l] = max(scale[i, l], 0.1 * largest)


@no_type_check
@compiled_within
def solved(w, fo, pivots, swapped, source, unit, shift, out):
    """Solve with the vectors at ``source`` (slots of ``unit``, from ``shift`` on) as right-hand side, into ``out`` (n, WIDTH).

    Offset ``fo`` of ``w`` has room for the n vectors; the factors of the matrices follow.
    """
    n = len(out)
    for i in range(n):
        for l in range(WIDTH):
            w[fo + i * WIDTH + l] = source[shift + i * unit + l]
    solve(w, np.int64(fo + n * WIDTH), n, pivots, swapped, np.int64(fo))
    for i in range(n):
        for l in range(WIDTH):
            out[i, l] = w[fo + i * WIDTH + l]


@no_type_check
def evaluate(tape, inputs, outputs, values):
    """The outputs (slots ``outputs``) of a tape (`TapeArrays`) at the rows of ``inputs``, into the rows of ``values``."""
    _evaluate_in(np.zeros(tape.slots * WIDTH), tape, inputs, outputs, values)


@no_type_check
@compiled
def _evaluate_in(w, tape, inputs, outputs, values):
    w[:LANES] = 1.0
    count = len(inputs)
    for begin in range(0, count, LANES):
        for l in range(LANES):
            row = min(begin + l, count - 1)
            for i in range(inputs.shape[1]):
                w[(1 + i) * WIDTH + l], w[(1 + i) * WIDTH + LANES + l] = inputs[row, i].real, inputs[row, i].imag
        run(w, tape)
        for l in range(min(LANES, count - begin)):
            for k in range(len(outputs)):
                o = np.int64(outputs[k]) * WIDTH + l
                values[begin + l, k] = w[o] + 1j * w[o + LANES]


@no_type_check
def newton(tape, points, parameters, iterations, last):
    """Newton iterations in place on the rows of ``points`` (P, n) at ``parameters`` (P, m), with a tape (`TapeArrays`) of n functions
    and their Jacobian; ``last`` (P,) is the size of the last correction in the units of `scales`."""
    n = points.shape[1]
    room = NewtonRoom(
        np.zeros(tape.slots * WIDTH), np.zeros((n, WIDTH)), np.zeros((n, WIDTH)), np.ones((n, LANES)), np.zeros(LANES),
        np.zeros((n, LANES), dtype=np.int64),
    )  # fmt: skip
    _newton_in(room, tape, points, parameters, iterations, last)


@no_type_check
@compiled
def _newton_in(room, tape, points, parameters, iterations, last):
    n, m = points.shape[1], parameters.shape[1]
    w, x, d, scale, size, pivots = room
    w[:LANES] = 1.0
    fo = (1 + n + m) * WIDTH
    mo = np.int64(fo + n * WIDTH)
    count = len(points)
    for begin in range(0, count, LANES):
        for l in range(LANES):
            row = min(begin + l, count - 1)
            for i in range(n):
                x[i, l], x[i, LANES + l] = points[row, i].real, points[row, i].imag
            for i in range(m):
                o = (1 + n + i) * WIDTH + l
                w[o], w[o + LANES] = parameters[row, i].real, parameters[row, i].imag
        for _ in range(iterations):
            write(w, WIDTH, WIDTH, x, n)
            run(w, tape)
            swapped = factor(w, mo, n, pivots)
            solved(w, fo, pivots, swapped, w, WIDTH, fo, d)
            scales(x, n, scale)
            sizes(d, scale, n, size)
            for i in range(n):
                for l in range(WIDTH):
                    x[i, l] -= d[i, l]
        for l in range(min(LANES, count - begin)):
            last[begin + l] = size[l]
            for i in range(n):
                points[begin + l, i] = x[i, l] + 1j * x[i, LANES + l]
