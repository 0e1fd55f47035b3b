"""Subnetworks: the smaller networks inside a network, as a poset.

A stratum is a piece of weight space on which a network computes what a smaller one can: neurons are dead or multiples of each
other, a layer has lower rank, filters are padded by zeros, heads are alike. The functions over a stratum are those of the smaller
network; for polynomial networks these are typically the singular functions, and where training likes to stop. Different strata over
the same functions are different ways to waste the same weights.

What is proved. Dimensions of functions are those of the smaller models (`dimension`, with its claims), and are computed a second time
as ranks along each stratum; if the two differ where both are certain, an error is raised. Dimensions of strata are exact ranks over
F_p, proved from below. That the functions of one subnetwork are limits of those of another is read off sizes, which is a proof; equal
dimensions then make the closures equal. Where sizes do not show it, dimensions, or an equation of one that the other violates, exclude
it; what remains is listed as undecided. The fiber counts weights on the known strata alone: other weights over the same function are
not excluded.

Sources: Marchetti et al. 2025, section 4.2; Shahverdi, Marchetti, Kohn 2026; Trager, Kohn, Bruna 2020 (ranks).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, NotRequired, TypedDict

from neurovariety.budget import used_up
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.sentences import SURE, Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.subnetwork_posets import (
    IMAGES,
    INCLUSIONS,
    KnownStrataListed,
    SubnetworkImage,
    SubnetworkInclusions,
    SubnetworkTable,
    covers,
)
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, VerificationError
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.ideal.find_equations import FoundEquations
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.strata.exact_strata import ExactStrata, exact_strata, name_over, network_over
from neurovariety.geometry.strata.facts import StratumFacts, shown_facts, stratum_facts
from neurovariety.geometry.strata.inclusion import equations_of, excluded
from neurovariety.geometry.strata.known_strata import MOST, weight_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.progress import note, quietly
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED

_SEARCHED = 12
"""Subnetworks whose equations are searched for, to exclude that they contain others; a fraction of a second each."""


_FOUND = (Gloss("training that ends at such a function has found what a smaller network computes", {"images": SURE}),)


class StratumRow(TypedDict):
    """A stratum of weights; its fields are those of `SubnetworksResult`."""

    name: str
    kind: str
    dimension: int
    rank: int
    fiber: int
    copies: int


class ImageRow(TypedDict):
    """A set of functions; its fields are those of `SubnetworksResult`."""

    name: str
    also: list[str]
    dimension: int
    codimension: int
    claim: str
    fiber: int
    strata: list[StratumRow]


class SubnetworksValue(TypedDict):
    dimension: int
    images: list[ImageRow]
    inclusions: list[list[str]]
    undecided: list[list[str]]
    all_listed: bool


class SubnetworksEvidence(TypedDict):
    """What the poset rests on. ``whole``: the strata over all functions of the network."""

    asked_most: NotRequired[int]
    parameters: int
    dimension_claim: str
    whole: list[StratumRow]
    error_bound: float | None
    primes: list[int]
    seeds: list[int]
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class SubnetworksResult(EntryResult):
    """The poset of subnetworks.

    ``value`` holds ``dimension`` (of the network's functions); ``images``, the sets of functions, from large to small: each with its
    ``name`` (others that have the same closure are ``also``), ``dimension``, ``codimension``, ``claim``, ``fiber`` (the dimension of
    the weights on known strata over one of its general functions), and its ``strata``: ``name``, ``kind``, ``dimension`` in weight
    space, ``rank`` of J there, ``fiber`` (the part of the weights over one function that lies on the stratum) and ``copies`` under
    permutations; ``inclusions``, the pairs [smaller, larger] of names that cover each other, the network itself on top;
    ``undecided``, the pairs for which inclusion is neither shown nor excluded; ``all_listed``, whether the list of strata was cut.
    """

    entry: ClassVar[str] = "subnetworks"
    headline: ClassVar[tuple[str, ...]] = ("dimension", "images", "inclusions")
    spoken: ClassVar[tuple[str, ...]] = ("dimension", "images")
    value: SubnetworksValue
    evidence: SubnetworksEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "shahverdi2026razor", "schwartz1980")

    def shown(self) -> str:
        proper = self.value["images"]
        if not proper:
            return f"no subnetwork in dimension {self.value['dimension']}"
        dims = ", ".join(f"{i['name']}: {i['dimension']}" for i in proper[:4])
        return (
            f"{counted(len(proper), 'subnetwork')} ({dims}{', ...' if len(proper) > 4 else ''}) in dimension {self.value['dimension']}"
        )

    def summary(self) -> str:
        lines = [super().summary()]
        for image in self.value["images"]:
            lines.append(
                f"  {image['name']}: dimension {image['dimension']} (codimension {image['codimension']}), "
                f"{counted(len(image['strata']), 'stratum').replace('stratums', 'strata')}, fiber {image['fiber']}"
            )
        return "\n".join(lines)


@dataclass(eq=False)
class _Image:
    """Functions with one closure: the strata over them, their model, its dimension, and verdicts of the dimensions of networks with as
    many."""

    name: str
    model: Model | None
    facts: list[StratumFacts]
    dimension: int
    networks: list[Verdict]
    also: list[str]

    def within(self, other: _Image) -> bool:
        return any(a.stratum.within(b.stratum) for a in self.facts for b in other.facts)

    def shown(self, upper: Verdict, exact: ExactStrata) -> SubnetworkImage:
        """What a certificate says of them; ``upper`` bounds the rank of J."""
        over = [exact.over_stratum(f.stratum.name) for f in self.facts]
        ranks = tuple(shown_facts(f, upper) for f in self.facts)
        known = tuple(o for o in over if o is not None)
        return SubnetworkImage(self.name, tuple(self.also), ranks, tuple(self.networks), known)


@entry
def subnetworks(
    model: Model,
    *,
    most: Annotated[
        int,
        Option("strata of weights to look at (default: 60)", recorded="asked_most"),
        Whole("most is the number of strata to look at, at least {least}", 1),
    ] = MOST,
    seed: int = DEFAULT_SEED,
) -> SubnetworksResult:
    """The smaller networks inside ``source``: strata of weights, their functions, which contain which.

    At most ``most`` strata are looked at, the largest ones. Raises `InputError` for a model of which no strata are known (a user's own
    function; families whose hidden units are not known).

    >>> result = subnetworks("mlp(2,2,1; x^3 + x^2)")
    >>> [(i["name"], i["dimension"], i["fiber"]) for i in result.value["images"]]
    [('mlp(2,1,1; x^3 + x^2)', 3, 2), ('zero', 0, 4)]
    """
    whole = quietly(dimension_of, model, seed=seed)
    listed = weight_strata(model, most=most)
    if not listed:
        raise InputError(f"no subnetworks of {model.name} are known: they follow from hidden units, of which none are known")
    all_listed = len(weight_strata(model, most=most + 1)) <= most
    strata = [s for s in listed if s.is_subnetwork]
    facts = []
    for index, stratum in enumerate(strata):
        facts.append(stratum_facts(stratum, seed, index, whole.at_most))
        note(strata=index + 1)
    top, images = _images(whole, facts, seed)
    undecided = _undecided(images, seed)
    claims = _claims(model, whole, images, undecided, most, all_listed)
    value: SubnetworksValue = {
        "dimension": whole.value,
        "images": claims["images"].statement.value,
        "inclusions": claims["inclusions"].statement.value,
        "undecided": claims["undecided"].statement.value,
        "all_listed": all_listed,
    }
    evidence: SubnetworksEvidence = {
        "parameters": model.parameters,
        "dimension_claim": str(whole.claim),
        "whole": [_stratum(f) for f in top],
        "error_bound": max((f.error for f in facts), default=0.0) or None,
        "primes": sorted({p for f in facts for p in f.primes}),
        "seeds": [seed],
        "theorems": [t.to_dict() for t in whole.theorems],
    }
    return SubnetworksResult(
        value=value,
        claims=claims,
        glosses=_FOUND if value["images"] else (),
        evidence=evidence,
        notices=whole.notices if value["all_listed"] else (*whole.notices, f"only the first {most} strata were looked at"),
    )


def _claims(
    model: Model, whole: Dimension, images: list[_Image], undecided: list[list[str]], most: int, all_listed: bool
) -> dict[str, Verdict]:
    """A verdict for each key: the dimension; the table of images, where all its numbers are known; which contain which."""
    exact = exact_strata(model)
    upper = issue(whole.upper.certificate, exact_coefficients(model))
    rows = tuple(i.shown(upper, exact) for i in images)
    pairs = tuple(covers(rows, exact, model.name))
    try:
        table = issue(SubnetworkTable(whole.verdict, rows), exact)
        inclusions = issue(SubnetworkInclusions(table, model.name, pairs), exact)
    except NotShown as reason:
        table = weak(Statement(IMAGES, exact.hash, [r.row(whole.value) for r in rows]), Claim.ESTIMATE, str(reason))
        inclusions = weak(Statement(INCLUSIONS, exact.hash, [list(p) for p in pairs]), Claim.ESTIMATE, str(reason))
    level = Claim.UNDECIDED if undecided else Claim.ESTIMATE
    return {
        "dimension": whole.verdict,
        "images": table,
        "inclusions": inclusions,
        "undecided": weak(Statement("subnetworks: undecided", exact.hash, undecided), level, "pairs that nothing was found to decide"),
        "all_listed": issue(KnownStrataListed(exact.hash, most, all_listed), exact),
    }


def _images(whole: Dimension, facts: list[StratumFacts], seed: int) -> tuple[list[StratumFacts], list[_Image]]:
    """Strata with the same functions together, and apart the strata over all functions of the network."""
    groups: dict[Any, list[StratumFacts]] = {}
    for f in facts:
        groups.setdefault(f.stratum.sizes if f.stratum.small is not None else None, []).append(f)
    top: list[StratumFacts] = []
    images: list[_Image] = []
    dimensions: dict[str, Dimension] = {}
    for group in groups.values():
        first = group[0].stratum
        if first.small is None:
            images.append(_Image(name_over(first), None, group, 0, [], []))
            continue
        size, networks = max(f.functions for f in group), []
        network = network_over(first)
        if network is not None:
            if network.name not in dimensions:
                dimensions[network.name] = quietly(dimension_of, network, seed=seed)
            found = dimensions[network.name]
            if size > found.value and found.sure:
                raise VerificationError(
                    f"{first.small.name}: its dimension is {found.value}, functions over '{first.name}' have {size}; please "
                    "report this as a bug"
                )
            size, networks = found.value, [found.verdict]
        if size == whole.value:
            top += group  # inside the network and of its dimension: the same closure
            continue
        images.append(_Image(name_over(first), first.small, group, size, networks, []))
    images.sort(key=lambda i: -i.dimension)
    merged: list[_Image] = []
    for image in images:
        same = next((m for m in merged if m.dimension == image.dimension and (image.within(m) or m.within(image))), None)
        if same is None:
            merged.append(image)
            continue
        simpler = min((same, image), key=lambda i: (i.model.parameters if i.model else 0, i.name))
        same.also.append(image.name if simpler is same else same.name)
        same.name, same.model, same.facts = simpler.name, simpler.model, same.facts + image.facts
        same.networks += image.networks
    return top, merged


def _undecided(images: list[_Image], seed: int) -> list[list[str]]:
    """Pairs of names for which sizes do not show an inclusion, and neither dimensions nor equations exclude it."""
    pairs = {(a, b) for a, x in enumerate(images) for b, y in enumerate(images) if a != b and x.within(y)}
    while more := {(a, d) for a, b in pairs for c, d in pairs if b == c and a != d} - pairs:
        pairs |= more
    undecided = []
    systems: dict[int, FoundEquations | None] = {}
    for a, x in enumerate(images):
        for b, y in enumerate(images):
            if a == b or (a, b) in pairs or (b, a) in pairs or x.dimension > y.dimension or (x.dimension == y.dimension and b < a):
                continue
            if x.model is None or y.model is None:
                continue  # the zero function is in all; none but it is in the zero function
            if b not in systems:
                systems[b] = equations_of(y.model, y.dimension, seed) if len(systems) < _SEARCHED and not used_up() else None
            system = systems[b]
            if system is None or not excluded(x.model, system, seed):
                undecided.append([x.name, y.name])
    return undecided


def _stratum(f: StratumFacts) -> StratumRow:
    s: WeightStratum = f.stratum
    return {"name": s.name, "kind": s.kind, "dimension": f.dimension, "rank": f.rank, "fiber": f.fiber, "copies": s.copies}
