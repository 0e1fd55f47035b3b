"""Neurons with one input at the zero function: the formula against others, and against germs."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

import pytest

from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.neurons_on_a_line import CoefficientOfNeurons, OddNetwork, coefficient_of_neurons
from neurovariety.learning.functions_text import read_functions
from neurovariety.learning.germ_search import search


@pytest.mark.parametrize("hidden", range(1, 40))
def test_aoyagi_and_watanabe(hidden):
    """(H + i^2 + i)/(4 i + 2) with i = floor(sqrt H), twice where H is a square, for tanh."""
    i = isqrt(hidden)
    twice = 2 * Fraction(hidden + i * i + i, 4 * i + 2)
    assert coefficient_of_neurons(hidden, 1, 1, 2, hidden) == (twice, 2 if i * i == hidden else 1)


@pytest.mark.parametrize("hidden", range(1, 9))
@pytest.mark.parametrize("power", [1, 2, 3, 5])
def test_one_degree(hidden, power):
    """a . b^r with |a|, |b| as two variables: min(m, H/r)."""
    for outputs in (1, 2, 3):
        ratio = Fraction(hidden, power)
        assert coefficient_of_neurons(hidden, outputs, power, 1, 1) == (min(Fraction(outputs), ratio), 1 + (ratio == outputs))


@pytest.mark.parametrize(("first", "step", "count"), [(1, 1, 1), (1, 1, 2), (1, 2, 2), (2, 1, 2), (2, 2, 2), (1, 3, 2), (3, 1, 2)])
def test_two_neurons_by_polyhedra(first, step, count):
    moments = "; ".join(f"a*b^{k} + c*d^{k}" for k in range(first, first + step * count, step))
    got = search(read_functions(moments).polynomials())
    assert got.exact
    assert got.bounds.low == coefficient_of_neurons(2, 1, first, step, count)


def test_two_outputs_by_polyhedra():
    got = search(read_functions("a*b; e*b").polynomials())
    assert got.exact
    assert got.bounds.low == coefficient_of_neurons(1, 2, 1, 2, 1)


def proof(hidden=3, activation="tanh", **changes):
    network = OddNetwork((1, hidden, 1), activation)
    inner, outer = tuple(range(hidden)), (tuple(range(hidden, 2 * hidden)),)
    given = {
        "first": 1,
        "step": 2,
        "count": hidden,
        "pair": coefficient_of_neurons(hidden, 1, 1, 2, hidden),
        "inner": inner,
        "outer": outer,
    }
    given |= changes
    return network, CoefficientOfNeurons(network.hash, part="learning_coefficient", **given)


def test_a_certificate_checks():
    network, certificate = proof()
    assert issue(certificate, network).statement.value == "5/6"


@pytest.mark.parametrize(
    "changes",
    [
        {"pair": (Fraction(5, 3), 2)},
        {"pair": (Fraction(4, 3), 1)},
        {"step": 1, "pair": coefficient_of_neurons(3, 1, 1, 1, 3)},  # true of another activation
        {"count": 2, "pair": coefficient_of_neurons(3, 1, 1, 2, 2)},
        {"inner": (0, 1, 3), "outer": ((2, 4, 5),)},
        {"inner": (0, 1, 1)},
    ],
)
def test_false_twins_are_refused(changes):
    network, certificate = proof(**changes)
    with pytest.raises(NotShown):
        issue(certificate, network)


def test_another_network_or_activation_is_refused():
    _, certificate = proof()
    with pytest.raises(NotShown):
        issue(certificate, OddNetwork((1, 4, 1), "tanh"))
    network, certificate = proof(activation="cosh")
    with pytest.raises(NotShown, match="nothing is known"):
        issue(certificate, network)
