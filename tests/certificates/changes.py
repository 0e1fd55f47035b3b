"""Documents of certificates, and certificates themselves, with one digit, or word, other than it was."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from fractions import Fraction

import numpy as np
from beartype.roar import BeartypeCallHintViolation

import neurovariety as nv
from neurovariety.certificates.issue import _TOKEN, WEAK, Forged, NotShown, Verdict, issue, recorded, weak
from neurovariety.certificates.model_of_premises import premises_of
from neurovariety.certificates.recheck import recheck
from neurovariety.claim import Claim


def said(found):
    """What a recheck lets through."""
    return {k.key: (k.statement.kind, str(k.statement.value), k.claim, k.statement.scope) for k in found.rechecked}


def leaves(data, path=()):
    """Where the numbers, words and truths of plain data stand."""
    if isinstance(data, dict):
        for key, inner in data.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(data, list):
        for i, inner in enumerate(data):
            yield from leaves(inner, (*path, i))
    elif data is not None:
        yield path


def at(data, path):
    for step in path:
        data = data[step]
    return data


def changed(value):
    """The same with one digit, or word, other than it was."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.5 + 0.25
    digits = [i for i, c in enumerate(value) if c.isdigit()]
    if digits:
        i = digits[len(digits) // 2]
        return f"{value[:i]}{(int(value[i]) + 1) % 10}{value[i + 1 :]}"
    return {"proved": "lower_bound", "lower_bound": "proved", "complete": "proved", "probability": "proved"}.get(value, value + "x")


def outcome(data):
    """What gets through; nothing where the document is refused as a whole."""
    try:
        return said(recheck(data))
    except (nv.InputError, nv.VerificationError):
        return {}
    except BeartypeCallHintViolation:  # the tests' own types refuse what a check would, with an error that recheck takes for a refusal
        return {}


LIMIT, ERROR = "on some days", 0.25
OF_PREMISES = ("unchecked", "weak", "of another subject", "of another kind")
EXACT = (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE)
REFUSALS = (
    NotShown,
    Forged,
    nv.InputError,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    AttributeError,
    BeartypeCallHintViolation,
)


def verdicts_under(verdict, known=None):
    """A verdict that rests on a certificate, and those that it rests on, each once."""
    known = {} if known is None else known
    if verdict.certificate is not None and id(verdict) not in known:
        known[id(verdict)] = verdict
        for premise in premises_of(verdict):
            verdicts_under(premise, known)
    return list(known.values())


def twins(value, path=()):
    """The same data with one part changed: (where, what became of it, the data)."""
    if isinstance(value, Verdict):
        said = value.statement
        yield path, "unchecked", recorded(said, value.claim)
        yield path, "weak", weak(said, Claim.ESTIMATE, "")
        other = replace(said, scope=(*said.scope, LIMIT))
        yield path, "limited", Verdict(other, value.claim, value.certificate, on=value.on, token=_TOKEN)
        if value.claim in EXACT:
            claim = Claim.PROBABILITY if value.claim is Claim.PROVED else value.claim
            yield path, "uncertain", Verdict(replace(said, error=ERROR), claim, value.certificate, on=value.on, token=_TOKEN)
        for name in ("subject", "kind"):
            yield path, f"of another {name}", Verdict(replace(said, **{name: "another"}), value.claim, on=value.on, token=_TOKEN)
    elif isinstance(value, bool | int | float | str):
        yield path, "changed", changed(value)
        if isinstance(value, int) and not isinstance(value, bool):
            yield path, "less", value - 1
    elif isinstance(value, Fraction):
        yield path, "changed", value + 1
        yield path, "less", value - 1
    elif isinstance(value, np.ndarray) and value.size:
        other = value.copy()
        other.reshape(-1)[value.size // 2] += 1
        yield path, "changed", other
        if value.ndim:
            yield path, "shorter", value[1:]
    elif isinstance(value, tuple | list):
        kind = type(value)
        if value and kind in (tuple, list):
            yield path, "shorter", value[1:]
            yield path, "twice", kind([*value, value[-1]])
            for where, how, part in twins(value[-1], path):
                yield where, how, kind([*value[:-1], part])
    elif is_dataclass(value):
        for field in fields(value):
            if field.init:
                for where, how, part in twins(getattr(value, field.name), (*path, field.name)):
                    try:
                        yield where, how, replace(value, **{field.name: part})
                    except REFUSALS:
                        continue


def contradiction(verdict, how, twin):
    """What a changed certificate shows that it should not; nothing where it is refused, or shows what was true before."""
    try:
        found = issue(twin, verdict.on)
    except REFUSALS:
        return ""
    said, other = verdict.statement, found.statement
    if how in OF_PREMISES:
        return f"{found.claim} rests on what is {how}" if found.claim not in WEAK else ""
    if how in ("limited", "uncertain"):
        kept = LIMIT in other.scope if how == "limited" else other.error >= ERROR
        return "" if kept or found.claim in WEAK else f"{found.claim} rests on what is {how}, and does not say so"
    if other.subject != said.subject:
        return f"speaks of {other.subject}"
    if (other.kind, other.scope) != (said.kind, said.scope) or other.value == said.value or "at least" in said.kind:
        return ""
    if found.claim in EXACT and verdict.claim in EXACT:
        return f"says {other.value}, not {said.value}"
    if not isinstance(said.value, int | float):
        return ""
    if verdict.claim in (*EXACT, Claim.LOWER_BOUND) and found.claim is Claim.LOWER_BOUND and other.value > said.value:
        return f"says that {said.value} is at least {other.value}"
    if verdict.claim in (*EXACT, Claim.UPPER_BOUND) and found.claim is Claim.UPPER_BOUND and other.value < said.value:
        return f"says that {said.value} is at most {other.value}"
    return ""


def contradictions(result, seen, numbers=True):
    """Of all certificates of a result, each part of each type once: what changed ones show that they should not. Without ``numbers``
    what they rest on alone is changed."""
    for top in result.verdicts.values():
        for verdict in verdicts_under(top):
            for path, how, twin in twins(verdict.certificate):
                own = getattr(verdict.certificate, "rule", type(verdict.certificate).__name__)
                name = ".".join((own, *path, how))
                if name not in seen and (numbers or how in (*OF_PREMISES, "limited", "uncertain")):
                    seen.add(name)
                    wrong = contradiction(verdict, how, twin)
                    if wrong:
                        yield name, wrong
