"""The kinds of values that the annotation of an option allows: what each is called, and a value read as one of them.

NumPy's whole numbers and floats become Python's, arrays of numbers lists, so that what was asked can be written down. Nothing here
computes, for ``--help`` reads declarations too.
"""

from __future__ import annotations

import collections.abc
import numbers
import types
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from neurovariety.exact_numbers import exact_number
from neurovariety.options import as_real, listed

_LARGEST = 10**30
"""Whole numbers from here on, in any option, are mistakes, and have more digits than results can be written with."""
_TEXTS = (str, bytes, bytearray)


class NoValueError(Exception):
    """A value is of none of the kinds allowed; ``value`` is it, or the first part of it that is wrong."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def members(annotation: Any) -> tuple[Any, ...]:
    """The kinds between the bars of an annotation."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)


def read(value: object, annotation: Any, exact: bool) -> object:
    """The value as one of the kinds that the annotation allows. ``exact``: numbers in it are exact ones, and may be texts.

    Raises `NoValueError` where it is of none.
    """
    wrong = value
    for kind in members(annotation):
        try:
            return _as(value, kind, exact)
        except NoValueError as error:
            wrong = error.value if error.value is not value else wrong
    raise NoValueError(wrong)


def words(annotation: Any, exact: bool) -> str:
    """What an annotation allows, in words."""
    allowed = [kind for kind in members(annotation) if kind is not types.NoneType]
    if exact:
        single = "a finite number such as 2, 1/3 or 0.5, or a list of these" if str in allowed else ""
        return single or "a list of finite numbers such as 2, 1/3 or 0.5"
    return " or ".join(dict.fromkeys(_words(kind) for kind in allowed))


def _as(value: object, kind: Any, exact: bool) -> object:
    fits = True
    if kind is Any:
        return value
    if exact and kind in (str, float, Fraction):
        fits, value = _is_exact(value), value.item() if isinstance(value, numbers.Real) and hasattr(value, "item") else value
    elif exact and get_origin(kind) is collections.abc.Sequence:
        return _exact_list(value)
    elif kind is int:
        fits = isinstance(value, numbers.Integral) and not isinstance(value, bool) and abs(int(value)) < _LARGEST
        value = int(value) if fits and isinstance(value, numbers.Integral) else value
    elif kind is float:
        number = as_real(value)
        fits, value = number is not None, value if number is None else number
    elif kind is types.NoneType:
        fits = value is None
    elif get_origin(kind) is Literal:
        fits = isinstance(value, str) and value in get_args(kind)
    elif get_origin(kind) is collections.abc.Callable:
        fits = callable(value)
    else:
        bare = get_origin(kind) or kind
        fits = not isinstance(bare, type) or (isinstance(value, bare) and (bare is str or not isinstance(value, _TEXTS)))
    if not fits:
        raise NoValueError(value)
    return value


def _exact_list(value: object) -> list[object]:
    """A sequence or an array of exact numbers as a list."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, _TEXTS) or not isinstance(value, collections.abc.Sequence):
        raise NoValueError(value)
    found = list(value)
    for one in found:
        if not _is_exact(one):
            raise NoValueError(one)
    return found


def _is_exact(value: object) -> bool:
    if isinstance(value, bool):
        return False
    try:
        exact_number(value)
    except ValueError:
        return False
    return True


def _words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return listed(get_args(kind))
    if get_origin(kind) is collections.abc.Sequence or getattr(kind, "__name__", "") == "ndarray":
        return "a table of numbers"
    if get_origin(kind) is collections.abc.Callable:
        return "a function"
    named = {int: "a whole number of at most 30 digits", float: "a number", str: "a text", Path: "a file name"}
    return named.get(kind, f"an object of class {getattr(kind, '__name__', kind)}")
