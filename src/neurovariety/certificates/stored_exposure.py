"""A stored program with a quadric on its coefficients, and strata of its weights: what certificates on critical exposedness ask."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil, lcm, log2

import numpy as np

from neurovariety.certificates.critical_exposure import NormalMatrices, NormalPlace
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.program_bounds import primes_of
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, NotStored, as_fraction
from neurovariety.certificates.stored_strata import StoredStrata, StratumOfWeights, fact_of
from neurovariety.certificates.vector_fields import Polynomial, context_of, mod_p, residue
from neurovariety.certificates.zeros import NotShown

_WIDE_BITS = 52
"""Of the primes at which these ranks are taken."""


@dataclass(frozen=True, eq=False)
class ExposureFacts:
    """``quadric``: rows of exact entries, for the coefficients that some weight changes, in ascending order of output and exponents.
    ``words`` name it. ``strata`` with the function of each: the name of a smaller network, or zero."""

    quadric: tuple[tuple[Fraction, ...], ...]
    words: str
    strata: tuple[tuple[StratumOfWeights, str], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.quadric) for row in self.quadric) or len(self.by_name) < len(self.strata):
            raise ValueError("a square quadric, and different strata, are expected")

    @cached_property
    def by_name(self) -> dict[str, tuple[StratumOfWeights, str]]:
        """The strata by name."""
        return {s[0].name: s for s in self.strata}

    @cached_property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)


class StoredExposure(StoredStrata):
    """A program with ``facts``, among which a quadric and strata may be."""

    @cached_property
    def _exposure_facts(self) -> ExposureFacts:
        return fact_of(ExposureFacts, self.facts, "no quadric on the coefficients is stored")

    @property
    def quadric_entries(self) -> tuple[tuple[Fraction, ...], ...]:
        """The rows of the quadric."""
        return self._exposure_facts.quadric

    @property
    def quadric_hash(self) -> str:
        return hashlib.sha256(",".join(str(Fraction(v)) for row in self.quadric_entries for v in row).encode()).hexdigest()

    @property
    def quadric_words(self) -> str:
        return self._exposure_facts.words

    @cached_property
    def _moved_coefficients(self) -> list[Polynomial]:
        """The coefficients that some weight changes."""
        found = [(key, q) for key, q in self.coordinates if not q.is_constant()]
        return [{tuple(map(int, e)): as_fraction(c) for e, c in q.to_dict().items()} for _, q in sorted(found, key=lambda k: k[0])]

    def moved_count(self) -> int:
        return len(self._moved_coefficients)

    def stratum_words(self, stratum: str) -> tuple[str, str] | None:
        found = self._exposure_facts.by_name.get(stratum)
        return None if found is None else (found[0].kind, found[1])

    def _stratum_of_loss(self, stratum: str) -> StratumOfWeights:
        found = self._exposure_facts.by_name.get(stratum)
        if found is None or len(found[0].embed.equations) != self.parameters:
            raise NotShown(f"no stratum of these weights that is called {stratum} is stored")
        return found[0]

    def normal_matrices(self, stratum: str, place: NormalPlace) -> NormalMatrices:
        found, p, n = self._stratum_of_loss(stratum), place.prime, self.parameters
        own, v = self._moved_coefficients, len(self._moved_coefficients)
        if len(self._exposure_facts.quadric) != v or place.normal.shape != (v,):
            raise NotShown("the quadric, or the normal, is one of other coefficients")
        if v * n * n > MOST_ENTRIES:
            raise NotStored("the second derivatives are too many to be taken anew here")
        w = [int(k) for k in found.weights(p, place.parameters)]
        tangent = np.array(found.tangent(p, place.parameters), dtype=object)
        q = np.array([[residue(c, p) for c in row] for row in self._exposure_facts.quadric], dtype=object).reshape(v, v)
        context = context_of(n, p)
        normal = q @ place.normal % p
        jacobian, curved = np.zeros((v, n), dtype=object), np.zeros((n, n), dtype=object)
        for i, polynomial in enumerate(own):
            form = mod_p(polynomial, context, p)
            for k in range(n):
                slope = form.derivative(k)
                jacobian[i, k] = int(slope(*w))
                for l in range(k + 1) if slope and normal[i] else ():
                    second = normal[i] * int(slope.derivative(l)(*w))
                    curved[k, l] = (curved[k, l] + second) % p
        curved = curved + np.tril(curved, -1).T
        seen = jacobian.T @ q % p
        return NormalMatrices(tangent, jacobian, seen, (seen @ jacobian - curved) @ tangent % p)

    def normal_error(self, stratum: str, prime: int) -> float:
        if prime.bit_length() != _WIDE_BITS:
            return 1.0
        found = self._stratum_of_loss(stratum)
        degree, log_map, k = found.size.weights, found.size.log_norm, found.embed.unknowns
        e, v, n = max(degree, 1.0), max(len(self._moved_coefficients), 1), self.parameters
        d = max(sum(x) for f in self._moved_coefficients for x in f)
        quadric = [c for row in self._exposure_facts.quadric for c in row]
        common = [lcm(*(c.denominator for f in self._moved_coefficients for c in f.values())), lcm(*(c.denominator for c in quadric))]
        largest = max(sum(map(abs, f.values()), Fraction(0)) for f in self._moved_coefficients) * common[0]
        of_quadric = _bits(max(map(abs, quadric)) * common[1])
        slope = _bits(largest) + d * log_map + log2(max(d, 1))  # an entry of J on the stratum
        seen = slope + of_quadric + log2(v)
        r = min(v, n)
        normal = r * (seen + log2(max(r, 1))) + log2(v)
        moving = normal + of_quadric + slope + log2(max(d, 1)) + 3 * log2(v) + 2 + log_map + log2(e) + log2(n)
        degrees = k * e + 2 * r * d * e + r * ((r + 1) * d * e + 1 + e)
        small = k * (log_map + log2(e) + log2(max(k, 1)))
        bits = small + r * (slope + seen + moving + 3 * log2(max(r, 1))) + sum(map(_bits, common))
        return min(1.0, degrees / 2.0 ** (_WIDE_BITS - 1) + bits / (_WIDE_BITS - 1) / primes_of(_WIDE_BITS))


def _bits(value: Fraction | int) -> float:
    return log2(max(ceil(value), 1))
