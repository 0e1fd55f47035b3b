"""Weights for given values of functions: descents by the method of Levenberg and Marquardt (Moré 1978), many at once."""

from __future__ import annotations

import numpy as np
from jaxtyping import Complex, Float, Inexact

from neurovariety.homotopy.descent_kernel import Aim, DescentNumbers, Descents, MovedBy, descend
from neurovariety.homotopy.lanes import LANES
from neurovariety.homotopy.tape import Tape
from neurovariety.tolerances import FIRST_DAMPING

_LEAST_DAMPING, _LARGEST_DAMPING = 1e-16, 1e12
_LARGEST = 1e9
_ENOUGH = 1e-14


def descended(
    values: Tape,
    slopes: Tape,
    target: Inexact[np.ndarray, " n"],
    starts: Inexact[np.ndarray, "starts N"],
    iterations: int,
    factor: Float[np.ndarray, "k n"] | None = None,
    held: tuple[int, ...] = (),
) -> tuple[Complex[np.ndarray, "starts N"], Float[np.ndarray, " starts"]]:
    """Points at which the functions ``values``, or these times ``factor``, come near ``target``, from ``starts``, and the distances.

    ``slopes``: their derivatives by all unknowns, function by function. Unknowns ``held`` stay as they are. Over the complex numbers;
    from real starts to a real target points stay real.
    """
    weighed = np.eye(len(target)) if factor is None else np.array(factor, dtype=np.float64, order="C")
    points = np.array(starts, dtype=np.complex128, order="C")
    goal = np.asarray(weighed @ target, dtype=np.complex128)
    size = np.zeros(len(points))
    enough = _ENOUGH * max(float(np.linalg.norm(goal)), 1e-300)
    numbers = DescentNumbers(int(iterations), enough, FIRST_DAMPING, _LEAST_DAMPING, _LARGEST_DAMPING, _LARGEST)
    free = np.array([i for i in range(points.shape[1]) if i not in held], dtype=np.int64)
    by, aim = MovedBy(values.arrays, slopes.arrays, values.outputs, slopes.outputs), Aim(weighed, factor is None, goal, free)
    for first in range(0, len(points), LANES):  # a block at a time, so that a run can be interrupted between them
        part = Descents(points[first : first + LANES], size[first : first + LANES])
        descend(by, aim, numbers, part)
    return points, size
