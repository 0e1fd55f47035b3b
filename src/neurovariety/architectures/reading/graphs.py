"""Simple graphs: their notation, their edges and what their adjacency matrices tell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import flint
import numpy as np

from neurovariety.architectures.reading.sections import Sections, split
from neurovariety.errors import NotationError

Array = np.ndarray[Any, np.dtype[Any]]

MAX_NODES = 200


@dataclass(frozen=True, repr=False)
class SimpleGraph:
    """A simple undirected graph on the vertices 0, ..., nodes - 1.

    ``kind`` is ``path``, ``cycle``, ``complete``, ``star`` (vertex 0 joined to all others) or ``edges``, where ``listed`` holds the
    edges (i, j), i < j, in ascending order.
    """

    kind: str
    nodes: int
    listed: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        least = {"path": 1, "cycle": 3, "complete": 1, "star": 1, "edges": 1}.get(self.kind)
        if least is None:
            raise NotationError(f"unknown graph {self.kind[:30]!r}: the graphs are {_KNOWN}")
        if not least <= self.nodes <= MAX_NODES:
            raise NotationError(f"gnn: a graph {self.kind} has from {least} to {MAX_NODES} vertices, got {self.nodes}")

    @classmethod
    def read(cls, sections: Sections[object]) -> SimpleGraph:
        """The graph that the first section denotes."""
        match = re.fullmatch(r"([A-Za-z]+)\s*\(([^()]*)\)", sections.first)
        if not match:
            raise NotationError(
                f"cannot read the graph {sections.first[:40]!r} in {sections.shown!r}: the graphs are {_KNOWN}; e.g. {sections.example}"
            )
        kind, inside = match.group(1).lower(), match.group(2)
        if kind != "edges":
            return cls(kind, sections.integer(inside, f"the number of vertices of {kind[:20]}"))
        found = []
        for part in split(inside, ","):
            ends = re.fullmatch(r"([0-9]{1,6})\s*-\s*([0-9]{1,6})", part)
            if not ends:
                raise NotationError(f"an edge is written 0-1, got {part[:30]!r} in {sections.shown!r}")
            i, j = sorted((int(ends.group(1)), int(ends.group(2))))
            if i == j:
                raise NotationError(
                    f"the edge {part[:20]} in {sections.shown!r} joins a vertex to itself; a layer has weights for that already"
                )
            found.append((i, j))
        if len(set(found)) < len(found):
            raise NotationError(f"an edge is listed twice in {sections.shown!r}; edges have no multiplicity")
        return cls(kind, 1 + max(j for _, j in found), tuple(sorted(found)))

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """All edges (i, j), i < j."""
        n = self.nodes
        if self.kind == "edges":
            return self.listed
        if self.kind == "complete":
            return tuple((i, j) for j in range(n) for i in range(j))
        if self.kind == "star":
            return tuple((0, j) for j in range(1, n))
        chain = tuple((i, i + 1) for i in range(n - 1))
        return chain if self.kind == "path" else ((0, n - 1), *chain)

    @cached_property
    def adjacency(self) -> Array:
        """The adjacency matrix: 0.0 and 1.0 of shape (nodes, nodes)."""
        a = np.zeros((self.nodes, self.nodes))
        for i, j in self.edges:
            a[i, j] = a[j, i] = 1.0
        return a

    @property
    def regular(self) -> bool:
        """Whether all vertices have the same number of neighbours."""
        return len(set(self.adjacency.sum(axis=0))) == 1

    def eigenvalues(self) -> int:
        """Number of distinct eigenvalues of the adjacency matrix A: the degree of its minimal polynomial, A being symmetric. Exact."""
        return int(_integers(self.adjacency).minpoly().degree())

    def main_eigenvalues(self) -> int:
        """Number of distinct eigenvalues with an eigenvector whose entries do not add up to 0: the rank of 1, A1, A^2 1, .... Exact."""
        a, v, rows = self.adjacency.astype(object), np.ones(self.nodes, dtype=object), []
        for _ in range(self.nodes):
            rows.append([int(e) for e in v])
            v = a @ v
        return int(flint.fmpz_mat(rows).rank())

    def largest_ball(self, radius: int) -> int:
        """The largest number of vertices at distance at most ``radius`` from one vertex."""
        step = self.adjacency + np.eye(self.nodes) > 0
        reached = np.eye(self.nodes) > 0
        for _ in range(min(radius, self.nodes)):
            reached = reached @ step
        return int(reached.sum(axis=0).max())

    def __str__(self) -> str:
        return f"{self.kind}({','.join(f'{i}-{j}' for i, j in self.listed) if self.kind == 'edges' else self.nodes})"

    __repr__ = __str__


_KNOWN = "path(n), cycle(n), complete(n), star(n) with n vertices, and edges(0-1,1-2,0-2)"


def _integers(a: Array) -> flint.fmpz_mat:
    return flint.fmpz_mat([[int(e) for e in row] for row in a])
