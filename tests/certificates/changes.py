"""Documents of certificates with one digit, or word, other than it was."""

from __future__ import annotations

from beartype.roar import BeartypeCallHintViolation

import neurovariety as nv
from neurovariety.certificates.recheck import recheck


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
