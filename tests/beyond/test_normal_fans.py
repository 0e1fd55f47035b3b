"""Normal fans of tropical forms: against a hull of SciPy, directions that are drawn and regions; and scripts that are read back."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.spatial import ConvexHull

import neurovariety as nv
from campaign import size
from neurovariety.beyond.piecewise.newton_facets import fan_of
from neurovariety.certificates.issue import issue
from neurovariety.certificates.newton_fans import NormalFans
from neurovariety.certificates.zeros import NotShown

from .test_regions import drawn, network


def named(points):
    return {(k,): tuple(map(int, p)) for k, p in enumerate(points)}


def test_polytopes_by_hand():
    cube = fan_of(named(product((0, 1, 2), repeat=3)))
    assert (cube.f_vector, len(cube.rays), {len(c) for c in cube.cones}) == ((8, 12, 6), 6, {3})
    pyramid = fan_of(named([(0, 0, 0), (2, 0, 0), (0, 2, 0), (2, 2, 0), (1, 1, 1), (1, 1, 0)]))
    assert (pyramid.f_vector, sorted(len(c) for c in pyramid.cones)) == ((5, 8, 5), [3, 3, 3, 3, 4])
    line = fan_of(named([(0, 0, 0), (1, 2, 0), (3, 6, 0)]))
    assert (line.vertices, line.rays, line.lineality) == (((0,), (2,)), ((-1, 0, 0), (1, 0, 0)), ((-2, 1, 0), (0, 0, 1)))
    point = fan_of(named([(1, 2)]))
    assert (point.dimension, point.f_vector, point.rays, point.cones) == (0, (1,), (), ((),))


@pytest.mark.parametrize("seed", range(size(6, 60)))
def test_as_the_hull_of_scipy(seed):
    """Vertices and, of the simplices in general position, facets; and the vertex of a cone is the largest in its directions."""
    rng = np.random.default_rng(seed)
    points = rng.integers(-500, 501, size=(12 + 2 * seed, 2 + seed % 3))
    found, hull = fan_of(named(points)), ConvexHull(points)
    assert [v[0] for v in found.vertices] == sorted(hull.vertices.tolist())
    assert len(found.rays) == len(hull.simplices)
    assert sum((-1) ** i * n for i, n in enumerate(found.f_vector)) == 1 - (-1) ** points.shape[1]
    for (vertex,), cone in zip(found.vertices, found.cones, strict=True):
        inside = np.sum([np.array(found.rays[r]) / np.linalg.norm(found.rays[r]) for r in cone], axis=0)
        assert np.argmax(points @ inside) == vertex


@pytest.mark.parametrize("kind", ["plain", "fan", "degenerate"])
def test_cones_are_what_is_the_largest_in_the_end(kind):
    """Far out, in directions that are drawn, and for networks without biases in each region: the same pairs of monomials."""
    rng = np.random.default_rng([3, len(kind)])
    source = network(drawn((2, 3, 2, 1), rng, kind))
    regions = nv.regions(source)
    found = nv.tropical(regions)
    fan = found.value["fans"]["common"][0]
    g, h = ([[Fraction(v) for v in m[1:]] for m in found.value[part][0]] for part in ("numerator", "denominator"))

    def largest(part, direction):
        values = [sum(a * b for a, b in zip(m, direction, strict=True)) for m in part]
        assert values.count(max(values)) == 1
        return values.index(max(values))

    drawn_at = {(largest(g, u), largest(h, u)) for u in rng.integers(-(10**9), 10**9, size=(400, 2)).tolist()}
    assert drawn_at == {tuple(v) for v in fan["vertices"]}
    if kind == "fan":
        known = regions.held_regions().known
        inside = [[sum(int(known.rays[r][i]) for r in cell) for i in (1, 2)] for cell in known.cells]
        assert {(largest(g, u), largest(h, u)) for u in inside} == drawn_at
    assert "cones, along which the function is affine in the end" in found.meaning


def julia(text):
    """A value of a script for Julia, by Python: matrices as lists of rows of fractions."""
    text = re.sub(r'big"(-?\d+)"', r"\1", text)
    text = re.sub(r"(-?\d+)//(\d+)", r'"\1/\2"', text)
    made = ast.parse(text, mode="eval").body

    def of(node):
        if isinstance(node, ast.Call):
            name, args = node.func.id, [of(a) for a in node.args]
            if name == "matrix":
                assert len(args[3]) == args[1] * args[2]
                return [[Fraction(v) for v in args[3][i * args[2] : (i + 1) * args[2]]] for i in range(args[1])]
            return (name, *args)
        return None if isinstance(node, ast.Name) else ast.literal_eval(node)

    return of(made)


def perl(text):
    """A value of a script for polymake."""
    kind, arguments = re.fullmatch(r"new ([\w:]+)\((.*)\)", text).groups()
    arguments = re.sub(r'new Integer\("(-?\d+)"\)', r"\1", arguments)
    return kind, json.loads("{" + re.sub(r"(\w+)=>", r'"\1":', arguments) + "}")


@pytest.mark.parametrize("weights", ["plain", "floats"])
@pytest.mark.parametrize("widths", [(2, 3, 2, 1), (1, 2, 2), (3, 2, 1)])
def test_scripts_hold_the_fans(widths, weights):
    """What is read back from each line, as Perl and as Julia read brackets and numbers."""
    rng = np.random.default_rng(len(widths))
    layers = drawn(widths, rng, "plain")
    if weights == "floats":
        layers = [(rng.normal(size=np.shape(a)).tolist(), rng.normal(size=np.shape(b)).tolist()) for a, b in layers]
    found = nv.tropical(network(layers))
    read = {
        "oscar": dict(re.findall(r"^(\w+) = (.*)$", found.script("oscar", "fans"), re.MULTILINE)),
        "polymake": dict(re.findall(r"^\$(\w+) = (.*);$", found.script("polymake", "fans"), re.MULTILINE)),
    }
    for part, letter in (("numerator", "g"), ("denominator", "h"), ("common", "gh")):
        for k, fan in enumerate(found.value["fans"][part]):
            own = [found.value[p][k] for p in ("numerator", "denominator") if part in (p, "common")]
            points = [
                [sum(map(Fraction, vs)) for vs in zip(*(p[i][1:] for p, i in zip(own, v, strict=True)), strict=True)]
                for v in fan["vertices"]
            ]
            assert julia(read["oscar"][f"newton_{letter}_{k}"]) == ("convex_hull", points)
            kind, given = perl(read["polymake"][f"newton_{letter}_{k}"])
            assert (kind, [[Fraction(v, p[0]) for v in p[1:]] for p in given["POINTS"]]) == ("polytope::Polytope", points)
            if not fan["rays"]:
                assert f"fan_{letter}_{k}" not in read["oscar"].keys() | read["polymake"].keys()
                continue
            _, (_, cones), rays, *lineality = julia(read["oscar"][f"fan_{letter}_{k}"])
            assert ([[r - 1 for r in c] for c in cones], rays, lineality) == (
                fan["cones"],
                fan["rays"],
                [fan["lineality"]] if fan["lineality"] else [],
            )
            kind, given = perl(read["polymake"][f"fan_{letter}_{k}"])
            assert given == {f"INPUT_{key.upper()}": fan[key] for key in ("rays", "cones", "lineality") if fan[key]}


def test_what_has_no_fans_says_so():
    found = nv.tropical(network(drawn((2, 2, 1), np.random.default_rng(0), "plain")), box=(-1, 1))
    assert (found.value["fans"], found.claim) == (None, nv.Claim.PROVED)
    assert "in a box" in found.notices[0]
    with pytest.raises(nv.InputError, match="no normal fans"):
        found.script("oscar", "fans")
    with pytest.raises(nv.InputError, match="polymake and oscar"):
        nv.tropical(network(drawn((2, 2, 1), np.random.default_rng(0), "plain"))).script("tropicalnn", "fans")


def test_false_fans_are_refused():
    source = network(drawn((2, 3, 2, 1), np.random.default_rng(1), "plain"))
    own = nv.tropical(source).verdicts["fans"].certificate
    assert isinstance(own, NormalFans)
    ((one, two, both),) = own.fans
    turned = replace(one, rays=(*one.rays[:-1], (one.rays[-1][0] + 1, one.rays[-1][1])))
    less = replace(one, rays=one.rays[1:], f_vector=(len(one.vertices), len(one.rays) - 1))
    fewer = replace(one, vertices=one.vertices[1:], cones=one.cones[1:])
    for fan in (
        turned,
        less,
        fewer,
        replace(one, dimension=1),
        replace(one, cones=one.cones[::-1]),
        replace(one, lineality=((0, 1),)),
        two,
    ):
        with pytest.raises(NotShown):
            issue(replace(own, fans=((fan, two, both),)), source)
    for other in (replace(own, numerator=own.denominator), replace(own, fans=()), replace(own, fans=((one, two, two),))):
        with pytest.raises(NotShown):
            issue(other, source)
    with pytest.raises(NotShown):
        issue(own, network(drawn((2, 3, 2, 1), np.random.default_rng(2), "plain")))
