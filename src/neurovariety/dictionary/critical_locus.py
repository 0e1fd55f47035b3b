"""Critical locus of the parametrization: weights at which the Jacobian drops rank.

At weights w the gradient of any loss is J_w^T times the gradient in function space. Where the rank of J_w is the dimension of the
neuromanifold, training stalls only at a critical point of the loss on the manifold; where it is less, the corank counts directions
that training cannot see, and critical points may be spurious: plateaus and saddles of the parametrization, not of the problem. All of
them lie in the critical locus. It contains strata of smaller networks, but not only those: filters of linear convolutions with a
common root compute functions that may be smooth and interior.

What is proved. The rank over F_p at one integer point is a lower bound of the rank at a general point of the stratum, proved; that it
is equal has `probability` at least 1 - error_bound. On the strata of linear networks rank and dimensions are closed formulas that hold
at every point, `proved`. At special points of a stratum the corank may be larger. Whether the list is the whole critical locus is
``complete``, where a theorem says so. Samples are sparse integer weights; their ranks are exact for their prime.

Sources: Trager, Kohn, Bruna 2020 (linear); Kohn et al. 2022 (linear convolutions); Shahverdi, Marchetti, Kohn 2025 (convolutions).
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import singledispatch
from typing import Annotated, ClassVar, NotRequired, TypedDict

from neurovariety.certificates.issue import legacy
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.exact.generic_rank import rank_at
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.strata.facts import StratumFacts, stratum_facts, weakest
from neurovariety.geometry.strata.known_strata import MOST, weight_strata
from neurovariety.geometry.strata.rank_profiles import all_types
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.parametrization import FilterLayers, Layers
from neurovariety.program.of_model import draw_coefficients
from neurovariety.progress import note, quietly
from neurovariety.randomness import generator
from neurovariety.result import counted
from neurovariety.rings.finite_field import FiniteField
from neurovariety.theorem import Hypothesis, Theorem
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
    corank: int
    functions: int
    fiber: int
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

    ``value`` holds ``rank`` (of J at general weights, the dimension); ``dimension`` and ``codimension`` of the critical locus, as far
    as the strata listed show it (null where none of them is critical); ``complete``, whether a theorem says that they are all;
    ``strata``, each with ``name``, ``kind``, ``dimension`` in weight space, ``rank`` of J at its general points, ``corank`` (how much
    less than at general weights), ``functions`` (the dimension of its functions), ``fiber`` and ``claim``; ``sampled``, rank -> how
    many of the sparse random weights had it.
    """

    entry: ClassVar[str] = "critical-locus"
    value: CriticalLocusValue
    evidence: CriticalLocusEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "trager2020", "schwartz1980")

    def shown(self) -> str:
        v = self.value
        drops = sum(bool(s["corank"]) for s in v["strata"])
        where = "none known" if v["dimension"] is None else f"dimension {v['dimension']}, codimension {v['codimension']}"
        return f"{where} ({drops} of {len(v['strata'])} strata, rank below {v['rank']})"

    def _repeatable(self) -> object:
        return {name: part for name, part in self.value.items() if name != "sampled"}  # which depends on the weights drawn

    def summary(self) -> str:
        lines = [super().summary()]
        lines += [
            f"  {s['name']}: rank {s['rank']} (corank {s['corank']}), dimension {s['dimension']}" for s in self.value["strata"][:12]
        ]
        left = len(self.value["strata"]) - 12
        return "\n".join(lines + ([f"  and {left} more"] if left > 0 else []))


@entry
def critical_locus(
    model: Model,
    *,
    most: Annotated[
        int,
        Option("strata of weights to look at (default: 60)", recorded="asked_most"),
        Whole("most is the number of strata to look at, at least {least}", 1),
    ] = MOST,
    seed: int = DEFAULT_SEED,
) -> CriticalLocusResult:
    """Ranks of the Jacobian of the parametrization of ``source`` on the strata of its weights and at sparse random weights.

    At most ``most`` strata are looked at. Models without known strata are only sampled. Raises `InputError` for unusable input.

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
    critical = [f for f in facts if f.rank < whole.value]
    theorem = _complete(model.parametrization, all_listed)
    at_most_known = max((f.dimension for f in critical), default=None)
    value: CriticalLocusValue = {
        "rank": whole.value,
        "dimension": at_most_known,
        "codimension": None if at_most_known is None else model.parameters - at_most_known,
        "complete": theorem is not None,
        "strata": [_described(f, whole.value) for f in facts],
        "sampled": {str(r): n for r, n in sorted(sampled.items(), reverse=True)},
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
        claims=legacy("critical-locus", weakest([whole.claim, *(f.claim for f in facts)])),
        meaning=_meaning(value, critical),
        evidence=evidence,
        notices=whole.notices if evidence["all_listed"] else (*whole.notices, f"only the first {most} strata were looked at"),
    )


def _described(f: StratumFacts, whole: int) -> CriticalStratum:
    return {
        "name": f.stratum.name,
        "kind": f.stratum.kind,
        "dimension": f.dimension,
        "rank": f.rank,
        "corank": whole - f.rank,
        "functions": f.functions,
        "fiber": f.fiber,
        "claim": str(f.claim),
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


@singledispatch
def _complete(parametrization: object, all_listed: bool) -> Theorem | None:
    """The theorem that the critical locus is the union of the critical strata listed, by the kind of parametrization; or None."""
    return None


@_complete.register
def _(parametrization: Layers, all_listed: bool) -> Theorem | None:
    if (
        not parametrization.linear
        or parametrization.biases
        or parametrization.skips
        or not all_listed
        or not all_types(parametrization.widths)
    ):
        return None
    name = "weights of a linear network fall into finitely many orbits, on each of which the rank is constant"
    return _union(name, "abeasis1980", "all orbits are listed")


@_complete.register
def _(parametrization: FilterLayers, all_listed: bool) -> Theorem | None:
    activations = parametrization.activations
    if all(a.is_monomial and a.degree >= 2 for a in activations) and activations and all_listed:
        name = "away from the zero function the parametrization is an immersion modulo scalings"
        return _union(name, "shahverdi2025", "one channel, monomial activations of degree at least 2")
    if parametrization.composed:
        # Common roots and zero filters come before padded filters in the list; on these the rank drops only with those.
        name = "the rank drops exactly where two filters have a common root, or one is zero"
        return _union(name, "kohn2022", "one channel, linear, strides 1")
    return None


def _union(name: str, source: str, hypothesis: str) -> Theorem:
    statement = "the critical locus is the union of the strata listed"
    return Theorem(name, "critical locus", 0, statement, source, (Hypothesis(hypothesis, True),))


def _meaning(value: CriticalLocusValue, critical: list[StratumFacts]) -> str:
    if not critical:
        text = "J keeps its rank on all strata of weights that are known" if value["strata"] else "no strata of its weights are known"
        low = [int(r) for r in value["sampled"] if int(r) < value["rank"]]
        return text + (f"; at sparse random weights it falls to {min(low)} of {value['rank']}" if low else "")
    largest = max(critical, key=lambda f: f.dimension)
    deepest = min(critical, key=lambda f: f.rank)
    where = counted(len(critical), "stratum").replace("stratums", "strata")
    text = (
        f"J drops rank on {where} of weights: the largest ({largest.stratum.name}) has codimension {value['codimension']}, at the "
        f"deepest ({deepest.stratum.name}) {deepest.rank} of {value['rank']} directions remain"
    )
    text += ": there gradients can vanish although the loss can be lowered"
    return text + ("; there are no others" if value["complete"] else "; others are not excluded")
