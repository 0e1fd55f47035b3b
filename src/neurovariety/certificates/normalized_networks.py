"""Perceptrons with layer normalization before each analytic activation: derivatives in balls, and what changes no function.

A hidden layer maps x to f((z - mean) / sqrt(variance + 1/100000)) with z = W x + b. A number that is added to all entries of a column
of W, or of b, moves the mean alone: as many directions of weights as W has columns, and one for b, change no function. They are
constant, so all linear maps of the weights whose values lie among them are infinitesimal symmetries. Where the rank of the
Jacobian leaves no others, A w is a combination of them for almost all w, with coefficients that are linear in w since the
directions are constant: so these maps are all. Where two units read the same they have the same values, and what one gains in a weight
that reads it the other can lose.

Source: Ba, Kiros, Hinton 2016 (layer normalization).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise

import flint

from neurovariety.certificates.activation_series import rational_ball
from neurovariety.certificates.analytic_networks import AnalyticPerceptron, UnitsInBalls
from neurovariety.certificates.analytic_weights import check_dimension
from neurovariety.certificates.exact_derivatives import rank_over_q
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.linear_symmetries import STATED, symmetries_in
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

EPSILON = Fraction(1, 100_000)
Balls = list[flint.arb]


@dataclass(frozen=True)
class NormalizedPerceptron(AnalyticPerceptron):
    """A perceptron that normalizes what its units read, layer by layer."""

    @property
    def notation(self) -> str:
        """The network in the notation of architectures."""
        names = self.activations[:1] if len(set(self.activations)) == 1 else self.activations
        return f"mlp({','.join(map(str, self.widths))}; {', '.join(names)}; layernorm{'; bias' if self.bias else ''})"

    @property
    def moves_are_constant(self) -> bool:
        """They are: numbers that are added to columns."""
        return True

    @property
    def shifts(self) -> int:
        """The columns of hidden layers, their biases being one of them, to all of which a number can be added."""
        return sum(n + self.bias for n in self.widths[:-2])

    def columns(self) -> list[list[int]]:
        """The weights of each of these columns."""
        found, at = [], 0
        for n, m in pairwise(self.widths):
            if at + m * (n + self.bias) < self.parameters:
                found += [[at + i * n + j for i in range(m)] for j in range(n)]
                found += [[at + m * n + i for i in range(m)]] if self.bias else []
            at += m * (n + self.bias)
        return found

    def moved_columns(self) -> list[dict[int, Fraction]]:
        """The directions in which numbers are added to columns."""
        return [dict.fromkeys(column, Fraction(1)) for column in self.columns()]

    def between(self, layer: int, one: int, two: int) -> list[dict[int, Fraction]]:
        """Directions that change no function where two units of a hidden layer, from 1, read the same: the weights that read them."""
        m, after = self.widths[layer], self.widths[layer + 1]
        at = sum(b * (a + self.bias) for a, b in pairwise(self.widths[: layer + 1]))
        return [{at + k * m + one: Fraction(1), at + k * m + two: Fraction(-1)} for k in range(after)]

    def equal_units(self, weights: Sequence[Fraction]) -> list[tuple[int, int, int]]:
        """Hidden layers, from 1, with pairs of units that read the same. Raises `NotShown` for weights of another number."""
        if len(weights) != self.parameters:
            raise NotShown("weights of the network are expected")
        found, at = list[tuple[int, int, int]](), 0
        for l, (n, m) in enumerate(pairwise(self.widths[:-1]), 1):
            rows = [(*weights[at + i * n : at + (i + 1) * n], *(weights[at + m * n + i :][:1] if self.bias else ())) for i in range(m)]
            at += m * (n + self.bias)
            found += [(l, i, j) for i, j in combinations(range(m), 2) if rows[i] == rows[j]]
        return found

    def units(self, name: str, z: Balls) -> UnitsInBalls:
        """What the units of a layer with that activation make of what they read, normalized."""
        mean = sum(z, flint.arb(0)) / len(z)
        centred = [v - mean for v in z]
        variance = sum((c * c for c in centred), flint.arb(0)) / len(z)
        root = 1 / (variance + rational_ball(EPSILON)).sqrt()
        normal = [c * root for c in centred]
        own = super().units(name, normal)
        return _NormalizedUnits(own.values, own.slopes, normal, root)


@dataclass(frozen=True)
class _NormalizedUnits(UnitsInBalls):
    """The same with the ``normal`` values that are read in place of z, and ``root``, 1 / sqrt(variance + epsilon)."""

    normal: Balls
    root: flint.arb

    def backward(self, back: Balls) -> Balls:
        """From the derivatives by values those by what was normalized: r (g - mean g - y mean(g y))."""
        g = super().backward(back)
        one = sum(g, flint.arb(0)) / len(g)
        two = sum((a * y for a, y in zip(g, self.normal, strict=True)), flint.arb(0)) / len(g)
        return [self.root * (a - one - y * two) for a, y in zip(g, self.normal, strict=True)]


def rank_left(network: NormalizedPerceptron, weights: Sequence[Fraction]) -> int:
    """What the rank of the Jacobian at weights is at most."""
    still = network.moved_columns()
    for pair in network.equal_units(weights):
        still += network.between(*pair)
    return network.parameters - rank_over_q(still)


@dataclass(frozen=True)
class TranslatingMaps:
    """The linear maps that are infinitesimal symmetries are those whose values add numbers to columns; ``key``: what of the answer says
    so."""

    key: str
    value: int
    dimension: Verdict

    def check(self, subject: AnalyticPerceptron) -> None:
        """Raises `NotShown` where the dimension is not shown to be parameters minus columns, or the value is another."""
        if not isinstance(subject, NormalizedPerceptron) or self.key not in _KINDS or type(self.value) is not int:
            raise NotShown("a part of the answer on linear symmetries of a network with layer normalization is expected")
        check_dimension(self.dimension, subject)
        if self.dimension.claim is not Claim.PROVED or self.dimension.statement.value != subject.parameters - subject.shifts:
            raise NotShown("directions of weights are left that no column explains")
        if self.value != values_of_symmetries(subject)[self.key]:
            raise NotShown("another number of maps follows")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, among all linear maps."""
        value = "all" if self.key == "ansatz" else self.value
        return Statement(_KINDS[self.key], self.dimension.statement.subject, value), Claim.PROVED


_KINDS = {
    "dimension": symmetries_in("all"),
    "stated": STATED,
    "unstated": "unstated linear symmetries",
    "orbit_dimension": "general orbit",
    "ansatz": "ansatz",
}


def values_of_symmetries(network: NormalizedPerceptron) -> dict[str, int]:
    """What `TranslatingMaps` says of each key; of the ansatz nothing but that it is all linear maps."""
    whole = network.shifts * network.parameters
    return {"dimension": whole, "stated": whole, "unstated": 0, "orbit_dimension": network.shifts, "ansatz": 0}
