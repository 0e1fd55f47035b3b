"""Perceptrons with layer normalization before each analytic activation: derivatives in balls, and what changes no function.

A hidden layer maps x to f((z - mean) / sqrt(variance + 1/100000)) with z = W x + b. A number that is added to all entries of a column
of W, or of b, moves the mean alone: as many directions of weights as W has columns, and one for b, change no function.

Two units have opposite normalized values y and -y. An odd activation makes f(y) and -f(y) of them, of which the next layer sees the
difference of two weights alone; an even one twice f(y), of which it sees the sum; sigmoid f(y) and 1 - f(y), and what both weights gain
a bias can lose. One unit has the normalized value 0: after it all values are numbers, and nothing before it is seen. What is left to be
expressed are constant outputs, or (where activations are 0 at 0, and there are no biases) nothing but 0.

These directions are constant, so all linear maps of the weights whose values lie among them are infinitesimal symmetries. Where the
rank of the Jacobian leaves no others, A w is a combination of them for almost all w, with coefficients that are linear in w since the
directions are constant: so these maps are all. (After one unit in a layer that is not the last hidden one, others are left.) Where two
units read the same they have the same values, and what one gains in a weight that reads it the other can lose.

Source: Ba, Kiros, Hinton 2016 (layer normalization).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise

import flint

from neurovariety.certificates.activation_series import rational_ball
from neurovariety.certificates.analytic_networks import AnalyticPerceptron, UnitsInBalls
from neurovariety.certificates.analytic_weights import check_dimension
from neurovariety.certificates.exact_derivatives import AT_ZERO, EVEN, ODD, rank_over_q
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
        """Along how many directions general weights move without a change of the function, as far as is known here."""
        return self.parameters - len(self.seen)

    @property
    def alone(self) -> int | None:
        """The last hidden layer, from 1, of one unit, after which all is constant; None where there is none."""
        return max((l for l, m in enumerate(self.widths[1:-1], 1) if m == 1), default=None)

    @property
    def is_zero(self) -> bool:
        """Whether all functions are 0."""
        return self.alone is not None and not self.bias and all(name in AT_ZERO for name in self.activations[self.alone - 1 :])

    @cached_property
    def seen(self) -> tuple[int, ...]:
        """Weights that tell all functions near a general one apart, the others being fixed; in number what the dimension is at most."""
        if self.is_zero:
            return ()
        if self.alone is not None:  # the last biases, or weights that read a value which is not 0
            last, m = self.parameters - self.outputs, self.widths[-2]
            return tuple(range(last, self.parameters) if self.bias else range(self.parameters - self.outputs * m, self.parameters, m))
        taken, rows = set[int](), [[int(row.get(i, 0)) for i in range(self.parameters)] for row in self.constant_moves()]
        reduced, _, rank = flint.fmpz_mat(rows).rref()
        for i in range(rank):
            taken.add(next(j for j in range(self.parameters) if reduced[i, j] != 0))
        return tuple(sorted(set(range(self.parameters)) - taken))

    def constant_moves(self) -> list[dict[int, Fraction]]:
        """Directions along which no function changes, wherever the weights are. After one unit alone entries at the biases are left
        out, which are not all rational and make no rank larger."""
        if self.is_zero:
            return [{i: Fraction(1)} for i in range(self.parameters)]
        found = self.moved_columns()
        if self.alone is not None:
            found += [{i: Fraction(1)} for i in range(self.start(self.alone + 1))]
            if self.bias or self.activations[self.alone - 1] in AT_ZERO:
                found += [{self.start(self.alone + 1) + k: Fraction(1)} for k in range(self.widths[self.alone + 1])]
        else:
            for l, (m, name) in enumerate(zip(self.widths[1:-1], self.activations, strict=True), 1):
                found += self._of_two(l, name) if m == 2 else []
        return found

    def _of_two(self, l: int, name: str) -> list[dict[int, Fraction]]:
        """Directions of the weights that read a layer of two units."""
        at, after, one = self.start(l + 1), self.widths[l + 1], Fraction(1)
        if name in ODD or name in EVEN:
            sign = one if name in ODD else -one
            return [{at + 2 * k: one, at + 2 * k + 1: sign} for k in range(after)]
        if name == "sigmoid" and self.bias:
            return [{at + 2 * k: one, at + 2 * k + 1: one, at + 2 * after + k: -one} for k in range(after)]
        return []

    def start(self, layer: int) -> int:
        """Where the weights of a layer, from 1, begin."""
        return sum(b * (a + self.bias) for a, b in pairwise(self.widths[:layer]))

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
        at = self.start(layer + 1)
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
    still = network.constant_moves()
    for pair in network.equal_units(weights):
        still += network.between(*pair)
    return min(network.parameters - rank_over_q(still), len(network.seen))


@dataclass(frozen=True)
class TranslatingMaps:
    """The linear maps that are infinitesimal symmetries are those whose values are constant moves; ``key``: what of the answer says
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
        if rank_over_q(subject.constant_moves()) != subject.shifts:
            raise NotShown("after a layer of one unit functions are constant, and not all moves of weights that keep one are linear")
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
