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

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Shaped

from neurovariety.budget import INTERPRETED, spend
from neurovariety.certificates.critical_exposure import NormalMatrices, NormalPlace, StationaryTargets
from neurovariety.certificates.issue import Certificate
from neurovariety.certificates.stored_exposure import ExposureFacts
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.polynomial_values import Exponents, PolynomialValues
from neurovariety.geometry.strata.exact_strata import stored_stratum
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.linear_algebra import count_primes_lower_bound, kernel_large, random_prime, rank_large
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import WIDE_PRIME_BITS


@dataclass(frozen=True, eq=False)
class Incidence:
    """Ranks at one random ``place``: ``stratum``: dimension of the stratum of weights; ``rank`` of J, ``seen`` of J^T Q, ``moving`` of
    H E; ``targets``: the dimension of U_S that they give, of ``ambient``; ``functions``: that of the functions over the stratum."""

    place: NormalPlace
    stratum: int
    rank: int
    seen: int
    moving: int
    ambient: int
    functions: int

    @property
    def targets(self) -> int:
        return self.ambient - self.seen + self.moving

    @property
    def exposed(self) -> bool:
        """Whether U_S has interior."""
        return self.moving == self.seen


class QuadricOnStrata:
    """A model written out, with a quadric on its coefficients and strata of its weights
    (`certificates.critical_exposure.LossOnStrata`).

    ``coefficients`` (V of them) are polynomials of the weights; ``quadric`` (V, V) holds Fractions; ``words`` name it.
    """

    def __init__(
        self,
        model: Model,
        coefficients: Sequence[Mapping[Exponents, Fraction]],
        quadric: Shaped[np.ndarray, "V V"],
        words: str,
        strata: Sequence[WeightStratum],
    ) -> None:
        self.model, self.quadric_words = model, words
        self.coefficients = [dict(f) for f in coefficients]
        self.quadric = quadric
        self._strata = {s.name: s for s in strata}

    @property
    def hash(self) -> str:
        return exact_functions(self.model).hash

    @property
    def quadric_hash(self) -> str:
        """sha256 of the entries."""
        return hashlib.sha256(",".join(str(Fraction(v)) for v in self.quadric.reshape(-1)).encode()).hexdigest()

    def moved_count(self) -> int:
        return len(self.coefficients)

    def stratum_words(self, stratum: str) -> tuple[str, str] | None:
        found = self._strata.get(stratum)
        return None if found is None else (found.kind, "zero" if found.small is None else found.small.name)

    def facts(self, certificates: Sequence[Certificate]) -> ExposureFacts:
        """The quadric, and the strata that certificates speak of, as plain data."""
        names = dict.fromkeys(c.stratum for c in certificates if isinstance(c, StationaryTargets))
        words = {name: self.stratum_words(name) for name in names}
        strata = [(stored_stratum(self._strata[n], None, None), w[1]) for n, w in words.items() if w is not None]
        rows = tuple(tuple(Fraction(v) for v in row) for row in self.quadric.tolist())
        return ExposureFacts(rows, self.quadric_words, tuple(strata))

    def normal_matrices(self, stratum: str, place: NormalPlace) -> NormalMatrices:
        return self.matrices(self._strata[stratum], place.prime, place.parameters, place.normal)

    def matrices(
        self, stratum: WeightStratum | None, p: int, s: Shaped[np.ndarray, " s"], normal: Shaped[np.ndarray, " V"] | None
    ) -> NormalMatrices:
        """The matrices mod p at parameters of a stratum (None: of all weights); without a ``normal`` H E is empty."""
        n = self.model.parameters
        if stratum is None:
            w, e = s, _integers(np.eye(n))
        else:
            w = np.array([_residue(v, p) for v in stratum.embed(_integers(s))], dtype=object)
            e = _integers(stratum.tangent(s, p))
        q = np.array([[_residue(v, p) for v in row] for row in self.quadric], dtype=object).reshape(self.quadric.shape)
        written = PolynomialValues(self.coefficients, n, p)
        j = written.slopes(w)
        a = j.T @ q % p
        if normal is None:
            return NormalMatrices(e, j, a, np.zeros((0, 0), dtype=object))
        h = (a @ j - written.curvature(w, q @ normal % p)) % p
        return NormalMatrices(e, j, a, h @ e % p)

    def incidence(self, stratum: WeightStratum | None, rng: np.random.Generator) -> Incidence:
        """The ranks at a random point of the stratum (None: of all weights) and a random normal there, over a random prime field."""
        n, v = self.model.parameters, len(self.coefficients)
        spend("ranks", 1, INTERPRETED * v * n**2)
        p = random_prime(WIDE_PRIME_BITS, rng)
        s = _random(n if stratum is None else stratum.parameters, p, rng)
        free = kernel_large(self.matrices(stratum, p, s, None).seen, p)
        normal = free @ _random(free.shape[1], p, rng) % p if free.shape[1] else np.zeros(v, dtype=object)
        at = self.matrices(stratum, p, s, normal)
        ranks = [rank_large(m, p) for m in (at.tangent, at.jacobian, at.seen, at.moving, at.jacobian @ at.tangent % p)]
        return Incidence(NormalPlace(p, s, normal), ranks[0], ranks[1], ranks[2], ranks[3], v, ranks[4])

    def normal_error(self, stratum: str, prime: int) -> float:
        """The bound for a random place (Schwartz 1980): that a minor of one of the four matrices which is not zero vanishes there, or
        that all of its coefficients, whose sizes are bounded, are divisible by the prime.

        The kernel of J^T Q is spanned by vectors of its minors, so that a random normal is a value of a polynomial too.
        """
        if prime.bit_length() != WIDE_PRIME_BITS:
            return 1.0
        found = self._strata[stratum]
        degree, log_map = found.size
        e, v, n, k = max(degree, 1.0), max(len(self.coefficients), 1), self.model.parameters, found.parameters
        d = max(sum(x) for f in self.coefficients for x in f)
        common = [math.lcm(*(c.denominator for f in self.coefficients for c in f.values()))]
        common.append(math.lcm(*(Fraction(c).denominator for c in self.quadric.reshape(-1))))
        largest = max(sum(abs(c) for c in f.values()) for f in self.coefficients) * common[0]
        of_quadric = _bits(max(abs(Fraction(c)) for c in self.quadric.reshape(-1)) * common[1])
        slope = _bits(largest) + d * log_map + math.log2(max(d, 1))  # an entry of J on the stratum
        seen = slope + of_quadric + math.log2(v)
        r = min(v, n)
        normal = r * (seen + math.log2(max(r, 1))) + math.log2(v)
        moving = normal + of_quadric + slope + math.log2(max(d, 1)) + 3 * math.log2(v) + 2 + log_map + math.log2(e) + math.log2(n)
        degrees = k * e + 2 * r * d * e + r * ((r + 1) * d * e + 1 + e)
        small = k * (log_map + math.log2(e) + math.log2(max(k, 1)))
        bits = small + r * (slope + seen + moving + 3 * math.log2(max(r, 1))) + sum(map(_bits, common))
        return min(
            1.0, degrees / 2.0 ** (WIDE_PRIME_BITS - 1) + bits / (WIDE_PRIME_BITS - 1) / count_primes_lower_bound(WIDE_PRIME_BITS)
        )


def _bits(value: Fraction | int) -> float:
    return math.log2(max(math.ceil(value), 1))


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
