"""The coefficients of a model as certificates see them (`certificates.functions.Coefficients`): exact polynomials of the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import flint
import numpy as np

from neurovariety.certificates.functions import Equation
from neurovariety.certificates.hilbert_function import FormsPlace
from neurovariety.certificates.known_equations import WeightsPlace
from neurovariety.certificates.zeros import NotShown
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.ideal.coefficient_map import LinearSpan, PolynomialMap
from neurovariety.geometry.ideal.coefficients import Coordinate, Coordinates
from neurovariety.geometry.ideal.decided_sets import facts_of_image
from neurovariety.geometry.ideal.equations_by_degree import CoefficientForms
from neurovariety.geometry.ideal.expanded_functions import expanded_at, expanded_at_surds
from neurovariety.geometry.ideal.points_over_field import PointsCounted, count_points
from neurovariety.geometry.ideal.vanishing import gradients, vanish_at, vanishes_identically, vanishing_error
from neurovariety.linear_algebra import rank
from neurovariety.model import Model, Slot
from neurovariety.rings.ring import Array
from neurovariety.rings.small_field import SmallField
from neurovariety.tolerances import PRIME_BITS

_LARGEST_PRIME = 2**26


class ExactCoefficients(ExactFunctions):
    """The exact functions of a model with their coefficients. Raises as `Coordinates.of` where these are asked for and too long."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._taken = exact_functions(model)._taken
        self._counted: dict[int, PointsCounted] = {}
        self._vanishing: dict[Equation, bool | None] = {}
        self._forms_taken: WeakKeyDictionary[FormsPlace, int] = WeakKeyDictionary()

    @property
    def coordinates(self) -> Coordinates:
        """The coefficients of the functions as polynomials of the weights."""
        return Coordinates.of(self.model)

    def expanded_span(self, affine: bool) -> int | None:
        found = super().expanded_span(affine)
        return found if affine or found is not None else len(LinearSpan.of(self.coordinates).pivots)

    def counted_over(self, field: SmallField) -> PointsCounted:
        """The functions over a field, counted once. Raises as `count_points`."""
        if field.q not in self._counted:
            self._counted[field.q] = count_points(self.model, self.coordinates.primitive(), field)
        return self._counted[field.q]

    def points_over(self, q: int) -> int:
        return self.counted_over(SmallField(q)).points

    def coefficient_count(self) -> int:
        return self.coordinates.count

    def vanishes(self, equation: Equation) -> bool | None:
        if equation not in self._vanishing:
            self._vanishing[equation] = vanishes_identically(equation, self.coordinates)
        return self._vanishing[equation]

    @property
    def coefficient_names(self) -> tuple[Coordinate, ...]:
        return self.coordinates.monomials

    @property
    def image_facts(self) -> tuple[str, tuple[int, ...]] | None:
        return facts_of_image(self.model.image)

    def function_at(self, weights: tuple[Fraction, ...]) -> dict[Coordinate, Fraction]:
        return expanded_at(self.model, weights)

    def function_at_surds(
        self, rational: tuple[Fraction, ...], root: tuple[Fraction, ...], square: Fraction
    ) -> dict[Coordinate, tuple[Fraction, Fraction]]:
        return expanded_at_surds(self.model, rational, root, square)

    def spanned_by(self, rows: tuple[int, ...], target: Mapping[Coordinate, Fraction]) -> bool:
        names = self.coordinates.monomials
        if not {key for key, value in target.items() if value} <= set(names):
            return False
        span = LinearSpan.of(self.coordinates)
        return span.pivots == rows and span.violated([target.get(name, Fraction(0)) for name in names]) is None

    def coefficient_balls(
        self, rows: tuple[int, ...], weights: Sequence[flint.arb], columns: tuple[int, ...]
    ) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        return PolynomialMap.of(self.coordinates, rows).balls(weights, columns)

    def vanishes_at(self, equation: Equation, place: WeightsPlace) -> bool:
        return vanish_at(equation, self.coordinates, place.prime, place.weights)

    def equations_error(self, equations: tuple[Equation, ...], place: WeightsPlace) -> float:
        return vanishing_error(equations, self.coordinates, len(place.weights)) if place.prime.bit_length() >= PRIME_BITS else 1.0

    @cached_property
    def forms(self) -> CoefficientForms:
        """The forms in the coefficients."""
        return CoefficientForms.of(self.coordinates)

    @property
    def form_variables(self) -> int:
        return len(self.forms.weights)

    def saw_forms(self, place: FormsPlace, rank: int) -> None:
        """Keep a rank that was taken by exact elimination."""
        self._forms_taken[place] = rank

    def forms_rank(self, place: FormsPlace) -> int:
        if place not in self._forms_taken:
            self._forms_taken[place] = self.forms.rank(place)
        return self._forms_taken[place]

    def quotient_dimensions(self, equations: tuple[Equation, ...], degree: int, prime: int) -> tuple[int, ...]:
        return self.forms.left_by(equations, degree, prime)

    def implied_over_q(self, equations: tuple[Equation, ...], degree: int) -> int | None:
        return self.forms.implied_over_q(equations, degree)

    def equations_rank(self, equations: tuple[Equation, ...], prime: int, weights: Array) -> int:
        if prime >= _LARGEST_PRIME:
            raise NotShown("a prime of at most 26 bits is expected, whose products fit into a word")
        at = self.coordinates.at(np.array([[int(w) % prime for w in weights]], dtype=np.int64), prime)[0]
        return rank(gradients(equations, at, prime), prime)


_COEFFICIENTS: Final = Slot[ExactCoefficients]("the exact coefficients")


def exact_coefficients(model: Model) -> ExactCoefficients:
    """The exact coefficients of a model, kept with it."""
    return model.kept.once(_COEFFICIENTS, lambda: ExactCoefficients(model))
