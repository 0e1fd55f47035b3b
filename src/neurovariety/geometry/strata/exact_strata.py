"""A model with the strata of its weights as certificates see them (`certificates.stratum_ranks.StratifiedFunctions`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import chain
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from neurovariety.certificates.issue import Certificate, NotShown
from neurovariety.certificates.smaller_coefficients import SmallerNetworkCoefficients
from neurovariety.certificates.stored_strata import StrataFacts, StratumOfWeights
from neurovariety.certificates.stratum_ranks import Counts, CriticalUnion, OrbitRanks, PlaceRanks, StratumPlace, StratumRanks
from neurovariety.certificates.subnetwork_posets import KnownStrataListed, OverStratum
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.generic_rank import jacobian_matrix
from neurovariety.geometry.exact.points import Point, rank_error
from neurovariety.geometry.strata.critical_union import critical_union
from neurovariety.geometry.strata.fiber_families import fiber_families
from neurovariety.geometry.strata.filters import smaller_network
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.rank_strata import multiplied
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.homotopy.exact_program import exact_map
from neurovariety.linear_algebra import count_primes_lower_bound, matmul_mod, rank, reduce_mod
from neurovariety.model import Model, Slot
from neurovariety.rings.finite_field import FiniteField
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS


class ExactStrata(ExactFunctions):
    """The exact functions of a model on the strata of its weights that were looked at."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._strata: dict[str, WeightStratum] = {}
        self._ranks: WeakKeyDictionary[StratumPlace, PlaceRanks] = WeakKeyDictionary()

    def take(self, stratum: WeightStratum, place: StratumPlace) -> PlaceRanks:
        """The ranks at a place of a stratum of the model, by elimination mod its prime."""
        assert stratum.name == place.stratum
        self._strata[stratum.name] = stratum
        p = place.prime
        tangent, j = self.stratum_matrices(place)
        both = matmul_mod(j, tangent, p) if tangent.size and j.size else np.zeros((0, 0))
        fewer = np.ascontiguousarray(j[: max(len(j) - self.model.outputs, 0)])
        found = PlaceRanks(_rank(tangent, p), _rank(j, p), _rank(both, p), _rank(fewer, p))
        self._ranks[place] = found
        return found

    def stratum_taken(self, place: StratumPlace) -> PlaceRanks | None:
        return self._ranks.get(place)

    def stratum_matrices(self, place: StratumPlace) -> tuple[Array, Array]:
        p, ring, stratum = place.prime, FiniteField(place.prime), self._stratum(place.stratum)
        assert stratum is not None
        point = Point(ring, stratum.at(place.parameters, p), place.coefficients, np.random.default_rng(0))
        j = jacobian_matrix(self.model, p, point, place.inputs)[0] if len(place.inputs) else np.zeros((0, self.model.parameters))
        return reduce_mod(stratum.tangent(place.parameters, p), p), reduce_mod(j, p)

    def stratum_parameters(self, stratum: str) -> int | None:
        found = self._stratum(stratum)
        return None if found is None else found.parameters

    def stratum_kind(self, stratum: str) -> str | None:
        found = self._stratum(stratum)
        return None if found is None else found.kind

    def stratum_error(self, stratum: str, at_most: int, prime: int) -> float:
        found = self._stratum(stratum)
        return 1.0 if found is None or prime.bit_length() != PRIME_BITS else missed_rank(found, at_most)

    def stratum_orbit(self, stratum: str) -> tuple[tuple[int, ...], Counts] | None:
        found = self._stratum(stratum)
        if found is None or found.profile is None or multiplied(self.model) is None:
            return None
        return found.profile.widths, found.profile.counts

    def over_stratum(self, stratum: str) -> OverStratum | None:
        found = self._stratum(stratum)
        if found is None or not found.is_subnetwork:
            return None
        network = network_over(found)
        functions = found.sizes if found.small is not None else None
        hashed = None if network is None else exact_functions(network).hash
        return OverStratum(name_over(found), found.kind, found.copies, functions, hashed)

    def weights_on(self, stratum: str, parameters: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
        found = self._stratum(stratum)
        if found is None or len(parameters) != found.parameters:
            raise NotShown(f"no stratum that is called {stratum} has {len(parameters)} parameters")
        return found.exact_weights(parameters)

    def limits_of(self, smaller: str, larger: str) -> bool:
        a, b = self._stratum(smaller), self._stratum(larger)
        return a is not None and b is not None and a.within(b)

    def known_strata(self, most: int) -> tuple[str, ...]:
        return tuple(s.name for s in weight_strata(self.model, most=most))

    def critical_union(self, strata: tuple[str, ...]) -> tuple[str, str] | None:
        found = critical_union(self.model, strata)
        return None if found is None else (found.name, found.source)

    def facts(self, certificates: Sequence[Certificate]) -> StrataFacts:
        """What these certificates ask of strata, as plain data."""
        names: dict[str, None] = {}
        union, most = None, 0
        for c in certificates:
            if isinstance(c, StratumRanks | OrbitRanks):
                names[c.stratum] = None
            elif isinstance(c, CriticalUnion):
                union = (c.name, c.source, c.strata)
            elif isinstance(c, SmallerNetworkCoefficients):
                names |= {row.stratum: None for row in c.rows if row.stratum is not None}
            elif isinstance(c, KnownStrataListed):
                most = max(most, c.most + 1)
        found = [self._stratum(name) for name in names]
        kept = [stored_stratum(s, self.over_stratum(s.name), self.stratum_orbit(s.name)) for s in found if s is not None]
        return StrataFacts(tuple(kept), union, (most, self.known_strata(most)) if most else None)

    def _stratum(self, name: str) -> WeightStratum | None:
        if name not in self._strata:
            self._strata = {s.name: s for s in (*chain(*fiber_families(self.model)), *weight_strata(self.model))} | self._strata
        return self._strata.get(name)


def stored_stratum(stratum: WeightStratum, over: OverStratum | None, orbit: tuple[tuple[int, ...], Counts] | None) -> StratumOfWeights:
    """A stratum as plain data, with its map as a program."""
    embed = exact_map(stratum.parameters, stratum.embed)
    return StratumOfWeights(stratum.name, stratum.kind, embed, stratum.small is None, stratum.sizes, over, orbit, stratum.free)


def network_over(stratum: WeightStratum) -> Model | None:
    """A network with a notation whose functions have the dimension of those over a stratum; None where none is known."""
    return smaller_network(stratum) if stratum.kind != "rank" or stratum.profile is not None else None


def name_over(stratum: WeightStratum) -> str:
    """The notation of the smaller network where it has one, else the words of the stratum."""
    if stratum.small is None:
        return "zero"
    if stratum.kind == "zero":
        return "constants"
    return stratum.small.name if stratum.small.named else stratum.name.split(" (")[0]


def missed_rank(stratum: WeightStratum, rank_at_most: int) -> float:
    """Probability bound that one trial falls short in one of the three ranks, or that a further input would add to one."""
    degree, log_norm = stratum.size
    of_j = rank_error(stratum.model, rank_at_most, derivative=True, inner=stratum.size)
    # A minor of the derivative of the map, and of its product with J: entries of degree below that of the map.
    minor = stratum.parameters * degree
    height = stratum.parameters * (log_norm + math.log2(max(degree, 1)) + math.log2(max(stratum.parameters, 2)))
    of_map = minor / 2.0 ** (PRIME_BITS - 1) + height / (PRIME_BITS - 1) / count_primes_lower_bound(PRIME_BITS)
    return min(1.0, 2 * of_j + 2 * of_map)


def _rank(matrix: Array, p: int) -> int:
    return rank(matrix, p) if matrix.size else 0


_STRATA: Final = Slot[ExactStrata]("the exact functions on strata")


def exact_strata(model: Model) -> ExactStrata:
    """The exact functions of a model on strata of its weights, kept with it."""
    return model.kept.once(_STRATA, lambda: ExactStrata(model))
