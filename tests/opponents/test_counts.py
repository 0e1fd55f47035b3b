"""Complete counts of ours, each held against other programs: twenty in every run, all of `QUESTIONS` in ``make opponents``.

In every run one program is asked a question, another one the next; ``make opponents`` asks all that are there, with more time. One that
takes too long is named and compares nothing; one that contradicts fails the test.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.oracles import ORACLES
from opponents.present import announce, present
from opponents.questions import QUESTIONS, QUICK

ALL = os.environ.get("NEUROVARIETY_OPPONENTS") == "1"
TIME_LIMIT = float(os.environ.get("NEUROVARIETY_OPPONENTS_SECONDS", "300" if ALL else "30"))
ASKED = QUESTIONS if ALL else QUICK


def ours(entry, text, options):
    """The result by counting, whatever theorem there is; data are the same integers for each model."""
    more = {} if entry == "ml_degree" else {"route": "computed"}
    if options.get("metric") == "data":
        more["data"] = np.random.default_rng(0).integers(-9, 10, size=(12, nv.as_model(text).inputs))
    return getattr(nv, entry)(text, **options, **more)


NAMES = ["-".join(map(str, (entry, text, *options.values()))) for entry, text, options, _ in ASKED]


@pytest.mark.slow
@pytest.mark.oracle
@pytest.mark.parametrize(("entry", "text", "options", "value"), ASKED, ids=NAMES)
def test_counts_agree(entry, text, options, value):
    try:
        found = ours(entry, text, options)
    except nv.ResourceError as error:
        if not ALL:
            raise
        announce(f"{entry} of {text}: {error}")
        return
    number = found.value["cardinality"] if entry == "fibers" else found.value
    if ALL and found.claim is not nv.Claim.COMPLETE:
        announce(f"{entry} of {text}: ours is {number} ({found.claim})")
        return
    assert (number, found.claim) == (value, nv.Claim.COMPLETE)
    here = [name for name, program in ORACLES.items() if program.path]
    if not here:
        announce(f"{entry} of {text}: none of {', '.join(program.title for program in ORACLES.values())} is installed")
    elif not ALL:
        here = [here[ASKED.index((entry, text, options, value)) % len(here)]]
    for name in here:
        try:
            agreement = found.rerun(oracle=name, time_limit=TIME_LIMIT)
        except nv.OracleError as error:
            announce(f"{entry} of {text}: {error}")
            continue
        assert agreement.value == value


@pytest.mark.oracle
def test_who_is_here():
    for name in ORACLES:
        present(name, "no complete count")


def test_twenty_are_asked_in_every_run():
    assert len(QUICK) == 20
    assert {e for e, *_ in QUICK} == {"degree", "ed_degree", "ml_degree", "fibers"}
    assert all(q in QUESTIONS for q in QUICK)
    assert all(value <= 500 for *_, value in QUESTIONS)
