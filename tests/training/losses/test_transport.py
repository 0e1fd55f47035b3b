"""The Wasserstein distance for ground metrics: against linear programs, the line, total variation, and searches."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from campaign import size
from neurovariety import InputError, ResourceError, polyhedral
from neurovariety.training.losses.transport import transport


def by_program(lengths, errors):
    """The cost of the best plan from the surplus to the deficit, as a linear program."""
    m = len(errors)
    give, take = np.maximum(errors, 0), np.maximum(-errors, 0)
    rows = np.kron(np.eye(m), np.ones((1, m))), np.kron(np.ones((1, m)), np.eye(m))
    found = linprog(lengths.reshape(-1), A_eq=np.vstack(rows), b_eq=np.concatenate([give, take]))
    return found.fun


def random_metric(m, seed):
    places = np.random.default_rng(seed).normal(size=(m, 3))
    return np.linalg.norm(places[:, None] - places[None], axis=2)


@pytest.mark.parametrize("m", [2, 3, 4, 5])
@pytest.mark.parametrize("ground", ["line", "discrete", "circle", 0, 1])
def test_norm_dual_and_faces(m, ground):
    found = transport(np.zeros(m), random_metric(m, ground) if isinstance(ground, int) else ground)
    rng = np.random.default_rng(m)
    for _ in range(5):
        errors = rng.normal(size=m)
        errors -= errors.mean()
        assert found.norm(errors) == pytest.approx(by_program(found.lengths, errors), abs=1e-9)
    counts = []
    for k in range(m - 1):
        faces = list(found.faces(k))
        counts.append(2 * len(faces))
        for rows, g in faces:
            assert rows.shape == (k, m)
            assert found.dual(g) == pytest.approx(1)
            shifts = rng.normal(size=(4, k)) @ rows if k else np.zeros((1, m))
            null = np.linalg.svd(np.vstack([rows, np.ones((1, m))]))[2][k + 1 :]
            for errors in (null.T @ rng.normal(size=len(null)) for _ in range(3)):
                # the distance there is g e for each function of the face, and g e at most the distance elsewhere
                assert abs(g @ errors) <= found.norm(errors) + 1e-9
                assert np.abs(shifts @ errors).max() <= 1e-9
    assert sum((-1) ** k * n for k, n in enumerate(counts)) == 1 - (-1) ** (m - 1)  # Euler: the boundary is a sphere
    assert found.number_of_faces(m - 2) == sum(counts) // 2


def test_total_variation():
    found = transport(np.zeros(5), "discrete")
    errors = np.random.default_rng(1).normal(size=5)
    errors -= errors.mean()
    assert found.norm(errors) / found.divisor == pytest.approx(np.abs(errors).sum() / 2)
    assert len(list(found.faces(0))) == 2**4 - 1


def test_a_table_of_the_line_is_the_line():
    teacher = "2*x0^2 + x0*x1 + 3*x1^2"
    line, table = (
        polyhedral("mlp(2,1,1; x^2)", norm="wasserstein", ground=g, teacher=teacher)
        for g in ("line", [[0, 1, 2], [1, 0, 1], [2, 1, 0]])
    )
    ours, theirs = dict(line.value), dict(table.value)
    assert ours.pop("least") == pytest.approx(theirs.pop("least"), rel=1e-9)
    assert ours == theirs
    assert line.claim is table.claim


@pytest.mark.parametrize("ground", [5, "circle", "discrete"][: size(1, 3)])
def test_best_network_against_a_search(ground):
    """Squares a (x cos t + y sin t)^2 with the teacher's total mass: one for each angle."""
    ground = random_metric(3, ground) if isinstance(ground, int) else ground
    masses = np.array([4.0, 1.0, 2.0])  # x1^2, x0 x1, x0^2: exponents ascending
    found = polyhedral("mlp(2,1,1; x^2)", norm="wasserstein", ground=ground, teacher="2*x0^2 + x0*x1 + 4*x1^2")
    distance = transport(masses, ground)
    least = np.inf
    for angle in np.linspace(0, np.pi, 40001):
        c, s = np.cos(angle), np.sin(angle)
        square = np.array([s * s, 2 * s * c, c * c])
        if abs(square.sum()) > 1e-3:
            least = min(least, distance.norm(square * masses.sum() / square.sum() - masses) / distance.divisor)
    assert found.value["least"] == pytest.approx(least, rel=1e-3)


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(InputError, match="belongs to norm wasserstein"):
        polyhedral("mlp(2,1,1; x^2)", ground="circle")
    with pytest.raises(InputError, match="line, discrete or circle or a table of numbers, got 'sphere'"):
        polyhedral("mlp(2,1,1; x^2)", norm="wasserstein", ground="sphere")
    with pytest.raises(InputError, match="table of 3 x 3 distances"):
        polyhedral("mlp(2,1,1; x^2)", norm="wasserstein", ground=[[0, 1], [1, 0]])
    for wrong in ([[0, 1, 5], [1, 0, 1], [5, 1, 0]], [[0, 1, 1], [2, 0, 1], [1, 1, 0]], [[0, -1, 1], [-1, 0, 1], [1, 1, 0]]):
        with pytest.raises(InputError, match="no metric"):
            polyhedral("mlp(2,1,1; x^2)", norm="wasserstein", ground=wrong)
    with pytest.raises(ResourceError, match="at most 8 masses"):
        transport(np.zeros(9), "discrete")


def test_faces_are_distinct():
    found = transport(np.zeros(4), "circle")
    for k in range(3):
        keys = {tuple(np.round(np.concatenate([(rows.T @ rows).reshape(-1), g]), 9)) for rows, g in found.faces(k)}
        assert len(keys) == len(list(found.faces(k)))
        assert not any(a is b for a, b in itertools.combinations(found.faces(k), 2))
