"""Pictures of results of trained networks: what is drawn is what the value says, also of a result that was read back."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import neurovariety as nv

SMALL = {"w1": [[1, 0], [0, 1], [1, 1]], "b1": [0, 1, 2], "w2": [[1, 1, -1]], "b2": [0]}
RELU = "mlp(2,3,1; relu; bias)"


def read_back(result):
    return type(result).from_dict(json.loads(json.dumps(result.to_dict(certificates=True))))


def words(figure):
    """All that is written in a figure."""
    return " ".join(t.get_text() for t in figure.findobj(lambda artist: hasattr(artist, "get_text")))


def drawn(result):
    """The axes of the picture, which is the same after JSON, explained, and in the notebook's card."""
    figure = result.plot()
    assert figure.title
    assert figure.caption
    again = read_back(result).plot()
    assert words(again) == words(figure)
    assert re.search(r"<svg.*<title.*<desc", result._repr_html_(), re.DOTALL)
    return figure


def test_parameters_that_a_trained_network_uses():
    found = nv.diagnose({"w1": [[1, 2], [1, 2], [3, 1]], "w2": [[1, 1, 1]]}, architecture="mlp(2,3,1; x^2)")
    figure = drawn(found)
    value = found.value
    assert [p.get_width() for p in figure.axes[0].patches] == [
        value["parameters"], value["smallest"], value["generic"], value["rank"],
    ]  # fmt: skip


def test_units_of_two_networks():
    one, two = {"w1": [[1, 2], [3, 1]], "w2": [[1, 4]]}, {"w1": [[6, 2], [-1, -2]], "w2": [[1, 1]]}
    found = nv.align(one, two, architecture="mlp(2,2,1; x^2)")
    lines = [line.get_ydata().tolist() for line in drawn(found).axes[0].lines if line.get_linestyle() == "--"]
    assert lines == [[1, 0], [0, 1]]  # unit 0 of the second is unit 1 of the first, up to a factor
    same = nv.align(SMALL, SMALL, architecture=RELU)
    assert not [line for line in drawn(same).axes[0].lines if line.get_linestyle() == "--"]


def test_losses_between_two_trainings():
    rng = np.random.default_rng(0)
    one, two = ({name: rng.normal(size=np.shape(part)) for name, part in SMALL.items()} for _ in range(2))
    found = nv.align(one, two, architecture=RELU, data=rng.normal(size=(9, 2)), target=rng.normal(size=9))
    before, after = (line.get_ydata() for line in drawn(found).axes[0].lines)
    assert before[0] == pytest.approx(after[0])
    assert list(after) == found.evidence["nearest"]["after"]["losses"]


def test_convex_parts_of_a_function_of_one_input():
    found = nv.tropical({"w1": [[1], [1]], "b1": [0, -1], "w2": [[1, -2]], "b2": [3]}, architecture="mlp(1,2,1; relu; bias)")
    _, _, whole, kinks = drawn(found).axes[0].lines
    assert sorted(zip(kinks.get_xdata(), kinks.get_ydata(), strict=True)) == [(0, 3), (1, 4)]
    x = np.asarray(whole.get_xdata())
    assert np.allclose(whole.get_ydata(), 3 + np.maximum(x, 0) - 2 * np.maximum(x - 1, 0))


def test_slopes_of_convex_parts_of_two_inputs():
    found = nv.tropical(SMALL, architecture=RELU)
    rings, squares = drawn(found).axes[0].lines
    assert (len(rings.get_xdata()), len(squares.get_xdata())) == (found.evidence["numerator"][0], found.evidence["denominator"][0])


def test_units_that_are_flipped():
    found = nv.relu_fiber(SMALL, architecture=RELU)
    marks = [(line.get_marker(), list(line.get_xdata())) for line in drawn(found).axes[0].lines]
    assert [at for mark, at in marks if mark == "D"] == [[], found.value["flips"][0]]
    with pytest.raises(nv.InputError, match="no picture"):
        nv.relu_fiber({**SMALL, "w1": [[1, 0], [0, 1], [1, 2]]}, architecture=RELU).plot()


def test_regions_are_drawn_where_the_network_is_at_hand():
    found = nv.regions(SMALL, architecture=RELU)
    assert f"The {found.value['activation_regions']} regions" in found.plot().title
    assert "<svg" in found._repr_html_()
    back = read_back(found)
    assert "<svg" not in back._repr_html_()
    with pytest.raises(nv.InputError, match="read back"):
        back.plot()
