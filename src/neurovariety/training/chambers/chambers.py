"""Real critical points for thousands of targets at once: one batch of paths from a general complex target to all of them.

For the loss's own quadric a general real target has as many critical points as a general complex one, so every path ends at a regular
point; along a generic way from complex to real targets none meets the discriminant. What is lost is followed again: along another arc,
then with other weights fixed (`gauges`), for near some functions the weights of a chart are ill-conditioned. Targets at which critical
points are still missing, or are met twice, are unclear and not counted. Nothing here is certified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Complex, Float, Inexact, Int

from neurovariety.budget import used_up
from neurovariety.geometry.solutions.affine_slices import normal
from neurovariety.geometry.solutions.quadrics import QuadricFamily, only
from neurovariety.geometry.solutions.special_points import special_points
from neurovariety.homotopy import System, random_bend, refine, track, values_at
from neurovariety.homotopy.monodromy import CAREFUL
from neurovariety.homotopy.tracker import DEFAULTS, Settings
from neurovariety.progress import note
from neurovariety.tolerances import IMAGINARY_PART
from neurovariety.training.chambers.gauges import Gauge, chart_gauge, other_gauge
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.losses.loss import Quadratic

_ROWS = 60_000
"""Paths in one batch."""
_ARCS, _TRIES = 2, 6
"""Of the tries so many follow arcs in the chart, the others paths in other gauges."""
_SLOWLY = replace(CAREFUL, most_steps=1_500)
"""For what is followed again. A path next to weights that are ill-conditioned would take ten times as many steps, and be lost."""
_LOOSE, _DISTINCT = 1e-8, 1e-8
_NULL, _RANK, _FLAT = 1e-7, 1e-6, 1e-10
"""Singular values and eigenvalues below these parts of the largest ones are not told from zero, or must be."""


@dataclass(frozen=True, eq=False)
class Counts:
    """For each target the number of real critical functions, of minima among them, and whether the count is clear."""

    real: Int[np.ndarray, " targets"]
    minima: Int[np.ndarray, " targets"]
    clear: Bool[np.ndarray, " targets"]


@dataclass(frozen=True, eq=False)
class Reached:
    """Targets ``at`` (their numbers) with all their critical points: free weights ``points`` in a ``gauge``, and the coordinates of the
    ``functions``."""

    at: Int[np.ndarray, " reached"]
    points: Complex[np.ndarray, "reached count r"]
    functions: Complex[np.ndarray, "reached count n"]
    gauge: Gauge

    @property
    def by_real_weights(self) -> Bool[np.ndarray, "reached count"]:
        """Which points are real weights; functions without may have others."""
        return real_functions(self.points) if self.gauge.is_real else np.zeros(self.points.shape[:2], dtype=bool)


@dataclass(frozen=True, eq=False)
class Family:
    """``starts`` (count, r): the critical points of ``system`` at general ``parameters``, from which those at others are reached.

    Targets move, and quadrics too where the family ``quadrics`` of the system has more than one. Minima are of functions of the
    closure; whether their weights are real is not asked.
    """

    problem: TrainingProblem
    system: System
    parameters: Inexact[np.ndarray, " m"]
    starts: Complex[np.ndarray, "count r"]
    quadrics: QuadricFamily
    matrix: Float[np.ndarray, "n n"] | None = None
    """The quadric where only targets move, else None."""

    @property
    def count(self) -> int:
        return len(self.starts)

    def count_real(self, parameters: Inexact[np.ndarray, "targets m"], seed: int = 0) -> Counts:
        """Counts at real parameters."""
        t = len(parameters)
        out = Counts(np.zeros(t, np.int64), np.zeros(t, np.int64), np.full(t, not self.count))  # of no points none is unclear
        for found in self.followed(parameters, seed):
            real, minima, known = _classified(found, parameters[found.at] + 0j)
            out.real[found.at], out.minima[found.at], out.clear[found.at] = real, minima, known
        return out

    def followed(self, parameters: Inexact[np.ndarray, "targets m"], seed: int = 0) -> Iterator[Reached]:
        """The critical points at real parameters, batch by batch; targets at which points are missing or meet are left out."""
        t = len(parameters)
        step = max(1, _ROWS // max(self.count, 1))
        for first in range(0, t if self.count else 0, step):
            rows = np.arange(first, min(first + step, t))
            rng = np.random.default_rng([seed, first])
            for found in self._some(parameters[rows] + 0j, rng):
                yield Reached(rows[found.at], found.points, found.functions, found.gauge)
            note(phase=f"critical points for {int(rows[-1]) + 1:,} of {t:,} targets")

    def _some(self, parameters: Complex[np.ndarray, "targets m"], rng: np.random.Generator) -> Iterator[Reached]:
        waiting = np.arange(len(parameters))
        gauge: Gauge | None = chart_gauge(self.problem, self.system, self.starts)
        for attempt in range(_TRIES):
            if not len(waiting) or (attempt and used_up()):
                return
            if attempt >= _ARCS:
                gauge = other_gauge(self.problem, self.quadrics, self.starts, self.parameters, rng)
            if gauge is None:
                continue
            bend = random_bend(rng) if attempt else 1.0
            targets = gauge.parameters(np.repeat(parameters[waiting], self.count, axis=0))
            starts, general = np.tile(gauge.starts, (len(waiting), 1)), gauge.parameters(self.parameters[None])[0]
            ends, fine = _ends(gauge, starts, general, targets, _SLOWLY if attempt else DEFAULTS, bend)
            seen, functions = _seen(gauge, ends, self.count)
            if not attempt:  # most of what is lost, or has jumped to the end of another path, is not when its steps are smaller
                again = np.flatnonzero(~fine | meeting(seen).ravel())
                ends[again], fine[again] = _ends(gauge, starts[again], general, targets[again], _SLOWLY, bend)
                seen, functions = _seen(gauge, ends, self.count)
            whole = fine.reshape(len(waiting), -1).all(axis=1) & ~meeting(seen).any(axis=1)
            good = np.flatnonzero(whole)
            if len(good):
                yield Reached(waiting[good], ends.reshape(len(waiting), self.count, -1)[good], functions[good], gauge)
            waiting = waiting[~whole]


def _classified(
    found: Reached, parameters: Complex[np.ndarray, "reached m"]
) -> tuple[Int[np.ndarray, " reached"], Int[np.ndarray, " reached"], Bool[np.ndarray, " reached"]]:
    """Numbers of real functions and of minima among them, and whether every index is known."""
    real = real_functions(found.functions)
    where = np.argwhere(real)
    negative = _indices(found.gauge, found.points[real], parameters[where[:, 0]])
    minima, known = np.zeros(len(real), dtype=np.int64), np.ones(len(real), dtype=bool)
    np.add.at(minima, where[:, 0], negative == 0)
    known[where[negative < 0, 0]] = False
    return real.sum(axis=1), minima, known


def _indices(
    gauge: Gauge, points: Complex[np.ndarray, "points r"], parameters: Complex[np.ndarray, "points m"]
) -> Int[np.ndarray, " points"]:
    """Negative directions of the Hessian on the real tangent space at real functions, -1 where it degenerates."""
    n = gauge.system.unknowns
    if not len(points):
        return np.zeros(0, dtype=np.int64)
    found = values_at(gauge.system.with_jacobian, np.hstack([points, gauge.parameters(parameters)]))
    hessians, slopes = found[:, n:].reshape(-1, n, n), gauge.slopes(points)
    sizes = 1 / np.maximum(np.linalg.norm(slopes, axis=1), 1e-300)  # weights of all sizes count alike
    slopes, hessians = slopes * sizes[:, None, :], hessians * sizes[:, None, :] * sizes[:, :, None]
    # v with slopes v real is a real space of dimension n: the kernel of v -> Im(slopes v).
    imaginary = np.concatenate([slopes.imag, slopes.real], axis=2)
    if imaginary.shape[1] < 2 * n:
        imaginary = np.concatenate([imaginary, np.zeros((len(points), 2 * n - imaginary.shape[1], 2 * n))], axis=1)
    _, singular, rows = np.linalg.svd(imaginary, full_matrices=False)
    good = (singular[:, n:] <= _NULL * singular[:, :1]).all(axis=1) & (singular[:, n - 1] > _RANK * singular[:, 0])
    basis = rows[:, n:, :n] + 1j * rows[:, n:, n:]
    forms = (basis @ hessians @ basis.transpose(0, 2, 1)).real
    values = np.linalg.eigvalsh((forms + forms.transpose(0, 2, 1)) / 2)
    good &= np.abs(values).min(axis=1) > _FLAT * np.abs(values).max(axis=1)
    return np.where(good, (values < 0).sum(axis=1), -1)


def real_functions(functions: Complex[np.ndarray, "*many n"]) -> Bool[np.ndarray, "*many"]:
    """Which functions are real, in floating point."""
    sizes = np.maximum(np.abs(functions).max(axis=-1), 1e-300)
    found: Bool[np.ndarray, "*many"] = np.abs(functions.imag).max(axis=-1) <= IMAGINARY_PART * sizes
    return found


def _ends(
    gauge: Gauge,
    starts: Complex[np.ndarray, "paths r"],
    general: Inexact[np.ndarray, " m"],
    targets: Complex[np.ndarray, "paths m"],
    settings: Settings,
    bend: complex,
) -> tuple[Complex[np.ndarray, "paths r"], Bool[np.ndarray, " paths"]]:
    """Refined ends of paths, and which of them are solutions."""
    found = track(gauge.system, starts, general, targets, settings, bend=bend)
    ends, last = refine(gauge.system, np.where(found.good[:, None], found.ends, 1.0), targets)
    return ends, found.good & (last < _LOOSE)


def _seen(
    gauge: Gauge, ends: Complex[np.ndarray, "paths r"], count: int
) -> tuple[Complex[np.ndarray, "targets count k"], Complex[np.ndarray, "targets count n"]]:
    """Prints of the points of each target with their functions, and the functions alone."""
    prints, functions = (v.reshape(len(ends) // count, count, -1) for v in gauge.seen(ends))
    return np.concatenate([prints, functions], axis=2), functions


def meeting(values: Complex[np.ndarray, "targets count k"]) -> Bool[np.ndarray, "targets count"]:
    """Which points of a target are not told from another one, neighbours in the order of their first print, or are not finite."""
    out = ~np.isfinite(values).all(axis=2)
    size = np.abs(np.where(out[:, :, None], 0.0, values)).max(axis=(1, 2))
    order = np.argsort(values[:, :, 0].real, axis=1)
    ordered = np.take_along_axis(values, order[:, :, None], axis=1)
    near = np.abs(np.diff(ordered, axis=1)).max(axis=2) <= _DISTINCT * np.maximum(size, 1e-300)[:, None]
    for rows, places in ((near, order[:, 1:]), (near, order[:, :-1])):
        target, at = np.nonzero(rows)
        out[target, places[target, at]] = True
    return out


def for_one_quadric(problem: TrainingProblem, loss: Quadratic, rng: np.random.Generator) -> Family:
    """Targets move, the quadric stays that of ``loss``; as many critical points as it has for a general target."""
    matrix, parameters = problem.parameters(loss)
    n = len(problem.terms)
    system, entries, _ = problem.critical.special(matrix)
    # Without a target of its own the loss has no size: 1 is that of the weights which a chart holds fixed.
    size = max(float(np.abs(parameters[:n]).max()) or 1.0, 1e-3)
    direction = normal(rng, (n,))
    image = matrix @ direction
    image *= size / max(float(np.abs(image).max()), 1e-300)
    found = special_points(problem.critical, problem.start, matrix, image, rng, problem.critical.both, general_target=True)
    starts = found.certificates.centres[found.certificates.certified]
    own = problem.critical.family
    quadrics = own if own.parameters_of(matrix) is not None else only(problem.terms, matrix)
    return Family(problem, system, np.concatenate([image, entries]), starts, quadrics, matrix)


def for_all_quadrics(problem: TrainingProblem) -> Family:
    """Target and quadric move in the problem's own family."""
    base = problem.base.run.fibers[0]
    return Family(problem, problem.critical.system, base.parameters, base.array(), problem.critical.family)


def random_targets(problem: TrainingProblem, loss: Quadratic, number: int, rng: np.random.Generator) -> dict[int, int]:
    """How many of ``number`` random targets (independent normal coordinates) have how many real critical points."""
    matrix, parameters = problem.parameters(loss)
    family = for_one_quadric(problem, loss, rng)
    n = len(problem.terms)
    images = rng.normal(size=(number, n)) @ matrix.T
    images *= np.abs(parameters[:n]).max() / max(float(np.abs(images).max()), 1e-300)
    counts = family.count_real(np.hstack([images, np.tile(parameters[n:], (number, 1))]))
    return dict(sorted(Counter(counts.real[counts.clear].tolist()).items()))
