"""Linear maps that commute with a permutation, of bounded rank: products of determinantal varieties."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd
from typing import Any, ClassVar

import flint
import numpy as np

from neurovariety.architectures.architecture import Architecture, check_size, numbered
from neurovariety.architectures.reading.sections import Sections
from neurovariety.arithmetic import concatenate, tensordot
from neurovariety.errors import InputError, NotationError
from neurovariety.image import BlockMatrices, BoundedBlockMatrices, Image, IsotypicBlock, Matrices, RationalFunction
from neurovariety.model import Shape
from neurovariety.parametrization import Layers
from neurovariety.theorem import Hypothesis, Theorem
from neurovariety.units import LINEAR, Silence, Size, Units, counts

_MAX_LENGTH = 1000

_COMPLEX = np.zeros((2, 2, 2))
"""(i, j, k): coefficient of the k-th part of the product of the i-th unit with the j-th; units 1 and sqrt(-1)."""
_COMPLEX[0, 0, 0] = _COMPLEX[0, 1, 1] = _COMPLEX[1, 0, 1] = 1.0
_COMPLEX[1, 1, 0] = -1.0


def isotypic_blocks(cycles: tuple[int, ...]) -> tuple[IsotypicBlock, ...]:
    """The blocks of a permutation with these cycle lengths: by q, then by k; together ``size * weight`` adds up to n."""
    found = []
    for q in sorted({d for length in set(cycles) for d in range(1, length + 1) if length % d == 0}):
        size = sum(length % q == 0 for length in cycles)
        found += [IsotypicBlock(q, k, size) for k in range(1, max(q // 2, 1) + 1) if gcd(k, q) == 1]
    return tuple(found)


@dataclass(frozen=True, repr=False)
class Equivariant(Architecture):
    """Linear maps R^n -> R^n that commute with a permutation whose cycles have the lengths ``cycles`` (n is their sum).

    **Coordinates.** Inputs and outputs are written in an orthonormal basis adapted to the eigenspaces of the permutation, not in the
    basis that is permuted: first come the coordinates of `blocks` [0], then those of the next, and so on; a complex block of size m
    has m real parts followed by m imaginary parts. The change of basis is orthogonal, so squared distances of matrices are kept. In
    these coordinates an equivariant map is one matrix a block, and everything is rational.

    ``ranks`` gives the rank of each block, in the order of `blocks`: q ascending, then k. The model is a linear network of two layers
    a block, A_b of shape (r, m) and B_b of shape (m, r); for complex type (2, r, m) and (2, m, r), real and imaginary part.

    ``rank`` = R instead stands for all equivariant maps of rank at most R. Where these are a union of several irreducible varieties no
    network parametrizes them, so there is no model (`InputError`); `components` lists the pieces (Kohn, Sattelberger, Shahverdi 2023).
    """

    family: ClassVar[str] = "equivariant"
    example: ClassVar[str] = "equivariant(3,3; ranks=2,1)"
    cycles: tuple[int, ...]
    ranks: tuple[int, ...] | None = None
    rank: int | None = None

    def __post_init__(self) -> None:
        if not self.cycles or min(self.cycles) < 1:
            raise NotationError(f"equivariant: the cycle lengths {_joined(self.cycles)[:60]} are not all positive; e.g. {self.example}")
        if sum(self.cycles) > _MAX_LENGTH:
            raise NotationError(f"equivariant: the cycles have {sum(self.cycles):,} elements, at most {_MAX_LENGTH:,} fit")
        if (self.ranks is None) == (self.rank is None):
            raise NotationError(f"equivariant needs ranks= (one a block) or rank=, and not both; e.g. {self.example}")
        if self.rank is not None and self.rank < 1:
            raise NotationError(f"equivariant: the rank {self.rank} is not positive")
        if self.ranks is not None:
            self._check(self.ranks)
            check_size(self)

    def _check(self, ranks: tuple[int, ...]) -> None:
        blocks = self.blocks
        if len(ranks) != len(blocks):
            shown = ", ".join(f"{b.eigenvalues} of size {b.size}" for b in blocks[:4]) + (", ..." if len(blocks) > 4 else "")
            raise NotationError(
                f"equivariant: ranks= needs one number a block, {len(blocks)} for these cycles (eigenvalues {shown}), got {len(ranks)}"
            )
        for r, block in zip(ranks, blocks, strict=True):
            if not 0 <= r <= block.size:
                raise NotationError(
                    f"equivariant: the block of eigenvalues {block.eigenvalues} has ranks from 0 to {block.size}, got {r}"
                )
        if not any(ranks):
            raise NotationError("equivariant: all ranks are 0, which leaves the zero map only; make one of them positive")

    @classmethod
    def read(cls, sections: Sections[Architecture]) -> Equivariant:
        """The architecture of the sections of a notation."""
        cycles = sections.integers(sections.first, "cycle lengths")
        options, rest = sections.options({"ranks", "rank"})
        if rest:
            raise NotationError(f"equivariant takes ranks= or rank=, got {rest[0][:40]!r} in {sections.shown!r}; e.g. {cls.example}")
        ranks = sections.integers(options["ranks"], "ranks") if "ranks" in options else None
        return cls(cycles, ranks, sections.integer(options["rank"], "rank") if "rank" in options else None)

    @property
    def blocks(self) -> tuple[IsotypicBlock, ...]:
        """The isotypic blocks, in the order of ``ranks`` and of the coordinates."""
        return isotypic_blocks(self.cycles)

    def allocation(self) -> tuple[int, ...]:
        """The rank of each block, where one allocation describes the architecture. Raises `InputError` where several do."""
        if self.ranks is not None:
            return self.ranks
        count = self.count_components()
        first = next(self.allocations())
        if count > 1:
            piece = Equivariant(self.cycles, first).notation()
            shown = piece if len(piece) < 100 else "with ranks= in place of rank="
            raise InputError(
                f"{self.notation()[:100]} is a union of {_shown(count)} irreducible components, which no single network parametrizes: "
                f"take one of them, e.g. {shown}, or list them with the entry 'components'"
            )
        return first

    def _splits(self) -> Iterator[tuple[tuple[int, ...], int]]:
        """(ranks of the real blocks, sum of the ranks of the complex ones) of the components; there are one or two real blocks.

        Maps of block ranks (r_b) form an irreducible variety, the image of a space of weights, and one lies in another if and only if
        no r_b is larger. So the components of the real maps of rank at most R are the maximal r with r_b <= m_b and the sum of
        weight_b r_b at most R. Such a sum is R itself, or R - 1 where the real blocks are full and only complex ones, of weight 2,
        have room.
        """
        real = [b.size for b in self.blocks if b.real]
        room = sum(b.size for b in self.blocks if not b.real)
        budget = min(self.rank or 0, sum(self.cycles))
        for ranks in itertools.product(*(range(size, -1, -1) for size in real)):
            left, odd = divmod(budget - sum(ranks), 2)
            if 0 <= left <= room and (not odd or list(ranks) == real):
                yield ranks, left

    def allocations(self) -> Iterator[tuple[int, ...]]:
        """The block ranks of each irreducible component, lazily and without repetition."""
        if self.ranks is not None:
            yield self.ranks
            return
        sizes = [b.size for b in self.blocks if not b.real]
        for real, left in self._splits():
            for others in _bounded(sizes, left):
                yield (*real, *others)

    def count_components(self) -> int:
        """How many components there are, counted without listing them."""
        if self.ranks is not None:
            return 1
        ways = _ways([b.size for b in self.blocks if not b.real])
        return sum(ways[left] for _, left in self._splits())

    def components(self) -> Iterator[Architecture]:
        """The irreducible components of the real equivariant maps of bounded rank, each an architecture with ``ranks``."""
        return (Equivariant(self.cycles, ranks) for ranks in self.allocations())

    def _names(self, place: int) -> tuple[str, str]:
        total = len(self.blocks)
        return numbered("A", place + 1, total), numbered("B", place + 1, total)

    def _used(self) -> list[tuple[int, IsotypicBlock, int]]:
        """(place, block, rank) of the blocks of positive rank."""
        pairs = zip(self.blocks, self.allocation(), strict=True)
        return [(i, block, r) for i, (block, r) in enumerate(pairs) if r]

    def shapes(self) -> dict[str, Shape]:
        found: dict[str, Shape] = {}
        for i, block, r in self._used():
            a, b = self._names(i)
            two = () if block.real else (2,)
            found |= {a: (*two, r, block.size), b: (*two, block.size, r)}
        return dict(sorted(found.items()))

    @property
    def input_shape(self) -> Shape:
        return (sum(self.cycles),)

    def apply(self, parameters: dict[str, Any], x: Any, coefficients: Any) -> Any:
        at, out = 0, []
        for i, (block, r) in enumerate(zip(self.blocks, self.allocation(), strict=True)):
            width = block.size * block.weight
            part, at = x[at : at + width], at + width
            if not r:
                out.append(np.zeros(width, x.dtype))
                continue
            a, b = (parameters[name] for name in self._names(i))
            out.append(b @ (a @ part) if block.real else _times(b, _times(a, part.reshape(2, block.size))).reshape(width))
        return concatenate(out)

    def notation(self) -> str:
        size = f"rank={self.rank}" if self.ranks is None else f"ranks={_joined(self.ranks)}"
        return f"equivariant({_joined(self.cycles)}; {size})"

    def image(self) -> Image:
        if self.rank is not None and self.count_components() > 1:
            return BoundedBlockMatrices(self.blocks, self.rank)
        blocks, ranks = self.blocks, self.allocation()
        if len(blocks) == 1 and blocks[0].real:
            return Matrices(blocks[0].size, blocks[0].size, ranks[0])
        return BlockMatrices(blocks, ranks)

    def parametrization(self) -> Layers | None:
        """For one real block, whose maps are all matrices of bounded rank."""
        if self.count_components() > 1 or len(self.blocks) > 1 or not self.blocks[0].real:
            return None
        (size,), (rank,) = (b.size for b in self.blocks), self.allocation()
        return Layers((size, rank, size), (RationalFunction(((1, Fraction(1)),)),), self._names(0))

    def units(self) -> tuple[Units, ...]:
        """The units inside each block, with a change of basis by GL(r). Those of a complex block have GL(r, C), of which only the
        real matrices are of a kind that can be stated."""
        out = []
        for i, block, r in self._used():
            a, b = self._names(i)
            made, read = ((a, 0), (b, 1)) if block.real else ((a, 1), (b, 2))
            where = f"the block of eigenvalues {block.eigenvalues}"
            out.append(Units(r, (made,), (read,), LINEAR, "unit", f" of {where}", where, basis=f"inside {where}"))
        return tuple(out)

    def silences(self) -> tuple[Silence, ...]:
        names = [self._names(i) for i, _, _ in self._used()]
        return (Silence("layer 1", tuple(a for a, _ in names)), Silence("layer 2", tuple(b for _, b in names)))

    def resized(self, sizes: tuple[Size, ...], inputs: int | None = None, outputs: int | None = None) -> Equivariant | None:
        if inputs is not None or outputs is not None:
            return None
        ranks = list(self.allocation())
        for (i, _, _), r in zip(self._used(), counts(sizes), strict=True):
            ranks[i] = r
        return Equivariant(self.cycles, tuple(ranks))

    def theorems(self) -> tuple[Theorem, ...]:
        used = self._used()
        two_layers = (Hypothesis("one allocation of ranks to the isotypic blocks", True),)
        shown = ", ".join(f"{r} of {b.size}{'' if b.real else ' complex'}" for _, b, r in used[:6]) + (", ..." if len(used) > 6 else "")
        return (
            Theorem(
                "product of determinantal varieties",
                "dimension",
                BlockMatrices(self.blocks, self.allocation()).dimension,
                f"square matrices of bounded rank, one a block (ranks {shown}); complex ones count twice",
                "kohn2023",
                two_layers,
            ),
            Theorem(
                "span of a product of determinantal varieties",
                "ambient",
                sum((1 if b.real else 2) * b.size**2 for _, b, r in used),
                "matrices of rank one span all matrices of a block, real or complex",
                "kohn2023",
                two_layers,
            ),
        )


def _shown(count: int) -> str:
    return f"{count:,}" if count < 10**12 else f"about 10^{len(str(count)) - 1}"


def _joined(values: tuple[int, ...]) -> str:
    return ",".join(map(str, values))


def _times(matrix: Any, x: Any) -> Any:
    """Complex (2, m, n) times complex (2, n), as pairs of real and imaginary part: (2, m)."""
    half = tensordot(matrix, _COMPLEX, axes=((0,), (0,)))  # (m, n, j, k)
    return tensordot(half, x, axes=((2, 1), (0, 1))).T


def _bounded(sizes: list[int], total: int) -> Iterator[tuple[int, ...]]:
    """All tuples of ranks at most ``sizes`` with the sum ``total``, in descending lexicographic order."""
    room = [*itertools.accumulate(reversed(sizes), initial=0)][::-1]
    if not 0 <= total <= room[0]:
        return
    chosen = [0] * len(sizes)

    def fill(start: int, amount: int) -> None:
        for j in range(start, len(sizes)):
            chosen[j] = min(sizes[j], amount)
            amount -= chosen[j]

    fill(0, total)
    while True:
        yield tuple(chosen)
        tail = 0
        for i in reversed(range(len(sizes))):
            if chosen[i] and tail < room[i + 1]:
                chosen[i] -= 1
                fill(i + 1, tail + 1)
                break
            tail += chosen[i]
        else:
            return


def _ways(sizes: list[int]) -> list[int]:
    """How many tuples of ranks at most ``sizes`` have the sum 0, 1, 2, ...."""
    product = flint.fmpz_poly([1])
    for size, times in Counter(sizes).items():
        product *= flint.fmpz_poly([1] * (size + 1)) ** times
    return [int(c) for c in product.coeffs()]
