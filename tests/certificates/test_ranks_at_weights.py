"""Certificates of ranks at given weights, each with its false twin."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

import neurovariety as nv
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue
from neurovariety.certificates.ranks_at_weights import AtMostShape, NoSmallerElsewhere, RankAtWeightsModP, RankOverQ
from neurovariety.claim import Claim
from neurovariety.dictionary.tangent_kernel import _rank_mod
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions


def refused(certificate: Certificate, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


MODEL = nv.as_model("linear(2,1,2)")
GENERAL, SPECIAL = (tuple(map(Fraction, w)) for w in ([1, 2, 1, -1], [0, 0, 1, -1]))


def test_ranks_over_q():
    exact = ExactFunctions(MODEL)
    assert issue(RankOverQ(exact.hash, GENERAL, None, 3), exact).claim is Claim.PROVED
    assert issue(RankOverQ(exact.hash, SPECIAL, None, 2), exact).claim is Claim.PROVED
    one = ((Fraction(1), Fraction(0)),)
    assert issue(RankOverQ(exact.hash, GENERAL, one, 2), exact).claim is Claim.PROVED
    for forged in (
        RankOverQ(exact.hash, GENERAL, None, 2),
        RankOverQ(exact.hash, SPECIAL, None, 3),
        RankOverQ(exact.hash, GENERAL, one, 3),
        RankOverQ(exact.hash, GENERAL[:3], None, 3),
        RankOverQ(exact_functions(nv.as_model("linear(2,2,2)")).hash, GENERAL, None, 3),
    ):
        assert refused(forged, exact)


def mod_p(weights: tuple[Fraction, ...], table: list[list[int]] | None) -> tuple[Verdict, RankAtWeightsModP]:
    exact = None if table is None else np.array([[Fraction(v) for v in row] for row in table], dtype=object)
    inputs = None if table is None else tuple(map(tuple, exact.tolist()))
    found = _rank_mod(MODEL, weights, exact, inputs, np.random.default_rng(0))
    shown = found.certificate.lower.certificate if isinstance(found.certificate, Meets) else found.certificate
    assert isinstance(shown, RankAtWeightsModP)
    return found, shown


def test_ranks_mod_p():
    exact = ExactFunctions(MODEL)
    found, shown = mod_p(GENERAL, None)
    assert (found.claim, found.statement.value) == (Claim.LOWER_BOUND, 3)
    for forged in (
        replace(shown, weights=SPECIAL),
        replace(shown, weights=(Fraction(1, shown.rank.place.prime), *GENERAL[1:])),
        replace(shown, rank=replace(shown.rank, value=4)),
        replace(shown, inputs=((Fraction(1), Fraction(0)),)),
        replace(shown, rank=replace(shown.rank, place=replace(shown.rank.place, inputs=None))),
    ):
        assert refused(forged, exact)
    whole, part = mod_p(GENERAL, [[1, 0]])
    assert (whole.claim, whole.statement.value) == (Claim.PROVED, 2)
    assert refused(replace(part, inputs=((Fraction(1), Fraction(1)),)), exact)
    assert refused(Meets(issue(shown, exact), issue(AtMostShape(exact.hash, GENERAL, None, 4), exact)), exact)
    assert refused(AtMostShape(exact.hash, GENERAL, None, 3), exact)
    assert refused(AtMostShape(exact.hash, GENERAL, part.inputs * 2, 4), exact)
    assert refused(Meets(issue(part, exact), issue(AtMostShape(exact.hash, SPECIAL, part.inputs, 2), exact)), exact)


def test_elsewhere_it_is_no_smaller():
    exact = exact_functions(MODEL)
    here = issue(RankOverQ(exact.hash, SPECIAL, None, 2), exact)
    assert issue(NoSmallerElsewhere(None, here), exact).claim is Claim.LOWER_BOUND
    assert refused(NoSmallerElsewhere(((Fraction(1), Fraction(0)),), here), exact)
    assert refused(NoSmallerElsewhere(None, issue(AtMostShape(exact.hash, SPECIAL, None, 4), exact)), exact)
    assert refused(NoSmallerElsewhere(None, nv.dimension(MODEL).verdicts["value"]), exact)
    assert refused(NoSmallerElsewhere(None, here), exact_functions(nv.as_model("linear(2,2,2)")))


def test_only_the_ranks_are_claimed():
    found = nv.tangent_kernel(MODEL, metric="frobenius", weights=[1, 2, 1, -1])
    assert {key: str(v.claim) for key, v in found.verdicts.items()} == {
        "rank": "proved", "generic": "proved", "largest": "estimate", "smallest": "estimate", "condition": "estimate",
    }  # fmt: skip
    assert found.claim is Claim.PROVED
