"""Networks with convolutions, batch norm and skip connections; and one trained here, through torch and through ONNX."""

from __future__ import annotations

import json

import numpy as np
import pytest

import neurovariety as nv
from neurovariety import examples
from neurovariety.cli.main import main

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")


class Residual(torch.nn.Module):
    """x + conv(relu(norm(conv(x)))), with a padding of 1."""

    def __init__(self):
        super().__init__()
        self.inner = torch.nn.Conv2d(4, 6, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(6)
        self.outer = torch.nn.Conv2d(6, 4, 3, padding=1)

    def forward(self, x):
        return x + self.outer(torch.relu(self.norm(self.inner(x))))


@pytest.fixture(scope="module")
def convolutional():
    """Inside the skip: channel 1 is twice channel 0, 3 is constant 0, 4 is constant 1 (beside zeros). Last: 2 equals 0, 1 constant."""
    torch.manual_seed(0)
    block, last = Residual(), torch.nn.Conv2d(4, 5, 3)
    with torch.no_grad():
        block.inner.weight[1], block.inner.bias[1] = 2 * block.inner.weight[0], 2 * block.inner.bias[0]
        block.norm.running_mean[2] = 0.3
        block.norm.weight[3:5] = 0
        block.norm.bias[3:5] = torch.tensor([-1.0, 1.0])
        last.weight[2], last.bias[2] = last.weight[0], last.bias[0]
        last.weight[1] = 0
    layers = [torch.nn.Conv2d(1, 4, 3, padding=1), torch.nn.ReLU(), block, last, torch.nn.AvgPool2d(2), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(20, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)).eval()


def test_convolutions_batch_norm_and_skip_connections(convolutional):
    source = nv.load_network(convolutional, example=(1, 6, 6))
    found = nv.prune(source)
    assert found.value["widths"] == {"2.inner": [6, 4], "3": [5, 3], "7": [3, 3]}
    assert found.value["removed"] == {"constant": 2, "equal": 1, "proportional": 1}
    x = np.random.default_rng(0).integers(-9, 10, size=(1, 1, 6, 6)) / 4
    assert np.all(source.evaluate_exact(x) == found.network.evaluate_exact(x))
    assert [u["place"] for u in found.evidence["untouched"]] == ["0 (conv)", "2.outer (conv)"]
    assert all("add" in u["reason"] for u in found.evidence["untouched"])


def test_a_permuted_convolutional_network_is_aligned(convolutional):
    state = {k: v.clone() for k, v in convolutional.state_dict().items()}
    order = [3, 0, 4, 1, 5, 2]
    for key in ("inner.weight", "inner.bias", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"):
        state[f"2.{key}"] = state[f"2.{key}"][order]
    for key in ("norm.weight", "norm.bias"):  # positive scalings, undone in the reader
        state[f"2.{key}"] *= 2
    state["2.outer.weight"] = state["2.outer.weight"][:, order] / 2
    source = nv.load_network(convolutional, example=(1, 6, 6))
    other = source.with_weights({k: v.numpy() for k, v in state.items() if k in source.weights})
    found = nv.align(source, other)
    assert found.value["same"] == "yes"
    assert found.value["exact"]
    outer = source.weights["2.outer.weight"].copy()
    outer[0, 0] += 1
    assert nv.align(source, source.with_weights({"2.outer.weight": outer})).value["same"] == "no"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Volume of trees from girth and height, by a ReLU network; then neurons are split, killed and scaled by hand."""
    folder = tmp_path_factory.mktemp("trained")
    table = nv.read_csv(examples.path("trees.csv"))
    values = table.inputs.astype(np.float64)
    values = torch.tensor((values - values.mean(axis=0)) / values.std(axis=0), dtype=torch.float32)
    x, y = values[:, :2], values[:, 2:]
    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Linear(2, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        loss = ((plain(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
    assert float(loss.detach()) < 0.1
    larger = torch.nn.Sequential(torch.nn.Linear(2, 7), torch.nn.ReLU(), torch.nn.Linear(7, 1))
    with torch.no_grad():
        w, b, v = plain[0].weight, plain[0].bias, plain[2].weight
        larger[0].weight.copy_(torch.cat([w, w[:1], 4 * w[1:2], torch.ones(1, 2)]))
        larger[0].bias.copy_(torch.cat([b, b[:1], 4 * b[1:2], torch.ones(1)]))
        larger[2].weight.copy_(
            torch.cat([v[:, :1] / 2, v[:, 1:2] / 2, v[:, 2:], v[:, :1] / 2, v[:, 1:2] / 8, torch.zeros(1, 1)], dim=1)
        )
        larger[2].bias.copy_(plain[2].bias)
    for name, module in (("plain", plain), ("larger", larger)):
        nv.write_network(nv.load_network(module.eval()), folder / f"{name}.onnx")
    return plain, larger, folder


def test_a_trained_network_through_torch_and_through_onnx(trained):
    plain, larger, folder = trained
    for source in (larger, folder / "larger.onnx"):
        found = nv.prune(source)
        assert found.value["removed"] == {"equal": 1, "proportional": 1, "unread": 1}
        assert found.value["widths"][next(iter(found.value["widths"]))] == [7, 4]
        same = nv.align(found.network, plain)
        assert same.value["same"] == "yes"
        assert same.value["exact"]
        assert same.claim is nv.Claim.PROVED
    assert nv.align(folder / "plain.onnx", larger).value["same"] == "yes"
    moved = nv.load_network(plain)
    bias = moved.weights["2.bias"] + np.float32(1 / 256)
    assert nv.align(plain, moved.with_weights({"2.bias": bias})).value["same"] == "no"


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    return int(stop.value.code or 0), *capsys.readouterr()


def test_the_command_line(trained, capsys):
    _, _, folder = trained
    code, out, _ = run(capsys, "prune", folder / "larger.onnx", "--output", folder / "small.onnx", "--json")
    assert code == 0
    assert json.loads(out)["value"]["pruned"] == 17
    code, out, _ = run(capsys, "align", folder / "plain.onnx", folder / "small.onnx")
    assert code == 0
    assert "same yes" in out
    code, out, _ = run(
        capsys, "diagnose", folder / "larger.onnx", "--json", "--data", examples.path("trees.csv"), "--target", "volume_ft3"
    )
    found = json.loads(out)
    assert code == 0
    assert found["entry"] == "diagnose"
    assert found["value"]["redundant"] == {"equal": 1, "proportional": 1, "unread": 1}
    for arguments in (
        ["diagnose", folder / "no.onnx"],
        ["prune", folder / "larger.onnx", "--tolerance", "2"],
        ["align", "a.pt", "b.pt"],
    ):
        code, out, error = run(capsys, *arguments)
        assert code == 2
        assert not out
        assert error.count("\n") == 1
