"""The infimum of the loss over all real weights, by perturbation: no stratum and no theorem on singular functions is needed.

With |.| a Euclidean norm with general weights and e > 0, m(e) = min over real w of L(w) + e |w - a|^2 exists, and falls to the
infimum of L as e falls to 0: its limit is at most L(w) for each w, and no m(e) is less than the infimum. For general a the complex
critical points are isolated, their Hessians invertible: a is a regular value of w + (1/2e) grad L, by Sard's theorem. All of them come
from total degree homotopies, so m(e) is the least of the real ones, proved as for weight decay (`training.decayed_points`). For small
e each of the real ones is a branch, a power series in a root of e, and m is the value on one of them. So the infimum is the least of
the limits of L on the branches of minima.

It is attained just where a branch with that limit stays bounded: if L is least at w*, no minimizer w(e) is farther from a than w* is.

What an account shows. For few weights all critical points at the smallest e are accounted for, so that m(e) is shown, and with it a
bound of the loss of every network in a ball, m(e) less the perturbation there: ``in_ball``.

What is probable only. That no branches meet below the smallest e looked at: the number of minima is the same for the last two, and
Cauchy's integrals on circles around 0 agree on the limits. Where this fails, only an upper bound is claimed.

For learning: what the best network can do, and whether one does it, also where data do not see every function.

Sources: Hauenstein 2013; Morgan, Sommese, Wampler 1991.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from jaxtyping import Complex, Float

from neurovariety.certificates.decayed_loss import rational
from neurovariety.geometry.solutions.affine_slices import dyadic
from neurovariety.homotopy import Certificates, carried, certified_index
from neurovariety.homotopy.distinct import DistinctPoints, hashed
from neurovariety.homotopy.endgame import SingularEnds, cauchy
from neurovariety.homotopy.monodromy import CAREFUL
from neurovariety.homotopy.system import System
from neurovariety.homotopy.tape import Tape
from neurovariety.homotopy.tracker import track, values_at
from neurovariety.model import Model
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.rings.ring import Array
from neurovariety.training.critical.decayed_account import accounted_near, best_in_ball, exact_decayed, least_value
from neurovariety.training.critical.decayed_paths import General, as_unmoved, certified_ends, general_points, turned
from neurovariety.training.critical.decayed_system import DecayedSystem, decayed_system
from neurovariety.training.losses.loss import Loss

_STREAM = "training.critical.perturbation"
_MOST_PATHS = 60_000
_SIZES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5)
"""Perturbations of the scaled objective, whose coefficients have size 1."""
_RADII = tuple(10.0 ** (-k / 2) for k in range(9))
_ARCS = 4
_ATTEMPTS = 3
"""Random centres that are tried."""
_AGREE = 1e-5
_SAME = 1e-6
_BOUNDED = 1e-3
_GROWS = 1.02
"""A branch t^(-1/24) varies more on a circle by this factor than on one of which the radius is larger by the root of 10."""
_NOISE = 1e-5
"""Relative changes of weights below which they are not told from rounding, and such ones of losses."""
_NOISE_OF_LOSSES = 1e-8
DIVERGES = "diverges"


@dataclass(frozen=True, eq=False)
class Infimum:
    """``claim``: complete (``infimum`` is known), upper_bound (of it) or undecided (nothing is known); ``attained``: yes or no, or
    undecided; ``weights`` of the best network found, ``loss`` its loss; ``sequence``: (loss, largest weight) of networks that approach
    the infimum, along its branch; ``minima``: how many there are for each perturbation, with bounds of their least value; ``in_ball``:
    bounds ``low`` and ``high`` of the least loss of networks whose weights are within ``radius`` of those that perturbation is towards,
    with their ``claim``, by an account of all critical points (`certificates.critical_list.BallBound`), where one closes."""

    claim: str
    infimum: float | None
    attained: str
    weights: Float[np.ndarray, " N"] | None
    loss: float | None
    sequence: tuple[tuple[float, float], ...]
    minima: tuple[dict[str, object], ...]
    general: int
    paths: int
    reason: str
    in_ball: dict[str, object] | None = None

    def to_dict(self) -> dict[str, object]:
        """As plain data."""
        plain = {name: value for name, value in vars(self).items() if name != "weights"}
        weights = None if self.weights is None else np.asarray(self.weights).tolist()
        return plain | {"weights": weights, "sequence": [list(p) for p in self.sequence], "minima": list(self.minima)}


class _Branches(NamedTuple):
    """For each branch of minima the limit of the loss, that of the unknowns (see `_place`), and losses with largest weights on the
    way."""

    losses: Float[np.ndarray, " M"]
    places: list[Array | str | None]
    trails: list[list[tuple[float, float]]]


@dataclass(frozen=True, eq=False)
class _Perturbed:
    """The minima in unknowns at a perturbation of some size, and bounds of the least value of the objective there."""

    size: float
    minima: Float[np.ndarray, "M N"]
    least: tuple[float, float]
    all: Complex[np.ndarray, "C N"]


def infimum_by_perturbation(model: Model, loss: Loss, *, seed: int) -> Infimum:
    """The infimum of ``loss`` over the real weights of a polynomial model.

    Raises `ResourceError` where the root bound, the product of the degrees of the perturbed equations, is above 60,000.

    >>> from neurovariety import as_model
    >>> from neurovariety.training.losses.loss import Distance
    >>> found = infimum_by_perturbation(as_model("linear(1,1,1)"), Distance("frobenius", {(0, (1,)): 3}), seed=0)
    >>> found.claim, abs(found.infimum) < 1e-7, found.attained
    ('complete', True, 'yes')
    """
    ranks = ("undecided", "upper_bound", "complete")
    best: Infimum | None = None
    for attempt in range(_ATTEMPTS):
        found = _with_one_centre(model, loss, seed, attempt)
        if best is None or ranks.index(found.claim) > ranks.index(best.claim):
            best = found
        if found.claim == "complete" and found.attained != "undecided":
            return found
    assert best is not None
    return best


def _with_one_centre(model: Model, loss: Loss, seed: int, attempt: int) -> Infimum:
    """The infimum by perturbation towards one random centre; some centres lie where solutions are nearly singular."""
    n = model.parameters
    rng = generator(seed, _STREAM, attempt)
    note(phase="perturbing the loss")
    system = decayed_system(model, loss, np.zeros(n), seed, _MOST_PATHS, lambda scales: dyadic(rng, (n,)).real)
    general = general_points(system, rng, seed)
    found: list[_Perturbed] = []
    reason = "" if general.confirmed else "homotopies for general perturbations did not agree; another seed may help"
    here, strengths = general, rng.uniform(0.5, 1.5, n)
    for size in _SIZES if general.confirmed else ():
        target = system.at_unknowns(size * strengths)
        here, certificates = _carried(system, here, target, size * strengths, rng)
        note(phase=f"{certificates.count} of {len(general.points)} critical points at perturbation {size:g}")
        if certificates.count != len(general.points) or certificates.overlaps:
            reason = f"only {certificates.count} of {len(general.points)} critical points were certified at perturbation {size:g}"
            break
        at = _minima(system, certificates, target, size)
        if at is None:
            reason = f"it is undecided which critical points are minima at perturbation {size:g}"
            break
        found.append(at)
    counts = tuple({"perturbation": p.size, "minima": len(p.minima), "least": list(p.least)} for p in found)

    in_ball = None if not found else _in_ball(system, loss, found[-1], strengths, seed)

    def result(
        claim: str, infimum: float | None, attained: str, weights: Array | None, sequence: Sequence[tuple[float, float]], why: str
    ) -> Infimum:
        value = None if weights is None else float(system.losses(weights[None])[0])
        own = None if weights is None else weights * system.scales
        return Infimum(claim, infimum, attained, own, value, tuple(sequence), counts, len(general.points), general.paths, why, in_ball)

    if not found:
        return result("undecided", None, "undecided", None, (), reason)
    last = found[-1]
    losses = system.losses(last.minima)
    best = last.minima[int(np.argmin(losses))]
    if len(found) < 2 or len(found[-2].minima) != len(last.minima):
        reason = reason or "minima still appear or vanish at the smallest perturbation"
        return result("upper_bound", float(losses.min()), "undecided", best, (), reason)
    ends = _limits(system, last.size * strengths, last.minima)
    if ends is None:
        return result("upper_bound", float(losses.min()), "undecided", best, (), "limits of the branches of minima were not found")
    limits, weights, trails = ends
    size = max(abs(system.loss.constant), float(np.abs(system.loss.image).max(initial=0.0)), 1e-300)
    least = float(limits.min())
    rows = np.flatnonzero(limits <= least + _SAME * size)
    known = "least of the limits of all branches of minima"
    bounded = [w for w in (weights[k] for k in rows) if isinstance(w, np.ndarray)]
    if bounded:
        return result("complete", least, "yes", bounded[0], (), f"{known}; the weights converge")
    if all(isinstance(weights[k], str) for k in rows):
        why = f"{known}; on each branch with this limit weights diverge, so no network attains it"
        return result("complete", least, "no", best, trails[int(rows[0])], why)
    return result("complete", least, "undecided", best, trails[int(rows[0])], f"{known}; whether weights converge is undecided")


def _in_ball(system: DecayedSystem, loss: Loss, at: _Perturbed, strengths: Array, seed: int) -> dict[str, object] | None:
    """Bounds of the least loss in a ball, by an account of the perturbed loss; None where none closes."""
    plain = exact_decayed(system, loss, np.zeros(system.model.parameters))
    if plain is None:
        return None
    subject = plain.with_strengths(tuple(map(rational, (at.size * strengths).tolist())))
    listed = accounted_near(subject, at.all, seed)
    least = None if listed is None else least_value(listed, subject)
    known = None if least is None else best_in_ball(least, subject)
    if known is None:
        return None
    low, high = known.verdict.statement.value
    return {"low": low, "high": high, "radius": known.radius, "claim": str(known.verdict.claim)}


def _carried(
    system: DecayedSystem, general: General, target: Array, sizes: Array, rng: np.random.Generator
) -> tuple[General, Certificates]:
    """All solutions at general strengths of the given sizes, and certified ones at the real ``target``.

    Along one arc some paths are lost, along others it is others.
    """
    found: list[Array] = []
    seen, best = DistinctPoints(_SAME), None
    for _ in range(_ARCS):
        there = system.at_unknowns(turned(sizes, rng))
        points = carried(system.moved, general.points, general.parameters, there, system.images, rng)
        points = points[np.isfinite(points).all(axis=1)]
        here = replace(general, points=points, parameters=there)
        if best is None or len(points) > len(best.points):
            best = here
        ends = certified_ends(system, here, target, int(rng.integers(2**31)))
        found += [x for x in ends.centres[ends.certified] if seen.add(hashed(x))[1]]
        if len(best.points) == len(general.points) and len(found) >= len(general.points):
            break
    assert best is not None
    return best, as_unmoved(system, np.array(found).reshape(-1, system.model.parameters) + system.shift, target)


def _minima(system: DecayedSystem, found: Certificates, target: Array, size: float) -> _Perturbed | None:
    real = [found.real(k) for k in range(len(found.centres))]
    if "undecided" in real:
        return None
    rows = [k for k, truth in enumerate(real) if truth == "yes"]
    index = {k: certified_index(system.system, found, k, target) for k in rows}
    if None in index.values() or not rows:
        return None
    values, radii = system.enclosures(found, target)
    bounds = (values[rows].real - radii[rows]).min(), (values[rows].real + radii[rows]).min()
    return _Perturbed(size, found.centres[[k for k in rows if not index[k]]].real, (float(bounds[0]), float(bounds[1])), found.centres)


def _limits(system: DecayedSystem, strengths: Array, minima: Array) -> _Branches | None:
    """Where each branch of minima goes; None where a path is lost or its loss has no clear limit."""
    n = system.model.parameters
    path = system.towards(system.at_unknowns(strengths), system.at_unknowns(np.zeros(n)))
    images = system.scaled_loss()
    points = minima + system.shift
    before: tuple[SingularEnds, SingularEnds] | None = None
    trails: list[list[tuple[float, float]]] = [[] for _ in points]
    limits, settled = np.full(len(points), np.nan), np.zeros(len(points), dtype=bool)
    places: list[Array | str | None] = [None] * len(points)
    for outer, inner in itertools.pairwise(_RADII):
        moved = track(path, points, [outer], [inner], CAREFUL)
        if not moved.good.all():
            return None
        points = moved.ends
        here = points - system.shift
        values = system.losses(here.real)
        for trail, value, weights in zip(trails, values, np.abs(here * system.scales).max(axis=1), strict=True):
            trail.append((float(value), float(weights)))
        radii = np.full((len(points), 1), inner)
        now = _around(path, points, radii, images), _around(path, points, radii)
        if before is not None:
            for k in np.flatnonzero(~settled):
                if not (now[0].winding[k] and before[0].winding[k]):
                    continue
                a, b = now[0].limits[k, 0].real, before[0].limits[k, 0].real
                if abs(a - b) <= _AGREE * max(abs(a), abs(values[k]), 1e-300) or abs(a - b) <= _AGREE:
                    limits[k] = a / system.factor + system.loss.constant
                    places[k] = _place(now[1], before[1], int(k), system.shift)
                    settled[k] = places[k] is not None
        before = now
        if settled.all():
            break
    return None if np.isnan(limits).any() else _Branches(limits, places, trails)


def _around(path: System, points: Array, radii: Array, images: Tape | None = None) -> SingularEnds:
    """Limits by circles around 0; where these vary by rounding only, which never closes, the points themselves are the limits."""
    found = cauchy(path, points, radii, CAREFUL, images)
    values, noise = (points, _NOISE) if images is None else (values_at(images, points), _NOISE_OF_LOSSES)
    still = (found.winding == 0) & (found.spread > 0) & (found.spread <= noise * np.maximum(np.abs(values).max(axis=1), 1.0))
    return SingularEnds(np.where(still[:, None], values, found.limits), np.where(still, 1, found.winding), found.spread)


def _place(now: SingularEnds, before: SingularEnds, k: int, shift: Array) -> Array | str | None:
    """The limit of the unknowns of branch k, ``DIVERGES`` where circles nearer to 0 see them vary more, None where neither is clear."""
    if not (now.winding[k] and before.winding[k]):
        return None
    size = max(1.0, float(np.abs(now.limits[k] - shift).max()))
    if now.spread[k] > _GROWS * before.spread[k] and now.spread[k] > _NOISE * size:
        return DIVERGES
    a, b = now.limits[k] - shift, before.limits[k] - shift
    place: Array = a.real
    return place if np.abs(a - b).max() <= _BOUNDED * size else None
