"""Fibers ask the symmetries before they call a direction hidden: linear changes of weights that the model does not state are named."""

from __future__ import annotations

import pytest

import neurovariety as nv
from neurovariety.dictionary.symmetries import moved_by_others
from neurovariety.geometry.exact.exact_functions import exact_functions

WORDS = "linear changes of weights that are not stated explain"


def own(name="product"):
    return nv.as_model(lambda w, x: w["A"] @ (w["B"] @ x), {"A": (2, 2), "B": (2, 2)}, input_shape=(2,), name=name)


def test_a_product_of_ones_own_hides_a_general_linear_group():
    found = nv.fibers(own())
    assert found.value["hidden"] == 4
    assert found.evidence["moved_by_unstated_symmetries"] == 4
    assert f"{WORDS} 4 of these" in found.meaning
    assert found.verify().rechecked


@pytest.mark.parametrize("text", ["mlp(2,2,1; x^2)", "mlp(2,2,3,1; x^3)"])
def test_directions_that_no_linear_map_explains_stay_hidden(text):
    found, symmetries = nv.fibers(text), nv.symmetries(text)
    assert found.value["hidden"] > 0
    assert found.evidence["moved_by_unstated_symmetries"] == symmetries.value["orbit_dimension"] - found.evidence["stated"] == 0
    assert WORDS not in found.meaning


def test_nothing_is_asked_where_nothing_is_hidden():
    found = nv.fibers("linear(2,1,2)")
    assert "moved_by_unstated_symmetries" not in found.evidence
    assert WORDS not in found.meaning


def test_the_verdict_is_of_this_model():
    model = own()
    assert moved_by_others(model, 0, 0)[1].statement.subject == exact_functions(model).hash
