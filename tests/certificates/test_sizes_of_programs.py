"""Degrees and sizes of programs, against their outputs written out: of positive coefficients nothing cancels."""

from __future__ import annotations

from fractions import Fraction
from math import inf, log2

import flint
import numpy as np
import pytest

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.gaussian import Gaussian
from neurovariety.certificates.program_bounds import LARGE_BITS, SMALL_BITS, ProgramBounds, primes_of, program_bounds
from neurovariety.certificates.zeros import NotShown

RING = flint.fmpq_mpoly_ctx.get(["a", "b", "x"], flint.Ordering.lex)
INPUTS = (2,)
ONE = RING.constant(1)


def written_out(program):
    """Numerator and denominator of each output, brought to one denominator without cancelling."""
    known = [(g, ONE) for g in RING.gens()]
    for terms in program.sums:
        total = None
        for c, monomial in terms:
            n, d = RING.constant(flint.fmpq(c)), ONE
            for slot, e in monomial:
                over, under = known[slot] if e > 0 else known[slot][::-1]
                n, d = n * over ** abs(e), d * under ** abs(e)
            if total is None:
                total = n, d
            elif total[1] == ONE == d:
                total = total[0] + n, ONE
            else:
                total = total[0] * d + n * total[1], total[1] * d
        known.append(total)
    return [known[k] for k in program.equations]


def norm(p):
    return sum(abs(Fraction(int(c.p), int(c.q))) for c in p.coeffs())


def degrees(p, chosen, least=False):
    found = [sum(int(e[i]) for i in chosen) for e in p.monoms()]
    return min(found) if least else max(found)


PROGRAMS = {
    "a sum": ((((3, ((0, 2), (2, 1))), (5, ((1, 1), (2, 3)))),), (3,)),
    "two layers": ((((2, ((0, 1), (2, 1))), (1, ((1, 1), (2, 2)))), ((3, ((3, 2), (0, 1))), (7, ((1, 1), (2, 1))))), (4,)),
    "two outputs": ((((2, ((0, 1), (2, 2))),), ((3, ((1, 4),)), (1, ((0, 1), (2, 1))))), (3, 4)),
    "a quotient": ((((2, ((0, 1), (2, 1))), (1, ((1, 1),))), ((5, ((2, 2), (3, -1))),)), (4,)),
    "a sum of quotients": ((((2, ((0, 1),)), (1, ((1, 1),))), ((5, ((2, 2), (3, -1))), (3, ((0, 1), (1, -2))))), (4,)),
    "a quotient and a sum": ((((2, ((0, 1),)), (1, ((1, 1),))), ((5, ((2, 2), (3, -2))), (3, ((0, 1), (2, 1))))), (4,)),
    "a quotient of quotients": (
        (((1, ((0, 1),)), (2, ((1, 1), (2, 1)))), ((3, ((2, 1), (3, -1))), (1, ((0, 2),))), ((2, ((1, 1), (4, -1))), (1, ((4, 1),)))),
        (5,),
    ),
    "a constant": ((((6, ()), (1, ((0, 1),))),), (3,)),
}


OF_TOTAL_DEGREES = {"a sum of quotients": [4, 2, 3], "a quotient and a sum": [3, 3, 2], "a quotient of quotients": [8, 10, 8]}
"""Where a denominator is multiplied up its total degree counts, for inputs and for weights."""


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_cancels(name):
    sums, equations = PROGRAMS[name]
    program = ExactSystem(3, sums, equations)
    found = program_bounds(program, INPUTS)
    outputs = written_out(program)
    true = [max(degrees(n, INPUTS) for n, _ in outputs), max(degrees(n, (0, 1)) for n, _ in outputs)]
    true.append(max(degrees(d, (0, 1, 2)) for _, d in outputs))
    assert [found.inputs, found.weights, found.below] == OF_TOTAL_DEGREES.get(name, true)
    assert all(a >= b for a, b in zip((found.inputs, found.weights, found.below), true, strict=True))
    assert found.low <= min(degrees(n, INPUTS, least=True) for n, _ in outputs)
    whole = all(d == ONE for _, d in outputs)
    assert not whole or found.low == min(degrees(n, INPUTS, least=True) for n, _ in outputs)
    size = max(log2(norm(n)) for n, _ in outputs) + max(log2(norm(d)) for _, d in outputs)
    assert found.log_norm == pytest.approx(size, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("sums", "cleared"),
    [
        ((((flint.fmpq(1, 6), ((0, 1),)), (flint.fmpq(5, 4), ((1, 1),))),), (12, 1)),
        ((((flint.fmpq(1, 6), ((0, 1),)), (2, ((1, 1),))),), (6, 1)),
        ((((2, ((1, 1),)), (flint.fmpq(1, 6), ((0, 1),))),), (6, 1)),
        ((((flint.fmpq(1, 6), ((0, 1),)),), ((flint.fmpq(2, 3), ((3, 2), (1, 1))), (1, ((0, 1),)))), (6, 3)),
        ((((1, ((0, 1),)),), ((flint.fmpq(2, 3), ((3, 2), (1, 1))), (1, ((0, 1),)))), (3, 1)),
        ((((flint.fmpq(1, 6), ((0, 1),)),), ((flint.fmpq(2, 3), ((3, 2), (1, 1))), (4, ((3, 1),)), (9, ()))), (6, 3)),
    ],
)
def test_constants_are_cleared_by_their_denominator(sums, cleared):
    program = ExactSystem(3, sums, (2 + len(sums),))
    ((n, _),) = written_out(program)
    common, times = cleared
    assert program_bounds(program, INPUTS).log_norm == pytest.approx(log2(norm(n) * common**times), rel=1e-9)


def test_a_denominator_is_cleared_as_well():
    """1/6 a / (b/6 + x) = a / (b + 6 x), and what stands below is cleared once more than what stands above."""
    program = ExactSystem(3, (((flint.fmpq(1, 6), ((1, 1),)), (1, ((2, 1),))), ((flint.fmpq(1, 6), ((0, 1), (3, -1))),)), (4,))
    assert program_bounds(program, INPUTS).log_norm == pytest.approx(log2(6) + log2(7), rel=1e-9)


def test_differences_are_bounded_and_zeros_are_left_out():
    difference = ExactSystem(
        3, (((3, ((0, 1), (2, 1))), (-2, ((0, 1), (2, 2))), (Gaussian(flint.fmpq(1), flint.fmpq(-1)), ((1, 1),))),), (3,)
    )
    found = program_bounds(difference, INPUTS)
    assert (found.inputs, found.low, found.weights, found.below) == (2, 0, 1, 0)
    assert found.log_norm == pytest.approx(log2(7))
    nothing = ((0, ((0, 5), (2, 9))),)
    with_zero = ExactSystem(3, (nothing, ((1, ((3, 1), (0, 4))), (2, ((0, 1), (2, 1))))), (3, 4))
    found = program_bounds(with_zero, INPUTS)
    assert (found.inputs, found.low, found.weights, found.below, round(found.log_norm, 9)) == (1, 1, 1, 0, 1)
    assert program_bounds(ExactSystem(3, (nothing,), (3,)), INPUTS) == ProgramBounds(0.0, 0.0, 0.0, 0.0, 0.0)
    with pytest.raises(NotShown):
        program_bounds(ExactSystem(3, (nothing, ((1, ((0, 1), (3, -1))),)), (4,)), INPUTS)


@pytest.mark.parametrize("bits", [18, SMALL_BITS, 30, LARGE_BITS])
def test_fewer_than_there_are_primes(bits):
    known = {18: 23000 - 12251 + 22, SMALL_BITS: 295947 - 155611, 30: 54400028 - 28192750}
    estimate = 2 ** (bits - 1) / (bits * np.log(2)) * (1 + 0.5 / bits)
    assert 0.8 * estimate < primes_of(bits) < known.get(bits, 1.3 * estimate)
    with pytest.raises(NotShown):
        primes_of(17)


@pytest.mark.parametrize("derivative", [False, True])
@pytest.mark.parametrize("combined", [False, True])
@pytest.mark.parametrize("below", [0, 2])
@pytest.mark.parametrize("input_bits", [None, 10.0])
def test_errors_of_ranks(derivative, combined, below, input_bits):
    """Schwartz, and primes that divide all coefficients of a minor: both of ``at_most`` rows."""
    bounds = ProgramBounds(3.0, 1.0, 4.0, float(below), 20.0)
    degree, inner_norm = 2, 5
    own = 4 * degree + (3 if input_bits is None else 0)
    size = 20 + (2 if derivative else 0) + 4 * inner_norm + (0 if input_bits is None else 3 * 10)
    if below:
        own, size = 2 * own + 2 * below * degree, 2 * size + 1
    expected = 6 * (own + combined) / 2**29 + 6 * size / 29 / primes_of(30)
    found = bounds.rank_error(6, 30, derivative, combined, (degree, inner_norm), input_bits)
    assert found == pytest.approx(expected, rel=1e-12)
    plain = bounds.rank_error(6, 30, derivative, combined, input_bits=input_bits)
    assert plain < found
    assert bounds.rank_error(10**12, 30, derivative, combined) == 1.0
    assert ProgramBounds(inf, 0, 1, 0, inf).rank_error(1, 30, derivative, combined) == 1.0
    assert bounds.identity_error(30) == pytest.approx(2 * (7 + below) / 2**29 + 41 / 29 / primes_of(30), rel=1e-12)
    assert ProgramBounds(0, 0, 2**40, 0, 0).identity_error(30) == 1.0
