"""Equations of a parametrized variety by exact interpolation, degree by degree and weight by weight.

An equation of degree k is a vector in the kernel of the matrix of all monomials of degree k in the coordinates, evaluated at enough
points of the variety. The gradings of the coordinates cut that matrix into blocks. Ranks are taken mod p; what they prove is said at
`EquationsOfDegree`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb, gcd, lcm

import flint
import numpy as np

from neurovariety.certificates.functions import Equation, Term
from neurovariety.certificates.hilbert_function import FormsPlace
from neurovariety.certificates.zeros import NotShown
from neurovariety.errors import ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.linear_algebra import echelon, kernel, matmul_mod, random_prime, rank, rational_kernel, reduce_mod
from neurovariety.rings.ring import Array
from neurovariety.tolerances import PRIME_BITS

_EXTRA_POINTS = 8
_WEIGHT_RANGE = 10**6
_MAX_PRIMES = 200
_MOST_OVER_Q = 150
_MOST_ENTRIES = 10**5
"""Rows or columns, and entries, of a matrix whose rank is taken over Q."""


@dataclass(frozen=True, eq=False)
class EquationsOfDegree:
    """What interpolation finds in degree k.

    ``monomials`` of degree k in the independent coordinates; ``equations`` is the dimension of the equations among them mod p, an upper
    bound of the true dimension; ``generators`` are those that the lower degrees do not imply, over Q.
    """

    degree: int
    monomials: int
    equations: int
    generators: tuple[Equation, ...]
    place: FormsPlace
    """Where as many forms as are no equations were seen to be independent."""


@dataclass(frozen=True, eq=False)
class _Block:
    """Monomials of one weight, as sorted codes, and the kernel mod p (columns) among them."""

    codes: Array
    kernel: Array


@dataclass(eq=False)
class EquationSearch:
    """Equations of the variety of ``coordinates``, to be asked degree by degree: 1, 2, 3, ...

    Where the variety is not known to be a cone, a last coordinate with the constant value 1 makes equations homogeneous.
    """

    coordinates: Coordinates
    rng: np.random.Generator
    kept: tuple[int, ...] = ()
    """Coordinates that no linear equation expresses in earlier ones (known after degree 1)."""
    _blocks: dict[tuple[int, ...], _Block] = field(default_factory=dict)
    _weights: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    _prime: int = 0
    _points: Array = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int64))
    _values: dict[int, Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._weights = self.coordinates.grading
        if not self.coordinates.is_cone:
            self._weights = np.concatenate([self._weights, np.zeros((1, self._weights.shape[1]), dtype=np.int64)])
        self.kept = tuple(range(len(self._weights)))
        self._prime = random_prime(PRIME_BITS, self.rng)

    @property
    def prime(self) -> int:
        """The prime of the ranks."""
        return self._prime

    def require(self, k: int, most: int) -> None:
        """Raise `ResourceError` where there are more than ``most`` monomials of degree k."""
        size = comb(len(self.kept) + k - 1, k)
        if size > most:
            raise ResourceError(f"there are {size:,} monomials of degree {k} in {len(self.kept)} coefficients, more than {most:,}")

    def degree(self, k: int, largest_block: int, most: int) -> EquationsOfDegree:
        """All equations of degree k, given that the degrees below were asked before.

        Raises `ResourceError` where there are more than ``most`` monomials, or more than ``largest_block`` of one weight.
        """
        self.require(k, most)
        terms = _multisets(self.kept, k)
        groups = list(_by_weight(terms, self._weights))
        largest = max(len(index) for _, index in groups)
        if largest > largest_block:
            raise ResourceError(
                f"equations of degree {k} need the rank of a matrix with {largest:,} columns, more than {largest_block:,}"
            )
        self._draw(largest + _EXTRA_POINTS)
        blocks: dict[tuple[int, ...], _Block] = {}
        generators: list[Equation] = []
        count = 0
        for weight, index in groups:
            block = terms[index]
            found = kernel(self._matrix(block, self._prime), self._prime)
            codes = self._codes(block)
            if found.shape[1]:
                order = np.argsort(codes)
                blocks[weight] = _Block(codes[order], found[order])
                count += found.shape[1]
                generators += self._new(weight, block, codes, found)
        self._blocks = blocks
        place = FormsPlace(k, self.kept, self._prime, self._points)
        if k == 1:
            implied = {max(t for t, _ in g.terms)[0] for g in generators}
            # Each linear equation expresses its last free coordinate; the others stay.
            self.kept = tuple(j for j in self.kept if j not in implied)
            self._blocks = {}
        return EquationsOfDegree(k, len(terms), count, tuple(generators), place)

    def _draw(self, points: int) -> None:
        if len(self._points) < points:
            self._points = self.rng.integers(-_WEIGHT_RANGE, _WEIGHT_RANGE + 1, size=(points, self.coordinates.parameters))
            self._values = {}

    def _matrix(self, terms: Array, p: int) -> Array:
        """The monomials ``terms`` (index rows) at as many points as they need, mod p."""
        if p not in self._values:
            values = self.coordinates.at(self._points, p)
            if len(self._weights) > self.coordinates.count:
                values = np.concatenate([values, np.ones((len(values), 1))], axis=1)
            self._values[p] = values
        return _values_of(terms, self._values[p], p)

    def _codes(self, terms: Array) -> Array:
        return _codes(terms, len(self._weights) + 1)

    def _new(self, weight: tuple[int, ...], terms: Array, codes: Array, found: Array) -> list[Equation]:
        """Equations over Q of a block that are independent modulo the multiples of those of one degree less."""
        old = self._multiples(weight, terms, codes)
        p = self._prime
        if found.shape[1] == (rank(old, p) if len(old) else 0):
            return []
        primes = (random_prime(PRIME_BITS, self.rng) for _ in range(_MAX_PRIMES))
        basis = rational_kernel(lambda q: self._matrix(terms, q), primes)
        basis.sort(key=lambda v: (sum(map(bool, v)), [-i for i, c in enumerate(v) if c][-1]))
        vectors = np.array([[c.numerator * pow(c.denominator, -1, p) % p for c in v] for v in basis], dtype=np.float64)
        pivots = echelon(np.ascontiguousarray(np.concatenate([old, vectors]).T), p).pivot_columns
        return [_equation(terms, basis[int(i) - len(old)]) for i in pivots if i >= len(old)]

    def _multiples(self, weight: tuple[int, ...], terms: Array, codes: Array) -> Array:
        """The products coordinate * equation of one degree less that fall into this block, one a row, mod p."""
        found = _raised(weight, codes, terms.shape[1], self._blocks, self.kept, self._weights)
        if len(found) > len(terms) + _EXTRA_POINTS:
            # Random combinations span the same space but for a chance of about 1/p, which would cost a superfluous generator.
            mix = self.rng.integers(0, self._prime, size=(len(terms) + _EXTRA_POINTS, len(found))).astype(np.float64)
            found = matmul_mod(mix, found, self._prime)
        return found


def _values_of(terms: Array, values: Array, p: int) -> Array:
    """Monomials (index rows) at as many points as they need, mod p, from the values of the coordinates (points, coordinates)."""
    values = values[: len(terms) + _EXTRA_POINTS]
    out = values[:, terms[:, 0]]
    for k in range(1, terms.shape[1]):
        out = reduce_mod(out * values[:, terms[:, k]], p)
    return out


def _codes(terms: Array, base: int) -> Array:
    """A number for each monomial."""
    ordered = np.sort(terms, axis=1)
    codes = np.zeros(len(terms), dtype=np.int64)
    for k in range(terms.shape[1]):
        codes = codes * base + ordered[:, k]
    return codes


def _raised(
    weight: tuple[int, ...],
    codes: Array,
    degree: int,
    blocks: Mapping[tuple[int, ...], _Block],
    kept: tuple[int, ...],
    weights: Array,
) -> Array:
    """The products coordinate * equation of one degree less that fall into the block with these codes, one a row, mod p."""
    order = np.argsort(codes)
    rows: list[Array] = []
    base = len(weights) + 1
    for j in kept:
        lower = blocks.get(tuple(int(v) for v in np.array(weight, dtype=np.int64) - weights[j]))
        if lower is None:
            continue
        raised = np.concatenate([_decoded(lower.codes, base, degree - 1), np.full((len(lower.codes), 1), j)], axis=1)
        place = order[np.searchsorted(codes[order], _codes(raised, base))]
        product = np.zeros((lower.kernel.shape[1], len(codes)))
        product[:, place] = lower.kernel.T
        rows.append(product)
    return np.concatenate(rows) if rows else np.zeros((0, len(codes)))


@dataclass(frozen=True, eq=False)
class CoefficientForms:
    """The forms in the coefficients of a model: the gradings, a row of ``weights`` a variable, of which the last stands for 1 where the
    closure is no cone."""

    coordinates: Coordinates
    weights: Array

    @classmethod
    def of(cls, coordinates: Coordinates) -> CoefficientForms:
        """Those of the model with these coefficients."""
        weights = coordinates.grading
        one = np.zeros((1, weights.shape[1]), dtype=np.int64)
        return cls(coordinates, weights if coordinates.is_cone else np.concatenate([weights, one]))

    def rank(self, place: FormsPlace) -> int:
        """The rank mod p of the values of all forms of a degree at a place, weight by weight: forms of different weight are independent
        on the model if neither vanishes there."""
        values = self.coordinates.at(place.weights, place.prime)
        if len(self.weights) > self.coordinates.count:
            values = np.concatenate([values, np.ones((len(values), 1))], axis=1)
        terms = _multisets(place.kept, place.degree)
        return sum(
            rank(_values_of(terms[index], values, place.prime), place.prime, overwrite=True)
            for _, index in _by_weight(terms, self.weights)
        )

    def kept(self, equations: Sequence[Equation]) -> tuple[int, ...]:
        """The variables that linear equations leave, each of which expresses its last. Raises `NotShown` where two express the same, or
        an equation of higher degree has one of these."""
        last = [max(term[0] for term, _ in e.terms) for e in equations if e.degree == 1]
        used = {i for e in equations if e.degree > 1 for term, _ in e.terms for i in term}
        if max(used | set(last), default=0) >= len(self.weights):
            raise NotShown("forms on a cone have no variable that stands for 1")
        if len(set(last)) < len(last) or used & set(last):
            raise NotShown("the equations are not reduced by the linear ones")
        return tuple(j for j in range(len(self.weights)) if j not in last)

    def left_by(self, equations: Sequence[Equation], degree: int, p: int) -> tuple[int, ...]:
        """The dimensions mod p of the forms of degree 0, 1, ..., modulo multiples of equations."""
        kept, base = self.kept(equations), len(self.weights) + 1
        out, blocks = [1, len(kept)][: degree + 1], dict[tuple[int, ...], _Block]()
        for k in range(2, degree + 1):
            own = [e for e in equations if e.degree == k]
            if not blocks and not own:
                out.append(comb(len(kept) + k - 1, k))
                continue
            terms, grown, implied = _multisets(kept, k), dict[tuple[int, ...], _Block](), 0
            for weight, index in _by_weight(terms, self.weights):
                codes = np.sort(_codes(terms[index], base))
                rows = _raised(weight, codes, k, blocks, kept, self.weights)
                rows = np.concatenate([rows, *(row for e in own if (row := _row(e, codes, base, p)) is not None)])
                if len(rows):
                    chosen = echelon(np.ascontiguousarray(rows.T), p).pivot_columns
                    grown[weight] = _Block(codes, np.ascontiguousarray(rows[[int(i) for i in chosen]].T))
                    implied += len(chosen)
            blocks = grown
            out.append(len(terms) - implied)
        return tuple(out)

    def _homogeneous(self, equation: Equation) -> bool:
        """Whether all terms have one weight."""
        found = np.array([self.weights[list(term)].sum(axis=0) for term, _ in equation.terms])
        return bool((found == found[0]).all())

    def implied_over_q(self, equations: Sequence[Equation], degree: int) -> int | None:
        """The dimension over Q of the forms of a degree that are multiples of equations, modulo the linear ones; None where matrices
        would be large. Multiples are sorted by weight where each equation has one; else all of them are in one block."""
        kept, total = self.kept(equations), 0
        rows: dict[tuple[int, ...], list[dict[Term, int]]] = {}
        curved = [e for e in equations if 1 < e.degree <= degree]
        weights = self.weights if all(self._homogeneous(e) for e in curved) else self.weights[:, :0]
        for e in curved:
            weight = weights[list(e.terms[0][0])].sum(axis=0)
            for extra in _multisets(kept, degree - e.degree) if degree > e.degree else np.zeros((1, 0), dtype=np.int64):
                product = {tuple(sorted((*term, *extra.tolist()))): c for term, c in e.terms}
                key = tuple(int(v) for v in weight + weights[extra].sum(axis=0))
                rows.setdefault(key, []).append(product)
        for block in rows.values():
            places = {term: i for i, term in enumerate(dict.fromkeys(t for product in block for t in product))}
            if min(len(block), len(places)) > _MOST_OVER_Q or len(block) * len(places) > _MOST_ENTRIES:
                return None
            matrix = flint.fmpz_mat(len(block), len(places))
            for i, product in enumerate(block):
                for term, c in product.items():
                    matrix[i, places[term]] = c
            total += int(matrix.rank())
        return total


def _row(equation: Equation, codes: Array, base: int, p: int) -> Array | None:
    """An equation as a row of the block with these ascending codes, mod p; None where it belongs to another."""
    own = _codes(np.array([term for term, _ in equation.terms]), base)
    at = np.searchsorted(codes, own)
    if at.max() >= len(codes) or not np.array_equal(codes[at], own):
        return None
    out = np.zeros((1, len(codes)))
    out[0, at] = [c % p for _, c in equation.terms]
    return out


def _multisets(indices: tuple[int, ...], k: int) -> Array:
    """All ascending index rows of length k: shape (C(n + k - 1, k), k)."""
    n = len(indices)
    rows = np.arange(n)[:, None]
    for _ in range(k - 1):
        repeats = n - rows[:, -1]
        grown = np.repeat(rows, repeats, axis=0)
        starts = np.repeat(np.cumsum(repeats) - repeats, repeats)
        last = np.arange(len(grown)) - starts + np.repeat(rows[:, -1], repeats)
        rows = np.concatenate([grown, last[:, None]], axis=1)
    return np.array(indices, dtype=np.int64)[rows]


def _by_weight(terms: Array, weights: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
    """The weights that occur and the rows of ``terms`` that have them."""
    if not weights.shape[1]:
        yield (), np.arange(len(terms))
        return
    total = weights[terms].sum(axis=1)
    distinct, inverse = np.unique(total, axis=0, return_inverse=True)
    order = np.argsort(inverse.reshape(-1), kind="stable")
    bounds = np.searchsorted(inverse.reshape(-1)[order], np.arange(len(distinct) + 1))
    for i, weight in enumerate(distinct):
        yield tuple(int(v) for v in weight), order[bounds[i] : bounds[i + 1]]


def _decoded(codes: Array, base: int, length: int) -> Array:
    columns = []
    for _ in range(length):
        codes, digit = np.divmod(codes, base)
        columns.append(digit)
    return np.stack(columns[::-1], axis=1) if columns else np.zeros((len(codes), 0), dtype=np.int64)


def linear_equation(coefficients: Mapping[int, Fraction]) -> Equation:
    """The equation: the sum of coefficient * coordinate is 0."""
    return _equation(np.array(list(coefficients))[:, None], list(coefficients.values()))


def _equation(terms: Array, vector: list[Fraction]) -> Equation:
    """The primitive integer equation of a kernel vector, its first coefficient positive."""
    common = lcm(*(c.denominator for c in vector))
    whole = [int(c * common) for c in vector]
    shared = gcd(*whole)
    found = sorted((tuple(sorted(int(i) for i in t)), c // shared) for t, c in zip(terms, whole, strict=True) if c)
    sign = 1 if found[0][1] > 0 else -1
    return Equation(terms.shape[1], tuple((t, sign * c) for t, c in found))
