"""The device path, on JAX's CPU device."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from neurovariety.errors import DataError
from neurovariety.linear_algebra import accelerator_rank, find_accelerator, rank

from .known_matrices import KINDS, LARGEST_PRIME, PRIME_22, matrix


@pytest.mark.parametrize("p", [2, PRIME_22, LARGEST_PRIME])
@pytest.mark.parametrize("kind", KINDS)
def test_same_rank_as_on_the_host(kind: str, p: int) -> None:
    rng = np.random.default_rng([p, KINDS.index(kind)])
    cpu = jax.devices("cpu")[0]
    a = matrix(kind, 90, 101, p, rng)
    before = a.copy()
    assert accelerator_rank(a, p, device=cpu, panel_width=16) == rank(a, p)
    assert np.array_equal(a, before)
    assert jax.numpy.asarray(1.0).dtype == np.float32  # the 64-bit mode did not leak


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (70, 20), (20, 70)])
def test_shapes(shape: tuple[int, int]) -> None:
    a = np.random.default_rng(0).integers(0, 7, shape).astype(float)
    assert accelerator_rank(a, 7, device=jax.devices("cpu")[0]) == rank(a, 7)


def test_without_a_device_the_answer_is_none() -> None:
    if find_accelerator() is None:
        assert accelerator_rank(np.eye(2), 7) is None
    with pytest.raises(DataError):
        accelerator_rank(np.full((2, 2), np.nan), 7, device=jax.devices("cpu")[0])
