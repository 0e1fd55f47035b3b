"""Strata of the weights of a stored program, as the images of stored maps: what certificates on ranks along them ask.

What is shown with these are ranks along the images of the maps. That these are the strata of their names, what networks their
functions are those of, and how many strata there are, is taken on trust, as theorems are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import log2
from typing import TypeVar

import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Over
from neurovariety.certificates.gaussian import parts
from neurovariety.certificates.modular_runs import ModularRun, as_rows
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.program_bounds import SMALL_BITS, ProgramBounds, primes_of, program_bounds
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, NotAnswered, NotStored
from neurovariety.certificates.stored_maps import StoredMaps
from neurovariety.certificates.stratum_ranks import Counts, PlaceRanks, StratumPlace
from neurovariety.certificates.subnetwork_posets import OverStratum
from neurovariety.certificates.zeros import NotShown

_MOST_RUNS = 10**6
Orbit = tuple[tuple[int, ...], Counts]


@dataclass(frozen=True, eq=False)
class StratumOfWeights:
    """The image of ``embed``, a polynomial map of parameters to weights, and what it is called, with a word for its ``kind``.

    ``zero``: its functions are 0; else ``sizes`` say which of them are limits of which. ``over``: what is known of the functions over
    it. ``orbit``: of a network of matrices that are multiplied, widths and intervals. ``free``: the last so many parameters change no
    function.
    """

    name: str
    kind: str
    embed: ExactSystem
    zero: bool
    sizes: tuple[tuple[int, ...], ...]
    over: OverStratum | None
    orbit: Orbit | None
    free: int | None

    @cached_property
    def size(self) -> ProgramBounds:
        """Degree and size of the map."""
        return program_bounds(self.embed, ())

    def weights(self, p: int, parameters: np.ndarray) -> np.ndarray:
        """The weights at parameters mod p. Raises `NotShown` for another number of these."""
        if parameters.shape != (self.embed.unknowns,):
            raise NotShown("the place has another number of parameters")
        return ModularRun(self.embed, p).values(parameters, _NOWHERE, ())[0]

    def exact_weights(self, parameters: Sequence[Fraction]) -> tuple[Fraction, ...]:
        """The weights at rational parameters. Raises `NotShown` for another number of these."""
        if len(parameters) != self.embed.unknowns:
            raise NotShown("the stratum has another number of parameters")
        return tuple(Over(self.embed, lambda c: parts(c)[0])(parameters))

    def tangent(self, p: int, parameters: np.ndarray) -> np.ndarray:
        """The derivative (weights, parameters) mod p."""
        if parameters.shape != (self.embed.unknowns,):
            raise NotShown("the place has another number of parameters")
        return ModularRun(self.embed, p).jacobians(parameters, _NOWHERE, ())[0]

    def within(self, other: StratumOfWeights) -> bool:
        """Whether sizes show that its functions are limits of those of another."""
        if self.zero:
            return True
        return any(len(a) == len(b) and all(x <= y for x, y in zip(a, b, strict=True)) for a in self.sizes for b in other.sizes)


_NOWHERE = np.zeros((1, 0), dtype=np.int64)
"""One input with no entries, for programs that have none."""


@dataclass(frozen=True, eq=False)
class StrataFacts:
    """The ``strata`` that certificates speak of. On trust: ``union``, a theorem with its source, that the Jacobian drops rank
    nowhere but on strata of some names; ``listed``, that of at most so many known strata these are the names."""

    strata: tuple[StratumOfWeights, ...]
    union: tuple[str, str, tuple[str, ...]] | None
    listed: tuple[int, tuple[str, ...]] | None

    def __post_init__(self) -> None:
        if len(self.by_name) < len(self.strata):
            raise ValueError("two strata have the same name")

    @cached_property
    def by_name(self) -> dict[str, StratumOfWeights]:
        """The strata by name."""
        return {s.name: s for s in self.strata}

    @cached_property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)


F = TypeVar("F")


def fact_of(kind: type[F], facts: tuple[object, ...], missing: str) -> F:
    """The fact of a kind. Raises `NotAnswered` where none is stored."""
    found = next((f for f in facts if isinstance(f, kind)), None)
    if found is None:
        raise NotAnswered(missing)
    return found


class StoredStrata(StoredMaps):
    """A program with ``facts``, among which strata of its weights may be."""

    facts: tuple[object, ...]

    @cached_property
    def _strata_facts(self) -> StrataFacts:
        found = fact_of(StrataFacts, self.facts, "no strata of the weights are stored")
        if any(len(s.embed.equations) != self.parameters for s in found.strata):
            raise NotShown("a stratum is one of another number of weights")
        return found

    def jacobian_at(self, prime: int, weights: np.ndarray, inputs: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        """The Jacobian (inputs times outputs, weights) mod p. Raises `NotStored` for a large one."""
        x = as_rows(inputs)
        if len(x) and x.shape[1] != self.inputs:
            raise NotShown("the place has another number of inputs")
        if len(x) * self.outputs * self.parameters > MOST_ENTRIES or self.program.terms * self.outputs > _MOST_RUNS:
            raise NotStored("the Jacobian is too large to be taken anew here")
        if not len(x):
            return np.zeros((0, self.parameters), dtype=np.int64)
        run, general = ModularRun(self.program, prime), self.general_at(coefficients, prime)
        return run.jacobians(weights, x, general)[..., : self.parameters].reshape(-1, self.parameters)

    def stratum_taken(self, place: StratumPlace) -> PlaceRanks | None:
        return None  # every rank is taken anew

    def _stratum(self, name: str) -> StratumOfWeights:
        if name not in self._strata_facts.by_name:
            raise NotShown(f"no stratum that is called {name} is stored")
        return self._strata_facts.by_name[name]

    def stratum_matrices(self, place: StratumPlace) -> tuple[np.ndarray, np.ndarray]:
        found, p = self._stratum(place.stratum), place.prime
        at = found.weights(p, place.parameters)
        return found.tangent(p, place.parameters), self.jacobian_at(p, at, place.inputs, place.coefficients)

    def stratum_parameters(self, stratum: str) -> int | None:
        return self._stratum(stratum).embed.unknowns

    def stratum_kind(self, stratum: str) -> str | None:
        return self._stratum(stratum).kind

    def stratum_error(self, stratum: str, at_most: int, prime: int) -> float:
        if prime.bit_length() != SMALL_BITS:
            return 1.0
        found = self._stratum(stratum)
        degree, norm, s = found.size.weights, found.size.log_norm, found.embed.unknowns
        of_j = self.bounds.rank_error(at_most, SMALL_BITS, True, False, (degree, norm))
        height = s * (norm + log2(max(degree, 1)) + log2(max(s, 2)))
        of_map = s * degree / 2.0 ** (SMALL_BITS - 1) + height / (SMALL_BITS - 1) / primes_of(SMALL_BITS)
        return min(1.0, 2 * of_j + 2 * of_map)

    def stratum_orbit(self, stratum: str) -> Orbit | None:
        return self._stratum(stratum).orbit

    def over_stratum(self, stratum: str) -> OverStratum | None:
        return self._stratum(stratum).over

    def weights_on(self, stratum: str, parameters: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
        return self._stratum(stratum).exact_weights(parameters)

    def limits_of(self, smaller: str, larger: str) -> bool:
        return self._stratum(smaller).within(self._stratum(larger))

    def known_strata(self, most: int) -> tuple[str, ...]:
        listed = self._strata_facts.listed
        if listed is None or listed[0] < most:
            raise NotAnswered("how many strata are known is not stored")
        return listed[1][:most]

    def critical_union(self, strata: tuple[str, ...]) -> tuple[str, str] | None:
        union = self._strata_facts.union
        return union[:2] if union is not None and union[2] == strata else None
