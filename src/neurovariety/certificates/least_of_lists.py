"""The least value of a distance or likelihood on networks: that of stored weights, and what shows that there is nothing below.

`ValueAt`. The value at real weights, in balls: an upper bound of the least. `LeastOfLists`. The least value over the closure of all
functions is taken at a smooth function, where it is critical, or at a singular one, which a theorem places on smaller networks; so it
is the least in lists of all of these, as strong as the lists are. A list that test C closes has all smooth critical functions, isolated
or not: a curve of them beside as many regular ends as there are in general is excluded by the argument in `completeness`, since
critical points with their parameters (targets; counts; functionals with levels, and multipliers) are a bundle over smooth functions. It
needs that there are some in general, so an empty list excludes nothing. ``slack``: the value is within it of the least, or of
the bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.measured_phrases import up_to
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

LEAST_VALUE = "least value on networks"


@runtime_checkable
class ValuesOfNetworks(Protocol):
    """What is to be made small. Exact, and trusted to be what it is called."""

    @property
    def hash(self) -> str: ...
    @property
    def lists(self) -> tuple[str, ...]:
        """What the lists of critical points speak of: smooth functions, then the strata."""
        ...

    @property
    def singular(self) -> str:
        """Why the least is in these lists: what places singular functions on the strata; '' where nothing does."""
        ...

    def lowest(self, number: int, known: Verdict) -> flint.arb | None:
        """A lower bound of the values at all points of a list that may be in question; None for a list without any. Raises
        `NotShown`."""
        ...

    def beside(self) -> list[flint.arb]:
        """Lower bounds of the values of single functions that are strata."""
        ...

    def highest(self, weights: tuple[float, ...]) -> flint.arb:
        """An upper bound of the value at real weights. Raises `NotShown` where these have none."""
        ...


@dataclass(frozen=True)
class ValueAt:
    """``weights``, at which the value is at most ``value`` plus ``slack``."""

    values_of: str
    weights: tuple[float, ...]
    value: float
    slack: float

    def check(self, subject: ValuesOfNetworks) -> None:
        """Raises `NotShown` where it is larger."""
        if subject.hash != self.values_of:
            raise NotShown("the certificate is one of another question")
        if not self.slack >= 0 or not subject.highest(self.weights) <= flint.arb(self.value) + flint.arb(self.slack):
            raise NotShown("the value at the weights is larger")

    def concludes(self) -> tuple[Statement, Claim]:
        """The least is at most that."""
        return Statement(LEAST_VALUE, self.values_of, self.value, up_to(self.slack)), Claim.UPPER_BOUND


@dataclass(frozen=True, eq=False)
class LeastOfLists:
    """Weights whose value is the least in ``lists`` of all critical points, of smooth functions and on each stratum."""

    at: ValueAt
    lists: tuple[Verdict, ...]

    def check(self, subject: ValuesOfNetworks) -> None:
        """Raises `NotShown` where a list may lack a point, one may be less, or others are not excluded."""
        self.at.check(subject)
        if not subject.singular:
            raise NotShown("singular functions off the strata are not excluded")
        if tuple(p.statement.subject for p in self.lists) != subject.lists or not all(p.checked for p in self.lists):
            raise NotShown("the lists are those of another question")
        if any(p.claim not in (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE) for p in self.lists):
            raise NotShown("a list may lack a point")
        bounds = [*(subject.lowest(k, p) for k, p in enumerate(self.lists)), *subject.beside()]
        low = flint.arb(self.at.value) - flint.arb(self.at.slack)
        if all(b is None for b in bounds) or not all(b is None or b >= low for b in bounds):
            raise NotShown("a listed point may be less")

    def concludes(self) -> tuple[Statement, Claim]:
        """That is the least."""
        said, known = self.at.concludes()[0], [p.statement for p in self.lists]
        scope = tuple(dict.fromkeys((*said.scope, *(phrase for s in known for phrase in s.scope))))
        claim = Claim.weakest(p.claim for p in self.lists)
        return Statement(said.kind, said.subject, said.value, scope, sum(s.error for s in known)), claim
