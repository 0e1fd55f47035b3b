"""Torch modules with attention and gated units as people write them; weights are multiples of 1/64, and redundancy is planted."""

from __future__ import annotations

import copy
import math

import numpy as np
import torch
from torch import nn

LENGTH, WIDTH, HEADS, SIZE = 5, 12, 3, 4


class Written(nn.Module):
    """Attention written by hand, with one matrix for queries, keys and values or with three, and a layer after it."""

    def __init__(self, packed=False, norm=False):
        super().__init__()
        self.packed = packed
        if packed:
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        else:
            self.q, self.k, self.v = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.o = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH) if norm else nn.Identity()
        self.up, self.down, self.head = nn.Linear(WIDTH, 7), nn.Linear(7, WIDTH), nn.Linear(WIDTH, 3)

    def heads(self, y):
        n = y.shape[0]
        if self.packed:
            return self.qkv(y).reshape(n, LENGTH, 3, HEADS, SIZE).permute(2, 0, 3, 1, 4).unbind(0)
        return [m(y).view(n, LENGTH, HEADS, SIZE).transpose(1, 2) for m in (self.q, self.k, self.v)]

    def forward(self, x):
        q, k, v = self.heads(self.norm(x))
        seen = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(SIZE), -1) @ v
        x = x + self.o(seen.transpose(1, 2).reshape(x.shape[0], LENGTH, WIDTH))
        return self.head((x + self.down(torch.relu(self.up(x)))).mean(1))


class Multihead(nn.Module):
    """torch's own attention, which puts the batch second and joins it with the heads."""

    def __init__(self, weights=False):
        super().__init__()
        self.weights = weights
        self.attention, self.head = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True), nn.Linear(WIDTH, 3)

    def forward(self, x):
        return self.head((x + self.attention(x, x, x, need_weights=self.weights)[0]).mean(1))


class Encoder(nn.Module):
    """torch's own encoder."""

    def __init__(self, norm_first=False, activation="relu"):
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 9, 0.0, activation, batch_first=True, norm_first=norm_first)
        self.layers, self.head = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False), nn.Linear(WIDTH, 3)

    def forward(self, x):
        return self.head(self.layers(x).mean(1))


class Gated(nn.Module):
    """act(W1 x) times W3 x, read by W2; the two matrices in one where it is ``packed``, in either order."""

    def __init__(self, act="silu", packed=False, turned=False, width=8, inputs=6):
        super().__init__()
        self.act, self.packed, self.turned, self.width = act, packed, turned, width
        if packed:
            self.both = nn.Linear(inputs, 2 * width)
        else:
            self.w1, self.w3 = nn.Linear(inputs, width), nn.Linear(inputs, width)
        self.w2 = nn.Linear(width, 4)

    def forward(self, x):
        a, b = self.both(x).chunk(2, -1) if self.packed else (self.w1(x), self.w3(x))
        a, b = (b, a) if self.turned else (a, b)
        return self.w2({**vars(torch.nn.functional), "none": lambda t: t}[self.act](a) * b)

    def branches(self):
        """Weights and biases of both factors, gate first."""
        if not self.packed:
            found = [(m.weight, m.bias) for m in (self.w1, self.w3)]
        else:
            found = [(self.both.weight[s], self.both.bias[s]) for s in (slice(0, self.width), slice(self.width, None))]
        return found[::-1] if self.turned else found


MODULES = {
    "written": Written,
    "packed": lambda: Written(packed=True),
    "norm": lambda: Written(norm=True),
    "multihead": Multihead,
    "multihead with weights": lambda: Multihead(weights=True),
    "encoder": Encoder,
    "encoder norm first": lambda: Encoder(True, "gelu"),
}


def dyadic(module, seed):
    """The module in evaluation mode with weights k/64, none of them 0."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.as_tensor((2 * rng.integers(-24, 24, size=p.shape) + 1) / 64))
    return module.eval()


def head(module, b):
    """(weight, bias) of queries, keys and values of a head, and the columns that read it; views."""
    s = slice(b * SIZE, (b + 1) * SIZE)
    if isinstance(module, Written) and not module.packed:
        return [(m.weight[s], m.bias[s]) for m in (module.q, module.k, module.v)], module.o.weight[:, s]
    if isinstance(module, Written):
        weight, bias, out = module.qkv.weight, module.qkv.bias, module.o
    else:
        own = module.attention if isinstance(module, Multihead) else module.layers.layers[0].self_attn
        weight, bias, out = own.in_proj_weight, own.in_proj_bias, own.out_proj
    parts = [(weight[k * WIDTH : (k + 1) * WIDTH][s], bias[k * WIDTH : (k + 1) * WIDTH][s]) for k in range(3)]
    return parts, out.weight[:, s]


PLANTED = ("output", "values", "mixed", "equal", "equal scores", "rank of values", "rank of keys", "rank of all")
"""What `plant` makes redundant."""


@torch.no_grad()
def plant(module, kind, rng):
    """Redundancy of a kind in random heads; the module itself."""
    i, j = rng.choice(HEADS, 2, replace=False).tolist()
    (q, k, v), o = head(module, i)
    (q2, k2, v2), _ = head(module, j)
    every = [head(module, b) for b in range(HEADS)]
    if kind == "output":
        o.zero_()
    elif kind == "values":
        v[0].zero_()
    elif kind == "mixed":
        v[0][: SIZE // 2] = 0
        o[:, SIZE // 2 :] = 0
    elif kind == "equal":
        for one, two in ((q, q2), (k, k2), (v, v2)):
            one[0].copy_(two[0])
            one[1].copy_(two[1])
    elif kind == "equal scores":  # twice the queries, half the keys, values in another order; the bias of the keys is its own
        q[0].copy_(2 * q2[0])
        q[1].copy_(2 * q2[1])
        k[0].copy_(k2[0] / 2)
        v[0].copy_(-v2[0].flip(0))
    elif kind == "rank of values":
        for (_, _, (weight, _)), _ in every:
            weight[-1] = 2 * weight[0] - weight[1]
    elif kind == "rank of keys":
        for (_, (weight, _), _), _ in every:
            weight[1] = -weight[0]
    elif kind == "rank of all":
        for ((query, bias), _, (weight, _)), _ in every:
            weight[-1], query[0], bias[0] = 0, 0, 0
    return module


@torch.no_grad()
def with_heads(module, order, rng=None, exact=True):
    """A copy whose head b is the old head ``order[b]``, in another base where a generator is given.

    The base is one of powers of 2 in some order where it is to be ``exact``, a rotation else.
    """
    out = copy.deepcopy(module)

    def base():
        if exact:
            return np.diag(2.0 ** rng.integers(-2, 3, SIZE))[rng.permutation(SIZE)]
        return np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0]

    for b, old in enumerate(order):
        (q, k, v), o = head(module, old)
        mine, columns = head(out, b)
        one, two = (np.eye(SIZE) if rng is None else base() for _ in range(2))
        for (weight, bias), (w, c), turn in zip(mine, (q, k, v), (one, np.linalg.inv(one).T, two), strict=True):
            turn = torch.as_tensor(turn)
            weight.copy_(turn @ w.double())
            bias.copy_(turn @ c.double())
        columns.copy_(o.double() @ torch.as_tensor(np.linalg.inv(two)))
    return out


def values(module, x):
    """The outputs in double precision."""
    with torch.no_grad():
        return copy.deepcopy(module).double()(torch.as_tensor(x, dtype=torch.float64)).numpy()
