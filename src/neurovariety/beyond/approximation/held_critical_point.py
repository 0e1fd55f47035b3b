"""What a stored result says of critical points beside its claims, held against the certificates that speak of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.smooth_critical_points import TrainedPerceptron
from neurovariety.certificates.spoken_of import POINTS
from neurovariety.errors import VerificationError


def held_critical_point(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where the evidence names other points, weights, samples or polynomials than the certificates."""
    points = {p.polynomial: [float(c) for c in p.centre] for p in found.speaks_of.get(POINTS, ())}
    expected: dict[str, Any] = {name: points[kind] for name, kind in (("point", False), ("polynomial_point", True)) if kind in points}
    for own in (s for s in found.subjects.values() if isinstance(s, TrainedPerceptron)):
        expected |= {"weights": [float(w) for w in own.weights], "samples": len(own.inputs)}
        if not isinstance(own.pieces[0], str):
            expected["polynomials"] = [[str(c) for c in p] for p in own.pieces]
    if any(evidence.get(key) != value for key, value in expected.items()):
        raise VerificationError("the certificates speak of other points, weights, data or polynomials than the evidence")
