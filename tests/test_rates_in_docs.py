"""The rates of error that the documentation states are those of the stored campaigns, by problems."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
_AFTER_MENDING = 493
"""The first landscape that was asked when the last error found was mended."""


def _rows():
    """By the first words of a row: problems, answers, wrong, and the bound as written."""
    lines = (ROOT / "docs" / "how_to_read_a_claim.md").read_text(encoding="utf-8").splitlines()
    cells = [
        [c.strip() for c in line.strip("|").split("|")] for line in lines if line.startswith("|") and line.rstrip().endswith("% |")
    ]
    return {what: (*(int(n.replace(",", "")) for n in numbers), bound) for what, *numbers, bound in cells}


def _row(begin):
    (found,) = (row for what, row in _rows().items() if what.startswith(begin))
    return found


def _lines(name):
    return [json.loads(line) for line in (RESULTS / name).read_text(encoding="utf-8").splitlines()]


def test_each_bound_is_three_by_the_problems():
    assert len(_rows()) == 6
    for problems, answers, wrong, bound in _rows().values():
        assert problems <= answers
        assert wrong == 0
        assert float(bound.removesuffix(" %")) == pytest.approx(300 / problems, rel=0.05)


def test_known_questions_are_those_stored():
    rows = re.findall(r"^\|.*\| (\d+) \| (\d+) \| \d+ \| (\d+) \| [\d.]+ \|$", (RESULTS / "reliability.md").read_text(), re.MULTILINE)
    complete = [(int(c), int(w)) for _, c, w in rows if int(c)]
    assert _row("`complete`, questions")[:3] == (len(complete), sum(c for c, _ in complete), sum(w for _, w in complete))


@pytest.mark.parametrize(
    ("claim", "begin"), [("proved", "the fixed panel"), ("probability", "the same: `prob"), ("complete", "the same: `comp")]
)
def test_the_panel_is_the_one_stored(claim, begin):
    known = [line for line in _lines("panel-recheck.jsonl") if line["claim"] == claim and line["truth"] is not None]
    problems = {(line["group"], line["question"]) for line in known}
    assert _row(begin)[:3] == (len(problems), len(known), sum(line["value"] != line["truth"] for line in known))


def test_landscapes_that_were_used_to_mend_are_left_out():
    fresh = [line for line in _lines("landscapes-campaign.jsonl") if line["number"] >= _AFTER_MENDING]
    assert _row("`landscape`")[:3] == (len(fresh), len(fresh), sum(bool(line["wrong"]) for line in fresh))
