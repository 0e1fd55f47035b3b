"""Functions of special weights of a stored program: what certificates on membership ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import flint

from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, Coordinate, ExpandedProgram, NotStored, as_fraction


class StoredTargets(ExpandedProgram):
    """A program whose outputs are polynomials. ``image_facts``, the set that a theorem says its functions are, is taken on trust."""

    image_facts: tuple[str, tuple[int, ...]] | None

    def function_at_surds(
        self, rational: tuple[Fraction, ...], root: tuple[Fraction, ...], square: Fraction
    ) -> dict[Coordinate, tuple[Fraction, Fraction]]:
        found = {}
        for key, q in self.coordinates:
            total = (Fraction(0), Fraction(0))
            for exponents, c in q.to_dict().items():
                term = (as_fraction(c), Fraction(0))
                for a, b, e in zip(rational, root, exponents, strict=True):
                    for _ in range(int(e)):
                        term = (term[0] * a + term[1] * b * square, term[0] * b + term[1] * a)
                total = (total[0] + term[0], total[1] + term[1])
            found[key] = total
        return {key: pair for key, pair in found.items() if any(pair)}

    def spanned_by(self, rows: tuple[int, ...], target: Mapping[Coordinate, Fraction]) -> bool:
        """Here ``rows`` are asked to determine a member, whichever of those that do they are."""
        names = self.coefficient_names
        if len(set(rows)) < len(rows) or not all(0 <= i < len(names) for i in rows):
            return False
        if not {key for key, value in target.items() if value} <= set(names):
            return False
        monomials = list(dict.fromkeys(tuple(map(int, e)) for _, q in self.coordinates for e in q.to_dict()))
        if (len(monomials) + 1) * len(names) > MOST_ENTRIES:
            raise NotStored("the span of the functions is too large to be taken anew here")
        place = {e: i for i, e in enumerate(monomials)}
        matrix = flint.fmpq_mat(len(monomials), len(names))
        for j, (_, q) in enumerate(self.coordinates):
            for e, c in q.to_dict().items():
                matrix[place[tuple(map(int, e))], j] = c
        chosen = flint.fmpq_mat(len(monomials), max(len(rows), 1))
        for k, i in enumerate(rows):
            for m in range(len(monomials)):
                chosen[m, k] = matrix[m, i]
        wider = flint.fmpq_mat(len(monomials) + 1, len(names))
        for m in range(len(monomials)):
            for j in range(len(names)):
                wider[m, j] = matrix[m, j]
        for j, name in enumerate(names):
            value = target.get(name, Fraction(0))
            wider[len(monomials), j] = flint.fmpq(value.numerator, value.denominator)
        rank = matrix.rank()
        return bool(rank == len(rows) == chosen.rank() and wider.rank() == rank)

    def coefficient_balls(
        self, rows: tuple[int, ...], weights: Sequence[flint.arb], columns: tuple[int, ...]
    ) -> tuple[list[flint.arb], list[list[flint.arb]]]:
        chosen = [self.coordinates[i][1] for i in rows]
        return [_ball(q, weights) for q in chosen], [[_ball(q.derivative(k), weights) for k in columns] for q in chosen]


def _ball(polynomial: flint.fmpq_mpoly, at: Sequence[flint.arb]) -> flint.arb:
    total = flint.arb(0)
    for exponents, c in polynomial.to_dict().items():
        term = flint.arb(c)
        for w, e in zip(at, exponents, strict=True):
            for _ in range(int(e)):
                term = term * w
        total = total + term
    return total
