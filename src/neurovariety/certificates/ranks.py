"""Ranks of exact matrices mod p: proved lower bounds of dimensions, and equalities that are wrong with a small probability.

A minor that is nonzero mod p is nonzero over Q, so the rank at any point over any prime bounds the generic rank from below. At a random
point over a random prime it is the generic rank but for a probability that follows from degrees and heights (Schwartz 1980).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod

import flint

from neurovariety.certificates.functions import DIMENSION, Functions, Kind, Place
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

LARGEST_ERROR = 2.0**-20
"""With a larger probability of error nothing is claimed."""
GENERAL_COEFFICIENTS = "for general coefficients"
"""What belongs to statements on a model whose coefficients are drawn."""


def check_prime(p: int) -> None:
    """Raises `NotShown` for a number that is no prime of a word."""
    if not 1 < p < 2**63 or not flint.fmpz(p).is_prime():
        raise NotShown(f"a prime of at most 63 bits is expected, not {p}")


@dataclass(frozen=True, eq=False)
class ModularRank:
    """The rank of a model's matrix at a place is at least ``value``. ``generic``: the model has general coefficients, drawn there."""

    subject: str
    place: Place
    value: int
    generic: bool = False

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the rank is smaller."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        if self.generic != subject.generic:
            raise NotShown("general coefficients belong to the statement")
        found = self.found(subject)
        if found < self.value:
            raise NotShown(f"the rank is {found}, not {self.value}")

    def check_exactly(self, subject: Functions) -> None:
        """Raises `NotShown` where the rank is smaller, or larger."""
        self.check(subject)
        if self.found(subject) != self.value:
            raise NotShown(f"the rank is larger than {self.value}")

    def found(self, subject: Functions) -> int:
        """The rank of the matrix."""
        place = self.place
        check_prime(place.prime)
        taken = subject.took(place)
        if taken is not None:
            return taken
        matrix = subject.matrix(place)
        return int(flint.nmod_mat([[int(v) for v in row] for row in matrix], place.prime).rank()) if matrix.size else 0

    @property
    def kind(self) -> Kind:
        """What the rank bounds."""
        return self.place.kind

    @property
    def samples(self) -> int | None:
        """The number of inputs; None where they were too many to keep."""
        return self.place.samples

    @property
    def scope(self) -> tuple[str, ...]:
        """What belongs to every statement that rests on it."""
        return (GENERAL_COEFFICIENTS,) if self.generic else ()

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is at least that."""
        return Statement(self.kind, self.subject, self.value, self.scope), Claim.LOWER_BOUND


def _bounds(upper: Verdict, subject: Functions, at_most: int) -> bool:
    said = upper.statement
    known = upper.shown and said.kind == DIMENSION and said.subject == subject.hash and said.value == at_most
    return known and upper.claim in (Claim.UPPER_BOUND, Claim.PROVED)


@dataclass(frozen=True, eq=False)
class RandomRanks:
    """A dimension is the largest rank of ``trials`` at random points over random primes; each beside the rank with an input fewer.

    ``at_most`` bounds the generic rank: for dimensions it is proved (``upper``), for spans it is how many functions were asked for. The
    error is computed: that of each trial twice, for its rank and for the rank that a further input could add; the product of all.
    """

    trials: tuple[tuple[ModularRank, ModularRank | None], ...]
    at_most: int
    upper: Verdict | None = None

    def _value(self) -> int:
        return max(full.value for full, _ in self.trials)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where a rank is smaller, where a further input adds to it, or where the error says nothing."""
        value = self._value()
        kind = self.trials[0][0].kind
        if len({full.place.drawn for full, _ in self.trials}) < len(self.trials) or any(full.kind != kind for full, _ in self.trials):
            raise NotShown("ranks of one matrix at different places are expected")
        if kind == DIMENSION and (self.upper is None or not _bounds(self.upper, subject, self.at_most)):
            raise NotShown("a bound of the dimension is expected")
        for full, fewer in self.trials:
            full.check_exactly(subject)
            if full.kind != DIMENSION:
                rows = None if full.place.weights is None else len(full.place.weights)
                if value >= self.at_most or (rows is not None and rows < self.at_most):
                    raise NotShown("no more functions were asked for")
            elif full.value == value:
                if fewer is not None:
                    fewer.check_exactly(subject)
                inputs = full.samples or 0
                if (fewer is None or fewer.value < value) and inputs <= subject.parameters:
                    raise NotShown("a further input may add to the rank")
        object.__setattr__(self, "error", prod(min(1.0, 2 * subject.error(full.place, self.at_most)) for full, _ in self.trials))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    error = 1.0

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension is that number, but for the error."""
        first = self.trials[0][0]
        return Statement(first.kind, first.subject, self._value(), first.scope, self.error), Claim.PROBABILITY


@dataclass(frozen=True, eq=False)
class FewestSamples:
    """So many general inputs leave finitely many functions, and fewer do not: the Jacobian at ``enough`` inputs has the rank that the
    dimension says. With one fewer it cannot, by their number, or has less at random points, the ``fewer``."""

    dimension: Verdict
    enough: ModularRank
    fewer: tuple[ModularRank, ...]
    samples: int
    error: float = field(default=0.0, init=False)

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the ranks are others, or the error says little."""
        r = self.dimension.statement.value
        if self.dimension.statement.kind != DIMENSION or self.dimension.statement.subject != subject.hash or not self.dimension.checked:
            raise NotShown("the dimension is not that of the model")
        self.enough.check(subject)
        if self.enough.kind != DIMENSION or self.enough.value < r or self.enough.samples != self.samples:
            raise NotShown("so many samples are not shown to be enough")
        if (self.samples - 1) * subject.outputs < r:
            return
        if not self.fewer or len({trial.place.drawn for trial in self.fewer}) < len(self.fewer):
            raise NotShown("fewer samples were not tried, at different places")
        for trial in self.fewer:
            trial.check_exactly(subject)
            if trial.kind != DIMENSION or trial.samples != self.samples - 1 or trial.value >= r:
                raise NotShown("fewer samples may be enough")
            if trial.place.factors is not None:
                raise NotShown("combinations of the outputs may have a smaller rank than all of them")
        object.__setattr__(self, "error", prod(subject.error(trial.place, r) for trial in self.fewer))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many samples."""
        claims = [self.dimension.claim, *([Claim.PROBABILITY] if self.error else [])]
        known = self.dimension.statement
        return Statement("samples", known.subject, self.samples, known.scope, known.error + self.error), Claim.weakest(claims)
