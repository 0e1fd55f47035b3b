"""The table of implicit bias: perceptrons are drawn to smaller networks, convolutions are not; figure, JSON, bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, ImplicitBiasResult, InputError, implicit_bias
from neurovariety.dictionary.registry import find
from neurovariety.report.figures import save_figure
from neurovariety.training.bias.flow_ends import FlowEnds


@pytest.fixture(scope="module")
def perceptron():
    return implicit_bias("mlp(3,2,1; x^2)", metric="bombieri", targets=size(20, 40), flow_targets=size(3, 8), runs=size(30, 40))


def rows(found):
    return {row["name"]: row for row in found.value["table"]}


@pytest.mark.slow
def test_perceptrons_are_drawn_to_smaller_networks(perceptron):
    small = rows(perceptron)["mlp(3,1,1; x^2)"]
    assert (small["dimension"], small["singular"], small["critically_exposed"]) == (3, "yes", "yes")
    assert small["best"] == 0  # Eckart and Young: the best fit has full rank
    assert small["flow_low"] > 0.01
    assert perceptron.value["flow_on_smaller"] == small["flow"]
    assert perceptron.claim is Claim.ESTIMATE


def test_a_share_of_no_flows_is_unknown(monkeypatch):
    """Where no flow was followed to an end nothing is known of where they end: not that none ends on a smaller network."""

    def none(model, metric, found, *rest):
        return FlowEnds(0, 0, np.zeros(len(found.pieces), dtype=np.int64))

    monkeypatch.setattr("neurovariety.dictionary.implicit_bias.flow_ends", none)
    found = implicit_bias("linear(2,2,2)", targets=5, flow_targets=1, runs=1)
    assert found.value["flow_on_smaller"] is None
    assert "no gradient flow was followed" in found.meaning
    assert "flow_on_smaller" in found.shown()


def test_runs_that_do_not_converge_end_nowhere(monkeypatch):
    """Flows that are still on their way are no ends: they are counted, and in no share."""

    def few(model, metric, found, *rest):
        on = np.zeros(len(found.pieces), dtype=np.int64)
        on[0] = 3
        return FlowEnds(20, 3, on)

    monkeypatch.setattr("neurovariety.dictionary.implicit_bias.flow_ends", few)
    found = implicit_bias("linear(2,2,2)", targets=5, flow_targets=1, runs=1)
    assert rows(found)["linear(2,2,2)"]["flow"] == 1
    assert (found.evidence["flows"], found.evidence["converged"]) == (20, 3)
    assert "none of the gradient flows that converged ends at one of them" in found.meaning
    assert "of 20 gradient flows 3 converged" in found.meaning
    monkeypatch.setattr(
        "neurovariety.dictionary.implicit_bias.flow_ends",
        lambda model, metric, found, *rest: FlowEnds(20, 0, np.zeros(len(found.pieces), dtype=np.int64)),
    )
    nothing = implicit_bias("linear(2,2,2)", targets=5, flow_targets=1, runs=1)
    assert nothing.value["flow_on_smaller"] is None
    assert "none of 20 gradient flows converged" in nothing.meaning


def test_where_there_is_only_the_function_zero_it_is_spoken_of(monkeypatch):
    """Nothing is said of smaller networks that were compared where none was, nor of limits as of places where flows end."""
    found = implicit_bias("linear(2,1,2)", targets=5, flow_targets=1, runs=2)
    assert found.meaning.startswith("beside the function zero no smaller network was compared; no random target was fit best by the ")
    assert "function zero and no gradient flow that converged ends there (estimates)" in found.meaning
    assert "that was compared" not in found.meaning
    assert "drift" not in found.meaning
    for on, said in (
        (0, "and no gradient flow that converged ends there"),
        (21, "about 50 % of the gradient flows that converged end"),
    ):
        monkeypatch.setattr(
            "neurovariety.dictionary.implicit_bias.flow_ends",
            lambda model, metric, found, *rest, on=on: FlowEnds(48, 42, np.array([on * (p.name == "zero") for p in found.pieces])),
        )
        limits = implicit_bias("mlp(2,1,1; x^2 + x)", targets=3, flow_targets=1, runs=2)
        assert limits.meaning.startswith("beside the function zero and 2 limits of networks no smaller network was compared; ")
        assert said in limits.meaning
        assert "of 48 gradient flows 42 converged" in limits.meaning
        assert "6 of 48 did not converge, and may drift to a limit" in limits.meaning


def test_critically_exposed_is_said_of_what_it_is():
    """Cells of best fits and stationary weights are two things: the words for one are not used of the other, in the text and in
    keys."""
    found = implicit_bias("cnn(2,2; x^2)", targets=5, flow_targets=1, runs=2)
    zero = rows(found)["zero"]
    assert zero["critically_exposed"] == "yes"
    assert "exposed" not in zero
    assert "no smaller network listed is critically exposed, the function zero left aside" in found.meaning
    for text in (found.shown(), found.meaning):
        assert text.count("exposed") == text.count("critically exposed")


@pytest.mark.slow
def test_convolutions_are_not():
    found = implicit_bias("cnn(2,2; x^2)", metric="bombieri", targets=size(20, 40), flow_targets=size(3, 8), runs=size(20, 40))
    assert found.value["best_on_smaller"] == 0
    assert found.value["flow_on_smaller"] < 0.01
    assert "is critically exposed, the function zero left aside" in found.meaning
    node = rows(found)["filters of sizes 1, 1 shifted by 1"]
    assert (node["singular"], node["critically_exposed"]) == ("yes", "no")
    assert all(row["singular"] == "no" for row in found.value["table"] if row["dimension"] == 2)


@pytest.mark.slow
def test_linear_networks_are_exposed_and_never_end_there():
    found = rows(implicit_bias("linear(3,2,3)", targets=size(10, 20), flow_targets=2, runs=size(10, 20)))["linear(3,1,3)"]
    assert (found["singular"], found["critically_exposed"], found["best"], found["flow"]) == ("yes", "yes", 0.0, 0.0)


@pytest.mark.slow
def test_shares_add_up(perceptron):
    for key in ("best", "flow"):
        assert np.isclose(sum(row[key] for row in perceptron.value["table"]), 1)


@pytest.mark.slow
def test_figure_and_json(perceptron, tmp_path):
    save_figure(find("implicit-bias"), perceptron, str(tmp_path / "drawn.svg"))
    assert "ends of gradient flow" in (tmp_path / "drawn.svg").read_text()
    again = ImplicitBiasResult.from_dict(json.loads(json.dumps(perceptron.to_dict())))
    assert again.value == perceptron.to_dict()["value"]


def test_bad_input():
    with pytest.raises(InputError, match="metric 'data' is unknown"):
        implicit_bias("linear(2,1,2)", metric="data")
    with pytest.raises(InputError, match="number of runs"):
        implicit_bias("linear(2,1,2)", runs=0)
    with pytest.raises(InputError, match="number of targets of flows"):
        implicit_bias("linear(2,1,2)", flow_targets=-3)
    with pytest.raises(InputError, match="scale of the targets"):
        implicit_bias("linear(2,1,2)", scale=float("nan"))
    with pytest.raises(InputError, match="no strata of smaller networks"):
        implicit_bias("diagonal(3; layers=2)")
