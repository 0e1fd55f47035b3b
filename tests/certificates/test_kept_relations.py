"""What becomes of relations between channels at each kind of node: no outcome may be another, and each holds for values.

For a value of the second network, that of the first has the channels which the relation says; after the node, applied to both, the new
relation has to say what the channels of the first are.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from neurovariety.certificates.channel_relations import Channels, checked, identity, joined, passed, same_maps, settled, single
from neurovariety.certificates.network_nodes import lines
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

from .changes import REFUSALS
from .kept_numbers import check_kept, eighths, words_of
from .test_edges_of_float_bounds import WINDOW

F = Fraction
SECOND, REST = 3, 4
QUARTER = F(1, 4)
"""Channels of the second value, and places beside each."""
RELATIONS = {
    "plain": ([2, 0], {}),
    "one free": ([1, -1, 0], {1: None}),
    "a multiple": ([-1, 2], {0: (((1, F(2)),), F(0))}),
    "a negative one": ([-1, 2], {0: (((1, F(-2)),), F(0))}),
    "and a constant": ([-1, 2], {0: (((0, F(3)),), F(1))}),
    "a constant": ([-1, 1], {0: ((), F(3, 2))}),
    "nothing": ([-1, 1], {0: ((), F(0))}),
    "two": ([0, -1], {1: (((1, F(1)), (2, F(-1, 2))), F(0))}),
    "two and a constant": ([0, -1], {1: (((1, F(1)), (2, F(-1, 2))), F(1))}),
}
WEIGHTS = {
    "m": np.array([0.5, -0.25, 1.0]),
    "v": np.array([0.75, 2.75, 0.75]),
    "s": np.array([0.5, 2.0, 0.0]),
    "n": np.array([0.5, -0.25]),
    "u": np.array([0.75, 2.75]),
    "t": np.array([0.5, 0.0]),
    "p": np.array([1.0, 0.5, -0.25]),
    "q": np.array([0.75, 0.75, 2.75]),
    "r": np.array([0.0, 0.5, 2.0]),
}
KINDS = {
    "relu": ("activation", {"function": "relu"}),
    "leaky": ("activation", {"function": "leaky_relu", "slope": F(-1, 2)}),
    "identity": ("activation", {"function": "polynomial", "coefficients": (F(0), F(1))}),
    "nearly": ("activation", {"function": "polynomial", "coefficients": (F(0), F(2))}),
    "square": ("activation", {"function": "polynomial", "coefficients": (F(0), F(0), F(1))}),
    "affine": ("activation", {"function": "polynomial", "coefficients": (F(1), F(3))}),
    "tanh": ("activation", {"function": "tanh"}),
    "abs": ("activation", {"function": "abs"}),
    "transpose": ("transpose", {"permutation": (1, 0)}),
    "straight": ("transpose", {"permutation": (0, 1)}),
    "upsample": ("upsample", {"factors": (2,)}),
    **{f"mean {axes} {keep}": ("mean", {"axes": axes, "keepdims": keep}) for axes in ((0,), (1,), (0, 1)) for keep in (True, False)},
    "sum": ("sum", {"axes": (1,), "keepdims": False}),
    "average": ("average_pool", WINDOW),
    "average, padded": ("average_pool", {**WINDOW, "padding": ((1, 0),)}),
    "max": ("max_pool", WINDOW),
    "softmax": ("softmax", {"axis": 1}),
    **{
        f"slice {a} {b} {c} {d}": ("slice", {"axis": a, "start": b, "stop": c, "step": d})
        for a, b, c, d in ((0, 0, 2, 1), (0, 1, 2, 1), (0, 1, 3, 1), (0, 0, 2, 2), (1, 0, 2, 1), (0, 1, 1, 1), (0, 0, 4, 1))
    },
}


def relation(name, axis=0):
    source, terms = RELATIONS[name]
    return Channels(axis, np.array(source), terms)


def one_node(kind, attributes, shape, roles=()):
    nodes = (Node("x", "input"), Node("y", kind, ("x",), dict(roles), dict(attributes)))
    return Network(shape, nodes, "y", WEIGHTS, fixed=frozenset("mvnupq"))


ANY = one_node("softmax", {"axis": 0}, (SECOND, REST))


def told(found):
    return words_of([found.axis, found.source.tolist(), sorted(found.terms.items())])


def firsts(found, second, free):
    """The value of the first network, from that of the second; ``free`` in place of what is not known."""
    moved = np.moveaxis(second, found.axis, 0)
    nothing, parts = np.full(moved.shape[1:], F(0), dtype=object), []
    for i in range(len(found.source)):
        t = found.combined(i)
        parts.append(free + nothing if t is None else sum((c * moved[j] for j, c in t[0]), t[1] + nothing))
    return np.moveaxis(np.array(parts, dtype=object), 0, found.axis)


def holds(before, after, first, second):
    """Whether the relation after a node holds for values, whatever is free."""
    shape = second.input_shape
    x = np.array([F(int(v * 8), 8) for v in eighths(*shape, start=3).reshape(-1)], dtype=object).reshape(shape)
    for free in (F(0), F(7, 2)):
        one = first.evaluate_exact(firsts(before, x, free)[None])[0]
        two = second.evaluate_exact(x[None])[0]
        moved, expected = np.moveaxis(one, after.axis, 0), np.moveaxis(firsts(after, two, free), after.axis, 0)
        for i in range(len(after.source)):
            if after.combined(i) is not None and not np.array_equal(moved[i], expected[i]):
                return False
    return True


@pytest.mark.parametrize("axis", [0, 1])
def test_nodes_that_keep_channels_apart(axis):
    found = {}
    for (name, (kind, attributes)), how in product(KINDS.items(), RELATIONS):
        below = relation(how, axis)
        shapes = [(n, REST) if axis == 0 else (REST, n) for n in (len(below.source), SECOND)]
        first, second = (one_node(kind, attributes, s) for s in shapes)
        try:
            after = passed(first, second, first.nodes[1], second.nodes[1], below, tuple(shapes))
        except NotShown as why:
            found[f"{name}, {how}"] = str(why)
            continue
        except REFUSALS as why:
            found[f"{name}, {how}"] = type(why).__name__
            continue
        if kind not in ("softmax",) and attributes.get("function") != "tanh":
            assert holds(below, after, first, second), (name, how)
        found[f"{name}, {how}"] = told(after)
    check_kept(
        f"relations along axis {axis}", {name: words_of(v for k, v in found.items() if k.startswith(f"{name},")) for name in KINDS}
    )


def test_what_is_cut_and_made_flat():
    """Slices of two networks at different places; and vectors of all entries."""
    found = {}
    cuts = [(0, 1), (0, 2), (1, 2), (1, 3), (2, 3), (0, 3), (2, 2), (-1, 1), (2, 1)]
    for how, mine, theirs in product(RELATIONS, cuts, cuts):
        below = relation(how)
        nodes = [Node("y", "slice", ("x",), {}, {"axis": 0, "start": a, "stop": b, "step": 1}) for a, b in (mine, theirs)]
        try:
            after = passed(ANY, ANY, *nodes, below, ((len(below.source), REST), (SECOND, REST)))
        except NotShown as why:
            found[how, mine, theirs] = str(why)
            continue
        x = np.arange(SECOND * 2).reshape(SECOND, 2) + F(1, 3)
        one, two = firsts(after, x[slice(*theirs)], F(5)), firsts(below, x, F(5))[slice(*mine)]
        assert one.tolist() == two.tolist(), (how, mine, theirs)
        found[how, mine, theirs] = told(after)
    for how, axis, rest, flat in product(RELATIONS, (0, 1, 2), ((2, 2), (2, 3)), (0, 1)):
        below = relation(how, axis)
        shapes = [tuple(np.insert(np.array(r), axis, n).tolist()) for n, r in ((len(below.source), (2, 2)), (SECOND, rest))]
        nodes = [Node("y", "reshape", ("x",), {}, {"shape": (int(np.prod(s)) + flat * k,)}) for k, s in enumerate(shapes)]
        try:
            after = passed(ANY, ANY, *nodes, below, tuple(shapes))
        except NotShown as why:
            found[how, axis, rest, flat] = str(why)
            continue
        x = (np.arange(int(np.prod(shapes[1]))) + F(1, 3)).reshape(shapes[1])
        assert np.array_equal(firsts(after, x.reshape(-1), F(5)), firsts(below, x, F(5)).reshape(-1))
        found[how, axis, rest, flat] = told(after)
    check_kept("relations, cut and flat", {how: words_of((k, v) for k, v in found.items() if k[0] == how) for how in RELATIONS})


def normalized(mean, variance, scale, shift, width, epsilon=QUARTER):
    roles = {"mean": mean, "variance": variance} | ({"scale": scale} if scale else {}) | ({"shift": shift} if shift else {})
    return one_node("normalize", {"epsilon": epsilon}, (width, REST), roles.items())


def test_batch_norms():
    found = {}
    mine = [normalized("n", "u", s, b, 2) for s in (None, "n", "t") for b in (None, "t")]
    theirs = [
        normalized(*w, SECOND)
        for w in (("m", "v", "s", "p"), ("p", "q", "r", "m"), ("m", "v", None, None), ("m", "v", "s", None), ("p", "q", "m", None))
    ]
    theirs.append(normalized("p", "q", "r", "m", SECOND, F(1)))
    for (a, first), (b, second), how in product(
        enumerate(mine), enumerate(theirs), [n for n, (s, _) in RELATIONS.items() if len(s) == 2]
    ):
        below = relation(how)
        for axis in (0, 1):
            try:
                after = passed(first, second, first.nodes[1], second.nodes[1], below.where(axis), ((2, REST), (SECOND, REST)))
            except NotShown as why:
                found[a, b, how, axis] = str(why)
                continue
            assert holds(below, after, first, second), (a, b, how)
            found[a, b, how, axis] = told(after)
        found[a, b, how, "same"] = same_maps(first, second, first.nodes[1], second.nodes[1], [0, 1], [2, 0])
    three = normalized("m", "v", "s", "p", SECOND)
    for own in (["m", "v", "s", "p"], ["m", "v", "s", None]):
        other = normalized(*own, SECOND)
        for mine_at, theirs_at in (([0, 1], [0, 1]), ([0, 1], [1, 0]), ([0, 2], [0, 2]), ([], [])):
            found[str(own), str(mine_at), str(theirs_at)] = same_maps(three, other, three.nodes[1], other.nodes[1], mine_at, theirs_at)
    check_kept(
        "relations at batch norms",
        {"all": words_of(found.items()), "shown": str(sum(v not in (True, False) and len(str(v)) == 12 for v in found.values()))},
    )


def test_lines_that_channels_stay_on():
    """Where values stay on a line of the activation, of the first network and of the second: what is known of them after it."""
    straight, found = [(F(0), F(2)), (F(0), F(0)), (F(1), F(0)), (F(-2), F(1)), None], {}
    node = Node("y", "activation", ("x",), {}, {"function": "relu"})
    for how in RELATIONS:
        below = relation(how)
        width = len(below.source)
        for line, one, two in product(straight, straight, straight):
            mine, theirs = [line] * width, [one, two, two]
            try:
                after = settled(node, node, below, mine, theirs)
            except NotShown as why:
                found[how, line, one, two] = str(why)
                continue
            if line and one and two:
                z = np.array([[F(3)], [F(-5, 2)], [F(1, 7)]], dtype=object)
                said = np.array([s * v + o for (s, o), v in zip(theirs, z, strict=True)], dtype=object)
                for i in range(width):
                    if below.source[i] < 0:
                        meant = line[0] * firsts(below, z, F(9))[i] + line[1]
                        assert np.array_equal(firsts(after, said, F(9))[i], meant), (how, line, one, two)
            found[how, line, one, two] = told(after)
    same = {"function": "polynomial", "coefficients": (F(0), F(1))}
    unchanged = Node("y", "activation", ("x",), {}, same)
    assert [identity(n) for n in (node, unchanged)] == [False, True]
    assert settled(unchanged, unchanged, relation("two"), [], []).terms == relation("two").terms
    for other in (unchanged, Node("y", "activation", ("x",), {"weight": "m"}, {"function": "relu"})):
        with pytest.raises(NotShown, match="not the same"):
            settled(node, other, relation("plain"), [], [])
    assert lines({"function": "relu"}) is not None
    check_kept("relations on lines", {how: words_of((k, v) for k, v in found.items() if k[0] == how) for how in RELATIONS})


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "divide"])
def test_two_values(kind):
    found = {}
    x, y = (np.array([F(int(v * 8), 3) for v in eighths(SECOND, start=k)], dtype=object)[:, None] for k in (1, 20))
    made = {"add": x + y, "subtract": x - y, "multiply": x * y}.get(kind)
    node = Node("z", kind, ("x", "y"))
    pairs = [(a, b) for a in RELATIONS for b in RELATIONS]
    for a, b in pairs:
        one, two = relation(a), relation(b)
        try:
            after = joined(node, node, one, two)
        except NotShown as why:
            found[a, b] = str(why)
            continue
        first = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply}[kind](firsts(one, x, F(2)), firsts(two, y, F(2)))
        for i in range(len(after.source)):
            if after.combined(i) is not None:
                assert np.array_equal(first[i], firsts(after, made, F(0))[i]), (a, b)
        found[a, b] = told(after)
    other = Node("z", kind, ("x", "y"), {}, {"constant": F(1)})
    for pair in (
        (node, other),
        (Node("z", kind, ("x", "y"), {"weight": "m"}), node),
        (node, Node("z", kind, ("x", "y"), {"weight": "m"})),
    ):
        with pytest.raises(NotShown):
            joined(*pair, relation("plain"), relation("plain"))
    with pytest.raises(NotShown):
        joined(node, node, relation("plain"), relation("plain", 1))
    check_kept(f"relations of two values, {kind}", {"all": words_of(found.items())})


def test_relations_that_name_channels():
    """Each condition at both sides."""
    t = {1: (((1, F(2)),), F(0))}
    assert checked(0, np.array([0, -1, 1]), t, 3, 2).combined(1) == t[1]
    assert checked(0, np.array([0, -1, 1]), t, 3, 2).combined(0) == (((0, F(1)),), F(0))
    wrong = [
        (np.array([0, -1, 2]), t, 3, 2),
        (np.array([0, -1, 1]), t, 2, 2),
        (np.array([0, -1, 1]), {}, 3, 2),
        (np.array([0, 1, 1]), t, 3, 2),
        (np.array([0, -1, 1]), t | {2: None}, 3, 2),
        (np.array([0.0, -1, 1]), t, 3, 2),
        (np.array([0, -1, 1]), {1: (((2, F(2)),), F(0))}, 3, 2),
        (np.array([0, -1, 1]), {1: (((-1, F(2)),), F(0))}, 3, 2),
    ]
    for given in wrong:
        with pytest.raises(NotShown):
            checked(0, *given)
    assert single((((4, F(2)),), F(3))) == (4, (F(2), F(3)))
    assert single(((), F(3))) == (-1, (F(0), F(3)))
    with pytest.raises(NotShown):
        single((((4, F(2)), (5, F(1))), F(3)))
