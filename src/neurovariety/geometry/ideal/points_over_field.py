"""The functions of a model over a finite field, counted one by one: row spaces of weights in which it is linear, then their union."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurovariety.errors import ResourceError
from neurovariety.geometry.ideal.coefficients import Coordinates
from neurovariety.geometry.ideal.reduced_parametrization import ReducedParametrization
from neurovariety.model import Model
from neurovariety.rings.ring import Array
from neurovariety.rings.small_field import SmallField

_MAX_VECTORS = 5 * 10**7
_MAX_WORK = 2 * 10**10
"""Elementary steps, tables looked up: about a minute."""
_MAX_BITMAP = 2**28
_CHUNK = 2**16
_MERGE = 2**22


@dataclass(frozen=True)
class PointsCounted:
    """``points``: different functions; ``reduced``: the model mod the characteristic; ``row_spaces``: None where it is linear in no
    block."""

    points: int
    reduced: ReducedParametrization
    row_spaces: int | None


def count_points(model: Model, coordinates: Coordinates, field: SmallField) -> PointsCounted:
    """The different functions of all weights in a field. Raises `InputError` where the characteristic divides a denominator,
    `ResourceError` with the estimate where there are too many weights."""
    reduced = ReducedParametrization.of(model, coordinates, field)
    _require_feasible(model.name, reduced, field.q)
    points, spaces = _count(model.name, reduced, field)
    return PointsCounted(points, reduced, spaces)


def _require_feasible(name: str, reduced: ReducedParametrization, q: int) -> None:
    """Raise `ResourceError` with the estimate before an enumeration that would take more than about a minute."""
    vectors = q ** len(reduced.free)
    step = len(reduced.entries) + reduced.exponents.size + reduced.rows**2 * reduced.columns
    if vectors > _MAX_VECTORS or vectors * step > _MAX_WORK:
        raise ResourceError(
            f"{name} over F_{q} has {_size(vectors)} weight vectors to enumerate ({len(reduced.free)} weights besides those in "
            f"which it is linear) at about {step} steps each, more than the limit of {_size(min(_MAX_VECTORS, _MAX_WORK // step))}; "
            "choose a smaller field or architecture"
        )


def _count(name: str, reduced: ReducedParametrization, f: SmallField) -> tuple[int, int | None]:
    """The number of points, and of different row spaces (None where the model is linear in no block)."""
    if not reduced.columns:
        return 1, None
    keys = _Keys(f.q, reduced.columns)
    if not reduced.linear:
        counted = _Distinct(keys)
        for chunk in _matrices(reduced, f, echelon=False):
            counted.add(keys.of(chunk))
        return counted.count(), None
    spaces = _Distinct(_Rows())
    for chunk in _matrices(reduced, f, echelon=True):
        spaces.add(chunk)
    bases = spaces.rows().reshape(-1, reduced.rows, reduced.columns)
    ranks = bases.any(axis=2).sum(axis=1)
    total = sum(int((ranks == r).sum()) * (f.q**r - 1) // (f.q - 1) for r in range(1, reduced.rows + 1))
    if total > _MAX_VECTORS or total * reduced.columns * reduced.rows > _MAX_WORK:
        raise ResourceError(
            f"{name} over F_{f.q} has {len(bases):,} row spaces with {_size(total)} points up to scaling, more than the limit of "
            f"{_size(_MAX_VECTORS)}; choose a smaller field or architecture"
        )
    counted = _Distinct(keys)
    from neurovariety.geometry.ideal.finite_field_kernels import points_of

    for r in range(1, reduced.rows + 1):
        chosen = np.ascontiguousarray(bases[ranks == r][:, :r])
        each = (f.q**r - 1) // (f.q - 1)
        step = max(1, _CHUNK * 8 // each)
        for i in range(0, len(chosen), step):
            counted.add(points_of(chosen[i : i + step], r, f.q, f.addition, f.multiplication, keys.word, keys.factor, keys.words))
    return 1 + (f.q - 1) * counted.count(), len(bases)


def _matrices(reduced: ReducedParametrization, f: SmallField, echelon: bool) -> Iterator[Array]:
    from neurovariety.geometry.ideal.finite_field_kernels import matrices_at

    total = f.q ** len(reduced.free)
    shape = (reduced.rows, reduced.columns)
    for first in range(0, total, _CHUNK):
        count = min(_CHUNK, total - first)
        yield matrices_at(first, count, f.q, reduced.exponents, reduced.entries, shape, f.addition, f.multiplication, echelon)


class _Rows:
    """Rows of bytes as they are."""

    bitmap = 0


class _Keys:
    """Points of F_q^n as integers to base q, in as many 64-bit words as needed; one word below 2^28 serves as a place in a bitmap."""

    def __init__(self, q: int, columns: int) -> None:
        per_word = 1
        while q ** (per_word + 1) < 2**63:
            per_word += 1
        self.word = np.arange(columns) // per_word
        self.factor = np.array([q ** (j % per_word) for j in range(columns)], dtype=np.uint64)
        self.words = int(self.word.max(initial=0)) + 1
        self.bitmap = q**columns if q**columns <= _MAX_BITMAP else 0

    def of(self, points: Array) -> Array:
        """Keys (points, words) of points (points, n)."""
        out = np.zeros((len(points), self.words), dtype=np.uint64)
        for j in range(points.shape[1]):
            out[:, self.word[j]] += points[:, j].astype(np.uint64) * self.factor[j]
        return out


class _Distinct:
    """The different rows among those added: a bitmap where keys are small, else sorted arrays that are merged now and then."""

    def __init__(self, keys: _Keys | _Rows) -> None:
        self._map = np.zeros(keys.bitmap, dtype=bool) if keys.bitmap else None
        self._parts: list[Array] = []
        self._waiting = 0

    def add(self, rows: Array) -> None:
        if self._map is not None:
            self._map[rows[:, 0]] = True
            return
        part = _unique(rows)
        self._parts.append(part)
        self._waiting += len(part)
        if self._waiting > max(_MERGE, 2 * len(self._parts[0])):
            self._merge()

    def rows(self) -> Array:
        """The different rows, sorted."""
        self._merge()
        return self._parts[0]

    def count(self) -> int:
        return int(np.count_nonzero(self._map)) if self._map is not None else len(self.rows()) if self._parts else 0

    def _merge(self) -> None:
        self._parts = [_unique(np.concatenate(self._parts))]
        self._waiting = len(self._parts[0])


def _unique(rows: Array) -> Array:
    if rows.shape[1] == 1:
        return np.unique(rows[:, 0])[:, None]
    rows = np.ascontiguousarray(rows)
    packed = rows.view(np.dtype((np.void, rows.dtype.itemsize * rows.shape[1])))[:, 0]
    return rows[np.unique(packed, return_index=True)[1]]


def _size(number: int) -> str:
    return f"{number:,}" if number < 10**9 else f"about 10^{len(str(number)) - 1}"
