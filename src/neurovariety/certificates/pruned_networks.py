"""What is said of a pruned network: weights and neurons, counted, and that the function stays or changes by no more than a bound.

Why a neuron could go is read off the steps that were checked: nothing reads it (``unread``), or it is a constant, a multiple of another
(``equal`` where the factor is 1), or, after a polynomial, a combination of several (``dependent``). Channels between two matrices whose
product stays went for its ``rank``. Of gated units both factors go, for one reason; of attentions queries, keys and values of dead
heads, of heads whose scores another one has, and of all heads for their ranks. Where bounds of values were used, those on a constant
line of their activation are ``always off``, those that others on a line replace ``always on``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from neurovariety.certificates.box_rewrites import SAME_ON_BOX, RewritesOnBox
from neurovariety.certificates.channel_relations import Combined
from neurovariety.certificates.grouped_rows import GroupedFilters
from neurovariety.certificates.head_counts import heads_gone
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_functions import WITHIN, Counted
from neurovariety.certificates.network_nodes import NetworkData, NodeData
from neurovariety.certificates.network_rewrites import SAME_FUNCTION, Rewrites, RewriteStep
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_READ = ("for the network as read",)


def reasons(known: Verdict) -> Counter[str]:
    """How many neurons went in the steps of a verdict, by reason. Raises `NotShown` where it has no steps, or one is no removal."""
    own = known.certificate
    if not known.shown or not isinstance(own, (Rewrites, RewritesOnBox)):
        raise NotShown("the steps in which neurons went are not known")
    found: Counter[str] = Counter()
    before: NetworkData = known.on
    for step in own.steps:
        if step.merged:
            found.update(_on_in_between(before, step))
        elif step.heads:
            found.update(heads_gone(before, step.after, step.heads, step.names))
        else:
            found.update(_replaced(before, step) if step.backwards else _reasons_of(before, step))
        before = step.after
    return found


def _on_in_between(before: NetworkData, step: RewriteStep) -> Counter[str]:
    """The neurons between two matrices that one takes the place of: they are on."""
    if not step.bounded or step.rows or step.heads or step.backwards or step.names:
        raise NotShown("a step in which matrices are joined, and nothing else, is expected")
    kept = {n.name for n in step.after.nodes}
    gone = [n for n in before.nodes if n.name not in kept and "weight" in n.weights]
    if len(gone) != len(step.merged):
        raise NotShown("it is not shown which neurons went")
    return Counter({"always on": sum(len(before.weights[n.weights["weight"]]) for n in gone)})


def _replaced(before: NetworkData, step: RewriteStep) -> Counter[str]:
    """How many neurons fewer there are after a step that is shown backwards: others were put in the place of those that are on."""
    if not step.bounded or step.names:
        raise NotShown("the network before a step is not known")
    one, two = ({n.name: n for n in network.nodes} for network in (before, step.after))
    pairs = [(before.weights[one[k].weights["weight"]], step.after.weights[two[k].weights["weight"]]) for k in step.rows]
    return Counter({"always on": sum(len(p) - len(q) for p, q in pairs)})


def _reasons_of(before: NetworkData, step: RewriteStep) -> Counter[str]:
    """The same for one step, in which one layer, or both factors of gated units, get narrower, or none; depthwise convolutions behind a
    layer get narrower with it. A convolution that has fewer groups gets narrower with the layer that it reads."""
    after = {n.name: n for n in step.after.nodes}
    layers = [after[step.names.get(name, name)] for name in step.rows]
    sizes = [len(step.after.weights[n.weights["weight"]]) if "weight" in n.weights else None for n in layers]
    pairs = [(name, len(rows.source), size) for (name, rows), size in zip(step.rows.items(), sizes, strict=True) if size is not None]
    narrower = [(name, wide, size) for name, wide, size in pairs if size < wide]
    if not narrower:
        return Counter()
    narrower = _makers(step, narrower)
    if _fewer_groups(before, step, [name for name, _, _ in narrower]):
        return Counter({"dead group": sum(wide - left for _, wide, left in narrower)})
    units = _units_of(step, [name for name, _, _ in narrower], after)
    if units:
        return Counter({reason: 2 * n for reason, n in Counter(map(_reason_of_unit, units)).items()})
    if len(narrower) > 1:
        raise NotShown("a step in which one layer gets narrower is expected")
    name, width, left = narrower[0]
    if step.composed:
        return Counter(rank=width - left)
    gone = [i for i, k in enumerate(step.rows[name].source.tolist()) if k < 0]
    if len(gone) != width - left:
        raise NotShown("it is not shown which neurons went")
    if step.bounded:
        return Counter("always off" if step.rows[name].terms[i] is None and _free(step, i) else "always on" for i in gone)
    others = [rows for other, rows in step.rows.items() if after[step.names.get(other, other)].kind != "activation"]
    made = [next((t for r in step.rows.values() if (t := r.terms.get(i)) is not None), None) for i in gone]
    early = [next((t for r in others if (t := r.terms.get(i)) is not None), None) for i in gone]
    return Counter("dependent" if t is not None and e is None else _reason(t) for t, e in zip(made, early, strict=True))


def _fewer_groups(before: NetworkData, step: RewriteStep, names: Sequence[str]) -> bool:
    """Whether the second of two layers is a convolution of as many channels a group as before, and fewer groups."""
    if len(names) != 2 or step.composed or step.bounded:
        return False
    one = next(n for n in before.nodes if n.name == names[1])
    two = next(n for n in step.after.nodes if n.name == step.names.get(names[1], names[1]))
    if one.kind != "conv" or two.kind != "conv":
        return False
    wide, narrow = GroupedFilters.of(before, one), GroupedFilters.of(step.after, two)
    same = wide.inside == narrow.inside and len(wide.weight) * narrow.groups == len(narrow.weight) * wide.groups
    return same and narrow.groups < wide.groups


def _units_of(step: RewriteStep, names: list[str], after: Mapping[str, NodeData]) -> list[tuple[Combined | None, Combined | None]]:
    """What both factors of each gated unit are that goes: of two maps, or of the halves of one; none where it is no such step."""
    tables = [step.rows[name] for name in names]
    if len(names) == 2:
        one, two = tables
        gone = [np.flatnonzero(np.asarray(t.source) < 0).tolist() for t in tables]
        return [(one.terms.get(i), two.terms.get(i)) for i in gone[0]] if gone[0] == gone[1] else []
    if len(names) != 1:
        return []
    node = after[step.names.get(names[0], names[0])]
    cuts = [n.attributes for n in after.values() if node.name in n.inputs and n.kind == "slice"]
    width, left = len(tables[0].source), len(step.after.weights[node.weights["weight"]])
    ends = sorted((a["start"], a["stop"]) for a in cuts)
    if width % 2 or left % 2 or ends != [(0, left // 2), (left // 2, left)]:
        return []
    rows, half = np.asarray(tables[0].source), width // 2
    gone = [np.flatnonzero(part < 0).tolist() for part in (rows[:half], rows[half:])]
    terms = tables[0].terms
    return [(terms.get(i), terms.get(i + half)) for i in gone[0]] if gone[0] == gone[1] else []


def _reason_of_unit(made: tuple[Combined | None, Combined | None]) -> str:
    """Why a unit goes whose factors are these combinations of others before their activations."""
    found = [_reason(t) for t in made]
    if "constant" in found:
        return "constant"
    return found[0] if found[0] == found[1] else "proportional"


def _makers(step: RewriteStep, narrower: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Without the depthwise convolutions whose channels are those of a layer before them."""
    nodes = {n.name: n for n in step.after.nodes}
    order = {n.name: k for k, n in enumerate(step.after.nodes)}

    def apart(name: str) -> bool:
        node = nodes[step.names.get(name, name)]
        return node.kind == "conv" and GroupedFilters.of(step.after, node).depthwise

    ordered = sorted(narrower, key=lambda found: order[step.names.get(found[0], found[0])])
    return [ordered[0], *(found for found in ordered[1:] if not apart(found[0]))]


def _free(step: RewriteStep, i: int) -> bool:
    """Whether a step says nothing of channel i wherever it names it."""
    return all(rows.terms.get(i) is None for rows in step.rows.values())


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
        counts = {"parameters": first.parameters, "pruned": second.parameters, "error_bound": most}
        if self.key in counts and counts[self.key] == self.value:
            return
        if self.key == "removed" and dict(self.value) == reasons(self.known):
            return
        known = {k: self.layers.get(k, "") for k in self.value} if self.key == "widths" else {}
        if any(first.told.get(k) != shown for shown, k in known.items()):
            raise NotShown("a layer has another name")
        if self.key == "widths" and all((before.get(k), after.get(k, 0)) == tuple(self.value[shown]) for shown, k in known.items()):
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
