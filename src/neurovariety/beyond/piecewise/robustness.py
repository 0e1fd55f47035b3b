"""How far inputs may move before a piecewise linear network decides otherwise, and how far it stays one affine function around them.

Definition: the decision is the output that is larger than all others, or the sign of a single one. The radius of robustness of an input
is the distance of the nearest one at which the decision is another, or there is none; the radius of linearity is that of the largest
ball around it on which the network is one affine function. Distances are taken in the l1, the Euclidean or the maximum norm.

What is proved: both radii of each input, between two numbers; these are the same where the radius is a rational number, and agree
to 20 digits where it is the root of one. From above by the nearest other input, from below by a hyperplane between each piece of the
border, or of the kinks, and the ball.
Meaning for learning: how large a disturbance of its inputs must be to change what a trained network says.

Sources: Katz et al. 2017; Jordan, Lewis, Dimakis 2019.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from typing import Any, ClassVar, Literal, Unpack

from neurovariety.beyond.piecewise.all_regions import all_regions
from neurovariety.beyond.piecewise.inputs_in_regions import are_many, exact_inputs, points_among, radii_around
from neurovariety.beyond.piecewise.region_options import RegionOptions
from neurovariety.certificates.affine_pieces import in_brief
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.robust_radii import Part
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError
from neurovariety.options import require_choice
from neurovariety.result import Provenance, Result, counted

Norm = Literal["l1", "l2", "linf"]


@dataclass(frozen=True, repr=False)
class RobustnessResult(Result):
    """Both radii of each input.

    ``value``: ``decision`` and ``affine`` are tables with a row for each input, in its order: the ``input``, what the network decides
    there (``class``, in the first: the place of the largest output; 1 or 0 for a single one that is positive or negative; null for a
    tie), the ``radius`` as two exact numbers between which it lies, and the ``nearest`` input with another decision, or at which the
    gradient jumps. Where there is none, both are null. Numbers are texts.
    """

    entry: ClassVar[str] = "robustness"
    sources: ClassVar[tuple[str, ...]] = ("katz2017", "jordan2019")

    def radii(self, part: Part = "decision") -> list[float]:
        """The radii in floats, infinity where nothing else is near, or not within what floats reach."""
        return [_near(r) for r in self._exact(part)]

    def _exact(self, part: Part) -> list[Fraction | None]:
        return [None if r["radius"] is None else Fraction(r["radius"][1]) for r in self.value[part]]

    def shown(self) -> str:
        """How many inputs there are, and the least radii."""
        one, two = (min((r for r in self._exact(part) if r is not None), default=None) for part in (_DECISION, _AFFINE))
        return f"{counted(len(self.value['decision']), 'input')}, least radii {_brief(one)} and {_brief(two)}"

    def summary(self) -> str:
        """The result, and the radii of the first inputs."""
        lines = super().summary().split("\n")
        rows = zip(self.value["decision"], self._exact("decision"), self._exact("affine"), strict=True)
        table = [f"  {_shown(row)}: radius {_brief(r)}, affine within {_brief(a)}" for row, r, a in list(rows)[:_SHOWN]]
        left = len(self.value["decision"]) - len(table)
        return "\n".join([*lines[:1], *table, *([f"  and {counted(left, 'input')} more"] if left else []), *lines[1:]])


_SHOWN = 10
_DECISION: Part = "decision"
_AFFINE: Part = "affine"


def _near(radius: Fraction | None) -> float:
    try:
        return inf if radius is None else float(radius)
    except OverflowError:
        return inf


def _brief(radius: Fraction | None) -> str:
    return "inf" if radius is None else in_brief(radius)


def _shown(row: dict[str, Any]) -> str:
    numbers = [in_brief(Fraction(v), 4) for v in row["input"]]
    text = ", ".join(numbers if len(numbers) < 5 else [*numbers[:4], "..."])
    return f"({text}) class {'-' if row['class'] is None else row['class']}"


def robustness(
    network: object,
    data: object,
    *,
    norm: Norm = "l2",
    **options: Unpack[RegionOptions],
) -> RobustnessResult:
    """The radii within which a network whose activations are linear on pieces decides alike, and is affine, around each input.

    ``data`` (samples, inputs) are exact as they are given; ``norm``: "l1", "l2" or "linf". ``network`` and the other options are those
    of `regions`, or its result; in a ``box`` only its inputs count. Raises `InputError` for other activations, and for inputs of
    another size or outside of the box, and `ResourceError` where there are too many regions, or too many inputs for them.

    >>> network = {"w1": [[1, 0], [0, 1]], "b1": [0, 0], "w2": [[1, 1]], "b2": [-1]}
    >>> found = robustness(network, [[3, 0]], norm="linf", architecture="mlp(2,2,1; relu; bias)")
    >>> found.value["decision"][0]["radius"], found.value["affine"][0]["radius"]
    (['2', '2'], ['0', '0'])
    """
    start = time.perf_counter()
    require_choice("norm", norm, ("l1", "l2", "linf"))
    table = exact_inputs(data)
    found = all_regions(network, **options)
    points = points_among(table, found)
    if are_many(points, found):
        raise ResourceError(
            f"{counted(len(points), 'input')} and {len(found.known.signs):,} regions are too many; give fewer inputs, or a box"
        )
    claims: dict[str, Verdict] = {}
    try:
        for part in ("decision", "affine"):
            claims[part] = radii_around(part, found, points, norm)
    except NotShown as why:
        raise ResourceError(f"the radii are not found: {why}; give fewer inputs, or a box") from None
    return RobustnessResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        subject=found.network.source,
        evidence={"norm": norm, "regions": found.verdict.statement.value, "theorems": []},
        provenance=Provenance.since(start, 0),
    )
