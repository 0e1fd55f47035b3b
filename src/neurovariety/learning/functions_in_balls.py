"""Functions of a model in a ball: some that are far apart, and cubes of weights whose functions have a volume, found by search.

Everything here proposes, in floating point; `certificates.covering_from_below` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.certificates.covering_from_below import (
    CubeOfWeights,
    FarApart,
    FillsVolume,
    gram,
    log_of_volume,
    thousandths_below,
)
from neurovariety.certificates.covering_numbers import SUP, BallOfFunctions
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.errors import ResourceError
from neurovariety.geometry.ideal.coefficient_map import PolynomialMap, written_out
from neurovariety.geometry.ideal.exact_coefficients import ExactCoefficients
from neurovariety.rings.ring import Array

_DRAWN = 1000
"""Functions among which those that are far apart are chosen."""
MOST_APART = 100
"""Functions far apart that are kept: more say little, where a volume is shown."""
_CENTRES, _TRIED, _HALVINGS = 40, 3, 16
_DIGITS = 20
"""Binary digits of numbers that a certificate keeps: few enough not to depend on the order of floating-point sums."""
_MOST_TERMS = 3000
"""Terms of the coefficients, as polynomials in the weights: some seconds."""
_MARGIN = 1e-6
_EXPONENTS, _BISECTIONS = 1000.0, 47
"""Weights are scaled by powers of 2 with exponents up to this, found by bisection."""
_LARGEST_VOLUME = 30
"""Directions of a cube: its derivatives are balls."""


_saturating = np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore")
"""What overflows is too large, and certificates are made of finite numbers."""


@dataclass(frozen=True, eq=False)
class FunctionsInBall:
    """The functions of a model that lie in a ball; ``coefficients`` as a map of the weights, ``factor`` with |factor f| the norm of f,
    for the largest size on the cube that of the mean square there."""

    exact: ExactCoefficients
    ball: BallOfFunctions
    coefficients: PolynomialMap
    factor: Array

    @property
    def unit(self) -> float:
        """A power of 2 near the radius: norms are squared in units of it, since the square of 1e-200 is 0 in floating point."""
        return float(np.exp2(np.floor(np.log2(float(self.ball.radius)))))

    @classmethod
    def of(cls, exact: ExactCoefficients, ball: BallOfFunctions) -> FunctionsInBall:
        """Raises `ResourceError` for a model that is too large to write out, `InputError` for a rational one."""
        coordinates = written_out(exact.model)
        terms = sum(len(q) for q in coordinates.polynomials)
        if terms > _MOST_TERMS:
            raise ResourceError(f"{exact.model.name} has {terms:,} terms, and functions are searched for up to {_MOST_TERMS:,}")
        matrix = gram(ball.norm, coordinates.monomials)
        n = coordinates.count
        products = np.array([[float(matrix[i, j].p) / float(matrix[i, j].q) for j in range(n)] for i in range(n)])
        sizes, directions = np.linalg.eigh(products)  # which does not mind that rounding makes a small size negative
        return cls(exact, ball, PolynomialMap.of(coordinates, range(n)), np.sqrt(np.maximum(sizes, 0))[:, None] * directions.T)

    def norms(self, weights: Array) -> Array:
        """Norms of functions (or bounds of these, for the largest size), of weights (batch, N)."""
        found = self.coefficients.values(weights) / self.unit
        if self.ball.norm == SUP:
            outputs = np.array([o for o, _ in self.exact.coefficient_names])
            return self.unit * np.sqrt(sum(np.abs(found[:, outputs == o]).sum(axis=1) ** 2 for o in set(outputs.tolist())))
        return np.asarray(self.unit * np.linalg.norm(found @ self.factor.T, axis=1))

    def drawn(self, count: int, rng: np.random.Generator, reach: float) -> Array:
        """Random weights (batch, N) of functions in the ball, scaled so that norms are up to ``reach`` times its radius."""
        limit = np.inf if self.ball.weights is None else float(self.ball.weights)
        weights = rng.standard_normal((count, self.exact.parameters))
        weights *= rng.random((count, 1)) < 0.9  # some at the weight zero
        wanted = float(self.ball.radius) * reach * rng.random(count) ** (1 / max(1, self.exact.parameters))
        low, high = np.full(count, -_EXPONENTS), np.full(count, _EXPONENTS)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            small = self.norms(weights * np.exp2(middle)[:, None]) <= wanted
            low, high = np.where(small, middle, low), np.where(small, high, middle)
        scaled = np.clip(_rounded(weights * np.exp2(low)[:, None]), -limit, limit)
        return np.asarray(scaled[self.norms(scaled) <= float(self.ball.radius) * (1 - _MARGIN)])

    @_saturating
    def far_apart(self, rng: np.random.Generator) -> Verdict | None:
        """Functions of the ball that are more than 2 epsilon apart, chosen one after another; None where none was found."""
        weights = self.drawn(_DRAWN, rng, 1.0)
        if not len(weights):
            return None
        places = self.coefficients.values(weights) / self.unit
        points = rng.integers(-8, 9, (2 * places.shape[1], len(self.exact.coefficient_names[0][1]))) / 8.0
        seen = self._values(places, points) if self.ball.norm == SUP else (places @ self.factor.T)[:, None, :]
        gap, chosen = 2 * float(min(self.ball.epsilon / Fraction(self.unit), Fraction(2) ** 1000)) * (1 + _MARGIN), [0]
        nearest = self._gaps(seen, seen[0])
        while len(chosen) < MOST_APART and nearest.max() > gap:
            chosen.append(int(nearest.argmax()))
            nearest = np.minimum(nearest, self._gaps(seen, seen[chosen[-1]]))
        told = [tuple(map(Fraction, weights[i].tolist())) for i in chosen]
        at = tuple(tuple(map(Fraction, x)) for x in points.tolist()) if self.ball.norm == SUP else ()
        value = np.floor(1000 * np.log(len(told))) / 1000
        try:
            return issue(FarApart(self.exact.hash, self.ball, tuple(told), at, float(value)), self.exact)
        except NotShown:
            return None

    def _values(self, coefficients: Array, points: Array) -> Array:
        """Outputs (batch, points, outputs) of functions at points of the cube."""
        names = self.exact.coefficient_names
        outputs = sorted({o for o, _ in names})
        monomials = np.stack([np.prod(points ** np.array(e), axis=1) for _, e in names], axis=1)
        return np.stack(
            [coefficients[:, c] @ monomials[:, c].T for o in outputs for c in [[j for j, (k, _) in enumerate(names) if k == o]]], axis=2
        )

    @staticmethod
    def _gaps(seen: Array, one: Array) -> Array:
        """How far functions are from one, at the point where that is most."""
        return np.asarray(np.linalg.norm(seen - one, axis=2).max(axis=1))

    @_saturating
    def volume(self, dimension: int, rng: np.random.Generator) -> Verdict | None:
        """A cube of weights whose functions have a volume of that dimension, the best of several; None where none was found."""
        if not 0 < dimension <= _LARGEST_VOLUME:
            return None
        weights = self.drawn(_CENTRES, rng, 0.8)
        frames = [f for f in (self._frame(w, dimension) for w in weights) if f is not None]
        frames.sort(key=lambda f: -f[0])
        best: tuple[float, CubeOfWeights] | None = None
        for _, centre, columns in frames[:_TRIED]:
            size = np.exp2(np.ceil(np.log2(np.abs(centre).max() or 1.0)))
            for widths in (np.full(dimension, size), _rounded(np.maximum(np.abs(centre[list(columns)]), size / 8))):
                found = self._widest(centre, columns, widths)
                best = found if best is None or (found is not None and found[0] > best[0]) else best
        return None if best is None else issue(FillsVolume(self.exact.hash, self.ball, best[1], best[0]), self.exact)

    def _widest(self, centre: Array, columns: tuple[int, ...], widths: Array) -> tuple[float, CubeOfWeights] | None:
        """The best of the cubes with these half-widths, halved again and again, and its bound; None where none has a volume."""
        best: tuple[float, CubeOfWeights] | None = None
        for k in range(_HALVINGS):
            try:
                cube = self._cube(centre, columns, widths * 2.0**-k)
                value = thousandths_below(log_of_volume(self.exact, self.ball, cube))
            except NotShown:
                continue
            if best is not None and value <= best[0]:
                break
            best = value, cube
        return best

    def _frame(self, centre: Array, dimension: int) -> tuple[float, Array, tuple[int, ...]] | None:
        """Columns of the derivative that are independent, chosen one after another, and the logarithm of their volume."""
        left = self.factor @ self.coefficients.jacobian(centre[None])[0]
        most = float(np.abs(left).max(initial=0.0))
        if not 0 < most < np.inf:
            return None
        size = np.exp2(np.ceil(np.log2(most)))
        left = left / size
        columns: list[int] = []
        volume, least = 0.0, 1e-7 * float(np.linalg.norm(left, axis=0).max(initial=0.0))
        for _ in range(dimension):
            sizes = np.linalg.norm(left, axis=0)
            sizes[columns] = 0
            j = int(sizes.argmax())
            if not least < sizes[j] < np.inf:
                return None
            columns.append(j)
            volume += float(np.log(sizes[j]) + np.log(size))
            direction = left[:, j] / sizes[j]
            left = left - np.outer(direction, direction @ left)
        return volume, centre, tuple(sorted(columns))

    def _cube(self, centre: Array, columns: tuple[int, ...], widths: Array) -> CubeOfWeights:
        slopes = self.coefficients.jacobian(centre[None])[0][:, list(columns)].T
        size = np.exp2(np.ceil(np.log2(np.abs(slopes).max())))
        tests = _rounded(slopes / size)
        products = (tests @ self.factor.T) @ (tests @ self.factor.T).T
        if not np.isfinite(products).all():
            raise NotShown("the derivative is too large")
        inverse = _rounded(np.linalg.pinv(products) / size)
        if not np.isfinite(inverse).all():
            raise NotShown("the derivative is too small")
        return CubeOfWeights(
            tuple(map(Fraction, centre.tolist())),
            columns,
            tuple(map(Fraction, widths.tolist())),
            tuple(map(tuple, tests.tolist())),
            tuple(map(tuple, inverse.tolist())),
        )


def _rounded(values: Array) -> Array:
    """Numbers to a few binary digits."""
    mantissas, exponents = np.frexp(values)
    return np.asarray(np.ldexp(np.round(mantissas * 2**_DIGITS), exponents - _DIGITS))
