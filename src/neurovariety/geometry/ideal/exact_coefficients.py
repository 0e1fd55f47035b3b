"""The coefficients of a model as certificates see them (`certificates.functions.Coefficients`): exact polynomials of the weights."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import flint

from neurovariety.certificates.functions import Equation
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.ideal.coefficients import Coordinate, Coordinates
from neurovariety.geometry.ideal.vanishing import gradients, vanishes_identically
from neurovariety.linear_algebra import rank
from neurovariety.model import Model, Slot
from neurovariety.rings.ring import Array


class ExactCoefficients(ExactFunctions):
    """The exact functions of a model with their coefficients. Raises as `Coordinates.of` where these are asked for and too long."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._taken = exact_functions(model)._taken
        self._vanishing: dict[Equation, bool | None] = {}

    @property
    def coordinates(self) -> Coordinates:
        """The coefficients of the functions as polynomials of the weights."""
        return Coordinates.of(self.model)

    def coefficient_count(self) -> int:
        return self.coordinates.count

    def vanishes(self, equation: Equation) -> bool | None:
        if equation not in self._vanishing:
            self._vanishing[equation] = vanishes_identically(equation, self.coordinates)
        return self._vanishing[equation]

    def function_at(self, weights: tuple[Fraction, ...]) -> dict[Coordinate, Fraction]:
        at = [flint.fmpq(w.numerator, w.denominator) for w in weights]
        found = {key: q(*at) for key, q in zip(self.coordinates.monomials, self.coordinates.polynomials, strict=True)}
        return {key: Fraction(int(c.p), int(c.q)) for key, c in found.items() if c}

    def equations_rank(self, equations: tuple[Equation, ...], prime: int, weights: Array) -> int:
        at = self.coordinates.at(weights[None] % prime, prime)[0]
        return rank(gradients(equations, at, prime), prime)


_COEFFICIENTS: Final = Slot[ExactCoefficients]("the exact coefficients")


def exact_coefficients(model: Model) -> ExactCoefficients:
    """The exact coefficients of a model, kept with it."""
    return model.kept.once(_COEFFICIENTS, lambda: ExactCoefficients(model))
