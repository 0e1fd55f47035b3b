"""Quadrics on the coordinates of a parametrization: what squared distances of functions look like there, one by one and in families."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from jaxtyping import Float, Inexact, Shaped

from neurovariety.certificates.inner_products import EXACT_PRODUCTS, KEPT, Exponents
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array

Term = tuple[int, tuple[int, ...], float]
"""Output, exponents of the inputs, and scale of a coordinate, as `Coordinates.terms` has them."""

GENERAL = "diagonal"
"""The family whose general members have as many critical points as general quadrics."""


def _rounded(exact: Callable[[Exponents, Exponents], Fraction]) -> Callable[[Exponents, Exponents], float]:
    return lru_cache(KEPT)(lambda e, f: float(exact(e, f)))


PRODUCTS: dict[str, Callable[[Exponents, Exponents], float]] = {name: _rounded(exact) for name, exact in EXACT_PRODUCTS.items()}
"""The same in floating point."""


def stated(terms: Sequence[Term], metric: str) -> Float[np.ndarray, "N N"]:
    """The matrix of one of `PRODUCTS`, summed over outputs."""
    return _by_outputs(terms, PRODUCTS[metric])


def of_data(terms: Sequence[Term], inputs: Shaped[np.ndarray, "samples inputs"]) -> Float[np.ndarray, "N N"]:
    """The mean square over the rows of ``inputs``, summed over outputs: the Gram matrix, once for each output.

    Divided by its largest entry, which changes no critical point.
    """
    x = np.asarray(inputs, dtype=np.float64)
    monomials = {e: np.prod(x ** np.array(e), axis=1) for _, e, _ in terms}
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = _by_outputs(terms, lambda e, f: float(monomials[e] @ monomials[f]))
    if not np.isfinite(matrix).all():
        raise InputError("the data are too large: their monomials leave the range of floats; scale the columns")
    scaled: Float[np.ndarray, "N N"] = matrix / max(np.abs(matrix).max(initial=0.0), 1e-300)
    return scaled


def general(terms: Sequence[Term], rank: int, rng: np.random.Generator) -> Float[np.ndarray, "N N"]:
    """A random real positive semidefinite quadric of that rank."""
    factor = rng.normal(size=(rank, len(terms)))
    found: Float[np.ndarray, "N N"] = factor.T @ factor / rank
    return found


def _by_outputs(terms: Sequence[Term], entry: Callable[[Exponents, Exponents], float]) -> Float[np.ndarray, "N N"]:
    """Entries for pairs of coordinates of one output, zero for two outputs."""
    out = np.zeros((len(terms), len(terms)))
    for i, (o, e, s) in enumerate(terms):
        for k, (p, f, t) in enumerate(terms[: i + 1]):
            if o == p:
                out[i, k] = out[k, i] = entry(e, f) / (s * t)
    return out


@dataclass(frozen=True, eq=False)
class QuadricFamily:
    """A linear family of quadrics on ``size`` coordinates: entries (row, column, number of the parameter, factor), row >= column.

    ``draw(number, rng)`` gives the parameters (number, parameters) of general members.
    """

    name: str
    size: int
    places: tuple[tuple[int, int, int, float], ...]
    parameters: int
    draw: Callable[[int, np.random.Generator], Array]

    def matrices(self, parameters: Inexact[np.ndarray, "members m"]) -> Inexact[np.ndarray, "members N N"]:
        """The members at parameters."""
        out = np.zeros((len(parameters), self.size, self.size), dtype=parameters.dtype)
        for i, k, at, factor in self.places:
            out[:, i, k] += parameters[:, at] * factor
            if i != k:
                out[:, k, i] += parameters[:, at] * factor
        return out

    def parameters_of(self, matrix: Float[np.ndarray, "N N"]) -> Float[np.ndarray, " m"] | None:
        """The parameters of a member, None for a matrix that is none."""
        system = np.zeros((self.size * self.size, self.parameters))
        for i, k, at, factor in self.places:
            system[i * self.size + k, at] += factor
        lower = np.tril(matrix).reshape(-1)
        used = np.abs(system).sum(axis=1) > 0
        found = np.linalg.lstsq(system[used], lower[used])[0] if used.any() else np.zeros(self.parameters)
        same = np.abs(self.matrices(found[None])[0] - matrix).max(initial=0.0) <= 1e-12 * np.abs(matrix).max(initial=0.0)
        return found if same else None


def diagonal(terms: Sequence[Term]) -> QuadricFamily:
    """All diagonal quadrics; a general one counts like a general quadric (`critical_points`)."""

    def draw(number: int, rng: np.random.Generator) -> Array:
        return np.exp(2j * np.pi * rng.random((number, n))) * rng.uniform(0.5, 2.0, (number, n))

    n = len(terms)
    return QuadricFamily(GENERAL, n, tuple((i, i, i, 1.0) for i in range(n)), n, draw)


def only(terms: Sequence[Term], matrix: Float[np.ndarray, "N N"]) -> QuadricFamily:
    """The one quadric ``matrix``; its entries are parameters, so that no coefficient of a system was ever rounded."""
    n = len(terms)
    entries = [(i, k) for i in range(n) for k in range(i + 1) if matrix[i, k]]
    values = np.array([matrix[place] for place in entries], dtype=np.complex128)
    places = tuple((i, k, at, 1.0) for at, (i, k) in enumerate(entries))
    return QuadricFamily("the stated quadric", n, places, len(entries), lambda number, _: np.tile(values, (number, 1)))


def pencil(terms: Sequence[Term], first: Float[np.ndarray, "N N"], second: Float[np.ndarray, "N N"]) -> QuadricFamily:
    """The combinations of two quadrics."""
    places = tuple(
        (i, k, at, float(m[i, k])) for at, m in enumerate((first, second)) for i in range(len(terms)) for k in range(i + 1) if m[i, k]
    )

    def draw(number: int, rng: np.random.Generator) -> Array:
        return np.exp(2j * np.pi * rng.random((number, 2))) * rng.uniform(0.3, 1.0, (number, 2))

    return QuadricFamily("a pencil of quadrics", len(terms), places, 2, draw)


def moments(terms: Sequence[Term]) -> QuadricFamily:
    """The quadrics of data: for each output the same Gram matrix, whose entry at x^e, x^f is the moment of x^(e + f)."""
    numbers: dict[Exponents, int] = {}
    places = []
    for i, (o, e, s) in enumerate(terms):
        for k, (p, f, t) in enumerate(terms[: i + 1]):
            if o == p:
                at = numbers.setdefault(tuple(a + b for a, b in zip(e, f, strict=True)), len(numbers))
                places.append((i, k, at, 1 / (s * t)))
    exponents = np.array(list(numbers)).reshape(len(numbers), -1)
    samples = 2 * len(numbers) + 4

    def draw(number: int, rng: np.random.Generator) -> Array:
        shape = (number, samples, exponents.shape[1])
        x = rng.normal(size=shape) + 0.4j * rng.normal(size=shape)
        x /= np.maximum(np.linalg.norm(x, axis=2, keepdims=True), 1e-3) / rng.uniform(0.8, 1.4, (number, samples, 1))
        weights = np.exp(2j * np.pi * rng.random((number, samples))) * rng.uniform(0.5, 2.0, (number, samples))
        found = np.einsum("ps,psm->pm", weights, np.prod(x[:, :, None, :] ** exponents, axis=-1))
        return found / np.abs(found).max(axis=1, keepdims=True)  # paths to data are followed from entries of the size of theirs

    return QuadricFamily("Gram matrices of moments", len(terms), tuple(places), len(numbers), draw)
