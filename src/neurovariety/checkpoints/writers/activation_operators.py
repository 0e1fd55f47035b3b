"""One row an activation: how it is written in ONNX."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from neurovariety.checkpoints.graph.node import Attributes, Node, rational, rationals, word
from neurovariety.checkpoints.writers.onnx_writer import Writer

Row = Callable[[Writer, Node, Attributes, str], object]
"""Writes the operators of an activation of the value with the given name."""


def write_activation(w: Writer, node: Node) -> None:
    """The operators of an activation."""
    ACTIVATIONS[str(node.function)](w, node, node.attributes, node.inputs[0])


def _plain(operator: str) -> Row:
    return lambda w, node, a, x: w.add(operator, [x], node.name)


def _rational(w: Writer, node: Node, a: Attributes, x: str) -> None:
    top = w.horner(f"{node.name} top", rationals(a, "numerator"), x)
    w.add("Div", [top, w.horner(f"{node.name} bottom", rationals(a, "denominator"), x)], node.name)


def _clip(low: Callable[[Attributes], Fraction], high: Callable[[Attributes], Fraction]) -> Row:
    def write(w: Writer, node: Node, a: Attributes, x: str) -> None:
        w.add("Clip", [x, w.scalar(f"{node.name} low", low(a)), w.scalar(f"{node.name} high", high(a))], node.name)

    return write


def _softplus(w: Writer, node: Node, a: Attributes, x: str) -> None:
    """log(1 + exp(beta x))/beta."""
    if rational(a, "beta") == 1:
        w.add("Softplus", [x], node.name)
        return
    beta = w.scalar(f"{node.name} beta", rational(a, "beta"))
    scaled = w.add("Mul", [x, beta], w.fresh(f"{node.name} scaled"))
    w.add("Div", [w.add("Softplus", [scaled], w.fresh(f"{node.name} soft")), beta], node.name)


ACTIVATIONS: dict[str, Row] = {
    "polynomial": lambda w, node, a, x: w.add("Identity", [w.horner(node.name, rationals(a, "coefficients"), x)], node.name),
    "rational": _rational,
    "relu": _plain("Relu"),
    "leaky_relu": lambda w, node, a, x: w.add("LeakyRelu", [x], node.name, alpha=float(rational(a, "slope"))),
    "relu6": _clip(lambda a: Fraction(0), lambda a: Fraction(6)),
    "hardtanh": _clip(lambda a: rational(a, "low"), lambda a: rational(a, "high")),
    "abs": _plain("Abs"),
    "elu": lambda w, node, a, x: w.add("Elu", [x], node.name, alpha=float(rational(a, "alpha"))),
    "softplus": _softplus,
    "tanh": _plain("Tanh"),
    "sigmoid": _plain("Sigmoid"),
    "gelu": lambda w, node, a, x: w.add("Gelu", [x], node.name, approximate=word(a, "approximate")),
    "silu": lambda w, node, a, x: w.add("Mul", [x, w.add("Sigmoid", [x], w.fresh(f"{node.name} gate"))], node.name),
    "hardswish": _plain("HardSwish"),
    "erf": _plain("Erf"),
    "exp": _plain("Exp"),
    "sin": _plain("Sin"),
    "sqrt": _plain("Sqrt"),
}
