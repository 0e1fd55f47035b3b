"""Ranks at a table of exact inputs: of the Jacobian of a model's values there, and of the values of its functions, at general weights.

A rank mod p at one point is a lower bound; the number of rows, the dimension and the linear span bound it from above.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from math import prod
from typing import Literal

from neurovariety.certificates.functions import DIMENSION, SPAN, Functions, Inputs, at_inputs
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import LARGEST_ERROR, ModularRank
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import residue
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

JACOBIAN, VALUES = "rank of the Jacobian", "rank of the values"
SAMPLES, DETERMINED, FURTHER = "samples", "determined", "further samples"
_KINDS = {DIMENSION: JACOBIAN, SPAN: VALUES}
_GENERIC: dict[str, str] = {JACOBIAN: DIMENSION, VALUES: SPAN}
_BELOW = (Claim.LOWER_BOUND, Claim.PROVED, Claim.PROBABILITY)
_KNOWN = (Claim.PROVED, Claim.PROBABILITY)


@dataclass(frozen=True)
class TableOfInputs:
    """A table has so many rows."""

    subject: str
    inputs: Inputs
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` for another number."""
        if subject.hash != self.subject or len(self.inputs) != self.value:
            raise NotShown("the table has another number of rows")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many samples."""
        return Statement(at_inputs(SAMPLES, self.inputs), self.subject, self.value), Claim.PROVED


@dataclass(frozen=True, eq=False)
class RankAtInputs:
    """A rank mod p that was taken at the ``inputs``: at general weights it is no smaller."""

    inputs: Inputs
    rank: ModularRank

    @property
    def kind(self) -> str:
        """Which rank."""
        if self.rank.kind not in _KINDS:
            raise NotShown("the rank is one of another matrix")
        return at_inputs(_KINDS[self.rank.kind], self.inputs)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it was taken elsewhere, or is smaller."""
        _check_place(self.rank, self.inputs, 0)
        self.rank.check(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is at least that."""
        return Statement(self.kind, self.rank.subject, self.rank.value, self.rank.scope), Claim.LOWER_BOUND


def _check_place(rank: ModularRank, inputs: Inputs, further: int) -> None:
    """Raises `NotShown` unless a rank was taken at the inputs, and so many further ones."""
    place = rank.place
    if place.inputs is None or len(place.inputs) != len(inputs) + further or rank.kind not in _KINDS or place.factors is not None:
        raise NotShown("the rank was taken at other inputs")
    taken = [[int(v) % place.prime for v in row.reshape(-1)] for row in place.inputs[: len(inputs)]]
    if taken != [[residue(v, place.prime) for v in row] for row in inputs]:
        raise NotShown("the rank was taken at other inputs")


@dataclass(frozen=True)
class AtMostRows:
    """A rank at inputs is at most the number of different ones times the number of outputs."""

    subject: str
    inputs: Inputs
    of: Literal["rank of the Jacobian", "rank of the values"]
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` for another number."""
        if subject.hash != self.subject or self.of not in _GENERIC or self.value != len(set(self.inputs)) * subject.outputs:
            raise NotShown("there is another number of rows")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is at most that."""
        return Statement(at_inputs(self.of, self.inputs), self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True)
class AsLargeAsAnywhere:
    """A rank at inputs that is as large as the rank over all inputs, which is the dimension (of the linear span for values)."""

    lower: Verdict
    generic: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it is smaller, or the dimension is not known."""
        low, high, shown = self.lower.statement, self.generic.statement, self.lower.certificate
        if not isinstance(shown, RankAtInputs) or not (self.lower.shown and self.generic.shown) or low.subject != subject.hash:
            raise NotShown("a rank at inputs is expected")
        if high.subject != subject.hash or high.kind != shown.rank.kind or self.generic.claim not in _KNOWN or high.value != low.value:
            raise NotShown("the rank over all inputs is not known, or larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is that."""
        low, high = self.lower.statement, self.generic.statement
        scope = tuple(dict.fromkeys((*low.scope, *high.scope)))
        return Statement(low.kind, low.subject, low.value, scope, high.error), self.generic.claim


@dataclass(frozen=True, eq=False)
class RandomRanksAtInputs:
    """The rank at the inputs for general weights is the largest at random weights mod random primes; ``upper`` bounds it."""

    trials: tuple[RankAtInputs, ...]
    upper: Verdict
    error: float = field(default=1.0, init=False)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where a rank is another, or where the error says little."""
        first, most = self.trials[0], int(self.upper.statement.value)
        if len({t.rank.place.drawn for t in self.trials}) < len(self.trials) or any(
            t.kind != first.kind or t.inputs != first.inputs for t in self.trials
        ):
            raise NotShown("ranks of one matrix at different places are expected")
        said, bounds = self.upper.statement, (Claim.UPPER_BOUND, Claim.PROVED)
        if said.subject != subject.hash or not self.upper.shown or self.upper.claim not in bounds:
            raise NotShown("a bound of the rank is expected")
        if said.kind not in (first.kind, first.rank.kind):
            raise NotShown("a bound of the rank is expected")
        for trial in self.trials:
            trial.check(subject)
            trial.rank.check_exactly(subject)
            weights = trial.rank.place.weights
            if trial.rank.kind == SPAN and weights is not None and len(weights) < most:
                raise NotShown("no more functions were asked for")
        bits = size_in_bits(first.inputs)
        object.__setattr__(self, "error", prod(min(1.0, subject.error(t.rank.place, most, bits)) for t in self.trials))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is that number, but for the error."""
        rank = self.trials[0].rank
        value = max(t.rank.value for t in self.trials)
        return Statement(self.trials[0].kind, rank.subject, value, rank.scope, self.error), Claim.PROBABILITY


def size_in_bits(inputs: Inputs) -> float:
    """Bits of the numerators and of the common denominator of a table."""
    values = {v for row in inputs for v in row}
    common = math.lcm(*(v.denominator for v in values))
    return math.log2(max(common, *(abs(v * common).numerator for v in values), 2))


@dataclass(frozen=True)
class Determines:
    """Whether inputs determine a general function locally: the rank of the Jacobian there is the dimension, or less."""

    inputs: Inputs
    rank: Verdict
    dimension: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the two are not known well enough to be compared."""
        rank, dimension = self.rank, self.dimension
        _check_pair(self.inputs, rank, dimension, subject)
        if rank.statement.value == dimension.statement.value and dimension.claim not in _KNOWN:
            raise NotShown("the dimension may be larger")
        if rank.statement.value < dimension.statement.value and rank.claim not in _KNOWN:
            raise NotShown("the rank may be larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """Yes or no."""
        rank, dimension = self.rank.statement, self.dimension.statement
        yes = rank.value == dimension.value  # then the rank is known from below, and else the dimension is
        premise = self.dimension if yes else self.rank
        scope = tuple(dict.fromkeys((*rank.scope, *dimension.scope)))
        kind = at_inputs(DETERMINED, self.inputs)
        return Statement(kind, rank.subject, "yes" if yes else "no", scope, premise.statement.error), premise.claim


def _check_pair(inputs: Inputs, rank: Verdict, dimension: Verdict, subject: Functions) -> None:
    """Raises `NotShown` unless both are bounded from below, and the rank is that of the Jacobian at the inputs."""
    if not (rank.shown and dimension.shown) or rank.claim not in _BELOW or dimension.claim not in _BELOW:
        raise NotShown("a rank and a dimension are expected")
    if rank.statement.kind != at_inputs(JACOBIAN, inputs) or dimension.statement.kind != DIMENSION:
        raise NotShown("the rank of the Jacobian at the inputs and the dimension are expected")
    if not rank.statement.subject == dimension.statement.subject == subject.hash:
        raise NotShown("the certificate is one of another model")
    if rank.statement.value > dimension.statement.value:
        raise NotShown("the rank is larger than the dimension")


@dataclass(frozen=True, eq=False)
class FurtherSamples:
    """So many further general inputs bring the rank of the Jacobian to the dimension: ``enough`` shows that they do. With one fewer it
    stays below by their number, or at random points, the ``fewer``."""

    inputs: Inputs
    rank: Verdict
    dimension: Verdict
    enough: ModularRank
    fewer: tuple[ModularRank, ...]
    value: int
    error: float = field(default=0.0, init=False)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the ranks are others, or the error says little."""
        _check_pair(self.inputs, self.rank, self.dimension, subject)
        r, found = self.dimension.statement.value, self.rank.statement.value
        _check_place(self.enough, self.inputs, self.value)
        self.enough.check(subject)
        if self.enough.kind != DIMENSION or self.enough.value < r or self.value < 0:
            raise NotShown("so many samples are not shown to be enough")
        if not self.value or (self.rank.claim in _KNOWN and found + (self.value - 1) * subject.outputs < r):
            return
        if not self.fewer or len({trial.place.drawn for trial in self.fewer}) < len(self.fewer):
            raise NotShown("fewer samples were not tried, at different places")
        bits, once = size_in_bits(self.inputs), []
        for trial in self.fewer:
            _check_place(trial, self.inputs, self.value - 1)
            trial.check_exactly(subject)
            if trial.kind != DIMENSION or trial.value >= r:
                raise NotShown("fewer samples may be enough")
            # some inputs are given and some are drawn: primes may be bad for the former, points for the latter
            once.append(min(1.0, subject.error(trial.place, r) + subject.error(trial.place, r, bits)))
        object.__setattr__(self, "error", prod(once))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many further samples."""
        rank, dimension = self.rank.statement, self.dimension.statement
        by_number = self.value and not self.error
        claims = [self.dimension.claim, *([self.rank.claim] if by_number else []), *([Claim.PROBABILITY] if self.error else [])]
        error = dimension.error + self.error + (rank.error if by_number else 0.0)
        scope = tuple(dict.fromkeys((*rank.scope, *dimension.scope)))
        return Statement(at_inputs(FURTHER, self.inputs), rank.subject, self.value, scope, error), Claim.weakest(claims)
