"""The notation of architectures: ``mlp(2,3,1; x^2)`` <-> object, round trip."""

from __future__ import annotations

import re

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.attention import Attention
from neurovariety.architectures.cnn import CNN
from neurovariety.architectures.linear import Linear
from neurovariety.architectures.mlp import MLP
from neurovariety.architectures.reading import split
from neurovariety.errors import NotationError

FAMILIES: dict[str, type[Architecture]] = {f.family: f for f in (Attention, CNN, Linear, MLP)}
"""The families by name; each reads its own sections and gives an example of its notation."""

EXAMPLES = {name: family.example for name, family in FAMILIES.items()}
"""One notation a family, shown in error messages and in the documentation."""


def parse(text: str) -> Architecture:
    """The architecture that a notation denotes; ``repr`` gives the notation back.

    Families: ``linear(3,2,3)``; ``mlp(2,3,1; x^2)`` with any polynomial or ``generic(r)``, one activation or one a hidden layer,
    and ``bias``; ``cnn(3,2; x^2)`` with ``strides=``, ``channels=c_0,...,c_L``, ``outputs=`` or ``input=``, two-dimensional filters
    as ``3x3``; ``attention(3,2; a=2; t=4)`` with ``heads=``.

    Raises `NotationError` with one sentence on what was given and what was expected.
    """
    if not isinstance(text, str):
        raise NotationError(f"an architecture is a string such as mlp(2,3,1; x^2), got {type(text).__name__}")
    shown = text.strip()[:80]
    match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", text, re.DOTALL)
    if not match:
        raise NotationError(f"cannot read the architecture {shown!r}: write family(widths; options), e.g. {EXAMPLES['mlp']}")
    family = match.group(1).lower()
    if family not in FAMILIES:
        raise NotationError(
            f"unknown family {match.group(1)!r} in {shown!r}: the families are {', '.join(sorted(FAMILIES))}, e.g. {EXAMPLES['mlp']}"
        )
    return FAMILIES[family].read(shown, split(match.group(2), ";"))
