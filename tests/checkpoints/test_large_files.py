"""Files with large values: neither are all kept, nor all rows and samples compared, and a misreading is seen all the same."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.onnx_runtime import exposed
from neurovariety.checkpoints.graph.step_rounding import known_exactly, step
from neurovariety.checkpoints.readers import bands as readers_bands
from neurovariety.checkpoints.readers import onnx_agreement
from neurovariety.checkpoints.readers.bands import bands

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

import neurovariety as nv  # noqa: E402
from neurovariety.checkpoints.graph.network import Network  # noqa: E402
from neurovariety.checkpoints.graph.onnx_trial import tried  # noqa: E402
from neurovariety.checkpoints.graph.opened_file import OpenedFile  # noqa: E402


@pytest.mark.parametrize("seed", range(8))
def test_rows_of_a_convolution_are_those_of_the_whole(monkeypatch, seed):
    monkeypatch.setattr(readers_bands, "_ALL", 0)
    rng = np.random.default_rng(seed)
    d, groups = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    attributes = {
        "stride": tuple(rng.integers(1, 3, size=d).tolist()),
        "dilation": tuple(rng.integers(1, 3, size=d).tolist()),
        "padding": tuple(map(tuple, rng.integers(0, 4, size=(d, 2)).tolist())),
        "groups": groups,
    }
    weight = rng.normal(size=(2 * groups, 2, *rng.integers(1, 4, size=d)))
    shape = (2 * groups, *(40 + rng.integers(0, 3, size=d)).tolist())
    made = Node("y", "conv", ("x",), {"weight": "w"}, attributes)
    network = Network(shape, (Node("x", "input"), made), "y", {"w": weight})
    x = rng.normal(size=(2, *shape))
    whole = network.evaluate(x)
    found = bands(made, [known_exactly(x)], network)
    assert next(b.start for b in found) == 0
    assert found[-1].stop == whole.shape[2] == found[-1].rows
    for band in found:
        part = step(band.node, [band.below], {"w": weight}, {"w": weight}, 2.0**-23)
        assert np.allclose(part.value, whole[:, :, band.start : band.stop], atol=1e-12)


def convolutional(path, opset=17, batch="n", after="Mean", rows=64):
    """Two convolutions on pictures, and an operator after them that is opaque."""
    rng = np.random.default_rng(3)
    arrays = {"w": rng.normal(size=(8, 3, 3, 3)), "v": rng.normal(size=(4, 8, 3, 3)), "b": rng.normal(size=8)}
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["h"], pads=[1, 1, 1, 1], strides=[2, 1]),
        helper.make_node("Relu", ["h"], ["r"]),
        helper.make_node("Conv", ["r", "v"], ["s"], pads=[1, 1, 1, 1]),
        helper.make_node(after, ["s"], ["t"]),
        helper.make_node("Shape", ["t"], ["size"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, rows, 32])],
        [helper.make_tensor_value_info("t", TensorProto.FLOAT, None), helper.make_tensor_value_info("size", TensorProto.INT64, None)],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in arrays.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(made, str(path))
    return made


@pytest.mark.parametrize("opset", [8, 17])
def test_shapes_are_those_of_the_values_and_one_sample_is_cut_out(tmp_path, opset):
    model = convolutional(tmp_path / "m.onnx", opset)
    trial = tried(model)
    told = exposed(model, trial.feeds)
    assert {k: (v.dtype, v.shape) for k, v in told.items()} == {k: (trial.seen[k].dtype, trial.seen[k].shape) for k in told}
    assert set(trial.values) == {"size"}  # what is as large as a picture is not kept
    one = OpenedFile(model, ["h", "r", "s"], ["h", "s"], 1).values(trial.feeds)
    assert np.array_equal(one["s"], told["s"][1:2])
    assert np.array_equal(one["h"], told["h"][1:2])
    assert np.array_equal(one["r"], told["r"])


@pytest.mark.parametrize("attribute", ["padding", "stride", "dilation", "rows of the filter"])
@pytest.mark.parametrize("samples", [0, 2**40])
def test_a_large_convolution_that_is_misread_is_opaque(tmp_path, monkeypatch, attribute, samples):
    from neurovariety.checkpoints.readers.onnx_operations import OPERATIONS

    monkeypatch.setattr(onnx_agreement, "_MOST_NUMBERS", samples)
    monkeypatch.setattr(readers_bands, "_ALL", 0)
    convolutional(tmp_path / "m.onnx", after="LpNormalization")
    right = nv.load_network(tmp_path / "m.onnx")
    assert len(right.regions) == 1
    assert [o.operator for o in right.opaque] == ["LpNormalization"]
    read = OPERATIONS["Conv"]

    def misread(call):
        if call.name != "s":
            return read(call)
        value = read(call)
        node = call.builder.nodes[-1]
        changed = {
            "padding": {"padding": ((2, 0), (1, 1))},
            "stride": {"stride": (1, 1), "padding": ((0, 2), (1, 1))},
            "dilation": {"dilation": (2, 1), "padding": ((2, 2), (1, 1))},
        }
        if attribute == "rows of the filter":
            key = node.weights["weight"]
            call.builder.weights[key] = np.ascontiguousarray(call.builder.weights[key][:, :, ::-1])
        else:
            node.attributes.update(changed[attribute])
        return value

    monkeypatch.setitem(OPERATIONS, "Conv", misread)
    wrong = nv.load_network(tmp_path / "m.onnx")
    assert not wrong.regions
    assert {o.reason for o in wrong.opaque if o.operator == "Conv"} == {"it was read, but computes something else in its runtime"}


@pytest.mark.parametrize(
    ("operator", "axes", "keepdims"),
    [
        ("ReduceMax", [1], 0),
        ("ReduceMax", [2], 1),
        ("ReduceMax", [1, 2], 0),
        ("ReduceMax", [-1], 0),
        ("ReduceMax", [3, 1], 1),
        ("GlobalMaxPool", None, 1),
    ],
)
@pytest.mark.parametrize("opset", [12, 18])
def test_the_largest_along_axes_is_read(tmp_path, operator, axes, keepdims, opset):
    rng = np.random.default_rng(3)
    arrays = {"w": rng.normal(size=(4, 4)).astype(np.float32)}
    inside, attributes = ["h"], {}
    if axes is not None:
        attributes = {"keepdims": keepdims}
        if opset < 18:
            attributes["axes"] = axes
        else:
            arrays["axes"] = np.array(axes)
            inside = ["h", "axes"]
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node(operator, inside, ["m"], **attributes),
        helper.make_node("Relu", ["m"], ["y"]),
    ]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", ["n", 3, 5, 4]), ("y", None)))
    graph = helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(v, k) for k, v in arrays.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), str(tmp_path / "m.onnx"))
    network = nv.load_network(tmp_path / "m.onnx")
    assert isinstance(network, Network)
    h = (at := rng.normal(size=(2, 3, 5, 4))) @ arrays["w"]
    expected = h.max(axis=(2, 3) if axes is None else tuple(axes), keepdims=bool(keepdims))
    assert np.allclose(network.evaluate(at), np.maximum(expected, 0), atol=1e-6)


@pytest.mark.parametrize(("end", "whole"), [(2**31 - 1, True), (2**63 - 1, True), (3, False)])
def test_a_slice_of_the_whole_batch_is_no_slice(tmp_path, end, whole):
    """One that ends at a length may cut a longer batch, also where the file was run with one as long."""
    arrays = {"w": np.eye(4, dtype=np.float32), "s": np.array([0, 1]), "e": np.array([end, 3]), "a": np.array([0, 2])}
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Slice", ["h", "s", "e", "a"], ["y"])]
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", ["n", 3, 4]), ("y", None)))
    graph = helper.make_graph(nodes, "g", [x], [y], [numpy_helper.from_array(v, k) for k, v in arrays.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(tmp_path / "m.onnx"))
    found = nv.load_network(tmp_path / "m.onnx")
    assert isinstance(found, Network) is whole
    assert whole or [o.operator for o in found.opaque] == ["Slice"]


def test_a_rank_that_takes_too_long_is_not_computed(monkeypatch):
    from neurovariety.checkpoints.rank import jacobian_rank

    monkeypatch.setattr(jacobian_rank, "_MOST_WORK", 10)
    found = nv.diagnose({"w1": [[1, 2], [1, 2], [3, 1]], "w2": [[1, 1, 1]]}, architecture="mlp(2,3,1; relu)")
    assert found.value["rank"] is None
    assert "multiplications" in found.evidence["rank"]["route"]
    assert found.value["redundant"] == {"equal": 1}


def test_shapes_take_no_memory():
    """Of a network whose values at one picture would take a gigabyte."""
    attributes = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    nodes = [Node("x", "input")]
    for k in range(40):
        nodes.append(Node(f"c{k}", "conv", (nodes[-1].name,), {"weight": "w"}, attributes))
        nodes.append(Node(f"r{k}", "activation", (f"c{k}",), {}, {"function": "relu"}))
    network = Network((8, 256, 256), tuple(nodes), "r39", {"w": np.ones((8, 8, 3, 3))})
    import tracemalloc

    tracemalloc.start()
    assert network.output_shape == (8, 256, 256)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**27
