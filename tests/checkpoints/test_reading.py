"""Torch and ONNX: the network computes what torch and onnxruntime compute, also over the rationals and after writing."""

from __future__ import annotations

import pickle
import re
import warnings
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from .sample_modules import EXACT, NAMES, Apply, Cubic, modules  # noqa: E402

SINGLE = 2e-5
"""Relative difference that float32 may make in these small networks; a misread operation makes one of order 1."""


@pytest.fixture(scope="module")
def made():
    return modules()


@pytest.fixture(scope="module")
def networks(made):
    return {name: nv.load_network(module, example=shape) for name, (module, shape) in made.items()}


def inputs(shape, seed=1):
    return np.random.default_rng(seed).normal(size=(4, *shape)).astype(np.float32)


def close(a, b):
    return a.shape == b.shape and np.max(np.abs(a - b)) <= SINGLE * max(1.0, np.max(np.abs(a)))


def by_torch(module, x):
    with torch.no_grad():
        return module(torch.as_tensor(x)).numpy()


def by_onnxruntime(file, x):
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


@pytest.mark.parametrize("name", NAMES)
def test_evaluates_as_torch(name, made, networks):
    module, shape = made[name]
    for seed in (1, 2):
        x = inputs(shape, seed)
        assert close(networks[name].evaluate(x), by_torch(module, x))
    assert networks[name].input_shape == shape
    assert networks[name].parameters == sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", EXACT)
def test_exact_values_are_the_floating_ones(name, networks):
    network = networks[name]
    x = np.random.default_rng(3).integers(-4, 5, size=(1, *network.input_shape)) / 2
    exact = network.evaluate_exact(x)
    assert all(isinstance(v, (Fraction, int)) for v in exact.reshape(-1))
    assert close(exact.astype(np.float64), network.evaluate(x))


def test_an_exact_value_needs_a_rational_function(networks):
    with pytest.raises(nv.InputError, match=r"^1 \(activation\) applies tanh"):
        networks["smooth"].evaluate_exact(np.zeros((1, 3)))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("suffix", ["onnx", "pt2", "npz"])
def test_written_and_read_back(name, suffix, networks, tmp_path):
    network, file = networks[name], tmp_path / f"network.{suffix}"
    rounding = nv.write_network(network, file)
    assert rounding.rounded == 0
    assert rounding.weight_error == 0
    back = nv.load_network(file)
    x = inputs(network.input_shape)
    assert close(back.evaluate(x), network.evaluate(x))
    assert back.parameters == network.parameters
    assert [n.kind for n in back.nodes if n.kind == "linear"] == [n.kind for n in network.nodes if n.kind == "linear"]
    if suffix == "onnx":
        assert close(by_onnxruntime(file, x), network.evaluate(x))
    if suffix == "pt2":
        assert close(by_torch(torch.export.load(file).module(), x), network.evaluate(x))


@pytest.mark.parametrize("name", NAMES)
def test_files_that_torch_exports_to_onnx(name, made, networks, tmp_path):
    """The exporter's own decompositions; onnxruntime is the oracle."""
    pytest.importorskip("onnxscript")
    module, shape = made[name]
    file = tmp_path / "network.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(3, *shape),), str(file), dynamo=True, external_data=False, verbose=False)
    x = np.concatenate([inputs(shape), inputs(shape, 2)])[:3]
    network = nv.load_network(file)
    assert close(network.evaluate(x), by_onnxruntime(file, x))
    assert close(network.evaluate(x), networks[name].evaluate(x))


def test_pt2_files_of_torch(made, networks, tmp_path):
    for name in ("images", "attention"):
        module, shape = made[name]
        for dynamic in (None, ({0: torch.export.Dim("batch")},)):
            program = torch.export.export(module, (torch.zeros(2, *shape),), dynamic_shapes=dynamic)
            torch.export.save(program, tmp_path / "network.pt2")
            x = inputs(shape)
            assert np.array_equal(nv.load_network(tmp_path / "network.pt2").evaluate(x), networks[name].evaluate(x))


def test_to_torch_keeps_the_keys(made, networks):
    for name in ("images", "attention"):
        module, shape = made[name]
        back = nv.to_torch(networks[name])
        state = module.state_dict()
        assert set(back.state_dict()) == set(state)
        x = inputs(shape)
        assert close(by_torch(back, x), by_torch(module, x))
        module.load_state_dict(back.state_dict())
        assert close(by_torch(pickle.loads(pickle.dumps(back)), x), by_torch(module, x))


def test_to_torch_gives_layers_where_the_keys_are_theirs(made, networks):
    plain = nn.Sequential(
        nn.Conv1d(2, 3, 3, padding=1, dtype=torch.float64), nn.BatchNorm1d(3, dtype=torch.float64), nn.LeakyReLU(0.25), nn.AvgPool1d(2),
        nn.Flatten(), nn.Linear(6, 2, bias=False, dtype=torch.float64), nn.Softmax(1),
    ).eval()  # fmt: skip
    assert repr(nv.to_torch(nv.load_network(plain, example=torch.zeros(1, 2, 4, dtype=torch.float64)))) == repr(plain)
    shared = nn.Linear(2, 2)
    twice = nv.to_torch(nv.load_network(nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh()), example=torch.zeros(1, 2)))
    assert not any(isinstance(m, nn.Linear) for m in twice.modules())  # no layer has weights that two operations read
    assert len(twice.state_dict()) == 2
    x = torch.ones(3, 2)
    assert torch.equal(twice(x), shared(shared(x).tanh()).tanh())


def test_a_chain_of_operations_is_one_activation():
    network = nv.load_network(nn.Sequential(nn.Linear(2, 2), Cubic(), nn.Linear(2, 1)))
    assert [n.kind for n in network.nodes] == ["input", "linear", "activation", "linear"]
    assert network.nodes[2].attributes == {"function": "polynomial", "coefficients": (0, 0, 1, 1)}


def test_gelu_and_silu_written_out():
    class Written(nn.Module):
        def forward(self, x):
            gelu = 0.5 * x * (1 + torch.erf(x / 2**0.5))
            cubic = 0.5 * x * (1 + torch.tanh((2 / torch.pi) ** 0.5 * (x + 0.044715 * x**3)))
            return gelu + 2 * cubic + 3 * x * torch.sigmoid(x), x * (1 + torch.erf(x))

    class First(Written):
        def forward(self, x):
            return super().forward(x)[0]

    class Second(Written):  # looks like it and is not
        def forward(self, x):
            return super().forward(x)[1]

    functions = [n.attributes["function"] for n in nv.load_network(First(), example=(2,)).nodes if n.kind == "activation"]
    assert {"gelu", "silu"} <= set(functions)
    assert not {"erf", "tanh", "sigmoid"} & set(functions)
    functions = [n.attributes["function"] for n in nv.load_network(Second(), example=(2,)).nodes if n.kind == "activation"]
    assert "erf" in functions


def test_tied_weights_stay_one_block():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.matrix = nn.Parameter(torch.randn(3, 2))

        def forward(self, x):
            return (x @ self.matrix.T) ** 2 @ self.matrix

    network = nv.load_network(Tied(), example=(2,))
    assert network.trained == ("matrix",)
    assert network.parameters == 6
    model = network.as_model()
    assert model.parameters == 6
    assert model.blocks[0].shape == (3, 2)
    # x -> sum_i (w_i x)^2 w_i is the gradient of a sum of three cubes of linear forms in two variables: all 4 binary cubics
    assert nv.dimension(model).value == 4


@pytest.mark.parametrize(("widths", "layer", "notation"), [((2, 2, 1), Cubic, "x^3 + x^2"), ((2, 3, 2), None, "x^2")])
def test_the_model_of_a_polynomial_network(widths, layer, notation):
    class Square(nn.Module):
        def forward(self, x):
            return x.pow(2)

    a, b, c = widths
    module = nn.Sequential(nn.Linear(a, b, bias=False), (layer or Square)(), nn.Linear(b, c, bias=False))
    network = nv.load_network(module)
    model = network.as_model()
    assert nv.dimension(model).value == nv.dimension(f"mlp({a},{b},{c}; {notation})").value
    from neurovariety.program.interpret import interpret
    from neurovariety.program.of_model import leaves, values_program
    from neurovariety.rings import Rationals

    weights, x = network.flat(), np.array([Fraction(2, 3)] * a, dtype=object)
    exact = np.array([Fraction(v) for v in weights], dtype=object)
    coefficients = np.array(model.coefficients, dtype=object)
    (value,) = interpret(values_program(model), Rationals(), [*leaves(model, exact), x, coefficients])
    assert np.array_equal(value, network.evaluate_exact(x[None])[0])


def test_no_model_of_relu(networks):
    with pytest.raises(nv.InputError, match="relu, which is not a polynomial"):
        networks["kinked"].as_model()
    with pytest.raises(nv.InputError, match=r"^1 \(max_pool\) applies a maximum"):
        nv.load_network(nn.Sequential(nn.Conv2d(1, 1, 2), nn.MaxPool2d(2)), example=(1, 4, 4)).as_model()


class Mixing(nn.Module):
    def forward(self, x):
        return x - x.mean(0)


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (Mixing(), (2,), "axis 0 of a batch"),
        (nn.Conv2d(1, 1, 2), None, "give example="),
        (nn.Linear(3, 2), (2,), "cannot export the module"),
        (nn.BatchNorm1d(2, track_running_stats=False), (2,), "batch"),
    ],
)
def test_refused_modules(module, shape, message):
    with pytest.raises(nv.InputError, match=message):
        nv.load_network(module, example=shape)


@pytest.mark.parametrize(
    "apply",
    [
        lambda y: y / y.shape[0],
        lambda y: y * len(y) ** 0.5,
        lambda y: y.view(7, -1),
        lambda y: y if y.shape[0] > 1 else 2 * y,
        lambda y: y.reshape(y.shape[0], -1)[:7],
    ],
)
def test_the_length_of_the_batch_is_no_part_of_a_network(apply):
    """An export has the length of its own batch in it, as a number."""
    with pytest.raises(nv.InputError, match=r"on a batch of (11|1) than on one of 7") as found:
        nv.load_network(nn.Sequential(nn.Linear(3, 2), Apply(apply)))
    assert "\n" not in str(found.value)


def test_an_exported_length_that_is_open(tmp_path):
    class Mean(nn.Module):
        def forward(self, x):
            return x / x.shape[0]

    program = torch.export.export(Mean(), (torch.zeros(5, 3),), dynamic_shapes=({0: torch.export.Dim("n", min=2)},))
    torch.export.save(program, tmp_path / "a.pt2")
    with pytest.raises(nv.InputError, match="computes with the length of the batch"):
        nv.load_network(tmp_path / "a.pt2")


def test_what_torch_says_of_a_refused_module_is_in_the_sentence(capfd):
    with pytest.raises(nv.InputError, match=r"torch.export cannot export"):
        nv.load_network(nn.Sequential(nn.Linear(3, 2), Apply(lambda y: y.view(11, 13))))
    assert capfd.readouterr().err == ""


def test_the_module_is_left_as_it_was():
    module = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)).train()
    nv.load_network(module)
    assert module.training
    assert module[1].training


def test_refused_onnx_operator(tmp_path):
    nodes = [onnx.helper.make_node("Relu", ["x"], ["h"]), onnx.helper.make_node("LogSoftmax", ["h"], ["y"], name="head/softmax")]
    values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, ["n", 2]) for n in "xy"]
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", values[:1], values[1:])), str(tmp_path / "a.onnx"))
    assert nv.load_network(tmp_path / "a.onnx").why.startswith("head/softmax: the operation LogSoftmax is not supported")


class Hazards(nn.Module):
    """Forms that are easily misread: scaled subtraction in reverse, operations in place, constants, buffers that are not saved."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 3)
        self.relu = nn.ReLU(inplace=True)
        self.register_buffer("hidden", torch.tensor([1.0, -2.0, 0.5]), persistent=False)

    def forward(self, x):
        h = self.layer(x)
        torch.relu_(h)  # the value has its old name afterwards
        h = torch.rsub(h, torch.tensor([2.0, 3.0, 5.0]), alpha=4) + self.hidden
        g = self.relu(self.layer(h))
        g += h
        return torch.sub(1, g, alpha=3) - torch.add(g, x, alpha=-2)


def test_hazards(tmp_path):
    torch.manual_seed(2)
    module = Hazards().eval()
    x = inputs((3,))
    program = torch.export.export(module, (torch.zeros(4, 3),))
    torch.export.save(program, tmp_path / "a.pt2")
    expected = by_torch(module, x)
    for network in (nv.load_network(tmp_path / "a.pt2"), nv.load_network(module)):
        assert close(network.evaluate(x), expected)


class Overwritten(nn.Module):
    def forward(self, x):
        h = x + 1
        v = h.view(-1, 3)
        torch.relu_(h)
        return v


class Aligned(nn.Module):
    """With seven samples the batch of one value would be added along an axis of the other."""

    def forward(self, x):
        return x.sum(2) + x


class VectorTimesMatrix(nn.Module):
    def forward(self, x):
        return x.sum(2) @ x


@pytest.mark.parametrize(
    ("module", "shape", "message"),
    [
        (Overwritten(), (3,), "relu_ is not supported .it overwrites"),
        (Aligned(), (7, 7), "aligns the batch"),
        (VectorTimesMatrix(), (7, 7), "multiplies a vector of each sample"),
        (nn.Sequential(nn.Linear(2, 2), nn.Softplus(threshold=1)), (2,), "threshold=1"),
    ],
)
def test_what_would_mix_samples_or_jump_is_refused(module, shape, message, tmp_path):
    torch.export.save(torch.export.export(module.eval(), (torch.zeros(7, *shape),)), tmp_path / "a.pt2")
    with pytest.raises(nv.InputError, match=message):
        nv.load_network(tmp_path / "a.pt2")


def test_a_weight_along_the_batch_is_refused(tmp_path):
    weight = onnx.numpy_helper.from_array(np.ones((2, 3), dtype=np.float32), "w")
    values = [onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [2, 3]) for n in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Add", ["x", "w"], ["y"], name="sum")], "g", values[:1], values[1:], [weight])
    onnx.save(onnx.helper.make_model(graph), str(tmp_path / "a.onnx"))
    assert re.search(r"^sum .* to the batch axis", nv.load_network(tmp_path / "a.onnx").why)


@pytest.mark.parametrize("seed", range(6))
def test_networks_that_multiply_rounding_are_read(seed):
    """Three to the twelfth times float32's rounding, and for some seeds outputs that are no numbers."""
    torch.manual_seed(seed)
    network = nv.load_network(nn.Sequential(*[part for _ in range(12) for part in (nn.Linear(4, 4), Cubic())]))
    assert len(network.nodes) >= 24


def test_exact_values_that_explode_are_given_up():
    torch.manual_seed(0)
    layers = [part for _ in range(12) for part in (nn.Linear(4, 4), Cubic())]
    network = nv.load_network(nn.Sequential(*layers))
    with pytest.raises(nv.ResourceError, match="more than the limit of 262,144"):
        network.evaluate_exact([[0.1, 0.2, 0.3, 0.4]])


class PolynomialNetwork(nn.Module):
    """Batch norm, a padded convolution, pooling, a skip connection, a constant and a quotient, all algebraic."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 2, 2, padding="same")
        self.norm = nn.BatchNorm2d(2)
        self.last = nn.Linear(8, 2)

    def forward(self, x):
        h = self.norm(self.first(x)) ** 2
        h = F.avg_pool2d(h + x, 2, stride=2)
        return self.last((h / (1 + h * h)).flatten(1)) - 0.1


def test_the_model_computes_the_network(made, networks):
    import jax

    torch.manual_seed(4)
    polynomial = PolynomialNetwork().eval()
    polynomial.norm.running_mean.normal_()
    polynomial.norm.running_var.uniform_(0.5, 2)
    for network in (nv.load_network(polynomial, example=(1, 4, 4)), networks["attention"], networks["pieces"], networks["rational"]):
        model = network.as_model()
        assert model.parameters == network.parameters
        blocks = model.unflatten(network.flat())
        coefficients = np.array([float(c) for c in model.coefficients])
        with jax.enable_x64(True):
            for x in inputs(network.input_shape).astype(np.float64):
                assert np.allclose(model.function(blocks, x, jax.numpy.asarray(coefficients)), network.evaluate(x[None])[0], rtol=1e-9)
