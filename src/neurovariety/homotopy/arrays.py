"""Names for the arrays of this room; their shapes stand in the docstrings of what takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from neurovariety.errors import InputError

Complexes = NDArray[np.complex128]
Reals = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]
Numbers = np.ndarray | Sequence[object]
"""What a caller may give for an array of complex numbers: also lists, of lists."""


def complexes(given: object, what: str, *axes: int) -> Complexes:
    """An array of complex numbers whose last axes have these sizes, in as many or one more dimensions.

    Raises `InputError`, which says ``what`` they are, for anything else.
    """
    sizes = " x ".join(map(str, axes))
    expected = f"{what} are complex numbers in the range of float64, {sizes} of them or rows of {sizes}"
    try:
        plain = np.asarray(given)
        found = np.array(given, dtype=np.complex128, order="C")
    except (TypeError, ValueError, OverflowError):
        found, plain = None, np.empty(0)
    if found is None or (plain.dtype.kind in "USOMm" and any(isinstance(v, str | bytes | type(None)) for v in plain.reshape(-1))):
        raise InputError(f"{expected}; got {_short(given)}")
    if found.shape[-len(axes) :] != axes and not (found.size == 0 and 0 in axes):
        raise InputError(f"{expected}; got an array of shape {found.shape}")
    return found


def _short(given: object) -> str:
    text = repr(given)
    return text if len(text) <= 60 else text[:57] + "..."
