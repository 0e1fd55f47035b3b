"""Trained networks as data that can be stored: nodes, and the numbers of the weights that they use, each as it was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from neurovariety.certificates.network_nodes import NetworkData, network_hash


@dataclass(frozen=True, eq=False)
class RationalArray:
    """Rational numbers of that ``shape``: ``text`` are the bytes of their decimals, with spaces between."""

    shape: tuple[int, ...]
    text: np.ndarray

    @cached_property
    def values(self) -> np.ndarray:
        """The numbers, an object array of Fractions. Raises `ValueError` where they are not as many."""
        numbers = [Fraction(word) for word in self.text.astype(np.uint8).tobytes().decode("ascii").split()]
        if len(numbers) != prod(self.shape) or min(self.shape, default=0) < 0:
            raise ValueError("an array of rational numbers has another shape")
        out = np.empty(len(numbers), dtype=object)
        out[:] = numbers
        return out.reshape(self.shape)


@dataclass(frozen=True, eq=False)
class StoredNode:
    """What `network_nodes.NodeData` asks; ``path`` is what a layer is called in the file that it was read from."""

    name: str
    kind: str
    inputs: tuple[str, ...]
    weights: Mapping[str, str]
    attributes: Mapping[str, Any]
    path: str


@dataclass(frozen=True, eq=False)
class StoredNetwork:
    """What `network_nodes.NetworkData` asks. ``numbers``: the weights that nodes use; ``fixed``: those of them that are not trained."""

    input_shape: tuple[int, ...]
    nodes: tuple[StoredNode, ...]
    output: str
    numbers: Mapping[str, np.ndarray | RationalArray]
    fixed: tuple[str, ...]

    @cached_property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights as arrays."""
        return {key: v.values if isinstance(v, RationalArray) else v for key, v in self.numbers.items()}

    @cached_property
    def hash(self) -> str:
        return network_hash(self)

    @property
    def digest(self) -> str:
        """The hash, and what layers are called."""
        return f"{self.hash} {[n.path for n in self.nodes]}"


def is_network(value: Any) -> bool:
    """Whether something is a network, of whatever class."""
    return not isinstance(value, type) and all(hasattr(value, name) for name in ("input_shape", "nodes", "output", "weights", "fixed"))


def stored_network(network: NetworkData) -> StoredNetwork:
    """A network as data that can be written."""
    if isinstance(network, StoredNetwork):
        return network
    nodes = tuple(
        StoredNode(n.name, n.kind, tuple(n.inputs), dict(n.weights), dict(n.attributes), str(getattr(n, "path", "")))
        for n in network.nodes
    )
    used = sorted({key for n in network.nodes for key in n.weights.values()})
    return StoredNetwork(
        input_shape=tuple(map(int, network.input_shape)),
        nodes=nodes,
        output=network.output,
        numbers={key: _stored_numbers(np.asarray(network.weights[key])) for key in used},
        fixed=tuple(key for key in used if key in network.fixed),
    )


def _stored_numbers(values: np.ndarray) -> np.ndarray | RationalArray:
    if values.dtype == object:
        text = " ".join(str(Fraction(v)) for v in values.reshape(-1).tolist())
        return RationalArray(values.shape, np.frombuffer(text.encode("ascii"), dtype=np.uint8))
    if values.dtype.kind not in "biuf":
        return values.astype(np.float32)  # bfloat16 and its like, which float32 holds
    return values
