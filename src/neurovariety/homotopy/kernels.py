"""The tracker's inner loops over blocks of lanes, compiled by numba.

A block holds `LANES` paths side by side: every number is a vector of `LANES` real and then `LANES` imaginary parts, so that one
instruction works on all paths. Inner products run in registers; they are written as LLVM vector code because a loop that LLVM has
to vectorize itself would test for overlapping arrays each time.

All compiled functions that call each other stand in this file: numba's disk cache watches only the caller's own file, and an edited
callee elsewhere would silently run as old code. Fused multiply-add (``contract``) is allowed, nothing else of fast math: results
that are not numbers must stay so.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
WIDTH = 2 * LANES
"""Float64 numbers of one complex number of a block."""

RUNNING, DONE, STUCK, TOO_MANY_STEPS, NOT_A_START, DIVERGED = 0, 1, 2, 3, 4, 5

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_I64 = ir.IntType(64)


def _pointer(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _load(builder: Any, data: Any, offset: Any) -> Any:
    place = builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())
    return builder.load(place, align=8)


def _store(builder: Any, value: Any, data: Any, offset: Any) -> None:
    place = builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())
    builder.store(value, place, align=8)


def _splat(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)


def _fused(builder: Any, total: Any, a: Any, b: Any, minus: bool = False) -> Any:
    """total + a b, or total - a b."""
    product = builder.fmul(a, b, flags=("contract",))
    return (builder.fsub if minus else builder.fadd)(total, product, flags=("contract",))


def _number(i: int) -> Any:
    return ir.Constant(_I64, i)


class _Sum:
    """A complex sum in registers, over a loop.

    The four real products of a complex one have a register each, so that no addition waits for another of the same term.
    """

    def __init__(self, builder: Any, data: Any, target: Any, add: Any) -> None:
        self.builder, self.data, self.target = builder, data, target
        self.parts = [cgutils.alloca_once(builder, _VECTOR) for _ in range(4)]
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        for part in self.parts:
            builder.store(zero, part)
        with builder.if_then(add):
            for part, offset in zip((self.parts[0], self.parts[2]), self.offsets(), strict=True):
                builder.store(_load(builder, data, offset), part)

    def offsets(self) -> tuple[Any, Any]:
        return self.target, self.builder.add(self.target, _number(LANES))

    def add_product(self, a: Any, b: Any, minus: bool = False) -> None:
        """Add (or subtract) the product of the complex vectors at offsets ``a`` and ``b``."""
        builder = self.builder
        x, y = (_load(builder, self.data, builder.add(a, _number(k))) for k in (0, LANES))
        u, v = (_load(builder, self.data, builder.add(b, _number(k))) for k in (0, LANES))
        self.add_parts(x, y, u, v, minus)

    def add_parts(self, x: Any, y: Any, u: Any, v: Any, minus: bool = False) -> None:
        signs = (minus, not minus, minus, minus)
        for part, p, q, negative in zip(self.parts, (x, y, x, y), (u, v, v, u), signs, strict=True):
            self.builder.store(_fused(self.builder, self.builder.load(part), p, q, negative), part)

    def add_scaled(self, a: Any, factor: Any) -> None:
        """Add the complex vector at ``a`` times a real vector."""
        for k, part in ((0, self.parts[0]), (LANES, self.parts[2])):
            x = _load(self.builder, self.data, self.builder.add(a, _number(k)))
            self.builder.store(_fused(self.builder, self.builder.load(part), x, factor), part)

    def finish(self) -> None:
        values = [self.builder.load(p) for p in self.parts]
        for value, offset in zip((self.builder.fadd(*values[:2]), self.builder.fadd(*values[2:])), self.offsets(), strict=True):
            _store(self.builder, value, self.data, offset)


def _truth(builder: Any, value: Any) -> Any:
    return builder.icmp_signed("!=", value, ir.Constant(value.type, 0))


@intrinsic
def _dot(typing: Any, data: Any, target: Any, terms: Any, start: Any, stop: Any, unit: Any, add: Any) -> Any:
    """data[target] (+)= sum over terms of data[a] data[b]; a, b are slots, ``unit`` the size of a slot."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, target, pairs, start, stop, unit, add = arguments
        w, p = _pointer(context, builder, signature.args[0], values), _pointer(context, builder, signature.args[2], pairs)
        total = _Sum(builder, w, target, _truth(builder, add))
        with cgutils.for_range_slice(builder, start, stop, _number(1), _I64) as (i, _):
            twice = builder.mul(i, _number(2))
            a, b = (builder.sext(builder.load(builder.gep(p, [builder.add(twice, _number(k))])), _I64) for k in (0, 1))
            total.add_product(builder.mul(a, unit), builder.mul(b, unit))
        total.finish()
        return context.get_dummy_value()

    return types.none(data, types.int64, terms, types.int64, types.int64, types.int64, types.int64), code


@intrinsic
def _linear(
    typing: Any, data: Any, target: Any, terms: Any, numbers: Any, start: Any, stop: Any, unit: Any, shift: Any, add: Any
) -> Any:
    """data[target] (+)= sum over terms of (complex number) * data[a + shift]."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, target, pairs, numbers, start, stop, unit, shift, add = arguments
        w, p, c = (_pointer(context, builder, signature.args[k], v) for k, v in ((0, values), (2, pairs), (3, numbers)))
        total = _Sum(builder, w, target, _truth(builder, add))
        with cgutils.for_range_slice(builder, start, stop, _number(1), _I64) as (i, _):
            twice = builder.mul(i, _number(2))
            a = builder.add(builder.mul(builder.sext(builder.load(builder.gep(p, [twice])), _I64), unit), shift)
            u, v = (_splat(builder, builder.load(builder.gep(c, [builder.add(twice, _number(k))]))) for k in (0, 1))
            x, y = (_load(builder, w, builder.add(a, _number(k))) for k in (0, LANES))
            total.add_parts(x, y, u, v)
        total.finish()
        return context.get_dummy_value()

    return types.none(data, types.int64, terms, numbers, *[types.int64] * 5), code


@intrinsic
def _real_linear(
    typing: Any, data: Any, target: Any, terms: Any, numbers: Any, start: Any, stop: Any, unit: Any, shift: Any, add: Any
) -> Any:
    """data[target] (+)= sum over terms of (real number) * data[a + shift]."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, target, pairs, numbers, start, stop, unit, shift, add = arguments
        w, p, c = (_pointer(context, builder, signature.args[k], v) for k, v in ((0, values), (2, pairs), (3, numbers)))
        total = _Sum(builder, w, target, _truth(builder, add))
        with cgutils.for_range_slice(builder, start, stop, _number(1), _I64) as (i, _):
            twice = builder.mul(i, _number(2))
            a = builder.add(builder.mul(builder.sext(builder.load(builder.gep(p, [twice])), _I64), unit), shift)
            total.add_scaled(a, _splat(builder, builder.load(builder.gep(c, [twice]))))
        total.finish()
        return context.get_dummy_value()

    return types.none(data, types.int64, terms, numbers, *[types.int64] * 5), code


def _strided(subtract: bool) -> Any:
    """data[target] += (or -=) sum over k < count of data[a + k a_step] data[b + k b_step]."""

    def strided(typing: Any, data: Any, target: Any, a: Any, a_step: Any, b: Any, b_step: Any, count: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values, target, a, a_step, b, b_step, count = arguments
            w = _pointer(context, builder, signature.args[0], values)
            total = _Sum(builder, w, target, ir.Constant(ir.IntType(1), 1))
            with cgutils.for_range(builder, count, intp=_I64) as loop:
                k = loop.index
                total.add_product(builder.add(a, builder.mul(k, a_step)), builder.add(b, builder.mul(k, b_step)), subtract)
            total.finish()
            return context.get_dummy_value()

        return types.none(data, *[types.int64] * 6), code

    return intrinsic(strided)


_add_strided, _subtract_strided = _strided(False), _strided(True)


@intrinsic
def _multiply(typing: Any, data: Any, target: Any, a: Any, b: Any) -> Any:
    """data[target] = data[a] data[b]; the target may be one of them."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, target, a, b = arguments
        w = _pointer(context, builder, signature.args[0], values)
        total = _Sum(builder, w, target, ir.Constant(ir.IntType(1), 0))
        total.add_product(a, b)
        total.finish()
        return context.get_dummy_value()

    return types.none(data, *[types.int64] * 3), code


@intrinsic
def _invert(typing: Any, data: Any, target: Any, a: Any) -> Any:
    """data[target] = 1 / data[a]; what is not a number, or 0, where |a|^2 leaves the range of float64."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, target, a = arguments
        w = _pointer(context, builder, signature.args[0], values)
        x, y = (_load(builder, w, builder.add(a, _number(k))) for k in (0, LANES))
        r = builder.fdiv(ir.Constant(_VECTOR, [1.0] * LANES), _fused(builder, builder.fmul(x, x), y, y))
        _store(builder, builder.fmul(x, r), w, target)
        _store(builder, builder.fneg(builder.fmul(y, r)), w, builder.add(target, _number(LANES)))
        return context.get_dummy_value()

    return types.none(data, *[types.int64] * 2), code


@intrinsic
def _weak(typing: Any, data: Any, diagonal: Any, step: Any, count: Any) -> Any:
    """The lanes, as bits, in which |data[diagonal]|^2 is below a hundredth of the largest |.|^2 among data[diagonal + k step], k <= count."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values, diagonal, step, count = arguments
        w = _pointer(context, builder, signature.args[0], values)

        def size(offset: Any) -> Any:
            x, y = (_load(builder, w, builder.add(offset, _number(k))) for k in (0, LANES))
            return _fused(builder, builder.fmul(x, x), y, y)

        best = cgutils.alloca_once(builder, _VECTOR)
        limit = builder.fmul(size(diagonal), ir.Constant(_VECTOR, [100.0] * LANES))
        builder.store(limit, best)
        with cgutils.for_range(builder, count, intp=_I64) as loop:
            k = builder.add(loop.index, _number(1))
            other, largest = size(builder.add(diagonal, builder.mul(k, step))), builder.load(best)
            builder.store(builder.select(builder.fcmp_ordered(">", other, largest), other, largest), best)
        bits = builder.fcmp_ordered("<", limit, builder.load(best))
        return builder.zext(builder.bitcast(bits, ir.IntType(LANES)), _I64)

    return types.int64(data, *[types.int64] * 3), code


_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}


@njit(**_OPTIONS)
def _run(w, code, terms, numbers):  # type: ignore[no-untyped-def]
    """Run a tape on one block; slots of WIDTH numbers."""
    for i in range(len(code)):
        kind, target, start, stop, add = code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4]
        t = np.int64(target) * WIDTH
        if kind == 0:
            _dot(w, t, terms, np.int64(start), np.int64(stop), np.int64(WIDTH), np.int64(add))
        elif kind == 1:
            _linear(w, t, terms, numbers, np.int64(start), np.int64(stop), np.int64(WIDTH), np.int64(0), np.int64(add))
        elif kind == 2:
            _real_linear(w, t, terms, numbers, np.int64(start), np.int64(stop), np.int64(WIDTH), np.int64(0), np.int64(add))
        else:
            _invert(w, t, np.int64(terms[start, 0]) * WIDTH)


@njit(**_OPTIONS)
def _run_order(w, code, terms, numbers, k, orders):  # type: ignore[no-untyped-def]
    """Coefficient ``k`` of every slot's power series, the lower ones at hand; slots of ``orders`` vectors."""
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
                _add_strided(w, t, a, np.int64(WIDTH), b + shift, np.int64(-WIDTH), np.int64(k + 1))
        elif kind == 1:
            _linear(w, t, terms, numbers, np.int64(start), np.int64(stop), unit, shift, np.int64(add))
        elif kind == 2:
            _real_linear(w, t, terms, numbers, np.int64(start), np.int64(stop), unit, shift, np.int64(add))
        else:
            a, first = np.int64(terms[start, 0]) * unit, np.int64(target) * unit
            if k == 0:
                _invert(w, t, a)
            else:  # the coefficient of a * (1/a) = 1: r_k = -r_0 sum_{j >= 1} a_j r_{k-j}
                for l in range(WIDTH):
                    w[t + l] = 0.0
                _subtract_strided(w, t, a + WIDTH, np.int64(WIDTH), first + (k - 1) * WIDTH, np.int64(-WIDTH), np.int64(k))
                _multiply(w, t, t, first)


@njit(**_OPTIONS)
def _factor(w, m, n, pivots):  # type: ignore[no-untyped-def]
    """LU factors of the n x n matrices at offset ``m``, row by row, in place; the diagonal is inverted.

    Rows are exchanged lane by lane where the diagonal is below a tenth of the largest entry of its column; ``pivots`` (n, LANES) says with
    which row. Returns whether any were. Lanes with singular matrices get infinities or what is not a number.
    """
    swapped = False
    for k in range(n):
        for i in range(k, n):  # column k of L, and the diagonal
            _subtract_strided(w, m + (i * n + k) * WIDTH, m + i * n * WIDTH, np.int64(WIDTH), m + k * WIDTH, np.int64(n * WIDTH), np.int64(k))
        d = m + (k * n + k) * WIDTH
        weak = _weak(w, d, np.int64(n * WIDTH), np.int64(n - 1 - k))
        for l in range(LANES):
            pivots[k, l] = k
            if weak >> l & 1:
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
        _invert(w, d, d)
        for i in range(k + 1, n):
            e = m + (i * n + k) * WIDTH
            _multiply(w, e, e, d)
        for j in range(k + 1, n):  # row k of U
            _subtract_strided(w, m + (k * n + j) * WIDTH, m + k * n * WIDTH, np.int64(WIDTH), m + j * WIDTH, np.int64(n * WIDTH), np.int64(k))
    return swapped


@njit(**_OPTIONS)
def _solve(w, m, n, pivots, swapped, b):  # type: ignore[no-untyped-def]
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
        _subtract_strided(w, b + i * WIDTH, m + i * n * WIDTH, np.int64(WIDTH), b, np.int64(WIDTH), np.int64(i))
    for i in range(n - 1, -1, -1):
        t = b + i * WIDTH
        a = m + (i * n + i + 1) * WIDTH
        _subtract_strided(w, t, a, np.int64(WIDTH), t + WIDTH, np.int64(WIDTH), np.int64(n - 1 - i))
        _multiply(w, t, t, m + (i * n + i) * WIDTH)


@njit(**_OPTIONS)
def _write(w, unit, first, values, count):  # type: ignore[no-untyped-def]
    """Put ``count`` vectors into slots of size ``unit`` from offset ``first`` on."""
    for i in range(count):
        for l in range(WIDTH):
            w[first + i * unit + l] = values[i, l]


@njit(**_OPTIONS)
def _sizes(values, scale, n, out):  # type: ignore[no-untyped-def]
    """Largest component of each lane, measured in units of ``scale``."""
    for l in range(LANES):
        best = 0.0
        for i in range(n):
            size = np.sqrt(values[i, l] ** 2 + values[i, LANES + l] ** 2) / scale[i, l]
            if not size <= best:  # what is not a number is passed on
                best = size
        out[l] = best


@njit(**_OPTIONS)
def _scales(x, n, scale):  # type: ignore[no-untyped-def]
    """Units in which corrections of ``x`` are measured: each component's size, but no less than a tenth of the largest one."""
    for l in range(LANES):
        largest = 1e-300
        for i in range(n):
            scale[i, l] = np.sqrt(x[i, l] ** 2 + x[i, LANES + l] ** 2)
            largest = max(largest, scale[i, l])
        for i in range(n):
            scale[i, l] = max(scale[i, l], 0.1 * largest)


@njit(**_OPTIONS)
def _predict(x, c, n, orders, h, pade, y):  # type: ignore[no-untyped-def]
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


@njit(**_OPTIONS)
def _solved(w, fo, mo, n, pivots, swapped, source, unit, shift, out):  # type: ignore[no-untyped-def]
    """Solve with the vectors at ``source`` (slots of ``unit``, from ``shift`` on) as right-hand side, into ``out``."""
    for i in range(n):
        for l in range(WIDTH):
            w[fo + i * WIDTH + l] = source[shift + i * unit + l]
    _solve(w, mo, n, pivots, swapped, np.int64(fo))
    for i in range(n):
        for l in range(WIDTH):
            out[i, l] = w[fo + i * WIDTH + l]


@njit(**_OPTIONS)
def _move(p, dp, z, k, m, out):  # type: ignore[no-untyped-def]
    """p + z[k] dp, lane by lane."""
    for i in range(m):
        for l in range(LANES):
            a, b = dp[i, l], dp[i, LANES + l]
            x, y = z[k, l].real, z[k, l].imag
            out[i, l] = p[i, l] + x * a - y * b
            out[i, LANES + l] = p[i, LANES + l] + x * b + y * a


@njit(**_OPTIONS)
def evaluate(code, terms, numbers, slots, inputs, outputs, values):  # type: ignore[no-untyped-def]
    """The outputs (slots ``outputs``) of a tape at the rows of ``inputs``, into the rows of ``values``."""
    w = np.zeros(slots * WIDTH)
    w[:LANES] = 1.0
    count = len(inputs)
    for begin in range(0, count, LANES):
        for l in range(LANES):
            row = min(begin + l, count - 1)
            for i in range(inputs.shape[1]):
                w[(1 + i) * WIDTH + l], w[(1 + i) * WIDTH + LANES + l] = inputs[row, i].real, inputs[row, i].imag
        _run(w, code, terms, numbers)
        for l in range(min(LANES, count - begin)):
            for k in range(len(outputs)):
                o = np.int64(outputs[k]) * WIDTH + l
                values[begin + l, k] = w[o] + 1j * w[o + LANES]


@njit(**_OPTIONS)
def newton(jc, jt, jn, j_slots, n, m, points, parameters, iterations, last):  # type: ignore[no-untyped-def]
    """Newton iterations in place on the rows of ``points`` (P, n) at ``parameters`` (P, m); ``last`` (P,) is the size of the last
    correction in the units of `_scales`."""
    w = np.zeros(j_slots * WIDTH)
    w[:LANES] = 1.0
    fo = (1 + n + m) * WIDTH
    mo = fo + n * WIDTH
    x, scale, pivots = np.zeros((n, WIDTH)), np.ones((n, LANES)), np.zeros((n, LANES), dtype=np.int64)
    size = np.zeros(LANES)
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
            _write(w, WIDTH, WIDTH, x, n)
            _run(w, jc, jt, jn)
            swapped = _factor(w, np.int64(mo), n, pivots)
            _solve(w, np.int64(mo), n, pivots, swapped, np.int64(fo))
            _scales(x, n, scale)
            _sizes(w[fo : fo + n * WIDTH].reshape(n, WIDTH), scale, n, size)
            for i in range(n):
                for l in range(WIDTH):
                    x[i, l] -= w[fo + i * WIDTH + l]
        for l in range(min(LANES, count - begin)):
            last[begin + l] = size[l]
            for i in range(n):
                points[begin + l, i] = x[i, l] + 1j * x[i, LANES + l]


@njit(**_OPTIONS)
def track(
    jc, jt, jn, j_slots, sc, st, sn, s_slots, n, m, orders, starts, p0, p1, bend, first, stride, settings,
    ends, status, reached, counts, accuracy,
):  # type: ignore[no-untyped-def]  # fmt: skip
    """Track paths ``first``, ``first + stride``, ... from ``starts`` at parameters p0 along a circular arc to p1.

    At time s the parameters are p0 + z (p1 - p0), z = s / (g + (1 - g) s), with g the path's ``bend``; 1 is the segment.

    (jc, jt, jn) is the tape of the n functions and their n x n Jacobian, (sc, st, sn) that of the functions alone, without reuse of slots;
    inputs are the n unknowns, then the m parameters. A step predicts by the power series of the solution, found with the factors of the
    last Jacobian, and corrects by two Newton iterations with one Jacobian. ``settings``: see `neurovariety.homotopy.tracker.Settings`.
    ``counts`` receives steps taken and steps refused.
    """
    tolerance, contraction, most_steps, smallest, huge, pade = settings
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
        _scales(y, n, scale)
        _write(w, WIDTH, WIDTH, y, n)
        _write(w, WIDTH, (1 + n) * WIDTH, pu, m)
        _run(w, jc, jt, jn)
        swapped = _factor(w, np.int64(mo), n, pivots)
        _solved(w, fo, mo, n, pivots, swapped, w, WIDTH, fo, d)
        _sizes(d, scale, n, d1)
        for i in range(n):
            for l in range(WIDTH):
                y[i, l] -= d[i, l]
        _write(v, unit, unit, y, n)
        _write(v, unit, (1 + n) * unit, pu, m)
        _run_order(v, sc, st, sn, 0, orders)
        _write(w, WIDTH, WIDTH, y, n)
        _run(w, jc, jt, jn)
        swapped = _factor(w, np.int64(mo), n, pivots)
        _solved(w, fo, mo, n, pivots, swapped, w, WIDTH, fo, d)
        _sizes(d, scale, n, d2)
        for l in range(LANES):
            taken[l] = False
            if path[l] < 0:
                continue
            k = path[l]
            if fresh[l]:
                good = d1[l] < 1e-3 and d2[l] <= max(0.1 * d1[l], 1e-8)
            else:
                good = d1[l] < 0.1 and d2[l] <= max(contraction * d1[l], 1e-10)
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
            _write(v, unit, (1 + n) * unit + k * WIDTH, pu, m)
            for i in range(n):
                for l in range(WIDTH):
                    v[(1 + i) * unit + k * WIDTH + l] = 0.0
            _run_order(v, sc, st, sn, k, orders)
            _solved(w, fo, mo, n, pivots, swapped, v, unit, so + k * WIDTH, d)
            for i in range(n):
                for l in range(WIDTH):
                    found[i, l] = -d[i, l]
            _write(v, unit, unit + k * WIDTH, found, n)
            if k < orders - 1:
                _run_order(v, sc, st, sn, k, orders)
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
