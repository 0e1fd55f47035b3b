"""The polyhedral distance that a stored result names, held against the faces and the distance of which its certificates speak."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.points_of_faces import FaceOfNorm, Form
from neurovariety.certificates.polyhedral_distance import DistanceOfNetworks
from neurovariety.certificates.recheck import Recheck
from neurovariety.dictionary.polyhedral_problem import FaceProblem, check_together, of_data, of_teacher
from neurovariety.dictionary.stored_tables import table_read_back
from neurovariety.errors import VerificationError
from neurovariety.model import Model
from neurovariety.training.critical.face_verdicts import ExactForms
from neurovariety.training.critical.stated_loss import FunctionCoordinates

_ROUNDED = 1e-9
"""Part of the largest entry by which values at prepared data may differ on another machine."""


def held_to_distance(found: Recheck, given: Mapping[str, Any], model: Model, rng: np.random.Generator) -> Recheck:
    """The recheck where the norm, its target and what values depend on were compared, which takes faces or a distance that are stored.

    Raises `VerificationError` where they are others: on the faces that the network itself has these are compared whole, on those of
    smaller networks, whose coordinates are others, the target and the norm.
    """
    norm, teacher, data = given["norm"], given["teacher"], table_read_back(given.get("data"))
    if teacher is None and "data" not in given:  # too large to be written
        return found
    ground = given["ground"]
    check_together(norm, ground, teacher, data, given["prepare"])
    if data is None and teacher is None:
        raise VerificationError("the result says that neither a teacher nor data were asked for")
    if data is None:
        asked = of_teacher(model, norm, ground, teacher, found.seed)
    else:
        asked = of_data(model, norm, data, given["prepare"], found.seed)
    if asked.collinear is not None:  # points were found in whitened coordinates, and no list of them is claimed
        return found
    slack = 0.0 if given["prepare"] == "none" else _ROUNDED
    posed = {problem for p in found.subjects.values() if isinstance(p, ProblemOfModel) for problem in p.problems}
    forms = _forms(asked, FunctionCoordinates.of(model, found.seed))
    for stored in found.subjects.values():
        if isinstance(stored, FaceOfNorm) and not _is_of(stored, forms, stored.hash in posed, slack):
            raise VerificationError("the faces are those of another distance than the result says was asked for")
        if isinstance(stored, DistanceOfNetworks) and not _is_distance(stored, asked, slack):
            raise VerificationError("the certificates speak of another distance than the result says was asked for")
    named, target = given.get("target", ()), asked.units.outputs_back(_floats(asked.distance.target))
    if len(named) and not _near_tables(np.array(named, dtype=np.float64), target, slack):
        raise VerificationError("the result names another target than that of the teacher or the data that were asked for")
    if not any(isinstance(stored, FaceOfNorm | DistanceOfNetworks) for stored in found.subjects.values()):
        return found  # there are none of a norm of which no more is said than how many points were found
    return replace(found, compared=found.compared.union(("norm", "ground", "teacher", "data", "prepare", "target")))


def _forms(asked: FaceProblem, on: FunctionCoordinates) -> ExactForms:
    start = -np.asarray(asked.distance.target, dtype=np.float64)
    if on.fixed:
        start = start + asked.evaluated([t for t, _ in on.fixed]) @ np.array([v for _, v in on.fixed])
    return ExactForms.of(asked.distance, asked.evaluated(on.terms), start)


def _is_of(face: FaceOfNorm, forms: ExactForms, own: bool, slack: float) -> bool:
    """Whether a face is one of the distance: of the network ``own`` with all coefficients of its forms, else with what is constant."""
    if face.kind != ("l1" if forms.distance.kind == "l1" else "linf"):
        return False
    pairs = ((face.errors, forms.errors), (face.fixed, forms.fixed))
    if any(len(a) != len(b) for a, b in pairs) or (own and any(len(x) != len(y) for a, b in pairs for x, y in zip(a, b, strict=True))):
        return False
    return all(_near(x, y, slack) for a, b in pairs for x, y in _rows(a, b, own))


def _rows(a: tuple[Form, ...], b: tuple[Form, ...], own: bool) -> Iterator[tuple[Form, Form]]:
    for x, y in zip(a, b, strict=True):
        yield (x, y) if own else (x[-1:], y[-1:])


def _is_distance(stored: DistanceOfNetworks, asked: FaceProblem, slack: float) -> bool:
    distance = asked.distance
    evaluated = asked.evaluated([(o, e, 1.0) for o, e in stored.names])
    kind = "l1" if distance.kind == "l1" else "linf"
    if (stored.kind, stored.divisor, stored.unit) != (kind, float(distance.divisor), asked.units.outputs):
        return False
    target = _floats(distance.target)
    both = ((stored.matrix, distance.matrix), (stored.fixed, distance.fixed), (stored.target, target), (stored.evaluated, evaluated))
    return all(_near_tables(a, np.asarray(b, dtype=np.float64), slack) for a, b in both)


def _floats(values: np.ndarray) -> np.ndarray:
    return np.array([float(v) for v in values])


def _near_tables(a: np.ndarray, b: np.ndarray, slack: float) -> bool:
    return a.shape == b.shape and bool((np.abs(a - b) <= slack * np.abs(b).max(initial=0.0)).all())


def _near(a: Form, b: Form, slack: float) -> bool:
    size = max((abs(v) for v in b), default=Fraction(0))
    return all(abs(x - y) <= Fraction(slack) * max(size, Fraction(1)) for x, y in zip(a, b, strict=True))
