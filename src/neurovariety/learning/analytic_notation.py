"""The notation of networks with an odd analytic activation: ``mlp(1,3,1; tanh)``."""

from __future__ import annotations

import re

from neurovariety.certificates.neurons_on_a_line import ODD, OddNetwork
from neurovariety.errors import InputError

_ANALYTIC = re.compile(rf"\s*mlp\(\s*([\d\s,]+);\s*({'|'.join(ODD)})\s*(;[^)]*)?\)\s*")


def analytic_network(text: str) -> OddNetwork | None:
    """The network of a notation with such an activation; None for another notation.

    Raises `InputError` for one of several hidden layers, or with biases."""
    read = _ANALYTIC.fullmatch(text)
    if read is None:
        return None
    widths = [int(w) for w in read[1].split(",") if w.strip()]
    if len(widths) != 3 or min(widths) < 1 or read[3]:
        raise InputError(
            f"with {read[2]} one hidden layer without biases is answered, such as mlp(1,3,1; {read[2]}), got {text.strip()}"
        )
    return OddNetwork((widths[0], widths[1], widths[2]), read[2])
