"""The base of the entries' results: a result that can recompute itself."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

from neurovariety.architectures import as_model
from neurovariety.claim import Claim
from neurovariety.dictionary.registry import find
from neurovariety.errors import VerificationError
from neurovariety.model import Model
from neurovariety.result import Result, plain


@dataclass(frozen=True, repr=False)
class EntryResult(Result):
    """A result of an entry of the registry, with the model analysed where it is at hand.

    A result read back from JSON has no model; it finds it again by its notation.
    """

    model: Model | None = field(default=None, repr=False, compare=False)

    def _again(self, seed: int | None, **options: Any) -> Self:
        """The entry's function on the same model, untouched by earlier work, under another seed."""
        entry = find(self.entry)
        assert entry is not None
        model = as_model(self.model if self.model is not None else self.subject)
        other = self.provenance.seed + 1_000_003 if seed is None else seed
        found: Self = entry.load()(replace(model), seed=other, **options)
        return found

    def verify(self, *, seed: int | None = None) -> Self:
        """Recompute everything from scratch under another seed and hold it against this result.

        Returns the new result. Raises `VerificationError` where the values differ, or where this one was proved and the new one
        is not.
        """
        again = self._again(seed, **self._options())
        weaker = self.claim is Claim.PROVED and again.claim is not Claim.PROVED
        if plain(again.value) != plain(self.value) or weaker:
            raise VerificationError(
                f"{self.entry} of {self.subject}: recorded {self.shown()} ({self.claim}), recomputed {again.shown()} ({again.claim})"
            )
        return again

    def _options(self) -> dict[str, Any]:
        """The options of the entry's function that this result depends on."""
        return {}
