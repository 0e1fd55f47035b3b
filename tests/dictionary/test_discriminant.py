"""Discriminants: chambers against certified lists, walls against a known discriminant, crossings, and input that cannot be used."""

from __future__ import annotations

import json

import numpy as np
import pytest

from campaign import size
from neurovariety import Form, InputError, discriminant, landscape, wall_crossings
from neurovariety.dictionary.discriminant import _problem, random_targets
from neurovariety.training.chambers.chambers import for_one_quadric
from neurovariety.training.losses.training_task import training_task

MATRIX_PLACES = ((0, (0, 1)), (0, (1, 0)), (1, (0, 1)), (1, (1, 0)))


def general_form(seed):
    rng = np.random.default_rng(seed)
    factor = rng.normal(size=(4, 4))
    return Form(MATRIX_PLACES, factor.T @ factor + 0.2 * np.eye(4), rng.normal(size=4))


def test_no_wall_for_the_frobenius_norm():
    """All critical points of Eckart and Young are real; two singular values meet in codimension 2."""
    found = discriminant("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1", grid=30)
    assert found.value["real_counts"] == {2: 1.0}
    assert found.value["minima_counts"] == {1: 1.0}
    assert (found.value["walls"], found.value["chambers"]) == (False, 1)
    assert "codimension 2" in found.evidence["codimension"]


@pytest.mark.parametrize("seed", range(3))
def test_a_general_quadric(seed):
    found = discriminant("linear(2,1,2)", form=general_form(seed), grid=60, seed=seed)
    assert found.value["complex"] == 6
    assert found.value["walls"]
    assert set(found.value["real_counts"]) <= {2, 4, 6}
    assert found.evidence["unclear"] <= 4
    assert found.evidence["spot_checks"] == {"checked": 3, "agree": 3}
    real, minima = np.array(found.evidence["real"]), np.array(found.evidence["minima"])
    # On the cone of rank-one matrices without 0 the Euler characteristic ties minima and saddles: half of the points are minima.
    clear = real >= 0
    assert (2 * minima[clear] == real[clear]).all()


def test_walls_of_a_cone():
    """For mlp(2,1,1; x^2) in Bombieri's product the number of minima changes where the target is definite: b^2 = 4 a c."""
    found = discriminant("mlp(2,1,1; x^2)", metric="bombieri", teacher="x0^2 - x1^2", grid=50, seed=1)
    assert found.value["complex"] == 2
    task = training_task("mlp(2,1,1; x^2)", metric="bombieri", teacher="x0^2 - x1^2", seed=1)
    problem, loss = _problem(task, "target", 1)
    family = for_one_quadric(problem, loss, np.random.default_rng(0))
    matrix, parameters = problem.parameters(loss)
    rng = np.random.default_rng(2)
    functions = rng.normal(size=(300, 3))
    images = np.hstack([functions @ matrix.T, np.tile(parameters[3:], (300, 1))])
    counts = family.count_real(images)
    # coordinates in the order x1^2, x0 x1, x0^2, with the scales of the terms
    c, b, a = (functions[:, k] / problem.terms[k][2] for k in range(3))
    indefinite = b * b > 4 * a * c
    assert counts.clear.all()
    assert (counts.real == 2).all()
    assert (counts.minima == np.where(indefinite, 2, 1)).all()


@pytest.mark.slow
def test_counts_are_those_of_the_landscape():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(14, 3))
    task = training_task("cnn(2,2; x^2)", data=(x, rng.normal(size=(14, 1))), seed=0)
    problem, loss = _problem(task, "target", 0)
    family = for_one_quadric(problem, loss, rng)
    _, parameters = problem.parameters(loss)
    counts = family.count_real(parameters[None])
    certified = landscape("cnn(2,2; x^2)", data=(task.data.inputs, task.data.targets))
    assert family.count == certified.value["complex"] == 14
    assert counts.real[0] == certified.value["real"]
    assert counts.minima[0] == sum(p.kind == "minimum" for p in certified.points)


def test_random_targets():
    """Many targets of linear(3,1,3) for a general quadric: 39 complex critical points, an odd number of them real."""
    rng = np.random.default_rng(4)
    places = tuple((o, tuple(int(i == j) for j in range(3))) for o in range(3) for i in range(3))
    factor = rng.normal(size=(9, 9))
    task = training_task("linear(3,1,3)", form=Form(places, factor.T @ factor + np.eye(9), rng.normal(size=9)), seed=0)
    problem, loss = _problem(task, "target", 0)
    found = random_targets(problem, loss, size(200, 1000), rng)
    assert sum(found.values()) >= size(200, 1000) - 2
    assert all(k % 2 == 1 and 3 <= k <= 39 for k in found)


@pytest.mark.parametrize("kind", ["sample", "quadric"])
def test_other_slices(kind):
    rng = np.random.default_rng(5)
    found = discriminant("cnn(2,2; x^2)", data=(rng.normal(size=(12, 3)), rng.normal(size=(12, 1))), slice=kind, grid=16)
    assert found.value["complex"] == 14
    assert found.evidence["spot_checks"]["agree"] == found.evidence["spot_checks"]["checked"]
    assert all(k % 2 == 0 for k in found.value["real_counts"])


@pytest.mark.slow
def test_crossings():
    """Two real points come or go at each wall; the log leads from the numbers at one end to those at the other."""
    rng = np.random.default_rng(6)
    x, y, z = rng.normal(size=(12, 3)), rng.normal(size=(12, 1)), 3 * rng.normal(size=(12, 1))
    log = wall_crossings("cnn(2,2; x^2)", (x, y), (x, z), steps=size(40, 100))
    for crossing in log:
        assert abs(crossing["real"][1] - crossing["real"][0]) in (0, 2)
    ends = [landscape("cnn(2,2; x^2)", data=(x, t)).value["real"] for t in (y, z)]
    assert ends[1] - ends[0] == sum(c["real"][1] - c["real"][0] for c in log)
    assert [c["at"] for c in log] == sorted(c["at"] for c in log)
    for crossing in log[: size(1, 2)]:
        for side, number in ((-1e-4, crossing["real"][0]), (1e-4, crossing["real"][1])):
            t = crossing["at"] + side
            assert landscape("cnn(2,2; x^2)", data=(x, (1 - t) * y + t * z)).value["real"] == number


def test_the_same_seed_gives_the_same_answer():
    one, two = (discriminant("linear(2,1,2)", form=general_form(7), grid=12, seed=2) for _ in range(2))
    assert one.evidence["real"] == two.evidence["real"]
    assert one.rerun().value["complex"] == 6
    assert json.loads(json.dumps(one.to_dict()))["evidence"]["grid"] == 12


def test_bad_input():
    with pytest.raises(InputError, match="slice 'plane' is unknown"):
        discriminant("linear(2,1,2)", metric="frobenius", slice="plane")
    with pytest.raises(InputError, match="2 to 1000 points a side"):
        discriminant("linear(2,1,2)", metric="frobenius", grid=1)
    with pytest.raises(InputError, match="needs data"):
        discriminant("linear(2,1,2)", metric="frobenius", slice="sample")
    with pytest.raises(InputError, match="number of steps"):
        wall_crossings("linear(2,1,2)", ([[1, 0]], [[1, 0]]), ([[1, 0]], [[1, 0]]), steps=0)
    with pytest.raises(InputError, match="sees 1 of the 2 directions"):
        discriminant("mlp(2,1,1; x^2)", data=([[1, 2], [1, 2]], [[1], [2]]))
