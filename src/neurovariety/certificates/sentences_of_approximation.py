"""How statements on approximations by polynomials are said."""

from __future__ import annotations

from collections.abc import Mapping

from neurovariety.certificates.measured_phrases import rounded
from neurovariety.certificates.phrases import Listed, Number, Phrase

SAID_OF_APPROXIMATIONS: Mapping[str, Phrase] = {
    "approximate: error": Phrase(
        "the error of the polynomial", Listed(lambda v: f"the polynomial found is within {rounded(v, up=True)} of the activation")
    ),
    "approximate: error_at_least": Phrase(
        "the least error of polynomials", Listed(lambda v: f"none of that degree is nearer than {rounded(v, up=False)}")
    ),
    "approximate: degree": Phrase("the degree of the polynomial", Number("its degree is at most {n}")),
}
"""By kind how it is said; `certificates.sentences` has the others."""
