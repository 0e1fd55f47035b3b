"""Which functions of a network have a teacher's values at samples: all complex ones, those that are real, and those of real weights.

At the least number of samples that leaves finitely many functions, all weights on a chart over general values at general complex
inputs are found, complete by the trace test (`preimages`). From there inputs and values are moved to those of a teacher, along a bent
path of parameters that avoids what is special, and each weight follows. What arrives are all functions with the teacher's values.
Further samples leave those of them that have the teacher's values there too.

`sample-complexity` counts complex functions; a student has real weights. So a function counts as one that a fit may find where its
coefficients are real, and where descents from random weights reach it. The paths and the descents are floating point.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurovariety.geometry.ideal.coefficient_map import PolynomialMap, written_out
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.least_squares import levenberg_marquardt
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.solutions.affine_slices import dyadic
from neurovariety.geometry.solutions.chart import Chart, find_chart
from neurovariety.geometry.solutions.chart_coordinates import written
from neurovariety.geometry.solutions.fiber_count import preimages_over_values
from neurovariety.geometry.solutions.scales import scales_of
from neurovariety.homotopy import Settings, System, random_bend, refine, track
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

_STREAM = "learning.functions_left"
_CAREFUL = Settings(tolerance=1e-3, contraction=0.02, most_steps=4000)
_TRIES = 4
"""Bent paths that are tried before a teacher is given up."""
_ARRIVED, _SAME, _REAL = 1e-9, 1e-6, 1e-7
"""Newton's last correction of weights that have arrived; relative distance of functions that are one, and of a real one from its
conjugate."""
_STARTS, _SCALES, _ITERATIONS, _REACHED = 48, (1.0, 4.0, 16.0), 400, 1e-9
"""Descents to a function, the sizes of the weights that they start from (a function may need such of size 20), their steps, and the
relative distance at which they have reached it."""


@dataclass(frozen=True, eq=False)
class TeachersRivals:
    """The functions with a teacher's values at the least number of samples: ``coefficients`` (functions, s) of all complex ones, which
    of them are ``real``, and which of these real weights give (``made``); ``teacher``: the number of the teacher's own."""

    coefficients: Array
    real: tuple[int, ...]
    made: tuple[int, ...]
    teacher: int


@dataclass(frozen=True, eq=False)
class FunctionsLeft:
    """How to find the functions that are left by ``samples`` samples of a teacher: ``weights`` on the ``chart`` over general values."""

    model: Model
    samples: int
    chart: Chart
    weights: Array
    inputs: Array
    system: System

    @classmethod
    def of(cls, model: Model, samples: int, seed: int) -> FunctionsLeft | None:
        """For a number of samples that leaves finitely many functions; None where these were not counted completely.

        Raises what `preimages` raises for a model that is rational or too large.
        """
        known: Dimension = quietly(dimension_of, model, seed=seed)
        inputs = dyadic(generator(seed, _STREAM, 0), (samples, model.inputs))
        found = preimages_over_values(model, known.value, seed, inputs, lambda: generator(seed, _STREAM, 1), premises=(known.verdict,))
        if found.verdict is None:
            return None
        chart = find_chart(model, known.value, seed, scales_of(model))
        system = _system(model, chart, samples, generator(seed, _STREAM, 2))
        return cls(model, samples, chart, found.weights, inputs, system)

    def rivals(self, teacher: Array, inputs: Array, rng: np.random.Generator) -> TeachersRivals | None:
        """The functions with the values of the function of the weights ``teacher`` (N) at ``inputs``, of which the first are taken;
        None where a path was lost, or the teacher is not among what was found."""
        ends = self._moved(teacher, inputs[: self.samples], rng)
        if ends is None:
            return None
        values = _complex_values(self._map, ends)
        seen = DistinctPoints(_SAME)
        for row in values:
            seen.add(hashed(row))
        found = np.array([row[1:] for row in seen.points])
        own = _complex_values(self._map, teacher[None])[0]
        sizes = np.linalg.norm(found, axis=1)
        gaps = np.linalg.norm(found - own, axis=1)
        first = int(gaps.argmin())
        if gaps[first] > _SAME * sizes[first]:
            return None
        real = tuple(int(i) for i in np.flatnonzero(np.linalg.norm(found.imag, axis=1) <= _REAL * sizes))
        made = tuple(i for i in real if i == first or self._reached(found[i].real, rng))
        return TeachersRivals(found, real, made, first)

    def agreeing(self, rivals: TeachersRivals, inputs: Array) -> tuple[int, ...]:
        """The numbers of those functions of real weights that have the teacher's values at all ``inputs``."""
        rows = _monomials(self._coordinates, inputs)
        wanted = [sum(rivals.coefficients[rivals.teacher][j] * m for j, m in row) for row in rows]
        kept = []
        for i in rivals.made:
            gaps = [abs(sum(rivals.coefficients[i][j] * m for j, m in row) - y) for row, y in zip(rows, wanted, strict=True)]
            if max(gaps) <= _SAME * max(1e-300, float(np.abs(wanted).max())):
                kept.append(i)
        return tuple(kept)

    @cached_property
    def _coordinates(self) -> Coordinates:
        return written_out(self.model)

    @cached_property
    def _map(self) -> PolynomialMap:
        return PolynomialMap.of(self._coordinates, range(self._coordinates.count))

    def _moved(self, teacher: Array, inputs: Array, rng: np.random.Generator) -> Array | None:
        free = list(self.chart.free)
        units = np.array([float(u) for u in scales_of(self.model).weights])
        begin = np.concatenate([self.weights[0], self.inputs.reshape(-1)])
        end = np.concatenate([teacher, inputs.reshape(-1)])
        starts, _ = refine(self.system, self.weights[:, free] / units[free], begin)
        for _ in range(_TRIES):
            ways = track(self.system, starts, begin, end, _CAREFUL, bend=random_bend(rng))
            if not ways.good.all():
                continue
            ends, last = refine(self.system, ways.ends, end)
            if (last < _ARRIVED).all() and _all_different(ends):
                whole = np.tile(np.array(teacher, dtype=np.complex128), (len(ends), 1))
                whole[:, list(self.chart.fixed)] = [float(v) for v in self.chart.fixed.values()]
                whole[:, free] = ends * units[free]
                return whole
        return None

    def _reached(self, target: Array, rng: np.random.Generator) -> bool:
        size = float(np.linalg.norm(target))
        starts = rng.standard_normal((_STARTS, self.model.parameters))
        for b in self.model.blocks:
            starts[:, b.start : b.start + b.size] *= rng.choice(_SCALES, (_STARTS, 1))
        _, left = levenberg_marquardt(self._map, np.tile(target, (_STARTS, 1)), starts, _ITERATIONS, 1e-2 * _REACHED * size)
        return bool(left.min() <= _REACHED * size)


def _system(model: Model, chart: Chart, samples: int, rng: np.random.Generator) -> System:
    """f_w(x_j) = f_v(x_j) in the free weights of w, with v and all x_j as parameters; so many random sums of these as there are free
    weights, where there are more equations."""
    r, n, d = len(chart.free), model.parameters, model.inputs
    graph = Graph(r + n + samples * d)
    units, place = scales_of(model).weights, {w: k for k, w in enumerate(chart.free)}
    own = [graph.input(place[i]) * units[i] if i in place else graph.constant(chart.fixed[i]) for i in range(n)]
    theirs = [graph.input(r + i) for i in range(n)]
    gaps: dict[tuple[int, tuple[int, ...]], Expression] = {}
    for weights, sign in ((own, 1), (theirs, -1)):
        known = written(model, graph, weights, r, 0, constants=True)
        for f, (output, e, scale) in zip(known.expressions, known.terms, strict=True):
            term = f * (sign / scale)
            gaps[output, e] = gaps[output, e] + term if (output, e) in gaps else term
    rows = []
    for j in range(samples):
        x = [graph.input(r + n + j * d + i) for i in range(d)]
        for o in range(model.outputs):
            total = graph.constant(0)
            for (output, e), gap in gaps.items():
                if output == o and not (gap.is_constant and not gap.value):
                    monomial = graph.constant(1)
                    for v, k in zip(x, e, strict=True):
                        monomial = monomial * v**k if k else monomial
                    total = total + gap.as_base() * monomial
            rows.append(total)
    if len(rows) > r:
        rows = [graph.combination(zip(rows, row.tolist(), strict=True)) for row in dyadic(rng, (r, len(rows)))]
    return System.of(graph, rows, r)


def _all_different(points: Array) -> bool:
    seen = DistinctPoints(_SAME)
    return all(new for _, new in seen.add_all(np.array([hashed(p) for p in points])))


def _complex_values(coefficients: PolynomialMap, weights: Array) -> Array:
    terms = np.prod(np.asarray(weights, dtype=np.complex128)[:, None, :] ** coefficients.exponents[None], axis=2)
    out = np.zeros((len(weights), coefficients.size), dtype=np.complex128)
    for j, row in enumerate(coefficients.coefficients):
        for t, c in row:
            out[:, j] += terms[:, t] * float(c)
    return out


def _monomials(coordinates: Coordinates, inputs: Array) -> list[list[tuple[int, float]]]:
    """For each input and output the coordinates that enter, with what they are multiplied by."""
    outputs = sorted({output for output, _ in coordinates.monomials})
    return [
        [
            (j, float(np.prod([v**k for v, k in zip(x, e, strict=True)])))
            for j, (output, e) in enumerate(coordinates.monomials)
            if output == o
        ]
        for x in np.asarray(inputs).tolist()
        for o in outputs
    ]
