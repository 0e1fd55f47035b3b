"""Digits of 8 x 8 that are drawn, moved and blurred at random, and networks trained on them in seconds."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

_FONT = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)


def digits(count, seed):
    """Pictures (count, 8, 8) with entries from 0 to 1, float32, and their classes."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 10, size=count)
    glyphs = np.array([[[float(c) for c in row] for row in g.split()] for g in _FONT])
    out = np.zeros((count, 8, 8))
    for k, (c, i, j) in enumerate(zip(classes, rng.integers(0, 2, size=count), rng.integers(0, 4, size=count), strict=True)):
        out[k, i : i + 7, j : j + 5] = glyphs[c] * rng.uniform(0.6, 1)
    out[:, 1:] += rng.uniform(0, 0.3, size=(count, 1, 1)) * out[:, :-1]
    return np.clip(out + rng.normal(size=out.shape) / 10, 0, 1).astype(np.float32), classes


def trained(module, seed=0, steps=60, penalty=None):
    """The module after steps of Adam on drawn digits, in evaluation mode. ``penalty`` (rate, parameters) shrinks groups of rows."""
    x, y = digits(512, seed)
    x, y = torch.as_tensor(x), torch.as_tensor(y)
    optimizer = torch.optim.Adam(module.parameters(), lr=0.01)
    order = torch.Generator().manual_seed(seed)
    module.train()
    for _ in range(steps):
        chosen = torch.randperm(len(x), generator=order)[:128]
        optimizer.zero_grad()
        F.cross_entropy(module(x[chosen]), y[chosen]).backward()
        optimizer.step()
        if penalty is not None:
            shrink(penalty[0], penalty[1])
    return module.eval()


def shrink(rate, layers):
    """The proximal step of the penalty rate * sum |(row of weights, bias)|, which leaves whole rows exactly 0 (L1 of groups)."""
    with torch.no_grad():
        for layer in layers:
            rows = torch.cat([layer.weight.flatten(1), layer.bias[:, None]], dim=1)
            factor = (1 - rate / rows.norm(dim=1).clamp(min=1e-12)).clamp(min=0)
            layer.weight *= factor.view(-1, *(1 for _ in layer.weight.shape[1:]))
            layer.bias *= factor


def right(module, seed=99):
    """The part of other digits that a module classifies right; ``module`` maps arrays to arrays."""
    x, y = digits(256, seed)
    return float((np.asarray(module(x)).argmax(axis=1) == y).mean())


class Perceptron(nn.Sequential):
    """64 - 32 - 24 - 10."""

    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 24), nn.ReLU(), nn.Linear(24, 10))


class Residual(nn.Module):
    """Convolutions with batch norm, pooling and a residual block."""

    def __init__(self):
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.inner, self.inner_norm = nn.Conv2d(4, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.outer, self.outer_norm = nn.Conv2d(6, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.pool = nn.MaxPool2d(2)
        self.last, self.head = nn.Linear(4 * 16, 12), nn.Linear(12, 10)

    def forward(self, x):
        h = F.relu(self.norm(self.stem(x[:, None])))
        h = F.relu(h + self.outer_norm(self.outer(F.relu(self.inner_norm(self.inner(h))))))
        return self.head(F.relu(self.last(self.pool(h).flatten(1))))


class Recurrent(nn.Module):
    """A GRU over the rows, and two layers."""

    def __init__(self):
        super().__init__()
        self.cell = nn.GRU(8, 16, batch_first=True)
        self.hidden, self.head = nn.Linear(16, 20), nn.Linear(20, 10)

    def forward(self, x):
        return self.head(F.relu(self.hidden(self.cell(x)[0][:, -1])))


class Encoder(nn.Module):
    """Two blocks of a transformer over the rows, with LayerNorm and softmax."""

    def __init__(self):
        super().__init__()
        self.embed, self.places = nn.Linear(8, 16), nn.Parameter(torch.randn(8, 16) / 4)
        layer = nn.TransformerEncoderLayer(16, 2, dim_feedforward=24, dropout=0.0, batch_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.blocks(self.embed(x) + self.places).mean(1))
