"""Balls of complex numbers in float64: a midpoint and a radius that takes up every rounding. What is computed encloses what is meant.

A slot of a tape is a row (real part, imaginary part, radius). The rules, with u = 2^-53 and upper bounds |a| of moduli:

* a sum of k products a b has the radius sum of |a| s + |b| r + r s (r, s the radii), plus (k + 4) 2u times the sum of |a| |b| for the
  rounding of the midpoint, all enlarged by a factor 1 + (2k + 16) 2u for the rounding of these sums themselves, plus 1e-290 for
  underflow;
* 1 / (m, r) exists where |m| > r and has the radius r / (|m| (|m| - r)), plus rounding.

Compiled without any fast math; fused multiply-add would also be right, since it rounds less, but is not asked for.
"""

from __future__ import annotations

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from neurovariety.compiled import compiled, compiled_within

_U = 2.0**-53
_TINY = 1e-290
_LARGE = 1e140
"""Squares of numbers between this and its inverse neither overflow nor lose bits."""


class TapeArrays(NamedTuple):
    """What is run: rows of ``code`` (kind, target slot, first term, end of terms, add to the target); a term is a row of ``terms`` (two
    slots, the second unused in sums) and its coefficient a row of ``coefficients`` (real, imaginary). Kind 0 sums products, 1 and 2
    (real coefficients) multiples of slots, 3 is a reciprocal. Slot 0 holds 1, the next ones the inputs."""

    code: NDArray[np.int32]
    terms: NDArray[np.int32]
    coefficients: NDArray[np.float64]
    slots: int


class Approximations(NamedTuple):
    """Points (P, n) at parameters (P, m), and matrices (P, n, n) near the inverses of the Jacobians there."""

    points: NDArray[np.complex128]
    parameters: NDArray[np.complex128]
    inverses: NDArray[np.complex128]


class Boxes(NamedTuple):
    """Room for what `krawczyk` finds: ``radii`` (P, n) of boxes with one zero each, how ``near`` (P, n) it lies, whether it is ``good``
    (P,)."""

    radii: NDArray[np.float64]
    near: NDArray[np.float64]
    good: NDArray[np.bool_]


class Balls(NamedTuple):
    """Balls (P, outputs), ``values`` and ``sizes``, and whether they are ``good`` (P,): no division met 0."""

    values: NDArray[np.complex128]
    sizes: NDArray[np.float64]
    good: NDArray[np.bool_]


@no_type_check
@compiled_within
def modulus(re, im):
    """An upper bound of the modulus."""
    x, y = abs(re), abs(im)
    if 1 / _LARGE < max(x, y) < _LARGE:
        return np.sqrt(re * re + im * im) * (1 + 8 * _U)  # nothing underflows
    return (x + y) * (1 + 4 * _U) + _TINY


@no_type_check
@compiled_within
def run(w, tape, rounded):
    """Run a tape (`TapeArrays`) on the rows of ``w``; ``rounded`` is the relative radius of its coefficients. False where a ball met 0
    in a division."""
    code, terms, numbers = tape.code, tape.terms, tape.coefficients
    for i in range(len(code)):
        kind, target, start, stop, add = code[i, 0], code[i, 1], code[i, 2], code[i, 3], code[i, 4]
        re, im, radius, total = 0.0, 0.0, 0.0, 0.0
        if kind == 3:
            a = terms[start, 0]
            x, y, r = w[a, 0], w[a, 1], w[a, 2]
            if not 1 / _LARGE < max(abs(x), abs(y)) < _LARGE:
                return False
            square = x * x + y * y
            low = np.sqrt(square) * (1 - 8 * _U)
            if not low > r * (1 + 8 * _U):
                return False
            re, im = x / square, -y / square
            radius = r / (low * (low - r) * (1 - 16 * _U))
            total = 8.0 / low
        else:
            for j in range(start, stop):
                a = terms[j, 0]
                x, y, r = w[a, 0], w[a, 1], w[a, 2]
                if kind == 0:
                    b = terms[j, 1]
                    u, v, s = w[b, 0], w[b, 1], w[b, 2]
                else:
                    u, v = numbers[j, 0], numbers[j, 1]
                    s = rounded * modulus(u, v) if rounded > 0.0 else 0.0
                p, q = modulus(x, y), modulus(u, v)
                re += x * u - y * v
                im += x * v + y * u
                radius += p * s + q * r + r * s
                total += p * q
        count = stop - start
        if add:
            re, im = re + w[target, 0], im + w[target, 1]
            radius += w[target, 2]
            total += modulus(w[target, 0], w[target, 1])
            count += 1
        w[target, 0], w[target, 1] = re, im
        w[target, 2] = (radius + (count + 4) * 2 * _U * total) * (1 + (2 * count + 16) * 2 * _U) + _TINY
    return True


@no_type_check
def krawczyk(tape, rounded, near, residuals, tries, out):
    """Boxes around the points of ``near`` (`Approximations`), with one zero each of the functions, by Krawczyk's operator;
    ``residuals`` (`Balls`) hold the functions at the points.

    With Y = ``inverses[k]``, near the inverse of the Jacobian J, and x the point: where |Y F(x)|_i + sum_j |1 - Y J(box)|_ij rho_j
    < rho_i for all i, the map x - Y F(x) contracts the polydisc of radii rho into itself, so that F has exactly one zero there and
    Y J is invertible on it. ``out`` (`Boxes`) receives rho as radii, and the left sides: the zero lies that near to the point.
    """
    near = Approximations(*(np.array(part, dtype=np.complex128, order="C") for part in near))
    (count, n), m = near.points.shape, near.parameters.shape[-1]
    shapes = [part.shape for part in (near.parameters, near.inverses, *residuals)]
    if shapes != [(count, m), (count, n, n), (count, n), (count, n), (count,)] or tape.slots < 1 + n + m + n + n * n:
        raise ValueError("arrays of one size, that of the tape, are expected")  # compiled code does not look
    _krawczyk_in((np.zeros((tape.slots, 3)), np.zeros(n), np.zeros(n), np.zeros(n)), tape, rounded, near, residuals, tries, out)


@no_type_check
@compiled
def _krawczyk_in(room, tape, rounded, near, residuals, tries, out):
    points, parameters, inverses = near.points, near.parameters, near.inverses
    boxes, shrunk, good = out.radii, out.near, out.good
    n, m = points.shape[1], parameters.shape[1]
    w, error, rho, left = room
    w[0, 0] = 1.0
    first = 1 + n + m
    for k in range(len(points)):
        good[k] = False
        if not residuals.good[k]:
            continue
        y = inverses[k]
        for i in range(m):
            w[1 + n + i, 0], w[1 + n + i, 1] = parameters[k, i].real, parameters[k, i].imag
        largest = 0.0
        for i in range(n):
            re, im, radius, total = 0.0, 0.0, 0.0, 0.0
            for j in range(n):
                a, b = y[i, j].real, y[i, j].imag
                u, v, r = residuals.values[k, j].real, residuals.values[k, j].imag, residuals.sizes[k, j]
                re += a * u - b * v
                im += a * v + b * u
                p = modulus(a, b)
                radius += p * r
                total += p * modulus(u, v)
            error[i] = (modulus(re, im) + radius + (n + 4) * 2 * _U * total) * (1 + (2 * n + 32) * 2 * _U) + _TINY
            largest = max(largest, modulus(points[k, i].real, points[k, i].imag))
        for i in range(n):
            rho[i] = 4.0 * error[i] + 1e-15 * modulus(points[k, i].real, points[k, i].imag) + 1e-20 * largest
        for _ in range(tries):
            for i in range(n):
                w[1 + i, 0], w[1 + i, 1], w[1 + i, 2] = points[k, i].real, points[k, i].imag, rho[i]
            if not run(w, tape, rounded):
                break
            inside = True
            for i in range(n):
                left[i] = error[i]
                for j in range(n):
                    re, im, radius, total = (-1.0 if i == j else 0.0), 0.0, 0.0, (1.0 if i == j else 0.0)
                    for l in range(n):
                        a, b = y[i, l].real, y[i, l].imag
                        e = first + n + l * n + j
                        u, v, r = w[e, 0], w[e, 1], w[e, 2]
                        re += a * u - b * v
                        im += a * v + b * u
                        p = modulus(a, b)
                        radius += p * r
                        total += p * modulus(u, v)
                    size = (modulus(re, im) + radius + (n + 5) * 2 * _U * total) * (1 + (2 * n + 32) * 2 * _U)
                    left[i] += size * rho[j]
                left[i] = left[i] * (1 + (2 * n + 8) * 2 * _U) + _TINY
                inside = inside and left[i] < rho[i]
            if inside:
                good[k] = True
                for i in range(n):
                    boxes[k, i], shrunk[k, i] = rho[i], left[i]
                break
            for i in range(n):
                rho[i] = max(4.0 * left[i], 2.0 * rho[i]) if left[i] < 1e3 * rho[i] else 8.0 * rho[i]


@no_type_check
def enclose(tape, rounded, centres, radii, outputs, out):
    """Balls (``out``, `Balls`) that hold the outputs (slots ``outputs``) of a tape over the boxes (``centres``, ``radii``)."""
    if centres.shape != radii.shape or tape.slots < 1 + centres.shape[1]:
        raise ValueError("arrays of one size, that of the tape, are expected")
    _enclose_in(np.zeros((tape.slots, 3)), tape, rounded, centres, radii, outputs, out)


@no_type_check
@compiled
def _enclose_in(w, tape, rounded, centres, radii, outputs, out):
    values, sizes, good = out.values, out.sizes, out.good
    w[0, 0] = 1.0
    for k in range(len(centres)):
        for i in range(centres.shape[1]):
            w[1 + i, 0], w[1 + i, 1], w[1 + i, 2] = centres[k, i].real, centres[k, i].imag, radii[k, i]
        good[k] = run(w, tape, rounded)
        for j in range(len(outputs)):
            values[k, j] = w[outputs[j], 0] + 1j * w[outputs[j], 1]
            sizes[k, j] = w[outputs[j], 2]
