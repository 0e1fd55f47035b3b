"""What a membership test decides about a target: a verdict with its reason, and a witness or a violated condition."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from neurovariety.certificates.issue import Certificate
from neurovariety.geometry.real.surds import Surd

Statement = Mapping[str, str]
"""A theorem in words: its name, its statement, the key of its source."""


class Finding(StrEnum):
    """Where a function lies relative to the functions of a model with real weights."""

    REALIZABLE = "realizable"
    CLOSURE_ONLY = "closure only"
    EXCLUDED = "excluded"
    UNDECIDED = "undecided"


@dataclass(frozen=True, eq=False)
class Decision:
    """A verdict, and how it was reached.

    ``witness``: weights with the target as their function, Fractions where exact, floats where they round a witness that exists.
    ``violated``: the equation or inequality that the target fails. ``route``: the decision procedure. ``theorems``: what it rests on.
    """

    verdict: Finding
    route: str
    witness: Sequence[Fraction | float] | None = None
    violated: str | None = None
    theorems: tuple[Statement, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)
    shown: tuple[Certificate, ...] = ()
    """What shows the verdict, from the strongest down, beside an exact witness and theorems on the set of functions."""
    surds: tuple[Surd, ...] | None = None
    """The exact witness where ``witness`` holds decimals of numbers a + b sqrt(d)."""

    @property
    def exact_witness(self) -> tuple[Fraction, ...] | None:
        """The witness, if all of its weights are exact."""
        if self.witness is None or not all(isinstance(w, Fraction) for w in self.witness):
            return None
        return tuple(Fraction(w) for w in self.witness)


def statement(name: str, text: str, source: str) -> Statement:
    """A theorem for the evidence."""
    return {"name": name, "statement": text, "source": source}


def excluded(route: str, violated: str, *theorems: Statement, **evidence: object) -> Decision:
    """The target violates a closed condition that all functions of the model satisfy: not even a limit of them."""
    return Decision(Finding.EXCLUDED, route, None, violated, theorems, evidence)


def realizable(route: str, witness: Sequence[Fraction | float] | None, *theorems: Statement, **evidence: object) -> Decision:
    """The target is the function of the witness; of some weights where the witness is None."""
    return Decision(Finding.REALIZABLE, route, witness, None, theorems, evidence)
