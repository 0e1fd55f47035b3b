"""Learning coefficients at functions of smaller networks inside a network: a row for each, with what shows it.

A row speaks of all weights of a function, where that is zero or a matrix of some rank, or of one point of a stratum of weights. The
function there has this coefficient or less, for over all weights that give it the least counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.learning_coefficients import (
    COEFFICIENT,
    MULTIPLICITY,
    ZERO_FUNCTION,
    CoefficientAtWeights,
    CoefficientOfLinear,
)
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.subnetwork_posets import OverStratum
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

SMALLER = "learning-coefficient: smaller_networks"
ZERO = "zero"


def named_rank(rank: int) -> str:
    """What matrices of a rank are called in a row."""
    return f"rank {rank}" if rank else ZERO


@runtime_checkable
class WeightsOnStrata(Protocol):
    """A model with named strata of its weights, each the image of a polynomial map."""

    @property
    def hash(self) -> str:
        """sha256 of the program with its constants."""
        ...

    def over_stratum(self, stratum: str) -> OverStratum | None:
        """What is known of the functions over a stratum; None where none of that name is a smaller network."""
        ...

    def weights_on(self, stratum: str, parameters: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
        """The weights at parameters of a stratum. Raises `NotShown` where there is none of that name, with as many parameters."""
        ...


@dataclass(frozen=True, eq=False)
class SmallerCoefficient:
    """The ``coefficient`` at a function that is called ``name``, exact or a bound from above, and its ``multiplicity`` where that is
    known. With a ``stratum`` it is the one at the weights that its map gives of these ``parameters``."""

    name: str
    coefficient: Verdict
    multiplicity: Verdict | None = None
    stratum: str | None = None
    parameters: tuple[Fraction, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether the coefficient is known, and not bounded from above alone."""
        return self.coefficient.claim is Claim.PROVED

    @property
    def value(self) -> Fraction:
        """The coefficient, or the bound."""
        return Fraction(self.coefficient.statement.value)

    def check(self, subject: Any, model: str) -> None:
        """Raises `NotShown` where a verdict speaks of another model, or of another function than the name says."""
        for verdict, kind in ((self.coefficient, COEFFICIENT), (self.multiplicity, MULTIPLICITY)):
            if verdict is None:
                continue
            said = verdict.statement
            if not verdict.shown or (said.kind, said.subject) != (kind, model) or said.value is None:
                raise NotShown("a learning coefficient of the model is expected")
            self._check_place(verdict, subject)
        if self.coefficient.claim not in (Claim.PROVED, Claim.UPPER_BOUND):
            raise NotShown("a coefficient is known, or bounded from above")
        if self.multiplicity is not None and not (self.exact and self.multiplicity.claim is Claim.PROVED):
            raise NotShown("a multiplicity is one of a coefficient that is known")

    def _check_place(self, verdict: Verdict, subject: Any) -> None:
        certificate = verdict.certificate
        if self.stratum is None:
            if not isinstance(certificate, CoefficientOfLinear) and verdict.statement.scope != (ZERO_FUNCTION,):
                raise NotShown("a coefficient for the zero function, or for matrices of some rank, is expected")
            name = named_rank(certificate.rank) if isinstance(certificate, CoefficientOfLinear) else ZERO
            if name != self.name:
                raise NotShown(f"a coefficient for {name} is none of {self.name}")
            return
        if not isinstance(certificate, CoefficientAtWeights) or not isinstance(subject, WeightsOnStrata):
            raise NotShown("a coefficient at weights of a stratum is expected")
        if subject.weights_on(self.stratum, self.parameters) != certificate.weights:
            raise NotShown("the weights are no such point of the stratum")
        over = subject.over_stratum(self.stratum)
        if over is None or over.name != self.name:
            raise NotShown(f"the functions over {self.stratum} have another name")

    def row(self) -> Mapping[str, Any]:
        """The row as plain data; ``at``: the weights, where it speaks of these alone."""
        certificate = self.coefficient.certificate
        weights = certificate.weights if self.stratum is not None and isinstance(certificate, CoefficientAtWeights) else None
        return {
            "network": self.name,
            "learning_coefficient": self.coefficient.statement.value if self.exact else None,
            "multiplicity": None if self.multiplicity is None else self.multiplicity.statement.value,
            "at_most": None if self.exact else self.coefficient.statement.value,
            "at": None if weights is None else [str(w) for w in weights],
        }


@dataclass(frozen=True, eq=False)
class SmallerNetworkCoefficients:
    """The rows of some smaller networks inside a model: each is a statement of its own, and nothing is said of others."""

    subject: str
    rows: tuple[SmallerCoefficient, ...]

    def check(self, subject: Any) -> None:
        """Raises `NotShown` where a row is not shown, or two have one name."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        if not self.rows or len({row.name for row in self.rows}) < len(self.rows):
            raise NotShown("rows of different names are expected")
        for row in self.rows:
            row.check(subject, self.subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The rows, which say themselves what is a bound."""
        return Statement(SMALLER, self.subject, [dict(row.row()) for row in self.rows]), Claim.PROVED
