"""Names of operations of everyday networks that are neither polynomial nor rational, and why each is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable

from neurovariety.errors import NotationError

_TRANSCENDENTAL = (
    "is transcendental: no polynomial equation relates its values to weights and inputs, so exact arithmetic cannot evaluate it "
    "and the set of functions need not be semialgebraic; "
)
_SIGMOID = _TRANSCENDENTAL + "use a polynomial such as x^2 or a rational function such as x/(x^2 + 1)"
_SOFTMAX = _TRANSCENDENTAL + (
    "use lightning self-attention, which is attention without softmax, e.g. attention(3,2; a=2; t=4), or ask dimension or fibers of "
    "attention(3,2; a=2; t=4; softmax)"
)
_PIECEWISE = (
    "is not a polynomial or rational function but a different one on each side of a wall, so that the dimension varies from region to "
    "region of the weights; use a polynomial such as x^2 or a rational function such as x^2/(x^2 + 1)"
)
_ROOT = (
    "divides by a square root, which is algebraic but not rational in weights and inputs and does not exist for half of the elements "
    "of a prime field; leave the normalization out, or divide by a polynomial, as ratio(A; B) does"
)

_REASONS = {
    **dict.fromkeys(("softmax", "logsoftmax", "logsumexp"), _SOFTMAX),
    **dict.fromkeys(
        (
            "sigmoid",
            "logistic",
            "tanh",
            "gelu",
            "silu",
            "swish",
            "softplus",
            "mish",
            "elu",
            "selu",
            "celu",
            "exp",
            "erf",
            "sin",
            "cos",
            "log",
        ),
        _SIGMOID,
    ),
    **dict.fromkeys(
        ("relu", "relu6", "leakyrelu", "prelu", "hardtanh", "hardsigmoid", "hardswish", "abs", "max", "sign", "step"), _PIECEWISE
    ),
    **dict.fromkeys(("sqrt", "layernorm", "rmsnorm", "batchnorm", "groupnorm", "instancenorm", "l2norm", "norm"), _ROOT),
}


def refusal(text: str) -> str | None:
    """The sentence that refuses ``text``, the name of such an operation with or without an argument; None where it is no such name.

    >>> refusal("layer_norm(x)")[:45]
    'layer_norm divides by a square root, which is'
    >>> refusal("x^2") is None
    True
    """
    match = re.fullmatch(r"\s*([A-Za-z][A-Za-z0-9_\- ]{0,30}?)\s*(\(.*\)|=.*)?\s*", text, re.DOTALL)
    if not match:
        return None
    reason = _REASONS.get(re.sub(r"[_\- ]", "", match.group(1)).lower())
    return f"{match.group(1)} {reason}" if reason else None


def refuse_any(sections: Iterable[str]) -> None:
    """Raise `NotationError` where one of the sections of a notation, or an item of a list in it, names such an operation."""
    for section in sections:
        for item in (section, *section.split(",")):
            sentence = refusal(item)
            if sentence is not None:
                raise NotationError(sentence)
