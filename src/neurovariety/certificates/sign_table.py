"""Tables of signs, two bits each: of forms at rays, or on cells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_AT_ONCE = 2**13
"""Rows that are written out together."""


@dataclass(frozen=True, eq=False)
class SignTable:
    """-1, 0 and 1 in ``columns`` columns: where they are positive, and where negative, as bits of bytes.

    ``table[row]`` and ``table[rows]``, for a slice or a list of rows, are arrays of int8; iteration gives row after row.
    """

    positive: np.ndarray
    negative: np.ndarray
    columns: int

    @classmethod
    def of(cls, signs: np.ndarray) -> SignTable:
        """The table of an array."""
        return cls(np.packbits(signs > 0, axis=1), np.packbits(signs < 0, axis=1), signs.shape[1])

    @classmethod
    def stacked(cls, parts: Sequence[SignTable], columns: int) -> SignTable:
        """The rows of some tables, one after another."""
        none = np.zeros((0, -(-columns // 8)), dtype=np.uint8)
        return cls(np.concatenate([none, *(p.positive for p in parts)]), np.concatenate([none, *(p.negative for p in parts)]), columns)

    def __len__(self) -> int:
        return len(self.positive)

    def __getitem__(self, rows: Any) -> np.ndarray:
        up, down = (np.unpackbits(bits[rows], axis=-1, count=self.columns).view(np.int8) for bits in (self.positive, self.negative))
        return up - down

    def __iter__(self) -> Iterator[np.ndarray]:
        for start in range(0, len(self), _AT_ONCE):
            yield from self[start : start + _AT_ONCE]

    def is_nonzero(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Whether the entries at some places are not 0."""
        if not self.columns:
            return np.zeros(len(rows), dtype=bool)
        byte, bit = columns >> 3, (7 - (columns & 7)).astype(np.uint8)
        return ((self.positive[rows, byte] | self.negative[rows, byte]) >> bit & 1).astype(bool)

    def zeros(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows and columns of all entries that are 0, row by row."""
        rows, columns = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for start in range(0, len(self), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            zero = np.unpackbits(~(self.positive[some] | self.negative[some]), axis=1, count=self.columns)
            row, column = np.divmod(np.flatnonzero(zero.view(bool)), max(self.columns, 1))
            rows.append(row + start)
            columns.append(column)
        return np.concatenate(rows), np.concatenate(columns)

    def on_groups(self, starts: np.ndarray, members: np.ndarray) -> tuple[SignTable, bool]:
        """For each group ``members[starts[g] : starts[g + 1]]`` of rows, which is not empty, the sign of each column where it has one,
        and 0 where all are 0; and whether some column has both signs on some group."""
        parts, both = [], False
        for lo in range(0, len(starts) - 1, _AT_ONCE):
            hi = min(lo + _AT_ONCE, len(starts) - 1)
            rows = members[starts[lo] : starts[hi]]
            at = starts[lo:hi] - starts[lo]
            up, down = (np.bitwise_or.reduceat(bits[rows], at, axis=0) for bits in (self.positive, self.negative))
            both = both or bool(np.any(up & down))
            parts.append(SignTable(up, down, self.columns))
        return SignTable.stacked(parts, self.columns), both

    def rows_differ(self) -> bool:
        """Whether no two rows are the same."""
        if not self.columns:
            return len(self) < 2
        both = np.concatenate([self.positive, self.negative], axis=1)
        return len(set(both.view(f"V{both.shape[1]}")[:, 0].tolist())) == len(self)
