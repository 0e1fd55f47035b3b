"""The smaller network that weights with dead or redundant units amount to, found from the weights alone."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np

from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.weight_stratum import WeightStratum
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.testing.laws import drawn_until_defined, exact_values, hold, some_coefficients, whole_numbers
from neurovariety.units import Axes, Axis, Multiples, ProductTerms, Size, Units

Blocks = dict[str, Array]

_INPUTS = 3


def check_strata(model: Model, rng: np.random.Generator, most: int) -> None:
    """Hold that over each stratum of weights that the hidden units give, the function is that of the smaller network, exactly.

    Where layers have biases, those strata are looked at whose first parameters are the weights of the smaller network. Of many strata
    the ``most`` largest are.
    """
    for stratum in weight_strata(model, most=most):
        where = f"{model.name} with {stratum.name}"
        small = stratum.small
        low_rank = stratum.kind.startswith("rank")  # a product in place of a matrix may have more weights
        hold(small is None or low_rank or not stratum.sizes or small.parameters < model.parameters, f"{where} is no smaller: {small}")
        drawn_until_defined(partial(_check_stratum, model, stratum, where, rng), where)


def _check_stratum(model: Model, stratum: WeightStratum, where: str, rng: np.random.Generator) -> None:
    numbers = whole_numbers(rng, (stratum.parameters,), 5)
    weights = np.array([Fraction(w) for w in stratum.embed(numbers)], dtype=object)
    inputs = [whole_numbers(rng, model.input_shape, 6) for _ in range(_INPUTS)]
    fixed = some_coefficients(model, rng)
    found = exact_values(model, weights, inputs, fixed)
    if stratum.small is None:
        hold(not np.any(found), f"{where} is the zero function, and has other values")
    elif stratum.free is not None:
        own = numbers[: stratum.parameters - stratum.free]
        hold(np.array_equal(exact_values(stratum.small, own, inputs, fixed), found), f"{where} is not {stratum.small.name}")
    elif stratum.sizes and _can_be_merged(model, stratum):
        networks = [_merged(model, weights, sign) for sign in (-1, 1)]
        hold(
            any(small is not None and np.array_equal(exact_values(small, left, inputs, fixed), found) for small, left in networks),
            f"{where} is not the network without the units that it makes superfluous",
        )
        hold(
            all(small is None or small.parameters <= stratum.small.parameters for small, _ in networks), f"{where} has units left over"
        )


def _can_be_merged(model: Model, stratum: WeightStratum) -> bool:
    """Whether units are superfluous one by one: not in some basis, not by a matrix of low rank, not up to a bias."""
    one_by_one = all(isinstance(u, ProductTerms) or (isinstance(u, Units) and not u.bias) for u in model.units)
    return one_by_one and stratum.kind != "rank" and "some basis" not in stratum.name


def _merged(model: Model, weights: Array, sign: int) -> tuple[Model | None, Array]:
    """The network without dead units and with one unit for those that are multiples of each other, and its weights.

    A unit without incoming or outgoing weights is left out; where c times the incoming weights of one are those of another, its
    outgoing weights are added, times what the activation makes of c: ``sign`` for c = -1 and an activation that is odd or even. Where
    sums vanish and leave no unit of a layer, its first stays, so that there is a network to compare with.
    """
    blocks = {b.name: np.array(weights[b.start : b.start + b.size], dtype=object).reshape(b.shape) for b in model.blocks}
    sizes: list[Size] = []
    for u in model.units:
        if not isinstance(u, (Units, ProductTerms)):
            return None, weights
        kept = (_kept_units(u, blocks, sign) if isinstance(u, Units) else _kept_terms(u, blocks)) or [0]
        for block, axis in u.axes if isinstance(u, Units) else u.factors:
            blocks[block] = np.take(blocks[block], kept, axis=axis)
        sizes.append(len(kept))
    small = None if model.resized is None else model.resized(tuple(sizes))
    return small, np.concatenate([blocks[b.name].reshape(-1) for b in model.blocks])


def _kept_units(u: Units, blocks: Blocks, sign: int) -> list[int]:
    kept: list[int] = []
    for j in range(u.count):
        unmade = u.absorbs.zero_is_inactive and j not in _reached(u, u.made, blocks, 1)
        if unmade or j not in _reached(u, u.read, blocks, 0):
            continue
        for i in kept:
            c = _quotient(_along(u.made, blocks, i), _along(u.made, blocks, j))
            factor = None if c is None or _along(u.own, blocks, i) != _along(u.own, blocks, j) else _made_of(u, c, sign)
            if c is not None and factor is not None:
                for axis in u.looped:
                    _add(blocks, axis, i, j, c)
                for axis in u.read:
                    _add(blocks, axis, i, j, factor)
                break
        else:
            kept.append(j)
    return kept


def _made_of(u: Units, c: Fraction, sign: int) -> Fraction | None:
    """The k with s(c x) = k s(x), where the activation has one."""
    if u.absorbs.power is not None:
        return Fraction(c) ** u.absorbs.power
    if c == 1:
        return Fraction(1)
    return Fraction(sign) if c == -1 and u.absorbs.multiples is Multiples.OPPOSITE else None


def _kept_terms(u: ProductTerms, blocks: Blocks) -> list[int]:
    kept: list[int] = []
    for j in range(u.count):
        if not all(any(_along((f,), blocks, j)) for f in u.factors):
            continue
        for i in kept:
            ratios = [_quotient(_along((f,), blocks, i), _along((f,), blocks, j)) for f in u.factors]
            if ratios.count(None) <= 1:
                k = ratios.index(None) if None in ratios else 0
                factor = Fraction(1)
                for m, c in enumerate(ratios):
                    factor *= 1 if m == k or c is None else c
                _add(blocks, u.factors[k], i, j, factor)
                break
        else:
            kept.append(j)
    return kept


def _reached(u: Units, axes: Axes, blocks: Blocks, side: int) -> set[int]:
    """The units that have weights along these axes, or, in a recurrence, hang on such units; 1 for incoming weights, 0 for outgoing."""
    loops = {block for block, _ in u.looped}
    found = {i for i in range(u.count) if any(_along(tuple(a for a in axes if a[0] not in loops), blocks, i))}
    for _ in range(u.count if loops else 0):
        for b in loops:
            found |= {j for j in range(u.count) if any(w for k, w in enumerate(np.take(blocks[b], j, axis=1 - side)) if k in found)}
    return found


def _along(axes: Axes, blocks: Blocks, i: int) -> list[Fraction]:
    return [w for block, axis in axes for w in np.take(blocks[block], [i], axis=axis).reshape(-1)]


def _quotient(a: list[Fraction], b: list[Fraction]) -> Fraction | None:
    """The c other than 0 with c a = b, where there is one; 1 where both are 0."""
    first = next((k for k, x in enumerate(a) if x), None)
    if first is None:
        return None if any(b) else Fraction(1)
    c = Fraction(b[first]) / a[first]
    return c if c and all(c * x == y for x, y in zip(a, b, strict=True)) else None


def _add(blocks: Blocks, where: Axis, i: int, j: int, factor: Fraction) -> None:
    ahead = np.moveaxis(blocks[where[0]], where[1], 0)  # a view
    ahead[i] = ahead[i] + ahead[j] * factor
