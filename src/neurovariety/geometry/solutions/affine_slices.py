"""Slices of a neurovariety by affine spaces of complementary dimension, as a square system in the free weights of a chart.

The j-th of r equations is (row j of A + nu_j B) c(w) = b_j, with c the coordinates of the parametrization, A and B random matrices of
complex numbers with 13 binary digits, and parameters b_1, ..., b_r, nu_1, ..., nu_r. Changing b moves the slice to a parallel one,
changing nu turns it. Both are needed: where only b moves, a fixed linear projection of X is watched, and then a few sheets
often have all their branch points in pairs close together, between which loops do not pass (measured: three arcs found all 175
functions of ``linear(5,2,5)`` in 18 runs of 18 with nu, in 0 of 12 without).

Equation j starts with one coordinate of coefficient 1; the others have r coordinates out of A, which loses no generality.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from neurovariety.geometry.exact.span import AffineVariety
from neurovariety.geometry.solutions.chart import find_chart
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.solutions.least_degree import can_have_degree
from neurovariety.geometry.solutions.scales import scales_of
from neurovariety.homotopy import System, Tape, record, values_at
from neurovariety.model import Model

_GRID = 2.0**12
_SPREAD = 0.02
_PHASES, _STEP, _BALANCING = 4, 1e-3, 8
_BALANCED = 7.0
"""Logarithms of sizes of coordinates that lie within so much of their mean are left as they are."""
PRINTS = 3
"""General linear functions of the coordinates that stand for a function."""


@dataclass(frozen=True, eq=False)
class Slices:
    """``system`` in the free weights with parameters (b, nu); ``prints`` maps free weights to general linear functions of the
    coordinates, ``coordinates`` to these."""

    model: Model
    system: System
    prints: Tape
    coordinates: Tape
    dimension: int
    count: int
    drawn: tuple[Fraction, ...]
    seed: int
    samples: int | None

    @cached_property
    def sizes(self) -> Float[np.ndarray, " r"]:
        return balanced(self.coordinates, self.dimension)

    def random(self, number: int, rng: np.random.Generator) -> tuple[Complex[np.ndarray, "number r"], Complex[np.ndarray, "number m"]]:
        """Weights and parameters (m = 2r) of slices through their functions."""
        r = self.dimension
        weights, nu = unit(rng, (number, r)) * self.sizes, normal(rng, (number, r))
        still = np.hstack([weights, np.zeros((number, r)), nu])
        return weights, np.hstack([values_at(self.system.values, still), nu])

    def parallel(self, parameters: Complex[np.ndarray, " m"], rng: np.random.Generator) -> Complex[np.ndarray, " m"]:
        """A direction in which a slice moves to parallel ones, about as long as ``parameters``."""
        r = self.dimension
        b = np.asarray(parameters)[:r]
        step = normal(rng, (r,)) * np.abs(b).mean()
        return np.concatenate([step, np.zeros(r)])

    @property
    def moving(self) -> Int[np.ndarray, " k"]:
        return np.arange(self.dimension)

    def can_have(self, points: int) -> bool:
        """Whether these can be all points of a slice, for all that is proved of the span."""
        variety, apart = AffineVariety(self.model, self.samples), scales_of(self.model).apart
        return can_have_degree(points, variety, self.dimension, self.count, self.seed, apart)


def slices(
    model: Model, dimension: int, seed: int, rng: np.random.Generator, samples: Shaped[np.ndarray, "samples inputs"] | None = None
) -> Slices:
    """The slices of a polynomial model whose neurovariety has the given dimension.

    ``samples`` (N, inputs): slices of the closure of the values (f_w(x_1), ..., f_w(x_N)) instead, where these have that dimension too.
    """
    chart = find_chart(model, dimension, seed, scales_of(model))
    found = coordinates(model, chart, 2 * dimension, seed)
    c = found.expressions if samples is None else found.evaluations(samples)
    graph, r = found.graph, dimension
    order = rng.permutation(len(c))
    first, others = [c[i] for i in order[:r]], [c[i] for i in order[r:]]
    a, b = dyadic(rng, (r, len(others))), dyadic(rng, (r, len(others)))
    equations = []
    for j in range(r):
        turned = graph.combination(zip(others, b[j].tolist(), strict=True)) * graph.input(2 * r + j)
        terms = [(first[j], 1), *zip(others, a[j].tolist(), strict=True), (turned, 1), (graph.input(r + j), -1)]
        equations.append(graph.combination(terms))
    prints = [graph.combination(zip(c, row.tolist(), strict=True)) for row in dyadic(rng, (PRINTS, len(c)))]
    return Slices(
        model,
        System.of(graph, equations, r),
        record(graph, prints, inputs=r),
        record(graph, c, inputs=r),
        r,
        len(c),
        found.drawn,
        seed,
        None if samples is None else len(samples),
    )


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> Complex[np.ndarray, ...]:
    """Complex numbers with independent normal parts, of mean square 1."""
    found: Complex[np.ndarray, ...] = (rng.normal(size=shape) + 1j * rng.normal(size=shape)) / np.sqrt(2)
    return found


def solved(matrices: Complex[np.ndarray, "P r r"], right: Complex[np.ndarray, "P r 1"]) -> Complex[np.ndarray, "P r"]:
    """Solutions of linear systems, of least squares where one is singular up to rounding."""
    try:
        found: Complex[np.ndarray, "P r"] = np.linalg.solve(matrices, right)[:, :, 0]
    except np.linalg.LinAlgError:
        found = (np.linalg.pinv(np.where(np.isfinite(matrices), matrices, 0.0)) @ right)[:, :, 0]
    return found


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> Complex[np.ndarray, ...]:
    """Independent complex numbers close to the unit circle: monomials in them of any degree are of about one size.

    Slices through functions of weights of many sizes have parameters of sizes that no path leads between where the degree is high.
    """
    found: Complex[np.ndarray, ...] = np.exp(_SPREAD * rng.normal(size=shape) + 2j * np.pi * rng.random(shape))
    return found


def balanced(coordinates: Tape, weights: int) -> Float[np.ndarray, " weights"]:
    """Sizes of weights at which the coordinates are of about one size; all 1 where that is so already, or cannot be had.

    The logarithms of the sizes of monomials are linear in those of the weights: a few steps of least squares.
    """
    rng = np.random.default_rng(weights)
    phases = np.exp(2j * np.pi * rng.random((_PHASES, 1, weights)))
    moved = np.vstack([np.zeros(weights), _STEP * np.eye(weights)])
    start = np.zeros(weights)
    best, least = start, np.inf
    for _ in range(_BALANCING):
        inputs = (phases * np.exp(start + moved)).reshape(-1, weights)
        with np.errstate(all="ignore"):  # too large or too small for float64 is not balanced
            logs = np.log(np.abs(values_at(coordinates, inputs))).reshape(_PHASES, weights + 1, -1).mean(axis=0)
        if not np.isfinite(logs).all():
            break
        off = logs[0] - logs[0].mean()
        if np.abs(off).max() < least:
            best, least = start, float(np.abs(off).max())
        if least <= _BALANCED:
            break
        slopes = (logs[1:] - logs[0]).T / _STEP
        start = start - np.linalg.lstsq(slopes - slopes.mean(axis=0), off, rcond=1e-6)[0]
    return np.exp(best)


def dyadic(rng: np.random.Generator, shape: tuple[int, ...]) -> Complex[np.ndarray, ...]:
    """The same rounded to few binary digits, so that sums and products with small integers are exact in float64."""
    found: Complex[np.ndarray, ...] = np.round(normal(rng, shape) * _GRID) / _GRID
    return found
