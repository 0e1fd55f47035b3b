"""The three arithmetics in which a network is evaluated: float64, exact fractions, and JAX (to become a `Model`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, isfinite, lcm
from numbers import Rational
from types import ModuleType
from typing import Any

import numpy as np
from jaxtyping import Shaped
from numpy.typing import ArrayLike

from neurovariety.errors import InputError

Array = np.ndarray[Any, np.dtype[Any]]

Numbers = ArrayLike | Sequence[object]
"""What NumPy makes an array of; also sequences of Fractions."""

Values = Any
"""An array of the arithmetic at hand, which may be NumPy's or JAX's."""


@dataclass(frozen=True, eq=False)
class Arithmetic:
    """What an operation needs of the numbers it works on.

    ``xp`` is the module of array functions (NumPy or jax.numpy), ``scalar`` the image of a rational number, ``array`` that of a stored
    array, ``matmul`` the batched product. ``exact`` says that values are object arrays of fractions, ``empty`` that they are zeros
    that only have the right shapes.
    """

    xp: ModuleType
    scalar: Callable[[Fraction], Values]
    array: Callable[[Array], Values]
    matmul: Callable[[Values, Values], Values]
    exact: bool = False
    empty: bool = False


def to_fractions(values: Numbers) -> Array:
    """Object array of Fractions equal to the entries: floats and integers are rational numbers, and nothing is rounded.

    Raises `InputError` for an entry that is not finite or not a number.
    """
    source = np.asarray(values)
    if source.dtype.kind not in "Obiuf":
        source = source.astype(np.float64)  # bfloat16 and its like, which float64 holds exactly
    out = np.empty(source.shape, dtype=object)
    flat = out.reshape(-1)
    for i, v in enumerate(source.reshape(-1).tolist()):
        try:
            flat[i] = v if isinstance(v, Fraction) else Fraction(v)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{v!r} is not a rational number: weights and inputs of an exact evaluation are finite numbers") from error
    return out


def to_floats(values: Numbers) -> Array:
    """Float64 array of the entries, which may be Fractions; infinite where one is too large for float64."""
    source = np.asarray(values)
    try:
        return source.astype(np.float64)
    except OverflowError:
        return np.array([_nearest(v) for v in source.reshape(-1).tolist()], dtype=np.float64).reshape(source.shape)


def _nearest(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return inf if value > 0 else -inf


def floating(name: str) -> np.dtype[Any]:
    """The floating-point type of a name; bfloat16, which NumPy lacks, among them."""
    if name == "bfloat16":
        import ml_dtypes  # comes with JAX

        return np.dtype(ml_dtypes.bfloat16)
    return np.dtype(name)


def unit(kind: np.dtype[Any]) -> float:
    """The unit in the last place of a floating-point type, 0 for any other."""
    known = {"float16": 2.0**-10, "bfloat16": 2.0**-7, "float32": 2.0**-23, "float64": 2.0**-52}
    return known.get(str(kind), 0.0)


def in_floats(values: Array) -> Array:
    """Float64 numbers equal to the entries where each is one, with which all goes faster; else the entries as they are."""
    if values.dtype != object:
        return values
    try:
        if all(float(v) == v for v in values.reshape(-1).tolist()):
            return values.astype(np.float64)
    except OverflowError:
        pass
    return values


def all_finite(values: Numbers) -> bool:
    """Whether every entry is a real number: none is infinite, NaN, complex or a text."""
    found = np.asarray(values)
    if found.dtype.kind == "O":
        return all(isinstance(v, Rational) or (isinstance(v, float) and isfinite(v)) for v in found.reshape(-1).tolist())
    try:
        return not np.iscomplexobj(found) and bool(np.all(np.isfinite(found)))
    except TypeError:  # no numbers
        return False


def exact_matmul(a: Shaped[np.ndarray, "*batch rows inner"], b: Shaped[np.ndarray, "*other inner columns"]) -> Array:
    """Batched product of object arrays of Fractions, done on integers over common denominators (30 times faster than on Fractions)."""
    return _product(integers(a), integers(b))


def exact_linear(x: Shaped[np.ndarray, "rows in"], stored: Shaped[np.ndarray, "out in"]) -> Shaped[np.ndarray, "rows out"]:
    """x (rows, in), Fractions, times the transpose of a stored matrix (out, in), which never becomes an array of Fractions."""
    rows, denominator = integers(to_fractions(stored)) if stored.dtype == object else _dyadic(stored)
    return _product(integers(x), (rows.T, denominator))


def _product(a: tuple[Array, int], b: tuple[Array, int]) -> Array:
    """The product of integers over denominators, as Fractions."""
    product = np.asarray(np.matmul(a[0], b[0]), dtype=object)
    out = np.empty(product.shape, dtype=object)
    flat, denominator = out.reshape(-1), a[1] * b[1]
    for i, v in enumerate(product.reshape(-1).tolist()):
        flat[i] = Fraction(v, denominator)
    return out


def _dyadic(values: Array) -> tuple[Array, int]:
    """Floating-point numbers as integers over a power of two."""
    floats = to_floats(values)
    if not np.all(np.isfinite(floats)):
        raise InputError("a weight is not finite: an exact evaluation needs finite weights")
    mantissas, exponents = np.frexp(floats)
    bits = 1 + int(np.finfo(values.dtype).nmant) if values.dtype.kind == "f" else 53
    wholes = np.ldexp(mantissas, bits).astype(np.int64)
    powers = np.where(wholes == 0, 0, exponents.astype(np.int64) - bits)
    least = min(int(powers.min(initial=0)), 0)
    out = np.empty(values.shape, dtype=object)
    flat = out.reshape(-1)
    flat[:] = [m << p for m, p in zip(wholes.reshape(-1).tolist(), (powers - least).reshape(-1).tolist(), strict=True)]
    return out, 1 << -least


def integers(values: Array) -> tuple[Array, int]:
    """Fractions as integers over a common denominator."""
    entries = values.reshape(-1).tolist()
    denominator = lcm(*(v.denominator for v in entries))
    out = np.empty(values.shape, dtype=object)
    flat = out.reshape(-1)
    for i, v in enumerate(entries):
        flat[i] = v.numerator * (denominator // v.denominator)
    return out, denominator


def _empty_product(a: Array, b: Array) -> Array:
    """Zeros of the shape of the product, which take no memory. Raises `ValueError` where the shapes do not fit."""
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(f"a product of {a.shape[-2:]} and {b.shape[-2:]}")
    return np.broadcast_to(0.0, (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]))


FLOATS = Arithmetic(np, float, to_floats, np.matmul)
SHAPES = Arithmetic(np, float, lambda v: np.broadcast_to(0.0, v.shape), _empty_product, empty=True)
"""Float64 without products: what values are is wrong, but shapes are right."""
FRACTIONS = Arithmetic(np, lambda c: c, to_fractions, exact_matmul, exact=True)
