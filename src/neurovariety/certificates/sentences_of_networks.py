"""How statements on trained networks are said: what pruning leaves, directions at the weights, and whether two are one function."""

from __future__ import annotations

from collections.abc import Mapping

from neurovariety.certificates.measured_phrases import rounded
from neurovariety.certificates.phrases import EXACT, Choice, Listed, Number, Phrase, amount
from neurovariety.claim import Claim

_DIGITS = 3


def _counted(value: int, claim: Claim, noun: str) -> str:
    """A number that was counted: it is not said to be exact."""
    return f"{amount(value, claim).removeprefix('exactly ')} {noun}{'s' * (value != 1)}"


def _removed(value: Mapping[str, int], claim: Claim) -> str:
    """How many neurons can go, and why."""
    gone = sum(value.values())
    if not gone:
        return "no redundant neuron was found in the layers that were looked at"
    reasons = ", ".join(f"{reason} {n}" for reason, n in value.items())
    return f"{gone:,} neuron{'s' * (gone != 1)} can be removed ({reasons})"


def _left(value: int, claim: Claim) -> str:
    return f"{_counted(value, claim, 'parameter')} {'are' if value != 1 else 'is'} left"


def _changed(value: float, claim: Claim) -> str:
    """By how much the function of the pruned network may differ."""
    if not value and claim in EXACT:
        return "the function stays the same"
    if not value:
        return "no change of the function is known of"
    return f"the outputs change by at most {rounded(value, up=True, digits=_DIGITS)} (Euclidean norm)"


def _apart(value: float, claim: Claim) -> str:
    if not value:
        return "the outputs are equal" if claim in EXACT else "no difference of the outputs is known of"
    return f"the outputs differ by at most {rounded(value, up=True, digits=_DIGITS)} (Euclidean norm)"


_DIRECTION = ("direction", "directions")

SAID_OF_NETWORKS: dict[str, Phrase] = {
    # prune, and what diagnose finds redundant
    "prune: parameters": Phrase("the parameters", lambda value, claim: f"the network has {_counted(value, claim, 'parameter')}"),
    "prune: pruned": Phrase("the parameters that are left", _left, joined=True),
    "prune: removed": Phrase("what can be removed", _removed, joined=True),
    "prune: widths": Phrase("the widths", Listed(lambda value: f"{len(value)} layers are listed with their widths"), joined=True),
    "prune: error_bound": Phrase("the change of the function", _changed, joined=True),
    # diagnose
    "diagnose: parameters": Phrase("the parameters", lambda value, claim: f"the network has {_counted(value, claim, 'parameter')}"),
    "diagnose: rank": Phrase("the directions at these weights", Number("at these weights the function can move in {n}", *_DIRECTION)),
    "diagnose: generic": Phrase(
        "the directions at other weights", Number("the most that weights of this architecture allow is {n}", *_DIRECTION)
    ),
    "diagnose: symmetry": Phrase("the symmetries", Number("symmetries of the layers leave the function along {n}", *_DIRECTION)),
    "diagnose: nearest": Phrase("the nearest smaller network", Listed(lambda value: f"the nearest is {value['stratum']}")),
    "diagnose: condition": Phrase(
        "the condition of the tangent kernel", Listed(lambda value: f"the tangent kernel has the condition {value:.3g}")
    ),
    # align
    "align: same": Phrase(
        "whether the networks are the same function",
        Choice(
            {
                "yes": "no difference of the functions is known of",
                "no": "the networks gave different outputs at an input",
                "within": "the functions of the networks are near each other",
            },
            {
                "yes": "the networks are the same function",
                "no": "the networks are different functions: they differ at the input that is given",
            },
        ),
    ),
    "align: bound": Phrase("how far the outputs can be apart", _apart, joined=True),
    "align: box": Phrase("where that holds", Listed(lambda value: f"that is so at inputs of norm up to {rounded(value, up=False)}")),
    "align: related": Phrase(
        "whether a symmetry relates the weights",
        Choice(
            {
                "yes": "a symmetry seems to carry the weights of one to those of the other",
                "no": "no symmetry of the known group that relates the weights was found",
                "within": "a symmetry carries the weights of one near those of the other",
            },
            {
                "yes": "a symmetry carries the weights of one to those of the other",
                "no": "no symmetry relates their weights",
            },
        ),
        joined=True,
    ),
    "align: exact": Phrase(
        "whether the weights are equal then",
        Choice({True: "the weights are equal then", False: "the weights are apart then"}),
        joined=True,
    ),
    "align: residual": Phrase("what is left of the weights", Listed(lambda value: f"weights are left apart by {value:.3g}")),
    "align: difference": Phrase(
        "differences that were seen",
        Listed(lambda value: f"outputs were seen to differ by {value:.3g}, at inputs drawn at random, of any norm"),
    ),
    "align: input": Phrase("an input", Listed(lambda value: f"an input of {len(value)} numbers is given")),
}
"""By kind how it is said; `certificates.sentences` has the others."""
