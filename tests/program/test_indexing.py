"""What NumPy picks is what JAX's own primitives pick, at random shapes and indices, beyond the ends of arrays too."""

from __future__ import annotations

import jax
import numpy as np
import pytest
from jax import lax

from neurovariety.program.indexing import pick, repeated, scattered_to

MODES = (lax.GatherScatterMode.CLIP, lax.GatherScatterMode.FILL_OR_DROP, lax.GatherScatterMode.PROMISE_IN_BOUNDS)


def equation(function, *arguments):
    """The last equation of a function: the indexing primitive itself."""
    return jax.make_jaxpr(function)(*arguments).jaxpr.eqns[-1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(4))
def test_gather_and_scatter(mode, seed):
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.integers(3, 6, size=3))
    reach = 0 if mode is MODES[2] else 2  # what lies beyond the end is promised not to occur
    indices = rng.integers(-reach, min(shape) - 2 + reach, size=(2, 2, 2))
    numbers = lax.GatherDimensionNumbers(offset_dims=(1, 3), collapsed_slice_dims=(1,), start_index_map=(2, 0))
    a = rng.integers(1, 100, size=shape).astype(np.float32)

    def gathered(x):
        return lax.gather(x, indices, numbers, (2, 1, 2), mode=mode, fill_value=0)

    assert np.array_equal(pick("gather", [a, indices], equation(gathered, a).params), gathered(a))
    updates = rng.integers(1, 100, size=gathered(a).shape).astype(np.float32)

    def added(x, u):
        return lax.scatter_add(x, indices, u, lax.ScatterDimensionNumbers((1, 3), (1,), (2, 0)), mode=mode)

    to = scattered_to(indices, a.shape, updates.shape, equation(added, a, updates).params)
    out = a.copy().reshape(-1)
    for source, target in repeated(to.reshape(-1)):
        assert len(set(target.tolist())) == len(target)
        out[target] += updates.reshape(-1)[source]
    assert np.array_equal(out.reshape(shape), added(a, updates))


@pytest.mark.parametrize("seed", range(4))
def test_padding_and_slices(seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(1, 100, size=(3, 4)).astype(np.float32)
    config = [(int(rng.integers(-1, 3)), int(rng.integers(-1, 3)), int(rng.integers(0, 3))) for _ in a.shape]
    found = pick("pad", [a, np.array(7, dtype=np.float32)], {"padding_config": config})
    assert np.array_equal(found, lax.pad(a, np.float32(7), config))
    starts = rng.integers(0, 6, size=2)  # `lax.dynamic_slice` itself counts negative ones from the end
    found = pick("dynamic_slice", [a, *map(np.asarray, starts)], {"slice_sizes": (2, 3)})
    assert np.array_equal(found, lax.dynamic_slice(a, starts, (2, 3)))
    update = np.full((2, 2), -1, dtype=np.float32)
    found = pick("dynamic_update_slice", [a, update, *map(np.asarray, starts)], {})
    assert np.array_equal(found, lax.dynamic_update_slice(a, update, starts))
