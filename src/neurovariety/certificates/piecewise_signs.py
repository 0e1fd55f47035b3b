"""The signs of all cuts and outputs of a piecewise linear network at rays: in float64 with a bound of the error, exactly at ties.

A sum of n products in any order is off by less than (n + 8) 2^-52 times the sum of their sizes, which is at most the product of the
norms of both factors. Activations are continuous, so an error of what a unit reads is an error of its value times at most its steepest
slope, whichever line was taken. Where a number is no larger than its bound, it is computed with whole numbers.

What a stage reads is off by a vector at each ray, of which only the norm is kept: that of all features of a stage together. So the
radius of a unit at a ray is a product, of the norm of what the unit reads with and a number of the ray.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from neurovariety.certificates.digit_sums import table_of
from neurovariety.certificates.piecewise_forms import PiecewiseForms, Unit, UnitStage
from neurovariety.certificates.sign_table import SignTable

_UNIT = 2.0**-52
_LEAST = 1e-290
"""More than what is lost by numbers that float64 cannot hold for being small."""
_SLACK = 1.001
"""Of bounds that are sums themselves."""
_LARGE, _SMALL = 1e100, 1e-100
"""Weights beyond these are left to whole numbers."""
_SHIFT = 64
_AT_ONCE = 2**9
"""Rays whose signs are found together: few enough that what is computed of them is not moved in and out of the processor's cache."""
_SETTLED, _ENTRIES = 2**13, 2**23
"""Rays whose ties are settled together, and signs of these."""
_FAR = 1e-280
"""Sums of squares beyond this, or its inverse, are summed again with scaled entries."""
_MOST = 1e300
"""Less than the largest float, by more than what sums are off."""


@dataclass(frozen=True)
class _Ball:
    """Numbers (forms, rays) and how far each may be off."""

    middle: np.ndarray
    radius: np.ndarray


class _Features:
    """Values of t, the inputs and the units at rays, (rays, features), and for t and the inputs, and each stage, the norm of how far
    these may be off together."""

    def __init__(self, rays: np.ndarray, inputs: int, units: int) -> None:
        self.values = np.empty((len(rays), 1 + inputs + units))
        self.values[:, : inputs + 1], off = _unit_rays(rays, inputs + 1)
        self.t = _Ball(self.values[:, 0], off[:, 0])
        self.off = [_norms(off)]


@dataclass(frozen=True)
class _FloatStage:
    """A stage in float64: ``matrix`` (units, reads) and bounds of the norms of its rows; cuts as unit and kink; kinks, slopes and
    offsets of each unit, filled up with kinks that are nowhere reached. ``blocks`` are the stages that it reads, counted from 1, and 0
    for t and the inputs."""

    reads: slice | np.ndarray
    makes: slice | np.ndarray
    matrix: np.ndarray
    norms: np.ndarray
    cut_units: np.ndarray
    cut_kinks: np.ndarray
    kinks: np.ndarray
    slopes: np.ndarray
    offsets: np.ndarray
    relu: bool
    blocks: tuple[int, ...] = ()
    is_last: bool = False

    def read(self, features: _Features) -> tuple[np.ndarray, np.ndarray]:
        """What the units take, (rays, units), and for each ray a number: the radius is that times the norm of the unit, and what is
        lost by being small."""
        if not self.matrix.size:
            rays = len(features.values)
            return np.zeros((rays, len(self.matrix))), np.zeros(rays)
        middle = features.values[:, self.reads]
        size, spread = _norms(middle), sum(features.off[b] for b in self.blocks)
        off: np.ndarray = (spread + (middle.shape[1] + 8) * _UNIT * (size + spread)) * _SLACK
        off[~(size * self.largest < _MOST)] = np.inf  # products, or their sums, may be beyond all floats
        return middle @ self.matrix.T, off

    def passed(self, features: _Features) -> _Ball:
        """The cuts at rays, (rays, cuts), and the values of the units are added to the features; where there are none, what is read."""
        made, off = self.read(features)
        radius = off[:, None] * self.norms
        radius += _LEAST
        if self.is_last:
            return _Ball(made, radius)
        if self.relu:
            features.values[:, self.makes] = np.maximum(made, 0)
            features.off.append(self.together * off + np.sqrt(len(self.matrix)) * 2 * _LEAST)
            return _Ball(made, radius)
        z = _Ball(made.T, radius.T)
        cuts, bent = self.less_kinks(z, features.t), self.bent(z, features.t)
        features.values[:, self.makes] = bent.middle.T
        features.off.append(_norms(bent.radius.T))
        return _Ball(cuts.middle.T, cuts.radius.T)

    @cached_property
    def largest(self) -> float:
        """The largest of the norms."""
        return float(np.fmax.reduce(self.norms, initial=0))

    @cached_property
    def together(self) -> float:
        """The norm of the norms."""
        return float(_norms(self.norms[None])[0]) * _SLACK

    def less_kinks(self, z: _Ball, t: _Ball) -> _Ball:
        """The cuts."""
        if not self.cut_kinks.any():
            return _Ball(z.middle[self.cut_units], z.radius[self.cut_units])
        k = self.cut_kinks[:, None]
        middle, radius, size = z.middle[self.cut_units], z.radius[self.cut_units], np.abs(k)
        off = radius + size * t.radius + 4 * _UNIT * (np.abs(middle) + size * t.middle)
        return _Ball(middle - k * t.middle, off * _SLACK)

    def bent(self, z: _Ball, t: _Ball) -> _Ball:
        """The values of the units: what was read lies on some line, and near kinks on one next to it."""
        which = np.zeros(z.middle.shape, dtype=np.intp)
        for k in range(self.kinks.shape[1]):
            which += z.middle > self.kinks[:, k, None] * t.middle
        slope, offset = np.take_along_axis(self.slopes, which, axis=1), np.take_along_axis(self.offsets, which, axis=1)
        steep, high = np.abs(self.slopes).max(axis=1)[:, None], np.abs(self.offsets).max(axis=1)[:, None]
        off = steep * z.radius + high * t.radius + 8 * _UNIT * (steep * np.abs(z.middle) + high * t.middle)
        return _Ball(slope * z.middle + offset * t.middle, off * _SLACK + _LEAST)


class SignForms:
    """The forms of a network, ready for signs at many rays."""

    def __init__(self, forms: PiecewiseForms) -> None:
        self.forms = forms
        by_stage = [[forms.units[u - forms.inputs - 1] for u in s.units] for s in forms.stages]
        blocks = dict.fromkeys(range(forms.inputs + 1), 0) | {u: k for k, s in enumerate(forms.stages, 1) for u in s.units}
        self._stages = [_float_stage(s, units, blocks) for s, units in zip(forms.stages, by_stage, strict=True)]
        self._last = _float_stage(forms.last, [Unit(o, (), ()) for o in forms.outputs], blocks)

    @classmethod
    def ready(cls, forms: PiecewiseForms) -> SignForms:
        """Those of forms that were asked for before, or new ones."""
        found = next((r for r in _READY if r.forms is forms), None)
        if found is None:
            found = cls(forms)
            _READY.appendleft(found)
        return found

    def signs(self, given: Sequence[Sequence[int]] | np.ndarray) -> tuple[SignTable, np.ndarray]:
        """(rays, cuts), stage by stage, and (rays, outputs) of -1, 0 and 1, at rays that are given."""
        tables, rays, ends = [], table_of(given, self.forms.inputs + 1), self._ends
        outputs = np.empty((len(rays), ends[-1] - ends[-2]), dtype=np.int8)
        for start in range(0, len(rays), many := max(_AT_ONCE, min(_SETTLED, _ENTRIES // max(ends[-1], 1)))):
            some = rays[start : start + many]
            up, down = self._in_float(some, range(len(ends) - 1))
            for k, (a, b) in enumerate(pairwise(ends)):
                ray, cut = np.divmod(np.flatnonzero(~(up[:, a:b] | down[:, a:b])), max(b - a, 1))
                if len(cut):
                    signs = self._exact(some, k, up[:, :a], cut, ray)
                    up[ray, cut + a], down[ray, cut + a] = signs > 0, signs < 0
            cuts = slice(0, ends[-2])
            tables.append(SignTable(np.packbits(up[:, cuts], axis=1), np.packbits(down[:, cuts], axis=1), ends[-2]))
            outputs[start : start + many] = up[:, ends[-2] :].view(np.int8) - down[:, ends[-2] :].view(np.int8)
        return SignTable.stacked(tables, ends[-2]), outputs

    def of_stage(self, rays: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(rays, cuts of stage k) signs, and where they are not known."""
        up, down = self._in_float(rays, [k])
        return up.view(np.int8) - down.view(np.int8), ~(up | down)

    @cached_property
    def _ends(self) -> list[int]:
        """Where the cuts of each stage begin, the outputs, and where these end."""
        return [0, *accumulate([*(len(s.cuts) for s in self.forms.stages), len(self.forms.outputs)])]

    def _in_float(self, rays: np.ndarray, stages: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """(rays, cuts) of some stages that follow one another, where they are seen to be positive, and where negative."""
        ends = self._ends
        shape, first = (len(rays), ends[stages[-1] + 1] - ends[stages[0]]), ends[stages[0]]
        up, down = np.empty(shape, dtype=bool), np.empty(shape, dtype=bool)
        for start in range(0, len(rays), _AT_ONCE):
            some = slice(start, start + _AT_ONCE)
            with np.errstate(all="ignore"):
                features = _Features(rays[some], self.forms.inputs, len(self.forms.units))
                for k, stage in enumerate([*self._stages, self._last][: stages[-1] + 1]):
                    ball = stage.passed(features)
                    if k in stages:
                        own = slice(ends[k] - first, ends[k + 1] - first)
                        np.greater(ball.middle, ball.radius, out=up[some, own])
                        np.less(ball.middle, np.negative(ball.radius, out=ball.radius), out=down[some, own])
        return up, down

    def _exact(self, rays: np.ndarray, k: int, on: np.ndarray, cut: np.ndarray, ray: np.ndarray) -> np.ndarray:
        """The signs of cuts of stage k (of the outputs, for the last) at rays, by whole numbers; ``on`` (rays, cuts) says which cuts of
        the stages before are positive."""
        bits = np.packbits(np.concatenate([on, np.zeros((len(on), 1), dtype=bool)], axis=1), axis=1)
        names: dict[bytes, int] = {}
        pattern = np.array([names.setdefault(p, len(names)) for p in bits.view(f"V{bits.shape[1]}")[:, 0].tolist()], dtype=np.int64)
        _, first, which = np.unique(cut * len(names) + pattern[ray], return_index=True, return_inverse=True)
        forms = self.forms.forms_of(k, cut[first].tolist(), on[ray[first]])
        return signs_at(forms[which.reshape(-1)], rays[ray])


_READY: deque[SignForms] = deque(maxlen=4)


def signs_at(forms: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """The sign of each form at the ray in the same row."""
    values: Any = values_at(forms, rays)
    return (values > 0).astype(np.int8) - (values < 0).astype(np.int8)


def values_at(forms: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """The value of each form at the ray in the same row, of tables of whole numbers of any size."""
    total = forms[:, 0] * rays[:, 0]
    for i in range(1, forms.shape[1]):
        total = total + forms[:, i] * rays[:, i]
    return np.asarray(total, dtype=object)


def _float_stage(stage: UnitStage, units: Sequence[Unit], blocks: Mapping[int, int]) -> _FloatStage:
    """``blocks`` says of which stage a feature is, counted from 1."""
    places = {f: i for i, f in enumerate(stage.reads)}
    matrix = np.zeros((len(units), len(places)))
    for i, unit in enumerate(units):
        matrix[i, [places[f] for f in unit.reads]] = [_near(c) for c in unit.reads.values()]
    sizes = np.abs(matrix)
    matrix[((sizes <= _SMALL) & (sizes > 0)) | (sizes >= _LARGE)] = np.nan
    longest = max((len(u.kinks) for u in units), default=0)
    kinks = np.full((len(units), longest), np.inf)
    slopes, offsets = np.zeros((len(units), longest + 1)), np.zeros((len(units), longest + 1))
    for i, unit in enumerate(units):
        kinks[i, : len(unit.kinks)] = [_float(k) for k in unit.kinks]
        known = not np.isnan(kinks[i]).any()  # or it is not seen on which line a number lies
        for j, (slope, offset) in enumerate(unit.lines):
            slopes[i, j], offsets[i, j] = _float(slope) if known else np.nan, _float(offset)
    return _FloatStage(
        reads=_run(stage.reads),
        makes=_run(stage.units),
        matrix=matrix,
        norms=_norms(matrix) * _SLACK,
        cut_units=np.array([u for u, _, _ in stage.cuts], dtype=np.intp),
        cut_kinks=np.array([_float(k) for u in units for k in u.kinks]),
        kinks=kinks,
        slopes=slopes,
        offsets=offsets,
        relu=all(u.lines == ((0, 0), (1, 0)) and u.kinks == (0,) for u in units),
        blocks=tuple(sorted({blocks[f] for f in stage.reads})),
        is_last=not stage.units,
    )


def _run(places: Sequence[int]) -> slice | np.ndarray:
    """Places as a slice, where they follow one another."""
    if len(places) and places[-1] - places[0] == len(places) - 1 and all(b - a == 1 for a, b in pairwise(places)):
        return slice(places[0], places[-1] + 1)
    return np.array(places, dtype=np.intp)


def _norms(rows: np.ndarray) -> np.ndarray:
    """The norms of rows; of those whose squares may be too small or too large, scaled to the largest entry."""
    squares: np.ndarray = np.einsum("ij,ij->i", rows, rows)
    norms = np.sqrt(squares)
    far = np.flatnonzero(~((squares > _FAR) & (squares < 1 / _FAR)))
    if len(far):
        largest = np.abs(rows[far]).max(axis=1, initial=0)
        part = rows[far] / np.where(largest > 0, largest, 1)[:, None]
        norms[far] = largest * np.sqrt(np.einsum("ij,ij->i", part, part))
    return norms


def _float(value: Fraction) -> float:
    """The nearest float; of a number too large or small for sums of them nothing that is a number."""
    near = _near(value)
    return near if not value or _SMALL < abs(near) < _LARGE else float("nan")


def _near(value: Fraction) -> float:
    """The nearest float; for a number beyond all of them, or below, nothing that is a number."""
    try:
        near = value.numerator / value.denominator
    except OverflowError:
        return float("nan")
    return near if near or not value else float("nan")


def _unit_rays(rays: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rays (rays, coordinates) divided by the power of two above their largest entry, and how far each may be off."""
    try:
        near = rays.astype(np.float64)
        middle = np.ldexp(near, -np.frexp(np.abs(near).max(axis=1))[1][:, None])
        return middle, np.abs(middle) * _UNIT + _LEAST
    except OverflowError:
        rows = []
        for ray in rays.tolist():
            bits = max(v.bit_length() for v in ray)
            rows.append([float((v << _SHIFT) >> bits) for v in ray])
        middle = np.array(rows).reshape(len(rays), width) * 2.0**-_SHIFT
        return middle, np.abs(middle) * _UNIT + 2.0 ** (4 - _SHIFT)
