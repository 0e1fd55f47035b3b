"""A model with families of its strata and sections of its equations, as certificates see it (`certificates.singular_loci`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from neurovariety.certificates.issue import Certificate
from neurovariety.certificates.linear_sections import SECTION_RANGE, FormsModPrime, LocusProblem, missed_section
from neurovariety.certificates.singular_loci import FamilyPlace, SectionPlace, SingularFamily
from neurovariety.certificates.stored_singular_loci import FamilyFacts
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import InputError, ResourceError, VerificationError
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.points import Point
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.exact_coefficients import ExactCoefficients
from neurovariety.geometry.singular.section import has_zero
from neurovariety.geometry.singular.tangents import tangent_span
from neurovariety.geometry.strata.exact_strata import stored_stratum
from neurovariety.geometry.strata.fiber_families import families_of_all_windows, fiber_families
from neurovariety.geometry.strata.filters import smaller_network
from neurovariety.geometry.strata.smaller_models import strata_of
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.model import Model, Slot
from neurovariety.program.of_model import with_known_coefficients
from neurovariety.rings.finite_field import FiniteField
from neurovariety.tolerances import PRIME_BITS


class ExactFamilies(ExactFunctions):
    """The exact functions of a model on families of strata of its weights."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._listed: dict[tuple[str, ...], tuple[WeightStratum, ...]] = {}

    def family(self, strata: tuple[str, ...]) -> tuple[WeightStratum, ...]:
        """The strata of a family, by their names. Raises `NotShown` where they are none."""
        if not self._listed:
            self._listed = {tuple(s.name for s in family): family for family in fiber_families(self.model)}
        if strata not in self._listed:
            raise NotShown("these strata are no family with common functions")
        return self._listed[strata]

    def family_network(self, strata: tuple[str, ...]) -> str | None:
        network = smaller_network(self.family(strata)[0])
        return None if network is None else exact_functions(network).hash

    def joint_rank(self, place: FamilyPlace) -> int:
        family, p = self.family(place.strata), place.prime
        if p.bit_length() > PRIME_BITS:
            raise NotShown(f"a prime of at most {PRIME_BITS} bits is expected")
        field, rng = FiniteField(p), np.random.default_rng(0)
        coefficients = with_known_coefficients(self.model, field, place.coefficients)
        points = []
        for number, rest in place.on:
            s = family[number] if 0 <= number < len(family) else None
            if s is None or s.free is None or len(rest) != s.free or len(place.shared) + len(rest) != s.parameters:
                raise NotShown("points on strata of the family are expected")
            points.append(Point(field, s.at(np.concatenate([place.shared, rest]), p), coefficients, rng))
        if not points:
            raise NotShown("points on strata of the family are expected")
        try:
            return tangent_span(self.model, p, points, place.inputs, 0).first
        except VerificationError as reason:
            raise NotShown(str(reason)) from None

    def facts(self, certificates: Sequence[Certificate]) -> FamilyFacts:
        """What these certificates ask of singular functions, as plain data."""
        known = self.singular_families()
        names = dict.fromkeys(c.place.strata for c in certificates if isinstance(c, SingularFamily))
        names |= dict.fromkeys(known[1] if known is not None else ())
        embedded = {s.name: s for strata in names for s in self.family(strata)}
        return FamilyFacts(
            families=tuple((strata, self.family_network(strata)) for strata in names),
            strata=tuple(stored_stratum(s, None, None) for s in embedded.values()),
            vertex=self.vertex(),
            theorem=known,
        )

    def vertex(self) -> int | None:
        image = self.model.image
        if image is not None:
            return self.model.outputs if image.constants else 0
        try:
            return 0 if Coordinates.of(self.model).is_cone else None
        except (InputError, ResourceError):
            return None

    def singular_families(self) -> tuple[str, tuple[tuple[str, ...], ...]] | None:
        known = strata_of(self.model, False)
        listed = known.all_listed or families_of_all_windows(self.model)
        if not known.theorem or known.exact or not listed:
            return None
        if known.immersed:  # a function with one choice of filters has one weight over it, modulo scalings, where J has full rank
            return known.theorem, tuple(tuple(s.name for s in f) for f in fiber_families(self.model) if len(f) > 1)
        return (known.theorem, ()) if known.vertex_alone else None


class ExactSections(ExactCoefficients):
    """The exact coefficients of a model, and its equations cut by linear spaces."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._zeros: dict[tuple[object, ...], tuple[int, bool | None]] = {}

    def is_cone(self) -> bool:
        return self.coordinates.is_cone

    def section_has_zero(self, equations: tuple[Any, ...], dimension: int, place: SectionPlace) -> tuple[int, bool | None]:
        key = (equations, dimension, place.prime, place.frame.shape, place.frame.tobytes())
        if key not in self._zeros:
            problem, forms = self._cut(equations, dimension, place)
            self._zeros[key] = len(problem.kept), has_zero(forms)
        return self._zeros[key]

    def section_error(self, equations: tuple[Any, ...], dimension: int, place: SectionPlace) -> float:
        if place.prime.bit_length() != PRIME_BITS or np.abs(place.frame).max(initial=0) > SECTION_RANGE:
            return 1.0
        return missed_section(self._cut(equations, dimension, place)[1])

    def _cut(self, equations: tuple[Any, ...], dimension: int, place: SectionPlace) -> tuple[LocusProblem, FormsModPrime]:
        problem = LocusProblem.of(equations, self.coordinates.count, dimension)
        if problem is None or place.frame.ndim != 2 or len(place.frame) != len(problem.kept):
            raise NotShown("a linear space in the coordinates of the closure is expected, and equations that are not too many")
        if place.prime.bit_length() > PRIME_BITS:
            raise NotShown(f"a prime of at most {PRIME_BITS} bits is expected")
        return problem, problem.cut(place)


_FAMILIES: Final = Slot[ExactFamilies]("the exact functions of families of strata")
_SECTIONS: Final = Slot[ExactSections]("the exact sections of equations")


def exact_families(model: Model) -> ExactFamilies:
    """A model with families of its strata, kept with it."""
    return model.kept.once(_FAMILIES, lambda: ExactFamilies(model))


def exact_sections(model: Model) -> ExactSections:
    """A model with sections of its equations, kept with it."""
    return model.kept.once(_SECTIONS, lambda: ExactSections(model))
