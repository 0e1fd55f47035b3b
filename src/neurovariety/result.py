"""The base of every result: value, claim, evidence, provenance, meaning."""

from __future__ import annotations

import html
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, Self

import numpy as np

from neurovariety._version import __version__
from neurovariety.citations import cite
from neurovariety.claim import Claim
from neurovariety.errors import InputError

SCHEMA = 1
"""Version of the dictionary form; `Result.from_dict` reads this version."""


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from: library version, seed, wall seconds."""

    version: str
    seed: int
    seconds: float

    @classmethod
    def since(cls, start: float, seed: int) -> Provenance:
        """Provenance of work that began at ``start`` (a value of ``time.perf_counter()``)."""
        return cls(__version__, seed, round(time.perf_counter() - start, 6))


@dataclass(frozen=True)
class Result:
    """What an entry of the dictionary returns.

    ``value`` is exact where it is exact. ``claim`` says how far it may be trusted and ``evidence`` why, as plain data.
    ``meaning`` says what the value means for learning, with the numbers put in. ``subject`` is the architecture's notation.
    Results of the dictionary's entries add ``verify()`` (`dictionary.entry_result`).
    """

    entry: ClassVar[str] = ""
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025",)

    value: Any
    claim: Claim
    subject: str = field(default="", kw_only=True)
    meaning: str
    evidence: Mapping[str, Any]
    provenance: Provenance = field(default=Provenance(__version__, 0, 0.0), kw_only=True)
    notices: tuple[str, ...] = field(default=())

    def cite(self) -> str:
        """The sources of the definition and of the theorems used, one a line."""
        used = [t["source"] for t in self.evidence.get("theorems", ()) if "source" in t]
        return cite(*self.sources, *used)

    def __repr__(self) -> str:
        return f"{self.entry}({self.subject}) = {self.shown()} [{self.claim}, seed {self.provenance.seed}]"

    def shown(self) -> str:
        """The value in one short line."""
        if isinstance(self.value, Mapping):
            return ", ".join(f"{k} {in_one_line(v)}" for k, v in self.value.items())
        return in_one_line(self.value)

    def summary(self) -> str:
        """The result in a few lines of text: value, claim with its explanation, meaning."""
        lines = [repr(self), f"  claim: {self.claim} - {self.claim.explanation}", f"  {self.meaning}"]
        lines += [f"  note: {n}" for n in self.notices]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(k)}</th><td>{html.escape(str(v))}</td></tr>"
            for k, v in (("value", self.shown()), ("claim", self.claim), ("meaning", self.meaning))
        )
        evidence = html.escape(json.dumps(plain(self.evidence), indent=1))
        return (
            f"<table><caption>{html.escape(f'{self.entry}({self.subject})')}</caption>{rows}</table>"
            f"<details><summary>evidence</summary><pre>{evidence}</pre></details>"
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of the command line: entry, architecture, value, claim, evidence, provenance, meaning, schema."""
        evidence = plain(self.evidence)
        if self.notices:
            evidence["notices"] = list(self.notices)
        return {
            "entry": self.entry,
            "architecture": self.subject,
            "value": plain(self.value),
            "claim": str(self.claim),
            "evidence": evidence,
            "provenance": {
                "version": self.provenance.version,
                "seed": self.provenance.seed,
                "seconds": self.provenance.seconds,
            },
            "meaning": self.meaning,
            "schema": SCHEMA,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result of `to_dict`. Raises `InputError` for another entry or another schema version."""
        if data.get("schema") != SCHEMA:
            raise InputError(f"this is a result of schema {data.get('schema')!r}; this version reads schema {SCHEMA}")
        if data.get("entry") != cls.entry:
            raise InputError(f"this is a result of the entry {data.get('entry')!r}, not of {cls.entry!r}")
        evidence = dict(data["evidence"])
        notices = tuple(evidence.pop("notices", ()))
        return cls(
            value=data["value"],
            claim=Claim(data["claim"]),
            subject=data["architecture"],
            meaning=data["meaning"],
            evidence=evidence,
            provenance=Provenance(**data["provenance"]),
            notices=notices,
        )


def plain(value: Any) -> Any:
    """JSON-ready data: Fractions become strings, NumPy scalars and arrays Python ones."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    if isinstance(value, Claim):
        return str(value)
    return value


def counted(n: int, noun: str) -> str:
    """A number with its noun: ``1 sample``, ``2 samples``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


_LINE = 140
"""Characters of a value in one line: two conservation laws have room."""


def in_one_line(value: Any) -> str:
    """A value of a result as short text; - stands for null."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list | tuple) and not value:
        return "none"
    if isinstance(value, list | tuple) and all(isinstance(v, Mapping) for v in value):
        return f"{len(value)} listed"  # a table has no place in one line; JSON has all of it
    text = _text(plain(value))
    return text if len(text) <= _LINE else text[: _LINE - 3] + "..."


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_text(v)}" for k, v in value.items())
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return "; ".join(value)
    return str(value)
