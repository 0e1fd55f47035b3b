"""Running one function three ways: JAX in float64, the traced program over Q, over F_p and over C."""

from __future__ import annotations

from fractions import Fraction

import jax
import numpy as np

from neurovariety.program import interpret, trace
from neurovariety.rings import Complexes, FiniteField, Rationals
from neurovariety.rings.rational import to_fraction

P = 4194301
"""A prime of 22 bits, the size that the library itself draws."""


def integers(shapes, seed=0, low=-4, high=5):
    """Small integer arrays: sums and products of a few of them are exact in float64."""
    rng = np.random.default_rng(seed)
    return [rng.integers(low, high, size=shape) for shape in shapes]


def fractions(array):
    """An array over Q as Fractions."""
    return np.vectorize(to_fraction, otypes=[object])(np.asarray(array, dtype=object))


def residue(value, p=P):
    """The image of a Fraction in F_p, from 0 to p - 1."""
    return value.numerator * pow(value.denominator, -1, p) % p


def check_against_jax(function, *shapes, seed=0, points=2):
    """The program of ``function`` and JAX itself agree at small integer points, exactly over Q and F_p, closely over C."""
    program = trace(function, *shapes)
    rationals, field, complexes = Rationals(), FiniteField(P), Complexes()
    for k in range(points):
        point = integers(program.inputs, seed=seed + k)
        with jax.enable_x64(True):
            expected = [np.asarray(v) for v in jax.tree_util.tree_leaves(jax.jit(function)(*[a.astype(np.float64) for a in point]))]
        exact = interpret(program, rationals, [rationals.constant(a) for a in point])
        modular = interpret(program, field, [field.constant(a) for a in point])
        rounded = interpret(program, complexes, [complexes.constant(a) for a in point])
        assert len(exact) == len(expected) == len(program.output_shapes)
        for e, q, m, c, shape in zip(expected, exact, modular, rounded, program.output_shapes, strict=True):
            assert np.shape(q) == np.shape(m) == np.shape(c) == e.shape == shape
            values = fractions(q)
            np.testing.assert_allclose(values.astype(np.float64), e, rtol=1e-12, atol=1e-9)
            np.testing.assert_allclose(c, e, rtol=1e-12, atol=1e-9)
            assert [int(v) % P for v in np.ravel(m)] == [residue(v) for v in values.reshape(-1)]
    return program


def exactly(function, *shapes, at):
    """The outputs of ``function`` over Q at rational points, as Fractions."""
    ring = Rationals()
    program = trace(function, *shapes)
    return [fractions(v) for v in interpret(program, ring, [ring.constant(np.array(a, dtype=object)) for a in at])]


__all__ = ["Fraction", "P", "check_against_jax", "exactly", "fractions", "integers", "residue"]
