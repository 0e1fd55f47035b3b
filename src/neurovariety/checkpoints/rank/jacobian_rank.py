"""The rank of the Jacobian of the weights-to-function map at trained weights, against its rank at general ones.

Polynomial and rational networks: over prime fields at the exact stored weights and random inputs, as many as it takes. ReLU and its
kin: exact within the activation regions of sampled rational inputs, a lower bound of the functional dimension. Other activations: a
float64 singular value decomposition with the gap that it found, an estimate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Shaped

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Values, to_floats, to_fractions
from neurovariety.checkpoints.layers.neuron_rows import residues
from neurovariety.checkpoints.rank.linearization import Linearization, Tangents, linearized, with_tangents
from neurovariety.claim import Claim
from neurovariety.errors import DivisionByZeroError, InputError
from neurovariety.geometry.exact.generic_rank import generic_rank, rank_at
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point, rank_error
from neurovariety.linear_algebra import count_primes_lower_bound, reduce_mod
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.tolerances import ERROR_BOUND, EXTRA_SAMPLES, MAX_DIVISION_RETRIES, MAX_TRIALS, PRIME_BITS

EXACT_RANK_AT_MOST = 20_000
"""Parameters up to which all rows of the Jacobian are used; its matrix then has 3.2 GB."""
_ROWS_BEYOND = 64
"""Rows of the Jacobian that are used beyond that, projected at random to about as many columns."""
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
"""Inputs sampled for ReLU networks, in multiples of what one linear region would need: many regions have to be met."""


@dataclass(frozen=True)
class JacobianRank:
    """``rank`` at the weights and ``generic`` at random ones; ``claim`` and ``generic_claim`` say what each is worth."""

    rank: int
    generic: int
    claim: Claim
    generic_claim: Claim
    evidence: dict[str, object]


def jacobian_rank(network: Network, at_most: int, inputs: Array | None, rng: np.random.Generator) -> JacobianRank:
    """Both ranks. ``at_most`` is a proved bound: the weights minus the dimension of the stated symmetries.

    ``inputs`` (batch, \\*input shape) are used for networks that are not algebraic, besides sampled ones. Raises `InputError` for
    operations whose derivative is not computed.
    """
    found = linearized(network)
    if found.sort == "smooth":
        return _in_floats(network, found, at_most, inputs, rng)
    model = found.network.as_model()
    large = network.parameters > EXACT_RANK_AT_MOST
    if found.sort == "piecewise linear":
        return _within_regions(network, found, model, at_most, inputs, rng, large)
    if large:
        return _some_rows(network, model, rng)
    return _algebraic(network, model, at_most, rng)


def _point_at(network: Network, model: Model, rng: np.random.Generator) -> tuple[int, Point, Point]:
    """A random prime with a random point, and the point of the trained weights over the same field."""
    for attempt in range(MAX_DIVISION_RETRIES):
        p, point = draw_point(model, rng)
        try:
            weights = _reduced(network, p)
            return p, point, replace(point, weights=weights)
        except (DivisionByZeroError, ZeroDivisionError):
            if attempt == MAX_DIVISION_RETRIES - 1:
                raise
    raise AssertionError("unreachable")


def _reduced(network: Network, p: int) -> Array:
    """The trained weights in F_p; `ZeroDivisionError` where p divides a denominator."""
    return reduce_mod(residues(network.flat(), p).astype(np.float64), p)


def _algebraic(network: Network, model: Model, at_most: int, rng: np.random.Generator) -> JacobianRank:
    best = generic = 0
    primes: list[int] = []
    general_error = 1.0
    error, trials, rows = 1.0, MAX_TRIALS if network.parameters <= _REPEAT_AT_MOST else 2, 0
    saturated = False
    failures = 0
    while len(primes) < trials:
        try:
            p, point, here = _point_at(network, model, rng)
            general = generic_rank(model, p, point, at_most)
            special = generic_rank(model, p, here, general.rank)
        except DivisionByZeroError:
            failures += 1
            if failures >= MAX_DIVISION_RETRIES:
                raise
            continue
        generic, best = max(generic, general.rank), max(best, special.rank)
        rows, saturated = special.inputs * (special.combined or model.outputs), special.saturated
        primes.append(p)
        if best == at_most:
            error = 0.0
            break
        error *= _error(network, model, min(generic, at_most), special.combined is not None)
        general_error *= rank_error(model, at_most, True, combined=general.combined is not None)
        if error <= ERROR_BOUND:
            break
    if best == at_most:
        claim = Claim.PROVED
    else:
        claim = Claim.PROBABILITY if error <= ERROR_BOUND and saturated else Claim.LOWER_BOUND
    bounded = Claim.PROBABILITY if general_error <= ERROR_BOUND else Claim.LOWER_BOUND
    generic_claim = Claim.PROVED if generic == at_most else bounded
    evidence = {
        "route": "exact over prime fields at the stored weights, random inputs",
        "primes": primes,
        "rows": rows,
        "saturated": saturated,
        "error_bound": error if 0 < error < 1 else None,
        "limited_by": None if claim is not Claim.LOWER_BOUND else f"{rows} rows of the Jacobian, {len(primes)} primes",
    }
    return JacobianRank(best, generic, claim, generic_claim, evidence)


def _error(network: Network, model: Model, rank_at_most: int, combined: bool) -> float:
    """Probability bound that one trial misses the rank at the stored weights: a minor is a polynomial in the inputs alone.

    Its degree is at most rank times the degree of the outputs (twice that and a denominator for quotients), and the prime must
    not divide it: its height grows with the bits of the weights. ``combined``: and in the factors of combinations, as in `rank_error`.
    """
    d = degree_bounds(model)
    numbers = to_fractions(network.flat())
    bits = max([math.log2(max(abs(v.numerator), v.denominator, 2)) for v in numbers], default=1.0)
    degree, height = d.inputs, d.log_norm + math.log2(max(d.parameters, 1)) + 2 * d.parameters * bits
    if d.rational:
        degree, height = 2 * degree + 2 * d.denominator, 2 * height + 1
    degree += combined
    smallest = 2.0 ** (PRIME_BITS - 1)
    bad = rank_at_most * height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
    error = rank_at_most * degree / smallest + bad
    return min(1.0, error) if math.isfinite(error) else 1.0


def _some_rows(network: Network, model: Model, rng: np.random.Generator) -> JacobianRank:
    p, point, here = _point_at(network, model, rng)
    count = max(1, _ROWS_BEYOND // model.outputs)
    inputs = point.inputs(model, count)
    general, _ = rank_at(model, p, point, inputs)
    special, _ = rank_at(model, p, here, inputs)
    evidence = {
        "route": f"random projection: {count * model.outputs} rows of the Jacobian; more than {EXACT_RANK_AT_MOST:,} parameters",
        "primes": [p],
        "rows": count * model.outputs,
        "saturated": False,
        "error_bound": None,
        "limited_by": f"{count * model.outputs} rows of the Jacobian",
    }
    return JacobianRank(special, general, Claim.LOWER_BOUND, Claim.LOWER_BOUND, evidence)


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
    network: Network, found: Linearization, model: Model, at_most: int, inputs: Array | None, rng: np.random.Generator, large: bool
) -> JacobianRank:
    count = _ROWS_BEYOND // model.outputs + 1 if large else _REGIONS_PER_DIRECTION * (at_most // model.outputs + EXTRA_SAMPLES)
    drawn = sampled_inputs(network, count, None if large else inputs, rng)
    p, point, here = _point_at(network, model, rng)
    at = with_tangents(found, drawn)
    special = _rank_with(model, p, here, at)
    other = _random_weights(network, rng)
    elsewhere = with_tangents(found, drawn, other)
    there = replace(point, weights=_reduced(other, p))
    general = _rank_with(model, p, there, elsewhere)
    rows = len(at.rows) * model.outputs
    limits = [f"{rows} rows of the Jacobian" if special == rows else f"the activation regions that {len(at.rows)} inputs meet"]
    if at.resting:
        limits.append(f"{at.resting} entries that are at a kink at every input, through which nothing was counted")
    evidence = {
        "route": "exact within the activation regions of sampled rational inputs"
        + ("" if at.exact else ", whose signs were taken in float64")
        + (f"; {rows} rows alone, projected at random" if large else ""),
        "primes": [p],
        "rows": rows,
        "saturated": False,
        "error_bound": None,
        "limited_by": "; ".join(limits) if special < at_most else None,
        "inputs_left_out": at.left_out,
        "resting_at_kinks": at.resting,
    }
    generic = max(general, special)
    sure = at.exact and at.differentiable
    claim = Claim.ESTIMATE if not sure else Claim.PROVED if special == at_most and not at.resting else Claim.LOWER_BOUND
    if generic == special and not elsewhere.exact:
        return JacobianRank(special, generic, claim, claim, evidence)
    generic_claim = Claim.ESTIMATE if not elsewhere.exact else Claim.PROVED if generic == at_most else Claim.LOWER_BOUND
    return JacobianRank(special, generic, claim, generic_claim, evidence)


def _rank_with(model: Model, p: int, point: Point, at: Tangents) -> int:
    return rank_at(model, p, point, point.ring.constant(to_fractions(at.rows)))[0] if len(at.rows) else 0


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


def float_jacobian(
    found: Linearization, network: Network, inputs: Shaped[np.ndarray, "batch ..."]
) -> Float[np.ndarray, "rows parameters"]:
    """The Jacobian in float64, (batch * outputs, parameters), input by input. ``inputs`` are those of the original network."""
    import jax

    full = with_tangents(found, inputs, network).rows
    model = found.network.as_model()
    with jax.enable_x64(True):
        weights = model.tree(list(model.unflatten(to_floats(network.flat())).values()))
        constants = np.array([float(c) for c in model.coefficients if c is not None])

        def value(w: Values, x: Values) -> Values:
            return model.function(w, x, constants).reshape(-1)

        rows = jax.jit(jax.vmap(jax.jacrev(value), in_axes=(None, 0)))(weights, to_floats(full))
        leaves = [np.asarray(v).reshape(len(full) * model.outputs, -1) for v in jax.tree_util.tree_leaves(rows)]
    return np.concatenate(leaves, axis=1)


def _in_floats(network: Network, found: Linearization, at_most: int, inputs: Array | None, rng: np.random.Generator) -> JacobianRank:
    outputs = math.prod(network.output_shape)
    whole = network.parameters <= _FLOAT_AT_MOST
    count = max(1, -(-3 * at_most // (2 * outputs)) + EXTRA_SAMPLES if whole else _ROWS_BEYOND // outputs)
    drawn = sampled_inputs(network, count, inputs if whole else None, rng)
    jacobian = float_jacobian(found, network, drawn)
    whole = whole and len(jacobian) >= at_most  # fewer where values are too large for float64
    cut = _GAP if whole else _CLEAR
    special, below, above = _float_rank(jacobian, cut)
    general, _, _ = _float_rank(float_jacobian(found, _random_weights(network, rng), drawn), cut)
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
    claim = Claim.ESTIMATE if whole else Claim.LOWER_BOUND
    return JacobianRank(special, max(general, special), claim, claim, evidence)


def _float_rank(matrix: Array, cut: float) -> tuple[int, float, float]:
    """Numerical rank, the largest relative singular value below the cut and the smallest above.

    Raises `InputError` where the matrix is not finite: its weights are too large for float64.
    """
    largest = float(np.abs(matrix).max(initial=0.0))
    if not math.isfinite(largest):
        raise InputError("the Jacobian is not finite in float64 at the sampled inputs")
    s = np.linalg.svd(matrix / largest if largest else matrix, compute_uv=False)
    s = s / s.max() if s.max(initial=0.0) > 0 else s
    kept = int((s > cut).sum())
    return kept, float(s[kept]) if kept < len(s) else 0.0, float(s[kept - 1]) if kept else 0.0
