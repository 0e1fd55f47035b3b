"""How an option of an entry is shown and checked: said once, in the signature of the entry's function.

``grid: Annotated[int, Option("points a side"), Whole("a grid has {least} to {most} points a side", 2, 1000)] = 60`` is an option of the
command line with its help, a keyword argument, and a check with its sentence. Nothing here computes, so that ``--help`` can read
declarations at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from neurovariety.errors import InputError

Route = Literal["auto", "computed", "theorem"]
"""How a number is found: by a closed formula where there is one, by computation alone, by a formula alone."""


@dataclass(frozen=True)
class Option:
    """An option of the command line.

    ``kind`` says how its text is read where the type does not say it: ``numbers`` (exact numbers, split at commas), ``table`` (a CSV
    file, without the columns that an option ``--target`` names) or ``dataset`` (a CSV file; those columns are targets); ``columns`` is
    then the help of ``--target``. ``name``: that of the command line, where it is not the argument's. ``recorded``: a key of the
    evidence that repeats what was asked. ``was``: the name it had in the last version. ``unknown``: the sentence about a value that is
    none of the choices. ``default``: for a field of a TypedDict, which has no place for one.
    """

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
        if isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most:
            return ""
        return f"{self.says.format(least=self.least, most=self.most)}, got {value!r}"


@dataclass(frozen=True)
class Real:
    """A finite number above 0, or at least 0 where ``zero`` is one; ``says`` is the sentence."""

    says: str
    zero: bool = False

    def refusal(self, value: object) -> str:
        """The sentence that refuses a value, '' where it is welcome."""
        if isinstance(value, int | float) and not isinstance(value, bool) and (0 < value < math.inf or (self.zero and value == 0)):
            return ""
        return f"{self.says}, got {value!r}"


Check = Whole | Real
"""What a value of an option has to satisfy."""


def listed(choices: Sequence[str]) -> str:
    """``auto, computed or theorem``"""
    return " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)


def require_choice(name: str, value: object, choices: Sequence[str], says: str = Option("").unknown) -> None:
    """Raise `InputError` where a value is none of the choices."""
    if value not in choices:
        raise InputError(says.format(name=name, value=value, choices=listed(choices)))


def usual(options: type) -> dict[str, object]:
    """What the fields of a TypedDict of options are where they are left out."""

    def default(annotation: object) -> object:
        return next((m.default for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Option)), None)

    return {name: default(annotation) for name, annotation in options.__annotations__.items()}
