"""Pictures of results: a title, a caption, marks that are explained, nothing cut off, the same from JSON, and no wrong words."""

from __future__ import annotations

import json
import pickle
import re

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import neurovariety as nv
from neurovariety.dictionary.registry import ENTRIES
from neurovariety.pictures import picture_in_html, picture_of_result
from neurovariety.pictures.canvas import WIDTH, as_svg
from neurovariety.pictures.drawings import DRAWINGS
from neurovariety.pictures.drawn_result import DrawnResult

FROBENIUS = {"metric": "frobenius", "teacher": "3*x0; x1"}
ASKED = {
    "dimension": {},
    "fibers": {},
    "learning-coefficient": {},
    "covering": {},
    "data": {"inputs": [[1, 2], [3, 4]]},
    "subnetworks": {},
    "exposedness": {},
    "landscape": FROBENIUS,
    "tangent-kernel": FROBENIUS,
    "gradient-flow": {**FROBENIUS, "runs": 8},
    "maximum-likelihood": {},
    "polyhedral": {"teacher": "3*x0; x1"},
}
ROWS = {e.name: e for e in ENTRIES}


@pytest.fixture(scope="module", params=ASKED)
def result(request):
    return ROWS[request.param].load()("linear(2,1,2)", **ASKED[request.param])


def test_every_drawing_is_of_an_entry():
    beside = {found.figure for name in nv.__all__ if isinstance(found := getattr(nv, name), type) and issubclass(found, DrawnResult)}
    assert {e.figure for e in ENTRIES if e.figure} | beside | {"ends"} == set(DRAWINGS)


def test_a_picture_says_what_it_is(result):
    drawn = result.plot()
    assert isinstance(drawn, Figure)
    assert result.subject in drawn.title
    assert len(drawn.caption.split()) > 8
    for axes in drawn.axes:
        assert axes.get_xlabel() or len(axes.get_xticks()) == 0 or any(t.get_text() for t in axes.get_xticklabels())
    assert pickle.loads(pickle.dumps(drawn)).caption == drawn.caption
    assert drawn._repr_png_().startswith(b"\x89PNG")


def test_nothing_is_cut_off(result):
    drawn = result.plot()
    FigureCanvasAgg(drawn).draw()
    width, height = drawn.get_size_inches() * drawn.dpi
    assert width == WIDTH * drawn.dpi
    boxes = [t.get_window_extent() for t in drawn.texts]
    for axes in drawn.axes:
        boxes += [t.get_window_extent() for t in axes.texts if t.get_text()]
        boxes += [axes.get_legend().get_window_extent()] if axes.get_legend() else []
    for box in boxes:
        assert box.x0 >= -1
        assert box.x1 <= width + 1
        assert box.y0 >= -1
        assert box.y1 <= height + 1


def test_svg_has_title_and_description(result):
    name = ROWS[result.entry].figure
    drawn = picture_of_result(name, result, captioned=False)
    svg = as_svg(drawn, "one", themed=True)
    ids = re.findall(r'\bid="([^"]*)"', svg)
    assert len(ids) == len(set(ids))
    assert all(i.startswith("one-") for i in ids)
    assert re.search(r'<svg[^>]*role="img" aria-labelledby="one-title one-desc"', svg)
    assert f'<title id="one-title">{drawn.title}</title>' in svg
    assert "<desc" in svg
    assert not re.search(r"#(?:1d2330|2f6fde|c2541b|77839a)", svg)
    assert "1 points" not in drawn.caption
    assert "1 runs" not in drawn.caption


def test_json_has_the_same_picture(result):
    name = ROWS[result.entry].figure
    again = type(result).from_dict(json.loads(json.dumps(result.to_dict())))
    assert picture_in_html(name, again, themed=True) == picture_in_html(name, result, themed=True)


def test_a_notebook_shows_it(result):
    shown = result._repr_html_()
    assert "<figure><svg" in shown
    assert "<figcaption>" in shown
    assert str(result.claim) in shown
    assert result.meaning.replace("&", "&amp;")[:40] in shown


def test_two_results_in_a_notebook_share_no_ids():
    ids = [set(re.findall(r'\bid="([^"]*)"', nv.fibers(text)._repr_html_())) for text in ("linear(2,1,2)", "linear(2,2,2)")]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_what_has_no_picture_says_so():
    found = nv.degree("linear(2,1,2)")
    with pytest.raises(nv.InputError, match="degree of linear\\(2,1,2\\) has no picture; its value is 2"):
        found.plot()
    assert "<svg" not in found._repr_html_()


def test_flows_between_critical_points():
    """Of Eckart and Young: from beside the zero function and the second singular pair the flow goes to the first."""
    found = nv.gradient_flow("linear(2,1,2)", runs=4, **FROBENIUS)
    listed = {p["number"]: p for p in found.evidence["critical"]}
    least = min(listed.values(), key=lambda p: p["loss"])["number"]
    assert {(d["end"], listed[d["source"]]["loss"] > listed[d["end"]]["loss"]) for d in found.evidence["descents"]} == {(least, True)}
    assert {d["source"] for d in found.evidence["descents"]} == set(listed) - {least}
