"""By how much the values of a network of any graph can move where polynomials stand in it: node by node, on a box of inputs.

In place of softmax stands p(x_i) / sum_j p(x_j) with p near exp, in place of (x - mean) / sqrt(variance + epsilon) the product of
x - mean and r(variance + epsilon) with r near 1/sqrt. Convolution and batch norm are linear; what is divided by is shown not to be 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod

import flint
import numpy as np

from neurovariety.certificates.activation_ranges import QuotientActivation, image_at, image_of, slope_of
from neurovariety.certificates.activation_series import (
    ACTIVATIONS,
    POWER,
    ROOT,
    PiecedActivation,
    rational_ball,
)
from neurovariety.certificates.affine_forms import AffineForms, Values, added, each, known, zeros
from neurovariety.certificates.functions_of_rows import along, jacobian, normal, probabilities, variances
from neurovariety.certificates.graphs_with_polynomials import function_of
from neurovariety.certificates.moved_values import (
    AlongAxes,
    MovedValues,
    NotRead,
    check_work,
    linear_of,
    moving,
    placed,
    product,
    quotient,
    reciprocal,
    scaled,
    shifted,
    turned,
    widened,
)
from neurovariety.certificates.network_nodes import NetworkData, NodeData, channel_maps, check_order, ratio
from neurovariety.certificates.network_values import BALLS, convolved, known_shapes, moved_entries, without_batch
from neurovariety.certificates.zeros import NotShown

Near = Callable[[str, Sequence[flint.arb]], float]
"""The error of what stands in place of the function of that name, wherever it reads what is in these balls."""
_READ = {"parameter": 0, "matmul": 2, "add": 2, "subtract": 2, "multiply": 2, "divide": 2}
"""How many values a node reads at most, where that is not one."""
_JOINED = {"add": 1, "subtract": -1}
_PRODUCTS_OF_SERIES = 3000
"""About how many products of numbers the enclosures of a function on a ball take."""
_SQUARE = PiecedActivation(((Fraction(0), Fraction(0), Fraction(1)),))


def moves_of_outputs(network: NetworkData, low: Sequence[Fraction], high: Sequence[Fraction], near: Near) -> Values:
    """By how much the outputs can move at most, exact numbers, within `taylor` of two terms.

    Raises `NotRead` for a node that is not read here, and `NotShown` where something is not bounded."""
    count = prod(network.input_shape)
    if len(low) != count or len(high) != count or any(a > b for a, b in zip(low, high, strict=True)):
        raise NotShown("a box of inputs of the network is expected")
    check_order(network)
    graph, found, sizes = _Graph(network, near), dict[str, MovedValues](), known_shapes(network)
    for node in network.nodes:
        below = [found[n] for n in node.inputs]
        try:
            made = _inputs(network, low, high) if node.kind == "input" else graph.after(node, below, sizes[node.name])
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise NotRead(f"{node.name!r} is not read here ({error})") from error
        if made.balls.shape != sizes[node.name]:  # a stored value may have an axis for the batch
            raise NotRead(f"the shape of {node.name!r} is not known")
        found[node.name] = made
    moved = found[network.output].moved
    return zeros((1,)) if moved is None else moved.sizes


def _inputs(network: NetworkData, low: Sequence[Fraction], high: Sequence[Fraction]) -> MovedValues:
    shape, n = tuple(network.input_shape), len(low)
    centre, radii = zeros((n,)), zeros((n,))
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        centre[i], radii[i] = rational_ball((a + b) / 2), rational_ball((b - a) / 2)
    are = widened(known(centre), radii.tolist(), 0)
    return moving(AffineForms(centre.reshape(shape), tuple(p.reshape(shape) for p in are.parts), are.rest.reshape(shape)), None)


@dataclass(eq=False)
class _Graph:
    """A network, what is ``near`` its functions, and how many errors of polynomials were met."""

    network: NetworkData
    near: Near
    errors: int = 0

    def after(self, node: NodeData, below: Sequence[MovedValues], shape: tuple[int, ...] | None) -> MovedValues:
        """What a node makes of what it reads, of a shape."""
        most = len(below) if node.kind == "concatenate" else _READ.get(node.kind, 1)
        if len(below) > most or (len(below) == 2 and node.weights) or (node.kind == "matmul" and len(below) < most):
            raise NotRead(f"{node.name!r} reads another number of values")
        check_work(node.name, self._work(node, below, shape))
        if node.kind == "parameter":
            return moving(known(self._stored(node, "value")), None)
        if node.kind == "linear":
            return self._linear(node, below[0])
        if node.kind in ("conv", "normalize"):
            return self._of_channels(node, below[0])
        if node.kind == "activation":
            return self._activated(node, below[0])
        if node.kind == "softmax":
            return self._softmax(node, below[0])
        if node.kind == "standardize":
            return self._standardized(node, below[0])
        if node.kind == "matmul":
            turns = node.attributes.get("transpose", (False, False))
            return product(np.matmul, *(turned(v) if t else v for v, t in zip(below, turns, strict=True)))
        if node.kind in ("add", "subtract", "multiply", "divide"):
            return self._joined(node, below)
        return placed(lambda values: moved_entries(node, values, BALLS), below, node)

    def _work(self, node: NodeData, below: Sequence[MovedValues], shape: tuple[int, ...] | None) -> int:
        """About how many products of numbers a node takes."""
        size = 1 if shape is None else prod(shape)
        if node.kind == "parameter":
            return size
        maps = max(3 + len(v.are.parts) + (0 if v.moved is None else len(v.moved.parts)) for v in below)
        if node.kind in ("linear", "conv"):
            weight = np.shape(self.network.weights[node.weights["weight"]])
            return maps * size * prod(weight[1:])
        if node.kind == "matmul":
            return 2 * maps * size * below[0].balls.shape[-1]
        return size * (maps + (_PRODUCTS_OF_SERIES if function_of(node) else 0))

    def _stored(self, node: NodeData, role: str) -> Values:
        return BALLS.array(self.network.weights[node.weights[role]])

    def _linear(self, node: NodeData, x: MovedValues) -> MovedValues:
        matrix = self._stored(node, "weight").T
        made = linear_of(x, lambda v: np.matmul(v, matrix), lambda v: np.matmul(v, abs(matrix)))
        return shifted(made, self._stored(node, "bias")) if "bias" in node.weights else made

    def _of_channels(self, node: NodeData, x: MovedValues) -> MovedValues:
        ones = (1,) * (x.balls.ndim - 1)
        if node.kind == "normalize":
            factors, shifts = channel_maps(node, self.network, range(x.balls.shape[0]))
            return shifted(scaled(x, BALLS.array(factors).reshape(-1, *ones)), BALLS.array(shifts).reshape(-1, *ones))
        filters = self._stored(node, "weight")
        made = linear_of(x, lambda v: convolved(node, v, filters, BALLS), lambda v: convolved(node, v, abs(filters), BALLS))
        return shifted(made, self._stored(node, "bias").reshape(-1, *ones)) if "bias" in node.weights else made

    def _joined(self, node: NodeData, below: Sequence[MovedValues]) -> MovedValues:
        if len(below) == 2:
            if node.kind == "multiply" and node.inputs[0] == node.inputs[1]:
                return self._entrywise(_SQUARE, below[0], None)
            if node.kind == "multiply":
                return product(np.multiply, *below)
            if node.kind == "divide":
                return quotient(below[0], below[1], node.name)
            sign, (p, q) = _JOINED[node.kind], below
            none = AffineForms(zeros((1,)), (), zeros((1,)))
            moved = None if p.moved is q.moved is None else added(p.moved or none, q.moved or none, sign)
            are = added(p.are, q.are, sign)
            return moving(are, None if moved is None else moved.shifted(zeros(are.centre.shape)), p.balls + sign * q.balls)
        (x,) = below
        turned = bool(node.attributes.get("reversed"))
        if "weight" in node.weights:
            c = without_batch(self._stored(node, "weight"), x.balls.ndim)
        else:
            c = np.asarray(rational_ball(Fraction(node.attributes["constant"])), dtype=object)
        if node.kind == "add":
            return shifted(x, c)
        if node.kind == "subtract":
            return shifted(scaled(x, BALLS.of(Fraction(-1))), c) if turned else shifted(x, np.asarray(-c, dtype=object))
        if node.kind == "divide" and turned:
            return scaled(reciprocal(x, node.name), c)
        return scaled(x, c if node.kind == "multiply" else 1 / c)

    def _activated(self, node: NodeData, x: MovedValues) -> MovedValues:
        name, known_ratio = function_of(node), ratio(node.attributes)
        if name is None and known_ratio is not None:
            over, under = (tuple(Fraction(int(c.p), int(c.q)) for c in p.coeffs()) or (Fraction(0),) for p in known_ratio)
            return self._entrywise(QuotientActivation(over, under), x, None)
        assert name is not None
        return self._entrywise(ACTIVATIONS[name], x, self.near(name, x.reached.reshape(-1).tolist()))

    def _entrywise(self, f: PiecedActivation | QuotientActivation, x: MovedValues, error: float | None) -> MovedValues:
        slopes = each(lambda b: slope_of(f, b), x.around)
        made = x.steps.mapped(lambda v: v * slopes, lambda v: v * abs(slopes))
        moved = x.moved
        if moved is not None:
            between = each(lambda b: slope_of(f, b), x.reached)
            moved = moved.mapped(lambda v: v * between, lambda v: v * abs(between))
        if error is not None:
            moved = self._with_errors(moved, [flint.arb(error)] * x.balls.size, x.balls.shape)
        centre = each(lambda c: image_at(f, c), x.are.centre)
        return moving(made.shifted(centre), moved, each(lambda b: image_of(f, b), x.balls))

    def _with_errors(self, moved: AffineForms | None, errors: Sequence[flint.arb], shape: tuple[int, ...]) -> AffineForms:
        start = AffineForms(zeros(shape), (), zeros(shape)) if moved is None else moved
        made = widened(start, errors, self.errors)
        self.errors += len(errors)
        return made

    def _softmax(self, node: NodeData, given: MovedValues) -> MovedValues:
        rows = AlongAxes(given.balls.shape, (int(node.attributes["axis"]),))
        seen = np.ones(given.balls.shape, dtype=bool)
        if "mask" in node.weights:
            mask = np.asarray(self.network.weights[node.weights["mask"]], dtype=bool)
            seen = np.broadcast_to(without_batch(mask, seen.ndim), seen.shape)
        shown = rows.of(seen.astype(object)).astype(bool)
        x = linear_of(given, rows.of)
        error = flint.arb(self.near(POWER, x.reached[shown].tolist()))
        are, between = probabilities(x.are, x.around, shown), probabilities(x.both, x.reached, shown)
        low = each(lambda b: b.lower().exp(), x.reached)
        own = zeros(shown.shape)
        for k, kept in enumerate(shown):
            n = int(kept.sum())
            total = (sum(low[k][kept].tolist(), flint.arb(0)) - n * error).lower()
            if not total > 0:
                raise NotShown("the values of the polynomial in softmax may add up to 0")
            for i in np.flatnonzero(kept):
                own[k, i] = (error * (1 + (n - 2) * between[k, i]) / total).upper()
        made = along(x.steps, jacobian(are))
        middle = probabilities(known(x.are.centre), x.are.centre, shown)
        moved = None if x.moved is None else along(x.moved, jacobian(between))
        moved = self._with_errors(moved, own.reshape(-1).tolist(), own.shape)
        return linear_of(moving(made.shifted(middle), moved, are), rows.back)

    def _standardized(self, node: NodeData, given: MovedValues) -> MovedValues:
        rows = AlongAxes(given.balls.shape, tuple(int(k) for k in node.attributes["axes"]))
        x = linear_of(given, rows.of)
        n = x.balls.shape[1]
        if node.attributes["centred"]:
            share = rational_ball(Fraction(1, n))
            mean = linear_of(x, lambda v: v.sum(axis=1, keepdims=True) * share)
            moved = None if x.moved is None or mean.moved is None else added(x.moved, mean.moved, -1)
            x = moving(added(x.are, mean.are, -1), moved, x.balls - mean.balls)
        epsilon = rational_ball(Fraction(node.attributes["epsilon"]))
        spread, widest = ([s + epsilon for s in variances(forms, balls)] for forms, balls in ((x.are, x.around), (x.both, x.reached)))
        if not all(s.lower() > 0 for s in widest):
            raise NotShown("what is standardized may have no variance, and epsilon is 0")
        error = flint.arb(self.near(ROOT, widest))
        are, slopes = normal(x.around, spread, n)
        _, steps = normal(x.reached, widest, n)
        centre = normal(x.are.centre, [s + epsilon for s in variances(known(x.are.centre), x.are.centre)], n)[0]
        made = along(x.steps, slopes)
        moved = None if x.moved is None else along(x.moved, steps)
        moved = self._with_errors(moved, (each(lambda b: b.abs_upper(), x.reached) * error).reshape(-1).tolist(), are.shape)
        return linear_of(moving(made.shifted(centre), moved, are), rows.back)
