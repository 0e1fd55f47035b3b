"""Polyhedral losses: every critical point of a distance whose unit ball is a polytope, face by face.

The sum of absolute errors (``l1``), the largest error (``linf``) and the cost of moving mass (``wasserstein``) are not
smooth: a best function often meets several errors of exactly 0, or several that are equally large. On the linear space that a face of
the unit ball spans the distance is a linear function, and its critical points on the neurovariety there are finitely many for general
faces: as many as a polar degree says. So all can be listed, one face after the other, and the best of them is the best of all.

What is proved. For each number of conditions the points of a general face come from monodromy with a trace test, certified; those of
the faces themselves are the ends of paths from there, certified again by Krawczyk's operator in ball arithmetic, with certified
reality and index on the face. That a function is on its face, and that a subgradient there is orthogonal to the variety
(``stationary``), is told by signs in balls, and only what is proved to be off its face is left out. A local minimum is proved by a
dual certificate: such a subgradient strictly inside, and a positive Hessian on the face; of a complete list on a linear space the
nearest are the minima. Where every list is complete, no path ends where weights or multipliers diverge to a function, and where a face
has fewer points than a general one loops of its conditions map these to themselves, the claim is `complete`. Where
general faces have no point, a stated one may have a curve of them: its list is complete only where exact linear algebra shows it empty.
Descents from many starts are held against the lists: a nearer network weakens the claims. The least distance of all listed real
functions is that of the closure where its singular functions are those of smaller networks (a theorem on the family) and the distance
sees all coefficients; a network that is certified to have it is the global minimum (`complete`), else it is the best known
(`upper_bound`). Near-collinear data are searched in whitened coordinates; what is found is not certified for the data as they are, and
the lists are lower bounds. Targets are taken to be general: for special ones the least may be where the variety only touches a face.

Sources: Celik, Jamneshan, Montufar, Sturmfels, Venturello 2021; Krawczyk 1969.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, TypedDict

import numpy as np

from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.parts_of_lists import Part, Said, Together
from neurovariety.certificates.sentences import Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Ground
from neurovariety.dictionary.entry_result import Facts
from neurovariety.dictionary.listed_result import ListedResult, beside_minima
from neurovariety.dictionary.polyhedral_lists import FaceLists, face_lists
from neurovariety.dictionary.polyhedral_problem import FaceProblem, check_together, of_data, of_teacher
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.progress import quietly
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.critical.face_stage import FacePoint
from neurovariety.training.losses.task_options import Preparation

_MOST_FACES = 4000
_SHOWN = 200
_SAME = 1e-8


class ListedFacePoint(TypedDict):
    """A critical point on a face as plain data."""

    number: int
    stratum: str | None
    distance: float
    conditions: int
    stationary: bool | None
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
    falsifier: Facts
    contradiction: str | None


@dataclass(frozen=True, repr=False)
class PolyhedralResult(ListedResult):
    """``value``: ``faces`` looked at (opposite ones once), ``complex`` critical points on their linear spaces, ``real`` ones,
    ``on_faces`` (real functions on the face itself, each once), ``stationary`` and proved ``minima`` among these, at smooth functions;
    ``least`` distance of a network known and what is claimed of it (``global_minimum``). What signs in balls leave open is counted in
    ``on_faces`` and ``stationary``; of a convex distance all minima are one.

    ``points``: the real ones on faces, as `FacePoint`, with those on smaller networks. ``evidence``: ``points`` as plain data,
    ``values`` they have, ``general`` (how many complex points a general face with 0, 1, ... conditions has), ``reason``.
    """

    entry: ClassVar[str] = "polyhedral"
    headline: ClassVar[tuple[str, ...]] = ("complex", "real", "least", "global_minimum")
    spoken: ClassVar[tuple[str, ...]] = ("complex", "real", "on_faces", "stationary", "minima", "least")
    value: PolyhedralValue
    evidence: PolyhedralEvidence
    same: ClassVar[float] = _SAME
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "celik2021", "krawczyk1969")
    points: tuple[FacePoint, ...] = field(default=(), compare=False)

    @classmethod
    def read_point(cls, data: Any) -> FacePoint:
        return FacePoint.from_plain(data)


GroundOption = Annotated[
    Ground,
    Option("how far masses are apart for wasserstein (default: line)"),
]

TeacherOption = Annotated[str | None, Option("polynomials whose coefficients are to be fitted, one an output (default: random ones)")]

DataOption = Annotated[
    Any,
    Option(
        "file with a table: inputs and targets, in place of a teacher",
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
    check_together(norm, ground, teacher, data, prepare)
    asked = of_teacher(model, norm, ground, teacher, seed) if data is None else of_data(model, norm, data, prepare, seed)
    _check_size(model, asked, quietly(dimension_of, model, seed=seed).value)
    lists = face_lists(model, asked, seed)
    value = _value(lists)
    return PolyhedralResult(
        value=value,
        claims=_claims(model, lists, value),
        glosses=(*_glosses(value, norm), *beside_minima(model, any(p.stratum for p in lists.points))),
        evidence={
            "norm": norm,
            "ground": ground if isinstance(ground, str) else np.asarray(ground).tolist(),
            "teacher": asked.teacher,
            "values": asked.labels,
            "target": asked.units.outputs_back(asked.distance.target).tolist(),
            "general": list(lists.stages[0].general),
            "points": [_plain(p) for p in lists.points[:_SHOWN]],
            "stages": [{"name": s.name, "faces": s.faces, "complex": s.complex, "complete": s.complete} for s in lists.stages],
            "reason": lists.reason,
            "falsifier": _descents(lists, asked),
            "contradiction": lists.contradiction or None,
        },
        notices=asked.notices if lists.complete else (*asked.notices, lists.why),
        points=lists.points,
        options={"teacher": asked.teacher},
    )


def _check_size(model: Model, asked: FaceProblem, r: int) -> None:
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


def _value(lists: FaceLists) -> PolyhedralValue:
    first = lists.stages[0]
    return {
        "faces": first.faces,
        "complex": first.complex,
        "real": first.real,
        "on_faces": len(lists.smooth),
        "stationary": sum(p.stationary is not False for p in lists.smooth),
        "minima": lists.minima,
        "least": lists.least,
        "global_minimum": lists.claim,
    }


def _claims(model: Model, lists: FaceLists, value: PolyhedralValue) -> dict[str, Verdict]:
    """One claim for the list, one for the minima, one for the least distance; what signs leave open is counted, and not claimed."""
    own, first = exact_functions(model).hash, lists.stages[0]
    claims = {key: weak(Statement(f"polyhedral: {key}", "", part), Claim.UNDECIDED, "not shown") for key, part in value.items()}
    claims["faces"] = weak(Statement("polyhedral: faces", "", value["faces"]), Claim.ESTIMATE, "looked at")
    if lists.verdict is not None:
        posed = ProblemOfModel(own, (lists.verdict.statement.subject,))
        claims["least"] = issue(Part("polyhedral: least", own, lists.verdict), posed)
        claims["global_minimum"] = issue(Said("polyhedral: global_minimum", own, lists.verdict), posed)
    if lists.contradiction or lists.white or not first.listed:
        return claims
    faces = ProblemOfModel(own, tuple(v.statement.subject for v in first.listed), first.complete)
    for key in ("complex", "real", "on_faces", "stationary", "minima"):
        try:
            found = issue(Together(f"polyhedral: {key}", own, first.listed, every=first.complete), faces)
        except NotShown:
            continue
        if found.statement.value == value[key]:
            claims[key] = found
    return claims


def _descents(lists: FaceLists, asked: FaceProblem) -> Facts:
    found = lists.descents
    least = float(asked.units.outputs_back(np.asarray(found.distance))) if np.isfinite(found.distance) else None
    return {"descents": found.descents, "least": least}


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


def _glosses(value: PolyhedralValue, norm: str) -> tuple[Gloss, ...]:
    """The distance and its faces, before anything is said of them, and that no network is known for a listed function."""
    faces = Gloss(f"{counted(value['faces'], 'face')} of the unit ball of {norm}, of opposite faces one", {}, ahead=True)
    return (faces, *([] if value["least"] is not None else [Gloss("no real weights were found for a listed function", {})]))
