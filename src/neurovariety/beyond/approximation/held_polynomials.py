"""The polynomials, intervals and networks that a stored approximation names, held against those of its certificates."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import zip_longest
from typing import Any

from neurovariety.beyond.approximation.approximate import described, described_layer, forms_of, heading, smooth_notation
from neurovariety.beyond.approximation.attention_model import softmax_notation
from neurovariety.beyond.approximation.expansions import SERIES, expanded
from neurovariety.beyond.approximation.one_activation import RATIONAL, UNIFORM, NearestPolynomial
from neurovariety.beyond.approximation.whole_network import algebraic, with_polynomials
from neurovariety.certificates.activation_series import POWER
from neurovariety.certificates.network_approximation import Near, dense_or_none
from neurovariety.certificates.rational_error import AlternatingQuotient, NearQuotient
from neurovariety.certificates.recheck import Recheck
from neurovariety.certificates.spoken_of import POLYNOMIALS
from neurovariety.certificates.uniform_error import AlternationBound, NearPolynomial
from neurovariety.errors import InputError, VerificationError
from neurovariety.options import shown


def held_polynomials(found: Recheck, evidence: Mapping[str, Any]) -> None:
    """Raises `VerificationError` where the result names another polynomial, interval or algebraic network than was rechecked."""
    for near in found.speaks_of.get(POLYNOMIALS, ()):
        layers = tuple(_nearest(p, said) for p, said in zip(near, _said(evidence, len(near)), strict=True))
        expected = _of_network(found, layers) if found.subjects else _of_activation(found, layers[0])
        wrong = [key for key, said in expected.items() if evidence.get(key) != said]
        if wrong:
            raise VerificationError(f"the certificates are about another {wrong[0]} than the result gives")


def _said(evidence: Mapping[str, Any], layers: int) -> list[Mapping[str, Any]]:
    """What a result says of each polynomial; nothing where it has no such list."""
    said = evidence.get("layers", [evidence])
    known = isinstance(said, list) and len(said) == layers and all(isinstance(one, Mapping) for one in said)
    return said if known else [{}] * layers


def _nearest(p: Near, said: Mapping[str, Any]) -> NearestPolynomial:
    """The polynomial of a certificate, of the kind that is said. Raises `VerificationError` where it is none."""
    bound, kind = p.least.certificate, said.get("kind", UNIFORM)
    points = bound.points if isinstance(bound, AlternationBound | AlternatingQuotient) else ()
    if isinstance(p, NearQuotient):
        return NearestPolynomial(p.question, p.numerator, points, len(p.cuts) - 1, p.error, {}, RATIONAL, p.denominator)
    if kind != UNIFORM and not (kind in SERIES and _alike(p, expanded(p.question, kind))):
        raise VerificationError(f"the certificates are about a polynomial that is not of the kind that the result gives, {shown(kind)}")
    return NearestPolynomial(p.question, p.coefficients, points, len(p.cuts) - 1, p.error, {}, kind)


def _alike(p: NearPolynomial, other: tuple[Fraction, ...]) -> bool:
    """Whether two polynomials differ on the interval by less than a millionth of the error, as after other roundings."""
    reach = max(abs(p.question.low), abs(p.question.high), Fraction(1))
    differences = (abs(a - b) * reach**k for k, (a, b) in enumerate(zip_longest(p.coefficients, other, fillvalue=Fraction(0))))
    return sum(differences) <= Fraction(p.error) / 10**6


def _of_network(found: Recheck, layers: tuple[NearestPolynomial, ...]) -> dict[str, object]:
    (network,) = found.subjects.values()
    dense, said = dense_or_none(network), [described_layer(p) for p in layers]
    if dense is None:
        return {"layers": said, "forms": forms_of(network), "architecture": None}
    return {"layers": said, "architecture": str(with_polynomials(dense, layers)[0])}


def _of_activation(found: Recheck, p: NearestPolynomial) -> dict[str, object]:
    """Of an activation on an interval, or of all activations of a notation."""
    if found.architecture == heading(p.question):
        return {**described(p), "architecture": None}
    if p.question.activation == POWER and softmax_notation(found.architecture) is not None:
        return {**described(p), "architecture": None}
    try:
        known = smooth_notation(found.architecture)
    except InputError:
        known = None
    if known is None or known[0] != p.question.activation:
        raise VerificationError(f"the certificates are about {heading(p.question)}, not about {found.architecture}")
    _, widths, bias = known
    return {**described(p), "architecture": str(algebraic(widths, (p,) * (len(widths) - 2), bias))}
