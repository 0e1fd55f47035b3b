"""The laws of an operation of trained networks, checked by computing: `check_operator`.

An operation is a record (`neurovariety.checkpoints.graph.operation`) with rows in the readers and writers. The record claims things
that the rest of the package builds proofs on: a bound, channels that are kept apart, a degree, scalings of an activation. Each claim
is held here against values, exact ones where the operation has them.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Float, Shaped

from neurovariety.checkpoints.graph.activations import activation
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Attributes, Node
from neurovariety.checkpoints.graph.nonlinearity import Nonlinearity, PiecewiseLinear, Relation, Smooth
from neurovariety.checkpoints.graph.operation import Call, Channelwise, MixedChannels
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import FLOATS, FRACTIONS, Array, to_floats, to_fractions
from neurovariety.checkpoints.load import to_torch, whole_network, write_network
from neurovariety.checkpoints.rank.exact_equality import degree
from neurovariety.checkpoints.rank.perturbation_bound import change_bound
from neurovariety.errors import InputError
from neurovariety.testing.laws import hold

FILES = (".npz", ".onnx", ".pt2")
"""The kinds of files that a network can be written to."""
_EIGHTHS = 8
"""Random numbers are multiples of 1/8: exact in every precision."""
_CLOSE = 1e-9
"""Relative difference that float64 may make here; a wrong formula makes one of order 1."""
_SINGLE = 1e-7
"""The same for other runtimes, which hold some of their constants in single precision."""
_MEASURED = ("mean", "variance")
"""Roles of weights that no training moves."""
_INPUTS = 5
_FACTORS = (Fraction(3), Fraction(1, 2), Fraction(-1), Fraction(-2))


def check_operator(
    kind: str,
    *shapes: tuple[int, ...],
    weights: Mapping[str, tuple[int, ...]] | None = None,
    attributes: Attributes | None = None,
    files: Sequence[str] = FILES,
    seed: int = 0,
) -> None:
    """Hold one operation to its laws. Raises `AssertionError` that names the law which is broken and by what.

    ``shapes`` are those of one sample of each input, ``weights`` maps roles to shapes, ``attributes`` are those of the node. Random
    values are drawn with ``seed``. Numbers among the attributes that files store as they are (a slope, an end of an interval) should
    be float32 numbers, or they are rounded there. The laws:

    * each sample of a batch is mapped by itself;
    * float64 and exact values agree; an operation without exact values refuses with an `InputError`;
    * values of networks whose weights differ differ by no more than the record's bound says;
    * along a line of inputs the exact value is a polynomial of no larger degree than stated;
    * channelwise: a change of one channel changes that channel alone, and affine relations between channels become what is stated;
      an affine map by a weight: a row of the weight changes its own channel alone;
    * written to each kind of file in ``files`` and read back, it is the same function, exactly where it has exact values; what
      torch and, where it is installed, onnxruntime compute from what was written is the value too;
    * an activation: slope, kinks, Lipschitz constant, value at zero and scalings are those of its values.

    >>> check_operator("matmul", (2, 3), (3, 2), files=[".npz"])
    >>> check_operator("activation", (4,), attributes={"function": "relu"}, files=[".npz"])
    """
    rng = np.random.default_rng(seed)
    stored = {role: _eighths(rng, shape) for role, shape in (weights or {}).items()}
    for role in {"variance"} & set(stored):
        stored[role] = np.abs(stored[role]) + 1
    case = _Case(Node("it", kind, (), {r: f"it.{r}" for r in stored}, dict(attributes or {})), shapes, stored)
    network = case.network(rng)
    x = _eighths(rng, (_INPUTS, *network.input_shape))
    _by_samples(network, x)
    _exact(network, x, case.smooth)
    _bounded(case, rng)
    if not case.smooth:
        _of_degree(network, rng)
    _keeps_channels(case, rng)
    _makes_channels(case, network, x)
    _survives_files(network, x, files, case.smooth)
    if kind == "activation":
        record = activation(case.node.attributes)
        _slopes(record, case.node.attributes, rng)
        _scalings(record, case.node.attributes, rng)


def _eighths(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return np.asarray(rng.integers(-2 * _EIGHTHS, 2 * _EIGHTHS + 1, size=shape) / _EIGHTHS)


def _agree(a: Array, b: Array, within: float = _CLOSE) -> bool:
    a, b = to_floats(a), to_floats(b)
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= within * max(1.0, float(np.abs(b).max(initial=0.0)))))


@dataclass(frozen=True, eq=False)
class _Case:
    """An operation with its weights, and the shapes of its inputs."""

    node: Node
    shapes: Sequence[tuple[int, ...]]
    stored: Mapping[str, Array]

    @property
    def smooth(self) -> bool:
        """Whether there are no exact values."""
        return operation(self.node).sort(self.node) == "smooth"

    @property
    def weights(self) -> dict[str, Array]:
        return {self.node.weights[r]: v for r, v in self.stored.items()}

    def value(self, *inputs: Array) -> Array:
        """The value of the operation alone, exact where it has exact values."""
        arithmetic = FLOATS if self.smooth else FRACTIONS
        arrays = {k: arithmetic.array(v) for k, v in self.weights.items()}
        given = [arithmetic.array(v) for v in inputs]
        return np.asarray(operation(self.node).value(Call(self.node, given, arrays, self.weights, arithmetic)))

    def network(self, rng: np.random.Generator) -> Network:
        """One input, through a matrix to the inputs of the operation; an operation without inputs is added to the input."""
        sizes = [math.prod(s) for s in self.shapes]
        if not sizes:
            (shape,) = (v.shape for v in self.stored.values())
            nodes = [Node("x", "input"), self.node, Node("y", "add", ("x", "it"))]
            return Network(shape, tuple(nodes), "y", self.weights)
        measured = frozenset(self.node.weights[r] for r in _MEASURED if r in self.stored)
        total = sum(sizes)
        nodes = [Node("x", "input"), Node("h", "linear", ("x",), {"weight": "h.weight"})]
        names = [f"h {k}" for k in range(len(sizes))]
        for name, start, size, shape in zip(names, np.cumsum([0, *sizes[:-1]]).tolist(), sizes, self.shapes, strict=True):
            cut: dict[str, object] = {"axis": 0, "start": start, "stop": start + size, "step": 1}
            nodes += [Node(f"{name} flat", "slice", ("h",), {}, cut), Node(name, "reshape", (f"{name} flat",), {}, {"shape": shape})]
        made = Node("it", self.node.kind, tuple(names), self.node.weights, self.node.attributes)
        matrix = _eighths(rng, (total, total)) / 2 + np.eye(total)
        return Network((total,), (*nodes, made), "it", {**self.weights, "h.weight": matrix}, fixed=measured)


def _by_samples(network: Network, x: Array) -> None:
    each = np.concatenate([network.evaluate(v[None]) for v in x])
    hold(np.all((network.evaluate(x) == each) | np.isnan(each)) or _agree(network.evaluate(x), each), "a batch is not its samples")


def _exact(network: Network, x: Array, smooth: bool) -> None:
    if smooth:
        try:
            network.evaluate_exact(x)
        except InputError:
            return
        raise AssertionError("the record says that there are no exact values, and there are")
    found = network.evaluate_exact(x)
    hold(all(isinstance(v, (int, Fraction)) for v in found.reshape(-1)), "an exact value is not a rational number")
    hold(_agree(network.evaluate(x), found), "float64 and exact values differ")


def _bounded(case: _Case, rng: np.random.Generator) -> None:
    a = case.network(rng)
    radius = 2.0
    x = rng.normal(size=(64, *a.input_shape))
    x *= radius / np.linalg.norm(x.reshape(len(x), -1), axis=1).reshape(-1, *(1 for _ in a.input_shape))
    for scale in (1.0, 2.0**-10):
        moved = {k: v + scale * _eighths(rng, v.shape) / 4 for k, v in a.weights.items()}
        if "variance" in case.stored:
            key = case.node.weights["variance"]
            moved[key] = np.abs(moved[key])
        b = a.with_weights(moved)
        seen = np.linalg.norm((a.evaluate(x) - b.evaluate(x)).reshape(len(x), -1), axis=1).max()
        stated = change_bound(a, b, radius)
        hold(seen <= stated, f"values differ by {seen:.6g}, the bound says {stated:.6g}")


def _of_degree(network: Network, rng: np.random.Generator) -> None:
    """Differences of order degree + 1 along a line vanish."""
    stated = degree(network)
    if stated is None:
        return
    start, way = (to_fractions(_eighths(rng, network.input_shape)) for _ in range(2))
    line = to_fractions(np.array([start + k * way for k in range(stated + 2)]))
    hold(not np.any(np.diff(network.evaluate_exact(line), n=stated + 1, axis=0)), f"the degree is larger than {stated}")


def _keeps_channels(case: _Case, rng: np.random.Generator) -> None:
    channelwise = operation(case.node).channelwise
    if channelwise is None:
        return
    (shape,) = case.shapes
    x = _eighths(rng, (2, *shape))
    plain = case.value(x)
    followed = 0
    for axis in range(len(shape)):
        labels = np.broadcast_to(np.arange(shape[axis]).reshape([-1 if k == axis else 1 for k in range(len(shape))]), shape)
        try:
            after = channelwise.labels(case.node, labels, plain.shape[1:])
        except MixedChannels:
            continue
        hold(after.shape == plain.shape[1:], "the channels have another shape than the value")
        followed += 1
        for channel in range(shape[axis]):
            changed = case.value(np.where(labels == channel, x + 1, x))
            hold(np.array_equal(changed[:, after != channel], plain[:, after != channel]), f"channel {channel} reaches others")
        if shape[axis] > 1:
            _relations(case, channelwise, labels, after, x)
    hold(followed, "the record says channelwise, and channels can be followed along no axis")


def _relations(case: _Case, channelwise: Channelwise, labels: Array, after: Array, x: Array) -> None:
    """Channel 0 is made an affine function of channel 1; so must it be afterwards."""
    relations: list[Relation] = [(f, s) for f in (*_FACTORS, Fraction(0), Fraction(1)) for s in (Fraction(0), Fraction(1, 2))]
    weights = case.weights
    for factor, shift in relations:
        stated = channelwise.relation(case.node, weights, 0, 1, (factor, shift))
        if stated is None:
            continue
        hold(not channelwise.positive or factor >= 0, "a negative factor is carried, against the record")
        related = to_fractions(x)
        related[:, labels == 0] = factor * related[:, labels == 1] + shift
        value = case.value(related)
        a, b = (np.asarray(v, dtype=np.float64 if case.smooth else object) for v in stated)
        hold(
            _agree(value[:, after == 0], a * value[:, after == 1] + b),
            f"a relation ({factor}, {shift}) does not become ({stated[0]}, {stated[1]})",
        )
    if channelwise.linear:
        one, two = x, x[::-1] + 1
        both = case.value(one + two)
        hold(np.array_equal(both, case.value(one) + case.value(two)), "it is not linear, against the record")
    if channelwise.affine is not None:
        t, u = channelwise.affine(case.node, weights)
        axes = (-1, *(1 for _ in x.shape[2:]))
        hold(np.array_equal(case.value(x), to_fractions(x) * t.reshape(axes) + u.reshape(axes)), "t value + u is another map")


def _makes_channels(case: _Case, network: Network, x: Array) -> None:
    affine = operation(case.node).affine
    if affine is None:
        return
    key = case.node.weights["weight"]
    for row in range(len(network.weights[key])):
        moved = np.array(network.weights[key])
        moved[row] += 1
        change = network.evaluate(x, {key: moved}) - network.evaluate(x)
        others = np.delete(change, row, axis=affine.axis % (change.ndim - 1) + 1)
        hold(not np.any(others), f"row {row} of the weight changes other channels")


def _survives_files(network: Network, x: Array, files: Sequence[str], smooth: bool) -> None:
    expected = network.evaluate(x) if smooth else network.evaluate_exact(x)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in files:
            path = Path(folder) / f"network{suffix}"
            write_network(network, path, dtype="float64")
            back = whole_network(path)
            again = back.evaluate(x) if smooth else back.evaluate_exact(x)
            same = _agree(again, expected) if smooth else np.array_equal(again, expected)
            hold(same, f"written to {suffix} and read back it is another function")
            if suffix == ".onnx":
                _by_onnxruntime(path, x, to_floats(expected))
            elif suffix == ".pt2":
                _by_torch(network, x, to_floats(expected))


def _by_torch(network: Network, x: Float[np.ndarray, "batch ..."], expected: Shaped[np.ndarray, "batch ..."]) -> None:
    import torch

    with torch.no_grad():
        found = to_torch(network, dtype="float64")(torch.as_tensor(x)).numpy()
    hold(_agree(found, expected, _SINGLE), "torch computes something else from what is written")


def _by_onnxruntime(path: Path, x: Float[np.ndarray, "batch ..."], expected: Shaped[np.ndarray, "batch ..."]) -> None:
    try:
        import onnxruntime
    except ImportError:
        return
    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented:  # it has no float64 kernel for every operator
        return
    found = session.run(None, {session.get_inputs()[0].name: x})[0]
    hold(_agree(found, expected, _SINGLE), "onnxruntime computes something else from what is written")


def _slopes(record: Nonlinearity, a: Attributes, rng: np.random.Generator) -> None:
    """The stated slopes are limits of quotients, and no steeper than stated; so is the value at 0."""
    radius, step = 3.0, 1e-5
    z = rng.uniform(-radius, radius, size=200)
    steepest, at_zero = record.steepness(a, radius)
    rise = np.abs(np.diff(record.value(a, np.sort(z), FLOATS, ""))) / np.diff(np.sort(z))
    hold(float(rise.max()) <= steepest * (1 + _CLOSE), f"a slope is {rise.max():.6g}, the record says at most {steepest:.6g}")
    zero = record.at(a, Fraction(0))
    value = float(record.value(a, np.zeros(1), FLOATS, "")[0])
    hold(zero is None or abs(value - float(zero)) <= _CLOSE, f"the value at 0 is {value:.6g}, the record says {zero}")
    hold(not abs(value) > at_zero * (1 + _CLOSE), f"the value at 0 is {value:.6g}, the record says at most {at_zero:.6g}")
    if isinstance(record, PiecewiseLinear):
        _lines(record, a, z)
    elif isinstance(record, Smooth):
        quotient = (record.value(a, z + step, FLOATS, "") - record.value(a, z - step, FLOATS, "")) / (2 * step)
        away = np.abs(z) > 2 * step  # elu has a kink at 0
        hold(np.all(np.abs(quotient - record.slopes(z, a))[away] <= 1e-7), "the stated slope is not that of the values")


def _lines(record: PiecewiseLinear, a: Attributes, z: Float[np.ndarray, " points"]) -> None:
    kinks = record.kinks(a)
    hold(all(p < q for p, q in pairwise(kinks)), f"the kinks {kinks} are not in ascending order")
    hold(len(record.slopes(a)) == len(kinks) + 1, "there is one slope more than kinks")
    points = to_fractions(np.concatenate([z, [float(k) for k in kinks]]))
    slope, offset = record.lines(a, points)
    hold(np.array_equal(slope * points + offset, record.value(a, points, FRACTIONS, "")), "the lines have other values")


def _scalings(record: Nonlinearity, a: Attributes, rng: np.random.Generator) -> None:
    kind = record.scalings(a)
    allowed = {"any": _FACTORS, "positive": _FACTORS[:2], "sign": (Fraction(-1),), "none": ()}[kind]
    points = rng.integers(1, 40, size=30) * rng.choice([-1, 1], size=30) / _EIGHTHS
    for factor in _FACTORS:
        stated = record.scaled(a, factor)
        hold((stated is not None) == (factor in allowed), f"scalings are {kind!r}, and scaled says {stated} for {factor}")
        if stated is None:
            continue
        if record.sort == "smooth":
            left, right = (record.value(a, v, FLOATS, "") for v in (float(factor) * points, points))
            hold(_agree(left, float(stated[0]) * right + float(stated[1])), f"scaling by {factor} is not {stated}")
        else:
            exact = to_fractions(points)
            left, right = (record.value(a, v, FRACTIONS, "") for v in (factor * exact, exact))
            hold(np.array_equal(left, stated[0] * right + stated[1]), f"scaling by {factor} is not {stated}")
