"""Which changes of certificates, and of exact data under them, are accepted: those that were read, and no others.

A change that is let through shows as a line more, a check that refuses more than it did as a line less: both have to be read. With
NEUROVARIETY_ACCEPTED=anew in the environment, and ``-n0``, this test writes them anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

import neurovariety as nv

from .sheets import read_back, sheet
from .test_changed_certificates import ASKED as CERTIFIED
from .test_changed_certificates import result
from .test_recheck_of_entries import ASKED

KEPT = Path(__file__).parents[1] / "reference" / "accepted_changes.json"
QUICK = (
    *(
        "a vertex",
        "exposedness",
        "no boundary",
        "a place",
        "an interior",
        "outside",
        "functions far apart",
        "a field",
        "a linear network",
    ),
    *("neurons", "a germ of weights", "blocks", "power series", "another function", "pruned", "pruned nearly", "regions"),
    *("regions of a box", "a tropical form", "classes", "functional dimension", "functional dimensions of draws", "an analytic rank"),
    *("an analytic fiber", "no linear symmetry", "a near polynomial", "a critical point", "attention with softmax"),
)
ENTRIES: dict[str, tuple[int, ...]] = {
    "membership": (0, 3, 4, 6, 7),
    "ed-degree": (0, 1),
    "covering": (3,),
    "learning-coefficient": (2, 5, 6, 9),
    "fibers": (7,),
    "sample-complexity": (3,),
    "boundary": (6, 7, 9),
    "dimension": (1,),
}
NAMES = [*QUICK, *(f"{entry} {n}" for entry, numbers in ENTRIES.items() for n in numbers)]


def found(name: str) -> dict[str, str | list[str]]:
    """By type of certificate: the changes that are accepted, each with what it says otherwise. By type of data and of certificate:
    how many, and a hash of them."""
    if name in CERTIFIED:
        asked = result(name)
    else:
        entry, _, number = name.rpartition(" ")
        source, options = ASKED[entry][int(number)]
        asked = getattr(nv, entry.replace("-", "_"))(source, **options)
    out: dict[str, str | list[str]] = {}
    for group, changes in sheet(read_back(asked)).items():
        accepted = sorted(f"{change}: {said}" if said else change for change, said in changes.items() if said is not None)
        digest = hashlib.sha256(json.dumps(accepted).encode()).hexdigest()[:12]
        out[group] = f"{len(accepted)}, {digest}" if " under " in group else accepted
    return out


@pytest.mark.parametrize("name", NAMES)
def test_no_other_change_is_accepted(name):
    kept, now = json.loads(KEPT.read_text(encoding="utf-8")), found(name)
    if os.environ.get("NEUROVARIETY_ACCEPTED") == "anew":
        kept[name] = now
        KEPT.write_text(json.dumps({n: kept[n] for n in NAMES if n in kept}, indent=1) + "\n", encoding="utf-8")
    assert now == kept[name]
