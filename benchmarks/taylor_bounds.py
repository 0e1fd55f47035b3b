"""Proved errors of networks with nearest polynomials in place of activations, beside those with Taylor polynomials of the same degree.

`python -m benchmarks.taylor_bounds [SEED]`: the thirty networks of `benchmarks.errors_of_approximations`. A Taylor polynomial about
0 is what nn2poly (Morala, Cifuentes, Lillo, Ucar 2023) puts in place of an activation. Its error on what a layer reads is bounded by
the Lagrange remainder, with the derivative in ball arithmetic, and carried on by the largest slopes and the sizes of weights: the
plain way. Or the error itself is bounded, and carried on by the affine forms of `approximate`. ReLU has no such polynomial. Beside
each bound stands what 10^5 inputs show of the same network."""

from __future__ import annotations

import itertools
import sys
from fractions import Fraction
from math import inf

import flint
import numpy as np

import neurovariety as nv
from benchmarks.errors_of_approximations import FUNCTIONS, networks, outputs
from neurovariety.certificates.activation_series import ACTIVATIONS, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.network_approximation import Moves, SmoothLayers, reached, read, smooth_layers, through
from neurovariety.certificates.uniform_error import largest_error
from neurovariety.certificates.zeros import NotShown
from neurovariety.rings.ring import Array

_PARTS, _TERMS, _WIDEST, _INPUTS = 512, 8, 1e9, 10**5
_STEEPEST = {"tanh": 1, "sigmoid": 0.25, "gelu": 1.13, "silu": 1.1, "softplus": 1}
"""The largest slopes, or a little more."""
Ends = tuple[Fraction, Fraction]


def taylor_polynomial(name: str, degree: int) -> list[Fraction]:
    """About 0, with coefficients rounded to 2^-100."""
    with taylor(256, degree + 1):
        found = taylor_coefficients(name, flint.arb(0), degree + 1)
        return [
            Fraction(int((c.mid() * flint.arb(2) ** 100).floor().fmpz()), 2**100) for c in (x + flint.arb(2) ** -101 for x in found)
        ]


def lagrange(name: str, degree: int, most: float) -> float:
    """What bounds the error on [-most, most]: most^(n + 1) times the largest |f^(n+1)|/(n+1)!, in balls on short parts."""
    worst = flint.arb(0)
    with taylor(256, degree + 2):
        for a, b in _cuts(most):
            try:
                worst = worst.max(
                    taylor_coefficients(name, rational_ball(a).union(rational_ball(b)), degree + 2)[degree + 1].abs_upper()
                )
            except NotShown:
                return inf
        return float((worst * flint.arb(most) ** (degree + 1)).upper())


def largest(name: str, degree: int, most: float) -> float:
    """The error on [-most, most] itself, in balls on short parts."""
    with taylor(256, _TERMS):
        series = taylor_polynomial(name, degree)
        return max(float(largest_error(name, series, ends, _TERMS)) for ends in _cuts(most))


def _cuts(most: float) -> list[Ends]:
    grid = [Fraction(most) * Fraction(2 * i - _PARTS, _PARTS) for i in range(_PARTS + 1)]
    return list(itertools.pairwise(grid))


def bound(layers: SmoothLayers, degree: int, inputs: int, affine: bool) -> float:
    """Of what the outputs change with Taylor polynomials; infinite where what units read grows without bound."""
    with taylor(256, 2):
        ranges = [flint.arb(0, 1)] * inputs
        moved: Moves | None = None
        for l, name in enumerate(layers.activations):
            ranges, moved = read(layers, l, ranges, moved)
            most = max(float(x.abs_upper()) for x in reached(ranges, moved)) * (1 + 2**-30)
            error = (largest if affine else lagrange)(name, degree, most) if most < _WIDEST else inf
            if not error < _WIDEST:
                return inf
            if moved is None or affine:
                ranges, moved = through(ACTIVATIONS[name], ranges, moved, error)
            else:
                rest = [_STEEPEST[name] * m + error for m in moved.sizes()]
                ranges = through(ACTIVATIONS[name], ranges, None, 0.0)[0]
                moved = Moves([[flint.arb(0)]] * len(rest), [r.upper() for r in rest])
            if not affine:
                moved = Moves([[flint.arb(0)]] * len(ranges), moved.sizes())
        _, moved = read(layers, len(layers.activations), ranges, moved)
        return max(float(m) for m in moved.sizes())


def _bound_or_none(layers: SmoothLayers, degree: int, inputs: int, affine: bool) -> float:
    try:
        return bound(layers, degree, inputs, affine)
    except NotShown:  # balls are too wide for the activation
        return inf


def seen(weights: dict[str, Array], name: str, polynomials: list, x: Array) -> float:
    """The largest change at some inputs."""
    with np.errstate(all="ignore"):
        return float(np.abs(outputs(weights, [FUNCTIONS[name]] * len(polynomials), x) - outputs(weights, polynomials, x)).max())


def main(seed: int) -> None:
    """All networks."""
    rng = np.random.default_rng(seed)
    quotients, exceeded, unbounded = [], 0, 0
    print(f"{'network':32} degree  nearest: at most, seen    Taylor: at most (Lagrange), (affine forms), seen")
    for name, weights, notation, widths, degree in networks(rng):
        found = nv.approximate(weights, architecture=notation, degree=degree)
        x = rng.uniform(-1, 1, size=(_INPUTS, widths[0]))
        own = seen(weights, name, [np.polynomial.Polynomial([float(c) for c in p.polynomial]) for p in found.nearest], x)
        if name == "relu":
            print(f"{notation:32} {degree:6}  {found.value['error']:.3g}, {own:.3g}    none: not differentiable at 0")
            continue
        layers = smooth_layers(found.claims["error"].on)
        plain, affine = (_bound_or_none(layers, degree, widths[0], a) for a in (False, True))
        series = np.polynomial.Polynomial([float(c) for c in taylor_polynomial(name, degree)])
        theirs = seen(weights, name, [series] * len(found.nearest), x)
        exceeded += (own > found.value["error"] * (1 + 1e-9)) + (theirs > min(plain, affine) * (1 + 1e-9))
        unbounded += affine == inf
        quotients.append(affine / found.value["error"])
        print(f"{notation:32} {degree:6}  {found.value['error']:.3g}, {own:.3g}    {plain:.3g}, {affine:.3g}, {theirs:.3g}", flush=True)
    smaller, least, median = sum(q > 1 for q in quotients), min(quotients), np.median(quotients)
    print(
        f"of {len(quotients)} with Taylor polynomials the bound of nearest polynomials is smaller {smaller} times, also than with "
        f"affine forms; quotients from {least:.3g}, median {median:.3g}; no Taylor bound {unbounded} times; exceeded {exceeded}"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
