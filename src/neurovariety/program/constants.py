"""Evaluating the part of a program that depends on no input, with NumPy where it can, with JAX where it must."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from neurovariety.program import solving
from neurovariety.program.indexing import PICKS, pick, within
from neurovariety.program.jaxpr import JaxprEquation, Keys, Parameters
from neurovariety.program.rewriting import applies
from neurovariety.rings.ring import Array

_EXACT: dict[str, np.ufunc] = {
    "add": np.add,
    "add_any": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "neg": np.negative,
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": np.invert,
    "max": np.maximum,
    "min": np.minimum,
    "abs": np.abs,
    "square": np.square,
    "rem": np.fmod,  # the sign of the dividend, as in C
}

_MOVES = {"convert_element_type", "copy", "copy_p", "stop_gradient", "broadcast_in_dim", "reshape", "squeeze", "transpose", "split"}
_FRACTIONS: dict[str, np.ufunc] = {
    "add": np.add,
    "add_any": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.true_divide,
    "neg": np.negative,
    "square": np.square,
}


def _in_fractions(name: str, parameters: Parameters, operands: list[Array], dtype: np.dtype) -> Array | None:
    """The result as exact rational numbers, or None where float64 is already exact or the operation is not rational.

    A quotient of constants is a rational number, not its rounding: a derivative that holds 1/3 as a constant must agree with a
    function that divides by 3. What is computed from such a quotient stays rational.
    """
    rational = any(a.dtype == object for a in operands)
    if np.dtype(dtype).kind != "f" or not (name == "div" or rational):
        return None
    try:
        if name in _FRACTIONS:
            return np.asarray(_FRACTIONS[name](*(_fractions(a) for a in operands)), dtype=object)
        if name == "integer_pow":
            return np.asarray(_fractions(operands[0]) ** int(parameters["y"]), dtype=object)
        if name == "reduce_sum":
            return np.asarray(_fractions(operands[0]).sum(axis=tuple(int(k) for k in parameters["axes"])), dtype=object)
    except (ValueError, OverflowError, ZeroDivisionError):  # infinities and NaN: float64 says what they are
        return None
    return None


def _fractions(values: Array) -> Array:
    out = np.empty(values.shape, dtype=object)
    out.reshape(-1)[:] = [Fraction(v) for v in values.reshape(-1).tolist()]
    return out


def evaluate(equation: JaxprEquation, operands: Sequence[Array | Keys]) -> tuple[Sequence[Array | Keys], bool]:
    """Results of an equation on constants, and whether they are exact.

    Integer and boolean results and sums, differences, products, comparisons and changes of shape are exact or are what
    float64 says they are; anything else (``sqrt``, ``exp``, a quotient) is rounded to float64, which the second value reports.
    """
    arrays = [a for a in operands if isinstance(a, np.ndarray)]
    keys = not all(isinstance(v.aval.dtype, np.dtype) for v in (*equation.invars, *equation.outvars))
    return (_bound(equation, [a.array if isinstance(a, Keys) else a for a in operands]), True) if keys else _evaluated(equation, arrays)


def _bound(equation: JaxprEquation, operands: Sequence[object]) -> list[Array | Keys]:
    """What JAX itself says."""
    results = equation.primitive.bind(*operands, **equation.params)
    many = list(results) if equation.primitive.multiple_results else [results]
    return [constant_of(r) for r in many]


def constant_of(value: object) -> Array | Keys:
    """A constant of a jaxpr."""
    return np.asarray(value) if isinstance(getattr(value, "dtype", np.dtype(float)), np.dtype) else Keys(value)


def _evaluated(equation: JaxprEquation, operands: list[Array]) -> tuple[Sequence[Array | Keys], bool]:
    name, p = equation.primitive.name, equation.params
    if name in ("lu", "triangular_solve") and solving.small(*operands):
        if name == "lu" and operands[0].shape[-1] == operands[0].shape[-2]:
            return list(solving.constant_factorization(operands[0])), True
        if name == "triangular_solve":
            return [solving.constant_solution(operands[0], operands[1], p)], True
    shape, dtype = tuple(equation.outvars[0].aval.shape), equation.outvars[0].aval.dtype
    exact_value = _in_fractions(name, p, operands, dtype)
    if exact_value is not None:
        return [exact_value.reshape(shape)], True
    if name not in _MOVES and any(a.dtype == object for a in operands):  # JAX has no rational numbers
        operands = [a.astype(np.float64) if a.dtype == object else a for a in operands]
    if name == "iota":
        line = np.arange(shape[p["dimension"]], dtype=dtype)
        return [np.broadcast_to(line.reshape([-1 if k == p["dimension"] else 1 for k in range(len(shape))]), shape)], True
    if name == "convert_element_type":
        keep = operands[0].dtype == object and np.dtype(dtype).kind == "f"
        return [operands[0] if keep else operands[0].astype(dtype)], True
    if name in ("copy", "copy_p", "stop_gradient"):
        return [operands[0]], True
    if name == "broadcast_in_dim":
        place = {int(d): n for d, n in zip(p["broadcast_dimensions"], operands[0].shape, strict=True)}
        return [np.broadcast_to(operands[0].reshape([place.get(k, 1) for k in range(len(shape))]), shape)], True
    if name == "reshape" and p.get("dimensions") is None:
        return [operands[0].reshape(shape)], True
    if name == "squeeze":
        return [operands[0].reshape(shape)], True
    if name == "transpose":
        return [operands[0].transpose(p["permutation"])], True
    if name == "split":
        cuts = np.cumsum([int(s) for s in p["sizes"]])[:-1]
        return list(np.split(operands[0], cuts, axis=p["axis"])), True
    if name == "concatenate":
        return [np.concatenate(operands, axis=p["dimension"])], True
    if name == "slice":
        cut = zip(p["start_indices"], p["limit_indices"], p["strides"] or (1,) * operands[0].ndim, strict=True)
        return [operands[0][tuple(slice(*c) for c in cut)]], True
    plain = name != "gather" or within(operands[0].shape, operands[1], p)  # beyond the end JAX fills by dtype
    if name in PICKS and plain and not applies(equation):
        return [pick(name, operands, p).reshape(shape)], True
    if name in _EXACT:
        with np.errstate(all="ignore"):  # a constant that is not finite is refused where a program would use it
            return [np.asarray(_EXACT[name](*operands)).astype(dtype).reshape(shape)], True
    exact = np.dtype(dtype).kind != "f" or name in _SHAPES
    return _bound(equation, operands), exact


_SHAPES = {
    "slice",
    "dynamic_slice",
    "concatenate",
    "pad",
    "gather",
    "rev",
    "select_n",
    "dynamic_update_slice",
    "clamp",
    "stack",
    "tile",
}
