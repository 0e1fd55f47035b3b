"""Tangent vectors at a function, from the weights over it.

The Zariski tangent space of the closure X at f contains the image of J at every weight over f. It also contains D^2 phi(v, c) for
c in the kernel of J_w and any v: differentiate F(phi(w)) = 0 twice, in the directions v and c, for an equation F of X; the term with
D^2 F vanishes since J_w c = 0. If the span of these vectors is larger than the dimension of X, then f is singular.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurovariety.errors import VerificationError
from neurovariety.geometry.exact.generic_rank import jacobian_matrix
from neurovariety.geometry.exact.points import Point
from neurovariety.linear_algebra import kernel, matmul_mod, rank, reduce_mod
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, jacobian_rows, leaves
from neurovariety.rings.dual import DualNumbers
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array

_DIRECTIONS = 4
"""Directions v in which second derivatives are taken at each weight."""

_SMALL = 60
"""Parameters up to which second derivatives are taken even where they decide nothing, for a sharper bound."""

_MOST_POINTS = 8
"""Weights at which second derivatives are taken."""

_MOST_KERNEL = 60
"""Kernel vectors c that second derivatives are taken with."""


@dataclass(frozen=True)
class TangentSpan:
    """``first``: dimension of the span of the images of J over all weights looked at, ``second``: with second derivatives as well;
    ``ranks`` of J at these weights; ``branches``: how many different images there are among those of full rank."""

    first: int
    second: int
    ranks: tuple[int, ...]
    branches: int


def tangent_span(model: Model, p: int, points: Sequence[Point], inputs: Array, full: int) -> TangentSpan:
    """The span mod ``p`` at one function: all ``points`` are weights over it. Raises `VerificationError` where they are not.

    ``inputs`` must be enough to tell all functions of the span apart. ``full`` is the generic rank of J; near weights where J has it
    the kernels form a bundle of vector fields xi with J xi = 0, so that D^2 phi(v, xi) = - J (d xi)(v) is in the image of J already.
    Second derivatives are left out there, and for large models where first ones span more than ``full``.
    """
    first = points[0]
    values = _values(model, first, inputs)
    images: list[Array] = []
    more: list[Array] = []
    ranks = []
    for point in points:
        if not np.array_equal(_values(model, point, inputs), values):
            raise VerificationError(f"{model.name}: weights that should give the same function do not; please report this as a bug")
        j = reduce_mod(jacobian_matrix(model, p, point, inputs)[0], p)
        images.append(j)
        ranks.append(rank(j, p))
    span = np.concatenate(images, axis=1)
    one = rank(span, p)
    if one <= full or model.parameters <= _SMALL:
        low = [(point, j) for point, j, r in zip(points, images, ranks, strict=True) if r < full]
        for point, j in low[:_MOST_POINTS]:
            more += _second(model, p, point, inputs, j)
    two = rank(np.concatenate([span, *more], axis=1), p) if more else one
    return TangentSpan(one, two, tuple(ranks), _branches([j for j, r in zip(images, ranks, strict=True) if r == full], full, p))


def _second(model: Model, p: int, point: Point, inputs: Array, j: Array) -> list[Array]:
    """D^2 phi(v, c) for random v and all c in the kernel of J: arrays of shape (rows, nullity)."""
    null = kernel(j, p)[:, :_MOST_KERNEL]
    if not null.shape[1]:
        return []
    directions = (FiniteField(p).random(point.weights.shape, point.rng) for _ in range(_DIRECTIONS))
    return [second_derivatives(model, p, point, inputs, v, null) for v in directions]


def second_derivatives(model: Model, p: int, point: Point, inputs: Array, v: Array, kernel: Array) -> Array:
    """D^2 phi(v, c) at the inputs mod ``p``, for each column c of ``kernel``."""
    ring, zeros = DualNumbers(p), np.zeros(())
    moved = ring.pair(point.weights, v)
    rows = jacobian_rows(model, ring, moved, ring.pair(inputs, zeros), ring.pair(point.coefficients, zeros))
    return reduce_mod(matmul_mod(np.ascontiguousarray(rows["slope"]), kernel, p), p)


def _values(model: Model, point: Point, inputs: Array) -> Array:
    (out,) = interpret(batch_program(model, len(inputs)), point.ring, [*leaves(model, point.weights), inputs, point.coefficients])
    return np.asarray(out).reshape(-1)


def _branches(images: list[Array], r: int, p: int) -> int:
    """The number of different column spaces among images of rank r."""
    distinct: list[Array] = []
    for image in images:
        if all(rank(np.concatenate([image, other], axis=1), p) > r for other in distinct):
            distinct.append(image)
    return len(distinct)
