"""The dimension of what an analytic network can express: a block of the Jacobian that is invertible in ball arithmetic, and symmetries.

What is proved: from below the rank at exact weights, as a determinant that is not 0; from above the number of parameters less the
symmetries that are known. They meet for every network that was tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

import numpy as np

from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.analytic_networks import DEFINABLE, AnalyticPerceptron, AnalyticRank, LessShifts, is_invertible, jacobian
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.randomness import generator

SHIFTS = "parameters minus the shifts of biases that change no function"
"""What bounds the dimension from above."""
_TRIES = 3
_PRECISIONS = (128, 512, 2048)
"""Bits that are tried in turn; more where there are many weights."""


@dataclass(frozen=True)
class AnalyticDimension:
    """``verdict``: of the dimension, `proved` where ``lower`` and ``upper`` meet; else it is that from below."""

    verdict: Verdict
    lower: Verdict
    upper: Verdict
    inputs: int
    bits: int

    @property
    def value(self) -> int:
        """The dimension, or what it is at least."""
        return int(self.verdict.statement.value)


def analytic_dimension(network: AnalyticPerceptron, seed: int) -> AnalyticDimension:
    """The dimension of the functions of a network."""
    most = network.parameters - network.shifts
    upper = issue(LessShifts(network.hash, network.scope, most), network)
    place = _full_rank(network, most, seed) or _largest_rank(network, most, seed)
    lower = issue(place, network)
    verdict = issue(Meets(lower, upper), network) if lower.statement.value == most else lower
    return AnalyticDimension(verdict, lower, upper, len(place.inputs), place.bits)


def _full_rank(network: AnalyticPerceptron, most: int, seed: int) -> AnalyticRank | None:
    """A block of the largest size that is possible, without the biases that shifts make superfluous; None where none was found."""
    columns = _without_shifts(network)
    samples = -(-most // network.outputs)
    for attempt in range(_TRIES):
        weights, inputs = _place(network, samples, seed, attempt)
        for bits in _PRECISIONS:
            place = AnalyticRank(network.hash, network.scope, weights, inputs, tuple(range(most)), columns, bits + 8 * most)
            if is_invertible(network, place):
                return place
    return None


def _largest_rank(network: AnalyticPerceptron, most: int, seed: int) -> AnalyticRank:
    """The largest block that elimination with full pivoting finds invertible."""
    samples = -(-most // network.outputs) + 2
    weights, inputs = _place(network, samples, seed, _TRIES)
    bits = _PRECISIONS[1] + 8 * most
    with taylor(bits, 2):
        left = dict(enumerate(jacobian(network, weights, inputs)))
        rows: list[int] = []
        columns: list[int] = []
        free = set(_without_shifts(network))
        while left and free:
            i, j = max(((i, j) for i in left for j in free), key=lambda at: abs(left[at[0]][at[1]]).lower())
            pivot = left.pop(i)
            if not abs(pivot[j]).lower() > 0:
                break
            rows.append(i)
            columns.append(j)
            free.discard(j)
            for k, row in left.items():
                factor = row[j] / pivot[j]
                left[k] = [a - factor * b for a, b in zip(row, pivot, strict=True)]
    return AnalyticRank(network.hash, network.scope, weights, inputs, tuple(rows), tuple(columns), bits)


def _without_shifts(network: AnalyticPerceptron) -> tuple[int, ...]:
    """The weights but the biases of units of exp."""
    found: list[int] = []
    at = 0
    for n, m, name in zip(network.widths, network.widths[1:], (*network.activations, ""), strict=False):
        found += range(at, at + m * n)
        at += m * n
        if network.bias:
            found += range(at, at + m) if name != "exp" else ()
            at += m
    return tuple(found)


def _place(
    network: AnalyticPerceptron, samples: int, seed: int, attempt: int
) -> tuple[tuple[Fraction, ...], tuple[tuple[Fraction, ...], ...]]:
    """Weights and inputs, multiples of 1/64, for which units work in the middle of their range."""
    rng = generator(seed, "beyond.analytic.rank_in_balls", attempt)
    weights: list[Fraction] = []
    for n, m in zip(network.widths, network.widths[1:], strict=False):
        weights += _drawn(rng, m * n, 2.0 / sqrt(n)) + (_drawn(rng, m, 1.0) if network.bias else [])
    inputs = tuple(tuple(_drawn(rng, network.widths[0], 1.5)) for _ in range(samples))
    return tuple(weights), inputs


def _drawn(rng: np.random.Generator, count: int, size: float) -> list[Fraction]:
    """Numbers up to that size, none of them 0."""
    most = max(2, int(64 * size))
    return [Fraction(int(s) * int(k), 64) for s, k in zip(rng.choice([-1, 1], count), rng.integers(1, most + 1, count), strict=True)]


def definability(network: AnalyticPerceptron) -> list[Mapping[str, object]]:
    """The theorem by which the functions form a definable set, where it applies."""
    if network.scope != (DEFINABLE,):
        return []
    return [{"name": "the Pfaffian closure of an o-minimal structure is o-minimal", "source": "speissegger1999"}]
