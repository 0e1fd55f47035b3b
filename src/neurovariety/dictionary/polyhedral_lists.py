"""The lists of a polyhedral distance: critical points on the smooth part and on each stratum, and descents against them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from neurovariety.budget import used_up
from neurovariety.certificates.issue import NotShown, Verdict, first_shown
from neurovariety.certificates.least_of_lists import LeastOfLists, ValueAt
from neurovariety.certificates.polyhedral_distance import DistanceOfNetworks
from neurovariety.dictionary.polyhedral_problem import FaceProblem
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.solutions.attempts import why_incomplete
from neurovariety.geometry.strata.smaller_models import Strata, strata_of
from neurovariety.model import Model
from neurovariety.randomness import generator
from neurovariety.training.critical.face_descents import FaceDescents, face_descents, least_on_span
from neurovariety.training.critical.face_stage import Evaluated, FacePoint, FaceStage, face_stage
from neurovariety.training.losses.polyhedral_norm import PolyhedralNorm

_STREAM = "dictionary.polyhedral"
_SAME = 1e-8
_SLACK = 1e-9
_KINDS = ("minimum", "undecided", "saddle")


@dataclass(frozen=True, eq=False)
class FaceLists:
    """The ``stages`` (the first that of the smooth part), all ``points`` of these, each function once, in given units; the ``least``
    distance of a network known with what is claimed of it and why; what descents found; in words what contradicts the lists.
    ``convex_attained``: the distance is convex, on a linear space, and a network known has the least one there."""

    stages: list[FaceStage]
    points: tuple[FacePoint, ...]
    least: float | None
    claim: str
    reason: str
    descents: FaceDescents
    contradiction: str
    white: bool
    convex_attained: bool
    verdict: Verdict | None
    """What is shown of the least distance."""
    subject: DistanceOfNetworks

    @property
    def smooth(self) -> tuple[FacePoint, ...]:
        """The points that are on no stratum."""
        return tuple(p for p in self.points if not p.stratum)

    @property
    def complete(self) -> bool:
        """Whether the critical functions on the linear spaces of faces are all listed, as far as tests tell."""
        return self.stages[0].complete and not self.contradiction and not self.white

    @property
    def minima(self) -> int:
        """Local minima of real networks that are proved, each function once; those of a convex distance are one set."""
        found = sum(p.kind == "minimum" and p.weights is not None for p in self.smooth)
        return int(found > 0 or self.convex_attained) if self.stages[0].flat else found

    @property
    def minima_complete(self) -> bool:
        """Whether no other function listed may be one."""
        if not self.complete or self.stages[0].flat:
            return self.complete
        return not any(p.kind == "undecided" for p in self.smooth)

    @property
    def why(self) -> str:
        """Why the lists are not complete."""
        if self.contradiction:
            return f"{self.contradiction}: the lists are not complete, please report it"
        if self.white:
            return (
                "columns of the data nearly depend on others: critical points were found in whitened coordinates, and are not "
                "certified for the data as they are"
            )
        if not used_up() and any(0 in stage.general for stage in self.stages):
            return "faces without critical points for general targets are not shown to have none for this one; no seed changes that"
        return why_incomplete()


def face_lists(model: Model, asked: FaceProblem, seed: int) -> FaceLists:
    """Every critical point, face by face, and descents against them."""
    strata = strata_of(model, False)
    first = face_stage(model, asked.distance, asked.evaluated, seed)
    stages = [first, *_smaller(model, strata, asked.distance, asked.evaluated, seed)]
    stages = [replace(stage, points=_each_once(stage.points)) for stage in stages]
    stages[0] = first = _convex(stages[0])
    points = [p for stage in stages for p in stage.points]
    descents = face_descents(first, asked.distance, points, generator(seed, _STREAM))
    best = min((p for p in points if p.weights is not None), key=lambda p: p.distance, default=None)
    scale = asked.distance.norm(asked.distance.matrix @ np.asarray(asked.distance.target, dtype=np.float64))
    contradiction, reason = "", ""
    nearer = best is None or descents.below(best.distance, scale / asked.distance.divisor)
    doubtful = nearer and best is not None and first.complete and descents.at_full_rank(first)
    if nearer and descents.weights is not None:
        reason = "a descent found a network nearer than any listed"
        contradiction = reason if doubtful else ""
        best = _found(descents)
    lowest = least_on_span(first, asked.distance) if first.flat else None
    attained = best is not None and lowest is not None and _near(best.distance, lowest)
    if asked.collinear is not None:
        back = asked.collinear
        points = [back.back(model, first, asked.distance, p) for p in points]
        best = best if best is None else back.back(model, first, asked.distance, best)
        reason = reason or "the data are ill-conditioned, and points are not certified for them as they are"
    subject = _posed(model, asked, stages, strata)
    least = _value_of(subject, asked, best)
    verdict = None if best is None or least is None else _least(subject, asked, stages, best, least, bool(reason))
    claim = "undecided" if verdict is None else str(verdict.claim)
    reason = f"{reason}; please report it" if contradiction else reason or _why(points, best, stages, strata, claim)
    shown = tuple(asked.in_given_units(p) for p in _numbered(points))
    if verdict is None and least is not None and len(asked.distance.fixed):
        reason = "weights in floats meet what must be 0 up to rounding only, so no network is shown to have the least distance"
    return FaceLists(
        stages, shown, least, claim, reason, descents, contradiction, asked.collinear is not None, attained, verdict, subject
    )


def _posed(model: Model, asked: FaceProblem, stages: Sequence[FaceStage], strata: Strata) -> DistanceOfNetworks:
    """The distance as certificates see it, with the lists that it is least in."""
    smooth = stages[0].definite and strata.theorem and strata.all_listed
    exact, distance = exact_coefficients(model), asked.distance
    evaluated = asked.evaluated if asked.collinear is None else asked.collinear.given
    return DistanceOfNetworks(
        functions=exact,
        kind="l1" if distance.kind == "l1" else "linf",
        matrix=np.asarray(distance.matrix, dtype=np.float64),
        fixed=np.asarray(distance.fixed, dtype=np.float64),
        target=np.array([float(v) for v in distance.target]),
        divisor=float(distance.divisor),
        names=exact.coefficient_names,
        evaluated=np.asarray(evaluated([(o, e, 1.0) for o, e in exact.coefficient_names]), dtype=np.float64),
        unit=asked.units.outputs,
        lists=tuple(v.statement.subject for stage in stages for v in stage.listed),
        posed=tuple(face for stage in stages for face in stage.posed),
        zero=any(s.model is None for s in strata.strata),
        singular=f"singular functions: {strata.theorem}" if smooth else "",
    )


def _value_of(subject: DistanceOfNetworks, asked: FaceProblem, best: FacePoint | None) -> float | None:
    """The distance of the best network known. Of whitened coordinates it is that of the weights as they are after the way back, large
    ones that nearly cancel: in doubles they are another network."""
    if best is None or best.weights is None:
        return None
    if asked.collinear is not None:
        return float(subject.highest(tuple(np.asarray(best.weights).tolist())).upper())
    return float(asked.units.outputs_back(np.asarray(best.distance)))


def _least(
    subject: DistanceOfNetworks, asked: FaceProblem, stages: Sequence[FaceStage], best: FacePoint, value: float, off_lists: bool
) -> Verdict | None:
    """What is shown of the least distance, from the best network known."""
    every = all(stage.complete and (stage.listed or stage.whole is None) for stage in stages)
    at = ValueAt(subject.hash, tuple(np.asarray(best.weights).tolist()), value, _SLACK * max(value, asked.size))
    listed = tuple(v for stage in stages for v in stage.listed)
    try:
        return first_shown(subject, *([LeastOfLists(at, listed)] if every and not off_lists else []), at)
    except NotShown:
        return None


def _found(descents: FaceDescents) -> FacePoint:
    """The end of a descent as a point; it is on no list."""
    assert descents.values is not None
    return FacePoint(0, "", descents.values, descents.distance, 0, None, None, "undecided", descents.weights, False)


def _each_once(points: Sequence[FacePoint]) -> tuple[FacePoint, ...]:
    """A function that is critical on several faces, or at several weights, once: what is not proved different is one."""
    groups: list[list[FacePoint]] = []
    for p in points:
        group = next((g for g in groups if any(_may_be_same(p, q) for q in g)), None)
        if group is None:
            groups.append([p])
        else:
            group.append(p)
    return tuple(map(_one_of, groups))


def _may_be_same(p: FacePoint, q: FacePoint) -> bool:
    if p.coordinates is None or q.coordinates is None or p.radii is None or q.radii is None:
        return p is q
    return bool((np.abs(p.coordinates - q.coordinates) <= p.radii + q.radii).all())


def _one_of(group: Sequence[FacePoint]) -> FacePoint:
    """What several faces say of one function: a minimum on one of them is a minimum."""
    best = min(group, key=lambda p: (p.weights is None, _KINDS.index(p.kind), not p.certified))
    kind = min((p.kind for p in group), key=_KINDS.index)
    told = [p.stationary for p in group]
    return replace(best, kind=kind, stationary=True if True in told else None if None in told else False)


def _convex(stage: FaceStage) -> FaceStage:
    """On a linear space the distance is convex: of a complete list the nearest are the minima, and nothing else is one."""
    if not (stage.flat and stage.complete and stage.definite and stage.points):
        return stage
    least = min(p.distance for p in stage.points)
    nearest = [_near(p.distance, least) for p in stage.points]
    return replace(
        stage, points=tuple(replace(p, kind="minimum" if near else "saddle") for p, near in zip(stage.points, nearest, strict=True))
    )


def _near(distance: float, least: float) -> bool:
    return distance <= least + _SAME * max(least, 1e-300)


def _numbered(points: Sequence[FacePoint]) -> tuple[FacePoint, ...]:
    ordered = sorted(points, key=lambda p: (bool(p.stratum), p.stationary is False, p.distance))
    return tuple(replace(p, number=k + 1) for k, p in enumerate(ordered))


def _smaller(model: Model, strata: Strata, distance: PolyhedralNorm, evaluated: Evaluated, seed: int) -> list[FaceStage]:
    """Stages of smaller networks; that of the zero function is one point."""
    out = []
    for stratum in strata.strata:
        if stratum.model is not None:
            stage = face_stage(stratum.model, distance, evaluated, seed, stratum.name)
            moved = tuple(p if p.weights is None else replace(p, weights=stratum.embed(p.weights)) for p in stage.points)
            out.append(replace(stage, points=moved))
            continue
        off = -np.asarray(distance.target)
        points: tuple[FacePoint, ...] = ()
        if not np.any(distance.fixed @ off):
            size = distance.norm(distance.matrix @ off) / distance.divisor
            weights = stratum.embed(np.zeros(0))
            points = (FacePoint(0, stratum.name, 0 * off, size, 0, False, None, "undecided", weights, True),)
        out.append(FaceStage(stratum.name, points, len(points), len(points), (), 0, True, True))
    return out


def _why(points: Sequence[FacePoint], best: FacePoint | None, stages: Sequence[FaceStage], strata: Strata, claim: str) -> str:
    """Why the best network listed is the best of all, or is not shown to be."""
    if best is None:
        return "no critical point is a real network"
    if claim == "complete":
        return f"least in complete lists; singular functions: {strata.theorem}"
    lowest = min((p.distance for p in points), default=best.distance)
    if lowest < best.distance - _SAME * max(lowest, 1e-300):
        return f"a real function of the closure has the distance {lowest:.6g}, but no real weights were found for it"
    if not all(stage.complete for stage in stages):
        return "not every list is complete"
    if not stages[0].definite:
        return "the distance does not see all coefficients"
    if not (strata.theorem and strata.all_listed):
        return "singular functions off the listed strata are not excluded"
    return "signs of the points in balls leave open which is nearest"
