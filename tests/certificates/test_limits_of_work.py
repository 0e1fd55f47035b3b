"""How much work a recheck takes on before it says that something is too large, held at both sides, for each limit in the room.

``limits_of_work.json`` names, for some of the documents of ``kept``, the least value of a limit
under which they are rechecked as before: their work, as the room counts it. With NEUROVARIETY_ACCEPTED=anew it is written anew.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import time
from collections import defaultdict
from typing import Any

import pytest

import conftest
import neurovariety.certificates as room
from neurovariety.certificates.recheck import RECORDED, REFUSED, recheck

from .test_accepted_changes import ANEW, KEPT, NAMES

LEAST_WORK = KEPT.with_name("limits_of_work.json")
TWICE = 2
"""Documents by which a limit is held, each with another work."""


def limits() -> dict[str, tuple[Any, str]]:
    """By ``module.NAME``: the module where a limit is used, and its name there."""
    modules = [importlib.import_module(f"{room.__name__}.{m.name}") for m in pkgutil.iter_modules(room.__path__)]
    return {
        f"{module.__name__.rpartition('.')[2]}.{name}": (module, name)
        for module in modules
        for name, value in vars(module).items()
        if ("MOST" in name or "LARGEST" in name) and type(value) is int
    }


def document(name: str) -> dict:
    return json.loads("".join(json.loads((KEPT / f"{name}.json").read_text(encoding="utf-8"))["document"]))


def outcomes(data: dict) -> list[tuple[str, str]]:
    return [(k.key, k.outcome) for k in recheck(data).keys]


def least(patch: pytest.MonkeyPatch, limit: tuple[Any, str], data: dict, usual: list[tuple[str, str]]) -> int | None:
    """The least value at which all is as it is without that limit; None where it makes no difference."""
    high, low = getattr(*limit), -1

    def same(value: int) -> bool:
        patch.setattr(*limit, value)
        try:
            return outcomes(data) == usual
        finally:
            patch.setattr(*limit, original)

    original = high
    if same(low):
        return None
    while high - low > 1:
        middle = (high + low) // 2
        low, high = (low, middle) if same(middle) else (middle, high)
    return high


def found() -> dict[str, dict[str, int]]:
    """By limit: documents, the quickest first, and their work."""
    out: dict[str, dict[str, int]] = defaultdict(dict)
    times = {}
    for name in NAMES:
        start = time.process_time()
        outcomes(document(name))
        times[name] = time.process_time() - start
    with pytest.MonkeyPatch.context() as patch:
        for name in sorted(NAMES, key=times.__getitem__):
            data = document(name)
            usual = outcomes(data)
            for key, limit in limits().items():
                if len(out[key]) < TWICE:
                    work = least(patch, limit, data, usual)
                    if work is not None and work not in out[key].values():
                        out[key][name] = work
    return {key: out[key] for key in sorted(out) if out[key]}


KNOWN = json.loads(LEAST_WORK.read_text(encoding="utf-8")) if LEAST_WORK.exists() else {}


def test_limits_are_those_that_were_read(monkeypatch):
    """Each limit that a quick document meets is named."""
    if ANEW:
        monkeypatch.setattr(conftest, "ENFORCED", False)
        LEAST_WORK.write_text(json.dumps(found(), indent=1) + "\n", encoding="utf-8")
    assert KNOWN.keys() <= limits().keys()


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, works in KNOWN.items() for name in works])
def test_work_is_counted_as_it_was(key, name, monkeypatch):
    """At its own work a document is rechecked; with a limit of one less something is not, and nothing is called false."""
    monkeypatch.setattr(conftest, "ENFORCED", False)
    data, work, limit = document(name), KNOWN[key][name], limits()[key]
    usual = outcomes(data)
    monkeypatch.setattr(*limit, work)
    assert outcomes(data) == usual
    monkeypatch.setattr(*limit, work - 1)
    less = outcomes(data)
    assert less != usual
    assert {one for one, two in zip(less, usual, strict=True) if one != two} <= {(k, o) for k, _ in usual for o in (RECORDED, REFUSED)}
