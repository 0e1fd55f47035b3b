"""One table: JAX primitive -> ring operation.

Three kinds of primitive are understood. Ring operations (`RING_OPERATIONS`) have a function of ring arrays. Primitives that
only move entries around (`PICKS`) become one instruction ``take`` with an index map found by moving positions in their place.
Others are written with simpler ones (`rewriting`), or refused by `refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from neurovariety.errors import NotAlgebraicError
from neurovariety.program.convolution import convolve, dilated, padded
from neurovariety.program.indexing import pick, repeated, scattered_to
from neurovariety.program.jaxpr import JaxprEquation, Keys, Parameters, is_real
from neurovariety.program.program import Slot
from neurovariety.program.refusals import Refused, refusal
from neurovariety.program.solving import determinant, lower_upper, triangular
from neurovariety.rings.ring import Array, Ring

Operands = Sequence[Slot | Array | Keys | Refused]
"""Slots of values that depend on an input, constants, and what is refused."""

Prepare = Callable[[JaxprEquation, Operands, str], dict[str, object]]


def _keep(*names: str) -> Prepare:
    def prepare(equation: JaxprEquation, operands: Operands, line: str) -> dict[str, object]:
        return {n: equation.params[n] for n in names}

    return prepare


def _nothing(equation: JaxprEquation, operands: Operands, line: str) -> dict[str, object]:
    return {}


@dataclass(frozen=True)
class RingOperation:
    """``apply(ring, operands, parameters, shape)``; ``prepare`` picks and checks the jaxpr's parameters."""

    apply: Callable[[Ring, list[Array], Parameters, tuple[int, ...]], Array]
    prepare: Prepare = _nothing


def _dot_general(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    a, b = operands
    (ca, cb), (ba, bb) = p["dimension_numbers"]
    fa = [k for k in range(a.ndim) if k not in ca and k not in ba]
    fb = [k for k in range(b.ndim) if k not in cb and k not in bb]
    batch = [a.shape[k] for k in ba]
    inner = int(np.prod([a.shape[k] for k in ca], dtype=np.int64))
    rows = int(np.prod([a.shape[k] for k in fa], dtype=np.int64))
    columns = int(np.prod([b.shape[k] for k in fb], dtype=np.int64))
    left = a.transpose([*ba, *fa, *ca]).reshape([*batch, rows, inner])
    right = b.transpose([*bb, *cb, *fb]).reshape([*batch, inner, columns])
    return ring.matmul(left, right).reshape(shape)


def _broadcast(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    (a,) = operands
    place = {int(d): n for d, n in zip(p["broadcast_dimensions"], a.shape, strict=True)}
    return np.broadcast_to(a.reshape([place.get(k, 1) for k in range(len(shape))]), shape)


def _reshape(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    (a,) = operands
    if p.get("dimensions") is not None:
        a = a.transpose(p["dimensions"])
    return a.reshape(shape)


def _slice(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    strides = p["strides"] or (1,) * len(p["start_indices"])
    cut = tuple(slice(a, b, s) for a, b, s in zip(p["start_indices"], p["limit_indices"], strides, strict=True))
    return operands[0][cut]


def _take(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    pool = np.concatenate([ring.zeros((1,)), *(a.reshape(-1) for a in operands)])
    return pool[p["indices"].reshape(-1)].reshape(shape)


def _reduce_sum(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return ring.sum(operands[0], tuple(int(k) for k in p["axes"]))


def _reduce_prod(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    a = operands[0]
    for k in sorted(p["axes"], reverse=True):
        total = ring.constant(np.ones(a.shape[:k] + a.shape[k + 1 :], dtype=np.int64))
        for i in range(a.shape[k]):
            total = ring.multiply(total, np.take(a, [i], axis=k).reshape(total.shape))
        a = total
    return a


def _cumulative(step: str) -> Callable[[Ring, list[Array], Parameters, tuple[int, ...]], Array]:
    def apply(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
        a = np.moveaxis(operands[0], p["axis"], 0)
        rows = [a[i : i + 1] for i in range(len(a))][:: -1 if p["reverse"] else 1]
        combine = ring.add if step == "sum" else ring.multiply
        for i in range(1, len(rows)):
            rows[i] = combine(rows[i - 1], rows[i])
        if p["reverse"]:
            rows.reverse()
        return np.moveaxis(np.concatenate(rows), 0, p["axis"]) if rows else operands[0]

    return apply


def _to_float(equation: JaxprEquation, operands: Operands, line: str) -> dict[str, object]:
    wanted = equation.params["new_dtype"]
    if isinstance(wanted, np.dtype) and wanted.kind == "c":
        raise NotAlgebraicError(refusal("complex numbers", line))
    if not is_real(wanted):
        raise NotAlgebraicError(refusal("conversion to integers", line))
    return {}


def _exponent(equation: JaxprEquation, operands: Operands, line: str) -> dict[str, object]:
    """`pow` is algebraic only with one constant integer exponent."""
    exponent = operands[1]
    if not isinstance(exponent, np.ndarray):
        raise NotAlgebraicError(refusal("pow with a variable exponent", line))
    (value,) = np.unique(np.asarray(exponent, dtype=np.float64)).tolist()
    if not np.isfinite(value) or value != np.rint(value):
        raise NotAlgebraicError(refusal(f"pow with the non-integer exponent {value}", line))
    return {"y": int(value)}


def _identity(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return operands[0]


def _power(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return np.broadcast_to(ring.power(operands[0], int(p["y"])), shape)


def _concatenate(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return np.concatenate(operands, axis=p["dimension"])


def _stack(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return np.stack(operands, axis=p["axis"])


def _tile(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return np.tile(operands[0], p["reps"]).reshape(shape)


def _window_sum(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    """Sums over sliding windows (average pooling without the division), one strided slice for each position in the window."""
    a = operands[0][None, None]
    a = padded(ring, dilated(ring, a, p["base_dilation"]), p["padding"])[0, 0]
    total: Array | None = None
    for offset in np.ndindex(*p["window_dimensions"]):
        starts = [o * d for o, d in zip(offset, p["window_dilation"], strict=True)]
        cut = tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, shape, p["window_strides"], strict=True))
        total = a[cut] if total is None else ring.add(total, a[cut])
    return ring.zeros(shape) if total is None else total


def _transpose(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return operands[0].transpose(p["permutation"])


def _reverse(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
    return np.flip(operands[0], axis=tuple(p["dimensions"]))


def _scatter_places(equation: JaxprEquation, operands: Operands, line: str) -> dict[str, object]:
    """`scatter-add` and `scatter-mul` with constant indices take each entry of the updates to one of the operand, or to none."""
    indices = operands[1]
    if not isinstance(indices, np.ndarray):
        raise NotAlgebraicError(refusal("scatter at computed positions", line))
    target, updates = (tuple(equation.invars[k].aval.shape) for k in (0, 2))
    return {"places": scattered_to(indices, target, updates, equation.params)}


def _scattered(step: str) -> Callable[[Ring, list[Array], Parameters, tuple[int, ...]], Array]:
    def apply(ring: Ring, operands: list[Array], p: Parameters, shape: tuple[int, ...]) -> Array:
        out, updates = operands[0].reshape(-1).copy(), operands[2].reshape(-1)
        combine = ring.add if step == "sum" else ring.multiply
        for source, target in repeated(p["places"].reshape(-1)):
            out[target] = combine(out[target], updates[source])
        return out.reshape(shape)

    return apply


RING_OPERATIONS: dict[str, RingOperation] = {
    "add": RingOperation(lambda r, o, p, s: r.add(*o)),
    "add_any": RingOperation(lambda r, o, p, s: r.add(*o)),
    "sub": RingOperation(lambda r, o, p, s: r.subtract(*o)),
    "mul": RingOperation(lambda r, o, p, s: r.multiply(*o)),
    "neg": RingOperation(lambda r, o, p, s: r.negative(*o)),
    "div": RingOperation(lambda r, o, p, s: r.divide(*o)),
    "square": RingOperation(lambda r, o, p, s: r.multiply(o[0], o[0])),
    "integer_pow": RingOperation(_power, _keep("y")),
    "pow": RingOperation(_power, _exponent),
    "dot_general": RingOperation(_dot_general, _keep("dimension_numbers")),
    "conv_general_dilated": RingOperation(
        convolve,
        _keep(
            "window_strides",
            "padding",
            "lhs_dilation",
            "rhs_dilation",
            "dimension_numbers",
            "feature_group_count",
            "batch_group_count",
        ),
    ),
    "reduce_sum": RingOperation(_reduce_sum, _keep("axes")),
    "reduce_prod": RingOperation(_reduce_prod, _keep("axes")),
    "cumsum": RingOperation(_cumulative("sum"), _keep("axis", "reverse")),
    "cumprod": RingOperation(_cumulative("product"), _keep("axis", "reverse")),
    **dict.fromkeys(("scatter-add", "scatter_add"), RingOperation(_scattered("sum"), _scatter_places)),
    **dict.fromkeys(("scatter-mul", "scatter_mul"), RingOperation(_scattered("product"), _scatter_places)),
    "triangular_solve": RingOperation(triangular, _keep("left_side", "lower", "transpose_a", "unit_diagonal")),
    "lu": RingOperation(lower_upper),
    "det": RingOperation(determinant),
    "broadcast_in_dim": RingOperation(_broadcast, _keep("broadcast_dimensions")),
    "reshape": RingOperation(_reshape, _keep("dimensions")),
    "squeeze": RingOperation(_reshape),
    "expand_dims": RingOperation(_reshape),
    "transpose": RingOperation(_transpose, _keep("permutation")),
    "rev": RingOperation(_reverse, _keep("dimensions")),
    "slice": RingOperation(_slice, _keep("start_indices", "limit_indices", "strides")),
    "reduce_window_sum": RingOperation(
        _window_sum, _keep("window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation")
    ),
    "stack": RingOperation(_stack, _keep("axis")),
    "tile": RingOperation(_tile, _keep("reps")),
    "concatenate": RingOperation(_concatenate, _keep("dimension")),
    "convert_element_type": RingOperation(_identity, _to_float),
    "copy": RingOperation(_identity),
    "copy_p": RingOperation(_identity),
    "stop_gradient": RingOperation(_identity),
    "reduce_precision": RingOperation(_identity),
    "device_put": RingOperation(_identity),
    "name": RingOperation(_identity),
    "sharding_constraint": RingOperation(_identity),
    "optimization_barrier": RingOperation(_identity),
    "take": RingOperation(_take),
}


def index_map(equation: JaxprEquation, operands: Operands, line: str) -> Array:
    """Positions in the concatenation of (zero, the float operands...) that an indexing primitive picks, in output order.

    The positions themselves are moved; a fill value other than 0 arrives as a constant operand and has its own position. Raises
    `NotAlgebraicError` where the choice depends on a computed value.
    """
    name = equation.primitive.name
    positions: list[Array] = []
    at = 1
    for value, variable in zip(operands, equation.invars, strict=True):
        if is_real(variable.aval.dtype):
            size = int(np.prod(variable.aval.shape, dtype=np.int64))
            positions.append(np.arange(at, at + size, dtype=np.float64).reshape(variable.aval.shape))
            at += size
        elif isinstance(value, Refused):
            raise value.error
        elif not isinstance(value, np.ndarray):
            raise NotAlgebraicError(refusal(f"{name} that depends on a computed value", line))
        else:
            positions.append(value)
    out = pick(name, positions, equation.params).astype(np.int64)
    if equation.params.get("fill_value", 0) != 0 and not np.all(out):
        raise NotAlgebraicError(refusal(f"{name} beyond the end of an array", line))
    return out
