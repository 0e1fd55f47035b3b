"""Softmax and layer normalization of rows of affine forms: balls that hold the values, and the derivatives.

The mean of squares of a row is at least the squared distance of 0 from a zonotope over the number of entries, and that distance is at
least what a direction sees of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite

import flint
import numpy as np

from neurovariety.certificates.affine_forms import AffineForms, Values, each, zeros

_STEPS = 60
"""Rounds of descent to the point of a zonotope that is next to 0."""


def meet(a: flint.arb, b: flint.arb) -> flint.arb:
    """A ball that holds all that two balls which meet have in common."""
    return a.intersection(b) if a.is_finite() and b.is_finite() else b if b.is_finite() else a


def probabilities(forms: AffineForms, balls: Values, shown: np.ndarray) -> Values:
    """Softmax of each row: 1 / (1 + sum_j exp(x_j - x_i)), over the entries that are shown."""
    out = zeros(balls.shape)
    for i in range(balls.shape[1]):
        apart = _less(forms, i).balls
        for k in np.flatnonzero(shown[:, i]):
            others = [j for j in np.flatnonzero(shown[k]) if j != i]
            total = sum((meet(apart[k, j], balls[k, j] - balls[k, i]).exp() for j in others), flint.arb(1))
            out[k, i] = 1 / flint.arb(total.lower() if total.lower() > 1 else 1).union(total.upper())
    return out


def _less(forms: AffineForms, i: int) -> AffineForms:
    """The entries of rows less entry i of each."""
    return forms.mapped(lambda v: v - v[:, i : i + 1], lambda v: v + v[:, i : i + 1])


def jacobian(rows: Values) -> list[Values]:
    """The derivatives of softmax by rows of probabilities: p_i (1 - p_i), and -p_i p_j."""
    found = []
    for row in rows:
        matrix = -np.multiply.outer(row, row)
        for i, p in enumerate(row):
            matrix[i, i] = p * (1 - p)
        found.append(matrix)
    return found


def along(forms: AffineForms, matrices: Sequence[Values]) -> AffineForms:
    """A matrix for each row."""

    def applied(absolute: bool) -> Callable[[Values], Values]:
        return lambda v: np.stack([np.matmul(abs(m) if absolute else m, row) for m, row in zip(matrices, v, strict=True)])

    return forms.mapped(applied(False), applied(True))


def variances(forms: AffineForms, balls: Values) -> list[flint.arb]:
    """Balls that hold the means of squares of each row."""
    found = []
    for k, row in enumerate(balls):
        n = len(row)
        most = sum((b.abs_upper() ** 2 for b in row), flint.arb(0)).upper() / n
        least = max((sum((b.abs_lower() ** 2 for b in row), flint.arb(0)).lower() / n, _distance(forms, k) / n), key=float)
        found.append(least.union(most))
    return found


def _distance(forms: AffineForms, k: int) -> flint.arb:
    """A number below the squared length of all that a row can be: for any u it is at least (|u c| - sum |u a_s| - |u| rest)^2 over
    |u|^2."""
    row = forms.centre[k]
    c = np.array([float(v.mid()) for v in row])
    a = np.array([[float(v.mid()) for v in part[k]] for part in forms.parts]).reshape(-1, len(c))
    u = [flint.arb(v) for v in _nearest(c, a).tolist()]
    if not any(u) or not all(isfinite(float(v)) for v in u):
        return flint.arb(0)
    seen = sum((x * v for x, v in zip(u, row, strict=True)), flint.arb(0)).abs_lower()
    for part in forms.parts:
        seen -= sum((x * v for x, v in zip(u, part[k], strict=True)), flint.arb(0)).abs_upper()
    seen = (seen - sum((abs(x) * r for x, r in zip(u, forms.rest[k], strict=True)), flint.arb(0))).lower()
    return (seen**2 / sum((x * x for x in u), flint.arb(0))).lower() if seen > 0 else flint.arb(0)


def _nearest(c: np.ndarray, a: np.ndarray) -> np.ndarray:
    """About the shortest of c + sum e_s a_s with |e_s| <= 1, by descent in one e_s after the other."""
    u, e = c.copy(), np.zeros(len(a))
    for _ in range(_STEPS):
        for s, part in enumerate(a):
            size = part @ part
            if size > 0:
                new = min(1.0, max(-1.0, e[s] - (u @ part) / size))
                u, e[s] = u + (new - e[s]) * part, new
    return u


def normal(balls: Values, spread: Sequence[flint.arb], n: int) -> tuple[Values, list[Values]]:
    """Rows divided by the roots of what their means of squares can be, and the derivatives: r (1 - y_i^2 / n), and -r y_i y_j / n."""
    most = flint.arb(0, 1) * flint.arb(n).sqrt()
    rows, matrices = zeros(balls.shape), []
    for k, (row, s) in enumerate(zip(balls, spread, strict=True)):
        root = 1 / s.sqrt()
        rows[k] = each(lambda b, root=root: meet(b * root, most), row)
        matrix = -np.multiply.outer(rows[k], rows[k]) * (root / n)
        for i, y in enumerate(rows[k]):
            matrix[i, i] = root * (1 - y * y / n)
        matrices.append(matrix)
    return rows, matrices
