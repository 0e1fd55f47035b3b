"""Transposed convolutions: read right from torch, ONNX and JAX, and pruned like other layers."""

from __future__ import annotations

import warnings
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_distance import bound
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_shapes import shapes
from neurovariety.certificates.network_values import RATIONALS, value
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.kinds.windows import turned_filters
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.claim import Claim

CASES = [
    # directions, window, stride, padding, output padding, dilation, groups
    (1, 3, 2, 1, 1, 1, 1),
    (1, 2, 3, 0, 2, 2, 2),
    (2, 3, 2, 1, 1, 1, 1),
    (2, 2, 2, 0, 0, 1, 2),
    (2, 3, 1, 2, 0, 2, 1),
    (2, 1, 3, 0, 1, 1, 4),
    (2, 3, 2, 0, 0, 1, 4),
]


def made(case):
    """A convolution, the transposed one and another, with redundant channels where the groups allow them."""
    torch = pytest.importorskip("torch")
    d, window, stride, padding, more, dilation, groups = case
    rng = np.random.default_rng(case)
    plain = torch.nn.Conv1d if d == 1 else torch.nn.Conv2d
    turned = torch.nn.ConvTranspose1d if d == 1 else torch.nn.ConvTranspose2d
    middle = turned(4, 4, window, stride=stride, padding=padding, output_padding=more, groups=groups, dilation=dilation)
    module = torch.nn.Sequential(plain(2, 4, 1), torch.nn.ReLU(), middle, torch.nn.ReLU(), plain(4, 2, 1)).eval()
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.as_tensor(rng.integers(1, 9, size=tuple(p.shape)) * rng.choice([-1, 1], size=tuple(p.shape)) / 8))
        first, last = module[0], module[4]
        first.weight[1], first.bias[1] = 2 * first.weight[0], 2 * first.bias[0]
        first.weight[3], first.bias[3] = 2 * first.weight[2], 2 * first.bias[2]
        if groups == 4:
            middle.weight[1] = middle.weight[0]
            middle.bias[:2] = 0
        last.weight[:, 2] = 0
    return module, torch.as_tensor(rng.normal(size=(3, 2, *[4] * d)), dtype=torch.float32)


@pytest.mark.parametrize("case", CASES)
def test_torch_modules_are_read_and_pruned(case):
    module, x = made(case)
    source = nv.load_network(module, example=tuple(x.shape[1:]))
    meant = module(x).detach().numpy()
    assert np.abs(source.evaluate(x.numpy()) - meant).max() < 1e-5 * np.abs(meant).max()
    assert shapes(source) == source.shapes()
    point = np.random.default_rng(0).integers(-3, 4, size=(1, *source.input_shape))
    exact = source.evaluate_exact(point)
    assert [Fraction(int(v.p), int(v.q)) for v in value(source, point[0], RATIONALS).reshape(-1)] == exact.reshape(-1).tolist()
    found = nv.prune(source)
    assert found.claim is Claim.PROVED
    assert found.value["removed"]
    assert np.array_equal(found.network.evaluate_exact(point), exact)


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_changed_where_it_stands(case, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    import torch

    module, x = made(case)
    file, smaller = tmp_path / "a.onnx", tmp_path / "b.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (x,), str(file), dynamo=False, input_names=["x"], opset_version=13)
    found = nv.prune(file)
    assert found.claim is Claim.PROVED
    assert found.edit is not None
    assert found.evidence["changes"]
    found.write(smaller)
    one, two = (runtime.InferenceSession(str(f)).run(None, {"x": x.numpy()})[0] for f in (file, smaller))
    assert np.abs(one - two).max() <= 1e-5 * np.abs(one).max()
    assert smaller.stat().st_size < file.stat().st_size


@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".npz"])
def test_a_pruned_network_is_written_and_read_again(suffix, tmp_path):
    pytest.importorskip("onnx")
    module, x = made(CASES[2])
    found = nv.prune(module, example=tuple(x.shape[1:]))
    found.write(tmp_path / f"a{suffix}")
    again = nv.load_network(tmp_path / f"a{suffix}")
    assert again.parameters == found.network.parameters
    assert np.abs(again.evaluate(x.numpy()) - found.network.evaluate(x.numpy())).max() < 1e-5


def test_jax_functions_are_read():
    jax = pytest.importorskip("jax")
    rng = np.random.default_rng(0)
    w = jax.numpy.asarray(rng.integers(-4, 5, size=(3, 3, 2, 4)) / 4, dtype=np.float32)
    v = jax.numpy.asarray(rng.integers(-4, 5, size=(3, 4)) / 4, dtype=np.float32)

    def apply(weights, x):
        y = jax.lax.conv_transpose(x[None], weights[0], (2, 2), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))[0]
        return weights[1] @ jax.nn.relu(y).mean((0, 1))

    read = nv.load_network(jax.tree_util.Partial(apply, (w, v)), example=(5, 4, 2))
    x = rng.normal(size=(3, 5, 4, 2)).astype(np.float32)
    meant = np.stack([apply((w, v), s) for s in x])
    assert "spread" in {n.kind for n in read.nodes}
    assert np.abs(read.evaluate(x) - meant).max() < 1e-5


def test_turning_filters_twice_gives_them_back():
    w = np.random.default_rng(0).normal(size=(6, 2, 3, 4))
    for groups in (1, 2, 3, 6):
        assert np.array_equal(turned_filters(turned_filters(w, groups), groups), w)


def test_a_constant_does_not_survive_zeros_put_between():
    module, x = made((2, 2, 2, 0, 0, 1, 1))
    import torch

    with torch.no_grad():
        module[0].weight[:] = torch.arange(1.0, 9.0).reshape(4, 2, 1, 1) * torch.tensor([1.0, -1.5, 0.25, 1.0]).reshape(4, 1, 1, 1)
        module[0].weight[3], module[0].bias[3] = 0, 2
        module[4].weight[:, 2] = torch.tensor([1.0, 2.0]).reshape(2, 1, 1)
    source = nv.load_network(module, example=tuple(x.shape[1:]))
    assert nv.prune(source).value["removed"] == {}
    source.weights["0.bias"][3] = -2  # 0 after ReLU
    assert nv.prune(source).value["removed"] == {"constant": 1}


def test_a_changed_number_is_refused_and_bounds_hold():
    module, x = made(CASES[3])
    source = nv.load_network(module, example=tuple(x.shape[1:]))
    found, removed = exactly_pruned(Rewritten.of(source))
    certificate = found.certificate()
    assert removed
    assert issue(certificate, source).claim is Claim.PROVED
    for key in found.network.trained:
        weights = {k: np.array(v, order="C") for k, v in found.network.weights.items()}
        flat = weights[key].reshape(-1)
        flat[-1] = flat[-1] + (Fraction(1, 8) if weights[key].dtype == object else 0.125)
        other = replace(found.network, weights=weights)
        last = replace(certificate.steps[-1], after=other)
        with pytest.raises(NotShown):
            issue(replace(certificate, second=network_hash(other), steps=(*certificate.steps[:-1], last)), source)
        radius = 4.0
        points = np.random.default_rng(1).normal(size=(20, *source.input_shape))
        points *= radius / np.linalg.norm(points.reshape(20, -1), axis=1).reshape(-1, *(1 for _ in source.input_shape))
        apart = (found.network.evaluate(points) - other.evaluate(points)).reshape(20, -1)
        assert 0 < np.linalg.norm(apart, axis=1).max() <= bound(found.network, other, radius) < np.inf
