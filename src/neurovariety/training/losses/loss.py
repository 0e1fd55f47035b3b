"""Losses as quadrics on the space of functions (learning as nearest point): Q(f - u) plus a constant.

A loss is known by the inner product of monomials that it comes from: <a, b>, and <a, u> and <u, u> for what is to be fitted. For data
that is the mean of a(x) b(x) over the samples, each output by itself, and u is any function through the targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from fractions import Fraction
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Inexact
from numpy.typing import ArrayLike

from neurovariety.errors import DataError, InputError
from neurovariety.exact_numbers import exact_table, float_table
from neurovariety.geometry.ideal.coefficients import monomial_name
from neurovariety.geometry.solutions.quadrics import PRODUCTS, QuadricFamily, Term, moments, only
from neurovariety.geometry.solutions.resuming import printed
from neurovariety.rings.ring import Array

Monomial = tuple[int, tuple[int, ...]]
"""Output, and exponents of the inputs."""

METRICS = ("data", *PRODUCTS)

_FEW_ENTRIES = 1_000_000
"""Residuals at more numbers than these are replaced by as many combinations of them as there are coordinates."""


class LossResidual(NamedTuple):
    """The loss at coordinates c as e^T G e, e = ``design`` c - ``offset``; G is ``gram``, None for the identity."""

    design: Float[np.ndarray, "k N"]
    offset: Float[np.ndarray, " k"]
    gram: Float[np.ndarray, "k k"] | None = None


@runtime_checkable
class Loss(Protocol):
    """A squared distance of functions to something given."""

    @property
    def name(self) -> str: ...

    @property
    def kind(self) -> str:
        """All of the loss that its `family`, and so its general problem, depends on."""

    def pair(self, a: Monomial, b: Monomial) -> float:
        """The inner product <a, b>."""

    def against(self, a: Monomial) -> float:
        """<a, u>, u what is to be fitted."""

    @property
    def size(self) -> float:
        """<u, u>."""

    def family(self, terms: Sequence[Term]) -> QuadricFamily:
        """A linear space of quadrics that the loss is one of, in which it is not special."""

    def residual(self, terms: Sequence[Term], fixed: Sequence[tuple[Term, float]]) -> LossResidual:
        """What is left of the target at coordinates: losses are computed from it, as differences of large numbers lose all digits."""


@dataclass(frozen=True, eq=False)
class SquaredError:
    """The mean over samples of the squared error: ``weights`` are the ``sample_weights``, one a sample and none negative,
    divided by their sum."""

    inputs: Float[np.ndarray, "S d"]
    targets: Float[np.ndarray, "S k"]
    sample_weights: InitVar[object] = None
    name: str = "squared error on data"
    weights: Float[np.ndarray, " S"] = field(init=False)
    _powers: dict[tuple[int, ...], Array] = field(default_factory=dict, repr=False)

    def __post_init__(self, sample_weights: object) -> None:
        weights = np.ones(len(self.inputs))
        if sample_weights is not None:
            weights = float_table(exact_table(sample_weights, "sample weights"), "sample weights")
        if weights.shape != (len(self.inputs),) or (weights < 0).any() or not weights.any():
            raise DataError("sample weights are one number a sample, none negative and not all zero")
        weights = weights / weights.max()  # first, for the sum of large ones has no float
        object.__setattr__(self, "weights", weights / weights.sum())

    @property
    def kind(self) -> str:
        """That of any data: the general problem has general moments."""
        return "squared error on data"

    def _at(self, exponents: tuple[int, ...]) -> Float[np.ndarray, " S"]:
        if exponents not in self._powers:
            self._powers[exponents] = np.prod(self.inputs ** np.array(exponents), axis=1)
        return self._powers[exponents]

    def pair(self, a: Monomial, b: Monomial) -> float:
        return float(self.weights @ (self._at(a[1]) * self._at(b[1]))) if a[0] == b[0] else 0.0

    def against(self, a: Monomial) -> float:
        return float(self.weights @ (self._at(a[1]) * self.targets[:, a[0]]))

    @property
    def size(self) -> float:
        return float(self.weights @ (self.targets**2).sum(axis=1))

    def family(self, terms: Sequence[Term]) -> QuadricFamily:
        return moments(terms)

    def residual(self, terms: Sequence[Term], fixed: Sequence[tuple[Term, float]]) -> LossResidual:
        rows, outputs = self.targets.shape
        offset = self.targets.copy()
        for (o, e, s), value in fixed:
            offset[:, o] -= value / s * self._at(e)
        design = np.zeros((rows, outputs, len(terms)))
        for k, (o, e, s) in enumerate(terms):
            design[:, o, k] = self._at(e) / s
        root = np.sqrt(self.weights)
        found = (root[:, None, None] * design).reshape(-1, len(terms)), (root[:, None] * offset).reshape(-1)
        if found[0].size <= _FEW_ENTRIES:
            return LossResidual(*found)
        upper = np.asarray(np.linalg.qr(np.column_stack(found), mode="r"))
        return LossResidual(upper[:, :-1], upper[:, -1])


@dataclass(frozen=True, eq=False)
class Distance:
    """The squared distance from a polynomial ``target`` (monomial -> coefficient) in a stated inner product of polynomials.

    ``metric``: ``frobenius`` (coefficients), ``bombieri``, ``gaussian`` (mean square over standard normal inputs) or ``uniform``
    (mean square over inputs uniform in the cube [-1, 1]^d).
    """

    metric: str
    target: Mapping[Monomial, Fraction | float]

    def __post_init__(self) -> None:
        if self.metric not in PRODUCTS:
            raise InputError(f"metric {self.metric!r} is unknown: choose {', '.join(PRODUCTS)} or data")

    @property
    def name(self) -> str:
        return {
            "frobenius": "squared distance of coefficients",
            "bombieri": "squared distance in Bombieri's product",
            "gaussian": "mean squared error over standard normal inputs",
            "uniform": "mean squared error over uniform inputs in [-1, 1]",
        }[self.metric]

    @property
    def kind(self) -> str:
        return f"metric {self.metric}"

    def pair(self, a: Monomial, b: Monomial) -> float:
        return PRODUCTS[self.metric](a[1], b[1]) if a[0] == b[0] else 0.0

    def against(self, a: Monomial) -> float:
        return sum(float(c) * self.pair(a, b) for b, c in self.target.items())

    @property
    def size(self) -> float:
        return sum(float(c) * self.against(b) for b, c in self.target.items())

    def family(self, terms: Sequence[Term]) -> QuadricFamily:
        return only(terms, _matrix(self, terms))

    def residual(self, terms: Sequence[Term], fixed: Sequence[tuple[Term, float]]) -> LossResidual:
        return _from_target(self, {m: float(c) for m, c in self.target.items()}, terms, fixed)


@dataclass(frozen=True, eq=False)
class Form:
    """Any quadric: ``matrix`` on the coefficients of the monomials ``places``, and a ``target`` on the same monomials."""

    places: tuple[Monomial, ...]
    matrix: ArrayLike
    target: ArrayLike
    name: str = "a stated quadratic form"

    def __post_init__(self) -> None:
        n = len(self.places)
        matrix, target = (
            float_table(exact_table(given, what), what)
            for given, what in ((self.matrix, "entries of a quadratic form"), (self.target, "coefficients of its target"))
        )
        if matrix.shape != (n, n) or not np.allclose(matrix, matrix.T):
            raise InputError(f"a quadratic form on {n} coefficients is a symmetric {n} x {n} matrix of finite numbers")
        if target.shape != (n,):
            raise InputError(f"a target is given by {n} coefficients, got an array of shape {target.shape}")
        object.__setattr__(self, "matrix", matrix)
        object.__setattr__(self, "target", target)

    @property
    def kind(self) -> str:
        return f"quadratic form {printed(np.asarray(self.places, dtype=object), np.asarray(self.matrix))}"

    def _place(self, a: Monomial) -> int:
        if a not in self.places:
            raise InputError(f"the quadratic form says nothing of the coefficient of {monomial_name(a[1])} in output {a[0]}; name it")
        return self.places.index(a)

    def pair(self, a: Monomial, b: Monomial) -> float:
        return float(np.asarray(self.matrix)[self._place(a), self._place(b)])

    def against(self, a: Monomial) -> float:
        return float(np.asarray(self.matrix)[self._place(a)] @ np.asarray(self.target))

    @property
    def size(self) -> float:
        return float(np.asarray(self.target) @ np.asarray(self.matrix) @ np.asarray(self.target))

    def family(self, terms: Sequence[Term]) -> QuadricFamily:
        return only(terms, _matrix(self, terms))

    def residual(self, terms: Sequence[Term], fixed: Sequence[tuple[Term, float]]) -> LossResidual:
        return _from_target(self, dict(zip(self.places, np.asarray(self.target).tolist(), strict=True)), terms, fixed)


@dataclass(frozen=True, eq=False)
class Quadratic:
    """A loss on N coordinates c: c^T ``matrix`` c - 2 ``image`` . c + ``constant``, computed from its ``residual``
    where that is known."""

    matrix: Float[np.ndarray, "N N"]
    image: Float[np.ndarray, " N"]
    constant: float
    residual: LossResidual | None = None

    def value(self, c: Inexact[np.ndarray, "*many N"]) -> Inexact[np.ndarray, "*many"]:
        """Losses at coordinates, real ones or complex ones."""
        if self.residual is None:
            return np.asarray(np.einsum("...i,ij,...j->...", c, self.matrix, c) - 2 * c @ self.image + self.constant)
        design, offset, gram = self.residual
        errors = np.asarray(c) @ design.T - offset
        return np.asarray(((errors if gram is None else errors @ gram) * errors).sum(axis=-1))

    def gradient(self, c: Inexact[np.ndarray, "*many N"]) -> Inexact[np.ndarray, "*many N"]:
        """Gradients at coordinates."""
        found: Inexact[np.ndarray, "*many N"] = 2 * (c @ self.matrix - self.image)
        return found


def quadratic(loss: Loss, terms: Sequence[Term], fixed: Sequence[tuple[Term, float]] = ()) -> Quadratic:
    """The loss on the coordinates ``terms``; ``fixed`` coordinates have values that no weight changes."""
    monomials = [(o, e) for o, e, _ in terms]
    scales = np.array([s for _, _, s in terms])
    known = [((o, e), value / scale) for (o, e, scale), value in fixed]
    image = np.array([loss.against(a) - sum(v * loss.pair(a, b) for b, v in known) for a in monomials]) / scales
    constant = loss.size - sum(v * (2 * loss.against(a) - sum(u * loss.pair(a, b) for b, u in known)) for a, v in known)
    return Quadratic(_matrix(loss, terms), image, float(constant), loss.residual(terms, fixed))


def _from_target(
    loss: Loss, target: Mapping[Monomial, float], terms: Sequence[Term], fixed: Sequence[tuple[Term, float]]
) -> LossResidual:
    """The difference to a function that is given by its coefficients, over all monomials that occur."""
    places = {m: i for i, m in enumerate(dict.fromkeys([*(t[:2] for t in terms), *(t[:2] for t, _ in fixed), *target]))}
    design, offset = np.zeros((len(places), len(terms))), np.zeros(len(places))
    for k, (o, e, s) in enumerate(terms):
        design[places[o, e], k] = 1 / s
    for m, c in target.items():
        offset[places[m]] += c
    for (o, e, s), value in fixed:
        offset[places[o, e]] -= value / s
    gram = np.array([[loss.pair(a, b) for b in places] for a in places]).reshape(len(places), len(places))
    try:
        factor = np.linalg.cholesky(gram).T
    except np.linalg.LinAlgError:  # no definite product: a form of the user's
        return LossResidual(design, offset, gram)
    return LossResidual(factor @ design, factor @ offset)


def _matrix(loss: Loss, terms: Sequence[Term]) -> Float[np.ndarray, "N N"]:
    out = np.zeros((len(terms), len(terms)))
    for i, (o, e, s) in enumerate(terms):
        for k, (p, f, t) in enumerate(terms[: i + 1]):
            out[i, k] = out[k, i] = loss.pair((o, e), (p, f)) / (s * t)
    return out
