"""A stored program near given weights: what certificates on the fiber through these ask."""

from __future__ import annotations

from fractions import Fraction
from math import isfinite, lcm, log2

import flint
import numpy as np

from neurovariety.certificates.exact_system import Over
from neurovariety.certificates.fiber_at_weights import LocalSlice, Steps, Weights, residues
from neurovariety.certificates.linear_symmetries import SparseVector
from neurovariety.certificates.local_series import Series, local_quotient
from neurovariety.certificates.modular_runs import ModularRun, as_rows, field_rows
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of
from neurovariety.certificates.stored_coefficients import LARGEST_EXPANSION, Expanding, NotStored, Short, as_fraction, fmpq_of
from neurovariety.certificates.stored_maps import StoredMaps
from neurovariety.certificates.vector_fields import rank_of_rows
from neurovariety.certificates.zeros import NotShown

_MOST_GENERATORS = 250
_MOST_ORDER = 6
Directions = tuple[SparseVector, ...]


class StoredFibers(StoredMaps):
    """A program with its symmetry fields, at exact weights."""

    def fields_rank_over_q(self, at: Weights) -> int | None:
        if not self.fields_hold:
            raise NotShown("a symmetry field changes the functions")
        count = self.field_generators
        if not count or count > _MOST_GENERATORS:
            return None if count else 0
        rows = [[Fraction(0)] * self.parameters for _ in range(count)]
        for generator, target, source, factor in self.fields.tolist():
            rows[generator][target] += factor * at[source]
        return int(flint.fmpq_mat(count, self.parameters, [flint.fmpq(v.numerator, v.denominator) for r in rows for v in r]).rank())

    def fields_error_at(self, at: Weights, prime: int) -> float:
        if prime.bit_length() < SMALL_BITS:
            return 1.0
        n, common = self.parameters, lcm(*(w.denominator for w in at))
        largest = int(np.abs(self.fields[:, 3]).max(initial=1))
        row = log2(4 * n * largest * int(max((abs(w) for w in at), default=Fraction(1)) * common + 1) + 1)
        return min(1.0, n * row / (SMALL_BITS - 1) / primes_of(SMALL_BITS))

    def is_constant(self, at: Weights, directions: Directions) -> bool | None:
        context = flint.fmpq_mpoly_ctx.get([f"t{i}" for i in range(len(directions))] or ["_unused"], flint.Ordering.degrevlex)
        moved = [context.constant(flint.fmpq(w.numerator, w.denominator)) for w in at]
        for i, direction in enumerate(directions):
            for j, c in self._inside(direction):
                moved[j] = moved[j] + context.gen(i) * flint.fmpq(c.numerator, c.denominator)
        for _, q in self.coordinates:
            if len(q) * max(map(len, moved), default=1) ** int(q.total_degree()) > 64 * LARGEST_EXPANSION:
                raise NotStored("the function along the directions is too large to expand here")
            if not (q.compose(*moved, ctx=context) if moved else q).is_constant():
                return False
        return True

    def _inside(self, direction: SparseVector) -> SparseVector:
        if not all(0 <= j < self.parameters for j, _ in direction):
            raise NotShown("a direction moves a weight that is not there")
        return direction

    def _moved(self, at: Weights, directions: Directions, place: Steps) -> list[int]:
        """The weights so many steps away, mod the prime of a place."""
        p, out = place.prime, residues(at, place.prime)
        for step, direction in zip(place.steps.tolist(), directions, strict=True):
            for (j, _), c in zip(self._inside(direction), residues(tuple(c for _, c in direction), p), strict=True):
                out[j] = (out[j] + int(step) * c) % p
        return out

    def stays(self, at: Weights, directions: Directions, place: Steps) -> bool:
        run, general = ModularRun(self.program, place.prime), self.general_at(place.coefficients, place.prime)
        x = as_rows(place.inputs)
        if x.shape[1] != self.inputs:
            raise NotShown("the place has another number of inputs")
        there, here = (
            run.values(np.array(w, dtype=object), x, general) for w in (self._moved(at, directions, place), residues(at, place.prime))
        )
        return bool(np.array_equal(there, here))

    def stays_error(self, at: Weights, directions: Directions, place: Steps) -> float:
        if place.prime.bit_length() < SMALL_BITS:
            return 1.0
        sizes = [abs(w) for w in at]
        for direction in directions:
            for j, c in self._inside(direction):
                sizes[j] += abs(c)
        common = lcm(*(v.denominator for v in sizes), *(c.denominator for d in directions for _, c in d))
        bits = log2(int(common * max((common * v for v in sizes), default=Fraction(1)) + 2))
        d = self.bounds
        degree, height = d.inputs + d.weights, d.log_norm + 1 + d.weights * bits
        if d.below:
            degree, height = 2 * (degree + d.below), 2 * (height + d.below * bits) + 1
        once = degree / 2.0 ** (SMALL_BITS - 1) + height / (SMALL_BITS - 1) / primes_of(SMALL_BITS)
        return min(1.0, once) if isfinite(once) else 1.0

    def swept_rank(self, at: Weights, directions: Directions, place: Steps) -> int:
        if not self.fields_hold:
            raise NotShown("a symmetry field changes the functions")
        p = place.prime
        rows = [[0] * self.parameters for _ in directions]
        for row, direction in zip(rows, directions, strict=True):
            for (j, _), c in zip(self._inside(direction), residues(tuple(c for _, c in direction), p), strict=True):
                row[j] = c
        return rank_of_rows([*field_rows(self.fields, self.field_generators, self._moved(at, directions, place), p), *rows], p)

    def local_dimension(self, piece: LocalSlice, order: int, prime: int) -> int:
        if order > _MOST_ORDER or len(piece.coefficients) != len(self.coefficients):
            raise NotShown(f"the model's coefficients are expected, and terms of at most order {_MOST_ORDER}")
        if any(c is not None and c != given for c, given in zip(self.coefficients, piece.coefficients, strict=True)):
            raise NotShown("the coefficients are not those of the model")
        return local_quotient(self._equations_along(piece), piece.directions.shape[1], order, prime)

    def _equations_along(self, piece: LocalSlice) -> list[Series]:
        """f at w + B t less f at w, at the inputs of a piece, as polynomials in t."""
        if self.bounds.below:
            raise NotStored("a rational function is not expanded here")
        n, m = piece.directions.shape
        x = as_rows(piece.inputs)
        if n != self.parameters or x.shape[1] != self.inputs:
            raise NotShown("the piece has another number of weights or inputs")
        context = flint.fmpq_mpoly_ctx.get([f"t{i}" for i in range(m)] or ["_unused"], flint.Ordering.degrevlex)
        run = Expanding(context)
        moved = [
            sum((context.gen(k) * int(b) for k, b in enumerate(row)), context.constant(fmpq_of(w)))
            for w, row in zip(piece.at, piece.directions.tolist(), strict=True)
        ]
        general = [run.constant(fmpq_of(c)) for known, c in zip(self.coefficients, piece.coefficients, strict=True) if known is None]
        out: list[Series] = []
        for row in x.tolist():
            own = [*map(Short, moved), *(run.constant(int(v)) for v in row), *general]
            for f in Over(self.program, run.constant)(own):
                terms = {tuple(map(int, e))[:m]: as_fraction(c) for e, c in f.value.to_dict().items()}
                out.append({e: c for e, c in terms.items() if any(e)})
        return out
