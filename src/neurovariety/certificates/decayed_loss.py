"""A loss with weight decay as exact data: sum_j q_j e_j(u)^2 + sum_k s_k (u_k - a_k)^2, q_j >= 0.

The ``residuals`` e_j are polynomials of the unknowns with rational coefficients. The loss is written as a sum of squares, so that it is
seen to be nonnegative. Objective, gradient and Hessian are made here, from these data, so that a certificate speaks of the critical
points of just this function.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from math import isfinite
from typing import Any

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem, Monomial, Over
from neurovariety.certificates.gaussian import Coefficient
from neurovariety.certificates.zeros import NotShown


@dataclass(frozen=True, eq=False)
class DecayedLoss:
    """``residuals``, ``shares`` q_j, ``strengths`` s_k >= 0, ``centre`` a_k, rational; all of it is ``unit`` times what is asked for.
    Weights are the unknowns times ``scales``.

    Raises `NotShown` for a negative share or strength, a unit or scale that is not positive, or sizes that do not fit.
    """

    residuals: ExactSystem
    shares: tuple[flint.fmpq, ...]
    strengths: tuple[flint.fmpq, ...]
    centre: tuple[flint.fmpq, ...]
    unit: flint.fmpq
    scales: tuple[flint.fmpq, ...]

    def __post_init__(self) -> None:
        n = self.residuals.unknowns
        sizes = len(self.shares), len(self.strengths), len(self.centre), len(self.scales)
        if sizes != (len(self.residuals.equations), n, n, n):
            raise NotShown("the sizes do not fit")
        if any(v < 0 for v in (*self.shares, *self.strengths)) or not all(v > 0 for v in (self.unit, *self.scales)):
            raise NotShown("a sum of squares with positive factors is expected")

    @property
    def unknowns(self) -> int:
        return self.residuals.unknowns

    @cached_property
    def loss(self) -> ExactSystem:
        """The loss without decay."""
        base = self.residuals
        squares = tuple((q, ((slot, 2),)) for q, slot in zip(self.shares, base.equations, strict=True) if q)
        return ExactSystem(base.unknowns, (*base.sums, squares), (base.unknowns + len(base.sums),))

    @cached_property
    def objective(self) -> ExactSystem:
        """The loss with decay."""
        n = self.unknowns
        terms: list[tuple[Coefficient, Monomial]] = [(1, ((self.loss.equations[0], 1),))]
        for k, (s, a) in enumerate(zip(self.strengths, self.centre, strict=True)):
            parts: tuple[tuple[Coefficient, Monomial], ...] = ((s, ((k, 2),)), (-2 * s * a, ((k, 1),)), (s * a * a, ()))
            terms += [(c, m) for c, m in parts if c]
        return ExactSystem(n, (*self.loss.sums, tuple(terms)), (n + len(self.loss.sums),))

    @cached_property
    def system(self) -> ExactSystem:
        """The gradient of the objective."""
        both = self.objective.with_jacobian()
        return ExactSystem(self.unknowns, both.sums, both.equations[1:]).only(range(self.unknowns))

    @cached_property
    def prints(self) -> ExactSystem:
        """The unknowns, by which zeros of the gradient are told apart."""
        n = self.unknowns
        return ExactSystem(n, tuple(((1, ((k, 1),)),) for k in range(n)), tuple(range(n, 2 * n)))

    @property
    def coordinates(self) -> ExactSystem:
        return self.prints

    def parallel(self, here: np.ndarray, there: np.ndarray) -> bool:
        """There are no slices."""
        return False

    def can_have(self, points: int) -> bool:
        """Nothing is known."""
        return True

    @cached_property
    def hash(self) -> str:
        """sha256 of all of it."""
        text = f"{self.residuals.hash}\n{self.shares}\n{self.strengths}\n{self.centre}\n{self.unit}\n{self.scales}"
        return hashlib.sha256(text.encode()).hexdigest()

    def with_strengths(self, strengths: tuple[flint.fmpq, ...]) -> DecayedLoss:
        """The same loss with other decay."""
        return DecayedLoss(self.residuals, self.shares, strengths, self.centre, self.unit, self.scales)

    def loss_at(self, u: tuple[flint.fmpq, ...]) -> flint.fmpq:
        """The loss at rational unknowns, exactly, in the unit asked for."""
        return _value(self.loss, u) / self.unit

    def objective_at(self, u: tuple[flint.fmpq, ...]) -> flint.fmpq:
        """The loss with decay there."""
        return _value(self.objective, u) / self.unit


def _value(program: ExactSystem, u: tuple[flint.fmpq, ...]) -> Any:
    if len(u) != program.unknowns:
        raise NotShown("the sizes do not fit")
    return flint.fmpq(1) * Over(program, lambda c: flint.fmpq(1) * c)(list(u))[0]


def rational(value: float) -> flint.fmpq:
    """The binary fraction that a float stores. Raises `NotShown` for what is no finite number."""
    if not isfinite(value):
        raise NotShown("a finite number is expected")
    return flint.fmpq(*float(value).as_integer_ratio())
