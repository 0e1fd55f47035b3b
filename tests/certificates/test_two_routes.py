"""What exact functions of a model, and the same as stored data, answer to a certificate: written apart, and equal."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety import as_model
from neurovariety.certificates.equivariant_functions import PairOfMaps
from neurovariety.certificates.fiber_at_weights import Steps
from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN, Place
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.program_bounds import LARGE_BITS, SMALL_BITS
from neurovariety.geometry.equivariance.exact_equivariance import exact_equivariance
from neurovariety.geometry.exact.constant_families import fields_error_at, fields_rank_over_q, stays, stays_error, swept_rank
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.linear_algebra import random_prime

MODELS = (
    "mlp(2,2,1; x^2)",
    "mlp(1,2,1; x^2/(x^2+1))",
    "mlp(2,2,2; x^3; bias)",
    "mlp(1,2,1,3,1; x, x, x^2)",
    "attention(1,2; a=1; t=2)",
    "cnn(2,2; x^2)",
    "linear(2,1,2)",
)
BITS = (8, SMALL_BITS - 1, SMALL_BITS, SMALL_BITS + 1, LARGE_BITS - 1, LARGE_BITS)
PRIMES = {bits: random_prime(bits, np.random.default_rng(bits)) if bits <= SMALL_BITS else 2**bits - 1 for bits in BITS}
"""Of the longer ones the length alone is asked."""


@pytest.fixture(params=MODELS)
def routes(request):
    model = as_model(request.param)
    return model, exact_functions(model), stored_functions(model)


def place(exact, kind, prime, combined=False):
    drawn = np.random.default_rng(3)
    model, n = exact.model, exact.parameters
    p = min(prime, 2**20)
    weights = drawn.integers(0, p, size=n if kind == DIMENSION else (5, n))
    inputs = drawn.integers(0, p, size=(3, model.inputs)).reshape(3, *model.input_shape)
    factors = drawn.integers(0, p, size=(3, 2, exact.outputs)) if combined else None
    known = np.array([int(c) % prime for c in model.coefficients], dtype=np.int64)
    return Place(kind, prime, weights.astype(np.float64), known, inputs.astype(np.float64), None if factors is None else factors * 1.0)


def test_errors_of_ranks(routes):
    _, exact, stored = routes
    for bits, p in PRIMES.items():
        for kind in (DIMENSION, SPAN, AFFINE):
            for combined in (False, True)[: 1 + (kind == DIMENSION)]:
                at = place(exact, kind, p, combined)
                for most in (1, 4):
                    assert stored.error(at, most) == pytest.approx(exact.error(at, most), rel=1e-12), (bits, kind, most)
                    assert stored.error(at, most, 7.5) == pytest.approx(exact.error(at, most, 7.5), rel=1e-12)
                    one, two = (route.error_at_inputs(at, most, 3.5) for route in (stored, exact))
                    assert one == pytest.approx(two, rel=1e-12)


def test_errors_of_fields(routes):
    model, exact, stored = routes
    n = exact.parameters
    for p in PRIMES.values():
        assert stored.fields_error(p) == pytest.approx(exact.fields_error(p), rel=1e-12)
        for at in ([Fraction(0)] * n, [Fraction(k - 1, k + 2) for k in range(n)], [Fraction(10**9 * k) for k in range(n)]):
            assert stored.fields_error_at(tuple(at), p) == pytest.approx(fields_error_at(model, tuple(at), p), rel=1e-12)


def test_matrices(routes):
    """Jacobians and values at the same places, and combinations of their rows."""
    _, exact, stored = routes
    for kind in (DIMENSION, SPAN, AFFINE):
        for combined in (False, True)[: 1 + (kind == DIMENSION)]:
            at = place(exact, kind, PRIMES[SMALL_BITS], combined)
            assert np.array_equal(stored.matrix(at), exact.matrix(at)), (kind, combined)


def test_fields(routes):
    model, exact, stored = routes
    n = exact.parameters
    assert stored.field_generators == exact.field_generators
    for seed in range(2):
        weights = np.random.default_rng(seed).integers(0, 2**20, size=n)
        assert stored.fields_rank(PRIMES[SMALL_BITS], weights) == exact.fields_rank(PRIMES[SMALL_BITS], weights * 1.0)
    for at in ([Fraction(0)] * n, [Fraction(k % 3, k + 2) for k in range(n)]):
        assert stored.fields_rank_over_q(tuple(at)) == fields_rank_over_q(model, tuple(at))


def test_steps_along_directions(routes):
    """Whether functions stay the same, the rank of what fields and directions sweep out, and the bound of the error."""
    model, exact, stored = routes
    n, p = exact.parameters, PRIMES[SMALL_BITS]
    drawn = np.random.default_rng(0)
    known = np.array([int(c) % p for c in model.coefficients], dtype=np.int64)
    inputs = drawn.integers(0, 2**20, size=(2, *model.input_shape)) * 1.0
    for at in ((Fraction(0),) * n, tuple(Fraction(k % 4, 3) for k in range(n))):
        for directions in (
            (((0, Fraction(2, 5)),),),
            (((n - 1, Fraction(-7)),), ((0, Fraction(1)), (n - 1, Fraction(1, 2)))),
        ):
            for prime in PRIMES.values():
                steps = Steps(prime, drawn.integers(1, 100, size=len(directions)) * 1.0, inputs, known)
                found = stored.stays_error(at, directions, steps)
                assert found == pytest.approx(stays_error(model, at, directions, steps), rel=1e-12)
            steps = Steps(p, drawn.integers(1, 100, size=len(directions)) * 1.0, inputs, known)
            assert stored.stays(at, directions, steps) == stays(model, at, directions, steps)
            assert stored.swept_rank(at, directions, steps) == swept_rank(model, at, directions, steps)
    with pytest.raises(NotShown, match="not there"):
        stored.stays_error((Fraction(0),) * n, (((n, Fraction(1)),),), steps)


@pytest.mark.parametrize("name", ["mlp(2,2,2; x^2)", "linear(2,1,2)", "mlp(2,3,2; x^3; bias)"])
def test_errors_of_equivariance(name):
    """Of maps with denominators, in which a row is large, or a column."""
    model = as_model(name)
    exact = exact_equivariance(model)
    stored = replace(stored_functions(model), facts=(exact.facts(()),))
    half = Fraction(1, 2)
    for inputs, outputs in (
        (((1, 0), (0, 1)), ((1, 0), (0, 1))),
        (((half, 3), (0, Fraction(-5, 7))), ((1, 1), (0, 1))),
        (((1, 0), (9, 9)), ((Fraction(1, 11), 0), (0, 30))),
    ):
        maps = PairOfMaps(*(tuple(tuple(map(Fraction, row)) for row in rows) for rows in (inputs, outputs)))
        for p in PRIMES.values():
            assert stored.equivariance_error(maps, p) == pytest.approx(exact.equivariance_error(maps, p), rel=1e-12)
