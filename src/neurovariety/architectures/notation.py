"""The notation of architectures: ``mlp(2,3,1; x^2)`` <-> object, round trip."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from neurovariety.architectures.activation import Activation
from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.attention import Attention
from neurovariety.architectures.cnn import CNN
from neurovariety.architectures.linear import Linear
from neurovariety.architectures.mlp import MLP
from neurovariety.errors import NotationError
from neurovariety.model import Shape

EXAMPLES = {
    "attention": "attention(3,2; a=2; t=4)",
    "cnn": "cnn(2,2; x^2)",
    "linear": "linear(3,2,3)",
    "mlp": "mlp(2,3,1; x^2)",
}
"""One notation a family, shown in error messages and in the documentation."""

T = TypeVar("T")
_MAX_LAYERS = 1000


def parse(text: str) -> Architecture:
    """The architecture that a notation denotes; ``repr`` gives the notation back.

    Families: ``linear(3,2,3)``; ``mlp(2,3,1; x^2)`` with any polynomial or ``generic(r)``, one activation or one a hidden layer,
    and ``bias``; ``cnn(3,2; x^2)`` with ``strides=``, ``channels=c_0,...,c_L``, ``outputs=`` or ``input=``, two-dimensional filters
    as ``3x3``; ``attention(3,2; a=2; t=4)`` with ``heads=``.

    Raises `NotationError` with one sentence on what was given and what was expected.
    """
    if not isinstance(text, str):
        raise NotationError(f"an architecture is a string such as mlp(2,3,1; x^2), got {type(text).__name__}")
    shown = text.strip()[:80]
    match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", text, re.DOTALL)
    if not match:
        raise NotationError(f"cannot read the architecture {shown!r}: write family(widths; options), e.g. {EXAMPLES['mlp']}")
    family, sections = match.group(1).lower(), [s.strip() for s in match.group(2).split(";")]
    if family not in _READERS:
        raise NotationError(
            f"unknown family {match.group(1)!r} in {shown!r}: the families are {', '.join(sorted(_READERS))}, e.g. {EXAMPLES['mlp']}"
        )
    return _READERS[family](shown, sections)


def _linear(shown: str, sections: list[str]) -> Linear:
    if len(sections) > 1:
        raise NotationError(f"linear takes widths only, got {sections[1]!r} in {shown!r}; biases: mlp(2,2,1; x; bias)")
    return Linear(_integers(sections[0], "widths", shown))


def _mlp(shown: str, sections: list[str]) -> MLP:
    widths = _integers(sections[0], "widths", shown)
    rest = sections[1:]
    bias = any(s.lower() == "bias" for s in rest)
    rest = [s for s in rest if s.lower() != "bias"]
    if len(rest) > 1 or (len(sections) - 1 - len(rest)) > 1:
        raise NotationError(f"mlp takes widths, activations and bias, got {shown!r}; e.g. mlp(2,3,1; x^2; bias)")
    return MLP(widths, _activations(rest[0] if rest else None, len(widths) - 2, shown, "mlp"), bias)


def _cnn(shown: str, sections: list[str]) -> CNN:
    filters = tuple(_sizes(s, "filter sizes", shown) for s in _listed(sections[0], "filter sizes", shown))
    d = len(filters[0])
    if d > 2 or any(len(f) != d for f in filters):
        raise NotationError(f"cnn filters are all 1D (3,2) or all 2D (3x3,2x2), got {sections[0][:40]!r} in {shown!r}")
    options, rest = _options(sections[1:], {"strides", "channels", "outputs", "input"}, shown)
    activation = rest[0] if rest else None
    activations = _activations(activation, len(filters) - 1, shown, "cnn")
    strides = None
    if "strides" in options:
        strides = tuple(_wide(_sizes(s, "strides", shown), d, shown) for s in _listed(options["strides"], "strides", shown))
        strides = _one_each(strides, len(filters), "strides", shown)
    channels = _integers(options["channels"], "channels", shown) if "channels" in options else None
    if channels is not None and len(channels) != len(filters) + 1:
        raise NotationError(f"channels= needs {len(filters) + 1} numbers (input, after each layer), got {len(channels)} in {shown!r}")
    if "outputs" in options and "input" in options:
        raise NotationError(f"give outputs= or input=, not both, in {shown!r}")
    for window in (*filters, *(strides or ())):
        if min(window) < 1:
            raise NotationError(f"filter sizes and strides must be positive, got {min(window)} in {shown!r}")
    if "input" in options:
        size = _wide(_sizes(options["input"], "input", shown), d, shown)
        return CNN(filters, activations, strides or ((1,) * d,) * len(filters), channels or (1,) * (len(filters) + 1), size)
    outputs = _wide(_sizes(options["outputs"], "outputs", shown), d, shown) if "outputs" in options else None
    if outputs is not None and min(outputs) < 1:
        raise NotationError(f"outputs= must be positive, got {min(outputs)} in {shown!r}")
    return CNN.shortest(filters, activations, strides, channels, outputs)


def _attention(shown: str, sections: list[str]) -> Attention:
    widths = _integers(sections[0], "widths", shown)
    options, rest = _options(sections[1:], {"a", "t", "heads"}, shown)
    if rest:
        raise NotationError(f"attention takes a=, t= and heads=, got {rest[0]!r} in {shown!r}; e.g. {EXAMPLES['attention']}")
    for needed in ("a", "t"):
        if needed not in options:
            raise NotationError(f"attention needs {needed}= in {shown!r}; e.g. {EXAMPLES['attention']}")
    inner = _one_each(_integers(options["a"], "a", shown), max(len(widths) - 1, 1), "a", shown)
    return Attention(widths, inner, _integer(options["t"], "t", shown), _integer(options.get("heads", "1"), "heads", shown))


_READERS: dict[str, Callable[[str, list[str]], Architecture]] = {
    "attention": _attention,
    "cnn": _cnn,
    "linear": _linear,
    "mlp": _mlp,
}


def _activations(text: str | None, hidden: int, shown: str, family: str) -> tuple[Activation, ...]:
    if text is None:
        if hidden > 0:
            raise NotationError(f"{family} needs an activation in {shown!r}, for example {EXAMPLES[family]}")
        return ()
    if hidden <= 0:
        raise NotationError(f"{family} without a hidden layer has no activation, got {text[:30]!r} in {shown!r}; leave it out")
    parsed = tuple(Activation.parse(part) for part in text.split(","))
    return _one_each(parsed, max(hidden, 0), "activations", shown)


def _one_each(values: tuple[T, ...], count: int, name: str, shown: str) -> tuple[T, ...]:
    if len(values) == 1:
        return values * count
    if len(values) != count:
        wanted = "1" if count == 1 else f"1 or {count}"
        raise NotationError(f"{name}: {wanted} expected (one a layer), got {len(values)} in {shown!r}")
    return values


def _options(sections: list[str], allowed: set[str], shown: str) -> tuple[dict[str, str], list[str]]:
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


def _listed(text: str, name: str, shown: str) -> list[str]:
    parts = [p.strip() for p in text.split(",")]
    if len(parts) > _MAX_LAYERS:
        raise NotationError(f"{name}: at most {_MAX_LAYERS} layers, got {len(parts)}")
    if not text.strip():
        raise NotationError(f"{name} missing in {shown!r}: write for example {EXAMPLES['mlp']}")
    return parts


def _integers(text: str, name: str, shown: str) -> tuple[int, ...]:
    return tuple(_integer(p, name, shown) for p in _listed(text, name, shown))


def _integer(text: str, name: str, shown: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,12}", text.strip()):
        raise NotationError(f"{name}: a whole number expected, got {text.strip()[:30]!r} in {shown!r}")
    return int(text)


def _sizes(text: str, name: str, shown: str) -> Shape:
    return tuple(_integer(p, name, shown) for p in text.split("x"))


def _wide(sizes: Shape, d: int, shown: str) -> Shape:
    if len(sizes) == 1:
        return sizes * d
    if len(sizes) != d:
        raise NotationError(f"sizes need 1 or {d} lengths, got {'x'.join(map(str, sizes))} in {shown!r}")
    return sizes
