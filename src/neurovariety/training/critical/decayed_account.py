"""Weight decay exactly: the objective as a sum of squares, an account of all of its critical points, and what follows of the least.

For few weights the gradient is a small system, and zeros that are shown reach the Bézout number, or a number modulo two primes
(`homotopy.solve`). Then nothing rests on paths: the list is `proved`, or wrong with a probability that is computed.
"""

from __future__ import annotations

from typing import NamedTuple

import flint
import numpy as np
from jaxtyping import Complex, Float
from scipy.optimize import least_squares

from neurovariety.certificates.balls import ball, precision
from neurovariety.certificates.critical_list import BallBound, LeastValue, ListWithDecay, PointWithDecay, least_of, real_and_minima
from neurovariety.certificates.decayed_loss import DecayedLoss, rational
from neurovariety.certificates.exact_system import Over
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.shown_points import Points, Programs
from neurovariety.claim import Claim
from neurovariety.geometry.solutions.chart_coordinates import written
from neurovariety.homotopy import Solutions, System, record, solve, values_at
from neurovariety.homotopy.exact_program import exact_outputs, expressions_of, system_of
from neurovariety.homotopy.expressions import Graph
from neurovariety.homotopy.incidence import points_near
from neurovariety.homotopy.inertia import near_turn
from neurovariety.homotopy.real_centres import with_real_centres
from neurovariety.homotopy.solve import account_of
from neurovariety.rings.ring import Array
from neurovariety.training.critical.decayed_system import DecayedSystem
from neurovariety.training.losses.exact_residuals import exact_squares
from neurovariety.training.losses.loss import Loss


def exact_decayed(system: DecayedSystem, loss: Loss, strengths: Float[np.ndarray, " N"]) -> DecayedLoss | None:
    """The loss with decay in the unknowns of a system, exactly; None for a form that is not nonnegative."""
    model, scales = system.model, system.scales
    graph = Graph(model.parameters)
    weights = [graph.input(k) * float(s) for k, s in enumerate(scales)]
    found = written(model, graph, weights, model.parameters, system.seed, constants=True)
    squares = exact_squares(loss, exact_outputs(record(graph, list(found.expressions))), found.terms)
    if squares is None:
        return None
    unit, sizes = rational(system.factor), tuple(map(rational, scales.tolist()))
    scaled = tuple(rational(s) * size * size * unit for s, size in zip(strengths.tolist(), sizes, strict=True))
    centre = tuple(map(rational, system.centre.tolist()))
    return DecayedLoss(squares.residuals, tuple(q * unit for q in squares.shares), scaled, centre, unit, sizes)


class Accounted(NamedTuple):
    """Critical points with decay: ``unknowns`` by the real part of the objective, those that are shown to be real exactly so; in balls
    ``values``, within ``radii``, of the objective, in its own unit, with indices; ``verdict`` is that of the list."""

    subject: DecayedLoss
    unknowns: Complex[np.ndarray, "C N"]
    real: tuple[bool | None, ...]
    indices: tuple[int | None, ...]
    values: Complex[np.ndarray, " C"]
    radii: Float[np.ndarray, " C"]
    verdict: Verdict


def accounted(subject: DecayedLoss, seed: int) -> tuple[Accounted | None, Solutions]:
    """All critical points, by an account, None where none closes; and what was found on the way."""
    system = system_of(subject.system)
    found = solve(system, seed=seed, program=subject.system)
    if found.verdict is None or found.verdict.claim is Claim.LOWER_BOUND:
        return None, found
    try:
        return of_points(subject, system, points_of_objective(subject, system, found.regular), found.verdict), found
    except NotShown:
        return None, found


def accounted_near(subject: DecayedLoss, solutions: Complex[np.ndarray, "C N"], seed: int) -> Accounted | None:
    """All critical points, by an account, where these are all; None where none closes."""
    system = system_of(subject.system)
    found = account_of(system, subject.system, solutions, seed)
    try:
        return None if found is None else of_points(subject, system, points_of_objective(subject, system, found[1]), found[0])
    except NotShown:
        return None


def points_of_objective(subject: DecayedLoss, system: System, solutions: Complex[np.ndarray, "C N"]) -> Points:
    """Zeros of the gradient by the real part of the objective, to be shown; real ones with imaginary parts 0."""
    x = with_real_centres(system, solutions, np.zeros(0))
    objective = Over(subject.objective, ball)
    with precision(64):
        values = [float(objective([flint.acb(z.real, z.imag) for z in row])[0].real.mid()) for row in x.tolist()]
    return points_near(subject, x[np.argsort(values, kind="stable")], np.zeros(0))


def of_points(subject: DecayedLoss, system: System, points: Points, whole: Verdict) -> Accounted:
    """Points with a verdict on their number, as a list. Raises `NotShown` where one is not shown."""
    n, shown = subject.unknowns, points.shown(Programs.of(subject))
    answers = [PointWithDecay(subject, shown, k) for k in range(len(points))]
    slopes = values_at(system.with_jacobian, points.zeros.centres)[:, n:].real
    turns = tuple(
        near_turn(row.reshape(n, n)) if a.real and np.isfinite(row).all() else None for row, a in zip(slopes, answers, strict=True)
    )
    real, index = [a.real for a in answers], [a.index(t) for a, t in zip(answers, turns, strict=True)]
    counts = real_and_minima(real, index, whole.claim is not Claim.LOWER_BOUND)
    verdict = issue(ListWithDecay(subject.hash, points, whole, turns, *counts), subject)
    balls = [a.ball() for a in answers]
    with precision(128):
        middles = np.array([complex(float(b.real.mid()), float(b.imag.mid())) for b in balls], dtype=np.complex128)
        radii = np.array([float(abs(b - flint.acb(z.real, z.imag)).upper()) for b, z in zip(balls, middles.tolist(), strict=True)])
    return Accounted(subject, points.zeros.centres, tuple(real), tuple(index), middles, radii * (1 + 1e-15), verdict)


def least_value(found: Accounted, subject: DecayedLoss) -> Verdict | None:
    """The least value of the objective of ``subject``, from a list for the same strengths or smaller ones; None where that does not
    follow."""
    try:
        low = least_of(found.verdict, found.subject)
        at = _best(found, subject)
        return issue(
            LeastValue(subject.hash, found.verdict, found.subject.strengths, at, _down(low), _up(subject.objective_at(at))), subject
        )
    except NotShown:
        return None


class InBall(NamedTuple):
    """The least loss, without decay, of weights within ``radius`` of those that decay is towards."""

    radius: float
    verdict: Verdict


def best_in_ball(least: Verdict, subject: DecayedLoss) -> InBall | None:
    """That for a radius of twice the distance of the network known; None where nothing follows."""
    own = least.certificate
    assert isinstance(own, LeastValue)
    away = max(float(abs(u - a) * s) for u, a, s in zip(own.at, subject.centre, subject.scales, strict=True))
    radius = 2 * away or 1.0
    size = rational(radius)
    decay = sum((s * (size / scale) ** 2 for s, scale in zip(subject.strengths, subject.scales, strict=True)), flint.fmpq(0))
    low = max(_down(rational(own.low) - decay / subject.unit), 0.0)
    try:
        return InBall(radius, issue(BallBound(subject.hash, least, size, own.at, low, _up(subject.loss_at(own.at))), subject))
    except NotShown:
        return None


def _best(found: Accounted, subject: DecayedLoss) -> tuple[flint.fmpq, ...]:
    """Real unknowns where the objective of ``subject`` is small: the best of the real points listed, after a descent."""
    best: tuple[flint.fmpq, ...] | None = None
    for row, real in zip(found.unknowns, found.real, strict=True):
        if real is not True:
            continue
        for u in (row.real, _descended(subject, row.real)) if found.subject is not subject else (row.real,):
            here = tuple(map(rational, u.tolist()))
            if best is None or subject.objective_at(here) < subject.objective_at(best):
                best = here
    if best is None:
        raise NotShown("no point is shown to be real")
    return best


def _descended(subject: DecayedLoss, start: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
    shares, strengths, centre = (np.array([float(v) for v in values]) for values in (subject.shares, subject.strengths, subject.centre))
    tape = record(*expressions_of(subject.residuals))

    def residuals(u: Array) -> Array:
        return np.concatenate([np.sqrt(shares) * values_at(tape, u[None] + 0j)[0].real, np.sqrt(strengths) * (u - centre)])

    found: Float[np.ndarray, " N"] = least_squares(residuals, start, xtol=1e-15, ftol=1e-15, gtol=1e-15).x
    return found


def _down(value: flint.arb | flint.fmpq) -> float:
    """A float that is not larger."""
    found = float(value.mid() if isinstance(value, flint.arb) else value)
    while not (flint.arb(found) <= value if isinstance(value, flint.arb) else rational(found) <= value):
        found = float(np.nextafter(found, -np.inf))
    return found


def _up(value: flint.fmpq) -> float:
    return -_down(-value)
