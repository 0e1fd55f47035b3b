"""Graphs inside of If, Loop and Scan are kept as they are, and what they take from outside counts as read."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.partial_network import PartialNetwork

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), name=f"{operator}_{outputs.split()[0]}", **attributes)


def values(*names, kind=TensorProto.FLOAT, shape=None):
    return [helper.make_tensor_value_info(n, kind, shape) for n in names]


def total(captured):
    """The sum of all entries of what is captured."""
    return node("ReduceSum", captured, "total", keepdims=0)


def loop(captured):
    """Three times: a value times 1/2 plus the sum of what is captured."""
    body = helper.make_graph(
        [total(captured), node("Mul", "state half", "small"), node("Add", "small total", "next"), node("Identity", "go", "on")],
        "body",
        [*values("count", kind=TensorProto.INT64, shape=[]), *values("go", kind=TensorProto.BOOL, shape=[]), *values("state")],
        [*values("on", kind=TensorProto.BOOL, shape=[]), *values("next")],
        [numpy_helper.from_array(np.array(0.5, dtype=np.float32), "half")],
    )
    return node("Loop", "trips always start", "end", body=body)


def nested(captured):
    """If in the body of If: the inner branch takes its value from the outermost graph."""
    inner = helper.make_graph([total(captured), node("Add", "start total", "deep")], "inner", [], values("deep"))
    other = helper.make_graph([node("Identity", "start", "flat")], "other", [], values("flat"))
    outer = helper.make_graph([node("If", "always", "middle", then_branch=inner, else_branch=other)], "outer", [], values("middle"))
    last = helper.make_graph([node("Identity", "start", "same")], "last", [], values("same"))
    return node("If", "always", "end", then_branch=outer, else_branch=last)


def scan(captured):
    """Along the rows of a matrix: each plus the sum of what is captured."""
    body = helper.make_graph([total(captured), node("Add", "row total", "out")], "each", values("row"), values("out"))
    return node("Scan", "start", "end", body=body, num_scan_inputs=1)


def saved(path, inner, *, captured):
    """x -> Gemm -> Relu -> Gemm -> start -> (inner graph) -> end -> MatMul; channels 0 and 1 of the hidden layer are equal."""
    rng = np.random.default_rng(2)
    w, b = rng.normal(size=(6, 4)), rng.normal(size=6)
    w[1], b[1], w[2], b[2] = w[0], b[0], 0, 1.5
    v = rng.normal(size=(5, 6))
    arrays = {
        "w": w, "b": b, "v": v, "c": rng.normal(size=5), "u": rng.normal(size=(5, 2)), "free": rng.normal(size=5),
        "trips": np.array(3), "always": np.array(True),
    }  # fmt: skip
    nodes = [
        node("Gemm", "x w b", "h", transB=1),
        node("Relu", "h", "r"),
        node("Gemm", "r v c", "start", transB=1),
        inner(captured),
        node("MatMul", "end u", "y"),
    ]
    tensors = [numpy_helper.from_array(a.astype(np.float32) if a.dtype == np.float64 else a, k) for k, a in arrays.items()]
    graph = helper.make_graph(nodes, "g", values("x", shape=[3, 4]), values("y", shape=[3, 2]), tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(made)
    onnx.save(made, str(path))
    return path


def run(path):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


@pytest.mark.parametrize("inner", [loop, nested, scan])
def test_an_inner_graph_is_opaque_and_the_layers_before_it_are_pruned(inner, tmp_path):
    path = saved(tmp_path / "a.onnx", inner, captured="free")
    source = nv.load_network(path)
    assert isinstance(source, PartialNetwork)
    assert {o.operator for o in source.opaque} == {inner("free").op_type}
    assert all("graphs of its own" in o.reason for o in source.opaque)
    found = nv.prune(path)
    assert found.value["removed"] == {"constant": 1, "equal": 1}
    assert found.claim is nv.Claim.PROVED
    found.write(tmp_path / "b.onnx")
    assert np.abs(run(path) - run(tmp_path / "b.onnx")).max() < 1e-5


@pytest.mark.parametrize("inner", [loop, nested, scan])
@pytest.mark.parametrize("captured", ["b", "w", "h", "r"])
def test_what_an_inner_graph_takes_from_outside_is_not_changed(inner, captured, tmp_path):
    """The bias, the weight and the values of a layer with redundant channels, before and after the activation."""
    path = saved(tmp_path / "a.onnx", inner, captured=captured)
    found = nv.prune(path)
    assert found.value["removed"] == {}
    found.write(tmp_path / "b.onnx")
    assert (tmp_path / "b.onnx").read_bytes() == path.read_bytes()
