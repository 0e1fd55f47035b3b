"""Dense networks with polynomials, or their quotients, in place of activations: by how much outputs change on a box of inputs.

Layer by layer, balls hold what each unit reads, and an affine form bounds by how much polynomials before it can have moved that.
Where the unit reads z' in place of z, both in an interval on which p is within E of the activation f, it moves by p(z') - f(z) = e
+ s (z' - z), with |e| <= E and s between the smallest and the largest slope of f there. The last layer is linear. From below: the
difference at one input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import isfinite
from typing import Any

import flint

from neurovariety.certificates.activation_series import (
    ACTIVATIONS,
    Piece,
    PiecedActivation,
    rational_ball,
    taylor,
    taylor_coefficients,
)
from neurovariety.certificates.dense_layers import dense_chain
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData, exact, network_hash
from neurovariety.certificates.rational_error import NearQuotient
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import ERROR, NearPolynomial, bits_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

WITHIN, APART = "approximate: error of a network", "approximate: difference at an input"
_PARTS = 16
"""Parts of an interval on each of which an activation is enclosed."""
_DEFAULTS = {"approximate": "none", "slope": Fraction(1, 100), "alpha": 1, "beta": 1, "low": -1, "high": 1}
"""Attributes of activations, and the values at which they are those of `activation_series.ACTIVATIONS`."""
Balls = list[flint.arb]
Near = NearPolynomial | NearQuotient
Quotient = tuple[Sequence[Fraction], Sequence[Fraction]]
"""Numerator and denominator, coefficients from the constant up."""


@dataclass(frozen=True, eq=False)
class SmoothLayers:
    """``matrices`` (out, in), ``biases`` (out,), zeros where there are none, and the names of the ``activations`` between them."""

    matrices: tuple[Any, ...]
    biases: tuple[Any, ...]
    activations: tuple[str, ...]


def smooth_layers(network: NetworkData) -> SmoothLayers:
    """The layers of a network. Raises `NotShown` for one that is no chain of dense layers with activations that are known here."""
    matrices, biases, names = [], [], []
    for node in dense_chain(network):
        if node.kind == "activation":
            names.append(_name_of(node.attributes))
            continue
        matrix = exact(network.weights[node.weights["weight"]])
        bias = exact(network.weights[node.weights["bias"]]).tolist() if "bias" in node.weights else [Fraction(0)] * len(matrix)
        matrices.append(matrix.tolist())
        biases.append(bias)
    return SmoothLayers(tuple(matrices), tuple(biases), tuple(names))


def _name_of(attributes: Any) -> str:
    """The activation that attributes describe. Raises `NotShown` for one that is not known here."""
    given = dict(attributes)
    name = str(given.pop("function", ""))
    if name == "gelu" and given.get("approximate") == "tanh":
        name = "gelu_tanh"
        given.pop("approximate")
    if name not in ACTIVATIONS or any(key not in _DEFAULTS or value != _DEFAULTS[key] for key, value in given.items()):
        raise NotShown(f"the activation {name or 'without a name'} with {given} is not known here")
    return name


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
        layers = smooth_layers(subject)
        polynomials = self.polynomials(layers)
        if any(len(c) > self.degree + 1 for p in polynomials for c in p.quotient) or self.key not in ("error", "degree"):
            raise NotShown("polynomials of at most the degree are expected")
        if not isfinite(self.error):
            raise NotShown("a finite error is expected")
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

    def polynomials(self, layers: SmoothLayers) -> list[Near]:
        """The polynomials. Raises `NotShown` where they are not shown to be near the activations of the layers."""
        found: list[Near] = []
        if len(self.layers) != len(layers.activations):
            raise NotShown("a polynomial for each hidden layer is expected")
        for verdict, name in zip(self.layers, layers.activations, strict=True):
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
        return Statement(WITHIN, self.subject, self.error, self.words), Claim.UPPER_BOUND


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
        layers = smooth_layers(subject)
        with taylor(bits_of(self.bits), 2):
            found = differences(layers, [p.quotient for p in known.polynomials(layers)], self.point)
            if self.error > 0 and not any(abs(d).lower() >= flint.arb(self.error) for d in found):
                raise NotShown("the outputs change by less there")

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
    values = [_image(activation, r) for r in ranges]
    n, zero = len(values), flint.arb(0)
    own = [[flint.arb(error) if i == j else zero for j in range(n)] for i in range(n)]
    if moved is None:
        return values, Moves(own, [zero] * n)
    parts, rest = [], []
    for x, row, r, size, new in zip(reached(ranges, moved), moved.parts, moved.rest, moved.sizes(), own, strict=True):
        slope = _slope(activation, x)
        parts.append([slope.mid() * c for c in row] + new)
        rest.append((abs(slope.mid()) * r + slope.rad() * size).upper())
    return values, Moves(parts, rest)


def _slope(activation: PiecedActivation, x: flint.arb) -> flint.arb:
    """A ball that holds the slopes of an activation on a ball. Raises `NotShown` where they are not bounded."""
    found = [taylor_coefficients(piece, part, 2)[1] for piece, part in _parts(activation, _rational(x.lower()), _rational(x.upper()))]
    whole = found[0]
    for part in found[1:]:
        whole = whole.union(part)
    if not whole.is_finite() or not all(part.is_finite() for part in found):
        raise NotShown("the slope of the activation is not bounded")
    return whole


def _image(activation: PiecedActivation, x: flint.arb) -> flint.arb:
    """A ball that holds the values of an activation on a ball."""
    if not x.is_finite():
        raise NotShown("what a unit reads is not bounded")
    found = [taylor_coefficients(piece, part, 1)[0] for piece, part in _parts(activation, _rational(x.lower()), _rational(x.upper()))]
    whole = found[0]
    for part in found[1:]:
        whole = whole.union(part)
    return whole


def _parts(activation: PiecedActivation, low: Fraction, high: Fraction) -> Iterator[tuple[Piece, flint.arb]]:
    """Pieces of an activation with balls that cover an interval."""
    edges = [low, *(k for k in activation.kinks if low < k < high), high]
    for a, b in pairwise(edges):
        piece = activation.at((a + b) / 2)
        for i in range(_PARTS):
            yield piece, rational_ball(a + (b - a) * Fraction(i, _PARTS)).union(rational_ball(a + (b - a) * Fraction(i + 1, _PARTS)))


def _rational(x: flint.arb) -> Fraction:
    mantissa, exponent = x.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def differences(layers: SmoothLayers, quotients: Sequence[Quotient], point: Sequence[Fraction]) -> Balls:
    """The outputs with quotients of polynomials less those without, at one input, in balls; not finite where one may have a pole."""
    one = two = [rational_ball(v) for v in point]
    for l, (name, quotient) in enumerate(zip(layers.activations, quotients, strict=True)):
        one, two = read(layers, l, one, None)[0], read(layers, l, two, None)[0]
        over, under = (flint.arb_poly([rational_ball(c) for c in part]) for part in quotient)
        one, two = [_image_at(ACTIVATIONS[name], z) for z in one], [over(z) / under(z) for z in two]
    last = len(layers.activations)
    return [b - a for a, b in zip(read(layers, last, one, None)[0], read(layers, last, two, None)[0], strict=True)]


def _image_at(activation: PiecedActivation, z: flint.arb) -> flint.arb:
    """The value on a small ball, which may meet a kink."""
    if not activation.kinks:
        return taylor_coefficients(activation.pieces[0], z, 2)[0]
    return _image(activation, z)
