"""Functions of a model at rational weights, over Q."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.testing.laws import exact_values


def values(model, weights, inputs):
    """Exact values at rational weights, in one list."""
    exact = np.array([Fraction(w.item() if isinstance(w, np.generic) else w) for w in weights], dtype=object)
    return exact_values(model, exact, list(inputs), np.array(model.coefficients, dtype=object)).reshape(-1).tolist()
