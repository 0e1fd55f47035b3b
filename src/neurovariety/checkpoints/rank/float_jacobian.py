"""The Jacobian of a trained network by its weights in float64, and its rank up to a cut."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Values, to_floats
from neurovariety.checkpoints.rank.linearization import Linearization, with_tangents
from neurovariety.errors import InputError
from neurovariety.rings.ring import Array


def float_jacobian(
    found: Linearization, network: Network, inputs: Shaped[np.ndarray, "batch ..."]
) -> Float[np.ndarray, "rows parameters"]:
    """The Jacobian in float64, (batch * outputs, parameters), input by input. ``inputs`` are those of the original network."""
    import jax

    full = with_tangents(found, inputs, network).rows
    model = found.network.as_model()
    with jax.enable_x64(True):
        weights = model.tree(list(model.unflatten(to_floats(network.flat())).values()))
        constants = np.array([float(c) for c in model.coefficients if c is not None])

        def value(w: Values, x: Values) -> Values:
            return model.function(w, x, constants).reshape(-1)

        rows = jax.jit(jax.vmap(jax.jacrev(value), in_axes=(None, 0)))(weights, to_floats(full))
        leaves = [np.asarray(v).reshape(len(full) * model.outputs, -1) for v in jax.tree_util.tree_leaves(rows)]
    return np.concatenate(leaves, axis=1)


def float_rank(matrix: Array, cut: float) -> tuple[int, float, float]:
    """Numerical rank, the largest relative singular value below the cut and the smallest above.

    Raises `InputError` where the matrix is not finite: its weights are too large for float64.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    if not math.isfinite(largest):
        raise InputError("the Jacobian is not finite in float64 at the sampled inputs")
    s = np.linalg.svd(matrix / largest if largest else matrix, compute_uv=False)
    s = s / s.max() if s.max(initial=0.0) > 0 else s
    kept = int((s > cut).sum())
    return kept, float(s[kept]) if kept < len(s) else 0.0, float(s[kept - 1]) if kept else 0.0
