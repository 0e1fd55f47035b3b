"""Functions and equations of a model, shown by expansion over Q: what is realized by weights, and what vanishes on all functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

from neurovariety.certificates.functions import Coefficients, Equation
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

REALIZABLE = "realizable"


@dataclass(frozen=True)
class Realized:
    """Exact ``weights`` have the ``target``, (output, exponents) -> coefficient, as their function: it is realizable.

    ``part`` is what is said: the verdict, or the witness.
    """

    subject: str
    weights: tuple[Fraction, ...]
    target: Mapping[tuple[int, tuple[int, ...]], Fraction]
    part: Literal["verdict", "witness"]

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where the function of the weights is another."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")
        if subject.function_at(self.weights) != {k: v for k, v in self.target.items() if v}:
            raise NotShown("the weights have another function")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is realizable, by these."""
        value: Any = REALIZABLE if self.part == "verdict" else list(self.weights)
        return Statement(f"membership: {self.part}", self.subject, value), Claim.PROVED


@dataclass(frozen=True)
class Vanishing:
    """Equations that vanish identically on the functions of a model, by expansion over Q; it has ``count`` coefficients."""

    subject: str
    equations: tuple[Equation, ...]
    count: int

    def check(self, subject: Coefficients) -> None:
        """Raises `NotShown` where one is not shown to vanish."""
        if subject.hash != self.subject or subject.coefficient_count() != self.count:
            raise NotShown("the certificate is one of another model")
        if not all(subject.vanishes(e) for e in self.equations):
            raise NotShown("an equation is not shown to vanish identically")

    def concludes(self) -> tuple[Statement, Claim]:
        """The equations, written out."""
        return Statement("equations", self.subject, [written(e, self.count) for e in self.equations]), Claim.PROVED


def written(equation: Equation, count: int) -> str:
    """``c0*c3 - c1*c2``: ascending indices of coefficients with integers; the index ``count`` stands for 1."""
    pieces: list[str] = []
    for term, coefficient in equation.terms:
        factors = [f"c{i}" if term.count(i) == 1 else f"c{i}^{term.count(i)}" for i in dict.fromkeys(term) if i < count]
        size = abs(coefficient)
        body = "*".join([*([str(size)] if size != 1 or not factors else []), *factors])
        pieces.append(f"{'-' if coefficient < 0 else '+'} {body}")
    text = " ".join(pieces)
    return text.removeprefix("+ ") if text.startswith("+") else "-" + text.removeprefix("- ")
