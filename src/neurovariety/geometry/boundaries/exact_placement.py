"""A model with what is known of the positions of its functions, as certificates see it (`certificates.positions.Positions`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Final

import flint
import numpy as np

from neurovariety.certificates.issue import Certificate
from neurovariety.certificates.positions import BoundaryPiece, Function, Placed, Violates
from neurovariety.certificates.stored_positions import PositionFacts, StoredReason
from neurovariety.geometry.boundaries.exact_positions import KnownImage, known_image
from neurovariety.geometry.boundaries.limit_families import limit_families
from neurovariety.geometry.boundaries.limit_family import LimitFamily
from neurovariety.geometry.exact.gradient_fields import coefficients_as_polynomials
from neurovariety.geometry.exact.polynomial_values import PolynomialValues
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, PolynomialMap
from neurovariety.geometry.ideal.coefficients import Coordinate
from neurovariety.geometry.ideal.equations_by_degree import Equation
from neurovariety.geometry.ideal.exact_coefficients import ExactCoefficients
from neurovariety.geometry.ideal.find_equations import FoundEquations
from neurovariety.geometry.ideal.vanishing import violated
from neurovariety.geometry.images.target import Target
from neurovariety.homotopy.exact_program import exact_map
from neurovariety.linear_algebra import rank_large
from neurovariety.model import Model, Slot
from neurovariety.rings.ring import Array


class ExactPlacement(ExactCoefficients):
    """The exact functions of a model, and where functions lie relative to those of real weights."""

    @property
    def _known(self) -> KnownImage | None:
        return known_image(self.model.image, self.model)

    def _target(self, target: Function) -> Target:
        return Target(self.model.inputs, self.model.outputs, {key: Fraction(c) for key, c in target.items() if c})

    def placed(self, target: Function) -> tuple[str, str] | None:
        known = self._known
        if known is None:
            return None
        found = known.locate(self._target(target))
        return str(found.position), found.reason

    def no_boundary(self) -> str:
        known = self._known
        return "" if known is None else known.full

    def family_sample(self, family: str, sample: tuple[Fraction, ...]) -> dict[Coordinate, Fraction] | None:
        found = self._family(family)
        if found is None or self._known is None or len(sample) != found.parameters:
            return None
        return dict(found.function(self.model, list(sample)).coefficients)

    def family_rank(self, family: str, prime: int, sample: tuple[Fraction, ...]) -> int:
        found = self._family(family)
        if found is None or any(s.denominator % prime == 0 for s in sample):
            return 0
        at = [s.numerator * pow(s.denominator, -1, prime) % prime for s in sample]
        return found.rank_at(list(coefficients_as_polynomials(self.model).values()), self.model, prime, at)

    def _family(self, name: str) -> LimitFamily | None:
        return next((f for f in limit_families(self.model.parametrization, self.model) if f.name == name), None)

    def facts(self, certificates: Sequence[Certificate]) -> PositionFacts:
        """What these certificates ask of positions, as plain data."""
        reasons = {c.reason: StoredReason(c.target, c.reason) for c in certificates if isinstance(c, Placed)}
        names = dict.fromkeys(c.family for c in certificates if isinstance(c, BoundaryPiece))
        families = []
        for name in names:
            found = self._family(name)
            assert found is not None
            families.append((name, exact_map(found.parameters + 2, partial(_weights_on, found))))
        return PositionFacts(tuple(families), tuple(reasons.values()), self.no_boundary())

    def coefficients_rank(self, prime: int, weights: Array) -> int:
        polynomials = [
            {tuple(int(k) for k in e): Fraction(int(c.p), int(c.q)) for e, c in q.to_dict().items()}
            for q in self.coordinates.polynomials
        ]
        return rank_large(PolynomialValues(polynomials, self.model.parameters, prime).slopes(weights), prime)

    def coefficient_keys(self) -> tuple[Coordinate, ...]:
        return tuple(self.coordinates.monomials)

    def on_span(self, target: Function) -> list[Fraction] | None:
        keys, span = self.coordinates.monomials, LinearSpan.of(self.coordinates)
        values = [Fraction(target.get(key, 0)) for key in keys]
        if any(c and key not in set(keys) for key, c in target.items()) or span.violated(values) is not None:
            return None
        return [values[j] for j in span.pivots]

    def span_balls(self, weights: list[flint.arb], columns: tuple[int, ...]) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        return PolynomialMap.of(self.coordinates, LinearSpan.of(self.coordinates).pivots).balls(weights, columns)


_PLACEMENT: Final = Slot[ExactPlacement]("the exact functions and their positions")


def exact_placement(model: Model) -> ExactPlacement:
    """What is known of the positions of a model's functions, kept with it."""
    return model.kept.once(_PLACEMENT, lambda: ExactPlacement(model))


def outside_by_equation(
    model: Model, system: FoundEquations, target: Mapping[Coordinate, Fraction], reason: str
) -> tuple[Violates, Violates] | None:
    """The certificates of position and reason of a function that violates one of the equations, or has a coefficient that no function
    of the model has; None where it does neither."""
    found = violated(system.generators, system.coordinates, target)
    if found is None:
        return None
    exact, equation = exact_placement(model), found if isinstance(found, Equation) else None
    first, second = (
        Violates(exact.hash, dict(target), equation, exact.coefficient_keys(), reason, part) for part in ("position", "reason")
    )
    return first, second


def _weights_on(family: LimitFamily, x: Array) -> Array:
    """The weights of a family at its parameters, then two of its own."""
    return np.array(family.weights(list(x[:-2]), x[-2], x[-1]), dtype=object)
