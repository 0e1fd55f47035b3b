"""Quadrics on the coordinates of a parametrization: what squared distances of functions look like there."""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial, prod
from typing import Any

import numpy as np

Term = tuple[int, tuple[int, ...], float]
"""Output, exponents of the inputs, and scale of a coordinate, as `Coordinates.terms` has them."""


def frobenius(terms: Sequence[Term]) -> Any:
    """The sum of the squares of the coefficients; for linear networks the Frobenius norm of the matrix."""
    return np.diag([scale**-2.0 for _, _, scale in terms])


def bombieri(terms: Sequence[Term]) -> Any:
    """Bombieri's product: squares of coefficients divided by multinomial coefficients; orthogonal changes of inputs keep it."""
    return np.diag([scale**-2.0 * prod(map(factorial, e)) / factorial(sum(e)) for _, e, scale in terms])


def gaussian(terms: Sequence[Term]) -> Any:
    """The mean square over standard normal inputs, summed over outputs."""

    def moment(e: tuple[int, ...], f: tuple[int, ...]) -> float:
        orders = [a + b for a, b in zip(e, f, strict=True)]
        return 0.0 if any(n % 2 for n in orders) else float(prod(prod(range(n - 1, 0, -2)) for n in orders))

    return _by_outputs(terms, lambda e, f: moment(e, f))


def of_data(terms: Sequence[Term], inputs: Any) -> Any:
    """The mean square over the rows of ``inputs`` (samples, inputs), summed over outputs: the Gram matrix, once for each output.

    Divided by its largest entry, which changes no critical point.
    """
    x = np.asarray(inputs, dtype=np.float64)
    monomials = {e: np.prod(x ** np.array(e), axis=1) for _, e, _ in terms}
    matrix = _by_outputs(terms, lambda e, f: float(monomials[e] @ monomials[f]))
    return matrix / max(np.abs(matrix).max(initial=0.0), 1e-300)


def general(terms: Sequence[Term], rank: int, rng: np.random.Generator) -> Any:
    """A random real positive semidefinite quadric of that rank."""
    factor = rng.normal(size=(rank, len(terms)))
    return factor.T @ factor / rank


def _by_outputs(terms: Sequence[Term], entry: Any) -> Any:
    """Entries for pairs of coordinates of one output, zero for two outputs."""
    out = np.zeros((len(terms), len(terms)))
    for i, (o, e, s) in enumerate(terms):
        for k, (p, f, t) in enumerate(terms[: i + 1]):
            if o == p:
                out[i, k] = out[k, i] = entry(e, f) / (s * t)
    return out
