"""ONNX files are held against a runtime when they are read, and files that were written against what was to be written."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph import opened_file
from neurovariety.checkpoints.readers import onnx_import
from neurovariety.checkpoints.writers import npz_export, onnx_export

from .random_networks import arrays, network, notation

onnx = pytest.importorskip("onnx")
RUNTIMES = ["reference"] + ["onnxruntime"] * (importlib.util.find_spec("onnxruntime") is not None)


@pytest.fixture(params=RUNTIMES)
def runtime(request, monkeypatch):
    if request.param == "reference":
        monkeypatch.setattr(opened_file, "find_spec", lambda name: None)
    return request.param


def model(*nodes, dtype=np.float32, batch="batch", size=3, **tensors):
    """A model of one input x, (batch, size), with the output y."""
    kind = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    entry, out = (onnx.helper.make_tensor_value_info(n, kind, [batch, k]) for n, k in (("x", size), ("y", None)))
    stored = [onnx.numpy_helper.from_array(np.asarray(v, dtype=dtype), k) for k, v in tensors.items()]
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node(*n[:3], **(n[3] if len(n) > 3 else {})) for n in nodes], "g", [entry], [out], stored
    )
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)


DENSE = (("Gemm", ["x", "w", "b"], ["h"], {"transB": 1}), ("Relu", ["h"], ["r"]), ("MatMul", ["r", "v"], ["y"]))
RNG = np.random.default_rng(0)
TENSORS = {"w": RNG.normal(size=(4, 3)), "b": RNG.normal(size=4), "v": RNG.normal(size=(4, 2))}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("batch", ["batch", 2])
def test_files_that_are_read_right_agree(runtime, dtype, batch):
    found = onnx_import.read_onnx_model(model(*DENSE, dtype=dtype, batch=batch, **TENSORS))
    assert found.output_shape == (2,)


@pytest.mark.parametrize("wrong", ["Sigmoid", "Abs", "Tanh"])
def test_an_operation_that_is_misread_is_refused(runtime, monkeypatch, wrong):
    monkeypatch.setitem(onnx_import.OPERATIONS, "Relu", lambda call: onnx_import.OPERATIONS[wrong](replace(call, operator=wrong)))
    with pytest.raises(nv.InputError, match="computes something else in a runtime") as error:
        onnx_import.read_onnx_model(model(*DENSE, **TENSORS), "a.onnx")
    assert "\n" not in str(error.value)


def test_weights_that_are_read_the_wrong_way_round_are_refused(runtime, monkeypatch):
    right = onnx_import._array
    monkeypatch.setattr(onnx_import, "_array", lambda *a: right(*a).T if right(*a).shape == (3, 3) else right(*a))
    with pytest.raises(nv.InputError, match="computes something else in a runtime"):
        onnx_import.read_onnx_model(model(("MatMul", ["x", "w"], ["y"]), w=np.arange(9).reshape(3, 3)))


def test_values_too_large_for_the_type_refuse_nothing(runtime):
    large = {"w": TENSORS["w"] * 1e30, "b": TENSORS["b"], "v": TENSORS["v"] * 1e30}
    assert onnx_import.read_onnx_model(model(*DENSE, **large)).parameters == 24


def test_a_slope_that_onnx_rounds_is_not_called_nothing(tmp_path):
    """The slope of a leaky ReLU is a float32 in ONNX, whatever the weights are."""
    source = network((2, 3, 1), "leaky_relu", 0)
    made = nv.write_network(source, tmp_path / "a.onnx", dtype="float64")
    assert made.rounded == 0
    assert made.function_change > 0
    assert "other constants" in made.summary()
    exact = nv.write_network(source, tmp_path / "a.npz", dtype="float64")
    assert exact.function_change == 0
    assert "nothing was rounded" in exact.summary()


@pytest.mark.parametrize("suffix", ["onnx", "npz"])
def test_a_file_that_computes_something_else_is_not_written_in_silence(tmp_path, monkeypatch, suffix):
    module, name = {"onnx": (onnx_export, "write_onnx"), "npz": (npz_export, "write_npz")}[suffix]
    right = getattr(module, name)

    def wrong(source, weights, *rest):
        right(source, {k: -v if k == "l0.weight" else v for k, v in weights.items()}, *rest)

    monkeypatch.setattr(module, name, wrong)
    if suffix == "npz":
        monkeypatch.setattr("neurovariety.checkpoints.load.write_npz", wrong)
    source = nv.load_network(arrays((2, 3, 1), 1), architecture=notation((2, 3, 1), "relu"))
    with pytest.raises(nv.NeurovarietyError, match="does not compute what was written"):
        nv.write_network(source, tmp_path / f"a.{suffix}")


def test_negative_sizes_are_open(tmp_path):
    """Paddle writes -1."""
    made = model(*DENSE, **TENSORS)
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = -1
    onnx.save(made, str(tmp_path / "a.onnx"))
    x = RNG.normal(size=(5, 3))
    expected = onnx_import.read_onnx_model(model(*DENSE, **TENSORS)).evaluate(x)
    assert np.array_equal(nv.load_network(tmp_path / "a.onnx").evaluate(x), expected)


def test_outputs_that_are_almost_zero_have_the_errors_of_what_is_before_them(monkeypatch):
    """Large numbers cancel before a sigmoid of about -12: float32 does not know the third digit. One in the second is a misreading."""
    pytest.importorskip("onnxruntime")
    rng = np.random.default_rng(0)
    w = rng.normal(size=(3, 2)) * 1e4
    w[:, 1] = w[:, 0] + rng.normal(size=3) / 8
    nodes = (
        ("MatMul", ["x", "w"], ["h"]),
        ("Mul", ["h", "s"], ["g"]),
        ("MatMul", ["g", "v"], ["z"]),
        ("Add", ["z", "c"], ["q"]),
        ("Sigmoid", ["q"], ["y"]),
    )
    made = model(*nodes, w=w, s=[1.0, 1.0], v=[[1.0], [-1.0]], c=[-12.0])
    assert onnx_import.read_onnx_model(made).output_shape == (1,)
    sigmoid = onnx_import.OPERATIONS["Sigmoid"]

    def larger(call):
        return call.builder.elementwise(f"{call.name} more", "", "multiply", sigmoid(call), 1.06)

    monkeypatch.setitem(onnx_import.OPERATIONS, "Sigmoid", larger)
    with pytest.raises(nv.InputError, match="computes something else in a runtime"):
        onnx_import.read_onnx_model(made)


BODIES = {
    "slope": (("MatMul", ["x", "w"], ["h"]), ("LeakyRelu", ["h"], ["r"], {"alpha": 0.1})),
    "clip": (("MatMul", ["x", "w"], ["h"]), ("Clip", ["h", "low", "high"], ["r"])),
    "axis": (("MatMul", ["x", "w"], ["h"]), ("Reshape", ["h", "square"], ["s"]), ("Transpose", ["s"], ["t"], {"perm": [0, 2, 1]})),
    "epsilon": (("MatMul", ["x", "w"], ["h"]), ("BatchNormalization", ["h", "one", "none", "none", "one"], ["r"], {"epsilon": 1e-3})),
}
HIDDEN = {
    "nothing": (("MatMul", ["r", "v"], ["y"]),),
    "softmax": (("MatMul", ["r", "v"], ["z"]), ("Mul", ["z", "big"], ["q"]), ("Softmax", ["q"], ["y"])),
    "sigmoid": (("MatMul", ["r", "v"], ["z"]), ("Sub", ["z", "far"], ["q"]), ("Sigmoid", ["q"], ["y"])),
    "constant": (("MatMul", ["r", "v"], ["z"]), ("Mul", ["z", "zero"], ["y"])),
    "beside": (("MatMul", ["r", "v"], ["z"]), ("Mul", ["z", "uneven"], ["q"]), ("Add", ["q", "large"], ["y"])),
}
NUMBERS = {
    "v": RNG.normal(size=(4, 2)),
    "low": 0.0,
    "high": 6.0,
    "big": 1e3,
    "far": 25.0,
    "zero": 0.0,
    "uneven": [1.0, 1e-3],
    "large": [1e4, 0.0],
    "one": np.ones(4),
    "none": np.zeros(4),
}


def _twin(call):
    """What a reader makes that is slightly wrong."""
    attributes = dict(call.attributes)
    if call.operator == "LeakyRelu":
        attributes["alpha"] *= 1.001
    elif call.operator == "Transpose":
        attributes["perm"] = [0, 1, 2]
    elif call.operator == "BatchNormalization":
        attributes["epsilon"] = 0.0
    else:
        return call.make("activation", call.x, weights=None, function="hardtanh", low=Fraction(0), high=Fraction(5))
    return READERS[call.operator](replace(call, attributes=attributes))


READERS = dict(onnx_import.OPERATIONS)
TWINS = {"slope": "LeakyRelu", "clip": "Clip", "axis": "Transpose", "epsilon": "BatchNormalization"}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("body", BODIES)
def test_what_outputs_hide_is_seen_before_them(monkeypatch, body, hidden, dtype):
    """A slope off by a thousandth, a clip at 5 for 6 that no input reaches, a swapped axis: behind outputs that are saturated,
    constant or small beside others, in few digits. The file itself is read."""
    nodes = BODIES[body]
    if body == "axis":
        nodes = (*nodes, ("Reshape", ["t", "row"], ["r"]))
    nodes = (*nodes, *HIDDEN[hidden])
    read = {n for node in nodes for n in node[1]}
    made = model(*nodes, dtype=dtype, w=RNG.normal(size=(3, 4)) / 16, **{k: v for k, v in NUMBERS.items() if k in read})
    for name, shape in (("square", [-1, 2, 2]), ("row", [-1, 4])):
        if name in read:
            made.graph.initializer.append(onnx.numpy_helper.from_array(np.array(shape), name))
    assert onnx_import.read_onnx_model(made).output_shape == (2,)
    monkeypatch.setitem(onnx_import.OPERATIONS, TWINS[body], _twin)
    with pytest.raises(nv.InputError, match="computes something else in a runtime"):
        onnx_import.read_onnx_model(made)


def test_a_simplified_graph_is_held_against_itself(monkeypatch):
    """Simplifying is ours: what it makes is compared with the graph that was read."""
    right = onnx_import.fused

    def wrong(network):
        made = right(network)
        bent = [replace(n, attributes={"function": "abs"}) if n.function == "relu" else n for n in made.nodes]
        return replace(made, nodes=tuple(bent))

    monkeypatch.setattr(onnx_import, "fused", wrong)
    with pytest.raises(nv.InputError, match="simplified to another function"):
        onnx_import.read_onnx_model(model(*DENSE, **TENSORS))
