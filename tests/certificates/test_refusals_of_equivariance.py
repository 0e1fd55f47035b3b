"""Certificates of equivariant functions beside a model that agrees to everything; dimensions of linear ones counted in another way."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb

import flint
import numpy as np
import pytest
from tests.certificates.agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

from neurovariety.certificates.equivariant_bounds import (
    MAX_ORDER,
    PairOfMaps,
    linear_sizes,
    multiplicity_of,
    order_of,
    polynomial_maps,
    totient,
    traces_of,
)
from neurovariety.certificates.equivariant_functions import (
    ComponentPlace,
    ComponentRanks,
    ComponentsListed,
    EquivariancePlace,
    EquivariantAtLeast,
    EquivariantAtMost,
    EquivariantComponent,
    EveryFunctionEquivariant,
    LinearEquivariance,
    MovableFunctions,
    OrderOfMaps,
    kind_of,
)
from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.ranks import GENERAL_COEFFICIENTS
from neurovariety.claim import Claim

P, Q, COMPOSITE = 101, 103, 9
ERROR, MORE = 2.0**-10, 1.01 * 2.0**-10
NUMBERS, POINT = np.zeros(0), np.array([1, 2])


def rows(*entries):
    return tuple(tuple(map(Fraction, row)) for row in entries)


def cycle(n):
    return rows(*([int(j == (i + 1) % n) for j in range(n)] for i in range(n)))


def diagonal(*entries):
    return rows(*([e if i == j else 0 for j in range(len(entries))] for i, e in enumerate(entries)))


ONE, FOUR = rows([1]), cycle(4)
SWAP = PairOfMaps(cycle(2), ONE)
FUNCTIONS, WEIGHTS = "function_dimension", "weight_dimension"


def model(**answers):
    ranks = ComponentRanks(1, 2, 3, 4)
    given = {"axes": (2, 1, 2, 1), "moves": always(True), "linear_layers": always(((2, 1), False)), "input_degrees": always((1, 1))}
    own = {"zero_weights": always(4), "component_taken": always(ranks), "component_words": always(["a"])}
    more = {"is_equivariant": always(True), "equivariance_error": always(ERROR), "parameters": 9}
    return agreeing(MovableFunctions, **{**given, **own, **more, **answers})


OF_OTHERS = [{"subject": "another"}, {"maps": PairOfMaps(cycle(3), ONE)}, {"maps": PairOfMaps(cycle(2), cycle(2))}]


def test_orders():
    verdict = check_both_sides(
        OrderOfMaps(M, SWAP, 2),
        model(),
        [{"maps": PairOfMaps(diagonal(1, 2), ONE), "value": None}],
        [*OF_OTHERS, {"value": 4}, {"value": None}],
    )
    assert (verdict.statement.kind, *said(verdict)) == (kind_of("order", SWAP), 2, Claim.PROVED, (), 0)
    assert len({kind_of(part, maps) for part in "ab" for maps in (SWAP, PairOfMaps(cycle(2), diagonal(-1)))}) == 4


def test_linear_equivariance():
    """Two inputs that are exchanged: one number is free of two."""
    own = LinearEquivariance(M, SWAP, FUNCTIONS, 1)
    deep = {"model": {"linear_layers": always(((2, 3, 1), False))}}
    verdict = check_both_sides(
        own,
        model(),
        [{"part": WEIGHTS}, deep, {"model": {"linear_layers": always(((2, 1), True))}, "value": 2}],
        [
            *OF_OTHERS,
            {"value": 2},
            {**deep, "part": WEIGHTS},
            *({"model": {"linear_layers": always(layers)}} for layers in (None, ((3, 1), False), ((2, 2), False))),
            *({"model": {"axes": axes}} for axes in ((4, 1, 2, 1), (2, 2, 2, 1))),
            {"maps": PairOfMaps(diagonal(1, 2), diagonal(2))},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (kind_of(FUNCTIONS, SWAP), 1, Claim.PROVED, (), 0)


UPPER = premise(DIMENSION, 4, Claim.UPPER_BOUND)
PLACE = ComponentPlace((((1, 1),),), P, POINT, NUMBERS, NUMBERS)
COMPONENT = EquivariantComponent(M, SWAP, PLACE, ComponentRanks(1, 2, 3, 4), UPPER, 9)


def test_components():
    turned = {"maps": PairOfMaps(cycle(2), diagonal(-1))}
    verdict = check_both_sides(
        COMPONENT,
        model(),
        [
            {"upper": premise(DIMENSION, 5)},
            {"model": {"moves": lambda outputs: not outputs}},
            {**turned, "model": {"moves": lambda outputs: outputs}},
            {"general": True, "model": {"generic": True}},
            *({"maps": PairOfMaps(diagonal(1, k), ONE), "place": replace(PLACE, prime=2)} for k in (1, 2)),
        ],
        [
            *OF_OTHERS,
            *({"place": replace(PLACE, prime=p)} for p in (COMPOSITE, 2)),
            {"maps": PairOfMaps(rows([0, -1], [1, -1]), ONE), "place": replace(PLACE, prime=5)},
            {"model": {"moves": lambda outputs: outputs}},
            {**turned, "model": {"moves": lambda outputs: not outputs}},
            {"parameters": 8},
            {"general": True},
            {"model": {"generic": True}},
            *({"numbers": ComponentRanks(*n)} for n in ((2, 2, 3, 4), (1, 3, 3, 4), (1, 2, 4, 4), (1, 2, 3, 5))),
            *({"upper": v} for v in twins(UPPER, (Claim.PROBABILITY, Claim.LOWER_BOUND, Claim.COMPLETE))),
        ],
    )
    assert said(verdict) == ((PLACE.classes, 8, 3), Claim.LOWER_BOUND, (), 0)
    less = outcome(COMPONENT, model(), {"upper": premise(DIMENSION, 5)})
    assert less.statement.value == (PLACE.classes, 2, 3)
    swept = ComponentRanks(1, 9, 3, 4)
    assert outcome(COMPONENT, model(), {"numbers": swept, "model": {"component_taken": always(swept)}}).statement.value[1] == 9
    general = outcome(COMPONENT, model(), {"general": True, "model": {"generic": True}})
    assert general.statement.scope == (GENERAL_COEFFICIENTS,)


KNOWN = premise(kind_of("component", SWAP), (PLACE.classes, 8, 3), Claim.LOWER_BOUND, certificate=COMPONENT, scope=("x",))
NO_COMPONENTS = [
    next(iter(twins(KNOWN))),
    premise(KNOWN.statement.kind, KNOWN.statement.value, Claim.ESTIMATE, certificate=COMPONENT),
    *(premise("", KNOWN.statement.value, certificate=c) for c in (OrderOfMaps(M, SWAP, 2), replace(COMPONENT, subject="another"))),
    premise("", KNOWN.statement.value, certificate=replace(COMPONENT, maps=PairOfMaps(diagonal(1, 1), ONE))),
]


def test_dimensions_of_equivariant_functions():
    listed = check_both_sides(
        ComponentsListed(SWAP, M, (KNOWN,), (("a",),)),
        model(),
        [],
        [*OF_OTHERS, {"words": (("b",),)}, *({"components": (v,)} for v in NO_COMPONENTS)],
    )
    assert said(listed) == ([{"classes": ["a"], "weights": 8, "functions": 3}], Claim.LOWER_BOUND, ("x",), 0)
    own = EquivariantAtLeast(M, SWAP, FUNCTIONS, 3, KNOWN)
    general = {"general": True, "model": {"generic": True}}
    zero = {"component": None, "value": 0}
    verdict = check_both_sides(
        own,
        model(),
        [{"value": 2}, {"part": WEIGHTS, "value": 8}, zero, {**zero, "part": WEIGHTS, "value": 4}, general],
        [
            *OF_OTHERS,
            *({"component": v} for v in NO_COMPONENTS),
            *({"part": part, "value": value} for part, value in ((FUNCTIONS, 4), (WEIGHTS, 9))),
            {**zero, "value": 1},
            {**zero, "part": WEIGHTS, "value": 5},
            {**zero, "model": {"zero_weights": always(None)}},
            {"general": True},
            {"model": {"generic": True}},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)) == (kind_of(FUNCTIONS, SWAP), 3, Claim.LOWER_BOUND, (), 0)
    assert outcome(own, model(), general).statement.scope == (GENERAL_COEFFICIENTS,)


def test_bounds_from_above():
    """Maps of two exchanged inputs: of degree 1 one is free, of degrees 1 and 2 three are, of 0 to 2 four."""
    upper, lower = premise(DIMENSION, 4, scope=("a",)), premise(DIMENSION, 3, Claim.LOWER_BOUND, scope=("b",))
    own = EquivariantAtMost(M, SWAP, FUNCTIONS, 1, upper, lower)
    of_degrees = [
        ({"value": n}, {"input_degrees": always(d)}) for d, n in (((1, 2), 3), ((0, 2), 4), ((2, 2), 2), ((0, 3), 4), (None, 4))
    ]
    verdict = check_both_sides(
        own,
        model(),
        [
            {"value": 2},
            {"part": WEIGHTS, "value": 8},
            *({**own, "model": answers} for own, answers in of_degrees),
            {"maps": PairOfMaps(diagonal(1, 2), ONE), "value": 4},
            {"part": WEIGHTS, "value": 9, "lower": premise(DIMENSION, 1, Claim.PROBABILITY)},
            {"model": {"axes": (4, 1, 2, 1)}, "value": 2},
            {"upper": premise(DIMENSION, 0, Claim.UPPER_BOUND), "value": 0},
        ],
        [
            *OF_OTHERS,
            {"value": 0},
            {"part": WEIGHTS, "value": 7},
            *({"value": own["value"] - 1, "model": answers} for own, answers in of_degrees),
            {"part": WEIGHTS, "value": 8, "lower": premise(DIMENSION, 1)},
            {"model": {"axes": (4, 1, 2, 1)}, "value": 1},
            *({"upper": v} for v in twins(upper, (Claim.PROBABILITY, Claim.LOWER_BOUND, Claim.COMPLETE))),
            *({"lower": v} for v in twins(lower, (Claim.UPPER_BOUND, Claim.COMPLETE))),
        ],
    )
    assert said(verdict) == (1, Claim.UPPER_BOUND, ("a", "b"), 0)


def test_where_every_function_is_equivariant():
    known = premise(DIMENSION, 3, Claim.LOWER_BOUND, scope=("x",), error=0.5)
    places = tuple(EquivariancePlace(P, POINT + k, NUMBERS, np.array([k])) for k in range(2))
    own = EveryFunctionEquivariant(SWAP, FUNCTIONS, known, 9, places)
    first, second = places
    verdict = check_both_sides(
        own,
        model(),
        [{"places": (first, replace(first, inputs=np.array([1])))}, {"places": (first, replace(first, prime=Q))}],
        [
            *OF_OTHERS[1:],
            {"parameters": 8},
            *({"places": given} for given in ((), (first,), (first, first), (first, replace(first, weights=POINT + P)))),
            {"places": (first, replace(second, prime=COMPOSITE))},
            {"model": {"is_equivariant": lambda maps, place: place is first}},
            {"model": {"equivariance_error": always(MORE)}},
            {"places": (first,), "model": {"equivariance_error": always(1.5)}},
            *({"dimension": v} for v in twins(known, (Claim.UPPER_BOUND, Claim.COMPLETE))),
        ],
    )
    assert said(verdict) == (3, Claim.LOWER_BOUND, ("x",), ERROR**2 + 0.5)
    assert said(outcome(own, model(), {"part": WEIGHTS})) == (9, Claim.PROBABILITY, ("x",), ERROR**2)
    capped = {
        "places": (first, second, replace(first, prime=Q)),
        "model": {"equivariance_error": lambda maps, p: 7.0 if p == Q else ERROR},
    }
    assert outcome(own, model(), {**capped, "part": WEIGHTS}).statement.error == ERROR**2


MAPS = {
    "cycle of 4": (FOUR, 4), "cycle of 5": (cycle(5), 5), "signs": (diagonal(1, -1, -1), 2), "a turn": (rows([0, -1], [1, 0]), 4),
    "a third": (rows([0, -1], [1, -1]), 3), "a sixth": (rows([0, -1], [1, 1]), 6), "1": (diagonal(1, 1), 1),
}  # fmt: skip


THIRD = rows([0, -1], [1, -1])


def beside(one, two):
    """The two maps side by side."""
    return rows(*([*row, *[0] * len(two)] for row in one), *([*[0] * len(one), *row] for row in two))


def matrix(entries):
    return PairOfMaps(entries, ONE).matrices[0]


def complex_of(entries):
    return np.array([[float(v) for v in row] for row in entries], dtype=complex)


@pytest.mark.parametrize("name", MAPS)
def test_orders_traces_and_eigenvalues(name):
    entries, order = MAPS[name]
    assert order_of(matrix(entries)) == order
    powers = [np.linalg.matrix_power(complex_of(entries), k) for k in range(order)]
    assert traces_of(matrix(entries), order) == [round(np.trace(p).real) for p in powers]
    angles = np.angle(np.linalg.eigvals(complex_of(entries))) / (2 * np.pi)
    for d in (1, 2, 3, 4, 5, 6, 8):
        times = sum(abs((a - 1 / d + 0.5) % 1 - 0.5) < 1e-9 for a in angles)
        assert multiplicity_of(matrix(entries), d) == times


def test_maps_of_large_or_no_order():
    assert [totient(d) for d in (1, 2, 3, 4, 6, 12, 30)] == [1, 1, 2, 2, 2, 4, 8]
    for entries in (
        diagonal(2),
        diagonal(Fraction(1, 2)),
        rows([1, 1], [0, 1]),
        diagonal(1, 0),
        diagonal(Fraction(1, 2), Fraction(-1, 2)),
    ):
        assert order_of(matrix(entries)) is None
    assert order_of(matrix(beside(cycle(3), beside(cycle(4), cycle(5))))) == MAX_ORDER == 60
    assert order_of(matrix(cycle(61))) is None
    assert PairOfMaps(cycle(3), cycle(4)).order == 12
    assert PairOfMaps(cycle(7), cycle(9)).order is None
    assert PairOfMaps(cycle(3), diagonal(2)).order is None
    assert [PairOfMaps(FOUR, s).outputs_stay for s in (diagonal(1, 1), diagonal(1, -1))] == [True, False]


def brute_force(t, s, low, high):
    """Equivariant polynomial maps, by the rank of what f(T x) = S f(x) asks of the coefficients."""
    n, m, total = len(t), len(s), 0
    for degree in range(low, high + 1):
        exponents = [e for e in product(range(degree + 1), repeat=n) if sum(e) == degree]
        context = flint.fmpq_mpoly_ctx.get([f"x{i}" for i in range(n)])
        gens = context.gens()
        moved = [
            sum((flint.fmpq(v.numerator, v.denominator) * g for v, g in zip(row, gens, strict=True)), context.constant(0)) for row in t
        ]
        images = []
        for e in exponents:
            value = context.constant(1)
            for x, k in zip(moved, e, strict=True):
                value = value * x**k
            images.append({tuple(map(int, key)): c for key, c in value.to_dict().items()})
        columns = [(o, e) for o in range(m) for e in exponents]
        asked = []
        for o, e in columns:  # the coefficient of e in f_o(T x) - (S f)_o
            row = [(images[k].get(e, 0) if q == o else 0) for q in range(m) for k in range(len(exponents))]
            for q in range(m):
                row[q * len(exponents) + exponents.index(e)] -= flint.fmpq(s[o][q].numerator, s[o][q].denominator)
            asked.append(row)
        total += len(columns) - int(flint.fmpq_mat(len(asked), len(columns), [flint.fmpq(v) for row in asked for v in row]).rank())
    return total


PAIRS = [
    (cycle(3), cycle(3)), (cycle(4), diagonal(-1)), (cycle(2), ONE), (diagonal(1, -1), diagonal(-1, 1)),
    (rows([0, -1], [1, -1]), rows([0, -1], [1, -1])), (rows([0, -1], [1, 0]), diagonal(-1)), (diagonal(1, 1), diagonal(1, 1)),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(PAIRS)))
def test_polynomial_maps(k):
    t, s = PAIRS[k]
    maps = PairOfMaps(t, s)
    for low, high in ((0, 0), (1, 1), (0, 2), (1, 3), (2, 3)):
        assert polynomial_maps(maps, maps.order, len(t), len(s), (low, high)) == brute_force(t, s, low, high)


def test_copies():
    """Two copies of two inputs that are exchanged: half of the linear maps, with three outputs three times as many."""
    assert polynomial_maps(SWAP, 2, 4, 1, (1, 1)) == 2
    assert polynomial_maps(SWAP, 2, 4, 3, (1, 1)) == 6
    assert polynomial_maps(SWAP, 4, 4, 1, (0, 2)) == 1 + 2 + (comb(5, 2) + 2) // 2


def largest(blocks, narrow):
    """Ranks of the blocks chosen in all ways: (rank, dimension)."""
    for ranks in product(*(range(min(a, b) + 1) for a, b, _ in blocks)):
        k = sum(delta * r for r, (_, _, delta) in zip(ranks, blocks, strict=True))
        if k <= narrow:
            yield k, sum(delta * r * (a + b - r) for r, (a, b, delta) in zip(ranks, blocks, strict=True))


def weights_with_rank(widths, k):
    """Ranks of all partial products chosen in all ways."""
    if len(widths) == 2:
        return k * (widths[0] + widths[1] - k)
    best = -1
    for ranks in product(*(range(k, min(widths[: i + 2]) + 1) for i in range(len(widths) - 2))):
        if list(ranks) == sorted(ranks, reverse=True):
            size, start = 0, widths[0]
            for i, h in enumerate([*ranks, k]):
                size += h * (start + widths[i + 1] - h) + (widths[i] - start) * widths[i + 1]
                start = h
            best = max(best, size)
    return best


LINEAR = [
    (cycle(3), cycle(3), [(1, 1, 1), (1, 1, 2)]), (FOUR, FOUR, [(1, 1, 1), (1, 1, 1), (1, 1, 2)]),
    (cycle(5), cycle(3), [(1, 1, 1), (1, 0, 2), (1, 0, 2), (0, 1, 2)]), (cycle(5), cycle(5), [(1, 1, 1), (1, 1, 2), (1, 1, 2)]),
    (diagonal(1, 1, -1), diagonal(1, -1, -1, -1), [(2, 1, 1), (1, 3, 1)]), (rows([1, 1], [0, 1]), diagonal(1, 1, 1), [(1, 3, 1)]),
    (diagonal(1, -1), diagonal(1, 1), [(1, 2, 1), (1, 0, 1)]),
    (beside(THIRD, diagonal(1, 1)), beside(THIRD, THIRD), [(2, 0, 1), (1, 2, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("case", "hidden"), [*product(range(len(LINEAR)), [(), (1,), (2,), (3,), (2, 4), (4, 2), (1, 1)])])
def test_linear_networks(case, hidden):
    t, s, blocks = LINEAR[case]
    widths = (len(t), *hidden, len(s))
    known = list(largest(blocks, min(widths)))
    fiber = {k: weights_with_rank(widths, k) - k * (widths[0] + widths[-1] - k) for k, _ in known}
    found = linear_sizes(widths, False, PairOfMaps(t, s))
    assert (found.functions, found.weights) == (max(d for _, d in known), max(d + fiber[k] for k, d in known))
    constants = len(s) - np.linalg.matrix_rank(complex_of(s) - np.eye(len(s)))
    with_biases = linear_sizes(widths, True, PairOfMaps(t, s))
    assert with_biases.functions == found.functions + constants
    assert with_biases.weights == found.weights + sum(hidden) + constants


def test_linear_networks_of_no_order():
    assert linear_sizes((2, 2), False, PairOfMaps(rows([1, 1], [0, 1]), diagonal(1, -1))) is None
