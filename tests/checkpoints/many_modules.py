"""Small torch modules, each of which uses one operation in one form: indexing, axes, arithmetic, activations, windows."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Formed(nn.Module):
    """A function of parameters and an input."""

    def __init__(self, function, *layers):
        super().__init__()
        self.function, self.layers = function, nn.ModuleList(layers)
        self.w, self.m = nn.Parameter(torch.randn(4)), nn.Parameter(torch.randn(4, 4))
        self.t, self.k = nn.Parameter(torch.randn(2, 3, 4)), nn.Parameter(torch.randn(1, 4))

    def forward(self, x):
        return self.function(self, x)


OF_PARAMETERS = (
    lambda s, x: x + s.w[None],
    lambda s, x: x * s.w.unsqueeze(0),
    lambda s, x: x * s.w.view(1, 4),
    lambda s, x: x @ s.m.t(),
    lambda s, x: x @ s.m.mT,
    lambda s, x: x + s.m[0],
    lambda s, x: x + s.m[:, 1],
    lambda s, x: x + s.m.select(0, 2),
    lambda s, x: x * s.m.sum(0),
    lambda s, x: x * s.m.mean(1),
    lambda s, x: x * s.m.sum(),
    lambda s, x: x + s.m[1:2],
    lambda s, x: x + s.m.diagonal(),
    lambda s, x: x + s.w.flip(0),
    lambda s, x: x + s.k.squeeze(0),
    lambda s, x: x + s.k.squeeze(),
    lambda s, x: x + s.k.expand(1, 4),
    lambda s, x: x + s.k.reshape(-1),
    lambda s, x: x + s.t[0, 1],
    lambda s, x: x @ s.t[0].T,
    lambda s, x: x @ s.t.permute(0, 2, 1)[0],
    lambda s, x: torch.cat([x, s.w.expand(x.shape[0], 4)], 1),
    lambda s, x: torch.cat([s.m, s.m], 0)[:4] @ x.mT,
    lambda s, x: F.linear(x, s.m, s.w),
    lambda s, x: F.linear(x, s.m[:2]),
    lambda s, x: torch.addmm(s.w, x, s.m),
    lambda s, x: torch.addmm(s.w, x, s.m, beta=2, alpha=3),
    lambda s, x: x.sub(s.w, alpha=3),
    lambda s, x: s.w / (x * x + 1),
    lambda s, x: torch.maximum(x, s.w),
    lambda s, x: x + torch.arange(4),
    lambda s, x: x * torch.tensor([1.0, 2, 3, 4]),
)
"""Of inputs of four numbers."""
OF_MATRICES = (
    lambda s, x: x + s.t[0],
    lambda s, x: x + s.t[1][None],
    lambda s, x: torch.einsum("bij,kj->bik", x, s.m),
    lambda s, x: torch.einsum("bij,ij->bi", x, s.t[0]),
    lambda s, x: (x[:, :, None] * s.m).sum(2),
    lambda s, x: (x[..., None] * s.m).sum(-2),
    lambda s, x: x.transpose(1, 2),
    lambda s, x: x.permute(0, -1, -2),
    lambda s, x: x.flatten(1),
    lambda s, x: x.flatten(-2),
    lambda s, x: x.unflatten(2, (2, 2)),
    lambda s, x: x.reshape(x.shape[0], -1),
    lambda s, x: x.reshape(-1, 12),
    lambda s, x: x.view(x.size(0), 2, 6),
    lambda s, x: x.mean((1, 2)),
    lambda s, x: x.mean(-1, keepdim=True),
    lambda s, x: x.sum(1),
    lambda s, x: x.amax(1),
    lambda s, x: x.var(1),
    lambda s, x: x.prod(1),
    lambda s, x: x.squeeze(),
    lambda s, x: x[:, :1].squeeze(1),
    lambda s, x: x.unsqueeze(-1),
    lambda s, x: x.repeat(1, 2, 1),
    lambda s, x: x.split([1, 3], 2)[1],
    lambda s, x: x.chunk(2, 2)[0],
    lambda s, x: x.unbind(1)[0],
    lambda s, x: x[:, -1],
    lambda s, x: x[:, :, ::2],
    lambda s, x: x[:, :, [0, 2]],
    lambda s, x: x.flip(1),
    lambda s, x: x[:, 0, :] + x[:, 1, :] * x[:, 2],
    lambda s, x: F.pad(x, (1, 0)),
    lambda s, x: F.pad(x, (1, 1), value=2.0),
    lambda s, x: F.pad(x, (1, 1), mode="reflect"),
    lambda s, x: x @ x.mT @ x,
    lambda s, x: torch.bmm(x, x.transpose(1, 2)),
    lambda s, x: torch.stack([x, x + 1], 1),
    lambda s, x: torch.stack([x, x + 1], -1).flatten(1),
    lambda s, x: F.scaled_dot_product_attention(x, x, x),
)
"""Of inputs 3 x 4."""
ARITHMETIC = (
    lambda s, x: 1 - x,
    lambda s, x: 2 / (x * x + 1),
    lambda s, x: x**3,
    lambda s, x: x**0.5,
    lambda s, x: x**-2,
    lambda s, x: 2**x,
    lambda s, x: x // 1,
    lambda s, x: x % 2,
    lambda s, x: torch.rsub(x, 1, alpha=2),
    lambda s, x: x.square().sqrt(),
    lambda s, x: x.exp(),
    lambda s, x: torch.where(x > 0, x, -x),
    lambda s, x: x.clamp(-1, 1),
    lambda s, x: x.clamp(min=0),
    lambda s, x: x.clamp(max=0.5),
    lambda s, x: x.clamp_min(0),
    lambda s, x: (x > 0).float() * x,
    lambda s, x: x.half().float(),
    lambda s, x: x.int().float(),
    lambda s, x: x + x.shape[1],
    lambda s, x: x.pow(2).mul(3).add(1),
    lambda s, x: x.add(x, alpha=-2),
    lambda s, x: x.div(3, rounding_mode="floor"),
    lambda s, x: x.clone().add_(1).mul_(s.w).relu_(),
    lambda s, x: F.relu_(x + 1),
    lambda s, x: F.leaky_relu(x, 0.3),
    lambda s, x: F.elu(x, 2.0),
    lambda s, x: F.softplus(x, 2, 30),
    lambda s, x: F.gelu(x, approximate="tanh"),
    lambda s, x: F.threshold(x, 0.5, 0.0),
    lambda s, x: F.softmax(x, 1),
    lambda s, x: F.normalize(x, dim=1),
    *(
        lambda s, x, name=name: getattr(F, name)(x)
        for name in ("relu6", "selu", "celu", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "hardtanh", "tanhshrink", "softsign")
    ),
)
"""Entry by entry, of inputs of four numbers."""


def layers():
    """Layers in their forms, with the shape of one input each."""
    forms = (
        {},
        {"stride": 2},
        {"padding": 1},
        {"dilation": 2},
        {"groups": 2},
        {"padding": "same"},
        {"padding": "valid"},
        {"bias": False},
    )
    odd = ({"padding": 1, "padding_mode": "circular"}, {"padding": 1, "padding_mode": "reflect"})
    yield from (((4, 7), nn.Conv1d(4, 4, 3, **form)) for form in (*forms, *odd))
    yield from (((4, 7, 6), nn.Conv2d(4, 4, 3, **form)) for form in (*forms, *odd))
    dense = (
        (nn.PReLU(), nn.Linear(5, 2)),
        (nn.PReLU(5),),
        (nn.LayerNorm(5),),
        (nn.BatchNorm1d(5),),
        (nn.BatchNorm1d(5, affine=False),),
        (nn.RMSNorm(5), nn.Linear(5, 2)),
        (nn.Unflatten(1, (5, 1)), nn.BatchNorm1d(5), nn.Flatten()),
    )
    yield from (((4,), nn.Sequential(nn.Linear(4, 5), *after)) for after in dense)
    yield (4,), nn.utils.parametrizations.weight_norm(nn.Linear(4, 3))
    yield (4, 7), nn.ConvTranspose1d(4, 2, 3, stride=2)
    yield (4, 5, 5), nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1)
    yield (2, 4, 4, 4), nn.Conv3d(2, 3, 2)
    yield (4, 7), nn.MaxPool1d(2)
    pools = (
        nn.MaxPool2d(3, stride=2, padding=1),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2),
        nn.AvgPool2d(3, padding=1, count_include_pad=False),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.AdaptiveAvgPool2d(1),
        nn.AdaptiveAvgPool2d(2),
        nn.AdaptiveMaxPool2d(1),
        nn.Upsample(scale_factor=2),
        nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.PixelShuffle(2),
        nn.ZeroPad2d(1),
        nn.InstanceNorm2d(4),
        nn.GroupNorm(2, 4),
        nn.Dropout2d(),
        nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1)),
        nn.Sequential(nn.Conv2d(4, 2, 1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(128, 3)),
    )
    yield from (((4, 8, 8), pool) for pool in pools)
    yield (5, 4), nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
    yield from (((5, 4), Formed(lambda s, x: s.layers[0](x)[0], cell(4, 3, batch_first=True))) for cell in (nn.GRU, nn.LSTM, nn.RNN))
    yield (5, 4), Formed(lambda s, x: s.layers[0](x, x, x)[0], nn.MultiheadAttention(4, 2, batch_first=True))
    yield (4,), Formed(lambda s, x: s.layers[0](x, x), nn.Bilinear(4, 4, 3))


def many_modules():
    """All modules in evaluation mode, with random statistics, and the shape of one input each."""
    torch.manual_seed(3)
    made = [((4,), Formed(f)) for f in (*OF_PARAMETERS, *ARITHMETIC)] + [((3, 4), Formed(f)) for f in OF_MATRICES] + list(layers())
    for _, module in made:
        for layer in module.modules():
            if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.5, 2)
        module.eval()
    return made
