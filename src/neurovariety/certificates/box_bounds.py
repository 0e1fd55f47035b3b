"""Bounds of all values of a trained network on a box of inputs, from node to node, and where an activation is linear for all of them.

Intervals with ends in float64, rounded outward: a sum of n products in any order is off by less than (n + 8) 2**-52 times the sum of
their sizes. Small matrices are taken exactly, and a sum of terms that are all at least 0 is, so that an end of 0 stays 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.network_distance import convolved, mover
from neurovariety.certificates.network_nodes import Line, NetworkData, NodeData, channel_maps, exact, lines, ratio
from neurovariety.certificates.network_shapes import shapes
from neurovariety.certificates.zeros import NotShown

_UNIT = 2.0**-52
_LEAST = 1e-300
"""More than what a product loses that float64 cannot hold for being small."""
_TINY = Fraction(1, 2**960)
_EXACT = 2**16
"""Entries of a matrix up to which its products are taken exactly."""
_RANGES: dict[str, tuple[float, float]] = {
    "tanh": (-1.0, 1.0),
    "sigmoid": (0.0, 1.0),
    "erf": (-1.0, 1.0),
    "sin": (-1.0, 1.0),
    "softplus": (0.0, math.inf),
    "exp": (0.0, math.inf),
}
"""Between which numbers the values of an activation lie, whatever it is applied to."""
Interval = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Box:
    """The inputs x with low <= x <= high, entry by entry; one number each where it is the same for all entries."""

    low: tuple[Fraction, ...]
    high: tuple[Fraction, ...]

    def ends(self, shape: tuple[int, ...]) -> Interval:
        """Arrays of ends of an input, rounded outward. Raises `NotShown` for a box of other inputs, or an empty one."""
        count = math.prod(shape)
        if {len(self.low), len(self.high)} - {1, count} or any(a > b for a, b in zip(*self._each(count), strict=True)):
            raise NotShown("a box of inputs of this shape is expected")
        low, high = self._each(count)
        return np.array([_down(v) for v in low]).reshape(shape), np.array([_up(v) for v in high]).reshape(shape)

    @property
    def words(self) -> str:
        """The box as a phrase of a scope."""
        low, high = sorted(set(self.low)), sorted(set(self.high))
        each = "" if len(low) == len(high) == 1 else ", each in its own interval"
        return f"for inputs between {_shown(low[0])} and {_shown(high[-1])}{each}"

    def _each(self, count: int) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        return (self.low * (count if len(self.low) == 1 else 1), self.high * (count if len(self.high) == 1 else 1))


def _shown(value: Fraction) -> str:
    return str(value) if value.denominator == 1 else repr(float(value)) if Fraction(float(value)) == value else str(value)


def _down(value: Fraction) -> float:
    """The largest float64 that is not above a number."""
    try:
        found = float(value)
    except OverflowError:
        return float(np.finfo(np.float64).max) if value > 0 else -math.inf
    return found if Fraction(found) <= value else math.nextafter(found, -math.inf)


def _up(value: Fraction) -> float:
    return -_down(-value)


class BoxBounds:
    """The bounds of a network on a box (None: all inputs), found once; None where none are known."""

    def __init__(self, network: NetworkData, box: Box | None) -> None:
        self.network = network
        self.found: dict[str, Interval | None] = {}
        shape, sizes = tuple(network.input_shape), shapes(network)
        with np.errstate(all="ignore"):
            for node in network.nodes:
                if node.kind == "input":
                    whole = np.full(shape, -math.inf), np.full(shape, math.inf)
                    self.found[node.name] = whole if box is None else box.ends(shape)
                    continue
                below = [self.found[n] for n in node.inputs]
                known = [b for b in below if b is not None]
                made = self._known(node, known) if sizes[node.name] and len(known) == len(below) else None
                # a stored value may have an axis for the batch, and what is made with it too: such values are not bounded
                right = made is not None and all(v.shape == sizes[node.name] and not np.isnan(v).any() for v in made)
                self.found[node.name] = made if right else None

    def settled(self, node: NodeData, axis: int) -> list[Line | None]:
        """For each channel along an axis of a sample the line of an activation on which it stays (None: not known to)."""
        straight, bounds = lines(node.attributes), self.found[node.inputs[0]]
        if straight is None or bounds is None:
            shape = shapes(self.network)[node.name]
            return [None] * (0 if shape is None else shape[axis])
        low, high = (np.moveaxis(v, axis, 0).reshape(v.shape[axis], -1) for v in bounds)
        kinks, pieces = straight
        out: list[Line | None] = [None] * len(low)
        for m in sorted(range(len(pieces)), key=lambda m: bool(pieces[m][0])):
            holds = np.ones(len(low), dtype=bool)
            if m:
                holds &= (low >= _up(kinks[m - 1])).all(axis=1)
            if m < len(kinks):
                holds &= (high <= _down(kinks[m])).all(axis=1)
            for i in np.flatnonzero(holds).tolist():
                out[i] = out[i] or pieces[m]
        return out

    def _known(self, node: NodeData, below: Sequence[Interval]) -> Interval | None:
        """Nothing is known where weights are so large or small that float64 does not hold them."""
        try:
            return self._at(node, below)
        except NotShown:
            return None

    def _at(self, node: NodeData, below: Sequence[Interval]) -> Interval | None:
        low, high = below[0] if below else (np.zeros(0), np.zeros(0))
        a = node.attributes
        if node.kind in ("linear", "conv"):
            return self._affine(node, low, high)
        if node.kind == "normalize":
            t, u = channel_maps(node, self.network, range(low.shape[0]))
            shape = (-1, *(1 for _ in low.shape[1:]))
            return _mapped(low, high, t.reshape(shape), u.reshape(shape))
        if node.kind == "activation":
            return _activated(node, low, high)
        if node.kind in ("add", "subtract", "multiply"):
            return self._joined(node, below)
        if node.kind == "divide" and len(below) == 1 and not node.weights and not a.get("reversed") and a["constant"]:
            return _mapped(low, high, np.array(1 / Fraction(a["constant"]), dtype=object), np.array(Fraction(0), dtype=object))
        if node.kind == "parameter":
            stored = exact(self.network.weights[node.weights["value"]])
            return _ends(stored, _down), _ends(stored, _up)
        if node.kind == "max_pool" and any(side for sides in a["padding"] for side in sides):
            return None
        moved = mover(node)
        if moved is None:
            return None
        one, two = moved([b[0] for b in below]), moved([b[1] for b in below])
        if node.kind in ("sum", "mean", "average_pool"):
            size = moved([np.maximum(np.abs(p), np.abs(q)) for p, q in below])
            margin = size * (low.size + 8) * _UNIT + _LEAST
            one = np.where(moved([(low < 0).astype(float)]) > 0, one - margin, np.maximum(one - margin, 0.0))
            two = two + margin
        return np.asarray(one), np.asarray(two)

    def _affine(self, node: NodeData, low: np.ndarray, high: np.ndarray) -> Interval:
        weight = np.asarray(self.network.weights[node.weights["weight"]])
        bias = self.network.weights[node.weights["bias"]] if "bias" in node.weights else np.zeros(len(weight))

        def applied(w: np.ndarray, x: np.ndarray) -> np.ndarray:
            return x @ w.T if node.kind == "linear" else convolved(node, x, w)

        spread = (-1,) if node.kind == "linear" else (-1, *(1 for _ in low.shape[1:]))
        ends = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
        if node.kind == "linear" and weight.size <= _EXACT and low.ndim == 1:
            w, b, (p, q) = exact(weight), exact(bias), map(exact, ends)
            up, down = w * (w > 0).astype(int), w * (w < 0).astype(int)
            one, two = _ends(up.dot(p) + down.dot(q) + b, _down), _ends(up.dot(q) + down.dot(p) + b, _up)
        else:
            w, b = _floats(weight), _floats(bias).reshape(spread)
            up, down = np.maximum(w, 0.0), np.minimum(w, 0.0)
            size = applied(np.abs(w), np.maximum(np.abs(ends[0]), np.abs(ends[1]))) + np.abs(b)
            margin = size * (math.prod(weight.shape[1:]) + 8) * _UNIT + _LEAST
            one, two = applied(up, ends[0]) + applied(down, ends[1]) + b, applied(up, ends[1]) + applied(down, ends[0]) + b
            below = applied((w > 0).astype(float), (low < 0).astype(float)) + applied((w < 0).astype(float), (high > 0).astype(float))
            over = applied((w > 0).astype(float), (high > 0).astype(float)) + applied((w < 0).astype(float), (low < 0).astype(float))
            one = np.where((below == 0) & (b >= 0), np.maximum(one - margin, 0.0), one - margin)
            two = np.where((over == 0) & (b <= 0), np.minimum(two + margin, 0.0), two + margin)
        w = _floats(weight)
        infinite = np.isinf(low).astype(float), np.isinf(high).astype(float)
        if infinite[0].any() or infinite[1].any():
            up, down = (w > 0).astype(float), (w < 0).astype(float)
            one = np.where(applied(up, infinite[0]) + applied(down, infinite[1]) > 0, -math.inf, one)
            two = np.where(applied(up, infinite[1]) + applied(down, infinite[0]) > 0, math.inf, two)
        return one, two

    def _joined(self, node: NodeData, below: Sequence[Interval]) -> Interval:
        a = node.attributes
        if len(below) == 1 and not node.weights:
            c, sign = Fraction(a["constant"]), -1 if a.get("reversed") and node.kind == "subtract" else 1
            t = c if node.kind == "multiply" else Fraction(sign)
            u = Fraction(0) if node.kind == "multiply" else c * (-sign if node.kind == "subtract" else 1)
            return _mapped(*below[0], np.array(t, dtype=object), np.array(u, dtype=object))
        if len(below) == 2:
            (p, q), (r, s) = below
        else:
            stored = exact(self.network.weights[node.weights["weight"]])
            (p, q), (r, s) = below[0], (_ends(stored, _down), _ends(stored, _up))
            if a.get("reversed"):
                (p, q), (r, s) = (r, s), (p, q)
        if node.kind == "multiply":
            ends = np.stack([np.nan_to_num(x * y, nan=0.0, posinf=math.inf, neginf=-math.inf) for x in (p, q) for y in (r, s)])
            return _outward(ends.min(axis=0), ends.max(axis=0), ((p >= 0) & (r >= 0)) | ((q <= 0) & (s <= 0)))
        if node.kind == "subtract":
            r, s = -s, -r
        return _outward(p + r, q + s, (p >= 0) & (r >= 0))


def _floats(values: np.ndarray) -> np.ndarray:
    """Float64 numbers next to the stored ones. Raises `NotShown` for those that it cannot hold."""
    if np.asarray(values).dtype != object:
        return np.asarray(values).astype(np.float64)
    stored = exact(values)
    found = _ends(stored, _down)
    if not np.all(np.isfinite(found)) or any(v and abs(v) < _TINY for v in stored.reshape(-1).tolist()):
        raise NotShown("a weight is too large or too small for float64")
    return found


def _ends(values: np.ndarray, rounded: Callable[[Fraction], float]) -> np.ndarray:
    flat = [rounded(v) for v in values.reshape(-1).tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


def _outward(low: np.ndarray, high: np.ndarray, positive: np.ndarray) -> Interval:
    """Ends moved by more than the rounding of one operation, not below 0 where the operands say so."""
    one = low - np.abs(low) * _UNIT - _LEAST
    return np.where(positive, np.maximum(one, 0.0), one), high + np.abs(high) * _UNIT + _LEAST


def _mapped(low: np.ndarray, high: np.ndarray, t: np.ndarray, u: np.ndarray) -> Interval:
    """t x + u, of exact numbers."""
    p, q, v = _ends(t, _down), _ends(t, _up), (_ends(u, _down), _ends(u, _up))
    ends = np.stack([np.nan_to_num(x * y, nan=0.0, posinf=math.inf, neginf=-math.inf) for x in (low, high) for y in (p, q)])
    one, two = ends.min(axis=0), ends.max(axis=0)
    idle = (p == q) & ((np.abs(p) == 1) | (p == 0))
    positive = ((low >= 0) & (p >= 0)) | ((high <= 0) & (q <= 0))
    one, two = np.where(idle, one, one - np.abs(one) * _UNIT - _LEAST), np.where(idle, two, two + np.abs(two) * _UNIT + _LEAST)
    one = np.where(positive, np.maximum(one, 0.0), one)
    still = (v[0] == 0) & (v[1] == 0)
    lower, upper = one + v[0], two + v[1]
    size = _UNIT * (np.abs(lower) + np.abs(upper))
    return np.where(still, one, lower - size - _LEAST), np.where(still, two, upper + size + _LEAST)


def _activated(node: NodeData, low: np.ndarray, high: np.ndarray) -> Interval | None:
    a = node.attributes
    straight, quotient = lines(a), ratio(a)
    if straight is not None:
        kinks, pieces = straight
        one, two = np.full(low.shape, math.inf), np.full(low.shape, -math.inf)
        for m, (slope, offset) in enumerate(pieces):
            start, stop = (_down(kinks[m - 1]) if m else -math.inf), (_up(kinks[m]) if m < len(kinks) else math.inf)
            p, q = np.maximum(low, start), np.minimum(high, stop)
            found = _mapped(p, q, np.array(slope, dtype=object), np.array(offset, dtype=object))
            meets = p <= q
            one, two = np.where(meets, np.minimum(one, found[0]), one), np.where(meets, np.maximum(two, found[1]), two)
        return one, two
    if quotient is not None and quotient[1] == 1:
        c = [Fraction(int(v.p), int(v.q)) for v in quotient[0].coeffs()]
        if len(c) <= 2:
            slope = c[1] if len(c) > 1 else Fraction(0)
            return _mapped(low, high, np.array(slope, dtype=object), np.array(c[0] if c else Fraction(0), dtype=object))
        size, total = np.maximum(np.abs(low), np.abs(high)), np.zeros(low.shape)
        for k, v in enumerate(c):
            if v:
                total = total + _up(abs(v)) * np.maximum(size**k, _LEAST)
        total = total * (1 + 2.0**-40) + _LEAST
        even = not any(c[1::2]) and all(v >= 0 for v in c)
        return (np.zeros(low.shape) if even else -total), total
    if a.get("function") in _RANGES:
        least, most = _RANGES[str(a["function"])]
        return np.full(low.shape, least), np.full(low.shape, most)
    return None
