"""What equations are at all weights and inputs, whatever they look like.

Comparisons that come out alike, as tests for NaN and infinity do, which no polynomial value is; even powers of roots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from neurovariety.program.jaxpr import JaxprEquation
from neurovariety.program.primitives import RING_OPERATIONS
from neurovariety.program.refusals import Refused
from neurovariety.program.rewriting import Value
from neurovariety.rings.ring import Array

_COMPARISONS: dict[str, Callable[[Array, Array], Array]] = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}
_ONLY_FINITE = frozenset(
    ("abs", "sign", "max", "min", "clamp", "floor", "ceil", "round", "reduce_max", "reduce_min", "tanh", "sin", "cos")
)


def decided(equation: JaxprEquation, operands: Sequence[Value]) -> Array | None:
    """The truth values of a comparison of a real number with itself, with infinity or with NaN; None for anything else.

    So ``where(isnan(y), 0, y)`` is y. Where y has a denominator this is so off its zeros.
    """
    name, shape = equation.primitive.name, tuple(equation.outvars[0].aval.shape)
    if name == "is_finite":
        return np.ones(shape, dtype=bool) if _is_real_number(operands[0]) else None
    if name not in _COMPARISONS or isinstance(operands[0], np.ndarray) == isinstance(operands[1], np.ndarray) is True:
        return None
    zero = np.zeros(())
    if isinstance(operands[0], int) and isinstance(operands[1], int):
        return np.full(shape, _COMPARISONS[name](zero, zero)) if operands[0] == operands[1] else None
    sides = [v if isinstance(v, np.ndarray) else zero for v in operands]
    beyond = any(isinstance(v, np.ndarray) and v.dtype.kind == "f" and not np.any(np.isfinite(v)) for v in operands)
    if not beyond or not all(isinstance(v, np.ndarray) or _is_real_number(v) for v in operands):
        return None
    return np.array(np.broadcast_to(_COMPARISONS[name](*sides), shape))


class EvenPower(NamedTuple):
    """The power ``half`` of the slot ``of`` of a square."""

    of: int
    half: int


def even_power(name: str, operands: Sequence[Value], parameters: Mapping[str, Any]) -> EvenPower | None:
    """The polynomial that an even power of a root, or of an absolute value, is; None where an equation is no such power."""
    base = operands[0] if operands else None
    if not isinstance(base, Refused) or base.square is None:
        return None
    exponent: object = 2 if name == "square" or (name == "mul" and operands[1] is base) else None
    if name == "integer_pow":
        exponent = parameters["y"]
    elif name == "pow" and isinstance(operands[1], np.ndarray) and np.unique(operands[1]).size == 1:
        exponent = float(operands[1].reshape(-1)[0])
    if not isinstance(exponent, int | float) or exponent <= 0 or exponent % 2:
        return None
    return EvenPower(base.square, int(exponent) // 2)


def is_finite(name: str, operands: Sequence[Value]) -> bool:
    """Whether a primitive gives real numbers wherever its operands are real numbers."""
    known = name in _ONLY_FINITE or (name in RING_OPERATIONS and name not in ("div", "pow", "integer_pow", "triangular_solve", "lu"))
    return known and all(_is_real_number(v) or (isinstance(v, np.ndarray) and bool(np.all(np.isfinite(v)))) for v in operands)


def _is_real_number(value: Value) -> bool:
    return isinstance(value, int) or (isinstance(value, Refused) and value.finite)
