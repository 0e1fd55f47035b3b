"""Newton's method for the gradient of the squared error of a network, and what Krawczyk's test shows of the point where it ends."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import inf, isfinite, nextafter

import flint
import numpy as np

from neurovariety.certificates.activation_series import rational_ball, taylor
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.smooth_critical_points import IndexThere, OneCriticalPoint, TrainedPerceptron
from neurovariety.certificates.zeros import NotShown

BITS, PLACE = 256, 2.0**-60
"""Bits of Newton's method and of proofs, and the radius of the box that locates a point."""
_STEPS = 60


def is_polynomial(own: TrainedPerceptron) -> bool:
    """Whether its activations are polynomials."""
    return any(not isinstance(p, str) for p in own.pieces)


def newton(own: TrainedPerceptron, start: Sequence[Fraction], farthest: float) -> tuple[Fraction, ...]:
    """Where Newton's method ends. Raises `NotShown` where it settles nowhere within ``farthest`` of its start, in each weight."""
    n, at = own.parameters, list(start)
    with taylor(BITS, 3):
        for _ in range(_STEPS):
            _, gradient, hessian = own.derivatives([rational_ball(v) for v in at])
            middle = flint.arb_mat(n, n, [v.mid() for v in hessian.entries()])
            try:
                step = middle.solve(flint.arb_mat(n, 1, [v.mid() for v in gradient.entries()]))
            except ZeroDivisionError:
                raise NotShown("the Hessian is singular, or nearly so") from None
            moves = [float(v.mid()) for v in step.entries()]
            if not all(map(isfinite, moves)):
                raise NotShown("Newton's method leaves all bounds")
            at = [_short(v, move) for v, move in zip(at, step.entries(), strict=True)]
            if max(abs(a - b) for a, b in zip(at, start, strict=True)) > farthest:
                raise NotShown(
                    f"Newton's method from the trained weights leads more than {farthest:g} away: they lie near no critical point"
                )
            if max(map(abs, moves), default=0.0) < PLACE * 2.0**-40:
                return tuple(at)
    raise NotShown("Newton's method from the trained weights does not settle")


def place_of(own: TrainedPerceptron, found: tuple[Fraction, ...]) -> Verdict:
    """One critical point lies next to ``found``. Raises `NotShown` where the test fails."""
    away = max(abs(a - b) for a, b in zip(found, own.weights, strict=True))
    return issue(OneCriticalPoint(own.hash, found, PLACE, float_above(away + Fraction(PLACE)), is_polynomial(own), BITS), own)


def index_of(own: TrainedPerceptron, place: Verdict) -> Verdict:
    """The index of a critical point. Raises `NotShown` where the sign of an eigenvalue is not shown."""
    point = place.certificate
    assert isinstance(point, OneCriticalPoint)
    values, turn = eigenvectors(own, point.centre)
    return issue(IndexThere(place, int(np.sum(values < 0)), turn, BITS), own)


def eigenvectors(own: TrainedPerceptron, at: Sequence[Fraction]) -> tuple[np.ndarray, tuple[tuple[Fraction, ...], ...]]:
    """About the eigenvalues of the Hessian, ascending, and about its eigenvectors, in the columns of an exact matrix."""
    with taylor(BITS, 3):
        hessian = own.derivatives([rational_ball(v) for v in at])[2]
    values, turn = np.linalg.eigh(np.array([[float(v.mid()) for v in row] for row in hessian.tolist()]))
    return values, tuple(tuple(Fraction(float(v)) for v in row) for row in turn)


def exact(ball: flint.arb) -> Fraction:
    """The middle of a ball."""
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def float_above(value: Fraction) -> float:
    """A float that is not below a number."""
    found = float(value)
    while Fraction(found) < value:
        found = nextafter(found, inf)
    return found


def _short(value: Fraction, move: flint.arb) -> Fraction:
    """A number less a step, in multiples of 2**-160."""
    return Fraction(round((value - exact(move)) * 2**160), 2**160)
