"""Strata that are critically exposed: ranks that a certificate takes again, and the false ones that it refuses."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety import Claim, as_model, exposedness
from neurovariety.certificates.critical_exposure import CoefficientCount, StationaryTargets
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.sentences import LOSSES
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.training.bias.inner_product import exact_quadric
from neurovariety.training.bias.normal_bundle import QuadricOnStrata

TEXT = "mlp(2,2,1; x^2)"


def on_strata(text, metric):
    model = as_model(text)
    named = coefficients_as_polynomials(model)
    quadric = exact_quadric(metric, list(named), None, np.random.default_rng(0))
    return QuadricOnStrata(model, list(named.values()), quadric, f"under {LOSSES[metric]}", weight_strata(model))


@pytest.fixture(scope="module")
def shown():
    found = exposedness(TEXT, samples=0)
    return on_strata(TEXT, "frobenius"), found.verdicts["table"].certificate


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_ranks_are_taken_again(shown):
    loss, table = shown
    assert issue(table, loss).claim is Claim.PROBABILITY
    for verdict in table.strata:
        assert issue(verdict.certificate, loss).statement.value == verdict.statement.value
        assert 0 < verdict.statement.error < 2**-20


def test_false_numbers_are_refused(shown):
    loss, table = shown
    for verdict in table.strata:
        good = verdict.certificate
        for name in ("dimension", "rank", "seen", "moving", "ambient"):
            refused(replace(good, **{name: getattr(good, name) + 1}), loss)
            refused(replace(good, **{name: getattr(good, name) - 1}), loss)
        refused(replace(good, stratum="no stratum"), loss)
        refused(good, on_strata(TEXT, "bombieri"))
        refused(good, on_strata("mlp(2,2,1; 2*x^2)", "frobenius"))
        refused(replace(good, place=replace(good.place, prime=good.place.prime + 1)), loss)


def test_vectors_that_are_not_normal_are_refused(shown):
    loss, table = shown
    dead = table.strata[0].certificate
    turned = dead.place.normal.copy()
    turned[0] = (turned[0] + 1) % dead.place.prime
    refused(replace(dead, place=replace(dead.place, normal=turned)), loss)


def test_a_small_prime_says_too_little(shown):
    """The bound is that of primes of 52 bits; of the same ranks over F_101 nothing is said."""
    loss, table = shown
    good = table.strata[0].certificate
    small = replace(good, place=replace(good.place, prime=101, parameters=good.place.parameters % 101, normal=good.place.normal * 0))
    refused(small, loss)


def test_tables(shown):
    loss, table = shown
    count = issue(replace(table, part="critically_exposed"), loss)
    assert count.statement.value == sum(row["critically_exposed"] for row in issue(table, loss).statement.value)
    refused(replace(table, strata=(*table.strata, table.strata[0]), words=(*table.words, table.words[0])), loss)
    refused(replace(table, words=table.words[::-1]), loss)
    refused(replace(table, loss="for every loss"), loss)
    refused(replace(table, strata=(), words=()), loss)
    refused(replace(table, part="ambient"), loss)
    issue(CoefficientCount(loss.hash, 3), loss)
    refused(CoefficientCount(loss.hash, 4), loss)


def test_sizes_of_numbers_count(shown):
    """Coefficients as large as products of many primes make bad primes likely: the bound grows with their bits."""
    loss, table = shown
    quadric = loss.quadric * Fraction(3) ** 40000
    large = QuadricOnStrata(loss.model, loss.coefficients, quadric, loss.quadric_words, weight_strata(loss.model))
    name = table.strata[0].statement.scope[0]
    assert large.normal_error(name, 2**52 - 1) > 2 * loss.normal_error(name, 2**52 - 1) > 0


def test_a_stratum_that_is_missed_by_a_special_point(shown):
    """At a point where the rank of J^T Q falls the dimension of the targets comes out too large: such places are not random ones."""
    loss, table = shown
    good = table.strata[0].certificate
    zero = good.place.parameters * 0
    at = loss.normal_matrices(good.stratum, replace(good.place, parameters=zero))
    assert not at.seen.any()
    special = StationaryTargets(
        good.subject,
        good.quadric,
        good.stratum,
        replace(good.place, parameters=zero),
        good.dimension,
        good.rank,
        good.seen,
        good.moving,
        3,
    )
    refused(special, loss)


@pytest.mark.parametrize(
    ("text", "metric"), [(TEXT, "gaussian"), ("mlp(2,2,2; x^3)", "bombieri"), ("mlp(1,2,1; x^2; bias)", "frobenius")]
)
def test_stored_data_answer_as_the_model_does(text, metric):
    """Two routes to the same matrices, and to the same bound of their error."""
    live = on_strata(text, metric)
    table = exposedness(text, metric=metric, samples=0).verdicts["table"].certificate
    certificates = [v.certificate for v in table.strata]
    kept = replace(stored_functions(live.model), facts=(live.facts(certificates),))
    assert (kept.quadric_hash, kept.quadric_words, kept.moved_count()) == (live.quadric_hash, live.quadric_words, live.moved_count())
    assert certificates
    for own in certificates:
        assert kept.stratum_words(own.stratum) == live.stratum_words(own.stratum)
        p = own.place.prime
        one, two = kept.normal_matrices(own.stratum, own.place), live.normal_matrices(own.stratum, own.place)
        for name in ("tangent", "jacobian", "seen", "moving"):
            a, b = (np.array(getattr(m, name), dtype=object) % p for m in (one, two))
            assert a.shape == b.shape
            assert (a == b).all(), name
        assert kept.normal_error(own.stratum, p) == pytest.approx(live.normal_error(own.stratum, p), rel=1e-9)
        assert kept.normal_error(own.stratum, 2**51 - 1) == 1.0
        with pytest.raises(NotShown, match="other coefficients"):
            kept.normal_matrices(own.stratum, replace(own.place, normal=own.place.normal[1:]))
    assert kept.stratum_words("no stratum") is None
    with pytest.raises(NotShown, match="no stratum"):
        kept.normal_error("no stratum", 2**52 - 1)
    facts = kept.facts[0]
    for twin in ({"quadric": (*facts.quadric, facts.quadric[0])}, {"strata": facts.strata[:1] * 2}):
        with pytest.raises(ValueError, match="a square quadric, and different strata"):
            replace(facts, **twin)
    smaller = replace(kept, facts=(replace(facts, quadric=tuple(row[1:] for row in facts.quadric[1:])),))
    with pytest.raises(NotShown, match="other coefficients"):
        smaller.normal_matrices(certificates[0].stratum, replace(certificates[0].place, normal=certificates[0].place.normal[1:]))
