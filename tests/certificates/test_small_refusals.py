"""Refusals and sums of small parts of the room, each against data of which one thing is other than it should be."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product
from types import SimpleNamespace
from typing import Protocol, runtime_checkable

import flint
import numpy as np
import pytest

import conftest
from neurovariety import as_model
from neurovariety.certificates import product_relations
from neurovariety.certificates.equivariant_functions import PairOfMaps
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.functions import DIMENSION
from neurovariety.certificates.issue import _TOKEN, Verdict
from neurovariety.certificates.nearest_matrices import NearestMatrices
from neurovariety.certificates.network_approximation import Moves
from neurovariety.certificates.network_rewrites import _SideBySide
from neurovariety.certificates.plain_form import _fits
from neurovariety.certificates.program_bounds import program_bounds
from neurovariety.certificates.pruned_networks import _on_in_between
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.certificates.stored_landscape import StoredLandscape
from neurovariety.certificates.stratum_ranks import PlaceRanks, StratumPlace, StratumRanks
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.geometry.equivariance.exact_equivariance import exact_equivariance
from neurovariety.geometry.solutions.stored_subjects import stored_functions

F = Fraction


@pytest.fixture(autouse=True)
def _plain_stand_ins(monkeypatch):
    """Networks are stood in for by plain tables, which types would refuse."""
    monkeypatch.setattr(conftest, "ENFORCED", False)


def nearest(**changed):
    """Symmetric matrices [[a, b], [b, c]] near [[1, 2], [3, 4]]: b stands at two places, once as a sum of halves."""
    places = (((0, 0, F(1)),), ((0, 1, F(1, 2)), (0, 1, F(1, 2)), (1, 0, F(1))), ((1, 1, F(1)),))
    matrix = ((F(1), F(2)), (F(3), F(4)))
    return NearestMatrices(**{"matrix": matrix, "rank": 1, "places": places} | changed)


QUADRIC = StoredQuadric(((F(1), F(0), F(0)), (F(0), F(2), F(0)), (F(0), F(0), F(1))), (F(1), F(5), F(4)), F(30))


class TestNearestMatrices:
    def test_the_distance_from_a_matrix(self):
        """(a - 1)^2 + (b - 2)^2 + (b - 3)^2 + (c - 4)^2."""
        nearest().check(QUADRIC)
        near = NearestMatrices(((F(3), F(0)), (F(0), F(2))), 1, nearest().places)
        assert near.below().contains(4) or abs(float(near.below().mid()) - 4) < 1e-9

    def test_others_are_refused(self):
        (a,), b, (c,) = nearest().places
        wrong = [
            {"rank": -1},
            {"matrix": ((F(1), F(2)), (F(3),))},
            {"matrix": ((F(1), F(2)), (F(3), F(5)))},
            {"places": (*nearest().places, ())},
            {"places": ((a,), b)},
            {"places": ((a,), b[1:], (c,))},
            {"places": ((a,), b, ((1, 1, F(2)),))},
        ]
        wrong += [{"places": ((a,), b, ((i, k, F(1)),))} for i, k in ((2, 1), (1, 2), (-1, 1), (1, -1), (0, 1))]
        for changed in wrong:
            with pytest.raises(NotShown):
                nearest(**changed).check(QUADRIC)
        for other in (
            replace(QUADRIC, constant=F(29)),
            replace(QUADRIC, against=(F(1), F(5), F(5))),
            replace(QUADRIC, pairs=((F(1), F(0), F(0)), (F(0), F(1), F(0)), (F(0), F(0), F(1)))),
        ):
            with pytest.raises(NotShown, match="distance"):
                nearest().check(other)

    def test_a_landscape_asks_it(self):
        """The bound of a theorem is one of the loss that is given."""
        held = SimpleNamespace(nearest=nearest(), given=QUADRIC)
        assert StoredLandscape.below_all(held) > 0
        held.given = replace(QUADRIC, constant=F(31))
        with pytest.raises(NotShown, match="distance"):
            StoredLandscape.below_all(held)


def test_heads_that_both_networks_store(monkeypatch):
    """As multisets: what is stored twice in one and once in the other is left once."""
    monkeypatch.setattr(product_relations, "as_stored", lambda network, block, b: network[b])
    for one, two in product(map("".join, product("AB", repeat=3)), ("A", "AB", "AAB", "ABBB", "", "C")):
        sides = [(heads, SimpleNamespace(heads=len(heads))) for heads in (one, two)]
        left = product_relations._not_in_both(*sides)
        assert Counter(one[b] for b in left[0]) == Counter(one) - Counter(two)
        assert Counter(two[b] for b in left[1]) == Counter(two) - Counter(one)


def test_combinations_of_channels():
    """A row and its constant, each times its factor, and a constant of its own."""
    rows = {0: (np.array([F(1), F(2)]), F(5), "n"), 3: (np.array([F(-1), F(7)]), F(1, 2), "n"), 4: (np.array([F(2), F(2)]), F(1), "n")}
    replay = SimpleNamespace(second=None, _row=lambda network, node, j: rows[j])
    row, shift, origin = _SideBySide._total(replay, None, (((0, F(2)), (3, F(3)), (4, F(-1))), F(10)))
    assert (row.tolist(), shift, origin) == ([-3, 23], F(10) + 10 + F(3, 2) - 1, "n")
    row, shift, _ = _SideBySide._total(replay, None, ((), F(10)))
    assert (row.tolist(), shift) == ([0, 0], 10)


def test_products_with_zero_have_no_size():
    """Also where the other factor is too large for float64: 0 x^(2^1100) + y."""
    squares = [((1, ((0, 2),)),), *(((1, ((1 + k, 2),)),) for k in range(1100))]
    zero, last = 2 + len(squares), 1 + len(squares)
    program = ExactSystem(2, (*squares, (), ((1, ((zero, 1), (last, 1))), (1, ((1, 1),)))), (zero + 1,))
    found = program_bounds(program, range(2))
    assert (found.inputs, found.log_norm) == (1, 0)


def test_protocols_ask_for_all_their_names():
    @runtime_checkable
    class Named(Protocol):
        @property
        def name(self) -> str: ...
        def size(self) -> int: ...

    @dataclass
    class Both:
        name: str

        def size(self) -> int:
            return 1

    @dataclass
    class One:
        name: str

    class Other:
        def size(self) -> int:
            return 1

    assert _fits(Both("a"), Named)
    assert not _fits(One("a"), Named)
    assert not _fits(Other(), Named)


def test_moves_of_units():
    """A sum of sizes, for each unit that there is."""
    assert [float(v) for v in Moves([[flint.arb(-2), flint.arb(3)], []], [flint.arb(1), flint.arb(4)]).sizes()] == [6, 4]


def test_every_group_has_a_class():
    """Elements of order 2 of two hidden groups; of order 3 there is none where a cycle has length 2."""
    model = as_model("mlp(2,2,2,1; x^2)")
    stored = replace(stored_functions(model), facts=(exact_equivariance(model).facts(()),))
    maps = PairOfMaps(((F(1), F(0)), (F(0), F(-1))), ((F(1),),))
    assert maps.order == 2
    good, bad = ((1, 1), (1, 1)), ((2, 1), (2, 1))
    assert len(stored._classes(maps, (good, good))) == 2
    assert len(stored._classes(maps, (((2, 1),), good))) == 2
    for classes in ((good, bad), (bad, good), (good,), (good, good, good)):
        with pytest.raises(NotShown, match="no elements"):
            stored._classes(maps, classes)


def test_neurons_between_two_matrices():
    """Only a step that joins matrices, as many as went."""
    nodes = (("a", {"weight": "w"}), ("s", {}), ("b", {"weight": "v"}))
    before = SimpleNamespace(
        nodes=[SimpleNamespace(name=name, weights=weights) for name, weights in nodes],
        weights={"w": np.zeros((5, 2)), "v": np.zeros((3, 5))},
    )
    after = SimpleNamespace(nodes=[SimpleNamespace(name="b", weights={"weight": "v"})])
    plain = {"bounded": True, "rows": {}, "heads": {}, "backwards": False, "names": {}, "merged": ("b",), "after": after}
    assert _on_in_between(before, SimpleNamespace(**plain)) == {"always on": 5}
    for changed in ({"bounded": False}, {"rows": {"a": 1}}, {"heads": {"a": 1}}, {"backwards": True}, {"names": {"a": "b"}}):
        with pytest.raises(NotShown, match="nothing else"):
            _on_in_between(before, SimpleNamespace(**plain | changed))
    for merged in ((), ("a", "b")):
        with pytest.raises(NotShown, match="which neurons"):
            _on_in_between(before, SimpleNamespace(**plain | {"merged": merged}))


@pytest.mark.parametrize(
    ("ranks", "parameters", "at_most", "claim"),
    [
        ((3, 4, 3), 3, 4, Claim.PROVED),
        ((3, 4, 3), 4, 4, Claim.PROBABILITY),
        ((3, 4, 3), 3, 5, Claim.PROBABILITY),
        ((3, 4, 2), 3, 4, Claim.PROBABILITY),
        ((4, 4, 4), 4, 4, Claim.PROVED),
    ],
)
def test_ranks_of_strata_are_proved_where_they_are_largest(ranks, parameters, at_most, claim):
    """As many as parameters, the bound, and the smaller of both; else they are right but for an error."""
    taken = PlaceRanks(*ranks, ranks[1])
    model = SimpleNamespace(
        hash="model",
        parameters=9,
        outputs=1,
        stratum_parameters=lambda _: parameters,
        stratum_taken=lambda _: taken,
        stratum_error=lambda *_: 2.0**-30,
    )
    upper = Verdict(Statement(DIMENSION, "model", at_most), Claim.PROVED, token=_TOKEN)
    place = StratumPlace("here", 101, np.arange(3), np.zeros(0), np.arange(2))
    certificate = StratumRanks("model", "here", (place,), ranks, upper)
    certificate.check(model)
    said, found = certificate.concludes()
    assert (found, said.error) == (claim, 0 if claim is Claim.PROVED else 2.0**-30)
    for wrong in ((ranks[0] - 1, *ranks[1:]), (*ranks[:2], ranks[2] + 1)):
        with pytest.raises(NotShown, match="largest ranks"):
            replace(certificate, value=wrong).check(model)
