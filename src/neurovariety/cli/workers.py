"""One answer, in this process or in a pool of processes, with a time limit that keeps what was found."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from neurovariety.claim import Claim
from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED, BAD_INPUT, INTERRUPTED, NOT_FINISHED
from neurovariety.cli.running import running
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.errors import NeurovarietyError
from neurovariety.progress import watch

_PATIENCE = 1.0
"""Seconds between a worker's looks at its parent."""

_INSISTENCE = 0.5
"""Seconds between repetitions of a Ctrl-C that was not heard."""

_FILES = ("figure", "certificates")
"""Options that name a file to write, and are no arguments of the entry's function."""


@dataclass(frozen=True)
class Answer:
    """What the command line prints for one architecture: a result as JSON data and text, or an error sentence."""

    architecture: str
    status: int
    result: dict[str, Any] | None = None
    text: str = ""
    error: str | None = None


class OutOfTime(BaseException):
    """Raised in the main thread when the time limit is reached; not an Exception, so that no handler swallows it."""


def answer(
    entry_name: str,
    architecture: str,
    arguments: dict[str, Any],
    deadline: float | None,
    say: Callable[[Answer], None] = lambda found: None,
) -> Answer:
    """Run the entry on one architecture; a time limit or Ctrl-C gives the partial result with its weaker claim, to ``say`` where the
    process has to be ended for it."""
    entry = find(entry_name) or ENTRIES[0]
    found = watch()

    def last_words(status: int) -> None:
        say(_partial(entry_name, architecture, arguments, dict(found), status))

    try:
        with ended_if_stuck(last_words), insistent_interrupt(), running(found), time_limit(deadline):
            result = entry.load()(architecture, **{k: v for k, v in arguments.items() if k not in _FILES})
        if "figure" in arguments:
            from neurovariety.report.figures import save_figure

            save_figure(entry, result, arguments["figure"])
        if "certificates" in arguments:
            from neurovariety.certificates.result_file import write_result

            write_result(arguments["certificates"], result.to_dict(certificates=True))
        return Answer(architecture, ANSWERED, result.to_dict(), result.summary())
    except NeurovarietyError as error:
        return Answer(architecture, BAD_INPUT, error=str(error))
    except MemoryError:
        return Answer(architecture, BAD_INPUT, error="not enough memory for this architecture; use a smaller one")
    except OutOfTime:
        return _partial(entry_name, architecture, arguments, found, NOT_FINISHED)
    except KeyboardInterrupt:
        return _partial(entry_name, architecture, arguments, found, INTERRUPTED)


def _partial(entry: str, architecture: str, arguments: dict[str, Any], found: dict[str, Any], status: int) -> Answer:
    from neurovariety._version import __version__
    from neurovariety.result import SCHEMA, WHOLE, plain

    why = "the time limit was reached" if status == NOT_FINISHED else "interrupted"
    at = found.pop("phase", "")
    done = at or (f"{found['paths']:,} paths" if "paths" in found else "")
    where = f" ({done})" if done else ""
    value = found.pop("value", None)
    shown = found.pop("verdict", None)
    claim = str(shown.claim if shown is not None else Claim.UNDECIDED if value is None else Claim.ESTIMATE)
    known = "was found" if shown is None else "is shown"
    result = {
        "entry": entry,
        "architecture": architecture,
        "value": plain(value),
        "claim": claim,
        "claims": {key: {"claim": claim, "error": None, "scope": []} for key in (value if isinstance(value, Mapping) else (WHOLE,))},
        "evidence": plain(found) | {"finished": False, "reason": why, "cut_short_at": done or None},
        "provenance": {"version": __version__, "seed": arguments.get("seed", 0), "seconds": None},
        "meaning": f"{why}{where} before the computation ended; {'no value' if value is None else 'this much'} {known} until then",
        "schema": SCHEMA,
    }
    return Answer(
        architecture, status, result, f"{entry}({architecture}) = {'not known' if value is None else value} [{claim}; {why}{where}]"
    )


class _Stopping:
    """Work that a signal stops by raising an exception of one ``kind``, whatever becomes of that exception on its way up.

    Python swallows one that falls into a destructor or a callback of compiled code, and what called the callback may then fail with an
    error of its own (numba while it compiles, JAX). Nothing is printed where that happens, and leaving the work, with an error or with
    an answer, raises ``kind``.
    """

    def __init__(self, kind: type[BaseException]) -> None:
        self._kind = kind
        self._asked = False

    def stop(self, *_: object) -> None:
        """The handler of the signal."""
        self._asked = True
        raise self._kind

    def __enter__(self) -> None:
        self._before = before = sys.unraisablehook

        def hook(details: sys.UnraisableHookArgs) -> None:
            if details.exc_type is not self._kind:
                before(details)

        sys.unraisablehook = hook

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        sys.unraisablehook = self._before
        if self._asked and not isinstance(error, (self._kind, KeyboardInterrupt)):
            raise self._kind from error


@contextlib.contextmanager
def time_limit(deadline: float | None) -> Iterator[None]:
    """Raise `OutOfTime` in this (main) thread at the deadline."""
    if deadline is None or threading.current_thread() is not threading.main_thread():
        yield
        return

    stopping = _Stopping(OutOfTime)
    previous = signal.signal(signal.SIGALRM, stopping.stop)
    # The alarm repeats: one that falls into a destructor or weak reference callback is swallowed there by Python.
    signal.setitimer(signal.ITIMER_REAL, max(deadline - time.time(), 1e-3), 0.5)
    try:
        with stopping:
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


@contextlib.contextmanager
def insistent_interrupt() -> Iterator[None]:
    """Ctrl-C raises `KeyboardInterrupt` in this (main) thread, and again until it is heard.

    Python swallows one that falls into a destructor or a weak reference callback, and a long computation would then go on.
    """
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not ours:  # a worker, which leaves Ctrl-C to its parent, or a host program with a handler of its own
        yield
        return

    stopping = _Stopping(KeyboardInterrupt)

    def first(*_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, _INSISTENCE, _INSISTENCE)  # seconds of work, not of waiting
        stopping.stop()

    previous = signal.signal(signal.SIGVTALRM, stopping.stop)
    signal.signal(signal.SIGINT, first)
    try:
        with stopping:
            yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGVTALRM, previous)


_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def _begin_worker() -> None:
    """Leave Ctrl-C to the parent, and end with it: a parent that is killed cannot tell its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back for a moment; processes that start meanwhile never hear it.

    A terminal sends it to the workers as well, and one that has not come to `_begin_worker` would print how it ends.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_PATIENCE)
    os._exit(1)


def pool_answers(
    entry: str, architectures: Iterator[str], arguments: dict[str, Any], deadline: float | None, jobs: int
) -> Iterator[Answer]:
    """Answers in input order from ``jobs`` processes, one BLAS thread each, with a bounded window of work in flight."""
    saved = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)
    pending: deque[tuple[str, Future[Answer]]] = deque()
    taken: tuple[str, Future[Answer]] | None = None
    finished = False
    try:
        while True:
            while not finished and len(pending) < 32 * jobs:
                source = next(architectures, None)
                if source is None:
                    finished = True
                else:
                    with _uninterrupted():
                        pending.append((source, pool.submit(answer, entry, source, arguments, deadline)))
            if not pending:
                return
            taken = pending.popleft()
            try:
                yield taken[1].result()
            except BrokenProcessPool:
                yield Answer(taken[0], BAD_INPUT, error="a worker process died, probably for lack of memory; try --jobs 1")
                return
    except KeyboardInterrupt:
        begun = [taken, *pending] if taken is not None else list(pending)
        for _, known in begun:
            if known.done() and not known.cancelled() and known.exception() is None:
                yield known.result()
        yield _partial(entry, begun[0][0] if begun else "", arguments, {}, INTERRUPTED)
    finally:
        for name, value in saved.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        for process in multiprocessing.active_children():
            process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)  # waited for, or its semaphores outlive an end at once
