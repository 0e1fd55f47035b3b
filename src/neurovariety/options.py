"""How an option of an entry is shown and checked: said once, in the signature of the entry's function.

``grid: Annotated[int, Option("points a side"), Whole("a grid has {least} to {most} points a side", 2, 1000)] = 60`` is an option of the
command line with its help, a keyword argument, and a check with its sentence. Nothing here computes, so that ``--help`` can read
declarations at once.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from neurovariety.errors import InputError

Route = Literal["auto", "computed", "theorem"]
"""How a number is found: by a closed formula where there is one, by computation alone, by a formula alone."""


@dataclass(frozen=True)
class Option:
    """An option of the command line.

    ``kind`` says how its text is read where the type does not say it: ``numbers`` (exact numbers, split at commas), ``table`` (a
    table, without the columns that an option ``--target`` names) or ``dataset`` (a table; those columns are targets); ``columns`` is
    then the help of ``--target``. An option of the kind ``source`` is given in place of an architecture. ``name``: that of the command
    line, where it is not the argument's. ``recorded``: a key of the evidence that repeats what was asked. ``was``: the name it had in
    the last version. ``unknown``: the sentence about a value that is none of the choices. ``default``: for a field of a TypedDict,
    which has no place for one."""

    help: str
    kind: str = ""
    columns: str = ""
    name: str = ""
    recorded: str = ""
    was: str = ""
    unknown: str = "{name} {value!r} is unknown: choose {choices}"
    default: object = None


@dataclass(frozen=True)
class Whole:
    """A whole number from ``least`` to ``most``; ``says`` is the sentence, in which these two can be named."""

    says: str
    least: int
    most: float = math.inf

    def refusal(self, value: object) -> str:
        """The sentence that refuses a value, '' where it is welcome."""
        if isinstance(value, numbers.Integral) and not isinstance(value, bool) and self.least <= int(value) <= self.most:
            return ""
        return f"{self.says.format(least=self.least, most=self.most)}, got {shown(value)}"


@dataclass(frozen=True)
class Real:
    """A finite number above 0, or at least 0 where ``zero`` is one, and less than ``below``; ``says`` is the sentence."""

    says: str
    zero: bool = False
    below: float = math.inf

    def refusal(self, value: object) -> str:
        """The sentence that refuses a value, '' where it is welcome."""
        number = as_real(value)
        if number is not None and (0 < number < self.below or (self.zero and number == 0)):
            return ""
        return f"{self.says}, got {shown(value)}"


@dataclass(frozen=True)
class FileName:
    """A name that a file can have."""

    def refusal(self, value: object) -> str:
        """The sentence that refuses a value, '' where it is welcome."""
        fits = isinstance(value, str | PurePath) and _can_be_named(PurePath(value))
        return "" if fits else f"a file is given by its name, got {shown(value)}"


def _can_be_named(path: PurePath) -> bool:
    try:
        parts = [os.fsencode(part) for part in path.parts]
    except UnicodeEncodeError:
        return False
    short = sum(map(len, parts)) < _LONGEST_PATH and all(len(part) <= _LONGEST_NAME for part in parts)
    return short and path.name not in ("", "..") and all(b"\0" not in part for part in parts)


Check = Whole | Real | FileName
"""What a value of an option has to satisfy."""

OF_EVERY_RUN: Mapping[str, Whole] = {
    "seed": Whole("a seed is a whole number from 0 on", 0),
    "memory_limit": Whole("a memory limit is a positive whole number of bytes", 1),
}
"""Checks of the arguments that entries have in common; none has to declare them."""

_LONGEST_NAME, _LONGEST_PATH = 200, 1000
"""Bytes of a file's name, without and with its folders: systems allow some more, and endings are added."""

_LONGEST = 80
"""Characters of a value that a sentence repeats."""


def as_real(value: object) -> float | None:
    """A real number as a float; None for anything else, for infinity and for numbers that no float comes near."""
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def shown(value: object) -> str:
    """A value in one short line of a sentence."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # a whole number of more digits than Python writes, or an object that cannot be shown
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def listed(choices: Sequence[str]) -> str:
    """``auto, computed or theorem``"""
    return " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)


def require_choice(name: str, value: object, choices: Sequence[str], says: str = Option("").unknown) -> None:
    """Raise `InputError` where a value is none of the choices."""
    if not isinstance(value, str) or value not in choices:
        raise InputError(says.format(name=name, value=_InShort(value), choices=listed(choices)))


class _InShort:
    """A value whose repr is short."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return shown(self._value)


def usual(options: type) -> dict[str, object]:
    """What the fields of a TypedDict of options are where they are left out."""

    def default(annotation: object) -> object:
        return next((m.default for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Option)), None)

    return {name: default(annotation) for name, annotation in options.__annotations__.items()}
