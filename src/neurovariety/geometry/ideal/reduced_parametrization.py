"""A model over a small field F_q: its coefficients modulo p as polynomials in the weights, and the weights in which they are linear."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import flint
import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.geometry.ideal.coefficient_map import connected
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.model import Model
from neurovariety.rings.rational import to_fraction
from neurovariety.rings.ring import Array
from neurovariety.rings.small_field import SmallField

_MAX_BLOCKS = 12

_Term = tuple[tuple[int, ...], int]
"""Exponents of all weights, and a nonzero residue."""


@dataclass(frozen=True, eq=False)
class ReducedParametrization:
    """The coefficients c_j(w) mod p of a model, reduced to ``columns`` of them that determine the others.

    All are homogeneous of degree 1 in the weights ``linear`` together, so that f_w, for fixed other weights ``free``, runs through
    the row space of a matrix whose rows belong to ``linear``; ``entries`` (terms, 4) lists row, column, coefficient and number of a
    monomial in ``free``, whose exponents are ``exponents``. Without such weights ``linear`` is empty and the matrix has one row, the
    coefficients.
    """

    blocks: tuple[str, ...]
    linear: tuple[int, ...]
    free: tuple[int, ...]
    columns: int
    """Dimension over F_q of the span of the coefficient vectors of the polynomials c_j mod p."""
    exponents: Array
    entries: Array

    @property
    def rows(self) -> int:
        return max(len(self.linear), 1)

    @classmethod
    def of(cls, model: Model, coordinates: Coordinates, field: SmallField) -> ReducedParametrization:
        """Reduce modulo the characteristic. Raises `InputError` where it divides a denominator."""
        polynomials = [_reduced(model, q, field) for q in coordinates.polynomials]
        chosen = _independent(polynomials, field.p)
        polynomials = [polynomials[j] for j in chosen]
        blocks, linear = _linear_blocks(model, polynomials)
        free = tuple(i for i in range(model.parameters) if i not in linear)
        row_of = {i: k for k, i in enumerate(linear)}
        places: dict[tuple[int, ...], int] = {}
        entries = []
        for j, terms in enumerate(polynomials):
            for e, c in terms:
                row = next((row_of[i] for i in linear if e[i]), 0)
                monomial = places.setdefault(tuple(e[i] for i in free), len(places))
                entries.append((row, j, c, monomial))
        return cls(
            blocks,
            linear,
            free,
            len(polynomials),
            np.array(list(places), dtype=np.int64).reshape(len(places), len(free)),
            np.array(entries, dtype=np.int64).reshape(len(entries), 4),
        )


def _reduced(model: Model, polynomial: object, field: SmallField) -> list[_Term]:
    out = []
    for e, value in polynomial.to_dict().items():  # type: ignore[attr-defined]
        try:
            c = field.scalar(to_fraction(value))
        except DivisionByZeroError as error:
            raise InputError(
                f"{model.name} has the coefficient {value}, whose denominator is divisible by {field.p}: it has no functions over "
                f"F_{field.q}; choose a field of another characteristic"
            ) from error
        if c:
            out.append((tuple(int(k) for k in e), c))
    return out


def _independent(polynomials: list[list[_Term]], p: int) -> list[int]:
    """Indices of polynomials that are a basis over F_p, hence over F_q, of the span of all."""
    chosen = []
    for piece in connected([[e for e, _ in terms] for terms in polynomials]):
        places: dict[tuple[int, ...], int] = {}
        entries = [(places.setdefault(e, len(places)), k, c) for k, j in enumerate(piece) for e, c in polynomials[j]]
        if not entries:
            continue  # a coefficient that vanishes mod p
        matrix = flint.nmod_mat(len(places), len(piece), p)
        for i, k, c in entries:
            matrix[i, k] = c
        reduced, rank = matrix.rref()
        chosen += [piece[next(k for k in range(len(piece)) if int(reduced[i, k]))] for i in range(int(rank))]
    return sorted(chosen)


def _linear_blocks(model: Model, polynomials: list[list[_Term]]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """The blocks with most weights in which every term has degree 1, taken together."""
    blocks = model.blocks[-_MAX_BLOCKS:]
    spans = [range(b.start, b.start + b.size) for b in blocks]
    degrees = {tuple(sum(e[i] for i in span) for span in spans) for terms in polynomials for e, _ in terms}
    best: tuple[int, tuple[int, ...]] = (0, ())
    for size in range(1, len(blocks) + 1):
        for chosen in combinations(range(len(blocks)), size):
            weights = sum(blocks[k].size for k in chosen)
            if weights > best[0] and all(sum(d[k] for k in chosen) == 1 for d in degrees):
                best = (weights, chosen)
    return tuple(blocks[k].name for k in best[1]), tuple(i for k in best[1] for i in spans[k])
