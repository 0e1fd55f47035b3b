"""Networks with the function of a given one: flips against brute force, what the theorem does not speak of, false twins."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.flipped_units import FlippedUnits, NetworksOfFunction
from neurovariety.certificates.issue import issue
from neurovariety.certificates.zeros import NotShown


def network(w, b, v, c, activation="relu"):
    weights = {"w1": np.array(w, dtype=object), "w2": np.array(v, dtype=object)}
    weights |= {} if b is None else {"b1": np.array(b, dtype=object)}
    weights |= {} if c is None else {"b2": np.array(c, dtype=object)}
    return nv.load_network(weights, architecture=f"mlp({len(w[0])},{len(w)},{len(v)}; {activation}{'; bias' if b is not None else ''})")


def values(w, b, v, c, slopes, points):
    """The network at points, by hand."""
    left, right = slopes
    found = []
    for x in points:
        z = [sum((p * q for p, q in zip(row, x, strict=True)), s) for row, s in zip(w, b, strict=True)]
        h = [right * u if u > 0 else left * u for u in z]
        found.append([sum((p * q for p, q in zip(row, h, strict=True)), s) for row, s in zip(v, c, strict=True)])
    return found


def by_brute_force(w, b, v, c, slopes, points):
    """The sets of units that read the opposite while values at points stay, up to a constant."""
    first = values(w, b, v, c, slopes, points)
    found = []
    for signs in itertools.product((1, -1), repeat=len(w)):
        turned = [[s * p for p in row] for s, row in zip(signs, w, strict=True)]
        after = values(turned, [s * p for s, p in zip(signs, b, strict=True)], v, c, slopes, points)
        apart = {tuple(p - q for p, q in zip(one, two, strict=True)) for one, two in zip(first, after, strict=True)}
        if len(apart) == 1:
            found.append(tuple(i for i, s in enumerate(signs) if s < 0))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_brute_force_flips_the_same(seed):
    """Small whole weights, for which sums are often 0; two outputs, leaky units and absolute values among them."""
    rng = np.random.default_rng(seed)
    n, m, k = 1 + seed % 2, 4 + seed % 2, 1 + seed % 3 // 2
    activation, slopes = (("relu", (0, 1)), ("leaky_relu", (Fraction(0.01), 1)), ("abs", (-1, 1)))[seed % 3]
    while True:
        w, b, v, c = (rng.integers(-2, 3, size=s).tolist() for s in ((m, n), m, (k, m), k))
        found = nv.relu_fiber(network(w, b, v, c, activation))
        if found.value["orbits"] is not None:
            break
    points = [[Fraction(int(p), 7) for p in row] for row in rng.integers(-60, 60, size=(25, n))]
    expected = by_brute_force(w, b, v, c, slopes, points)
    assert found.value["orbits"] == len(expected)
    assert {tuple(s) for s in found.value["flips"]} <= set(expected) - {()}
    assert len(found.value["flips"]) == min(len(expected) - 1, 20)
    assert found.claim is nv.Claim.PROVED
    for place in range(len(found.value["flips"])):
        asked = np.array(points[:6], dtype=object)
        assert np.array_equal(found.network.evaluate_exact(asked), found.other(place).evaluate_exact(asked))


def test_random_weights_are_known_from_the_function():
    """36 units of two inputs: 2^36 sets, of which the empty one alone; and more inputs than units need no list."""
    rng = np.random.default_rng(0)
    for n, m in ((2, 30), (60, 50)):
        weights = {"w1": rng.normal(size=(m, n)), "b1": rng.normal(size=m), "w2": rng.normal(size=(1, m)), "b2": [0.5]}
        assert nv.relu_fiber(weights, architecture=f"mlp({n},{m},1; relu; bias)").value == {"orbits": 1, "flips": []}


SUMS = ([[1, 0], [0, 1], [-1, -1]], [0, 1, 2], [[1, 1, 1]])


def test_absolute_values_read_the_opposite_at_will():
    """2^36 networks are counted and not listed."""
    w = np.random.default_rng(1).normal(size=(36, 2))
    found = nv.relu_fiber({"w1": w, "w2": np.ones((1, 36))}, architecture="mlp(2,36,1; abs)")
    assert found.value["orbits"] == 2**36
    assert found.value["flips"][:3] == [[0], [1], [0, 1]]


def test_a_constant_needs_a_bias():
    """The slopes cancel and the constants do not: with a bias of the output they may, and without any the units pass through 0."""
    w, b, v = SUMS
    assert nv.relu_fiber(network(w, b, v, [0])).value["orbits"] == 2
    assert nv.relu_fiber(network(w, None, v, None)).value["orbits"] == 2
    found = nv.relu_fiber(network(w, b, v, [0]))
    (flip,) = found.value["flips"]
    assert flip == [0, 1, 2]
    assert found.other().weights["b2"].tolist() == [3]
    with pytest.raises(nv.InputError, match="1 other network to choose"):
        found.other(1)


@pytest.mark.parametrize(
    ("w", "v", "words"),
    [
        ([[1, 0], [0, 0], [1, 1]], [[1, 1, 1]], "unit 1 reads no input"),
        ([[1, 0], [0, 1], [1, 1]], [[1, 0, 1]], "unit 1 is read by nothing"),
        ([[1, 0], [-2, 0], [1, 1]], [[1, 1, 1]], "units 0 and 1 vanish on the same hyperplane"),
    ],
)
def test_units_that_are_left_over(w, v, words):
    found = nv.relu_fiber(network(w, [0, 0, 0], v, [0]))
    assert found.value == {"orbits": None, "flips": None}
    assert found.claim is nv.Claim.UNDECIDED
    assert words in found.summary()
    with pytest.raises(nv.InputError, match="0 other networks"):
        found.other()


def test_other_networks_are_refused():
    for architecture, weights in (
        ("mlp(2,2,1; hardtanh)", {"w1": np.eye(2), "w2": [[1, 1]]}),
        ("mlp(2,2,1; x^2)", {"w1": np.eye(2), "w2": [[1, 1]]}),
        ("linear(2,2)", {"w1": np.eye(2)}),
    ):
        with pytest.raises(nv.InputError, match="hidden layers of ReLUs"):
            nv.relu_fiber(weights, architecture=architecture)


DEEP = {
    "w1": [[1, 0], [0, 1], [-1, -1]],
    "b1": [0, 1, 2],
    "w2": [[1, 1, 1], [2, 2, 2], [-3, -3, -3], [1, 1, 1]],
    "b2": [1, 0, -1, 5],
    "w3": [[1, 1, 1, 2]],
    "b3": [0],
}


def test_units_of_several_layers_are_flipped():
    """All three units of the first layer, and two sets of the second one: a lower bound, each with a witness."""
    found = nv.relu_fiber(DEEP, architecture="mlp(2,3,4,1; relu; bias)")
    assert found.value == {"orbits": 6, "flips": [[0, 1, 2], [3, 4, 5], [3, 5, 6]]}
    assert found.claim is nv.Claim.LOWER_BOUND
    assert "at least 6 networks" in found.summary()
    points = np.array(list(itertools.product((Fraction(-5, 2), Fraction(1, 3), Fraction(4)), repeat=2)), dtype=object)
    values = found.network.evaluate_exact(points)
    others = [found.other(0), found.other(1), nv.relu_fiber(found.other(0)).other(1)]
    for other in others:
        assert np.array_equal(other.evaluate_exact(points), values)
        assert nv.relu_fiber(other).value["orbits"] == 6
    signs = {tuple(np.sign(other.weights["w1"].astype(float)).reshape(-1)) for other in others}
    assert len(signs) == 2


def test_absolute_values_of_several_layers():
    weights = {"w1": [[1, 2], [3, 1]], "w2": [[1, 1], [2, 1], [1, 3]], "w3": [[1, 1, 1]]}
    assert nv.relu_fiber(weights, architecture="mlp(2,2,3,1; abs)").value["orbits"] == 2**5


def test_false_twins_of_several_layers_are_refused():
    found = nv.relu_fiber(DEEP, architecture="mlp(2,3,4,1; relu; bias)")
    number, sets = (found.verdicts[key].certificate for key in ("orbits", "flips"))
    for other, words in (
        (replace(number, orbits=7), "another number"),
        (replace(number, orbits=2), "another number"),
        (replace(number, several=False), "one hidden layer"),
        (replace(sets, flips=((0, 1, 2), (3, 4, 6))), "other sets"),
        (replace(sets, flips=((0, 1, 2, 3, 4, 5),)), "other sets"),
    ):
        with pytest.raises(NotShown, match=words):
            issue(other, found.network)
    w, b, v = SUMS
    single = nv.relu_fiber(network(w, b, v, [0]))
    with pytest.raises(NotShown, match="one hidden layer"):
        issue(replace(single.verdicts["orbits"].certificate, several=True), single.network)
    left_over = nv.relu_fiber(DEEP | {"w2": [[1, 1, 1], [2, 2, 2], [0, 0, 0], [1, 1, 1]]}, architecture="mlp(2,3,4,1; relu; bias)")
    assert left_over.value["orbits"] is None
    assert "in hidden layer 2, unit 2 reads no input" in left_over.summary()


def test_false_twins_are_refused():
    w, b, v = SUMS
    found = nv.relu_fiber(network(w, b, v, [0]))
    number, sets = (found.verdicts[key].certificate for key in ("orbits", "flips"))
    assert isinstance(number, NetworksOfFunction)
    assert isinstance(sets, FlippedUnits)
    wrong = [replace(number, orbits=n) for n in (0, 1, 3, 8)] + [replace(sets, flips=s) for s in ((), ((0, 1),), ((0, 1, 2), (0,)))]
    for other in wrong:
        with pytest.raises(NotShown, match="can be flipped"):
            issue(other, found.network)
    near = network(w, b, [[1, 1, 1 + Fraction(1, 2**70)]], [0])
    assert nv.relu_fiber(near).value["orbits"] == 1
    for known in (number, sets):
        with pytest.raises(NotShown, match="another network"):
            issue(known, near)
        with pytest.raises(NotShown, match="can be flipped"):
            issue(replace(known, subject=nv.relu_fiber(near).verdicts["orbits"].certificate.subject), near)


def test_results_are_rechecked_from_json():
    w, b, v = SUMS
    found = nv.relu_fiber(network(w, b, v, [0]))
    again = nv.ReluFiberResult.from_dict(found.to_dict(certificates=True))
    assert {key.outcome for key in again.verify().keys} == {"rechecked"}
    with pytest.raises(nv.InputError, match="read back"):
        again.other()
