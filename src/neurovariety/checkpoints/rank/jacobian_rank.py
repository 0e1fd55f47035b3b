"""The rank of the Jacobian of the weights-to-function map at trained weights, against its rank at general ones.

Polynomial and rational networks: over prime fields at the exact stored weights and random inputs, as many as it takes. ReLU and its
kin: exact within the activation regions of sampled rational inputs, a lower bound of the functional dimension. Other activations: a
float64 singular value decomposition with the gap that it found, an estimate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from neurovariety.certificates.compose import Meets
from neurovariety.certificates.issue import Verdict, issue, weak
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_ranks import (
    GENERIC,
    RANK,
    AtMostOrbits,
    GenericFrom,
    GenericRank,
    RandomRanksAtWeights,
    RankAtWeights,
)
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.multiplications import work
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import to_floats
from neurovariety.checkpoints.rank.float_jacobian import float_jacobian, float_rank
from neurovariety.checkpoints.rank.linearization import Linearization, Tangents, linearized, with_tangents
from neurovariety.checkpoints.rank.network_jacobian import NetworkJacobian
from neurovariety.claim import Claim
from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import RankTrial, generic_rank, shown_rank
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_DIVISION_RETRIES, MAX_TRIALS

EXACT_RANK_AT_MOST = 20_000
"""Parameters up to which all rows of the Jacobian are used; its matrix then has 3.2 GB."""
_ROWS_BEYOND = 64
"""Rows that are used of larger Jacobians in float64."""
_MOST_ROWS = 1_500
"""Rows of the Jacobian that are used beyond that, projected at random to about as many columns, at most."""
_PROJECTION_WORK = 200_000_000_000
"""Products that the projection may take: rows times rows times parameters."""
_ENTRIES_BEYOND = 2**27
"""Entries of these rows: 1 GB."""
_SMALL_FROM = 1_000
"""Directions from which the rank is taken modulo a small prime: the elimination is most of the work, and takes half the time."""
_FEWER_REGIONS_FROM, _FEWER = 4_000, 1.25
"""Directions beyond which hardly more rows are taken than there are directions: the elimination takes a minute."""
_ONLY_HERE_FROM = 10_000
"""Directions beyond which the rank at general weights is not taken, where that at the weights does not settle it."""
_INPUT_WORK = 10**8
"""Products that values at the sampled inputs may take, as long as these inputs are as many as all outputs there ask for."""
_INPUT_ENTRIES = 2**27
"""Entries of activations there, of which is kept on which side they lie: 1 GB."""
_MOST_WORK = 5 * 10**10
"""Products that the values alone may take at the fewest inputs whose rows are as many as the directions; derivatives take as many more
for each weight that they pass."""
_FLOAT_AT_MOST = 2_500
"""Parameters up to which all rows are used in a singular value decomposition: about a minute."""
_REPEAT_AT_MOST = 1_500
"""Parameters up to which trials are repeated until the error bound is small; beyond, there are two."""
_SAMPLE_BITS = 6
"""Sampled inputs of piecewise linear networks are multiples of 1/64: exact, and short."""
_GAP = 1e-10
"""Singular values below this part of the largest are taken for zero in float64; the evidence holds those on both sides."""
_CLEAR = 1e-6
"""The same where only a lower bound is wanted: far above any rounding."""
_WIDEST = 2.0**20
"""Largest spread of the weights that are drawn for the general rank; it does not depend on their size."""
_REGIONS_PER_DIRECTION = 3
"""Rows of the Jacobian of a ReLU network, in multiples of the directions: many regions have to be met."""


@dataclass(frozen=True)
class JacobianRank:
    """``rank`` at the weights and ``generic`` at random ones; ``shown`` and ``generic_shown`` say what each is worth."""

    rank: int
    generic: int
    shown: Verdict
    generic_shown: Verdict
    evidence: dict[str, object]

    @property
    def claim(self) -> Claim:
        """How far the rank is proved."""
        return self.shown.claim

    @property
    def generic_claim(self) -> Claim:
        """How far the rank at general weights is."""
        return self.generic_shown.claim


def jacobian_rank(network: Network, at_most: int, inputs: Array | None, rng: np.random.Generator) -> JacobianRank:
    """Both ranks. ``at_most`` is a proved bound: the weights minus the dimension of the stated symmetries.

    ``inputs`` (batch, \\*input shape) are used for networks that are not algebraic, besides sampled ones. Raises `InputError` for
    operations whose derivative is not computed.
    """
    found = linearized(network)
    if found.sort == "smooth":
        return _in_floats(network, found, at_most, inputs, rng)
    large = network.parameters > EXACT_RANK_AT_MOST
    _affordable(network, -(-min(at_most, _MOST_ROWS if large else at_most) // math.prod(network.output_shape)))
    jacobian = NetworkJacobian(network, found)
    if found.sort == "piecewise linear":
        return _within_regions(jacobian, at_most, inputs, rng, large)
    if large:
        return _some_rows(jacobian, rng)
    return _algebraic(jacobian, at_most, rng)


def _affordable(network: Network, inputs: int) -> None:
    """Refuse a network that is evaluated at so many inputs at least, where that takes too long."""
    products = inputs * work(network)
    if products > _MOST_WORK:
        raise InputError(
            f"the values at the {inputs:,} inputs that its rows need take {products:.1e} multiplications, more than {_MOST_WORK:.0e}"
        )


def _algebraic(jacobian: NetworkJacobian, at_most: int, rng: np.random.Generator) -> JacobianRank:
    """Trials until the rank is ``at_most``, which settles both, or the error is small."""
    network, model = jacobian.network, jacobian.model
    best = generic = 0
    primes: list[int] = []
    error, trials = 1.0, MAX_TRIALS if network.parameters <= _REPEAT_AT_MOST else 2
    kept: list[tuple[RankAtWeights, RankAtWeights | None]] = []
    general: RankTrial | None = None
    saturated, failures, rows = False, 0, 0
    if at_most >= _SMALL_FROM:
        known = _at_once(jacobian, at_most, rng)
        if known is not None:
            return known
    while len(primes) < trials:
        try:
            p, point, here = jacobian.point(rng)
            special, full, fewer = jacobian.trial(p, here, at_most)
            if special.rank < at_most and (general is None or general.rank < at_most):
                general = generic_rank(model, p, point, at_most)
        except DivisionByZeroError:
            failures += 1
            if failures >= MAX_DIVISION_RETRIES:
                raise
            continue
        primes.append(p)
        kept.append((full, fewer))
        best, rows, saturated = max(best, special.rank), special.inputs * (special.combined or model.outputs), special.saturated
        generic = max(generic, best, 0 if general is None else general.rank)
        error *= min(1.0, 2 * jacobian.error(full.place, at_most))
        if best == at_most or error <= ERROR_BOUND:
            break
    shown, why = _shown(jacobian, kept, at_most)
    evidence: dict[str, object] = {
        "route": "exact over prime fields at the stored weights, random inputs",
        "primes": primes,
        "rows": rows,
        "saturated": saturated,
        "error_bound": shown.statement.error or None,
        "limited_by": None if shown.claim is not Claim.LOWER_BOUND else why or f"{rows} rows of the Jacobian, {len(primes)} primes",
    }
    if best == at_most:
        return JacobianRank(best, generic, shown, _all_directions(jacobian, shown, at_most), evidence)
    assert general is not None
    assert general.shown is not None
    functions = exact_functions(model)
    return JacobianRank(best, generic, shown, _general(jacobian, issue(general.shown, functions), generic), evidence)


def _at_once(jacobian: NetworkJacobian, at_most: int, rng: np.random.Generator) -> JacobianRank | None:
    """The rank where it is ``at_most``, from hardly more rows, modulo a small prime; None where these do not show it."""
    try:
        p, _, here = jacobian.point(rng, small=True)
        found = jacobian.quick(here, at_most)
    except DivisionByZeroError:
        return None
    if found.value < at_most:
        return None
    shown, why = _shown(jacobian, [(found, None)], at_most)
    evidence: dict[str, object] = {
        "route": "exact over a prime field at the stored weights, random inputs",
        "primes": [p],
        "rows": at_most,
        "saturated": True,
        "error_bound": None,
        "limited_by": why or None,
    }
    return JacobianRank(at_most, at_most, shown, _all_directions(jacobian, shown, at_most), evidence)


def _shown(jacobian: NetworkJacobian, kept: Sequence[tuple[RankAtWeights, RankAtWeights | None]], at_most: int) -> tuple[Verdict, str]:
    """The strongest verdict on the rank at the weights that these trials allow, and what kept it from a stronger one."""
    best = max((full for full, _ in kept), key=lambda full: full.value)
    low = issue(best, jacobian)
    upper = _bound(jacobian, at_most, general=False)
    if upper is None:
        return low, "symmetries that no certificate knows"
    try:
        if best.value == at_most:
            return issue(Meets(low, upper), jacobian.network), ""
        return issue(RandomRanksAtWeights(tuple(kept), upper), jacobian), ""
    except NotShown:
        return low, ""


def _bound(jacobian: NetworkJacobian, at_most: int, general: bool) -> Verdict | None:
    try:
        return issue(AtMostOrbits(jacobian.hash, at_most, general), jacobian.network)
    except NotShown:
        return None


def _all_directions(jacobian: NetworkJacobian, shown: Verdict, at_most: int) -> Verdict:
    """The rank at general weights, where that at the weights is the largest that there can be."""
    low = issue(GenericFrom(shown, jacobian.network), jacobian.network)
    upper = _bound(jacobian, at_most, general=True)
    return low if upper is None else issue(Meets(low, upper), jacobian.network)


def _general(jacobian: NetworkJacobian, low: Verdict, value: int) -> Verdict:
    """The rank at general weights from that of the model at a random point."""
    if low.statement.value == value:
        return issue(GenericRank(jacobian.hash, low), jacobian)
    return weak(Statement(GENERIC, jacobian.hash, value), Claim.ESTIMATE, "the ranks of two trials")


def _some_rows(jacobian: NetworkJacobian, rng: np.random.Generator) -> JacobianRank:
    model = jacobian.model
    p, point, here = jacobian.point(rng)
    count, each = _in_groups(_rows_of(jacobian.network), model.outputs)
    rows = count * (each or model.outputs)
    inputs = point.inputs(model, count)
    general, _ = shown_rank(model, p, point, inputs, None, each)
    special = jacobian.among(p, here, inputs, each)
    evidence: dict[str, object] = {
        "route": f"random projection: {rows} rows of the Jacobian; more than {EXACT_RANK_AT_MOST:,} parameters",
        "primes": [p],
        "rows": rows,
        "saturated": False,
        "error_bound": None,
        "limited_by": f"{rows} rows of the Jacobian",
    }
    shown = issue(special, jacobian)
    generic = max(general.value, special.value)
    if generic == special.value:
        return JacobianRank(special.value, generic, shown, issue(GenericFrom(shown, jacobian.network), jacobian.network), evidence)
    return JacobianRank(special.value, generic, shown, _general(jacobian, issue(general, exact_functions(model)), generic), evidence)


def _rows_of(network: Network) -> int:
    """Rows that are used of the Jacobian of a large network: their projection to as many columns is most of the work."""
    return int(max(1, min(_MOST_ROWS, math.isqrt(_PROJECTION_WORK // network.parameters), _ENTRIES_BEYOND // network.parameters)))


def _in_groups(rows: int, outputs: int) -> tuple[int, int | None]:
    """So many rows as inputs, and how many combinations of the outputs at each (None: the outputs themselves)."""
    if outputs <= rows:
        return rows // outputs, None
    return 1, rows


def sampled_inputs(
    network: Network, count: int, inputs: Shaped[np.ndarray, "given ..."] | None, rng: np.random.Generator
) -> Float[np.ndarray, "batch ..."]:
    """``count`` dyadic inputs of the size of the given ones (else of size 1), after the given ones themselves."""
    shape = network.input_shape
    if inputs is None:
        spread: float | Array = 2.0
        centre: float | Array = 0.0
        given = np.zeros((0, *shape))
    else:
        given = to_floats(inputs)
        centre, spread = given.mean(axis=0), 2 * given.std(axis=0) + 1e-3
    drawn = centre + spread * rng.normal(size=(count, *shape))
    return np.concatenate([given, np.round(drawn * 2**_SAMPLE_BITS) / 2**_SAMPLE_BITS])


def _within_regions(
    jacobian: NetworkJacobian, at_most: int, inputs: Array | None, rng: np.random.Generator, large: bool
) -> JacobianRank:
    network, found = jacobian.network, jacobian.found
    count, each = _sampling(jacobian, at_most, large)
    small = at_most >= _SMALL_FROM and not large
    p, _, here = jacobian.point(rng, small)
    at = with_tangents(found, sampled_inputs(network, count, None if large else inputs, rng))
    if not len(at.inputs):
        raise InputError("every input that was sampled stays at a kink or a tie, or has values too large for float64")
    special, used = jacobian.some(here, at, each) if large else jacobian.at(here, at, each, at_most)
    rank, rows = special.value, used * (each or jacobian.model.outputs)
    limits = [f"{rows} rows of the Jacobian" if rank == rows else f"the activation regions that {used} inputs meet"]
    if at.resting:
        limits.append(f"{at.resting} entries that are at a kink at every input, through which nothing was counted")
    evidence: dict[str, object] = {
        "route": "exact within the activation regions of sampled rational inputs"
        + ("" if at.exact else ", whose signs were taken in float64")
        + (f"; {rows} rows alone, projected at random" if large else ""),
        "primes": [p],
        "rows": rows,
        "saturated": False,
        "error_bound": None,
        "limited_by": "; ".join(limits) if rank < at_most else None,
        "inputs_left_out": at.left_out,
        "resting_at_kinks": at.resting,
    }
    shown = _of_regions(jacobian, special, at, rank, at_most)
    if rank == at_most and shown.claim is Claim.PROVED:
        return JacobianRank(rank, rank, shown, _all_directions(jacobian, shown, at_most), evidence)
    generic = rank
    if large or at_most <= _ONLY_HERE_FROM:
        elsewhere = jacobian.elsewhere(_random_weights(network, rng))
        *_, there = elsewhere.point(rng, small)
        beside = with_tangents(elsewhere.found, sampled_inputs(elsewhere.network, count, None, rng))
        general, _ = elsewhere.some(there, beside, each) if large else elsewhere.at(there, beside, each, at_most)
        generic = max(rank, general.value)
        if general.value == generic and beside.exact and beside.differentiable:
            low = issue(GenericFrom(issue(general, elsewhere), elsewhere.network), network)
            upper = _bound(jacobian, at_most, general=True) if generic == at_most else None
            return JacobianRank(rank, generic, shown, low if upper is None else issue(Meets(low, upper), network), evidence)
    if generic == rank and shown.claim is Claim.LOWER_BOUND:
        return JacobianRank(rank, generic, shown, issue(GenericFrom(shown, network), network), evidence)
    return JacobianRank(rank, generic, shown, weak(Statement(GENERIC, jacobian.hash, generic), Claim.ESTIMATE, "in float64"), evidence)


def _sampling(jacobian: NetworkJacobian, at_most: int, large: bool) -> tuple[int, int | None]:
    """How many inputs to sample, and how many combinations of the outputs to take at each (None: the outputs themselves).

    The more inputs, the more regions; at least as many as all outputs at each would ask for.
    """
    network, outputs = jacobian.network, jacobian.model.outputs
    if large:
        return _in_groups(_rows_of(network), outputs)
    factor = _FEWER if at_most > _FEWER_REGIONS_FROM else _REGIONS_PER_DIRECTION
    rows = math.ceil(factor * at_most) + EXTRA_SAMPLES
    bent = sum(math.prod(network.shapes()[t.node.name]) for t in jacobian.found.tangents)
    affordable = min(_INPUT_WORK // max(work(network), 1), _INPUT_ENTRIES // max(bent, 1))
    count = min(rows, max(affordable, math.ceil(rows / outputs) + EXTRA_SAMPLES))
    each = math.ceil(rows / count)
    return count, None if each >= outputs else each


def _of_regions(jacobian: NetworkJacobian, special: RankAtWeights, at: Tangents, rank: int, at_most: int) -> Verdict:
    """The verdict on the rank within the regions that were met; an estimate where their signs are not exact."""
    if not (at.exact and at.differentiable):
        return weak(Statement(RANK, jacobian.hash, rank), Claim.ESTIMATE, "signs were taken in float64")
    low = issue(special, jacobian)
    upper = _bound(jacobian, at_most, general=False) if rank == at_most and not at.resting else None
    return low if upper is None else issue(Meets(low, upper), jacobian.network)


def _random_weights(network: Network, rng: np.random.Generator) -> Network:
    """Gaussian weights of the spread of the trained ones, rounded to 2**-10: the ranks at general weights are taken there."""
    drawn = {}
    for key in network.trained:
        stored = to_floats(network.weights[key])
        largest = float(np.abs(stored).max(initial=0.0))
        spread = largest * float((stored / largest).std()) if 0 < largest < math.inf else 0.0
        drawn[key] = np.round(rng.normal(size=stored.shape) * min(spread or 1.0, _WIDEST) * 2**10) / 2**10
        if not np.any(drawn[key]):  # weights far below 2**-10: any others are as general
            drawn[key] = np.round(rng.normal(size=stored.shape) * 2**10) / 2**10
    return network.with_weights(drawn)


def _in_floats(network: Network, found: Linearization, at_most: int, inputs: Array | None, rng: np.random.Generator) -> JacobianRank:
    outputs = math.prod(network.output_shape)
    whole = network.parameters <= _FLOAT_AT_MOST
    count = max(1, -(-3 * at_most // (2 * outputs)) + EXTRA_SAMPLES if whole else _ROWS_BEYOND // outputs)
    if count * outputs * network.parameters > _ENTRIES_BEYOND:
        raise InputError(f"{outputs:,} outputs by {network.parameters:,} weights are more than a Jacobian in float64 is computed of")
    _affordable(network, count)
    drawn = sampled_inputs(network, count, inputs if whole else None, rng)
    jacobian = float_jacobian(found, network, drawn)
    whole = whole and len(jacobian) >= at_most  # fewer where values are too large for float64
    cut = _GAP if whole else _CLEAR
    special, below, above = float_rank(jacobian, cut)
    general, _, _ = float_rank(float_jacobian(found, _random_weights(network, rng), drawn), cut)
    evidence = {
        "route": "float64 singular values; the activations are not rational" + ("" if whole else "; some rows alone"),
        "primes": [],
        "rows": len(jacobian),
        "saturated": whole,
        "error_bound": None,
        "limited_by": None if whole else f"{len(jacobian)} rows of the Jacobian",
        "smallest_kept": above,
        "largest_dropped": below,
    }
    generic = max(general, special)
    said = [
        weak(Statement(kind, network_hash(network), n), Claim.ESTIMATE, "float64") for kind, n in ((RANK, special), (GENERIC, generic))
    ]
    return JacobianRank(special, generic, said[0], said[1], evidence)
