"""What the points of a family of systems are: those of a slice, nearest or likeliest functions. A number of others is no degree.

All is read off the programs, at a place mod a prime that is made from them (`general_members.PlaceOfPrograms`).
"""

from __future__ import annotations

import flint

from neurovariety.certificates.general_members import PlaceOfPrograms, Systems
from neurovariety.certificates.shown_points import SystemFamily
from neurovariety.certificates.zeros import NotShown


def cuts(on: object) -> bool:
    """Whether the equations are, at any parameters, affine-linear functions of the coordinates: as many as there are unknowns."""
    if not isinstance(on, SystemFamily):
        return False
    place, n, r = PlaceOfPrograms(on.system, on.coordinates), len(on.coordinates.equations), on.unknowns
    q, one = place.draw(on.system.unknowns - r), place.of(1)
    rows = []
    try:
        for _ in range(n + 2):
            x = place.draw(r)
            rows.append([*place.run(on.coordinates, x), one, *place.run(on.system, [*x, *q])])
    except NotShown:
        return False
    entries = [int(v) for row in rows for v in row[: n + 1]], [int(v) for row in rows for v in row]
    ranks = [flint.nmod_mat(n + 2, len(e) // (n + 2), e, place.prime).rank() for e in entries]
    return len(on.system.equations) == r and ranks[0] == ranks[1]


def is_nearest(on: object) -> bool:
    """Whether the equations are J'(g - v), J the derivatives of the coordinates, v as many parameters and g linear in the others."""
    if not isinstance(on, SystemFamily):
        return False
    place, n, r = PlaceOfPrograms(on.system, on.coordinates), len(on.coordinates.equations), on.unknowns
    rest = on.system.unknowns - r - n
    if rest < 0 or len(on.system.equations) != r:
        return False
    x, v, w, q, more = (place.draw(k) for k in (r, n, n, rest, rest))
    zero = [place.of(0)] * n
    try:
        slopes = place.run(on.coordinates.with_jacobian(r), x)[n:]
        here, there = (place.run(on.system, [*x, *u, *q]) for u in (v, [a + b for a, b in zip(v, w, strict=True)]))
        first, second = (place.run(on.system, [*x, *zero, *u]) for u in (q, more))
        both = place.run(on.system, [*x, *zero, *(a + b for a, b in zip(q, more, strict=True))])
    except NotShown:
        return False
    across = [sum((w[i] * slopes[i * r + k] for i in range(n)), place.of(0)) for k in range(r)]
    moved = all(a - b == c for a, b, c in zip(here, there, across, strict=True))
    return moved and both == [a + b for a, b in zip(first, second, strict=True)]


def is_likeliest(on: object) -> bool:
    """Whether the equations are sums of counts, the parameters, times derivatives of the logarithms of the coordinates; of systems
    without coordinates, whether they are linear in the counts."""
    if not isinstance(on, Systems):
        return False
    place, r = PlaceOfPrograms(on.system), on.unknowns
    x, u, v = (place.draw(k) for k in (r, on.system.unknowns - r, on.system.unknowns - r))
    try:
        first, second = (place.run(on.system, [*x, *c]) for c in (u, v))
        both = place.run(on.system, [*x, *(a + b for a, b in zip(u, v, strict=True))])
        if both != [a + b for a, b in zip(first, second, strict=True)] or not isinstance(on, SystemFamily):
            return both == [a + b for a, b in zip(first, second, strict=True)]
        n = len(on.coordinates.equations)
        values = place.run(on.coordinates.with_jacobian(r), x)
        p, slopes = values[:n], values[n:]
        expected = [sum((u[i] * slopes[i * r + k] / p[i] for i in range(n)), place.of(0)) for k in range(r)]
    except (NotShown, ZeroDivisionError):
        return False
    return n == len(u) and first == expected
