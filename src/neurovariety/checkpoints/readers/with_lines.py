"""Operators that are lines around an activation that is understood: clips with one end, scaled exponentials, slopes of their own."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol, runtime_checkable

from neurovariety.checkpoints.readers.building import Builder, Operand, Roles, Stored, Value, refuse


@runtime_checkable
class Maker(Protocol):
    """An operator that is being read, of whatever graph."""

    @property
    def builder(self) -> Builder: ...

    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...

    @property
    def operator(self) -> str: ...

    def make(self, kind: str, *inputs: Operand, weights: Roles | None = None, **attributes: object) -> Value: ...


def line(c: Maker, x: Value, constant: Fraction, slope: Fraction) -> Value:
    """slope x + constant."""
    return c.make("activation", x, function="polynomial", coefficients=(constant, slope))


def at_least(c: Maker, x: Value, low: Fraction) -> Value:
    """max(x, low) = relu(x - low) + low."""
    if low == 0:
        return c.make("activation", x, function="relu")
    return line(c, c.make("activation", line(c, x, -low, Fraction(1)), function="relu"), low, Fraction(1))


def at_most(c: Maker, x: Value, high: Fraction) -> Value:
    """min(x, high) = high - relu(high - x)."""
    return line(c, c.make("activation", line(c, x, high, Fraction(-1)), function="relu"), high, Fraction(-1))


def stretched(c: Maker, x: Value, function: str, factor: Fraction, **attributes: object) -> Value:
    """f(factor x) / factor. Raises `InputError` for the factor 0."""
    if factor == 0:
        refuse(c.path or c.name, c.operator, "with the factor 0")
    if factor == 1:
        return c.make("activation", x, weights=None, function=function, **attributes)
    bent = c.make("activation", line(c, x, Fraction(0), factor), weights=None, function=function, **attributes)
    return line(c, bent, Fraction(0), 1 / factor)


def celu(c: Maker, x: Value, alpha: Fraction) -> Value:
    """max(0, x) + min(0, alpha (exp(x / alpha) - 1)), which is alpha elu(x / alpha) for positive alpha."""
    if alpha <= 0:
        refuse(c.path or c.name, c.operator, f"alpha={float(alpha)}, which makes it jump or not defined")
    return stretched(c, x, "elu", 1 / alpha, alpha=Fraction(1))


def own_slopes(c: Maker, x: Value, slopes: Stored) -> Value:
    """relu(x) - slopes relu(-x)."""
    above = c.make("activation", x, function="relu")
    below = c.make("activation", line(c, x, Fraction(0), Fraction(-1)), function="relu")
    scaled = c.builder.elementwise(f"{c.name} below", c.path, "multiply", below, slopes)
    return c.builder.promoted(c.builder.elementwise(c.name, c.path, "subtract", above, scaled))
