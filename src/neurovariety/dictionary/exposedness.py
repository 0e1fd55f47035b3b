"""Critical exposedness: can training come to rest at smaller networks for an open set of targets?

A stratum S of weights (a neuron is dead, two are proportional, a filter is padded by zeros) is critically exposed if the targets u for
which some w in S is stationary, U_S = union over w in S of f_w + (normal space at w), have interior among all functions of the span.
Then a random target has stationary weights in S with positive probability. That is the mechanism by which perceptrons are drawn to
sparse networks, and convolutional ones are not.

Exposed says stationary, not minimal: determinantal strata of linear networks are exposed, and all their points are saddles in the
Frobenius norm. How often such a point is a local minimum is sampled beside it; how often the best fit lies there is what `voronoi`
asks.

What is proved. The dimension of U_S is a rank over a prime field at a random point of S and a random normal there
(`exposure.normal_bundle`), which falls short with at most the probability ``error_bound``: the claim is `probability`, or `estimate`
where that bound is no longer small. Normals are
taken with respect to the quadric; strata over one function may differ. The general rank over the complex numbers is that at real
points too, for real points of S and of its normal spaces are Zariski dense; so where U_S has interior over C it has over R. Shares
of minima are sampled.

Sources: Shahverdi, Marchetti, Kohn 2025 (critical exposedness); Marchetti et al. 2025, 4.2; Schwartz 1980.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypedDict

from neurovariety.budget import used_up
from neurovariety.certificates.issue import legacy
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
from neurovariety.tolerances import DEFAULT_SEED, ERROR_BOUND
from neurovariety.training.bias.inner_product import exact_quadric
from neurovariety.training.bias.local_minima import minima_among
from neurovariety.training.bias.normal_bundle import Incidence, error_bound, incidence

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
    exposed: bool
    minima: float | None
    low: float | None
    high: float | None


class ExposednessValue(TypedDict):
    ambient: int
    strata: int
    exposed: int
    table: list[ExposedStratum]


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
    """``value``: ``ambient`` (coefficients of the span V), ``strata``, ``exposed`` (how many of these have a U_S with interior), and
    ``table``: for each stratum of weights ``name``, ``kind``, ``function`` (the smaller network), ``dimension``, ``rank`` of J,
    ``targets`` (dimension of U_S), ``exposed``, and ``minima``: of ``samples`` stationary points there the share that are local
    minima, with its interval ``low``, ``high``.

    ``evidence``: ``metric``, ``whole`` (the same for all weights), ``primes``, ``error_bound``, ``samples``.
    """

    entry: ClassVar[str] = "exposedness"
    value: ExposednessValue
    evidence: ExposednessEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "shahverdi2026razor", "schwartz1980")

    def _repeated(self, seed: int | None) -> ExposednessResult:
        """All ranks again at other points. Raises `VerificationError` where one differs; shares of minima are sampled anew."""
        again = self._again(seed)
        sampled = ("minima", "low", "high")
        ours, theirs = ([{k: v for k, v in row.items() if k not in sampled} for row in r.value["table"]] for r in (self, again))
        if plain(ours) != plain(theirs):
            raise VerificationError(f"exposedness of {self.subject}: recorded {self.shown()}, recomputed {again.shown()}")
        return again


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
    if data is not None and metric != "data":
        raise InputError(f"metric {metric} takes no data; leave them out, or choose metric data")
    require_polynomial(model)
    strata = weight_strata(model)
    if not strata:
        raise InputError(
            f"no strata of smaller networks are known for {model.name}: they follow from hidden units, of which none are known"
        )
    named = coefficients_as_polynomials(model)
    monomials, coefficients = list(named), list(named.values())
    quadric = exact_quadric(metric, monomials, None if data is None else exact_inputs(model, data), generator(seed, _STREAM))
    n = model.parameters
    whole = incidence(None, coefficients, quadric, n, generator(seed, _STREAM, 1))
    written, matrix = PolynomialValues(coefficients, n), float_table(quadric, "products of data")
    degree = max(sum(e) for f in coefficients for e in f)
    table: list[ExposedStratum] = []
    errors, primes = [], [whole.prime]
    for k, stratum in enumerate(strata):
        note(phase=f"exposedness of {stratum.name}, {k + 1} of {len(strata)} strata")
        found = incidence(stratum, coefficients, quadric, n, generator(seed, _STREAM, 2, k))
        errors.append(error_bound(found, degree, int(stratum.size[0])))
        primes.append(found.prime)
        taken = 0 if used_up() else samples
        table.append(_row(stratum, found, minima_among(stratum, written, matrix, taken, generator(seed, _STREAM, 3, k)), taken))
    exposed = sum(row["exposed"] for row in table)
    return ExposednessResult(
        value={"ambient": whole.ambient, "strata": len(table), "exposed": exposed, "table": table},
        claims=legacy("exposedness", Claim.PROBABILITY if sum(errors) <= ERROR_BOUND else Claim.ESTIMATE),
        meaning=_meaning(table, whole),
        evidence={
            "metric": metric, "whole": {"rank": whole.rank, "targets": whole.targets}, "primes": primes, "samples": samples,
            "error_bound": min(1.0, sum(errors)), "theorems": [],
        },
    )  # fmt: skip


def _row(stratum: WeightStratum, found: Incidence, minima: int, taken: int) -> ExposedStratum:
    """A stratum in the table; ``minima`` of the stationary points taken there are local minima."""
    low, high = wilson(minima, taken) if taken else (None, None)
    return {
        "name": stratum.name,
        "kind": stratum.kind,
        "function": "zero" if stratum.small is None else stratum.small.name,
        "dimension": found.stratum,
        "rank": found.rank,
        "targets": found.targets,
        "exposed": found.exposed,
        "minima": minima / taken if taken else None,
        "low": low,
        "high": high,
    }


def _meaning(table: list[ExposedStratum], whole: Incidence) -> str:
    open_ = [row for row in table if row["exposed"]]
    zero = sum(row["function"] == "zero" for row in open_)
    if zero == len(open_):
        return (
            f"no stratum of smaller networks is critically exposed{', other than those of the function zero' if zero else ''}: "
            f"for almost all of the targets in {whole.ambient} dimensions training is stationary on none of them, so nothing draws it "
            "to sparse networks"
        )
    head = (
        f"{len(open_)} of {counted(len(table), 'stratum')} {'is' if len(open_) == 1 else 'are'} critically exposed"
        f"{f', {zero} of them at the function zero' if zero else ''}: for an open set of targets training is stationary there"
    ).replace("stratums", "strata")
    sampled = [(row["minima"], row["name"]) for row in open_ if row["minima"] is not None]
    if not sampled:
        return head
    most, name = max(sampled, key=lambda pair: pair[0])
    if not most:
        return f"{head}; all points that were sampled on them are saddles"
    return f"{head}; most often at {name}, where {100 * most:.2g} % of those sampled are local minima"
