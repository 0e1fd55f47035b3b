"""Singular loci by theorems: dimensions and degrees of smaller models, and the false statements that are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neurovariety import Claim, as_model, singularities
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.singular_functions import SingularByTheorem, SmoothClosure, SmoothFunction
from neurovariety.geometry.invariants.dimension import dimension_of, flat
from neurovariety.geometry.singular.exact_smaller_models import exact_smaller_models, singular_by_theorem
from neurovariety.geometry.singular.known_ideal import known_ideal
from neurovariety.geometry.singular.locus import singular_locus


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def shown(text):
    model = as_model(text)
    whole = dimension_of(model, seed=0)
    return exact_smaller_models(model), whole, singular_by_theorem(model, whole, 0)


def test_a_theorem_and_equations_agree():
    """Matrices of rank 1 among those of rank 2: by the theorem, and as the zeros of minors on random linear spaces."""
    exact, whole, found = shown("linear(3,2,3)")
    locus = singular_locus(known_ideal(exact.model, whole.value, 0), 4, 1)
    assert (found["dimension"].statement.value, found["degree"].statement.value) == (locus.dimension, locus.degree) == (5, 6)
    assert {v.claim for v in found.values()} == {Claim.PROVED}


def test_false_loci_are_refused():
    exact, whole, found = shown("linear(3,2,3)")
    good = found["degree"].certificate
    assert isinstance(good, SingularByTheorem)
    refused(replace(good, sizes=()), exact)
    refused(replace(good, sizes=(("linear(3,1,3)", whole.verdict),)), exact)
    refused(replace(good, sizes=good.sizes * 2), exact)
    refused(replace(good, theorem="every function is singular"), exact)
    refused(replace(good, constants=3), exact)
    refused(replace(good, degree=None), exact)
    refused(replace(good, degree=whole.verdict), exact)
    refused(replace(good, whole=good.sizes[0][1]), exact)
    refused(good, exact_smaller_models(as_model("linear(3,2,4)")))
    refused(good, exact_smaller_models(as_model("mlp(2,2,1; x^3 + x^2)")))


def test_no_theorem_no_verdict():
    for text in ("mlp(2,2,1; x^3 + x^2)", "mlp(3,2,2,1; x^2)", "cp(2,2,2; rank=2)"):
        assert shown(text)[2] == {}


def test_constants_of_a_network_with_biases():
    """x^T A x + 2 b x + t with (A | b) of rank 1: singular where that is 0, at the constants."""
    exact, _, found = shown("mlp(2,1,1; x^2; bias)")
    assert {part: v.statement.value for part, v in found.items()} == {"dimension": 1, "codimension": 3, "degree": 1}
    refused(replace(found["dimension"].certificate, constants=0), exact)


def test_linear_spaces_are_smooth():
    model = as_model("mlp(2,2,1; x^2)")
    exact = exact_smaller_models(model)
    level = flat(model, dimension_of(model, seed=0), 0)
    assert issue(SmoothClosure(level), exact).statement.value == -1
    assert issue(SmoothFunction(level), exact).statement.value == "smooth"
    refused(SmoothClosure(dimension_of(model, seed=0).verdict), exact)
    refused(SmoothClosure(level), exact_smaller_models(as_model("linear(3,2,3)")))


def test_a_count_without_a_bound_is_an_estimate():
    found = singularities("mlp(2,2,1; x^3 + x^2)")
    assert found.verdicts["degree"].claim is Claim.ESTIMATE
    assert found.verdicts["others"].claim is Claim.ESTIMATE
    assert found.claim is Claim.PROVED
    assert "degree about 6 (an estimate)" in found.meaning
