"""Irreducible components: one for the functions of a network, and those of block diagonal real matrices of bounded rank.

The closure of the image of a space of weights is irreducible. Block diagonal matrices whose blocks have ranks at most r_b form an
irreducible variety too, which lies in another if and only if no r_b is larger; so the components of those of real rank at most R are
the maximal r, where a complex block counts twice (Kohn, Sattelberger, Shahverdi 2023). Degrees: Fulton 1998, example 14.4.14; critical
points of the Frobenius distance: Draisma et al. 2016.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, prod
from typing import Any, Literal, Protocol, runtime_checkable

import flint

from neurovariety.certificates.functions import DIMENSION, Functions
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.plain_form import plain_digest
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import LINEAR
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

COMPONENTS = "irreducible components"
_MAX_DIGITS = 1000
"""Degrees with more digits are left out: nobody reads them, and Python refuses to print very long ones."""

Block = tuple[int, bool]
"""Size of a block, and whether it is real; a complex one of size m is a real one of size 2 m."""


@dataclass(frozen=True)
class BlockMaps:
    """Block diagonal matrices: with ranks of the ``blocks`` that are given, or of bounded real rank (``bound``). ``names``: what
    networks with some ranks are called."""

    blocks: tuple[Block, ...]
    bound: int | tuple[int, ...]
    names: tuple[tuple[tuple[int, ...], str], ...]

    @property
    def hash(self) -> str:
        """sha256 of the blocks and of what bounds their ranks."""
        return hashlib.sha256(repr((self.blocks, self.bound)).encode()).hexdigest()

    @property
    def digest(self) -> str:
        """sha256 of all of it."""
        return plain_digest(self)

    def notation(self, ranks: tuple[int, ...]) -> str:
        """What a network is called that has these ranks."""
        return dict(self.names).get(ranks, "")


@runtime_checkable
class Parametrized(Functions, Protocol):
    """The functions of one network."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def bounded_rank(self) -> tuple[int, int, int] | None:
        """(rows, columns, rank) where the functions are all matrices of bounded rank, up to a scaling of columns; else None."""
        ...


def determinantal_degree(rows: int, columns: int, rank: int) -> int:
    """Degree of the variety of rows x columns matrices of rank at most ``rank``."""
    r = min(rows, columns, rank)
    over = prod(comb(rows + i, r) for i in range(columns - r))
    return over // prod(comb(r + i, r) for i in range(columns - r))


def short_enough(number: int) -> int | None:
    """The number, unless it has too many digits to be printed."""
    return number if number.bit_length() < 3.3 * _MAX_DIGITS else None


def maximal_ranks(blocks: Sequence[Block], rank: int) -> int:
    """How many ranks of blocks are maximal among those of real rank at most ``rank``.

    The real rank is ``rank`` itself, or one less where all real blocks are full and only complex ones have room; or all is full.
    """
    if rank >= sum(_weight(b) * b[0] for b in blocks):
        return 1
    full = sum(size for size, real in blocks if real)
    return _with_rank(blocks, rank) + _with_rank([b for b in blocks if not b[1]], rank - 1 - full)


def _weight(block: Block) -> int:
    return 1 if block[1] else 2


def _with_rank(blocks: Sequence[Block], rank: int) -> int:
    """How many ranks of blocks have that real rank in all."""
    if rank < 0:
        return 0
    ways = flint.fmpz_poly([1])
    for block in blocks:
        step = _weight(block)
        ways = flint.fmpz_poly((ways * flint.fmpz_poly(([1] + [0] * (step - 1)) * (block[0] + 1))).coeffs()[: rank + 1])
    return int(ways[rank])


def _is_maximal(blocks: Sequence[Block], ranks: Sequence[int], bound: int) -> bool:
    left = bound - sum(_weight(b) * r for b, r in zip(blocks, ranks, strict=True))
    return left >= 0 and all(r == b[0] or _weight(b) > left for b, r in zip(blocks, ranks, strict=True))


def _dimension(blocks: Sequence[Block], ranks: Sequence[int]) -> int:
    return sum(_weight(b) * r * (2 * b[0] - r) for b, r in zip(blocks, ranks, strict=True))


@dataclass(frozen=True)
class BlockComponents:
    """The maximal ``ranks`` of the blocks: the components, ``count`` in all, of which those are listed.

    ``part`` is what is said: their number, or the list.
    """

    subject: str
    blocks: tuple[Block, ...]
    ranks: tuple[tuple[int, ...], ...]
    notations: tuple[str, ...]
    count: int
    part: Literal["count", "components"]

    def check(self, subject: BlockMaps) -> None:
        """Raises `NotShown` where one is not maximal, stands twice, or where there are more or fewer."""
        if subject.hash != self.subject or subject.blocks != self.blocks or self.part not in ("count", "components"):
            raise NotShown("the certificate is one of other matrices")
        if len(set(self.ranks)) < len(self.ranks) or len(self.ranks) > self.count:
            raise NotShown("a component is listed twice")
        if self.notations != tuple(map(subject.notation, self.ranks)):
            raise NotShown("a component is called otherwise")
        bound = subject.bound
        if any(len(r) != len(self.blocks) or not all(0 <= k <= b[0] for k, b in zip(r, self.blocks, strict=True)) for r in self.ranks):
            raise NotShown("there are no such ranks")
        if isinstance(bound, tuple):
            if self.count != 1 or any(r != bound for r in self.ranks):
                raise NotShown("the ranks are given")
        elif not all(_is_maximal(self.blocks, r, bound) for r in self.ranks) or self.count != maximal_ranks(self.blocks, bound):
            raise NotShown("the maximal ranks are others")

    def rows(self) -> list[dict[str, Any]]:
        """The components with their dimensions, degrees and Euclidean distance degrees."""
        dimensions = [_dimension(self.blocks, r) for r in self.ranks]
        return [
            {
                "architecture": name,
                "dimension": dimension,
                "degree": short_enough(prod(self._degree(b, k) for b, k in zip(self.blocks, r, strict=True))),
                "ed_degree_frobenius": short_enough(prod(comb(b[0], k) for b, k in zip(self.blocks, r, strict=True))),
                "ranks": list(r),
                "largest": dimension == max(dimensions) if len(self.ranks) == self.count else None,
            }
            for name, dimension, r in zip(self.notations, dimensions, self.ranks, strict=True)
        ]

    @staticmethod
    def _degree(block: Block, rank: int) -> int:
        return determinantal_degree(block[0], block[0], rank) ** _weight(block)

    def concludes(self) -> tuple[Statement, Claim]:
        """So many, or these."""
        value = self.count if self.part == "count" else self.rows()
        return Statement(f"{COMPONENTS}: {self.part}", self.subject, value), Claim.PROVED


@dataclass(frozen=True)
class OneComponent:
    """The closure of the functions of one network is irreducible: the image of a space of weights."""

    subject: str

    def check(self, subject: Functions) -> None:
        """Raises `NotShown` for another model."""
        if subject.hash != self.subject:
            raise NotShown("the certificate is one of another model")

    def concludes(self) -> tuple[Statement, Claim]:
        """One component."""
        return Statement(f"{COMPONENTS}: count", self.subject, 1), Claim.PROVED


@dataclass(frozen=True)
class ComponentOfModel:
    """The one component of a model called ``name``: its ``dimension``; degrees of matrices of bounded rank of the ``sizes``, or 1 where
    it is a ``linear`` space."""

    name: str
    dimension: Verdict
    sizes: tuple[int, int, int] | None = None
    linear: Verdict | None = None

    def check(self, subject: Parametrized) -> None:
        """Raises `NotShown` where something is not known, or is known of another model."""
        said = self.dimension.statement
        if not self.dimension.checked or said.kind != DIMENSION or said.subject != subject.hash or subject.name != self.name:
            raise NotShown("the dimension is not that of the model")
        if self.sizes is not None and self.sizes != subject.bounded_rank:
            raise NotShown("the functions are no such matrices")
        level = self.linear
        if level is not None and (not level.shown or level.claim is not Claim.PROVED or level.statement.kind != LINEAR):
            raise NotShown("the functions are not shown to fill a linear space")
        if level is not None and level.statement.subject != subject.hash:
            raise NotShown("the certificate is one of another model")

    def row(self) -> dict[str, Any]:
        """The component; what is not known is None."""
        degree: int | None = None
        critical: int | None = None
        if self.sizes is not None:
            rows, columns, rank = self.sizes
            degree, critical = short_enough(determinantal_degree(rows, columns, rank)), short_enough(comb(min(rows, columns), rank))
        elif self.linear is not None:
            degree = 1
        return {
            "architecture": self.name,
            "dimension": self.dimension.statement.value,
            "degree": degree,
            "ed_degree_frobenius": critical,
            "ranks": None,
            "largest": True,
        }

    def concludes(self) -> tuple[Statement, Claim]:
        """The component, as far as its dimension is known."""
        said = self.dimension.statement
        return Statement(f"{COMPONENTS}: components", said.subject, [self.row()], said.scope, said.error), self.dimension.claim
