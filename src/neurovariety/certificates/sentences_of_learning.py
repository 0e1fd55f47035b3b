"""How statements on learning from samples are said, by their kind."""

from __future__ import annotations

from collections.abc import Sequence

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


SAID_OF_LEARNING: dict[str, Phrase] = {
    "interval of the learning coefficient": Phrase("its interval", _interval),
    "covering: at_most": Phrase("a bound of log N from above", _log_number, joined=True),
    "covering: at_least": Phrase("a bound of log N from below", _log_number),
    "sample-complexity: uniform": Phrase("samples that are enough for uniform statements", _enough),
    "sample-complexity: exact_fit": Phrase("samples that are enough for a fit without error", _fit),
}
"""By kind how it is said."""
