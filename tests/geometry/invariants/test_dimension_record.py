"""The record of a dimension: what is not known is None, and what is known from below is used."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.budget import within
from neurovariety.claim import Claim
from neurovariety.geometry.exact import span
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.invariants.dimension import dimension_of, flat
from neurovariety.geometry.invariants.equations import equations_of, violation
from neurovariety.geometry.invariants.rank_at_data import exact_inputs, rank_at_data
from neurovariety.model import Slot


def square(inputs):
    """The squares of linear forms, as a user's function: of the span nothing is stated."""
    return nv.as_model(lambda w, x: jnp.dot(w, x) ** 2, (inputs,), input_shape=inputs)


def test_a_span_that_was_not_needed_is_unknown():
    found = dimension_of(square(3), seed=0)
    assert (found.value, found.claim, found.at_most) == (3, Claim.PROVED, 3)
    assert found.ambient is None
    assert found.ambient_at_least == 4
    assert not found.fills
    assert nv.dimension(square(3)).evidence["ambient"] is None


def wide(rank):
    """The linear forms whose coefficients are products of the weights with an integer matrix of that rank: a span without a theorem, in
    more weights and inputs than can be expanded."""
    rng = np.random.default_rng(rank)
    matrix = (rng.integers(-3, 4, (30, rank)) @ rng.integers(-3, 4, (rank, 24))).astype(float)
    return nv.as_model(lambda w, x: jnp.dot(jnp.dot(w**2 + w, matrix), x)[None], (30,), input_shape=24)


@pytest.mark.slow
def test_filling_is_no_stronger_than_its_span(monkeypatch):
    """The span is proved by expansion, or found at random points; what rests on it says the same."""
    proved = dimension_of(wide(8), seed=0)
    assert (proved.value, proved.ambient, proved.filling) == (8, 8, Claim.PROVED)
    monkeypatch.setattr(span, "exact_span", lambda model: None)
    found = dimension_of(wide(8), seed=0)
    assert (found.value, found.ambient, found.filling) == (8, 8, Claim.PROBABILITY)
    assert found.span.error < 2**-20
    assert nv.dimension(wide(8)).evidence["ambient_claim"] == "probability"
    for ask in (nv.degree, nv.ed_degree):
        assert (ask(wide(8)).value, ask(wide(8)).claim) == (1, Claim.PROBABILITY)
    assert nv.singularities(wide(8)).claim is Claim.PROBABILITY


def test_all_monomials_are_a_bound():
    """Of 4 monomials of degree 3 none is missing; samples of a rational function stay independent, and nothing bounds them."""
    cubic = nv.as_model(lambda w, x: (jnp.dot(w[:2], x) ** 3 + jnp.dot(w[2:], x) ** 3)[None], (4,), input_shape=2)
    found = dimension_of(cubic, seed=0)
    assert (found.filling, found.span.reason) == (Claim.PROVED, "number of all monomials")
    rational = dimension_of(nv.as_model("mlp(2,2,1; 1/x)"), seed=0)
    assert (rational.filling, rational.span.claim) == (None, Claim.LOWER_BOUND)


def test_affine_spaces_are_flat():
    """x_0 + w x_1 spans a plane and fills a line of it; x_0 + w x_1 + w^2 x_0 is a parabola in it."""
    line = nv.as_model(lambda w, x: (x[0] + w[0] * x[1])[None], (1,), input_shape=2)
    parabola = nv.as_model(lambda w, x: (x[0] + w[0] * x[1] + w[0] ** 2 * x[0])[None], (1,), input_shape=2)
    known = [(m, dimension_of(m, seed=0)) for m in (line, parabola)]
    assert [v and v.claim for v in (flat(m, d, 0) for m, d in known)] == [Claim.PROVED, None]


def test_a_closed_formula_knows_no_trials():
    model = nv.as_model("linear(4,2,3)")
    found = dimension_of(model, seed=0, route="theorem")
    assert (found.value, found.at_most, found.ambient) == (10, 10, 12)
    assert found.symmetries is None
    assert found.symmetry_rank is None
    assert found.expected is None
    assert not found.trials
    assert found.value == dimension_of(model, seed=0, route="computed").value


@pytest.mark.parametrize("ask", [nv.ed_degree, nv.ml_degree])
def test_short_searches_leave_a_large_model_alone_whose_span_is_unknown(ask):
    """39 weights and at least 40 coefficients are too many beside other entries, however many more there are."""
    with within(1e9), pytest.raises(nv.ResourceError, match="too many to follow paths"):
        ask(square(39))


def test_records_say_what_entries_say():
    model = nv.as_model("mlp(2,2,1; x^3 + x^2)")
    found, shown = equations_of(model, seed=0), nv.equations("mlp(2,2,1; x^3 + x^2)")
    assert (found.complete, found.claim, found.error_bound) == (shown.value["complete"], shown.claim, None)
    outside = {(0, (2, 0)): Fraction(1), (0, (0, 2)): Fraction(-1), (0, (3, 0)): Fraction(5)}
    assert violation(found.system, outside) == shown.violated(outside)
    whole = degree_of(nv.as_model("linear(5,2,5)"), seed=0)
    assert (whole.value, whole.sure, whole.count, whole.route) == (175, True, None, "theorem")
    at = rank_at_data(nv.as_model("mlp(2,2,1; x^2)"), [[1, 0], [0, 1]], seed=0)
    assert (at.jacobian_rank, at.more_samples, at.ranks) == (2, 1, (1, 2))


def test_what_is_kept_with_a_model_is_not_kept_with_its_copies():
    model = nv.as_model("mlp(2,2,1; x^2)")
    slot = Slot[int]("a number")
    assert model.kept.once(slot, lambda: 7) == 7
    assert model.kept.once(slot, lambda: 8) == 7
    assert model.kept.once(slot, lambda: 8, 3) == 8
    assert dataclasses.replace(model).kept.once(slot, lambda: 9) == 9


def test_inputs_that_are_no_table_are_refused():
    with pytest.raises(nv.DataError, match="one sample a row"):
        exact_inputs(square(2), [1, 2])
