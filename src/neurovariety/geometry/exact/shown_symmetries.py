"""The Lie algebra of linear symmetries within an ansatz, and what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import NotShown, Verdict, first_shown, issue, weak
from neurovariety.certificates.linear_symmetries import (
    ExpandedMaps,
    MapsAtMost,
    MapsPlace,
    OrbitDimension,
    SampledMaps,
    SearchedAmong,
    SparseVector,
    StatedMaps,
    StatedSpan,
    UnstatedMaps,
)
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import generic_rank
from neurovariety.geometry.exact.points import draw_point
from neurovariety.geometry.exact.reparametrizations import Ansatz, draw_place, maps_error, solve, sparse
from neurovariety.geometry.exact.stated_symmetries import StatedSymmetries, stated_symmetries
from neurovariety.linear_algebra import random_prime
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, MAX_TRIALS, PRIME_BITS


@dataclass(frozen=True, eq=False)
class ShownSymmetries:
    """``verdicts`` by key of the value: dimension, stated, unstated, orbit_dimension, ansatz.

    ``expanded``: how many solutions are shown by expansion; ``orbit``: the largest rank of fields found; ``rational``: solutions over
    Q, where their numbers are small; ``prime``: that of the equations.
    """

    stated: StatedSymmetries
    verdicts: Mapping[str, Verdict]
    expanded: int
    orbit: int
    rational: tuple[SparseVector, ...] | None
    prime: int


def shown_symmetries(model: Model, ansatz: Ansatz, rng: np.random.Generator) -> ShownSymmetries:
    """Solve the equations at random points, and show that as many solutions are symmetries.

    The dimension is proved where the stated symmetries are as many, or where solutions over Q vanish by expansion; it has the error of
    tests at random places where these are too large to expand; else it is an upper bound.
    """
    exact = exact_functions(model)
    p, point = draw_point(model, rng)
    stated = stated_symmetries(model, p, point)
    trial = generic_rank(model, p, point, model.parameters)
    found = solve(model, ansatz, lambda: random_prime(PRIME_BITS, rng), rng, max(trial.rank, 1))
    rational = None if found.rational is None else sparse(found.rational)
    q, most = found.place.prime, found.basis.shape[1]
    upper = issue(MapsAtMost(exact.hash, found.place, most, exact.generic), exact)
    least = StatedMaps(exact.hash, ansatz.scope, q, exact.stated_maps_rank(ansatz.scope, q))
    lower, dimension = issue(least, exact), upper
    if least.value == most:
        dimension = issue(Meets(lower, upper), exact)
    elif rational is not None:
        lower, dimension = _by_vectors(model, ansatz, rational, upper, rng) or (lower, upper)
    span = first_shown(exact, StatedSpan(least, upper), StatedSpan(least), StatedSpan(least, exactly=False))
    assert trial.shown is not None
    orbit, orbit_verdict = _orbit(model, lower, upper, trial.shown, [(p, point.weights), None], rng)
    verdicts = {
        "dimension": dimension,
        "stated": span,
        "unstated": issue(UnstatedMaps(dimension, span), exact),
        "orbit_dimension": orbit_verdict,
        "ansatz": issue(SearchedAmong(upper), exact),
    }
    expanded = most if isinstance(lower.certificate, ExpandedMaps) else 0
    return ShownSymmetries(stated, verdicts, expanded, orbit, rational, q)


def _by_vectors(
    model: Model, ansatz: Ansatz, vectors: tuple[SparseVector, ...], upper: Verdict, rng: np.random.Generator
) -> tuple[Verdict, Verdict] | None:
    """That the solutions over Q are symmetries, and the dimension: by expansion, else by tests at random places; None where neither
    shows it."""
    exact, q = exact_functions(model), random_prime(PRIME_BITS, rng)
    try:
        lower = issue(ExpandedMaps(exact.hash, ansatz.scope, vectors, q), exact)
        return lower, issue(Meets(lower, upper), exact)
    except NotShown:
        places: list[MapsPlace] = []
    error = 1.0
    while error > ERROR_BOUND and len(places) < MAX_TRIALS:
        places.append(draw_place(model, ansatz, random_prime(PRIME_BITS, rng), rng, 1, 1))
        error *= maps_error(model, vectors, places[-1])
    try:
        tested = issue(SampledMaps(vectors, q, tuple(places), upper), exact)
    except NotShown:
        return None
    return tested, tested


def _orbit(
    model: Model,
    maps: Verdict,
    upper: Verdict,
    rank: ModularRank,
    places: Sequence[tuple[int, Array] | None],
    rng: np.random.Generator,
) -> tuple[int, Verdict]:
    """The dimension of a general orbit: the largest rank of the fields at places (None: a random one), and what is shown."""
    exact = exact_functions(model)
    best, most = 0, min(int(upper.statement.value), model.parameters - rank.value)
    for place in places:
        if place is None:
            p, point = draw_point(model, rng)
            place = p, point.weights
        known = maps.certificate
        if isinstance(known, StatedMaps):
            found = exact.fields_rank(*place)
        else:
            assert isinstance(known, ExpandedMaps | SampledMaps)
            assert isinstance(upper.certificate, MapsAtMost)
            found = exact.maps_fields_rank(upper.certificate.place.ansatz, known.vectors, *place)
        best = max(best, found)
        if found >= most:
            return best, issue(OrbitDimension(maps, upper, rank, *place, most), exact)
    return best, weak(Statement("general orbit", exact.hash, None), Claim.UNDECIDED, "the fields may have a larger rank elsewhere")
