"""A model's functions as data that can be stored: one program of sums and products, and what certificates ask of it.

`StoredFunctions` answers what `functions.Functions` and `functions.Coefficients` ask, by plain arithmetic mod p and by expansion over
Q. It searches nothing, knows no architecture, and needs python-flint and NumPy alone. So what is checked with it is a statement about
the program as it is stored. That it is the program of a model is for those to compare who can read the model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import comb, isfinite, log2
from typing import NoReturn

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.functions import AFFINE, DIMENSION, Place
from neurovariety.certificates.modular_runs import ModularRun, as_rows, field_rows
from neurovariety.certificates.program_bounds import LARGE_BITS, SMALL_BITS, primes_of
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, NotAnswered, NotStored
from neurovariety.certificates.stored_counts import StoredCounts
from neurovariety.certificates.stored_exposure import ExposureFacts, StoredExposure
from neurovariety.certificates.stored_fibers import StoredFibers
from neurovariety.certificates.stored_flows import StoredFlows
from neurovariety.certificates.stored_motions import MotionFacts, StoredMotions
from neurovariety.certificates.stored_positions import PositionFacts, StoredPositions
from neurovariety.certificates.stored_singular_loci import FamilyFacts, SmallerModelsFacts, StoredSingularLoci
from neurovariety.certificates.stored_strata import StrataFacts
from neurovariety.certificates.zeros import NotShown

_MOST_RUNS = 10**6
"""Terms of the program times outputs, up to which derivatives are taken in plain arithmetic: some seconds."""
_MOST_DEGREE = 2000
_PLACES = (2**61 - 1, 2305843009213693921)
"""Primes modulo which symmetry fields are held against the program."""


Facts = StrataFacts | FamilyFacts | SmallerModelsFacts | PositionFacts | ExposureFacts | MotionFacts


@dataclass(frozen=True, eq=False)
class StoredFunctions(StoredFlows, StoredFibers, StoredPositions, StoredSingularLoci, StoredExposure, StoredMotions, StoredCounts):
    """Outputs f_w(x) of a model: ``program`` takes ``parameters`` weights, ``inputs`` inputs and then the general coefficients.

    ``model`` is the hash by which certificates speak of it, ``name`` what it is called, ``weight_names`` and ``blocks`` the names of
    its weights and the shapes of its arrays of weights. ``coefficients`` are its fixed ones, None for a general one.
    ``fields`` are rows (generator, target, source, factor) of linear vector fields on the weights that leave every function as it is;
    that they do is held against the program at two places. ``theorems`` (name, quantity, value, source), and that the functions are
    the matrices of a ``bounded_rank`` (rows, columns, rank), or the set of ``image_facts``, are taken on trust.
    ``facts``: what more some certificates ask, each of another kind.
    """

    model: str
    name: str
    parameters: int
    inputs: int
    coefficients: tuple[Fraction | None, ...]
    program: ExactSystem
    fields: np.ndarray
    theorems: tuple[tuple[str, str, int, str], ...]
    weight_names: tuple[str, ...]
    blocks: tuple[tuple[int, ...], ...]
    known_cone: bool
    bounded_rank: tuple[int, int, int] | None
    image_facts: tuple[str, tuple[int, ...]] | None
    facts: tuple[Facts, ...] = ()

    def __post_init__(self) -> None:
        general = sum(c is None for c in self.coefficients)
        if self.program.unknowns != self.parameters + self.inputs + general or min(self.parameters, self.inputs) < 0:
            raise ValueError("the program takes another number of weights, inputs and coefficients")
        if self.fields.ndim != 2 or self.fields.shape[1] != 4 or self.fields.dtype.kind != "i":
            raise ValueError("fields are rows of four integers")
        inside = (self.fields[:, 1:3] >= 0) & (self.fields[:, 1:3] < self.parameters)
        if len({type(f) for f in self.facts}) < len(self.facts):
            raise ValueError("two facts are of one kind")
        if not inside.all() or (self.fields[:, 0] < 0).any():
            raise ValueError("a field moves a weight that is not there")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotAnswered(f"the stored functions do not answer what the certificate asks ({name})")

    @property
    def hash(self) -> str:
        return self.model

    @property
    def digest(self) -> str:
        """sha256 of what is stored."""
        model = (self.name, self.parameters, self.inputs, self.coefficients, self.weight_names, self.blocks)
        known = (self.theorems, self.known_cone, self.bounded_rank, self.image_facts, *(f.digest for f in self.facts))
        return hashlib.sha256(
            f"{model}{known}{self.program.hash}{self.fields.shape}".encode() + self.fields.astype("<i8").tobytes()
        ).hexdigest()

    @property
    def monomials(self) -> int | None:
        d = self.bounds
        if d.below or not isfinite(d.inputs) or d.inputs > _MOST_DEGREE:
            return None
        return self.outputs * sum(comb(max(self.inputs + k - 1, 0), k) for k in range(int(d.low), int(d.inputs) + 1))

    def took(self, place: Place) -> int | None:
        return None  # every rank is taken anew

    def matrix(self, place: Place) -> np.ndarray:
        if place.weights is None or place.inputs is None:
            raise NotStored("the point was too large to be kept")
        p = place.prime
        height = len(place.inputs) * (self.outputs if place.factors is None else place.factors.shape[1])
        width = self.parameters if place.kind == DIMENSION else len(place.weights)
        if height * width > MOST_ENTRIES or self.program.terms * self.outputs > _MOST_RUNS:
            raise NotStored(f"a matrix of {height} x {width} entries is too large to be taken anew here")
        run = ModularRun(self.program, p)
        x = as_rows(place.inputs)
        if x.shape[1] != self.inputs or place.weights.shape[-1:] != (self.parameters,):
            raise NotShown("the place has another number of weights or inputs")
        general = self.general_at(place.coefficients, place.prime)
        if place.kind == DIMENSION:
            if place.weights.ndim != 1:
                raise NotShown("a Jacobian is taken at one point")
            rows = run.jacobians(place.weights, x, general)[..., : self.parameters]
            if place.factors is not None:
                factors = run.residues(place.factors.reshape(len(x), -1, self.outputs))
                rows = np.stack([run.product(u, j) for u, j in zip(factors, rows, strict=True)])
            return rows.reshape(-1, self.parameters)
        if place.weights.ndim != 2 or not len(place.weights):
            raise NotShown("values are taken of several functions")
        values = np.stack([run.values(w, x, general).reshape(-1) for w in place.weights])
        return run.residues(values[1:] - values[0]) if place.kind == AFFINE else values

    def error(self, place: Place, at_most: int, input_bits: float | None = None) -> float:
        if place.prime.bit_length() not in (SMALL_BITS, LARGE_BITS):
            return 1.0
        derivative = place.kind == DIMENSION
        at_most += place.kind == AFFINE  # a minor of differences is one of the values bordered by ones
        combined = derivative and place.factors is not None
        return self.bounds.rank_error(at_most, place.prime.bit_length(), derivative, combined, input_bits=input_bits)

    def error_at_inputs(self, place: Place, at_most: int, bits: float) -> float:
        if place.prime.bit_length() < LARGE_BITS:
            return 1.0
        return self.bounds.rank_error(at_most, LARGE_BITS, False, False, input_bits=bits)

    def applies(self, name: str, quantity: str, value: int, source: str) -> bool:
        return (name, quantity, value, source) in self.theorems

    def fields_error(self, prime: int) -> float:
        n = self.parameters
        if prime.bit_length() != SMALL_BITS:
            return 1.0
        row = log2(4.0 * n * int(np.abs(self.fields[:, 3]).max(initial=1)) + 1)
        return min(1.0, n / 2.0 ** (SMALL_BITS - 1) + n * row / (SMALL_BITS - 1) / primes_of(SMALL_BITS))

    def fields_rank(self, prime: int, weights: np.ndarray) -> int:
        if not self.fields_hold:
            raise NotShown("a symmetry field changes the functions")
        if weights.shape != (self.parameters,):
            raise NotShown("the fields are taken at another number of weights")
        rows = field_rows(self.fields, self.field_generators, [int(w) for w in weights], prime)
        return int(flint.nmod_mat(rows, prime).rank()) if rows else 0

    @cached_property
    def fields_hold(self) -> bool:
        """Whether the derivative of the outputs along every field is 0 at two places, which the hash of the program names."""
        count = self.field_generators
        for k, p in enumerate(_PLACES if count else ()):
            at = [_drawn(f"{self.digest} {k} {i}") % p for i in range(self.program.unknowns)]
            run, n = ModularRun(self.program, p), self.parameters
            slopes = run.jacobians(np.array(at[:n], object), np.array([at[n : n + self.inputs]], object), at[n + self.inputs :])[
                0, :, :n
            ]
            rows = np.array(field_rows(self.fields, count, at[:n], p), dtype=object).reshape(count, n)
            if run.product(slopes, rows.T).any():
                return False
        return True


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")
