"""Membership where no theorem decides: exclusion by exact equations, realizability by certified real solutions.

Exclusion. A coefficient that no function of the model has, a target outside the linear span, or a polynomial equation of the
neurovariety that the target violates; each shows that the target is not even a limit of functions of the model.

Realizability. Levenberg-Marquardt from several starts suggests weights; then either simple rational weights nearby are checked exactly,
or a box is proved to contain real weights whose function is exactly the target (Krawczyk's test on a square subsystem; this asks for a
derivative onto the whole span, so it serves models that fill it). What neither settles is undecided: a small residual alone may belong
to a target that is only a limit.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from neurovariety.certificates.issue import issue
from neurovariety.certificates.known_equations import AbsentCoefficient, KnownEquations, ViolatedEquation
from neurovariety.certificates.realized import RealizedInBox
from neurovariety.errors import ResourceError
from neurovariety.exact_numbers import nearest_floats
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, PolynomialMap, written_out
from neurovariety.geometry.ideal.coefficients import Coordinates, monomial_name
from neurovariety.geometry.ideal.equations_by_degree import Equation, linear_equation
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.ideal.vanishing import violated
from neurovariety.geometry.images.decision import Decision, Finding, excluded, realizable, statement
from neurovariety.geometry.images.least_squares import levenberg_marquardt, step_cost
from neurovariety.geometry.images.real_zero import certified_ball, rational_candidates
from neurovariety.geometry.images.target import Target, function_at
from neurovariety.geometry.invariants.equations import equations_of, violation
from neurovariety.model import Model
from neurovariety.randomness import generator

_STARTS = 48
_LEAST_STARTS = 6
_MAX_WORK = 2 * 10**10
"""Floating-point operations of a search: some ten seconds at worst."""
_ITERATIONS = 400
_ENOUGH = 1e-12
_CLOSE = 1e-9
_MAX_TERMS = 6000
_MAX_TRIED = 5
_SHARE_OF_ZEROS = 0.3
_KRAWCZYK = statement(
    "Krawczyk's test",
    "a box that the operator maps into its interior contains exactly one zero of the square system",
    "krawczyk1969",
)


def decide_by_search(model: Model, target: Target, seed: int) -> Decision:
    """The decision for any polynomial model small enough to be written out. Raises `ResourceError` for larger ones."""
    zero = (Fraction(0),) * model.parameters
    if dict(function_at(model, zero).coefficients) == dict(target.coefficients):
        return realizable("all weights zero", zero)
    coordinates = written_out(model)
    linear = _linear_exclusion(model, coordinates, target)
    if isinstance(linear, Decision):
        return linear
    by_equation = _violated_equation(model, target, seed)
    if by_equation is not None:
        return by_equation
    return _search(model, coordinates, linear, target, seed)


def _linear_exclusion(model: Model, coordinates: Coordinates, target: Target) -> Decision | LinearSpan:
    route, exact = "linear equations", exact_coefficients(model)
    known = set(coordinates.monomials)
    for (output, e), c in sorted(target.coefficients.items()):
        if (output, e) not in known:
            absent = AbsentCoefficient(exact.hash, target.coefficients, (output, e))
            wrong_one = excluded(route, f"the coefficient of {monomial_name(e)} in output {output} is 0, here {c}")
            return replace(wrong_one, shown=(absent,))
    values = [target.coefficients.get(key, Fraction(0)) for key in coordinates.monomials]
    span = LinearSpan.of(coordinates)
    wrong = span.violated(values)
    if wrong is None:
        return span
    j, asked, found = wrong
    names = [f"[{monomial_name(e)} in output {o}]" for o, e in coordinates.monomials]
    pieces = [f"{'-' if r < 0 else '+'} {'' if abs(r) == 1 else f'{abs(r)}*'}{names[p]}" for p, r in span.relations[j]]
    right = " ".join(pieces).removeprefix("+ ") or "0"
    equation = linear_equation({j: Fraction(-1), **dict(span.relations[j])})
    vanishing = issue(KnownEquations(exact.hash, (equation,), coordinates.count), exact)
    shown = ViolatedEquation(vanishing, 0, target.coefficients)
    text = f"{names[j]} = {right} for the coefficients of every function of the model; here {found} and {asked}"
    return replace(excluded(route, text), shown=(shown,))


def _violated_equation(model: Model, target: Target, seed: int) -> Decision | None:
    """Exclusion by an equation of the neurovariety, as strong as that equation is verified."""
    try:
        found = equations_of(model, seed=seed)
    except ResourceError:
        return None
    system = found.system
    wrong = violated(system.generators, system.coordinates, target.coefficients)
    text = violation(system, target.coefficients)
    if text is None or not isinstance(wrong, Equation) or system.known is None:
        return None
    evidence = {
        "equations_up_to_degree": system.searched,
        "coordinates": system.coordinates.described(model.inputs),
        "error_bound": found.error_bound,
    }
    place = system.known, system.generators.index(wrong), target.coefficients
    shown = tuple(ViolatedEquation(*place, part) for part in ("verdict", "violated"))
    return replace(excluded("an equation of the neurovariety", text, **evidence), shown=shown)


def _search(model: Model, coordinates: Coordinates, span: LinearSpan, target: Target, seed: int) -> Decision:
    values = [target.coefficients.get(coordinates.monomials[j], Fraction(0)) for j in span.pivots]
    route = "real solutions from random starts"
    if sum(len(q) for q in coordinates.polynomials) > _MAX_TERMS:
        return Decision(Finding.UNDECIDED, route, evidence={"reason": f"the model has more than {_MAX_TERMS:,} terms"})
    map_ = PolynomialMap.of(coordinates, span.pivots)
    goal = np.array(nearest_floats(values, "a coefficient of the target"))
    scale = max(float(np.abs(goal).max(initial=0.0)), 1e-300)
    rng = generator(seed, "geometry.images.search")
    # Weights of size 1 give coefficients of size 1; a target of another size asks for weights scaled accordingly.
    degree = max(int(map_.exponents.sum(axis=1).max(initial=1)), 1)
    sizes = scale ** (1.0 / degree) * np.array([0.5, 1.0, 2.0])[np.arange(_STARTS) % 3]
    count = int(np.clip(_MAX_WORK // (_ITERATIONS * step_cost(map_)), _LEAST_STARTS, _STARTS))
    starts = (rng.standard_normal((_STARTS, model.parameters)) * sizes[:, None])[:count]
    # Subnetworks have simple weights: in a second round some weights start at zero and stay there.
    thinned = starts * (rng.random(starts.shape) > _SHARE_OF_ZEROS)
    goals, enough = np.tile(goal, (count, 1)), _ENOUGH * scale
    rounds = [levenberg_marquardt(map_, goals, s, _ITERATIONS, enough, sparse=k > 0) for k, s in enumerate((starts, thinned))]
    weights, norms = (np.concatenate(parts) for parts in zip(*rounds, strict=True))
    evidence = {"starts": len(norms), "best_residual": float(norms.min()), "target_size": scale, "span": len(span.pivots)}
    good = sorted(np.flatnonzero(norms <= _CLOSE * scale), key=lambda i: (np.count_nonzero(weights[i]), np.abs(weights[i]).max()))
    good = [*good[:_MAX_TRIED], *good[_MAX_TRIED:][-_MAX_TRIED:]]
    for i in good:
        for guess in rational_candidates(map_, goal, weights[i]):
            if dict(function_at(model, guess).coefficients) == dict(target.coefficients):
                return realizable(route, guess, **evidence)
    for i in good:
        ball = certified_ball(map_, values, weights[i])
        if ball is not None:
            box = {"radius": ball.radius, "solved_for": list(ball.columns), "test": "Krawczyk in ball arithmetic"}
            place = ball.weights, ball.columns, span.pivots, ball.radius, ball.inverse, target.coefficients
            shown = tuple(RealizedInBox(exact_coefficients(model).hash, *place, part) for part in ("verdict", "witness"))
            return replace(realizable(route, ball.weights, _KRAWCZYK, **evidence, certificate=box), shown=shown)
    return Decision(Finding.UNDECIDED, route, evidence=evidence)
