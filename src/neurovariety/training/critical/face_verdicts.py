"""Faces of a polyhedral distance exactly, and what is shown of the critical points on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float

from neurovariety.certificates.completeness import Continued, Distinct, Looped
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.points_of_faces import FaceOfNorm, Form, NoneOnFace, PointsOfFace, numbers_on_face, rank_of
from neurovariety.certificates.shown_points import SystemFamily
from neurovariety.geometry.solutions.face_points import FaceEnds, FacePoints
from neurovariety.homotopy import values_at
from neurovariety.homotopy.inertia import near_turn
from neurovariety.training.losses.polyhedral_norm import Face, PolyhedralNorm
from neurovariety.training.losses.transport import Transport


@dataclass(frozen=True, eq=False)
class ExactForms:
    """The errors of a distance, and what must be 0, as affine functions of the coordinates: of the floats as they are."""

    distance: PolyhedralNorm
    errors: tuple[Form, ...]
    fixed: tuple[Form, ...]

    @classmethod
    def of(cls, distance: PolyhedralNorm, a: Float[np.ndarray, "m n"], start: Float[np.ndarray, " m"]) -> ExactForms:
        """Those of values minus target a c + start."""
        values = [tuple(map(Fraction, row)) for row in np.column_stack([a, start]).tolist()]
        return cls(distance, _combined(distance.matrix, values), _combined(distance.fixed, values))

    @property
    def definite(self) -> bool:
        """Whether the distance sees all coordinates."""
        rows = [row[:-1] for row in (*self.errors, *self.fixed)]
        return bool(rows) and rank_of(rows) == len(rows[0])

    def face(self, face: Face, family: SystemFamily | None, free: int) -> FaceOfNorm | None:
        """A face, with the ``family`` of systems in ``free`` weights and multipliers that its points belong to; None where functionals
        are potentials of a ground metric, of which no certificate speaks."""
        if isinstance(self.distance, Transport):
            return None
        g = tuple(int(v) for v in face.functional)
        if self.distance.kind == "l1":
            return FaceOfNorm(
                "l1", self.errors, g, tuple((int(np.argmax(row)), 1) for row in face.conditions), self.fixed, family, free
            )
        first = int(np.argmax(face.functional))
        rest = []
        for row in face.conditions:
            i = next(int(j) for j in np.flatnonzero(row) if j != first)
            rest.append((i, int(row[i])))
        return FaceOfNorm("linf", self.errors, g, ((first, 1), *rest), self.fixed, family, free)


def _combined(matrix: Float[np.ndarray, "k m"], values: Sequence[Form]) -> tuple[Form, ...]:
    rows = []
    for row in np.asarray(matrix).tolist():
        terms = [[Fraction(c) * v for v in value] for c, value in zip(row, values, strict=True) if c]
        rows.append(tuple(sum(column, Fraction(0)) for column in zip(*terms, strict=True)))
    return tuple(rows)


def conditions_independent(face: FaceOfNorm) -> bool:
    """Whether the conditions of a face are linearly independent functions of the coordinates."""
    return rank_of([row[:-1] for row in face.conditions]) == len(face.conditions)


def contradictory(face: FaceOfNorm) -> bool:
    """Whether no coordinates at all meet the conditions."""
    rows = face.conditions
    return rank_of(rows) > rank_of([row[:-1] for row in rows])


def shown_none(face: FaceOfNorm) -> Verdict | None:
    """That the functional of a face has no critical point with its conditions; None where that is not shown."""
    try:
        return issue(NoneOnFace(face.hash), face)
    except NotShown:
        return None


def shown_on_face(face: FaceOfNorm, problem: FacePoints, found: FaceEnds) -> Verdict:
    """What is shown of the points of a face: with their signs where these can be shown, else how many there are."""
    own, n = found.verdict.certificate, problem.stated.unknowns
    assert isinstance(own, Continued | Looped | Distinct)
    centres = own.points.zeros.centres
    slopes = values_at(problem.stated.with_jacobian, np.hstack([centres, np.tile(found.parameters, (len(centres), 1))]))[:, n:].real
    turns = tuple(near_turn(row.reshape(n, n)) if np.isfinite(row).all() else None for row in slopes)
    try:
        return issue(PointsOfFace(face.hash, found.verdict, turns, *numbers_on_face(face, found.verdict, turns)), face)
    except NotShown:
        return found.verdict
