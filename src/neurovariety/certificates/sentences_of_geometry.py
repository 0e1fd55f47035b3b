"""How statements on weights, strata, components and targets are said, by their kind."""

from __future__ import annotations

from collections.abc import Sequence

from neurovariety.certificates.phrases import Choice, Listed, Number, Phrase
from neurovariety.claim import Claim

SAID_OF_GEOMETRY: dict[str, Phrase] = {}
"""By kind, without the place it names, how it is said."""

# membership: targets

SAID_OF_GEOMETRY |= {
    "membership: verdict": Phrase(
        "whether the target is in the model",
        Choice(
            {
                "realizable": "weights compute the target",
                "closure only": "the target is a limit of functions of the model, but none of them",
                "excluded": "no weights compute the target, nor come arbitrarily close",
            }
        ),
    ),
    "membership: witness": Phrase("weights of the target", Listed(lambda value: f"weights are given for it ({len(value)} numbers)")),
}

# conservation: what gradient flow keeps

_CONSERVED = "gradient flow conserves {n}"
_QUANTITY = ("independent quantity", "independent quantities")


def _laws(value: Sequence[str], claim: Claim) -> str:
    if not value:
        return "no polynomial that is conserved is listed"
    return f"{len(value)} listed polynomial{'s are' if len(value) != 1 else ' is'} conserved"


SAID_OF_GEOMETRY |= {
    "conserved quantities": Phrase("the conserved quantities", Number(f"{_CONSERVED}, whatever the loss and the data", *_QUANTITY)),
    "conserved quantities at the inputs": Phrase(
        "the conserved quantities", Number(f"{_CONSERVED}, whatever the loss on the inputs given", *_QUANTITY)
    ),
    "all conserved quantities": Phrase(
        "whether there are others", Choice({True: "there are none beside those counted", False: "there may be others"})
    ),
    "conserved polynomials": Phrase("the conserved polynomials", _laws),
    "conserved polynomials at the inputs": Phrase("the conserved polynomials", _laws),
}
