"""A loss on the coordinates of a problem as exact rational numbers, to be stored: moments of the data, not the data."""

from __future__ import annotations

from fractions import Fraction

import flint

from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.training.critical.quadric_balls import MOST_COORDINATES, NamedCoordinates
from neurovariety.training.losses.loss import Distance, Loss, Monomial, SquaredError
from neurovariety.training.losses.whitened import WhitenedError

_MOST_SAMPLES = 5_000
_ZERO = Fraction(0)


def stored_quadric(problem: NamedCoordinates, loss: Loss) -> StoredQuadric | None:
    """The matrix, the image of the target and the constant; None for a loss that is not rational, or large."""
    if not 0 < len(problem.terms) <= MOST_COORDINATES:
        return None
    if isinstance(loss, SquaredError) and not isinstance(loss, WhitenedError) and len(loss.inputs) <= _MOST_SAMPLES:
        products: _OfRows | _OfPolynomials = _OfRows(loss)
    elif isinstance(loss, Distance):
        products = _OfPolynomials(loss)
    else:
        return None
    own = [((o, e), 1 / Fraction(float(s))) for o, e, s in problem.terms]
    fixed = [((o, e), Fraction(float(v)) / Fraction(float(s))) for (o, e, s), v in problem.fixed]
    pairs = tuple(tuple(s * t * p if (p := products.pair(a, b)) else p for b, t in own) for a, s in own)
    against = tuple(s * (products.against(a) - sum((v * products.pair(a, b) for b, v in fixed), Fraction(0))) for a, s in own)
    constant = products.square + sum((v * (w * products.pair(a, b)) for a, v in fixed for b, w in fixed), Fraction(0))
    constant -= 2 * sum((v * products.against(a) for a, v in fixed), Fraction(0))
    return StoredQuadric(pairs, against, constant)


class _OfRows:
    """Weighted means over samples."""

    def __init__(self, loss: SquaredError) -> None:
        kept = loss.weights > 0
        weights = [_exact(w) for w in loss.weights[kept].tolist()]
        whole = sum(weights, flint.fmpq(0))
        self._weights = [w / whole for w in weights]
        self._inputs = [[_exact(v) for v in column] for column in loss.inputs[kept].reshape(len(weights), -1).T.tolist()]
        self._targets = [[_exact(v) for v in column] for column in loss.targets[kept].T.tolist()]
        self._columns: dict[tuple[int, ...], list[flint.fmpq]] = {}
        self._moments: dict[tuple[int, ...], Fraction] = {}

    def _column(self, exponents: tuple[int, ...]) -> list[flint.fmpq]:
        """A monomial at each sample, times its weight."""
        if exponents not in self._columns:
            last = max((i for i, e in enumerate(exponents) if e), default=None)
            if last is None:
                self._columns[exponents] = self._weights
            else:
                before = self._column((*exponents[:last], exponents[last] - 1, *exponents[last + 1 :]))
                self._columns[exponents] = [a * b for a, b in zip(before, self._inputs[last], strict=True)]
        return self._columns[exponents]

    def pair(self, a: Monomial, b: Monomial) -> Fraction:
        if a[0] != b[0]:
            return Fraction(0)
        exponents = tuple(i + k for i, k in zip(a[1], b[1], strict=True))
        if exponents not in self._moments:
            self._moments[exponents] = _fraction(sum(self._column(exponents), flint.fmpq(0)))
        return self._moments[exponents]

    def against(self, a: Monomial) -> Fraction:
        return _fraction(sum((c * y for c, y in zip(self._column(a[1]), self._targets[a[0]], strict=True)), flint.fmpq(0)))

    @property
    def square(self) -> Fraction:
        squares = (w * v * v for column in self._targets for w, v in zip(self._weights, column, strict=True))
        return _fraction(sum(squares, flint.fmpq(0)))


def _exact(value: float) -> flint.fmpq:
    return flint.fmpq(*value.as_integer_ratio())


def _fraction(value: flint.fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


class _OfPolynomials:
    """The inner product of polynomials that a metric stands for."""

    def __init__(self, loss: Distance) -> None:
        self._product = EXACT_PRODUCTS[loss.metric]
        self._target = {m: Fraction(c) for m, c in loss.target.items()}

    def pair(self, a: Monomial, b: Monomial) -> Fraction:
        return self._product(a[1], b[1]) if a[0] == b[0] else _ZERO

    def against(self, a: Monomial) -> Fraction:
        return sum((c * p for b, c in self._target.items() if (p := self.pair(a, b))), _ZERO)

    @property
    def square(self) -> Fraction:
        return sum((c * self.against(a) for a, c in self._target.items()), Fraction(0))
