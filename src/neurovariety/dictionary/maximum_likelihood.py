"""Maximum likelihood: every critical point of cross-entropy for stated counts, and the best distribution.

Nonnegative values of a model are read as unnormalized probabilities, as for the ML degree: its coefficients as one distribution, or its
outputs at each input as the probabilities of classes. Fitting them to counts u by cross-entropy, -sum_i u_i log p_i over the sum of all
counts, is maximum likelihood estimation. The entry lists all critical distributions over the complex numbers, of the network and of
smaller ones in it.

What is proved. The points for general counts are `complete` as an ML degree is; those for the stated counts are the ends of paths
from them, each certified by Krawczyk's operator in ball arithmetic, with certified reality, positivity and index: all, where as many
are regular and different as for general counts. Descents from many starts are held against the lists, and a better network weakens the
claims. Where all counts are positive, which is asked for, cross-entropy has a least value over the positive real distributions of the
closure. It is the least in the lists where these are complete and singular distributions are those of smaller networks (a theorem on
the family, for models that are closed under scaling): then a listed network that has it is the global minimum (`complete`), else it is
the best known (`upper_bound`).

Sources: Catanese, Hosten, Khetan, Sturmfels 2006; Hauenstein, Rodriguez, Sturmfels 2014; Krawczyk 1969.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Annotated, Any, ClassVar, TypedDict

import numpy as np

from neurovariety.certificates.issue import NotShown, Verdict, first_shown, issue, weak
from neurovariety.certificates.least_of_lists import LeastOfLists, ValueAt
from neurovariety.certificates.likelihood_of_networks import CrossEntropyOfNetworks
from neurovariety.certificates.model_of_premises import ProblemOfModel
from neurovariety.certificates.parts_of_lists import Part, Said, Together
from neurovariety.certificates.sentences import Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Resume
from neurovariety.dictionary.entry_result import Facts
from neurovariety.dictionary.likelihood_counts import (
    LikelihoodCounts,
    check_positive,
    counts_of_data,
    counts_of_text,
    in_their_own_unit,
)
from neurovariety.dictionary.listed_result import ListedResult, beside_minima
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError
from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.geometry.solutions.attempts import why_incomplete
from neurovariety.geometry.strata.smaller_models import Strata, strata_of
from neurovariety.model import Array, Model
from neurovariety.options import Option, Real
from neurovariety.randomness import generator
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.critical.cross_entropy import CrossEntropyPoint, CrossEntropyStage, cross_entropy_stage, distribution_terms
from neurovariety.training.critical.likelihood_descents import likelihood_descents

_STREAM = "dictionary.maximum_likelihood"
_SHOWN = 200
_SAME = 1e-9
_NONE = (Gloss("no real weights were found for a listed distribution with positive probabilities", {}),)


class ListedDistribution(TypedDict):
    """A critical distribution as plain data; complex numbers as pairs."""

    number: int
    stratum: str | None
    real: bool
    positive: bool
    cross_entropy: float | None
    index: int | None
    kind: str
    probabilities: list[float] | list[list[float]]
    radius: float
    weights: list[float] | None
    weights_certified: bool


class MaximumLikelihoodValue(TypedDict):
    complex: int
    real: int
    positive: int
    minima: int
    at_subnetworks: int
    least: float | None
    global_minimum: str


class MaximumLikelihoodEvidence(TypedDict):
    """What the lists rest on. ``read``: coefficients or outputs, as probabilities."""

    points: list[ListedDistribution]
    read: str
    terms: list[str]
    counts: list[float]
    stages: list[Facts]
    reason: str
    falsifier: Facts
    contradiction: str | None


@dataclass(frozen=True, repr=False)
class MaximumLikelihoodResult(ListedResult):
    """``value``: ``complex`` critical distributions of the network's smooth part, ``real`` and ``positive`` ones, ``minima`` of
    cross-entropy among those of real networks, ``at_subnetworks`` (complex ones of smaller networks), ``least`` cross-entropy of a
    network known (None: none is) and what is claimed of it (``global_minimum``).

    ``points``: all as `CrossEntropyPoint`. ``evidence``: ``points`` as plain data, ``counts``, ``terms`` they belong to, ``stages``,
    ``reason``.
    """

    entry: ClassVar[str] = "maximum-likelihood"
    headline: ClassVar[tuple[str, ...]] = ("complex", "real", "at_subnetworks", "least", "global_minimum")
    spoken: ClassVar[tuple[str, ...]] = ("complex", "real", "positive", "minima", "at_subnetworks", "least")
    value: MaximumLikelihoodValue
    evidence: MaximumLikelihoodEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "hauenstein2014", "huh2014", "krawczyk1969")
    points: tuple[CrossEntropyPoint, ...] = field(default=(), compare=False)

    @classmethod
    def read_point(cls, data: Any) -> CrossEntropyPoint:
        return CrossEntropyPoint.from_plain(data)


CountsOption = Annotated[
    str | None,
    Option("counts of the coefficients, as polynomials, one an output: '4*x0 + 2*x1; 2*x0 + 4*x1'"),
]

DataOption = Annotated[
    Any,
    Option(
        "file with a table: inputs, and how often each class was seen there",
        kind="dataset",
        columns="columns of --data with the counts of classes, separated by commas",
    ),
]

SmoothingOption = Annotated[
    float,
    Option("added to every count (default: 0)"),
    Real("smoothing is a number of at least 0 that is added to every count", zero=True),
]


@entry
def maximum_likelihood(
    model: Model,
    *,
    counts: CountsOption = None,
    data: DataOption = None,
    smoothing: SmoothingOption = 0.0,
    resume: Resume = None,
    seed: int = DEFAULT_SEED,
) -> MaximumLikelihoodResult:
    """Every critical point of cross-entropy between stated counts and the distributions of ``source``.

    ``counts``: for the coefficients as one distribution, polynomials in x0, x1, ... whose coefficients are the counts, one an output,
    separated by semicolons (default: random ones). ``data``: a `Dataset` with targets, or a pair of tables (samples, inputs) and
    (samples, outputs): how often each class was seen at each input. ``smoothing``: a number added to every count, as in label
    smoothing; counts must then be positive, for with a count of 0 the best distribution may have zeros, which are no critical points.
    ``resume``: a file in which the long count of the general problem is kept.

    Raises `InputError` for unusable counts or options, a rational model, or one with a single distribution; `DataError` for unusable
    data; `ResourceError` where the model is too large to write out, or the data are too many.

    >>> maximum_likelihood("linear(2,1,2)", counts="4*x0 + 2*x1; 2*x0 + 4*x1").value["complex"]
    1
    """
    require_polynomial(model)
    if counts is not None and data is not None:
        raise InputError("counts belong to the coefficients, data to the outputs: give one of them")
    terms = distribution_terms(model, seed)
    asked = counts_of_text(model, counts, terms, seed) if data is None else counts_of_data(model, data, seed)
    counts_taken = [count + Fraction(smoothing) for count in asked.exact]
    check_positive(counts_taken, asked.labels)
    numbers = in_their_own_unit(counts_taken)
    if (first := cross_entropy_stage(model, asked.samples, numbers, seed, resume=resume)) is None:
        raise InputError(f"all networks {model.name} give one distribution: nothing is to be fitted; take a larger architecture")
    strata = strata_of(model, first.fills)
    smaller, every = _smaller(strata, asked.samples, numbers, seed, terms)
    stages, strata = [first, *smaller], replace(strata, all_listed=strata.all_listed and every)
    points = _numbered(stages)
    subject = _posed(model, asked, counts_taken, terms, stages, strata)
    known = _known(points, stages, strata, subject, numbers, seed)
    value = _value(points, known)
    complete = all(stage.complete for stage in stages) and not known.contradiction
    doubt = f"{known.contradiction}: the lists are not complete, please report it" if known.contradiction else why_incomplete()
    return MaximumLikelihoodResult(
        value=value,
        claims=_claims(model, value, stages, strata, known),
        glosses=(*beside_minima(model, any(p.stratum and p.positive for p in points)), *(_NONE if value["least"] is None else ())),
        evidence={
            "points": [_plain(p) for p in points[:_SHOWN]],
            "read": "coefficients" if asked.samples is None else "outputs",
            "terms": asked.labels,
            "counts": nearest_floats(counts_taken, "a count"),
            "stages": [stage.evidence for stage in stages],
            "reason": known.reason,
            "falsifier": known.falsifier,
            "contradiction": known.contradiction or None,
        },
        notices=(*asked.notices, *(() if complete else (doubt,))),
        options={"counts": asked.text},
        points=points,
    )


def _posed(
    model: Model,
    asked: LikelihoodCounts,
    counts: Sequence[Fraction],
    terms: tuple[tuple[int, tuple[int, ...]], ...],
    stages: Sequence[CrossEntropyStage],
    strata: Strata,
) -> CrossEntropyOfNetworks:
    """Cross-entropy as certificates see it, with the lists that it is least in."""
    families = tuple(stage.family for stage in stages if stage.family is not None)
    rows = None if asked.samples is None else tuple(tuple(map(Fraction, row)) for row in np.asarray(asked.samples).tolist())
    return CrossEntropyOfNetworks(exact_coefficients(model), tuple(counts), terms, rows, families, _singular(stages, strata)[0])


@dataclass(frozen=True)
class _LeastKnown:
    """The least cross-entropy of a network known, what is claimed of it and why, what descents found, what contradicts the lists."""

    least: float | None
    claim: str
    reason: str
    falsifier: Facts
    verdict: Verdict | None
    contradiction: str = ""


def _known(
    points: Sequence[CrossEntropyPoint],
    stages: Sequence[CrossEntropyStage],
    strata: Strata,
    subject: CrossEntropyOfNetworks,
    numbers: Array,
    seed: int,
) -> _LeastKnown:
    """What lists and descents say of the least cross-entropy."""
    best = min((p for p in points if p.positive and p.weights is not None), key=lambda p: p.cross_entropy, default=None)
    verdict = _shown_least(best, stages, subject)
    claim = "undecided" if verdict is None else str(verdict.claim)
    reason = _why(best, points, stages, strata) if claim != "complete" else f"least in complete lists; {subject.singular}"
    first = stages[0]
    assert first.search is not None
    found = likelihood_descents(first.search, numbers, points, first.dimension, generator(seed, _STREAM, 1))
    least = None if best is None else best.cross_entropy
    facts = {"descents": found.descents, "least": found.cross_entropy if np.isfinite(found.cross_entropy) else None}
    if found.weights is None or not (best is None or found.below(least)):
        return _LeastKnown(least if verdict is not None else None, claim, reason, facts, verdict)
    at = ValueAt(subject.hash, tuple(found.weights.tolist()), found.cross_entropy, _SAME * max(abs(found.cross_entropy), 1.0))
    better = _or_none(at, subject)
    words, doubtful = "a descent found a better network than any listed", best is not None and first.complete and found.full_rank
    value, said = (None, "undecided") if better is None else (found.cross_entropy, str(better.claim))
    if claim == "complete" or doubtful:
        return _LeastKnown(value, said, f"{words}; please report it", facts, better, words)
    return _LeastKnown(value, said, words, facts, better)


def _or_none(at: ValueAt, subject: CrossEntropyOfNetworks) -> Verdict | None:
    try:
        return issue(at, subject)
    except NotShown:
        return None


def _claims(
    model: Model, value: MaximumLikelihoodValue, stages: Sequence[CrossEntropyStage], strata: Strata, known: _LeastKnown
) -> dict[str, Verdict]:
    """One claim for the list of smooth distributions, one for the minima among these, one for smaller networks, one for the least."""
    own, first = exact_functions(model).hash, stages[0].listed
    claims = {key: _undecided(key, part) for key, part in value.items()}
    if known.contradiction:
        return claims
    for key in ("complex", "real", "positive", "minima"):
        if first is not None and first.statement.value[key] == value[key]:
            claims[key] = issue(Part(f"maximum-likelihood: {key}", own, first), ProblemOfModel(own, (first.statement.subject,)))
    smaller = tuple(stage.listed for stage in stages[1:] if stage.listed is not None)
    if len(smaller) == len(stages) - 1:
        claims["at_subnetworks"] = issue(
            Together("maximum-likelihood: at_subnetworks", own, smaller, strata.all_listed),
            ProblemOfModel(own, tuple(v.statement.subject for v in smaller), strata.all_listed),
        )
    if known.verdict is not None:
        posed = ProblemOfModel(own, (known.verdict.statement.subject,))
        claims["least"] = issue(Part("maximum-likelihood: least", own, known.verdict), posed)
        claims["global_minimum"] = issue(Said("maximum-likelihood: global_minimum", own, known.verdict), posed)
    return claims


def _undecided(key: str, value: object) -> Verdict:
    return weak(Statement(f"maximum-likelihood: {key}", "", value), Claim.UNDECIDED, "not shown")


def _shown_least(
    best: CrossEntropyPoint | None, stages: Sequence[CrossEntropyStage], subject: CrossEntropyOfNetworks
) -> Verdict | None:
    """What is shown of the least value, from the best network known; None where nothing is."""
    if best is None or best.weights is None:
        return None
    lists = tuple(stage.listed for stage in stages if stage.listed is not None)
    weights = tuple(np.asarray(best.weights).tolist())
    at = ValueAt(subject.hash, weights, best.cross_entropy, _SAME * max(abs(best.cross_entropy), 1.0))
    try:
        return first_shown(subject, *([LeastOfLists(at, lists)] if len(lists) == len(stages) else []), at)
    except NotShown:
        return None


def _numbered(stages: Sequence[CrossEntropyStage]) -> tuple[CrossEntropyPoint, ...]:
    points = [p for stage in stages for p in stage.points]
    points.sort(key=lambda p: (bool(p.stratum), not p.real, not p.positive, p.cross_entropy if p.positive else 0.0))
    return tuple(replace(p, number=k + 1) for k, p in enumerate(points))


def _value(points: Sequence[CrossEntropyPoint], known: _LeastKnown) -> MaximumLikelihoodValue:
    smooth = [p for p in points if not p.stratum]
    return {
        "complex": len(smooth),
        "real": sum(p.real for p in smooth),
        "positive": sum(p.positive for p in smooth),
        "minima": sum(p.kind == "minimum" and p.weights is not None for p in smooth),
        "at_subnetworks": len(points) - len(smooth),
        "least": known.least,
        "global_minimum": known.claim,
    }


def _smaller(strata: Strata, samples: Array | None, counts: Array, seed: int, terms: object) -> tuple[list[CrossEntropyStage], bool]:
    """Stages of smaller networks, without those on which some coefficient, and so a probability, is always zero; and whether no other
    stratum is left out, one of a single distribution."""
    found, every = [], True
    for stratum in strata.strata:
        if stratum.model is None or (samples is None and distribution_terms(stratum.model, seed) != terms):
            continue
        stage = cross_entropy_stage(stratum.model, samples, counts, seed, stratum.name)
        if stage is not None:
            embedded = tuple(p if p.weights is None else replace(p, weights=stratum.embed(p.weights)) for p in stage.points)
            found.append(replace(stage, points=embedded))
        every = every and stage is not None
    return found, every


def _why(
    best: CrossEntropyPoint | None, points: Sequence[CrossEntropyPoint], stages: Sequence[CrossEntropyStage], strata: Strata
) -> str:
    """Why the best network listed is not shown to be the best of all."""
    if best is None:
        return "no critical distribution is that of a real network"
    lowest = min(p.cross_entropy for p in points if p.positive)
    if lowest < best.cross_entropy - _SAME * max(abs(lowest), 1.0):
        return f"a positive distribution of the closure has {lowest:.6g}, but no real weights were found for it"
    if not all(stage.complete for stage in stages):
        return "not every list is complete"
    return _singular(stages, strata)[1]


def _singular(stages: Sequence[CrossEntropyStage], strata: Strata) -> tuple[str, str]:
    """Why the least is in the lists of all stages, or why it need not be."""
    if stages[0].fills:
        return "the distributions fill their space, which is smooth", ""
    if not stages[0].cone:
        return "", "singular distributions other than those of smaller networks are not excluded"
    if not (strata.theorem and strata.all_listed):
        return "", "singular functions off the listed strata are not excluded"
    return f"singular functions: {strata.theorem}", "what was found is not shown to be the least in balls"


def _plain(point: CrossEntropyPoint) -> ListedDistribution:
    p = point.probabilities
    return {
        "number": point.number,
        "stratum": point.stratum or None,
        "real": point.real,
        "positive": point.positive,
        "cross_entropy": point.cross_entropy if point.positive else None,
        "index": point.index,
        "kind": point.kind,
        "probabilities": p.tolist() if point.real else [[float(v.real), float(v.imag)] for v in p],
        "radius": point.radius,
        "weights": None if point.weights is None else point.weights.tolist(),
        "weights_certified": point.certified,
    }
