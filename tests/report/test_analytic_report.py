"""Reports of networks with smooth activations: which rows there are, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.beyond.analytic.reading import ANSWERED, read_analytic
from neurovariety.certificates.balls import precision
from neurovariety.certificates.network_values import BALLS, value
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.report.build import report_subject
from neurovariety.report.graph_subject import DEGREES, GraphSubject
from neurovariety.report.page import page

WEIGHTS = {"W1": [["1/2", "1/3"], ["-1", "1/4"]], "b1": ["1/5", 0], "W2": [["1/2", "-1/3"]], "b2": [0]}


def stored(tmp_path, activation):
    path = tmp_path / "network.json"
    path.write_text(json.dumps({"architecture": f"mlp(2,2,1; {activation}; bias)", "weights": WEIGHTS}))
    return path


def test_rows_of_a_notation():
    report = nv.build_report("mlp(2,2,1; tanh; bias)", seed=3)
    assert [r.entry.name for r in report.rows] == list(ANSWERED) == list(report.asked)
    assert all(str(r.result.claim) == "proved" and r.result.provenance.seed == 3 for r in report.rows)
    assert (report.parameters, report.inputs, report.outputs) == (9, 2, 1)
    assert "transcendental" in report.to_dict()["left_out"]
    assert "transcendental" in page(report)
    assert not any("needs data" in said.sentence for said in report.opening)


def test_rows_of_a_trained_network(tmp_path):
    report = nv.build_report(stored(tmp_path, "gelu"))
    assert [r.entry.name for r in report.rows] == [*ANSWERED, *["approximate"] * len(DEGREES)]
    errors = [r.result.value["error"] for r in report.rows[len(ANSWERED) :]]
    assert errors == sorted(errors, reverse=True)
    assert report.rows[0].result.value == 9


def test_layer_normalization_of_the_notation(tmp_path):
    """The rows of its architecture, and quotients of polynomials."""
    report = nv.build_report(stored(tmp_path, "tanh; layernorm"))
    assert [r.entry.name for r in report.rows] == [*ANSWERED, *["approximate"] * len(DEGREES)]
    assert report.rows[0].result.value == nv.dimension("mlp(2,2,1; tanh; layernorm; bias)").value == 5


def chain(kinds, weights):
    """Nodes one after the other: x, linear, ..."""
    nodes = [Node("x", "input")]
    for i, (kind, attributes) in enumerate(kinds):
        nodes.append(Node(f"n{i}", kind, (nodes[-1].name,), {"weight": f"n{i}"} if kind == "linear" else {}, attributes))
    return Network((2,), tuple(nodes), nodes[-1].name, weights)


TANH = ("activation", {"function": "tanh"})
LINEAR = ("linear", {})


def normal(**other):
    return ("standardize", {"axes": (0,), "epsilon": 1e-5, "centred": True} | other)


@pytest.mark.parametrize(
    ("kinds", "is_notation"),
    [
        ([LINEAR, normal(), TANH, LINEAR], True),
        ([LINEAR, normal(), TANH, LINEAR, TANH, LINEAR], False),
        ([LINEAR, normal(epsilon=1e-4), TANH, LINEAR], False),
        ([LINEAR, normal(centred=False), TANH, LINEAR], False),
        ([normal(), LINEAR, normal(), TANH, LINEAR], False),
        ([LINEAR, normal(), normal(), TANH, LINEAR], False),
        ([LINEAR, normal(), TANH, LINEAR, normal()], False),
        ([LINEAR, TANH, LINEAR], True),
        ([LINEAR, ("activation", {"function": "elu", "alpha": 1}), LINEAR], False),
        ([LINEAR, TANH, LINEAR, ("softmax", {"axis": 0})], False),
    ],
)
def test_which_networks_have_rows_of_an_architecture(kinds, is_notation):
    """Another network, such as one that normalizes elsewhere, has another dimension."""
    network = chain(kinds, {f"n{i}": np.eye(2) for i, (kind, _) in enumerate(kinds) if kind == "linear"})
    found = report_subject(network)
    assert isinstance(found, GraphSubject) != is_notation
    assert "architecture" in found.left_out or "this is none: " in found.left_out or is_notation


@pytest.mark.parametrize(
    ("biases", "notation"),
    [((), "mlp(2,2,2; tanh)"), (("n0", "n2"), "mlp(2,2,2; tanh; bias)"), (("n0",), None), (("n2",), None)],
)
def test_biases_that_are_zero_are_parameters(biases, notation):
    """They are those of the file, whatever their values: a layer without has fewer parameters."""
    plain = chain([LINEAR, TANH, LINEAR], {"n0": np.eye(2), "n2": np.eye(2)} | {f"b{name}": np.zeros(2) for name in biases})
    nodes = [replace(n, weights={**n.weights, "bias": f"b{n.name}"}) if n.name in biases else n for n in plain.nodes]
    found = report_subject(replace(plain, nodes=tuple(nodes)))
    assert isinstance(found, GraphSubject) == (notation is None)
    if notation is not None:
        assert found.network.notation == notation


@pytest.mark.parametrize("change", ["shared", "fixed"])
def test_weights_that_do_not_move_by_themselves_are_not_those_of_an_architecture(change):
    free = chain([LINEAR, TANH, LINEAR], {"n0": np.eye(2), "n2": np.eye(2)})
    nodes = tuple(replace(n, weights={"weight": "n0"}) if n.name == "n2" else n for n in free.nodes)
    network = replace(free, nodes=nodes) if change == "shared" else replace(free, fixed=frozenset({"n2"}))
    assert isinstance(report_subject(network), GraphSubject)
    with pytest.raises(nv.InputError, match="share weights" if change == "shared" else "is not trained"):
        nv.critical_point(network, inputs=[[1, 2]], targets=[[1, 2]])


def test_rows_of_another_network():
    """What is redundant, and how near polynomials come; that other entries have no row is said with the reason."""
    network = chain([LINEAR, TANH, LINEAR, TANH], {"n0": np.array([[1, 0.5], [0, 1]]), "n2": np.array([[0.5, 0.25]])})
    report = nv.build_report(network)
    assert [r.entry.name for r in report.rows] == ["diagnose", *["approximate"] * len(DEGREES)]
    assert all(r.result is not None for r in report.rows)
    first = report.opening[0].sentence
    assert "6 parameters; at these weights the function can move" in first
    assert "functional-dimension" not in first


def test_an_activation_that_has_no_polynomials_is_named_in_its_rows():
    report = nv.build_report(
        chain([LINEAR, ("activation", {"function": "elu", "alpha": 2}), LINEAR], {"n0": np.eye(2), "n2": np.eye(2)})
    )
    assert report.rows[0].result is not None
    assert all("elu with alpha 2 is not known" in r.problem for r in report.rows[1:])


def test_products_of_several_matrices():
    """np.matmul of several matrices of objects goes on where a product raises, and then Python has no exception to tell."""
    nodes = (
        Node("x", "input"),
        Node("h", "reshape", ("x",), {}, {"shape": (2, 2, 1)}),
        Node("s", "matmul", ("h", "h"), {}, {"transpose": (False, True)}),
        Node("p", "softmax", ("s",), {}, {"axis": 2}),
        Node("y", "reshape", ("p",), {}, {"shape": (8,)}),
        Node("o", "linear", ("y",), {"weight": "o"}),
    )
    network = Network((4,), nodes, "o", {"o": np.arange(16.0).reshape(2, 8)})
    with pytest.raises(nv.InputError, match="multiplied with each other"):
        nv.regions(network)
    assert isinstance(report_subject(network), GraphSubject)
    point = [Fraction(1, 3), Fraction(-2), Fraction(1, 2), Fraction(3)]
    with precision(100):
        shown = value(network, point, BALLS)
    np.testing.assert_allclose([float(v.mid()) for v in shown], network.evaluate(np.array([point], dtype=float))[0], rtol=1e-12)


def test_attention():
    report = nv.build_report("attention(2,1; a=1; t=2; softmax)")
    assert report.rows[0].result.value == 5
    assert (report.inputs, report.outputs) == (4, 2)
    assert "softmax" in report.left_out
    assert "linear(2,1)" in nv.build_report("attention(2,1; a=1; t=1; softmax)").left_out


def test_entries_that_answer_are_those_that_are_named():
    """No other entry takes such a notation."""
    network = "mlp(1,1,1; tanh)"
    assert read_analytic(network) is not None
    for entry in ENTRIES:
        if entry.name in ANSWERED:
            assert entry.load()(network).value is not None
    assert all(find(name) is not None for name in ANSWERED)


def test_what_is_refused(tmp_path):
    from neurovariety import examples

    x, doubled = Node("x", "input"), Node("a", "linear", ("x",), {"weight": "a"})
    with pytest.raises(nv.InputError, match="made of one that is not algebraic"):
        nv.build_report(Network((2,), (x, doubled), "a", {"a": np.eye(2)}))
    with pytest.raises(nv.DataError, match="leave out --data"):
        nv.build_report(stored(tmp_path, "elu"), examples.trees())
    with pytest.raises(nv.InputError, match="leave out --data"):
        nv.build_report("mlp(2,2,1; tanh)", examples.trees())
    with pytest.raises(nv.InputError, match=r"nowhere\.json"):
        nv.build_report(tmp_path / "nowhere.json")
