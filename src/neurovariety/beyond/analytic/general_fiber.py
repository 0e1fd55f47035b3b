"""The fiber over a general function of an analytic network: along how many directions its weights can move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from neurovariety.beyond.analytic.rank_in_balls import SHIFTS, analytic_dimension, definability
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.analytic_weights import AnalyticFiber
from neurovariety.certificates.issue import Verdict, issue


@dataclass(frozen=True)
class GeneralFiber:
    """``claims`` on its `dimension`, and on what of it is `hidden`: not explained by shifts of biases; ``evidence`` as plain data."""

    claims: Mapping[str, Verdict]
    evidence: Mapping[str, Any]


def general_fiber(network: AnalyticPerceptron, seed: int) -> GeneralFiber:
    """The fiber over a general function of a network."""
    found = analytic_dimension(network, seed)
    left = network.parameters - found.value
    return GeneralFiber(
        {
            "dimension": issue(AnalyticFiber("dimension", left, found.verdict), network),
            "hidden": issue(AnalyticFiber("hidden", left - network.shifts, found.verdict), network),
        },
        {
            "model_dimension": found.value,
            "parameters": network.parameters,
            "stated": network.shifts,
            "symmetries": None,
            "upper_bound": {"value": found.upper.statement.value, "reason": SHIFTS},
            "trials": [{"rank": found.value, "inputs": found.inputs, "bits": found.bits}],
            "theorems": definability(network),
        },
    )
