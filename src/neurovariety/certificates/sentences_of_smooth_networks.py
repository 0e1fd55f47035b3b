"""How statements on analytic networks, and on their approximation by polynomials, are said."""

from __future__ import annotations

from collections.abc import Mapping

from neurovariety.certificates.analytic_networks import ANALYTIC_DIMENSION
from neurovariety.certificates.measured_phrases import rounded
from neurovariety.certificates.network_approximation import APART, WITHIN
from neurovariety.certificates.phrases import Listed, Number, Phrase

SAID_OF_SMOOTH: Mapping[str, Phrase] = {
    "approximate: error": Phrase(
        "the error of the polynomial", Listed(lambda v: f"the polynomial found is within {rounded(v, up=True)} of the activation")
    ),
    "approximate: error_at_least": Phrase(
        "the least error of polynomials", Listed(lambda v: f"none of that degree is nearer than {rounded(v, up=False)}")
    ),
    "approximate: degree": Phrase("the degree of the polynomial", Listed(lambda v: f"its degree is at most {v}")),
    WITHIN: Phrase(
        "the change of the outputs",
        Listed(lambda v: f"with polynomials in place of activations the outputs change by at most {rounded(v, up=True)}"),
    ),
    APART: Phrase(
        "the change of the outputs somewhere",
        Listed(lambda v: f"at some input they change by at least {rounded(v, up=False)}"),
        joined=True,
    ),
    ANALYTIC_DIMENSION: Phrase("the dimension", Number("the functions form a set of dimension {n}")),
}
"""By kind how it is said; `certificates.sentences` has the others."""
