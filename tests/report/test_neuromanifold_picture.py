"""The picture of a neuromanifold: distances are roots of losses, flow lines end where they should, and refusals."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.dictionary.landscape import landscape
from neurovariety.report.neuromanifold_picture import _half, _root, _seen, picture
from neurovariety.training.dynamics.dynamics import objective
from neurovariety.training.losses.training_task import training_task

FROBENIUS = {"metric": "frobenius", "teacher": "3*x0; x1"}


@pytest.fixture(scope="module")
def goal():
    return objective(nv.as_model("linear(2,1,2)"), training_task("linear(2,1,2)", seed=0, **FROBENIUS).loss)


def test_distance_is_the_root_of_the_loss(goal):
    weights = np.random.default_rng(0).normal(size=(20, goal.model.parameters))
    root = _root(np.asarray(goal.terms.quadric))
    target = root @ np.linalg.solve(np.asarray(goal.terms.quadric), np.asarray(goal.terms.image))
    squared = ((goal.coefficients(weights) @ root.T - target) ** 2).sum(axis=1)
    losses = goal.losses(weights)
    assert np.ptp(losses - squared) < 1e-9 * losses.max()


def test_flow_lines_end_at_the_minimum(goal):
    seen = _seen(goal.model, goal, landscape("linear(2,1,2)", **FROBENIUS), 3, 0)
    assert len(seen.minima) == 1
    assert len(seen.others) == 2  # the other singular pair, and the zero function
    ends = seen.flows[:, -1]
    assert np.linalg.norm(ends - seen.minima, axis=1).max() < 1e-3 * np.linalg.norm(seen.minima)
    assert 0.5 < seen.kept < 1
    assert seen.coordinates == 4


def test_a_surface_is_drawn_whole():
    drawn = picture("mlp(2,1,1; x^2)", metric="frobenius", teacher="x0^2 - x1^2")
    assert drawn.axes[0].name == "3d"
    assert "3 coordinates, projected to 3. Lines" in drawn.caption
    words = [t.get_text() for t in drawn.axes[0].get_legend().get_texts()]
    assert words[0] == "functions of the network"
    assert {"gradient flow", "minimum", "target"} <= set(words)
    page = drawn.turning().html
    scene = json.loads(re.search(r'<script type="application/json" id="scene">(.*?)</script>', page)[1])
    assert [layer["name"] for layer in scene["layers"]][-1] == "target"
    known = {layer["name"]: layer for layer in scene["layers"]}
    assert np.abs(np.concatenate(known["functions of the network"]["lines"])).max() <= 1
    assert np.allclose(known["target"]["points"], drawn.seen.target / _half(drawn.seen), atol=1e-3)
    assert not re.search(r"https?:|<link|src=|url\(|@import|<!--", page)  # nothing is fetched, nothing left to fill in
    assert "prefers-reduced-motion" in page


def test_two_dimensions_and_data():
    drawn = nv.picture("mlp(2,1,1; x^2)", dimension=2, data=nv.examples.trees(), prepare="standardize")
    assert drawn.axes[0].name == "rectilinear"
    assert "They keep" in drawn.caption
    with pytest.raises(nv.InputError, match="three dimensions"):
        drawn.turning()


def test_refusals():
    with pytest.raises(nv.InputError, match="2 or 3 dimensions, got 4"):
        picture("linear(2,1,2)", dimension=4)
    with pytest.raises(nv.InputError):
        picture("linear(2,1,2)", metric="nothing")
    with pytest.raises(nv.NotationError):
        picture("mlp(2,2,1; tanh)")
