"""What a stored classification fan, or tropical form, says beside its claims, held against its certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurovariety.beyond.piecewise.classification_fan import evidence_of, heading
from neurovariety.certificates.classification_fans import CountedCones, DimensionOfActivation, PartitionsOfPoints
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import FANS, FORMS
from neurovariety.errors import VerificationError


def held_fan(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where the certificates are about different points, terms or labels, or not those of the result."""
    parts = found.speaks_of.get(FANS, ())
    known = [p for p in parts if isinstance(p, PartitionsOfPoints)]
    if not known:
        return
    counts = [p for p in parts if isinstance(p, CountedCones)]
    sizes = [p for p in parts if isinstance(p, DimensionOfActivation)]
    labels = {p.labels for p in counts if p.part == "mistakes"}
    terms = {p.terms for p in counts} | {p.terms for p in sizes}
    points = {p.points for p in known} | {p.points for p in sizes}
    if len(points) > 1 or len(known) > 1 or len(terms) > 1 or len(labels) > 1:
        raise VerificationError("the certificates are about different points, terms or labels")
    own, rows = next(iter(terms), None), next(iter(labels), None)
    if own is None:
        return
    samples = sum(map(sum, rows)) if rows else evidence.get("samples")
    if type(samples) is not int or samples < len(known[0].points):
        raise VerificationError("the number of samples is that of the points at least")
    expected = evidence_of(known[0], own, samples, rows)
    wrong = [key for key in {*expected, "best"} if evidence.get(key) != expected.get(key)]
    if wrong or found.architecture != heading(samples, own):
        raise VerificationError(f"the certificates are about another {min(wrong, default='question')} than the result gives")


def held_form(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where a result gives another number of monomials than the parts of its tropical form have."""
    for part in found.speaks_of.get(FORMS, ()):
        if evidence.get(part.part) != [len(m) for m in part.monomials]:
            raise VerificationError(f"the {part.part} has another number of monomials than the result gives")
