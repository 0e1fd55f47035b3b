"""The same functions in other weights, so that a chart of the new ones is in general position to the old ones.

A chart fixes some entries of a matrix of weights, the block of a linear network that GL makes the identity, say. Functions for which
that block is singular have diverging weights on it; those of symmetric data often are such functions, on every chart of this kind. In
coordinates mixed by general matrices, fixed entries are general combinations of weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float

from neurovariety.model import Model
from neurovariety.program.jaxpr import Traced
from neurovariety.rings.ring import Array

_PARTS = 64
_TRIES = 20


def with_mixed_weights(model: Model, rng: np.random.Generator) -> tuple[Model, Callable[[Array], Array]]:
    """A model with the functions of ``model``, and the map from its weights (N,) to those of ``model`` with the same function.

    Each vector and matrix of weights is multiplied along every axis by a random matrix near a rotation.
    """
    mixes = [[_near_rotation(n, rng) for n in b.shape] if len(b.shape) <= 2 else [] for b in model.blocks]

    def mixed(blocks: Sequence[Traced]) -> list[Traced]:
        out = []
        for block, axes in zip(blocks, mixes, strict=True):
            for k, p in enumerate(axes):
                block = p.astype(block.dtype) @ block if not k else block @ p.astype(block.dtype)
            out.append(block)
        return out

    def function(parameters: Mapping[str, Traced], x: Traced, coefficients: Traced) -> Traced:
        return model.function(model.tree(mixed([parameters[name] for name in names])), x, coefficients)

    def back(flat: Array) -> Array:
        blocks = [flat[b.start : b.start + b.size].reshape(b.shape) for b in model.blocks]
        return np.concatenate([b.reshape(-1) for b in mixed(blocks)])

    names = [f"w{i:0{len(str(len(mixes)))}d}" for i in range(len(mixes))]  # in the order of the blocks
    shapes = dict(zip(names, (b.shape for b in model.blocks), strict=True))
    return Model(f"{model.name}, weights mixed", function, shapes, model.input_shape, model.coefficients), back


def _near_rotation(n: int, rng: np.random.Generator) -> Float[np.ndarray, "n n"]:
    """A random rotation, rounded to multiples of 1/64: exact in every ring in which 2 is invertible, and well conditioned."""
    for _ in range(_TRIES):
        p: Float[np.ndarray, "n n"] = np.round(_PARTS * np.linalg.qr(rng.normal(size=(n, n)))[0]) / _PARTS
        if np.linalg.cond(p) < 2:
            return p
    return np.eye(n)
