"""ONNX operators that are activations: one row each."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.readers.building import (
    SOFTPLUS_THRESHOLD,
    Number,
    Value,
    clipped,
    power,
    refuse,
)
from neurovariety.checkpoints.readers.onnx_call import Above, OnnxCall


def _power(c: OnnxCall) -> Value:
    exponent = c.builder.number(c.operand(1)) if c.operator == "Pow" else -1
    return c.make("activation", c.x, weights=None, **power(c.path, c.operator, exponent))


def _clip(c: OnnxCall) -> Value:
    low, high = (_end(c, 1, "min"), _end(c, 2, "max"))
    return c.make("activation", c.x, weights=None, **clipped(c.path, c.operator, low, high))


def _end(c: OnnxCall, k: int, name: str) -> Number | None:
    """An end of an interval, given as an input or an attribute by the version of the operator; None where it is open."""
    given = c.input(k)
    if given is None:
        return c.attributes.get(name)
    found = c.builder.number(given)
    if found is None:
        refuse(c.path, c.operator, f"its {name} is computed")
    return found


def _min(c: OnnxCall) -> Value:
    """Min(Relu(x), 6), an exported relu6."""
    if len(c.inputs) != 2 or c.builder.number(c.operand(1)) != 6 or c.builder.function(c.operand(0)) != "relu":
        refuse(c.path, c.operator, "relu6 is understood")
    return c.make("activation", c.builder.before(c.operand(0)), function="relu6")


def _greater(c: OnnxCall) -> Above:
    number = c.builder.number(c.operand(1))
    if number is None:
        refuse(c.path, c.operator, "comparisons are not algebraic")
    return Above(c.x, number)


def _where(c: OnnxCall) -> Value:
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
    c.only("alpha", 1.0)
    return c.activation("silu")


def _plain(function: str) -> Callable[[OnnxCall], Value]:
    return lambda c: c.activation(function)


ACTIVATIONS: dict[str, Callable[[OnnxCall], object]] = {
    "Pow": _power,
    "Reciprocal": _power,
    "Neg": lambda c: c.activation("polynomial", coefficients=(Fraction(0), Fraction(-1))),
    **{name: _plain(name.lower()) for name in ("Relu", "Abs", "Tanh", "Sigmoid", "Erf", "Exp")},
    "LeakyRelu": lambda c: c.activation("leaky_relu", slope=c.attribute("alpha", 0.01)),
    "Elu": lambda c: c.activation("elu", alpha=c.attribute("alpha", 1.0)),
    "Softplus": lambda c: c.activation("softplus", beta=Fraction(1)),
    "Gelu": _gelu,
    "Swish": _swish,
    "Clip": _clip,
    "Min": _min,
    "Greater": _greater,
    "Where": _where,
}
"""ONNX operator -> activation."""
