"""The fiber of an analytic network over a general function, or to first order through given weights: how its weights can move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from neurovariety.beyond.analytic.rank_at_weights import coincidences, in_order_of_models, rank_at_weights
from neurovariety.beyond.analytic.rank_in_balls import ORBITS, Smooth, analytic_dimension, definability, integers, reason_of
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.analytic_weights import AnalyticFiber
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.sentences import FROM_ABOVE, Gloss
from neurovariety.certificates.smooth_ranks_at_weights import InfinitesimalFiber, moved_by_known
from neurovariety.certificates.softmax_attention import AttentionFiber

_MOST_NAMED = 4
"""Coincidences at given weights that a sentence names."""


@dataclass(frozen=True)
class GeneralFiber:
    """``claims`` on its `dimension`, and on what of it is `hidden`: not explained by shifts of biases; ``evidence`` as plain data;
    ``glosses``: what is said beside."""

    claims: Mapping[str, Verdict]
    evidence: Mapping[str, Any]
    glosses: tuple[Gloss, ...]


def general_fiber(network: Smooth, seed: int) -> GeneralFiber:
    """The fiber over a general function of a network."""
    found = analytic_dimension(network, seed)
    left = network.parameters - found.value
    if isinstance(network, AnalyticPerceptron):
        stated, reason = network.shifts, reason_of(network)
        hidden = issue(AnalyticFiber("hidden", left - stated, found.verdict), network)
        dimension = issue(AnalyticFiber("dimension", left, found.verdict), network)
    else:
        drawn = integers(network, seed)
        stated, reason = network.orbit_rank(drawn), ORBITS
        hidden = issue(AttentionFiber("hidden", left - stated, found.verdict, drawn), network)
        dimension = issue(AttentionFiber("dimension", left, found.verdict, drawn), network)
    return GeneralFiber(
        {"dimension": dimension, "hidden": hidden},
        {
            "model_dimension": found.value,
            "parameters": network.parameters,
            "stated": stated,
            "symmetries": None,
            "upper_bound": {"value": found.upper.statement.value, "reason": reason},
            "trials": [{"rank": found.value, "inputs": found.inputs, "bits": found.bits}],
            "theorems": definability(network),
        },
        () if left else (_alone("general weights"),),
    )


def _alone(where: str) -> Gloss:
    return Gloss(f"around {where} no others have the same function", {"dimension": FROM_ABOVE})


def fiber_at(network: Smooth, weights: tuple[Fraction, ...], seed: int) -> GeneralFiber:
    """The directions at given weights along which the function stays as it is to first order."""
    there = rank_at_weights(network, weights, seed)
    general = analytic_dimension(network, seed)
    left, stated = network.parameters - there.value, moved_by_known(network, weights)
    claims = {
        "dimension": issue(InfinitesimalFiber("dimension", weights, left, there.verdict), network),
        "hidden": issue(InfinitesimalFiber("hidden", weights, left - stated, there.verdict), network),
    }
    causes = coincidences(network, weights)
    named = "; ".join(causes[:_MOST_NAMED]) + (f" and {len(causes) - _MOST_NAMED} more" if len(causes) > _MOST_NAMED else "")
    return GeneralFiber(
        claims,
        {
            "at": [str(w) for w in in_order_of_models(network, weights)],
            "model_dimension": general.value,
            "parameters": network.parameters,
            "stated": stated,
            "symmetries": None,
            "rank_at": there.value,
            "rank_at_most": there.upper.statement.value,
            "coincidences": causes,
            "trials": [{"rank": there.value, "inputs": len(there.lower.certificate.place.inputs)}],  # type: ignore[union-attr]
            "theorems": definability(network),
        },
        (
            *((Gloss(named, {}),) if causes else ()),
            Gloss("the fiber itself can have fewer", {}) if left else _alone("these weights"),
        ),
    )
