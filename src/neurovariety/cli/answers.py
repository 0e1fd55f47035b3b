"""Answering one entry for one or many architectures: order, streaming, time limit, interrupt."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import click

from neurovariety.cli.exit_status import ANSWERED, BAD_INPUT, INTERRUPTED, NOT_FINISHED
from neurovariety.cli.workers import Answer, answer, pool_answers
from neurovariety.dictionary.entry import Entry
from neurovariety.errors import InputError

_PARALLEL_FROM = 12
"""From so many architectures on, starting processes (1 to 2 s) pays."""


def answer_all(entry: Entry, architectures: tuple[str, ...], as_json: bool, jobs: int | None, options: dict[str, Any]) -> int:
    """Answer every architecture in input order, each as soon as it is known; returns the exit status."""
    deadline = time.time() + options.pop("time_limit") if options.get("time_limit") else None
    options.pop("time_limit", None)
    arguments = _arguments(entry, options)
    instead = [arguments[name] for name in entry.declares.replaces if name in arguments]
    sources = _sources(architectures or tuple(instead))
    head = []
    for source in sources:
        head.append(source)
        if len(head) >= _PARALLEL_FROM:
            break
    if len(head) > 1 and "figure" in arguments:
        raise InputError("a figure is drawn of one architecture; give one, or leave out --figure")
    if len(head) > 1 and "certificates" in arguments:
        raise InputError("a file of certificates holds those of one architecture; give one, or leave out --certificates")
    jobs = jobs or len(os.sched_getaffinity(0))
    parallel = len(head) >= _PARALLEL_FROM and jobs > 1
    everything = _chain(head, sources)
    if not head:
        raise InputError("no architecture given; write one such as 'mlp(2,3,1; x^2)' or '-' with one a line on standard input")
    status = ANSWERED
    several = len(head) > 1
    answers = (
        pool_answers(entry.name, everything, arguments, deadline, jobs)
        if parallel
        else (answer(entry.name, s, arguments, deadline, lambda found: _show(found, as_json, several)) for s in everything)
    )
    with _progress(several) as advance:
        for found in answers:
            _show(found, as_json, several)
            advance()
            status = _worse(status, found.status)
            if found.status == INTERRUPTED:
                break
    return status


def _arguments(entry: Entry, options: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments of the entry's function, ``figure`` and ``certificates``."""
    from neurovariety.cli.tables_given import table_given

    out = {k: v for k, v in options.items() if v is not None}
    for declared in entry.declares.arguments:
        option = declared.option
        if option is not None and option.was in out:
            click.echo(f"neurovariety: --{option.was} is now --{declared.name}; the old word goes with the next version", err=True)
            out[declared.name] = out.pop(option.was)
        if declared.is_table:
            table = table_given(out.get(declared.name), out)
        if option is None or declared.name not in out:
            continue
        if option.kind == "numbers":
            out[declared.name] = [part.strip() for part in out[declared.name].split(",")]
        elif declared.is_table:
            out[declared.name] = table
    return out


def _sources(architectures: tuple[str, ...]) -> Iterator[str]:
    for a in architectures:
        if a == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        else:
            yield a


def _chain(head: list[str], rest: Iterable[str]) -> Iterator[str]:
    yield from head
    yield from rest


def _show(found: Answer, as_json: bool, several: bool) -> None:
    if found.error is not None:
        if as_json:
            click.echo(json.dumps({"architecture": found.architecture, "error": found.error}))
            sys.stdout.flush()
        where = f"{found.architecture[:80]}: " if several and found.architecture[:40] not in found.error else ""
        click.echo(f"neurovariety: {where}{' '.join(found.error.split())}", err=True)
        return
    click.echo(json.dumps(found.result) if as_json else found.text)
    sys.stdout.flush()


def _worse(a: int, b: int) -> int:
    order = [ANSWERED, NOT_FINISHED, BAD_INPUT, INTERRUPTED]
    return max(a, b, key=order.index)


class _progress:
    """A counter on standard error for many architectures, when that is a terminal."""

    def __init__(self, several: bool) -> None:
        self.shown = several and sys.stderr.isatty() and not sys.stdout.isatty()
        self.count, self.start = 0, time.time()

    def __enter__(self) -> Any:
        return self.advance

    def advance(self) -> None:
        self.count += 1
        if self.shown:
            rate = self.count / max(time.time() - self.start, 1e-9)
            click.echo(f"\r{self.count} architectures, {rate:.1f} a second", err=True, nl=False)

    def __exit__(self, *_: object) -> None:
        if self.shown and self.count:
            click.echo("", err=True)
