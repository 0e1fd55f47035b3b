"""Programs of torch are compared operation by operation: what outputs hide is seen before them."""

from __future__ import annotations

from fractions import Fraction

import pytest

import neurovariety as nv

torch = pytest.importorskip("torch")

from neurovariety.checkpoints.readers import torch_import  # noqa: E402

END = {
    "softmax": lambda z: torch.softmax(1e3 * z, -1),
    "constant": lambda z: 0 * z,
    "beside": lambda z: torch.cat([z[:, :1] + 1e4, z[:, 1:] * 1e-3], 1),
}


class Bent(torch.nn.Module):
    def __init__(self, activation, end):
        super().__init__()
        torch.manual_seed(0)
        self.a, self.b, self.activation, self.end = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2), activation, end

    def forward(self, x):
        return self.end(self.b(self.activation(self.a(x))))


@pytest.mark.parametrize("name", ["leaky_relu", "hardtanh"])
@pytest.mark.parametrize(("end", "dtype"), [("softmax", "float32"), ("constant", "float16"), ("beside", "bfloat16")])
def test_a_misread_activation_is_refused(monkeypatch, name, end, dtype):
    """A slope off by a thousandth, a clip at 5 for 6."""
    activation = torch.nn.LeakyReLU(0.1) if name == "leaky_relu" else torch.nn.Hardtanh(0, 6)
    module = Bent(activation, END[end]).to(getattr(torch, dtype))
    assert nv.load_network(module, example=(3,)).output_shape == (2,)
    right = torch_import.OPERATIONS[name]

    def wrong(call):
        made = right(call)
        node = call.builder.nodes[-1]
        if name == "leaky_relu":
            node.attributes["slope"] *= Fraction(1001, 1000)
        else:
            node.attributes.update(function="hardtanh", low=Fraction(0), high=Fraction(5))
        return made

    monkeypatch.setitem(torch_import.OPERATIONS, name, wrong)
    with pytest.raises(nv.InputError, match="computes something else than torch"):
        nv.load_network(module, example=(3,))
