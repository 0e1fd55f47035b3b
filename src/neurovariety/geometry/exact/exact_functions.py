"""A model as certificates see it (`certificates.functions.Functions`): its exact program, and ranks taken by exact arithmetic.

This is what is trusted of a model beside the certificates themselves: that the program is the model's, that a run of it over a field
is right, and that an elimination mod p is.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from neurovariety.certificates.functions import AFFINE, DIMENSION, Kind, Place
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.upper_bounds import ByTheorem
from neurovariety.certificates.zeros import NotShown
from neurovariety.geometry.exact.expanded_span import all_monomials, exact_span
from neurovariety.geometry.exact.gradient_fields import sums_of_proportional_coefficients
from neurovariety.geometry.exact.jacobians import combined_jacobian, jacobian_matrix, samples_matrix
from neurovariety.geometry.exact.points import Point, rank_error
from neurovariety.geometry.exact.stated_symmetries import fields_error, verified_generators, verified_rank
from neurovariety.model import Model, Slot
from neurovariety.program.of_model import jacobian_rows, values_program
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array, Ring
from neurovariety.rings.word_field import WordField
from neurovariety.theorem import Theorem
from neurovariety.tolerances import LARGE_PRIME_BITS, PRIME_BITS

_KEPT = 2**20
"""Entries of weights and inputs that a certificate holds; of more it says only that the rank was taken."""
_SMALL_PRIME = 2**26


class ExactFunctions:
    """The exact functions of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._taken: WeakKeyDictionary[Place, int] = WeakKeyDictionary()
        self._hash = ""

    @property
    def hash(self) -> str:
        """sha256 of the program with its constants, and of the coefficients."""
        if not self._hash:
            program, digest = values_program(self.model), hashlib.sha256()
            digest.update(repr((program.inputs, program.outputs, self.model.coefficients)).encode())
            for slot, values in program.constants.items():
                digest.update(f"{slot}{values.shape}{values.dtype.kind}".encode() + np.ascontiguousarray(values).tobytes())
            for i in program.instructions:
                digest.update(f"{i.primitive}{i.operands}{i.result}{i.shape}{i.parameters}".encode())
            self._hash = digest.hexdigest()
        return self._hash

    @property
    def parameters(self) -> int:
        return self.model.parameters

    @property
    def outputs(self) -> int:
        return self.model.outputs

    @property
    def monomials(self) -> int | None:
        return all_monomials(self.model)

    def by_theorem(self, theorem: Theorem) -> ByTheorem:
        """The certificate of a theorem that is stated of the model."""
        return ByTheorem(self.hash, theorem.name, theorem.quantity, theorem.value, theorem.source)

    def taken(self, point: Point, inputs: Array, factors: Array | None, value: int) -> ModularRank:
        """The certificate of a rank of the Jacobian at ``point`` that was just taken."""
        return self._keep("dimension", point, (point.weights, inputs, factors), value)

    def taken_of_functions(
        self, point: Point, inputs: Array, value: int, weights: Array | None, *, affine: bool = False
    ) -> ModularRank:
        """The same for values of functions with ``weights`` (S, N), for ``affine`` less the first of them; None where the weights were
        too large to keep."""
        return self._keep("affine span" if affine else "span", point, (weights, inputs, None), value)

    def _keep(self, kind: Kind, point: Point, arrays: tuple[Array | None, Array, Array | None], value: int) -> ModularRank:
        assert isinstance(point.ring, FiniteField | WordField)
        small = arrays[0] is not None and sum(a.size for a in arrays if a is not None) <= _KEPT
        weights, inputs, factors = arrays if small else (None, None, None)
        place = Place(kind, point.ring.p, weights, point.coefficients, inputs, factors)
        self._taken[place] = value
        return ModularRank(self.hash, place, value, self.generic)

    def took(self, place: Place) -> int | None:
        return self._taken.get(place)

    @property
    def generic(self) -> bool:
        return any(c is None for c in self.model.coefficients)

    @property
    def field_generators(self) -> int:
        return verified_generators(self.model)

    def matrix(self, place: Place) -> Array:
        if place.weights is None or place.inputs is None:
            raise NotShown("the point was too large to be kept")
        self._check_coefficients(place)
        ring = _field(place.prime)
        carried = [_into(ring, a) for a in (place.weights, place.coefficients, place.inputs)]
        point = Point(ring, carried[0], carried[1], np.random.default_rng(0))
        if place.kind != DIMENSION:
            found = samples_matrix(self.model, point, len(carried[0]), carried[2], None, None, carried[0])
            found = found[1:] - found[0] if place.kind == AFFINE else found
        elif place.factors is not None:
            found = combined_jacobian(self.model, point, carried[2], _into(ring, place.factors))
        elif isinstance(ring, WordField):
            found = jacobian_rows(self.model, ring, carried[0], carried[2], carried[1])
        else:
            found, _ = jacobian_matrix(self.model, place.prime, point, carried[2])
        return np.array([[int(v) % place.prime for v in row] for row in found], dtype=object).reshape(found.shape)

    def _check_coefficients(self, place: Place) -> None:
        """Raises `NotShown` where a place has other coefficients than the model."""
        given = [int(v) for v in place.coefficients.reshape(-1)]
        known = self.model.coefficients
        same = len(given) == len(known) and all(
            c is None or not (c.denominator * v - c.numerator) % place.prime for v, c in zip(given, known, strict=True)
        )
        if not same:
            raise NotShown("a coefficient at the place is not that of the model")

    def error(self, place: Place, at_most: int) -> float:
        bits = PRIME_BITS if place.prime < _SMALL_PRIME else LARGE_PRIME_BITS
        derivative = place.kind == DIMENSION
        return rank_error(self.model, at_most, derivative=derivative, bits=bits, combined=derivative and place.factors is not None)

    def applies(self, name: str, quantity: str, value: int, source: str) -> bool:
        known = (name, quantity, value, source)
        return any(t.applies and (t.name, t.quantity, t.value, t.source) == known for t in self.model.theorems)

    def fields_rank(self, prime: int, weights: Array) -> int:
        return verified_rank(self.model, prime, weights)

    @property
    def fields_error(self) -> float:
        return fields_error(self.model)

    def expanded_span(self, affine: bool) -> int | None:
        found = exact_span(self.model)
        return None if found is None else found.affine if affine else found.dimension

    def proportional_sums(self) -> list[Fraction]:
        return sums_of_proportional_coefficients(self.model)


_FUNCTIONS: Final = Slot[ExactFunctions]("the exact functions")


def exact_functions(model: Model) -> ExactFunctions:
    """The exact functions of a model, kept with it."""
    return model.kept.once(_FUNCTIONS, lambda: ExactFunctions(model))


def _field(p: int) -> Ring:
    return FiniteField(p) if p < _SMALL_PRIME else WordField(p)


def _into(ring: Ring, values: Array) -> Array:
    """Elements of a field, kept as they were drawn, in a ring made anew."""
    return (
        values if isinstance(ring, FiniteField) else ring.constant(np.array([int(v) for v in values.reshape(-1)]).reshape(values.shape))
    )
