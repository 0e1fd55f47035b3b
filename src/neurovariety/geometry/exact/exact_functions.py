"""A model as certificates see it (`certificates.functions.Functions`): its exact program, and ranks taken by exact arithmetic.

This is what is trusted of a model beside the certificates themselves: that the program is the model's, that a run of it over a field
is right, and that an elimination mod p is.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction
from math import isfinite
from typing import Final
from weakref import WeakKeyDictionary

import flint
import numpy as np

from neurovariety.certificates.fiber_at_weights import LocalSlice, Steps, Weights
from neurovariety.certificates.functions import AFFINE, DIMENSION, Inputs, Kind, Place
from neurovariety.certificates.linear_symmetries import AnsatzScope, MapsPlace, SparseVector
from neurovariety.certificates.linear_values import OneDistribution
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.upper_bounds import ByTheorem
from neurovariety.certificates.zeros import NotShown
from neurovariety.geometry.exact.constant_families import (
    fields_error_at,
    fields_rank_over_q,
    is_constant,
    stays,
    stays_error,
    swept_rank,
)
from neurovariety.geometry.exact.expanded_span import all_monomials, exact_span
from neurovariety.geometry.exact.gradient_fields import (
    VectorField,
    gradient_fields,
    outputs_as_polynomials,
    slopes_over_q,
    sums_of_proportional_coefficients,
)
from neurovariety.geometry.exact.jacobians import combined_jacobian, jacobian_matrix, samples_matrix
from neurovariety.geometry.exact.local_algebra import local_dimension
from neurovariety.geometry.exact.points import Point, degree_bounds, rank_error
from neurovariety.geometry.exact.reparametrizations import (
    MOST_KEPT,
    ansatz_of,
    fields_rank,
    is_symmetry,
    maps_error,
    maps_rank,
    maps_vanish,
    stated_maps,
)
from neurovariety.geometry.exact.stated_symmetries import fields_error, verified_generators, verified_rank
from neurovariety.linear_algebra import random_prime, rank
from neurovariety.model import Model, Slot
from neurovariety.program.of_model import draw_coefficients, jacobian_rows, sample_values, values_program, with_known_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array, Ring
from neurovariety.rings.word_field import WordField
from neurovariety.theorem import Theorem
from neurovariety.tolerances import LARGE_PRIME_BITS, PRIME_BITS

_MOST_OVER_Q = 10**5
"""Entries of a matrix whose rank is taken over Q."""
_SMALL_PRIME = 2**26


class ExactFunctions:
    """The exact functions of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._taken: WeakKeyDictionary[Place, int] = WeakKeyDictionary()
        self._fields: dict[Inputs | None, list[VectorField]] = {}
        self._over_q: tuple[tuple[Fraction, ...], Inputs | None, flint.fmpq_mat] | None = None
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
    def name(self) -> str:
        return self.model.name

    @property
    def bounded_rank(self) -> tuple[int, int, int] | None:
        return None if self.model.image is None else self.model.image.bounded_rank

    @property
    def parameters(self) -> int:
        return self.model.parameters

    @property
    def outputs(self) -> int:
        return self.model.outputs

    @property
    def monomials(self) -> int | None:
        return all_monomials(self.model)

    @property
    def weight_degree(self) -> int | None:
        found = degree_bounds(self.model)
        return None if found.rational or not isfinite(found.parameters) else int(found.parameters)

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

    def proportional_values(self, inputs: Array, rng: np.random.Generator) -> OneDistribution:
        """The certificate, still to be checked, that the outputs at exact inputs (samples, *input shape) are one distribution each."""
        p = random_prime(LARGE_PRIME_BITS, rng)
        ring = WordField(p)
        weights = ring.random((2, self.parameters), rng)
        place = Place("span", p, weights, draw_coefficients(self.model, ring, rng), ring.constant(inputs), None)
        return OneDistribution(self.hash, tuple(Fraction(v) for v in inputs.reshape(-1)), place, self.generic)

    def _keep(self, kind: Kind, point: Point, arrays: tuple[Array | None, Array, Array | None], value: int) -> ModularRank:
        assert isinstance(point.ring, FiniteField | WordField)
        small = arrays[0] is not None and sum(a.size for a in arrays if a is not None) <= MOST_KEPT
        weights, inputs, factors = arrays if small else (None, arrays[1] if arrays[1].size <= MOST_KEPT else None, None)
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
        ring = _field(place.prime)
        carried = [_into(ring, a) for a in (place.weights, place.coefficients, place.inputs)]
        carried[1] = with_known_coefficients(self.model, ring, carried[1])
        point = Point(ring, carried[0], carried[1], np.random.default_rng(0))
        if place.kind != DIMENSION:
            if isinstance(ring, WordField):
                found = sample_values(self.model, ring, carried[0], carried[2], carried[1]).reshape(len(carried[0]), -1)
            else:
                found = samples_matrix(self.model, point, len(carried[0]), carried[2], None, None, carried[0])
            found = found[1:] - found[0] if place.kind == AFFINE else found
        elif place.factors is not None:
            found = combined_jacobian(self.model, point, carried[2], _into(ring, place.factors))
        elif isinstance(ring, WordField):
            found = jacobian_rows(self.model, ring, carried[0], carried[2], carried[1])
        else:
            found, _ = jacobian_matrix(self.model, place.prime, point, carried[2])
        return np.array([[int(v) % place.prime for v in row] for row in found], dtype=object).reshape(found.shape)

    def error(self, place: Place, at_most: int, input_bits: float | None = None) -> float:
        bits = place.prime.bit_length()
        if bits not in (PRIME_BITS, LARGE_PRIME_BITS):
            return 1.0  # the bound is one of primes of these lengths alone
        derivative = place.kind == DIMENSION
        at_most += place.kind == AFFINE  # a minor of differences is one of the values bordered by ones
        combined = derivative and place.factors is not None
        return rank_error(self.model, at_most, derivative=derivative, bits=bits, input_bits=input_bits, combined=combined)

    def error_at_inputs(self, place: Place, at_most: int, bits: float) -> float:
        if place.prime.bit_length() < LARGE_PRIME_BITS:
            return 1.0
        return rank_error(self.model, at_most, derivative=False, bits=LARGE_PRIME_BITS, input_bits=bits)

    def applies(self, name: str, quantity: str, value: int, source: str) -> bool:
        known = (name, quantity, value, source)
        return any(t.applies and (t.name, t.quantity, t.value, t.source) == known for t in self.model.theorems)

    def fields_rank(self, prime: int, weights: Array) -> int:
        return verified_rank(self.model, prime, weights)

    def fields_error(self, prime: int) -> float:
        return fields_error(self.model) if prime.bit_length() == PRIME_BITS else 1.0

    def ansatz_unknowns(self, ansatz: AnsatzScope) -> int:
        return ansatz_of(self.model, ansatz).unknowns

    def map_of(self, ansatz: AnsatzScope, vector: SparseVector) -> dict[tuple[int, int], Fraction]:
        return ansatz_of(self.model, ansatz).matrix(vector)

    def maps_rank(self, place: MapsPlace) -> int:
        return maps_rank(self.model, place)

    def maps_vanish(self, vectors: tuple[SparseVector, ...], place: MapsPlace) -> bool:
        return maps_vanish(self.model, vectors, place)

    def maps_error(self, vectors: tuple[SparseVector, ...], place: MapsPlace) -> float:
        return maps_error(self.model, vectors, place)

    def is_symmetry(self, ansatz: AnsatzScope, vector: SparseVector) -> bool | None:
        return is_symmetry(self.model, ansatz, vector)

    def stated_maps_rank(self, ansatz: AnsatzScope, prime: int) -> int:
        found = stated_maps(self.model, ansatz)
        return rank(found, prime, overwrite=True) if found.size else 0

    def stated_maps_over_q(self, ansatz: AnsatzScope) -> int | None:
        found = stated_maps(self.model, ansatz)
        found = found[:, found.any(axis=0)]
        if found.size > _MOST_OVER_Q:
            return None
        return int(flint.fmpz_mat(found.shape[0], found.shape[1], [int(v) for v in found.flat]).rank()) if found.size else 0

    def maps_fields_rank(self, ansatz: AnsatzScope, vectors: tuple[SparseVector, ...], prime: int, weights: Array) -> int:
        return fields_rank(self.model, ansatz, vectors, prime, weights)

    def fields_rank_over_q(self, at: Weights) -> int | None:
        return fields_rank_over_q(self.model, at)

    def fields_error_at(self, at: Weights, prime: int) -> float:
        return fields_error_at(self.model, at, prime)

    def is_constant(self, at: Weights, directions: tuple[SparseVector, ...]) -> bool | None:
        return is_constant(self.model, at, directions)

    def stays(self, at: Weights, directions: tuple[SparseVector, ...], place: Steps) -> bool:
        return stays(self.model, at, directions, place)

    def stays_error(self, at: Weights, directions: tuple[SparseVector, ...], place: Steps) -> float:
        return stays_error(self.model, at, directions, place)

    def swept_rank(self, at: Weights, directions: tuple[SparseVector, ...], place: Steps) -> int:
        return swept_rank(self.model, at, directions, place)

    def local_dimension(self, piece: LocalSlice, order: int, prime: int) -> int:
        return local_dimension(self.model, piece, order, prime)

    def expanded_span(self, affine: bool) -> int | None:
        found = exact_span(self.model)
        return None if found is None else found.affine if affine else found.dimension

    def proportional_sums(self) -> list[Fraction]:
        return sums_of_proportional_coefficients(self.model)

    @property
    def weight_names(self) -> tuple[str, ...]:
        return tuple(self.model.parameter_names())

    def jacobian_over_q(self, weights: tuple[Fraction, ...], inputs: Inputs | None) -> flint.fmpq_mat:
        if self._over_q is None or self._over_q[:2] != (weights, inputs):
            self._over_q = weights, inputs, slopes_over_q(outputs_as_polynomials(self.model, inputs), weights)
        return self._over_q[2]

    def gradient_fields(self, inputs: Inputs | None) -> list[VectorField]:
        if inputs not in self._fields:
            self._fields[inputs] = gradient_fields(self.model, inputs)
        return self._fields[inputs]


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
