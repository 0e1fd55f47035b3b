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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from neurovariety.beyond.piecewise.all_regions import AllRegions, all_regions
from neurovariety.beyond.piecewise.inputs_in_regions import balls_around, exact_inputs, points_among, regions_held
from neurovariety.beyond.piecewise.region_bounds import region_bounds, relu_widths
from neurovariety.beyond.piecewise.region_options import MOST_REGIONS, RegionOptions
from neurovariety.beyond.piecewise.subdivision import subdivided
from neurovariety.certificates.affine_pieces import in_brief
from neurovariety.certificates.cell_complex import CellComplex, complex_of_arrays, known_cells
from neurovariety.certificates.decision_regions import DecisionCount, decision_counts
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.piecewise_forms import PiecewiseForms, piecewise_forms
from neurovariety.certificates.region_counts import RegionCount, region_counts
from neurovariety.certificates.robust_radii import Point
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.claim import Claim
from neurovariety.errors import InputError
from neurovariety.pictures import figure_in_html
from neurovariety.result import Provenance, Result, counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DRAWN = 2000
"""Regions that a notebook draws without being asked."""
_SHOWN = 5
"""Regions with most inputs that a summary names."""


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
    data: dict[str, Any] | None
    affine: list[dict[str, Any]] | None


@dataclass(frozen=True, repr=False)
class RegionsResult(Result):
    """The regions of a piecewise linear network.

    ``value``: ``activation_regions`` (sets with an interior on which no unit changes its line), of which ``bounded_regions`` are
    bounded; ``linear_regions_open`` and ``linear_regions_closed`` (activation regions of the same affine function, joined by facets, or
    by any common point); ``distinct_affine_functions``; ``facet_adjacencies``, pairs of regions with a common facet;
    ``degenerate_zero_preactivation_on_open_set``, whether some unit sits at its kink on an open set; of a network with one output f
    the components of {f = 0}, {f > 0} and {f < 0}, null for others; of one with several, as a classifier, ``class_components``, for
    each output those of the set where it is the largest, and ``boundary_components`` of that where the largest is attained twice.
    Where inputs were given, ``data``: how many (``inputs``), in how many ``regions`` they lie, how many ``on_borders``, and the
    ``counts`` of each region that holds some, by its number in ``cells``; ``affine``: for each input the ``radius`` of the largest
    Euclidean ball around it on which the network is one affine function, as in `RobustnessResult`, null where these are too many.
    Where the command was stopped before the end, ``activation_regions`` is a lower bound, and the others are null.

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
        "data",
        "affine",
    )
    cells: CellComplex | None = field(default=None, repr=False, compare=False)
    network: Network | None = field(default=None, repr=False, compare=False)

    def plot(self) -> Figure:
        """The regions of a network with two inputs (`draw_regions`). Raises `InputError` for other inputs, and a result that was read
        back."""
        from neurovariety.beyond.piecewise.region_pictures import regions_picture

        return regions_picture(self)

    def _drawn(self) -> str:
        from neurovariety.beyond.piecewise.region_pictures import regions_picture

        if self.value["activation_regions"] > _DRAWN:
            return ""
        try:
            return figure_in_html(regions_picture(self, captioned=False), self, themed=False)
        except InputError:
            return ""

    def held_regions(self) -> AllRegions:
        """The regions for other questions, which take this result in place of the network and find them no second time.

        Raises `InputError` for a result that was read back, and where the weights were changed since."""
        if self.cells is None or self.network is None:
            raise InputError("a result read back from JSON does not hold the network; call regions() on it again")
        return AllRegions(self.network, piecewise_forms(self.network), self.cells, self.verdicts["activation_regions"]).held_regions()

    def shown(self) -> str:
        """The counts in one line, without those that such a network does not have."""
        v = self.value
        if v["bounded_regions"] is None:
            return f"at least {counted(v['activation_regions'], 'region')}"
        parts = [
            f"{counted(v['activation_regions'], 'region')} ({v['bounded_regions']:,} bounded)",
            f"{v['linear_regions_open']:,} linear (open)",
            f"{v['linear_regions_closed']:,} linear (closed)",
            counted(v["distinct_affine_functions"], "affine function"),
            counted(v["facet_adjacencies"], "facet"),
        ]
        named = {"positive": "positive_components", "negative": "negative_components", "zero": "zero_set_components"}
        pieces = {word: v[key] for word, key in named.items()} | {f"class {k}": n for k, n in (v["class_components"] or {}).items()}
        parts += [f"{word} in {n:,}" for word, n in (pieces | {"border": v["boundary_components"]}).items() if n is not None]
        if v["data"] is not None:
            parts.append(f"{counted(v['data']['inputs'], 'input')} in {counted(v['data']['regions'], 'region')}")
        return ", ".join(parts)

    def summary(self) -> str:
        """Several lines: the regions, the bounds by widths beside them, and what the claims say."""
        v, head = self.value, f"{self.entry}({self.subject}) [{self.claim}]"
        if v["bounded_regions"] is None:
            return "\n".join([head, f"  {self.meaning}", *(f"  note: {n}" for n in self.notices)])
        bounds = self.evidence["bounds"]
        lines = [
            head,
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
        if v["data"] is not None:
            lines.append(f"  {_held(v['data'])}")
        if v["affine"] is not None:
            lines.append(f"  {_around(v['affine'])}")
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


def regions(network: object, *, data: object = None, **options: Unpack[RegionOptions]) -> RegionsResult:
    """Count all regions of a network whose activations are linear on pieces (ReLU, leaky ReLU, abs, hard tanh, max pooling).

    ``network`` is what `load_network` takes, ``options`` are `RegionOptions`: a ``box`` (low, high), ``limit``, a file to ``resume``
    from, and how the network is read. ``data`` (samples, inputs): in which regions these lie, and how far around each the network is
    one affine function. Raises `InputError` for a network that is not linear on pieces, and `ResourceError` where there are more than
    ``limit`` regions, or finding their edges would take too long: in many dimensions regions have many corners.

    >>> found = regions({"w1": [[1, 0], [0, 1]], "b1": [0, 0], "w2": [[1, 1]], "b2": [-1]}, architecture="mlp(2,2,1; relu; bias)")
    >>> found.value["activation_regions"], found.value["zero_set_components"], found.claim.value
    (4, 1, 'proved')
    """
    start = time.perf_counter()
    table = None if data is None else exact_inputs(data)
    found = all_regions(network, **options)
    source, whole, cells, known = found.network, found.forms, found.cells, found.verdict
    counts = region_counts(cells, source)
    decided = _decisions(source, whole, cells, options.get("limit", MOST_REGIONS))
    points = None if table is None else points_among(table, found)
    decided |= {} if points is None else _of_data(found, points)
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
        notices=(_TOO_MANY,) if points is not None and "affine" not in decided else (),
    )


def short_number(value: int) -> str:
    """A whole number, of many digits its size."""
    return f"{value:,}" if value < 10**12 else f"about 10^{len(str(value)) - 1}"


def _held(data: Mapping[str, Any]) -> str:
    """In how many regions inputs lie, and those with most."""
    most = [f"{n:,} in region {k}" for k, n in list(data["counts"].items())[:_SHOWN]]
    more = len(data["counts"]) - len(most)
    borders = [f"{data['on_borders']:,} on borders"] if data["on_borders"] else []
    listed = ", ".join([*most, *([f"the others in {more:,} more"] if more else []), *borders])
    return f"{counted(data['inputs'], 'input')} in {counted(data['regions'], 'region')}: {listed}"


def _around(rows: Sequence[Mapping[str, Any]]) -> str:
    """The least, the middle and the largest of the radii."""
    radii = sorted(Fraction(r["radius"][1]) for r in rows if r["radius"] is not None)
    if not radii:
        return "one affine function everywhere around these inputs"
    three = ", ".join(f"{word} {in_brief(radii[k])}" for word, k in (("least", 0), ("median", len(radii) // 2), ("largest", -1)))
    return f"radii of the largest balls around inputs on which the network is one affine function: {three}"


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


_TOO_MANY = "how far around each input the network is affine was not found: regions or inputs are too many; ask robustness about fewer"


def _of_data(found: AllRegions, points: tuple[Point, ...]) -> dict[str, Verdict]:
    """In which regions points lie, and how far around each the network is one affine function, where that is found."""
    around = balls_around(found, points)
    return {"data": regions_held(found, points)} | ({} if around is None else {"affine": around})


def _claim(source: Network, known: Verdict, key: str, part: object) -> Verdict:
    if key == "activation_regions":
        return known
    if key in ("data", "affine"):
        return weak(Statement(f"regions: {key}", "", part), Claim.UNDECIDED, "no inputs were given" if key == "data" else _TOO_MANY)
    if not isinstance(part, int):
        return weak(Statement(f"regions: {key}", "", part), Claim.UNDECIDED, "it is not counted of such a network")
    return issue(RegionCount(key, part, known), source)
