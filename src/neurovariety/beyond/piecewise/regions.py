"""The regions of a network that is linear on pieces of its inputs, all of them, with their number proved.

Definition: an activation region is a set of inputs with an interior on which no unit changes its line (for ReLU: the same units are
active, their input being above 0). Six conventions for "linear region" are in use (Stargalla, Hertrich, Reichman 2025); here activation
regions are joined in two ways where the function is the same, by facets (the components of what is left without the points where the
gradient jumps) and by any common point (the largest connected sets on which the function is affine), and the affine functions are
counted. Weights are taken as the exact numbers they are, so parallel, concurrent, dead and equal units are counted right.

What is proved: each number, from cells with exact vertices (`certificates.cell_complex`); nothing is estimated. With a box, in the box.
Meaning for learning: how many pieces the trained function has, and how many islands its decision has.

Sources: Zaslavsky 1975; Montufar et al. 2014; Serra et al. 2018; Stargalla, Hertrich, Reichman 2025.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypedDict

from neurovariety.beyond.piecewise.all_regions import MOST_REGIONS, AllRegions, all_regions
from neurovariety.beyond.piecewise.region_bounds import region_bounds, relu_widths
from neurovariety.beyond.piecewise.subdivision import subdivided
from neurovariety.certificates.cell_complex import CellComplex, complex_of_arrays, known_cells
from neurovariety.certificates.decision_regions import DecisionCount, decision_counts
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.piecewise_forms import PiecewiseForms, piecewise_forms
from neurovariety.certificates.region_counts import RegionCount, region_counts
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.load import Shapes
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.result import Provenance, Result


class RegionsValue(TypedDict):
    """See `RegionsResult`."""

    activation_regions: int
    bounded_regions: int
    linear_regions_open: int
    linear_regions_closed: int
    distinct_affine_functions: int
    facet_adjacencies: int
    degenerate_zero_preactivation_on_open_set: bool
    zero_set_components: int | None
    zero_set_has_interior: bool | None
    positive_components: int | None
    negative_components: int | None
    class_components: dict[str, int] | None
    boundary_components: int | None


@dataclass(frozen=True, repr=False)
class RegionsResult(Result):
    """The regions of a piecewise linear network.

    ``value``: ``activation_regions`` (sets with an interior on which no unit changes its line), of which ``bounded_regions`` are
    bounded; ``linear_regions_open`` and ``linear_regions_closed`` (activation regions of the same affine function, joined by facets, or
    by any common point); ``distinct_affine_functions``; ``facet_adjacencies``, pairs of regions with a common facet;
    ``degenerate_zero_preactivation_on_open_set``, whether some unit sits at its kink on an open set; of a network with one output f
    the components of {f = 0}, {f > 0} and {f < 0}, null for others; of one with several, as a classifier, ``class_components``, for
    each output those of the set where it is the largest, and ``boundary_components`` of that where the largest is attained twice.

    ``evidence``: ``bounds`` by the widths alone, for dense ReLU networks; ``vertices`` and ``directions`` of the cells; ``dimensions``
    in which units tell inputs apart. ``cells`` are the regions as data: exact rays, and those of each region.
    """

    entry: ClassVar[str] = "regions"
    sources: ClassVar[tuple[str, ...]] = ("stargalla2025", "montufar2014")
    spoken: ClassVar[tuple[str, ...]] = (
        "activation_regions",
        "bounded_regions",
        "linear_regions_open",
        "distinct_affine_functions",
        "zero_set_components",
        "positive_components",
        "negative_components",
        "class_components",
        "boundary_components",
    )
    cells: CellComplex | None = field(default=None, repr=False, compare=False)
    network: Network | None = field(default=None, repr=False, compare=False)

    def held_regions(self) -> AllRegions:
        """The regions for other questions, which take this result in place of the network and find them no second time.

        Raises `InputError` for a result that was read back, and where the weights were changed since."""
        if self.cells is None or self.network is None:
            raise InputError("a result read back from JSON does not hold the network; call regions() on it again")
        return AllRegions(self.network, piecewise_forms(self.network), self.cells, self.verdicts["activation_regions"]).held_regions()

    def summary(self) -> str:
        """Several lines: the regions, the bounds by widths beside them, and what the claims say."""
        v, bounds = self.value, self.evidence["bounds"]
        lines = [
            f"{self.entry}({self.subject}) [{self.claim}]",
            f"  activation regions: {v['activation_regions']:,}, of which bounded {v['bounded_regions']:,}, "
            f"with {v['facet_adjacencies']:,} facets between them",
            f"  linear regions: open {v['linear_regions_open']:,}, closed {v['linear_regions_closed']:,}; "
            f"distinct affine functions {v['distinct_affine_functions']:,}",
        ]
        if v["zero_set_components"] is not None:
            interior = " (it has an interior)" if v["zero_set_has_interior"] else ""
            lines.append(
                f"  components: output positive {v['positive_components']:,}, negative {v['negative_components']:,}, "
                f"zero {v['zero_set_components']:,}{interior}"
            )
        if v["class_components"] is not None:
            classes = ", ".join(f"{k}: {n:,}" for k, n in v["class_components"].items())
            lines.append(f"  components of classes: {classes}; of the border between them {v['boundary_components']:,}")
        if v["degenerate_zero_preactivation_on_open_set"]:
            lines.append("  some unit sits at its kink on an open set: the function is not differentiable in the weights there")
        if bounds and not self.verdicts["activation_regions"].statement.scope:
            least = bounds["montufar2014_lower"]
            some = "" if least is None else f"some weights have at least {short_number(least)}, "
            lines.append(f"  by widths alone: {some}none more than {short_number(bounds['serra2018_upper'])}")
        return "\n".join([*lines, f"  {self.meaning}", *(f"  note: {n}" for n in self.notices)])

    def speaks(self) -> Sequence[str]:
        """What is counted; what only one output has where there is one."""
        return [key for key in self.spoken if self.value[key] is not None]


def regions(
    network: object,
    *,
    box: object = None,
    limit: int = MOST_REGIONS,
    architecture: object = None,
    example: object = None,
    input_shape: Sequence[int] | Shapes | None = None,
) -> RegionsResult:
    """Count all regions of a network whose activations are linear on pieces (ReLU, leaky ReLU, abs, hard tanh, max pooling).

    ``network``, ``architecture``, ``example`` and ``input_shape`` are what `load_network` takes. ``box``: a pair (low, high) of numbers
    or arrays of the shape of an input; without one all inputs are meant. Raises `InputError` for a network that is not linear on
    pieces, and `ResourceError` where there are more than ``limit`` regions, or finding their edges would take too long: in many
    dimensions regions have many corners.

    >>> found = regions({"w1": [[1, 0], [0, 1]], "b1": [0, 0], "w2": [[1, 1]], "b2": [-1]}, architecture="mlp(2,2,1; relu; bias)")
    >>> found.value["activation_regions"], found.value["zero_set_components"], found.claim.value
    (4, 1, 'proved')
    """
    start = time.perf_counter()
    found = all_regions(network, box=box, limit=limit, architecture=architecture, example=example, input_shape=input_shape)
    source, whole, cells, known = found.network, found.forms, found.cells, found.verdict
    counts = region_counts(cells, source)
    decided = _decisions(source, whole, cells, limit)
    every = {"activation_regions": known.statement.value, **counts, **{k: v.statement.value for k, v in decided.items()}}
    value = {key: every.get(key) for key in RegionsValue.__annotations__}
    at_infinity = sum(not r[0] for r in cells.rays)
    widths = relu_widths(source)
    return RegionsResult(
        value=value,
        claims=lambda key, part: decided.get(key) or _claim(source, known, key, part),
        subject=source.source,
        evidence={
            "bounds": dict(region_bounds(widths[0], widths[1:])) if widths else None,
            "vertices": len(cells.rays) - at_infinity,
            "directions": at_infinity,
            "dimensions": len(cells.domain.columns),
            "cuts": whole.cuts,
            "theorems": [{"source": s} for s in ("zaslavsky1975", "montufar2017", "serra2018")] if widths else [],
        },
        provenance=Provenance.since(start, 0),
        cells=cells,
        network=source,
    )


def short_number(value: int) -> str:
    """A whole number, of many digits its size."""
    return f"{value:,}" if value < 10**12 else f"about 10^{len(str(value)) - 1}"


def _decisions(source: Network, whole: PiecewiseForms, cells: CellComplex, limit: int) -> dict[str, Verdict]:
    """What is counted of the classes of a network with several outputs, where their order cuts no more than ``limit`` pieces."""
    if len(whole.outputs) < 2:
        return {}
    deciding = whole.deciding()
    try:
        found = subdivided(cells.domain.of(deciding), cells.domain, limit)
        pieces = issue(complex_of_arrays(cells.subject, cells.domain, found.rays, found.listed(), decisions=True), source)
        assert isinstance(pieces.certificate, CellComplex)
        counts = decision_counts(known_cells(pieces.certificate, source))
        return {
            key: issue(DecisionCount(key, value if isinstance(value, int) else dict(value), pieces), source)
            for key, value in counts.items()
        }
    except (NotShown, InputError):  # too many pieces, or outputs that move where no unit looks
        return {}


def _claim(source: Network, known: Verdict, key: str, part: object) -> Verdict:
    if key == "activation_regions":
        return known
    if not isinstance(part, int):
        return weak(Statement(f"regions: {key}", "", part), Claim.UNDECIDED, "it is not counted of such a network")
    return issue(RegionCount(key, part, known), source)
