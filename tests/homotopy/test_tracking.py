"""Paths, monodromy, trace tests, resume files and total degree homotopies on systems with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.homotopy.systems import cyclic, katsura, noon

from damaged_archives import marked
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.homotopy import (
    End,
    Monodromy,
    ResumeFile,
    Settings,
    System,
    certify,
    monodromy_solve,
    record,
    refine,
    solve,
    trace_test,
    track,
)
from neurovariety.homotopy.distinct import DistinctPoints
from neurovariety.homotopy.expressions import Graph
from neurovariety.homotopy.path_kernel import DIVERGED, DONE, NOT_A_START, STUCK, TOO_MANY_STEPS

ROOTS = System.build(lambda x, p: [x[0] ** 5 + p[0] * x[0] + p[1]], 1, 2)


def roots(p):
    return np.roots([1, 0, 0, 0, p[0], p[1]])


@pytest.mark.parametrize("bend", [1.0, 1j, np.exp(2j), 0.5 - 1j])
@pytest.mark.parametrize("orders", [3, 5, 7])
@pytest.mark.parametrize("pade", [True, False])
def test_roots_of_a_quintic(bend, orders, pade):
    p0, p1 = np.array([1.0 + 1j, -2.0]), np.array([-3.0, 0.5j])
    found = track(ROOTS, roots(p0)[:, None], p0, p1, Settings(orders=orders, pade=pade), bend=bend)
    assert found.good.all()
    ends, last = refine(ROOTS, found.ends, p1)
    assert (last < 1e-12).all()
    assert np.abs(np.sort_complex(np.round(ends[:, 0], 9)) - np.sort_complex(np.round(roots(p1), 9))).max() < 1e-8


def test_answers_do_not_depend_on_threads_or_company():
    rng = np.random.default_rng(0)
    p0 = np.array([1.0 + 1j, -2.0])
    p1 = rng.normal(size=(20, 2)) + 1j * rng.normal(size=(20, 2))
    starts = roots(p0)[np.arange(20) % 5][:, None]
    one, two = track(ROOTS, starts, p0, p1, workers=1), track(ROOTS, starts, p0, p1, workers=2)
    assert np.array_equal(one.ends, two.ends)
    alone = track(ROOTS, starts[7:8], p0, p1[7])
    assert np.array_equal(alone.ends[0], one.ends[7])


def test_statuses():
    square = System.build(lambda x, p: [x[0] ** 2 - p[0]], 1, 1)
    assert track(square, [[1.0]], [1], [4]).status[0] == DONE
    assert track(square, [[3.0]], [1], [4]).status[0] == NOT_A_START
    assert track(square, [[np.nan]], [1], [4]).status[0] == NOT_A_START
    assert track(square, [[1.0]], [1], [-1]).status[0] in (STUCK, TOO_MANY_STEPS)  # the segment meets the branch point 0
    assert track(square, [[1.0]], [1], [-1], bend=1j).status[0] == DONE
    assert track(square, [[1.0]], [1], [100], Settings(most_steps=3)).status[0] == TOO_MANY_STEPS
    hyperbola = System.build(lambda x, p: [p[0] * x[0] - 1], 1, 1)
    assert track(hyperbola, [[1.0]], [1], [0]).status[0] in (DIVERGED, STUCK, TOO_MANY_STEPS)


def test_distinct_points():
    seen = DistinctPoints(1e-7)
    assert seen.add(np.array([1 + 1j, 2])) == (0, True)
    assert seen.add(np.array([1 + 1j, 2]) * (1 + 1e-9)) == (0, False)
    assert seen.add(np.array([1 + 1j, 2.001])) == (1, True)
    assert seen.add(np.array([1e6 + 1j, 2])) == (2, True)
    rng = np.random.default_rng(1)
    many = rng.normal(size=(500, 3)) + 1j * rng.normal(size=(500, 3))
    seen = DistinctPoints(1e-7)
    for p in many:
        assert seen.add(p)[1]
    for k, p in enumerate(many):
        assert seen.add(p * (1 + 1e-10 * rng.normal()))[0] == k


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("system", "regular", "paths"),
    [(katsura(4), 16, 16), (katsura(6), 64, 64), (noon(3), 21, 27), (noon(4), 73, 81), (cyclic(5), 70, 120), (cyclic(6), 156, 720)],
)
def test_total_degree(system, regular, paths, seed):
    found = solve(system, seed=seed)
    assert len(found.ends) == paths
    assert found.complete
    assert len(found.regular) == regular
    assert found.ends.count(End.REGULAR) == regular


@pytest.mark.slow
def test_cyclic_7():
    found = solve(cyclic(7), seed=0)  # more seeds: benchmarks/homotopy.py
    assert found.claim is Claim.PROBABILITY
    assert (len(found.regular), found.ends.count(End.AT_INFINITY)) == (924, 4116)


DOUBLE = System.build(lambda x, p: [(x[0] - 1) ** 2 * (x[0] + 2), x[1] - x[0]], 2)


def test_singular_ends_are_no_regular_ones():
    """Newton's iteration hits the double point here, where the gradient of its equation is rounding and has no direction."""
    found = solve(DOUBLE)
    assert len(found.regular) == 1
    assert found.ends.count(End.SINGULAR) == 2
    assert found.multiplicity == (2,)
    assert np.abs(found.singular[0] - 1).max() < 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_a_double_point_is_never_certified(seed):
    found = solve(DOUBLE, seed=seed)
    assert found.certificates.count == 1
    assert found.multiplicity == (2,)


def test_parameter_homotopy():
    first = solve(ROOTS, [2.0, 1.0])
    found = solve(ROOTS, [1j, -3.0], start=(first.regular, [2.0, 1.0]))
    assert found.complete
    assert np.abs(np.sort_complex(found.regular[:, 0]) - np.sort_complex(roots([1j, -3.0]))).max() < 1e-10
    lost = solve(ROOTS, [0.0, 0.0], start=(first.regular, [2.0, 1.0]))
    assert not lost.complete


def test_wrong_systems():
    with pytest.raises(InputError, match="as many equations as unknowns; got 1 equations in 2"):
        System.build(lambda x, p: [x[0]], 2)
    with pytest.raises(InputError, match="equation 1 contains no unknown"):
        System.build(lambda x, p: [x[0] * x[1], 3], 2)
    with pytest.raises(InputError, match="without unknowns"):
        System.build(lambda x, p: [], 0)
    with pytest.raises(InputError, match="2 of them or rows of 2; got an array"):
        solve(ROOTS)
    with pytest.raises(InputError, match="clear the denominators"):
        solve(System.build(lambda x, p: [1 / x[0] - 2], 1))
    with pytest.raises(InputError, match="start point 1 is no regular solution"):
        solve(ROOTS, [1, 1], start=([[roots([2, 1])[0]], [9.0]], [2, 1]))
    singular = System.build(lambda x, p: [x[0] ** 2 - p[0]], 1, 1)
    with pytest.raises(InputError, match="no regular solution"):
        solve(singular, [1], start=([[0.0]], [0]))
    with pytest.raises(InputError, match="no parameters"):
        monodromy_solve(katsura(2), [0, 0, 0], [])
    with pytest.raises(InputError, match="no regular solution"):
        monodromy_solve(ROOTS, [7.0], [1.0, 1.0])
    with pytest.raises(InputError, match="2 of them or rows of 2; got an array"):
        monodromy_solve(ROOTS, [7.0], [1.0])


@pytest.mark.parametrize("seed", range(5))
def test_monodromy_finds_all_roots(seed):
    p = np.array([0.3 + 1j, 2.0 - 0.5j])
    found = monodromy_solve(ROOTS, [roots(p)[0]], p, expected=5, seed=seed)
    assert len(found.points) == 5
    assert found.certificates.complete
    assert "lower_bound" in repr(found)


def curve():
    """The twisted cubic (t, t^2, t^3) on planes a . c = b: parameters a_2, a_3 (of the coordinates 2 and 3) and b."""
    graph = Graph(4)
    t = graph.input(0)
    equation = t + t**2 * graph.input(1) + t**3 * graph.input(2) - graph.input(3)
    return System.of(graph, [equation], 1), record(graph, [t + t**2 * (1 + 2j) - t**3, t**2, t**3], inputs=1)


def test_trace_test_knows_the_whole_from_a_part():
    system, prints = curve()
    parameters = np.array([1.0 + 1j, -0.5, 2.0])
    points = np.roots([parameters[1], parameters[0], 1, -parameters[2]])[:, None]
    direction = np.array([0, 0, 1.5 - 1j])
    whole = trace_test(system, prints, points, parameters, direction)
    assert whole.passed
    assert whole.margin > 1e8
    for k in range(3):
        assert not trace_test(system, prints, np.delete(points, k, axis=0), parameters, direction).passed
        assert not trace_test(system, prints, points[k : k + 1], parameters, direction).passed
    assert not trace_test(system, prints, points[:0], parameters, direction).passed
    turned = np.array([0.5, 1.0, 0.0])  # a plane that turns is not a parallel one: nothing is affine-linear
    assert not trace_test(system, prints, points, parameters, turned).passed


def test_points_that_move_on_lines_are_not_tested():
    """One point on a line, where nothing is missing, and on the small branch of t + t^150, where 149 are: numbers do not differ."""
    for power in (0, 150):
        graph = Graph(2)
        t = graph.input(0)
        system = System.of(graph, [t + (t**power if power else 0) - graph.input(1)], 1)
        test = trace_test(system, record(graph, [t * (1 + 1j)], inputs=1), np.array([[0.25]]), np.array([0.25]), np.array([0.1]))
        assert not test.tested
        assert not test.passed


def test_a_coordinate_speaks_for_itself():
    """Ten of the 300 points of (t, t^2) x (u, u^150): in u, which moves little beside t, their sum is no linear function."""
    graph = Graph(3)
    t, u = graph.input(0), graph.input(1)
    b = graph.input(2)
    system = System.of(graph, [t**2 + u - b, u**150 - b - t], 2)
    parameters = np.array([3e7 + 1e6j])
    ring = (3e7) ** (1 / 150) * np.exp(2j * np.pi * np.arange(5) / 150)
    start = np.array([[s * np.sqrt(parameters[0]), z] for z in ring for s in (1, -1)])
    points, last = refine(system, start, parameters, 12)
    assert (last < 1e-9).all()
    part = trace_test(system, record(graph, [t, u], inputs=2), points, parameters, np.array([2e7 - 1e7j]))
    assert part.lost == 0
    assert not part.passed


def test_resume_files(tmp_path):
    file = tmp_path / "run.npz"
    p = np.array([0.3 + 1j, 2.0 - 0.5j])
    graph = Graph(1)
    prints = record(graph, [graph.input(0)])
    run, rng = Monodromy(ROOTS, prints), np.random.default_rng(3)
    run.add_fiber(p, roots(p)[:1])
    run.add_fiber_at(np.array([1.0, 1j]))
    run.add_arc(0, 1, 1.0)
    run.add_arc(0, 1, 1j)
    run.close()
    kept = ResumeFile(file, "a quintic")
    kept.write(run, rng)
    other, again = Monodromy(ROOTS, prints), np.random.default_rng(99)
    assert kept.read(other, again)
    assert again.random() == rng.random()
    assert [len(f) for f in other.fibers] == [len(f) for f in run.fibers]
    assert [a.partners for a in other.arcs] == [a.partners for a in run.arcs]
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]
    with pytest.raises(InputError, match="belongs to 'a quintic', not to 'a sextic'"):
        ResumeFile(file, "a sextic").read(Monodromy(ROOTS, prints), rng)
    for damaged in (marked(file.read_bytes(), 64, 0), marked(file.read_bytes(), 0, 99), file.read_bytes()[:200]):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match="is no resume file"):
            kept.read(Monodromy(ROOTS, prints), rng)
    with pytest.raises(InputError, match="cannot be written"):
        ResumeFile(tmp_path / "missing" / "run.npz", "a quintic").write(run, rng)


def test_certificates():
    p = np.array([2.0, 1.0])
    exact = roots(p)[:, None]
    found = certify(ROOTS, exact, p)
    assert found.complete
    assert sum(found.real(k) == "yes" for k in range(5)) == 1
    assert sum(found.real(k) == "no" for k in range(5)) == 4
    assert not certify(ROOTS, exact + 0.1, p).certified.any()
    twice = certify(ROOTS, np.vstack([exact, exact[:1]]), p)
    assert twice.certified.all()
    assert not twice.distinct
    assert not twice.complete
    for k in range(5):  # the box holds the root, and no other
        inside = np.abs(roots(p) - found.centres[k, 0]) < found.radii[k, 0]
        assert inside.sum() == 1


def test_certificates_at_higher_precision():
    """Roots 1e-7 apart: float64 has no room for a box, more digits do; a double root has no certificate at all."""
    near = System.build(lambda x, p: [(x[0] - 1) * (x[0] - 1 - p[0]) * (x[0] + 2)], 1, 1)
    gap = 2.0**-24
    found = certify(near, np.array([[1.0], [1 + gap], [-2.0]]), [gap])
    assert found.complete
    assert not certify(near, np.array([[1.0]]), [0.0]).certified[0]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize(("name", "at_zero", "winding"), [("cusps", 11, {2, 3}), ("tower", 8, {8}), ("tangent", 3, {3})])
def test_singular_ends_with_their_winding_numbers(name: str, at_zero: int, winding: set[int], seed: int) -> None:
    """All systems have a multiple solution at the origin; "tangent" is that of Griewank and Osborne, from which Newton runs away."""
    systems = {
        "cusps": System.build(lambda x, _: [x[0] ** 3 - x[1] * x[2], x[1] ** 3 - x[0] * x[2], x[2] ** 3 - x[0] * x[1]], 3),
        "tower": System.build(lambda x, _: [x[0] ** 2, x[1] ** 2 - x[0], x[2] ** 2 - x[1]], 3),
        "tangent": System.build(lambda x, _: [29 / 16 * x[0] ** 3 - 2 * x[0] * x[1], x[1] - x[0] ** 2], 2),
    }
    found = solve(systems[name], seed=seed)
    assert found.complete
    if name == "cusps":  # the rank of the Jacobian drops by three there: no certificate, and no claim about its multiplicity
        assert (found.multiplicity, found.unaccounted) == ((), at_zero)
    else:
        assert found.multiplicity == (at_zero,)
        assert np.abs(found.singular).max() < 1e-6
    assert {int(w) for w, end in zip(found.winding, found.ends, strict=True) if end is End.SINGULAR} == winding
    assert (found.condition < 1e4).all()
