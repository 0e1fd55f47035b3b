"""Bounds of germs by polyhedra: what is left out, or changed, is refused, and cells are those of a brute force."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product

import pytest

from neurovariety.certificates.germ_bounds import CellBound, FromCells, FromRegion, NoCommonZero, OnZeros, possible
from neurovariety.certificates.germ_changes import gathered, moved
from neurovariety.certificates.germ_proofs import (
    Bounds,
    Combined,
    FormsOf,
    Gathered,
    Moved,
    Order,
    Parts,
    Polyhedra,
    PowerOf,
    Products,
    Reduced,
    Solved,
    Some,
    WithoutUnit,
    bounds,
)
from neurovariety.certificates.germs import plain_terms
from neurovariety.certificates.learning_coefficients import check_pair
from neurovariety.certificates.newton_cells import cells, leading
from neurovariety.certificates.zeros import NotShown
from neurovariety.learning.functions_text import read_functions
from neurovariety.learning.germ_search import search

HALF, ONE, NONE = Fraction(1, 2), Fraction(1), Fraction(0)


def germ(text):
    return read_functions(text).polynomials()


def terms(text):
    (found,) = read_functions(text).functions
    return found


@pytest.mark.parametrize(
    "text", ["x^2 - y^3", "x^2 + y^2 - z^2", "x*y; y^2*z; z^3", "a*b + c*d; a*b^3 + c*d^3", "x^3 + x*y + y^4; x^2 - y^2"]
)
def test_every_weight_leads_as_in_one_cell(text):
    """Over a grid of weights all leading terms are those of listed cells, and all cells but thin ones occur."""
    supports = [[e for e, _ in f] for f in read_functions(text).functions]
    n = len(supports[0][0])
    listed = {c.leading for c in cells(supports, n)}
    seen = {tuple(leading(w, s) for s in supports) for w in product(range(1, 8), repeat=n)}
    assert seen <= listed
    for cell in cells(supports, n):
        assert tuple(leading(cell.inside, s) for s in supports) == cell.leading
        assert min(cell.inside) > 0


def polyhedra(text):
    found = search(germ(text))
    assert isinstance(found.proof, Polyhedra)
    return germ(text), found.proof


def refused(functions, proof):
    with pytest.raises(NotShown):
        bounds(functions, proof)


def test_a_cell_or_a_set_of_forms_left_out():
    functions, proof = polyhedra("x^2 - y^3")
    low = proof.low
    refused(functions, replace(proof, low=FromCells(low.bounds[:-1])))
    for k, bound in enumerate(low.bounds):
        for kept in (replace(bound, cases=bound.cases[:-1]), replace(bound, empty=bound.empty[:-1])):
            if kept != bound:
                refused(functions, replace(proof, low=FromCells((*low.bounds[:k], kept, *low.bounds[k + 1 :]))))


def test_the_polyhedron_alone_is_refused():
    """For the cone the set of zeros off the planes may not be called empty, nor left out."""
    functions, proof = polyhedra("x^2 + y^2 - z^2")
    for k, bound in enumerate(proof.low.bounds):
        through = [c for c in bound.cases if c.zero]
        if not through:
            continue
        empty = (*bound.empty, NoCommonZero((0,), (terms("x"),)))
        for twin in (CellBound(empty, tuple(c for c in bound.cases if not c.zero)), replace(bound, cases=bound.cases[:1])):
            refused(functions, replace(proof, low=FromCells((*proof.low.bounds[:k], twin, *proof.low.bounds[k + 1 :]))))


def test_slopes_that_vanish_are_not_called_independent():
    """(x - y)^2 has a double line: no combination with its slopes is without zeros, and order 1 is refused."""
    functions = germ("x^2 - 2*x*y + y^2")
    for minors in ((((0,), terms("x")),), (((1,), terms("y")),), ()):
        case = OnZeros((0,), (0,), ((),), minors, (ONE,))
        bound = FromCells(tuple(CellBound((), (OnZeros((), (), (), (), (ONE,)), case)) for _ in range(3)))
        refused(functions, Polyhedra(bound, None))


@pytest.mark.parametrize("dual", [(Fraction(6, 5),), (Fraction(-1),), (), (ONE, ONE)])
def test_duals_that_are_none(dual):
    functions, proof = polyhedra("x^2 + y^2")
    twins = [replace(b, cases=tuple(replace(c, dual=dual) for c in b.cases)) for b in proof.low.bounds]
    refused(functions, replace(proof, low=FromCells(tuple(twins))))


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("x^2 + y^2", FromRegion(((NONE, NONE),), (ONE, ONE), (0,), place=(ONE, ONE))),  # no zero at all
        ("x^2 + y^2", FromRegion(((NONE, NONE),), (ONE, ONE), (0,), signs=((ONE, ONE), (ONE, -ONE)))),
        ("x^2 + y^2", FromRegion(((HALF, Fraction(1, 3)),), (ONE, ONE), ())),  # y^2 is not small there
        ("x^2 - y^2", FromRegion(((NONE, NONE), (ONE, ONE)), (HALF, HALF), (0,), place=(ONE, ONE))),  # smaller than e at one corner
        ("x^2 - y^2", FromRegion(((NONE, NONE), (HALF, HALF)), (ONE, ONE), (0,), place=(ONE, ONE))),  # not the centre
        ("x^2 - y^2", FromRegion(((HALF, HALF), (HALF, HALF)), (HALF, HALF), (0,), place=(ONE, ONE))),  # one corner twice
        ("(x - y)^2", FromRegion(((NONE, NONE),), (ONE, ONE), (0,), place=(ONE, ONE))),  # not a regular zero
        ("x^2 - y^3", FromRegion(((NONE, NONE),), (ONE, ONE), (0,), place=(NONE, ONE))),  # other terms lead
        ("a*b - c*b", FromRegion(((NONE,) * 3,), (NONE, ONE, NONE), (0,), place=(ONE, ONE, ONE))),  # far from the origin
        ("x; y", FromRegion(((NONE, NONE),), (ONE, ONE), (0, 0), place=(NONE, NONE))),
    ],
)
def test_regions_that_are_none(text, region):
    refused(germ(text), Polyhedra(None, region))


def test_regions_that_are():
    found = FromRegion(((NONE, NONE), (HALF, HALF)), (Fraction(1, 4),) * 2, (0,), place=(ONE, ONE))
    assert bounds(germ("x^2 - y^2"), Polyhedra(None, found)).high == (1, 2)
    far = FromRegion(((NONE,) * 3,), (NONE, ONE, NONE), (0,), place=(ONE, ONE, ONE), toward=(1, 1, 1))
    assert bounds(germ("a*b - c*b"), Polyhedra(None, far)).high == (1, 1)


END = Polyhedra(None, FromRegion(((ONE, ONE),), (ONE, ONE), ()))


@pytest.mark.parametrize(
    ("text", "proof"),
    [
        ("x + y^2", Solved(0, 1, None)),  # of degree 2 in y
        ("x*y", Solved(0, 0, None)),  # no unit
        ("x + x*y", Solved(1, 0, None)),
        ("x*y; y^2", Parts(((0,), (1,)), (END, END))),
        ("x; y", Parts(((0,), (0,)), (END, END))),
        ("x*y; x*z", Products((terms("x"),), (terms("y"),), (END, END))),  # a product is left out
        ("x*y", Products((terms("x"),), (terms("y"), terms("z")), (END, END))),  # and one is no function
        ("x^2", Products((terms("x"),), (terms("x"),), (END, END))),  # a variable in common
        ("x*y", Products((terms("x*y"),), (), (END, END))),
        ("x*y", Products((terms("x*y"),), ((((0, 0), ONE),),), (END, END))),  # a factor that is not zero at the origin
        ("x*y^2", Products((terms("x"),), (terms("y"),), (END, END))),
        ("x^2*y", PowerOf(terms("x*y"), 2, END)),
        ("x^2 - y^2", PowerOf(terms("x - y"), 2, END)),
        ("x*y", WithoutUnit(0, terms("x"), terms("y"), END)),
        ("x; y", Combined(((ONE, ONE), (ONE, ONE)), END)),
        ("x; y", Reduced(0, 0, terms("x"), END)),
        ("x^2 - y^2", Moved(0, terms("x"), END)),
        ("a*x; b*x", Gathered(((0, 2),), END)),  # both in one term
        ("a*x + b^2*y", Gathered(((0, 1),), END)),
        ("a*x + y", Gathered(((0,),), END)),
        ("a*x + b*y", Gathered(((0,), (1,)), END)),  # one function with variables of two groups
        ("a*x + b*y", Gathered(((0, 0, 1),), END)),
        ("a*x + b*y", Gathered(((0, 1), ()), END)),
        ("a*x + b*y", Gathered(((0, 7),), END)),
        ("x^2 - y^2", Moved(0, (), END, terms("y"))),  # divided by what is 0 at the origin
        ("x^2 - y^2", Moved(0, (), END, (((0, 0), ONE), ((1, 0), ONE)))),  # and by what contains the variable
        ("x^2 - y^2", Moved(0, (((0, 0), ONE),), END)),
        ("x^2 + y^3", Order(0, 3)),
        ("x; y", Some((2,), END)),
    ],
)
def test_steps_that_do_not_follow(text, proof):
    refused(germ(text), proof)


def squares():
    """x^2 + 2 x y + y^2, x z + y z and z^2 as forms in x + y and z."""
    first, last, mixed = terms("u^2 + 0*v"), terms("0*u + v^2"), terms("u*v")
    one = terms_of_one()
    powers = ((2, (one, (), ())), (2, ((), (), one)))
    return FormsOf((terms("x + y + 0*z"), terms("0*x + 0*y + z")), (first, mixed, last), 2, powers, Solved(0, 0, Solved(0, 2, None)))


def terms_of_one():
    return (((0, 0), ONE),)


def test_forms_of_functions():
    """Half of what the functions have themselves, of which there are two: 2 and 1."""
    functions = germ("x^2 + 2*x*y + y^2; x*z + y*z; z^2")
    assert bounds(functions, squares()) == Bounds((ONE, 1), (ONE, 1))
    good, one = squares(), terms_of_one()
    for other in (
        replace(good, degree=1),
        replace(good, degree=4),
        replace(good, forms=(good.forms[0], good.forms[2], good.forms[1])),
        replace(good, bases=good.bases[::-1]),
        replace(good, powers=((2, ((), (), one)), (2, ((), (), one)))),
        replace(good, powers=((2, (one, (), ())), (2, ((), (), ())))),
        replace(good, powers=((0, (one, (), ())), (2, ((), (), one)))),
        replace(good, powers=good.powers[:1]),
        replace(good, forms=good.forms[:2]),
    ):
        refused(functions, other)
    # without the last of them y z and z^2 have a whole line of zeros
    refused(functions[1:], replace(good, forms=good.forms[1:], powers=((2, ((), ())), (2, ((), one)))))


def test_gathered_variables_bound_from_below_alone():
    """a x + b y: one of the products t x and t y is no smaller, which has 1/2, twice that over all of the zeros x = y = 0."""
    functions = germ("a*x + b*y")
    assert gathered(functions, ((0, 1),)) == germ("a*x + 0*b*y; a*y + 0*b*x")
    proof = Gathered(((0, 1),), search(germ("a*x + 0*b*y; a*y + 0*b*x")).proof)
    assert bounds(functions, proof).low == (1, 1)
    assert bounds(functions, proof).high is None


def test_a_coordinate_with_a_unit():
    """(1 + y) x - y^2 is the coordinate x once (x + y^2) / (1 + y) stands for x."""
    unit = (((0, 0), ONE), ((0, 1), ONE))
    corner = Polyhedra(None, FromRegion(((ONE, HALF),), (ONE, HALF), ()))
    proof = Moved(0, terms("0*x + y^2"), corner, unit)
    assert bounds(germ("x + x*y - y^2; y^2"), proof).high == (Fraction(3, 2), 1)
    assert moved(germ("(x + x*y - y^2)^2"), 0, germ("0*x + y^2")[0], germ("0*x + y")[0] + 1) == germ("x^2 + 2*x^2*y + x^2*y^2")


def test_functions_that_do_not_vanish():
    f = germ("x")[0] + 1
    assert plain_terms(f)
    refused([f], END)
    refused(germ("x"), None)


def alone(*dual):
    """A cell on which no leading form vanishes."""
    return CellBound((), (OnZeros((), (), (), (), dual),))


@pytest.mark.parametrize(
    ("text", "dual", "pair"),
    [
        ("x*y", (ONE,), (1, 2)),
        ("x*y", (HALF,), (HALF, 1)),
        ("x^2*y^2", (HALF,), (HALF, 2)),
        ("x*y^2", (HALF,), (HALF, 1)),
        ("x*y*z", (ONE,), (1, 3)),
        ("x*y; z", (ONE, ONE), (2, 2)),
        ("x*y; x*z", (HALF, HALF), (1, 1)),
    ],
)
def test_monomials(text, dual, pair):
    """One cell, all weights: the sum of the dual, and the dimension of the face on which it is attained."""
    assert bounds(germ(text), Polyhedra(FromCells((alone(*dual),)), None)).low == pair
    for k in range(len(dual)):
        refused(germ(text), Polyhedra(FromCells((alone(*dual[:k], dual[k] + Fraction(51, 100), *dual[k + 1 :]),)), None))


def test_derivatives_of_higher_order():
    """(x - y)^2 is 0 on a line, and its second derivative by x is not: half a degree of freedom."""
    functions = germ("x^2 - 2*x*y + y^2")
    found = cells([[e for e, _ in read_functions("x^2 - 2*x*y + y^2").functions[0]]], 2)
    (middle,) = [k for k, c in enumerate(found) if len(c.leading[0]) == 3]
    case = OnZeros((0,), (0,), ((),), (((0, 0), (((0, 0), ONE),)),), (HALF,), 2)

    def bounded(**changes):
        own = CellBound((), (OnZeros((), (), (), (), (ONE,)), replace(case, **changes)))
        return Polyhedra(FromCells(tuple(own if k == middle else alone(ONE) for k in range(len(found)))), None)

    assert bounds(functions, bounded()).low == (HALF, 1)
    assert bounds(functions, bounded(order=3, dual=(Fraction(1, 3),))).low == (Fraction(1, 3), 1)
    one = case.minors[0][1]
    for twin in (
        {"dual": (Fraction(51, 100),)},
        {"order": 1},
        {"order": 3},
        {"minors": (((0,), one),)},
        {"minors": (((), one),)},
        {"minors": (((0, 0, 0), one),)},
        {"minors": (((0, 2), one),)},
        {"minors": (((0, -1), one),)},
        {"chosen": (1,)},
        {"chosen": (0, 0)},
        {"chosen": ()},
        {"dual": (HALF, HALF)},
    ):
        refused(functions, bounded(**twin))


def test_too_many_forms():
    forms = germ("; ".join(f"x - {k}*y" for k in range(1, 9)))
    assert len(possible([*forms[:7], *germ("x*y")])) == 2**7
    with pytest.raises(NotShown, match="too many"):
        possible(forms)


REGION = FromRegion(((NONE, NONE), (HALF, HALF)), (Fraction(1, 4),) * 2, (0,), place=(ONE, ONE))


@pytest.mark.parametrize(
    "changes",
    [
        {"corners": ()},
        {"corners": ((NONE, NONE), (HALF,))},
        {"corners": ((NONE, NONE), (HALF, HALF, NONE))},
        {"corners": ((-HALF, -HALF), (ONE, ONE)), "inside": (Fraction(1, 4),) * 2},
        {"inside": (Fraction(1, 4),)},
        {"inside": (NONE, HALF)},
        {"zero": (1,)},
        {"zero": (-1,)},
        {"zero": ()},
        {"place": (ONE,)},
        {"place": (ONE, ONE, ONE)},
        {"place": (ONE, HALF)},
        {"place": ()},
        {"place": (NONE, NONE)},
        {"place": (), "signs": ((ONE, HALF),)},
        {"place": (), "signs": ((ONE, HALF), (ONE, HALF))},
        {"place": (), "signs": ((ONE, HALF), (ONE, ONE), (HALF, ONE))},
        {"place": (), "signs": ((ONE, HALF), (HALF,))},
    ],
)
def test_regions_are_held_to_all_of_it(changes):
    refused(germ("x^2 - y^2"), Polyhedra(None, replace(REGION, **changes)))


def test_signs_on_both_sides():
    both = replace(REGION, place=(), signs=((ONE, HALF), (HALF, ONE)))
    assert bounds(germ("x^2 - y^2"), Polyhedra(None, both)).high == (1, 2)


@pytest.mark.parametrize("toward", [(), (1, 1), (1, 1, 2), (0, 1, 1)])
def test_regions_come_near_the_origin(toward):
    far = FromRegion(((NONE,) * 3,), (NONE, ONE, NONE), (0,), place=(ONE, ONE, ONE), toward=toward)
    refused(germ("a*b - c*b"), Polyhedra(None, far))


HIGH, LOW = (Fraction(1), 2), (Fraction(1), 1)


@pytest.mark.parametrize(
    ("part", "pair", "low", "high", "holds"),
    [
        ("at_least", (ONE, 9), HIGH, None, True),
        ("at_least", (HALF, 1), HIGH, None, True),
        ("at_least", (Fraction(2), 2), HIGH, HIGH, False),
        ("at_least", (HALF, 1), None, HIGH, False),
        ("at_most", (ONE, 9), None, HIGH, True),
        ("at_most", (Fraction(2), 1), None, HIGH, True),
        ("at_most", (HALF, 2), HIGH, HIGH, False),
        ("at_most", (Fraction(2), 1), HIGH, None, False),
        ("learning_coefficient", (ONE, 9), HIGH, LOW, True),
        ("learning_coefficient", (ONE, 2), HIGH, None, False),
        ("learning_coefficient", (ONE, 2), None, HIGH, False),
        ("learning_coefficient", (ONE, 2), (HALF, 2), HIGH, False),
        ("learning_coefficient", (HALF, 2), (HALF, 2), HIGH, False),
        ("learning_coefficient", (HALF, 2), HIGH, HIGH, False),
        ("multiplicity", HIGH, HIGH, HIGH, True),
        ("multiplicity", HIGH, HIGH, LOW, False),
        ("multiplicity", LOW, HIGH, HIGH, False),
        ("multiplicity", HIGH, HIGH, None, False),
        ("multiplicity", HIGH, None, HIGH, False),
    ],
)
def test_what_two_bounds_show(part, pair, low, high, holds):
    if holds:
        check_pair(part, pair, Bounds(low, high))
    else:
        with pytest.raises(NotShown):
            check_pair(part, pair, Bounds(low, high))
