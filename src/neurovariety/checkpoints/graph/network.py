"""A trained network: a graph of operations with its weights, as every reader makes it and every writer takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Shaped

from neurovariety.certificates.network_nodes import misplaced_axis
from neurovariety.checkpoints.graph.activations import ACTIVATIONS
from neurovariety.checkpoints.graph.evaluation import Converted, run
from neurovariety.checkpoints.graph.kinds.windows import turned_filters
from neurovariety.checkpoints.graph.node import Node, whole
from neurovariety.checkpoints.graph.operations import OPERATIONS
from neurovariety.checkpoints.graph.three_arithmetics import (
    FLOATS,
    FRACTIONS,
    SHAPES,
    Arithmetic,
    Array,
    Numbers,
    Values,
    all_finite,
    to_floats,
    to_fractions,
)
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from neurovariety.model import Model

_BY_CHANNEL = {"linear": ("bias",), "conv": ("bias",), "normalize": ("mean", "variance", "scale", "shift")}
"""Roles of weights that have one entry for each channel that a node makes."""


@dataclass(frozen=True, eq=False, repr=False)
class Network:
    """A trained network, read from a file or a module: operations in topological order, and the weights.

    ``input_shape`` is the shape of one sample, ``output`` the name of the node that makes the output. ``weights`` maps keys to arrays
    as they were stored, in their precision (or object arrays of exact Fractions); keys in ``fixed`` are stored but not trained (running
    means and variances, buffers). ``source`` says what it was read from. Two nodes that share a key are tied.

    It computes: `evaluate` in float64, `evaluate_exact` over the rational numbers, `as_model` as an algebraic model of the dictionary.
    Raises `InputError` where nodes or weights do not fit together, or a weight is NaN or infinite.
    """

    input_shape: tuple[int, ...]
    nodes: tuple[Node, ...]
    output: str
    weights: dict[str, np.ndarray]
    source: str = "neurovariety"
    fixed: frozenset[str] = frozenset()
    origin: OnnxOrigin | None = None
    """The ONNX file that it was read from, which is edited where a changed network is written to ONNX again."""

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for node in self.nodes:
            if node.name in seen:
                raise InputError(f"two nodes of the network have the name {node.name!r}; names must differ")
            if node.kind not in OPERATIONS:
                raise InputError(f"{node.place}: no such kind of node; known are {', '.join(OPERATIONS)}")
            if node.kind == "activation" and node.function not in ACTIVATIONS:
                raise InputError(
                    f"{node.place}: unknown activation {node.attributes.get('function')!r}; known are {', '.join(ACTIVATIONS)}"
                )
            if misplaced_axis(node):
                raise InputError(f"{node.place}: an axis is no whole number from 0 on; a sample's first axis is 0, without the batch")
            missing = [n for n in node.inputs if n not in seen]
            if missing:
                raise InputError(f"{node.place} takes {missing[0]!r}, which no node before it makes; nodes come in topological order")
            absent = [k for k in node.weights.values() if k not in self.weights]
            if absent:
                raise InputError(f"{node.place} takes the weight {absent[0]!r}, which is not among the weights")
            wrong = [k for k in node.weights.values() if not all_finite(self.weights[k])]
            if wrong:
                raise InputError(f"the weight {wrong[0]!r} ({node.place}) has entries that are no finite real numbers")
            for role in (r for r in _BY_CHANNEL.get(node.kind, ()) if r in node.weights):
                key, of = node.weights[role], node.weights["variance" if node.kind == "normalize" else "weight"]
                count = np.shape(self.weights[of])[:1]
                if not count or np.shape(self.weights[key]) != count:  # NumPy would repeat one entry
                    raise InputError(
                        f"the {role} {key!r} ({node.place}) has shape {np.shape(self.weights[key])}; it has one entry for each channel"
                    )
            seen.add(node.name)
        if self.output not in seen:
            raise InputError(f"the output {self.output!r} is not a node of the network")
        inputs = sum(node.is_input for node in self.nodes)
        if inputs != 1:
            raise InputError(f"a network has one input, this one has {inputs}")

    def evaluate(self, x: Numbers, weights: Mapping[str, Numbers] | None = None) -> Shaped[np.ndarray, "batch ..."]:
        """Outputs (batch, \\*output shape) in float64 at inputs (batch, \\*input shape); ``weights`` replaces some of the stored.

        Every operation is rounded to float64, also where the weights are stored in lower precision.
        """
        with np.errstate(all="ignore"):
            return self._output(self._batch(x, FLOATS), {**self.weights, **(weights or {})}, FLOATS)

    def evaluate_exact(self, x: Numbers, weights: Mapping[str, Numbers] | None = None) -> Shaped[np.ndarray, "batch ..."]:
        """Outputs as object arrays of Fractions: the exact value of the network of the stored, rational weights at rational inputs.

        Batch norm divides by a root; that factor alone is the float64 nearest to it, and exact from there on. Raises `InputError` with
        the place of a function that is not rational (tanh, ...), or of a denominator that vanishes, and `ResourceError` where numbers
        grow beyond all use: their length grows with the degree of the network, and rational activations multiply denominators.
        """
        return self._output(self._batch(x, FRACTIONS), {**self.weights, **(weights or {})}, FRACTIONS)

    def values(self, x: Numbers, *, exact: bool = False) -> dict[str, Array]:
        """The values at every node, by name; float64, or exact Fractions."""
        arithmetic = FRACTIONS if exact else FLOATS
        with np.errstate(all="ignore"):
            return self._run(self._batch(x, arithmetic), self.weights, arithmetic)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one sample's value at each node. Raises `InputError` where operations do not fit, naming the node."""
        return dict(self._shapes)

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        with np.errstate(all="ignore"):
            found = self._run(np.broadcast_to(0.0, (2, *self.input_shape)), self.weights, SHAPES)
        for node in self.nodes:
            if found[node.name].ndim < 1 or found[node.name].shape[0] not in (1, 2):
                raise InputError(f"{node.place} mixes the samples of a batch; a network maps each sample by itself")
        return {name: tuple(v.shape[1:]) for name, v in found.items()}

    @property
    def output_shape(self) -> tuple[int, ...]:
        """Shape of the output at one sample."""
        return self._shapes[self.output]

    @cached_property
    def trained(self) -> tuple[str, ...]:
        """Keys of the weights that some node uses and that are not fixed, in the order of the flat vector."""
        used = {k for node in self.nodes for k in node.weights.values()}
        return tuple(sorted(used - self.fixed))

    @property
    def parameters(self) -> int:
        """Number of trained weights."""
        return sum(int(self.weights[k].size) for k in self.trained)

    def flat(self) -> Shaped[np.ndarray, " parameters"]:
        """The trained weights as one vector, in the order of `as_model`: float64, or Fractions where some weight is held exactly."""
        parts = [np.asarray(self.weights[k]).reshape(-1) for k in self.trained]
        if any(p.dtype == object for p in parts):
            return np.concatenate([to_fractions(p) for p in parts]) if parts else np.zeros(0)
        return np.concatenate([to_floats(p) for p in parts]) if parts else np.zeros(0)

    def with_weights(self, weights: Mapping[str, Numbers]) -> Network:
        """The same graph with some weights replaced (arrays of the same shape, or object arrays of Fractions)."""
        for key, values in weights.items():
            if key not in self.weights:
                raise InputError(f"the network has no weight {key!r}; its weights are {', '.join(sorted(self.weights)[:8])}")
            if np.asarray(values).shape != self.weights[key].shape:
                raise InputError(f"the weight {key!r} has shape {self.weights[key].shape}, got {np.asarray(values).shape}")
        return replace(self, weights={**self.weights, **{k: np.asarray(v) for k, v in weights.items()}})

    def as_model(self) -> Model:
        """The algebraic model of this graph: the trained weights are its parameters, one block a key, so tied weights stay tied.

        Fixed weights and constants are exact coefficients. Raises `InputError` where an activation is neither polynomial nor rational.
        """
        from neurovariety.checkpoints.graph.algebraic_model import algebraic_model

        return algebraic_model(self.nodes, self.output, self.input_shape, self.weights, self.trained, self.source)

    def _batch(self, x: Numbers, arithmetic: Arithmetic) -> Array:
        values = arithmetic.array(np.asarray(x))
        if values.shape[1:] != self.input_shape or values.ndim == 0:
            raise InputError(
                f"inputs have shape (batch, {', '.join(map(str, self.input_shape))}), got {values.shape}; one sample x is x[None]"
            )
        return values

    def _output(self, x: Array, stored: Mapping[str, Numbers], arithmetic: Arithmetic) -> Values:
        return self._run(x, stored, arithmetic, only=self.output)[self.output]

    def _run(self, x: Array, stored: Mapping[str, Numbers], arithmetic: Arithmetic, only: str | None = None) -> dict[str, Values]:
        arrays = {k: np.asarray(v) for k, v in stored.items()}
        values = run(self.nodes, x, Converted(arrays, arithmetic), arrays, arithmetic, only)
        out = values[self.output]
        if out.shape[:1] != x.shape[:1]:
            values[self.output] = np.broadcast_to(out, (x.shape[0], *out.shape[1:]))
        return values

    def __repr__(self) -> str:
        kinds = [n.function or n.kind for n in self.nodes if not n.is_input]
        shown = ", ".join(kinds[:8]) + (f", ... {len(kinds)} in all" if len(kinds) > 8 else "")
        return f"Network({self.source}: {self.parameters} parameters, inputs {self.input_shape}; {shown})"


@dataclass(frozen=True, eq=False)
class OnnxOrigin:
    """``model`` is the file as it was, with its weights; ``read`` the network as it was read from it.

    ``turned`` are the keys of weights that the file stores as (in, out, ...) and the network as (out, in, ...): matrices, and filters
    of transposed convolutions.
    """

    model: Any
    read: Network
    turned: frozenset[str]

    def as_stored(self, network: Network, key: str, name: str) -> Array:
        """A weight of a network that was made of the one that was read, in the order of the file, which has it as ``name``."""
        values = np.asarray(network.weights[key])
        if name not in self.turned:
            return values
        if values.ndim == 2:
            return values.T
        (groups,) = {whole(n.attributes, "groups") for n in network.nodes if key in n.weights.values()}
        return turned_filters(values, groups)
