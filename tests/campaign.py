"""How much a test tries: little in every run, much in the campaigns of `python -m benchmarks.campaigns`."""

from __future__ import annotations

import os

CAMPAIGN = os.environ.get("NEUROVARIETY_CAMPAIGN") == "1"


def size(usual: int, campaign: int) -> int:
    """Seeds, targets, rows or random models: ``usual`` in the tests, ``campaign`` in a campaign."""
    return campaign if CAMPAIGN else usual
