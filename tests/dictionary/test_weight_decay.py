"""The entry weight-decay: values by hand, equal strengths, agreement with training, options that are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurovariety as nv
from neurovariety import examples
from neurovariety.cli.main import main

TREES = examples.path("trees.csv")


@pytest.fixture(scope="module")
def trees():
    return nv.read_csv(TREES, "volume_ft3")


@pytest.fixture(scope="module")
def found(trees):
    return nv.weight_decay("mlp(2,1,1; x^2)", data=trees, prepare="standardize", strengths=[0.01, 0.02, "3/100"])


def test_points_are_listed_with_index_and_kind(found):
    assert found.claim is nv.Claim.PROBABILITY
    assert (found.value["complex"], found.evidence["morse_sum"], found.evidence["root_bound"] >= 33) == (33, 1, True)
    points = found.evidence["points"]
    real = [p for p in points if p["real"] == "yes"]
    assert (len(points), len(real)) == (33, found.value["real"])
    assert sum(p["kind"] == "minimum" for p in real) == found.value["minima"]
    assert all((p["index"] == 0) == (p["kind"] == "minimum") for p in real)
    assert min(p["objective"] for p in real) == pytest.approx(found.value["least"][0], rel=1e-8)
    assert found.value["global_minimum"] == "probability"


def test_verify_and_seeds(found):
    again = found.rerun(seed=11)
    assert again.value == found.value
    assert again.evidence["strengths"] == found.evidence["strengths"]


def test_training_with_decay_goes_no_lower(found, trees):
    """Gradient flow on the same objective: its best end is the global minimum, and each end is a listed minimum."""
    flows = nv.gradient_flow("mlp(2,1,1; x^2)", data=trees, prepare="standardize", weight_decay=0.02, runs=30)
    equal = nv.weight_decay("mlp(2,1,1; x^2)", data=trees, prepare="standardize", strengths=0.02)
    assert equal.claim is nv.Claim.PROBABILITY
    minima = np.array([p["objective"] for p in equal.evidence["points"] if p["kind"] == "minimum"])
    reached = [b["loss"] for b in flows.evidence["basins"]]
    assert reached
    for loss in reached:
        assert np.abs(minima - loss).min() < 1e-6
    assert min(reached) == pytest.approx(equal.value["least"][0], abs=1e-7)


def test_equal_strengths_of_a_linear_network():
    """Orbits of critical points are no list, and yet the least value is enclosed: 4 - (2 - 0.2)^2."""
    equal = nv.weight_decay("linear(1,2,1)", data=([[1.0]], [[2.0]]), strengths=0.2)
    assert (equal.value["complex"], equal.claim) == (1, nv.Claim.PROBABILITY)
    assert "with an invertible Hessian" in equal.meaning
    assert any("orbits" in n for n in equal.notices)
    low, high = equal.value["least"]
    assert low < 0.76 < high + 1e-12
    assert high < low + 1e-3
    assert equal.verdicts["global_minimum"].claim is nv.Claim.UPPER_BOUND


def test_strengths_may_be_zero_where_the_list_stays_finite():
    """(a b - 2)^2 + a^2 / 10: critical only at a = b = 0, and its least value 0 is approached, not attained."""
    result = nv.weight_decay("linear(1,1,1)", data=([[1.0]], [[2.0]]), strengths=[0.1, 0])
    assert result.value["real"] == 1
    assert (result.value["least"], result.value["global_minimum"]) == (None, "undecided")


@pytest.mark.parametrize(
    ("strengths", "sentence"),
    [
        ([0.1, 0.2, 0.3], "has 2 weights"),
        (-1, "none of them negative"),
        ("much", "a finite number such as 2, 1/3 or 0.5, or a list of these, got 'much'"),
        (["1/0", 1], "got '1/0'"),
        (float("nan"), "finite"),
    ],
)
def test_unusable_strengths(strengths, sentence):
    with pytest.raises(nv.InputError, match=sentence):
        nv.weight_decay("linear(1,1,1)", data=([[1.0]], [[2.0]]), strengths=strengths)


def test_too_many_paths_are_refused(trees):
    with pytest.raises(nv.ResourceError, match="at most 60,000"):
        nv.weight_decay("mlp(2,4,1; x^3)", data=trees, prepare="standardize", strengths=0.1)


def test_command_line(found, capsys):
    options = ["--data", str(TREES), "--target", "volume_ft3", "--prepare", "standardize", "--strengths", "0.01,1/50,0.03", "--json"]
    with pytest.raises(SystemExit) as stopped:
        main(["weight-decay", "mlp(2,1,1; x^2)", *options])
    assert not stopped.value.code
    assert json.loads(capsys.readouterr().out)["value"] == found.value


def test_without_strengths_they_are_drawn_and_said():
    result = nv.weight_decay("linear(1,1,1)", data=([[1.0]], [[2.0]]), seed=3)
    assert any("random ones" in n for n in result.notices)
    assert result.value["complex"] == 5
    assert result.evidence == nv.weight_decay("linear(1,1,1)", data=([[1.0]], [[2.0]]), seed=3).evidence
