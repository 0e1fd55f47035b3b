"""Membership among matrices: the rank, with an exact rank factorization as witness.

The functions of a linear network of widths d_0, ..., d_L are x -> M x with rank(M) <= r = min(d_l), over any field; the set is
closed. With biases a free constant vector is added. A diagonal network has all linear forms, r = 1.
"""

from __future__ import annotations

from fractions import Fraction

from neurovariety.geometry.images.decision import Decision, excluded, realizable, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.images.witness_weights import weights_of_matrix
from neurovariety.geometry.real.rational_matrices import minor_sentence, nonzero_minor, rank_factorization
from neurovariety.image import Matrices
from neurovariety.model import Model

ROUTE = "rank of a matrix over Q"
_ZERO = Fraction(0)


def decide_matrix(image: Matrices, model: Model, target: Target) -> Decision:
    """The decision for matrices of bounded rank, with or without constants; the witness is None for a
    parametrization without a procedure."""
    theorem = statement(
        "matrices of bounded rank",
        f"the functions are the matrices of rank at most {image.rank}{' and any constant' if image.bias else ''}, a closed set",
        "trager2020",
    )
    wrong = target.other_degree({0, 1} if image.bias else {1})
    if wrong is not None:
        return excluded(ROUTE, wrong, theorem)
    n = image.inputs
    matrix = [[target.coefficients.get((o, _unit(n, i)), _ZERO) for i in range(n)] for o in range(image.outputs)]
    rank = len(rank_factorization(matrix, n)[1])
    if rank > image.rank:
        minor = nonzero_minor(matrix, n, image.rank + 1)
        return excluded(ROUTE, minor_sentence(minor, "the matrix of the target"), theorem, rank=rank)
    constants = [target.coefficients.get((o, (0,) * n), _ZERO) for o in range(image.outputs)]
    return realizable(ROUTE, weights_of_matrix(model.parametrization, model, matrix, constants), theorem, rank=rank)


def _unit(n: int, i: int) -> tuple[int, ...]:
    return tuple(int(k == i) for k in range(n))
