"""Files in which channels lie last, or axes of length 1 come and go: their layers are looked at, and pruned in the file."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.channels_first import channels_first
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

WIDTH = 6


def planted(rng, shape):
    """Filters of which the second is the first and the third is 0."""
    w = rng.integers(-8, 9, size=shape) / 4
    w[1] = w[0]
    w[2] = 0
    return w.astype(np.float32)


def by_channel(rng, twice=True):
    v = rng.integers(-8, 9, size=WIDTH) / 4
    v[v == 0] = 1
    if twice:
        v[1] = v[0]
    return v.astype(np.float32)


def saved(path, nodes, arrays, shape, opset=17):
    graph = helper.make_graph(
        [helper.make_node(op, ins.split(), outs.split(), **a) for op, ins, outs, a in nodes],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(made, str(path))
    return path


def keras(path, rng, twice=True, opaque=False, operators=("Sub", "Mul", "Add")):
    """Convolution, transposed to channels last, bias, mean, factor, shift, ReLU, transposed back, convolution."""
    arrays = {"w": planted(rng, (WIDTH, 3, 3, 3)), "v": rng.normal(size=(4, WIDTH, 1, 1)).astype(np.float32)}
    nodes = [("Conv", "x w", "c", {}), ("Transpose", "c", "t", {"perm": [0, 2, 3, 1]})]
    at = "t"
    for k, op in enumerate(("Add", *operators)):
        arrays[f"a{k}"] = by_channel(rng, twice).reshape(1, 1, 1, -1)
        nodes.append((op, f"{at} a{k}", f"b{k}", {}))
        at = f"b{k}"
    nodes += [("Relu", at, "r", {}), ("Transpose", "r", "n", {"perm": [0, 3, 1, 2]}), ("Conv", "n v", "z", {})]
    nodes += [("Transpose", "z", "y" if not opaque else "l", {"perm": [0, 2, 3, 1]})]
    if opaque:
        nodes.append(("LpNormalization", "l", "y", {}))
    return saved(path, nodes, arrays, ["n", 3, 8, 8])


def squeezed(path, rng, twice=True, opaque=False):
    """Convolutions of rows as tf2onnx writes them: of height 1, which comes and goes."""
    arrays = {
        "w": planted(rng, (WIDTH, 3, 1, 3)),
        "v": rng.normal(size=(4, WIDTH, 1, 1)).astype(np.float32),
        "b": by_channel(rng, twice).reshape(1, -1, 1),
        "axis": np.array([2]),
    }
    nodes = [
        ("Unsqueeze", "x axis", "u", {}),
        ("Conv", "u w", "c", {}),
        ("Squeeze", "c axis", "s", {}),
        ("Add", "s b", "a", {}),
        ("Relu", "a", "r", {}),
        ("Unsqueeze", "r axis", "n", {}),
        ("Conv", "n v", "z", {}),
        ("LpNormalization", "z", "y", {}) if opaque else ("Squeeze", "z axis", "y", {}),
    ]
    return saved(path, nodes, arrays, ["n", 3, 12])


def normed(path, rng, twice=True, opaque=False):
    """A matrix and what Keras makes of a batch norm after it."""
    arrays = {
        "w": planted(rng, (WIDTH, 5)).T.copy(),
        "v": rng.normal(size=(WIDTH, 2)).astype(np.float32),
        **{k: by_channel(rng, twice) for k in ("b", "m", "s")},
    }
    nodes = [
        ("MatMul", "x w", "c", {}),
        ("Add", "c b", "h", {}),
        ("Mul", "h m", "i", {}),
        ("Add", "i s", "j", {}),
        ("Relu", "j", "r", {}),
        ("MatMul", "r v", "l" if opaque else "y", {}),
        *([("LpNormalization", "l", "y", {})] if opaque else []),
    ]
    return saved(path, nodes, arrays, ["n", 5])


@pytest.mark.parametrize("opaque", [False, True])
@pytest.mark.parametrize("form", [keras, squeezed, normed])
@pytest.mark.parametrize("seed", range(2))
def test_planted_channels_are_found_and_the_file_without_them_computes_the_same(tmp_path, form, opaque, seed):
    path = form(tmp_path / "m.onnx", np.random.default_rng(seed), opaque=opaque)
    found = nv.diagnose(path)
    assert found.value["redundant"]["equal"] == 1, found.evidence["layers"]
    smaller = nv.prune(path)
    smaller.write(tmp_path / "p.onnx")
    before, after = (ort.InferenceSession(str(p), providers=["CPUExecutionProvider"]) for p in (path, tmp_path / "p.onnx"))
    shape = [3, *(d if isinstance(d, int) else 1 for d in before.get_inputs()[0].shape[1:])]
    x = np.random.default_rng(5).normal(size=shape).astype(np.float32)
    (a,), (b,) = before.run(None, {"x": x}), after.run(None, {"x": x})
    assert np.allclose(a, b, rtol=1e-5, atol=1e-5 * np.abs(a).max())
    sizes = {t.name: list(t.dims) for t in onnx.load(tmp_path / "p.onnx").graph.initializer}
    assert sizes["w"][1 if form is normed else 0] < WIDTH


@pytest.mark.parametrize("form", [keras, squeezed, normed])
def test_channels_with_other_numbers_are_not_equal(tmp_path, form):
    path = form(tmp_path / "m.onnx", np.random.default_rng(1), twice=False)
    assert "equal" not in nv.diagnose(path).value["redundant"]


@pytest.mark.parametrize("operators", [("Add", "Mul"), ("Mul", "Sub", "Add"), ("Div", "Add"), ("Mul", "Mul", "Mul")])
def test_any_chain_is_the_function_that_it_was(tmp_path, operators):
    path = keras(tmp_path / "m.onnx", np.random.default_rng(2), twice=False, operators=operators)
    network = nv.load_network(path)
    assert isinstance(network, Network)
    x = np.random.default_rng(5).normal(size=(3, 3, 8, 8)).astype(np.float32)
    (a,) = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})
    assert np.allclose(network.evaluate(x), a, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 4), (4, 1, 1), (4, 4), (4,), (3, 4, 4), (1, 4, 4)])
def test_only_a_number_a_channel_is_moved(shape):
    """Weights of every other shape, on values whose axes are all as long, stay where they are."""
    rng = np.random.default_rng(3)
    nodes = (
        Node("x", "input"),
        Node("c", "conv", ("x",), {"weight": "w"}, {"stride": (1, 1), "padding": ((0, 0), (0, 0)), "dilation": (1, 1), "groups": 1}),
        Node("t", "transpose", ("c",), {}, {"permutation": (1, 2, 0)}),
        Node("m", "multiply", ("t",), {"weight": "a"}),
        Node("y", "activation", ("m",), {}, {"function": "relu"}),
    )
    weights = {"w": rng.normal(size=(4, 2, 1, 1)), "a": rng.normal(size=shape if shape != (3, 4, 4) else (4, 4, 4))}
    network = Network((2, 4, 4), nodes, "y", weights)
    moved = channels_first(network)
    x = rng.normal(size=(2, 2, 4, 4))
    assert np.allclose(moved.evaluate(x), network.evaluate(x))
    assert ("normalize" in {n.kind for n in moved.nodes}) == (shape in [(1, 1, 4), (4,)])
