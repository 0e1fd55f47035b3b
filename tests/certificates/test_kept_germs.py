"""Regions, duals and steps of proofs on germs over small grids of everything that they name: no outcome may be another.

That bounds are right is asked in `test_germ_bounds` and `tests/learning`; each of some thousand certificates here is one more way to
say something false, and which of them hold is kept.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import pytest

from neurovariety.certificates.germ_bounds import FromRegion, NoCommonZero, OnZeros, derivative, leading_forms, minor
from neurovariety.certificates.germ_proofs import (
    Both,
    Bounds,
    Combined,
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
    multiplied,
    root,
    together,
)
from neurovariety.certificates.germs import support
from neurovariety.certificates.newton_cells import cells
from neurovariety.certificates.zeros import NotShown
from neurovariety.learning.functions_text import read_functions
from neurovariety.learning.germ_search import search

from .changes import REFUSALS
from .kept_numbers import check_kept, words_of

F = Fraction
ZERO, HALF, ONE = F(0), F(1, 2), F(1)


def germ(text):
    """Functions of x, y, and z where they name it."""
    return read_functions(f"{text}; x; y").polynomials()[:-2]


def terms(text):
    return read_functions(f"{text}; x; y").functions[0]


def outcome(made):
    try:
        return str(made())
    except NotShown as why:
        return str(why)
    except REFUSALS as why:
        return type(why).__name__


PLACES = [(), (ONE, ONE), (ONE, -ONE), (ZERO, ONE), (ONE,), (ZERO, ZERO)]
CORNERS = [
    ((ZERO, ZERO),),
    ((HALF, HALF),),
    ((ONE, ONE),),
    ((HALF, F(1, 3)),),
    ((F(1, 3), HALF),),
    ((ZERO, ONE),),
    ((ONE, ZERO),),
    ((ZERO, ZERO), (HALF, HALF)),
    ((ZERO, ZERO), (HALF, F(1, 3))),
    ((F(1, 3), ZERO), (ZERO, F(1, 3))),
    ((ZERO, ONE), (ONE, ZERO)),
    ((HALF, HALF), (ZERO, ZERO), (F(1, 4), F(1, 4))),
    ((-HALF, HALF),),
    (),
]
INSIDE = [(ONE, ONE), (HALF, HALF), (F(1, 4), F(1, 4)), (F(1, 4), F(1, 6)), (F(1, 6), F(1, 6)), (ZERO, ONE), (ONE, ZERO), (ONE,)]


@pytest.mark.parametrize("text", ["x^2 - y^2", "x^2 - y^3", "x^2 + y^2", "x*y", "x - y; x*y^2", "x^2*y - y"])
def test_regions(text):
    functions, found = germ(text), {}
    zeros = [z for k in range(len(functions) + 1) for z in combinations(range(len(functions)), k)] + [(0, 0), (len(functions),), (-1,)]
    for corners, inside, zero in product(CORNERS, INSIDE, zeros):
        for place, signs, toward in product(
            PLACES[:4] if zero else PLACES[:1], ((), ((ONE, HALF), (HALF, ONE))), ((), (1, 1)) if zero else ((),)
        ):
            region = FromRegion(corners, inside, zero, place, signs, toward)
            found[corners, inside, zero, place, signs, toward] = outcome(lambda region=region: region.check(functions))
    for place in PLACES[4:]:
        region = FromRegion(CORNERS[0], INSIDE[0], (0,), place)
        found[place] = outcome(lambda region=region: region.check(functions))
    held = {k: v for k, v in found.items() if v.startswith("(")}
    reasons = sorted({v for v in found.values() if not v.startswith("(")})
    check_kept(
        f"regions of {text}", {"all": words_of(found.items()), "hold": f"{len(held)} of {len(found)}", "reasons": " | ".join(reasons)}
    )


@pytest.mark.parametrize("text", ["x^2 - y^2", "x*y; x - y", "x^2*y - y^3; x*y", "x^2 + y^2; x*y"])
def test_duals(text):
    """All cells, sets of forms that vanish, forms that are chosen, minors by one column or two, and duals of a grid."""
    functions, found = germ(text), []
    n = len(functions)
    sets = [z for k in range(n + 1) for z in combinations(range(n), k)]
    one, x = (((0, 0), ONE),), (((1, 0), ONE),)
    for number, cell in enumerate(cells([support(f) for f in functions], 2)):
        forms = leading_forms(functions, cell)
        for zero in sets:
            for multipliers in product((one, x), repeat=len(zero)):
                empty = NoCommonZero(zero, multipliers)
                found.append((number, zero, "empty", outcome(lambda empty=empty, forms=forms: empty.check(forms))))
        for zero, chosen, order in product(sets, sets, (1, 2)):
            columns = [(0,), (1,), (0, 1), (2,), ()]
            for minors in [(), *(((c, one),) for c in columns), *(((c, x), ((1,), one)) for c in columns[:2])]:
                for dual in product((ZERO, HALF, ONE, -HALF), repeat=1 if n == 1 else 2):
                    case = OnZeros(zero, chosen, ((),) * len(zero), minors if chosen else (), dual[: max(1, len(dual))], order)
                    found.append(
                        (
                            number,
                            zero,
                            chosen,
                            order,
                            minors,
                            dual,
                            outcome(lambda case=case, cell=cell, forms=forms: case.check(cell, forms)),
                        )
                    )
    held = sum(r[-1].startswith("(") for r in found)
    check_kept(f"duals of {text}", {"all": words_of(found), "hold": f"{held} of {len(found)}"})


def test_minors_and_derivatives():
    f, g = germ("x^2*y + z^3; x*y*z - y^2 + x")
    x, y = ((0, 1, 2), (1, 0))
    for a, b in product(x, repeat=2):
        assert minor([f, g], [a, b]) == f.derivative(a) * g.derivative(b) - f.derivative(b) * g.derivative(a)
    h = germ("x + 2*y; y*z + x; z^2 - y + x^2")
    rows = [[p.derivative(k) for k in range(3)] for p in h]
    expected = (
        rows[0][0] * (rows[1][1] * rows[2][2] - rows[1][2] * rows[2][1])
        - rows[0][1] * (rows[1][0] * rows[2][2] - rows[1][2] * rows[2][0])
        + rows[0][2] * (rows[1][0] * rows[2][1] - rows[1][1] * rows[2][0])
    )
    assert minor(h, [0, 1, 2]) == expected
    assert minor(h, [1, 0, 2]) == -expected
    assert derivative(f, [0, 1]) == derivative(f, y) == f.derivative(0).derivative(1)


def proof_of(text):
    return search(germ(text)).proof


def steps():
    """(what, germ, step): each with a proof of what is left that holds, whether or not the step does."""
    end = {t: proof_of(t) for t in ("x^2 - y^2", "x*y", "x - y", "x", "y", "x; y", "x*y^2")}
    for variable, by in product((0, 1, 2, -1), ("x", "y", "y^2", "x^2")):
        yield "moved", "x^2 - y^2", Moved(variable, terms(by), end["x*y"])
        yield "moved", "x - y", Moved(variable, terms(by), end["x"])
        for degree in (1, 2):
            yield "moved", "x - y^2", Moved(variable, terms(by), Order(0, degree))
    for function, variable in product((0, 1, 2, -1), repeat=2):
        for text in ("x + y^2", "x + x*y", "x*y", "x + y^2; x*y", "x^2 + y; y"):
            for then in (None, end["x"], end["y"], end["x*y"]):
                yield "solved", text, Solved(function, variable, then)
    for groups in (((0,), (1,)), ((1,), (0,)), ((0, 1),), ((0,),), ((0,), (0,)), ((0,), (2,)), ((0, 1), ()), ()):
        for text in ("x; y", "x; x*y", "x*y; y"):
            for proofs in ((end["x"], end["y"]), (end["y"], end["x"]), (end["x; y"],), (end["x"],), ()):
                yield "parts", text, Parts(groups, proofs)
    for left, right in product((("x",), ("y",), ("x", "y"), ("x*y",), ()), repeat=2):
        for text in ("x*y", "3*x*y", "x^2", "x*y; y^2", "x*y^2"):
            yield "products", text, Products(tuple(map(terms, left)), tuple(map(terms, right)), (end["x"], end["y"]))
    for base, exponent in product(("x - y", "x*y", "x", "x + y"), (0, 1, 2, 3, -1)):
        for text in ("x^2 - 2*x*y + y^2", "3*x^2*y^2", "x^2", "x - y", "x*y", "x^2 - y^2", "x^2; y"):
            yield "power", text, PowerOf(terms(base), exponent, end.get(base, end["x - y"]))
    for unit, rest, function in product(("x", "y"), ("x", "y", "x*y", "x - y"), (0, 1)):
        for text in ("x*y", "x^2", "x*y; y"):
            yield "unit", text, WithoutUnit(function, terms(unit), terms(rest), end[rest])
    one_and_x = (((0, 0), ONE), ((1, 0), ONE))
    for unit, rest, function, degree in product((one_and_x, one_and_x[1:]), ("x", "x*y"), (0, 1), (1, 2)):
        for text in ("x + x^2", "x*y + x^2*y", "y; x + x^2"):
            yield "unit", text, WithoutUnit(function, unit, terms(rest), Order(function, degree))
    for rows in product((ZERO, ONE, F(2)), repeat=4):
        yield "combined", "x; y", Combined((rows[:2], rows[2:]), end["x; y"])
    for rows in (((ONE,),), ((ONE, ZERO),), ((ONE, ZERO), (ZERO, ONE), (ONE, ONE)), ((ONE,), (ONE,)), ()):
        yield "combined", "x; y", Combined(rows, end["x; y"])
    for function, other, by in product((0, 1, 2, -1), (0, 1, 2, -1), ("x", "y", "x*y")):
        for degree, text in product((1, 2), ("x; y", "x^2; x", "y; y^2")):
            yield "reduced", text, Reduced(function, other, terms(by), Order(max(function, 0) % 2, degree))
    for functions in ((), (0,), (1,), (0, 1), (2,), (-1,)):
        for then in (end["x"], end["y"], end["x; y"]):
            yield "some", "x; y", Some(functions, then)
    for function, degree in product((0, 1, -1), (1, 2, 3)):
        for text in ("x^2 - y^2", "x^2 + y^3", "x; y^2"):
            yield "order", text, Order(function, degree)
    for low, high in product((end["x^2 - y^2"], Order(0, 2), Order(0, 1), Polyhedra(None, None)), repeat=2):
        yield "both", "x^2 - y^2", Both(low, high)


def test_steps_of_proofs():
    found = {}
    for what, text, step in steps():
        functions = germ(text)
        found.setdefault(what, []).append((text, outcome(lambda functions=functions, step=step: bounds(functions, step))))
    constant = [germ("x")[0] + 1]
    found["constant"] = [("", outcome(lambda: bounds(constant, None))), ("", outcome(lambda: bounds(germ("x - x"), None)))]
    check_kept("steps of proofs", {w: f"{words_of(v)} {sum('low' in o for _, o in v)} of {len(v)}" for w, v in found.items()})


def test_bounds_are_put_together():
    pairs, found = [None, (ONE, 1), (ONE, 2), (HALF, 3)], []
    for a, b, c, d in product(pairs, repeat=4):
        found += [str(f(Bounds(a, b), Bounds(c, d))) for f in (multiplied, together)]
        found.append(str(root(Bounds(a, b), 2)))
    assert multiplied(Bounds((ONE, 1), (ONE, 1)), Bounds((ONE, 2), (HALF, 3))) == Bounds((ONE, 3), (HALF, 3))
    assert together(Bounds((ONE, 1), (ONE, 1)), Bounds((ONE, 2), (HALF, 3))) == Bounds((F(2), 2), (F(3, 2), 3))
    check_kept("bounds of germs", {"all": words_of(found)})
