"""What an image says of its set without a search: how many inputs and outputs, and the dimension, where a formula has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from math import prod

from neurovariety.image import (
    AttentionMaps,
    BinaryQuadrics,
    BlockMatrices,
    BoundedBlockMatrices,
    Convolutions,
    Filters,
    Image,
    IsotypicBlock,
    Matrices,
    OrbitMatrices,
    Perceptrons,
    PowerSums,
    Quadrics,
    SeparationRanks,
    TensorRank,
)


@dataclass(frozen=True)
class Facts:
    """Numbers of inputs and outputs, and the real dimension of the set; None where no formula has it."""

    inputs: int
    outputs: int
    dimension: int | None = None


@singledispatch
def facts(image: Image) -> Facts:
    """The facts of a set of functions."""
    raise AssertionError(f"the kit does not know the image {type(image).__name__}: add it to testing/images.py")


def _of_rank(rank: int, rows: int, columns: int) -> int:
    r = min(rank, rows, columns)
    return r * (rows + columns - r)


@facts.register
def _(image: Matrices) -> Facts:
    return Facts(image.inputs, image.outputs, _of_rank(image.rank, image.outputs, image.inputs) + image.bias * image.outputs)


@facts.register
def _(image: OrbitMatrices) -> Facts:
    return Facts(sum(image.orbits), image.outputs, _of_rank(image.rank, image.outputs, len(image.orbits)))


def _length(blocks: tuple[IsotypicBlock, ...]) -> int:
    return sum(b.size * b.weight for b in blocks)


@facts.register
def _(image: BlockMatrices) -> Facts:
    return Facts(_length(image.blocks), _length(image.blocks), image.dimension)


@facts.register
def _(image: BoundedBlockMatrices) -> Facts:
    return Facts(_length(image.blocks), _length(image.blocks))


@facts.register
def _(image: Quadrics) -> Facts:
    n, r = image.inputs, min(image.rank, image.inputs)
    quadratic = r * n - r * (r - 1) // 2
    # The linear part of a sum of squares of affine forms lies in the span of the forms, all of which is there beside n + 1 squares.
    return Facts(n, 1, quadratic + ((r if image.rank <= n else n) + 1 if image.bias else 0))


@facts.register
def _(image: BinaryQuadrics) -> Facts:
    """Matrices of bounded rank on the space of binary quadratic forms; those of rank one are squares times vectors."""
    return Facts(2, image.outputs, image.outputs + 1 if image.squares == 1 else _of_rank(image.squares, image.outputs, 3))


@facts.register
def _(image: PowerSums) -> Facts:
    return Facts(image.inputs, image.outputs)


@facts.register
def _(image: Perceptrons) -> Facts:
    return Facts(image.widths[0], image.widths[-1])


@facts.register
def _(image: Filters) -> Facts:
    return Facts(image.inputs, image.outputs, image.degree + 1)


@facts.register
def _(image: Convolutions) -> Facts:
    size = image.size
    for window, stride in zip(image.filters, image.strides, strict=True):
        size = tuple((n - k) // s + 1 for n, k, s in zip(size, window, stride, strict=True))
    return Facts(image.channels[0] * prod(image.size), image.channels[-1] * prod(size))


@facts.register
def _(image: AttentionMaps) -> Facts:
    return Facts(image.widths[0] * image.tokens, image.widths[-1] * image.tokens)


@facts.register
def _(image: SeparationRanks) -> Facts:
    """The dimension of the tensors with these ranks (Holtz, Rohwedder, Schneider 2012)."""
    r = (1, *image.ranks, image.outputs)
    made = sum(before * n * after for before, n, after in zip(r, image.modes, r[1:], strict=False))
    return Facts(sum(image.modes), image.outputs, made - sum(k * k for k in image.ranks))


@facts.register
def _(image: TensorRank) -> Facts:
    return Facts(sum(image.modes), image.outputs)
