"""Families of strata with common functions, and theorems on singular functions, of a stored program.

Certificates on singular loci ask for them. The theorems are taken on trust, and that strata are a family; that points on them have one
function is seen where they are taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from neurovariety.certificates.functions import Equation
from neurovariety.certificates.linear_sections import SECTION_RANGE, FormsModPrime, LocusProblem, common_zero, missed_section
from neurovariety.certificates.modular_runs import ModularRun, as_rows
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.program_bounds import SMALL_BITS
from neurovariety.certificates.singular_loci import FamilyPlace, SectionPlace
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, NotStored
from neurovariety.certificates.stored_forms import StoredForms
from neurovariety.certificates.stored_strata import StoredStrata, StratumOfWeights, fact_of
from neurovariety.certificates.vector_fields import rank_of_rows
from neurovariety.certificates.zeros import NotShown

Names = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class FamilyFacts:
    """``families``: the names of their strata, and the hash of a model with as many dimensions of functions, where there is one;
    ``strata`` are all of these. ``vertex``: the dimension of the vertex of a cone. ``theorem``: all singular functions are those of
    some families, and 0."""

    families: tuple[tuple[Names, str | None], ...]
    strata: tuple[StratumOfWeights, ...]
    vertex: int | None
    theorem: tuple[str, tuple[Names, ...]] | None

    @cached_property
    def by_name(self) -> dict[str, StratumOfWeights]:
        """The strata by name."""
        return {s.name: s for s in self.strata}

    @cached_property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)


@dataclass(frozen=True, eq=False)
class SmallerModelsFacts:
    """The theorem that the singular functions are exactly those of ``models``, by name and hash, and of ``constants``."""

    theorem: str
    models: tuple[tuple[str, str], ...]
    constants: int

    @cached_property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)


class StoredSingularLoci(StoredStrata, StoredForms):
    """A program with ``facts``, among which are those on singular functions."""

    @cached_property
    def _family_facts(self) -> FamilyFacts:
        return fact_of(FamilyFacts, self.facts, "no families of strata are stored")

    @cached_property
    def _smaller_facts(self) -> SmallerModelsFacts:
        return fact_of(SmallerModelsFacts, self.facts, "no theorem on smaller models is stored")

    def family_network(self, strata: Names) -> str | None:
        known = dict(self._family_facts.families)
        if strata not in known:
            raise NotShown("these strata are no family with common functions")
        return known[strata]

    def joint_rank(self, place: FamilyPlace) -> int:
        self.family_network(place.strata)
        p = place.prime
        if p.bit_length() > SMALL_BITS:
            raise NotShown(f"a prime of at most {SMALL_BITS} bits is expected")
        run, x = ModularRun(self.program, p), as_rows(place.inputs)
        general = self.general_at(place.coefficients, p)
        if x.shape[1] != self.inputs or not place.on:
            raise NotShown("points on strata of the family are expected")
        values, images = list[np.ndarray](), list[np.ndarray]()
        for number, rest in place.on:
            s = self._family_facts.by_name.get(place.strata[number]) if 0 <= number < len(place.strata) else None
            if s is None or s.free is None or len(rest) != s.free:
                raise NotShown("points on strata of the family are expected")
            w = s.weights(p, np.concatenate([place.shared, rest]))
            values.append(run.values(w, x, general))
            images.append(self.jacobian_at(p, w, place.inputs, place.coefficients))
        if not all(np.array_equal(values[0], v) for v in values):
            raise NotShown("the points of a family have different functions")
        return rank_of_rows(np.concatenate(images, axis=1).tolist(), p)

    def is_cone(self) -> bool:
        return self._cone

    def section_has_zero(self, equations: tuple[Equation, ...], dimension: int, place: SectionPlace) -> tuple[int, bool | None]:
        problem, forms = self._section(equations, dimension, place)
        found = common_zero(forms)
        if found is None:
            raise NotStored("forms of the degrees that decide are too many to be taken anew here")
        return len(problem.kept), found

    def section_error(self, equations: tuple[Equation, ...], dimension: int, place: SectionPlace) -> float:
        if place.prime.bit_length() != SMALL_BITS or np.abs(place.frame).max(initial=0) > SECTION_RANGE:
            return 1.0
        return missed_section(self._section(equations, dimension, place)[1])

    def _section(self, equations: tuple[Equation, ...], dimension: int, place: SectionPlace) -> tuple[LocusProblem, FormsModPrime]:
        problem = LocusProblem.of(equations, self.coefficient_count(), dimension)
        if problem is None or place.frame.ndim != 2 or len(place.frame) != len(problem.kept):
            raise NotShown("a linear space in the coordinates of the closure is expected, and equations that are not too many")
        if place.prime.bit_length() > SMALL_BITS:
            raise NotShown(f"a prime of at most {SMALL_BITS} bits is expected")
        return problem, problem.cut(place)

    def vertex(self) -> int | None:
        return self._family_facts.vertex

    def singular_families(self) -> tuple[str, tuple[Names, ...]] | None:
        return self._family_facts.theorem

    def singular_models(self) -> tuple[str, dict[str, str]] | None:
        return self._smaller_facts.theorem, dict(self._smaller_facts.models)

    def constants(self) -> int:
        return self._smaller_facts.constants

    def tangent_rank(
        self, prime: int, weights: list[list[int]], second: list[tuple[int, list[int], list[int]]], inputs: np.ndarray
    ) -> int:
        if prime.bit_length() > SMALL_BITS:
            raise NotShown(f"a prime of at most {SMALL_BITS} bits is expected")
        n, x = self.parameters, as_rows(inputs)
        if self.generic or x.shape[1] != self.inputs:
            raise NotShown("the place has another number of inputs, or general coefficients")
        rows = self.program.with_jacobian(n)
        if len(x) * self.outputs * n * max(n, len(second)) > MOST_ENTRIES:
            raise NotStored("second derivatives are too many to be taken anew here")
        columns = [self.jacobian_at(prime, np.array(w, dtype=object), x, self._known_at(prime)) for w in weights]
        run = ModularRun(rows, prime)
        for at, kernel, direction in second:
            curved = run.jacobians(np.array(weights[at], dtype=object), x, ())[:, self.outputs :, :n]
            moved = curved.astype(object) @ np.array(direction, dtype=object) % prime
            columns.append(moved.reshape(-1, n).astype(object) @ np.array(kernel, dtype=object)[:, None] % prime)
        return rank_of_rows(np.concatenate(columns, axis=1).tolist(), prime)

    def _known_at(self, prime: int) -> np.ndarray:
        """The coefficients mod p of a program that has no general ones."""
        found = [c.numerator * pow(c.denominator, -1, prime) % prime for c in self.coefficients if c is not None]
        return np.array(found, dtype=object)
