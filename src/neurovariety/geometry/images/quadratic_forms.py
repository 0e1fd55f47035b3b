"""Membership in shallow quadratic networks with one output: the rank of a symmetric matrix.

f(x) = c sum_i a_i (w_i . x)^2 over m neurons is x^T A x with A symmetric of rank at most m, of any signature because the a_i may
have either sign; the set is closed, and a diagonalization over Q (Lagrange) gives rational weights.

With biases, f(x) = x^T A x + 2 b . x + t is realizable where for some corner s the bordered matrix ((A, b), (b^T, s)) has rank at
most m, since the bias of the output is free. The least rank over s is rank A where b lies in the image of A, else rank A + 2. The
closure is larger: (A, b) is a limit where rank (A | b) <= m, because A + e b b^T has that rank and b in its image, and because no
matrix of larger rank is a limit of matrices of rank at most m.
"""

from __future__ import annotations

from fractions import Fraction

from neurovariety.geometry.images.decision import Decision, Finding, excluded, realizable, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.images.witness_weights import weights_of_affine_squares, weights_of_powers
from neurovariety.geometry.real.rational_matrices import Matrix, echelon_form, minor_sentence, nonzero_minor, sum_of_squares
from neurovariety.image import Quadrics
from neurovariety.model import Model
from neurovariety.result import counted

ROUTE = "rank of a symmetric matrix over Q"
_ZERO = Fraction(0)
CLOSED = statement(
    "quadratic forms of bounded rank",
    "the functions of m quadratic neurons and one output are the quadratic forms of rank at most m, of any signature: a closed set",
    "kileel2019",
)
BORDERED = statement(
    "quadratic polynomials of bounded rank",
    "with biases the functions are the polynomials whose bordered matrix has rank at most m for some constant term; they are "
    "not closed",
    "kileel2019",
)


def decide_quadric(image: Quadrics, model: Model, target: Target) -> Decision:
    """The decision for quadratic forms of bounded rank, or for quadratic polynomials where there are biases."""
    n, m = image.inputs, image.rank
    wrong = target.other_degree({0, 1, 2} if image.bias else {2})
    if wrong is not None:
        return excluded(ROUTE, wrong, BORDERED if image.bias else CLOSED)
    a = [[_entry(target, n, i, j) for j in range(n)] for i in range(n)]
    if image.bias:
        return _with_bias(a, model, target, n, m)
    squares = sum_of_squares(a)
    signature = _signature(squares)
    if len(squares) > m:
        sentence = minor_sentence(nonzero_minor(a, n, m + 1), "the symmetric matrix of the target")
        return excluded(ROUTE, sentence, CLOSED, rank=len(squares), signature=signature)
    witness = weights_of_powers(model, [form for _, form in squares], [[d for d, _ in squares]], Fraction)
    return realizable(ROUTE, witness, CLOSED, rank=len(squares), signature=signature)


def _with_bias(a: Matrix, model: Model, target: Target, n: int, m: int) -> Decision:
    b = [target.coefficients.get((0, tuple(int(k == i) for k in range(n))), _ZERO) / 2 for i in range(n)]
    constant = target.coefficients.get((0, (0,) * n), _ZERO)
    bordered = [[*row, v] for row, v in zip(a, b, strict=True)]
    rows, pivots = echelon_form(bordered, n + 1)
    inside = n not in pivots
    rank, least = len(rows) - (not inside), len(rows) + (not inside)
    if len(rows) > m:
        sentence = minor_sentence(nonzero_minor(bordered, n + 1, m + 1), "the matrix (A | b) of the target x^T A x + 2 b . x + t")
        return excluded(ROUTE, sentence, BORDERED, rank=rank, bordered_rank=least)
    if least > m:
        violated = (
            f"the bordered matrix has rank at least rank A + 2 = {least} for every constant term, because b is not in the image of A; "
            f"{counted(m, 'neuron')} cannot give more than {m}"
        )
        return Decision(Finding.CLOSURE_ONLY, ROUTE, None, violated, (BORDERED,), {"rank": rank, "bordered_rank": least})
    corner = _ZERO
    if inside:  # A y = b, read off the echelon form; the corner b^T y adds nothing to the rank
        y = [_ZERO] * n
        for row, pivot in zip(rows, pivots, strict=True):
            y[pivot] = row[n]
        corner = sum((u * v for u, v in zip(b, y, strict=True)), _ZERO)
    squares = sum_of_squares([*bordered, [*b, corner]])
    witness = weights_of_affine_squares(model, [form for _, form in squares], [[d for d, _ in squares]], [constant])
    return realizable(ROUTE, witness, BORDERED, rank=rank, bordered_rank=len(squares))


def _entry(target: Target, n: int, i: int, j: int) -> Fraction:
    exponents = tuple(int(k == i) + int(k == j) for k in range(n))
    return target.coefficients.get((0, exponents), _ZERO) / (1 if i == j else 2)


def _signature(squares: list[tuple[Fraction, list[Fraction]]]) -> list[int]:
    return [sum(d > 0 for d, _ in squares), sum(d < 0 for d, _ in squares)]
