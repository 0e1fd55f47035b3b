"""What sentences are made of: numbers with their nouns, choices, lists, and how a kind of statement is said.

None of these says more of a value than its claim: a number carries "exactly", "at least" or "about" with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from neurovariety.claim import Claim

EXACT = (Claim.PROVED, Claim.PROBABILITY)
_AMOUNT = {Claim.PROVED: "exactly ", Claim.LOWER_BOUND: "at least ", Claim.UPPER_BOUND: "at most ", Claim.ESTIMATE: "about "}
_PLACES = re.compile(
    r"(?<= at the weights) [-0-9/, ]+(?= at the inputs|$)|(?<= at the inputs) [0-9a-f]+$|(?<= over the field) of \d+ elements$"
    r"| of the maps [0-9a-f]{32}$"
)
"""What a kind names beside its words: weights, the hash of a table of inputs or of linear maps, the number of elements of a field."""


_LONGEST = 40
"""Characters of a number in a sentence."""


def bare(kind: str) -> str:
    """A kind without the place it names: all ranks at inputs are said in one way, whatever the inputs."""
    return _PLACES.sub("", kind)


def amount(value: Any, claim: Claim) -> str:
    """A number as far as it is claimed: ``exactly 1,200``, ``at least 3``."""
    return f"{_AMOUNT.get(claim, '')}{_digits(value) if isinstance(value, int) else value}"


def _digits(value: int) -> str:
    """A whole number with its thousands; of one that has no place in a sentence, the ends and how many digits it has."""
    text = f"{value:,}"
    return text if len(text) <= _LONGEST else f"{text[:15]},...,{text[-3:]} ({len(str(abs(value)))} digits)"


def named(name: str) -> str:
    """A name as it stands among others: in brackets where it has a comma or an "and" of its own."""
    return f"({name})" if (", " in name or " and " in name) and not name.endswith(")") else name


def short(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {short(v)}" for k, v in value.items()) or "none"
    if isinstance(value, tuple | list):
        return f"{len(value)} listed" if len(value) > 3 else "; ".join(map(short, value)) or "none"
    return "yes" if value is True else "no" if value is False else str(value)


_NONE_BEYOND = (*EXACT, Claim.COMPLETE, Claim.UPPER_BOUND)
"""The claims at which 0 means that there is none."""


@dataclass(frozen=True)
class Number:
    """A number with its noun, in a sentence that has a place for it; none of what is counted is ``no`` of it, or what ``none`` says.

    ``of_none`` is the sentence then, where the words stand in another order: along no direction *does* something stay.
    """

    text: str
    one: str = ""
    many: str = ""
    none: str = ""
    of_none: str = ""

    def __call__(self, value: Any, claim: Claim) -> str:
        noun = self.one if value == 1 else self.many
        if value == 0 and (noun or self.none) and claim in _NONE_BEYOND:
            return (self.of_none or self.text).format(n=self.none or f"no {noun}")
        if value == 0 and noun and claim is Claim.LOWER_BOUND:
            return (self.of_none or self.text).format(n=f"no known {noun}")
        return self.text.format(n=f"{amount(value, claim)}{f' {noun}' if noun else ''}")


def along(where: str) -> Number:
    """Along how many directions ``where`` the function stays as it is."""
    text, of_none = (f"along {{n}} {where} {rest}" for rest in ("the function stays as it is", "does the function stay as it is"))
    return Number(text, "direction", "directions", "no direction", of_none)


@dataclass(frozen=True)
class Choice:
    """A sentence for each of a few values, without a strong word; ``sure`` takes its place where the claim is exact."""

    text: Mapping[Any, str]
    sure: Mapping[Any, str] = field(default_factory=dict)

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

    ``joined``: in one breath with the one before, where both are claimed alike; ``alone`` takes its place where they are not.
    ``counts``: a whole number is one of points, so many of which are proved where the claim is `complete`; ``points`` names them
    where the sentence does not. ``of_one``: how it is said of a part of what the breath began with, where that is a single one: in
    apposition to it, and not where there may be more.
    """

    asks: str
    says: Callable[[Any, Claim], str]
    joined: bool = False
    alone: Callable[[Any, Claim], str] | None = None
    counts: bool = True
    points: str = ""
    of_one: Callable[[Any, Claim], str] | None = None
