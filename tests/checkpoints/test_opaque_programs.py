"""Modules and programs of torch, and modules of Flax, in the forms that people have: parts that are not understood stay as they are."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.partial_network import PartialNetwork

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")
ort = pytest.importorskip("onnxruntime")


class Summed(torch.nn.Module):
    """A layer with redundant units before a sum along an axis, and two outputs by name."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.c = torch.nn.Linear(6, 8), torch.nn.Linear(8, 5), torch.nn.Linear(5, 2)
        with torch.no_grad():
            self.a.weight[1], self.a.bias[1] = 2 * self.a.weight[0], 2 * self.a.bias[0]
            self.a.weight[2] = 0

    def forward(self, x):
        return {"p": self.c(torch.cumsum(self.b(torch.relu(self.a(x))), -1)), "q": x.sum(-1)}


class Named(torch.nn.Module):
    """One output in a mapping, an example of its own, and a property that fails, as LightningModule has."""

    def __init__(self):
        super().__init__()
        self.net = torch.nn.Sequential(torch.nn.Conv1d(2, 3, 2), torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Conv1d(3, 1, 2))
        self.example_input_array = torch.zeros(4, 2, 6)

    @property
    def trainer(self):
        raise RuntimeError("not attached to a trainer")

    def forward(self, x):
        return {"logits": self.net(x)}


class Tokens(torch.nn.Module):
    """An embedding of whole numbers, added to a second input."""

    def __init__(self):
        super().__init__()
        self.table, self.a, self.b = torch.nn.Embedding(7, 4), torch.nn.Linear(4, 6), torch.nn.Linear(6, 2)
        with torch.no_grad():
            self.a.weight[3], self.a.bias[3] = self.a.weight[4], self.a.bias[4]

    def forward(self, tokens, more):
        return self.b(torch.relu(self.a(self.table(tokens) + more)))


def test_a_module_is_read_in_parts_and_pruned(tmp_path):
    module = Summed()
    source = nv.load_network(module)
    assert isinstance(source, PartialNetwork)
    assert {o.operator for o in source.opaque} == {"CumSum"}
    found = nv.prune(module)
    assert found.value["removed"] == {"constant": 1, "proportional": 1}
    assert found.claim is nv.Claim.PROVED
    assert module.training
    found.write(tmp_path / "a.onnx")
    session = ort.InferenceSession(str(tmp_path / "a.onnx"))
    x = torch.as_tensor(np.random.default_rng(0).normal(size=(7, 6)), dtype=torch.float32)
    got = session.run(None, {session.get_inputs()[0].name: x.numpy()})
    for one, two in zip(module(x).values(), got, strict=True):
        assert np.abs(one.detach().numpy() - two).max() < 1e-5
    with pytest.raises(nv.InputError, match=r"written to \.onnx"):
        found.write(tmp_path / "a.pt2")


def test_several_inputs_and_whole_numbers():
    module = Tokens().eval()
    given = (torch.arange(6).reshape(3, 2), torch.zeros(3, 2, 4))
    found = nv.prune(module, example=given)
    assert found.value["removed"] == {"equal": 1}
    assert found.claim is nv.Claim.PROVED


def test_exported_programs_are_read_whole_and_in_parts(tmp_path):
    plain = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).eval()
    whole = nv.load_network(torch.export.export(plain, (torch.zeros(2, 3),)))
    assert whole.parameters == 26
    program = torch.export.export(Summed().eval(), (torch.zeros(3, 6),))
    assert nv.prune(program).value["removed"] == {"constant": 1, "proportional": 1}
    torch.export.save(program, tmp_path / "a.pt2")
    with pytest.raises(nv.InputError, match=r"cumsum.*torch\.export\.load"):
        nv.load_network(tmp_path / "a.pt2")


def test_modules_with_names_for_outputs_and_parameters():
    module = Named()
    found = nv.load_network(module)
    x = np.random.default_rng(0).normal(size=(3, 2, 6))
    meant = module.eval()(torch.as_tensor(x, dtype=torch.float32))["logits"].detach().numpy()
    assert np.abs(found.evaluate(x) - meant).max() < 1e-5
    plain = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)).bfloat16()
    for given in (plain.named_parameters(), list(plain.named_parameters()), dict(plain.named_parameters()), plain.state_dict()):
        read = nv.load_network(given, architecture="mlp(3,4,2; relu; bias)")
        x = np.random.default_rng(1).normal(size=(3, 3))
        meant = plain.float()(torch.as_tensor(x, dtype=torch.float32)).detach().numpy()
        assert np.abs(read.evaluate(x) - meant).max() < 1e-5


def test_what_has_no_part_that_is_understood_is_refused_in_one_sentence():
    class Sorted(torch.nn.Module):
        def forward(self, x):
            return torch.sort(x, dim=-1)[0]

    with pytest.raises(nv.InputError, match="sort"):
        nv.load_network(Sorted(), example=(4,))


def test_modules_of_flax_are_read_in_evaluation_mode():
    nnx = pytest.importorskip("flax.nnx")
    jax = pytest.importorskip("jax")

    class Block(nnx.Module):
        def __init__(self, rngs):
            self.a, self.norm = nnx.Linear(3, 5, rngs=rngs), nnx.BatchNorm(5, rngs=rngs)
            self.drop, self.b = nnx.Dropout(0.5, rngs=rngs), nnx.Linear(5, 2, rngs=rngs)

        def __call__(self, x):
            return self.b(self.drop(nnx.relu(self.norm(self.a(x)))))

    module = Block(nnx.Rngs(0))
    module.norm.mean[...], module.norm.var[...] = jax.numpy.arange(5.0) / 4, 1 + jax.numpy.arange(5.0)
    read = nv.load_network(module, example=(3,))
    assert not module.drop.deterministic  # the module itself stays as it was
    assert read.parameters == 20 + 10 + 12
    module.eval()
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    assert np.abs(read.evaluate(x) - np.stack([module(v) for v in x])).max() < 1e-5
