"""The certificates of a result as one JSON object: verdicts, premises first, the exact data they speak of, and arrays by their hash."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData, network_hash
from neurovariety.certificates.network_ranks import GenericRank
from neurovariety.certificates.plain_form import NotStorable, PlainWriter, array_as_json
from neurovariety.certificates.stored_networks import is_network, stored_network

FORM = 1
"""Version of the form of certificates."""


Stored = Callable[[Sequence[Verdict]], Any]
"""Verdicts that were checked on the same exact data -> the form in which these are kept."""


def certificates_as_json(verdicts: Mapping[str, Verdict], stored: Stored) -> dict[str, Any]:
    """The certificates of ``verdicts``, by key of the value, and all that they rest on.

    ``stored`` gives the form in which exact data are kept, as far as certificates ask for them: something of this room with ``hash``
    and ``digest``, or None where there is none or it would be too long. A verdict whose certificate or data cannot be kept says why
    under ``missing``.
    """
    return _Document(stored).of(verdicts)


class _Document:
    def __init__(self, stored: Stored) -> None:
        self.stored = stored
        self.writer = PlainWriter(self.written)
        self.verdicts: list[dict[str, Any]] = []
        self.numbers: dict[int, int] = {}
        self.spoken_of: dict[str, list[Verdict]] = {}
        """By hash of exact data: the verdicts that were checked on these."""
        self.networks: dict[str, NetworkData] = {}
        """By hash: trained networks, of which verdicts may be checked on several."""
        self.functions: dict[str, str] = {}
        """By hash of a network: that of the functions of all weights."""
        self.hashes: dict[int, str] = {}

    def of(self, verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        keys = {key: self.written(v)["verdict"] for key, v in verdicts.items()}
        subjects: dict[str, Any] = {}
        for key, on in self.spoken_of.items():
            try:
                subjects[key] = self._kept(on)
            except NotStorable as reason:
                for entry in self.verdicts:
                    if entry["on"] == key:
                        entry.update({"on": None, "certificate": None, "missing": str(reason)})
        for key, network in self.networks.items():
            kept = stored_network(network, self.functions.get(key, ""))
            subjects[key] = {**self.writer.write(kept), "sha256": kept.digest}
        arrays = {digest: array_as_json(values) for digest, values in self.writer.arrays.items()}
        return {"form": FORM, "keys": keys, "verdicts": self.verdicts, "subjects": subjects, "arrays": arrays}

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
                entry["certificate"] = self.writer.write(verdict.certificate)
                entry["on"] = None if verdict.on is None else self._spoken_of(verdict)
        except NotStorable as reason:
            entry |= {"on": None, "certificate": None, "missing": str(reason)}
            entry.setdefault("statement", {"type": "Statement", "kind": said.kind, "subject": said.subject, "value": None})
        return entry

    def _spoken_of(self, verdict: Verdict) -> Any:
        if isinstance(verdict.on, tuple) or is_network(getattr(verdict.on, "network", verdict.on)):
            key = self._networks(verdict.on)
            if isinstance(verdict.certificate, GenericRank):
                self.functions[key] = verdict.on.functions
            return key
        key = getattr(verdict.on, "hash", None)
        if not isinstance(key, str):
            raise NotStorable("the exact data have no form in which they are kept")
        self.spoken_of.setdefault(key, []).append(verdict)
        return key

    def _networks(self, on: Any) -> Any:
        """The hash of a network; a list of such and of numbers where a verdict is one on several."""
        if isinstance(on, tuple):
            return [self._networks(part) for part in on]
        if isinstance(on, int):
            return on
        network = getattr(on, "network", on)
        if not is_network(network):
            raise NotStorable("the exact data have no form in which they are kept")
        if id(network) not in self.hashes:
            self.hashes[id(network)] = network_hash(network) if network is on else on.hash
        key = self.hashes[id(network)]
        self.networks.setdefault(key, network)
        return key

    def _kept(self, on: Sequence[Verdict]) -> dict[str, Any]:
        """Exact data as they are kept, with what these verdicts ask of them."""
        kept = self.stored(on)
        if kept is not None:
            return {**self.writer.write(kept), "sha256": getattr(kept, "digest", kept.hash)}
        raise NotStorable(f"the exact data ({type(on[0].on).__name__}) have no form in which they are kept, or are too large")
