"""Certificates on trained networks: what is true is shown, and every false twin is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.channel_relations import Channels
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.critical_functions import CRITICAL
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.network_distance import bound
from neurovariety.certificates.network_functions import (
    Chained,
    Comparison,
    Counted,
    DiffersAt,
    DistanceBound,
    EnoughPoints,
)
from neurovariety.certificates.network_nodes import network_hash, scaled, through
from neurovariety.certificates.network_ranks import (
    SOME_WEIGHTS,
    AtMostOrbits,
    Diagnosed,
    GenericFrom,
    RandomRanksAtWeights,
    RankAtWeights,
)
from neurovariety.certificates.network_rewrites import SAME_FUNCTION, Rewrites, RewriteStep, Rows
from neurovariety.certificates.network_symmetries import symmetry_dimension
from neurovariety.certificates.network_values import BALLS, RATIONALS, degree, value
from neurovariety.certificates.pruned_networks import Smaller, reasons
from neurovariety.certificates.resting import SomeLimits
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.layers.hidden_layers import hidden_layers
from neurovariety.checkpoints.layers.layer_symmetries import layer_symmetries
from neurovariety.checkpoints.layers.removals import by_reason
from neurovariety.checkpoints.layers.rewritten import Rewritten
from neurovariety.checkpoints.prune_steps import exactly_pruned
from neurovariety.checkpoints.rank.linearization import linearized
from neurovariety.checkpoints.rank.network_jacobian import NetworkJacobian
from neurovariety.claim import Claim

EXACT = {"function": "polynomial", "coefficients": (Fraction(0), Fraction(0), Fraction(1))}


def mlp(activation: str = "relu", seed: int = 0, widths: tuple[int, ...] = (2, 4, 3, 1)) -> Network:
    """Small whole weights, with a copy, a multiple, a dead and an unread neuron in the first layer."""
    rng = np.random.default_rng(seed)
    made: dict[str, np.ndarray] = {}
    for k, (a, b) in enumerate(pairwise(widths)):
        made[f"l{k}.weight"] = rng.integers(-3, 4, size=(b, a)).astype(np.float32) + np.float32(0.5)
        made[f"l{k}.bias"] = rng.integers(-3, 4, size=b).astype(np.float32)
    made["l0.weight"][1], made["l0.bias"][1] = 2 * made["l0.weight"][0], 2 * made["l0.bias"][0]
    made["l0.weight"][2] = made["l0.bias"][2] = 0
    made["l1.weight"][:, 3] = 0
    return nv.load_network(made, architecture=f"mlp({','.join(map(str, widths))}; {activation}; bias)")


def convolutional(padding: int = 1) -> Network:
    """conv, batch norm, ReLU, maximum, flattened, matrix; the batch norm makes one channel constant."""
    rng = np.random.default_rng(1)

    def drawn(*shape: int) -> np.ndarray:
        return rng.integers(-4, 5, size=shape).astype(np.float32)

    weights = {
        "c": drawn(3, 2, 3, 3), "m": drawn(3), "v": np.abs(drawn(3)) + 1, "s": drawn(3), "t": drawn(3),
        "d": drawn(2, 3, 2, 2), "e": drawn(2), "w": drawn(2, 8),
    }  # fmt: skip
    weights["s"][1], weights["t"][1] = 0, 2 - 2 * padding
    window = {"stride": (1, 1), "padding": ((padding, padding),) * 2, "dilation": (1, 1)}
    nodes = (
        Node("x", "input"),
        Node("a", "conv", ("x",), {"weight": "c"}, {**window, "groups": 1}),
        Node("b", "normalize", ("a",), {"mean": "m", "variance": "v", "scale": "s", "shift": "t"}, {"epsilon": Fraction(1, 8)}),
        Node("r", "activation", ("b",), {}, {"function": "relu"}),
        Node("p", "conv", ("r",), {"weight": "d", "bias": "e"}, {**window, "groups": 1}),
        Node("q", "activation", ("p",), {}, {"function": "relu"}),
        Node("o", "max_pool", ("q",), {}, {"window": (2, 2), "stride": (2, 2), "padding": ((0, 0), (0, 0)), "dilation": (1, 1)}),
        Node("f", "reshape", ("o",), {}, {"shape": (8,)}),
        Node("y", "linear", ("f",), {"weight": "w"}),
    )
    size = 7 - 4 * padding
    return Network((2, size, size), nodes, "y", weights, fixed=frozenset({"m", "v"}))


def pruned(source: Network) -> Rewritten:
    found, removed = exactly_pruned(Rewritten.of(source))
    assert removed
    return found


@pytest.mark.parametrize("source", [mlp("relu"), mlp("x^2"), mlp("x^3 + x"), mlp("tanh"), convolutional(0), convolutional(1)])
def test_pruning_is_replayed_and_a_changed_number_is_refused(source):
    found = pruned(source)
    certificate = found.certificate()
    assert issue(certificate, source).claim is Claim.PROVED
    after = found.network
    for key in after.trained:
        for place in range(after.weights[key].size):
            weights = {k: np.array(v, order="C") for k, v in after.weights.items()}
            flat = weights[key].reshape(-1)
            flat[place] = flat[place] + (Fraction(1, 8) if weights[key].dtype == object else 0.125)
            other = replace(after, weights=weights)
            last = replace(certificate.steps[-1], after=other)
            with pytest.raises(NotShown):
                issue(replace(certificate, second=network_hash(other), steps=(*certificate.steps[:-1], last)), source)
    with pytest.raises(NotShown):
        issue(replace(certificate, second=network_hash(source)), source)
    with pytest.raises(NotShown):
        issue(certificate, after)
    with pytest.raises(NotShown):
        issue(replace(certificate, steps=certificate.steps[:-1]), source)


def test_what_is_read_is_not_free():
    """A neuron that is read is declared as one of which nothing is known."""
    source = mlp()
    free = Rows(np.array([0, 1, 2, -1]), {3: None})
    step = RewriteStep(source, {"layer 0": free})
    names = [n.name for n in source.nodes]
    producer = next(n.name for n in source.nodes if n.kind == "linear")
    one = network_hash(source)
    assert issue(Rewrites(one, one, (replace(step, rows={producer: free}),)), source).claim is Claim.PROVED  # neuron 3 is not read
    for rows in (
        Rows(np.array([0, -1, 2, 3]), {1: None}),
        Rows(np.array([1, 0, 2, 3])),
        Rows(np.array([0, 1, 2])),
        Rows(np.array([0, 0, 2, 3])),
    ):
        with pytest.raises(NotShown):
            issue(Rewrites(one, one, (RewriteStep(source, {producer: rows}),)), source)
    with pytest.raises(NotShown):
        issue(Rewrites(one, one, (RewriteStep(source, {"nowhere": free}),)), source)
    assert len(set(names)) == len(names)


def test_rows_of_a_grouped_convolution_are_not_moved():
    """Two filters are equal, and read different channels."""
    window = {"stride": (1,), "padding": ((0, 0),), "dilation": (1,)}
    weights = {"c": np.ones((2, 1, 1), dtype=np.float32), "w": np.array([[1, 2]], dtype=np.float32)}
    nodes = (
        Node("x", "input"),
        Node("a", "conv", ("x",), {"weight": "c"}, {**window, "groups": 2}),
        Node("f", "reshape", ("a",), {}, {"shape": (2,)}),
        Node("y", "linear", ("f",), {"weight": "w"}),
    )
    source = Network((2, 1), nodes, "y", weights)
    other = replace(source, weights={**weights, "w": np.array([[2, 1]], dtype=np.float32)})
    step = RewriteStep(other, {"a": Rows(np.array([1, 0]))})
    with pytest.raises(NotShown):
        issue(Rewrites(network_hash(source), network_hash(other), (step,)), source)


@pytest.mark.parametrize(("function", "factor", "expected"), [
    ({"function": "relu"}, Fraction(3), (3, 0)), ({"function": "relu"}, Fraction(-1), None),
    ({"function": "relu6"}, Fraction(2), None),
    ({"function": "abs"}, Fraction(-2), (2, 0)), ({"function": "tanh"}, Fraction(-1), (-1, 0)),
    ({"function": "tanh"}, Fraction(2), None),
    ({"function": "sigmoid"}, Fraction(-1), (-1, 1)), ({"function": "silu"}, Fraction(-1), None), (EXACT, Fraction(-3), (9, 0)),
    ({"function": "leaky_relu", "slope": Fraction(1, 10)}, Fraction(2), (2, 0)),
    ({"function": "hardtanh", "low": Fraction(-1), "high": Fraction(1)}, Fraction(-1), (-1, 0)),
    ({"function": "hardtanh", "low": Fraction(-1), "high": Fraction(2)}, Fraction(-1), None),
    ({"function": "polynomial", "coefficients": (Fraction(5), Fraction(0), Fraction(1))}, Fraction(2), (4, -15)),
    ({"function": "polynomial", "coefficients": (Fraction(0), Fraction(1), Fraction(1))}, Fraction(2), None),
    ({"function": "rational", "numerator": (Fraction(0), Fraction(1)), "denominator": (Fraction(1), Fraction(0), Fraction(1))},
     Fraction(-1), (-1, 0)),
])  # fmt: skip
def test_scalings_that_an_activation_carries(function, factor, expected):
    assert scaled(function, factor) == expected
    assert through(function, (Fraction(1), Fraction(0))) == (1, 0)
    assert through(function, (Fraction(2), Fraction(1))) is None


def test_an_input_tells_functions_apart():
    for activation in ("relu", "x^2", "tanh", "gelu"):
        one, two = mlp(activation, 0), mlp(activation, 1)
        x = (Fraction(1, 4), Fraction(-3, 8))
        shown = DiffersAt(network_hash(one), network_hash(two), x)
        assert issue(shown, (one, two)).claim is Claim.PROVED
        for twin, pair in (
            (DiffersAt(network_hash(one), network_hash(one), x), (one, one)),
            (shown, (two, one)),
            (replace(shown, input=x[:1]), (one, two)),
        ):
            with pytest.raises(NotShown):
                issue(twin, pair)


def test_values_are_those_of_the_network():
    for source in (mlp("relu"), mlp("x^3 + x"), convolutional(0), convolutional(1)):
        x = np.round(8 * np.random.default_rng(3).normal(size=source.input_shape)) / 8
        exact = source.evaluate_exact(x[None])[0].reshape(-1)
        assert [Fraction(int(v.p), int(v.q)) for v in value(source, x, RATIONALS).reshape(-1)] == exact.tolist()
    for activation in ("tanh", "sigmoid", "gelu", "silu", "elu", "softplus", "exp", "relu"):
        source = mlp(activation, widths=(2, 4, 1))
        found, expected = value(source, x.reshape(-1)[:2], BALLS), source.evaluate(x.reshape(-1)[None, :2])
        assert abs(float(found[0].mid()) - expected[0, 0]) <= 1e-9 * max(abs(expected[0, 0]), 1)


def test_polynomials_that_agree_at_enough_points_are_one():
    source = mlp("x^2", widths=(2, 4, 1))
    found = pruned(source).network
    both = network_hash(source), network_hash(found)
    assert degree(source) == 2
    assert issue(EnoughPoints(*both), (source, found)).claim is Claim.PROVED
    assert degree(mlp("relu")) is None
    changed = found.with_weights({found.trained[0]: found.weights[found.trained[0]] + 1})
    for pair in ((source, changed), (mlp("relu"), mlp("relu"))):
        with pytest.raises(NotShown):
            issue(EnoughPoints(*map(network_hash, pair)), pair)


def test_a_bound_of_the_distance_holds_and_a_smaller_one_is_refused():
    rng = np.random.default_rng(5)
    for source in (mlp("relu"), mlp("tanh"), mlp("x^2"), convolutional(0), convolutional(1)):
        moved = source.with_weights(
            {k: source.weights[k] * (1 + np.float32(1e-3) * rng.normal(size=source.weights[k].shape)) for k in source.trained}
        )
        radius = 2.0
        x = rng.normal(size=(200, *source.input_shape))
        x *= radius / np.linalg.norm(x.reshape(200, -1), axis=1).reshape(-1, *(1 for _ in source.input_shape))
        seen = np.linalg.norm((source.evaluate(x) - moved.evaluate(x)).reshape(200, -1), axis=1).max()
        most = bound(source, moved, radius)
        assert 0 < seen <= most < np.inf
        known = [issue(Rewrites(network_hash(n), network_hash(n), ()), n) for n in (source, moved)]
        verdict = issue(DistanceBound(*known, most, radius), (source, moved))
        assert verdict.claim is Claim.PROVED
        for twin in (
            DistanceBound(*known, seen / 2, radius),
            DistanceBound(*known, most, 2 * radius),
            DistanceBound(*known, np.inf, radius),
        ):
            with pytest.raises(NotShown):
                issue(twin, (source, moved))
        with pytest.raises(NotShown):
            issue(DistanceBound(*known, most, radius), (source, source))
        pair = Counted.of(source), Counted.of(moved)
        assert issue(Comparison("bound", most, verdict), pair).statement.value == most
        for key, wrong in (("bound", most / 2), ("same", "yes"), ("box", 3.0), ("related", "yes"), ("exact", True)):
            with pytest.raises(NotShown):
                issue(Comparison(key, wrong, verdict, by_symmetry=True), pair)


def test_a_bias_of_one_number_for_several_rows_is_refused():
    """NumPy adds it to each of 6 rows, by which outputs are sqrt(6) apart, and its norm is 1."""

    def lifted(number):
        weights = {"w": np.eye(6), "b": np.array([number])}
        nodes = (SimpleNamespace(name="x", kind="input", inputs=(), weights={}, attributes={}),)
        layer = SimpleNamespace(name="y", kind="linear", inputs=("x",), weights={"weight": "w", "bias": "b"}, attributes={})
        return SimpleNamespace(input_shape=(6,), nodes=(*nodes, layer), output="y", weights=weights, fixed=frozenset())

    for network in (lifted(0.0), lifted(1.0)):
        with pytest.raises(NotShown, match="bias of 'y'"):
            issue(Rewrites(network_hash(network), network_hash(network), ()), network)
    with pytest.raises(nv.InputError, match=r"bias 'b' .*one entry for each channel"):
        Network((6,), (Node("x", "input"), Node("y", "linear", ("x",), {"weight": "w", "bias": "b"})), "y", lifted(1.0).weights)
    normal = Node("y", "normalize", ("x",), {"mean": "m", "variance": "v"}, {"epsilon": 0.0})
    with pytest.raises(nv.InputError, match="one entry for each channel"):
        Network((6,), (Node("x", "input"), normal), "y", {"m": np.zeros(1), "v": np.ones(6)})


def test_what_is_said_of_pruned_networks_is_counted():
    source = mlp("relu")
    found = pruned(source)
    known = issue(found.certificate(), source)
    pair = Counted.of(source), Counted.of(found.network)
    gone = {"unread": 1, "constant": 1, "proportional": 1}
    right = {"parameters": source.parameters, "pruned": found.network.parameters, "error_bound": 0.0, "removed": gone}
    for key, said in right.items():
        assert issue(Smaller(key, said, known), pair).claim is Claim.PROVED
    for key, wrong in (
        ("parameters", 3),
        ("pruned", source.parameters),
        ("error_bound", 1e-9),
        ("removed", {"dead": 3}),
        ("removed", {"unread": 2, "proportional": 1}),
        ("removed", {**gone, "equal": 1}),
        ("other", 0),
    ):
        with pytest.raises(NotShown):
            issue(Smaller(key, wrong, known), pair)
    first, second, *_ = pair[0].widths
    told = pair[0].told
    width = {told[first]: [pair[0].widths[first], pair[1].widths[first]]}
    assert issue(Smaller("widths", width, known, None, {told[first]: first}), pair).claim is Claim.PROVED
    swapped = {told[second]: width[told[first]]}
    for twin in (Smaller("widths", swapped, known, None, {told[second]: first}), Smaller("widths", width, known)):
        with pytest.raises(NotShown):
            issue(twin, pair)
    with pytest.raises(NotShown):
        issue(Smaller("pruned", found.network.parameters, known), pair[::-1])
    same = issue(Rewrites(network_hash(source), network_hash(source), ()), source)
    with pytest.raises(NotShown):
        issue(Chained(known, same), source)


@pytest.mark.parametrize(
    "source", [mlp("relu"), mlp("x^2", widths=(1, 5, 4, 1)), mlp("x", widths=(2, 4, 4, 1)), mlp("tanh"), convolutional(0)]
)
def test_why_neurons_went_is_read_off_the_steps(source):
    """The search counts reasons where it finds them, the kernel in the steps that it has checked."""
    found, removed = exactly_pruned(Rewritten.of(source))
    assert reasons(issue(found.certificate(), source)) == by_reason(removed)
    with pytest.raises(NotShown):
        reasons(weak(Statement(SAME_FUNCTION, network_hash(source), network_hash(found.network)), Claim.ESTIMATE, "seen"))


@pytest.mark.parametrize("activation", ["x^2", "x^3 + 1", "relu", "leaky_relu", "abs", "tanh", "x"])
def test_symmetries_are_counted_alike(activation):
    """A second route: the layers that pruning follows."""
    for source in (mlp(activation), mlp(activation, widths=(5, 4, 4, 2)), convolutional(0)):
        stated = layer_symmetries(source, hidden_layers(source)[0])
        assert symmetry_dimension(source) == sum(s.dimension for s in stated)


def test_ranks_at_weights():
    source = nv.load_network({"w1": [[1, 2], [3, 1], [1, 1]], "w2": [[1, 1, 2]]}, architecture="mlp(2,3,1; x^2)")
    jacobian, rng = NetworkJacobian(source, linearized(source)), np.random.default_rng(0)
    p, _, here = jacobian.point(rng)
    found, full, fewer = jacobian.trial(p, here, 6)
    assert found.rank == 3
    low = issue(full, jacobian)
    upper = issue(AtMostOrbits(jacobian.hash, 6), source)
    assert (low.claim, upper.claim) == (Claim.LOWER_BOUND, Claim.UPPER_BOUND)
    trials = [(full, fewer)]
    while True:
        p, _, here = jacobian.point(rng)
        _, *one = jacobian.trial(p, here, 6)
        trials.append((one[0], one[1]))
        try:
            verdict = issue(RandomRanksAtWeights(tuple(trials), upper), jacobian)
            break
        except NotShown:
            assert len(trials) < 12
    assert (verdict.claim, verdict.statement.value) == (Claim.PROBABILITY, 3)
    with pytest.raises(NotShown):
        issue(RankAtWeights(full.subject, full.place, 4), jacobian)
    with pytest.raises(NotShown):
        issue(RankAtWeights(full.subject, replace(full.place), 3), jacobian)  # a place that was not taken at the stored weights
    with pytest.raises(NotShown):
        issue(Meets(low, upper), source)
    with pytest.raises(NotShown):
        issue(RandomRanksAtWeights(((full, fewer), (full, fewer)) * 6, upper), jacobian)
    for wrong in (AtMostOrbits(jacobian.hash, 5), AtMostOrbits(jacobian.hash, 9)):
        with pytest.raises(NotShown):
            issue(wrong, source)
    other = source.with_weights({"w1": np.array([[2, 2], [3, 1], [1, 1]])})
    general = issue(GenericFrom(low, source), other)
    assert (general.claim, general.statement.subject) == (Claim.LOWER_BOUND, network_hash(other))
    with pytest.raises(NotShown):
        issue(GenericFrom(low, source), mlp("x^2"))
    assert issue(Diagnosed("rank", 3, verdict), source).claim is Claim.PROBABILITY
    for key, wrong, known in (("rank", 4, verdict), ("generic", 3, verdict), ("parameters", 8, None), ("symmetry", 4, None)):
        with pytest.raises(NotShown):
            issue(Diagnosed(key, wrong, known), source)
    with pytest.raises(NotShown):
        issue(Diagnosed("rank", 3, verdict), other)


def test_relations_name_channels():
    relation = Channels(0, np.array([0, -1]), {1: (((0, Fraction(2)),), Fraction(1))})
    assert relation.combined(0) == (((0, 1),), 0)
    assert relation.plain.tolist() == [True, False]


def test_with_kinks_the_rank_at_some_weights_is_not_that_at_general_ones():
    """One neuron a layer: on the open set where the second is dead on the first's values the function is constant, of rank 1."""
    weights = {"w1": [[1.5]], "b1": [0.5], "w2": [[-2.0]], "b2": [-0.25], "w3": [[1.0]], "b3": [0.125]}
    found = nv.diagnose(weights, architecture="mlp(1,1,1,1; relu; bias)")
    generic = found.claims["generic"]
    assert generic.claim in (Claim.LOWER_BOUND, Claim.ESTIMATE)
    assert SOME_WEIGHTS in generic.statement.scope
    assert "critical" not in found.meaning
    assert "general" not in found.summary().split("effective parameters")[1].splitlines()[0]


def test_what_is_only_estimated_is_no_premise():
    guess = weak(Statement(CRITICAL, "m", 99), Claim.ESTIMATE, "a search")
    assert not guess.shown
    none = lambda *_: False  # noqa: E731
    strata = SimpleNamespace(hash="m", lists=(), listed="", moves=none, rests=none)
    with pytest.raises(NotShown, match="lists of critical functions"):
        issue(SomeLimits("m", (guess,)), strata)
