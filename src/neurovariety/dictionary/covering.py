"""Covering numbers: how many balls of radius epsilon hold all functions of the model of norm at most B?

log N is what uniform statements on all functions of a model cost: a union over N functions takes the place of one over infinitely many.
It grows like dim log(B / epsilon), whatever the number of parameters; the degree is a constant beside it.

What is proved. Above: the least of several bounds, each with all of its constants. By cells: a grid cuts the functions, and each of
their sections by k coordinate planes falls into a bounded number of pieces, by the degree of the coefficients in the weights (Milnor
1964) and, for points, by the degree of the closure (Bezout). By the span: the ball of a space of that dimension. By weights, where
these are bounded: a grid of weights. Below: functions found by search that are more than 2 epsilon apart, or the volume that linear
values of the functions of a small cube of weights are shown to fill; both are certified. Proofs stand in the documentation. A
dimension or a span that is known with a probability of error leaves that to the bound.

What it is not: the number itself. The bounds leave a factor between them, and real weights alone are meant.

Sources: Marchetti et al. 2025, section 4.1; Zhang, Kileel 2023; Milnor 1964; John 1948.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, log
from typing import Annotated, ClassVar, Literal, TypedDict

from neurovariety.certificates.covering_numbers import AT_LEAST, NORMS, BallOfFunctions
from neurovariety.certificates.issue import Verdict, weak
from neurovariety.certificates.sentences import FROM_ABOVE, FROM_BELOW, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.learning.bounds_of_covers import CoverConstants, Covers, SizesOfModel
from neurovariety.learning.functions_in_balls import MOST_APART, FunctionsInBall
from neurovariety.model import Model
from neurovariety.options import Option, Real
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED

_STREAM = "dictionary.covering"
RadiusOption = Annotated[float, Option("the largest norm of the functions (default: 1)"), Real("a radius is a positive number")]
EpsilonOption = Annotated[float, Option("the radius of the balls (default: 0.001)"), Real("epsilon is a positive number")]
NormOption = Annotated[
    Literal["frobenius", "bombieri", "gaussian", "uniform", "sup"],
    Option("of functions: of their coefficients, Bombieri's, mean square over normal or uniform inputs, largest size on [-1, 1]^d"),
]
WeightsOption = Annotated[
    float | None,
    Option("only weights between minus this and this (default: all real weights)"),
    Real("the bound of weights is a positive number"),
]


class CoveringValue(TypedDict):
    at_most: float
    at_least: float | None


class CoveringEvidence(TypedDict):
    """All bounds of log N from above by name, which of them is the least, and what they are made of; from below how it was found."""

    norm: str
    bounds: dict[str, float]
    best: str
    constants: CoverConstants
    below: str | None
    dimension_claim: str
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class CoveringResult(EntryResult):
    """``value``: ``at_most`` and ``at_least``, bounds of log N (natural logarithm), rounded away from it; ``at_least`` is null where no
    function of the ball was found, or the model is too large to write out."""

    entry: ClassVar[str] = "covering"
    headline: ClassVar[tuple[str, ...]] = ("at_most",)
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "zhang2023", "milnor1964", "john1948")
    value: CoveringValue
    evidence: CoveringEvidence

    def _repeatable(self) -> object:
        """The bound from above; the one from below is found by search."""
        return self.value["at_most"]


@entry
def covering(
    model: Model,
    *,
    radius: RadiusOption = 1.0,
    epsilon: EpsilonOption = 0.001,
    norm: NormOption = "frobenius",
    weights: WeightsOption = None,
    seed: int = DEFAULT_SEED,
) -> CoveringResult:
    """Bounds of log N, where N balls of radius ``epsilon`` cover the functions of ``source`` of norm at most ``radius``.

    ``norm``: ``frobenius`` (of the coefficients), ``bombieri``, ``gaussian`` (root mean square over standard normal inputs),
    ``uniform`` (over inputs uniform in [-1, 1]^d), ``sup`` (largest size there). ``weights``: only functions of weights between minus
    that and that. Raises `InputError` for unusable input, for a rational model, and where nothing bounds the linear span.

    >>> covering("linear(2,1,2)", epsilon=0.1)
    covering(linear(2,1,2)) = at_most 12.179, at_least 4.605 [upper_bound, seed 0]
    """
    ball = BallOfFunctions(norm, Fraction(radius), Fraction(epsilon), None if weights is None else Fraction(weights))
    sizes = quietly(SizesOfModel.of, model, seed=seed)
    covers = sizes.covers(ball)
    below, how, reason = _below(sizes, ball, seed)
    least = covers.best
    if below.statement.value is not None and below.statement.value > least.statement.value:
        raise VerificationError(f"{model.name}: log N cannot lie between these bounds; please report this as a bug")
    value: CoveringValue = {"at_most": least.statement.value, "at_least": below.statement.value}
    return CoveringResult(
        value=value,
        claims={"at_most": least, "at_least": below},
        glosses=_glosses(covers, below),
        evidence={
            "norm": NORMS[norm],
            "bounds": {name: float(v.statement.value) for name, v in covers.bounds.items()},
            "best": covers.best_name,
            "constants": covers.constants,
            "below": how,
            "dimension_claim": str(sizes.known.claim),
            "theorems": [t.to_dict() for t in sizes.theorems],
        },
        notices=(*sizes.known.notices, *covers.notices, *([f"no bound from below: {reason}"] if reason else [])),
    )


def _below(sizes: SizesOfModel, ball: BallOfFunctions, seed: int) -> tuple[Verdict, str | None, str]:
    """The larger of two bounds of log N from below, and how it was found; or why there is none."""
    nothing = weak(Statement(AT_LEAST, sizes.known.verdict.statement.subject, None, ball.scope), Claim.UNDECIDED, "not found")
    try:
        inside = FunctionsInBall.of(exact_coefficients(sizes.model), ball)
    except (InputError, ResourceError) as refusal:
        return nothing, None, str(refusal)
    found = {"volume": inside.volume(sizes.known.value, generator(seed, f"{_STREAM}.volume"))}
    if found["volume"] is None or found["volume"].statement.value < log(MOST_APART):
        found["functions far apart"] = inside.far_apart(generator(seed, f"{_STREAM}.packing"))
    shown = [(v.statement.value, name, v) for name, v in found.items() if v is not None]
    if not shown:
        return nothing, None, "no function of that norm was found"
    _, name, best = max(shown)
    return best, name, ""


def _glosses(covers: Covers, below: Verdict) -> tuple[Gloss, ...]:
    c = covers.constants
    if covers.best_name == "cells":
        most = f"{c['points']} point{'s' * (c['points'] != 1)}"
        points = f", and at most {most} on a general linear section" if c["dimension"] else ""
        sizes = f"a set of dimension at most {c['dimension']} in a linear span of dimension at most {c['span']}"
        degree = f"coefficients of degree {c['weight_degree']} in {counted(c['parameters'], 'parameter')}"
        made = f"by the cells of a grid that meet {sizes}, with {degree}{points}"
    elif covers.best_name == "span":
        fewest = 1 + 2 * covers.ball.radius / covers.ball.epsilon
        made = f"{ceil(fewest):,}^{c['span']} balls cover those of a linear span of dimension at most {c['span']}"
    else:
        made = f"by a grid of steps in {counted(c['parameters'], 'parameter')}"
    least = "" if below.statement.value is None else f"{below.statement.value:,.3f}"
    return (
        Gloss(made, {"at_most": FROM_ABOVE}),
        Gloss(f"for the same balls log N is at least {least}", {"at_least": FROM_BELOW}),
    )
