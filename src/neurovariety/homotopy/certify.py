"""Certificates: near each of these points lies exactly one solution, and the solutions are different.

Krawczyk's operator in ball arithmetic (Krawczyk 1969; Moore 1977; Breiding, Rose, Timme 2023 for numerical algebraic geometry).
First in float64 with every rounding enclosed (`float_balls`); what is too ill-conditioned for that is refined and tried again with
python-flint's balls at higher precision. Both run the same tape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import flint
import numpy as np

from neurovariety.certificates import double_double, float_balls
from neurovariety.certificates.account import FloatZeros, Tapes
from neurovariety.certificates.float_balls import Approximations, Balls, Boxes
from neurovariety.errors import InputError
from neurovariety.homotopy.arrays import Complexes, Numbers, Reals, Truths, complexes
from neurovariety.homotopy.system import System, require_system
from neurovariety.homotopy.tape import DOT, INV, Tape
from neurovariety.homotopy.tracker import values_at

_TRIES = 6
_PRECISIONS = (128, 256)
_SHARPER = 2
_NEAR = 1e-5
"""Relative distance within which a solution must lie for a point to count as its approximation."""
_ROUNDED = 2.0**-52
"""Relative radius of the coefficients of a tape that are not doubles."""

Truth = Literal["yes", "no", "undecided"]


@dataclass(frozen=True, eq=False)
class Certificates:
    """For points (P, n): what is proved of the solutions near them.

    ``certified`` (P,) says whether the polydisc of ``radii`` (P, n) around each of ``centres`` holds exactly one solution, which
    lies within ``near`` (P, n) of the centre. ``values`` and ``sizes`` are balls of the prints at the solutions, and ``overlaps``
    the pairs of certified points whose balls meet: all others are proved different.
    """

    centres: Complexes
    radii: Reals
    near: Reals
    certified: Truths
    overlaps: tuple[tuple[int, int], ...]
    values: Complexes
    sizes: Reals

    @property
    def distinct(self) -> bool:
        """Whether all certified solutions are proved different."""
        return not self.overlaps

    @property
    def count(self) -> int:
        """A number of solutions that are certified and proved different from each other."""
        return int(self.certified.sum()) - len({k for pair in self.overlaps for k in pair[1:]})

    @property
    def complete(self) -> bool:
        """Whether every point is certified and all are different."""
        return bool(self.certified.all()) and self.distinct

    def real(self, index: int) -> Truth:
        """Whether a solution of a system with real coefficients and parameters is real.

        The conjugate of a solution within ``near`` of z is one too; if it must lie in the box that holds only one, the two are the
        same.
        """
        z, radii, near = self.centres[index], self.radii[index], self.near[index]
        if not self.certified[index]:
            return "undecided"
        if not z.imag.any():
            return "yes"  # the box is its own conjugate
        if (np.abs(z.imag) > near).any():
            return "no"
        return "yes" if (2 * np.abs(z.imag) + near < radii).all() else "undecided"


def certify(system: System, points: Numbers, parameters: Numbers, prints: Tape | None = None) -> Certificates:
    """Certify ``points`` (P, n), solutions of ``system`` at ``parameters`` up to rounding.

    ``prints``, a tape of the unknowns, are the coordinates in which solutions are to be told apart (default: the unknowns themselves).
    Raises `InputError` for what is no system, and for points or parameters that are no numbers of float64 or not as many as it has.
    """
    require_system(system)
    n, m = system.unknowns, system.parameters
    points = complexes(points, "points", n)
    if points.ndim != 2:
        raise InputError(f"a list of points is expected, a row of {n} numbers each; got an array of shape {points.shape}")
    count = len(points)
    p = np.array(np.broadcast_to(complexes(parameters, "parameters", m), (count, m)), order="C")
    tape = system.with_jacobian
    inverted = inverses(system, points, p)
    boxes = Boxes(np.zeros((count, n)), np.zeros((count, n)), np.zeros(count, dtype=np.bool_))
    values_here = enclosures(tape, np.hstack([points, p]), np.zeros((count, n + m)))
    residuals = Balls(np.ascontiguousarray(values_here.values[:, :n]), np.ascontiguousarray(values_here.sizes[:, :n]), values_here.good)
    float_balls.krawczyk(tape.arrays, _rounding(tape), Approximations(points, p, inverted), residuals, _TRIES, boxes)
    radii, near, good = boxes
    for k in np.flatnonzero(~good):
        found = _at_higher_precision(system, points[k], p[k], inverted[k], None)
        if found is not None:
            points[k], near[k] = found.centre, found.near
            radii[k], good[k] = near[k], True
    if prints is None:
        values, sizes, enclosed = points.copy(), near.copy(), good.copy()
    else:
        values, sizes, enclosed = enclosures(prints, points, near)
    good &= enclosed
    overlaps = _overlaps(values, sizes, good)
    for row in sorted({k for pair in overlaps for k in pair}):
        found = _at_higher_precision(system, points[row], p[row], inverted[row], prints)
        if found is not None:
            values[row], sizes[row] = found.value, found.size
    if overlaps:
        overlaps = _overlaps(values, sizes, good)
    return Certificates(points, radii, near, good, tuple(overlaps), values, sizes)


def _rounding(tape: Tape) -> float:
    """Relative radius of a tape's coefficients."""
    return 0.0 if tape.exact else _ROUNDED


def enclosures(tape: Tape, centres: Complexes, radii: Reals) -> Balls:
    """Balls that hold the outputs of a tape over boxes (P, inputs), and for which boxes they were found."""
    shape = (len(centres), len(tape.outputs))
    out = Balls(np.zeros(shape, dtype=np.complex128), np.zeros(shape), np.zeros(len(centres), dtype=np.bool_))
    float_balls.enclose(tape.arrays, _rounding(tape), centres, radii, tape.outputs, out)
    return out


def inverses(system: System, points: Complexes, parameters: Numbers = ()) -> Complexes:
    """Approximate inverses of the Jacobians, found after scaling columns by the size of the unknowns and rows to size 1."""
    n = system.unknowns
    p = np.broadcast_to(np.asarray(parameters, dtype=np.complex128), (len(points), system.parameters))
    return inverses_of(values_at(system.with_jacobian, np.hstack([points, p]))[:, n:].reshape(-1, n, n), points)


def inverses_of(jacobians: Complexes, points: Complexes) -> Complexes:
    """The same from the Jacobians at the points."""
    columns = np.maximum(np.abs(points), 1e-8 * np.abs(points).max(axis=1, initial=1e-300, keepdims=True))
    out = np.zeros_like(jacobians)
    with np.errstate(all="ignore"):  # what overflows has no inverse, and no certificate
        scaled = jacobians * columns[:, None, :]
        rows = 1 / np.maximum(np.abs(scaled).max(axis=2), 1e-300)
        for k, matrix in enumerate(scaled * rows[:, :, None]):
            if not np.isfinite(matrix).all():
                continue
            try:
                out[k] = np.linalg.inv(matrix)
            except np.linalg.LinAlgError:
                out[k] = 0
        return np.array(columns[:, :, None] * out * rows[:, None, :], order="C")


def sharpened(zeros: FloatZeros, tapes: Tapes, parameters: Numbers) -> FloatZeros:
    """Centres that residuals in doubles do not determine well are moved, by Newton's iteration with residuals in double doubles, as
    near to zeros as doubles can be."""
    fixed = np.asarray(parameters, dtype=np.complex128)
    _, wide = zeros.residuals(tapes.values, zeros.at(fixed))
    part, x = zeros.part(wide), zeros.centres[wide]
    for _ in range(_SHARPER if len(wide) else 0):
        found = double_double.residuals(tapes.values, FloatZeros(x, part.inverses).at(fixed))
        with np.errstate(all="ignore"):
            moved = x - np.einsum("kij,kj->ki", part.inverses, found.values)
            near = np.abs(moved - x).max(axis=1, initial=0.0) <= _NEAR * np.abs(x).max(axis=1, initial=0.0)
        x = np.where((found.good & near)[:, None], moved, x)
    centres = zeros.centres.copy()
    centres[wide] = x
    return FloatZeros(centres, zeros.inverses)


def _overlaps(values: Complexes, sizes: Reals, good: Truths) -> list[tuple[int, int]]:
    """Pairs of good rows whose balls meet in every coordinate; a sweep over the real part of the first."""
    rows = np.flatnonzero(good)
    low = (values[:, 0].real - sizes[:, 0]) - 1e-15 * np.abs(values[:, 0])
    high = (values[:, 0].real + sizes[:, 0]) + 1e-15 * np.abs(values[:, 0])
    rows = rows[np.argsort(low[rows])]
    found = []
    for at, k in enumerate(rows):
        for other in rows[at + 1 :]:
            if low[other] > high[k]:
                break
            apart = np.abs(values[k] - values[other]) * (1 - 1e-14) > (sizes[k] + sizes[other])
            if not apart.any():
                found.append((int(k), int(other)))
    return found


@dataclass(frozen=True, eq=False)
class _Fine:
    """A certified point at higher precision: a float64 centre with radii ``near``, and balls of the prints."""

    centre: Complexes
    near: Reals
    value: Complexes
    size: Reals


def _at_higher_precision(
    system: System, point: Complexes, parameters: Complexes, inverse: Complexes, prints: Tape | None
) -> _Fine | None:
    """The solution near a point in a box that holds exactly one, shown at a higher precision; None where that fails."""
    n = system.unknowns
    previous = flint.ctx.prec
    try:
        for precision in _PRECISIONS:
            flint.ctx.prec = precision
            x = [flint.acb(z.real, z.imag) for z in point]
            p = [flint.acb(z.real, z.imag) for z in parameters]
            try:
                y = flint.acb_mat(n, n, [flint.acb(z.real, z.imag) for z in inverse.reshape(-1)])
                for _ in range(12):
                    values = run_balls(system.with_jacobian, x + p)
                    y = flint.acb_mat(n, n, [v.mid() for v in values[n:]]).inv()
                    step = y * flint.acb_mat(n, 1, values[:n])
                    x = [(a - step[i, 0]).mid() for i, a in enumerate(x)]
                values = run_balls(system.with_jacobian, x + p)
                y = flint.acb_mat(n, n, [e.mid() for e in y.entries()])
                error = [abs(e).upper() for e in (y * flint.acb_mat(n, 1, values[:n])).entries()]
                size = max(float(abs(a).upper()) for a in x) * 2.0**-30  # a coordinate may be exactly 0
                rho = [4 * e + (abs(a).upper() + size) * flint.arb(2) ** (20 - precision) for e, a in zip(error, x, strict=True)]
                box = [a + flint.acb(flint.arb(0, r), flint.arb(0, r)) for a, r in zip(x, rho, strict=True)]
                values = run_balls(system.with_jacobian, box + p)
                rest = flint.acb_mat([[int(i == j) for j in range(n)] for i in range(n)]) - y * flint.acb_mat(n, n, values[n:])
                # A polydisc lies in the box of its circumscribed squares, over which the Jacobian was enclosed.
                inside = all(
                    bool(error[i] + sum((abs(rest[i, j]).upper() * rho[j] for j in range(n)), flint.arb(0)) < rho[i]) for i in range(n)
                )
            except (ZeroDivisionError, ValueError):
                continue
            if inside:
                centre = np.array([complex(float(a.real.mid()), float(a.imag.mid())) for a in x])
                if np.abs(centre - point).max() > _NEAR * max(np.abs(point).max(), 1e-300):
                    return None  # Newton's iteration has gone to another solution, or the point was none
                near = _rounded_balls(x, rho, centre)
                shown = x if prints is None else run_balls(prints, box)
                middle = np.array([complex(float(v.real.mid()), float(v.imag.mid())) for v in shown])
                radii = rho if prints is None else [flint.arb(0)] * len(shown)
                return _Fine(centre, near, middle, _rounded_balls(shown, radii, middle))
        return None
    finally:
        flint.ctx.prec = previous


def _rounded_balls(balls: list[flint.acb], radii: list[flint.arb], centres: Complexes) -> Reals:
    """Radii around float64 ``centres`` that enclose ``balls`` enlarged by ``radii``."""
    sizes = [
        float((r + abs(a - flint.acb(c.real, c.imag)).upper()).upper()) * (1 + 1e-15) + 1e-300
        for a, r, c in zip(balls, radii, centres, strict=True)
    ]
    return np.array(sizes)


def run_balls(tape: Tape, inputs: list[flint.acb]) -> list[flint.acb]:
    """The outputs of a tape over python-flint's balls."""
    zero = flint.acb(0)
    w: list[flint.acb] = [zero] * tape.slots
    w[0] = flint.acb(1)
    w[1 : 1 + len(inputs)] = inputs
    slack = None if tape.exact else flint.acb(flint.arb(1, _ROUNDED), flint.arb(0, _ROUNDED))
    for kind, target, start, stop, add in tape.code.tolist():
        total = w[target] if add else zero
        for (a, b), (re, im) in zip(tape.terms[start:stop].tolist(), tape.coefficients[start:stop].tolist(), strict=True):
            if kind == DOT:
                total = total + w[a] * w[b]
            elif kind == INV:
                total = total + 1 / w[a]
            else:
                c = flint.acb(re, im)
                total = total + (c if slack is None else c * slack) * w[a]
        w[target] = total
    return [w[o] for o in tape.outputs.tolist()]
