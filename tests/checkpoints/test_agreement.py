"""Outputs of a module and of the network read from it: what counts as the same."""

from __future__ import annotations

import numpy as np

from neurovariety.checkpoints.readers.agreement import agrees

X = np.array([[1.0, -2.0], [3.0, 0.5]])


def test_other_numbers_are_told():
    assert agrees(X, lambda x: x**2, lambda x: x * x)
    assert not agrees(X, lambda x: x**2, lambda x: 1.01 * x**2)
    assert not agrees(X, lambda x: x[:, :1], lambda x: x)


def test_infinite_outputs_excuse_nothing():
    """An infinite output made every other one count as near it."""
    with np.errstate(all="ignore"):
        assert not agrees(X, lambda x: x, lambda x: np.where(x < 0, np.inf, 2 * x))
        assert not agrees(X, lambda x: np.abs(x), lambda x: np.sqrt(x) ** 2)
        assert agrees(X, lambda x: np.sqrt(x), lambda x: np.sqrt(x))


def test_smaller_inputs_and_another_precision():
    def huge(x):
        return np.where(np.abs(x) > 0.35, np.inf, x)

    assert agrees(X, huge, huge)
    assert agrees(X, lambda x: x, lambda x: x + 0.1, lambda x: x)
    assert agrees(X, lambda x: x, lambda x: None, lambda x: x)
    assert not agrees(X, lambda x: x, lambda x: np.full_like(x, np.nan))
