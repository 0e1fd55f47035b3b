"""What is no system, no point and no list of parameters is refused in a sentence."""

from __future__ import annotations

from decimal import Decimal
from inspect import unwrap

import pytest

from neurovariety import homotopy
from neurovariety.errors import InputError
from neurovariety.homotopy import System

# as users call them: the tests' own check of types would refuse first
certify, monodromy_solve, solve = map(unwrap, (homotopy.certify, homotopy.monodromy_solve, homotopy.solve))

SQUARE = System.build(lambda x, p: [x[0] ** 2 - 2], 1)
FAMILY = System.build(lambda x, p: [x[0] ** 2 - p[0]], 1, 1)


@pytest.mark.parametrize("given", ["x^2 - 1", ["x^2 - 1"], [lambda x, p: x], None, 3, System])
def test_only_systems_are_solved(given):
    for ask in (lambda: solve(given), lambda: certify(given, [[1]], []), lambda: monodromy_solve(given, [1], [1])):
        with pytest.raises(InputError, match=r"a System is expected.*System\.build"):
            ask()


@pytest.mark.parametrize("points", [[["a"]], [["1"]], "a", None, [[None]], [[10**400]], [[1, 2]], [1.5], 1.5, [[[1.5]]]])
def test_points_are_numbers_a_row_each(points):
    with pytest.raises(InputError, match=r"points are complex numbers|a list of points is expected"):
        certify(SQUARE, points, [])


@pytest.mark.parametrize("parameters", ["2", ["2"], [10**400], [None], 3, [1, 2], [[1]], None])
def test_parameters_are_as_many_numbers(parameters):
    with pytest.raises(InputError, match="parameters"):
        solve(FAMILY, parameters)
    with pytest.raises(InputError, match="parameters"):
        monodromy_solve(FAMILY, [1.0], parameters)


@pytest.mark.parametrize("start", [3, ("a", "b"), ([[1], [-1]],), ([[1, 2]], [1]), ([[1], [-1]], [[1]]), ([[1], [-1]], [1, 2])])
def test_a_start_is_points_and_parameters(start):
    with pytest.raises(InputError, match="start"):
        solve(FAMILY, [2], start=start)


@pytest.mark.parametrize("seed", [-1, -(10**400)])
def test_seeds(seed):
    with pytest.raises(InputError, match="a seed is a whole number"):
        solve(SQUARE, seed=seed)


def test_what_is_taken():
    assert certify(SQUARE, [[Decimal("1.4142")], [-1.4142]], []).count == 2
    assert certify(FAMILY, [[1.4142], [1.7321]], [[2], [3]]).count == 2
    assert certify(SQUARE, [[float("nan")]], []).count == 0
