"""A chart: weights held fixed, so that finitely many choices of the others give a function of the model.

Let r be the dimension of the neurovariety X, the closure of the coordinates phi(w). Choose r weights to stay free, fix the others at
integers, and let L be that slice of the weight space. Where the Jacobian of phi restricted to L has rank r at one point of L,
phi: L -> X is dominant between irreducible varieties of dimension r, so its general fiber is a finite number F of points, and a
question about finitely many general points of X becomes one about F times as many points of L:

* degree: on X there are deg X points with A c = b for r general affine equations, hence F deg X weights with A phi(w) = b;
* ED degree: a critical point of Q(c - u) on the smooth locus of X is, for general u, a general point of X (the correspondence of
  pairs (c, u) is irreducible and projects onto X), so above it lie F weights, with J^T Q (phi(w) - u) = 0. Solutions at which J has
  smaller rank do not count; they are removed by asking that one r x r minor of J, nonzero at some point of L, be nonzero. General
  points of X have no preimage where it vanishes, so nothing else is removed.

The scripts count the weights and F, and divide. That the chart has rank r is checked here mod p at a random point, which proves it.

Source: Draisma et al. 2016 (the ED correspondence).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from neurovariety.errors import InputError
from neurovariety.export.written_parametrization import WrittenParametrization
from neurovariety.linear_algebra import echelon

_TRIES = 24
_LARGEST_FIXED = 9


@dataclass(frozen=True)
class MinorChart:
    """``free`` weights by position; the others are ``fixed`` at integers (position -> value). The minor of the Jacobian with the rows
    ``rows`` (coordinates) and the columns ``free`` is not identically zero on the chart: mod p it is not zero at ``point``, a random
    value of each free weight."""

    free: tuple[int, ...]
    fixed: dict[int, int]
    rows: tuple[int, ...]
    point: tuple[int, ...]


def find_chart(parametrization: WrittenParametrization, dimension: int, p: int, rng: np.random.Generator) -> MinorChart:
    """A chart of a model of the given dimension, checked mod ``p`` (at most 27 bits). Raises `InputError` where none was found.

    The other weights are fixed at 1 if that can be, which keeps the equations short, else at small random integers.
    """
    n = parametrization.parameters
    for attempt in range(_TRIES):
        point = [int(v) for v in rng.integers(1, p, n)]
        # The last weights first: fixing those of the first layer leaves equations of lower degree.
        columns = np.arange(n)[::-1] if attempt % 2 == 0 else rng.permutation(n)
        found = echelon(np.ascontiguousarray(parametrization.jacobian(point, p)[:, columns]), p)
        if found.rank < dimension:
            continue
        free = tuple(sorted(int(columns[k]) for k in found.pivot_columns[:dimension]))
        for values in (np.ones(n, dtype=np.int64), rng.integers(1, _LARGEST_FIXED + 1, n)):
            fixed = {i: int(values[i]) for i in range(n) if i not in free}
            on_chart = [fixed.get(i, point[i]) for i in range(n)]
            restricted = parametrization.jacobian(on_chart, p)[:, list(free)]
            rows = echelon(np.ascontiguousarray(restricted.T), p)
            if rows.rank == dimension:
                return MinorChart(free, fixed, tuple(int(j) for j in rows.pivot_columns), tuple(point[i] for i in free))
    raise InputError(
        f"no {dimension} weights of {parametrization.model.name} could be left free with the others fixed at small integers; "
        "try another seed"
    )
