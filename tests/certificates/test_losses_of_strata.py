"""Stored landscapes by hand: least values of quadrics, weights that strata set to 0, where gradients vanish, distances of matrices."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.issue import NotShown
from neurovariety.certificates.nearest_matrices import NearestMatrices, least_distance
from neurovariety.certificates.stored_charts import StoredCharts, StoredQuadric
from neurovariety.certificates.stored_coefficients import NotStored
from neurovariety.certificates.stored_landscape import StoredLandscape, StoredStratum, _least_near, landscape_hash

from .agreeing_models import premise

HALF = Fraction(1, 2)


def quadric(rows, against, constant=0):
    return StoredQuadric(tuple(tuple(map(Fraction, r)) for r in rows), tuple(map(Fraction, against)), Fraction(constant))


@pytest.mark.parametrize(
    ("rows", "against", "constant", "least"),
    [
        ([[2]], [3], 5, HALF),  # 2 (c - 3/2)^2 + 1/2
        ([[0]], [0], 5, 5),
        ([[0]], [1], 5, None),
        ([[-1]], [0], 5, None),
        ([[1, 1], [1, 1]], [2, 2], 7, 3),
        ([[1, 1], [1, 1]], [2, 3], 7, None),
        ([[2, 0], [0, 3]], [1, 1], 1, Fraction(1, 6)),
        ([[0, 0], [0, 3]], [0, 1], 1, Fraction(2, 3)),
        ([[0, 1], [1, 0]], [0, 0], 1, None),
        ([[1, 2], [2, 1]], [0, 0], 1, None),
        ([[1, 2, 0], [2, 4, 0], [0, 0, 5]], [1, 2, 5], 9, 3),
        ([[4, 2, 0], [2, 3, 0], [0, 0, 0]], [2, 1, 0], 1, 0),
        ([], [], 3, 3),
    ],
)
def test_least_values_of_quadrics(rows, against, constant, least):
    own = quadric(rows, against, constant)
    assert own.least == least
    if least is not None and rows:
        near = product([Fraction(k, 2) for k in range(-4, 5)], repeat=len(rows))
        assert all(own.at(list(c)) >= least for c in near)


def embed(*outputs, n=2):
    """Weights made of those of a smaller network: a place of it, 0, or a sum."""
    sums, equations = [], []
    for terms in outputs:
        if isinstance(terms, int):
            equations.append(terms)
        else:
            sums.append(terms)
            equations.append(n + len(sums) - 1)
    return ExactSystem(n, tuple(sums), tuple(equations))


def term(slot, c=1, e=1):
    return (c, ((slot, e),))


@pytest.mark.parametrize(
    ("map_", "dead"),
    [
        (embed(0, 1), []),
        (embed(0, (), 1), [1]),
        (embed((), 1, (), 0), [0, 2]),
        (embed((term(0),), (term(1),), ()), [2]),
        (embed(0, 0, 1), None),
        (embed(0, ()), None),
        (embed(0, 1, (term(0), term(1))), None),
        (embed(0, 1, (term(0, 2),)), None),
        (embed((term(0, 2),), 1), None),
        (embed((term(0, 1, 2),), 1), None),
        (embed((term(0, 1, 2),), 0, 1), None),
        (embed(((1, ()),), 0, 1), None),
        (embed((term(0),), (term(2),), 1), None),
        (embed(((1, ((0, 1), (1, 1))),), 0, 1), None),
    ],
)
def test_weights_that_a_stratum_sets_to_zero(map_, dead):
    assert StoredStratum(map_, False).dead(9) == dead
    assert StoredStratum(map_, True).dead(9) is None
    assert StoredStratum(None, False).dead(3) == [0, 1, 2]
    assert StoredStratum(None, True).dead(2) == [0, 1]


VALUES = ExactSystem(3, (((1, ((0, 1), (1, 1))),), ((1, ((2, 2),)), (1, ((0, 1),)))), (3, 4))
"""u v and w^2 + u."""
PLAIN = quadric([[1, 0], [0, 2]], [3, 0], 10)
SMALL = ExactSystem(1, (), (0,))


def landscape(**changes):
    given = {
        "name": "n",
        "listed": "",
        "singular": "",
        "nearest": None,
        "power": 0,
        "values": VALUES,
        "quadric": PLAIN,
        "given": PLAIN,
        "loss": "",
        "stages": (None, None),
        "strata": (StoredStratum(None, False),),
    }
    return StoredLandscape(**{**given, **changes})


def test_where_gradients_vanish():
    """At 0 the coordinates are 0, and only the second moves, along u."""
    own = landscape()
    assert not own.moves(1, 0, None)
    assert landscape(quadric=quadric([[1, 0], [0, 2]], [3, 1], 10)).moves(1, 0, None)
    assert landscape(quadric=quadric([[1, 0], [0, 2]], [0, -1], 10)).moves(1, 0, None)
    assert not own.rests(1, 0, None)
    flat = ExactSystem(3, (((1, ((0, 1), (1, 1))),), ((1, ((2, 2),)), (7, ()))), (3, 4))
    assert landscape(values=flat).rests(1, 0, None)
    assert not landscape(values=flat, quadric=quadric([[1, 0], [0, 2]], [3, 1], 10)).moves(1, 0, None)
    doubled = landscape(values=flat, strata=(StoredStratum(embed(0, 0, ()), False),))
    assert not doubled.rests(1, 0, None)
    with pytest.raises(NotShown, match="list of critical functions"):
        landscape(strata=(StoredStratum(embed(0, (), 1), False),), stages=(None, None)).moves(1, 0, premise("critical", 1))
    assert own.definite()
    assert own.squares
    missing = landscape(quadric=None, given=None, power=0)
    for asked in (
        missing.definite,
        missing.below_all,
        lambda: missing.squares,
        lambda: missing.moves(1, 0, None),
        lambda: missing.bounds((0.0,) * 3),
    ):
        with pytest.raises(NotStored):
            asked()


def test_losses_of_weights_and_of_all():
    own = landscape()
    assert own.squares
    assert not landscape(given=quadric([[1, 0], [0, 2]], [3, 0], 8), stages=(None, None)).squares
    assert own.bounds((2.0, 1.0, 1.0)) == (20.0, 20.0)  # 4 - 12 + 2 * 9 + 10
    for power in (0, 1, -3):
        scaled = landscape(power=power)
        assert float(scaled.below_all()) == 4.0**power  # 10 - 9
        (loss,) = scaled.real_losses(1, None)
        assert float(loss) == 10 * 4.0**power
    assert landscape(quadric=quadric([[-1, 0], [0, 2]], [3, 0], 10)).below_all() is None
    assert not landscape(quadric=quadric([[1, 0], [0, 0]], [3, 0], 10)).definite()
    near = NearestMatrices(
        ((Fraction(3), Fraction(0)), (Fraction(0), Fraction(1))), 1, (((0, 0, Fraction(1)),), ((1, 1, Fraction(1)),))
    )
    distance = quadric([[1, 0], [0, 1]], [3, 1], 10)
    assert abs(float(landscape(nearest=near, given=distance).below_all()) - 1) < 1e-9
    with pytest.raises(NotShown, match="distance"):
        landscape(nearest=near).below_all()


def test_the_least_loss_near_a_function():
    own = quadric([[2, 1], [1, 3]], [1, -1], 5)
    centre = np.array([0.5, -0.25])
    assert float(_least_near(own, centre, np.zeros(2))) == float(own.at([HALF, Fraction(-1, 4)]))
    sizes = np.array([0.125, 0.25])
    found = float(_least_near(own, centre, sizes))
    corners = [
        own.at([Fraction(float(c + s * r)) for c, s, r in zip(centre, signs, sizes, strict=True)])
        for signs in product((-1, 0, 1), repeat=2)
    ]
    assert float(min(corners)) - 0.7 < found <= float(min(corners))
    for broken in (np.array([np.inf, 0.0]), np.array([np.nan, 0.0])):
        with pytest.raises(NotShown):
            _least_near(own, broken, sizes)
        with pytest.raises(NotShown):
            _least_near(own, centre, broken)


def charts():
    return StoredCharts(SMALL, (), np.zeros(2), np.zeros(2), None)


@pytest.mark.parametrize(
    "changes",
    [
        {"stages": (None,)},
        {"strata": ()},
        {"quadric": quadric([[1]], [1])},
        {"given": quadric([[1]], [1])},
        {"stages": (None,), "strata": (), "power": 1},
        {"stages": (None,), "strata": (), "given": quadric([[1, 0], [0, 2]], [3, 0], 11)},
        {"strata": (StoredStratum(embed(0, 1), False),)},
        {"strata": (StoredStratum(embed(0, 1, ()), False),), "stages": (None, charts())},
    ],
)
def test_landscapes_that_are_none(changes):
    with pytest.raises(ValueError, match=r"others|units of the data|another network"):
        landscape(**changes)
    assert landscape(strata=(StoredStratum(embed(0, 0, (), n=1), False),), stages=(None, charts()))
    assert landscape(stages=(None,), strata=())


def test_hashes_of_landscapes():
    """Each part is in the digest; in the hash all that certificates speak of."""
    changes = {
        "name": "m",
        "listed": "l",
        "singular": "s",
        "given": quadric([[1, 0], [0, 2]], [3, 0], 11),
        "quadric": quadric([[1, 0], [0, 2]], [3, 0], 11),
        "power": 2,
        "values": ExactSystem(3, VALUES.sums, (4, 3)),
        "strata": (StoredStratum(None, True),),
        "nearest": NearestMatrices(((Fraction(1),),), 0, ()),
    }
    own = landscape()
    found = [landscape(**{k: v}) for k, v in changes.items()]
    assert len({own.digest, *(f.digest for f in found)}) == 1 + len(changes)
    assert [f.hash != own.hash for f in found] == [True] * 4 + [False] * 5
    assert own.lists == ("", "")
    listed = landscape(strata=(StoredStratum(embed(0, 0, (), n=1), False),), stages=(None, charts()))
    assert listed.lists == ("", charts().hash)
    assert own.hash == landscape_hash("n", ("", ""), "", "", PLAIN, "")
    assert landscape_hash("n", ("",), "", "", None, "x") != landscape_hash("n", ("",), "", "", None, "y")


def test_matrices_of_bounded_rank_are_so_far():
    """Against singular values."""
    rng = np.random.default_rng(0)
    for shape in ((2, 2), (3, 2), (2, 4), (3, 3)):
        m = np.round(rng.normal(size=shape) * 8) / 8
        exact = tuple(tuple(Fraction(float(v)) for v in row) for row in m)
        values = np.linalg.svd(m, compute_uv=False) ** 2
        for rank in range(min(shape) + 2):
            found, expected = least_distance(exact, rank), float(values[rank:].sum())
            assert float(found.lower()) <= expected + 1e-12
            assert abs(float(found) - expected) < 1e-9
