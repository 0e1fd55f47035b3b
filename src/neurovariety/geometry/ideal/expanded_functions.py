"""The function of given weights, written out in the inputs: of exact weights, and of weights a + b sqrt(d)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.geometry.ideal.coefficients import Coordinate
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.rings.polynomial import Polynomials, coefficients

_MAX_TERMS = 20_000


def expanded_at(model: Model, weights: tuple[Fraction, ...]) -> dict[Coordinate, Fraction]:
    """(output, exponents) -> coefficient that is not 0, at exact weights. Raises `ResourceError` for a function that is too long."""
    ring = Polynomials([f"x{i}" for i in range(model.inputs)], _MAX_TERMS)
    x = ring.generators().reshape(model.input_shape)
    flat: Any = ring.constant(np.array(weights, dtype=object))
    fixed: Any = ring.constant(np.array(model.coefficients, dtype=object))
    (out,) = interpret(values_program(model), ring, [*leaves(model, flat), x, fixed])
    return {
        (output, exponents): c for output, element in enumerate(out.reshape(-1)) for exponents, c in coefficients(element).items() if c
    }


def expanded_at_surds(
    model: Model, rational: tuple[Fraction, ...], root: tuple[Fraction, ...], square: Fraction
) -> dict[Coordinate, tuple[Fraction, Fraction]]:
    """The coefficients a + b sqrt(d), as pairs (a, b), at such weights: the function is expanded with s for the root, s^2 = d."""
    ring = Polynomials(["s", *(f"x{i}" for i in range(model.inputs))], _MAX_TERMS)
    s, *x = ring.generators()
    flat = np.empty(len(rational), dtype=object)
    for i, pair in enumerate(zip(rational, root, strict=True)):
        part, times_root = (ring.constant(np.array([v], dtype=object)) for v in pair)
        flat[i] = ring.add(part, ring.multiply(times_root, np.array([s], dtype=object)))[0]
    fixed: Any = ring.constant(np.array(model.coefficients, dtype=object))
    inputs = np.array(x, dtype=object).reshape(model.input_shape)
    (out,) = interpret(values_program(model), ring, [*leaves(model, flat), inputs, fixed])
    found: dict[Coordinate, tuple[Fraction, Fraction]] = {}
    for output, element in enumerate(out.reshape(-1)):
        for (power, *exponents), c in coefficients(element).items():
            key, value = (output, tuple(exponents)), c * square ** (power // 2)
            a, b = found.get(key, (Fraction(0), Fraction(0)))
            found[key] = (a, b + value) if power % 2 else (a + value, b)
    return found
