"""ONNX files with operators that are not understood: what is read of them, what is pruned, and what stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.readers import onnx_opaque, onnx_regions

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

KINDS = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.int64): TensorProto.INT64, np.dtype(np.float16): TensorProto.FLOAT16}


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), name=f"{operator}_{outputs.split()[0]}", **attributes)


def saved(path, nodes, arrays, inputs, outputs, *, opset=17, ir=8, dtype=np.float32, infos=()):
    """A model; ``inputs`` and ``outputs`` are names with shapes, a pair (shape, type) where that is another."""

    def info(name, shape):
        shape, kind = shape if isinstance(shape, tuple) else (shape, dtype)
        return helper.make_tensor_value_info(name, KINDS[np.dtype(kind)], shape)

    tensors = [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]
    graph = helper.make_graph(nodes, "g", [info(*i) for i in inputs.items()], [info(*o) for o in outputs.items()], tensors)
    graph.value_info.extend(info(*i) for i in dict(infos).items())
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir, producer_name="somebody")
    onnx.checker.check_model(made)
    onnx.save(made, str(path))
    return path


def redundant_rows(rng, out, inside, dtype=np.float32):
    """A matrix (out, in) and a bias with a row twice, and one that is 0."""
    w, b = rng.integers(-8, 9, size=(out, inside)) / 4, rng.integers(-8, 9, size=out) / 4
    w[1], b[1] = w[0], b[0]
    w[2], b[2] = 0, 1.5
    return w.astype(dtype), b.astype(dtype)


def run(path, **feeds):
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, feeds)


def feed_forward(path, after="LogSoftmax", **more):
    """x -> Gemm -> Relu -> MatMul -> an operator that is opaque -> MatMul."""
    rng = np.random.default_rng(1)
    w, b = redundant_rows(rng, 6, 4)
    arrays = {"w": w, "b": b, "v": rng.normal(size=(6, 5)).astype(np.float32), "u": rng.normal(size=(5, 2)).astype(np.float32)}
    nodes = [
        node("Gemm", "x w b", "h", transB=1),
        node("Relu", "h", "r"),
        node("MatMul", "r v", "s"),
        node(after, "s", "p", **more),
        node("MatMul", "p u", "y"),
    ]
    return saved(path, nodes, arrays, {"x": ["n", 4]}, {"y": ["n", 2]}, infos={"h": ["n", 6], "p": ["n", 5]})


@pytest.mark.parametrize(("operator", "attributes"), [("LogSoftmax", {}), ("Cos", {}), ("Hardmax", {})])
def test_layers_beside_an_opaque_operator(tmp_path, operator, attributes):
    path = feed_forward(tmp_path / "a.onnx", operator, **attributes)
    network = nv.load_network(path)
    assert isinstance(network, PartialNetwork)
    assert [o.operator for o in network.opaque] == [operator]
    x = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    assert np.array_equal(network.evaluate(x), run(path, x=x)[0])
    found = nv.prune(path)
    assert found.value["removed"] == {"constant": 1, "equal": 1}
    assert {u["place"]: u["reason"] for u in found.evidence["untouched"]}
    found.write(tmp_path / "b.onnx")
    assert np.allclose(run(tmp_path / "b.onnx", x=x)[0], run(path, x=x)[0], atol=1e-5)


def test_pruning_changes_nothing_else(tmp_path):
    path = feed_forward(tmp_path / "a.onnx")
    found = nv.prune(path)
    found.write(tmp_path / "b.onnx")
    old, new = (onnx.load(str(tmp_path / n)) for n in ("a.onnx", "b.onnx"))
    onnx.checker.check_model(new, full_check=True)
    assert (new.ir_version, new.opset_import[0].version, new.producer_name) == (8, 17, "somebody")
    assert new.graph.input == old.graph.input
    assert new.graph.output == old.graph.output
    assert [n.op_type for n in new.graph.node][:3] == ["Gemm", "Relu", "MatMul"]
    shapes = {t.name: tuple(t.dims) for t in new.graph.initializer}
    assert shapes["w"] == (4, 4)
    assert shapes["v"] == (4, 5)
    assert shapes["u"] == (5, 2)
    assert [v.name for v in new.graph.value_info] == ["p"]  # the shape of h is stale
    assert sorted(c.partition(":")[0] for c in found.evidence["changes"]) == ["MatMul_s (MatMul)", "b", "v", "w"]


def test_the_table_says_what_was_not_looked_at_and_why(tmp_path):
    found = nv.diagnose(feed_forward(tmp_path / "a.onnx"))
    text = found.summary().splitlines()
    assert text[1].split()[:4] == ["layer", "kind", "shape", "parameters"]
    rows = {r["place"]: r for r in found.evidence["layers"]}
    assert rows["Gemm_h"]["redundant"] == {"constant": 1, "equal": 1}
    assert rows["Gemm_h"]["multiply_adds"] == 24
    assert rows["MatMul_s"]["why"] == "its channels are read by LogSoftmax_p (LogSoftmax)"
    assert any("kept as it is: LogSoftmax" in line for line in text)
    assert "can be removed" in found.meaning
    assert "in each part that was read" in found.meaning
    again = type(found).from_dict(found.to_dict())
    assert again.summary().splitlines()[1:8] == text[1:8]


def test_a_channel_that_an_opaque_operator_reads_is_not_removed(tmp_path):
    """The second row is the first again, but a softmax over the channels sees how many there are."""
    rng = np.random.default_rng(2)
    w, b = redundant_rows(rng, 6, 4)
    nodes = [node("Gemm", "x w b", "h", transB=1), node("LogSoftmax", "h", "p"), node("MatMul", "p v", "y")]
    path = saved(
        tmp_path / "a.onnx", nodes, {"w": w, "b": b, "v": rng.normal(size=(6, 2)).astype(np.float32)}, {"x": ["n", 4]}, {"y": ["n", 2]}
    )
    found = nv.prune(path)
    assert not found.value["removed"]
    assert "no redundant neuron was found in the layers that were looked at" in found.meaning
    found.write(tmp_path / "b.onnx")
    assert (tmp_path / "b.onnx").read_bytes() == path.read_bytes()


def test_a_value_that_an_inner_graph_reads_is_not_changed(tmp_path):
    """The hidden layer is read by a layer, and by name in a branch of If."""
    rng = np.random.default_rng(3)
    w, b = redundant_rows(rng, 6, 4)

    def branch(name, *operators):
        value = helper.make_tensor_value_info(f"{name}_out", TensorProto.FLOAT, None)
        return helper.make_graph(list(operators), name, [], [value])

    yes = branch("yes", helper.make_node("Identity", ["r"], ["yes_out"]))
    no = branch("no", helper.make_node("Neg", ["r"], ["no_out"]))
    nodes = [
        node("Gemm", "x w b", "h", transB=1),
        node("Relu", "h", "r"),
        node("MatMul", "r v", "y"),
        node("ReduceSum", "x", "total", keepdims=0),
        node("Greater", "total zero", "test"),
        node("If", "test", "z", then_branch=yes, else_branch=no),
    ]
    arrays = {"w": w, "b": b, "v": rng.normal(size=(6, 2)).astype(np.float32), "zero": np.float32(0)}
    path = saved(tmp_path / "a.onnx", nodes, arrays, {"x": ["n", 4]}, {"y": ["n", 2], "z": ["n", 6]})
    found = nv.diagnose(path)
    assert not found.value["redundant"]
    assert "If_z (If)" in next(r["why"] for r in found.evidence["layers"] if r["place"] == "Gemm_h")


@pytest.mark.parametrize("shared", ["weight", "bias"])
def test_arrays_that_are_used_twice_are_not_changed(tmp_path, shared):
    rng = np.random.default_rng(4)
    w, b = redundant_rows(rng, 4, 4)
    arrays = {"w": w, "b": b, "v": rng.normal(size=(4, 2)).astype(np.float32)}
    other = "w b" if shared == "weight" else "o b"
    nodes = [
        node("Gemm", "x w b", "h", transB=1),
        node("Relu", "h", "r"),
        node("MatMul", "r v", "y"),
        node("Cos", "x", "s"),
        node("Gemm", f"s {other}", "z", transB=1),
    ]
    if shared == "bias":
        arrays["o"] = rng.normal(size=(4, 4)).astype(np.float32)
    path = saved(tmp_path / "a.onnx", nodes, arrays, {"x": ["n", 4]}, {"y": ["n", 2], "z": ["n", 4]})
    assert not nv.prune(path).value["removed"]


def exporter_forms():
    """One layer written as exporters write it: name -> (nodes from x to h, arrays)."""
    w, b = redundant_rows(np.random.default_rng(5), 6, 4)
    column = {"w": w.T.copy(), "b": b}
    constant = [
        helper.make_node("Constant", [], [k], value=numpy_helper.from_array(v, k)) for k, v in {"w": w.T.copy(), "b": b}.items()
    ]
    return {
        "MatMul and Add": ([node("MatMul", "x w", "m"), node("Add", "m b", "h")], column),
        "Add of a row": ([node("MatMul", "x w", "m"), node("Add", "b m", "h")], {"w": w.T.copy(), "b": b[None]}),
        "Constant nodes": ([*constant, node("MatMul", "x w", "m"), node("Add", "m b", "h")], {}),
        "Transpose": (
            [node("Transpose", "w", "t", perm=[1, 0]), node("MatMul", "x t", "m"), node("Add", "m b", "h")],
            {"w": w, "b": b},
        ),
        "Identity": ([node("Identity", "w", "t"), node("Gemm", "x t b", "h", transB=1)], {"w": w, "b": b}),
        "Gemm": ([node("Gemm", "x w b", "h")], column),
        "Gemm with a row": ([node("Gemm", "x w b", "h")], {"w": w.T.copy(), "b": b[None]}),
        "no bias": ([node("MatMul", "x w", "h")], {"w": w.T.copy()}),
    }


@pytest.mark.parametrize("opaque", [False, True], ids=["whole", "partial"])
@pytest.mark.parametrize("form", exporter_forms())
def test_forms_of_exporters(tmp_path, form, opaque):
    nodes, arrays = exporter_forms()[form]
    arrays = {**arrays, "v": np.random.default_rng(6).normal(size=(6, 2)).astype(np.float32)}
    end = [node("Relu", "h", "r"), node("MatMul", "r v", "s" if opaque else "y")] + ([node("LogSoftmax", "s", "y")] if opaque else [])
    path = saved(tmp_path / "a.onnx", [*nodes, *end], arrays, {"x": ["n", 4]}, {"y": ["n", 2]})
    network = nv.load_network(path)
    assert isinstance(network, PartialNetwork if opaque else Network)
    found = nv.prune(path)
    assert sum(found.value["removed"].values()) == 2, found.evidence
    found.write(tmp_path / "b.onnx")
    assert found.evidence["changes"], found.notices
    new = onnx.load(str(tmp_path / "b.onnx"))
    onnx.checker.check_model(new, full_check=True)
    assert new.opset_import[0].version == 17
    x = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    assert np.allclose(run(tmp_path / "b.onnx", x=x)[0], run(path, x=x)[0], atol=1e-5)


def test_a_reshape_with_fixed_sizes_is_changed_with_its_layer(tmp_path):
    """A convolution, a Reshape to (n, 8 * 4) and a matrix: the sizes of the Reshape have to follow."""
    rng = np.random.default_rng(7)
    w = rng.normal(size=(8, 2, 1, 1)).astype(np.float32)
    w[3] = w[5]
    arrays = {"w": w, "s": np.array([-1, 32]), "v": rng.normal(size=(32, 3)).astype(np.float32)}
    nodes = [
        node("Conv", "x w", "h"),
        node("Relu", "h", "r"),
        node("Reshape", "r s", "f"),
        node("MatMul", "f v", "p"),
        node("Softmax", "p", "y"),
    ]
    path = saved(tmp_path / "a.onnx", nodes, arrays, {"x": ["n", 2, 2, 2]}, {"y": ["n", 3]})
    found = nv.prune(path)
    assert found.value["removed"] == {"equal": 1}
    found.write(tmp_path / "b.onnx")
    x = rng.normal(size=(4, 2, 2, 2)).astype(np.float32)
    assert np.allclose(run(tmp_path / "b.onnx", x=x)[0], run(path, x=x)[0], atol=1e-5)


def test_several_inputs_whole_numbers_and_a_recurrent_cell(tmp_path):
    """An embedding and an LSTM are opaque; the layers after them are looked at."""
    rng = np.random.default_rng(8)
    w, b = redundant_rows(rng, 6, 5)

    def small(*shape):
        return rng.normal(size=shape).astype(np.float32)

    arrays = {
        "table": small(9, 3),
        "lw": small(1, 20, 3),
        "lr": small(1, 20, 5),
        "w": w,
        "b": b,
        "v": small(6, 2),
        "one": np.array([1]),
    }
    nodes = [
        node("Gather", "table tokens", "e"),
        node("LSTM", "e lw lr", "all last cell", hidden_size=5),
        node("Squeeze", "last", "q"),
        node("Add", "q extra", "a"),
        node("Gemm", "a w b", "h", transB=1),
        node("Relu", "h", "r"),
        node("MatMul", "r v", "y"),
    ]
    inputs = {"tokens": (["length", "n"], np.int64), "extra": ["n", 5]}
    path = saved(tmp_path / "a.onnx", nodes, arrays, inputs, {"y": ["n", 2], "cell": [1, "n", 5]})
    network = nv.load_network(path, input_shape={"tokens": (4, 3), "extra": (3, 5)})
    assert {o.operator for o in network.opaque} >= {"Gather", "LSTM"}
    found = nv.prune(path)
    assert sum(found.value["removed"].values()) == 2
    found.write(tmp_path / "b.onnx")
    feeds = {"tokens": rng.integers(0, 9, size=(4, 3)), "extra": small(3, 5)}
    for one, two in zip(run(path, **feeds), run(tmp_path / "b.onnx", **feeds), strict=True):
        assert np.allclose(one, two, atol=1e-5)
    with pytest.raises(nv.InputError, match="missing"):
        network.evaluate(feeds["tokens"])
    with pytest.raises(nv.InputError, match="no input 'token'"):
        nv.load_network(path, input_shape={"token": (4, 3)})
    with pytest.raises(nv.InputError, match="say which one"):
        nv.load_network(path, input_shape=(4, 3))


def test_open_sizes_are_fixed_by_the_caller_or_by_trial(tmp_path):
    rng = np.random.default_rng(9)
    arrays = {"w": rng.normal(size=(4, 1, 3, 3)).astype(np.float32), "v": rng.normal(size=(2, 4, 3, 3)).astype(np.float32)}
    nodes = [node("Conv", "x w", "h"), node("Relu", "h", "r"), node("Conv", "r v", "y")]
    path = saved(tmp_path / "a.onnx", nodes, arrays, {"x": ["n", 1, "height", "width"]}, {"y": ["n", 2, "a", "b"]})
    assert nv.load_network(path, input_shape=(2, 1, 9, 8)).input_shape == (1, 9, 8)
    found = nv.load_network(path)
    assert "at inputs of" in found.source
    with pytest.raises(nv.InputError, match="does not fit"):
        nv.load_network(path, input_shape=(2, 3, 9, 8))
    nv.prune(path, input_shape=(2, 1, 9, 8)).write(tmp_path / "b.onnx")
    assert onnx.load(str(tmp_path / "b.onnx")).graph.input[0].type.tensor_type.shape.dim[0].dim_param == "n"


def test_a_part_that_is_misread_is_opaque(tmp_path, monkeypatch):
    """A reader that takes Relu for Abs: the part differs from its runtime, and nothing is said of it."""
    right = onnx_regions.OPERATIONS["Abs"]
    monkeypatch.setitem(onnx_regions.OPERATIONS, "Relu", lambda call: right(_renamed(call)))
    network = nv.load_network(feed_forward(tmp_path / "a.onnx"))
    assert "Relu" in {o.operator for o in network.opaque}
    assert any("computes something else" in o.reason for o in network.opaque)
    assert not nv.prune(tmp_path / "a.onnx").value["removed"]


def _renamed(call):
    from dataclasses import replace

    return replace(call, operator="Abs")


def test_an_edit_that_goes_wrong_is_not_kept(tmp_path, monkeypatch):
    """A file that computes something else than the original is never written."""
    from neurovariety.checkpoints.writers.onnx_edit import _Change

    right = _Change._replace
    monkeypatch.setattr(_Change, "_replace", lambda self, name, values: right(self, name, values[..., ::-1] if name == "v" else values))
    found = nv.prune(feed_forward(tmp_path / "a.onnx"))
    assert not found.value["removed"]
    assert any("differs in its runtime" in n for n in found.notices)


def test_what_no_runtime_can_run_is_listed_and_nothing_claimed(tmp_path):
    nodes = [helper.make_node("Mystery", ["x", "w"], ["h"], domain="some.where"), node("Relu", "h", "y")]
    tensor = numpy_helper.from_array(np.ones((3, 3), dtype=np.float32), "w")
    x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 3]) for n in "xy")
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("some.where", 1)]
    onnx.save(
        helper.make_model(helper.make_graph(nodes, "g", [x], [y], [tensor]), opset_imports=imports, ir_version=8),
        str(tmp_path / "a.onnx"),
    )
    found = nv.diagnose(tmp_path / "a.onnx")
    assert found.evidence["layers"][0]["kind"] == "some.where.Mystery"
    assert "nothing in the file was looked at" in found.meaning
    assert nv.prune(tmp_path / "a.onnx").claim is nv.Claim.UNDECIDED


def test_two_arrays_of_one_name_are_refused(tmp_path):
    path = feed_forward(tmp_path / "a.onnx")
    twice = onnx.load(str(path))
    twice.graph.initializer.append(numpy_helper.from_array(np.ones((6, 4), dtype=np.float32), "w"))
    onnx.save(twice, str(path))
    with pytest.raises(nv.InputError, match="two arrays of the name 'w'"):
        nv.load_network(path)


def test_a_file_with_kept_operators_is_the_same_as_itself(tmp_path):
    path = feed_forward(tmp_path / "a.onnx")
    found = nv.align(path, path)
    assert found.value["same"] == "yes"
    assert found.claim is nv.Claim.PROVED


@pytest.mark.parametrize(
    ("operator", "words"),
    [
        ("QLinearConv", "quantized"),
        ("MatMulInteger", "quantized"),
        ("DynamicQuantizeLinear", "quantized"),
        ("DequantizeLinear", "quantized"),
        ("If", "graphs of its own"),
        ("GRU", "recurrent cell"),
        ("NonZero", "not understood"),
    ],
)
def test_why_an_operator_is_kept_is_said_in_words(operator, words):
    assert words in onnx_opaque.not_understood(helper.make_node(operator, ["x"], ["y"]))
