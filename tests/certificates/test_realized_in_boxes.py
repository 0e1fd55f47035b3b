"""Real weights in boxes, with models of one coefficient: the box is in the weights that are asked, all others stand as they are."""

from __future__ import annotations

from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.plain_form import PlainReader, PlainWriter, no_verdict
from neurovariety.certificates.realized import RealFunctions, RealizedInBox
from neurovariety.claim import Claim

from .agreeing_models import M, agreeing, always, check_both_sides, outcome, said

NAME = (0, (1,))


def model(value, slopes, **answers):
    """A coefficient as a function of two weights, with its derivatives."""

    def balls(rows, weights, columns):
        return [value(*weights) for _ in rows], [[slopes[i](*weights) for i in columns] for _ in rows]

    given = {"coefficient_names": (NAME,), "coefficient_balls": balls, "spanned_by": lambda rows, target: rows == (0,)}
    return agreeing(RealFunctions, **{**given, **answers})


SQUARE = model(lambda a, b: a * a + 0 * b, [lambda a, b: 2 * a, lambda a, b: flint.arb(0)])
PRODUCT = model(lambda a, b: a * b, [lambda a, b: b, lambda a, b: a])


def own(target, radius, columns=(0,), centre=(1.0, 1.0), inverse=((0.5,),), part="verdict"):
    return RealizedInBox(M, centre, columns, (0,), radius, inverse, {NAME: Fraction(target)}, part)


def test_boxes():
    near = Fraction(101, 100)
    verdict = check_both_sides(
        own(near, 0.1),
        SQUARE,
        [{"radius": 0.01}],
        [
            {"subject": "another"},
            {"rows": (1,)},
            {"rows": (0, 0)},
            {"columns": (1,)},
            {"columns": (2,)},
            {"columns": (-1,)},
            {"columns": (0, 0)},
            {"columns": (0, 1)},
            {"inverse": ()},
            {"inverse": ((0.0,),)},
            {"inverse": ((1.5,),)},
            {"centre": (1.0,)},
            {"centre": (1.5, 1.0)},
            *({"radius": r} for r in (0.0, -0.1, 0.004, 1.0, 2.0)),
            {"target": {NAME: Fraction(3, 2)}},
            {"target": {}},
            {"model": {"spanned_by": always(False)}},
        ],
    )
    assert said(verdict)[:2] == ("realizable", Claim.PROVED)
    witness = outcome(own(near, 0.1, part="witness"), SQUARE, {})
    assert (witness.statement.value, witness.claim) == ([1.0, 1.0], Claim.PROVED)


def test_only_the_weights_that_are_asked_move():
    """a b with b exactly 1 is linear in a: any box will do, where both would move none that is as wide."""
    for columns in ((0,), (1,)):
        linear = own(Fraction(3, 2), 4.0, columns, inverse=((1.0,),))
        assert outcome(linear, PRODUCT, {}) is not None
        assert outcome(linear, PRODUCT, {"inverse": ((0.4,),)}) is not None
        assert outcome(linear, PRODUCT, {"radius": 0.49}) is None
        assert outcome(linear, PRODUCT, {"radius": 0.51}) is not None


def test_arrays_of_large_whole_numbers():
    for values in ([5, 2**70], [2**70, 5], [-1, 3], [2**63 - 1, 0], [2**63, 0], [Fraction(1, 2), 3]):
        writer = PlainWriter(no_verdict)
        plain = writer.write(np.array(values, dtype=object))
        assert PlainReader(no_verdict, writer.arrays).read(plain).tolist() == values
