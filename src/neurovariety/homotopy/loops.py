"""Test L: are solutions at a general member of a family mapped to themselves by loops through other members?

Where the pairs of a member and a solution are irreducible, loops act transitively on all solutions, and a proper part of them is not
closed under enough loops. New solutions that a loop leads to join the list, and the test starts again.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from neurovariety.certificates.completeness import LOOPS
from neurovariety.homotopy.arrays import Complexes, Numbers
from neurovariety.homotopy.monodromy import Monodromy, random_bend
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape

_ARCS = 3
"""Arcs to each other member: two independent loops."""
_MOST_MEMBERS = 12
_HOPELESS = 3
"""Members after which it is given up where no loop through them permutes the solutions: paths are lost everywhere then."""


def closed_under_loops(
    system: System,
    prints: Tape,
    solutions: Numbers,
    parameters: Numbers,
    fresh: Callable[[], Numbers],
    rng: np.random.Generator,
    stop: Callable[[], bool] = lambda: False,
) -> tuple[Complexes, tuple[tuple[int, ...], ...]]:
    """The solutions at ``parameters`` that loops lead to from those known, and loops that permute all of them: at least `LOOPS`, unless
    too many paths were lost. ``fresh`` draws the parameters of another general member."""
    run = Monodromy(system, prints)
    run.restore_fiber(np.asarray(parameters, dtype=np.complex128), np.asarray(solutions, dtype=np.complex128))
    loops: list[tuple[int, ...]] = []
    while len(loops) < LOOPS and len(run.fibers) <= _MOST_MEMBERS and not stop():
        other = run.add_fiber_at(fresh())
        for bend in (1.0, random_bend(rng), random_bend(rng).conjugate())[:_ARCS]:
            run.add_arc(0, other, bend)
        run.close(stop=stop)
        loops = _permutations(run)
        if len(run.fibers) > _HOPELESS and not loops:
            break
    return run.fibers[0].array(), tuple(loops)


def _permutations(run: Monodromy) -> list[tuple[int, ...]]:
    """Out along one arc and back along the next: those that permute the first fiber."""
    count, found = len(run.fibers[0]), []
    for k in range(0, len(run.arcs), _ARCS):
        arcs = run.arcs[k : k + _ARCS]
        for out, back in itertools.pairwise(arcs):
            there, here = out.partners[0], back.partners[1]
            loop = tuple(here[j] if 0 <= j < len(here) else -1 for j in there)
            if sorted(loop) == list(range(count)):
                found.append(loop)
    return found
