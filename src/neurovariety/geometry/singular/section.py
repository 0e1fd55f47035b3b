"""Zero sets of forms cut by random linear spaces: are they empty, how many points have they? By exact linear algebra mod p.

Forms G_1, ..., G_s in n variables have a zero set of dimension at most k, as a cone, if they have no common zero but 0 on some linear
space of codimension k. There the multiples of the forms fill some degree d: a full rank mod p, hence over Q, which is a proof. In the
other direction, forms of degrees e_1 >= e_2 >= ... without common zero in m variables fill the degree (e_1 - 1) + ... + (e_m - 1) + 1
(Macaulay 1916); if they do not, there is a zero. And if c <= d dimensions are left in degree d and in d + 1, d at least the degrees of
the forms, then c are left in all higher degrees (Gotzmann 1978): there are c zeros, counted with multiplicities. Finitely many zeros
have settled in Macaulay's degree, too (Lazard 1983).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import flint
import numpy as np

from neurovariety.certificates.linear_sections import FormsModPrime
from neurovariety.certificates.local_series import monomials
from neurovariety.linear_algebra import echelon, kernel, matmul_mod, reduce_mod
from neurovariety.rings.ring import Array

_MOST_MONOMIALS = 1500
"""Monomials of one degree, the columns of a matrix: a second for its rank."""

_COUNTED_MONOMIALS = 500
"""The same where points are counted, for which many degrees are gone through."""

_SPARE = 16
"""Random combinations of rows beyond the number of columns."""


def spans(forms: FormsModPrime) -> Iterator[tuple[int, Array]]:
    """For d = 1, 2, ...: a basis of the combinations of the forms in degree d, one a row, columns the monomials of degree d.

    Products of a basis in degree d - 1 with the variables and forms of degree d span it; many rows are replaced by random
    combinations, which span the same but for a chance of 1 / p^16.
    """
    rng = np.random.default_rng(forms.p)
    lower, basis = monomials(forms.variables, 0), np.zeros((0, 1))
    d = 0
    while True:
        d += 1
        own = monomials(forms.variables, d)
        columns = {e: j for j, e in enumerate(own)}
        rows = []
        for k in range(forms.variables if len(basis) else 0):
            raised = np.zeros((len(basis), len(own)))
            raised[:, [columns[(*e[:k], e[k] + 1, *e[k + 1 :])] for e in lower]] = basis
            rows.append(raised)
        rows += [_row(form, columns) for form, e in zip(forms.forms, forms.degrees, strict=True) if e == d]
        spanning = np.concatenate(rows) if rows else np.zeros((0, len(own)))
        if len(spanning) > len(own) + _SPARE:
            mix = rng.integers(0, forms.p, size=(len(own) + _SPARE, len(spanning))).astype(np.float64)
            spanning = matmul_mod(mix, reduce_mod(spanning, forms.p), forms.p)
        pivots = [int(i) for i in echelon(np.ascontiguousarray(spanning.T), forms.p).pivot_columns] if len(spanning) else []
        lower, basis = own, spanning[pivots]
        yield d, basis


def feasible(forms: FormsModPrime, d: int, most: int) -> bool:
    """Whether degree d has at most so many monomials."""
    return math.comb(d + forms.variables - 1, d) <= most


def has_zero(forms: FormsModPrime) -> bool | None:
    """Whether the forms have a common zero besides 0 over the algebraic closure of F_p; None where that is too much work."""
    if not forms.forms:
        return forms.variables > 0
    before = -1
    for d, basis in spans(forms):
        if d > forms.regularity:
            return True
        left = basis.shape[1] - len(basis)
        if left == 0:
            return False
        if left == before <= d - 1 and d > max(forms.degrees):
            return True
        if not feasible(forms, d + 1, _MOST_MONOMIALS):
            return None
        before = left
    return None


def count_zeros(forms: FormsModPrime, rng: np.random.Generator) -> tuple[int, int] | None:
    """For finitely many zeros in projective space: their number with multiplicities, and without; None where that is too much work.

    The quotient by the forms is a module over the linear forms; on a high degree the pencil of multiplications by two random ones
    has the zeros' values as eigenvalues.
    """
    low = np.zeros((0, 0))
    for d, basis in spans(forms):
        if not len(basis) < basis.shape[1]:
            return 0, 0
        size = basis.shape[1] - len(basis)
        high = kernel(basis, forms.p) if len(basis) else np.zeros((0, 0))
        settled = size <= d - 1 or d - 1 >= forms.regularity
        if low.size and low.shape[1] == size and settled and d > max(forms.degrees):
            return _distinct(low, high, forms, d - 1, rng)
        if d > forms.regularity + 2 or not feasible(forms, d + 1, _COUNTED_MONOMIALS):
            return None
        low = high
    return None


def _distinct(low: Array, high: Array, forms: FormsModPrime, d: int, rng: np.random.Generator) -> tuple[int, int] | None:
    p, size = forms.p, low.shape[1]
    rows = [int(i) for i in echelon(np.ascontiguousarray(low.T), p).pivot_columns]
    basis = _matrix(low[rows], p)
    first, second = (basis.solve(_matrix(_multiplied(high, forms.variables, d, p, rng)[rows], p)) for _ in range(2))
    if first.det() == 0:
        return None
    polynomial = first.solve(second).charpoly()
    distinct = polynomial.degree() - polynomial.gcd(polynomial.derivative()).degree()
    return size, int(distinct)


def _multiplied(high: Array, variables: int, d: int, p: int, rng: np.random.Generator) -> Array:
    """The functionals on degree d that functionals on degree d + 1 (columns) give after multiplication by a random linear form."""
    rows = {e: j for j, e in enumerate(monomials(variables, d + 1))}
    weights = rng.integers(1, p, size=variables).astype(np.float64)
    shift = np.zeros((math.comb(d + variables - 1, d), len(rows)))
    for i, e in enumerate(monomials(variables, d)):
        for k in range(variables):
            shift[i, rows[(*e[:k], e[k] + 1, *e[k + 1 :])]] += weights[k]
    return matmul_mod(shift, high, p)


def _matrix(a: Array, p: int) -> flint.nmod_mat:
    return flint.nmod_mat([[int(v) % p for v in row] for row in a.tolist()], p)


def _row(form: flint.nmod_mpoly, columns: dict[tuple[int, ...], int]) -> Array:
    row = np.zeros((1, len(columns)))
    for exponents, c in form.to_dict().items():
        row[0, columns[tuple(int(k) for k in exponents)]] = int(c)
    return row
