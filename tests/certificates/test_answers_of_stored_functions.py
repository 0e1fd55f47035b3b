"""What a stored program answers to certificates, each by itself, against plain sums over its weights and inputs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import prod

import flint
import numpy as np
import pytest

from neurovariety.certificates.fiber_at_weights import LocalSlice, Steps
from neurovariety.certificates.functions import AFFINE, DIMENSION, SPAN, Place
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.stored_coefficients import NotStored

from .stored_programs import (
    ALL,
    GENERAL,
    HALF,
    LINE,
    MATRICES,
    MIXED,
    NONE,
    POINTS,
    RATIONAL,
    SQUARES,
    THIRD,
    P,
    at,
    expanded,
    jacobian,
    mod,
    outputs,
    rank,
    slope,
    stored,
    weights,
)


@pytest.mark.parametrize("own", ALL.values(), ids=ALL)
def test_coefficients(own):
    found = expanded(own)
    assert own.coefficient_names == tuple(found)
    assert own.coefficient_count() == len(found)
    for w in weights(own, 4):
        expected = {key: value for key, terms in found.items() if (value := at(terms, w))}
        assert own.function_at(tuple(map(Fraction, w))) == expected
    functions = [[at(terms, w) for terms in found.values()] for w in weights(own, 40)]
    assert own.expanded_span(False) == rank(functions)
    assert own.expanded_span(True) == rank([[a - b for a, b in zip(row, functions[0], strict=True)] for row in functions])
    degrees = [sum(e) for _, e in found]
    assert own.bounds.inputs == max(degrees)
    assert own.weight_degree == max(sum(e) for terms in found.values() for e in terms)
    n = own.inputs
    monomials = [sum(sum(e) == k for e in product(range(k + 1), repeat=n)) for k in range(min(degrees), max(degrees) + 1)]
    assert own.monomials == own.outputs * sum(monomials)


def test_what_is_not_expanded():
    for own in (GENERAL, RATIONAL):
        assert own.expansion is None
        assert own.expanded_span(False) is None
        for asked in (own.coefficient_count, lambda own=own: own.form_variables):
            with pytest.raises(NotStored):
                asked()
    assert GENERAL.generic
    assert not MIXED.generic
    assert (GENERAL.monomials, GENERAL.weight_degree) == (1, 2) or GENERAL.monomials is not None
    assert (RATIONAL.monomials, RATIONAL.weight_degree) == (None, None)


def test_coefficients_that_are_proportional():
    """2 a b and - a b / 3 are one class, 4 c^3 and -c^3 another, a^2 a third; that of no weight is none."""
    assert sorted(MIXED.proportional_sums()) == [1, Fraction(5, 3), 3]
    assert sorted(SQUARES.proportional_sums()) == [1, 2, 4]
    assert MATRICES.proportional_sums() == [1, 1, 1, 1]


def test_coefficients_at_places():
    assert GENERAL.general_at(np.array([3, mod(HALF, P) + P, 4]), P) == [3, 4]
    assert MIXED.general_at(np.array([5, mod(THIRD, P)]), P) == []
    for given in ([3, 1, 4], [3, 4], [3, mod(HALF, P), 4, 0], [3, mod(-HALF, P), 4]):
        with pytest.raises(NotShown):
            GENERAL.general_at(np.array(given), P)


@pytest.mark.parametrize("own", [MATRICES, SQUARES, MIXED, GENERAL], ids=["matrices", "squares", "mixed", "general"])
def test_matrices_at_places(own):
    known = np.array([3 if c is None else mod(c, P) for c in own.coefficients])
    general = [3] * sum(c is None for c in own.coefficients)
    x = np.array([row[: own.inputs] for row in POINTS])
    w = np.array(weights(own, 3))
    rows = [[mod(v, P) for v in row] for row in jacobian(own, w[0].tolist(), x.tolist(), general)]
    at_one = Place(DIMENSION, P, w[0], known, x, None)
    assert own.matrix(at_one).tolist() == rows
    factors = np.arange(1, 1 + 3 * 2 * own.outputs).reshape(3, 2, own.outputs)
    combined = own.matrix(replace(at_one, factors=factors))
    jacobians = np.array(rows, dtype=object).reshape(3, own.outputs, -1)
    assert combined.tolist() == np.concatenate([f.astype(object) @ j % P for f, j in zip(factors, jacobians, strict=True)]).tolist()
    functions = [[mod(v, P) for row in x.tolist() for v in outputs(own, [*map(Fraction, [*u, *row, *general])])] for u in w.tolist()]
    values = Place(SPAN, P, w, known, x, None)
    assert own.matrix(values).tolist() == functions
    moved = [[(a - b) % P for a, b in zip(row, functions[0], strict=True)] for row in functions[1:]]
    assert own.matrix(replace(values, kind=AFFINE)).tolist() == moved
    for place in (
        replace(at_one, weights=None),
        replace(at_one, inputs=None),
        replace(at_one, weights=w[0][1:]),
        replace(at_one, weights=w),
        replace(at_one, inputs=np.ones((3, own.inputs + 1))),
        replace(at_one, coefficients=np.append(known, 1)),
        replace(values, weights=w[0]),
        replace(values, weights=w[:0]),
        replace(values, weights=w[:, 1:]),
    ):
        with pytest.raises(NotShown):
            own.matrix(place)
    assert own.took(at_one) is None


def test_fields_at_weights():
    for w in ([1, 2, 3, 4], [0, 0, 0, 0], [0, 2, 0, 0], [7, 0, 0, 7]):
        expected = int(any(w))
        assert MATRICES.fields_rank_over_q(tuple(map(Fraction, w))) == expected
        assert MATRICES.fields_rank(7, np.array(w)) == int(any(v % 7 for v in w))
    assert SQUARES.fields_rank_over_q((HALF, HALF)) == 0
    assert SQUARES.fields_rank(P, np.array([1, 2])) == 0
    two = stored(
        4,
        1,
        (((1, ((0, 1), (1, 1), (4, 1))), (1, ((2, 1), (3, 1), (4, 1)))),),
        (5,),
        [(0, 0, 0, 1), (0, 1, 1, -1), (1, 2, 2, 1), (1, 3, 3, -1), (2, 0, 2, 1), (2, 3, 1, -1)],
    )
    assert two.fields_hold
    for w in product((0, 1, 2), repeat=4):
        rows = [[w[0], -w[1], 0, 0], [0, 0, w[2], -w[3]], [w[2], 0, 0, -w[1]]]
        assert two.fields_rank_over_q(tuple(map(Fraction, w))) == rank(rows)
        assert two.fields_rank(P, np.array(w)) == rank(rows, P)
        for step in (0, 3):
            steps = Steps(P, np.array([step]), np.array([[1]]), np.zeros(0))
            moved = [w[0] + step, w[1], w[2] + 2 * step, w[3]]
            rows = [[moved[0], -moved[1], 0, 0], [0, 0, moved[2], -moved[3]], [moved[2], 0, 0, -moved[1]], [1, 0, 2, 0]]
            direction = ((0, Fraction(1)), (2, Fraction(2)))
            assert two.swept_rank(tuple(map(Fraction, w)), (direction,), steps) == rank(rows, P)
    with pytest.raises(NotShown):
        MATRICES.fields_rank(P, np.array([1, 2, 3]))


def test_directions_of_one_function():
    zero = Fraction(0)
    cases = [
        (MATRICES, (0, 0, 1, 2), (((2, THIRD),),)),
        (MATRICES, (0, 0, 1, 2), (((2, THIRD), (3, HALF)), ((3, HALF),))),
        (MATRICES, (0, 0, 0, 2), (((0, THIRD),), ((2, THIRD),))),
        (MATRICES, (0, 0, 0, 0), (((0, THIRD), (1, HALF)),)),
        (MATRICES, (0, 0, 0, 0), (((0, THIRD),), ((3, HALF),))),
        (MATRICES, (1, 2, 3, 4), ()),
        (MIXED, (0, 5, 0), (((1, HALF),),)),
        (MIXED, (1, 5, 0), (((1, HALF),),)),
        (MIXED, (0, 5, 0), (((2, HALF),),)),
    ]
    outcomes = []
    for own, w, directions in cases:
        w = tuple(map(Fraction, w))
        same = True
        for steps in product((0, 1, 2, -3), repeat=len(directions)):
            moved = list(w)
            for t, direction in zip(steps, directions, strict=True):
                for j, c in direction:
                    moved[j] += t * c
            values = [outputs(own, [*moved, *map(Fraction, x[: own.inputs])]) for x in POINTS]
            start = [outputs(own, [*w, *map(Fraction, x[: own.inputs])]) for x in POINTS]
            same = same and values == start
            known = np.array([mod(c, P) for c in own.coefficients])
            x = np.array([row[: own.inputs] for row in POINTS])
            place = Steps(P, np.array(steps, dtype=int), x, known)
            assert own.stays(w, directions, place) == (values == start)
        assert own.is_constant(w, directions) == same
        outcomes.append(same)
    assert outcomes == [True, True, False, True, False, True, True, False, False]
    for j in (-1, 4):
        for asked in (
            lambda j=j: MATRICES.is_constant((zero,) * 4, (((j, HALF),),)),
            lambda j=j: MATRICES.stays((zero,) * 4, (((j, HALF),),), Steps(P, np.array([1]), np.array(POINTS), np.zeros(0))),
        ):
            with pytest.raises(NotShown, match="not there"):
                asked()
    for x in (np.ones((2, 1)), np.ones((2, 3))):
        with pytest.raises(NotShown):
            MATRICES.stays((zero,) * 4, (), Steps(P, np.zeros(0), x, np.zeros(0)))


def test_local_rings():
    """a b = 0 near 0 and near (1, 0), squares, and nothing at all."""
    x = np.array([[1, 0], [0, 1]])

    def dimension(own, w, directions, order, inputs=x, coefficients=()):
        piece = LocalSlice(tuple(map(Fraction, w)), np.array(directions).reshape(own.parameters, -1), inputs, coefficients)
        return own.local_dimension(piece, order, P)

    zero = [0, 0, 0, 0]
    plane = [[1, 0], [0, 0], [0, 1], [0, 0]]
    assert [dimension(MATRICES, zero, plane, k) for k in range(4)] == [1, 3, 5, 7]  # s t = 0
    assert [dimension(MATRICES, [0, 0, 1, 0], plane, k) for k in range(4)] == [1, 2, 3, 4]  # s (1 + t) = 0
    assert [dimension(MATRICES, [1, 0, 1, 0], [[1], [0], [1], [0]], k) for k in range(4)] == [1, 1, 1, 1]  # 2 t + t^2 = 0
    assert [dimension(MATRICES, [1, 0, 1, 0], [[1], [0], [-1], [0]], k) for k in range(4)] == [1, 2, 2, 2]  # -t^2 = 0
    assert [dimension(MATRICES, [1, 0, 1, 0], [[0], [0], [0], [0]], k) for k in range(4)] == [1, 2, 3, 4]
    assert [dimension(LINE, [0], [[1]], k, np.zeros((1, 0))) for k in range(4)] == [1, 2, 2, 2]
    assert [dimension(SQUARES, [0, 0], [[1, 0], [0, 1]], k) for k in range(4)] == [1, 3, 4, 4]  # s^2 = t^2 = 0
    assert [dimension(SQUARES, [0, 0], [[1, 0], [0, 1]], k, np.array([[1, 2]])) for k in range(3)] == [1, 3, 4]
    g = (Fraction(2), HALF, Fraction(0))
    assert [dimension(GENERAL, [0, 0], [[1], [0]], k, np.array([[1]]), g) for k in range(3)] == [1, 1, 1]
    assert [dimension(GENERAL, [0, 0], [[0], [1]], k, np.array([[1]]), g) for k in range(3)] == [1, 2, 3]
    for own, arguments in (
        (MATRICES, (zero, plane, 7)),
        (MATRICES, (zero, plane, 2, np.ones((1, 3)))),
        (MATRICES, (zero, plane, 2, x, (HALF,))),
        (GENERAL, ([0, 0], [[1], [0]], 2, np.array([[1]]), (HALF, THIRD, HALF))),
        (GENERAL, ([0, 0], [[1], [0]], 2, np.array([[1]]), (HALF, HALF))),
        (RATIONAL, ([1, 1], [[1], [0]], 2, np.array([[1]]))),
    ):
        with pytest.raises(NotShown):
            dimension(own, *arguments)
    assert dimension(MATRICES, zero, [[1], [0], [0], [0]], 6) == 7
    short = LocalSlice((Fraction(0),) * 3, np.ones((3, 1), dtype=int), x, ())
    with pytest.raises(NotShown):
        MATRICES.local_dimension(short, 2, P)


@pytest.mark.parametrize(
    "changes",
    [
        {"parameters": 3},
        {"inputs": 3},
        {"coefficients": (None,)},
        {"fields": np.zeros((1, 3), dtype=int)},
        {"fields": np.zeros(4, dtype=int)},
        {"fields": np.zeros((1, 4))},
        {"fields": np.array([[0, 4, 0, 1]])},
        {"fields": np.array([[0, 0, 4, 1]])},
        {"fields": np.array([[0, -1, 0, 1]])},
        {"fields": np.array([[0, 0, -1, 1]])},
        {"fields": np.array([[-1, 0, 0, 1]])},
        {"parameters": -1, "inputs": 7},
        {"parameters": 7, "inputs": -1},
    ],
)
def test_programs_that_are_none(changes):
    with pytest.raises(ValueError, match=r"number of weights|four integers|not there"):
        replace(MATRICES, **changes)
    assert replace(MATRICES, fields=np.array([[0, 3, 3, 0], [2, 0, 0, 0]])).field_generators == 3


def test_names_of_programs():
    """Each part is in the digest, and what is not answered is said."""
    changes = [
        {"name": "b"},
        {"blocks": ((4,),)},
        {"weight_names": ("a",)},
        {"theorems": (("a", "b", 1, "c"),)},
        {"known_cone": False},
        {"bounded_rank": (2, 2, 1)},
        {"image_facts": ("a", (1,))},
        {"fields": MATRICES.fields[:3]},
        {"program": SQUARES.program, "parameters": 2, "fields": NONE},
    ]
    found = {MATRICES.digest, *(replace(MATRICES, **c).digest for c in changes)}
    assert len(found) == 1 + len(changes)
    assert replace(MATRICES, model="other").digest == MATRICES.digest
    known = replace(MATRICES, theorems=(("a", "b", 1, "c"),))
    assert known.applies("a", "b", 1, "c")
    for other in (("x", "b", 1, "c"), ("a", "x", 1, "c"), ("a", "b", 2, "c"), ("a", "b", 1, "x")):
        assert not known.applies(*other)
    with pytest.raises(NotShown, match="nothing_of_that"):
        MATRICES.nothing_of_that()


def gradient(own, inputs):
    found = expanded(own)
    if inputs is None:
        rows = list(found.values())
    else:
        rows = []
        for k in range(own.outputs):
            for x in inputs:
                total = {}
                for (output, e), terms in found.items():
                    for w, c in terms.items() if output == k else ():
                        total[w] = total.get(w, Fraction(0)) + c * prod((v**i for v, i in zip(x, e, strict=True)), start=Fraction(1))
                rows.append({w: c for w, c in total.items() if c})
    return [row for row in rows if any(any(e) for e in row)]


@pytest.mark.parametrize("own", ALL.values(), ids=ALL)
def test_gradients(own):
    tables = [None]
    if own.inputs:
        tables += [tuple(tuple(Fraction(v, 2) for v in row[: own.inputs]) for row in rows) for rows in (POINTS, POINTS[:1])]
    for inputs in tables:
        rows = gradient(own, inputs)
        expected = [tuple({e: c for e, c in slope(row, i).items() if c} for i in range(own.parameters)) for row in rows]
        found = own.gradient_fields(inputs)
        assert sorted(map(repr, map(normal, found))) == sorted(map(repr, map(normal, expected)))
        for w in weights(own, 3):
            exact = own.jacobian_over_q(tuple(map(Fraction, w)), inputs)
            entries = [[Fraction(int(exact[i, j].p), int(exact[i, j].q)) for j in range(exact.ncols())] for i in range(exact.nrows())]
            slopes = [[at(slope(row, i), w) for i in range(own.parameters)] for row in rows]
            assert sorted(entries) == sorted(slopes or [[0] * own.parameters])


def normal(field):
    return [sorted(f.items()) for f in field]


def test_functions_at_roots():
    """At a + b sqrt(s), by products of pairs; and values in balls."""
    for own in (MATRICES, SQUARES, MIXED):
        n = own.parameters
        a, b = tuple(Fraction(k - 1, 2) for k in range(n)), tuple(Fraction(1, k + 1) for k in range(n))
        for square in (Fraction(4), Fraction(9, 4)):
            root = Fraction(int(square.numerator**0.5), int(square.denominator**0.5))
            plus, minus = (
                {k: at(t, [x + s * y for x, y in zip(a, b, strict=True)]) for k, t in expanded(own).items()} for s in (root, -root)
            )
            expected = {k: ((plus[k] + minus[k]) / 2, (plus[k] - minus[k]) / 2 / root) for k in plus}
            assert own.function_at_surds(a, b, square) == {k: v for k, v in expected.items() if any(v)}
        chosen = tuple(range(own.coefficient_count()))[::-1]
        values, slopes = own.coefficient_balls(chosen, [flint.arb(k + 2) for k in range(n)], tuple(range(n)))
        terms, w = [list(expanded(own).values())[i] for i in chosen], [k + 2 for k in range(n)]
        assert [float(v) for v in values] == pytest.approx([float(at(t, w)) for t in terms])
        assert np.allclose([[float(v) for v in row] for row in slopes], [[float(at(slope(t, i), w)) for i in range(n)] for t in terms])


def test_members_of_spans():
    names = SQUARES.coefficient_names
    on = {names[0]: Fraction(1), names[1]: Fraction(5), names[3]: Fraction(3), names[4]: HALF}
    for rows, target, holds in (
        ((0, 1, 2, 4), on, True),
        ((3, 1, 2, 4), on, True),
        ((0, 1, 2), on, False),
        ((0, 3, 1, 4), on, False),
        ((0, 1, 2, 3, 4), on, False),
        ((0, 1, 2, 2), on, False),
        ((0, 1, 2, 5), on, False),
        ((0, 1, 2, -1), on, False),
        ((0, 1, 2, 4), {**on, names[3]: Fraction(4)}, False),
        ((0, 1, 2, 4), {**on, (5, (0, 0)): Fraction(1)}, False),
        ((0, 1, 2, 4), {**on, (5, (0, 0)): Fraction(0)}, True),
        ((0, 1, 2, 4), {**on, names[4]: Fraction(7)}, True),
    ):
        assert SQUARES.spanned_by(rows, target) == holds
    assert SQUARES._pivots == (0, 1, 2, 4)
    assert SQUARES.on_span(on) == [1, 5, 0, HALF]
    assert SQUARES.on_span({**on, names[3]: Fraction(4)}) is None
    assert SQUARES.coefficients_rank(P, np.array([1, 2])) == 2
    assert SQUARES.coefficients_rank(P, np.array([0, 0])) == 0
    for w in weights(MATRICES, 4):
        rows = [[mod(at(slope(t, i), w), P) for i in range(4)] for t in expanded(MATRICES).values()]
        assert MATRICES.coefficients_rank(P, np.array(w)) == rank(rows, P)
