"""Rules that look at several things, where one of them alone is otherwise; and refusals that nothing else stands in for."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from neurovariety.certificates.attention_blocks import Strand, _shared
from neurovariety.certificates.channel_relations import Channels
from neurovariety.certificates.network_nodes import lines, scaled
from neurovariety.certificates.network_rewrites import _SideBySide
from neurovariety.certificates.neurons_on_a_line import CoefficientOfNeurons, OddNetwork, coefficient_of_neurons
from neurovariety.certificates.normalized_networks import NormalizedPerceptron
from neurovariety.certificates.piecewise_forms import Unit, UnitStage
from neurovariety.certificates.piecewise_signs import _float_stage, _run
from neurovariety.certificates.zeros import NotShown

RELU = (Fraction(0),), ((Fraction(0), Fraction(0)), (Fraction(1), Fraction(0)))
ABS = (Fraction(0),), ((Fraction(-1), Fraction(0)), (Fraction(1), Fraction(0)))
LATER = (Fraction(1),), RELU[1]


@pytest.mark.parametrize(
    ("places", "one_run"),
    [
        ((3, 4, 5), True),
        ((7,), True),
        ((0, 2, 1, 3), False),  # as many as lie between the ends, in another order
        ((0, 0, 2), False),
        ((3, 5), False),
        ((5, 4), False),
        ((0, 1, 3), False),
        ((), False),
    ],
)
def test_places_that_follow_one_another(places, one_run):
    found = _run(places)
    assert isinstance(found, slice) == one_run
    assert np.arange(9)[found].tolist() == list(places)


@pytest.mark.parametrize(
    ("units", "relu"),
    [([RELU], True), ([RELU, RELU], True), ([RELU, ABS], False), ([ABS, RELU], False), ([RELU, LATER], False), ([], True)],
)
def test_stages_of_relu_alone(units, relu):
    reading = [Unit({1: Fraction(1)}, *u) for u in units]
    stage = UnitStage(
        tuple(range(2, 2 + len(units))), (1,), ((1,),) * len(units), ((0, 1, 0),) * len(units), (((0, 0), (1, 0)),) * len(units), 1
    )
    assert _float_stage(stage, reading, {1: 0}).relu == relu


@pytest.mark.parametrize(
    ("given", "known"),
    [
        ({"function": "relu"}, True),
        ({"function": "abs"}, True),
        ({"function": "leaky_relu", "slope": 0.25}, True),
        ({"function": "hardtanh", "low": 0.0, "high": 0.0}, True),
        ({"function": "relu6"}, False),
        ({"function": "hardtanh", "low": 0.0, "high": 1.0}, False),
        ({"function": "hardtanh", "low": -1.0, "high": 0.0}, False),
        ({"function": "hardtanh", "low": -1.0, "high": 1.0}, False),
    ],
)
def test_positive_factors_pass_lines_through_zero(given, known):
    assert scaled(given, Fraction(3)) == ((3, 0) if known else None)
    kinks, found = lines(given)

    def value(x):
        slope, offset = found[sum(x > k for k in kinks)]
        return slope * x + offset

    points = [Fraction(n, 2) for n in range(-16, 17)]
    assert known == all(value(3 * x) == 3 * value(x) for x in points)


MADE = SimpleNamespace(name="made", kind="linear", inputs=("below",), weights={}, attributes={})


def strand(heads):
    channel = np.arange(heads * 2).reshape(heads, 2)
    return Strand(MADE, channel, np.zeros((1, 5), dtype=int), Fraction(1), ())


@pytest.mark.parametrize(
    ("sizes", "own", "asked", "axis", "heads"),
    [
        ((1, 5), None, (4, 5), 0, 4),
        ((4, 5), 0, (4, 5), 0, 1),
        ((4, 5), None, (4, 5), None, 1),
        ((1, 5), None, (4, 6), 0, None),  # each other length is asked, not the number of heads alone
        ((1, 5), None, (4, 5, 1), 0, None),
        ((1, 5, 2), None, (4, 5), 0, None),
        ((1, 5, 2), None, (4, 5, 3), 0, None),
        ((2, 5), None, (4, 5), 0, None),
        ((2, 5), 0, (4, 5), 0, None),
        ((4, 5), None, (4, 6), None, None),
    ],
)
def test_keys_of_as_many_heads(sizes, own, asked, axis, heads):
    if heads is None:
        with pytest.raises(NotShown, match="different numbers of heads"):
            _shared(strand(1), sizes, own, asked, axis)
    else:
        assert len(_shared(strand(1), sizes, own, asked, axis).channel) == heads


def test_shared_keys_are_read_at_one_position():
    apart = Strand(MADE, np.zeros((1, 2), dtype=int), np.array([[0, 0], [0, 1]]), Fraction(1), ())
    with pytest.raises(NotShown, match="other positions"):
        _shared(apart, (1, 2), None, (2, 2), 0)


@pytest.mark.parametrize(
    ("kind", "shape", "axis", "agrees"),
    [
        ("conv", (3, 8, 8), 0, True),
        ("conv", (3, 8, 8), 2, False),
        ("linear", (5, 3), 1, True),
        ("linear", (5, 3), 0, False),
        ("linear", (3,), 0, True),
    ],
)
def test_channels_are_mixed_along_their_own_axis(kind, shape, axis, agrees):
    pair = SimpleNamespace(_shape=lambda _: (shape, shape))
    node = SimpleNamespace(name="mixes", kind=kind, inputs=("below",), weights={}, attributes={})
    below = Channels(axis, np.arange(shape[axis]), {})
    if agrees:
        _SideBySide._may_follow(pair, node, below)
    else:
        with pytest.raises(NotShown, match="mixes channels with positions"):
            _SideBySide._may_follow(pair, node, below)


@pytest.mark.parametrize("part", ["learning_coefficient", "multiplicity", "volume"])
def test_parts_of_the_pair_of_neurons(part):
    network, pair = OddNetwork((1, 1, 1), "tanh"), coefficient_of_neurons(1, 1, 1, 2, 1)
    certificate = CoefficientOfNeurons(network.hash, (0,), ((1,),), 1, 2, 1, pair, part)
    if part == "volume":
        with pytest.raises(NotShown, match="known exactly"):
            certificate.check(network)
    else:
        certificate.check(network)


@pytest.mark.parametrize(
    ("widths", "activation", "bias", "two", "seen"),
    [
        # one direction for each weight of the input, and, of two units, one for each output where the function has a symmetry
        ((1, 2, 1), "exp", False, [], (1, 2, 3)),
        ((1, 2, 1), "tanh", False, [{2: 1, 3: 1}], (1, 3)),
        ((1, 2, 1), "cos", False, [{2: 1, 3: -1}], (1, 3)),
        ((1, 2, 1), "sigmoid", False, [], (1, 2, 3)),
        ((1, 2, 1), "sigmoid", True, [{4: 1, 5: 1, 6: -1}], (1, 3, 5, 6)),
        ((1, 3, 1), "tanh", False, [], (1, 2, 3, 4, 5)),
        # after one unit alone: nothing but 0, the last biases, or the weights that read a value which is not 0
        ((1, 1, 2), "tanh", False, None, ()),
        ((1, 1, 2), "tanh", True, None, (4, 5)),
        ((1, 1, 2), "exp", False, None, (1, 2)),
    ],
)
def test_moves_of_normalized_units(widths, activation, bias, two, seen):
    network = NormalizedPerceptron(widths, (activation,), bias)
    assert network.seen == seen
    assert network.shifts == network.parameters - len(seen)
    if two is not None:
        assert network.constant_moves() == [*network.moved_columns(), *two]
        assert network.alone is None
    else:
        assert network.alone == 1
        assert network.is_zero == (not seen)
