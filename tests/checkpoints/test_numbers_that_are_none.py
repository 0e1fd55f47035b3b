"""NaN and infinity in a network are refused where it is read, in one sentence that says where.

Operators of a file that hold them are kept as they are."""

from __future__ import annotations

import math
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.checkpoints.graph.partial_network import PartialNetwork

pytest.importorskip("onnxruntime")
from .test_onnx_operators import model, node, why_not_whole

NAN, INF = math.nan, math.inf


def plain(entry, dtype=float):
    return nv.load_network({"a": np.array([[1, entry], [2, 3]], dtype=dtype), "b": [[1, 2]]}, architecture="mlp(2,2,1; x^2)")


@pytest.mark.parametrize("entry", [NAN, INF, -INF])
@pytest.mark.parametrize("dtype", [np.float16, np.float64, object])
def test_a_weight(entry, dtype):
    with pytest.raises(nv.InputError, match=r"the weight 'a' .* no finite real numbers"):
        plain(entry, dtype)
    with pytest.raises(nv.InputError, match="the weight 'b' "):
        plain(0).with_weights({"b": np.array([[1, entry]], dtype=dtype)})


@pytest.mark.parametrize("entry", [NAN, INF])
@pytest.mark.parametrize(
    ("apply", "words"),
    [
        (lambda y, v: y * v, "multiply .*number (nan|inf)"),
        (lambda y, v: v - y, "subtract .*number (nan|inf)"),
        (lambda y, v: y / 0 * v, "divide .*by 0"),
        (lambda y, v: y**v, "pow .*exponent"),
    ],
)
def test_a_number_in_jax(apply, words, entry):
    function = jax.tree_util.Partial(lambda w, x: apply(w @ x, entry), jnp.ones((3, 2)))
    with pytest.raises(nv.InputError, match=words):
        nv.load_network(function, example=(2,))


@pytest.mark.parametrize(
    ("nodes", "arrays", "words"),
    [
        ([node("MatMul", "x w", "y")], {"w": [[NAN], [1.0]]}, "the weight 'w' .*no finite"),
        ([node("Mul", "x w", "y")], {"w": INF}, "the weight 'w' .*no finite"),
        ([node("Div", "x w", "y")], {"w": 0.0}, "divide .*by 0"),
        ([node("Div", "v w", "z"), node("Mul", "x z", "y")], {"v": 1.0, "w": 0.0}, "divide .*by 0"),
        ([node("Div", "x w", "y")], {"w": [0.0, 1.0]}, "divide .*'w' has entries 0"),
        ([node("LeakyRelu", "x", "y", alpha=NAN)], {}, "LeakyRelu .*number nan"),
        ([node("BatchNormalization", "x s s s v", "y")], {"s": [1.0, 1.0], "v": [1.0, -1.0]}, "variance 'v' .*not positive"),
    ],
)
def test_a_number_in_onnx(nodes, arrays, words, tmp_path):
    onnx = pytest.importorskip("onnx")
    file = tmp_path / "n.onnx"
    onnx.save(model(nodes, (2,), {k: np.array(v, dtype=np.float32) for k, v in arrays.items()}), str(file))
    assert re.search(words, why_not_whole(file))


@pytest.mark.parametrize("entry", [NAN, INF])
@pytest.mark.parametrize("name", ["multiply", "full"])
def test_a_number_in_torch(name, entry):
    torch = pytest.importorskip("torch")
    from .sample_modules import Apply

    apply = {
        "multiply": lambda y: y * entry,
        "full": lambda y: y + torch.full((2,), entry),
    }[name]
    with pytest.raises(nv.InputError, match=f"{name} .*(number {entry}|no finite)"):
        nv.load_network(torch.nn.Sequential(torch.nn.Linear(2, 2), Apply(apply)))


@pytest.mark.parametrize("entry", [NAN, INF])
def test_a_slope_in_torch(entry):
    """The module is read in parts: torch's own values of the activation are kept."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnxscript")
    from .sample_modules import Apply

    module = torch.nn.Sequential(torch.nn.Linear(2, 2), Apply(lambda y: torch.nn.functional.leaky_relu(y, entry)))
    found = nv.load_network(module)
    assert isinstance(found, PartialNetwork)
    assert found.opaque


def test_a_variance_of_torch():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    module[1].running_var[1] = -1
    with pytest.raises(nv.InputError, match=r"variance '1.running_var' .*not positive"):
        nv.load_network(module)
