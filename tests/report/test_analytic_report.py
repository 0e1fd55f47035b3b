"""Reports of networks with smooth activations: which rows there are, and what is refused."""

from __future__ import annotations

import json

import pytest

import neurovariety as nv
from neurovariety.beyond.analytic.reading import ANSWERED, read_analytic
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.report.analytic_subject import DEGREES
from neurovariety.report.page import page

WEIGHTS = {"W1": [["1/2", "1/3"], ["-1", "1/4"]], "b1": ["1/5", 0], "W2": [["1/2", "-1/3"]], "b2": [0]}


def stored(tmp_path, activation):
    path = tmp_path / "network.json"
    path.write_text(json.dumps({"architecture": f"mlp(2,2,1; {activation}; bias)", "weights": WEIGHTS}))
    return path


def test_rows_of_a_notation():
    report = nv.build_report("mlp(2,2,1; tanh; bias)", seed=3)
    assert [r.entry.name for r in report.rows] == list(ANSWERED) == list(report.asked)
    assert all(str(r.result.claim) == "proved" and r.result.provenance.seed == 3 for r in report.rows)
    assert (report.parameters, report.inputs, report.outputs) == (9, 2, 1)
    assert "transcendental" in report.to_dict()["left_out"]
    assert "transcendental" in page(report)
    assert not any("needs data" in said.sentence for said in report.opening)


def test_rows_of_a_trained_network(tmp_path):
    report = nv.build_report(stored(tmp_path, "gelu"))
    assert [r.entry.name for r in report.rows] == [*ANSWERED, *["approximate"] * len(DEGREES)]
    errors = [r.result.value["error"] for r in report.rows[len(ANSWERED) :]]
    assert errors == sorted(errors, reverse=True)
    assert report.rows[0].result.value == 9


def test_attention():
    report = nv.build_report("attention(2,1; a=1; t=2; softmax)")
    assert report.rows[0].result.value == 5
    assert (report.inputs, report.outputs) == (4, 2)
    assert "softmax" in report.left_out
    assert "linear(2,1)" in nv.build_report("attention(2,1; a=1; t=1; softmax)").left_out


def test_entries_that_answer_are_those_that_are_named():
    """No other entry takes such a notation."""
    network = "mlp(1,1,1; tanh)"
    assert read_analytic(network) is not None
    for entry in ENTRIES:
        if entry.name in ANSWERED:
            assert entry.load()(network).value is not None
    assert all(find(name) is not None for name in ANSWERED)


def test_what_is_refused(tmp_path):
    from neurovariety import examples

    with pytest.raises(nv.InputError, match="smooth activations"):
        nv.build_report(stored(tmp_path, "elu"))
    with pytest.raises(nv.InputError, match="leave out --data"):
        nv.build_report("mlp(2,2,1; tanh)", examples.trees())
    with pytest.raises(nv.InputError, match=r"nowhere\.json"):
        nv.build_report(tmp_path / "nowhere.json")
