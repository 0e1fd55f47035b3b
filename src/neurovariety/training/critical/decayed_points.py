"""Training with weight decay: all complex critical points of loss + sum_k s_k w_k^2 in the space of weights.

Without decay the critical points of the weights come in families, since many weights give one function. Decay removes that freedom:
for general strengths s the complex critical points are finitely many and their Hessians invertible, whatever the model, the loss and
the data (parametric transversality). Where w_k = 0 for k in Z alone, equation k in Z does not contain s: so either it holds for all
such weights, and they are the critical points of the network without the weights Z, or for general s it holds at none; the other
equations are solved by s_k = -(dL/dw_k) / (2 w_k) for each w, so by Sard's theorem s is a regular value.

What is proved. Data are taken as their floats store them, and the objective is a sum of squares with rational coefficients
(`decayed_account`). Its critical points are shown in boxes, real ones and their indices too, and an account says that there are no
others: their number is the Bézout number, or a number modulo two random primes (then wrong with a probability that is computed). Where
no account closes, they are followed from general strengths, at which a total degree homotopy finds them, and there are at least so
many. Where critical points are degenerate, on orbits of a symmetry say, an account counts those with an invertible Hessian.

The least value. With every s_k > 0 the objective tends to infinity with the weights, so it has a minimum, a critical point: where the
list is all, it is the least of those that are not shown to be complex. It only grows with s, so a list for strengths a little smaller,
drawn at random and therefore general, bounds it from below also where equal strengths leave a symmetry.

For learning: the global minimum of the objective that is really trained, and how many other local minima decay leaves.

Sources: Mehta, Chen, Tang, Hauenstein 2018 (arXiv:1810.07716); Bharadwaj, Hosten 2023 (arXiv:2301.12651); Krawczyk 1969.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Complex, Float

from neurovariety.certificates.completeness import Distinct
from neurovariety.certificates.critical_list import TESTED, ListWithDecay
from neurovariety.certificates.decayed_loss import DecayedLoss, rational
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.homotopy.certify import Truth
from neurovariety.homotopy.exact_program import system_of
from neurovariety.homotopy.incidence import part_of
from neurovariety.model import Model
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.training.critical.decayed_account import (
    Accounted,
    accounted,
    accounted_near,
    exact_decayed,
    least_value,
    of_points,
    points_of_objective,
)
from neurovariety.training.critical.decayed_paths import certified_ends, general_points, nearer
from neurovariety.training.critical.decayed_system import DecayedSystem, decayed_system
from neurovariety.training.losses.loss import Loss

_STREAM = "training.critical.decayed_points"
_MOST_WEIGHTS = 64
_MOST_PATHS = 60_000
_MOST_ACCOUNTED = 20_000
"""Root bounds up to which an account is tried."""
_SMALL = 1e-3
"""Smaller strengths of the unknowns are reached from larger ones."""
_ARCS = 3
_TRUTHS: dict[bool | None, Truth] = {True: "yes", False: "no", None: "undecided"}


@dataclass(frozen=True, eq=False)
class DecayedPoints:
    """Critical points of a loss with decay, by the real part of the objective.

    ``weights`` of all complex critical points with an invertible Hessian, those that are shown to be real exactly so; ``losses`` the
    objective there, within ``radii``, ``real`` whether they are, and ``index``, the number of negative eigenvalues of the real Hessian,
    None where the point is not real or nothing is shown. ``degenerate``: other points, where they are known; ``paths`` the root bound.
    ``verdict``: what is shown of their numbers; ``complete`` says that there are no other critical points at all, ``reason`` why not.
    """

    model: Model
    strengths: Float[np.ndarray, " N"]
    weights: Complex[np.ndarray, "points N"]
    real: tuple[Truth, ...]
    losses: Complex[np.ndarray, " points"]
    radii: Float[np.ndarray, " points"]
    index: tuple[int | None, ...]
    degenerate: Complex[np.ndarray, "limits N"]
    paths: int
    reason: str
    seed: int
    exact: Accounted = field(repr=False)

    @property
    def verdict(self) -> Verdict:
        """What is shown of the numbers of points, of real ones and of minima."""
        return self.exact.verdict

    @property
    def complete(self) -> bool:
        """Whether there are no others."""
        return not self.reason

    @property
    def minima(self) -> tuple[int, ...]:
        """The rows of the local minima: shown to be real, with a positive definite Hessian."""
        return tuple(k for k, i in enumerate(self.index) if i == 0)

    @property
    def morse_sum(self) -> int | None:
        """The sum of (-1)^index over the real points, 1 for all critical points of an objective with positive strengths; None where a
        point is undecided."""
        if any(t == "undecided" or (t == "yes" and i is None) for t, i in zip(self.real, self.index, strict=True)):
            return None
        return sum((-1) ** i for i in self.index if i is not None)

    @cached_property
    def least_verdict(self) -> Verdict | None:
        """What is shown of the global minimum of the objective over all real weights; None where the list does not show it."""
        return least_value(self.exact, self.exact.subject) if self.complete and (self.strengths > 0).all() else None

    @property
    def least(self) -> tuple[float, float] | None:
        """Bounds of the global minimum of the objective over all real weights; None where the list does not show it."""
        return None if self.least_verdict is None else self.least_verdict.statement.value

    @property
    def minimizers(self) -> tuple[int, ...]:
        """The rows of the real points listed at which the objective may be least. Empty where ``least`` is None."""
        least = self.least
        if least is None:
            return ()
        near = self.losses.real - self.radii <= least[1]
        return tuple(k for k, t in enumerate(self.real) if t == "yes" and near[k])

    def __repr__(self) -> str:
        claim = f"{self.verdict.claim}{f': {self.reason}' if self.reason else ''}"
        return f"DecayedPoints({len(self.weights)} points, {self.real.count('yes')} real, {len(self.minima)} minima) [{claim}]"


def decayed_points(model: Model, loss: Loss, strengths: object, *, seed: int) -> DecayedPoints:
    """All complex critical points of ``loss`` plus sum_k ``strengths``_k w_k^2; one strength, or one for each weight, not negative.

    Raises `InputError` for strengths that are negative, not finite or not as many as weights, for models that are not polynomial, and
    for forms that are not nonnegative; `ResourceError` where the root bound, the product of the degrees of the equations, is above
    60,000.

    >>> from neurovariety import as_model
    >>> from neurovariety.training.losses.loss import SquaredError
    >>> found = decayed_points(as_model("linear(1,1,1)"), SquaredError(np.array([[1.0]]), np.array([[2.0]])), [0.1, 0.4], seed=0)
    >>> found
    DecayedPoints(5 points, 3 real, 2 minima) [probability]
    >>> [round(bound, 6) for bound in found.least]  # 4 - (2 - 0.2)^2, by hand
    [0.76, 0.76]
    """
    s = _strengths(model, strengths)
    system, exact = _posed(model, loss, s, seed)
    found, clusters = _found(system, exact, s, seed)
    return DecayedPoints(
        model=model,
        strengths=s,
        weights=found.unknowns * system.scales,
        real=tuple(_TRUTHS[r] for r in found.real),
        losses=found.values,
        radii=found.radii,
        index=found.indices,
        degenerate=clusters * system.scales,
        paths=exact.system.bezout_number,
        reason=_why_not_all(system, found, s, len(clusters), seed),
        seed=seed,
        exact=found,
    )


def least_with_decay(model: Model, loss: Loss, strengths: object, *, seed: int, spread: float = 1e-3) -> tuple[float, float] | None:
    """Bounds of the global minimum, over all real weights, of ``loss`` plus sum_k ``strengths``_k w_k^2, for any positive strengths.

    The minimum grows with the strengths. So it is not less than that for strengths which are smaller by random parts up to ``spread``,
    which are general: whatever symmetries equal strengths have. None where that is not shown. Raises `InputError` as `decayed_points`
    does, and for strengths that are not all positive; `ResourceError` likewise.

    >>> from neurovariety import as_model
    >>> from neurovariety.training.losses.loss import SquaredError
    >>> low, high = least_with_decay(as_model("linear(1,2,1)"), SquaredError(np.array([[1.0]]), np.array([[2.0]])), 0.2, seed=0)
    >>> low <= 4 - (2 - 0.2) ** 2 <= high
    True
    """
    found = verdict_with_decay(model, loss, strengths, seed=seed, spread=spread)
    return None if found is None else found.statement.value


def verdict_with_decay(model: Model, loss: Loss, strengths: object, *, seed: int, spread: float = 1e-3) -> Verdict | None:
    """The same as a verdict, which has the claim."""
    s = _strengths(model, strengths)
    if not (s > 0).all():
        raise InputError("a minimum need not exist where a strength is zero; give positive strengths")
    if not 0 < spread < 1:
        raise InputError(f"a spread is a number between 0 and 1, got {spread!r}")
    system, exact = _posed(model, loss, s, seed)
    if exact.system.bezout_number > _MOST_ACCOUNTED:
        return None
    less = s * (1 - spread * generator(seed, _STREAM, 1).uniform(0.5, 1.0, len(s)))
    smaller = exact.with_strengths(tuple(rational(v) / rational(w) * t for v, w, t in zip(less, s, exact.strengths, strict=True)))
    found = accounted_near(smaller, _followed(system, less, seed), seed)
    return None if found is None else least_value(found, exact)


def _posed(model: Model, loss: Loss, s: Float[np.ndarray, " N"], seed: int) -> tuple[DecayedSystem, DecayedLoss]:
    """The equations in doubles, and exactly."""
    require_polynomial(model)
    if model.parameters > _MOST_WEIGHTS:
        raise ResourceError(f"{model.name} has {model.parameters} weights; with weight decay at most {_MOST_WEIGHTS} are taken on")
    note(phase="preparing the path tracker (compiled once, half a minute)")
    system = decayed_system(model, loss, s, seed, _MOST_PATHS)
    exact = exact_decayed(system, loss, s)
    if exact is None:
        raise InputError("a quadratic form that takes negative values is no loss to be made small; give a form that is nonnegative")
    return system, exact


def _strengths(model: Model, strengths: object) -> Float[np.ndarray, " N"]:
    try:
        s = np.asarray(strengths, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("strengths of weight decay are numbers, one for all weights or one for each") from None
    if s.shape not in ((), (model.parameters,)):
        raise InputError(f"{model.name} has {model.parameters} weights: give one strength, or as many; got an array of shape {s.shape}")
    if not np.isfinite(s).all() or (s < 0).any():
        raise InputError("strengths of weight decay are finite numbers, none of them negative")
    return np.array(np.broadcast_to(s, (model.parameters,)))


def _found(
    system: DecayedSystem, exact: DecayedLoss, s: Float[np.ndarray, " N"], seed: int
) -> tuple[Accounted, Complex[np.ndarray, "clusters N"]]:
    """The list, all where an account closes; and centres of clusters."""
    known, clusters = (np.zeros((0, len(s)), dtype=np.complex128) for _ in range(2))
    few, sizes = exact.system.bezout_number <= _MOST_ACCOUNTED, system.scaled(s)
    if few and sizes[sizes > 0].min(initial=1.0) >= _SMALL:
        note(phase="looking for all critical points at these strengths")
        found, solutions = accounted(exact, seed)
        if found is not None:
            return found, solutions.singular
        known, clusters = solutions.regular, solutions.singular
    both = np.concatenate([known, _followed(system, s, seed)])
    again = accounted_near(exact, both, seed) if few else None
    if again is not None:
        return again, clusters
    equations = system_of(exact.system)
    points = part_of(exact, points_of_objective(exact, equations, both))
    return of_points(exact, equations, points, issue(Distinct(TESTED, exact.hash, points), exact)), clusters


def _followed(system: DecayedSystem, s: Float[np.ndarray, " N"], seed: int) -> Complex[np.ndarray, "points N"]:
    """Certified ends of paths from general strengths: straight to small ones most of the way would lie in the last bit of a path."""
    rng, target = generator(seed, _STREAM), system.parameters(s)
    start = general_points(system, rng, seed)
    found = np.zeros((0, len(s)), dtype=np.complex128)
    for _ in range(_ARCS):  # along one arc some paths are lost, along others it is others
        general = nearer(system, start, s, rng)
        note(phase=f"{len(general.points)} paths to these strengths")
        ends = certified_ends(system, general, target, seed)
        found = np.concatenate([found, ends.centres[ends.certified]])
        if ends.count == len(start.points):
            break
    return found


def _why_not_all(system: DecayedSystem, found: Accounted, s: Float[np.ndarray, " N"], clusters: int, seed: int) -> str:
    own = found.verdict.certificate
    assert isinstance(own, ListWithDecay)
    if own.no_others:
        return ""
    turns = system.symmetries(system.parameters(s), generator(seed, _STREAM, 2))
    if turns:
        return (
            f"linear maps, a group of dimension {turns}, leave the objective as it is: critical points that they move come in whole "
            "orbits, which are not listed; positive strengths that differ break that symmetry"
        )
    if clusters:
        return f"there are {counted(clusters, 'degenerate point')} beside those listed; strengths changed a little at random have none"
    if own.all:
        return "critical points whose Hessian is not invertible are not listed"
    return "no account of all critical points closes; a smaller architecture, or another seed, may help"
