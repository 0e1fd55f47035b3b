"""Units in which data are of size 1, where a change of units is one of the weights alone.

Where f_w(D x) = f_{w.D}(x) is proved for all matrices D, inputs in other units are fitted by the same functions at other weights; where
S f_w = f_{S.w} is, so are outputs. Then paths are followed in units of the data's own, powers of two, so that nothing is rounded on the
way there or back, and no answer depends on the units that the data came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int

from neurovariety.errors import DataError
from neurovariety.exact_numbers import power_of_two
from neurovariety.geometry.equivariance.adjunction import input_adjunction, output_adjunction
from neurovariety.model import Model

_MOST = 960
"""Exponents beyond this leave no room for products in floats."""


@dataclass(frozen=True, eq=False)
class OwnUnits:
    """The exponents of the units: of ``inputs``, one for each index on the first axis of an input, and of all ``outputs``."""

    model: Model
    inputs: Int[np.ndarray, " n"]
    outputs: int

    def of_inputs(self, inputs: Float[np.ndarray, "S features"]) -> Float[np.ndarray, "S features"]:
        """Inputs in these units."""
        shaped = inputs.reshape(len(inputs), len(self.inputs), -1)
        found: Float[np.ndarray, "S features"] = np.ldexp(shaped, -self.inputs[:, None]).reshape(inputs.shape)
        return found

    def of_outputs(self, values: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """Outputs in these units."""
        return np.asarray(np.ldexp(values, -self.outputs))

    def outputs_back(self, values: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """Outputs, and distances between them, from these units to those of the data."""
        return np.asarray(np.ldexp(values, self.outputs))

    def weights_back(self, weights: Float[np.ndarray, " N"]) -> Float[np.ndarray, " N"]:
        """Weights of the same function in the units of the data."""
        blocks = {name: block.copy() for name, block in self.model.unflatten(weights).items()}
        for name, axis in self.model.input_axes if self.inputs.any() else ():
            ahead = blocks[name].ndim - 1 - axis
            blocks[name] = np.ldexp(blocks[name], -self.inputs.reshape(-1, *(1,) * ahead))
        for name, _ in self.model.output_axes if self.outputs else ():
            blocks[name] = np.ldexp(blocks[name], self.outputs)
        return self.model.flatten(blocks)


def own_units(model: Model, inputs: Float[np.ndarray, "S features"] | None, largest_output: Fraction) -> OwnUnits:
    """The units in which the largest input of each kind, and the largest output, are from 1 up to 2.

    Where no change of weights is proved to be one of units, or nothing but zeros is there, those of the data. ``inputs`` is None where
    functions are not taken at samples. Raises `DataError` for sizes near the ends of what floats reach.
    """
    exponents = np.zeros(model.input_shape[0] if model.input_shape else 1, dtype=np.int64)
    if inputs is not None and input_adjunction(model):
        largest = np.abs(inputs.reshape(len(inputs), len(exponents), -1)).max(axis=(0, 2))
        exponents = np.where(largest > 0, np.frexp(largest)[1] - 1, 0)
    outputs = power_of_two(largest_output) if largest_output and output_adjunction(model) else 0
    both = {name for name, _ in model.input_axes} & {name for name, _ in model.output_axes}
    weights = np.abs(outputs - exponents).max(initial=0) if both else 0  # those that read inputs and make outputs
    if max(abs(outputs), int(np.abs(exponents).max(initial=0)), int(weights)) > _MOST:
        raise DataError("inputs or outputs are so large or so small that floating-point numbers have no room left; choose other units")
    return OwnUnits(model, exponents, outputs)
