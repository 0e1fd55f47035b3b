"""How far a value may be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Claim(StrEnum):
    """The kinds of claim that a result can make, from the strongest down.

    A claim is part of the value: a dimension that is `proved` and one that is a `lower_bound` answer different questions.
    """

    PROVED = "proved"
    PROBABILITY = "probability"
    COMPLETE = "complete"
    LOWER_BOUND = "lower_bound"
    UPPER_BOUND = "upper_bound"
    ESTIMATE = "estimate"
    UNDECIDED = "undecided"

    @staticmethod
    def weakest(claims: Iterable[Claim]) -> Claim:
        """The weakest of several, `proved` of none."""
        return max(claims, key=list(Claim).index, default=Claim.PROVED)

    @property
    def explanation(self) -> str:
        """One sentence: what was shown, and what was not."""
        return _EXPLANATIONS[self]


_EXPLANATIONS = {
    Claim.PROVED: "an exact certificate, or a theorem whose hypotheses were checked; a third party can recheck the evidence",
    Claim.PROBABILITY: "exact randomized arithmetic; the probability of a wrong value is at most the bound in the evidence",
    Claim.COMPLETE: "numerical; every point that counts is certified, and a test for missing ones found none",
    Claim.LOWER_BOUND: "the true value is at least this; no upper bound was proved that meets it",
    Claim.UPPER_BOUND: "the true value is at most this; no lower bound was proved that meets it",
    Claim.ESTIMATE: "sampled, or in floating point; the evidence holds the error, the interval or the gap",
    Claim.UNDECIDED: "nothing was shown; the evidence says what was tried",
}
