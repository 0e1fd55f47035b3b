"""What networks are as exact data, and identities on them: each part counts."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.attention_distance import AttentionPair
from neurovariety.certificates.cell_complex import CellComplex, _cells
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.channel_relations import _activated
from neurovariety.certificates.digit_sums import table_of
from neurovariety.certificates.exact_arrays import same, vanishes
from neurovariety.certificates.network_nodes import check_order, network_hash
from neurovariety.certificates.network_shapes import shapes, windows
from neurovariety.certificates.network_values import BALLS, RATIONALS
from neurovariety.certificates.network_values import value as exact_value
from neurovariety.certificates.piecewise_forms import Unit, _staged
from neurovariety.certificates.piecewise_signs import SignForms, signs_at
from neurovariety.certificates.stored_networks import StoredNetwork, StoredNode
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

ONE, ZERO = Fraction(1), Fraction(0)
EXACT = np.array([[Fraction(1, 3), Fraction(2)]], dtype=object)
NODES = (
    Node("x", "input"),
    Node("a", "linear", ("x",), {"weight": "w"}),
    Node("b", "add", ("a",), {}, {"constant": Fraction(1, 3)}),
    Node("c", "add", ("b",), {"weight": "u"}),
)
NETWORK = Network((2,), NODES, "c", {"w": EXACT, "u": np.array([1.0])})


def changed_node(k, **changes):
    return replace(NETWORK, nodes=(*NODES[:k], replace(NODES[k], **changes), *NODES[k + 1 :]))


@pytest.mark.parametrize(
    "other",
    [
        lambda: replace(NETWORK, weights={**NETWORK.weights, "w": EXACT + np.array([[ZERO, Fraction(1, 10**30)]], dtype=object)}),
        lambda: replace(NETWORK, weights={**NETWORK.weights, "w": EXACT.astype(float)}),
        lambda: replace(NETWORK, weights={**NETWORK.weights, "u": np.array([np.nextafter(1.0, 2.0)])}),
        lambda: replace(NETWORK, weights={**NETWORK.weights, "u": np.array([1.0], dtype=np.float32)}),
        lambda: replace(NETWORK, weights={**NETWORK.weights, "u": np.array([[1.0]])}),
        lambda: replace(NETWORK, weights={**NETWORK.weights, "u": np.array([1])}),
        lambda: replace(NETWORK, fixed=frozenset({"u"})),
        lambda: replace(NETWORK, output="b"),
        lambda: replace(NETWORK, nodes=NODES[:3], output="b"),
        lambda: changed_node(2, attributes={"constant": Fraction(2, 3)}),
        lambda: changed_node(2, attributes={"constant": Fraction(1, 3), "reversed": True}),
        lambda: changed_node(2, kind="subtract"),
        lambda: changed_node(3, inputs=("a",)),
        lambda: changed_node(3, weights={"weight": "w"}),
    ],
)
def test_every_part_of_a_network_is_in_its_hash(other):
    assert network_hash(other()) != network_hash(NETWORK) == network_hash(replace(NETWORK, weights=dict(NETWORK.weights), source="y"))


@pytest.mark.parametrize(
    ("rows", "shifts", "factors", "coefficients", "constant", "holds"),
    [
        ([[1]], [0], [1], [0, 0, 1], 0, False),
        ([[1], [1]], [0, 0], [1, -1], [0, 0, 1], 0, True),
        ([[1], [-1]], [0, 0], [1, -1], [0, 0, 1], 0, True),
        ([[1], [-1]], [0, 0], [1, 1], [0, 1, 0, 1], 0, True),
        ([[1], [-1]], [0, 0], [1, 1], [3, 1], 6, True),
        ([[1], [-1]], [0, 0], [1, 1], [3, 1], 5, False),
        ([[1], [1], [1]], [-1, 0, 1], [1, -2, 1], [0, 0, 1], 2, True),  # a second difference
        ([[1], [1], [1]], [-1, 0, 1], [1, -2, 1], [0, 0, 1], 1, False),
        ([[1], [1], [1]], [-1, 0, 1], [1, -2, 1], [0, 0, 0, 1], 0, False),
        ([[1, 0], [0, 1]], [0, 0], [1, -1], [0, 1], 0, False),
        ([[1, 1], [1, -1], [1, 0], [0, 1]], [0] * 4, [1, 1, -2, -2], [0, 0, 1], 0, True),  # a parallelogram
    ],
)
def test_combinations_that_vanish(rows, shifts, factors, coefficients, constant, holds):
    numbers = [list(map(Fraction, v)) for v in (shifts, factors, coefficients)]
    assert vanishes([np.array(list(map(Fraction, r)), dtype=object) for r in rows], *numbers, Fraction(constant)) is holds


def test_equal_arrays():
    one = np.array([1.0, 0.1])
    assert same(one, one.copy())
    assert not same(one, one.astype(np.float32))
    assert same(np.array([1.0, 0.5]), np.array([1, Fraction(1, 2)], dtype=object))
    assert not same(one, np.array([1, Fraction(1, 10)], dtype=object))
    assert not same(one, one[None])
    assert not same(np.array([1, 2]), np.array([1, 3]))


def test_windows_have_all_attributes_in_every_direction():
    fine = {"stride": (2, 1), "padding": ((1, 0), (0, 2)), "dilation": (1, 2)}
    assert windows(Node("p", "max_pool", (), {}, fine), (5, 6), (2, 3)) == (3, 4)
    for name, value in (("stride", (2,)), ("padding", ((1, 0),)), ("dilation", (1,))):
        with pytest.raises(ValueError, match="argument"):
            windows(Node("p", "max_pool", (), {}, {**fine, name: value}), (5, 6), (2, 3))


@pytest.mark.parametrize("terms", [((0, Fraction(2)),), ((0, Fraction(-1)),)])
def test_activations_that_carry_no_relation(terms):
    with pytest.raises(NotShown, match="does not carry"):
        _activated(Node("g", "activation", (), {}, {"function": "gelu"}), (terms, ZERO))


def test_bounds_of_attention():
    """|softmax(factor q M k) v N + shift| and how much it moves, by hand."""
    strands = [SimpleNamespace(producer=SimpleNamespace(inputs=(name,))) for name in "qkv"]
    block = SimpleNamespace(strands=strands, masks=("m",))
    own = AttentionPair.__new__(AttentionPair)
    for name, value in {
        "block": block, "score": (2.0, 0.01), "output": (5.0, 0.02), "shift": (11.0, 0.03),
        "rows": 4, "positions": 9, "factor": 0.5, "masks": (2.0,),
    }.items():  # fmt: skip
        object.__setattr__(own, name, value)
    found = {"q": (4.0, 0.001), "k": (7.0, 0.002), "v": (3.0, 0.004), "m": (100.0, 0.005)}
    x = np.hypot(4, 3)
    moved = 0.5 * (x * 0.01 * 7 + 0.001 * 2 * 7 + x * 2 * 0.002 + 0.001 * 2 * 0.002) + 2 * 0.005
    size, error = own.bound(found)
    assert size == pytest.approx(2 * 5 * 3 + 3 * 11, rel=1e-6)
    assert error == pytest.approx(2 * (0.02 * 3 + 5 * 0.004) + moved / 2 * 5 * 3.004 + 3 * 0.03, rel=1e-6)
    _, large = own.bound({**found, "m": (100.0, 1e6)})
    assert large == pytest.approx(2 * (0.02 * 3 + 5 * 0.004) + 4 * 5 * 3.004 + 3 * 0.03, rel=1e-6)


@pytest.mark.parametrize("members", [(1, 0, 2), (0, 0, 1), (-1, 0, 1), (0, 1, 3)])
def test_cells_name_their_rays_in_order(members):
    arrays = np.zeros((3, 2), dtype=np.int64), np.array([0, 3]), np.array(members)
    with pytest.raises(NotShown, match="ascending"):
        _cells(CellComplex("network", CellDomain((0,)), *arrays), 3)


def exactly(forms, ray):
    """Signs of cuts, by unit, and of outputs at a ray."""
    t, values = Fraction(ray[0]), [Fraction(v) for v in ray]
    cuts = []
    for unit in forms.units:
        z = sum((c * values[k] for k, c in unit.reads.items()), ZERO)
        cuts.append([z - k * t for k in unit.kinks])
        slope, offset = unit.lines[sum(c > 0 for c in cuts[-1])]
        values.append(slope * z + offset * t)
    return cuts, [sum((c * values[k] for k, c in o.items()), ZERO) for o in forms.outputs]


@pytest.mark.parametrize("seed", range(3))
def test_signs_at_ties_of_every_stage(seed):
    """Whole numbers so small that half of the rays lie on a kink, beside one that floats cannot tell from a tie."""
    rng = np.random.default_rng(seed)
    units = []
    for i in range(5):
        reads = {int(k): Fraction(int(c)) for k in range(3 + i) if (c := rng.integers(-1, 2))}
        kink, slope = Fraction(int(rng.integers(-2, 3)), 2), Fraction(int(rng.integers(-2, 3)))
        if i == 2:  # two kinks
            units.append(Unit(reads, (ZERO, ONE), ((ZERO, ZERO), (ONE, ZERO), (ZERO, ONE))))
        else:
            units.append(Unit(reads, (kink,), ((slope, ZERO), (slope + 1, -kink))))
    outputs = [{k: Fraction(int(c)) for k in range(8) if (c := rng.integers(-1, 2))} for _ in range(3)]
    forms = _staged(2, units, outputs).deciding()
    rays = [r for r in product((0, 1, 2), (-2, -1, 0, 1), (-1, 0, 1, 3)) if any(r)] + [(10**40, 10**40 + 1, -(10**40))]
    signs, ends = SignForms(forms).signs(rays)
    order = [(u - 3, c) for stage in forms.stages for u, n in zip(stage.units, stage.lines, strict=True) for c in range(len(n) - 1)]
    stages, last = np.cumsum([0, *(len(s.cuts) for s in forms.stages)]).tolist(), len(forms.stages)
    for r, ray in enumerate(rays):
        cuts, expected = exactly(forms, ray)
        assert signs[r].tolist() == [np.sign(cuts[u][c]) for u, c in order]
        assert ends[r].tolist() == [np.sign(v) for v in expected]
        for k in range(last + 1):
            count, start = (len(outputs), stages[k]) if k == last else (len(forms.stages[k].cuts), stages[k])
            pulled = forms.forms_of(k, range(count), np.tile(signs[r][:start] > 0, (count, 1)))
            wanted = ends[r] if k == last else signs[r][start : start + count]
            assert signs_at(pulled, table_of([ray] * count, 3)).tolist() == wanted.tolist()
        differences = [expected[i] - expected[j] for i in range(3) for j in range(i + 1, 3)]
        assert [c[0] for c in cuts[-3:]] == differences


AXES = (
    ("sum", {"axes": (-1,), "keepdims": False}, {"axes": (1,), "keepdims": False}),
    ("sum", {"axes": (0, -1), "keepdims": False}, {"axes": (0, 1), "keepdims": False}),
    ("mean", {"axes": (-2,), "keepdims": True}, {"axes": (0,), "keepdims": True}),
    ("slice", {"axis": -1, "start": 0, "stop": 1, "step": 1}, {"axis": 1, "start": -1, "stop": 9, "step": 1}),
    ("concatenate", {"axis": -2}, {"axis": 0}),
    ("concatenate", {"axis": 1.0}, {"axis": 1}),
    ("transpose", {"permutation": (-1, 0)}, {"permutation": (1, 0)}),
    ("softmax", {"axis": -1}, {"axis": 1}),
    (
        "standardize",
        {"axes": (-1,), "epsilon": Fraction(1, 2), "centred": True},
        {"axes": (1,), "epsilon": Fraction(1, 2), "centred": True},
    ),
)


def over_axes(kind, attributes):
    parts = ("x", "x") if kind == "concatenate" else ("x",)
    return {
        "input_shape": (2, 3),
        "nodes": (StoredNode("x", "input", (), {}, {}, ""), StoredNode("y", kind, parts, {}, attributes, "")),
    }


@pytest.mark.parametrize(("kind", "negative", "counted"), AXES)
def test_axes_are_counted_from_the_first_one_of_a_sample(kind, negative, counted):
    """The twin means the same axis from the front: it is read; one from the end would be another axis where a batch is before."""
    for attributes, wrong in ((counted, False), (negative, True)):
        data = over_axes(kind, attributes)
        bare = SimpleNamespace(**data, output="y", weights={}, fixed=())
        nodes = tuple(Node(n.name, n.kind, n.inputs, {}, dict(n.attributes)) for n in data["nodes"])
        for make, error in (
            (lambda: check_order(bare), NotShown),  # noqa: B023
            (lambda: StoredNetwork(**data, output="y", numbers={}, fixed=()), ValueError),  # noqa: B023
            (lambda: Network((2, 3), nodes, "y", {}), nv.InputError),  # noqa: B023
        ):
            if wrong:
                with pytest.raises(error, match="axis"):
                    make()
            else:
                make()
    network = Network((2, 3), (*nodes[:1], Node("y", kind, nodes[1].inputs, {}, dict(counted))), "y", {})
    x = np.arange(6).reshape(1, 2, 3)
    field = BALLS if kind in ("softmax", "standardize") else RATIONALS
    own = np.vectorize(float)(exact_value(network, x, field))
    assert own.shape == shapes(network)["y"] == network.output_shape
    assert np.allclose(own, network.evaluate(x)[0], rtol=1e-12)
