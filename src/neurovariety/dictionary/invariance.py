"""Invariance of functions through fibers: which weights give a function with f(T x) = f(x), or S f(x).

A linear map T of the inputs can be traded for one of the weights, f_w(T x) = f_{w.T}(x), and S of the outputs likewise. So f_w is
equivariant iff w.T and S.w lie in one fiber. Where that fiber is an orbit of the stated group G this reads w.T = g.(S.w) for a g in G:
every layer is equivariant, for the action of g on its hidden units. The group elements that matter have g^q = 1, where T^q = S^q = 1,
and fall into finitely many conjugacy classes; for each of them the weights form a linear space, and its ranks are taken exactly.
For learning: how many degrees of freedom are left once a symmetry of the task is learned, and what the hidden layers then do.

What is proved. The adjunction, as an identity in T, S, w and x. Each component listed exists, with at least the dimensions shown.
That no other weights have an equivariant function is proved for linear networks (all of them, by their isotypic blocks), and where
the dimensions found meet the dimension of the model and Molien's count of equivariant polynomials; otherwise the value is a
`lower_bound`: functions with more weights than the orbit of one (subnetworks, quadratic forms) may hide further ones.

Sources: Marchetti et al. 2025, section 4.3; Marchetti, Hillar, Kragic, Sanborn 2024; Shahverdi, Marchetti, Bökman, Kohn 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, TypedDict

from neurovariety.certificates.equivariant_bounds import MAX_ORDER, EquivariantSizes, PairOfMaps
from neurovariety.certificates.equivariant_functions import OrderOfMaps, Part
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.phrases import amount
from neurovariety.certificates.sentences import SURE, Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary.entry_result import EntryResult, Facts
from neurovariety.dictionary.runner import entry
from neurovariety.errors import DivisionByZeroError, InputError, VerificationError
from neurovariety.geometry.equivariance.adjunction import (
    adjunction_error,
    input_adjunction,
    output_adjunction,
    require_axes,
    zero_function,
)
from neurovariety.geometry.equivariance.bounds import equivariant_linear, equivariant_polynomials
from neurovariety.geometry.equivariance.equivariant_weights import MAX_CLASSES, Component, EquivariantWeights, require_size
from neurovariety.geometry.equivariance.linear_map import LinearMap, identity, pair_of, read_map
from neurovariety.geometry.equivariance.shown_equivariance import ShownEquivariance
from neurovariety.geometry.exact.points import division_notice, draw_point, with_new_values
from neurovariety.geometry.exact.stated_symmetries import stated_symmetries
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import Dimension, dimension_of
from neurovariety.model import Model
from neurovariety.options import Option
from neurovariety.progress import note, quietly
from neurovariety.randomness import generator
from neurovariety.tolerances import DEFAULT_SEED, ERROR_BOUND

_MAX_SHOWN = 40
_PARTS: tuple[Part, ...] = ("function_dimension", "weight_dimension")

_DEFAULT_MAP = "shift"


class ListedComponent(TypedDict):
    """One kind of layerwise equivariant weights: what each layer does, and the dimensions of weights and functions."""

    classes: list[str]
    weights: int
    functions: int


class InvarianceEvidence(TypedDict):
    """What the dimensions rest on."""

    map: str
    output_map: str | None
    adjunction: str
    dimension: int
    dimension_claim: str
    function_dimension_at_most: int
    weight_dimension_at_most: int
    reasons: list[str]
    weights_of_the_zero_function_at_least: int
    every_function: bool
    error_bound: float | None
    components_found: int
    subnetworks: list[ListedComponent]
    classes_looked_at: int
    all_classes: bool
    symmetries: Facts
    prime: int
    theorems: list[Facts]


@dataclass(frozen=True, repr=False)
class InvarianceResult(EntryResult):
    """The equivariant functions of a model.

    ``value`` is ``{"function_dimension", "weight_dimension", "components", "order"}``: the dimension over R of the set of functions
    with f(T x) = S f(x), that of the set of weights that have one, the components found, and the common order of the maps (null: not
    finite, or above 60). A component is ``{"classes", "weights", "functions"}``: what each layer does, and its two dimensions. Those
    with most functions come first; those whose generic weights are a subnetwork stand in ``evidence["subnetworks"]`` and count for both
    dimensions. The claim is about the two dimensions; ``evidence`` holds upper bounds of them.
    """

    entry: ClassVar[str] = "invariance"
    headline: ClassVar[tuple[str, ...]] = ("function_dimension", "weight_dimension")
    evidence: InvarianceEvidence
    sources: ClassVar[tuple[str, ...]] = ("marchetti2025", "marchetti2024", "shahverdi2026")


@dataclass(frozen=True)
class _Found:
    """What the search found: components that are no subnetworks, those that are, how many combinations of classes were looked at and
    whether that was the cap, whether these were all, the stated symmetries, and the prime."""

    components: tuple[Component, ...]
    subnetworks: tuple[Component, ...]
    looked_at: int
    capped: bool
    all_classes: bool
    symmetries: Facts
    prime: int


MapOption = Annotated[
    Any,
    Option("linear map T of the inputs: 1,0,2 or (0 1)(2 3) or shift or a matrix 0,1;-1,0 (default: shift)"),
]


@entry
def invariance(
    model: Model,
    *,
    map: MapOption = None,
    output_map: Annotated[Any, Option("linear map S of the outputs, for f(T x) = S f(x) (default: none, f(T x) = f(x))")] = None,
    seed: int = DEFAULT_SEED,
) -> InvarianceResult:
    """The functions of ``source`` with f(T x) = f(x), or f(T x) = S f(x) where ``output_map`` gives S.

    ``map`` is T, on the first axis of the input (default: the cyclic shift): a permutation in one-line notation ("1,0,2" or
    [1, 0, 2], meaning (T x)_i = x_p(i)), cycles "(0 1)(2 3)", "shift", "reverse", "negation", or a rational matrix ("0,1;-1,0" or a
    list of rows); ``output_map`` is S, on the first axis of the output, in the same form. Raises `InputError` where a map cannot be
    read or the model does not say how a linear map of its inputs acts on its weights.

    >>> invariance("linear(3,2,2)", map="1,0,2").value["function_dimension"]
    4
    >>> invariance("mlp(2,2,1; x^3)", map="(0 1)").value["components"][0]["classes"]
    ['permuting the neurons of hidden layer 1: 1 cycle of 2']
    """
    require_axes(model, outputs=output_map is not None)
    t = read_map(_DEFAULT_MAP if map is None else map, model.input_shape[0], "inputs")
    size = model.output_shape[0] if model.output_shape else 1
    s = read_map(output_map, size, "outputs") if output_map is not None else identity(size)
    require_size(model)
    maps = pair_of(t, s)
    adjunction = _adjunction_error(model, t, s, seed)
    whole = quietly(dimension_of, model, seed=seed)
    found, draws = with_new_values(lambda k: _search(model, t, s, whole, generator(seed, "dictionary.invariance", k)))
    bounds = _bounds(model, maps, whole)
    shown = _dimensions(model, maps, found, bounds, whole, seed)
    given = str(t), None if output_map is None else str(s)
    evidence = _evidence(model, given, whole, found, bounds, shown, adjunction)
    claims = {key: verdict for key, verdict in shown.verdicts.items() if key != "subnetworks"}
    value = {key: verdict.statement.value for key, verdict in claims.items()}
    return InvarianceResult(
        value=value,
        claims=claims,
        glosses=_glosses(whole, found, value, (t, None if output_map is None else s)),
        also={"model": whole.verdict},
        evidence=evidence,
        options={"map": given[0], "output_map": given[1]},
        notices=(*_notices(map is None, found, maps.order, bounds[2], adjunction), *whole.notices, *division_notice(draws)),
    )


def _evidence(
    model: Model, maps: tuple[str, str | None], whole: Dimension, found: _Found, bounds: _Bounds, shown: _Shown, adjunction: float
) -> InvarianceEvidence:
    at_most, reasons, theorem = bounds
    return {
        "map": maps[0],
        "output_map": maps[1],
        "adjunction": "proved as an identity" if adjunction == 0 else "tested at random points of independent prime fields",
        "dimension": whole.value,
        "dimension_claim": str(whole.claim),
        "function_dimension_at_most": at_most.functions,
        "weight_dimension_at_most": at_most.weights,
        "reasons": reasons,
        "weights_of_the_zero_function_at_least": zero_function(model) or 0,
        "every_function": shown.all,
        "error_bound": adjunction + max(v.statement.error for v in shown.verdicts.values()) or None,
        "components_found": len(found.components),
        "subnetworks": shown.verdicts["subnetworks"].statement.value,
        "classes_looked_at": found.looked_at,
        "all_classes": found.all_classes,
        "symmetries": found.symmetries,
        "prime": found.prime,
        "theorems": [_STATEMENT] if theorem else [],
    }


_Bounds = tuple[EquivariantSizes, list[str], bool]
"""Upper bounds of both dimensions, the reasons, and whether a theorem says that they are the dimensions."""


@dataclass(frozen=True)
class _Shown:
    """Verdicts of the keys of the value, and of the components that are subnetworks; whether ``all`` functions are equivariant, as
    random ones are."""

    verdicts: dict[str, Verdict]
    all: bool = False

    @property
    def functions(self) -> int:
        return int(self.verdicts["function_dimension"].statement.value)


def _dimensions(model: Model, maps: PairOfMaps, found: _Found, bounds: _Bounds, whole: Dimension, seed: int) -> _Shown:
    """What the components found and the bounds show, and where that is not all whether every function is equivariant, for a reason that
    the stated symmetries do not tell. Raises `VerificationError`."""
    upper = issue(whole.upper.certificate, exact_coefficients(model))
    shown, everything = ShownEquivariance(model, maps, whole.verdict, upper), (*found.components, *found.subnetworks)
    certificates = [shown.certificate(c) for c in everything]
    functions = max((c.functions for c in certificates), default=0)
    weights = max([zero_function(model) or 0, *(c.weights for c in certificates)])  # the zero function is equivariant
    at_most, reasons, theorem = bounds
    if functions > at_most.functions or weights > at_most.weights:
        raise VerificationError(
            f"invariance of {model.name}: components of dimensions {functions} and {weights} exceed the bounds {at_most.functions} and "
            f"{at_most.weights} ({reasons[0]})"
        )
    if theorem:
        functions, weights = at_most.functions, at_most.weights
    verdicts = {
        "function_dimension": shown.dimension("function_dimension", functions, everything, at_most.functions),
        "weight_dimension": shown.dimension("weight_dimension", weights, everything, at_most.weights),
    }
    left: list[Part] = [part for part in _PARTS if verdicts[part].claim is not Claim.PROVED]
    places = shown.every_function(generator(seed, "dictionary.invariance.equivariance")) if left else ()
    if places:
        verdicts |= {part: shown.of_all(part, places) for part in left}
    return _Shown(
        {
            **verdicts,
            "components": shown.listed(found.components[:_MAX_SHOWN]),
            "order": issue(OrderOfMaps(shown.exact.hash, maps, maps.order), shown.exact),
            "subnetworks": shown.listed(found.subnetworks[:_MAX_SHOWN]),
        },
        bool(places),
    )


def _adjunction_error(model: Model, t: LinearMap, s: LinearMap, seed: int) -> float:
    """0 where the adjunction is proved; else the probability bound that it holds at the tested points by accident."""
    if input_adjunction(model) and (s.is_identity or output_adjunction(model)):
        return 0.0
    error = adjunction_error(model, t, s, generator(seed, "dictionary.invariance.adjunction"))
    if error > ERROR_BOUND:
        raise InputError(
            f"{model.name} says on which weights linear maps of its inputs and outputs act, but that could be neither proved nor "
            "tested with a useful error bound; take an architecture whose first and last layers are full matrices"
        )
    return error


def _search(model: Model, t: LinearMap, s: LinearMap, whole: Dimension, rng: Any) -> _Found:
    p, point = draw_point(model, rng)
    stated = stated_symmetries(model, p, point)
    work = EquivariantWeights(model, stated.proved, t, s, whole.value, rng)
    listed: list[Component] = []
    rest: list[Component] = []
    most_functions = most_weights = looked_at = 0
    seen: set[tuple[bytes, ...]] = set()
    group = sum(a.dimension for a in stated.proved)
    for chosen in work.search():
        looked_at += 1
        if looked_at > MAX_CLASSES:
            break
        basis = work.basis(chosen)
        key = tuple(k.tobytes() for k in basis)
        if key in seen:
            continue
        seen.add(key)
        weights = work.generic(basis)
        subnetwork = work.is_subnetwork(weights, chosen)
        space = sum(k.shape[1] for k in basis)
        if subnetwork and space <= most_functions and space + group <= most_weights:
            continue
        try:
            found = work.component(chosen, basis, weights, subnetwork)
        except DivisionByZeroError:  # a rational model without a value at a generic point of this space
            continue
        (rest if subnetwork else listed).append(found)
        most_functions = max(most_functions, found.numbers.functions)
        most_weights = max(most_weights, found.numbers.swept)
        note(value={"function_dimension": most_functions, "weight_dimension": most_weights})
    capped = looked_at > MAX_CLASSES
    return _Found(
        _sorted(listed), _sorted(rest), min(looked_at, MAX_CLASSES), capped, work.every_group and not capped, stated.to_dict(), work.p
    )


def _sorted(found: list[Component]) -> tuple[Component, ...]:
    return tuple(sorted(found, key=lambda c: (-c.numbers.functions, -c.numbers.swept)))


def _bounds(model: Model, maps: PairOfMaps, whole: Dimension) -> _Bounds:
    """Upper bounds of both dimensions, the reasons, and whether a theorem says that they are the dimensions."""
    exact = equivariant_linear(model, maps)
    if exact is not None:
        return exact, ["equivariant matrices of bounded rank, by isotypic blocks"], True
    top, reasons = whole.at_most, ["dimension of the model"]
    polynomials = equivariant_polynomials(model, maps)
    if polynomials is not None and polynomials < top:
        top, reasons = polynomials, ["equivariant polynomial maps of the degrees that occur, counted by Molien's formula"]
    weights = model.parameters
    if top < whole.value:  # equivariance is a closed condition that generic weights do not satisfy
        weights -= 1
        reasons.append("not every function is equivariant, so the weights satisfy an equation")
    return EquivariantSizes(top, weights), reasons, False


_STATEMENT: Facts = {
    "name": "equivariant linear networks",
    "quantity": "function_dimension and weight_dimension",
    "statement": "equivariant matrices of rank at most r are products of determinantal varieties, one for each isotypic block",
    "source": "kohn2023",
    "hypotheses": ["every layer is linear", "the maps have a common finite order, or the outputs stay"],
}


def _notices(none_given: bool, found: _Found, order: int | None, theorem: bool, adjunction: float) -> tuple[str, ...]:
    out = []
    if none_given:
        out.append("no map was given: this is the cyclic shift of the inputs; give one with map=... or --map")
    if found.capped:
        out.append(f"only the first {MAX_CLASSES:,} combinations of classes were looked at for the list of components")
    if order is None:
        out.append(
            f"the maps have no common order up to {MAX_ORDER}: "
            + ("only components" if theorem else "only weights")
            + " that are fixed layer by layer (g = 1) were looked for"
        )
    if len(found.components) > _MAX_SHOWN:
        out.append(f"{_MAX_SHOWN} of {len(found.components):,} components are listed, those with most functions")
    if adjunction:
        out.append(f"how linear maps act on the weights was tested (error at most {adjunction:.1g}), not proved")
    return tuple(out)


def _glosses(whole: Dimension, found: _Found, value: Mapping[str, Any], maps: tuple[LinearMap, LinearMap | None]) -> tuple[Gloss, ...]:
    """Which symmetry, what it leaves of the model, and what weights with these functions do."""
    t, s = maps
    law = f"the symmetry is f(T x) = {'f(x)' if s is None else 'S f(x)'} with T x = {t.image_of('x')}"
    law += "" if s is None else f" and S y = {s.image_of('y')}"
    functions = value["function_dimension"]
    if functions == whole.value > 0:
        left = Gloss("every function of the model has this symmetry", {"function_dimension": SURE, "model": SURE})
    else:
        left = Gloss(f"the functions of the model form a set of dimension {amount(whole.value, whole.claim)}", {"model": whole.claim})
    n = len(found.components)
    if not n:
        kinds = "the weights that were found to follow it layer by layer have inactive or redundant units"
        return (Gloss(law, {}, ahead=True), left, Gloss(kinds if found.subnetworks else _NONE_FOUND, {}))
    kinds = f"{n} kind{'' if n == 1 else 's'} of weights that follow it layer by layer {'was' if n == 1 else 'were'} found"
    best = next((c for c in found.components if c.numbers.functions == functions), None)
    if best is not None:
        as_large = sum(c.numbers.functions == functions for c in found.components)
        where = "there" if n == 1 else "in the largest," if as_large == 1 else f"in one of the {as_large} largest,"
        kinds += f"; {where} {_moves(best, s is None)}"
    return (Gloss(law, {}, ahead=True), left, Gloss(kinds, {}))


def _moves(kind: Component, alone: bool) -> str:
    """How the map, ``alone`` or with the one of the outputs, acts on weights of a kind. Not each symmetry moves hidden units, and not
    each model has these."""
    moving = [c for c in kind.classes if not c.trivial]
    of_units = bool(kind.classes) and all("hidden layer" in c.group.name for c in moving or kind.classes)
    maps, s = ("the map", "s") if alone else ("the maps together", "")
    if not moving:
        return "hidden units stay as they are" if of_units else f"{maps} leave{s} the weights as they are"
    how = "hidden units move so" if of_units else f"{maps} move{s} the weights as a symmetry does"
    return f"{how}: {'; '.join(c.words for c in moving)}"


_NONE_FOUND = "no weights that follow it layer by layer were found"
