"""ONNX operators that are activations: one row each."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.readers import masks
from neurovariety.checkpoints.readers.building import SOFTPLUS_THRESHOLD, Number, Operand, Stored, Value, refuse
from neurovariety.checkpoints.readers.masks import Masked
from neurovariety.checkpoints.readers.numbers_of_graphs import clipped, power
from neurovariety.checkpoints.readers.onnx_call import Above, NotANumber, OnnxCall
from neurovariety.checkpoints.readers.with_lines import at_least, at_most, celu, line, own_slopes, stretched


def _power(c: OnnxCall) -> Value:
    exponent = c.builder.number(c.operand(1)) if c.operator == "Pow" else -1
    return c.make("activation", c.x, weights=None, **power(c.path, c.operator, exponent))


def _clip(c: OnnxCall) -> Operand:
    low, high = (_end(c, 1, "min"), _end(c, 2, "max"))
    low, high = None if low == -math.inf else low, None if high == math.inf else high
    if low is None and high is None:
        return c.operand(0)
    if low is not None and high is None and math.isfinite(low):
        return at_least(c, c.x, Fraction(low))
    if low is None and high is not None and math.isfinite(high):
        return at_most(c, c.x, Fraction(high))
    return c.make("activation", c.x, weights=None, **clipped(c.path, c.operator, low, high))


def _single(c: OnnxCall, k: int) -> Fraction | None:
    """Operand k where it is one number; stored as an array of one entry it counts as a constant from here on."""
    found = c.operand(k)
    if isinstance(found, Stored) and c.builder.weights[found.key].size == 1:
        c.builder.fixed.add(found.key)
    return c.builder.number(found)


def _max(c: OnnxCall) -> Value:
    """Max of a value and a number, or of a value and a multiple of it: a leaky ReLU."""
    if len(c.inputs) != 2:
        refuse(c.path, c.operator, "of two are understood")
    for k in (0, 1):
        number = _single(c, k)
        if number is not None:
            return at_least(c, c.builder.promoted(c.operand(1 - k)), number)
    found = None
    for k in (0, 1):
        made = c.builder.made(c.operand(k))
        slope = made.attributes.get("constant") if made is not None and operation(made).entrywise is operator.mul else None
        if made is not None and isinstance(slope, Fraction) and 0 <= slope <= 1 and Value(made.inputs[0]) == c.operand(1 - k):
            found = c.make("activation", c.operand(1 - k), function="leaky_relu", slope=slope)
    if found is None:
        refuse(c.path, c.operator, "of a value and a number, or a multiple of it, are understood")
    return found


def _hard_sigmoid(c: OnnxCall) -> Value:
    straight = line(c, c.x, c.attribute("beta", 0.5), c.attribute("alpha", 0.2))
    return c.make("activation", straight, function="hardtanh", low=Fraction(0), high=Fraction(1))


def _prelu(c: OnnxCall) -> Value:
    """One slope for all channels counts as a constant, those of their own as trained."""
    slope, given = _single(c, 1), c.stored(1)
    if slope is not None:
        return c.activation("leaky_relu", slope=slope)
    if given is None:
        refuse(c.path, c.operator, "its slopes are left out")
    if c.opset < 7:
        refuse(c.path, c.operator, "with slopes of their own, before version 7, which says what each belongs to")
    return own_slopes(c, c.x, given)


def _selu(c: OnnxCall) -> Value:
    if c.opset < 6 and not {"alpha", "gamma"} <= c.attributes.keys():
        refuse(c.path, c.operator, "with the rounded constants of before version 6")
    alpha, gamma = c.attribute("alpha", 1.67326319217681884765625), c.attribute("gamma", 1.05070102214813232421875)
    return line(c, c.activation("elu", alpha=alpha), Fraction(0), gamma)


def _end(c: OnnxCall, k: int, name: str) -> Number | None:
    """An end of an interval, given as an input or an attribute by the version of the operator; None where it is open."""
    given = c.input(k)
    if given is None:
        return c.attributes.get(name)
    known = c.known(k)
    if known is not None and known.size == 1 and known.dtype.kind == "f" and not np.all(np.isfinite(known)):
        return float(known.reshape(-1)[0])
    found = c.builder.number(given)
    if found is None:
        refuse(c.path, c.operator, f"its {name} is computed")
    return found


def _min(c: OnnxCall) -> Value:
    """Min(Relu(x), 6), an exported relu6, and the least of a value and a number."""
    if len(c.inputs) != 2:
        refuse(c.path, c.operator, "of two are understood")
    numbers = [_single(c, k) for k in (0, 1)]
    if numbers[1] != 6 or c.builder.function(c.operand(0)) != "relu":
        k = 0 if numbers[0] is not None else 1
        number = numbers[k]
        if number is None:
            refuse(c.path, c.operator, "of a value and a number is understood")
        return at_most(c, c.builder.promoted(c.operand(1 - k)), number)
    return c.make("activation", c.builder.before(c.operand(0)), function="relu6")


def _greater(c: OnnxCall) -> Above:
    number = c.builder.number(c.operand(1))
    if number is None:
        refuse(c.path, c.operator, "comparisons are not algebraic")
    return Above(c.x, number)


def _where(c: OnnxCall) -> Operand | Masked:
    """Of a stored array of truth values, a value and a number: the value with the number in its place at some entries."""
    seen = masks.known(c.builder, c.inputs[0])
    if isinstance(c.inputs[0], NotANumber):
        return _sure(c, c.inputs[0].value)
    if seen is None:
        return _softplus(c)
    numbers = [masks.known(c.builder, c.inputs[k]) for k in (1, 2)]
    at = next((k for k, v in enumerate(numbers) if v is not None and v.size == 1), None)
    if at is None:
        refuse(c.path, c.operator, "a value and a number by a stored array are understood")
    hidden = seen.astype(bool) if at == 0 else ~seen.astype(bool)
    number = np.asarray(numbers[at]).reshape(-1)[0]
    return masks.replaced(c.builder, c.name, c.path, c.inputs[2 - at], hidden, float(number))


def _sure(c: OnnxCall, value: Value) -> Value:
    """A softmax with 0 in place of NaN: as it is, since no row of its mask is empty."""
    made, zero = c.builder.made(value), masks.known(c.builder, c.inputs[1])
    if made is None or made.kind != "softmax" or c.inputs[2] != value or zero is None or np.any(zero):
        refuse(c.path, c.operator, "0 in place of NaN is understood of a softmax")
    return value


def _softplus(c: OnnxCall) -> Value:
    """Where(b x > 20, x, softplus(b x)/b), which is softplus but for rounding; b = 1 leaves out the product and the quotient."""
    test, x, soft = c.inputs[0], c.operand(1), c.operand(2)
    if not isinstance(test, Above) or test.number < SOFTPLUS_THRESHOLD or not isinstance(soft, Value) or not isinstance(x, Value):
        refuse(c.path, c.operator, "the exported form of softplus is understood")
    inner, scaled = c.builder.made(soft), c.builder.made(test.value)
    if test.value != x and scaled is not None and inner is not None:
        factor = scaled.attributes.get("constant")
        fits = operation(scaled).entrywise is operator.mul and scaled.inputs == (x.name,)
        fits &= operation(inner).entrywise is operator.truediv and len(inner.inputs) == 1
        inner = c.builder.made(Value(inner.inputs[0])) if fits and factor == inner.attributes.get("constant") else None
    if inner is None or inner.function != "softplus" or inner.inputs != (test.value.name,):
        refuse(c.path, c.operator, "the exported form of softplus is understood")
    return soft


def _gelu(c: OnnxCall) -> Value:
    return c.activation("gelu", approximate=c.attributes.get("approximate", b"none").decode())


def _swish(c: OnnxCall) -> Value:
    """x sigmoid(alpha x)."""
    return stretched(c, c.x, "silu", c.attribute("alpha", 1.0))


def _root(c: OnnxCall) -> Operand:
    """Of a number, which scales of attention are made of, the float64 nearest to it."""
    number = c.builder.number(c.operand(0))
    return c.activation("sqrt") if number is None or number < 0 else Fraction(math.sqrt(number))


def _plain(function: str) -> Callable[[OnnxCall], Value]:
    return lambda c: c.activation(function)


ACTIVATIONS: dict[str, Callable[[OnnxCall], object]] = {
    "Pow": _power,
    "Reciprocal": _power,
    "Neg": lambda c: c.activation("polynomial", coefficients=(Fraction(0), Fraction(-1))),
    **{name: _plain(name.lower()) for name in ("Relu", "Abs", "Tanh", "Sigmoid", "Erf", "Exp", "Sin")},
    "Sqrt": _root,
    "LeakyRelu": lambda c: c.activation("leaky_relu", slope=c.attribute("alpha", 0.01)),
    "Elu": lambda c: c.activation("elu", alpha=c.attribute("alpha", 1.0)),
    "Celu": lambda c: celu(c, c.x, c.attribute("alpha", 1.0)),
    "Softplus": lambda c: c.activation("softplus", beta=Fraction(1)),
    "Gelu": _gelu,
    "Swish": _swish,
    "Clip": _clip,
    "Min": _min,
    "Max": _max,
    "HardSigmoid": _hard_sigmoid,
    "HardSwish": _plain("hardswish"),
    "PRelu": _prelu,
    "Selu": _selu,
    "Greater": _greater,
    "IsNaN": lambda c: NotANumber(c.x),
    "Where": _where,
}
"""ONNX operator -> activation."""
