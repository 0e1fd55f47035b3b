"""The one place where strong claims are made: a certificate is checked, and only then there is a `Verdict`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import InitVar, dataclass, field
from typing import Any, Protocol, final, runtime_checkable

from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

WEAK = (Claim.ESTIMATE, Claim.UNDECIDED)
"""What may be claimed without a certificate."""

_TOKEN = object()


class Forged(TypeError):
    """A verdict was made without a check, or stands beside a value that it does not speak of."""


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
    """A statement with its claim and the certificate it rests on; `issue` and `weak` make it, nothing else can.

    ``checked`` is false where it was read from a file: then it is recorded, and no more.
    """

    statement: Statement
    claim: Claim
    certificate: Certificate | None = field(default=None, compare=False, repr=False)
    why: str = ""
    checked: bool = field(default=True, compare=False)
    on: Any = field(default=None, compare=False, repr=False)
    """The exact data on which the certificate was checked."""
    token: InitVar[object] = None

    def __post_init__(self, token: object) -> None:
        if token is not _TOKEN:  # kept nowhere: a copy with another claim would be made with it
            raise Forged("a verdict is made by certificates.issue, which checks a certificate, or by certificates.weak")

    def __reduce__(self) -> tuple[Any, ...]:
        """A verdict that is pickled or copied comes back as a recorded one: nothing was checked there."""
        return recorded, (self.statement, self.claim)

    @property
    def shown(self) -> bool:
        """Whether it may be a premise: it rests on a certificate that was checked here."""
        return self.checked and self.claim not in WEAK


def scopes(own: tuple[str, ...], *premises: Verdict) -> tuple[str, ...]:
    """The phrases of a statement, and after them those of what it rests on."""
    return tuple(dict.fromkeys((*own, *(phrase for v in premises for phrase in v.statement.scope))))


ForEach = Callable[[str, Any], Verdict]
"""What makes the verdict of each key of a value."""


def issue(certificate: Certificate, subject: Any) -> Verdict:
    """The verdict of a certificate on the exact data it speaks of. Raises `NotShown` where it does not check, and `Forged` for what is
    no certificate of this room."""
    if not type(certificate).__module__.startswith("neurovariety.certificates."):
        raise Forged(f"{type(certificate).__name__} is no certificate of this package")
    certificate.check(subject)
    statement, claim = certificate.concludes()
    return Verdict(statement, claim, certificate, on=subject, token=_TOKEN)


def first_shown(subject: Any, *certificates: Certificate) -> Verdict:
    """The verdict of the first of several certificates, from the strongest down, that checks. Raises `NotShown` where none does."""
    for certificate in certificates[:-1]:
        try:
            return issue(certificate, subject)
        except NotShown:
            continue
    return issue(certificates[-1], subject)


def weak(statement: Statement, claim: Claim, why: str) -> Verdict:
    """A statement for which there is no certificate: an estimate, or undecided."""
    if claim not in WEAK:
        raise Forged(f"without a certificate a claim is estimate or undecided, not {claim}")
    return Verdict(statement, claim, None, why, token=_TOKEN)


def weakly(kind: str, claim: Claim, why: str) -> ForEach:
    """The same weak claim for every key of a value."""
    return lambda key, value: weak(Statement(f"{kind}: {key}", "", value), claim, why)


def recorded(statement: Statement, claim: Claim) -> Verdict:
    """A verdict that a file holds. Nothing was checked, and it says so."""
    return Verdict(statement, claim, None, "recorded", checked=False, token=_TOKEN)


__all__ = [
    "WEAK",
    "Certificate",
    "ForEach",
    "Forged",
    "NotShown",
    "Verdict",
    "first_shown",
    "issue",
    "recorded",
    "scopes",
    "weak",
    "weakly",
]
