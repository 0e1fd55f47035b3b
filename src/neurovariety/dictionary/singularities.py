"""Singular functions: where the closure of the neuromanifold is not smooth.

A function f of the closure X is singular if the tangent space of X at f, cut out by the gradients of all equations, has more dimensions
than X. For neural networks singular functions are typically those of subnetworks: node-like where X passes several times through f, at
weights with different tangent spaces, or cusp-like where J drops rank. They can be best fits for open sets of targets, and are where
training slows down; smooth points behave like those of a regular statistical model.

Two roads are taken and compared. From equations: f is smooth if the gradients have rank codim X, which is a proof; singular if they do
not and the ideal is completely known. From weights: the tangent space contains the images of J at every weight over f, and second
derivatives in the direction of kernels; if their span is larger than X, f is singular, which is proved by one point of a stratum, as
ranks there are lower bounds, and singular functions form a closed set. Lower and upper bound of the tangent space are both given; if
they cross, an error is raised. The tangent cone always has the dimension of X.

The dimension of the singular locus is bounded from above by a theorem, or by its equations on a random linear space, where they have no
solution (an exact rank, a proof); from below by the strata shown to be singular, or by equations of a complete ideal
(`probability`). A degree is said only where all components of largest dimension are known: from equations of a complete ideal as the
number of points mod two random primes that agree (an `estimate`: no bound of the error is computed), or, where a theorem says that
images of smaller networks are all, as
the sum over these, each counted once. Singular functions that are on no subnetwork are found where the locus of a complete ideal has a
higher dimension than its strata, or a larger degree.

Sources: Marchetti et al. 2025, section 4.2; Shahverdi, Marchetti, Kohn 2026; Bruns and Vetter 1988 (determinantal varieties).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, ClassVar, Required, TypedDict, cast

from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.phrases import amount, named
from neurovariety.certificates.sentences import FROM_ABOVE, FROM_BELOW, REACHES, SURE, Gloss
from neurovariety.certificates.singular_functions import Part
from neurovariety.certificates.singular_loci import DegreeOfVertex, LocusCodimension
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.special_fiber import exact_weights
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.geometry.singular.at_weights import FunctionFacts, PointRow, at_weights
from neurovariety.geometry.singular.beyond_subnetworks import BeyondSubnetworks, beyond_subnetworks, degree_of_images
from neurovariety.geometry.singular.exact_loci import exact_families
from neurovariety.geometry.singular.exact_smaller_models import singular_by_theorem
from neurovariety.geometry.singular.image_facts import Closure, ImageFacts, SingularImageRow, image_facts
from neurovariety.geometry.singular.known_ideal import known_ideal
from neurovariety.geometry.singular.locus import Locus, singular_locus
from neurovariety.geometry.singular.shown_locus import shown_locus
from neurovariety.geometry.strata.fiber_families import families_of_all_windows
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.progress import note, quietly
from neurovariety.tolerances import DEFAULT_SEED


class OtherPart(TypedDict):
    """A part of the singular locus that is on no smaller network."""

    dimension: int
    degree: int
    vanishing: list[str]


class LocusValue(TypedDict):
    """The value of a model; its fields are those of `SingularitiesResult`."""

    dimension: int | None
    degree: int | None
    codimension: int | None
    strata: list[SingularImageRow]
    others: list[OtherPart]


class SingularitiesEvidence(TypedDict, total=False):
    """What the locus rests on, or with weights ``at`` what the tangent space of their function does."""

    model_dimension: Required[int]
    dimension_claim: str
    ambient: int | None
    equations: int | None
    ideal_complete: bool
    ideal: str
    theorem: str | None
    seeds: list[int]
    theorems: list[Facts]
    at: list[Fraction]
    at_least: int
    at_most: int | None
    why: str
    degree_with_multiplicity: int | None
    error_bound: float | None
    subnetworks: str


_SIZES: tuple[Part, ...] = ("dimension", "codimension", "degree")


@dataclass(frozen=True, repr=False)
class SingularitiesResult(EntryResult):
    """The singular locus, or one function.

    Of a model, ``value`` holds ``dimension`` and ``degree`` of the singular locus, as an affine cone (-1 where it is empty, null
    where it is not known), ``codimension`` in the closure; ``strata``, functions of smaller networks, and of strided linear
    convolutions whose filters have factors to exchange: ``name``, ``dimension``, ``status`` (singular, smooth, undecided) of the
    general function with its ``claim``, ``type`` (node: weights of full rank with different tangent spaces; cusp: no weights of full
    rank; mixed; -), ``tangent_space`` (its least and largest possible dimension), ``tangent_cone``, ``branches`` (different tangent
    spaces among the weights of full rank looked at); ``others``, parts of the locus that are on none of these: ``dimension``,
    ``degree`` and the names of coefficients that vanish there (``vanishing``).

    With weights ``at``, ``value`` holds ``status``, ``type``, ``tangent_space``, ``tangent_cone``, ``branches`` and ``rank`` (of J) for
    their function.
    """

    entry: ClassVar[str] = "singularities"
    headline: ClassVar[tuple[str, ...]] = ("dimension", "status")
    value: LocusValue | PointRow
    evidence: SingularitiesEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "shahverdi2026razor", "schwartz1980")

    def shown(self) -> str:
        v = self.locus
        if v is None:
            return super().shown()
        if v["dimension"] is None:
            return "not decided"
        if v["dimension"] < 0:
            return "none: smooth"
        known = {key: amount(v[key], self.verdicts[key].claim).removeprefix("exactly ") for key in _SIZES if v[key] is not None}
        weaker = {key: self.weaker(key) if self.verdicts[key].claim is Claim.ESTIMATE else "" for key in known}
        return ", ".join(f"{key} {n.removeprefix('about ') if weaker[key] else n}{weaker[key]}" for key, n in known.items())

    def speaks(self) -> Iterable[str]:
        """Of a locus its size and degree, and what is on no smaller network; of a function whether it is singular."""
        if self.locus is None:
            return ("status", "tangent_space", "model")
        known = [k for k in ("codimension", "degree", "others") if self.value.get(k) not in (None, [])]
        return ("dimension", *known)

    @property
    def locus(self) -> LocusValue | None:
        """The value of a model, None where it is that of one function."""
        return cast(LocusValue, self.value) if "strata" in self.value else None

    def summary(self) -> str:
        lines, v = [super().summary()], self.locus
        for s in v["strata"] if v else ():
            low, high = s["tangent_space"]
            tangent = f"{low}" if low == high else f"{low} to {high if high is not None else '?'}"
            lines.append(
                f"  {s['name']} (dimension {s['dimension']}): {s['status']}, {s['type']}, tangent space of dimension {tangent}"
            )
        for o in v["others"] if v else ():
            where = f", where {', '.join(o['vanishing'])} vanish" if o["vanishing"] else ""
            lines.append(f"  on no subnetwork: dimension {o['dimension']}, degree {o['degree']}{where}")
        return "\n".join(lines)


@entry
def singularities(
    model: Model,
    *,
    at: Annotated[
        ExactNumbers | None,
        Option("weights whose function is looked at, comma-separated: 1,2,0,0,1,0", kind="numbers"),
    ] = None,
    seed: int = DEFAULT_SEED,
) -> SingularitiesResult:
    """The singular functions of the closure of ``source``; with weights ``at``, whether their function is one.

    ``at`` is a flat vector of exact numbers (ints, Fractions, strings like "1/3"; a float is its exact binary value), in the order of
    ``Model.blocks``. Raises `InputError` where its length is wrong, or for unusable input.

    >>> result = singularities("mlp(2,2,1; x^3 + x^2)")
    >>> result.value["dimension"], result.value["degree"], result.value["others"]
    (3, 6, [{'dimension': 3, 'degree': 1, 'vanishing': ['x0^3', 'x0^2 x1', 'x0 x1^2', 'x1^3']}])
    """
    whole = quietly(dimension_of, model, seed=seed)
    ideal = known_ideal(model, whole.value, seed)
    note(equations=0 if ideal is None else len(ideal.system.generators))
    closure = Closure.of(model, whole, ideal)
    evidence: SingularitiesEvidence = {
        "model_dimension": whole.value,
        "dimension_claim": str(whole.claim),
        "ambient": whole.ambient,
        "equations": None if ideal is None else len(ideal.system.generators),
        "ideal_complete": bool(ideal and ideal.complete),
        "ideal": "no equations within reach" if ideal is None else ideal.why,
        "theorem": closure.strata.theorem,
        "seeds": [seed],
        "theorems": [t.to_dict() for t in whole.theorems],
    }
    if at is not None:
        weights = exact_weights(model, at)
        found = at_weights(model, tuple(weights), closure, whole, seed)
        return _of_point(found, whole, {**evidence, "at": list(weights)})
    return _of_model(model, whole, closure, evidence, seed)


def _of_model(model: Model, whole: Dimension, closure: Closure, evidence: SingularitiesEvidence, seed: int) -> SingularitiesResult:
    """The singular locus from its strata and its equations."""
    ideal = closure.ideal
    images = [] if whole.fills else image_facts(model, closure, seed)
    lower = max((i.dimension for i in images if i.status == "singular"), default=-1)
    locus = None if whole.fills or ideal is None else singular_locus(ideal, lower, seed)
    stated = singular_by_theorem(model, whole, seed)
    size, upper, why = shown_locus(model, closure, images, locus, stated.get("dimension"), seed)
    dimension: int | None = size.statement.value
    others = beyond_subnetworks(model, None if dimension == -1 else dimension, images, locus, ideal, seed)
    claims: dict[str, Verdict] = {
        "dimension": size,
        "degree": _degree(model, size, upper, images, locus, closure, stated, seed),
        "codimension": _codimension(model, whole, size, stated),
        "strata": weak(
            _said(model, "strata", [i.to_dict(whole.value) for i in images]), Claim.ESTIMATE, "types are those of weights seen"
        ),
        "others": _others(model, others),
    }
    value = cast(LocusValue, {key: verdict.statement.value for key, verdict in claims.items()})
    evidence |= {
        "at_least": max((int(i.shown.statement.value) for i in images if i.shown is not None), default=-1),
        "at_most": None if upper is None else upper.statement.value,
        "why": why,
        "degree_with_multiplicity": locus.with_multiplicity
        if locus and locus.degree is not None and locus.dimension == dimension
        else None,
        "error_bound": size.statement.error or None,
        "subnetworks": others.compared,
    }
    return SingularitiesResult(
        value=value,
        claims=claims,
        glosses=_glosses(images, value, size),
        also={
            **{i.name: i.shown for i in images if i.shown is not None},
            **{_size(i): i.size for i in images if i.size is not None and _larger(i, size)},
        },
        evidence=evidence,
        notices=whole.notices,
    )


def _said(model: Model, key: str, value: object) -> Statement:
    return Statement(f"singularities: {key}", exact_functions(model).hash, value)


def _codimension(model: Model, whole: Dimension, size: Verdict, stated: Mapping[Part, Verdict]) -> Verdict:
    """How much smaller the locus is than the closure; None for an empty one."""
    if "codimension" in stated:
        return stated["codimension"]
    dimension = size.statement.value
    if dimension is None or dimension < 0:
        return weak(_said(model, "codimension", None), Claim.UNDECIDED, "no singular functions are known")
    try:
        return issue(LocusCodimension(whole.verdict, size), exact_functions(model))
    except NotShown as reason:
        return weak(_said(model, "codimension", whole.value - dimension), Claim.ESTIMATE, str(reason))


def _others(model: Model, others: BeyondSubnetworks) -> Verdict:
    """Parts on no smaller network, which are counted mod a prime, without a bound of the error."""
    pieces: list[OtherPart] = [{"dimension": o.dimension, "degree": o.degree, "vanishing": list(o.vanishing)} for o in others.pieces]
    return weak(_said(model, "others", pieces), Claim.ESTIMATE if pieces else Claim.UNDECIDED, "counted mod a prime")


def _degree(
    model: Model,
    size: Verdict,
    upper: Verdict | None,
    images: list[ImageFacts],
    locus: Locus | None,
    closure: Closure,
    stated: Mapping[Part, Verdict],
    seed: int,
) -> Verdict:
    """The degree of the locus, where all its components of largest dimension are known: by a theorem; of a point; from equations of a
    complete ideal; or from images of smaller networks that a theorem says are all."""
    if "degree" in stated:
        return stated["degree"]
    try:
        return issue(DegreeOfVertex(size), exact_families(model))
    except NotShown:
        pass
    dimension, known = size.statement.value, closure.strata
    complete = closure.ideal is not None and closure.ideal.complete
    found: int | None = None
    if dimension is not None and complete and locus is not None and locus.dimension == dimension:
        found = locus.degree
    listed = bool(known.theorem) and (known.all_listed or families_of_all_windows(model))
    if found is None and listed and dimension is not None and upper is not None and upper.statement.value == dimension > 0:
        found = degree_of_images(model, dimension, images, seed).value
    level = Claim.UNDECIDED if found is None else Claim.ESTIMATE
    return weak(_said(model, "degree", found), level, "the same number of points mod two primes, without a bound of the error")


def _of_point(found: FunctionFacts, whole: Dimension, evidence: SingularitiesEvidence) -> SingularitiesResult:
    return SingularitiesResult(
        value=found.row,
        claims=found.verdicts,
        also={"model": whole.verdict},
        evidence={**evidence, "why": found.why},
    )


def _size(image: ImageFacts) -> str:
    """What the dimension of the functions of a smaller network is called beside the verdict that they are singular."""
    return f"dimension of {image.name}"


def _larger(image: ImageFacts, locus: Verdict) -> bool:
    """Whether functions of a smaller network, an irreducible set, are more than all the singular ones: then general ones are smooth."""
    found = locus.statement.value
    return found is not None and locus.claim in REACHES[FROM_ABOVE] and image.dimension > found and image.status != "singular"


def _glosses(images: list[ImageFacts], value: LocusValue, size: Verdict) -> tuple[Gloss, ...]:
    """Which smaller networks have singular functions, and which smooth ones, as far as that is shown."""
    if value["dimension"] is None:
        return (Gloss("no singular function was found, and none is excluded", {}),)
    if value["dimension"] == -1:
        return (Gloss("near each of its functions the closure is a manifold", {"dimension": SURE}),)
    singular = [i for i in images if i.status == "singular"]
    shown, seen = [i.name for i in singular if i.shown is not None], [i.name for i in singular if i.shown is None]
    larger = [i for i in images if i.size is not None and _larger(i, size)]
    smooth = [i.name for i in images if i.status == "smooth" and i not in larger]
    texts = []
    if shown:
        texts.append(Gloss(f"{_general(shown)} {'is' if shown == ['zero'] else 'are'} singular", dict.fromkeys(shown, FROM_BELOW)))
    if seen:
        texts.append(Gloss(f"{_general(seen)} seem{'s' if seen == ['zero'] else ''} to be singular", {}))
    if larger:
        needs = {"dimension": FROM_ABOVE, **{_size(i): FROM_BELOW for i in larger}}
        texts.append(Gloss(f"{_general([i.name for i in larger])} are smooth points of the closure", needs))
    if smooth:
        texts.append(Gloss(f"{_general(smooth)} seem to be smooth points of the closure", {}))
    return tuple(texts)


_PLAIN = {"zero": "the function zero", "constants": "constants"}


def _general(names: list[str]) -> str:
    """General functions of smaller networks, and those of no network."""
    networks = [n for n in names if n not in _PLAIN]
    listed = ", ".join(map(named, networks[:3])) + (", ..." if len(networks) > 3 else "")
    return " and ".join([*([f"general functions of {listed}"] if networks else []), *(_PLAIN[n] for n in names if n in _PLAIN)])
