"""The certificates of a result as one JSON object: verdicts, premises first, the exact data they speak of, and arrays by their hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.plain_form import NotStorable, PlainWriter, array_as_json

FORM = 1
"""Version of the form of certificates."""


def certificates_as_json(verdicts: Mapping[str, Verdict], stored: Callable[[Any], Any]) -> dict[str, Any]:
    """The certificates of ``verdicts``, by key of the value, and all that they rest on.

    ``stored`` gives the form in which exact data are kept: something of this room with ``hash`` and ``digest``, or None where there is
    none or it would be too long. A verdict whose certificate or data cannot be kept says why under ``missing``.
    """
    return _Document(stored).of(verdicts)


class _Document:
    def __init__(self, stored: Callable[[Any], Any]) -> None:
        self.stored = stored
        self.writer = PlainWriter(self.written)
        self.verdicts: list[dict[str, Any]] = []
        self.numbers: dict[int, int] = {}
        self.subjects: dict[str, Any] = {}
        self.absent: dict[str, str] = {}

    def of(self, verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        keys = {key: self.written(v)["verdict"] for key, v in verdicts.items()}
        arrays = {digest: array_as_json(values) for digest, values in self.writer.arrays.items()}
        return {"form": FORM, "keys": keys, "verdicts": self.verdicts, "subjects": self.subjects, "arrays": arrays}

    def written(self, verdict: Verdict) -> dict[str, int]:
        """The number of a verdict; premises come before what rests on them."""
        if id(verdict) not in self.numbers:
            found = self._entry(verdict)
            self.numbers[id(verdict)] = len(self.verdicts)
            self.verdicts.append(found)
        return {"verdict": self.numbers[id(verdict)]}

    def _entry(self, verdict: Verdict) -> dict[str, Any]:
        said = verdict.statement
        entry: dict[str, Any] = {"claim": str(verdict.claim), "on": None, "certificate": None}
        try:
            entry["statement"] = self.writer.write(said)
            if verdict.certificate is None:
                entry["missing"] = verdict.why or "no certificate"
            else:
                entry["on"] = None if verdict.on is None else self._subject(verdict.on)
                entry["certificate"] = self.writer.write(verdict.certificate)
        except NotStorable as reason:
            entry |= {"on": None, "certificate": None, "missing": str(reason)}
            entry.setdefault("statement", {"type": "Statement", "kind": said.kind, "subject": said.subject, "value": None})
        return entry

    def _subject(self, subject: Any) -> str:
        key = getattr(subject, "hash", None)
        if not isinstance(key, str):
            raise NotStorable("the exact data have no form in which they are kept")
        if key in self.absent:
            raise NotStorable(self.absent[key])
        if key not in self.subjects:
            try:
                kept = self.stored(subject)
                if kept is None:
                    raise NotStorable(
                        f"the exact data ({type(subject).__name__}) have no form in which they are kept, or are too large"
                    )
                self.subjects[key] = self.writer.write(kept) | {"sha256": getattr(kept, "digest", kept.hash)}
            except NotStorable as reason:
                self.absent[key] = str(reason)
                raise
        return key
