"""What may stand in the equations of a system, and what is refused, in one sentence and at once."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.homotopy import System
from neurovariety.homotopy.expressions import MAX_EXPONENT, Expression, Graph


@pytest.fixture(autouse=True)
def _as_users_call_it(monkeypatch):
    """Without the checks of types that tests add: users give anything."""
    for place in (Graph, Expression):
        for name, function in vars(place).items():
            if hasattr(function, "__wrapped__"):
                monkeypatch.setattr(place, name, function.__wrapped__)
    monkeypatch.setattr(System, "build", classmethod(System.build.__func__.__wrapped__))


@pytest.mark.parametrize("two", [2, 2.0, np.int64(2), np.uint8(2), np.float64(2), np.float32(2), Fraction(4, 2)])
def test_whole_exponents_of_any_type(two):
    x = Graph(1).input(0)
    assert (x**two).terms == {((0, 2),): 1}


NO_WHOLE_NUMBERS = [
    *(0.5, -0.5, np.float32(0.5), np.float64(1.5), Fraction(1, 2), math.nan, math.inf, -math.inf),
    *(True, False, None, "2", 2j, 2 + 0j, np.array([1, 2]), [2], (1, 2), object()),
]


@pytest.mark.parametrize("exponent", NO_WHOLE_NUMBERS, ids=lambda e: type(e).__name__)
def test_any_other_exponent_is_refused(exponent):
    x = Graph(1).input(0)
    for base in (x, x + 1, 0 * x + 2):
        with pytest.raises(nv.NotAlgebraicError, match="a whole number is expected") as caught:
            base**exponent
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("equation", "words"),
    [
        (lambda x: x**x, "is itself an expression"),
        (lambda x: 2**x, "stands in an exponent"),
        (lambda x: pow(x, 2, 5), "whole powers"),
        (lambda x: x**10**6, "exponent 1000000"),
        (lambda x: x ** -(10**6), "exponent 1000000"),
        (lambda x: (x + 1) ** 10**6, "exponent 1000000"),
        (lambda x: (3 * x) ** 10**30, "at most 10000"),
        (lambda x: (x**1000) ** 1000, "exponent 1000000"),
        (lambda x: x * (0 * x + 3) ** 10**12, "at most 10000"),
        (lambda x: (1e3 * x) ** 200, "range of float64"),
        (lambda x: (1000 * x) ** 200, "range of float64"),
        (lambda x: x - 10**400, "range of float64"),
        (lambda x: x - math.nan, "nan"),
        (lambda x: x * math.inf, "inf"),
        (lambda x: x * (1 + math.nan * 1j), "nan"),
        (lambda x: x * x + (x + np.float64("inf")) ** 2, "inf"),
        (lambda x: x / 0, "vanishes"),
        (lambda x: x / 0.0, "vanishes"),
        (lambda x: 1 / (x - x), "vanishes"),
        (lambda x: x / math.nan, "nan"),
        (lambda x: x + "1", "'1'"),
        (lambda x: x * "1", "'1'"),
        (lambda x: x + None, "None"),
        (lambda x: x - [1], r"\[1\]"),
        (lambda x: x * np.array([1.0, 2.0]), "an array of shape"),
        (lambda x: x + np.array([1.0]), "array of shape"),
        (lambda x: abs(x), "abs"),
        (lambda x: math.sqrt(x), "used as a number"),
        (lambda x: math.floor(x), "floor"),
        (lambda x: round(x), "round"),
        (lambda x: x // 2, "floordiv"),
        (lambda x: x % 2, "mod"),
        (lambda x: float(x), "used as a number"),
        (lambda x: complex(x), "used as a number"),
        (lambda x: range(x), "whole powers"),
        (lambda x: np.sqrt(x), "sqrt"),
        (lambda x: np.sin(x), "sin"),
        (lambda x: np.sqrt(np.array([x, x]))[0], "sqrt"),
        (lambda x: np.abs(x), "abs"),
        (lambda x: np.maximum(x, 0), "compare"),
        (lambda x: max(x, 1), "compare"),
        (lambda x: x if x > 0 else -x, "compare"),
        (lambda x: x if x == 0 else -x, "compare"),
        (lambda x: x if x else -x, "branch"),
        (lambda x: x.real, "whole powers"),
        (lambda x: [x][1], "list index"),
        (lambda x: None, "equation 0 is None"),
        (lambda x: "x^2", "equation 0 is 'x"),
        (lambda x: True, "equation 0 is True"),
        (lambda x: np.array([x, x]), "an array of shape"),
        (lambda x: Graph(1).input(0) ** 2, "another system"),
    ],
)
def test_what_is_no_polynomial_equation_is_refused_in_one_sentence(equation, words):
    with pytest.raises(nv.NeurovarietyError, match=words) as caught:
        System.build(lambda x, p: [equation(x[0])], 1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("function", "unknowns", "parameters", "words"),
    [
        (lambda x, p: x[0] ** 2, 1, 0, "a list of equations"),
        (lambda x, p: None, 1, 0, "a list of equations"),
        (lambda x, p: "x", 1, 0, "a list of equations"),
        (lambda x, p: {0: x[0]}, 1, 0, "a list of equations"),
        (lambda x, p: [x[0], x[0]], 1, 0, "2 equations in 1 unknowns"),
        (lambda x, p: [], 1, 0, "0 equations in 1"),
        (lambda x, p: [], 0, 0, "without unknowns"),
        (lambda x, p: [1.0], 1, 0, "no unknown"),
        (lambda x, p: [p[0]], 1, 1, "no unknown"),
        (lambda x, p: [x[0] - p[0]], 1, 0, "list index"),
        (lambda x: [x[0]], 1, 0, "positional argument"),
        (lambda x, p: [x[0]], -1, 0, "number of unknowns is -1"),
        (lambda x, p: [x[0]], 1.0, 0, "number of unknowns is 1.0"),
        (lambda x, p: [x[0]], True, 0, "number of unknowns is True"),
        (lambda x, p: [x[0]], 1, None, "number of parameters is None"),
    ],
)
def test_what_is_no_square_system_is_refused(function, unknowns, parameters, words):
    with pytest.raises(nv.InputError, match=words) as caught:
        System.build(function, unknowns, parameters)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, p: (x[0] ** 2 - 2,),
        lambda x, p: (e - 1 for e in x),
        lambda x, p: np.array([2.0, 1.0])[:1] * np.array(x, dtype=object) - 1,
        lambda x, p: [np.float64(2) * x[0] - 3],
        lambda x, p: [x[0] ** MAX_EXPONENT - 1],
        lambda x, p: [sum([x[0], x[0] ** 2]) / 3 - 1j],
    ],
)
def test_what_is_accepted(function):
    assert System.build(function, 1).unknowns == 1


def test_expressions_are_keys():
    x = Graph(2).input(0)
    assert {x: 1}[x] == 1
    assert x in [x]
