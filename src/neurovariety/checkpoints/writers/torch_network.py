"""A network as a module of torch: a row of layers, or node by node. Loaded where torch is there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import Module, Parameter, Sequential

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.graph.torch_tensors import tensor_of
from neurovariety.checkpoints.writers.torch_functions import ROWS
from neurovariety.checkpoints.writers.torch_layers import TorchLayer, torch_layers


class NetworkModule(Module):
    """A network, node by node: layers of torch where there are some, functions of torch and weights for the rest."""

    def __init__(self, network: Network, weights: Mapping[str, Array], layers: Mapping[str, TorchLayer]) -> None:
        super().__init__()
        self._nodes = [node for node in network.nodes if not node.is_input]
        self._ends = (next(node.name for node in network.nodes if node.is_input), network.output)
        self._layers = {name: layer.path for name, layer in layers.items()}
        self._places: dict[str, tuple[str, ...]] = {}
        for node in network.nodes:
            if node.name in layers:
                *path, last = layers[node.name].path.split(".")
                self._below(path).add_module(last, layers[node.name].module)
        for key in sorted(weights.keys() - {k for layer in layers.values() for k in layer.keys}, key=list(weights).index):
            self._hold(key, tensor_of(weights[key]), key in network.fixed, weights)

    def _below(self, path: Sequence[str]) -> Module:
        owner: Module = self
        for part in path:
            if part not in owner._modules:
                owner.add_module(part, Module())
            owner = owner.get_submodule(part)
        return owner

    def _has_room(self, path: Sequence[str], weights: Mapping[str, Array]) -> bool:
        """Whether modules can be called so: none has the name of a weight, nor of what modules have."""
        owner: Module = self
        for k, part in enumerate(path):
            if ".".join(path[: k + 1]) in weights or (part not in owner._modules and hasattr(owner, part)):
                return False
            owner = owner._modules.get(part) or Module()
        return True

    def _hold(self, key: str, tensor: Tensor, fixed: bool, weights: Mapping[str, Array]) -> None:
        """Keep a weight under its key, or where a module has no place for that under one with underscores."""
        *path, last = [part for part in key.split(".") if part] or [key]
        if not self._has_room(path, weights):
            path, last = [], "_".join((*path, last))
        owner = self._below(path)
        while hasattr(owner, last):
            last += "_"
        if fixed or not tensor.is_floating_point():
            owner.register_buffer(last, tensor)
        else:
            owner.register_parameter(last, Parameter(tensor))
        self._places[key] = (*path, last)

    def _weight(self, key: str) -> Tensor:
        found: Module | Tensor = self
        for part in self._places[key]:
            found = getattr(found, part)
        assert isinstance(found, Tensor)
        return found

    def forward(self, x: Tensor) -> Tensor:
        """The values of the network, a row a sample."""
        first, last = self._ends
        values = {first: x}
        for node in self._nodes:
            of = [values[name] for name in node.inputs]
            if node.name in self._layers:
                values[node.name] = self.get_submodule(self._layers[node.name])(*of)
            else:
                weights = {role: self._weight(key) for role, key in node.weights.items()}
                values[node.name] = ROWS[node.kind](torch, node, node.attributes, of, weights)
        out = values[last]
        return out if out.shape[0] == x.shape[0] else out.expand(x.shape[0], *out.shape[1:])


def torch_network(network: Network, weights: Mapping[str, Array]) -> Module:
    """The network as a ``Sequential`` where it is a row of layers, and else as a `NetworkModule`."""
    layers = torch_layers(network, weights, torch)
    nodes = network.nodes
    row = [layers[node.name] for node in nodes[1:] if node.name in layers]
    follows = all(node.inputs == (before.name,) for before, node in pairwise(nodes))
    whole = len(row) == len(nodes) - 1 and row and network.output == nodes[-1].name
    kept = {key for layer in row for key in layer.keys} == weights.keys()
    if whole and follows and kept and not any("." in layer.path for layer in row):
        return Sequential(OrderedDict((layer.path, layer.module) for layer in row))
    return NetworkModule(network, weights, layers)
