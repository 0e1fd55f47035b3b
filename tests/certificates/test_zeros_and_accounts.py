"""Certificates of zeros: each true one passes, each false twin of it is refused, and accounts add up only to what is there."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurovariety.certificates.account import AtLeast, BezoutAccount, FloatZeros, Zeros, log2_size_of_finite_zeros
from neurovariety.certificates.balls import precision
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.gaussian import exact, nearest, parts
from neurovariety.certificates.issue import Forged, NotShown, Verdict, issue, weak
from neurovariety.certificates.modular_account import error_bound
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import Square, newton
from neurovariety.claim import Claim
from neurovariety.homotopy import System, solve
from neurovariety.homotopy.exact_program import exact_system

CIRCLE = System.build(lambda x, p: [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2], 2)
TANGENT = System.build(lambda x, p: [(x[0] - 1) ** 2 * (x[0] + 2), x[1] - x[0]], 2)


def points(system: System, values: list[list[complex]], patch: list[complex]) -> tuple[ExactSystem, Zeros, Square]:
    """Zeros of a system in doubles, on a patch, with the inverses of their Jacobians."""
    program = exact_system(system, [])
    square = Square(program.on_patch([exact(complex(a)) for a in patch]))
    centres, inverses = [], []
    for value in values:
        x = np.array([1, *value], dtype=complex)
        found = newton(square, [flint.acb(z.real, z.imag) for z in x / (x @ np.array(patch))], 64)
        assert found is not None
        centres.append([complex(float(c.real.mid()), float(c.imag.mid())) for c in found.centre])
        inverses.append([complex(float(c.real.mid()), float(c.imag.mid())) for c in found.inverse])
    n = system.unknowns + 1
    floats = FloatZeros(np.array(centres), np.array(inverses).reshape(-1, n, n))
    return program, Zeros(tuple(exact(complex(a)) for a in patch), floats), square


PATCH = [0.5 + 0.25j, -0.75 + 0.5j, 0.25 - 1j]
ALL_FOUR = [[1, 2], [2, 1], [-1, -2], [-2, -1]]


def test_bezout_closes_with_all_and_with_all_only():
    program, zeros, _ = points(CIRCLE, ALL_FOUR, PATCH)
    verdict = issue(BezoutAccount(program.hash, zeros), program)
    assert verdict.claim is Claim.PROVED
    assert verdict.statement.value["simple"] == 4
    _, three, _ = points(CIRCLE, ALL_FOUR[:3], PATCH)
    with pytest.raises(NotShown, match="3 of 4"):
        issue(BezoutAccount(program.hash, three), program)
    assert issue(AtLeast(program.hash, three), program).claim is Claim.LOWER_BOUND
    _, twice, _ = points(CIRCLE, [*ALL_FOUR[:3], ALL_FOUR[2]], PATCH)
    with pytest.raises(NotShown, match="not shown to be different"):
        issue(BezoutAccount(program.hash, twice), program)


def test_a_certificate_is_of_one_system():
    program, zeros, _ = points(CIRCLE, ALL_FOUR, PATCH)
    other = exact_system(System.build(lambda x, p: [x[0] ** 2 + x[1] ** 2 - 5, x[0] * x[1] - 2.25], 2), [])
    with pytest.raises(NotShown, match="another system"):
        issue(BezoutAccount(program.hash, zeros), other)
    with pytest.raises(NotShown):
        issue(BezoutAccount(other.hash, zeros), other)


@given(row=st.integers(0, 3), entry=st.integers(0, 2), by=st.floats(1e-7, 10.0), turn=st.floats(0, 6.28))
def test_a_moved_zero_is_none(row, entry, by, turn):
    program, zeros, _ = points(CIRCLE, ALL_FOUR, PATCH)
    centres = zeros.floats.centres.copy()
    centres[row, entry] += by * np.exp(1j * turn)
    moved = replace(zeros, floats=FloatZeros(centres, zeros.floats.inverses))
    try:
        found = issue(BezoutAccount(program.hash, moved), program)
    except NotShown:
        return
    assert found.statement.value["simple"] == 4  # a box that has grown until it holds its zero is no false claim


def cluster_of(system: System) -> tuple[ExactSystem, Zeros, Square]:
    found = solve(system)
    assert found.claim is Claim.PROVED
    account = found.verdict.certificate
    program = exact_system(system, [])
    return program, account.zeros, Square(program.on_patch(account.zeros.patch))


def test_a_cluster_and_its_false_twins():
    program, zeros, square = cluster_of(TANGENT)
    (tube,) = zeros.clusters
    assert tube.number == 2
    tube.check(square)
    for number in (1, 3):
        with pytest.raises(NotShown):
            replace(tube, number=number).check(square)
    with precision(tube.bits):
        for twin in (
            replace(tube, centre=tuple(c + 0.1 for c in tube.centre)),
            replace(
                tube,
                basis=(tube.basis[0] * 0, *tube.basis[1:3], tube.basis[3] * 0, *tube.basis[4:6], tube.basis[6] * 0, *tube.basis[7:]),
            ),
            replace(tube, rows=tuple(0 * c for c in tube.rows)),
            replace(tube, radius=tube.radius * 0 + 5),
            replace(tube, width=tube.width * 0),
            replace(tube, curve=tuple(tuple(c + 1 for c in p) for p in tube.curve)),
        ):
            with pytest.raises(NotShown):
                twin.check(square)
    with pytest.raises(NotShown):
        issue(BezoutAccount(program.hash, replace(zeros, clusters=())), program)
    with pytest.raises(NotShown):
        issue(BezoutAccount(program.hash, replace(zeros, clusters=(tube, tube))), program)


def test_verdicts_are_made_by_a_check_alone():
    statement = Statement("zeros", "", {})
    with pytest.raises(Forged):
        Verdict(statement, Claim.PROVED, None)
    with pytest.raises(Forged):
        Verdict(statement, Claim.PROVED, None, token=object())
    for claim in (Claim.PROVED, Claim.PROBABILITY, Claim.COMPLETE, Claim.LOWER_BOUND, Claim.UPPER_BOUND):
        with pytest.raises(Forged):
            weak(statement, claim, "none")
    guess = weak(statement, Claim.ESTIMATE, "sampled")
    assert guess.claim is Claim.ESTIMATE
    with pytest.raises(Forged):
        replace(guess, claim=Claim.PROVED)


def test_error_bound_grows_with_heights():
    small, large = (exact_system(System.build(lambda x, p, c=c: [x[0] ** 2 - c, x[1] ** 2 - x[0]], 2), []) for c in (3, 3**100))
    assert error_bound(small, False) < error_bound(large, False) < 1e-12


def test_heights_take_in_every_denominator():
    """Half of half of the unknown, minus 1/3, is integral after multiplication by 12."""
    half, third = exact(Fraction(1, 2)), exact(Fraction(-1, 3))
    program = ExactSystem(1, (((half, ((0, 1),)),), ((half, ((1, 1),)), (third, ()))), (2,))
    slot = program.equations[0]
    assert 2 ** (program.log2_heights()[slot] - program.log2_norms()[slot]) == pytest.approx(12)


def test_zeros_of_every_size_lie_below_the_bound():
    for exponent in (1, 40, 300):
        program = exact_system(System.build(lambda x, p, e=exponent: [x[0] - 2**e], 1), [])
        assert exponent < log2_size_of_finite_zeros(program) < 8 * exponent + 40


@given(
    re=st.fractions(-100, 100),
    im=st.fractions(-100, 100),
    other=st.complex_numbers(max_magnitude=1e6, allow_nan=False, allow_infinity=False),
)
def test_gaussian_rationals_are_exact(re, im, other):
    a = exact(re) + exact(1j) * exact(im)
    b = exact(other)
    x, y = parts(b)
    assert parts(a * b) == (re * x - im * y, re * y + im * x)
    assert parts(a + b) == (re + x, im + y)
    assert parts(a - b) == (re - x, im - y)
    assert parts(a**3) == parts(a * a * a)
    assert nearest(b) == other
    assert hash(exact(complex(2, 0))) == hash(2)


def test_programs_run_over_any_ring_and_derive_themselves():
    program = exact_system(System.build(lambda x, p: [(x[0] * x[1] + 1) ** 3 - x[2], x[2] * (x[0] + x[1]) ** 2, x[0] - x[2]], 3), [])
    inputs = [3, 5, 7]
    assert Over(program, lambda c: c)(inputs) == [16**3 - 7, 7 * 64, -4]
    jacobian = Over(program.with_jacobian(), lambda c: c)(inputs)[3:]
    assert jacobian == [3 * 256 * 5, 3 * 256 * 3, -1, 7 * 16, 7 * 16, 64, 1, 0, -1]
    with pytest.raises(ValueError, match="reads a slot"):
        ExactSystem(1, (((1, ((1, 1),)),),), (1,))
