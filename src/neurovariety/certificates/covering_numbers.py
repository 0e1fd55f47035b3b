"""Covering numbers from above: how many balls of radius epsilon hold all functions of a model of norm at most B.

Three facts give bounds, and each is a certificate. (1) A set of dimension n whose sections by coordinate planes fall into few pieces
meets few cells of a grid (`CoveredByCells`). (2) A ball of a space of dimension s is covered by (1 + 2B/epsilon)^s balls
(`CoveredBySpan`). (3) Weights of a cube are covered by smaller cubes (`CoveredByWeights`). The proofs stand in the documentation of
the entry `covering`. All norms are taken on functions, and norms that are 0 on some functions are welcome.

Sources: Zhang, Kileel 2023 (regular sets and cells); Milnor 1964 (components of real algebraic sets); Bezout; John 1948 (norms without
an inner product).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.balls import precision
from neurovariety.certificates.functions import DIMENSION, SPAN, Functions
from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.certificates.issue import Verdict, scopes
from neurovariety.certificates.realized import RealFunctions
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

AT_MOST, AT_LEAST = "covering: at_most", "covering: at_least"
SUP, ON_INPUTS = "sup", "inputs"
NORMS: Mapping[str, str] = {
    "frobenius": "Euclidean norm of the coefficients",
    "bombieri": "Bombieri's norm",
    "gaussian": "root mean square over standard normal inputs",
    "uniform": "root mean square over inputs uniform in the cube [-1, 1]^d",
    SUP: "largest size on the cube [-1, 1]^d",
    ON_INPUTS: "largest size on the inputs, whatever set these come from",
}
"""Norms of functions, in words. With several outputs: of the vector of outputs, whose size is its Euclidean norm."""
_BITS = 192
_FROM_ABOVE = (Claim.PROVED, Claim.PROBABILITY, Claim.UPPER_BOUND)


@runtime_checkable
class PolynomialInWeights(Functions, Protocol):
    """A model of which it is known how its functions depend on the weights."""

    @property
    def weight_degree(self) -> int | None:
        """A bound of the degree of the coefficients of the functions, as polynomials in the weights; None where they are none."""
        ...


@dataclass(frozen=True)
class BallOfFunctions:
    """The functions of a model whose ``norm`` (a key of `NORMS`) is at most ``radius``, those of weights between -``weights`` and
    ``weights`` alone where that is given. They are to be covered by balls of radius ``epsilon`` in the same norm."""

    norm: str
    radius: Fraction
    epsilon: Fraction
    weights: Fraction | None = None

    def __post_init__(self) -> None:
        if self.norm not in NORMS or not (self.radius > 0 and self.epsilon > 0) or not (self.weights is None or self.weights > 0):
            raise ValueError("a norm that is known, and positive radii, are expected")

    @property
    def euclidean(self) -> bool:
        """Whether the norm comes from an inner product."""
        return self.norm in EXACT_PRODUCTS

    @property
    def scope(self) -> tuple[str, ...]:
        """What is covered by what, in words."""
        of = "" if self.weights is None else f" that have weights between -{as_number(self.weights)} and {as_number(self.weights)}"
        return (
            f"N being the fewest balls of radius {as_number(self.epsilon)} that cover the functions of norm at most "
            f"{as_number(self.radius)} ({NORMS[self.norm]}){of}",
        )


def as_number(value: Fraction) -> str:
    """A number in the shortest notation that means it: whole, as double precision has it, or as a fraction."""
    if value.denominator == 1 and abs(value) < 10**15:
        return str(value.numerator)
    return repr(float(value)) if abs(value) < 10**300 and Fraction(float(value)) == value else str(value)


def arb_of(value: Fraction | int) -> flint.arb:
    """A ball that holds a rational number."""
    exact = Fraction(value)
    return flint.arb(flint.fmpq(exact.numerator, exact.denominator))


def at_most_fraction(value: flint.arb) -> Fraction:
    """An exact upper bound of a ball. Raises `NotShown` for one that is not finite."""
    if not value.is_finite():
        raise NotShown("the bound is not finite")
    mantissa, exponent = value.upper().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def thousandths_above(value: flint.arb) -> float:
    """The bound as it is told: the next multiple of 1/1000, which as decimals and as a double is not below it."""
    bound = max(at_most_fraction(value), Fraction(0))
    count = -(-bound * 1000 // 1)
    while min(Fraction(count, 1000), Fraction(float(Fraction(count, 1000)))) < bound:
        count += 1
    return float(Fraction(count, 1000))


def volumes_of_balls(most: int) -> list[flint.arb]:
    """The volumes of the Euclidean balls of radius 1 of the dimensions 0, ..., ``most``."""
    found = [flint.arb(1), flint.arb(2)]
    for k in range(2, most + 1):
        found.append(found[k - 2] * 2 * flint.arb.pi() / k)
    return found[: most + 1]


def pieces_of_slices(dimension: int, parameters: int, weight_degree: int, degree: int | None = None) -> tuple[int, ...]:
    """For k = 0, ..., n: into how many connected pieces, at most, the functions of all real weights fall where k linear coordinates of
    them are fixed; for k = n, the ``dimension``, where these have general values.

    For k = 0: one, the image of R^p. For the others: as many as there are components of the real weights that solve k equations of
    that degree D, at most D (2D - 1)^(p - 1) (Milnor 1964). For k = n these are points, no more than the degree of the closure:
    ``degree`` where it is known, and at most D^n (Bezout, on a general affine space of weights of dimension n) in any case.
    """
    if dimension == 0:
        return (1,)
    every = weight_degree * (2 * weight_degree - 1) ** (parameters - 1)
    points = min([every, weight_degree**dimension, *([] if degree is None else [degree])])
    return (1, *[every] * (dimension - 1), points)


def log_of_cells(pieces: Sequence[int], span: int, ratio: Fraction, *, euclidean: bool = True) -> flint.arb:
    """log of sum_k pieces[k] C(s, k) vol_k (sqrt(s) (1 + B/epsilon))^k, where ``ratio`` is B/epsilon and vol_k the volume of the
    Euclidean ball of dimension k: a bound of log N for a set in a space of dimension s = ``span``.

    For a norm that is not ``euclidean``, sqrt(s) B takes the place of B (John's ellipsoid).
    """
    with precision(_BITS):
        root = flint.arb(span).sqrt()
        reach = root * (1 + (arb_of(ratio) if euclidean else root * arb_of(ratio)))
        total, ways = flint.arb(0), flint.arb(1)
        for k, (count, volume) in enumerate(zip(pieces, volumes_of_balls(len(pieces) - 1), strict=True)):
            total = total + count * ways * volume
            ways = ways * reach * (span - k) / (k + 1)  # C(s, k) reach^k
        return total.log()


def log_of_span(span: int, ratio: Fraction) -> flint.arb:
    """s log(1 + 2B/epsilon): a bound of log N for the ball of a space of dimension s, in any norm; 0 where one ball holds it."""
    if ratio <= 1:
        return flint.arb(0)
    with precision(_BITS):
        return span * (1 + 2 * arb_of(ratio)).log()


def known_from_above(verdict: Verdict, kind: str, subject: str) -> int:
    """The number that a verdict says something is no larger than. Raises `NotShown` for one that says something else."""
    said = verdict.statement
    if not verdict.shown or said.kind != kind or said.subject != subject or verdict.claim not in _FROM_ABOVE:
        raise NotShown(f"the {kind} is not known from above")
    return int(said.value)


def _holds(bound: flint.arb, value: float) -> None:
    """Raises `NotShown` where a bound is above the value that is told."""
    if not isfinite(value) or at_most_fraction(bound) > Fraction(value):
        raise NotShown("the bound is above the value stated")


@dataclass(frozen=True)
class CoveredByCells:
    """log N by the cells of a grid that the functions meet: `log_of_cells` of `pieces_of_slices`.

    ``dimension`` and ``span`` are known from above; ``degree``, of the closure, may be.
    """

    subject: str
    ball: BallOfFunctions
    dimension: Verdict
    span: Verdict
    degree: Verdict | None
    value: float

    def check(self, subject: PolynomialInWeights) -> None:
        """Raises `NotShown` where a number is of another model or not known from above, or the bound is larger."""
        _same(subject, self.subject)
        ratio = self.ball.radius / self.ball.epsilon
        _holds(log_of_cells(self.pieces(subject), self._span, ratio, euclidean=self.ball.euclidean), self.value)

    @property
    def _span(self) -> int:
        return known_from_above(self.span, SPAN, self.subject)

    def pieces(self, subject: PolynomialInWeights) -> tuple[int, ...]:
        """The numbers of pieces of sections. Raises `NotShown` where the coefficients are no polynomials of the weights."""
        if subject.weight_degree is None:
            raise NotShown("the functions do not depend on the weights by polynomials")
        n = min(known_from_above(self.dimension, DIMENSION, self.subject), self._span, subject.parameters)
        degree = None if self.degree is None else known_from_above(self.degree, "degree", self.subject)
        return pieces_of_slices(n, subject.parameters, subject.weight_degree, degree)

    def concludes(self) -> tuple[Statement, Claim]:
        """log N is at most that."""
        premises = [v for v in (self.dimension, self.span, self.degree) if v is not None]
        error = sum(v.statement.error for v in premises)
        return Statement(AT_MOST, self.subject, self.value, scopes(self.ball.scope, *premises), error), Claim.UPPER_BOUND


@dataclass(frozen=True)
class CoveredBySpan:
    """log N by the linear span, whose dimension is known from above: `log_of_span`."""

    subject: str
    ball: BallOfFunctions
    span: Verdict
    value: float

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` where the span is not known from above, or the bound is larger."""
        _same(subject, self.subject)
        _holds(log_of_span(known_from_above(self.span, SPAN, self.subject), self.ball.radius / self.ball.epsilon), self.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """log N is at most that."""
        error = self.span.statement.error
        return Statement(AT_MOST, self.subject, self.value, scopes(self.ball.scope, self.span), error), Claim.UPPER_BOUND


@dataclass(frozen=True)
class CoveredByWeights:
    """log N by a grid of weights, for weights in a cube: f_w moves by at most L_j |dw_j| with weight j, and p L_j R / epsilon steps,
    rounded up, are enough for it."""

    subject: str
    ball: BallOfFunctions
    value: float

    def check(self, subject: RealFunctions) -> None:
        """Raises `NotShown` where the ball bounds no weights, or the bound is larger."""
        _same(subject, self.subject)
        _holds(log_of_weights(subject, self.ball), self.value)

    def concludes(self) -> tuple[Statement, Claim]:
        """log N is at most that."""
        return Statement(AT_MOST, self.subject, self.value, self.ball.scope), Claim.UPPER_BOUND


def log_of_weights(subject: RealFunctions, ball: BallOfFunctions) -> flint.arb:
    """sum_j log ceil(p L_j R / epsilon), with L_j a bound of the norm of the derivative by weight j over the cube of half-width R.

    Raises `NotShown` where the ball bounds no weights, or has a norm on inputs that are not known.
    """
    if ball.weights is None or ball.norm == ON_INPUTS:
        raise NotShown("weights are not bounded, so no step of theirs is small everywhere")
    names, p = subject.coefficient_names, subject.parameters
    with precision(_BITS):
        cube = [flint.arb(0, arb_of(ball.weights).upper()) for _ in range(p)]
        _, slopes = subject.coefficient_balls(tuple(range(len(names))), cube, tuple(range(p)))
        total = flint.arb(0)
        for j in range(p):
            length = norm_at_most(ball.norm, names, [row[j] for row in slopes])
            steps = at_most_fraction(p * length * arb_of(ball.weights / ball.epsilon))
            total = total + flint.arb(max(1, -(-steps.numerator // steps.denominator))).log()
        return total


Names = Sequence[tuple[int, tuple[int, ...]]]


def norm_at_most(norm: str, names: Names, values: Sequence[flint.arb]) -> flint.arb:
    """An upper bound of the norm of every function whose coefficients lie in balls."""
    sizes = [abs(v).upper() for v in values]
    if norm == SUP:  # monomials are at most 1 on the cube
        outputs: dict[int, flint.arb] = {}
        for (output, _), size in zip(names, sizes, strict=True):
            outputs[output] = outputs.get(output, flint.arb(0)) + size
        return sum((v * v for v in outputs.values()), flint.arb(0)).sqrt().upper()
    product, total = EXACT_PRODUCTS[norm], flint.arb(0)
    for i, (output, e) in enumerate(names):
        for j, (other, f) in enumerate(names):
            weight = product(e, f) if output == other and sizes[i] != 0 and sizes[j] != 0 else Fraction(0)
            if weight:  # which is never negative
                total = total + arb_of(weight) * sizes[i] * sizes[j]
    return total.sqrt().upper()


def _same(subject: Functions, expected: str) -> None:
    if subject.hash != expected:
        raise NotShown("the certificate is one of another model")
