"""The rank mod p of rows that come a block at a time: half of a square of numbers is kept, in single precision where p is small.

A block is reduced by the rows that are kept of those before it. Of what is left, the first columns with as many pivots as there are
rows say which combinations of the rows are in echelon form, so that nearly all work is products of blocks. Columns are exchanged so
that the pivots of each block come next; entries left of them are 0 and are not stored.

Residues mod p < 512 fit float32: products of two of them can be added up, exactly, 200 times and more below 2**24, and BLAS takes half
the time. They are kept almost centred, of absolute value at most 0.55 p: one rounding of a quotient does that.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float

from neurovariety.errors import DataError
from neurovariety.linear_algebra.elimination import echelon
from neurovariety.linear_algebra.modular_product import reduce_mod
from neurovariety.linear_algebra.primes import prime_below

SINGLE_BELOW = 512
"""Primes below this have residues whose products are added up in float32."""
_BLOCK = 512
"""Rows that are taken at a time, at most."""
_WINDOW = 64
"""Columns beyond the number of rows among which pivots are looked for: enough where columns are general."""
_TILE = 512
"""Columns of a product at a time: with a block of rows they stay in the cache between the product and its reduction."""
_SPREAD = 0.55
"""An almost centred residue is at most this times p: half of p, and what the rounding of a quotient may add."""
_QUOTIENT = 64
"""Quotients by p are at most this part of the integers that are exact, so that they are off by at most 1/32 before they are rounded."""


class RowSpace:
    """The span over F_p of rows with so many ``columns``; ``p`` is a prime below 2**24.

    Raises `InputError` for a p that is no such prime.
    """

    def __init__(self, columns: int, p: int) -> None:
        self.p = prime_below(p, 24)
        self.columns = columns
        self.rank = 0
        self.dtype = np.dtype(np.float32 if p < SINGLE_BELOW else np.float64)
        exact, largest = 2**24 if p < SINGLE_BELOW else 2**53, int(_SPREAD * p) + 1
        # Before the products there is a residue, and the multiple of p that is taken off afterwards may be larger by another.
        self._length = (min(exact, p * exact // _QUOTIENT) - 1 - 2 * largest) // largest**2
        self._order = np.arange(columns)
        self._kept: list[tuple[int, np.ndarray]] = []
        """(first column, rows right of their own pivots), in the order of columns that the pivots asked for."""

    def add(self, rows: Float[np.ndarray, "rows columns"]) -> int:
        """Add rows of integers in float64; by how much the rank grows.

        What is proved: the rank is that mod p, and for integer rows a lower bound of that over Q. Raises `DataError` for rows of
        another length or with fractions, `ExactnessError` for entries that float64 may have rounded.
        """
        if rows.ndim != 2 or rows.shape[1] != self.columns:
            raise DataError(f"rows of length {self.columns} are added, not the shape {rows.shape}")
        before = self.rank
        for start in range(0, len(rows), _BLOCK):
            if self.rank == self.columns:
                break
            block = reduce_mod(rows[start : start + _BLOCK], self.p).astype(self.dtype)[:, self._order]
            for first, kept in self._kept:
                after = first + len(kept)
                block[:, after:] = self._product(block[:, first:after], kept, block[:, after:])
            self._keep(block[:, self.rank :])
        return self.rank - before

    def _keep(self, left: np.ndarray) -> None:
        """Keep the echelon form of reduced rows, which have the columns after the pivots."""
        width = len(left) + _WINDOW
        while len(left) and np.any(left):
            rows, columns = left.shape
            width = min(columns, width)
            form = echelon(np.hstack([left[:, :width].astype(np.float64), np.eye(rows)]), self.p, overwrite=True)
            pivots = form.pivot_columns[form.pivot_columns < width]
            count = len(pivots)
            combined = form.reduced()[:, width:].astype(self.dtype)
            left = left[:, self._exchanged(pivots, width, columns)]
            if count:
                self._kept.append((self.rank, self._product(-combined[:count], left[:, count:])))
                self.rank += count
            left = self._product(-combined[count:], left[:, count:])
            width *= 2

    def _exchanged(self, pivots: np.ndarray, width: int, total: int) -> np.ndarray:
        """The new order of the columns after the pivots: first those of the new pivots, last what the window has besides."""
        others = np.setdiff1d(np.arange(width), pivots)
        new = np.arange(total)
        new[:width] = np.concatenate([pivots, others])
        last = min(len(others), total - width)  # so many of the others change places with the last columns
        new[width - last : width], new[total - last :] = new[total - last :].copy(), new[width - last : width].copy()
        moved = np.flatnonzero(new != np.arange(total))
        at = self._order[self.rank :]
        at[moved] = at[new[moved]]
        for first, kept in self._kept:
            after = kept[:, self.rank - first - len(kept) :]
            after[:, moved] = after[:, new[moved]]
        return new

    def _product(self, left: np.ndarray, right: np.ndarray, start: np.ndarray | None = None) -> np.ndarray:
        """start - left @ right, as almost centred residues; without a start, 0 stands for it."""
        out = np.empty((len(left), right.shape[1]), dtype=self.dtype)
        pieces = max(1, -(-len(right) // self._length))
        cuts = [len(right) * i // pieces for i in range(pieces + 1)]
        parts = [(np.ascontiguousarray(left[:, a:b]), right[a:b]) for a, b in pairwise(cuts)]
        for at in range(0, right.shape[1], _TILE):
            width = min(_TILE, right.shape[1] - at)
            made, tile = np.empty((2, len(left), width), dtype=self.dtype)
            tile[...] = 0 if start is None else start[:, at : at + width]
            for own, other in parts:
                np.matmul(own, other[:, at : at + width], out=made)
                tile -= made
                self._reduced(tile, made)
            out[:, at : at + width] = tile
        return out

    def _reduced(self, values: np.ndarray, quotient: np.ndarray) -> np.ndarray:
        """Almost centred residues, in place, of numbers at most 2**24 or 2**53 in absolute value; ``quotient`` is room for as many."""
        np.multiply(values, self.dtype.type(1 / self.p), out=quotient)
        np.rint(quotient, out=quotient)
        quotient *= self.dtype.type(self.p)
        values -= quotient
        return values
