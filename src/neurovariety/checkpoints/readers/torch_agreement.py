"""Does each operation that was read of a program of torch compute what torch does, from torch's own values before it?

In double precision where the program runs in it, so that nothing but the operations themselves can differ; at small, usual and large
inputs, so that clips and saturations are entered and left.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array
from neurovariety.checkpoints.readers.bent_operators import entrywise_steps, of_all_sizes
from neurovariety.checkpoints.readers.step_agreement import Reading, held_step_by_step, simplified_apart
from neurovariety.errors import InputError

if TYPE_CHECKING:
    import torch
    from torch.export import ExportedProgram

_SIZES = (1.0, 1 / 16, 16.0)
_COUNT = 64
"""Samples at which an activation by itself is compared."""


def hold_against_torch(network: Network, reading: Reading, program: ExportedProgram, dtype: torch.dtype) -> None:
    """Raise `InputError` where an operation of the network computes something else than that of the program.

    Nothing is said of a program that torch runs neither in double precision nor in its own.
    """
    import torch

    if apart := simplified_apart(reading, network):
        raise InputError(f"the network read from the program was simplified to another function, at {apart}: please report it")
    (given,) = torch.utils._pytree.tree_leaves(program.example_inputs)
    entry = next(node.name for node in reading.plain.nodes if node.is_input)
    for kind in dict.fromkeys((torch.float64, dtype)):
        if kind == torch.bfloat16:  # which NumPy has not
            continue
        told = None
        for size in _SIZES:
            x = torch.as_tensor(size * np.random.default_rng(1).normal(size=tuple(given.shape)), dtype=kind)
            told = _values(program, x)
            if told is None:
                break
            compared = held_step_by_step(reading, {entry: x.numpy()}, told)
            if compared.apart:
                raise InputError(
                    f"the network read from the program computes something else than torch does, first at {compared.apart}, on random "
                    "inputs; it may mix samples of a batch, or an operation was misread: please report it"
                )
        if told is not None:
            if apart := _apart_alone(program, reading, kind):
                raise InputError(
                    f"the network read from the program computes something else than torch does at {apart}, on numbers of other sizes: "
                    "please report it"
                )
            return


def _values(program: ExportedProgram, x: torch.Tensor) -> Mapping[str, Array] | None:
    """The values of all operations by name, before anything overwrites them; None where torch does not run the program so."""
    import torch

    told: dict[str, Array] = {}

    class Seen(torch.fx.Interpreter):
        def run_node(self, n: torch.fx.Node) -> object:
            found = super().run_node(n)
            if isinstance(found, torch.Tensor) and found.dtype in (torch.float64, torch.float32, torch.float16):
                told[n.name] = found.detach().clone().numpy()
            return found

    try:
        module = program.module()
        module = copy.deepcopy(module).double() if x.dtype == torch.float64 else module
        with torch.no_grad():
            Seen(module).run(x)
    except Exception:  # whatever a program raises on numbers that it was not written for
        return None
    return told


def _apart_alone(program: ExportedProgram, reading: Reading, kind: torch.dtype) -> str:
    """The first activation that differs from its operation run by itself, at numbers of all sizes."""
    import torch

    makers = {name: node for node, names in reading.names.items() for name in names}
    makers |= {node.name: node.name for node in reading.plain.nodes if node.is_input}
    nodes, rng = {n.name: n for n in reading.plain.nodes}, np.random.default_rng(7)
    for n in program.module().graph.nodes:
        before = n.all_input_nodes
        if n.op != "call_function" or n.name not in makers or len(before) != 1 or before[0].name not in makers:
            continue
        start, end = makers[before[0].name], makers[n.name]
        steps = entrywise_steps(nodes, start, end)
        if steps is None:
            continue
        x = torch.as_tensor(of_all_sizes(rng, (_COUNT, *reading.plain.shapes()[start])), dtype=kind)
        try:
            with torch.no_grad():
                arguments, named_ones = (torch.fx.node.map_arg(part, lambda _: x.clone()) for part in (n.args, n.kwargs))  # noqa: B023
                found = n.target(*arguments, **named_ones)
        except Exception:  # what it was given besides has another precision
            continue
        named = Reading(reading.plain, {end: ("alone",)}, reading.numbers)
        if compared := held_step_by_step(named, {start: x.numpy()}, {"alone": found.numpy()}, steps).apart:
            return compared
    return ""
