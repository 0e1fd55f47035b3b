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
from neurovariety.checkpoints.rank.linearization import Linearization, Tangents
from neurovariety.errors import DivisionByZeroError
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.exact.generic_rank import RankTrial, generic_rank, shown_rank
from neurovariety.geometry.exact.points import Point, degree_bounds, draw_point
from neurovariety.linear_algebra import count_primes_lower_bound, reduce_mod
from neurovariety.rings.ring import Array
from neurovariety.tolerances import MAX_DIVISION_RETRIES, PRIME_BITS


class NetworkJacobian:
    """The Jacobian of ``network`` at its weights; ``found`` is its linearization."""

    def __init__(self, network: Network, found: Linearization) -> None:
        self.network, self.found = network, found
        self.model = found.network.as_model()
        self.hash = network_hash(network)
        self._there: WeakKeyDictionary[Place, ModularRank] = WeakKeyDictionary()

    @property
    def parameters(self) -> int:
        return self.network.parameters

    def point(self, rng: np.random.Generator) -> tuple[int, Point, Point]:
        """A random prime with a random point, and the point of the trained weights over the same field."""
        for attempt in range(MAX_DIVISION_RETRIES):
            p, point = draw_point(self.model, rng)
            try:
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
        return found, self._kept(found.shown), None if found.fewer is None else self._kept(found.fewer)

    def at(self, p: int, here: Point, at: Tangents, each: int | None = None) -> RankAtWeights | None:
        """The rank at inputs with their slopes, of ``each`` combinations of the outputs at each input where that is given.

        A certificate holds it only where slopes were exact. None without inputs.
        """
        if not len(at.rows):
            return None
        shown, _ = shown_rank(self.model, p, here, here.ring.constant(to_fractions(at.rows)), None, each)
        if at.exact and at.differentiable:
            return self._kept(shown, to_fractions(at.rows))
        return RankAtWeights(self.hash, shown.place, shown.value)

    def among(self, p: int, here: Point, inputs: Array, each: int | None) -> RankAtWeights:
        """The rank at some random inputs, of a network that needed no linearization."""
        shown, _ = shown_rank(self.model, p, here, inputs, None, each)
        return self._kept(shown)

    @property
    def functions(self) -> str:
        """The hash of the exact functions of the model."""
        return exact_functions(self.model).hash

    def _kept(self, shown: ModularRank, rows: Array | None = None) -> RankAtWeights:
        """A rank with what shows it: the ``rows`` of a linearization are exact inputs, and then what is taken anew from them."""
        inputs, count = shown.place.inputs, math.prod(self.network.input_shape)
        if self.found.tangents and inputs is not None:
            inputs = inputs.reshape(len(inputs), -1)[:, :count]
        place = replace(shown.place, inputs=inputs, coefficients=np.zeros(0))
        self._there[place] = shown
        exact = None if rows is None or not self.found.tangents else rows.reshape(len(rows), -1)[:, :count]
        return RankAtWeights(self.hash, place, shown.value, exact)

    def rank(self, place: Place, at: Array | None) -> int:
        if place not in self._there:
            raise NotShown("the slopes at these inputs are not known to be exact")
        return self._there[place].found(exact_functions(self.model))

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
        smallest = 2.0 ** (PRIME_BITS - 1)
        bad = at_most * height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
        error = at_most * degree / smallest + bad
        return min(1.0, error) if math.isfinite(error) else 1.0
