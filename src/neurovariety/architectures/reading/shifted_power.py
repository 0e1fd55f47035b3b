"""Activations c (x + u)^r + k: with biases they give the same functions as x^r, since biases absorb u and k."""

from __future__ import annotations

from fractions import Fraction
from math import comb

from neurovariety.architectures.reading.activation import Activation


def normal_form(activation: Activation, bias: bool) -> Activation:
    """An activation with the same functions where the next layer is linear, with free biases on all layers where ``bias``: with the
    leading coefficient 1 and, where biases absorb the rest, a power; without the constant that they absorb in any case."""
    if activation.is_polynomial:
        power = shifted_power(activation) if bias else None
        if power is None and activation.is_monomial:
            power = activation.degree
        if power is not None:
            return Activation.monomial(power)
    top = activation.leading
    if top is None:
        return activation
    kept = activation.terms[:-1] if bias and activation.is_polynomial and activation.terms[-1][0] == 0 else activation.terms
    return Activation(tuple((e, None if c is None else c / top) for e, c in kept), activation.denominator)


def shifted_power(activation: Activation) -> int | None:
    """The r >= 1 with s(x) = c (x + u)^r + k for some c, u, k, c not 0; None where there is none. Every quadratic has r = 2."""
    if not activation.is_polynomial or activation.degree < 1:
        return None
    r = activation.degree
    if r <= 2:
        return r
    if activation.is_generic:
        return None
    terms = {e: c for e, c in activation.terms if c is not None}
    top = terms[r]
    shift = terms.get(r - 1, Fraction(0)) / (r * top)
    if not shift or len(terms) < r:  # sparse polynomials of enormous degree end here
        return r if terms.keys() <= {r, 0} else None
    same = all(terms.get(e, Fraction(0)) == top * comb(r, e) * shift ** (r - e) for e in range(1, r))
    return r if same else None


def power_shift(s: Activation) -> Fraction:
    """The u of s(x) = c (x + u)^r + k, for a polynomial that is such."""
    terms = dict(s.terms)
    top, second = terms[s.degree], terms.get(s.degree - 1)
    return Fraction(0) if top is None or second is None else second / (s.degree * top)
