"""What rests at smaller networks inside a network: critical functions of these, at weights where the large one rests or moves.

A function on a stratum is critical for the smaller network. The large one moves there if its gradient, in balls over the box of the
weights, is not 0 in some weight. It rests if the stratum only sets weights to 0, and all derivatives by these vanish there.

`AllResting`. The lists of all strata are complete, each function on them is shown to rest or to move, and it is a theorem on the family
that all weights where J drops rank and training rests are on these strata.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from neurovariety.certificates.critical_functions import BUT_ONE, CRITICAL
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

RESTING, LIMITS = "functions at rest at smaller networks", "limits of networks"
NOT_SHOWN = "critical for smaller networks; not all are shown to rest in the large one"


@runtime_checkable
class StrataOfLoss(Protocol):
    """Strata of a model for one loss; functions on them are numbered as in the lists of their critical functions. Exact, and trusted
    to be what it is called."""

    @property
    def hash(self) -> str: ...
    @property
    def lists(self) -> tuple[str, ...]:
        """The hashes of the lists of critical functions: of smooth ones, then of each stratum; '' for that of weights all zero."""
        ...

    @property
    def listed(self) -> str:
        """Why all weights where J drops rank and training rests are on the strata; '' where no theorem says so."""
        ...

    def moves(self, number: int, function: int, known: Verdict | None) -> bool:
        """Whether the network is shown to move at a function of the list ``known``."""
        ...

    def rests(self, number: int, function: int, known: Verdict | None) -> bool:
        """Whether the network is shown to rest there."""
        ...


@dataclass(frozen=True, eq=False)
class OnStratum:
    """The list of critical functions of a stratum (None: that of one function), and which of them are kept."""

    known: Verdict | None
    kept: tuple[bool, ...]

    def check_is(self, subject: StrataOfLoss, number: int) -> None:
        """Raises `NotShown` where the list is that of another stratum."""
        expected = subject.lists[number]
        if self.known is None:
            if expected or len(self.kept) != 1:
                raise NotShown("the critical functions of a stratum are not listed")
            return
        said = self.known.statement
        if not self.known.shown or said.kind != CRITICAL or said.subject != expected or said.value != len(self.kept):
            raise NotShown("the list is one of another stratum")


@dataclass(frozen=True, eq=False)
class _AtStrata:
    """The functions of strata, in their order."""

    strata_of: str
    parts: tuple[OnStratum, ...]

    @property
    def number(self) -> int:
        """How many are kept."""
        return sum(sum(p.kept) for p in self.parts)

    def check_lists(self, subject: StrataOfLoss) -> None:
        """Raises `NotShown` where the lists are not those of the strata."""
        if subject.hash != self.strata_of or 1 + len(self.parts) != len(subject.lists):
            raise NotShown("the certificate is one of other strata")
        for k, part in enumerate(self.parts, 1):
            part.check_is(subject, k)


@dataclass(frozen=True, eq=False)
class SomeResting(_AtStrata):
    """So many at least. ``shown``: each that is kept rests; else it is only not shown to move."""

    shown: bool

    def check(self, subject: StrataOfLoss) -> None:
        """Raises `NotShown` where a list is another's, or where a function is not shown to rest though all are said to."""
        self.check_lists(subject)
        for k, part in enumerate(self.parts, 1):
            for i, kept in enumerate(part.kept):
                if kept and self.shown and not subject.rests(k, i, part.known):
                    raise NotShown("a function is not shown to rest")

    def concludes(self) -> tuple[Statement, Claim]:
        """At least so many."""
        return Statement(RESTING, self.strata_of, self.number, () if self.shown else (NOT_SHOWN,)), Claim.LOWER_BOUND


@dataclass(frozen=True, eq=False)
class AllResting(_AtStrata):
    """So many in all."""

    def check(self, subject: StrataOfLoss) -> None:
        """Raises `NotShown` where a list may lack a function, where none says that there are no other strata, and where a function is
        neither shown to rest nor to move."""
        self.check_lists(subject)
        if not subject.listed:
            raise NotShown("no theorem says that all strata are listed")
        known = [p.known for p in self.parts if p.known is not None]
        if any(v.claim is not Claim.COMPLETE or BUT_ONE in v.statement.scope for v in known):
            raise NotShown("a list may lack a function")
        for k, part in enumerate(self.parts, 1):
            for i, kept in enumerate(part.kept):
                if not (subject.rests if kept else subject.moves)(k, i, part.known):
                    raise NotShown("a function is neither shown to rest nor to move")

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, which rests on a test for missing ones where a list does."""
        known = [p.known.statement for p in self.parts if p.known is not None]
        scope = tuple(dict.fromkeys(phrase for said in known for phrase in said.scope))
        claim = Claim.COMPLETE if known else Claim.PROVED
        return Statement(RESTING, self.strata_of, self.number, scope, sum(said.error for said in known)), claim


@dataclass(frozen=True)
class SomeLimits:
    """Critical functions among those limits of networks that are looked at, each list of them once."""

    subject: str
    lists: tuple[Verdict, ...]

    def check(self, subject: StrataOfLoss) -> None:
        """Raises `NotShown` where a list is none of critical functions."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another network")
        if not all(v.shown and v.statement.kind == CRITICAL for v in self.lists):
            raise NotShown("lists of critical functions are expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """At least so many."""
        numbers = {v.statement.subject: v.statement.value for v in self.lists}
        return Statement(LIMITS, self.subject, sum(numbers.values())), Claim.LOWER_BOUND
