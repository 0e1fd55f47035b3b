"""What a computation has found so far, for time limits and interrupts."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

_FOUND: ContextVar[dict[str, Any] | None] = ContextVar("found", default=None)


def watch() -> dict[str, Any]:
    """Start collecting what computations note from here on; the dictionary fills while they run."""
    found: dict[str, Any] = {}
    _FOUND.set(found)
    return found


def note(**facts: Any) -> None:
    """Record facts that hold whatever happens next, for example ``value=12, claim="lower_bound"``. Cheap; nobody need listen."""
    found = _FOUND.get()
    if found is not None:
        found.update(facts)
