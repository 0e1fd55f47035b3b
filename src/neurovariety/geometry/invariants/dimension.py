"""The dimension of a neuromanifold: the rank of its Jacobian from below, theorems, symmetries and equations from above."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, first_shown, issue
from neurovariety.certificates.ranks import RandomRanks
from neurovariety.certificates.upper_bounds import (
    AtLeastDimension,
    AtMostParameters,
    AtMostSpan,
    EquationsVanish,
    Expanded,
    FieldsVanish,
    FillsSpan,
)
from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.generic_rank import RankTrial, generic_rank
from neurovariety.geometry.exact.large_field import large_field_rank
from neurovariety.geometry.exact.points import as_json_bound, division_notice, draw_point, rank_error, with_new_values
from neurovariety.geometry.exact.span import SpanDimension, find_span, shown_affine_span, span_bound
from neurovariety.geometry.exact.stated_symmetries import StatedSymmetries, stated_symmetries
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.ideal.find_equations import equations_bound
from neurovariety.model import Model
from neurovariety.options import Route
from neurovariety.program.of_model import values_program
from neurovariety.program.program import float_constants
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.theorem import Theorem, bound
from neurovariety.tolerances import ERROR_BOUND, LARGE_FIELD_MAX_COLUMNS, LARGE_PRIME_BITS, MAX_TRIALS, USELESS_ERROR

_STREAM = "geometry.invariants.dimension"
_SMALL_SPAN = 200
"""Spans up to this size are computed even where the dimension does not need them."""


@dataclass(frozen=True)
class UpperBound:
    """The dimension is proved to be at most ``value``, for the ``reason``, by a ``certificate``."""

    value: int
    reason: str
    certificate: Certificate = field(compare=False, repr=False)

    def to_dict(self) -> dict[str, int | str]:
        return {"value": self.value, "reason": self.reason}


@dataclass(frozen=True)
class Dimension:
    """What is known of the dimension of a neuromanifold; where something is not known it is None.

    The ``verdict`` is that of the ``value``, which is proved from below always, and ``upper`` from above; its ``claim`` says how
    far the value is the dimension. ``error`` bounds the probability that it is not (0 where it is proved, 1 where nothing is
    known). ``expected`` is the number of parameters minus the rank of the stated symmetry fields, at most ``ambient``. ``span`` is
    the linear span, searched only as far as the dimension needs it: ``ambient`` its dimension, and ``ambient_at_least`` what is
    known of it in any case. ``symmetries`` (None) and ``trials`` (empty) are missing where a closed formula gave the dimension, as
    ``route`` says. ``theorems`` are those that were used.
    """

    verdict: Verdict
    upper: UpperBound
    error: float
    parameters: int
    expected: int | None
    span: SpanDimension
    symmetries: StatedSymmetries | None
    trials: tuple[RankTrial, ...]
    theorems: tuple[Theorem, ...]
    notices: tuple[str, ...]
    route: Literal["computed", "theorem"]

    @property
    def value(self) -> int:
        return int(self.verdict.statement.value)

    @property
    def claim(self) -> Claim:
        return self.verdict.claim

    @property
    def at_most(self) -> int:
        """A proved bound of the dimension, and so of the rank of the Jacobian at any weights."""
        return self.upper.value

    @property
    def sure(self) -> bool:
        """Whether the value is the dimension, for certain or with a probability of error that is as good as none."""
        return self.claim in (Claim.PROVED, Claim.PROBABILITY)

    @property
    def ambient(self) -> int | None:
        return self.span.dimension

    @property
    def ambient_at_least(self) -> int:
        return self.span.value

    @property
    def fills(self) -> bool:
        """Whether functions are dense in their linear span, over C, as far as `filling` says."""
        return self.filling is not None

    @property
    def filling(self) -> Claim | None:
        """How far it is known that the span is no larger than the dimension, which is proved from below; None where it is not."""
        return self.span.claim if self.ambient == self.value else None

    @property
    def symmetry_rank(self) -> int | None:
        """The rank of the verified symmetry fields at a random point; None where it is not known."""
        return None if self.symmetries is None else self.symmetries.rank

    @property
    def error_bound(self) -> float | None:
        """The error as results tell it: None where nothing can go wrong, and where nothing is known."""
        return None if self.claim is Claim.PROVED else as_json_bound(self.error)


def dimension_of(model: Model, *, seed: int, route: Route = "auto", memory_limit: int | None = None) -> Dimension:
    """The dimension of the neuromanifold of ``model``; ``memory_limit`` is in bytes.

    ``route``: ``computed`` takes the exact rank and never a closed formula for the dimension; ``theorem`` takes the closed formula
    alone; ``auto`` uses both. Raises `InputError` for unusable input, `ResourceError` (with the estimate) where the exact computation
    would not fit in memory, `VerificationError` where two ways to the number contradict each other.
    """
    if not model.outputs:
        raise InputError(f"{model.name} has no outputs; a model returns at least one number")
    if route == "theorem":
        return _by_theorem(model)
    theorems = tuple(t for t in model.theorems if route == "auto" or t.quantity != "dimension")
    try:
        sampled, draws = with_new_values(lambda k: _sampled(model, generator(seed, _STREAM, k), theorems, memory_limit))
    except ResourceError as refusal:
        if route == "computed" or _formula(model) is None:
            raise
        return _by_theorem(model, f"{refusal}; the closed formula was used instead")
    found = _bounded(model, sampled, theorems, seed)
    _check(model, found, _formula(model) if route == "auto" else None)
    notices = division_notice(draws)
    if values_program(model).rounded or float_constants(values_program(model)):
        notices += ("floating-point constants of the model were taken at their exact binary values",)
    if found.claim is Claim.LOWER_BOUND and found.error >= 1:
        notices += ("the Schwartz-Zippel bound of a trial says nothing at these degrees; only the lower bound is certain",)
    return replace(found, notices=notices)


def flat(model: Model, found: Dimension, seed: int) -> Verdict | None:
    """That the closure of the functions is an affine space, of the dimension found; None where it is not known to be.

    The dimension is proved from below, so what it takes is that the affine span is no larger.
    """
    r, exact = found.value, exact_functions(model)
    if found.fills:
        return issue(FillsSpan(found.verdict, found.span.verdict), exact)
    if found.ambient_at_least > r + 1:
        return None
    first = shown_affine_span(model, r + 1, seed)
    if first.value > r:
        return None
    if exact.expanded_span(True) is not None:
        return _filled(found, Expanded(exact.hash, r, affine=True), exact)
    once = 2 * rank_error(model, r + 1, derivative=False)
    needed = math.ceil(math.log(ERROR_BOUND) / math.log(once)) if once <= 0.5 else MAX_TRIALS + 1
    if needed > MAX_TRIALS:
        return None
    trials = [first, *(shown_affine_span(model, r + 1, seed + k) for k in range(1, needed))]
    return _filled(found, RandomRanks(tuple((t, None) for t in trials), r + 1), exact)


def _filled(found: Dimension, span: Certificate, exact: ExactFunctions) -> Verdict | None:
    try:
        return issue(FillsSpan(found.verdict, issue(span, exact)), exact)
    except NotShown:
        return None


@dataclass(frozen=True)
class _Sampled:
    """Ranks at random points over random primes, the bound from above that they were held against, and their probability of error."""

    trials: tuple[RankTrial, ...]
    symmetries: StatedSymmetries
    upper: UpperBound
    error: float


def _bounded(model: Model, sampled: _Sampled, theorems: tuple[Theorem, ...], seed: int) -> Dimension:
    """The largest rank, with the bounds from above that it takes more work to find."""
    value, stated = max(t.rank for t in sampled.trials), sampled.symmetries.rank
    free = None if stated is None else model.parameters - stated
    span = _span(model, value, free, theorems, seed)
    upper = sampled.upper
    if span.claim is Claim.PROVED and span.value < upper.value:
        upper = UpperBound(span.value, f"dimension of the linear span: {span.reason}", AtMostSpan(span.verdict))
    if value < upper.value:
        upper = min(upper, _equations_bound(model, value, seed) or upper, key=lambda u: u.value)
    caps = [c for c in (free, span.dimension) if c is not None]
    verdict = _verdict(model, sampled, upper)
    return Dimension(
        verdict=verdict,
        upper=upper,
        error=0.0 if verdict.claim is Claim.PROVED else sampled.error,
        parameters=model.parameters,
        expected=min(caps) if caps else upper.value,
        span=span,
        symmetries=sampled.symmetries,
        trials=sampled.trials,
        theorems=tuple(t for t in theorems if t.applies),
        notices=(),
        route="computed",
    )


def _verdict(model: Model, sampled: _Sampled, upper: UpperBound) -> Verdict:
    """What the largest rank is: the dimension, proved or with probability, or a lower bound of it."""
    exact = exact_functions(model)
    shown = [t.shown for t in sampled.trials if t.shown is not None]
    lower = issue(max(shown, key=lambda s: s.value), exact)
    if lower.statement.value == upper.value:
        return issue(Meets(lower, issue(upper.certificate, exact_coefficients(model))), exact)
    assert lower.certificate is not None
    trials = tuple((t.shown, t.fewer) for t in sampled.trials if t.shown is not None)
    bound = issue(sampled.upper.certificate, exact)
    return first_shown(exact, RandomRanks(trials, sampled.upper.value, bound), lower.certificate)


def _check(model: Model, found: Dimension, formula: Theorem | None) -> None:
    """Raise `VerificationError` where a rank contradicts the formula, or a bound from above."""
    if formula is not None and found.claim is Claim.PROBABILITY and formula.value != found.value:
        raise VerificationError(
            f"{model.name}: the rank is {found.value}, the theorem '{formula.name}' says {formula.value}; please report this as a bug"
        )
    upper = found.upper
    if found.value > upper.value:
        raise VerificationError(
            f"{model.name}: rank {found.value} exceeds the bound {upper.value} ({upper.reason}); please report this as a bug"
        )


def _span(model: Model, value: int, free: int | None, theorems: tuple[Theorem, ...], seed: int) -> SpanDimension:
    """The span as far as a dimension of at least ``value``, and ``free`` parameters, ask for it."""
    known = next((t for t in theorems if t.applies and t.quantity == "ambient"), None)
    if known is not None:
        return _stated_span(model, known)
    enough = max(value, free if free is not None else value) + 1
    stated, cap = bound(theorems, "ambient"), span_bound(model, theorems)
    if stated is not None:
        enough = max(enough, _SMALL_SPAN)
    if cap is not None:
        enough = min(cap.value, enough)

    def search(k: int) -> SpanDimension:
        return find_span(model, generator(seed, f"{_STREAM}.span", k), enough, cap, wanted=value)

    return with_new_values(search)[0]


def _stated_span(model: Model, theorem: Theorem) -> SpanDimension:
    exact = exact_functions(model)
    return SpanDimension(issue(exact.by_theorem(theorem), exact), theorem.name)


def _sampled(model: Model, rng: np.random.Generator, theorems: tuple[Theorem, ...], limit: int | None) -> _Sampled:
    """Ranks at random points, until they meet the bound from above or the probability of error is small."""
    p, point = draw_point(model, rng)
    symmetries = stated_symmetries(model, p, point)
    upper = _upper_bound(model, theorems, symmetries)
    trials: list[RankTrial] = []
    error = 1.0
    while True:
        note(upper_bound=upper.to_dict())
        trials.append(generic_rank(model, p, point, upper.value, limit))
        note(value=max(t.rank for t in trials))
        if trials[-1].rank >= upper.value:
            return _Sampled(tuple(trials), symmetries, upper, 0.0)
        once = rank_error(model, upper.value, derivative=True, combined=trials[-1].combined is not None)
        # Two events a trial: the rank, and whether one more input adds to it.
        error *= min(1.0, 2 * once)
        if error <= ERROR_BOUND:
            return _Sampled(tuple(trials), symmetries, upper, error)
        if once >= USELESS_ERROR or len(trials) >= MAX_TRIALS:
            return _in_large_field(model, rng, _Sampled(tuple(trials), symmetries, upper, error))
        p, point = draw_point(model, rng)


def _in_large_field(model: Model, rng: np.random.Generator, found: _Sampled) -> _Sampled:
    """One more trial over a 62-bit prime where small primes give no useful bound and the problem is small enough."""
    if max(found.upper.value, model.parameters) > LARGE_FIELD_MAX_COLUMNS:
        return found
    more = large_field_rank(model, rng, found.trials[-1])
    found = replace(found, trials=(*found.trials, more))
    if not more.saturated:
        return found
    once = rank_error(model, found.upper.value, derivative=True, bits=LARGE_PRIME_BITS, combined=more.combined is not None)
    return replace(found, error=min(found.error, 2 * once))


def _upper_bound(model: Model, theorems: tuple[Theorem, ...], symmetries: StatedSymmetries) -> UpperBound:
    """The sharpest proved upper bound of the dimension, and why it holds."""
    exact, n = exact_functions(model), model.parameters
    found = [UpperBound(n, "number of parameters", AtMostParameters(exact.hash, n))]
    if symmetries.rank is not None:
        shown = FieldsVanish(exact.hash, symmetries.prime, symmetries.weights, n, symmetries.rank)
        found.append(UpperBound(n - symmetries.rank, "parameters minus rank of the verified symmetry fields", shown))
    known = bound(theorems, "dimension")
    if known is not None:
        found.append(UpperBound(known.value, known.name, exact.by_theorem(known)))
    span = bound(theorems, "ambient")
    if span is not None:
        found.append(UpperBound(span.value, span.name, AtMostSpan(issue(exact.by_theorem(span), exact))))
    return min(found, key=lambda u: u.value)


def _equations_bound(model: Model, value: int, seed: int) -> UpperBound | None:
    """An upper bound from equations of low degree that vanish identically, where the model is small enough to look for them."""
    found = equations_bound(model, value, seed)
    if found is None:
        return None
    reason = f"{counted(len(found.generators), 'equation')} of degree at most {found.searched}, verified identically"
    exact = exact_functions(model)
    chosen = tuple(found.generators)
    p, weights = found.place
    shown = EquationsVanish(exact.hash, chosen, found.coordinates.count, p, weights, len(chosen))
    return UpperBound(found.bound, reason, shown)


def _formula(model: Model) -> Theorem | None:
    return next((t for t in model.theorems if t.applies and t.quantity == "dimension"), None)


def dimension_beside(model: Model, formula: Theorem | None, *, seed: int) -> Dimension:
    """The dimension that is told beside what a ``formula`` says: by a formula too where there is one, for the answer does not need it;
    computed where there is none, or no ``formula`` (None)."""
    if formula is not None and _formula(model) is not None:
        return _by_theorem(model)
    return dimension_of(model, seed=seed)


def _by_theorem(model: Model, notice: str = "") -> Dimension:
    theorem = _formula(model)
    if theorem is None:
        raise InputError(f"no closed formula for the dimension of {model.name} is known here; use --route computed")
    exact = exact_functions(model)
    shown = exact.by_theorem(theorem)
    stated = next((t for t in model.theorems if t.applies and t.quantity == "ambient"), None)
    verdict = issue(shown, exact)
    return Dimension(
        verdict=verdict,
        upper=UpperBound(theorem.value, theorem.name, shown),
        error=0.0,
        parameters=model.parameters,
        expected=None,
        span=_stated_span(model, stated) if stated else SpanDimension(issue(AtLeastDimension(verdict), exact)),
        symmetries=None,
        trials=(),
        theorems=(theorem,),
        notices=(notice,) if notice else (),
        route="theorem",
    )
