"""Power series at weights, modulo equations and all terms above an order.

Certificates on the fiber through special weights ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations_with_replacement

import flint

from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, NotStored
from neurovariety.certificates.vector_fields import residue

Exponents = tuple[int, ...]
Series = Mapping[Exponents, Fraction]


def monomials(variables: int, degree: int) -> list[Exponents]:
    """The exponents of one degree."""
    out = []
    for chosen in combinations_with_replacement(range(variables), degree):
        exponents = [0] * variables
        for v in chosen:
            exponents[v] += 1
        out.append(tuple(exponents))
    return out


def local_quotient(equations: list[Series], variables: int, order: int, p: int) -> int:
    """Dimension over F_p of polynomials of degree at most ``order`` modulo the equations, all higher terms left out. Raises `NotStored`
    for a large one, `NotShown` where p divides a denominator."""
    kept = [e for k in range(order + 1) for e in monomials(variables, k)]
    place = {e: i for i, e in enumerate(kept)}
    rows: list[list[int]] = []
    for equation in equations:
        low = min((sum(e) for e in equation), default=order + 1)
        residues = [(e, residue(c, p)) for e, c in equation.items() if sum(e) <= order]
        for shift in kept if residues else ():
            if sum(shift) > order - low:
                break
            row = [0] * len(kept)
            for e, c in residues:
                at = place.get(tuple(a + b for a, b in zip(e, shift, strict=True)))
                if at is not None:
                    row[at] = c
            rows.append(row)
        if len(rows) * len(kept) > MOST_ENTRIES:
            raise NotStored("the power series are too many to be taken anew here")
    return len(kept) - (int(flint.nmod_mat(rows, p).rank()) if rows else 0)
