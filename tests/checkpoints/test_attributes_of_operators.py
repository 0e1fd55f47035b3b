"""Attributes of operators that change what is computed: read right, or kept with the reason. onnxruntime and torch are the oracles."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.opened_file import OpenedFile
from neurovariety.checkpoints.graph.partial_network import PartialNetwork
from neurovariety.checkpoints.readers import onnx_agreement
from neurovariety.checkpoints.readers.onnx_import import read_onnx_model

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
torch = pytest.importorskip("torch")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

RNG = np.random.default_rng(8)
ROWS, FILTERS = 6, 4


def single(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def whole(*values):
    return np.asarray(values, dtype=np.int64)


def node(operator, inputs, output, **attributes):
    return helper.make_node(operator, inputs.split(" "), [output], name=f"{operator}_{output}", **attributes)


def saved(path, nodes, shape, arrays, opset):
    stored = [numpy_helper.from_array(np.asarray(v), k) for k, v in arrays.items()]
    made = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", *(None for _ in shape)])
    graph = helper.make_graph(nodes, "g", [made], [out], stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10), str(path))
    return path


def run(path, x):
    return ort.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


def redundant():
    """Rows of which the second is twice the first and the third is 0, with biases."""
    w, b = single(ROWS, 4), single(ROWS)
    w[1], b[1], w[2] = 2 * w[0], 2 * b[0], 0
    return w, b


def rows(operator, extra=None, given="", opset=18, **attributes):
    w, b = redundant()
    nodes = [node("Gemm", "x w b", "h", transB=1), node(operator, "h" + given, "r", **attributes), node("MatMul", "r v", "y")]
    return nodes, (4,), {"w": w, "b": b, "v": single(ROWS, 3), **(extra or {})}, opset


def gemm(bias=None, **attributes):
    w, b = redundant()
    w = w if attributes.get("transB") else np.ascontiguousarray(w.T)
    nodes = [node("Gemm", "x w b", "h", **attributes), node("Relu", "h", "r"), node("MatMul", "r v", "y")]
    return nodes, (4,), {"w": w, "b": b if bias is None else bias, "v": single(ROWS, 3)}, 18


def turned():
    w, b = redundant()
    return [node("Transpose", "x", "t", perm=[1, 0]), node("Gemm", "t w b", "y", transA=1, transB=1)], (4,), {"w": w, "b": b}, 18


def pool(operator, **attributes):
    w = single(FILTERS, 2, 1, 1)
    w[1] = w[0]
    made = node(operator, "q", "r", **{"kernel_shape": [2, 2], **attributes})
    nodes = [node("Conv", "x w", "h"), node("Relu", "h", "q"), made, node("Conv", "r v", "y")]
    return nodes, (2, 5, 7), {"w": w, "v": single(2, FILTERS, 1, 1)}, 22


def slopes(*shape):
    nodes = [node("Conv", "x w", "h"), node("PRelu", "h s", "r"), node("Conv", "r v", "y")]
    return nodes, (2, 5, 7), {"w": single(FILTERS, 2, 1, 1), "s": single(*shape), "v": single(2, FILTERS, 1, 1)}, 18


ANGLES = np.outer(np.arange(5), 1 / 10 ** (np.arange(4) / 4))
COS, SIN = np.cos(ANGLES).astype(np.float32), np.sin(ANGLES).astype(np.float32)


def rotated(nodes, arrays, opset):
    nodes = [node("MatMul", "x w", "q"), *nodes, node("MatMul", "z v", "y")]
    return nodes, (5, 8), {"w": single(8, 8), "v": single(8, 3), **arrays}, opset


def rotary_written_out():
    nodes = [
        node("Slice", "q zero half last", "a"),
        node("Slice", "q half end last", "b"),
        node("Neg", "b", "nb"),
        node("Concat", "nb a", "r", axis=-1),
        node("Mul", "q c", "qc"),
        node("Mul", "r s", "rs"),
        node("Add", "qc rs", "z"),
    ]
    cuts = {"zero": whole(0), "half": whole(4), "end": whole(2**63 - 1), "last": whole(-1)}
    return rotated(nodes, {**cuts, "c": np.concatenate([COS, COS], -1), "s": np.concatenate([SIN, SIN], -1)}, 18)


def rotary(**attributes):
    half = attributes.get("rotary_embedding_dim", 4) // 2
    nodes = [
        node("Shape", "x", "n", end=1),
        node("Concat", "n five", "size", axis=0),
        node("Expand", "k size", "p"),
        node("RotaryEmbedding", "q c s p", "z", num_heads=2, **attributes),
    ]
    tables = {"c": np.ascontiguousarray(COS[:, :half]), "s": np.ascontiguousarray(SIN[:, :half])}
    return rotated(nodes, {"five": whole(5), "k": whole(*range(5)), **tables}, 23)


def clip(low=None, high=None):
    extra = {k: np.float32(v) for k, v in (("l", low), ("u", high)) if v is not None}
    return rows("Clip", extra, f" {'l' if low is not None else ''} {'u' if high is not None else ''}")


UNKNOWN = "the operator is not understood"
PADDED = [1, 1, 1, 1]
CASES = {
    "Gemm, alpha and beta": (gemm(alpha=2.0, beta=0.5), None),
    "Gemm, alpha": (gemm(alpha=0.5, transB=1), None),
    "Gemm, both alike": (gemm(alpha=-3.0, beta=-3.0), None),
    "Gemm, alpha, one number as bias": (gemm(np.float32(0.5), alpha=0.1, beta=0.7), None),
    "Gemm, alpha 0": (gemm(alpha=0.0), "alpha=0.0"),
    "Gemm, beta": (gemm(beta=-0.5), None),
    "Gemm, beta 0": (gemm(beta=0.0), None),
    "Gemm, transA": (turned(), "it works across the first axis"),
    "Gemm, one number as bias": (gemm(np.float32(0.5)), None),
    "Gemm, bias (1,)": (gemm(single(1)), None),
    "Gemm, bias (1, 1)": (gemm(single(1, 1), transB=1), None),
    "Gemm, a row as bias": (gemm(single(1, ROWS)), None),
    "PRelu, one slope": (rows("PRelu", {"s": np.float32(3)}, " s"), None),
    "PRelu, below 0": (rows("PRelu", {"s": np.float32(-1)}, " s"), None),
    "PRelu, a slope a row": (rows("PRelu", {"s": single(ROWS)}, " s"), None),
    "PRelu, (4, 1, 1)": (slopes(FILTERS, 1, 1), None),
    "PRelu, along the last axis": (slopes(7), None),
    "PRelu, along another axis": (slopes(1, 5, 1), None),
    "PRelu, (1, 1, 1)": (slopes(1, 1, 1), None),
    "Celu": (rows("Celu", alpha=2.0), None),
    "Celu, alpha": (rows("Celu", alpha=0.3), None),
    "Elu": (rows("Elu"), None),
    "Elu, alpha": (rows("Elu", alpha=0.5), None),
    "Elu, below 0": (rows("Elu", alpha=-1.0), None),
    "LeakyRelu": (rows("LeakyRelu"), None),
    "LeakyRelu, alpha": (rows("LeakyRelu", alpha=2.0), None),
    "ThresholdedRelu": (rows("ThresholdedRelu"), UNKNOWN),
    "Mish": (rows("Mish"), UNKNOWN),
    "Selu, alpha and gamma": (rows("Selu", alpha=2.0, gamma=0.5), None),
    "HardSigmoid": (rows("HardSigmoid"), None),
    "HardSigmoid, alpha": (rows("HardSigmoid", alpha=-0.25), None),
    "HardSigmoid, beta": (rows("HardSigmoid", beta=0.125), None),
    "Swish, alpha": (rows("Swish", opset=24, alpha=2.0), None),
    "Clip, low": (clip(-0.5), None),
    "Clip, high": (clip(None, 0.5), None),
    "Clip, both": (clip(-0.5, 0.75), None),
    "Clip, none": (clip(), None),
    "Clip, infinite": (clip(-np.inf, np.inf), None),
    "Clip, infinite below": (clip(-np.inf, 0.5), None),
    "Clip, crossed": (clip(1, -1), "from 1 to -1"),
    "Clip, NaN": (clip(np.nan), "from nan to None"),
    "rotary written out": (rotary_written_out(), None),
    "rotary": (rotary(), UNKNOWN),
    "rotary, interleaved": (rotary(interleaved=1), UNKNOWN),
    "rotary, of a part": (rotary(rotary_embedding_dim=2), UNKNOWN),
    "MaxPool, ceil_mode": (pool("MaxPool", ceil_mode=1, strides=[2, 2]), None),
    "MaxPool, ceil_mode, padded": (pool("MaxPool", ceil_mode=1, strides=[2, 2], pads=PADDED), None),
    "MaxPool, ceil_mode, steps of 3": (pool("MaxPool", ceil_mode=1, strides=[3, 4], pads=[1, 0, 0, 1], dilations=[1, 2]), None),
    "MaxPool, dilated": (pool("MaxPool", dilations=[2, 2]), None),
    "MaxPool, SAME": (pool("MaxPool", auto_pad="SAME_LOWER", strides=[2, 2]), None),
    "MaxPool, SAME, dilated": (pool("MaxPool", auto_pad="SAME_UPPER", dilations=[2, 2]), "SAME of a dilated window"),
    "AveragePool, ceil_mode": (pool("AveragePool", ceil_mode=1, strides=[2, 2], count_include_pad=1), "ceil_mode=1"),
    "AveragePool, ceil_mode that adds nothing": (pool("AveragePool", ceil_mode=1, strides=[3, 5]), None),
    "AveragePool, dilated": (pool("AveragePool", dilations=[2, 2]), None),
    "AveragePool, padding left out": (pool("AveragePool", pads=PADDED), "padding that is not counted"),
    "AveragePool, padding counted": (pool("AveragePool", pads=PADDED, count_include_pad=1), None),
    "AveragePool, counted, dilated": (pool("AveragePool", pads=PADDED, count_include_pad=1, dilations=[2, 2]), None),
}


@pytest.mark.parametrize("name", CASES)
def test_an_attribute_is_read_or_the_operator_is_kept_with_the_reason(name, tmp_path):
    made, reason = CASES[name]
    path = saved(tmp_path / "a.onnx", *made)
    x = np.random.default_rng(3).normal(size=(3, *made[1])).astype(np.float32)
    expected = run(path, x)
    network = nv.load_network(path)
    if reason is None:
        assert not isinstance(network, PartialNetwork)
    else:
        assert reason in " ".join(o.reason for o in network.opaque)
    found = network.evaluate(x)
    assert found.shape == expected.shape
    assert np.allclose(found, expected, atol=1e-5, equal_nan=True)
    nv.prune(path).write(tmp_path / "b.onnx")
    assert np.allclose(run(tmp_path / "b.onnx", x), expected, atol=1e-5, equal_nan=True)
    nv.diagnose(path)


def test_another_shape_is_another_function_though_one_runtime_agrees(tmp_path, monkeypatch):
    path = saved(tmp_path / "a.onnx", *CASES[next(n for n, (_, reason) in CASES.items() if reason is None)][0])
    values = OpenedFile.values
    monkeypatch.setattr(OpenedFile, "values", lambda self, feeds: {k: v[..., :1] for k, v in values(self, feeds).items()})
    with pytest.raises(nv.InputError, match="computes something else in a runtime"):
        read_onnx_model(onnx.load(path))


class Applied(torch.nn.Module):
    """A function of the value and of buffers."""

    def __init__(self, function, *numbers):
        super().__init__()
        self.function = function
        for k, v in enumerate(numbers):
            self.register_buffer(f"b{k}", v)

    def forward(self, x):
        return self.function(x, *self.buffers())


nn = torch.nn
MODULES = {
    "prelu": (nn.PReLU(ROWS), None),
    "prelu, one slope": (nn.PReLU(), None),
    "pool2d, prelu": (nn.PReLU(FILTERS), None),
    "clamp, low": (Applied(lambda x: torch.clamp(x, min=0.5)), None),
    "clamp, high": (Applied(lambda x: torch.clamp(x, max=-0.25)), None),
    "clamp_max": (Applied(lambda x: torch.clamp_max(x, 0.1)), None),
    "celu": (nn.CELU(0.5), None),
    "mish": (nn.Mish(), "mish"),
    "threshold": (nn.Threshold(0.1, 20), "threshold"),
    "elu": (nn.ELU(0.5), None),
    "leaky_relu": (nn.LeakyReLU(2.0), None),
    "hardtanh": (nn.Hardtanh(0, 0.5), None),
    "ends that are arrays": (Applied(torch.clamp, -torch.ones(ROWS), torch.ones(ROWS)), "its ends are arrays"),
    "linear, a bias of one number": (Applied(nn.functional.linear, torch.ones(ROWS, ROWS), torch.ones(1)), None),
    "addmm, a bias (1, 1)": (Applied(lambda x, w, b: torch.addmm(b, x, w), torch.ones(ROWS, ROWS), torch.ones(1, 1)), None),
    "max_pool2d, ceil_mode": (nn.MaxPool2d(2, ceil_mode=True), None),
    "max_pool2d, ceil_mode, padded": (nn.MaxPool2d(3, (2, 4), 1, ceil_mode=True), None),
    "max_pool2d, dilated": (nn.MaxPool2d(2, 1, dilation=2), None),
    "avg_pool2d, ceil_mode": (nn.AvgPool2d(2, ceil_mode=True), "ceil_mode=True"),
    "avg_pool2d, padding left out": (nn.AvgPool2d(3, 2, 1, count_include_pad=False), "count_include_pad=False"),
    "avg_pool2d, padding counted": (nn.AvgPool2d(3, 2, 1), None),
    "avg_pool2d, divisor": (nn.AvgPool2d(2, divisor_override=3), "divisor_override=3"),
}


@pytest.mark.parametrize("name", MODULES)
def test_an_argument_of_a_program_is_read_or_refused(name, tmp_path):
    module, reason = MODULES[name]
    torch.manual_seed(0)
    images = "pool2d" in name
    first, last = (nn.Conv2d(2, FILTERS, 1), nn.Conv2d(FILTERS, 2, 1)) if images else (nn.Linear(4, ROWS), nn.Linear(ROWS, 3))
    joined = nn.Sequential(first, module, last).eval()
    x = torch.randn(3, *((2, 5, 7) if images else (4,)))
    program = torch.export.export(joined, (x,), dynamic_shapes=({0: torch.export.Dim("n", min=2, max=64)},))
    torch.export.save(program, tmp_path / "a.pt2")
    if reason is not None:
        with pytest.raises(nv.InputError, match=reason):
            nv.load_network(tmp_path / "a.pt2")
        return
    expected = joined(x).detach().numpy()
    assert np.allclose(nv.load_network(tmp_path / "a.pt2").evaluate(x.numpy()), expected, atol=1e-5)
    assert nv.prune(tmp_path / "a.pt2").claim is nv.Claim.PROVED
    nv.diagnose(tmp_path / "a.pt2")


class Lifted(torch.nn.Module):
    """A layer whose rows all have one number as bias."""

    def __init__(self, number):
        super().__init__()
        made = torch.Generator().manual_seed(1)
        self.a, self.w = (torch.nn.Parameter(torch.randn(*s, generator=made)) for s in ((ROWS, 4), (5, ROWS)))
        self.c = torch.nn.Parameter(torch.tensor([number]))

    def forward(self, x):
        return nn.functional.linear(torch.tanh(x @ self.a.T), self.w, self.c)


def test_one_number_added_to_all_rows_counts_as_often_as_there_are_rows():
    """The outputs differ by 2^-20 in each of 5 rows, everywhere; the difference seen is said to be at other inputs than the bound."""
    found = nv.align(Lifted(0.5), Lifted(0.5 + 2.0**-20), example=(4,))
    assert (found.value["same"], found.claim) == ("within", nv.Claim.PROVED)
    assert 5**0.5 * 2.0**-20 <= found.value["bound"] < 2.5 * 2.0**-20
    assert "the bound holds at inputs of norm at most 2" in found.meaning
    assert "seen at inputs drawn at random" in found.meaning


@pytest.mark.parametrize(("opset", "shape"), [(11, (4, 3)), (12, (4, 3)), (11, (3,)), (13, (4, 3))])
def test_softmax_without_an_axis_is_that_of_its_version(tmp_path, opset, shape):
    """Before version 13 it was taken over all axes but the first together; the reference evaluator does not know."""
    nodes = [node("MatMul", "x w", "h"), node("Softmax", "h", "y")]
    path = saved(tmp_path / "a.onnx", nodes, shape, {"w": single(3, 4)}, opset)
    later = saved(tmp_path / "b.onnx", nodes, shape, {"w": numpy_helper.to_array(onnx.load(path).graph.initializer[0])}, 13)
    x = single(2, *shape)
    found = nv.load_network(path)
    assert isinstance(found, PartialNetwork) == (opset < 13 and len(shape) == 2)
    same = np.allclose(run(path, x), run(later, x), atol=1e-5)
    assert same == (not isinstance(found, PartialNetwork))
    if same:
        assert np.allclose(found.evaluate(x), run(path, x), atol=1e-5)
        assert nv.align(path, later).value["same"] == "yes"
    else:
        with pytest.raises(nv.InputError, match=r"not understood as a whole: .*axis=1"):
            nv.align(path, later)


def test_slopes_before_version_7_are_not_those_of_the_last_axis(tmp_path):
    """There one of each channel was meant; a square image of as many pixels a side would take them along its rows."""
    nodes = [node("Conv", "x k", "h", kernel_shape=[1, 1]), node("PRelu", "h s", "y")]
    arrays = {"k": single(3, 2, 1, 1), "s": np.abs(single(3))}
    old, new = (saved(tmp_path / f"{v}.onnx", nodes, (2, 3, 3), arrays, v) for v in (6, 7))
    assert isinstance(nv.load_network(old), PartialNetwork)
    assert not isinstance(nv.load_network(new), PartialNetwork)
    with pytest.raises(nv.InputError, match="before version 7"):
        nv.align(old, new)


def test_a_file_that_no_runtime_knows_is_not_evaluated_in_another_way(tmp_path):
    """Along an axis of its own, before version 7: the reference evaluator would add a value a row."""
    nodes = [node("Conv", "x k", "h", kernel_shape=[1, 1]), node("Add", "h b", "y", broadcast=1, axis=1)]
    path = saved(tmp_path / "a.onnx", nodes, (2, 3, 3), {"k": single(3, 2, 1, 1), "b": single(3)}, 6)
    found = nv.load_network(path)
    assert (found.understood, nv.prune(path).claim) == (0, nv.Claim.UNDECIDED)
    with pytest.raises(nv.InputError, match="no runtime"):
        found.evaluate(single(1, 2, 3, 3))


def test_what_no_runtime_runs_is_not_read_as_a_whole(tmp_path, monkeypatch):
    nodes, shape, arrays, opset = rows("Relu")
    path = saved(tmp_path / "a.onnx", nodes, shape, arrays, opset)
    assert not isinstance(nv.load_network(path), PartialNetwork)

    monkeypatch.setattr(OpenedFile, "values", lambda self, feeds: None)
    with pytest.raises(nv.InputError, match="cannot be compared"):
        read_onnx_model(onnx.load(path))


def test_the_second_runtime_does_not_overrule_the_first(tmp_path, monkeypatch):
    """A slope that the reader and the reference evaluator take for 0.5, where onnxruntime computes with 0.1."""
    nodes, shape, arrays, opset = rows("LeakyRelu", alpha=0.1)
    path = saved(tmp_path / "a.onnx", nodes, shape, arrays, opset)
    wrong = saved(tmp_path / "b.onnx", rows("LeakyRelu", alpha=0.5)[0], shape, arrays, opset)
    assert nv.load_network(wrong) is not None
    monkeypatch.setattr(onnx_agreement, "OpenedFile", lambda model, names: OpenedFile(onnx.load(path), names))
    with pytest.raises(nv.InputError, match="computes something else"):
        read_onnx_model(onnx.load(wrong))
