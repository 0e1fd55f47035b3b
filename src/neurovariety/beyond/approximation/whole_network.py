"""A dense network with polynomials in place of its activations: which, on which intervals, and by how much the outputs change.

Each hidden layer gets the nearest polynomial on an interval that holds whatever its units read on the box, the errors of the layers
before included. The network that comes out is algebraic, with the same weights.

Source: the propagation of errors from layer to layer is that of interval analysis (Moore 1966).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, nextafter

import flint
import numpy as np

from neurovariety.architectures import MLP
from neurovariety.beyond.approximation.one_activation import UNIFORM, NearestPolynomial, nearest_polynomial
from neurovariety.beyond.approximation.whole_graph import changes_in_graph, nearest_in_graph, network_with, short_interval
from neurovariety.certificates.activation_series import POSITIVE, SMOOTH, rational_ball, taylor, taylor_coefficients
from neurovariety.certificates.graphs_with_polynomials import functions_of
from neurovariety.certificates.issue import Verdict, issue
from neurovariety.certificates.network_approximation import (
    Moves,
    NetworkApart,
    NetworkWithin,
    SmoothLayers,
    dense_or_none,
    differences,
    reached,
    read,
    smooth_layers,
    through,
)
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.uniform_error import UniformQuestion
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.load import whole_network
from neurovariety.errors import InputError, NotationError
from neurovariety.model import Model
from neurovariety.randomness import generator

_BITS = 128
_SAMPLES = 4000
_STEPS = 60


@dataclass(frozen=True)
class AlgebraicNetwork:
    """``layers``: the polynomial of each hidden layer with its interval; ``architecture``: the algebraic network, whose ``weights`` are
    those of the network by name; ``claims`` on `error`, `error_at_least` and `degree`. ``network``: the same with its weights, where it
    is no chain of dense layers."""

    layers: tuple[NearestPolynomial, ...]
    architecture: MLP | Model
    weights: Mapping[str, np.ndarray]
    claims: Mapping[str, Verdict]
    network: Network | None = None


def trained_network(source: object, architecture: object) -> Network:
    """The network that `load_network` reads. Raises `InputError`, also for activations that are approximated alone, as sin is."""
    try:
        return whole_network(source, architecture=architecture)
    except NotationError as why:
        name = str(why).partition(" ")[0].lower()
        if name not in SMOOTH:
            raise
        raise InputError(
            f"trained networks with {name} are not read: files have no such activation. An architecture without weights is "
            f"approximated on an interval, 'mlp(1,2,1; {name})' with interval=(-1, 1), and dimension, fibers, symmetries and "
            "critical-locus take it"
        ) from None


def free_layers(network: Network) -> SmoothLayers:
    """The layers of a network all of whose weights can move, each by itself. Raises `NotShown` where layers share weights, where some
    are held as they are, and as `smooth_layers` does."""
    layers = smooth_layers(network)
    keys = [key for node in network.nodes if node.kind == "linear" for key in node.weights.values()]
    if len(keys) != len(set(keys)):
        raise NotShown("its layers share weights")
    if network.fixed & set(keys):
        raise NotShown(f"{min(network.fixed & set(keys))} is not trained")
    return layers


def algebraic_network(
    source: Network, box: tuple[list[Fraction], list[Fraction]], degree: int, seed: int, kind: str = UNIFORM
) -> AlgebraicNetwork:
    """The network with polynomials of a degree and kind. Raises `InputError` for one with nodes that are not read here, and
    `ResourceError` where the ranges of its units grow beyond a million, or no change of the outputs is bounded."""
    layers = dense_or_none(source)
    try:
        none = not functions_of(source)
    except NotShown as why:
        raise InputError(f"networks are approximated where a polynomial is put for each function: {why}") from None
    if none:
        raise InputError(f"{source.source} has no activation, softmax or layer normalization for which a polynomial could be put")
    if layers is None:
        found, error = nearest_in_graph(source, box, degree, kind)
    else:
        found, error = _by_layers(layers, box, degree, kind)
    certificates = {
        key: NetworkWithin(
            key, network_hash(source), tuple(box[0]), tuple(box[1]), degree, tuple(p.claims["error"] for p in found), error, _BITS
        )
        for key in ("error", "degree")
    }
    within = issue(certificates["error"], source)
    made = network_with(source, found) if layers is None else None
    change = _changes(layers, found) if layers is not None else changes_in_graph(source, network_with(source, found))
    point, least = _apart(source, change, found, box, seed)
    claims = {
        "error": within,
        "error_at_least": issue(NetworkApart(within, point, least, _BITS), source),
        "degree": issue(certificates["degree"], source),
    }
    if layers is None:
        assert made is not None
        return AlgebraicNetwork(tuple(found), made.as_model(), {k: made.weights[k] for k in made.trained}, claims, made)
    return AlgebraicNetwork(tuple(found), *with_polynomials(layers, found), claims)


def _by_layers(
    layers: SmoothLayers, box: tuple[list[Fraction], list[Fraction]], degree: int, kind: str
) -> tuple[list[NearestPolynomial], float]:
    found: list[NearestPolynomial] = []
    with taylor(_BITS, 2):
        ranges = [rational_ball(a).union(rational_ball(b)) for a, b in zip(*box, strict=True)]
        moved: Moves | None = None
        for l, name in enumerate(layers.activations):
            ranges, moved = read(layers, l, ranges, moved)
            ends = [(float(x.lower()), float(x.upper())) for x in reached(ranges, moved)]
            low, high = short_interval(ends, name in POSITIVE)
            with taylor(_BITS, 2):
                nearest = nearest_polynomial(UniformQuestion(name, low, high, degree), kind)
            found.append(nearest)
            ranges, moved = through(nearest.question.known(), ranges, moved, nearest.error)
        _, moved = read(layers, len(layers.activations), ranges, moved)
        most = max(() if moved is None else moved.sizes(), key=float, default=flint.arb(0))
        error = float(most)
        while not flint.arb(error) >= most:
            error = nextafter(error, inf)
    return found, error


def _changes(layers: SmoothLayers, found: list[NearestPolynomial]) -> Callable[[np.ndarray], np.ndarray]:
    """The largest change of an output, of floats, at each of some inputs."""
    matrices = [np.array(m, dtype=np.float64) for m in layers.matrices]
    biases = [np.array(b, dtype=np.float64) for b in layers.biases]
    tables = [_table(p) for p in found]

    def change(x: np.ndarray) -> np.ndarray:
        one = two = x
        for m, b, (grid, values), p in zip(matrices, biases, tables, found, strict=False):
            one, two = one @ m.T + b, two @ m.T + b
            one = np.interp(one, grid, values)
            over, under = (np.polynomial.polynomial.polyval(two, [float(c) for c in part]) for part in p.quotient)
            two = over / under
        gap: np.ndarray = np.max(np.abs((two - one) @ matrices[-1].T), axis=-1)
        return gap

    return change


def _apart(
    source: Network,
    change: Callable[[np.ndarray], np.ndarray],
    found: list[NearestPolynomial],
    box: tuple[list[Fraction], list[Fraction]],
    seed: int,
) -> tuple[tuple[Fraction, ...], float]:
    """An input at which the outputs change much, and by how much they do: the best of random ones, moved uphill."""
    rng = generator(seed, "beyond.approximation.whole_network")
    low, high = (np.array([float(v) for v in side]) for side in box)
    x = rng.uniform(low, high, (_SAMPLES, len(low)))
    best = x[np.argmax(change(x))]
    size = (high - low) / 4
    for _ in range(_STEPS):
        near = np.clip(best + size * rng.normal(size=(64, len(low))), low, high)
        top = near[np.argmax(change(near))]
        best, size = (top, size) if change(top[None])[0] > change(best[None])[0] else (best, size / 1.3)
    point = tuple(min(max(Fraction(float(v)), a), b) for v, a, b in zip(best, *box, strict=True))
    with taylor(_BITS, 2):
        seen = max((abs(d).lower() for d in differences(source, [p.quotient for p in found], point)), key=float)
    least = float(seen)
    while least > 0 and not flint.arb(least) <= seen:
        least = nextafter(least, -inf)
    return point, least if least > 0 else 0.0


def _table(nearest: NearestPolynomial) -> tuple[np.ndarray, np.ndarray]:
    """Values of an activation on a fine grid of its interval, in floats."""
    q, known = nearest.question, nearest.question.known()
    kinks = {k for k in known.kinks if q.low < k < q.high}
    grid = sorted({q.low + (q.high - q.low) * Fraction(i, 2000) for i in range(2001)} | kinks)
    with taylor(64, 1):
        values = [float(taylor_coefficients(known.at(x), rational_ball(x), 1)[0].mid()) for x in grid]
    return np.array([float(x) for x in grid]), np.array(values)


def with_polynomials(layers: SmoothLayers, found: Sequence[NearestPolynomial]) -> tuple[MLP, dict[str, np.ndarray]]:
    """The algebraic network, and its weights by name."""
    widths = (len(layers.matrices[0][0]), *(len(m) for m in layers.matrices))
    architecture = algebraic(widths, found, any(b for row in layers.biases for b in row))
    made = architecture.parametrization()
    weights = {name: np.array(m, dtype=object) for name, m in zip(made.weights, layers.matrices, strict=True)}
    return architecture, weights | {name: np.array(b, dtype=object) for name, b in zip(made.biases, layers.biases, strict=False)}


def algebraic(widths: tuple[int, ...], found: Sequence[NearestPolynomial], bias: bool) -> MLP:
    """The network of these widths with polynomials as activations. Raises `InputError` where one is constant."""
    if any(p.is_constant for p in found):
        raise InputError("the nearest polynomial of that degree is constant, and a network with it too; ask a larger degree")
    return MLP(widths, tuple(p.activation for p in found), bias)
