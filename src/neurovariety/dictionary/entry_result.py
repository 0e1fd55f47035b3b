"""The base of the entries' results: a result that can check its certificates, and repeat its computation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

import numpy as np

from neurovariety.claim import Claim
from neurovariety.dictionary.held_result import held
from neurovariety.dictionary.registry import find
from neurovariety.dictionary.stored_tables import table_read_back, written_table
from neurovariety.errors import InputError, VerificationError
from neurovariety.model import Model
from neurovariety.pictures import picture_in_html, picture_of_result
from neurovariety.randomness import generator
from neurovariety.result import Result, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from neurovariety.certificates.issue import Verdict
    from neurovariety.certificates.recheck import Recheck
    from neurovariety.oracles import Agreement

Facts = Mapping[str, object]
"""Facts as plain data: a theorem, a bound with its reason, a trial."""


@dataclass(frozen=True, repr=False)
class EntryResult(Result):
    """A result of an entry of the registry, with the model analysed where it is at hand, and the options with which it was asked.

    An entry's function fills in value, claim, meaning, evidence, notices and what is its own; in ``options`` it says what it settled of
    those left open (a target that it drew, say). The rest the runner adds.

    A result read back from JSON has no model; it finds it again by its notation. Its ``options`` lack those that are not written to
    JSON: tables of data are only where certificates are.
    """

    left_behind: ClassVar[tuple[str, ...]] = ("model", "task", "problem")
    model: Model | None = field(default=None, repr=False, compare=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    def to_dict(self, *, certificates: bool = False) -> dict[str, Any]:
        found = super().to_dict(certificates=certificates)
        entry = find(self.entry)
        if entry is not None and self.options:
            tables = {n: v for n, v in self.options.items() if v is not None and entry.declares[n].is_table}
            kept = {n: v for n, v in self.options.items() if v is None or (_is_short(v) and n not in tables)}
            written = {n: str(v) if isinstance(v, Path) else plain(v) for n, v in kept.items()}
            if certificates:
                rows = {n: written_table(v, entry.declares[n].has_targets) for n, v in tables.items()}
                written |= {n: v for n, v in rows.items() if v is not None}
            found["evidence"] |= {"options": written} if written else {}
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        found = super().from_dict(data)
        evidence = dict(found.evidence)
        options = evidence.pop("options", {})
        return replace(found, options={n: table_read_back(v) for n, v in options.items()}, evidence=evidence)

    def plot(self) -> Figure:
        entry = find(self.entry)
        drawn = picture_of_result(entry.figure, self) if entry is not None else None
        return super().plot() if drawn is None else drawn

    def _drawn(self) -> str:
        entry = find(self.entry)
        return picture_in_html(entry.figure, self, themed=False) if entry is not None else ""

    def _repeatable(self) -> object:
        """What of the value has to be the same under every seed, as plain data."""
        return plain(self.value)

    def _again(self, seed: int | None) -> Self:
        """What the entry's function says of the same question and model, untouched by earlier work, under another seed.

        Raises `InputError` where part of the question was not written to JSON.
        """
        entry = find(self.entry)
        assert entry is not None
        for asked in entry.declares.asked:
            if asked.name not in self.options:
                what = "data" if asked.option is None or asked.is_table else asked.name
                raise InputError(
                    f"{_with_article(self.entry)} read back from JSON does not hold the {what}; call {entry.function}() on them again"
                )
        source = self.subject if self.model is None else replace(self.model)
        other = self.provenance.seed + 1_000_003 if seed is None else seed
        found: Self = entry.load()(source, seed=other, **self.options)
        return found

    def _stored(self, on: Sequence[Verdict]) -> Any:
        from neurovariety.geometry.solutions.stored_subjects import stored_form

        return stored_form(on)

    def verify(self) -> Recheck:
        """Check the certificates anew, from the JSON of this result alone; see `neurovariety.result.Result.verify`.

        Where the model is at hand, or its notation can be read, the exact data in the certificates are held against its program at
        random points modulo two primes. Raises `VerificationError` as there, and where they are another model's.
        """
        return held(super().verify(), self.model, generator(self.provenance.seed, "dictionary.entry_result"))

    def _repeated(self, seed: int | None) -> Self:
        """The same question under another seed, held against this answer."""
        again = self._again(seed)
        weaker = self.claim is Claim.PROVED and again.claim is not Claim.PROVED
        if again._repeatable() != self._repeatable() or weaker:
            raise VerificationError(
                f"{self.entry} of {self.subject}: recorded {self.shown()} ({self.claim}), recomputed {again.shown()} ({again.claim})"
            )
        return again

    @overload
    def rerun(self, *, seed: int | None = None, oracle: None = None, time_limit: float = 120.0) -> Self: ...
    @overload
    def rerun(self, *, seed: int | None = None, oracle: str, time_limit: float = 120.0) -> Agreement: ...
    def rerun(self, *, seed: int | None = None, oracle: str | None = None, time_limit: float = 120.0) -> Self | Agreement:
        """Find the number once more: by the same method under another seed, or by another method in another program.

        Without ``oracle`` everything is recomputed from scratch under another seed and held against this result: a repetition, with the
        mistakes of its method. The new result comes back. With "msolve", "macaulay2" or "singular" that program counts zeros of the
        question's equations on a chart of the weights, modulo a random prime and with random integers for everything general, at most
        ``time_limit`` seconds for one system. Degrees, ED degrees, ML degrees of coefficients and points of generic fibers can be
        asked; what comes back says what was compared. An agreement is evidence and no proof: primes and integers are general with
        high probability only. What both counts share is the expansion of the model into coefficients, and the dimension, which is held
        against the rank of the Jacobian mod another prime.

        Raises `VerificationError` where the values differ, or where this one was proved and the new one is not; `InputError` for a
        result read back from JSON that depends on data, for an unknown oracle, for an entry whose
        question is not written for other programs, and for a result without a number; `OracleError` where the program is not installed,
        fails, or takes too long.

        Source of the method: Draisma et al. 2016 (the critical equations); Rabinowitsch 1930 (leaving out zeros of a minor).
        """
        if oracle is None:
            return self._repeated(seed)
        from neurovariety.oracles import compare

        other = self.provenance.seed + 1_000_003 if seed is None else seed
        return compare(self, self.model, self.options, oracle, other, time_limit)


def _is_short(value: object) -> bool:
    """Whether a value is written to JSON and read back as an option that means the same."""
    if isinstance(value, list | tuple | np.ndarray):
        return all(_is_short(v) for v in value)
    return isinstance(value, str | int | float | Fraction | Path | np.generic)


def _with_article(name: str) -> str:
    return f"{'an' if name[0] in 'aeio' else 'a'} {name}"
