"""What JAX's indexing primitives pick, by NumPy: JAX itself would compile a small program for every shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import SupportsIndex

import numpy as np

from neurovariety.program.jaxpr import Parameters
from neurovariety.rings.ring import Array

Shape = tuple[int, ...]


def pick(name: str, operands: Sequence[Array], p: Parameters, nothing: float = 0.0) -> Array:
    """The result of a primitive of `PICKS` on arrays; ``nothing`` stands where a gather reaches beyond the end of its operand."""
    return PICKS[name](operands, p, nothing)


def scattered_to(indices: Array, operand: Shape, updates: Shape, p: Parameters) -> Array:
    """Where each entry of the updates of a scatter goes, as a position in the flat operand; -1: nowhere. Shape: that of the updates."""
    d = p["dimension_numbers"]
    still = (*d.inserted_window_dims, *d.operand_batching_dims)
    sizes = iter([updates[k] for k in d.update_window_dims])
    window = tuple(1 if k in still else next(sizes) for k in range(len(operand)))
    numbers = (_ints(d.update_window_dims), _ints(still), _ints(d.scatter_dims_to_operand_dims))
    batching = (_ints(d.operand_batching_dims), _ints(d.scatter_indices_batching_dims))
    return _positions(indices, operand, window, numbers, batching, _mode(p) == "CLIP")


def within(operand: Shape, indices: Array, p: Parameters) -> bool:
    """Whether a gather reaches nowhere beyond the end of its operand."""
    return bool(np.all(_gathered_from(operand, indices, p) >= 0))


def _gathered_from(operand: Shape, indices: Array, p: Parameters) -> Array:
    """The position in the flat operand that each entry of a gather comes from; -1: none."""
    d = p["dimension_numbers"]
    still = (*d.collapsed_slice_dims, *d.operand_batching_dims)
    numbers = (_ints(d.offset_dims), _ints(still), _ints(d.start_index_map))
    batching = (_ints(d.operand_batching_dims), _ints(d.start_indices_batching_dims))
    return _positions(indices, operand, _ints(p["slice_sizes"]), numbers, batching, _mode(p) != "FILL_OR_DROP")


def _gather(operands: Sequence[Array], p: Parameters, nothing: float) -> Array:
    a, indices = operands
    places = _gathered_from(a.shape, indices, p)
    if not a.size:
        return np.full(places.shape, nothing, dtype=a.dtype)
    return np.where(places < 0, a.dtype.type(nothing), a.reshape(-1)[places])


def _scatter(operands: Sequence[Array], p: Parameters, nothing: float) -> Array:
    a, indices, updates = operands
    places = scattered_to(indices, a.shape, updates.shape, p)
    out = a.copy().reshape(-1)
    out[places[places >= 0]] = updates[places >= 0]
    return out.reshape(a.shape)


def _ints(numbers: Sequence[SupportsIndex]) -> Shape:
    return tuple(index(k) for k in numbers)


def _mode(p: Parameters) -> str:
    return str(getattr(p["mode"], "name", p["mode"]))


def _positions(
    indices: Array,
    operand: Shape,
    window: Shape,
    numbers: tuple[Shape, Shape, Shape],
    batching: tuple[Shape, Shape],
    clip: bool,
) -> Array:
    """Flat positions in the operand of the windows that begin at ``indices`` (..., k), as XLA's gather takes them; -1: beyond the end.

    ``numbers``: axes of the result that run within a window; axes of the operand that no axis of the window shows; axes of the
    operand that the k numbers of a start belong to. ``batching``: axes of the operand and of the indices that run together.
    """
    offset_axes, still, starts_of = numbers
    batch = indices.shape[:-1]
    starts = np.zeros((*batch, len(operand)), dtype=np.int64)
    for k, axis in enumerate(starts_of):
        starts[..., axis] = indices[..., k]
    for axis, along in zip(*batching, strict=True):
        starts[..., axis] = np.arange(operand[axis]).reshape([-1 if k == along else 1 for k in range(len(batch))])
    last = np.array(operand, dtype=np.int64) - np.array(window, dtype=np.int64)
    if clip:
        starts = np.clip(starts, 0, last)
    inside = np.all((starts >= 0) & (starts <= last), axis=-1)
    shown = [k for k in range(len(operand)) if k not in still]
    places = np.zeros((*batch, *(window[k] for k in shown)), dtype=np.int64)
    for k, size in enumerate(operand):
        at = starts[..., k].reshape((*batch, *(1 for _ in shown)))
        if k in shown:
            at = at + np.arange(window[k]).reshape([-1 if j == k else 1 for j in shown])
        places = places * size + at
    places = np.where(inside.reshape((*batch, *(1 for _ in shown))), places, -1)
    batch_axes = [k for k in range(places.ndim) if k not in offset_axes]
    return np.moveaxis(places, range(places.ndim), [*batch_axes, *offset_axes])


def _starts(operand: Shape, size: Sequence[int], numbers: Sequence[Array]) -> tuple[slice, ...]:
    found = [min(max(int(i), 0), n - s) for i, n, s in zip(numbers, operand, size, strict=True)]
    return tuple(slice(i, i + s) for i, s in zip(found, size, strict=True))


def _dynamic_slice(operands: Sequence[Array], p: Parameters, nothing: float) -> Array:
    a, *starts = operands
    return a[_starts(a.shape, p["slice_sizes"], starts)]


def _dynamic_update_slice(operands: Sequence[Array], p: Parameters, nothing: float) -> Array:
    a, update, *starts = operands
    out = a.copy()
    out[_starts(a.shape, update.shape, starts)] = update
    return out


def _pad(operands: Sequence[Array], p: Parameters, nothing: float) -> Array:
    a, value = operands
    for axis, (low, high, between) in enumerate(p["padding_config"]):
        n = a.shape[axis]
        spread = n + between * max(n - 1, 0)
        out = np.empty((*a.shape[:axis], max(low, 0) + spread + max(high, 0), *a.shape[axis + 1 :]), dtype=a.dtype)
        out[...] = value
        ahead = (slice(None),) * axis
        out[(*ahead, slice(max(low, 0), max(low, 0) + spread, between + 1))] = a
        a = out[(*ahead, slice(max(-low, 0), out.shape[axis] - max(-high, 0)))]
    return a


def _select_n(operands: Sequence[Array], p: Parameters, nothing: float) -> Array:
    which, *cases = operands
    out = cases[0]
    for k, case in enumerate(cases[1:], start=1):
        out = np.where(which.astype(np.int64) == k, case, out)
    return out


PICKS: dict[str, Callable[[Sequence[Array], Parameters, float], Array]] = {
    "gather": _gather,
    "scatter": _scatter,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "pad": _pad,
    "select_n": _select_n,
}
"""Primitives that only move entries, once their integer operands are constant."""


def repeated(places: Array) -> list[tuple[Array, Array]]:
    """Entries and the positions they go to, in as few rounds as need be: within a round no position occurs twice."""
    source = np.flatnonzero(places >= 0)
    target = places[source]
    order = np.argsort(target, kind="stable")
    source, target = source[order], target[order]
    turn = np.arange(len(target)) - np.searchsorted(target, target)
    return [(source[turn == k], target[turn == k]) for k in range(int(turn.max(initial=-1)) + 1)]
