"""Upsampling and clipping, read from the files that others write: torch and onnxruntime are the oracles."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
runtime = pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from torch import nn  # noqa: E402


def resize(size, scales=None, sizes=None, **attributes):
    """A model of one Resize, for inputs of one channel of the given size."""
    arrays = {"scales": np.asarray(scales or [], dtype=np.float32)} if sizes is None else {"sizes": np.asarray(sizes, dtype=np.int64)}
    names = ["x", "", "scales"] if sizes is None else ["x", "", "", "sizes"]
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", [2, 1, *size]), ("y", None))]
    node = helper.make_node("Resize", names, ["y"], name="resize", **attributes)
    graph = helper.make_graph([node], "g", values[:1], values[1:], [numpy_helper.from_array(v, k) for k, v in arrays.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


def read(model, tmp_path):
    onnx.save(model, str(tmp_path / "a.onnx"))
    return nv.load_network(tmp_path / "a.onnx")


READ = [
    {"scales": [1, 1, 2, 3], "mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"},
    {"scales": [1, 1, 3, 1], "mode": "nearest"},
    {"scales": [1, 1, 4, 2], "mode": "nearest", "nearest_mode": "round_prefer_floor"},
    {"sizes": [2, 1, 6, 12], "mode": "nearest"},
]


@pytest.mark.parametrize("arguments", READ, ids=str)
def test_resize(arguments, tmp_path):
    model = resize((3, 4), **arguments)
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 4)).astype(np.float32)
    session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert np.array_equal(read(model, tmp_path).evaluate(x), session.run(None, {"x": x})[0])


@pytest.mark.parametrize(
    "arguments",
    [
        {"scales": [1, 1, 1.5, 2], "mode": "nearest"},
        {"scales": [1, 1, 2, 2], "mode": "linear"},
        {"scales": [1, 1, 2, 2], "mode": "nearest", "nearest_mode": "ceil"},
        {"scales": [1, 1, 2, 2], "mode": "nearest", "coordinate_transformation_mode": "align_corners"},
        {"scales": [1, 2, 2, 2], "mode": "nearest"},
        {"sizes": [2, 1, 7, 8], "mode": "nearest"},
    ],
    ids=str,
)
def test_another_resize_is_refused(arguments, tmp_path):
    assert "resize: the operation Resize is not supported" in read(resize((3, 4), **arguments), tmp_path).why


class Decoder(nn.Module):
    """Clips, and enlarges by a factor and to a size."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 1, 3)

    def forward(self, x):
        h = nn.functional.hardtanh(nn.functional.interpolate(self.first(x), scale_factor=2))
        h = torch.clamp(nn.functional.interpolate(self.second(h), size=(8, 12)), -0.5, 0.25)
        return nn.functional.hardtanh(h, -0.125, 2.0)


def test_a_decoder_of_torch(tmp_path):
    torch.manual_seed(0)
    module = Decoder().eval()
    network = nv.load_network(module, example=(1, 3, 4))
    assert [n.function or n.kind for n in network.nodes[1:]] == [
        *("conv", "upsample", "hardtanh", "conv", "upsample", "hardtanh", "hardtanh"),
    ]
    x = np.random.default_rng(0).normal(size=(2, 1, 3, 4)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.as_tensor(x)).numpy()
    assert np.allclose(network.evaluate(x), expected, atol=1e-6)
    for suffix in ("onnx", "pt2", "npz"):
        nv.write_network(network, tmp_path / f"network.{suffix}")
        assert np.allclose(nv.load_network(tmp_path / f"network.{suffix}").evaluate(x), expected, atol=1e-6)


def test_sizes_that_are_no_multiples_are_refused():
    class Odd(nn.Module):
        def forward(self, x):
            return nn.functional.interpolate(x, size=(4, 7))

    with pytest.raises(nv.InputError, match="whole factors are understood"):
        nv.load_network(Odd(), example=(1, 2, 3))


def test_ends_that_are_no_interval_are_refused():
    class Crossed(nn.Module):
        def forward(self, x):
            return torch.clamp(x, min=0.5, max=0.25)

    with pytest.raises(nv.InputError, match="two ends in ascending order are understood"):
        nv.load_network(Crossed(), example=(3,))


def test_hard_tanh_of_jax():
    import jax

    network = nv.load_network(jax.tree_util.Partial(lambda w, x: jax.nn.hard_tanh(w @ x), np.eye(2)), example=(2,))
    assert network.evaluate([[-3, 0.5], [2, -1]]).tolist() == [[-1, 0.5], [1, -1]]


def test_a_polynomial_decoder_is_an_algebraic_model():
    class Squared(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv1d(1, 2, 2), nn.Conv1d(2, 1, 2)

        def forward(self, x):
            return self.second(nn.functional.interpolate(self.first(x), scale_factor=3.0) ** 2)

    network = nv.load_network(Squared(), example=(1, 3))
    found = nv.diagnose(network)
    assert found.value["rank"] == found.value["generic"]
    assert found.claim in (nv.Claim.PROVED, nv.Claim.PROBABILITY)
