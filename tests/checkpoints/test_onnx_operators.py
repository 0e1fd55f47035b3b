"""ONNX operators that torch's exporter seldom writes, each in a model made by hand; onnxruntime is the oracle."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.readers.onnx_import import read_onnx

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
    "known casts": (
        [node("Cast", "k", "whole", to=7), node("Cast", "whole", "c", to=1), node("Mul", "x c", "h"), node("Cast", "h", "y", to=1)],
        (3,),
        {"k": np.float32(2.7)},
    ),
    "whole numbers": (
        [
            node("Div", "a b", "q"),
            node("Cast", "q", "c", to=1),
            node("Mul", "x c", "h"),
            node("Mul", "q r", "t"),
            node("Reshape", "h t", "y"),
        ],
        (3,),
        {"a": whole(-7), "b": whole(2), "r": whole(0, -1)},
    ),
    "sizes": (
        [
            node("Shape", "x", "s", start=1),
            node("Gather", "s k", "n"),
            node("Cast", "n", "c", to=1),
            node("Div", "x c", "h"),
            node("Shape", "w", "rows", end=1),
            node("Cast", "rows", "d", to=1),
            node("Mul", "h d", "g"),
            node("MatMul", "g w", "y"),
        ],
        (3,),
        {"k": np.asarray(0, dtype=np.int64), "w": single(3, 2)},
    ),
    "part of the sizes": (
        [node("Shape", "x", "s"), node("Slice", "s a b", "n"), node("Concat", "n m", "t", axis=0), node("Reshape", "x t", "y")],
        (3, 4),
        {"a": whole(0), "b": whole(1), "m": whole(-1)},
    ),
    "no padding": ([node("MaxPool", "x", "y", kernel_shape=[2], pads=[1, 1], auto_pad="VALID")], (2, 5), {}),
    "weights in another shape": (
        [node("Reshape", "w s", "v"), node("MatMul", "x v", "y")],
        (3,),
        {"w": single(2, 3), "s": whole(3, 2)},
    ),
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
    "exponent": ([node("Pow", "x c", "y")], {"c": np.float32(0.5)}, "exponent is 1/2"),
    "alpha": ([node("Gemm", "x w", "y", alpha=0.0)], {"w": single(3, 3)}, "Gemm is not supported .alpha=0.0"),
    "training": ([node("BatchNormalization", "x s s s s", "y", training_mode=1)], {"s": single(3)}, "training_mode=1"),
    "comparison": ([node("Greater", "x c", "g"), node("Where", "g x c", "y")], {"c": np.float32(0)}, "Where is not supported"),
    "whole numbers": ([node("Cast", "x", "h", to=7), node("Cast", "h", "y", to=1)], {}, "rounds to int64"),
    "truth": ([node("Cast", "x", "h", to=9), node("Cast", "h", "y", to=1)], {}, "rounds to bool"),
    "half": ([node("Cast", "x", "h", to=10), node("Cast", "h", "y", to=1)], {}, "rounds to float16"),
    "brain": ([node("Cast", "x", "h", to=16), node("Cast", "h", "y", to=1)], {}, "rounds to bfloat16"),
    "text": ([node("Cast", "x", "y", to=8)], {}, "Cast is not supported"),
    "rounded weights": (
        [node("Cast", "w", "h", to=10), node("Cast", "h", "v", to=1), node("Mul", "x v", "y")],
        {"w": single(3)},
        "rounds",
    ),
    "length of the batch": (
        [node("Shape", "x", "s", end=1), node("Cast", "s", "c", to=1), node("Div", "x c", "y")],
        {},
        "computes with the length of the batch",
    ),
    "number of samples": (
        [node("Shape", "x", "s"), node("Gather", "s k", "n"), node("Cast", "n", "c", to=1), node("Mul", "x c", "y")],
        {"k": np.asarray(0, dtype=np.int64)},
        "computes with the length of the batch",
    ),
    "all axes": ([node("Unsqueeze", "x one", "h"), node("Squeeze", "h", "y")], {"one": whole(1)}, "takes away the batch of one sample"),
    "two indices": ([node("Gather", "x k", "y", axis=1)], {"k": whole(2).reshape(1, 1)}, "one index"),
    "slope": ([node("Swish", "x", "y", alpha=0.0)], {}, "with the factor 0"),
    "jump": ([node("Celu", "x", "y", alpha=-1.0)], {}, "alpha=-1.0"),
    "an axis of weights": (
        [node("Slice", "w a b c", "h"), node("MatMul", "x h", "y")],
        {"w": single(3, 3), "a": whole(0), "b": whole(2), "c": whole(1)},
        "along axis 1 of what is made of weights",
    ),
    "a new axis of weights": (
        [node("Unsqueeze", "w one", "h"), node("Mul", "x h", "y")],
        {"w": single(3), "one": whole(1)},
        "of weights",
    ),
    "weights along the batch": (
        [node("Transpose", "w", "h", perm=[0, 2, 1]), node("Add", "x h", "y")],
        {"w": single(3, 1, 3)},
        "aligns the first axis of the weights with the batch",
    ),
    "old broadcasting": ([node("Add", "x w", "y", broadcast=1, axis=1)], {"w": single(3)}, "broadcast=1"),
    "old training": ([node("Dropout", "x", "y", is_test=0)], {}, "is_test=0"),
    "impossible shape": ([node("Reshape", "w s", "v"), node("Mul", "x v", "y")], {"w": single(3), "s": whole(2, -1)}, "cannot be read"),
    "no window": ([node("Unsqueeze", "x one", "h"), node("MaxPool", "h", "y")], {"one": whole(1)}, "'kernel_shape'"),
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
    assert re.search(message, why_not_whole(tmp_path / "a.onnx"))


def why_not_whole(path):
    """Why a file is not read as a whole. What can be looked at of it is held against its runtime."""
    with pytest.raises(nv.InputError) as error:
        read_onnx(path)
    try:
        found = nv.load_network(path)
    except nv.InputError:  # a file that nothing can run
        return str(error.value)
    assert isinstance(found, PartialNetwork)
    assert found.why == str(error.value) or found.unread
    return str(error.value)


@pytest.mark.parametrize(("kind", "number"), [(np.int64, TensorProto.INT64), (np.uint8, TensorProto.UINT8)])
def test_inputs_of_whole_numbers(kind, number, tmp_path):
    """ONNX divides whole numbers with rounding; such an input is read only where it is made into real numbers at once."""
    plain = model([node("Div", "x k", "y")], (3,), {"k": np.asarray(2, dtype=kind)})
    plain.graph.input[0].type.tensor_type.elem_type = number
    onnx.save(plain, str(tmp_path / "a.onnx"))
    assert f"inputs of the type {np.dtype(kind)}" in why_not_whole(tmp_path / "a.onnx")
    scaled = model([node("Cast", "x", "h", to=1), node("Div", "h k", "y")], (3,), {"k": np.float32(255)})
    scaled.graph.input[0].type.tensor_type.elem_type = number
    onnx.save(scaled, str(tmp_path / "a.onnx"))
    assert np.allclose(nv.load_network(tmp_path / "a.onnx").evaluate([[51, 102, 0]]), [[0.2, 0.4, 0]])


def test_casts_in_a_network_of_short_weights(tmp_path):
    """Values are held in float64 whatever the type of the weights: a cast to that type is the identity."""
    half = model(
        [node("Cast", "x", "h", to=10), node("MatMul", "h w", "g"), node("Cast", "g", "y", to=1)],
        (3,),
        {"w": single(3, 2).astype(np.float16)},
    )
    onnx.save(half, str(tmp_path / "a.onnx"))
    network = nv.load_network(tmp_path / "a.onnx")
    assert np.allclose(
        network.evaluate(np.eye(3)), network.weights["w"].T if network.weights["w"].shape == (2, 3) else network.weights["w"]
    )


def test_weights_with_an_axis_in_front(tmp_path):
    nodes = [node("Reshape", "w s", "v"), node("Neg", "v", "e"), node("Add", "x e", "h"), node("Mul", "h w", "y")]
    onnx.save(model(nodes, (3,), {"w": np.array([1, 2, 3], dtype=np.float32), "s": whole(1, -1)}), str(tmp_path / "a.onnx"))
    assert np.allclose(nv.load_network(tmp_path / "a.onnx").evaluate([[0, 0, 0], [1, 1, 1]]), [[-1, -4, -9], [0, -2, -6]])


def test_a_batch_of_fixed_length_is_computed_with(tmp_path):
    nodes = [node("Shape", "x", "s", end=1), node("Cast", "s", "c", to=1), node("Div", "x c", "y")]
    onnx.save(model(nodes, (3,), {}, batch=4), str(tmp_path / "a.onnx"))
    assert np.allclose(nv.load_network(tmp_path / "a.onnx").evaluate([[4, 8, 0]]), [[1, 2, 0]])


def test_refused_shapes(tmp_path):
    for shape, message in ((("k",), "leaves the shape of an input open"), ((10**9,), "at most 100,000,000")):
        onnx.save(model([node("Relu", "x", "y")], shape, {}), str(tmp_path / "a.onnx"))
        with pytest.raises(nv.InputError, match=message):
            read_onnx(tmp_path / "a.onnx")


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_weights_in_other_precisions(dtype, tmp_path):
    weights = {"w": RNG.normal(size=(2, 3)).astype(dtype)}
    made = model([node("MatMul", "x t", "y")], (3,), {"t": weights["w"].T})
    for value in (*made.graph.input, *made.graph.output):
        value.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    onnx.save(made, str(tmp_path / "a.onnx"))
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
    assert "its max is computed" in why_not_whole(tmp_path / "a.onnx")
