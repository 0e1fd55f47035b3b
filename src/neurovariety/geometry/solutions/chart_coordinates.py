"""The coordinates of the parametrization on a chart, as scalar expressions in the free weights.

They are the coefficients of the outputs, scaled by powers of two near the square roots of multinomial coefficients, which is the
scaling in which forms of one size have coefficients of one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import factorial, frexp, isfinite, log2, prod

import numpy as np
from jaxtyping import Shaped

from neurovariety.errors import InputError
from neurovariety.geometry.solutions.chart import Chart
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.homotopy.forms import Forms
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.randomness import generator

_STREAM = "geometry.solutions.chart_coordinates"


@dataclass(frozen=True, eq=False)
class ChartCoordinates:
    """``expressions`` in the inputs of ``graph``: the free weights first, then ``extra`` ones for whoever builds a system."""

    graph: Graph
    expressions: tuple[Expression, ...]
    terms: tuple[tuple[int, tuple[int, ...], float], ...]
    """Output, exponents of the inputs, and scale of each coordinate."""
    free: int
    drawn: tuple[Fraction, ...]
    units: tuple[float, ...] = ()
    """By which each output is multiplied, where these are not all 1."""

    def evaluations(self, points: Shaped[np.ndarray, "samples inputs"]) -> tuple[Expression, ...]:
        """The outputs at inputs ``points`` (N, inputs), without what no weight changes, as expressions like the coordinates.

        Those of one point are divided by a power of two, so that outputs at large and small inputs have values of one size.
        """
        found = []
        for point in np.asarray(points, dtype=np.complex128):
            factors = [complex(np.prod(point ** np.array(e))) / scale for _, e, scale in self.terms]
            if self.units:
                factors = [f * self.units[o] for f, (o, _, _) in zip(factors, self.terms, strict=True)]
            norm = float(np.linalg.norm(factors))
            if not isfinite(norm) or not norm:
                raise InputError(
                    f"at the input {point.real.tolist()} every output is 0, or beyond the range of floats, whatever the weights"
                )
            size = 2.0 ** -round(log2(norm))
            factors = [f * size for f in factors]
            for output in sorted({o for o, _, _ in self.terms}):
                chosen = [(x, f) for x, f, (o, _, _) in zip(self.expressions, factors, self.terms, strict=True) if o == output]
                found.append(self.graph.combination(chosen).as_base())
        return tuple(found)


def coordinates(model: Model, chart: Chart, extra: int, seed: int, constants: bool = False) -> ChartCoordinates:
    """The coordinates of a polynomial model, with ``constants`` also those that no free weight changes.

    Raises `InputError` for a rational one, `ResourceError` where they are too long.
    """
    place = {w: k for k, w in enumerate(chart.free)}
    graph = Graph(len(place) + extra)
    weights = [graph.input(place[i]) if i in place else graph.constant(chart.fixed[i]) for i in range(model.parameters)]
    if chart.scales is None or set(chart.scales.weights + chart.scales.outputs) == {1}:
        return written(model, graph, weights, len(place), seed, constants)
    weights = [w * chart.scales.weights[i] if i in place else w for i, w in enumerate(weights)]
    known = written(model, graph, weights, len(place), seed, constants)
    units = tuple(1 / float(unit) for unit in chart.scales.outputs)
    expressions = tuple((f * units[o]).as_base() for f, (o, _, _) in zip(known.expressions, known.terms, strict=True))
    terms = tuple((o, e, scale * units[o]) for o, e, scale in known.terms)
    return replace(known, expressions=expressions, terms=terms, units=units)


def written(
    model: Model, graph: Graph, weights: Sequence[Expression], free: int, seed: int, constants: bool = False
) -> ChartCoordinates:
    """The coordinates of a polynomial model at weights that are expressions of ``graph``, of whose inputs the first are ``free``."""
    rng = generator(seed, _STREAM)
    ring = Forms(graph, model.inputs)
    values = [Fraction(int(rng.integers(1, 64)), 16) if c is None else c for c in model.coefficients]
    arguments = [
        *leaves(model, ring.array([ring.of(w) for w in weights], (model.parameters,))),
        ring.unknowns().reshape(model.input_shape),
        ring.constant(np.array(values, dtype=object)),
    ]
    (outputs,) = interpret(values_program(model), ring, arguments)
    found, terms = [], []
    for output, form in enumerate(outputs.reshape(-1)):
        for exponents, expression in sorted(form.terms.items()):
            if constants or not expression.is_constant:
                ways = factorial(sum(exponents)) // prod(map(factorial, exponents))
                scale = 2.0 ** -((frexp(ways)[1] - 1) // 2)
                found.append((expression * scale).as_base())
                terms.append((output, exponents, scale))
    drawn = tuple(v for c, v in zip(model.coefficients, values, strict=True) if c is None)
    return ChartCoordinates(graph, tuple(found), tuple(terms), free, drawn)
