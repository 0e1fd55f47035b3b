"""A chart of the weights: as many stay free as the neurovariety has dimensions, the others are held at small integers.

Let r be the dimension of the neurovariety X. Where the Jacobian of the parametrization, restricted to the slice L of weights with the
fixed ones at their values, has rank r at one point of L, the map L -> X is dominant between irreducible varieties of one dimension: a
general point of X has finitely many preimages in L, and at least one. The rank is checked mod p, which proves it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Int

from neurovariety.errors import DivisionByZeroError, InputError, ResourceError
from neurovariety.geometry.exact.span import as_exact
from neurovariety.geometry.solutions.scales import Scales
from neurovariety.linear_algebra import echelon, random_prime
from neurovariety.model import Model
from neurovariety.program.of_model import draw_coefficients, jacobian_rows
from neurovariety.randomness import generator
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

_STREAM = "geometry.solutions.chart"
_TRIES = 24
_MOST_UNKNOWNS = 3000
"""Every step of every path solves linear equations in as many unknowns: no count of that size has ever ended."""


@dataclass(frozen=True)
class Chart:
    """``free`` weights by position; the others are ``fixed`` at integers (position -> value), times their units where there are
    ``scales``."""

    free: tuple[int, ...]
    fixed: Mapping[int, int | Fraction]
    scales: Scales | None = None


def find_chart(model: Model, dimension: int, seed: int, scales: Scales | None = None) -> Chart:
    """A chart of a model whose neurovariety has the given dimension, in its own units or in those of ``scales``.

    Raises `ResourceError` where there are more dimensions than paths can be followed in, `InputError` where no chart was found.
    """
    if dimension > _MOST_UNKNOWNS:
        raise ResourceError(
            f"{model.name} has {dimension:,} dimensions; paths are followed in at most {_MOST_UNKNOWNS:,} unknowns: take a smaller "
            "architecture"
        )
    rng = generator(seed, _STREAM)
    n = model.parameters
    for attempt in range(_TRIES):
        field = FiniteField(random_prime(PRIME_BITS, rng))
        coefficients = draw_coefficients(model, field, rng)
        inputs = field.random((-(-dimension // model.outputs) + 4, *model.input_shape), rng)

        def jacobian(point: Array, field: FiniteField = field, coefficients: Array = coefficients, inputs: Array = inputs) -> Array:
            return jacobian_rows(model, field, point, inputs, coefficients)

        try:
            # The last weights first: equations then have the lowest degree, since those of the first layer are fixed.
            columns = np.arange(n)[::-1] if attempt % 2 == 0 else rng.permutation(n)
            found = echelon(np.ascontiguousarray(jacobian(field.random((n,), rng))[:, columns]), field.p)
            if found.rank < dimension:
                continue
            free = tuple(sorted(int(columns[k]) for k in found.pivot_columns[:dimension]))
            for values in _values(model, rng):
                units = (1,) * n if scales is None else scales.weights
                fixed = {i: int(values[i]) * units[i] for i in range(n) if i not in free}
                point = field.random((n,), rng)
                point[list(fixed)] = field.constant(as_exact(fixed.values()))
                restricted = jacobian(point)[:, list(free)]
                if echelon(np.ascontiguousarray(restricted), field.p).rank == dimension:
                    return Chart(free, fixed, scales)
        except DivisionByZeroError:
            continue
    raise InputError(
        f"no {dimension} weights of {model.name} could be left free with the others fixed at small integers; try another seed"
    )


def _values(model: Model, rng: np.random.Generator) -> Iterator[Int[np.ndarray, " weights"]]:
    """Values for the fixed weights, the simplest first: unit matrices in place of blocks, ones, random integers."""
    unit = np.zeros(model.parameters, dtype=np.int64)
    for block in model.blocks:
        if len(block.shape) == 2:
            unit[block.start : block.start + block.size] = np.eye(*block.shape, dtype=np.int64).reshape(-1)
        else:
            unit[block.start : block.start + block.size] = 1
    yield unit
    yield np.ones(model.parameters, dtype=np.int64)
    yield rng.integers(1, 10, model.parameters)
