"""How statements on weights, strata, components and targets are said, by their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Sized
from typing import Any

from neurovariety.certificates.phrases import EXACT, Choice, Listed, Number, Phrase, amount, named
from neurovariety.claim import Claim

SAID_OF_GEOMETRY: dict[str, Phrase] = {}
"""By kind, without the place it names, how it is said."""


def _counted(value: Sized, noun: str) -> str:
    """How many are listed: ``1 number``, ``2 numbers``."""
    return f"{len(value)} {noun}{'s' * (len(value) != 1)}"


def _listed(value: Sized, noun: str, of: str = "") -> str:
    """``1 inclusion is listed``"""
    return f"{_counted(value, noun)}{of and f' {of}'} {'is' if len(value) == 1 else 'are'} listed"


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
    "membership: witness": Phrase(
        "weights of the target", Listed(lambda value: f"weights are given for it ({_counted(value, 'number')})")
    ),
}

# conservation: what gradient flow keeps

_CONSERVED = "gradient flow has {n} that it conserves"
_QUANTITY = ("independent quantity", "independent quantities", "no quantity")


def _laws(value: Sequence[str], claim: Claim) -> str:
    if not value:
        return "no polynomial that is conserved is listed"
    return f"{len(value)} listed polynomial{'s are' if len(value) != 1 else ' is'} conserved"


SAID_OF_GEOMETRY |= {
    "conserved quantities": Phrase("the conserved quantities", Number(f"{_CONSERVED} whatever the loss and the data", *_QUANTITY)),
    "conserved quantities at the inputs": Phrase(
        "the conserved quantities", Number(f"{_CONSERVED} whatever the loss on the inputs given", *_QUANTITY)
    ),
    "all conserved quantities": Phrase("whether there are others", Choice({True: "there are none beside those counted"})),
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
        "what the inputs see of the span", Number("the inputs see {n} of the linear span", "dimension", "dimensions")
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
    "elements of the field": Phrase("the field", Listed(lambda value: f"the field has {value} elements")),
    "functions over the field": Phrase(
        "the functions over the field", Number("weights in the field give {n}", "polynomial", "different polynomials")
    ),
    "share of the span": Phrase(
        "the share of the linear span", Listed(lambda value: f"their share of a space as large as the span over Q is {value}")
    ),
}

# components


def _pieces(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    """The dimensions of what is listed."""
    sizes = [row["dimension"] for row in value if row.get("dimension") is not None]
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

# symmetries

_SYMMETRIES = Phrase(
    "the linear symmetries",
    Number("linear changes of the weights that leave the functions as they are form a group of dimension {n}"),
)
SAID_OF_GEOMETRY |= {
    **{f"linear symmetries: {scope}": _SYMMETRIES for scope in ("all", "block-diagonal", "axes")},
    "symmetries: dimension": _SYMMETRIES,
    "stated linear symmetries": Phrase("the stated symmetries", Number("the stated symmetries span {n}", "dimension", "dimensions")),
    "unstated linear symmetries": Phrase(
        "the symmetries that are not stated",
        Number("{n} not among the stated symmetries", "of its dimensions is", "of its dimensions are"),
        joined=True,
    ),
    "general orbit": Phrase("a general orbit", Number("it moves general weights in {n}", "dimension", "dimensions")),
    "ansatz": Phrase(
        "the linear maps that are searched",
        Choice(
            {
                "all": "any linear map of the weights is searched",
                "block-diagonal": "linear maps within the blocks are searched",
                "axes": "linear maps along the axes of the blocks are searched",
            }
        ),
    ),
}

# boundary

SAID_OF_GEOMETRY |= {
    "boundary: position": Phrase(
        "where the function lies",
        Choice(
            {
                "interior": "weights compute the function and real functions of the neurovariety near it",
                "boundary": "weights compute the function, but some real functions near it they do not",
                "closure only": "the function is a limit that no weights attain",
                "outside": "no weights come arbitrarily close to the function",
            },
            {"interior": "weights compute the function and all real functions of the neurovariety near it"},
        ),
    ),
    "boundary: reason": Phrase("the reason", Listed(lambda value: f"a reason is given: {value}")),
    "boundary: boundary": Phrase(
        "the boundary of the real functions",
        Choice(
            {
                "empty": "the real functions have no boundary",
                "nonempty": "real weights miss some real functions of the neurovariety",
            }
        ),
    ),
    "boundary: dimension": Phrase("the dimension of the boundary", Number("the boundary has dimension {n}")),
    "boundary: pieces": Phrase("pieces of the boundary", Listed(lambda value: _listed(value, "piece", "of the boundary"))),
}

# critical-locus: strata of weights


def _strata(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    """On which strata the rank drops, and how far."""
    known = f"{len(value)} {'stratum' if len(value) == 1 else 'strata'} of weights looked at"
    critical = [row for row in value if row["corank"] and Claim(row["claim"]) in (*EXACT, Claim.UPPER_BOUND)]
    if not critical:
        keeps = claim in EXACT and all(row["corank"] == 0 for row in value)
        return f"on the {known} the Jacobian {'keeps its rank' if keeps else 'is not seen to drop rank'}"
    deepest = min(critical, key=lambda row: int(row["rank"]))
    bounded = any(Claim(row["claim"]) is Claim.UPPER_BOUND for row in critical)
    most = "at most " if deepest["rank"] and Claim(deepest["claim"]) is Claim.UPPER_BOUND else ""
    left = f"{most}{deepest['rank'] or 'no'} direction{'s remain' if deepest['rank'] > 1 else ' remains'}"
    drops = f"the Jacobian drops rank on {'each' if len(critical) == len(value) else len(critical)} of the {known}"
    if len(value) == 1:
        drops = "the Jacobian drops rank on the stratum of weights looked at"
    if len(critical) == 1:
        return f"{drops} ({deepest['name']}): it has dimension {deepest['dimension']}, and at its general weights {left}"
    size = max(int(row["dimension"]) for row in critical)
    largest = [row["name"] for row in critical if row["dimension"] == size]
    which = "the largest" if len(largest) == 1 else f"one of the {len(largest)} largest"
    if bounded and deepest["name"] in largest:
        return f"{drops}: {which} ({deepest['name']}) has dimension {size}, and at its general weights {left}"
    if bounded:
        return f"{drops}: {which} ({largest[0]}) has dimension {size}, and at general weights of another ({deepest['name']}) {left}"
    if deepest["name"] in largest:
        return f"{drops}: {which} ({deepest['name']}) has dimension {size}, and none is deeper: at its general weights {left}"
    return f"{drops}: {which} ({largest[0]}) has dimension {size}, and at general weights of the deepest ({deepest['name']}) {left}"


SAID_OF_GEOMETRY |= {
    "critical locus: dimension": Phrase(
        "the dimension of the critical locus", Number("weights where the Jacobian drops rank have dimension {n}")
    ),
    "critical locus: codimension": Phrase(
        "the codimension of the critical locus", Number("weights where the Jacobian drops rank have codimension {n}")
    ),
    "critical locus: complete": Phrase(
        "whether it drops rank elsewhere", Choice({True: "elsewhere it drops no rank"}, {True: "the rank drops nowhere else"})
    ),
    "critical locus: strata": Phrase("strata where the Jacobian drops rank", _strata),
}

# exposedness


def _exposed(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    """Which of the strata listed are critically exposed, and what that says of targets."""
    exposed = [row for row in value if row["critically_exposed"]]
    zero = sum(row["function"] == "zero" for row in exposed)
    strata = f"the {len(value)} {'stratum' if len(value) == 1 else 'strata'} listed"
    nowhere = "for almost any target no weights there are stationary"
    if not exposed:
        return f"none of {strata} is critically exposed: {nowhere}"
    if zero == len(exposed) and any(row["function"] != "zero" for row in value):
        at_zero = f"{zero} of {strata} {'is' if zero == 1 else 'are'} critically exposed, at the function zero"
        return f"{at_zero}; on those of other functions none is: {nowhere}"
    at_zero = f",{'' if zero == len(exposed) else f' {zero} of them'} at the function zero" if zero else ""
    them = "each" if len(exposed) == len(value) > 1 else len(exposed)
    return (
        f"{them} of {strata} {'is' if them in ('each', 1) else 'are'} critically exposed{at_zero}: for an open set of targets "
        "some weights there are stationary"
    )


SAID_OF_GEOMETRY |= {
    "exposedness: ambient": Phrase("the coefficients", Number("targets have {n}", "coefficient", "coefficients")),
    "exposedness: critically_exposed": Phrase(
        "the critically exposed strata", Number("{n} critically exposed", "of the strata listed is", "of the strata listed are")
    ),
    "exposedness: table": Phrase("which strata are critically exposed", _exposed),
}

# subnetworks: smaller sets of functions


def _smaller_sets(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    """How many are known, the largest, and how many weights have one of its functions."""
    if not value:
        return "no smaller set of functions is known"
    first = value[0]
    text = f"{len(value)} smaller set{'s of functions are' if len(value) != 1 else ' of functions is'} known"
    largest = sum(row["dimension"] == first["dimension"] for row in value)
    name = "the function zero" if first["name"] == "zero" else named(first["name"])
    dimension = amount(first["dimension"], claim)
    if largest > 1:
        text += f"; {largest} have the largest dimension, {dimension}, among them that of {name}"
    else:
        text += f"{'; the largest is' if len(value) != 1 else ','} that of {name}, of dimension {dimension}"
    if not first["fiber"]:
        return text
    of = "it" if name == "the function zero" else "a general one of its functions"
    return f"{text}, and the weights known for {of} form a set of dimension {amount(first['fiber'], claim)}"


SAID_OF_GEOMETRY |= {
    "subnetworks: images": Phrase("the smaller sets of functions", _smaller_sets),
    "subnetworks: inclusions": Phrase("which contain which", Listed(lambda value: _listed(value, "inclusion"))),
    "subnetworks: undecided": Phrase(
        "undecided inclusions", Listed(lambda value: f"of {_counted(value, 'inclusion')} it is open whether they hold")
    ),
    "subnetworks: all_listed": Phrase(
        "whether the known strata are listed",
        Choice({True: "the known strata are listed", False: "some known strata are not listed"}, {True: "all known strata are listed"}),
    ),
}

# singularities


def _locus(value: int, claim: Claim) -> str:
    """The dimension of the singular functions; -1 where there are none."""
    if value >= 0:
        return f"the singular functions form a set of dimension {amount(value, claim)}"
    none = claim in EXACT or claim is Claim.UPPER_BOUND
    return "the closure of the functions has no singular function" if none else "no singular function is known"


def _beyond(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    sizes = sorted({row["dimension"] for row in value}, reverse=True)
    parts = f"{len(value)} part{'s' if len(value) != 1 else ''} of them, of dimension {' and '.join(map(str, sizes))},"
    return f"{parts} {'lie' if len(value) != 1 else 'lies'} on no smaller network" if value else "no part of them beyond these is known"


def _tangent(value: Sequence[int | None], claim: Claim) -> str:
    low, high = value
    if low == high:
        return f"the tangent space has dimension {amount(low, claim)}"
    return f"the tangent space has dimension {low} or more{'' if high is None else f', {high} or less'}"


SAID_OF_GEOMETRY |= {
    "singularities: dimension": Phrase("the dimension of the singular functions", _locus),
    "singularities: degree": Phrase(
        "the degree of the singular functions",
        Number("degree {n}"),
        joined=True,
        alone=Number("they have degree {n}"),
        points="points of a general linear section",
    ),
    "singularities: codimension": Phrase(
        "the codimension of the singular functions", Number("codimension {n}"), joined=True, alone=Number("they have codimension {n}")
    ),
    "singularities: strata": Phrase(
        "singular strata", Listed(lambda value: f"{_counted(value, 'smaller network')} of the list are looked at")
    ),
    "singularities: others": Phrase("singular functions on no smaller network", _beyond),
    "singularities: status": Phrase(
        "whether this function is singular",
        Choice(
            {"smooth": "this function is a smooth point of the closure", "singular": "this function is a singular point of the closure"}
        ),
    ),
    "singularities: type": Phrase("how it is singular", Listed(lambda value: f"as a point it is of the type {value}")),
    "singularities: tangent_space": Phrase("the tangent space", _tangent, joined=True),
    "singularities: tangent_cone": Phrase("the tangent cone", Number("the tangent cone has dimension {n}"), joined=True),
    "singularities: branches": Phrase(
        "the branches", Number("the weights looked at have {n}", "tangent space", "different tangent spaces")
    ),
    "singularities: rank": Phrase("the rank of J", Number("at these weights the function can move in {n}", "direction", "directions")),
}

SAID_OF_GEOMETRY |= {
    "learning coefficient": Phrase("the learning coefficient", Number("the learning coefficient is {n}")),
    "multiplicity of the learning coefficient": Phrase(
        "its multiplicity",
        Number("its multiplicity is {n}"),
        joined=True,
        alone=Number("the multiplicity of the learning coefficient is {n}"),
        counts=False,
    ),
}

# invariance


def _components(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    return f"{len(value)} kind{'s' * (len(value) != 1)} of weights {'follow' if len(value) != 1 else 'follows'} the maps layer by layer"


SAID_OF_GEOMETRY |= {
    "invariance: function_dimension": Phrase(
        "the functions with this symmetry", Number("the functions with this symmetry form a set of dimension {n}")
    ),
    "invariance: weight_dimension": Phrase(
        "the weights of these functions", Number("their weights form a set of dimension {n}"), joined=True
    ),
    "invariance: components": Phrase("weights that follow the maps layer by layer", _components),
    "invariance: order": Phrase("the order of the maps", Number("the maps have the common order {n}")),
}
