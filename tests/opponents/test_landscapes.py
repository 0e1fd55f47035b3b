"""Landscapes of random small problems against descents, and the same problems in other units and another order.

A fixed part of `python -m benchmarks.landscapes`, which goes on where it stopped.
"""

from __future__ import annotations

import pytest
from benchmarks.landscapes import FAMILIES, KINDS, asked, differs, problem, rate, tried

from campaign import size

FEW = (0, 4, 9, 14, 27, 33)
"""Problems of different families and kinds of data."""


@pytest.mark.parametrize("number", FEW[: size(4, 6)])
def test_nothing_contradicts_a_strong_claim(number):
    assert tried(number, size(6, 40))["wrong"] == []


def test_units_decide_of_no_refusal():
    """Nearly too ill-conditioned: the limit is asked of coordinates of size 1, whatever the data are measured in."""
    family, _, x, y = problem(658)
    assert not any(isinstance(asked(family, x * c, y * c), str) for c in (1.0, 300.0))


def test_all_families_meet_all_kinds():
    seen = {(problem(k)[0].text, problem(k)[1]) for k in range(len(FAMILIES) * len(KINDS))}
    assert len(seen) == len(FAMILIES) * len(KINDS)


def test_refusals_have_to_agree():
    assert differs("refused", "refused", 1.0, True) == []
    assert differs("refused", object(), 1.0, True) == ["one is refused, the other is not"]


def test_a_rate_counts_what_is_wrong():
    lines = [{"claims": {"complex": "complete"}, "wrong": []}, {"claims": {"complex": "lower_bound"}, "wrong": ["beaten"]}]
    assert rate(lines) == "2 problems, 0 refused; strong: complex 1, real 0, at_subnetworks 0, global_minimum 0; contradicted: 1"
