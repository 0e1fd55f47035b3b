"""Weights of given functions: how each kind of parametrization makes a matrix, or a sum of powers of linear forms."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import singledispatch
from itertools import pairwise
from math import prod
from typing import TypeVar

from neurovariety.errors import VerificationError
from neurovariety.geometry.real.rational_matrices import Matrix, rank_factorization
from neurovariety.geometry.real.surds import Surd
from neurovariety.image import RationalFunction
from neurovariety.model import Model
from neurovariety.parametrization import EntrywiseProduct, Layers

Number = TypeVar("Number", Fraction, Surd)

_ZERO, _ONE = Fraction(0), Fraction(1)


@singledispatch
def weights_of_matrix(
    parametrization: object, model: Model, matrix: Matrix, constants: Sequence[Fraction]
) -> Sequence[Fraction | float] | None:
    """Weights with the function x -> M x + constants, M of a rank that weights can make; None for a kind without a procedure."""
    return None


@weights_of_matrix.register
def _(parametrization: Layers, model: Model, matrix: Matrix, constants: Sequence[Fraction]) -> list[Fraction] | None:
    """Both factors of a factorization of M in one layer each, padded with zeros, and all slopes in the last."""
    slope = parametrization.slope
    if slope is None or not parametrization.linear:
        return None
    widths, layers = parametrization.widths, len(parametrization.weights)
    if parametrization.skips:
        matrix = [[v - parametrization.skips * (i == j) for j, v in enumerate(row)] for i, row in enumerate(matrix)]
    left, right = rank_factorization(matrix, widths[0])
    rank = len(right)
    if rank > min(widths):
        return None
    blocks: dict[str, Sequence[Sequence[Fraction]]] = {}
    for l, name in enumerate(parametrization.weights, start=1):
        rows, columns = widths[l], widths[l - 1]
        if layers == 1:
            blocks[name] = matrix
        elif l == 1:
            blocks[name] = right + [[_ZERO] * columns] * (rows - rank)
        elif l == layers:
            blocks[name] = [[v / slope for v in row] + [_ZERO] * (columns - rank) for row in left]
        else:
            blocks[name] = [[Fraction(int(i == j < rank)) for j in range(columns)] for i in range(rows)]
    return flat(model, _with_last_bias(parametrization, blocks, constants), _ZERO)


@weights_of_matrix.register
def _(parametrization: EntrywiseProduct, model: Model, matrix: Matrix, constants: Sequence[Fraction]) -> list[Fraction]:
    """The linear form in the first vector, ones in the others."""
    first, *others = parametrization.vectors
    return flat(model, {first: matrix, **{name: [[_ONE] * parametrization.width] for name in others}}, _ZERO)


def weights_of_powers(
    model: Model, forms: Sequence[Sequence[Number]], outer: Sequence[Sequence[Number]], number: Callable[[Fraction], Number]
) -> list[Number]:
    """Weights with the function ``outer`` (``forms`` x)^d for layers without biases, of which one has the activation c x^d and the
    others are linear and wide enough to pass forms and powers on. ``number`` makes a Fraction a number like those given.

    Raises `VerificationError` for layers of another kind.
    """
    layers, at, slope_before, slope_after = _one_curved_layer(model)
    zero, one = number(_ZERO), number(_ONE)
    rows = [[v / number(slope_before) for v in row] for row in forms]
    rows += [[zero] * layers.widths[0]] * (layers.widths[at] - len(forms))
    columns = [_padded([v / number(slope_after) for v in row], layers.widths[at], zero) for row in outer]
    factors = _passed_on(rows, layers.widths[: at + 1], zero, one) + _passed_on(columns, layers.widths[at:], zero, one)
    return flat(model, dict(zip(layers.weights, factors, strict=True)), zero)


def weights_of_affine_squares(model: Model, forms: Matrix, outer: Matrix, at_zero: Sequence[Fraction]) -> list[Fraction]:
    """Weights with the function ``outer`` (``forms`` (x, 1))^2 and a constant, of value ``at_zero`` at 0, for layers with biases, of
    which one has a quadratic activation and the others are affine and wide enough.

    Raises `VerificationError` for layers of another kind.
    """
    layers, at, slope_before, slope_after = _one_curved_layer(model)
    activation = dict(layers.activations[at - 1].terms)
    shift = Fraction(activation.get(1) or 0) / (2 * Fraction(activation[2] or 1))  # c x^2 + b x + k = c (x + b / 2c)^2 + ...
    idle = layers.widths[at] - len(forms)
    rows = [[v / slope_before for v in row[:-1]] for row in forms] + [[_ZERO] * layers.widths[0]] * idle
    columns = [[v / slope_after for v in row] + [_ZERO] * idle for row in outer]
    factors = _passed_on(rows, layers.widths[: at + 1], _ZERO, _ONE) + _passed_on(columns, layers.widths[at:], _ZERO, _ONE)
    blocks: dict[str, Sequence[Sequence[Fraction]]] = dict(zip(layers.weights, factors, strict=True))
    start = _before_activation(layers, blocks, at)
    blocks[layers.biases[at - 1]] = [[*(row[-1] - shift - s for row, s in zip(forms, start, strict=False)), *([_ZERO] * idle)]]
    return flat(model, _with_last_bias(layers, blocks, at_zero), _ZERO)


def _one_curved_layer(model: Model) -> tuple[Layers, int, Fraction, Fraction]:
    """The layers; the number of the one whose activation is not linear; the slopes before it, and its leading coefficient times those
    after it."""
    layers = model.parametrization
    if isinstance(layers, Layers):
        curved = [l for l, a in enumerate(layers.activations, start=1) if not (a.is_affine if layers.biases else a.is_linear)]
        slopes = [Fraction(a.leading) for a in layers.activations if a.leading is not None]
        if len(curved) == 1 and not layers.skips and len(slopes) == len(layers.activations):
            (at,) = curved
            return layers, at, prod(slopes[: at - 1], start=_ONE), prod(slopes[at - 1 :], start=_ONE)
    raise VerificationError(f"{model.name} has functions whose weights have another form than is known; please report this as a bug")


def _passed_on(matrix: list[list[Number]], widths: tuple[int, ...], zero: Number, one: Number) -> list[list[list[Number]]]:
    """Factors of a matrix, of the sizes of ``widths``, none of which is less than both ends: the matrix itself where it is shortest,
    and ones elsewhere that pass its inputs or outputs on."""
    size, at = min(widths[0], widths[-1]), 0 if widths[-1] <= widths[0] else len(widths) - 2
    out = [[[one if i == j < size else zero for j in range(m)] for i in range(n)] for m, n in pairwise(widths)]
    padded = [_padded(row, widths[at], zero) for row in matrix]
    out[at] = padded + [[zero] * widths[at]] * (widths[at + 1] - len(padded))
    return out


def _padded(row: list[Number], width: int, zero: Number) -> list[Number]:
    return row + [zero] * (width - len(row))


def _with_last_bias(
    layers: Layers, blocks: Mapping[str, Sequence[Sequence[Fraction]]], at_zero: Sequence[Fraction]
) -> Mapping[str, Sequence[Sequence[Fraction]]]:
    """The blocks with the last bias that gives the function this value at 0, where there are biases."""
    if not layers.biases:
        return blocks
    found = _before_activation(layers, blocks, len(layers.weights))
    return {**blocks, layers.biases[-1]: [[c - v for c, v in zip(at_zero, found, strict=True)]]}


def _before_activation(layers: Layers, blocks: Mapping[str, Sequence[Sequence[Fraction]]], layer: int) -> list[Fraction]:
    """What the neurons of a layer (its number, from 1) receive at the input 0; biases that are not given are zero."""
    x = [_ZERO] * layers.widths[0]
    for l in range(1, layer + 1):
        x = [sum((w * v for w, v in zip(row, x, strict=True)), _ZERO) for row in blocks[layers.weights[l - 1]]]
        given = blocks.get(layers.biases[l - 1])
        x = x if given is None else [v + b for v, b in zip(x, given[0], strict=True)]
        if l < layer:
            x = [_value(layers.activations[l - 1], v) for v in x]
    return x


def _value(activation: RationalFunction, x: Fraction) -> Fraction:
    return sum((Fraction(c or 0) * x**e for e, c in activation.terms), _ZERO)


def flat(model: Model, blocks: Mapping[str, Sequence[Sequence[Number]]], zero: Number) -> list[Number]:
    """The weights in the order of ``Model.blocks``, row by row; blocks that are not given are zero."""
    out: list[Number] = []
    for block in model.blocks:
        given = blocks.get(block.name)
        out += [zero] * block.size if given is None else [v for row in given for v in row]
    return out
