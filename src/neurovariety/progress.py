"""What a computation has found so far, for time limits and interrupts."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_FOUND: ContextVar[dict[str, Any] | None] = ContextVar("found", default=None)


def watch() -> dict[str, Any]:
    """Start collecting what computations note from here on; the dictionary fills while they run."""
    found: dict[str, Any] = {}
    _FOUND.set(found)
    return found


def note(**facts: Any) -> None:
    """Record what is found so far, for example ``value=12``: an estimate, unless ``verdict`` is the verdict of it. Cheap; nobody need
    listen."""
    found = _FOUND.get()
    if found is not None:
        found.update(facts)


def quietly(function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call another entry on the way: its value is not the one asked for, and nobody should take it for that."""
    token = _FOUND.set(None)
    try:
        return function(*args, **kwargs)
    finally:
        _FOUND.reset(token)


def found_more(found: int, paths: int) -> None:
    """So many solutions are found, and each is one of those asked for."""
    note(phase="", value=found, paths=paths)


def found_on_the_way(found: int, paths: int) -> None:
    """So many solutions are found of a problem from which that asked for is reached in the end."""
    note(phase=f"{found:,} solutions of the general problem", paths=paths)
