"""The rank of the Jacobian at given exact weights, over Q, or bounded from below mod p.

Rows are the values at a table of inputs, or the coefficients of the functions where there is no table.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

from neurovariety.certificates.functions import DIMENSION, Functions, Inputs, at_inputs
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.ranks_at_inputs import JACOBIAN
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import residue
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

AT_WEIGHTS = "rank of the Jacobian at the weights"
Weights = tuple[Fraction, ...]


@runtime_checkable
class Differentiable(Functions, Protocol):
    """A model whose Jacobian is written out over Q."""

    def jacobian_over_q(self, weights: Weights, inputs: Inputs | None) -> Any:
        """The matrix (``flint.fmpq_mat``) whose rows are the derivatives by the weights of the coefficients of the functions, or of
        their values at ``inputs``."""
        ...


def at_weights(weights: Weights, inputs: Inputs | None) -> str:
    """The kind of a statement on the rank at weights, and at inputs where there are some."""
    return at_inputs(f"{AT_WEIGHTS} {', '.join(map(str, weights))}", inputs)


@dataclass(frozen=True)
class RankOverQ:
    """The rank of the Jacobian at ``weights`` over Q."""

    subject: str
    weights: Weights
    inputs: Inputs | None
    value: int

    def check(self, subject: Differentiable) -> None:
        """Raises `NotShown` for another rank."""
        if subject.hash != self.subject or len(self.weights) != subject.parameters:
            raise NotShown("the certificate is one of another model")
        found = int(subject.jacobian_over_q(self.weights, self.inputs).rank())
        if found != self.value:
            raise NotShown(f"the rank is {found}, not {self.value}")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is that."""
        return Statement(at_weights(self.weights, self.inputs), self.subject, self.value), Claim.PROVED


@dataclass(frozen=True, eq=False)
class RankAtWeightsModP:
    """A rank of the Jacobian mod p that was taken at ``weights``, and at ``inputs`` where there are any: over Q it is no smaller."""

    weights: Weights
    inputs: Inputs | None
    rank: ModularRank

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where it was taken elsewhere, or is smaller."""
        place, p = self.rank.place, self.rank.place.prime
        self.rank.check(subject)
        if place.kind != DIMENSION or place.weights is None or place.inputs is None or place.factors is not None:
            raise NotShown("the rank is one of another matrix")
        if [int(v) % p for v in place.weights.reshape(-1)] != [residue(v, p) for v in self.weights]:
            raise NotShown("the rank was taken at other weights")
        rows = [[int(v) % p for v in x.reshape(-1)] for x in place.inputs]
        if self.inputs is not None and rows != [[residue(v, p) for v in x] for x in self.inputs]:
            raise NotShown("the rank was taken at other inputs")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is at least that."""
        return Statement(at_weights(self.weights, self.inputs), self.rank.subject, self.rank.value, self.rank.scope), Claim.LOWER_BOUND


@dataclass(frozen=True)
class AtMostShape:
    """The rank is at most the number of weights, and of different inputs times outputs."""

    subject: str
    weights: Weights
    inputs: Inputs | None
    value: int

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` for another number."""
        rows = subject.parameters if self.inputs is None else len(set(self.inputs)) * subject.outputs
        if subject.hash != self.subject or len(self.weights) != subject.parameters:
            raise NotShown("the certificate is one of another model")
        if self.value != min(rows, subject.parameters):
            raise NotShown("the matrix has another shape")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank is at most that."""
        return Statement(at_weights(self.weights, self.inputs), self.subject, self.value), Claim.UPPER_BOUND


@dataclass(frozen=True)
class NoSmallerElsewhere:
    """At general weights the rank is at least as large as at given ones."""

    inputs: Inputs | None
    here: Verdict

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the rank at weights is not known from below."""
        said, shown = self.here.statement, self.here.certificate
        known = self.here.shown and self.here.claim in (Claim.PROVED, Claim.LOWER_BOUND) and said.kind.startswith(AT_WEIGHTS)
        ours = isinstance(shown, RankOverQ | RankAtWeightsModP) and shown.inputs == self.inputs
        if not known or not ours or said.subject != subject.hash:
            raise NotShown("a rank at weights is expected")

    def concludes(self) -> tuple[Statement, Claim]:
        """The rank at general weights is at least that."""
        kind = DIMENSION if self.inputs is None else at_inputs(JACOBIAN, self.inputs)
        return Statement(kind, self.here.statement.subject, self.here.statement.value, self.here.statement.scope), Claim.LOWER_BOUND
