"""The base of results that list critical points: counts have to be the same again, the least value up to rounding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import VerificationError


@dataclass(frozen=True, repr=False)
class ListedResult(EntryResult):
    """A result whose ``value`` has counts, and a least value under the key ``least``, the ``same`` up to this part of it."""

    least: ClassVar[str] = "least"
    same: ClassVar[float] = 1e-9

    def _repeated(self, seed: int | None) -> Self:
        """Find everything again under another seed. Raises `VerificationError` where a count differs, or the least value."""
        again = self._again(seed)
        ours, theirs = dict(self.value), dict(again.value)
        a, b = ours.pop(self.least), theirs.pop(self.least)
        if ours != theirs or (a is None) != (b is None) or (a is not None and abs(a - b) > self.same * max(abs(a), 1.0)):
            raise VerificationError(f"{self.entry} of {self.subject}: recorded {self.shown()}, recomputed {again.shown()}")
        return again
