"""Solutions of F(x; p) = 0 at general parameters, by monodromy.

Two general parameter vectors are joined by several circular arcs. Along an arc the solutions over one end continue to those over the
other, one to one; every solution found at one end is followed along every arc from both ends, until nothing new appears. If the
pairs (x, p) that solve F form one irreducible variety over a connected space of parameters, the loops act transitively, and enough
arcs reach every solution. That they did is not shown here: see `trace_test`.

Solutions count as the same where their images under a *fingerprint* agree, a tape of x: for a neural network general linear functions
of the coefficients of its function, so that weights of one function are followed once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from neurovariety.homotopy.arrays import Complexes, Numbers, Truths
from neurovariety.homotopy.distinct import DistinctPoints
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape
from neurovariety.homotopy.tracker import DEFAULTS, Settings, refine, track, values_at

SAME = 1e-7
"""Relative distance below which two fingerprints are one; refined solutions agree to 1e-11 or better."""

REFINED = 1e-9
"""Largest relative last correction of Newton's iteration at a solution that is kept."""

CAREFUL = Settings(tolerance=1e-4, contraction=0.02, most_steps=20_000, smallest=1e-12, pade=False, noise=1e-7, usual_steps=100)


@dataclass(eq=False)
class Fiber:
    """The solutions found at one parameter vector."""

    parameters: np.ndarray
    unknowns: int
    seen: DistinctPoints = field(default_factory=lambda: DistinctPoints(SAME))
    solutions: list[Complexes] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.solutions)

    def add_all(self, solutions: Complexes, prints: Complexes) -> list[int]:
        """The numbers of solutions, which are kept where they are new."""
        numbers = []
        for x, (number, new) in zip(solutions, self.seen.add_all(prints), strict=True):
            if new:
                self.solutions.append(x)
            numbers.append(number)
        return numbers

    def array(self, numbers: Sequence[int] | None = None) -> Complexes:
        chosen = self.solutions if numbers is None else [self.solutions[i] for i in numbers]
        return np.array(chosen, dtype=np.complex128).reshape(-1, self.unknowns)


@dataclass(eq=False)
class Arc:
    """An arc between two fibers, and which of their solutions correspond (-1: not followed yet, -2: lost)."""

    fibers: tuple[int, int]
    bend: complex
    partners: tuple[list[int], list[int]] = field(default_factory=lambda: ([], []))


@dataclass(eq=False)
class Monodromy:
    """A run: fibers over several parameter vectors, joined by arcs."""

    system: System
    fingerprint: Tape
    fibers: list[Fiber] = field(default_factory=list)
    arcs: list[Arc] = field(default_factory=list)
    paths: int = 0
    lost: int = 0

    def add_fiber(self, parameters: np.ndarray, point: Numbers) -> int:
        """A fiber over new parameters, at which ``point`` is a solution: its number."""
        self.fibers.append(Fiber(parameters, self.system.unknowns))
        self._keep(np.asarray(point)[None], np.ones(1, dtype=bool), len(self.fibers) - 1)
        return len(self.fibers) - 1

    def add_fiber_at(self, parameters: Numbers) -> int:
        """A fiber over new parameters, empty so far: its number."""
        self.fibers.append(Fiber(np.asarray(parameters), self.system.unknowns))
        return len(self.fibers) - 1

    def restore_fiber(self, parameters: Numbers, points: Complexes) -> None:
        """A fiber with solutions that an earlier run found and refined."""
        fiber = Fiber(np.array(parameters), self.system.unknowns)
        fiber.add_all(points, values_at(self.fingerprint, points))
        self.fibers.append(fiber)

    def seed(self, points: Numbers, parameters: Numbers, fiber: int) -> None:
        """Bring solutions at other parameters, one each, to a fiber."""
        found = track(self.system, points, parameters, self.fibers[fiber].parameters)
        self.paths += len(points)
        self.lost += self._keep(found.ends, found.good, fiber).count(-2)

    def add_arc(self, a: int, b: int, bend: complex) -> None:
        self.arcs.append(Arc((a, b), bend))

    def close(
        self, progress: Callable[[int, int], None] | None = None, stop: Callable[[], bool] = lambda: False, batch: int = 1024
    ) -> None:
        """Follow all solutions along all arcs until none is left to follow, or until ``stop()``, which is asked between batches."""
        while True:
            arc, side, numbers = self._waiting(batch)
            if arc is None or stop():
                return
            self.follow(arc, side, numbers)
            if progress is not None:
                progress(max(map(len, self.fibers)), self.paths)

    def _waiting(self, batch: int) -> tuple[Arc | None, int, list[int]]:
        best: tuple[Arc | None, int, list[int]] = (None, 0, [])
        for arc in self.arcs:
            for side, partner in enumerate(arc.partners):
                partner.extend([-1] * (len(self.fibers[arc.fibers[side]]) - len(partner)))
                numbers = [i for i, k in enumerate(partner) if k == -1][:batch]
                if len(numbers) > len(best[2]):
                    best = arc, side, numbers
        return best

    def follow(self, arc: Arc, side: int, numbers: list[int]) -> None:
        """Follow solutions of one side along an arc, and note what they correspond to."""
        here, there = arc.partners[side], arc.partners[1 - side]
        ends = self._ends(arc, side, numbers, DEFAULTS)
        often = Counter(ends)
        wrong = [k for k, end in enumerate(ends) if end < 0 or often[end] > 1]
        if wrong:  # a lost path, or two that ended in one point: once more, with more care
            for k, end in zip(wrong, self._ends(arc, side, [numbers[k] for k in wrong], CAREFUL), strict=True):
                ends[k] = end
        there.extend([-1] * (len(self.fibers[arc.fibers[1 - side]]) - len(there)))
        for i, k in zip(numbers, ends, strict=True):
            here[i] = k
            if k >= 0:
                there[k] = i
            else:
                self.lost += 1

    def _ends(self, arc: Arc, side: int, numbers: list[int], settings: Settings) -> list[int]:
        start, end = self.fibers[arc.fibers[side]], self.fibers[arc.fibers[1 - side]]
        bend = arc.bend if side == 0 else 1 / arc.bend
        found = track(self.system, start.array(numbers), start.parameters, end.parameters, settings, bend=bend)
        self.paths += len(numbers)
        return self._keep(found.ends, found.good, arc.fibers[1 - side])

    def _keep(self, ends: Complexes, good: Truths, fiber: int) -> list[int]:
        """Refined ends put into a fiber: their numbers, -2 where there is none."""
        target = self.fibers[fiber]
        points, last = refine(self.system, np.where(good[:, None], ends, 1.0), target.parameters)
        prints = values_at(self.fingerprint, points)
        fine = good & (last < REFINED) & np.isfinite(prints).all(axis=1)
        numbers = iter(target.add_all(points[fine], prints[fine]))
        return [next(numbers) if ok else -2 for ok in fine]


def random_bend(rng: np.random.Generator) -> complex:
    """An arc that leaves the segment at about 120 degrees: with its mirror image and the segment it divides the sphere evenly."""
    return complex(np.exp(1j * rng.uniform(1.8, 2.4)))
