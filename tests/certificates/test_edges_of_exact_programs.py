"""Residues, small primes, losses with decay, shares, and forms on linear spaces, each at both sides of where it holds."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np
import pytest

from neurovariety.certificates.decayed_loss import DecayedLoss
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.functional_rank import check_small_prime
from neurovariety.certificates.functions import Equation
from neurovariety.certificates.gaussian import Gaussian
from neurovariety.certificates.germ_bounds import OnZeros
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.likelihood_of_networks import CrossEntropyOfNetworks
from neurovariety.certificates.linear_sections import LocusProblem
from neurovariety.certificates.modular_account import carried_into
from neurovariety.certificates.newton_cells import Cell
from neurovariety.certificates.singular_loci import SectionPlace


def test_primes_whose_residues_are_multiplied_in_a_word():
    for p in (3, 5, 67108859):
        check_small_prime(p)
    for p in (-3, 0, 1, 2, 4, 9, 67108861, 67108879):
        with pytest.raises(NotShown):
            check_small_prime(p)


def test_residues_of_complex_numbers():
    carried, real = carried_into(13), carried_into(7)
    root = carried(Gaussian(flint.fmpq(0), flint.fmpq(1)))
    assert root * root % 13 == 12
    assert carried(Gaussian(flint.fmpq(1, 2), flint.fmpq(-2, 3))) == (pow(2, -1, 13) - 2 * pow(3, -1, 13) * root) % 13
    assert real(flint.fmpq(-3, 2)) == -3 * pow(2, -1, 7) % 7
    for value in (flint.fmpq(1, 26), Gaussian(flint.fmpq(1, 13), flint.fmpq(1)), Gaussian(flint.fmpq(1), flint.fmpq(1, 13))):
        with pytest.raises(NotShown):
            carried(value)
    with pytest.raises(NotShown):
        real(Gaussian(flint.fmpq(0), flint.fmpq(1)))


def test_losses_with_decay():
    """2 (u v - 3)^2 + 5 u^2 / 3 + (v - 1/2)^2 / 7 + 0, twice what is asked for."""
    residual = ExactSystem(2, (((1, ((0, 1), (1, 1))), (-3, ())),), (2,))
    strengths = flint.fmpq(5, 3), flint.fmpq(1, 7)
    own = DecayedLoss(residual, (flint.fmpq(2),), strengths, (flint.fmpq(0), flint.fmpq(1, 2)), flint.fmpq(2), (flint.fmpq(1),) * 2)
    for u, v in ((flint.fmpq(0), flint.fmpq(0)), (flint.fmpq(1, 3), flint.fmpq(-2)), (flint.fmpq(4), flint.fmpq(5, 7))):
        loss = 2 * (u * v - 3) ** 2
        assert own.loss_at((u, v)) == loss / 2
        assert own.objective_at((u, v)) == (loss + flint.fmpq(5, 3) * u**2 + (v - flint.fmpq(1, 2)) ** 2 / 7) / 2
    with pytest.raises(NotShown):
        own.loss_at((flint.fmpq(1),))


def test_shares_are_positive():
    own = CrossEntropyOfNetworks.__new__(CrossEntropyOfNetworks)
    object.__setattr__(own, "counts", (Fraction(1), Fraction(3)))
    third = [flint.arb(1) / 3, flint.arb(2) / 3]
    assert abs(float(own._cross_entropy(third)) + (np.log(1 / 3) + 3 * np.log(2 / 3)) / 4) < 1e-12
    for shares in ([flint.arb(0), flint.arb(1)], [flint.arb(1), flint.arb(0)], [flint.arb(0.5, 0.5), flint.arb(0.5)]):
        with pytest.raises(NotShown):
            own._cross_entropy(shares)


def test_a_dual_has_no_negative_number():
    x, y = flint.fmpq_mpoly_ctx.get(["x", "y"]).gens()
    cell = Cell(((1, 0), (0, 1)), (((1, 0),), ((0, 1),)), ((1, 0), (0, 1)))
    for dual in ((Fraction(1, 2), Fraction(-1, 2)), (Fraction(-1, 2), Fraction(1, 2)), (Fraction(1, 2),)):
        with pytest.raises(NotShown, match="not negative"):
            OnZeros((), (), (), (), dual).check(cell, [x, y])


def test_forms_on_a_linear_space():
    """A conic is singular where its three slopes vanish; on a plane they have a common zero, and with the conic cut by a line none."""
    conic = Equation(2, (((0, 0), 1), ((1, 2), -3)))
    problem = LocusProblem.of([conic], 3, 2)
    assert problem is not None
    for frame in (np.eye(3, dtype=np.int64), np.array([[1, 2], [3, 4], [5, 7]])):
        found = problem.cut(SectionPlace(101, frame))
        slopes = np.array([[2, 0, 0], [0, 0, -3], [0, -3, 0]]) @ frame
        y = np.array([3, 5, 8])[: frame.shape[1]]
        x = frame @ y
        values = [int(f(*map(int, y))) for f in found.forms]
        expected = [*[int(v) % 101 for v in slopes @ y][: frame.shape[1]], int(x[0] ** 2 - 3 * x[1] * x[2]) % 101]
        assert sorted(values) == sorted(expected)
        assert found.regularity == 2
    held = problem.cut(SectionPlace(101, np.eye(3, dtype=np.int64)), (1,))
    assert len(held.forms) == 4
