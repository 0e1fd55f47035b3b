"""Reports of trained ReLU networks: which rows there are, with data and without."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.report.page import page
from neurovariety.report.piecewise_subject import INPUTS

WEIGHTS = {"W1": [["1/2", "1/3"], ["-1", "1/4"], [1, 1]], "b1": ["1/5", 0, -1], "W2": [["1/2", "-1/3", 2]], "b2": ["-1/4"]}
ROWS = ["regions", "tropical", "functional-dimension", "lipschitz", "diagnose"]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "network.json"
    path.write_text(json.dumps({"architecture": "mlp(2,3,1; relu; bias)", "weights": WEIGHTS}))
    return path


def test_rows_of_a_trained_network(file):
    report = nv.build_report(file, seed=3)
    assert [r.entry.name for r in report.rows] == ROWS == list(report.asked)
    assert all(str(r.result.claim) == "proved" for r in report.rows[:4])
    assert (report.parameters, report.inputs, report.outputs, report.data) == (13, 2, 1, None)
    assert "affine function on each" in report.left_out
    answers = {said.question: said.sentence for said in report.opening}
    assert "the function can move in exactly 10 directions" in answers["degrees of freedom"]
    assert "robustness" not in page(report)


def test_data_have_a_row(file, tmp_path):
    table = tmp_path / "points.csv"
    rows = np.random.default_rng(0).normal(size=(INPUTS + 5, 2)).round(2).tolist()
    table.write_text("a,b\n" + "\n".join(f"{a},{b}" for a, b in rows) + "\n")
    report = nv.build_report(str(file), table)
    assert [r.entry.name for r in report.rows] == [*ROWS, "robustness"] == list(report.asked)
    found = report.rows[-1].result
    assert len(found.value["decision"]) == INPUTS
    assert f"each of {INPUTS} inputs" in found.meaning
    held = report.rows[0].result
    assert held.value["data"]["inputs"] == len(held.value["affine"]) == INPUTS + 5
    assert held.shown().endswith(f"{INPUTS + 5} inputs in {held.value['data']['regions']} regions")
    assert report.to_dict()["data"]["preparation"] == "every number exactly as written in the file"
    assert "robustness" in page(report)


def test_what_does_not_fit(file, tmp_path):
    table = tmp_path / "points.csv"
    table.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(nv.DataError, match="takes 2 inputs"):
        nv.build_report(file, table)
    wide = tmp_path / "wide.json"
    rng = np.random.default_rng(1)
    weights = {"W1": rng.normal(size=(40, 30)).tolist(), "b1": [1] * 40, "W2": rng.normal(size=(1, 40)).tolist(), "b2": [0]}
    wide.write_text(json.dumps({"architecture": "mlp(30,40,1; relu; bias)", "weights": weights}))
    rows = {r.entry.name: r for r in nv.build_report(wide).rows}
    assert "regions" in rows["regions"].problem
    assert rows["diagnose"].result is not None
