"""The signs of all cuts and outputs of a piecewise linear network at rays: in float64 with a bound of the error, exactly at ties.

A sum of n products in any order is off by less than (n + 8) 2^-52 times the sum of their sizes. Activations are continuous, so an error
of what a unit reads is an error of its value times at most its steepest slope, whichever line was taken. Where a number is no larger
than its bound, it is computed with whole numbers: of a ray whose ties lie in early stages nothing later is needed for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np

from neurovariety.certificates.piecewise_forms import PiecewiseForms, Rows, Unit, UnitStage, on_lines, product

_UNIT = 2.0**-52
_LEAST = 1e-290
"""More than what is lost by numbers that float64 cannot hold for being small."""
_SLACK = 1.001
"""Of bounds that are sums themselves."""
_LARGE, _SMALL = 1e100, 1e-100
"""Weights beyond these are left to whole numbers."""
_SHIFT = 64


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


def signs_at(forms: PiecewiseForms, rays: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """(rays, cuts) and (rays, outputs) of -1, 0 and 1, stage by stage."""
    cuts, outputs = _floats(forms, rays)
    found = [b.signs() for b in (*cuts, outputs)]
    last = np.full(len(rays), -1)
    for s, (_, unsure) in enumerate(found):
        last[unsure.any(axis=0)] = s
    _settle(forms, rays, [(sign, unsure) for sign, unsure in found], last)
    signs = [sign for sign, _ in found]
    whole = np.concatenate(signs[:-1]) if len(signs) > 1 else np.zeros((0, len(rays)), dtype=np.int8)
    return np.ascontiguousarray(whole.T), np.ascontiguousarray(signs[-1].T)


def _floats(forms: PiecewiseForms, rays: Sequence[Sequence[int]]) -> tuple[list[_Ball], _Ball]:
    """Cuts of each stage, and outputs, in float64."""
    first = _unit_rays(rays)
    features: dict[int, tuple[np.ndarray, np.ndarray]] = {
        k: (row, row_off) for k, (row, row_off) in enumerate(zip(*first, strict=True))
    }
    t = _Ball(first[0][:1], first[1][:1])
    cuts = []
    with np.errstate(all="ignore"):
        for stage in forms.stages:
            units = [forms.units[u - forms.inputs - 1] for u in stage.units]
            z = _read([u.reads for u in units], stage, features)
            cuts.append(_less_kinks(z, t, units))
            for i, (place, unit) in enumerate(zip(stage.units, units, strict=True)):
                features[place] = _bent(z.middle[i], z.radius[i], t, unit)
        return cuts, _read(forms.outputs, forms.last, features)


def _unit_rays(rays: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Rays (coordinates, rays) divided by the power of two above their largest entry."""
    rows = []
    for ray in rays:
        bits = max(v.bit_length() for v in ray)
        rows.append([float((v << _SHIFT) >> bits) for v in ray])
    middle = np.array(rows, dtype=np.float64).reshape(len(rays), -1).T * 2.0**-_SHIFT
    return middle, np.abs(middle) * _UNIT + 2.0 ** (4 - _SHIFT)


def _read(reads: Sequence[Mapping[int, Fraction]], stage: UnitStage, features: Mapping[int, tuple[np.ndarray, np.ndarray]]) -> _Ball:
    """Combinations of features."""
    count = len(next(iter(features.values()))[0])
    if not stage.reads or not reads:
        return _Ball(np.zeros((len(reads), count)), np.zeros((len(reads), count)))
    matrix = np.array([[_float(r.get(k, Fraction(0))) for k in stage.reads] for r in reads])
    middle = np.array([features[k][0] for k in stage.reads])
    radius = np.array([features[k][1] for k in stage.reads])
    size = np.abs(matrix)
    bound = size @ radius + (len(stage.reads) + 8) * _UNIT * (size @ (np.abs(middle) + radius))
    return _Ball(matrix @ middle, bound * _SLACK + _LEAST)


def _float(value: Fraction) -> float:
    """The nearest float; of a number too large or small for sums of them nothing that is a number."""
    size = abs(value)
    return float(value) if not value or _SMALL < size < _LARGE else float("nan")


def _less_kinks(z: _Ball, t: _Ball, units: Sequence[Unit]) -> _Ball:
    rows, off = [], []
    for middle, radius, unit in zip(z.middle, z.radius, units, strict=True):
        for kink in unit.kinks:
            k = _float(kink)
            rows.append(middle - k * t.middle[0])
            off.append(radius + abs(k) * t.radius[0] + 4 * _UNIT * (np.abs(middle) + abs(k) * t.middle[0]) if k else radius)
    count = t.middle.shape[1]
    return _Ball(np.array(rows).reshape(len(rows), count), np.array(off).reshape(len(rows), count) * _SLACK)


def _bent(middle: np.ndarray, radius: np.ndarray, t: _Ball, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    """The value of a unit: what was read lies on some line, and near kinks on one next to it."""
    at, off = t.middle[0], t.radius[0]
    kinks = np.array([_float(k) for k in unit.kinks])
    if np.isnan(kinks).any():  # which line it is cannot be told
        return np.full(len(at), np.nan), np.full(len(at), np.nan)
    which = (middle > kinks[:, None] * at).sum(axis=0)
    slopes, offsets = (np.array([_float(line[j]) for line in unit.lines]) for j in (0, 1))
    value = slopes[which] * middle + offsets[which] * at
    steep, high = np.abs(slopes).max(), np.abs(offsets).max()
    return value, (steep * radius + high * off + 8 * _UNIT * (steep * np.abs(middle) + high * at)) * _SLACK + _LEAST


def _settle(
    forms: PiecewiseForms, rays: Sequence[Sequence[int]], found: Sequence[tuple[np.ndarray, np.ndarray]], last: np.ndarray
) -> None:
    """Write the signs that are not known, by whole numbers."""
    alive = np.flatnonzero(last >= 0).tolist()
    features: dict[int, list[flint.fmpz]] = {k: [flint.fmpz(rays[r][k]) for r in alive] for k in range(forms.inputs + 1)}
    for s, stage in enumerate(forms.stages):
        signs, unsure = found[s]
        for i, r in enumerate(alive):
            if last[r] == s:
                _settle_ray(stage, features, i, r, signs, unsure)
        on = [i for i, r in enumerate(alive) if last[r] > s]
        alive = [alive[i] for i in on]
        features = {k: [row[i] for i in on] for k, row in features.items()}
        if not alive:
            return
        rows = product(stage, features, len(alive))
        cuts = [[a * z - b * t for z, t in zip(rows[u], features[0], strict=True)] for u, a, b in stage.cuts]
        for j, row in enumerate(cuts):
            for i in np.flatnonzero(unsure[j, alive]).tolist():
                signs[j, alive[i]] = _sign(row[i])
        at = 0
        for u, place in enumerate(stage.units):
            mine = cuts[at : at + len(stage.lines[u]) - 1]
            at += len(mine)
            features[place] = on_lines(rows[u], features[0], mine, stage.lines[u])
    signs, unsure = found[-1]
    outputs: Rows = product(forms.last, features, len(alive))
    for j, row in enumerate(outputs):
        signs[j, alive] = [_sign(v) for v in row]


def _settle_ray(
    stage: UnitStage, features: Mapping[int, list[flint.fmpz]], i: int, ray: int, signs: np.ndarray, unsure: np.ndarray
) -> None:
    """The cuts of a stage that are not known at a ray, which stands at place ``i`` of the features."""
    values = [features[k][i] for k in stage.reads]
    for j in np.flatnonzero(unsure[:, ray]).tolist():
        u, a, b = stage.cuts[j]
        z = sum((m * v for m, v in zip(stage.matrix[u], values, strict=True) if m and v), flint.fmpz(0))
        signs[j, ray] = _sign(a * z - b * features[0][i])


def _sign(v: flint.fmpz) -> int:
    return int(v > 0) - int(v < 0)
