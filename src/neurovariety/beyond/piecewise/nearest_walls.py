"""The nearest wall to a point: distances to convex sets given by rays, exactly, and what separates the other walls from the point.

Walls are tried in the order of the distances of their hyperplanes, which are no larger. Where the nearest point of the hyperplane is
one of the wall, that is the end. Otherwise the distance to the wall is a linear programme in exact arithmetic for l1 and linf; for
l2 it is a least-squares problem with signs, in floats first and then exactly on the rays that it uses. What is found is only proposed:
`certificates.robust_radii` checks the vectors that separate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import inf, lcm, sqrt

import flint
import numpy as np
from scipy.optimize import nnls

from neurovariety.certificates.affine_pieces import AffinePieces, at_point, norm_power, root_between
from neurovariety.certificates.cell_domains import CellDomain
from neurovariety.certificates.robust_radii import (
    Part,
    Point,
    Separation,
    clear,
    decided,
    gradient_powers,
    is_other,
    relevant,
    separated,
)
from neurovariety.certificates.walls_of_pieces import Walls
from neurovariety.linear_algebra.rational_programme import maximum

_EXCHANGES = 60
"""Steps in which rays of the nearest point are exchanged exactly, after floats have chosen them."""
_TIE = 1 + 1e-9
_ZERO = Fraction(0)


@dataclass(frozen=True)
class NearestWall:
    """A radius is at least ``low``, and ``nearest`` is a point of a wall; None for both where there is none."""

    low: Fraction | None
    nearest: Point | None
    separations: tuple[Separation, ...]


@dataclass(frozen=True)
class _WallPoint:
    """A point of a wall, the power of its distance (`norm_power`), and what separates the wall from the point."""

    power: Fraction
    nearest: Point
    normal: Point
    turn: Fraction


def nearest_wall(
    part: Part, pieces: AffinePieces, domain: CellDomain, walls: Walls, place: int, point: Point, norm: str
) -> NearestWall:
    """The nearest wall of the point with the number ``place``."""
    here = at_point(pieces.known.whole, point)
    own = relevant(walls, here)
    tie = part == "decision" and decided(here) is None
    if tie or (part == "affine" and is_other(part, pieces, here, here)):
        return NearestWall(_ZERO, point, ())
    if not len(own):
        return NearestWall(None, None, ())
    bounds = _hyperplanes(walls, own, point, norm)
    best: _WallPoint | None = None
    solved: dict[int, _WallPoint] = {}
    missing = inf
    for k in np.argsort(bounds, kind="stable").tolist():
        wall = int(own[k])
        if best is not None and bounds[k] > _size(best.power, norm) * _TIE:
            break
        straight = _projection(walls.forms[wall], point, norm)
        if straight is not None and _is_in(domain, straight) and is_other(part, pieces, here, at_point(pieces.known.whole, straight)):
            power = norm_power([a - b for a, b in zip(straight, point, strict=True)], norm)
            if best is None or power < best.power:
                best = _WallPoint(power, straight, (), _ZERO)
            continue
        found = _to_wall(pieces, walls, wall, point, norm)
        if found is None:
            missing = min(missing, float(bounds[k]))
            continue
        solved[wall] = found
        if best is None or found.power < best.power:
            best = found
    if best is None:
        return NearestWall(None, None, ())
    low = root_between(best.power)[0] if norm == "l2" else best.power
    if missing < low:
        low = Fraction(missing / _TIE)
    left = own[~clear(walls, own, point, low, norm)].tolist() if low else []
    chosen = tuple(Separation(place, w, solved[w].normal, solved[w].turn) for w in left if w in solved)
    return NearestWall(low, best.nearest, chosen)


def _size(power: Fraction, norm: str) -> float:
    """In floats; infinity for what is larger than these."""
    try:
        return sqrt(power) if norm == "l2" else float(power)
    except OverflowError:
        return inf


def _is_in(domain: CellDomain, point: Point) -> bool:
    return all(a <= v <= b for a, v, b in zip(domain.low, point, domain.high, strict=False))


def _hyperplanes(walls: Walls, own: np.ndarray, point: Point, norm: str) -> np.ndarray:
    """The distances of the hyperplanes of walls; 0 for a form that is 0 everywhere."""
    d = lcm(*(v.denominator for v in point))
    forms = walls.forms[own]
    values = forms @ np.array([d, *(int(v * d) for v in point)], dtype=object)
    found = []
    for value, power in zip(values.tolist(), gradient_powers(forms, norm).tolist(), strict=True):
        try:
            found.append(0.0 if not power else sqrt(value**2 / (d**2 * power)) if norm == "l2" else abs(value) / (d * power))
        except OverflowError:
            found.append(inf)
    return np.array(found)


def _projection(form: np.ndarray, point: Point, norm: str) -> Point | None:
    """A nearest point of the hyperplane on which a form is 0."""
    constant, *slopes = form.tolist()
    value = constant + sum((s * v for s, v in zip(slopes, point, strict=True)), _ZERO)
    if not any(slopes):
        return None
    if norm == "l2":
        step = [-value * s / sum(v * v for v in slopes) for s in slopes]
    elif norm == "linf":
        step = [-value * ((s > 0) - (s < 0)) / sum(map(abs, slopes)) for s in slopes]
    else:
        most = max(range(len(slopes)), key=lambda i: abs(slopes[i]))
        step = [-value / s if i == most else _ZERO for i, s in enumerate(slopes)]
    return tuple(v + a for v, a in zip(point, step, strict=True))


def _to_wall(pieces: AffinePieces, walls: Walls, wall: int, point: Point, norm: str) -> _WallPoint | None:
    rays = [pieces.rays[v].tolist() for v in walls.members[wall]]
    values = [int(walls.forms[wall] @ pieces.rays[v]) for v in walls.members[wall]]
    if norm != "l2":
        return _by_programme(rays, values, point, norm)
    found = _by_squares(rays, values, point)
    if found is None:
        return None
    return _turned(pieces, walls, wall, point, found)


def _by_programme(rays: Sequence[Sequence[int]], values: Sequence[int], point: Point, norm: str) -> _WallPoint | None:
    """The largest s with u . (y - t x) + l g >= s t on all rays, for u of dual norm at most 1; prices make the nearest point."""
    n = len(point)
    apart = [[a - r[0] * x for a, x in zip(r[1:], point, strict=True)] for r in rays]
    rows = [[*(-v for v in a), *a, Fraction(r[0]), Fraction(-g), Fraction(g)] for r, a, g in zip(rays, apart, values, strict=True)]
    if norm == "linf":
        ball = [[Fraction(int(k < 2 * n)) for k in range(2 * n + 3)]]
    else:
        ball = [[Fraction(int(k == i)) for k in range(2 * n + 3)] for i in range(2 * n)]
    gain = [int(k == 2 * n) for k in range(2 * n + 3)]
    best = maximum(gain, [*rows, *ball], [*[0] * len(rows), *[1] * len(ball)], inside=False)
    if best is None or best.value == 0:
        return None
    weights = best.prices[: len(rays)]
    total = sum((w * r[0] for w, r in zip(weights, rays, strict=True)), _ZERO)
    nearest = tuple(sum((w * r[k] for w, r in zip(weights, rays, strict=True)), _ZERO) / total for k in range(1, n + 1))
    normal = tuple(best.solution[i] - best.solution[n + i] for i in range(n))
    return _WallPoint(best.value, nearest, normal, best.solution[2 * n + 1] - best.solution[2 * n + 2])


def _by_squares(rays: Sequence[Sequence[int]], values: Sequence[int], point: Point) -> _WallPoint | None:
    """The nearest point of the set where the form is 0: a combination of rays on it, and of those between two on its sides."""
    zero = [list(r) for r, g in zip(rays, values, strict=True) if g == 0]
    up = [(r, g) for r, g in zip(rays, values, strict=True) if g > 0]
    down = [(r, g) for r, g in zip(rays, values, strict=True) if g < 0]
    zero += [[g * b - h * a for a, b in zip(p, q, strict=True)] for p, g in up for q, h in down]
    made = [[Fraction(r[0]), *(a - r[0] * x for a, x in zip(r[1:], point, strict=True))] for r in zero]
    scaled = [[v / size for v in r] for r in made if (size := max(map(abs, r)))]
    # an isolated vector is not lost by the scale: all are positive multiples of what they were
    active = _active(scaled)
    for _ in range(_EXCHANGES):
        weights = _stationary([scaled[i] for i in active])
        if weights is None:
            return None
        worst = min(range(len(active)), key=lambda i: weights[i])
        if weights[worst] < 0:
            active.pop(worst)
            continue
        u = [sum((w * scaled[i][k] for w, i in zip(weights, active, strict=True)), _ZERO) for k in range(1, len(point) + 1)]
        size = sum((v * v for v in u), _ZERO)
        slack = [sum((a * b for a, b in zip(u, r[1:], strict=True)), _ZERO) - size * r[0] for r in scaled]
        most = min(range(len(scaled)), key=lambda i: slack[i])
        if slack[most] >= 0:
            return _WallPoint(size, tuple(x + v for x, v in zip(point, u, strict=True)), tuple(u), _ZERO) if size else None
        if most in active:
            return None
        active.append(most)
    return None


def _active(rows: Sequence[Sequence[Fraction]]) -> list[int]:
    """The rows (t, v) that the nearest point is made of, in floats: least distance programming by least squares with signs."""
    table = np.array([[float(v) for v in r[1:]] + [float(r[0])] for r in rows]).T
    goal = np.zeros(len(table))
    goal[-1] = 1.0
    try:
        weights = nnls(table, goal)[0]
    except RuntimeError:  # too many steps: exchanges begin with one point
        weights = np.zeros(len(rows))
    found = np.flatnonzero(weights > 1e-14 * weights.max(initial=0.0)).tolist() if weights.any() else []
    return found if any(rows[i][0] for i in found) else [max(range(len(rows)), key=lambda i: rows[i][0])]


def _stationary(rows: Sequence[Sequence[Fraction]]) -> list[Fraction] | None:
    """Weights whose combination of rows (t, v) has t = 1 and the smallest v; None where they are not determined."""
    count = len(rows)
    table = flint.fmpq_mat(count + 1, count + 1)
    right = flint.fmpq_mat(count + 1, 1)
    for i, r in enumerate(rows):
        table[i, count] = table[count, i] = _rational(r[0])
        for j, q in enumerate(rows):
            table[i, j] = _rational(sum((a * b for a, b in zip(r[1:], q[1:], strict=True)), _ZERO))
    right[count, 0] = flint.fmpq(1)
    try:
        found = table.solve(right)
    except ZeroDivisionError:
        return None
    return [Fraction(int(found[i, 0].p), int(found[i, 0].q)) for i in range(count)]


def _rational(value: Fraction) -> flint.fmpq:
    return flint.fmpq(value.numerator, value.denominator)


def _turned(pieces: AffinePieces, walls: Walls, wall: int, point: Point, found: _WallPoint) -> _WallPoint | None:
    """The multiple of the form that carries the inequality from the wall to all rays; None where there is none."""
    low: Fraction | None = None
    high: Fraction | None = None
    plain = Separation(0, wall, found.normal, _ZERO)
    for v, (t, moved) in zip(walls.members[wall], separated(pieces, walls, plain, point), strict=True):
        g = int(walls.forms[wall] @ pieces.rays[v])
        if g == 0:
            continue
        bound = (found.power * t - moved) / g
        if g > 0:
            low = bound if low is None else max(low, bound)
        else:
            high = bound if high is None else min(high, bound)
    if low is not None and high is not None and low > high:
        return None
    turn = low if low is not None else high if high is not None else _ZERO
    return _WallPoint(found.power, found.nearest, found.normal, turn)
