"""``neurovariety selftest``: the installed package against published values."""

from __future__ import annotations

import json
import time
from importlib.resources import files
from typing import Any

import click

from neurovariety.cli.ending import ended_if_stuck
from neurovariety.cli.exit_status import ANSWERED
from neurovariety.cli.workers import insistent_interrupt
from neurovariety.dictionary.registry import find
from neurovariety.errors import NeurovarietyError

FAILED = 1


def selftest_command() -> int:
    """Recompute each case, print one line each, and say how many agree; exit status 1 where one does not."""
    cases = json.loads(files("neurovariety.cli").joinpath("selftest.json").read_text(encoding="utf-8"))
    start, wrong = time.perf_counter(), 0
    for case in cases:
        with ended_if_stuck(), insistent_interrupt():
            found = _computed(case)
        agrees = found == case["value"]
        wrong += not agrees
        mark = "ok  " if agrees else "FAIL"
        click.echo(f"{mark} {case['entry']} {case['architecture']}: {found}" + ("" if agrees else f", expected {case['value']}"))
    seconds = time.perf_counter() - start
    click.echo(f"{len(cases) - wrong} of {len(cases)} reference values agree, {seconds:.1f} s")
    return FAILED if wrong else ANSWERED


def _computed(case: dict[str, Any]) -> Any:
    entry = find(case["entry"])
    if entry is None:
        return "no such entry"
    try:
        value = entry.load()(case["architecture"], seed=1).value
    except NeurovarietyError as error:
        return str(error)
    return value[case["field"]] if "field" in case else value
