"""Where gradient flow ends for random targets: on which pieces, smaller networks or limits, its functions lie."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from neurovariety.budget import used_up
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.model import Model
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.training.bias.best_fits import BestFits, CriticalList
from neurovariety.training.dynamics.dynamics import flow, objective, settled_ends, typical_gradient
from neurovariety.training.losses.loss import Distance, Monomial

_STREAM = "training.bias.flow_ends"
_SPREAD = 0.5
"""Standard deviation of initial weights."""
_ON = 1e-3
"""A function is on a piece if its distance to the nearest function there that is found is at most this part of its size."""
_STARTS, _ITERATIONS = 8, 60


@dataclass(frozen=True, eq=False)
class FlowEnds:
    """``runs`` flows in all, of which ``converged`` came to rest; ``on``: how many of these ended on each, on the smallest one where
    there are several."""

    runs: int
    converged: int
    on: Int[np.ndarray, " pieces"]


def flow_ends(model: Model, metric: str, found: BestFits, targets: int, runs: int, seed: int) -> FlowEnds:
    """Gradient flow from ``runs`` random initial weights to each of the first ``targets`` targets of ``found``.

    Flows are followed to time 100,000 at most; what has not come to rest then ends nowhere, and is counted as a run alone.
    """
    written = PolynomialValues([coefficients_as_polynomials(model)[m] for m in found.monomials], model.parameters)
    rng = generator(seed, _STREAM)
    on, total = np.zeros(len(found.pieces), dtype=np.int64), 0
    for t, target in enumerate(found.targets[:targets]):
        if t and used_up():
            break
        note(phase=f"gradient flow to target {t + 1} of {targets}")
        goal = objective(model, Distance(metric, {m: float(c) for m, c in zip(found.monomials, target, strict=True)}))
        starts = _SPREAD * rng.normal(size=(runs, model.parameters))
        ends = settled_ends(goal, flow(goal, starts, typical_gradient(goal, starts)))
        total += runs
        for function in written.many(ends.weights[ends.settled]):
            on[_place(found.pieces, found.monomials, function, rng)] += 1
    return FlowEnds(total, int(on.sum()), on)


def _place(
    pieces: Sequence[CriticalList], monomials: Sequence[Monomial], function: Float[np.ndarray, " n"], rng: np.random.Generator
) -> int:
    """The number of the smallest piece that has a function, given by coefficients; 0 where only the network has it."""
    size = max(float(np.linalg.norm(function)), 1e-300)
    for k in sorted(range(1, len(pieces)), key=lambda i: pieces[i].dimension):
        problem = pieces[k].problem
        if problem is None:
            if size <= _ON:
                return k
            continue
        known = {(o, e): float(c) for (o, e), c in zip(monomials, function, strict=True)}
        own = np.array([known.pop((o, e), 0.0) * s for o, e, s in problem.terms])
        rest = np.array([known.pop((o, e), 0.0) - v / s for (o, e, s), v in problem.fixed])
        beside = float(np.linalg.norm([*known.values(), *rest]))
        if beside > _ON * size:
            continue
        starts = rng.normal(size=(_STARTS, problem.model.parameters))
        weights, _ = problem.map.fit(own + 0j, starts, _ITERATIONS)
        scales = np.array([s for _, _, s in problem.terms])
        off = np.linalg.norm((problem.map.at(weights).real - own) / scales, axis=1)
        if np.nanmin(np.append(off, np.inf)) <= _ON * size:
            return k
    return 0
