"""Enclosures in floats to the last bit, as an earlier day found them: a change of a rule, or of a constant, has to be read.

That what is found encloses what is meant is asked in `test_rules_of_float_balls`; here nothing may be another number, be it right as
well. The functions are interpreted, so that no processor fuses a product and a sum.
"""

from __future__ import annotations

import numpy as np
import pytest

from neurovariety.certificates import double_double, float_balls
from neurovariety.certificates.float_balls import Approximations, Balls, Boxes, TapeArrays

from .interpreted import interpreted  # noqa: F401 (a fixture of every test here)
from .kept_numbers import check_kept, digits, spread

U = 2.0**-53
EDGES = (1e-140, np.nextafter(1e-140, 1), 1.0, np.nextafter(1e140, 0), 1e140)
"""Sizes at which moduli are computed in another way, and reciprocals refused."""


def tape(code, terms, numbers, slots=8):
    code, terms, numbers = (np.array(v, dtype=t) for v, t in ((code, np.int32), (terms, np.int32), (numbers, float)))
    return TapeArrays(code.reshape(-1, 5), terms.reshape(-1, 2), numbers.reshape(-1, 2), slots)


def moduli():
    return {
        f"{a} {b}": digits([float_balls.modulus(a * s, b * t) for s in (1, -1) for t in (1, -3)])
        for a in EDGES
        for b in (0.0, 1e-200, *EDGES)
    }


def pairs():
    """Sums, products and reciprocals of two doubles each."""
    found = {}
    for k in range(6):
        a, b, c, d = spread(4, start=4 * k) * (1.0, 2.0**-54, 3.0, 2.0**-53)
        for function in (double_double._add, double_double._times):
            found[f"{function.__name__} {k}"] = digits(function(a, b, c, d))
        for function in (double_double._exact_sum, double_double._exact_product):
            found[f"{function.__name__} {k}"] = digits(function(a, c))
        found[f"reciprocal {k}"] = digits(double_double._reciprocal(a, b))
    return found


def runs(module, width):
    """Each kind of instruction on rows of many sizes; with midpoints 0, without radii, and at powers of two as well, where few
    roundings hide the others."""
    run, found = (module.run if width == 3 else module._run), {}
    pattern = [(1, 4), (2, 5), (3, 6), (1, 1), (6, 2)]
    for kind, add, rounded in ((0, 0, 0.0), (0, 1, 0.0), (1, 0, 0.0), (1, 1, 2.0**-40), (2, 1, 0.25), (3, 0, 0.0), (3, 1, 0.0)):
        for count in (1, 2, 5) if kind < 3 else (1,):
            for case in range(4):
                w = spread(8, width, start=100 * case + count)
                if width == 5:
                    w[:, [1, 3]] *= 2.0**-54
                w[:, -1] = np.abs(w[:, -1]) * (0.125 if case < 2 else 0.0)
                if case == 1 and kind < 3:
                    w[:, :-1] = 0.0
                if case == 3:
                    w[:, :-1] = 0.0
                    w[:, 0], w[:, 1 if width == 3 else 2] = 2.0 ** (np.arange(8) % 3), 0.0
                given = tape([(kind, 7, 1, 1 + count, add)], [(0, 0), *pattern[:count]], spread(count + 1, 2, start=7))
                good = run(w, given, rounded)
                found[f"{kind} {add} {count} {case}"] = digits(good, w[7])
    for size, radius in [(s, 0.0) for s in EDGES] + [(1.0, 1 - 16 * U), (1.0, 1 - 17 * U), (1.0, 1 - 15 * U), (2.0, 0.5), (-1.0, 0.25)]:
        for turned in (False, True):
            w = np.zeros((8, width))
            w[2, 0 if not turned else 1 if width == 3 else 2], w[2, -1] = size, radius
            good = run(w, tape([(3, 7, 0, 1, 0)], [(2, 0)], [(1, 0)]), 0.0)
            found[f"reciprocal {size} {radius} {turned}"] = digits(good, w[7])
    return found


SYSTEM = tape(
    # slots: 1, x, y, z, p, q | x^2 - p - 1, x y - q, y z + x - p, then the Jacobian row by row
    [
        (0, 18, 0, 1, 0),
        (0, 19, 1, 2, 0),
        (0, 20, 2, 3, 0),
        (1, 6, 3, 6, 0),
        (1, 7, 6, 8, 0),
        (1, 8, 8, 11, 0),
        *((1, 9 + k, 11 + k, 12 + k, 0) for k in range(9)),
    ],
    [(1, 1), (1, 2), (2, 3), *((k, 0) for k in (18, 4, 0, 19, 5, 20, 1, 4, 1, 0, 0, 2, 1, 0, 0, 3, 2))],
    [(k, 0) for k in (1, 1, 1, 1, -1, -1, 1, -1, 1, 1, -1, 2, 0, 0, 1, 1, 0, 1, 1, 1)],
    21,
)
"""x^2 = p + 1, x y = q, y z + x = p."""


def near():
    """Points beside zeros of `SYSTEM`, from near to too far, with inverses that are more and less right; of few digits, so that what is
    made of them here is exact."""
    found, inverses, parameters = [], [], []
    for k, off in enumerate((0, 2, 2**6, 2**10, 2**14, 2**18, 2**22)):
        x, y = 1.5 * (-1) ** k, 0.5 - 0.5j
        p, q, z = x * x - 1, x * y, (x * x - 1 - x) * (1 + 1j)
        moved = np.round(off * (spread(3, start=k) + 1j * spread(3, start=3 + k))) * 2.0**-24
        jacobian = np.array([[2 * x, 0, 0], [y, x, 0], [1, z, y]])
        inverses.append(np.linalg.inv(jacobian).round(6) * (1 + 0.125 * (k % 3)))
        found.append(np.array([x, y, z]) + moved)
        parameters.append([p, q])
    return Approximations(np.array(found), np.array(parameters, dtype=complex), np.array(inverses))


def boxes():
    """Krawczyk's operator, from residuals with radii, one of them not good, and with coefficients that are rounded."""
    given, found = near(), {}
    for rounded, tries in ((0.0, 6), (2.0**-30, 6), (0.0, 1), (0.0, 2)):
        x, y, z = given.points.T
        p, q = given.parameters.T
        values = np.stack([x * x - p - 1, x * y - q, y * z + x - p], axis=1)
        good = np.arange(len(values)) != 1
        out = Boxes(np.zeros(values.shape), np.zeros(values.shape), np.ones(len(values), dtype=bool))
        float_balls.krawczyk(SYSTEM, rounded, given, Balls(values, np.full(values.shape, 2.0**-50), good), tries, out)
        found |= {f"{rounded} {tries} {k}": digits(out.good[k], out.radii[k], out.near[k]) for k in range(len(values))}
    return found


def enclosed(module):
    given = near()
    outputs = np.array([8, 6, 7, 13], dtype=np.int32)
    shape = (len(given.points), len(outputs))
    out = Balls(np.zeros(shape, dtype=complex), np.zeros(shape), np.zeros(shape[0], dtype=bool))
    if module is float_balls:
        radii = np.abs(spread(shape[0], 5)) * 0.25
        float_balls.enclose(SYSTEM, 2.0**-40, np.hstack([given.points, given.parameters]), radii, outputs, out)
    else:
        double_double._enclose(np.zeros((SYSTEM.slots, 5)), SYSTEM, 2.0**-40, given, outputs, out)
    return {str(k): digits(out.good[k], out.values[k], out.sizes[k]) for k in range(shape[0])}


CASES = {
    "moduli": moduli,
    "pairs of doubles": pairs,
    "instructions": lambda: runs(float_balls, 3),
    "instructions on pairs": lambda: runs(double_double, 5),
    "boxes": boxes,
    "enclosures": lambda: enclosed(float_balls),
    "enclosures in pairs": lambda: enclosed(double_double),
}


@pytest.mark.parametrize("name", CASES)
def test_no_number_is_another(name):
    check_kept(name, CASES[name]())
