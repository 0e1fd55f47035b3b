"""What is said of a pruned network: weights and neurons, counted, and that the function stays or changes by no more than a bound."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurovariety.certificates.box_rewrites import SAME_ON_BOX
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_functions import WITHIN, Counted
from neurovariety.certificates.network_rewrites import SAME_FUNCTION
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_READ = ("of the networks as read",)


@dataclass(frozen=True)
class Smaller:
    """One key of what pruning says: numbers of weights, counted, and that the function stays or changes by no more than a bound.

    ``known`` says that the pruned network is the function of the one that was read, or of one near it; ``near`` by how much that may
    differ from it. ``layers`` are the nodes that the names of layers stand for.
    """

    key: str
    value: Any
    known: Verdict
    near: Verdict | None = None
    layers: Mapping[str, str] = field(default_factory=dict)

    def check(self, subject: tuple[Counted, Counted]) -> None:
        """Raises `NotShown` where the value does not follow."""
        first, second = subject
        said = self.known.statement
        other = said.value[0] if said.kind == SAME_ON_BOX else said.value
        if said.kind not in (SAME_FUNCTION, SAME_ON_BOX) or not self.known.shown or other != second.hash:
            raise NotShown("the pruned network is not shown to be the function")
        if said.kind == SAME_ON_BOX and self.near is not None:
            raise NotShown("a change is bounded for inputs of a norm, not on a box")
        most = 0.0
        if self.near is None:
            source = said.subject
        else:
            about = self.near.statement
            if about.kind != WITHIN or not self.near.shown or about.value[0] != said.subject:
                raise NotShown("the change is not bounded")
            source, most = about.subject, about.value[1]
        if source != first.hash:
            raise NotShown("the verdict is one on other networks")
        before, after = first.widths, second.widths
        gone = first.fewer(second)
        counts = {"parameters": first.parameters, "pruned": second.parameters, "error_bound": most}
        if self.key in counts and counts[self.key] == self.value:
            return
        if self.key == "removed" and sum(self.value.values()) == gone and all(v > 0 for v in self.value.values()):
            return
        known = {k: self.layers.get(k, "") for k in self.value} if self.key == "widths" else {}
        if self.key == "widths" and all((before.get(k), after.get(k)) == tuple(self.value[shown]) for shown, k in known.items()):
            return
        raise NotShown(f"{self.key} does not follow")

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said."""
        source = self.known.statement.subject if self.near is None else self.near.statement.subject
        return Statement(f"prune: {self.key}", source, self.value, (*_READ, *self._ball)), Claim.PROVED

    @property
    def _ball(self) -> tuple[str, ...]:
        if self.known.statement.kind == SAME_ON_BOX:
            return self.known.statement.scope[1:]
        if self.near is None or self.key != "error_bound":
            return ()
        return (f"for inputs of Euclidean norm at most {self.near.statement.value[2]!r}",)


@dataclass(frozen=True)
class SmallerParts:
    """The same for a file of which parts were made smaller: ``known`` says of each part that its function stays.

    The numbers are those of the file, whose other weights stay.
    """

    key: str
    value: Any
    known: tuple[Verdict, ...]
    layers: tuple[Mapping[str, str], ...]

    def check(self, subject: tuple[int, tuple[tuple[Counted, Counted], ...]]) -> None:
        """Raises `NotShown` where the value does not follow."""
        total, parts = subject
        if not parts or len(parts) != len(self.known):
            raise NotShown("a verdict for each part is expected")
        gone = weights = 0
        widths: dict[str, list[int]] = {}
        for verdict, (first, second), layers in zip(self.known, parts, self.layers, strict=True):
            said = verdict.statement
            if said.kind != SAME_FUNCTION or not verdict.shown or (said.subject, said.value) != (first.hash, second.hash):
                raise NotShown("a part is not shown to keep its function")
            gone += first.fewer(second)
            weights += first.parameters - second.parameters
            widths |= {shown: [first.widths.get(k, 0), second.widths.get(k, 0)] for shown, k in layers.items()}
        counts: dict[str, Any] = {"parameters": total, "pruned": total - weights, "error_bound": 0.0}
        if self.key in counts and counts[self.key] == self.value:
            return
        if self.key == "removed" and sum(self.value.values()) == gone and all(v > 0 for v in self.value.values()):
            return
        if self.key == "widths" and all(widths.get(k) == list(v) for k, v in self.value.items()):
            return
        raise NotShown(f"{self.key} does not follow")

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said."""
        return Statement(
            f"prune: {self.key}", self.known[0].statement.subject, self.value, ("in each part that was read",)
        ), Claim.PROVED
