"""Primitives that are written as a function of JAX made of simpler ones, which is traced in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from neurovariety.errors import InputError, NotAlgebraicError
from neurovariety.program.indexing import repeated, scattered_to
from neurovariety.program.jaxpr import Jaxpr, JaxprEquation, Keys, Parameters, Traced, is_real
from neurovariety.program.refusals import Refused, refusal
from neurovariety.rings.ring import Array

Value = int | Array | Keys | Refused
"""A value of a jaxpr: a slot (it depends on an input), a constant, or what no ring has."""

Rule = Callable[[list[Traced], Parameters, str], Traced]
"""The function: operands, parameters, the user's line -> results."""

MAX_UNROLLED = 10_000
"""Steps of a loop that are written one by one."""


def rewritten(equation: JaxprEquation, operands: Sequence[Value], line: str) -> tuple[Jaxpr, Sequence[object], list[Value]] | None:
    """A jaxpr of simpler primitives with the equation's results, its constants and its arguments; None where there is none.

    Raises `NotAlgebraicError` where the equation is no polynomial one: a computed exponent, say.
    """
    name = equation.primitive.name
    if name == "scatter" and not applies(equation):
        return None
    if name == "pow" and _one_exponent(operands[1]):
        return None
    rule = _RULES.get(name)
    if rule is None:
        return None
    fixed = [k for k, v in enumerate(equation.invars) if not is_real(v.aval.dtype) or (name == "pow" and k == 1)]
    if any(not isinstance(operands[k], np.ndarray) for k in fixed):
        what = "with a variable exponent" if name == "pow" else "that depends on a computed value"
        raise NotAlgebraicError(refusal(f"{name} {what}", line))
    return _traced(equation, operands, fixed, rule, line)


def _traced(
    equation: JaxprEquation, operands: Sequence[Value], fixed: list[int], rule: Rule, line: str
) -> tuple[Jaxpr, Sequence[object], list[Value]]:
    import jax

    free = [k for k in range(len(operands)) if k not in fixed]

    def function(*given: Traced) -> Traced:
        values = dict(zip(free, given, strict=True)) | {k: operands[k] for k in fixed}
        return rule([values[k] for k in range(len(operands))], equation.params, line)

    closed = jax.make_jaxpr(function)(
        *[jax.ShapeDtypeStruct(equation.invars[k].aval.shape, equation.invars[k].aval.dtype) for k in free]
    )
    return closed.jaxpr, closed.consts, [operands[k] for k in free]


def _unstack(operands: list[Traced], p: Parameters, line: str) -> Traced:
    from jax import lax

    (a,) = operands
    return [lax.index_in_dim(a, k, p["axis"], keepdims=False) for k in range(a.shape[p["axis"]])]


def _scatter_subtract(operands: list[Traced], p: Parameters, line: str) -> Traced:
    from jax import lax

    a, indices, updates = operands
    return lax.scatter_add(a, indices, -updates, p["dimension_numbers"], mode=p["mode"])


def applies(equation: JaxprEquation) -> bool:
    """Whether an equation is a scatter that does more than to put the updates in their place."""
    jaxpr = equation.params.get("update_jaxpr") if equation.primitive.name == "scatter" else None
    return jaxpr is not None and not (not jaxpr.eqns and jaxpr.outvars[0] is jaxpr.invars[1])


def _scatter_apply(operands: list[Traced], p: Parameters, line: str) -> Traced:
    """``x.at[i].apply(f)``: f of the entries at the indices, once for each time that an index occurs."""
    a, indices, updates = operands
    places = scattered_to(indices, a.shape, updates.shape, p).reshape(-1)
    combine = _entrywise(p["update_jaxpr"], p["update_consts"])
    flat, new = a.reshape(-1), updates.reshape(-1)
    for source, target in repeated(places):
        (made,) = combine([flat[target]], [new[source]])
        flat = flat.at[target].set(made)
    return flat.reshape(a.shape)


def _one_exponent(exponent: Value) -> bool:
    return isinstance(exponent, np.ndarray) and np.unique(exponent.astype(np.float64)).size == 1


def _powers(operands: list[Traced], p: Parameters, line: str) -> Traced:
    """A power with a constant exponent for each entry, those of one exponent together."""
    from jax import lax
    from jax import numpy as jnp

    a, exponents = operands
    numbers = np.broadcast_to(np.asarray(exponents, dtype=np.float64), np.broadcast_shapes(a.shape, exponents.shape))
    wrong = next((v for v in numbers.reshape(-1).tolist() if not np.isfinite(v) or v != np.rint(v)), None)
    if wrong is not None:
        raise NotAlgebraicError(refusal(f"pow with the non-integer exponent {wrong}", line))
    flat, powers = jnp.broadcast_to(a, numbers.shape).reshape(-1), numbers.reshape(-1)
    order = np.argsort(powers, kind="stable")
    parts = [lax.integer_pow(flat[order[powers[order] == y]], int(y)) for y in np.unique(powers)]
    return jnp.concatenate(parts)[np.argsort(order, kind="stable")].reshape(numbers.shape) if parts else flat.reshape(numbers.shape)


def _entrywise(jaxpr: Traced, consts: Sequence[object] = ()) -> Callable[[Sequence[Traced], Sequence[Traced]], list[Traced]]:
    """The function of two lists of arrays that applies a jaxpr of scalars to their entries."""
    import jax
    from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

    scalar = jaxpr_as_fun(jaxpr if hasattr(jaxpr, "consts") else ClosedJaxpr(jaxpr, consts))

    def combined(left: Sequence[Traced], right: Sequence[Traced]) -> list[Traced]:
        shape = left[0].shape
        found = jax.vmap(scalar)(*[v.reshape(-1) for v in (*left, *right)])
        return [v.reshape(shape) for v in found]

    return combined


def _reduce(operands: list[Traced], p: Parameters, line: str) -> Traced:
    """A reduction by a function of the user, from the first entry to the last."""
    from jax import numpy as jnp

    half = len(operands) // 2
    axes = [int(k) for k in p["dimensions"]]
    arrays = [jnp.moveaxis(a, axes, range(len(axes))) for a in operands[:half]]
    kept = arrays[0].shape[len(axes) :]
    rows = [a.reshape(-1, *kept) for a in arrays]
    _check_count(len(rows[0]), "reduction", line)
    combine = _entrywise(p["jaxpr"], p.get("consts", ()))
    total = [jnp.broadcast_to(v, kept) for v in operands[half:]]
    for k in range(len(rows[0])):
        total = combine(total, [r[k] for r in rows])
    return total


def _reduce_window(operands: list[Traced], p: Parameters, line: str) -> Traced:
    """The same over windows; what lies beyond the ends is left out."""
    from jax import lax
    from jax import numpy as jnp

    half = len(operands) // 2
    inner = [(low, high, d - 1) for (low, high), d in zip(p["padding"], p["base_dilation"], strict=True)]
    arrays = [lax.pad(a, np.zeros((), a.dtype), inner) for a in operands[:half]]
    inside = np.asarray(_padded_ones(operands[0].shape, inner))
    reach = [(k - 1) * d + 1 for k, d in zip(p["window_dimensions"], p["window_dilation"], strict=True)]
    shape = [max(0, (n - r) // s + 1) for n, r, s in zip(inside.shape, reach, p["window_strides"], strict=True)]
    offsets = list(np.ndindex(*p["window_dimensions"]))
    _check_count(len(offsets), "window", line)
    combine = _entrywise(p["jaxpr"], p.get("consts", ()))
    total = [jnp.broadcast_to(v, shape) for v in operands[half:]]
    for offset in offsets:
        starts = [o * d for o, d in zip(offset, p["window_dilation"], strict=True)]
        cut = tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, shape, p["window_strides"], strict=True))
        made = combine(total, [a[cut] for a in arrays])
        total = [lax.select(inside[cut], new, old) for new, old in zip(made, total, strict=True)]
    return total


def _padded_ones(shape: tuple[int, ...], config: Sequence[tuple[int, int, int]]) -> Array:
    from neurovariety.program.indexing import pick

    return pick("pad", [np.ones(shape, dtype=bool), np.zeros((), dtype=bool)], {"padding_config": config})


def _ragged_dot(operands: list[Traced], p: Parameters, line: str) -> Traced:
    """Products of matrices by groups of rows of constant sizes, as JAX itself writes them for devices that have no such step."""
    try:
        from jax._src.lax.lax import _ragged_dot_general_impl as dense
    except ImportError:
        raise NotAlgebraicError(refusal("ragged_dot_general", line)) from None
    left, right, sizes, *offset = operands
    return dense(left, right, sizes, p["ragged_dot_dimension_numbers"], group_offset=offset[0] if offset else None)


def _check_count(count: int, what: str, line: str) -> None:
    if count > MAX_UNROLLED:
        raise InputError(f"a {what} of more than {MAX_UNROLLED} entries by a function cannot be unrolled ({line or 'line unknown'})")


_RULES: dict[str, Rule] = {
    "unstack": _unstack,
    "scatter": _scatter_apply,
    "scatter-sub": _scatter_subtract,
    "scatter_sub": _scatter_subtract,
    "pow": _powers,
    "reduce": _reduce,
    "reduce_window": _reduce_window,
    "ragged_dot_general": _ragged_dot,
}
REWRITTEN = frozenset(_RULES)
"""Their names."""
