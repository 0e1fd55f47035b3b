"""Theorems as data: hypotheses that code has checked, a conclusion, a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurovariety.errors import InputError

DEGREE, GENERIC_FIBER = "degree", "generic fiber"


def ed_degree(metric: str) -> str:
    """The quantity of theorems on the ED degree for a metric."""
    return f"ed_degree {metric}"


QUADRICS = ("generic", "frobenius", "bombieri", "gaussian", "uniform", "data")
"""The metrics of ED degrees."""
QUANTITIES = ("dimension", "dimension at most", "ambient", "ambient at most", DEGREE, GENERIC_FIBER, *map(ed_degree, QUADRICS))
"""What theorems of families are about; nothing asks for another quantity."""
CRITICAL_LOCUS = "critical locus"
"""What an entry itself states a theorem about."""


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis of a theorem and whether it holds for the architecture at hand."""

    text: str
    holds: bool


@dataclass(frozen=True)
class Theorem:
    """A published or elementary statement, instantiated at one architecture.

    ``quantity`` is what it is about: ``dimension`` (an equality), ``dimension at most``, ``ambient`` (dimension of the linear
    span, an equality), ``ambient at most``, ``generic fiber`` (number of complex points of the generic fiber modulo the stated
    symmetries), ``degree`` (of the Zariski closure of the functions, for a cone that of its projective variety) or ``ed_degree``
    with the name of a quadric (the number of critical points). ``value`` counts only if `applies`. ``source`` is a key of
    `citations.SOURCES`. ``summands`` are numbers that add up to the value, where a statement is about these. Raises `InputError` for
    another quantity, which nothing would ask for.
    """

    name: str
    quantity: str
    value: int
    statement: str
    source: str
    hypotheses: tuple[Hypothesis, ...] = ()
    summands: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.quantity not in (*QUANTITIES, CRITICAL_LOCUS):
            raise InputError(
                f"the theorem {self.name!r} is about {self.quantity!r}, and nothing asks for that: {', '.join(QUANTITIES)}"
            )

    @property
    def applies(self) -> bool:
        """Whether every hypothesis holds."""
        return all(h.holds for h in self.hypotheses)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "quantity": self.quantity,
            "value": self.value,
            "statement": self.statement,
            "source": self.source,
            "hypotheses": [h.text for h in self.hypotheses],
        }


def bound(theorems: tuple[Theorem, ...], quantity: str) -> Theorem | None:
    """The sharpest applicable theorem that bounds ``quantity`` (an equality bounds as well), or None."""
    found = [t for t in theorems if t.applies and t.quantity in (quantity, f"{quantity} at most")]
    return min(found, key=lambda t: t.value, default=None)
