"""The dimension of a neuromanifold: the rank of its Jacobian from below, theorems, symmetries and equations from above."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.exact.generic_rank import RankTrial, generic_rank
from neurovariety.geometry.exact.large_field import large_field_rank
from neurovariety.geometry.exact.points import as_json_bound, division_notice, draw_point, rank_error, with_new_values
from neurovariety.geometry.exact.span import AffineVariety, SpanDimension, affine_span_at_least, exact_span, find_span, span_bound
from neurovariety.geometry.exact.stated_symmetries import StatedSymmetries, stated_symmetries
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
    """The dimension is proved to be at most ``value``, for the ``reason``."""

    value: int
    reason: str

    def to_dict(self) -> dict[str, int | str]:
        return {"value": self.value, "reason": self.reason}


@dataclass(frozen=True)
class Dimension:
    """What is known of the dimension of a neuromanifold; where something is not known it is None.

    ``value`` is proved from below always, and ``upper`` from above; ``claim`` says how far ``value`` is the dimension. ``error``
    bounds the probability that it is not (0 where it is proved, 1 where nothing is known). ``expected`` is the number of
    parameters minus the rank of the stated symmetry fields, at most ``ambient``. ``span`` is the linear span, searched only as far
    as the dimension needs it: ``ambient`` its dimension, and ``ambient_at_least`` what is known of it in any case. ``symmetries``
    (None) and ``trials`` (empty) are missing where a closed formula gave the dimension, as ``route`` says. ``theorems`` are those
    that were used.
    """

    value: int
    claim: Claim
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


def flat(model: Model, found: Dimension, seed: int) -> Claim | None:
    """How far the closure of the functions is known to be an affine space, of the dimension found; None where it is not known to be.

    The dimension is proved from below, so what it takes is that the affine span is no larger.
    """
    r = found.value
    if found.fills or found.ambient_at_least > r + 1:
        return found.filling
    if affine_span_at_least(AffineVariety(model), r + 1, seed) > r:
        return None
    exact = exact_span(model)
    if exact is not None:
        return Claim.PROVED if exact.affine == r else None
    once = 2 * rank_error(model, r + 1, derivative=False)
    return Claim.PROBABILITY if once <= 0.5 and _confirmed(model, r, seed, once) else None


def _confirmed(model: Model, r: int, seed: int, once: float) -> bool:
    """Whether the affine span has dimension r at further primes too, as many as the error of one asks for."""
    trials = math.ceil(math.log(ERROR_BOUND) / math.log(once))
    return trials <= MAX_TRIALS and all(affine_span_at_least(AffineVariety(model), r + 1, seed + k) == r for k in range(1, trials))


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
        upper = UpperBound(span.value, f"dimension of the linear span: {span.reason}")
    if value < upper.value:
        upper = min(upper, _equations_bound(model, value, seed) or upper, key=lambda u: u.value)
    caps = [c for c in (free, span.dimension) if c is not None]
    claim = Claim.PROVED if value == upper.value else Claim.PROBABILITY if sampled.error <= ERROR_BOUND else Claim.LOWER_BOUND
    return Dimension(
        value=value,
        claim=claim,
        upper=upper,
        error=0.0 if claim is Claim.PROVED else sampled.error,
        parameters=model.parameters,
        expected=min(caps) if caps else upper.value,
        span=span,
        symmetries=sampled.symmetries,
        trials=sampled.trials,
        theorems=tuple(t for t in theorems if t.applies),
        notices=(),
        route="computed",
    )


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
        return _stated_span(known)
    enough = max(value, free if free is not None else value) + 1
    stated, cap = bound(theorems, "ambient"), span_bound(model, theorems)
    if stated is not None:
        enough = max(enough, _SMALL_SPAN)
    if cap is not None:
        enough = min(cap.value, enough)

    def search(k: int) -> SpanDimension:
        return find_span(model, generator(seed, f"{_STREAM}.span", k), enough, cap, wanted=value)

    return with_new_values(search)[0]


def _stated_span(theorem: Theorem) -> SpanDimension:
    return SpanDimension(theorem.value, Claim.PROVED, 0.0, theorem.name)


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
        note(value=max(t.rank for t in trials), claim=Claim.LOWER_BOUND)
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
    found = [UpperBound(model.parameters, "number of parameters")]
    if symmetries.rank is not None:
        found.append(UpperBound(model.parameters - symmetries.rank, "parameters minus rank of the verified symmetry fields"))
    for quantity in ("dimension", "ambient"):
        theorem = bound(theorems, quantity)
        if theorem is not None:
            found.append(UpperBound(theorem.value, theorem.name))
    return min(found, key=lambda u: u.value)


def _equations_bound(model: Model, value: int, seed: int) -> UpperBound | None:
    """An upper bound from equations of low degree that vanish identically, where the model is small enough to look for them."""
    found = equations_bound(model, value, seed)
    if found is None:
        return None
    reason = f"{counted(len(found.generators), 'equation')} of degree at most {found.searched}, verified identically"
    return UpperBound(found.bound, reason)


def _formula(model: Model) -> Theorem | None:
    return next((t for t in model.theorems if t.applies and t.quantity == "dimension"), None)


def _by_theorem(model: Model, notice: str = "") -> Dimension:
    theorem = _formula(model)
    if theorem is None:
        raise InputError(f"no closed formula for the dimension of {model.name} is known here; use --route computed")
    span = next((t for t in model.theorems if t.applies and t.quantity == "ambient"), None)
    return Dimension(
        value=theorem.value,
        claim=Claim.PROVED,
        upper=UpperBound(theorem.value, theorem.name),
        error=0.0,
        parameters=model.parameters,
        expected=None,
        span=_stated_span(span) if span else SpanDimension(theorem.value, Claim.LOWER_BOUND, 1.0),
        symmetries=None,
        trials=(),
        theorems=(theorem,),
        notices=(notice,) if notice else (),
        route="theorem",
    )
