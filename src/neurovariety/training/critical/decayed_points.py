"""Training with weight decay: all complex critical points of loss + sum_k s_k w_k^2 in the space of weights.

Without decay the critical points of the weights come in families, since many weights give one function. Decay removes that freedom:
for general strengths s the complex critical points are finitely many and their Hessians invertible, whatever the model, the loss and
the data (parametric transversality). Where w_k = 0 for k in Z alone, equation k in Z does not contain s: so either it holds for all
such weights, and they are the critical points of the network without the weights Z, or for general s it holds at none; the other
equations are solved by s_k = -(dL/dw_k) / (2 w_k) for each w, so by Sard's theorem s is a regular value.

What is proved. At general complex strengths a total degree homotopy finds every solution (Bezout); it is made twice, at different
strengths, and the solutions of one are followed to the other, where they must be the same. From there paths lead to the strengths
asked for. Ends are certified by Krawczyk's operator in ball arithmetic; that they are real, and the index of the real Hessian, are
certified too. Path tracking is numerical: that no path was taken for an infinite one is confirmed, not proved. Data and quadric are
rounded to float64 first; statements are about these numbers.

A check. Over all critical points of a function on R^N that tends to infinity, if none is degenerate, (-1)^index sums to 1 (Morse): a
list of real points with certified indices and another sum is not complete, and is not called so.

The least value. With every s_k > 0 the objective tends to infinity with the weights, so it has a minimum, a critical point. Where all
general solutions arrive at different regular points it is the least of the real ones: near s the objective has, for general strengths,
no other critical points than continuations of these, and minima for strengths that tend to s stay bounded and have a limit of least
value. Equal strengths often leave an orthogonal symmetry (hidden neurons turned into each other by a linear network); then whole orbits
are critical, which is said. The least value only grows with s, so strengths a little smaller and a little larger, drawn at random,
enclose it: `least_with_decay`.

For learning: the global minimum of the objective that is really trained, and how many other local minima decay leaves.

Sources: Mehta, Chen, Tang, Hauenstein 2018 (arXiv:1810.07716); Bharadwaj, Hosten 2023 (arXiv:2301.12651); Krawczyk 1969.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Complex, Float, Inexact, Int

from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.homotopy import (
    Certificates,
    End,
    SpecialEnds,
    carried,
    certified_index,
    confirmed_ends,
    special_ends,
)
from neurovariety.homotopy.certify import Truth
from neurovariety.homotopy.distinct import DistinctPoints
from neurovariety.model import Model
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.rings.ring import Array
from neurovariety.tolerances import SAME_WEIGHTS
from neurovariety.training.critical.decayed_paths import RUNS, General, as_unmoved, certified_ends, general_points, nearer, turned
from neurovariety.training.critical.decayed_system import DecayedSystem, decayed_system
from neurovariety.training.losses.loss import Loss

_STREAM = "training.critical.decayed_points"
_MOST_PATHS = 60_000
_MOST_WEIGHTS = 64


@dataclass(frozen=True, eq=False)
class DecayedPoints:
    """The critical points of the loss plus sum_k ``strengths``_k w_k^2.

    ``weights`` with their ``certificates``, one row a point; ``real``: yes, no or undecided, each proved but for the last;
    ``losses`` the objective, within ``radii``, rows sorted by its real part; ``index``: negative eigenvalues of the real
    Hessian, certified, None where the point is not real or nothing is shown. ``general``: how many points there are at general
    strengths; ``ends`` what became of their paths to these strengths (``failed``: no isolated certified point); ``paths`` the root
    bound, the number of paths with which ``general`` is counted. ``degenerate``: limits that are no regular points.
    ``complete`` says that all isolated critical points are listed, and that there are no other limits; if not, ``reason`` says why.
    """

    model: Model
    strengths: Float[np.ndarray, " N"]
    weights: Complex[np.ndarray, "points N"]
    certificates: Certificates = field(repr=False)
    real: tuple[Truth, ...]
    losses: Complex[np.ndarray, " points"]
    radii: Float[np.ndarray, " points"]
    index: tuple[int | None, ...]
    degenerate: Complex[np.ndarray, "limits N"]
    general: int
    ends: dict[str, int]
    paths: int
    complete: bool
    reason: str
    seed: int

    @property
    def minima(self) -> tuple[int, ...]:
        """The rows of the local minima: certified to be real, with a certified positive definite Hessian."""
        return tuple(k for k, i in enumerate(self.index) if i == 0)

    @property
    def morse_sum(self) -> int | None:
        """The sum of (-1)^index over the real points, 1 for all critical points of an objective with positive strengths; None where a
        point is undecided."""
        if any(t == "undecided" or (t == "yes" and i is None) for t, i in zip(self.real, self.index, strict=True)):
            return None
        return sum((-1) ** i for i in self.index if i is not None)

    @property
    def least(self) -> tuple[float, float] | None:
        """Bounds of the global minimum of the objective over all real weights; None where that is not shown.

        Shown where every strength is positive, every general solution has arrived at a regular point of its own, and for each of these
        it is decided whether it is real.
        """
        proved = self.complete and len(self.weights) == self.general and (self.strengths > 0).all() and "undecided" not in self.real
        rows = [k for k, truth in enumerate(self.real) if truth == "yes"]
        if not proved or not rows:
            return None
        values, radii = self.losses[rows].real, self.radii[rows]
        return float((values - radii).min()), float((values + radii).min())

    @property
    def minimizers(self) -> tuple[int, ...]:
        """The rows of the points at which the objective may be least: all others are proved to have a larger value. Empty where
        ``least`` is None."""
        if self.least is None:
            return ()
        most = self.least[1]
        return tuple(k for k, t in enumerate(self.real) if t == "yes" and self.losses[k].real - self.radii[k] <= most)

    def __repr__(self) -> str:
        claim = "complete" if self.complete else f"lower_bound: {self.reason}"
        return f"DecayedPoints({len(self.weights)} points, {self.real.count('yes')} real, {len(self.minima)} minima) [{claim}]"


def decayed_points(model: Model, loss: Loss, strengths: object, *, seed: int) -> DecayedPoints:
    """All complex critical points of ``loss`` plus sum_k ``strengths``_k w_k^2; one strength, or one for each weight, not negative.

    Raises `InputError` for strengths that are negative, not finite or not as many as weights, and for models that are not polynomial;
    `ResourceError` where the root bound, the product of the degrees of the equations, is above 60,000.

    >>> from neurovariety import as_model
    >>> from neurovariety.training.losses.loss import SquaredError
    >>> found = decayed_points(as_model("linear(1,1,1)"), SquaredError(np.array([[1.0]]), np.array([[2.0]])), [0.1, 0.4], seed=0)
    >>> found
    DecayedPoints(5 points, 3 real, 2 minima) [complete]
    >>> [round(bound, 6) for bound in found.least]  # 4 - (2 - 0.2)^2, by hand
    [0.76, 0.76]
    """
    require_polynomial(model)
    s = _strengths(model, strengths)
    if model.parameters > _MOST_WEIGHTS:
        raise ResourceError(f"{model.name} has {model.parameters} weights; with weight decay at most {_MOST_WEIGHTS} are taken on")
    note(phase="preparing the path tracker (compiled once, half a minute)")
    system = decayed_system(model, loss, s, seed, _MOST_PATHS)
    rng = generator(seed, _STREAM)
    general = nearer(system, general_points(system, rng, seed), s, rng)
    note(phase=f"{len(general.points)} paths to these strengths")
    target = system.parameters(s)
    arrived = _arrived(system, general, target, rng)
    points = _listed(system, s, general, arrived)
    if points.complete and (s > 0).all() and points.morse_sum not in (1, None):
        wrong = (
            f"indices of the real points give the sum {points.morse_sum}, and all critical points would give 1; another seed may help"
        )
        return replace(points, complete=False, reason=wrong)
    return points


@dataclass(frozen=True, eq=False)
class _Arrived:
    """Where paths to stated strengths end: certificates ``found``, ``ends`` by kind, ``degenerate`` unknowns; ``reason``: why these may
    not be all isolated points, empty where they are."""

    found: Certificates
    ends: Counter[End]
    degenerate: Complex[np.ndarray, "limits N"]
    reason: str


def _arrived(system: DecayedSystem, general: General, target: Inexact[np.ndarray, " m"], rng: np.random.Generator) -> _Arrived:
    found, none = certified_ends(system, general, target, system.seed), np.zeros((0, system.model.parameters), dtype=np.complex128)
    ends = Counter({End.REGULAR: len(found.centres)})
    if found.count == len(general.points):
        return _Arrived(found, ends, none, _why_not_all(general, found.complete, 0))
    turns = system.symmetries(target, rng)
    if turns:
        ends[End.FAILED] = len(general.points) - len(found.centres)
        reason = (
            f"{counted(ends[End.FAILED], 'path')} to no isolated critical point, and linear maps, a group of dimension {turns}, leave "
            "the objective as it is: critical points that they move come in whole orbits; positive strengths that differ break that "
            "symmetry"
        )
        return _Arrived(found, ends, none, reason)
    special, sure, regular = _confirmed(system, general, target, rng)
    found = as_unmoved(system, regular, target)
    if found.overlaps:  # one point from two passes
        again = {k for _, k in found.overlaps}
        found = as_unmoved(system, np.array([x for k, x in enumerate(regular) if k not in again]), target)
    if found.count == len(general.points):
        return _Arrived(found, Counter({End.REGULAR: found.count}), none, _why_not_all(general, found.complete, 0))
    singular = special.limits[special.distinct(End.SINGULAR), 1:]
    sure = sure and found.count == len(special.distinct(End.REGULAR))
    reason = _why_not_all(general, sure and found.complete, len(singular))
    return _Arrived(found, Counter(special.kinds), singular - system.shift, reason)


def _why_not_all(general: General, complete: bool, degenerate: int) -> str:
    if degenerate:
        return f"paths end at {counted(degenerate, 'degenerate point')}; strengths changed a little at random have none"
    if not general.confirmed:
        return f"homotopies at general strengths did not agree in {RUNS} runs; another seed may help"
    return "" if complete else "not every path was followed to a certified end; another seed may help"


def least_with_decay(model: Model, loss: Loss, strengths: object, *, seed: int, spread: float = 1e-2) -> tuple[float, float] | None:
    """Bounds of the global minimum, over all real weights, of ``loss`` plus sum_k ``strengths``_k w_k^2, for any positive strengths.

    The minimum grows with the strengths. So it lies between those for strengths that are smaller, and larger, by random parts up to
    ``spread``, which are general: whatever symmetries equal strengths have. A smaller spread gives closer bounds, but complex solutions
    then lie farther out, and paths may be lost. None where one of the two minima is not shown. Raises `InputError` as `decayed_points`
    does, and for strengths that are not all positive; `ResourceError` likewise.

    >>> from neurovariety import as_model
    >>> from neurovariety.training.losses.loss import SquaredError
    >>> low, high = least_with_decay(as_model("linear(1,2,1)"), SquaredError(np.array([[1.0]]), np.array([[2.0]])), 0.2, seed=0)
    >>> low <= 4 - (2 - 0.2) ** 2 <= high
    True
    """
    s = _strengths(model, strengths)
    if not (s > 0).all():
        raise InputError("a minimum need not exist where a strength is zero; give positive strengths")
    if not 0 < spread < 1:
        raise InputError(f"a spread is a number between 0 and 1, got {spread!r}")
    shares = generator(seed, _STREAM, 1).uniform(0.5, 1.0, (2, len(s)))
    below = decayed_points(model, loss, s * (1 - spread * shares[0]), seed=seed).least
    above = decayed_points(model, loss, s * (1 + spread * shares[1]), seed=seed).least
    return None if below is None or above is None else (below[0], above[1])


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


def _confirmed(
    system: DecayedSystem, general: General, target: Inexact[np.ndarray, " m"], rng: np.random.Generator
) -> tuple[SpecialEnds, bool, Complex[np.ndarray, "regular N"]]:
    """The ends of the paths where some are not regular: two passes from different general strengths must agree.

    Also the regular ends of all passes together: where they are as many as paths, nothing is missing, whatever a pass has lost.
    """
    seen = DistinctPoints(SAME_WEIGHTS)
    regular: list[Array] = []

    def one_pass(number: int) -> SpecialEnds:
        starts, here = general.points, general.parameters
        if number:
            here = system.at_unknowns(turned(np.abs(general.parameters[: system.model.parameters]), rng))
            starts = carried(system.moved, starts, general.parameters, here, system.images, rng)
        found = special_ends(system.towards(here, target), starts, system.images, rng, (system.moved, target))
        regular.extend(found.points[k] for k in found.of(End.REGULAR) if seen.add(found.limits[k])[1])
        return found

    ends, sure = confirmed_ends(one_pass, lambda: len(regular) == len(general.points))
    return ends, sure, np.array(regular).reshape(-1, system.model.parameters)


def _listed(system: DecayedSystem, strengths: Float[np.ndarray, " N"], general: General, arrived: _Arrived) -> DecayedPoints:
    """The result, points by the real part of the objective."""
    found, target = arrived.found, system.parameters(strengths)
    losses, radii = system.enclosures(found, target)
    real = tuple(found.real(k) for k in range(len(losses)))
    index = tuple(certified_index(system.system, found, k, target) for k in range(len(losses)))
    order = np.argsort(losses.real, kind="stable")
    certificates = _of_weights(found, system.scales, order)
    return DecayedPoints(
        model=system.model,
        strengths=strengths,
        weights=certificates.centres,
        certificates=certificates,
        real=tuple(real[k] for k in order),
        losses=losses[order],
        radii=radii[order],
        index=tuple(index[k] for k in order),
        degenerate=arrived.degenerate * system.scales,
        general=len(general.points),
        ends={str(kind): number for kind, number in arrived.ends.items()},
        paths=general.paths,
        complete=not arrived.reason,
        reason=arrived.reason,
        seed=system.seed,
    )


def _of_weights(found: Certificates, scales: Float[np.ndarray, " N"], order: Int[np.ndarray, " points"]) -> Certificates:
    """The certificates of unknowns as those of the weights, in another order; powers of two leave them exact."""
    place = {int(k): i for i, k in enumerate(order)}
    overlaps = tuple(sorted((place[a], place[b]) for a, b in found.overlaps))
    rows = {name: getattr(found, name)[order] * scales for name in ("centres", "radii", "near", "values", "sizes")}
    return replace(found, certified=found.certified[order], overlaps=overlaps, **rows)
