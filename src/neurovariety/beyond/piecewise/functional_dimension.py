"""The functional dimension of a network at its weights: in how many directions its function can move, over all of its regions.

Definition: the rank of the derivatives, by the weights, of the values at all inputs where no unit is at its kink (Grigsby and others
2022). On a region the function is affine, so it is the rank of the derivatives of all affine pieces together, and all regions are
needed: inputs that are drawn miss small ones. It is not constant on the weights, and at most the number of weights less that of hidden
units, each of which scales. Where it is less, further directions change nothing to first order: hidden symmetries, or units that say
the same.

What is proved: the number, from below by a rank modulo a prime, from above by exact directions that leave every piece as it is. Where a
unit stays at a kink on an open set the function has no derivative by its weights; the slope of the line below is taken there (0 for
ReLU), and the statement says so. Meaning for learning: the number of parameters that the function has here.

Sources: Grigsby, Lindsey, Meyerhoff, Wu 2022.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial, reduce
from itertools import pairwise
from math import gcd, lcm
from typing import Any, ClassVar, Unpack

import flint
import numpy as np

from neurovariety.beyond.piecewise.all_regions import AllRegions, HoldsRegions, all_regions, network_asked
from neurovariety.beyond.piecewise.region_options import MOST_REGIONS, RegionOptions, require_region_options
from neurovariety.certificates.cell_complex import KnownCells
from neurovariety.certificates.dense_layers import DenseLayers, dense_layers
from neurovariety.certificates.functional_rank import (
    DimensionsOfDraws,
    LessUnits,
    RankOfPieces,
    derivatives,
    rank_of_pieces,
    rank_of_rational_rows,
    stays_at_kinks,
)
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.load import whole_network
from neurovariety.errors import InputError, ResourceError
from neurovariety.options import Whole
from neurovariety.randomness import generator
from neurovariety.result import WHOLE, Provenance, Result, counted
from neurovariety.tolerances import DEFAULT_SEED

_PRIMES = (67108859, 67108837, 67108819)
"""The largest below 2^26. Modulo one of them a rank may be smaller, or a weight have no value; then the next is taken."""
_MOST_WEIGHTS = 600
"""Weights up to which directions that no scaling explains are looked for: exact elimination takes some seconds then."""
_MOST_MOVES = 20
"""Hidden directions that the evidence writes out; the certificate has them all."""


@dataclass(frozen=True, repr=False)
class FunctionalDimensionResult(Result):
    """The functional dimension at the weights of a network, or of networks that were drawn.

    ``value``: the number; for drawn weights ``counts``, dimension -> how many of them, and ``bound``, which no weights exceed.

    ``evidence``: ``parameters``, ``units``, ``bound``, ``regions``; ``hidden``, the directions that change nothing and scale no unit,
    where the number is proved; ``moves``, the first of these: by how much which weights move (W1[i,j] and b1[i] are those of the first
    layer), so that no value of the function changes to first order, where no unit stays at a kink. The certificate holds them all."""

    entry: ClassVar[str] = "functional-dimension"
    sources: ClassVar[tuple[str, ...]] = ("grigsby2022",)


def functional_dimension(
    network: object,
    *,
    random: int | None = None,
    biases: bool | None = None,
    seed: int = DEFAULT_SEED,
    **options: Unpack[RegionOptions],
) -> FunctionalDimensionResult:
    """The functional dimension of dense layers with activations that are linear on pieces, at the weights of a network.

    ``network`` and the ``options`` (`RegionOptions`) are those of `regions`, or its result. With ``random`` = N the network is an
    architecture such as ``"mlp(2,3,1; relu; bias)"``, N weights are drawn, each standard normal, and ``limit`` is the only option.
    ``biases``: whether directions that move biases count; by default not where all biases are 0, which is then taken for the network
    without them. Raises `InputError` for other networks, and `ResourceError` for those with too many regions.

    >>> weights = {"w1": [[1, 0], [0, 1], [1, 1]], "b1": [0, 0, -1], "w2": [[1, 1, 1]], "b2": [0]}
    >>> found = functional_dimension(weights, architecture="mlp(2,3,1; relu; bias)")
    >>> found.value, found.evidence["bound"], found.claim.value
    (10, 10, 'proved')
    """
    start = time.perf_counter()
    require_region_options(options)
    asked: RegionOptions = {"limit": options.get("limit", MOST_REGIONS), "box": options.get("box")}
    if random is not None:
        if left := [name for name, given in options.items() if name != "limit" and given is not None]:
            raise InputError(f"weights that are drawn take no {left[0]}=; leave it out")
        return _of_draws(network, random, asked, seed, start)
    if isinstance(network, HoldsRegions):
        regions = all_regions(network, **options)
        source, found = regions.network, _at_weights(regions.network, regions.held_regions, biases)
    else:
        source = network_asked(network, options)
        found = _at_weights(source, partial(all_regions, source, **asked), biases)
    return FunctionalDimensionResult(
        value=found.verdict.statement.value,
        claims={WHOLE: found.verdict},
        subject=source.source,
        evidence=found.evidence,
        provenance=Provenance.since(start, seed),
    )


@dataclass(frozen=True)
class _AtWeights:
    verdict: Verdict
    evidence: dict[str, Any]


def _at_weights(source: Network, find: Callable[[], AllRegions], biases: bool | None = None) -> _AtWeights:
    layers, move = _layers(source, biases)
    found = find()
    regions, known = found.verdict, found.known
    scalings = layers.scalings()
    verdict, explained, missing = _shown(
        source, known, layers, RankOfPieces(regions, 0, 0, None, move, stays_at_kinks(known)), scalings
    )
    evidence: dict[str, Any] = {
        "parameters": layers.parameters,
        "units": layers.hidden,
        "bound": layers.parameters - len(scalings),
        "regions": len(known.cells),
        "scalings": explained,
        "biases": move and any(b is not None for b in layers.biases),
        "hidden": missing,
        "moves": _moves(layers, verdict),
        "theorems": [],
    }
    return _AtWeights(verdict, evidence)


def _moves(layers: DenseLayers, verdict: Verdict) -> list[dict[str, int]]:
    """The first hidden directions of the certificate, as whole numbers by the names of weights that move."""
    shown = verdict.certificate
    if not isinstance(shown, RankOfPieces) or shown.directions is None:
        return []
    names: list[str] = []
    for l, (matrix, bias) in enumerate(zip(layers.matrices, layers.biases, strict=True), 1):
        names += [f"W{l}[{i},{j}]" for i in range(len(matrix)) for j in range(matrix.shape[1])]
        names += [] if bias is None else [f"b{l}[{i}]" for i in range(len(bias))]
    rows = shown.directions.tolist()[:_MOST_MOVES]
    return [{name: int(v) for name, v in zip(names, row, strict=True) if v} for row in rows]


def _shown(
    source: Network, known: KnownCells, layers: DenseLayers, bare: RankOfPieces, scalings: list[list[Fraction]]
) -> tuple[Verdict, int, int | None]:
    """The number with its certificate, how many directions scalings explain, and how many beside them change nothing, where known."""
    why = ""
    for prime in _PRIMES:
        try:
            value, explained = rank_of_pieces(known, layers, prime), rank_of_rational_rows(scalings, prime)
            directions = _directions(known, layers, prime, value, scalings, explained)
            certificate = replace(bare, prime=prime, value=value, directions=directions)
            hidden = None if directions is None else layers.parameters - explained - value
            return issue(certificate, source), explained, hidden
        except NotShown as reason:
            why = str(reason)
    raise ResourceError(f"{why}: {counted(len(known.cells), 'region')} of {counted(layers.parameters, 'weight')}; give a box")


def _layers(source: Network, biases: bool | None) -> tuple[DenseLayers, bool]:
    """The layers, and whether their biases count as weights."""
    try:
        whole = dense_layers(source)
        move = (
            any(b is not None and b.any() for b in whole.biases) or all(b is None for b in whole.biases) if biases is None else biases
        )
        return (whole if move else dense_layers(source, False)), move
    except NotShown as why:
        raise InputError(
            f"functional dimensions are taken of dense layers with piecewise linear activations between them: {why}"
        ) from None


def _directions(
    known: KnownCells, layers: DenseLayers, p: int, value: int, scalings: list[list[Fraction]], explained: int
) -> np.ndarray | None:
    """Exact directions that change no piece, beside the scalings of units; None where they are not looked for."""
    missing = layers.parameters - value - explained
    if missing <= 0:
        return np.zeros((0, layers.parameters), dtype=object)
    if layers.parameters > _MOST_WEIGHTS:
        return None
    basis = _still(_independent_rows(known, layers, p), layers.parameters)
    chosen = _pivots([*scalings, *basis], p)
    own = [basis[k - len(scalings)] for k in chosen if k >= len(scalings)]
    return np.array(own, dtype=object).reshape(len(own), layers.parameters)


def _still(rows: list[list[int]], parameters: int) -> list[list[int]]:
    """A basis of the directions that rows do not see."""
    if not rows:
        return np.eye(parameters, dtype=int).tolist()
    space, nullity = flint.fmpz_mat(rows).nullspace()
    found = space.tolist()
    return [_shortened([int(found[i][k]) for i in range(parameters)]) for k in range(nullity)]


def _independent_rows(known: KnownCells, layers: DenseLayers, p: int) -> list[list[int]]:
    """As many of the derivatives as their rank is, exactly, each times its denominator."""
    modular = np.concatenate(list(derivatives(known, layers, p)))
    per = len(modular) // len(known.cells)
    where = _pivots(modular.tolist(), p)
    chosen = sorted({k // per for k in where})
    exact = dict(zip(chosen, derivatives(known, layers, 0, chosen), strict=True))
    return [_whole(exact[k // per][k % per].tolist()) for k in where]


def _pivots(rows: Sequence[Sequence[Fraction | int]], p: int) -> list[int]:
    """The first rows, mod p, that are no combinations of those before them."""
    if not rows:
        return []
    table = [int(Fraction(v).numerator * pow(Fraction(v).denominator, -1, p) % p) for r in rows for v in r]
    reduced, rank = flint.nmod_mat(len(rows), len(rows[0]), table, p).transpose().rref()
    found, k = [], 0
    for i in range(rank):
        while int(reduced[i, k]) == 0:
            k += 1
        found.append(k)
    return found


def _whole(row: Sequence[Fraction | int]) -> list[int]:
    d = lcm(*(Fraction(v).denominator for v in row))
    return [int(v * d) for v in row]


def _shortened(row: Sequence[int]) -> list[int]:
    g = reduce(gcd, row)
    return [v // g for v in row]


def _of_draws(architecture: object, number: int, asked: RegionOptions, seed: int, start: float) -> FunctionalDimensionResult:
    if refusal := Whole("random= is a whole number of weights to draw from {least} on", 1, 100_000).refusal(number):
        raise InputError(refusal)
    rng = generator(seed, "beyond.functional_dimension")
    found = []
    for _ in range(number):
        source = drawn_network(architecture, rng)
        found.append(_at_weights(source, partial(all_regions, source, **asked)))
    first = found[0].evidence
    counts = issue(DimensionsOfDraws(tuple(f.verdict for f in found)), None)
    bound = issue(LessUnits(network_hash(source), first["bound"]), source)
    return FunctionalDimensionResult(
        value={"counts": dict(counts.statement.value), "bound": first["bound"]},
        claims={"counts": counts, "bound": bound},
        subject=str(architecture),
        evidence={"parameters": first["parameters"], "units": first["units"], "weights": "standard normal", "theorems": []},
        provenance=Provenance.since(start, seed),
    )


def drawn_network(architecture: object, rng: np.random.Generator) -> Network:
    """A network of an architecture in the notation of `load_network`, its weights and biases standard normal."""
    widths, bias = _widths(architecture)
    weights: dict[str, np.ndarray] = {}
    for l, (before, after) in enumerate(pairwise(widths), 1):
        weights[f"W{l}"] = rng.normal(size=(after, before))
        if bias:
            weights[f"b{l}"] = rng.normal(size=after)
    return whole_network(weights, architecture=architecture)


def _widths(architecture: object) -> tuple[list[int], bool]:
    """The widths in mlp(2,3,1; relu; bias), and whether it has biases."""
    inside = str(architecture).strip().removeprefix("mlp(").removesuffix(")").split(";")
    try:
        if not str(architecture).strip().startswith("mlp("):
            raise ValueError("no mlp")
        widths = [int(w) for w in inside[0].split(",")]
        if len(widths) < 2 or min(widths) < 1:
            raise ValueError("no widths")
    except ValueError:
        raise InputError(
            f"weights are drawn for an architecture such as 'mlp(2,3,1; relu; bias)', got {str(architecture)[:80]!r}"
        ) from None
    return widths, any(part.strip() == "bias" for part in inside[1:])
