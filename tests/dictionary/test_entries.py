"""Each entry: values by a second route, claims that are earned, evidence that verifies."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

import neurovariety as nv
from another_value import with_value
from neurovariety import Claim
from neurovariety.geometry.exact.expanded_span import exact_span
from neurovariety.geometry.exact.local_algebra import isolated_on_slice
from neurovariety.geometry.exact.points import degree_bounds, rank_error


class TestDimension:
    def test_a_rational_model(self):
        """x -> a x / (b x + c): three parameters, one rescaling."""
        model = nv.as_model(lambda w, x: w[0] * x[0] / (w[1] * x[0] + w[2]), (3,), input_shape=1)
        result = nv.dimension(model)
        assert (result.value, result.claim) == (2, Claim.PROBABILITY)
        assert result.evidence["error_bound"] <= 2**-20

    def test_enough_inputs_for_outputs_of_unequal_weight(self):
        """One output sees a single parameter, the other all the rest: parameters / outputs inputs would be too few."""
        model = nv.as_model(lambda w, x: jnp.stack([w["a"] * x[0], (w["b"] * x).sum()]), {"a": (), "b": (12,)}, input_shape=12)
        assert nv.dimension(model).value == 13

    def test_float_constants_are_said(self):
        model = nv.as_model(lambda w, x: 0.1 * w @ x, (3,), input_shape=3)
        result = nv.dimension(model)
        assert result.value == 3
        assert any("exact binary" in n for n in result.notices)

    def test_a_model_without_parameters_that_matter(self):
        assert nv.dimension(nv.as_model(lambda w, x: x * 1.0 + 0 * w[0], (1,), input_shape=2)).value == 0

    def test_the_bound_of_a_huge_network_is_vacuous_and_that_of_a_small_one_is_not(self):
        """At degrees of 10^7 a trial over 22-bit primes shows nothing, and no number is made up for it."""
        assert rank_error(nv.parse("mlp(3,80,80,80,80,3; x^6)").model, 19360, derivative=True) == 1.0
        small = nv.dimension("mlp(3,5,4; x^2 + x)")
        assert small.claim is Claim.PROBABILITY
        assert small.evidence["error_bound"] <= 2**-20

    def test_verify(self):
        result = nv.dimension("mlp(5,5,3,1; x^2)", seed=3)
        again = result.rerun()
        assert again.value == 32
        assert again.provenance.seed != 3
        assert {t["prime"] for t in again.evidence["trials"]} != {t["prime"] for t in result.evidence["trials"]}

    def test_verify_refuses_a_wrong_value(self):
        wrong = with_value(nv.dimension("mlp(2,2,1; x^2)"), 4)
        with pytest.raises(nv.VerificationError, match="recorded 4"):
            wrong.rerun()

    def test_false_theorem_is_caught(self):
        """A stated bound below the rank is a contradiction, not an answer."""
        model = nv.parse("mlp(2,2,1; x^2)").model
        bad = tuple(dataclasses.replace(t, value=2) for t in model.theorems)
        with pytest.raises(nv.VerificationError):
            nv.dimension(dataclasses.replace(model, theorems=bad))

    def test_false_symmetry_does_not_lower_the_bound(self):
        """A stated symmetry that is not one is not verified, so nothing is proved from it."""
        model = nv.parse("mlp(2,2,1; x^2)").model
        action = model.symmetries[0]
        wrong = dataclasses.replace(action, axes=tuple((b, a, 1) for b, a, _ in action.axes))
        result = nv.dimension(dataclasses.replace(model, symmetries=(wrong,), theorems=()))
        assert result.value == 3
        assert result.evidence["symmetries"]["verified"] == []

    def test_routes(self):
        for notation in ("linear(4,2,3)", "cnn(3,2,2; x^2)", "attention(3,2; a=2; t=2)", "mlp(3,5,1; x^4)"):
            assert nv.dimension(notation, route="theorem").value == nv.dimension(notation, route="computed").value
        with pytest.raises(nv.InputError, match="no closed formula"):
            nv.dimension("attention(2,2,2; a=2; t=2)", route="theorem")
        with pytest.raises(nv.InputError, match="unknown"):
            nv.dimension("linear(2,2)", route="fast")

    def test_memory_estimate_before_starting(self):
        with pytest.raises(nv.ResourceError, match=r"needs about .* GiB"):
            nv.dimension("mlp(3,80,80,80,80,3; x^6)", memory_limit=2**30)

    @pytest.mark.slow
    def test_one_million_is_the_largest_exponent(self):
        assert nv.dimension("mlp(2,2,1; x^1000000)").value == 4


class TestAmbient:
    @pytest.mark.parametrize(
        "notation",
        ["mlp(2,2,1; x^3 + x^2)", "cnn(2,2; x^2)", "attention(2,1; a=1; t=2)", "cnn(2,2; x^2 + x; outputs=2)", "linear(2,1,3)"],
    )
    def test_samples_agree_with_expansion(self, notation):
        """Two routes: rank of sampled values mod p, rank over Q of the expanded coefficients."""
        result = nv.ambient(notation)
        assert result.claim is Claim.PROVED
        assert exact_span(nv.as_model(notation)).dimension == result.value

    def test_too_large_to_compute_is_a_theorem(self):
        result = nv.ambient("mlp(3,80,80,80,80,3; x^6)")
        assert (result.value, result.claim) == (3 * math.comb(6**4 + 2, 2), Claim.PROVED)

    def test_a_rational_model_has_no_finite_answer_to_claim(self):
        """1 / (w x + 1) spans an infinite space: only a lower bound can be given."""
        model = nv.as_model(lambda w, x: 1 / (w[0] * x[0] + 1), (1,), input_shape=1)
        result = nv.ambient(model)
        assert result.claim is Claim.LOWER_BOUND


class TestFibers:
    def test_hidden_directions_lie_in_the_kernel(self):
        result = nv.fibers("mlp(2,2,3,1; x^3)")
        assert result.value == {"dimension": 7, "hidden": 2, "cardinality": None, "identifiable": "no"}
        assert len(result.evidence["hidden_directions"]["directions"]) == 2

    @pytest.mark.parametrize(
        ("notation", "at", "dimension"),
        [
            ("mlp(2,2,1; x^3)", [1, 2, 0, 0, 1, 0], 3),  # a dead neuron
            ("mlp(2,2,1; x^3)", [1, 2, 2, 4, 1, 1], 3),  # proportional neurons
            ("mlp(2,2,1; x^3)", [1, 2, 2, 3, 1, 1], 2),  # generic: the rescalings
            ("attention(2,2; a=1; t=2)", [1] * 8, 2),  # rank-one attention: finitely many further points, no further dimension
            ("linear(2,2,2)", [1, 0, 0, 0, 1, 0, 0, 0], 4),
            ("linear(1,1,1)", [0, 0], 1),  # two lines that cross
        ],
    )
    def test_special_fibers(self, notation, at, dimension):
        result = nv.fibers(notation, at=at)
        assert result.value["dimension"] == dimension
        assert result.claim in (Claim.PROVED, Claim.PROBABILITY)

    def test_isolation_is_decided_in_the_local_ring(self):
        model = nv.as_model(lambda w, x: (w[0] ** 2 + w[1] ** 2) * x[0] + w[0] * w[1] * x[0] ** 2, (2,), input_shape=1)
        origin = (Fraction(0), Fraction(0))
        assert isolated_on_slice(model, origin, 0, 0) is not None
        line = nv.as_model(lambda w, x: w[0] * w[1] * x[0], (2,), input_shape=1)
        assert isolated_on_slice(line, origin, 0, 0) is None
        assert isolated_on_slice(line, origin, 1, 0) is not None

    def test_wrong_weights(self):
        with pytest.raises(nv.InputError, match="6 parameters, got 2"):
            nv.fibers("mlp(2,2,1; x^3)", at=[1, 2])
        with pytest.raises(nv.InputError, match="finite numbers"):
            nv.fibers("linear(1,1)", at=["nan"])


class TestSymmetries:
    @pytest.mark.parametrize(
        ("notation", "dimension"),
        [
            ("linear(2,2,2)", 4),
            ("linear(3,2,3)", 4),
            ("mlp(2,2,2,1; x^2)", 4),
            ("mlp(3,2,2; x^3)", 2),
            ("mlp(2,2,1; x^2; bias)", 2),
            ("mlp(2,2,1; generic(3))", 0),
            ("cnn(3,2; x^2)", 1),
            ("attention(2,2; a=2; t=2)", 5),
        ],
    )
    def test_stated_is_all(self, notation, dimension):
        result = nv.symmetries(notation)
        assert result.value["dimension"] == dimension == result.value["stated"]
        assert result.claim is Claim.PROVED
        assert all(f["verified"] for f in result.evidence["finite"])

    @pytest.mark.parametrize(
        ("notation", "dimension", "stated"),
        [
            ("attention(2,2; a=2; t=1)", 7, 5),
            ("cnn(2,2; x; channels=1,2,1)", 6, 4),
            ("linear(2,1,2,2)", 7, 5),
        ],
    )
    def test_more_than_stated_is_found_and_proved(self, notation, dimension, stated):
        """One token sees only the symmetric part of K^T Q. A two-channel product of one-dimensional filters is a quadratic form in
        the filters. In W3 W2 W1 with a vector W2, W3 can change by v (J W2)^T, J skew, for any v."""
        result = nv.symmetries(notation)
        assert (result.value["dimension"], result.value["stated"]) == (dimension, stated)
        assert result.claim is Claim.PROVED
        assert result.evidence["lower_bound"]["expanded exactly"] == dimension

    @pytest.mark.parametrize(
        "notation", ["mlp(10,10,1; x^2)", "linear(8,8,8)", pytest.param("mlp(3,8,8,2; x^2)", marks=pytest.mark.slow)]
    )
    def test_restricted_ansatz_is_said(self, notation):
        result = nv.symmetries(notation)
        assert "not all" in result.evidence["ansatz"]
        assert result.value["ansatz"] in ("block-diagonal", "axes")
        assert result.value["unstated"] == 0
        assert "all of them are stated" not in result.meaning
        assert "other linear maps were not searched" in result.meaning

    def test_maps_across_blocks_are_found_where_all_are_searched(self):
        """Each column of W_1 may change by S W_2^T, S skew: with m hidden units m^2 + 2 m (m - 1) / 2 dimensions for two inputs. Of
        ``linear(2,27,1)``, with 81 parameters, only the blocks are searched, and m^2 are found."""
        found = nv.symmetries("linear(2,5,1)")
        assert found.value == {"dimension": 45, "stated": 25, "unstated": 20, "orbit_dimension": 13, "ansatz": "all"}
        assert "not searched" not in found.meaning

    def test_orbits(self):
        assert nv.symmetries("linear(2,3,1)").value["orbit_dimension"] == 7


class TestData:
    def test_threshold(self):
        rng = np.random.default_rng(0)
        table = rng.integers(-9, 10, size=(4, 3))
        value = nv.data("mlp(3,3,1; x^2; bias)", table).value
        assert value == {
            "samples": 4, "quadric_rank": 4, "jacobian_rank": 4, "dimension": 10, "determined": "no", "more_samples": 6,
        }  # fmt: skip
        full = np.vstack([table, rng.integers(-9, 10, size=(6, 3))])
        assert nv.data("mlp(3,3,1; x^2; bias)", full).value["determined"] == "yes"

    def test_quadric_rank_does_not_decide_it_with_several_outputs(self):
        """linear(3,1,3) with two samples: the quadric has rank 6, more than the dimension 5, and the data do not determine it."""
        value = nv.data("linear(3,1,3)", [[1, 0, 2], [0, 1, 3]]).value
        assert (value["quadric_rank"], value["jacobian_rank"], value["determined"]) == (6, 4, "no")
        assert value["more_samples"] == 1

    def test_more_samples_is_sharp(self):
        rng = np.random.default_rng(1)
        table = rng.integers(-50, 50, size=(3, 2))
        value = nv.data("mlp(2,3,2; x^3)", table).value
        extra = rng.integers(-50, 50, size=(value["more_samples"], 2))
        assert nv.data("mlp(2,3,2; x^3)", np.vstack([table, extra])).value["determined"] == "yes"
        assert nv.data("mlp(2,3,2; x^3)", np.vstack([table, extra[:-1]])).value["determined"] == "no"

    def test_repeated_samples_count_once(self):
        value = nv.data("mlp(2,2,1; x^2)", [[1, 2]] * 5).value
        assert (value["quadric_rank"], value["jacobian_rank"]) == (1, 1)

    def test_decimals_are_exact(self):
        """0.1, 0.2 and 0.3 are on a line only as exact decimals."""
        exact = [[Fraction("0.1"), Fraction("0.2")], [Fraction("0.2"), Fraction("0.4")]]
        assert nv.data("linear(2,1)", exact).value["quadric_rank"] == 1

    @pytest.mark.parametrize(
        ("table", "message"), [([[1, 2, 3]], "takes 2 inputs"), ([], "at least one row"), ([[np.nan, 1.0]], "not finite")]
    )
    def test_bad_data(self, table, message):
        with pytest.raises(nv.DataError, match=message):
            nv.data("linear(2,1)", table)


class TestResults:
    def test_frozen(self):
        with pytest.raises(dataclasses.FrozenInstanceError):
            nv.dimension("linear(2,2)").value = 3

    def test_wrong_schema(self):
        data = nv.dimension("linear(2,2)").to_dict()
        with pytest.raises(nv.InputError, match="schema"):
            nv.DimensionResult.from_dict(data | {"schema": 99})
        with pytest.raises(nv.InputError, match="entry"):
            nv.AmbientResult.from_dict(data)


def test_error_bound_covers_what_small_primes_miss():
    """Over a field with few elements the rank often falls short; the stated bound must not be smaller than that frequency."""
    from neurovariety.geometry.exact.generic_rank import generic_rank
    from neurovariety.geometry.exact.points import draw_point
    from neurovariety.randomness import generator

    model = nv.parse("mlp(3,2,1; x^2)").model
    bits, short, runs = 5, 0, 400
    for seed in range(runs):
        p, point = draw_point(model, generator(seed, "test"), bits=bits)
        short += generic_rank(model, p, point, 5).rank < 5
    assert short / runs <= rank_error(model, 5, derivative=True, bits=bits)
    assert short > 0, "the test must see some failures"


def test_degree_bounds_of_a_network():
    d = degree_bounds(nv.parse("mlp(2,3,4,1; x^2, x^3)").model)
    assert (d.inputs, d.low, d.parameters) == (6, 6, 10)


class TestClaimsAreNotStrongerThanShown:
    """Each of these was once claimed more strongly than it was shown."""

    def test_special_fiber_over_a_probable_dimension(self):
        """That no fiber is smaller than the generic one needs the dimension from above."""
        at = [1, 2, 3, 4, -5, 6, 7, 8, 1, -3, 2, 5, 3, -2, 4, 1, 6, 7, 2, -9]
        assert nv.dimension("mlp(2,4,3; x^3 + x^2)").claim is Claim.PROBABILITY
        result = nv.fibers("mlp(2,4,3; x^3 + x^2)", at=at)
        assert (result.value["dimension"], result.claim) == (1, Claim.PROBABILITY)
        assert 0 < result.evidence["error_bound"] <= 2**-20

    def test_further_samples_beyond_the_fewest_possible(self):
        """One sample more could suffice for two missing dimensions with three outputs; that it does not is seen, not proved."""
        result = nv.data("linear(3,1,3)", [[1, 2, 3]])
        assert (result.value["more_samples"], result.claim) == (2, Claim.PROBABILITY)
        assert nv.data("mlp(2,2,1; x^2)", [[1, 2]]).claim is Claim.PROVED

    def test_symmetries_with_a_weak_bound(self):
        """Solutions at points of small fields only are an upper bound until they are tested."""
        model = nv.as_model(lambda w, x: w["b"] @ (w["a"] @ x) ** 40, {"a": (6, 5), "b": (2, 6)}, input_shape=5)
        result = nv.symmetries(model)
        assert result.claim is Claim.PROBABILITY
        assert result.evidence["error_bound"] <= 2**-20

    def test_constants_are_exact_in_function_and_derivative(self):
        """1/3 as a constant of JAX's derivative is the 1/3 that the function divides by."""
        model = nv.as_model(lambda w, x: ((w * x) - (w * x).sum() / 3) ** 2, (3,), input_shape=3)
        assert nv.dimension(model).value == 3

    def test_an_empty_product_is_one(self):
        from neurovariety.program import is_invariant
        from neurovariety.symmetry import AxisAction, Kind

        model = nv.as_model(lambda w, x: w * x * jnp.prod((w * 0.0)[:0]), (1,), input_shape=1)
        block = model.blocks[0].name
        assert not is_invariant(model, AxisAction(Kind.TORUS, 1, ((block, 0, 1),), "scaling"))
        assert nv.dimension(model).value == 1
