"""Networks on the plane through three inputs: the values of the network there, its regions, and the picture of a classifier."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.beyond.piecewise.region_pictures import _border
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node

from .test_regions import drawn, network


def on_plane(three, s, t):
    p, q, r = (np.array(v, dtype=object) for v in three)
    return p + s * (q - p) + t * (r - p)


def test_values_are_those_of_the_network_exactly():
    source = network(drawn((4, 3, 2, 2), np.random.default_rng(0), "plain"))
    three = [[Fraction(1, 3), 0, 1, 2], [0, Fraction(-1, 7), 2, 2], [1, 1, 1, Fraction(5, 2)]]
    found = nv.plane_slice(source, three)
    places = [(Fraction(a, 3), Fraction(b, 5)) for a in range(-3, 4) for b in (-2, 0, 7)]
    there = np.stack([on_plane(three, s, t) for s, t in places])
    assert (found.evaluate_exact(np.array(places, dtype=object)) == source.evaluate_exact(there)).all()
    counted = nv.regions(found)
    assert counted.claim is nv.Claim.PROVED
    assert sum(counted.value["class_components"].values()) >= 1


def test_inputs_of_another_shape():
    weights = {"w": np.array([[1.0, 2.0, 3.0, 4.0], [1.0, -1.0, 0.0, 1.0]])}
    nodes = (
        Node("plane", "input"),
        Node("flat", "reshape", ("plane",), {}, {"shape": (4,)}),
        Node("read", "linear", ("flat",), {"weight": "w"}),
        Node("bent", "activation", ("read",), {}, {"function": "relu"}),
    )
    source = Network((2, 2), nodes, "bent", weights)
    three = np.array([[[0, 0], [0, 0]], [[1, 0], [0, 0]], [[0, 1], [1, 0]]])
    found = nv.plane_slice(source, three)
    assert found.evaluate([[1, 0], [0, 1], [2, 1]]).tolist() == [[1, 1], [5, 0], [7, 1]]
    assert nv.regions(found).value["activation_regions"] == 4


def test_refusals():
    source = network(drawn((3, 2, 1), np.random.default_rng(1), "plain"))
    with pytest.raises(nv.InputError, match="three inputs of shape"):
        nv.plane_slice(source, [[0, 0, 0], [1, 0, 0]])
    with pytest.raises(nv.InputError, match="on one line"):
        nv.plane_slice(source, [[0, 0, 0], [1, 2, 3], [2, 4, 6]])


def test_the_border_of_a_classifier_is_where_the_largest_output_is_attained_twice(tmp_path):
    """Outputs x, y and 1 - x - y on a square: three segments that meet at (1/3, 1/3)."""
    corners = np.array([[-1.0, -1.0], [2.0, -1.0], [2.0, 2.0], [-1.0, 2.0]])
    values = np.stack([corners[:, 0], corners[:, 1], 1 - corners.sum(axis=1)], axis=1)
    segments = np.array(_border(corners, values))
    assert len(segments) == 3
    for one, two in segments:
        assert min(np.abs(end - 1 / 3).max() for end in (one, two)) < 1e-12
        for x, y in (one, two, (one + two) / 2):
            first, second, _ = sorted((x, y, 1 - x - y), reverse=True)
            assert first == pytest.approx(second)
    classifier = nv.regions(nv.plane_slice(network(drawn((3, 3, 3), np.random.default_rng(2), "plain")), np.eye(3)), box=(-2, 2))
    nv.draw_regions(classifier, tmp_path / "plane.png")
    assert (tmp_path / "plane.png").stat().st_size > 5000
