"""The base of results that list critical points: counts have to be the same again, the least value up to rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Self

from neurovariety.certificates.sentences import Gloss
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import VerificationError
from neurovariety.geometry.strata.rank_drops import RANK_DROP, rank_drop
from neurovariety.model import Model


@dataclass(frozen=True, repr=False)
class ListedResult(EntryResult):
    """A result whose ``value`` has counts, and a least value under the key ``least``, the ``same`` up to this part of it."""

    least: ClassVar[str] = "least"
    same: ClassVar[float] = 1e-9
    points: tuple[Any, ...] = field(default=(), compare=False)

    @classmethod
    def read_point(cls, data: Any) -> Any:
        """A point of ``points``, of what stands of it in the evidence."""
        raise NotImplementedError

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        found = super().from_dict(data)
        return replace(found, points=tuple(map(cls.read_point, found.evidence.get("points", ()))))

    def _repeated(self, seed: int | None) -> Self:
        """Find everything again under another seed. Raises `VerificationError` where a count differs, or the least value."""
        again = self._again(seed)
        ours, theirs = dict(self.value), dict(again.value)
        a, b = ours.pop(self.least), theirs.pop(self.least)
        if ours != theirs or (a is None) != (b is None) or (a is not None and abs(a - b) > self.same * max(abs(a), 1.0)):
            raise VerificationError(f"{self.entry} of {self.subject}: recorded {self.shown()}, recomputed {again.shown()}")
        return again


def beside_minima(model: Model, smaller: bool) -> tuple[Gloss, ...]:
    """That minima at smooth functions are not all, where points at smaller networks are listed (``smaller``).

    In linear networks no weights of less than full rank are a local minimum unless they are a global one (Trager, Kohn, Bruna 2020).
    """
    if not smaller or rank_drop(model) == RANK_DROP["linear"]:
        return ()
    return (Gloss("weights of smaller networks can be local minima too", {}),)
