"""Forms of phrases: a value in words, as far as it is claimed. A phrase that says more where a claim is stronger takes the claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from neurovariety.claim import Claim

EXACT = (Claim.PROVED, Claim.PROBABILITY)
"""Claims that leave a value itself in no doubt, but for a draw."""
_AMOUNT = {Claim.LOWER_BOUND: "at least ", Claim.UPPER_BOUND: "at most ", Claim.ESTIMATE: "about "}
_DIGITS = 7


@dataclass(frozen=True)
class Number:
    """A number with its noun, in a sentence that has a place for it."""

    text: str
    one: str = ""
    many: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        amount = {Claim.PROVED: "exactly "} | _AMOUNT
        noun = self.one if value == 1 else self.many
        shown = f"{value:,}" if isinstance(value, int) else f"{value}"
        return self.text.format(n=f"{amount.get(claim, '')}{shown}{f' {noun}' if noun else ''}")


@dataclass(frozen=True)
class Measured:
    """A number that is known up to what its scope says, so never "exactly". ``sure`` takes the place of the text where the claim is
    exact, ``found`` where the number is that of something found, a bound from above."""

    text: str
    sure: str = ""
    found: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        chosen = self.sure if claim in EXACT else self.found if claim is Claim.UPPER_BOUND else ""
        short = f"{value:g}" if isinstance(value, float) else f"{value}"
        shown = short if float(short) == float(value) else f"{value}"
        return (chosen or self.text).format(n=f"{_AMOUNT.get(claim, '')}{shown}")


@dataclass(frozen=True)
class Between:
    """An interval that holds a number, its ends rounded outward; ``sure`` names the number where the claim is exact."""

    text: str
    sure: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        low, high = rounded(value[0], up=False), rounded(value[1], up=True)
        where = {
            Claim.LOWER_BOUND: f"is at least {low}",
            Claim.UPPER_BOUND: f"is at most {high}",
            Claim.ESTIMATE: f"lies about between {low} and {high}",
        }
        name = self.sure if claim in EXACT and self.sure else self.text
        return f"{name} {where.get(claim, f'lies between {low} and {high}')}"


def up_to(slack: float) -> tuple[str, ...]:
    """The scope of a number that is known up to ``slack``."""
    return (f"up to {rounded(slack, up=True, digits=1)}",) if slack else ()


def rounded(value: float, *, up: bool, digits: int = _DIGITS) -> str:
    """A number with a few digits, not smaller (``up``) or not larger than it."""
    context = Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    found = context.create_decimal(Decimal(value)).normalize(context)
    return f"{found:f}" if -4 < found.adjusted() < 2 * _DIGITS else f"{found:e}"


@dataclass(frozen=True)
class Choice:
    """A sentence for each of a few values, without a strong word; ``sure`` takes its place where the claim is exact."""

    text: Mapping[str, str]
    sure: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, value: Any, claim: Claim) -> str:
        chosen = self.sure if claim in EXACT and value in self.sure else self.text
        return chosen.get(value, str(value))


@dataclass(frozen=True)
class Listed:
    """A sentence made of the value by a function."""

    text: Callable[[Any], str]

    def __call__(self, value: Any, claim: Claim) -> str:
        return self.text(value)


@dataclass(frozen=True)
class Phrase:
    """How a kind of statement is said, and what is asked by it.

    ``joined``: in one breath with the one before, where both are claimed alike.
    """

    asks: str
    says: Number | Measured | Between | Choice | Listed
    joined: bool = False
