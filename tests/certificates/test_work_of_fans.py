"""How much work the normal fans of a file may be: at the very number they are followed, below it they are refused.

The faces of a cone are counted as they are found, so that a file with few hyperplanes and very many faces is given up in time.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import comb

import pytest

from neurovariety.certificates import cell_facets, newton_fans
from neurovariety.certificates.cell_facets import lattice_of_faces
from neurovariety.certificates.newton_fans import normal_fan, slopes_of, sums_of
from neurovariety.certificates.zeros import NotShown

SQUARE = {(k,): p for k, p in enumerate([(0, 0), (0, 2), (1, 1), (2, 0), (2, 2)])}
CORNERS = [(0,), (1,), (3,), (4,)]
SIDES = [(-1, 0), (0, -1), (0, 1), (1, 0)]


def of_cube(n):
    """The vertices of a cube of n dimensions that lie on each of its facets, as bits."""
    corners = list(product((0, 1), repeat=n))
    return [sum(1 << k for k, c in enumerate(corners) if c[i] == side) for i in range(n) for side in (0, 1)], (1 << 2**n) - 1


def test_rays_and_points(monkeypatch):
    found = normal_fan(SQUARE, CORNERS, SIDES)
    assert (found.f_vector, found.cones) == ((4, 4), ((0, 1), (0, 2), (1, 3), (2, 3)))
    monkeypatch.setattr(newton_fans, "_MOST_STEPS", 4 * 5 * 2)
    assert normal_fan(SQUARE, CORNERS, SIDES) == found
    monkeypatch.setattr(newton_fans, "_MOST_STEPS", 4 * 5 * 2 - 1)
    with pytest.raises(NotShown, match="too many points and facets"):
        normal_fan(SQUARE, CORNERS, SIDES)


def test_sums(monkeypatch):
    g = [tuple(map(Fraction, (0, *p))) for p in SQUARE.values()]
    fan = normal_fan(slopes_of(g), CORNERS, SIDES)
    monkeypatch.setattr(newton_fans, "_MOST_STEPS", 4 * 4 * 3)
    assert len(sums_of(g, g, fan, fan)) == 16
    monkeypatch.setattr(newton_fans, "_MOST_STEPS", 4 * 4 * 3 - 1)
    with pytest.raises(NotShown, match="too many points"):
        sums_of(g, g, fan, fan)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_faces_of_cubes(n):
    planes, whole = of_cube(n)
    assert [len(level) for level in lattice_of_faces(planes, whole, n + 1)] == [2 ** (n - i) * comb(n, i) for i in range(n)]


def test_faces(monkeypatch):
    """A square: it and its four sides are cut by four lines each, and each cut is compared with those before it."""
    planes, whole = of_cube(2)
    steps = 4 + (0 + 1 + 2 + 3) + 4 * (4 + (0 + 1))
    monkeypatch.setattr(cell_facets, "_MOST_STEPS", steps)
    assert [len(level) for level in lattice_of_faces(planes, whole, 3)] == [4, 4]
    monkeypatch.setattr(cell_facets, "_MOST_STEPS", steps - 1)
    with pytest.raises(NotShown, match="too many faces"):
        lattice_of_faces(planes, whole, 3)


def test_many_faces_are_given_up(monkeypatch):
    """All sets of 26 rays, from 26 hyperplanes that a file can name in a line."""
    monkeypatch.setattr(cell_facets, "_MOST_STEPS", 2 * 10**5)
    planes = [((1 << 26) - 1) ^ (1 << k) for k in range(26)]
    with pytest.raises(NotShown, match="too many faces"):
        lattice_of_faces(planes, (1 << 26) - 1, 26)
