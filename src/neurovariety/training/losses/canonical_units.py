"""Canonical units: inputs and outputs of a task multiplied by powers of two to size 1 up to 2 before anything is searched.

No threshold then sees the units that data came in, and as powers of two round nothing, the answer for data times 2^k is bit for bit
the same. It is undone on the way out: a coefficient of x^e by the units of output and monomial, a loss by the square of the output's,
weights by the proved scalings of the network (`own_units`). Where a network takes up a common factor of all inputs alone (filters,
tied weights), they have one unit; where none is proved, that of the data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Inexact, Int

from neurovariety.errors import DataError
from neurovariety.exact_numbers import power_of_two
from neurovariety.geometry.equivariance.adjunction import covector_scaling, input_adjunction, input_scaling, output_adjunction
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.model import Model
from neurovariety.training.losses.loss import Distance, Form, Loss, Monomial, SquaredError
from neurovariety.training.losses.own_units import OwnUnits
from neurovariety.training.losses.training_task import TrainingTask
from neurovariety.training.losses.whitened import Whitened, whitened

_MOST = 200
"""Exponents of units beyond this leave no room for losses and monomials in floats."""

_MOST_DEGREE = 64

Scaling = dict[str, int]
"""Block -> by which power of a factor it is multiplied."""


@dataclass(frozen=True, eq=False)
class CanonicalUnits:
    """Exponents of two: the units of each of the ``inputs`` and of all ``outputs``, and what ``weights`` found in these units are to be
    multiplied by. Where inputs are nearly collinear the search is in coordinates that are ``white``."""

    inputs: Int[np.ndarray, " features"]
    outputs: int
    weights: Int[np.ndarray, " N"]
    white: Whitened | None = None

    @property
    def plain(self) -> bool:
        """Whether the units are those of the data."""
        return not self.outputs and not self.inputs.any() and self.white is None

    def weights_back(self, weights: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        """Weights of the same function in the units of the data."""
        turned = weights if self.white is None else self.white.weights_back(self.white.model, weights)
        return np.asarray(np.ldexp(turned, self.weights))

    def loss_back(self, loss: float) -> float:
        """A loss in the units of the data."""
        return float(np.ldexp(loss, 2 * self.outputs))

    def exponent(self, monomial: Monomial) -> int:
        """That of two by which the coefficient of a monomial is multiplied on the way back."""
        return self.outputs - int(self.inputs @ np.array(monomial[1], dtype=np.int64))

    def coefficients_back(
        self, coefficients: Inexact[np.ndarray, " monomials"], monomials: tuple[Monomial, ...]
    ) -> Inexact[np.ndarray, " monomials"]:
        """Coefficients in the units of the data."""
        if self.white is not None:
            coefficients = self.white.substitution(monomials) @ coefficients
        powers = np.array([self.exponent(m) for m in monomials], dtype=np.int64)
        if np.iscomplexobj(coefficients):
            return np.asarray(np.ldexp(coefficients.real, powers) + 1j * np.ldexp(coefficients.imag, powers))
        return np.asarray(np.ldexp(coefficients, powers))


def canonical(task: TrainingTask) -> tuple[TrainingTask, CanonicalUnits]:
    """The task in canonical units, and these."""
    units = _units(task.model, task.loss)
    loss = task.loss if units.plain else _scaled(task.loss, units)
    degree = degree_bounds(task.model).inputs
    white = whitened(task.model, loss, int(degree)) if isinstance(loss, SquaredError) and degree <= _MOST_DEGREE else None
    if white is not None:
        loss, units = white.loss, replace(units, white=white)
    return (task, units) if units.plain else (replace(task, loss=loss), units)


def _units(model: Model, loss: Loss) -> CanonicalUnits:
    inputs = np.zeros(model.inputs, dtype=np.int64)
    weights = np.zeros(model.parameters, dtype=np.int64)
    if isinstance(loss, SquaredError):
        used = loss.weights > 0
        inputs, weights = _of_inputs(model, loss.inputs[used])
        largest = Fraction(float(np.abs(loss.targets[used]).max(initial=0.0)))
    elif isinstance(loss, Distance):
        largest = max((abs(Fraction(c)) for c in loss.target.values()), default=Fraction(0))
    else:
        target = np.asarray(loss.target).tolist() if isinstance(loss, Form) else []
        largest = max((abs(Fraction(c)) for c in target), default=Fraction(0))
    outputs, scaling = (power_of_two(largest), _of_outputs(model)) if largest else (0, None)
    if max(abs(outputs), int(np.abs(inputs).max(initial=0))) > _MOST:
        raise DataError("inputs or outputs are so large or so small that losses have no floating-point numbers; choose other units")
    if scaling is None:
        return CanonicalUnits(inputs, 0, weights)
    return CanonicalUnits(inputs, outputs, weights + outputs * scaling)


def _of_inputs(model: Model, inputs: Float[np.ndarray, "S features"]) -> tuple[Int[np.ndarray, " features"], Int[np.ndarray, " N"]]:
    """Units of the inputs, and what weights are multiplied by on the way back."""
    rows = model.input_shape[0] if model.input_shape else 1
    largest = np.abs(inputs).max(axis=0, initial=0.0).reshape(rows, -1)
    if input_adjunction(model):
        sizes = largest.max(axis=1, initial=0.0)
        each = np.where(sizes > 0, np.frexp(sizes)[1] - 1, 0)
        back = OwnUnits(model, each, 0).weights_back(np.ones(model.parameters))
        return np.repeat(each, largest.shape[1]), np.frexp(back)[1] - 1
    scaling, size = input_scaling(model), float(largest.max(initial=0.0))
    if scaling is None or not size:
        return np.zeros(model.inputs, dtype=np.int64), np.zeros(model.parameters, dtype=np.int64)
    unit = int(np.frexp(size)[1]) - 1
    return np.full(model.inputs, unit, dtype=np.int64), -unit * _powers(model, scaling)


def _of_outputs(model: Model) -> Int[np.ndarray, " N"] | None:
    """By which power of a factor of the outputs each weight is multiplied; None where none is proved."""
    if output_adjunction(model):
        back = OwnUnits(model, np.zeros(model.input_shape[0] if model.input_shape else 1, dtype=np.int64), 1)
        return np.frexp(back.weights_back(np.ones(model.parameters)))[1] - 1
    scaling = covector_scaling(model)
    return None if scaling is None else _powers(model, scaling)


def _powers(model: Model, scaling: Scaling) -> Int[np.ndarray, " N"]:
    out = np.zeros(model.parameters, dtype=np.int64)
    for block, power in scaling.items():
        out[model.places[block].reshape(-1)] = power
    return out


def _scaled(loss: Loss, units: CanonicalUnits) -> Loss:
    if isinstance(loss, SquaredError):
        inputs, targets = np.ldexp(loss.inputs, -units.inputs), np.ldexp(loss.targets, -units.outputs)
        found = SquaredError(inputs, targets, loss.weights, loss.name)
        object.__setattr__(found, "weights", loss.weights)  # dividing by their sum once more would round again
        return found
    if isinstance(loss, Distance):
        return Distance(loss.metric, {m: Fraction(c) / Fraction(2) ** units.outputs for m, c in loss.target.items()})
    if isinstance(loss, Form):
        return Form(loss.places, loss.matrix, np.ldexp(np.asarray(loss.target), -units.outputs), loss.name)
    return loss
