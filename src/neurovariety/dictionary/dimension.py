"""Dimension of the neuromanifold (D1 of the dictionary).

The neuromanifold M of a model is the set of functions f_w; its dimension is the generic rank of the Jacobian of w -> f_w. For
learning it is the number of degrees of freedom that the data must determine: the true count of parameters.

What is proved. Below: the rank over F_p at an integer point, since a minor that is nonzero mod p is nonzero over Q. Above: the
smallest of the bounds that theorems give, of the span, of parameters minus the rank of the verified symmetry fields and, where
these leave a gap for a small model, of equations that vanish identically. Where they meet the dimension is `proved`. Elsewhere it
is right with `probability` at least 1 - error_bound (Schwartz 1980), the bound multiplied over independent primes and points;
where even that says nothing it is a `lower_bound`.

Sources: Marchetti et al. 2025, section 4.1; Kileel, Trager, Bruna 2019.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.exact.generic_rank import RankTrial, generic_rank
from neurovariety.geometry.exact.large_field import large_field_rank
from neurovariety.geometry.exact.points import (
    as_json_bound,
    division_notice,
    draw_point,
    rank_error,
    with_new_values,
)
from neurovariety.geometry.exact.span import exact_span, span_at_least
from neurovariety.geometry.exact.stated_symmetries import StatedSymmetries, stated_symmetries
from neurovariety.geometry.ideal.find_equations import equations_bound
from neurovariety.model import Model
from neurovariety.program.of_model import values_program
from neurovariety.program.program import float_constants
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.result import Provenance, counted
from neurovariety.theorem import Theorem, bound
from neurovariety.tolerances import (
    DEFAULT_SEED,
    ERROR_BOUND,
    LARGE_FIELD_MAX_COLUMNS,
    LARGE_PRIME_BITS,
    MAX_TRIALS,
)

_SMALL_SPAN = 200
"""Spans up to this size are computed even where the dimension does not need them."""

Route = Literal["auto", "computed", "theorem"]


@dataclass(frozen=True, repr=False)
class DimensionResult(EntryResult):
    """The dimension of a neuromanifold; ``value`` is an int.

    ``evidence`` holds ``expected`` (parameters minus the rank of the stated symmetry fields, capped by the ambient dimension),
    ``defect`` = expected - value, ``ambient``, ``filling`` (dimension equals ambient dimension: over C almost every function of the
    span is a limit of the model), ``upper_bound`` with its reason, and the ``trials`` (prime, rank, inputs).
    """

    entry: ClassVar[str] = "dimension"
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "kileel2019", "schwartz1980")

    def _options(self) -> dict[str, Any]:
        return {"route": self.evidence.get("asked_route", "auto")}


def dimension(
    source: Source,
    *,
    seed: int = DEFAULT_SEED,
    route: Route = "auto",
    memory_limit: int | None = None,
) -> DimensionResult:
    """The dimension of the neuromanifold of ``source`` (notation, architecture or model).

    ``route``: ``computed`` takes the exact rank and never a closed formula for the dimension; ``theorem`` takes the closed formula
    alone; ``auto`` uses both. ``memory_limit`` is in bytes. Raises `InputError` for unusable input, `ResourceError` (with the
    estimate) where the exact computation would not fit in memory.

    >>> dimension("mlp(2,3,1; x^2)")
    dimension(mlp(2,3,1; x^2)) = 3 [proved, seed 0]
    >>> result = dimension("mlp(5,5,3,1; x^2)")
    >>> result.value, result.evidence["expected"], result.evidence["defect"]
    (32, 35, 3)
    """
    start = time.perf_counter()
    model = as_model(source)
    if route not in ("auto", "computed", "theorem"):
        raise InputError(f"route {route!r} is unknown: choose auto, computed or theorem")
    if route == "theorem":
        return _by_theorem(model, seed, start)
    theorems = tuple(t for t in model.theorems if route == "auto" or t.quantity != "dimension")
    try:
        (trials, symmetries, upper, error), draws = with_new_values(
            lambda k: _trials(model, generator(seed, "dictionary.dimension", k), theorems, memory_limit)
        )
    except ResourceError as refusal:
        if route == "computed" or _formula(model) is None:
            raise
        return _by_theorem(model, seed, start, f"{refusal}; the closed formula was used instead")
    value = max(t.rank for t in trials)
    facts = _Facts(model, seed, value, upper, symmetries, theorems)
    claim = Claim.PROBABILITY if error <= ERROR_BOUND else Claim.LOWER_BOUND
    if value < facts.upper[0]:
        facts.upper = min(facts.upper, _equations_bound(model, value, seed) or facts.upper, key=lambda pair: pair[0])
    if value == facts.upper[0]:
        claim = Claim.PROVED
    formula = _formula(model)
    if route == "auto" and formula is not None and claim is Claim.PROBABILITY and formula.value != value:
        raise VerificationError(
            f"{model.name}: the rank is {value}, the theorem '{formula.name}' says {formula.value}; please report this as a bug"
        )
    if value > facts.upper[0]:
        raise VerificationError(
            f"{model.name}: rank {value} exceeds the bound {facts.upper[0]} ({facts.upper[1]}); please report this as a bug"
        )
    evidence = {
        "route": "computed",
        "asked_route": route,
        **facts.to_dict(),
        "trials": [{"prime": t.prime, "rank": t.rank, "inputs": t.inputs, "saturated": t.saturated} for t in trials],
        "seeds": [seed],
        "error_bound": None if claim is Claim.PROVED else as_json_bound(error),
        "theorems": [t.to_dict() for t in theorems if t.applies],
    }
    rounded, floats = values_program(model).rounded, float_constants(values_program(model))
    notices = division_notice(draws)
    if floats or rounded:
        notices += ("floating-point constants of the model were taken at their exact binary values",)
    if claim is Claim.LOWER_BOUND and error >= 1:
        notices += ("the Schwartz-Zippel bound of a trial says nothing at these degrees; only the lower bound is certain",)
    return DimensionResult(
        value=value,
        claim=claim,
        subject=model.name,
        meaning=_meaning(model, value, evidence),
        evidence=evidence,
        provenance=Provenance.since(start, seed),
        notices=notices,
        model=model,
    )


class _Facts:
    """Ambient dimension, expected dimension and the final upper bound around a computed rank."""

    def __init__(
        self,
        model: Model,
        seed: int,
        value: int,
        upper: tuple[int, str],
        symmetries: StatedSymmetries,
        theorems: tuple[Theorem, ...],
    ) -> None:
        self.model, self.value, self.upper, self.symmetries = model, value, upper, symmetries
        stated = symmetries.rank
        self.free = model.parameters - stated if stated is not None else None
        known = next((t for t in theorems if t.applies and t.quantity == "ambient"), None)
        self.ambient: int | None = known.value if known else None
        self.ambient_at_least = known.value if known else value
        if known is None:
            cap = bound(theorems, "ambient")
            enough = max(value, self.free if self.free is not None else value) + 1
            if cap is not None:
                enough = min(cap.value, max(enough, _SMALL_SPAN))
            found, exact = span_at_least(model, enough, seed)
            self.ambient_at_least = found
            self.ambient = found if exact or (cap is not None and found == cap.value) else None
            if found == value and value < upper[0]:
                # The model seems to fill its span; an exact expansion of a small model can prove the bound from above.
                proved = exact_span(model)
                if proved is not None and proved.dimension < upper[0]:
                    self.upper = (proved.dimension, "dimension of the linear span, by exact expansion")

    def to_dict(self) -> dict[str, Any]:
        caps = [c for c in (self.free, self.ambient) if c is not None]
        expected = min(caps) if caps else self.upper[0]
        return {
            "parameters": self.model.parameters,
            "expected": expected,
            "defect": expected - self.value,
            "ambient": self.ambient,
            "ambient_at_least": self.ambient_at_least,
            "filling": self.ambient == self.value if self.ambient is not None else False,
            "symmetries": self.symmetries.to_dict(),
            "symmetry_rank": self.symmetries.rank,
            "upper_bound": {"value": self.upper[0], "reason": self.upper[1]},
        }


def _trials(
    model: Model, rng: Any, theorems: tuple[Theorem, ...], limit: int | None
) -> tuple[list[RankTrial], StatedSymmetries, tuple[int, str], float]:
    p, point = draw_point(model, rng)
    symmetries = stated_symmetries(model, p, point)
    upper = upper_bound(model, theorems, symmetries)
    trials: list[RankTrial] = []
    error = 1.0
    while True:
        note(upper_bound={"value": upper[0], "reason": upper[1]})
        trials.append(generic_rank(model, p, point, upper[0], limit))
        note(value=max(t.rank for t in trials), claim=Claim.LOWER_BOUND)
        if trials[-1].rank >= upper[0]:
            return trials, symmetries, upper, 0.0
        once = rank_error(model, upper[0], derivative=True, combined=trials[-1].combined is not None)
        # Two events a trial: the rank, and whether one more input adds to it.
        error *= min(1.0, 2 * once)
        if error <= ERROR_BOUND:
            return trials, symmetries, upper, error
        if once >= 0.25 or len(trials) >= MAX_TRIALS:
            return _in_large_field(model, rng, trials, symmetries, upper, error)
        p, point = draw_point(model, rng)


def _in_large_field(
    model: Model, rng: Any, trials: list[RankTrial], symmetries: StatedSymmetries, upper: tuple[int, str], error: float
) -> tuple[list[RankTrial], StatedSymmetries, tuple[int, str], float]:
    """One more trial over a 62-bit prime where small primes give no useful bound and the problem is small enough."""
    if max(upper[0], model.parameters) > LARGE_FIELD_MAX_COLUMNS:
        return trials, symmetries, upper, error
    trials.append(large_field_rank(model, rng, trials[-1]))
    if not trials[-1].saturated:
        return trials, symmetries, upper, error
    once = rank_error(model, upper[0], derivative=True, bits=LARGE_PRIME_BITS, combined=trials[-1].combined is not None)
    return trials, symmetries, upper, min(error, 2 * once)


def upper_bound(model: Model, theorems: tuple[Theorem, ...], symmetries: StatedSymmetries) -> tuple[int, str]:
    """The sharpest proved upper bound of the dimension, and why it holds."""
    found = [(model.parameters, "number of parameters")]
    if symmetries.rank is not None:
        found.append((model.parameters - symmetries.rank, "parameters minus rank of the verified symmetry fields"))
    for quantity in ("dimension", "ambient"):
        theorem = bound(theorems, quantity)
        if theorem is not None:
            found.append((theorem.value, theorem.name))
    return min(found, key=lambda pair: pair[0])


def _equations_bound(model: Model, value: int, seed: int) -> tuple[int, str] | None:
    """An upper bound from equations of low degree that vanish identically, where the model is small enough to look for them."""
    system = equations_bound(model, value, seed)
    if system is None:
        return None
    return system.bound, f"{counted(len(system.generators), 'equation')} of degree at most {system.searched}, verified identically"


def _formula(model: Model) -> Theorem | None:
    return next((t for t in model.theorems if t.applies and t.quantity == "dimension"), None)


def _by_theorem(model: Model, seed: int, start: float, notice: str = "") -> DimensionResult:
    theorem = _formula(model)
    if theorem is None:
        raise InputError(f"no closed formula for the dimension of {model.name} is known here; use --route computed")
    ambient = next((t for t in model.theorems if t.applies and t.quantity == "ambient"), None)
    evidence = {
        "route": "theorem",
        "asked_route": "theorem",
        "parameters": model.parameters,
        "ambient": ambient.value if ambient else None,
        "filling": ambient is not None and ambient.value == theorem.value,
        "theorems": [theorem.to_dict()],
    }
    return DimensionResult(
        value=theorem.value,
        claim=Claim.PROVED,
        subject=model.name,
        meaning=_meaning(model, theorem.value, evidence),
        evidence=evidence,
        provenance=Provenance.since(start, seed),
        notices=(notice,) if notice else (),
        model=model,
    )


def _meaning(model: Model, value: int, evidence: dict[str, Any]) -> str:
    spare = model.parameters - value
    text = f"{value} {'degree' if value == 1 else 'degrees'} of freedom from {counted(model.parameters, 'parameter')}"
    one = "parameter direction changes" if spare == 1 else "parameter directions change"
    text += f": {spare} {one} no function" if spare else ": every parameter counts"
    if evidence.get("defect"):
        text += f"; {evidence['defect']} fewer than parameters minus stated symmetries"
    if evidence.get("filling"):
        text += "; almost every function of its span is a limit of the model over C"
    return text + f"; no fewer than {counted(-(-value // model.outputs), 'sample')} can determine a function locally"
