"""A network of any graph with polynomials in place of activations, and in softmax and layer normalization: which, on which intervals.

Softmax becomes a quotient of sums of polynomials, and 1/sqrt in layer normalization the polynomial, or quotient, that is nearest to
it on the interval in which the variance is proved to lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import ceil, floor, inf, isfinite, log2, nextafter

import flint
import numpy as np

from neurovariety.beyond.approximation.one_activation import RATIONAL, NearestPolynomial, nearest_polynomial
from neurovariety.certificates.activation_series import POSITIVE, taylor
from neurovariety.certificates.graphs_with_polynomials import graph_with_polynomials
from neurovariety.certificates.moved_graphs import moves_of_outputs
from neurovariety.certificates.moved_values import NotRead
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.errors import InputError, ResourceError

_BITS = 128
_WIDEST = Fraction(10**6)
Box = tuple[list[Fraction], list[Fraction]]


def nearest_in_graph(source: Network, box: Box, degree: int, kind: str) -> tuple[list[NearestPolynomial], float]:
    """The polynomials, node by node, and a bound of what the outputs change. Raises `ResourceError` where there is none, and
    `InputError` for a network with nodes that are not read here."""
    found: list[NearestPolynomial] = []

    def near(name: str, reached: Sequence[flint.arb]) -> float:
        try:
            low, high = short_interval([(float(x.lower()), float(x.upper())) for x in reached], name in POSITIVE)
            with taylor(_BITS, 2):
                found.append(nearest_polynomial(UniformQuestion(name, low, high, degree), kind))
        except ResourceError as why:
            raise NotShown(str(why).partition(";")[0]) from None
        return found[-1].error

    try:
        with taylor(_BITS, 2):
            most = max(moves_of_outputs(source, *box, near).reshape(-1).tolist(), key=float)
            if not isfinite(float(most)):
                raise NotShown("no change of the outputs is bounded")
    except NotRead as why:
        raise InputError(f"{source.source} is not approximated: {why}") from None
    except NotShown as why:
        remedies = "a smaller box or another degree" if kind == RATIONAL else "a smaller box, another degree, or kind='rational'"
        raise ResourceError(
            f"of {source.source} with polynomials of degree {degree} in place of its functions nothing is proved in this box: {why}; "
            f"ask {remedies}"
        ) from None
    return found, next_above(most)


def next_above(size: flint.arb) -> float:
    """A float that is no smaller, with room for the roundings of other machines."""
    found = float(size) * (1 + 2.0**-30)
    while not flint.arb(found) >= size:
        found = nextafter(found, inf)
    return found


def short_interval(ends: Sequence[tuple[float, float]], positive: bool = False) -> tuple[Fraction, Fraction]:
    """An interval with short ends that holds others; of ``positive`` numbers, where they are. Raises `ResourceError` where they are too
    wide."""
    least, most = min(a for a, _ in ends), max(b for _, b in ends)
    if not (isfinite(least) and isfinite(most)) or max(-least, most) > _WIDEST:
        raise ResourceError(
            "what units read may grow beyond a million where polynomials stand in place of activations; ask a smaller box, or a "
            "larger degree"
        )
    if positive and not least > 0:
        raise ResourceError("what a function of positive numbers reads may not be positive; ask a smaller box")
    unit = Fraction(2) ** (floor(log2(max(most - least, 2.0**-20))) - 7)
    low, high = unit * (floor(Fraction(least) / unit) - 1), unit * (ceil(Fraction(most) / unit) + 1)
    if positive and low <= 0:
        unit = Fraction(2) ** (floor(log2(least)) - 7)
        low = unit * (floor(Fraction(least) / unit) - 1)
    return low, high


def network_with(source: Network, found: Sequence[NearestPolynomial]) -> Network:
    """The network with these polynomials, one a node."""
    made = graph_with_polynomials(source, [p.quotient for p in found])
    nodes = tuple(Node(n.name, n.kind, n.inputs, dict(n.weights), dict(n.attributes), n.path) for n in made.nodes)
    fixed = frozenset(source.fixed) | frozenset(made.fixed)
    return Network(source.input_shape, nodes, source.output, {**source.weights, **made.weights}, source.source, fixed)


def changes_in_graph(source: Network, made: Network) -> Callable[[np.ndarray], np.ndarray]:
    """The largest change of an output, of floats, at each of some inputs."""

    def change(x: np.ndarray) -> np.ndarray:
        batch = x.reshape(-1, *source.input_shape)
        gap = np.abs(made.evaluate(batch) - source.evaluate(batch)).reshape(len(batch), -1).max(axis=1)
        return np.asarray(np.where(np.isfinite(gap), gap, 0.0))

    return change
