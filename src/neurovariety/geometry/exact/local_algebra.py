"""Is a point isolated in the fiber through it, cut by a generic linear space? Decided in the local ring."""

from __future__ import annotations

from fractions import Fraction
from math import comb
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from neurovariety.certificates.fiber_at_weights import LocalSlice
from neurovariety.certificates.local_series import monomials
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact.points import degree_bounds, draw_point
from neurovariety.linear_algebra import rank
from neurovariety.model import Model, Slot
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import draw_coefficients, leaves, values_program
from neurovariety.randomness import generator
from neurovariety.rings.polynomial import Polynomials
from neurovariety.rings.rational import Rationals, to_fraction
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_EXPANDED_TERMS

MAX_ORDER = 6
"""Terms of power series up to this degree are kept."""
_MAX_ENTRY = 10**4
"""Entries of the random linear space: large enough that it is generic, small enough that expansions stay short."""
_MAX_MONOMIALS = 1500

Exponents = tuple[int, ...]
_Pieces = WeakKeyDictionary[LocalSlice, "tuple[list[dict[Exponents, Fraction]], dict[tuple[int, int], int]]"]
_PIECES: Final = Slot[_Pieces]("local algebras of fibers")


def isolated_on_slice(model: Model, weights: tuple[Fraction, ...], codimension: int, seed: int) -> tuple[LocalSlice, int, int] | None:
    """A random linear space of this codimension through ``weights`` on which they are an isolated point of their fiber, with a prime
    and an order that show it: a proof that the fiber's dimension there is at most ``codimension``.

    The equations f_{w + B t} = f_w generate an ideal of the local ring at t = 0 over the integers localized at p. Where, mod p, it
    contains every form of some degree d modulo degree d + 1, the quotient is finite over that ring by Nakayama's lemma, hence finite
    over Q. None means: not shown up to order 6.
    """
    m = model.parameters - codimension
    if degree_bounds(model).rational or degree_bounds(model).parameters > 30:
        return None
    rng = generator(seed, "geometry.exact.local_algebra.values")
    directions = rng.integers(-_MAX_ENTRY, _MAX_ENTRY + 1, size=(model.parameters, m))
    drawn = tuple(to_fraction(c) for c in draw_coefficients(model, Rationals(), rng))
    count = -(-(model.parameters + 2) // model.outputs) + 1
    piece = LocalSlice(weights, directions, rng.integers(-9, 10, size=(count, *model.input_shape)), drawn)
    p, _ = draw_point(model, generator(seed, "geometry.exact.local_algebra.point"))
    try:
        for order in range(1, MAX_ORDER + 1):
            if comb(m + order, order) > _MAX_MONOMIALS:
                return None
            if local_dimension(model, piece, order, p) == local_dimension(model, piece, order - 1, p):
                return piece, p, order
    except ResourceError:
        return None
    return None


def local_dimension(model: Model, piece: LocalSlice, order: int, p: int) -> int:
    """Dimension over F_p of power series in t modulo f_{w + B t} = f_w and all terms above ``order``, at most 6.

    Raises `NotShown` for a larger order, and where known coefficients of the model are others; `ResourceError` where the model is too
    large to expand.
    """
    if order > MAX_ORDER:
        raise NotShown(f"terms are kept up to order {MAX_ORDER}")
    if any(c is not None and c != given for c, given in zip(model.coefficients, piece.coefficients, strict=True)):
        raise NotShown("the coefficients are not those of the model")
    known = model.kept.once(_PIECES, WeakKeyDictionary)
    equations, found = known.setdefault(piece, (_equations(model, piece), {}))
    if (order, p) not in found:
        found[order, p] = _quotient(equations, piece.directions.shape[1], order, p)
    return found[order, p]


def _equations(model: Model, piece: LocalSlice) -> list[dict[Exponents, Fraction]]:
    """f_{w + B t}(x) - f_w(x) at the inputs of the piece, as polynomials in t of degree at most 6."""
    ring = Polynomials([f"t{i}" for i in range(piece.directions.shape[1])], MAX_EXPANDED_TERMS)
    t = ring.generators()
    moved = ring.add(ring.constant(np.array(piece.at, dtype=object)), ring.matmul(ring.constant(piece.directions), t[:, None])[:, 0])
    coefficients = ring.constant(np.array(piece.coefficients, dtype=object))
    out: list[dict[Exponents, Fraction]] = []
    for values_at in piece.inputs:
        (values,) = interpret(values_program(model), ring, [*leaves(model, moved), ring.constant(values_at), coefficients])
        for element in values.reshape(-1):
            if not element.denominator.is_constant():
                raise NotShown("a rational model is not expanded")
            terms = {tuple(int(k) for k in e): c for e, c in element.numerator.to_dict().items()}
            out.append({e: to_fraction(c) for e, c in terms.items() if 0 < sum(e) <= MAX_ORDER})
    return out


def _quotient(equations: list[dict[Exponents, Fraction]], m: int, order: int, p: int) -> int:
    """Dimension of the local ring modulo the equations and all forms of degree above ``order``, over F_p."""
    kept = [e for k in range(order + 1) for e in monomials(m, k)]
    place = {e: i for i, e in enumerate(kept)}
    rows: list[Array] = []
    for equation in equations:
        low = min((sum(e) for e in equation), default=order + 1)
        residues = [(e, _residue(c, p)) for e, c in equation.items() if sum(e) <= order]
        for shift in (e for k in range(order - low + 1) for e in monomials(m, k)):
            row = np.zeros(len(kept))
            for e, c in residues:
                at = place.get(tuple(a + b for a, b in zip(e, shift, strict=True)))
                if at is not None:
                    row[at] = c
            rows.append(row)
    return len(kept) - (rank(np.stack(rows), p, overwrite=True) if rows else 0)


def _residue(value: Fraction, p: int) -> float:
    if value.denominator % p == 0:
        raise NotShown("the prime divides a denominator")
    return float(value.numerator * pow(value.denominator, -1, p) % p)
