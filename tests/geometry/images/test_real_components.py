"""Components of real fibers: the published counts, and paths along fibers in floating point."""

from __future__ import annotations

from itertools import pairwise
from math import prod

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures import as_model
from neurovariety.dictionary.fibers import fibers


def components(notation, at=None):
    found = fibers(notation, at=at).evidence["real_components"]
    return None if found is None else found["value"]


class TestPublished:
    """Trager, Kohn, Bruna 2020: 2^b over a matrix of rank r = least width, b hidden layers of that width; else path connected."""

    @pytest.mark.parametrize(
        ("notation", "count"),
        [
            ("linear(1,1,1)", 2),
            ("linear(1,2,1)", 1),
            ("linear(2,2,2)", 2),
            ("linear(3,2,3)", 2),
            ("linear(2,3,2)", 1),
            ("linear(2,2)", 1),
            ("linear(1,1,1,1)", 4),
            ("linear(2,1,1,2)", 4),
            ("linear(3,2,4,2,3)", 4),
            ("linear(1,2,1,2)", 2),
            ("mlp(3,2,3; 1/2*x)", 2),
            ("mlp(1,1,1; x; bias)", 2),
            ("diagonal(3; layers=2)", 8),
            ("diagonal(2; layers=3)", 16),
        ],
    )
    def test_generic(self, notation, count):
        found = fibers(notation)
        assert found.evidence["real_components"]["value"] == count
        assert found.evidence["real_components"]["source"] == "trager2020"
        assert ("path connected" if count == 1 else f"{count} path components") in found.meaning

    @pytest.mark.parametrize(
        ("notation", "at", "count"),
        [
            ("linear(1,1,1)", [2, 3], 2),
            ("linear(1,1,1)", [0, 3], 1),
            ("linear(2,2,2)", [1, 0, 0, 1, 1, 2, 3, 4], 2),
            ("linear(2,2,2)", [1, 0, 0, 1, 1, 2, 2, 4], 1),
            ("mlp(1,1,1; x; bias)", [1, 0, 5, 7], 1),
            ("diagonal(2; layers=2)", [1, 0, 3, 4], 2),
        ],
    )
    def test_at_weights(self, notation, at, count):
        assert components(notation, at) == count

    @pytest.mark.parametrize("notation", ["mlp(2,2,1; x^2)", "cnn(2,2; x)", "attention(2,1; a=1; t=2)"])
    def test_null_where_no_theorem_counts(self, notation):
        assert components(notation) is None
        assert "path" not in fibers(notation).meaning

    def test_cited_and_verified(self):
        found = nv.fibers("linear(1,1,1)")
        assert found.rerun().evidence["real_components"] == found.evidence["real_components"]


def product_of(widths, w):
    blocks, at = [], 0
    for a, b in pairwise(widths):
        blocks.append(w[at : at + a * b].reshape(b, a))
        at += a * b
    total = blocks[0]
    for block in blocks[1:]:
        total = block @ total
    return total.ravel()


def derivative(widths, w):
    out = np.empty((widths[0] * widths[-1], len(w)))
    for i in range(len(w)):
        e = np.zeros(len(w))
        e[i] = 0.5  # the product is linear in each weight: the difference quotient is exact
        out[:, i] = product_of(widths, w + e) - product_of(widths, w - e)
    return out


def on_the_fiber(widths, w, goal):
    """Newton from w to the fiber over ``goal``; None where it fails."""
    for _ in range(30):
        gap = product_of(widths, w) - goal
        if np.linalg.norm(gap) < 1e-10:
            return w
        w = w - np.linalg.lstsq(derivative(widths, w), gap, rcond=None)[0]
    return None


def joined(widths, start, end, goal, rng):
    """Whether steps of length 0.1 along the fiber, towards ``end`` with some wandering, get there."""
    w = start
    for _ in range(120):
        left = end - w
        distance = np.linalg.norm(left)
        if distance < 0.2:
            return True
        step = 0.1 * (left / distance + 0.5 * rng.standard_normal(len(w)) / np.sqrt(len(w)))
        fresh = on_the_fiber(widths, w + step, goal)
        if fresh is None or np.linalg.norm(fresh - w) > 0.25:
            continue  # a jump could change the component
        w = fresh
    return False


@pytest.mark.parametrize("widths", [(1, 1, 1), (1, 2, 1), (2, 2, 2), (1, 1, 1, 1), (1, 2, 1, 1)])
def test_paths_along_the_fiber(widths):
    """The classes of sampled weights that short steps along the fiber join are as many as the theorem says."""
    rng = np.random.default_rng(sum(widths))
    notation = f"linear({','.join(map(str, widths))})"
    goal = np.eye(widths[-1]).ravel() if widths[0] == 2 else np.ones(1)
    points = []
    while len(points) < 5 * components(notation):
        w = on_the_fiber(widths, 1.5 * rng.standard_normal(as_model(notation).parameters), goal)
        if w is not None and np.abs(w).max() < 3:
            points.append(w)
    classes: list[list[int]] = []
    for i, w in enumerate(points):
        near = [c for c in classes if any(joined(widths, w, points[k], goal, rng) for k in c[:3])]
        classes = [c for c in classes if c not in near] + [[i] + [k for c in near for k in c]]
    assert len(classes) == components(notation)


@pytest.mark.parametrize(("widths", "tight"), [((2, 2, 2), [1]), ((1, 1, 1, 1), [1, 2]), ((3, 2, 3), [1])])
def test_signs_of_determinants_tell_components_apart(widths, tight):
    """On the fiber over rank r the product up to a layer of width r keeps a nonzero r x r minor, and both signs occur, independently:
    that is a lower bound of the number of components."""
    model = as_model(f"linear({','.join(map(str, widths))})")
    rng = np.random.default_rng(1)
    r = min(widths)
    blocks = [rng.standard_normal((b, a)) for a, b in pairwise(widths)]
    goal = product_of(widths, np.concatenate([b.ravel() for b in blocks]))
    patterns = set()
    for _ in range(40):
        moved = [b.copy() for b in blocks]
        for l in tight:
            change = rng.standard_normal((r, r))
            moved[l - 1], moved[l] = change @ moved[l - 1], moved[l] @ np.linalg.inv(change)
        assert np.allclose(product_of(widths, np.concatenate([b.ravel() for b in moved])), goal)
        signs = []
        for l in tight:
            upto = moved[0]
            for b in moved[1:l]:
                upto = b @ upto
            signs.append(np.sign(np.linalg.det(upto[:, :r])))
        patterns.add(tuple(signs))
    assert len(patterns) == components(model.name) == prod(2 for _ in tight)
