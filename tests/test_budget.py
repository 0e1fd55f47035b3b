"""Budgets of searches: counted in work, so that neither the clock nor the number of threads changes an answer."""

from __future__ import annotations

import itertools
import json
import time

import pytest

import neurovariety as nv
from neurovariety import Claim, budget
from neurovariety.report.effort import EFFORTS

SEARCHED = [
    ("degree", "mlp(2,2,1; x^2; bias)", {}),
    ("ed_degree", "linear(2,1,2)", {"metric": "frobenius", "route": "computed"}),
    ("voronoi", "mlp(2,1,1; x^2)", {}),
    ("discriminant", "linear(2,1,2)", {"metric": "frobenius", "teacher": "3*x0; x1"}),
    ("implicit_bias", "mlp(2,1,1; x^2)", {"flow_targets": 1, "runs": 4}),
    ("exposedness", "cnn(2,2; x^2)", {}),
    ("subnetworks", "cnn(2,2; x^2)", {}),
    ("boundary", "mlp(2,2,1; x^3 + x)", {"samples": 6}),
]


def answer(entry, text, options):
    """Everything that an entry says, but for the seconds that it took."""
    with budget.within(*EFFORTS["normal"]):
        found = json.loads(json.dumps(getattr(nv, entry)(text, **options).to_dict()))
    del found["provenance"]["seconds"]
    return found


@pytest.mark.parametrize(("entry", "text", "options"), SEARCHED, ids=[e for e, _, _ in SEARCHED])
def test_the_clock_changes_nothing(entry, text, options, monkeypatch):
    """On a machine where an hour passes between two looks at the clock a report says the same."""
    usual = answer(entry, text, options)
    for clock in ("monotonic", "perf_counter", "time"):
        hours = itertools.count(getattr(time, clock)(), 3600.0)
        monkeypatch.setattr(time, clock, hours.__next__)
    assert answer(entry, text, options) == usual


@pytest.mark.parametrize(("entry", "text", "options"), SEARCHED[:4], ids=[e for e, _, _ in SEARCHED[:4]])
def test_the_number_of_threads_changes_nothing(entry, text, options, monkeypatch):
    """The tracker asks for the number each time; every path is followed by itself, whatever runs beside it."""
    monkeypatch.setattr("neurovariety.homotopy.tracker.threads", lambda: 1)
    one = answer(entry, text, options)
    monkeypatch.setattr("neurovariety.homotopy.tracker.threads", lambda: 3)
    assert answer(entry, text, options) == one


def test_a_search_that_is_cut_short_ends_at_the_same_place(monkeypatch):
    """With less and less work fewer points are found, the claim is weaker, and the same is found again on other threads."""
    counts = []
    for operations in (1e6, 3e6, 1e12):
        found = []
        for threads in (1, 2):
            monkeypatch.setattr("neurovariety.homotopy.tracker.threads", lambda threads=threads: threads)
            with budget.within(operations):
                found.append(nv.ed_degree("linear(3,1,3)", route="computed"))
        assert found[0].value == found[1].value
        assert found[0].notices == found[1].notices
        counts.append(found[0].value)
        whole = operations == 1e12
        assert (found[0].claim is Claim.LOWER_BOUND) is not whole
        assert any("stopped after" in n and "paths" in n for n in found[0].notices) is not whole
    assert counts == sorted(counts)
    assert counts[0] < counts[-1] == 39


def test_counting():
    assert not budget.used_up()
    assert not budget.is_limited()
    assert budget.spent() == ""
    assert budget.number_of("targets", 400) == 400
    budget.spend("paths", 3, 1.0)  # nobody counts
    with budget.within(100.0, {"targets": 50}) as outer:
        budget.spend("paths", 10, 2.0)
        assert budget.number_of("targets", 400) == 50
        with budget.within(30.0) as inner:
            assert budget.number_of("targets", 400) == 50
            assert budget.number_of("runs", 20) == 20
            budget.spend("runs", 1, 30.0)
            assert budget.used_up()
            assert budget.spent() == "1 run"
        assert (inner.used, outer.used) == (30.0, 50.0)
        assert not budget.used_up()
        assert budget.spent() == "10 paths and 1 run"
        with budget.within():
            assert budget.is_limited()
            budget.spend("paths", 1_000, 1.0)
            assert budget.used_up()
    assert not budget.used_up()
