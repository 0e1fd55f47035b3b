"""Networks with analytic activations: their Jacobian in ball arithmetic at exact weights, and the dimension of what they can express.

The dimension of the set of functions is the largest rank of the derivatives of values by weights, at any inputs. A minor that is
not 0 at one choice of weights and inputs is not 0 at almost any, since it is analytic: so a rank at a point bounds it from below. A
group that acts on the weights, keeps the function and moves general weights in k dimensions bounds it by parameters minus k.

Where the activations are definable in an o-minimal structure (tanh, exp and others satisfy Pfaffian differential equations:
Speissegger 1999), this is the dimension of a definable set, which has finitely many components; sin and cos are analytic only.
There is no degree, and there are no equations: these sets lie in no algebraic variety of the same dimension.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.activation_series import SMOOTH, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.uniform_error import bits_of
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

ANALYTIC_DIMENSION = "dimension of a set of analytic functions"
DEFINABLE = "in the sense of o-minimal geometry"
ANALYTIC = "as the generic rank of an analytic map; finitely many components are not claimed"
PERIODIC = ("sin", "cos")
"""Activations that no o-minimal structure holds: they vanish at infinitely many isolated points."""
Table = Sequence[Sequence[Fraction]]


@runtime_checkable
class AnalyticNetwork(Protocol):
    """A family of functions that are analytic in weights and inputs, with derivatives in ball arithmetic."""

    @property
    def hash(self) -> str:
        """The name under which certificates speak of it."""

    @property
    def scope(self) -> tuple[str, ...]:
        """In which sense the functions have a dimension."""

    @property
    def parameters(self) -> int:
        """The number of weights."""

    @property
    def outputs(self) -> int:
        """The number of values at an input."""

    def jacobian(self, weights: Sequence[Fraction], inputs: Table) -> list[list[flint.arb]]:
        """The derivatives of all values by all weights, within `taylor` of two terms: a row for each input and output."""


@dataclass(frozen=True)
class AnalyticPerceptron:
    """A multilayer perceptron of these ``widths``, with the name of an analytic activation for each hidden layer, and biases on each
    layer where ``bias`` is true; weights are ordered layer by layer, the matrix row by row, then the bias."""

    widths: tuple[int, ...]
    activations: tuple[str, ...]
    bias: bool

    def __post_init__(self) -> None:
        sizes = all(type(n) is int and n >= 1 for n in self.widths)
        if len(self.widths) < 3 or not sizes or len(self.activations) != len(self.widths) - 2 or type(self.bias) is not bool:
            raise ValueError("widths from 1 up, an activation for each hidden layer, and whether there are biases, are expected")
        if any(name not in SMOOTH for name in self.activations):
            raise ValueError("the name of an analytic activation is expected for each hidden layer")

    @cached_property
    def hash(self) -> str:
        """The name under which certificates speak of it."""
        return hashlib.sha256(f"analytic {self.notation}".encode()).hexdigest()

    @property
    def notation(self) -> str:
        """The network in the notation of architectures."""
        names = self.activations[:1] if len(set(self.activations)) == 1 else self.activations
        return f"mlp({','.join(map(str, self.widths))}; {', '.join(names)}{'; bias' if self.bias else ''})"

    @property
    def transcendental(self) -> str:
        """What makes its functions no polynomials."""
        return self.activations[0]

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return sum(b * (a + self.bias) for a, b in zip(self.widths, self.widths[1:], strict=False))

    @property
    def outputs(self) -> int:
        """The number of values."""
        return self.widths[-1]

    @property
    def scope(self) -> tuple[str, ...]:
        """In which sense the functions have a dimension."""
        return (ANALYTIC if any(name in PERIODIC for name in self.activations) else DEFINABLE,)

    @property
    def moves_are_constant(self) -> bool:
        """Whether numbers that are added to weights change no function: then maps to such numbers are symmetries."""
        return False

    @property
    def shifts(self) -> int:
        """The units whose bias does nothing that the weights after them cannot do: those of exp with a bias.

        exp(z + t) = e^t exp(z), so a bias that grows by t and outgoing weights divided by e^t give the same function. These moves
        commute, and each changes a bias of its own: they move all weights in as many dimensions.
        """
        return sum(n for n, name in zip(self.widths[1:-1], self.activations, strict=True) if name == "exp") if self.bias else 0

    def layers(self, weights: Sequence[Fraction]) -> list[tuple[list[list[flint.arb]], list[flint.arb]]]:
        """Matrices and biases as balls, within a precision; biases are empty where there are none."""
        found, at = [], 0
        for n, m in zip(self.widths, self.widths[1:], strict=False):
            matrix = [[rational_ball(w) for w in weights[at + i * n : at + (i + 1) * n]] for i in range(m)]
            at += m * n
            bias = [rational_ball(w) for w in weights[at : at + m]] if self.bias else []
            at += len(bias)
            found.append((matrix, bias))
        return found

    def jacobian(self, weights: Sequence[Fraction], inputs: Table) -> list[list[flint.arb]]:
        """The derivatives of all values by all weights, in balls, within `taylor` of two terms: a row for each input and output.

        Raises `NotShown` for weights or inputs of another number.
        """
        if len(weights) != self.parameters or any(len(x) != self.widths[0] for x in inputs):
            raise NotShown("weights and inputs of the network are expected")
        layers = self.layers(weights)
        rows: list[list[flint.arb]] = []
        for x in inputs:
            values, met = [[rational_ball(v) for v in x]], list[UnitsInBalls]()
            for (matrix, bias), name in zip(layers, self.activations, strict=False):
                met.append(self.units(name, affine_values(matrix, bias, values[-1])))
                values.append(met[-1].values)
            rows += _backward(self, layers, values, met)
        return rows

    def units(self, name: str, z: list[flint.arb]) -> UnitsInBalls:
        """What the units of a layer with that activation make of what they read."""
        series = [taylor_coefficients(name, v, 2) for v in z]
        return UnitsInBalls([c[0] for c in series], [c[1] for c in series])


@dataclass(frozen=True)
class UnitsInBalls:
    """The values of a layer of units, and the slopes of its activation there."""

    values: list[flint.arb]
    slopes: list[flint.arb]

    def backward(self, back: list[flint.arb]) -> list[flint.arb]:
        """From the derivatives by values those by what the units read."""
        return [b * s for b, s in zip(back, self.slopes, strict=True)]


def affine_values(matrix: list[list[flint.arb]], bias: list[flint.arb], x: list[flint.arb]) -> list[flint.arb]:
    """A matrix times a vector, and the bias where there is one."""
    found = [sum((w * v for w, v in zip(row, x, strict=True)), flint.arb(0)) for row in matrix]
    return [z + b for z, b in zip(found, bias, strict=True)] if bias else found


def _backward(
    network: AnalyticPerceptron,
    layers: list[tuple[list[list[flint.arb]], list[flint.arb]]],
    values: list[list[flint.arb]],
    met: list[UnitsInBalls],
) -> list[list[flint.arb]]:
    """For each output its derivatives, by backpropagation."""
    rows = []
    for o in range(network.outputs):
        back = [flint.arb(int(i == o)) for i in range(network.outputs)]
        parts: list[list[flint.arb]] = []
        for l in range(len(layers) - 1, -1, -1):
            own = [b * v for b in back for v in values[l]] + (list(back) if network.bias else [])
            parts.insert(0, own)
            if l:
                matrix = layers[l][0]
                back = [sum((b * row[j] for b, row in zip(back, matrix, strict=True)), flint.arb(0)) for j in range(len(values[l]))]
                back = met[l - 1].backward(back)
        rows.append([v for part in parts for v in part])
    return rows


@dataclass(frozen=True)
class AnalyticRank:
    """The Jacobian of the network of that hash has an invertible block of those ``rows`` and ``columns``, at the weights ``drawn`` and
    ``inputs``."""

    subject: str
    scope: tuple[str, ...]
    drawn: tuple[Fraction, ...]
    inputs: tuple[tuple[Fraction, ...], ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    bits: int

    def check(self, subject: AnalyticNetwork) -> None:
        """Raises `NotShown` where the determinant of the block may be 0."""
        if subject.hash != self.subject or subject.scope != self.scope:
            raise NotShown("the certificate is one of another network")
        r = len(self.rows)
        if len(set(self.rows)) != r or len(set(self.columns)) != r or len(self.columns) != r:
            raise NotShown("as many different rows as columns are expected")
        if not all(0 <= i < len(self.inputs) * subject.outputs for i in self.rows) or not all(
            0 <= j < subject.parameters for j in self.columns
        ):
            raise NotShown("a row or column is not there")
        if r and not is_invertible(subject, self):
            raise NotShown("the determinant may be 0")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at least that."""
        return Statement(ANALYTIC_DIMENSION, self.subject, len(self.rows), self.scope), Claim.LOWER_BOUND


def is_invertible(network: AnalyticNetwork, place: AnalyticRank) -> bool:
    """Whether the determinant of a block is shown not to be 0."""
    with taylor(bits_of(place.bits), 2):
        whole = network.jacobian(place.drawn, place.inputs)
        determinant = flint.arb_mat([[whole[i][j] for j in place.columns] for i in place.rows]).det()
        return bool(abs(determinant).lower() > 0)


@dataclass(frozen=True)
class LessShifts:
    """The dimension is at most the number of parameters, less the shifts of units that change no function."""

    subject: str
    scope: tuple[str, ...]
    value: int

    def check(self, subject: AnalyticPerceptron) -> None:
        """Raises `NotShown` for another number."""
        if not isinstance(subject, AnalyticPerceptron) or subject.hash != self.subject or subject.scope != self.scope:
            raise NotShown("the certificate is one of another network")
        if type(self.value) is not int or subject.parameters - subject.shifts != self.value:
            raise NotShown("parameters and shifts leave another number")

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at most that."""
        return Statement(ANALYTIC_DIMENSION, self.subject, self.value, self.scope), Claim.UPPER_BOUND
