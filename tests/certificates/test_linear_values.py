"""Certificates of values that fill a linear space, and of single distributions: each has a false twin, which is refused."""

from __future__ import annotations

import copy
from dataclasses import replace
from fractions import Fraction

import jax.numpy as jnp
import numpy as np

import neurovariety as nv
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.linear_values import LinearValues, OneDistribution
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.span import linear_values
from neurovariety.geometry.invariants.rank_at_data import exact_inputs
from neurovariety.randomness import generator


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def test_values_that_fill_their_space():
    model = nv.as_model("mlp(2,2,1; x^4)")
    exact, shown = exact_functions(model), linear_values(model, 4, 4, 0)
    assert (shown.claim, shown.statement.value) == (Claim.PROVED, 1)
    certificate = shown.certificate
    assert isinstance(certificate, LinearValues)
    place = certificate.rank.place
    for forged in (
        replace(certificate, rank=replace(certificate.rank, value=3)),
        replace(certificate, rank=replace(certificate.rank, place=replace(place, inputs=place.inputs[:3]))),
        replace(certificate, rank=replace(certificate.rank, place=replace(place, weights=0 * place.weights))),
    ):
        assert refused(forged, exact)
    assert linear_values(model, 5, 4, 0) is None  # five values of a curved variety of four dimensions


def test_values_in_a_linear_space():
    """Values at three points of functions a x + b are a plane: more values than dimensions."""
    model = nv.as_model(lambda w, x: w[0] * x[0] + w[1], (2,), input_shape=1)
    exact, shown = exact_functions(model), linear_values(model, 3, 2, 0)
    assert shown.claim is Claim.PROBABILITY
    assert 0 < shown.statement.error <= 2.0**-20
    certificate = shown.certificate
    assert issue(certificate, ExactFunctions(model)).claim is Claim.PROBABILITY
    for forged in (
        replace(certificate, spans=()),
        replace(certificate, spans=certificate.spans[:1] * 5),
        replace(certificate, spans=tuple(copy.deepcopy(certificate.spans[0]) for _ in range(5))),  # as a file would hold it
        replace(certificate, spans=tuple(replace(s, value=1) for s in certificate.spans)),
        replace(certificate, rank=replace(certificate.rank, value=1)),
    ):
        assert refused(forged, exact)


def one() -> nv.Model:
    return nv.as_model(lambda w, x: jnp.stack([w[0] * x[0], 2 * w[0] * x[0]]), (1,), input_shape=1)


def test_one_distribution():
    model, table = one(), [[0.1], [3.0]]
    found = nv.ml_degree(model, data=table)
    assert (found.value, found.claim) == (1, Claim.PROBABILITY)
    exact = exact_functions(model)
    shown = exact.proportional_values(exact_inputs(model, table), generator(0, "test"))
    assert isinstance(shown, OneDistribution)
    assert issue(shown, exact).statement.value == 1
    place = shown.place
    for forged in (
        replace(shown, inputs=(Fraction(1), Fraction(3))),
        replace(shown, place=replace(place, weights=0 * place.weights)),
        replace(shown, place=replace(place, weights=place.weights[:1])),
        replace(shown, place=replace(place, prime=101)),
        replace(shown, subject=""),
    ):
        assert refused(forged, exact)
    two = nv.as_model("linear(1,2)")  # probabilities (a, b) / (a + b)
    other = exact_functions(two)
    assert refused(other.proportional_values(exact_inputs(two, np.array([[1.0]])), generator(0, "test")), other)
