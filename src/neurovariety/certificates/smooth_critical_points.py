"""Critical points of the squared error of a network with smooth activations, near given weights: shown by Krawczyk's test in balls.

The loss is the sum over samples and outputs of (f_w(x) - y)^2, with exact data; its unknowns are all weights. Gradient and Hessian
come from the Taylor series of the activations in ball arithmetic. Where K(X) = m - Y g(m) + (1 - Y H(X)) (X - m) maps a box X about m
into its interior, exactly one critical point lies in X (Krawczyk 1969), and the Hessian is invertible on all of X, so that its
eigenvalues keep their signs there. Activations may be polynomials: the same certificates speak of algebraic networks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isfinite

import flint

from neurovariety.certificates.activation_series import SMOOTH, Piece, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.balls import contracts
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import bits_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

KEYS = (
    "distance",
    "alone_within",
    "index",
    "loss",
    "degree",
    "polynomial_distance",
    "polynomial_alone_within",
    "polynomial_index",
    "between",
    "points_within",
    "polynomial_points_within",
)
"""Of what is said of critical points."""
NEAR, ALONE, INDEX, LOSS, DEGREE, NEXT, NEXT_ALONE, NEXT_INDEX, BETWEEN, LISTED, NEXT_LISTED = (
    f"critical point: {key}" for key in KEYS
)
Exact = tuple[Fraction, ...]


@dataclass(frozen=True)
class TrainedPerceptron:
    """A network of dense layers between ``widths`` with its trained ``weights``, and the data that it was trained on.

    ``pieces``: the activation of each hidden layer, by name or as the coefficients of a polynomial from the constant up. Weights
    are ordered layer by layer, the matrix row by row, then the bias where there is ``bias``, in all layers, or in each by itself.
    """

    widths: tuple[int, ...]
    pieces: tuple[Piece, ...]
    bias: bool | tuple[bool, ...]
    inputs: tuple[Exact, ...]
    targets: tuple[Exact, ...]
    weights: Exact

    def __post_init__(self) -> None:
        if len(self.pieces) != len(self.widths) - 2 or any(isinstance(p, str) and p not in SMOOTH for p in self.pieces):
            raise ValueError("a smooth activation for each hidden layer is expected")
        if not isinstance(self.bias, bool) and len(self.bias) != len(self.widths) - 1:
            raise ValueError("of each layer it is expected whether it has a bias")
        if len(self.weights) != self.parameters or len(self.inputs) != len(self.targets) or not self.inputs:
            raise ValueError("weights of the network, and as many targets as inputs, are expected")
        if any(len(x) != self.widths[0] for x in self.inputs) or any(len(y) != self.widths[-1] for y in self.targets):
            raise ValueError("inputs and targets of the network are expected")

    @cached_property
    def hash(self) -> str:
        """The name under which certificates speak of it."""
        parts = (self.widths, self.pieces, self.bias, self.inputs, self.targets, self.weights)
        return hashlib.sha256(f"trained {parts!r}".encode()).hexdigest()

    def stored(self) -> TrainedPerceptron:
        """The form in which it is kept: plain data already."""
        return self

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum(b * (a + bias) for a, b, bias in self._layers)

    @property
    def _layers(self) -> tuple[tuple[int, int, bool], ...]:
        """Inputs and units of each layer, and whether it has a bias."""
        biased = (self.bias,) * (len(self.widths) - 1) if isinstance(self.bias, bool) else self.bias
        return tuple(zip(self.widths[:-1], self.widths[1:], biased, strict=True))

    def derivatives(self, weights: Sequence[flint.arb]) -> tuple[flint.arb, flint.arb_mat, flint.arb_mat]:
        """The loss, its gradient (n, 1) and its Hessian (n, n) over a box of weights, in balls, within `taylor` of three terms."""
        n = self.parameters
        loss, gradient, hessian = flint.arb(0), flint.arb_mat(n, 1), flint.arb_mat(n, n)
        for x, y in zip(self.inputs, self.targets, strict=True):
            for unit, target in zip(self._outputs(weights, x), y, strict=True):
                rest = unit.value - rational_ball(target)
                loss = loss + rest**2
                assert unit.gradient is not None  # it reads weights
                gradient = gradient + unit.gradient * (2 * rest)
                square = unit.gradient * unit.gradient.transpose()
                hessian = hessian + (square if unit.hessian is None else square + unit.hessian * rest) * 2
        return loss, gradient, hessian

    def _outputs(self, weights: Sequence[flint.arb], x: Exact) -> list[_Unit]:
        at, units = 0, [_Unit(rational_ball(v)) for v in x]
        for l, (a, b, biased) in enumerate(self._layers):
            bias = at + a * b
            read = [_read(weights, units, at + i * a, bias + i if biased else None) for i in range(b)]
            at = bias + (b if biased else 0)
            units = [_through(self.pieces[l], z) for z in read] if l < len(self.pieces) else read
        return units


@dataclass(frozen=True)
class _Unit:
    """What a unit gives, with its derivatives by all weights: None where they are all 0."""

    value: flint.arb
    gradient: flint.arb_mat | None = None
    hessian: flint.arb_mat | None = None


def _read(weights: Sequence[flint.arb], units: Sequence[_Unit], at: int, bias: int | None) -> _Unit:
    n = len(weights)
    value, slopes, own = flint.arb(0), [flint.arb(0)] * n, flint.arb_mat(n, 1)
    hessian: flint.arb_mat | None = None
    mixed = [slopes] * n
    for j, unit in enumerate(units):
        w = weights[at + j]
        value = value + w * unit.value
        own[at + j, 0] = unit.value
        if unit.gradient is not None:
            own = own + unit.gradient * w
            mixed[at + j] = unit.gradient.entries()
        if unit.hessian is not None:
            hessian = unit.hessian * w if hessian is None else hessian + unit.hessian * w
    if bias is not None:
        value = value + weights[bias]
        own[bias, 0] = own[bias, 0] + 1
    if any(unit.gradient is not None for unit in units):
        half = flint.arb_mat(mixed)
        both = half + half.transpose()
        hessian = both if hessian is None else hessian + both
    return _Unit(value, own, hessian)


def _through(piece: Piece, z: _Unit) -> _Unit:
    value, slope, half = taylor_coefficients(piece, z.value, 3)
    assert z.gradient is not None
    bent = z.gradient * z.gradient.transpose() * (2 * half)
    return _Unit(value, z.gradient * slope, bent if z.hessian is None else z.hessian * slope + bent)


@dataclass(frozen=True)
class OneCriticalPoint:
    """In the box of this ``radius`` about ``centre`` (in each weight) lies exactly one critical point, at most ``value`` from the
    trained weights. ``polynomial``: the activations are polynomials."""

    subject: str
    centre: Exact
    radius: float
    value: float
    polynomial: bool
    bits: int

    def check(self, subject: TrainedPerceptron) -> None:
        """Raises `NotShown` where the test fails."""
        own_subject(subject, self.subject, self.polynomial)
        if len(self.centre) != subject.parameters or not isfinite(self.radius) or self.radius <= 0 or not isfinite(self.value):
            raise NotShown("a place among the weights and a finite radius are expected")
        with taylor(bits_of(self.bits), 3):
            if not _contracts(subject, self.centre, self.radius):
                raise NotShown("the test of Krawczyk fails")
        most = max(abs(a - b) for a, b in zip(self.centre, subject.weights, strict=True)) + Fraction(self.radius)
        if Fraction(self.value) < most:
            raise NotShown("the point may be farther away")

    def box(self) -> list[flint.arb]:
        """The balls that hold the point."""
        return [rational_ball(c) + flint.arb(0, self.radius) for c in self.centre]

    def concludes(self) -> tuple[Statement, Claim]:
        """There is one, at most so far from the trained weights."""
        return Statement(NEXT if self.polynomial else NEAR, self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True)
class AloneThere:
    """Within ``value`` of the critical point of ``point``, in each weight, there is no other: the test also holds in a box about the
    same centre of this larger ``radius``."""

    point: Verdict
    radius: float
    value: float
    bits: int

    def check(self, subject: TrainedPerceptron) -> None:
        """Raises `NotShown` where the test fails."""
        point = critical_point_of(self.point, subject)
        if (
            not isfinite(self.radius)
            or not isfinite(self.value)
            or Fraction(self.value) + Fraction(point.radius) > Fraction(self.radius)
        ):
            raise NotShown("a radius that holds all so near to the point is expected")
        with taylor(bits_of(self.bits), 3):
            if self.radius <= 0 or not _contracts(subject, point.centre, self.radius):
                raise NotShown("the test of Krawczyk fails")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is alone there."""
        kind = NEXT_ALONE if _is_polynomial(self.point) else ALONE
        return Statement(kind, self.point.statement.subject, self.value, scopes((), self.point)), Claim.PROVED


def _is_polynomial(point: Verdict) -> bool:
    return isinstance(point.certificate, OneCriticalPoint) and point.certificate.polynomial


def _contracts(subject: TrainedPerceptron, centre: Exact, radius: float) -> bool:
    n = subject.parameters
    middle = [rational_ball(c) for c in centre]
    _, gradient, at = subject.derivatives(middle)
    _, _, slopes = subject.derivatives([m + flint.arb(0, radius) for m in middle])
    try:
        inverse = flint.arb_mat(n, n, [v.mid() for v in at.entries()]).inv()
    except ZeroDivisionError:
        return False
    rows = [[inverse[i, j].mid() for j in range(n)] for i in range(n)]
    return contracts([gradient[i, 0] for i in range(n)], [[slopes[i, j] for j in range(n)] for i in range(n)], rows, radius)


@dataclass(frozen=True)
class IndexThere:
    """At the critical point of ``point`` the Hessian has ``value`` negative eigenvalues; the columns of ``turn`` are
    about its eigenvectors."""

    point: Verdict
    value: int
    turn: tuple[Exact, ...]
    bits: int

    def check(self, subject: TrainedPerceptron) -> None:
        """Raises `NotShown` where signs are not shown."""
        point = critical_point_of(self.point, subject)
        n = subject.parameters
        if len(self.turn) != n or any(len(row) != n for row in self.turn):
            raise NotShown("a square matrix is expected")
        with taylor(bits_of(self.bits), 3):
            turn = flint.arb_mat([[rational_ball(v) for v in row] for row in self.turn])
            if not abs(turn.det()).lower() > 0:
                raise NotShown("the matrix may be singular")
            turned = turn.transpose() * subject.derivatives(point.box())[2] * turn
            negative = 0
            for i in range(n):
                others = sum((abs(turned[i, j]) for j in range(n) if j != i), flint.arb(0))
                if not abs(turned[i, i]) > others:
                    raise NotShown("the sign of an eigenvalue is not shown")
                negative += bool(turned[i, i] < 0)
        if type(self.value) is not int or negative != self.value:
            raise NotShown(f"there are {negative} negative eigenvalues")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many directions go down."""
        kind = NEXT_INDEX if _is_polynomial(self.point) else INDEX
        return Statement(kind, self.point.statement.subject, self.value, scopes((), self.point)), Claim.PROVED


@dataclass(frozen=True)
class LossThere:
    """At the critical point of ``point`` the loss lies between ``low`` and ``high``."""

    point: Verdict
    low: float
    high: float
    bits: int

    def check(self, subject: TrainedPerceptron) -> None:
        """Raises `NotShown` where the loss may lie elsewhere."""
        point = critical_point_of(self.point, subject)
        if point.polynomial or not (isfinite(self.low) and isfinite(self.high)):
            raise NotShown("a finite interval, and a critical point of the network itself, are expected")
        with taylor(bits_of(self.bits), 3):
            loss = subject.derivatives(point.box())[0]
            if not (flint.arb(self.low) <= loss.lower() and loss.upper() <= flint.arb(self.high)):
                raise NotShown("the loss may lie outside of the interval")

    def concludes(self) -> tuple[Statement, Claim]:
        """The loss there."""
        return Statement(LOSS, self.point.statement.subject, [self.low, self.high], scopes((), self.point)), Claim.PROVED


@dataclass(frozen=True)
class PointsApart:
    """The critical points of ``point``, and of ``other`` with polynomials of at most ``degree`` in place of activations, differ by at
    most ``value`` in each weight. ``key``: ``between``, or ``degree``."""

    key: str
    point: Verdict
    other: Verdict
    degree: int
    value: float

    def check(self, subject: TrainedPerceptron) -> None:
        """Raises `NotShown` where they may differ by more, or belong to other data."""
        one = critical_point_of(self.point, subject)
        on = self.other.on
        two = critical_point_of(self.other, on)
        same = [(p.widths, p.bias, p.inputs, p.targets, p.weights) for p in (subject, on)]
        if one.polynomial or not two.polynomial or same[0] != same[1] or self.key not in ("between", "degree"):
            raise NotShown("the same data, and polynomials in place of activations, are expected")
        if type(self.degree) is not int or any(len(p) > self.degree + 1 for p in on.pieces):
            raise NotShown("polynomials of at most the degree are expected")
        most = max(abs(a - b) for a, b in zip(one.centre, two.centre, strict=True)) + Fraction(one.radius) + Fraction(two.radius)
        if not isfinite(self.value) or Fraction(self.value) < most:
            raise NotShown("they may differ by more")

    def concludes(self) -> tuple[Statement, Claim]:
        """How much they differ at most."""
        subject, limits = self.point.statement.subject, scopes((), self.point, self.other)
        if self.key == "degree":
            return Statement(DEGREE, subject, self.degree, limits), Claim.PROVED
        return Statement(BETWEEN, subject, self.value, limits), Claim.UPPER_BOUND


def own_subject(subject: TrainedPerceptron, name: str, polynomial: bool) -> None:
    """Raises `NotShown` for a subject of another name, and for activations of the other kind."""
    if not isinstance(subject, TrainedPerceptron) or subject.hash != name:
        raise NotShown("the certificate is one of another network, or of other data")
    if any(isinstance(p, str) == polynomial for p in subject.pieces):
        raise NotShown("activations of the other kind are expected")


def critical_point_of(point: Verdict, subject: TrainedPerceptron) -> OneCriticalPoint:
    """The certificate of a verdict on a critical point of a network. Raises `NotShown` for anything else."""
    found = point.certificate
    if not point.shown or not isinstance(found, OneCriticalPoint):
        raise NotShown("a critical point that is shown is expected")
    own_subject(subject, found.subject, found.polynomial)
    return found
