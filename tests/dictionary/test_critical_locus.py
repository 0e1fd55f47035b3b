"""Ranks on the critical locus: published coranks, closed formulas, floating-point singular values as a second route."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety import Claim, InputError, as_model, critical_locus
from neurovariety.certificates.issue import weakly
from neurovariety.geometry.strata.known_strata import weight_strata


def shared(found):
    return [s["rank"] for s in found.value["strata"] if s["kind"] == "shared root"]


@pytest.mark.parametrize("seed", range(2))
def test_common_roots_of_two_filters(seed):
    """THEORY 3.6: sizes 3 and 4, ranks 6, 5, 4 for a gcd of degree 0, 1, 2."""
    found = critical_locus("cnn(3,4; x)", seed=seed)
    assert [found.value["rank"], *shared(found)] == [6, 5, 4]
    assert found.value["complete"] is True
    assert (found.value["dimension"], found.value["codimension"]) == (6, 1)


def test_common_roots_of_three_filters():
    """THEORY 3.6: pairwise and all: here the generic rank of cnn(3,2,2; x) is 5, then 4, then 3."""
    found = critical_locus("cnn(3,2,2; x)")
    ranks = {s["name"]: s["rank"] for s in found.value["strata"] if s["kind"] == "shared root"}
    assert found.value["rank"] == 5
    assert {ranks[f"filters {a} and {b} with a common root"] for a, b in ((1, 2), (1, 3), (2, 3))} == {4}
    assert ranks["filters 1, 2 and 3 with a common root"] == 3


def test_strides_spread_the_common_factor():
    """With stride 2 the filters p(x) and q(x^2) meet where p has the factor g(x^2) and q has g(x)."""
    found = critical_locus("cnn(3,2; x; strides=2,1)")
    assert shared(found) == [3]
    assert found.value["rank"] == 4
    assert found.value["complete"] is False


def jacobian_rank(model, weights):
    """Numerical rank of the derivative of the values at many inputs, by central differences of an exactly multilinear function."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((30, *model.input_shape))

    def value(w):
        tree = {b.name: w[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks}
        return np.concatenate([np.asarray(model.function(tree, x, np.zeros(0))).reshape(-1) for x in inputs])

    columns = [(value(weights + e) - value(weights - e)) / 2 for e in np.eye(len(weights))]
    return np.linalg.matrix_rank(np.array(columns).T, tol=1e-3)


@pytest.mark.parametrize("text", ["linear(3,2,3)", "linear(2,3,2)"])
def test_linear_strata_in_floating_point(text):
    model = as_model(text)
    found = critical_locus(text)
    assert found.claim is Claim.PROVED
    assert found.value["complete"] is True
    rng = np.random.default_rng(5)
    for stratum, row in zip(weight_strata(model), found.value["strata"], strict=True):
        weights = stratum.embed(rng.standard_normal(stratum.parameters))
        assert jacobian_rank(model, weights) == row["rank"], row["name"]


@pytest.mark.parametrize("text", ["linear(2,2,2)", "mlp(2,2,2; x)", "mlp(2,2,2; 3*x)", "sequence(linear(2,2); linear(2,2))"])
def test_slopes_and_notations_change_no_stratum(text):
    value = critical_locus(text).value
    assert (value["dimension"], value["codimension"], len(value["strata"])) == (6, 2, 9)


def test_subnetworks_of_the_small_example_are_critical():
    found = critical_locus("mlp(2,2,1; x^3 + x^2)")
    assert found.value["rank"] == 6
    assert all(s["corank"] > 0 for s in found.value["strata"])
    assert found.value["complete"] is False  # no theorem says that there is nothing else
    assert found.claim is Claim.PROBABILITY
    assert {s["rank"] for s in found.value["strata"] if s["kind"] == "inactive"} == {3}
    assert critical_locus("mlp(2,2,1; x^3 + x^2)", seed=9).value["strata"] == found.value["strata"]


def test_polynomial_convolutions_are_immersed_off_zero():
    """Shahverdi et al. 2025: padded filters are not critical, only zero filters are."""
    found = critical_locus("cnn(3,2,2; x^2)")
    assert found.value["complete"] is True
    for s in found.value["strata"]:
        assert (s["corank"] > 0) == (s["kind"] == "zero"), s["name"]


def test_samples_never_exceed_the_generic_rank():
    found = critical_locus("mlp(2,3,2; x^2)")
    assert found.value["sampled"]
    assert max(map(int, found.value["sampled"])) <= found.value["rank"]
    assert sum(found.value["sampled"].values()) == 40


def test_a_model_without_known_strata_is_sampled():
    found = critical_locus("diagonal(3; layers=2)")
    assert found.value["strata"] == []
    assert found.value["dimension"] is None
    assert found.value["complete"] is False


def test_bad_input():
    with pytest.raises(InputError, match="at least 1"):
        critical_locus("linear(2,2,2)", most=0)


def test_what_was_seen_at_weights_is_no_none():
    found = critical_locus("sequence(linear(2,1); residual(mlp(1,1,1; x^2)))")
    assert "was seen to fall to 2 of 3" in found.meaning
    assert found.shown() == "drops at some weights that were drawn"
    assert replace(found, value={**found.value, "sampled": {"3": 40}}, claims=weakly("critical-locus", Claim.ESTIMATE, "")).shown() == (
        "none known"
    )


def test_ranks_that_were_seen_below_those_of_strata():
    """x^2 + x with one unit: at weights 0 alone nothing remains, and no stratum looked at has rank 0."""
    found = critical_locus("mlp(2,1,1; x^2 + x)")
    assert min(s["rank"] for s in found.value["strata"]) == 1
    assert "at sparse random weights the rank was seen to fall to 0, below that on any stratum looked at" in found.meaning
    assert "was seen to fall" not in critical_locus("mlp(2,2,1; x^2)").meaning


def test_one_set_of_weights_is_listed_once():
    """Units without biases whose rows are proportional make a layer of rank 1."""
    for text, names in (
        ("mlp(2,3,2; x^2)", {"neurons 1, 2 and 3 proportional"}),
        ("mlp(3,3,1; x^2)", {"neurons 1, 2 and 3 proportional", "layer 1 of rank 2"}),
        ("mlp(2,2,2; x^2; bias)", {"neurons 1 and 2 proportional", "layer 1 of rank 1", "layer 2 of rank 1"}),
    ):
        listed = {s["name"] for s in critical_locus(text).value["strata"]}
        assert names <= listed
        assert ("layer 1 of rank 1" in listed) is ("layer 1 of rank 1" in names)
