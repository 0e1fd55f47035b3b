"""The quadric of a loss on the coefficients of a model, with exact entries."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Shaped

from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.certificates.sentences import LOSSES
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_table
from neurovariety.rings.ring import Array
from neurovariety.training.losses.loss import Monomial

METRICS = ("generic", *EXACT_PRODUCTS, "data")
_LARGEST = 9


def exact_quadric(metric: str, monomials: Sequence[Monomial], inputs: object, rng: np.random.Generator) -> Shaped[np.ndarray, "V V"]:
    """The matrix of Fractions of a positive semidefinite quadric on the coefficients of ``monomials`` (output, exponents).

    ``metric``: a stated inner product of polynomials, the same for every output; ``data``: the Gram matrix of ``inputs``, as
    they are stored, for every output; ``generic``: a random positive definite one on all outputs together. Raises `InputError` for
    another name, or for data without inputs.
    """
    n = len(monomials)
    out = np.full((n, n), Fraction(0), dtype=object)
    if metric == "generic":
        factor = rng.integers(-_LARGEST, _LARGEST + 1, (n, n)).astype(object)
        positive: Shaped[np.ndarray, "V V"] = factor.T @ factor + np.array(
            [[Fraction(int(i == k)) for k in range(n)] for i in range(n)], dtype=object
        )
        return positive
    if metric == "data":
        if inputs is None:
            raise InputError("metric data needs inputs (--data FILE); or choose " + ", ".join(METRICS[:-1]))
        table = exact_table(inputs, "data")
        powers = {e: _column(table.reshape(len(table), -1), e) for _, e in monomials}
    elif metric not in EXACT_PRODUCTS:
        raise InputError(f"metric {metric!r} is unknown: choose {', '.join(METRICS[:-1])} or {METRICS[-1]}")
    for i, (o, e) in enumerate(monomials):
        for k, (p, f) in enumerate(monomials[: i + 1]):
            if o == p:
                entry = sum(powers[e] * powers[f]) if metric == "data" else EXACT_PRODUCTS[metric](e, f)
                out[i, k] = out[k, i] = Fraction(entry)
    return out


def words_of_metric(metric: str) -> str:
    """The phrase that names the quadric of a metric."""
    return "for a quadric that was drawn" if metric == "generic" else f"under {LOSSES[metric]}"


def _column(inputs: Array, exponents: tuple[int, ...]) -> Shaped[np.ndarray, " S"]:
    out = np.full(len(inputs), Fraction(1), dtype=object)
    for k, row in enumerate(inputs):
        for v, e in zip(row, exponents, strict=True):
            out[k] *= v**e
    return out
