"""The signs of all cuts and outputs of a piecewise linear network at rays: in float64 with a bound of the error, exactly at ties.

A sum of n products in any order is off by less than (n + 8) 2^-52 times the sum of their sizes, which is at most the product of the
norms of both factors. Activations are continuous, so an error of what a unit reads is an error of its value times at most its steepest
slope, whichever line was taken. Where a number is no larger than its bound, it is computed with whole numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
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
_AT_ONCE = 2**10
"""Rays whose signs are found together."""


@dataclass(frozen=True)
class _Ball:
    """Numbers (forms, rays) and how far each may be off."""

    middle: np.ndarray
    radius: np.ndarray

    def signs(self) -> tuple[np.ndarray, np.ndarray]:
        """The signs, and where they are not known; what is no number is not known either."""
        with np.errstate(all="ignore"):
            sure = np.abs(self.middle) > self.radius
            return np.where(sure, np.sign(self.middle), 0).astype(np.int8), ~sure


@dataclass(frozen=True)
class _FloatStage:
    """A stage in float64: ``matrix`` (units, reads) and bounds of the norms of its rows; cuts as unit and kink; kinks, slopes and
    offsets of each unit, filled up with kinks that are nowhere reached."""

    reads: np.ndarray
    makes: np.ndarray
    matrix: np.ndarray
    norms: np.ndarray
    cut_units: np.ndarray
    cut_kinks: np.ndarray
    kinks: np.ndarray
    slopes: np.ndarray
    offsets: np.ndarray
    relu: bool

    def read(self, features: _Ball) -> _Ball:
        """What the units take."""
        if not len(self.reads) or not len(self.matrix):
            nothing = np.zeros((len(self.matrix), features.middle.shape[1]))
            return _Ball(nothing, nothing)
        middle, radius = features.middle[self.reads], features.radius[self.reads]
        off = _norms(radius + (len(self.reads) + 8) * _UNIT * (np.abs(middle) + radius))
        made = self.matrix @ middle
        radius = self.norms[:, None] * (off * _SLACK)
        radius += _LEAST
        radius[~np.isfinite(made)] = np.inf
        return _Ball(made, radius)

    def less_kinks(self, z: _Ball, t: _Ball) -> _Ball:
        """The cuts."""
        if self.relu:
            return z
        if not self.cut_kinks.any():
            return _Ball(z.middle[self.cut_units], z.radius[self.cut_units])
        k = self.cut_kinks[:, None]
        middle, radius, size = z.middle[self.cut_units], z.radius[self.cut_units], np.abs(k)
        off = radius + size * t.radius + 4 * _UNIT * (np.abs(middle) + size * t.middle)
        return _Ball(middle - k * t.middle, off * _SLACK)

    def bent(self, z: _Ball, t: _Ball) -> _Ball:
        """The values of the units: what was read lies on some line, and near kinks on one next to it."""
        if self.relu:
            return _Ball(np.maximum(z.middle, 0), z.radius)
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
        self._stages = [_float_stage(s, units) for s, units in zip(forms.stages, by_stage, strict=True)]
        self._last = _float_stage(forms.last, [Unit(o, (), ()) for o in forms.outputs])

    def signs(self, given: Sequence[Sequence[int]] | np.ndarray) -> tuple[SignTable, np.ndarray]:
        """(rays, cuts), stage by stage, and (rays, outputs) of -1, 0 and 1, at rays that are given."""
        cuts, rays = [], table_of(given, self.forms.inputs + 1)
        outputs = np.empty((len(rays), len(self.forms.outputs)), dtype=np.int8)
        for start in range(0, len(rays), _AT_ONCE):
            some = rays[start : start + _AT_ONCE]
            found = list(self._settled(some))
            cuts.append(SignTable.of(np.concatenate([np.zeros((0, len(some)), dtype=np.int8), *found[:-1]]).T))
            outputs[start : start + len(some)] = found[-1].T
        return SignTable.stacked(cuts, self.forms.cuts), outputs

    def _settled(self, rays: np.ndarray) -> Iterator[np.ndarray]:
        before = np.zeros((0, len(rays)), dtype=bool)
        for k, ball in enumerate(self._balls(rays)):
            signs, unsure = ball.signs()
            self._settle(rays, k, before, signs, unsure)
            yield signs
            before = np.concatenate([before, signs > 0])

    def of_stage(self, rays: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        """(cuts of stage k, rays) signs, and where they are not known."""
        for at, ball in enumerate(self._balls(rays)):
            if at == k:
                return ball.signs()
        raise IndexError(k)

    def _balls(self, rays: np.ndarray) -> Iterator[_Ball]:
        """Cuts of each stage, and outputs, in float64."""
        forms = self.forms
        features = _Ball(*(np.empty((1 + forms.inputs + len(forms.units), len(rays))) for _ in range(2)))
        features.middle[: forms.inputs + 1], features.radius[: forms.inputs + 1] = _unit_rays(rays, forms.inputs + 1)
        t = _Ball(features.middle[:1], features.radius[:1])
        with np.errstate(all="ignore"):
            for stage in self._stages:
                z = stage.read(features)
                yield stage.less_kinks(z, t)
                made = stage.bent(z, t)
                features.middle[stage.makes], features.radius[stage.makes] = made.middle, made.radius
            yield self._last.read(features)

    def _settle(self, rays: np.ndarray, k: int, before: np.ndarray, signs: np.ndarray, unsure: np.ndarray) -> None:
        """Write the signs of stage k (of the outputs, for the last) that are not known, by whole numbers; ``before`` says which cuts of
        the stages before are positive."""
        cut, ray = np.nonzero(unsure)
        if not len(cut):
            return
        used, place = np.unique(ray, return_inverse=True)
        packed = np.packbits(np.concatenate([before[:, used], np.zeros((1, len(used)), dtype=bool)]), axis=0)
        patterns = np.ascontiguousarray(packed.T).view(f"V{len(packed)}")[:, 0].tolist()
        names: dict[bytes, int] = {}
        pattern = np.array([names.setdefault(p, len(names)) for p in patterns], dtype=np.int64)
        _, first, which = np.unique(cut * len(names) + pattern[place.reshape(-1)], return_index=True, return_inverse=True)
        forms = self.forms.forms_of(k, cut[first].tolist(), before[:, ray[first]].T)
        signs[cut, ray] = signs_at(forms[which.reshape(-1)], rays[ray])


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


def _float_stage(stage: UnitStage, units: Sequence[Unit]) -> _FloatStage:
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
        reads=np.array(stage.reads, dtype=np.intp),
        makes=np.array(stage.units, dtype=np.intp),
        matrix=matrix,
        norms=_norms(matrix.T) * _SLACK,
        cut_units=np.array([u for u, _, _ in stage.cuts], dtype=np.intp),
        cut_kinks=np.array([_float(k) for u in units for k in u.kinks]),
        kinks=kinks,
        slopes=slopes,
        offsets=offsets,
        relu=all(u.lines == ((0, 0), (1, 0)) and u.kinks == (0,) for u in units),
    )


def _norms(columns: np.ndarray) -> np.ndarray:
    """The norms of columns, each scaled to its largest entry, so that no square is too small or too large."""
    largest = np.abs(columns).max(axis=0, initial=0)
    part = columns / np.where(largest > 0, largest, 1)
    return largest * np.sqrt(np.einsum("ij,ij->j", part, part))


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
    """Rays (coordinates, rays) divided by the power of two above their largest entry."""
    try:
        near = rays.astype(np.float64).T
        middle = np.ldexp(near, -np.frexp(np.abs(near).max(axis=0))[1])
        return middle, np.abs(middle) * _UNIT + _LEAST
    except OverflowError:
        rows = []
        for ray in rays.tolist():
            bits = max(v.bit_length() for v in ray)
            rows.append([float((v << _SHIFT) >> bits) for v in ray])
        middle = np.array(rows).reshape(len(rays), width).T * 2.0**-_SHIFT
        return middle, np.abs(middle) * _UNIT + 2.0 ** (4 - _SHIFT)
