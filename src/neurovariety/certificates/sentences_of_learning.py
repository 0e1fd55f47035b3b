"""How statements on learning from samples are said, by their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from neurovariety.certificates.phrases import Phrase, amount
from neurovariety.claim import Claim


def _log_number(value: float, claim: Claim) -> str:
    return f"log N is {amount(f'{value:,.3f}', claim)} (natural logarithm)"


def _enough(value: int, claim: Claim) -> str:
    return f"{value:,} independent sample{'s are' if value != 1 else ' is'} enough"


def _fit(value: int, claim: Claim) -> str:
    return f"{value:,} independent sample{'s are' if value != 1 else ' is'} enough for a fit without error"


def _interval(value: Sequence[float], claim: Claim) -> str:
    return f"a sampler places it from {value[0]:g} to {value[1]:g}, by the spread of its chains and the form of its fit"


_FEW = 4
"""Smaller networks that are named in a sentence."""


def _smaller(value: Sequence[Mapping[str, Any]], claim: Claim) -> str:
    more = f", and {len(value) - _FEW} more are listed" if len(value) > _FEW else ""
    return f"it is {', '.join(_of_smaller(row, claim) for row in value[:_FEW])}{more}"


_MOST_WEIGHTS = 12
"""Weights that are written out in a sentence."""


def _of_smaller(row: Mapping[str, Any], claim: Claim) -> str:
    name = "the zero function" if row["network"] == "zero" else row["network"]
    exact = row["learning_coefficient"]
    number = amount(exact, claim) if exact is not None else amount(row["at_most"], Claim.UPPER_BOUND)
    if row["at"] is None:
        return f"{number} for {name}"
    name = "a constant" if name == "constants" else f"a function of {name}"
    if len(row["at"]) > _MOST_WEIGHTS:
        return f"{number} at one point of the weights that give {name}"
    return f"{number} at the weights ({', '.join(map(str, row['at']))}), which give {name}"


SAID_OF_LEARNING: dict[str, Phrase] = {
    "interval of the learning coefficient": Phrase("its interval", _interval),
    "learning-coefficient: smaller_networks": Phrase("coefficients of smaller networks", _smaller),
    "covering: at_most": Phrase("a bound of log N from above", _log_number, joined=True),
    "covering: at_least": Phrase("a bound of log N from below", _log_number),
    "sample-complexity: uniform": Phrase("samples that are enough for uniform statements", _enough),
    "sample-complexity: exact_fit": Phrase("samples that are enough for a fit without error", _fit),
}
"""By kind how it is said."""
