"""Which changes of certificates, and of exact data under them, are accepted: those that were read, and no others.

``kept`` holds results with their certificates, as an earlier day wrote them, and for each what becomes of changes; where it names types
of certificates, of these alone.
A change that is let through shows as a line more, a check that refuses more than it did as a line less: both have to be read. With
NEUROVARIETY_ACCEPTED=anew in the environment this test writes the lists anew, where it is ``asked`` the results as well.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter

import pytest

import conftest
import neurovariety as nv
from neurovariety.certificates.recheck import recheck

from .changes import said
from .sheets import KEPT, kept_document, read_back, sheet
from .test_changed_certificates import ASKED as CERTIFIED
from .test_recheck_of_entries import ASKED

NAMES = sorted(path.stem for path in KEPT.glob("*.json"))
ANEW = os.environ.get("NEUROVARIETY_ACCEPTED", "")
ROW = 120
"""Characters of a row of kept documents."""


def asked(name: str) -> dict:
    """The result that a kept one was, with what a recheck reads."""
    if name in CERTIFIED:
        found = CERTIFIED[name]()
    else:
        entry, _, number = name.rpartition(" ")
        source, options = ASKED[entry][int(number)]
        found = getattr(nv, entry.replace("-", "_"))(source, **options)
    whole = json.loads(json.dumps(found.to_dict(certificates=True)))
    return {part: whole[part] for part in ("entry", "architecture", "value", "claims", "certificates")}


def accepted(document: dict, of: list[str]) -> dict[str, str | list[str]]:
    """By type of certificate: the changes that are accepted, each with what it says otherwise. By type of data and of certificate:
    how many, and a hash of them. The keys that are rechecked, before any change. How many are refused, by reason."""
    out: dict[str, str | list[str]] = {"rechecked": sorted(said(recheck(document)))}
    for group, changes in sheet([v for v in read_back(document) if not of or type(v.certificate).__name__ in of]).items():
        lines = sorted(f"{change}: {words}" if words else change for change, (fine, words) in changes.items() if fine)
        refused = Counter(words for fine, words in changes.values() if not fine)
        reasons = [f"{count} x {words}" for words, count in sorted(refused.items())]
        out[group] = f"{len(lines)}, {hashed(lines)}" if " under " in group else lines
        out[f"{group}, refused"] = f"{refused.total()}, {hashed(reasons)}" if " under " in group else reasons
    return out


def hashed(lines: list[str]) -> str:
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:12]


def written(document: dict, lists: dict, of: list[str]) -> str:
    text = json.dumps(document, separators=(",", ":"))
    rows = [text[i : i + ROW] for i in range(0, len(text), ROW)]
    return json.dumps({"document": rows, **({"of": of} if of else {}), "accepted": lists}, indent=1) + "\n"


@pytest.mark.parametrize("name", NAMES)
def test_no_other_change_is_accepted(name, monkeypatch):
    """Types are not enforced, as where users run it: what is refused is refused by a check."""
    monkeypatch.setattr(conftest, "ENFORCED", False)
    path = KEPT / f"{name}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    document = asked(name) if ANEW == "asked" else kept_document(name)
    of = kept.get("of", [])
    now = accepted(document, of)
    if ANEW:
        path.write_text(written(document, now, of), encoding="utf-8")
    else:
        assert now == kept["accepted"]
