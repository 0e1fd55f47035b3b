"""What the points of a family are: slices, nearest and likeliest functions, told apart from systems that are nearly so."""

from __future__ import annotations

from dataclasses import replace

import flint
import numpy as np
import pytest

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.kinds_of_families import cuts, is_likeliest, is_nearest
from neurovariety.certificates.stored_families import StoredFamily

from .agreeing_models import always

Q = flint.fmpq
X, Y = 0, 1
COORDINATES = ExactSystem(2, (((1, ((X, 2),)),), ((1, ((X, 1), (Y, 1))), (3, ())), ((2, ((Y, 1),)),)), (2, 3, 4))
"""x^2, x y + 3, 2 y."""
SLOPES = ((((2, ((X, 1),)),), ((1, ((Y, 1),)),), ()), ((), ((1, ((X, 1),)),), ((2, ()),)))
"""Their derivatives by x, and by y."""


def family(inputs, equations, coordinates=COORDINATES):
    """Systems in x, y and ``inputs`` parameters; each equation is a sum of (factor, powers of x, y and the parameters)."""
    system = ExactSystem(2 + inputs, tuple(tuple(e) for e in equations), tuple(range(2 + inputs, 2 + inputs + len(equations))))
    return StoredFamily(system, coordinates, coordinates, 2, np.zeros(0, dtype=np.int64))


def slices(*more):
    """a x^2 + b (x y + 3) + c y - d, and another; ``more`` is added to the first."""
    first = [(1, ((2, 1), (X, 2))), (1, ((3, 1), (X, 1), (Y, 1))), (3, ((3, 1),)), (1, ((4, 1), (Y, 1))), (-1, ((5, 1),))]
    second = [(1, ((2, 2), (X, 2))), (5, ((4, 1), (Y, 1))), (-1, ((5, 2),))]
    return [[*first, *more], second]


def test_slices_are_affine_in_the_coordinates():
    assert cuts(family(4, slices()))
    for twin in (((1, ((X, 1),)),), ((1, ((Y, 2),)),), ((1, ((X, 3), (2, 1))),)):
        assert not cuts(family(4, slices(*twin)))
    assert cuts(family(4, slices((7, ((X, 1), (Y, 1))))))
    assert not cuts(family(4, slices()[:1]))
    assert not cuts(family(4, [*slices(), slices()[0]]))
    assert not cuts(object())
    assert not cuts(family(4, [[(1, ((Y, -1), (2, 1)))], slices()[0]]))
    assert not cuts(family(4, [[(1, ((X, 1), (2, -1)))], slices()[0]]))


def gradients(of, inputs):
    """sum_i J_ik (what ``of`` says of coordinate i)."""
    found = []
    for k in range(2):
        terms = []
        for i in range(3):
            for c, m in SLOPES[k][i]:
                terms += [(c * d, (*m, *more)) for d, more in of(i)]
        found.append([(c, merged(m)) for c, m in terms])
    return family(inputs, found)


def merged(monomial):
    powers = {}
    for slot, e in monomial:
        powers[slot] = powers.get(slot, 0) + e
    return tuple((s, e) for s, e in sorted(powers.items()) if e)


VALUES = ([(1, ((X, 2),))], [(1, ((X, 1), (Y, 1))), (3, ())], [(2, ((Y, 1),))])


def quadric(i, sign=-1, weight=1):
    """q_i c_i - v_i."""
    return [*((c, ((5 + i, weight), *m)) for c, m in VALUES[i]), (sign, ((2 + i, 1),))]


def test_nearest_functions():
    assert is_nearest(gradients(quadric, 6))
    assert is_nearest(gradients(lambda i: [*quadric(i), (2, ((5, 1),))], 6))  # any function that is linear in the others
    for twin in (
        lambda i: quadric(i, sign=1),
        lambda i: quadric(i, sign=-2),
        lambda i: quadric(i, weight=2),
        lambda i: [*quadric(i), (1, ())],
        lambda i: [*quadric(i), (1, ((2, 1), (5, 1)))],
        lambda i: quadric(i)[:-1],
        lambda i: quadric((i + 1) % 3),
    ):
        assert not is_nearest(gradients(twin, 6))
    right = gradients(quadric, 6)
    assert not is_nearest(object())
    short = replace(right, system=replace(right.system, equations=right.system.equations[:1]))
    assert not is_nearest(short)
    assert not is_nearest(family(2, [[(1, ((2, 1),))], [(1, ((3, 1),))]]))
    assert not is_nearest(family(6, [[(1, ((X, -1), (2, 1)))], right.system.sums[1]]))
    plain = gradients(lambda i: [*VALUES[i], (-1, ((2 + i, 1),))], 3)  # g itself is no parameter: not linear in none
    assert not is_nearest(plain)


def likelihood(i, sign=1):
    """u_i / c_i, for coordinates that are monomials."""
    return [(sign * Q(1, [1, 1, 2][i]), ((2 + i, 1), *((s, -e) for s, e in VALUES[i][0][1])))]


MONOMIALS = ExactSystem(2, (((1, ((X, 2),)),), ((1, ((X, 1), (Y, 1))),), ((2, ((Y, 1),)),)), (2, 3, 4))


def test_likeliest_functions():
    right = replace(gradients(likelihood, 3), prints=MONOMIALS, coordinates=MONOMIALS)
    assert is_likeliest(right)
    for twin in (
        lambda i: likelihood(i, sign=-1),
        lambda i: likelihood(i) if i else [],
        lambda i: [*likelihood(i), (1, ())],
        lambda i: [(c, ((m[0][0], 2), *m[1:])) for c, m in likelihood(i)],
    ):
        assert not is_likeliest(replace(gradients(twin, 3), prints=MONOMIALS, coordinates=MONOMIALS))
    assert not is_likeliest(replace(gradients(likelihood, 4), prints=MONOMIALS, coordinates=MONOMIALS))  # a parameter that is no count
    assert not is_likeliest(object())


@pytest.mark.parametrize(("more", "linear"), [((), True), (((1, ()),), False), (((1, ((2, 2),)),), False), (((1, ((X, -3),)),), False)])
def test_likelihoods_without_coordinates(more, linear):
    """Linear in the counts is all that is asked."""
    whole = gradients(likelihood, 3)
    system = replace(whole.system, sums=((*whole.system.sums[0], *more), whole.system.sums[1]))
    bare = type("Bare", (), {"hash": "h", "system": system, "unknowns": 2, "kept": always(0)})()
    assert is_likeliest(bare) is linear
