"""What is said of a pruned network: weights and neurons, counted, and that the function stays or changes by no more than a bound.

Why a neuron could go is read off the steps that were checked: nothing reads it (``unread``), or it is a constant, a multiple of another
(``equal`` where the factor is 1), or, after a polynomial, a combination of several (``dependent``). Channels between two matrices whose
product stays went for its ``rank``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from neurovariety.certificates.channel_relations import Combined
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_functions import WITHIN, Counted
from neurovariety.certificates.network_nodes import NetworkData
from neurovariety.certificates.network_rewrites import SAME_FUNCTION, Rewrites, RewriteStep
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_READ = ("for the network as read",)


def reasons(known: Verdict) -> Counter[str]:
    """How many neurons went in the steps of a verdict, by reason. Raises `NotShown` where it has no steps, or one is no removal."""
    own = known.certificate
    if not known.shown or not isinstance(own, Rewrites):
        raise NotShown("the steps in which neurons went are not known")
    found: Counter[str] = Counter()
    for step in own.steps:
        found.update(_reasons_of(step))
    return found


def _reasons_of(step: RewriteStep) -> Counter[str]:
    """The same for one step, in which one layer gets narrower, or none."""
    after = {n.name: n for n in step.after.nodes}
    layers = [after[step.names.get(name, name)] for name in step.rows]
    sizes = [len(step.after.weights[n.weights["weight"]]) if "weight" in n.weights else None for n in layers]
    pairs = [(name, len(rows.source), size) for (name, rows), size in zip(step.rows.items(), sizes, strict=True) if size is not None]
    narrower = [(name, before, size) for name, before, size in pairs if size < before]
    if not narrower:
        return Counter()
    if len(narrower) > 1:
        raise NotShown("a step in which one layer gets narrower is expected")
    name, before, left = narrower[0]
    if step.composed:
        return Counter(rank=before - left)
    gone = [i for i, k in enumerate(step.rows[name].source.tolist()) if k < 0]
    if len(gone) != before - left:
        raise NotShown("it is not shown which neurons went")
    others = [rows for other, rows in step.rows.items() if after[step.names.get(other, other)].kind != "activation"]
    made = [next((t for r in step.rows.values() if (t := r.terms.get(i)) is not None), None) for i in gone]
    early = [next((t for r in others if (t := r.terms.get(i)) is not None), None) for i in gone]
    return Counter("dependent" if t is not None and e is None else _reason(t) for t, e in zip(made, early, strict=True))


def _reason(made: Combined | None) -> str:
    """Why a neuron goes whose value before the activation is a combination of others."""
    if made is None:
        return "unread"
    terms, constant = made
    if not terms:
        return "constant"
    if len(terms) > 1 or constant:
        return "dependent"
    return "equal" if terms[0][1] == 1 else "proportional"


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

    def check(self, subject: tuple[NetworkData | Counted, NetworkData | Counted]) -> None:
        """Raises `NotShown` where the value does not follow."""
        first, second = map(Counted.of, subject)
        said = self.known.statement
        if said.kind != SAME_FUNCTION or not self.known.shown or said.value != second.hash:
            raise NotShown("the pruned network is not shown to be the function")
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
        counts = {"parameters": first.parameters, "pruned": second.parameters, "error_bound": most}
        if self.key in counts and counts[self.key] == self.value:
            return
        if self.key == "removed" and dict(self.value) == reasons(self.known):
            return
        known = {k: self.layers.get(k, "") for k in self.value} if self.key == "widths" else {}
        if any(first.told.get(k) != shown for shown, k in known.items()):
            raise NotShown("a layer has another name")
        if self.key == "widths" and all((before.get(k), after.get(k)) == tuple(self.value[shown]) for shown, k in known.items()):
            return
        raise NotShown(f"{self.key} does not follow")

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said."""
        source = self.known.statement.subject if self.near is None else self.near.statement.subject
        return Statement(f"prune: {self.key}", source, self.value, (*_READ, *self._ball)), Claim.PROVED

    @property
    def _ball(self) -> tuple[str, ...]:
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

    def check(self, subject: tuple[int, tuple[tuple[NetworkData | Counted, NetworkData | Counted], ...]]) -> None:
        """Raises `NotShown` where the value does not follow."""
        total, pairs = subject
        parts = [(Counted.of(first), Counted.of(second)) for first, second in pairs]
        if not parts or len(parts) != len(self.known):
            raise NotShown("a verdict for each part is expected")
        weights, gone = 0, Counter[str]()
        widths: dict[str, list[int]] = {}
        for verdict, (first, second), layers in zip(self.known, parts, self.layers, strict=True):
            said = verdict.statement
            if said.kind != SAME_FUNCTION or not verdict.shown or (said.subject, said.value) != (first.hash, second.hash):
                raise NotShown("a part is not shown to keep its function")
            if any(first.told.get(k) != shown for shown, k in layers.items()):
                raise NotShown("a layer has another name")
            gone += reasons(verdict) if self.key == "removed" else Counter()
            weights += first.parameters - second.parameters
            widths |= {shown: [first.widths.get(k, 0), second.widths.get(k, 0)] for shown, k in layers.items()}
        counts: dict[str, Any] = {"parameters": total, "pruned": total - weights, "error_bound": 0.0}
        if self.key in counts and counts[self.key] == self.value:
            return
        if self.key == "removed" and dict(self.value) == gone:
            return
        if self.key == "widths" and all(widths.get(k) == list(v) for k, v in self.value.items()):
            return
        raise NotShown(f"{self.key} does not follow")

    def concludes(self) -> tuple[Statement, Claim]:
        """What is said."""
        return Statement(
            f"prune: {self.key}", self.known[0].statement.subject, self.value, ("in each part that was read",)
        ), Claim.PROVED
