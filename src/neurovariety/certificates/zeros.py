"""One zero in a polydisc, or exactly m zeros in a thin tube, of a square system: certificates in ball arithmetic.

A `SimpleZero` is Krawczyk's test (Krawczyk 1969; Moore 1977). A `ClusterZero` treats zeros near a point z where the Jacobian has one
small singular value: in coordinates x = z + y u + V xi, with u its direction, n - 1 combinations of the equations are solved for xi
as functions of y on a disc |y| <= r, uniquely, by a contraction that is uniform in y. The last combination along that curve is a power
series in y, and by Pellet's test (Rouché's theorem with one dominating coefficient) it has exactly m zeros in the disc. So the system
has exactly m zeros in the tube, counted with multiplicity. Nothing says whether these are one multiple zero or several that lie close.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import flint

from neurovariety.certificates.balls import about, ball, lower, polynomial, precision, total, upper
from neurovariety.certificates.exact_system import ExactSystem, Over


class NotShown(Exception):
    """What a certificate is to conclude does not follow from it; ``bound`` is an upper bound of a count that was found all the same."""

    def __init__(self, why: str, bound: int | None = None) -> None:
        super().__init__(why)
        self.bound = bound


class Square:
    """A square system with what the certificates ask of it: values and derivatives in balls at a precision.

    The last unknowns of the program, as many as there are ``parameters``, stand for these. ``like``: the same system at others.
    """

    def __init__(self, system: ExactSystem, parameters: Sequence[complex | flint.acb] = (), like: Square | None = None) -> None:
        self.unknowns = system.unknowns - len(parameters)
        if len(system.equations) != self.unknowns:
            raise NotShown("the system is not square")
        self.system, self.parameters = system, tuple(parameters)
        self.both: ExactSystem = system.with_jacobian(self.unknowns) if like is None else like.both
        self._runs: dict[int, tuple[Over, Over]] = {} if like is None else like._runs

    @cached_property
    def terms(self) -> int:
        """Terms of a run with derivatives."""
        return self.both.terms

    @cached_property
    def scales(self) -> list[float]:
        """Powers of two that bring the coefficients of the equations to size 1, about."""
        norms = self.system.log2_norms()
        return [2.0 ** -max(min(round(norms[slot]), 1000), -1000) for slot in self.system.equations]

    def _run(self) -> tuple[Over, Over]:
        bits = flint.ctx.prec
        if bits not in self._runs:
            self._runs[bits] = Over(self.system, ball), Over(self.both, ball)
        return self._runs[bits]

    def values(self, x: Sequence[flint.acb]) -> list[flint.acb]:
        """The equations at a point, or over a box."""
        found: list[flint.acb] = self._run()[0]([*x, *map(ball, self.parameters)])
        return found

    def jacobian(self, x: Sequence[flint.acb]) -> tuple[list[flint.acb], flint.acb_mat]:
        """Values, and the Jacobian."""
        n = self.unknowns
        found = self._run()[1]([*x, *map(ball, self.parameters)])
        return found[:n], flint.acb_mat(n, n, found[n:])

    def along(self, curve: Sequence[flint.acb_poly]) -> list[flint.acb_poly]:
        """The equations along a polynomial curve."""
        found: list[flint.acb_poly] = Over(self.system, polynomial)(curve)
        return found


@dataclass(frozen=True, slots=True)
class SimpleZero:
    """Exactly one zero, a simple one, in the polydisc of ``radii`` around ``centre``; ``inverse`` is near that of the Jacobian, row by
    row. The numbers are exact balls of ``bits`` bits."""

    centre: tuple[flint.acb, ...]
    radii: tuple[flint.arb, ...]
    inverse: tuple[flint.acb, ...]
    bits: int
    number = 1

    def check(self, system: Square) -> list[flint.arb]:
        """How near the zero lies to the centre, in each coordinate. Raises `NotShown`."""
        n = system.unknowns
        if not len(self.centre) == len(self.radii) == n or len(self.inverse) != n * n:
            raise NotShown("the sizes do not fit")
        with precision(self.bits):
            x = [c.mid() for c in self.centre]
            rho = [r.upper() for r in self.radii]
            y = flint.acb_mat(n, n, [c.mid() for c in self.inverse])
            error = (y * flint.acb_mat(n, 1, system.values(x))).entries()
            _, slopes = system.jacobian([about(a, r) for a, r in zip(x, rho, strict=True)])
            rest = _identity(n) - y * slopes
            left = [upper(e) + total([upper(rest[i, j]) * rho[j] for j in range(n)]) for i, e in enumerate(error)]
            if not all(bool(a < b) for a, b in zip(left, rho, strict=True)):
                raise NotShown("Krawczyk's operator does not map the box into itself")
            return [a.upper() for a in left]

    def reach(self) -> list[flint.arb]:
        """In each coordinate, how far from the centre the box goes."""
        return [r.upper() for r in self.radii]


@dataclass(frozen=True, slots=True)
class ClusterZero:
    """Exactly ``number`` zeros, with multiplicity, in the tube of x = centre + y u + V xi with |y| <= radius, |xi - curve(y)| <= width.

    ``rows`` are the n combinations of the equations, row by row, of which the last is not solved for xi; ``basis`` is [u V] row by row,
    ``slopes`` n - 1 approximate derivatives of the first combinations by xi, ``curve`` the coefficients of n - 1 polynomials in y.
    """

    centre: tuple[flint.acb, ...]
    rows: tuple[flint.acb, ...]
    basis: tuple[flint.acb, ...]
    slopes: tuple[flint.acb, ...]
    curve: tuple[tuple[flint.acb, ...], ...]
    radius: flint.arb
    width: flint.arb
    number: int
    bits: int

    def check(self, system: Square) -> list[flint.arb]:
        """How far the tube reaches from the centre, in each coordinate. Raises `NotShown`."""
        with precision(self.bits):
            return _Tube(self, system).checked()

    def reach(self) -> list[flint.arb]:
        """In each coordinate, how far from the centre the tube goes."""
        with precision(self.bits):
            return _reach(self)


def _reach(zero: ClusterZero) -> list[flint.arb]:
    n, r = len(zero.centre), zero.radius.upper()
    sides = [_bound(p, r) + zero.width.upper() for p in zero.curve]
    found = []
    for i in range(n):
        row = zero.basis[n * i : n * i + n]
        found.append((upper(row[0].mid()) * r + total([upper(b.mid()) * s for b, s in zip(row[1:], sides, strict=True)])).upper())
    return found


def _bound(p: Sequence[flint.acb], r: flint.arb, start: int = 0) -> flint.arb:
    """An upper bound of |p| on the disc |y| <= r, of the terms from number ``start`` on."""
    found, power = flint.arb(0), r**start
    for c in p[start:]:
        found, power = found + upper(c) * power, power * r
    return found.upper()


class _Tube:
    def __init__(self, zero: ClusterZero, system: Square) -> None:
        n = system.unknowns
        sizes = (len(zero.centre), len(zero.rows), len(zero.basis), len(zero.slopes), len(zero.curve))
        if sizes != (n, n * n, n * n, n - 1, n - 1):
            raise NotShown("the sizes do not fit")
        self.zero, self.system, self.n = zero, system, n
        self.centre = [c.mid() for c in zero.centre]
        self.rows = flint.acb_mat(n, n, [c.mid() for c in zero.rows])
        self.basis = flint.acb_mat(n, n, [c.mid() for c in zero.basis])
        self.slopes = [c.mid() for c in zero.slopes]
        self.r, self.rho = zero.radius.upper(), zero.width.upper()

    def checked(self) -> list[flint.arb]:
        n, m = self.n, self.zero.number
        for matrix in (self.rows, self.basis):
            if matrix.det().contains(0):
                raise NotShown("the coordinates of the tube are not shown to be coordinates")
        if m < 1 or not self.r > 0 or not self.rho >= 0:
            raise NotShown("a tube has a positive radius")
        along = self._along()
        slopes = self._slopes()
        errors = [_bound(p.coeffs(), self.r) / lower(s) for p, s in zip(along[:-1], self.slopes, strict=True)]
        if not all(e.is_finite() for e in errors):
            raise NotShown("a derivative is not shown to be different from 0")
        error = max((e.upper() for e in errors), default=flint.arb(0))
        share = max((self._contraction(slopes, i) for i in range(n - 1)), default=flint.arb(0))
        if not share < 0.5:
            raise NotShown("the equations are not shown to determine the tube's curve")
        off = (error / (1 - share)).upper()
        if not off <= self.rho:
            raise NotShown("the curve leaves the tube")
        # Along the true curve the last combination differs from that along the approximate one by the derivative times the distance.
        slack = (total([upper(slopes[n - 1, j]) for j in range(n - 1)]) * off).upper()
        p = along[-1].coeffs()
        if m >= len(p):
            raise NotShown("no coefficient dominates")
        others = total([upper(c) * self.r**k for k, c in enumerate(p) if k != m]) + slack
        if not lower(p[m]) * self.r**m > others:
            raise NotShown("no coefficient dominates")
        return _reach(self.zero)

    def _along(self) -> list[flint.acb_poly]:
        """The combinations along the approximate curve, polynomials in y."""
        n = self.n
        xi = [flint.acb_poly([c.mid() for c in p]) for p in self.zero.curve]
        nothing = flint.acb_poly([])
        lines = [flint.acb_poly([self.centre[i], self.basis[i, 0]]) for i in range(n)]
        x = [line + sum((xi[j] * self.basis[i, j + 1] for j in range(n - 1)), nothing) for i, line in enumerate(lines)]
        f = self.system.along(x)
        return [sum((f[j] * self.rows[i, j] for j in range(n)), nothing) for i in range(n)]

    def _slopes(self) -> flint.acb_mat:
        """Derivatives of the combinations by xi (n x (n - 1)), over all of the tube."""
        n = self.n
        box = [about(c, reach) for c, reach in zip(self.centre, _reach(self.zero), strict=True)]
        _, jacobian = self.system.jacobian(box)
        sides = flint.acb_mat(n, n - 1, [self.basis[i, j + 1] for i in range(n) for j in range(n - 1)])
        return self.rows * jacobian * sides

    def _contraction(self, slopes: flint.acb_mat, i: int) -> flint.arb:
        return total([upper(flint.acb(int(i == j)) - slopes[i, j] / self.slopes[i]) for j in range(self.n - 1)]).upper()


def _identity(n: int) -> flint.acb_mat:
    return flint.acb_mat([[int(i == j) for j in range(n)] for i in range(n)])


def newton(system: Square, x: Sequence[flint.acb], bits: int, steps: int = 14) -> SimpleZero | None:
    """A proposal: Newton's iteration at a precision, and a box to check; None where the Jacobian is not invertible there."""
    n = system.unknowns
    with precision(bits):
        x = [a.mid() for a in x]
        try:
            for _ in range(steps):
                values, slopes = system.jacobian(x)
                middle = flint.acb_mat(n, n, [e.mid() for e in slopes.entries()])
                step = middle.solve(flint.acb_mat(n, 1, [v.mid() for v in values]))
                x = [(a - step[i, 0]).mid() for i, a in enumerate(x)]
            values, slopes = system.jacobian(x)
            inverse = flint.acb_mat(n, n, [e.mid() for e in slopes.entries()]).inv()
        except ZeroDivisionError:
            return None
        inverse = flint.acb_mat(n, n, [e.mid() for e in inverse.entries()])
        error = [upper(e) for e in (inverse * flint.acb_mat(n, 1, values)).entries()]
        largest = max(upper(a) for a in x)
        if not all(e.is_finite() for e in (*error, largest)):
            return None
        grain = largest * flint.arb(2) ** (24 - bits)
        radii = tuple((4 * e + grain).upper() for e in error)
        return SimpleZero(tuple(x), radii, tuple(inverse.entries()), bits)
