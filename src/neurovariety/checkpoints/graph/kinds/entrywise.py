"""Activations, and sums, products and quotients of two values, of a value and a weight, of a value and a number."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from neurovariety.checkpoints.graph.activations import activate, activation
from neurovariety.checkpoints.graph.kinds.matrices import product_bound
from neurovariety.checkpoints.graph.node import Node, rational
from neurovariety.checkpoints.graph.nonlinearity import Algebraic, Relation
from neurovariety.checkpoints.graph.operation import UNBOUNDED, Call, Channelwise, Enclosure, Operation, Perturbation, Shape
from neurovariety.checkpoints.graph.three_arithmetics import Array, Values
from neurovariety.errors import InputError


def _activated(c: Call) -> Values:
    return activate(c.attributes, c.x, c.arithmetic, c.node.place)


def _activation_bound(p: Perturbation) -> Enclosure:
    (below,) = p.below
    slope, at_zero = activation(p.node.attributes).steepness(p.node.attributes, below.size)
    return Enclosure(slope * below.size + math.sqrt(p.count) * at_zero, slope * below.error)


def _activation_degree(node: Node, below: Sequence[int]) -> int | None:
    record = activation(node.attributes)
    degree = record.degree(node.attributes) if isinstance(record, Algebraic) else None
    return None if degree is None else below[0] * degree


def _activation_relation(node: Node, weights: Mapping[str, Array], i: int, j: int, relation: Relation) -> Relation | None:
    return activation(node.attributes).through(node.attributes, relation)


def _identity(node: Node, before: Shape, after: Shape) -> bool:
    return node.attributes.get("coefficients") == (0, 1)


ACTIVATION = Operation(
    "activation",
    _activated,
    bound=_activation_bound,
    degree=_activation_degree,
    sort=lambda node: activation(node.attributes).sort,
    words=lambda node: str(node.function),
    channelwise=Channelwise(lambda node, labels, after: labels, _activation_relation),
    idle=_identity,
)


def operands(c: Call) -> tuple[Values, Values]:
    """Both operands of an entrywise operation, left and right, as arrays that broadcast over the axes of a sample."""
    if len(c.values) == 2:
        rank = max(v.ndim for v in c.values)
        a, b = (v.reshape((v.shape[0], *(1 for _ in range(rank - v.ndim)), *v.shape[1:])) for v in c.values)
        return a, b
    other = c.weight("weight") if c.has("weight") else c.arithmetic.scalar(rational(c.attributes, "constant"))
    if c.has("weight") and (other.ndim > c.x.ndim or (other.ndim == c.x.ndim and other.shape[0] != 1)):
        raise InputError(
            f"{c.node.place} joins a weight of shape {tuple(other.shape)} to the batch axis; a network maps each sample by itself"
        )
    return (other, c.x) if c.attributes.get("reversed") else (c.x, other)


def _applied(operation: Callable[[Values, Values], Values]) -> Callable[[Call], Values]:
    return lambda c: operation(*operands(c))


def _divided(c: Call) -> Values:
    a, b = operands(c)
    if c.arithmetic.exact and not np.all(b):
        raise InputError(f"the denominator of {c.node.place} vanishes at this input; choose another one")
    return a / b


def _number(p: Perturbation) -> float | None:
    """The size of the one number that is the other operand."""
    return None if len(p.below) != 1 or p.weights else abs(float(rational(p.node.attributes, "constant")))


def _sum_bound(p: Perturbation) -> Enclosure:
    if p.alike:
        return Enclosure(sum(b.size for b in p.below), sum(b.error for b in p.below))
    c = _number(p)
    return UNBOUNDED if c is None else Enclosure(p.below[0].size + math.sqrt(p.count) * c, p.below[0].error)


def _product_bound(p: Perturbation) -> Enclosure:
    if p.alike:
        return product_bound(p)
    c = _number(p)
    return UNBOUNDED if c is None else Enclosure(p.below[0].size * c, p.below[0].error * c)


def _quotient_degree(node: Node, below: Sequence[int]) -> int | None:
    return None if len(below) == 2 or node.attributes.get("reversed") else below[0]


ADD = Operation("add", _applied(operator.add), bound=_sum_bound, entrywise=operator.add)
SUBTRACT = Operation("subtract", _applied(operator.sub), bound=_sum_bound, entrywise=operator.sub)
MULTIPLY = Operation(
    "multiply", _applied(operator.mul), bound=_product_bound, degree=lambda node, below: sum(below), entrywise=operator.mul
)
DIVIDE = Operation("divide", _divided, degree=_quotient_degree, entrywise=operator.truediv)
