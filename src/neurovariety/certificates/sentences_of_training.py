"""How statements about training are said: lists of critical points, least values, and what was sampled."""

from __future__ import annotations

from neurovariety.certificates.measured_phrases import Measured
from neurovariety.certificates.phrases import Number, Phrase

_POINT, _POINTS = "complex critical point", "complex critical points"
_MINIMUM, _MINIMA = "local minimum", "local minima"

_LANDSCAPE = {
    "complex": Phrase("complex critical points at smooth functions", Number("training has {n} at smooth functions", _POINT, _POINTS)),
    "real": Phrase("how many are real", Number("{n} of them real"), joined=True),
    "minima": Phrase("local minima of real networks", Number("{n} of real networks", _MINIMUM, _MINIMA), joined=True),
    "at_subnetworks": Phrase("critical points at smaller networks", Number("{n} at smaller networks", _POINT, _POINTS), joined=True),
    "at_limits": Phrase("critical points at limits of networks", Number("{n} at limits of networks", _POINT, _POINTS), joined=True),
    "least_loss": Phrase(
        "the least loss",
        Measured(
            "the least loss of networks is {n}",
            "the best network found has a loss of {n}, and no network has less",
            "the best network found has a loss of {n}",
        ),
    ),
}

TRAINING = {f"landscape: {key}": phrase for key, phrase in _LANDSCAPE.items()}
"""By kind how it is said; `certificates.sentences` has the others."""
