"""Sums of chosen rows of a table of whole numbers, for many choices at once: by digits, which float64 adds without an error.

A number is the sum of its digits d_i times 2^(b i), all of its sign and smaller than 2^b in size. Where 2^b times the number of rows is
at most 2^53, each sum of digits is a whole number that float64 holds, and so is each sum on the way, in whatever order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_EXACT = 53
"""Bits of whole numbers that float64 holds."""


class DigitRows:
    """A table (rows, columns) of whole numbers of any size, as an array of objects."""

    def __init__(self, table: np.ndarray) -> None:
        self._columns = table.shape[1]
        self._bits = _EXACT - len(table).bit_length()
        sizes: Any = abs(table)
        signs = np.where(table < 0, -1.0, 1.0)
        longest = max((v.bit_length() for v in sizes.reshape(-1).tolist()), default=0)
        mask = (1 << self._bits) - 1
        digits = [(sizes >> shift & mask).astype(np.float64) * signs for shift in range(0, max(longest, 1), self._bits)]
        self._table = np.concatenate(digits, axis=1)

    def sums(self, chosen: np.ndarray) -> np.ndarray:
        """(choices, columns) whole numbers: for each row of ``chosen`` (choices, rows), of true and false, the sum of those rows."""
        made = (chosen.astype(np.float64) @ self._table).astype(np.int64).reshape(len(chosen), -1, self._columns)
        total = made[:, -1].astype(object)
        for digit in range(made.shape[1] - 2, -1, -1):
            total = total * (1 << self._bits) + made[:, digit]
        return total
