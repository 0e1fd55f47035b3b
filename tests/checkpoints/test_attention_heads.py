"""Attention heads: read in every form, pruned exactly, aligned by their products, counted by diagnose."""

from __future__ import annotations

import copy
import io
import warnings
from contextlib import redirect_stdout

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.checkpoints.layers.attention_heads import attention_heads

torch = pytest.importorskip("torch")

from tests.checkpoints.attention_modules import (  # noqa: E402
    HEADS,
    LENGTH,
    MODULES,
    PLANTED,
    SIZE,
    WIDTH,
    dyadic,
    head,
    plant,
    values,
    with_heads,
)

SHAPE = (LENGTH, WIDTH)
EACH = 3 * SIZE
SAMPLES = np.random.default_rng(0).normal(size=(4, *SHAPE))


def exported(module, file, how):
    """The module as a file, written by one of torch's exporters."""
    x = torch.zeros(2, *SHAPE)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if how == "pt2":
            shapes = ({0: torch.export.Dim("batch")},)
            torch.export.save(torch.export.export(module, (x,), dynamic_shapes=shapes, strict=False), str(file))
        elif how == "new":
            torch.onnx.export(module, (x,), str(file), dynamo=True, dynamic_shapes=({0: torch.export.Dim("batch")},), verbose=False)
        else:
            axes = {"x": {0: "batch"}} if how == "old" else None
            torch.onnx.export(
                module, (x,), str(file), dynamo=False, opset_version=17, input_names=["x"], **({"dynamic_axes": axes} if axes else {})
            )
    return file


@pytest.mark.parametrize("name", MODULES)
def test_heads_are_found(name):
    network = nv.load_network(dyadic(MODULES[name](), 1), example=SHAPE)
    (found,), why = attention_heads(network)
    assert (found.block.heads, found.size, why) == (HEADS, (SIZE, SIZE), {})


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("multihead", "pt2"),
        ("written", "old"),
        ("multihead", "old"),
        ("packed", "old, one size"),
        ("encoder", "new"),
        ("written", "new"),
    ],
)
def test_heads_are_found_in_files(name, how, tmp_path):
    pytest.importorskip("onnxscript" if how == "new" else "onnx")
    module = plant(dyadic(MODULES[name](), 2), "output", np.random.default_rng(2))
    file = exported(module, tmp_path / f"a.{'pt2' if how == 'pt2' else 'onnx'}", how)
    found = nv.prune(file)
    assert found.value["removed"] == {"dead head": EACH}
    assert found.claim == "proved"
    written = tmp_path / f"b{file.suffix}"
    found.write(written)
    smaller = nv.load_network(written)
    assert isinstance(smaller, nv.Network)
    assert smaller.parameters == found.value["pruned"]
    np.testing.assert_allclose(smaller.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-4, atol=1e-4)


REMOVED = {
    "output": {"dead head": EACH},
    "values": {"dead head": EACH},
    "mixed": {"dead head": EACH},
    "equal": {"equal head": EACH},
    "equal scores": {"equal head": EACH},
    "rank of values": {"rank of heads": HEADS},
    "rank of keys": {"rank of heads": 2 * HEADS},
    "rank of all": {"rank of heads": 3 * HEADS},
}


FORMS = ("written", "packed", "norm", "multihead", "encoder norm first")


@pytest.mark.parametrize(("name", "kind"), [("written", k) for k in PLANTED] + [(FORMS[i % 4 + 1], k) for i, k in enumerate(PLANTED)])
def test_planted_heads_go(name, kind):
    module = plant(dyadic(MODULES[name](), 3), kind, np.random.default_rng(3))
    found = nv.prune(module, example=SHAPE)
    one_size = name in ("packed", "multihead", "encoder norm first")  # one matrix, whose three parts have one size
    expected = {} if one_size and kind in ("rank of values", "rank of keys") else REMOVED[kind]
    assert found.value["removed"] == expected
    assert found.claim == "proved"
    np.testing.assert_allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-9, atol=1e-11)


def test_nothing_goes_from_random_heads():
    for seed, name in enumerate(("written", "multihead")):
        found = nv.prune(dyadic(MODULES[name](), seed), example=SHAPE)
        assert found.value["removed"] == {}


@pytest.mark.parametrize("seed", [pytest.param(k, marks=pytest.mark.slow) if k > 1 else k for k in range(size(4, 50))])
def test_planted_heads_in_every_form(seed, tmp_path):
    """Several kinds of redundancy at once, in torch and in onnxruntime; orders of heads are found, and a changed weight."""
    ort = pytest.importorskip("onnxruntime")
    rng = np.random.default_rng([seed, 1])
    module = dyadic(MODULES[list(MODULES)[seed % len(MODULES)]](), seed)
    for kind in rng.choice(PLANTED, size=int(rng.integers(1, 3)), replace=False).tolist():
        plant(module, kind, rng)
    found = nv.prune(module, example=SHAPE)
    assert found.claim == "proved"
    np.testing.assert_allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-8, atol=1e-10)
    found.write(tmp_path / "a.onnx")
    session = ort.InferenceSession(str(tmp_path / "a.onnx"), providers=["CPUExecutionProvider"])
    (made,) = session.run(None, {session.get_inputs()[0].name: SAMPLES.astype(np.float32)})
    np.testing.assert_allclose(made, values(module, SAMPLES), rtol=1e-3, atol=1e-3)
    other = with_heads(module, rng.permutation(HEADS).tolist(), rng)
    same = nv.align(module, other, example=SHAPE)
    assert (same.value["same"], same.claim) == ("yes", "proved")
    with torch.no_grad():
        list(other.parameters())[-2][0, 0] += 1 / 4
    assert nv.align(module, other, example=SHAPE).value["same"] == "no"


def test_one_head_stays():
    """Of a block that does nothing a head of one channel is left, and its constants are one."""
    module = dyadic(MODULES["written"](), 5)
    with torch.no_grad():
        module.v.weight.zero_()
    found = nv.prune(module, example=SHAPE)
    assert found.claim == "proved"
    assert found.value["removed"]["dead head"] == 2 * EACH
    np.testing.assert_allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-9, atol=1e-11)


def test_the_bias_of_keys_does_not_show():
    module = dyadic(MODULES["written"](), 6)
    other = copy.deepcopy(module)
    with torch.no_grad():
        other.k.bias.mul_(-3)
    found = nv.align(module, other, example=SHAPE)
    assert found.value["same"] == "yes"
    assert found.claim == "proved"
    with torch.no_grad():
        other.q.bias.mul_(-3)
    assert nv.align(module, other, example=SHAPE).value["same"] == "no"


@pytest.mark.parametrize("name", ["written", "packed", "norm", "multihead", "encoder"])
def test_align_heads(name):
    module, rng = dyadic(MODULES[name](), 7), np.random.default_rng(7)
    order = rng.permutation(HEADS).tolist()
    for other in (with_heads(module, order), with_heads(module, order, rng)):
        found = nv.align(module, other, example=SHAPE)
        assert (found.value["same"], found.value["related"]) == ("yes", "yes")
        assert found.claim == "proved"
        (record,) = [s for s in found.evidence["symmetry"] if s["kind"] == "heads"]
        assert record["permutation"] == order
        assert np.allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES))


@pytest.mark.parametrize("name", ["written", "multihead"])
def test_align_heads_in_another_base(name):
    """Rotations are rounded: the functions differ, by no more than a bound that is as small as the type."""
    module, rng = dyadic(MODULES[name](), 8).double(), np.random.default_rng(8)
    other = with_heads(module, [2, 0, 1], rng, exact=False)
    found = nv.align(module, other, example=SHAPE)
    assert found.value["same"] in ("yes", "within")
    assert found.claim == "proved"
    assert found.value["bound"] < 1e-7
    size = found.value["box"]
    for scale in (1e-3, 1, 30):  # no input of the ball is further off
        x = SAMPLES * scale
        x = x / np.maximum(1, np.linalg.norm(x.reshape(4, -1), axis=1) / size)[:, None, None]
        apart = np.linalg.norm(values(module, x) - values(other, x), axis=1)
        assert apart.max() <= found.value["bound"]


@pytest.mark.parametrize(("part", "what"), [(0, "queries"), (1, "keys"), (2, "values"), (3, "columns")])
def test_perturbed_heads_are_different_functions(part, what):
    module = dyadic(MODULES["written"](), 9)
    other = with_heads(module, [1, 2, 0])
    parts, columns = head(other, 0)
    with torch.no_grad():
        (columns if part == 3 else parts[part][0])[0].mul_(1.05)
    found = nv.align(module, other, example=SHAPE)
    assert found.value["same"] == "no", what
    x = np.array([float(eval(v)) for v in found.value["input"]]).reshape(1, *SHAPE)  # fractions as text
    assert np.abs(values(module, x) - values(other, x)).max() > 0


def test_heads_that_see_a_mask_of_their_own_are_left_alone():
    class Masked(MODULES["written"]):  # type: ignore[misc]
        def __init__(self):
            super().__init__()
            self.mask = torch.nn.Parameter(torch.zeros(HEADS, LENGTH, LENGTH))

        def forward(self, x):
            q, k, v = self.heads(x)
            seen = torch.softmax(q @ k.transpose(-1, -2) + self.mask, -1) @ v
            return self.o(seen.transpose(1, 2).reshape(x.shape[0], LENGTH, WIDTH))

    module = plant(dyadic(Masked(), 10), "output", np.random.default_rng(0))
    found = nv.diagnose(module, example=SHAPE)
    assert found.value["redundant"] == {}
    assert any("differ from head to head" in u["reason"] for u in found.evidence["untouched"])


def test_a_mask_for_all_heads():
    class Masked(MODULES["written"]):  # type: ignore[misc]
        def __init__(self):
            super().__init__()
            self.mask = torch.nn.Parameter(torch.zeros(LENGTH, LENGTH))

        def forward(self, x):
            q, k, v = self.heads(x)
            seen = torch.softmax(q @ k.transpose(-1, -2) / 2 + self.mask, -1) @ v
            return self.o(seen.transpose(1, 2).reshape(x.shape[0], LENGTH, WIDTH))

    module = plant(dyadic(Masked(), 11), "equal", np.random.default_rng(0))
    found = nv.prune(module, example=SHAPE)
    assert (found.value["removed"], found.claim) == ({"equal head": EACH}, "proved")
    other = with_heads(module, [2, 1, 0], np.random.default_rng(1))
    assert nv.align(module, other, example=SHAPE).value["same"] == "yes"
    with torch.no_grad():
        other.mask[0, 1] += 1
    assert nv.align(module, other, example=SHAPE).value["same"] == "no"


def test_free_directions_of_heads():
    """Where all outputs are read, the rank of the Jacobian in float64 is the number of weights less the stated symmetries."""

    class Bare(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.attention = torch.nn.MultiheadAttention(6, 2, batch_first=True)

        def forward(self, x):
            return self.attention(x, x, x, need_weights=False)[0]

    module = dyadic(Bare(), 12).double()
    found = nv.diagnose(module, example=(3, 6))
    weights = list(module.parameters())
    rows = []
    for x in torch.as_tensor(np.random.default_rng(0).normal(size=(30, 1, 3, 6))):
        for y in module(x).reshape(-1):
            grads = torch.autograd.grad(y, weights, retain_graph=True)
            rows.append(torch.cat([g.reshape(-1) for g in grads]))
    spectrum = torch.linalg.svdvals(torch.stack(rows))
    assert int((spectrum > 1e-9 * spectrum[0]).sum()) == found.value["parameters"] - found.value["symmetry"]
    assert found.verdicts["symmetry"].claim == "lower_bound"
    assert found.value["symmetry"] == 2 * (9 + 9 + 3 + 3)


def test_heads_of_another_training_are_permuted_towards_it():
    module, rng = dyadic(MODULES["written"](), 13), np.random.default_rng(13)
    other = with_heads(module, [2, 0, 1])
    with torch.no_grad():
        for p in other.parameters():
            p.add_(torch.as_tensor(rng.normal(size=p.shape) / 50, dtype=p.dtype))
    found = nv.align(module, other, example=SHAPE)
    near = found.evidence["nearest"]
    assert found.value["same"] == "no"
    assert near["distance_after"] < 1 < near["distance_before"] / 4
    assert np.allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES))
