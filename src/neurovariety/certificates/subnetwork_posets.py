"""The smaller networks inside a network: dimensions of their functions and of the weights over them, and which contain which.

The functions over a stratum are the image of a polynomial map, so their closure is irreducible: one that lies in another of the same
dimension is the same. That functions are limits of others is read off sizes, which a smaller network has none larger of.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stratum_ranks import ON_STRATUM, StratifiedFunctions, limits
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

_ENTRY = "subnetworks"
IMAGES, INCLUSIONS, LISTED = f"{_ENTRY}: images", f"{_ENTRY}: inclusions", f"{_ENTRY}: all_listed"
_SURE = (Claim.PROVED, Claim.PROBABILITY)


@dataclass(frozen=True)
class OverStratum:
    """What is known of the functions over a stratum from the way in which it is given.

    ``name`` of the smaller network, ``kind`` of the stratum, number of its ``copies`` under permutations; ``functions``: equal for
    strata with the same functions, None for the function 0; ``network``: the hash of a model whose functions have the same dimension,
    where there is one.
    """

    name: str
    kind: str
    copies: int
    functions: Any
    network: str | None


@runtime_checkable
class Subnetworks(StratifiedFunctions, Protocol):
    """A model with strata of its weights on which it computes what a smaller network can."""

    def over_stratum(self, stratum: str) -> OverStratum | None:
        """What is known of the functions over a stratum; None where none of that name is a smaller network."""
        ...

    def limits_of(self, smaller: str, larger: str) -> bool:
        """Whether sizes show that the functions over one stratum are limits of those over another."""
        ...

    def known_strata(self, most: int) -> tuple[str, ...]:
        """The names of the largest known strata, at most so many."""
        ...


@dataclass(frozen=True, eq=False)
class SubnetworkImage:
    """Functions with one closure: its ``name``, and those of others that have the same (``also``), the verdicts of the ``ranks`` of the
    strata over it, verdicts of the dimensions of ``models``, and what the strata are, ``over``, in their order."""

    name: str
    also: tuple[str, ...]
    ranks: tuple[Verdict, ...]
    models: tuple[Verdict, ...]
    over: tuple[OverStratum, ...]

    @property
    def strata(self) -> list[str]:
        """The names of the strata."""
        return [v.statement.scope[0] for v in self.ranks]

    def dimensions(self) -> list[tuple[int, list[Verdict]]]:
        """For each set of functions over one of the strata its dimension, and what shows it: the dimension of a model with as many, or
        the largest rank along a stratum."""
        sizes = {v.statement.subject: v for v in self.models}
        out: list[tuple[int, list[Verdict]]] = []
        for key in dict.fromkeys(o.functions for o in self.over):
            group = [(o, v) for o, v in zip(self.over, self.ranks, strict=True) if o.functions == key]
            network = next((sizes[o.network] for o, _ in group if o.network in sizes), None)
            if key is None:
                out.append((0, []))
            elif network is not None:
                out.append((network.statement.value, [network]))
            else:
                out.append((max(v.statement.value[2] for _, v in group), [v for _, v in group]))
        return out

    def check(self, subject: Subnetworks) -> None:
        """Raises `NotShown` where a stratum is another, a dimension is not known, or the closures are not shown to be the same."""
        if not self.ranks or len(self.ranks) != len(self.over) or len(set(self.strata)) < len(self.ranks):
            raise NotShown("what is known of different strata is expected")
        for verdict, over in zip(self.ranks, self.over, strict=True):
            said = verdict.statement
            if not verdict.shown or (said.kind, said.subject) != (ON_STRATUM, subject.hash) or verdict.claim not in _SURE:
                raise NotShown("the ranks on a stratum are not known")
            if subject.over_stratum(said.scope[0]) != over:
                raise NotShown(f"the functions over {said.scope[0]} are others")
        known = {o.network for o in self.over if o.functions is not None}
        for verdict in self.models:
            if not verdict.shown or verdict.statement.kind != DIMENSION or verdict.claim not in _SURE:
                raise NotShown("the dimension of a smaller model is not known")
            if verdict.statement.subject not in known:
                raise NotShown("a dimension is that of another model")
        self._check_closures(subject)

    def _check_closures(self, subject: Subnetworks) -> None:
        names = [o.name for o in self.over]
        if not {self.name, *self.also} <= set(names):
            raise NotShown("the functions have other names")
        if len({size for size, _ in self.dimensions()}) > 1:
            raise NotShown("functions of different dimensions are expected apart")
        reached = {k for k, o in enumerate(self.over) if o.functions == self.over[0].functions}
        left = set(range(len(self.over))) - reached
        while left:
            more = {k for k in left if any(self._joined(subject, j, k) for j in reached)}
            if not more:
                raise NotShown("closures are not shown to be the same")
            reached, left = reached | more, left - more

    def _joined(self, subject: Subnetworks, j: int, k: int) -> bool:
        a, b = self.strata[j], self.strata[k]
        same = self.over[j].functions == self.over[k].functions
        return same or subject.limits_of(a, b) or subject.limits_of(b, a)

    def row(self, whole: int) -> dict[str, Any]:
        """The numbers of the functions, beside the dimension of the whole."""
        (size, _), *_ = self.dimensions()
        strata = []
        for verdict, over in zip(self.ranks, self.over, strict=True):
            dimension, rank, functions = verdict.statement.value
            numbers = {"dimension": dimension, "rank": rank, "fiber": dimension - functions, "copies": over.copies}
            strata.append({"name": verdict.statement.scope[0], "kind": over.kind, **numbers})
        names: dict[str, Any] = {"name": self.name, "also": list(self.also)}
        claim = str(Claim.weakest(v.claim for _, used in self.dimensions() for v in used))
        numbers = {"dimension": size, "codimension": whole - size}
        return {**names, **numbers, "claim": claim, "fiber": max(s["fiber"] for s in strata), "strata": strata}

    def used(self) -> Iterator[Verdict]:
        """What the row rests on."""
        yield from self.ranks
        yield from self.models


@dataclass(frozen=True, eq=False)
class SubnetworkTable:
    """A row for each of the ``images``, functions with one closure, beside the dimension of the ``whole``."""

    whole: Verdict
    images: tuple[SubnetworkImage, ...]

    def check(self, subject: Subnetworks) -> None:
        """Raises `NotShown` where a number is not known on both sides: differences of lower bounds say nothing."""
        said = self.whole.statement
        if not self.whole.shown or (said.kind, said.subject) != (DIMENSION, subject.hash) or self.whole.claim not in _SURE:
            raise NotShown("the dimension of the whole network is not known")
        if len({i.name for i in self.images}) < len(self.images):
            raise NotShown("different images are expected")
        for image in self.images:
            image.check(subject)

    def concludes(self) -> tuple[Statement, Claim]:
        """The rows: as weak as the weakest of their numbers, with all errors."""
        used = [self.whole, *(v for i in self.images for v in i.used())]
        rows = [i.row(self.whole.statement.value) for i in self.images]
        error = sum(v.statement.error for v in used)
        return Statement(IMAGES, self.whole.statement.subject, rows, limits(used), error), Claim.weakest(v.claim for v in used)


@dataclass(frozen=True, eq=False)
class SubnetworkInclusions:
    """The inclusions, [smaller, larger], of the closures of a table that sizes show, and that are not made of others; all lie in that
    of the whole network, of the name ``top``."""

    table: Verdict
    top: str
    pairs: tuple[tuple[str, str], ...]

    def check(self, subject: Subnetworks) -> None:
        """Raises `NotShown` where these are others."""
        table = self.table.certificate
        if not isinstance(table, SubnetworkTable) or not self.table.checked or self.table.statement.subject != subject.hash:
            raise NotShown("a table of the model is expected")
        if sorted(self.pairs) != sorted(covers(table.images, subject, self.top)):
            raise NotShown("sizes show other inclusions")

    def concludes(self) -> tuple[Statement, Claim]:
        """These, as sure as the names stand for the same closures."""
        said = self.table.statement
        value = [list(pair) for pair in self.pairs]
        scope = ("covers among the inclusions that sizes show", *said.scope)
        return Statement(INCLUSIONS, said.subject, value, scope, said.error), self.table.claim


def covers(images: tuple[SubnetworkImage, ...], subject: Subnetworks, top: str) -> list[tuple[str, str]]:
    """Inclusions with nothing between."""
    names = [i.name for i in images]
    above = {
        (a, b)
        for a, x in enumerate(images)
        for b, y in enumerate(images)
        if a != b and any(subject.limits_of(s, t) for s in x.strata for t in y.strata)
    }
    while more := {(a, d) for a, b in above for c, d in above if b == c and a != d} - above:
        above |= more
    out = []
    for a in range(len(images)):
        larger = sorted(b for x, b in above if x == a)
        direct = [b for b in larger if not any((c, b) in above for c in larger)]
        out += [(names[a], names[b]) for b in direct] or [(names[a], top)]
    return out


@dataclass(frozen=True)
class KnownStrataListed:
    """Whether the known strata are at most so many that all of them are listed."""

    subject: str
    most: int
    value: bool

    def check(self, subject: Subnetworks) -> None:
        """Raises `NotShown` where it is otherwise."""
        if subject.hash != self.subject or self.most < 1:
            raise NotShown("the certificate is one of another model")
        if (len(subject.known_strata(self.most + 1)) <= self.most) != self.value:
            raise NotShown("there are more strata, or fewer")

    def concludes(self) -> tuple[Statement, Claim]:
        """All of those known are listed, or not."""
        return Statement(LISTED, self.subject, self.value, ("of the strata that are known",)), Claim.PROVED
