"""Tropical forms of ReLU networks: the same function, maxima in which nothing is redundant, and what must be refused."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.certificates.issue import issue
from neurovariety.certificates.tropical_forms import TropicalPart
from neurovariety.certificates.zeros import NotShown

from .brute_force_regions import solution
from .test_regions import SQUARE, drawn, network

SIZES = [(2, 4, 1), (2, 3, 2, 1), (1, 3, 3, 2), (3, 3, 1), (2, 2, 2, 2, 1)]


def numbers(part):
    return [[tuple(map(Fraction, m)) for m in output] for output in part]


@pytest.mark.parametrize("seed", range(size(10, 60)))
@pytest.mark.parametrize("kind", ["plain", "degenerate", "fan"])
def test_the_difference_of_the_maxima_is_the_network(kind, seed):
    """At random inputs, exactly; and every monomial is the largest somewhere, by a system of inequalities."""
    rng = np.random.default_rng([seed, len(kind), 3])
    widths = SIZES[seed % len(SIZES)]
    source = network(drawn(widths, rng, kind))
    found = nv.tropical(source)
    assert found.claim is nv.Claim.PROVED
    g, h = numbers(found.value["numerator"]), numbers(found.value["denominator"])
    x = np.array([[Fraction(int(v), 3) for v in row] for row in rng.integers(-30, 31, size=(12, widths[0]))], dtype=object)
    for point, values in zip(x, source.evaluate_exact(x), strict=True):
        for k, value in enumerate(values):
            up, down = (max(m[0] + sum(a * b for a, b in zip(m[1:], point, strict=True)) for m in part[k]) for part in (g, h))
            assert up - down == value
    for part in (g[0], h[0]):
        assert len(set(part)) == len(part)
        for m in part[:6]:
            above = [(tuple(a - b for a, b in zip(m[1:], o[1:], strict=True)), m[0] - o[0], True) for o in part if o != m]
            assert solution(above, widths[0]) is not None


@pytest.mark.parametrize(
    ("layers", "numerator", "denominator"),
    [
        ([([[1], [-1]], [0, 0]), ([[1, 1]], [0])], [["0", "-1"], ["0", "1"]], [["0", "0"]]),  # the absolute value
        ([([[1, 0], [0, 1]], [0, 0]), ([[1, -1]], [2])], [["2", "0", "0"], ["2", "1", "0"]], [["0", "0", "0"], ["0", "0", "1"]]),
        ([([[1, -1]], [0]), ([[1]], [0])], [["0", "0", "0"], ["0", "1", "-1"]], [["0", "0", "0"]]),
    ],
    ids=["absolute value", "one of each", "one direction"],
)
def test_by_hand(layers, numerator, denominator):
    found = nv.tropical(network(layers)).value
    assert (found["numerator"], found["denominator"]) == ([numerator], [denominator])


def read_back(text, system, outputs):
    """The monomials of both parts of each output, constants first, and the scale: from the text alone."""
    scale = int(found[1]) if (found := re.search(r"\) / (\d+) with", text)) else 1
    parts = []
    for letter in "gh":
        part = []
        for k in range(outputs):
            (line,) = re.findall(rf"^\$?{letter}_{k} = (.*)$", text, re.MULTILINE)
            if system == "polymake":
                monomials, constants = re.fullmatch(r"new Hypersurface<Max>\(MONOMIALS=>(.*), COEFFICIENTS=>(.*)\);", line).groups()
                rows = json.loads(monomials)
                assert len({sum(r) for r in rows}) == 1
                assert min(map(min, rows)) >= 0
                part.append([(c, *r[1:]) for c, r in zip(json.loads(constants), rows, strict=True)])
            elif system == "oscar":
                terms = [re.fullmatch(r"T\((-?\d+)\)((?: \* x\[\d+\]\^\d+)*)", t).groups() for t in line.split(" + ")]
                part.append([(int(c), *(int(e) for e in re.findall(r"\^(\d+)", x))) for c, x in terms])
            else:
                constants, exponents = re.fullmatch(r"TropicalPuiseuxPoly\(\[(.*?)\], \[(.*)\], false\)", line).groups()
                rows = [numbers_in(e) for e in re.findall(r"\[(.*?)\]", exponents)]
                part.append([(c, *r) for c, r in zip(numbers_in(constants), rows, strict=True)])
        parts.append(part)
    return *parts, scale


def numbers_in(text):
    return [Fraction(int(p), int(q)) for p, q in re.findall(r"big\((-?\d+)\)//big\((\d+)\)", text)]


@pytest.mark.parametrize("system", ["polymake", "oscar", "tropicalnn"])
@pytest.mark.parametrize("widths", [(2, 4, 1), (1, 3, 3, 2), (3, 2, 2)])
def test_scripts_of_other_systems_hold_the_network(system, widths):
    """What is read back from the text has the values of the network; these systems are not run here."""
    rng = np.random.default_rng(len(widths) + widths[0])
    source = network(drawn(widths, rng, "plain"))
    text = nv.tropical(source).script(system)
    g, h, scale = read_back(text, system, widths[-1])
    x = np.array([[Fraction(int(v), 3) for v in row] for row in rng.integers(-30, 31, size=(8, widths[0]))], dtype=object)
    for point, values in zip(x, source.evaluate_exact(x), strict=True):
        for k, value in enumerate(values):
            up, down = (max(m[0] + sum(a * b for a, b in zip(m[1:], point, strict=True)) for m in part[k]) for part in (g, h))
            assert (up - down) / scale == value


def test_scripts_are_refused_where_exponents_do_not_fit():
    floats = nv.tropical({"W1": [[0.1, 0.2]], "b1": [0.3], "W2": [[0.7]], "b2": [0.9]}, architecture="mlp(2,1,1; relu; bias)")
    assert "big(" in floats.script("tropicalnn")
    with pytest.raises(nv.ResourceError, match="64 bits"):
        floats.script("oscar")
    with pytest.raises(nv.InputError, match="choose polymake"):
        floats.script("sage")


def test_refusals():
    with pytest.raises(nv.InputError, match="ReLUs and maxima"):
        nv.tropical(network(SQUARE, "abs"))
    with pytest.raises(nv.InputError, match="linear on pieces"):
        nv.tropical(network(SQUARE, "tanh"))
    with pytest.raises(nv.InputError, match="limit="):
        nv.tropical(network(SQUARE), limit=0)


def test_false_twins_are_refused():
    source = network(drawn((2, 3, 2, 1), np.random.default_rng(0), "plain"))
    found = nv.tropical(source)
    known = found.verdicts["numerator"].certificate
    assert isinstance(known, TropicalPart)
    (own,) = known.monomials
    middle = tuple((a + b) / 2 for a, b in zip(own[0], own[-1], strict=True))
    for monomials in ((own[1:],), ((*own, own[-1]),), (tuple(sorted((*own, middle))),), (own, own), (own[::-1],)):
        with pytest.raises(NotShown):
            issue(replace(known, monomials=monomials), source)
    for other in (replace(known, part="denominator"), replace(known, cells=found.verdicts["numerator"])):
        with pytest.raises(NotShown):
            issue(other, source)
    with pytest.raises(NotShown):
        issue(known, network(drawn((2, 3, 2, 1), np.random.default_rng(1), "plain")))
    again = nv.TropicalResult.from_dict(json.loads(json.dumps(found.to_dict(certificates=True))))
    assert [key.outcome for key in again.verify().keys] == ["rechecked"] * 3
