"""aten operations on arrays that are known while reading: masks and tables of positions that a graph makes of whole numbers.

What is trained is never among them. The arrays keep their types, so that they are rounded as torch rounds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurovariety.checkpoints.graph.three_arithmetics import Array, Values
from neurovariety.checkpoints.readers.building import Operand, Stored, Turned, Value
from neurovariety.checkpoints.readers.masks import Masked, known
from neurovariety.checkpoints.readers.torch_call import AtenCall

_MOST = 2**24
"""Entries of an array that is made."""
_TYPES = {1: "u1", 2: "i1", 3: "i2", 4: "i4", 5: "i8", 6: "f2", 7: "f4", 8: "f8", 12: "?"}
"""Numbers of types in torch's export schema."""


def computed(c: AtenCall) -> Operand | None:
    """The value of an operation on known arrays and numbers alone; None where there is none, or the operation is not one of these."""
    operation = _KNOWN.get(c.operator.removesuffix("_"))
    given = {k: v for k, v in c.arguments.items() if isinstance(v, (Value, Stored, Turned, Masked))}
    arrays: dict[str, Any] = {k: known(c.builder, v) for k, v in given.items()}
    if operation is not None and isinstance(c.arguments.get("tensors"), list):
        several = [known(c.builder, v) for v in c.arguments["tensors"]]
        arrays["tensors"] = None if any(v is None for v in several) else several
    if operation is None or any(v is None for v in arrays.values()) or (not arrays and c.operator not in _MAKERS):
        return None
    with np.errstate(all="ignore"):
        found = np.asarray(operation(c, {**c.arguments, **arrays}))
    return c.builder.constant(c.name, found) if found.size <= _MOST else None


def _typed(c: AtenCall, default: str) -> np.dtype[Any]:
    number = c.arguments.get("dtype")
    return np.dtype(_TYPES.get(number, default) if isinstance(number, int) else default)


def _range(c: AtenCall, a: Mapping[str, Any]) -> Array:
    ends = [a.get(k, d) for k, d in (("start", 0), ("end", 0), ("step", 1))]
    kind = "i8" if all(isinstance(n, int) for n in ends) else "f4"
    if (ends[1] - ends[0]) / ends[2] > _MOST:
        return np.zeros(0)
    return np.arange(*ends).astype(_typed(c, kind))


def _filled(c: AtenCall, a: Mapping[str, Any]) -> Array:
    shape = [int(n) for n in a["size"]] if "size" in a else list(np.shape(a["self"]))
    value = {"o": 1, "z": 0}.get(c.operator[0], a.get("fill_value"))
    kind = "f4" if "size" in a and not (c.operator == "full" and isinstance(value, bool)) else str(getattr(a.get("self"), "dtype", "?"))
    return np.full(shape if np.prod(shape) <= _MOST else 0, value, dtype=_typed(c, kind))


def _part(keep: Callable[..., Array]) -> Callable[[AtenCall, Mapping[str, Any]], Array]:
    return lambda c, a: keep(a["self"], int(a.get("diagonal", 0) or 0))


def _two(function: Callable[[Values, Values], Values]) -> Callable[[AtenCall, Mapping[str, Any]], Array]:
    return lambda c, a: np.asarray(function(a["self"], a["other"]))


def _arithmetic(function: Callable[[Values, Values], Values]) -> Callable[[AtenCall, Mapping[str, Any]], Array]:
    def make(c: AtenCall, a: Mapping[str, Any]) -> Array:
        kinds = [np.asarray(v).dtype for v in (a["self"], a["other"]) if isinstance(v, np.ndarray) and v.ndim]
        found = np.asarray(function(a["self"], a["other"]))
        wide = kinds and kinds[0].kind == "f" and found.dtype.kind == "f" and len(set(kinds)) == 1
        return found.astype(kinds[0]) if wide else found

    return make


def _sliced(c: AtenCall, a: Mapping[str, Any]) -> Array:
    axis = int(a.get("dim", 0) or 0)
    cut = [slice(None)] * a["self"].ndim
    cut[axis] = slice(a.get("start"), a.get("end"), a.get("step") or 1)
    return np.asarray(a["self"][tuple(cut)])


def _expanded(c: AtenCall, a: Mapping[str, Any]) -> Array:
    sizes = [int(n) for n in a["size"]]
    array = a["self"].reshape([1] * (len(sizes) - a["self"].ndim) + list(a["self"].shape))
    return np.broadcast_to(array, [m if n == -1 else n for n, m in zip(sizes, array.shape, strict=True)])


def _rounded(function: Callable[[Values], Values]) -> Callable[[AtenCall, Mapping[str, Any]], Array]:
    """Of whole numbers torch has float32 values."""
    return lambda c, a: np.asarray(function(a["self"] if a["self"].dtype.kind == "f" else a["self"].astype(np.float32)))


def _like(a: Mapping[str, Any], found: Array) -> Array:
    kinds = [v.dtype for v in (a["self"], a["exponent"]) if isinstance(v, np.ndarray)]
    return found.astype(kinds[0]) if kinds[0].kind == "f" else found


_COMPARISONS = {"eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
_LOGIC = {"and": np.logical_and, "or": np.logical_or}
_MAKERS = ("arange", "ones", "zeros", "full")
"""Operations that make arrays of numbers alone."""
_KNOWN: Mapping[str, Callable[[AtenCall, Mapping[str, Any]], Array]] = {
    "arange": _range,
    **dict.fromkeys(("ones", "zeros", "full", "ones_like", "zeros_like", "full_like"), _filled),
    "tril": _part(np.tril),
    "triu": _part(np.triu),
    **{name: _two(f) for name, f in _COMPARISONS.items()},
    **{f"{kind}_{name}": _two(f) for name, f in _LOGIC.items() for kind in ("logical", "bitwise", "_")},
    **dict.fromkeys(("logical_not", "bitwise_not"), lambda c, a: np.logical_not(a["self"])),
    **{name: _arithmetic(f) for name, f in (("add", np.add), ("sub", np.subtract), ("mul", np.multiply), ("div", np.divide))},
    "rsub": _arithmetic(lambda a, b: np.subtract(b, a)),
    "pow": lambda c, a: _like(a, np.power(a["self"], a["exponent"])),
    "outer": lambda c, a: np.outer(a["self"], a["vec2"]),
    **{name: _rounded(f) for name, f in (("cos", np.cos), ("sin", np.sin), ("neg", np.negative), ("reciprocal", np.reciprocal))},
    "cat": lambda c, a: np.concatenate(a["tensors"], axis=int(a.get("dim", 0) or 0)),
    "to": lambda c, a: a["self"].astype(_typed(c, str(a["self"].dtype))),
    "masked_fill": lambda c, a: np.where(a["mask"], np.asarray(a["value"]).astype(a["self"].dtype), a["self"]),
    "where": lambda c, a: np.where(a["condition"], a["self"], a["other"]),
    "slice": _sliced,
    "select": lambda c, a: np.take(a["self"], int(a["index"]), axis=int(a["dim"])),
    "unsqueeze": lambda c, a: np.expand_dims(a["self"], int(a["dim"])),
    **dict.fromkeys(("view", "reshape"), lambda c, a: a["self"].reshape([int(n) for n in a.get("size", a.get("shape"))])),
    "expand": _expanded,
    **dict.fromkeys(("transpose",), lambda c, a: np.swapaxes(a["self"], int(a["dim0"]), int(a["dim1"]))),
}
"""Operation -> its value on arrays."""
