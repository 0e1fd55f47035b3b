"""A growing ONNX graph: its operators, arrays and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from neurovariety.checkpoints.graph.network import Network
from neurovariety.checkpoints.graph.node import Node
from neurovariety.checkpoints.graph.onnx_format import PATH, import_onnx
from neurovariety.checkpoints.graph.three_arithmetics import Array, floating


class Writer:
    """Collects operators and arrays of a graph; ``bare`` are values without a batch axis: weights, and what is made of them alone."""

    def __init__(self, network: Network, weights: Mapping[str, Array], dtype: str) -> None:
        self.helper = import_onnx().helper
        self.weights, self.dtype, self.shapes = weights, floating(dtype), network.shapes()
        self.uses = Counter(k for node in network.nodes for k in node.weights.values())
        self.arrays: dict[str, Array] = {}
        self.fixed = set(network.fixed)
        self.operators: list[object] = []
        self.path = ""
        self.bare: set[str] = set()
        self.names = {n.name for n in network.nodes} | set(weights)

    def add(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        """Append an operator; returns the name of its value."""
        made = self.helper.make_node(operator, list(inputs), [output], name=output, **attributes)
        if self.path:
            made.metadata_props.add(key=PATH, value=self.path)
        self.operators.append(made)
        return output

    def fresh(self, name: str) -> str:
        """A name that nothing has yet."""
        unique, k = name, 1
        while unique in self.names:
            unique, k = f"{name}_{k}", k + 1
        self.names.add(unique)
        return unique

    def weight(self, key: str) -> str:
        """A weight of the network, by its key."""
        self.arrays[key] = self.weights[key]
        return key

    def array(self, name: str, values: ArrayLike) -> str:
        """A constant that was not among the weights."""
        key = self.fresh(name)
        self.arrays[key] = np.asarray(values)
        self.fixed.add(key)
        return key

    def scalar(self, name: str, value: Fraction) -> str:
        """A rational constant; a quotient of two numbers of the type where it is not one itself, so that 1/3 stays 1/3."""
        exact = self.dtype.type(float(value))
        if Fraction(float(exact)) == value:
            return self.array(name, exact)
        top, bottom = (self.dtype.type(float(n)) for n in (value.numerator, value.denominator))
        if not all(np.isfinite(n) and Fraction(float(n)) == m for n, m in ((top, value.numerator), (bottom, value.denominator))):
            return self.array(name, exact)
        numerator, denominator = self.array(f"{name} numerator", top), self.array(f"{name} denominator", bottom)
        return self.add("Div", [numerator, denominator], self.fresh(name))

    def horner(self, name: str, coefficients: Sequence[Fraction], x: str) -> str:
        """The operators of a polynomial, by Horner's rule; returns the name of the value."""
        if len(coefficients) < 2:
            zero = self.add("Mul", [x, self.scalar(f"{name} zero", Fraction(0))], self.fresh(f"{name} zero"))
            return self.add("Add", [zero, self.scalar(f"{name} 0", coefficients[0])], self.fresh(f"{name} constant"))
        *lower, top = coefficients
        total = x if top == 1 else self.add("Mul", [x, self.scalar(f"{name} {len(lower)}", top)], self.fresh(f"{name} step"))
        for k in range(len(lower) - 1, -1, -1):
            if lower[k]:
                total = self.add("Add", [total, self.scalar(f"{name} {k}", lower[k])], self.fresh(f"{name} step"))
            if k:
                total = self.add("Mul", [total, x], self.fresh(f"{name} step"))
        return total

    def reshaped(self, x: str, shape: Sequence[int], output: str) -> str:
        """Reshape the axes of a sample; 0 keeps the batch, which a weight does not have."""
        sizes = shape if x in self.bare else [0, *shape]
        return self.add("Reshape", [x, self.array(f"{output} shape", np.asarray(sizes, dtype=np.int64))], output)

    def bare_if(self, node: Node) -> None:
        """Note that a value has no batch axis, where none of its inputs has one."""
        if all(n in self.bare for n in node.inputs):
            self.bare.add(node.name)
