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
from neurovariety.homotopy.descents import descended
from neurovariety.homotopy.expressions import Graph, jacobian
from neurovariety.model import Model
from neurovariety.tolerances import NUMERICAL_RANK


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

        Distances are of coordinates, or of these times ``factor``; weights ``held`` stay as they are. From real starts to a real
        target weights stay real (`homotopy.descents`).
        """
        spend("descents", len(starts), iterations * self.operations(len(self.terms) if factor is None else len(factor)))
        return descended(self.values, self.slopes, target, starts, iterations, factor, held)


def weight_map(model: Model, terms: tuple[Term, ...], seed: int) -> WeightMap:
    """The map of a model whose coordinates on a chart are ``terms``."""
    graph = Graph(model.parameters)
    found = written(model, graph, [graph.input(i) for i in range(model.parameters)], model.parameters, seed)
    if found.terms != terms:
        raise InputError(f"the coefficients of {model.name} differ from those on its chart; try another seed")
    slopes = [s for row in jacobian(graph, found.expressions, range(model.parameters)) for s in row]
    tapes = [record(graph, outputs, inputs=model.parameters) for outputs in (found.expressions, slopes)]
    return WeightMap(model, seed, terms, tapes[0], tapes[1])
