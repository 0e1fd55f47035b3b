"""Partial sums of the series of an activation in Chebyshev and in Hermite polynomials.

Definition: on [m - h, m + h] the Chebyshev series is that in T_k((x - m)/h); its partial sum is nearest in mean square with the
weight 1/sqrt(1 - t^2). The Hermite series is that in He_k((x - m)/s), s = h/3; its partial sum is nearest in mean square where x is
normal with mean m and deviation s, so that the interval is that of three deviations.

Coefficients are integrals, taken by Gauss's rule between places at which the activation bends. What comes out is a proposal, whose
distance `certificates.uniform_error` bounds.

Sources: Mason, Handscomb 2003 (Chebyshev); Szego 1939 (Hermite).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from math import factorial, sqrt

import flint

from neurovariety.beyond.approximation.remez import Curve, Exchange, of_one_piece
from neurovariety.certificates.activation_series import rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.analytic_networks import PERIODIC
from neurovariety.certificates.uniform_error import UniformQuestion

SERIES = ("chebyshev", "hermite")
"""The series of which there are partial sums here."""
DEVIATIONS = 3
"""So many standard deviations from the middle of an interval to each of its ends."""
_NODES = 20
_BITS = 160
_MOST_PANELS = 3000


def expanded(question: UniformQuestion, kind: str) -> tuple[Fraction, ...]:
    """The partial sum of the series of this ``kind``, "chebyshev" or "hermite": coefficients of powers of x from the constant up."""
    exact = of_one_piece(question) if kind == "chebyshev" else None
    if exact is not None:
        return exact.polynomial
    bits = _BITS + 6 * question.degree
    exchange = Exchange(question, bits)
    with taylor(bits, 3):
        sums = _chebyshev(exchange) if kind == "chebyshev" else _hermite(exchange)
        _, error = exchange.farthest(Curve(sums))
        return exchange.rounded(sums, error)


def _chebyshev(exchange: Exchange) -> flint.arb_poly:
    """sum c_k T_k(t) with c_k the mean of f(cos u) cos(k u) over 0 < u < pi, twice for k > 0."""
    n = exchange.question.degree
    even = (flint.arb.pi() * k / (n // 8 + 4) for k in range(n // 8 + 5))
    edges = sorted([*(rational_ball(-t).acos() for t in _bends(exchange, -1, 1)), *even], key=float)
    sums = [flint.arb(0)] * (n + 1)
    for u, weight in _gauss(edges, _NODES + n):
        t = -u.cos()
        value = _value(exchange, t) * weight / flint.arb.pi()
        before, now = flint.arb(1), t
        for k in range(n + 1):
            sums[k] = (sums[k] + before * value * (2 if k else 1)).mid()
            before, now = now, (2 * t * now - before).mid()
    return _summed(sums, lambda p, q, k: 2 * flint.arb_poly([0, 1]) * p - q if k else flint.arb_poly([0, 1]))


def _hermite(exchange: Exchange) -> flint.arb_poly:
    """sum c_k He_k(3 t) with c_k the mean of f He_k / k! for a normal number."""
    n = exchange.question.degree
    reach = sqrt(1.4 * exchange.bits) + sqrt(2 * n)  # exp(-z^2/2) is below 2^-bits farther out
    if exchange.question.activation == "exp":  # the integrand is largest one variance farther out
        reach += float(exchange.half) / DEVIATIONS
    ends = -reach / DEVIATIONS, reach / DEVIATIONS
    steps = int(4 * reach)
    even = (Fraction(ends[0]) + Fraction(ends[1] - ends[0]) * Fraction(i, steps) for i in range(steps + 1))
    edges = [rational_ball(t) for t in sorted({*_bends(exchange, *ends), *even})]
    sums = [flint.arb(0)] * (n + 1)
    normal = 1 / (2 * flint.arb.pi()).sqrt()
    for t, weight in _gauss(edges, _NODES + n):
        z = t * DEVIATIONS
        value = _value(exchange, t) * weight * DEVIATIONS * normal * (-z * z / 2).exp()
        before, now = flint.arb(1), z
        for k in range(n + 1):
            sums[k] = (sums[k] + before * value).mid()
            before, now = now, (z * now - (k + 1) * before).mid()
    scaled = [c / factorial(k) for k, c in enumerate(sums)]
    reading = flint.arb_poly([0, DEVIATIONS])
    return _summed(scaled, lambda p, q, k: reading * p - k * q)


def _summed(sums: Sequence[flint.arb], following: Callable[[flint.arb_poly, flint.arb_poly, int], flint.arb_poly]) -> flint.arb_poly:
    """sum c_k P_k, where P_(k+1) is made of P_k and P_(k-1)."""
    before, now, total = flint.arb_poly([0]), flint.arb_poly([1]), flint.arb_poly([0])
    for k, c in enumerate(sums):
        total += c.mid() * now
        before, now = now, following(now, before, k)
    return total


def _value(exchange: Exchange, t: flint.arb) -> flint.arb:
    x = (rational_ball(exchange.middle) + rational_ball(exchange.half) * t).mid()
    piece = exchange.activation.pieces[sum(rational_ball(k) < x for k in exchange.activation.kinks)]
    return taylor_coefficients(piece, x, 3)[0].mid()


def _gauss(edges: Sequence[flint.arb], nodes: int) -> Iterator[tuple[flint.arb, flint.arb]]:
    """Nodes and weights between neighbouring edges."""
    rule = [flint.arb.legendre_p_root(nodes, k, weight=True) for k in range(nodes)]
    for a, b in pairwise(edges):
        if a < b:
            for node, weight in rule:
                yield ((a + b) / 2 + (b - a) / 2 * node).mid(), ((b - a) / 2 * weight).mid()


def _bends(exchange: Exchange, low: float, high: float) -> list[Fraction]:
    """Places in t about which an activation is no polynomial of a small degree: kinks, four to each doubling of the distance from 0 of
    x and from kinks, and several to each wave of sin and cos."""
    unit, found = 1 / exchange.half, set(exchange.kinks)
    for centre in (-exchange.middle / exchange.half, *exchange.kinks):
        found.add(centre)
        step = unit / 4
        while step < 2 + abs(centre):
            found |= {centre + s * step * k / 4 for s in (-1, 1) for k in (4, 5, 6, 7)}
            step *= 2
    if exchange.question.activation in PERIODIC:
        count = min(_MOST_PANELS, int(2 * (high - low) * exchange.half) + 1)
        found |= {Fraction(low) + Fraction(high - low) * Fraction(i, count) for i in range(count + 1)}
    return [t for t in found if low < t < high]
