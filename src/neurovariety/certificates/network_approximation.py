"""Dense networks with polynomials, or their quotients, in place of activations: by how much outputs change on a box of inputs.

Layer by layer, balls hold what each unit reads, and an affine form bounds by how much polynomials before it can have moved that.
Where the unit reads z' in place of z, both in an interval on which p is within E of the activation f, it moves by p(z') - f(z) = e
+ s (z' - z), with |e| <= E and s between the smallest and the largest slope of f there. The last layer is linear. From below: the
difference at one input.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

import flint

from neurovariety.certificates.activation_ranges import image_at, image_of, name_of, slope_of
from neurovariety.certificates.activation_series import ACTIVATIONS, PiecedActivation, rational_ball, taylor
from neurovariety.certificates.dense_layers import dense_chain
from neurovariety.certificates.graphs_with_polynomials import Quotient, functions_of, graph_with_polynomials
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.moved_graphs import moves_of_outputs
from neurovariety.certificates.network_nodes import NetworkData, exact, network_hash
from neurovariety.certificates.network_values import BALLS, value
from neurovariety.certificates.rational_error import NearQuotient
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import ERROR, NearPolynomial, bits_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

WITHIN, APART = "approximate: error of a network", "approximate: difference at an input"
Balls = list[flint.arb]
Near = NearPolynomial | NearQuotient


@dataclass(frozen=True, eq=False)
class SmoothLayers:
    """``matrices`` (out, in), ``biases`` (out,), zeros where there are none, which ``biased`` says of each layer, and the names of the
    ``activations`` between them."""

    matrices: tuple[Any, ...]
    biases: tuple[Any, ...]
    biased: tuple[bool, ...]
    activations: tuple[str, ...]


def smooth_layers(network: NetworkData) -> SmoothLayers:
    """The layers of a network. Raises `NotShown` for one that is no chain of dense layers with activations that are known here."""
    matrices, biases, biased, names = [], [], [], []
    for node in dense_chain(network):
        if node.kind == "activation":
            names.append(name_of(node.attributes))
            continue
        biased.append("bias" in node.weights)
        matrix = exact(network.weights[node.weights["weight"]])
        bias = exact(network.weights[node.weights["bias"]]).tolist() if biased[-1] else [Fraction(0)] * len(matrix)
        matrices.append(matrix.tolist())
        biases.append(bias)
    return SmoothLayers(tuple(matrices), tuple(biases), tuple(biased), tuple(names))


def dense_or_none(network: NetworkData) -> SmoothLayers | None:
    """The layers of a network; None for one that is no such chain."""
    try:
        return smooth_layers(network)
    except NotShown:
        return None


@dataclass(frozen=True, eq=False)
class NetworkWithin:
    """With polynomials in place of the activations, one a layer, the outputs change by at most ``error`` where inputs lie between
    ``low`` and ``high``. ``layers``: what is shown of each polynomial. ``key``: ``error``, or ``degree``."""

    key: str
    subject: str
    low: tuple[Fraction, ...]
    high: tuple[Fraction, ...]
    degree: int
    layers: tuple[Verdict, ...]
    error: float
    bits: int

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the outputs may change by more."""
        if network_hash(subject) != self.subject:
            raise NotShown("the certificate is one of another network")
        layers = dense_or_none(subject)
        polynomials = self.polynomials(functions_of(subject))
        if any(len(c) > self.degree + 1 for p in polynomials for c in p.quotient) or self.key not in ("error", "degree"):
            raise NotShown("polynomials of at most the degree are expected")
        if not isfinite(self.error):
            raise NotShown("a finite error is expected")
        if layers is None:
            self._check_graph(subject, polynomials)
            return
        with taylor(bits_of(self.bits), 2):
            ranges, moved = _box(self.low, self.high, len(subject.input_shape) and subject.input_shape[0]), None
            for l, p in enumerate(polynomials):
                ranges, moved = read(layers, l, ranges, moved)
                if not inside(ranges, moved, p.question.low, p.question.high):
                    raise NotShown("what a unit reads may leave the interval of the polynomial")
                ranges, moved = through(p.question.known(), ranges, moved, p.error)
            _, moved = read(layers, len(polynomials), ranges, moved)
            if not all(m <= flint.arb(self.error) for m in ([flint.arb(0)] if moved is None else moved.sizes())):
                raise NotShown("the outputs may change by more")

    def _check_graph(self, subject: NetworkData, polynomials: Sequence[Near]) -> None:
        left = iter(polynomials)

        def near(name: str, reached: Sequence[flint.arb]) -> float:
            p = next(left)
            low, high = (rational_ball(v) for v in (p.question.low, p.question.high))
            if not all(bool(low <= x.lower()) and bool(x.upper() <= high) for x in reached):
                raise NotShown("what a unit reads may leave the interval of the polynomial")
            return p.error

        with taylor(bits_of(self.bits), 2):
            found = moves_of_outputs(subject, self.low, self.high, near).reshape(-1).tolist()
            if not all(m <= flint.arb(self.error) for m in found):
                raise NotShown("the outputs may change by more")

    def polynomials(self, functions: Sequence[str]) -> list[Near]:
        """The polynomials. Raises `NotShown` where they are not shown to be near the functions, such as activations of layers."""
        found: list[Near] = []
        if len(self.layers) != len(functions):
            raise NotShown("a polynomial for each hidden layer is expected")
        for verdict, name in zip(self.layers, functions, strict=True):
            p = verdict.certificate
            if not verdict.shown or verdict.statement.kind != ERROR or not isinstance(p, Near) or p.question.activation != name:
                raise NotShown("a polynomial near the activation of each layer is expected")
            found.append(p)
        return found

    @property
    def words(self) -> tuple[str, ...]:
        """The box, and the degree, as the scope of a statement."""
        ends = list(dict.fromkeys(zip(self.low, self.high, strict=True)))
        box = ", ".join(f"[{a}, {b}]" for a, b in ends)
        where = f"for inputs with entries in {box}" if len(ends) == 1 else f"for inputs in the box {box}"
        quotients = any(isinstance(v.certificate, NearQuotient) for v in self.layers)
        return (f"{where} and {'quotients of ' if quotients else ''}polynomials of degree at most {self.degree}",)

    def concludes(self) -> tuple[Statement, Claim]:
        """The outputs change by at most that."""
        if self.key == "degree":
            return Statement("approximate: degree", self.subject, self.degree, self.words), Claim.PROVED
        return Statement(WITHIN, self.subject, self.error, self.words), Claim.UPPER_BOUND if self.error else Claim.PROVED


@dataclass(frozen=True, eq=False)
class NetworkApart:
    """At ``point``, an input in the box, some output changes by at least ``error``."""

    within: Verdict
    point: tuple[Fraction, ...]
    error: float
    bits: int

    def check(self, subject: NetworkData) -> None:
        """Raises `NotShown` where the change may be smaller, or the input is outside of the box."""
        known = self._known()
        if network_hash(subject) != known.subject or len(self.point) != len(known.low) or not isfinite(self.error):
            raise NotShown("an input of the network is expected, and a finite error")
        if any(not a <= x <= b for a, x, b in zip(known.low, self.point, known.high, strict=True)):
            raise NotShown("an input in the box is expected")
        quotients = [p.quotient for p in known.polynomials(functions_of(subject))]
        with taylor(bits_of(self.bits), 2):
            found = differences(subject, quotients, self.point)
            if self.error > 0 and not any(abs(d).lower() >= flint.arb(self.error) for d in found):
                raise NotShown("the outputs change by less there")
        if self.error > known.error:
            raise NotShown("the outputs change by less everywhere")

    def _known(self) -> NetworkWithin:
        found = self.within.certificate
        if not self.within.shown or self.within.statement.kind != WITHIN or not isinstance(found, NetworkWithin):
            raise NotShown("polynomials that are shown to be near a network are expected")
        return found

    def concludes(self) -> tuple[Statement, Claim]:
        """Somewhere in the box the outputs change by at least that."""
        said = self.within.statement
        return Statement(APART, said.subject, self.error, said.scope), Claim.PROVED


def _box(low: Sequence[Fraction], high: Sequence[Fraction], inputs: int) -> Balls:
    if len(low) != inputs or len(high) != inputs or any(a > b for a, b in zip(low, high, strict=True)):
        raise NotShown("a box of inputs of the network is expected")
    return [rational_ball(a).union(rational_ball(b)) for a, b in zip(low, high, strict=True)]


@dataclass(frozen=True, eq=False)
class Moves:
    """By how much units can have moved: unit i by sum_s ``parts[i][s]`` e_s + r with |e_s| <= 1 and |r| <= ``rest[i]``.

    A source s is the error of a polynomial at one unit of an earlier layer; what it does along two ways can cancel.
    """

    parts: list[Balls]
    rest: Balls

    def sizes(self) -> Balls:
        """The largest moves, exact upper bounds."""
        return [sum(map(abs, row), r).upper() for row, r in zip(self.parts, self.rest, strict=True)]


def read(layers: SmoothLayers, l: int, values: Balls, moved: Moves | None) -> tuple[Balls, Moves | None]:
    """What the units after a dense layer read, and by how much that can have moved (None: by nothing)."""
    rows = [[rational_ball(w) for w in row] for row in layers.matrices[l]]
    found = [
        sum((w * v for w, v in zip(row, values, strict=True)), rational_ball(b)) for row, b in zip(rows, layers.biases[l], strict=True)
    ]
    if moved is None:
        return found, None
    product = flint.arb_mat(rows) * flint.arb_mat(moved.parts)
    rest = [sum((abs(w) * m for w, m in zip(row, moved.rest, strict=True)), flint.arb(0)).upper() for row in rows]
    return found, Moves(product.tolist(), rest)


def inside(ranges: Balls, moved: Moves | None, low: Fraction, high: Fraction) -> bool:
    """Whether all that units read, moved or not, lies in an interval."""
    a, b = (rational_ball(v) for v in (low, high))
    return all(bool(a <= x.lower()) and bool(x.upper() <= b) for x in reached(ranges, moved))


def reached(ranges: Balls, moved: Moves | None) -> Balls:
    """Balls that hold what units read, moved or not."""
    if moved is None:
        return ranges
    return [r + flint.arb(0, m) for r, m in zip(ranges, moved.sizes(), strict=True)]


def through(activation: PiecedActivation, ranges: Balls, moved: Moves | None, error: float) -> tuple[Balls, Moves]:
    """The values of units, and by how much they can have moved, with a polynomial that is within ``error`` of the activation wherever
    units read."""
    values = [image_of(activation, r) for r in ranges]
    n, zero = len(values), flint.arb(0)
    own = [[flint.arb(error) if i == j else zero for j in range(n)] for i in range(n)]
    if moved is None:
        return values, Moves(own, [zero] * n)
    parts, rest = [], []
    for x, row, r, size, new in zip(reached(ranges, moved), moved.parts, moved.rest, moved.sizes(), own, strict=True):
        slope = slope_of(activation, x)
        parts.append([slope.mid() * c for c in row] + new)
        rest.append((abs(slope.mid()) * r + slope.rad() * size).upper())
    return values, Moves(parts, rest)


def differences(network: NetworkData, quotients: Sequence[Quotient], point: Sequence[Fraction]) -> Balls:
    """The outputs with quotients of polynomials less those without, at one input, in balls; not finite where one may have a pole."""
    layers = dense_or_none(network)
    if layers is None:
        after, before = (value(n, list(point), BALLS) for n in (graph_with_polynomials(network, quotients), network))
        return list((after - before).reshape(-1))
    one = two = [rational_ball(v) for v in point]
    for l, (name, quotient) in enumerate(zip(layers.activations, quotients, strict=True)):
        one, two = read(layers, l, one, None)[0], read(layers, l, two, None)[0]
        over, under = (flint.arb_poly([rational_ball(c) for c in part]) for part in quotient)
        one, two = [image_at(ACTIVATIONS[name], z) for z in one], [over(z) / under(z) for z in two]
    last = len(layers.activations)
    return [b - a for a, b in zip(read(layers, last, one, None)[0], read(layers, last, two, None)[0], strict=True)]
