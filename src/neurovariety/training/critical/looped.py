"""The critical points of a stated quadric at a general target, from those of general quadrics: closed under loops.

Where a stated metric has fewer critical points than a general quadric, paths to it go to infinity, and what is at infinity no float
can tell. So paths first lead to the stated quadric with a general target, and the functions found there are followed round loops of
targets, by new targets each, both ways. Pairs of a smooth function and a target for which it is critical form a vector bundle over
the smooth functions, which is irreducible, so loops reach every critical function from each of them; new ones join the list. A list
that loops leave alone is taken for all, and from it paths lead to the stated target, of which none has a reason to go to infinity.

Sources: Sommese, Verschelde, Wampler 2001 (monodromy); Leykin, Rodriguez, Sottile 2018.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from neurovariety.budget import used_up
from neurovariety.geometry.solutions.critical_points import CriticalPoints
from neurovariety.geometry.solutions.quadrics import only
from neurovariety.homotopy import Fiber, Monodromy, certify, random_bend
from neurovariety.homotopy.tracker import values_at
from neurovariety.training.critical.confirmed_points import confirmed_points

_TARGETS = 4
"""General targets beside the first one; three arcs lead to each."""


def looped(
    points: CriticalPoints, base: Fiber, matrix: Float[np.ndarray, "N N"], rng: np.random.Generator
) -> tuple[CriticalPoints, Fiber] | None:
    """The critical points for the quadric ``matrix``, and those at a general target, from the general ones ``base``; None where loops
    do not close on certified and different ones."""
    system, entries = points.special(matrix)
    family = points.family if system is points.system else only(points.found.terms, matrix)
    family = replace(family, name="the stated quadric", draw=lambda number, _: np.tile(entries + 0j, (number, 1)))
    stated = replace(points, system=system, family=family)
    seeds, parameters = stated.random(1 + _TARGETS, rng)
    ends = confirmed_points(points, base, matrix, parameters[0, : points.count], rng, points.both, once=True)
    run = Monodromy(stated.system, stated.prints)
    run.add_fiber(parameters[0], seeds[0])
    found = ends.certificates.centres[ends.certificates.certified]
    for solution, print_ in zip(found, values_at(stated.prints, found), strict=True):
        run.fibers[0].add(solution, print_)
    for seed, there in zip(seeds[1:], parameters[1:], strict=True):
        other = run.add_fiber(there, seed)
        for bend in (1.0, random_bend(rng), random_bend(rng).conjugate()):
            run.add_arc(0, other, bend)
    run.close(stop=used_up)
    first = run.fibers[0]
    closed = all(len(fiber) == len(first) for fiber in run.fibers) and len(first) <= len(base)
    if not closed or not certify(stated.system, first.array(), first.parameters, stated.prints).complete:
        return None
    return stated, first
