"""Targets for which training is stationary on a stratum of weights, by exact ranks.

On a stratum S of weights w let J be the Jacobian of the coefficients f_w and Q the quadric of the loss. The targets u for which w is
stationary are those with J^T Q (f_w - u) = 0: an affine space through f_w. All of them together, over S, are the image U_S of a vector
bundle. Where J^T Q has constant rank r on S, and with V coefficients, its dimension is

    dim U_S = V - r + rank(H E),

where E is the derivative of a parametrization of S and H = J^T Q J - sum_i (Q n)_i Hess(f_i) the Hessian of half the loss at w for
the target u = f_w + n. For tangent vectors of the bundle are (ds, dn) with J^T Q dn = (H - J^T Q J) E ds, since the rank is
constant; they move targets by J E ds + dn, and beyond the kernel of J^T Q that has the rank of J^T Q J E ds + J^T Q dn = H E ds.
So U_S has interior if and only if H E has rank r at a general point: S moves w in as many ways as the gradient sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Shaped

from neurovariety.budget import INTERPRETED, spend
from neurovariety.geometry.exact.polynomial_values import Exponents, PolynomialValues
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.linear_algebra import kernel_large, random_prime, rank_large
from neurovariety.rings.ring import Array
from neurovariety.tolerances import WIDE_PRIME_BITS


@dataclass(frozen=True, eq=False)
class Incidence:
    """Ranks at one random point over F_p: ``stratum``: dimension of the stratum of weights; ``rank`` of J, ``seen`` of J^T Q,
    ``moving`` of H E; ``targets``: the dimension of U_S that they give, of ``ambient``."""

    prime: int
    stratum: int
    rank: int
    seen: int
    moving: int
    ambient: int

    @property
    def targets(self) -> int:
        return self.ambient - self.seen + self.moving

    @property
    def exposed(self) -> bool:
        """Whether U_S has interior."""
        return self.moving == self.seen


def incidence(
    stratum: WeightStratum | None,
    coefficients: Sequence[dict[Exponents, Fraction]],
    quadric: Shaped[np.ndarray, "V V"],
    parameters: int,
    rng: np.random.Generator,
) -> Incidence:
    """The ranks at a random point of the stratum (None: of all weights) and a random normal there, over a random prime field.

    ``coefficients`` (V of them) as polynomials of the ``parameters`` weights; ``quadric`` of Fractions.
    """
    spend("ranks", 1, INTERPRETED * len(coefficients) * parameters**2)
    p = random_prime(WIDE_PRIME_BITS, rng)
    s = _random(parameters if stratum is None else stratum.parameters, p, rng)
    if stratum is None:
        w, e = s, _integers(np.eye(parameters))
    else:
        w = np.array([_residue(v, p) for v in stratum.embed(s)], dtype=object)
        e = _integers(stratum.tangent(s, p))
    q = np.array([[_residue(v, p) for v in row] for row in quadric], dtype=object).reshape(quadric.shape)
    written = PolynomialValues(coefficients, parameters, p)
    j = written.slopes(w)
    a = j.T @ q % p
    free = kernel_large(a, p)
    normal = free @ _random(free.shape[1], p, rng) % p if free.shape[1] else np.zeros(len(coefficients), dtype=object)
    h = (a @ j - written.curvature(w, q @ normal % p)) % p
    return Incidence(p, rank_large(e, p), rank_large(j, p), rank_large(a, p), rank_large(h @ e % p, p), len(coefficients))


def _random(n: int, p: int, rng: np.random.Generator) -> Shaped[np.ndarray, " n"]:
    return _integers(rng.integers(0, p, size=n))


def _integers(matrix: Array) -> Array:
    """Integers as Python integers, which do not overflow."""
    out: Array = np.empty(matrix.shape, dtype=object)
    out[...] = matrix.astype(np.int64).tolist()
    return out


def _residue(value: Fraction | int, p: int) -> int:
    exact = Fraction(value)
    return exact.numerator * pow(exact.denominator, -1, p) % p


def error_bound(found: Incidence, degree: int, embedding: int) -> float:
    """Probability bound that a rank at a random point is below the general one, for coefficients of that ``degree`` in the weights and
    strata whose map has degree ``embedding`` (Schwartz 1980), without primes that divide all minors, of which there are far fewer.

    Entries of H E are of degree 2 d in s, and the normal vector is one of polynomials of degree (r + 1) d.
    """
    d, r = degree * max(embedding, 1), found.ambient
    return min(1.0, 3 * r * (2 * d + (found.seen + 1) * d) / 2.0 ** (WIDE_PRIME_BITS - 1))
