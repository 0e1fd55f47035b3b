"""Where a given function lies: by the exact procedure of its family, else by certificates and searches."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.positions import InteriorByBall, InteriorByRanks, Placed
from neurovariety.claim import Claim
from neurovariety.geometry.boundaries.exact_placement import exact_placement, outside_by_equation
from neurovariety.geometry.boundaries.exact_positions import known_image
from neurovariety.geometry.boundaries.family_samples import BEYOND, searched_position
from neurovariety.geometry.boundaries.limit_families import splits
from neurovariety.geometry.boundaries.position import Located, Position
from neurovariety.geometry.boundaries.search_both_sides import NEAR, BothSides
from neurovariety.geometry.boundaries.smooth_preimage import interior_by_equations
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, written_out
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.images.decision import Decision, Finding
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.invariants.dimension import dimension_of
from neurovariety.geometry.invariants.equations import equations_of
from neurovariety.model import Model
from neurovariety.progress import quietly
from neurovariety.randomness import generator

STREAM = "geometry.boundaries.locate"
_SEARCH = "real solutions from random starts"


def locate(model: Model, target: Target, member: Decision, seed: int) -> Located:
    """The position of ``target``; ``member``: whether it is realizable."""
    known = known_image(model.image, model)
    if known is not None:
        return _by_theorem(model, target, known.locate(target))
    if member.verdict is Finding.EXCLUDED:
        reason = f"violated: {member.violated}"
        outside = outside_by_equation(model, quietly(equations_of, model, seed=seed).system, target.coefficients, reason)
        return Located(Position.OUTSIDE, reason, member.route, Claim.ESTIMATE, certificates=outside)
    coordinates = written_out(model)
    exact = member.exact_witness
    if exact is not None:
        shown = interior_by_equations(model, coordinates, exact, seed, generator(seed, STREAM, 1))
        if shown is not None:
            p, equations, facts = shown
            reason = (
                f"at the weights found the derivative has rank {facts['rank_at_weights']}, the dimension of the zeros of the "
                "equations, which are smooth there: weights nearby attain all real functions of the neurovariety nearby"
            )
            own, f = exact_placement(model).hash, dict(target.coefficients)
            pair = (
                InteriorByRanks(own, f, exact, equations, p, reason, "position"),
                InteriorByRanks(own, f, exact, equations, p, reason, "reason"),
            )
            route = "rank of J and of the equations"
            return Located(Position.INTERIOR, reason, route, Claim.ESTIMATE, evidence=facts, certificates=pair)
    return by_search(model, coordinates, target, member.verdict is Finding.REALIZABLE, exact, seed)


def _by_theorem(model: Model, target: Target, found: Located) -> Located:
    """The same with its certificates."""
    own, f, position = exact_placement(model).hash, dict(target.coefficients), str(found.position)
    pair = (Placed(own, f, position, found.reason, "position"), Placed(own, f, position, found.reason, "reason"))
    return replace(found, certificates=pair)


def by_search(
    model: Model, coordinates: Coordinates, target: Target, attained: bool, witness: tuple[Fraction, ...] | None, seed: int
) -> Located:
    """The position by certificates and searches alone; ``attained``: whether it is known to be; ``witness``: exact weights."""
    sides, fills = both_sides(model, coordinates, seed)
    point, rng = sides.floats(target), generator(seed, STREAM, 2)
    found = sides.search(point[None], rng)
    ball = sides.ball(target, found.weights[0]) if found.attained[0] else None
    if ball is not None:
        reason = "certified weights attain it, with a derivative onto the whole span: weights nearby attain all functions nearby"
        data = (exact_placement(model).hash, dict(target.coefficients), ball.weights, ball.columns, ball.radius, ball.inverse, reason)
        pair = (InteriorByBall(*data, "position"), InteriorByBall(*data, "reason"))
        facts = {"near_weights": found.weights[0].tolist()}
        return Located(Position.INTERIOR, reason, "certified solution", Claim.ESTIMATE, evidence=facts, certificates=pair)
    split = None if witness is None else _beside_a_split(model, target, witness, sides, generator(seed, STREAM, 4))
    if split is not None:
        return split
    if not fills:
        reason = (
            "no weights were found at which the derivative is onto the smooth zeros of the equations, and real functions of the "
            "neurovariety on both sides are not drawn here, as it is not the whole span"
        )
        return Located(Position.UNDECIDED, reason, _SEARCH, Claim.UNDECIDED, evidence=_facts(found.preimages[0]))
    rows = sides.nearby(point, rng, found.weights[0] if found.attained[0] else None)
    reached = attained or bool(found.attained[0])
    facts = {**_facts(found.preimages[0]), "nearby": rows}
    nearest = rows[-1]
    missed = nearest["functions"] - nearest["attained"]
    seen = f"of {nearest['functions']} functions at a relative distance of {nearest['radius']:g}, {nearest['attained']} are attained"
    if nearest["attained"] and missed:
        here = Position.BOUNDARY if reached else Position.CLOSURE_ONLY
        reason = f"{seen} and no search reaches the others; the function itself is {'' if reached else 'not '}attained"
        return Located(here, reason, _SEARCH, Claim.ESTIMATE, evidence=facts)
    if not nearest["attained"] and not reached:
        return _not_reached(sides, point, seen, facts, generator(seed, STREAM, 5))
    # Near a cusp of the boundary almost all functions are attained: this shows nothing where no derivative is onto the span.
    reason = f"{seen}; the function is {'' if reached else 'not '}attained, and nowhere with a derivative onto the span"
    return Located(Position.UNDECIDED, reason, _SEARCH, Claim.UNDECIDED, evidence=facts)


def _not_reached(sides: BothSides, point: np.ndarray, seen: str, facts: dict[str, object], rng: np.random.Generator) -> Located:
    """A function that no search reaches, nor any near it: a limit of functions whose weights diverge, or outside, as searches end."""
    grown = sides.approach(point, rng)
    ahead = [row["largest_weight"] for row in grown]
    if grown and grown[-1]["distance"] <= NEAR and ahead == sorted(ahead) and ahead[-1] > 2 * ahead[0]:
        reason = (
            f"searches come within a relative distance of {grown[-1]['distance']:g} with weights that grow on the way, and none "
            "attains it"
        )
        return Located(Position.CLOSURE_ONLY, reason, _SEARCH, Claim.ESTIMATE, evidence=facts)
    if sides.kept_away(point, rng):
        return Located(Position.OUTSIDE, f"{seen}, and neither is the function", _SEARCH, Claim.ESTIMATE, evidence=facts)
    reason = f"{seen}, and neither is the function; weights grow, or searches go on, so that it may be a limit"
    return Located(Position.UNDECIDED, reason, _SEARCH, Claim.UNDECIDED, evidence=facts)


def _beside_a_split(
    model: Model, target: Target, witness: tuple[Fraction, ...], sides: BothSides, rng: np.random.Generator
) -> Located | None:
    """Boundary, where a neuron splits into two complex conjugate ones that compute functions which no search reaches."""
    for family, parameters in splits(model, witness, rng):
        others = [family.beyond(model, parameters(t), t) for t in BEYOND]
        position, _ = searched_position(target, others, sides, rng)
        if position.on_boundary:
            reason = (
                "a neuron is dead or double: arbitrarily near are real functions of two complex conjugate neurons in its place, and no "
                "search reaches them"
            )
            return Located(Position.BOUNDARY, reason, _SEARCH, Claim.ESTIMATE)
    return None


def both_sides(model: Model, coordinates: Coordinates, seed: int) -> tuple[BothSides, bool]:
    """The searches for a model, and whether its neurovariety is the whole span."""
    span = LinearSpan.of(coordinates)
    sides = BothSides(model, coordinates, span)
    found = quietly(dimension_of, model, seed=seed)
    sides.stated = found.symmetry_rank
    return sides, found.value == len(span.pivots)


def _facts(preimages: int | None) -> dict[str, object]:
    return {"real_preimages_found": preimages}
