"""A loss with weight decay as a square system in all the weights, whose parameters are the strengths, the target and the quadric.

Decay is itself a squared distance: with the weights as further coordinates, critical points of c^T Q c - 2 v . c + sum_k s_k w_k^2 are
those of one quadric, diag(Q, s), on the graph of the parametrization. Its equations are sum_i (Q c - v)_i dc_i/dw_k + s_k w_k = 0.

Unknowns are the weights divided by powers of two, so chosen that the terms of the objective have coefficients of one size; the
division is exact, and certificates carry over. Decay may be towards other weights a than zero: sum_k s_k (w_k - a_k)^2. From one
strength to another paths are followed in unknowns that are moved by a general vector besides: accuracy is relative to the size of a
point, and all weights zero is always a critical point of a network without biases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2, prod
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float, Inexact, Int

from neurovariety.certificates.gaussian import nearest
from neurovariety.errors import ResourceError
from neurovariety.geometry.solutions.affine_slices import dyadic
from neurovariety.geometry.solutions.chart import Chart
from neurovariety.geometry.solutions.chart_coordinates import ChartCoordinates, coordinates, written
from neurovariety.geometry.solutions.critical_points import gradient, residuals
from neurovariety.geometry.solutions.quadrics import QuadricFamily, Term, only
from neurovariety.homotopy import Certificates, System, Tape, record, values_at
from neurovariety.homotopy.certify import enclosures
from neurovariety.homotopy.expressions import Expression, Graph
from neurovariety.model import Model
from neurovariety.program import expand
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.training.losses.loss import Loss, Quadratic, quadratic

_STREAM = "training.critical.decayed_system"
_ROUNDING = 2.0**-50
_LIGHT = 0.03
"""Weight of the strengths, against the terms of the loss, where sizes are made equal: they only settle what the loss leaves open."""
_MOST_TURNED = 32
_STILL = 1e-9
"""Relative singular value below which a linear field counts as one that leaves the objective as it is."""


class _Sized(NamedTuple):
    """A monomial in the weights: its exponents, and the size of its coefficient."""

    exponents: Int[np.ndarray, " N"]
    size: float


@dataclass(frozen=True, eq=False)
class DecayedSystem:
    """``system`` in unknowns u, weights = ``scales`` u, with parameters (strengths, target, quadric), all of the objective times
    ``factor``; ``moved`` is the same in unknowns u + ``shift``. ``objective`` is a tape of unknowns u and parameters, without the
    constant of the loss; ``images`` of unknowns: a general linear function, then the unknowns. ``values`` of unknowns u are the
    coordinates ``terms``, ``loss`` the loss on them, ``fixed`` the parameters but for the strengths; ``centre`` the unknowns that
    decay is towards."""

    model: Model
    seed: int
    system: System
    moved: System
    shift: Complex[np.ndarray, " N"]
    objective: Tape
    images: Tape
    values: Tape
    scales: Float[np.ndarray, " N"]
    factor: float
    loss: Quadratic
    terms: tuple[Term, ...]
    fixed: Inexact[np.ndarray, " entries"]
    centre: Float[np.ndarray, " N"]

    def parameters(self, strengths: Float[np.ndarray, " N"]) -> Complex[np.ndarray, " m"]:
        """The parameters for strengths of the weights."""
        return np.concatenate([self.scaled(strengths), self.fixed]).astype(np.complex128)

    def scaled(self, strengths: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        """The strengths of the unknowns for those of the weights."""
        found: Float[np.ndarray, " N"] = strengths * self.scales**2 * self.factor
        return found

    def at_unknowns(self, scaled: Inexact[np.ndarray, " N"]) -> Complex[np.ndarray, " m"]:
        """The parameters for strengths of the unknowns."""
        return np.concatenate([scaled, self.fixed]).astype(np.complex128)

    def towards(self, parameters: Inexact[np.ndarray, " m"], target: Inexact[np.ndarray, " m"]) -> System:
        """The system ``moved`` at t ``parameters`` + (1 - t) ``target``, which differ in the strengths only; its parameter is t."""
        n, size = self.model.parameters, len(self.terms)
        found, unknowns = _written(self.model, self.scales, self.shift, n + 1, self.seed)
        graph = found.graph
        away = [u - complex(a) if a else u for u, a in zip(unknowns, self.centre, strict=True)]
        t, matrix, image = graph.input(n), self.loss.matrix * self.factor, self.loss.image * self.factor
        off = []
        for i in range(size):
            row = [(found.expressions[k], float(matrix[i, k])) for k in range(size) if matrix[i, k]]
            off.append(graph.combination(row) - float(image[i]))
        for k in range(n):
            here, there = complex(parameters[k]), complex(target[k])
            off.append((t * (here - there) + there) * away[k])
        return gradient(graph, [*found.expressions, *unknowns], off, n, 1)

    def scaled_loss(self) -> Tape:
        """The loss times ``factor``, without its constant, as a function of unknowns u + ``shift``."""
        found, _ = _written(self.model, self.scales, self.shift, self.model.parameters, self.seed)
        graph, c = found.graph, found.expressions
        matrix, image = self.loss.matrix * self.factor, self.loss.image * self.factor
        total = graph.constant(0)
        for i, own in enumerate(c):
            row = [(c[k], float(matrix[i, k])) for k in range(len(c)) if matrix[i, k]]
            total = total + own * (graph.combination(row) - 2.0 * float(image[i]))
        return record(graph, [total])

    def losses(self, unknowns: Float[np.ndarray, "points N"]) -> Float[np.ndarray, " points"]:
        """The loss at real unknowns u."""
        return self.loss.value(values_at(self.values, unknowns + 0j).real)

    def enclosures(
        self, found: Certificates, parameters: Inexact[np.ndarray, " m"]
    ) -> tuple[Complex[np.ndarray, " points"], Float[np.ndarray, " points"]]:
        """The objective at certified solutions of ``system``, and radii of balls that hold it.

        From its value at the centre and the gradient, which is nearly zero, over the box in which the solution lies.
        """
        count, n = len(found.centres), self.model.parameters
        points = np.array(np.hstack([found.centres, np.tile(parameters, (count, 1))]), order="C")
        boxes = np.hstack([found.near, np.zeros((count, len(parameters)))])
        values, radii, good = enclosures(self.objective, points, np.zeros_like(boxes))
        slopes, around, fine = enclosures(self.system.with_jacobian, points, boxes)
        change = 2 * ((np.abs(slopes) + around)[:, :n] * found.near).sum(axis=1)
        losses = values[:, 0] / self.factor + self.loss.constant
        rounding = _ROUNDING * (np.abs(values[:, 0]) / self.factor + abs(self.loss.constant))
        sizes = (radii[:, 0] + change) * (1 + _ROUNDING * n) / self.factor + rounding
        return losses, np.where(good & fine & found.certified, sizes, np.inf)

    def symmetries(self, parameters: Inexact[np.ndarray, " m"], rng: np.random.Generator) -> int:
        """The dimension of the group of linear maps that leave the objective as it is, 0 where there are too many weights to tell.

        In floating point: matrices A with (A u) . gradient = 0 at as many random u as A has entries, and a few more.
        """
        n = self.model.parameters
        if n > _MOST_TURNED:
            return 0
        u = rng.normal(size=(n * n + 10, n))
        slopes = values_at(self.system.with_jacobian, np.hstack([u, np.tile(parameters, (len(u), 1))]))[:, :n].real
        rows = np.einsum("pi,pk->pik", slopes, u).reshape(len(u), -1)
        singular = np.linalg.svd(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300), compute_uv=False)
        return int((singular <= _STILL * singular[0]).sum())


def decayed_system(
    model: Model,
    loss: Loss,
    strengths: Float[np.ndarray, " N"],
    seed: int,
    most_paths: int,
    centre: Callable[[Array], Array] = np.zeros_like,
) -> DecayedSystem:
    """The system of a polynomial model, unknowns scaled for ``strengths``; ``centre`` of the scales is what they decay to.

    Raises `ResourceError` where the product of the degrees of its equations is larger than ``most_paths``, or where the model is too
    large to write out.
    """
    n = model.parameters
    every = coordinates(model, Chart(tuple(range(n)), {}), 0, seed, constants=True)
    pairs = list(zip(every.terms, every.expressions, strict=True))
    terms = tuple(t for t, e in pairs if not e.is_constant)
    own = quadratic(loss, terms, [(t, nearest(e.value).real) for t, e in pairs if e.is_constant])
    monomials = _monomials(model, terms)
    _check_paths(model, monomials, own, most_paths)
    scales, factor = _sizes(monomials, own, strengths, n)
    family = only(terms, own.matrix * factor)
    shift, towards = dyadic(generator(seed, _STREAM), (n,)), centre(scales)
    moved, _ = _system(model, scales, shift, towards, family, seed)
    system, objective = _system(model, scales, np.zeros(n), towards, family, seed)
    graph = Graph(n)
    unknowns = [graph.input(k) for k in range(n)]
    mixed = [(x, complex(z)) for x, z in zip(unknowns, dyadic(generator(seed, _STREAM, 1), (n,)), strict=True)]
    images = record(graph, [graph.combination(mixed), *unknowns])
    plain, _ = _written(model, scales, np.zeros(n), n, seed)
    values = record(plain.graph, list(plain.expressions))
    entries = family.parameters_of(own.matrix * factor)
    assert entries is not None
    fixed = np.concatenate([own.image * factor, entries])
    return DecayedSystem(model, seed, system, moved, shift, objective, images, values, scales, factor, own, terms, fixed, towards)


def _system(model: Model, scales: Array, shift: Array, centre: Array, family: QuadricFamily, seed: int) -> tuple[System, Tape]:
    """The system with strengths, target and quadric as parameters, and the objective."""
    n, m = model.parameters, family.size + family.parameters
    found, unknowns = _written(model, scales, shift, 2 * n + m, seed)
    graph = found.graph
    away = [u - complex(a) if a else u for u, a in zip(unknowns, centre, strict=True)]
    decay = [graph.input(n + k) * away[k] for k in range(n)]
    off = residuals(found, 2 * n, family)
    total = sum((u * d for u, d in zip(away, decay, strict=True)), start=graph.constant(0))
    for i, (c, e) in enumerate(zip(found.expressions, off, strict=True)):
        total = total + c * (e - graph.input(2 * n + i))
    return gradient(graph, [*found.expressions, *unknowns], [*off, *decay], n, n + m), record(graph, [total])


def _written(model: Model, scales: Array, shift: Array, inputs: int, seed: int) -> tuple[ChartCoordinates, list[Expression]]:
    """The coordinates at weights ``scales`` u, and the unknowns u; the first inputs of the graph are u + ``shift``."""
    n, graph = model.parameters, Graph(inputs)
    unknowns = [graph.input(k) - complex(shift[k]) for k in range(n)]
    return written(model, graph, [u * float(s) for u, s in zip(unknowns, scales, strict=True)], n, seed), unknowns


def _monomials(model: Model, terms: tuple[Term, ...]) -> list[list[_Sized]]:
    """The monomials of each coordinate."""
    n, expansion = model.parameters, expand(model)
    place = {(o, e): i for i, (o, e, _) in enumerate(terms)}
    out: list[list[_Sized]] = [[] for _ in terms]
    for output in range(len(expansion.outputs)):
        for exponents, c in expansion.coefficients(output).items():
            i = place.get((output, tuple(exponents[n:])))
            if i is not None and c:
                out[i].append(_Sized(np.array(exponents[:n]), abs(float(c)) * terms[i][2]))
    return out


def _check_paths(model: Model, monomials: list[list[_Sized]], loss: Quadratic, most: int) -> None:
    degrees = np.array([max((int(e.sum()) for e, _ in row), default=0) for row in monomials], dtype=np.int64)
    beside = np.array([degrees[np.flatnonzero(row)].max(initial=0) for row in loss.matrix], dtype=np.int64)
    bounds = []
    for k in range(model.parameters):
        slopes = [(i, max((int(e.sum()) - 1 for e, _ in row if e[k]), default=-1)) for i, row in enumerate(monomials)]
        bounds.append(max([1, *(d + int(beside[i]) for i, d in slopes if d >= 0)]))
    paths = prod(bounds)
    if paths > most:
        raise ResourceError(
            f"{model.name} has {model.parameters} weights; with weight decay its equations may have {paths:.3g} solutions (the product "
            f"of their degrees), and at most {most:,} are looked for: take a smaller architecture"
        )


def _sizes(monomials: list[list[_Sized]], loss: Quadratic, strengths: Array, n: int) -> tuple[Float[np.ndarray, " N"], float]:
    """Powers of two for the weights and for the objective that make its coefficients as nearly 1 as possible, by least squares."""
    rows, sizes, importance = [], [], []
    for i, row in enumerate(monomials):
        for exponents, c in row:
            for size, power in ((abs(loss.image[i]) * c, 1), (loss.matrix[i, i] * c * c, 2)):
                if size > 0:
                    rows.append(np.append(exponents * power, 1.0))
                    sizes.append(log2(size))
                    importance.append(1.0)
    for k in np.flatnonzero(strengths):
        rows.append(np.append(2.0 * (np.arange(n) == k), 1.0))
        sizes.append(log2(strengths[k]))
        importance.append(_LIGHT)
    if not rows:
        return np.ones(n), 1.0
    by = np.array(importance)
    found = np.linalg.lstsq(np.array(rows) * by[:, None], -np.array(sizes) * by, rcond=1e-9)[0]
    powers = np.round(np.clip(found, -300, 300))
    return 2.0 ** powers[:n], float(2.0 ** powers[n])
