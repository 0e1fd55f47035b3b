"""Descents of cross-entropy against the lists: a network that is better than the least one claimed contradicts it.

Steps are those of Fisher's scoring, damped, for a batch of real weights all of whose values are positive: random ones, positive ones,
and ones near each listed network. What they end at is no proof of anything but of an upper bound of the least cross-entropy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from neurovariety.rings.ring import Array
from neurovariety.training.critical.cross_entropy import CrossEntropyPoint, DistributionSearch

DESCENTS = 64
_DRAWN = 8
"""Times as many random weights are drawn, of which those with positive values are taken."""
_STEPS = 120
_NOISE = (0.3, 0.03)
_BELOW = 1e-8
_NEAR_DROP = 1e-3


@dataclass(frozen=True, eq=False)
class LikelihoodDescents:
    """How many ``descents`` there were, the least ``cross_entropy`` among their ends (inf: none), its ``weights``, and whether the
    distributions have as many dimensions there as in general (``full_rank``)."""

    descents: int
    cross_entropy: float
    weights: Float[np.ndarray, " N"] | None
    full_rank: bool

    def below(self, least: float | None) -> bool:
        """Whether the best end contradicts a claimed least cross-entropy."""
        return least is not None and self.cross_entropy < least - _BELOW * max(abs(least), 1.0)


def likelihood_descents(
    search: DistributionSearch,
    counts: Float[np.ndarray, " values"],
    points: Sequence[CrossEntropyPoint],
    dimension: int,
    rng: np.random.Generator,
) -> LikelihoodDescents:
    """The best of the ends of descents; ``points``: the listed ones; ``dimension`` of the variety of distributions."""
    weights = _starts(search, points, rng)
    if not len(weights):
        return LikelihoodDescents(0, float("inf"), None, False)
    problem = _CrossEntropy(search, counts)
    now, damping = problem.value(weights), np.full(len(weights), 1e-2)
    with np.errstate(all="ignore"):
        for _ in range(_STEPS):
            gradient, gram = problem.derivatives(weights)
            n = weights.shape[1]
            gram += (damping * np.einsum("bii->b", gram) / n + 1e-300)[:, None, None] * np.eye(n)
            good = np.isfinite(gram).all(axis=(1, 2)) & np.isfinite(gradient).all(axis=1)
            trial = weights.copy()
            trial[good] -= np.linalg.solve(gram[good], gradient[good][:, :, None])[:, :, 0]
            then = problem.value(trial)
            better = then < now
            weights[better], now[better] = trial[better], then[better]
            damping = np.clip(np.where(better, damping / 4, damping * 8), 1e-12, 1e12)
    best = int(np.argmin(now))
    if not np.isfinite(now[best]):
        return LikelihoodDescents(len(weights), float("inf"), None, False)
    singular = np.linalg.svd(problem.logarithms(weights[best][None])[0], compute_uv=False)
    full = bool(singular[dimension - 1] > _NEAR_DROP * singular[0])
    return LikelihoodDescents(len(weights), float(now[best]), weights[best], full)


class _CrossEntropy:
    """Cross-entropy of the counts, divided by their sum, at many weights."""

    def __init__(self, search: DistributionSearch, counts: Array) -> None:
        self._search = search
        self._one_hot = np.eye(int(search.groups.max()) + 1)[search.groups]
        self._counts = counts / counts.sum()

    def value(self, weights: Array) -> Array:
        """Infinite where some value is not positive."""
        with np.errstate(all="ignore"):
            values, _ = self._search.many(weights)
            found = -np.log(values / (values @ self._one_hot @ self._one_hot.T)) @ self._counts
        return np.where((values > 0).all(axis=1) & np.isfinite(found), found, np.inf)

    def logarithms(self, weights: Array) -> Array:
        """The derivatives of the logarithms of the probabilities."""
        values, slopes = self._search.many(weights)
        same = self._one_hot @ self._one_hot.T
        found: Array = slopes / values[:, :, None] - (same @ slopes) / (values @ same)[:, :, None]
        return found

    def derivatives(self, weights: Array) -> tuple[Array, Array]:
        """The gradient, and Fisher's information for these numbers of counts."""
        values, _ = self._search.many(weights)
        logs, same = self.logarithms(weights), self._one_hot @ self._one_hot.T
        expected = values / (values @ same) * (same @ self._counts)
        return -np.einsum("i,bik->bk", self._counts, logs), np.einsum("bi,bik,bil->bkl", expected, logs, logs)


def _starts(search: DistributionSearch, points: Sequence[CrossEntropyPoint], rng: np.random.Generator) -> Array:
    """Weights with positive values."""
    n = search.parameters
    listed = [p.weights for p in points if p.weights is not None and not p.stratum]
    drawn = []
    for k in range(_DRAWN * DESCENTS):
        noise = rng.normal(size=n)
        if k % 3 == 1 and listed:
            weights = listed[(k // 3) % len(listed)]
            drawn.append(weights + _NOISE[k % 2] * float(np.abs(weights).max(initial=0.0)) * noise)
        else:
            drawn.append(np.abs(noise) if k % 3 == 2 else noise)
    found = np.array(drawn)
    values, _ = search.many(found)
    return found[(values > 0).all(axis=1)][:DESCENTS]
