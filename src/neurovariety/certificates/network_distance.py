"""By how much do two networks of one graph differ on a ball of inputs? Bounds carried from node to node, rounded up.

Two ways, of which the smaller bound counts. Entry by entry: a bound M of the size of each entry in both networks and a bound e of the
difference, |W| M + |b| and |W| e + |W' - W| M + |b' - b|; scaling a neuron and undoing that in the next matrix changes nothing here. By
Euclidean norms: with a bound of the spectral norm of each matrix, the smaller of the Frobenius norm and sqrt(|W|_1 |W|_inf). All are
sums and products of numbers that are not negative, and each step is enlarged by more than its rounding error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from neurovariety.certificates.across_slopes import across_entries, across_norms
from neurovariety.certificates.activation_slopes import above, steepness
from neurovariety.certificates.attention_distance import attention_pairs
from neurovariety.certificates.network_nodes import NetworkData, NodeData, exact, reciprocal_root
from neurovariety.certificates.network_shapes import Shape, shapes, spread_out, windows
from neurovariety.certificates.zeros import NotShown

_UP = 1 + 2.0**-28
"""Sums of up to 2**24 numbers that are not negative, and a root, have a smaller relative error."""
_LEAST = 1e-280
"""A bound that is not 0 is never smaller: products of tiny numbers would become 0 in float64, and no bound."""
_TINY = 1e-300
"""More than what a number loses that float64 cannot hold for being small."""
Pair = tuple[np.ndarray, np.ndarray]


def bound(first: NetworkData, second: NetworkData, radius: float) -> float:
    """A bound of |f(x) - g(x)| for |x| <= radius; inf where none is known. Raises `NotShown` for networks of different graphs."""
    names = _alike(first, second)
    with np.errstate(all="ignore"):
        return min(_outcome(_Entries(first, second, names, radius)), _outcome(_Norms(first, second, names, radius)))


def _alike(first: NetworkData, second: NetworkData) -> dict[str, str]:
    """The names of the nodes of the first in the second. Raises `NotShown` where the graphs differ."""
    if len(first.nodes) != len(second.nodes) or first.input_shape != second.input_shape:
        raise NotShown("the networks have other graphs")
    names: dict[str, str] = {}
    for node, other in zip(first.nodes, second.nodes, strict=True):
        names[node.name] = other.name
        alike = node.kind == other.kind and dict(node.attributes) == dict(other.attributes) and set(node.weights) == set(other.weights)
        weights = [(np.shape(first.weights[k]), np.shape(second.weights[other.weights[r]])) for r, k in node.weights.items()]
        if not alike or any(p != q for p, q in weights) or tuple(names[n] for n in node.inputs) != tuple(other.inputs):
            raise NotShown(f"the nodes {node.name!r} are not of one kind")
    if names[first.output] != second.output:
        raise NotShown("the networks have other outputs")
    return names


@dataclass(frozen=True)
class _Weight:
    """A weight of both networks: the larger of the two in size, entry by entry, and a bound of the difference."""

    size: np.ndarray
    change: np.ndarray


class _SideBounds:
    """What both ways share: the nodes, their weights, and whether anything differs so far."""

    def __init__(self, first: NetworkData, second: NetworkData, names: dict[str, str], radius: float) -> None:
        self.first, self.second, self.names, self.radius = first, second, names, radius
        self.others = {n.name: n for n in second.nodes}
        self.shapes = shapes(first)
        self.pairs: dict[tuple[str, str], _Weight] = {}

    def weight(self, node: NodeData, role: str) -> _Weight | None:
        """A weight by its role; None where the node has none."""
        if role not in node.weights:
            return None
        if (node.name, role) not in self.pairs:
            other = self.others[self.names[node.name]]
            self.pairs[node.name, role] = _pair(self.first.weights[node.weights[role]], self.second.weights[other.weights[role]])
        return self.pairs[node.name, role]

    def still(self, node: NodeData) -> bool:
        """Whether all weights of a node are equal: then it moves only what moved before."""
        return not any(w is not None and w.change.any() for w in (self.weight(node, role) for role in node.weights))

    def maps(self, node: NodeData) -> tuple[_Weight, _Weight]:
        """Batch norm as t value + u, of both networks."""
        found = [_maps(n, net) for n, net in ((node, self.first), (self.others[self.names[node.name]], self.second))]
        return _pair(found[0][0], found[1][0]), _pair(found[0][1], found[1][1])

    def shape(self, name: str) -> Shape:
        found = self.shapes[name]
        if found is None:
            raise NotShown(f"the shape of {name!r} is not known")
        return found


def _maps(node: NodeData, network: NetworkData) -> Pair:
    def stored(role: str) -> np.ndarray:
        return exact(network.weights[node.weights[role]])

    t = exact(reciprocal_root(node, network))
    t = t * stored("scale") if "scale" in node.weights else t
    u = -t * stored("mean")
    return t, u + stored("shift") if "shift" in node.weights else u


def _pair(one: np.ndarray, two: np.ndarray) -> _Weight:
    p, q = _floats(one), _floats(two)
    size = np.maximum(np.abs(p), np.abs(q)) * _UP + _TINY
    if one is two or (np.asarray(one).dtype == np.asarray(two).dtype and bool(np.all(np.asarray(one) == np.asarray(two)))):
        return _Weight(size, np.zeros(p.shape))
    gap = _sure(np.abs(p - q) * _UP + (np.abs(p) + np.abs(q)) * 2.0**-51 + _TINY)
    near = np.flatnonzero((p == q).reshape(-1))  # may be equal before they were rounded
    equal = exact(np.asarray(one).reshape(-1)[near]) == exact(np.asarray(two).reshape(-1)[near])
    gap.reshape(-1)[near[np.asarray(equal, dtype=bool)]] = 0.0
    return _Weight(size, gap)


def _floats(values: np.ndarray) -> np.ndarray:
    """Float64 numbers nearest to the stored ones, infinite where there are none."""
    source = np.asarray(values)
    try:
        return source.astype(np.float64)
    except OverflowError:
        flat = [math.copysign(math.inf, v) if abs(v) > 10**308 else float(v) for v in source.reshape(-1).tolist()]
        return np.array(flat).reshape(source.shape)


class _Entries(_SideBounds):
    """Bounds entry by entry: arrays of the shape of a sample."""

    def run(self) -> float:
        """The norm of the bounds of the difference."""
        found: dict[str, Pair] = {}
        for node in self.first.nodes:
            if node.kind == "input":
                shape = tuple(self.first.input_shape)
                found[node.name] = np.full(shape, self.radius), np.zeros(shape)
                continue
            size, error = self._at(node, [found[n] for n in node.inputs])
            still = self.still(node) and not any(found[n][1].any() for n in node.inputs)
            moved = np.zeros(error.shape) if still else error * _UP + _LEAST
            found[node.name] = _sure(size * _UP + _LEAST), _sure(moved)
        return _norm(found[self.first.output][1])

    def _at(self, node: NodeData, below: Sequence[Pair]) -> Pair:
        size, error = below[0] if below else (np.zeros(0), np.zeros(0))
        if node.kind in ("linear", "conv"):
            return self._affine(node, size, error)
        if node.kind == "normalize":
            t, u = self.maps(node)
            shape = (-1, *(1 for _ in size.shape[1:]))
            t_size, t_change, u_size, u_change = (v.reshape(shape) for v in (t.size, t.change, u.size, u.change))
            return t_size * size + u_size, t_size * error + t_change * size + u_change
        if node.kind == "activation":
            slope, start = steepness(node.attributes, size)
            return np.where(size > 0, slope * size, 0.0) + start, np.where(error > 0, slope * error, 0.0)
        if node.kind in ("add", "subtract", "multiply", "divide"):
            return self._joined(node, below)
        if node.kind in ("softmax", "standardize"):
            return across_entries(node, size, error)
        if node.kind == "parameter":
            w = self.weight(node, "value")
            assert w is not None
            return w.size, w.change
        if node.kind == "matmul":
            (p, e), (q, f) = ([v.swapaxes(-1, -2) if t else v for v in pair] for pair, t in zip(below, self._turned(node), strict=True))
            return p @ q, p @ f + e @ q + e @ f
        moved = mover(node)
        if moved is None:
            raise NotShown(f"no bound is known for {node.name!r} ({node.kind})")
        return moved([p[0] for p in below]), moved([p[1] for p in below])

    @staticmethod
    def _turned(node: NodeData) -> Sequence[bool]:
        return tuple(node.attributes.get("transpose", (False, False)))

    def _affine(self, node: NodeData, size: np.ndarray, error: np.ndarray) -> Pair:
        w, b = self.weight(node, "weight"), self.weight(node, "bias")
        assert w is not None
        flat = [_norms(v.reshape(len(v), -1)) * self.radius for v in (w.size, w.change)]
        if node.kind == "linear":
            from_input = size.ndim == 1 and self._first(node)
            grown, shifted = flat if from_input else (size @ w.size.T, size @ w.change.T + error @ w.size.T)
            spread: tuple[int, ...] = (-1,)
        else:
            grown = convolved(node, size, w.size)
            shifted = convolved(node, size, w.change) + convolved(node, error, w.size)
            spread = (-1, *(1 for _ in grown.shape[1:]))
            if self._first(node):
                grown, shifted = (np.minimum(v, f.reshape(spread)) for v, f in zip((grown, shifted), flat, strict=True))
        if b is not None:
            grown, shifted = grown + b.size.reshape(spread), shifted + b.change.reshape(spread)
        return grown, shifted

    def _first(self, node: NodeData) -> bool:
        """Whether a matrix is applied to the input: a row times x is at most its norm times that of x."""
        return any(n.name == node.inputs[0] and n.kind == "input" for n in self.first.nodes)

    def _joined(self, node: NodeData, below: Sequence[Pair]) -> Pair:
        size, error = below[0]
        if len(below) == 2:
            other, moved = below[1]
        elif "weight" in node.weights:
            w = self.weight(node, "weight")
            assert w is not None
            other, moved = w.size, w.change
        else:
            number = above(abs(Fraction(node.attributes["constant"])))
            if node.kind == "divide" and not node.attributes.get("reversed"):
                low = abs(Fraction(node.attributes["constant"]))
                return (size * above(1 / low), error * above(1 / low)) if low else (size * np.inf, error * np.inf)
            other, moved = np.asarray(number), np.asarray(0.0)
        if node.kind in ("add", "subtract"):
            return size + other, error + moved
        if node.kind == "multiply":
            return size * other, size * moved + error * other + error * moved
        raise NotShown(f"no bound is known for {node.name!r} ({node.kind})")


def _sure(values: np.ndarray) -> np.ndarray:
    """The bounds, infinite where a sum or product had no value."""
    return np.asarray(np.where(np.isnan(values), np.inf, values))


def _norms(rows: np.ndarray) -> np.ndarray:
    """Norms of rows; their sums where squares leave float64."""
    norms, sums = np.linalg.norm(rows, axis=1) * _UP, np.abs(rows).sum(axis=1) * _UP
    return np.asarray(np.where((norms > 1e-140) & (norms < 1e140), norms, sums))


def _slices(node: NodeData, size: Sequence[int], window: Sequence[int]) -> list[tuple[slice, ...]]:
    a, places = node.attributes, windows(node, size, window)
    return [
        (
            slice(None),
            *(slice(o * d, o * d + (n - 1) * s + 1, s) for o, n, s, d in zip(at, places, a["stride"], a["dilation"], strict=True)),
        )
        for at in product(*map(range, window))
    ]


def _padded(node: NodeData, x: np.ndarray) -> np.ndarray:
    return np.pad(x, [(0, 0), *(tuple(s) for s in node.attributes["padding"])])


def convolved(node: NodeData, x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """The convolution of a node without its bias, in float64."""
    groups, window = node.attributes["groups"], weight.shape[2:]
    padded, flat = _padded(node, x), weight.reshape(*weight.shape[:2], -1)
    total: np.ndarray | None = None
    for k, cut in enumerate(_slices(node, x.shape[1:], window)):
        values = padded[cut]
        rows = flat[:, :, k].reshape(groups, -1, weight.shape[1])
        term = np.matmul(rows, values.reshape(groups, weight.shape[1], -1)).reshape(weight.shape[0], *values.shape[1:])
        total = term if total is None else total + term
    assert total is not None
    return total


def mover(node: NodeData) -> Callable[[Sequence[np.ndarray]], np.ndarray] | None:
    """What a node does with bounds that are not negative, where it moves entries, adds them up or takes the largest."""
    a = node.attributes
    simple: dict[str, Callable[[Sequence[np.ndarray]], np.ndarray]] = {
        "reshape": lambda v: v[0].reshape(tuple(a["shape"])),
        "transpose": lambda v: v[0].transpose(tuple(a["permutation"])),
        "slice": lambda v: v[0][(slice(None),) * a["axis"] + (slice(a["start"], a["stop"], a["step"]),)],
        "concatenate": lambda v: np.concatenate(v, axis=a["axis"]),
        "pad": lambda v: np.pad(v[0], [tuple(side) for side in a["padding"]]),
        "sum": lambda v: np.asarray(v[0].sum(axis=tuple(a["axes"]), keepdims=bool(a["keepdims"]))),
        "mean": lambda v: np.asarray(v[0].mean(axis=tuple(a["axes"]), keepdims=bool(a["keepdims"]))),
        "average_pool": lambda v: _pooled(node, v[0], lambda cuts: np.sum(cuts, axis=0)) / math.prod(a["window"]),
        "max_pool": lambda v: _pooled(node, v[0], lambda cuts: np.max(cuts, axis=0)),
        "upsample": lambda v: _repeated(v[0], a["factors"]),
        "spread": lambda v: spread_out(v[0], a["factors"], 0.0),
    }
    return simple.get(node.kind)


def _pooled(node: NodeData, x: np.ndarray, join: Callable[[list[np.ndarray]], np.ndarray]) -> np.ndarray:
    padded = _padded(node, x)
    return np.asarray(join([padded[cut] for cut in _slices(node, x.shape[1:], node.attributes["window"])]))


def _repeated(x: np.ndarray, factors: Sequence[int]) -> np.ndarray:
    for axis, factor in enumerate(factors, start=1):
        x = x.repeat(factor, axis=axis)
    return x


class _Norms(_SideBounds):
    """Bounds of Euclidean norms of whole values."""

    def run(self) -> float:
        """The bound of the norm of the difference."""
        found: dict[str, tuple[float, float]] = {}
        pairs = attention_pairs(self.first, self.second, self.names)
        for node in self.first.nodes:
            if node.kind == "input":
                found[node.name] = self.radius * _UP, 0.0
                continue
            size, error = self._at(node, [found[n] for n in node.inputs])
            still = self.still(node) and not any(found[n][1] for n in node.inputs)
            if node.name in pairs and not still:
                size, error = map(min, pairs[node.name].bound(found), (size, error))
            found[node.name] = size * _UP + _LEAST, (0.0 if still else error * _UP + _LEAST)
            if math.isnan(size) or math.isnan(error):
                return math.inf
        return found[self.first.output][1]

    def _at(self, node: NodeData, below: Sequence[tuple[float, float]]) -> tuple[float, float]:
        if node.kind == "parameter":
            value = self.weight(node, "value")
            assert value is not None
            return _norm(value.size.reshape(-1)), _norm(value.change.reshape(-1))
        size, error = below[0]
        shape, before = self.shape(node.name), self.shape(node.inputs[0])
        count = math.prod(shape)
        if node.kind in ("linear", "conv"):
            w, b = self.weight(node, "weight"), self.weight(node, "bias")
            assert w is not None
            grow, change = _operator(w.size), _operator(w.change)
            copies = math.sqrt(count / len(w.size))
            moved, more = (0.0, 0.0) if b is None else (copies * _norm(b.change), copies * _norm(b.size))
            return grow * size + more, grow * error + _times(change, size) + moved
        if node.kind == "normalize":
            t, u = self.maps(node)
            copies, most = math.sqrt(count / len(t.size)), float(t.size.max())
            return most * size + copies * _norm(u.size), most * error + _times(float(t.change.max()), size) + copies * _norm(u.change)
        if node.kind == "activation":
            (slope,), (start,) = steepness(node.attributes, np.array([size]))
            return _times(slope, size) + math.sqrt(count) * start, _times(slope, error)
        if node.kind in ("add", "subtract") and len(below) == 2 and before == self.shape(node.inputs[1]):
            return size + below[1][0], error + below[1][1]
        if node.kind == "matmul" or (node.kind == "multiply" and len(below) == 2 and before == self.shape(node.inputs[1])):
            other, moved = below[1]
            return size * other, _times(size, moved) + _times(other, error) + _times(error, moved)
        if node.kind in ("add", "subtract", "multiply") and len(below) == 1 and before == shape:
            w = self._beside(node)
            if node.kind == "multiply":
                return size * float(w.size.max()), error * float(w.size.max()) + _times(float(w.change.max()), size)
            copies = math.sqrt(count / w.size.size)
            return size + copies * _norm(w.size.reshape(-1)), error + copies * _norm(w.change.reshape(-1))
        if node.kind in ("softmax", "standardize"):
            return across_norms(node, shape, error)
        if node.kind in ("reshape", "transpose", "slice", "mean", "average_pool", "spread"):
            return size, error  # an average over w entries has 1/sqrt(w) of their norm, and no entry is in more than w windows
        if node.kind == "concatenate":
            return math.hypot(*(b[0] for b in below)), math.hypot(*(b[1] for b in below))
        if node.kind in ("max_pool", "upsample"):
            factor = math.sqrt(math.prod(node.attributes["window" if node.kind == "max_pool" else "factors"]))
            return size * factor, error * factor
        if node.kind == "sum":
            factor = math.sqrt(math.prod(before) / max(count, 1))
            return size * factor, error * factor
        raise NotShown(f"no bound is known for {node.name!r} ({node.kind})")

    def _beside(self, node: NodeData) -> _Weight:
        """The other operand of an operation on one value: a weight or a number."""
        found = self.weight(node, "weight")
        if found is not None:
            return found
        return _Weight(np.array([above(abs(Fraction(node.attributes["constant"])))]), np.zeros(1))


def _times(a: float, b: float) -> float:
    return 0.0 if not a or not b else a * b


def _norm(vector: np.ndarray) -> float:
    return float(_norms(vector.reshape(1, -1))[0]) if vector.size else 0.0


def _operator(weight: np.ndarray) -> float:
    """A bound of the spectral norm of a matrix; of a convolution the sum of those over the places of its window."""
    flat = weight.reshape(*weight.shape[:2], -1)
    return sum(_spectral(flat[:, :, k]) for k in range(flat.shape[2])) * _UP


def _spectral(matrix: np.ndarray) -> float:
    largest = float(np.abs(matrix).max(initial=0.0))
    if not largest or not math.isfinite(largest):
        return largest
    sized = matrix / largest * _UP  # squares of tiny numbers would be 0, and no bound
    frobenius = math.sqrt(float((sized**2).sum()))
    return min(frobenius, math.sqrt(float(sized.sum(axis=0).max()) * float(sized.sum(axis=1).max()))) * _UP * largest * _UP


def _outcome(way: _Entries | _Norms) -> float:
    try:
        found = way.run()
    except (NotShown, OverflowError):
        return math.inf
    return float(found) if math.isfinite(found) else math.inf
