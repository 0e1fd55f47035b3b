"""The notation of architectures: ``mlp(2,3,1; x^2)`` <-> object, round trip."""

from __future__ import annotations

import re
from collections.abc import Mapping

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.families.attention import Attention
from neurovariety.architectures.families.cnn import CNN
from neurovariety.architectures.families.composition import Residual, Sequence
from neurovariety.architectures.families.cp import CP
from neurovariety.architectures.families.diagonal import Diagonal
from neurovariety.architectures.families.equivariant import Equivariant
from neurovariety.architectures.families.graph_network import GraphNetwork
from neurovariety.architectures.families.group_convolution import GroupConvolution
from neurovariety.architectures.families.invariant import Invariant
from neurovariety.architectures.families.linear import Linear
from neurovariety.architectures.families.mlp import MLP
from neurovariety.architectures.families.ratio import Ratio
from neurovariety.architectures.families.state_space import StateSpace
from neurovariety.architectures.families.tensor_train import TensorTrain
from neurovariety.architectures.reading.not_algebraic import refuse_any
from neurovariety.architectures.reading.sections import Sections
from neurovariety.errors import NotationError

FAMILIES: dict[str, type[Architecture]] = {
    f.family: f
    for f in (
        CNN,
        CP,
        MLP,
        Attention,
        Diagonal,
        Linear,
        StateSpace,
        TensorTrain,
        Equivariant,
        GraphNetwork,
        GroupConvolution,
        Invariant,
        Ratio,
        Residual,
        Sequence,
    )
}
"""The families by name; each reads its own sections and gives an example of its notation."""

EXAMPLES = {name: family.example for name, family in FAMILIES.items()}
"""One notation a family, shown in error messages and in the documentation."""


def parse(text: str) -> Architecture:
    """The architecture that a notation denotes; ``repr`` gives the notation back.

    Families: ``linear(3,2,3)``; ``mlp(2,3,1; x^2)`` with any polynomial, rational function or ``generic(r)``, one activation or one
    a hidden layer, and ``bias``; ``cnn(3,2; x^2)`` with ``strides=``, ``channels=c_0,...,c_L``, ``outputs=`` or ``input=``,
    two-dimensional filters as ``3x3``; ``attention(3,2; a=2; t=4)`` with ``heads=``; ``tt(2,3,2; ranks=2,2)`` and
    ``cp(2,3,2; rank=4)`` with ``outputs=``; ``diagonal(4; layers=3)``; ``ssm(1,2,1; t=5)`` with an activation and ``diagonal``.

    ``gnn(path(3); 2,3,1; x^2)`` with ``pool``; ``groupconv(cyclic(4); layers=2; x^2)`` or ``channels=c_0,...,c_L``;
    ``equivariant(3,3; ranks=2,1)`` or ``rank=R``; ``invariant(2,2,1; rank=1; outputs=3)``.

    Made of others: ``residual(mlp(2,3,2; x^2))``; ``sequence(linear(3,2); residual(mlp(2,4,2; x^2)); linear(2,1))``;
    ``ratio(mlp(2,3,1; x^2); mlp(2,2,1; x^2))``.

    Raises `NotationError` with one sentence on what was given and what was expected.
    """
    return read_notation(text, FAMILIES)


def read_notation(text: str, families: Mapping[str, type[Architecture]]) -> Architecture:
    """What `parse` does, for other ``families`` than those of the package: with one of a user's own, say."""
    if not isinstance(text, str):
        raise NotationError(f"an architecture is a string such as mlp(2,3,1; x^2), got {type(text).__name__}")
    text = "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)
    shown = text.strip()[:80]
    match = re.fullmatch(r"\s*([A-Za-z_]\w*)\s*\((.*)\)\s*", text, re.DOTALL)
    if not match:
        raise NotationError(f"cannot read the architecture {shown!r}: write family(widths; options), e.g. {EXAMPLES['mlp']}")
    family = match.group(1).lower()
    if family not in families:
        refuse_any([family])
        raise NotationError(
            f"unknown family {match.group(1)!r} in {shown!r}: the families are {', '.join(sorted(families))}, e.g. {EXAMPLES['mlp']}"
        )
    made = families[family]
    return made.read(Sections.of(match.group(2), shown, made.example, lambda part: read_notation(part, families)))
