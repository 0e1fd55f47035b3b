"""Sums of chosen rows of a table of whole numbers, for many choices at once: by digits, which float64 adds without an error.

A number is the sum of its digits d_i times 2^(b i), smaller than 2^b in size; all but the last, which has the sign of the number, are
not negative. Where 2^b times the number of rows is at most 2^53, each sum of digits is a whole number that float64 holds, and so is
each sum on the way, in whatever order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_EXACT = 53
"""Bits of whole numbers that float64 holds."""


def table_of(rays: Sequence[Sequence[int]] | np.ndarray, width: int) -> np.ndarray:
    """Rays as a table (rays, coordinates) of whole numbers of any size."""
    if isinstance(rays, np.ndarray):
        return rays.astype(object, copy=False)
    table = np.empty((len(rays), width), dtype=object)
    if len(rays):
        table[:] = [list(r) for r in rays]
    return table


class DigitRows:
    """A table (rows, columns) of whole numbers of any size, as an array of objects."""

    def __init__(self, table: np.ndarray) -> None:
        rows, self._columns = table.shape
        width = (_EXACT - rows.bit_length()) // 8  # bytes of a digit
        self._bits = 8 * width
        numbers = table.reshape(-1).tolist()
        count = max((v.bit_length() for v in numbers), default=0) // self._bits + 1
        text = b"".join([v.to_bytes(count * width, "little", signed=True) for v in numbers])
        parts = np.frombuffer(text, dtype=np.uint8).reshape(rows, self._columns, count, width).astype(np.float64)
        digits = parts @ 256.0 ** np.arange(width)
        last = digits[:, :, -1]
        last[last >= 2.0 ** (self._bits - 1)] -= 2.0**self._bits
        self._table = np.ascontiguousarray(np.moveaxis(digits, 2, 1)).reshape(rows, -1)

    def sums(self, chosen: np.ndarray) -> np.ndarray:
        """(choices, columns) whole numbers: for each row of ``chosen`` (choices, rows), of true and false, the sum of those rows."""
        made = (chosen.astype(np.float64) @ self._table).astype(np.int64).reshape(len(chosen), -1, self._columns)
        total = made[:, -1].astype(object)
        for digit in range(made.shape[1] - 2, -1, -1):
            total = total * (1 << self._bits) + made[:, digit]
        return total
