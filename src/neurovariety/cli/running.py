"""What a long computation has found so far, on standard error while it runs, when that is a terminal."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

_PATIENCE = 1.5
"""Seconds before the first line; most answers are there by then."""
_INTERVAL = 0.5
_CLEAR = "\r\x1b[K"


def watched() -> bool:
    """Whether somebody sees standard error as it is written and overwritten: a terminal, and not the cell of a notebook, which passes
    for one and keeps every line."""
    return sys.stderr.isatty() and "JPY_PARENT_PID" not in os.environ


@contextlib.contextmanager
def running(found: Mapping[str, Any]) -> Iterator[None]:
    """Show the facts that are noted in ``found``, and the seconds, until the computation ends."""
    if not watched() or multiprocessing.parent_process() is not None:
        yield
        return
    done = threading.Event()
    shower = threading.Thread(target=_show, args=(found, done), daemon=True)
    shower.start()
    try:
        yield
    finally:
        done.set()
        shower.join()


def _show(found: Mapping[str, Any], done: threading.Event) -> None:
    start, shown = time.monotonic(), False
    wait = _PATIENCE
    while not done.wait(wait):
        shown, wait = True, _INTERVAL
        sys.stderr.write(_CLEAR + line(dict(found), time.monotonic() - start))
        sys.stderr.flush()
    if shown:
        sys.stderr.write(_CLEAR)
        sys.stderr.flush()


def line(found: Mapping[str, Any], seconds: float) -> str:
    """One line: what is being done, the value so far, the number of paths, the time."""
    parts = []
    if found.get("phase"):
        parts.append(str(found["phase"]))
    if isinstance(found.get("value"), int):
        parts.append(f"{found['value']:,} so far")
    if "paths" in found:
        parts.append(f"{found['paths']:,} paths")
    return ", ".join([*parts, f"{seconds:.0f} s"])
