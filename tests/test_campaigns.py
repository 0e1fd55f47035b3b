"""What a test tries in large can be tried by one command."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.campaigns import CAMPAIGNS

from campaign import CAMPAIGN, size

TESTS = Path(__file__).parent


def test_every_test_with_two_sizes_is_a_campaign():
    texts = {str(p.relative_to(TESTS)): p.read_text(encoding="utf-8") for p in TESTS.rglob("test_*.py") if p != Path(__file__)}
    sized = {file for file, text in texts.items() if re.search(r"^from campaign import .*size", text, re.MULTILINE)}
    assert sized == {file for _, file in CAMPAIGNS.values()}


def test_sizes():
    assert size(3, 100) == (100 if CAMPAIGN else 3)
