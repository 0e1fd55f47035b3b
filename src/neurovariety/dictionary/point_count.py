"""Point counts over finite fields: how many functions do weights in F_q give?

|M(F_q)| is the number of different polynomials f_w with w in F_q^N, for a prime power q. Reading the architecture over F_q is a
model of quantized weights; the count is an exact measure of expressivity, near q^(dim M) for large q, and its ratio to the number
of elements of a space of the dimension of the linear span says which share of them is realizable: about one half for
``mlp(2,2,2; x^2)``, which is dense over C.

What is proved. The count is exhaustive and exact. The coefficients of f are written out over Q, divided by the number that divides
them all where every multiple of a function is one (the slope of an activation, say), and reduced mod p. They are linear in
some weights (the last layer, say), so for each value of the others the functions are a row space over F_q; all row spaces are found,
and the points of their union are counted, up to scaling and with multiplicity one.

What it is not: where q is at most the degree, different polynomials may be one function on F_q^n; polynomials are counted. The
dimension is that over Q; for small p the closure over F_p may be smaller.

Sources: Marchetti et al. 2025; Kubjas, Li, Wiesmann 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, TypedDict

from neurovariety.certificates.issue import issue
from neurovariety.certificates.point_counts import FieldOfElements, PointsOverField, PowerOfField, ShareOfSpan
from neurovariety.certificates.sentences import SHOWN, Gloss
from neurovariety.certificates.upper_bounds import Expanded
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.geometry.ideal.coefficient_map import require_few_weights
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.progress import quietly
from neurovariety.rings.small_field import SmallField
from neurovariety.tolerances import DEFAULT_SEED


class PointCountEvidence(TypedDict):
    """What a count rests on: the spans over Q and over the field, and how much was enumerated."""

    points_over_q_to_dimension: str
    ambient: int
    span_over_the_field: int
    weights: int
    linear_in: list[str]
    enumerated: int
    row_spaces: int | None
    dimension_claim: str
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class PointCountResult(EntryResult):
    """The number of functions over F_q.

    ``value`` is ``{"points", "field", "dimension", "q_to_dimension", "q_to_ambient", "ratio"}``: points = |M(F_q)|; field = q;
    dimension that over Q; ambient the dimension of the span over Q; ratio = points / q^ambient as an exact fraction. ``evidence``
    holds the other ratio, ``points_over_q_to_dimension``, and ``span_over_the_field``, the dimension of the span mod p where that is
    smaller.
    """

    entry: ClassVar[str] = "point-count"
    spoken: ClassVar[tuple[str, ...]] = ("field", "points")
    evidence: PointCountEvidence


@entry
def point_count(
    model: Model,
    *,
    field: Annotated[int, Option("number of elements of the field, a prime power such as 2, 3, 4, 5, 7, 8, 9 (default: 3)")] = 3,
    seed: int = DEFAULT_SEED,
) -> PointCountResult:
    """The number of functions of ``source`` with weights in the field of ``field`` elements, a prime power.

    Raises `InputError` for another number, a rational model, or coefficients whose denominators the characteristic divides;
    `ResourceError` with the estimate where there are too many weights to enumerate.

    >>> point_count("mlp(2,2,2; x^2)", field=3).value["points"]
    393
    >>> point_count("linear(2,1,2)", field=2).value
    {'points': 10, 'field': 2, 'dimension': 3, 'q_to_dimension': 8, 'q_to_ambient': 16, 'ratio': '5/8'}
    """
    f = SmallField(field)
    require_few_weights(model)
    exact = exact_coefficients(model)
    counted = exact.counted_over(f)
    points, reduced = counted.points, counted.reduced
    ambient = exact.expanded_span(False)
    assert ambient is not None
    found = quietly(dimension_of, model, seed=seed)
    total = f.q**ambient
    value = {
        "points": points,
        "field": f.q,
        "dimension": found.value,
        "q_to_dimension": f.q**found.value,
        "q_to_ambient": total,
        "ratio": str(Fraction(points, total)),
    }
    evidence: PointCountEvidence = {
        "points_over_q_to_dimension": str(Fraction(points, f.q**found.value)),
        "ambient": ambient,
        "span_over_the_field": reduced.columns,
        "weights": model.parameters,
        "linear_in": list(reduced.blocks),
        "enumerated": f.q ** len(reduced.free),
        "row_spaces": counted.row_spaces,
        "dimension_claim": str(found.claim),
        "theorems": [t.to_dict() for t in found.theorems],
    }
    span, shown = issue(Expanded(exact.hash, ambient), exact), issue(PointsOverField(exact.hash, f.q, points), exact)
    size = issue(PowerOfField(span, f.q), exact)
    return PointCountResult(
        value=value,
        claims={
            "points": shown,
            "field": issue(FieldOfElements(exact.hash, f.q), exact),
            "dimension": found.verdict,
            "q_to_dimension": issue(PowerOfField(found.verdict, f.q), exact),
            "q_to_ambient": size,
            "ratio": issue(ShareOfSpan(shown, size, f.q), exact),
        },
        evidence=evidence,
        notices=_notices(model, f, reduced.columns, ambient),
        glosses=(_compared(points, total, ambient, exact.coordinates.count),),
    )


def _notices(model: Model, f: SmallField, spanned: int, ambient: int) -> tuple[str, ...]:
    """What to say where the functions span less over the field than over Q, and where polynomials may be more than functions."""
    out = []
    if spanned < ambient:
        out.append(f"mod {f.p} the functions span a space of dimension {spanned}, over Q one of dimension {ambient}")
    if f.q <= int(degree_bounds(model).inputs):  # else a polynomial is known by its values
        out.append(f"polynomials are counted: whether different ones agree on F_{f.q}^{model.inputs} was not looked at")
    return tuple(out)


def _compared(points: int, total: int, ambient: int, coefficients: int) -> Gloss:
    """What share of a space the points are: of one as large as the span over Q, which has fewer points where it is smaller mod p."""
    among = f"elements that a space of dimension {ambient}, that of the span over Q, has over the field"
    if ambient == coefficients:
        among = f"polynomials with {'this coefficient' if ambient == 1 else f'these {ambient} coefficients'}"
    return Gloss(f"that is {_share(points, total)} of the {total:,} {among}", {"ratio": SHOWN})


def _share(points: int, total: int) -> str:
    share = points / total
    return "all" if points == total else f"{100 * share:.3g} %" if share >= 1e-4 else f"a share of {share:.2g}"
