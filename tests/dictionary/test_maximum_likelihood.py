"""Critical points of cross-entropy: against closed forms, ML degrees, expectation maximization, and input that cannot be used."""

from __future__ import annotations

import dataclasses
import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, DataError, InputError, MaximumLikelihoodResult, maximum_likelihood, ml_degree
from neurovariety.training.critical.cross_entropy import cross_entropy_stage

THREE_CAUSES = "30*x0 + 5*x1 + 5*x2; 4*x0 + 25*x1 + 6*x2; 6*x0 + 5*x1 + 28*x2"


def as_text(table) -> str:
    return "; ".join(" + ".join(f"{n}*x{k}" for k, n in enumerate(row)) for row in table)


def table_of(point, n=3):
    """The coefficient of x_j in output i; coefficients come in the order of exponents, so the last input first."""
    return point.probabilities.reshape(n, n)[:, ::-1]


def entropy(counts, p) -> float:
    return float(-(counts * np.log(p)).sum() / counts.sum())


def mixture(counts, causes, rng, steps=4000):
    """Expectation maximization for mixtures of independent pairs: the table it ends at."""
    rows, columns = counts.shape
    share, left, right = (rng.dirichlet(np.ones(n), size) for n, size in ((causes, None), (rows, causes), (columns, causes)))
    for _ in range(steps):
        joint = share[:, None, None] * left[:, :, None] * right[:, None, :]
        joint = joint / joint.sum(axis=0) * counts
        share = joint.sum(axis=(1, 2)) / counts.sum()
        left, right = (joint.sum(axis=k) / joint.sum(axis=(1, 2))[:, None] for k in (2, 1))
    return (share[:, None, None] * left[:, :, None] * right[:, None, :]).sum(axis=0)


@pytest.mark.parametrize("seed", range(3))
def test_independence_is_the_product_of_margins(seed):
    counts = np.random.default_rng(seed).integers(1, 30, (3, 3))
    found = maximum_likelihood("linear(3,1,3)", counts=as_text(counts), seed=seed)
    p = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum() ** 2
    assert (found.value["complex"], found.value["minima"], found.value["global_minimum"]) == (1, 1, "complete")
    assert np.allclose(table_of(found.points[0]), p, atol=1e-10)
    assert found.value["least"] == pytest.approx(entropy(counts, p), abs=1e-10)


def test_counts_have_no_unit():
    """The answer is that of their proportions, to the last digit."""
    counts = "{0}*3*x0+{0}*2*x1; {0}*x0+{0}*5*x1"
    found = [
        maximum_likelihood("linear(2,1,2)", counts=counts.format(unit)) for unit in ("1", "1/1" + "0" * 15, "7/3", "1" + "0" * 100)
    ]
    assert len({json.dumps(f.value) for f in found}) == 1
    assert (found[0].value["complex"], found[0].value["global_minimum"], found[0].claim) == (1, "complete", Claim.COMPLETE)
    assert found[0].value["least"] == pytest.approx(1.34449, abs=1e-5)
    assert found[1].evidence["counts"] == [2e-15, 3e-15, 5e-15, 1e-15]


def test_counts_of_data_have_no_unit():
    inputs, counts = [[1, 2], [2, 1], [1, 1]], np.array([[3, 4], [1, 2], [5, 1]], dtype=object)
    found = [maximum_likelihood("linear(2,1,2)", data=(inputs, counts * unit)) for unit in (1, Fraction(1, 10**200), 10**20)]
    assert len({json.dumps(f.value) for f in found}) == 1
    assert found[0].value["complex"] == 1


def test_smoothing_is_in_the_unit_of_the_counts():
    found = maximum_likelihood("linear(2,1,2)", counts="3*x0; x0 + 5*x1", smoothing=0.5)
    assert found.evidence["counts"] == [0.5, 3.5, 5.5, 1.5]
    assert found.value == maximum_likelihood("linear(2,1,2)", counts="7*x0 + x1; 3*x0 + 11*x1").value


def test_a_model_that_fills_its_space_fits_the_counts():
    found = maximum_likelihood("linear(2,2,2)", counts="1*x0 + 2*x1; 3*x0 + 4*x1")
    assert np.allclose(table_of(found.points[0], 2), [[0.1, 0.2], [0.3, 0.4]], atol=1e-12)
    assert found.value["global_minimum"] == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("text", ["linear(3,2,3)", "mlp(3,2,1; x^2)"])
def test_random_counts_have_as_many_points_as_the_ml_degree_says(text):
    expected = ml_degree(text).value
    for seed in range(size(2, 10)):
        found = maximum_likelihood(text, seed=seed)
        assert (found.value["complex"], found.claim, found.value["global_minimum"]) == (expected, Claim.COMPLETE, "complete"), seed
        assert found.value["positive"] <= found.value["real"] <= expected
        assert (expected - found.value["real"]) % 2 == 0


@pytest.mark.slow
@pytest.mark.parametrize("counts", [[[30, 5, 5], [4, 25, 6], [6, 5, 28]], [[9, 4, 2], [1, 8, 3], [5, 2, 7]]])
def test_expectation_maximization_ends_at_listed_minima(counts):
    """Nonnegative tables of rank 2 are mixtures of two, so every end inside is a local minimum, and the best end the global one."""
    counts = np.array(counts, dtype=float)
    found = maximum_likelihood("linear(3,2,3)", counts=as_text(counts))
    minima = [p for p in found.points if p.kind == "minimum"]
    rng = np.random.default_rng(0)
    least = np.inf
    for _ in range(20):
        p = mixture(counts, 2, rng)
        least = min(least, entropy(counts, p))
        if p.min() > 1e-6:
            assert min(np.abs(p - table_of(q)).max() for q in minima) < 1e-4
    assert found.value["least"] == pytest.approx(least, abs=1e-7)
    assert found.value["global_minimum"] == "complete"


@pytest.mark.slow
def test_three_ways_to_put_causes_together():
    found = maximum_likelihood("linear(3,2,3)", counts=THREE_CAUSES)
    assert (found.value["complex"], found.value["real"], found.value["minima"], found.value["at_subnetworks"]) == (10, 6, 3, 1)
    assert [p.index for p in found.points if p.positive and not p.stratum] == [0, 0, 0, 1, 1, 1]
    for point in found.points:
        if point.positive:
            assert point.certified
            assert point.weights is not None
    assert found.rerun(seed=3).value["least"] == pytest.approx(found.value["least"])
    again = MaximumLikelihoodResult.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert again.value == found.value
    assert again.options == found.options
    without_data = dataclasses.replace(again, options={k: v for k, v in again.options.items() if k != "data"})
    with pytest.raises(InputError, match="a maximum-likelihood read back from JSON does not hold the data"):
        without_data.rerun()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(size(1, 6)))
def test_symmetric_counts(seed):
    """Three minima are images of each other, and one of them lies where weights of a simple chart diverge: all are found."""
    found = maximum_likelihood("linear(3,2,3)", counts="4*x0 + 2*x1 + 2*x2; 2*x0 + 4*x1 + 2*x2; 2*x0 + 2*x1 + 4*x2", seed=seed)
    assert (found.value["complex"], found.value["positive"], found.value["minima"]) == (10, 6, 3)
    assert (found.claim, found.value["global_minimum"]) == (Claim.COMPLETE, "complete")
    minima = [p.probabilities.reshape(3, 3)[:, ::-1] for p in found.points if p.kind == "minimum"]  # x2, x1, x0
    for chosen in itertools.permutations(range(3)):  # the counts are the same in every order of rows and columns alike
        assert all(any(np.allclose(p[np.ix_(chosen, chosen)], q) for q in minima) for p in minima)


def test_outputs_as_scores_of_classes():
    """At every critical point the gradient in all weights vanishes, by finite differences."""
    inputs, seen = np.array([[1.0, 2], [2, 1], [1, 1], [3, 1]]), np.array([[8.0, 2], [3, 7], [5, 4], [2, 9]])
    found = maximum_likelihood("linear(2,2,2)", data=(inputs, seen))
    assert found.claims["complex"].claim is Claim.COMPLETE
    assert found.value["complex"] == ml_degree("linear(2,2,2)", data=inputs).value

    def loss(w):
        outputs = inputs @ (w[4:].reshape(2, 2) @ w[:4].reshape(2, 2)).T
        p = outputs / outputs.sum(axis=1, keepdims=True)
        return entropy(seen, p) if (outputs > 0).all() else np.inf

    best = min((p for p in found.points if p.weights is not None), key=lambda p: p.cross_entropy)
    assert loss(best.weights) == pytest.approx(best.cross_entropy)
    steps = 1e-5 * np.eye(8)
    assert max(abs(loss(best.weights + s) - loss(best.weights - s)) / 2e-5 for s in steps) < 1e-6


def test_fewer_regular_ends_than_for_general_counts_are_a_lower_bound():
    """Where all counts are equal some of the ten points come together."""
    found = maximum_likelihood("linear(3,2,3)", counts="x0 + x1 + x2; x0 + x1 + x2; x0 + x1 + x2")
    assert found.value["complex"] < 10
    assert found.claims["complex"].claim is Claim.LOWER_BOUND
    assert found.value["global_minimum"] == "upper_bound"


@pytest.mark.parametrize("text", ["linear(2,1,2)", "linear(3,2,3)", "mlp(2,2,1; x^2)", "mlp(2,1,1; x^3)", "mlp(2,2,1; x^4)"])
@pytest.mark.parametrize("seed", range(2))
def test_descents_end_at_the_least_listed(text, seed):
    found = maximum_likelihood(text, seed=seed)
    assert found.evidence["contradiction"] is None
    assert found.evidence["falsifier"]["least"] == pytest.approx(found.value["least"], abs=1e-6)


def test_a_better_network_contradicts_the_lists(monkeypatch):
    """With the best distributions left out of a complete list descents find them."""
    import neurovariety.dictionary.maximum_likelihood as entry

    whole = maximum_likelihood("linear(3,2,3)", counts=THREE_CAUSES)

    def without_best(*arguments, **options):
        stage = cross_entropy_stage(*arguments, **options)
        return dataclasses.replace(stage, points=tuple(p for p in stage.points if p.kind != "minimum"))

    monkeypatch.setattr(entry, "cross_entropy_stage", without_best)
    found = maximum_likelihood("linear(3,2,3)", counts=THREE_CAUSES)
    assert found.evidence["contradiction"] == "a descent found a better network than any listed"
    assert found.value["least"] == pytest.approx(whole.value["least"], abs=1e-9)
    assert (found.claims["complex"].claim, found.value["global_minimum"]) == (Claim.UNDECIDED, "upper_bound")


def test_each_list_has_a_claim():
    found = maximum_likelihood("mlp(2,2,1; x^4)")
    assert found.value["global_minimum"] == "upper_bound"
    assert (found.claims["complex"].claim, found.claims["least"].claim) == (Claim.COMPLETE, Claim.UPPER_BOUND)
    assert found.claim is Claim.UPPER_BOUND


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(DataError, match=r"the count of x1 in output 0 is 0; expected a positive number.*smoothing"):
        maximum_likelihood("linear(2,1,2)", counts="3*x0; 2*x1")
    with pytest.raises(DataError, match=r"is -1; expected a positive number"):
        maximum_likelihood("linear(2,1,2)", counts="3*x0 - x1; x0 + 2*x1")
    with pytest.raises(InputError, match="x0\\^2 in output 1 has a count"):
        maximum_likelihood("linear(2,1,2)", counts="3*x0 + x1; x0^2 + x0 + 2*x1")
    with pytest.raises(InputError, match="give one distribution"):
        maximum_likelihood("mlp(1,1,1; x^2)")
    with pytest.raises(InputError, match="at least two"):
        maximum_likelihood("mlp(2,2,1; x^2)", data=([[1.0, 2]], [[1.0]]))
    with pytest.raises(InputError, match="give one of them"):
        maximum_likelihood("linear(2,1,2)", counts="x0; x1", data=([[1.0, 2]], [[1.0, 2]]))
    for wrong in (-1.0, float("inf"), float("nan")):
        with pytest.raises(InputError, match="smoothing is a number"):
            maximum_likelihood("linear(2,1,2)", smoothing=wrong)
    assert maximum_likelihood("linear(2,1,2)", counts="3*x0; 2*x1", smoothing=0.5).value["global_minimum"] == "complete"
