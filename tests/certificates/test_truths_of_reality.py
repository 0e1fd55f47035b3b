"""Which functions of a list are real: by their boxes, apart from their conjugates, or as the only one that a conjugate can be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety.certificates.critical_functions import BUT_ONE, Charts, NoneOfOtherLoss, ShownInChart, truths
from neurovariety.certificates.float_balls import Balls
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, said


class Listed(ShownInChart):
    """Functions with balls about their coordinates; of some it is known beforehand that they are real."""

    def __init__(self, values, size, real):
        values = np.array(values, dtype=complex)
        self.__dict__["functions"] = Balls(values, np.full(values.shape, size), np.ones(len(values), dtype=bool))
        self.__dict__["known"] = np.array(real)

    def real(self):
        return self.known


NONE = np.zeros(0)
PAIR = [[1 + 1j, 2], [1 - 1j, 2]]


@pytest.mark.parametrize(
    ("values", "size", "real", "complete", "found"),
    [
        (PAIR, 0.1, [False, False], True, [False, False]),
        (PAIR, 0.1, [False, False], False, [False, False]),
        ([[1, 2]], 0.1, [True], False, [True]),
        ([[1, 2]], 0.1, [False], False, [None]),
        ([[1, 2]], 0.1, [False], True, [True]),  # its conjugate is in the list, and can be nothing else
        ([[1 + 0.01j, 2], [1 - 0.01j, 2.1]], 0.2, [False, False], True, [None, None]),
        ([[1 + 0.01j, 2], [1 - 0.01j, 3]], 0.2, [False, False], True, [True, True]),
        ([[1 + 0.01j, 2], [1 - 0.01j, 3]], 0.2, [False, True], False, [None, True]),
        ([[1 + 0.15j, 2], [7, 8]], 0.2, [False, False], True, [True, True]),
        ([[1 + 0.5j, 2], [7, 8]], 0.2, [False, False], True, [False, True]),
        ([[1, 2 + 0.5j], [7, 8]], 0.2, [False, True], False, [False, True]),
    ],
)
def test_which_are_real(values, size, real, complete, found):
    assert truths([Listed(values, size, real)], complete) == found
    apart = [Listed([v], size, [r]) for v, r in zip(values, real, strict=True)]
    assert truths(apart, complete) == found


def test_of_an_empty_list():
    assert truths([], True) == []


def test_none_of_another_loss():
    own = NoneOfOtherLoss(M, (), (1.0, 2.0))
    losses = agreeing(
        Charts,
        loss=NONE,
        radii=NONE,
        rank=2,
        fills=True,
        definite=always(True),
        bounds=lambda w: (0.0, 0.0) if w == (1.0, 2.0) else (0.0, 1.0),
    )
    verdict = check_both_sides(
        own,
        losses,
        [],
        [
            {"charts_of": "another"},
            {"weights": (1.0, 3.0)},
            {"model": {"fills": False}},
            {"model": {"definite": always(False)}},
            {"model": {"bounds": always((0.0, 5e-324))}},
        ],
    )
    assert said(verdict) == (0, Claim.COMPLETE, (BUT_ONE,), 0.0)
    assert outcome(replace(own, charts_of="another"), losses, {"model": {"hash": "another"}}) is not None
