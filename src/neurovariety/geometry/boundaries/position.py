"""Where a function lies relative to the functions of a model with real weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from neurovariety.certificates.issue import Certificate
from neurovariety.claim import Claim
from neurovariety.geometry.images.decision import Statement


class Position(StrEnum):
    """M: the functions of real weights, in X: the real functions of the neurovariety.

    ``INTERIOR``: all functions of X nearby are in M. ``BOUNDARY``: the function is in M, others of X arbitrarily near are not.
    ``CLOSURE_ONLY``: a limit of M, not in M. ``OUTSIDE``: no limit of M.
    """

    INTERIOR = "interior"
    BOUNDARY = "boundary"
    CLOSURE_ONLY = "closure only"
    OUTSIDE = "outside"
    UNDECIDED = "undecided"

    @property
    def on_boundary(self) -> bool:
        """Whether the function lies in the closure of M and not in its interior."""
        return self in (Position.BOUNDARY, Position.CLOSURE_ONLY)


@dataclass(frozen=True, eq=False)
class Located:
    """A position with its reason in words, the ``route`` that found it, and what it rests on."""

    position: Position
    reason: str
    route: str
    claim: Claim = Claim.UNDECIDED
    """What is claimed where no certificate says more."""
    theorems: tuple[Statement, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)
    certificates: tuple[Certificate, Certificate] | None = None
    """Of the position and of the reason."""
