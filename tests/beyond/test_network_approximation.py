"""Networks with polynomials in place of activations: the bound is never exceeded, and false twins are refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import erf, expit

import neurovariety as nv
from campaign import size
from neurovariety.architectures import as_model
from neurovariety.certificates.activation_series import taylor
from neurovariety.certificates.issue import issue
from neurovariety.certificates.network_approximation import smooth_layers
from neurovariety.certificates.recheck import recheck
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

FLOATS = {
    "tanh": np.tanh,
    "sigmoid": expit,
    "gelu": lambda x: x * (1 + erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "relu": lambda x: np.maximum(x, 0),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
}


def drawn(seed):
    """A network of one or two hidden layers of width at most 16, and its notation."""
    rng = np.random.default_rng(seed)
    widths = (int(rng.integers(1, 5)), *(int(n) for n in rng.integers(1, 17, rng.integers(1, 3))), int(rng.integers(1, 3)))
    name = str(rng.choice(sorted(FLOATS)))
    weights = {}
    for l, (n, m) in enumerate(pairwise(widths), 1):
        weights |= {f"W{l}": rng.normal(size=(m, n)) * np.sqrt(2 / n), f"b{l}": 0.3 * rng.normal(size=m)}
    return weights, f"mlp({','.join(map(str, widths))}; {name}; bias)", widths, name


def output(weights, widths, x, activations):
    for l in range(1, len(widths)):
        x = x @ np.array(weights[f"W{l}"], dtype=float).T + np.array(weights[f"b{l}"], dtype=float)
        x = activations[l - 1](x) if l < len(widths) - 1 else x
    return x


def polynomial(coefficients):
    return lambda z: np.polynomial.polynomial.polyval(z, [float(c) for c in coefficients])


@pytest.mark.parametrize("seed", range(size(3, 30)))
def test_the_bound_is_never_exceeded(seed):
    """On many random inputs and all corners; and it is within a factor of ten of what is seen."""
    weights, notation, widths, name = drawn(seed)
    found = nv.approximate(weights, architecture=notation, degree=7, seed=seed)
    assert found.claim is Claim.UPPER_BOUND
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (size(10**4, 10**6), widths[0]))
    x[: 2 ** widths[0]] = np.stack(np.meshgrid(*[[-1.0, 1.0]] * widths[0]), axis=-1).reshape(-1, widths[0])
    near = [polynomial(p.polynomial) for p in found.nearest]
    change = np.abs(output(weights, widths, x, near) - output(weights, widths, x, [FLOATS[name]] * (len(widths) - 2)))
    assert np.max(change) <= found.value["error"] * (1 + 1e-9)
    assert found.value["error_at_least"] <= found.value["error"] <= 10 * found.value["error_at_least"]


def test_the_algebraic_network_is_a_model():
    """Every entry takes it; with the weights that are named it is the network with polynomials."""
    widths = (2, 2, 1)
    weights = {"W1": [[1, 2], [-1, 0.5]], "b1": [0.25, 0], "W2": [[1, -3]], "b2": [1]}
    found = nv.approximate(weights, architecture="mlp(2,2,1; silu; bias)", degree=3)
    model = as_model(found.architecture)
    assert nv.dimension(found.architecture).claim is Claim.PROVED
    x = np.linspace(-1, 1, widths[0])
    tree = {name: np.array(values, dtype=float) for name, values in found.weights.items()}
    value = model.function(model.tree([tree[b.name] for b in model.blocks]), x, [float(c) for c in model.coefficients])
    near = [polynomial(p.polynomial) for p in found.nearest]
    np.testing.assert_allclose(value, output(weights, widths, x, near), rtol=1e-9)


def test_architectures_without_weights():
    found = nv.approximate("mlp(2,3,1; tanh; bias)", interval=(-2, 2), degree=3)
    assert found.claim is Claim.PROVED
    assert found.value["error"] == nv.approximate(activation="tanh", interval=(-2, 2), degree=3).value["error"]
    assert nv.parse(found.evidence["architecture"]) == found.architecture
    assert (found.architecture.widths, found.architecture.bias) == ((2, 3, 1), True)


def test_exact_networks_of_files(tmp_path):
    """JSON with fractions; polynomials that are the activation on the ranges change nothing."""
    file = tmp_path / "network.json"
    weights = {"W1": [[1, "1/3"], [2, 0]], "b1": [5, 7], "W2": [[1, -1]], "b2": [0]}
    file.write_text(json.dumps({"architecture": "mlp(2,2,1; relu; bias)", "weights": weights}))
    assert nv.approximate(str(file), degree=1).value["error"] == 0.0
    wide = nv.approximate(str(file), degree=1, box=(-10, 10))
    assert 0 < wide.value["error_at_least"] <= wide.value["error"]
    assert nv.approximate(str(file), degree=1, box=([-10, 0], [10, 0])).meaning.startswith("for inputs in the box [-10, 10], [0, 0]")


ONE = {"w1": [[1, 2]], "w2": [[1]]}


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        (None, {}, "give one of the two"),
        (ONE, {"activation": "tanh"}, "give one of the two"),
        (ONE, {"interval": (0, 1), "architecture": "mlp(2,1,1; tanh)"}, "give box="),
        (ONE, {"architecture": "mlp(2,1,1; tanh)", "box": (1, -1)}, "low at most high"),
        (ONE, {"architecture": "mlp(2,1,1; tanh)", "degree": 0}, "from 1"),
        (ONE, {"architecture": "mlp(2,1,1; x^2)"}, "has no activation"),
        (ONE, {}, "architecture="),
        (ONE, {"architecture": "mlp(2,1,1; cos)"}, "networks with cos are not read"),
        ("mlp(2,3,1; tanh)", {}, "interval="),
        ("mlp(2,3,1; tanh)", {"interval": (0, 1), "box": (0, 1)}, "not in a box"),
        ("mlp(2,3,1; softmax)", {"interval": (0, 1)}, "unknown"),
        ("mlp(2,1; tanh)", {"interval": (0, 1)}, "at least 3"),
        ("mlp(2,3,1; tanh)", {"interval": (0, 1), "degree": 0}, "constant"),
        ("nothing.onnx", {}, "nothing.onnx"),
    ],
)
def test_refusals_of_networks(given, options, words):
    with pytest.raises(nv.InputError, match=words):
        nv.approximate(given, **{"degree": 3, **options})


def test_ranges_that_grow_are_refused():
    with pytest.raises(nv.ResourceError, match="million"):
        nv.approximate({"w1": [[1e5, 2e5]], "w2": [[1]]}, architecture="mlp(2,1,1; tanh)", degree=3, box=(-100, 100))


@pytest.fixture(scope="module")
def shown():
    weights, notation, _, _ = drawn(1)
    found = nv.approximate(weights, architecture=notation, degree=4)
    within, apart = found.claims["error"], found.claims["error_at_least"]
    return within.on, within.certificate, apart.certificate


def _moved(network):
    name = next(k for k in network.weights if np.asarray(network.weights[k]).ndim == 2)
    return network.with_weights({**network.weights, name: np.asarray(network.weights[name]) * 1.5})


FALSE_BOUNDS = {
    "understated": lambda c: replace(c, error=c.error * (1 - 1e-6)),
    "another network": lambda c: replace(c, subject="0" * 64),
    "a larger box": lambda c: replace(c, high=tuple(2 * v for v in c.high)),
    "a box of another size": lambda c: replace(c, low=c.low[:-1], high=c.high[:-1]) if len(c.low) > 1 else replace(c, low=()),
    "a smaller degree": lambda c: replace(c, degree=c.degree - 1),
    "a layer that is left out": lambda c: replace(c, layers=c.layers[1:]),
    "infinity": lambda c: replace(c, error=math.inf),
    "what is not asked": lambda c: replace(c, key="size"),
    "a polynomial of another interval": lambda c: replace(c, layers=(_elsewhere(c.layers[0]), *c.layers[1:])),
    "a polynomial of another activation": lambda c: replace(c, layers=(_of_sine(), *c.layers[1:])),
}


def _elsewhere(verdict):
    q = verdict.certificate.question
    middle = (float(q.low) + float(q.high)) / 2
    return nv.approximate(activation=q.activation, interval=(middle, float(q.high)), degree=q.degree).claims["error"]


def _of_sine():
    return nv.approximate(activation="sin", interval=(-9, 9), degree=4).claims["error"]


@pytest.mark.parametrize("twin", FALSE_BOUNDS)
def test_false_bounds_of_networks(shown, twin):
    network, within, _ = shown
    issue(within, network)
    with pytest.raises(NotShown):
        issue(FALSE_BOUNDS[twin](within), network)


def test_other_weights(shown):
    network, within, apart = shown
    for certificate in (within, apart):
        with pytest.raises(NotShown):
            issue(certificate, _moved(network))


def test_false_differences(shown):
    network, _, apart = shown
    issue(apart, network)
    outside = tuple(Fraction(3) for _ in apart.point)
    for twin in (
        replace(apart, error=apart.error * (1 + 1e-9)),
        replace(apart, point=outside),
        replace(apart, point=apart.point[:-1]),
        replace(apart, error=math.nan),
        replace(apart, within=nv.approximate(activation="tanh", interval=(-1, 1), degree=2).claims["error"]),
    ):
        with pytest.raises(NotShown):
            issue(twin, network)


def test_what_is_no_chain_of_known_layers():
    for weights, architecture in (
        ({"w1": [[1, 2], [3, 4]], "w2": [[1, 2]]}, "mlp(2,2,1; x^2)"),
        ({"w1": [[[1, 2, 3]]], "w2": [[[1, 2, 3]]]}, "cnn(3,3; x^2)"),
    ):
        with pytest.raises(NotShown):
            smooth_layers(nv.load_network(weights, architecture=architecture))
    found = smooth_layers(nv.load_network({"w1": [[0.5, 2]], "w2": [[1]]}, architecture="mlp(2,1,1; gelu)"))
    assert found.activations == ("gelu",)
    assert found.matrices[0] == [[Fraction(1, 2), 2]]


def test_recheck_of_networks():
    weights, notation, _, _ = drawn(2)
    found = nv.approximate(weights, architecture=notation, degree=3)
    data = found.to_dict(certificates=True)
    assert len(recheck(data).rechecked) == 3
    for key, factor in (("error", 0.5), ("error_at_least", 2.0)):
        other = {**data, "value": {**data["value"], key: factor * found.value[key]}}
        assert key in {k.key for k in recheck(other).refused}


def test_balls_of_networks_hold_floats():
    """The difference at a random input in balls is that in floats."""
    from neurovariety.certificates.network_approximation import differences

    weights, notation, widths, name = drawn(7)
    found = nv.approximate(weights, architecture=notation, degree=5)
    x = np.linspace(-0.9, 0.8, widths[0])
    with taylor(100, 2):
        balls = differences(found.claims["error"].on, [p.quotient for p in found.nearest], [Fraction(v) for v in x])
    near = [polynomial(p.polynomial) for p in found.nearest]
    one, two = output(weights, widths, x, near), output(weights, widths, x, [FLOATS[name]] * (len(widths) - 2))
    np.testing.assert_allclose([float(b.mid()) for b in balls], one - two, atol=1e-10)
