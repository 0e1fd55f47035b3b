"""A small model written out: its outputs as polynomials in parameters and inputs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from neurovariety.errors import InputError
from neurovariety.model import Model
from neurovariety.program.interpret import interpret
from neurovariety.program.of_model import leaves, values_program
from neurovariety.rings.polynomial import Polynomials, Quotient, coefficients, latex
from neurovariety.tolerances import MAX_TERMS

Exponents = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Expansion:
    """The outputs of a model as exact polynomials (or rational functions) over Q.

    ``variables`` names the parameters w0, w1, ... in the order of the flat vector, then the inputs x0, x1, ...; ``outputs`` holds one
    element for each scalar output.
    """

    variables: tuple[str, ...]
    parameters: int
    outputs: tuple[Quotient, ...]

    def coefficients(self, output: int = 0) -> dict[Exponents, Fraction]:
        """Exponents of all variables -> coefficient, of one output. Raises `ValueError` for a proper rational function."""
        return coefficients(self.outputs[output])

    def latex(self, output: int = 0) -> str:
        """One output as LaTeX."""
        return latex(self.outputs[output])

    def _repr_latex_(self) -> str:
        return "$" + r" \\ ".join(latex(o) for o in self.outputs) + "$"

    def __repr__(self) -> str:
        return f"Expansion({len(self.outputs)} outputs in {len(self.variables)} variables)"


def expand(model: Model, max_terms: int = MAX_TERMS) -> Expansion:
    """Write a small model out, exactly.

    Raises `ResourceError` where a polynomial would pass ``max_terms`` terms, and `InputError` for a model with generic coefficients,
    which has no one expansion.
    """
    if any(c is None for c in model.coefficients):
        raise InputError(
            f"{model.name} has generic coefficients, which have no values to write out; give the activation's coefficients"
        )
    n, m = model.parameters, model.inputs
    names = (*(f"w{i}" for i in range(n)), *(f"x{i}" for i in range(m)))
    ring = Polynomials(names, max_terms)
    variables = ring.generators()
    fixed = ring.constant(np.array(model.coefficients, dtype=object))
    x = variables[n:].reshape(model.input_shape)
    (out,) = interpret(values_program(model), ring, [*leaves(model, variables[:n]), x, fixed])
    return Expansion(names, n, tuple(out.reshape(-1)))
