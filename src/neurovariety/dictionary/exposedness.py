"""Critical exposedness: can training come to rest at smaller networks for an open set of targets?

A stratum S of weights (a neuron is dead, two are proportional, a filter is padded by zeros) is critically exposed if the targets u for
which some w in S is stationary, U_S = union over w in S of f_w + (normal space at w), have interior among all functions of the span.
Then a random target has stationary weights in S with positive probability. That is the mechanism by which perceptrons are drawn to
sparse networks, and convolutional ones are not.

Exposed says stationary, not minimal: determinantal strata of linear networks are exposed, and all their points are saddles in the
Frobenius norm. How often such a point is a local minimum is sampled beside it; how often the best fit lies there is what `voronoi`
asks.

What is proved. The dimension of U_S is a rank over a prime field at a random point of S and a random normal there
(`training.bias.normal_bundle`), which falls short with at most the probability ``error_bound``: the claim is `probability`, or
`estimate` where that bound is no longer small. Normals are taken with respect to the quadric, `generic` with respect to one that was
drawn; strata over one function may differ, and strata that are not listed may be exposed. The general rank over the complex numbers is
that at real
points too, for real points of S and of its normal spaces are Zariski dense; so where U_S has interior over C it has over R. Shares
of minima are sampled.

Sources: Shahverdi, Marchetti, Kohn 2025 (critical exposedness); Marchetti et al. 2025, 4.2; Schwartz 1980.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypedDict

from neurovariety.budget import used_up
from neurovariety.certificates.critical_exposure import CoefficientCount, ExposureTable, StationaryTargets
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.sentences import Gloss
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Inputs
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import InputError, VerificationError
from neurovariety.exact_numbers import float_table
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.geometry.exact.wilson_interval import wilson
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.geometry.invariants.rank_at_data import exact_inputs
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.model import Model
from neurovariety.options import Option, Whole
from neurovariety.progress import note
from neurovariety.randomness import generator
from neurovariety.result import counted, plain
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.bias.inner_product import exact_quadric, words_of_metric
from neurovariety.training.bias.local_minima import minima_among
from neurovariety.training.bias.normal_bundle import Incidence, QuadricOnStrata

_STREAM = "dictionary.exposedness"
_SAMPLES = 60


class ExposedStratum(TypedDict):
    """A stratum of weights; its fields are those of `ExposednessResult`."""

    name: str
    kind: str
    function: str
    dimension: int
    rank: int
    targets: int
    critically_exposed: bool


class SampledMinima(TypedDict):
    """The share of local minima among stationary points that were sampled, with its interval; ``of`` so many."""

    share: float
    low: float
    high: float
    of: int


class ExposednessValue(TypedDict):
    ambient: int
    strata: int
    critically_exposed: int
    table: list[ExposedStratum]
    minima: dict[str, SampledMinima]


class ExposednessEvidence(TypedDict):
    """What ranks and shares rest on. ``whole``: ``rank`` and ``targets`` of all weights."""

    metric: str
    whole: dict[str, int]
    primes: list[int]
    samples: int
    error_bound: float
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class ExposednessResult(EntryResult):
    """``value``: ``ambient`` (coefficients V that some weight changes), ``strata`` (how many are looked at), ``critically_exposed``
    (how many of these have a U_S with interior), ``table``: for each stratum of weights ``name``, ``kind``, ``function`` (the smaller
    network), ``dimension``, ``rank`` of J, ``targets`` (dimension of U_S), ``critically_exposed``; and ``minima``: by the name of a
    stratum, of stationary points sampled there the ``share`` that are local minima, with its interval ``low``, ``high``, of how many.

    ``evidence``: ``metric``, ``whole`` (the same for all weights), ``primes``, ``error_bound``, ``samples``.
    """

    entry: ClassVar[str] = "exposedness"
    headline: ClassVar[tuple[str, ...]] = ("ambient", "critically_exposed", "table")
    spoken: ClassVar[tuple[str, ...]] = ("table", "ambient")
    value: ExposednessValue
    evidence: ExposednessEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "shahverdi2026razor", "schwartz1980")

    def _repeatable(self) -> object:
        return plain({key: part for key, part in self.value.items() if key != "minima"})  # which are sampled anew

    def _repeated(self, seed: int | None) -> ExposednessResult:
        """All ranks again at other points. Raises `VerificationError` where one differs; shares of minima are sampled anew."""
        again = self._again(seed)
        if again._repeatable() != self._repeatable():
            raise VerificationError(f"exposedness of {self.subject}: recorded {self.shown()}, recomputed {again.shown()}")
        return again

    def shown(self) -> str:
        v = self.value
        return f"{v['critically_exposed']} of {counted(v['strata'], 'stratum').replace('stratums', 'strata')} critically exposed"


@entry
def exposedness(
    model: Model,
    *,
    metric: Annotated[
        Literal["generic", "frobenius", "bombieri", "gaussian", "uniform", "data"],
        Option("the quadratic form of the loss (default: frobenius)"),
    ] = "frobenius",
    data: Inputs = None,
    samples: Annotated[
        int | None,
        Option("stationary points sampled on each stratum for the share of minima (default: 60)"),
        Whole("the number of samples is a whole number from {least} to {most:,}", 0, 100_000),
    ] = None,
    seed: int = DEFAULT_SEED,
) -> ExposednessResult:
    """Which strata of smaller networks are critically exposed, and how often their stationary points are local minima.

    ``metric``: the quadric of the loss, ``generic``, ``frobenius``, ``bombieri``, ``gaussian``, ``uniform``, or ``data`` with inputs
    ``data`` (S, features). ``samples``: stationary points sampled on each stratum (60; 0: none). Raises `InputError` for other
    options, for models that are not polynomial or have generic coefficients, and for families without known strata; `ResourceError`
    where the model is too large to write out.

    >>> [row["targets"] for row in exposedness("cnn(2,2; x^2)", metric="generic", samples=0).value["table"]][:4]
    [4, 4, 4, 4]
    """
    samples = _SAMPLES if samples is None else samples
    strata = _strata(model, metric, data)
    named = coefficients_as_polynomials(model)
    monomials, coefficients = list(named), list(named.values())
    quadric = exact_quadric(metric, monomials, None if data is None else exact_inputs(model, data), generator(seed, _STREAM))
    loss = QuadricOnStrata(model, coefficients, quadric, words_of_metric(metric), strata)
    whole = loss.incidence(None, generator(seed, _STREAM, 1))
    written, matrix = PolynomialValues(coefficients, model.parameters), float_table(quadric, "products of data")
    found: list[Incidence] = []
    minima: dict[str, SampledMinima] = {}
    for k, stratum in enumerate(strata):
        note(phase=f"exposedness of {stratum.name}, {k + 1} of {len(strata)} strata")
        found.append(loss.incidence(stratum, generator(seed, _STREAM, 2, k)))
        if samples and not used_up():
            least = minima_among(stratum, written, matrix, samples, generator(seed, _STREAM, 3, k))
            low, high = wilson(least, samples)
            minima[stratum.name] = {"share": least / samples, "low": low, "high": high, "of": samples}
    claims = _claims(loss, strata, found, minima)
    value: ExposednessValue = {
        "ambient": whole.ambient,
        "strata": len(found),
        "critically_exposed": claims["critically_exposed"].statement.value,
        "table": claims["table"].statement.value,
        "minima": minima,
    }
    return ExposednessResult(
        value=value,
        claims=claims,
        evidence={
            "metric": metric, "whole": {"rank": whole.rank, "targets": whole.targets},
            "primes": [whole.place.prime, *(f.place.prime for f in found)], "samples": samples,
            "error_bound": min(1.0, claims["table"].statement.error or 1.0), "theorems": [],
        },
        glosses=_glosses(value, {s.name for s, f in zip(strata, found, strict=True) if f.rank == f.functions == whole.rank}),
    )  # fmt: skip


def _strata(model: Model, metric: str, data: object) -> tuple[WeightStratum, ...]:
    """The known strata of a model. Raises `InputError` for data without their metric, and where none are known."""
    if data is not None and metric != "data":
        raise InputError(f"metric {metric} takes no data; leave them out, or choose metric data")
    require_polynomial(model)
    strata = weight_strata(model)
    if not strata:
        raise InputError(
            f"no strata of smaller networks are known for {model.name}: they follow from hidden units, of which none are known"
        )
    return strata


def _claims(
    loss: QuadricOnStrata, strata: Sequence[WeightStratum], found: Sequence[Incidence], minima: Mapping[str, SampledMinima]
) -> dict[str, Verdict]:
    """A verdict for each key; an estimate of the ranks where the bound of the error says little."""
    model, quadric = loss.hash, loss.quadric_hash
    own = [
        StationaryTargets(model, quadric, s.name, f.place, f.stratum, f.rank, f.seen, f.moving, f.ambient)
        for s, f in zip(strata, found, strict=True)
    ]
    try:
        shown = tuple(issue(c, loss) for c in own)
    except NotShown as reason:
        shown = tuple(weak(c.concludes()[0], Claim.ESTIMATE, str(reason)) for c in own)
    words = tuple((s.kind, "zero" if s.small is None else s.small.name) for s in strata)
    return {
        "ambient": issue(CoefficientCount(model, found[0].ambient), loss),
        "strata": weak(
            Statement("exposedness: strata", model, len(found)), Claim.ESTIMATE, "those that are known; there may be others"
        ),
        "critically_exposed": issue(ExposureTable(model, quadric, shown, words, loss.quadric_words, "critically_exposed"), loss),
        "table": issue(ExposureTable(model, quadric, shown, words, loss.quadric_words, "table"), loss),
        "minima": weak(Statement("exposedness: minima", model, minima), Claim.ESTIMATE, "sampled"),
    }


def _glosses(value: ExposednessValue, whole: Collection[str]) -> tuple[Gloss, ...]:
    """How often stationary points were seen to be local minima, on strata that are critically exposed; ``whole``: strata over almost
    all functions, where J drops no rank, which are no smaller networks."""
    minima = value["minima"]
    exposed = [row for row in value["table"] if row["critically_exposed"] and row["name"] not in whole]
    names = [row["name"] for row in exposed if row["name"] in minima]
    sampled = [(minima[name]["share"], minima[name]["of"], name) for name in names]
    if not sampled or all(row["function"] == "zero" for row in exposed):
        return ()
    most, of, name = max(sampled, key=lambda seen: seen[0])
    if not most:
        strata = f"critically exposed strata{' of smaller networks' if whole else ''}"
        return (Gloss(f"no stationary point that was sampled at {strata} looks like a local minimum", {}),)
    often = f"{100 * most:.3g} % of {of} sampled there"
    return (Gloss(f"stationary points look like local minima most often at {name}: {often}", {}),)
