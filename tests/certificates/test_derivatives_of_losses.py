"""Loss, gradient and Hessian of trained networks in balls, against differences of the loss as it is written down at 400 bits."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import inf, nan, nextafter

import flint
import numpy as np
import pytest

from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.balls import precision
from neurovariety.certificates.issue import issue
from neurovariety.certificates.smooth_critical_points import AloneThere, IndexThere, LossThere, OneCriticalPoint, TrainedPerceptron
from neurovariety.certificates.zeros import NotShown

STEP = Fraction(1, 2**60)
FUNCTIONS = {
    "tanh": lambda z: flint.arb.tanh(z),
    "sigmoid": lambda z: 1 / (1 + (-z).exp()),
    (1, -2, 3): lambda z: 1 - 2 * z + 3 * z * z,
}
SHAPES = [
    ((2, 3, 2), ("tanh",), True),
    ((2, 3, 2), ("tanh",), False),
    ((1, 2, 3, 1), ("sigmoid", "tanh"), True),
    ((3, 2, 2), ((Fraction(1), Fraction(-2), Fraction(3)),), True),
]


def network(widths, pieces, bias, seed=0):
    drawn = np.random.default_rng(seed)

    def numbers(n):
        return tuple(Fraction(int(v), 8) for v in drawn.integers(-9, 10, size=n))

    count = sum(b * (a + bias) for a, b in pairwise(widths))
    samples = [(numbers(widths[0]), numbers(widths[-1])) for _ in range(3)]
    return TrainedPerceptron(widths, pieces, bias, tuple(x for x, _ in samples), tuple(y for _, y in samples), numbers(count))


def ball(v):
    return flint.arb(flint.fmpq(v.numerator, v.denominator))


def loss(net, weights):
    """Matrix after matrix, as it is written down."""
    total = flint.arb(0)
    for x, y in zip(net.inputs, net.targets, strict=True):
        at, values = 0, [ball(v) for v in x]
        for l, (a, b) in enumerate(pairwise(net.widths)):
            matrix = np.array(weights[at : at + a * b], dtype=object).reshape(b, a)
            at += a * b
            values = list(matrix @ np.array(values, dtype=object))
            if net.bias:
                values = [v + c for v, c in zip(values, weights[at : at + b], strict=True)]
                at += b
            if l < len(net.pieces):
                values = [FUNCTIONS[net.pieces[l]](v) for v in values]
        assert at == len(weights)
        total += sum((v - ball(t)) ** 2 for v, t in zip(values, y, strict=True))
    return total


def near(one, two):
    return abs(float((one - two).mid())) < 2.0**-30


@pytest.mark.parametrize(("widths", "pieces", "bias"), SHAPES)
def test_derivatives(widths, pieces, bias):
    net = network(widths, pieces, bias)
    with precision(400):
        centre = [ball(v) for v in net.weights]
        n, h = len(centre), ball(STEP)

        def moved(*steps):
            weights = list(centre)
            for k, s in steps:
                weights[k] = weights[k] + s * h
            return loss(net, weights)

        with taylor(400, 3):
            value, gradient, hessian = net.derivatives(centre)
        assert value.overlaps(loss(net, centre))
        for i in range(n):
            assert near(gradient[i, 0], (moved((i, 1)) - moved((i, -1))) / (2 * h)), i
            for j in range(i + 1):
                corners = moved((i, 1), (j, 1)) - moved((i, 1), (j, -1)) - moved((i, -1), (j, 1)) + moved((i, -1), (j, -1))
                assert near(hessian[i, j], corners / (4 * h * h)), (i, j)
                assert hessian[j, i].overlaps(hessian[i, j])


def regression(inputs=((1, 0), (1, 1), (1, 3)), targets=((1,), (2,), (2,)), weights=(1, 1)):
    """Least squares: one layer without a bias, whose loss is a quadric, so that Krawczyk's test holds in every box."""
    exact = [tuple(tuple(map(Fraction, row)) for row in rows) for rows in (inputs, targets, (weights,))]
    return TrainedPerceptron((len(inputs[0]), 1), (), False, exact[0], exact[1], exact[2][0])


def solution(net):
    """Of the normal equations."""
    a = [[sum(x[i] * x[j] for x in net.inputs) for j in range(2)] for i in range(2)]
    b = [sum(x[i] * y[0] for x, y in zip(net.inputs, net.targets, strict=True)) for i in range(2)]
    det = a[0][0] * a[1][1] - a[0][1] ** 2
    return ((a[1][1] * b[0] - a[0][1] * b[1]) / det, (a[0][0] * b[1] - a[0][1] * b[0]) / det)


RADIUS = 2.0**-20
IDENTITY = ((Fraction(1), Fraction(0)), (Fraction(0), Fraction(1)))


def point(net, **changed):
    centre = changed.get("centre") or solution(net)
    most = max(abs(a - b) for a, b in zip(centre, net.weights, strict=False)) + Fraction(RADIUS)
    above = nextafter(float(most), inf)
    asked = {"subject": net.hash, "centre": centre, "radius": RADIUS, "value": above, "polynomial": False, "bits": 128}
    return OneCriticalPoint(**asked | changed)


def refused(certificate, net, match):
    with pytest.raises(NotShown, match=match):
        issue(certificate, net)


class TestLeastSquares:
    def test_the_point(self):
        """Its distance is that of the weight that moves most, and the radius."""
        net = regression(weights=(Fraction(17, 14), Fraction(5, 14)))
        exact = (Fraction(9, 7), Fraction(2, 7))
        assert solution(net) == exact
        high = Fraction(1, 14) + Fraction(RADIUS)
        assert issue(point(net), net).statement.value >= high
        low = float(high)
        while Fraction(low) >= high:
            low = nextafter(low, 0)
        refused(point(net, value=low), net, "farther away")
        off = (exact[0], exact[1] + Fraction(1, 2**10))
        refused(point(net, centre=off, value=1.0), net, "Krawczyk")
        issue(point(net, centre=off, value=1.0, radius=2.0**-9), net)
        for changed in ({"radius": 0.0}, {"radius": -1.0}, {"radius": inf}, {"value": inf}, {"value": nan}, {"centre": exact[:1]}):
            refused(point(net, **changed), net, "finite radius")
        refused(point(net, subject="0" * 64), net, "another network")

    def test_equal_inputs_have_no_such_point(self):
        """Where the Hessian is singular, no box is shown to hold one alone."""
        flat = regression(inputs=((1, 1), (1, 1)), targets=((1,), (1,)))
        refused(point(flat, centre=(Fraction(1), Fraction(0))), flat, "Krawczyk")

    def test_alone(self):
        """The radius holds all that is so near to the point, wherever in its box that lies."""
        net = regression()
        known = issue(point(net), net)
        assert issue(AloneThere(known, 1.0, 1.0 - RADIUS, 128), net).statement.value == 1.0 - RADIUS
        refused(AloneThere(known, 1.0, nextafter(1.0 - RADIUS, 1), 128), net, "holds all")
        for radius, value in ((inf, 0.5), (1.0, inf), (1.0, nan)):
            refused(AloneThere(known, radius, value, 128), net, "holds all")

    def test_index(self):
        """The rows of a matrix are added up without their own entry; whatever is not larger than that is not shown."""
        net = regression()
        known = issue(point(net), net)  # A'A is [[3, 4], [4, 10]]
        refused(IndexThere(known, 0, IDENTITY, 128), net, "sign of an eigenvalue")
        turn = ((Fraction(1), Fraction(-4, 3)), (Fraction(0), Fraction(1)))
        assert issue(IndexThere(known, 0, turn, 128), net).statement.value == 0
        for value in (1, False):
            refused(IndexThere(known, value, turn, 128), net, "negative eigenvalues")
        refused(IndexThere(known, 0, ((Fraction(1), Fraction(1)), (Fraction(1), Fraction(1))), 128), net, "singular")
        for wrong in (turn[:1], tuple(row[:1] for row in turn)):
            refused(IndexThere(known, 0, wrong, 128), net, "square")

    def test_loss(self):
        """2/7 is left, at a point that is known up to the radius."""
        net = regression()
        known = issue(point(net), net)
        rest = sum((y[0] - x[0] * Fraction(9, 7) - x[1] * Fraction(2, 7)) ** 2 for x, y in zip(net.inputs, net.targets, strict=True))
        assert rest == Fraction(2, 7)
        around, wide = float(rest), 2.0**-14
        assert issue(LossThere(known, around - wide, around + wide, 128), net).statement.value == [around - wide, around + wide]
        for low, high in ((around, around + wide), (around - wide, around), (-inf, 1.0), (0.0, inf)):
            refused(LossThere(known, low, high, 128), net, "interval")
