"""Critical points for a stated quadric and target, from general ones, in as many passes as their ends need to be confirmed.

What two passes agree on is evidence for a search, no test: what may be claimed is for `accounting` to say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Inexact

from neurovariety.budget import used_up
from neurovariety.geometry.solutions.critical_points import CriticalPoints
from neurovariety.homotopy import Certificates, End, Fiber, SpecialEnds, System, Tape, carried, certify, confirmed_ends, special_ends


@dataclass(frozen=True, eq=False)
class ConfirmedPoints:
    """The critical points at smooth functions: a ``system`` whose solutions they are at ``parameters``, their certificates, what
    became of each path, and whether the ends are confirmed (`homotopy.confirmed_ends`)."""

    system: System
    parameters: Inexact[np.ndarray, " m"]
    certificates: Certificates
    ends: SpecialEnds
    complete: bool


def confirmed_points(
    points: CriticalPoints,
    base: Fiber,
    matrix: Float[np.ndarray, "N N"],
    image: Inexact[np.ndarray, " N"],
    rng: np.random.Generator,
    images: Tape | None = None,
    once: bool = False,
) -> ConfirmedPoints:
    """Critical points for the quadric ``matrix`` and the target with image ``image``, from the general ones of ``base``.

    A pass that is to be confirmed starts from another general quadric and target. ``images``: what ends are to have limits of
    (default: the prints). ``once``: one pass is enough for now, confirmed or not.
    """
    special, entries = points.special(matrix)
    parameters = np.concatenate([image, entries])

    def one_pass(number: int) -> SpecialEnds:
        solutions, general = base.array(), base.parameters
        if number:
            general = points.random(1, rng)[1][0]
            solutions = carried(points.system, solutions, base.parameters, general, points.prints, rng)
        system = points.towards(general, matrix, image)
        return special_ends(system, solutions, images or points.prints, rng, (special, parameters))

    ends, confirmed = confirmed_ends(one_pass, (lambda: True) if once else used_up)
    found = certify(special, ends.points[ends.distinct(End.REGULAR)], parameters, points.values)
    return ConfirmedPoints(special, parameters, found, ends, confirmed and found.complete)
