"""The coefficients of a model as a real map of its weights: fast values and derivatives, and rigorous ones in ball arithmetic."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import flint
import numpy as np

from neurovariety.errors import ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.model import Model
from neurovariety.rings.rational import to_fraction
from neurovariety.rings.ring import Array

_NUDGE = 1e-9
MAX_WEIGHTS = 500
"""Weights of a model whose coefficients are written out."""


@dataclass(frozen=True, eq=False)
class LinearSpan:
    """The linear span of the coefficient vectors of all functions of a model, exactly.

    The s ``pivots`` are coordinates that determine a vector of the span; ``relations[j]`` gives coordinate j as a combination of them,
    in pairs (pivot, factor).
    """

    pivots: tuple[int, ...]
    relations: tuple[tuple[tuple[int, Fraction], ...], ...]

    @classmethod
    def of(cls, coordinates: Coordinates) -> LinearSpan:
        """The row space over Q of the matrix with a row for each monomial in the weights and a column for each coordinate.

        Coordinates without a common monomial do not meet: each connected piece is a matrix of its own.
        """
        terms = [{tuple(e): value for e, value in q.to_dict().items()} for q in coordinates.polynomials]
        relations: list[tuple[tuple[int, Fraction], ...]] = [()] * coordinates.count
        pivots: list[int] = []
        for piece in connected([list(t) for t in terms]):
            places: dict[tuple[int, ...], int] = {}
            entries = [(places.setdefault(e, len(places)), k, value) for k, j in enumerate(piece) for e, value in terms[j].items()]
            matrix = flint.fmpq_mat(len(places), len(piece))
            for i, k, value in entries:
                matrix[i, k] = value
            reduced, rank = matrix.rref()
            rows = [[to_fraction(reduced[i, k]) for k in range(len(piece))] for i in range(int(rank))]
            own = [piece[next(k for k, v in enumerate(row) if v)] for row in rows]
            pivots += own
            for k, j in enumerate(piece):
                relations[j] = tuple((p, row[k]) for p, row in zip(own, rows, strict=True) if row[k])
        return cls(tuple(sorted(pivots)), tuple(relations))

    def violated(self, values: Sequence[Fraction]) -> tuple[int, Fraction, Fraction] | None:
        """A coordinate that differs from what the pivots ask for, with the value asked for and the one found; None inside the span."""
        for j, relation in enumerate(self.relations):
            asked = sum((r * values[p] for p, r in relation), Fraction(0))
            if asked != values[j]:
                return j, asked, values[j]
        return None


def require_few_weights(model: Model) -> None:
    """Raise `ResourceError` at once for a model whose coefficients would take minutes to write out before a limit is passed."""
    if model.parameters > MAX_WEIGHTS:
        raise ResourceError(
            f"{model.name} has {model.parameters:,} weights, and its coefficients are written out for at most {MAX_WEIGHTS}; try a "
            "smaller architecture"
        )


def written_out(model: Model) -> Coordinates:
    """`Coordinates.of`, refused at once for models whose expansion would take minutes before it passes its limit."""
    require_few_weights(model)
    return Coordinates.of(model)


def connected(supports: Sequence[Sequence[Hashable]]) -> list[list[int]]:
    """The indices of ``supports`` (lists of hashable things) in classes, two together where a chain of common things joins them."""
    parent = list(range(len(supports)))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    first: dict[Hashable, int] = {}
    for i, support in enumerate(supports):
        for thing in support:
            parent[root(i)] = root(first.setdefault(thing, i))
    classes: dict[int, list[int]] = {}
    for i in range(len(supports)):
        classes.setdefault(root(i), []).append(i)
    return list(classes.values())


@dataclass(frozen=True, eq=False)
class PolynomialMap:
    """w -> (c_j(w)) for chosen coordinates j: R^N -> R^s. ``terms[t]`` holds exponents, ``matrix`` (terms, s) the coefficients."""

    exponents: Array
    coefficients: tuple[tuple[tuple[int, Fraction], ...], ...]
    """For each coordinate its (term, coefficient) pairs."""

    @classmethod
    def of(cls, coordinates: Coordinates, chosen: Sequence[int]) -> PolynomialMap:
        """The map of the chosen coordinates."""
        places: dict[tuple[int, ...], int] = {}
        rows = []
        for j in chosen:
            items = coordinates.polynomials[j].to_dict().items()
            rows.append(tuple((places.setdefault(tuple(int(k) for k in e), len(places)), to_fraction(v)) for e, v in items))
        return cls(np.array(list(places), dtype=np.int64).reshape(len(places), coordinates.parameters), tuple(rows))

    @property
    def parameters(self) -> int:
        return int(self.exponents.shape[1])

    @property
    def size(self) -> int:
        """Number of coordinates s."""
        return len(self.coefficients)

    @cached_property
    def _matrix(self) -> Array:
        out = np.zeros((len(self.exponents), self.size))
        for j, row in enumerate(self.coefficients):
            for t, c in row:
                out[t, j] = float(c)
        return out

    @cached_property
    def _derivatives(self) -> list[tuple[Array, Array, Array]]:
        """For each parameter: the terms in which it occurs, their exponents lowered by one, and the coefficients times the exponent."""
        out = []
        for i in range(self.parameters):
            used = np.flatnonzero(self.exponents[:, i])
            lowered = self.exponents[used].copy()
            lowered[:, i] -= 1
            out.append((used, lowered, self._matrix[used] * self.exponents[used, i][:, None]))
        return out

    def values(self, weights: Array) -> Array:
        """Values in floating point: weights (batch, N) -> (batch, s)."""
        return np.asarray(_monomials(weights, self.exponents) @ self._matrix)

    def jacobian(self, weights: Array) -> Array:
        """Derivatives in floating point: weights (batch, N) -> (batch, s, N)."""
        out = np.zeros((len(weights), self.size, self.parameters))
        for i, (used, lowered, matrix) in enumerate(self._derivatives):
            if len(used):
                out[:, :, i] = _monomials(weights, lowered) @ matrix
        return out

    def slopes_nearby(self, weights: Array) -> Array:
        """The Jacobian (batch, s, N) where weights that are 0 are replaced by 1e-9: much faster, for the steps of a search."""
        at = np.where(weights == 0, _NUDGE, weights)
        terms = _monomials(at, self.exponents)
        out = np.zeros((len(at), self.size, self.parameters))
        for i, (used, _, matrix) in enumerate(self._derivatives):
            if len(used):
                out[:, :, i] = (terms[:, used] @ matrix) / at[:, i : i + 1]
        return out

    def balls(self, weights: Sequence[flint.arb], columns: Sequence[int]) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        """Values and derivatives by the parameters ``columns`` as balls (``flint.arb``) that contain the true ones."""
        powers = _ball_powers(weights, self.exponents)
        values = [flint.arb(0)] * self.size
        derivatives = [[flint.arb(0)] * len(columns) for _ in range(self.size)]
        terms = [_ball_product(powers, [int(k) for k in e]) for e in self.exponents]
        slopes: list[dict[int, flint.arb]] = []
        for e in self.exponents:
            slope = {}
            for k, i in enumerate(columns):
                if e[i]:
                    lowered = [int(v) for v in e]
                    lowered[i] -= 1
                    slope[k] = int(e[i]) * _ball_product(powers, lowered)
            slopes.append(slope)
        for j, row in enumerate(self.coefficients):
            for t, c in row:
                factor = flint.arb(flint.fmpq(c.numerator, c.denominator))
                values[j] = values[j] + factor * terms[t]
                for k, slope_value in slopes[t].items():
                    derivatives[j][k] = derivatives[j][k] + factor * slope_value
        return values, derivatives


def _monomials(weights: Array, exponents: Array) -> Array:
    """Values of monomials: (batch, N) and (terms, N) -> (batch, terms)."""
    out = np.ones((len(weights), len(exponents)))
    for i in range(exponents.shape[1]):
        top = int(exponents[:, i].max(initial=0))
        if top:
            used = np.flatnonzero(exponents[:, i])
            powers = weights[:, i : i + 1] ** np.arange(top + 1)
            out[:, used] *= powers[:, exponents[used, i]]
    return out


def _ball_powers(weights: Sequence[flint.arb], exponents: Array) -> list[list[flint.arb]]:
    out = []
    for i, w in enumerate(weights):
        powers = [flint.arb(1)]
        for _ in range(int(exponents[:, i].max(initial=0))):
            powers.append(powers[-1] * w)
        out.append(powers)
    return out


def _ball_product(powers: Sequence[Sequence[flint.arb]], exponents: Sequence[int]) -> flint.arb:
    value = flint.arb(1)
    for i, e in enumerate(exponents):
        if e:
            value = value * powers[i][e]
    return value
