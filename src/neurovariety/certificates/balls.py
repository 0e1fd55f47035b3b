"""Balls of complex numbers at any precision and of any size (python-flint, Arb): programs run in them enclose what is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import flint

from neurovariety.certificates.gaussian import Coefficient, Gaussian


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Balls with midpoints of so many bits, within."""
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def ball(c: Coefficient | complex | flint.acb) -> flint.acb:
    """A ball that holds the number, or the ball that is given; a radius of 0 where its bits fit."""
    if isinstance(c, flint.acb):
        return c
    if isinstance(c, Gaussian):
        return flint.acb(_real(c.re), _real(c.im))
    if isinstance(c, complex):
        return flint.acb(c.real, c.imag)
    return flint.acb(_real(c))


def _real(value: Any) -> flint.arb:
    return flint.arb(value)


def polynomial(c: Coefficient | complex) -> flint.acb_poly:
    """The constant polynomial."""
    return flint.acb_poly([ball(c)])


def upper(x: flint.acb) -> flint.arb:
    """An exact upper bound of the modulus."""
    return abs(x).upper()


def lower(x: flint.acb) -> flint.arb:
    """An exact lower bound of the modulus."""
    return abs(x).lower()


def about(centre: flint.acb, radius: flint.arb) -> flint.acb:
    """A ball that holds all points within ``radius`` of ``centre``."""
    side = flint.arb(0, radius.upper())
    return centre + flint.acb(side, side)


def total(values: Sequence[flint.arb]) -> flint.arb:
    """The sum."""
    return sum(values, flint.arb(0))


def contracts(
    residual: Sequence[flint.arb], slopes: Sequence[Sequence[flint.arb]], inverse: Sequence[Sequence[flint.arb]], radius: float
) -> bool:
    """Krawczyk's test for n real equations: exactly one zero lies in a box.

    From their values at the middle m of the box of this ``radius``, their derivatives over it and an approximate ``inverse`` Y:
    whether K(X) = m - Y F(m) + (1 - Y F'(X)) (X - m) maps the box into its interior.
    """
    n, step = len(residual), flint.arb(0, radius)
    if [len(row) for row in inverse] != [n] * n or [len(row) for row in slopes] != [n] * n:
        return False
    for a in range(n):
        image = -sum((inverse[a][b] * residual[b] for b in range(n)), flint.arb(0))
        for c in range(n):
            product = sum((inverse[a][b] * slopes[b][c] for b in range(n)), flint.arb(0))
            image = image + (int(a == c) - product) * step
        if not step.contains_interior(image):
            return False
    return True
