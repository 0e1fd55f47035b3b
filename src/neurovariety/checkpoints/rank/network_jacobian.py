"""A trained network as certificates of ranks see it: its Jacobian at the stored weights, mod p, by the exact program.

This is what is trusted beside the certificates: that the program is the network's, linearized where it is bent, and that its slopes at
the inputs were decided exactly.
"""

from __future__ import annotations

import math
from dataclasses import replace
from weakref import WeakKeyDictionary

import numpy as np

from neurovariety.certificates.functions import Place
from neurovariety.certificates.network_nodes import network_hash
from neurovariety.certificates.network_ranks import RankAtWeights
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.zeros import NotShown
from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import to_fractions
from neurovariety.checkpoints.layers.neuron_rows import residues
from neurovariety.checkpoints.rank.linearization import Linearization, Tangents, linearized
from neurovariety.checkpoints.rank.small_primes import small_primes
from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import RankTrial, generic_rank, shown_rank
from neurovariety.geometry.exact.growing_rank import growing_rank
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point
from neurovariety.geometry.exact.reparametrizations import MOST_KEPT
from neurovariety.linear_algebra import count_primes_lower_bound, reduce_mod
from neurovariety.model import Model
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_DIVISION_RETRIES, PRIME_BITS

_EACH = 2
"""Combinations of the outputs at each random input."""
_TO_SPARE = 12
"""Inputs beyond those that a rank needs: modulo a small prime a few rows are dependent by chance."""


class NetworkJacobian:
    """The Jacobian of ``network`` at its weights; ``found`` is its linearization, and ``model`` the model of that, where it is made
    already: it is the same for all weights."""

    def __init__(self, network: Network, found: Linearization, model: Model | None = None) -> None:
        self.network, self.found = network, found
        self.model = model or found.network.as_model()
        self.hash = network_hash(network)
        self._there: WeakKeyDictionary[Place, int] = WeakKeyDictionary()

    @property
    def parameters(self) -> int:
        return self.network.parameters

    def elsewhere(self, other: Network) -> NetworkJacobian:
        """That of a network which has other trained weights."""
        return NetworkJacobian(other, linearized(other), self.model)

    def point(self, rng: np.random.Generator, small: bool = False) -> tuple[int, Point, Point]:
        """A random prime with a random point, and the point of the trained weights over the same field.

        ``small``: a prime of residues that fit float32, modulo which few weights vanish.
        """
        primes = small_primes(self.network, rng)[:MAX_DIVISION_RETRIES] if small else []
        for attempt in range(MAX_DIVISION_RETRIES):
            try:
                p, point = draw_point(self.model, rng, prime=primes.pop(0) if primes else None)
                weights = reduce_mod(residues(self.network.flat(), p).astype(np.float64), p)
                return p, point, replace(point, weights=weights)
            except (DivisionByZeroError, ZeroDivisionError):
                if attempt == MAX_DIVISION_RETRIES - 1:
                    raise
        raise AssertionError("unreachable")

    def trial(self, p: int, here: Point, at_most: int) -> tuple[RankTrial, RankAtWeights, RankAtWeights | None]:
        """The rank at random inputs, as many as it takes, of a network that needed no linearization."""
        found = generic_rank(self.model, p, here, at_most)
        assert found.shown is not None
        return found, self._of_network(found.shown), None if found.fewer is None else self._of_network(found.fewer)

    def at(self, here: Point, at: Tangents, each: int | None, at_most: int) -> tuple[RankAtWeights, int]:
        """The rank at inputs with their slopes, of ``each`` combinations of the outputs at each input (None: the outputs themselves),
        as far as ``at_most`` asks for, and at how many inputs that was.

        A certificate holds it only where slopes were exact.
        """
        assert isinstance(here.ring, FiniteField)
        p = here.ring.p
        factors = self._factors(here, len(at.inputs), each)
        value, used = growing_rank(self.model, here, lambda span: reduce_mod(at.residues(p, span), p), factors, at_most)
        own, shape = at.inputs[:used], (used, *self.network.input_shape)
        small = own.size + factors[:used].size + self.parameters <= MOST_KEPT
        kept = reduce_mod(residues(own, p).astype(np.float64), p).reshape(shape) if small else None
        place = Place("dimension", p, here.weights if small else None, np.zeros(0), kept, factors[:used] if small else None)
        known = at.exact and at.differentiable
        if known:
            self._there[place] = value
        exact = to_fractions(own) if small and known and self.found.tangents else None
        return RankAtWeights(self.hash, place, value, exact), used

    def some(self, here: Point, at: Tangents, each: int | None) -> tuple[RankAtWeights, int]:
        """The same at all of a few inputs, of a network with so many weights that they are projected; None: the outputs themselves."""
        assert isinstance(here.ring, FiniteField)
        p, count = here.ring.p, len(at.inputs)
        shown, _ = shown_rank(self.model, p, here, reduce_mod(at.residues(p, range(count)), p), None, each)
        if at.exact and at.differentiable:
            own = None if shown.place.inputs is None else at.inputs.reshape(count, -1)
            return self._of_network(shown, own), count
        return RankAtWeights(self.hash, shown.place, shown.value), count

    def quick(self, here: Point, at_most: int) -> RankAtWeights:
        """The rank at random inputs, hardly more of them than ``at_most`` asks for, of a network that needed no linearization."""
        each = min(self.model.outputs, _EACH)
        inputs = here.inputs(self.model, -(-at_most // each) + _TO_SPARE)
        return self.at(here, Tangents(inputs, True), each, at_most)[0]

    def _factors(self, here: Point, inputs: int, each: int | None) -> Array:
        if each is None or each >= self.model.outputs:
            return np.broadcast_to(np.eye(self.model.outputs), (inputs, self.model.outputs, self.model.outputs))
        return here.ring.random((inputs, each, self.model.outputs), here.rng)

    def among(self, p: int, here: Point, inputs: Array, each: int | None) -> RankAtWeights:
        """The rank at some random inputs, of a network that needed no linearization."""
        shown, _ = shown_rank(self.model, p, here, inputs, None, each)
        return self._of_network(shown)

    @property
    def functions(self) -> str:
        """The hash of the exact functions of the model."""
        return exact_functions(self.model).hash

    def _of_network(self, shown: ModularRank, own: Array | None = None) -> RankAtWeights:
        """A rank of the model at the weights, as one of the network: its inputs are exactly the ``own`` ones, without slopes."""
        inputs = shown.place.inputs if own is None or shown.place.inputs is None else shown.place.inputs[:, : own.shape[1]]
        place = replace(shown.place, inputs=inputs, coefficients=np.zeros(0))
        self._there[place] = shown.value
        return RankAtWeights(self.hash, place, shown.value, None if own is None else to_fractions(own))

    def rank(self, place: Place, at: Array | None) -> int:
        if place not in self._there:
            raise NotShown("the slopes at these inputs are not known to be exact")
        return self._there[place]

    def error(self, place: Place, at_most: int) -> float:
        """A minor is a polynomial in the inputs alone.

        Its degree is at most rank times the degree of the outputs (twice that and a denominator for quotients), and the prime must
        not divide it: its height grows with the bits of the weights. With factors, combinations of outputs, it is linear in them
        besides, as in `rank_error`.
        """
        d = degree_bounds(self.model)
        numbers = to_fractions(self.network.flat())
        bits = max([math.log2(max(abs(v.numerator), v.denominator, 2)) for v in numbers], default=1.0)
        degree, height = d.inputs, d.log_norm + math.log2(max(d.parameters, 1)) + 2 * d.parameters * bits
        if d.rational:
            degree, height = 2 * degree + 2 * d.denominator, 2 * height + 1
        degree += place.factors is not None or place.inputs is None
        if place.prime.bit_length() != PRIME_BITS:
            return 1.0  # the bound is one of primes of this length alone
        smallest = 2.0 ** (PRIME_BITS - 1)
        bad = at_most * height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
        error = at_most * degree / smallest + bad
        return min(1.0, error) if math.isfinite(error) else 1.0
