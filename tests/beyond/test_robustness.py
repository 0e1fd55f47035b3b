"""Radii and Lipschitz constants: by hand, against brute force that knows no rays, inside of balls, and what must be refused."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog

import neurovariety as nv
from campaign import size
from neurovariety.certificates.affine_pieces import in_digits, root_between
from neurovariety.certificates.issue import issue
from neurovariety.certificates.lipschitz_constants import LipschitzConstant
from neurovariety.certificates.robust_radii import RobustRadii
from neurovariety.certificates.sentences import sentence_of
from neurovariety.certificates.zeros import NotShown

from .brute_force_regions import solution, through
from .test_regions import SQUARE, drawn, network

NORMS = ("l1", "l2", "linf")
ROOF = [([[1, 0], [0, 1]], [0, 0]), ([[1, 1]], [-1])]
SIZES = [(2, 3, 1), (2, 3, 2), (3, 3, 1), (2, 2, 2, 1), (1, 3, 2), (3, 2, 3)]


def distance(equal, least, x, norm):
    """The distance of x from where forms (a, b) are 0 and others at least 0: a programme, or all subsets of sides for l2."""
    n = len(x)
    equal = [(np.array(a, dtype=float), float(b)) for a, b in equal]
    least = [(np.array(a, dtype=float), float(b)) for a, b in least]
    if norm != "l2":
        k = n if norm == "l1" else 1
        size = np.eye(n) if norm == "l1" else np.ones((n, 1))
        rows = [[-np.eye(n), -size], [np.eye(n), -size]]
        upper = np.vstack([np.hstack(r) for r in rows] + [np.concatenate([-a, np.zeros(k)]) for a, _ in least])
        most = [0.0] * (2 * n) + [a @ x + b for a, b in least]
        same = np.array([np.concatenate([a, np.zeros(k)]) for a, _ in equal]) if equal else None
        found = linprog([0] * n + [1] * k, upper, most, same, [-(a @ x + b) for a, b in equal] if equal else None, (None, None))
        return found.fun if found.status == 0 else np.inf
    best = np.inf
    for count in range(n + 1):
        for chosen in itertools.combinations(least, count):
            rows = [*equal, *chosen]
            a = np.array([r[0] for r in rows]).reshape(len(rows), n)
            off = np.array([r[0] @ x + r[1] for r in rows])
            step = np.linalg.lstsq(a, -off, rcond=None)[0] if rows else np.zeros(n)
            if np.allclose(a @ step, -off, atol=1e-9) and all(c @ (x + step) + d >= -1e-9 for c, d in least):
                best = min(best, float(np.linalg.norm(step)))
    return best


def closed_cells(layers, n):
    """(sides, outputs) of all patterns with an interior, as forms."""
    units = sum(len(b) for _, b in layers[:-1])
    found = []
    for pattern in itertools.product((False, True), repeat=units):
        forms, outputs = through(layers, pattern, n)
        sides = [(a, b) if on else (tuple(-v for v in a), -b) for (a, b), on in zip(forms, pattern, strict=True)]
        sides = [(a, b) for a, b in sides if any(a) or b < 0]
        if solution([(a, b, True) for a, b in sides], n) is not None:
            found.append((sides, outputs))
    return found


def less(one, two):
    return tuple(v - w for v, w in zip(one[0], two[0], strict=True)), one[1] - two[1]


def radii(layers, x, norm):
    """By brute force: to where another output is as large, and to where cells of different functions meet."""
    n = len(x)
    cells = closed_cells(layers, n)
    at = next(tuple(float(sum(v * w for v, w in zip(a, x, strict=True)) + b) for a, b in o) for s, o in cells if is_in(s, x))
    x = np.array(x, dtype=float)
    if len(at) == 1:
        decision = min((distance([o[0]], s, x, norm) for s, o in cells), default=np.inf)
    else:
        c = int(np.argmax(at))
        decision = min(distance([less(o[c], o[j])], s, x, norm) for s, o in cells for j in range(len(at)) if j != c)
    pairs = [(s, t) for (s, o), (t, p) in itertools.combinations(cells, 2) if o != p]
    return decision, min((distance([], [*s, *t], x, norm) for s, t in pairs), default=np.inf)


def is_in(sides, x):
    return all(sum(v * w for v, w in zip(a, x, strict=True)) + b >= 0 for a, b in sides)


@pytest.mark.parametrize("seed", range(size(8, 60)))
@pytest.mark.parametrize("kind", ["plain", "degenerate", "fan"])
def test_brute_force_finds_the_same(kind, seed):
    rng = np.random.default_rng([seed, len(kind), 7])
    widths, norm = SIZES[seed % len(SIZES)], NORMS[(seed + len(kind)) % 3]
    layers = drawn(widths, rng, kind)
    x = [tuple(Fraction(int(v), 4) for v in row) for row in rng.integers(-9, 10, size=(2, widths[0]))]
    found = nv.robustness(network(layers), x, norm=norm)
    assert found.claim is nv.Claim.PROVED
    for k, point in enumerate(x):
        expected = radii(layers, point, norm)
        for part, radius in zip(("decision", "affine"), expected, strict=True):
            row = found.value[part][k]
            if row["radius"] is None:
                assert radius == np.inf
                continue
            low, high = (float(Fraction(v)) for v in row["radius"])
            assert high <= low * (1 + 1e-12)
            if part == "affine" or row["class"] is not None:
                assert high == pytest.approx(radius, rel=1e-7, abs=1e-7)


@pytest.mark.parametrize("norm", NORMS)
def test_inside_of_the_ball_nothing_changes(norm):
    """Floats at random points of the balls of a network with two hidden layers: the same class, and the same affine function."""
    rng = np.random.default_rng(3)
    source = network(drawn((2, 4, 3, 3), rng, "plain"))
    x = rng.normal(size=(6, 2))
    found = nv.robustness(source, x, norm=norm)
    order = {"l1": 1, "l2": 2, "linf": np.inf}[norm]
    for k, (decision, affine) in enumerate(zip(found.radii("decision"), found.radii("affine"), strict=True)):
        steps = rng.normal(size=(300, 2))
        steps *= (rng.random(300) / np.linalg.norm(steps, ord=order, axis=1))[:, None]
        classes = source.evaluate(x[k] + 0.999 * min(decision, 1e6) * steps).argmax(axis=1)
        assert set(classes) == {found.value["decision"][k]["class"]}
        near = 0.999 * min(affine, 1e6) * steps
        rows = np.concatenate([near, np.ones((300, 1))], axis=1)
        values = source.evaluate(x[k] + near)
        assert np.allclose(rows @ np.linalg.lstsq(rows, values, rcond=None)[0], values, atol=1e-8)
        for part in ("decision", "affine"):
            nearest = found.value[part][k]["nearest"]
            apart = np.array([float(Fraction(v)) for v in nearest]) - x[k]
            assert np.linalg.norm(apart, ord=order) == pytest.approx(found.radii(part)[k])


def test_by_hand():
    """relu(x) + relu(y) - 1: its zero set is a bent line with corners at (1, 0) and (0, 1)."""
    found = nv.robustness(network(ROOF), [[3, 0], [2, 3], [-1, -1], [0, 1], [-3, 5]])
    assert [(r["class"], r["radius"] and r["radius"][0], r["nearest"]) for r in found.value["decision"]] == [
        (1, "2", ["1", "0"]),
        (1, "2.8284271247461900976", ["0", "1"]),
        (0, "2", ["1", "-1"]),
        (None, "0", ["0", "1"]),
        (1, "4", ["-3", "1"]),
    ]
    assert [r["radius"][0] for r in found.value["affine"]] == ["0", "2", "1", "0", "3"]
    assert nv.robustness(network(ROOF), [[-1, -1]], norm="linf").value["decision"][0]["radius"] == ["1.5", "1.5"]
    one_sided = nv.robustness(network([([[1, 0]], [0]), ([[1]], [1])]), [[5, 5]])
    assert (one_sided.value["decision"][0]["radius"], one_sided.radii("decision")) == (None, [float("inf")])
    assert one_sided.value["affine"][0] == {"input": ["5", "5"], "radius": ["5", "5"], "nearest": ["0", "5"]}
    flat = nv.robustness(network([([[1, 0]], [0]), ([[1]], [0])]), [[3, 4], [-1, 7]])
    assert [(r["class"], r["radius"]) for r in flat.value["decision"]] == [(1, ["3", "3"]), (None, ["0", "0"])]


def test_what_lies_outside_of_the_box_does_not_count():
    source = network(ROOF)
    inside = nv.robustness(source, [[-1, -1]], box=([-3, -3], [2, 0.5]), norm="l2")
    assert inside.value["decision"][0]["nearest"] == ["1", "-1"]
    small = nv.robustness(source, [[-1, -1]], box=(-3, 0.25), norm="l2")
    assert small.value["decision"][0]["radius"] is None
    assert "the network decides otherwise" in small.meaning
    assert "at no distance" in small.meaning
    corner = nv.robustness(source, [[-1, -1]], box=([-3, -3], [2, 2]), norm="linf")
    assert corner.value["decision"][0]["radius"] == ["1.5", "1.5"]


def test_inputs_that_no_unit_tells_apart():
    """Units see x + y alone; an output may see more."""
    blind = network([([[1, 1], [-2, -2]], [0, 1]), ([[1, 1]], [-4])])
    row = nv.robustness(blind, [[0, 0]]).value["decision"][0]
    # relu(s) + relu(1 - 2 s) = 4 at s = -3/2, nearer than s = 4
    assert row["radius"] == list(map(in_digits, root_between(Fraction(9, 8))))
    assert nv.lipschitz(blind).value == {"l1": "2", "l2": list(map(in_digits, root_between(Fraction(8)))), "linf": "4"}


def steepest(layers, n):
    """The largest sums of sizes by brute force, and the largest singular value in floats."""
    slopes = [np.array([[float(v) for v in a] for a, _ in o]) for _, o in closed_cells(layers, n)]
    exact = [[list(a) for a, _ in o] for _, o in closed_cells(layers, n)]
    return (
        max(max(sum(abs(row[j]) for row in m) for j in range(n)) for m in exact),
        max(float(np.linalg.svd(m)[1].max()) for m in slopes),
        max(max(sum(map(abs, row)) for row in m) for m in exact),
    )


@pytest.mark.parametrize("seed", range(size(6, 60)))
@pytest.mark.parametrize("kind", ["plain", "degenerate", "fan"])
def test_lipschitz_constants_of_all_patterns(kind, seed):
    rng = np.random.default_rng([seed, len(kind), 8])
    widths = SIZES[seed % len(SIZES)]
    layers = drawn(widths, rng, kind)
    found = nv.lipschitz(network(layers))
    l1, l2, linf = steepest(layers, widths[0])
    assert (Fraction(found.value["l1"]), Fraction(found.value["linf"])) == (l1, linf)
    low, high = map(Fraction, found.value["l2"])
    assert low <= high <= low * (1 + Fraction(1, 10**9))
    assert float(high) == pytest.approx(l2, rel=1e-9, abs=1e-12)
    assert found.claim is nv.Claim.PROVED


@pytest.mark.parametrize("factor", [Fraction(1, 2**300), Fraction(2**300)])
def test_units_of_measurement_change_nothing(factor):
    rng = np.random.default_rng(4)
    (w, b), *rest = drawn((2, 4, 2), rng, "plain")
    other = [([[v / factor for v in row] for row in w], b), *rest]
    x = [[Fraction(1, 3), Fraction(-2, 5)], [Fraction(2), Fraction(7, 4)]]
    for norm in NORMS:
        one = nv.robustness(network([(w, b), *rest]), x, norm=norm)
        two = nv.robustness(network(other), [[v * factor for v in row] for row in x], norm=norm)
        for part in ("decision", "affine"):
            for r, s in zip(one.value[part], two.value[part], strict=True):
                if r["radius"] is not None:
                    assert [float(Fraction(v) * factor) for v in r["radius"]] == pytest.approx(
                        [float(Fraction(v)) for v in s["radius"]]
                    )


@pytest.fixture(scope="module")
def shown():
    source = network(drawn((2, 4, 2), np.random.default_rng(11), "plain"))
    x = [[Fraction(1, 2), Fraction(1, 3)], [Fraction(-2), Fraction(1)]]
    return source, nv.robustness(source, x, norm="l2"), nv.robustness(source, x, norm="linf")


def test_false_twins_of_radii_are_refused(shown):
    source, *results = shown
    part_of = {"decision": "affine", "affine": "decision"}
    for found in results:
        for verdict in found.verdicts.values():
            known = verdict.certificate
            assert isinstance(known, RobustRadii)
            low, (x, y) = known.low, known.points
            more = low[0] + Fraction(1, 1000)
            half = tuple((a + b) / 2 for a, b in zip(x, known.nearest[0], strict=True))
            inner = tuple(a + (b - a) * Fraction(9, 10) for a, b in zip(x, known.nearest[0], strict=True))
            false = [
                replace(known, low=(more, *low[1:])),
                replace(known, low=(low[0] * (1 + Fraction(1, 10**9)), *low[1:])),
                replace(known, low=(-low[0], *low[1:])),
                replace(known, low=(None, *low[1:])),
                replace(known, low=(None, *low[1:]), nearest=(None, *known.nearest[1:])),
                replace(known, nearest=(inner, *known.nearest[1:])),
                replace(known, nearest=(x, *known.nearest[1:])),
                replace(known, points=(half, y)),
                replace(known, points=(y, x)),
                replace(known, points=((*x, x[0]), y)),
                replace(known, points=()),
                replace(known, classes=(1 - known.classes[0], known.classes[1])),
                replace(known, classes=(None, known.classes[1])),
                replace(known, classes=known.classes[:1]),
                replace(known, norm="linf" if known.norm == "l2" else "l3"),
                replace(known, part=part_of[known.part]),
                replace(known, cells=verdict),
            ]
            if known.separations:
                first = known.separations[0]
                turned = replace(first, normal=tuple(-v for v in first.normal))
                still = replace(first, normal=(Fraction(0),) * 2, turn=Fraction(0))
                false += [replace(known, separations=(s, *known.separations[1:])) for s in (turned, still)]
                false += [replace(known, separations=known.separations[1:])]
                false += [replace(known, separations=(*known.separations, first))]
            for k, twin in enumerate(false):
                with pytest.raises(NotShown):
                    pytest.fail(f"twin {k} of {known.part} in {known.norm}: {issue(twin, source).statement.value}")
            with pytest.raises(NotShown):
                issue(known, network(drawn((2, 4, 2), np.random.default_rng(12), "plain")))


def test_a_tie_has_the_radius_0():
    """Two outputs are the same: where they are the largest, no wall is theirs, and yet nothing is decided."""
    source = network([([[1, 0], [0, 1]], [0, 0]), ([[1, 0], [1, 0], [0, 1]], [0, 0, 0])])
    found = nv.robustness(source, [[2, 1], [1, 2]], norm="linf")
    assert [(r["class"], r["radius"]) for r in found.value["decision"]] == [(None, ["0", "0"]), (2, ["0.5", "0.5"])]
    known = found.verdicts["decision"].certificate
    assert isinstance(known, RobustRadii)
    away = (Fraction(7), Fraction(1))
    with pytest.raises(NotShown, match="the radius is 0"):
        issue(replace(known, low=(Fraction(5), known.low[1]), nearest=(away, known.nearest[1])), source)


def test_a_bound_of_0_says_of_no_tie(shown):
    source, found, _ = shown
    for part, word in (("decision", "tie"), ("affine", "jumps")):
        known = found.verdicts[part].certificate
        assert isinstance(known, RobustRadii)
        said = sentence_of(issue(replace(known, low=(Fraction(0), known.low[1])), source))
        assert word not in said
        assert "is not known" in said


def test_numbers_that_are_no_floats_are_said():
    large, small = Fraction(10**300), Fraction(1, 10**300)
    constants = nv.lipschitz(network([([[large, 0], [0, 1]], [0, 0]), ([[large, 1]], [1])]))
    assert constants.shown() == "l1 1e+600, l2 1e+600, linf 1e+600"
    far = network([([[small, 0], [0, small]], [0, 0]), ([[small, small]], [-1])])
    for norm, least in zip(NORMS, ("1e+600", "7.07107e+599", "5e+599"), strict=True):
        found = nv.robustness(far, [[2, 1]], norm=norm)
        assert found.shown() == f"1 input, least radii {least} and 1"
        assert (found.radii(), "(2, 1) class 0: radius" in found.summary()) == ([float("inf")], True)
    near = nv.robustness(network([([[large]], [0]), ([[large]], [-1])]), [[0]])
    assert (near.shown(), near.value["decision"][0]["class"]) == ("1 input, least radii 1e-600 and 0", 0)


def test_false_twins_of_constants_are_refused(shown):
    source = shown[0]
    found = nv.lipschitz(source)
    for key, verdict in found.verdicts.items():
        known = verdict.certificate
        assert isinstance(known, LipschitzConstant)
        tiny = Fraction(1, 10**9)
        false = [
            replace(known, low=known.high * (1 + tiny), high=known.high * (1 + 2 * tiny)),
            replace(known, low=known.low * (1 - 2 * tiny), high=known.low * (1 - tiny)),
            replace(known, low=known.high * 2),
            replace(known, low=Fraction(-1)),
            replace(known, norm="l3"),
            replace(known, norm="linf" if key == "l1" else "l1"),
            replace(known, cells=verdict),
        ]
        for k, twin in enumerate(false):
            with pytest.raises(NotShown):
                pytest.fail(f"twin {k} of {key}: {issue(twin, source).statement.value}")
    again = nv.LipschitzResult.from_dict(json.loads(json.dumps(found.to_dict(certificates=True))))
    assert [key.outcome for key in again.verify().keys] == ["rechecked"] * 3


def test_refusals():
    with pytest.raises(nv.InputError, match="shape"):
        nv.robustness(network(ROOF), [[1, 2, 3]])
    with pytest.raises(nv.InputError, match="choose l1"):
        nv.robustness(network(ROOF), [[1, 2]], norm="l3")
    with pytest.raises(nv.InputError, match="outside of the box"):
        nv.robustness(network(ROOF), [[1, 2], [4, 4]], box=(-3, 3))
    with pytest.raises(nv.InputError, match="not a table of numbers"):
        nv.robustness(network(ROOF), [["a", "b"]])
    with pytest.raises(nv.ResourceError, match="fewer inputs"):
        nv.robustness(network(ROOF), np.zeros((10**6, 2)))
    for entry, more in ((nv.lipschitz, ()), (nv.robustness, ([[0, 0]],))):
        with pytest.raises(nv.InputError, match="linear on pieces"):
            entry(network(SQUARE, "tanh"), *more)
