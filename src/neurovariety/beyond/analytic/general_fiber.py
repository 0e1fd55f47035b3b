"""The fiber over a general function of an analytic network: along how many directions its weights can move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurovariety.beyond.analytic.rank_in_balls import ORBITS, SHIFTS, Smooth, analytic_dimension, definability, integers
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.analytic_weights import AnalyticFiber
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.softmax_attention import AttentionFiber


@dataclass(frozen=True)
class GeneralFiber:
    """``claims`` on its `dimension`, and on what of it is `hidden`: not explained by shifts of biases; ``evidence`` as plain data."""

    claims: Mapping[str, Verdict]
    evidence: Mapping[str, Any]


def general_fiber(network: Smooth, seed: int) -> GeneralFiber:
    """The fiber over a general function of a network."""
    found = analytic_dimension(network, seed)
    left = network.parameters - found.value
    if isinstance(network, AnalyticPerceptron):
        stated, reason = network.shifts, SHIFTS
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
    )
