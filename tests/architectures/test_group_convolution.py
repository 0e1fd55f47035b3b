"""Group convolutions: groups, functions against the definition, symmetries, and every theorem against exact ranks."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

import neurovariety as nv
from neurovariety import Claim, parse
from neurovariety.architectures.reading.groups import Group
from neurovariety.architectures.reading.sections import Sections
from neurovariety.program.group_actions import is_invariant

GROUPS = [
    "cyclic(1)",
    "cyclic(2)",
    "cyclic(5)",
    "dihedral(3)",
    "dihedral(4)",
    "symmetric(3)",
    "klein()",
    "cyclic(2)xcyclic(3)",
    "symmetric(4)",
]


def read(text):
    return Group.read(Sections.of(text, text, "cyclic(4)", str))


@pytest.mark.parametrize("text", [*GROUPS, "klein()xcyclic(2)", "dihedral(1)"])
def test_groups(text):
    """Associative, 0 neutral, every row and column a permutation; products of factors have the product of the orders."""
    group = read(text)
    t, n = group.table, group.order
    assert t.shape == (n, n)
    assert np.array_equal(t[t[:, :, None], np.arange(n)], t[np.arange(n)[:, None, None], t[None, :, :]])
    assert np.array_equal(t[0], np.arange(n))
    assert np.array_equal(t[:, 0], np.arange(n))
    assert all(np.array_equal(np.sort(row), np.arange(n)) for row in (*t, *t.T))
    assert read(str(group)) == group


def test_orders_and_commutativity():
    found = {text: read(text) for text in GROUPS}
    assert [g.order for g in found.values()] == [1, 2, 5, 6, 8, 6, 4, 6, 24]
    assert [bool(np.array_equal(g.table, g.table.T)) for g in found.values()] == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
        True,
        False,
    ]
    # a dihedral group has n reflections of order two besides the rotations; the symmetric group on 3 letters is the dihedral one
    involutions = {text: int(np.sum(np.diag(g.table) == 0)) - 1 for text, g in found.items()}
    assert involutions["dihedral(4)"] == 5
    assert involutions["dihedral(3)"] == involutions["symmetric(3)"] == 3
    assert involutions["symmetric(4)"] == 9
    assert involutions["klein()"] == 3


def by_definition(a, w, x):
    """Layer by layer: (w * h)(g) = sum over k of w(k) h(k^-1 g), summed over channels, then the activation."""
    t = a.group.table
    n = a.group.order
    inverse = [int(np.flatnonzero(t[k] == 0)[0]) for k in range(n)]
    h = x.reshape(a.channels[0], n)
    for l, filters in enumerate(w.values(), start=1):
        out = np.zeros((a.channels[l], n))
        for o, i, k, g in itertools.product(range(a.channels[l]), range(a.channels[l - 1]), range(n), range(n)):
            out[o, g] += filters[o, i, k] * h[i, t[inverse[k], g]]
        h = out
        if l < a.layers:
            with jax.enable_x64(True):
                given = np.asarray([float(c) for c in a.activations[l - 1].inexact_coefficients])
                h = np.asarray(a.activations[l - 1].apply(jax.numpy.asarray(h), given))
    return h.reshape(-1) if a.channels[-1] == 1 else h


ARCHITECTURES = [
    "groupconv(cyclic(4); layers=2; x^2)",
    "groupconv(symmetric(3); layers=2; x^3)",
    "groupconv(dihedral(4); layers=3; x^2)",
    "groupconv(klein(); layers=2; x^2 + x)",
    "groupconv(symmetric(3); channels=2,3,2; x^2)",
    "groupconv(cyclic(3); channels=1,2,1; x)",
    "groupconv(dihedral(3); channels=2,1,2; x)",
    "groupconv(cyclic(2)xcyclic(2); channels=1,2,2,1; x^2, x^3)",
    "groupconv(cyclic(1); layers=3; x^2)",
    "groupconv(cyclic(3); layers=1)",
    "groupconv(symmetric(3); layers=2; 1/x)",
    "groupconv(cyclic(5); layers=2; 1/3*x^2)",
    "groupconv(cyclic(2); layers=4; x^2)",
    "groupconv(cyclic(3); layers=3; x^2, x)",
    "groupconv(cyclic(3); channels=3,2)",
    "groupconv(symmetric(3); layers=3; x, x^2)",
]


@pytest.mark.parametrize("text", ARCHITECTURES)
def test_function(text):
    a = parse(text)
    rng = np.random.default_rng(5)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    x = rng.standard_normal(a.input_shape)
    given = np.asarray([float(c) for c in a.coefficients()])
    with jax.enable_x64(True):
        found = np.asarray(a.apply({k: jax.numpy.asarray(v) for k, v in w.items()}, jax.numpy.asarray(x), given))
    np.testing.assert_allclose(found, by_definition(a, w, x), rtol=1e-8)


@pytest.mark.parametrize("text", ARCHITECTURES)
def test_notation_symmetries_and_theorems(text):
    a = parse(text)
    assert parse(repr(a)) == a
    assert all(is_invariant(a.model, s) for s in a.symmetries())
    computed = nv.dimension(text, route="computed")
    for theorem in a.theorems():
        if theorem.quantity == "dimension":
            assert theorem.value == computed.value, theorem
        elif theorem.quantity == "ambient":
            assert theorem.value == nv.ambient(text).value


@pytest.mark.parametrize("group", GROUPS[:-1])
@pytest.mark.parametrize("exponent", [2, 3])
def test_dimension_depends_on_depth_and_order_only(group, exponent):
    """Hendi, Persson, Larfors, arXiv:2603.29566: L (|G| - 1) + 1 for one channel."""
    n = read(group).order
    for layers in (1, 2, 3):
        act = f"; x^{exponent}" if layers > 1 else ""
        found = nv.dimension(f"groupconv({group}; layers={layers}{act})", route="computed")
        assert found.value == layers * (n - 1) + 1
        assert nv.dimension(f"groupconv({group}; layers={layers}{act})").claim is Claim.PROVED


def test_equivariance():
    """Shifting the input by a group element from the right shifts the output."""
    a = parse("groupconv(symmetric(3); layers=2; x^2)")
    rng = np.random.default_rng(2)
    w = {name: rng.standard_normal(shape) for name, shape in a.shapes().items()}
    x = rng.standard_normal(a.input_shape)
    with jax.enable_x64(True):
        for k in range(6):
            shift = a.group.table[:, k]
            moved = np.asarray(a.apply(w, jax.numpy.asarray(x[shift]), np.zeros(0)))
            np.testing.assert_allclose(moved, np.asarray(a.apply(w, jax.numpy.asarray(x), np.zeros(0)))[shift], rtol=1e-8)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("groupconv()", "group"),
        ("groupconv(4; layers=2; x^2)", "cannot read the group"),
        ("groupconv(cyclic(0); layers=2; x^2)", "positive"),
        ("groupconv(symmetric(9); layers=2; x^2)", "too many elements"),
        ("groupconv(cyclic(4); layers=2)", "activation"),
        ("groupconv(cyclic(4); layers=2; channels=1,1; x^2)", "does not fit"),
        ("groupconv(cyclic(4); channels=3; x^2)", "at least 2"),
        ("groupconv(cyclic(4); layers=0; x^2)", "outside"),
        ("groupconv(cyclic(4)xcyclic(99); layers=2; x^2)", "more than the limit"),
        ("groupconv(klein(3); layers=2; x^2)", "no number"),
    ],
)
def test_bad_input_is_one_sentence(text, words):
    with pytest.raises(nv.NotationError, match=words) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
