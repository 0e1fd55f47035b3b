"""Weights of networks with smooth activations, or softmax, at which the Jacobian drops rank: linear conditions with a known cause.

On each of these sets of weights some directions change no function to first order, whatever the other weights are: those of a unit that
no unit reads, or from a constant unit into the biases after it, or between two units that are equal. At a place on the set these
directions, and those of known symmetries, have a rank over Q; at general points of the set it is no smaller, since both are analytic
there. So the rank of the Jacobian is at most the parameters less that rank, on all of the set. That at general points it is no
smaller follows from a minor that is not 0 at one point.

Numbers that are not rational stand in directions of constant units, and of units of exp whose biases differ. The place has equal
biases; and entries at the biases after a constant unit are left out, which makes no rank larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import lcm
from typing import Any

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION, AnalyticNetwork, AnalyticPerceptron
from neurovariety.certificates.exact_derivatives import AT_ZERO, EVEN, ODD, rank_over_q
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.normalized_networks import NormalizedPerceptron
from neurovariety.certificates.smooth_ranks_at_weights import MinorAtWeights
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

RANK_ON = "rank on a set of weights"
DEAD, CONSTANT, EQUAL, OPPOSITE = "unread unit", "constant unit", "equal units", "opposite units"
NO_VALUES, NO_KEYS, NO_QUERIES, SAME_HEADS = "head without values", "head without keys", "head without queries", "equal heads"
Condition = Mapping[int, int]
Direction = dict[int, Fraction]


@dataclass(frozen=True)
class SmoothStratum:
    """A set of weights by its ``kind``: in that hidden ``layer`` (of attention layer), from 1, the ``units`` (heads), from 0."""

    kind: str
    layer: int
    units: tuple[int, ...]

    @property
    def name(self) -> str:
        """What a result calls it."""
        numbers = " and ".join(str(u + 1) for u in self.units)
        one = f"{numbers} of layer {self.layer}"
        return {
            DEAD: f"unit {one} is read by none",
            CONSTANT: f"unit {one} reads nothing",
            EQUAL: f"units {one} read the same",
            OPPOSITE: f"units {one} read opposite values",
            NO_VALUES: f"V of head {one} is 0",
            NO_KEYS: f"K of head {one} is 0",
            NO_QUERIES: f"Q of head {one} is 0",
            SAME_HEADS: f"heads {one} have the same K and Q",
        }[self.kind]


@dataclass(frozen=True)
class _Blocks:
    """Where the weights of layers stand: of each layer the start, columns and rows, and whether there are biases."""

    network: AnalyticPerceptron

    def weight(self, l: int, k: int, j: int) -> int:
        """The weight of layer l, from 1, into unit k from j."""
        return self._start(l) + k * self.network.widths[l - 1] + j

    def bias(self, l: int, k: int) -> int:
        """The bias of unit k."""
        return self._start(l) + self.network.widths[l] * self.network.widths[l - 1] + k

    def incoming(self, l: int, k: int) -> list[int]:
        """All weights of a unit, the bias last."""
        return [self.weight(l, k, j) for j in range(self.network.widths[l - 1])] + ([self.bias(l, k)] if self.network.bias else [])

    def _start(self, l: int) -> int:
        return sum(b * (a + self.network.bias) for a, b in zip(self.network.widths[: l - 1], self.network.widths[1:l], strict=True))


def strata_of(network: AnalyticNetwork) -> Iterator[SmoothStratum]:
    """The sets of weights that are known here."""
    if isinstance(network, SoftmaxAttention):
        for l in range(1, len(network.inner) + 1):
            for h in range(network.heads):
                yield from (SmoothStratum(kind, l, (h,)) for kind in (NO_VALUES, NO_KEYS, NO_QUERIES))
            yield from (SmoothStratum(SAME_HEADS, l, pair) for pair in combinations(range(network.heads), 2))
    elif isinstance(network, NormalizedPerceptron):
        for l, width in enumerate(network.widths[1:-1], 1):
            yield from (SmoothStratum(EQUAL, l, pair) for pair in combinations(range(width), 2))
    elif isinstance(network, AnalyticPerceptron):
        for l, (width, name) in enumerate(zip(network.widths[1:-1], network.activations, strict=True), 1):
            yield from (SmoothStratum(DEAD, l, (i,)) for i in range(width))
            if network.bias or name in AT_ZERO:
                yield from (SmoothStratum(CONSTANT, l, (i,)) for i in range(width))
            for pair in combinations(range(width), 2):
                yield SmoothStratum(EQUAL, l, pair)
                if name in (*ODD, *EVEN) or (name == "sigmoid" and network.bias):
                    yield SmoothStratum(OPPOSITE, l, pair)


def conditions(network: AnalyticNetwork, stratum: SmoothStratum) -> list[Condition]:
    """The linear forms in the weights that are 0 on a set, of which none depends on the others."""
    if isinstance(network, SoftmaxAttention):
        heads = [_head(network, stratum, h) for h in stratum.units]
        if stratum.kind == SAME_HEADS:
            return [{i: 1, j: -1} for letter in "KQ" for i, j in zip(heads[0][letter], heads[1][letter], strict=True)]
        return [{i: 1} for i in heads[0][{NO_VALUES: "V", NO_KEYS: "K", NO_QUERIES: "Q"}[stratum.kind]]]
    assert isinstance(network, AnalyticPerceptron)
    at, l, i = _Blocks(network), stratum.layer, stratum.units[0]
    if stratum.kind == DEAD:
        return [{at.weight(l + 1, k, i): 1} for k in range(network.widths[l + 1])]
    if stratum.kind == CONSTANT:
        return [{w: 1} for w in at.incoming(l, i)[: network.widths[l - 1]]]
    sign = 1 if stratum.kind == OPPOSITE else -1
    both = list(zip(at.incoming(l, i), at.incoming(l, stratum.units[1]), strict=True))
    if network.activations[l - 1] == "exp" and not isinstance(network, NormalizedPerceptron):  # of which the biases are factors
        both = both[: network.widths[l - 1]]
    return [{v: 1, w: sign} for v, w in both]


def still_directions(network: AnalyticNetwork, stratum: SmoothStratum, place: tuple[Fraction, ...]) -> list[Direction]:
    """Directions along which no function changes to first order at a place of the set, those of known symmetries among them.

    Entries are left out where they are not rational; no rank is larger for that.
    """
    if isinstance(network, SoftmaxAttention):
        return _of_heads(network, stratum, place)
    if isinstance(network, NormalizedPerceptron):
        return [*network.constant_moves(), *network.between(stratum.layer, *stratum.units)]
    assert isinstance(network, AnalyticPerceptron)
    at, l, i, one = _Blocks(network), stratum.layer, stratum.units[0], Fraction(1)
    after = range(network.widths[l + 1])
    found: list[Direction] = []
    left_out: set[int] = set()
    if stratum.kind == DEAD:
        found = [{w: one} for w in at.incoming(l, i)]
    elif stratum.kind == CONSTANT:
        found = [{at.weight(l + 1, k, i): one} for k in after] + ([{at.bias(l, i): one}] if network.bias else [])
        left_out = {at.bias(l + 1, k) for k in after} if network.bias else set()
    else:
        j = stratum.units[1]
        opposite, name = stratum.kind == OPPOSITE, network.activations[l - 1]
        turns = opposite and name not in EVEN
        value, slope = (-one if turns else one), (-one if opposite and name in EVEN else one)  # of unit j, in terms of unit i
        found = [{at.weight(l + 1, k, i): value, at.weight(l + 1, k, j): -one} for k in after]
        if opposite and name == "sigmoid":  # sigmoid(-z) = 1 - sigmoid(z)
            found = [direction | {at.bias(l + 1, k): one} for k, direction in zip(after, found, strict=True)]
        if len(after) == 1:  # what unit i gains by its weights, unit j loses
            c, d = (place[at.weight(l + 1, 0, u)] for u in (i, j))
            found += [{v: d * slope, w: -c} for v, w in zip(at.incoming(l, i), at.incoming(l, j), strict=True)]
    found += _shifts(network, at, place)
    return [{w: c for w, c in direction.items() if c and w not in left_out} for direction in found]


def rank_on_at_most(network: AnalyticNetwork, stratum: SmoothStratum, place: tuple[Fraction, ...]) -> int:
    """What directions at a place leave of the rank. After two normalized units that read the same all values are numbers, and nothing
    before them is seen: weights move constant outputs, and those of the two units multiples of what they read."""
    found = network.parameters - rank_over_q(still_directions(network, stratum, place))
    if not isinstance(network, NormalizedPerceptron) or network.widths[stratum.layer] > 2:
        return found
    names = network.activations[stratum.layer - 1 :]
    constants = network.outputs if network.bias or any(name not in AT_ZERO for name in names) else 0
    return min(found, constants + (0 if names[0] in EVEN else network.widths[stratum.layer - 1]))


def _shifts(network: AnalyticPerceptron, at: _Blocks, place: tuple[Fraction, ...]) -> Iterator[Direction]:
    """The biases of units of exp, and the weights after them that take them up."""
    for l, (width, name) in enumerate(zip(network.widths[1:-1], network.activations, strict=True), 1):
        for i in range(width if network.bias and name == "exp" else 0):
            after = [at.weight(l + 1, k, i) for k in range(network.widths[l + 1])]
            yield {at.bias(l, i): Fraction(1)} | {w: -place[w] for w in after}


def _of_heads(network: SoftmaxAttention, stratum: SmoothStratum, place: tuple[Fraction, ...]) -> list[Direction]:
    whole, one = lcm(*(w.denominator for w in place)), Fraction(1)
    found = [{i: Fraction(c) for i, c in enumerate(row) if c} for row in network.fields([int(w * whole) for w in place])]
    heads = [_head(network, stratum, h) for h in stratum.units]
    if stratum.kind == SAME_HEADS:
        found += [{i: one, j: -one} for i, j in zip(heads[0]["V"], heads[1]["V"], strict=True)]
        if network.widths[stratum.layer] == 1:  # a covariance of v and u is one of u and v: K of a head moves along V of the other
            first, second = ([place[i] for i in head["V"]] for head in heads)
            for row in range(network.inner[stratum.layer - 1]):
                at = [head["K"][row * len(first) : (row + 1) * len(first)] for head in heads]
                found.append(dict(zip(at[0], second, strict=True)) | {i: -v for i, v in zip(at[1], first, strict=True)})
        return [{i: c for i, c in direction.items() if c} for direction in found]
    letters = {NO_VALUES: "KQ", NO_KEYS: "Q", NO_QUERIES: "K"}[stratum.kind]  # of which nothing is seen
    return found + [{i: one} for letter in letters for i in heads[0][letter]]


def _head(network: SoftmaxAttention, stratum: SmoothStratum, head: int) -> dict[str, range]:
    found = {}
    for letter in "KQV":
        start, rows, columns = network.blocks[letter, stratum.layer - 1, head]
        found[letter] = range(start, start + rows * columns)
    return found


def lies_on(network: AnalyticNetwork, stratum: SmoothStratum, place: tuple[Fraction, ...]) -> bool:
    """Whether weights satisfy the conditions."""
    return len(place) == network.parameters and all(
        sum(c * place[i] for i, c in condition.items()) == 0 for condition in conditions(network, stratum)
    )


@dataclass(frozen=True)
class RankOnStratum:
    """On the set ``stratum`` the Jacobian has at most the rank that directions at ``place`` leave, and at general points of it that,
    where the rank ``here``, at another place on it, is as large. ``value``: the dimension of the set, and that rank."""

    subject: str
    stratum: SmoothStratum
    place: tuple[Fraction, ...]
    here: Verdict
    value: tuple[int, int]

    def check(self, subject: AnalyticNetwork) -> None:
        """Raises `NotShown` where a place does not lie on the set, or the numbers are others."""
        known = self.here.certificate
        if subject.hash != self.subject or self.stratum not in strata_of(subject):
            raise NotShown("a set of weights of this network is expected")
        said = (self.here.statement.subject, self.here.statement.scope)
        if not self.here.shown or not isinstance(known, MinorAtWeights) or said != (subject.hash, ()):
            raise NotShown("a minor at a place on the set is expected")
        if not lies_on(subject, self.stratum, self.place) or not lies_on(subject, self.stratum, known.place.drawn):
            raise NotShown("the places do not lie on the set")
        if self.value != (subject.parameters - len(conditions(subject, self.stratum)), self._at_most(subject)):
            raise NotShown("dimension and rank are others")

    def _at_most(self, subject: AnalyticNetwork) -> int:
        if isinstance(subject, AnalyticPerceptron) and self.stratum.kind == EQUAL and subject.bias:
            i, j = (_Blocks(subject).bias(self.stratum.layer, u) for u in self.stratum.units)
            if self.place[i] != self.place[j]:
                raise NotShown("a place with equal biases is expected")
        return rank_on_at_most(subject, self.stratum, self.place)

    def concludes(self) -> tuple[Statement, Claim]:
        """The set has that dimension, and the Jacobian that rank at its general points; or at most that."""
        claim = Claim.PROVED if self.here.statement.value == self.value[1] else Claim.UPPER_BOUND
        return Statement(RANK_ON, self.subject, self.value, (self.stratum.name,)), claim


def _of(verdict: Verdict) -> tuple[str, str, int]:
    said = verdict.statement
    return said.kind, said.subject, len(said.scope)


@dataclass(frozen=True)
class SmoothCriticalLocus:
    """What ``ranks`` on sets of weights say of the critical locus, beside the rank at general weights, the dimension of the ``whole``.
    ``key``: ``strata``, ``dimension`` or ``codimension``."""

    key: str
    parameters: int
    whole: Verdict
    ranks: tuple[Verdict, ...]

    def check(self, subject: AnalyticNetwork) -> None:
        """Raises `NotShown` where verdicts speak of something else, or no set is critical where a dimension is asked."""
        said = self.whole.statement
        if self.key not in ("strata", "dimension", "codimension") or subject.parameters != self.parameters or not self.ranks:
            raise NotShown("a part of the answer on the critical locus is expected")
        known = self.whole.shown and self.whole.claim in (Claim.PROVED, Claim.LOWER_BOUND)
        if not known or (said.kind, said.subject, said.scope) != (ANALYTIC_DIMENSION, subject.hash, subject.scope):
            raise NotShown("the dimension of this network is expected, known from below")
        ours = (RANK_ON, subject.hash, 1)
        sure = (Claim.PROVED, Claim.UPPER_BOUND)
        if not all(v.shown and v.claim in sure and _of(v) == ours for v in self.ranks):
            raise NotShown("ranks on sets of weights are expected")
        if len({v.statement.scope for v in self.ranks}) < len(self.ranks):
            raise NotShown("different sets are expected")
        if self.key != "strata" and not self._critical():
            raise NotShown("no set is shown to be critical")

    def _critical(self) -> list[Verdict]:
        return [v for v in self.ranks if v.statement.value[1] < self.whole.statement.value]

    def concludes(self) -> tuple[Statement, Claim]:
        """The rows, or the dimension of the largest critical set, which the locus has at least; and at most where that is one less than
        of all weights, since at general ones the rank does not drop."""
        said = self.whole.statement
        if self.key == "strata":
            rows = [self._row(v) for v in self.ranks]
            claim = Claim.weakest((self.whole.claim, *(v.claim for v in self.ranks)))
            return Statement("critical locus: strata", said.subject, rows), claim
        size = max(v.statement.value[0] for v in self._critical())
        value, claim = (size, Claim.LOWER_BOUND) if self.key == "dimension" else (self.parameters - size, Claim.UPPER_BOUND)
        claim = Claim.PROVED if size == self.parameters - 1 else claim
        return Statement(f"critical locus: {self.key}", said.subject, value), claim

    def _row(self, verdict: Verdict) -> dict[str, Any]:
        known = verdict.certificate
        dimension, rank = verdict.statement.value
        exact, less = verdict.claim is Claim.PROVED and self.whole.claim is Claim.PROVED, self.whole.statement.value - rank
        corank = less if exact or less > 0 else None  # by so much at least the rank drops, where one of the two is a bound
        assert isinstance(known, RankOnStratum)
        name = {"name": known.stratum.name, "kind": known.stratum.kind}
        numbers = {"dimension": dimension, "rank": rank, "corank": corank, "functions": None}
        return {**name, **numbers, "fiber": None, "claim": str(verdict.claim)}
