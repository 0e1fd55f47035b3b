"""Critical exposedness (D12 of the dictionary): can training come to rest at smaller networks for an open set of targets?

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

import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from neurovariety.architectures import as_model
from neurovariety.architectures.from_callable import Source
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult
from neurovariety.errors import InputError, VerificationError
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.polynomial_values import WrittenOutMap
from neurovariety.geometry.exact.shares import wilson
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.geometry.strata.listing import weight_strata
from neurovariety.progress import note, time_is_up
from neurovariety.randomness import generator
from neurovariety.result import Provenance, counted, plain
from neurovariety.tolerances import DEFAULT_SEED, ERROR_BOUND
from neurovariety.training.bias.inner_product import METRICS, exact_quadric
from neurovariety.training.bias.local_minima import minima_among
from neurovariety.training.bias.normal_bundle import Incidence, error_bound, incidence

_STREAM = "dictionary.exposedness"
_SAMPLES = 60
_MOST_SAMPLES = 100_000


@dataclass(frozen=True, repr=False)
class ExposednessResult(EntryResult):
    """``value``: ``ambient`` (coefficients of the span V), ``strata``, ``exposed`` (how many of these have a U_S with interior), and
    ``table``: for each stratum of weights ``name``, ``kind``, ``function`` (the smaller network), ``dimension``, ``rank`` of J,
    ``targets`` (dimension of U_S), ``exposed``, and ``minima``: of ``samples`` stationary points there the share that are local
    minima, with its interval ``low``, ``high``.

    ``evidence``: ``metric``, ``whole`` (the same for all weights), ``primes``, ``error_bound``, ``samples``.
    """

    entry: ClassVar[str] = "exposedness"
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "shahverdi2026razor", "schwartz1980")
    inputs: Any = field(default=None, compare=False)

    def _options(self) -> dict[str, Any]:
        if self.evidence["metric"] == "data" and self.inputs is None:
            raise InputError("an exposedness read back from JSON does not hold the data; call exposedness() on them again")
        return {"metric": self.evidence["metric"], "data": self.inputs, "samples": self.evidence["samples"]}

    def verify(self, *, seed: int | None = None) -> ExposednessResult:
        """All ranks again at other points. Raises `VerificationError` where one differs; shares of minima are sampled anew."""
        again = self._again(seed, **self._options())
        sampled = ("minima", "low", "high")
        ours, theirs = ([{k: v for k, v in row.items() if k not in sampled} for row in r.value["table"]] for r in (self, again))
        if plain(ours) != plain(theirs):
            raise VerificationError(f"exposedness of {self.subject}: recorded {self.shown()}, recomputed {again.shown()}")
        return again


def exposedness(
    source: Source, *, metric: str = "frobenius", data: Any = None, samples: int | None = None, seed: int = DEFAULT_SEED
) -> ExposednessResult:
    """Which strata of smaller networks are critically exposed, and how often their stationary points are local minima.

    ``metric``: the quadric of the loss, ``generic``, ``frobenius``, ``bombieri``, ``gaussian``, ``uniform``, or ``data`` with inputs
    ``data`` (S, features). ``samples``: stationary points sampled on each stratum (60; 0: none). Raises `InputError` for other
    options, for models that are not polynomial or have generic coefficients, and for families without known strata; `ResourceError`
    where the model is too large to write out.

    >>> [row["targets"] for row in exposedness("cnn(2,2; x^2)", metric="generic", samples=0).value["table"]][:4]
    [4, 4, 4, 4]
    """
    start = time.perf_counter()
    samples = _SAMPLES if samples is None else samples
    if isinstance(samples, bool) or not isinstance(samples, int) or not 0 <= samples <= _MOST_SAMPLES:
        raise InputError(f"the number of samples is a whole number from 0 to {_MOST_SAMPLES:,}, got {samples!r}")
    if metric not in METRICS:
        raise InputError(f"metric {metric!r} is unknown: choose {', '.join(METRICS[:-1])} or {METRICS[-1]}")
    if data is not None and metric != "data":
        raise InputError(f"metric {metric} takes no data; leave them out, or choose metric data")
    model = as_model(source)
    require_polynomial(model)
    strata = weight_strata(model)
    if not strata:
        raise InputError(
            f"no strata of smaller networks are known for {model.name}; they are for mlp, linear, cnn and attention architectures"
        )
    named = coefficients_as_polynomials(model)
    monomials, coefficients = list(named), list(named.values())
    quadric = exact_quadric(metric, monomials, data, generator(seed, _STREAM))
    n = model.parameters
    whole = incidence(None, coefficients, quadric, n, generator(seed, _STREAM, 1))
    written, matrix = WrittenOutMap(coefficients, n), quadric.astype(np.float64)
    degree = max(sum(e) for f in coefficients for e in f)
    table, errors, primes = [], [], [whole.prime]
    for k, stratum in enumerate(strata):
        note(phase=f"exposedness of {stratum.name}")
        found = incidence(stratum, coefficients, quadric, n, generator(seed, _STREAM, 2, k))
        errors.append(error_bound(found, degree, int(stratum.size[0])))
        primes.append(found.prime)
        taken = 0 if time_is_up() else samples
        minima = minima_among(stratum, written, matrix, taken, generator(seed, _STREAM, 3, k))
        low, high = wilson(minima, taken) if taken else (None, None)
        small = None if stratum.small is None else stratum.small.name
        table.append(
            {"name": stratum.name, "kind": stratum.kind, "function": small or "zero", "dimension": found.stratum, "rank": found.rank,
             "targets": found.targets, "exposed": found.exposed, "minima": minima / taken if taken else None, "low": low, "high": high}
        )  # fmt: skip
    exposed = sum(bool(row["exposed"]) for row in table)
    value = {"ambient": whole.ambient, "strata": len(table), "exposed": exposed, "table": table}
    return ExposednessResult(
        value=value,
        claim=Claim.PROBABILITY if sum(errors) <= ERROR_BOUND else Claim.ESTIMATE,
        subject=model.name,
        meaning=_meaning(table, whole),
        evidence={
            "metric": metric, "whole": {"rank": whole.rank, "targets": whole.targets}, "primes": primes, "samples": samples,
            "error_bound": min(1.0, sum(errors)), "theorems": [],
        },
        provenance=Provenance.since(start, seed),
        model=model,
        inputs=data,
    )  # fmt: skip


def _meaning(table: list[dict[str, Any]], whole: Incidence) -> str:
    smaller = [row for row in table if row["function"] != "zero"]
    open_ = [row for row in smaller if row["exposed"]]
    if not open_:
        return (
            f"no stratum of smaller networks is critically exposed: for almost all of the targets in {whole.ambient} dimensions "
            "training is stationary on none of them, so nothing draws it to sparse networks"
        )
    head = (
        f"{counted(len(open_), 'stratum')} of {len(smaller)} with smaller networks "
        f"{'is' if len(open_) == 1 else 'are'} critically exposed: for an open set of targets training is stationary there"
    ).replace("stratums", "strata")
    sampled = [row for row in open_ if row["minima"] is not None]
    if not sampled:
        return head
    most = max(sampled, key=lambda row: row["minima"])
    if not most["minima"]:
        return f"{head}; all that were sampled are saddles"
    return f"{head}; at {most['name']} {100 * most['minima']:.0f} % of those sampled are local minima"
