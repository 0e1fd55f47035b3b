"""All functions of a neurovariety on a general slice, by monodromy until the trace test passes, with a certificate for each.

Rounds: two slices through random functions are joined by a segment and two arcs, everything found at one is followed to the other, and
the trace test asks whether all is found. If not, another slice through random functions is joined to both, to one by an arc, and so
on. A search that has used up its budget stops untested.

The test cannot feel points that are too far away for float64. So a set that passes must also be large enough for what exact arithmetic
proves of the degree (`least_degree`), and a small one closed under more arcs than its finding took. That one point is all is no
question for a test: it is so where the variety is known to be an affine space.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Complex, Int

from neurovariety.budget import used_up
from neurovariety.certificates.completeness import ARCS, FEW, Distinct, Traced
from neurovariety.certificates.compose import ONE_ON_SLICE, Because
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.shown_points import Points
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.geometry.solutions.count_facts import CountFacts
from neurovariety.homotopy import (
    UNTESTED,
    Fiber,
    Monodromy,
    ResumeFile,
    System,
    Tape,
    TraceTest,
    random_bend,
    trace_test,
)
from neurovariety.homotopy.incidence import ExactIncidence, shown, shown_part

KIND = "points on a general slice"

SEEDS = 8
"""Random functions brought to each slice at the start: as many as a block has lanes."""

_SHARES = (1.0, 0.1, 0.03)
_MISSING = 1e-3
"""A residual that is as large shows that points are missing."""

ROUNDS, IDLE, MOST_ROUNDS = 8, 4, 24
"""Slices added before the search is given up with what it has: more while the last ones have led to new points."""


@dataclass(frozen=True, eq=False)
class CompleteFiber:
    """The solutions over the first slice, the last trace test, what is shown (``verdict``), and what it took."""

    run: Monodromy
    trace: TraceTest
    verdict: Verdict
    rounds: int

    @property
    def count(self) -> int:
        """Number of certified functions that are proved different."""
        return int(self.verdict.statement.value)

    @property
    def complete(self) -> bool:
        """Whether these are all, by the trace test or because the variety is linear."""
        return self.verdict.claim is not Claim.LOWER_BOUND

    def to_dict(self) -> CountFacts:
        return {
            "trace_test": self.trace.to_dict(),
            "certified": self.count,
            "rounds": self.rounds,
            "paths": self.run.paths,
            "paths_lost": self.run.lost,
            "slices": len(self.run.fibers),
        }


@runtime_checkable
class Sliced(Protocol):
    """Slices of an irreducible variety: a system, general linear functions by which its points are told apart, its linear coordinates,
    random and parallel slices, and whether the variety can have so few points on one."""

    @property
    def system(self) -> System: ...

    @property
    def prints(self) -> Tape: ...

    @property
    def coordinates(self) -> Tape: ...

    def random(
        self, number: int, rng: np.random.Generator
    ) -> tuple[Complex[np.ndarray, "number n"], Complex[np.ndarray, "number m"]]: ...

    def parallel(self, parameters: Complex[np.ndarray, " m"], rng: np.random.Generator) -> Complex[np.ndarray, " m"]: ...

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        """The parameters that move a slice to parallel ones."""
        ...

    def can_have(self, points: int) -> bool: ...


def complete_fiber(
    slices: Sliced,
    rng: np.random.Generator,
    resume: ResumeFile | None = None,
    found_more: Callable[[int, int], None] | None = None,
    *,
    premises: tuple[Verdict, ...] = (),
    linear: Verdict | None = None,
) -> CompleteFiber:
    """Search, test, certify.

    ``premises``: what is known of the variety's dimension. ``linear``: that it is an affine space, where that is known. ``resume``:
    where to keep what is found; a run goes on from what the file holds. ``found_more`` is called after each batch of paths with the
    number of points found and of paths followed.
    """
    run = Monodromy(slices.system, slices.prints)

    def after_batch(found: int, paths: int) -> None:
        if found_more is not None:
            found_more(found, paths)
        if resume is not None:
            resume.offer(run, rng)

    if resume is None or not resume.read(run, rng):
        _begin(run, slices, rng)
    rounds = len(run.fibers) - 1
    incidence = ExactIncidence(slices)
    trace, verdict = UNTESTED, None
    known, idle = 0, 0
    while True:
        run.close(after_batch, used_up)
        base = run.fibers[0]
        known, idle = len(base), 0 if len(base) > known else idle + 1
        if linear is not None and len(base) == 1:
            verdict = _one_point(incidence, linear)
        elif not used_up() and (len(base) > FEW or len(run.arcs) >= ARCS):
            trace = _tested(slices, base, rng)
            if trace.passed and incidence.can_have(len(base)):
                verdict = _traced(incidence, trace, len(run.arcs), premises)
        if verdict is not None or used_up() or rounds >= (ROUNDS if idle >= IDLE else MOST_ROUNDS):
            break
        rounds += 1
        weights, parameters = slices.random(1 + SEEDS, rng)
        new = run.add_fiber(parameters[0], weights[0])
        run.seed(weights[1:], parameters[1:], new)
        for old, bend in enumerate((1.0, random_bend(rng))):
            run.add_arc(old, new, bend)
    if resume is not None:
        resume.write(run, rng)
    if verdict is None:
        part = shown_part(incidence, base.array(), base.parameters)
        verdict = issue(Distinct(KIND, incidence.hash, part, premises), incidence)
    return CompleteFiber(run, trace, verdict, rounds)


def _one_point(incidence: ExactIncidence, linear: Verdict) -> Verdict:
    if linear.statement.kind == KIND and linear.statement.subject == incidence.hash:
        return linear
    return issue(Because(Statement(KIND, incidence.hash, 1), ONE_ON_SLICE, (linear,)), incidence)


def _traced(incidence: ExactIncidence, trace: TraceTest, arcs: int, premises: tuple[Verdict, ...]) -> Verdict | None:
    """What the trace test comes to where every point is shown; None where one is not."""

    def traced(points: tuple[Points, ...]) -> Traced:
        first, middle, last = points
        return Traced(KIND, incidence.hash, (first, middle, last), arcs, premises)

    try:
        return shown(traced, incidence, *((solutions, parameters) for parameters, solutions in trace.fibers))
    except NotShown:
        return None


def _tested(slices: Sliced, base: Fiber, rng: np.random.Generator) -> TraceTest:
    """The trace test; where points are lost on the way, or too near for a verdict, over other and shorter ways, which pass fewer
    ill-conditioned places."""
    for share in _SHARES:
        trace = trace_test(
            slices.system, slices.coordinates, base.array(), base.parameters, share * slices.parallel(base.parameters, rng)
        )
        if trace.passed or (not trace.lost and trace.residual > _MISSING):
            break
    return trace


def _begin(run: Monodromy, slices: Sliced, rng: np.random.Generator) -> None:
    weights, parameters = slices.random(2, rng)
    for side in (0, 1):
        run.add_fiber(parameters[side], weights[side])
        run.seed(*slices.random(SEEDS, rng), side)
    for bend in (1.0, random_bend(rng), random_bend(rng).conjugate()):
        run.add_arc(0, 1, bend)
