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
