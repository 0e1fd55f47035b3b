"""Networks with random weights, and random members of the known symmetry group applied to them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np

import neurovariety as nv
from neurovariety.checkpoints.graph.three_arithmetics import to_fractions
from neurovariety.checkpoints.layers.hidden_layers import hidden_layers
from neurovariety.checkpoints.layers.layer_actions import base_changed, inverted, permuted_and_scaled
from neurovariety.checkpoints.layers.layer_symmetries import kind_of

ACTIVATIONS = ("x^2", "x^3", "x^3 + x^2", "x^3 + x", "relu", "leaky_relu", "abs", "tanh", "sigmoid", "gelu", "softplus")


def arrays(widths, seed, bias=True):
    """Weights that are multiples of 1/16, so that sums and small multiples stay float32 numbers."""
    rng = np.random.default_rng(seed)
    out = {}
    for k, (n, m) in enumerate(pairwise(widths)):
        out[f"l{k}.weight"] = (rng.integers(1, 65, size=(m, n)) * rng.choice([-1, 1], size=(m, n)) / 16).astype(np.float32)
        if bias:
            out[f"l{k}.bias"] = (rng.integers(1, 65, size=m) * rng.choice([-1, 1], size=m) / 16).astype(np.float32)
    return out


def notation(widths, activation, bias=True):
    return f"mlp({','.join(map(str, widths))}; {activation}{'; bias' if bias else ''})"


def network(widths, activation, seed, bias=True):
    return nv.load_network(arrays(widths, seed, bias), architecture=notation(widths, activation, bias))


def _nonzero(rng):
    return Fraction(int(rng.integers(1, 9)), int(rng.integers(1, 9)))


def related(source, seed):
    """The same function after a random symmetry in every layer, with exact weights."""
    rng = np.random.default_rng([seed, 99])
    for name in [x.producer.name for x in hidden_layers(source)[0]]:
        layer = next(x for x in hidden_layers(source)[0] if x.producer.name == name)
        kind = kind_of(layer)
        if kind == "base change":
            while True:
                base = to_fractions(rng.integers(-3, 4, size=(layer.width, layer.width)))
                try:
                    inverted(base)
                    break
                except ZeroDivisionError:
                    continue
            movable = "bias" in layer.producer.weights and "bias" in layer.readers[0].node.weights
            shift = to_fractions(rng.integers(-2, 3, size=layer.width) * movable)
            source = base_changed(source, layer, base, shift)
            continue
        sign = [int(s) for s in rng.choice([-1, 1], size=layer.width)]
        size = [_nonzero(rng) for _ in range(layer.width)]
        scales = {
            "any": [s * f for s, f in zip(sign, size, strict=True)],
            "positive": size,
            "sign": [Fraction(s) for s in sign],
            "none": [Fraction(1)] * layer.width,
        }[kind]
        source = permuted_and_scaled(source, layer, rng.permutation(layer.width).tolist(), scales)
    return source
