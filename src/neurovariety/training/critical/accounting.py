"""What became of every path: whether a list of critical functions may be called complete.

Each isolated critical function of the stated problem is the end of a path from the general one, so nothing is missing where all of the
general problem's functions are known and every path ends at a certified function of its own. A path may also end where J drops rank,
at a function of a stratum; it is accounted for if that function is on the list of a stratum. An end at infinity, one that is lost, one
at a degenerate function, or one on a set of positive dimension leaves the list a lower bound: what lies there is not certified.
Critical functions of a real problem come in conjugate pairs; a list that is not closed under conjugation misses some.

Sources: Morgan and Sommese 1989 (the number of isolated solutions at general parameters bounds that at special ones).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Inexact

from neurovariety.homotopy import End
from neurovariety.rings.ring import Array
from neurovariety.tolerances import LIMIT_DIGITS, SAME_FUNCTION
from neurovariety.training.critical.stages import CriticalFunction, Stage, coefficients_of
from neurovariety.training.losses.loss import Monomial


def accounted(stages: Sequence[Stage], monomials: tuple[Monomial, ...]) -> list[bool]:
    """For each of the stages whether every path is accounted for, and its list is complete if that of the general problem is."""
    values = [np.array([p.coefficients for p in stage.points]).reshape(-1, len(monomials)) for stage in stages]
    size = max((float(np.abs(v).max(initial=0.0)) for v in values), default=0.0)
    return [_closes(stage, k, values, monomials, size) for k, stage in enumerate(stages)]


def _closes(stage: Stage, number: int, values: list[Array], monomials: tuple[Monomial, ...], size: float) -> bool:
    found = stage.stationary
    if not stage.complete or found is None or stage.problem is None:
        return stage.complete
    if found.ends.get(str(End.AT_INFINITY)) or found.ends.get(str(End.FAILED)) or stage.sets:
        return False
    if not _conjugate(np.array([p.value for p in found.points]), np.array([p.radius for p in found.points])):
        return False
    others = np.vstack([v for k, v in enumerate(values) if k != number] or [values[number][:0]])
    limits = [coefficients_of(stage.problem, limit, monomials) for limit in found.singular]
    return all((np.abs(others - limit).max(axis=1, initial=0.0) <= _reach(limit, size)).any() for limit in limits)


def _reach(limit: Inexact[np.ndarray, " n"], size: float) -> float:
    """How far a limit of a path may be from where it is: limits are known to a few digits, those near 0 to a part of all sizes."""
    return LIMIT_DIGITS * max(float(np.abs(limit).max(initial=0.0)), LIMIT_DIGITS * size)


def _conjugate(values: Inexact[np.ndarray, "points n"], radii: Float[np.ndarray, "points n"]) -> bool:
    """Whether each of the functions may have its conjugate among them."""
    if not len(values):
        return True
    slack = SAME_FUNCTION * np.abs(values).max(axis=1)
    return all(
        (np.abs(values.conj() - value).max(axis=1) <= (radii + radius).max(axis=1) + slack).any()
        for value, radius in zip(values, radii, strict=True)
    )


def nothing_is_listed(stages: Sequence[Sequence[CriticalFunction]]) -> bool:
    """Whether there is no real function on any list: a contradiction where the loss is definite, as a closed set has a nearest
    point."""
    return not any(p.real for points in stages for p in points)
