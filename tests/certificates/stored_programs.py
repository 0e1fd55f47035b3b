"""Stored programs that are written by hand, and plain sums over their weights and inputs."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod

import flint
import numpy as np

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.gaussian import parts
from neurovariety.certificates.stored_functions import StoredFunctions

P, WIDE = 1009, 4194301
HALF, THIRD = Fraction(1, 2), Fraction(1, 3)
NONE = np.zeros((0, 4), dtype=np.int64)
PLAIN = {
    "model": "m",
    "name": "a program",
    "theorems": (),
    "weight_names": (),
    "known_cone": False,
    "bounded_rank": None,
    "image_facts": None,
}


def stored(parameters, inputs, sums, equations, fields=NONE, coefficients=(), blocks=None, **more):
    general = sum(c is None for c in coefficients)
    program = ExactSystem(parameters + inputs + general, sums, equations)
    return StoredFunctions(
        **{
            **PLAIN,
            "parameters": parameters,
            "inputs": inputs,
            "coefficients": coefficients,
            "program": program,
            "fields": np.array(fields, dtype=np.int64).reshape(-1, 4),
            "blocks": ((parameters,),) if blocks is None else blocks,
            **more,
        }
    )


SCALED = [(0, 0, 0, 1), (0, 1, 1, 1), (0, 2, 2, -1), (0, 3, 3, -1)]
MATRICES = stored(
    4,
    2,
    (((1, ((0, 1), (4, 1))), (1, ((1, 1), (5, 1)))), ((1, ((2, 1), (6, 1))),), ((1, ((3, 1), (6, 1))),)),
    (7, 8),
    SCALED,
    blocks=((1, 2), (2, 1)),
    known_cone=True,
)
"""(a x + b y) (c, d)."""
SQUARES = stored(
    2, 2, (((1, ((0, 1), (2, 1))), (1, ((1, 1), (3, 1)))), ((1, ((4, 2),)),), ((3, ((0, 2), (2, 1))), (flint.fmpq(1, 2), ()))), (5, 6)
)
"""(a x + b y)^2 and 3 a^2 x + 1/2."""
MIXED = stored(
    3,
    1,
    (
        ((2, ((0, 1), (1, 1), (3, 1))), (1, ((0, 2),)), (4, ((2, 3), (3, 2)))),
        ((flint.fmpq(-1, 3), ((0, 1), (1, 1), (3, 1))), (5, ()), (-1, ((2, 3), (3, 2)))),
    ),
    (4, 5),
    coefficients=(Fraction(5), THIRD),
)
GENERAL = stored(2, 1, (((1, ((0, 1), (2, 1), (3, 1))), (1, ((1, 2), (4, 1)))),), (5,), coefficients=(None, HALF, None))
"""a g x + b^2 h, with general g and h."""
RATIONAL = stored(2, 1, (((1, ((0, 1), (2, 2), (1, -1))),),), (3,), [(0, 0, 0, 1), (0, 1, 1, 1)])
"""a x^2 / b."""
LINE = stored(1, 0, (((1, ((0, 2),)),),), (1,))
ALL = {"matrices": MATRICES, "squares": SQUARES, "mixed": MIXED, "line": LINE}


def rank(rows, p=None):
    """By elimination, in rational numbers or modulo a prime."""
    rows, found = [[Fraction(v) if p is None else int(v) % p for v in row] for row in rows], 0
    for k in range(len(rows[0]) if rows else 0):
        pivot = next((i for i in range(found, len(rows)) if rows[i][k]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        top = rows[found]
        inverse = 1 / top[k] if p is None else pow(top[k], -1, p)
        for i in range(found + 1, len(rows)):
            factor = rows[i][k] * inverse
            rows[i] = [a - factor * b if p is None else (a - factor * b) % p for a, b in zip(rows[i], top, strict=True)]
        found += 1
    return found


def outputs(own, at, one=Fraction):
    """Values of the outputs at weights, inputs and general coefficients."""
    slots = list(at)
    for terms in own.program.sums:
        slots.append(sum((one(parts(c)[0]) * prod((slots[s] ** e for s, e in m), start=one(1)) for c, m in terms), one(0)))
    return [slots[k] for k in own.program.equations]


def expanded(own):
    """By output and exponents of the inputs: exponents of the weights -> coefficient."""
    context = flint.fmpq_mpoly_ctx.get([f"z{i}" for i in range(own.program.unknowns)])
    found = {}

    def one(value):
        value = Fraction(value)
        return context.constant(flint.fmpq(value.numerator, value.denominator))

    for k, f in enumerate(outputs(own, context.gens(), one)):
        for e, c in f.to_dict().items():
            e = tuple(map(int, e))
            found.setdefault((k, e[own.parameters :]), {})[e[: own.parameters]] = Fraction(int(c.p), int(c.q))
    return {key: found[key] for key in sorted(found, key=lambda k: (k[0], tuple(-e for e in k[1])))}


def at(terms, w):
    return sum((c * prod((v**e for v, e in zip(w, es, strict=True)), start=Fraction(1)) for es, c in terms.items()), Fraction(0))


def slope(terms, i):
    return {(*e[:i], e[i] - 1, *e[i + 1 :]): c * e[i] for e, c in terms.items() if e[i]}


def mod(value, p):
    return Fraction(value).numerator * pow(Fraction(value).denominator, -1, p) % p


def jacobian(own, w, inputs, general=()):
    """Rows by input and output, in rational numbers, by differences: a polynomial of degree 4 at most in a weight."""
    rows = []
    for x in inputs:
        steps = {}
        for i, h in product(range(own.parameters), (-2, -1, 1, 2)):
            moved = [Fraction(v) + h * (i == k) for k, v in enumerate(w)]
            steps[i, h] = outputs(own, [*moved, *map(Fraction, x), *map(Fraction, general)])
        for k in range(own.outputs):
            five = [{h: steps[i, h][k] for h in (-2, -1, 1, 2)} for i in range(own.parameters)]
            rows.append([(8 * (f[1] - f[-1]) - (f[2] - f[-2])) / 12 for f in five])
    return rows


def weights(own, count):
    return np.random.default_rng(0).integers(-9, 10, size=(count, own.parameters)).tolist()


POINTS = [[1, 2], [-3, 1], [0, 5]]
