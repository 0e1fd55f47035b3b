"""Stored results of every entry, one leaf of JSON after another changed: what a recheck accepts of that is harmless.

The certificates themselves are changed in `test_changed_certificates`.
"""

from __future__ import annotations

import json
import random

import pytest
from beartype.roar import BeartypeCallHintViolation

import neurovariety as nv
from campaign import CAMPAIGN, size
from neurovariety.certificates import recheck as room
from neurovariety.claim import Claim
from neurovariety.cli.recheck_command import rechecked
from neurovariety.dictionary.held_scopes import not_compared

from .changes import at
from .test_changed_certificates import ASKED as CERTIFIED
from .test_recheck_of_entries import ASKED, document

NETWORKS = (
    "another function",
    "near weights",
    "pruned nearly",
    "regions of a box",
    "classes",
    "a tropical form",
    "Lipschitz constants",
    "radii",
    "a classification fan",
    "functional dimension",
    "networks with the same function",
    "functional dimensions of draws",
    "a near polynomial",
    "a near network",
    "a rank",
)
FROM_A_FILE = {
    "regions",
    "tropical",
    "align",
    "diagnose",
    "prune",
    "functional-dimension",
    "approximate",
    "lipschitz",
    "robustness",
    "relu-fiber",
    "classification-fan",
}
SLOW = {
    "weight-decay",
    "maximum-likelihood",
    "ed-degree",
    "voronoi",
    "discriminant",
    "polyhedral",
    "landscape",
    "tangent-kernel",
    "equations",
    "point-count",
    "ml-degree",
}
SEVERAL = {"learning-coefficient": range(10), "sample-complexity": (0, 4), "covering": (0, 2), "boundary": (1, 5), "fibers": (0, 1)}
OTHERS = {
    "approximate": lambda: nv.approximate("mlp(1,2,1; tanh)", interval=(-1, 1), degree=3),
    "samples": lambda: nv.sample_complexity("linear(2,2)", delta=0.05, radius=2, samples=100_000),
}
MOST = size(18, 100_000)
"""Changes of a result."""


def results():
    """Names of results, with what gives their JSON: in a campaign one for every question, else the first of each entry that is
    quick, and several of those whose options are in their scopes."""
    for entry, questions in ASKED.items():
        if CAMPAIGN or entry not in SLOW:
            numbers = range(len(questions)) if CAMPAIGN else SEVERAL.get(entry, (0,))
            yield from ((f"{entry} {n}", lambda entry=entry, n=n: document(entry, n)) for n in numbers)
    for name in NETWORKS:
        yield name, lambda name=name: json.dumps(CERTIFIED[name]().to_dict(certificates=True))
    for name, ask in OTHERS.items():
        yield name, lambda ask=ask: json.dumps(ask().to_dict(certificates=True))


RESULTS = dict(results())


def others(value, key):
    """Other leaves that may stand in place of one."""
    if isinstance(value, bool):
        return [not value, None]
    if isinstance(value, int | float):
        return [value + 1, value - 1, None]
    if value is None:
        return [1, "x", [0]]
    if key == "claim":
        return [str(c) for c in Claim if str(c) != value] + [None]
    digits = [i for i, c in enumerate(value) if c.isdigit()]
    i = digits[len(digits) // 2] if digits else 0
    changed = [f"{value[:i]}{(int(value[i]) + 1) % 10}{value[i + 1 :]}"] if digits else []
    words = {"yes": "no", "no": "yes", "zero": "general", "general": "zero"}
    return [f"{value}x", None, *changed, *([words[value]] if value in words else [])]


GONE = object()


def changes(data, inside=()):
    """Paths, and what is to stand there."""
    steps = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in steps:
        path = (*inside, step)
        if path[0] in ("certificates", "meaning") or path[:2] in (("provenance", "seconds"), ("provenance", "version")):
            continue
        yield path, GONE
        if isinstance(value, dict | list):
            yield path, None
            yield from changes(value, path)
        else:
            yield from ((path, other) for other in others(value, step))


def with_change(text, path, new):
    data = json.loads(text)
    place = at(data, path[:-1])
    if new is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return data


def is_refused(data):
    try:
        found, problem = rechecked(data, {})
    except nv.NeurovarietyError:
        return True
    except BeartypeCallHintViolation:  # the tests' own types refuse what `from_dict` would not
        return True
    return bool(found.refused or problem)


def harmless(path, new, found):
    """Whether nothing that is claimed, or was asked, is another one. The same list stands in docs/recheck.md."""
    kind = path[0] if path[0] != "evidence" else ".".join(map(str, path[:2]))
    nothing_claimed = not found.rechecked
    from_a_file = found.entry in FROM_A_FILE
    if kind == "provenance":
        return path[1:] == ("seed",)
    if kind == "architecture":  # the name of a file, the data of a loss that are `as stored`, or nothing that is claimed of it
        return isinstance(new, str) and (nothing_claimed or from_a_file or "as stored" in _systems(found))
    if kind == "evidence.options":
        may_go = (*_OPTIONAL.get(found.entry, ()), *_LEFT_OUT)
        gone = path == ("evidence", "options") or (new is GONE and path[2] in may_go)
        fitted = found.entry == "tangent-kernel" and (
            path[2:4] == ("data", "targets") or path[2:3] in (("teacher",), ("sample_weights",))
        )
        return gone or nothing_claimed or fitted or path[2] in not_compared(found) or path[2] in _HOW
    if kind in ("evidence.target", "evidence.at"):
        return new in (GONE, None) or isinstance(found.asked.get("target", ("",))[0], list) or found.entry == "polyhedral"
    return kind.startswith("evidence.") and found.entry != "approximate"


_HOW = {"route", "samples", "most", "grid", "targets", "scale", "degree", "slice", "random", "least_by", "rank"}
"""Options of a search, which are named as not compared."""
_LEFT_OUT = {"data", "form", "inputs"}
"""Options that are not written where they are too large, or no plain data."""
_TARGET = ("target", "network", "weights")
_OPTIONAL = {
    "invariance": ("output_map",),
    "fibers": ("at",),
    "singularities": ("at",),
    "membership": _TARGET,
    "boundary": _TARGET,
}
"""Options that evidence repeats, or that are none where they are not named."""


def _systems(found):
    return {found.systems.get(key, "as stored") for key in found.subjects}


@pytest.fixture
def read_once(monkeypatch):
    """Certificates are checked once: they are not what is changed here."""
    read, kept = room._Read, {}

    def once(data, beside, architecture):
        key = (json.dumps(data), architecture)
        if key not in kept:
            kept[key] = read(data, beside, architecture)
        return kept[key]

    monkeypatch.setattr(room, "_Read", once)


@pytest.mark.parametrize("name", RESULTS)
def test_what_a_recheck_accepts_is_harmless(name, read_once):
    text = RESULTS[name]()
    true = json.loads(text)
    found, problem = rechecked(true, {})
    assert (found.refused, problem) == ((), "")
    tried = list(changes(true))
    if len(tried) > MOST:
        evidence = [c for c in tried if c[0][0] == "evidence" and c[0][1:2] != ("options",) and found.entry != "approximate"]
        tried = [c for c in tried if c not in evidence]
        tried = random.Random(name).sample(tried, min(MOST, len(tried)))
    refused = 0
    for path, new in tried:
        data = with_change(text, path, new)
        if is_refused(data):
            refused += 1
        else:
            assert harmless(path, new, found), (path, new)
    assert refused >= len(tried) // 4 or CAMPAIGN
