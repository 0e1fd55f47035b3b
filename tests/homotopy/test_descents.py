"""Descents against least squares of linear functions and roots that are known; real where all is real, ends that are as said."""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.homotopy import record, values_at
from neurovariety.homotopy.descents import descended
from neurovariety.homotopy.expressions import Graph, jacobian
from neurovariety.homotopy.tape import Tape


def _tapes(functions: object, unknowns: int) -> tuple[Tape, Tape]:
    graph = Graph(unknowns)
    found = functions([graph.input(i) for i in range(unknowns)])  # type: ignore[operator]
    slopes = [s for row in jacobian(graph, found, range(unknowns)) for s in row]
    return record(graph, found, inputs=unknowns), record(graph, slopes, inputs=unknowns)


@pytest.mark.parametrize(("rows", "unknowns"), [(5, 3), (3, 3), (2, 4)])
def test_linear_least_squares_have_the_distance_of_another_solver(rows, unknowns):
    rng = np.random.default_rng(1)
    matrix, target = rng.normal(size=(rows, unknowns)), rng.normal(size=rows)
    tapes = _tapes(lambda x: [sum((c * v for c, v in zip(row, x, strict=True)), x[0] * 0) for row in matrix.tolist()], unknowns)
    points, off = descended(*tapes, target, rng.normal(size=(11, unknowns)), 100)
    best = np.linalg.norm(matrix @ np.linalg.lstsq(matrix, target, rcond=None)[0] - target)
    assert np.allclose(off, best, atol=1e-12)
    assert not points.imag.any()


def test_weighed_functions_held_unknowns_and_ends_that_are_said():
    rng = np.random.default_rng(2)
    tapes = _tapes(lambda x: [x[0] * x[1], x[1] ** 2, x[0] ** 3 + x[2]], 3)
    factor, target, starts = rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(9, 3))
    points, off = descended(*tapes, target, starts, 60, factor, held=(1,))
    assert np.array_equal(points[:, 1], starts[:, 1])
    there = values_at(tapes[0], points)
    assert np.allclose(np.linalg.norm((there - target) @ factor.T, axis=1), off, rtol=1e-12)
    before = np.linalg.norm((values_at(tapes[0], starts) - target) @ factor.T, axis=1)
    assert (off <= before).all()
    assert (off < 1e-10).sum() > 0


def test_complex_starts_find_roots_that_real_ones_do_not():
    tapes = _tapes(lambda x: [x[0] ** 2], 1)
    rng = np.random.default_rng(3)
    starts = rng.normal(size=(20, 1))
    assert (descended(*tapes, np.array([-1.0]), starts, 200)[1] > 0.99).all()
    points, off = descended(*tapes, np.array([-1.0]), starts + 1j * rng.normal(size=(20, 1)), 200)
    assert off.max() < 1e-12
    assert np.allclose(points**2, -1)


def test_what_is_not_a_number_ends_where_it_is():
    tapes = _tapes(lambda x: [x[0] ** 9, x[1]], 2)
    starts = np.array([[1e200, 1.0], [2.0, 1.0]])
    points, off = descended(*tapes, np.array([1.0, 1.0]), starts, 50)
    assert np.array_equal(points[0], starts[0])
    assert not np.isfinite(off[0])
    assert off[1] < 1e-10
    assert len(descended(*tapes, np.array([1.0, 1.0]), starts[:0], 50)[1]) == 0
