"""The tests of completeness that a verdict rests on, by their names: loops, traces, continuation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from neurovariety.certificates.issue import Verdict

_TESTS: Mapping[str, str] = {
    "Traced": "trace",
    "Continued": "continuation",
    "Looped": "loops",
    "EvenlyCovered": "loops",
    "AllInCharts": "continuation",
}
"""By name, for what is told is told without loading what computes."""
_PREMISES = (
    *("premises", "premise", "general", "graph", "weights", "lower", "upper", "listed", "real", "whole", "known", "parts", "lists"),
    "interval",
)


def completeness_tests(verdict: Verdict) -> tuple[str, ...]:
    """The tests that a verdict rests on, first its own."""
    found: dict[str, None] = {}
    waiting: list[Any] = [verdict.certificate]
    while waiting:
        part = waiting.pop()
        if isinstance(part, tuple):
            waiting += part
        elif isinstance(part, Verdict):
            waiting.append(part.certificate)
        elif is_dataclass(part):
            if type(part).__name__ in _TESTS:
                found[_TESTS[type(part).__name__]] = None
            waiting += [v for v in (getattr(part, name, None) for name in _PREMISES) if isinstance(v, tuple | Verdict)]
    return tuple(found)
