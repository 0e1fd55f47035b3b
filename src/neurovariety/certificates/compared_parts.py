"""Whether two files of which parts are understood are one function: what is kept beside the parts is the same, and so is each part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_functions import Chained, Counted
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.network_rewrites import SAME_FUNCTION
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

Parts = tuple[tuple[NetworkData | Counted, NetworkData | Counted], ...]
_READ = ("for the files as read, whose other operators are the same",)


@dataclass(frozen=True)
class SameParts:
    """One key of what is said of two files: beside their parts both are ``kept``, a hash of the operators, of what is stored for them,
    and of the names by which parts are joined to them; ``known`` says of each part that it is the function of its counterpart."""

    key: str
    value: Any
    kept: int
    known: tuple[Verdict, ...]

    def check(self, subject: tuple[int, int, Parts]) -> None:
        """Raises `NotShown` where something else is kept, where a part is not shown to be the same, or where the value does not follow.

        ``subject``: the hashes of both files, and the pairs of their parts.
        """
        first, second, pairs = subject
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
        return Statement(f"align: {self.key}", f"{self.kept:x}", self.value, _READ), Claim.PROVED
