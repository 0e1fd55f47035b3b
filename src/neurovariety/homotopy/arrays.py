"""Names for the arrays of this room; their shapes stand in the docstrings of what takes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Complexes = NDArray[np.complex128]
Reals = NDArray[np.float64]
Integers = NDArray[np.int64]
Truths = NDArray[np.bool_]
Numbers = np.ndarray | Sequence[object]
"""What a caller may give for an array of complex numbers: also lists, of lists."""
