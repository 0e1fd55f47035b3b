"""aten operations that are activations: one row each."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from neurovariety.checkpoints.readers.building import SOFTPLUS_THRESHOLD, Value, refuse
from neurovariety.checkpoints.readers.numbers_of_graphs import clipped, power
from neurovariety.checkpoints.readers.torch_call import AtenCall, stored
from neurovariety.checkpoints.readers.with_lines import at_least, at_most, celu, own_slopes


def _power(exponent: int | None = None) -> Callable[[AtenCall], Value]:
    def make(c: AtenCall) -> Value:
        n = c.builder.number(c.arguments["exponent"]) if exponent is None else exponent
        return c.make("activation", c.x, weights=None, **power(c.place, c.operator, n))

    return make


def _clamp(c: AtenCall) -> Value:
    default = 1 if c.operator.startswith("hardtanh") else None
    low, high = c.get("min", c.get("min_val", default and -default)), c.get("max", c.get("max_val", default))
    if not all(v is None or isinstance(v, (int, float, Fraction)) for v in (low, high)):
        refuse(c.place, c.operator, "its ends are arrays; numbers are understood")
    for end, other, one_sided in ((low, high, at_least), (high, low, at_most)):
        if end is not None and other is None and math.isfinite(end):
            return one_sided(c, c.x, Fraction(end))
    return c.make("activation", c.x, weights=None, **clipped(c.place, c.operator, low, high))


def _prelu(c: AtenCall) -> Value:
    """One slope for all channels, or one for each, along the first axis of a sample."""
    slopes = stored(c, "weight")
    if slopes is None:
        refuse(c.place, c.operator, "its slopes are left out")
    array, rank = c.builder.weights[slopes.key], len(c.builder.shape(c.x))
    if rank > 1 and array.size > 1:
        if c.builder.uses[slopes.key] != 1:
            refuse(c.place, c.operator, "its slopes are used elsewhere too")
        c.builder.weights[slopes.key] = array.reshape(-1, *(1 for _ in range(rank - 1)))
    return own_slopes(c, c.x, slopes)


def _elu(c: AtenCall) -> Value:
    c.only("scale", 1)
    c.only("input_scale", 1)
    return c.activation("elu", alpha=c.number("alpha", 1))


def _softplus(c: AtenCall) -> Value:
    # above threshold/beta torch returns x itself, which for the usual threshold of 20 differs from softplus by less than exp(-20)
    if c.get("threshold", 20) < SOFTPLUS_THRESHOLD:
        refuse(c.place, c.operator, f"threshold={c.get('threshold')}, which makes it jump")
    return c.activation("softplus", beta=c.number("beta", 1))


def _plain(function: str) -> Callable[[AtenCall], Value]:
    return lambda c: c.activation(function)


ACTIVATIONS: dict[str, Callable[[AtenCall], object]] = {
    "pow": _power(),
    "square": _power(2),
    "reciprocal": _power(-1),
    "neg": lambda c: c.make("activation", c.x, function="polynomial", coefficients=(Fraction(0), Fraction(-1))),
    **{
        name: _plain(name.strip("_"))
        for name in ("relu", "relu_", "relu6", "relu6_", "abs", "tanh", "tanh_", "sigmoid", "sigmoid_", "erf", "sin")
    },
    **dict.fromkeys(("silu", "silu_"), _plain("silu")),
    **dict.fromkeys(("hardswish", "hardswish_"), _plain("hardswish")),
    **dict.fromkeys(("clamp", "hardtanh", "hardtanh_"), _clamp),
    "clamp_min": _clamp,
    "exp": _plain("exp"),
    "sqrt": _plain("sqrt"),
    **dict.fromkeys(("leaky_relu", "leaky_relu_"), lambda c: c.activation("leaky_relu", slope=c.number("negative_slope", 0.01))),
    **dict.fromkeys(("elu", "elu_"), _elu),
    **dict.fromkeys(("celu", "celu_"), lambda c: celu(c, c.x, c.number("alpha", 1))),
    **dict.fromkeys(("prelu", "_prelu_kernel"), _prelu),
    "clamp_max": _clamp,
    "softplus": _softplus,
    "gelu": lambda c: c.activation("gelu", approximate=c.get("approximate", "none")),
}
"""Aten operation -> activation."""
