"""Layers of torch for the operations of a network, where its weights are named as those of a layer are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, count
from types import ModuleType
from typing import TYPE_CHECKING

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Attributes, Node, pairs, rational, whole, wholes, word
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.graph.torch_tensors import tensor_of

if TYPE_CHECKING:
    from torch.nn import Module

_NAMES = {
    "linear": {"weight": "weight", "bias": "bias"},
    "conv": {"weight": "weight", "bias": "bias"},
    "normalize": {"scale": "weight", "shift": "bias", "mean": "running_mean", "variance": "running_var"},
}
"""What a layer calls its weights, by the kind of the operation and their role in it."""


@dataclass(frozen=True, eq=False)
class TorchLayer:
    """A layer for one operation, and the name, with dots, that it has in a module."""

    path: str
    module: Module
    keys: frozenset[str]


def torch_layers(network: Network, weights: Mapping[str, Array], torch: ModuleType) -> dict[str, TorchLayer]:
    """The layers by the names of the operations; those that no layer of torch does are missing.

    An operation with weights has one where all are called as the layer calls them (``fc1.weight`` and ``fc1.bias``), nothing else reads
    them, and what is trained in the layer is trained in the network.
    """
    found: dict[str, TorchLayer] = {}
    for node in network.nodes:
        path = _path_of(node, network, weights, torch)
        module = None if path is None else _with_weights(node, network, weights, torch)
        if path is not None and module is not None:
            found[node.name] = TorchLayer(path, module, frozenset(node.weights.values()))
    taken = {layer.path for layer in found.values()} | {key.rpartition(".")[0] for key in weights} | set(weights)
    for node in network.nodes:
        module = None if node.weights or node.is_input else _without_weights(node, network, torch)
        if module is not None:
            path = _free(node, taken, torch)
            taken.add(path)
            found[node.name] = TorchLayer(path, module, frozenset())
    return found


def _path_of(node: Node, network: Network, weights: Mapping[str, Array], torch: ModuleType) -> str | None:
    """What is before the last dot of all its weights, if these are the weights of a layer and no others are below."""
    names = _NAMES.get(node.kind)
    if names is None or not node.weights:
        return None
    paths = {key.rpartition(".")[0] for key in node.weights.values()}
    if len(paths) != 1 or any(key.rpartition(".")[2] != names[role] for role, key in node.weights.items()):
        return None
    (path,) = paths
    below = {key for key in weights if key.startswith(f"{path}.")}
    shared = any(key in other.weights.values() for other in network.nodes if other is not node for key in node.weights.values())
    return path if _plain(path, torch) and below == set(node.weights.values()) and path not in weights and not shared else None


def _with_weights(node: Node, network: Network, weights: Mapping[str, Array], torch: ModuleType) -> Module | None:
    held = {_NAMES[node.kind][role]: key for role, key in node.weights.items()}
    tensors = {name: tensor_of(weights[key]) for name, key in held.items()}
    fixed = {name for name, key in held.items() if key in network.fixed}
    moments = {"running_mean", "running_var"} if node.kind == "normalize" else set()
    if fixed != moments or not moments <= tensors.keys() or not all(t.is_floating_point() for t in tensors.values()):
        return None
    module = _MADE[node.kind](node, network, tuple(tensors["weight"].shape) if "weight" in tensors else (), torch)
    if module is None or {name for name in _NAMES[node.kind].values() if getattr(module, name) is not None} != tensors.keys():
        return None
    for name, tensor in tensors.items():
        if name in fixed:
            module.register_buffer(name, tensor)
        else:
            module.register_parameter(name, torch.nn.Parameter(tensor))
    return module


def _linear(node: Node, network: Network, sizes: tuple[int, ...], torch: ModuleType) -> Module | None:
    found: Module = torch.nn.Linear(sizes[1], sizes[0], bias="bias" in node.weights, device="meta")
    return found


def _convolution(node: Node, network: Network, sizes: tuple[int, ...], torch: ModuleType) -> Module | None:
    a, even = node.attributes, _even(node.attributes)
    made = {3: torch.nn.Conv1d, 4: torch.nn.Conv2d}.get(len(sizes))
    if made is None or even is None:
        return None
    groups = whole(a, "groups")
    found: Module = made(
        sizes[1] * groups, sizes[0], sizes[2:], wholes(a, "stride"), even, wholes(a, "dilation"), groups, "bias" in node.weights,
        device="meta",
    )  # fmt: skip
    return found


def _batch_norm(node: Node, network: Network, sizes: tuple[int, ...], torch: ModuleType) -> Module | None:
    shape = network.shapes()[node.name]
    made = {1: torch.nn.BatchNorm1d, 2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm2d}.get(len(shape))
    if made is None:
        return None
    found: Module = made(shape[0], eps=float(rational(node.attributes, "epsilon")), affine="scale" in node.weights, device="meta")
    found.register_buffer("num_batches_tracked", torch.tensor(0))
    return found


_MADE: Mapping[str, Callable[[Node, Network, tuple[int, ...], ModuleType], Module | None]] = {
    "linear": _linear,
    "conv": _convolution,
    "normalize": _batch_norm,
}


def _even(a: Attributes) -> tuple[int, ...] | None:
    """The padding if it is the same on both sides of each direction, as layers have it."""
    padding = pairs(a, "padding")
    return tuple(first for first, _ in padding) if all(first == last for first, last in padding) else None


_ACTIVATIONS: Mapping[str, Callable[[ModuleType, Attributes], Module]] = {
    "relu": lambda nn, a: nn.ReLU(),
    "leaky_relu": lambda nn, a: nn.LeakyReLU(float(rational(a, "slope"))),
    "relu6": lambda nn, a: nn.ReLU6(),
    "hardtanh": lambda nn, a: nn.Hardtanh(float(rational(a, "low")), float(rational(a, "high"))),
    "elu": lambda nn, a: nn.ELU(float(rational(a, "alpha"))),
    "softplus": lambda nn, a: nn.Softplus(float(rational(a, "beta"))),
    "tanh": lambda nn, a: nn.Tanh(),
    "sigmoid": lambda nn, a: nn.Sigmoid(),
    "gelu": lambda nn, a: nn.GELU(word(a, "approximate")),
    "silu": lambda nn, a: nn.SiLU(),
    "hardswish": lambda nn, a: nn.Hardswish(),
}


def _without_weights(node: Node, network: Network, torch: ModuleType) -> Module | None:
    a, found = node.attributes, None
    if node.function is not None and node.function in _ACTIVATIONS:
        found = _ACTIVATIONS[node.function](torch.nn, a)
    elif node.kind == "reshape" and len(wholes(a, "shape")) == 1:
        found = torch.nn.Flatten()
    elif node.kind == "softmax":
        found = torch.nn.Softmax(whole(a, "axis") + 1)
    elif node.kind in ("max_pool", "average_pool"):
        found = _pool(a, node.kind, torch)
    return found


def _pool(a: Attributes, kind: str, torch: ModuleType) -> Module | None:
    window, even = wholes(a, "window"), _even(a)
    if even is None or len(window) > 2 or any(2 * p > w for p, w in zip(even, window, strict=True)):
        return None
    if kind == "max_pool":
        made = torch.nn.MaxPool1d if len(window) == 1 else torch.nn.MaxPool2d
        largest: Module = made(window, wholes(a, "stride"), even, wholes(a, "dilation"))
        return largest
    made = torch.nn.AvgPool1d if len(window) == 1 else torch.nn.AvgPool2d
    mean: Module | None = None if any(n != 1 for n in wholes(a, "dilation")) else made(window, wholes(a, "stride"), even)
    return mean


def _plain(path: str, torch: ModuleType) -> bool:
    """Whether modules can be called so: words or numbers between the dots, none of them what every module has."""
    parts = path.split(".")
    return all((part.isidentifier() or part.isdecimal()) and not hasattr(torch.nn.Module, part) for part in parts)


def _free(node: Node, taken: Iterable[str], torch: ModuleType) -> str:
    """The path of the module that it was, if that is free, or else its name as one word, with a number if need be."""
    word = re.sub(r"\W+", "_", node.name).strip("_") or node.kind
    numbered = (f"{word}_{k}" for k in count(1))
    held = set(taken)
    return next(
        name for name in chain((node.path, word), numbered)
        if _plain(name, torch) and not any(f"{name}.".startswith(f"{t}.") or t.startswith(f"{name}.") for t in held if t)
    )  # fmt: skip
