"""Paths to special parameters: what becomes of each is known beforehand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from neurovariety.homotopy import End, SpecialEnds, System, confirmed_ends, special_ends

IDENTITY = System.build(lambda x, p: [x[0] * 1], 1).values


def ends_of(function, starts, seed=0):
    """What becomes of the solutions ``starts`` of function(x, t) = 0 at t = 1."""
    system = System.build(lambda x, p: [function(x[0], p[0])], 1, 1)
    return special_ends(system, np.array(starts, dtype=complex)[:, None], IDENTITY, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(10))
def test_every_kind(seed):
    """x (t x - 1) (x - 2) ((x - 1)^2 - t (1 + t)): two regular ends, two that merge, one that diverges."""
    roots = [0, 1, 2, 1 + np.sqrt(2), 1 - np.sqrt(2)]
    found = ends_of(lambda x, t: x * (t * x - 1) * (x - 2) * ((x - 1) * (x - 1) - t * (1 + t)), roots, seed)
    assert Counter(found.kinds) == {End.REGULAR: 2, End.AT_INFINITY: 1, End.SINGULAR: 2}
    assert sorted(found.limits[found.of(End.REGULAR)].real.ravel().round(9)) == [0, 2]
    assert np.abs(found.limits[found.of(End.SINGULAR)] - 1).max() < 1e-6
    assert len(found.distinct(End.SINGULAR)) == 1
    assert set(found.winding[found.of(End.SINGULAR)]) == {2}


@pytest.mark.parametrize("power", [1, 2, 3])
def test_slow_growth_is_seen(power):
    """t x^power = 1 + t: all paths diverge like t^(-1/power)."""
    roots = 2 ** (1 / power) * np.exp(2j * np.pi * np.arange(power) / power)
    found = ends_of(lambda x, t: t * x**power - 1 - t, roots)
    assert Counter(found.kinds) == {End.AT_INFINITY: power}


def test_the_image_converges_where_the_unknown_does_not():
    """The unknown diverges, its reciprocal tends to 0: with the reciprocal as the image the end is singular, not at infinity."""
    system = System.build(lambda x, p: [p[0] * x[0] - 1], 1, 1)
    image = System.build(lambda x, p: [1 / x[0]], 1).values
    found = special_ends(system, np.ones((1, 1), dtype=complex), image, np.random.default_rng(0))
    assert found.kinds == [End.SINGULAR]
    assert abs(found.limits[0, 0]) < 1e-9


def passing(*limits):
    """A pass with one regular end for each number, and a singular one for each None."""
    kinds = [End.SINGULAR if x is None else End.REGULAR for x in limits]
    values = np.array([[0 if x is None else x] for x in limits], dtype=complex)
    return SpecialEnds(kinds, values, values, np.ones(len(limits), dtype=np.int64))


@pytest.mark.parametrize(
    ("passes", "taken", "confirmed"),
    [
        ([(1, 2, 3)], 1, True),  # all regular: one pass is enough
        ([(1, 2, None), (1, 2, None)], 2, True),
        ([(1, 2, None), (1, 2, 3)], 2, True),  # a regular end was taken for a singular one
        ([(1, None, None), (1, 2, None), (1, 2, None)], 3, True),
        ([(1, None, None), (2, None, None), (1, 2, None), (2, 1, None)], 4, True),
        ([(1, 1, None), (1, 2, None), (1, 2, None)], 3, True),  # two paths at one regular end: one has jumped
        ([(1, None, None), (2, None, None), (3, None, None), (4, None, None), (5, None, None)], 5, False),
    ],
)
def test_ends_that_are_not_all_regular_need_two_passes_that_agree(passes, taken, confirmed):
    done = []

    def one_pass(number):
        done.append(number)
        return passing(*passes[number])

    ends, sure = confirmed_ends(one_pass)
    assert (len(done), sure) == (taken, confirmed)
    found = {complex(ends.limits[k, 0]).real for k in ends.distinct(End.REGULAR)}
    if confirmed:
        assert found == {x for other in passes for x in other if x is not None}


def test_no_more_passes_when_the_budget_is_used_up():
    ends, sure = confirmed_ends(lambda number: passing(1, 2, None), lambda: True)
    assert not sure
    assert len(ends.distinct(End.REGULAR)) == 2
