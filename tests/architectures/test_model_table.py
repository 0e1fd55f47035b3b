"""A model prints its blocks: shapes, numbers of parameters, and which stated symmetries act on them."""

from __future__ import annotations

import neurovariety as nv


def test_blocks_and_symmetries():
    model = nv.as_model("mlp(2,3,1; x^2; bias)")
    lines = str(model).splitlines()
    assert lines[0] == "mlp(2,3,1; x^2; bias): inputs (2,), outputs (1,)"
    assert [line.split() for line in lines[2:6]] == [
        ["W1", "3x2", "6", "(1)", "(2)"],
        ["W2", "1x3", "3", "(1)", "(2)"],
        ["b1", "3", "3", "(1)", "(2)"],
        ["b2", "1", "1"],
    ]
    assert lines[7].split() == ["all", str(model.parameters)]
    assert lines[8:] == [f"({k}) {a.name}" for k, a in enumerate(model.symmetries, 1)]
    assert "\n" not in repr(model)


def test_a_users_own_function_has_none():
    model = nv.as_model(lambda w, x: w["a"] * x, {"a": ()}, input_shape=(1,), name="<own>")
    assert [line.split() for line in str(model).splitlines()[1:3]] == [["block", "shape", "parameters", "symmetry"], ["a", "1", "1"]]
    assert "&lt;own&gt;" in model._repr_html_()
