"""A loss as an exact sum of squares: of the data as floats store them, of stated forms as they are.

The Gram matrix of the coordinates and the target in the inner product of the loss is rational, and as L D L^T it is a sum of as many
squares as it has a rank, with factors D >= 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import singledispatch
from typing import NamedTuple

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Sum
from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.rings.ring import Array
from neurovariety.training.losses.loss import Distance, Form, Monomial, SquaredError


class ExactSquares(NamedTuple):
    """The loss is the sum of ``shares`` times the squares of the ``residuals``."""

    residuals: ExactSystem
    shares: tuple[flint.fmpq, ...]


def exact_squares(loss: object, coordinates: ExactSystem, terms: Sequence[Term]) -> ExactSquares | None:
    """The loss of functions whose coefficients times scales are ``coordinates``, the equations of a program; None for a form that is
    not nonnegative."""
    gram = _gram(loss, [(o, e) for o, e, _ in terms])
    factored = _ldl(gram)
    if factored is None:
        return None
    lower, shares = factored
    own, sums = coordinates, list[Sum](coordinates.sums)
    last = len(terms)
    for j in range(len(shares)):
        row = [(lower[i, j] / _exact(terms[i][2]), ((own.equations[i], 1),)) for i in range(last) if lower[i, j]]
        sums.append((*row, *(((-lower[last, j], ()),) if lower[last, j] else ())))
    equations = tuple(range(own.unknowns + len(own.sums), own.unknowns + len(sums)))
    return ExactSquares(ExactSystem(own.unknowns, tuple(sums), equations), shares)


def _ldl(gram: flint.fmpq_mat) -> tuple[flint.fmpq_mat, tuple[flint.fmpq, ...]] | None:
    """L (n, k) and D (k,) with ``gram`` = L D L^T, D > 0; None where there are none."""
    n, rest = gram.nrows(), gram.table()
    columns, shares = [], []
    for j in range(n):
        pivot = rest[j][j]
        if pivot < 0 or (not pivot and any(rest[i][j] for i in range(j, n))):
            return None
        if not pivot:
            continue
        column = [rest[i][j] / pivot for i in range(n)]
        for i in range(j, n):
            for k in range(j, n):
                rest[i][k] -= column[i] * column[k] * pivot
        columns.append([flint.fmpq(0)] * j + column[j:])
        shares.append(pivot)
    flat = [columns[k][i] for i in range(n) for k in range(len(columns))]
    return flint.fmpq_mat(n, len(columns), flat), tuple(shares)


@singledispatch
def _gram(loss: object, monomials: Sequence[Monomial]) -> flint.fmpq_mat:
    """The inner products of the monomials and of what is to be fitted, in that order."""
    raise TypeError(f"no loss: {loss!r}")


@_gram.register
def _(loss: SquaredError, monomials: Sequence[Monomial]) -> flint.fmpq_mat:
    weights = list(map(_exact, loss.weights.tolist()))
    total = sum(weights, flint.fmpq(0))
    n, found = len(monomials), flint.fmpq_mat(len(monomials) + 1, len(monomials) + 1)
    table = _powers(loss.inputs, monomials)
    for output in range(loss.targets.shape[1]):
        columns = [table[e] if o == output else None for o, e in monomials] + [list(map(_exact, loss.targets[:, output].tolist()))]
        used = [i for i, column in enumerate(columns) if column is not None]
        chosen = [columns[i] or [] for i in used]
        rows = len(weights)
        plain = flint.fmpq_mat(rows, len(used), [column[s] for s in range(rows) for column in chosen])
        weighted = flint.fmpq_mat(rows, len(used), [column[s] * weights[s] / total for s in range(rows) for column in chosen])
        part = plain.transpose() * weighted
        for a, i in enumerate(used):
            for b, j in enumerate(used):
                found[i, j] += part[a, b]
    assert found.nrows() == n + 1
    return found


def _powers(inputs: Array, monomials: Sequence[Monomial]) -> dict[tuple[int, ...], list[flint.fmpq]]:
    rows = [list(map(_exact, row)) for row in np.asarray(inputs).tolist()]
    found = {}
    for e in {e for _, e in monomials}:
        column = []
        for row in rows:
            value = flint.fmpq(1)
            for x, power in zip(row, e, strict=True):
                value *= x**power if power else flint.fmpq(1)
            column.append(value)
        found[e] = column
    return found


@_gram.register
def _(loss: Distance, monomials: Sequence[Monomial]) -> flint.fmpq_mat:
    product = EXACT_PRODUCTS[loss.metric]

    def pair(a: Monomial, b: Monomial) -> flint.fmpq:
        return _exact(product(a[1], b[1])) if a[0] == b[0] else flint.fmpq(0)

    return _of_form(monomials, pair, {m: _exact(Fraction(c)) for m, c in loss.target.items()})


@_gram.register
def _(loss: Form, monomials: Sequence[Monomial]) -> flint.fmpq_mat:
    target = [_exact(c) for c in np.asarray(loss.target, dtype=np.float64).tolist()]
    return _of_form(monomials, lambda a, b: _exact(loss.pair(a, b)), dict(zip(loss.places, target, strict=True)))


def _of_form(
    monomials: Sequence[Monomial], pair: Callable[[Monomial, Monomial], flint.fmpq], target: Mapping[Monomial, flint.fmpq]
) -> flint.fmpq_mat:
    n = len(monomials)
    against = [sum((c * pair(a, b) for b, c in target.items()), flint.fmpq(0)) for a in monomials]
    size = sum((c * d * pair(a, b) for a, c in target.items() for b, d in target.items()), flint.fmpq(0))
    rows = [[pair(a, b) for b in monomials] + [against[i]] for i, a in enumerate(monomials)] + [[*against, size]]
    return flint.fmpq_mat(n + 1, n + 1, [v for row in rows for v in row])


def _exact(value: float | Fraction) -> flint.fmpq:
    return flint.fmpq(*value.as_integer_ratio())
