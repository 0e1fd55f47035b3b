"""When is one neuron a function of another? What the activation makes of an affine relation between two values.

A relation (a, b) between channels i and j says value_i = a value_j + b at every input; a = 0 says that channel i is constant. It is
found on the values before an activation and pushed through what follows. Which relations survive is the activation's own symmetry
(THEORY: equal rows for a generic activation, proportional ones for monomials, positively proportional ones for ReLU with their
biases, opposite ones for even and odd functions).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from neurovariety.checkpoints.graph.activations import activate
from neurovariety.checkpoints.graph.arithmetic import FRACTIONS, to_floats, to_fractions
from neurovariety.errors import InputError

if TYPE_CHECKING:
    from neurovariety.checkpoints.graph.network import Network, Node

Relation = tuple[Fraction, Fraction]
"""(a, b): value_i = a value_j + b."""

SAME: Relation = (Fraction(1), Fraction(0))

_AT_ZERO = {
    "tanh": Fraction(0),
    "erf": Fraction(0),
    "gelu": Fraction(0),
    "silu": Fraction(0),
    "elu": Fraction(0),
    "sigmoid": Fraction(1, 2),
    "exp": Fraction(1),
}
"""The transcendental activations with a rational value at 0, which is their only rational value at a rational number."""


def scalings(attributes: dict[str, Any] | None) -> str:
    """Which multiples of a value the activation carries to an affine function of its own value.

    ``any`` nonzero number, ``positive`` ones, only a change of ``sign``, or ``none``. No activation at all carries ``any``.
    """
    if attributes is None:
        return "any"
    function = attributes["function"]
    if function in ("relu", "leaky_relu"):
        return "positive"
    if function == "abs":
        return "any"
    if function in ("tanh", "erf", "sigmoid"):
        return "sign"
    if function == "polynomial":
        return _polynomial(attributes["coefficients"][1:], offset=1)[0]
    if function == "rational":
        over, under = _polynomial(attributes["numerator"]), _polynomial(attributes["denominator"])
        return "any" if over[0] == under[0] == "any" else "sign" if "none" not in (over[0], under[0]) else "none"
    return "none"


def _polynomial(coefficients: Sequence[Fraction], offset: int = 0) -> tuple[str, int]:
    """Its scalings, and its degree or the parity of its exponents."""
    exponents = [k + offset for k, c in enumerate(coefficients) if c]
    if len(exponents) < 2:
        return "any", exponents[0] if exponents else 0
    return ("sign", exponents[0] % 2) if len({k % 2 for k in exponents}) == 1 else ("none", 0)


def through_activation(attributes: dict[str, Any], relation: Relation) -> Relation | None:
    """The relation between sigma(value_i) and sigma(value_j), or None where there is none that is rational."""
    a, b = relation
    if relation == SAME:
        return relation
    if a == 0:
        value = constant_value(attributes, b)
        return None if value is None else (Fraction(0), value)
    kind = scalings(attributes)
    if b or kind == "none" or (kind == "positive" and a < 0) or (kind == "sign" and a != -1):
        return None
    function = attributes["function"]
    if function in ("relu", "leaky_relu"):
        return a, b
    if function == "abs":
        return abs(a), b
    if function == "sigmoid":
        return Fraction(-1), Fraction(1)
    if function in ("tanh", "erf"):
        return Fraction(-1), Fraction(0)
    if function == "polynomial":
        constant = attributes["coefficients"][0] if attributes["coefficients"] else Fraction(0)
        factor = a ** _polynomial(attributes["coefficients"][1:], offset=1)[1]
        return factor, constant - factor * constant
    return a ** (_polynomial(attributes["numerator"])[1] - _polynomial(attributes["denominator"])[1]), Fraction(0)


def constant_value(attributes: dict[str, Any], at: Fraction) -> Fraction | None:
    """The activation's value at a rational number, where that value is known to be rational."""
    if attributes["function"] in _AT_ZERO:
        return _AT_ZERO[attributes["function"]] if at == 0 else None
    try:
        value = activate(attributes, to_fractions([at]), FRACTIONS, "")
    except InputError:
        return None
    return Fraction(value[0])


def affine(network: Network, node: Node) -> tuple[np.ndarray, np.ndarray]:
    """Batch norm as channelwise affine map value -> t value + u: object arrays of Fractions t, u (exact, see `evaluate_exact`)."""
    variance = to_floats(network.weights[node.weights["variance"]])
    t = to_fractions(1 / np.sqrt(variance + float(node.attributes["epsilon"])))
    if "scale" in node.weights:
        t = t * to_fractions(network.weights[node.weights["scale"]])
    u = -t * to_fractions(network.weights[node.weights["mean"]])
    if "shift" in node.weights:
        u = u + to_fractions(network.weights[node.weights["shift"]])
    return t, u


def pushed(network: Network, path: Sequence[Node], i: int, j: int, relation: Relation) -> Relation | None:
    """A relation between channels i and j pushed through channelwise nodes; None where it gets lost."""
    for node in path:
        a, b = relation
        if node.kind == "activation":
            found = through_activation(node.attributes, relation)
            if found is None:
                return None
            relation = found
        elif node.kind == "normalize":
            t, u = affine(network, node)
            if a == 0:
                relation = Fraction(0), t[i] * b + u[i]
            elif t[i] == 0:
                relation = Fraction(0), u[i]
            elif t[j] == 0:
                return None  # channel j says nothing of channel i any more
            else:
                a = t[i] * a / t[j]
                relation = a, t[i] * b + u[i] - a * u[j]
        elif node.kind == "max_pool":
            if a < 0:
                return None
        elif node.kind == "average_pool" and b and any(side for sides in node.attributes["padding"] for side in sides):
            return None  # zeros of the padding are averaged in
    return relation
