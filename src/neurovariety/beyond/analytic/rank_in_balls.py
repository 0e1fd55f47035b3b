"""The dimension of what an analytic network can express: a block of the Jacobian that is invertible in ball arithmetic, and symmetries.

What is proved: from below the rank at exact weights, as a determinant that is not 0; from above the number of parameters less the
symmetries that are known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

import flint
import numpy as np
from scipy.linalg import qr

from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.analytic_networks import (
    DEFINABLE,
    AnalyticNetwork,
    AnalyticPerceptron,
    AnalyticRank,
    LessShifts,
    is_invertible,
)
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.normalized_networks import NormalizedPerceptron
from neurovariety.certificates.softmax_attention import LessOrbits, SoftmaxAttention
from neurovariety.randomness import generator

SHIFTS = "parameters minus the shifts of biases that change no function"
COLUMNS = "parameters minus the moves of weights that layer normalization does not see"
ORBITS = "weights minus the rank of the symmetries of attention, without features and rows of K and Q that add nothing"
"""What bounds the dimension from above."""
_FINER = 16
"""Inputs are multiples of so small a part of what weights are multiples of."""
_NOTHING = 1e-13
"""Below this part of the largest pivot, floats see none."""
Smooth = AnalyticPerceptron | SoftmaxAttention
_TRIES = 3
_PRECISIONS = (128, 512, 2048)
"""Bits that are tried in turn; more where there are many weights."""
BITS = 512
_NO_PIVOT = 1e-60
"""Below this, of numbers of so many bits, a pivot is taken for 0."""
ELIMINATED = 80
"""Weights of a network whose pivots are sought in balls, where floats see too few: some ten seconds."""


def reason_of(network: Smooth) -> str:
    """What bounds the dimension of a network from above."""
    if isinstance(network, NormalizedPerceptron):
        return COLUMNS
    return SHIFTS if isinstance(network, AnalyticPerceptron) else ORBITS


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


def analytic_dimension(network: Smooth, seed: int) -> AnalyticDimension:
    """The dimension of the functions of a network."""
    upper = issue(_from_above(network, seed), network)
    most = int(upper.statement.value)
    place = _full_rank(network, most, seed) if isinstance(network, AnalyticPerceptron) else None
    place = place or _by_pivots(network, most, seed)
    lower = issue(place, network)
    verdict = issue(Meets(lower, upper), network) if lower.statement.value == most else lower
    return AnalyticDimension(verdict, lower, upper, len(place.inputs), place.bits)


def _from_above(network: Smooth, seed: int) -> LessShifts | LessOrbits:
    if isinstance(network, AnalyticPerceptron):
        return LessShifts(network.hash, network.scope, network.parameters - network.shifts)
    enough, drawn = network.enough, integers(network.enough, seed)
    return LessOrbits(network.hash, network.scope, enough.parameters - enough.orbit_rank(drawn), drawn)


def integers(network: SoftmaxAttention, seed: int) -> tuple[int, ...]:
    """Integer weights at which symmetries have the rank that they have almost everywhere, as far as chance goes."""
    return tuple(int(n) for n in generator(seed, "beyond.analytic.rank_in_balls", 2 * _TRIES).integers(-999, 1000, network.parameters))


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


def _by_pivots(network: Smooth, most: int, seed: int) -> AnalyticRank:
    """The largest block that was found: rows and columns chosen in floats, by orthogonalization with pivots on both sides.

    The values at one input may tell only one of the weights more, however many values there are: what two tokens add to a known matrix
    V are two numbers, and all outputs after a single unit are known from one of them.
    """
    perceptron = isinstance(network, AnalyticPerceptron)
    free = np.array(_without_shifts(network) if isinstance(network, AnalyticPerceptron) else range(network.parameters))
    best = AnalyticRank(network.hash, network.scope, *_place(network, 1, seed, 0), (), (), _PRECISIONS[0])
    for attempt in range(_TRIES, 2 * _TRIES):
        weights, inputs = _place(network, (2 if perceptron else 1) * most, seed, attempt, 2.0 ** (attempt - _TRIES))
        with taylor(64, 2):
            whole = np.array([[float(v.mid()) for v in row] for row in network.jacobian(weights, inputs)])[:, free]
        upper, order = qr(whole, mode="r", pivoting=True)
        sizes = np.abs(np.diag(upper))
        for size in range(min(most, int(np.sum(sizes > _NOTHING * sizes[0]))), len(best.rows), -1):
            columns = tuple(sorted(map(int, free[order[:size]])))
            rows = tuple(sorted(map(int, qr(whole[:, order[:size]].T, mode="r", pivoting=True)[1][:size])))
            place = AnalyticRank(network.hash, network.scope, weights, inputs, rows, columns, _PRECISIONS[1] + 8 * most)
            if is_invertible(network, place):
                best = place
                break
        if len(best.rows) == most:
            return best
    return _by_elimination(network, most, seed, best) if network.parameters <= ELIMINATED else best


def _by_elimination(network: Smooth, most: int, seed: int, best: AnalyticRank) -> AnalyticRank:
    """The largest block whose pivots are seen in balls, where it is larger than the best that is known."""
    weights, inputs = _place(network, 2 * most, seed, _TRIES)
    with taylor(BITS, 2):
        rows, columns = eliminated(network.jacobian(weights, inputs), most)
    place = AnalyticRank(network.hash, network.scope, weights, inputs, rows, columns, BITS + 8 * most)
    return place if len(rows) > len(best.rows) and is_invertible(network, place) else best


def eliminated(jacobian: list[list[flint.arb]], most: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Rows and columns by elimination with the largest pivots, in the middles of balls."""
    left = {i: [v.mid() for v in row] for i, row in enumerate(jacobian)}
    columns, rows = list(range(len(jacobian[0]))), []
    used: list[int] = []
    with taylor(BITS, 1):
        while len(used) < most and columns:
            size, i, j = max((abs(float(row[j])), i, j) for i, row in left.items() for j in columns)
            if not size > _NO_PIVOT:
                break
            pivot = left.pop(i)
            rows.append(i)
            used.append(j)
            columns.remove(j)
            for k, row in left.items():
                factor = (row[j] / pivot[j]).mid()
                left[k] = [(a - factor * b).mid() for a, b in zip(row, pivot, strict=True)] if factor != 0 else row
    return tuple(sorted(rows)), tuple(sorted(used))


def _without_shifts(network: AnalyticPerceptron) -> tuple[int, ...]:
    """The weights but the biases of units of exp, and of those that are normalized enough to see all functions."""
    if isinstance(network, NormalizedPerceptron):
        return network.seen
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
    network: Smooth, samples: int, seed: int, attempt: int, wide: float = 1.0
) -> tuple[tuple[Fraction, ...], tuple[tuple[Fraction, ...], ...]]:
    """Weights and inputs, multiples of 1/64, for which units work in the middle of their range, or inputs are ``wide`` times as far."""
    rng = generator(seed, "beyond.analytic.rank_in_balls", attempt)
    weights = random_weights(network, rng)
    length = network.inputs if isinstance(network, SoftmaxAttention) else network.widths[0]
    return tuple(weights), random_inputs(rng, length, 1.5 * wide, samples)


def random_weights(network: Smooth, rng: np.random.Generator) -> list[Fraction]:
    """Multiples of 1/64 for which units work in the middle of their range, none of them 0."""
    weights: list[Fraction] = []
    if isinstance(network, SoftmaxAttention):
        for _, rows, columns in network.blocks.values():
            weights += _drawn(rng, rows * columns, 2.0 / sqrt(columns))
        return weights
    for n, m in zip(network.widths, network.widths[1:], strict=False):
        weights += _drawn(rng, m * n, 2.0 / sqrt(n)) + (_drawn(rng, m, 1.0) if network.bias else [])
    return weights


def random_inputs(rng: np.random.Generator, length: int, size: float, samples: int) -> tuple[tuple[Fraction, ...], ...]:
    """Different inputs: of one number, few would differ by chance."""
    found: dict[tuple[Fraction, ...], None] = {}
    while len(found) < samples:
        found[tuple(v / _FINER for v in _drawn(rng, length, size * _FINER))] = None
    return tuple(found)


def _drawn(rng: np.random.Generator, count: int, size: float) -> list[Fraction]:
    """Numbers up to that size, none of them 0."""
    most = max(2, int(64 * size))
    return [Fraction(int(s) * int(k), 64) for s, k in zip(rng.choice([-1, 1], count), rng.integers(1, most + 1, count), strict=True)]


def definability(network: AnalyticNetwork) -> list[Mapping[str, object]]:
    """The theorem by which the functions form a definable set, where it applies."""
    if network.scope != (DEFINABLE,):
        return []
    return [{"name": "the Pfaffian closure of an o-minimal structure is o-minimal", "source": "speissegger1999"}]
