"""Networks trained on digits: read, diagnosed, pruned where redundancy was planted, aligned after permutations."""

from __future__ import annotations

import copy
import functools
import warnings

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from torch.nn.utils import prune as torch_prune  # noqa: E402

from .drawn_digits import Encoder, Perceptron, Recurrent, Residual, digits, right, trained  # noqa: E402

MADE = {"perceptron": Perceptron, "residual": Residual, "recurrent": Recurrent, "encoder": Encoder}
PICTURES = digits(64, 7)[0]


@functools.cache
def network(name):
    """Trained for seconds; copy before changing it."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return trained(MADE[name](), steps=150 if name in ("recurrent", "encoder") else 60)


def changed(name):
    return copy.deepcopy(network(name))


def exported(module, path, dynamo=False):
    """An ONNX file of one of torch's two exporters, whose batch is open."""
    x = torch.as_tensor(PICTURES[:3])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if dynamo:
            more = {"external_data": False, "verbose": False, "dynamic_shapes": ({0: torch.export.Dim("n")},)}
        else:
            more = {"dynamic_axes": {"x": {0: "n"}}, "input_names": ["x"]}
        torch.onnx.export(module.eval(), (x,), str(path), dynamo=dynamo, **more)
    return path


def run(path, x=PICTURES):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def pruned(path, tmp_path):
    """What `prune` finds; the file that it writes is the original in onnxruntime."""
    found = nv.prune(path)
    found.write(tmp_path / "pruned.onnx")
    one, two = run(path), run(tmp_path / "pruned.onnx")
    assert np.allclose(one, two, atol=1e-4 * np.abs(one).max())
    assert np.array_equal(one.argmax(axis=1), two.argmax(axis=1))
    arrays = map(onnx.numpy_helper.to_array, onnx.load(tmp_path / "pruned.onnx").graph.initializer)
    assert found.value["pruned"] == sum(v.size for v in arrays if v.dtype.kind == "f" and v.ndim)
    assert str(found.claim) == "proved"
    return found


@pytest.mark.parametrize("dynamo", [False, True], ids=["old", "new"])
@pytest.mark.parametrize("name", MADE)
def test_networks_of_both_exporters_are_read(name, dynamo, tmp_path):
    if dynamo:
        pytest.importorskip("onnxscript")
    module = network(name)
    assert right(lambda x: module(torch.as_tensor(x)).detach().numpy()) > 0.85
    path = exported(module, tmp_path / "a.onnx", dynamo)
    found = nv.load_network(path)
    assert isinstance(found, Network) == (name != "recurrent")
    expected = run(path)
    assert np.allclose(found.evaluate(PICTURES), expected, atol=1e-4 * np.abs(expected).max())
    held = sum(p.numel() for n, p in module.named_parameters() if "norm" not in n or name == "encoder")
    assert 0.98 * held <= found.parameters <= 1.02 * held
    asked = name in ("recurrent", "encoder") and not dynamo  # signs over Q at the inputs of an exact rank take most of a minute
    rows = nv.diagnose(path).evidence["layers"] if asked else []
    for layer in {"recurrent": ("hidden",), "encoder": ("linear1",)}.get(name, ()):
        assert dynamo or any(layer in r["place"] and not r["why"] for r in rows), rows


def rows_of(layer):
    return torch.cat([layer.weight.flatten(1), layer.bias[:, None]], dim=1)


def test_neurons_that_a_group_penalty_took_away(tmp_path):
    """L1 of the rows leaves neurons without weights."""
    torch.manual_seed(0)
    module = Perceptron()
    trained(module, steps=100, penalty=(0.01, (module[1], module[3])))
    dead = [int((rows_of(layer) == 0).all(dim=1).sum()) for layer in (module[1], module[3])]
    assert min(dead) > 1
    assert right(lambda x: module(torch.as_tensor(x)).detach().numpy()) > 0.85
    found = pruned(exported(module, tmp_path / "a.onnx"), tmp_path)
    assert sum(found.value["removed"].values()) >= sum(dead)
    assert [found.value["widths"][n] for n in ("/1/Gemm", "/3/Gemm")] <= [[32, 32 - dead[0]], [24, 24 - dead[1]]]


def test_channels_that_structured_pruning_took_away(tmp_path):
    """Filters of least norm set to 0, with their batch norm: what torch leaves in place, at full size."""
    module = changed("residual")
    torch_prune.ln_structured(module.inner, "weight", amount=2, n=2, dim=0)
    gone = (module.inner.weight.flatten(1) == 0).all(dim=1)
    torch_prune.remove(module.inner, "weight")
    with torch.no_grad():
        for values in (module.inner.bias, module.inner_norm.weight, module.inner_norm.bias):
            values[gone] = 0
    found = pruned(exported(module, tmp_path / "a.onnx"), tmp_path)
    assert int(gone.sum()) == 2
    assert found.value["removed"] == {"constant": 2}
    assert found.value["widths"]["/inner/Conv"] == [6, 4]


def test_neurons_that_a_lottery_ticket_does_not_need(tmp_path):
    """Of single weights 97 % are 0: neurons without inputs are constants, and some are not read by any neuron that is."""
    module = changed("perceptron")
    for layer in (module[1], module[3]):
        torch_prune.l1_unstructured(layer, "weight", amount=0.97)
        torch_prune.remove(layer, "weight")
    one, two, last = (module[k].weight.detach().numpy() for k in (1, 3, 5))
    constant = [(w == 0).all(axis=1) for w in (one, two)]
    constant[1] |= (two[:, ~constant[0]] == 0).all(axis=1)
    used = ~constant[1] & (last != 0).any(axis=0)
    unread = (two[used] == 0).all(axis=0)
    found = pruned(exported(module, tmp_path / "a.onnx"), tmp_path)
    assert (constant[0] | unread).sum() > 2
    assert found.value["widths"]["/1/Gemm"] == [32, int((~constant[0] & ~unread).sum())]
    before, left = found.value["widths"]["/3/Gemm"]  # some are off at all inputs besides, whatever the ReLUs before them give
    assert before == 24
    assert left <= used.sum()


@pytest.mark.parametrize(("name", "layer", "reader", "place"), [
    ("recurrent", "hidden", "head", "hidden"), ("encoder", "blocks.layers.1.linear1", "blocks.layers.1.linear2", "layers.1/linear1"),
])  # fmt: skip
def test_redundant_neurons_beside_operators_that_are_kept(name, layer, reader, place, tmp_path):
    """A GRU, and blocks of attention, LayerNorm and softmax: their layers with ReLU are pruned all the same."""
    module = changed(name)
    weights = module.get_submodule(layer)
    with torch.no_grad():
        weights.weight[3], weights.bias[3] = 2 * weights.weight[5], 2 * weights.bias[5]
        weights.weight[7], weights.bias[7] = 0, -1.0
        module.get_submodule(reader).weight[:, 9] = 0
    found = pruned(exported(module, tmp_path / "a.onnx"), tmp_path)
    assert found.value["removed"] == {"constant": 1, "proportional": 1, "unread": 1}
    ((shown, (before, after)),) = [(k, v) for k, v in found.value["widths"].items() if place in k]
    assert before - after == 3, shown


def test_a_permuted_residual_stream_is_aligned(tmp_path):
    """The channels of the stream in another order, in each layer that writes or reads them, and those inside the block."""
    module, other = changed("residual"), changed("residual")
    rng = np.random.default_rng(1)
    stream, inner = torch.as_tensor(rng.permutation(4)), torch.as_tensor(rng.permutation(6))
    with torch.no_grad():
        for written in ("stem", "norm", "outer", "outer_norm", "inner", "inner_norm"):
            order = inner if written.startswith("inner") else stream
            for values in (*other.get_submodule(written).parameters(), *other.get_submodule(written).buffers()):
                values.copy_(values[order] if values.ndim else values)
        other.inner.weight.copy_(other.inner.weight[:, stream])
        other.outer.weight.copy_(other.outer.weight[:, inner])
        other.last.weight.copy_(other.last.weight.reshape(12, 4, 16)[:, stream].reshape(12, 64))
    x = torch.as_tensor(PICTURES)
    assert torch.allclose(module(x), other(x), atol=1e-4)
    found = nv.align(exported(module, tmp_path / "a.onnx"), exported(other, tmp_path / "b.onnx"))
    assert found.value["same"] in ("yes", "within"), found.summary()
    with torch.no_grad():
        other.outer.weight[0, 0] += 0.05
    assert nv.align(tmp_path / "a.onnx", exported(other, tmp_path / "b.onnx")).value["same"] == "no"
