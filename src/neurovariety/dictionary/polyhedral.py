"""Polyhedral losses: every critical point of a distance whose unit ball is a polytope, face by face.

The sum of absolute errors (``l1``), the largest error (``linf``) and the cost of moving mass (``wasserstein``) are not
smooth: a best function often meets several errors of exactly 0, or several that are equally large. On the linear space that a face of
the unit ball spans the distance is a linear function, and its critical points on the neurovariety there are finitely many for general
faces: as many as a polar degree says. So all can be listed, one face after the other, and the best of them is the best of all.

What is proved. For each number of conditions the points of a general face come from monodromy with a trace test, certified; those of
the faces themselves are the ends of paths from there, certified again by Krawczyk's operator in ball arithmetic, with certified
reality and index on the face. That a function is on its face, and that a subgradient there is orthogonal to the variety
(``stationary``), is told by signs in floating point. Where every list is complete, and no path ends where weights or multipliers
diverge, the claim is `complete`. The least distance of all listed real functions is that of the closure where its singular functions
are those of smaller networks (a theorem on the family) and the distance sees all coefficients; a network that is certified to have it
is the global minimum (`complete`), else it is the best known (`upper_bound`). Targets are taken to be general: for special ones the
least may be where the variety only touches a face.

Sources: Celik, Jamneshan, Montufar, Sturmfels, Venturello 2021; Krawczyk 1969.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, TypedDict

import numpy as np

from neurovariety.certificates.issue import legacy
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import Facts
from neurovariety.dictionary.listed_result import ListedResult
from neurovariety.dictionary.runner import entry
from neurovariety.errors import DataError, InputError, ResourceError
from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.ideal.coefficients import monomial_name
from neurovariety.geometry.images.random_target import random_target
from neurovariety.geometry.images.target import read_target, require_polynomial
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.attempts import why_incomplete
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.geometry.strata.smaller_models import Strata, strata_of
from neurovariety.model import Array, Model
from neurovariety.options import Option
from neurovariety.progress import quietly
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.critical.cross_entropy import distribution_terms
from neurovariety.training.critical.face_stage import Evaluated, FacePoint, FaceStage, face_stage
from neurovariety.training.losses.own_units import OwnUnits, own_units
from neurovariety.training.losses.polyhedral_norm import PolyhedralNorm, polyhedral_norm
from neurovariety.training.losses.prepare import prepared
from neurovariety.training.losses.task_options import Preparation
from neurovariety.training.losses.training_task import check_size
from neurovariety.training.losses.transport import transport

Ground = Literal["line", "discrete", "circle"] | Sequence[Sequence[float]] | Array
"""How far masses are apart, in a word or as a table of distances."""

_MOST_FACES = 4000
_SHOWN = 200
_SAME = 1e-8


class ListedFacePoint(TypedDict):
    """A critical point on a face as plain data."""

    number: int
    stratum: str | None
    distance: float
    conditions: int
    stationary: bool
    index: int | None
    kind: str
    values: list[float]
    weights: list[float] | None
    weights_certified: bool


class PolyhedralValue(TypedDict):
    faces: int
    complex: int
    real: int
    on_faces: int
    stationary: int
    minima: int
    least: float | None
    global_minimum: str


class PolyhedralEvidence(TypedDict):
    """What the lists rest on. ``teacher``: None where data are fitted."""

    norm: str
    ground: str | list[list[float]]
    teacher: str | None
    values: list[str]
    target: list[float]
    general: list[int]
    points: list[ListedFacePoint]
    stages: list[Facts]
    reason: str


@dataclass(frozen=True, repr=False)
class PolyhedralResult(ListedResult):
    """``value``: ``faces`` looked at (opposite ones once), ``complex`` critical points on their linear spaces, ``real`` ones,
    ``on_faces`` (real, and on the face itself), ``stationary`` and ``minima`` among these, at smooth functions; ``least`` distance of a
    network listed and what is claimed of it (``global_minimum``).

    ``points``: the real ones on faces, as `FacePoint`, with those on smaller networks. ``evidence``: ``points`` as plain data,
    ``values`` they have, ``general`` (how many complex points a general face with 0, 1, ... conditions has), ``reason``.
    """

    entry: ClassVar[str] = "polyhedral"
    value: PolyhedralValue
    evidence: PolyhedralEvidence
    same: ClassVar[float] = _SAME
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "celik2021", "krawczyk1969")
    points: tuple[FacePoint, ...] = field(default=(), compare=False)


GroundOption = Annotated[
    Ground,
    Option("how far masses are apart for wasserstein (default: line)"),
]

TeacherOption = Annotated[str | None, Option("polynomials whose coefficients are to be fitted, one an output (default: random ones)")]

DataOption = Annotated[
    Any,
    Option(
        "CSV file: inputs and targets, in place of a teacher",
        kind="dataset",
        columns="columns of --data that are targets, separated by commas",
    ),
]

PrepareOption = Annotated[
    Preparation,
    Option("what is done to the data first", unknown="preparation {value!r} is unknown: choose {choices}"),
]


@entry
def polyhedral(
    model: Model,
    *,
    norm: Annotated[Literal["l1", "linf", "wasserstein"], Option("the distance (default: l1)")] = "l1",
    ground: GroundOption = "line",
    teacher: TeacherOption = None,
    data: DataOption = None,
    prepare: PrepareOption = "none",
    seed: int = DEFAULT_SEED,
) -> PolyhedralResult:
    """Every critical point of a polyhedral distance on the functions of ``source``.

    ``norm``: ``l1``, ``linf`` or ``wasserstein``: of coefficients from those of a ``teacher``, polynomials in x0, x1, ..., one an
    output, separated by semicolons (default: a random function of the model's span); or, for the first two, of outputs from the
    targets of ``data``, a `Dataset` or a pair of tables: the mean absolute error, or the largest. ``wasserstein`` takes coefficients,
    in the order of ``evidence["values"]``, as masses of equal sums; ``ground`` says how far these are apart: on a ``line`` at 0, 1,
    2, ..., on a ``circle``, ``discrete`` (all at distance 1), or a table of distances. ``prepare``: ``none``, ``standardize`` or
    ``whiten``. Units of inputs and outputs make no difference where weights are proved to take them up (`training.losses.own_units`).

    Raises `InputError` for options that do not go together, a model that is not polynomial or that fits every target, `DataError` for
    unusable data, `ResourceError` where there are more than 4,000 faces, or the model is too large to write out.

    >>> found = polyhedral("linear(1,1,1)", norm="linf", data=([[1.0], [2.0]], [[1.0], [3.0]]))
    >>> round(found.value["least"], 6)
    0.333333
    """
    require_polynomial(model)
    _check(norm, ground, teacher, data, prepare)
    asked = _of_teacher(model, norm, ground, teacher, seed) if data is None else _of_data(model, norm, data, prepare, seed)
    _check_size(model, asked, quietly(dimension_of, model, seed=seed).value)
    strata = strata_of(model, False)
    first = face_stage(model, asked.distance, asked.evaluated, seed)
    stages = [first, *_smaller(model, strata, asked.distance, asked.evaluated, seed)]
    points = tuple(_in_given_units(asked.units, p) for p in _numbered(stages))
    best, claim, reason = _least(points, stages, strata)
    value = _value(first, points, best, claim)
    return PolyhedralResult(
        value=value,
        claims=legacy("polyhedral", Claim.COMPLETE if first.complete else Claim.LOWER_BOUND),
        meaning=_meaning(value, norm, first.complete),
        evidence={
            "norm": norm,
            "ground": ground if isinstance(ground, str) else np.asarray(ground).tolist(),
            "teacher": asked.teacher,
            "values": asked.labels,
            "target": asked.units.outputs_back(asked.distance.target).tolist(),
            "general": list(first.general),
            "points": [_plain(p) for p in points[:_SHOWN]],
            "stages": [{"name": s.name, "faces": s.faces, "complex": s.complex, "complete": s.complete} for s in stages],
            "reason": reason,
        },
        notices=asked.notices if first.complete else (*asked.notices, why_incomplete()),
        points=points,
        options={"teacher": asked.teacher},
    )


@dataclass(frozen=True, eq=False)
class _FaceProblem:
    """The distance, the matrix of the values that it measures on given terms, and what each of these belongs to, in ``units`` of the
    data's own."""

    distance: PolyhedralNorm
    evaluated: Evaluated
    labels: list[str]
    units: OwnUnits
    teacher: str | None = None
    notices: tuple[str, ...] = ()


def _check(norm: str, ground: object, teacher: str | None, data: object, prepare: str) -> None:
    """Raise `InputError` for options that do not go together."""
    if data is not None and (teacher is not None or norm == "wasserstein"):
        raise InputError("data have targets, and errors at samples are no masses: give no teacher beside them, and norm l1 or linf")
    if norm != "wasserstein" and not (isinstance(ground, str) and ground == "line"):
        raise InputError(f"a ground metric belongs to norm wasserstein, not {norm}; leave it out")
    if prepare != "none" and data is None:
        raise InputError("preparation is for data; leave it out")


def _check_size(model: Model, asked: _FaceProblem, r: int) -> None:
    """Raise where every target is fitted, or there are too many faces."""
    seen = len(asked.labels)
    if r >= seen:
        raise InputError(
            f"{model.name} has {counted(r, 'dimension')} and {counted(seen, 'value')} to fit: over the complex numbers it fits every "
            "target, and a least distance of 0 is no critical point of a face; take a smaller model or more data"
        )
    faces = asked.distance.number_of_faces(r - len(asked.distance.fixed))
    if faces > _MOST_FACES:
        raise ResourceError(f"the unit ball has {faces:,} faces to look at; expected at most {_MOST_FACES:,}: take fewer values to fit")


def _of_teacher(model: Model, norm: str, ground: Ground, teacher: str | None, seed: int) -> _FaceProblem:
    target = random_target(model, seed) if teacher is None else read_target(teacher, model.inputs, model.outputs)
    terms = distribution_terms(model, seed)
    places = {term: i for i, term in enumerate(terms)}
    for output, exponents in sorted(target.coefficients):
        if (output, exponents) not in places:
            raise InputError(
                f"the teacher has {monomial_name(exponents)} in output {output}, which no network {model.name} has: that error cannot "
                "be changed; leave it out"
            )
    exact = [target.coefficients.get(term, Fraction(0)) for term in terms]
    nearest_floats(exact, "a coefficient of the teacher")
    largest = max(map(abs, exact), default=Fraction(0))
    units = own_units(model, None, largest)
    numbers = np.array(nearest_floats([c / Fraction(2) ** units.outputs for c in exact], "a coefficient of the teacher"))
    if largest:
        check_size("the teacher's largest coefficient", largest / Fraction(2) ** units.outputs, "scale the teacher")

    def evaluated(chosen: Sequence[Term]) -> Array:
        out = np.zeros((len(terms), len(chosen)))
        for column, (o, e, scale) in enumerate(chosen):
            out[places[o, e], column] = 1 / scale
        return out

    labels = [f"{monomial_name(e)} in output {o}" if model.outputs > 1 else monomial_name(e) for o, e in terms]
    notices = ("no teacher was given: this one is a random integer function of the model's linear span",) if teacher is None else ()
    on_line = norm != "wasserstein" or (isinstance(ground, str) and ground == "line")
    distance = polyhedral_norm(norm, numbers, False) if on_line else transport(numbers, ground)
    return _FaceProblem(distance, evaluated, labels, units, target.text(), notices)


def _of_data(model: Model, norm: str, data: object, prepare: str, seed: int) -> _FaceProblem:
    found = prepared(model, data, prepare, 0.0, seed)
    rows, outputs = found.targets.shape
    units = own_units(model, found.inputs, Fraction(float(np.abs(found.targets).max())))
    inputs, targets = units.of_inputs(found.inputs), units.of_outputs(found.targets)
    _check_sizes(model, inputs, targets, seed)

    def evaluated(chosen: Sequence[Term]) -> Array:
        out = np.zeros((rows, outputs, len(chosen)))
        for column, (o, e, scale) in enumerate(chosen):
            out[:, o, column] = np.prod(inputs ** np.array(e), axis=1) / scale
        return out.reshape(rows * outputs, len(chosen))

    labels = [f"{name} of row {row + 1}" for row in range(rows) for name in found.target_names]
    return _FaceProblem(polyhedral_norm(norm, targets.reshape(-1), True), evaluated, labels, units)


def _check_sizes(model: Model, inputs: Array, targets: Array, seed: int) -> None:
    """Raise `DataError` where the values of a monomial, against those of the targets, leave too few digits to the paths."""
    advice = "standardize the data (--prepare standardize) or choose other units"
    aim = float(np.abs(targets).max())
    if aim:
        check_size("the largest of the targets", Fraction(aim), advice)
    for exponents in sorted({e for _, e in distribution_terms(model, seed)}):
        name = f"the largest value of {monomial_name(exponents)} at the samples, against the targets,"
        with np.errstate(all="ignore"):
            size = float(np.abs(np.prod(inputs ** np.array(exponents), axis=1)).max()) / (aim or 1.0)
        if not np.isfinite(size) or (not size and inputs[:, np.array(exponents) > 0].all(axis=1).any()):
            raise DataError(f"{name} is beyond floating-point numbers: {advice}")
        if size:
            check_size(name, Fraction(size), advice)


def _in_given_units(units: OwnUnits, point: FacePoint) -> FacePoint:
    """A point in the units of the data."""
    values, distance = units.outputs_back(np.asarray(point.values)), float(units.outputs_back(np.asarray(point.distance)))
    weights = None if point.weights is None else units.weights_back(np.asarray(point.weights))
    return replace(point, values=values, distance=distance, weights=weights)


def _numbered(stages: Sequence[FaceStage]) -> tuple[FacePoint, ...]:
    points = [p for stage in stages for p in stage.points]
    points.sort(key=lambda p: (bool(p.stratum), not p.stationary, p.distance))
    return tuple(replace(p, number=k + 1) for k, p in enumerate(points))


def _value(first: FaceStage, points: Sequence[FacePoint], best: FacePoint | None, claim: str) -> PolyhedralValue:
    smooth = [p for p in points if not p.stratum]
    return {
        "faces": first.faces,
        "complex": first.complex,
        "real": first.real,
        "on_faces": len(smooth),
        "stationary": sum(p.stationary for p in smooth),
        "minima": sum(p.kind == "minimum" and p.weights is not None for p in smooth),
        "least": None if best is None else best.distance,
        "global_minimum": claim,
    }


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


def _least(points: Sequence[FacePoint], stages: Sequence[FaceStage], strata: Strata) -> tuple[FacePoint | None, str, str]:
    """The best network listed, what is claimed of it, and why."""
    best = min((p for p in points if p.weights is not None), key=lambda p: p.distance, default=None)
    if best is None:
        return None, "undecided", "no critical point is a real network"
    lowest = min(p.distance for p in points)
    if lowest < best.distance - _SAME * max(lowest, 1e-300):
        return (
            best,
            "upper_bound",
            f"a real function of the closure has the distance {lowest:.6g}, but no real weights were found for it",
        )
    if not all(stage.complete for stage in stages):
        return best, "upper_bound", "not every list is complete"
    if not best.certified:
        return best, "upper_bound", "the weights of the best network were found in floating point only"
    if not stages[0].definite:
        return best, "upper_bound", "the distance does not see all coefficients"
    if not (strata.theorem and strata.all_listed):
        return best, "upper_bound", "singular functions off the listed strata are not excluded"
    return best, "complete", f"least in complete lists; singular functions: {strata.theorem}"


def _plain(point: FacePoint) -> ListedFacePoint:
    return {
        "number": point.number,
        "stratum": point.stratum or None,
        "distance": point.distance,
        "conditions": point.conditions,
        "stationary": point.stationary,
        "index": point.index,
        "kind": point.kind,
        "values": np.asarray(point.values).tolist(),
        "weights": None if point.weights is None else np.asarray(point.weights).tolist(),
        "weights_certified": point.certified,
    }


def _meaning(value: PolyhedralValue, norm: str, complete: bool) -> str:
    least = "" if complete else "at least "
    head = f"{norm} distance has {least}{counted(value['complex'], 'complex critical point')} on the linear spaces of "
    head += f"{counted(value['faces'], 'face')}, {value['real']} of them real, {value['on_faces']} on the face itself, "
    head += (
        f"{value['stationary']} stationary, {counted(value['minima'], 'local minimum').replace('minimums', 'minima')} of real networks"
    )
    if value["least"] is None:
        return f"{head}; none is a real network's"
    best = "the global minimum is" if value["global_minimum"] == "complete" else "the best network found has"
    return f"{head}; {best} {value['least']:.6g}"
