"""What is read of attention, and bounds of it, for each way in which one node could be written otherwise: its heads, or why not.

Four places, three heads of size two, so that no two axes have the same length: whatever is taken for another axis shows. Which blocks
mean the same function is asked of values in `test_head_certificates`; here no outcome may be another.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations, product

import numpy as np
import pytest

from neurovariety.certificates.attention_blocks import as_stored, attention_block, head_products, within
from neurovariety.certificates.attention_distance import attention_pairs
from neurovariety.certificates.network_shapes import shapes
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

from .changes import REFUSALS
from .kept_numbers import check_kept, digits, eighths, words_of

PLACES, INPUTS, HEADS, SIZE = 4, 5, 3, 2
WIDTH = HEADS * SIZE


def polynomial(*coefficients):
    return {"function": "polynomial", "coefficients": tuple(map(Fraction, coefficients))}


def weights(start=0, shared=1):
    made = {}
    for name, width in (("q", WIDTH), ("k", WIDTH // shared), ("v", WIDTH // shared), ("o", INPUTS)):
        made[f"{name}.weight"] = eighths(width, WIDTH if name == "o" else INPUTS, start=start)
        made[f"{name}.bias"] = eighths(width, start=start + 7)
        start += 40
    made["m"] = eighths(PLACES, PLACES, start=start)
    return made | {
        "number": np.array(0.5),
        "numbers": np.array([0.5, 0.25]),
        "none": np.array(0.0),
        "m1": made["m"][None],
        "m3": np.stack([made["m"]] * HEADS),
        "m4": made["m"][None, None],
        "row": made["m"][0],
    }


def nodes():
    """By name: attention with all that may stand on the way."""
    made = [Node("x", "input")]
    for name in "qkv":
        made += [
            Node(name, "linear", ("x",), {"weight": f"{name}.weight", "bias": f"{name}.bias"}),
            Node(f"{name} scaled", "multiply", (name,), {}, {"constant": Fraction({"q": 2, "k": 3, "v": 5}[name])}),
            Node(f"{name} heads", "reshape", (f"{name} scaled",), {}, {"shape": (PLACES, HEADS, SIZE)}),
            Node(f"{name} turned", "transpose", (f"{name} heads",), {}, {"permutation": (1, 0, 2)}),
        ]
    made += [
        Node("scores", "matmul", ("q turned", "k turned"), {}, {"transpose": (False, True)}),
        Node("scaled", "activation", ("scores",), {}, polynomial(0, Fraction(1, 2))),
        Node("masked", "add", ("scaled",), {"weight": "m"}),
        Node("soft", "softmax", ("masked",), {}, {"axis": 2}),
        Node("mixed", "matmul", ("soft", "v turned"), {}, {"transpose": (False, False)}),
        Node("back", "transpose", ("mixed",), {}, {"permutation": (1, 0, 2)}),
        Node("joined", "reshape", ("back",), {}, {"shape": (PLACES, WIDTH)}),
        Node("gain", "divide", ("joined",), {}, {"constant": Fraction(4)}),
        Node("o", "linear", ("gain",), {"weight": "o.weight", "bias": "o.bias"}),
    ]
    return {n.name: n for n in made}


def changed(node, **given):
    return Node(
        node.name,
        given.get("kind", node.kind),
        given.get("inputs", node.inputs),
        given.get("roles", node.weights),
        given.get("attributes", node.attributes),
    )


def otherwise():
    """(what is other, nodes in the place of those of their names)."""
    own = nodes()
    for name in ("q turned", "k turned", "v turned", "back"):
        for p in permutations(range(3)):
            yield f"{name} {p}", {name: changed(own[name], attributes={"permutation": p})}
    for p in permutations(range(3)):  # the same for all three, and undone
        turned = {f"{n} turned": changed(own[f"{n} turned"], attributes={"permutation": p}) for n in "qkv"}
        back = changed(own["back"], attributes={"permutation": tuple(int(i) for i in np.argsort(p))})
        yield f"all {p}", turned | {"back": back}
        yield f"all but values {p}", {k: v for k, v in turned.items() if k != "v turned"}
    for name in ("q heads", "k heads", "v heads"):
        for shape in {*permutations((PLACES, HEADS, SIZE)), (PLACES, SIZE, HEADS), (PLACES, 1, WIDTH), (PLACES, WIDTH, 1)}:
            yield f"{name} {shape}", {name: changed(own[name], attributes={"shape": shape})}
    for shape in ((PLACES, HEADS, SIZE), (WIDTH, PLACES), (2, 12), (1, PLACES, WIDTH)):
        yield f"joined {shape}", {"joined": changed(own["joined"], attributes={"shape": shape})}
    for name, turned in product(("scores", "mixed"), product((False, True), repeat=2)):
        yield f"{name} {turned}", {name: changed(own[name], attributes={"transpose": turned})}
    yield (
        "scores plain",
        {"scores": changed(own["scores"], attributes={}), "k turned": changed(own["k turned"], attributes={"permutation": (1, 2, 0)})},
    )
    yield "mixed plain", {"mixed": changed(own["mixed"], attributes={})}
    for axis in (0, 1):
        yield f"soft {axis}", {"soft": changed(own["soft"], attributes={"axis": axis})}
    for role in ("m", "m3", "m1"):
        yield f"soft with {role}", {"soft": changed(own["soft"], roles={"mask": role})}
    for role in ("m1", "m3", "m4", "row", "number"):
        yield f"masked {role}", {"masked": changed(own["masked"], roles={"weight": role})}
    yield "masked by a number", {"masked": changed(own["masked"], roles={}, attributes={"constant": Fraction(3)})}
    for name in ("scaled", "q scaled", "v scaled", "gain"):
        for how, given in {
            "constant": {"kind": "multiply", "roles": {}, "attributes": {"constant": Fraction(-3)}},
            "divided": {"kind": "divide", "roles": {}, "attributes": {"constant": Fraction(-3)}},
            "divided by 0": {"kind": "divide", "roles": {}, "attributes": {"constant": Fraction(0)}},
            "reversed": {"kind": "divide", "roles": {}, "attributes": {"constant": Fraction(2), "reversed": True}},
            "number": {"kind": "multiply", "roles": {"weight": "number"}, "attributes": {}},
            "by a number": {"kind": "divide", "roles": {"weight": "number"}, "attributes": {}},
            "by 0": {"kind": "divide", "roles": {"weight": "none"}, "attributes": {}},
            "numbers": {"kind": "multiply", "roles": {"weight": "numbers"}, "attributes": {}},
            "with a constant": {"kind": "activation", "roles": {}, "attributes": polynomial(1, 2)},
            "squared": {"kind": "activation", "roles": {}, "attributes": polynomial(0, 0, 1)},
            "linear": {"kind": "activation", "roles": {}, "attributes": polynomial(0, Fraction(-2, 3))},
            "relu": {"kind": "activation", "roles": {}, "attributes": {"function": "relu"}},
            "added": {"kind": "add", "roles": {}, "attributes": {"constant": Fraction(1)}},
            "softmax": {"kind": "softmax", "roles": {}, "attributes": {"axis": 2 if name == "scaled" else 1}},
        }.items():
            yield f"{name} {how}", {name: changed(own[name], **given)}
    yield "keys are queries", {"scores": changed(own["scores"], inputs=("q turned", "q turned"))}
    yield "values are keys", {"mixed": changed(own["mixed"], inputs=("soft", "k turned"))}
    yield "other way round", {"mixed": changed(own["mixed"], inputs=("v turned", "soft"))}
    yield "no softmax", {"mixed": changed(own["mixed"], inputs=("masked", "v turned"))}
    yield "no matrix", {"o": changed(own["o"], kind="activation", roles={}, attributes={"function": "relu"})}
    yield "of values", {"gain": changed(own["gain"], inputs=("v",))}
    yield "unscaled", {"q scaled": changed(own["q scaled"], kind="activation", roles={}, attributes={"function": "tanh"})}
    yield "scores joined", {"masked": changed(own["masked"], inputs=("scaled", "scores"), roles={})}
    yield "scores of themselves", {"masked": changed(own["masked"], inputs=("scaled", "scaled"), roles={})}


def joined():
    """Networks that are written with other nodes: shared keys, masks that are values, slices of one matrix, one head."""
    own = nodes()
    for name, width in (("grouped", 1), ("grouped by two", 2)):
        grouped = dict(own)
        for n in "kv":
            grouped[f"{n} heads"] = changed(own[f"{n} heads"], attributes={"shape": (PLACES, 1, SIZE)})
            copies = tuple(f"{n} turned" for _ in range(HEADS if width == 1 else 2))
            grouped[f"{n} all"] = Node(f"{n} all", "concatenate", copies, {}, {"axis": 0})
        grouped["scores"] = changed(own["scores"], inputs=("q turned", "k all"))
        grouped["mixed"] = changed(own["mixed"], inputs=("soft", "v all"))
        yield name, grouped, 3
    alone = {**own}
    for n in "kv":
        alone[f"{n} heads"] = changed(own[f"{n} heads"], attributes={"shape": (PLACES, 1, SIZE)})
    yield "one key for all", alone, 3
    keys = {**own, "k heads": changed(own["k heads"], attributes={"shape": (PLACES, 1, SIZE)})}
    yield "one key, three values", keys, (1, 3)
    for shape, turned in (((1, PLACES, PLACES), True), ((HEADS, PLACES, PLACES), False), ((PLACES, PLACES), False)):
        masks = dict(own)
        masks["seen"] = Node(
            "seen", "parameter", (), {"value": "m1" if len(shape) == 3 and shape[0] == 1 else "m3" if len(shape) == 3 else "m"}, {}
        )
        masks["masked"] = Node("masked", "add", ("seen", "scaled") if turned else ("scaled", "seen"))
        yield f"masked by a value {shape}", masks, 1
    flat = {k: v for k, v in own.items() if not k.endswith(("heads", "turned")) and k not in ("back", "joined")}
    flat["scores"] = changed(own["scores"], inputs=("q scaled", "k scaled"))
    flat["mixed"] = changed(own["mixed"], inputs=("soft", "v scaled"))
    flat["soft"] = changed(own["soft"], attributes={"axis": 1})
    flat["gain"] = changed(own["gain"], inputs=("mixed",))
    yield "one head", flat, 1
    for start, step in ((0, 1), (1, 1), (0, 2)):
        cut = dict(own)
        cut["v scaled"] = Node("v scaled", "slice", ("v",), {}, {"axis": 1, "start": start, "stop": start + WIDTH * step, "step": step})
        yield f"a slice {start} {step}", cut, "wide"


def network(found, made):
    order, placed = [], set()

    def put(name):
        if name not in placed:
            placed.add(name)
            for below in found[name].inputs:
                put(below)
            order.append(found[name])

    put("o")
    return Network((PLACES, INPUTS), tuple(order), "o", made)


def described(net):
    """Everything that is said of the block before the last node; or why there is none."""
    try:
        block = attention_block(net, net.nodes[-1])
        arrays = [a for s in block.strands for a in (s.channel, s.position)]
        parts = tuple(map(tuple, (v.tolist() for v in block.parts)))
        said = [sorted(block.inner), sorted(within(net, net.nodes[-1], shapes(net))), block.masks, block.gain, block.heads, parts]
        said += [(s.producer.name, s.factor, [n.name for n in s.path]) for s in block.strands]
        said += [[n.name for n in block.chain], [n.name for n in block.path], block.scores.name, block.mixing.name]
        heads = [(str(h.score), str(h.output)) for h in head_products(net, block, range(block.heads))]
        stored = [as_stored(net, block, 0) == as_stored(net, block, b) for b in range(block.heads)]
        return f"heads {words_of([said, heads, stored, digits(*arrays, block.columns, block.position)])}"
    except NotShown as why:
        return str(why)
    except REFUSALS as why:  # shapes that fit together nowhere
        return type(why).__name__


def bounded(found, first, second):
    """The bounds of the pair, to the digits that do not depend on the order of sums."""
    try:
        pair = attention_pairs(network(found, first), network(found, second), {n: n for n in found}).get("o")
    except REFUSALS as why:
        return type(why).__name__
    if pair is None:
        return "none"
    numbers = [*pair.score, *pair.output, *pair.shift, pair.factor, *pair.masks]
    for scale in (1.0, 1e-6, 1e3):
        norms = {n: (2.0 + k, (0.25 + k) * scale) for k, n in enumerate(found)}
        numbers += pair.bound(norms)
    return words_of([pair.rows, pair.positions, *(f"{v:.13g}" for v in numbers)])


def test_each_way_to_write_a_node():
    own, made = nodes(), weights()
    found = {"as it is": described(network(own, made))}
    for how, other in otherwise():
        found[how] = described(network(own | other, made))
    assert sum(v.startswith("heads") for v in found.values()) > 20
    check_kept("attention, node by node", found)


def widths(shared):
    """Weights for keys and values that heads share, or wider ones of which a part is used."""
    if shared == "wide":
        return weights() | {"v.weight": eighths(2 * WIDTH, INPUTS, start=5), "v.bias": eighths(2 * WIDTH, start=9)}
    if isinstance(shared, tuple):
        return weights() | {k: v for k, v in weights(shared=3).items() if k[0] == "k"}
    return weights(shared=shared)


def test_other_ways_to_write_attention():
    found = {}
    for name, own, shared in joined():
        found[name] = described(network(own, widths(shared)))
    check_kept("attention, written otherwise", found)


@pytest.mark.parametrize("kind", ["all", "one matrix"])
def test_bounds_of_pairs(kind):
    made, found = weights(), {}
    others = {k: v + np.where(np.arange(v.size).reshape(v.shape) % 3 == 0, 0.125, 0) for k, v in weights().items()}
    if kind == "all":
        own = nodes()
        second = {k: others[k] if k[0] in "qkvo" and "." in k else v for k, v in made.items()}
        for how, other in [("as it is", {}), *otherwise()]:
            found[how] = bounded(own | other, made, second)
        for name, given, shared in joined():
            one = widths(shared)
            found[name] = bounded(given, one, {k: v + 0.125 if k[0] in "qkvo" and "." in k else v for k, v in one.items()})
    else:
        for key in made:
            found[key] = bounded(nodes(), made, made | {key: others[key]})
        for role in ("q", "v", "o"):  # without biases
            own = nodes()
            own[role] = changed(own[role], roles={"weight": f"{role}.weight"})
            found[f"{role} without a bias"] = bounded(own, made, made | {f"{role}.weight": others[f"{role}.weight"]})
    assert len(set(found.values())) > 5
    check_kept(f"bounds of attention, {kind}", found)
