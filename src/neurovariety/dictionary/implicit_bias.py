"""Implicit bias: is training drawn to smaller networks? One table of an architecture.

For each smaller network inside, as a set of functions: its dimension; whether its functions are singular points of the closure
(`singularities`); whether a stratum of weights over it is critically exposed (`exposedness`); how often the best fit of a random target
lies on it (`voronoi`); and how often gradient flow from random weights ends on it. The last two need not agree: training comes to rest
where a neuron would have to change the sign of its outgoing weight, although larger networks fit better. Perceptrons show that bias
toward sparse networks; convolutional networks, whose smaller networks are nodes or smooth points, do not.

What is proved. Dimensions, singularities and exposedness as their entries say; the table's claim is `estimate`, for shares are
sampled, with Wilson's 95 % intervals. Shares of ends are taken of the flows that converged. An end counts as on a smaller network if
its function is within a thousandth of one there.

Sources: Marchetti et al. 2025, 4.2; Shahverdi, Marchetti, Kohn 2026; Wilson 1927.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, TypedDict

from neurovariety.budget import number_of
from neurovariety.certificates.issue import Verdict, weakly
from neurovariety.certificates.sentences import REACHES, SURE, Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.exposedness import exposedness
from neurovariety.dictionary.runner import entry
from neurovariety.dictionary.singularities import singularities
from neurovariety.errors import NeurovarietyError, VerificationError
from neurovariety.geometry.exact.wilson_interval import wilson
from neurovariety.geometry.images.target import require_polynomial
from neurovariety.model import Model
from neurovariety.options import Option, Real, Whole
from neurovariety.progress import quietly
from neurovariety.result import counted, in_one_line
from neurovariety.tolerances import DEFAULT_SEED
from neurovariety.training.bias.best_fits import OPEN, UNCLEAR, BestFits, best_fits
from neurovariety.training.bias.flow_ends import FlowEnds, flow_ends
from neurovariety.training.losses.loss import Distance

Metric = Literal["frobenius", "bombieri", "gaussian", "uniform"]
_TARGETS, _FLOWS, _RUNS = 200, 20, 20
_SHOWN = 4


class BiasRow(TypedDict):
    """A row of the table; its fields are those of `ImplicitBiasResult`."""

    name: str
    kind: str
    dimension: int
    singular: str | None
    critically_exposed: str | None
    best: float | None
    best_low: float
    best_high: float
    flow: float | None
    flow_low: float
    flow_high: float


class ImplicitBiasValue(TypedDict):
    best_on_smaller: float | None
    flow_on_smaller: float | None
    table: list[BiasRow]


class ImplicitBiasEvidence(TypedDict):
    """What the shares are taken of."""

    metric: str
    scale: float
    targets: int
    clear: int
    open: int
    flow_targets: int
    runs: int
    flows: int
    converged: int
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class ImplicitBiasResult(EntryResult):
    """``value``: ``best_on_smaller`` and ``flow_on_smaller``, the shares of best fits and of ends of flow on smaller networks other
    than the zero function, and ``table``: for each piece ``name``, ``kind`` (network, subnetwork or limit), ``dimension``,
    ``singular`` and ``critically_exposed`` (yes, no, or null where it is not known), ``best`` with ``best_low``, ``best_high``, and
    ``flow`` with
    ``flow_low``, ``flow_high``.

    ``evidence``: ``metric``, ``scale``, ``targets``, ``clear`` (those whose best fit was found), ``open``, ``flow_targets``, ``runs``,
    ``flows`` in all, ``converged`` (how many of these; ends and their shares are of them alone).
    """

    entry: ClassVar[str] = "implicit-bias"
    spoken: ClassVar[tuple[str, ...]] = ("best_on_smaller", "flow_on_smaller")
    value: ImplicitBiasValue
    evidence: ImplicitBiasEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "shahverdi2026razor", "wilson1927")

    def speaks(self) -> tuple[str, ...]:
        return self.spoken if _smaller(self.value["table"]) else ()  # shares of nothing

    def _weakening(self, said: Iterable[Claim]) -> Iterable[str]:
        return super()._weakening(said) if self.speaks() else ()

    def shown(self) -> str:
        rows = [row for row in self.value["table"] if row["kind"] != "network"]
        singular, exposed = {"yes": "singular", "no": "smooth"}, {"yes": "critically exposed", "no": "not critically exposed"}
        parts = [f"best_on_smaller {in_one_line(self.value['best_on_smaller'])}"]
        parts.append(f"flow_on_smaller {in_one_line(self.value['flow_on_smaller'])}")
        for row in rows[:_SHOWN]:
            known = [
                words[word] for words, word in ((singular, row["singular"]), (exposed, row["critically_exposed"])) if word in words
            ]
            shares = [f"{name} {'-' if v is None else format(v, '.3g')}" for name, v in (("best", row["best"]), ("flow", row["flow"]))]
            which = f"limit ({row['name']})" if row["kind"] == "limit" else row["name"]
            parts.append(f"{which.replace(', ', ',')}: {'; '.join([*known, *shares])}")
        return ", ".join(parts) + (", ..." if len(rows) > _SHOWN else "")

    def _repeated(self, seed: int | None) -> ImplicitBiasResult:
        """Everything again under another seed. Raises `VerificationError` where something exact differs or intervals exclude each
        other."""
        again = self._again(seed)
        for ours, theirs in zip(self.value["table"], again.value["table"], strict=True):
            pairs = ((ours, theirs), (theirs, ours))
            apart = any(a["best_low"] > b["best_high"] or a["flow_low"] > b["flow_high"] for a, b in pairs)
            if _exact(ours) != _exact(theirs) or apart:
                raise VerificationError(f"implicit bias of {self.subject}: recorded {ours}, recomputed {theirs}")
        return again


ScaleOption = Annotated[
    float,
    Option("standard deviation of the targets (default: 1)"),
    Real("the scale of the targets is a positive number"),
]

TargetsOption = Annotated[
    int | None,
    Option("random targets whose best fits are found (default: 200)"),
    Whole("the number of targets is a whole number from {least} to {most:,}", 1, 100_000),
]

FlowTargetsOption = Annotated[
    int | None,
    Option("of these, targets to which gradient flow goes (default: 20)"),
    Whole("the number of targets of flows is a whole number from {least} to {most:,}", 1, 100_000),
]

RunsOption = Annotated[
    int | None,
    Option("random initial weights of flows to each target (default: 20)"),
    Whole("the number of runs is a whole number from {least} to {most:,}", 1, 100_000),
]


@entry
def implicit_bias(
    model: Model,
    *,
    metric: Annotated[Metric, Option("the loss (default: frobenius)")] = "frobenius",
    scale: ScaleOption = 1.0,
    targets: TargetsOption = None,
    flow_targets: FlowTargetsOption = None,
    runs: RunsOption = None,
    seed: int = DEFAULT_SEED,
) -> ImplicitBiasResult:
    """The table of smaller networks: singular, exposed, best fits, ends of gradient flow.

    ``metric``: ``frobenius``, ``bombieri``, ``gaussian`` or ``uniform``; ``targets`` (200) random ones are normal with respect to it,
    with standard deviation ``scale``; from ``runs`` (20) random initial weights gradient flow goes to each of the first
    ``flow_targets`` (20). Raises `InputError` for other options, for models that are not polynomial and for families without known
    strata, `ResourceError` where the model is too large.

    >>> [row["singular"] for row in implicit_bias("linear(2,2,2)", targets=5, flow_targets=1, runs=4).value["table"]]
    ['-', 'no', 'no']
    """
    defaults = (number_of("targets with flows", _TARGETS), number_of("flow targets", _FLOWS), number_of("runs", _RUNS))
    number, flowing, runs = (d if v is None else v for v, d in zip((targets, flow_targets, runs), defaults, strict=True))
    require_polynomial(model)
    exposed, exposure = _exposed(model, metric, seed)
    found = best_fits(model, Distance(metric, {}), number, float(scale), seed)
    ends = flow_ends(model, metric, found, min(flowing, number), runs, seed)
    singular = _singular(model, [p.name for p in found.pieces], seed)
    clear = int((found.best != UNCLEAR).sum())
    table = _table(found, ends, clear, singular, exposed)
    smaller = _smaller(table)
    value: ImplicitBiasValue = {
        "best_on_smaller": float(sum(row["best"] or 0.0 for row in smaller)) if clear else None,
        "flow_on_smaller": float(sum(row["flow"] or 0.0 for row in smaller)) if ends.converged else None,
        "table": table,
    }
    return ImplicitBiasResult(
        value=value,
        claims=weakly("implicit-bias", Claim.ESTIMATE, "sampled"),
        glosses=(*_of_zero(table), *_of_ends(table, clear, ends, min(flowing, number)), *_of_exposed(table, exposure)),
        also={"exposed": exposure},
        evidence={
            "metric": metric, "scale": float(scale), "targets": number, "clear": clear, "open": int((found.best == OPEN).sum()),
            "flow_targets": min(flowing, number), "runs": runs, "flows": ends.runs, "converged": ends.converged,
            "theorems": [],
        },
        options={"targets": number, "flow_targets": min(flowing, number), "runs": runs},
    )  # fmt: skip


def _exact(row: BiasRow) -> tuple[str, int, str | None, str | None]:
    return row["name"], row["dimension"], row["singular"], row["critically_exposed"]


def _table(found: BestFits, ends: FlowEnds, clear: int, singular: Mapping[str, str], exposed: Mapping[str, str]) -> list[BiasRow]:
    """A row a piece, the network itself first."""
    table: list[BiasRow] = []
    for k, piece in enumerate(found.pieces):
        best, best_low, best_high = _share(int((found.best == k).sum()), clear)
        flow, flow_low, flow_high = _share(int(ends.on[k]), ends.converged)
        table.append(
            {
                "name": piece.name,
                "kind": piece.kind,
                "dimension": piece.dimension,
                "singular": singular.get(piece.name) if k else "-",
                "critically_exposed": exposed.get(piece.name) if k else "-",
                "best": best,
                "best_low": best_low,
                "best_high": best_high,
                "flow": flow,
                "flow_low": flow_low,
                "flow_high": flow_high,
            }
        )
    return table


def _share(count: int, of: int) -> tuple[float | None, float, float]:
    """A share with its interval; None where there is nothing to take it of."""
    return (count / of, *wilson(count, of)) if of else (None, 0.0, 1.0)


def _exposed(model: Model, metric: Metric, seed: int) -> tuple[dict[str, str], Verdict]:
    """Name of a smaller network -> whether a stratum of weights over it is critically exposed; and what is claimed of that."""
    out: dict[str, str] = {}
    found = quietly(exposedness, model, metric=metric, samples=0, seed=seed)
    for row in found.value["table"]:
        name = row["function"].removeprefix(f"{model.name} with ")
        out[name] = "yes" if row["critically_exposed"] or out.get(name) == "yes" else "no"
    return out, found.verdicts["table"]


def _singular(model: Model, names: list[str], seed: int) -> dict[str, str]:
    """Which smaller networks have singular functions of the closure ("yes") or smooth ones ("no"), where that is known."""
    try:
        found = quietly(singularities, model, seed=seed)
    except NeurovarietyError:  # too large for equations, say: the table has the rest
        return {}
    assert found.locus is not None
    if found.locus["dimension"] == -1 and found.claim is Claim.PROVED:  # the closure is smooth
        return dict.fromkeys(names, "no")
    known = {"singular": "yes", "smooth": "no"}
    return {row["name"]: known[row["status"]] for row in found.locus["strata"] if row["status"] in known}


def _smaller(table: Sequence[BiasRow]) -> list[BiasRow]:
    """The rows of smaller networks other than the function zero."""
    return [row for row in table if row["kind"] == "subnetwork" and row["dimension"]]


def _of_ends(table: list[BiasRow], clear: int, ends: FlowEnds, targets: int) -> tuple[Gloss, ...]:
    """Of how many targets and flows the shares are; flows are followed for the first ``targets``. Those that go to a limit never
    converge, so next to none is counted there."""
    followed = counted(ends.runs, "gradient flow")
    none = "no gradient flow was followed" if not ends.runs else f"none of {followed} converged"
    text = f"of {followed} {ends.converged} converged, for {counted(targets, 'target')}" if ends.converged else none
    left = ends.runs - ends.converged
    drift = f"{left} of {ends.runs} did not converge, and may drift to a limit, where a flow that converged hardly ever ends"
    return (
        Gloss(f"the best fit was found for {counted(clear, 'target')}" if clear else "best fits were not found for any target", {}),
        Gloss(text, {}),
        *((Gloss(drift, {}),) if left and any(row["kind"] == "limit" for row in table) else ()),
    )


def _of_zero(table: list[BiasRow]) -> tuple[Gloss, ...]:
    """How often the function zero was reached, which is not counted with the smaller networks, and is all there is without them."""
    zero = next((row for row in table if row["kind"] == "subnetwork" and not row["dimension"]), None)
    if zero is None:
        return ()
    best, flow = zero["best"], zero["flow"]
    if _smaller(table):
        return (Gloss(f"beside these {100 * flow:.3g} % of the flows that converged end at the function zero", {}),) if flow else ()
    said = []
    if best is not None:
        share = f"the function zero is the best fit of about {100 * best:.3g} % of random targets"
        said.append(share if best else "no random target was fit best by the function zero")
    if flow is not None:
        ends = f"about {100 * flow:.3g} % of the gradient flows that converged end" if flow else "no gradient flow that converged ends"
        said.append(f"{ends} {'there' if said else 'at the function zero'}")
    return (Gloss(f"{' and '.join(said)} ({'estimates' if len(said) > 1 else 'an estimate'})", {}),) if said else ()


def _of_exposed(table: list[BiasRow], known_of: Verdict) -> tuple[Gloss, ...]:
    """Which smaller networks are critically exposed, as far as ranks are shown."""
    smaller, limits = _smaller(table), sum(row["kind"] == "limit" for row in table)
    if not smaller:
        with_limits = f" and {counted(limits, 'limit')} of networks" if limits else ""
        return (Gloss(f"beside the function zero{with_limits} no smaller network was compared", {}, ahead=True),)
    exposed = [row["name"] for row in smaller if row["critically_exposed"] == "yes"]
    known = [row for row in smaller if row["critically_exposed"] is not None]
    if not known:
        return (Gloss("whether smaller networks are critically exposed was not found", {}),)
    if exposed:
        text = f"critically exposed: {', '.join(exposed[:3])}{', ...' if len(exposed) > 3 else ''}"
    elif len(known) == len(smaller):
        text = "no smaller network listed is critically exposed, the function zero left aside"
    else:
        text = f"none of the {len(known)} smaller networks for which this is known is critically exposed, the function zero left aside"
    text = ", ".join([text, *known_of.statement.scope])
    if known_of.claim in REACHES[SURE]:
        return (Gloss(text, {"exposed": SURE}),)
    return (Gloss(f"as far as ranks at random places tell, {text}", {}),)
