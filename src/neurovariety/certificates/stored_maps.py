"""Linear maps of the weights of a stored program, in the unknowns of an ansatz: what certificates on linear symmetries ask."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import lcm, log2, prod

import flint
import numpy as np

from neurovariety.certificates.linear_symmetries import AnsatzScope, MapsPlace, SparseVector
from neurovariety.certificates.modular_runs import ModularRun
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, ExpandedProgram, NotStored
from neurovariety.certificates.vector_fields import rank_of_rows, residue
from neurovariety.certificates.zeros import NotShown

Position = tuple[int, int]
"""(target, source) of an entry of a matrix."""


class StoredMaps(ExpandedProgram):
    """A program with ``fields``, rows (generator, target, source, factor), and the shapes of the ``blocks`` of its weights."""

    fields: np.ndarray
    blocks: tuple[tuple[int, ...], ...]

    @property
    @abstractmethod
    def fields_hold(self) -> bool:
        """Whether the fields leave every function as it is."""

    @property
    def field_generators(self) -> int:
        return int(self.fields[:, 0].max(initial=-1)) + 1

    @cached_property
    def _within_blocks(self) -> list[Position]:
        starts = np.cumsum([0, *(prod(shape) for shape in self.blocks)]).tolist()
        if starts[-1] != self.parameters:
            raise NotShown("the blocks have another number of weights")
        return [(t, s) for a, b in pairwise(starts) for t in range(a, b) for s in range(a, b)]

    def _positions(self, ansatz: AnsatzScope) -> list[Position]:
        """Where the unknowns of an ansatz stand, one each."""
        if ansatz == "all":
            return [(t, s) for t in range(self.parameters) for s in range(self.parameters)]
        if ansatz == "block-diagonal":
            return self._within_blocks
        raise NotStored("linear maps along the axes of blocks are not stored")

    def ansatz_unknowns(self, ansatz: AnsatzScope) -> int:
        return len(self._positions(ansatz))

    def map_of(self, ansatz: AnsatzScope, vector: SparseVector) -> dict[Position, Fraction]:
        places, out = self._positions(ansatz), dict[Position, Fraction]()
        for u, c in vector:
            if not 0 <= u < len(places):
                raise NotShown(f"the ansatz has {len(places)} unknowns")
            out[places[u]] = out.get(places[u], Fraction(0)) + c
        return {k: v for k, v in out.items() if v}

    def _equations(self, place: MapsPlace) -> Iterable[tuple[np.ndarray, list[int]]]:
        """Jacobians, and the weights they are taken at."""
        if place.weights is None or place.inputs is None:
            raise NotStored("the points were too large to be kept")
        if place.weights.ndim != 2 or place.weights.shape[1] != self.parameters or len(place.inputs) != len(place.weights):
            raise NotShown("the place has another number of weights or inputs")
        run, general = ModularRun(self.program, place.prime), self.general_at(place.coefficients, place.prime)
        for w, x in zip(place.weights, place.inputs, strict=True):
            rows = run.jacobians(w, x.reshape(-1, self.inputs), general)[..., : self.parameters]
            yield rows.reshape(-1, self.parameters), [int(v) % place.prime for v in w]

    def general_at(self, coefficients: np.ndarray, prime: int) -> list[int]:
        """The general coefficients among those of a place. Raises `NotShown` where the others are not the model's."""
        given = [int(v) for v in coefficients.reshape(-1)]
        if len(given) != len(self.coefficients):
            raise NotShown("the place has another number of coefficients")
        for value, c in zip(given, self.coefficients, strict=True):
            if c is not None and (c.denominator * value - c.numerator) % prime:
                raise NotShown("a coefficient at the place is not that of the model")
        return [v for v, c in zip(given, self.coefficients, strict=True) if c is None]

    def maps_rank(self, place: MapsPlace) -> int:
        positions, p = self._positions(place.ansatz), place.prime
        targets, sources = [t for t, _ in positions], [s for _, s in positions]
        height = 0 if place.inputs is None else place.inputs.size // max(self.inputs, 1) * self.outputs
        if height * len(positions) > MOST_ENTRIES:
            raise NotStored("the equations of linear maps are too large to be taken anew here")
        rows = [(j[:, targets].astype(object) * np.array(w, dtype=object)[sources] % p).tolist() for j, w in self._equations(place)]
        return rank_of_rows([row for block in rows for row in block], p)

    def maps_vanish(self, vectors: tuple[SparseVector, ...], place: MapsPlace) -> bool:
        p = place.prime
        for j, w in self._equations(place):
            moved = np.array(self._fields_of(place.ansatz, vectors, p, w), dtype=object).reshape(len(vectors), self.parameters)
            if (j.astype(object) @ moved.T % p).any():
                return False
        return True

    def _fields_of(self, ansatz: AnsatzScope, vectors: tuple[SparseVector, ...], p: int, at: list[int]) -> list[list[int]]:
        """The fields A w mod p, one a row."""
        rows = []
        for vector in vectors:
            row = [0] * self.parameters
            for (target, source), c in self.map_of(ansatz, vector).items():
                row[target] = (row[target] + residue(c, p) * at[source]) % p
            rows.append(row)
        return rows

    def maps_fields_rank(self, ansatz: AnsatzScope, vectors: tuple[SparseVector, ...], prime: int, weights: np.ndarray) -> int:
        if weights.shape != (self.parameters,):
            raise NotShown("the fields are taken at another number of weights")
        return rank_of_rows(self._fields_of(ansatz, vectors, prime, [int(w) % prime for w in weights]), prime)

    def maps_error(self, vectors: tuple[SparseVector, ...], place: MapsPlace) -> float:
        self._positions(place.ansatz)
        if place.prime.bit_length() < SMALL_BITS:
            return 1.0
        once, total = self.bounds.rank_error(1, SMALL_BITS, True, False), 0.0
        for vector in vectors:
            common = lcm(*(c.denominator for _, c in vector))
            size = int(sum(abs(c) * common for _, c in vector))
            total += once + (2 * log2(size) + 1) / (SMALL_BITS - 1) / primes_of(SMALL_BITS)
        return min(1.0, total)

    def is_symmetry(self, ansatz: AnsatzScope, vector: SparseVector) -> bool | None:
        entries = self.map_of(ansatz, vector)
        names = [f"w{i}" for i in range(self.parameters)]
        context = flint.fmpq_mpoly_ctx.get(names, flint.Ordering.degrevlex)
        for _, q in self.coordinates:
            total = context.constant(0)
            for (target, source), c in entries.items():
                total = total + q.derivative(target) * context.gen(source) * flint.fmpq(c.numerator, c.denominator)
            if total != 0:
                return False
        return True

    def _stated(self, ansatz: AnsatzScope) -> list[list[int]]:
        """The stated fields as matrices, one a row, at the positions of the ansatz. Raises `NotShown` where one has others."""
        if not self.fields_hold:
            raise NotShown("a symmetry field changes the functions")
        place = {key: i for i, key in enumerate(self._positions(ansatz))}
        used = {(target, source) for _, target, source, _ in self.fields.tolist()}
        if not used <= place.keys():
            raise NotShown("a stated symmetry is no map of the ansatz")
        column = {key: i for i, key in enumerate(sorted(used))}
        rows = [[0] * len(column) for _ in range(self.field_generators)]
        for generator, target, source, factor in self.fields.tolist():
            rows[generator][column[target, source]] += factor
        return rows

    def stated_maps_rank(self, ansatz: AnsatzScope, prime: int) -> int:
        return rank_of_rows(self._stated(ansatz), prime)

    def stated_maps_over_q(self, ansatz: AnsatzScope) -> int | None:
        rows = self._stated(ansatz)
        return int(flint.fmpz_mat(rows).rank()) if rows and rows[0] else 0
