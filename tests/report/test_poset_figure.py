"""The figure of subnetworks: one point a subnetwork, one line an inclusion, names only where there is room."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from another_value import with_value
from neurovariety import subnetworks
from neurovariety.report.poset_figure import poset


@pytest.mark.parametrize(("text", "named"), [("cnn(2,2; x^2)", True), ("cnn(3,3; x^2)", False)])
def test_points_lines_and_names(text, named):
    found = subnetworks(text)
    axes = Figure().subplots()
    assert poset(axes, found)
    assert len(axes.collections) == len(found.value["images"]) + 1
    assert len(axes.lines) == len(found.value["inclusions"])
    texts = [t.get_text() for t in axes.texts]
    assert (text in texts) is named


def test_nothing_to_draw():
    found = subnetworks("cnn(2,2; x^2)")
    nothing = with_value(found, {**found.value, "images": [], "inclusions": []})
    assert not poset(Figure().subplots(), nothing)
