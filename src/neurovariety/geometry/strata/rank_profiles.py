"""Types of chains of matrices, by the ranks of their partial products.

Matrices W_1, ..., W_L that can be multiplied are a representation of the quiver 0 -> 1 -> ... -> L. Up to changes of basis at the
nodes it is a sum of intervals [i, j] (a line that lives from node i to node j), so there are finitely many types, and the type is
known from the ranks of all partial products (Abeasis and Del Fra 1980). The stratum of a type is one orbit of these changes of basis,
and the rank of the Jacobian is the same at all of its points.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from neurovariety.rings.ring import Array

_MOST_TYPES = 3000
"""Types that are enumerated to choose the largest from; where there may be more, only those of one rank throughout are listed."""


@dataclass(frozen=True)
class RankProfile:
    """A type of chains: ``counts[(i, j)]`` intervals that live from node i to node j, i <= j, for nodes of dimensions ``widths``."""

    widths: tuple[int, ...]
    counts: tuple[tuple[tuple[int, int], int], ...]

    def rank(self, i: int, j: int) -> int:
        """Rank of W_j ... W_{i+1}: the number of intervals that contain i and j."""
        return sum(n for (a, b), n in self.counts if a <= i and j <= b)

    @property
    def ranks(self) -> tuple[int, ...]:
        """Ranks of the matrices themselves."""
        return tuple(self.rank(l, l + 1) for l in range(len(self.widths) - 1))

    @property
    def end_to_end(self) -> int:
        """Rank of the product of all."""
        return self.rank(0, len(self.widths) - 1)

    @property
    def dimension(self) -> int:
        """Dimension of the orbit: that of the group minus that of the stabilizer, the endomorphisms of a sum of intervals.

        Hom([i, j], [k, l]) is a line if k <= i <= l <= j, else zero, for arrows that raise the node.
        """
        ends = sum(m * n for (i, j), m in self.counts for (k, l), n in self.counts if k <= i <= l <= j)
        return sum(d * d for d in self.widths) - ends

    def matrices(self) -> list[Array]:
        """One chain of this type, of zeros and ones: W_l of shape (d_l, d_{l-1})."""
        place = [0] * len(self.widths)
        out = [np.zeros((b, a), dtype=np.int64) for a, b in zip(self.widths, self.widths[1:], strict=False)]
        for (i, j), n in self.counts:
            for _ in range(n):
                for v in range(i, j):
                    out[v][place[v + 1], place[v]] = 1
                for v in range(i, j + 1):
                    place[v] += 1
        return out


def rank_profiles(widths: tuple[int, ...]) -> list[RankProfile]:
    """All types but the generic one, or those of one rank throughout where there may be too many; the largest orbits first."""
    nodes = len(widths)
    intervals = [(i, j) for i in range(nodes) for j in range(i, nodes)]
    found = [RankProfile(widths, counts) for counts in islice(_types(widths, intervals), _MOST_TYPES)]
    if not all_types(widths):
        found = [_uniform(widths, r) for r in range(min(widths) - 1, -1, -1)]
    found.sort(key=lambda t: (-t.dimension, t.counts))
    full = max(found, key=lambda t: t.dimension)
    is_generic = full.dimension == sum(a * b for a, b in pairwise(widths))
    return [t for t in found if not (is_generic and t is full)]


def all_types(widths: tuple[int, ...]) -> bool:
    """Whether `rank_profiles` enumerates all types."""
    intervals = [(i, j) for i in range(len(widths)) for j in range(i, len(widths))]
    return sum(1 for _ in islice(_types(widths, intervals), _MOST_TYPES + 1)) <= _MOST_TYPES


def _types(widths: tuple[int, ...], intervals: list[tuple[int, int]]) -> Iterator[tuple[tuple[tuple[int, int], int], ...]]:
    if not intervals:
        if not any(widths):
            yield ()
        return
    (i, j), *rest = intervals
    for n in range(min(widths[i : j + 1]), -1, -1):
        left = tuple(d - n if i <= v <= j else d for v, d in enumerate(widths))
        if any(left[v] and not any(a <= v <= b for a, b in rest) for v in range(len(left))):
            continue
        for tail in _types(left, rest):
            yield (((i, j), n), *tail) if n else tail


def _uniform(widths: tuple[int, ...], r: int) -> RankProfile:
    last = len(widths) - 1
    counts = [((0, last), r)] if r else []
    return RankProfile(widths, tuple(sorted(counts + [((v, v), d - r) for v, d in enumerate(widths) if d > r])))


def profile_name(profile: RankProfile) -> str:
    """``rank 1``; ``layers of ranks 2, 1``; partial products are named where they are not as large as those ranks allow."""
    nodes = len(profile.widths)
    ranks = profile.ranks
    name = f"rank {ranks[0]}" if len(set(ranks)) == 1 else f"layers of ranks {', '.join(map(str, ranks))}"
    lower = []
    for length in range(2, nodes):
        for i in range(nodes - length):
            j = i + length
            shorter = min(profile.rank(i, j - 1), profile.rank(i + 1, j))
            if profile.rank(i, j) < shorter:
                lower.append(
                    f"W{j}...W{i + 1} of rank {profile.rank(i, j)}" if length > 2 else f"W{j} W{i + 1} of rank {profile.rank(i, j)}"
                )
    return name + (f" with {', '.join(lower)}" if lower else "")
