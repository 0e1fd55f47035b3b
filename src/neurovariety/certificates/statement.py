"""What a claim is about: a kind of statement, its value, and the scope without which it would say too much."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Statement:
    """``kind`` names the sentence, ``subject`` is the hash of the exact data it speaks of, ``value`` what is asserted of it.

    ``scope`` are phrases that belong to the sentence: "of size at most 2^100", "among block-diagonal linear maps". ``error`` bounds
    the probability that a draw of primes or points was unlucky, where the statement rests on one.
    """

    kind: str
    subject: str
    value: Any
    scope: tuple[str, ...] = ()
    error: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.value, dict):  # what was said stays said
            object.__setattr__(self, "value", MappingProxyType(dict(self.value)))

    def __reduce__(self) -> tuple[Any, ...]:
        value = dict(self.value) if isinstance(self.value, MappingProxyType) else self.value
        return Statement, (self.kind, self.subject, value, self.scope, self.error)
