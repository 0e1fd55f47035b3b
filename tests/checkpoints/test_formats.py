"""Files as people have them: forms of exporters, weights joined and shared, short types, safetensors, and kinds that are not read."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(4)


def single(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def twice(*shape):
    """Rows of which the second is the first."""
    w = single(*shape)
    w[1] = w[0]
    return w


def node(operator, inputs, outputs, **attributes):
    return helper.make_node(operator, inputs.split(), outputs.split(), **attributes)


def saved(path, nodes, arrays, inputs, outputs, opset=13, domains=(), kind=TensorProto.FLOAT):
    stored = [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]
    ends = [[helper.make_tensor_value_info(n, t, s) for n, (t, s) in given.items()] for given in (inputs, outputs)]
    graph = helper.make_graph(nodes, "g", *ends, stored)
    imports = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, v) for d, v in domains)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def run(path, x):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})


def of_tf2onnx(path):
    """Channels last: transposed before and after, SAME padding, sizes computed from Shape, a bias of its own."""
    arrays = {
        "w1": twice(4, 2, 3, 3), "b1": np.array([1, 1, 0.5, -1], np.float32), "w2": single(36 * 4, 5), "b2": single(5),
        "first": np.array([0]), "one": np.array([1]), "rest": np.array([-1]), "axes": np.array([0]),
    }  # fmt: skip
    nodes = [
        node("Transpose", "x", "x_nchw", perm=[0, 3, 1, 2]),
        node("Conv", "x_nchw w1 b1", "c", auto_pad="SAME_UPPER", strides=[1, 1], kernel_shape=[3, 3]),
        node("Relu", "c", "r"),
        node("Transpose", "r", "r_nhwc", perm=[0, 2, 3, 1]),
        node("Shape", "r_nhwc", "s"),
        node("Cast", "s", "s32", to=TensorProto.INT32),
        node("Cast", "s32", "s64", to=TensorProto.INT64),
        node("Slice", "s64 first one axes", "n"),
        node("Concat", "n rest", "target", axis=0),
        node("Reshape", "r_nhwc target", "f"),
        node("MatMul", "f w2", "m"),
        node("Add", "m b2", "y"),
    ]
    ends = {"x": (1, ["n", 6, 6, 2])}, {"y": (1, ["n", 5])}
    return saved(path, nodes, arrays, *ends), single(3, 6, 6, 2), {"equal": 1}


def of_paddle(path):
    """Biases as values of four axes, batch norm, a flattening whose sizes are cut from a Shape."""
    arrays = {
        "conv.w_0": twice(4, 2, 3, 3), "conv.b_0": np.array([1, 1, 0.5, -1], np.float32), "shape1": np.array([1, -1, 1, 1]),
        "bn.w_0": np.array([2, 2, 1, 1], np.float32), "bn.b_0": np.array([1, 1, 0, 0], np.float32), "mean": np.zeros(4, np.float32),
        "var": np.ones(4, np.float32), "a": np.array([0]), "b": np.array([1]), "rest": np.array([-1]), "fc.w_0": single(64, 5),
        "fc.b_0": single(5),
    }  # fmt: skip
    nodes = [
        node("Conv", "x conv.w_0", "c", pads=[0, 0, 0, 0], strides=[1, 1], dilations=[1, 1], group=1, kernel_shape=[3, 3]),
        node("Reshape", "conv.b_0 shape1", "b4"),
        node("Add", "c b4", "e"),
        node("BatchNormalization", "e bn.w_0 bn.b_0 mean var", "bn", epsilon=1e-5, momentum=0.9),
        node("Relu", "bn", "r"),
        node("Shape", "r", "s"),
        node("Slice", "s a b", "n"),
        node("Concat", "n rest", "target", axis=0),
        node("Reshape", "r target", "f"),
        node("MatMul", "f fc.w_0", "m"),
        node("Add", "m fc.b_0", "y"),
    ]
    ends = {"x": (1, ["n", 2, 6, 6])}, {"y": (1, ["n", 5])}
    return saved(path, nodes, arrays, *ends, opset=11), single(3, 2, 6, 6), {"equal": 1}


def of_skl2onnx(path):
    """A classifier: a cast, rows as biases, and two outputs, the class by an operator of machine learning."""
    w = single(4, 6)
    w[:, 3] = w[:, 2]
    b = np.array([[1, 2, 3, 3, 4, 5]], np.float32)
    arrays = {
        "coefficient": w,
        "intercepts": b,
        "coefficient1": single(6, 3),
        "intercepts1": single(1, 3),
        "classes": np.array([0, 1, 2]),
    }
    nodes = [
        node("Cast", "X", "cast_input", to=1),
        node("MatMul", "cast_input coefficient", "mul_result"),
        node("Add", "mul_result intercepts", "add_result"),
        node("Relu", "add_result", "next_activations"),
        node("MatMul", "next_activations coefficient1", "mul_result1"),
        node("Add", "mul_result1 intercepts1", "add_result1"),
        node("Softmax", "add_result1", "probabilities", axis=1),
        node("ArgMax", "probabilities", "argmax", axis=1, keepdims=1),
        helper.make_node("ArrayFeatureExtractor", ["classes", "argmax"], ["extracted"], domain="ai.onnx.ml"),
        node("Reshape", "extracted shape", "label"),
    ]
    ends = {"X": (1, [None, 4])}, {"label": (7, [None]), "probabilities": (1, [None, 3])}
    file = saved(path, nodes, {**arrays, "shape": np.array([-1])}, *ends, domains=[("ai.onnx.ml", 1)])
    return file, single(5, 4), {"equal": 1}


def joined(path):
    """Two matrices in one array, cut apart in the file, as joined projections are."""
    w = single(5, 4)
    w[:, 1] = w[:, 0]
    arrays = {"both": np.concatenate([w, single(5, 4)], axis=1), "sizes": np.array([4, 4]), "v": single(4, 3), "u": single(4, 3)}
    nodes = [
        node("Split", "both sizes", "w1 w2", axis=1),
        node("MatMul", "x w1", "a"),
        node("Relu", "a", "r"),
        node("MatMul", "r v", "p"),
        node("MatMul", "x w2", "b"),
        node("Cos", "b", "s"),
        node("MatMul", "s u", "q"),
        node("Add", "p q", "y"),
    ]
    return saved(path, nodes, arrays, {"x": (1, ["n", 5])}, {"y": (1, ["n", 3])}), single(3, 5), {"equal": 1}


def shared(path):
    """One array in two layers: neither may be changed without the other, and neither is."""
    w = twice(4, 4)
    nodes = [
        node("Gemm", "x w", "h", transB=1),
        node("Relu", "h", "r"),
        node("Gemm", "r w", "g", transB=1),
        node("Relu", "g", "t"),
        node("MatMul", "t v", "y"),
    ]
    return saved(path, nodes, {"w": w, "v": single(4, 2)}, {"x": (1, ["n", 4])}, {"y": (1, ["n", 2])}), single(3, 4), {}


@pytest.mark.parametrize("form", [of_tf2onnx, of_paddle, of_skl2onnx, joined, shared])
def test_forms_of_files(form, tmp_path):
    path, x, removed = form(tmp_path / "a.onnx")
    found = nv.prune(path)
    assert found.value["removed"] == removed, found.evidence
    assert str(found.claim) == "proved", found.notices
    found.write(tmp_path / "b.onnx")
    onnx.checker.check_model(onnx.load(str(tmp_path / "b.onnx")))
    assert not any("anew" in n for n in found.notices), found.notices
    for one, two in zip(run(path, x), run(tmp_path / "b.onnx", x), strict=True):
        assert np.allclose(one, two, atol=1e-5)


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_short_types_keep_their_precision(name, tmp_path):
    """Weights of 8 and of 11 bits are read as they are, written back as they are, and compared in their own rounding."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 2)).to(getattr(torch, name))
    with torch.no_grad():
        module[0].weight[2], module[0].bias[2] = module[0].weight[1], module[0].bias[1]
    network = nv.load_network(module)
    torch.export.save(torch.export.export(module, (torch.zeros(3, 4, dtype=getattr(torch, name)),)), tmp_path / "a.pt2")
    for source in (
        network,
        nv.load_network(tmp_path / "a.pt2"),
        nv.load_network(module.state_dict(), architecture="mlp(4,6,2; relu; bias)"),
    ):
        assert {str(source.weights[k].dtype) for k in source.trained} == {name}
        assert np.array_equal(source.weights["0.weight"].astype(float), module[0].weight.double().detach().numpy())
    found = nv.prune(network)
    assert found.value["removed"] == {"equal": 1}
    for suffix in ("onnx", "pt2", "npz"):
        rounding = found.write(tmp_path / f"b.{suffix}")
        assert rounding.dtype == name
        back = nv.load_network(tmp_path / f"b.{suffix}")
        assert {str(back.weights[k].dtype) for k in back.trained} == {name}
        assert nv.align(network, back).value["same"] in ("yes", "within")
    nv.write_network(network, tmp_path / "c.onnx")
    smaller = nv.prune(tmp_path / "c.onnx")
    assert smaller.value["removed"] == {"equal": 1}
    smaller.write(tmp_path / "d.onnx")
    assert {str(numpy_helper.to_array(t).dtype) for t in onnx.load(tmp_path / "d.onnx").graph.initializer} <= {name, "int64"}


def safetensors(path, arrays):
    """Written by hand, as the format says: the length of the header, the header, the bytes."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, values in arrays.items():
        code = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16", "int64": "I64"}[str(values.dtype)]
        header[name] = {"dtype": code, "shape": list(values.shape), "data_offsets": [len(data), len(data) + values.nbytes]}
        data += values.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def test_safetensors_with_a_notation_or_a_module(tmp_path):
    import ml_dtypes

    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Conv1d(2, 3, 2), torch.nn.BatchNorm1d(3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(9, 2)
    )
    module[1].running_mean.normal_()
    file = safetensors(tmp_path / "m.safetensors", {k: v.numpy() for k, v in module.state_dict().items()})
    other = torch.nn.Sequential(
        torch.nn.Conv1d(2, 3, 2), torch.nn.BatchNorm1d(3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(9, 2)
    )
    before = other[0].weight.clone()
    found = nv.load_network(file, architecture=other, example=(2, 4))
    x = np.random.default_rng(0).normal(size=(3, 2, 4)).astype(np.float32)
    with torch.no_grad():
        assert np.allclose(found.evaluate(x), module.eval()(torch.as_tensor(x)).numpy(), atol=1e-5)
    assert torch.equal(other[0].weight, before)
    arrays = {"w1": np.array([[1, 2], [3, 4]]).astype(ml_dtypes.bfloat16), "w2": np.array([[5, 6]]).astype(ml_dtypes.bfloat16)}
    plain = nv.load_network(safetensors(tmp_path / "p.safetensors", arrays), architecture="mlp(2,2,1; x^2)")
    assert plain.evaluate([[1, 1]])[0, 0] == 5 * 9 + 6 * 49
    assert plain.weights["w1"].dtype == ml_dtypes.bfloat16
    with pytest.raises(nv.InputError, match="holds arrays and no graph"):
        nv.load_network(tmp_path / "p.safetensors")
    with pytest.raises(nv.InputError, match=r"has no '0\.bias'"):
        nv.load_network(tmp_path / "p.safetensors", architecture=other, example=(2, 4))
    state = dict(module.state_dict())
    state["0.bias"] = state["0.bias"][:2]
    with pytest.raises(nv.InputError, match=r"'0\.bias' has shape \(2,\)"):
        nv.load_network(state, architecture=other, example=(2, 4))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dtype": "F8_E4M3"}, "of the type 'F8_E4M3'"),
        ({"data_offsets": [0, 40]}, "does not fill its place"),
        ({"data_offsets": [-8, 24]}, "no shape and place"),
        ({"shape": [2**40, 2]}, "does not fill its place"),
        ({"shape": "x"}, "no shape and place"),
    ],
)
def test_damaged_safetensors(change, message, tmp_path):
    text = json.dumps({"w": {"dtype": "F64", "shape": [2, 2], "data_offsets": [0, 32], **change}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(32))
    with pytest.raises(nv.InputError, match=message):
        nv.load_network(tmp_path / "a.safetensors", architecture="mlp(2,2; x)")


class Ran:
    """Unpickling it creates a file."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return (open, (self.file, "w"))


HINTS = {
    "a.keras": "format='onnx'",
    "a.h5": "format='onnx'",
    "a.tflite": "tf2onnx.convert --tflite",
    "a.gguf": "export that to ONNX",
    "a.pb": "--saved-model",
    "a.pdmodel": "paddle2onnx",
    "a.mlmodel": "Core ML",
    "a.pt": r"torch\.export\.save",
    "a.bin": "weights_only=True",
    "a.pkl": "pickle",
    "a.joblib": "pickle",
    "a.npy": r"numpy\.savez",
    "a.xyz": "unknown kind",
    "a": "unknown kind",
}


@pytest.mark.parametrize("name", HINTS)
def test_other_kinds_come_with_a_way(name, tmp_path):
    """None is opened: each holds a pickle that would create a file."""
    (tmp_path / name).write_bytes(pickle.dumps(Ran(tmp_path / "ran")))
    with pytest.raises(nv.InputError, match=HINTS[name]) as error:
        nv.load_network(tmp_path / name)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "ran").exists()


def test_folders_and_stand_ins(tmp_path):
    for inside, message in (
        ((), "is a folder; give a file"),
        (("config.json", "model.safetensors"), "optimum-cli"),
        (("saved_model.pb",), "SavedModel"),
    ):
        folder = tmp_path / f"model {len(inside)} {inside[:1]}"
        folder.mkdir()
        for name in inside:
            (folder / name).write_bytes(b"x")
        with pytest.raises(nv.InputError, match=message):
            nv.load_network(folder)
    (folder / "model.onnx").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    with pytest.raises(nv.InputError, match=r"give the file in it, .*model\.onnx"):
        nv.load_network(folder)
    with pytest.raises(nv.InputError, match="git lfs pull"):
        nv.load_network(folder / "model.onnx")


class Answer(torch.nn.Module):
    """A module that returns a dictionary."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(3, 2)

    def forward(self, x):
        return {"logits": self.layer(x)}


def test_what_people_hold_in_python():
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))
    x = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    expected = module(torch.as_tensor(x)).detach().numpy()
    program = torch.export.export(module, (torch.zeros(5, 3),))
    text = "mlp(3,4,2; relu; bias)"
    for source in (module, program):
        assert np.allclose(nv.load_network(source).evaluate(x), expected, atol=1e-5)
    for source in (module.named_parameters(), dict(module.named_parameters()), module.state_dict()):
        assert np.allclose(nv.load_network(source, architecture=text).evaluate(x), expected, atol=1e-5)
    answer = Answer()
    found = nv.load_network(answer)
    assert isinstance(found, Network)
    assert np.allclose(found.evaluate(x), answer.layer(torch.as_tensor(x)).detach().numpy(), atol=1e-5)
    with pytest.raises(nv.InputError, match="a mapping of arrays with architecture="):
        nv.load_network(module.parameters(), architecture=text)
