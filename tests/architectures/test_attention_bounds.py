"""Upper bounds of the dimension of lightning self-attention: never below exact ranks, and sharp where networks are defective."""

from __future__ import annotations

import dataclasses
import itertools
import random

import pytest

import neurovariety as nv
from campaign import size
from neurovariety import Claim
from neurovariety.architectures.theorems.attention_bounds import attention_bound, attention_span, seen_sizes
from neurovariety.geometry.exact.generic_rank import generic_rank
from neurovariety.geometry.exact.points import draw_point
from neurovariety.randomness import generator

# Henry, Marchetti, Kohn, arXiv:2408.17221, and ranks computed here: below parameters minus stated symmetries.
DEFECTIVE = [
    ("attention(2,2,2; a=1,2; t=2)", 8),
    ("attention(3,3,3; a=1,2; t=2)", 18),
    ("attention(2,3,2; a=2; t=2)", 10),
    ("attention(2,2; a=2; t=1)", 6),
    ("attention(3,2; a=2; t=1)", 11),
]

# Exact ranks that no bound without `attention_bounds` meets; last, parameters minus stated symmetries.
NEWLY_PROVED = [
    ("attention(3,1; a=2; t=1)", 8, 10),
    ("attention(3,2; a=3; t=1)", 11, 14),
    ("attention(4,2; a=2; t=1)", 17, 19),
    ("attention(2,1,1; a=2,2; t=1)", 4, 5),
    ("attention(2,2,1; a=1,2; t=3)", 6, 7),
    ("attention(2,2,1; a=2,1; t=1)", 6, 7),
    ("attention(2,2,2; a=2; t=1)", 8, 10),
    ("attention(2,2,3; a=1,2; t=2)", 10, 11),
    ("attention(2,2,3; a=2,1; t=1)", 10, 11),
    ("attention(2,3,1; a=1,2; t=2)", 6, 9),
    ("attention(2,3,1; a=2; t=2)", 8, 10),
    ("attention(2,3,1; a=2; t=3)", 8, 10),
    ("attention(2,3,1; a=2; t=1)", 6, 10),
    ("attention(2,3,2; a=1; t=2)", 8, 9),
    ("attention(2,3,2; a=1,2; t=2)", 8, 12),
    ("attention(2,3,2; a=2,1; t=2)", 9, 10),
    ("attention(2,3,2; a=2; t=1)", 8, 13),
    ("attention(2,3,3; a=1; t=2)", 10, 12),
    ("attention(2,3,3; a=1,2; t=3)", 10, 15),
    ("attention(2,3,3; a=2,1; t=2)", 11, 13),
    ("attention(2,3,3; a=2; t=2)", 12, 16),
    ("attention(3,1,2; a=2,1; t=1)", 9, 11),
    ("attention(3,3; a=2; t=2; heads=3)", 45, 48),
    ("attention(3,2; a=3; t=3; heads=2)", 26, 28),
    ("attention(2,3; a=2; t=2; heads=2)", 16, 18),
    ("attention(3,3; a=3; t=3; heads=2)", 32, 34),
    ("attention(3,3; a=3; t=2; heads=3)", 45, 51),
    ("attention(3,3; a=2; t=1; heads=2)", 26, 32),
    ("attention(2,3,3; a=1; t=1; heads=2)", 29, 33),
    ("attention(2,2,2; a=2,1; t=2; heads=2)", 20, 22),
    ("attention(3,3,2; a=1,2; t=1; heads=2)", 37, 43),
    ("attention(3,2,1; a=1; t=3; heads=2)", 22, 24),
    ("attention(2,2,2; a=2,1; t=1; heads=2)", 12, 22),
    ("attention(2,1,2,2; a=1,1,2; t=1)", 5, 8),
    ("attention(1,2,2,1; a=1,2,1; t=2)", 1, 5),
    ("attention(2,2,2,2; a=2; t=1)", 10, 13),
    ("attention(1,2,2,2; a=2; t=1)", 2, 8),
]


@pytest.mark.parametrize(("text", "value", "stated"), NEWLY_PROVED)
def test_what_only_these_bounds_prove(text, value, stated):
    found = nv.dimension(text, route="computed")
    assert (found.value, found.claim) == (value, Claim.PROVED)
    assert found.evidence["upper_bound"]["value"] == value < stated
    assert found.evidence["parameters"] - found.evidence["symmetry_rank"] == stated


def test_no_random_architecture_exceeds_its_bound():
    """Larger sizes than the table below, with several heads; seeded."""
    rng = random.Random(7)
    met = 0
    tried = size(12, 60)
    for _ in range(tried):
        layers = rng.choice((1, 2, 2, 3))
        widths = tuple(rng.randint(1, 4) for _ in range(layers + 1))
        inner = tuple(rng.randint(1, 3) for _ in range(layers))
        tokens, heads = rng.randint(1, 3), rng.randint(1, 3)
        bound, how = attention_bound(widths, inner, tokens, heads)
        found = rank(nv.as_model(written(widths, inner, tokens, heads)))
        assert found <= bound, (widths, inner, tokens, heads, how)
        met += found == bound
    assert met >= tried * 5 // 6


def written(widths, inner, tokens, heads):
    return f"attention({','.join(map(str, widths))}; a={','.join(map(str, inner))}; t={tokens}; heads={heads})"


def rank(model):
    """On so many inputs that no bound is presumed."""
    p, point = draw_point(model, generator(7, "test"))
    return generic_rank(model, p, point, model.parameters).rank


@pytest.mark.parametrize(("text", "value"), DEFECTIVE)
def test_published_defects_are_proved(text, value):
    found = nv.dimension(text)
    assert found.value == value
    assert found.claim is Claim.PROVED


def small():
    for w in itertools.product((1, 2, 3), repeat=2):
        for a, t, h in itertools.product((1, 2), (1, 2), (1, 2)):
            yield w, (a,), t, h
    for w in itertools.product((1, 2, 3), repeat=3):
        for a, t, h in itertools.product([(1, 2), (2, 1), (2, 2)], (1, 2), (1, 2)):
            if sum(w) + h <= 6:
                yield w, a, t, h


@pytest.mark.slow
def test_never_below_the_rank():
    met = count = 0
    for widths, inner, tokens, heads in small():
        model = nv.as_model(written(widths, inner, tokens, heads))
        value, how = attention_bound(widths, inner, tokens, heads)
        found = rank(model)
        assert found <= value, (model.name, how)
        count += 1
        met += found == value
    assert count >= 100
    assert met == count


@pytest.mark.parametrize(("widths", "tokens"), [((1, 2), 1), ((2, 1), 2), ((3, 2), 2), ((2, 3), 1), ((2, 1, 2), 1), ((2, 2, 1), 1)])
def test_spans(widths, tokens):
    text = written(widths, (1,) * (len(widths) - 1), tokens, 1)
    stripped = dataclasses.replace(nv.as_model(text), theorems=())
    assert nv.ambient(stripped).value == attention_span(widths, tokens)


def test_sizes_that_are_seen():
    assert seen_sizes((2, 9, 2), (5, 5), 2, 1).widths == (2, 2, 2)
    assert seen_sizes((2, 2, 2), (1, 2), 2, 1).parallel == (False, True)
    assert seen_sizes((2, 2, 2), (2, 2), 1, 1).parallel == (True, True)
    assert seen_sizes((5, 5, 1), (5, 1), 2, 1).widths == (5, 3, 1)
