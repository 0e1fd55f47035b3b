"""How statements on analytic networks, and on their approximation by polynomials, are said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION
from neurovariety.certificates.measured_phrases import rounded
from neurovariety.certificates.network_approximation import APART, WITHIN
from neurovariety.certificates.phrases import EXACT, Listed, Number, Phrase, along, amount
from neurovariety.certificates.smooth_critical_points import (
    ALONE,
    BETWEEN,
    INDEX,
    LISTED,
    LOSS,
    NEAR,
    NEXT,
    NEXT_ALONE,
    NEXT_INDEX,
    NEXT_LISTED,
)
from neurovariety.certificates.smooth_critical_points import DEGREE as DEGREE_OF_POLYNOMIALS
from neurovariety.certificates.smooth_ranks_at_weights import INFINITESIMAL
from neurovariety.claim import Claim


def _index(where: str) -> Callable[[int, Claim], str]:
    def said(value: int, claim: Claim) -> str:
        if claim not in EXACT:
            return f"{where} the Hessian has {amount(value, claim)} negative eigenvalue{'' if value == 1 else 's'}"
        if value == 0:
            return f"{where} all eigenvalues of the Hessian are positive: a local minimum"
        return f"{where} {value} of the eigenvalues of the Hessian {'is' if value == 1 else 'are'} negative: no minimum"

    return said


def _alone(near: str) -> Callable[[float, Claim], str]:
    def said(value: float, claim: Claim) -> str:
        found = "there is no other" if claim in EXACT else "another was not found"
        return f"within {rounded(value, up=False)} of {near} {found}"

    return said


def _all(loss: str) -> Callable[[Sequence[Any], Claim], str]:
    def said(value: Sequence[Any], claim: Claim) -> str:
        radius, indices = value
        count, minima = len(indices), sum(not i for i in indices)
        kinds = f", {minima or 'none'} of them {'local minima' if minima > 1 else 'a local minimum'}"
        if count == 1:
            kinds = ", a local minimum" if minima else f", of index {indices[0]}"
        points = f"{amount(count, claim) if count else 'no'} critical point{'' if count == 1 else 's'}"
        return f"within {rounded(radius, up=False)} of the trained weights, in each weight, {loss} has {points}{kinds if count else ''}"

    return said


SAID_OF_SMOOTH: Mapping[str, Phrase] = {
    "approximate: error": Phrase(
        "the error of what is put in place", Listed(lambda v: f"the one found is within {rounded(v, up=True)} of the activation")
    ),
    "approximate: error_at_least": Phrase(
        "the least error of polynomials", Listed(lambda v: f"none of that degree is nearer than {rounded(v, up=False)}")
    ),
    "approximate: degree": Phrase("the degree of the polynomial", Listed(lambda v: f"its degree is at most {v}")),
    WITHIN: Phrase(
        "the change of the outputs",
        Listed(lambda v: f"with those found in place of activations the outputs change by at most {rounded(v, up=True)}"),
    ),
    APART: Phrase(
        "the change of the outputs somewhere",
        Listed(lambda v: f"at some input they change by at least {rounded(v, up=False)}"),
        joined=True,
    ),
    NEAR: Phrase(
        "a critical point of the squared error near the trained weights",
        Listed(lambda v: f"a critical point of the squared error lies within {rounded(v, up=True)} of the trained weights"),
    ),
    ALONE: Phrase("whether it is alone", _alone("it, in each weight,")),
    INDEX: Phrase("the index of the critical point", _index("there"), counts=False),
    LOSS: Phrase(
        "the loss at the critical point",
        Listed(lambda v: f"the squared error there lies between {rounded(v[0], up=False)} and {rounded(v[1], up=True)}"),
    ),
    DEGREE_OF_POLYNOMIALS: Phrase(
        "the degree of polynomials", Listed(lambda v: f"polynomials of degree at most {v} were put in place of the activations")
    ),
    NEXT: Phrase(
        "a critical point of the network with polynomials",
        Listed(lambda v: f"with them one lies within {rounded(v, up=True)} of the trained weights"),
    ),
    NEXT_ALONE: Phrase("whether that is alone", _alone("that one")),
    NEXT_INDEX: Phrase("the index of that point", _index("at that one"), counts=False),
    BETWEEN: Phrase(
        "how far the two critical points are apart",
        Listed(lambda v: f"the two critical points differ by at most {rounded(v, up=True)} in each weight"),
    ),
    LISTED: Phrase("the critical points near the trained weights", _all("the squared error"), counts=False),
    NEXT_LISTED: Phrase(
        "the critical points near the trained weights, with polynomials", _all("that of the network with polynomials"), counts=False
    ),
    INFINITESIMAL: Phrase(
        "the infinitesimal dimension of the fiber",
        along("at these weights"),
    ),
    ANALYTIC_DIMENSION: Phrase("the dimension", Number("the functions form a set of dimension {n}")),
}
"""By kind how it is said; `certificates.sentences` has the others."""
