"""Solutions of a general problem followed to a stated one, in as many passes as their ends need to be confirmed.

Likelihoods and faces of polyhedral distances are solved in the same two steps: a curve of solutions over a line of parameters is cut
with a hyperplane, which moves to a stated place on the line; from the solutions there paths lead to stated parameters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Complex, Inexact

from neurovariety.budget import used_up
from neurovariety.certificates.general_members import Substituted
from neurovariety.geometry.solutions.affine_slices import normal
from neurovariety.homotopy import Fiber, SpecialEnds, System, Tape, carried, confirmed_ends, special_ends
from neurovariety.rings.ring import Array


@runtime_checkable
class CutCurve(Protocol):
    """A curve over a line of parameters: a ``system`` whose last three parameters are those of the hyperplane that cuts it."""

    @property
    def system(self) -> System: ...
    @property
    def prints(self) -> Tape: ...
    @property
    def functions(self) -> Tape: ...
    def towards(self, parameters: Inexact[np.ndarray, " m"], level: complex) -> System: ...


def on_line(*blocks: tuple[int, bool]) -> Substituted:
    """How stated systems come from a curve over a line: for each block of their parameters how many these are, and whether they move.
    Those of the curve are for each block that moves its start and its direction, and then those of the hyperplane."""
    starts, steps, at = list[int](), list[int](), 0
    for size, moves in blocks:
        starts += range(at, at + size) if moves else [-1] * size
        steps += range(at + size, at + 2 * size) if moves else [-1] * size
        at += 2 * size if moves else 0
    return Substituted(tuple(starts), tuple(steps))


def ends_at_level(problem: CutCurve, base: Fiber, level: complex, rng: np.random.Generator) -> SpecialEnds:
    """Where the solutions of ``base`` on a general hyperplane go as that moves to the point ``level`` of the line."""
    stated = np.concatenate([base.parameters[:-3], [1.0, 0.0, level]])
    return special_ends(problem.towards(base.parameters, level), base.array(), problem.functions, rng, (problem.system, stated))


def ends_at_parameters(
    system: System,
    between: Callable[[Array, Array], System],
    known: tuple[Complex[np.ndarray, "points n"], Complex[np.ndarray, " m"]],
    parameters: Inexact[np.ndarray, " m"],
    prints: Tape,
    rng: np.random.Generator,
) -> tuple[SpecialEnds, bool]:
    """The solutions of ``system`` at ``parameters``, from ``known`` (solutions, general parameters), and whether they are confirmed.

    ``between`` makes the system whose parameters move; a pass that is to be confirmed starts from other general parameters.
    """

    def one_pass(number: int) -> SpecialEnds:
        solutions, start = known
        if number:
            start = np.abs(known[1]).mean() * normal(rng, known[1].shape)
            solutions = carried(system, known[0], known[1], start, prints, rng)
        return special_ends(between(start, parameters), solutions, prints, rng, (system, parameters))

    return confirmed_ends(one_pass, used_up)
