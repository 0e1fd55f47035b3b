"""Reading the parts of a notation: lists, whole numbers, sizes, options, activations."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from neurovariety.architectures.reading.activation import Activation
from neurovariety.errors import NotationError
from neurovariety.model import Shape

if TYPE_CHECKING:
    from neurovariety.architectures.architecture import Architecture

T = TypeVar("T")
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


def read_activations(text: str | None, hidden: int, shown: str, family: str, example: str) -> tuple[Activation, ...]:
    """One activation a hidden layer, from a list or from one that serves all."""
    if text is None:
        if hidden > 0:
            raise NotationError(f"{family} needs an activation in {shown!r}, for example {example}")
        return ()
    if hidden <= 0:
        raise NotationError(f"{family} without a hidden layer has no activation, got {text[:30]!r} in {shown!r}; leave it out")
    parsed = tuple(Activation.parse(part) for part in split(text, ","))
    return one_each(parsed, max(hidden, 0), "activations", shown)


def one_each(values: tuple[T, ...], count: int, name: str, shown: str) -> tuple[T, ...]:
    """The values, one a layer, where one may stand for all."""
    if len(values) == 1:
        return values * count
    if len(values) != count:
        wanted = "1" if count == 1 else f"1 or {count}"
        raise NotationError(f"{name}: {wanted} expected (one a layer), got {len(values)} in {shown!r}")
    return values


def read_options(sections: list[str], allowed: set[str], shown: str) -> tuple[dict[str, str], list[str]]:
    """Sections of the form key=value, and the others (at most one)."""
    options: dict[str, str] = {}
    rest: list[str] = []
    for section in sections:
        key, equals, value = section.partition("=")
        key = key.strip().lower()
        if not equals:
            rest.append(section)
        elif key not in allowed or key in options:
            problem = "given twice" if key in options else "unknown"
            raise NotationError(f"option {key[:30]!r} {problem} in {shown!r}: the options are {', '.join(sorted(allowed))}")
        else:
            options[key] = value.strip()
    if len(rest) > 1:
        raise NotationError(f"cannot read {rest[1][:40]!r} in {shown!r}: one list of activations, then options such as strides=2,1")
    return options, rest


def read_list(text: str, name: str, shown: str) -> list[str]:
    """The parts of a comma-separated list that must not be empty."""
    parts = [p.strip() for p in split(text, ",")]
    if len(parts) > _MAX_LAYERS:
        raise NotationError(f"{name}: at most {_MAX_LAYERS} layers, got {len(parts)}")
    if not text.strip():
        raise NotationError(f"{name} missing in {shown!r}: write for example mlp(2,3,1; x^2)")
    return parts


def read_integers(text: str, name: str, shown: str) -> tuple[int, ...]:
    """A comma-separated list of whole numbers."""
    return tuple(read_integer(p, name, shown) for p in read_list(text, name, shown))


def read_integer(text: str, name: str, shown: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text.strip()):
        raise NotationError(f"{name}: a whole number expected, got {text.strip()[:30]!r} in {shown!r}")
    return int(text)


def read_sizes(text: str, name: str, shown: str) -> Shape:
    """Sizes such as 3 or 3x2."""
    return tuple(read_integer(p, name, shown) for p in text.split("x"))


def wide(sizes: Shape, d: int, shown: str) -> Shape:
    """A size for each of d directions."""
    if len(sizes) == 1:
        return sizes * d
    if len(sizes) != d:
        raise NotationError(f"sizes need 1 or {d} lengths, got {'x'.join(map(str, sizes))} in {shown!r}")
    return sizes


def read_part(text: str, shown: str, example: str) -> Architecture:
    """A whole notation that stands within another."""
    from neurovariety.architectures.reading.parse import parse  # families read their parts by the list of all families

    if not text:
        raise NotationError(f"one network or more, separated by semicolons, expected in {shown!r}; e.g. {example}")
    depth = deepest = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    if deepest > _MAX_NESTING:
        raise NotationError(f"networks within networks {deepest} deep in {shown!r}; at most {_MAX_NESTING} parentheses deep are read")
    return parse(text)
