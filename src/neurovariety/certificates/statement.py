"""What a claim is about: a kind of statement, its value, and the scope without which it would say too much."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Statement:
    """``kind`` names the sentence, ``subject`` is the hash of the exact data it speaks of, ``value`` what is asserted of it.

    ``scope`` are phrases that belong to the sentence: "of size at most 2^100", "among block-diagonal linear maps".
    """

    kind: str
    subject: str
    value: Mapping[str, Any]
    scope: tuple[str, ...] = field(default=())
