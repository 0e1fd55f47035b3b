"""The values of a graph, node by node, in any arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.operation import Call, Weights
from neurovariety.checkpoints.graph.operations import operation
from neurovariety.checkpoints.graph.three_arithmetics import Arithmetic, Array, Values
from neurovariety.errors import InputError, ResourceError

MAX_EXACT_BITS = 2**18
"""Largest size of an exact value before an evaluation is given up: 80,000 digits, where one sum takes 40 milliseconds."""


class Converted(Mapping[str, Values]):
    """The stored weights in an arithmetic, each converted when it is first asked for."""

    def __init__(self, stored: Mapping[str, Array], arithmetic: Arithmetic) -> None:
        self._stored, self._arithmetic = stored, arithmetic
        self._found: dict[str, Values] = {}

    def __getitem__(self, key: str) -> Values:
        if key not in self._found:
            self._found[key] = self._arithmetic.array(self._stored[key])
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def run(
    nodes: Sequence[Node], x: Values, weights: Weights, stored: Weights, arithmetic: Arithmetic, only: str | None = None
) -> dict[str, Values]:
    """Values of all nodes by name, or of ``only`` one, so that others are forgotten once they were read for the last time.

    What does not fit together is an `InputError` that names the node.
    """
    values: dict[str, Values] = {}
    last = {name: k for k, node in enumerate(nodes) for name in node.inputs}
    for k, node in enumerate(nodes):
        if node.is_input:
            values[node.name] = x
            continue
        operands = [values[n] for n in node.inputs]
        try:
            values[node.name] = operation(node).value(Call(node, operands, weights, stored, arithmetic))
        except InputError:
            raise
        except (ValueError, TypeError, IndexError, KeyError) as error:
            shapes = ", ".join(str(tuple(v.shape[1:])) for v in operands)
            raise InputError(f"{node.place} cannot be applied to a value of shape {shapes} ({str(error)[:120]})") from error
        if arithmetic.empty:  # zeros take no memory
            values[node.name] = np.broadcast_to(0.0, values[node.name].shape)
        if arithmetic.exact:
            _check_size(values[node.name], node)
        if only is not None:
            for name in set(node.inputs):
                if last[name] == k and name != only:
                    del values[name]
    return values


def _check_size(values: Array, node: Node) -> None:
    bits = max((v.denominator.bit_length() + abs(v.numerator).bit_length() for v in values.reshape(-1).tolist()), default=0)
    if bits > MAX_EXACT_BITS:
        raise ResourceError(
            f"exact values at {node.place} have {bits:,} bits, more than the limit of {MAX_EXACT_BITS:,}; evaluate at inputs with "
            "fewer digits, or in floating point"
        )
