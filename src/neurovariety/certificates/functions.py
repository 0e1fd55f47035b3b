"""What certificates ask of a model: exact arithmetic with its functions f_w, modulo primes and over Q, and nothing that searches."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, Protocol, runtime_checkable

import numpy as np

DIMENSION, SPAN, AFFINE = "dimension", "span", "affine span"
Kind = Literal["dimension", "span", "affine span"]
Inputs = tuple[tuple[Fraction, ...], ...]
"""A table of exact inputs, one sample a row."""


def at_inputs(kind: str, inputs: Inputs | None) -> str:
    """The kind of a statement about a model at a table of inputs, which belongs to it; ``kind`` where there is no table."""
    return kind if inputs is None else f"{kind} at the inputs {hashlib.sha256(repr(inputs).encode()).hexdigest()[:32]}"


Term = tuple[int, ...]


@dataclass(frozen=True)
class Equation:
    """A homogeneous equation: ascending coordinate indices -> coprime integer coefficient. Index n stands for the constant 1."""

    degree: int
    terms: tuple[tuple[Term, int], ...]


@dataclass(frozen=True, eq=False)
class Place:
    """A matrix mod ``prime`` of a model.

    ``kind`` is `DIMENSION`: the Jacobian at ``weights`` (N,) and ``inputs``; `SPAN`: the values at the inputs of functions with
    ``weights`` (S, N); or `AFFINE`: the same less the first of them. With ``factors`` (inputs, rows, outputs), combinations of the
    outputs stand in their place. ``coefficients`` are those of the model mod p, the generic ones drawn. Arrays are None where they were
    too large to keep.
    """

    kind: Kind
    prime: int
    weights: np.ndarray | None
    coefficients: np.ndarray
    inputs: np.ndarray | None
    factors: np.ndarray | None

    @property
    def samples(self) -> int | None:
        """The number of inputs; None where they were too many to keep."""
        return None if self.inputs is None else len(self.inputs)

    @property
    def drawn(self) -> tuple[int, ...]:
        """The prime and the weights, whose draw makes trials independent of each other; for weights that were too large to keep, which
        are known to one process alone, the place itself."""
        return (id(self),) if self.weights is None else draw_of(self.prime, self.weights)


def draw_of(prime: int, *arrays: np.ndarray) -> tuple[int, ...]:
    """The prime and residues, however they are written: trials at places are independent only where these differ. What a file repeats
    has other addresses, and may have other representatives."""
    return (prime, *(int(v) % prime for array in arrays for v in array.reshape(-1)))


@runtime_checkable
class Functions(Protocol):
    """A model as a program over any commutative ring. Whoever implements this is trusted, as the reader of the model is."""

    @property
    def hash(self) -> str:
        """sha256 of the program with its constants."""
        ...

    @property
    def parameters(self) -> int:
        """Number N of weights."""
        ...

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        ...

    @property
    def monomials(self) -> int | None:
        """How many monomials of the outputs' degrees there are; None for a rational model, or where the degrees are too large."""
        ...

    def matrix(self, place: Place) -> np.ndarray:
        """The matrix mod p at a place. Raises `NotShown` where its arrays were too large to keep."""
        ...

    def took(self, place: Place) -> int | None:
        """The rank of the matrix, where this process has taken it by exact elimination."""
        ...

    @property
    def generic(self) -> bool:
        """Whether the model has general coefficients, which are drawn at each place."""
        ...

    @property
    def field_generators(self) -> int:
        """The number of stated symmetry fields that are verified: their generic rank is at most that."""
        ...

    def error(self, place: Place, at_most: int, input_bits: float | None = None) -> float:
        """The probability, at most, that a random place like this misses a generic rank of at most ``at_most``; with ``input_bits`` its
        inputs are not random, but given rational numbers of that size."""
        ...

    def applies(self, name: str, quantity: str, value: int, source: str) -> bool:
        """Whether a theorem of that name, conclusion and source is stated of the model, and code finds that its hypotheses hold."""
        ...

    def fields_rank(self, prime: int, weights: np.ndarray) -> int:
        """The rank mod p, at the weights given, of the stated symmetry fields that are verified as identities."""
        ...

    def fields_error(self, prime: int) -> float:
        """The probability, at most, that the rank of the stated fields at a random point mod a random prime as long as that is below
        their generic one."""
        ...

    def expanded_span(self, affine: bool) -> int | None:
        """The dimension of the linear (or affine) span by exact expansion over Q; None where the model is too large to expand."""
        ...

    def proportional_sums(self) -> list[Fraction]:
        """For each class of proportional coefficients of the outputs, the sum of the factors, by exact expansion."""
        ...


@runtime_checkable
class Coefficients(Functions, Protocol):
    """A model whose functions have coefficients that were written out as exact polynomials of the weights."""

    def coefficient_count(self) -> int:
        """Number of coefficients of the functions that occur, by expansion."""
        ...

    @property
    def coefficient_names(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """(output, exponents) of each of them."""
        ...

    def vanishes(self, equation: Equation) -> bool | None:
        """Whether an equation vanishes identically on all functions, by expansion over Q; None where that would take too long."""
        ...

    def function_at(self, weights: tuple[Fraction, ...]) -> dict[tuple[int, tuple[int, ...]], Fraction]:
        """The function of exact weights, expanded: (output, exponents) -> coefficient, those that are not 0."""
        ...

    def equations_rank(self, equations: tuple[Equation, ...], prime: int, weights: np.ndarray) -> int:
        """The rank mod p of the gradients of equations at the function of ``weights``."""
        ...


@runtime_checkable
class Moving(Functions, Protocol):
    """A model whose gradient flows are asked for."""

    @property
    def weight_names(self) -> tuple[str, ...]:
        """The names of the weights."""
        ...

    def gradient_fields(self, inputs: Inputs | None) -> list[tuple[Mapping[tuple[int, ...], Fraction], ...]]:
        """Polynomial vector fields that span, at general weights, the gradients of the coefficients of the outputs (of their values at
        ``inputs``): for each a component by weight, exponents -> coefficient."""
        ...
