"""Of stationary weights on a stratum, for random targets there: how many are local minima of training?

For random parameters s of the stratum and a random normal n at its weights w, the target u = f_w + n makes w stationary. Where the
Hessian of the loss at w has a negative direction w is a saddle. Where it has none, it is flat in many directions, and terms of third
order decide (those of dead neurons that come alive). So weights are moved along random flat directions by several distances, the others
follow by Newton's iteration where the Hessian is firm, and w counts as a minimum if at one of the distances the loss is nowhere on the
way smaller than at w.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from neurovariety.budget import INTERPRETED, spend
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.rings.ring import Array

_NULL = 1e-9
_FLAT, _SADDLE = 1e-7, 1e-11
"""Eigenvalues below the first part of the largest one count as zero, or as those of a saddle where they are below minus the second,
ten thousand roundings: the function, and with it the normal, can be small beside the slopes."""
_FIRM = 1e-4
"""Eigenvalues above this part of the largest one: along others Newton's iteration would leave the neighbourhood. To stay at rest along
them costs nothing, it only gains less."""
_DISTANCES = (0.03, 0.01)
_AROUND = 48
_FOLLOW = 3
_FALL = 1e-13
"""A loss smaller by this part is smaller: a thousand roundings; a term of fifth order at the least distance is some 1e-10 of it."""


def minima_among(
    stratum: WeightStratum, written: PolynomialValues, quadric: Float[np.ndarray, "V V"], samples: int, rng: np.random.Generator
) -> int:
    """How many of ``samples`` stationary points are local minima, as far as is seen.

    Normals have the length of the function in the norm of ``quadric``, or 1 where the function is zero.
    """
    monomials, n = len(written.monomials), written.n
    spend("samples", samples, INTERPRETED * monomials * n**2 + 2 * len(_DISTANCES) * _FOLLOW * _AROUND * monomials * n * len(quadric))
    return sum(_is_minimum(stratum, written, quadric, rng) for _ in range(samples))


def _is_minimum(stratum: WeightStratum, written: PolynomialValues, quadric: Array, rng: np.random.Generator) -> bool:
    w = np.asarray(stratum.embed(rng.normal(size=stratum.parameters)), dtype=np.float64)
    f, j = written.values(w), written.slopes(w)
    a = j.T @ quadric
    _, singular, rows = np.linalg.svd(a)
    basis = rows[int((singular > _NULL * singular.max(initial=1e-300)).sum()) :].T
    normal = basis @ rng.normal(size=basis.shape[1])
    here = float(normal @ quadric @ normal)
    if here <= 0:
        return True  # the target is the function itself, or looks like it to the loss
    size = float(f @ quadric @ f)
    factor = (size if size > 0 else 1.0) / here
    normal, here = normal * factor**0.5, here * factor
    values, vectors = np.linalg.eigh(a @ j - written.curvature(w, quadric @ normal))
    largest = max(float(np.abs(values).max()), 1e-300)
    if values[0] < -_SADDLE * largest:
        return False
    flat = values < _FLAT * largest
    firm = values > _FIRM * largest
    back = vectors[:, firm] / values[firm] @ vectors[:, firm].T
    rest = _Rest(w, vectors[:, flat], back, f + normal, here)
    return not all(_falls(rest, distance, written, quadric, rng) for distance in _DISTANCES)


class _Rest(NamedTuple):
    """Stationary ``weights`` for a ``target`` and their ``loss``; ``flat`` directions, and the pseudo-inverse ``back`` of the Hessian
    on the firm ones."""

    weights: Float[np.ndarray, " N"]
    flat: Float[np.ndarray, "N k"]
    back: Float[np.ndarray, "N N"]
    target: Float[np.ndarray, " V"]
    loss: float


def _falls(rest: _Rest, distance: float, written: PolynomialValues, quadric: Array, rng: np.random.Generator) -> bool:
    """Whether the loss is smaller at some weights that differ from those at rest by ``distance`` along flat directions."""
    moved = rest.weights + distance * rng.normal(size=(_AROUND, rest.flat.shape[1])) @ rest.flat.T
    with np.errstate(all="ignore"):  # where the iteration diverges the weights before it are seen
        for _ in range(_FOLLOW + 1):
            off = written.many(moved) - rest.target
            if (np.einsum("bi,ij,bj->b", off, quadric, off) < rest.loss * (1 - _FALL)).any():
                return True
            moved = moved - np.einsum("bkn,kl,bl->bn", written.many_slopes(moved), quadric, off) @ rest.back
    return False
