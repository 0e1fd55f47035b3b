"""What a stored result says of critical points beside its claims, held against the certificates that speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurovariety.certificates.critical_points_within import CriticalPointsWithin
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.smooth_critical_points import TrainedPerceptron
from neurovariety.certificates.spoken_of import LISTS, POINTS
from neurovariety.errors import VerificationError


def points_near(listed: CriticalPointsWithin, subject: TrainedPerceptron) -> list[dict[str, Any]]:
    """The critical points near the trained weights as the evidence has them."""
    return [{"weights": [float(c) for c in place.centre], "index": index} for index, place in listed.near(subject)]


def held_critical_point(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where the evidence names other points, weights, samples or polynomials than the certificates."""
    points = {p.polynomial: [float(c) for c in p.centre] for p in found.speaks_of.get(POINTS, ())}
    expected: dict[str, Any] = {name: points[kind] for name, kind in (("point", False), ("polynomial_point", True)) if kind in points}
    for own in (s for s in found.subjects.values() if isinstance(s, TrainedPerceptron)):
        expected |= {"weights": [float(w) for w in own.weights], "samples": len(own.inputs)}
        if not isinstance(own.pieces[0], str):
            expected["polynomials"] = [[str(c) for c in p] for p in own.pieces]
    for part in found.speaks_of.get(LISTS, ()):
        expected["polynomial_points_within" if part.polynomial else "points_within"] = points_near(part, found.subjects[part.subject])
    if any(evidence.get(key) != value for key, value in expected.items()):
        raise VerificationError("the certificates speak of other points, weights, data or polynomials than the evidence")
