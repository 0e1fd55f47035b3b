"""The affine functions of the cells of a piecewise linear network, in all of its inputs and exactly; and the network at a point.

Cells may be known in fewer coordinates than there are inputs, those by which units tell inputs apart. Every input then has the same
units as one in these coordinates, and the cells of all inputs are those known plus the directions that no unit sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import inf, isfinite, isqrt, lcm
from operator import mul

import flint
import numpy as np

from neurovariety.certificates.cell_complex import REGIONS, CellComplex, KnownCells, known_cells
from neurovariety.certificates.issue import Verdict
from neurovariety.certificates.network_nodes import NetworkData, rational
from neurovariety.certificates.piecewise_forms import PiecewiseForms
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim

NORMS = ("l1", "l2", "linf")
DIGITS = 20
"""Digits of a number that is no rational one."""
_MOST_NUMBERS = 3 * 10**6
"""Coefficients of all affine functions: some ten seconds."""
_AT_ONCE = 2**12


@dataclass(frozen=True, eq=False)
class AffinePieces:
    """``forms`` (cells, outputs, 1 + inputs) are whole numbers, ``scale`` times the outputs on each cell, constants first. ``rays`` are
    those of the cells, in all inputs, and after them the ``unseen`` directions, each with both signs, that belong to every cell."""

    known: KnownCells
    forms: np.ndarray
    scale: int
    rays: np.ndarray
    unseen: tuple[int, ...]


def cells_of(known: Verdict) -> CellComplex:
    """The cells of a verdict. Raises `NotShown` where these are not known to be all regions."""
    complex_ = known.certificate
    proved = known.shown and known.statement.kind == REGIONS and known.claim is Claim.PROVED
    if not proved or not isinstance(complex_, CellComplex):
        raise NotShown("cells that are known to be all regions are expected")
    return complex_


def affine_pieces(complex_: CellComplex, subject: NetworkData) -> AffinePieces:
    """The affine functions of all cells. Raises `NotShown` where the complex is none of the network, and for too many numbers."""
    return _pieces(complex_, known_cells(complex_, subject))


@lru_cache(maxsize=4)
def _pieces(complex_: CellComplex, known: KnownCells) -> AffinePieces:
    whole, n = known.whole, known.whole.inputs
    outputs, stages = range(len(whole.outputs)), len(whole.stages)
    if len(known.signs) * len(outputs) * (n + 1) > _MOST_NUMBERS:
        raise NotShown(
            f"{len(known.signs):,} regions with {n} inputs and {len(outputs)} outputs have too many affine functions to hold"
        )
    forms = np.empty((len(known.signs), len(outputs), n + 1), dtype=object)
    for start in range(0, len(known.signs), _AT_ONCE):
        on = known.signs[start : start + _AT_ONCE] > 0
        for j in outputs:
            forms[start : start + len(on), j] = [list(f) for f in whole.pulled_back(stages, [j] * len(on), on)]
    rays = np.zeros((len(known.rays), n + 1), dtype=object)
    rays[:, [0, *(c + 1 for c in complex_.domain.columns)]] = known.rays
    lines = [] if complex_.domain.is_box else _unseen(whole)
    both = [[0, *(side * v for v in line)] for line in lines for side in (1, -1)]
    every = np.concatenate([rays, np.array(both, dtype=object).reshape(-1, n + 1)])
    return AffinePieces(known, forms, whole.last.grown, every, tuple(range(len(rays), len(every))))


def _unseen(whole: PiecewiseForms) -> list[list[int]]:
    """Directions of the inputs along which no unit changes, a basis of them, in whole numbers."""
    rows = whole.input_rows()
    n = whole.inputs
    if not rows:
        return [[int(i == j) for i in range(n)] for j in range(n)]
    reduced, rank = flint.fmpq_mat([[rational(v) for v in r] for r in rows]).rref()
    pivots = [next(j for j in range(n) if reduced[i, j] != 0) for i in range(rank)]
    found = []
    for free in sorted(set(range(n)) - set(pivots)):
        line = [Fraction(0)] * n
        line[free] = Fraction(1)
        for i, j in enumerate(pivots):
            line[j] = -Fraction(int(reduced[i, free].p), int(reduced[i, free].q))
        d = lcm(*(v.denominator for v in line))
        found.append([int(v * d) for v in line])
    return found


@dataclass(frozen=True)
class AtPoint:
    """The ``outputs`` at a point, and the ``signs`` of all cuts, in the order of units."""

    outputs: tuple[Fraction, ...]
    signs: tuple[int, ...]


def at_point(forms: PiecewiseForms, point: Sequence[Fraction]) -> AtPoint:
    """The network at a point, by the whole numbers of its stages."""
    t = lcm(*(v.denominator for v in point))
    features = [t, *(v.numerator * (t // v.denominator) for v in point), *(0 for _ in forms.units)]
    signs: list[int] = []
    for stage in forms.stages:
        values = [sum(map(mul, row, [features[k] for k in stage.reads])) for row in stage.matrix]
        kinks = iter(stage.cuts)
        for place, z, lines in zip(stage.units, values, stage.lines, strict=True):
            own = [(v > 0) - (v < 0) for _, a, b in islice(kinks, len(lines) - 1) for v in (a * z - b * t,)]
            slope, offset = lines[own.count(1)]
            features[place] = slope * z + offset * t
            signs += own
    scale = t * forms.last.grown
    read = [features[k] for k in forms.last.reads]
    outputs = tuple(Fraction(sum(map(mul, row, read)), scale) for row in forms.last.matrix)
    return AtPoint(outputs, tuple(signs[j] for j in forms.cuts_by_unit))


def norm_power(values: Sequence[Fraction] | Sequence[int], norm: str) -> Fraction:
    """The norm of a vector; of l2 its square."""
    sizes = [abs(Fraction(v)) for v in values]
    if norm == "l2":
        return sum((v * v for v in sizes), Fraction(0))
    return max(sizes, default=Fraction(0)) if norm == "linf" else sum(sizes, Fraction(0))


def dual(norm: str) -> str:
    """The norm in which gradients are measured where inputs are in this one."""
    return {"l1": "linf", "l2": "l2", "linf": "l1"}[norm]


def root_between(square: Fraction) -> tuple[Fraction, Fraction]:
    """Numbers with `DIGITS` digits, or the root itself twice, between which the root of a number lies."""
    p, q = isqrt(square.numerator), isqrt(square.denominator)
    if p * p == square.numerator and q * q == square.denominator:
        return Fraction(p, q), Fraction(p, q)
    size = (len(str(square.numerator)) - len(str(square.denominator))) // 2
    unit = Fraction(10) ** (size - DIGITS)
    low = isqrt(int(square / unit**2))
    return low * unit, (low + 1) * unit


def in_brief(value: Fraction, digits: int = 6) -> str:
    """A number to be looked at: so many digits of it, also where no float is as large or as small."""
    try:
        near = float(value)
    except OverflowError:
        near = inf
    if isfinite(near) and (near or not value):
        return f"{near:.{digits}g}"
    return f"{Context(prec=digits).divide(Decimal(value.numerator), Decimal(value.denominator)).normalize():g}"


def in_digits(value: Fraction) -> str:
    """A number as text: a decimal where it has few digits, else a fraction."""
    twos, fives, rest = 0, 0, value.denominator
    while rest % 2 == 0:
        twos, rest = twos + 1, rest // 2
    while rest % 5 == 0:
        fives, rest = fives + 1, rest // 5
    places = max(twos, fives)
    if rest > 1 or places > 2 * DIGITS or not places:
        return str(value)
    whole = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    return f"{'-' if value < 0 else ''}{whole[:-places]}.{whole[-places:]}"
