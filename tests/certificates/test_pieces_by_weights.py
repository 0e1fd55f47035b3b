"""Derivatives of affine pieces by the weights: against differences, mod primes, and along directions, in two ways each."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import flint
import numpy as np
import pytest

from neurovariety.certificates import functional_rank
from neurovariety.certificates.dense_layers import DenseLayers
from neurovariety.certificates.functional_rank import _derivative, _residues, rank_of_rational_rows, unmoved

from .kept_numbers import eighths

F = Fraction
RELU = ((F(0),), ((F(0), F(0)), (F(1), F(0))))
LINES = [(F(0), F(0)), (F(1), F(0)), (F(-1, 2), F(1, 3)), (F(2), F(-1))]
P = 8191


def layers(*widths, biases=True, start=0):
    """Weights that are fractions, of layers of these widths."""
    matrices, shifts = [], []
    for k, (n, m) in enumerate(pairwise(widths)):
        exact = [F(int(8 * v), 3 + k) for v in eighths(m, n, start=start + 20 * k).reshape(-1)]
        matrices.append(np.array(exact, dtype=object).reshape(m, n))
        shifts.append(np.array([F(int(8 * v), 5) for v in eighths(m, start=start + 9 + k)], dtype=object) if biases else None)
    return DenseLayers(widths[0], tuple(matrices), tuple(shifts), (RELU,) * (len(widths) - 2))


def affine(given, lines):
    """The coefficients of the piece, the constant first: (outputs, 1 + inputs)."""
    value = np.concatenate([np.zeros((given.inputs, 1), dtype=int), np.eye(given.inputs, dtype=int)], axis=1) + F(0)
    for l, (m, b) in enumerate(zip(given.matrices, given.biases, strict=True)):
        value = m.dot(value)
        if b is not None:
            value[:, 0] += b
        if l < len(given.matrices) - 1:
            value = np.array([[s * v for v in row] for (s, _), row in zip(lines[l], value, strict=True)], dtype=object)
            value[:, 0] += [o for _, o in lines[l]]
    return value


def moved(given, direction, step):
    """The same layers with their weights moved."""
    matrices, shifts = [], []
    for m, b, (at, bias) in zip(given.matrices, given.biases, given.places(), strict=True):
        matrices.append(m + step * np.array(direction[at : at + m.size], dtype=object).reshape(m.shape))
        shifts.append(None if b is None else b + step * np.array(direction[bias : bias + b.size], dtype=object))
    return DenseLayers(given.inputs, tuple(matrices), tuple(shifts), given.bends)


def slope(given, lines, direction):
    """The derivative of a polynomial of degree at most 4 in the step, from its values at five of them."""
    values = {t: affine(moved(given, direction, F(t)), lines) for t in (-2, -1, 1, 2)}
    return (8 * (values[1] - values[-1]) - (values[2] - values[-2])) / 12


CASES = [((2, 3, 2), True), ((2, 3, 2), False), ((1, 2, 3, 1), True), ((3, 2, 2, 2), False), ((2, 1), True)]


@pytest.mark.parametrize(("widths", "biases"), CASES)
def test_derivatives_are_those_of_differences(widths, biases, monkeypatch):
    given = layers(*widths, biases=biases)
    lines = [[LINES[(k + u) % 4] for u in range(len(m))] for k, m in enumerate(given.matrices[:-1])]
    n, outputs = given.inputs + 1, widths[-1]
    exact = _derivative(given.matrices, given.biases, lines, n, 0)
    assert exact.shape == (outputs * n, given.parameters)
    for k in range(given.parameters):
        unit = [F(int(i == k)) for i in range(given.parameters)]
        assert exact[:, k].tolist() == slope(given, lines, unit).reshape(-1).tolist()
    for most in (1, 1024):
        monkeypatch.setattr(functional_rank, "_AT_ONCE", most)
        matrices, shifts = [_residues(m, P) for m in given.matrices], [b if b is None else _residues(b, P) for b in given.biases]
        residues = _derivative(matrices, shifts, lines, n, P)
        assert residues.tolist() == [[v.numerator * pow(v.denominator, -1, P) % P for v in row] for row in exact.tolist()]


@pytest.mark.parametrize(("widths", "biases"), CASES)
def test_directions_that_move_nothing(widths, biases):
    """One for each relation among the columns of the derivative; and with one number more or less they move something."""
    given = layers(*widths, biases=biases, start=3)
    lines = [[LINES[(k + 2 * u) % 4] for u in range(len(m))] for k, m in enumerate(given.matrices[:-1])]
    table = _derivative(given.matrices, given.biases, lines, given.inputs + 1, 0)
    kernel, count = flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in r] for r in table]).numer_denom()[0].nullspace()
    still = np.array([[int(kernel[i, k]) for i in range(given.parameters)] for k in range(count)], dtype=object).reshape(
        count, given.parameters
    )
    assert not count or unmoved(given, lines, still) is True
    for k in range(given.parameters):
        one = np.array([[int(i == k) for i in range(given.parameters)]], dtype=object)
        assert unmoved(given, lines, one) is (not table[:, k].any())
        if count and table[:, k].any():
            other = still.copy()
            other[-1, k] += 1
            assert unmoved(given, lines, other) is False


def test_ranks_of_rational_rows():
    rows = [[F(1, 2), F(1, 3), F(0)], [F(3, 2), F(1), F(0)], [F(0), F(0), F(7)]]
    assert [rank_of_rational_rows(rows[:k], P) for k in range(4)] == [0, 1, 1, 2]
    assert rank_of_rational_rows(rows, 7) == 1


def test_units_on_a_line_through_0_scale():
    """Those alone; the direction multiplies what makes a unit and takes it off what reads it."""
    given = layers(2, 2, 1)
    bent = DenseLayers(given.inputs, given.matrices, given.biases, (((F(1),), RELU[1]),))
    shifted = DenseLayers(given.inputs, given.matrices, given.biases, (((F(0),), ((F(0), F(1)), (F(1), F(0)))),))
    assert bent.scalings() == shifted.scalings() == []
    found = given.scalings()
    assert len(found) == 2
    for u, row in enumerate(found):
        one, two = moved(given, row, F(1)), given
        assert (one.matrices[0][u] == 2 * two.matrices[0][u]).all()
        assert one.biases[0][u] == 2 * two.biases[0][u]
        assert (one.matrices[1][:, u] == 0).all()
        assert sum(v != 0 for v in row) == 2 + 1 + 1 or 0 in (*two.matrices[0][u], two.biases[0][u], *two.matrices[1][:, u])
    assert given.hidden == 2
    assert given.parameters == 9
    assert len(given.numbers()) == 9 + 1 + 4
    assert given.on_lines([1, -1]) == [[(F(1), F(0)), (F(0), F(0))]]
