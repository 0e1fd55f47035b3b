"""What is said of pruned networks and of files in parts: each number, reason and refusal alone, with verdicts that agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from neurovariety.certificates.box_bounds import Box
from neurovariety.certificates.box_rewrites import SAME_ON_BOX, RewritesOnBox
from neurovariety.certificates.compared_parts import SameParts, hash_of_sizes
from neurovariety.certificates.issue import _TOKEN, NotShown, Verdict, issue
from neurovariety.certificates.network_functions import WITHIN, Chained, Counted
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import SAME_FUNCTION, Rewrites, RewriteStep, Rows
from neurovariety.certificates.pruned_networks import (
    Smaller,
    SmallerParts,
    _fewer_groups,
    _reason,
    _reason_of_unit,
    _reasons_of,
    _replaced,
    reasons,
)
from neurovariety.certificates.statement import Statement
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

from .agreeing_models import twins

ONE, TWO = Fraction(1), Fraction(2)
WINDOW = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
RELU = {"function": "relu"}
EQUAL, PROPORTIONAL = (((0, ONE),), Fraction(0)), (((0, TWO),), Fraction(0))
SUM, SHIFTED, CONSTANT = (((0, ONE), (1, ONE)), Fraction(0)), (((0, ONE),), ONE), ((), TWO)


def chain(*widths, between="activation"):
    """Matrices a, b, c ... of ones with activations between them."""
    nodes, weights = [Node("x", "input")], {}
    for k, (n, m) in enumerate(pairwise(widths)):
        name = "abc"[k]
        weights[name] = np.ones((m, n))
        nodes.append(Node(name, "linear", (nodes[-1].name,), {"weight": name}))
        if k + 2 < len(widths):
            nodes.append(Node(f"{name} on", between, (name,), {}, RELU))
    return Network((widths[0],), tuple(nodes), nodes[-1].name, weights)


def rows(width, **gone):
    """Channels that stay, and what those are that go."""
    terms = {int(k[1:]): t for k, t in gone.items()}
    return Rows(np.array([-1 if k in terms else sum(j not in terms for j in range(k)) for k in range(width)]), terms)


def step(after, named, **more):
    return RewriteStep(after, named, **more)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (None, "unread"),
        (CONSTANT, "constant"),
        (((), Fraction(0)), "constant"),
        (EQUAL, "equal"),
        (PROPORTIONAL, "proportional"),
        (SUM, "dependent"),
        (SHIFTED, "dependent"),
    ],
)
def test_why_one_neuron_goes(made, reason):
    before, after = chain(2, 3, 1), chain(2, 2, 1)
    assert _reason(made) == reason
    one = step(after, {"a": rows(3, _1=made)})
    assert _reasons_of(before, one) == {reason: 1}
    both = step(after, {"a": rows(3, _1=made), "a on": rows(3, _1=made)})
    assert _reasons_of(before, both) == {reason: 1}
    assert _reasons_of(before, replace(one, bounded=True)) == {"always off" if made is None else "always on": 1}
    assert _reasons_of(before, replace(one, composed=frozenset("b"))) == {"rank": 1}
    nodes = tuple(replace(n, name={"a": "z"}.get(n.name, n.name)) for n in chain(2, 2, 1).nodes[:2])
    renamed = Network((2,), nodes, "z", after.weights)
    assert _reasons_of(before, step(renamed, one.rows, names={"a": "z"})) == {reason: 1}


def test_why_several_neurons_go():
    before, after = chain(2, 6, 1), chain(2, 2, 1)
    gone = {"_1": EQUAL, "_2": CONSTANT, "_4": None, "_5": EQUAL}
    assert _reasons_of(before, step(after, {"a": rows(6, **gone)})) == {"equal": 2, "constant": 1, "unread": 1}
    late = {"a": rows(6, _1=None, _2=None, _4=None, _5=None), "a on": rows(6, **gone)}
    assert _reasons_of(before, step(after, late)) == {"dependent": 3, "unread": 1}
    assert _reasons_of(before, step(after, late, bounded=True)) == {"always off": 1, "always on": 3}
    on = {**late, "a on": rows(6, _1=None, _2=CONSTANT, _4=None, _5=EQUAL)}
    assert _reasons_of(before, step(after, {"a": rows(6, **gone)}, bounded=True)) == {"always on": 3, "always off": 1}
    assert _reasons_of(before, step(after, on, bounded=True)) == {"always off": 2, "always on": 2}
    assert _reasons_of(before, step(before, {"a": rows(6)})) == {}
    assert _reasons_of(before, step(after, {"a on": rows(6, **gone)})) == {}
    assert _reasons_of(before, step(after, {})) == {}
    with pytest.raises(NotShown, match="which neurons"):
        _reasons_of(before, step(after, {"a": rows(6, _1=EQUAL)}))
    wide, narrow = chain(2, 3, 3, 1), chain(2, 2, 2, 1)
    with pytest.raises(NotShown, match="one layer"):
        _reasons_of(wide, step(narrow, {"a": rows(3, _1=EQUAL), "b": rows(3, _2=EQUAL)}))
    assert _reasons_of(wide, step(chain(2, 3, 2, 1), {"a": rows(3), "b": rows(3, _2=EQUAL)})) == {"equal": 1}


def gated(width, halves=False):
    """Products of two maps, or of the halves of one."""
    if halves:
        nodes = (
            Node("x", "input"),
            Node("a", "linear", ("x",), {"weight": "a"}),
            Node("one", "slice", ("a",), {}, {"axis": 0, "start": 0, "stop": width, "step": 1}),
            Node("two", "slice", ("a",), {}, {"axis": 0, "start": width, "stop": 2 * width, "step": 1}),
            Node("y", "multiply", ("one", "two")),
        )
        return Network((2,), nodes, "y", {"a": np.ones((2 * width, 2))})
    nodes = (
        Node("x", "input"),
        Node("a", "linear", ("x",), {"weight": "a"}),
        Node("b", "linear", ("x",), {"weight": "b"}),
        Node("y", "multiply", ("a", "b")),
    )
    return Network((2,), nodes, "y", {"a": np.ones((width, 2)), "b": np.ones((width, 2))})


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        (EQUAL, EQUAL, "equal"),
        (EQUAL, PROPORTIONAL, "proportional"),
        (PROPORTIONAL, PROPORTIONAL, "proportional"),
        (CONSTANT, None, "constant"),
        (None, CONSTANT, "constant"),
        (None, None, "unread"),
        (SUM, SUM, "dependent"),
    ],
)
def test_why_units_of_two_factors_go(one, two, reason):
    assert _reason_of_unit((one, two)) == reason
    before, after = gated(3), gated(2)
    assert _reasons_of(before, step(after, {"a": rows(3, _1=one), "b": rows(3, _1=two)})) == {reason: 2}
    with pytest.raises(NotShown, match="one layer"):
        _reasons_of(before, step(after, {"a": rows(3, _1=one), "b": rows(3, _2=two)}))
    before, after = gated(3, True), gated(2, True)
    halves = Rows(np.array([0, -1, 1, 2, -1, 3]), {1: one, 4: two})
    assert _reasons_of(before, step(after, {"a": halves})) == {reason: 2}


def test_halves_that_are_cut_in_another_way():
    """Then two neurons go, and no unit."""
    before, after = gated(3, True), gated(2, True)
    uneven = Rows(np.array([0, -1, 1, -1, 2, 3]), {1: EQUAL, 3: PROPORTIONAL})
    assert _reasons_of(before, step(after, {"a": uneven})) == {"equal": 1, "proportional": 1}
    halves = Rows(np.array([0, -1, 1, 2, -1, 3]), {1: EQUAL, 4: PROPORTIONAL})
    for start, stop, name in ((0, 3, "one"), (1, 2, "one"), (2, 3, "two"), (1, 4, "two")):
        changed = [
            replace(n, attributes={**n.attributes, "start": start, "stop": stop}) if n.name == name else n for n in after.nodes[:4]
        ]
        other = Network((2,), (*changed, Node("y", "reshape", ("one",), {}, {"shape": (-1,)})), "one", after.weights)
        assert _reasons_of(before, step(other, {"a": halves})) == {"equal": 1, "proportional": 1}
    odd = Rows(np.array([0, -1, 1, 2, 3]), {1: EQUAL})
    assert _reasons_of(chain(2, 5), step(after, {"a": odd})) == {"equal": 1}
    two_gone = Rows(np.array([0, -1, 1, -1, 2, 3]), {1: EQUAL, 3: EQUAL})
    three = Network((2,), (*after.nodes[:4],), "one", {"a": np.ones((3, 2))})
    with pytest.raises(NotShown, match="which neurons"):
        _reasons_of(before, step(three, {"a": two_gone}))


def convolutions(width, groups, inside, last="conv"):
    nodes = (
        Node("x", "input"),
        Node("a", "conv", ("x",), {"weight": "a"}, {**WINDOW, "groups": 1}),
        Node("b", last, ("a",), {"weight": "b"}, {**WINDOW, "groups": groups}),
    )
    return Network((2, 3), nodes, "b", {"a": np.ones((width, 2, 1)), "b": np.ones((width, inside, 1))})


def test_groups_that_are_dead():
    """A convolution of fewer groups gets narrower with the layer that it reads; one that keeps channels apart is none."""
    before, after = convolutions(6, 3, 2), convolutions(4, 2, 2)
    four = {1: EQUAL, 3: EQUAL}
    both = {"a": Rows(np.array([0, -1, 1, -1, 2, 3]), four), "b": Rows(np.array([0, -1, 1, -1, 2, 3]), four)}
    own = step(after, both)
    assert _fewer_groups(before, own, ["a", "b"])
    assert _reasons_of(before, own) == {"dead group": 4}
    for changed, names in (
        (replace(own, composed=frozenset("b")), ["a", "b"]),
        (replace(own, bounded=True), ["a", "b"]),
        (own, ["a"]),
        (own, ["a", "a"]),
        (step(convolutions(4, 1, 2), both), ["a", "a"]),
        (step(convolutions(4, 4, 1), both), ["a", "b"]),
        (step(convolutions(4, 4, 2), both), ["a", "b"]),
        (step(convolutions(6, 3, 2), both), ["a", "b"]),
        (step(convolutions(2, 2, 2), both), ["a", "b"]),
        (step(convolutions(4, 2, 3), both), ["a", "b"]),
    ):
        assert not _fewer_groups(before, changed, names)
    apart, fewer = convolutions(3, 3, 1), convolutions(2, 2, 1)
    assert _reasons_of(apart, step(fewer, {"a": rows(3, _1=EQUAL), "b": rows(3, _1=EQUAL)})) == {"equal": 1}
    assert _reasons_of(apart, step(fewer, {"b": rows(3, _1=EQUAL), "a": rows(3, _1=EQUAL)})) == {"equal": 1}
    assert _reasons_of(apart, step(fewer, {"b": rows(3, _1=EQUAL)})) == {"equal": 1}


def test_matrices_that_take_another_place():
    before, after = chain(2, 5, 4, 1), chain(2, 3, 4, 1)
    own = step(after, {"a": rows(3), "b": rows(4)}, backwards=True, bounded=True)
    assert _replaced(before, own) == {"always on": 2}
    for changed in ({"bounded": False}, {"names": {"a": "z"}}):
        with pytest.raises(NotShown, match="not known"):
            _replaced(before, replace(own, **changed))


def test_steps_of_a_verdict():
    """All steps, each from where the last one ended; and what is no verdict of steps."""
    first, second, third = chain(2, 5, 1), chain(2, 4, 1), chain(2, 2, 1)
    steps = (
        step(second, {"a": rows(5, _1=EQUAL)}),
        step(third, {"a": rows(4, _1=CONSTANT, _2=None)}),
        step(third, {"a": rows(2)}, backwards=True, bounded=True),
    )
    for kind in (Rewrites("a", "b", steps), RewritesOnBox("a", "b", steps, None)):
        known = Verdict(Statement(SAME_FUNCTION, "a", "b"), Claim.PROVED, kind, on=first, token=_TOKEN)
        assert reasons(known) == {"equal": 1, "constant": 1, "unread": 1, "always on": 0}
        with pytest.raises(NotShown, match="not known"):
            reasons(Verdict(known.statement, Claim.ESTIMATE, kind, on=first, token=_TOKEN))
    with pytest.raises(NotShown, match="not known"):
        reasons(Verdict(known.statement, Claim.PROVED, Chained(known, known), on=first, token=_TOKEN))


SOURCE, SMALL = chain(2, 4, 3, 1), chain(2, 3, 2, 1)
HASHES = network_hash(SOURCE), network_hash(SMALL)
STEPS = (
    step(chain(2, 3, 3, 1), {"a": rows(4, _1=EQUAL)}),
    step(SMALL, {"b": rows(3, _1=PROPORTIONAL)}),
)
KNOWN = Verdict(Statement(SAME_FUNCTION, *HASHES), Claim.PROVED, Rewrites(*HASHES, STEPS), on=SOURCE, token=_TOKEN)
ON_BOX = Verdict(
    Statement(SAME_ON_BOX, HASHES[0], (HASHES[1], ["0"], ["1"]), ("for the network as read", "on a box")),
    Claim.PROVED,
    RewritesOnBox(*HASHES, STEPS, Box((Fraction(0),), (ONE,))),
    on=SOURCE,
    token=_TOKEN,
)
ANOTHER = chain(2, 4, 3, 2)
NEAR = Verdict(Statement(WITHIN, network_hash(ANOTHER), (HASHES[0], 0.5, 2.0)), Claim.PROVED, token=_TOKEN)
GONE = {"equal": 1, "proportional": 1}
SAID = {"parameters": SOURCE.parameters, "pruned": SMALL.parameters, "error_bound": 0.0, "removed": GONE}


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


def test_numbers_of_a_smaller_network():
    pair = SOURCE, SMALL
    assert SAID["parameters"] == 8 + 12 + 3
    assert SAID["pruned"] == 6 + 6 + 2
    layers, widths = {"a": "a", "b": "b"}, {"a": [4, 3], "b": [3, 2]}
    for known in (KNOWN, ON_BOX):
        for key, value in SAID.items():
            found = issue(Smaller(key, value, known), pair)
            assert (found.statement.kind, found.statement.subject, found.claim) == (f"prune: {key}", HASHES[0], Claim.PROVED)
            assert found.statement.value == value
            assert found.statement.scope == ("for the network as read", *(("on a box",) if known is ON_BOX else ()))
            for other in ({"equal": 1}, {**GONE, "unread": 1}, {}) if key == "removed" else (1, 0.5, {}):
                refused(Smaller(key, other, known), pair)
            for changed in twins(known):
                refused(Smaller(key, value, changed), pair)
            refused(Smaller(key, value, known), pair[::-1])
            refused(Smaller(key, value, known), (SOURCE, ANOTHER))
            refused(Smaller(key, value, known), (ANOTHER, SMALL))
        assert issue(Smaller("widths", widths, known, None, layers), pair).statement.value == widths
        assert issue(Smaller("widths", {}, known, None, {}), pair)
        for value, names in (
            (widths, {"a": "a"}),
            (widths, {"a": "b", "b": "a"}),
            ({"a": [4, 2]}, layers),
            ({"a": [3, 3]}, layers),
            ({"a": [4, 3], "b": [3, 3]}, layers),
            ({"z": [4, 3]}, {"z": "a"}),
            ({"z": [4, 3]}, {}),
        ):
            refused(Smaller("widths", value, known, None, names), pair)
        refused(Smaller("other", widths, known, None, layers), pair)


def test_layers_that_went():
    """A layer that is not there any more has width 0."""
    gone = chain(2, 4, 3)
    known = Verdict(Statement(SAME_FUNCTION, HASHES[0], network_hash(gone)), Claim.PROVED, token=_TOKEN)
    assert issue(Smaller("widths", {"c": [1, 0]}, known, None, {"c": "c"}), (SOURCE, gone))
    refused(Smaller("widths", {"c": [1, 1]}, known, None, {"c": "c"}), (SOURCE, gone))


def test_a_network_that_is_near():
    pair = ANOTHER, SMALL
    right = {**SAID, "parameters": ANOTHER.parameters, "error_bound": 0.5}
    for key, value in right.items():
        found = issue(Smaller(key, value, KNOWN, NEAR), pair)
        assert found.statement.subject == network_hash(ANOTHER)
        ball = ("for inputs of Euclidean norm at most 2.0",) if key == "error_bound" else ()
        assert found.statement.scope == ("for the network as read", *ball)
        for changed in twins(NEAR):
            refused(Smaller(key, value, KNOWN, changed), pair)
        refused(Smaller(key, value, KNOWN, replace_statement(NEAR, value=("another", 0.5, 2.0))), pair)
        refused(Smaller(key, value, KNOWN, NEAR), (SOURCE, SMALL))
        refused(Smaller(key, value, ON_BOX, NEAR), pair)
    refused(Smaller("error_bound", 0.0, KNOWN, NEAR), pair)


def replace_statement(known, **changes):
    return Verdict(replace(known.statement, **changes), known.claim, known.certificate, on=known.on, token=_TOKEN)


def test_numbers_of_a_file_in_parts():
    parts, layers = ((SOURCE, SMALL), (SMALL, SMALL)), ({"first": "a"}, {"second": "b"})
    same = Verdict(
        Statement(SAME_FUNCTION, HASHES[1], HASHES[1]), Claim.PROVED, Rewrites(HASHES[1], HASHES[1], ()), on=SMALL, token=_TOKEN
    )
    names = {"a": "first", "b": "second"}
    counted = tuple(tuple(replace(Counted.of(n), told={k: names.get(k, k) for k in "abc"}) for n in pair) for pair in parts)
    widths = {"first": [4, 3], "second": [2, 2]}
    right = {"parameters": 100, "pruned": 100 - 9, "error_bound": 0.0, "removed": GONE, "widths": widths}
    for key, value in right.items():
        own = SmallerParts(key, value, (KNOWN, same), layers)
        found = issue(own, (100, counted))
        assert (found.statement.kind, found.statement.subject, found.claim) == (f"prune: {key}", HASHES[0], Claim.PROVED)
        assert found.statement.scope == ("in each part that was read",)
        wrong = ({"equal": 1}, {"first": [4, 4]}, {"second": [3, 2]}, {"third": [1, 1]})
        for other in wrong[1:] if key == "widths" else wrong if key == "removed" else (1, 0.5):
            refused(replace(own, value=other), (100, counted))
        refused(replace(own, key="other"), (100, counted))
        refused(own, (99, counted)) if key in ("parameters", "pruned") else issue(own, (99, counted))
        for subject in ((100, ()), (100, counted[:1]), (100, counted[::-1]), (100, (counted[0], counted[0]))):
            refused(own, subject)
        refused(replace(own, known=(KNOWN,), layers=layers[:1]), (100, counted))
        refused(replace(own, known=(), layers=()), (100, ()))
        for changed in twins(KNOWN):
            refused(replace(own, known=(changed, same)), (100, counted))
        refused(replace(own, known=(replace_statement(KNOWN, value="another"), same)), (100, counted))
        refused(replace(own, layers=({"first": "b"}, {"second": "b"})), (100, counted))
    assert issue(SmallerParts("widths", {"first": [4, 3]}, (KNOWN, same), layers), (100, counted))
    assert reasons(KNOWN) == Counter(GONE)


def test_two_files_in_parts():
    same = Verdict(Statement(SAME_FUNCTION, *HASHES), Claim.PROVED, Chained(KNOWN, KNOWN), token=_TOKEN)
    parts, at = ((SOURCE, SMALL), (SOURCE, SMALL)), "n = 3"
    subject = (7, 7, parts, hash_of_sizes(at))
    for key, value in {"same": "yes", "bound": 0.0, "box": None, "input": None}.items():
        own = SameParts(key, value, 7, (KNOWN, KNOWN), at)
        found = issue(own, subject)
        assert (found.statement.kind, found.statement.subject, found.claim) == (f"align: {key}", "7", Claim.PROVED)
        assert found.statement.scope == ("for the files as read at inputs n = 3, whose other operators are the same",)
        plain = issue(replace(own, at=""), (7, 7, parts, hash_of_sizes("")))
        assert plain.statement.scope == ("for the files as read, whose other operators are the same",)
        for other in ("no", 0, 1.0, False, *([None] if value is not None else [0.0])):
            refused(replace(own, value=other), subject)
        refused(replace(own, at="n = 4"), subject)
        refused(replace(own, kept=8), subject)
        refused(own, (8, 7, *subject[2:]))
        refused(own, (7, 8, *subject[2:]))
        refused(replace(own, kept=8), (8, 7, *subject[2:]))
        refused(replace(own, known=(KNOWN,)), subject)
        refused(own, (7, 7, parts[:1], subject[3]))
        refused(own, (7, 7, (parts[0], parts[0][::-1]), subject[3]))
        refused(own, (7, 7, (parts[0], (ANOTHER, SMALL)), subject[3]))
        for changed in (*twins(KNOWN, (Claim.LOWER_BOUND,)), replace_statement(KNOWN, value="another")):
            refused(replace(own, known=(KNOWN, changed)), subject)
    related = SameParts("related", "yes", 7, (same, same), at)
    assert issue(related, subject).statement.value == "yes"
    refused(replace(related, known=(same, KNOWN)), subject)
    refused(replace(related, value="no"), subject)
    refused(replace(related, key="exact"), subject)


def test_rewrites_on_a_box():
    """What is said with a box and without one; bounds of each network are made once."""
    box = Box((Fraction(0), Fraction(1, 2)), (ONE, TWO))
    for held in (box, None):
        own = RewritesOnBox(HASHES[0], HASHES[0], (), held)
        found = issue(own, SOURCE)
        assert found.claim is Claim.PROVED
        if held is None:
            assert found.statement == Statement(SAME_FUNCTION, HASHES[0], HASHES[0], ("for the network as read",))
        else:
            value = (HASHES[0], ["0", "1/2"], ["1", "2"])
            assert found.statement == Statement(SAME_ON_BOX, HASHES[0], value, ("for the network as read", box.words))
        refused(own, SMALL)
        refused(replace(own, second="another"), SOURCE)
