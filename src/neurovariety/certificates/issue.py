"""The one place where strong claims are made: a certificate is checked, and only then there is a `Verdict`."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from typing import Any, Protocol, final, runtime_checkable

from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

WEAK = (Claim.ESTIMATE, Claim.UNDECIDED)
"""What may be claimed without a certificate."""

_TOKEN = object()


class Forged(TypeError):
    """A verdict was made without a check."""


@runtime_checkable
class Certificate(Protocol):
    """Plain data from which a statement follows."""

    def concludes(self) -> tuple[Statement, Claim]:
        """The statement that holds if `check` passes, and how far it is proved then; the kind of certificate alone fixes this."""
        ...

    def check(self, subject: Any) -> None:
        """Raise `NotShown` unless the statement follows. No randomness, no tolerance, no search."""
        ...


@final
@dataclass(frozen=True)
class Verdict:
    """A statement with its claim and the certificate it rests on; `issue` and `weak` make it, nothing else can."""

    statement: Statement
    claim: Claim
    certificate: Certificate | None
    why: str = ""
    token: InitVar[object] = None

    def __post_init__(self, token: object) -> None:
        if token is not _TOKEN:  # kept nowhere: a copy with another claim would be made with it
            raise Forged("a verdict is made by certificates.issue, which checks a certificate, or by certificates.weak")


def issue(certificate: Certificate, subject: Any) -> Verdict:
    """The verdict of a certificate on the exact data it speaks of. Raises `NotShown` where it does not check."""
    certificate.check(subject)
    statement, claim = certificate.concludes()
    return Verdict(statement, claim, certificate, token=_TOKEN)


def weak(statement: Statement, claim: Claim, why: str) -> Verdict:
    """A statement for which there is no certificate: an estimate, or undecided."""
    if claim not in WEAK:
        raise Forged(f"without a certificate a claim is estimate or undecided, not {claim}")
    return Verdict(statement, claim, None, why, token=_TOKEN)


__all__ = ["WEAK", "Certificate", "Forged", "NotShown", "Verdict", "issue", "weak"]
