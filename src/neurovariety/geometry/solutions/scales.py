"""Units of weights and outputs in which the coefficients of a model lie as near together as they can.

The outputs are sums of terms c w^e x^k. In weights w_i = 2^(s_i) v_i, and outputs o divided by 2^(t_o), a coefficient c becomes
c 2^(s.e - t_o). So a sum of v (1000 u^2) is the network without the 1000, and w + 2^28 w^6 + 2^-23 w^39 has coefficients near 1, in
other units. The exponents are those of least squares of the logarithms, rounded, so that doubles stay exact; how far apart the
coefficients are then is what no units take away, and what a test in doubles has to feel. Multinomial numbers belong to the coordinates,
and are scaled as these are (`chart_coordinates`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import factorial, prod
from typing import Final

import numpy as np

from neurovariety.errors import InputError, ResourceError
from neurovariety.geometry.ideal.coefficient_map import written_out
from neurovariety.geometry.solutions.least_degree import LARGEST_RANGE, coefficient_range
from neurovariety.model import Model, Slot

_MOST_ENTRIES = 2_000_000
"""Terms times weights and outputs for which least squares are asked: a second."""
_MOST_BITS = 200
"""Units beyond which monomials in weights would leave the range of doubles."""


@dataclass(frozen=True)
class Scales:
    """A weight is its unit times a number of usual size, an output is divided by its own; all are powers of two. ``apart``: the largest
    size of a coefficient in these units, or of 1, over the least."""

    weights: tuple[Fraction, ...]
    outputs: tuple[Fraction, ...]
    apart: float


def scales_of(model: Model) -> Scales:
    """The best units; those at hand where the coefficients are near enough together, or cannot be written out."""
    return model.kept.once(_SCALES, lambda: _best(model))


def too_far_apart(model: Model) -> str:
    """Why no trace test in doubles is trusted; empty where one is."""
    if scales_of(model).apart <= LARGEST_RANGE:
        return ""
    far = f"coefficients of {model.name} lie more than a factor {LARGEST_RANGE:g} apart in any units of weights and outputs"
    return f"{far}, above what a trace test in doubles feels"


_SCALES: Final = Slot[Scales]("units of weights and outputs")


def _best(model: Model) -> Scales:
    given = Scales((Fraction(1),) * model.parameters, (Fraction(1),) * model.outputs, coefficient_range(model))
    if given.apart <= LARGEST_RANGE:
        return given
    try:
        known = written_out(model)
    except (InputError, ResourceError):
        return given
    rows, logs = [], []
    for (output, monomial), f in zip(known.monomials, known.polynomials, strict=True):
        ways = np.log2(factorial(sum(monomial)) / prod(map(factorial, monomial))) / 2
        for e, c in f.to_dict().items():
            if any(e):  # what no weight changes is no coordinate
                rows.append([*map(int, e), *(-int(o == output) for o in range(model.outputs))])
                logs.append(_log(abs(int(c.p))) - _log(int(c.q)) - ways)
    if not rows or len(rows) * len(rows[0]) > _MOST_ENTRIES:
        return given
    matrix, right = np.array(rows, dtype=float), np.array(logs)
    found = np.rint(np.asarray(np.linalg.lstsq(matrix, -right, rcond=None)[0]))
    left = right + matrix @ found
    apart = float(2.0 ** min(max(left.max(), 0.0) - min(left.min(), 0.0), _MOST_BITS))
    if apart >= given.apart or np.abs(found).max() > _MOST_BITS:
        return given
    units = tuple(Fraction(2) ** int(s) for s in found.tolist())
    return Scales(units[: model.parameters], units[model.parameters :], apart)


def _log(n: int) -> float:
    """The binary logarithm of a positive integer of any size."""
    shift = max(n.bit_length() - 64, 0)
    return float(np.log2(float(n >> shift))) + shift
