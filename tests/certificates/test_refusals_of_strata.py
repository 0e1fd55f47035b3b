"""Ranks on strata, tables of smaller networks, and what rests there, with models that agree: each refusal alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety.certificates.critical_functions import BUT_ONE, CRITICAL
from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.resting import LIMITS, NOT_SHOWN, RESTING, AllResting, OnStratum, SomeLimits, SomeResting, StrataOfLoss
from neurovariety.certificates.stratum_ranks import (
    ON_STRATUM,
    CriticalDimension,
    CriticalUnion,
    OrbitRanks,
    PlaceRanks,
    StrataTable,
    StratifiedFunctions,
    StratumPlace,
    StratumRanks,
    ranks_at,
)
from neurovariety.certificates.subnetwork_posets import (
    KnownStrataListed,
    OverStratum,
    SubnetworkImage,
    SubnetworkInclusions,
    Subnetworks,
    SubnetworkTable,
)
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, premise, said, twins

P, Q = 101, 103
NOTHING = np.zeros(0, dtype=int)
UP, DOWN, LIKELY = Claim.UPPER_BOUND, Claim.LOWER_BOUND, Claim.PROBABILITY


def place(*parameters, stratum="s", prime=P, coefficients=NOTHING, inputs=3):
    return StratumPlace(stratum, prime, np.array(parameters), coefficients, np.zeros((inputs, 1)))


def stratified(**answers):
    taken = {(2, 3): PlaceRanks(2, 3, 2, 2), (4, 5): PlaceRanks(1, 4, 2, 3)}
    given = {
        "stratum_taken": lambda at: taken.get(tuple(at.parameters.tolist())),
        "stratum_parameters": lambda name: 2 if name == "s" else None,
        "stratum_error": lambda name, at_most, prime: 2.0**-11 if (name, at_most) == ("s", 6) else 1.0,
    }
    return agreeing(StratifiedFunctions, **{**given, **answers})


BOUNDED = premise(DIMENSION, 6, UP, scope=("with kinks",))
SEEN = StratumRanks(M, "s", (place(2, 3), place(4, 5)), (2, 4, 2), BOUNDED)


def test_ranks_on_a_stratum():
    """Each number is the largest of the places, not all at one; the errors of both places are multiplied."""
    again, residues = place(2, 3), place(2 + P, 3)
    verdict = check_both_sides(
        SEEN,
        stratified(),
        [
            {"places": (place(2, 3), place(4, 5, inputs=4))},
            {"upper": replace_claim(BOUNDED, Claim.PROVED)},
            {"model": {"stratum_error": always(2.0**-10)}},
        ],
        [
            {"subject": "another"},
            {"stratum": "t"},
            {"places": ()},
            {"places": (place(2, 3), place(4, 5, stratum="t"))},
            {"places": (place(2, 3), again, place(4, 5))},
            {"places": (place(2, 3), residues, place(4, 5))},
            {"places": (place(2, 3),), "value": (2, 3, 2)},
            {"places": (place(2, 3), place(4, 5, prime=9))},
            {"value": (2, 3, 2)},
            {"value": (1, 4, 2)},
            {"value": (2, 4, 3)},
            *({"upper": v} for v in twins(BOUNDED, (DOWN, LIKELY))),
            {"model": {"stratum_parameters": always(None)}},
            {"model": {"stratum_error": always(2.0**-10 + 2.0**-40)}},
        ],
    )
    assert said(verdict) == ((2, 4, 2), LIKELY, ("s", "with kinks"), 2.0**-22)
    assert verdict.statement.kind == ON_STRATUM


def replace_claim(known, claim):
    s = known.statement
    return premise(s.kind, s.value, claim, subject=s.subject, scope=s.scope, error=s.error)


def test_inputs_that_may_add_to_a_rank():
    """A rank that the last input has raised, below the bound, may be raised by the next; not with more inputs than parameters, and not
    where the last one added nothing."""
    grown = {"stratum_taken": always(PlaceRanks(2, 4, 2, 3))}
    own = replace(SEEN, places=(place(2, 3, inputs=2), place(4, 5, inputs=2)))
    assert outcome(own, stratified(), {"model": {**grown, "parameters": 1}}) is not None
    assert outcome(own, stratified(), {"model": {**grown, "parameters": 2}}) is None
    assert outcome(own, stratified(), {"model": {"stratum_taken": always(PlaceRanks(2, 4, 2, 4)), "parameters": 2}}) is not None
    full = replace(own, value=(2, 6, 2))
    unsure = {"stratum_parameters": always(3), "stratum_taken": always(PlaceRanks(2, 6, 2, 5)), "parameters": 2}
    assert outcome(full, stratified(), {"model": unsure}) is not None


def test_the_largest_numbers_are_proved():
    one = replace(SEEN, places=(place(2, 3),), value=(2, 6, 2))
    most = {"stratum_taken": always(PlaceRanks(2, 6, 2, 5)), "stratum_error": always(1.0)}
    assert said(outcome(one, stratified(), {"model": most})) == ((2, 6, 2), Claim.PROVED, ("s", "with kinks"), 0.0)
    for fewer in (PlaceRanks(1, 6, 2, 6), PlaceRanks(2, 5, 2, 5), PlaceRanks(2, 6, 1, 6)):
        own = replace(one, value=(fewer.dimension, fewer.rank, fewer.functions))
        assert outcome(own, stratified(), {"model": {**most, "stratum_taken": always(fewer)}}) is None, fewer
        low = outcome(replace(own, bound=True), stratified(), {"model": {**most, "stratum_taken": always(fewer)}})
        assert low.claim is DOWN
    drawn = outcome(replace(one, places=(place(2, 3, coefficients=np.ones(1)),)), stratified(), {"model": most})
    assert drawn.statement.scope == ("s", "for general coefficients", "with kinks")


def test_ranks_are_taken_where_none_are_known():
    """Of matrices mod 101: J has the rows of two inputs with two outputs each, the stratum's map the rank 1."""
    tangent, jacobian = np.array([[1, 2], [102, 2], [0, 0]]), np.array([[1, 0, 5], [0, 1, 0], [101, 0, 1], [1, 1, 6]])
    model = stratified(stratum_taken=always(None), stratum_matrices=lambda at: (tangent, jacobian), outputs=2)
    assert ranks_at(model, place(1, 1)) == PlaceRanks(1, 3, 1, 2)
    model = stratified(stratum_taken=always(None), stratum_matrices=lambda at: (tangent[:, :0], jacobian[:2]), outputs=2)
    assert ranks_at(model, place(1, 1)) == PlaceRanks(0, 2, 0, 0)
    model = stratified(stratum_taken=always(None), stratum_matrices=lambda at: (tangent, jacobian[:3]), outputs=2)
    assert ranks_at(model, place(1, 1)).fewer == 1
    for left in (jacobian[:0], jacobian[:, :0]):
        empty = stratified(stratum_taken=always(None), stratum_matrices=lambda at, left=left: (tangent, left), outputs=2)
        assert ranks_at(empty, place(1, 1)) == PlaceRanks(1, 0, 0, 0)
    with pytest.raises(NotShown):
        ranks_at(model, place(1, 1, prime=91))


ORBIT = OrbitRanks(M, "s", (2, 3, 2), (((0, 0), 1), ((0, 2), 1), ((1, 1), 2), ((2, 2), 1)))


def test_orbits_of_chains_by_hand():
    """B A of rank 1, where A and B have rank 1: the products have the dimension 2 + 2 - 1, and so has the image of J; A and B have 4
    each, and that B is not 0 on the image of A is an open condition."""
    model = agreeing(StratifiedFunctions, stratum_orbit=always((ORBIT.widths, ORBIT.counts)))
    verdict = check_both_sides(
        ORBIT,
        model,
        [],
        [{"subject": "x"}, {"widths": (2, 3, 3)}, {"counts": ORBIT.counts[:-1]}, {"model": {"stratum_orbit": always(None)}}],
    )
    assert said(verdict) == ((8, 3, 3), Claim.PROVED, ("s",), 0.0)
    point = OrbitRanks(M, "s", (2, 2), (((0, 1), 1), ((0, 0), 1), ((1, 1), 1)))
    found = issue(point, agreeing(StratifiedFunctions, stratum_orbit=always((point.widths, point.counts))))
    assert said(found)[0] == (3, 4, 3)  # matrices of rank 1; one matrix alone has the derivative 1
    wrong = replace(ORBIT, counts=ORBIT.counts[:-1])
    with pytest.raises(NotShown):
        issue(wrong, agreeing(StratifiedFunctions, stratum_orbit=always((wrong.widths, wrong.counts))))


UNION = CriticalUnion(M, ("s", "t"), "a theorem", "its source")


def test_a_theorem_on_all_strata():
    model = agreeing(StratifiedFunctions, critical_union=lambda names: ("a theorem", "its source") if names == ("s", "t") else None)
    others = [{"subject": "x"}, {"strata": ("s",)}, {"name": "b"}, {"source": "b"}]
    assert said(check_both_sides(UNION, model, [], others)) == (True, Claim.PROVED, ("s", "t"), 0.0)


WHOLE = premise(DIMENSION, 5, scope=("w",), error=0.125, claim=LIKELY)
S = premise(ON_STRATUM, (4, 3, 2), scope=("s", "a"), error=0.25, claim=LIKELY)
T = premise(ON_STRATUM, (2, 5, 1), scope=("t", "b"))
LOW = premise(ON_STRATUM, (3, 2, 2), scope=("t",), claim=DOWN)


def kinds(**answers):
    return agreeing(StratifiedFunctions, **{"stratum_kind": {"s": "zero", "t": "equal"}.get, "parameters": 6, **answers})


def test_tables_of_strata():
    table = StrataTable(WHOLE, (S, T), ("zero", "equal"))
    whole = [v for v in twins(WHOLE) if v.checked and v.claim is not Claim.ESTIMATE and v.claim is not Claim.UNDECIDED]
    verdict = check_both_sides(
        table,
        kinds(),
        [{"whole": replace_claim(WHOLE, DOWN)}, {"whole": replace_claim(WHOLE, Claim.ESTIMATE)}, {"ranks": (S, LOW)}],
        [
            {"ranks": (), "kinds": ()},
            {"kinds": ("zero",)},
            {"kinds": ("equal", "zero")},
            {"ranks": (S, S), "kinds": ("zero", "zero")},
            *({"whole": v} for v in whole),
            {"whole": next(twins(WHOLE))},
            *({"ranks": (S, v)} for v in twins(T, (UP,))),
        ],
    )
    rows, claim, scope, error = said(verdict)
    assert [(r["name"], r["kind"], r["corank"], r["fiber"], r["claim"]) for r in rows] == [
        ("s", "zero", 2, 2, "probability"),
        ("t", "equal", 0, 1, "proved"),
    ]
    assert (claim, scope, error) == (LIKELY, ("w", "a", "b"), 0.375)
    rows, claim, scope, error = said(
        outcome(table, kinds(), {"whole": replace_claim(WHOLE, DOWN), "ranks": (LOW, S), "kinds": ("equal", "zero")})
    )
    assert [(r["corank"], r["fiber"]) for r in rows] == [(None, None), (None, 2)]
    assert (claim, scope, error) == (DOWN, ("a",), 0.25)


def test_dimensions_of_critical_sets():
    union = premise("critical locus: complete", True, scope=("s", "t"))
    own = CriticalDimension(WHOLE, (S, T), 6, "dimension")
    verdict = check_both_sides(
        own,
        kinds(),
        [{"whole": replace_claim(WHOLE, DOWN)}, {"union": union}, {"ranks": (S, LOW)}],
        [
            {"parameters": 5},
            {"ranks": (T,)},
            {"ranks": (LOW,)},
            *({"whole": v} for v in twins(WHOLE, (UP,))),
            *({"ranks": (S, v)} for v in twins(T) if v.claim is Claim.PROVED),
            *({"union": v} for v in twins(union, (LIKELY, DOWN))),
            {"union": premise("critical locus: complete", True, scope=("s", "t", "u"))},
        ],
    )
    assert said(verdict) == (4, DOWN, ("w", "a"), 0.375)
    assert said(outcome(own, kinds(), {"union": union})) == (4, LIKELY, ("w", "a", "b"), 0.375)
    small = premise(ON_STRATUM, (3, 4, 2), scope=("u",))
    assert said(outcome(own, kinds(), {"ranks": (small, S)}))[0] == 4
    assert said(outcome(own, kinds(), {"part": "codimension"}))[:2] == (2, UP)
    assert said(outcome(own, kinds(), {"part": "codimension", "union": union}))[:2] == (2, LIKELY)


def test_a_hypersurface_of_critical_weights_is_all_there_can_be():
    """Where the rank drops, minors are 0 that are not at general weights: one dimension less at least. Of several of that dimension
    the one is taken whose rank is surest, and what bounds the rank at general weights from below will do."""
    own = CriticalDimension(replace_claim(WHOLE, DOWN), (S, T), 5, "dimension")
    likely = premise(ON_STRATUM, (4, 4, 2), claim=LIKELY, scope=("z",), error=0.5)
    assert said(outcome(own, kinds(parameters=5), {"ranks": (likely, S, T)})) == (4, LIKELY, ("w", "a"), 0.375)
    certain = premise(DIMENSION, WHOLE.statement.value, DOWN)
    proved = {"whole": certain, "ranks": (premise(ON_STRATUM, (4, 4, 2), scope=("z",)), likely, T), "part": "codimension"}
    assert said(outcome(own, kinds(parameters=5), proved)) == (1, Claim.PROVED, (), 0.0)
    assert said(outcome(own, kinds(parameters=5), {**proved, "ranks": (likely, T)}))[:2] == (1, LIKELY)
    drawn = premise(ON_STRATUM, (4, 4, 2), LIKELY, scope=("y",))  # with an error that is not known
    assert said(outcome(own, kinds(parameters=5), {**proved, "ranks": (drawn,)}))[:2] == (1, LIKELY)
    assert said(outcome(own, kinds(parameters=5), {**proved, "ranks": (drawn, *proved["ranks"])}))[:2] == (1, Claim.PROVED)
    unsure = {**proved, "whole": premise(DIMENSION, WHOLE.statement.value, LIKELY)}
    assert said(outcome(own, kinds(parameters=5), unsure))[:2] == (1, LIKELY)


ONE = OverStratum("small", "zero", 2, "f", "net")
TWO = OverStratum("also small", "equal", 1, "g", None)
NONE = OverStratum("nothing", "zero", 1, None, "net")
NET = premise(DIMENSION, 2, subject="net", scope=("n",), error=0.5, claim=LIKELY)
IMAGE = SubnetworkImage("small", ("also small",), (S, premise(ON_STRATUM, (2, 5, 2), scope=("t", "b"))), (NET,), (ONE, TWO))


def inside(**answers):
    given = {
        "over_stratum": {"s": ONE, "t": TWO}.get,
        "limits_of": lambda smaller, larger: (smaller, larger) == ("s", "t"),
    }
    return agreeing(Subnetworks, **{**given, **answers})


def in_a_table(changes):
    own = {name: value for name, value in changes.items() if name != "model"}
    return {"images": (replace(IMAGE, **own),), **({"model": changes["model"]} if "model" in changes else {})}


def test_images_of_smaller_networks():
    s, t = IMAGE.ranks
    one_size = premise(ON_STRATUM, (2, 5, 1), scope=("t", "b"))
    accepted = [
        {"model": {"limits_of": lambda smaller, larger: (smaller, larger) == ("t", "s")}},
        {"also": ()},
        {"name": "also small", "also": ("small",)},
        {"models": ()},
        {"ranks": (s, replace_claim(t, LIKELY))},
    ]
    refused = [
        {"ranks": (), "over": ()},
        {"ranks": (s,)},
        {"ranks": (s, s)},
        {"over": (ONE,)},
        {"over": (TWO, ONE)},
        {"ranks": (s, one_size)},
        {"also": ("another",)},
        {"name": "another"},
        {"models": (premise(DIMENSION, 1, subject="net"),)},
        {"models": (premise(DIMENSION, 2, subject="other"),)},
        *({"models": (v,)} for v in twins(NET, (UP, DOWN)) if v.statement.subject == "net"),
        *({"ranks": (s, v)} for v in twins(t, (UP, DOWN))),
        {"model": {"limits_of": always(False)}},
        {"model": {"over_stratum": {"s": ONE, "t": replace(TWO, copies=2)}.get}},
    ]
    table = SubnetworkTable(WHOLE, (IMAGE,))
    verdict = check_both_sides(table, inside(), map(in_a_table, accepted), map(in_a_table, refused))
    (row,), claim, scope, error = said(verdict)
    assert (row["dimension"], row["codimension"], row["fiber"], row["claim"]) == (2, 3, 2, "probability")
    assert [(r["name"], r["dimension"], r["fiber"], r["copies"]) for r in row["strata"]] == [("s", 4, 2, 2), ("t", 2, 0, 1)]
    assert (claim, scope, error) == (LIKELY, ("w", "a", "b", "n"), 0.125 + 0.25 + 0.5)
    for changes in ({"whole": v} for v in twins(WHOLE, (UP, DOWN))):
        assert outcome(table, inside(), changes) is None
    assert outcome(table, inside(), {"images": (IMAGE, IMAGE)}) is None


def test_the_function_0_has_no_dimension():
    """Whatever the models say; and its model does not count as one of the strata."""
    zero = SubnetworkImage("nothing", (), (S,), (), (NONE,))
    model = inside(over_stratum={"s": NONE}.get)
    (row,), claim, *_ = said(issue(SubnetworkTable(WHOLE, (zero,)), model))
    assert (row["dimension"], row["claim"], claim) == (0, "proved", LIKELY)
    with pytest.raises(NotShown):
        issue(SubnetworkTable(WHOLE, (replace(zero, models=(NET,)),)), model)


def test_the_largest_rank_is_the_dimension_of_one_set():
    """Two strata with the same functions, on one of which the rank is smaller."""
    over = {"s": replace(TWO, name="a"), "t": replace(TWO, name="b")}
    ranks = (S, premise(ON_STRATUM, (9, 5, 4), scope=("t",)))
    image = SubnetworkImage("a", ("b",), ranks, (), tuple(over.values()))
    (row,), *_ = said(issue(SubnetworkTable(WHOLE, (image,)), inside(over_stratum=over.get, limits_of=always(False))))
    assert (row["dimension"], row["fiber"]) == (4, 5)


def test_closures_are_joined_by_others():
    """a is a limit of b and b of c: nothing says more of a and c. One stratum more, of which nothing is known, is none of them."""
    over = {n: OverStratum(n, "zero", 1, n, None) for n in "abcd"}
    ranks = {n: premise(ON_STRATUM, (2, 2, 2), scope=(n,)) for n in over}

    def table(names):
        image = SubnetworkImage("a", (), tuple(ranks[n] for n in names), (), tuple(over[n] for n in names))
        return outcome(
            SubnetworkTable(WHOLE, (image,)),
            inside(over_stratum=over.get, limits_of=lambda x, y: (x, y) in {("a", "b"), ("b", "c")}),
            {},
        )

    assert table("abc") is not None
    assert table("acb") is not None
    assert table("ac") is None
    assert table("abcd") is None


def test_one_of_several_strata_shows_an_inclusion():
    over = {n: OverStratum(n, "zero", 1, n[0], None) for n in ("a1", "a2", "b1")}
    ranks = {n: premise(ON_STRATUM, (k, k, k), scope=(n,)) for n, k in zip(over, (1, 1, 2), strict=True)}
    model = inside(over_stratum=over.get, limits_of=lambda x, y: (x, y) == ("a2", "b1"))
    images = tuple(
        SubnetworkImage(names[0], names[1:], tuple(ranks[n] for n in names), (), tuple(over[n] for n in names))
        for names in (("a1", "a2"), ("b1",))
    )
    table = issue(SubnetworkTable(WHOLE, images), model)
    assert issue(SubnetworkInclusions(table, "top", (("a1", "b1"), ("b1", "top"))), model).claim is LIKELY


def test_inclusions_of_smaller_networks():
    """a < b < c < d, and e alone: a < c, a < d and b < d follow."""
    names = "abcde"
    over = {n: OverStratum(n, "zero", 1, n, None) for n in names}
    ranks = {n: premise(ON_STRATUM, (k, k, k), scope=(n,)) for k, n in enumerate(names)}
    images = tuple(SubnetworkImage(n, (), (ranks[n],), (), (over[n],)) for n in names)
    pairs = {("a", "b"), ("b", "c"), ("c", "d")}
    model = inside(over_stratum=over.get, limits_of=lambda x, y: (x, y) in pairs)
    table = issue(SubnetworkTable(WHOLE, images), model)
    own = SubnetworkInclusions(table, "top", (("a", "b"), ("b", "c"), ("c", "d"), ("d", "top"), ("e", "top")))
    verdict = check_both_sides(
        own,
        model,
        [{"pairs": own.pairs[::-1]}, {"model": {"limits_of": lambda x, y: (x, y) in {*pairs, ("a", "d")}}}],
        [
            {"pairs": own.pairs[:-1]},
            {"pairs": (*own.pairs, ("a", "c"))},
            {"pairs": (*own.pairs, ("d", "top"))},
            {"top": "another"},
            {"table": ranks["a"]},
            {"table": premise(table.statement.kind, table.statement.value)},
            {"model": {"limits_of": always(False)}},
        ],
    )
    assert said(verdict) == ([list(p) for p in own.pairs], LIKELY, ("covers among the inclusions that sizes show", "w"), 0.125)


@pytest.mark.parametrize(("most", "value"), [(1, False), (2, False), (3, True), (4, True)])
def test_whether_known_strata_are_listed(most, value):
    model = agreeing(Subnetworks, known_strata=lambda n: ("s", "t", "u")[:n])
    own = KnownStrataListed(M, most, value)
    found = check_both_sides(own, model, [], [{"subject": "x"}, {"value": not value}, {"most": 0, "value": False}])
    assert said(found) == (value, Claim.PROVED, ("of the strata that are known",), 0.0)


LIST = premise(CRITICAL, 3, Claim.COMPLETE, subject="list s", scope=("p",), error=0.25)
PARTS = (OnStratum(LIST, (True, False, True)), OnStratum(None, (True,)))


def at_rest(**answers):
    rests = {(1, 0): "list", (1, 2): "list", (2, 0): None}
    given = {
        "lists": ("smooth", "list s", ""),
        "listed": "a theorem",
        "rests": lambda number, function, known: rests.get((number, function), "none") == (known and "list"),
        "moves": lambda number, function, known: (number, function) == (1, 1) and known is not None,
    }
    return agreeing(StrataOfLoss, **{**given, **answers})


LISTS = [
    {"strata_of": "another"},
    {"parts": PARTS[:1]},
    {"parts": PARTS[::-1]},
    {"parts": (PARTS[0], OnStratum(None, (True, True)))},
    {"parts": (OnStratum(None, (True,)), PARTS[1])},
    {"parts": (replace(PARTS[0], kept=(True, False)), PARTS[1])},
    *({"parts": (replace(PARTS[0], known=v), PARTS[1])} for v in twins(LIST)),
    {"model": {"lists": ("smooth", "list s", "list t")}},
]


def test_all_that_rests():
    own = AllResting(M, PARTS)
    refused = [
        {"model": {"listed": ""}},
        {"model": {"rests": always(False)}},
        {"model": {"moves": always(False)}},
        {"parts": (replace(PARTS[0], kept=(True, True, True)), PARTS[1])},
        {"parts": (replace(PARTS[0], kept=(False, False, True)), PARTS[1])},
        {"parts": (replace(PARTS[0], known=replace_claim(LIST, DOWN)), PARTS[1])},
        {"parts": (replace(PARTS[0], known=premise(CRITICAL, 3, Claim.COMPLETE, subject="list s", scope=(BUT_ONE,))), PARTS[1])},
    ]
    verdict = check_both_sides(own, at_rest(), [], [*LISTS, *refused])
    two = (*PARTS, replace(PARTS[0], known=replace_claim(LIST, DOWN), kept=(False,) * 3))
    free = {"lists": ("smooth", "list s", "", "list s"), "moves": always(True), "rests": always(True)}
    assert outcome(own, at_rest(**free), {"parts": two}) is None
    assert outcome(own, at_rest(**free), {"parts": (*two[:2], replace(two[2], known=LIST))}) is not None
    assert said(verdict) == (3, Claim.COMPLETE, ("p",), 0.25)
    alone = outcome(replace(own, parts=PARTS[1:]), at_rest(lists=("smooth", ""), rests=lambda *at: at == (1, 0, None)), {})
    assert said(alone) == (1, Claim.PROVED, (), 0.0)  # no list, so none that a test says is whole
    assert verdict.statement.kind == RESTING


def test_some_that_rest():
    own = SomeResting(M, PARTS, True)
    refused = [{"model": {"rests": always(False)}}, {"parts": (replace(PARTS[0], kept=(True, True, True)), PARTS[1])}]
    accepted = [{"model": {"listed": ""}}, {"parts": (replace(PARTS[0], known=replace_claim(LIST, DOWN)), PARTS[1])}]
    assert said(check_both_sides(own, at_rest(), accepted, [*LISTS, *refused])) == (3, DOWN, (), 0.0)
    unsure = outcome(own, at_rest(rests=always(False)), {"shown": False})
    assert said(unsure) == (3, DOWN, (NOT_SHOWN,), 0.0)


def test_some_limits():
    """Each list counts once, however often it is named."""
    other = premise(CRITICAL, 2, DOWN, subject="list t")
    own = SomeLimits(M, (LIST, other, LIST))
    verdict = check_both_sides(
        own,
        at_rest(),
        [{"lists": ()}],
        [{"subject": "x"}, *({"lists": (LIST, v)} for v in twins(other) if v.statement.subject != "another")],
    )
    assert (verdict.statement.kind, *said(verdict)) == (LIMITS, 5, DOWN, (), 0.0)
