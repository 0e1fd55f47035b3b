"""Small files that ask for much: each ends in a sentence, and nothing large is made."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.errors import InputError

onnx = pytest.importorskip("onnx")


def written(tmp_path, nodes, *arrays):
    """A file with the input x (n, 4), the output y and stored arrays by name."""
    h = onnx.helper
    made = [h.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes]
    stored = [onnx.numpy_helper.from_array(values, name) for name, values in arrays]
    graph = h.make_graph(made, "g", [h.make_tensor_value_info("x", 1, ["n", 4])], [h.make_tensor_value_info("y", 1, None)], stored)
    file = tmp_path / "bomb.onnx"
    onnx.save(h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8), str(file))
    return file


def doubled(first, count=40):
    """first joined with itself, and again."""
    names = [first, *(f"d{i}" for i in range(count))]
    return [("Concat", [a, a], [b], {"axis": 1}) for a, b in pairwise(names)]


SUMMED = [("ReduceSum", ["e"], ["s"], {"keepdims": 0}), ("Add", ["x", "s"], ["y"], {})]


def reading(file):
    """What is said where the file is refused, nothing where it is read."""
    try:
        nv.load_network(file)
    except InputError as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e30])
def test_values_that_are_no_sizes_are_of_any_size(tmp_path, value):
    """What is filled in around an array, and what is repeated."""
    filled, twice = ("v", np.float32(value)), ("t", np.array([1, 2]))
    around = [("Pad", ["x", "p", "v"], ["e"], {}), ("Clip", ["e", "a", "b"], ["y"], {})]
    limits = [("p", np.array([0, 1, 0, 1])), filled, ("a", np.float32(0)), ("b", np.float32(1))]
    repeated = [("Tile", ["c", "t"], ["r"], {}), ("Mul", ["r", "z"], ["o"], {}), ("Add", ["x", "o"], ["y"], {})]
    arrays = [("c", np.array([[value, 1]], np.float32)), twice, ("z", np.zeros((1, 4), np.float32))]
    for nodes, stored in ((around, limits), (repeated, arrays)):
        file = written(tmp_path, nodes, *stored)
        assert "more than the limit" not in reading(file)


@pytest.mark.parametrize("ends", [(0.0, np.inf, 1.0), (np.nan, 4.0, 1.0), (0.0, 4.0, 0.0), (-1e308, 1e308, 1e-308)])
def test_ranges_that_have_no_end(tmp_path, ends):
    stored = [(k, np.float64(v)) for k, v in zip("abk", ends, strict=True)]
    nodes = [("Range", ["a", "b", "k"], ["r"], {}), ("Cast", ["r"], ["e"], {"to": 1}), *SUMMED]
    with pytest.raises(InputError):
        nv.load_network(written(tmp_path, nodes, *stored))


@pytest.mark.parametrize("scale", [np.inf, np.nan])
def test_factors_of_resizing_that_are_no_numbers(tmp_path, scale):
    by_floor = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    nodes = [("Resize", ["x", "", "k"], ["y"], by_floor)]
    with pytest.raises(InputError):
        nv.load_network(written(tmp_path, nodes, ("k", np.array([1, scale], np.float32))))


def test_files_that_ask_for_more_than_can_be_held(tmp_path):
    ones = ("c", np.ones((1, 1024), np.float32))
    wide = ("w", np.array([10**7, 1024]))
    ends = [(k, np.array(v)) for k, v in (("a", 0), ("b", 10**11), ("k", 1))]
    bombs = (
        ([*doubled("c"), ("Identity", ["d39"], ["e"], {}), *SUMMED], [ones]),
        ([*doubled("x"), ("Identity", ["d39"], ["y"], {})], []),
        ([("Expand", ["c", "w"], ["e"], {}), *SUMMED], [ones, wide]),
        ([("ConstantOfShape", ["w"], ["e"], {}), *SUMMED], [wide]),
        ([("Range", ["a", "b", "k"], ["r"], {}), ("Cast", ["r"], ["e"], {"to": 1}), *SUMMED], ends),
        ([("Pad", ["x", "p"], ["y"], {})], [("p", np.array([0, 10**9, 0, 10**9]))]),
    )
    for nodes, arrays in bombs:
        with pytest.raises(InputError, match="entries, more than the limit"):
            nv.load_network(written(tmp_path, nodes, *arrays))


def test_squares_of_squares_are_not_evaluated_exactly(tmp_path):
    names = ["x", *(f"m{i}" for i in range(60))]
    squares = [("Mul", [a, a], [b], {}) for a, b in pairwise(names)]
    found = nv.prune(written(tmp_path, [*squares, ("Identity", ["m59"], ["y"], {})]))
    assert found.evidence["checked"]["over"] == "float64"
