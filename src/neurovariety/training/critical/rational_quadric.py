"""A loss on the coordinates of a problem as exact rational numbers, to be stored: moments of the data, not the data."""

from __future__ import annotations

from fractions import Fraction
from math import prod

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
        weights = [Fraction(w) for w in loss.weights[kept].tolist()]
        self._weights = [w / sum(weights) for w in weights]
        self._rows = [[Fraction(v) for v in row] for row in loss.inputs[kept].reshape(len(weights), -1).tolist()]
        self._targets = [[Fraction(v) for v in row] for row in loss.targets[kept].tolist()]
        self._moments: dict[tuple[int, ...], Fraction] = {}

    def _column(self, exponents: tuple[int, ...]) -> list[Fraction]:
        rows = zip(self._weights, self._rows, strict=True)
        return [w * prod((v**e for v, e in zip(x, exponents, strict=True)), start=Fraction(1)) for w, x in rows]

    def pair(self, a: Monomial, b: Monomial) -> Fraction:
        if a[0] != b[0]:
            return Fraction(0)
        exponents = tuple(i + k for i, k in zip(a[1], b[1], strict=True))
        if exponents not in self._moments:
            self._moments[exponents] = sum(self._column(exponents), Fraction(0))
        return self._moments[exponents]

    def against(self, a: Monomial) -> Fraction:
        return sum((c * y[a[0]] for c, y in zip(self._column(a[1]), self._targets, strict=True)), Fraction(0))

    @property
    def square(self) -> Fraction:
        return sum((w * v * v for w, y in zip(self._weights, self._targets, strict=True) for v in y), Fraction(0))


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
