"""What a report asks twice it finds once, and a row that uses it says what it says alone."""

from __future__ import annotations

import neurovariety as nv
from neurovariety.budget import within
from neurovariety.dictionary.shared_answers import shared, sharing
from neurovariety.report.effort import EFFORTS
from neurovariety.tables.read_table import taken

ARCH = "linear(2,1,2)"
DATA = taken(([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0]], [[1.0, 0.0], [2.0, 1.0], [0.0, 1.0]]))


def test_equal_questions_are_asked_once_and_others_again() -> None:
    asked: list[int] = []

    def question() -> int:
        asked.append(1)
        return len(asked)

    table = [1.0]
    with sharing():
        assert shared(question, {"n": 1, "data": table}, question) == shared(question, {"n": 1, "data": table}, question) == 1
        assert shared(question, {"n": 1, "data": [1.0]}, question) == 2  # equal tables are not known to stay equal
        assert shared(question, {"n": True, "data": table}, question) == 3
        assert shared(max, {"n": 1, "data": table}, question) == 4
        assert shared(question, {"n": 1}, question) == 5
    assert shared(question, {"n": 1, "data": table}, question) == 6


def test_a_flow_says_the_same_with_a_landscape_that_is_known() -> None:
    with within(*EFFORTS["normal"]):
        alone = nv.gradient_flow(ARCH, data=DATA, runs=4).to_dict()
    with sharing():
        with within(*EFFORTS["normal"]):
            landscape = nv.landscape(model := nv.as_model(ARCH), data=DATA)
        with within(*EFFORTS["normal"]):
            found = nv.gradient_flow(model, data=DATA, runs=4)
    assert found.landscape is not None
    assert found.landscape.value is landscape.value
    said = found.to_dict()
    assert {k: v for k, v in said.items() if k != "provenance"} == {k: v for k, v in alone.items() if k != "provenance"}
