"""Certificates on attention heads and gated units: what is true is shown, and every false twin is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from neurovariety.certificates.attention_blocks import attention_block
from neurovariety.certificates.attention_distance import attention_pairs
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_distance import bound
from neurovariety.certificates.network_functions import DistanceBound
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_rewrites import Rewrites, RewriteStep, Rows
from neurovariety.certificates.network_symmetries import symmetry_dimension
from neurovariety.certificates.network_values import BALLS, value
from neurovariety.certificates.pruned_networks import Smaller
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

LENGTH, INPUTS, HEADS, SIZE, OUTPUTS = 2, 3, 3, 2, 2
HALF = {"function": "polynomial", "coefficients": (Fraction(0), Fraction(1, 2))}


def weights(seed=0):
    rng = np.random.default_rng(seed)
    made = {}
    for name, shape in (("q", INPUTS), ("k", INPUTS), ("v", INPUTS)):
        made[f"{name}.weight"] = rng.integers(-8, 9, size=(HEADS * SIZE, shape)) / 8
        made[f"{name}.bias"] = rng.integers(-8, 9, size=HEADS * SIZE) / 8
    made["o.weight"] = rng.integers(-8, 9, size=(OUTPUTS, HEADS * SIZE)) / 8
    made["o.bias"] = rng.integers(-8, 9, size=OUTPUTS) / 8
    made["m"] = rng.integers(-8, 9, size=(LENGTH, LENGTH)) / 8
    return made


def network(made, heads=HEADS, size=SIZE, **changed):
    """Attention over two places; ``changed`` are nodes in place of those of their names."""

    def linear(name, below):
        return Node(name, "linear", (below,), {"weight": f"{name}.weight", "bias": f"{name}.bias"})

    nodes = [Node("x", "input")]
    for name in "qkv":
        nodes += [
            linear(name, "x"),
            Node(f"{name} heads", "reshape", (name,), {}, {"shape": (LENGTH, heads, size)}),
            Node(f"{name} turned", "transpose", (f"{name} heads",), {}, {"permutation": (1, 0, 2)}),
        ]
    nodes += [
        Node("scores", "matmul", ("q turned", "k turned"), {}, {"transpose": (False, True)}),
        Node("scaled", "activation", ("scores",), {}, HALF),
        Node("masked", "add", ("scaled",), {"weight": "m"}),
        Node("soft", "softmax", ("masked",), {}, {"axis": 2}),
        Node("mixed", "matmul", ("soft", "v turned"), {}, {"transpose": (False, False)}),
        Node("back", "transpose", ("mixed",), {}, {"permutation": (1, 0, 2)}),
        Node("joined", "reshape", ("back",), {}, {"shape": (LENGTH, heads * size)}),
        linear("o", "joined"),
    ]
    nodes = [changed.get(n.name.replace(" ", "_"), n) for n in nodes]
    return Network((LENGTH, INPUTS), tuple(nodes), "o", made)


def show(first, second):
    step = RewriteStep(second, {}, {}, heads=frozenset({"o"}))
    return issue(Rewrites(network_hash(first), network_hash(second), (step,)), first)


def refused(first, second):
    with pytest.raises(NotShown):
        show(first, second)
    return True


def rows(b):
    return slice(b * SIZE, (b + 1) * SIZE)


def turned(made, b, base, other):
    """Head b in another base: queries and keys by ``base``, values by ``other``."""
    out = {k: v.copy() for k, v in made.items()}
    for name, matrix in (("q", base), ("k", np.linalg.inv(base).T), ("v", other)):
        out[f"{name}.weight"][rows(b)] = matrix @ made[f"{name}.weight"][rows(b)]
        out[f"{name}.bias"][rows(b)] = matrix @ made[f"{name}.bias"][rows(b)]
    out["o.weight"][:, rows(b)] = made["o.weight"][:, rows(b)] @ np.linalg.inv(other)
    return out


BASE, OTHER = np.array([[2.0, 0.5], [0.0, 1.0]]), np.array([[0.0, 4.0], [1.0, 1.0]])


def test_another_base_and_its_false_twins():
    made = weights()
    first = network(made)
    good = turned(made, 1, BASE, OTHER)
    verdict = show(first, network(good))
    assert verdict.claim is Claim.PROVED
    for key in good:  # one digit of any matrix that shows
        if key in ("k.bias", "m"):
            continue
        bad = {k: v.copy() for k, v in good.items()}
        bad[key].reshape(-1)[3 if bad[key].size > 3 else 0] += 2.0**-40
        assert refused(first, network(bad)), key
    wrong = {**good, "k.weight": made["k.weight"].copy()}
    wrong["k.weight"][rows(1)] = BASE.T @ made["k.weight"][rows(1)]
    assert refused(first, network(wrong))


def test_orders_of_heads():
    made = weights(1)
    order = [2, 0, 1]
    place = np.concatenate([np.arange(SIZE) + SIZE * b for b in order])
    good = {k: v[place] if k[0] in "qkv" else v for k, v in made.items()}
    assert refused(network(made), network(good))  # the columns that read the heads stay where they were
    good["o.weight"] = made["o.weight"][:, place]
    assert show(network(made), network(good)).claim is Claim.PROVED


def test_constants_that_do_not_show():
    made = weights(2)
    first = network(made)
    assert show(first, network({**made, "k.bias": made["k.bias"] + 3})).claim is Claim.PROVED
    assert refused(first, network({**made, "q.bias": made["q.bias"] + 3}))
    shift = np.arange(HEADS * SIZE) / 4
    moved = {**made, "v.bias": made["v.bias"] + shift, "o.bias": made["o.bias"] - made["o.weight"] @ shift}
    assert show(first, network(moved)).claim is Claim.PROVED
    assert refused(first, network({**moved, "o.bias": made["o.bias"]}))


def fewer(made, gone, **more):
    kept = np.concatenate([np.arange(SIZE) + SIZE * b for b in range(HEADS) if b != gone])
    out = {k: v[kept] if k[0] in "qkv" else v for k, v in made.items()}
    return {**out, "o.weight": made["o.weight"][:, kept], **more}


def test_heads_that_go():
    made = weights(3)
    made["v.weight"][rows(1)] = 0
    first = network(made)
    constant = made["o.bias"] + made["o.weight"][:, rows(1)] @ made["v.bias"][rows(1)]
    assert show(first, network(fewer(made, 1, **{"o.bias": constant}), HEADS - 1)).claim is Claim.PROVED
    assert refused(first, network(fewer(made, 1), HEADS - 1))
    assert refused(first, network(fewer(made, 0), HEADS - 1))


def test_why_heads_went_is_counted():
    made = weights(3)
    made["v.weight"][rows(1)] = 0
    first = network(made)
    constant = made["o.bias"] + made["o.weight"][:, rows(1)] @ made["v.bias"][rows(1)]
    second = network(fewer(made, 1, **{"o.bias": constant}), HEADS - 1)
    verdict = show(first, second)
    assert issue(Smaller("removed", {"dead head": 3 * SIZE}, verdict), (first, second)).claim is Claim.PROVED
    for wrong in ({"equal head": 3 * SIZE}, {"dead head": 2 * SIZE}, {"dead head": 3 * SIZE, "unread": 1}, {}):
        with pytest.raises(NotShown):
            issue(Smaller("removed", wrong, verdict), (first, second))


def test_heads_of_equal_scores():
    made = weights(4)
    for name in ("q", "k"):
        for part in ("weight", "bias"):
            made[f"{name}.{part}"][rows(2)] = made[f"{name}.{part}"][rows(0)]
    made["v.weight"][rows(2)], made["v.bias"][rows(2)] = made["v.weight"][rows(0)], made["v.bias"][rows(0)]
    both = fewer(made, 2)
    both["o.weight"] = both["o.weight"].copy()
    both["o.weight"][:, rows(0)] += made["o.weight"][:, rows(2)]
    assert show(network(made), network(both, HEADS - 1)).claim is Claim.PROVED
    other = {k: v.copy() for k, v in made.items()}
    other["q.weight"][4, 0] += 1 / 8  # the scores of the last head are others now
    assert refused(network(other), network(both, HEADS - 1))
    both["o.weight"][0, 0] += 1 / 8
    assert refused(network(made), network(both, HEADS - 1))


def test_what_stands_between_has_to_be_the_same():
    made = weights(5)
    first, good = network(made), turned(made, 0, BASE, OTHER)
    assert show(first, network(good))
    assert refused(first, network({**good, "m": made["m"] + np.eye(LENGTH)}))
    other = Node("scaled", "activation", ("scores",), {}, {**HALF, "coefficients": (Fraction(0), Fraction(1, 3))})
    assert refused(first, network(good, scaled=other))
    assert refused(first, network(good, soft=Node("soft", "softmax", ("masked",), {}, {"axis": 1})))
    flat = Node("scaled", "activation", ("scores",), {}, {"function": "tanh"})
    assert refused(network(made, scaled=flat), network(good, scaled=flat))
    straight = Node("back", "transpose", ("mixed",), {}, {"permutation": (0, 1, 2)})
    assert refused(network(made, back=straight), network(good, back=straight))
    crossed = Node("v turned", "transpose", ("v heads",), {}, {"permutation": (1, 2, 0)})  # places and channels change places
    assert refused(network(made, v_turned=crossed), network(good, v_turned=crossed))


def test_heads_with_masks_of_their_own():
    made = {**weights(6), "m": np.random.default_rng(0).integers(-8, 9, size=(HEADS, LENGTH, LENGTH)) / 8}
    assert refused(network(made), network(turned(made, 0, BASE, OTHER)))
    assert show(network({**made, "m": made["m"][:1]}), network(turned({**made, "m": made["m"][:1]}, 0, BASE, OTHER)))


def test_what_else_reads_the_heads_still_sees_them():
    """The values of another base are other values: where they leave the attention, nothing is shown."""
    made = weights(7)
    first, second = network(made), network(turned(made, 0, np.eye(2), OTHER))

    def leaking(net):
        last = (Node("sum", "mean", ("v",), {}, {"axes": (1,), "keepdims": True}), Node("y", "add", ("o", "sum")))
        return replace(net, nodes=(*net.nodes, *last), output="y")

    assert show(first, second)
    assert refused(leaking(first), leaking(second))


def test_a_bound_of_the_distance_holds_and_a_smaller_one_is_refused():
    made = weights(8)
    rng = np.random.default_rng(8)
    near = turned(made, 1, np.linalg.qr(rng.normal(size=(2, 2)))[0], np.linalg.qr(rng.normal(size=(2, 2)))[0])
    near = {k: v + 1e-6 * rng.normal(size=v.shape) if k != "m" else v for k, v in near.items()}
    first, second = network(made), network(near)
    assert set(attention_pairs(first, second, {n.name: n.name for n in first.nodes})) == {"o"}
    for radius in (0.1, 1.0, 4.0):
        most = bound(first, second, radius)
        assert most < 1e-3
        x = rng.normal(size=(200, LENGTH, INPUTS))
        x = radius * x / np.linalg.norm(x.reshape(200, -1), axis=1)[:, None, None]
        gap = np.linalg.norm((first.evaluate(x) - second.evaluate(x)).reshape(200, -1), axis=1).max()
        assert 0 < gap <= most
        same = [issue(Rewrites(network_hash(n), network_hash(n), ()), n) for n in (first, second)]
        assert issue(DistanceBound(same[0], same[1], most, radius), (first, second)).claim is Claim.PROVED
        with pytest.raises(NotShown):
            issue(DistanceBound(same[0], same[1], gap / 2, radius), (first, second))


def test_values_in_balls():
    made = weights(9)
    net = network(made)
    x = np.arange(6).reshape(LENGTH, INPUTS) / 4
    found = np.array([[float(v.mid()) for v in row] for row in value(net, x, BALLS)])
    assert np.allclose(found, net.evaluate(x[None])[0], atol=1e-12)
    for centred in (True, False):
        scaled = Node("soft", "standardize", ("masked",), {}, {"axes": (2,), "epsilon": 1e-3, "centred": centred})
        net = network(made, soft=scaled)
        found = np.array([[float(v.mid()) for v in row] for row in value(net, x, BALLS)])
        assert np.allclose(found, net.evaluate(x[None])[0], atol=1e-12)


def test_symmetries_of_heads_are_counted_once():
    made = weights(10)
    assert symmetry_dimension(network(made)) == HEADS * (SIZE**2 + SIZE**2 + SIZE + SIZE)
    tied = network(made)
    tied = replace(
        tied, nodes=tuple(replace(n, weights={**n.weights, "weight": "q.weight"}) if n.name == "k" else n for n in tied.nodes)
    )
    assert symmetry_dimension(tied) == 0
    assert symmetry_dimension(replace(network(made), fixed=frozenset({"o.weight"}))) == 0
    block = attention_block(network(made), network(made).nodes[-1])
    assert (block.heads, block.inner & {"q", "o"}) == (HEADS, set())


def gated(made, first=(0, 3), second=(3, 6)):
    cut = [
        Node(n, "slice", ("both",), {}, {"axis": 0, "start": a, "stop": b, "step": 1})
        for n, (a, b) in zip("gu", (first, second), strict=True)
    ]
    nodes = (
        Node("x", "input"),
        Node("both", "linear", ("x",), {"weight": "w", "bias": "b"}),
        *cut,
        Node("gate", "activation", ("g",), {}, {"function": "silu"}),
        Node("product", "multiply", ("gate", "u")),
        Node("y", "linear", ("product",), {"weight": "v"}),
    )
    return Network((2,), nodes, "y", made)


def test_gated_units_in_one_matrix():
    rng = np.random.default_rng(11)
    made = {"w": rng.integers(-8, 9, size=(6, 2)) / 8, "b": rng.integers(-8, 9, size=6) / 8, "v": rng.integers(1, 9, size=(2, 3)) / 8}
    made["w"][2], made["b"][2] = made["w"][0], made["b"][0]  # the gate of the last unit is that of the first
    made["w"][5], made["b"][5] = 2 * made["w"][3], 2 * made["b"][3]  # and its factor twice that
    first = gated(made)
    kept = [0, 1, 3, 4]
    smaller = {"w": made["w"][kept], "b": made["b"][kept], "v": made["v"][:, :2] + np.outer(made["v"][:, 2], [2, 0])}
    second = gated(smaller, (0, 2), (2, 4))
    terms = {2: (((0, Fraction(1)),), Fraction(0)), 5: (((2, Fraction(2)),), Fraction(0))}
    step = RewriteStep(second, {"both": Rows(np.array([0, 1, -1, 2, 3, -1]), terms)})

    def shown(one, step):
        return issue(Rewrites(network_hash(one), network_hash(step.after), (step,)), one)

    assert shown(first, step).claim is Claim.PROVED
    wrong = [
        (first, replace(step, after=gated({**smaller, "v": smaller["v"] + np.eye(2) / 8}, (0, 2), (2, 4)))),
        (first, replace(step, after=gated(smaller, (0, 2), (1, 3)))),  # another part of the rows
        (first, replace(step, rows={"both": Rows(np.array([0, 1, -1, 2, 3, -1]), {**terms, 5: (((3, Fraction(2)),), Fraction(0))})})),
        (first, replace(step, rows={"both": Rows(np.array([0, 1, -1, 2, 3, -1]), {**terms, 2: None})})),
        (gated({**made, "b": made["b"] + np.eye(6)[2] / 8}), step),  # the gates differ
        (gated({**made, "b": made["b"] + np.eye(6)[5] / 8}), step),
    ]
    for one, other in wrong:
        with pytest.raises(NotShown):
            shown(one, other)


def test_a_unit_with_a_factor_of_zero_needs_nothing_of_the_other():
    rng = np.random.default_rng(12)
    made = {"w": rng.integers(1, 9, size=(6, 2)) / 8, "b": rng.integers(1, 9, size=6) / 8, "v": rng.integers(1, 9, size=(2, 3)) / 8}
    made["w"][4], made["b"][4] = 0, 0
    kept = [0, 2, 3, 5]
    second = gated({"w": made["w"][kept], "b": made["b"][kept], "v": made["v"][:, [0, 2]]}, (0, 2), (2, 4))
    rows = {"both": Rows(np.array([0, -1, 1, 2, -1, 3]), {1: None, 4: ((), Fraction(0))})}
    first = gated(made)
    step = RewriteStep(second, rows)
    assert issue(Rewrites(network_hash(first), network_hash(second), (step,)), first).claim is Claim.PROVED
    alive = gated({**made, "b": made["b"] + np.eye(6)[4] / 8})
    for stated in ((), Fraction(0)), ((), Fraction(1, 8)):
        other = replace(step, rows={"both": Rows(rows["both"].source, {1: None, 4: stated})})
        with pytest.raises(NotShown):
            issue(Rewrites(network_hash(alive), network_hash(second), (other,)), alive)
