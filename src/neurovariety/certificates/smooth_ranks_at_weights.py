"""The rank of the Jacobian of a network with smooth activations, or softmax, at given exact weights; and what its fiber has there.

From below by a minor that is not 0 in ball arithmetic at these weights. From above by exact coincidences: derivatives by weights are
sums of a few functions with exact coefficients, so their rank is at most that of the coefficients over Q. Of perceptrons these are
written out in `exact_derivatives`. Of one layer of attention the derivative by an entry of V is a row of X S, where S is the softmax of
X^T A X with A = K^T Q, the same for heads with the same A; and since the derivative of S along dA makes of a row v X of values, at
the token i, the covariance of v and dA x_i under the weights of column i of S, it is a sum of the covariances of features a and c,
times the feature d of the token, which are symmetric in a and c. Of more layers the base changes that move these weights are counted.

To first order the function stays as it is along as many directions as there are weights less the rank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from neurovariety.certificates.analytic_networks import AnalyticNetwork, AnalyticPerceptron, AnalyticRank
from neurovariety.certificates.exact_derivatives import WrittenLayer, rank_of_derivatives, rank_over_q
from neurovariety.certificates.fiber_at_weights import HIDDEN_AT
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.normalized_networks import NormalizedPerceptron, rank_left
from neurovariety.certificates.ranks_at_weights import at_weights
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

INFINITESIMAL = "infinitesimal dimension of the fiber at given weights"
FIRST_ORDER = "at the weights given, to first order"
_OF_FIBERS = {"dimension": INFINITESIMAL, "hidden": HIDDEN_AT}
Weights = tuple[Fraction, ...]


def written(network: AnalyticPerceptron, weights: Sequence[Fraction]) -> list[WrittenLayer]:
    """The layers of a perceptron with weights. Raises `NotShown` for weights of another number."""
    if len(weights) != network.parameters:
        raise NotShown("weights of the network are expected")
    found, at = [], 0
    for n, m, name in zip(network.widths, network.widths[1:], (*network.activations, ""), strict=False):
        rows = [list(weights[at + i * n : at + (i + 1) * n]) for i in range(m)]
        at += m * n
        bias = list(weights[at : at + m]) if network.bias else None
        at += m if network.bias else 0
        found.append(WrittenLayer(rows, bias, name, bool(name) and isinstance(network, NormalizedPerceptron)))
    return found


def moved_by_known(network: AnalyticNetwork, weights: Sequence[Fraction]) -> int:
    """Along how many directions the known symmetries move weights: shifts of biases of exp, base changes of attention."""
    if isinstance(network, AnalyticPerceptron):
        return network.shifts
    if not isinstance(network, SoftmaxAttention):
        raise NotShown("a perceptron, or attention, is expected")
    whole = lcm(*(w.denominator for w in weights))  # base changes are linear fields: a multiple of the weights has their rank
    return network.orbit_rank([int(w * whole) for w in weights])


def rank_at_most(network: AnalyticNetwork, weights: Sequence[Fraction]) -> int:
    """What the rank of the Jacobian at weights is at most. Raises `NotShown` for weights of another number."""
    if isinstance(network, NormalizedPerceptron):
        known = rank_left(network, weights)
        try:
            return min(known, rank_of_derivatives(written(network, weights), network.widths[0]))
        except NotShown:  # too many terms
            return known
    if isinstance(network, AnalyticPerceptron):
        return min(rank_of_derivatives(written(network, weights), network.widths[0]), network.parameters - network.shifts)
    if not isinstance(network, SoftmaxAttention) or len(weights) != network.parameters:
        raise NotShown("weights of a perceptron, or of attention, are expected")
    known = network.parameters - moved_by_known(network, weights)
    return known if len(network.inner) > 1 else min(known, _rank_of_one_layer(network, weights))


def _rank_of_one_layer(network: SoftmaxAttention, weights: Sequence[Fraction]) -> int:
    d, out, a = network.widths[0], network.widths[1], network.inner[0]
    rows: list[dict[object, Fraction]] = []
    for h in range(network.heads):
        k, q, v = (_matrix(network, weights, letter, h) for letter in "KQV")
        scores = tuple(tuple(sum((k[r][i] * q[r][j] for r in range(a)), Fraction(0)) for j in range(d)) for i in range(d))
        same: object = None if network.tokens == 1 else scores
        rows += [{("value", same, o, i): Fraction(1)} for o in range(out) for i in range(d)]
        for r in range(a if network.tokens > 1 else 0):
            for i in range(d):
                rows += [_covariances(v, same, i, q[r]), _covariances_of_query(v, same, k[r], i)]
    return rank_over_q(rows)


def _matrix(network: SoftmaxAttention, weights: Sequence[Fraction], letter: str, head: int) -> list[list[Fraction]]:
    at, rows, columns = network.blocks[letter, 0, head]
    return [list(weights[at + i * columns : at + (i + 1) * columns]) for i in range(rows)]


def _covariances(v: Sequence[Sequence[Fraction]], head: object, key: int, query: Sequence[Fraction]) -> dict[object, Fraction]:
    """The derivative along dA = e_key query^T."""
    return _along(v, head, [(key, j, c) for j, c in enumerate(query)])


def _covariances_of_query(v: Sequence[Sequence[Fraction]], head: object, key: Sequence[Fraction], query: int) -> dict[object, Fraction]:
    """The derivative along dA = key e_query^T."""
    return _along(v, head, [(i, query, c) for i, c in enumerate(key)])


def _along(v: Sequence[Sequence[Fraction]], head: object, change: Sequence[tuple[int, int, Fraction]]) -> dict[object, Fraction]:
    found: dict[object, Fraction] = {}
    for o, row in enumerate(v):
        for b, w in enumerate(row):
            for i, j, c in change:
                if w and c:
                    place = ("covariance", head, o, min(b, i), max(b, i), j)
                    found[place] = found.get(place, Fraction(0)) + w * c
    return {place: c for place, c in found.items() if c}


@dataclass(frozen=True)
class MinorAtWeights:
    """The rank of the Jacobian at the weights of a block that is invertible there is at least its size."""

    place: AnalyticRank

    def check(self, subject: AnalyticNetwork) -> None:
        """Raises `NotShown` where the determinant of the block may be 0."""
        self.place.check(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank at these weights is at least that."""
        return Statement(at_weights(self.place.drawn, None), self.place.subject, len(self.place.rows)), Claim.LOWER_BOUND


@dataclass(frozen=True)
class Coincidences:
    """The rank of the Jacobian at the weights ``at`` is at most ``value``, that of its coefficients."""

    subject: str
    at: Weights
    value: int

    def check(self, subject: AnalyticNetwork) -> None:
        """Raises `NotShown` for another number."""
        if subject.hash != self.subject or type(self.value) is not int:
            raise NotShown("the certificate is one of another network")
        found = rank_at_most(subject, self.at)
        if found != self.value:
            raise NotShown(f"the coefficients have the rank {found}")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank at these weights is at most that."""
        return Statement(at_weights(self.at, None), self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True)
class InfinitesimalFiber:
    """``value`` is the number of directions at the weights ``at`` along which the function stays as it is to first order, or (``key``
    hidden) what of it known symmetries do not explain."""

    key: str
    at: Weights
    value: int
    rank: Verdict

    def check(self, subject: AnalyticNetwork) -> None:
        """Raises `NotShown` where weights, rank and symmetries leave another number."""
        said = self.rank.statement
        if self.key not in _OF_FIBERS or type(self.value) is not int:
            raise NotShown("the dimension of the fiber, or the hidden directions of it, are expected")
        if not self.rank.shown or (said.kind, said.subject, said.scope) != (at_weights(self.at, None), subject.hash, ()):
            raise NotShown("the rank at these weights is expected")
        if self.rank.claim not in (Claim.PROVED, Claim.LOWER_BOUND):
            raise NotShown("a rank that is known from below is expected")
        left = subject.parameters - said.value - (moved_by_known(subject, self.at) if self.key == "hidden" else 0)
        if left != self.value:
            raise NotShown(f"{left} directions are left")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many directions; at most as many where the rank is known from below alone."""
        claim = Claim.PROVED if self.rank.claim is Claim.PROVED else Claim.UPPER_BOUND
        return Statement(_OF_FIBERS[self.key], self.rank.statement.subject, self.value, (FIRST_ORDER,)), claim
