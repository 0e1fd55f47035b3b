"""Real critical points for thousands of targets at once: one batch of paths from a general complex target to all of them.

For the loss's own quadric a general real target has as many critical points as a general complex one, so every path ends at a regular
point; along a generic way from complex to real targets none meets the discriminant. What is lost is followed again along another arc;
targets at which critical points are still missing, or are met twice, are unclear and not counted. Nothing here is certified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurovariety.geometry.solutions.affine_slices import normal
from neurovariety.geometry.solutions.special_points import special_points
from neurovariety.homotopy import System, random_bend, refine, track, values_at
from neurovariety.homotopy.monodromy import CAREFUL
from neurovariety.homotopy.tracker import DEFAULTS
from neurovariety.progress import note, time_is_up
from neurovariety.tolerances import IMAGINARY_PART
from neurovariety.training.critical.problem import TrainingProblem
from neurovariety.training.losses.loss import Quadratic

_ROWS = 60_000
"""Paths in one batch."""
_TRIES = 4
_LOOSE, _DISTINCT = 1e-8, 1e-8
_NULL, _RANK, _FLAT = 1e-7, 1e-6, 1e-10
"""Singular values and eigenvalues below these parts of the largest ones are not told from zero, or must be."""


@dataclass(frozen=True, eq=False)
class Counts:
    """For each target the number of real critical functions, of minima among them, and whether the count is clear."""

    real: Any
    minima: Any
    clear: Any


@dataclass(frozen=True, eq=False)
class Family:
    """``starts`` (count, r): the critical points of ``system`` at general ``parameters``, from which those at others are reached.

    Minima are of functions of the closure; whether their weights are real is not asked.
    """

    problem: TrainingProblem
    system: System
    parameters: Any
    starts: Any
    matrix: Any = None
    """The quadric where only targets move, else None."""

    @property
    def count(self) -> int:
        return len(self.starts)

    def count_real(self, parameters: Any, seed: int = 0) -> Counts:
        """Counts at real parameters (T, m)."""
        t = len(parameters)
        out = Counts(np.zeros(t, np.int64), np.zeros(t, np.int64), np.full(t, not self.count))  # of no points none is unclear
        for at, points, functions in self.followed(parameters, seed):
            real, minima, known = self._classified(points, functions, np.asarray(parameters)[at] + 0j)
            out.real[at], out.minima[at], out.clear[at] = real, minima, known
        return out

    def followed(self, parameters: Any, seed: int = 0) -> Iterator[tuple[Any, Any, Any]]:
        """Numbers of targets (K,), all their critical points (K, count, r) in free weights, and the coordinates (K, count, n) of these
        functions, batch by batch, for real parameters (T, m); targets at which points are missing or meet are left out."""
        t = len(parameters)
        step = max(1, _ROWS // max(self.count, 1))
        for first in range(0, t if self.count else 0, step):
            rows = np.arange(first, min(first + step, t))
            rng = np.random.default_rng([seed, first])
            for good, points, functions in self._some(np.asarray(parameters)[rows] + 0j, rng):
                yield rows[good], points, functions
            note(phase=f"critical points for {int(rows[-1]) + 1:,} of {t:,} targets")

    def _some(self, parameters: Any, rng: np.random.Generator) -> Iterator[tuple[Any, Any, Any]]:
        waiting = np.arange(len(parameters))
        for attempt in range(_TRIES):
            if not len(waiting) or (attempt and time_is_up()):
                return
            bend = random_bend(rng) if attempt else 1.0
            targets = np.repeat(parameters[waiting], self.count, axis=0)
            starts = np.tile(self.starts, (len(waiting), 1))
            found = track(self.system, starts, self.parameters, targets, CAREFUL if attempt else DEFAULTS, bend=bend)
            ends, last = refine(self.system, np.where(found.good[:, None], found.ends, 1.0), targets)
            fine = (found.good & (last < _LOOSE)).reshape(len(waiting), -1).all(axis=1)
            values = values_at(self.problem.critical.both, ends).reshape(len(waiting), self.count, -1)
            fine &= _all_different(values)
            good = np.flatnonzero(fine)
            if len(good):
                prints = values.shape[2] - len(self.problem.terms)
                yield waiting[good], ends.reshape(len(waiting), self.count, -1)[good], values[good][:, :, prints:]
            waiting = waiting[~fine]

    def _classified(self, points: Any, functions: Any, parameters: Any) -> tuple[Any, Any, Any]:
        """Numbers of real functions and of minima among them, for points (T, count, r) with coordinates (T, count, n), and whether
        every index is known."""
        real = real_functions(functions)
        where = np.argwhere(real)
        chosen = points[real]
        negative = self._indices(chosen, parameters[where[:, 0]])
        minima, known = np.zeros(len(points), dtype=np.int64), np.ones(len(points), dtype=bool)
        np.add.at(minima, where[:, 0], negative == 0)
        known[where[negative < 0, 0]] = False
        return real.sum(axis=1), minima, known

    def _indices(self, points: Any, parameters: Any) -> Any:
        """Negative directions of the Hessian on the real tangent space at real functions, -1 where it degenerates."""
        n = self.system.unknowns
        if not len(points):
            return np.zeros(0, dtype=np.int64)
        hessians = values_at(self.system.with_jacobian, np.hstack([points, parameters]))[:, n:].reshape(-1, n, n)
        slopes = self.problem.critical.derivatives(points)
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


def real_functions(functions: Any) -> Any:
    """Which of functions (..., n) are real, in floating point."""
    return np.abs(functions.imag).max(axis=-1) <= IMAGINARY_PART * np.maximum(np.abs(functions).max(axis=-1), 1e-300)


def _all_different(values: Any) -> Any:
    """Whether the points (T, count, k) of each target are all different, by their first print."""
    if values.shape[1] < 2:
        return np.ones(len(values), dtype=bool)
    order = np.argsort(values[:, :, 0].real, axis=1)
    ordered = np.take_along_axis(values, order[:, :, None], axis=1)
    gaps = np.abs(np.diff(ordered, axis=1)).max(axis=2)
    size = np.maximum(np.abs(ordered).max(axis=(1, 2)), 1e-300)
    return (gaps > _DISTINCT * size[:, None]).all(axis=1) & np.isfinite(gaps).all(axis=1)


def for_one_quadric(problem: TrainingProblem, loss: Quadratic, rng: np.random.Generator) -> Family:
    """Targets move, the quadric stays that of ``loss``; as many critical points as it has for a general target."""
    matrix, parameters = problem.parameters(loss)
    n = len(problem.terms)
    system, entries = problem.critical.special(matrix)
    size = max(float(np.abs(parameters[:n]).max()), 1e-3)
    direction = normal(rng, (n,))
    image = matrix @ direction
    image *= size / max(float(np.abs(image).max()), 1e-300)
    found = special_points(problem.critical, problem.base.run.fibers[0], matrix, image, rng, problem.critical.both)
    certified = found.certificates.certified
    return Family(problem, system, np.concatenate([image, entries]), found.certificates.centres[certified], matrix)


def for_all_quadrics(problem: TrainingProblem) -> Family:
    """Target and quadric move in the problem's own family."""
    base = problem.base.run.fibers[0]
    return Family(problem, problem.critical.system, base.parameters, base.array())


def random_targets(problem: TrainingProblem, loss: Quadratic, number: int, rng: np.random.Generator) -> dict[int, int]:
    """How many of ``number`` random targets (independent normal coordinates) have how many real critical points."""
    matrix, parameters = problem.parameters(loss)
    family = for_one_quadric(problem, loss, rng)
    n = len(problem.terms)
    images = rng.normal(size=(number, n)) @ matrix.T
    images *= np.abs(parameters[:n]).max() / max(float(np.abs(images).max()), 1e-300)
    counts = family.count_real(np.hstack([images, np.tile(parameters[n:], (number, 1))]))
    return dict(sorted(Counter(counts.real[counts.clear].tolist()).items()))
