"""Critical points with decay, followed from one strength to another.

At general complex strengths all of them come from total degree homotopies (Bezout), two of which must agree; from there paths lead to
strengths of any size and to those asked for, where ends are certified. Weight decay and perturbation both go this way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float, Inexact

from neurovariety.homotopy import Certificates, End, carried, certify, solve
from neurovariety.homotopy.certify import Truth
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.homotopy.monodromy import CAREFUL
from neurovariety.homotopy.path_kernel import NOT_A_START
from neurovariety.homotopy.real_centres import with_real_centres
from neurovariety.homotopy.total_degree import total_degree_run
from neurovariety.homotopy.tracker import DEFAULTS, track
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.tolerances import SAME_WEIGHTS
from neurovariety.training.critical.decayed_system import DecayedSystem

RUNS = 4
"""Total degree homotopies, two of which must agree."""
_DECADES = 1.0
"""Strengths are made smaller or larger by so many powers of ten at a time."""


@dataclass(frozen=True, eq=False)
class Symmetric(Certificates):
    """Certificates of a real system, some around centres that are exactly real: such a box holds the conjugate of its one solution."""

    def real(self, index: int) -> Truth:
        own = self.certified[index] and not self.centres[index].imag.any()
        return "yes" if own else super().real(index)


@dataclass(frozen=True, eq=False)
class General:
    """The solutions at general parameters, and whether two homotopies with ``paths`` paths each agree on them."""

    points: Complex[np.ndarray, "C N"]
    parameters: Inexact[np.ndarray, " m"]
    confirmed: bool
    paths: int


def turned(sizes: Float[np.ndarray, " N"], rng: np.random.Generator) -> Complex[np.ndarray, " N"]:
    """General complex strengths of about those sizes."""
    found: Complex[np.ndarray, " N"] = sizes * rng.uniform(0.6, 1.6, len(sizes)) * np.exp(2j * np.pi * rng.random(len(sizes)))
    return found


def general_points(system: DecayedSystem, rng: np.random.Generator, seed: int) -> General:
    """All solutions at general strengths of size 1 of the unknowns, by total degree homotopies from several such strengths.

    They are confirmed once one run has followed every path, to a regular end or to infinity, as it must be at general strengths, and
    another has found just the same ones.
    """
    n = system.model.parameters
    points: list[Array] = []
    seen, sizes = DistinctPoints(SAME_WEIGHTS), list[int]()
    most, paths, confirmed = -1, 0, False
    for run in range(RUNS):
        here = system.at_unknowns(turned(np.ones(n), rng))
        # Not in the unknowns that are moved: the fewer monomials, the more regular are the paths near infinity.
        found = total_degree_run(system.system, here, generator(seed + run, "homotopy.solve"))
        there = found.regular + system.shift
        if not run:
            base, paths = here, len(found.ends)
        else:
            there = carried(system.moved, there, here, base, system.images, rng)
            there = there[np.isfinite(there).all(axis=1)]
        points += [x for x in there if seen.add(hashed(x))[1]]
        sizes.append(len(there))
        regular = certify(system.system, found.regular, here).complete
        if regular and not {End.FAILED, End.SINGULAR} & set(found.ends):
            most = max(most, len(there))
        note(phase=f"{len(points)} solutions at general strengths", paths=paths * (run + 1))
        confirmed = most == len(points) and sizes.count(most) > 1
        if confirmed:
            break
    return General(np.array(points).reshape(-1, n), base, confirmed, paths)


def nearer(system: DecayedSystem, general: General, strengths: Float[np.ndarray, " N"], rng: np.random.Generator) -> General:
    """The general solutions at general strengths of the size of those asked for, by steps of a power of ten.

    Straight to small strengths, all of the way would lie in the last bit of the path.
    """
    n, sizes = system.model.parameters, system.scaled(strengths)
    sizes = np.where(sizes > 0, sizes, np.where(sizes > 0, sizes, np.inf).min(initial=1.0))
    steps = int(np.ceil(np.abs(np.log10(sizes)).max(initial=0.0) / _DECADES))
    points, here = general.points, general.parameters
    for k in range(1, steps + 1):
        there = system.at_unknowns(turned(sizes ** (k / steps), rng))
        points = carried(system.moved, points, here, there, system.images, rng)
        here = there
    lost = not np.isfinite(points).all()
    points = points[np.isfinite(points).all(axis=1)].reshape(-1, n)
    return General(points, here, general.confirmed and not lost, general.paths)


def certified_ends(system: DecayedSystem, general: General, target: Inexact[np.ndarray, " m"], seed: int) -> Certificates:
    """Certified ends of straight paths; in a second attempt, if one is needed, of paths that are followed with more care."""
    for settings in (DEFAULTS, CAREFUL):
        # A solution that Newton's iteration does not stay at is a lost path, no reason to give up the others.
        still = track(system.moved, general.points, general.parameters, general.parameters, settings).status != NOT_A_START
        ends = solve(system.moved, target, start=(general.points[still], general.parameters), seed=seed, settings=settings).regular
        found = as_unmoved(system, ends, target)
        if found.count == len(general.points):
            return found
    return as_unmoved(system, ends[found.certified], target)


def as_unmoved(system: DecayedSystem, moved: Complex[np.ndarray, "points N"], parameters: Inexact[np.ndarray, " m"]) -> Certificates:
    """Solutions of the system ``moved`` as certified ones of ``system``, with imaginary parts 0 where they are real up to rounding and
    stay so under Newton's iteration."""
    points = with_real_centres(system.system, moved - system.shift, parameters)
    return Symmetric(**vars(certify(system.system, points, parameters)))
