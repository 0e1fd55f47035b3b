"""The counts of a model as numbers of zeros mod p: weights on a chart, divided by those over one general function.

The mathematics is that of the exported scripts (`export.minor_chart`): all weights but as many as the dimension r of the neurovariety X
are fixed, so that the parametrization phi of the chart is dominant onto X, and over a general function lie F weights, which are simple.

* degree: weights with A phi(w) = b, for r general equations, divided by F.
* ED degree: weights with J^T Q (phi(w) - u) = 0 at which a minor of J does not vanish, divided by F.
* ML degree of a cone X: each distribution c / S, with S the sum of the c, is that of one function with S = 1. With y_i c_i = 1 for all
  coordinates its critical weights are the zeros of sum_i u_i y_i dc_i - (sum_i u_i) dS with S = 1 and a minor that does not vanish,
  divided by F.
* generic fiber: F divided by the number of points in which the orbit of a weight meets the chart (`orbit_on_chart`). All F weights have
  the same number of them, since loops of functions lead from each to each: the chart is irreducible.

The dimension is taken from the result that is compared, and held from both sides: the Jacobian mod p has that rank, and no larger one.

Sources: Draisma et al. 2016; Hauenstein, Rodriguez, Sturmfels 2014.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from neurovariety.errors import InputError, VerificationError
from neurovariety.export.minor_chart import MinorChart, find_chart
from neurovariety.export.written_parametrization import WrittenParametrization
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.oracles.system_mod_p import SystemModP, determinant, unknowns

_RANK_BITS = 26
Matrix = Sequence[Sequence[int]]


@dataclass(frozen=True, eq=False)
class AskedModel:
    """A model whose neurovariety has dimension ``r`` > 0, the ``prime`` of the questions, and the random numbers that they are asked
    with."""

    parametrization: WrittenParametrization
    r: int
    prime: int
    rng: np.random.Generator

    @cached_property
    def chart(self) -> MinorChart:
        """The weights that stay free. Raises `VerificationError` where the Jacobian has a rank other than r, `InputError` where no
        chart was found."""
        p, n = random_prime(_RANK_BITS, self.rng), self.parametrization.parameters
        found = self.parametrization.jacobian_rank([int(v) for v in self.rng.integers(1, p, n)], p)
        if found != self.r:
            raise VerificationError(
                f"the Jacobian of {self.parametrization.model.name} has rank {found} mod {p}, the dimension was {self.r}"
            )
        return find_chart(self.parametrization, self.r, p, self.rng)

    @cached_property
    def weights(self) -> list[int]:
        """Random weights on the chart."""
        drawn = self._random(self.r)
        free = dict(zip(self.chart.free, drawn, strict=True))
        return [free[i] if i in free else self.chart.fixed[i] for i in range(self.parametrization.parameters)]

    def residue(self, value: Fraction) -> int:
        """An exact number mod p. Raises `InputError` where p divides its denominator."""
        if not value.denominator % self.prime:
            raise InputError(f"a denominator is divisible by the random prime {self.prime}; take another seed")
        return value.numerator * pow(value.denominator, -1, self.prime) % self.prime

    def degree(self) -> SystemModP:
        """The weights on a general affine space of complementary dimension: equations in echelon form, as any others can be brought
        to."""
        phi = self._coordinates(self.ring())
        n = len(phi)
        levels, rest = self._random(self.r), [self._random(n - self.r) for _ in range(self.r)]
        lead = [int(j) for j in self.rng.permutation(n)]
        rows, others = lead[: self.r], lead[self.r :]
        equations = [
            phi[j] - b + sum((a * phi[k] for a, k in zip(row, others, strict=True)), phi[j] * 0)
            for j, b, row in zip(rows, levels, rest, strict=True)
        ]
        return SystemModP.of(self.ring(), self.prime, equations)

    def fiber(self) -> SystemModP:
        """The weights over the function of `weights`."""
        phi = self._coordinates(self.ring())
        values = [self.residue(v) for v in self.parametrization.values(self.weights)]
        return SystemModP.of(self.ring(), self.prime, [f - v for f, v in zip(phi, values, strict=True)])

    def critical(self, quadric: Matrix) -> SystemModP:
        """The critical weights of Q(phi - u) for a quadric mod p and a random u, where the Jacobian does not drop rank."""
        ring = self.ring()
        phi = self._coordinates(ring)
        gaps = [f - u for f, u in zip(phi, self._random(len(phi)), strict=True)]
        zero = ring.constant(0)
        slopes = [sum((q * g for q, g in zip(row, gaps, strict=True) if q), zero) for row in quadric]
        equations = [sum((f.derivative(i) * s for f, s in zip(phi, slopes, strict=True)), zero) for i in range(self.r)]
        return SystemModP.of(ring, self.prime, equations, [self._minor(phi)])

    def likelihood(self) -> SystemModP:
        """The critical weights of the likelihood of random counts, with sum 1. Raises `InputError` where X is no cone."""
        if not self._is_cone():
            raise InputError(
                f"{self.parametrization.model.name} does not contain every multiple of its functions, and other programs are asked for "
                "ML degrees of cones only"
            )
        n = self.parametrization.count
        ring = self.ring(n)
        phi, y, zero = self._coordinates(ring), ring.gens()[self.r :], ring.constant(0)
        counts, total = self._random(n), sum(phi, zero)
        equations = [
            sum((u * z * f.derivative(i) for u, z, f in zip(counts, y, phi, strict=True)), zero) - sum(counts) * total.derivative(i)
            for i in range(self.r)
        ]
        inverses = [z * f - 1 for z, f in zip(y, phi, strict=True)]
        return SystemModP.of(ring, self.prime, [*equations, *inverses, total - 1], [self._minor(phi)])

    def general_quadric(self, rank_of: int | None) -> list[list[int]]:
        """A random symmetric matrix mod p, of the rank given or of full rank."""
        n = self.parametrization.count
        if rank_of is None:
            upper = [self._random(n) for _ in range(n)]
            return [[upper[min(i, k)][max(i, k)] for k in range(n)] for i in range(n)]
        factor = [self._random(n) for _ in range(rank_of)]
        return [[sum(row[i] * row[k] for row in factor) % self.prime for k in range(n)] for i in range(n)]

    def ring(self, more: int = 0) -> Any:
        """Polynomials mod p in the free weights and so many more unknowns."""
        return unknowns(self.r + more, self.prime)

    def _random(self, number: int) -> list[int]:
        return [int(v) for v in self.rng.integers(1, self.prime, number)]

    def _coordinates(self, ring: Any) -> list[Any]:
        """phi on the chart, mod p."""
        free, more = self.chart.free, (0,) * (len(ring.names()) - self.r)
        found = []
        for terms in self.parametrization.restricted(self.chart.fixed):
            found.append(ring.from_dict({(*(e[i] for i in free), *more): self.residue(c) for e, c in terms}))
        return found

    def _minor(self, phi: Sequence[Any]) -> Any:
        minor = determinant([[phi[j].derivative(i) for i in range(self.r)] for j in self.chart.rows], phi[0] * 0 + 1)
        if minor is None:
            raise InputError(
                f"critical points of {self.parametrization.model.name} are not asked of other programs: the equations would hold a "
                f"minor of size {self.r} of the Jacobian, which is too long"
            )
        return minor

    def _is_cone(self) -> bool:
        """Whether a general function is a tangent vector at itself, mod p."""
        p = random_prime(_RANK_BITS, self.rng)
        weights = [int(v) for v in self.rng.integers(1, p, self.parametrization.parameters)]
        values = [v.numerator * pow(v.denominator, -1, p) % p for v in self.parametrization.values(weights)]
        both = np.column_stack([self.parametrization.jacobian(weights, p), np.array(values, dtype=np.float64)])
        return rank(np.ascontiguousarray(both), p) == self.r
