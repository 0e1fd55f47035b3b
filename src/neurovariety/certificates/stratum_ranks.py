"""Ranks on strata of weights: the dimension of a stratum, the rank of the Jacobian along it, the dimension of its functions.

Each is the generic rank of a matrix of polynomials in the parameters of the stratum, which are independent. A rank mod p at any point
is at most that; at a random point over a random prime it is that, but for a probability that follows from degrees and heights.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import prod
from typing import Any, Literal, Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.functions import DIMENSION, Functions, draw_of
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS, LARGEST_ERROR, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

ON_STRATUM = "ranks on a stratum"
_SURE = (Claim.PROVED, Claim.PROBABILITY)
_LOCUS = "critical locus"
Counts = tuple[tuple[tuple[int, int], int], ...]


@dataclass(frozen=True, eq=False)
class StratumPlace:
    """A point of the stratum of that name: residues mod ``prime`` of its ``parameters`` (s,), of the model's ``coefficients``, and of
    ``inputs`` at which the Jacobian is taken."""

    stratum: str
    prime: int
    parameters: np.ndarray
    coefficients: np.ndarray
    inputs: np.ndarray


@dataclass(frozen=True)
class PlaceRanks:
    """At a place: ranks of the derivative of the stratum's map, of the Jacobian, of their product, and of the Jacobian without the last
    input."""

    dimension: int
    rank: int
    functions: int
    fewer: int


@runtime_checkable
class StratifiedFunctions(Functions, Protocol):
    """A model with named strata of its weights, each the image of a polynomial map."""

    def stratum_matrices(self, place: StratumPlace) -> tuple[np.ndarray, np.ndarray]:
        """Mod p the derivative (N, s) of the map of a stratum, and the Jacobian (inputs times outputs, N) at its point."""
        ...

    def stratum_taken(self, place: StratumPlace) -> PlaceRanks | None:
        """The ranks at a place, where this process has taken them by exact elimination."""
        ...

    def stratum_parameters(self, stratum: str) -> int | None:
        """The number s of parameters of a stratum; None where none has that name."""
        ...

    def stratum_kind(self, stratum: str) -> str | None:
        """The word for what a stratum is; None where none has that name."""
        ...

    def stratum_error(self, stratum: str, at_most: int, prime: int) -> float:
        """The probability, at most, that one random place of a random prime as long as that misses one of the ranks, or that a further
        input would add to one, where the Jacobian has rank at most so much."""
        ...

    def stratum_orbit(self, stratum: str) -> tuple[tuple[int, ...], Counts] | None:
        """Of a network of matrices that are multiplied: its widths, and the intervals [i, j] with their multiplicities that describe
        the chains of the stratum; None of other strata."""
        ...

    def critical_union(self, strata: tuple[str, ...]) -> tuple[str, str] | None:
        """The theorem, with its source, that the Jacobian drops rank nowhere but on these strata, where code finds that its hypotheses
        hold."""
        ...


def limits(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """What limits the statements of verdicts, each phrase once; the first phrase of one on a stratum is its name, and no limit."""
    return tuple(dict.fromkeys(p for v in verdicts for p in v.statement.scope[v.statement.kind == ON_STRATUM :]))


def _known(verdict: Verdict, kind: str, subject: str) -> bool:
    return verdict.shown and verdict.statement.kind == kind and verdict.statement.subject == subject


@dataclass(frozen=True, eq=False)
class StratumRanks:
    """The three numbers of a stratum are the largest ranks at random ``places``; ``upper`` bounds the rank of the Jacobian anywhere.

    They are proved where they are as large as they can be: as many as there are parameters, as the bound, and as the smaller of these.
    With ``bound`` no more is said than that they are at least that. ``value``: dimension, rank, functions.
    """

    subject: str
    stratum: str
    places: tuple[StratumPlace, ...]
    value: tuple[int, int, int]
    upper: Verdict
    bound: bool = False
    error: float = field(default=0.0, init=False)

    def check(self, subject: StratifiedFunctions) -> None:
        """Raises `NotShown` where the ranks are others, where a further input may add to one, or where the error says little."""
        if subject.hash != self.subject or not _known(self.upper, DIMENSION, subject.hash):
            raise NotShown("the certificate is one of another model")
        if self.upper.claim not in (Claim.PROVED, Claim.UPPER_BOUND):
            raise NotShown("the rank of the Jacobian is not bounded")
        parameters = subject.stratum_parameters(self.stratum)
        if parameters is None or not self.places or any(place.stratum != self.stratum for place in self.places):
            raise NotShown("places on one stratum of the model are expected")
        if len({draw_of(place.prime, place.parameters) for place in self.places}) < len(self.places):
            raise NotShown("different places are expected")
        found = [ranks_at(subject, place) for place in self.places]
        largest = tuple(max(getattr(f, name) for f in found) for name in ("dimension", "rank", "functions"))
        if largest != self.value:
            raise NotShown(f"the largest ranks are {largest}, not {self.value}")
        dimension, rank, functions = self.value
        at_most = self.upper.statement.value
        if self.bound or (dimension == parameters and rank == at_most and functions == min(dimension, rank)):
            return
        for place, f in zip(self.places, found, strict=True):
            if f.rank < at_most and f.fewer < f.rank and len(place.inputs) <= subject.parameters:
                raise NotShown("a further input may add to the rank")
        object.__setattr__(
            self, "error", prod(min(1.0, subject.stratum_error(self.stratum, at_most, place.prime)) for place in self.places)
        )
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """These numbers, of the general points of the stratum."""
        claim = Claim.LOWER_BOUND if self.bound else Claim.PROBABILITY if self.error else Claim.PROVED
        general = (GENERAL_COEFFICIENTS,) if self.places[0].coefficients.size else ()
        scope = tuple(dict.fromkeys((self.stratum, *general, *limits([self.upper]))))
        return Statement(ON_STRATUM, self.subject, self.value, scope, self.error), claim


def ranks_at(subject: StratifiedFunctions, place: StratumPlace) -> PlaceRanks:
    """The ranks at a place. Raises `NotShown` for a modulus that is no prime."""
    check_prime(place.prime)
    taken = subject.stratum_taken(place)
    if taken is not None:
        return taken
    tangent, jacobian = (_matrix(a, place.prime) for a in subject.stratum_matrices(place))
    left = jacobian.nrows() - subject.outputs
    fewer = flint.nmod_mat(left, jacobian.ncols(), jacobian.entries()[: left * jacobian.ncols()], place.prime) if left > 0 else None
    both = (jacobian * tangent).rank() if jacobian.ncols() and tangent.ncols() else 0
    return PlaceRanks(int(tangent.rank()), int(jacobian.rank()), int(both), int(fewer.rank()) if fewer is not None else 0)


def _matrix(values: np.ndarray, p: int) -> flint.nmod_mat:
    rows, columns = values.shape
    return flint.nmod_mat(rows, columns, [int(v) % p for v in values.reshape(-1)], p)


@dataclass(frozen=True)
class OrbitRanks:
    """The numbers of the chains of matrices of one type, by closed formulas that hold at every point.

    The type is a sum of intervals [i, j] of nodes: the orbit under changes of basis has the dimension of the group less that of the
    stabilizer, where Hom([i, j], [k, l]) is a line if k <= i <= l <= j (Abeasis, Del Fra 1980). With a_l the rank of the product of the
    matrices after l, and b_l of those before, the image of J is a sum of spaces of two flags, of dimension sum (a_l - a_{l-1}) b_l.
    """

    subject: str
    stratum: str
    widths: tuple[int, ...]
    counts: Counts

    def check(self, subject: StratifiedFunctions) -> None:
        """Raises `NotShown` where the stratum is another, or the intervals are none of these widths."""
        if subject.hash != self.subject or subject.stratum_orbit(self.stratum) != (self.widths, self.counts):
            raise NotShown("the certificate is one of another model, or stratum")
        for v, width in enumerate(self.widths):
            if sum(n for (i, j), n in self.counts if i <= v <= j) != width:
                raise NotShown("the intervals do not add up to the widths")

    def _rank(self, i: int, j: int) -> int:
        return sum(n for (a, b), n in self.counts if a <= i and j <= b)

    def concludes(self) -> tuple[Statement, Claim]:
        """Dimension of the orbit, rank of J, dimension of the matrices of the rank of the whole product."""
        last, before, rank = len(self.widths) - 1, 0, 0
        ends = sum(m * n for (i, j), m in self.counts for (k, l), n in self.counts if k <= i <= l <= j)
        for l in range(1, last + 1):
            a, b = self._rank(l, last), self._rank(0, l - 1)
            rank, before = rank + (a - before) * b, a
        r = self._rank(0, last)
        value = (sum(d * d for d in self.widths) - ends, rank, r * (self.widths[0] + self.widths[-1] - r))
        return Statement(ON_STRATUM, self.subject, value, (self.stratum,)), Claim.PROVED


@dataclass(frozen=True)
class CriticalUnion:
    """A theorem, whose hypotheses code has checked, says that the Jacobian drops rank nowhere but on the strata of these names."""

    subject: str
    strata: tuple[str, ...]
    name: str
    source: str

    def check(self, subject: StratifiedFunctions) -> None:
        """Raises `NotShown` where it is no theorem about the model and these strata."""
        if subject.hash != self.subject or subject.critical_union(self.strata) != (self.name, self.source):
            raise NotShown(f"the theorem {self.name!r} does not apply")

    def concludes(self) -> tuple[Statement, Claim]:
        """These are all."""
        return Statement(f"{_LOCUS}: complete", self.subject, True, self.strata), Claim.PROVED


@dataclass(frozen=True, eq=False)
class StrataTable:
    """A row for each stratum: the numbers of its verdict, beside the rank of the Jacobian at general weights, the dimension of the
    ``whole``. ``kinds`` are words for the strata.

    Numbers that are only known from below have no known differences: ``corank`` and ``fiber`` are None there, so that a table that is
    a lower bound is one in each of its numbers.
    """

    whole: Verdict
    ranks: tuple[Verdict, ...]
    kinds: tuple[str, ...]

    def check(self, subject: StratifiedFunctions) -> None:
        """Raises `NotShown` where a verdict speaks of another model, or of no stratum."""
        if len(self.kinds) != len(self.ranks) or not self.ranks:
            raise NotShown("a kind for each stratum is expected")
        said = self.whole.statement  # an estimate is not used
        if not self.whole.checked or (said.kind, said.subject) != (DIMENSION, subject.hash):
            raise NotShown("the dimension is not that of the model")
        if not all(_known(v, ON_STRATUM, subject.hash) for v in self.ranks):
            raise NotShown("the verdicts are not those of strata of the model")
        names = [v.statement.scope[0] for v in self.ranks]
        if len(set(names)) < len(names) or tuple(map(subject.stratum_kind, names)) != self.kinds:
            raise NotShown("different strata, each with its kind, are expected")
        if any(v.claim not in (*_SURE, Claim.LOWER_BOUND) for v in self.ranks):
            raise NotShown("the ranks on a stratum are not bounded from below")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rows: as weak as the weakest, with all errors."""
        rows, whole = [], self.whole.statement.value if self.whole.claim in _SURE else None
        for kind, verdict in zip(self.kinds, self.ranks, strict=True):
            (dimension, rank, functions), sure = verdict.statement.value, verdict.claim in _SURE
            corank = whole - rank if sure and whole is not None else None
            numbers = {"dimension": dimension, "rank": rank, "corank": corank, "functions": functions}
            name = {"name": verdict.statement.scope[0], "kind": kind}
            rows.append({**name, **numbers, "fiber": dimension - functions if sure else None, "claim": str(verdict.claim)})
        used = (*([] if whole is None else [self.whole]), *self.ranks)
        claim = Claim.weakest(v.claim for v in used)
        error = sum(v.statement.error for v in used)
        return Statement(f"{_LOCUS}: strata", self.whole.statement.subject, rows, limits(used), error), claim


@dataclass(frozen=True, eq=False)
class CriticalDimension:
    """Where the rank of the Jacobian along a stratum is less than the dimension of the ``whole`` it is critical: the locus has at least
    the dimension of the largest of these, and exactly that where no others are (``union``), or where it is one less than that of all
    weights: where the rank drops minors are zero, which they are not at general weights."""

    whole: Verdict
    ranks: tuple[Verdict, ...]
    parameters: int
    part: Literal["dimension", "codimension"]
    union: Verdict | None = None

    def check(self, subject: StratifiedFunctions) -> None:
        """Raises `NotShown` where no stratum is shown to be critical."""
        if not _known(self.whole, DIMENSION, subject.hash) or not all(_known(v, ON_STRATUM, subject.hash) for v in self.ranks):
            raise NotShown("the verdicts are not those of strata of the model")
        if self.whole.claim not in (Claim.PROVED, Claim.PROBABILITY, Claim.LOWER_BOUND) or subject.parameters != self.parameters:
            raise NotShown("the rank at general weights is not bounded from below")
        if not self._critical():
            raise NotShown("no stratum is shown to be critical")
        if self.union is not None:
            names = {v.statement.scope[0] for v in self.ranks}
            said = self.union.statement
            known = _known(self.union, f"{_LOCUS}: complete", subject.hash) and self.union.claim is Claim.PROVED
            if not known or not names.issuperset(said.scope):
                raise NotShown("others are not excluded")

    def _critical(self) -> list[Verdict]:
        sure = [v for v in self.ranks if v.claim in _SURE]
        return [v for v in sure if v.statement.value[1] < self.whole.statement.value]

    def concludes(self) -> tuple[Statement, Claim]:
        """The dimension of the critical locus, or its codimension in the space of weights."""
        critical = self._critical()
        largest = max(critical, key=lambda v: (v.statement.value[0], v.claim is Claim.PROVED, -v.statement.error))
        size = largest.statement.value[0]
        used = (self.whole, *(self.ranks if self.union is not None else critical))
        claim = Claim.weakest(v.claim for v in used) if self.union is not None else Claim.LOWER_BOUND
        if self.union is None and size == self.parameters - 1:
            used = (self.whole, largest)
            drawn = any(v.claim is Claim.PROBABILITY or v.statement.error for v in used)  # a bound of the rank from below is as good
            claim = Claim.PROBABILITY if drawn else Claim.PROVED
        value: Any = size
        if self.part == "codimension":
            value, claim = self.parameters - size, Claim.UPPER_BOUND if claim is Claim.LOWER_BOUND else claim
        error = sum(v.statement.error for v in used)
        return Statement(f"{_LOCUS}: {self.part}", self.whole.statement.subject, value, limits(used), error), claim
