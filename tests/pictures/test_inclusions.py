"""The picture of subnetworks: one box or mark a subnetwork, one line an inclusion, names only where there is room."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from another_value import with_value
from neurovariety import subnetworks
from neurovariety.pictures.inclusions import inclusions


@pytest.mark.parametrize(("text", "named"), [("cnn(2,2; x^2)", True), ("cnn(3,3; x^2)", False)])
def test_boxes_lines_and_names(text, named):
    found = subnetworks(text)
    axes = Figure().subplots()
    assert inclusions(axes, found)
    sets = len(found.value["images"]) + 1
    lines = [line for line in axes.lines if line.get_marker() == "None"]
    assert len(lines) == len(found.value["inclusions"])
    assert len(axes.texts) == (sets if named else 0)
    assert len(axes.lines) - len(lines) == (0 if named else sets)
    assert (text in [t.get_text() for t in axes.texts]) is named
    rows = {t.get_text().split(" (")[0] for t in axes.get_yticklabels()}
    assert rows == {f"dimension {d}" for d in (found.value["dimension"], *(i["dimension"] for i in found.value["images"]))}


def test_nothing_to_draw():
    found = subnetworks("cnn(2,2; x^2)")
    nothing = with_value(found, {**found.value, "images": [], "inclusions": []})
    assert not inclusions(Figure().subplots(), nothing)
