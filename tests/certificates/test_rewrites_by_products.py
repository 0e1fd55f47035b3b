"""Steps of rewriting whose relations are products: matrices behind each other, polynomials that depend on others, joined values.

Each is shown where it holds, and refused when any number in it is another.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety.certificates.channel_relations import Channels
from neurovariety.certificates.grouped_rows import GroupedFilters, _inside, _same_columns, alike, keeps_channels_apart, same_rows
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import Rewrites, RewriteStep, Rows
from neurovariety.certificates.product_relations import check_merged, check_products
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

ONE, TWO, HALF = Fraction(1), Fraction(2), Fraction(1, 2)
IDENTITY = {"function": "polynomial", "coefficients": (Fraction(0), Fraction(1))}
SQUARE = {"function": "polynomial", "coefficients": (Fraction(3), Fraction(0), Fraction(1))}
TANH = {"function": "tanh"}


def net(*nodes, inputs=2, **weights):
    arrays = {k: np.array(v, dtype=float) for k, v in weights.items()}
    return Network((inputs,), (Node("x", "input"), *nodes), nodes[-1].name, arrays)


def layer(name, below, weight, bias=None):
    return Node(name, "linear", (below,), {"weight": weight, **({"bias": bias} if bias else {})})


def act(name, below, attributes):
    return Node(name, "activation", (below,), {}, attributes)


def two_layers(w, b, v, c, between=()):
    nodes = [layer("h", "x", "w", "b" if b is not None else None)]
    nodes += [act(f"i{k}", nodes[-1].name, a) for k, a in enumerate(between)]
    nodes.append(layer("y", f"i{len(between) - 1}" if between else "h", "v", "c" if c is not None else None))
    given = {"w": w, "v": v, **({"b": b} if b is not None else {}), **({"c": c} if c is not None else {})}
    return net(*nodes, **given)


FIRST = two_layers([[1, 2], [3, 4]], [1, 1], [[1, 1], [0, 2]], [5, 6])
SECOND = two_layers([[4, 6], [6, 8]], [2, 2], [[1, 0], [0, 1]], [5, 6])
"""The products are [[4, 6], [6, 8]], and the constants [7, 8]."""


def same(a, b):
    return a == b


def products(one, two, unchanged=same):
    names = tuple({n.name: n for n in network.nodes} for network in (one, two))
    check_products((one, two), names, (one.nodes[-1], two.nodes[-1]), unchanged)


def moved(network):
    """The same with one number another."""
    for key, values in network.weights.items():
        for k in range(values.size):
            other = values.copy()
            other.reshape(-1)[k] += 1
            yield network.with_weights({key: other})


def test_products_of_two_matrices():
    third = two_layers([[4, 6], [6, 8]], None, [[1, 0], [0, 1]], [7, 8])
    bare = two_layers([[4, 6], [6, 8]], [7, 8], [[1, 0], [0, 1]], None)
    through = two_layers([[1, 2], [3, 4]], [1, 1], [[1, 1], [0, 2]], [5, 6], (IDENTITY, IDENTITY))
    for one in (FIRST, SECOND, third, bare, through):
        for two in (FIRST, SECOND, third, bare, through):
            products(one, two)
        for other in moved(one):
            with pytest.raises(NotShown, match="differ"):
                products(FIRST, other)
    with pytest.raises(NotShown, match="another value"):
        products(FIRST, SECOND, lambda a, b: False)
    with pytest.raises(NotShown, match="follows"):
        products(FIRST, two_layers([[1, 2], [3, 4]], [1, 1], [[1, 1], [0, 2]], [5, 6], (TANH,)))
    with pytest.raises(NotShown, match="follows"):
        products(net(act("h", "x", IDENTITY), layer("y", "h", "v"), v=[[1, 1]]), FIRST)
    with pytest.raises(NotShown, match="differ"):
        products(FIRST, two_layers([[4, 6]], [2], [[1]], [5]))
    wide = net(layer("h", "x", "w"), layer("y", "h", "v"), inputs=3, w=[[4, 6, 0], [6, 8, 0]], v=[[1, 0], [0, 1]])
    with pytest.raises(NotShown, match="differ"):
        products(FIRST, wide)


def test_composed_steps():
    """As steps of a certificate: the rows of the first matrix are free, the second is composed."""
    for one, two in ((FIRST, SECOND), (SECOND, FIRST)):
        step = RewriteStep(two, {"h": Rows(np.array([-1, -1]), {0: None, 1: None})}, composed=frozenset("y"))
        own = Rewrites(network_hash(one), network_hash(two), (step,))
        assert issue(own, one).claim is Claim.PROVED
        for changes in ({"composed": frozenset()}, {"rows": {}}, {"names": {"h": "y"}}):
            with pytest.raises(NotShown):
                issue(replace(own, steps=(replace(step, **changes),)), one)
        for other in moved(two):
            with pytest.raises(NotShown):
                issue(replace(own, second=network_hash(other), steps=(replace(step, after=other),)), one)


MERGED = net(layer("y", "x", "m", "e"), m=[[4, 6], [6, 8]], e=[7, 8])


def merged(one, two, unchanged=same):
    check_merged((one, two), (one.nodes[1], one.nodes[-1], two.nodes[-1]), unchanged)


def test_one_matrix_for_two():
    merged(FIRST, MERGED)
    merged(SECOND, MERGED)
    plain = net(layer("h", "x", "w"), layer("y", "h", "v"), w=[[1, 2], [3, 4]], v=[[1, 1], [0, 2]])
    merged(plain, net(layer("y", "x", "m"), m=[[4, 6], [6, 8]]))
    merged(plain, net(layer("y", "x", "m", "e"), m=[[4, 6], [6, 8]], e=[0, 0]))
    for one, two in [*((FIRST, other) for other in moved(MERGED)), *((other, MERGED) for other in moved(FIRST))]:
        with pytest.raises(NotShown, match="differs"):
            merged(one, two)
    for other in (net(layer("y", "x", "m"), m=[[4, 6]]), net(layer("y", "x", "m"), m=[[4, 6, 0], [6, 8, 0]], inputs=3)):
        with pytest.raises(NotShown, match="differs"):
            merged(FIRST, other)
    with pytest.raises(NotShown, match="another value"):
        merged(FIRST, MERGED, lambda a, b: False)
    with pytest.raises(NotShown, match="no matrix"):
        check_merged((FIRST, MERGED), (FIRST.nodes[0], FIRST.nodes[-1], MERGED.nodes[-1]), same)
    step = RewriteStep(MERGED, {}, merged=frozenset("y"))
    for one in (FIRST, two_layers([[1, 2], [3, 4]], [1, 1], [[1, 1], [0, 2]], [5, 6], (IDENTITY,))):
        own = Rewrites(network_hash(one), network_hash(MERGED), (step,))
        assert issue(own, one).claim is Claim.PROVED
        with pytest.raises(NotShown, match="rests on bounds"):  # the neurons would be said to be always on
            issue(replace(own, steps=(replace(step, bounded=True),)), one)
        for other in moved(MERGED):
            with pytest.raises(NotShown):
                issue(replace(own, second=network_hash(other), steps=(replace(step, after=other),)), one)
    bent = two_layers([[1, 2], [3, 4]], [1, 1], [[1, 1], [0, 2]], [5, 6], (TANH,))
    with pytest.raises(NotShown, match="change nothing"):
        issue(Rewrites(network_hash(bent), network_hash(MERGED), (step,)), bent)


def squares(rows, biases, reads, ends=(0,), attributes=SQUARE):
    nodes = layer("h", "x", "w", "b"), act("s", "h", attributes), layer("y", "s", "v", "c")
    return net(*nodes, w=rows, b=biases, v=reads, c=ends)


def depends(before, after, made, constant=0, gone=2, names=("h", "s")):
    """The last channel of squares is a combination of the others."""
    width = len(before.weights["w"])
    source = np.array([-1 if k == gone else k - (k > gone) for k in range(width)])
    terms = tuple((j, Fraction(c)) for j, c in made)
    rows = {names[0]: Rows(source, {gone: None}), names[1]: Rows(source, {gone: (terms, Fraction(constant))})}
    return Rewrites(network_hash(before), network_hash(after), (RewriteStep(after, rows),))


def test_polynomials_that_depend_on_others():
    """(x + y)^2 + (x - y)^2 = 2 x^2 + 2 y^2: the channel of y^2 is half of both less that of x^2, and constants 3 each."""
    before = squares([[1, 1], [1, -1], [0, 1], [1, 0]], [0, 0, 0, 0], [[1, 1, 4, 1]])
    # t3 = (t1 + t2) / 2 - t4 + c with 3 = 3 - 3 + c
    after = squares([[1, 1], [1, -1], [1, 0]], [0, 0, 0], [[3, 3, -3]], [12])
    made = ((0, HALF), (1, HALF), (2, -1))
    own = depends(before, after, made, 3)
    assert issue(own, before).claim is Claim.PROVED  # row 2 of the first matrix is read off the network, whatever is said of it
    rows = {"s": own.steps[0].rows["s"], "h": Rows(np.array([0, 1, -1, 2]), {2: (((0, HALF), (1, -HALF)), Fraction(0))})}
    own = replace(own, steps=(replace(own.steps[0], rows=rows),))
    assert issue(own, before).claim is Claim.PROVED
    for k, change in ((0, (0, ONE)), (1, (1, -HALF)), (2, (2, ONE)), (2, (0, -ONE))):
        other = tuple(change if i == k else m for i, m in enumerate(made))
        wrong = {**rows, "s": Rows(rows["s"].source, {2: (tuple((j, Fraction(c)) for j, c in other), Fraction(3))})}
        with pytest.raises(NotShown):
            issue(replace(own, steps=(replace(own.steps[0], rows=wrong),)), before)
    for wrong_rows in (
        {**rows, "s": Rows(rows["s"].source, {2: (rows["s"].terms[2][0], Fraction(4))})},
        {**rows, "s": Rows(np.array([1, 0, -1, 2]), rows["s"].terms)},
        {"s": rows["s"]},
        {"h": rows["h"]},
    ):
        with pytest.raises(NotShown):
            issue(replace(own, steps=(replace(own.steps[0], rows=wrong_rows),)), before)
    for other in moved(after):
        with pytest.raises(NotShown):
            issue(replace(own, second=network_hash(other), steps=(replace(own.steps[0], after=other),)), before)
    for other in moved(before):
        with pytest.raises(NotShown):
            issue(replace(own, first=network_hash(other)), other)
    for attributes in (TANH, {"function": "relu"}):
        one, two = (replace(n, nodes=(*n.nodes[:2], act("s", "h", attributes), n.nodes[3])) for n in (before, after))
        with pytest.raises(NotShown):
            issue(Rewrites(network_hash(one), network_hash(two), (RewriteStep(two, rows),)), one)


def joins(kind, weights, last):
    nodes = layer("a", "x", "a"), layer("b", "x", "b"), Node("s", kind, ("a", "b")), layer("y", "s", "v")
    return net(*nodes, a=weights[0], b=weights[1], v=[last])


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply"])
def test_values_that_are_joined(kind):
    """Channels of both in another order; of one of them alone that is refused."""
    before = joins(kind, ([[1, 2], [3, 4], [5, 6]], [[1, 0], [0, 1], [1, 1]]), [1, 2, 3])
    after = joins(kind, ([[5, 6], [1, 2], [3, 4]], [[1, 1], [1, 0], [0, 1]]), [3, 1, 2])
    turned = Rows(np.array([1, 2, 0]))
    own = Rewrites(network_hash(before), network_hash(after), (RewriteStep(after, {"a": turned, "b": turned}),))
    assert issue(own, before).claim is Claim.PROVED
    for rows in ({"a": turned}, {"b": turned}, {}, {"a": turned, "b": Rows(np.array([2, 0, 1]))}):
        with pytest.raises(NotShown):
            issue(replace(own, steps=(RewriteStep(after, rows),)), before)
    for other in moved(after):
        with pytest.raises(NotShown):
            issue(replace(own, second=network_hash(other), steps=(RewriteStep(other, {"a": turned, "b": turned}),)), before)
    swapped = replace(after, nodes=(*after.nodes[:3], Node("s", kind, ("b", "a")), after.nodes[4]))
    with pytest.raises(NotShown):
        issue(Rewrites(own.first, network_hash(swapped), (RewriteStep(swapped, {"a": turned, "b": turned}),)), before)


def grouped(groups, weight, bias=None):
    return GroupedFilters(np.array(weight, dtype=float), None if bias is None else np.array(bias, dtype=float), groups)


def dense(filters):
    """The matrix (out, in) of filters of one place, zeros between groups."""
    out, inside = filters.weight.shape[:2]
    made = np.zeros((out, inside * filters.groups))
    for i in range(out):
        g = i // (out // filters.groups)
        made[i, g * inside : (g + 1) * inside] = filters.weight[i].reshape(inside)
    return made


def test_rows_and_columns_of_groups():
    for filters in (
        grouped(1, [[[1], [2]], [[3], [4]], [[5], [6]]], [7, 8, 9]),
        grouped(2, [[[1], [2]], [[3], [4]], [[5], [6]], [[7], [8]]]),
        grouped(3, [[[1]], [[2]], [[3]]]),
        grouped(1, [[[1]]]),
    ):
        matrix = dense(filters)
        assert [filters.row(i).reshape(-1).tolist() for i in range(len(matrix))] == matrix.tolist()
        every = list(range(len(matrix)))
        for i in range(matrix.shape[1]):
            assert filters.column(every, i).reshape(-1).tolist() == matrix[:, i].tolist()
            assert filters.column(every[::-1], i).reshape(-1).tolist() == matrix[::-1, i].tolist()
        assert filters.constants(every) == ([0] * len(every) if filters.bias is None else [7, 8, 9])
        assert filters.inside * filters.groups == matrix.shape[1]
        assert filters.depthwise == (filters.groups == len(matrix) and filters.inside == 1)
    window = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
    for groups, apart in ((1, False), (2, False), (4, True)):
        shape = (4, 4 // groups, 1)
        node = Node("c", "conv", ("x",), {"weight": "w"}, {**window, "groups": groups})
        own = Network((4, 3), (Node("x", "input"), node), "c", {"w": np.ones(shape)})
        assert keeps_channels_apart(own, node) is apart
        assert alike(node.attributes, {**window, "groups": 7})
        assert not alike(node.attributes, {**window, "groups": groups, "stride": (2,)})
    plain = net(layer("y", "x", "w"), w=[[1, 1]])
    assert not keeps_channels_apart(plain, plain.nodes[1])
    single = Network(
        (1, 3),
        (Node("x", "input"), Node("c", "conv", ("x",), {"weight": "w"}, {**window, "groups": 1})),
        "c",
        {"w": np.ones((1, 1, 1))},
    )
    assert not keeps_channels_apart(single, single.nodes[1])
    assert GroupedFilters.of(single, single.nodes[1]).depthwise


RELATIONS = [
    None,
    Channels(0, np.array([0, 1, 2, 3]), {}),
    Channels(0, np.array([3, 1, 0, 2]), {}),
    Channels(0, np.array([0, -1, 1, 2]), {1: (((0, TWO), (2, ONE)), Fraction(5))}),
    Channels(0, np.array([0, 0, -1, 1]), {2: (((3, HALF),), Fraction(0))}),
    Channels(0, np.array([-1, -1, 2, 2]), {0: ((), ONE), 1: (((2, TWO),), Fraction(0))}),
    Channels(0, np.array([0, 1, -1, 3]), {2: None}),
]


def substituted(matrix, relation, width):
    """W C: what rows are of the channels of the other network."""
    if relation is None:
        return matrix
    made = np.zeros((len(matrix), width))
    for i in range(matrix.shape[1]):
        t = relation.combined(i)
        for j, c in t[0] if t is not None else ():
            made[:, j] += matrix[:, i] * float(c)
    return made


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("groups", [1, 2])
def test_rows_in_other_channels(relation, groups):
    inside = 4 // groups
    weight = np.arange(1.0, 1 + 4 * inside).reshape(4, inside, 1)
    if relation is not None and None in relation.terms.values():
        one = grouped(groups, weight)
        if groups == 1:
            with pytest.raises(NotShown, match="nothing is known"):
                same_rows(one, grouped(1, np.ones((4, 4, 1))), relation, np.arange(4), np.arange(4))
        weight[:, 2 % inside] = 0 if groups == 1 else weight[:, 2 % inside]
        if groups == 2:
            weight[2:, 0] = 0
    one = grouped(groups, weight)
    wanted = substituted(dense(one), relation, 4)
    two = grouped(1, wanted[:, :, None])
    every = np.arange(4)
    assert same_rows(one, two, relation, every, every)
    assert same_rows(one, two, relation, every[::2], every[::2])
    assert not same_rows(one, two, relation, every[:2], every[2:])
    for i in range(4):
        for j in range(4):
            other = wanted.copy()
            other[i, j] += 1
            assert not same_rows(one, grouped(1, other[:, :, None]), relation, every, every)
    assert not same_rows(one, grouped(1, np.ones((4, 4, 2))), relation, every, every)
    if relation is not None:
        assert not same_rows(one, two, replace(relation, source=relation.source[:3]), every, every)
        assert not same_rows(one, two, Channels(0, np.append(relation.source, 0), relation.terms), every, every)


def test_relations_within_groups():
    relation = Channels(0, np.array([0, 3, -1, -1]), {2: (((2, ONE), (1, TWO)), ONE), 3: None})
    whole, more = _inside(relation, 0, 4, 0, 4)
    assert whole is relation
    assert more == 0
    found, more = _inside(relation, 0, 2, 0, 2)
    assert (found.source.tolist(), dict(found.terms), more) == ([0, 2], {}, 1)
    found, more = _inside(relation, 2, 2, 2, 2)
    assert (found.source.tolist(), more) == ([-1, -1], 1)
    assert dict(found.terms) == {0: (((0, ONE), (2, TWO)), ONE), 1: None}
    found, more = _inside(relation, 0, 4, 0, 2)
    assert (found.source.tolist(), more) == ([0, 2, -1, -1], 2)
    assert found.terms[2] == (((3, ONE), (1, TWO)), ONE)
    assert _same_columns(Channels(0, np.array([0, 0]), {}), np.array([[[1.0], [2.0]]]), np.array([[[3.0]]]))
    assert not _same_columns(Channels(0, np.array([0, 0]), {}), np.array([[[1.0], [2.0]]]), np.array([[[2.0]]]))
    assert not _same_columns(Channels(0, np.array([0]), {}), np.array([[[1.0]]]), np.array([[[1.0], [4.0]]]))
