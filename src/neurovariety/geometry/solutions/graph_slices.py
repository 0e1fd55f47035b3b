"""Slices of the graph of a parametrization, to find every weight over a function and not only every function.

The graph of w -> c(w), over the free weights of a chart, is an irreducible variety of dimension r in the space of pairs (w, c). General
slices of it are (A + nu B) c(w) + mu C w = b, with nu and mu diagonal, and their points can be tested for completeness by the linear
trace test, which sees weights here, not only functions. At mu = 0 the slices are those of the neurovariety: every isolated solution
there is the limit of some of a complete set as mu tends to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from neurovariety.geometry.exact.span import AffineVariety
from neurovariety.geometry.solutions.affine_slices import PRINTS, balanced, dyadic, normal, unit
from neurovariety.geometry.solutions.chart import Chart, find_chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.solutions.least_degree import can_have_degree
from neurovariety.geometry.solutions.scales import scales_of
from neurovariety.homotopy import System, Tape, record, values_at
from neurovariety.homotopy.expressions import jacobian
from neurovariety.model import Model


@dataclass(frozen=True, eq=False)
class GraphSlices:
    """``system`` in the free weights with parameters (b, nu, mu), r each; ``prints`` are general linear functions of the pair (w, c),
    the ``coordinates``, ``values`` of c alone, and ``functions`` of all coefficients: more than c, where c are values at samples.
    ``linear``: whether c depends on the free weights linearly."""

    model: Model
    chart: Chart
    system: System
    prints: Tape
    coordinates: Tape
    values: Tape
    functions: Tape
    dimension: int
    count: int
    seed: int
    samples: int | None
    linear: bool

    @cached_property
    def sizes(self) -> Float[np.ndarray, " r"]:
        return balanced(self.coordinates, self.dimension)

    def random(
        self, number: int, rng: np.random.Generator, graph: bool = True
    ) -> tuple[Complex[np.ndarray, "number r"], Complex[np.ndarray, "number m"]]:
        """Weights and parameters (m = 3r) of slices through them: of the graph, or (mu = 0) of the neurovariety."""
        shape = number, self.dimension
        weights, nu = unit(rng, shape) * self.sizes, normal(rng, shape)
        mu = normal(rng, shape) if graph else np.zeros(shape)
        still = np.hstack([weights, np.zeros(shape), nu, mu])
        return weights, np.hstack([values_at(self.system.values, still), nu, mu])

    def parallel(self, parameters: Complex[np.ndarray, " m"], rng: np.random.Generator) -> Complex[np.ndarray, " m"]:
        """A direction in which a slice moves to parallel ones."""
        r = self.dimension
        step = normal(rng, (r,)) * np.abs(np.asarray(parameters)[:r]).mean()
        return np.concatenate([step, np.zeros(2 * r)])

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        return np.arange(self.dimension)

    def can_have(self, points: int) -> bool:
        """Whether these can be all points of a slice, for all that is proved of the span of the graph."""
        graph = AffineVariety(self.model, self.samples, self.chart.fixed)
        return can_have_degree(points, graph, self.dimension, self.count + self.dimension, self.seed, scales_of(self.model).apart)


def graph_slices(
    model: Model, dimension: int, seed: int, rng: np.random.Generator, samples: Shaped[np.ndarray, "samples inputs"] | None = None
) -> GraphSlices:
    """The slices of the graph of a polynomial model whose neurovariety has the given dimension.

    ``samples`` (N, inputs): of the graph of w -> (f_w(x_1), ..., f_w(x_N)) instead, where its image has that dimension too.
    """
    chart = find_chart(model, dimension, seed, scales_of(model))
    found = coordinates(model, chart, 3 * dimension, seed)
    c = found.expressions if samples is None else found.evaluations(samples)
    graph, r = found.graph, dimension
    order = rng.permutation(len(c))
    first, others = [c[i] for i in order[:r]], [c[i] for i in order[r:]]
    weights = [graph.input(i) for i in range(r)]
    a, b, w = dyadic(rng, (r, len(others))), dyadic(rng, (r, len(others))), dyadic(rng, (r, r))
    equations = []
    for j in range(r):
        turned = graph.combination(zip(others, b[j].tolist(), strict=True)) * graph.input(2 * r + j)
        added = graph.combination(zip(weights, w[j].tolist(), strict=True)) * graph.input(3 * r + j)
        terms = [(first[j], 1), *zip(others, a[j].tolist(), strict=True), (turned, 1), (added, 1), (graph.input(r + j), -1)]
        equations.append(graph.combination(terms))
    both = [*c, *weights]
    prints = [graph.combination(zip(both, row.tolist(), strict=True)) for row in dyadic(rng, (PRINTS, len(both)))]
    values = [graph.combination(zip(c, row.tolist(), strict=True)) for row in dyadic(rng, (PRINTS, len(c)))]
    every = found.expressions
    functions = [graph.combination(zip(every, row.tolist(), strict=True)) for row in dyadic(rng, (PRINTS, len(every)))]
    system = System.of(graph, equations, r)
    tapes = [record(graph, outputs, inputs=r) for outputs in (prints, both, values, functions)]
    linear = all(entry.is_constant for row in jacobian(graph, c, range(r)) for entry in row)
    taken = None if samples is None else len(samples)
    return GraphSlices(model, chart, system, tapes[0], tapes[1], tapes[2], tapes[3], r, len(c), seed, taken, linear)
