"""Zeros in doubles, at higher precision and clusters beside one another: what is said of each, at both sides of where it begins."""

from __future__ import annotations

from math import inf, log2

import flint
import numpy as np
import pytest

from neurovariety.certificates.account import FloatZeros, Shown, Zeros, _above, _double, _log2
from neurovariety.certificates.float_balls import Boxes
from neurovariety.certificates.gaussian import exact
from neurovariety.certificates.zeros import ClusterZero, SimpleZero


def arbs(*values):
    return [flint.arb(v) for v in values]


def shown(floats=(), fine=(), clusters=()):
    """Each zero as ((x_0, x_1), (r_0, r_1)); clusters with a number as well."""
    centres = np.array([z for z, _ in floats], dtype=complex).reshape(-1, 2)
    near = np.array([r for _, r in floats], dtype=float).reshape(-1, 2)
    own = tuple(SimpleZero(tuple(map(flint.acb, z)), (), (), 128) for z, _ in fine)
    many = tuple(ClusterZero(tuple(map(flint.acb, z)), (), (), (), (), flint.arb(1), flint.arb(1), n, 128) for z, _, n in clusters)
    zeros = Zeros((exact(1), exact(0)), FloatZeros(centres, np.zeros((len(centres), 2, 2), dtype=complex)), own, many)
    boxes = Boxes(near, near, np.ones(len(near), dtype=bool))
    return Shown(zeros, boxes, [arbs(*r) for _, r in fine], [arbs(*r) for _, r, _ in clusters])


TINY = 2.0**-300
"""What doubles beside 1 do not tell from 0."""


def test_each_kind_in_its_place():
    found = shown([((1, 2), (0.5, 0.25))], [((2, 6), (0.125, 0.5))], [((4, 4j), (0.25, 1), 3)])
    assert found.multiplicities == [1, 1, 3]
    assert found.centres.tolist() == [[1, 2], [2, 6], [4, 4j]]
    assert found.radii[0].tolist() == [0.5, 0.25]
    assert found.radii[1:] == pytest.approx(np.array([[0.125, 0.5], [0.25, 1]]), rel=1e-11)
    assert (found.radii[1:] > [[0.125, 0.5], [0.25, 1]]).all()
    assert found.affine().tolist() == [[2], [3], [1j]]
    expected = [(0.25 + 2 * 0.5) / 0.5, (0.5 + 3 * 0.125) / 1.875, (1 + 0.25) / 3.75]
    assert found.affine_radii() == pytest.approx(expected, rel=1e-10)
    assert (found.affine_radii() >= expected).all()
    assert (found.finite_count(), found.finite_count(simple=True)) == (5, 2)
    assert found.value(10.0) == {"simple": 2, "clusters": (3,), "at_infinity": 0, "at_infinity_or_larger": 0, "log2_larger_than": None}


@pytest.mark.parametrize(
    ("centre", "radius", "finite"), [(TINY, TINY / 2, True), (TINY, TINY, False), (TINY, 2 * TINY, False), (0, 0, False)]
)
def test_finite_at_the_precision_of_each(centre, radius, finite):
    """Those that are not shown in doubles are looked at as they are; those in doubles have to be away by a little more."""
    fine, cluster = shown(fine=[((centre, 1), (radius, 0))]), shown(clusters=[((centre, 1), (radius, 0), 2)])
    assert fine.finite.tolist() == cluster.finite.tolist() == [finite]
    assert shown([((1, 1), (1 - 2.0**-40, 0))]).finite.tolist() == [True]
    assert shown([((1, 1), (1 - 2.0**-50, 0))]).finite.tolist() == [False]
    if not finite and radius:
        size = log2(1 / (centre + radius))
        assert fine.log2_sizes() == pytest.approx([size], abs=0.6)
        assert fine.affine()[0, 0] == (inf if centre == 0 else 1 / TINY)


def test_sizes_at_the_bound():
    """A zero that is larger than every finite one may be is at infinity; one of just that size need not be."""
    found = shown([((0, 1), (0.25, 0))], clusters=[((0, 1), (2.0**-20, 0), 4), ((1, 1), (0, 0), 2)])
    one, four = found.log2_sizes()
    assert (one, four) == pytest.approx((1.5, 19.5), abs=1e-7)  # a disc lies in a square
    nothing = {"simple": 0, "clusters": (2,)}
    assert found.value(30.0) == nothing | {"at_infinity": 0, "at_infinity_or_larger": 5, "log2_larger_than": int(one)}
    assert found.value(four) == nothing | {"at_infinity": 0, "at_infinity_or_larger": 5, "log2_larger_than": int(one)}
    assert found.value(19.0) == nothing | {"at_infinity": 4, "at_infinity_or_larger": 1, "log2_larger_than": int(one)}
    assert found.value(one) == nothing | {"at_infinity": 4, "at_infinity_or_larger": 1, "log2_larger_than": int(one)}
    assert found.value(1.0) == nothing | {"at_infinity": 5, "at_infinity_or_larger": 0, "log2_larger_than": None}
    large = shown([((0, 0.25), (1, 0))])
    assert large.log2_sizes() == pytest.approx([-2.5])
    assert large.value(10.0)["log2_larger_than"] == 0


def test_apart_at_the_precision_of_both():
    """In doubles they are one place; as they are they differ in a coordinate by more, or less, than their radii."""
    for other, apart in ((TINY, True), (TINY / 4, False)):
        pair = [((1, 0), (0, TINY / 8)), ((1, other), (0, TINY / 8))]
        assert (shown(fine=pair).meetings() == []) is apart
        assert (shown(fine=pair[:1], clusters=[(*pair[1], 2)]).first_meeting() is None) is apart
        assert (shown(pair[:1], pair[1:]).meetings() == []) is apart
    assert shown(fine=[((1, 0), (0, TINY)), ((1, TINY), (0, TINY))]).meetings() == [(0, 1)]


def test_small_functions():
    assert [_log2(flint.arb(v)) for v in (8, 0, -1)] == pytest.approx([3, 0, 0])
    assert _log2(flint.arb(8, 4)) <= 2
    assert _double(flint.acb(1.5, -2)) == 1.5 - 2j
    assert 0.25 < _above(flint.arb(0.25)) < 0.25 * (1 + 1e-14)
    assert 0 < _above(flint.arb(0)) < 1e-299
