"""Solutions of a system with real parameters, those that seem to be real moved to exactly real places.

A box around a real centre holds the conjugate of its one zero, so that this is shown to be real.
"""

from __future__ import annotations

import numpy as np

from neurovariety.homotopy.arrays import Complexes, Numbers
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tracker import refine
from neurovariety.tolerances import IMAGINARY_PART

_IMAGINARY = IMAGINARY_PART
"""Relative imaginary parts below which Newton's iteration is tried from the real parts."""


def with_real_centres(system: System, solutions: Numbers, parameters: Numbers) -> Complexes:
    """The solutions (S, n), refined, with imaginary parts 0 where they are real up to rounding and stay so under Newton's iteration."""
    x = np.asarray(solutions, dtype=np.complex128).reshape(-1, system.unknowns)
    if not len(x):
        return x
    points, _ = refine(system, x, parameters)
    size = np.maximum(np.abs(points).max(axis=1, initial=1.0, keepdims=True), 1.0)
    near = (np.abs(points.imag) <= _IMAGINARY * size).all(axis=1)
    real, _ = refine(system, points.real + 0j, parameters)
    near &= (np.abs(real - points) <= _IMAGINARY * size).all(axis=1)
    found: Complexes = np.where(near[:, None], real.real + 0j, points)
    return found
