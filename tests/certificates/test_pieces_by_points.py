"""Networks that are linear on pieces, on lines and planes whose regions are seen by eye: points, counts, functions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from math import isqrt

import numpy as np
import pytest

from neurovariety.certificates.affine_pieces import (
    affine_pieces,
    at_point,
    cells_of,
    dual,
    in_brief,
    in_digits,
    norm_power,
    root_between,
)
from neurovariety.certificates.cell_complex import DECISIONS, REGIONS, CellComplex, complex_of, known_cells
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.decision_regions import DecisionCount
from neurovariety.certificates.functions import at_inputs
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_values import RATIONALS, value
from neurovariety.certificates.piecewise_forms import piecewise_forms
from neurovariety.certificates.region_counts import RegionCount, region_counts
from neurovariety.certificates.regions_from_below import RegionsAtLeast
from neurovariety.certificates.regions_of_data import RegionsOfData
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.claim import Claim

from .agreeing_models import twins

HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
LEAKY = {"function": "leaky_relu", "slope": Fraction(1, 2)}
RELU, ABS = {"function": "relu"}, {"function": "abs"}
CLIPPED = {"function": "hardtanh", "low": Fraction(-1), "high": Fraction(1)}


def net(inputs, first, bias, last, end, activation=RELU, more=(), **extra):
    nodes = (
        Node("x", "input"),
        Node("h", "linear", ("x",), {"weight": "w", "bias": "b"}),
        Node("r", "activation", ("h",), {}, activation),
        *more,
        Node("y", "linear", (more[-1].name if more else "r",), {"weight": "v", "bias": "e"}),
    )
    arrays = {k: np.array(a, dtype=float) for k, a in zip("wbve", (first, bias, last, end), strict=True)}
    return Network((inputs,), nodes, "y", {**arrays, **extra})


def at(network, x):
    return [Fraction(int(v.p), int(v.q)) for v in value(network, np.array([*x, None], dtype=object)[:-1], RATIONALS).reshape(-1)]


LINE = net(1, [[1], [1]], [0, -1], [[1, -2]], [0])
"""relu(x) - 2 relu(x - 1): 0, x, 2 - x."""
WHOLE = CellDomain((0,))
CELLS = complex_of(network_hash(LINE), WHOLE, [[0, -1], [1, 0], [1, 1], [0, 1]], [[0, 1], [1, 2], [2, 3]])
BOX = CellDomain((0,), (Fraction(-1),), (Fraction(5, 2),))
IN_BOX = complex_of(network_hash(LINE), BOX, [[1, -1], [1, 0], [1, 1], [2, 5]], [[0, 1], [1, 2], [2, 3]])


def refused(certificate, subject, match=None):
    with pytest.raises(NotShown, match=match):
        issue(certificate, subject)


def test_points_in_regions():
    def points(*rows):
        return RegionsAtLeast(network_hash(LINE), WHOLE, np.array(rows))

    three = issue(points([1, -1], [2, 1], [1, 2]), LINE)
    assert (three.statement.kind, three.statement.value, three.claim, three.statement.scope) == (REGIONS, 3, Claim.LOWER_BOUND, ())
    assert issue(points([3, 1]), LINE).statement.value == 1
    for rows, why in (
        ([[1, 0], [1, 2]], "border"),
        ([[1, -1], [7, 7]], "border"),
        ([[1, -1], [2, 1], [3, 2]], "same pattern"),
        ([[0, 1], [1, -1]], "above 0"),
        ([[-1, 1], [1, -1]], "above 0"),
        ([[1, -1, 0]], "one a row"),
        ([[1]], "one a row"),
        ([1, -1], "one a row"),
        ([[1.0, -1.0]], "one a row"),
    ):
        refused(points(*rows), LINE, why)
    refused(RegionsAtLeast(network_hash(LINE), WHOLE, np.zeros((0, 2), dtype=int)), LINE, "one a row")
    refused(replace(points([1, -1]), subject="another"), LINE, "another network")
    mixed = np.array([[1, -1], [2, HALF]], dtype=object)
    refused(replace(points([1, -1]), points=mixed), LINE, "whole numbers")
    refused(replace(points([1, -1]), points=np.array([[True, -1], [2, 1]], dtype=object)), LINE, "whole numbers")
    inside = replace(points([2, -1], [2, 1], [1, 2]), domain=BOX)
    assert issue(inside, LINE).statement.scope == ("for inputs in the box -1 to 5/2",)
    for row in ([1, -2], [1, 3], [8, -9], [8, 21]):
        refused(replace(inside, points=np.array([row])), LINE, "outside")


def test_units_that_are_nothing_somewhere():
    """A unit that reads 0 on a whole region has no border there: x > 0 of |relu(x)|, and the half line below."""
    more = Node("z", "linear", ("r",), {"weight": "u"}), Node("a", "activation", ("z",), {}, ABS)
    deep = net(1, [[1]], [0], [[1, 0]], [0], more=more, u=np.array([[1.0], [0.0]]))
    own = RegionsAtLeast(network_hash(deep), WHOLE, np.array([[1, -1], [1, 1]]))
    assert issue(own, deep).statement.value == 2
    refused(replace(own, points=np.array([[1, 0]])), deep, "border")
    for row in ([1, -2], [1, -1]):
        refused(replace(own, points=np.array([[1, -3], row])), deep, "same pattern")


def test_inputs_in_regions():
    cells = issue(CELLS, LINE)
    points = tuple((Fraction(v),) for v in (-2, -1, HALF, 0, 1, THIRD, 2, 3, 4))
    own = RegionsOfData(points, {"2": 3, "0": 2, "1": 2}, cells)
    said = issue(own, LINE)
    assert said.statement.kind == at_inputs("regions: data", points)
    assert said.statement.value == {"inputs": 9, "regions": 3, "on_borders": 2, "counts": {"2": 3, "0": 2, "1": 2}}
    for counts in ({"2": 3, "0": 2}, {"2": 3, "0": 2, "1": 3}, {"2": 3, "0": 2, "1": 2, "3": 0}, {"2": 3, "0": 2.0, "1": 2}, {}):
        refused(replace(own, counts=counts), LINE, "other regions")
    refused(replace(own, counts={"2": 3, "0": True, "1": 2}, points=points[1:]), LINE)
    refused(replace(own, points=()), LINE, "inputs are expected")
    refused(replace(own, points=((HALF, HALF),)), LINE, "in its box")
    refused(replace(own, points=((),)), LINE, "in its box")
    for changed in twins(cells, (Claim.LOWER_BOUND, Claim.PROBABILITY)):
        if changed.statement.subject == cells.statement.subject:
            refused(replace(own, cells=changed), LINE)
    boxed = RegionsOfData(((Fraction(-1),), (Fraction(5, 2),), (HALF,)), {"0": 1, "1": 1, "2": 1}, issue(IN_BOX, LINE))
    assert issue(boxed, LINE).statement.scope == ("for inputs in the box -1 to 5/2",)
    for v in (Fraction(-5, 4), Fraction(21, 8)):
        refused(replace(boxed, points=(*boxed.points, (v,))), LINE, "in its box")


QUADRANTS = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, -1, 0], [0, 0, -1]]
FOUR = [[0, 1, 2], [0, 2, 3], [0, 3, 4], [0, 1, 4]]


def plane(last, end=(0,), activation=RELU):
    return net(2, [[1, 0], [0, 1]], [0, 0], last, end, activation)


def quadrants(network, **more):
    return complex_of(network_hash(network), CellDomain((0, 1)), QUADRANTS, FOUR, **more)


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        (plane([[1, -1]]), (0, 4, 4, 4, 4, False, 1, True, 1, 1)),  # x+ - y+
        (plane([[1, 1]]), (0, 4, 4, 4, 4, False, 1, True, 1, 0)),  # x+ + y+
        (plane([[0, 1]]), (0, 2, 2, 2, 4, False, 1, True, 1, 0)),  # y+
        (plane([[1, 1]], (1,)), (0, 4, 4, 4, 4, False, 0, False, 1, 0)),
        (plane([[1, 1]], (-1,)), (0, 4, 4, 4, 4, False, 1, False, 1, 1)),
        (plane([[1, 1]], (-1,), ABS), (0, 4, 4, 4, 4, False, 1, False, 1, 1)),  # the square |x| + |y| = 1
        (plane([[1, -1]], (0,), ABS), (0, 4, 4, 4, 4, False, 1, False, 2, 2)),  # |x| = |y|
        (plane([[1, -1]], (1,), ABS), (0, 4, 4, 4, 4, False, 2, False, 1, 2)),  # a hyperbola, of which two branches remain
        (plane([[1, 1]], (0,), LEAKY), (0, 4, 4, 4, 4, False, 1, False, 1, 1)),
        (plane([[0, 0]], (0,)), (0, 1, 1, 1, 4, False, 1, True, 0, 0)),
    ],
)
def test_counts_on_a_plane(network, expected):
    own = quadrants(network)
    cells = issue(own, network)
    assert (cells.statement.value, cells.claim) == (4, Claim.PROVED)
    names = (
        "bounded_regions",
        "linear_regions_open",
        "linear_regions_closed",
        "distinct_affine_functions",
        "facet_adjacencies",
        "degenerate_zero_preactivation_on_open_set",
        "zero_set_components",
        "zero_set_has_interior",
        "positive_components",
        "negative_components",
    )
    found = dict(zip(names, expected, strict=True))
    assert dict(region_counts(own, network)) == found
    for key, number in found.items():
        assert issue(RegionCount(key, number, cells), network).statement.value == number
        refused(RegionCount(key, not number if isinstance(number, bool) else number + 1, cells), network, key)
        refused(RegionCount(key, int(number) if isinstance(number, bool) else bool(number), cells), network, key)
    refused(RegionCount("other", 1, cells), network, "nothing called")
    for changed in twins(cells, (Claim.LOWER_BOUND, Claim.PROBABILITY)):
        if changed.statement.subject == cells.statement.subject:
            refused(RegionCount("facet_adjacencies", 4, changed), network, "all regions")


def test_functions_on_pieces():
    """On each cell, at points inside: the whole numbers are the outputs times a scale."""
    inside = [(2, 3), (-2, 3), (-1, -3), (5, -2)]
    for network in (plane([[1, -1], [2, 1]], (1, -3)), plane([[1, -1]], (2,), LEAKY), plane([[3, -1]], (0,), CLIPPED)):
        own = quadrants(network) if network.nodes[2].attributes != CLIPPED else None
        if own is None:
            forms = piecewise_forms(network)
            for x in product((Fraction(-3), Fraction(-1), -HALF, Fraction(0), THIRD, Fraction(1), Fraction(2)), repeat=2):
                found = at_point(forms, x)
                assert list(found.outputs) == at(network, x)
                assert found.signs == tuple(s for v in x for s in (sign(v + 1), sign(v - 1)))
            continue
        pieces = affine_pieces(own, network)
        for cell, x in enumerate(inside):
            outputs = [sum(a * b for a, b in zip(f, (1, *x), strict=True)) for f in pieces.forms[cell].tolist()]
            assert outputs == [pieces.scale * v for v in at(network, x)]
            assert list(at_point(pieces.known.whole, tuple(map(Fraction, x))).outputs) == at(network, x)
        assert pieces.unseen == ()
        assert pieces.rays.tolist() == QUADRANTS


def sign(v):
    return (v > 0) - (v < 0)


def test_directions_that_are_not_seen():
    """A unit x + 2 y of three inputs: along (-2, 1, 0) and (0, 0, 1) nothing changes."""
    network = net(3, [[1, 2, 0]], [-1], [[1]], [0])
    own = complex_of(network_hash(network), CellDomain((0,)), [[0, -1], [1, 1], [0, 1]], [[0, 1], [1, 2]])
    pieces = affine_pieces(own, network)
    assert pieces.rays.tolist() == [
        [0, -1, 0, 0], [1, 1, 0, 0], [0, 1, 0, 0], [0, -2, 1, 0], [0, 2, -1, 0], [0, 0, 0, 1], [0, 0, 0, -1]
    ]  # fmt: skip
    assert pieces.unseen == (3, 4, 5, 6)
    assert [[int(v) for v in f] for f in pieces.forms[:, 0]] == [[0, 0, 0, 0], [-pieces.scale, pieces.scale, 2 * pieces.scale, 0]]
    counts = region_counts(own, network)
    assert (counts["bounded_regions"], counts["linear_regions_open"], counts["zero_set_has_interior"]) == (0, 2, True)
    for columns in ((1,), (0, 1), (2,), (), (3,), (-1,), (0, 0)):
        other = replace(own, domain=CellDomain(columns))
        if columns != (1,):
            with pytest.raises(NotShown):
                known_cells(other, network)
    still = net(2, [[0, 0]], [1], [[1]], [0])
    assert affine_pieces(complex_of(network_hash(still), CellDomain(()), [[1]], [[0]]), still).rays.tolist() == [
        [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]
    ]  # fmt: skip


def test_cells_of_verdicts():
    cells = issue(CELLS, LINE)
    assert cells_of(cells) is CELLS
    for changed in twins(cells, (Claim.LOWER_BOUND, Claim.PROBABILITY)):
        if changed.statement.subject == cells.statement.subject:
            with pytest.raises(NotShown):
                cells_of(changed)
    deciding = issue(complex_of(network_hash(LINE), WHOLE, CELLS.rays.tolist(), CELLS_BY_SIGN, decisions=True), LINE)
    assert deciding.statement.kind == DECISIONS
    with pytest.raises(NotShown):
        cells_of(deciding)


CELLS_BY_SIGN = [[0, 1], [1, 2], [2, 3]]


@pytest.mark.parametrize(
    ("rays", "cells"),
    [
        ([[0, -1], [1, 0], [1, 1], [0, 1]], [[0, 1], [1, 2]]),
        ([[0, -1], [1, 0], [1, 1], [0, 1]], [[0, 1], [1, 2], [2, 3], [2, 3]]),
        ([[0, -1], [1, 0], [0, 1]], [[0, 1], [1, 2]]),
        ([[0, -1], [1, 0], [2, 2], [0, 1]], [[0, 1], [1, 2], [2, 3]]),
        ([[0, -1], [1, 0], [1, 1], [0, 1], [0, 1]], [[0, 1], [1, 2], [2, 3]]),
        ([[0, -1], [1, 0], [1, 1], [0, 2]], [[0, 1], [1, 2], [2, 3]]),
        ([[0, -1], [1, 0], [1, 1], [0, 1]], [[0, 1], [1, 2], [2, 4]]),
        ([[0, -1], [1, 0], [1, 1], [0, 1]], [[0, 1], [1, 2], [3]]),
        ([[0, -1], [-1, 0], [1, 1], [0, 1]], [[0, 1], [1, 2], [2, 3]]),
    ],
)
def test_cells_that_are_no_regions(rays, cells):
    refused(complex_of(network_hash(LINE), WHOLE, rays, cells), LINE)


def test_arrays_that_are_no_cells():
    for changes in (
        {"subject": "another"},
        {"members": CELLS.members.astype(float)},
        {"starts": CELLS.starts.astype(float)},
        {"members": CELLS.members.reshape(2, 3)},
        {"starts": CELLS.starts + 1},
        {"starts": np.array([0, 2, 4])},
        {"starts": np.array([0, 2, 2, 4, 6])},
        {"starts": np.array([0])},
        {"members": np.array([1, 0, 1, 2, 2, 3])},
        {"members": np.array([0, 1, 1, 1, 2, 3])},
        {"members": np.array([-1, 1, 1, 2, 2, 3])},
        {"rays": CELLS.rays[:, :1]},
        {"rays": CELLS.rays[:, 0]},
        {"rays": CELLS.rays.astype(float)},
        {"domain": CellDomain((0,), (Fraction(0),), (Fraction(0),))},
        {"domain": CellDomain((0,), (Fraction(0),), (Fraction(1), Fraction(1)))},
        {"domain": CellDomain((), (Fraction(0),), (Fraction(1),))},
    ):
        refused(replace(CELLS, **changes), LINE)
    unsigned = replace(CELLS, members=CELLS.members.astype(np.uint8), starts=CELLS.starts.astype(np.uint8))
    assert isinstance(unsigned, CellComplex)
    assert issue(unsigned, LINE).statement.value == 3


def test_classes_on_a_line():
    """Outputs x+, 1 - x+ and -1: the first is largest above 1/2, the second below, the third nowhere; and where all are one."""
    network = net(1, [[1]], [0], [[1], [-1], [0]], [0, 1, -1])
    rays, cells = [[0, -1], [1, 0], [2, 1], [1, 2], [0, 1]], [[0, 1], [1, 2], [2, 3], [3, 4]]
    own = complex_of(network_hash(network), WHOLE, rays, cells, decisions=True)
    known = issue(own, network)
    assert (known.statement.kind, known.statement.value) == (DECISIONS, 4)
    found = {"class_components": {"0": 1, "1": 1, "2": 0}, "boundary_components": 1}
    for key, number in found.items():
        verdict = issue(DecisionCount(key, number, known), network)
        assert (verdict.statement.kind, verdict.statement.value) == (f"regions: {key}", number)
        refused(DecisionCount(key, {"0": 1, "1": 1, "2": 1} if key == "class_components" else 2, known), network)
        for changed in twins(known, (Claim.LOWER_BOUND, Claim.PROBABILITY)):
            if changed.statement.subject == known.statement.subject:
                refused(DecisionCount(key, number, changed), network)
    refused(DecisionCount("other", 1, known), network)
    two = net(1, [[1]], [0], [[1], [2]], [-1, -3], ABS)  # |x| - 1 and 2 |x| - 3: equal at 2 and -2
    own = complex_of(
        network_hash(two), WHOLE, [[0, -1], [1, -2], [1, 0], [1, 2], [0, 1]], [[0, 1], [1, 2], [2, 3], [3, 4]], decisions=True
    )
    known = issue(own, two)
    assert issue(DecisionCount("class_components", {"0": 1, "1": 2}, known), two)
    assert issue(DecisionCount("boundary_components", 2, known), two)


def test_norms_roots_and_digits():
    v = (Fraction(3), -HALF, Fraction(-7, 2))
    assert [norm_power(v, n) for n in ("l1", "l2", "linf")] == [7, 9 + Fraction(1, 4) + Fraction(49, 4), Fraction(7, 2)]
    assert [norm_power((), n) for n in ("l1", "l2", "linf")] == [0, 0, 0]
    assert [dual(n) for n in ("l1", "l2", "linf")] == ["linf", "l2", "l1"]
    for square in (
        Fraction(4, 9),
        Fraction(0),
        Fraction(2),
        THIRD,
        Fraction(10**30 + 1),
        Fraction(3, 10**31),
        Fraction(10**7),
        Fraction(99),
    ):
        low, high = root_between(square)
        assert low**2 <= square <= high**2
        rational = isqrt(square.numerator) ** 2 == square.numerator and isqrt(square.denominator) ** 2 == square.denominator
        assert (low == high) == rational
        assert rational or 10**18 < low / (high - low) < 10**22
    for number, text in (
        (Fraction(1, 3), "0.333333"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(0), "0"),
        (Fraction(10) ** 400, "1e+400"),
        (-2 / Fraction(10) ** 400, "-2e-400"),
        (Fraction(123456789), "1.23457e+08"),
    ):
        assert in_brief(number) == text
    assert in_brief(THIRD, 3) == "0.333"
    for number, text in (
        (Fraction(1, 3), "1/3"),
        (Fraction(-5, 2), "-2.5"),
        (Fraction(1, 16), "0.0625"),
        (Fraction(7, 25), "0.28"),
        (Fraction(-1, 500), "-0.002"),
        (Fraction(12), "12"),
        (Fraction(0), "0"),
        (Fraction(1, 2**40), f"0.{5**40:040d}"),
        (Fraction(1, 2**41), f"1/{2**41}"),
        (Fraction(123, 8), "15.375"),
        (Fraction(1, 6), "1/6"),
    ):
        assert in_digits(number) == text
