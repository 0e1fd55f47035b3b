"""Places with too few or too many numbers, which nothing but the pairing refuses; and coefficients of several terms."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest

from neurovariety.certificates.fiber_at_weights import LocalSlice, Steps
from neurovariety.certificates.functions import Equation
from neurovariety.certificates.hilbert_function import FormsPlace
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.regions_of_data import held
from neurovariety.certificates.stored_positions import PositionFacts

from .changes import REFUSALS
from .stored_programs import HALF, LINE, MATRICES, POINTS, SQUARES, WIDE, P, at, expanded, mod, rank, stored, weights

ZERO = Fraction(0)
SUMMED = stored(
    3,
    2,
    (((1, ((0, 1), (2, 1), (3, 1))), (1, ((1, 1), (2, 1), (3, 1))), (3, ((0, 1), (1, 1), (4, 1)))), ((2, ((2, 2), (4, 1))),)),
    (5, 6),
)
"""(a c + b c) x + 3 a b y and 2 c^2 y."""
SHIFTED = stored(1, 1, (((1, ((0, 1), (1, 1))), (1, ((1, 1),))),), (2,))
"""(a + 1) x."""


@pytest.mark.parametrize("more", [-1, 1])
def test_other_numbers_than_there_are(more):
    def numbers(count):
        return (HALF,) * (count + more)

    one, x = (((0, HALF),), ((2, HALF),)), np.array(POINTS)
    steps = np.ones(2 + more, dtype=int)
    plane = np.array([[1], [0], [0], [0]])
    weights_of = np.arange(1, 5 + more)
    for asked in (
        lambda: MATRICES.stays((ZERO,) * 4, one, Steps(P, steps, x, np.zeros(0))),
        lambda: MATRICES.swept_rank((ZERO,) * 4, one, Steps(P, steps, x, np.zeros(0))),
        lambda: MATRICES.local_dimension(LocalSlice(numbers(4), plane, x, ()), 1, P),
        lambda: MATRICES.function_at_surds(numbers(4), (HALF,) * 4, Fraction(2)),
        lambda: MATRICES.function_at_surds((HALF,) * 4, numbers(4), Fraction(2)),
        lambda: MATRICES.coefficient_balls((0,), [flint.arb(1)] * (4 + more), (0,)),
        lambda: MATRICES.equations_rank((Equation(2, (((0, 3), 1), ((1, 2), -1))),), P, weights_of),
        lambda: MATRICES.gradient_fields((numbers(2),)),
        lambda: MATRICES.coefficients_rank(P, weights_of),
        lambda: MATRICES.function_at(numbers(4)),
    ):
        with pytest.raises(REFUSALS):
            asked()


def test_directions_one_of_which_is_not_there():
    for direction in (((0, HALF), (4, HALF)), ((-1, HALF), (0, HALF))):
        with pytest.raises(NotShown, match="not there"):
            MATRICES.is_constant((ZERO,) * 4, (direction,))
    back = Steps(P, np.array([1]), np.zeros((1, 0)), np.zeros(0))
    assert LINE.stays((Fraction(1),), (((0, Fraction(-2)),),), back)  # from 1 to -1, of which the squares are the same
    assert not LINE.stays((Fraction(1),), (((0, Fraction(2)),),), back)
    facts = PositionFacts((), (), "")
    with pytest.raises(ValueError, match="one kind"):
        replace(MATRICES, facts=(facts, facts))
    sums = (((1, ((0, 1), (1, 1), (4, 1))), (1, ((2, 1), (3, 1), (4, 1)))),)
    crossing = [(0, 0, 2, 1), (0, 3, 1, -1)]
    two = stored(4, 1, sums, (5,), crossing, blocks=((2,), (2,)))
    assert two.stated_maps_rank("all", P) == 1
    with pytest.raises(NotShown, match="no map of the ansatz"):
        two.stated_maps_rank("block-diagonal", P)


def test_coefficients_of_several_terms():
    assert SHIFTED.proportional_sums() == [1]
    found = expanded(SUMMED)
    assert SUMMED.coefficient_names == tuple(found)
    for rational, root in (((HALF, ZERO, Fraction(2)), (Fraction(1), HALF, ZERO)), ((ZERO, HALF, HALF), (HALF, HALF, HALF))):
        pairs = SUMMED.function_at_surds(rational, root, Fraction(4))
        for key, terms in found.items():
            plus, minus = (at(terms, [a + s * b for a, b in zip(rational, root, strict=True)]) for s in (2, -2))
            assert pairs.get(key, (0, 0)) == ((plus + minus) / 2, (plus - minus) / 4)
    drawn = weights(SUMMED, 60)
    assert SUMMED.is_cone()
    assert SUMMED.form_variables == 3
    for degree in (1, 2, 3):
        place = FormsPlace(degree, (0, 1, 2), WIDE, np.array(drawn))
        z = [[mod(at(t, w), WIDE) for t in found.values()] for w in drawn]
        powers = [(i, j, degree - i - j) for i in range(degree + 1) for j in range(degree + 1 - i)]
        rows = [[row[0] ** i * row[1] ** j * row[2] ** k % WIDE for i, j, k in powers] for row in z]
        assert SUMMED.forms_rank(place) == rank(rows, WIDE)


def test_gradients_and_members_where_1_is_a_variable():
    """At (1, 1) of the squares: z0 + z1 z2 has the gradient (1, 1, 2) where its first term is multiplied by 1."""
    mixed, plain = Equation(2, (((0, 5), 1), ((1, 2), 1))), Equation(1, (((0,), 1), ((1,), 1), ((2,), 2)))
    assert SQUARES.equations_rank((mixed, plain), P, np.array([1, 1])) == 1
    names = SQUARES.coefficient_names
    every = dict(zip(names, map(Fraction, (1, 5, 7, 3, 2)), strict=True))
    assert SQUARES.spanned_by((0, 1, 2, 4), every)
    assert SQUARES.spanned_by((0, 1, 2, 4), {names[1]: Fraction(5)})
    assert not SQUARES.spanned_by((0, 1, 2, 4), {names[0]: Fraction(5)})


def test_regions_with_most_inputs_come_first():
    assert list(held(np.array([3, 1, -1, 3, 2, 2, 3, 7])).items()) == [("3", 3), ("2", 2), ("1", 1), ("7", 1)]
    assert held(np.array([-1, -1])) == {}
