"""Torch modules that between them use every supported operation, with the shape of one input each."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F


class Apply(nn.Module):
    """A function as a layer."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


class Cubic(nn.Module):
    def forward(self, x):
        return x**3 + x * x


class Images(nn.Module):
    """A CNN with batch norm, groups, dilation, padding and all poolings."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 4, 3, padding=1, stride=(1, 2))
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 6, (2, 3), groups=2, dilation=(2, 1), bias=False)
        self.average = nn.AvgPool2d((2, 1), stride=1)
        self.largest = nn.MaxPool2d(2, padding=1)
        self.everything = nn.AdaptiveAvgPool2d(1)
        self.last = nn.Linear(6, 3)

    def forward(self, x):
        h = F.leaky_relu(self.norm(self.first(x)), 0.25)
        h = self.largest(self.average(self.second(h)))
        return self.last(self.everything(h).flatten(1))


class Sequences(nn.Module):
    """A one-dimensional CNN with batch norm and a skip connection."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(2, 3, 3, padding="same")
        self.norm = nn.BatchNorm1d(3)
        self.second = nn.Conv1d(3, 3, 3, padding=1)
        self.last = nn.Linear(3 * 4, 2)

    def forward(self, x):
        h = F.relu(self.norm(self.first(x)))
        h = h + F.relu(self.second(h))
        return self.last(F.avg_pool1d(h, 2).flatten(1))


class LinearAttention(nn.Module):
    """Attention without softmax, two heads, with a mean over tokens and a learned position."""

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(5, 4))
        self.projections = nn.Linear(4, 12, bias=False)
        self.out = nn.Linear(4, 4)

    def forward(self, x):
        x = x + self.positions
        tokens = x.shape[1]
        q, k, v = self.projections(x).chunk(3, dim=-1)
        q, k, v = (t.reshape(t.shape[0], tokens, 2, 2).transpose(1, 2) for t in (q, k, v))
        h = (q @ k.transpose(-1, -2)) / tokens @ v
        h = self.out(h.transpose(1, 2).reshape(x.shape[0], tokens, 4)) + x
        return h.mean(1)


class Contraction(nn.Module):
    def forward(self, x):
        scores = torch.einsum("bik,bjk->bij", x, x)
        return torch.einsum("bij,bjk->bki", scores, x)[:, 1]


class Pieces(nn.Module):
    """Shapes, cuts, products and quotients of values, and weights that are no layers."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.rand(6) + 0.5)
        self.matrix = nn.Parameter(torch.randn(6, 4))
        self.register_buffer("offset", torch.randn(4))

    def forward(self, x):
        a, b = x.split([2, 4], dim=1)
        joined = torch.cat([b, a], dim=-1) * self.scale - 1.5
        h = (joined @ self.matrix + self.offset) / (1 + b.square())
        h = h.unsqueeze(1).squeeze(1) * (2 - h)
        return torch.sum(h, dim=1, keepdim=True) - h[:, 0:4:2]


def modules():
    """Name -> (module in evaluation mode with random statistics, shape of one input)."""
    torch.manual_seed(0)
    smooth = [nn.Tanh(), nn.Sigmoid(), nn.GELU(), nn.GELU("tanh"), nn.SiLU(), nn.Softplus(), nn.Softplus(2.0), nn.ELU(0.5)]
    kinked = [nn.ReLU(), nn.LeakyReLU(0.125), nn.ReLU6(), Apply(torch.abs), nn.Hardtanh(0.0, 6.0)]
    rational = [Cubic(), Apply(lambda x: (x**2 + 1) / (x * x - x + 3)), Apply(lambda x: -x), Apply(lambda x: 1 / (x**2 + 2))]

    def between(layers):
        return nn.Sequential(*(part for layer in layers for part in (nn.Linear(3, 3), layer)), nn.Dropout(), nn.Linear(3, 2))

    made = {
        "smooth": (between(smooth), (3,)),
        "kinked": (between(kinked), (3,)),
        "rational": (between(rational), (3,)),
        "images": (Images(), (2, 6, 7)),
        "sequences": (Sequences(), (2, 8)),
        "attention": (LinearAttention(), (5, 4)),
        "contraction": (Contraction(), (3, 4)),
        "pieces": (Pieces(), (6,)),
    }
    for module, _ in made.values():
        for layer in module.modules():
            if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
                layer.running_mean.normal_()
                layer.running_var.uniform_(0.5, 2)
                nn.init.normal_(layer.weight)
                nn.init.normal_(layer.bias)
        module.eval()
    return made


NAMES = ("smooth", "kinked", "rational", "images", "sequences", "attention", "contraction", "pieces")
EXACT = tuple(n for n in NAMES if n != "smooth")
"""Those whose values at rational inputs are rational."""
