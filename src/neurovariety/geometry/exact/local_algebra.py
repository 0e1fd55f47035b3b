"""Is a point isolated in the fiber through it, cut by a generic linear space? Decided in the local ring."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb

import numpy as np

from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.points import degree_bounds, draw_point
from neurovariety.linear_algebra import rank
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import draw_coefficients, leaves, values_program
from neurovariety.randomness import generator
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.rational import Rationals, to_fraction
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_EXPANDED_TERMS

_MAX_ORDER = 6
_MAX_ENTRY = 10**4
"""Entries of the random linear space: large enough that it is generic, small enough that expansions stay short."""
_MAX_MONOMIALS = 1500

Exponents = tuple[int, ...]


def is_isolated(model: Model, weights: tuple[Fraction, ...], codimension: int, seed: int) -> bool:
    """Whether ``weights`` is an isolated point of its fiber cut by a random linear space of this codimension through it.

    True is a proof that the fiber's dimension there is at most ``codimension``. The equations f_{w + B t} = f_w generate an ideal of
    the local ring at t = 0 over the integers localized at p. Where, mod p, it contains every form of some degree d modulo degree
    d + 1, the quotient is finite over that ring by Nakayama's lemma, hence finite over Q. False means: not shown up to order 6.
    """
    m = model.parameters - codimension
    if m <= 0:
        return True
    if degree_bounds(model).rational or degree_bounds(model).parameters > 30:
        return False
    try:
        equations = _equations(model, weights, m, seed)
    except ResourceError:
        return False
    p, _ = draw_point(model, generator(seed, "geometry.exact.local_algebra.point"))
    before = 1
    for order in range(1, _MAX_ORDER + 1):
        if comb(m + order, order) > _MAX_MONOMIALS:
            return False
        now = _quotient(equations, m, order, p)
        if now == before:
            return True
        before = now
    return False


def _equations(model: Model, weights: tuple[Fraction, ...], m: int, seed: int) -> list[dict[Exponents, Fraction]]:
    """f_{w + B t}(x) - f_w(x) at enough integer inputs x, as polynomials in t of degree at most 6, B a random integer matrix."""
    rng = generator(seed, "geometry.exact.local_algebra.values")
    ring = Polynomials([f"t{i}" for i in range(m)], MAX_EXPANDED_TERMS)
    t = ring.generators()
    directions = ring.constant(rng.integers(-_MAX_ENTRY, _MAX_ENTRY + 1, size=(model.parameters, m)))
    moved = ring.add(ring.constant(np.array(weights, dtype=object)), ring.matmul(directions, t[:, None])[:, 0])
    drawn = draw_coefficients(model, Rationals(), rng)
    coefficients = ring.constant(np.array([to_fraction(c) for c in drawn], dtype=object))
    out: list[dict[Exponents, Fraction]] = []
    for _ in range(-(-(model.parameters + 2) // model.outputs) + 1):
        x = ring.constant(rng.integers(-9, 10, size=model.input_shape))
        (values,) = interpret(values_program(model), ring, [*leaves(model, moved), x, coefficients])
        for element in values.reshape(-1):
            terms = {tuple(int(k) for k in e): c for e, c in element.numerator.to_dict().items()}
            out.append({e: to_fraction(c) for e, c in terms.items() if 0 < sum(e) <= _MAX_ORDER})
    return out


def _quotient(equations: list[dict[Exponents, Fraction]], m: int, order: int, p: int) -> int:
    """Dimension of the local ring modulo the equations and all forms of degree above ``order``, over F_p."""
    monomials = [e for k in range(order + 1) for e in _monomials(m, k)]
    place = {e: i for i, e in enumerate(monomials)}
    rows: list[Array] = []
    for equation in equations:
        low = min((sum(e) for e in equation), default=order + 1)
        residues = [(e, _residue(c, p)) for e, c in equation.items() if sum(e) <= order]
        for shift in (e for k in range(order - low + 1) for e in _monomials(m, k)):
            row = np.zeros(len(monomials))
            for e, c in residues:
                at = place.get(tuple(a + b for a, b in zip(e, shift, strict=True)))
                if at is not None:
                    row[at] = c
            rows.append(row)
    return len(monomials) - (rank(np.stack(rows), p, overwrite=True) if rows else 0)


def _residue(value: Fraction, p: int) -> float:
    return float(value.numerator * pow(value.denominator, -1, p) % p)


def _monomials(variables: int, degree: int) -> list[Exponents]:
    out = []
    for chosen in combinations_with_replacement(range(variables), degree):
        exponents = [0] * variables
        for v in chosen:
            exponents[v] += 1
        out.append(tuple(exponents))
    return out
