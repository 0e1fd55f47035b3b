"""Random architectures of every family: what must hold of every dimension. Fifty a family: the campaign `architectures`."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from campaign import size
from dictionary.strategies import FAMILIES
from neurovariety import MLP, Linear, dimension, parse
from neurovariety.geometry.exact.generic_rank import rank_at
from neurovariety.geometry.exact.points import Point, draw_point
from neurovariety.geometry.exact.stated_symmetries import field_matrix, stated_symmetries
from neurovariety.linear_algebra import matmul_mod, rank, reduce_mod
from neurovariety.program.of_model import jacobian_rows
from neurovariety.randomness import generator
from neurovariety.symmetry import Kind

per_family = pytest.mark.parametrize("family", FAMILIES)


def _point(model, seed=1):
    p, point = draw_point(model, generator(seed, "test"))
    return p, point, point.inputs(model, model.parameters + 2)


@per_family
@settings(max_examples=size(4, 50))
@given(data=st.data())
def test_dimension_of_random_architectures(family, data):
    notation = data.draw(FAMILIES[family])
    architecture = parse(notation)
    assert parse(repr(architecture)) == architecture
    model = architecture.model
    first, second = dimension(notation, seed=1), dimension(notation, seed=2, route="computed")
    assert first.value == second.value, "independent of seed, prime and route"
    stated = first.evidence["symmetry_rank"]
    assert first.value <= model.parameters - stated
    assert first.value <= first.evidence["ambient_at_least"]
    if first.evidence["ambient"] is not None:
        assert first.value <= first.evidence["ambient"]
        assert first.evidence["filling"] == (first.value == first.evidence["ambient"])
    assert first.evidence["defect"] == first.evidence["expected"] - first.value >= 0

    p, point, inputs = _point(model)
    actions = stated_symmetries(model, p, point).proved
    assert len(actions) == len(model.symmetries), "every stated symmetry is proved"
    fields = field_matrix(model, tuple(a for a in actions if not a.finite), point.weights, p)
    j = jacobian_rows(model, point.ring, point.weights, inputs, point.coefficients)
    assert not np.any(matmul_mod(j, np.ascontiguousarray(fields.T), p)), "symmetry directions lie in the kernel of J"
    assert rank(fields, p) >= stated - 1

    for action in actions:
        moved = _moved(model, action, point, p)
        assert rank_at(model, p, Point(point.ring, moved, point.coefficients, point.rng), inputs)[0] == rank(j, p)


def _moved(model, action, point, p):
    """The weights after a random permutation or rescaling of the action's axes (a diagonal matrix of a general linear group)."""
    rng = np.random.default_rng(5)
    blocks = {k: v.copy() for k, v in model.unflatten(point.weights).items()}
    order = rng.permutation(action.size)
    scale = [int(c) for c in rng.integers(2, p - 1, size=action.size)]
    for block, axis, weight in action.axes:
        values = blocks[block]
        if action.kind is Kind.PERMUTATION:
            blocks[block] = np.take(values, order, axis=axis)
            continue
        factors = np.array([pow(c, weight % (p - 1), p) for c in scale], dtype=float)
        shape = [1] * values.ndim
        if axis is not None:
            shape[axis] = action.size
        blocks[block] = reduce_mod(values * reduce_mod(factors, p).reshape(shape if axis is not None else [1] * values.ndim), p)
    return model.flatten(blocks)


@settings(max_examples=size(6, 50))
@given(data=st.data(), family=st.sampled_from(["linear", "mlp"]))
def test_monotone_in_each_hidden_width(data, family):
    architecture = parse(data.draw(FAMILIES[family]))
    # Two draws of generic coefficients are two models.
    assume(not isinstance(architecture, MLP) or not any(a.is_generic for a in architecture.activations))
    for k in range(1, len(architecture.widths) - 1):
        wider = dataclasses.replace(architecture, widths=tuple(w + (i == k) for i, w in enumerate(architecture.widths)))
        assert isinstance(wider, (MLP, Linear))
        assert dimension(wider).value >= dimension(architecture).value


@settings(max_examples=size(5, 50))
@given(data=st.data())
def test_more_channels_heads_or_features_never_lower_the_dimension(data):
    notation = data.draw(FAMILIES["attention"])
    architecture = parse(notation)
    more = dataclasses.replace(architecture, heads=architecture.heads + 1)
    assert dimension(more).value >= dimension(architecture).value
    convolution = parse(data.draw(FAMILIES["cnn"]))
    for k in range(1, len(convolution.channels) - 1):
        channels = tuple(c + (i == k) for i, c in enumerate(convolution.channels))
        assert dimension(dataclasses.replace(convolution, channels=channels)).value >= dimension(convolution).value
