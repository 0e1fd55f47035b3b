"""Boxes and coordinates in which regions are counted, each condition at both sides; and faces of cells against a brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest

from neurovariety.certificates.cell_domains import CellDomain, rank
from neurovariety.certificates.cell_facets import _Faces, _is_simple, spans
from neurovariety.certificates.piecewise_forms import piecewise_forms
from neurovariety.certificates.zeros import NotShown

from .test_edges_of_float_bounds import activation, chain

F = Fraction
ROWS = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [1.0, 1.0, 3.0]])
"""Of rank 2: any two coordinates tell inputs apart as units do."""


@pytest.fixture(scope="module")
def whole():
    nodes = (("linear", {"weight": "w"}, {}), activation(function="relu"), ("linear", {"weight": "v"}, {}))
    return piecewise_forms(chain(*nodes, inputs=(3,), weights={"w": ROWS, "v": np.ones((1, 3))}))


def holds(domain, whole):
    try:
        return domain.of(whole).inputs
    except NotShown:
        return None


def test_coordinates(whole):
    for columns in product(range(-1, 4), repeat=2):
        assert holds(CellDomain(columns), whole) == (2 if columns in ((0, 1), (0, 2), (1, 2)) else None), columns
    for columns in ((), (0,), (2,), (0, 1, 2), (3,), (-1,), (-1, 0, 1), (0, 1, 3)):
        assert holds(CellDomain(columns), whole) is None


def test_boxes(whole):
    low, high = (F(0), F(-1), F(1, 2)), (F(1), F(2), F(3, 4))
    every = (0, 1, 2)
    assert CellDomain(every, low, high).of(whole) is whole
    assert not CellDomain(every).is_box
    for k in range(3):
        flat = tuple(low[i] if i == k else v for i, v in enumerate(high))
        assert holds(CellDomain(every, low, flat), whole) is None
        assert holds(CellDomain(every, flat, low), whole) is None
    for columns, one, two in (
        ((0, 1), low, high),
        (every, low[:2], high[:2]),
        (every, low, high[:2]),
        (every, low, ()),
        (every, (), high),
    ):
        assert CellDomain(columns, one, two).is_box
        assert holds(CellDomain(columns, one, two), whole) is None
    assert CellDomain(every, low, high).words == ("for inputs in the box 0 to 1, -1 to 2, 1/2 to 3/4",)
    assert CellDomain((0, 1)).words == ()


def test_sides_of_a_box():
    """The signs of t, of x - low t and of high t - x."""
    box = CellDomain((0, 1), (F(-1, 2), F(0)), (F(1), F(2, 3)))
    rays = [list(r) for r in product((-1, 0, 2, 3), (-1, 0, 1, 2), (-3, 0, 2))]
    signs = [np.sign([float(v) for v in (t, x + F(t, 2), y, t - x, F(2 * t, 3) - y)]).tolist() for t, x, y in rays]
    assert box.faces(rays).tolist() == signs
    assert CellDomain((0,)).faces([[1, 2], [0, 1], [-1, 0]]).tolist() == [[1], [0], [-1]]


def test_ranks():
    rows = [[F(1), F(2)], [F(2), F(4)], [F(0), F(1, 3)]]
    assert [rank(rows[:k]) for k in range(4)] == [0, 1, 1, 2]
    assert rank([[], []]) == 0


def test_places_one_after_another():
    assert spans(np.array([5, 0, 7]), np.array([2, 3, 0])).tolist() == [5, 6, 0, 1, 2]


CUBE = [sum(1 << k for k, v in enumerate(product((0, 1), repeat=3)) if v[i] == side) for i in range(3) for side in (0, 1)]
PYRAMID = [0b01111, 0b10011, 0b10110, 0b11100, 0b11001]
PRISM = [0b000111, 0b111000, 0b011011, 0b110110, 0b101101]


@pytest.mark.parametrize(
    ("planes", "rays", "simple"), [(CUBE, 8, True), (PYRAMID, 5, False), (PRISM, 6, True), ([0b011, 0b110, 0b101], 3, False)]
)
def test_facets_of_a_cell(planes, rays, simple):
    """Of cones over a cube, a pyramid, a prism; a hyperplane less is noticed, one that cuts a smaller face is not a facet."""
    whole = (1 << rays) - 1
    assert _is_simple(planes, whole, 3) is simple
    if rays == 3:  # a triangle, of one dimension less
        assert _is_simple(planes, whole, 2)
        assert sorted(_Faces(planes).facets(whole, 3)) == sorted(planes)
        planes, whole = [0b0111, 0b1011, 0b1101, 0b1110], 0b1111
    assert sorted(_Faces(planes).facets(whole, 4)) == sorted(planes)
    edge = next(a & b for a, b in combinations(planes, 2) if (a & b).bit_count() == 2)
    assert sorted(_Faces([*planes, edge]).facets(whole, 4)) == sorted(planes)
    for k in range(len(planes)):
        less = planes[:k] + planes[k + 1 :]
        assert not _is_simple(less, whole, 3)
        with pytest.raises(NotShown):
            _Faces(less).facets(whole, 4)
    for wrong in (3, 5, 1):
        with pytest.raises(NotShown):
            _Faces(planes).facets(whole, wrong)


def test_rays_and_planes():
    assert _is_simple([], 1, 0)
    assert not _is_simple([], 3, 0)
    assert _is_simple([1, 2], 3, 1)
    assert not _is_simple([1], 3, 1)
    assert _Faces([]).facets(1, 1) == []
    assert sorted(_Faces([1, 2]).facets(3, 2)) == [1, 2]
    for planes, face, at in (([], 3, 1), ([1, 2, 4], 7, 2), ([1], 3, 2)):
        with pytest.raises(NotShown):
            _Faces(planes).facets(face, at)
