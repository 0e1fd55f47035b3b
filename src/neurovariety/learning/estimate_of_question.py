"""Estimates where no exact coefficient is known, and beside those that are: a question's functions for the sampler, and verdicts.

An estimate that leaves bounds that are proved is cut off at them, and says so. It is made by a prior
about the weights that are asked for, of two widths: the narrower one is told, since other weights with the true values may lie where
the other reaches, and its interval holds both, or a notice says that they differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from neurovariety.certificates.germs import Germ, constant_of, shifted, support
from neurovariety.certificates.issue import weak
from neurovariety.certificates.learning_coefficients import COEFFICIENT, MULTIPLICITY, ORIGIN, ZERO_FUNCTION, at_the_weights, widths_of
from neurovariety.certificates.neurons_on_a_line import OddNetwork
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.learning.coefficient_of_question import KnownCoefficient
from neurovariety.learning.estimated_coefficient import EstimatedCoefficient, estimate
from neurovariety.learning.sampled_problem import SampledProblem, of_neurons, of_polynomials, of_products
from neurovariety.model import Model

INTERVAL = "interval of the learning coefficient"
_NEAR = 0.3
"""The standard deviation of the wider prior, where other weights with the true values may lie further off."""
_NARROWER = 8.0
"""How many times less far the narrower prior reaches."""
_DIGITS = 4


@dataclass(frozen=True)
class SampledQuestion:
    """Functions for the sampler, the hash of what they are those of, and the phrase that says where."""

    problem: SampledProblem
    subject: str
    scope: tuple[str, ...]


def near_origin(germ: Germ) -> SampledQuestion:
    """Polynomials at the origin."""
    known = germ.polynomials()
    return SampledQuestion(_centred(known, len(germ.variables)), germ.hash, (ORIGIN,))


def near_weights(model: Model, weights: Sequence[Fraction]) -> SampledQuestion:
    """A model near weights, for the function that they give."""
    stored, known = _written(model)
    return SampledQuestion(_centred([shifted(f, weights) for f in known], len(weights)), stored.hash, (at_the_weights(weights),))


def near_zero(model: Model) -> SampledQuestion:
    """A model near weights 0, for the zero function."""
    stored, known = _written(model)
    if any(constant_of(f) for f in known):
        raise InputError(f"{model.name}: weights 0 do not give the zero function; ask for weights that do with at=")
    return SampledQuestion(_centred(known, model.parameters), stored.hash, (ZERO_FUNCTION,))


def of_true_rank(model: Model, rank: int) -> SampledQuestion:
    """A deep linear network, for a true matrix of a rank that `of_rank` has accepted."""
    stored, _ = _written(model)
    return SampledQuestion(of_products(widths_of(stored), rank), stored.hash, (f"for a true matrix of rank {rank}",))


def of_odd_network(network: OddNetwork) -> SampledQuestion:
    """A network with an odd analytic activation, for the zero function."""
    if network.widths[0] == 1:
        return SampledQuestion(of_neurons(network), network.hash, (ZERO_FUNCTION,))
    known = [f for _, f in network.coordinates]
    return SampledQuestion(_centred(known, known[0].context().nvars()), network.hash, (ZERO_FUNCTION,))


def _written(model: Model) -> tuple[Any, list[Any]]:
    stored = stored_functions(model)
    try:
        if stored is not None:
            return stored, [f for _, f in stored.coordinates]
    except (NotStored, NotShown):
        pass
    raise ResourceError(f"{model.name} is rational, or too large for its coefficients to be written out: no estimate is made")


def _centred(known: Sequence[Any], count: int) -> SampledProblem:
    """Near weights 0: as far as one likes where all functions are homogeneous, since scaling moves everything to 0."""
    whole = all(len({sum(e) for e in support(f)}) <= 1 for f in known)
    return of_polynomials(known, [0.0] * len(known), [0.0] * count, 1.0 if whole else _NEAR)


def estimated(shown: KnownCoefficient, question: SampledQuestion, seed: int) -> tuple[KnownCoefficient, EstimatedCoefficient, str]:
    """What is known with an estimate in place of what is not; the estimate; and what it says against what is proved, or nothing.

    Raises `InputError` where there is nothing to sample, or too much.
    """
    found, apart = _near_enough(question.problem, seed)
    bounds = {key: None if shown.value.get(key) is None else Fraction(shown.value[key]) for key in ("at_least", "at_most")}
    if shown.exact:
        exact = Fraction(shown.value["learning_coefficient"])
        against = "" if found.low <= exact <= found.high else f"the estimate {_range(found)} leaves the proved value {exact}"
        return shown, found, against
    low, high = (None if b is None else float(b) for b in bounds.values())
    cut = found.within(low, high)
    outside = (low is not None and found.high < low) or (high is not None and found.low > high)
    against = f"the estimate {_range(found)} leaves the proved bounds: more sweeps or another prior are needed" if outside else apart
    why = "replica exchange over forty temperatures"
    parts: dict[str, tuple[str, Any]] = {
        "learning_coefficient": (COEFFICIENT, _rounded(cut.value)),
        "multiplicity": (MULTIPLICITY, cut.multiplicity),
        "interval": (INTERVAL, (_rounded(cut.low), _rounded(cut.high))),
    }
    verdicts = {
        **shown.verdicts,
        **{k: weak(Statement(kind, question.subject, v, question.scope), Claim.ESTIMATE, why) for k, (kind, v) in parts.items()},
    }
    return KnownCoefficient({k: v.statement.value for k, v in verdicts.items()}, verdicts, "sampling", shown.steps), found, against


def _near_enough(problem: SampledProblem, seed: int) -> tuple[EstimatedCoefficient, str]:
    """An estimate near the weights, and what a prior that reaches further says otherwise; where they agree the interval holds both."""
    reach = problem.around.spread
    wide = estimate(problem, seed)
    if reach != _NEAR:  # homogeneous functions: scaling moves all weights to 0
        return wide, ""
    near = estimate(replace(problem, around=problem.around._replace(spread=reach / _NARROWER)), seed)
    if near.low <= wide.high and wide.low <= near.high:
        return replace(near, low=min(near.low, wide.value), high=max(near.high, wide.value)), ""
    words = f"one of {reach:g} gives {_range(wide)}: other weights with the true values lie within that"
    return near, f"the estimate is by a prior of standard deviation {reach / _NARROWER:g} about the weights; {words}"


def _rounded(x: float) -> float:
    return round(x, _DIGITS)


def _range(found: EstimatedCoefficient) -> str:
    return f"{found.value:.4g} ({found.low:.4g} to {found.high:.4g})"
