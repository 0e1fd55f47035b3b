"""Ranks of smooth networks at given weights, and where they drop: floats as another route, and false twins that are refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest
from mpmath import mp
from scipy.special import erf

import neurovariety as nv
from campaign import size
from neurovariety.beyond.analytic.critical_weights import critical_weights
from neurovariety.beyond.analytic.rank_at_weights import blocks_of, rank_at_weights, weights_of_network
from neurovariety.beyond.analytic.reading import read_analytic
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.exact_derivatives import WrittenLayer, rank_of_derivatives
from neurovariety.certificates.issue import issue
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.smooth_ranks_at_weights import Coincidences, InfinitesimalFiber, rank_at_most
from neurovariety.certificates.smooth_strata import SmoothCriticalLocus, lies_on
from neurovariety.certificates.softmax_attention import SoftmaxAttention
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "gelu": lambda z: z * (1 + erf(z / 2**0.5)) / 2,
    "gelu_tanh": lambda z: z * (1 + np.tanh((2 / np.pi) ** 0.5 * (z + 0.044715 * z**3))) / 2,
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "exp": np.exp,
    "sin": np.sin,
    "cos": np.cos,
    "erf": erf,
}


def perceptron(network, weights, x):
    """The outputs at inputs (n, d), in complex numbers."""
    at = 0
    for l, (n, m) in enumerate(zip(network.widths, network.widths[1:], strict=False)):
        matrix, at = weights[at : at + m * n].reshape(m, n), at + m * n
        x = x @ matrix.T
        if network.bias:
            x, at = x + weights[at : at + m], at + m
        if l < len(network.activations):
            x = FUNCTIONS[network.activations[l]](x)
    return x.reshape(-1)


def attention(network, weights, x):
    """The outputs at inputs (n, d, t)."""
    at = 0
    for n, m, a in zip(network.widths, network.widths[1:], network.inner, strict=False):
        total = 0
        for _ in range(network.heads):
            k, q = (weights[at + i * a * n : at + (i + 1) * a * n].reshape(a, n) for i in range(2))
            v, at = weights[at + 2 * a * n : at + 2 * a * n + m * n].reshape(m, n), at + (2 * a + m) * n
            powers = np.exp(np.swapaxes(k @ x, -1, -2) @ (q @ x))
            total = total + v @ x @ (powers / powers.sum(axis=-2, keepdims=True))
        x = total
    return x.reshape(-1)


def sizes_in_floats(network, weights, seed, inputs=60):
    """Singular values of the derivatives along imaginary steps, at many inputs."""
    soft = isinstance(network, SoftmaxAttention)
    shape = (network.widths[0], network.tokens) if soft else (network.widths[0],)
    points = 1.5 * np.random.default_rng(seed).normal(size=(inputs, *shape))
    w, value = np.array([float(v) for v in weights]), attention if soft else perceptron
    columns = [value(network, w + 1e-30j * e, points).imag / 1e-30 for e in np.eye(len(w))]
    return np.linalg.svd(np.array(columns), compute_uv=False)


def rank_in_floats(network, weights, seed):
    """The rank that singular values see."""
    s = sizes_in_floats(network, weights, seed)
    return int(np.sum(s > 1e-9 * max(s[0], 1e-9)))


def is_rank_of_floats(rank, s):
    """Whether singular values agree: none behind the rank is more than rounding. That those up to it are not 0 floats need not tell: a
    minor may be 10^-135."""
    return bool(np.all(s[rank:] < 1e-13 * max(s[0], 1e-9)))


def degenerate(rng, count):
    """Weights of which many are 0, or equal up to sign."""
    return tuple(Fraction(int(v), 2) for v in rng.integers(-2, 3, count) * (rng.random(count) < rng.choice([0.3, 0.6, 1.0])))


def random_network(rng):
    if rng.integers(4) == 0:
        widths = tuple(map(int, rng.integers(1, 4, 2)))
        return SoftmaxAttention(widths, (int(rng.integers(1, 3)),), int(rng.integers(1, 4)), int(rng.integers(1, 3)))
    widths = tuple(map(int, rng.integers(1, 4, rng.integers(3, 5))))
    return AnalyticPerceptron(widths, tuple(rng.choice(list(FUNCTIONS), len(widths) - 2).tolist()), bool(rng.integers(2)))


@pytest.mark.parametrize("seed", range(size(6, 100)))
def test_nothing_false_is_proved_at_degenerate_weights(seed):
    """What floats see is never above the bound from above, and is what is proved where the two bounds meet."""
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    weights = degenerate(rng, network.parameters)
    found = rank_at_weights(network, weights, seed)
    seen = rank_in_floats(network, weights, seed)
    assert seen <= found.upper.statement.value
    if found.verdict.claim is Claim.PROVED:
        assert is_rank_of_floats(found.value, sizes_in_floats(network, weights, seed))


def test_minors_are_those_of_difference_quotients():
    """The determinant of a block, in balls, against difference quotients of 60 digits."""
    network = read_analytic("mlp(1,2,2,1; softplus, sigmoid; bias)")
    weights = tuple(Fraction(n, 7) for n in (3, -5, 1, 2, 4, -3, 2, 6, -1, 3, 5, -4, 2))
    place = rank_at_weights(network, weights, 0).lower.certificate.place
    assert len(place.rows) == 13
    functions = {"softplus": lambda z: mp.log(1 + mp.exp(z)), "sigmoid": lambda z: 1 / (1 + mp.exp(-z))}

    def value(w, x):
        at, x = 0, [x]
        for name, n, m in zip((*network.activations, ""), network.widths, network.widths[1:], strict=False):
            x = [sum(w[at + i * n + j] * x[j] for j in range(n)) + w[at + m * n + i] for i in range(m)]
            at += m * (n + 1)
            x = [functions[name](z) for z in x] if name else x
        return x[0]

    with mp.workdps(120):
        w, step = [mp.mpf(v.numerator) / v.denominator for v in weights], mp.mpf(10) ** -40
        points = [mp.mpf(x[0].numerator) / x[0].denominator for x in place.inputs]

        def slope(x, j):
            up, down = ([v + sign * step * (i == j) for i, v in enumerate(w)] for sign in (1, -1))
            return (value(up, x) - value(down, x)) / (2 * step)

        expected = mp.det(mp.matrix([[slope(points[i], j) for j in place.columns] for i in place.rows]))
        with taylor(place.bits, 2):
            rows = network.jacobian(weights, place.inputs)
            found = flint.arb_mat([[rows[i][j] for j in place.columns] for i in place.rows]).det()
        assert abs(mp.mpf(found.mid().str(50, radius=False)) / expected - 1) < mp.mpf(10) ** -30


KNOWN = {
    ("mlp(2,2,1; tanh)", (1, 2, 0, 0, 1, 0)): 3,  # the second unit is 0 and is not read: its weights, in and out, are free
    ("mlp(2,2,1; tanh)", (1, 2, 0, 0, 1, 1)): 1,  # the unit is 0: what reads it is free
    ("mlp(2,2,1; tanh)", (1, 2, 1, 2, 1, 3)): 3,  # equal units: weights go from one to the other
    ("mlp(2,2,1; tanh)", (1, 2, -1, -2, 1, 3)): 3,  # tanh is odd
    ("mlp(2,2,1; cos)", (1, 2, -1, -2, 1, 3)): 3,  # cos is even
    ("mlp(2,2,1; softplus)", (1, 2, -1, -2, 1, 3)): 1,  # softplus(z) - softplus(-z) = z, which the slopes give as well
    ("mlp(2,2,1; sigmoid; bias)", (1, 2, -1, -2, 1, 3, 1, -1, 0)): 4,  # sigmoid(z) + sigmoid(-z) = 1
    ("mlp(2,2,1; sigmoid)", (1, 2, -1, -2, 1, 3)): 2,  # without a bias there is no 1, and slopes are equal
    ("mlp(1,2,1; exp; bias)", (1, 1, 2, 3, 0, 1, 0)): 4,  # exp(x) and exp(x + 1) are proportional
    ("mlp(1,1,1; gelu; bias)", (0, 2, "1/3", 1)): 2,  # a constant unit, which is not rational
    ("mlp(1,2,1; sin; bias)", (1, 1, 2, 3, 0, 1, 0)): 2,  # sin(x) and sin(x + 1) span two dimensions with their slopes
    ("mlp(2,2,2,1; tanh)", (1, 2, 1, 2, 1, 2, 3, 1, 1, 1)): 2,  # equal units: each of the two units after reads their sum
    ("mlp(1,1,1,1; exp; bias)", (0, 1, 1, 0, 0, 0)): 4,  # all is constant
    ("attention(2,2; a=1; t=2; softmax)", (1, 2, 0, 0, 1, 0, 0, 1)): 2,  # Q is 0: so is all that K does
    ("attention(2,2; a=1; t=2; softmax)", (0, 0, 0, 0, 1, 0, 0, 1)): 4,  # K and Q are seen in a product alone
    ("attention(2,1; a=2; t=3; softmax)", (1, 2, 3, 1, 1, 0, 0, 1, 0, 0)): 8,  # no values: K and Q are not seen
}


@pytest.mark.parametrize(("notation", "at"), KNOWN)
def test_known_fibers_at_weights(notation, at):
    found = nv.fibers(notation, at=at)
    assert (found.value["dimension"], found.claim) == (KNOWN[notation, at], Claim.PROVED)
    assert found.evidence["rank_at"] == rank_in_floats(read_analytic(notation), weights_of_network(read_analytic(notation), at), 5)


def test_causes_are_named():
    assert "unit 2 is read by none" in nv.fibers("mlp(2,2,1; tanh)", at=[1, 2, 0, 0, 1, 0]).meaning
    assert "read opposite values" in nv.fibers("mlp(2,2,1; tanh)", at=[1, 2, -1, -2, 1, 1]).meaning
    assert "are proportional" in nv.fibers("mlp(1,2,1; exp; bias)", at=[1, 1, 2, 3, 0, 1, 0]).meaning
    assert "Q is 0" in nv.fibers("attention(2,2; a=1; t=2; softmax)", at=[1, 2, 0, 0, 1, 0, 0, 1]).meaning
    assert "no others have the same function" in nv.fibers("mlp(1,1,1; tanh)", at=[1, 1]).meaning


@pytest.mark.parametrize(
    ("notation", "algebraic"),
    [
        ("mlp(3,2,2,1; tanh, sigmoid; bias)", "mlp(3,2,2,1; x^2; bias)"),
        ("mlp(3,2,1; tanh)", "mlp(3,2,1; x^2)"),
        ("attention(3,2,2; a=1,2; t=2; heads=2; softmax)", "attention(3,2,2; a=1,2; t=2; heads=2)"),
        ("attention(2,2; a=1; t=2; softmax)", "attention(2,2; a=1; t=2)"),
    ],
)
def test_weights_are_in_the_order_of_all_models(notation, algebraic):
    """The numbers 0, 1, ... are found where blocks of the same name begin in the model that has polynomials in their place."""
    network = read_analytic(notation)
    starts = {block.name: block.start for block in nv.parse(algebraic).model.blocks}
    own = [starts.get(name, starts.get(name.removesuffix("h1"))) for name, _ in blocks_of(network)]
    firsts = np.cumsum([0, *(size for _, size in blocks_of(network))])[:-1]
    given = weights_of_network(network, range(network.parameters))
    assert [given[i] for i in firsts] == own


def test_weights_that_are_none():
    for at, words in (([1, 2], "6 weights"), ([1, 2, 3, 4, 5, "x"], "finite numbers")):
        with pytest.raises(nv.InputError, match=words):
            nv.fibers("mlp(2,2,1; tanh)", at=at)


def test_what_is_too_long_is_refused():
    rows = [[Fraction(i * i + j + 1, 7) for j in range(20)] for i in range(20)]
    layers = [WrittenLayer(rows, None, "tanh")] * 4 + [WrittenLayer(rows[:1], None, "")]
    with pytest.raises(NotShown, match="too many terms"):
        rank_of_derivatives(layers, 20)


def test_answers_at_weights_are_rechecked():
    for notation, at in (("mlp(1,2,1; tanh; bias)", [1, 1, 2, 3, 0, 0, 0]), ("attention(1,1; a=1; t=2; softmax)", [1, 0, "1/2"])):
        found = nv.fibers(notation, at=at)
        found.rerun()
        found.verify()
        data = json.loads(json.dumps(found.to_dict(certificates=True)))
        assert type(found).from_dict(data).meaning == found.meaning
        assert recheck(data).tally == "2 of 2 claims rechecked, 0 refused"
        assert recheck({**data, "value": {**data["value"], "dimension": data["value"]["dimension"] - 1}}).refused


@pytest.fixture(scope="module")
def shown():
    network = read_analytic("mlp(1,2,1; tanh; bias)")
    return network, rank_at_weights(network, tuple(map(Fraction, (1, 1, 0, 0, 2, 3, 0))), 0)


def test_false_ranks_at_weights(shown):
    network, found = shown
    weights, minor, rank = found.weights, found.lower.certificate, found.verdict
    other = (Fraction(1), Fraction(2), *weights[2:])
    place = minor.place
    for twin in (
        replace(
            minor, place=replace(place, rows=(*place.rows, 5), columns=(*place.columns, 6), inputs=(*place.inputs, (Fraction(7),)))
        ),
        replace(minor, place=replace(place, drawn=(Fraction(0),) * 7)),
        replace(minor, place=replace(place, subject="0" * 64)),
        replace(found.upper.certificate, value=found.value - 1),
        replace(found.upper.certificate, value=found.value + 1),
        replace(found.upper.certificate, at=other),
        replace(found.upper.certificate, at=weights[:-1]),
        Coincidences("0" * 64, weights, found.value),
        InfinitesimalFiber("dimension", weights, 7 - found.value - 1, rank),
        InfinitesimalFiber("dimension", other, 7 - found.value, rank),
        InfinitesimalFiber("cardinality", weights, 7 - found.value, rank),
        InfinitesimalFiber("dimension", weights, 7 - found.value, found.upper),
    ):
        with pytest.raises(NotShown):
            issue(twin, network)
    assert issue(InfinitesimalFiber("hidden", weights, 7 - found.value, found.lower), network).claim is Claim.UPPER_BOUND
    with pytest.raises(NotShown):
        rank_at_most(network, weights[:-1])


CRITICAL = {
    "mlp(2,2,1; tanh)": (6, 5, {"unread unit": (5, 4), "constant unit": (4, 5), "equal units": (4, 3), "opposite units": (4, 3)}),
    "mlp(1,2,1; exp; bias)": (5, 6, {"unread unit": (6, 4), "constant unit": (6, 4), "equal units": (6, 3)}),
    "mlp(1,2,2; sigmoid; bias)": (
        10, 9, {"unread unit": (8, 8), "constant unit": (9, 7), "equal units": (8, 8), "opposite units": (8, 8)},
    ),
    "mlp(2,2,1; cos)": (6, 5, {"unread unit": (5, 4), "equal units": (4, 3), "opposite units": (4, 3)}),
    "mlp(1,1,1; softplus)": (2, 1, {"unread unit": (1, 1)}),
    "attention(2,2; a=1; t=2; softmax)": (
        7, 6, {"head without values": (4, 4), "head without keys": (6, 6), "head without queries": (6, 6)},
    ),
    "attention(1,1; a=1; t=2; heads=2; softmax)": (
        4, 5, {"head without values": (5, 3), "head without keys": (5, 4), "head without queries": (5, 4), "equal heads": (4, 2)},
    ),
}  # fmt: skip
"""Rank, dimension at least, and by kind the dimension of each stratum and the rank on it."""


@pytest.mark.parametrize("notation", CRITICAL)
def test_known_critical_weights(notation):
    rank, dimension, kinds = CRITICAL[notation]
    found = nv.critical_locus(notation)
    assert (found.value["rank"], found.value["dimension"]) == (rank, dimension)
    assert {s["kind"]: (s["dimension"], s["rank"]) for s in found.value["strata"]} == kinds
    assert {v.claim for k, v in found.verdicts.items() if k in ("rank", "strata")} == {Claim.PROVED}


@pytest.mark.parametrize("seed", range(size(3, 40)))
def test_ranks_on_strata_are_those_of_floats(seed):
    """At the general place of each set floats see the rank, where it is proved, and never more than the bound."""
    rng = np.random.default_rng(seed)
    network = random_network(rng)
    for verdict in critical_weights(network, 3, seed).ranks:
        place = verdict.certificate.here.certificate.place.drawn
        assert lies_on(network, verdict.certificate.stratum, place)
        seen = rank_in_floats(network, place, seed)
        assert seen <= verdict.statement.value[1]
        sizes = sizes_in_floats(network, place, seed)
        assert verdict.claim is not Claim.PROVED or is_rank_of_floats(verdict.statement.value[1], sizes)


def test_where_nothing_is_critical():
    found = nv.critical_locus("attention(2,2; a=2; t=1; softmax)")
    assert found.value["dimension"] is None
    assert {s["corank"] for s in found.value["strata"]} == {0}
    assert nv.critical_locus("mlp(1,3,1; tanh)", most=2).notices


def test_false_strata():
    network = read_analytic("mlp(1,2,1; exp; bias)")
    found = critical_weights(network, 60, 0)
    whole = found.whole.verdict
    equal = next(v for v in found.ranks if v.certificate.stratum.kind == "equal units")
    known = equal.certificate
    apart = tuple(w + (i == 2) for i, w in enumerate(known.place))
    for twin in (
        replace(known, value=(known.value[0], known.value[1] - 1)),
        replace(known, value=(known.value[0] + 1, known.value[1])),
        replace(known, place=apart),  # biases of exp that differ leave entries that are not rational
        replace(known, place=tuple(w + (i == 0) for i, w in enumerate(known.place))),
        replace(known, stratum=replace(known.stratum, units=(0, 5))),
        replace(known, stratum=replace(known.stratum, kind="opposite units")),
        replace(known, here=whole),
        replace(known, subject="0" * 64),
        SmoothCriticalLocus("strata", network.parameters, whole, (equal, equal)),
        SmoothCriticalLocus("strata", network.parameters, whole, ()),
        SmoothCriticalLocus("strata", network.parameters, whole, (whole,)),
        SmoothCriticalLocus("dimension", network.parameters, found.whole.upper, (equal,)),
        SmoothCriticalLocus("dimension", network.parameters + 1, whole, (equal,)),
        SmoothCriticalLocus("rank", network.parameters, whole, (equal,)),
    ):
        with pytest.raises(NotShown):
            issue(twin, network)


@pytest.mark.parametrize("notation", ["mlp(1,2,1; tanh; bias)", "attention(1,1; a=1; t=2; softmax)"])
def test_answers_at_other_weights_are_refused(notation):
    """A result that names other weights than its certificates, in its evidence or among its options, in the order of all models."""
    from neurovariety.cli.recheck_command import rechecked

    weights = list(range(1, 8 if "mlp" in notation else 4))
    found = nv.fibers(notation, at=weights)
    assert found.evidence["at"] == [str(w) for w in weights]
    stored = json.loads(json.dumps(found.to_dict(certificates=True)))
    assert not rechecked(stored, {})[1]
    for part, other in ((stored["evidence"], "9"), (stored["evidence"]["options"], 9)):
        kept = part["at"]
        part["at"] = [*kept[:-1], other]
        assert "other weights" in rechecked(stored, {})[1]
        part["at"] = kept


def test_critical_answers_are_rechecked():
    found = nv.critical_locus("mlp(1,2,1; sin; bias)")
    found.rerun()
    found.verify()
    data = json.loads(json.dumps(found.to_dict(certificates=True)))
    assert recheck(data).tally == "4 of 4 claims rechecked, 0 refused"
    data["value"]["strata"][0]["rank"] -= 1
    assert recheck(data).refused


def test_a_rank_that_is_bounded_from_above_is_said_to_drop():
    """At most seven where ten is usual: the sentence, the rows and the codimension agree."""
    found = nv.critical_locus("attention(2,2,2; a=1; t=2; softmax)")
    assert (found.value["strata"][0]["rank"], found.value["strata"][0]["corank"], found.value["strata"][0]["claim"]) == (
        7,
        3,
        "upper_bound",
    )
    assert "drops rank on each of the 6 strata" in found.meaning
    assert "at most 7 directions remain" in found.meaning
    assert "6 of 6 strata" in found.shown()
    assert "rank at most 7 (corank at least 3)" in found.summary()
