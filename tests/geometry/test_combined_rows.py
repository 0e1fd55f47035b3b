"""Ranks from combinations of many outputs are the ranks of all of them, whether they are full or not."""

from __future__ import annotations

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.errors import ResourceError
from neurovariety.geometry.exact import generic_rank as ranks
from neurovariety.geometry.exact import span
from neurovariety.geometry.exact.output_groups import Groups
from neurovariety.geometry.exact.points import draw_point, rank_error
from neurovariety.randomness import generator


def facts(model, monkeypatch, least):
    monkeypatch.setattr(ranks, "_COMBINE_FROM", least)
    monkeypatch.setattr(span, "_COMBINE_FROM", least)
    p, point = draw_point(model, generator(0, "tests.rank"))
    trial = ranks.generic_rank(model, p, point, model.parameters)
    p, point = draw_point(model, generator(0, "tests.span"))
    return trial, [span.span_rank(model, p, point, k) for k in (5, 50)]


@pytest.mark.parametrize(
    "notation",
    ["cnn(3,2; x^2; channels=1,2,2; outputs=20)", "attention(3,3; a=2; t=6)", "linear(6,3,30)", "gnn(path(9); 1,2,2; x^2)"],
)
def test_the_rank_does_not_change(notation, monkeypatch):
    """None of these ranks is the number of parameters, so that dense combinations follow the groups."""
    model = nv.as_model(notation)
    (all_rows, spans), (combined, again) = (facts(model, monkeypatch, least) for least in (2**60, 0))
    assert all_rows.combined is None
    assert combined.combined is not None
    assert combined.rank == all_rows.rank < model.parameters
    assert combined.saturated
    assert all_rows.saturated
    assert combined.inputs * combined.combined < 2 * (model.parameters + 2) + combined.inputs
    assert spans == again
    plain = rank_error(model, combined.rank, True)
    assert plain < rank_error(model, combined.rank, True, combined=True) <= 2 * plain + 1e-5


def test_a_full_rank_needs_hardly_more_rows(monkeypatch):
    model = nv.as_model("attention(3,3; a=2; t=6)")
    rank = facts(model, monkeypatch, 0)[0].rank
    p, point = draw_point(model, generator(0, "tests.rank"))
    quick = ranks.generic_rank(model, p, point, rank)
    assert quick.rank == rank
    assert quick.combined is not None
    assert rank <= quick.inputs * quick.combined <= rank + 2 + quick.inputs


@pytest.mark.parametrize("outputs", [7, 8, 9, 23])
def test_groups(outputs):
    model = nv.as_model("linear(2,2)")
    _, point = draw_point(model, generator(0, "tests.groups"))
    groups = Groups.draw(point, outputs, 4)
    matrix = groups.matrix()
    assert np.array_equal((matrix != 0).sum(axis=0), np.ones(outputs))
    assert (matrix != 0).sum(axis=1).max() <= -(-outputs // 4)
    values = point.ring.random((5, outputs), point.rng)
    assert np.array_equal(groups.of(values), point.ring.matmul(values, np.ascontiguousarray(matrix.T)))


def test_a_large_convolution_needs_little_memory():
    """Every output of every sample as a row would be 27,648 rows and 11 GiB on the way."""
    found = nv.dimension("cnn(3x3,3x3; x^2; channels=1,8,16; input=28x28)", memory_limit=2**29)
    assert found.value == 1216
    assert found.claim is nv.Claim.PROVED
    with pytest.raises(ResourceError, match="needs about"):
        nv.dimension("cnn(3x3,3x3; x^2; channels=1,8,16; input=28x28)", memory_limit=2**20)
