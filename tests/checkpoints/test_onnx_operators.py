"""ONNX operators that torch's exporter seldom writes, each in a model made by hand; onnxruntime is the oracle."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv

onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(8)


def single(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def whole(*values):
    return np.asarray(values, dtype=np.int64)


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs.split(), [output], name=f"{operator} {output}", **attributes)


def model(nodes, shape, arrays, opset=18, batch="n"):
    values = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, *shape]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, None),
    ]
    stored = [numpy_helper.from_array(v, k) for k, v in arrays.items()]
    graph = helper.make_graph(nodes, "g", values[:1], values[1:], stored)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)


CASES = {
    # the form in which older exporters write x.view(x.size(0), -1)
    "shape": (
        [
            node("Shape", "x", "s"),
            node("Constant", "", "zero", value=numpy_helper.from_array(np.asarray(0, dtype=np.int64))),
            node("Gather", "s zero", "n", axis=0),
            node("Unsqueeze", "n first", "n1"),
            node("Concat", "n1 rest", "target", axis=0),
            node("Reshape", "x target", "h"),
            node("Gemm", "h w b", "y", transB=1),
        ],
        (2, 3),
        {"first": whole(0), "rest": whole(-1), "w": single(2, 6), "b": single(2)},
    ),
    "clip": ([node("Clip", "x low high", "y")], (3,), {"low": np.float32(0), "high": np.float32(6)}),
    "min": ([node("Relu", "x", "h"), node("Min", "h high", "y")], (3,), {"high": np.float32(6)}),
    "sum": ([node("Relu", "x", "h"), node("Sum", "h x", "y")], (3,), {}),
    "reciprocal": ([node("Mul", "x x", "h"), node("Add", "h one", "d"), node("Reciprocal", "d", "y")], (3,), {"one": np.float32(1)}),
    "global pool": ([node("GlobalAveragePool", "x", "h"), node("Flatten", "h", "y")], (2, 3, 4), {}),
    "pad": (
        [node("Pad", "x sides", "h"), node("Conv", "h w", "y", strides=[1, 2])],
        (2, 3, 4),
        {"sides": whole(0, 0, 1, 0, 0, 0, 2, 1), "w": single(3, 2, 2, 2)},
    ),
    "uneven": ([node("Conv", "x w", "y", pads=[1, 0, 0, 2], dilations=[1, 2], group=2)], (4, 3, 5), {"w": single(2, 2, 2, 2)}),
    "max pool": ([node("MaxPool", "x", "y", kernel_shape=[2, 2], pads=[1, 0, 0, 1], strides=[2, 1])], (1, 4, 4), {}),
    "norm": (
        [node("BatchNormalization", "x s b m v", "h", epsilon=0.01), node("Squeeze", "h last", "q"), node("Neg", "q", "y")],
        (2, 1),
        {"s": single(2), "b": single(2), "m": single(2), "v": np.abs(single(2)), "last": whole(2)},
    ),
    "turned": ([node("Transpose", "w", "t", perm=[1, 0]), node("MatMul", "x t", "y")], (3,), {"w": single(2, 3)}),
    "weights in front": ([node("MatMul", "w x", "y")], (3, 2), {"w": single(4, 3)}),
    "einsum": ([node("Einsum", "x x", "y", equation="bij,bkj->bki")], (3, 2), {}),
    "gather": (
        [node("Gather", "x k", "h", axis=2), node("Mul", "h c", "y")],
        (2, 3),
        {"k": np.asarray(1, dtype=np.int64), "c": single(2)},
    ),
    "split": (
        [helper.make_node("Split", ["x", "sizes"], ["a", "b"], axis=1), node("Div", "a one", "h"), node("Concat", "b h", "y", axis=1)],
        (3,),
        {"sizes": whole(1, 2), "one": np.float32(4)},
    ),
    "reduce": (
        [node("ReduceSum", "x a", "h", keepdims=1), node("ReduceMean", "h b", "y", keepdims=0)],
        (2, 3),
        {"a": whole(1), "b": whole(2)},
    ),
    "same": ([node("Identity", "x", "h"), node("Dropout", "h", "g"), node("Cast", "g", "y", to=1)], (3,), {}),
    "numbers in front": ([node("Sub", "c x", "h"), node("Div", "c h", "y")], (3,), {"c": np.float32(9)}),
}


@pytest.mark.parametrize("name", CASES)
def test_operator(name, tmp_path):
    nodes, shape, arrays = CASES[name]
    made = model(nodes, shape, arrays)
    onnx.save(made, str(tmp_path / "a.onnx"))
    network = nv.load_network(tmp_path / "a.onnx")
    x = single(3, *shape)
    session = runtime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    expected = session.run(None, {"x": x})[0]
    assert network.evaluate(x).shape == expected.shape
    assert np.allclose(network.evaluate(x), expected, atol=1e-5)
    exact = network.evaluate_exact(x[:1])
    assert np.allclose(exact.astype(np.float64), network.evaluate(x[:1]))
    # torch pads unevenly for a maximum by minus infinity, which no other network needs and the reader refuses
    for suffix in ("onnx", "npz") if name == "max pool" else ("onnx", "npz", "pt2"):
        nv.write_network(network, tmp_path / f"b.{suffix}")
        back = nv.load_network(tmp_path / f"b.{suffix}")
        assert np.allclose(back.evaluate(x), network.evaluate(x), atol=1e-6)


REFUSED = {
    "batch": ([node("ReduceSum", "x a", "y")], {"a": whole(0)}, "axis 0 of a batch"),
    "moved": ([node("Transpose", "x", "y", perm=[1, 0])], {}, "moves the batch axis"),
    "mixed": ([node("Reshape", "x s", "y")], {"s": whole(-1)}, "mixes the samples"),
    "exponent": ([node("Pow", "x c", "y")], {"c": np.float32(0.5)}, "exponent 1/2"),
    "alpha": ([node("Gemm", "x w", "y", alpha=2.0)], {"w": single(3, 3)}, "Gemm is not supported .alpha=2.0"),
    "training": ([node("BatchNormalization", "x s s s s", "y", training_mode=1)], {"s": single(3)}, "training_mode=1"),
    "comparison": ([node("Greater", "x c", "g"), node("Where", "g x c", "y")], {"c": np.float32(0)}, "Where is not supported"),
    "domain": ([helper.make_node("Relu", ["x"], ["y"], domain="com.acme", name="layer")], {}, "^layer: the operation com.acme.Relu"),
    "dangling": ([node("Relu", "h", "y")], {}, "takes 'h'"),
    "shapes": ([node("Add", "x c", "y")], {"c": single(4)}, "cannot be applied"),
    "stride": (
        [node("Unsqueeze", "x one", "h"), node("Conv", "h w", "y", strides=[0])],
        {"one": whole(1), "w": single(1, 1, 2)},
        "at least 1",
    ),
    "window": (
        [node("Unsqueeze", "x one", "h"), node("MaxPool", "h", "y", kernel_shape=[9], dilations=[0])],
        {"one": whole(1)},
        "at least 1",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name, tmp_path):
    nodes, arrays, message = REFUSED[name]
    onnx.save(model(nodes, (3,), arrays), str(tmp_path / "a.onnx"))
    with pytest.raises(nv.InputError, match=message):
        nv.load_network(tmp_path / "a.onnx")


def test_refused_shapes(tmp_path):
    for shape, message in ((("k",), "leaves the shape of an input open"), ((10**9,), "at most 100,000,000")):
        onnx.save(model([node("Relu", "x", "y")], shape, {}), str(tmp_path / "a.onnx"))
        with pytest.raises(nv.InputError, match=message):
            nv.load_network(tmp_path / "a.onnx")


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_weights_in_other_precisions(dtype, tmp_path):
    weights = {"w": RNG.normal(size=(2, 3)).astype(dtype)}
    onnx.save(model([node("MatMul", "x t", "y")], (3,), {"t": weights["w"].T}), str(tmp_path / "a.onnx"))
    network = nv.load_network(tmp_path / "a.onnx")
    assert np.array_equal(network.weights["t"], weights["w"])
    assert network.weights["t"].dtype == dtype
    x = RNG.integers(-4, 5, size=(2, 3))
    exact = network.evaluate_exact(x)
    assert exact[0, 0] == sum(Fraction(float(w)) * int(v) for w, v in zip(weights["w"][0], x[0], strict=True))


def test_an_end_that_is_computed_is_refused(tmp_path):
    """Clip(x, 0, h) with a computed h is no relu: the upper end must not be left out."""
    nodes = [node("Relu", "x", "h"), node("Clip", "x low h", "y")]
    onnx.save(model(nodes, (3,), {"low": np.float32(0)}), str(tmp_path / "a.onnx"))
    with pytest.raises(nv.InputError, match="its max is computed"):
        nv.load_network(tmp_path / "a.onnx")
