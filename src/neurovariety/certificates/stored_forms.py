"""Forms in the coefficients of a stored program: what certificates on equations and the Hilbert function ask.

Forms are sorted by their weights under all scalings of the weights of the network that multiply each coefficient by a number: those of
different weight are independent of each other on the functions. That only makes matrices smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations_with_replacement
from math import comb, lcm, log2, prod

import flint
import numpy as np

from neurovariety.certificates.functions import Equation, Term
from neurovariety.certificates.hilbert_function import FormsPlace
from neurovariety.certificates.known_equations import WeightsPlace
from neurovariety.certificates.program_bounds import SMALL_BITS, primes_of
from neurovariety.certificates.stored_coefficients import MOST_ENTRIES, ExpandedProgram, NotStored, as_fraction, residue_at
from neurovariety.certificates.vector_fields import rank_of_rows
from neurovariety.certificates.zeros import NotShown

Weight = tuple[int, ...]
Form = Mapping[Term, int]
_EXTRA_POINTS = 8
_MOST_FORMS = 20_000


class StoredForms(ExpandedProgram):
    """A program whose outputs are polynomials. ``known_cone``: whether the functions are known to be a cone; where no scaling of the
    weights shows it, nothing is said of forms."""

    known_cone: bool

    @cached_property
    def _gradings(self) -> list[Weight] | None:
        """The weights of the coefficients under a basis of those scalings; None where the outputs are not expanded."""
        if self._parts is None:
            return None
        exponents = [[tuple(map(int, e)) for e in q.to_dict()] for _, q in self._parts]
        rows = [[a - b for a, b in zip(e, own[0], strict=True)] for own in exponents for e in own[1:]] or [[0] * self.parameters]
        kernel, nullity = flint.fmpz_mat(rows).nullspace()
        basis = [[int(kernel[i, k]) for i in range(self.parameters)] for k in range(nullity)]
        return [tuple(sum(a * e for a, e in zip(b, own[0], strict=True)) for b in basis) for own in exponents]

    @cached_property
    def _cone(self) -> bool:
        """Whether a scaling of the weights multiplies all functions by one number."""
        rows = list(map(list, self._gradings or []))
        if not rows or not rows[0]:
            return False
        return int(flint.fmpz_mat(rows).rank()) == int(flint.fmpz_mat([[*row, 1] for row in rows]).rank())

    @property
    def _weights(self) -> list[Weight]:
        """Of the variables of forms: the coefficients and, where the functions are no cone, a last one that stands for 1."""
        own = self._gradings
        if own is None:
            raise NotStored("the functions are too large to expand here, or rational")
        if self.known_cone and not self._cone:
            raise NotStored("that the functions are a cone is not shown by a scaling of weights, so forms are not rechecked")
        return own if self._cone else [*own, (0,) * len(own[0])]

    @property
    def form_variables(self) -> int:
        return len(self._weights)

    def _values(self, weights: np.ndarray, prime: int) -> list[list[int]]:
        """The variables of forms at functions, mod p."""
        if weights.ndim != 2 or weights.shape[1] != self.parameters:
            raise NotShown("the place has another number of weights")
        polynomials = [q for _, q in self.coordinates]
        last = [1] * (len(self._weights) - len(polynomials))
        return [[residue_at(q, [int(v) for v in w], prime) for q in polynomials] + last for w in weights]

    def vanishes_at(self, equation: Equation, place: WeightsPlace) -> bool:
        n, p = len(self.coordinates), place.prime
        values = [[*row[:n], 1] for row in self._values(place.weights, p)]
        return not any(sum(c * prod(row[i] for i in term) for term, c in equation.terms) % p for row in values)

    def equations_error(self, equations: tuple[Equation, ...], place: WeightsPlace) -> float:
        if place.prime.bit_length() < SMALL_BITS:
            return 1.0
        degree = max(int(q.total_degree()) for _, q in self.coordinates) * max((e.degree for e in equations), default=0)
        norm = max((_log_norm(q) for _, q in self.coordinates), default=0.0)
        height = max((log2(sum(abs(c) for _, c in e.terms)) + e.degree * norm for e in equations), default=0.0)
        once = height / (SMALL_BITS - 1) / primes_of(SMALL_BITS) + (degree / 2.0 ** (SMALL_BITS - 1)) ** len(place.weights)
        return min(1.0, len(equations) * min(1.0, once))

    def forms_rank(self, place: FormsPlace) -> int:
        if comb(len(place.kept) + place.degree - 1, place.degree) > _MOST_FORMS:
            raise NotStored("there are too many forms to be taken anew here")
        values, p, weights = self._values(place.weights, place.prime), place.prime, self._weights
        total = 0
        for block in _by_weight(combinations_with_replacement(place.kept, place.degree), weights).values():
            points = values[: len(block) + _EXTRA_POINTS]
            _few_entries(len(points), len(block))
            total += rank_of_rows([[prod(row[i] for i in term) % p for term in block] for row in points], p)
        return total

    def quotient_dimensions(self, equations: tuple[Equation, ...], degree: int, prime: int) -> tuple[int, ...]:
        kept = self._kept(equations)
        out = [comb(len(kept) + k - 1, k) if k else 1 for k in range(degree + 1)]
        for k in range(2, degree + 1):
            for block, columns in self._multiples(equations, kept, k):
                _few_entries(len(block), len(columns))
                rows = [[form.get(term, 0) for term in columns] for form in block]
                out[k] -= rank_of_rows(rows, prime)
        return tuple(out)

    def implied_over_q(self, equations: tuple[Equation, ...], degree: int) -> int | None:
        total = 0
        for block, columns in self._multiples(equations, self._kept(equations), degree):
            _few_entries(len(block), len(columns))
            total += int(flint.fmpz_mat([[form.get(term, 0) for term in columns] for form in block]).rank())
        return total

    def _kept(self, equations: Sequence[Equation]) -> tuple[int, ...]:
        """The variables that linear equations leave, each of which expresses its last. Raises `NotShown` where two express the same, or
        an equation of higher degree has one of these."""
        last = [max(term[0] for term, _ in e.terms) for e in equations if e.degree == 1]
        used = {i for e in equations if e.degree > 1 for term, _ in e.terms for i in term}
        if max(used | set(last), default=0) >= self.form_variables:
            raise NotShown("forms on a cone have no variable that stands for 1")
        if len(set(last)) < len(last) or used & set(last):
            raise NotShown("the equations are not reduced by the linear ones")
        return tuple(j for j in range(self.form_variables) if j not in last)

    def _multiples(self, equations: Sequence[Equation], kept: tuple[int, ...], degree: int) -> Iterator[tuple[list[Form], list[Term]]]:
        """The products of equations of degree 2 and more by monomials that have a degree, by weight, and the monomials they have."""
        weights = self._weights
        curved = [e for e in equations if 1 < e.degree <= degree]
        if any(len({_weight(term, weights) for term, _ in e.terms}) > 1 for e in curved):
            weights = [()] * len(weights)  # an equation that is no eigenvector: all in one block
        if sum(comb(len(kept) + degree - e.degree - 1, degree - e.degree) for e in curved) > _MOST_FORMS:
            raise NotStored("there are too many multiples of equations to be taken anew here")
        blocks: dict[Weight, list[Form]] = {}
        for e in curved:
            for extra in combinations_with_replacement(kept, degree - e.degree):
                form = {tuple(sorted((*term, *extra))): c for term, c in e.terms}
                blocks.setdefault(_weight((*e.terms[0][0], *extra), weights), []).append(form)
        for block in blocks.values():
            yield block, list(dict.fromkeys(term for form in block for term in form))


def _weight(term: Term, weights: Sequence[Weight]) -> Weight:
    return tuple(map(sum, zip(*(weights[i] for i in term), strict=True)))


def _by_weight(terms: Iterable[Term], weights: Sequence[Weight]) -> dict[Weight, list[Term]]:
    found: dict[Weight, list[Term]] = {}
    for term in terms:
        found.setdefault(_weight(term, weights), []).append(term)
    return found


def _few_entries(rows: int, columns: int) -> None:
    if rows * columns > MOST_ENTRIES:
        raise NotStored(f"a matrix of {rows} x {columns} entries is too large to be taken anew here")


def _log_norm(polynomial: flint.fmpq_mpoly) -> float:
    """log2 of the sum of the absolute values of the coefficients, over their common denominator."""
    found = [as_fraction(c) for c in polynomial.coeffs()]
    common = lcm(*(c.denominator for c in found))
    return log2(max(Fraction(1), sum((abs(c) * common for c in found), Fraction(0))) * common)
