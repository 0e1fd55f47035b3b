"""From a network whose activations are polynomial or rational to a `Model`, which every entry of the dictionary takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from neurovariety.checkpoints.graph.evaluation import run
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import Arithmetic, Array, Values, to_fractions
from neurovariety.errors import InputError
from neurovariety.model import Model


class _Coefficients:
    """Gives every constant of a network its place in the model's vector of exact coefficients."""

    def __init__(self) -> None:
        self.values: list[Fraction | None] = []
        self._places: dict[Fraction, int] = {}

    def place(self, values: Array) -> Array:
        """Positions of the entries, each distinct number once."""
        exact = to_fractions(values)
        out = np.empty(exact.shape, dtype=np.int64)
        for index in np.ndindex(exact.shape):
            value = Fraction(exact.item(index))
            if value not in self._places:
                self._places[value] = len(self.values)
                self.values.append(value)
            out[index] = self._places[value]
        return out


def algebraic_model(
    nodes: Sequence[Node],
    output: str,
    input_shape: tuple[int, ...],
    stored: Mapping[str, Array],
    trained: Sequence[str],
    source: str,
) -> Model:
    """The family of functions of the graph, as `Network.as_model` says."""
    import jax
    import jax.numpy as jnp

    for node in nodes:
        if operation(node).sort(node) != "algebraic":
            raise InputError(
                f"{node.place} applies {operation(node).words(node)}, which is not a polynomial or rational function: no algebraic "
                "model has this network; replace it by a polynomial, or use what works on the network itself (evaluate, diagnose, "
                "prune, align)"
            )
    table = _Coefficients()
    shapes = {key: tuple(stored[key].shape) for key in trained}
    if not shapes:
        raise InputError("the network has no trained weight: a model needs parameters that vary")
    used = {k for node in nodes for k in node.weights.values()}
    fixed = {key: stored[key] for key in sorted(used - set(shapes))}

    def function(parameters: Mapping[str, Values], x: Values, coefficients: Values) -> Values:
        def array(values: Array) -> Values:
            return jnp.take(coefficients, table.place(np.asarray(values)))

        def scalar(value: Fraction) -> Values:
            return coefficients[int(table.place(np.asarray(value, dtype=object)))]

        arithmetic = Arithmetic(jnp, scalar, array, jnp.matmul)
        weights = {**parameters, **{k: array(v) for k, v in fixed.items()}}
        return run(nodes, x[None], weights, stored, arithmetic)[output][0]

    # The places of the constants are found by one abstract run with room for all of them; later runs find the same places.
    specs = {k: jax.ShapeDtypeStruct(s, np.float64) for k, s in shapes.items()}
    with jax.enable_x64(True):
        room = jax.ShapeDtypeStruct((1,), np.float64)
        jax.eval_shape(function, specs, jax.ShapeDtypeStruct(input_shape, np.float64), room)
    return Model(
        name=f"{source} network",
        function=function,
        shapes=shapes,
        input_shape=input_shape,
        coefficients=tuple(table.values),
    )
