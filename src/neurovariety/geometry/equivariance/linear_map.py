"""Linear maps of inputs and outputs with rational entries, as the user writes them: permutations, cycles, matrices."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import flint

from neurovariety.certificates.equivariant_bounds import PairOfMaps, multiplicity_of, order_of
from neurovariety.errors import InputError
from neurovariety.exact_numbers import exact_number
from neurovariety.options import shown

_MAX_DIGITS = 60
_WORDS = ("identity", "negation", "shift", "reverse")


@dataclass(frozen=True)
class LinearMap:
    """A square matrix over Q, rows first: (T x)_i = sum of rows[i][k] x_k."""

    rows: tuple[tuple[Fraction, ...], ...]

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def is_identity(self) -> bool:
        return all(v == (i == k) for i, row in enumerate(self.rows) for k, v in enumerate(row))

    @property
    def log_size(self) -> float:
        """log2 of a bound of the sums of absolute values in a row, after clearing denominators, and of the common denominator."""
        common = math.lcm(*(v.denominator for row in self.rows for v in row))
        return math.log2(max(common, *(int(sum(abs(v) for v in row) * common) for row in self.rows), 1))

    @cached_property
    def matrix(self) -> flint.fmpq_mat:
        """The matrix as python-flint's, exact."""
        n = self.size
        return flint.fmpq_mat(n, n, [flint.fmpq(v.numerator, v.denominator) for row in self.rows for v in row])

    @cached_property
    def order(self) -> int | None:
        """The least q >= 1 with T^q = 1, or None where there is none up to `MAX_ORDER`."""
        return order_of(self.matrix)

    def multiplicity(self, d: int) -> int:
        """How often each primitive d-th root of unity is an eigenvalue, for a map of finite order."""
        if d not in self._multiplicities:
            self._multiplicities[d] = multiplicity_of(self.matrix, d)
        return self._multiplicities[d]

    @cached_property
    def _multiplicities(self) -> dict[int, int]:
        return {}

    @property
    def permutation(self) -> tuple[int, ...] | None:
        """p with (T x)_i = x_p(i), or None where T is no permutation."""
        if any(sorted(line) != [0] * (self.size - 1) + [1] for line in (*self.rows, *zip(*self.rows, strict=True))):
            return None
        return tuple(row.index(Fraction(1)) for row in self.rows)

    def __str__(self) -> str:
        """A text that `read_map` reads back."""
        p = self.permutation
        if p is not None and self.size > 1:
            return ",".join(map(str, p))
        return ";".join(",".join(map(str, row)) for row in self.rows)

    def image_of(self, x: str) -> str:
        """What becomes of (x0, x1, ...): ``(x1, x0, x2)`` or ``(-x1, x0 + 2*x1)``."""
        return f"({', '.join(_combination(row, x) for row in self.rows)})"


def _combination(row: Sequence[Fraction], x: str) -> str:
    terms = [f"{'-' if v == -1 else '' if v == 1 else f'{v}*'}{x}{k}" for k, v in enumerate(row) if v]
    return " + ".join(terms).replace("+ -", "- ") or "0"


def identity(size: int) -> LinearMap:
    """The map that changes nothing."""
    return LinearMap(tuple(tuple(Fraction(i == k) for k in range(size)) for i in range(size)))


def read_map(given: Any, size: int, what: str) -> LinearMap:
    """The map of ``size`` coordinates that ``given`` denotes; ``what`` (inputs, outputs) is for error messages.

    Text: a permutation in one-line notation ``1,0,2``, which means (T x)_i = x_p(i); cycles ``(0 1)(2 3)``, which send p(0) = 1,
    p(1) = 0; the words identity, negation, shift ((T x)_i = x_(i+1)), reverse; or a rational matrix with rows between semicolons,
    ``0,1;-1,0``. Otherwise a flat sequence of whole numbers is a permutation and a sequence of rows a matrix. A single number for
    one coordinate is a 1 x 1 matrix. Raises `InputError`.
    """
    if isinstance(given, LinearMap):
        return _fitting(given, size, what)
    if isinstance(given, str):
        return _fitting(_from_text(given.strip(), size, what), size, what)
    rows = _listed(given)
    if not isinstance(rows, list):
        raise InputError(_help(given, size, what))
    if rows and all(isinstance(row, list) for row in rows):
        return _fitting(_matrix(rows, given, size, what), size, what)
    if any(isinstance(row, list) for row in rows):
        raise InputError(_help(given, size, what))
    return _fitting(_one_line(rows, given, size, what), size, what)


def _listed(given: Any) -> Any:
    """Sequences and arrays, and those in them, as lists; anything else as it is."""
    if hasattr(given, "tolist"):
        return given.tolist()
    if isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray):
        return [_listed(row) for row in given]
    return given


def _from_text(text: str, size: int, what: str) -> LinearMap:
    word = text.lower()
    if word == "identity":
        return identity(size)
    if word == "negation":
        return LinearMap(tuple(tuple(-v for v in row) for row in identity(size).rows))
    if word == "shift":
        return _permutation([(i + 1) % size for i in range(size)])
    if word == "reverse":
        return _permutation(list(range(size))[::-1])
    if text.startswith("("):
        return _cycles(text, size, what)
    rows = [[entry.strip() for entry in row.split(",")] for row in text.split(";")]
    if len(rows) == 1:
        return _one_line(rows[0], text, size, what)
    return _matrix(rows, text, size, what)


def _cycles(text: str, size: int, what: str) -> LinearMap:
    if not re.fullmatch(r"(\(\s*\d{1,6}([\s,]+\d{1,6})*\s*\)\s*)+", text):
        raise InputError(_help(text, size, what))
    cycles = [[int(k) for k in re.findall(r"\d+", cycle)] for cycle in re.findall(r"\([^)]*\)", text)]
    moved = [k for cycle in cycles for k in cycle]
    if len(set(moved)) < len(moved) or max(moved) >= size:
        raise InputError(f"the cycles {text[:60]!r} must name each of the {size} {what} 0 to {size - 1} at most once")
    p = list(range(size))
    for cycle in cycles:
        for here, there in zip(cycle, [*cycle[1:], cycle[0]], strict=True):
            p[here] = there
    return _permutation(p)


def _one_line(entries: list[Any], given: Any, size: int, what: str) -> LinearMap:
    if size == 1 and len(entries) == 1:
        return _matrix([entries], given, size, what)
    try:
        p = [_index(entry) for entry in entries]
    except ValueError:
        raise InputError(_help(given, size, what)) from None
    if sorted(p) != list(range(size)):
        raise InputError(_help(given, size, what))
    return _permutation(p)


def _index(entry: Any) -> int:
    if not isinstance(entry, str | numbers.Integral):
        raise ValueError(f"{shown(entry)} is no whole number")
    return int(str(entry))


def _matrix(rows: list[list[Any]], given: Any, size: int, what: str) -> LinearMap:
    if len(rows) != size or any(len(row) != size for row in rows):
        raise InputError(_help(given, size, what))
    try:
        return LinearMap(tuple(tuple(_number(entry) for entry in row) for row in rows))
    except (ValueError, TypeError, OverflowError, ZeroDivisionError):
        raise InputError(_help(given, size, what)) from None


def _number(entry: Any) -> Fraction:
    given = entry.item() if hasattr(entry, "item") else entry
    exact_number(given)  # refuses what is no number, and what would be long to write out
    text = str(given)
    if len(text) > _MAX_DIGITS or "e" in text.lower():
        raise ValueError(text)
    return Fraction(text)  # a float is the decimal that it is written as


def _permutation(p: list[int]) -> LinearMap:
    return LinearMap(tuple(tuple(Fraction(k == image) for k in range(len(p))) for image in p))


def _fitting(found: LinearMap, size: int, what: str) -> LinearMap:
    if found.size != size:
        raise InputError(f"a map of {found.size} coordinates was given for {size} {what}")
    return found


def _help(given: Any, size: int, what: str) -> str:
    example = ",".join(map(str, [*range(1, min(size, 4)), 0])) if 1 < size <= 4 else "shift"
    return (
        f"{shown(given)} is no map of {size} {what}: write a permutation of 0 to {size - 1} ({example}), cycles such as (0 1), one of "
        f"{', '.join(_WORDS)}, or a {size} x {size} matrix of rational numbers with rows between semicolons (0,1;-1,0)"
    )


def pair_of(inputs: LinearMap, outputs: LinearMap) -> PairOfMaps:
    """The two maps as certificates see them."""
    return PairOfMaps(inputs.rows, outputs.rows)
