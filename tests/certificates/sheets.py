"""What becomes of certificates, and of the exact data that they speak of, with one part other than it was: which changes are accepted.

A change that is accepted is harmless or shows another true statement, which a reader has to see. So what is accepted is kept, in
``kept``, and everything else is refused.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import neurovariety as nv
from neurovariety.certificates import recheck as room
from neurovariety.certificates.issue import _TOKEN, NotShown, Verdict, issue
from neurovariety.certificates.plain_form import _fits, fields_of

from .changes import REFUSALS, twins

FINE = (1, 4, 12, 24)
"""A number is made less, and more, by 2^-k of itself: how far from a bound it may lie shows in which of these are accepted."""

FEW = 24
"""Weights, attributes and nodes of a network up to which each is changed; of other lists the first and the last."""

_NUMBER = re.compile(r"-?\d[\d.]*(e[-+]?\d+)?|\b[0-9a-f]{16,}\b")
LONG = 90
"""Characters of a reason that are compared."""

KEPT = Path(__file__).with_name("kept")


def kept_document(name: str) -> Any:
    """A result with its certificates, as an earlier day wrote it."""
    return json.loads("".join(json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))["document"]))


def read_back(data: Any) -> list[Verdict]:
    """The verdicts of a result as they are read from its JSON, checked anew on the data that are stored."""
    read = room._Read(data["certificates"], {}, data["architecture"])
    return [v for v in read.verdicts if v.certificate is not None]


def parts(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    """More changes than `twins`, of the same types: empty, without the last, the first of several, turned, numbers a little off."""
    if isinstance(value, float | Fraction) and value:
        for k in FINE:
            for sign, word in ((-1, "less"), (1, "more")):
                yield path, f"{word} by 2^-{k}", value + sign * value * type(value)(Fraction(1, 2**k))
    elif isinstance(value, np.ndarray) and value.size > 1:
        yield path, "last", value[:-1]
        yield path, "turned", value[::-1]
        for where in (0, -1):
            other = value.copy()
            other.reshape(-1)[where] += 1
            yield path, f"entry {where}", other
    elif isinstance(value, tuple) and value:
        yield path, "empty", ()
        if len(value) > 1:
            yield path, "last", value[:-1]
            yield path, "turned", value[::-1]
            for where, how, part in (*twins(value[0], path), *parts(value[0], path)):
                yield where, f"first {how}", (part, *value[1:])
        for where, how, part in parts(value[-1], path):
            yield where, how, (*value[:-1], part)
        if len(value) <= FEW and path[-1:] == ("nodes",):
            for i in range(1, len(value) - 1):
                for where, how, part in (*twins(value[i], path), *parts(value[i], path)):
                    yield where, f"{i} {how}", (*value[:i], part, *value[i + 1 :])
    elif isinstance(value, Mapping) and value and len(value) <= FEW:
        for key, inner in value.items():
            yield path, f"without {key}", {k: v for k, v in value.items() if k != key}
            for where, how, part in (*twins(inner, path), *parts(inner, path)):
                yield where, f"{key} {how}", {**value, key: part}
    elif is_dataclass(value) and not isinstance(value, Verdict):
        for field in fields(value):
            if field.init:
                for where, how, part in parts(getattr(value, field.name), (*path, field.name)):
                    try:
                        yield where, how, replace(value, **{field.name: part})
                    except REFUSALS:
                        continue


def renamed(value: Any, old: str, new: str) -> Any:
    """The same where data with another hash are spoken of; of premises as if they had been shown of these."""
    if isinstance(value, str):
        return new if value == old else value
    if isinstance(value, tuple):
        return tuple(renamed(v, old, new) for v in value)
    if isinstance(value, Verdict):
        said = renamed(value.statement, old, new)
        return value if said == value.statement else Verdict(said, value.claim, value.certificate, on=value.on, token=_TOKEN)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: renamed(getattr(value, f.name), old, new) for f in fields(value) if f.init}
        return replace(value, **changed) if any(changed[n] is not getattr(value, n) for n in changed) else value
    return value


def alike(one: Any, other: Any) -> bool:
    """Whether all parts are of the types that they were: others are refused where they are read, before any check."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, tuple):
        kinds = {type(v) for v in one}
        if len(kinds) == 1:
            return all(any(alike(v, w) for v in one[:8]) for w in other)
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, Mapping):
        return all(key in one and alike(one[key], v) for key, v in other.items())
    if is_dataclass(one) and not isinstance(one, Verdict):
        return all(alike(getattr(one, f.name), getattr(other, f.name)) for f in fields(one) if f.init)
    return True


def readable(value: Any) -> bool:
    """Whether all fields are of the types that a reader asks, as those are that a file gives."""
    if isinstance(value, tuple):
        return all(map(readable, value))
    if isinstance(value, Mapping):
        return all(map(readable, value.values()))
    if not is_dataclass(value) or isinstance(value, Verdict):
        return True
    held = [(getattr(value, name), hint) for name, (hint, _) in fields_of(type(value)).items()]
    return all(_fits(part, hint) and readable(part) for part, hint in held)


class Outcome(NamedTuple):
    """What becomes of a change: what is said otherwise where it is accepted, or the reason of the refusal, without its numbers."""

    accepted: bool
    words: str


def outcome(certificate: Any, subject: Any, before: Verdict) -> Outcome:
    """By the check of the changed certificate."""
    try:
        found = issue(certificate, subject)
    except REFUSALS as refusal:
        return Outcome(False, reason(refusal))
    said, other = before.statement, found.statement
    pairs = [(f.name, getattr(said, f.name), getattr(other, f.name)) for f in fields(said)]
    differ = [f"{name} {_short(b)}" for name, a, b in pairs if not _same(a, b)]
    return Outcome(True, ", ".join(differ + [str(found.claim)] * (found.claim is not before.claim)))


def reason(refusal: BaseException) -> str:
    """The words of a sentence of our own, without digits, which depend on the processor; the kind of another library's error."""
    kind = type(refusal).__name__
    return f"{kind}: {_NUMBER.sub('#', str(refusal))[:LONG]}" if isinstance(refusal, NotShown | nv.InputError) else kind


def _short(value: Any) -> str:
    """A number to eight digits, words as they are, or a hash."""
    if isinstance(value, float):
        return f"{value:.8g}"
    text = str(value)
    return text if len(text) <= 24 else hashlib.sha256(text.encode()).hexdigest()[:8]


def _same(a: Any, b: Any) -> bool:
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else bool(a == b)


def hash_of(subject: Any) -> str | None:
    """Of exact data that were changed; None where they fit together nowhere."""
    try:
        return subject.hash
    except (*REFUSALS, OverflowError):
        return None


def sheet(verdicts: list[Verdict]) -> dict[str, dict[str, Outcome]]:
    """By type of certificate, and by type of data and certificate: what becomes of each change of each part, each once."""
    found: dict[str, dict[str, Outcome]] = defaultdict(dict)
    checked: dict[tuple[str, str], tuple[Verdict, int, Any]] = {}
    for verdict in verdicts:
        certificate = verdict.certificate
        own = getattr(certificate, "rule", type(certificate).__name__)
        for path, how, twin in (*twins(certificate), *parts(certificate)):
            name = ".".join((*path, how))
            if name not in found[own] and alike(certificate, twin) and readable(twin):
                found[own][name] = outcome(twin, verdict.on, verdict)
        for place, data in enumerate(_all_of(verdict.on)):
            if isinstance(getattr(data, "hash", None), str):
                checked.setdefault((data.hash, own), (verdict, place, data))
    for (old, own), (verdict, place, data) in checked.items():
        group = f"{type(data).__name__} under {own}"
        for path, how, twin in (*twins(data), *parts(data)):
            name, new = ".".join((*path, how)), hash_of(twin)
            if name not in found[group] and new is not None and alike(data, twin) and readable(twin):
                on = tuple(twin if i == place else d for i, d in enumerate(verdict.on)) if isinstance(verdict.on, tuple) else twin
                found[group][name] = outcome(renamed(verdict.certificate, old, new), on, verdict)
                if new != old:
                    found[group][f"{name}, not named"] = outcome(verdict.certificate, on, verdict)
    return found


def _all_of(on: Any) -> tuple[Any, ...]:
    return on if isinstance(on, tuple) else (on,)
