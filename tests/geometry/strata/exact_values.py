"""Functions of a model at rational weights, over Q."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import batch_program, leaves
from neurovariety.rings.rational import Rationals


def values(model, weights, inputs):
    """Exact values at rational weights."""
    ring = Rationals()
    flat = ring.constant(np.array([Fraction(w.item() if isinstance(w, np.generic) else w) for w in weights], dtype=object))
    coefficients = ring.constant(np.array(list(model.coefficients), dtype=object))
    (out,) = interpret(batch_program(model, len(inputs)), ring, [*leaves(model, flat), ring.constant(inputs), coefficients])
    return [Fraction(int(v.p), int(v.q)) for v in np.asarray(out).reshape(-1)]
