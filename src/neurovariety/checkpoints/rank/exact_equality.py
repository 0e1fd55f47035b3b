"""Do two networks compute the same function? Exact evaluation over Q, and a proof by enough points where the functions are small."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, prod
from typing import TypedDict

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import to_fractions
from neurovariety.errors import InputError
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

MOST_WORK = 2_000_000
"""Weights times inputs of one exact evaluation: about ten seconds of arithmetic on fractions."""
_RANDOM_INPUTS = 12
_NUMERATORS = 2**12
"""Random inputs are k/8 with |k| at most this: exact in every precision, and 13 bits for Schwartz and Zippel."""
_ROUNDING = 1e-9
"""Relative difference of float64 evaluations above which they cannot both be roundings of one value, for layers of usual size."""


class Compared(TypedDict):
    """A `Comparison` as plain data."""

    over: str
    inputs: int
    largest_difference: Fraction | float
    by_coefficients: bool


@dataclass(frozen=True)
class Comparison:
    """What evaluation found. ``differs`` is an input where outputs differ; ``largest`` the largest difference seen."""

    exact: bool
    inputs: int
    largest: Fraction | float
    differs: Array | None
    identical: bool
    """Whether the functions are proved equal: polynomials that agree on a set that determines them."""

    def record(self) -> Compared:
        """The evidence, as plain data."""
        return {
            "over": "Q" if self.exact else "float64",
            "inputs": self.inputs,
            "largest_difference": Fraction(self.largest) if self.exact else float(self.largest),
            "by_coefficients": self.identical,
        }


def compare_functions(a: Network, b: Network, *, seed: int, rounding: float | None = None, by_coefficients: bool = True) -> Comparison:
    """Evaluate both at random rational inputs, over Q where the activations allow, else in float64.

    With ``rounding``, differences are told from rounding when they exceed that part of the outputs. ``by_coefficients`` also tries
    to prove polynomials equal where they agree. Raises `InputError` where the
    shapes of inputs or outputs differ.
    """
    if a.input_shape != b.input_shape or a.output_shape != b.output_shape:
        raise InputError(
            f"the networks map {a.input_shape} to {a.output_shape} and {b.input_shape} to {b.output_shape}: only networks "
            "with the same inputs and outputs can be compared"
        )
    rng = generator(seed, "checkpoints.rank.exact_equality")
    weights = max(a.parameters, b.parameters, 1)
    exact = rational(a) and rational(b)
    count = max(1, min(_RANDOM_INPUTS, MOST_WORK // weights)) if exact else 64
    draws = rng.integers(-_NUMERATORS, _NUMERATORS + 1, size=(count, *a.input_shape)) / 8
    if not exact:  # small inputs: saturated activations would hide a difference
        draws = draws / (_NUMERATORS / 16)
    found = _at(a, b, draws, exact, rounding)
    if not exact or found.differs is not None or rounding is not None or not by_coefficients:
        return found
    degrees = [degree(n) for n in (a, b)]
    if None in degrees:
        return found
    size, top = prod(a.input_shape), max(d for d in degrees if d is not None)
    points = comb(size + top, top)
    if points * weights > MOST_WORK:
        return found
    grid = np.zeros((points, size), dtype=np.int64)
    for k, chosen in enumerate(combinations_with_replacement(range(size + 1), top)):
        for c in chosen:
            if c < size:
                grid[k, c] += 1
    more = _at(a, b, grid.reshape(points, *a.input_shape).astype(np.float64), True, None)
    return Comparison(True, found.inputs + points, max(found.largest, more.largest), more.differs, more.differs is None)


def _at(a: Network, b: Network, inputs: Array, exact: bool, rounding: float | None) -> Comparison:
    if exact:
        usable = []
        values: list[list[Array]] = [[], []]
        for x in inputs:  # one by one: a rational activation may have a pole at some
            try:
                pair = [n.evaluate_exact(x[None])[0].reshape(-1) for n in (a, b)]
            except InputError:
                continue
            usable.append(x)
            for k in (0, 1):
                values[k].append(pair[k])
        if not usable:
            raise InputError("the networks could not be evaluated exactly at any of the random inputs: a denominator vanishes")
        inputs, one, two = np.array(usable), np.array(values[0], dtype=object), np.array(values[1], dtype=object)
        gap = np.abs(one - two).max(axis=1)
        largest: Fraction | float = max(gap.tolist())
        limit = Fraction(0) if rounding is None else Fraction(rounding) * np.abs(one).max(axis=1)
    else:
        one, two = (n.evaluate(inputs).reshape(len(inputs), -1) for n in (a, b))
        gap = np.abs(one - two).max(axis=1)
        largest = float(gap.max())
        limit = max(_ROUNDING, rounding or 0.0) * max(float(np.abs(one).max()), 1e-300)
    different = np.flatnonzero(np.asarray(gap > limit, dtype=bool))
    where = to_fractions(inputs[different[0]]) if len(different) else None
    return Comparison(exact, len(inputs), largest, where, False)


def rational(network: Network) -> bool:
    """Whether the network has rational values at rational inputs (batch norm as `Network.evaluate_exact` takes it)."""
    return all(operation(n).sort(n) != "smooth" for n in network.nodes)


def degree(network: Network) -> int | None:
    """A bound of the degree of the outputs as polynomials in the inputs; None where they are not polynomials."""
    found: dict[str, int] = {}
    for node in network.nodes:
        degree = operation(node).degree(node, [found[n] for n in node.inputs])
        if degree is None:
            return None
        found[node.name] = degree
    return found[network.output]
