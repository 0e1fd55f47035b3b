"""Functions and equations of a model, shown by expansion over Q: what is realized by weights, and what vanishes on all functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, Protocol, runtime_checkable

import flint

from neurovariety.certificates.balls import contracts, precision
from neurovariety.certificates.functions import Coefficients, Equation
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

REALIZABLE = "realizable"
_BITS = 160
Target = Mapping[tuple[int, tuple[int, ...]], Fraction]


@dataclass(frozen=True)
class Realized:
    """Exact ``weights`` have the ``target``, (output, exponents) -> coefficient, as their function: it is realizable.

    ``part`` is what is said: the verdict, or the witness.
    """

    subject: str
    weights: tuple[Fraction, ...]
    target: Target
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


@runtime_checkable
class RealFunctions(Coefficients, Protocol):
    """A model at weights that are no rational numbers."""

    def function_at_surds(
        self, rational: tuple[Fraction, ...], root: tuple[Fraction, ...], square: Fraction
    ) -> dict[tuple[int, tuple[int, ...]], tuple[Fraction, Fraction]]:
        """The function of weights a + b sqrt(d), expanded: (output, exponents) -> coefficient a + b sqrt(d), as the pair of a and b."""
        ...

    def spanned_by(self, rows: tuple[int, ...], target: Target) -> bool:
        """Whether a target lies in the linear span of all functions, of which the coefficients ``rows`` determine a member."""
        ...

    def coefficient_balls(
        self, rows: tuple[int, ...], weights: Sequence[flint.arb], columns: tuple[int, ...]
    ) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        """Balls of coefficients, and of their derivatives by the weights ``columns``."""
        ...


def _decimals(values: tuple[float, ...], part: str, subject: str, where: str) -> Statement:
    value: Any = REALIZABLE if part == "verdict" else list(values)
    return Statement(f"membership: {part}", subject, value, (where,) if part == "witness" else ())


@dataclass(frozen=True)
class RealizedBySurds:
    """Weights a + b sqrt(``square``), ``square`` positive, have the ``target`` as their function; ``decimals`` are these weights to
    within 2^-40 of their size."""

    subject: str
    rational: tuple[Fraction, ...]
    root: tuple[Fraction, ...]
    square: Fraction
    decimals: tuple[float, ...]
    target: Target
    part: Literal["verdict", "witness"]

    def check(self, subject: RealFunctions) -> None:
        """Raises `NotShown` where the function is another, or a decimal is."""
        if subject.hash != self.subject or self.square <= 0 or len(self.rational) != subject.parameters:
            raise NotShown("the certificate is one of another model, or its weights are not real")
        if len(self.root) != len(self.rational) or len(self.decimals) != len(self.rational):
            raise NotShown("as many numbers are expected as there are weights")
        found = subject.function_at_surds(self.rational, self.root, self.square)
        if {k: v for k, v in found.items() if any(v)} != {k: (v, Fraction(0)) for k, v in self.target.items() if v}:
            raise NotShown("the weights have another function")
        with precision(_BITS):
            root = _exact(self.square).sqrt()
            for a, b, near in zip(self.rational, self.root, self.decimals, strict=True):
                size = abs(_exact(a)) + abs(_exact(b)) * root
                if not abs(_exact(a) + _exact(b) * root - _exact(Fraction(near))) <= size * flint.arb(2) ** -40:
                    raise NotShown("a decimal is not near the weight")

    def concludes(self) -> tuple[Statement, Claim]:
        """It is realizable, by these."""
        return _decimals(self.decimals, self.part, self.subject, "decimals of exact weights"), Claim.PROVED


@dataclass(frozen=True, eq=False)
class RealizedInBox:
    """A box of half-width ``radius`` in the weights ``columns``, around ``centre``, all others exactly as given, holds real weights
    with the ``target`` as their function: Krawczyk's operator, with ``inverse`` for the derivative of the coefficients ``rows``, which
    determine all others, maps the box into its interior."""

    subject: str
    centre: tuple[float, ...]
    columns: tuple[int, ...]
    rows: tuple[int, ...]
    radius: float
    inverse: tuple[tuple[float, ...], ...]
    target: Target
    part: Literal["verdict", "witness"]

    def check(self, subject: RealFunctions) -> None:
        """Raises `NotShown` where it does not, or the target is no function of the span."""
        n = len(self.columns)
        square = len(self.rows) == n == len(set(self.columns)) and len(self.inverse) == n
        if subject.hash != self.subject or not square or len(self.centre) != subject.parameters or not self.radius > 0:
            raise NotShown("the certificate is one of another model, or not square")
        if not all(0 <= i < len(self.centre) for i in self.columns) or not subject.spanned_by(self.rows, self.target):
            raise NotShown("the target does not lie in the span of the functions")
        with precision(_BITS):
            middle = [_exact(Fraction(w)) for w in self.centre]
            step = flint.arb(0, self.radius)
            box = [w + step if i in self.columns else w for i, w in enumerate(middle)]
            here, _ = subject.coefficient_balls(self.rows, middle, ())
            _, slopes = subject.coefficient_balls(self.rows, box, self.columns)
            goal = self.wanted(subject)
            away = [v - g for v, g in zip(here, goal, strict=True)]
            inverse = [[_exact(Fraction(v)) for v in row] for row in self.inverse]
            if not contracts(away, slopes, inverse, self.radius):
                raise NotShown("Krawczyk's operator does not map the box into itself")

    def wanted(self, subject: RealFunctions) -> list[flint.arb]:
        """The coefficients of the target in ``rows``."""
        names = subject.coefficient_names
        return [_exact(self.target.get(names[i], Fraction(0))) for i in self.rows]

    def concludes(self) -> tuple[Statement, Claim]:
        """It is realizable, by weights near these."""
        where = f"within {1.01 * self.radius:.3g} of exact weights"
        return _decimals(self.centre, self.part, self.subject, where), Claim.PROVED


def _exact(value: Fraction) -> flint.arb:
    return flint.arb(flint.fmpq(value.numerator, value.denominator))


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
