"""Exact numbers of a stratum of weights: its dimension, the rank of the Jacobian along it, the dimension of its functions.

Each is the generic rank of a matrix of polynomials in the parameters s of the stratum: of the derivative of its map, of J there, of
their product. The rank over F_p at a point is at most that (a nonzero minor mod p is nonzero over Q), so it is a proved lower bound;
it falls short with a probability bounded as for the dimension (Schwartz 1980). What holds for all points of a stratum is an upper bound
of ranks: the rank at any point is at most the generic one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.issue import Verdict, first_shown, issue
from neurovariety.certificates.stratum_ranks import OrbitRanks, PlaceRanks, StratumPlace, StratumRanks
from neurovariety.claim import Claim
from neurovariety.geometry.strata.exact_strata import exact_strata, missed_rank
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.randomness import generator
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_TRIALS, USELESS_ERROR

_STREAM = "geometry.strata.facts"


@dataclass(frozen=True, eq=False)
class StratumFacts:
    """``dimension`` of the stratum in weight space, generic ``rank`` of J on it, dimension of its ``functions``; each falls short of
    the truth with a probability of at most ``error`` (0 for the closed formulas of linear networks, and where bounds meet)."""

    stratum: WeightStratum
    dimension: int
    rank: int
    functions: int
    error: float
    places: tuple[StratumPlace, ...] = ()

    @property
    def primes(self) -> tuple[int, ...]:
        return tuple(place.prime for place in self.places)

    @property
    def fiber(self) -> int:
        """Dimension of the weights of the stratum over one of its general functions."""
        return self.dimension - self.functions

    @property
    def claim(self) -> Claim:
        """How far the three numbers may be trusted."""
        if not self.error:
            return Claim.PROVED
        return Claim.PROBABILITY if self.error <= ERROR_BOUND else Claim.LOWER_BOUND


def stratum_facts(stratum: WeightStratum, seed: int, index: int, rank_at_most: int) -> StratumFacts:
    """The numbers of a stratum, by closed formulas or at random points over random primes; ``rank_at_most`` is a proved bound of
    the rank of J.

    ``index`` keeps the random numbers of different strata apart.
    """
    formula = linear_rank(stratum)
    if formula is not None:
        return StratumFacts(stratum, *formula, 0.0)
    dimension = rank_ = functions = 0
    error, places = 1.0, []
    for trial in range(MAX_TRIALS):
        place, found = sampled_ranks(stratum, generator(seed, _STREAM, index, trial), rank_at_most)
        places.append(place)
        dimension, rank_, functions = max(dimension, found.dimension), max(rank_, found.rank), max(functions, found.functions)
        once = missed_rank(stratum, rank_at_most)
        error *= once
        if error <= ERROR_BOUND or once >= USELESS_ERROR:
            break
    exact = dimension == stratum.parameters and rank_ == rank_at_most and functions == min(dimension, rank_)
    return StratumFacts(stratum, dimension, rank_, functions, 0.0 if exact else error, tuple(places))


def shown_facts(facts: StratumFacts, upper: Verdict) -> Verdict:
    """The verdict of the three numbers; ``upper`` bounds the rank of J. Where the error says little they are lower bounds."""
    stratum = facts.stratum
    exact, value = exact_strata(stratum.model), (facts.dimension, facts.rank, facts.functions)
    if stratum.profile is not None:
        return issue(OrbitRanks(exact.hash, stratum.name, stratum.profile.widths, stratum.profile.counts), exact)
    shown = (StratumRanks(exact.hash, stratum.name, facts.places, value, upper, bound) for bound in (False, True))
    return first_shown(exact, *shown)


def sampled_ranks(stratum: WeightStratum, rng: np.random.Generator, rank_at_most: int) -> tuple[StratumPlace, PlaceRanks]:
    """The ranks at a random point of the stratum."""
    model = stratum.model
    p, s, point = stratum.draw(rng)
    inputs = point.inputs(model, math.ceil(rank_at_most / model.outputs) + EXTRA_SAMPLES)
    place = StratumPlace(stratum.name, p, s, point.coefficients, inputs)
    return place, exact_strata(model).take(stratum, place)


def linear_rank(stratum: WeightStratum) -> tuple[int, int, int] | None:
    """Dimension, rank of J and dimension of functions by closed formulas, for a stratum of a linear network; None for others.

    With a_l = rank(W_L ... W_{l+1}) and b_l = rank(W_{l-1} ... W_1) the image of J is the sum of the spaces A_l (x) B_l of two flags,
    A_1 in A_2 in ... and B_1 containing B_2 containing ...: its dimension is the sum of (a_l - a_{l-1}) b_l, at every point of
    the stratum. For two layers that is r1 d_2 + r2 d_0 - r1 r2.
    """
    profile = stratum.profile
    if profile is None:
        return None
    widths = profile.widths
    last = len(widths) - 1
    before, total = 0, 0
    for l in range(1, last + 1):
        a, b = profile.rank(l, last), profile.rank(0, l - 1)
        total, before = total + (a - before) * b, a
    r = profile.end_to_end
    return profile.dimension, total, r * (widths[0] + widths[-1] - r)
