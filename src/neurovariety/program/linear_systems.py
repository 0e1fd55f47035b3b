"""How a program is written for determinants, factors and triangular systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from neurovariety.errors import DivisionByZeroError, InputError, NotAlgebraicError
from neurovariety.linear_algebra import random_prime
from neurovariety.program import solving
from neurovariety.program.interpret import interpret
from neurovariety.program.jaxpr import JaxprEquation
from neurovariety.program.program import Program
from neurovariety.program.refusals import Refused, refusal
from neurovariety.program.rewriting import Value
from neurovariety.program.source_lines import library_functions
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_DIVISION_RETRIES, PRIME_BITS

_SEED = 2024
_RATIONAL = frozenset(("solve", "inv", "det", "slogdet", "slogdet_lu", "cofactor_solve"))
"""Functions of JAX that use a factorization for something that does not depend on its pivots."""


@runtime_checkable
class ProgramWriter(Protocol):
    """What writes a program."""

    def emit(
        self, name: str, operands: Sequence[Value], shape: tuple[int, ...], parameters: Mapping[str, object], line: str
    ) -> int: ...

    def program(self, outputs: Sequence[Value], shapes: tuple[tuple[int, ...], ...]) -> Program: ...


def determinant_of(writer: ProgramWriter, matrix: Value, shape: tuple[int, ...], line: str) -> list[Value]:
    """The determinants of matrices of the given shape."""
    if isinstance(matrix, Refused):
        return [matrix]
    if isinstance(matrix, np.ndarray) and solving.small(matrix):
        return [solving.constant_determinant(matrix)]
    return [writer.emit("det", [matrix], shape[:-2], {}, line)]


def solved(writer: ProgramWriter, equation: JaxprEquation, operands: Sequence[Value], line: str) -> list[Value]:
    """Results of ``lu`` or ``triangular_solve`` where they depend on an input."""
    return (_factors if equation.primitive.name == "lu" else _solution)(writer, equation, operands, line)


def _factors(writer: ProgramWriter, equation: JaxprEquation, operands: Sequence[Value], line: str) -> list[Value]:
    """L and U by pivots that are nonzero at a random point of a prime field, and so at a generic one; the pivots are constants.

    JAX takes the largest entry, which differs from point to point; so this is read only where the pivots do not matter in the end.
    """
    shape = tuple(equation.invars[0].aval.shape)
    if not _RATIONAL & set(library_functions(equation)) or shape[-1] != shape[-2]:
        raise NotAlgebraicError(refusal("lu", line))
    (matrix,) = operands
    at, p = _at_random(writer, matrix, shape)
    try:
        swaps, order = solving.interchanges(at, p)
    except InputError as error:
        raise InputError(f"{error} ({line or 'line unknown'}); solve with one that is invertible") from None
    return [writer.emit("lu", [matrix], shape, {"permutation": order}, line), swaps, order]


def _at_random(writer: ProgramWriter, value: Value, shape: tuple[int, ...]) -> tuple[Array, int]:
    """A value at a random point of a random prime field, and the prime."""
    program = writer.program([value], (shape,))
    rng = np.random.default_rng(_SEED)
    for _ in range(MAX_DIVISION_RETRIES):
        ring = FiniteField(random_prime(PRIME_BITS, rng))
        try:
            (found,) = interpret(program, ring, [ring.random(s, rng) for s in program.inputs])
        except DivisionByZeroError:
            continue
        return found, ring.p
    raise DivisionByZeroError("a denominator of the model vanishes at every point that was tried")


def _solution(writer: ProgramWriter, equation: JaxprEquation, operands: Sequence[Value], line: str) -> list[Value]:
    p = {k: bool(equation.params[k]) for k in ("left_side", "lower", "transpose_a", "unit_diagonal")}
    a, b = operands
    shape = tuple(equation.outvars[0].aval.shape)
    if not isinstance(a, np.ndarray) or not solving.small(a):
        return [writer.emit("triangular_solve", [a, b], shape, p, line)]
    # a constant matrix has a constant inverse: no denominators
    eye = np.broadcast_to(np.eye(a.shape[-1], dtype=np.int64), a.shape)
    inverse = solving.constant_solution(a, eye, p)
    batch = tuple(range(len(shape) - 2))
    last = len(shape) - 1
    left, right = (inverse, b) if p["left_side"] else (b, inverse)
    return [writer.emit("dot_general", [left, right], shape, {"dimension_numbers": (((last,), (last - 1,)), (batch, batch))}, line)]
