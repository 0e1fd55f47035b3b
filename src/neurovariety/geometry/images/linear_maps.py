"""Membership in linear networks: the rank of a matrix, with an exact rank factorization as witness.

The functions of a linear network of widths d_0, ..., d_L are x -> M x with rank(M) <= r = min(d_l), over any field; the set is
closed. With biases a free constant vector is added.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod

from neurovariety.architectures.architecture import Architecture
from neurovariety.architectures.families.diagonal import Diagonal
from neurovariety.architectures.families.linear import Linear
from neurovariety.architectures.families.mlp import MLP
from neurovariety.geometry.images.decision import Decision, excluded, realizable, statement
from neurovariety.geometry.images.target import Target
from neurovariety.geometry.real.rational_matrices import Matrix, minor_sentence, nonzero_minor, rank_factorization

ROUTE = "rank of a matrix over Q"
_ZERO, _ONE = Fraction(0), Fraction(1)


def decide_linear(architecture: Architecture, target: Target) -> Decision | None:
    """The decision for a linear or diagonal network, or an mlp with linear activations; None for other architectures."""
    if isinstance(architecture, Diagonal):
        return _diagonal(architecture, target)
    if isinstance(architecture, Linear):
        return _ranked(architecture.widths, _ONE, False, target)
    if isinstance(architecture, MLP) and all(a.is_linear for a in architecture.activations):
        scale = prod((Fraction(a.terms[0][1] or 0) for a in architecture.activations), start=_ONE)
        return _ranked(architecture.widths, scale, architecture.bias, target) if scale else None
    return None


def _ranked(widths: tuple[int, ...], scale: Fraction, bias: bool, target: Target) -> Decision:
    """``scale``: the product of the slopes of the activations, all in the last layer's witness."""
    theorem = statement(
        "matrices of bounded rank",
        f"the functions are the matrices of rank at most {min(widths)}{' and any constant' if bias else ''}, a closed set",
        "trager2020",
    )
    wrong = target.other_degree({0, 1} if bias else {1})
    if wrong is not None:
        return excluded(ROUTE, wrong, theorem)
    n, r = widths[0], min(widths)
    matrix = [[target.coefficients.get((o, _unit(n, i)), _ZERO) for i in range(n)] for o in range(widths[-1])]
    left, right = rank_factorization(matrix, n)
    rank = len(right)
    if rank > r:
        minor = nonzero_minor(matrix, n, r + 1)
        return excluded(ROUTE, minor_sentence(minor, "the matrix of the target"), theorem, rank=rank)
    layers = len(widths) - 1
    blocks: list[Matrix] = []
    for l in range(1, layers + 1):
        rows, columns = widths[l], widths[l - 1]
        if layers == 1:
            blocks.append(matrix)
        elif l == 1:
            blocks.append(right + [[_ZERO] * columns] * (rows - rank))
        elif l == layers:
            blocks.append([[v / scale for v in row] + [_ZERO] * (columns - rank) for row in left])
        else:
            blocks.append([[Fraction(int(i == j < rank)) for j in range(columns)] for i in range(rows)])
    weights = [v for block in blocks for row in block for v in row]
    if bias:
        constants = [target.coefficients.get((o, (0,) * n), _ZERO) for o in range(widths[-1])]
        # The flat vector holds the blocks in the order of their names: W1, ..., WL, b1, ..., bL.
        weights = [*weights, *([_ZERO] * sum(widths[1:-1])), *constants]
    return realizable(ROUTE, weights, theorem, rank=rank)


def _diagonal(architecture: Diagonal, target: Target) -> Decision:
    theorem = statement(
        "diagonal networks are all linear forms", "every linear form is a product with vectors of ones", "woodworth2020"
    )
    wrong = target.other_degree({1})
    if wrong is not None:
        return excluded(ROUTE, wrong, theorem)
    n = architecture.width
    form = [target.coefficients.get((0, _unit(n, i)), _ZERO) for i in range(n)]
    return realizable(ROUTE, form + [_ONE] * (n * (architecture.layers - 1)), theorem)


def _unit(n: int, i: int) -> tuple[int, ...]:
    return tuple(int(k == i) for k in range(n))
