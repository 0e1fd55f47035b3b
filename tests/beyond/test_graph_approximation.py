"""Attention and layer normalization with polynomials in them: the bound is never exceeded, and false twins are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.architectures import as_model
from neurovariety.certificates import moved_values
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.stored_networks import stored_network
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim
from neurovariety.cli.recheck_command import rechecked
from neurovariety.errors import InputError, ResourceError


def linear(name, read):
    return Node(name, "linear", (read,), {"weight": name, "bias": f"{name} bias"})


def normalizing(rng, epsilon=1e-5, centred=True):
    """Dense, layer normalization with a scale, tanh, dense: two inputs."""
    nodes = (
        Node("x", "input"),
        linear("a", "x"),
        Node("n", "standardize", ("a",), {}, {"axes": (0,), "epsilon": epsilon, "centred": centred}),
        Node("s", "multiply", ("n",), {"weight": "s"}),
        Node("t", "activation", ("s",), {}, {"function": "tanh"}),
        linear("b", "t"),
    )
    weights = {"a": rng.normal(size=(3, 2)), "a bias": np.array([3.0, -1.5, 0.5]), "s": rng.normal(size=3)}
    return Network((2,), nodes, "b", weights | {"b": rng.normal(size=(2, 3)), "b bias": rng.normal(size=2)})


def attending(rng, tokens=2, masked=False):
    """Attention, what it reads added, and layer normalization of each token."""
    d = 2
    nodes = (
        Node("x", "input"),
        *(Node(k, "linear", ("x",), {"weight": k}) for k in "kqv"),
        Node("scores", "matmul", ("q", "k"), {}, {"transpose": (False, True)}),
        Node("p", "softmax", ("scores",), {"mask": "mask"} if masked else {}, {"axis": 1}),
        Node("y", "matmul", ("p", "v"), {}, {"transpose": (False, False)}),
        Node("z", "add", ("y", "x")),
        Node("n", "standardize", ("z",), {}, {"axes": (1,), "epsilon": 0.5, "centred": True}),
    )
    weights = {k: 0.7 * rng.normal(size=(d, d)) for k in "kqv"} | ({"mask": np.tri(tokens, dtype=bool)} if masked else {})
    return Network((tokens, d), nodes, "n", weights, fixed=frozenset({"mask"} if masked else ()))


def convolving(rng):
    """Convolution, batch norm, gelu, convolution in groups with a stride, tanh, dense."""
    plain = {"stride": (1, 1), "padding": ((1, 1), (1, 1)), "dilation": (1, 1), "groups": 1}
    strided = {"stride": (2, 2), "padding": ((0, 1), (1, 0)), "dilation": (1, 1), "groups": 2}
    roles = {"mean": "mean", "variance": "variance", "scale": "scale", "shift": "shift"}
    nodes = (
        Node("x", "input"),
        Node("c", "conv", ("x",), {"weight": "c", "bias": "c bias"}, plain),
        Node("n", "normalize", ("c",), roles, {"epsilon": 1e-5}),
        Node("g", "activation", ("n",), {}, {"function": "gelu", "approximate": "none"}),
        Node("d", "conv", ("g",), {"weight": "d"}, strided),
        Node("t", "activation", ("d",), {}, {"function": "tanh"}),
        Node("f", "reshape", ("t",), {}, {"shape": (8,)}),
        linear("o", "f"),
    )
    weights = {"c": rng.normal(size=(2, 1, 3, 3)) / 2, "c bias": rng.normal(size=2), "d": rng.normal(size=(2, 1, 2, 2)) / 2}
    weights |= {
        "mean": rng.normal(size=2),
        "variance": rng.uniform(0.5, 2, 2),
        "scale": rng.normal(size=2),
        "shift": rng.normal(size=2),
    }
    return Network((1, 3, 3), nodes, "o", weights | {"o": rng.normal(size=(2, 8)), "o bias": rng.normal(size=2)})


def dividing(rng):
    """Values divided by roots of others, a number divided by a value, and a quotient of polynomials as activation."""
    quotient = {
        "function": "rational",
        "numerator": (Fraction(0), Fraction(1)),
        "denominator": (Fraction(1), Fraction(0), Fraction(1, 4)),
    }
    nodes = (
        Node("x", "input"),
        linear("a", "x"),
        Node("t", "activation", ("a",), {}, {"function": "tanh"}),
        linear("b", "t"),
        Node("s", "multiply", ("b", "b")),
        Node("u", "add", ("s",), {}, {"constant": Fraction(1, 2)}),
        Node("r", "activation", ("u",), {}, {"function": "sqrt"}),
        Node("y", "divide", ("t", "r")),
        Node("v", "divide", ("u",), {}, {"constant": Fraction(2), "reversed": True}),
        Node("w", "add", ("y", "v")),
        Node("z", "activation", ("w",), {}, quotient),
        linear("o", "z"),
    )
    weights = {"a": rng.normal(size=(3, 2)) / 2, "a bias": rng.normal(size=3) / 2, "b": rng.normal(size=(3, 3)) / 3}
    return Network((2,), nodes, "o", weights | {"b bias": np.zeros(3), "o": rng.normal(size=(1, 3)), "o bias": np.zeros(1)})


CASES = [
    (normalizing, {}, {"degree": 2, "box": (0.75, 1)}),
    (normalizing, {"centred": False, "epsilon": 1.0}, {"degree": 3}),
    (attending, {}, {"degree": 4}),
    (attending, {"masked": True}, {"degree": 2, "kind": "rational"}),
    (attending, {"tokens": 1}, {"degree": 2}),
    (convolving, {}, {"degree": 4}),
    (dividing, {}, {"degree": 4}),
    (dividing, {}, {"degree": 3, "kind": "rational"}),
]


@pytest.mark.parametrize(("made", "given", "asked"), CASES)
def test_the_bound_is_never_exceeded(made, given, asked):
    """On random inputs and corners; and at some input the change is as large as is said."""
    for seed in range(size(1, 20)):
        rng = np.random.default_rng(seed)
        network = made(rng, **given)
        try:
            found = nv.approximate(network, **asked)
        except ResourceError:  # of large weights: a sum of polynomials may be 0
            if not seed:
                raise
            continue
        low, high = asked.get("box", (-1, 1))
        x = rng.uniform(low, high, (size(4000, 10**5), *network.input_shape))
        x[:1000] = rng.choice([low, high], x[:1000].shape)
        change = np.abs(found.network.evaluate(x) - network.evaluate(x)).max()
        assert change <= found.value["error"] * (1 + 1e-9) + 1e-14
        assert found.value["error_at_least"] <= found.value["error"]
        assert found.claim is Claim.UPPER_BOUND


@pytest.fixture(scope="module")
def small():
    return nv.approximate(attending(np.random.default_rng(3)), degree=2, box=(0, 1))


def test_the_result_is_a_model(small):
    """Every entry takes it, at the weights of the network too, and it computes what the network with polynomials does."""
    model = as_model(small.architecture)
    x = np.array([[0.25, 0.5], [1, 0]])
    tree = model.tree([np.asarray(small.weights[b.name], dtype=float) for b in model.blocks])
    value = model.function(tree, x, [float(c) for c in model.coefficients])
    np.testing.assert_allclose(value, small.network.evaluate(x[None])[0], rtol=1e-5)
    assert small.architecture.parameters == 12


def test_what_is_stored_is_rechecked(small):
    stored = json.loads(json.dumps(small.to_dict(certificates=True)))
    found, problem = rechecked(stored, {})
    assert not found.refused
    assert not problem
    stored["evidence"]["forms"][0] = "p: something else"
    assert "another forms" in rechecked(stored, {})[1]


def test_false_twins_are_refused(small):
    within, network = small.claims["error"].certificate, small.claims["error"].on
    changed = network.with_weights({"k": network.weights["k"] * 1.01})
    for twin in (
        replace(within, error=within.error * 0.9),
        replace(within, high=tuple(2 * v for v in within.high)),
        replace(within, layers=within.layers[::-1]),
        replace(within, layers=within.layers[:1]),
        replace(within, low=within.low[:-1]),
    ):
        with pytest.raises(NotShown):
            issue(twin, network)
    with pytest.raises(NotShown):
        issue(within, changed)
    plain = stored_network(network)
    for nodes in (plain.nodes * 2, tuple(replace(n, inputs=n.inputs * 2) if n.kind == "softmax" else n for n in plain.nodes)):
        odd = replace(plain, nodes=nodes)
        with pytest.raises(NotShown):
            issue(replace(within, subject=network_hash(odd)), odd)
    apart = small.claims["error_at_least"].certificate
    with pytest.raises(NotShown):
        issue(replace(apart, error=small.value["error"] * 1.01), network)


@pytest.mark.parametrize(
    ("kind", "attributes"), [("standardize", {"axes": (1,), "epsilon": 0.001, "centred": True}), ("softmax", {"axis": 1})]
)
@pytest.mark.parametrize("joined", ["add", "subtract", "multiply", "divide"])
def test_a_stored_value_may_have_an_axis_for_the_batch(kind, attributes, joined):
    """Beside a sample it has none: one entry along the last axis is 0, or 1, whatever is put in place of 1/sqrt and exp."""
    nodes = (Node("x", "input"), Node("c", joined, ("x",), {"weight": "c"}), Node("n", kind, ("c",), {}, attributes))
    network = Network((3, 1), nodes, "n", {"c": np.array([[[0.5], [2.0], [-1.0]]])})
    found = nv.approximate(network, degree=2, kind="rational", box=(0.5, 1))
    assert (found.value["error"], found.value["error_at_least"], found.claim) == (0, 0, Claim.PROVED)


@pytest.mark.parametrize("made", [attending, dividing, convolving])
def test_a_bound_holds_where_nothing_can_cancel(made, monkeypatch):
    """Networks with more entries than forms are kept for have bounds too, which are larger."""
    rng = np.random.default_rng(1)
    network = made(rng)
    kept = nv.approximate(network, degree=4, box=(-0.5, 0.5))
    monkeypatch.setattr(moved_values, "_MOST", 10)
    found = nv.approximate(network, degree=4, box=(-0.5, 0.5))
    x = rng.uniform(-0.5, 0.5, (4000, *network.input_shape))
    assert np.abs(found.network.evaluate(x) - network.evaluate(x)).max() <= found.value["error"]
    assert kept.value["error"] <= 1.001 * found.value["error"]


def test_too_much_work_is_refused_before_it_is_done(monkeypatch):
    monkeypatch.setattr(moved_values, "_MOST_PRODUCTS", 10)
    with pytest.raises(ResourceError, match="is too large: some"):
        nv.approximate(convolving(np.random.default_rng(0)), degree=2)


def test_an_activation_with_a_kink_at_each_end():
    """hardswish is x (x + 3) / 6 between -3 and 3."""
    rng = np.random.default_rng(0)
    nodes = (Node("x", "input"), linear("a", "x"), Node("h", "activation", ("a",), {}, {"function": "hardswish"}), linear("b", "h"))
    weights = {"a": 3 * rng.normal(size=(3, 2)), "a bias": rng.normal(size=3), "b": rng.normal(size=(1, 3)), "b bias": np.zeros(1)}
    found = nv.approximate(Network((2,), nodes, "b", weights), degree=6)
    assert found.value["error_at_least"] <= found.value["error"] <= 2 * found.value["error_at_least"]
    on_parabola = nv.approximate(activation="hardswish", interval=(-3, 3), degree=2)
    assert on_parabola.value["error"] == 0


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "divide"])
@pytest.mark.parametrize("reversed_", [False, True])
def test_numbers_beside_values(kind, reversed_):
    """A number is an array without axes, and arithmetic of such arrays makes numbers of them."""
    number = Node("c", kind, ("x",), {}, {"constant": Fraction(3, 2), "reversed": reversed_})
    tanh = Node("t", "activation", ("c",), {}, {"function": "tanh"})
    network = Network((2,), (Node("x", "input"), number, tanh, Node("o", "linear", ("t",), {"weight": "o"})), "o", {"o": np.eye(2)})
    found = nv.approximate(network, degree=3, box=(1, 2))
    x = np.random.default_rng(0).uniform(1, 2, (1000, 2))
    assert np.abs(found.network.evaluate(x) - network.evaluate(x)).max() <= found.value["error"]


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_errors_below_those_of_floats(approximate):
    """Approximants and values of networks speak of one function: the constants of gelu with tanh are those floats."""
    gelu = Node("g", "activation", ("x",), {}, {"function": "gelu", "approximate": approximate})
    nodes = (Node("x", "input"), Node("s", "softmax", ("x",), {}, {"axis": 0}), gelu, Node("o", "linear", ("g",), {"weight": "o"}))
    found = nv.approximate(Network((2,), nodes, "o", {"o": np.eye(2)}), degree=5, kind="rational", box=(0.25, 0.5))
    assert 0 < found.value["error_at_least"] <= found.value["error"] < 1e-17


def test_attention_of_the_notation():
    """A quotient of quadratics in place of softmax has its dimension, and lightning attention one less."""
    soft = "attention(2,2; a=1; t=2; heads=1; softmax)"
    found = nv.approximate(soft, interval=(-1, 1), degree=2)
    assert found.claim is Claim.PROVED
    assert found.value["error"] == nv.approximate(activation="exp", interval=(-1, 1), degree=2).value["error"]
    assert nv.dimension(found.architecture).value == nv.dimension(soft).value == nv.dimension("attention(2,2; a=1; t=2)").value + 1
    stored = json.loads(json.dumps(found.to_dict(certificates=True)))
    assert not rechecked(stored, {})[1]
    assert "not about tanh" in rechecked({**stored, "architecture": "tanh on [-1, 1]"}, {})[1]
    with pytest.raises(ResourceError, match="not shown to stay above 0"):
        nv.approximate(soft, interval=(-9, 9), degree=2)
    assert nv.approximate("attention(2,1,1; a=1; t=2; heads=2; softmax)", interval=(-1, 1), degree=1).architecture.parameters == 18


def test_refusals():
    """A variance that may be 0, roots that polynomials of that degree do not come near, and kinds that are not read."""
    rng = np.random.default_rng(0)
    x = Node("x", "input")
    n = Node("n", "standardize", ("x",), {}, {"axes": (0,), "epsilon": 0, "centred": True})
    with pytest.raises(ResourceError, match="no variance"):
        nv.approximate(Network((2,), (x, n), "n", {}), degree=3)
    with pytest.raises(ResourceError, match="nothing is proved in this box"):
        nv.approximate(attending(rng, tokens=3), degree=1, box=(-20, 20))
    for d in (Node("d", "divide", ("x", "x")), Node("d", "divide", ("x",), {}, {"constant": 1, "reversed": True})):
        tanh = Node("t", "activation", ("d",), {}, {"function": "tanh"})
        divided = Network((2,), (x, d, tanh, Node("o", "linear", ("t",), {"weight": "o"})), "o", {"o": np.ones((1, 2))})
        assert nv.approximate(divided, degree=3, box=(1, 2)).value["error"] < 0.1
        with pytest.raises(ResourceError, match="divides by may be 0"):
            nv.approximate(divided, degree=3, box=(0, 2))
    root = Network((2,), (x, Node("r", "activation", ("x",), {}, {"function": "sqrt"})), "r", {})
    with pytest.raises(ResourceError, match="may not be positive"):
        nv.approximate(root, degree=3)
    pooled = Node("m", "max_pool", ("x",), {}, {"window": (2,), "stride": (2,), "padding": ((0, 0),), "dilation": (1,)})
    with pytest.raises(InputError, match="max_pool"):
        nv.approximate(Network((1, 2), (x, pooled, Node("t", "activation", ("m",), {}, {"function": "tanh"})), "t", {}), degree=3)
    with pytest.raises(InputError, match="positive numbers"):
        nv.approximate(activation="rsqrt", interval=(-1, 1), degree=2)
    with pytest.raises(InputError, match="which have weights, give box="):
        nv.approximate("mlp(2,3,1; tanh; layernorm)", box=(-1, 1), degree=2)
