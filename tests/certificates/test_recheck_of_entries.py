"""Every entry with a small question: what of its claims can be rechecked from JSON alone. The list of what cannot only shrinks."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache

import pytest

import neurovariety as nv
from neurovariety.certificates.recheck import RECORDED, REFUSED
from neurovariety.dictionary.registry import ENTRIES

LOSS = {"metric": "gaussian", "teacher": "x0^2 - x0*x1"}
ASKED = {
    "ambient": [("mlp(2,2,1; x^2)", {})],
    "components": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2)", {})],
    "dimension": [("linear(2,1,2)", {})],
    "degree": [("linear(2,1,2)", {})],
    "equations": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2 + x)", {})],
    "membership": [
        ("mlp(2,1,1; x^2)", {}),
        ("mlp(2,1,1; x^2 + x)", {}),
        ("mlp(2,2,1; x^3)", {"target": "x0^3 + 2*x1^3"}),
    ],
    "point-count": [("linear(1,1,1)", {})],
    "fibers": [("linear(2,1,2)", {}), ("linear(2,1,2)", {"at": [1, 2, 3, 4]}), ("linear(2,1,2)", {"at": [0, 0, 0, 0]})],
    "symmetries": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2)", {})],
    "invariance": [("linear(2,1,2)", {})],
    "sample-complexity": [("mlp(2,2,1; x^3)", {})],
    "ed-degree": [("linear(2,1,2)", {})],
    "ml-degree": [("linear(2,2,2)", {})],
    "landscape": [("mlp(2,1,1; x^2)", LOSS), ("linear(2,1,2)", {"metric": "frobenius", "teacher": "x0 + 2*x1; 3*x0 - x1"})],
    "discriminant": [("mlp(2,1,1; x^2)", LOSS)],
    "tangent-kernel": [("mlp(2,1,1; x^2)", LOSS)],
    "weight-decay": [("mlp(1,1,1; x^2)", {"metric": "gaussian", "teacher": "x0^2", "strengths": "0.1"})],
    "maximum-likelihood": [("linear(2,1,2)", {})],
    "polyhedral": [("mlp(2,1,1; x^2)", {})],
    "subnetworks": [("mlp(2,2,1; x^2)", {})],
    "critical-locus": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2)", {})],
    "singularities": [("linear(2,1,2)", {})],
    "exposedness": [("mlp(2,2,1; x^2)", {})],
    "boundary": [("mlp(2,1,1; x^2)", {})],
    "voronoi": [("linear(2,2,2)", {})],
    "conservation": [("linear(2,1,2)", {}), ("mlp(2,1,1; x^2)", {})],
    "data": [("mlp(2,1,1; x^2)", {"inputs": [[1, 2], [0, 1]]})],
}
WITHOUT_CLAIMS = {"gradient-flow", "implicit-bias"}
"""Entries of which all is sampled: they claim nothing, and take long."""

NOT_YET: dict[str, set[str]] = {
    "boundary": {"boundary"},
    "critical-locus": {"codimension", "complete", "dimension", "strata"},
    "exposedness": {"ambient", "critically_exposed", "table"},
    "fibers": {"dimension", "hidden"},
    "invariance": {"components", "function_dimension", "order", "weight_dimension"},
    "landscape": {"global_minimum", "least_loss"},
    "maximum-likelihood": {"global_minimum", "least"},
    "point-count": {"points", "ratio"},
    "polyhedral": {"complex", "global_minimum", "least", "on_faces", "real"},
    "singularities": {"codimension", "degree", "dimension"},
    "subnetworks": {"all_listed", "images", "inclusions"},
}
"""By entry, the keys that have a strong claim and are not rechecked for one of the questions above."""


PROGRAM = """
import json, sys
from neurovariety.certificates.recheck import recheck
print(json.dumps([[k.key, k.outcome, k.why] for k in recheck(json.load(sys.stdin)).keys]))
"""


@cache
def rechecked(entry: str, number: int):
    """(key, outcome, why), found by the room of certificates alone in a process of its own."""
    source, options = ASKED[entry][number]
    text = json.dumps(getattr(nv, entry.replace("-", "_"))(source, **options).to_dict(certificates=True))
    done = subprocess.run([sys.executable, "-c", PROGRAM], input=text, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def left_of(entry: str, number: int) -> dict[str, str]:
    return {key: why for key, outcome, why in rechecked(entry, number) if outcome == RECORDED}


def test_every_entry_is_asked():
    assert ASKED.keys() | WITHOUT_CLAIMS == {e.name for e in ENTRIES}
    assert NOT_YET.keys() <= ASKED.keys()


@pytest.mark.parametrize(("entry", "number"), [(e, k) for e, questions in ASKED.items() for k in range(len(questions))])
def test_no_true_result_is_refused(entry, number):
    """And what is not rechecked is known, with a reason."""
    assert not [key for key, outcome, _ in rechecked(entry, number) if outcome == REFUSED]
    left = left_of(entry, number)
    assert left.keys() <= NOT_YET.get(entry, set()), left
    assert all(left.values())


@pytest.mark.parametrize("entry", ASKED)
def test_the_list_of_what_is_not_rechecked_only_shrinks(entry):
    left = {key for number in range(len(ASKED[entry])) for key in left_of(entry, number)}
    for key in sorted(left):
        print(f"not rechecked yet: {entry} {key}")
    assert NOT_YET.get(entry, set()) <= left, "take what is rechecked now off the list"
