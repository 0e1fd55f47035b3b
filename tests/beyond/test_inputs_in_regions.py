"""Inputs in the regions of a network: against patterns by hand, on borders, in a box, what is refused, and false twins."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.beyond.piecewise import inputs_in_regions
from neurovariety.certificates.issue import issue
from neurovariety.certificates.regions_of_data import RegionsOfData
from neurovariety.certificates.zeros import NotShown

DEGENERATE = {"w1": [[1, 1], [1, -1], [-1, 1], [2, 2], [0, 0]], "b1": [0, 0, 0, 0, -1], "w2": [[1, 1, -1, 3, 2]], "b2": [0]}
BIASED = "mlp(2,5,1; relu; bias)"


def signs(layers, x):
    """The signs of what all hidden units read."""
    found, values = [], list(x)
    for w, b in layers:
        read = [sum((p * q for p, q in zip(row, values, strict=True)), s) for row, s in zip(w, b, strict=True)]
        found += [(v > 0) - (v < 0) for v in read]
        values = [max(v, 0) for v in read]
    return tuple(found)


@pytest.mark.parametrize("seed", range(6))
def test_patterns_by_hand(seed):
    """Inputs on a coarse grid, so that some lie on kinks; with a dead unit, and one that stays at its kink where others are off."""
    rng = np.random.default_rng(seed)
    widths = [(2, 4, 3), (1, 3, 2), (3, 3, 2)][seed % 3]
    layers = [
        ([[Fraction(int(v)) for v in row] for row in rng.integers(-2, 3, size=(b, a))], [0] * b) for a, b in itertools.pairwise(widths)
    ]
    layers[0][1][0] = 1
    weights = {f"w{k}": np.array(w, dtype=object) for k, (w, _) in enumerate(layers, 1)} | {"w3": np.ones((1, widths[-1]), dtype=int)}
    weights |= {f"b{k}": b for k, (_, b) in enumerate(layers, 1)} | {"b3": [0]}
    points = [[Fraction(int(v), 2) for v in row] for row in rng.integers(-6, 7, size=(60, widths[0]))]
    found = nv.regions(weights, architecture=f"mlp({','.join(map(str, widths))},1; relu; bias)", data=points)
    assert found.claim is nv.Claim.PROVED
    near = [[v + Fraction(int(s), 10**6) for v, s in zip(x, rng.integers(1, 10**5, size=len(x)), strict=True)] for x in points]
    inside = Counter()
    for x in points:
        around = {
            signs(layers, [v + Fraction(int(s), 10**7) for v, s in zip(x, t, strict=True)])
            for t in rng.integers(-999, 1000, (40, len(x)))
        }
        if around == {signs(layers, x)}:
            inside[signs(layers, x)] += 1
    value = found.value["data"]
    assert sorted(value["counts"].values()) == sorted(inside.values())
    assert (value["inputs"], value["regions"]) == (60, len(inside))
    assert value["on_borders"] == 60 - inside.total() > 0
    moved = nv.regions(found, data=near).value["data"]
    assert moved["on_borders"] == 0
    assert {k: moved["counts"][k] >= n for k, n in value["counts"].items()} == dict.fromkeys(value["counts"], True)


def test_numbers_are_those_of_the_cells():
    """An input inside of each region: each number once; and the sides of a box are no border."""
    found = nv.regions(DEGENERATE, architecture=BIASED, box=(-2, 2))
    known = found.held_regions().known
    middles = []
    for cell in known.cells:
        corners = [[Fraction(v, known.rays[r][0]) for v in known.rays[r][1:]] for r in cell]
        middles.append([sum(column) / len(corners) for column in zip(*corners, strict=True)])
    asked = nv.regions(found, data=middles)
    assert asked.value["data"]["counts"] == {str(k): 1 for k in range(len(known.cells))}
    assert {k: v for k, v in asked.value.items() if k not in ("data", "affine")} == {
        k: v for k, v in found.value.items() if k not in ("data", "affine")
    }
    side = nv.regions(found, data=[[2, Fraction(1, 3)], [2, 2]]).value["data"]
    assert (side["on_borders"], side["regions"]) == (1, 1)  # the corner lies on x = y
    with pytest.raises(nv.InputError, match="outside of the box"):
        nv.regions(found, data=[[3, 0]])


def test_radii_are_those_of_robustness(monkeypatch):
    points = [[1, 2], [-3, 0.5], [0.25, 0.25]]
    found = nv.regions(DEGENERATE, architecture=BIASED, data=points)
    assert found.value["affine"] == nv.robustness(DEGENERATE, points, architecture=BIASED).value["affine"]
    assert {k.outcome for k in found.verify().keys if found.value[k.key] is not None} == {"rechecked"}
    assert "2 inputs" not in found.summary()
    assert "3 inputs in 2 regions: 1 in region" in found.summary()
    monkeypatch.setattr(inputs_in_regions, "MOST_RADII", 2)
    many = nv.regions(DEGENERATE, architecture=BIASED, data=points)
    assert many.value["affine"] is None
    assert many.value["data"] == found.value["data"]
    assert "ask robustness about fewer" in many.notices[0]


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1, 2, 3]], nv.InputError, r"inputs of shape \(2,\)"),
        (np.zeros((0, 2)), nv.InputError, r"inputs of shape \(2,\)"),
        ([[1, float("nan")]], nv.DataError, "not finite"),
        (np.zeros((30_000, 2)), nv.ResourceError, "30,000 inputs"),
    ],
)
def test_tables_that_are_refused(data, error, words):
    with pytest.raises(error, match=words):
        nv.regions(DEGENERATE, architecture=BIASED, data=data)


def test_false_twins_are_refused():
    found = nv.regions(DEGENERATE, architecture=BIASED, data=[[1, 2], [3, 2], [3, 1], [1, 1]])
    known = found.verdicts["data"].certificate
    assert isinstance(known, RegionsOfData)
    (first, n), (second, m) = known.counts.items()
    wrong = [
        replace(known, counts=c)
        for c in (
            {},
            {first: n},
            {first: n, second: m + 1},
            {first: m, second: n},
            {first: True + 1, second: True},
            {**known.counts, "0": 0},
        )
    ]
    wrong += [replace(known, points=p) for p in (known.points[1:], (*known.points, known.points[0]), ())]
    wrong += [
        replace(known, points=tuple((*p, Fraction(0)) for p in known.points)),
        replace(known, cells=found.verdicts["bounded_regions"]),
    ]
    for other in wrong:
        with pytest.raises(NotShown):
            issue(other, found.network)
    other = nv.regions({**DEGENERATE, "b2": [1]}, architecture=BIASED, data=[[1, 2]])
    with pytest.raises(NotShown):
        issue(known, other.network)


def test_pictures_show_the_data(tmp_path):
    found = nv.regions(DEGENERATE, architecture=BIASED)
    nv.draw_regions(found, tmp_path / "data.png", data=[[100, 200], [101, 203]])
    assert (tmp_path / "data.png").stat().st_size > 5000
    with pytest.raises(nv.InputError, match=r"points \(samples, 2\)"):
        nv.draw_regions(found, tmp_path / "data.png", data=[[1, 2, 3]])
