"""Balls whose midpoints are sums of two doubles: for residuals, in which almost everything cancels.

A number is (high, low) with |low| <= u |high|, u = 2^-53; `_add` and `_times` are the accurate sum and the product of double words,
with relative errors below 3 u^2 + O(u^3) and 5 u^2 + O(u^3) (Joldes, Muller, Popescu 2017, algorithms 6 and 11; `_times` with Dekker's
exact product in place of a fused one). A row of ``w`` is (real high, real low, imaginary high, imaginary low, radius). The rules for
radii are those of `float_balls.run` with another rounding: a product of two complex numbers and its place in a sum of k terms cost less
than (13 + 5 k) u^2 times the sum of |a| |b|, for which (k + 4) 16 u^2 is taken.

None of this holds if multiplications and additions are fused, or reordered: compiled without fast math.
"""

from __future__ import annotations

from typing import no_type_check

import numpy as np

from neurovariety.certificates.float_balls import Approximations, Balls, modulus
from neurovariety.certificates.float_tape import FloatTape
from neurovariety.compiled import compiled, compiled_within

_U = 2.0**-53
_FINE = 16 * _U * _U
_TINY = 1e-290
_LARGE = 1e140
_SPLIT = 2.0**27 + 1.0


@no_type_check
@compiled_within
def _exact_sum(a, b):
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)


@no_type_check
@compiled_within
def _exact_product(a, b):
    p = a * b
    t = _SPLIT * a
    ah = t - (t - a)
    al = a - ah
    t = _SPLIT * b
    bh = t - (t - b)
    bl = b - bh
    return p, ((ah * bh - p) + ah * bl + al * bh) + al * bl


@no_type_check
@compiled_within
def _add(x, xl, y, yl):
    s, e = _exact_sum(x, y)
    t, f = _exact_sum(xl, yl)
    e += t
    high = s + e
    low = e - (high - s)
    low += f
    s = high + low
    return s, low - (s - high)


@no_type_check
@compiled_within
def _times(x, xl, y, yl):
    p, e = _exact_product(x, y)
    e += x * yl + xl * y
    high = p + e
    return high, e - (high - p)


@no_type_check
@compiled_within
def _reciprocal(x, xl):
    """An approximation of 1/x, and a bound of its relative error."""
    q = 1.0 / x
    p, pl = _times(x, xl, q, 0.0)
    e, el = _add(1.0, 0.0, -p, -pl)
    c, cl = _times(q, 0.0, e, el)
    high, low = _add(q, 0.0, c, cl)
    p, pl = _times(x, xl, high, low)
    e, el = _add(1.0, 0.0, -p, -pl)
    return high, low, 1.01 * abs(e) + 2 * _FINE


@no_type_check
@compiled_within
def _run(w, tape, rounded):
    """`float_balls.run` on rows of five numbers. False where a ball met 0 in a division, or a number is too large."""
    code, terms, numbers = tape.code, tape.terms, tape.coefficients
    for i in range(len(code)):
        kind, target, start, stop, add = code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4]
        re, rl, im, il, radius, total = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        if kind == 3:
            a = terms[start, 0]
            x, xl, y, yl, r = w[a, 0], w[a, 1], w[a, 2], w[a, 3], w[a, 4]
            if not 1 / _LARGE < max(abs(x), abs(y)) < _LARGE:
                return False
            u, ul = _times(x, xl, x, xl)
            v, vl = _times(y, yl, y, yl)
            u, ul = _add(u, ul, v, vl)
            low = np.sqrt(u) * (1 - 8 * _U)
            if not low > r * (1 + 8 * _U):
                return False
            q, ql, away = _reciprocal(u, ul)
            re, rl = _times(x, xl, q, ql)
            im, il = _times(-y, -yl, q, ql)
            radius = r / (low * (low - r) * (1 - 16 * _U)) + away / low * (1 + 16 * _U)
            total = 8.0 / low
        else:
            for j in range(start, stop):
                a = terms[j, 0]
                x, xl, y, yl, r = w[a, 0], w[a, 1], w[a, 2], w[a, 3], w[a, 4]
                if kind == 0:
                    b = terms[j, 1]
                    u, ul, v, vl, s = w[b, 0], w[b, 1], w[b, 2], w[b, 3], w[b, 4]
                else:
                    u, ul, v, vl = numbers[j, 0], 0.0, numbers[j, 1], 0.0
                    s = rounded * modulus(u, v) if rounded > 0.0 else 0.0
                p, q = modulus(x, y), modulus(u, v)
                if not (p < _LARGE and q < _LARGE):
                    return False
                c, cl = _times(x, xl, u, ul)
                d, dl = _times(y, yl, v, vl)
                c, cl = _add(c, cl, -d, -dl)
                re, rl = _add(re, rl, c, cl)
                c, cl = _times(x, xl, v, vl)
                d, dl = _times(y, yl, u, ul)
                c, cl = _add(c, cl, d, dl)
                im, il = _add(im, il, c, cl)
                radius += p * s + q * r + r * s
                total += p * q
        count = stop - start
        if add:
            re, rl = _add(re, rl, w[target, 0], w[target, 1])
            im, il = _add(im, il, w[target, 2], w[target, 3])
            radius += w[target, 4]
            total += modulus(w[target, 0], w[target, 2])
            count += 1
        w[target, 0], w[target, 1], w[target, 2], w[target, 3] = re, rl, im, il
        w[target, 4] = (radius + (count + 4) * _FINE * total) * (1 + (2 * count + 16) * 2 * _U) + _TINY
    return True


@no_type_check
@compiled
def _enclose(w, tape, rounded, near, outputs, out):
    values, sizes, good = out.values, out.sizes, out.good
    points, parameters = near.points, near.parameters
    n, m = points.shape[1], parameters.shape[1]
    w[0, 0] = 1.0
    for k in range(len(points)):
        for i in range(n + m):
            z = points[k, i] if i < n else parameters[k, i - n]
            w[1 + i, 0], w[1 + i, 1], w[1 + i, 2], w[1 + i, 3], w[1 + i, 4] = z.real, 0.0, z.imag, 0.0, 0.0
        good[k] = _run(w, tape, rounded)
        for j in range(len(outputs)):
            a = outputs[j]
            values[k, j] = w[a, 0] + 1j * w[a, 2]
            sizes[k, j] = w[a, 4] * (1 + 4 * _U) + modulus(w[a, 1], w[a, 3])
            good[k] = good[k] and np.isfinite(sizes[k, j])


def residuals(tape: FloatTape, near: Approximations) -> Balls:
    """Balls of doubles that hold what a tape makes of the points (P, n) of ``near``, which may be much smaller than its terms."""
    shape = (len(near.points), len(tape.outputs))
    out = Balls(np.zeros(shape, dtype=np.complex128), np.zeros(shape), np.zeros(shape[0], dtype=np.bool_))
    near = Approximations(*(np.array(part, dtype=np.complex128, order="C") for part in near))
    sizes = [part.shape[-1] for part in (near.points, near.parameters)]
    if len(near.parameters) != len(near.points) or tape.arrays.slots < 1 + sum(sizes):
        raise ValueError("arrays of one size, that of the tape, are expected")
    _enclose(np.zeros((tape.arrays.slots, 5)), tape.arrays, tape.rounded, near, tape.outputs, out)
    return out
