"""What sentences about measured and sampled numbers are made of: values up to a slack, intervals, shares, and counts of runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

from neurovariety.certificates.phrases import EXACT, amount
from neurovariety.claim import Claim

_DIGITS, _MOST_DIGITS = 7, 17


@dataclass(frozen=True)
class Measured:
    """A number that is known up to what its scope says, so never "exactly".

    ``sure`` takes the place of the text where the claim is exact, ``found`` where the number is that of something found, a bound from
    above.
    """

    text: str
    sure: str = ""
    found: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        return self.within(value, claim, ())

    def within(self, value: Any, claim: Claim, scope: Sequence[str]) -> str:
        """The sentence with as many digits as the scope, which may hold what `up_to` says, leaves any meaning."""
        chosen = self.sure if claim in EXACT else self.found if claim is Claim.UPPER_BOUND else ""
        return (chosen or self.text).format(n=amount(_with_digits(value, claim, scope), claim).removeprefix("exactly "))


@dataclass(frozen=True)
class Between:
    """An interval that holds a number, its ends rounded outward; ``sure`` names the number where the claim is exact."""

    text: str
    sure: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        low, high = _apart(float(value[0]), float(value[1]))
        where = {
            Claim.LOWER_BOUND: f"is at least {low}",
            Claim.UPPER_BOUND: f"is at most {high}",
            Claim.ESTIMATE: f"lies about between {low} and {high}",
        }
        name = self.sure if claim in EXACT and self.sure else self.text
        return f"{name} {where.get(claim, f'lies between {low} and {high}')}"


def _apart(low: float, high: float) -> tuple[str, str]:
    """The ends of an interval, rounded outward with as many digits as make it at most twice as wide."""
    for digits in range(_DIGITS, _MOST_DIGITS):
        ends = rounded(low, up=False, digits=digits), rounded(high, up=True, digits=digits)
        if float(ends[1]) - float(ends[0]) <= 2 * (high - low):
            return ends
    return rounded(low, up=False, digits=_MOST_DIGITS), rounded(high, up=True, digits=_MOST_DIGITS)


@dataclass(frozen=True)
class SampledShare:
    """A part of what was sampled, as a percentage; an estimate of 0 is said as ``none``."""

    text: str
    none: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        if claim is Claim.ESTIMATE and not value and self.none:
            return self.none
        return self.text.format(n=f"{amount(f'{100 * value:.3g}', claim)} %")


@dataclass(frozen=True)
class Seen:
    """A number of what was run or drawn, which was counted: an estimate of it is said as it is, or as ``none``."""

    text: str
    one: str
    many: str
    none: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        if claim is Claim.ESTIMATE and not value and self.none:
            return self.none
        return self.text.format(n=f"{amount(value, claim).removeprefix('about ')} {self.one if value == 1 else self.many}")


BOUNDS = (Claim.UPPER_BOUND, Claim.LOWER_BOUND)
_UP_TO = "up to "
_SPARE = 2
"""Twice the slack is said, so that the number may be rounded at the place of its first digit."""


def up_to(slack: float) -> tuple[str, ...]:
    """The scope of a number that is known up to ``slack`` and is rounded when it is said, at the place of the digit of this."""
    return (f"{_UP_TO}{rounded(Decimal(slack) * _SPARE, up=True, digits=1)}",) if slack else ()


def as_said(scope: Sequence[str], bound: bool = False) -> tuple[str, ...]:
    """The phrases of a scope with what a number is known up to as a power of ten, no smaller: its digits are those of one machine.
    Nothing of that after a ``bound``, in whose number it is."""
    said = ((phrase, _slack(phrase)) for phrase in scope)
    return tuple(phrase if slack is None else f"{_UP_TO}{_written(slack)}" for phrase, slack in said if slack is None or not bound)


def _slack(phrase: str) -> Decimal | None:
    """The power of ten that is not below what `up_to` says; None of another phrase."""
    if not phrase.startswith(_UP_TO) or not phrase[len(_UP_TO)].isdigit():
        return None
    slack = Decimal(phrase.removeprefix(_UP_TO))
    return Decimal((0, (1,), slack.adjusted() + (slack.scaleb(-slack.adjusted()) > 1)))


def _with_digits(value: Any, claim: Claim, scope: Sequence[str]) -> str:
    """A number in the direction of its bound, beyond what the scope allows, or up to half of this."""
    slack = next((slack for phrase in scope if (slack := _slack(phrase)) is not None), None)
    if slack is not None and claim in BOUNDS:
        return rounded(Decimal(value) + (slack if claim is Claim.UPPER_BOUND else -slack), up=claim is Claim.UPPER_BOUND)
    brief = f"{value:g}" if isinstance(value, float) else f"{value}"
    if float(brief) == float(value):
        return brief
    if claim in BOUNDS:
        return rounded(value, up=claim is Claim.UPPER_BOUND)
    if claim is Claim.ESTIMATE:
        return f"{value:.{_DIGITS}g}"
    if slack is None:
        return f"{value}"
    return _written(round(Decimal(value), -slack.adjusted()).normalize())


def rounded(value: float | Decimal, *, up: bool, digits: int = _DIGITS) -> str:
    """A number with a few digits, not smaller (``up``) or not larger than it."""
    context = Context(prec=digits, rounding=ROUND_CEILING if up else ROUND_FLOOR)
    found = context.create_decimal(Decimal(value)).normalize(context)
    return _written(found)


def _written(number: Decimal) -> str:
    return f"{number:f}" if not number or -4 < number.adjusted() < 2 * _DIGITS else f"{number:e}"
