"""Kinds of numbers that options of the command line take: sizes of memory, finite numbers, time limits."""

from __future__ import annotations

import math
from typing import Any

import click

_FOREVER = 1e8
"""Seconds, three years: an alarm cannot be set for much later."""


class Memory(click.ParamType):
    """A size such as 8G, 500M or a number of bytes."""

    name = "size"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        text = str(value).strip().upper().removesuffix("B").removesuffix("I")
        factor = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}.get(text[-1:], 1)
        try:
            size = int(float(text[:-1] if factor > 1 else text) * factor)
        except (ValueError, OverflowError):
            size = 0
        if size <= 0:
            self.fail(f"{value!r} is not a size; write 8G, 500M or a number of bytes", param, ctx)
        return size


class Finite(click.FloatRange):
    """A number in a range, which NaN and infinity are not."""

    name = "number"

    def _describe_range(self) -> str:
        """What help says of the range: nothing where there is none, for which click writes x<=None."""
        return "" if self.min is None and self.max is None else super()._describe_range()

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Seconds(Finite):
    """A time limit; infinity, and so many seconds that no clock counts them, are none."""

    def __init__(self) -> None:
        super().__init__(min=0, min_open=True)

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        if str(value).strip().lower() in ("inf", "infinity"):
            return _FOREVER
        return min(super().convert(value, param, ctx), _FOREVER)


def input_shapes(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, tuple[int, ...]] | None:
    """1,3,64,64 or NAME=1,3,64,64, once for each input."""
    out: dict[str, tuple[int, ...]] = {}
    for text in given:
        name, _, sizes = text.rpartition("=")
        try:
            out[name] = tuple(int(n) for n in sizes.split(","))
        except ValueError:
            raise click.BadParameter(f"{text!r} is no shape; give 1,3,64,64, or NAME=1,3,64,64 for one of several inputs") from None
    return out or None
