"""How statements on weights, strata, components and targets are said, by their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurovariety.certificates.phrases import Choice, Listed, Number, Phrase, amount
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

# tangent-kernel, data: ranks at weights and at inputs


def _further(value: int, claim: Claim) -> str:
    if not value:
        return "no further samples are needed"
    return f"{amount(value, claim)} more general sample{'s' * (value != 1)} would reach it"


_SEEN = Number("the inputs see {n} of a general function", "degree of freedom", "degrees of freedom")
SAID_OF_GEOMETRY |= {
    "rank of the Jacobian at the weights": Phrase(
        "the directions at these weights", Number("at these weights the function can move in {n}", "direction", "directions")
    ),
    "rank of the Jacobian at the weights at the inputs": Phrase(
        "the directions at these weights",
        Number("at these weights the values at the inputs can move in {n}", "direction", "directions"),
    ),
    "rank of the Jacobian at the inputs": Phrase("what the inputs see", _SEEN),
    "rank of the values at the inputs": Phrase(
        "what the values span", Number("values at the inputs span {n}", "dimension", "dimensions")
    ),
    "samples at the inputs": Phrase("the samples", Listed(lambda value: f"{value:,} sample{'s are' if value != 1 else ' is'} given")),
    "determined at the inputs": Phrase(
        "whether the inputs settle a function locally",
        Choice(
            {"yes": "the inputs leave no direction open", "no": "some directions stay open: below the interpolation threshold"},
            {"yes": "the inputs determine a general function locally"},
        ),
    ),
    "further samples at the inputs": Phrase("the samples that are missing", _further),
}

# point-count: functions over a finite field

SAID_OF_GEOMETRY |= {
    "elements of the field": Phrase("the field", Number("the field has {n}", "element", "elements")),
    "functions over the field": Phrase(
        "the functions over the field", Number("weights in the field give {n}", "function", "different functions")
    ),
    "share of the span": Phrase("the share of the linear span", Listed(lambda value: f"their share of the linear span is {value}")),
}

# components


def _pieces(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    """The dimensions of what is listed."""
    sizes = [row["dimension"] for row in value if row["dimension"] is not None]
    if not sizes:
        return "no dimension is known"
    if len(value) == 1:
        return f"it has dimension {amount(sizes[0], claim)}"
    if min(sizes) == max(sizes):
        return f"{len(value)} are listed, each of dimension {sizes[0]}"
    most = max(sizes)
    largest = sizes.count(most)
    return f"{len(value)} are listed, of dimensions {min(sizes)} to {most}, {largest} of them of dimension {most}"


SAID_OF_GEOMETRY |= {
    "irreducible components: count": Phrase(
        "the number of irreducible pieces", Number("the closure of the functions has {n}", "irreducible piece", "irreducible pieces")
    ),
    "irreducible components: components": Phrase("the pieces", _pieces),
}
