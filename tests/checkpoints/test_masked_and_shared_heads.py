"""Causal and other masks, and heads that share keys: read in every form, pruned and aligned exactly, counted by diagnose."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_rewrites import RewriteStep
from neurovariety.certificates.network_symmetries import attention_dimensions
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.layers.attention_heads import attention_heads
from neurovariety.checkpoints.layers.rewritten import Rewritten

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from tests.checkpoints.attention_modules import dyadic, values  # noqa: E402
from tests.checkpoints.masked_modules import (  # noqa: E402
    HEADS,
    LENGTH,
    MASKED,
    SHARED,
    SIZE,
    WIDTH,
    Attention,
    Causal,
    Expanded,
    Grouped,
    Rotary,
    group,
    regrouped,
)
from tests.checkpoints.test_attention_heads import exported  # noqa: E402

SHAPE = (LENGTH, WIDTH)
SAMPLES = np.random.default_rng(0).normal(size=(4, *SHAPE))
NOT_WRITTEN = {("grouped", "old"), ("packed", "old"), ("packed with weights", "old"), ("packed with weights", "pt2")}
"""What torch's older exporter cannot write, and forms in which the batch is joined with the heads."""


def read(name, how, tmp_path):
    module = dyadic({**MASKED, **SHARED}[name](), 1)
    if how == "module":
        return module, nv.load_network(module, example=SHAPE)
    return module, nv.load_network(exported(module, tmp_path / f"a.{'pt2' if how == 'pt2' else 'onnx'}", how))


@pytest.mark.parametrize("how", ["module", "pt2", "old"])
@pytest.mark.parametrize("name", {**MASKED, **SHARED})
def test_every_form_is_read(name, how, tmp_path):
    """As what it computes, with its heads: nothing of a mask is a number that is added, and no copy of keys a weight of its own."""
    if (name, how) in NOT_WRITTEN:
        pytest.skip("not a form of this exporter")
    module, network = read(name, how, tmp_path)
    assert isinstance(network, Network)
    np.testing.assert_allclose(network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-6, atol=1e-7)
    (found,), why = attention_heads(network)
    assert why == {}
    assert found.block.heads == HEADS
    assert len(found.groups) == getattr(module, "keys", HEADS)


@pytest.mark.parametrize("name", ["filled", "given", "expanded"])
@pytest.mark.parametrize("suffix", [".onnx", ".pt2", ".npz"])
def test_masks_survive_files(name, suffix, tmp_path):
    module = dyadic({**MASKED, **SHARED}[name](), 2)
    network = nv.load_network(module, example=SHAPE)
    nv.write_network(network, tmp_path / f"a{suffix}")
    again = nv.load_network(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(again.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-6, atol=1e-7)
    assert len(attention_heads(again)[0]) == 1
    if name == "filled" or suffix == ".npz":  # the others have a factor that files round
        assert nv.align(module, tmp_path / f"a{suffix}", example=SHAPE).value["same"] == "yes"


def test_another_mask_is_another_function():
    """Equal weights, and a head that sees one position more: neither align nor a certificate takes one for the other."""
    module = dyadic(Causal(), 3)
    other = Attention()
    other.load_state_dict(module.state_dict())
    found = nv.align(module, other.eval(), example=SHAPE)
    assert found.value["same"] != "yes"
    one = nv.load_network(module, example=SHAPE)
    (soft,) = (n for n in one.nodes if n.kind == "softmax")
    weights = {**one.weights, soft.weights["mask"]: np.tri(LENGTH, k=1, dtype=bool)}
    wrong = Network(one.input_shape, one.nodes, one.output, weights, "another mask", one.fixed)
    (heads,) = attention_heads(one)[0]
    for step in (RewriteStep(wrong, {}, heads=frozenset({heads.reader})), RewriteStep(wrong, {})):
        claimed = Rewritten(one, wrong, (step,))
        with pytest.raises(NotShown):
            issue(claimed.certificate(), one)
    assert nv.align(one, wrong).value["same"] == "no"


def test_a_row_without_entries_and_masked_scores_that_are_used_are_refused():
    class Empty(Attention):
        def mix(self, q, k, v):
            hidden = torch.ones(LENGTH, LENGTH, dtype=torch.bool)
            return (q @ k.transpose(-2, -1)).masked_fill(hidden, float("-inf")).softmax(-1) @ v

    class Used(Attention):
        def mix(self, q, k, v):
            scores = (q @ k.transpose(-2, -1)).masked_fill(~self.seen, float("-inf"))
            return scores.softmax(-1) @ v + torch.sigmoid(scores).sum(-1, keepdim=True)

    for module, reason in ((Empty(), "all scores of a row are masked"), (Used(), "a softmax alone")):
        found = nv.load_network(module.eval(), example=SHAPE)
        assert not isinstance(found, Network)
        assert reason in found.why


def test_parts_of_a_file_with_masks_are_pruned(tmp_path):
    """The masked softmax belongs to a part of a file whose end is not understood."""
    import onnxruntime

    class Logarithms(Causal):
        def __init__(self):
            super().__init__()
            self.up, self.down = torch.nn.Linear(WIDTH, 7), torch.nn.Linear(7, WIDTH)

        def forward(self, x):
            mixed = self.mix(*self.heads(x)).transpose(1, 2).reshape(x.shape[0], LENGTH, HEADS * SIZE)
            return torch.log_softmax(self.down(torch.relu(self.up(x + self.o(mixed)))), -1)

    module = dyadic(Logarithms(), 4)
    with torch.no_grad():
        module.up.weight[2] = 0
        module.o.weight[:, :SIZE] = 0
    file = exported(module, tmp_path / "a.onnx", "old")
    found = nv.prune(file)
    assert found.value["removed"]["constant"] == 1
    found.write(tmp_path / "b.onnx")
    one, two = (onnxruntime.InferenceSession(str(tmp_path / f"{n}.onnx"), providers=["CPUExecutionProvider"]) for n in "ab")
    x = SAMPLES.astype(np.float32)
    np.testing.assert_allclose(one.run(None, {"x": x})[0], two.run(None, {"x": x})[0], rtol=1e-4, atol=1e-5)


def planted(kind, seed):
    module = dyadic(Expanded() if seed % 2 else Grouped(), seed)
    (k, _), (v, _), queries = group(module, 1)
    with torch.no_grad():
        if kind == "dead group":
            for _, _, columns in queries:
                columns.zero_()
        elif kind == "one dead head":
            queries[0][2].zero_()
        elif kind == "equal group":
            (k2, _), (v2, _), others = group(module, 0)
            for (w, b, _), (w2, b2, _) in zip(queries, others, strict=True):
                w.copy_(2 * w2)
                b.copy_(2 * b2)
            k.copy_(k2 / 2)
            v.copy_(-v2.flip(0))
        elif kind == "rank of keys":
            for g in range(module.keys):
                group(module, g)[0][0][1] = 2 * group(module, g)[0][0][0]
    return module


EACH = (HEADS // 2 + 2) * SIZE
GONE = {
    "dead group": {"dead head": EACH},
    "one dead head": {},
    "equal group": {"equal head": EACH},
    "rank of keys": {"rank of heads": HEADS + 2},
}


@pytest.mark.parametrize("kind", GONE)
@pytest.mark.parametrize("seed", range(size(1, 2)))
def test_groups_go_as_a_whole(kind, seed, tmp_path):
    module = planted(kind, seed)
    found = nv.prune(module, example=SHAPE)
    assert found.value["removed"] == GONE[kind]
    assert found.claim == "proved"
    np.testing.assert_allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-9, atol=1e-10)
    found.write(tmp_path / "a.onnx")
    np.testing.assert_allclose(nv.load_network(tmp_path / "a.onnx").evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SHARED)
def test_groups_are_aligned(name):
    """In another order, inside groups too, and in other bases, exact ones and rotations."""
    rng = np.random.default_rng(7)
    module = dyadic(SHARED[name](), 7)
    each = HEADS // module.keys
    order, inner = rng.permutation(module.keys).tolist(), [rng.permutation(each).tolist() for _ in range(module.keys)]
    shears = [(np.array([[1.0, 2.0], [0.0, 1.0]]), np.array([[0.0, 1.0], [-1.0, 4.0]]))] * module.keys
    turns = [tuple(np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2)) for _ in range(module.keys)]
    for bases in (None, shears):
        found = nv.align(module, regrouped(module, order, inner, bases), example=SHAPE)
        assert (found.value["same"], found.value["related"], str(found.claim)) == ("yes", "yes", "proved")
    other = regrouped(module, order, inner, turns)
    found = nv.align(module, other, example=SHAPE)
    assert (found.value["same"], str(found.claim)) == ("within", "proved")
    assert found.value["bound"] < 1
    with torch.no_grad():
        other.k.weight[0] *= 1.1
    assert nv.align(module, other, example=SHAPE).value["same"] == "no"


def test_aligned_heads_stand_in_the_bases_of_the_other(tmp_path):
    """What is written is the first network with the weights of the second, but for rounding; and so is what lies half way."""
    rng = np.random.default_rng(8)
    module = dyadic(Grouped(), 8)
    base = lambda: np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] @ np.diag([1, 3.0])  # noqa: E731
    other = regrouped(module, [1, 0], [[2, 0, 1], [1, 0, 2]], [(base(), base()) for _ in range(2)])
    found = nv.align(module, other, example=SHAPE)
    assert found.value["same"] == "within"
    second = nv.load_network(other, example=SHAPE)
    for node, goal in zip(found.network.nodes, second.nodes, strict=True):
        for role, key in node.weights.items():
            np.testing.assert_allclose(found.network.weights[key], second.weights[goal.weights[role]], rtol=1e-5, atol=1e-5)
    nv.write_network(found.merged, tmp_path / "half.onnx")
    np.testing.assert_allclose(nv.load_network(tmp_path / "half.onnx").evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-4, atol=1e-4)


def test_two_trainings_are_merged_in_one_base():
    """Weights moved after a change of bases: the nearest network is nearer than any order of heads alone can be."""
    rng = np.random.default_rng(9)
    module = dyadic(Causal(), 9)
    turns = [tuple(np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2)) for _ in range(HEADS)]
    other = regrouped(module, rng.permutation(HEADS).tolist(), [[0]] * HEADS, turns)
    with torch.no_grad():
        for p in other.parameters():
            p += 0.02 * torch.as_tensor(rng.normal(size=p.shape))
    moved = 0.02 * sum(p.numel() for p in other.parameters()) ** 0.5
    found = nv.align(module, other, example=SHAPE)
    assert found.value["same"] == "no"
    assert found.evidence["nearest"]["distance_after"] < 1.5 * moved < found.evidence["nearest"]["distance_before"] / 4
    np.testing.assert_allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["causal", *SHARED])
def test_free_directions_are_those_of_the_jacobian(name):
    """The rank of the derivative of many outputs by the weights, in float64: what is missing to the number of weights."""
    module = dyadic({**MASKED, **SHARED}[name](), 11).double()
    module.head = torch.nn.Identity()
    module.forward = lambda x: module.o(module.mix(*module.heads(x)).transpose(1, 2).reshape(x.shape[0], LENGTH, HEADS * SIZE))
    parameters = {k: p.detach() for k, p in module.named_parameters() if not k.startswith("head")}
    x = torch.as_tensor(np.random.default_rng(1).normal(size=(12, *SHAPE)))
    count = sum(p.numel() for p in parameters.values())

    def outputs(weights):
        return torch.func.functional_call(module, weights, (x,)).reshape(-1)

    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        derivatives = torch.func.jacrev(outputs)(parameters)
    rows = torch.cat([d.reshape(len(x) * LENGTH * WIDTH, -1) for d in derivatives.values()], dim=1)
    found = torch.linalg.matrix_rank(rows, rtol=1e-9).item()
    network = nv.load_network(dyadic({**MASKED, **SHARED}[name](), 11), example=SHAPE)
    ((_, dimension),) = attention_dimensions(network)
    assert count - found == dimension


def test_rotary_heads_are_left_alone_and_it_is_said_why():
    module = dyadic(Rotary(), 12)
    network = nv.load_network(module, example=SHAPE)
    np.testing.assert_allclose(network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-5, atol=1e-6)
    found = nv.diagnose(module, example=SHAPE)
    assert any("rotary" in row["why"] for row in found.evidence["layers"] if row["why"])
    other = copy.deepcopy(module)
    with torch.no_grad():  # another base of one head, which rotations do not carry
        turn = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
        other.q.weight[:SIZE], other.q.bias[:SIZE] = turn @ module.q.weight[:SIZE], turn @ module.q.bias[:SIZE]
        other.k.weight[:SIZE], other.k.bias[:SIZE] = (
            torch.linalg.inv(turn).T @ module.k.weight[:SIZE],
            torch.linalg.inv(turn).T @ module.k.bias[:SIZE],
        )
    assert nv.align(module, other, example=SHAPE).value["same"] == "no"


def test_a_mask_of_other_sizes_is_refused():
    nodes = (Node("x", "input"), Node("y", "softmax", ("x",), {"mask": "m"}, {"axis": 1}))
    with pytest.raises(nv.InputError, match="has a mask of shape"):
        Network((2, 3), nodes, "y", {"m": np.ones((2, 2), dtype=bool)}, fixed=frozenset({"m"})).shapes()
