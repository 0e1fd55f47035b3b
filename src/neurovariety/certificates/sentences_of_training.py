"""How statements about training are said: lists of critical points, least values, and what was sampled."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, repeat
from typing import Any

from neurovariety.certificates.measured_phrases import Between, Measured, SampledShare, Seen
from neurovariety.certificates.phrases import Choice, Listed, Number, Phrase
from neurovariety.claim import Claim

_POINT = ("complex critical point", "complex critical points")
_MINIMUM = ("local minimum", "local minima")
_REACHED = ("critical point was reached", "different critical points were reached")


def _also(asks: str, text: str, one: str, many: str) -> Phrase:
    """A number beside others, which stands in a sentence of its own where it is claimed otherwise."""
    is_, are = f"there is {text}", f"there are {text}"

    def alone(value: int, claim: Claim) -> str:
        return Number(is_ if value == 1 else are, one, many)(value, claim)

    return Phrase(asks, Number(text, one, many), joined=True, alone=alone)


_ON = "each run that converged ends at a critical point that the landscape lists"
_REAL = Phrase(
    "how many are real",
    Number("{n} of them real", none="none"),
    joined=True,
    alone=Number("{n}", "of them is real", "of them are real", none="none of them is real"),
    of_one=Choice({0: "which is not real", 1: "which is real"}),
)


def _minima(where: str) -> Phrase:
    """Of real networks, where J has full rank: weights of smaller networks can be minima too, and are not among them."""
    return _also(f"local minima at {where} of real networks", f"{{n}} at {where} of real networks", *_MINIMUM)


_SMALLER = _also("critical points at smaller networks", "{n} at smaller networks", *_POINT)

TRAINING: dict[str, Phrase] = {}
"""By kind how it is said; `certificates.sentences` has the others."""


def _of(entry: str, phrases: Mapping[str, Phrase]) -> None:
    TRAINING.update({f"{entry}: {key}": phrase for key, phrase in phrases.items()})


_of(
    "landscape",
    {
        "complex": Phrase("complex critical points at smooth functions", Number("training has {n} at smooth functions", *_POINT)),
        "real": _REAL,
        "minima": _minima("smooth functions"),
        "at_subnetworks": _SMALLER,
        "at_limits": _also("critical points at limits of networks", "{n} at limits of networks", *_POINT),
        "least_loss": Phrase(
            "the least loss",
            Measured(
                "the least loss of networks is {n}",
                "the best network found has a loss of {n}, and no network has less",
                "the best network found has a loss of {n}",
            ),
        ),
    },
)

_of(
    "weight-decay",
    {
        "complex": Phrase(
            "complex critical points in weight space",
            Number(
                "with weight decay training has {n} in weight space",
                *(f"{point} with an invertible Hessian" for point in _POINT),
            ),
        ),
        "real": _REAL,
        "minima": _also("local minima", "{n} among them", *_MINIMUM),
        "least": Phrase(
            "the least value of the objective", Between("the least value of the objective", "the global minimum of the objective")
        ),
    },
)

_of(
    "maximum-likelihood",
    {
        "complex": Phrase(
            "complex critical points at smooth distributions", Number("cross-entropy has {n} at smooth distributions", *_POINT)
        ),
        "real": _REAL,
        "positive": Phrase(
            "how many have positive probabilities",
            Number("{n} with positive probabilities", none="none"),
            joined=True,
            alone=Number("{n} positive probabilities", "of them has", "of them have", none="none of them has"),
            of_one=Choice({0: "not with positive probabilities", 1: "with positive probabilities"}),
        ),
        "minima": _minima("smooth distributions"),
        "at_subnetworks": _SMALLER,
        "least": Phrase(
            "the least cross-entropy of networks",
            Measured("the least cross-entropy of networks is {n}", found="the best network found has a cross-entropy of {n}"),
        ),
    },
)

_of(
    "polyhedral",
    {
        "complex": Phrase(
            "complex critical points on linear spaces of faces", Number("the distance has {n} on the linear spaces of faces", *_POINT)
        ),
        "real": _REAL,
        "on_faces": Phrase(
            "how many are on the face itself",
            Number("{n} on the face itself", none="none"),
            joined=True,
            alone=Number("{n} on the face itself", "of them lies", "of them lie", none="none of them lies"),
            of_one=Choice({0: "not on the face itself", 1: "on the face itself"}),
        ),
        "stationary": Phrase(
            "how many are stationary",
            Number("{n} stationary", none="none"),
            joined=True,
            alone=Number("{n} stationary", "of them is", "of them are", none="none of them is"),
            of_one=Choice({0: "not stationary", 1: "stationary"}),
        ),
        "minima": _minima("smooth functions"),
        "least": Phrase(
            "the least distance of networks",
            Measured("the least distance of networks is {n}", found="the best network found is at a distance of {n}"),
        ),
    },
)


def _shares(value: Mapping[Any, float]) -> str:
    """``2 (at 62 % of its points), 4 (at 30 %) or 6 (at 8 %)``"""
    of = chain([" of its points"], repeat(""))
    *first, last = [f"{n} (at {100 * share:.3g} %{next(of)})" for n, share in value.items()] or ["none"]
    return f"{', '.join(first)} or {last}" if first else last


_of(
    "discriminant",
    {
        "complex": Phrase("complex critical points", Seen("a general target has {n}", *_POINT)),
        "real_counts": Phrase(
            "numbers of real ones",
            Listed(lambda value: f"on this slice of targets the number of real ones is {_shares(value)}"),
            joined=True,
        ),
        "minima_counts": Phrase(
            "numbers of local minima",
            Listed(lambda value: f"that of local minima at smooth functions is {_shares(value)}"),
            joined=True,
        ),
        "chambers": Phrase("chambers", Seen("its grid shows {n}", "chamber", "chambers"), joined=True),
    },
)

_of(
    "voronoi",
    {
        "on_network": Phrase(
            "best fits by networks that need the whole architecture",
            SampledShare("of random targets {n} are best fitted by networks that need the whole architecture"),
        ),
        "on_subnetworks": Phrase(
            "best fits by smaller networks", SampledShare("{n} by smaller ones", "none by smaller ones"), joined=True
        ),
        "on_limits": Phrase(
            "best fits by limits",
            SampledShare("{n} by limits of networks whose weights diverge", "none by limits of networks"),
            joined=True,
        ),
        "open": Phrase("for how many this is open", SampledShare("for {n} this is open", "for none this is open"), joined=True),
    },
)

_of(
    "gradient-flow",
    {
        "converged": Phrase(
            "how many runs converged",
            Seen("{n} converged", "run", "runs", none="no run converged, so nothing is said of where training ends"),
        ),
        "endpoints": Phrase("at how many critical points", Seen("{n}", *_REACHED, none="no critical point was reached"), joined=True),
        "unmatched": Phrase(
            "how many runs end off the list",
            Seen("{n} at no critical point that the landscape lists", "run that converged ends", "runs that converged end", none=_ON),
            joined=True,
        ),
    },
)

_of(
    "implicit-bias",
    {
        "best_on_smaller": Phrase(
            "how often smaller networks are the best fit",
            SampledShare(
                "smaller networks that were compared are the best fit of {n} of random targets",
                "no random target was fit best by a smaller network that was compared",
            ),
        ),
        "flow_on_smaller": Phrase(
            "how often gradient flow ends at smaller networks",
            SampledShare(
                "{n} of the gradient flows that converged end at one of them",
                "none of the gradient flows that converged ends at one of them",
            ),
            joined=True,
        ),
    },
)
