"""Which strata of weights are critically exposed: ranks at a random point of a stratum and a random normal there.

On a stratum with derivative E of its map let J be the Jacobian of the coefficients, Q the quadric of the loss, and H the Hessian of
half
the loss at weights w for the target f_w + n, with n in the kernel of A = J^T Q. Where A has constant rank r the targets for which some
weights of the stratum are stationary have dimension V - r + rank(H E), of V coefficients.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import flint
import numpy as np

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import LARGEST_ERROR, check_prime
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

TARGETS = "stationary targets of a stratum"
_ENTRY = "exposedness"


@dataclass(frozen=True, eq=False)
class NormalPlace:
    """``parameters`` of a point of a stratum and a ``normal`` there (V,), residues mod ``prime``."""

    prime: int
    parameters: np.ndarray
    normal: np.ndarray


@dataclass(frozen=True, eq=False)
class NormalMatrices:
    """Mod p: the derivative E (N, s) of the map, the Jacobian J (V, N), A = J^T Q (N, V), and H E (N, s)."""

    tangent: np.ndarray
    jacobian: np.ndarray
    seen: np.ndarray
    moving: np.ndarray


@runtime_checkable
class LossOnStrata(Protocol):
    """A model written out in V coefficients, with a quadric of the loss on them, and named strata of its weights."""

    @property
    def hash(self) -> str:
        """sha256 of the model's program."""
        ...

    @property
    def quadric_hash(self) -> str:
        """sha256 of the exact entries of the quadric."""
        ...

    @property
    def quadric_words(self) -> str:
        """The phrase that names the quadric, and says where it was drawn."""
        ...

    def moved_count(self) -> int:
        """The number V of coefficients that some weight changes, by expansion."""
        ...

    def normal_matrices(self, stratum: str, place: NormalPlace) -> NormalMatrices:
        """The matrices at a place of a stratum."""
        ...

    def normal_error(self, stratum: str, prime: int) -> float:
        """The probability, at most, that a random place of a random prime as long as that misses one of the ranks."""
        ...

    def stratum_words(self, stratum: str) -> tuple[str, str] | None:
        """Its kind, and the function of it: the name of a smaller network, or zero; None where no stratum has that name."""
        ...


@dataclass(frozen=True, eq=False)
class StationaryTargets:
    """Dimensions of a stratum, of the image of J on it, and of the targets for which it has stationary weights; whether these are
    dense in all V dimensions."""

    subject: str
    quadric: str
    stratum: str
    place: NormalPlace
    dimension: int
    rank: int
    seen: int
    moving: int
    ambient: int
    error: float = field(default=1.0, init=False)

    def check(self, subject: LossOnStrata) -> None:
        """Raises `NotShown` where the ranks are others, the vector is no normal, or the error says little."""
        if (subject.hash, subject.quadric_hash) != (self.subject, self.quadric) or subject.moved_count() != self.ambient:
            raise NotShown("the certificate is one of another model, or loss")
        if subject.stratum_words(self.stratum) is None:
            raise NotShown(f"no stratum of the model is called {self.stratum}")
        p = self.place.prime
        check_prime(p)
        at = subject.normal_matrices(self.stratum, self.place)
        tangent, jacobian, seen, moving = (_matrix(a, p) for a in (at.tangent, at.jacobian, at.seen, at.moving))
        if any(int(v) for v in (seen * _matrix(self.place.normal[:, None], p)).entries()):
            raise NotShown("the vector is not normal")
        found = tuple(int(m.rank()) for m in (tangent, jacobian, seen, moving))
        if found != (self.dimension, self.rank, self.seen, self.moving):
            raise NotShown(f"the ranks are {found}")
        object.__setattr__(self, "error", subject.normal_error(self.stratum, p))
        if not self.error <= LARGEST_ERROR:
            raise NotShown(f"the probability of error is at most {self.error:.3g}, which says little")

    def concludes(self) -> tuple[Statement, Claim]:
        """Dimension of the stratum, rank, dimension of its targets, whether that is all."""
        targets = self.ambient - self.seen + self.moving
        value = (self.dimension, self.rank, targets, self.moving == self.seen)
        return Statement(TARGETS, self.subject, value, (self.stratum, self.quadric), self.error), Claim.PROBABILITY


def _matrix(values: np.ndarray, p: int) -> flint.nmod_mat:
    rows, columns = values.shape
    return flint.nmod_mat(rows, columns, [int(v) % p for v in values.reshape(-1)], p)


@dataclass(frozen=True)
class CoefficientCount:
    """The functions have so many coefficients that some weight changes."""

    subject: str
    value: int

    def check(self, subject: LossOnStrata) -> None:
        """Raises `NotShown` for another number."""
        if subject.hash != self.subject or subject.moved_count() != self.value:
            raise NotShown("the model has another number of coefficients")

    def concludes(self) -> tuple[Statement, Claim]:
        """That number."""
        return Statement(f"{_ENTRY}: ambient", self.subject, self.value), Claim.PROVED


@dataclass(frozen=True, eq=False)
class ExposureTable:
    """A row for each stratum, or how many of them are critically exposed (``part``)."""

    subject: str
    quadric: str
    strata: tuple[Verdict, ...]
    words: tuple[tuple[str, str], ...]
    loss: str
    part: str

    def check(self, subject: LossOnStrata) -> None:
        """Raises `NotShown` where a verdict speaks of something else, or words are not those of the stratum, or the loss."""
        known = (subject.hash, subject.quadric_hash, subject.quadric_words) == (self.subject, self.quadric, self.loss)
        if not known or not self.strata or len(self.words) != len(self.strata) or self.part not in ("table", "critically_exposed"):
            raise NotShown("the certificate is one of another model, or loss")
        for verdict, words in zip(self.strata, self.words, strict=True):
            said = verdict.statement
            if not verdict.checked or said.kind != TARGETS or said.subject != self.subject or said.scope[1:] != (self.quadric,):
                raise NotShown("verdicts of strata for the loss are expected")
            if subject.stratum_words(said.scope[0]) != words:
                raise NotShown("the stratum is another one")
        if len({v.statement.scope[0] for v in self.strata}) < len(self.strata):
            raise NotShown("a stratum is counted twice")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rows, or the number, as weak as the weakest and with all errors."""
        rows: list[Mapping[str, Any]] = []
        for verdict, (kind, function) in zip(self.strata, self.words, strict=True):
            dimension, rank, targets, exposed = verdict.statement.value
            name = {"name": verdict.statement.scope[0], "kind": kind, "function": function}
            rows.append({**name, "dimension": dimension, "rank": rank, "targets": targets, "critically_exposed": exposed})
        value: Any = rows if self.part == "table" else sum(bool(row["critically_exposed"]) for row in rows)
        claim, error = Claim.weakest(v.claim for v in self.strata), sum(v.statement.error for v in self.strata)
        return Statement(f"{_ENTRY}: {self.part}", self.subject, value, (self.loss,), error), claim
