"""The compiled loop that follows paths: prediction by power series, correction by Newton's iteration, a step size for each lane."""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from neurovariety.homotopy.compiled import compiled
from neurovariety.homotopy.kernels import factor, run, run_order, scales, sizes, solved, write
from neurovariety.homotopy.lanes import LANES, WIDTH

RUNNING, DONE, STUCK, TOO_MANY_STEPS, NOT_A_START, DIVERGED = 0, 1, 2, 3, 4, 5


@no_type_check
@compiled
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
@compiled
def _move(p, dp, z, k, m, out):
    """p + z[k] dp, lane by lane."""
    for i in range(m):
        for l in range(LANES):
            a, b = dp[i, l], dp[i, LANES + l]
            x, y = z[k, l].real, z[k, l].imag
            out[i, l] = p[i, l] + x * a - y * b
            out[i, LANES + l] = p[i, LANES + l] + x * b + y * a


@no_type_check
@compiled
def track(
    jc,
    jt,
    jn,
    j_slots,
    sc,
    st,
    sn,
    s_slots,
    n,
    m,
    orders,
    starts,
    p0,
    p1,
    bend,
    first,
    stride,
    settings,
    ends,
    status,
    reached,
    counts,
    accuracy,
):
    """Track paths ``first``, ``first + stride``, ... from ``starts`` at parameters p0 along a circular arc to p1.

    At time s the parameters are p0 + z (p1 - p0), z = s / (g + (1 - g) s), with g the path's ``bend``; 1 is the segment.

    (jc, jt, jn) is the tape of the n functions and their n x n Jacobian, (sc, st, sn) that of the functions alone, without reuse of
    slots; inputs are the n unknowns, then the m parameters. A step predicts by the power series of the solution, found with the
    factors of the last Jacobian, and corrects by two Newton iterations with one Jacobian. ``settings``: see
    `neurovariety.homotopy.tracker.Settings`. ``counts`` receives steps taken and steps refused.
    """
    tolerance, contraction, most_steps, smallest, huge, pade, noise = settings
    w, v = np.zeros(j_slots * WIDTH), np.zeros(s_slots * orders * WIDTH)
    w[:LANES] = 1.0
    v[:LANES] = 1.0
    unit = orders * WIDTH
    fo = (1 + n + m) * WIDTH
    mo = fo + n * WIDTH
    so = (1 + n + m) * unit
    x, y, d, scale = np.zeros((n, WIDTH)), np.zeros((n, WIDTH)), np.zeros((n, WIDTH)), np.ones((n, LANES))
    found = np.zeros((n, WIDTH))
    c = np.zeros((orders, n, WIDTH))
    p, dp, pu = np.zeros((m, WIDTH)), np.zeros((m, WIDTH)), np.zeros((m, WIDTH))
    g, z = np.ones(LANES, dtype=np.complex128), np.zeros((orders, LANES), dtype=np.complex128)
    nothing = np.zeros((m, WIDTH))
    pivots = np.zeros((n, LANES), dtype=np.int64)
    path = np.full(LANES, -1)
    s, h, u, d1, d2 = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    rough, target, size = np.ones(LANES), np.full(LANES, tolerance), np.zeros((orders, LANES))
    fresh, taken = np.ones(LANES, dtype=np.bool_), np.zeros(LANES, dtype=np.bool_)
    waiting = first
    while True:
        busy = False
        for l in range(LANES):
            if path[l] < 0 and waiting < len(starts):
                path[l] = waiting
                for i in range(n):
                    x[i, l], x[i, LANES + l] = starts[waiting, i].real, starts[waiting, i].imag
                for i in range(m):
                    a, b = p0[waiting, i], p1[waiting, i] - p0[waiting, i]
                    p[i, l], p[i, LANES + l], dp[i, l], dp[i, LANES + l] = a.real, a.imag, b.real, b.imag
                g[l] = bend[waiting]
                s[l], h[l], fresh[l], rough[l], target[l] = 0.0, 0.0, True, 1.0, tolerance
                waiting += stride
            busy = busy or path[l] >= 0
        if not busy:
            return
        for l in range(LANES):
            u[l] = s[l] + h[l] if s[l] + h[l] < 1.0 else 1.0
            below = 1.0 / (g[l] + (1.0 - g[l]) * u[l])
            z[0, l] = u[l] * below
            power = g[l] * below * below
            for k in range(1, orders):
                z[k, l] = power
                power *= (g[l] - 1.0) * below
        _move(p, dp, z, 0, m, pu)
        _predict(x, c, n, orders, h, pade > 0.0, y)
        for l in range(LANES):
            if fresh[l]:
                for i in range(n):
                    y[i, l], y[i, LANES + l] = x[i, l], x[i, LANES + l]
        scales(y, n, scale)
        write(w, WIDTH, WIDTH, y, n)
        write(w, WIDTH, (1 + n) * WIDTH, pu, m)
        run(w, jc, jt, jn)
        swapped = factor(w, np.int64(mo), n, pivots)
        solved(w, fo, mo, n, pivots, swapped, w, WIDTH, fo, d)
        sizes(d, scale, n, d1)
        for i in range(n):
            for l in range(WIDTH):
                y[i, l] -= d[i, l]
        write(v, unit, unit, y, n)
        write(v, unit, (1 + n) * unit, pu, m)
        run_order(v, sc, st, sn, 0, orders)
        write(w, WIDTH, WIDTH, y, n)
        run(w, jc, jt, jn)
        swapped = factor(w, np.int64(mo), n, pivots)
        solved(w, fo, mo, n, pivots, swapped, w, WIDTH, fo, d)
        sizes(d, scale, n, d2)
        for l in range(LANES):
            taken[l] = False
            if path[l] < 0:
                continue
            k = path[l]
            if fresh[l]:
                good = d1[l] < 1e-3 and d2[l] <= max(0.1 * d1[l], 1e-8, noise)
            else:
                good = d1[l] < 0.1 and d2[l] <= max(contraction * d1[l], noise)
                guess = size[orders - 1, l] * h[l] ** orders
                if d1[l] < 1.0 and guess > 0.0:
                    rough[l] = min(max(np.sqrt(rough[l] * d1[l] / guess), 1e-3), 1e6)
                if good and d1[l] > 1e-9:
                    # contraction d2/d1 = omega d1 / 2: aim at a tenth of the allowed one
                    target[l] = min(tolerance, 0.2 * contraction * d1[l] * d1[l] / max(d2[l], 1e-300))
                    target[l] = max(target[l], 1e-2 * tolerance)
            if good:
                taken[l] = True
                counts[k, 0] += 1
                s[l] = u[l]
                largest = 0.0
                for i in range(n):
                    x[i, l], x[i, LANES + l] = y[i, l] - d[i, l], y[i, LANES + l] - d[i, LANES + l]
                    largest = max(largest, abs(x[i, l]) + abs(x[i, LANES + l]))
                over = DONE if s[l] >= 1.0 and not fresh[l] else DIVERGED if largest > huge else RUNNING
            else:
                counts[k, 1] += 1
                h[l] *= 0.5
                over = NOT_A_START if fresh[l] else STUCK if h[l] < smallest else RUNNING
            if over == RUNNING and counts[k, 0] + counts[k, 1] >= most_steps:
                over = TOO_MANY_STEPS
            if over != RUNNING:
                for i in range(n):
                    ends[k, i] = x[i, l] + 1j * x[i, LANES + l]
                status[k], reached[k], accuracy[k] = over, s[l], d2[l]
                path[l], taken[l], fresh[l] = -1, False, True
                h[l] = 0.0
        # The series of the solution at the new points, with the factors of the Jacobian at the predicted ones.
        for k in range(1, orders):
            _move(nothing, dp, z, k, m, pu)
            write(v, unit, (1 + n) * unit + k * WIDTH, pu, m)
            for i in range(n):
                for l in range(WIDTH):
                    v[(1 + i) * unit + k * WIDTH + l] = 0.0
            run_order(v, sc, st, sn, k, orders)
            solved(w, fo, mo, n, pivots, swapped, v, unit, so + k * WIDTH, d)
            for i in range(n):
                for l in range(WIDTH):
                    found[i, l] = -d[i, l]
            write(v, unit, unit + k * WIDTH, found, n)
            if k < orders - 1:
                run_order(v, sc, st, sn, k, orders)
            for l in range(LANES):
                if taken[l]:
                    largest = 0.0
                    for i in range(n):
                        c[k, i, l], c[k, i, LANES + l] = found[i, l], found[i, LANES + l]
                        a = np.sqrt(found[i, l] ** 2 + found[i, LANES + l] ** 2) / scale[i, l]
                        if not a <= largest:
                            largest = a
                    size[k, l] = largest
        for l in range(LANES):
            if taken[l]:
                a, b = size[orders - 1, l], size[orders - 2, l]
                size[orders - 1, l] = a * a / b if b > 0.0 else a  # of the first term left out
                fresh[l] = False
            if path[l] >= 0 and taken[l]:
                guess = rough[l] * size[orders - 1, l]
                h[l] = (target[l] / guess) ** (1.0 / orders) if guess > 0.0 else 1.0
                if not h[l] > 0.0:
                    h[l] = smallest
                h[l] = min(h[l], 1.0 - s[l])
