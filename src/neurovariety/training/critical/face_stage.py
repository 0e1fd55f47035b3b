"""Critical points of a polyhedral distance on one model, face by face."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from neurovariety.certificates.gaussian import nearest
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.points_of_faces import FaceOfNorm
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of, flat
from neurovariety.geometry.solutions.attempts import attempts, check_size
from neurovariety.geometry.solutions.chart_coordinates import coordinates
from neurovariety.geometry.solutions.face_points import FaceEnds, FacePoints, StatedFaces, face_points, general_face
from neurovariety.geometry.solutions.quadrics import Term
from neurovariety.homotopy import certified_index, values_at
from neurovariety.model import Model
from neurovariety.progress import note, quietly
from neurovariety.rings.ring import Array
from neurovariety.training.critical.face_verdicts import ExactForms, conditions_independent, contradictory, shown_none, shown_on_face
from neurovariety.training.critical.stages import proved_real
from neurovariety.training.critical.weight_map import WeightMap, weight_map
from neurovariety.training.losses.polyhedral_norm import Face, PolyhedralNorm

_STREAM = "training.critical.face_stage"
_ROUNDED = 2.0**-36
"""Part of the sizes of terms by which conditions of faces, rounded to floats, may move errors and multipliers."""
_RANK = 1e-10
_STARTS = 24
_FOUND = 1e-10

Evaluated = Callable[[Sequence[Term]], Array]
"""From terms (output, exponents, scale) to the matrix (m, N) that takes their coordinates to values."""


@dataclass(frozen=True, eq=False)
class FacePoint:
    """A real critical point on its face: ``values``, ``distance``, how many ``conditions`` the face has, ``stationary`` whether a
    subgradient is orthogonal to the variety, ``index`` on the face (certified, or None), ``kind``, and real ``weights`` or None;
    ``certified`` whether they are proved to exist near.

    ``stationary`` and ``interior``, whether the point is in the relative interior of its face, are told by signs in balls; None where
    these leave it open. A ``minimum`` is proved by a dual certificate: a subgradient that is orthogonal to the variety, all of whose
    multipliers are strictly inside, and a positive Hessian on the face; then the distance grows in all directions. ``coordinates`` of
    the function are within ``radii``.
    """

    number: int
    stratum: str
    values: Float[np.ndarray, " m"]
    distance: float
    conditions: int
    stationary: bool | None
    index: int | None
    kind: str
    weights: Float[np.ndarray, " N"] | None
    certified: bool
    interior: bool | None = None
    coordinates: Float[np.ndarray, " n"] | None = None
    radii: Float[np.ndarray, " n"] | None = None

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> FacePoint:
        """The point that a result lists as plain data, without ``interior``, ``coordinates`` and ``radii``, which are not written."""
        return cls(
            data["number"], data["stratum"] or "", np.array(data["values"], dtype=np.float64), data["distance"], data["conditions"],
            data["stationary"], data["index"], data["kind"], None if data["weights"] is None else np.array(data["weights"]),
            data["weights_certified"],
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class FaceStage:
    """The critical points on one model: those ``points`` that lie on their faces, how many ``complex`` and ``real`` ones there are
    on all linear spaces of faces, the ``general`` numbers for 0, 1, ... conditions, and whether each list is complete.

    ``flat`` whether the closure is a linear space, on which the distance is convex; ``whole`` the coordinates at all weights, and
    ``affine`` the matrix a and vector start such that values minus target are a c + start.
    """

    name: str
    points: tuple[FacePoint, ...]
    complex: int
    real: int
    general: tuple[int, ...]
    faces: int
    complete: bool
    definite: bool
    flat: bool = False
    whole: WeightMap | None = None
    affine: tuple[Array, Array] | None = None
    dimension: int = 0
    listed: tuple[Verdict, ...] = ()
    """What is shown of the points of each face; empty where the dimension is not known for sure."""
    posed: tuple[FaceOfNorm | None, ...] = ()
    """The faces that these verdicts speak of; None for those of general faces whose points are not known."""


def face_stage(model: Model, distance: PolyhedralNorm, evaluated: Evaluated, seed: int, stratum: str = "") -> FaceStage:
    """All critical points on the smooth part of the closure of a model.

    ``evaluated`` says how the values that the ``distance`` compares depend on coordinates.
    """
    shape = quietly(dimension_of, model, seed=seed)
    r = shape.value
    check_size("polyhedral", r, shape.ambient_at_least)
    name = stratum or model.name
    least = len(distance.fixed)
    complete, definite = shape.sure, True
    points: list[FacePoint] = []
    number, real, faces = 0, 0, 0
    general: list[int] = []
    whole: WeightMap | None = None
    affine: tuple[Array, Array] | None = None
    listed: list[tuple[Verdict, FaceOfNorm | None]] = []
    for k in range(least, min(r, least + len(distance.matrix) - 1) + 1):
        note(phase=f"faces of {name} with {k} conditions")
        problem, ends, rng = _general(model, shape, k, seed)
        general.append(len(ends.points))
        complete = complete and ends.complete
        a, start = _affine(model, problem, distance, evaluated)
        forms = ExactForms.of(distance, a, start)
        definite = definite and forms.definite
        whole, affine = whole or weight_map(model, problem.found.terms, seed), affine or (a, start)
        if not len(ends.points) and not ends.complete:
            listed.append((ends.verdict, None))
            continue
        stated, family = StatedFaces(problem, ends, rng), problem.family if len(ends.points) else None
        for rows, g in distance.faces(k - least):
            own = forms.face(Face(rows, g), family, r)
            if own is not None:
                if not conditions_independent(own):
                    complete = complete and contradictory(own)
                    continue  # no function of the model is there, for the conditions contradict each other
                none = shown_none(own)
                if none is not None:
                    listed.append((none, own))
                    continue
            if not len(ends.points):
                complete = False  # general functionals have no point, but the stated one may have a curve of them
                listed.append((ends.verdict, None))
                break
            conditions = np.vstack([rows @ distance.matrix, distance.fixed])
            parameters = np.concatenate([(g @ distance.matrix) @ a, (conditions @ a).reshape(-1), -conditions @ start])
            here = stated.at(parameters.astype(np.complex128))
            complete, faces = complete and here.complete, faces + 1
            count, reals, more = _on_face(problem, here, whole, distance, (a, start), Face(rows, g), stratum)
            number, real = number + count, real + reals
            points += more
            listed.append((here.verdict if own is None else shown_on_face(own, problem, here), own))
    linear = flat(model, shape, seed) is not None
    shown = listed if shape.sure else []
    return FaceStage(
        name, tuple(points), number, real, tuple(general), faces, complete, definite, linear, whole, affine, r,
        tuple(v for v, _ in shown), tuple(face for _, face in shown),
    )  # fmt: skip


def _general(model: Model, shape: Dimension, k: int, seed: int) -> tuple[FacePoints, FaceEnds, np.random.Generator]:
    best: tuple[FacePoints, FaceEnds, np.random.Generator] | None = None
    linear, premises = flat(model, shape, seed), (shape.verdict,) if shape.sure else ()
    for attempt, rng, _ in attempts(f"{_STREAM}.{k}", seed, None, "faces", model):
        problem = face_points(model, shape.value, k, seed + attempt, rng)
        ends = general_face(problem, rng, premises, linear)
        if best is None or (ends.complete, len(ends.points)) > (best[1].complete, len(best[1].points)):
            best = problem, ends, rng
        if ends.complete:
            break
    assert best is not None
    return best


def _affine(
    model: Model, problem: FacePoints, distance: PolyhedralNorm, evaluated: Evaluated
) -> tuple[Float[np.ndarray, "m n"], Float[np.ndarray, " m"]]:
    """The matrix and the vector such that values minus target are a c + start."""
    every = coordinates(model, problem.chart, 0, 0, constants=True)
    known = set(problem.found.terms)
    fixed = [(t, nearest(e.value).real) for t, e in zip(every.terms, every.expressions, strict=True) if t not in known]
    start = -np.asarray(distance.target, dtype=np.float64)
    if fixed:
        start = start + evaluated([t for t, _ in fixed]) @ np.array([v for _, v in fixed])
    return evaluated(problem.found.terms), start


def _on_face(
    problem: FacePoints,
    found: FaceEnds,
    whole: WeightMap,
    distance: PolyhedralNorm,
    affine: tuple[Array, Array],
    face: Face,
    stratum: str,
) -> tuple[int, int, list[FacePoint]]:
    """How many complex points there are, how many of them real, and those that lie on the face."""
    (a, start), (rows, g) = affine, face
    proof, n = found.certificates, problem.count
    assert proof is not None
    kept = np.flatnonzero(proof.certified)
    if not len(kept):
        return 0, 0, []
    sure = [proof.real(int(row)) == "yes" for row in kept]
    real = proved_real(proof.values[kept], proof.sizes[kept], sure)
    out = []
    for place in np.flatnonzero(real):
        row = int(kept[place])
        c, multipliers = proof.values[row].real[:n], proof.values[row].real[n : n + len(rows)]
        near, about = proof.sizes[row][:n], proof.sizes[row][n : n + len(rows)]
        off = a @ c + start
        errors = distance.matrix @ off
        reach = np.abs(distance.matrix) @ (np.abs(a) @ near + _ROUNDED * (np.abs(a) @ np.abs(c) + np.abs(start)))
        interior = distance.on_face(face, errors, reach)
        if interior is False:
            continue
        stationary = distance.inside(face, multipliers, about + _ROUNDED * (1 + np.abs(multipliers)))
        index = _index(problem, found, row, float(g @ errors))
        kind = _kind(interior, stationary, index, bool(stratum))
        if kind == "minimum" and not _immersed(problem, proof.centres[row]):
            kind = "undecided"
        weights = _weights(problem, whole, proof.centres[row], sure[place], c)
        values, size = off + distance.target, distance.norm(errors) / distance.divisor
        radii = near + _ROUNDED * np.abs(c).max(initial=0.0)
        k = problem.codimension
        out.append(FacePoint(0, stratum, values, size, k, stationary, index, kind, weights, sure[place], interior, c, radii))
    return len(kept), int(np.sum(real)), out


def _kind(interior: bool | None, stationary: bool | None, index: int | None, on_stratum: bool) -> str:
    """What is proved of a point that may be on its face: a minimum of the functional of a face is one of the distance, which is nowhere
    less; in the interior of the face the distance falls where the functional does."""
    if stationary and index == 0 and not on_stratum:
        return "minimum"
    falls = stationary is False or bool(index)
    return "saddle" if interior and falls else "undecided"


def _immersed(problem: FacePoints, centre: Complex[np.ndarray, " unknowns"]) -> bool:
    """Whether J has full rank on the chart there, so that functions near are those of weights near."""
    r, n = problem.dimension, problem.count
    singular = np.linalg.svd(values_at(problem.slopes, centre[None, :r])[0].reshape(n, r), compute_uv=False)
    return bool(singular[-1] > _RANK * singular[0])


def _index(problem: FacePoints, found: FaceEnds, row: int, along: float) -> int | None:
    """Directions on the face in which the distance falls: those of the bordered Hessian, which has one more for each condition."""
    assert found.certificates is not None
    negative = certified_index(problem.stated, found.certificates, row, found.parameters)
    if negative is None:
        return None
    falls = negative - problem.codimension
    return falls if along >= 0 else problem.dimension - problem.codimension - falls


def _weights(
    problem: FacePoints, whole: WeightMap, centre: Complex[np.ndarray, " unknowns"], sure: bool, c: Float[np.ndarray, " n"]
) -> Float[np.ndarray, " N"] | None:
    """Real weights of the function with coordinates c, None where none were found."""
    n = whole.model.parameters
    own = np.zeros(n)
    own[list(problem.chart.fixed)] = list(problem.chart.fixed.values())
    own[list(problem.chart.free)] = centre[: problem.dimension].real
    if sure:
        return own
    starts = np.random.default_rng(n).normal(size=(_STARTS, n))
    starts[0] = own
    weights, off = whole.fit(c + 0j, starts)
    best = int(np.argmin(off))
    return weights[best].real if off[best] <= _FOUND * max(float(np.linalg.norm(c)), 1e-300) else None
