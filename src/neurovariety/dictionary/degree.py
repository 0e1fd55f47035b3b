"""Degree of the neurovariety: how many functions does it share with a general affine space?

The closure X of the neuromanifold over C, of dimension r, meets a general affine space of codimension r in its span in finitely many
points; their number is the degree. With the dimension it measures how large the model is: covering numbers, and through them the
amount of data that generalization needs, are bounded by both (the dimension is the exponent, the degree a factor). X is a cone
where the activations are monomials and there is no bias; then the degree is that of the projective variety.

What is proved. Where a theorem gives the degree and its hypotheses are checked, it is `proved`; so is degree 1 where the span is
proved to be no larger than the dimension, which holds with `probability` where the span was found at random points. Otherwise the
functions on one general slice are found by monodromy (`homotopy`), each is certified by Krawczyk's operator in ball arithmetic, boxes
of different functions are disjoint, and the linear trace test decides whether any is missing: then the claim is `complete`. It rests
on the dimension being right and on slices drawn at random being general. One function is no question for the test, and a number is
refused that is too small by exact arithmetic: below codimension + 1 in the span, or, where that is small enough to be tried, below the
degree of a projection to a hypersurface. Without its consent the certified number is a `lower_bound`.

What it is not. The number of weights over the slice is larger, by the points of the generic fiber. A rational model with
denominators in its inputs has no coefficients here and is refused.

Sources: Sommese, Verschelde, Wampler 2002 (trace test); Duff et al. 2019 (monodromy); Krawczyk 1969 and Breiding, Rose, Timme 2023
(certificates); Marchetti et al. 2025, section 4.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from neurovariety.certificates.sentences import FROM_BELOW, SHOWN, SURE, Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Resume
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.invariants.degree import Degree, degree_of
from neurovariety.geometry.solutions.count_facts import CountFacts
from neurovariety.model import Model
from neurovariety.options import Option, Route
from neurovariety.result import WHOLE, counted
from neurovariety.tolerances import DEFAULT_SEED


class DegreeEvidence(CountFacts, total=False):
    """What a degree rests on; a count on a slice adds its test and paths."""

    route: str
    asked_route: Route
    dimension: int
    dimension_claim: str
    ambient: int | None
    theorems: list[Facts]
    filling: bool
    error_bound: float
    attempts: int
    coordinates: int
    drawn: list[str]


@dataclass(frozen=True, repr=False)
class DegreeResult(EntryResult):
    """``value`` is the degree. ``evidence``: ``route``, ``dimension``, ``ambient``, ``theorems``, and for a computed one
    ``trace_test``, ``certified``, ``paths``, ``paths_lost``, ``slices``."""

    entry: ClassVar[str] = "degree"
    evidence: DegreeEvidence


@entry
def degree(
    model: Model,
    *,
    route: Annotated[
        Route,
        Option(
            "computed: monodromy and trace test only; theorem: closed formula only; auto: the formula where there is one",
            recorded="asked_route",
        ),
    ] = "auto",
    resume: Resume = None,
    seed: int = DEFAULT_SEED,
) -> DegreeResult:
    """The degree of the closure of the neuromanifold of ``source``.

    ``route``: ``theorem`` takes a closed formula; ``computed`` counts functions on a slice and uses no formula; ``auto`` takes the
    formula where one applies, else counts. Raises `InputError` for unusable input, for a rational model, or for ``theorem`` where
    none applies; `ResourceError` where the model is too large to write out.

    >>> degree("mlp(2,2,1; x^4)", route="computed")
    degree(mlp(2,2,1; x^4)) = 3 [complete, seed 0]
    >>> degree("linear(5,2,5)")
    degree(linear(5,2,5)) = 175 [proved, seed 0]
    """
    found = degree_of(model, seed=seed, route=route, resume=resume)
    return DegreeResult(
        value=found.value,
        claims={WHOLE: found.verdict},
        glosses=_glosses(found),
        also={"dimension": found.dimension.verdict},
        evidence=_evidence(found),
        notices=found.notices,
    )


def _evidence(found: Degree) -> DegreeEvidence:
    evidence: DegreeEvidence = {
        "dimension": found.dimension.value,
        "dimension_claim": str(found.dimension.claim),
        "ambient": found.dimension.ambient,
        "theorems": [found.theorem.to_dict()] if found.theorem else [],
        "route": found.route,
    }
    if found.route == "theorem":
        evidence["filling"] = found.dimension.fills
    if found.claim is Claim.PROBABILITY:
        evidence["error_bound"] = found.verdict.statement.error
    if found.count is not None:
        evidence |= found.count.paths
        evidence |= {
            "attempts": found.count.attempts,
            "coordinates": found.count.coordinates,
            "drawn": list(found.count.drawn),
        }
    return evidence


def _glosses(found: Degree) -> tuple[Gloss, ...]:
    r, least = found.dimension.value, {WHOLE: FROM_BELOW, "dimension": SURE}
    texts = [Gloss(f"by a theorem ({found.theorem.name})", {WHOLE: SHOWN})] if found.theorem and found.route == "theorem" else []
    if found.value == 1:
        return (*texts, Gloss(f"it is a {'linear space' if r else 'point'}", {WHOLE: SURE}))
    conditions = f"so many of its functions satisfy {counted(r, 'general linear condition')}, over the complex numbers"
    return (*texts, Gloss(conditions, least), Gloss(f"covering numbers depend on the degree, and on the dimension {r}", least))
