"""How many equivariant functions there can be: exactly for linear networks, from above for polynomial maps.

Linear networks. f = W_L ... W_1 is equivariant iff A = f satisfies A T = S A. Where T and S have finite order this is a choice of one
matrix for each isotypic block of the cyclic group, real for the eigenvalues 1 and -1 and complex for a pair of conjugate ones, so the
equivariant matrices of rank k are a union of products of determinantal varieties: rank k_i of size n_i x m_i has dimension
delta_i k_i (m_i + n_i - k_i), delta = 1 or 2, and k = sum of delta_i k_i. Where S = 1 they are the matrices that vanish on im(T - 1),
for every T. All matrices of one rank have fibers of one dimension (left and right multiplication moves them into each other), so the
dimension of the weights follows from that of the weights whose product has rank k, which is found layer by layer.

Polynomial maps. An equivariant function lies in the space of equivariant polynomial maps of the degrees that can occur, whose
dimension is Molien's: the mean over the cyclic group of tr(S^-j) times the trace of T^j on forms of that degree.

Sources: Kohn, Sattelberger, Shahverdi 2023 (linear networks); Molien 1897.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

import flint

MAX_ORDER = 60
"""Orders above this are not looked for: the roots of unity would ask for primes and class lists that help nobody."""

Rows = tuple[tuple[Fraction, ...], ...]


def order_of(matrix: flint.fmpq_mat) -> int | None:
    """The least q >= 1 with T^q = 1, or None where there is none up to `MAX_ORDER`.

    Powers of a matrix of finite order have whole traces of absolute value at most n, so most others are given up early.
    """
    n = matrix.nrows()
    one = flint.fmpq_mat(flint.fmpz_mat(n, n, [int(i == k) for i in range(n) for k in range(n)]))
    power = one
    for q in range(1, MAX_ORDER + 1):
        power = power * matrix
        if power == one:
            return q
        trace = sum((power[i, i] for i in range(n)), flint.fmpq(0))
        if trace.q != 1 or abs(trace) > n:
            return None
    return None


def traces_of(matrix: flint.fmpq_mat, order: int) -> list[int]:
    """The traces of T^0, ..., T^(order-1), for a T with T^order = 1: whole numbers."""
    power, found = matrix**0, []
    for _ in range(order):
        found.append(int(sum((power[i, i] for i in range(matrix.nrows())), flint.fmpq(0)).p))
        power = power * matrix
    return found


def multiplicity_of(matrix: flint.fmpq_mat, d: int) -> int:
    """How often each primitive d-th root of unity is an eigenvalue, for a map of finite order."""
    one = matrix**0
    value = one * 0
    for c in reversed(flint.fmpz_poly.cyclotomic(d).coeffs()):
        value = value * matrix + one * c
    return (matrix.nrows() - int(value.rank())) // totient(d)


def totient(d: int) -> int:
    """How many primitive d-th roots of unity there are."""
    return sum(math.gcd(k, d) == 1 for k in range(1, d + 1))


@dataclass(frozen=True)
class PairOfMaps:
    """Linear maps over Q, rows first: T of the ``inputs``, S of the ``outputs``, for f(T x) = S f(x)."""

    inputs: Rows
    outputs: Rows

    @cached_property
    def matrices(self) -> tuple[flint.fmpq_mat, flint.fmpq_mat]:
        """Both as matrices of python-flint."""
        t, s = (
            flint.fmpq_mat(len(rows), len(rows), [flint.fmpq(v.numerator, v.denominator) for row in rows for v in row])
            for rows in (self.inputs, self.outputs)
        )
        return t, s

    @cached_property
    def order(self) -> int | None:
        """The least q with T^q = 1 and S^q = 1, or None where there is none up to `MAX_ORDER`."""
        first, second = map(order_of, self.matrices)
        q = math.lcm(first or 0, second or 0)
        return q if 0 < q <= MAX_ORDER else None

    @property
    def outputs_stay(self) -> bool:
        """Whether S = 1."""
        _, s = self.matrices
        return bool(s == s**0)


@dataclass(frozen=True)
class EquivariantSizes:
    """Dimensions of the equivariant functions of a model, and of the weights that have one."""

    functions: int
    weights: int


def linear_sizes(widths: tuple[int, ...], biases: bool, maps: PairOfMaps) -> EquivariantSizes | None:
    """The dimensions for a linear network of these widths, or None for maps without a common finite order unless the outputs stay."""
    n, m, narrow = widths[0], widths[-1], min(widths)
    t, s = maps.matrices
    if maps.order is not None:
        blocks = _isotypic(t, s, maps.order)
    elif maps.outputs_stay:
        blocks = [(n - _rank_of_difference(t), m, 1)]
    else:
        return None
    by_rank = _by_rank(blocks, narrow)
    fiber = {k: _of_rank(widths, k) - k * (n + m - k) for k in by_rank}
    functions, weights = max(by_rank.values()), max(size + fiber[k] for k, size in by_rank.items())
    if biases:  # constants: hidden biases are free, the sum that reaches the output must be fixed by S
        constants = m - _rank_of_difference(s)
        return EquivariantSizes(functions + constants, weights + sum(widths[1:-1]) + constants)
    return EquivariantSizes(functions, weights)


def _isotypic(t: flint.fmpq_mat, s: flint.fmpq_mat, order: int) -> list[tuple[int, int, int]]:
    """(multiplicity in the inputs, in the outputs, delta) of each real irreducible representation of the cyclic group."""
    blocks = []
    for d in range(1, order + 1):
        if order % d:
            continue
        pairs = 1 if d <= 2 else totient(d) // 2
        blocks += [(multiplicity_of(t, d), multiplicity_of(s, d), 1 if d <= 2 else 2)] * pairs
    return blocks


def _rank_of_difference(matrix: flint.fmpq_mat) -> int:
    return int((matrix - matrix**0).rank())


def _by_rank(blocks: list[tuple[int, int, int]], narrow: int) -> dict[int, int]:
    """Rank k <= ``narrow`` -> largest dimension of the equivariant matrices of that rank, where there are any."""
    best = {0: 0}
    for m, n, delta in blocks:
        grown: dict[int, int] = {}
        for k, size in best.items():
            for here in range(min(m, n) + 1):
                total = k + delta * here
                if total <= narrow:
                    grown[total] = max(grown.get(total, 0), size + delta * here * (m + n - here))
        best = grown
    return best


@cache
def _of_rank(widths: tuple[int, ...], k: int) -> int:
    """Dimension of the weights W_1, ..., W_L whose product has rank k <= min(widths).

    Sorted by the rank h of W_1: W_1 moves in h (d_0 + d_1 - h) dimensions, the part of W_2 off its image is free, and the rest is a
    product of the same kind that starts at width h.
    """
    first, second, *rest = widths
    if not rest:
        return k * (first + second - k)
    found = []
    for h in range(k, min(first, second) + 1):
        found.append(h * (first + second - h) + (second - h) * rest[0] + _of_rank((h, *rest), k))
    return max(found)


def polynomial_maps(maps: PairOfMaps, order: int, inputs: int, outputs: int, degrees: tuple[int, int]) -> int:
    """Dimension of the equivariant polynomial maps of degrees from the least to the largest of ``degrees``, where the maps act on so
    many equal copies as the numbers of ``inputs`` and ``outputs`` say."""
    low, high = degrees
    t, s = maps.matrices
    traces = [inputs // t.nrows() * v for v in traces_of(t, order)]
    turned = [outputs // s.nrows() * v for v in traces_of(s, order)]
    total = Fraction(0)
    for j in range(order):
        forms = _on_forms([traces[(i * j) % order] for i in range(high + 1)], high)
        total += turned[-j % order] * sum(forms[low:])
    found = total / order
    assert found.denominator == 1
    return int(found)


def _on_forms(power_traces: list[int], degree: int) -> list[Fraction]:
    """Traces on forms of degrees 0 to ``degree`` of a map whose powers have the given traces (Newton's identities)."""
    found = [Fraction(1)]
    for k in range(1, degree + 1):
        found.append(sum((power_traces[i] * found[k - i] for i in range(1, k + 1)), Fraction(0)) / k)
    return found
