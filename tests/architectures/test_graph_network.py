"""Graph networks with a fixed graph: functions against the definition, symmetries, and every theorem against exact ranks."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety import parse
from neurovariety.architectures.reading.graphs import SimpleGraph
from neurovariety.architectures.reading.sections import Sections
from neurovariety.program.group_actions import is_invariant

ARCHITECTURES = [
    "gnn(path(3); 2,3,1; x^2)",
    "gnn(path(2); 1,1,1; x^2)",
    "gnn(cycle(4); 1,2,1; x^2)",
    "gnn(cycle(4); 1,2,1; x^2; pool)",
    "gnn(complete(3); 2,2,1; x^3; pool)",
    "gnn(star(4); 1,2,2; x^2 + x)",
    "gnn(edges(0-1,0-2,1-2,2-3); 1,2,1; x^2)",
    "gnn(path(1); 2,3,2; x^2)",
    "gnn(path(3); 2,3)",
    "gnn(path(4); 1,1)",
    "gnn(complete(3); 2,2,2; x)",
    "gnn(path(3); 1,3,1; x)",
    "gnn(path(3); 2,1,2; x)",
    "gnn(star(4); 2,1,2; x; pool)",
    "gnn(cycle(3); 1,2,2,1; x^2)",
    "gnn(path(2); 1,2,1; 1/x)",
    "gnn(path(3); 2,2,1; 1/3*x^2)",
    "gnn(path(3); 1,1,1,1; x, x^2)",
]


def adjacency(text):
    """The matrix of a graph, from the description of its kind."""
    kind, inside = text.rstrip(")").split("(")
    if kind == "edges":
        pairs = [tuple(map(int, e.split("-"))) for e in inside.split(",")]
        n = max(map(max, pairs)) + 1
    else:
        n = int(inside)
        pairs = {
            "path": [(i, i + 1) for i in range(n - 1)],
            "cycle": [(i, (i + 1) % n) for i in range(n)],
            "complete": list(itertools.combinations(range(n), 2)),
            "star": [(0, i) for i in range(1, n)],
        }[kind]
    a = np.zeros((n, n))
    for i, j in pairs:
        a[i, j] = a[j, i] = 1
    return a


def read(text):
    return SimpleGraph.read(Sections.of(text, text, "path(3)", str))


@pytest.mark.parametrize("text", ["path(1)", "path(4)", "cycle(3)", "cycle(5)", "complete(4)", "star(4)", "edges(0-1,1-2,0-2,2-3)"])
def test_graphs(text):
    graph = read(text)
    assert np.array_equal(graph.adjacency, adjacency(text))
    assert read(str(graph)) == graph
    values = np.linalg.eigvalsh(adjacency(text))
    assert graph.eigenvalues() == len(np.unique(values.round(6)))
    ones = np.ones(graph.nodes)
    powers = np.stack([np.linalg.matrix_power(adjacency(text), k) @ ones for k in range(graph.nodes)])
    assert graph.main_eigenvalues() == np.linalg.matrix_rank(powers)


@pytest.mark.parametrize("text", ARCHITECTURES)
def test_function(text):
    """Vertex by vertex: own features times U, neighbours' features times V."""
    a = parse(text)
    rng = np.random.default_rng(5)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    x = rng.standard_normal(a.input_shape)
    matrix = adjacency(str(a.graph))
    h = x
    for l in range(1, a.layers + 1):
        u, v = w[f"U{l}"], w[f"V{l}"]
        out = np.zeros((len(u), a.graph.nodes))
        for i in range(a.graph.nodes):
            out[:, i] = u @ h[:, i] + sum((v @ h[:, j] for j in range(a.graph.nodes) if matrix[i, j]), start=np.zeros(len(v)))
        h = out
        if l < a.layers:
            act = a.activations[l - 1]
            with jax.enable_x64(True):
                h = np.asarray(act.apply(jax.numpy.asarray(h), np.asarray([float(c) for c in act.inexact_coefficients])))
    expected = h.sum(axis=1) if a.pool else h
    given = np.asarray([float(c) for c in a.coefficients()])
    with jax.enable_x64(True):
        found = np.asarray(a.apply({k: jax.numpy.asarray(m) for k, m in w.items()}, jax.numpy.asarray(x), given))
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("text", ARCHITECTURES)
def test_notation_symmetries_and_theorems(text):
    a = parse(text)
    assert parse(repr(a)) == a
    assert all(is_invariant(a.model, s) for s in a.symmetries())
    computed = nv.dimension(text, route="computed")
    for theorem in a.theorems():
        if theorem.quantity == "dimension":
            assert theorem.value == computed.value, theorem
        elif theorem.quantity == "dimension at most":
            assert theorem.value >= computed.value, theorem
        else:
            span = nv.ambient(text).value
            assert theorem.value == span if theorem.quantity == "ambient" else theorem.value >= span


def test_linear_theorems_hold_for_many_sizes():
    """Dimension and span of linear graph networks against exact ranks, every graph with few and with many eigenvalues."""
    held = 0
    for graph in ("path(2)", "path(3)", "complete(3)", "star(4)", "cycle(4)", "path(4)"):
        for widths, pool in itertools.product(["1,1", "2,1", "1,2,1", "2,1,2", "2,2,1"], ("", "; pool")):
            act = "; x" if widths.count(",") > 1 else ""
            text = f"gnn({graph}; {widths}{act}{pool})"
            computed = nv.dimension(text, route="computed").value
            for theorem in parse(text).theorems():
                if theorem.quantity == "dimension":
                    assert theorem.value == computed, text
                    held += 1
                elif theorem.quantity == "dimension at most":
                    assert theorem.value >= computed, text
    assert held >= 40


def test_a_graph_without_edges_is_a_perceptron():
    for widths in ("2,3,1", "2,2,2", "3,2,1"):
        assert nv.dimension(f"gnn(path(1); {widths}; x^2)").value == nv.dimension(f"mlp({widths}; x^2)").value


def test_equivariance_under_automorphisms():
    """Turning a cycle turns the output; pooled, it changes nothing."""
    rng = np.random.default_rng(3)
    for pool in ("", "; pool"):
        a = parse(f"gnn(cycle(5); 2,3,1; x^2{pool})")
        w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
        x = rng.standard_normal(a.input_shape)
        with jax.enable_x64(True):
            plain, turned = (np.asarray(a.apply(w, jax.numpy.asarray(v), np.zeros(0))) for v in (x, np.roll(x, 1, axis=1)))
        np.testing.assert_allclose(turned, plain if pool else np.roll(plain, 1, axis=1), rtol=1e-8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("gnn(path(3))", "widths"),
        ("gnn(path(0); 1,1)", "vert"),
        ("gnn(wheel(3); 1,1)", "graph"),
        ("gnn(cycle(2); 1,1)", "cycle"),
        ("gnn(edges(0-0); 1,1)", "edge"),
        ("gnn(edges(0-x); 1,1)", "edge"),
        ("gnn(path(3); 1,2,1)", "activation"),
        ("gnn(path(3); 1,2,1; x^2; x^3)", "takes a graph"),
        ("gnn(path(3); 0,1)", "positive"),
        ("gnn(path(3); 1,2,1; relu)", "wall"),
    ],
)
def test_bad_input_is_one_sentence(text, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
