"""Solutions of a user's own parametrized system, from one solution, by monodromy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.errors import InputError
from neurovariety.homotopy.arrays import Complexes, Numbers, complexes
from neurovariety.homotopy.certify import Certificates, certify
from neurovariety.homotopy.expressions import Graph
from neurovariety.homotopy.monodromy import Monodromy, random_bend
from neurovariety.homotopy.system import System, require_system
from neurovariety.homotopy.tape import Tape, record
from neurovariety.homotopy.tracker import refine
from neurovariety.randomness import generator


@dataclass(frozen=True, eq=False)
class MonodromySolutions:
    """``points`` (S, n) at the given parameters, certified or not as ``certificates`` say; ``idle``: rounds at the end that found
    nothing new. A count found by monodromy alone is a lower bound, whatever the number of idle rounds."""

    points: Complexes
    certificates: Certificates
    rounds: int
    idle: int
    paths: int
    lost: int
    seed: int

    def __repr__(self) -> str:
        return (
            f"MonodromySolutions({len(self.points):,} points, {int(self.certificates.certified.sum()):,} certified; "
            f"{self.idle} idle rounds) [lower_bound, seed {self.seed}]"
        )


def monodromy_solve(
    system: System,
    point: Numbers,
    parameters: Numbers,
    *,
    expected: int | None = None,
    idle: int = 5,
    seed: int = 0,
) -> MonodromySolutions:
    """Solutions at ``parameters`` that loops through random parameters lead to from ``point``, which is one of them.

    The parameters must be general: a loop starts and ends there. Rounds go on until ``expected`` solutions are found, or ``idle``
    rounds in a row find nothing new. Raises `InputError` for wrong sizes, a system without parameters, or a point that is no
    regular solution.

    >>> f = System.build(lambda x, p: [x[0] ** 3 + p[0] * x[0] + p[1]], 1, 2)
    >>> monodromy_solve(f, [1.0], [1.0, -2.0], expected=3)
    MonodromySolutions(3 points, 3 certified; 0 idle rounds) [lower_bound, seed 0]
    """
    require_system(system)
    n, m = system.unknowns, system.parameters
    if not m:
        raise InputError("the system has no parameters, so there are no loops; use solve")
    base, p = complexes(point, "unknowns", n), complexes(parameters, "parameters", m)
    if base.ndim != 1 or p.ndim != 1:
        raise InputError(f"{n} unknowns and {m} parameters are expected, got arrays of shapes {base.shape} and {p.shape}")
    start, last = refine(system, base[None], p, 4)
    if not (last[0] < 1e-9 and np.abs(start[0] - base).max() <= 1e-3 * max(1.0, np.abs(base).max())):
        raise InputError("the given point is no regular solution at the given parameters; refine it, or check the order of the values")
    rng = generator(seed, "homotopy.monodromy_solve")
    run = Monodromy(system, _prints(n, rng))
    run.add_fiber(p, start[0])
    size = np.maximum(np.abs(p), np.abs(p).mean())
    quiet = rounds = 0
    while quiet < idle and (expected is None or len(run.fibers[0]) < expected):
        before = len(run.fibers[0])
        other = run.add_fiber_at(size * (rng.normal(size=m) + 1j * rng.normal(size=m)))
        for bend in (1.0, random_bend(rng), random_bend(rng).conjugate()):
            run.add_arc(0, other, bend)
        run.close()
        rounds += 1
        quiet = 0 if len(run.fibers[0]) > before else quiet + 1
    points = run.fibers[0].array()
    return MonodromySolutions(points, certify(system, points, p), rounds, quiet, run.paths, run.lost, seed)


def _prints(n: int, rng: np.random.Generator) -> Tape:
    """A general linear function of the unknowns, then the unknowns themselves."""
    graph = Graph(n)
    inputs = [graph.input(i) for i in range(n)]
    mixed = graph.combination([(x, complex(c)) for x, c in zip(inputs, rng.normal(size=n) + 1j * rng.normal(size=n), strict=True)])
    return record(graph, [mixed, *inputs])
