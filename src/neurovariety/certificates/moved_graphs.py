"""By how much the values of a network of any graph can move where polynomials stand in it: node by node, on a box of inputs.

In place of softmax stands p(x_i) / sum_j p(x_j) with p near exp, in place of (x - mean) / sqrt(variance + epsilon) the product of
x - mean and r(variance + epsilon) with r near 1/sqrt. Two arrays of affine forms go with each node: what its entries are, in the
inputs, and by how much they can have moved, in the errors of polynomials. Where a map f reads x' in place of x, f(x') - f(x) = D (x' -
x) with D in the convex hull of the derivatives between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.activation_ranges import image_at, image_of, slope_of
from neurovariety.certificates.activation_series import ACTIVATIONS, POWER, ROOT, PiecedActivation, rational_ball
from neurovariety.certificates.affine_forms import AffineForms, Values, added, each, known, product_of_forms, upper, zeros
from neurovariety.certificates.functions_of_rows import along, jacobian, meet, normal, probabilities, variances
from neurovariety.certificates.graphs_with_polynomials import function_of
from neurovariety.certificates.network_nodes import NetworkData, NodeData, check_order, ratio
from neurovariety.certificates.network_values import BALLS, known_shapes, moved_entries, without_batch
from neurovariety.certificates.zeros import NotShown

Near = Callable[[str, Sequence[flint.arb]], float]
"""The error of what stands in place of the function of that name, wherever it reads what is in these balls."""
_MOST = 400_000
"""Entries of all forms of a node: some seconds."""
_READ = {"parameter": 0, "matmul": 2, "add": 2, "subtract": 2, "multiply": 2, "divide": 2}
"""How many values a node reads at most, where that is not one."""
_JOINED = {"add": 1, "subtract": -1}


class NotRead(NotShown):
    """A node is not bounded here, whatever the box and the polynomials are."""


@dataclass(frozen=True, eq=False)
class _Moving:
    """What entries ``are`` on the box, with ``balls`` that hold them, and by how much they can have ``moved`` (None: by nothing)."""

    are: AffineForms
    balls: Values
    moved: AffineForms | None

    @property
    def around(self) -> Values:
        """Balls that hold them, and the centre."""
        return each(lambda b, c: b.union(c), self.balls, self.are.centre)

    @property
    def steps(self) -> AffineForms:
        """How far they are from the centre."""
        return AffineForms(zeros(self.balls.shape), self.are.parts, self.are.rest)

    @property
    def both(self) -> AffineForms:
        """Forms of what entries are, moved or not, and of all between."""
        return self.are if self.moved is None else self.are.beside(self.moved)

    @property
    def reached(self) -> Values:
        """Balls that hold them."""
        return self.balls if self.moved is None else each(lambda b, m: b + flint.arb(0, m), self.balls, self.moved.sizes)


def _moving(are: AffineForms, moved: AffineForms | None, balls: Values | None = None) -> _Moving:
    found = are.balls
    if len(are.parts) * found.size + (0 if moved is None else len(moved.parts) * found.size) > _MOST:
        raise NotShown("the network has too many units")
    if balls is not None:
        found = each(meet, found, balls)
    if not all(b.is_finite() for b in found.reshape(-1)):
        raise NotShown("what a unit reads is not bounded")
    return _Moving(are, found, moved)


def moves_of_outputs(network: NetworkData, low: Sequence[Fraction], high: Sequence[Fraction], near: Near) -> Values:
    """By how much the outputs can move at most, exact numbers, within `taylor` of two terms.

    Raises `NotRead` for a node that is not read here, and `NotShown` where something is not bounded."""
    count = prod(network.input_shape)
    if len(low) != count or len(high) != count or any(a > b for a, b in zip(low, high, strict=True)):
        raise NotShown("a box of inputs of the network is expected")
    check_order(network)
    graph, found, sizes = _Graph(network, near), dict[str, _Moving](), known_shapes(network)
    for node in network.nodes:
        below = [found[n] for n in node.inputs]
        try:
            made = _inputs(network, low, high) if node.kind == "input" else graph.after(node, below)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise NotRead(f"{node.name!r} is not read here ({error})") from error
        if made.balls.shape != sizes[node.name]:  # a stored value may have an axis for the batch
            raise NotRead(f"the shape of {node.name!r} is not known")
        found[node.name] = made
    moved = found[network.output].moved
    return zeros((1,)) if moved is None else moved.sizes


def _inputs(network: NetworkData, low: Sequence[Fraction], high: Sequence[Fraction]) -> _Moving:
    shape, n = tuple(network.input_shape), len(low)
    centre, radii = zeros((n,)), zeros((n,))
    for i, (a, b) in enumerate(zip(low, high, strict=True)):
        centre[i], radii[i] = rational_ball((a + b) / 2), rational_ball((b - a) / 2)
    are = known(centre).widened(radii.tolist(), 0)
    return _moving(AffineForms(centre.reshape(shape), tuple(p.reshape(shape) for p in are.parts), are.rest.reshape(shape)), None)


@dataclass(eq=False)
class _Graph:
    """A network, what is ``near`` its functions, and how many errors of polynomials were met."""

    network: NetworkData
    near: Near
    errors: int = 0

    def after(self, node: NodeData, below: Sequence[_Moving]) -> _Moving:
        """What a node makes of what it reads."""
        most = len(below) if node.kind == "concatenate" else _READ.get(node.kind, 1)
        if len(below) > most or (len(below) == 2 and node.weights) or (node.kind == "matmul" and len(below) < most):
            raise NotRead(f"{node.name!r} reads another number of values")
        if node.kind == "parameter":
            return _moving(known(self._stored(node, "value")), None)
        if node.kind == "linear":
            return self._linear(node, below[0])
        if node.kind == "activation":
            return self._activated(node, below[0])
        if node.kind == "softmax":
            return self._softmax(node, below[0])
        if node.kind == "standardize":
            return self._standardized(node, below[0])
        if node.kind == "matmul":
            turns = node.attributes.get("transpose", (False, False))
            return _product(np.matmul, *(_turned(v) if t else v for v, t in zip(below, turns, strict=True)))
        if node.kind in ("add", "subtract", "multiply", "divide"):
            return self._joined(node, below)
        return _placed(lambda values: moved_entries(node, values, BALLS), below, node)

    def _stored(self, node: NodeData, role: str) -> Values:
        return BALLS.array(self.network.weights[node.weights[role]])

    def _linear(self, node: NodeData, x: _Moving) -> _Moving:
        matrix = self._stored(node, "weight").T
        made = _linear(x, lambda v: np.matmul(v, matrix), lambda v: np.matmul(v, abs(matrix)))
        return _shifted(made, self._stored(node, "bias")) if "bias" in node.weights else made

    def _joined(self, node: NodeData, below: Sequence[_Moving]) -> _Moving:
        if len(below) == 2:
            if node.kind == "multiply":
                return _product(np.multiply, *below)
            if node.kind == "divide":
                raise NotRead(f"{node.name!r} divides by a value, which is not read here")
            sign, (p, q) = _JOINED[node.kind], below
            none = AffineForms(zeros((1,)), (), zeros((1,)))
            moved = None if p.moved is q.moved is None else added(p.moved or none, q.moved or none, sign)
            are = added(p.are, q.are, sign)
            return _moving(are, None if moved is None else moved.shifted(zeros(are.centre.shape)), p.balls + sign * q.balls)
        (x,) = below
        turned = bool(node.attributes.get("reversed"))
        if "weight" in node.weights:
            c = without_batch(self._stored(node, "weight"), x.balls.ndim)
        else:
            c = np.asarray(rational_ball(Fraction(node.attributes["constant"])), dtype=object)
        if node.kind == "add":
            return _shifted(x, c)
        if node.kind == "subtract":
            return _shifted(_scaled(x, BALLS.of(Fraction(-1))), c) if turned else _shifted(x, -c)
        if node.kind == "divide" and turned:
            raise NotRead(f"{node.name!r} divides by a value, which is not read here")
        return _scaled(x, c if node.kind == "multiply" else 1 / c)

    def _activated(self, node: NodeData, x: _Moving) -> _Moving:
        name, quotient = function_of(node), ratio(node.attributes)
        if name is None and quotient is not None:
            coefficients = tuple(Fraction(int(c.p), int(c.q)) for c in quotient[0].coeffs())
            return self._entrywise(PiecedActivation((coefficients or (Fraction(0),),)), x, None)
        assert name is not None
        return self._entrywise(ACTIVATIONS[name], x, self.near(name, x.reached.reshape(-1).tolist()))

    def _entrywise(self, f: PiecedActivation, x: _Moving, error: float | None) -> _Moving:
        slopes = each(lambda b: slope_of(f, b), x.around)
        made = x.steps.mapped(lambda v: v * slopes, lambda v: v * abs(slopes))
        moved = x.moved
        if moved is not None:
            between = each(lambda b: slope_of(f, b), x.reached)
            moved = moved.mapped(lambda v: v * between, lambda v: v * abs(between))
        if error is not None:
            moved = self._with_errors(moved, [flint.arb(error)] * x.balls.size, x.balls.shape)
        centre = each(lambda c: image_at(f, c), x.are.centre)
        return _moving(made.shifted(centre), moved, each(lambda b: image_of(f, b), x.balls))

    def _with_errors(self, moved: AffineForms | None, errors: Sequence[flint.arb], shape: tuple[int, ...]) -> AffineForms:
        start = AffineForms(zeros(shape), (), zeros(shape)) if moved is None else moved
        made = start.widened(errors, self.errors)
        self.errors += len(errors)
        return made

    def _softmax(self, node: NodeData, given: _Moving) -> _Moving:
        rows = _AlongAxes(given.balls.shape, (int(node.attributes["axis"]),))
        seen = np.ones(given.balls.shape, dtype=bool)
        if "mask" in node.weights:
            mask = np.asarray(self.network.weights[node.weights["mask"]], dtype=bool)
            seen = np.broadcast_to(without_batch(mask, seen.ndim), seen.shape)
        shown = rows.of(seen.astype(object)).astype(bool)
        x = _linear(given, rows.of)
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
        return _linear(_moving(made.shifted(middle), moved, are), rows.back)

    def _standardized(self, node: NodeData, given: _Moving) -> _Moving:
        rows = _AlongAxes(given.balls.shape, tuple(int(k) for k in node.attributes["axes"]))
        x = _linear(given, rows.of)
        n = x.balls.shape[1]
        if node.attributes["centred"]:
            share = rational_ball(Fraction(1, n))
            mean = _linear(x, lambda v: v.sum(axis=1, keepdims=True) * share)
            moved = None if x.moved is None or mean.moved is None else added(x.moved, mean.moved, -1)
            x = _moving(added(x.are, mean.are, -1), moved, x.balls - mean.balls)
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
        return _linear(_moving(made.shifted(centre), moved, are), rows.back)


@dataclass(frozen=True)
class _AlongAxes:
    """Arrays of a ``shape`` as rows of what lies along some ``axes``."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]

    def of(self, values: Values) -> Values:
        """The rows."""
        return self._moved(values).reshape(-1, prod(self.shape[k] for k in self.axes))

    def back(self, rows: Values) -> Values:
        """The array of which rows are."""
        places = np.arange(prod(self.shape)).reshape(self.shape)
        out = np.empty(rows.size, dtype=object)
        out[self._moved(places).reshape(-1)] = rows.reshape(-1)
        return out.reshape(self.shape)

    def _moved(self, values: np.ndarray) -> np.ndarray:
        return np.moveaxis(values, self.axes, range(values.ndim - len(self.axes), values.ndim))


def _linear(x: _Moving, linear: Callable[[Values], Values], absolute: Callable[[Values], Values] | None = None) -> _Moving:
    moved = None if x.moved is None else x.moved.mapped(linear, absolute)
    return _moving(x.are.mapped(linear, absolute), moved, np.asarray(linear(x.balls), dtype=object))


def _scaled(x: _Moving, c: Any) -> _Moving:
    return _linear(x, lambda v: np.asarray(v * c, dtype=object), lambda v: np.asarray(v * abs(c), dtype=object))


def _shifted(x: _Moving, c: Values) -> _Moving:
    are = x.are.shifted(c)
    return _moving(are, None if x.moved is None else x.moved.shifted(zeros(are.centre.shape)), x.balls + c)


def _turned(x: _Moving) -> _Moving:
    return _linear(x, lambda v: v.swapaxes(-1, -2))


def _placed(made: Callable[[Sequence[Values]], Values | None], below: Sequence[_Moving], node: NodeData) -> _Moving:
    """A map that puts entries of what nodes make elsewhere, or adds them up."""
    if made([v.balls for v in below]) is None or node.kind == "max_pool":
        raise NotRead(f"{node.name!r} ({node.kind}) is not read here")

    def of(forms: Sequence[AffineForms]) -> AffineForms:
        length = max(len(f.parts) for f in forms)
        same = [f.of_length(length) for f in forms]
        parts = (np.asarray(made([f.parts[s] for f in same]), dtype=object) for s in range(length))
        centre, rest = (np.asarray(made([getattr(f, name) for f in same]), dtype=object) for name in ("centre", "rest"))
        return AffineForms(centre, tuple(parts), upper(rest))

    none = [AffineForms(zeros(v.balls.shape), (), zeros(v.balls.shape)) for v in below]
    moved = None if all(v.moved is None for v in below) else of([v.moved or n for v, n in zip(below, none, strict=True)])
    return _moving(of([v.are for v in below]), moved, np.asarray(made([v.balls for v in below]), dtype=object))


def _product(bilinear: Callable[[Values, Values], Values], p: _Moving, q: _Moving) -> _Moving:
    """p' q' - p q is what each can have moved times the other, and the product of both moves."""
    are = product_of_forms(bilinear, p.are, q.are)
    moved: AffineForms | None = None
    if p.moved is not None:
        moved = p.moved.mapped(lambda v: bilinear(v, q.balls), lambda v: bilinear(v, abs(q.balls)))
    if q.moved is not None:
        own = q.moved.mapped(lambda v: bilinear(p.balls, v), lambda v: bilinear(abs(p.balls), v))
        moved = own if moved is None else added(moved, own)
    if p.moved is not None and q.moved is not None and moved is not None:
        moved = AffineForms(moved.centre, moved.parts, upper(moved.rest + bilinear(p.moved.sizes, q.moved.sizes)))
    return _moving(are, moved, np.asarray(bilinear(p.balls, q.balls), dtype=object))
