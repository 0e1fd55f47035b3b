"""Block diagonal matrices of bounded rank that a notation stands for: one network, or several together."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from neurovariety.architectures import Architecture, as_model, parse
from neurovariety.certificates.irreducible_components import BlockMaps
from neurovariety.image import BlockMatrices, BoundedBlockMatrices

_MAX_LISTED = 1000
"""Components beyond this number are counted, not listed."""
_BLOCKS = (BlockMatrices, BoundedBlockMatrices)


@dataclass(frozen=True)
class StatedBlocks:
    """Block diagonal matrices, one set of them or a union: their name, the components that are ``listed``, of ``count``."""

    name: str
    image: BlockMatrices | BoundedBlockMatrices
    listed: tuple[tuple[str, BlockMatrices], ...]
    count: int

    @property
    def maps(self) -> BlockMaps:
        """What certificates speak of."""
        bound = self.image.rank if isinstance(self.image, BoundedBlockMatrices) else self.image.ranks
        names = tuple((found.ranks, notation) for notation, found in self.listed)
        return BlockMaps(tuple((b.size, b.real) for b in self.image.blocks), bound, names)


def maps_of(notation: str) -> BlockMaps | None:
    """What certificates of the entry speak of where a notation stands for block diagonal matrices, else None. Raises `InputError` for a
    notation that cannot be read."""
    stated = stated_blocks(parse(notation))
    return None if stated is None else stated.maps


def stated_blocks(described: Any) -> StatedBlocks | None:
    """The block diagonal matrices that an architecture, a bound on the rank of its maps, or a model stands for; None for all others."""
    if isinstance(described, Architecture):
        image = described.image()
        if not isinstance(image, _BLOCKS):
            return None
        parts = [(part.notation(), part.image()) for part in itertools.islice(described.components(), _MAX_LISTED)]
        name, count = described.notation(), described.count_components()
    else:
        model = as_model(described)
        image, name, count = model.image, model.name, 1
        parts = [(model.name, image)]
    if not isinstance(image, _BLOCKS):
        return None
    return StatedBlocks(name, image, tuple((part, found) for part, found in parts if isinstance(found, BlockMatrices)), count)
