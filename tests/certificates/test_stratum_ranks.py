"""Ranks on strata of weights: what a certificate takes, and the false ones that it refuses."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest

from neurovariety import Claim, as_model, critical_locus
from neurovariety.certificates.issue import NotShown, issue, weak
from neurovariety.certificates.sentences import sentence_of
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stratum_ranks import (
    CriticalDimension,
    CriticalUnion,
    OrbitRanks,
    StrataTable,
    ranks_at,
)
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.strata.exact_strata import exact_strata
from neurovariety.geometry.strata.facts import shown_facts, stratum_facts
from neurovariety.geometry.strata.known_strata import weight_strata

TEXT = "mlp(2,2,1; x^3 + x^2)"


@pytest.fixture(scope="module")
def shown():
    """A model with its dimension, and verdicts of all strata."""
    model = as_model(TEXT)
    whole = dimension_of(model, seed=0)
    upper = issue(whole.upper.certificate, exact_coefficients(model))
    facts = [stratum_facts(s, 0, k, whole.at_most) for k, s in enumerate(weight_strata(model))]
    return exact_strata(model), whole, upper, tuple(shown_facts(f, upper) for f in facts)


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_ranks_are_taken_again_without_what_was_remembered(shown):
    """Another process knows no ranks: the same matrices are made from the residues, and flint takes the ranks."""
    exact, _, _, ranks = shown
    fresh = exact_strata(as_model(TEXT))
    for verdict in ranks:
        for place in verdict.certificate.places:
            assert fresh.stratum_taken(place) is None
            assert ranks_at(fresh, place) == exact.stratum_taken(place)
        verdict.certificate.check(fresh)


def test_numbers_that_are_not_those_of_the_stratum_are_refused(shown):
    exact, _, upper, ranks = shown
    good = ranks[0].certificate
    assert ranks[0].claim is Claim.PROBABILITY
    assert 0 < ranks[0].statement.error < 2**-20
    d, r, f = good.value
    for value in ((d, r - 1, f), (d, r + 1, f), (d - 1, r, f), (d, r, f - 1)):
        refused(replace(good, value=value), exact)
        refused(replace(good, value=value, bound=True), exact)
    refused(replace(good, stratum=ranks[1].certificate.stratum), exact)
    refused(replace(good, places=()), exact)
    refused(replace(good, places=(good.places[0], *good.places)), exact)
    refused(replace(good, places=tuple(copy.deepcopy(good.places[0]) for _ in good.places)), exact)  # as a file would hold it
    refused(replace(good, upper=ranks[1]), exact)
    refused(good, exact_strata(as_model("mlp(2,2,1; x^3)")))
    assert upper.claim in (Claim.PROVED, Claim.UPPER_BOUND)


def test_special_places_prove_lower_bounds_only(shown):
    """At the zero weights every rank is 0: the largest rank is what counts, and few inputs say nothing of more."""
    exact, _, _, ranks = shown
    good = ranks[0].certificate
    place = good.places[0]
    zero = replace(place, parameters=np.zeros_like(place.parameters))
    refused(replace(good, places=(zero,)), exact)
    least = ranks_at(exact, zero)
    assert least.rank < good.value[1]
    few = replace(place, inputs=place.inputs[:2])
    seen = ranks_at(exact, few)
    refused(replace(good, places=(few,), value=(seen.dimension, seen.rank, seen.functions)), exact)
    bound = issue(replace(good, places=(few,), value=(seen.dimension, seen.rank, seen.functions), bound=True), exact)
    assert bound.claim is Claim.LOWER_BOUND
    composite = replace(place, prime=place.prime - 1)
    refused(replace(good, places=(composite,)), exact)


def test_one_place_of_a_small_prime_says_too_little(shown):
    exact, _, _, ranks = shown
    assert all(len(v.certificate.places) > 1 for v in ranks if v.claim is Claim.PROBABILITY)
    for verdict in ranks:
        if verdict.claim is Claim.PROBABILITY:
            single = next(p for p in verdict.certificate.places if ranks_at(exact, p).rank == verdict.statement.value[1])
            refused(replace(verdict.certificate, places=(single,)), exact)


def test_the_bound_is_that_of_long_primes(shown):
    """The same ranks mod 101, and mod a longer prime than those of the bound, are bounds alone."""
    exact, _, _, ranks = shown
    good = next(v.certificate for v in ranks if v.claim is Claim.PROBABILITY)
    for prime in (101, 2**23 + 9):
        places = [
            replace(p, prime=prime, parameters=p.parameters % prime, coefficients=p.coefficients, inputs=p.inputs % prime)
            for p in good.places
        ]
        seen = [ranks_at(exact, p) for p in places]
        value = tuple(max(getattr(s, name) for s in seen) for name in ("dimension", "rank", "functions"))
        refused(replace(good, places=tuple(places), value=value), exact)
        issue(replace(good, places=tuple(places), value=value, bound=True), exact)


def test_orbits_by_closed_formulas():
    """The formulas against ranks at random points, which know nothing of them."""
    model = as_model("linear(2,3,2)")
    exact, whole = exact_strata(model), dimension_of(model, seed=0)
    for k, stratum in enumerate(weight_strata(model)):
        good = OrbitRanks(exact.hash, stratum.name, stratum.profile.widths, stratum.profile.counts)
        value = issue(good, exact).statement.value
        drawn = stratum_facts(replace(stratum, profile=None), 0, k, whole.at_most)
        assert value == (drawn.dimension, drawn.rank, drawn.functions)
        (interval, n), *rest = good.counts
        refused(replace(good, counts=((interval, n + 1), *rest)), exact)
        refused(replace(good, widths=(2, 2, 2)), exact)
        refused(good, exact_strata(as_model("linear(2,2,2)")))


def test_critical_dimensions(shown):
    exact, whole, upper, ranks = shown
    n = exact.parameters
    size = issue(CriticalDimension(whole.verdict, ranks, n, "dimension"), exact)
    other = issue(CriticalDimension(whole.verdict, ranks, n, "codimension"), exact)
    assert (size.claim, other.claim) == (Claim.PROBABILITY, Claim.PROBABILITY)  # a hypersurface: no more than that can drop
    assert (size.statement.value, other.statement.value) == (n - 1, 1)
    smaller = tuple(v for v in ranks if v.statement.value[0] < n - 1)
    least = [issue(CriticalDimension(whole.verdict, smaller, n, part), exact).claim for part in ("dimension", "codimension")]
    assert least == [Claim.LOWER_BOUND, Claim.UPPER_BOUND]
    refused(CriticalDimension(whole.verdict, ranks, n + 1, "codimension"), exact)
    refused(
        CriticalDimension(upper, ranks, n, "dimension")
        if upper.claim is Claim.UPPER_BOUND
        else CriticalDimension(ranks[0], ranks, n, "dimension"),
        exact,
    )
    full = tuple(v for v in ranks if v.statement.value[1] == whole.value)
    refused(CriticalDimension(whole.verdict, full, n, "dimension"), exact)
    refused(CriticalUnion(exact.hash, tuple(v.statement.scope[0] for v in ranks), "a theorem", "kohn2022"), exact)
    kinds = tuple(s.kind for s in weight_strata(as_model(TEXT)))
    table = issue(StrataTable(whole.verdict, ranks, kinds), exact)
    assert [row["rank"] for row in table.statement.value] == [v.statement.value[1] for v in ranks]
    refused(StrataTable(whole.verdict, (*ranks, whole.verdict), (*kinds, kinds[0])), exact)
    refused(StrataTable(whole.verdict, ranks, ()), exact)
    refused(StrataTable(whole.verdict, ranks, ("another", *kinds[1:])), exact)
    refused(StrataTable(whole.verdict, (*ranks, ranks[0]), (*kinds, kinds[0])), exact)
    bounds = tuple(issue(replace(v.certificate, bound=True), exact) for v in ranks)
    low = issue(StrataTable(whole.verdict, (bounds[0], *ranks[1:]), kinds), exact)
    assert low.claim is Claim.LOWER_BOUND
    for key in ("corank", "fiber"):
        assert [row[key] is None for row in low.statement.value] == [True] + [False] * (len(ranks) - 1)
    least = issue(StrataTable(whole.verdict, bounds, kinds), exact)
    assert "is not seen to drop rank" in sentence_of(least)
    unknown = weak(Statement("dimension", exact.hash, whole.value + 1), Claim.ESTIMATE, "a guess")
    rows = issue(StrataTable(unknown, ranks, kinds), exact).statement.value
    assert all(row["corank"] is None for row in rows)


def test_a_union_needs_all_strata():
    """Where only some strata are looked at no theorem says that these are all, and the dimension is a lower bound."""
    whole, cut = critical_locus("linear(2,2,2)"), critical_locus("linear(2,2,2)", most=3)
    assert whole.value["complete"] is True
    assert whole.verdicts["dimension"].claim in (Claim.PROVED, Claim.PROBABILITY)
    assert cut.value["complete"] is False
    assert cut.verdicts["dimension"].claim is Claim.LOWER_BOUND
    assert "other weights where it drops are not excluded" in cut.meaning
    assert "at least" in cut.shown()
    model = as_model("linear(2,2,2)")
    exact = exact_strata(model)
    names = tuple(s.name for s in weight_strata(model))
    name, source = exact.critical_union(names)
    issue(CriticalUnion(exact.hash, names, name, source), exact)
    refused(CriticalUnion(exact.hash, names[1:], name, source), exact)
    refused(CriticalUnion(exact.hash, names, name, "bruns1988"), exact)
