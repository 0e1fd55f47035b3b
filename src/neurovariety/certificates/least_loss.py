"""The least loss of networks: an interval whose upper end is the loss of stored weights, and what shows that there is nothing below.

Losses are computed in balls from residuals, never as differences of large numbers. ``slack`` is the width of the interval that is
allowed: the value is within it of the least loss, or of an upper bound of it.

`LossAtWeights`: the loss of weights, an upper bound. `NoLossBelowZero`: a sum of squares that is no more than the slack. `NoneBelow`:
a bound of the loss of all functions of the linear span, or of all matrices or forms of the rank, in balls. `LeastInLists` (as strong
as the lists): a definite loss has a least value on the closure of the functions, at a smooth function, where it is critical, or at a
singular one, which a theorem places on the strata; so it is the least in lists of all of these.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.critical_functions import BUT_ONE, CRITICAL, REAL
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.measured_phrases import up_to
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

LEAST = "least loss"


@runtime_checkable
class LossAt(Protocol):
    """The loss of a model's weights, from the data or the teacher as they are. Exact, and trusted to be what it is called."""

    @property
    def hash(self) -> str: ...
    @property
    def squares(self) -> bool:
        """Whether the loss is a sum of squares."""
        ...

    def bounds(self, weights: tuple[float, ...]) -> tuple[float, float]:
        """Bounds of the loss of real weights."""
        ...


@runtime_checkable
class LossWithBound(LossAt, Protocol):
    """The same with a bound of all losses."""

    def below_all(self) -> flint.arb | None:
        """A lower bound of the losses of all networks, by a theorem or of the linear span; None where there is none."""
        ...


@runtime_checkable
class LossOfNetworks(LossWithBound, Protocol):
    """The same with what is known of all functions."""

    @property
    def lists(self) -> tuple[str, ...]:
        """The hashes of the lists of critical functions: of the smooth ones, and of each stratum; '' for the zero function."""
        ...

    @property
    def singular(self) -> str:
        """Why all singular functions of the closure are on the strata; '' where no theorem says so."""
        ...

    def definite(self) -> bool:
        """Whether the loss is shown to be definite on the coefficients."""
        ...

    def real_losses(self, number: int, known: Verdict | None) -> list[flint.arb]:
        """Lower bounds of the losses of those functions of a list that are not shown not to be real."""
        ...


@dataclass(frozen=True)
class LossAtWeights:
    """``weights``, whose loss is at most ``value`` plus ``slack``."""

    loss_of: str
    weights: tuple[float, ...]
    value: float
    slack: float

    def check(self, subject: LossAt) -> None:
        """Raises `NotShown` where the loss of the weights is larger."""
        if subject.hash != self.loss_of:
            raise NotShown("the certificate is one of another loss")
        if not self.slack >= 0 or not subject.bounds(self.weights)[1] <= self.value + self.slack:
            raise NotShown("the loss of the weights is larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """The least loss is at most that."""
        return Statement(LEAST, self.loss_of, self.value, up_to(self.slack)), Claim.UPPER_BOUND


@dataclass(frozen=True)
class NoLossBelowZero:
    """A network of which the loss, a sum of squares, is 0 up to the slack."""

    at: LossAtWeights

    def check(self, subject: LossAt) -> None:
        """Raises `NotShown` where the loss is no sum of squares, or larger than the slack."""
        self.at.check(subject)
        if not subject.squares or not 0 <= self.at.value <= self.at.slack:
            raise NotShown("the loss is not 0")

    def concludes(self) -> tuple[Statement, Claim]:
        """That is the least."""
        return self.at.concludes()[0], Claim.PROVED


@dataclass(frozen=True)
class NoneBelow:
    """A network whose loss is, up to the slack, a bound of all losses."""

    at: LossAtWeights

    def check(self, subject: LossWithBound) -> None:
        """Raises `NotShown` where the bound is smaller."""
        self.at.check(subject)
        low = subject.below_all()
        if low is None or not flint.arb(self.at.value) - low <= self.at.slack:
            raise NotShown("networks of less loss are not excluded")

    def concludes(self) -> tuple[Statement, Claim]:
        """That is the least."""
        return self.at.concludes()[0], Claim.PROVED


@dataclass(frozen=True, eq=False)
class LeastInLists:
    """A network whose loss is the least in lists: for the smooth functions and for each stratum that of the critical functions and what
    is shown of their reality (None for the zero function)."""

    at: LossAtWeights
    lists: tuple[tuple[Verdict, Verdict] | None, ...]

    def check(self, subject: LossOfNetworks) -> None:
        """Raises `NotShown` where a list may lack a function, a function may have less loss, or others are not excluded."""
        self.at.check(subject)
        if not subject.singular or not subject.definite():
            raise NotShown("the least loss need not be at a listed function")
        if len(self.lists) != len(subject.lists):
            raise NotShown("the lists are those of another model")
        for k, (pair, expected) in enumerate(zip(self.lists, subject.lists, strict=True)):
            if (pair is None) != (not expected):
                raise NotShown("a list is missing")
            for verdict, kind in zip(pair or (), (CRITICAL, REAL), strict=False):
                said = verdict.statement
                if not verdict.shown or (said.kind, said.subject) != (kind, expected) or verdict.claim is not Claim.COMPLETE:
                    raise NotShown("a list may lack a function")
                if BUT_ONE in said.scope:
                    raise NotShown("a list may lack the function of loss 0")
            low = subject.real_losses(k, None if pair is None else pair[0])
            if not all(flint.arb(self.at.value) - loss <= self.at.slack for loss in low):
                raise NotShown("a function may have less loss")

    def concludes(self) -> tuple[Statement, Claim]:
        """That is the least."""
        said = self.at.concludes()[0]
        known = [v.statement for pair in self.lists if pair is not None for v in pair]
        scope = tuple(dict.fromkeys((*said.scope, *(phrase for s in known for phrase in s.scope))))
        return Statement(LEAST, said.subject, said.value, scope, sum(s.error for s in known)), Claim.COMPLETE
