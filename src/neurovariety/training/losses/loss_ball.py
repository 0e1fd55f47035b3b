"""The loss of a function in balls: an interval that holds it, from the data, the teacher or the form exactly as they are.

``coefficients`` are balls of the coefficients of a network's function at stored weights; the residual is formed before anything is
squared, so that a loss near zero has digits, and none is negative.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import singledispatch

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.inner_products import EXACT_PRODUCTS
from neurovariety.training.losses.exact_products import Coefficients, arb_of, exact_inputs, monomial_at
from neurovariety.training.losses.loss import Distance, Form, Loss, Monomial, SquaredError
from neurovariety.training.losses.whitened import BITS


def loss_ball(loss: Loss, coefficients: Coefficients) -> tuple[float, float]:
    """Bounds of the loss of the function with these coefficients."""
    with precision(BITS):
        found = _ball(loss, coefficients)
        low = found.lower()
        return max(_down(low), 0.0) if isinstance(loss, (SquaredError, Distance)) else _down(low), _up(found.upper())


def _down(x: flint.arb) -> float:
    value = float(x)
    return float(np.nextafter(value, -np.inf)) if flint.arb(value) > x else value


def _up(x: flint.arb) -> float:
    value = float(x)
    return float(np.nextafter(value, np.inf)) if flint.arb(value) < x else value


@singledispatch
def _ball(loss: object, coefficients: Coefficients) -> flint.arb:
    raise TypeError(f"no loss: {loss!r}")


@_ball.register
def _(loss: SquaredError, coefficients: Coefficients) -> flint.arb:
    total, sizes = flint.arb(0), flint.arb(0)
    monomials = {e for _, e in coefficients}
    for point, y, weight in zip(exact_inputs(loss), loss.targets.tolist(), loss.weights.tolist(), strict=True):
        powers = {e: monomial_at(point, e) for e in monomials}
        errors = [-flint.arb(target) for target in y]
        for (o, e), c in coefficients.items():
            errors[o] = errors[o] + c * powers[e]
        total = total + flint.arb(weight) * sum((r * r for r in errors), flint.arb(0))
        sizes = sizes + flint.arb(weight)
    return total / sizes


@_ball.register
def _(loss: Distance, coefficients: Coefficients) -> flint.arb:
    product = EXACT_PRODUCTS[loss.metric]
    left = _left(coefficients, {m: Fraction(c) for m, c in loss.target.items()})
    total = flint.arb(0)
    for (o, e), r in left.items():
        for (p, f), q in left.items():
            entry = product(e, f) if o == p else Fraction(0)
            if entry:
                total = total + arb_of(entry) * r * q
    return total


@_ball.register
def _(loss: Form, coefficients: Coefficients) -> flint.arb:
    target = [Fraction(c) for c in np.asarray(loss.target, dtype=np.float64).tolist()]
    left = _left(coefficients, dict(zip(loss.places, target, strict=True)))
    total = flint.arb(0)
    for a, r in left.items():
        for b, q in left.items():
            total = total + flint.arb(loss.pair(a, b)) * r * q
    return total


def _left(coefficients: Coefficients, target: Mapping[Monomial, Fraction]) -> dict[Monomial, flint.arb]:
    """The difference to a target."""
    return {m: coefficients.get(m, flint.arb(0)) - arb_of(target.get(m, Fraction(0))) for m in {**coefficients, **target}}
