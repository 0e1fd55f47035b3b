"""Gated units: pruned exactly, aligned, counted by diagnose, in one matrix or in two."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.layers.gated_units import gated_layers

torch = pytest.importorskip("torch")

from tests.checkpoints.attention_modules import Gated, dyadic, values  # noqa: E402

SAMPLES = np.random.default_rng(0).normal(size=(6, 6))
FORMS = [("silu", False, False), ("gelu", True, False), ("relu", True, True), ("sigmoid", False, True), ("none", True, False)]
"""Activation, one matrix or two, which part is the gate."""


@torch.no_grad()
def planted(act, packed, turned, kind, seed=1):
    module = dyadic(Gated(act, packed, turned), seed)
    (gate, gb), (up, ub) = module.branches()
    i, j = np.random.default_rng(seed).choice(module.width, 2, replace=False).tolist()
    if kind == "unread":
        module.w2.weight[:, i] = 0
    elif kind == "no factor":
        up[i], ub[i] = 0, 0
    elif kind == "no gate":
        gate[i], gb[i] = 0, 0
    elif kind == "constant":  # both factors are: a number goes to the bias of the reader
        gate[i], up[i], gb[i] = 0, 0, 0.5
    elif kind == "proportional":
        gate[i], gb[i], up[i], ub[i] = gate[j], gb[j], -2 * up[j], -2 * ub[j]
    elif kind == "scaled gate":
        gate[i], gb[i], up[i], ub[i] = 2 * gate[j], 2 * gb[j], up[j], ub[j]
    elif kind == "other gate":
        up[i], ub[i] = up[j], ub[j]
    elif kind == "bias alone":
        up[i] = 0
    return module


@pytest.mark.parametrize(("act", "packed", "turned"), FORMS)
def test_planted_units_go(act, packed, turned):
    dead = {"unread": "unread", "no factor": "constant", "proportional": "proportional"}
    if act != "sigmoid":
        dead["no gate"] = "constant"
    if act in ("relu", "none"):
        dead |= {"scaled gate": "proportional", "constant": "constant"}
    for kind in ("unread", "no factor", "no gate", "constant", "proportional", "scaled gate", "other gate", "bias alone", "none"):
        module = planted(act, packed, turned, kind)
        found = nv.prune(module, example=(6,))
        assert found.value["removed"] == ({dead[kind]: 2} if kind in dead else {}), kind
        assert found.claim == "proved"
        np.testing.assert_allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("act", "packed", "turned"), [FORMS[0], FORMS[2], FORMS[4]])
def test_align_units(act, packed, turned):
    module = dyadic(Gated(act, packed, turned), 2)
    rng = np.random.default_rng(2)
    order = rng.permutation(module.width)
    other = copy.deepcopy(module)
    total = torch.ones(module.width)
    with torch.no_grad():
        for k, ((w, b), (v, c)) in enumerate(zip(module.branches(), other.branches(), strict=True)):
            size = torch.as_tensor(2.0 ** rng.integers(-2, 3, module.width)).float()
            sign = torch.as_tensor(rng.choice([-1.0, 1.0], module.width)).float()
            scale = size * sign if k or act == "none" else size if act == "relu" else torch.ones(module.width)
            v.copy_(w[order] * scale[:, None])
            c.copy_(b[order] * scale)
            total = total * scale
        other.w2.weight.copy_(module.w2.weight[:, order] / total)
    found = nv.align(module, other, example=(6,))
    assert (found.value["same"], found.value["related"], found.claim) == ("yes", "yes", "proved")
    (record,) = [s for s in found.evidence["symmetry"] if s["kind"] == "gated units"]
    assert record["permutation"] == order.tolist()
    with torch.no_grad():
        other.branches()[0][0][0, 0] += 1 / 8
    found = nv.align(module, other, example=(6,))
    assert found.value["same"] == "no"
    x = np.array([[float(eval(v)) for v in found.value["input"]]])  # fractions as text
    assert np.abs(values(module, x) - values(other, x)).max() > 0


@pytest.mark.parametrize(("act", "each", "packed"), [("silu", 1, True), ("relu", 2, False), ("none", 2, True)])
def test_free_directions_of_units(act, each, packed):
    module = dyadic(Gated(act, packed, width=5, inputs=6), 3).double()
    found = nv.diagnose(module, example=(6,))
    assert found.value["symmetry"] == 5 * each
    weights = list(module.parameters())
    rows = []
    for x in torch.as_tensor(np.random.default_rng(0).normal(size=(60, 1, 6))):
        for y in module(x).reshape(-1):
            rows.append(torch.cat([g.reshape(-1) for g in torch.autograd.grad(y, weights, retain_graph=True)]))
    spectrum = torch.linalg.svdvals(torch.stack(rows))
    assert int((spectrum > 1e-9 * spectrum[0]).sum()) <= found.value["parameters"] - found.value["symmetry"]


def test_units_that_are_read_elsewhere_are_left_alone():
    class Reading(Gated):
        def forward(self, x):
            gate, up = torch.nn.functional.silu(self.w1(x)), self.w3(x)
            return torch.cat([self.w2(gate * up), up], -1)

    module = dyadic(Reading(), 4)
    with torch.no_grad():
        module.w2.weight[:, 0] = 0
    network = nv.load_network(module, example=(6,))
    assert gated_layers(network) == ()
    assert nv.prune(module, example=(6,)).value["removed"] == {}


def test_units_of_another_training_are_permuted_towards_it():
    module, rng = dyadic(Gated(), 5), np.random.default_rng(5)
    other, order = copy.deepcopy(module), rng.permutation(module.width)
    with torch.no_grad():
        for (w, b), (v, c) in zip(module.branches(), other.branches(), strict=True):
            v.copy_(w[order])
            c.copy_(b[order])
        other.w2.weight.copy_(module.w2.weight[:, order])
        for p in other.parameters():
            p.add_(torch.as_tensor(rng.normal(size=p.shape) / 50, dtype=p.dtype))
    found = nv.align(module, other, example=(6,))
    near = found.evidence["nearest"]
    assert found.value["same"] == "no"
    assert near["distance_after"] < 1 < near["distance_before"] / 4
    assert np.allclose(found.network.evaluate(SAMPLES), values(module, SAMPLES))
