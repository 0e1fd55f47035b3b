"""From a JAX function whose weights are its pytree leaves to a `Network`: Equinox modules, Flax, and anything else that traces.

The function is traced once at one sample; every primitive of the jaxpr becomes nodes (`jax_operations`). No class of Equinox or Flax is
known here, so whatever they are made of is read as long as its primitives are.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.three_arithmetics import Array, to_floats
from neurovariety.checkpoints.readers.agreement import agrees, agrees_entrywise
from neurovariety.checkpoints.readers.building import Builder, Operand, Stored, refuse
from neurovariety.checkpoints.readers.jax_operations import OPERATIONS, PrimitiveCall, named_activation
from neurovariety.errors import InputError, NeurovarietyError
from neurovariety.program.jaxpr_calls import calls, opened


def read_jax(function: Callable[..., Any], example: Any) -> Network:
    """The network of a JAX function of one sample that is a pytree: an Equinox module, a module of ``flax.nnx``, or
    ``jax.tree_util.Partial(module.apply, variables)`` for ``flax.linen``.

    ``example`` is one input or its shape. Arrays of floating point among the leaves are the weights, named by their place; those of
    a collection ``batch_stats``, and the ``BatchStat`` of ``flax.nnx``, are fixed. A module of ``flax.nnx`` is read in evaluation mode,
    of a copy. The network is compared with the function on random inputs before it is returned.
    """
    if example is None:
        raise InputError("a JAX function does not say the shape of its input; give example=, one input or its shape")
    plain = isinstance(example, tuple) and all(isinstance(n, int) for n in example)
    shape = tuple(int(n) for n in (example if plain else np.shape(example)))
    function, fixed = _evaluating(function)
    leaves, structure = jax.tree_util.tree_flatten_with_path(function)
    names: list[str | None] = [_name(path) if _is_weight(leaf) else None for path, leaf in leaves]
    weights = {name: np.asarray(leaf) for name, (_, leaf) in zip(names, leaves, strict=True) if name is not None}
    if not weights:
        raise InputError(
            "the function holds no arrays that JAX can see: a function that closes over its weights hides them; give a module of "
            "Equinox or Flax, or jax.tree_util.Partial(function, weights)"
        )

    def rebuilt(arrays: list[Any], x: Any) -> Any:
        given = iter(arrays)
        whole = [leaf if name is None else next(given) for name, (_, leaf) in zip(names, leaves, strict=True)]
        return jax.tree_util.tree_unflatten(structure, whole)(x)

    specs = [jax.ShapeDtypeStruct(w.shape, np.float64) for w in weights.values()]
    with jax.enable_x64(True):
        try:
            closed = jax.make_jaxpr(rebuilt)(specs, jax.ShapeDtypeStruct(shape, np.float64))
        except NeurovarietyError:
            raise
        except Exception as error:  # whatever the user's code raises while it is traced
            first = (str(error).strip().splitlines() or [""])[0][:160]
            raise InputError(f"the function cannot be traced at an input of shape {shape} ({type(error).__name__}: {first})") from error
        if len(closed.jaxpr.outvars) != 1:
            raise InputError(f"the function returns {len(closed.jaxpr.outvars)} arrays; a network returns one")
        network = _JaxprReader(closed, weights, shape, fixed).network()
        x = np.random.default_rng(0).normal(size=(3, *shape))
        exact = [jax.numpy.asarray(to_floats(w)) for w in weights.values()]
        if not agrees(
            x, network.evaluate, told := lambda x: np.stack([np.asarray(rebuilt(exact, jax.numpy.asarray(v))) for v in x])
        ) or (not agrees_entrywise(x, network.evaluate, told)):
            raise InputError(
                "the network read from the function does not compute what the function does on random inputs, or neither has finite "
                "outputs there: please report it"
            )
    return network


def _evaluating(function: Callable[..., Any]) -> tuple[Callable[..., Any], set[str]]:
    """A copy of a module of ``flax.nnx`` in evaluation mode, with the names of its running statistics; anything else as it is."""
    nnx = sys.modules.get("flax.nnx")  # whoever holds a module has imported it
    if nnx is None or not isinstance(function, nnx.Module):
        return function, set()
    copy = nnx.clone(function)
    copy.eval()
    stored = nnx.to_flat_state(nnx.state(copy, nnx.BatchStat))
    return copy, {".".join(map(str, path)) for path, _ in stored}


def _is_weight(leaf: Any) -> bool:
    return hasattr(leaf, "shape") and hasattr(leaf, "dtype") and jax.numpy.issubdtype(leaf.dtype, jax.numpy.floating)


def _name(path: Any) -> str:
    """layers.0.weight; the places that only Partial and nnx know are left out."""
    shown = re.sub(r"^\[<flat index 0>\]\[\d+\]", "", jax.tree_util.keystr(path))
    shown = re.sub(r"\['?([^'\]]*)'?\]", r".\1", shown).strip(".").removeprefix("params.").removesuffix(".value")
    return shown or "w"


class _JaxprReader:
    def __init__(self, closed: Any, weights: dict[str, Array], shape: tuple[int, ...], fixed: set[str]) -> None:
        fixed = fixed | {k for k in weights if k.startswith("batch_stats.")}
        variables = closed.jaxpr.invars[:-1]
        names = dict(zip(variables, weights, strict=True))
        self.builder = Builder("jax", weights, fixed, _uses(closed.jaxpr, names))
        self.closed = closed
        self.arguments: list[Operand] = [*(Stored(k) for k in weights), self.builder.input("input", shape)]
        self.count = 0

    def network(self) -> Network:
        (output,) = self.run(self.closed.jaxpr, self.closed.consts, self.arguments)
        return self.builder.finish(output)

    def run(self, jaxpr: Any, consts: Any, arguments: list[Operand]) -> list[Operand]:
        values: dict[Any, Operand] = dict(zip(jaxpr.invars, arguments, strict=True))
        for variable, constant in zip(jaxpr.constvars, consts, strict=True):
            if jax.dtypes.issubdtype(constant.dtype, jax.dtypes.prng_key):
                raise InputError("the function draws random numbers, as dropout does in training; give it in evaluation mode")
            values[variable] = self.constant(np.asarray(constant))
        for equation in jaxpr.eqns:
            operands = [self.literal(v) if hasattr(v, "val") else values[v] for v in equation.invars]
            values.update(zip(equation.outvars, self.apply(equation, operands), strict=True))
        return [self.literal(v) if hasattr(v, "val") else values[v] for v in jaxpr.outvars]

    def literal(self, variable: Any) -> Operand:
        value = np.asarray(variable.val)
        return value.item() if value.ndim == 0 else self.constant(value)

    def constant(self, value: Array) -> Stored:
        key = f"constant {len(self.builder.weights)}"
        self.builder.weights[key] = value
        self.builder.fixed.add(key)
        self.builder.uses[key] += 2  # never turned in place
        return Stored(key)

    def apply(self, equation: Any, operands: list[Operand]) -> list[Operand]:
        primitive = equation.primitive.name
        self.count += 1
        call = PrimitiveCall(self.builder, f"{primitive} {self.count}", primitive, operands, equation, self.constant)
        if calls(equation):
            jaxpr, consts, arguments = opened(equation, operands)
            known = named_activation(call, str(equation.params.get("name", "")), jaxpr)
            return [known] if known is not None else self.run(jaxpr, consts, list(arguments))
        folded = call.folded()
        if folded is not None:
            return [folded]
        if primitive not in OPERATIONS:
            refuse("the function", primitive)
        made = OPERATIONS[primitive](call)
        return made if isinstance(made, list) else [made]


def _uses(jaxpr: Any, names: dict[Any, str]) -> Counter[str]:
    """How often each weight is read; a weight that enters a call counts twice, so that it is never turned in place."""
    uses: Counter[str] = Counter()
    for equation in jaxpr.eqns:
        for v in equation.invars:
            if not hasattr(v, "val") and v in names:
                uses[names[v]] += 2 if calls(equation) else 1
    return uses
