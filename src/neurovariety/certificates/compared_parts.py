"""Whether two files of which parts are understood are one function: what is kept beside the parts is the same, and so is each part."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_functions import Chained, Counted
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.network_rewrites import SAME_FUNCTION
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_READ = "for the files as read{}, whose other operators are the same"
Parts = tuple[tuple[NetworkData | Counted, NetworkData | Counted], ...]


def hash_of_sizes(at: str) -> int:
    """A number for the words that say at which sizes inputs were taken."""
    return int(hashlib.sha256(at.encode()).hexdigest(), 16)


@dataclass(frozen=True)
class SameParts:
    """One key of what is said of two files: beside their parts both are ``kept``, a hash of the operators, of what is stored for them,
    and of the names by which parts are joined to them; ``known`` says of each part that it is the function of its counterpart, ``at``
    at which sizes inputs were taken that have no fixed one: parts may be other functions at others."""

    key: str
    value: Any
    kept: int
    known: tuple[Verdict, ...]
    at: str = ""

    def check(self, subject: tuple[int, int, Parts, int]) -> None:
        """Raises `NotShown` where something else is kept, where a part is not shown to be the same, or where the value does not follow.

        ``subject``: the hashes of both files, the pairs of their parts, and `hash_of_sizes` of those that were open.
        """
        first, second, pairs, at = subject
        if hash_of_sizes(self.at) != at:
            raise NotShown("the files were read at other sizes of their inputs")
        if not self.kept == first == second:
            raise NotShown("what is kept beside the parts is not the same")
        parts = [(Counted.of(one), Counted.of(two)) for one, two in pairs]
        if len(parts) != len(self.known):
            raise NotShown("a verdict for each part is expected")
        for verdict, (one, two) in zip(self.known, parts, strict=True):
            said = verdict.statement
            if said.kind != SAME_FUNCTION or not verdict.shown or verdict.claim is not Claim.PROVED:
                raise NotShown("a verdict on the functions is expected")
            if (said.subject, said.value) != (one.hash, two.hash):
                raise NotShown("the verdict is one on other networks")
        related = {"related": "yes"} if all(isinstance(v.certificate, Chained) for v in self.known) else {}
        allowed: dict[str, Any] = {"same": "yes", "bound": 0.0, "box": None, "input": None, **related}
        if self.key not in allowed or allowed[self.key] != self.value or type(allowed[self.key]) is not type(self.value):
            raise NotShown(f"{self.key} does not follow")

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said."""
        return Statement(
            f"align: {self.key}", f"{self.kept:x}", self.value, (_READ.format(f" at inputs {self.at}" if self.at else ""),)
        ), Claim.PROVED
