"""Bounds in float64 where numbers leave what it can hold, or cancel: exact values beside them."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from neurovariety.certificates.activation_slopes import steepness
from neurovariety.certificates.box_bounds import Box, BoxBounds
from neurovariety.certificates.network_distance import _Entries, _Norms, bound
from neurovariety.certificates.piecewise_forms import Unit, _staged
from neurovariety.certificates.piecewise_signs import SignForms
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

ONE, ZERO = Fraction(1), Fraction(0)


def chain(*nodes, inputs=(1,), weights=None, fixed=()):
    """A network of nodes one after another."""
    made = [Node("x", "input", (), {}, {})]
    for i, (kind, roles, attributes) in enumerate(nodes):
        made.append(Node(f"n{i}", kind, (made[-1].name,), roles, attributes))
    return Network(inputs, tuple(made), made[-1].name, dict(weights or {}), fixed=frozenset(fixed))


def activation(**attributes):
    return "activation", {}, attributes


def polynomial(*coefficients):
    return activation(function="polynomial", coefficients=coefficients)


def bounds(network, low, high):
    found = BoxBounds(network, Box((Fraction(low),), (Fraction(high),))).found[network.output]
    return None if found is None else tuple(float(v.reshape(-1)[0]) for v in found)


@pytest.mark.parametrize("place", [Fraction(1, 10**150), Fraction(10) ** 150])
def test_kinks_that_float64_cannot_hold(place):
    """Before the kink a unit is constant, after it grows, and the output takes off 2: its sign is 1 at x = kink + 5."""
    for offset in (ZERO, ONE):
        unit = Unit({1: ONE}, (place,), ((ZERO, offset), (ONE, offset - place)))
        forms = _staged(1, [unit], [{2: ONE, 0: Fraction(-2)}])
        whole = place * 10**150
        for x, sign in ((whole.numerator + 5 * 10**150, 1), (whole.numerator, -1), (whole.numerator - 10**150, -1)):
            cuts, outputs = SignForms(forms).signs([(10**150, x)])
            assert outputs.tolist() == [[sign]]
            assert cuts[:].tolist() == [[(x > whole) - (x < whole)]]


def test_powers_that_float64_cannot_hold():
    """10^200 x^2 is at most 10^-200 where x is at most 10^-200, and not 0."""
    tiny = Fraction(1, 10**200)
    for c, k in ((Fraction(10) ** 200, 2), (Fraction(10) ** 250, 3), (-(Fraction(10) ** 250), 3)):
        low, high = bounds(chain(polynomial(*[0] * k, c)), -tiny, tiny)
        assert low <= min(c * (-tiny) ** k, 0)
        assert high >= abs(c) * tiny**k
        slope, _ = steepness({"function": "polynomial", "coefficients": [0] * k + [c]}, np.array([1e-200]))
        assert slope[0] >= k * abs(c) * Fraction(1, 10 ** (200 * (k - 1)))


RNG = np.random.default_rng(3)
WINDOW = {"window": (2,), "stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
WEIGHTS = {
    "w": RNG.normal(size=(3, 4)),
    "b": RNG.normal(size=3),
    "c": RNG.normal(size=(2, 2, 2)),
    "s": RNG.normal(size=(2, 4)),
    "v": RNG.uniform(1, 2, size=2),
    "m": RNG.normal(size=2),
    "e": np.array([Fraction(1, 3), Fraction(-2, 7)], dtype=object),
}
"""What stands between an input of shape (4,) or (2, 4) and the output: one operation of each kind that is bounded."""
ONE_EACH = [
    ((4,), ("linear", {"weight": "w", "bias": "b"}, {})),
    ((4,), ("linear", {"weight": "w"}, {})),
    ((2, 4), ("linear", {"weight": "w", "bias": "b"}, {})),
    ((2, 4), ("conv", {"weight": "c", "bias": "m"}, {"stride": (1,), "padding": ((1, 0),), "dilation": (2,), "groups": 1})),
    ((2, 4), ("conv", {"weight": "c", "bias": "e"}, {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1})),
    ((2, 4), ("normalize", {"mean": "m", "variance": "v", "scale": "m", "shift": "e"}, {"epsilon": Fraction(1, 10)})),
    ((2, 4), ("add", {"weight": "s"}, {})),
    ((2, 4), ("subtract", {"weight": "s"}, {})),
    ((2, 4), ("subtract", {"weight": "s"}, {"reversed": True})),
    ((2, 4), ("multiply", {"weight": "s"}, {})),
    ((4,), ("add", {}, {"constant": Fraction(1, 3)})),
    ((4,), ("subtract", {}, {"constant": Fraction(1, 3)})),
    ((4,), ("subtract", {}, {"constant": Fraction(1, 3), "reversed": True})),
    ((4,), ("multiply", {}, {"constant": Fraction(-1, 3)})),
    ((4,), ("divide", {}, {"constant": Fraction(-3)})),
    ((2, 4), ("mean", {}, {"axes": (1,), "keepdims": True})),
    ((2, 4), ("sum", {}, {"axes": (0,), "keepdims": False})),
    ((2, 4), ("average_pool", {}, WINDOW)),
    ((2, 4), ("max_pool", {}, WINDOW)),
    ((4,), polynomial(Fraction(1, 3), Fraction(-2, 7))),
    ((4,), activation(function="relu6")),
    ((4,), activation(function="leaky_relu", slope=Fraction(1, 7))),
    ((4,), activation(function="hardtanh", low=Fraction(-1, 3), high=Fraction(1, 7))),
    ((4,), activation(function="abs")),
]


@pytest.mark.parametrize(("shape", "node"), ONE_EACH)
def test_boxes_hold_exact_values_and_little_more(shape, node):
    """The extreme values are taken where each entry is at an end, or at 0: of a point, and of a box."""
    network = chain(node, inputs=shape, weights=WEIGHTS, fixed=("m", "v"))
    for trial in range(6):
        middle = [Fraction(int(v), 7) * Fraction(1 + trial, 3) for v in RNG.integers(-9, 10, int(np.prod(shape)))]
        half = Fraction(trial % 2)
        low, high = (tuple(v + sign * half for v in middle) for sign in (-1, 1))
        one, two = BoxBounds(network, Box(low, high)).found[network.output]
        ends = [{a, b, *([ZERO] if node[0] == "activation" and a < 0 < b else [])} for a, b in zip(low, high, strict=True)]
        values = network.evaluate_exact(np.array(list(product(*ends)), dtype=object).reshape(-1, *shape))
        least, most = values.min(axis=0), values.max(axis=0)
        assert (one <= least).all()
        assert (two >= most).all()
        assert (least - one <= 1e-13).all()
        assert (two - most <= 1e-13).all()


@pytest.mark.parametrize("shape", [(2,), (1, 2)])
@pytest.mark.parametrize("sign", [1, -1])
def test_boxes_without_ends(shape, sign):
    """Behind a ReLU, turned round or not, values have one end: what a weight makes of it is known from one side, and 0 from both."""
    rows, b = np.array([[0.5, 0.0], [-2.0, 0.0], [0.0, 0.0], [0.5, -0.5]]), np.array([0.25, -3.0, 7.0, 1.0])
    weights = {"w": rows, "b": b}
    network = chain(
        activation(function="relu"),
        ("multiply", {}, {"constant": Fraction(sign)}),
        ("linear", {"weight": "w", "bias": "b"}, {}),
        inputs=shape,
        weights=weights,
    )
    low, high = (v.reshape(-1) for v in BoxBounds(network, None).found[network.output])
    expected = [(0.25, np.inf), (-np.inf, -3.0), (7.0, 7.0), (-np.inf, np.inf)]
    for (a, c), one, two in zip(
        expected if sign > 0 else [expected[0][::-1], expected[1][::-1], *expected[2:]], low, high, strict=True
    ):
        least, most = (min(a, c), max(a, c)) if sign > 0 else (-np.inf if a == np.inf else a, np.inf if c == -np.inf else c)
        assert one == pytest.approx(least, abs=1e-12)
        assert two == pytest.approx(most, abs=1e-12)
    raw = chain(("linear", {"weight": "w", "bias": "b"}, {}), inputs=shape, weights=weights)
    low, high = (v.reshape(-1) for v in BoxBounds(raw, None).found[raw.output])
    assert low == pytest.approx([-np.inf, -np.inf, 7.0, -np.inf])
    assert high == pytest.approx([np.inf, np.inf, 7.0, np.inf])


@pytest.mark.parametrize(
    ("low", "high", "node"),
    [
        (-1, 0, ("multiply", {}, {"constant": Fraction(-1, 3)})),
        (0, 1, ("multiply", {}, {"constant": Fraction(1, 3)})),
        (0, 1, ("divide", {}, {"constant": Fraction(3)})),
        (0, 1, ("multiply", {"weight": "p"}, {})),
        (-1, 0, ("multiply", {"weight": "n"}, {})),
        (0, 1, ("add", {"weight": "z"}, {})),
        (0, 1, ("sum", {}, {"axes": (0,), "keepdims": False})),
        (0, 1, ("mean", {}, {"axes": (0,), "keepdims": False})),
        (0, 1, ("average_pool", {}, WINDOW)),
        (0, 1, ("linear", {"weight": "q"}, {})),
        (-1, 0, ("linear", {"weight": "r"}, {})),
    ],
)
def test_an_end_of_zero_stays_zero(low, high, node):
    """A ReLU behind it is then known to be linear."""
    third = np.full((2, 4), Fraction(1, 3), dtype=object)
    weights = {"p": third, "n": -third, "z": 0 * third, "q": third.astype(float), "r": -third.astype(float)}
    network = chain(node, inputs=(2, 4), weights=weights)
    one, _ = BoxBounds(network, Box((Fraction(low),), (Fraction(high),))).found[network.output]
    assert (one == 0).all()


@pytest.mark.parametrize("c", [(0, 0, 3), (1, 0, 2), (1, 2, 3), (0, 1, 0, 5), (0, 0, -1)])
def test_polynomials_on_a_box(c):
    """The sum of the sizes of the terms, and 0 where all terms are even and none negative."""
    one, two = bounds(chain(polynomial(*map(Fraction, c))), Fraction(-3, 2), Fraction(1, 2))
    most = sum(abs(v) * Fraction(3, 2) ** k for k, v in enumerate(c))
    assert most <= two <= float(most) * (1 + 1e-11)
    assert one == (0 if not any(c[1::2]) and min(c) >= 0 else -two)


D, G = (RNG.normal(size=(2, 2, 4)) for _ in range(2))
"""Factors of both networks before an operation and after it: sizes and changes of its operand, and of its value, are seen."""
RADIUS = 1.5
PAIRS = {
    "w": RNG.normal(size=(2, 5, 4)),
    "b": RNG.normal(size=(2, 5)),
    "c": RNG.normal(size=(2, 3, 2, 2)),
    "t": RNG.normal(size=(2, 2)),
    "m": RNG.normal(size=(2, 2)),
    "v": RNG.uniform(1, 2, size=(2, 2)),
    "s": RNG.normal(size=(2, 2, 4)),
}


def both(name):
    """The larger size, entry by entry, and the size of the difference."""
    one, two = PAIRS[name]
    return np.maximum(abs(one), abs(two)), abs(one - two)


def spectral(m):
    return min(np.linalg.norm(m), np.sqrt(m.sum(axis=0).max() * m.sum(axis=1).max()))


def steep(slope, start=0.0):
    """An activation of slope at most ``slope`` (of the size), and of size ``start`` at 0."""
    of = slope if callable(slope) else lambda s: slope
    return lambda s, e: (of(s) * s + start, of(s) * e), lambda s, e: (of(s) * s + np.sqrt(8) * start, of(s) * e)


def moved(how, factor=1.0):
    return lambda s, e: (how(s), how(e)), lambda s, e: (factor * s, factor * e)


def linear_rules():
    (w, dw), (b, db), copies = both("w"), both("b"), np.sqrt(2)
    return lambda s, e: (s @ w.T + b, s @ dw.T + e @ w.T + db), lambda s, e: (
        spectral(w) * s + copies * np.linalg.norm(b),
        spectral(w) * e + spectral(dw) * s + copies * np.linalg.norm(db),
    )


def conv_rules():
    w, dw = both("c")

    def applied(x, m):
        return sum(m[:, :, k] @ x[:, k : k + 3] for k in range(2))

    def norm(m):
        return sum(spectral(m[:, :, k]) for k in range(2))

    return lambda s, e: (applied(s, w), applied(s, dw) + applied(e, w)), lambda s, e: (norm(w) * s, norm(w) * e + norm(dw) * s)


def normalize_rules():
    ts = [t / np.sqrt(v + 0.5) for t, v in zip(PAIRS["t"], PAIRS["v"], strict=True)]
    us = [m - t * m for t, m in zip(ts, PAIRS["m"], strict=True)]
    t, dt, u, du = np.maximum(*map(abs, ts)), abs(ts[0] - ts[1]), np.maximum(*map(abs, us)), abs(us[0] - us[1])
    column, norm = (lambda x: x[:, None]), np.linalg.norm
    return lambda s, e: (column(t) * s + column(u), column(t) * e + column(dt) * s + column(du)), lambda s, e: (
        t.max() * s + 2 * norm(u),
        t.max() * e + dt.max() * s + 2 * norm(du),
    )


def beside_rules(kind):
    w, dw = both("s")
    if kind == "multiply":
        return lambda s, e: (s * w, s * dw + e * (w + dw)), lambda s, e: (s * w.max(), e * w.max() + dw.max() * s)
    return lambda s, e: (s + w, e + dw), lambda s, e: (s + np.linalg.norm(w), e + np.linalg.norm(dw))


def windows_of(join):
    return lambda x: join([x[:, k : k + 3] for k in range(2)])


SHIFT = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,), "groups": 1}
OPERATIONS = {
    "relu": (activation(function="relu"), (2, 4), steep(1.0)),
    "leaky": (activation(function="leaky_relu", slope=Fraction(-3)), (2, 4), steep(3.0)),
    "hardtanh": (activation(function="hardtanh", low=Fraction(1), high=Fraction(2)), (2, 4), steep(1.0, 1.0)),
    "tanh": (activation(function="tanh"), (2, 4), steep(1.0)),
    "sigmoid": (activation(function="sigmoid"), (2, 4), steep(0.25, 0.5)),
    "elu": (activation(function="elu", alpha=Fraction(2)), (2, 4), steep(2.0)),
    "softplus": (activation(function="softplus", beta=Fraction(2)), (2, 4), steep(1.0, np.log(2) / 2)),
    "polynomial": (polynomial(Fraction(1, 2), Fraction(-1, 4), 0, 2), (2, 4), steep(lambda s: 0.25 + 6 * s**2, 0.5)),
    "linear": (("linear", {"weight": "w", "bias": "b"}, {}), (2, 5), linear_rules()),
    "conv": (("conv", {"weight": "c"}, SHIFT), (3, 3), conv_rules()),
    "normalize": (
        ("normalize", {"mean": "m", "variance": "v", "scale": "t", "shift": "m"}, {"epsilon": Fraction(1, 2)}),
        (2, 4),
        normalize_rules(),
    ),
    "multiply": (("multiply", {"weight": "s"}, {}), (2, 4), beside_rules("multiply")),
    "subtract": (("subtract", {"weight": "s"}, {}), (2, 4), beside_rules("subtract")),
    "a number": (
        ("add", {}, {"constant": Fraction(-2)}),
        (2, 4),
        (lambda s, e: (s + 2, e), lambda s, e: (s + np.sqrt(8) * 2, e)),
    ),
    "a factor": (("multiply", {}, {"constant": Fraction(-2)}), (2, 4), moved(lambda x: 2 * x, 2)),
    "sum": (("sum", {}, {"axes": (1,), "keepdims": False}), (2,), moved(lambda x: x.sum(axis=1), 2)),
    "mean": (("mean", {}, {"axes": (1,), "keepdims": False}), (2,), moved(lambda x: x.mean(axis=1))),
    "average_pool": (("average_pool", {}, WINDOW), (2, 3), moved(windows_of(lambda c: sum(c) / 2))),
    "max_pool": (("max_pool", {}, WINDOW), (2, 3), moved(windows_of(lambda c: np.maximum(*c)), np.sqrt(2))),
    "transpose": (("transpose", {}, {"permutation": (1, 0)}), (4, 2), moved(np.transpose)),
    "slice": (("slice", {}, {"axis": 1, "start": 1, "stop": 4, "step": 2}), (2, 2), moved(lambda x: x[:, 1:4:2])),
    "upsample": (("upsample", {}, {"factors": (3,)}), (2, 12), moved(lambda x: x.repeat(3, axis=1), np.sqrt(3))),
    "softmax": (
        ("softmax", {}, {"axis": 1}),
        (2, 4),
        (
            lambda s, e: (np.ones((2, 4)), np.minimum(e.max(axis=1, keepdims=True) / 2, 1) * np.ones((2, 4))),
            lambda s, e: (np.sqrt(2), e / 2),
        ),
    ),
    "standardize": (
        ("standardize", {}, {"axes": (1,), "epsilon": Fraction(4), "centred": True}),
        (2, 4),
        (
            lambda s, e: (2 * np.ones((2, 4)), np.minimum(np.linalg.norm(e, axis=1, keepdims=True) / 2, 4) * np.ones((2, 4))),
            lambda s, e: (np.sqrt(8), e / 2),
        ),
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_distances_follow_from_sizes_and_changes(name):
    """The rules of the module, written down a second time, entry by entry and for norms."""
    node, shape, (entries, norms) = OPERATIONS[name]
    g = G.reshape(2, -1).repeat(3, axis=1)[:, : int(np.prod(shape))].reshape(2, *shape)
    networks = [
        chain(
            ("multiply", {"weight": "d"}, {}),
            node,
            ("multiply", {"weight": "g"}, {}),
            inputs=(2, 4),
            weights={"d": D[k], "g": g[k], **{key: v[k] for key, v in PAIRS.items()}},
            fixed=("m", "v"),
        )
        for k in range(2)
    ]
    names = {n.name: n.name for n in networks[0].nodes}
    d, dd, g, dg = np.maximum(*abs(D)), abs(D[0] - D[1]), np.maximum(*abs(g)), abs(g[0] - g[1])
    size, error = entries(RADIUS * d, RADIUS * dd)
    found = _Entries(*networks, names, RADIUS).run()
    assert found == pytest.approx(np.linalg.norm(size * dg + error * (g + dg)), rel=1e-6)
    size, error = norms(RADIUS * d.max(), RADIUS * dd.max())
    assert _Norms(*networks, names, RADIUS).run() == pytest.approx(size * dg.max() + error * g.max(), rel=1e-6)
    assert bound(networks[0], networks[0], RADIUS) == 0


@pytest.mark.parametrize("kind", ["add", "subtract", "multiply", "matmul"])
def test_distances_of_two_values(kind):
    """Of the same value twice, of which both the size and the change count."""
    turned = {"transpose": (False, True)} if kind == "matmul" else {}
    networks = []
    for k in range(2):
        nodes = (
            Node("x", "input"),
            Node("a", "multiply", ("x",), {"weight": "d"}),
            Node("b", "multiply", ("x",), {"weight": "s"}),
            Node("y", kind, ("a", "b"), {}, turned),
        )
        networks.append(Network((2, 4), nodes, "y", {"d": D[k], "s": PAIRS["s"][k]}))
    names = {n.name: n.name for n in networks[0].nodes}
    (p, e), (q, f) = (np.maximum(*abs(D)) * RADIUS, abs(D[0] - D[1]) * RADIUS), tuple(RADIUS * v for v in both("s"))
    ways = {"multiply": lambda a, b: a * b, "matmul": lambda a, b: a @ b.T}
    if kind in ways:
        own = ways[kind]
        expected, whole = own(p, f) + own(e, q) + own(e, f), p.max() * f.max() + q.max() * e.max() + e.max() * f.max()
    else:
        expected, whole = e + f, e.max() + f.max()
    assert _Entries(*networks, names, RADIUS).run() == pytest.approx(np.linalg.norm(expected), rel=1e-6)
    assert _Norms(*networks, names, RADIUS).run() == pytest.approx(whole, rel=1e-6)
