"""The base of every result: value, claim, evidence, provenance, meaning."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from fractions import Fraction
from math import isfinite
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from neurovariety._version import __version__
from neurovariety.certificates.issue import ForEach, Forged, Verdict, recorded
from neurovariety.certificates.sentences import Gloss, told
from neurovariety.certificates.statement import Statement
from neurovariety.citations import bibtex, cite
from neurovariety.claim import Claim
from neurovariety.errors import InputError, VerificationError
from neurovariety.notebook import card

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

    from neurovariety.certificates.recheck import Recheck

SCHEMA = 3
"""Version of the dictionary form; `Result.from_dict` reads this one, the second, which had no certificates, and the first, which had
one claim for all of a value."""

_SUPPORT = ("trials", "theorems", "steps", "stages", "reasons")
"""Lists of what a result rests on, which are given where they are asked for by name."""

WHOLE = "value"
"""The key of the claim of a value that has no keys."""


@dataclass(frozen=True)
class Provenance:
    """Where a result comes from: library version, seed, wall seconds."""

    version: str
    seed: int
    seconds: float

    @classmethod
    def since(cls, start: float, seed: int) -> Provenance:
        """Provenance of work that began at ``start`` (a value of ``time.perf_counter()``)."""
        return cls(__version__, seed, round(time.perf_counter() - start, 6))


@dataclass(frozen=True)
class Result:
    """What an entry of the dictionary returns.

    ``value`` is exact where it is exact. ``claims`` holds for each key of the value (`WHOLE` where it has none) the `Verdict` that says
    how far that part may be trusted and on which certificate it rests; ``claim`` is the weakest of the ``headline`` keys (all where
    none are named) that say something. ``evidence`` says why, as plain data. ``meaning`` says what the claims say (of the ``spoken``
    keys, the headline, or all), by one grammar (`certificates.sentences`), and what that means for learning, as far as the
    ``glosses`` hold; it cannot be given. ``subject`` is the architecture's notation. ``verify()`` checks the certificates; results of
    the dictionary's entries add ``rerun()`` (`dictionary.entry_result`).

    Raises `Forged` where a key has no verdict, or one that speaks of another value, and where ``words`` stand beside a verdict that was
    not read back with them.
    """

    entry: ClassVar[str] = ""
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025",)
    headline: ClassVar[tuple[str, ...]] = ()
    spoken: ClassVar[tuple[str, ...]] = ()
    left_behind: ClassVar[tuple[str, ...]] = ()
    """Fields that a pickle does not hold: programs and what is made of them."""

    value: Any
    claims: Mapping[str, Verdict] | ForEach = field(repr=False, compare=False)
    subject: str = field(default="", kw_only=True)
    evidence: Mapping[str, Any]
    provenance: Provenance = field(default=Provenance(__version__, 0, 0.0), kw_only=True)
    notices: tuple[str, ...] = field(default=())
    meaning: str = field(default="", init=False)
    glosses: tuple[Gloss, ...] = field(default=(), kw_only=True, repr=False, compare=False)
    also: Mapping[str, Verdict] = field(default_factory=dict, kw_only=True, repr=False, compare=False)
    """Verdicts of what is no part of the value, to be spoken of as well, or for glosses that need them."""
    kept: Mapping[str, Any] | None = field(default=None, kw_only=True, repr=False, compare=False)
    """The certificates that were read back from JSON, as they were written."""
    words: str = field(default="", kw_only=True, repr=False, compare=False)
    """The meaning that was read back from JSON, which holds no glosses."""

    def __post_init__(self) -> None:
        parts = self.value if isinstance(self.value, Mapping) else {WHOLE: self.value}
        given = self.claims if isinstance(self.claims, Mapping) else {key: self.claims(key, part) for key, part in parts.items()}
        if given.keys() != parts.keys():
            raise Forged(f"{self.entry}: a verdict for each key of the value is expected, {sorted(given)} are given")
        for key, part in parts.items():
            verdict = given[key]
            said = verdict.statement.value if isinstance(verdict, Verdict) else None
            if not isinstance(verdict, Verdict) or (said is not part and plain(said) != plain(part)):
                raise Forged(f"{self.entry}: the verdict of {key!r} does not speak of the value {in_one_line(part)}")
        object.__setattr__(self, "claims", given)
        if self.words and any(v.checked for v in given.values()):
            raise Forged(f"{self.entry}: what a value means is said by its claims and glosses, and in no other way")
        object.__setattr__(self, "meaning", self.words or self.told())

    def told(self) -> str:
        """What the claims say, sentence by sentence, and the glosses that they reach."""
        known = {**self.also, **self.verdicts}
        keys = [k for k in self.speaks() if k in known]
        return told(known, [*keys, *self._weakening(known[k].claim for k in keys)], self.glosses)

    def _weakening(self, said: Iterable[Claim]) -> Iterable[str]:
        """Where nothing that is said is claimed as little as the result, the first key of those that weaken it."""
        claim = self.claim
        if claim in (Claim.PROVED, Claim.UNDECIDED, *said):
            return ()
        return next(((key,) for key in self._saying() if self.verdicts[key].claim is claim), ())

    def speaks(self) -> Iterable[str]:
        """The keys whose sentences are told."""
        return self.spoken or self.headline or self.verdicts

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """``claims``, for readers who want its type."""
        assert isinstance(self.claims, Mapping)
        return self.claims

    @property
    def claim(self) -> Claim:
        """How far the value may be trusted: the weakest claim of its headline keys. A key without a value claims nothing."""
        return Claim.weakest(self.verdicts[key].claim for key in self._saying())

    def _saying(self) -> Sequence[str]:
        """The keys of the headline that say something, or all where none does."""
        known = self.verdicts
        chosen = [key for key in self.headline if key in known] or list(known)
        return [key for key in chosen if known[key].statement.value not in (None, str(Claim.UNDECIDED), {})] or chosen

    def cite(self) -> str:
        """The sources of the definition and of the theorems used, one a line."""
        return cite(*self.sources_used())

    def bibtex(self) -> str:
        """The same sources as BibTeX."""
        return bibtex(*self.sources_used())

    def sources_used(self) -> tuple[str, ...]:
        """The keys of these sources, each once."""
        used = (t["source"] for t in self.evidence.get("theorems", ()) if "source" in t)
        return tuple(dict.fromkeys((*self.sources, *used)))

    def __repr__(self) -> str:
        return f"{self.entry}({self.subject}) = {self.shown()} [{self.claim}, seed {self.provenance.seed}]"

    def shown(self) -> str:
        """The value in one short line; parts that are claimed less than the whole say so."""
        if isinstance(self.value, Mapping):
            return ", ".join(f"{k} {self.part(k, v)}" for k, v in self.value.items())
        return in_one_line(self.value)

    def part(self, key: str, value: Any) -> str:
        """A part of the value in one line, with its claim where that is less than the whole's. A list of which nothing is shown is not
        known; one that is shown to be empty is ``none``."""
        unknown = isinstance(value, Mapping | list | tuple) and not value and self.verdicts[key].claim is Claim.UNDECIDED
        return "-" if unknown else f"{in_one_line(value)}{self.weaker(key)}"

    def weaker(self, key: str) -> str:
        """The claim of a part in brackets, where it says something and is claimed less than the whole."""
        verdict, order = self.verdicts[key], list(Claim).index
        says = verdict.statement.value not in (None, str(Claim.UNDECIDED), str(verdict.claim), {}, [])
        return f" ({verdict.claim})" if says and order(verdict.claim) > order(self.claim) else ""

    def summary(self) -> str:
        """The result in a few lines of text: value, claim with its explanation, meaning."""
        lines = [repr(self), f"  claim: {self.claim} - {self.claim.explanation}", f"  {self.meaning}"]
        lines += [f"  note: {n}" for n in self.notices]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        said = [("value", self.shown()), ("meaning", self.meaning), *(("note", n) for n in self.notices)]
        return card(f"{self.entry}({self.subject})", self.claim, said, self._drawn(), json.dumps(plain(self.evidence), indent=1))

    def _drawn(self) -> str:
        """The picture as HTML, with its caption; empty where there is none."""
        return ""

    def plot(self) -> Figure:
        """The picture of the result as a matplotlib figure, with a title and a caption. Raises `InputError` where it has none."""
        raise InputError(f"{self.entry} of {self.subject} has no picture; its value is {self.shown()}")

    def rows(self, name: str | None = None) -> list[dict[str, Any]]:
        """A list of the result as dictionaries, one for each of its things, such as critical points: that called ``name`` in value or
        evidence, or the first. Raises `InputError` where there is none of that name, naming those there are."""
        known = {
            key: part
            for facts in (self.value if isinstance(self.value, Mapping) else {}, self.evidence)
            for key, part in facts.items()
            if isinstance(part, list | tuple) and part and all(isinstance(row, Mapping) for row in part)
        }
        chosen = name or next((key for key in known if key not in _SUPPORT), None)
        if chosen not in known:
            asked = f"no list {name!r}" if name else "no list to make rows of"
            there = f"; there are {', '.join(known)}" if known else f"; its value is {self.shown()}"
            raise InputError(f"{self.entry} of {self.subject} has {asked}{there}")
        return [{str(k): v for k, v in row.items()} for row in known[chosen]]

    def to_frame(self, name: str | None = None) -> DataFrame:
        """`rows` as a pandas DataFrame. Raises `InputError` where there is no such list, and where pandas is not installed."""
        found = self.rows(name)
        try:
            import pandas as pd
        except ImportError as error:
            raise InputError(
                "a frame needs the package pandas: pip install pandas; rows() gives the same as a list of dictionaries, which "
                "polars and "
                "pyarrow take as well"
            ) from error
        return pd.DataFrame(found)

    def __reduce__(self) -> tuple[Any, ...]:
        """A result is pickled as it is written to JSON: with its certificates, from which `verify` checks the claims, and without what
        belongs to the process that found it (``left_behind``)."""
        written = self._certificates() if all(v.checked for v in self.verdicts.values()) else self.kept
        told = {"claims": dict(self.verdicts), "kept": written, "words": self.meaning, "glosses": (), "also": {}}
        left = {f.name: getattr(self, f.name) for f in fields(self) if f.init and f.name not in self.left_behind}
        return _unpickled, (type(self), {name: _thawed(part) for name, part in (left | told).items()})

    def to_dict(self, *, certificates: bool = False) -> dict[str, Any]:
        """The JSON object of the command line: entry, architecture, value, claim, evidence, provenance, meaning, schema.

        With ``certificates`` also those, and the exact data they speak of, from which `certificates.recheck` checks the claims.
        """
        evidence = without_gaps(plain(self.evidence))
        if self.notices:
            evidence["notices"] = list(self.notices)
        written = self._certificates() if certificates else None
        return {
            "entry": self.entry,
            "architecture": self.subject,
            "value": plain(self.value),
            "claim": str(self.claim),
            "claims": {
                key: {"claim": str(v.claim), "error": v.statement.error or None, "scope": list(v.statement.scope)}
                for key, v in self.verdicts.items()
            },
            "evidence": evidence,
            "provenance": {
                "version": self.provenance.version,
                "seed": self.provenance.seed,
                "seconds": self.provenance.seconds,
            },
            "meaning": self.meaning,
            "schema": SCHEMA,
        } | ({"certificates": written} if written else {})

    def _certificates(self) -> Mapping[str, Any] | None:
        """The certificates as plain data: those that were read back, or those of this process."""
        if self.kept or not all(v.checked for v in self.verdicts.values()):
            return self.kept
        from neurovariety.certificates.document import certificates_as_json

        return certificates_as_json(self.verdicts, self._stored)

    def _stored(self, on: Sequence[Verdict]) -> Any:
        """The form in which exact data are kept on which these verdicts were checked; None where they have none."""
        make = getattr(on[0].on, "stored", None)
        return None if make is None else make()

    def verify(self) -> Recheck:
        """Check the certificates anew, from the JSON of this result alone, and compare what they show with what it says.

        The answer says of each key what was checked, what was taken on trust, and what could not be checked; ``rerun`` of entries
        repeats the computation instead. Raises `VerificationError` where a certificate does not check, where it shows something
        else, and where there is none.
        """
        from neurovariety.certificates.recheck import recheck

        found = recheck(json.loads(json.dumps(self.to_dict(certificates=True))))
        if found.refused:
            first = found.refused[0]
            raise VerificationError(f"{self.entry} of {self.subject}: the claim of {first.key!r} is refused: {first.why}")
        if not found.rechecked:
            raise VerificationError(
                f"no certificate of {self.entry} of {self.subject} can be rechecked: {found.keys[0].why or self.claim}; "
                "rerun() repeats it"
            )
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The result of `to_dict`. Raises `InputError` for another entry or another schema version."""
        if data.get("schema") not in range(1, SCHEMA + 1):
            raise InputError(f"this is a result of schema {data.get('schema')!r}; this version reads the schemas 1 to {SCHEMA}")
        if data.get("entry") != cls.entry:
            raise InputError(f"this is a result of the entry {data.get('entry')!r}, not of {cls.entry!r}")
        evidence = dict(data["evidence"])
        notices = tuple(evidence.pop("notices", ()))
        return cls(
            value=data["value"],
            claims=lambda key, part: _recorded(cls.entry, key, part, data),
            subject=data["architecture"],
            words=data["meaning"],
            evidence=evidence,
            provenance=Provenance(**data["provenance"]),
            notices=notices,
            kept=data.get("certificates"),
        )


def _thawed(value: Any) -> Any:
    """The same with dictionaries that can be pickled where there are views of dictionaries."""
    if isinstance(value, MappingProxyType | dict):
        return {key: _thawed(part) for key, part in value.items()}
    return type(value)(map(_thawed, value)) if type(value) in (list, tuple) else value


def _unpickled(kind: type[Result], given: Mapping[str, Any]) -> Result:
    """A result that was pickled; its verdicts come back as recorded ones."""
    return kind(**given)


def _recorded(entry: str, key: str, part: Any, data: Mapping[str, Any]) -> Verdict:
    """What a file says of a key; the first schema has one claim for all."""
    said = data.get("claims", {}).get(key, {"claim": data["claim"]})
    stated = said.get("error") if isinstance(said.get("error"), int | float) else 0.0  # `recheck` refuses other things
    statement = Statement(f"{entry}: {key}", "", part, tuple(said.get("scope", ())), float(stated))
    return recorded(statement, Claim(said["claim"]))


def plain(value: Any) -> Any:
    """JSON-ready data: Fractions become strings, NumPy scalars and arrays Python ones."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    if isinstance(value, Claim):
        return str(value)
    return value


def without_gaps(data: Any) -> Any:
    """Plain data with null for the numbers that JSON does not have: infinite ones, and what is no number."""
    if isinstance(data, dict):
        return {key: without_gaps(part) for key, part in data.items()}
    if isinstance(data, list):
        return [without_gaps(part) for part in data]
    return None if isinstance(data, float) and not isfinite(data) else data


def counted(n: int, noun: str) -> str:
    """A number with its noun: ``1 sample``, ``2 samples``."""
    return f"{n} {noun}{'' if n == 1 else 's'}"


_LINE = 140
"""Characters of a value in one line: two conservation laws have room."""


def in_one_line(value: Any) -> str:
    """A value of a result as short text; - stands for null."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping | list | tuple) and not value:
        return "none"
    if isinstance(value, list | tuple) and all(isinstance(v, Mapping) for v in value):
        return f"{len(value)} listed"  # a table has no place in one line; JSON has all of it
    if isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return _listed(value)
    text = _text(plain(value))
    return text if len(text) <= _LINE else text[: _LINE - 3] + "..."


def _listed(texts: Sequence[str]) -> str:
    """As many of the texts as have room, whole, and how many there are beside them."""
    room = next((n for n in range(len(texts), 1, -1) if len("; ".join(texts[:n])) <= _LINE), 1)
    left = len(texts) - room
    first = "; ".join(texts[:room])
    cut = first if len(first) <= _LINE else first[: _LINE - 3] + "..."
    return f"{cut}; and {left} more" if left else cut


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return "; ".join(f"{k}: {_text(v)}" for k, v in value.items())
    if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
        return "; ".join(value)
    return str(value)
