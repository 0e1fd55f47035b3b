"""The gradient fields and Jacobians of a stored program over Q, by expansion: for gradient flow and ranks at weights."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import flint

from neurovariety.certificates.functions import Inputs
from neurovariety.certificates.stored_coefficients import ExpandedProgram, as_fraction
from neurovariety.certificates.vector_fields import VectorField


class StoredFlows(ExpandedProgram):
    """A program whose outputs are polynomials."""

    def _moving(self, inputs: Inputs | None) -> list[flint.fmpq_mpoly]:
        """The coefficients of the outputs, or their values at inputs, output by output, without those that no weight changes."""
        found = [q for _, q in sorted(self.coordinates, key=lambda pair: pair[0])]
        if inputs is not None:
            at: dict[tuple[int, int], flint.fmpq_mpoly] = {}
            for (output, exponents), q in self.coordinates:
                for s, x in enumerate(inputs):
                    power = prod((v**e for v, e in zip(x, exponents, strict=True)), start=Fraction(1))
                    term = q * flint.fmpq(power.numerator, power.denominator)
                    at[output, s] = at[output, s] + term if (output, s) in at else term
            found = list(at.values())
        return [q for q in found if not q.is_constant()]

    def gradient_fields(self, inputs: Inputs | None) -> list[VectorField]:
        return [tuple(_plain(q.derivative(i)) for i in range(self.parameters)) for q in self._moving(inputs)]

    def jacobian_over_q(self, weights: tuple[Fraction, ...], inputs: Inputs | None) -> flint.fmpq_mat:
        moving, n = self._moving(inputs), self.parameters
        at = [flint.fmpq(w.numerator, w.denominator) for w in weights]
        rows = [[q.derivative(i)(*at) for i in range(n)] for q in moving] or [[flint.fmpq(0)] * n]
        return flint.fmpq_mat(len(rows), n, [c for row in rows for c in row])


def _plain(polynomial: flint.fmpq_mpoly) -> dict[tuple[int, ...], Fraction]:
    return {tuple(map(int, e)): as_fraction(c) for e, c in polynomial.to_dict().items()}
