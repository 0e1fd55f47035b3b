"""Random real functions of a neurovariety, whether or not real weights attain them.

* Where the model fills its span: independent normal coefficients.
* Perceptrons: some neurons of one hidden layer in complex conjugate pairs, in their incoming and in their outgoing weights, and all
  other weights real. Conjugation then permutes neurons, which changes no function: the function is real.

Other real points of the neurovariety are not drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.geometry.exact.gradient_fields import Polynomial
from neurovariety.geometry.ideal.coefficient_map import LinearSpan
from neurovariety.geometry.ideal.coefficients import Coordinate
from neurovariety.geometry.images.target import Target
from neurovariety.model import Model
from neurovariety.parametrization import Layers

_PARTS = 64
"""Normal coefficients are rounded to multiples of 1/64, so that targets are exact."""
_WEIGHT = 20.0
"""Standard deviation of the integers that are drawn as weights: few are 0."""
_EXACT = 2.0**53


@dataclass(frozen=True)
class Draw:
    """``how`` the functions were drawn, and the functions."""

    how: str
    targets: tuple[Target, ...]


def normal_targets(model: Model, monomials: list[Coordinate], span: LinearSpan, count: int, rng: np.random.Generator) -> Draw:
    """Functions of the span with normal coefficients in its pivots."""
    out = []
    for row in rng.standard_normal((count, len(span.pivots))):
        at = {p: Fraction(round(float(v) * _PARTS), _PARTS) for p, v in zip(span.pivots, row, strict=True)}
        values = [sum((r * at[p] for p, r in relation), Fraction(0)) for relation in span.relations]
        out.append(Target(model.inputs, model.outputs, {m: v for m, v in zip(monomials, values, strict=True) if v}))
    return Draw("independent normal coefficients", tuple(out))


def conjugate_targets(model: Model, coefficients: dict[Coordinate, Polynomial], count: int, rng: np.random.Generator) -> list[Draw]:
    """For each hidden layer of a perceptron and each number of pairs of conjugate neurons in it: the functions of random such weights
    with integer real and imaginary parts, exactly."""
    layers = model.parametrization
    if not isinstance(layers, Layers) or layers.skips:
        return []
    blocks, weights, biases = model.places, layers.weights, layers.biases
    out = []
    for layer in range(len(weights) - 1):
        width = len(blocks[weights[layer]])
        for pairs in range(1, width // 2 + 1):
            drawn = []
            for _ in range(count):
                w = np.round(_WEIGHT * rng.standard_normal(model.parameters)).astype(np.complex128)
                imaginary = np.round(_WEIGHT * rng.standard_normal(model.parameters))
                for first in range(0, 2 * pairs, 2):
                    places = [(blocks[weights[layer]][first], blocks[weights[layer]][first + 1])]
                    places.append((blocks[weights[layer + 1]][:, first], blocks[weights[layer + 1]][:, first + 1]))
                    if biases:
                        places.append((blocks[biases[layer]][[first]], blocks[biases[layer]][[first + 1]]))
                    for one, other in places:
                        w[one] = w[one].real + 1j * imaginary[one]
                        w[other] = w[one].conj()
                target = _real_function(model, coefficients, w)
                if target is not None:
                    drawn.append(target)
            if drawn:
                where = f" of layer {layer + 1}" if len(weights) > 2 else ""
                how = f"{pairs} pair{'s' * (pairs > 1)} of complex conjugate neurons{where}, the other weights real"
                out.append(Draw(how, tuple(drawn)))
    return out


def _real_function(model: Model, coefficients: dict[Coordinate, Polynomial], w: Any) -> Target | None:
    """The function at integer complex weights; None where floating point would not be exact, or for the function 0."""
    found = {}
    for key, polynomial in coefficients.items():
        total, size = 0j, 0.0
        common = max((c.denominator for c in polynomial.values()), default=1)
        for e, c in polynomial.items():
            if common % c.denominator:
                return None
            value = complex(int(c * common))
            for k in np.flatnonzero(e):
                value *= complex(w[k]) ** int(e[k]) if e[k] == 1 else _power(complex(w[k]), int(e[k]))
            total += value
            size += abs(value)
        if size >= _EXACT:
            return None
        assert total.imag == 0
        if total.real:
            found[key] = Fraction(int(total.real), common)
    return Target(model.inputs, model.outputs, found) if found else None


def _power(z: complex, n: int) -> complex:
    """By multiplication, which is exact for integers where Python's own power is not."""
    out = 1 + 0j
    for _ in range(n):
        out *= z
    return out
