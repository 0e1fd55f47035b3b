"""Small finite groups as multiplication tables, and their notation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import factorial, prod
from typing import Any

import numpy as np

from neurovariety.architectures.reading.sections import Sections
from neurovariety.errors import NotationError

Array = np.ndarray[Any, np.dtype[Any]]

MAX_ORDER = 120
"""Largest order of a group: a convolution is written with a tensor of order**3 entries."""

MAX_SYMMETRIC = 4


@dataclass(frozen=True, repr=False)
class Group:
    """A direct product of cyclic, dihedral, symmetric and Klein groups.

    ``factors`` lists (name, n); n is 0 for ``klein``. Elements are the numbers 0, ..., order - 1, and 0 is the identity: of
    ``cyclic(n)`` the residues, of ``dihedral(n)`` (order 2n) the n rotations and then the n reflections, of ``symmetric(n)`` the
    permutations in lexicographic order; of a product the tuples in lexicographic order.
    """

    factors: tuple[tuple[str, int], ...]

    def __post_init__(self) -> None:
        if not self.factors:
            raise NotationError("a group needs at least one factor, for example cyclic(4)")
        for name, n in self.factors:
            if name not in _TABLES:
                raise NotationError(f"unknown group {name[:30]!r}: the groups are {_KNOWN}, and products such as cyclic(2)xcyclic(3)")
            if name != "klein" and n < 1:
                raise NotationError(f"{name}({n}): the number must be positive, for example {name}(3)")
            if name == "symmetric" and n > MAX_SYMMETRIC:
                raise NotationError(f"symmetric({n}) has too many elements: symmetric(1) to symmetric({MAX_SYMMETRIC}) are known")
        if self.order > MAX_ORDER:
            raise NotationError(f"{self} has {self.order:,} elements, more than the limit of {MAX_ORDER}")

    @classmethod
    def read(cls, sections: Sections[object]) -> Group:
        """The group that the first section denotes."""
        text = sections.first.lower()
        factors = []
        for part in re.split(r"(?<=\))\s*x\s*", text):
            match = re.fullmatch(r"([a-z]+)\s*\(([^()]*)\)", part)
            if not match:
                raise NotationError(
                    f"cannot read the group {text[:40]!r} in {sections.shown!r}: write {_KNOWN}, or a product cyclic(2)xcyclic(3); "
                    f"e.g. {sections.example}"
                )
            name, number = match.group(1), match.group(2).strip()
            if name not in _TABLES:
                raise NotationError(f"unknown group {name[:30]!r} in {sections.shown!r}: the groups are {_KNOWN}")
            if name == "klein":
                if number:
                    raise NotationError(f"klein() takes no number, got {number[:20]!r} in {sections.shown!r}")
                factors.append((name, 0))
            else:
                factors.append((name, sections.integer(number, f"the number of {name[:20]}")))
        return cls(tuple(factors))

    @property
    def order(self) -> int:
        """Number of elements."""
        return prod(_ORDERS[name](n) for name, n in self.factors)

    @cached_property
    def table(self) -> Array:
        """The products: integers of shape (order, order), the entry (g, h) is gh."""
        found = np.zeros((1, 1), dtype=np.int64)
        for name, n in self.factors:
            right = _TABLES[name](n)
            m = len(right)
            found = (found[:, None, :, None] * m + right[None, :, None, :]).reshape(len(found) * m, -1)
        return found

    @cached_property
    def structure(self) -> Array:
        """Structure constants of the group algebra: 0.0 and 1.0 of shape (order, order, order), 1 at (g, h, gh)."""
        out = np.zeros((self.order,) * 3)
        g, h = np.indices(self.table.shape)
        out[g, h, self.table] = 1.0
        return out

    def __str__(self) -> str:
        return "x".join(f"{name}({n if name != 'klein' else ''})" for name, n in self.factors)

    __repr__ = __str__


def _cyclic(n: int) -> Array:
    return np.add.outer(np.arange(n), np.arange(n)) % n


def _dihedral(n: int) -> Array:
    """The element s n + a stands for f^s r^a with a reflection f and a rotation r: f^s r^a f^t r^b = f^(s+t) r^((-1)^t a + b)."""
    s, a = np.divmod(np.arange(2 * n), n)
    turned = np.where(s[None, :] == 1, -a[:, None], a[:, None])
    return (s[:, None] ^ s[None, :]) * n + (turned + a[None, :]) % n


def _symmetric(n: int) -> Array:
    elements = list(itertools.permutations(range(n)))
    place = {g: i for i, g in enumerate(elements)}
    return np.array([[place[tuple(g[h[i]] for i in range(n))] for h in elements] for g in elements])


_TABLES: dict[str, Callable[[int], Array]] = {
    "cyclic": _cyclic,
    "dihedral": _dihedral,
    "symmetric": _symmetric,
    "klein": lambda _: np.bitwise_xor.outer(np.arange(4), np.arange(4)),
}
_ORDERS: dict[str, Callable[[int], int]] = {
    "cyclic": lambda n: n,
    "dihedral": lambda n: 2 * n,
    "symmetric": lambda n: factorial(min(n, 20)),
    "klein": lambda _: 4,
}
_KNOWN = "cyclic(n), dihedral(n), symmetric(n), klein()"
