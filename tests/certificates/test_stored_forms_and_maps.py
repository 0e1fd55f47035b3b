"""What a stored program answers on equations, forms and linear maps of its weights, against elimination over all of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement
from math import prod

import numpy as np
import pytest

from neurovariety.certificates.fiber_at_weights import Steps
from neurovariety.certificates.functions import Equation
from neurovariety.certificates.hilbert_function import FormsPlace
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.known_equations import WeightsPlace
from neurovariety.certificates.linear_symmetries import MapsPlace
from neurovariety.certificates.stored_coefficients import NotStored

from .kept_numbers import check_kept, digits
from .stored_programs import (
    ALL,
    GENERAL,
    HALF,
    LINE,
    MATRICES,
    POINTS,
    RATIONAL,
    SCALED,
    SQUARES,
    THIRD,
    WIDE,
    P,
    at,
    expanded,
    jacobian,
    mod,
    rank,
    weights,
)

DETERMINANT = Equation(2, (((0, 3), 1), ((1, 2), -1)))
CONIC = Equation(2, (((1, 1), 1), ((0, 2), -4)))
TWICE = Equation(1, (((0,), 3), ((3,), -1)))
CONSTANT = Equation(1, (((4,), 2), ((5,), -1)))


def test_equations():
    assert MATRICES.vanishes(DETERMINANT)
    assert not MATRICES.vanishes(Equation(2, (((0, 3), 1), ((1, 2), 1))))
    for equation in (CONIC, TWICE, CONSTANT):
        assert SQUARES.vanishes(equation)
    assert SQUARES.coefficient_names == ((0, (2, 0)), (0, (1, 1)), (0, (0, 2)), (1, (1, 0)), (1, (0, 0)))
    for own, equations in ((MATRICES, [DETERMINANT]), (SQUARES, [CONIC, TWICE, CONSTANT])):
        for equation in equations:
            for p in (P, WIDE):
                assert own.vanishes_at(equation, WeightsPlace(p, np.array(weights(own, 3))))
                other = Equation(equation.degree, ((equation.terms[0][0], equation.terms[0][1] + 1), *equation.terms[1:]))
                assert not own.vanishes_at(other, WeightsPlace(p, np.array(weights(own, 3))))
                off = Equation(equation.degree, ((equation.terms[0][0], equation.terms[0][1] + p), *equation.terms[1:]))
                assert own.vanishes_at(off, WeightsPlace(p, np.array(weights(own, 3))))
    with pytest.raises(NotShown):
        MATRICES.vanishes_at(DETERMINANT, WeightsPlace(P, np.zeros((2, 3), dtype=int)))
    with pytest.raises(NotShown):
        MATRICES.vanishes_at(DETERMINANT, WeightsPlace(P, np.zeros(4, dtype=int)))


def gradients(own, equations, w):
    """Of equations at the function, by the coordinates."""
    z = [*(at(terms, w) for terms in expanded(own).values()), Fraction(1)]
    rows = []
    for e in equations:
        row = []
        for i in range(len(z) - 1):
            total = Fraction(0)
            for term, c in e.terms:
                without = list(term)
                if i in without:
                    without.remove(i)
                    total += c * term.count(i) * prod((z[j] for j in without), start=Fraction(1))
            row.append(total)
        rows.append(row)
    return rows


def test_gradients_of_equations():
    cube = Equation(3, (((0, 0, 1), 1), ((1, 2, 4), 3), ((4, 4, 4), -1)))
    for own, equations in (
        (MATRICES, (DETERMINANT,)),
        (SQUARES, (CONIC, TWICE, CONSTANT)),
        (SQUARES, (CONIC, CONIC)),
        (SQUARES, (cube, CONIC, Equation(2, (((0, 5), 1), ((1, 1), 2))))),
        (MATRICES, (cube, DETERMINANT)),
    ):
        for w in ([0, 0, 0, 0], [1, 2, 0, 0], [1, 2, 3, 4], [0, 1, 0, -1]):
            w = w[: own.parameters]
            assert own.equations_rank(equations, P, np.array(w)) == rank(
                [[mod(v, P) for v in r] for r in gradients(own, equations, w)], P
            )
    assert MATRICES.equations_rank((), P, np.array([1, 2, 3, 4])) == 0


def variables(own):
    """The coordinates as polynomials, and 1 where the functions are no cone."""
    names = list(expanded(own).values())
    return names if own is MATRICES or own is LINE else [*names, {(0,) * own.parameters: Fraction(1)}]


@pytest.mark.parametrize("own", [MATRICES, SQUARES, LINE], ids=["matrices", "squares", "line"])
def test_forms(own):
    """Ranks of all forms of a degree at functions, which are sorted by weights there and not here."""
    found = variables(own)
    assert own.form_variables == len(found)
    drawn = weights(own, 60)
    for kept in (range(len(found)), range(len(found) - 1), [0, len(found) - 1]):
        for degree in (1, 2, 3):
            rows = [[prod(at(found[i], w) for i in t) for t in combinations_with_replacement(kept, degree)] for w in drawn]
            place = FormsPlace(degree, tuple(kept), WIDE, np.array(drawn))
            assert own.forms_rank(place) == rank([[mod(v, WIDE) for v in row] for row in rows], WIDE)
    assert own.forms_rank(FormsPlace(1, (0,), P, np.ones((1, own.parameters), dtype=int))) == 1
    few = FormsPlace(2, tuple(range(len(found))), WIDE, np.array(drawn[:2]))
    assert own.forms_rank(few) <= 2 * len(found) ** 2


def multiples(equations, kept, degree):
    out = []
    for e in equations:
        if 1 < e.degree <= degree:
            for extra in combinations_with_replacement(kept, degree - e.degree):
                row = {}
                for term, c in e.terms:
                    key = tuple(sorted((*term, *extra)))
                    row[key] = row.get(key, 0) + c
                out.append(row)
    terms = sorted({t for row in out for t in row})
    return [[row.get(t, 0) for t in terms] for row in out]


@pytest.mark.parametrize(
    ("own", "equations"),
    [
        (MATRICES, (DETERMINANT,)),
        (MATRICES, (DETERMINANT, Equation(2, (((0, 0), 1), ((1, 2), -1))))),
        (MATRICES, ()),
        (SQUARES, (CONIC, TWICE, CONSTANT)),
        (SQUARES, (Equation(2, (((1, 1), 1), ((0, 2), -4), ((0, 0), 1))), TWICE, CONSTANT)),
        (SQUARES, (CONIC, Equation(3, (((0, 0, 2), 1), ((1, 1, 0), -2))), TWICE)),
    ],
)
def test_quotients(own, equations):
    size = len(variables(own))
    last = {max(t[0] for t, _ in e.terms) for e in equations if e.degree == 1}
    kept = [i for i in range(size) if i not in last]
    expected, implied = [], []
    for degree in range(5):
        rows = multiples(equations, kept, degree)
        own_rank = rank(rows, WIDE)
        expected.append(sum(1 for _ in combinations_with_replacement(kept, degree)) - own_rank)
        implied.append(rank(rows))
    for degree in range(5):
        assert own.quotient_dimensions(equations, degree, WIDE) == tuple(expected[: degree + 1])
        assert own.implied_over_q(equations, degree) == implied[degree]
    degenerate = Equation(2, (((0, 3), 7), ((1, 2), -7)))
    assert MATRICES.quotient_dimensions((degenerate,), 2, 7)[2] == 10
    assert MATRICES.quotient_dimensions((degenerate,), 2, 5)[2] == 9


def test_equations_that_are_not_reduced():
    for equations in ((TWICE, Equation(1, (((1,), 1), ((3,), 1)))), (TWICE, Equation(2, (((0, 3), 1),)))):
        with pytest.raises(NotShown, match="reduced"):
            SQUARES.quotient_dimensions(equations, 2, P)
    for equations in ((Equation(1, (((4,), 1),)),), (Equation(2, (((0, 4), 1),)),)):
        with pytest.raises(NotShown, match="stands for 1"):
            MATRICES.quotient_dimensions(equations, 2, P)
    assert MATRICES.quotient_dimensions((Equation(1, (((3,), 1),)),), 1, P) == (1, 3)
    with pytest.raises(NotStored, match="cone"):
        replace(SQUARES, known_cone=True).forms_rank(FormsPlace(1, (0,), P, np.array([[1, 2]])))


VECTORS = (((0, HALF), (5, Fraction(3))), ((0, Fraction(-1)), (0, Fraction(1))), ((15, THIRD),))


def maps_place(own, ansatz, p=P, coefficients=None, count=2):
    known = np.array([0 if c is None else mod(c, p) for c in own.coefficients]) if coefficients is None else coefficients
    x = np.array([[row[: own.inputs] for row in POINTS[:count]], [[v + 2 for v in row[: own.inputs]] for row in POINTS[:count]]])
    return MapsPlace(ansatz, p, np.array(weights(own, 2)), x, known)


def positions(own, ansatz):
    n = own.parameters
    if ansatz == "all":
        return [(t, s) for t in range(n) for s in range(n)]
    block = [k for k, shape in enumerate(own.blocks) for _ in range(prod(shape))]
    return [(t, s) for t in range(n) for s in range(n) if block[t] == block[s]]


@pytest.mark.parametrize("ansatz", ["all", "block-diagonal"])
@pytest.mark.parametrize("own", [MATRICES, SQUARES, GENERAL], ids=["matrices", "squares", "general"])
def test_linear_maps(own, ansatz):
    """The linear equations J(w) A w = 0, one an output at each input, in the entries of A."""
    known = np.array([3, mod(HALF, P), 4]) if own is GENERAL else None
    general, places = ((3, 4) if own is GENERAL else ()), positions(own, ansatz)
    assert own.ansatz_unknowns(ansatz) == len(places)
    for count in (1, 2, 3):
        place = maps_place(own, ansatz, coefficients=known, count=count)
        rows = []
        for w, x in zip(place.weights.tolist(), place.inputs.tolist(), strict=True):
            rows += [[mod(row[t] * w[s], P) for t, s in places] for row in jacobian(own, w, x, general)]
        assert own.maps_rank(place) == rank(rows, P)
        for u, v in [(k, (k * k + 1) % len(places)) for k in range(len(places))]:
            vector = ((u, Fraction(1)), (v, Fraction(-1, 3)))
            moved = [(row[u] - row[v] * pow(3, -1, P)) % P for row in rows]
            assert own.maps_vanish((vector,), place) == (not any(moved))
        assert own.maps_vanish((), place)


def test_maps_of_vectors():
    assert MATRICES.map_of("all", VECTORS[0]) == {(0, 0): HALF, (1, 1): Fraction(3)}
    assert MATRICES.map_of("all", VECTORS[1]) == {}
    assert MATRICES.map_of("all", VECTORS[2]) == {(3, 3): THIRD}
    assert MATRICES.map_of("block-diagonal", ((1, HALF), (4, HALF), (7, THIRD))) == {(0, 1): HALF, (2, 2): HALF, (3, 3): THIRD}
    for ansatz, size in (("all", 16), ("block-diagonal", 8)):
        assert MATRICES.map_of(ansatz, ((size - 1, HALF),))
        for u in (-1, size):
            with pytest.raises(NotShown, match=str(size)):
                MATRICES.map_of(ansatz, ((u, HALF),))
    with pytest.raises(NotStored):
        MATRICES.ansatz_unknowns("axes")
    with pytest.raises(NotShown, match="blocks"):
        replace(MATRICES, blocks=((1, 2), (1,))).ansatz_unknowns("block-diagonal")
    scale, other = ((0, HALF), (5, HALF), (10, -HALF), (15, -HALF)), ((0, HALF), (5, HALF), (10, -HALF), (15, HALF))
    assert MATRICES.is_symmetry("all", scale)
    assert not MATRICES.is_symmetry("all", other)
    assert MATRICES.maps_vanish((scale,), maps_place(MATRICES, "all"))
    assert not MATRICES.maps_vanish((scale, other), maps_place(MATRICES, "all"))
    for p in (P, WIDE):
        at = np.array([1, 2 + p, 3, 5])
        for vectors in ((scale,), (scale, other), (scale, scale), (scale, VECTORS[1]), ()):
            rows = [[0] * 4 for _ in vectors]
            for row, vector in zip(rows, vectors, strict=True):
                for u, c in vector:
                    row[u // 4] = (row[u // 4] + mod(c, p) * int(at[u % 4])) % p
            assert MATRICES.maps_fields_rank("all", vectors, p, at) == rank(rows, p)
    turned = (((1, Fraction(2)), (1, Fraction(1))), ((5, Fraction(1)),))
    assert MATRICES.maps_fields_rank("all", turned, P, np.array([1, 2, 3, 4])) == 2
    assert MATRICES.maps_fields_rank("all", turned, P, np.array([1, 0, 3, 4])) == 0
    with pytest.raises(NotShown):
        MATRICES.maps_fields_rank("all", turned, P, np.array([1, 2, 3]))


def test_stated_maps():
    for ansatz in ("all", "block-diagonal"):
        assert MATRICES.stated_maps_rank(ansatz, P) == MATRICES.stated_maps_over_q(ansatz) == 1
        assert SQUARES.stated_maps_rank(ansatz, P) == SQUARES.stated_maps_over_q(ansatz) == 0
    twice = replace(MATRICES, fields=np.array(SCALED + [(1, t, s, 3 * c) for _, t, s, c in SCALED]))
    assert (twice.field_generators, twice.stated_maps_rank("all", P), twice.stated_maps_over_q("all")) == (2, 1, 1)
    split = replace(MATRICES, fields=np.array([(0, 0, 0, 2), (0, 0, 0, -1), *SCALED[1:]]))
    assert (split.stated_maps_rank("all", P), split.fields_hold) == (1, True)
    six = replace(MATRICES, fields=np.array([(g, t, s, 7 * c) for g in (0, 1) for _, t, s, c in SCALED]))
    assert (six.stated_maps_rank("all", 7), six.stated_maps_rank("all", 5), six.stated_maps_over_q("all")) == (0, 1, 1)
    wrong = replace(MATRICES, fields=np.array([(0, 0, 0, 1)]))
    assert not wrong.fields_hold
    for asked in (
        lambda: wrong.stated_maps_rank("all", P),
        lambda: wrong.fields_rank(P, np.ones(4, dtype=int)),
        lambda: wrong.fields_rank_over_q((HALF,) * 4),
        lambda: wrong.swept_rank((HALF,) * 4, (), Steps(P, np.zeros(0), np.zeros((1, 2)), np.zeros(0))),
    ):
        with pytest.raises(NotShown, match="changes the functions"):
            asked()
    across = replace(MATRICES, fields=np.array([(0, 0, 3, 1), (0, 3, 0, 0)]))
    with pytest.raises(NotShown):
        across.stated_maps_rank("block-diagonal", P)
    assert RATIONAL.fields_hold
    assert not replace(RATIONAL, fields=np.array([(0, 0, 0, 1), (0, 1, 1, -1)])).fields_hold


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": None},
        {"inputs": None},
        {"weights": np.ones((2, 3))},
        {"weights": np.ones(4)},
        {"weights": np.ones((3, 4))},
        {"coefficients": np.array([1])},
    ],
)
def test_places_of_maps(changes):
    with pytest.raises(NotShown):
        MATRICES.maps_rank(replace(maps_place(MATRICES, "all"), **changes))
    with pytest.raises(NotShown):
        MATRICES.maps_vanish(VECTORS, replace(maps_place(MATRICES, "all"), **changes))


def test_errors_at_places():
    """To the last digit: sums of bounds that test_two_routes finds again."""
    found = {}
    vectors = [(), VECTORS[:1], VECTORS, (((0, Fraction(10**9, 7)), (1, THIRD)),)]
    for name, own in {**ALL, "general": GENERAL, "rational": RATIONAL}.items():
        for bits in (21, 22, 23):
            p = 2**bits - 3
            place = MapsPlace("all", p, None, None, np.zeros(0))
            errors = [own.maps_error(v, place) for v in vectors if own.parameters == 4 or v is not VECTORS]
            drawn = np.zeros((3, own.parameters), dtype=int)
            if own.expansion is not None:
                given = [(), (DETERMINANT,), (CONIC, TWICE), (Equation(3, (((0, 0, 0), 12345),)),)]
                errors += [own.equations_error(e, WeightsPlace(p, drawn[:k])) for e in given for k in (1, 2)]
            at_weights = tuple(Fraction(k + 1, k + 3) for k in range(own.parameters))
            errors += [own.fields_error_at(at_weights, p), own.fields_error(p), own.fields_error_at((Fraction(0),) * own.parameters, p)]
            for directions in ((), (((0, Fraction(7, 3)),),)):
                steps = Steps(p, np.zeros(len(directions)), np.zeros((1, own.inputs)), np.zeros(0))
                errors.append(own.stays_error(at_weights, directions, steps))
            found[f"{name}, {bits} bits"] = digits(errors)
            assert all(0 <= e <= 1 for e in errors)
            assert bits > 21 or set(errors) == {1.0}
    check_kept("errors at places of stored functions", found)
