"""What a stored result says of polynomials and points beside its claims, held against the certificates that speak of them.

Claims are about the polynomials in the certificates. A user takes those in the evidence, and the heading for the question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from neurovariety.architectures.reading.rational_function import shown as written
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.smooth_critical_points import TrainedPerceptron
from neurovariety.certificates.spoken_of import NEAREST, POINTS
from neurovariety.certificates.uniform_error import NearPolynomial
from neurovariety.errors import VerificationError

NOTATION = re.compile(r"\s*mlp\s*\(([\d,\s]+);\s*(\w+)\s*(;\s*bias\s*)?\)\s*")
"""Widths, activation and bias of an architecture without weights."""


def held_to_evidence(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where the evidence, or the heading, names other polynomials or points than the certificates."""
    if found.entry == "approximate" and found.speaks_of.get(NEAREST):
        _polynomials(found, evidence)
    if found.entry == "critical-point":
        _critical_points(found, evidence)


def facts_of(p: NearPolynomial) -> dict[str, Any]:
    """What evidence says of a polynomial."""
    points = getattr(p.least.certificate, "points", ())
    return {
        "polynomial": [str(c) for c in p.coefficients],
        "notation": notation_of(p),
        "points": [float(x) for x in points],
        "intervals": len(p.cuts) - 1,
    }


def notation_of(p: NearPolynomial) -> str:
    """A polynomial in the notation of activations."""
    return written(tuple((k, c) for k, c in reversed(list(enumerate(p.coefficients))) if c)) or "0"


def _polynomials(found: Recheck, evidence: Mapping[str, Any]) -> None:
    parts: tuple[NearPolynomial, ...] = max(found.speaks_of[NEAREST], key=len)
    if "layers" in evidence:
        rows = evidence["layers"]
        expected = [facts_of(p) | _where(p) for p in parts]
    else:
        rows, expected = [evidence], [facts_of(p) for p in parts]
        q = parts[0].question
        name = f"{q.activation} on [{q.low}, {q.high}]"
        if found.architecture != name and not ("architecture" in evidence and _is_notation(found.architecture, q.activation)):
            raise VerificationError(f"the certificates speak of {name}, and the result of {found.architecture}")
    if len(rows) != len(expected) or not all(isinstance(r, Mapping) and _agrees(r, e) for r, e in zip(rows, expected, strict=True)):
        raise VerificationError("the certificates speak of other polynomials than the evidence")
    stated = evidence.get("architecture")
    if stated is not None and not _is_made_of(str(stated), found.architecture, parts):
        raise VerificationError("the algebraic network in the evidence is none with the polynomials of the certificates")


def _where(p: NearPolynomial) -> dict[str, Any]:
    q = p.question
    return {"activation": q.activation, "interval": [str(q.low), str(q.high)], "error": p.error}


def _agrees(row: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    return all(row.get(key) == value for key, value in expected.items())


def _is_notation(text: str, activation: str) -> bool:
    match = NOTATION.fullmatch(text)
    return match is not None and match[2].lower() == activation


def _is_made_of(stated: str, asked: str, parts: tuple[NearPolynomial, ...]) -> bool:
    """Whether an architecture has these polynomials as activations, and the widths and biases of a notation that was asked."""
    sections = [s.strip() for s in stated.removeprefix("mlp(").removesuffix(")").split(";")]
    names = [notation_of(p) for p in parts]
    hidden = sections[0].count(",") - 1
    listed = ", ".join(names[:1] if len(set(names)) == 1 else names)
    if len(sections) not in (2, 3) or sections[1] != listed or sections[2:] not in ([], ["bias"]) or hidden < 1:
        return False
    match = NOTATION.fullmatch(asked)
    if match is None:
        return hidden == len(parts)
    widths = ",".join(str(int(n)) for n in match[1].split(",") if n.strip())
    return sections[0] == widths and (len(sections) == 3) == (match[3] is not None)


def _critical_points(found: Recheck, evidence: Mapping[str, Any]) -> None:
    known = [s for s in found.subjects.values() if isinstance(s, TrainedPerceptron)]
    points = {p.polynomial: [float(c) for c in p.centre] for p in found.speaks_of.get(POINTS, ())}
    expected: dict[str, Any] = {name: points[kind] for name, kind in (("point", False), ("polynomial_point", True)) if kind in points}
    for own in known:
        expected |= {"weights": [float(w) for w in own.weights], "samples": len(own.inputs)}
        if not isinstance(own.pieces[0], str):
            expected["polynomials"] = [[str(c) for c in p] for p in own.pieces]
    if not _agrees(evidence, expected):
        raise VerificationError("the certificates speak of other points, weights, data or polynomials than the evidence")
