"""Equinox and Flax through their jaxpr, plain weights with a notation: each against the function itself."""

from __future__ import annotations

import warnings
from fractions import Fraction

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import neurovariety as nv

KEY = jax.random.PRNGKey(3)


def agrees(network, function, shape, seed=4):
    x = np.random.default_rng(seed).normal(size=(3, *shape)).astype(np.float32)
    expected = np.stack([np.asarray(function(jnp.asarray(v))) for v in x])
    found = network.evaluate(x)
    return found.shape == expected.shape and np.max(np.abs(found - expected)) <= 2e-5 * max(1, np.max(np.abs(expected)))


ACTIVATIONS = {
    "relu": jax.nn.relu,
    "relu6": jax.nn.relu6,
    "leaky_relu": jax.nn.leaky_relu,
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "abs": jnp.abs,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "polynomial": lambda x: x**3 / 3 + x * x,
    "rational": lambda x: x / (1 + x**2),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_equinox_activations(name):
    module = eqx.nn.MLP(2, 2, 3, 1, activation=ACTIVATIONS[name], key=KEY)
    network = nv.load_network(module, example=(2,))
    assert [n.attributes.get("function", n.kind) for n in network.nodes] == ["input", "linear", name, "linear"]
    assert set(network.trained) == {f"layers.{k}.{part}" for k in (0, 1) for part in ("weight", "bias")}
    assert agrees(network, module, (2,))


def test_gelu_by_tanh():
    module = eqx.nn.MLP(2, 2, 3, 1, activation=jax.nn.gelu, key=KEY)
    assert nv.load_network(module, example=(2,)).nodes[2].attributes == {"function": "gelu", "approximate": "tanh"}


def test_constants_are_exact():
    network = nv.load_network(eqx.nn.MLP(2, 2, 3, 1, activation=ACTIVATIONS["polynomial"], key=KEY), example=(2,))
    assert network.nodes[2].attributes["coefficients"] == (0, 0, 1, Fraction(1, 3))
    assert nv.dimension(network.as_model()).value == nv.dimension("mlp(2,3,2; 1/3*x^3 + x^2; bias)").value


def test_equinox_convolutions():
    module = eqx.nn.Sequential(
        [
            eqx.nn.Conv2d(2, 4, 3, groups=2, padding=1, key=KEY),
            eqx.nn.Lambda(jax.nn.relu),
            eqx.nn.AvgPool2d(2, 2),
            eqx.nn.MaxPool2d(2, 1),
            eqx.nn.Lambda(jnp.ravel),
            eqx.nn.Linear(4, 2, key=KEY),
        ]
    )
    network = nv.load_network(module, example=(2, 4, 4))
    assert {"conv", "average_pool", "max_pool", "linear"} <= {n.kind for n in network.nodes}
    assert agrees(network, module, (2, 4, 4))


class Attention(eqx.Module):
    """Linear attention with a skip connection and a mean over tokens."""

    query: eqx.nn.Linear
    value: jax.Array

    def __call__(self, x):
        q = jax.vmap(self.query)(x)
        return jnp.mean((q @ x.T) @ (x @ self.value) + x, axis=0)


def test_equinox_attention():
    module = Attention(eqx.nn.Linear(3, 3, key=KEY), jax.random.normal(KEY, (3, 3)))
    network = nv.load_network(module, example=np.zeros((4, 3)))
    assert network.trained == ("query.bias", "query.weight", "value")
    assert sum(n.kind == "linear" for n in network.nodes) == 2
    assert agrees(network, module, (4, 3))
    x = np.random.default_rng(0).integers(-3, 4, size=(1, 4, 3))
    assert np.allclose(network.evaluate_exact(x).astype(float), network.evaluate(x))


def test_flax_linen():
    linen = pytest.importorskip("flax.linen")

    class Model(linen.Module):
        @linen.compact
        def __call__(self, x):
            x = linen.Conv(3, (3, 3))(x)
            x = linen.relu(linen.BatchNorm(use_running_average=True)(x))
            x = linen.avg_pool(x, (2, 2), (2, 2)).reshape(-1)
            return linen.Dense(2)(x)

    model = Model()
    variables = model.init(KEY, jnp.zeros((4, 4, 1)))
    function = jax.tree_util.Partial(model.apply, variables)
    network = nv.load_network(function, example=(4, 4, 1))
    assert network.parameters == sum(v.size for v in jax.tree_util.tree_leaves(variables["params"]))
    assert "Conv_0.kernel" in network.trained
    assert agrees(network, function, (4, 4, 1))


def test_flax_nnx():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nnx = pytest.importorskip("flax.nnx")
        module = nnx.Sequential(nnx.Linear(2, 3, rngs=nnx.Rngs(0)), jnp.square, nnx.Linear(3, 1, rngs=nnx.Rngs(1)))
        network = nv.load_network(module, example=(2,))
    assert [n.kind for n in network.nodes] == ["input", "linear", "activation", "linear"]
    assert network.parameters == 13
    assert agrees(network, module, (2,))


def test_written_from_jax(tmp_path):
    module = eqx.nn.MLP(2, 2, 3, 1, activation=jax.nn.silu, key=KEY)
    network = nv.load_network(module, example=(2,))
    nv.write_network(network, tmp_path / "a.npz")
    x = np.ones((1, 2))
    assert np.array_equal(nv.load_network(tmp_path / "a.npz").evaluate(x), network.evaluate(x))


@pytest.mark.parametrize(
    ("function", "example", "message"),
    [
        (lambda x: x, (2,), "holds no arrays"),
        (eqx.nn.Linear(2, 2, key=KEY), None, "give example="),
        (eqx.nn.Linear(2, 2, key=KEY), (3,), "cannot be traced"),
        (eqx.nn.Sequential([eqx.nn.Linear(2, 2, key=KEY), eqx.nn.Lambda(jax.nn.softmax)]), (2,), "^the function: the operation"),
        *(
            (eqx.nn.Sequential([eqx.nn.Linear(2, 2, key=KEY), eqx.nn.Lambda(lambda x, k=kind: x.astype(k))]), (2,), f"rounds to {kind}")
            for kind in ("int32", "float16", "bfloat16", "bool")
        ),
        (eqx.nn.Sequential([eqx.nn.Linear(2, 2, key=KEY), eqx.nn.Lambda(jnp.sort)]), (2,), "operation sort is not supported"),
    ],
)
def test_refused_functions(function, example, message):
    with pytest.raises(nv.InputError, match=message):
        nv.load_network(function, example=example)


def arrays(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return {f"w{k}": rng.normal(size=s) for k, s in enumerate(shapes)}


@pytest.mark.parametrize(
    ("architecture", "shapes"),
    [
        ("mlp(2,3,1; x^3 + 1/3*x)", [(3, 2), (1, 3)]),
        ("mlp(2,3,2; 1/x; bias)", [(3, 2), (3,), (2, 3), (2,)]),
        ("linear(3,2,4)", [(2, 3), (4, 2)]),
        ("cnn(3,2; x^2; channels=1,2,1)", [(2, 1, 3), (1, 2, 2)]),
        ("cnn(2x2,2x1; x^2; channels=2,3,1; input=4x4)", [(3, 2, 2, 2), (1, 3, 2, 1)]),
    ],
)
def test_plain_weights_against_the_architecture(architecture, shapes):
    """The network against the architecture's own function in JAX, and their dimensions."""
    weights = arrays(*shapes)
    network = nv.load_network(weights, architecture=architecture)
    built = nv.parse(architecture)
    blocks = sorted(built.shapes())
    by_rank = sorted(weights, key=lambda k: (weights[k].ndim == 1, k))
    named = dict(zip(sorted(blocks, key=lambda b: (len(built.shapes()[b]) == 1, b)), (weights[k] for k in by_rank), strict=True))
    model = built.model
    with jax.enable_x64(True):
        for x in np.random.default_rng(1).normal(size=(3, *built.input_shape)):
            coefficients = jnp.asarray([float(c) for c in model.coefficients])
            expected = np.asarray(model.function({k: jnp.asarray(v) for k, v in named.items()}, jnp.asarray(x), coefficients))
            assert np.allclose(network.evaluate(x[None])[0], expected, rtol=1e-10)
    assert network.parameters == built.parameters
    assert nv.dimension(network.as_model()).value == nv.dimension(architecture).value


def test_kernels_are_transposed():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(3, 3)), rng.normal(size=(3, 1))
    tree = {"Dense_0": {"kernel": first}, "Dense_1": {"kernel": second}}
    network = nv.load_network(tree, architecture="mlp(3,3,1; x^2)")
    x = rng.normal(size=(2, 3))
    assert np.allclose(network.evaluate(x), (x @ first) ** 2 @ second)


def test_an_activation_by_name(tmp_path):
    weights = arrays((3, 2), (3,), (1, 3), (1,))
    np.savez(tmp_path / "a.npz", **weights)
    network = nv.load_network(tmp_path / "a.npz", architecture="mlp(2,3,1; relu; bias)")
    x = np.random.default_rng(1).normal(size=(5, 2))
    w0, b0, w1, b1 = weights.values()
    assert np.allclose(network.evaluate(x), np.maximum(x @ w0.T + b0, 0) @ w1.T + b1)


@pytest.mark.parametrize(
    ("weights", "architecture", "message"),
    [
        (arrays((3, 2), (1, 3)), None, "give architecture="),
        (arrays((3, 2), (1, 4)), "mlp(2,3,1; x^2)", "layer 2 of .* shape"),
        (arrays((3, 2)), "mlp(2,3,1; x^2)", "has 2 matrices"),
        (arrays((3, 2), (3,), (1, 3)), "mlp(2,3,1; x^2)", "no bias vectors"),
        (arrays((3, 2), (4,), (1, 3), (1,)), "mlp(2,3,1; x^2; bias)", "3 biases"),
        (arrays((3, 2), (1, 3)), "mlp(2,3,1; generic(3))", "is generic"),
        (arrays((3, 2)), "attention(3,2; a=2; t=4)", "through torch or ONNX"),
        ({"a": np.array(["x"])}, "mlp(1,1; x)", "not real numbers"),
        (arrays((2, 3)), "cnn(2,2; x^2)", "2 filters"),
    ],
)
def test_refused_weights(weights, architecture, message):
    with pytest.raises(nv.InputError, match=message):
        nv.load_network(weights, architecture=architecture)


def test_rounding_is_reported():
    weights = {"a": np.array([[Fraction(1, 3), Fraction(1)]], dtype=object), "b": np.array([[Fraction(1, 2)]], dtype=object)}
    network = nv.load_network(weights, architecture="mlp(2,1,1; x^2)")
    from neurovariety.checkpoints.graph.rounding import round_weights

    for dtype in ("float16", "float32", "float64"):
        _, cost = round_weights(network, dtype, [[1.0, 0.0]])
        error = abs(Fraction(float(np.dtype(dtype).type(1 / 3))) - Fraction(1, 3))
        assert (cost.rounded, cost.weight_error, cost.inputs) == (1, error, 1)
        assert cost.function_change == pytest.approx(float(error) / 3, rel=0.01, abs=1e-16)
    assert network.evaluate_exact([[1, 0]])[0, 0] == Fraction(1, 18)
    with pytest.raises(nv.InputError, match="cannot hold"):
        round_weights(network.with_weights({"b": np.array([[10.0**6]])}), "float16")
    with pytest.raises(nv.InputError, match="dtype= is one of"):
        round_weights(network, "int8")


def test_refused_files(tmp_path):
    network = nv.load_network(arrays((3, 2), (1, 3)), architecture="mlp(2,3,1; x^2)")
    with pytest.raises(nv.InputError, match=r"\.onnx, \.pt2 or \.npz"):
        nv.write_network(network, tmp_path / "a.h5")
    with pytest.raises(nv.InputError, match="cannot be written"):
        nv.write_network(network, tmp_path / "absent" / "a.npz")
    with pytest.raises(nv.InputError, match="there is no file"):
        nv.load_network(tmp_path / "absent.onnx")
    (tmp_path / "a.h5").write_bytes(b"x")
    with pytest.raises(nv.InputError, match=r"model of Keras.*onnx"):
        nv.load_network(tmp_path / "a.h5")
    with pytest.raises(nv.InputError, match="got int"):
        nv.load_network(3)
    with pytest.raises(nv.InputError, match=r"inputs have shape \(batch, 2\)"):
        network.evaluate(np.ones(2))
    with pytest.raises(nv.InputError, match="no weight"):
        network.with_weights({"c": 1})
    with pytest.raises(nv.InputError, match="has shape"):
        network.with_weights({"w0": np.ones(3)})
