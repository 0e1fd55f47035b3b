"""Where the regions of a network are counted: a box, or all inputs, by way of as many coordinates as its units tell apart.

What the units do not see is left out: if the forms in which they read the inputs have rank r, and those of r coordinates among them
too, then every input has the same values at all units as one that lives in these coordinates alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.digit_sums import table_of
from neurovariety.certificates.network_nodes import rational
from neurovariety.certificates.piecewise_forms import PiecewiseForms
from neurovariety.certificates.zeros import NotShown


@dataclass(frozen=True)
class CellDomain:
    """``columns`` are the coordinates that are kept, of all inputs; ``low`` and ``high`` the ends of a box, which keeps all, or ()."""

    columns: tuple[int, ...]
    low: tuple[Fraction, ...] = ()
    high: tuple[Fraction, ...] = ()

    def of(self, whole: PiecewiseForms) -> PiecewiseForms:
        """The network there. Raises `NotShown` where coordinates are left out that some unit sees, or a box is none."""
        if self.is_box:
            if self.columns != tuple(range(whole.inputs)) or not len(self.low) == len(self.high) == whole.inputs:
                raise NotShown("a box of the inputs is expected")
            if not all(a < b for a, b in zip(self.low, self.high, strict=True)):
                raise NotShown("a box has an interior")
            return whole
        rows = whole.input_rows()
        kept = [
            [r[c] for c in self.columns] for r in rows if len(r) > max(self.columns, default=-1) >= min(self.columns, default=0) - 1
        ]
        if list(self.columns) != sorted(set(self.columns)) or len(kept) < len(rows) or min(self.columns, default=0) < 0:
            raise NotShown("coordinates of the inputs are expected")
        if not rank(rows) == rank(kept) == len(self.columns):
            raise NotShown("the coordinates are not those by which units tell inputs apart")
        return whole.restricted(self.columns)

    @property
    def is_box(self) -> bool:
        """Whether regions are those of a box."""
        return bool(self.low or self.high)

    def faces(self, given: Sequence[Sequence[int]] | np.ndarray) -> np.ndarray:
        """(rays, faces) -1, 0 or 1: the signs of t, and of the distances to the sides of a box, at rays that are given."""
        rays = table_of(given, 1 + len(self.columns))
        signs = [_signs(rays[:, 0])]
        for ends, side in ((self.low, 1), (self.high, -1)):
            for k, end in enumerate(ends, 1):
                signs.append(side * _signs(rays[:, k] * end.denominator - end.numerator * rays[:, 0]))
        return np.array(signs, dtype=np.int8).T.reshape(len(rays), -1)

    @property
    def words(self) -> tuple[str, ...]:
        """What a statement is limited to."""
        if not self.is_box:
            return ()
        sides = ", ".join(f"{a} to {b}" for a, b in zip(self.low, self.high, strict=True))
        return (f"for inputs in the box {sides}",)


def _signs(values: Any) -> np.ndarray:
    return np.asarray((values > 0).astype(np.int8) - (values < 0).astype(np.int8))


def rank(rows: Sequence[Sequence[Fraction]]) -> int:
    """The rank of a matrix of rational numbers."""
    if not rows or not rows[0]:
        return 0
    return int(flint.fmpq_mat([[rational(v) for v in r] for r in rows]).rank())
