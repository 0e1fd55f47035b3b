"""Reading the sections of a notation, which stand between semicolons: lists, whole numbers, sizes, options, activations, networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from neurovariety.architectures.reading.activation import Activation
from neurovariety.errors import NotationError

Item = TypeVar("Item")
Network = TypeVar("Network", covariant=True)

_MAX_LAYERS = 1000
_MAX_NESTING = 12


def split(text: str, separator: str) -> list[str]:
    """The parts of ``text`` between separators that stand outside parentheses, stripped."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == separator and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return [*parts, text[start:].strip()]


@dataclass(frozen=True)
class Sections(Generic[Network]):
    """The sections of one notation, of which there is at least one.

    ``shown`` is the notation as error messages show it, ``example`` one that can be read, for them too. ``parse`` reads a whole
    notation: families whose sections are networks read them through it, so that no family needs to know the others. Every method raises
    `NotationError` with one sentence on what was given and what was expected.
    """

    texts: tuple[str, ...]
    shown: str
    example: str
    parse: Callable[[str], Network]

    @classmethod
    def of(cls, inside: str, shown: str, example: str, parse: Callable[[str], Network]) -> Sections[Network]:
        """The sections of what stands between the parentheses of a notation."""
        return cls(tuple(split(inside, ";")), shown, example, parse)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def first(self) -> str:
        return self.texts[0]

    @property
    def rest(self) -> tuple[str, ...]:
        """All sections but the first."""
        return self.texts[1:]

    def activations(self, text: str | None, hidden: int, family: str) -> tuple[Activation, ...]:
        """One activation a hidden layer, from a list or from one that serves all."""
        if text is None:
            if hidden > 0:
                raise NotationError(f"{family} needs an activation in {self.shown!r}, for example {self.example}")
            return ()
        if hidden <= 0:
            raise NotationError(f"{family} without a hidden layer has no activation, got {text[:30]!r} in {self.shown!r}; leave it out")
        parsed = tuple(Activation.parse(part) for part in split(text, ","))
        return self.one_each(parsed, hidden, "activations")

    def one_each(self, values: tuple[Item, ...], count: int, name: str) -> tuple[Item, ...]:
        """The values, one a layer, where one may stand for all."""
        if len(values) == 1:
            return values * count
        if len(values) != count:
            wanted = "1" if count == 1 else f"1 or {count}"
            raise NotationError(f"{name}: {wanted} expected (one a layer), got {len(values)} in {self.shown!r}")
        return values

    def options(self, allowed: set[str], among: Iterable[str] | None = None) -> tuple[dict[str, str], list[str]]:
        """Sections of the form key=value, and the others (at most one), among those given or all but the first."""
        options: dict[str, str] = {}
        left: list[str] = []
        for section in self.rest if among is None else among:
            key, equals, value = section.partition("=")
            key = key.strip().lower()
            if not equals:
                left.append(section)
            elif key not in allowed or key in options:
                problem = "given twice" if key in options else "unknown"
                raise NotationError(f"option {key[:30]!r} {problem} in {self.shown!r}: the options are {', '.join(sorted(allowed))}")
            else:
                options[key] = value.strip()
        if len(left) > 1:
            raise NotationError(
                f"cannot read {left[1][:40]!r} in {self.shown!r}: one list of activations, then options such as strides=2,1"
            )
        return options, left

    def items(self, text: str, name: str) -> list[str]:
        """The parts of a comma-separated list that must not be empty."""
        parts = [p.strip() for p in split(text, ",")]
        if len(parts) > _MAX_LAYERS:
            raise NotationError(f"{name}: at most {_MAX_LAYERS} layers, got {len(parts)}")
        if not text.strip():
            raise NotationError(f"{name} missing in {self.shown!r}: write for example {self.example}")
        return parts

    def integers(self, text: str, name: str) -> tuple[int, ...]:
        """A comma-separated list of whole numbers."""
        return tuple(self.integer(p, name) for p in self.items(text, name))

    def integer(self, text: str, name: str) -> int:
        """A whole number."""
        if not re.fullmatch(r"[+-]?[0-9]{1,12}", text.strip()):
            raise NotationError(f"{name}: a whole number expected, got {text.strip()[:30]!r} in {self.shown!r}")
        return int(text)

    def modes(self, family: str) -> tuple[int, ...]:
        """The sizes of the modes of a tensor, from the first section."""
        if not self.first:
            raise NotationError(f"{family} needs the sizes of its modes in {self.shown!r}, for example {self.example}")
        return self.integers(self.first, "modes")

    def sizes(self, text: str, name: str) -> tuple[int, ...]:
        """Sizes such as 3 or 3x2."""
        return tuple(self.integer(p, name) for p in text.split("x"))

    def wide(self, sizes: tuple[int, ...], d: int) -> tuple[int, ...]:
        """A size for each of d directions."""
        if len(sizes) == 1:
            return sizes * d
        if len(sizes) != d:
            raise NotationError(f"sizes need 1 or {d} lengths, got {'x'.join(map(str, sizes))} in {self.shown!r}")
        return sizes

    def part(self, text: str) -> Network:
        """A whole notation that stands within this one."""
        if not text:
            raise NotationError(f"one network or more, separated by semicolons, expected in {self.shown!r}; e.g. {self.example}")
        depth = deepest = 0
        for character in text:
            depth += (character == "(") - (character == ")")
            deepest = max(deepest, depth)
        if deepest > _MAX_NESTING:
            raise NotationError(
                f"networks within networks {deepest} deep in {self.shown!r}; at most {_MAX_NESTING} parentheses deep are read"
            )
        return self.parse(text)
