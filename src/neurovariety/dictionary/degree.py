"""Degree of the neurovariety (D2 of the dictionary): how many functions does it share with a general affine space?

The closure X of the neuromanifold over C, of dimension r, meets a general affine space of codimension r in its span in finitely many
points; their number is the degree. With the dimension it measures how large the model is: covering numbers, and through them the
amount of data that generalization needs, are bounded by both (the dimension is the exponent, the degree a factor). X is a cone
where the activations are monomials and there is no bias; then the degree is that of the projective variety.

What is proved. Where a theorem gives the degree and its hypotheses are checked, it is `proved`; so is degree 1 where the model is
known to fill its linear span. Otherwise the functions on one general slice are found by monodromy (`homotopy`), each is certified
by Krawczyk's operator in ball arithmetic, boxes of different functions are disjoint, and the linear trace test decides whether any
is missing: then the claim is `complete`. It rests on the dimension being right and on slices drawn at random being general. Without
the trace test's consent the certified number is a `lower_bound`.

What it is not. The number of weights over the slice is larger, by the points of the generic fiber. A rational model with
denominators in its inputs has no coefficients here and is refused.

Sources: Sommese, Verschelde, Wampler 2002 (trace test); Duff et al. 2019 (monodromy); Krawczyk 1969 and Breiding, Rose, Timme 2023
(certificates); Marchetti et al. 2025, section 4.1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.dimension import DimensionResult, dimension
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import InputError
from neurovariety.model import Model
from neurovariety.options import Option, Route
from neurovariety.progress import found_more, note, quietly
from neurovariety.result import Provenance
from neurovariety.theorem import Theorem
from neurovariety.tolerances import DEFAULT_SEED

QUANTITY = "degree"
_STREAM = "dictionary.degree"


@dataclass(frozen=True, repr=False)
class DegreeResult(EntryResult):
    """``value`` is the degree. ``evidence``: ``route``, ``dimension``, ``ambient``, ``theorems``, and for a computed one
    ``trace_test``, ``certified``, ``paths``, ``paths_lost``, ``slices``."""

    entry: ClassVar[str] = "degree"

    def _options(self) -> dict[str, Any]:
        return {"route": self.evidence.get("asked_route", "auto")}


def degree(
    source: Source,
    *,
    route: Annotated[
        Route,
        Option("computed: monodromy and trace test only; theorem: closed formula only; auto: the formula where there is one"),
    ] = "auto",
    checkpoint: Annotated[str | Path | None, Option("file in which a long count is kept; the same command goes on from it")] = None,
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
    start = time.perf_counter()
    model = as_model(source)
    if route not in ("auto", "computed", "theorem"):
        raise InputError(f"route {route!r} is unknown: choose auto, computed or theorem")
    theorem = next((t for t in model.theorems if t.applies and t.quantity == QUANTITY), None)
    found = quietly(dimension, model, seed=seed)
    fills = found.claim is Claim.PROVED and found.value == found.evidence.get("ambient")
    evidence: dict[str, Any] = {
        "asked_route": route,
        "dimension": found.value,
        "dimension_claim": str(found.claim),
        "ambient": found.evidence.get("ambient"),
        "theorems": [theorem.to_dict()] if theorem else [],
    }
    notices = found.notices
    if route != "computed" and (theorem or fills):
        value, claim = (theorem.value if theorem else 1), Claim.PROVED
        evidence |= {"route": "theorem", "filling": fills}
    elif route == "theorem":
        raise InputError(f"no closed formula for the degree of {model.name} is known here; use --route computed")
    elif found.value == 0:
        value, claim = 1, found.claim
        evidence |= {"route": "computed"}
    else:
        value, claim, counted, said = _count(model, found, checkpoint, seed)
        evidence |= {"route": "computed"} | counted
        notices += said
    return DegreeResult(
        value=value,
        claim=claim,
        subject=model.name,
        meaning=_meaning(value, claim, found.value, fills, theorem if evidence["route"] == "theorem" else None),
        evidence=evidence,
        provenance=Provenance.since(start, seed),
        notices=notices,
        model=model,
    )


def _count(
    model: Model, found: DimensionResult, checkpoint: str | Path | None, seed: int
) -> tuple[int, Claim, dict[str, Any], tuple[str, ...]]:
    """The number of functions on a general slice, how far to trust it, how it was found, and what to say of it."""
    note(phase="preparing the path tracker (compiled once, half a minute)")
    from neurovariety.geometry.solutions.affine_slices import slices
    from neurovariety.geometry.solutions.attempts import attempts, why_incomplete
    from neurovariety.geometry.solutions.complete_fiber import CompleteFiber, complete_fiber

    best: CompleteFiber | None = None
    for attempt, rng, kept in attempts(_STREAM, seed, checkpoint, f"degree of {model.name}, dimension {found.value}"):
        cut = slices(model, found.value, seed + attempt, rng)
        solved = complete_fiber(cut, rng, kept, found_more)
        best = solved if best is None or solved.complete or solved.count > best.count else best
        if solved.complete:
            break
    assert best is not None
    solved = best
    complete = solved.complete and found.claim in (Claim.PROVED, Claim.PROBABILITY)
    evidence = solved.to_dict() | {"attempts": attempt + 1, "coordinates": cut.count, "drawn": [str(v) for v in cut.drawn]}
    notices: tuple[str, ...] = ()
    if solved.complete and not complete:
        notices = ("the dimension is only a lower bound; if it is larger, this number means nothing",)
    elif not solved.trace.passed:
        notices = (why_incomplete(),)
    elif not complete:
        notices = ("not every solution could be certified; the number counts those that were",)
    if cut.drawn:
        notices += ("generic coefficients of activations were drawn at random; the degree is that of this instance",)
    return solved.count, Claim.COMPLETE if complete else Claim.LOWER_BOUND, evidence, notices


def _meaning(value: int, claim: Claim, r: int, fills: bool, theorem: Theorem | None) -> str:
    if fills and value == 1:
        return "the model fills a linear space of functions: its degree is 1, and nothing curved is lost"
    least = "at least " if claim is Claim.LOWER_BOUND else ""
    functions = f"{least}{value:,} function{'s' * (value != 1)} of the model satisfy {r} general linear conditions"
    source = f" ({theorem.name})" if theorem else ""
    return f"{functions}, over the complex numbers{source}: with dimension {r} this is the size that covering numbers depend on"
