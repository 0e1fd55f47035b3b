"""All weights of a model at once: its coordinates and their derivatives, weights for a given function, critical systems anywhere.

A chart leaves some functions out: their weights lie elsewhere. Here every weight is an unknown or a parameter.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Complex, Float, Inexact

from neurovariety.budget import spend
from neurovariety.errors import InputError
from neurovariety.geometry.solutions.chart_coordinates import written
from neurovariety.geometry.solutions.critical_points import gradient, residuals
from neurovariety.geometry.solutions.quadrics import QuadricFamily, Term
from neurovariety.homotopy import System, Tape, record, values_at
from neurovariety.homotopy.expressions import Graph, jacobian
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import FIRST_DAMPING, NUMERICAL_RANK

_LARGEST_DAMPING = 1e12
_LARGEST_WEIGHT = 1e9


@dataclass(frozen=True, eq=False)
class WeightMap:
    """``terms``, in the order of a chart's coordinates; ``values`` and ``slopes`` as tapes of all N weights."""

    model: Model
    seed: int
    terms: tuple[Term, ...]
    values: Tape
    slopes: Tape
    _systems: dict[tuple[tuple[int, ...], tuple[tuple[int, int, int, float], ...]], System] = field(default_factory=dict, repr=False)

    def at(self, weights: Inexact[np.ndarray, "points N"]) -> Complex[np.ndarray, "points n"]:
        """Coordinates at weights."""
        return values_at(self.values, weights)

    def derivatives(self, weights: Inexact[np.ndarray, "points N"]) -> Complex[np.ndarray, "points n N"]:
        """Jacobians."""
        return values_at(self.slopes, weights).reshape(len(weights), len(self.terms), self.model.parameters)

    def system(self, free: tuple[int, ...], family: QuadricFamily) -> System:
        """Critical points in the weights ``free``; parameters are the other weights in order, then v, then those of the quadric."""
        key = (free, family.places)
        if key not in self._systems:
            n, r = self.model.parameters, len(free)
            rest = [i for i in range(n) if i not in free]
            place = {w: k for k, w in enumerate((*free, *rest))}
            graph = Graph(n + family.size + family.parameters)
            found = written(self.model, graph, [graph.input(place[i]) for i in range(n)], n, self.seed)
            off = residuals(found, n, family)
            self._systems[key] = gradient(graph, found.expressions, off, r, n - r + family.size + family.parameters)
        return self._systems[key]

    def operations(self, rows: int) -> float:
        """Of one iteration of `fit` for one start, with so many rows of distances."""
        n, parameters = len(self.terms), self.model.parameters
        return self.values.operations + self.slopes.operations + rows * n * parameters + rows * rows * parameters + rows**3 / 3

    def pivots(self, weights: Inexact[np.ndarray, " N"], dimension: int) -> tuple[int, ...] | None:
        """Weights to be left free at a point where the Jacobian has rank ``dimension``; None where it has another rank."""
        matrix = self.derivatives(weights[None] + 0j)[0]
        singular = np.linalg.svd(matrix, compute_uv=False)
        if int((singular > NUMERICAL_RANK * singular.max(initial=0.0)).sum()) != dimension:
            return None
        left, chosen = matrix.astype(np.complex128), []
        for _ in range(dimension):  # columns with the largest part orthogonal to those chosen
            sizes = np.linalg.norm(left, axis=0)
            k = int(sizes.argmax())
            chosen.append(k)
            unit = left[:, k] / sizes[k]
            left = left - np.outer(unit, unit.conj() @ left)
        return tuple(sorted(chosen))

    def fit(
        self,
        target: Inexact[np.ndarray, " n"],
        starts: Inexact[np.ndarray, "starts N"],
        iterations: int = 200,
        factor: Float[np.ndarray, "k n"] | None = None,
        held: tuple[int, ...] = (),
    ) -> tuple[Complex[np.ndarray, "starts N"], Float[np.ndarray, " starts"]]:
        """Weights whose coordinates come near ``target``, from ``starts``, and the distances.

        Distances are of coordinates, or of these times ``factor``; weights ``held`` stay as they are. Levenberg and Marquardt, over
        the complex numbers; from real starts to a real target weights stay real.
        """
        weighed = np.eye(len(self.terms)) if factor is None else factor
        spend("descents", len(starts), iterations * self.operations(len(weighed)))
        weights: Array = np.array(starts, dtype=np.complex128)
        goal: Array = weighed @ target
        if not (weights.imag.any() or np.imag(goal).any()):  # real ones in real arithmetic
            weights, goal = weights.real.copy(), np.real(goal)
        kind = weights.dtype.type
        off = self._seen(weights, weighed, kind) - goal
        size, damping = np.linalg.norm(off, axis=1), np.full(len(weights), FIRST_DAMPING)
        growth = np.full(len(weights), 2.0)
        enough, unit = 1e-14 * max(float(np.linalg.norm(goal)), 1e-300), np.eye(len(weighed))
        with np.errstate(all="ignore"):
            for _ in range(iterations):
                going = np.flatnonzero((size > enough) & (damping < _LARGEST_DAMPING) & (np.abs(weights).max(axis=1) < _LARGEST_WEIGHT))
                if not len(going):
                    break
                j = weighed @ self._of_kind(self.derivatives(weights[going]), kind)
                j[:, :, list(held)] = 0
                scale = (np.abs(j) ** 2).sum(axis=(1, 2)) / len(weighed) + 1e-300
                back = j.conj().transpose(0, 2, 1)
                gram = j @ back + (damping[going] * scale)[:, None, None] * unit
                try:
                    step = (back @ np.linalg.solve(gram, off[going][:, :, None]))[:, :, 0]
                except np.linalg.LinAlgError:  # one of them is singular to the last digit
                    damping[going] *= 100
                    continue
                trial = weights[going] - step
                fresh = self._seen(trial, weighed, kind) - goal
                now = np.linalg.norm(fresh, axis=1)
                better = now < size[going]
                won = going[better]
                weights[won], off[won], size[won] = trial[better], fresh[better], now[better]
                damping[going] = np.where(better, np.maximum(damping[going] / 5, 1e-16), damping[going] * growth[going])
                growth[going] = np.where(better, 2.0, 2 * growth[going])  # a descent that has arrived ends after few more steps
        return weights + 0j, size

    def _seen(self, weights: Inexact[np.ndarray, "points N"], weighed: Float[np.ndarray, "k n"], kind: type) -> Array:
        return self._of_kind(self.at(weights), kind) @ weighed.T

    @staticmethod
    def _of_kind(values: Array, kind: type) -> Array:
        return values if kind is np.complex128 else values.real


def weight_map(model: Model, terms: tuple[Term, ...], seed: int) -> WeightMap:
    """The map of a model whose coordinates on a chart are ``terms``."""
    graph = Graph(model.parameters)
    found = written(model, graph, [graph.input(i) for i in range(model.parameters)], model.parameters, seed)
    if found.terms != terms:
        raise InputError(f"the coefficients of {model.name} differ from those on its chart; try another seed")
    slopes = [s for row in jacobian(graph, found.expressions, range(model.parameters)) for s in row]
    tapes = [record(graph, outputs, inputs=model.parameters) for outputs in (found.expressions, slopes)]
    return WeightMap(model, seed, terms, tapes[0], tapes[1])
