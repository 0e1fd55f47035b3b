"""Strata of weights: their maps against their tangents, their functions against smaller networks, orbits against dimensions of Hom."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from neurovariety import MLP, Activation, as_model, dimension
from neurovariety.geometry.strata.facts import linear_rank, sampled_ranks, stratum_facts
from neurovariety.geometry.strata.fiber_families import fiber_families
from neurovariety.geometry.strata.filters import smaller_network
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.rank_profiles import rank_profiles
from neurovariety.linear_algebra import rank

from .exact_values import values

MODELS = [
    "mlp(2,2,1; x^3 + x^2)",
    "mlp(2,3,1; x^3; bias)",
    "mlp(2,2,2; x^2 + x; bias)",
    "mlp(2,2,1; x^4 + x^2)",
    "mlp(2,2,1; x^2 + 1)",
    "mlp(2,2,1; 1/x)",
    "linear(2,2,2)",
    "cnn(2,2; x^2)",
    "cnn(3,3; x)",
    "cnn(2,2; x^2; channels=1,2,1)",
    "attention(2,2; a=2; t=2)",
    "attention(2,2; a=2; t=2; heads=2)",
]


@pytest.mark.parametrize("text", MODELS)
def test_maps_give_the_same_weights_in_floats_and_fractions(text):
    model = as_model(text)
    rng = np.random.default_rng(1)
    for s in weight_strata(model):
        numbers = rng.integers(-3, 4, size=s.parameters)
        exact = s.embed(np.array([Fraction(int(n)) for n in numbers], dtype=object))
        floats = s.embed(numbers.astype(np.float64))
        assert floats.shape == (model.parameters,)
        assert [float(v) for v in exact] == pytest.approx(floats.tolist())


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("seed", range(2))
def test_tangents_are_differences(text, seed):
    """E(s + h e_k) - E(s) to first order in h, by a symmetric difference over the rationals and its limit."""
    model = as_model(text)
    rng = np.random.default_rng(seed)
    p = 1_000_003
    for s in weight_strata(model):
        at = rng.integers(0, p, size=s.parameters)
        tangent = s.tangent(at, p)
        k = int(rng.integers(s.parameters)) if s.parameters else 0
        if not s.parameters:
            continue
        degree = int(s.size[0])
        # The polynomial h -> E(s + h e_k) from its values at h = 0, ..., degree; its linear coefficient by Newton's series.
        shifted = [s.embed(np.array([int(v) + h * (i == k) for i, v in enumerate(at)], dtype=object)) for h in range(degree + 1)]
        linear = [Fraction(0)] * model.parameters
        differences = [[Fraction(v) for v in row] for row in shifted]
        sign = 1
        for order in range(1, degree + 1):
            differences = [[b - a for a, b in zip(u, v, strict=True)] for u, v in pairwise(differences)]
            linear = [c + Fraction(sign, order) * d for c, d in zip(linear, differences[0], strict=True)]
            sign = -sign
        expected = [c.numerator * pow(c.denominator, -1, p) % p for c in linear]
        assert [int(v) % p for v in tangent[:, k]] == expected, (s.name, seed)


@pytest.mark.parametrize("text", MODELS)
def test_functions_over_a_stratum_have_the_dimension_of_the_smaller_network(text):
    model = as_model(text)
    whole = dimension(model).value
    for i, s in enumerate(weight_strata(model)):
        found = stratum_facts(s, 0, i, whole).functions
        network = smaller_network(s)
        if s.small is None:
            assert found == 0, s.name
        elif network is not None:
            assert found == dimension(network).value, s.name


@pytest.mark.parametrize(
    "text", ["mlp(2,3,1; x^3 + x^2)", "mlp(2,2,2,1; x^2)", "mlp(2,2,1; x^2; bias)", "linear(2,2,2)", "cnn(3,2; x^2)"]
)
def test_families_give_the_function_of_their_smaller_network(text):
    """The first parameters are the weights of the smaller network; the others change nothing."""
    model = as_model(text)
    rng = np.random.default_rng(3)
    inputs = rng.integers(-4, 5, size=(4, *model.input_shape))
    for family in fiber_families(model):
        s0 = family[0]
        theta = rng.integers(-3, 4, size=s0.parameters - s0.free)
        results = []
        for s in family:
            extra = rng.integers(-3, 4, size=s.free)
            results.append(values(model, s.embed(np.array([*map(int, theta), *map(int, extra)], dtype=object)), inputs))
        assert all(r == results[0] for r in results), s0.name
        assert values(s0.small, theta, inputs) == results[0], s0.name


def test_what_is_redundant_depends_on_the_activation():
    kinds = {}
    for text in (
        "mlp(2,2,1; x^3)",
        "mlp(2,2,1; x^3 + x^2)",
        "mlp(2,2,1; x^3 + x)",
        "mlp(2,2,1; x^2 + x; bias)",
        "mlp(2,2,1; generic(2); bias)",
    ):
        kinds[text] = [s.name for s in weight_strata(as_model(text)) if s.kind == "redundant"]
    assert kinds["mlp(2,2,1; x^3)"] == ["neurons 1 and 2 proportional"]
    assert kinds["mlp(2,2,1; x^3 + x^2)"] == ["neurons 1 and 2 equal"]
    assert kinds["mlp(2,2,1; x^3 + x)"] == ["neurons 1 and 2 equal", "neurons 1 and 2 equal up to sign"]
    assert kinds["mlp(2,2,1; x^2 + x; bias)"] == ["neurons 1 and 2 proportional"]  # x^2 + x is a shifted square
    assert kinds["mlp(2,2,1; generic(2); bias)"] == ["neurons 1 and 2 equal"]  # its shift is not known


def test_zero_rows_are_inactive_only_where_the_activation_vanishes_at_zero():
    names = [s.name for s in weight_strata(as_model("mlp(2,2,1; x^2 + 1)"))]
    assert "neuron 2 with incoming weights 0" not in names
    assert "neuron 2 with outgoing weights 0" in names
    assert not any("dead" in s.name for s in weight_strata(as_model("mlp(2,2,1; 1/x)")))  # a pole at 0


def test_copies_are_the_arrangements_of_neurons():
    """Zero patterns of 3 neurons, counted by brute force: one dead, two dead; and pairs of equal ones."""
    found = {s.name: s.copies for s in weight_strata(as_model("mlp(2,3,1; x^3 + x^2)"))}
    assert found["neuron 3 dead"] == sum(sum(p) == 1 for p in product((0, 1), repeat=3))
    assert found["neurons 2 and 3 dead"] == sum(sum(p) == 2 for p in product((0, 1), repeat=3))
    assert found["neurons 1 and 2 equal"] == 3
    assert found["neurons 1, 2 and 3 equal"] == 1
    assert found["neuron 3 with outgoing weights 0, neuron 2 with incoming weights 0"] == 6


@pytest.mark.parametrize("widths", [(2, 2, 2), (3, 2, 3), (2, 3, 2), (1, 2, 2, 1), (2, 2, 2, 2)])
def test_orbits_of_linear_networks(widths):
    """Dimensions by Hom of intervals and ranks by flags, against exact ranks at random points; one orbit for each rank array."""
    model = as_model(f"linear({','.join(map(str, widths))})")
    bound = dimension(model).value
    for i, s in enumerate(weight_strata(model)):
        _, at = sampled_ranks(s, np.random.default_rng(i), bound)
        assert (at.dimension, at.rank, at.functions) == linear_rank(s), s.name
    profiles = rank_profiles(widths)
    arrays = {tuple(p.rank(i, j) for i in range(len(widths)) for j in range(i, len(widths))) for p in profiles}
    assert len(arrays) == len(profiles)
    for profile in profiles:
        chain = profile.matrices()
        for i in range(len(widths)):
            for j in range(i + 1, len(widths)):
                m = chain[i]
                for w in chain[i + 1 : j]:
                    m = w @ m
                assert rank(m.astype(np.float64), 101) == profile.rank(i, j)


def test_two_layers_by_the_formula_of_theory():
    """rank J = r1 d2 + r2 d0 - r1 r2 (derivative of W2 W1), whatever the rank of the product."""
    for widths in ((3, 2, 4), (2, 4, 3)):
        for s in weight_strata(as_model(f"linear({','.join(map(str, widths))})")):
            r1, r2 = s.profile.ranks
            assert linear_rank(s)[1] == r1 * widths[2] + r2 * widths[0] - r1 * r2


def test_a_users_function_has_no_strata():
    assert weight_strata(as_model(lambda w, x: w["a"] @ (w["b"] @ x), {"a": (1, 2), "b": (2, 2)}, input_shape=2)) == ()


def test_wide_networks_are_listed_in_no_time():
    assert len(weight_strata(as_model("mlp(10,60,40,3; x^2; bias)"), most=20)) == 20
    mlp = MLP((3, 30, 30, 2), (Activation.monomial(2), Activation.monomial(3)))
    assert weight_strata(mlp.model, most=1)[0].name == "neuron 30 of layer 2 dead"
