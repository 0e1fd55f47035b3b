"""Evaluating the part of a program that depends on no input, with NumPy where it can, with JAX where it must."""

from __future__ import annotations

from typing import Any

import numpy as np

from neurovariety.rings.ring import Array

_EXACT: dict[str, Any] = {
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
}


def evaluate(equation: Any, operands: list[Array]) -> tuple[list[Array], bool]:
    """Results of an equation on constants, and whether they are exact.

    Integer and boolean results and sums, differences, products, comparisons and changes of shape are exact or are what
    float64 says they are; anything else (``sqrt``, ``exp``, a quotient) is rounded to float64, which the second value reports.
    """
    name, p = equation.primitive.name, equation.params
    shape, dtype = tuple(equation.outvars[0].aval.shape), equation.outvars[0].aval.dtype
    if any(a.dtype == object for a in operands):  # exact reciprocals have no float64 form to give to JAX
        operands = [a.astype(np.float64) if a.dtype == object else a for a in operands]
    if name == "iota":
        line = np.arange(shape[p["dimension"]], dtype=dtype)
        return [np.broadcast_to(line.reshape([-1 if k == p["dimension"] else 1 for k in range(len(shape))]), shape)], True
    if name == "convert_element_type":
        return [operands[0].astype(dtype)], True
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
    if name in _EXACT:
        return [np.asarray(_EXACT[name](*operands)).astype(dtype).reshape(shape)], True
    results = equation.primitive.bind(*operands, **p)
    many = list(results) if equation.primitive.multiple_results else [results]
    exact = np.dtype(dtype).kind != "f" or name in _SHAPES
    return [np.asarray(r) for r in many], exact


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
