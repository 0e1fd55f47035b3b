"""Where the Jacobian of an analytic network drops rank: known sets of weights, each with a place that shows it, and sparse weights."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np

from neurovariety.beyond.analytic.rank_at_weights import largest_block, seen_rank
from neurovariety.beyond.analytic.rank_in_balls import AnalyticDimension, Smooth, analytic_dimension, random_weights
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.smooth_ranks_at_weights import MinorAtWeights
from neurovariety.certificates.smooth_strata import EQUAL, RankOnStratum, SmoothStratum, conditions, rank_on_at_most, strata_of
from neurovariety.randomness import generator

_STREAM = "beyond.analytic.critical_weights"
_SAMPLES = 20
_SAMPLED_PARAMETERS = 60


@dataclass(frozen=True)
class CriticalWeights:
    """The dimension of the ``whole``, verdicts of ``ranks`` on sets of weights, whether there are more sets, and how many of sparse
    random weights had which rank in floats."""

    whole: AnalyticDimension
    ranks: tuple[Verdict, ...]
    all_listed: bool
    sampled: Counter[int]


def critical_weights(network: Smooth, most: int, seed: int) -> CriticalWeights:
    """At most so many sets of weights."""
    strata = list(islice(strata_of(network), most + 1))
    ranks = tuple(_rank_on(network, stratum, seed, index) for index, stratum in enumerate(strata[:most]))
    return CriticalWeights(analytic_dimension(network, seed), ranks, len(strata) <= most, _sampled(network, seed))


def _rank_on(network: Smooth, stratum: SmoothStratum, seed: int, index: int) -> Verdict:
    drawn = random_weights(network, generator(seed, _STREAM, index))
    given = conditions(network, stratum)
    for condition in given:
        (first, _), *second = condition.items()
        if second:
            (other, sign), *_ = second
            drawn[other] = -sign * drawn[first]
        else:
            drawn[first] = Fraction(0)
    place = _with_equal_biases(network, stratum, drawn)
    at_most = rank_on_at_most(network, stratum, place)
    here = issue(MinorAtWeights(largest_block(network, tuple(drawn), at_most, seed)), network)
    value = (network.parameters - len(given), at_most)
    return issue(RankOnStratum(network.hash, stratum, place, here, value), network)


def _with_equal_biases(network: Smooth, stratum: SmoothStratum, drawn: list[Fraction]) -> tuple[Fraction, ...]:
    """Weights of the set at which directions are rational."""
    found = list(drawn)
    if isinstance(network, AnalyticPerceptron) and network.bias and stratum.kind == EQUAL:
        n, m = network.widths[stratum.layer - 1], network.widths[stratum.layer]
        start = sum(b * (a + 1) for a, b in zip(network.widths[: stratum.layer - 1], network.widths[1 : stratum.layer], strict=True))
        i, j = (start + m * n + u for u in stratum.units)
        found[j] = found[i]
    return tuple(found)


def _sampled(network: Smooth, seed: int) -> Counter[int]:
    """Ranks at random weights of which about half are zero."""
    found: Counter[int] = Counter()
    for k in range(_SAMPLES if network.parameters <= _SAMPLED_PARAMETERS else 0):
        rng = generator(seed, f"{_STREAM}: sparse", k)
        kept: np.ndarray = rng.integers(0, 2, network.parameters)
        weights = tuple(w * int(s) for w, s in zip(random_weights(network, rng), kept, strict=True))
        found[seen_rank(network, weights, seed)] += 1
    return found
