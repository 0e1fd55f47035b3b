"""Dimensions of networks with analytic activations: published values, floats as another route, and false twins that are refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.beyond.analytic.rank_in_balls import analytic_dimension
from neurovariety.beyond.analytic.reading import read_analytic
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.analytic_networks import AnalyticPerceptron
from neurovariety.certificates.analytic_weights import AnalyticFiber, NoLinearSymmetry
from neurovariety.certificates.issue import issue, weak
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

KNOWN = {
    "mlp(1,1,1; tanh)": 2,  # Sussmann 1992: finitely many weights for each function
    "mlp(2,3,1; tanh; bias)": 13,
    "mlp(2,2,2,1; tanh; bias)": 15,  # Fefferman 1994
    "mlp(2,3,1; gelu)": 9,
    "mlp(2,3,1; softplus; bias)": 13,
    "mlp(2,3,1; exp)": 9,
    "mlp(2,3,1; exp; bias)": 10,  # a bias is a factor of the weight after it
    "mlp(2,3,2,1; exp; bias)": 15,
    "mlp(2,2,2; sin; bias)": 12,
    "mlp(2,2,3,1; erf, exp; bias)": 16,
    "mlp(1,2,3,1; sin; bias)": 17,
    "mlp(3,2,1,2; gelu; bias)": 15,  # after one unit an input tells little, however many outputs there are
    "mlp(1,4,4,1; softplus; bias)": 33,
    "mlp(1,1,1,1; exp; bias)": 4,  # both biases are factors of the weights after them
    "mlp(1,3,1; softplus)": 6,  # softplus(x) - softplus(-x) = x is a relation at special weights only
    "mlp(1,2,1; cos)": 4,  # even, so that signs of weights are free, but no direction
}
FLOATS = {"tanh": np.tanh, "exp": np.exp, "sin": np.sin, "sigmoid": lambda z: 1 / (1 + np.exp(-z)), "cos": np.cos}


@pytest.mark.parametrize("notation", KNOWN)
def test_known_dimensions(notation):
    found = nv.dimension(notation)
    assert (found.value, found.claim) == (KNOWN[notation], Claim.PROVED)
    assert found.evidence["parameters"] - found.value == nv.fibers(notation).value["dimension"]


def value(network, weights, x):
    """The outputs in floats."""
    at = 0
    for l, (n, m) in enumerate(zip(network.widths, network.widths[1:], strict=False)):
        matrix, at = weights[at : at + m * n].reshape(m, n), at + m * n
        x = matrix @ x
        if network.bias:
            x, at = x + weights[at : at + m], at + m
        if l < len(network.activations):
            x = FLOATS[network.activations[l]](x)
    return x


@pytest.mark.parametrize(
    "notation", ["mlp(2,3,2; tanh; bias)", "mlp(1,2,2,1; exp)", "mlp(2,2,2,2; sin, sigmoid; bias)", "mlp(3,2,1; cos)"]
)
def test_jacobians_are_difference_quotients(notation):
    network = read_analytic(notation)
    rng = np.random.default_rng(3)
    weights, inputs = rng.integers(-64, 65, network.parameters) / 64, rng.integers(-64, 65, (2, network.widths[0])) / 64
    with taylor(100, 2):
        rows = network.jacobian([Fraction(w) for w in weights], [[Fraction(v) for v in x] for x in inputs])
        found = np.array([[float(v.mid()) for v in row] for row in rows])
    step = 1e-6 * np.eye(network.parameters)
    columns = [np.concatenate([(value(network, weights + e, x) - value(network, weights - e, x)) / 2e-6 for x in inputs]) for e in step]
    np.testing.assert_allclose(found, np.array(columns).T, atol=1e-8)


EVERY = ["tanh", "exp", "sigmoid", "gelu", "silu", "softplus", "sin", "cos", "erf"]


@pytest.mark.parametrize("seed", range(size(2, 40)))
def test_random_networks_have_the_rank_of_floats(seed):
    """Singular values in floats at other weights see the same rank, where they tell it at all."""
    rng = np.random.default_rng(seed)
    widths = tuple(int(n) for n in rng.integers(1, 4, rng.integers(3, 5)))
    names = tuple(rng.choice(EVERY, len(widths) - 2).tolist())
    network = AnalyticPerceptron(widths, names, bool(rng.integers(2)))
    found = analytic_dimension(network, seed)
    weights = rng.normal(size=network.parameters)
    inputs = rng.normal(size=(4 * network.parameters, widths[0]))
    with taylor(64, 2):
        rows = network.jacobian([Fraction(w) for w in weights], [[Fraction(v) for v in x] for x in inputs])
    s = np.linalg.svd(np.array([[float(v.mid()) for v in row] for row in rows]), compute_uv=False)
    assert found.verdict.claim is Claim.PROVED
    assert np.sum(s > 1e-13 * s[0]) <= found.value or s[found.value] < 1e-12 * s[0]


def test_notation():
    """Names in any writing, one activation for all layers or one for each; what is none goes the way of algebraic models."""
    assert read_analytic(" MLP(2, 3, 3, 1 ; Logistic, swish; BIAS) ").notation == "mlp(2,3,3,1; sigmoid, silu; bias)"
    assert read_analytic("mlp(1,2,2,1; GELU)").activations == ("gelu", "gelu")
    for other in (
        "mlp(2,3,1; x^2)",
        "mlp(2,3,1; exp(x))",
        "cnn(2,2; tanh)",
        "mlp(2,3,1; relu)",
        5,
        "tanh",
        "mlp(2,3,1; tanh; bias; x)",
    ):
        assert read_analytic(other) is None
    for text, words in (
        ("mlp(2,1; tanh)", "at least 3"),
        ("mlp(2,0,1; tanh)", "at least 3"),
        ("mlp(2,3,1; tanh, sin)", "activations"),
        ("mlp(2,a,1; tanh)", "whole number"),
        ("mlp(2,3,3,1; tanh, x^2)", "not read yet"),
        ("mlp(30,30,30; tanh)", "600"),
    ):
        with pytest.raises(nv.InputError, match=words):
            read_analytic(text)


@pytest.mark.parametrize("entry", ["degree", "equations", "ambient", "ed_degree"])
def test_what_has_no_meaning_is_refused(entry):
    with pytest.raises(nv.InputError, match=r"tanh is transcendental.* no meaning"):
        getattr(nv, entry)("mlp(2,3,1; tanh)")


def test_what_is_not_asked():
    for ask, options in ((nv.dimension, {"route": "theorem"}), (nv.fibers, {"route": "theorem"})):
        with pytest.raises(nv.InputError, match="tanh"):
            ask("mlp(1,1,1; tanh)", **options)


@pytest.mark.parametrize("entry", ["dimension", "fibers", "symmetries"])
@pytest.mark.parametrize("notation", ["mlp(2,2,1; tanh; bias)", "mlp(1,2,1; exp; bias)"])
def test_answers_are_rechecked_and_repeated(entry, notation):
    found = getattr(nv, entry)(notation)
    assert found.claim is Claim.PROVED
    found.rerun()
    found.verify()
    data = found.to_dict(certificates=True)
    assert not recheck(data).refused
    assert type(found).from_dict(data).meaning == found.meaning
    other = recheck({**data, "architecture": "mlp(2,3,1; tanh; bias)"})
    assert other.refused
    assert not other.rechecked


def test_in_which_sense():
    """sin is definable in no o-minimal structure; exp with a bias has symmetries, of which none is linear."""
    assert "o-minimal" in nv.dimension("mlp(1,2,1; tanh)").meaning
    assert "o-minimal" not in nv.dimension("mlp(1,2,1; sin)").meaning
    assert nv.fibers("mlp(1,2,1; exp; bias)").value == {"dimension": 2, "hidden": 0, "cardinality": None, "identifiable": "undecided"}
    assert nv.symmetries("mlp(1,2,1; exp; bias)").value["dimension"] == 0


@pytest.fixture(scope="module")
def shown():
    network = read_analytic("mlp(1,2,1; exp; bias)")
    return network, analytic_dimension(network, 0)


FALSE_RANKS = {
    "a row twice": lambda c: replace(c, rows=(c.rows[0], *c.rows[:-1])),
    "a column twice": lambda c: replace(c, columns=(c.columns[0], *c.columns[:-1])),
    "one more than there is": lambda c: replace(
        c, rows=(*c.rows, len(c.rows)), columns=(*c.columns, 2), inputs=(*c.inputs, (Fraction(7),))
    ),
    "a column that is another's multiple": lambda c: replace(c, columns=(2, *c.columns[1:-1], 4)),
    "equal inputs": lambda c: replace(c, inputs=(c.inputs[0],) * len(c.inputs)),
    "zero weights": lambda c: replace(c, drawn=(Fraction(0),) * len(c.drawn)),
    "a row that is not there": lambda c: replace(c, rows=(*c.rows[:-1], 100)),
    "a column that is not there": lambda c: replace(c, columns=(*c.columns[:-1], -1)),
    "another network": lambda c: replace(c, subject="0" * 64),
    "another scope": lambda c: replace(c, scope=()),
    "a weight too few": lambda c: replace(c, drawn=c.drawn[:-1]),
    "no precision": lambda c: replace(c, bits=0),
}


@pytest.mark.parametrize("twin", FALSE_RANKS)
def test_false_ranks(shown, twin):
    network, found = shown
    rank = found.lower.certificate
    issue(rank, network)
    with pytest.raises(NotShown):
        issue(FALSE_RANKS[twin](rank), network)


def test_false_bounds_and_consequences(shown):
    network, found = shown
    upper = found.upper.certificate
    for other in (upper.value - 1, upper.value + 1):
        with pytest.raises(NotShown):
            issue(replace(upper, value=other), network)
    without = replace(network, bias=False)
    with pytest.raises(NotShown):
        issue(upper, without)
    for certificate in (
        AnalyticFiber("dimension", 1, found.verdict),
        AnalyticFiber("hidden", 2, found.verdict),
        AnalyticFiber("hidden", 0, weak(found.verdict.statement, Claim.ESTIMATE, "")),
        AnalyticFiber("cardinality", 2, found.verdict),
        AnalyticFiber("dimension", 2, found.upper),
        NoLinearSymmetry("dimension", found.lower),
        NoLinearSymmetry("group", found.verdict),
    ):
        with pytest.raises(NotShown):
            issue(certificate, network)
    fewer = issue(replace(found.lower.certificate, rows=(0, 1), columns=(0, 1)), network)
    assert issue(AnalyticFiber("dimension", 5, fewer), network).claim is Claim.UPPER_BOUND
    with pytest.raises(NotShown):
        issue(NoLinearSymmetry("dimension", fewer), network)


@pytest.mark.parametrize("wrong", [((2, 1), (), True), ((2, 0, 1), ("tanh",), True), ((2, 2, 1), ("relu",), True)])
def test_what_is_no_network(wrong):
    with pytest.raises((ValueError, TypeError)):
        AnalyticPerceptron(*wrong)
