"""Where a function lies relative to the functions of a model with real weights, by theorems on the set these are.

The set is what the family states: matrices of bounded rank, quadratic forms of bounded rank, squares of binary forms, sums of few
powers of binary forms, products of real filters. The conditions are taken here from the coefficients of the target, exactly.
Sources: Trager, Kohn, Bruna 2020; Kileel, Trager, Bruna 2019; Kubjas, Li, Wiesmann 2024; Sylvester 1851; Kohn, Merkh, Montufar,
Trager 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb
from typing import Protocol, runtime_checkable

import flint

from neurovariety.certificates.functions import Functions
from neurovariety.certificates.realized import REALIZABLE, Target
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

CLOSURE_ONLY, EXCLUDED = "closure only", "excluded"
Matrix = list[list[Fraction]]
_ZERO = Fraction(0)


@runtime_checkable
class StatedImage(Functions, Protocol):
    """A model whose family states which set its functions are."""

    @property
    def image_facts(self) -> tuple[str, tuple[int, ...]] | None:
        """The kind of the set, a key of `POSITIONS`, and its numbers; None for another kind."""
        ...


def rank(matrix: Matrix) -> int:
    """The rank over Q."""
    if not matrix or not matrix[0]:
        return 0
    entries = [flint.fmpq(v.numerator, v.denominator) for row in matrix for v in row]
    return int(flint.fmpq_mat(len(matrix), len(matrix[0]), entries).rank())


def real_roots(form: Sequence[Fraction]) -> tuple[int, int]:
    """Real roots in P^1 of a nonzero binary form, coefficients in ascending powers: with multiplicity, and different ones (Sturm)."""
    top = max(i for i, c in enumerate(form) if c)
    infinite = len(form) - 1 - top
    p = flint.fmpq_poly([flint.fmpq(c.numerator, c.denominator) for c in form[: top + 1]])
    total = different = different_real_roots(p)
    while p.degree() > 0:
        p = p.gcd(p.derivative())
        total += different_real_roots(p)
    return total + infinite, different + min(infinite, 1)


def different_real_roots(p: flint.fmpq_poly) -> int:
    """Different real roots of a polynomial (Sturm)."""
    if p.degree() < 1:
        return 0
    chain = [p, p.derivative()]
    while chain[-1].degree() > 0:
        rest = chain[-2] % chain[-1]
        if not rest:
            break
        chain.append(-rest)
    leading = [q[q.degree()] for q in chain]
    at_minus = [c if q.degree() % 2 == 0 else -c for c, q in zip(leading, chain, strict=True)]
    return _changes(at_minus) - _changes(leading)


def _changes(values: Sequence[flint.fmpq]) -> int:
    return sum((a > 0) != (b > 0) for a, b in pairwise(values))


def _degrees(target: Target) -> set[int]:
    return {sum(e) for (_, e), c in target.items() if c}


def _unit(n: int, *at: int) -> tuple[int, ...]:
    return tuple(sum(i == k for k in at) for i in range(n))


def _matrices(target: Target, inputs: int, outputs: int, most: int, bias: int) -> str:
    if not _degrees(target) <= ({0, 1} if bias else {1}):
        return EXCLUDED
    matrix = [[target.get((o, _unit(inputs, i)), _ZERO) for i in range(inputs)] for o in range(outputs)]
    return REALIZABLE if rank(matrix) <= most else EXCLUDED


def _quadrics(target: Target, inputs: int, most: int, bias: int) -> str:
    """Of rank A at most m; with biases where the bordered matrix has such a rank for some corner, a limit where (A | b) has."""
    if not _degrees(target) <= ({0, 1, 2} if bias else {2}):
        return EXCLUDED
    n = range(inputs)
    a = [[target.get((0, _unit(inputs, i, j)), _ZERO) / (1 if i == j else 2) for j in n] for i in n]
    alone = rank(a)
    if not bias:
        return REALIZABLE if alone <= most else EXCLUDED
    beside = rank([[*row, target.get((0, _unit(inputs, i)), _ZERO) / 2] for i, row in enumerate(a)])
    if beside > most:
        return EXCLUDED
    return REALIZABLE if beside == alone or alone + 2 <= most else CLOSURE_ONLY


def _binary_quadrics(target: Target, squares: int, outputs: int) -> str:
    """Spanned by so many squares: of two independent forms by the sign of M13^2 - M12 M23."""
    if not _degrees(target) <= {2}:
        return EXCLUDED
    rows = [[target.get((o, e), _ZERO) for e in ((2, 0), (1, 1), (0, 2))] for o in range(outputs)]
    found = rank(rows)
    if found > squares:
        return EXCLUDED
    if squares >= 3 or not found:
        return REALIZABLE
    if found == 1:
        a, b, c = next(row for row in rows if any(row))
        return REALIZABLE if squares == 2 or b * b == 4 * a * c else EXCLUDED
    first, second = next(pair for pair in combinations(rows, 2) if rank(list(pair)) == 2)
    m12, m13, m23 = (first[i] * second[j] - first[j] * second[i] for i, j in ((0, 1), (0, 2), (1, 2)))
    sign = m13 * m13 - m12 * m23
    return REALIZABLE if sign > 0 else EXCLUDED if sign < 0 else CLOSURE_ONLY


def _power_sums(target: Target, terms: int, degree: int) -> str:
    """By the form of least degree that annihilates the target: its roots are real and different, or real, or neither."""
    if not _degrees(target) <= {degree}:
        return EXCLUDED
    if not any(target.values()):
        return REALIZABLE
    a = [target.get((0, (degree - k, k)), _ZERO) / comb(degree, k) for k in range(degree + 1)]
    for k in range(1, terms + 1):
        rows = [a[i : i + k + 1] for i in range(degree + 1 - k)]
        if rank(rows) <= k:
            g = _kernel_vector(rows)
            total, different = real_roots(g)
            return EXCLUDED if total < k else REALIZABLE if different == k else CLOSURE_ONLY
    return EXCLUDED


def _kernel_vector(rows: Matrix) -> list[Fraction]:
    """A vector that is not 0 in the kernel of a matrix whose columns are dependent."""
    width = len(rows[0])
    entries = [flint.fmpq(v.numerator, v.denominator) for row in rows for v in row]
    reduced, found = flint.fmpq_mat(len(rows), width, entries).rref()
    pivots = [next(j for j in range(width) if reduced[i, j]) for i in range(found)]
    free = next(j for j in range(width) if j not in pivots)
    out = [_ZERO] * width
    out[free] = Fraction(1)
    for i, j in enumerate(pivots):
        out[j] = -Fraction(int(reduced[i, free].p), int(reduced[i, free].q))
    return out


def _filters(target: Target, degree: int, needed: int, stride: int, inputs: int, outputs: int) -> str:
    """One filter of all outputs, with at least so many real roots."""
    if not _degrees(target) <= {1}:
        return EXCLUDED
    matrix = [[target.get((o, _unit(inputs, i)), _ZERO) for i in range(inputs)] for o in range(outputs)]
    found = matrix[0][: degree + 1]
    for o, row in enumerate(matrix):
        if row != [found[i - o * stride] if 0 <= i - o * stride <= degree else _ZERO for i in range(inputs)]:
            return EXCLUDED
    return REALIZABLE if not any(found) or real_roots(found)[0] >= needed else EXCLUDED


POSITIONS: Mapping[str, Callable[..., str]] = {
    "matrices": _matrices,
    "quadrics": _quadrics,
    "binary quadrics": _binary_quadrics,
    "power sums": _power_sums,
    "filters": _filters,
}
"""By kind of set: target and numbers -> where the target lies."""


@dataclass(frozen=True)
class PlacedByImage:
    """The ``target``, (output, exponents) -> coefficient, is realizable, a limit only, or excluded, as ``value`` says."""

    subject: str
    target: Target
    value: str

    def check(self, subject: StatedImage) -> None:
        """Raises `NotShown` where it lies elsewhere, or no theorem says where."""
        if subject.hash != self.subject or subject.image_facts is None:
            raise NotShown("no theorem is known for the functions of this model")
        kind, numbers = subject.image_facts
        found = POSITIONS[kind](self.target, *numbers)
        if found != self.value:
            raise NotShown(f"the target is {found}, not {self.value}")

    def concludes(self) -> tuple[Statement, Claim]:
        """Where it lies."""
        return Statement("membership: verdict", self.subject, self.value), Claim.PROVED
