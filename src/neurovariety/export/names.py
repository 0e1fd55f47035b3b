"""Names of weights that every system can read: one for each entry of each parameter block.

An entry is a block name and an index, such as W1 at (0, 1). Macaulay2 writes it W1_(0,1), the others W1_0_1. Indices are padded
with zeros to one length, since a parser of Bertini stumbles where one name begins with another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from neurovariety.model import Block, Model, Shape

_TAKEN = {"c", "f", "g"}
"""Letters that the scripts use themselves, for coordinates and for the functions of Bertini."""

_OWN_OUTPUT = r"[io]\d+"
"""Names that Macaulay2 gives to its own input and output lines."""


@dataclass(frozen=True)
class Name:
    """The weight at ``index`` of the block ``base``; ``shape`` of the block decides how the index is padded."""

    base: str
    index: tuple[int, ...]
    shape: Shape

    @property
    def flat(self) -> str:
        """``W1_0_1``: a legal name in Singular, Sage, Julia and Bertini."""
        return "_".join([self.base, *(str(i).zfill(len(str(n - 1))) for i, n in zip(self.index, self.shape, strict=True))])

    @property
    def indexed(self) -> str:
        """``W1_(0,1)``: an indexed variable of Macaulay2, where an underscore takes a subscript."""
        if not self.index:
            return self.base
        return f"{self.base}_({','.join(map(str, self.index))})" if len(self.index) > 1 else f"{self.base}_{self.index[0]}"


def weight_names(model: Model) -> tuple[Name, ...]:
    """A name for each weight, in the order of the flat vector."""
    return tuple(Name(base, index, block.shape) for base, block in _bases(model) for index in product(*map(range, block.shape)))


def _bases(model: Model) -> Iterator[tuple[str, Block]]:
    """A base for each block: its own name where that is a letter and digits, else one that no system has a meaning for."""
    used: set[str] = set()
    for block in model.blocks:
        plain = re.sub(r"[^A-Za-z0-9]", "", block.name)
        legal = re.fullmatch(r"[A-Za-z]\d{0,6}", plain) and block.shape and not re.fullmatch(_OWN_OUTPUT, plain)
        base = plain if legal and plain not in _TAKEN else f"w{plain}"
        number = 1
        while base in used or base in _TAKEN:
            number += 1
            base = f"w{plain}n{number}"
        used.add(base)
        yield base, block
