"""Torch modules with masks and with keys that several heads share, in the forms in which people and exporters write them."""

from __future__ import annotations

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

LENGTH, WIDTH, HEADS, SIZE = 5, 12, 6, 2


class Attention(nn.Module):
    """Attention whose scores are mixed by ``mix``; ``keys`` heads of keys and values."""

    def __init__(self, keys=HEADS):
        super().__init__()
        self.keys = keys
        self.q, self.o = nn.Linear(WIDTH, HEADS * SIZE), nn.Linear(HEADS * SIZE, WIDTH)
        self.k, self.v = (nn.Linear(WIDTH, keys * SIZE) for _ in range(2))
        self.head = nn.Linear(WIDTH, 3)
        self.register_buffer("past", torch.tril(torch.ones(LENGTH, LENGTH)).view(1, 1, LENGTH, LENGTH))
        self.register_buffer("seen", torch.tril(torch.ones(LENGTH, LENGTH, dtype=torch.bool)))

    def heads(self, x):
        sizes = (HEADS, self.keys, self.keys)
        pairs = zip((self.q, self.k, self.v), sizes, strict=True)
        return [m(x).view(x.shape[0], LENGTH, n, SIZE).transpose(1, 2) for m, n in pairs]

    def forward(self, x):
        mixed = self.mix(*self.heads(x)).transpose(1, 2).reshape(x.shape[0], LENGTH, HEADS * SIZE)
        return self.head((x + self.o(mixed)).mean(1))

    def mix(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v)


class Causal(Attention):
    def mix(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


class Filled(Attention):
    def mix(self, q, k, v):
        scores = (q @ k.transpose(-2, -1)) / 2
        return torch.softmax(scores.masked_fill(self.past[:, :, :LENGTH, :LENGTH] == 0, float("-inf")), -1) @ v


class Chosen(Attention):
    def mix(self, q, k, v):
        return torch.where(self.seen, q @ k.transpose(-2, -1), float("-inf")).softmax(-1) @ v


class Added(Attention):
    def mix(self, q, k, v):
        return (q @ k.transpose(-2, -1) + torch.triu(torch.full((LENGTH, LENGTH), float("-inf")), 1)).softmax(-1) @ v


class Given(Attention):
    def mix(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, attn_mask=self.seen)


class Positions(Attention):
    def mix(self, q, k, v):
        at = torch.arange(LENGTH)
        return (q @ k.transpose(-2, -1)).masked_fill(~(at[:, None] >= at[None, :]), float("-inf")).softmax(-1) @ v


class Lowered(Attention):
    """What is masked is a number, the least of the type, as some write it."""

    def mix(self, q, k, v):
        return (q @ k.transpose(-2, -1) + (1 - self.past) * torch.finfo(torch.float32).min).softmax(-1) @ v


class Rotary(Attention):
    """Queries and keys turned by their positions, by a table that the graph makes."""

    def mix(self, q, k, v):
        angles = torch.outer(torch.arange(LENGTH).float(), 1.0 / (100 ** (torch.arange(0, SIZE, 2) / SIZE)))
        cos, sin = (torch.cat([t, t], -1) for t in (angles.cos(), angles.sin()))

        def turned(x):
            a, b = x.chunk(2, -1)
            return x * cos + torch.cat([-b, a], -1) * sin

        return F.scaled_dot_product_attention(turned(q), turned(k), v, is_causal=True)


class Grouped(Attention):
    """Grouped queries as torch has them."""

    def __init__(self, keys=2):
        super().__init__(keys)

    def mix(self, q, k, v):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)


class Repeated(Grouped):
    def mix(self, q, k, v):
        k, v = (x.repeat_interleave(HEADS // self.keys, 1) for x in (k, v))
        return F.scaled_dot_product_attention(q, k, v)


class Expanded(Grouped):
    """Grouped queries as language models have them: an axis, expanded and joined."""

    def mix(self, q, k, v):
        times = HEADS // self.keys
        k, v = (
            x[:, :, None].expand(x.shape[0], self.keys, times, LENGTH, SIZE).reshape(x.shape[0], HEADS, LENGTH, SIZE) for x in (k, v)
        )
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)


class OneKey(Grouped):
    """Many queries, one key, by broadcasting."""

    def __init__(self):
        super().__init__(1)

    def mix(self, q, k, v):
        return torch.softmax(q @ k.transpose(-1, -2) / 2, -1) @ v


class Packed(nn.Module):
    """torch's own attention with a mask of truth values."""

    def __init__(self, weights=False):
        super().__init__()
        self.attention, self.head, self.weights = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True), nn.Linear(WIDTH, 3), weights
        self.register_buffer("hidden", torch.triu(torch.ones(LENGTH, LENGTH, dtype=torch.bool), 1))

    def forward(self, x):
        return self.head(self.attention(x, x, x, attn_mask=self.hidden, need_weights=self.weights)[0].mean(1))


class Decoder(nn.Module):
    """torch's own encoder with the mask that torch makes."""

    def __init__(self):
        super().__init__()
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 9, 0.0, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)

    def forward(self, x):
        return self.layers(x, mask=nn.Transformer.generate_square_subsequent_mask(LENGTH), is_causal=True).mean(1)


MASKED = {c.__name__.lower(): c for c in (Causal, Filled, Chosen, Added, Given, Positions, Lowered, Packed, Decoder)}
MASKED["packed with weights"] = lambda: Packed(True)
SHARED = {c.__name__.lower(): c for c in (Grouped, Repeated, Expanded, OneKey)}


def group(module, g):
    """Rows of the keys and values of a group, and of the queries of each of its heads, with the columns that read them; views."""
    each = HEADS // module.keys
    own = slice(g * SIZE, (g + 1) * SIZE)
    heads = [slice(b * SIZE, (b + 1) * SIZE) for b in range(g * each, (g + 1) * each)]
    queries = [(module.q.weight[s], module.q.bias[s], module.o.weight[:, s]) for s in heads]
    return (module.k.weight[own], module.k.bias[own]), (module.v.weight[own], module.v.bias[own]), queries


@torch.no_grad()
def regrouped(module, order, inner, bases=None):
    """A copy whose group g is the old group ``order[g]``, its heads in the order ``inner[g]``, in the bases (A, B) of ``bases[g]``."""
    out = copy.deepcopy(module)
    for g, old in enumerate(order):
        mine, theirs = group(out, g), group(module, old)
        a, b = (np.eye(SIZE), np.eye(SIZE)) if bases is None else bases[g]
        turns = [torch.as_tensor(m) for m in (np.linalg.inv(a).T, b, a, np.linalg.inv(b))]
        for (weight, bias), (w, c), turn in zip(mine[:2], theirs[:2], turns[:2], strict=True):
            weight.copy_(turn @ w.double())
            bias.copy_(turn @ c.double())
        for k, (weight, bias, columns) in enumerate(mine[2]):
            w, c, o = theirs[2][inner[g][k]]
            weight.copy_(turns[2] @ w.double())
            bias.copy_(turns[2] @ c.double())
            columns.copy_(o.double() @ turns[3])
    return out
