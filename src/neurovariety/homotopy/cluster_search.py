"""Proposals for tubes with several zeros (`certificates.zeros.ClusterZero`), and for the zeros in them one by one.

Nothing here is trusted: what is proposed is checked elsewhere.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import flint
import numpy as np

from neurovariety.certificates.balls import precision
from neurovariety.certificates.zeros import ClusterZero, NotShown, SimpleZero, Square, newton
from neurovariety.homotopy.arrays import Complexes

BITS = 192
_MOST = 12
"""Zeros in one tube."""
_RANK = 1e-6
"""Where two singular values of the Jacobian are smaller, relatively, there is no one direction to follow."""
_SHARPER = 3
_DEPTH = 4
"""Tubes within tubes."""
"""Times that a tube's centre is moved to the mean of its zeros."""
_SPLIT_BITS = (128, 256, 512, 1024, 4096)


@dataclass(frozen=True, eq=False)
class _Curve:
    """Coordinates x = z + y u + V xi, with xi as polynomials of y that nearly solve n - 1 combinations of the equations.

    ``last`` are the coefficients of the last combination along that curve.
    """

    centre: list[flint.acb]
    rows: flint.acb_mat
    basis: flint.acb_mat
    slopes: list[flint.acb]
    curve: list[flint.acb_poly]
    last: list[flint.acb]

    def point(self, y: flint.acb) -> list[flint.acb]:
        """The point of the curve at y."""
        n = len(self.centre)
        along = [y, *(p(y) for p in self.curve)]
        return [(self.centre[i] + sum((self.basis[i, j] * along[j] for j in range(n)), flint.acb(0))).mid() for i in range(n)]


def _exact(matrix: Complexes) -> flint.acb_mat:
    n, m = matrix.shape
    return flint.acb_mat(n, m, [flint.acb(z.real, z.imag) for z in matrix.reshape(-1).tolist()])


def _curve(square: Square, centre: Sequence[flint.acb], order: int) -> _Curve:
    n = square.unknowns
    centre = [c.mid() for c in centre]
    _, slopes = square.jacobian(centre)
    jacobian = np.array([complex(float(e.real.mid()), float(e.imag.mid())) for e in slopes.entries()]).reshape(n, n)
    if not np.isfinite(jacobian).all():
        raise ValueError("the Jacobian is not finite")
    scales = np.array(square.scales)
    u, sizes, vh = np.linalg.svd(scales[:, None] * jacobian)
    if n > 1 and not sizes[n - 2] > _RANK * sizes[0]:
        raise ValueError("the rank of the Jacobian drops by more than one")
    rows = _exact(u.conj().T * scales)
    basis = _exact(np.roll(vh.conj().T, 1, axis=1))
    diagonal = [flint.acb(float(s)) for s in sizes[: n - 1]]
    nothing = flint.acb_poly([])
    xi = [nothing] * (n - 1)

    def combined() -> list[flint.acb_poly]:
        lines = [flint.acb_poly([centre[i], basis[i, 0]]) for i in range(n)]
        x = [line + sum((xi[j] * basis[i, j + 1] for j in range(n - 1)), nothing) for i, line in enumerate(lines)]
        f = square.along(x)
        return [sum((f[j] * rows[i, j] for j in range(n)), nothing) for i in range(n)]

    for _ in range(order + 1):
        f = combined()
        xi = [_middle(x - _low(g, order) * (1 / d)) for x, g, d in zip(xi, f, diagonal, strict=False)]
    return _Curve(centre, rows, basis, diagonal, xi, [c.mid() for c in combined()[-1].coeffs()])


def _low(p: flint.acb_poly, order: int) -> flint.acb_poly:
    return flint.acb_poly(p.coeffs()[: order + 1])


def _middle(p: flint.acb_poly) -> flint.acb_poly:
    return flint.acb_poly([c.mid() for c in p.coeffs()])


def _dominating(p: Sequence[flint.acb], largest: float) -> Iterator[tuple[int, float]]:
    """Numbers m and radii r with |p_m| r^m larger than all other terms together, by logarithms."""
    logs = np.array([float(abs(c).upper().log()) if abs(c).upper() > 0 else -np.inf for c in p])
    exponents = np.arange(-1000.0, np.log2(largest) + 0.5, 0.5) * np.log(2)
    terms = logs + exponents[:, None] * np.arange(len(logs))
    leading = terms.argmax(axis=1)
    with np.errstate(all="ignore"):
        rest = np.exp(terms - terms.max(axis=1, keepdims=True)).sum(axis=1) - 1
    for m in range(1, min(_MOST, len(logs) - 1) + 1):
        rows = np.flatnonzero((leading == m) & (rest < 0.5))
        if not len(rows):
            continue
        # Large tubes leave the curve, small ones fall below the rounding: from the large end down to the middle of what is possible.
        top, bottom = exponents[rows[-1]], exponents[rows[0]]
        for down in (2.0, 4.0, 8.0, 16.0, 32.0):
            yield m, float(np.exp(max(top - down * np.log(2), (top + bottom) / 2)))


def cluster(square: Square, near: Sequence[flint.acb], size: float, paths: int, bits: int = BITS) -> ClusterZero | None:
    """A checked tube around the zeros near a point, of about ``size``, to which so many paths led; None where none is found."""
    with precision(bits):
        centre = list(near)
        order = max(3, min(paths, _MOST)) + 1
        try:
            for sharper in range(_SHARPER):
                curve = _curve(square, centre, order)
                found = [(m, r) for m, r in _dominating(curve.last, size)]
                if not found:
                    return None
                m = min((k for k, _ in found if k >= min(paths, 2)), default=found[-1][0])
                shift = -curve.last[m - 1] / (curve.last[m] * m)
                if sharper < _SHARPER - 1:
                    if not abs(shift) < size:
                        return None
                    centre = curve.point(shift.mid())
            for number, radius in sorted(found, key=lambda pair: (pair[0] != m, pair[1])):
                proposal = _tube(curve, radius, number, bits)
                try:
                    proposal.check(square)
                except NotShown:
                    continue
                return proposal
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        return None


def _tube(curve: _Curve, radius: float, number: int, bits: int) -> ClusterZero:
    r = flint.arb(radius)
    top = max((abs(c).upper() for p in curve.curve for c in p.coeffs()), default=flint.arb(0))
    width = (top * r ** max((len(p.coeffs()) for p in curve.curve), default=1) + r * flint.arb(2) ** (-bits // 4)).upper()
    return ClusterZero(
        centre=tuple(curve.centre),
        rows=tuple(curve.rows.entries()),
        basis=tuple(curve.basis.entries()),
        slopes=tuple(curve.slopes),
        curve=tuple(tuple(p.coeffs()) for p in curve.curve),
        radius=r,
        width=width,
        number=number,
        bits=bits,
    )


def split(square: Square, zero: ClusterZero, depth: int = 0) -> list[SimpleZero | ClusterZero]:
    """What a tube holds, each checked: simple zeros and smaller tubes that add up and lie apart; itself where nothing does."""
    for bits in _SPLIT_BITS:
        starts = _zeros_along(square, zero, bits)
        if len(starts) != zero.number:
            continue
        found = list[SimpleZero | ClusterZero]()
        for group in _groups(starts, bits):
            part = _part(square, group, bits, depth)
            if not part or not all(_inside(z, zero) for z in part):
                break
            found += part
        numbers = sum(z.number for z in found)
        if len(found) > 1 and numbers == zero.number and all(_apart(a, b) for a, b in itertools.combinations(found, 2)):
            return found
    return [zero]


def _part(square: Square, group: list[list[flint.acb]], bits: int, depth: int) -> list[SimpleZero | ClusterZero]:
    if len(group) == 1:
        proposal = newton(square, group[0], bits)
        try:
            if proposal is None:
                return []
            proposal.check(square)
        except NotShown:
            return []
        return [proposal]
    if depth >= _DEPTH:
        return []
    with precision(bits):
        middle = [sum(column, flint.acb(0)) / len(group) for column in zip(*group, strict=True)]
        size = max(float(abs(a - b).upper()) for x in group for a, b in zip(x, middle, strict=True))
    smaller = cluster(square, [c.mid() for c in middle], max(4 * size, 2.0**-900), len(group), bits)
    return [] if smaller is None or smaller.number != len(group) else split(square, smaller, depth + 1)


def _groups(points: list[list[flint.acb]], bits: int) -> list[list[list[flint.acb]]]:
    """Points divided where the gaps between them are widest: neighbours nearer than a thousandth of the whole stay together."""
    with precision(bits):

        def distance(x: list[flint.acb], y: list[flint.acb]) -> flint.arb:
            return max(abs(a - b).mid() for a, b in zip(x, y, strict=True))

        reach = max(distance(x, y) for x in points for y in points) / 1000
        groups: list[list[list[flint.acb]]] = []
        for x in points:
            near = [g for g in groups if any(bool(distance(x, y) <= reach) for y in g)]
            groups = [g for g in groups if g not in near] + [[x, *(y for g in near for y in g)]]
    return groups


def _zeros_along(square: Square, zero: ClusterZero, bits: int) -> list[list[flint.acb]]:
    """Approximations of the zeros of a tube: those of the power series along its curve, at a precision."""
    m = zero.number
    with precision(bits):
        try:
            curve = _curve(square, zero.centre, m + 2)
            if len(curve.last) <= m:
                return []
            return [curve.point(y.mid()) for y in flint.acb_poly(curve.last[: m + 1]).roots()]
        except (ValueError, ZeroDivisionError):
            return []


def _apart(a: SimpleZero | ClusterZero, b: SimpleZero | ClusterZero) -> bool:
    with precision(2 * max(a.bits, b.bits)):
        sides = zip(a.centre, b.centre, a.reach(), b.reach(), strict=True)
        return any(bool(abs(x - y).lower() > r + s) for x, y, r, s in sides)


def _inside(a: SimpleZero | ClusterZero, zero: ClusterZero) -> bool:
    """Whether a box may lie in the tube: Newton's iteration has not gone elsewhere."""
    reach = zero.reach()
    return all(bool(abs(x - z).lower() <= r * 2) for x, z, r in zip(a.centre, zero.centre, reach, strict=True))
