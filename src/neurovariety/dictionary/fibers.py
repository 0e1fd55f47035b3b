"""Fibers of the parametrization: which weights give the same function.

The fiber over f_w is the set of weights with the same function. Over a generic function its dimension is the number of parameters
minus the dimension of the neuromanifold; the stated symmetries explain part of it (the rank of their verified vector fields at a
generic point), and what is left are hidden directions. For learning the fiber is what training cannot determine.

What is proved. The claim is that of the dimension. At given weights w the fiber through w has dimension at least that of the generic
fiber and at most parameters minus rank of J at w; symmetry orbits, and directions along which the function is constant (expanded over
Q, or where that is too long tested at random points of several fields), raise the lower bound, a computation in the local ring
lowers the upper one. Where they meet the local dimension is known.

All dimensions are those of complex weights. The real weights of the same function may have fewer around w: the function
w_1^2 + w_2^2 has at w = 0 two lines over C and one point over R.

The number of points of the generic fiber modulo the stated symmetries, over the complex numbers, is given where a theorem counts
them (`architectures.theorems.generic_fibers`: Kruskal, Waring decompositions, factorizations of matrices and of polynomials). For
small models it is counted otherwise (`geometry.solutions.fiber_count`): complete by a trace test on the graph of the parametrization,
every weight certified, sorted into orbits of the stated group; then the claim is `complete`. Else it is null. A count by paths is one
of orbits of full dimension: smaller ones in their closures, such as W_1 of rank one in ``linear(2,3,1)``, are other weights of the same
function. So weights are `identifiable`, up to the stated group, where a theorem speaks of all of them or the fiber is finite; where
one orbit is dense and smaller ones are not excluded, generic weights are.

The number of path components of the real fiber, where a theorem gives it, is `evidence["real_components"]`
(`geometry.images.real_components`).

Source: Marchetti et al. 2025, section 4.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Required, cast

from neurovariety.beyond.analytic.general_fiber import fiber_at, general_fiber
from neurovariety.beyond.analytic.rank_at_weights import weights_of_network
from neurovariety.beyond.analytic.rank_in_balls import Smooth
from neurovariety.certificates.compose import COUNTED, FINITE, HIDES, LEFT, SETTLED, Because
from neurovariety.certificates.fiber import HIDDEN, HiddenDirections
from neurovariety.certificates.fiber_at_weights import FIBER_AT, HIDDEN_AT, IDENTIFIED
from neurovariety.certificates.issue import NotShown, Verdict, issue, weak
from neurovariety.certificates.sentences import FROM_ABOVE, FROM_BELOW, SURE, Gloss
from neurovariety.certificates.smooth_ranks_at_weights import FIRST_ORDER
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import ByTheorem, FieldsVanish
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_options import ExactNumbers
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry_of_both
from neurovariety.dictionary.symmetries import moved_by_others
from neurovariety.errors import DivisionByZeroError, InputError, ResourceError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.hidden_directions import hidden_directions
from neurovariety.geometry.exact.points import draw_point
from neurovariety.geometry.exact.special_fiber import (
    SpecialFiber,
    SpecialFiberFacts,
    exact_weights,
    local_dimension_of,
    special_fiber,
)
from neurovariety.geometry.exact.stated_symmetries import stated_symmetries
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.images.real_components import RealComponents, components_sentence, real_components
from neurovariety.geometry.invariants.degree import degree_of
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.model import Model
from neurovariety.options import Option, Route
from neurovariety.progress import quietly
from neurovariety.randomness import generator
from neurovariety.theorem import GENERIC_FIBER, Theorem
from neurovariety.tolerances import DEFAULT_SEED

Identifiable = Literal["yes", "generic", "no", "undecided"]

_SCOPES: Mapping[Identifiable, str] = {
    "yes": "for a general function",
    "generic": "of full dimension; smaller orbits are not excluded",
    "no": "for a general function",
    "undecided": "for a general function",
}
"""Of which weights it is said whether they are identifiable."""

_SMALL_DIMENSION = 10
"""Largest dimension of a model whose fiber is counted by following paths unasked: seconds."""


class FibersEvidence(SpecialFiberFacts, total=False):
    """What the dimensions of a fiber rest on; where weights are given, what is known of the fiber through them."""

    asked_route: Route
    model_dimension: Required[int]
    parameters: Required[int]
    stated: int | None
    symmetries: Facts | None
    upper_bound: Facts
    trials: list[Facts]
    theorems: list[Facts]
    scope: str
    real_components: Required[RealComponents | None]
    counted: Facts
    rank_at_most: int
    coincidences: list[str]
    hidden_directions: Facts | None
    moved_by_unstated_symmetries: int | None


@dataclass(frozen=True, repr=False)
class FibersResult(EntryResult):
    """The generic fiber, or the fiber through given weights.

    ``value`` is ``{"dimension", "hidden", "cardinality", "identifiable"}``: hidden = dimension beyond the stated symmetries;
    cardinality = number of orbits of full dimension of the stated group (null where not counted); identifiable: whether the weights of
    a general function are determined by it up to the stated group: yes (all of them), generic (those of one dense orbit; smaller
    orbits are not excluded), no (a hidden direction or a second orbit is known) or undecided. ``evidence["scope"]`` says the same.
    Dimensions are those of complex weights: real weights of the same function may have fewer around given ones.
    """

    entry: ClassVar[str] = "fibers"
    headline: ClassVar[tuple[str, ...]] = ("dimension", "cardinality", "identifiable")
    evidence: FibersEvidence

    def speaks(self) -> Iterable[str]:
        """Dimensions, and what is known of orbits: where one lies over a function, or infinitely many, that says how many there are."""
        settled = self.value["identifiable"] in ("yes", "generic") or (self.value["hidden"] and self.value["cardinality"] is None)
        return ("dimension", "hidden", *(() if settled else ("cardinality",)), "identifiable")


AtOption = Annotated[
    ExactNumbers | None,
    Option("weights of a special fiber, comma-separated exact numbers (1,1/3,0.5,...)", kind="numbers"),
]

RouteOption = Annotated[
    Route,
    Option(
        "how points of the generic fiber are counted; computed: by following paths; theorem: by theorems; auto: both in turn",
        recorded="asked_route",
    ),
]


def _of_analytic(network: Smooth, *, at: ExactNumbers | None, route: Route, seed: int, memory_limit: int | None) -> FibersResult:
    """The fiber of a network with analytic activations, over a general function or to first order at weights: its dimension alone."""
    if route == "theorem":
        raise InputError(f"no theorem counts the weights of a function of {network.notation}; ask route='auto'")
    found = general_fiber(network, seed) if at is None else fiber_at(network, weights_of_network(network, at), seed)
    known = weak(Statement(GENERIC_FIBER, network.hash, None), Claim.UNDECIDED, "not counted")
    scope = _SCOPES["undecided"] if at is None else FIRST_ORDER
    said = Statement("identifiable", network.hash, "undecided", (scope,))
    claims = {**found.claims, "cardinality": known, "identifiable": weak(said, Claim.UNDECIDED, "not counted")}
    return FibersResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        glosses=found.glosses,
        evidence=cast("FibersEvidence", {**found.evidence, "real_components": None, "scope": scope}),
    )


@entry_of_both(_of_analytic)
def fibers(
    model: Model,
    *,
    at: AtOption = None,
    route: RouteOption = "auto",
    seed: int = DEFAULT_SEED,
    memory_limit: int | None = None,
) -> FibersResult:
    """The fiber of the parametrization over a generic function, or through the weights ``at``.

    Of mlp with an analytic activation (tanh, gelu, ...), and of attention with softmax, the dimension alone is known; at given weights
    to first order.

    ``at`` is a flat vector of exact numbers (ints, Fractions, strings like "1/3"; a float is its exact binary value), in the order
    of ``Model.blocks``: matrices, then biases; every K, every Q, every V. ``route``: ``theorem`` counts the points of the fiber by
    theorems alone, ``computed`` by following paths alone, ``auto`` by a theorem where there is one, else by following paths where the
    dimension is at most 10. Raises `InputError` where the length of ``at`` is wrong.

    >>> fibers("mlp(2,2,3,1; x^3)").value["hidden"]
    2
    >>> fibers("mlp(2,2,1; x^3)", at=[1, 2, 0, 0, 1, 0]).value["dimension"]  # the second neuron is dead
    3
    """
    generic = quietly(dimension_of, model, seed=seed, memory_limit=memory_limit)
    found = _explained(model, generic, seed)
    weights = None if at is None else exact_weights(model, at)
    counted = _counted(model) if found.hidden == 0 and route != "computed" else None
    points: dict[str, Any] = {}
    shown = None if counted is None else issue(exact_functions(model).by_theorem(counted), exact_functions(model))
    if found.hidden == 0 and counted is None and weights is None and route != "theorem":
        shown, points = _computed(model, generic, found.claim, route, seed)
    evidence = _evidence(generic, found, counted, real_components(model, weights))
    identifiable = _identifiable(found, counted, shown)
    if points:
        evidence["counted"] = points
    if weights is not None:
        try:
            there = special_fiber(model, weights, _from_above(model, generic), seed)
        except DivisionByZeroError:
            raise InputError(f"a denominator of {model.name} vanishes at the weights given, where it has no function") from None
        return _special(model, there, evidence)
    evidence["scope"] = _SCOPES[identifiable]
    moved, orbit = moved_by_others(model, found.stated, seed) if found.hidden else (None, None)
    if found.hidden:
        evidence["hidden_directions"] = hidden_directions(model, seed)
        evidence["moved_by_unstated_symmetries"] = moved
    cardinality = None if shown is None else int(shown.statement.value)
    return FibersResult(
        value={
            "dimension": found.dimension,
            "hidden": found.hidden,
            "cardinality": cardinality,
            "identifiable": identifiable,
        },
        claims=_claims(model, found, shown, identifiable),
        glosses=(*_glosses(found, identifiable, moved, bool(model.symmetries)), *_components(evidence["real_components"])),
        evidence=evidence,
        notices=(*generic.notices, *((f"orbits are not counted: {points['reason']}",) if "reason" in points else ())),
        also={} if orbit is None else {"orbit": orbit},
    )


def _from_above(model: Model, generic: Dimension) -> Verdict:
    """The dimension as far as it is known from above: below the generic fiber no fiber falls."""
    return generic.verdict if generic.sure else issue(generic.upper.certificate, exact_coefficients(model))


def _claims(model: Model, found: _Explained, cardinality: Verdict | None, identifiable: Identifiable) -> dict[str, Verdict]:
    """A verdict for each part: what is not known claims nothing."""
    exact = exact_functions(model)
    hidden = found.hidden_verdict or weak(Statement(HIDDEN, exact.hash, None), Claim.UNDECIDED, "too many symmetry fields")
    counted = cardinality or weak(Statement(GENERIC_FIBER, exact.hash, None), Claim.UNDECIDED, "not counted")
    said = Statement("identifiable", exact.hash, identifiable, (_SCOPES[identifiable],))
    if identifiable == "undecided":
        last = weak(said, Claim.UNDECIDED, "the points of the fiber were not counted")
    elif found.hidden:
        last = issue(Because(said, HIDES, (hidden,)), exact)
    else:
        assert cardinality is not None
        by_theorem = isinstance(cardinality.certificate, ByTheorem)
        finite = identifiable == "yes" and not by_theorem
        rule = SETTLED if by_theorem else FINITE if finite else COUNTED
        last = issue(Because(said, rule, (cardinality, *((found.verdict,) if finite else ()))), exact)
    return {"dimension": found.verdict, "hidden": hidden, "cardinality": counted, "identifiable": last}


def _evidence(generic: Dimension, found: _Explained, counted: Theorem | None, real: RealComponents | None) -> FibersEvidence:
    return {
        "model_dimension": generic.value,
        "parameters": generic.parameters,
        "stated": found.stated,
        "symmetries": None if generic.symmetries is None else generic.symmetries.to_dict(),
        "upper_bound": generic.upper.to_dict(),
        "trials": [t.to_dict() for t in generic.trials],
        "error_bound": found.error,
        "theorems": [*(t.to_dict() for t in generic.theorems), *([counted.to_dict()] if counted and counted.source else [])],
        "real_components": real,
    }


@dataclass(frozen=True)
class _Explained:
    """The generic fiber: what is shown of its dimension (``verdict``), how many of these the ``stated`` symmetries explain and how many
    are hidden (None: not known)."""

    verdict: Verdict
    stated: int | None
    hidden_verdict: Verdict | None

    @property
    def dimension(self) -> int:
        return int(self.verdict.statement.value)

    @property
    def hidden(self) -> int | None:
        return None if self.hidden_verdict is None else int(self.hidden_verdict.statement.value)

    @property
    def claim(self) -> Claim:
        """How far both may be trusted."""
        return Claim.weakest(v.claim for v in (self.verdict, self.hidden_verdict) if v is not None)

    @property
    def error(self) -> float | None:
        """The probability of an error; None where nothing can go wrong, or nothing is known."""
        errors = [v.statement.error for v in (self.verdict, self.hidden_verdict) if v is not None]
        return max(errors) or None


def _explained(model: Model, generic: Dimension, seed: int) -> _Explained:
    exact, n = exact_functions(model), model.parameters
    left = Statement("dimension of the fiber", exact.hash, n - generic.value)
    verdict = issue(Because(left, LEFT, (generic.verdict,)), exact)
    if generic.symmetries is None or generic.symmetries.rank is None:
        return _Explained(verdict, None, None)
    first = generic.symmetries
    fields = [FieldsVanish(exact.hash, first.prime, first.weights, n, generic.symmetries.rank)]
    if fields[0].rank < n - generic.value and fields[0].rank != exact.field_generators:
        # Fields that are dependent at one point could be independent elsewhere, and explain more: ask a second field.
        p, point = draw_point(model, generator(seed, "dictionary.fibers"))
        second = stated_symmetries(model, p, point)
        fields.append(FieldsVanish(exact.hash, p, point.weights, n, second.rank or 0))
    try:
        hidden = issue(HiddenDirections(generic.verdict, tuple(fields)), exact)
    except NotShown:
        return _Explained(verdict, max(f.rank for f in fields), None)
    return _Explained(verdict, max(f.rank for f in fields), hidden)


def _counted(model: Model) -> Theorem | None:
    """The theorem that counts the points of the generic fiber modulo the stated symmetries, if there is one."""
    return next((t for t in model.theorems if t.applies and t.quantity == GENERIC_FIBER), None)


def _computed(model: Model, generic: Dimension, claim: Claim, route: Route, seed: int) -> tuple[Verdict | None, dict[str, Any]]:
    """The count of the generic fiber by following paths, as far as it goes."""
    r = generic.value
    if not r or claim is Claim.UPPER_BOUND or (route == "auto" and r > _SMALL_DIMENSION):
        return None, {}
    from neurovariety.geometry.solutions.attempts import check_size
    from neurovariety.geometry.solutions.fiber_count import count_fiber

    def known_degree() -> Verdict | None:
        found = quietly(degree_of, model, seed=seed)
        return found.verdict if found.sure else None

    try:
        check_size("fibers", r, generic.ambient_at_least)
        count = count_fiber(model, r, known_degree, seed, (generic.verdict,) if generic.sure else ())
    except (InputError, ResourceError) as refusal:
        if route == "computed":
            raise
        return None, {"at_least": 1, "reason": str(refusal)}
    facts = {"at_least": count.at_least, **count.evidence, **({"reason": count.reason} if count.reason else {})}
    if count.at_least > 1:
        facts["weights"] = [[f"{z.real:.12g}{z.imag:+.12g}i" for z in w] for w in count.weights]
    return count.verdict, facts


def _identifiable(found: _Explained, theorem: Theorem | None, counted: Verdict | None) -> Identifiable:
    """A hidden direction settles it, as far as the dimension is known from both sides, else the number of points.

    The theorems are about every weight of a general function, as is a count where the general fiber is finite. In a fiber of positive
    dimension one orbit may be dense and not all.
    """
    if found.hidden:
        return "undecided" if found.claim is Claim.UPPER_BOUND else "no"
    if counted is None:
        return "undecided"
    if counted.statement.value > 1:
        return "no"
    return "yes" if theorem is not None or not found.dimension else "generic"


def _special(model: Model, found: SpecialFiber, generic_evidence: FibersEvidence) -> FibersResult:
    exact = exact_functions(model)
    evidence: FibersEvidence = {**generic_evidence, **found.to_dict()}
    whole, hidden, no = local_dimension_of(model, found)
    between = "the bounds of the dimension do not meet"
    claims = {
        "dimension": whole or weak(Statement(FIBER_AT, exact.hash, None), Claim.UNDECIDED, between),
        "hidden": hidden or weak(Statement(HIDDEN_AT, exact.hash, None), Claim.UNDECIDED, between),
        "cardinality": weak(Statement(GENERIC_FIBER, exact.hash, None), Claim.UNDECIDED, "not counted"),
        "identifiable": no or weak(Statement(IDENTIFIED, exact.hash, "undecided"), Claim.UNDECIDED, "other orbits are not excluded"),
    }
    extra = found.at_least - evidence["parameters"] + evidence["model_dimension"]
    texts = []
    if whole is None:
        size = f"{found.at_least} to {found.at_most}"
        texts.append(Gloss(f"{size} dimensions of complex weights around these compute the same function", {}))
    if extra > 0:
        more = (
            f"the fiber has {extra} dimension{'s' * (extra != 1)} more than at general weights: the function is that of a smaller model"
        )
        texts.append(Gloss(more, {"dimension": FROM_BELOW}))
    return FibersResult(
        value={key: verdict.statement.value for key, verdict in claims.items()},
        claims=claims,
        glosses=(*texts, *_components(evidence["real_components"])),
        evidence=evidence,
    )


def _components(found: RealComponents | None) -> tuple[Gloss, ...]:
    """What is known of the fiber over the reals."""
    said = components_sentence(found).removeprefix("; ")
    return (Gloss(said, {}),) if said else ()


def _glosses(found: _Explained, identifiable: Identifiable, moved: int | None, symmetric: bool) -> tuple[Gloss, ...]:
    if found.hidden is None or found.stated is None:
        return ()
    if found.hidden:
        hidden = "data cannot tell weights apart along these directions either"
        linear = f"linear changes of weights that are not stated explain {moved} of these (symmetries finds them)"
        return (Gloss(hidden, {"hidden": SURE}), *((Gloss(linear, {"hidden": SURE, "orbit": FROM_BELOW}),) if moved else ()))
    if not found.dimension and identifiable != "yes":
        return (Gloss("a general function leaves finitely many choices of weights", {"dimension": FROM_ABOVE}),)
    return () if symmetric or identifiable != "yes" else (Gloss("no symmetry of the weights is stated", {}),)
