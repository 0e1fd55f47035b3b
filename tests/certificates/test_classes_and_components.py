"""Classes of group elements, components of matrices and laws of flows, counted one by one; what their certificates refuse."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations_with_replacement, permutations, product
from math import comb, factorial, log2

import numpy as np
import pytest
from tests.certificates.agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

from neurovariety.certificates.conserved import (
    ALL_CONSERVED,
    CONSERVED,
    AllShown,
    ConservedLaws,
    FlowBrackets,
    IndependentLaws,
    law_text,
    monomials_up_to,
)
from neurovariety.certificates.elements_of_finite_order import HiddenGroup, LayerClass, is_class, primitive_root_of_unity
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.functions import DIMENSION, Functions, Moving
from neurovariety.certificates.irreducible_components import (
    COMPONENTS,
    BlockComponents,
    BlockMaps,
    ComponentOfModel,
    OneComponent,
    Parametrized,
    determinantal_degree,
    maximal_ranks,
    short_enough,
)
from neurovariety.certificates.issue import NotShown, issue, recorded
from neurovariety.certificates.modular_account import error_bound
from neurovariety.certificates.upper_bounds import LINEAR
from neurovariety.claim import Claim


def signed_permutations(n, exchanges, signs):
    for order in permutations(range(n)) if exchanges else [tuple(range(n))]:
        for own in product((1, -1) if signs else (1,), repeat=n):
            g = np.zeros((n, n), dtype=int)
            g[list(order), range(n)] = own
            yield g


def parts_of(g):
    """Lengths and signs of the cycles."""
    left, found = set(range(len(g))), []
    while left:
        at = start = min(left)
        size, sign = 0, 1
        while True:
            left.discard(at)
            to = int(np.flatnonzero(g[:, at])[0])
            size, sign, at = size + 1, sign * g[to, at], to
            if at == start:
                break
        found.append((size, int(sign)))
    return tuple(sorted(found))


GROUP = HiddenGroup("g", 3, ((("W", 0), 1), (("V", 1), -1), (("b", None), 2)), True, True, False)


@pytest.mark.parametrize(("exchanges", "signs"), [(True, True), (True, False), (False, True), (False, False)])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 6])
def test_classes_of_signed_permutations(exchanges, signs, order):
    group = replace(GROUP, exchanges=exchanges, signs=signs)
    elements = signed_permutations(3, exchanges, signs)
    expected = {parts_of(g) for g in elements if (np.linalg.matrix_power(g, order) == np.eye(3)).all()}
    candidates = [
        tuple(sorted(parts))
        for count in (1, 2, 3, 4)
        for parts in combinations_with_replacement(list(product(range(5), (1, -1, 2))), count)
    ]
    assert {parts for parts in candidates if is_class(group, parts, order)} == expected
    for parts in expected:
        g = LayerClass(group, parts, order)._matrix(1, 101, 1)
        own = np.where(g == 100, -1, g)
        assert parts_of(own) == parts
        assert (np.linalg.matrix_power(own, order) == np.eye(3)).all()
        assert (LayerClass(group, parts, order)._matrix(2, 101, 1) == abs(own)).all()
        assert (LayerClass(group, parts, order)._matrix(-1, 101, 1) == g).all()
        assert LayerClass(group, parts, order).trivial == (own == np.eye(3)).all()


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5, 6])
def test_classes_of_linear_maps(order):
    group = replace(GROUP, linear=True, exchanges=False, signs=False)
    real = [(1, 0)] + [(1, order // 2)] * (order % 2 == 0)
    turns = [(2, k) for k in range(1, order) if 2 * k < order]
    candidates = [c for count in (1, 2, 3, 4) for c in combinations_with_replacement(list(product((1, 2, 3), range(order + 1))), count)]
    found = {c for c in candidates if is_class(group, c, order)}
    assert found == {c for c in candidates if sum(s for s, _ in c) == 3 and set(c) <= {*real, *turns}}
    p = 61  # one more than a multiple of each order
    root = primitive_root_of_unity(order, p)
    assert [pow(root, k, p) for k in range(1, order)].count(1) == 0
    assert pow(root, order, p) == 1
    for parts in found:
        factors = {(b, a): m for b, a, m in LayerClass(group, parts, order).factors(p, root)}
        g, inverse = factors["W", 0], factors["V", 1]
        assert (g.T @ inverse % p == np.eye(3)).all()
        power = np.eye(3, dtype=int)
        for k in range(1, order + 1):
            power = power @ g % p
            fixed = sum(s for s, kind in parts if kind * k % order == 0)
            assert ((power == np.eye(3)).all()) == (fixed == 3)
        assert (
            np.trace(g) % p
            == sum(1 if (s, k) == (1, 0) else -1 if s == 1 else pow(root, k, p) + pow(root, -k, p) for s, k in parts) % p
        )


def test_orders_that_a_prime_has_not():
    for q in (7, 8, 60 * 2):
        with pytest.raises(NotShown):
            primitive_root_of_unity(q, 61)


def test_words_of_classes():
    told = {((1, 1),): "1 fixed", ((1, -1), (1, -1)): "2 negated", ((2, 1), (2, 1), (3, -1)): "2 cycles of 2, 1 cycle of 3 with a sign"}
    for parts, words in told.items():
        assert LayerClass(GROUP, parts, 6).words == f"g: {words}"
    linear = replace(GROUP, linear=True)
    assert LayerClass(linear, ((1, 0), (1, 3), (2, 1), (2, 1)), 6).words == "g: 1 fixed, 1 negated, 2 planes turned by 1/6"
    assert GROUP.incoming() == (("W", 0),)
    assert replace(GROUP, weights=((("W", 1), 1), (("V", 2), -1), (("b", None), 2))).incoming() == (("W", 1),)
    assert GROUP.blocks() == {"W", "V", "b"}


BLOCKS = ((2, True), (1, False), (3, True))


@pytest.mark.parametrize(
    "blocks", [BLOCKS, ((2, False), (1, True)), ((2, False), (2, False)), ((1, True),), ((3, False), (1, True), (1, False))]
)
def test_maximal_ranks(blocks):
    weights = [1 if real else 2 for _, real in blocks]
    for bound in range(sum(w * n for w, (n, _) in zip(weights, blocks, strict=True)) + 2):
        every = [r for r in product(*(range(n + 1) for n, _ in blocks)) if sum(w * k for w, k in zip(weights, r, strict=True)) <= bound]
        maximal = [r for r in every if not any(s != r and all(a >= b for a, b in zip(s, r, strict=True)) for s in every)]
        assert maximal_ranks(blocks, bound) == len(maximal)
        subject = BlockMaps(blocks, bound, ())
        own = BlockComponents(subject.hash, blocks, tuple(maximal), ("",) * len(maximal), len(maximal), "components")
        rows = issue(own, subject).statement.value
        for r, row in zip(maximal, rows, strict=True):
            sizes = [(w, n, k) for w, (n, _), k in zip(weights, blocks, r, strict=True)]
            assert row["dimension"] == sum(w * (n * n - (n - k) ** 2) for w, n, k in sizes)
            assert row["ed_degree_frobenius"] == np.prod([comb(n, k) for _, n, k in sizes])
            assert row["degree"] == np.prod([minors(n, n, k) ** w for w, n, k in sizes])
            assert row["largest"] == (row["dimension"] == max(other["dimension"] for other in rows))
        if len(maximal) > 1:
            few = issue(replace(own, ranks=own.ranks[1:], notations=own.notations[1:]), subject).statement.value
            assert [row["largest"] for row in few] == [None] * len(few)
        others = [r for r in every if r not in maximal] + [tuple(k + 1 for k in maximal[0]), (*maximal[0], 0)]
        for changed in (
            *(replace(own, ranks=(r,), notations=("",)) for r in others),
            *(replace(own, count=len(maximal) + k) for k in (-1, 1)),
            replace(own, ranks=own.ranks + own.ranks[:1], notations=(*own.notations, ""), count=len(maximal) + 1),
            replace(own, notations=("x", *own.notations[1:])),
            replace(own, part="another"),
            replace(own, blocks=(*blocks, (1, True))),
            replace(own, subject="another"),
        ):
            with pytest.raises(NotShown):
                issue(changed, subject)


def minors(rows, columns, rank):
    """The degree of matrices of bounded rank, by the product over corners (Fulton 1998, 14.4.14)."""
    found = Fraction(1)
    for i in range(columns - rank):
        found *= Fraction(factorial(rows + i) * factorial(i), factorial(rank + i) * factorial(rows - rank + i))
    return int(found)


def test_degrees_of_matrices_of_bounded_rank():
    for rows, columns in product(range(1, 5), repeat=2):
        for rank in range(min(rows, columns) + 1):
            assert determinantal_degree(rows, columns, rank) == minors(rows, columns, rank)
        assert determinantal_degree(rows, columns, 9) == 1
    assert (short_enough(2**3298), short_enough(2**3299)) == (2**3298, None)
    given = BlockMaps(BLOCKS, (1, 1, 2), (((1, 1, 2), "x"),))
    own = BlockComponents(given.hash, BLOCKS, ((1, 1, 2),), ("x",), 1, "count")
    assert (issue(own, given).statement.kind, issue(own, given).statement.value) == (f"{COMPONENTS}: count", 1)
    for changed in (replace(own, count=2), replace(own, ranks=((1, 1, 1),), notations=("",)), replace(own, notations=("",))):
        with pytest.raises(NotShown):
            issue(changed, given)


def test_components_of_models():
    known = premise(DIMENSION, 4, Claim.ESTIMATE, scope=("x",), error=0.5)
    own = ComponentOfModel("net", known, (3, 4, 2))
    linear = {"sizes": None, "linear": premise(LINEAR, 4)}
    here = agreeing(Parametrized, name="net", bounded_rank=(3, 4, 2))
    verdict = check_both_sides(
        own,
        here,
        [{"sizes": None}, linear],
        [
            {"name": "another"},
            {"sizes": (3, 3, 2)},
            {"model": {"bounded_rank": None}},
            *({"dimension": v} for v in list(twins(known))[:3]),
            *({"sizes": None, "linear": v} for v in twins(linear["linear"], (Claim.PROBABILITY, Claim.LOWER_BOUND))),
        ],
    )
    row = {"architecture": "net", "dimension": 4, "degree": minors(3, 4, 2), "ed_degree_frobenius": 3, "ranks": None, "largest": True}
    assert said(verdict) == ([row], Claim.ESTIMATE, ("x",), 0.5)
    assert outcome(own, here, linear).statement.value == [{**row, "degree": 1, "ed_degree_frobenius": None}]
    assert outcome(own, here, {"sizes": None}).statement.value == [{**row, "degree": None, "ed_degree_frobenius": None}]
    assert said(check_both_sides(OneComponent(M), agreeing(Functions), [], [{"subject": "another"}])) == (1, Claim.PROVED, (), 0)


def test_errors_of_two_primes():
    """Forms of degrees 2 and 3, of heights 4 and 1, in two unknowns: one is solved for, or both, with a last equation of u det J."""
    system = ExactSystem(2, (((5, ((0, 2),)), (3, ((1, 1),))), ((1, ((1, 3),)), (1, ((0, 1),)))), (2, 3))
    equations = list(zip((2, 3), (system.log2_heights()[s] for s in (2, 3)), strict=True))
    for simple in (False, True):
        n, own = 2, list(equations)
        if simple:
            height = log2(factorial(2)) + sum(h + log2(d) for d, h in own) + 1
            n, own = 3, [*own, (1 + 2 + 1, height)]
        degree = np.prod([d for d, _ in own])
        share = sum(h / d + log2(n + 1) for d, h in own) + 2 * (n + 1) * log2(n + 2)
        bad = 4 * degree * share / 60 / 2.0**53
        assert error_bound(system, simple) == pytest.approx(bad**2, rel=1e-9, abs=0)
    huge = ExactSystem(1, (((2**4000, ((0, 60),)),) * 1,), (1,))
    assert 0 < error_bound(huge, False) < 1
    square = ExactSystem(3, tuple(((1, ((0, 2**20),)),) for _ in range(3)), (3, 4, 5))
    assert error_bound(square, False) == 1


W, V = (1, 0, 0), (0, 1, 0)
LAW = (((2, 0, 0), Fraction(1)), ((0, 2, 0), Fraction(-1)))


def test_laws_of_flows():
    """Of the product a b, whose gradient is (b, a, 0), a^2 - b^2 is conserved, and c."""
    fields = [({(0, 1, 0): Fraction(1)}, {(1, 0, 0): Fraction(1)}, {})]
    here = agreeing(Moving, parameters=3, weight_names=("a", "b", "c"), gradient_fields=always(fields))
    last = (((0, 0, 1), Fraction(1)),)
    square = (((0, 0, 2), Fraction(1)),)
    laws = (LAW, last, square)
    texts = tuple(law_text(law, ("a", "b", "c")) for law in laws)
    points = ((2, 3, 5), (7, 11, 13), (17, 19, 23), (29, 31, 37), (41, 43, 47), (53, 59, 61), (67, 71, 73))
    own = ConservedLaws(M, None, laws, 2, 2, texts[:2], 101, points)
    verdict = check_both_sides(
        own,
        here,
        [{"points": ()}, {"most": 3, "texts": texts}, {"laws": laws[:2], "points": ()}],
        [
            {"laws": laws[:2]},
            {"laws": (*laws, LAW)},
            {"texts": texts[:1]},
            {"most": 1},
            {"degree": 1},
            {"degree": 3},
            {"subject": "another"},
            *({"prime": p} for p in (9, 2**61 - 1, 2147483659)),
            {"points": points[:1]},
            *({"points": (*points, point)} for point in ((0, 1, 2), (1, 2), (1, 2, 101))),
            {"laws": (LAW, (((1, 0, 0), Fraction(1)),), square), "texts": (texts[0], "a")},
        ],
    )
    assert said(verdict)[:2] == (list(texts[:2]), Claim.PROVED)
    assert outcome(own, here, {"points": ()}).claim is Claim.LOWER_BOUND
    known = premise("", list(texts), certificate=own)
    independent = IndependentLaws(known, 101, (1, 2, 3), 2)
    verdict = check_both_sides(
        independent,
        here,
        [{"value": 1}],
        [
            {"value": 3},
            {"prime": 9},
            {"point": (1, 2)},
            {"point": (0, 0, 3)},
            {"laws": recorded(known.statement, Claim.PROVED)},
            {"laws": premise("", 0, certificate=replace(own, subject="another"))},
            {"laws": premise("", 0, Claim.ESTIMATE, certificate=own)},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)[:2]) == (CONSERVED, 2, Claim.LOWER_BOUND)
    two = [*fields, ({(0, 0, 0): Fraction(1)}, {}, {(2, 0, 0): Fraction(1)})]  # d/da + a^2 d/dc: with their bracket of rank 3
    moving = agreeing(Moving, parameters=3, weight_names=("a", "b", "c"), gradient_fields=always(two))
    brackets = FlowBrackets(M, None, 101, (1, 2, 3), (0, 1), ((0, 1),), 3, 3)
    verdict = check_both_sides(
        brackets,
        moving,
        [{"rank": 2, "brackets": ()}, {"brackets": ((0, 1), (2, 0))}, {"generators": (1, 0)}],
        [
            {"brackets": ()},
            {"generators": (0, 0)},
            {"brackets": ((0, 0),)},
            *({"brackets": (b,)} for b in ((2, 0), (0, 2), (-1, 0), (0, -1))),
            *({"generators": (0, g)} for g in (2, -1)),
            {"parameters": 4},
            {"point": (1, 2)},
            {"prime": 9},
            {"subject": "another"},
            {"rank": 4},
        ],
    )
    assert (verdict.statement.kind, *said(verdict)[:2]) == (CONSERVED, 0, Claim.UPPER_BOUND)
    low, high = premise(CONSERVED, 2, Claim.LOWER_BOUND), premise(CONSERVED, 2, Claim.UPPER_BOUND)
    verdict = issue(AllShown(low, high), here)
    assert (verdict.statement.kind, *said(verdict)[:2]) == (ALL_CONSERVED, True, Claim.PROVED)
    for changed in (
        *(AllShown(v, high) for v in (*twins(low, (Claim.PROVED, Claim.UPPER_BOUND)), premise(CONSERVED, 1, Claim.LOWER_BOUND))),
        *(AllShown(low, v) for v in (*twins(high, (Claim.PROVED, Claim.LOWER_BOUND)), premise(CONSERVED, 3, Claim.UPPER_BOUND))),
        AllShown(premise("x", 2, Claim.LOWER_BOUND), premise("x", 2, Claim.UPPER_BOUND)),
    ):
        with pytest.raises(NotShown):
            issue(changed, here)


def test_monomials_and_texts():
    assert set(monomials_up_to(2, 2)) == {(1, 0), (0, 1), (2, 0), (1, 1), (0, 2)}
    assert len(monomials_up_to(3, 4)) == comb(7, 3) - 1
    law = (((0, 2), Fraction(-2, 3)), ((1, 1), Fraction(1)), ((2, 0), Fraction(-1)))
    assert law_text(law, ("a", "b")) == "-a^2 + a*b - 2/3*b^2"
    assert law_text(law[:1], ("a", "b")) == "-2/3*b^2"
    assert law_text((((1, 0), Fraction(1)), ((0, 1), Fraction(-1))), ("a", "b")) == "a - b"
