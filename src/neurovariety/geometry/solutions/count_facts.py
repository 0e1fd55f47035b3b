"""What a count by paths rests on, as plain data; by itself, so that whoever only names it loads no path tracker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict


class CountFacts(TypedDict, total=False):
    """What a count of a fiber rests on, as plain data."""

    trace_test: Mapping[str, object]
    certified: int
    rounds: int
    paths: int
    paths_lost: int
    slices: int


class LikelihoodFacts(CountFacts, total=False):
    """What critical points of a likelihood rest on: the curve that was cut, and the ends of the paths from there."""

    curve_degree: int
    error_bound: float
    ends: dict[str, int]
