"""Exact numbers as users give them, and the floats nearest to them, both within bounds.

Without bounds a text such as 1e999999999 would be written out, and a whole number of many digits has no float at all.
"""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from neurovariety.errors import DataError

if TYPE_CHECKING:  # NumPy is loaded where tables are: options are read without
    import numpy as np

_MOST_DIGITS = 1000
"""Digits of numerator and denominator; any float has fewer."""
_MOST_BITS = math.ceil(_MOST_DIGITS * math.log2(10))
_SMALLEST = 2.0**-1022
_LONG_EXPONENT = re.compile(r"[eE][+-]?[\d_]{4,}")


def exact_number(value: object) -> Fraction:
    """The number that an int, Fraction, Decimal, float (its exact binary value) or text such as ``1/3`` or ``0.5`` is.

    Raises `ValueError` for anything else: no number, one that is not finite, or one of more than 1,000 digits.
    """
    if isinstance(value, Decimal):
        value = str(value)
    if isinstance(value, str) and (len(value) > 2 * _MOST_DIGITS or _LONG_EXPONENT.search(value)):
        raise ValueError(f"a number has more than {_MOST_DIGITS:,} digits")
    try:
        if isinstance(value, numbers.Integral):
            found = Fraction(int(value))  # one of NumPy's would overflow later
        elif isinstance(value, numbers.Real) and not isinstance(value, numbers.Rational):
            found = Fraction(*value.as_integer_ratio())  # type: ignore[attr-defined]
        else:
            found = Fraction(value)  # type: ignore[arg-type, call-overload, unused-ignore]
    except (TypeError, OverflowError, ZeroDivisionError) as error:
        raise ValueError(str(error)) from None
    if not is_short(found):
        raise ValueError(f"a number has more than {_MOST_DIGITS:,} digits")
    return found


def is_short(value: Fraction) -> bool:
    """Whether a number has at most 1,000 digits above and below the line, so that it can be written down."""
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MOST_BITS


def exact_numbers(values: Iterable[object]) -> list[Fraction]:
    """The numbers that these are. Raises `ValueError` like `exact_number`."""
    return [exact_number(v) for v in values]


def nearest_float(value: Fraction, what: str) -> float:
    """The float next to an exact number. Raises `DataError`, naming ``what`` it is, where floats are too large or too small for it."""
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if math.isinf(found) or (abs(found) < _SMALLEST and found != value):  # smaller floats have fewer digits
        raise DataError(f"{what} has size {size_of(value)}, which floating-point numbers do not reach; choose other units")
    return found


def nearest_floats(values: Sequence[Fraction], what: str) -> list[float]:
    """The floats next to exact numbers. Raises `DataError` like `nearest_float`."""
    return [nearest_float(v, what) for v in values]


def exact_table(values: object, what: str) -> np.ndarray[Any, np.dtype[Any]]:
    """A table of numbers as Fractions, of the same shape. Raises `DataError`, naming ``what`` it holds, where it is none."""
    import numpy as np

    try:
        given = np.asarray(values, dtype=object)
    except Exception as error:  # whatever a foreign array says of itself
        raise DataError(f"the {what} are not a table of numbers ({type(error).__name__}); give rows of equally many numbers") from None
    flat = given.reshape(-1).tolist()
    if any(isinstance(v, float) and not math.isfinite(v) for v in flat):
        raise DataError(f"the {what} contain a value that is not finite (NaN or infinity); remove that row or column")
    found = np.empty(given.shape, dtype=object)
    try:
        found.reshape(-1)[:] = exact_numbers(flat)
    except ValueError as error:
        raise DataError(f"the {what} are not a table of numbers ({_in_short(error)}); give rows of equally many numbers") from None
    return found


def float_table(exact: np.ndarray[Any, np.dtype[Any]], what: str) -> np.ndarray[Any, np.dtype[Any]]:
    """The table of the floats next to exact numbers. Raises `DataError` like `nearest_float`."""
    import numpy as np

    return np.array(nearest_floats(exact.reshape(-1).tolist(), f"a number of the {what}"), dtype=np.float64).reshape(exact.shape)


def _in_short(error: Exception) -> str:
    return " ".join(str(error).split())[:80]


def power_of_two(value: Fraction) -> int:
    """The k with 2^k <= abs(value) < 2^(k + 1), for a number other than 0."""
    k = value.numerator.bit_length() - value.denominator.bit_length()
    return k if abs(value) >= Fraction(2) ** k else k - 1


def size_of(value: Fraction) -> str:
    """The size of a number in a few characters, also where no float is as large: ``2.5``, ``about 10^400``."""
    if value and abs(power_of_two(value)) > 1000:
        return f"about 10^{round(power_of_two(value) * math.log10(2))}"
    return f"{float(abs(value)):.3g}"
