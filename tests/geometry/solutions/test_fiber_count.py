"""Points of generic fibers counted by following paths, against theorems; functions left by samples, against degrees."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, InputError, as_model, fibers, sample_complexity
from neurovariety.geometry.solutions.orbits import Orbits
from neurovariety.geometry.solutions.scales import Scales, scales_of
from neurovariety.symmetry import Kind

BOTH = [
    ("mlp(2,2,1; x^3)", 1),
    ("mlp(2,2,1; x^4)", 1),
    ("mlp(2,3,1; x^5)", 1),
    ("mlp(3,2,1; x^3)", 1),
    ("mlp(2,2,2; x^2)", 1),
    ("mlp(2,2,2; x^3)", 1),
    ("linear(3,2,3)", 1),
    ("linear(2,2,2,2)", 1),
    ("cnn(2,2; x^2)", 1),
    ("cnn(2,2,2; x^2)", 1),
    ("cnn(3,2; x)", 3),
    ("cnn(2,2,2; x)", 6),
    ("tt(2,2,2; ranks=2,2)", 1),
    ("cp(2,2,2; rank=2)", 1),
]


@pytest.mark.parametrize(("text", "count"), BOTH)
@pytest.mark.parametrize("seed", range(3))
def test_counts_agree_with_theorems(text, count, seed):
    computed = fibers(text, route="computed", seed=seed)
    assert (computed.value["cardinality"], computed.claim) == (count, Claim.COMPLETE)
    assert computed.value["identifiable"] == ("generic" if count == 1 else "no")  # paths see no orbits that are smaller
    theorem = fibers(text, route="theorem")
    assert (theorem.value["cardinality"], theorem.value["identifiable"]) == (count, "yes" if count == 1 else "no")
    assert theorem.claim is Claim.PROVED


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("mlp(2,2,1; x^3 + x^2)", 1),
        ("cnn(2,2; x^2 + x)", 1),
        ("attention(2,2; a=2; t=2)", 1),
        ("attention(2,1; a=1; t=2)", 2),  # V = u v^T and A = k q^T of rank one: v and k may be exchanged
    ],
)
def test_counts_where_no_theorem_does(text, count):
    found = fibers(text)
    assert (found.value["cardinality"], found.claim) == (count, Claim.COMPLETE)
    assert found.evidence["counted"]["graph"]["trace_test"]["margin"] > 1e4
    assert ("weights" in found.evidence["counted"]) == (count > 1)
    assert found.evidence["theorems"] == [t for t in found.evidence["theorems"] if t["source"]]


def test_a_dense_orbit_is_not_the_fiber():
    """Weights of a general linear form with W_1 of rank two and of rank one, which no change of basis carries to each other."""
    found = fibers("linear(2,3,1)")
    assert (found.value["cardinality"], found.value["identifiable"]) == (1, "generic")
    assert "smaller orbits are not excluded" in found.evidence["scope"]
    assert "one orbit of weights lies over a general function" in found.meaning
    dense, small = (fibers("linear(2,3,1)", at=[1, 2, 0, k, 0, 0, 1, 0, 0]) for k in (1, 0))
    assert dense.value["dimension"] == small.value["dimension"] == dense.evidence["orbit_dimension"] == 7
    assert small.evidence["orbit_dimension"] == 5


def test_a_finite_fiber_has_no_smaller_orbits():
    found = fibers("mlp(2,2,1; x^3 + x^2)")
    assert (found.value["dimension"], found.value["identifiable"], found.claim) == (0, "yes", Claim.COMPLETE)


def test_the_extra_weights_compute_one_function():
    found = fibers("attention(2,1; a=1; t=2)")
    model = as_model("attention(2,1; a=1; t=2)")
    weights = [np.array([complex(t.replace("i", "j")) for t in row]) for row in found.evidence["counted"]["weights"]]
    assert len(weights) == 2
    rng = np.random.default_rng(0)
    for _ in range(3):
        x = rng.normal(size=model.input_shape)
        values = [np.asarray(_attention(w, x)) for w in weights]
        assert np.abs(values[0] - values[1]).max() < 1e-6 * np.abs(values[0]).max()


def _attention(w, x):
    """X -> V X X^T K^T Q X for d = 2, one output, a = 1: K, Q of shape (1, 2), V of shape (1, 2)."""
    k, q, v = w[:2][None], w[2:4][None], w[4:][None]
    return v @ x @ x.T @ k.T @ q @ x


@pytest.mark.parametrize(
    "text",
    ["mlp(2,2,1; x^3)", "mlp(2,3,2,1; x^2)", "linear(3,2,2,3)", "attention(3,2; a=2; t=2)", "cnn(2,2; x^2)", "tt(2,2,2; ranks=2,2)"],
)
def test_orbits(text):
    """A random element of the stated group leads to the same orbit; a random point lies on another."""
    model, rng = as_model(text), np.random.default_rng(3)
    orbits = Orbits(model)
    assert orbits.decides
    w = rng.normal(size=model.parameters) + 1j * rng.normal(size=model.parameters)
    moved = w
    for action in model.symmetries:
        moved = _moved(action, orbits.places, moved, rng)
    assert orbits.same(w, moved)
    assert orbits.labels(np.array([w, moved])) == (0, 0)
    assert not orbits.same(w, w * (1 + 0.1 * rng.normal(size=w.shape)))


def _moved(action, places, w, rng):
    size = action.size
    match action.kind:
        case Kind.TORUS:
            t = rng.normal(size=size) + 1j * rng.normal(size=size)
        case Kind.GENERAL_LINEAR:
            g = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
        case Kind.PERMUTATION:
            order = rng.permutation(size)
    out = w.copy()
    for block, axis, weight in action.axes:
        here = places[block]
        values = out[here]
        if axis is None:
            out[here] = values * t[0] ** weight
            continue
        first = np.moveaxis(values, axis, 0)
        match action.kind:
            case Kind.TORUS:
                first = first * (t**weight).reshape(-1, *[1] * (first.ndim - 1))
            case Kind.GENERAL_LINEAR:
                first = np.tensordot(g if weight > 0 else np.linalg.inv(g).T, first, 1)
            case Kind.PERMUTATION:
                first = first[order]
        out[here] = np.moveaxis(first, 0, axis)
    return out


def test_bad_route():
    with pytest.raises(InputError, match="route 'x' is unknown"):
        fibers("mlp(2,2,1; x^2)", route="x")


@pytest.mark.parametrize(
    ("text", "finite", "functions"),
    [
        ("mlp(2,2,1; x^2)", 3, {"3": 1}),  # fills its space: as many samples as coefficients
        ("mlp(2,2,1; x^4)", 4, {"4": 3, "5": 1}),  # the degree of the hypersurface, then one
        ("mlp(2,2,1; x^5)", 4, {"4": 6, "5": 1}),
        ("mlp(3,2,1; x^2)", 5, {"5": 3, "6": 1}),
        ("mlp(3,2,1; x^3)", 6, {"6": 15, "7": 1}),
        ("linear(3,2,3)", 3, {"3": 1}),
        ("linear(2,1,2)", 2, {"2": 1}),
        ("cnn(2,2; x^2)", 3, {"3": 4, "4": 1}),
        ("attention(2,1; a=1; t=2)", 3, {"3": 1}),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_samples(text, finite, functions, seed):
    found = sample_complexity(text, seed=seed)
    assert found.value == {"finite": finite, "unique": int(max(functions)), "functions": functions}
    assert found.claim is (Claim.PROVED if text == "mlp(2,2,1; x^2)" else Claim.COMPLETE)


def test_samples_of_a_large_model():
    found = sample_complexity("mlp(5,6,5,3; x^2)")
    assert found.value == {"finite": 22, "unique": None, "functions": {}}
    assert found.claim is Claim.PROVED
    assert "counted up to dimension 10" in found.evidence["reason"]


@pytest.mark.parametrize("text", ["mlp(3,2,1; 1000*x^2)", "mlp(3,2,1; x^2/1000)"])
def test_units_of_weights_and_outputs_do_not_matter(text):
    """These are mlp(3,2,1; x^2) with other weights, where symmetric matrices of rank 2 have degree 3."""
    assert scales_of(as_model(text)).apart < 4
    found = sample_complexity(text, seed=0)
    assert found.value == {"finite": 5, "unique": 6, "functions": {"5": 3, "6": 1}}
    assert found.claim is Claim.COMPLETE
    assert found.evidence["last_count"]["weights_over_a_value"] > 0


def test_weights_of_other_units_are_told_in_the_units_of_the_model():
    """Over v (1000 (u x)^3 + u x) lie (u, v) and (-u, -v), where 1000 u^2 is the quotient of the coefficients."""
    found = fibers("mlp(1,1,1; 1000*x^3 + x)", route="computed")
    (u, v), other = ([complex(z.replace("i", "j")) for z in w] for w in found.evidence["counted"]["weights"])
    assert other == pytest.approx([-u, -v])
    assert abs(u) < 0.3 < abs(v)


def in_jax(w, x):
    h = w[0] * x[0] + w[1] * x[1]
    return (w[2] * (1e14 * h**4 + 1e-3 * h**2))[None]


@pytest.mark.parametrize(
    ("model", "count"),
    [
        ("mlp(2,1,1; 10000000000*x^4 + x^2)", 2),
        ("mlp(2,2,1; 1000000000000*x^4 + x^2)", 4),
        ("mlp(2,1,1; 1000000007*x^3 + 1/1000000007)", 3),
        (as_model(in_jax, (3,), input_shape=2), 2),
    ],
)
def test_weights_far_below_others_are_no_zeros(model, count):
    """v (c h^4 + h^2) is unchanged under h -> -h, one neuron each, and v (c h^3 + d) under h -> z h where z^3 = 1. In odd units the
    weights of one layer are 10^-9 of those of the other, and orbits of different signs once were held for one."""
    for seed in range(size(1, 20)):
        found = fibers(model, route="computed", seed=seed)
        assert (found.value["cardinality"], found.claim) == (count, Claim.COMPLETE), seed


def test_what_no_units_bring_together_is_named():
    """In weights (u, v) the middle term of v (u^3 + 1000 u^2 + u) is 1000 times the geometric mean of the others."""
    model = as_model("mlp(2,1,1; x^3 + 1000*x^2 + x)")
    assert scales_of(model) == Scales((Fraction(1),) * 3, (Fraction(1),), 1000.0)
    found = sample_complexity(model, seed=0)
    assert found.value == {"finite": 3, "unique": None, "functions": {}}
    assert "more than a factor 100 apart" in found.evidence["reason"]
    assert found.evidence["reason"] in found.notices[-1]
