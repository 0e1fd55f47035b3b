"""Symbols for numbers where a network is written as a program or as forms: each operation; and series of activations."""

from __future__ import annotations

import copy
import operator
import pickle
from fractions import Fraction
from itertools import product
from math import erf, exp, factorial, log, pi, sqrt, tanh

import flint
import numpy as np
import pytest

from neurovariety.certificates.activation_series import (
    ACTIVATIONS,
    POSITIVE,
    SMOOTH,
    PiecedActivation,
    piece_series,
    taylor,
    taylor_coefficients,
)
from neurovariety.certificates.affine_pieces import at_point
from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.issue import Forged, NotShown, Verdict, issue, weak
from neurovariety.certificates.network_programs import _Sums, _Symbol, network_program
from neurovariety.certificates.network_slopes import trained
from neurovariety.certificates.network_values import RATIONALS, value
from neurovariety.certificates.piecewise_forms import FeatureSum, piecewise_forms
from neurovariety.certificates.statement import Statement
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

from .agreeing_models import premise

AT = (Fraction(3), Fraction(-2, 5))
NUMBERS = (0, 1, 2, Fraction(-3, 7))


def symbols():
    """Two unknowns, constants, and numbers that are none of these; each with what it stands for."""
    sums = _Sums(2)
    one, two = (_Symbol(sums, k, Fraction(0)) for k in (0, 1))
    own = [(one, AT[0]), (two, AT[1]), (one * two + 1, AT[0] * AT[1] + 1)]
    own += [(_Symbol(sums, -1, Fraction(c)), Fraction(c)) for c in NUMBERS]
    return sums, own


def worth(sums, symbol):
    if symbol.slot < 0:
        return symbol.constant
    program = ExactSystem(2, tuple(sums.sums), (symbol.slot,))
    (found,) = Over(program, lambda c: flint.fmpq(1) * c)([flint.fmpq(v.numerator, v.denominator) for v in AT])
    return Fraction(int(found.p), int(found.q))


@pytest.mark.parametrize("of", [operator.add, operator.sub, operator.mul, operator.truediv])
def test_symbols_are_numbers(of):
    sums, own = symbols()
    for (a, x), (b, y) in product(own, own):
        if y or of is not operator.truediv:
            assert worth(sums, of(a, b)) == of(x, y)
    for (a, x), c in product(own, NUMBERS):
        if c or of is not operator.truediv:
            assert worth(sums, of(a, c)) == of(x, c)
        if x or of is not operator.truediv:
            assert worth(sums, of(c, a)) == of(Fraction(c), x)
    one = own[0][0]
    count = len(sums.sums)
    still = one * 0, one * _Symbol(sums, -1, Fraction(0)), _Symbol(sums, -1, Fraction(2)) * _Symbol(sums, -1, Fraction(3))
    assert [s.slot for s in still] == [-1, -1, -1]
    assert len(sums.sums) == count


def features():
    terms = [
        {},
        {0: Fraction(2)},
        {1: Fraction(1)},
        {0: Fraction(1), 1: Fraction(-1), 2: Fraction(1, 3)},
        {1: Fraction(1), 2: Fraction(-1, 3)},
    ]
    return [(FeatureSum(t), t) for t in terms]


def at(terms):
    """The number at features 1, 5 and 7, all terms being different from 0."""
    assert all(terms.values())
    return sum((c * (1, 5, 7)[k] for k, c in terms.items()), Fraction(0))


def test_combinations_of_features_are_numbers():
    for (a, s), (b, t) in product(features(), features()):
        assert at((a + b).terms) == at(s) + at(t)
        assert at((a - b).terms) == at(s) - at(t)
        assert at((-a).terms) == -at(s)
        if s.keys() <= {0} or t.keys() <= {0}:
            assert at((a * b).terms) == at(s) * at(t)
        else:
            with pytest.raises(NotShown, match="multiplied"):
                a * b
        if t.keys() == {0}:
            assert at((a / b).terms) == at(s) / at(t)
        else:
            with pytest.raises(NotShown, match="divided"):
                a / b
    for (a, s), c in product(features(), (0, 3, Fraction(-1, 2), flint.fmpq(2, 7))):
        number = Fraction(int(c.p), int(c.q)) if isinstance(c, flint.fmpq) else Fraction(c)
        if not isinstance(c, flint.fmpq):
            assert at((c + a).terms) == at((a + c).terms) == number + at(s)
            assert at((c - a).terms) == number - at(s)
            assert at((c * a).terms) == number * at(s)
        assert at((a - c).terms) == at(s) - number
        assert at((a * c).terms) == number * at(s)
        if s.keys() <= {0}:
            assert a.constant() == at(s)
        else:
            with pytest.raises(NotShown, match="changes"):
                a.constant()


def test_numbers_less_a_value_are_forms():
    """1/3 - relu(x), and that once more: a number stands before an array of what is no number."""
    less = {"constant": Fraction(1, 3), "reversed": True}
    nodes = (
        Node("x", "input"),
        Node("h", "subtract", ("x",), {}, less),
        Node("r", "activation", ("h",), {}, {"function": "relu"}),
        Node("y", "subtract", ("r",), {}, less),
    )
    own = Network((1,), nodes, "y", {})
    for x in (Fraction(-2), Fraction(0), Fraction(5, 7)):
        assert at_point(piecewise_forms(own), (x,)).outputs == (Fraction(1, 3) - max(Fraction(1, 3) - x, Fraction(0)),)


def test_networks_as_programs():
    """Weights and then inputs are the unknowns: at those of the network it has its values."""
    square = {"function": "polynomial", "coefficients": (Fraction(1), Fraction(-2), Fraction(1, 3))}
    quotient = {"function": "rational", "numerator": (Fraction(1), Fraction(1)), "denominator": (Fraction(2), Fraction(0), Fraction(1))}
    nodes = (
        Node("x", "input"),
        Node("h", "linear", ("x",), {"weight": "w", "bias": "b"}),
        Node("s", "activation", ("h",), {}, square),
        Node("r", "activation", ("h",), {}, quotient),
        Node("a", "add", ("s", "r")),
        Node("m", "multiply", ("a", "h")),
        Node("d", "subtract", ("m",), {}, {"constant": Fraction(1, 3), "reversed": True}),
        Node("y", "linear", ("d",), {"weight": "v"}),
    )
    weights = {"w": np.array([[1.0, -2.0], [0.5, 3.0]]), "b": np.array([1.0, -1.0]), "v": np.array([[2.0, -0.25]])}
    own = Network((2,), nodes, "y", weights)
    program = network_program(own)
    numbers = [v for key in trained(own) for v in np.asarray(weights[key]).reshape(-1).tolist()]
    for x in ((1, 2), (0, 0), (-3, Fraction(1, 2))):
        given = [flint.fmpq(*Fraction(v).as_integer_ratio()) for v in (*numbers, *x)]
        (found,) = Over(program, lambda c: flint.fmpq(1) * c)(given)
        (expected,) = value(own, np.array([*x, None], dtype=object)[:-1], RATIONALS).reshape(-1)
        assert found == expected


REFERENCE = {
    "tanh": tanh,
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "gelu": lambda x: x * (1 + erf(x / sqrt(2))) / 2,
    "gelu_tanh": lambda x: x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x**3))) / 2,
    "silu": lambda x: x / (1 + exp(-x)),
    "softplus": lambda x: log(1 + exp(x)),
    "exp": exp,
    "expm1": lambda x: exp(x) - 1,
    "sin": lambda x: float(np.sin(x)),
    "cos": lambda x: float(np.cos(x)),
    "erf": erf,
    "relu": lambda x: max(x, 0),
    "abs": abs,
    "leaky_relu": lambda x: max(x, 0.01 * x),
    "relu6": lambda x: min(max(x, 0), 6),
    "hardtanh": lambda x: min(max(x, -1), 1),
    "elu": lambda x: x if x > 0 else exp(x) - 1,
    "rsqrt": lambda x: 1 / sqrt(x),
    "sqrt": sqrt,
    "hardswish": lambda x: x * min(max(x + 3, 0), 6) / 6,
}


@pytest.mark.parametrize("name", sorted({*SMOOTH, *ACTIVATIONS}))
def test_series_are_those_of_the_functions(name):
    """Values, and slopes and curvatures by differences."""
    own = ACTIVATIONS.get(name, PiecedActivation((name,)))
    f, h = REFERENCE[name], 1e-3
    for x in (-7.5, -2.25, -0.75, 0.5, 1.25, 6.5)[3 * (name in POSITIVE) :]:
        with taylor(100, 4):
            found = [float(c) for c in taylor_coefficients(own.at(Fraction(x)), flint.arb(x), 4)]
            assert found[0] == pytest.approx(f(x), rel=1e-12, abs=1e-15)
            assert found[1] == pytest.approx((f(x + h) - f(x - h)) / (2 * h), rel=1e-5, abs=1e-6)
            assert found[2] * factorial(2) == pytest.approx((f(x + h) + f(x - h) - 2 * f(x)) / h**2, rel=1e-3, abs=1e-5)
    for kink in own.kinks:
        near = Fraction(1, 10**6)
        assert own.at(kink) == own.pieces[own.kinks.index(kink)]
        assert own.on(kink - near, kink) == own.at(kink - near)
        assert own.on(kink, kink + near) == own.at(kink + near)
        with pytest.raises(NotShown, match="kink"):
            own.on(kink - near, kink + near)


def test_series_that_are_refused():
    with taylor(64, 3):
        with pytest.raises(NotShown, match="no smooth function"):
            piece_series("cube", flint.arb_series([0, 1], prec=3))
        with pytest.raises(NotShown, match="fewer terms"):
            taylor_coefficients("exp", flint.arb(0), 5)
    before = flint.ctx.cap
    with taylor(64, 7):
        assert flint.ctx.cap == 7
    assert flint.ctx.cap == before


def test_verdicts_are_made_in_one_place():
    known = premise("kind", 1)
    for other in (pickle.loads(pickle.dumps(known)), copy.copy(known), copy.deepcopy(known)):
        assert (other.statement, other.claim, other.checked, other.certificate) == (known.statement, known.claim, False, None)
        assert not other.shown
    assert known.shown
    for claim in (Claim.ESTIMATE, Claim.UNDECIDED):
        found = weak(Statement("kind", "m", 1), claim, "why")
        assert (found.claim, found.why, found.checked, found.shown) == (claim, "why", True, False)
    for claim in set(Claim) - {Claim.ESTIMATE, Claim.UNDECIDED}:
        with pytest.raises(Forged):
            weak(Statement("kind", "m", 1), claim, "why")
    with pytest.raises(Forged):
        Verdict(Statement("kind", "m", 1), Claim.PROVED)
    with pytest.raises(Forged):
        issue(type("Own", (), {"check": lambda self, subject: None, "concludes": lambda self: known.statement})(), None)
