"""Near-collinear inputs in whitened coordinates: where the first layer is dense these are other coordinates of the same problem.

In the given coordinates the quadric of such data is so ill-conditioned that paths are lost. The matrix that whitens is one of doubles,
which are taken as they are, so that critical functions for the products of inputs with it, as exact numbers, are those for the given
inputs: only a linear change of variables lies between them. Certificates are for these exact products (`losses.exact_products`); what
floats work with is rounded once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import flint
import numpy as np
from jaxtyping import Float, Inexact

from neurovariety.certificates.balls import precision
from neurovariety.errors import DataError
from neurovariety.geometry.equivariance.adjunction import input_adjunction
from neurovariety.model import Model
from neurovariety.training.losses.loss import Monomial, SquaredError
from neurovariety.training.losses.prepare import whitening

BITS = 160
"""Precision of products with exact inputs."""
_ILL = 1e8
"""Condition that the quadric may have: about that of the columns to twice the degree of the functions."""

_DEPENDENT = 1e-13
"""Part of a column below which what others do not explain of it is rounding."""

Polynomial = dict[tuple[int, ...], float]


@dataclass(frozen=True, eq=False)
class WhitenedError(SquaredError):
    """The squared error on whitened inputs; ``white`` knows these exactly."""

    white: Whitened | None = None


@dataclass(frozen=True, eq=False)
class Whitened:
    """Whitened inputs are ``change`` x; ``given`` is the loss before."""

    model: Model
    change: Float[np.ndarray, "features features"]
    given: SquaredError

    @cached_property
    def exact_inputs(self) -> list[list[flint.arb]]:
        """Whitened inputs, row by row."""
        with precision(BITS):
            rows = [[flint.arb(v) for v in row] for row in self.change.tolist()]
            return [
                [sum((m * flint.arb(v) for m, v in zip(row, x, strict=True)), flint.arb(0)) for row in rows]
                for x in self.given.inputs.tolist()
            ]

    @cached_property
    def loss(self) -> WhitenedError:
        """The loss on whitened inputs."""
        inputs = np.array([[float(v) for v in row] for row in self.exact_inputs])
        found = WhitenedError(inputs, self.given.targets, self.given.weights, self.given.name, white=self)
        object.__setattr__(found, "weights", self.given.weights)
        return found

    def weights_back(self, model: Model, weights: Inexact[np.ndarray, " N"]) -> Inexact[np.ndarray, " N"]:
        """Weights of a network, or of a smaller one of the same family, of the same function of given inputs."""
        out = np.array(weights)
        for block, axis in model.input_axes:
            places = model.places[block]
            turned = np.tensordot(np.asarray(weights)[places], self.change, axes=(axis, 0))
            out[places] = np.moveaxis(turned, -1, axis)
        return out

    def substitution(self, monomials: tuple[Monomial, ...]) -> Float[np.ndarray, "monomials monomials"]:
        """What coefficients of functions of whitened inputs are multiplied by: those of functions of given ones."""
        place = {m: i for i, m in enumerate(monomials)}
        n = self.change.shape[1]
        forms: list[Polynomial] = [{tuple(int(k == j) for k in range(n)): float(row[j]) for j in range(n)} for row in self.change]
        out = np.zeros((len(monomials), len(monomials)))
        for (output, exponents), column in place.items():
            product: Polynomial = {(0,) * n: 1.0}
            for form, power in zip(forms, exponents, strict=True):
                for _ in range(power):
                    product = _times(product, form)
            for e, value in product.items():
                if value and (output, e) in place:
                    out[place[output, e], column] += value
        return out


def _times(a: Mapping[tuple[int, ...], float], b: Mapping[tuple[int, ...], float]) -> Polynomial:
    out: Polynomial = {}
    for e, u in a.items():
        for f, v in b.items():
            both = tuple(i + k for i, k in zip(e, f, strict=True))
            out[both] = out.get(both, 0.0) + u * v
    return out


def whitened(model: Model, loss: SquaredError, degree: int) -> Whitened | None:
    """Whitened coordinates for functions of a degree, where they are needed and the first layer is dense; else None."""
    rows = loss.inputs[loss.weights > 0]
    sizes = np.sqrt((rows**2).mean(axis=0)) if len(rows) else np.zeros(model.inputs)
    if len(model.input_shape) != 1 or len(rows) < model.inputs or not sizes.all():
        return None
    singular = np.linalg.svd(rows / sizes, compute_uv=False)
    if singular.max() ** (2 * degree) <= _ILL * singular.min() ** (2 * degree) or not input_adjunction(model):
        return None
    try:
        change = whitening(rows, tuple(map(str, range(model.inputs))), _DEPENDENT)
    except DataError:  # one column is a combination of others
        return None
    return Whitened(model, change, loss)
