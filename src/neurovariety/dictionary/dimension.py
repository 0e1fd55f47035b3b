"""Dimension of the neuromanifold.

The neuromanifold M of a model is the set of functions f_w; its dimension is the generic rank of the Jacobian of w -> f_w. For
learning it is the number of degrees of freedom that the data must determine: the true count of parameters.

What is proved. Below: the rank over F_p at an integer point, since a minor that is nonzero mod p is nonzero over Q. Above: the
smallest of the bounds that theorems give, of the span, of parameters minus the rank of the verified symmetry fields and, where
these leave a gap for a small model, of equations that vanish identically. Where they meet the dimension is `proved`. Elsewhere it
is right with `probability` at least 1 - error_bound (Schwartz 1980), the bound multiplied over independent primes and points;
where even that says nothing it is a `lower_bound`.

Of a network with analytic activations (mlp with tanh, sigmoid, gelu, silu, softplus, exp, sin, cos, erf) or softmax (attention) the
functions form no algebraic set; their dimension is the generic rank all the same. Below: a minor that is not 0 in ball arithmetic at
exact weights and inputs. Above: parameters minus the shifts of biases that exp turns into factors of the weights after them, or minus
the rank of the base changes of attention. The scope says in which sense there is a dimension.

Sources: Marchetti et al. 2025, section 4.1; Kileel, Trager, Bruna 2019; Speissegger 1999 (definable sets).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, NotRequired, TypedDict

from neurovariety.beyond.analytic.rank_in_balls import Smooth, analytic_dimension, definability, reason_of
from neurovariety.certificates.issue import issue
from neurovariety.certificates.sentences import FROM_BELOW, SURE, Gloss
from neurovariety.certificates.upper_bounds import FillsSpan
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry_of_both
from neurovariety.errors import InputError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.model import Model
from neurovariety.options import Option, Route
from neurovariety.result import WHOLE, counted
from neurovariety.tolerances import DEFAULT_SEED


class DimensionEvidence(TypedDict):
    """What a dimension rests on; what a closed formula does not need is not there."""

    route: str
    asked_route: NotRequired[Route]
    parameters: int
    ambient: int | None
    ambient_claim: str
    filling: bool
    theorems: list[Facts]
    expected: NotRequired[int]
    defect: NotRequired[int]
    ambient_at_least: NotRequired[int]
    symmetries: NotRequired[Facts]
    symmetry_rank: NotRequired[int | None]
    upper_bound: NotRequired[Facts]
    trials: NotRequired[list[Facts]]
    seeds: NotRequired[list[int]]
    error_bound: NotRequired[float | None]


@dataclass(frozen=True, repr=False)
class DimensionResult(EntryResult):
    """The dimension of a neuromanifold; ``value`` is an int.

    ``evidence`` holds ``expected`` (parameters minus the rank of the stated symmetry fields, capped by the ambient dimension),
    ``defect`` = expected - value, ``ambient``, ``filling`` (dimension equals ambient dimension: over C almost every function of the
    span is a limit of the model), both as far as ``ambient_claim`` says, ``upper_bound`` with its reason, and the ``trials`` (prime,
    rank, inputs).
    """

    entry: ClassVar[str] = "dimension"
    evidence: DimensionEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "kileel2019", "schwartz1980")


def _of_analytic(network: Smooth, *, seed: int, route: Route, memory_limit: int | None) -> DimensionResult:
    """The dimension of what a network with analytic activations, or softmax, can express."""
    if route == "theorem":
        raise InputError(f"no closed formula gives the dimension of {network.notation}; ask route='computed' or 'auto'")
    found = analytic_dimension(network, seed)
    most = int(found.upper.statement.value)
    return DimensionResult(
        value=found.value,
        claims={WHOLE: found.verdict},
        glosses=_of_weights(found.value, network.parameters, network.outputs),
        evidence={
            "route": "computed",
            "parameters": network.parameters,
            "ambient": None,
            "ambient_claim": str(Claim.UNDECIDED),
            "filling": False,
            "theorems": definability(network),
            "expected": most,
            "defect": most - found.value,
            "upper_bound": {"value": most, "reason": reason_of(network)},
            "trials": [{"rank": found.value, "inputs": found.inputs, "bits": found.bits}],
            "seeds": [seed],
        },
    )


@entry_of_both(_of_analytic)
def dimension(
    model: Model,
    *,
    seed: int = DEFAULT_SEED,
    route: Annotated[
        Route, Option("computed: exact rank only; theorem: closed formula only; auto: both", recorded="asked_route")
    ] = "auto",
    memory_limit: int | None = None,
) -> DimensionResult:
    """The dimension of the neuromanifold of ``source`` (notation, architecture or model; mlp with an analytic activation
    and attention with softmax too).

    ``route``: ``computed`` takes the exact rank and never a closed formula for the dimension; ``theorem`` takes the closed formula
    alone; ``auto`` uses both. ``memory_limit`` is in bytes. Raises `InputError` for unusable input, `ResourceError` (with the
    estimate) where the exact computation would not fit in memory.

    >>> dimension("mlp(2,3,1; x^2)")
    dimension(mlp(2,3,1; x^2)) = 3 [proved, seed 0]
    >>> dimension("mlp(2,3,1; tanh; bias)")
    dimension(mlp(2,3,1; tanh; bias)) = 13 [proved, seed 0]
    >>> result = dimension("mlp(5,5,3,1; x^2)")
    >>> result.value, result.evidence["expected"], result.evidence["defect"]
    (32, 35, 3)
    """
    found = dimension_of(model, seed=seed, route=route, memory_limit=memory_limit)
    return DimensionResult(
        value=found.value,
        claims={WHOLE: found.verdict},
        glosses=_glosses(found, model.outputs),
        also={} if found.filling is None else {"fills": issue(FillsSpan(found.verdict, found.span.verdict), exact_functions(model))},
        evidence=_evidence(found, seed),
        notices=found.notices,
    )


def _evidence(found: Dimension, seed: int) -> DimensionEvidence:
    evidence: DimensionEvidence = {
        "route": found.route,
        "parameters": found.parameters,
        "ambient": found.ambient,
        "ambient_claim": str(found.span.claim),
        "filling": found.fills,
        "theorems": [t.to_dict() for t in found.theorems],
    }
    if found.symmetries is None or found.expected is None:
        return evidence
    return evidence | {
        "expected": found.expected,
        "defect": found.expected - found.value,
        "ambient_at_least": found.ambient_at_least,
        "symmetries": found.symmetries.to_dict(),
        "symmetry_rank": found.symmetry_rank,
        "upper_bound": found.upper.to_dict(),
        "trials": [t.to_dict() for t in found.trials],
        "seeds": [seed],
        "error_bound": found.error_bound,
    }


def _glosses(found: Dimension, outputs: int) -> tuple[Gloss, ...]:
    spare, *samples = _of_weights(found.value, found.parameters, outputs)
    texts = [spare]
    if found.expected is not None and found.expected != found.value:
        texts.append(
            Gloss(f"the dimension lies {found.expected - found.value} below parameters minus stated symmetries", {WHOLE: SURE})
        )
    texts.append(Gloss("almost every function of the linear span is one of the model, over C", {"fills": SURE}))
    return (*texts, *samples)


def _of_weights(value: int, parameters: int, outputs: int) -> tuple[Gloss, ...]:
    """How many directions of weights count, and how many samples leave a function open."""
    spare, least = parameters - value, -(-value // outputs)
    said = f"along {counted(spare, 'direction')} of general weights the function stays as it is" if spare else "every parameter counts"
    few = f"fewer than {least} samples leave a general function open even locally"
    return (Gloss(said, {WHOLE: SURE}), *((Gloss(few, {WHOLE: FROM_BELOW}),) if least > 1 else ()))
