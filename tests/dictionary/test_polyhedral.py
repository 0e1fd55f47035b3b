"""Polyhedral distances face by face: against polar degrees, searches over all small networks, and input that cannot be used."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import pytest

from campaign import size
from neurovariety import Claim, DataError, InputError, PolyhedralResult, ResourceError, as_model, ed_degree, polyhedral
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.solutions.face_points import face_points, general_face
from neurovariety.training.critical.face_stage import face_stage
from neurovariety.training.losses.polyhedral_norm import Face, polyhedral_norm

NORMS = ("l1", "linf", "wasserstein")


def least_along(direction, target, norm):
    """The least distance of t * direction from the target over all t: a convex function that is linear between breakpoints."""
    if norm == "wasserstein":
        total = direction.sum()
        if abs(total) < 1e-9:
            return np.inf
        return np.abs(np.cumsum(target.sum() / total * direction - target)).sum()
    if norm == "l1":
        scales = target / np.where(np.abs(direction) < 1e-12, np.nan, direction)
        return min(np.abs(t * direction - target).sum() for t in scales[~np.isnan(scales)])
    pairs = [(s * direction[i] - u * direction[k], s * target[i] - u * target[k])
             for i in range(len(target)) for k in range(len(target)) for s in (1, -1) for u in (1, -1)]  # fmt: skip
    scales = [b / a for a, b in pairs if abs(a) > 1e-12]
    return min(np.abs(t * direction - target).max() for t in scales)


def squares(angle):
    """Coefficients of (x0 cos + x1 sin)^2, in the order of their names: x1^2, x0 x1, x0^2."""
    a, b = np.cos(angle), np.sin(angle)
    return np.array([b * b, 2 * a * b, a * a])


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("seed", range(2))
def test_squares_of_linear_forms(norm, seed):
    """All networks of mlp(2,1,1; x^2) are multiples of squares: a search over directions, and over scales exactly."""
    rng = np.random.default_rng(seed)
    target = rng.integers(1, 10, 3) * rng.choice([-1, 1], 3)  # with zeros faces are in special position, and lists no longer complete
    teacher = f"{target[2]}*x0^2 + {target[1]}*x0*x1 + {target[0]}*x1^2"
    found = polyhedral("mlp(2,1,1; x^2)", norm=norm, teacher=teacher, seed=seed)
    angles = np.linspace(0, np.pi, 20001)
    least = min(least_along(squares(angle), target.astype(float), norm) for angle in angles)
    assert found.value["least"] <= least + 1e-9
    assert found.value["least"] == pytest.approx(least, rel=2e-3, abs=2e-3)
    complete = found.claim is Claim.COMPLETE
    assert not complete, "coefficients of faces like 1, 1, 1 and 1, 0, 0 are squares: curves of critical points, which no list has"
    if norm == "wasserstein":  # weights in floats mostly have equal masses up to rounding only: no distance is shown
        assert found.value["global_minimum"] in ("undecided", "upper_bound")
    else:
        assert found.value["global_minimum"] == ("complete" if complete else "upper_bound")
    best = min((p for p in found.points if p.weights is not None), key=lambda p: p.distance)
    a, b, c = best.weights
    values = c * np.array([b * b, 2 * a * b, a * a])
    assert np.allclose(values, best.values, atol=1e-8)
    if not seed:
        assert found.rerun(seed=5).value["least"] == pytest.approx(found.value["least"])


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("linear(3,1,3)", [0, 3, 6, 12, 12, 6]), ("mlp(3,1,1; x^2)", [0, 3, 6, 4]), ("mlp(2,2,1; x^4)", [0, 0, 4, 6, 3])],
)
def test_general_faces_count_polar_degrees(text, degrees):
    """For a cone they add up to the general ED degree (Draisma, Horobet, Ottaviani, Sturmfels, Thomas 2016), found another way."""
    model, found = as_model(text), []
    for k in range(len(degrees)):
        rng = np.random.default_rng(k)
        problem = face_points(model, len(degrees) - 1, k, 0, rng)
        ends = general_face(problem, rng, (dimension_of(model, seed=0).verdict,))
        assert ends.complete
        found.append(len(ends.points))
    assert found == degrees
    assert sum(found) == ed_degree(text).value


@pytest.mark.parametrize("norm", ["l1", "linf"])
def test_lines_through_data(norm):
    """A linear network with one input and one output is a slope; with five samples its errors are convex in it."""
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=5), rng.normal(size=5)
    found = polyhedral("linear(1,1,1)", norm=norm, data=(x[:, None], y[:, None]))
    least = least_along(x, y, norm) / (5 if norm == "l1" else 1)
    assert found.value["least"] == pytest.approx(least, rel=1e-9)
    assert (found.value["minima"], found.value["stationary"], found.value["global_minimum"]) == (1, 1, "complete")


@pytest.mark.parametrize(("x", "y"), [([1, -1, 2], [1, 1, 1]), ([1, 2, 3], [2, -1, 2]), ([2, 2, -1, 3], [1, -1, 1, 0])])
@pytest.mark.parametrize("norm", ["l1", "linf"])
@pytest.mark.parametrize("text", ["linear(1,1,1)", "mlp(1,1,1; x^2)"])
def test_a_convex_distance_has_one_minimum(x, y, norm, text):
    """However many faces, weights or functions have the least distance, which is that of the best multiple."""
    x, y = np.array(x, dtype=float), np.array(y, dtype=float)
    found = polyhedral(text, norm=norm, data=(x[:, None], y[:, None]))
    least = least_along(x**2 if "x^2" in text else x, y, norm) / (len(y) if norm == "l1" else 1)
    assert (found.value["minima"], found.value["least"]) == (1, pytest.approx(least, rel=1e-9))


@pytest.mark.parametrize("seed", [0, 1, 2, 8])
def test_a_convex_distance_with_ties_has_one_minimum(seed):
    """Integers put many samples on the lines that fit best; a linear program finds the least distance."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(-3, 4, (4, 2)).astype(float), rng.integers(1, 4, 4).astype(float)
    rows = [r for r in itertools.combinations(range(4), 2) if abs(np.linalg.det(x[list(r)])) > 0.5]
    least = min(np.abs(x @ np.linalg.solve(x[list(r)], y[list(r)]) - y).mean() for r in rows)
    found = polyhedral("linear(2,1,1)", data=(x, y[:, None]))
    assert found.value["minima"] == 1
    assert found.value["least"] == pytest.approx(least, rel=1e-7)


@pytest.mark.parametrize("norm", ["l1", "linf"])
@pytest.mark.parametrize("seed", range(size(1, 12)))
def test_proved_minima_are_those_of_a_search_over_directions(norm, seed):
    """Squares t (x cos a + y sin a)^2 at samples: the best t is found exactly, so local minima are those of a function of a."""
    rng = np.random.default_rng(1000 + seed)
    x, y = rng.normal(size=(4, 2)), rng.normal(size=4)
    angles = np.linspace(0, np.pi, 6001)[:-1]
    heights = np.array([least_along((x @ [np.cos(a), np.sin(a)]) ** 2, y, norm) for a in angles]) / (4 if norm == "l1" else 1)
    zero = np.abs(y).mean() if norm == "l1" else np.abs(y).max()
    low = (heights < np.roll(heights, 1)) & (heights < np.roll(heights, -1)) & (heights < zero - 1e-9)
    found = polyhedral("mlp(2,1,1; x^2)", norm=norm, data=(x, y[:, None]), seed=seed)
    assert found.value["minima"] <= low.sum()
    assert found.value["minima"] == low.sum() or found.claims["minima"].claim in (Claim.LOWER_BOUND, Claim.UNDECIDED)
    assert found.value["least"] <= min(heights.min(), zero) + 1e-9
    assert found.value["least"] == pytest.approx(min(heights.min(), zero), rel=1e-3)


@pytest.mark.parametrize("seed", range(2))
def test_near_collinear_columns(seed):
    """Two columns that nearly depend on one another: no nearer network than the best one known, at most an upper bound."""
    x, y = np.array([[1, 2.001], [2, 3.999], [3, 6.001], [4, 7.998]]), np.array([1.0, -1, 2, 0])
    found = polyhedral("mlp(2,1,1; x^2)", data=(x, y[:, None]), seed=seed)
    assert found.value["least"] == pytest.approx(0.3140496, abs=1e-6)
    assert (found.claims["complex"].claim, found.value["global_minimum"]) == (Claim.UNDECIDED, "upper_bound")
    w = best_of(found).weights
    assert np.abs(w[2] * (x @ w[:2]) ** 2 - y).mean() == pytest.approx(found.value["least"], rel=1e-6)


def test_signs_with_curves_of_critical_points():
    """Without conditions general functionals have no critical matrix of rank one, but the sum of entries has the curve t [[1, -1],
    [-1, 1]]: a list without it lacks points, and is least of nothing."""
    found = polyhedral("linear(2,1,2)", norm="l1", teacher="3*x0+x1; x0+3*x1")
    assert (found.claims["complex"].claim, found.value["global_minimum"]) == (Claim.LOWER_BOUND, "upper_bound")
    assert found.value["least"] <= 8 / 3 + 1e-9


def test_a_nearer_network_contradicts_the_lists(monkeypatch):
    """With the nearest point left out of a complete list descents find it."""
    import neurovariety.dictionary.polyhedral_lists as lists

    data = ([[1.0], [2.0], [5.0]], [[3.0], [1.0], [4.0]])
    whole = polyhedral("linear(1,1,1)", data=data)

    def without_best(*arguments):
        stage = face_stage(*arguments)
        rest = [p for p in stage.points if p.distance > min(q.distance for q in stage.points) + 1e-9]
        return dataclasses.replace(stage, points=tuple(rest)) if not stage.name.startswith("zero") else stage

    monkeypatch.setattr(lists, "face_stage", without_best)
    found = polyhedral("linear(1,1,1)", data=data)
    assert whole.evidence["contradiction"] is None
    assert found.evidence["contradiction"] == "a descent found a network nearer than any listed"
    assert found.value["least"] == pytest.approx(whole.value["least"], rel=1e-6)
    assert (found.claims["complex"].claim, found.value["global_minimum"]) == (Claim.UNDECIDED, "upper_bound")


def test_signs_that_balls_leave_open():
    """Exact zeros are open, and a functional that is zero may belong to either of two opposite faces."""
    norm = polyhedral_norm("l1", np.zeros(3), False)
    face = Face(np.array([[0.0, 0, 1]]), np.array([1.0, -1, 0]))
    reach = np.full(3, 1e-12)
    assert norm.on_face(face, np.array([1.0, -2, 0]), reach) is True
    assert norm.on_face(face, np.array([-1.0, 2, 0]), reach) is True
    assert norm.on_face(face, np.array([1.0, 0, 0]), reach) is None
    assert norm.on_face(face, np.array([1.0, 1, 0]), reach) is False
    assert [norm.inside(face, np.array([m]), reach[:1]) for m in (0.5, 1.0, -1.5)] == [True, None, False]
    largest = polyhedral_norm("linf", np.zeros(3), False)
    pair = Face(np.array([[-1.0, -1, 0]]), np.array([1.0, 0, 0]))  # e_1 = - e_0
    assert [largest.on_face(pair, np.array([2.0, -2, last]), reach) for last in (1.0, 2.0, -3.0)] == [True, None, False]
    assert [largest.inside(pair, np.array([m]), reach[:1]) for m in (-0.5, -1.0, 0.5)] == [True, None, False]


PLANE = ([[1, 2], [3, -1], [-2, 5], [4, 3]], [[3], [-7], [2], [5]])


def best_of(found):
    return min((p for p in found.points if p.weights is not None), key=lambda p: p.distance)


def test_a_slope_has_no_unit():
    x, y = np.array([[1.0], [2.0], [5.0]]), np.array([[3.0], [1.0], [4.0]])
    first = polyhedral("linear(1,1,1)", data=(x, y))
    assert first.value["least"] == pytest.approx(least_along(x[:, 0], y[:, 0], "l1") / 3)
    found = polyhedral("linear(1,1,1)", data=(np.ldexp(x, -50), np.ldexp(y, 7)))
    assert found.value == {**first.value, "least": np.ldexp(first.value["least"], 7)}


@pytest.mark.slow
def test_units_of_data_change_nothing():
    """Powers of two exactly, and others as far as they round; a line of l1 regression is a linear program."""
    x, y = (np.array(t, dtype=float) for t in PLANE)
    rows = [*itertools.combinations(range(4), 2)]
    least = min(np.abs(x @ np.linalg.solve(x[list(r)], y[list(r)]) - y).mean() for r in rows)  # an optimum meets two samples
    first = polyhedral("linear(2,1,1)", data=PLANE)
    assert first.value["least"] == pytest.approx(least)
    for a, b in ((-50, 0), (0, -40), (40, 40), ([-20, 30], 7)):
        found = polyhedral("linear(2,1,1)", data=(np.ldexp(x, np.array(a)), np.ldexp(y, b)))
        assert found.value == {**first.value, "least": np.ldexp(first.value["least"], b)}
        w = best_of(found).weights
        assert np.allclose(np.ldexp(x, np.array(a)) @ w[:2] * w[2], best_of(found).values, rtol=1e-12)
        assert found.evidence["target"] == np.ldexp(y, b).reshape(-1).tolist()
    small = polyhedral("linear(2,1,1)", data=(x * 1e-15, y))
    assert (small.claim, small.value["global_minimum"]) == (first.claim, "complete")
    assert small.value["least"] == pytest.approx(least)


@pytest.mark.slow
def test_units_of_teachers_and_of_the_ground():
    text = "{0}*x0 + 3*{0}*x1; 2*{0}*x0 - {0}*x1"
    one, small = (polyhedral("linear(2,1,2)", teacher=text.format(unit)) for unit in ("1", "1/1" + "0" * 15))
    assert (small.value["complex"], small.claim) == (one.value["complex"], one.claim)
    assert small.value["least"] == pytest.approx(1e-15 * one.value["least"])
    ground = np.array([[0, 1, 2], [1, 0, 1.5], [2, 1.5, 0]])
    near, far = (
        polyhedral("mlp(2,1,1; x^2)", norm="wasserstein", teacher="3*x0^2 + 5*x0*x1 + 2*x1^2", ground=np.ldexp(ground, k).tolist())
        for k in (0, 50)
    )
    assert far.value == {**near.value, "least": np.ldexp(near.value["least"], 50)}


@pytest.mark.parametrize(("a", "b"), [(1e-8, 1), (1e8, 1), (1, 1e8), (1e-3, 1e3)])
def test_sizes_that_no_weights_take_up_are_held_to_the_check(a, b):
    """The weights of a diagonal network are not known to take up units."""
    with pytest.raises(DataError, match="so that digits are left"):
        polyhedral("diagonal(2; layers=2)", data=(np.array([[1, 1], [2, 1], [1, 3]]) * a, np.array([[1], [2], [4]]) * b))


def test_a_teacher_that_floats_do_not_reach():
    with pytest.raises(DataError, match=r"has size about 10\^400"):
        polyhedral("linear(2,1,2)", teacher=f"{10**400}*x0; x1")


def test_matrices_of_rank_one():
    """Teachers of rank one are at distance 0 only as limits of faces; a general one has its best approximation on the list."""
    target = np.array([3.0, 1, -1, 2])  # x1, x0 in output 0; x1, x0 in output 1
    found = polyhedral("linear(2,1,2)", teacher="x0 + 3*x1; 2*x0 - x1")
    directions = np.linspace(0, np.pi, 161)
    least = min(
        least_along(np.outer([np.cos(a), np.sin(a)], [np.cos(b), np.sin(b)]).reshape(-1), target, "l1")
        for a in directions
        for b in directions
    )
    # signs of determinant 0 have curves of critical matrices, which are not listed
    assert (found.claims["complex"].claim, found.value["global_minimum"]) == (Claim.LOWER_BOUND, "upper_bound")
    assert found.value["least"] <= least + 1e-9
    assert found.value["least"] == pytest.approx(least, abs=0.1)
    again = PolyhedralResult.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False)))
    assert again.value == found.value
    assert again.options == found.options
    without_data = dataclasses.replace(again, options={k: v for k, v in again.options.items() if k != "data"})
    with pytest.raises(InputError, match="a polyhedral read back from JSON does not hold the data"):
        without_data.rerun()


def test_faces_in_special_position_are_told():
    """A teacher without the square of x0 puts some faces where paths have no known end; the best network is still found."""
    found = polyhedral("mlp(2,1,1; x^2)", teacher="3*x0*x1 + 7*x1^2")
    least = min(least_along(squares(angle), np.array([7.0, 3, 0]), "l1") for angle in np.linspace(0.001, np.pi, 20001))
    assert (found.claims["complex"].claim, found.value["global_minimum"]) == (Claim.LOWER_BOUND, "upper_bound")
    assert found.value["least"] == pytest.approx(least, rel=5e-3)


@pytest.mark.parametrize("name", NORMS)
def test_norms_and_their_duals(name):
    """The distance is the largest value of functionals in the dual ball, and on a face its own functional."""
    found = polyhedral_norm(name, np.zeros(4), False)
    p = len(found.matrix)
    rng = np.random.default_rng(0)
    for conditions in range(p):
        faces = list(found.faces(conditions))
        for rows, g in faces:
            assert rows.shape == (conditions, p)
            assert found.dual(g) == pytest.approx(1)
            null = np.linalg.svd(rows)[2][conditions:] if conditions else np.eye(p)
            errors = null.T @ rng.normal(size=len(null))
            assert abs(g @ errors) <= found.norm(errors) + 1e-12
    assert found.number_of_faces(p - 1) == sum(len(list(found.faces(k))) for k in range(p))
    assert found.number_of_faces(p - 1) == (3**p - 1) // 2


def test_what_cannot_be_answered_is_refused():
    with pytest.raises(InputError, match=r"norm 'l2' is unknown: choose l1, linf or wasserstein"):
        polyhedral("linear(2,1,2)", norm="l2")
    with pytest.raises(InputError, match="give no teacher beside them"):
        polyhedral("linear(1,1,1)", norm="wasserstein", data=([[1.0], [2.0]], [[1.0], [3.0]]))
    with pytest.raises(InputError, match="which no network"):
        polyhedral("linear(2,1,2)", teacher="x0^2; x1")
    with pytest.raises(InputError, match="it fits every target"):
        polyhedral("linear(2,2,2)")
    with pytest.raises(InputError, match="preparation is for data"):
        polyhedral("linear(2,1,2)", prepare="standardize")
    with pytest.raises(ResourceError, match="faces to look at"):
        polyhedral("linear(3,2,3)")
    with pytest.raises(DataError):
        polyhedral("linear(2,1,2)", data=([[1.0]], [[1.0]]))
