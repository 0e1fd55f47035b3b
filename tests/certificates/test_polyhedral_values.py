"""Polyhedral distances at exact weights against plain sums, and the sizes, lists and faces that they are refused for."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety.certificates.functions import Coefficients
from neurovariety.certificates.polyhedral_distance import DistanceOfNetworks
from neurovariety.certificates.zeros import NotShown

from .agreeing_models import agreeing, premise

NAMES = (0, (1,)), (0, (2,)), (0, (3,))
FIRST, SECOND, THIRD = NAMES


def model(function):
    return agreeing(Coefficients, coefficient_names=NAMES, function_at=lambda weights: function)


def distance(function, **changes):
    """Of 3 coefficients as 4 values; the norm sees two of these, and one must stay."""
    given = {
        "functions": model(function),
        "kind": "l1",
        "matrix": np.array([[1.0, 0.5, 0, 0], [0, -2, 0.25, 0]]),
        "fixed": np.array([[0.0, 0, 0, 1]]),
        "target": np.array([1.0, 2, 3, 5]),
        "divisor": 3.0,
        "names": NAMES,
        "evaluated": np.array([[1.0, 0, 0], [1, 1, 0], [0, 0, 2], [0, 0, 1]]),
        "unit": 2,
        "lists": ("list",),
        "posed": (None,),
        "zero": True,
        "singular": "",
    }
    return DistanceOfNetworks(**{**given, **changes})


FITS = {FIRST: Fraction(1, 2), SECOND: Fraction(7, 3), THIRD: Fraction(5)}


@pytest.mark.parametrize("unit", [-1, 0, 2])
@pytest.mark.parametrize("kind", ["l1", "linf"])
def test_distances_at_weights(kind, unit):
    found = distance(FITS, kind=kind, unit=unit)
    y = found.evaluated @ np.array([float(FITS[n]) for n in NAMES])
    errors = np.abs(found.matrix @ (y - found.target))
    expected = (errors.sum() if kind == "l1" else errors.max()) / 3 * 2.0**unit
    high = float(found.highest((1.0, 1.0)))
    assert expected * (1 - 1e-14) <= high <= expected * (1 + 1e-14)


def test_what_must_stay_and_what_is_no_coefficient():
    with pytest.raises(NotShown, match="must be 0"):
        distance({**FITS, THIRD: Fraction(6)}).highest((1.0, 1.0))
    with pytest.raises(NotShown, match="not among"):
        distance({**FITS, (1, (1,)): Fraction(0)}).highest((1.0, 1.0))
    missing = distance({FIRST: Fraction(1), THIRD: Fraction(5)}).highest((1.0, 1.0))  # what is not there is 0
    assert np.isclose(float(missing), (abs(0 - 0.5) + abs(2 + 0.25 * 7)) / 3 * 4, rtol=1e-14)


def test_the_function_zero():
    """It counts where it is a stratum, and what must stay is then 0 already."""
    assert distance(FITS).beside() == []
    (low,) = distance(FITS, target=np.array([1.0, 2, 3, 0])).beside()
    assert np.isclose(float(low), (2 + 3.25) / 3 * 4, rtol=1e-14)
    assert bool(low <= 7)
    assert distance(FITS, target=np.array([1.0, 2, 3, 0]), zero=False).beside() == []


def test_sizes():
    distance(FITS, posed=(None, None), lists=("a", "b"))
    for changes in (
        {"matrix": np.ones((2, 3))},
        {"fixed": np.ones((1, 3))},
        {"evaluated": np.ones((4, 2))},
        {"evaluated": np.ones((3, 3))},
        {"names": NAMES[:2]},
        {"target": np.ones(3)},
        {"divisor": 0.0},
        {"divisor": -1.0},
        {"divisor": float("nan")},
        {"lists": ("a", "b")},
        {"lists": ()},
    ):
        with pytest.raises(ValueError, match="other sizes"):
            distance(FITS, **changes)


def test_names_of_a_distance():
    """What is another distance has another name."""
    own = distance(FITS)
    others = [
        {"kind": "linf"},
        {"matrix": own.matrix + 1},
        {"fixed": own.fixed + 1},
        {"target": own.target + 1},
        {"divisor": 4.0},
        {"names": (NAMES[1], NAMES[0], NAMES[2])},
        {"evaluated": own.evaluated + 1},
        {"unit": 3},
        {"lists": ("other",)},
        {"zero": False},
        {"singular": "x"},
    ]
    names = [own.hash, *(replace(own, **changes).hash for changes in others)]
    assert len(set(names)) == len(names)
    assert replace(own).hash == own.hash


def test_lists_without_a_face():
    with pytest.raises(NotShown, match="signs on a face"):
        distance(FITS).lowest(0, premise("critical points", 1))
