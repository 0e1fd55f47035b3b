"""Classification fans: cones counted, against Cover, programmes of others, draws, and the hull of the activation polytope."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import comb

import numpy as np
import pytest
from scipy.optimize import linprog
from scipy.spatial import ConvexHull

import neurovariety as nv
from neurovariety.beyond.piecewise import largest_terms
from neurovariety.beyond.piecewise.classification_fan import classification_fan
from neurovariety.certificates.classification_fans import CountedCones, DimensionOfActivation, PartitionsOfPoints
from neurovariety.certificates.issue import NotShown, issue, weak
from neurovariety.claim import Claim
from neurovariety.cli.main import main

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]
GRID = [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1]]
"""Three points on a line, and others."""


def drawn(samples, inputs, seed=0):
    return np.random.default_rng(seed).integers(-99, 100, size=(samples, inputs)).tolist()


def tables(points, terms):
    """(labelled points, terms, coefficients) differences that are to be positive, for each way to say which term is the largest."""
    rows = np.hstack([np.ones((len(points), 1)), np.array(points, dtype=float)])
    for which in product(range(terms), repeat=len(points)):
        table = np.array(
            [
                np.subtract(*(np.kron(np.eye(terms)[j], row) for j in (own, other)))
                for row, own in zip(rows, which, strict=True)
                for other in range(terms)
                if other != own
            ]
        )
        yield which, table


def by_programmes(points, terms):
    """The labellings by the largest term that some parameters have, each by a linear programme of its own."""
    found = []
    for which, table in tables(points, terms):
        end = linprog(np.zeros(table.shape[1]), A_ub=-table, b_ub=-np.ones(len(table)), bounds=(None, None))
        if end.status == 0:
            found.append(which)
    return found


@pytest.mark.parametrize(("samples", "inputs"), [(6, 1), (7, 2), (6, 3), (4, 5), (1, 2)])
def test_one_term_each_is_the_count_of_cover(samples, inputs):
    found = classification_fan(drawn(samples, inputs))
    wanted = 2 * sum(comb(samples - 1, k) for k in range(inputs + 1))
    assert found.value["cones"] == found.value["dichotomies"] == found.evidence["general_position"] == wanted
    assert found.claim is Claim.PROVED


@pytest.mark.parametrize(("points", "terms"), [(GRID, (1, 1)), (GRID[:4], (2, 1)), ([[0], [1], [3], [4]], (1, 2)), (XOR, (1, 1))])
def test_cones_are_those_of_linear_programmes(points, terms):
    """Each labelling by the largest term is asked about by a linear programme; degenerate points among them."""
    labels = [0, 1, 1, 0, 1][: len(points)]
    found = classification_fan(points, labels, terms=terms).value
    known = by_programmes(points, sum(terms))
    signs = [tuple(k < terms[0] for k in which) for which in known]
    wrong = [sum(a != b for a, b in zip(s, labels, strict=True)) for s in signs]
    assert found["cones"] == len(known)
    assert found["dichotomies"] == len(set(signs))
    assert found["mistakes"] == {str(k): wrong.count(k) for k in sorted(set(wrong))}


def test_parameters_that_are_drawn_lie_in_these_cones():
    """None in another one, and in each of them some."""
    points, terms = drawn(5, 1), 3
    known = classification_fan(points, terms=(2, 1))
    sets = set(known.claims["partitions"].certificate.sets)
    forms = np.random.default_rng(1).normal(size=(100_000, terms, 2)) * [60.0, 1.0]
    which = np.unique((forms @ np.hstack([np.ones((5, 1)), points]).T).argmax(axis=1), axis=0)
    assert {tuple(list(dict.fromkeys(w)).index(k) for k in w) for w in which.tolist()} == sets
    assert len(which) == known.value["cones"]


@pytest.mark.parametrize(("points", "terms"), [([[0], [1], [3]], 3), (XOR, 2), ([[0, 0], [1, 1], [2, 2]], 2), ([[5, 7]], 3)])
def test_cones_are_vertices_of_the_activation_polytope(points, terms):
    """Their hull, of all sums of vertices of the simplices, with vertices and a dimension."""
    rows = np.hstack([np.ones((len(points), 1)), np.array(points, dtype=float)])
    sums = np.array(
        [sum(np.kron(np.eye(terms)[k], row) for k, row in zip(w, rows, strict=True)) for w in product(range(terms), repeat=len(rows))]
    )
    centred = sums - sums.mean(axis=0)
    basis = np.linalg.svd(centred)[2][: np.linalg.matrix_rank(centred)]
    found = classification_fan(points, terms=(terms - 1, 1)).value
    flat = centred @ basis.T
    assert found["dimension"] == flat.shape[1]
    assert found["cones"] == (len(np.unique(flat)) if flat.shape[1] == 1 else len(ConvexHull(flat).vertices))


def test_vertices_in_drawn_directions():
    """The vertex of the polytope that is farthest in a direction is that of a listed cone."""
    points = drawn(6, 2)
    known = classification_fan(points, terms=(2, 2)).claims["partitions"].certificate
    rows = np.hstack([np.ones((6, 1)), np.array(points)])
    for direction in np.random.default_rng(2).normal(size=(200, 4, 3)) * [60.0, 1.0, 1.0]:
        which = (rows @ direction.T).argmax(axis=1).tolist()
        assert tuple(list(dict.fromkeys(which)).index(k) for k in which) in known.sets


def test_more_terms_separate_more():
    """Signs that alternate along a line need one piece for each change."""
    line, labels = [[k] for k in range(5)], [0, 1, 0, 1, 0]
    for terms, fewest in (((1, 1), 2), ((1, 2), 1), ((2, 2), 1), ((2, 3), 0), ((3, 2), 1)):
        found = classification_fan(line, labels, terms=terms)
        assert next(iter(found.value["mistakes"])) == str(fewest), terms
        best = found.evidence["best"]
        values = []
        for (x,) in line:
            above, below = (
                max([int(a) + int(b) * x for a, b in best[part]], default=-(10**9)) for part in ("numerator", "denominator")
            )
            values.append(above > below)
        assert sum(a != bool(b) for a, b in zip(values, labels, strict=True)) == best["mistakes"] == fewest
    assert "the fewest are 2, in 12 cones" not in classification_fan(line, labels, terms=(2, 3)).meaning


def test_cones_do_not_depend_on_affine_coordinates():
    points = drawn(6, 2)
    moved = [[Fraction(x, 7) + 10**9 + y, Fraction(y) / 10**12] for x, y in points]
    one, two = (classification_fan(p, [0, 1, 1, 0, 0, 1], terms=(2, 1)).value for p in (points, moved))
    assert one == two
    assert one == classification_fan([[float(a), b, a + b] for a, b in points], [0, 1, 1, 0, 0, 1], terms=(2, 1)).value


def test_sides_may_change_places():
    labels = [0, 1, 1, 0, 0]
    one = classification_fan(GRID, labels, terms=(2, 1)).value
    assert one == classification_fan(GRID, [1 - v for v in labels], terms=(1, 2)).value


def test_equal_inputs_are_one_point():
    found = classification_fan([*XOR, [0, 0], [0, 0]], ["a", "b", "b", "b", "b", "a"])
    plain = classification_fan(XOR)
    assert {k: found.value[k] for k in plain.value} == plain.value
    assert found.evidence["classes"] == {"negative": "a", "positive": "b"}
    assert next(iter(found.value["mistakes"])) == "1"  # two samples at one point have different labels
    assert sum(found.value["mistakes"].values()) == found.value["cones"]
    assert "the fewest are 1, in 1 cone" in found.meaning


def test_one_class():
    for labels in ([1, 1, 1, 1], [0, 0, 0, 0], [-1] * 4, [True] * 4):
        assert classification_fan(XOR, labels).value["mistakes"]["0"] == 1
    assert classification_fan([[3, 4]], [1], terms=(2, 3)).value == {
        "cones": 5,
        "dimension": 4,
        "partitions": {"1": 1},
        "dichotomies": 2,
        "mistakes": {"0": 2, "1": 3},
    }


@pytest.mark.parametrize("weights", ["none", "wrong", "circles"])
def test_floats_that_fail_are_made_up_for(monkeypatch, weights):
    """The simplex method answers where least squares say nothing, or what is not so."""
    wanted = classification_fan(GRID, terms=(2, 1)).value

    def nnls(table, goal):
        if weights == "circles":
            raise RuntimeError
        return np.full(table.shape[1], float(weights == "wrong")), 0.0

    monkeypatch.setattr(largest_terms, "nnls", nnls)
    assert classification_fan(GRID, terms=(2, 1)).value == wanted


@pytest.fixture(scope="module")
def known():
    return classification_fan(GRID, [0, 1, 1, 0, 1], terms=(2, 1)).claims


def test_false_twins_are_refused(known):
    true = known["partitions"].certificate
    first, *others = true.conflicts
    (point, other, weight), *rest = first
    twins = [
        replace(true, witnesses=true.witnesses[1:]),
        replace(true, witnesses=(*true.witnesses, true.witnesses[-1])),
        replace(true, witnesses=true.witnesses[::-1]),
        replace(true, witnesses=()),
        replace(true, witnesses=(((1, 0, 0), (1, 0, 0)), *true.witnesses[1:])),
        replace(true, witnesses=(((1, 0, 0), (0, 0, 0)), *true.witnesses)),
        replace(true, conflicts=true.conflicts[1:]),
        replace(true, conflicts=(*true.conflicts, first)),
        replace(true, conflicts=((), *others)),
        replace(true, conflicts=(((point, other, weight + 1), *rest), *others)),
        replace(true, conflicts=(tuple((i, k, -w) for i, k, w in first), *others)),
        replace(true, conflicts=(tuple((i, k, 0) for i, k, w in first), *others)),
        replace(true, conflicts=(tuple((i, 1 - k, w) for i, k, w in first), *others)),
        replace(true, terms=2),
        replace(true, terms=4),
        replace(true, points=(*true.points, true.points[0])),
        replace(true, points=true.points[:-1]),
        replace(true, points=tuple((a, b + a * a) for a, b in true.points)),
    ]
    for twin in twins:
        with pytest.raises((NotShown, ValueError)):
            issue(twin, None)


def test_counts_rest_on_these_points_and_terms(known):
    cones, wrong = known["cones"].certificate, known["mistakes"].certificate
    guess = weak(known["partitions"].statement, Claim.ESTIMATE, "a guess")
    for twin in (
        replace(cones, terms=(2, 2)),
        replace(cones, terms=(3, 0)),
        replace(cones, partitions=known["cones"]),
        replace(cones, partitions=guess),
        replace(cones, part="rays"),
        replace(cones, labels=wrong.labels),
        replace(wrong, labels=wrong.labels[1:]),
        replace(wrong, labels=((0, 0), *wrong.labels[1:])),
        replace(wrong, labels=((-1, 1), *wrong.labels[1:])),
        DimensionOfActivation((), (1, 1)),
        DimensionOfActivation(cones.partitions.certificate.points, (3, 0)),
    ):
        with pytest.raises(NotShown):
            issue(twin, None)
    assert issue(replace(cones, terms=(1, 2)), None).statement.scope != known["cones"].statement.scope


def test_statements_name_points_and_labels(known):
    """So that what is recorded of some data is not what is recorded of others."""
    other = classification_fan(GRID, [1, 1, 1, 0, 1], terms=(2, 1)).claims
    assert other["mistakes"].statement.kind != known["mistakes"].statement.kind
    assert other["cones"].statement == known["cones"].statement
    assert isinstance(known["cones"].certificate, CountedCones)
    assert isinstance(known["partitions"].certificate, PartitionsOfPoints)


def test_results_are_rechecked():
    found = nv.classification_fan(XOR, [0, 1, 1, 0], terms="2,1")
    assert [k.outcome for k in found.verify().keys] == ["rechecked"] * 5
    assert found.value["mistakes"] == {"0": 2, "1": 20, "2": 31, "3": 20, "4": 2}
    assert "2 cones classify the samples without a mistake" in found.summary()
    assert repr(found).startswith("classification-fan(4 samples, ")
    assert type(found).from_dict(json.loads(json.dumps(found.to_dict()))).shown() == found.shown()


@pytest.mark.parametrize(
    ("data", "labels", "terms", "error", "words"),
    [
        (XOR, [0, 1, 1], (1, 1), nv.InputError, "4 samples, and 3 labels"),
        (XOR, [0, 1, 2, 0], (1, 1), nv.InputError, "two classes, and these are 0, 1, 2"),
        (XOR, ["a"] * 4, (1, 1), nv.InputError, "two classes, and these are a; of a single class"),
        (XOR, [7] * 4, (1, 1), nv.InputError, "two classes, and these are 7; of a single class"),
        (XOR, [0, 1, "a", 0], (1, 1), nv.DataError, "labels are not a table of numbers"),
        (XOR, [0, 1, float("nan"), 0], (1, 1), nv.DataError, "not finite"),
        (XOR, "0110", (1, 1), nv.InputError, "a list with one a sample"),
        (XOR, b"0110", (1, 1), nv.InputError, "a list with one a sample"),
        (XOR, [b"a", b"b", b"b", b"a"], (1, 1), nv.InputError, "decode them first"),
        (XOR, dict.fromkeys("abcd", 1), (1, 1), nv.InputError, "a list with one a sample"),
        (XOR, {0, 1}, (1, 1), nv.InputError, "a list with one a sample"),
        (XOR, None, b"11", nv.InputError, "such as 2,1"),
        (XOR, 3, (1, 1), nv.InputError, "a list with one a sample"),
        (XOR, [[0, 1]] * 4, (1, 1), nv.DataError, "one a sample, got a table"),
        (XOR, None, (0, 1), nv.InputError, "at least 1"),
        (XOR, None, (1, 1.5), nv.InputError, "at least 1"),
        (XOR, None, (True, 1), nv.InputError, "at least 1"),
        (XOR, None, "2;1", nv.InputError, "such as 2,1"),
        (XOR, None, 3, nv.InputError, "such as 2,1"),
        ([["a", "b"]], None, (1, 1), nv.DataError, "not a table of numbers"),
        ([], None, (1, 1), nv.DataError, "a sample a row"),
        ([[[1]]], None, (1, 1), nv.DataError, "a sample a row"),
        ([[k, k * k] for k in range(3000)], None, (1, 1), nv.ResourceError, "3,000 different inputs"),
        ([[1]] * 10**5, None, (1, 1), nv.ResourceError, "100,000 samples"),
    ],
)
def test_refusals(data, labels, terms, error, words):
    with pytest.raises(error, match=words) as raised:
        classification_fan(data, labels, terms=terms)
    assert "\n" not in str(raised.value)


def test_labels_that_are_texts_of_numbers_are_numbers():
    """As words, "10" stands before "9"."""
    found = classification_fan(GRID, ["9", "10", "10", "9", "9.0"])
    assert found.evidence["classes"] == {"negative": "9", "positive": "10"}
    assert found.value["mistakes"] == classification_fan(GRID, [0, 1, 1, 0, 0]).value["mistakes"]
    assert classification_fan(GRID, ["9", "b", "b", "9", "9"]).evidence["classes"] == {"negative": "9", "positive": "b"}


def test_the_headline_says_the_fewest_mistakes():
    assert "1 mistake at the fewest, in 4 cones" in classification_fan(XOR, [0, 1, 1, 0]).summary()


def test_too_many_cones(monkeypatch):
    monkeypatch.setattr(largest_terms, "_MOST_STEPS", 10**4)
    with pytest.raises(nv.ResourceError, match="the largest of 4 terms divides 12 points in more ways"):
        classification_fan(drawn(12, 2), terms=(2, 2))


def test_the_command(capsys, tmp_path):
    data, kept = tmp_path / "points.csv", tmp_path / "fan.json"
    data.write_text("x,y,class\n0,0,cat\n0,1,dog\n1,0,dog\n1,1,cat\n")
    words = ("classification-fan", "--data", str(data), "--target", "class", "--categories", "one-hot", "--terms", "2,1")
    status, out, _ = said(capsys, *words, "--certificates", str(kept))
    assert status == 0
    assert "no mistake in 2 cones [proved" in out
    status, out, _ = said(capsys, "recheck", str(kept))
    assert (status, "5 of 5 claims rechecked, 0 refused" in out) == (0, True)
    status, out, _ = said(capsys, *words, "--json")
    assert json.loads(out)["evidence"]["classes"] == {"negative": "class=cat", "positive": "class=dog"}
    status, out, _ = said(capsys, "classification-fan", "--data", str(data), "--drop", "class", "--json")
    assert json.loads(out)["value"] == {"cones": 14, "dimension": 3, "partitions": {"1": 1, "2": 6}, "dichotomies": 14}
    for more, wrong in ((("--target", "class"), "'cat' is not a number"), (("--target", "z", "--drop", "class"), "'z'")):
        status, out, error = said(capsys, "classification-fan", "--data", str(data), *more)
        assert (status, out, error.count("\n")) == (2, "", 1), error
        assert wrong in error
    status, out, error = said(capsys, "classification-fan", "--data", str(data), "--drop", "class", "--terms", "2")
    assert (status, "such as 2,1" in error) == (2, True)
    data.write_text("x,y,z\n0,0,1\n0,1,5\n")
    status, out, error = said(capsys, "classification-fan", "--data", str(data), "--target", "y,z")
    assert (status, "labels are one column, and --target names 2" in error) == (2, True)


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    out, error = capsys.readouterr()
    return end.value.code, out, error
