"""How many equivariant functions there can be, for models: exactly for linear networks, from above for polynomial ones."""

from __future__ import annotations

import math

from neurovariety.certificates.equivariant_bounds import EquivariantSizes, PairOfMaps, linear_sizes, polynomial_maps
from neurovariety.geometry.exact.points import degree_bounds
from neurovariety.model import Model
from neurovariety.parametrization import Layers

_MAX_DEGREE = 400


def linear_network(model: Model) -> Layers | None:
    """The layers of a linear network, whose function is x -> W_L ... W_1 x, plus constants where there are biases; else None."""
    layers = model.parametrization
    return layers if isinstance(layers, Layers) and layers.linear and not layers.skips else None


def equivariant_linear(model: Model, maps: PairOfMaps) -> EquivariantSizes | None:
    """The dimensions for a linear network, or None for another, and for maps without a common finite order unless the outputs stay."""
    network = linear_network(model)
    return None if network is None else linear_sizes(tuple(network.widths), bool(network.biases), maps)


def output_degrees(model: Model) -> tuple[int, int] | None:
    """The least and the largest degree in the inputs that outputs of the model can have. None for rational models and very high
    degrees."""
    bounds = degree_bounds(model)
    if bounds.rational or not math.isfinite(bounds.inputs) or bounds.inputs > _MAX_DEGREE:
        return None
    return int(bounds.low), int(bounds.inputs)


def equivariant_polynomials(model: Model, maps: PairOfMaps) -> int | None:
    """Dimension of the equivariant polynomial maps of the degrees that outputs of the model can have: an upper bound of that of its
    equivariant functions. None for rational models, very high degrees and maps of no common finite order."""
    degrees = output_degrees(model)
    if degrees is None or maps.order is None:
        return None
    return polynomial_maps(maps, maps.order, model.inputs, model.outputs, degrees)
