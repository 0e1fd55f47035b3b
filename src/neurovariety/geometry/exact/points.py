"""One exact trial: a random prime, a generic point over its field, and what a rank there is worth."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeVar

import numpy as np
import psutil

from neurovariety.errors import DivisionByZeroError, InputError, ResourceError
from neurovariety.linear_algebra import count_primes_lower_bound, random_prime
from neurovariety.model import Model, Slot
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import draw_coefficients, values_program
from neurovariety.rings.degree_bounds import Degrees
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array, Ring, distinct_denominators
from neurovariety.tolerances import MAX_DIVISION_RETRIES, MEMORY_FRACTION, PRIME_BITS

T = TypeVar("T")

_BYTES_A_PARAMETER = 120
"""Weights, their places in the blocks and the sparse symmetry fields, a parameter."""


@dataclass(frozen=True)
class Point:
    """A generic point: weights and coefficients over a ring, and the generator that draws its inputs."""

    ring: Ring
    weights: Array
    coefficients: Array
    rng: np.random.Generator

    def inputs(self, model: Model, count: int) -> Array:
        """``count`` further random inputs, shape (count, *input shape)."""
        return self.ring.random((count, *model.input_shape), self.rng)


def draw_point(model: Model, rng: np.random.Generator, bits: int = PRIME_BITS, prime: int | None = None) -> tuple[int, Point]:
    """A random prime of ``bits`` bits, or the given one, and a random point over its field. Raises `ResourceError` where the weights
    would not fit."""
    require_memory(_BYTES_A_PARAMETER * model.parameters, None, f"a point in the weight space of {model.name}")
    p = random_prime(bits, rng) if prime is None else prime
    ring = FiniteField(p)
    return p, Point(ring, ring.random((model.parameters,), rng), draw_coefficients(model, ring, rng), rng)


def with_new_values(attempt: Callable[[int], T]) -> tuple[T, int]:
    """``attempt(k)`` for k = 0, 1, ... until no denominator vanishes; also how often new values had to be drawn.

    Raises `InputError` where a denominator vanishes every time.
    """
    for k in range(MAX_DIVISION_RETRIES):
        try:
            return attempt(k), k
        except DivisionByZeroError as error:
            last = error
    raise InputError(
        f"the model divides by zero at {MAX_DIVISION_RETRIES} random points in a row ({last}): a denominator seems to vanish "
        "identically"
    )


def division_notice(draws: int) -> tuple[str, ...]:
    """The sentence that says new random values were drawn."""
    return (f"a denominator vanished at {draws} random points; new values were drawn",) if draws else ()


@dataclass(frozen=True)
class DegreeBounds:
    """Bounds for the outputs of a model at one input, each a max over outputs (inf: no bound)."""

    inputs: float
    low: float
    parameters: float
    denominator: float
    log_norm: float

    @property
    def rational(self) -> bool:
        """Whether a denominator depends on parameters or inputs."""
        return self.denominator > 0


_BOUNDS: Final = Slot[DegreeBounds]("bounds of degrees and sizes of outputs")


def degree_bounds(model: Model) -> DegreeBounds:
    """Degrees and coefficient sizes of the outputs, by one run over the degree ring (kept with the model)."""
    return model.kept.once(_BOUNDS, lambda: _degree_bounds(model))


def _degree_bounds(model: Model) -> DegreeBounds:
    program = values_program(model)
    fixed = [c for c in model.coefficients if c is not None]
    common = math.lcm(*distinct_denominators([*program.constants.values(), np.array(fixed, dtype=object)]))
    ring = Degrees(common)
    # Generic coefficients are drawn like parameters, so they count as such.
    coefficients = np.concatenate(
        [ring.zeros((0,))] + [ring.parameters((1,)) if c is None else ring.scalar(c)[None] for c in model.coefficients]
    )
    leaves = [ring.parameters(b.shape) for b in model.blocks]
    (out,) = interpret(program, ring, [*leaves, ring.inputs(model.input_shape), coefficients])
    live = out.reshape(-1)[~np.isneginf(out.reshape(-1)["norm"])]
    top = {f: float(live[f].max(initial=0.0)) for f in ("inputs", "parameters", "under", "norm", "under_norm", "scale")}
    return DegreeBounds(
        inputs=top["inputs"],
        low=float(live["low"].min(initial=top["inputs"])),
        parameters=top["parameters"],
        denominator=top["under"],
        log_norm=top["norm"] + top["under_norm"],
    )


def rank_error(
    model: Model,
    rank_at_most: int,
    derivative: bool,
    bits: int = PRIME_BITS,
    input_bits: float | None = None,
    inner: tuple[float, float] = (1.0, 0.0),
    combined: bool = False,
) -> float:
    """Probability bound that one trial's rank is below the generic rank, given that this is at most ``rank_at_most``.

    The generic rank R is witnessed by a minor, a polynomial in weights and inputs with integer coefficients. The trial misses
    it if the prime divides all its coefficients or if the random point is a zero of it mod p: at most (log2 of its height) /
    (bits - 1) primes out of all of that size, and degree / p (Schwartz 1980). Entries of a row have the output's degree and
    norm, or those of its derivative. With ``input_bits`` the inputs are given rational numbers, whose numerators and common
    denominator have at most so many bits, and only the weights are random. With ``inner`` the weights are themselves polynomials
    of that degree, the sums of whose absolute coefficients have at most that logarithm. With ``combined`` the rows are random
    combinations: a minor of theirs is linear in each row of factors besides, with the minors of the matrix itself for coefficients
    (Cauchy and Binet), so that its degree grows by its size and its height does not. Returns 1 where the bound says nothing.
    """
    d = degree_bounds(model)
    degree = d.parameters * inner[0] + (d.inputs if input_bits is None else 0.0)
    log_norm = d.log_norm + (math.log2(max(d.parameters, 1)) if derivative else 0.0) + d.parameters * inner[1]
    if input_bits is not None:
        log_norm += d.inputs * input_bits
    if d.rational:  # the derivative of n/d is a quotient over d^2; rows are cleared of denominators
        degree, log_norm = 2 * degree + 2 * d.denominator * max(inner[0], 1.0), 2 * log_norm + 1
    if combined:
        degree += 1
    minor_degree, log_height = rank_at_most * degree, rank_at_most * log_norm
    smallest = 2.0 ** (bits - 1)
    bad_primes = log_height / (bits - 1)
    error = minor_degree / smallest + bad_primes / count_primes_lower_bound(bits)
    return min(1.0, error) if math.isfinite(error) else 1.0


def memory_limit(limit: int | None) -> int:
    """Bytes that one exact computation may use."""
    return limit if limit is not None else int(MEMORY_FRACTION * _memory())


@cache
def _memory() -> int:
    """Bytes of this machine, read once: it takes longer than a small rank."""
    return int(psutil.virtual_memory().total)


def require_memory(needed: float, limit: int | None, what: str) -> None:
    """Raise `ResourceError`, with the estimate, before a computation that would not fit."""
    allowed = memory_limit(limit)
    if needed > allowed:
        raise ResourceError(
            f"{what} needs about {_gib(needed)}, more than the limit of {_gib(allowed)}; use a smaller architecture or raise "
            "--memory-limit"
        )


def _gib(size: float) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.3g} MiB"


def as_json_bound(error: float) -> float | None:
    """An error bound for the evidence: the number, or None where it says nothing."""
    return error if error < 1 else None
