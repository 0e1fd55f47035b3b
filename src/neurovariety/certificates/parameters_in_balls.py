"""Zeros of a system whose parameters are known up to radii: boxes that hold one zero, whichever the parameters are."""

from __future__ import annotations

import flint
import numpy as np

from neurovariety.certificates.balls import about, ball, precision, upper
from neurovariety.certificates.float_balls import Boxes
from neurovariety.certificates.shown_points import Points, ShownPoints
from neurovariety.certificates.zeros import SimpleZero, Square

_BITS = 128
_LEAST = flint.arb(2) ** -400
"""Sides of boxes around coordinates that are 0 with no error: a zero at the centre of no box is in none."""


def for_all_parameters(shown: ShownPoints, radii: np.ndarray) -> ShownPoints:
    """The same zeros in boxes that hold one for all parameters within ``radii``. Raises `NotShown`."""
    points, programs = shown.points, shown.programs
    with precision(_BITS):
        balls = [about(ball(complex(p)), flint.arb(r)) for p, r in zip(points.parameters.tolist(), radii.tolist(), strict=True)]
        plain = programs.at(points.parameters)
        square = Square(plain.system, balls, plain)
    near_fine, replaced = dict(shown.near_fine), dict(points.fine)
    boxes = Boxes(shown.boxes.radii.copy(), shown.boxes.near.copy(), shown.boxes.good)
    for k in range(len(points)):
        fine = points.fine.get(k)
        with precision(_BITS if fine is None else fine.bits):
            centre = points.zeros.centres[k].tolist()
            z = fine.centre if fine is not None else tuple(flint.acb(c.real, c.imag) for c in centre)
            inverse = fine.inverse if fine is not None else _entries(points.zeros.inverses[k])
            n = len(z)
            y = flint.acb_mat(n, n, [c.mid() for c in inverse])
            error = [upper(e) for e in (y * flint.acb_mat(n, 1, square.values([c.mid() for c in z]))).entries()]
            small = flint.arb(2) ** (20 - flint.ctx.prec)
            sides = tuple((4 * e + small * upper(c) + _LEAST).upper() for e, c in zip(error, z, strict=True))
            zero = SimpleZero(tuple(z), sides, tuple(inverse), flint.ctx.prec)
            near = zero.check(square)
            if fine is not None:
                near_fine[k], replaced[k] = near, zero
            away = [float((r + abs(c - ball(x))).upper()) for r, c, x in zip(near, z, centre, strict=True)]
        boxes.near[k] = np.array(away) * (1 + 1e-15) + 1e-300
        boxes.radii[k] = [float(r.lower()) * (1 - 1e-15) for r in sides]
    return ShownPoints(Points(points.parameters, points.zeros, replaced), boxes, programs, near_fine)


def _entries(matrix: np.ndarray) -> tuple[flint.acb, ...]:
    return tuple(flint.acb(c.real, c.imag) for c in matrix.reshape(-1).tolist())
