"""The strata of weights that are known of a model, from its hidden units."""

from __future__ import annotations

from neurovariety.geometry.strata.fewer_units import unit_strata
from neurovariety.geometry.strata.filters import filter_strata
from neurovariety.geometry.strata.heads import head_strata
from neurovariety.geometry.strata.layers import lower_ranks, silent_layers
from neurovariety.geometry.strata.rank_strata import multiplied, rank_strata
from neurovariety.geometry.strata.terms import term_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.model import Model
from neurovariety.units import FilterStack, Heads, ProductTerms

MOST = 60
"""Strata that are listed; where there are more, the largest ones are."""


def weight_strata(model: Model, *, most: int = MOST) -> tuple[WeightStratum, ...]:
    """The known strata of the weight space of ``model``, up to permutations of neurons, channels and heads; at most ``most``.

    Empty for a user's own function and for families whose hidden units are not known. Where a layer has an activation s, units are
    inactive if their outgoing weights are zero, or their incoming ones if s(0) = 0; redundant if their rows are equal, for a monomial s
    if they are proportional. Nothing says that these are all strata, unless a theorem does (`critical_locus`).
    """
    layers = multiplied(model)
    special = next((u for u in model.units if isinstance(u, (FilterStack, ProductTerms, Heads))), None)
    if layers is not None:
        found = rank_strata(model, layers, most)
    elif isinstance(special, FilterStack):
        found = filter_strata(model, special, most)
    elif isinstance(special, Heads):
        found = head_strata(model)
    else:
        whole = [*lower_ranks(model)[: most // 3], *silent_layers(model)[: most // 3]]
        terms = term_strata(model, special) if special is not None else []
        found = [*terms, *unit_strata(model, most - len(whole)), *whole]
    return tuple(found[:most])
