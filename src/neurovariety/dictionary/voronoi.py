"""Voronoi cells: on which smaller networks does the best fit of a random target lie, and how often?

The Voronoi cell of a function f are the targets to which f is nearest of all functions of the model. At a smooth f it is part of
the normal space; at a singular one it can be larger, even full-dimensional, and then the functions of a smaller network are the best
fit of an open set of targets. For targets drawn at random the best fit is found from the complete list of critical functions on the
smooth part, on every stratum of smaller networks, and among known limits of networks whose weights diverge, each followed for all
targets at once.

What is proved. The claim is `estimate`: shares are sampled, with Wilson's 95 % intervals; targets at which a list is not clear are
left out and counted. Critical functions are followed numerically and not certified one by one. Where no theorem says that all
singular functions are on listed strata, a better fit elsewhere is not excluded; ``evidence["singular_functions"]`` says which it is.
That real weights compute a function is tested by descent. For curves in the plane `plane_curve_cell` has exact cells.

Sources: Marchetti et al. 2025, 4.2; Cifuentes, Ranestad, Sturmfels, Weinstein 2022; Wilson 1927.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypedDict

import numpy as np

from neurovariety.budget import number_of
from neurovariety.certificates.issue import weakly
from neurovariety.certificates.sentences import Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import Inputs
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import DataError, InputError, VerificationError
from neurovariety.exact_numbers import float_table
from neurovariety.geometry.exact.wilson_interval import wilson
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.geometry.invariants.rank_at_data import exact_inputs
from neurovariety.model import Model
from neurovariety.options import Option, Real, Whole
from neurovariety.result import counted
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.bias.best_fits import OPEN, UNCLEAR, BestFits, best_fits
from neurovariety.training.losses.loss import METRICS, Distance, Loss, SquaredError

_TARGETS = 400


class FittedPiece(TypedDict):
    """A row of the table; its fields are those of `VoronoiResult`."""

    name: str
    kind: str
    dimension: int
    critical: int
    best: float | None
    low: float
    high: float
    cell: int | None


class VoronoiValue(TypedDict):
    targets: int
    clear: int
    on_network: float | None
    on_subnetworks: float | None
    on_limits: float | None
    open: float | None
    table: list[FittedPiece]


class VoronoiEvidence(TypedDict):
    """What the shares rest on."""

    metric: str
    scale: float
    ambient: int
    complete: bool
    singular_functions: str
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class VoronoiResult(EntryResult):
    """``value``: ``targets`` (drawn), ``clear`` (whose lists are clear), and shares of these, null where there are none: ``on_network``
    (best fits at smooth functions), ``on_subnetworks``, ``on_limits``, ``open`` (a real function of the closure that no real weights
    were found for is nearer, so that the best fit may lie on the boundary of the functions of real networks, which is not listed).
    ``table``: for each piece ``name``, ``kind``, ``dimension``, ``critical`` (complex critical functions), ``best`` (the share of best
    fits), ``low``, ``high``, and ``cell``, the dimension of the Voronoi cell of a general function on it where best fits were seen
    there.

    ``evidence``: ``metric``, ``scale``, ``ambient``, ``complete`` (whether all lists are), ``singular_functions``.
    """

    entry: ClassVar[str] = "voronoi"
    spoken: ClassVar[tuple[str, ...]] = ("on_network", "on_subnetworks", "on_limits", "open")
    value: VoronoiValue
    evidence: VoronoiEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "cifuentes2022", "wilson1927")

    def _repeated(self, seed: int | None) -> VoronoiResult:
        """Other targets. Raises `VerificationError` where a number of critical functions differs, or intervals exclude each other."""
        again = self._again(seed)
        for ours, theirs in zip(self.value["table"], again.value["table"], strict=True):
            apart = ours["low"] > theirs["high"] or theirs["low"] > ours["high"]
            if ours["critical"] != theirs["critical"] or apart:
                raise VerificationError(f"voronoi of {self.subject}: recorded {ours}, recomputed {theirs}")
        return again


MetricOption = Annotated[
    Literal["frobenius", "bombieri", "gaussian", "uniform", "data"],
    Option("the quadratic form of the loss (default: frobenius)"),
]

TargetsOption = Annotated[
    int | None,
    Option("random targets (default: 400)"),
    Whole("the number of targets is a whole number from {least} to {most:,}", 1, 1_000_000),
]

ScaleOption = Annotated[
    float,
    Option("standard deviation of the targets (default: 1)"),
    Real("the scale of the targets is a positive number"),
]


@entry
def voronoi(
    model: Model,
    *,
    metric: MetricOption = "frobenius",
    data: Inputs = None,
    targets: TargetsOption = None,
    scale: ScaleOption = 1.0,
    seed: int = DEFAULT_SEED,
) -> VoronoiResult:
    """How often the best fit of a random target lies on each stratum of smaller networks.

    ``metric``: the quadric of the loss, ``frobenius``, ``bombieri``, ``gaussian``, ``uniform``, or ``data`` with inputs ``data`` (S,
    features). ``targets`` (400) are normal with respect to it, with standard deviation ``scale``, which matters where the model is no
    cone. Raises `InputError` for other options, models that are not polynomial, `DataError` for inputs
    that do not see every coefficient, `ResourceError` where the model is too large.

    >>> voronoi("linear(2,1,2)", targets=50).value["on_network"]
    1.0
    """
    number = targets if targets is not None else number_of("targets", _TARGETS)
    require_polynomial(model)
    loss = _loss(model, metric, data)
    try:
        found = best_fits(model, loss, number, float(scale), seed)
    except np.linalg.LinAlgError:
        raise DataError(
            "the inputs do not see every coefficient of the model, so the loss is no distance; more samples are needed"
        ) from None
    clear = int((found.best != UNCLEAR).sum())
    table = _table(found, clear)
    value: VoronoiValue = {
        "targets": number,
        "clear": clear,
        "on_network": _share_of(table, "network", clear),
        "on_subnetworks": _share_of(table, "subnetwork", clear),
        "on_limits": _share_of(table, "limit", clear),
        "open": int((found.best == OPEN).sum()) / clear if clear else None,
        "table": table,
    }
    return VoronoiResult(
        value=value,
        claims=weakly("voronoi", Claim.ESTIMATE if clear else Claim.UNDECIDED, "sampled"),
        glosses=_glosses(value),
        evidence={
            "metric": metric, "scale": float(scale), "ambient": len(found.monomials), "complete": all(p.complete for p in found.pieces),
            "singular_functions": found.theorem or "not known to be the strata listed", "theorems": [],
        },
        notices=(f"at {number - clear} targets a list was not clear; they are left out",) if clear < number else (),
        options={"targets": number},
    )  # fmt: skip


def _loss(model: Model, metric: str, data: object) -> Loss:
    """The loss, with all targets at the origin. Raises `InputError` where data and metric do not go together."""
    if metric != "data":
        if data is not None:
            raise InputError(f"metric {metric} takes no data; leave them out, or choose metric data")
        return Distance(metric, {})
    if data is None:
        raise InputError("metric data needs inputs (--data FILE); or choose " + ", ".join(METRICS[1:]))
    inputs = float_table(exact_inputs(model, data), "data").reshape(-1, model.inputs)
    return SquaredError(inputs, np.zeros((len(inputs), model.outputs)))


def _share_of(table: list[FittedPiece], kind: str, clear: int) -> float | None:
    """The share of best fits on pieces of a kind."""
    return sum(row["best"] or 0.0 for row in table if row["kind"] == kind) if clear else None


def _table(found: BestFits, clear: int) -> list[FittedPiece]:
    out: list[FittedPiece] = []
    for k, piece in enumerate(found.pieces):
        count = int((found.best == k).sum())
        low, high = wilson(count, clear) if clear else (0.0, 1.0)
        cell = len(found.monomials) - piece.dimension if count else None
        out.append(
            {"name": piece.name, "kind": piece.kind, "dimension": piece.dimension, "critical": piece.critical,
             "best": count / clear if clear else None, "low": low, "high": high, "cell": cell}
        )  # fmt: skip
    return out


def _glosses(value: VoronoiValue) -> tuple[Gloss, ...]:
    """Of how many targets the shares are, and what limits and open ones mean."""
    if not value["clear"]:
        return (Gloss("for no target all critical functions were found: nothing is said", {}),)
    low, high = next((row["low"], row["high"]) for row in value["table"] if row["kind"] == "network")
    interval = f"95 % interval of the first share: {100 * low:.3g} to {100 * high:.3g} %"
    glosses = [Gloss(f"{counted(value['clear'], 'target')} drawn had clear lists ({interval})", {})]
    if value["on_limits"]:
        glosses.append(Gloss("where a limit fits best, no best network was found", {}))
    if value["open"]:
        glosses.append(Gloss("it is open where a nearer real function of the closure is that of no real network found", {}))
    return tuple(glosses)
