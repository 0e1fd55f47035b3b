"""Critical locus of the parametrization: weights at which the Jacobian drops rank.

At weights w the gradient of any loss is J_w^T times the gradient in function space. Where the rank of J_w is the dimension of the
neuromanifold, training stalls only at a critical point of the loss on the manifold; where it is less, the corank counts directions
that training cannot see, and critical points may be spurious: plateaus and saddles of the parametrization, not of the problem. All of
them lie in the critical locus. It contains strata of smaller networks, but not only those: filters of linear convolutions with a
common root compute functions that may be smooth and interior.

What is proved. The rank over F_p at one integer point is a lower bound of the rank at a general point of the stratum, proved; that it
is equal has `probability` at least 1 - error_bound. On the strata of linear networks rank and dimensions are closed formulas that hold
at every point, `proved`. At special points of a stratum the corank may be larger. Where a theorem says that the strata listed are all,
``complete`` is true; elsewhere the locus has at least the dimension given, and at most the codimension. Samples are sparse integer
weights; their ranks are exact for their prime. Of a network with analytic activations or softmax the rank on a stratum is at most what
exact directions leave that change no function, and at general points that, where a minor in ball arithmetic is not 0 at one of them.

Sources: Trager, Kohn, Bruna 2020 (linear); Kohn et al. 2022 (linear convolutions); Shahverdi, Marchetti, Kohn 2025 (convolutions).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, NotRequired, TypedDict, cast

from neurovariety.beyond.analytic.critical_weights import critical_weights
from neurovariety.beyond.analytic.rank_in_balls import Smooth, definability
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.phrases import EXACT
from neurovariety.certificates.sentences import FROM_ABOVE, SURE, Gloss
from neurovariety.certificates.smooth_strata import SmoothCriticalLocus
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stratum_ranks import CriticalDimension, CriticalUnion, StrataTable
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry_of_both
from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.exact.generic_rank import rank_at
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.strata.critical_union import critical_union
from neurovariety.geometry.strata.exact_strata import exact_strata
from neurovariety.geometry.strata.facts import StratumFacts, shown_facts, stratum_facts
from neurovariety.geometry.strata.known_strata import MOST, weight_strata
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.program.of_model import draw_coefficients
from neurovariety.progress import note, quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.rings.finite_field import FiniteField
from neurovariety.theorem import Theorem
from neurovariety.tolerances import DEFAULT_SEED, EXTRA_SAMPLES, PRIME_BITS

_SAMPLES = 40
"""Sparse weights at which the rank is taken as well, where a model has not many parameters."""

_SAMPLED_PARAMETERS = 400
_STREAM = "dictionary.critical_locus"


class CriticalStratum(TypedDict):
    """A stratum of weights; its fields are those of `CriticalLocusResult`."""

    name: str
    kind: str
    dimension: int
    rank: int
    corank: int | None
    functions: int | None
    fiber: int | None
    claim: str


class CriticalLocusValue(TypedDict):
    rank: int
    dimension: int | None
    codimension: int | None
    complete: bool
    strata: list[CriticalStratum]
    sampled: dict[str, int]


class CriticalLocusEvidence(TypedDict):
    """What the ranks rest on."""

    asked_most: NotRequired[int]
    parameters: int
    all_listed: bool
    rank_claim: str
    error_bound: float | None
    primes: list[int]
    seeds: list[int]
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class CriticalLocusResult(EntryResult):
    """Where the parametrization drops rank.

    ``value`` holds ``rank`` (of J at general weights, the dimension); ``dimension`` and ``codimension`` of the critical locus, bounds
    where strata beside those listed are not excluded (null where none of them is critical); ``complete``, whether a theorem says that
    they are all; ``strata``, each with ``name``, ``kind``, ``dimension`` in weight space, ``rank`` of J at its general points,
    ``corank`` (how much less than at general weights; at least that where one of the two ranks is a bound), ``functions`` (the
    dimension of its functions), ``fiber`` and ``claim``; differences of numbers that are known from below only are null; ``sampled``,
    rank -> how many of the sparse random weights had it.
    """

    entry: ClassVar[str] = "critical-locus"
    headline: ClassVar[tuple[str, ...]] = ("rank", "strata")
    value: CriticalLocusValue
    evidence: CriticalLocusEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "trager2020", "schwartz1980")

    def speaks(self) -> tuple[str, ...]:
        return ("rank", "strata") if self.value["dimension"] is None else ("rank", "strata", "codimension")

    def shown(self) -> str:
        v = self.value
        drops = sum(bool(s["corank"]) for s in v["strata"])
        low, high = ("", "") if self.verdicts["dimension"].claim is not Claim.LOWER_BOUND else ("at least ", "at most ")
        none = "drops at some weights that were drawn" if _seen_low(v) else "none known"
        if not v["strata"]:
            return none
        where = none if v["dimension"] is None else f"dimension {low}{v['dimension']}, codimension {high}{v['codimension']}"
        strata = counted(len(v["strata"]), "stratum").replace("stratums", "strata")
        return f"{where} ({drops} of {strata}, rank below {v['rank']})"

    def _repeatable(self) -> object:
        return {name: part for name, part in self.value.items() if name != "sampled"}  # which depends on the weights drawn

    def summary(self) -> str:
        lines = [super().summary()]
        sure = self.verdicts["rank"].claim in EXACT
        lines += [f"  {s['name']}: {_ranks(s, sure)}" for s in self.value["strata"][:12]]
        left = len(self.value["strata"]) - 12
        return "\n".join(lines + ([f"  and {left} more"] if left > 0 else []))


def _ranks(stratum: CriticalStratum, sure: bool) -> str:
    """Of a stratum; ``sure``: whether the rank at general weights is known exactly."""
    rank, dimension, bounded = stratum["rank"], stratum["dimension"], stratum["claim"] == Claim.UPPER_BOUND
    if stratum["claim"] == Claim.LOWER_BOUND:
        return f"rank at least {rank}, dimension at least {dimension}"
    least = "at least " if bounded or not sure else ""
    corank = "" if stratum["corank"] is None else f" (corank {least}{stratum['corank']})"
    return f"rank {'at most ' if bounded else ''}{rank}{corank}, dimension {dimension}"


MostOption = Annotated[
    int,
    Option("strata of weights to look at (default: 60)", recorded="asked_most"),
    Whole("most is the number of strata to look at, at least {least}", 1),
]


def _of_analytic(network: Smooth, *, most: int, seed: int) -> CriticalLocusResult:
    """Known sets of weights of a network with analytic activations, or softmax."""
    found = critical_weights(network, most, seed)
    whole = found.whole
    none = "no set of weights is shown to be critical"

    def part(key: str, nothing: object) -> Verdict:
        try:
            return issue(SmoothCriticalLocus(key, network.parameters, whole.verdict, found.ranks), network)
        except NotShown:
            return weak(Statement(f"critical locus: {key}", network.hash, nothing), Claim.UNDECIDED, none)

    counts = {str(r): number for r, number in sorted(found.sampled.items(), reverse=True)}
    claims = {
        "rank": whole.verdict,
        "dimension": part("dimension", None),
        "codimension": part("codimension", None),
        "complete": weak(Statement("critical locus: complete", network.hash, False), Claim.UNDECIDED, "no theorem says so"),
        "strata": part("strata", []),
        "sampled": weak(Statement("critical locus: sampled", network.hash, counts), Claim.ESTIMATE, "at weights that were drawn"),
    }
    value = cast("CriticalLocusValue", {key: verdict.statement.value for key, verdict in claims.items()})
    return CriticalLocusResult(
        value=value,
        claims=claims,
        evidence={
            "parameters": network.parameters,
            "all_listed": found.all_listed,
            "rank_claim": str(whole.verdict.claim),
            "error_bound": None,
            "primes": [],
            "seeds": [seed],
            "theorems": [dict(t) for t in definability(network)],
        },
        glosses=_glosses(value),
        notices=() if found.all_listed else (f"only the first {most} strata were looked at",),
    )


@entry_of_both(_of_analytic)
def critical_locus(
    model: Model,
    *,
    most: MostOption = MOST,
    seed: int = DEFAULT_SEED,
) -> CriticalLocusResult:
    """Ranks of the Jacobian of the parametrization of ``source`` on the strata of its weights and at sparse random weights.

    At most ``most`` strata are looked at. Models without known strata are only sampled. Of mlp with an analytic activation (tanh, gelu,
    ...), and of attention with softmax, the strata are sets of weights with a known cause: a unit that is read by none or reads
    nothing, two units that read the same or opposite values, a head without V, K or Q, two heads with the same K and Q. Raises
    `InputError` for unusable input.

    >>> result = critical_locus("cnn(3,4; x)")
    >>> [(s["name"], s["rank"]) for s in result.value["strata"] if s["kind"] == "shared root"]
    [('filters 1 and 2 with a common root', 5), ('filters 1 and 2 with 2 common roots', 4)]
    """
    whole = quietly(dimension_of, model, seed=seed)
    bound = whole.at_most
    listed = weight_strata(model, most=most)
    all_listed = len(weight_strata(model, most=most + 1)) <= most
    facts: list[StratumFacts] = []
    for index, stratum in enumerate(listed):
        facts.append(stratum_facts(stratum, seed, index, bound))
        note(strata=index + 1)
    sampled = _sampled(model, seed, bound) if model.parameters <= _SAMPLED_PARAMETERS else {}
    theorem = critical_union(model, [f.stratum.name for f in facts])
    claims = _claims(model, whole, facts, theorem, sampled)
    value: CriticalLocusValue = {
        "rank": whole.value,
        "dimension": claims["dimension"].statement.value,
        "codimension": claims["codimension"].statement.value,
        "complete": theorem is not None,
        "strata": claims["strata"].statement.value,
        "sampled": claims["sampled"].statement.value,
    }
    evidence: CriticalLocusEvidence = {
        "parameters": model.parameters,
        "all_listed": all_listed,
        "rank_claim": str(whole.claim),
        "error_bound": max((f.error for f in facts), default=0.0) or None,
        "primes": sorted({p for f in facts for p in f.primes}),
        "seeds": [seed],
        "theorems": [*(t.to_dict() for t in whole.theorems), *([theorem.to_dict()] if theorem else [])],
    }
    return CriticalLocusResult(
        value=value,
        claims=claims,
        evidence=evidence,
        glosses=_glosses(value),
        notices=whole.notices if evidence["all_listed"] else (*whole.notices, f"only the first {most} strata were looked at"),
    )


def _claims(
    model: Model, whole: Dimension, facts: list[StratumFacts], theorem: Theorem | None, sampled: Mapping[int, int]
) -> dict[str, Verdict]:
    """A verdict for each key: the rank is the dimension; the strata have theirs; the locus is as large as the largest critical one."""
    exact, n = exact_strata(model), model.parameters
    upper = issue(whole.upper.certificate, exact_coefficients(model))
    ranks = tuple(shown_facts(f, upper) for f in facts)
    names, none = tuple(f.stratum.name for f in facts), "no stratum of weights is shown to be critical"
    union = None if theorem is None else issue(CriticalUnion(exact.hash, names, theorem.name, theorem.source), exact)

    def size(part: Literal["dimension", "codimension"]) -> Verdict:
        try:
            return issue(CriticalDimension(whole.verdict, ranks, n, part, union), exact)
        except NotShown:
            return weak(Statement(f"critical locus: {part}", exact.hash, None), Claim.UNDECIDED, none)

    rows: list[CriticalStratum] = []
    table = StrataTable(whole.verdict, ranks, tuple(f.stratum.kind for f in facts))
    counts = {str(r): number for r, number in sorted(sampled.items(), reverse=True)}
    return {
        "rank": whole.verdict,
        "dimension": size("dimension"),
        "codimension": size("codimension"),
        "complete": union or weak(Statement("critical locus: complete", exact.hash, False), Claim.UNDECIDED, "no theorem says so"),
        "strata": issue(table, exact) if facts else weak(Statement("critical locus: strata", exact.hash, rows), Claim.UNDECIDED, none),
        "sampled": weak(Statement("critical locus: sampled", exact.hash, counts), Claim.ESTIMATE, "at weights that were drawn"),
    }


def _sampled(model: Model, seed: int, bound: int) -> Counter[int]:
    """Ranks at random weights of which about half are zero."""
    rng = generator(seed, _STREAM)
    p = random_prime(PRIME_BITS, rng)
    field = FiniteField(p)
    found: Counter[int] = Counter()
    for _ in range(_SAMPLES):
        weights = rng.integers(1, p, size=model.parameters) * rng.integers(0, 2, size=model.parameters)
        point = Point(field, field.constant(weights), draw_coefficients(model, field, rng), rng)
        inputs = point.inputs(model, math.ceil(bound / model.outputs) + EXTRA_SAMPLES)
        try:
            found[rank_at(model, p, point, inputs)[0]] += 1
        except DivisionByZeroError:
            continue  # no function there
    return found


def _seen_low(value: CriticalLocusValue) -> list[int]:
    """The ranks below the general one that were met at random weights."""
    return [int(r) for r in value["sampled"] if int(r) < value["rank"]]


def _glosses(value: CriticalLocusValue) -> tuple[Gloss, ...]:
    """What a lower rank means for training, and where else it may be lower."""
    if value["dimension"] is None:
        low = _seen_low(value)
        seen = f"at sparse random weights the rank of the Jacobian was seen to fall to {min(low, default=0)} of {value['rank']}"
        return (Gloss(seen, {}),) if low else ()
    others = (
        Gloss("the rank drops nowhere else", {"complete": SURE})
        if value["complete"]
        else Gloss("other weights where it drops are not excluded", {})
    )
    vanishes = "where the rank drops, the loss can be stationary in the weights without being so in the functions"
    deepest = min((s["rank"] for s in value["strata"] if s["corank"]), default=0)
    fallen = min((int(r) for r in value["sampled"]), default=deepest)
    deeper = Gloss(f"at sparse random weights the rank was seen to fall to {fallen}, below that on any stratum looked at", {})
    return (others, *([deeper] if fallen < deepest else []), Gloss(vanishes, {"codimension": FROM_ABOVE}))
