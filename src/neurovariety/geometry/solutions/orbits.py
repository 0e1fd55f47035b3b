"""Do the stated symmetries carry one weight vector to another?

A permutation of neurons is tried for each arrangement. What is left is a connected group, decided in one of two ways:

* tori: w' = t . w has a solution t exactly where every Laurent monomial in the weights that no t changes has the same value at
both, and those
  are spanned by a basis of the integer kernel of the matrix of exponents;
* general linear groups and tori with exponents 1 and -1, at most one of each sign on a block: g_+ W = g_- W', linear in (g_+, g_-).

The weights are complex numbers up to rounding: values are compared with a tolerance, so an answer is numerical.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import factorial, prod

import flint
import numpy as np
from jaxtyping import Complex, Float, Inexact

from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.symmetry import AxisAction, Kind

_SAME = 1e-5
_MOST_ARRANGEMENTS = 5040


class Orbits:
    """The orbit test of a model; ``decides`` says whether its stated group is of a kind that the test can handle.

    ``units``: of what size each weight usually is, where that is not one size: what is zero up to rounding is so in its own unit.
    """

    def __init__(self, model: Model, units: Float[np.ndarray, " N"] | None = None) -> None:
        self.model = model
        self.units = np.ones(model.parameters) if units is None else units
        self.places = {b.name: np.arange(b.start, b.start + b.size).reshape(b.shape) for b in model.blocks}
        self.permutations = [a for a in model.symmetries if a.kind is Kind.PERMUTATION]
        self.continuous = [a for a in model.symmetries if a.kind is not Kind.PERMUTATION]
        self.tori = all(a.kind is Kind.TORUS for a in self.continuous)
        self.invariants = self._monomials() if self.tori else np.zeros((0, model.parameters))
        arrangements = prod(factorial(a.size) for a in self.permutations)
        self.decides = arrangements <= _MOST_ARRANGEMENTS and (self.tori or self._is_linear())

    def same(self, w: Array, other: Array) -> bool:
        """Whether the stated group carries ``w`` to ``other``, up to rounding."""
        return any(self._connected(moved, other) for moved in self._arranged(w))

    def labels(self, points: Inexact[np.ndarray, "points N"]) -> tuple[int, ...]:
        """The number of the orbit of each row of ``points``."""
        found: list[Array] = []
        labels = []
        for w in points:
            known = next((k for k, other in enumerate(found) if self.same(w, other)), None)
            labels.append(len(found) if known is None else known)
            if known is None:
                found.append(w)
        return tuple(labels)

    def _arranged(self, w: Array) -> Iterator[Array]:
        for orders in itertools.product(*(itertools.permutations(range(a.size)) for a in self.permutations)):
            moved = w
            for action, order in zip(self.permutations, orders, strict=True):
                before, moved = moved, moved.copy()
                for block, axis, _ in action.axes:
                    places = self.places[block]
                    moved[places] = np.take(before[places], order, axis=axis)
            yield moved

    def _connected(self, w: Array, other: Array) -> bool:
        return self._by_monomials(w, other) if self.tori else self._by_matrices(w, other)

    def _monomials(self) -> Float[np.ndarray, "monomials N"]:
        """A basis of the exponent vectors of Laurent monomials that the tori leave alone."""
        n, columns = self.model.parameters, []
        for action in self.continuous:
            generator, target, _, value = action.entries(self.places)
            exponents = np.zeros((action.generators, n), dtype=np.int64)
            np.add.at(exponents, (generator, target), value)
            columns.extend(exponents.tolist())
        k = len(columns)
        rows = [[columns[j][i] for j in range(k)] + [int(i == e) for e in range(n)] for i in range(n)]
        reduced = flint.fmpz_mat(rows).hnf() if k else flint.fmpz_mat(rows)
        kernel = [[int(reduced[i, k + e]) for e in range(n)] for i in range(n) if all(int(reduced[i, j]) == 0 for j in range(k))]
        return np.array(flint.fmpz_mat(kernel).lll().tolist(), dtype=np.float64) if kernel else np.zeros((0, n))

    def _by_monomials(self, w: Array, other: Array) -> bool:
        zero, also = self._zeros(w), self._zeros(other)
        if (zero != also).any():
            return False
        logs = np.log(np.where(zero, 1, other) / np.where(zero, 1, w))
        powers = self.invariants @ logs
        return bool((np.abs(np.exp(powers) - 1) < _SAME * np.maximum(1, np.abs(self.invariants).sum(axis=1))).all())

    def _zeros(self, w: Array) -> Array:
        """Which weights are zero, up to rounding."""
        sizes = np.abs(w) / self.units
        return np.asarray(sizes < 1e-9 * sizes.max())

    def _signed(self, block: str) -> list[tuple[AxisAction, int | None, int]]:
        return [(a, axis, weight) for a in self.continuous for name, axis, weight in a.axes if name == block]

    def _is_linear(self) -> bool:
        for block in self.places:
            weights = [weight for _, _, weight in self._signed(block)]
            if any(abs(v) != 1 for v in weights) or weights.count(1) > 1 or weights.count(-1) > 1:
                return False
        return True

    def _by_matrices(self, w: Array, other: Array) -> bool:
        """Solve g_+ W = g_- W' for all blocks together; a random solution of it is invertible if any is."""
        start, offsets = 0, {}
        for a in self.continuous:
            offsets[id(a)] = start
            start += a.dimension
        rows, right = [], []
        for block, places in self.places.items():
            sides = [np.zeros((places.size, start), dtype=np.complex128) for _ in range(2)]
            fixed = [w[places].reshape(-1), other[places].reshape(-1)]
            for action, axis, weight in self._signed(block):
                side = 0 if weight > 0 else 1
                sides[side] = self._acting(action, axis, weight, (w, other)[side][places], offsets[id(action)], start)
                fixed[side] = np.zeros(places.size)
            own = self.units[places].reshape(-1)
            rows.append((sides[0] - sides[1]) / own[:, None])
            right.append((fixed[1] - fixed[0]) / own)
        matrix, target = np.vstack(rows), np.concatenate(right)
        solution, *_ = np.linalg.lstsq(matrix, target, rcond=1e-9)
        if np.abs(matrix @ solution - target).max(initial=0.0) > _SAME * (np.abs(w) / self.units).max():
            return False
        _, singular, basis = np.linalg.svd(matrix)
        rank = int((singular > 1e-9 * singular.max(initial=0.0)).sum())
        rng = np.random.default_rng(0)
        general = solution + basis[rank:].conj().T @ (rng.normal(size=start - rank) + 1j * rng.normal(size=start - rank))
        return all(self._invertible(general[offsets[id(a)] :][: a.dimension], a) for a in self.continuous)

    @staticmethod
    def _acting(
        action: AxisAction, axis: int | None, weight: int, values: Array, offset: int, total: int
    ) -> Complex[np.ndarray, "entries total"]:
        """The matrix of (entries of the group element) -> (what it makes of ``values``); transposed where the weight is -1."""
        out = np.zeros((*values.shape, total), dtype=np.complex128)
        if axis is None:
            out[..., offset] = values
            return out.reshape(-1, total)
        moved, result = np.moveaxis(values, axis, 0), np.moveaxis(out, axis, 0)
        for i in range(action.size):
            if action.kind is Kind.TORUS:
                result[i, ..., offset + i] = moved[i]
            else:
                for j in range(action.size):
                    entry = i * action.size + j if weight > 0 else j * action.size + i
                    result[i, ..., offset + entry] = moved[j]
        return out.reshape(-1, total)

    @staticmethod
    def _invertible(entries: Array, action: AxisAction) -> bool:
        if action.kind is Kind.TORUS:
            return bool((np.abs(entries) > 1e-7 * np.abs(entries).max()).all())
        values = np.linalg.svd(entries.reshape(action.size, action.size), compute_uv=False)
        return bool(values[-1] > 1e-7 * values[0])
