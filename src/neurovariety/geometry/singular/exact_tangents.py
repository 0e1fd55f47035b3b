"""A model with its tangent vectors, as certificates see it (`certificates.tangent_spaces.TangentVectorsOfModel`)."""

from __future__ import annotations

from typing import Final

import numpy as np

from neurovariety.certificates.zeros import NotShown
from neurovariety.geometry.exact.generic_rank import jacobian_matrix
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.ideal.exact_coefficients import ExactCoefficients
from neurovariety.geometry.singular.tangents import second_derivatives
from neurovariety.linear_algebra import rank, reduce_mod
from neurovariety.model import Model, Slot
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS


class ExactTangents(ExactCoefficients):
    """The exact coefficients of a model, and derivatives of its functions."""

    def tangent_rank(self, prime: int, weights: list[list[int]], second: list[tuple[int, list[int], list[int]]], inputs: Array) -> int:
        if prime.bit_length() > PRIME_BITS:
            raise NotShown(f"a prime of at most {PRIME_BITS} bits is expected")
        field, rng = FiniteField(prime), np.random.default_rng(0)
        fixed = field.constant(np.array(list(self.model.coefficients), dtype=object))
        points = [Point(field, field.constant(np.array(w, dtype=object)), fixed, rng) for w in weights]
        columns = [reduce_mod(jacobian_matrix(self.model, prime, point, inputs)[0], prime) for point in points]
        for at, c, v in second:
            kernel, direction = (field.constant(np.array(x, dtype=object)) for x in (c, v))
            columns.append(second_derivatives(self.model, prime, points[at], inputs, direction, kernel[:, None]))
        return rank(np.concatenate(columns, axis=1), prime)


_TANGENTS: Final = Slot[ExactTangents]("the exact tangent vectors")


def exact_tangents(model: Model) -> ExactTangents:
    """A model with its tangent vectors, kept with it."""
    return model.kept.once(_TANGENTS, lambda: ExactTangents(model))
