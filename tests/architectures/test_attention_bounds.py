"""Upper bounds of the dimension of lightning self-attention: never below exact ranks, and sharp where networks are defective."""

from __future__ import annotations

import itertools

import pytest

import neurovariety as nv
from neurovariety import Claim
from neurovariety.architectures.attention_bounds import attention_bound, attention_span, seen_sizes

# Henry, Marchetti, Kohn, arXiv:2408.17221, and ranks computed here: below parameters minus stated symmetries.
DEFECTIVE = [
    ("attention(2,2,2; a=1,2; t=2)", 8),
    ("attention(3,3,3; a=1,2; t=2)", 18),
    ("attention(2,3,2; a=2; t=2)", 10),
    ("attention(2,2; a=2; t=1)", 6),
    ("attention(3,2; a=2; t=1)", 11),
]


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
            if sum(w) * h <= 6:
                yield w, a, t, h


def test_never_below_the_rank():
    met = count = 0
    for widths, inner, tokens, heads in small():
        text = f"attention({','.join(map(str, widths))}; a={','.join(map(str, inner))}; t={tokens}; heads={heads})"
        rank = nv.dimension(text, route="computed").value
        value, how = attention_bound(widths, inner, tokens, heads)
        assert rank <= value, (text, how)
        count += 1
        met += rank == value
        span = attention_span(widths, tokens)
        if span is not None:
            assert nv.ambient(text).value == span, text
    assert count >= 100
    assert met >= 0.9 * count, (met, count)


def test_sizes_that_are_seen():
    assert seen_sizes((2, 9, 2), (5, 5), 2, 1).widths == (2, 2, 2)
    assert seen_sizes((2, 2, 2), (1, 2), 2, 1).parallel == (False, True)
    assert seen_sizes((2, 2, 2), (2, 2), 1, 1).parallel == (True, True)
    assert seen_sizes((5, 5, 1), (5, 1), 2, 1).widths == (5, 3, 1)
