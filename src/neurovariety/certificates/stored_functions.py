"""A model's functions as data that can be stored: one program of sums and products, and what certificates ask of it.

`StoredFunctions` answers what `functions.Functions` and `functions.Coefficients` ask, by plain arithmetic mod p and by expansion over
Q. It searches nothing, knows no architecture, and needs python-flint and NumPy alone. So what is checked with it is a statement about
the program as it is stored. That it is the program of a model is for those to compare who can read the model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import comb, isfinite, log2, prod
from typing import Any, NoReturn

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.functions import AFFINE, DIMENSION, Equation, Place
from neurovariety.certificates.gaussian import parts
from neurovariety.certificates.modular_runs import ModularRun, field_rows
from neurovariety.certificates.program_bounds import LARGE_BITS, SMALL_BITS, ProgramBounds, primes_of, program_bounds
from neurovariety.certificates.zeros import NotShown

LARGEST_EXPANSION = 20_000
"""Terms of the outputs beyond which they are not expanded."""
_MOST_PRODUCTS = 5 * 10**6
_MOST_ENTRIES = 4 * 10**6
_MOST_RUNS = 10**6
"""Terms of the program times outputs, up to which derivatives are taken in plain arithmetic: some seconds."""
_MOST_DEGREE = 2000
_PLACES = (2**61 - 1, 2305843009213693921)
"""Primes modulo which symmetry fields are held against the program."""


class NotStored(NotShown, AttributeError):
    """A certificate asks for what is not stored."""


@dataclass(frozen=True, eq=False)
class StoredFunctions:
    """Outputs f_w(x) of a model: ``program`` takes ``parameters`` weights, ``inputs`` inputs and then the general coefficients.

    ``name`` is the hash by which certificates speak of the model. ``coefficients`` are its fixed ones, None for a general one.
    ``fields`` are rows (generator, target, source, factor) of linear vector fields on the weights that leave every function as it is;
    that they do is held against the program at two places. ``theorems`` (name, quantity, value, source) are taken on trust.
    """

    name: str
    parameters: int
    inputs: int
    coefficients: tuple[Fraction | None, ...]
    program: ExactSystem
    fields: np.ndarray
    theorems: tuple[tuple[str, str, int, str], ...]

    def __post_init__(self) -> None:
        general = sum(c is None for c in self.coefficients)
        if self.program.unknowns != self.parameters + self.inputs + general or min(self.parameters, self.inputs) < 0:
            raise ValueError("the program takes another number of weights, inputs and coefficients")
        if self.fields.ndim != 2 or self.fields.shape[1] != 4 or self.fields.dtype.kind != "i":
            raise ValueError("fields are rows of four integers")
        inside = (self.fields[:, 1:3] >= 0) & (self.fields[:, 1:3] < self.parameters)
        if not inside.all() or (self.fields[:, 0] < 0).any():
            raise ValueError("a field moves a weight that is not there")

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotStored(f"the stored functions do not answer what the certificate asks ({name})")

    @property
    def hash(self) -> str:
        return self.name

    @property
    def digest(self) -> str:
        """sha256 of what is stored."""
        own = (self.parameters, self.inputs, self.coefficients, self.theorems, self.program.hash, self.fields.shape)
        return hashlib.sha256(f"{own}".encode() + self.fields.astype("<i8").tobytes()).hexdigest()

    @property
    def outputs(self) -> int:
        return len(self.program.equations)

    @property
    def generic(self) -> bool:
        return any(c is None for c in self.coefficients)

    @cached_property
    def bounds(self) -> ProgramBounds:
        """Degrees and sizes of the outputs."""
        return program_bounds(self.program, range(self.parameters, self.parameters + self.inputs))

    @property
    def monomials(self) -> int | None:
        d = self.bounds
        if d.below or not isfinite(d.inputs) or d.inputs > _MOST_DEGREE:
            return None
        return self.outputs * sum(comb(self.inputs + k - 1, k) for k in range(int(d.low), int(d.inputs) + 1))

    def took(self, place: Place) -> int | None:
        return None  # every rank is taken anew

    def matrix(self, place: Place) -> np.ndarray:
        if place.weights is None or place.inputs is None:
            raise NotStored("the point was too large to be kept")
        p = place.prime
        height = len(place.inputs) * (self.outputs if place.factors is None else place.factors.shape[1])
        width = self.parameters if place.kind == DIMENSION else len(place.weights)
        if height * width > _MOST_ENTRIES or self.program.terms * self.outputs > _MOST_RUNS:
            raise NotStored(f"a matrix of {height} x {width} entries is too large to be taken anew here")
        run = ModularRun(self.program, p)
        x = place.inputs.reshape(len(place.inputs), -1)
        if x.shape[1] != self.inputs or place.weights.shape[-1:] != (self.parameters,):
            raise NotShown("the place has another number of weights or inputs")
        general = self._general(place)
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

    def _general(self, place: Place) -> list[int]:
        """The general coefficients of a place; the others have to be the model's."""
        given = [int(v) for v in place.coefficients.reshape(-1)]
        if len(given) != len(self.coefficients):
            raise NotShown("the place has another number of coefficients")
        for value, c in zip(given, self.coefficients, strict=True):
            if c is not None and (c.denominator * value - c.numerator) % place.prime:
                raise NotShown("a coefficient at the place is not that of the model")
        return [v for v, c in zip(given, self.coefficients, strict=True) if c is None]

    def error(self, place: Place, at_most: int, input_bits: float | None = None) -> float:
        if input_bits is not None:
            raise NotStored("the stored functions do not bound errors at given inputs")
        if place.prime.bit_length() not in (SMALL_BITS, LARGE_BITS):
            return 1.0
        derivative = place.kind == DIMENSION
        at_most += place.kind == AFFINE  # a minor of differences is one of the values bordered by ones
        return self.bounds.rank_error(at_most, place.prime.bit_length(), derivative, derivative and place.factors is not None)

    def applies(self, name: str, quantity: str, value: int, source: str) -> bool:
        return (name, quantity, value, source) in self.theorems

    @property
    def field_generators(self) -> int:
        return int(self.fields[:, 0].max(initial=-1)) + 1

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

    @cached_property
    def expansion(self) -> list[dict[tuple[int, ...], flint.fmpq]] | None:
        """The outputs as polynomials in weights and inputs, exponents -> coefficient; None for a rational or general model, and for a
        large one."""
        if self.generic or self.bounds.below:
            return None
        context = flint.fmpq_mpoly_ctx.get([f"v{i}" for i in range(max(self.program.unknowns, 1))], flint.Ordering.degrevlex)
        run = _Expanding(context)
        try:
            found = Over(self.program, run.constant)([_Short(context.gen(i)) for i in range(self.program.unknowns)])
        except NotStored:
            return None
        return [{tuple(map(int, e))[: self.program.unknowns]: c for e, c in f.value.to_dict().items()} for f in found]

    @cached_property
    def _coordinates(self) -> list[tuple[tuple[int, tuple[int, ...]], flint.fmpq_mpoly]]:
        """(output, exponents of the inputs) and that coefficient, a polynomial in the weights, in their order."""
        if self.expansion is None:
            raise NotStored("the functions are too large to expand, or rational")
        n = self.parameters
        context = flint.fmpq_mpoly_ctx.get([f"w{i}" for i in range(n)], flint.Ordering.degrevlex)
        found: dict[tuple[int, tuple[int, ...]], dict[tuple[int, ...], flint.fmpq]] = {}
        for output, terms in enumerate(self.expansion):
            for e, c in terms.items():
                found.setdefault((output, e[n:]), {})[e[:n]] = c
        return [(key, context.from_dict(found[key])) for key in sorted(found, key=lambda k: (k[0], tuple(-e for e in k[1])))]

    def expanded_span(self, affine: bool) -> int | None:
        if self.expansion is None:
            return None
        rows: dict[tuple[int, ...], dict[tuple[int, tuple[int, ...]], flint.fmpq]] = {}
        for (output, e), q in self._coordinates:
            for w, c in q.to_dict().items():
                rows.setdefault(tuple(w), {})[output, e] = c
        chosen = [row for w, row in rows.items() if any(w) or not affine]
        place = {key: i for i, (key, _) in enumerate(self._coordinates)}
        if len(rows) * len(place) > _MOST_ENTRIES:
            return None
        matrix = flint.fmpq_mat(len(chosen), max(len(place), 1))
        for i, row in enumerate(chosen):
            for key, c in row.items():
                matrix[i, place[key]] = c
        return int(matrix.rank())

    def proportional_sums(self) -> list[Fraction]:
        classes: dict[Any, Fraction] = {}
        for _, q in self._coordinates:
            terms = sorted((tuple(map(int, e)), _fraction(c)) for e, c in q.to_dict().items())
            if not any(any(e) for e, _ in terms):
                continue  # no weight changes it
            first = terms[0][1]
            key = tuple((e, c / first) for e, c in terms)
            classes[key] = classes.get(key, Fraction(0)) + first
        return list(classes.values())

    def coefficient_count(self) -> int:
        return len(self._coordinates)

    def vanishes(self, equation: Equation) -> bool | None:
        polynomials = [q for _, q in self._coordinates]
        sizes = [*map(len, polynomials), 1]
        if sum(prod(sizes[i] for i in term) for term, _ in equation.terms) > _MOST_PRODUCTS:
            return None
        context = polynomials[0].context()
        values = [*polynomials, context.constant(1)]
        total = context.constant(0)
        for term, coefficient in equation.terms:
            product = context.constant(coefficient)
            for i in term:
                product = product * values[i]
            total = total + product
        return bool(total == 0)

    def function_at(self, weights: tuple[Fraction, ...]) -> dict[tuple[int, tuple[int, ...]], Fraction]:
        at = [flint.fmpq(w.numerator, w.denominator) for w in weights]
        found = {key: _fraction(q(*at)) for key, q in self._coordinates}
        return {key: c for key, c in found.items() if c}

    def equations_rank(self, equations: tuple[Equation, ...], prime: int, weights: np.ndarray) -> int:
        at = [_residue(q, [int(w) for w in weights], prime) for _, q in self._coordinates] + [1]
        rows = []
        for equation in equations:
            row = [0] * (len(at) - 1)
            for term, c in equation.terms:
                for k, i in enumerate(term):
                    if i < len(row):
                        row[i] = (row[i] + c * prod(at[j] for j in (*term[:k], *term[k + 1 :]))) % prime
            rows.append(row)
        return int(flint.nmod_mat(rows, prime).rank()) if rows and rows[0] else 0


@dataclass(frozen=True)
class _Short:
    """A polynomial that may not become long."""

    value: flint.fmpq_mpoly

    def __add__(self, other: _Short) -> _Short:
        return _kept(self.value + other.value)

    def __mul__(self, other: _Short) -> _Short:
        if len(self.value) * len(other.value) > 64 * LARGEST_EXPANSION:
            raise NotStored("the functions are too large to expand")
        return _kept(self.value * other.value)

    def __pow__(self, e: int) -> _Short:
        found = self
        for _ in range(e - 1):
            found = found * self
        return found


def _kept(value: flint.fmpq_mpoly) -> _Short:
    if len(value) > LARGEST_EXPANSION:
        raise NotStored("the functions are too large to expand")
    return _Short(value)


@dataclass(frozen=True)
class _Expanding:
    context: Any

    @property
    def constant(self) -> Callable[[Any], _Short]:
        return lambda c: _Short(self.context.constant(flint.fmpq(*parts(c)[0].as_integer_ratio())))


def _drawn(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def _fraction(c: flint.fmpq) -> Fraction:
    return Fraction(int(c.p), int(c.q))


def _residue(q: flint.fmpq_mpoly, at: list[int], p: int) -> int:
    total = 0
    for e, c in q.to_dict().items():
        value = int(c.p) * pow(int(c.q), -1, p)
        for w, k in zip(at, e, strict=True):
            value = value * pow(w, int(k), p) % p
        total += value
    return total % p
