"""The polynomials, intervals and networks that a stored approximation names, held against those of its certificates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurovariety.beyond.approximation.approximate import described, described_layer, heading, smooth_notation
from neurovariety.beyond.approximation.one_activation import NearestPolynomial
from neurovariety.beyond.approximation.whole_network import algebraic, with_polynomials
from neurovariety.certificates.network_approximation import smooth_layers
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import POLYNOMIALS
from neurovariety.certificates.uniform_error import AlternationBound, NearPolynomial
from neurovariety.errors import InputError, VerificationError


def held_polynomials(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where the result names another polynomial, interval or algebraic network than was rechecked."""
    for near in found.speaks_of.get(POLYNOMIALS, ()):
        layers = tuple(_nearest(p) for p in near)
        expected = _of_network(found, layers) if found.subjects else _of_activation(found, layers[0])
        wrong = [key for key, said in expected.items() if evidence.get(key) != said]
        if wrong:
            raise VerificationError(f"the certificates are about another {wrong[0]} than the result gives")


def _nearest(p: NearPolynomial) -> NearestPolynomial:
    bound = p.least.certificate
    points = bound.points if isinstance(bound, AlternationBound) else ()
    return NearestPolynomial(p.question, p.coefficients, points, len(p.cuts) - 1, p.error, {})


def _of_network(found: Recheck, layers: tuple[NearestPolynomial, ...]) -> dict[str, object]:
    (network,) = found.subjects.values()
    made, _ = with_polynomials(smooth_layers(network), layers)
    return {"layers": [described_layer(p) for p in layers], "architecture": str(made)}


def _of_activation(found: Recheck, p: NearestPolynomial) -> dict[str, object]:
    """Of an activation on an interval, or of all activations of a notation."""
    if found.architecture == heading(p.question):
        return {**described(p), "architecture": None}
    try:
        known = smooth_notation(found.architecture)
    except InputError:
        known = None
    if known is None or known[0] != p.question.activation:
        raise VerificationError(f"the certificates are about {heading(p.question)}, not about {found.architecture}")
    _, widths, bias = known
    return {**described(p), "architecture": str(algebraic(widths, (p,) * (len(widths) - 2), bias))}
