"""The coefficients of a small polynomial model as exact polynomials in its weights, with the gradings that they respect."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Final

import flint
import numpy as np

from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.expanded_span import Monomial
from neurovariety.linear_algebra import matmul_mod
from neurovariety.model import Model, Slot
from neurovariety.program.expand import expand
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_EXPANDED_TERMS

Coordinate = tuple[int, Monomial]


@dataclass(frozen=True, eq=False)
class Coordinates:
    """The coefficients c_j(w) of a model f_w(x), one for each (output, monomial in x) that occurs.

    ``polynomials[j]`` is c_j as a python-flint polynomial over Q in the N weights. The variety that the c_j parametrize is the
    neurovariety, in the coordinates of its ambient space of polynomials.
    """

    monomials: tuple[Coordinate, ...]
    polynomials: tuple[flint.fmpq_mpoly, ...]
    parameters: int
    cone: bool = False
    """Whether the functions are known to be a cone, even if no scaling of the weights shows it."""

    @classmethod
    def of(cls, model: Model, max_terms: int = MAX_EXPANDED_TERMS) -> Coordinates:
        """Expand ``model``, once. Raises `InputError` for a rational model, `ResourceError` for a large one."""
        return model.kept.once(_COORDINATES, lambda: cls._expanded(model, max_terms))

    @classmethod
    def _expanded(cls, model: Model, max_terms: int) -> Coordinates:
        expansion = expand(model, max_terms)
        if not all(element.denominator.is_constant() for element in expansion.outputs):
            raise InputError(
                f"{model.name} is rational, so its functions have no finite list of coefficients; equations, membership and point "
                "counts need a model that is polynomial in its inputs"
            )
        if sum(len(element.numerator) for element in expansion.outputs) > max_terms:
            raise ResourceError(f"{model.name} has more than {max_terms:,} terms; its coefficients are too long to work with exactly")
        n = model.parameters
        found: dict[Coordinate, dict[Monomial, flint.fmpq]] = {}
        for output, element in enumerate(expansion.outputs):
            for exponents, value in element.numerator.to_dict().items():
                e = tuple(int(k) for k in exponents)
                found.setdefault((output, e[n:]), {})[e[:n]] = value
        if not found:
            raise InputError(f"{model.name} is identically zero: it has no coefficients")
        context = flint.fmpq_mpoly_ctx.get(tuple(f"w{i}" for i in range(n)), flint.Ordering.degrevlex)
        keys = sorted(found, key=lambda key: (key[0], tuple(-e for e in key[1])))
        return cls(tuple(keys), tuple(context.from_dict(found[key]) for key in keys), n, cone=model.image is not None)

    @property
    def count(self) -> int:
        """Number of coordinates n."""
        return len(self.monomials)

    @cached_property
    def _table(self) -> tuple[Array, list[list[tuple[int, flint.fmpq]]]]:
        """The distinct monomials in the weights, one a row, and for each coordinate its (row, coefficient) pairs."""
        places: dict[Monomial, int] = {}
        rows: list[list[tuple[int, flint.fmpq]]] = []
        for polynomial in self.polynomials:
            terms = polynomial.to_dict().items()
            rows.append([(places.setdefault(tuple(int(k) for k in e), len(places)), value) for e, value in terms])
        return np.array(list(places), dtype=np.int64).reshape(len(places), self.parameters), rows

    def at(self, weights: Array, p: int) -> Array:
        """The coordinates mod ``p`` at integer ``weights`` of shape (samples, N): float64 residues of shape (samples, n)."""
        exponents, rows = self._table
        values = np.ones((len(weights), len(exponents)), dtype=np.int64)
        for i in range(self.parameters):
            used = np.flatnonzero(exponents[:, i])
            if not len(used):
                continue
            base = np.asarray(weights[:, i], dtype=np.int64) % p
            distinct, place = np.unique(exponents[used, i], return_inverse=True)
            powers = np.stack([_power(base, int(k), p) for k in distinct], axis=1)
            values[:, used] = values[:, used] * powers[:, place] % p
        matrix = np.zeros((len(exponents), self.count))
        for j, row in enumerate(rows):
            for t, c in row:
                matrix[t, j] = int(c.p) * pow(int(c.q), -1, p) % p
        return matmul_mod(values.astype(np.float64), matrix, p)

    @cached_property
    def grading(self) -> Array:
        """Weights of the coordinates, integers of shape (n, g): each column is a torus that acts on the coordinates and preserves
        the neurovariety, because with suitable weights of the parameters every c_j is homogeneous of that weight."""
        exponents, rows = self._table
        firsts = [exponents[row[0][0]] for row in rows]
        differences = [exponents[t] - firsts[j] for j, row in enumerate(rows) for t, _ in row[1:]]
        n = self.parameters
        distinct = np.unique(np.array(differences, dtype=np.int64).reshape(-1, n), axis=0)
        kernel, nullity = flint.fmpz_mat(
            len(distinct) or 1, n, [int(v) for v in (distinct if len(distinct) else np.zeros(n)).flat]
        ).nullspace()
        basis = [[int(kernel[i, k]) for i in range(n)] for k in range(nullity)]
        weights = np.array([[sum(a * int(e) for a, e in zip(b, first, strict=True)) for b in basis] for first in firsts], dtype=object)
        return _independent(weights.reshape(self.count, nullity))

    @cached_property
    def is_cone(self) -> bool:
        """Whether it is known, or a grading shows, that with f every multiple of f belongs to the neurovariety."""
        if self.cone:
            return True
        g = self.grading
        augmented = np.concatenate([g, np.ones((self.count, 1), dtype=g.dtype)], axis=1)
        return bool(g.shape[1]) and _rank(augmented) == _rank(g)

    def primitive(self) -> Coordinates:
        """The coordinates without the rational number that divides them all, where the functions are a cone: the same functions."""
        if not self.is_cone:
            return self
        values = [value for polynomial in self.polynomials for value in polynomial.to_dict().values()]
        common = Fraction(math.gcd(*(int(c.p) for c in values)), math.lcm(*(int(c.q) for c in values)))
        factor = flint.fmpq(common.denominator, common.numerator)
        return self if common == 1 else replace(self, polynomials=tuple(factor * polynomial for polynomial in self.polynomials))

    def names(self) -> tuple[str, ...]:
        """Names c0, c1, ... of the coordinates."""
        return tuple(f"c{j}" for j in range(self.count))

    def described(self, inputs: int) -> dict[str, str]:
        """Name -> the monomial (and output) whose coefficient it is."""
        several = len({o for o, _ in self.monomials}) > 1 or self.monomials[0][0] > 0
        return {
            name: monomial_name(e) + (f" in output {o}" if several else "")
            for name, (o, e) in zip(self.names(), self.monomials, strict=True)
        }


_COORDINATES: Final = Slot[Coordinates]("the coefficients of the functions")


def monomial_name(exponents: Monomial) -> str:
    """``x0^2 x1`` for (2, 1); ``1`` for a constant."""
    return " ".join(f"x{i}" if e == 1 else f"x{i}^{e}" for i, e in enumerate(exponents) if e) or "1"


def _power(base: Array, exponent: int, p: int) -> Array:
    """Powers of residues mod p below 2^31, by squares."""
    out = np.ones_like(base)
    while exponent:
        if exponent & 1:
            out = out * base % p
        base, exponent = base * base % p, exponent >> 1
    return out


def _independent(weights: Array) -> Array:
    """Columns that span the same rational space, as small integers."""
    if not weights.shape[1] or not np.any(weights):
        return np.zeros((len(weights), 0), dtype=np.int64)
    reduced, _, rank = flint.fmpz_mat(weights.shape[1], len(weights), [int(v) for v in weights.T.flat]).rref()
    rows = [[int(reduced[i, j]) for j in range(len(weights))] for i in range(rank)]
    shared = [np.gcd.reduce(np.array(row, dtype=object)) for row in rows]
    return np.array([[v // int(s) for v in row] for row, s in zip(rows, shared, strict=True)], dtype=np.int64).T


def _rank(a: Array) -> int:
    return int(flint.fmpz_mat(a.shape[0], a.shape[1], [int(v) for v in a.flat]).rank())
