"""Membership in linear convolutional networks of one channel: how many real roots a polynomial has.

A composition of filters of sizes k_1, ..., k_L with stride 1 (the last layer may have any stride) is the product of polynomials of
degrees k_l - 1, read as binary forms, so that leading zeros are roots at infinity. A form p of degree d = sum (k_l - 1) is such a
product over R exactly if it is zero or has at least e real roots in P^1, counted with multiplicity, e the number of even k_l:
a form of odd degree has a real root; conversely give one real root to each odd degree, pair the others, which are even in number,
and distribute these pairs and the pairs of conjugate roots over the even degrees that remain. The set is closed (Kohn, Merkh, Montufar,
Trager 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import Any

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.families.cnn import CNN
from neurovariety.geometry.images.decision import Decision, excluded, realizable, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.real.real_roots import Factor, factors_over_q, factors_over_r

ROUTE = "real roots of the composed filter"
_MAX_DEGREE = 200
_MAX_STATES = 20_000
_ZERO, _ONE = Fraction(0), Fraction(1)
THEOREM = statement(
    "products of real filters",
    "a filter of size sum (k_l - 1) + 1 is a composition exactly if its binary form has at least as many real roots in P^1, with "
    "multiplicity, as there are filters of even size",
    "kohn2022",
)

Number = Fraction | float


def sizes_of(architecture: Architecture) -> list[int] | None:
    """Filter sizes of one-channel sequences with nonzero linear activations and stride 1 but on the last layer; None otherwise."""
    if not isinstance(architecture, CNN) or architecture.dimensions != 1 or set(architecture.channels) != {1}:
        return None
    if not all(a.is_linear for a in architecture.activations) or any(s != (1,) for s in architecture.strides[:-1]):
        return None
    sizes = [window[0] for window in architecture.filters]
    return sizes if _slope(architecture) and sum(k - 1 for k in sizes) <= _MAX_DEGREE else None


def composed_filter(architecture: CNN, target: Target, sizes: Sequence[int]) -> tuple[list[Fraction], str | None]:
    """The composed filter, constant term first; or the linear equation that shows that the target is not a convolution."""
    return _filter(target, sum(k - 1 for k in sizes), architecture.strides[-1][0])


def decide_convolution(architecture: Architecture, target: Target) -> Decision | None:
    """The decision for one-channel sequences with linear activations and stride 1 but on the last layer; None otherwise."""
    sizes = sizes_of(architecture)
    if sizes is None:
        return None
    assert isinstance(architecture, CNN)
    slope, degree = _slope(architecture), sum(k - 1 for k in sizes)
    filter_, wrong = composed_filter(architecture, target, sizes)
    if wrong is not None:
        return excluded("convolutions are a linear space", wrong)
    if not any(filter_):
        return realizable(ROUTE, [_ZERO] * sum(sizes), THEOREM, filter=[0] * (degree + 1))
    top = max(i for i, c in enumerate(filter_) if c)
    leading, factors = factors_over_q(filter_[: top + 1])
    real = degree - top + sum(f.real * f.multiplicity for f in factors)
    needed = sum(k % 2 == 0 for k in sizes)
    evidence = {"filter": [str(c) for c in filter_], "real_roots": real, "needed": needed, "roots_at_infinity": degree - top}
    if real < needed:
        violated = (
            f"the composed filter has at least {needed} real roots in P^1, with multiplicity (one for each even size), here {real}"
        )
        return excluded(ROUTE, violated, THEOREM, **evidence)
    pieces: list[list[Number]] | None = _over_q(factors, degree - top, sizes)
    if pieces is None:
        pieces = _over_r(factors, degree - top, sizes)
        leading_number: Number = float(leading / slope)
    else:
        leading_number = leading / slope
    pieces[0] = [c * leading_number for c in pieces[0]]
    return realizable(ROUTE, [c for piece in pieces for c in piece], THEOREM, **evidence)


def _slope(architecture: CNN) -> Fraction:
    return prod((Fraction(a.terms[0][1] or 0) for a in architecture.activations), start=_ONE)


def _filter(target: Target, degree: int, stride: int) -> tuple[list[Fraction], str | None]:
    """The composed filter, constant term first; or the linear equation that shows that the target is not a convolution."""
    found: list[Fraction] = [_ZERO] * (degree + 1)
    wrong = target.other_degree({1})
    if wrong is not None:
        return found, wrong
    for (output, e), c in target.coefficients.items():
        place = e.index(1) - output * stride
        if not 0 <= place <= degree:
            return found, f"the coefficient of x{e.index(1)} in output {output} is 0, here {c}"
    for tap in range(degree + 1):
        values = []
        for output in range(target.outputs):
            unit = tuple(int(i == output * stride + tap) for i in range(target.inputs))
            values.append(target.coefficients.get((output, unit), _ZERO))
        other = next((o for o, v in enumerate(values) if v != values[0]), None)
        if other is not None:
            return found, (
                f"the coefficients of x{tap} in output 0 and of x{other * stride + tap} in output {other} are equal, here {values[0]} "
                f"and {values[other]}"
            )
        found[tap] = values[0]
    return found, None


def _over_q(factors: Sequence[Factor], infinite: int, sizes: Sequence[int]) -> list[list[Number]] | None:
    """Filters with rational entries: the factors over Q and the roots at infinity distributed so that each filter is full, or None."""
    pool = [f.coefficients for f in factors for _ in range(f.multiplicity)]
    pool = sorted([*pool, *([(_ONE, _ZERO)] * infinite)], key=len, reverse=True)
    places = _packed([len(f) - 1 for f in pool], [k - 1 for k in sizes])
    if places is None:
        return None
    out: list[list[Number]] = [[_ONE] for _ in sizes]
    for factor, place in zip(pool, places, strict=True):
        out[place] = _times(out[place], factor)
    return out


def _packed(items: list[int], rooms: list[int]) -> list[int] | None:
    """A room for each item so that every room is filled exactly, by a search over the multisets of rooms left; None where there is none
    (or none found within a fixed number of states)."""
    dead: set[tuple[int, tuple[int, ...]]] = set()
    chosen: list[int] = []

    def place(i: int, left: list[int]) -> bool:
        if i == len(items):
            return True
        key = (i, tuple(sorted(left)))
        if key in dead or len(dead) > _MAX_STATES:
            return False
        tried = set()
        for room, space in enumerate(left):
            if space >= items[i] and space not in tried:
                tried.add(space)
                left[room] -= items[i]
                chosen.append(room)
                if place(i + 1, left):
                    return True
                chosen.pop()
                left[room] += items[i]
        dead.add(key)
        return False

    return chosen if place(0, list(rooms)) else None


def _over_r(factors: Sequence[Factor], infinite: int, sizes: Sequence[int]) -> list[list[Number]]:
    """Filters in decimals from the real factors; there are at least as many linear ones as filters of even size."""
    pool: list[tuple[float, ...]] = [p for f in factors for _ in range(f.multiplicity) for p in factors_over_r(f)]
    linear = [p for p in pool if len(p) == 2] + [(1.0, 0.0)] * infinite
    quadratic = [p for p in pool if len(p) == 3]
    out: list[list[Number]] = [[1.0] for _ in sizes]
    for i, k in enumerate(sizes):
        if k % 2 == 0:
            out[i] = _times(out[i], linear.pop())
    for i, k in enumerate(sizes):
        while len(out[i]) < k:
            if quadratic:
                out[i] = _times(out[i], quadratic.pop())
            else:
                out[i] = _times(_times(out[i], linear.pop()), linear.pop())
    return out


def _times(a: Sequence[Number], b: Sequence[Any]) -> list[Number]:
    out: list[Number] = [a[0] * 0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] = out[i + j] + x * y
    return out
