"""Do two networks compute the same function? Exact evaluation over Q, and a proof by enough points where the functions are small."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import comb, prod
from typing import TypedDict

import numpy as np

from neurovariety.checkpoints.graph.evaluation import MAX_EXACT_BITS
from neurovariety.checkpoints.graph.multiplications import digits, work
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import to_floats, to_fractions
from neurovariety.checkpoints.rank.storage_rounding import rounding_effect, unit_in_last_place
from neurovariety.errors import InputError
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array

MOST_WORK = 8_000_000
"""Products of numbers in exact evaluations: some seconds of arithmetic on fractions."""
_MOST_AT_ONE = 24_000_000
"""The same for a single input, without which nothing would be compared exactly."""
_FLOAT_WORK = 20_000_000_000
"""Products in float64 evaluations."""
_EVALUATIONS = 40
"""Evaluations of both networks at each input that a comparison in float64 takes: roundings of weights are drawn again and again."""
_RANDOM_INPUTS = 12
_FLOAT_INPUTS = 64
_NUMERATORS = 2**12
"""Random inputs are k/8 with |k| at most this: exact in every precision, and 13 bits for Schwartz and Zippel."""
_ROUNDING = 1e-12
"""Differences of float64 evaluations below this part of the outputs are never counted."""
_ROUNDINGS = 4
"""Differences of more than so many random roundings of all weights, each in its own type, are none of rounding."""
_LAYERS = 64
"""Units in the last place of outputs, where the effect of rounding cannot be measured in float64."""


class Compared(TypedDict):
    """A `FunctionsCompared` as plain data."""

    over: str
    inputs: int
    largest_difference: Fraction | float
    by_coefficients: bool


@dataclass(frozen=True)
class FunctionsCompared:
    """What evaluation found. ``differs`` is an input where outputs differ by more than what was to be told from it.

    ``apart`` is one where they differ by more than the arithmetic of the evaluation, ``largest`` the largest difference seen.
    """

    exact: bool
    inputs: int
    largest: Fraction | float
    differs: Array | None
    identical: bool
    """Whether the functions are proved equal: polynomials that agree on a set that determines them."""
    apart: Array | None = None

    def record(self) -> Compared:
        """The evidence, as plain data."""
        return {
            "over": "Q" if self.exact else "float64",
            "inputs": self.inputs,
            "largest_difference": Fraction(self.largest) if self.exact else float(self.largest),
            "by_coefficients": self.identical,
        }


def compare_functions(
    a: Network, b: Network, *, seed: int, stored: bool = False, box: tuple[Array, Array] | None = None
) -> FunctionsCompared:
    """Evaluate both at random rational inputs, over Q where the activations allow, else in float64.

    With ``stored`` a difference counts where it is more than the weights' own types explain by rounding, else where it is more than
    the arithmetic of the evaluation does: any at all, over Q. With a ``box``, arrays of exact ends, inputs lie in it. Polynomials that
    agree at all inputs are proved equal where that is affordable. Raises `InputError` where the shapes of inputs or outputs differ.
    """
    if a.input_shape != b.input_shape or a.output_shape != b.output_shape:
        raise InputError(
            f"the networks map {a.input_shape} to {a.output_shape} and {b.input_shape} to {b.output_shape}: only networks "
            "with the same inputs and outputs can be compared"
        )
    rng = generator(seed, "checkpoints.rank.exact_equality")
    products = max(work(a) + work(b), 1)
    exact = rational(a) and rational(b) and affordable(a, b)
    most = min(_RANDOM_INPUTS, MOST_WORK // products) if exact else min(_FLOAT_INPUTS, _FLOAT_WORK // (_EVALUATIONS * products))
    count = max(1, most)
    draws = rng.integers(-_NUMERATORS, _NUMERATORS + 1, size=(count, *a.input_shape)) / 8
    if not exact:  # small inputs: saturated activations would hide a difference
        draws = draws / (_NUMERATORS / 16)
    if box is not None:
        low, high = box
        draws = low + (high - low) * to_fractions((draws - draws.min()) / max(float(np.ptp(draws)), 1.0))
    found = _over_q(a, b, draws, seed, stored) if exact else None
    if found is None:
        return _in_floats(a, b, to_floats(draws), seed, stored)
    if found.largest or box is not None:
        return found
    degrees = [degree(n) for n in (a, b)]
    if None in degrees:
        return found
    size, top = prod(a.input_shape), max(d for d in degrees if d is not None)
    points = comb(size + top, top)
    if points * products > 2 * MOST_WORK:
        return found
    grid = np.zeros((points, size), dtype=np.int64)
    for k, chosen in enumerate(combinations_with_replacement(range(size + 1), top)):
        for c in chosen:
            if c < size:
                grid[k, c] += 1
    more = _over_q(a, b, grid.reshape(points, *a.input_shape).astype(np.float64), seed, stored)
    if more is None:
        return found
    return FunctionsCompared(True, found.inputs + points, more.largest, more.differs, not more.largest, more.apart)


def _over_q(a: Network, b: Network, inputs: Array, seed: int, stored: bool) -> FunctionsCompared | None:
    """The comparison in fractions; None where a denominator vanishes at every input."""
    usable = []
    values: list[list[Array]] = [[], []]
    for x in inputs:  # one by one: a rational activation may have a pole at some
        try:
            pair = [n.evaluate_exact(x[None]).reshape(-1) for n in (a, b)]
        except InputError:
            continue
        usable.append(x)
        for k in (0, 1):
            values[k].append(pair[k])
    if not usable:
        return None
    inputs, one, two = np.array(usable), np.array(values[0], dtype=object), np.array(values[1], dtype=object)
    gap = np.abs(one - two).max(axis=1)
    allowed = to_fractions(np.zeros(len(inputs)))
    if stored and any(gap):
        allowed = _allowed(a, b, inputs, seed, np.abs(one).max(axis=1))
    differs, apart = _first(inputs, np.asarray(gap > allowed, dtype=bool)), _first(inputs, np.asarray(gap > 0, dtype=bool))
    return FunctionsCompared(True, len(inputs), Fraction(max(gap.tolist())), differs, False, apart)


def _first(inputs: Array, chosen: Array) -> Array | None:
    found = np.flatnonzero(chosen)
    return to_fractions(inputs[found[0]]) if len(found) else None


def _allowed(a: Network, b: Network, inputs: Array, seed: int, sizes: Array) -> Array:
    """The difference at each input that rounding of the stored weights explains, as Fractions."""
    with np.errstate(all="ignore"):
        effect = sum(rounding_effect(n, inputs, stored=True, floats=False, seed=seed) for n in (a, b))
    units = max(unit_in_last_place(w) for n in (a, b) for w in n.weights.values())
    out = to_fractions(np.zeros(len(inputs)))
    for i, size in enumerate(np.asarray(effect).tolist()):  # where float64 cannot hold the outputs: as a part of them
        out[i] = Fraction(_ROUNDINGS) * (Fraction(size) if np.isfinite(size) else Fraction(units) * _LAYERS * sizes[i])
    return out


def _in_floats(a: Network, b: Network, inputs: Array, seed: int, stored: bool) -> FunctionsCompared:
    with np.errstate(all="ignore"):
        one, two = (n.evaluate(inputs).reshape(len(inputs), -1) for n in (a, b))
        gap, floor = np.abs(one - two).max(axis=1), _ROUNDING * np.abs(one).max(axis=1)
        allowed = [  # by the arithmetic alone, and by the types of the weights
            np.maximum(_ROUNDINGS * sum(rounding_effect(n, inputs, stored=types, floats=True, seed=seed) for n in (a, b)), floor)
            for types in ((False, True) if stored else (False,))
        ]
    usable = np.logical_and.reduce([np.isfinite(v) for v in (gap, *allowed)])  # elsewhere values are too large for float64
    differs, apart = (_first(inputs, usable & (gap > limit)) for limit in (allowed[-1], allowed[0]))
    return FunctionsCompared(False, int(usable.sum()), float(gap[usable].max(initial=0.0)), differs, False, apart)


def affordable(a: Network, b: Network) -> bool:
    """Whether one exact evaluation of both takes no more than some seconds."""
    return work(a) + work(b) <= _MOST_AT_ONE and max(digits(a), digits(b)) <= MAX_EXACT_BITS


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
