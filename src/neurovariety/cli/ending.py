"""How a process ends whose work was stopped: with its status, at once, and also where compiled code does not come back."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Final, NoReturn

from neurovariety.cli.exit_status import INTERRUPTED, NOT_FINISHED

_GRACE = 3.0
"""Seconds in which work that is told to stop may do so by itself: Python hears a signal when compiled code returns to it."""

_STATUS: Final = {signal.SIGINT: INTERRUPTED, signal.SIGALRM: NOT_FINISHED}

_own = threading.Event()
"""Set where the process is the command line's own, and not that of a host program or a test."""


def own_process() -> None:
    """Say that this process is the command line's own: it may be ended."""
    _own.set()


def end_at_once(status: int) -> NoReturn:
    """End the process without taking the interpreter apart.

    Work that was stopped may have left threads in compiled code (XLA, BLAS, path tracking), and Python's end would pull the ground from
    under them: a segmentation fault in place of the status. What is written is flushed.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # the reader is gone, or the stream is closed
            stream.flush()
    os._exit(status)


@contextlib.contextmanager
def ended_if_stuck(last_words: Callable[[int], object] = lambda status: None) -> Iterator[None]:
    """End the process where the work inside has not stopped `_GRACE` seconds after Ctrl-C or the time limit, which a call of compiled
    code can outlast by minutes. ``last_words`` is called with the status before. In a process that is not our own nothing is done.
    """
    if not _own.is_set() or threading.current_thread() is not threading.main_thread():
        yield
        return
    inbox, outbox = os.pipe()  # the signal's number comes here at once, whatever the main thread does
    os.set_blocking(outbox, False)
    before = signal.set_wakeup_fd(outbox, warn_on_full_buffer=False)
    done, speaking = threading.Event(), threading.Lock()
    threading.Thread(target=_watch, args=(inbox, done, speaking, last_words), daemon=True).start()
    try:
        yield
    finally:
        with speaking:  # held until the end where somebody is
            done.set()
        signal.set_wakeup_fd(before)
        os.close(outbox)


def _watch(inbox: int, done: threading.Event, speaking: threading.Lock, last_words: Callable[[int], object]) -> None:
    with open(inbox, "rb", buffering=0) as numbers:
        while number := numbers.read(1):
            status = _STATUS.get(signal.Signals(number[0]))
            if status is None or done.wait(_GRACE):
                continue
            with speaking:
                if done.is_set():
                    continue
                with contextlib.suppress(Exception):  # the status counts more
                    last_words(status)
                end_at_once(status)
