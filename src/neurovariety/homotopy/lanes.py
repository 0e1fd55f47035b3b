"""Vector code for blocks of lanes, as numba intrinsics.

A block holds `LANES` paths side by side: every complex number is a vector of `LANES` real and then `LANES` imaginary parts, so that one
instruction works on all paths. Inner products run in registers. They are written as LLVM vector code, because a loop that LLVM has to
vectorize itself would test for overlapping arrays each time.

Fused multiply-add (``contract``) is allowed, nothing else of fast math: results that are not numbers must stay so.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 8
"""Paths side by side in a block: float64 numbers in the widest vector register at hand."""
WIDTH = 2 * LANES
"""Float64 numbers of one complex number of a block."""

Numba = Any
"""A type, a context or a signature of numba, which states no types."""

_VECTOR = ir.VectorType(ir.DoubleType(), LANES)
_I64 = ir.IntType(64)


def _pointer(context: Numba, builder: ir.IRBuilder, kind: Numba, array: ir.Value) -> ir.Value:
    return context.make_array(kind)(context, builder, array).data


def _load(builder: ir.IRBuilder, data: ir.Value, offset: ir.Value) -> ir.Value:
    place = builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())
    return builder.load(place, align=8)


def _store(builder: ir.IRBuilder, value: ir.Value, data: ir.Value, offset: ir.Value) -> None:
    place = builder.bitcast(builder.gep(data, [offset]), _VECTOR.as_pointer())
    builder.store(value, place, align=8)


def _splat(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    one = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(one, ir.Constant(_VECTOR, ir.Undefined), zeros)


def _fused(builder: ir.IRBuilder, total: ir.Value, a: ir.Value, b: ir.Value, minus: bool = False) -> ir.Value:
    """total + a b, or total - a b."""
    product = builder.fmul(a, b, flags=("contract",))
    return (builder.fsub if minus else builder.fadd)(total, product, flags=("contract",))


def _number(i: int) -> ir.Value:
    return ir.Constant(_I64, i)


class _Sum:
    """A complex sum in registers, over a loop.

    The four real products of a complex one have a register each, so that no addition waits for another of the same term.
    """

    def __init__(self, builder: ir.IRBuilder, data: ir.Value, target: ir.Value, add: ir.Value) -> None:
        self.builder, self.data, self.target = builder, data, target
        self.parts = [cgutils.alloca_once(builder, _VECTOR) for _ in range(4)]
        zero = ir.Constant(_VECTOR, [0.0] * LANES)
        for part in self.parts:
            builder.store(zero, part)
        with builder.if_then(add):
            for part, offset in zip((self.parts[0], self.parts[2]), self.offsets(), strict=True):
                builder.store(_load(builder, data, offset), part)

    def offsets(self) -> tuple[ir.Value, ir.Value]:
        return self.target, self.builder.add(self.target, _number(LANES))

    def add_product(self, a: ir.Value, b: ir.Value, minus: bool = False) -> None:
        """Add (or subtract) the product of the complex vectors at offsets ``a`` and ``b``."""
        builder = self.builder
        x, y = (_load(builder, self.data, builder.add(a, _number(k))) for k in (0, LANES))
        u, v = (_load(builder, self.data, builder.add(b, _number(k))) for k in (0, LANES))
        self.add_parts(x, y, u, v, minus)

    def add_parts(self, x: ir.Value, y: ir.Value, u: ir.Value, v: ir.Value, minus: bool = False) -> None:
        signs = (minus, not minus, minus, minus)
        for part, p, q, negative in zip(self.parts, (x, y, x, y), (u, v, v, u), signs, strict=True):
            self.builder.store(_fused(self.builder, self.builder.load(part), p, q, negative), part)

    def add_scaled(self, a: ir.Value, factor: ir.Value) -> None:
        """Add the complex vector at ``a`` times a real vector."""
        for k, part in ((0, self.parts[0]), (LANES, self.parts[2])):
            x = _load(self.builder, self.data, self.builder.add(a, _number(k)))
            self.builder.store(_fused(self.builder, self.builder.load(part), x, factor), part)

    def finish(self) -> None:
        values = [self.builder.load(p) for p in self.parts]
        for value, offset in zip((self.builder.fadd(*values[:2]), self.builder.fadd(*values[2:])), self.offsets(), strict=True):
            _store(self.builder, value, self.data, offset)


def _truth(builder: ir.IRBuilder, value: ir.Value) -> ir.Value:
    return builder.icmp_signed("!=", value, ir.Constant(value.type, 0))


@intrinsic
def dot(typing: Numba, data: Numba, target: Numba, terms: Numba, start: Numba, stop: Numba, unit: Numba, add: Numba) -> Numba:
    """data[target] (+)= sum over terms of data[a] data[b]; a, b are slots, ``unit`` the size of a slot."""

    def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
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
def linear(
    typing: Numba,
    data: Numba,
    target: Numba,
    terms: Numba,
    numbers: Numba,
    start: Numba,
    stop: Numba,
    unit: Numba,
    shift: Numba,
    add: Numba,
) -> Numba:
    """data[target] (+)= sum over terms of (complex number) * data[a + shift]."""

    def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
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
def real_linear(
    typing: Numba,
    data: Numba,
    target: Numba,
    terms: Numba,
    numbers: Numba,
    start: Numba,
    stop: Numba,
    unit: Numba,
    shift: Numba,
    add: Numba,
) -> Numba:
    """data[target] (+)= sum over terms of (real number) * data[a + shift]."""

    def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
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


def _strided(subtract: bool) -> Numba:
    """data[target] += (or -=) sum over k < count of data[a + k a_step] data[b + k b_step]."""

    def strided(typing: Numba, data: Numba, target: Numba, a: Numba, a_step: Numba, b: Numba, b_step: Numba, count: Numba) -> Numba:
        def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
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


add_strided, subtract_strided = _strided(False), _strided(True)


@intrinsic
def multiply(typing: Numba, data: Numba, target: Numba, a: Numba, b: Numba) -> Numba:
    """data[target] = data[a] data[b]; the target may be one of them."""

    def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
        values, target, a, b = arguments
        w = _pointer(context, builder, signature.args[0], values)
        total = _Sum(builder, w, target, ir.Constant(ir.IntType(1), 0))
        total.add_product(a, b)
        total.finish()
        return context.get_dummy_value()

    return types.none(data, *[types.int64] * 3), code


@intrinsic
def invert(typing: Numba, data: Numba, target: Numba, a: Numba) -> Numba:
    """data[target] = 1 / data[a]; what is not a number, or 0, where |a|^2 leaves the range of float64."""

    def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
        values, target, a = arguments
        w = _pointer(context, builder, signature.args[0], values)
        x, y = (_load(builder, w, builder.add(a, _number(k))) for k in (0, LANES))
        r = builder.fdiv(ir.Constant(_VECTOR, [1.0] * LANES), _fused(builder, builder.fmul(x, x), y, y))
        _store(builder, builder.fmul(x, r), w, target)
        _store(builder, builder.fneg(builder.fmul(y, r)), w, builder.add(target, _number(LANES)))
        return context.get_dummy_value()

    return types.none(data, *[types.int64] * 2), code


@intrinsic
def weak(typing: Numba, data: Numba, diagonal: Numba, step: Numba, count: Numba) -> Numba:
    """The lanes, as bits, in which |data[diagonal]|^2 is below a hundredth of the largest |.|^2 among data[diagonal + k step], k <=
    count."""

    def code(context: Numba, builder: ir.IRBuilder, signature: Numba, arguments: Numba) -> Numba:
        values, diagonal, step, count = arguments
        w = _pointer(context, builder, signature.args[0], values)

        def size(offset: ir.Value) -> ir.Value:
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
