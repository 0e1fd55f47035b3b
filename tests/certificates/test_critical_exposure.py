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
