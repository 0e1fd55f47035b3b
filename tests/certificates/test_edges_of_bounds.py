"""Bounds that follow from lists and balls, at both sides of where they begin to hold: data that were worked out by hand."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import flint
import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.critical_list import LEAST, BallBound
from neurovariety.certificates.decayed_loss import DecayedLoss
from neurovariety.certificates.exact_system import ExactSystem
from neurovariety.certificates.fiber import LinearGraph
from neurovariety.certificates.general_members import SLICE
from neurovariety.certificates.issue import _TOKEN, NotShown, Verdict, issue, recorded, weak
from neurovariety.certificates.least_of_lists import LeastOfLists, ValueAt
from neurovariety.certificates.ranks import FewestSamples
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.stored_charts import StoredChart
from neurovariety.certificates.stored_motions import _RandomPlace
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import exact_functions


def refused(certificate, subject):
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def shown(kind, subject, value, claim=Claim.COMPLETE):
    """A premise, as if it had been shown."""
    return Verdict(Statement(kind, subject, value), claim, token=_TOKEN)


class TestBalls:
    """u^2 + (u - 1)^2 / 10 of weights 2 u, all of it twice what is asked for: a ball of radius 1 is |u - 1| <= 1/2."""

    ONE = flint.fmpq(1)
    LOSS = DecayedLoss(
        ExactSystem(1, (((1, ((0, 1),)),),), (1,)), (ONE,), (flint.fmpq(1, 10),), (ONE,), flint.fmpq(2), (flint.fmpq(2),)
    )

    def bound(self, **changes):
        """1/4 is more than the least value less (1/10) (1/2)^2 / 2, which is 1/80; at u = 1/2 the loss is 1/8."""
        least = shown(LEAST, self.LOSS.hash, (0.25, 0.26))
        given = {"family": self.LOSS.hash, "least": least, "radius": self.ONE, "at": (flint.fmpq(1, 2),), "low": 0.2, "high": 0.125}
        return BallBound(**(given | {"low": 0.12} | changes))

    def test_weights_are_multiples_of_unknowns(self):
        assert not refused(self.bound(), self.LOSS)
        assert refused(self.bound(at=(flint.fmpq(49, 100),)), self.LOSS)
        assert refused(self.bound(at=(flint.fmpq(151, 100),), high=9.0), self.LOSS)
        assert not refused(self.bound(at=(flint.fmpq(3, 2),), high=9.0), self.LOSS)
        assert not refused(self.bound(radius=flint.fmpq(2), at=(flint.fmpq(0),), low=0.0, high=0.0), self.LOSS)

    def test_numbers(self):
        assert refused(self.bound(high=0.124), self.LOSS)
        assert not refused(self.bound(low=0.2375 - 1e-9, high=0.25), self.LOSS)
        assert refused(self.bound(low=0.2375 + 1e-9, high=0.25), self.LOSS)
        assert refused(self.bound(low=0.13), self.LOSS)  # above the other one
        assert not refused(self.bound(low=0.0), self.LOSS)
        for twin in ({"radius": flint.fmpq(0)}, {"at": ()}, {"family": ""}, {"least": shown(LEAST, "", (0.25, 0.26))}):
            assert refused(self.bound(**twin), self.LOSS)
        assert refused(self.bound(least=shown("least", self.LOSS.hash, (0.25, 0.26))), self.LOSS)
        assert refused(self.bound(least=recorded(Statement(LEAST, self.LOSS.hash, (0.25, 0.26)), Claim.PROVED)), self.LOSS)


@dataclass(frozen=True)
class Values:
    """Lists with these lower bounds."""

    bounds: tuple[float | None, ...]
    alone: tuple[float, ...] = ()
    singular: str = "none"
    hash: str = "values"

    @property
    def lists(self) -> tuple[str, ...]:
        return tuple(f"list {k}" for k in range(len(self.bounds)))

    def lowest(self, number: int, known: Verdict) -> flint.arb | None:
        bound = self.bounds[number]
        return None if bound is None else flint.arb(bound)

    def beside(self) -> list[flint.arb]:
        return [flint.arb(v) for v in self.alone]

    def highest(self, weights: tuple[float, ...]) -> flint.arb:
        return flint.arb(weights[0])


class TestLeast:
    AT = ValueAt("values", (1.0,), 0.75, 0.25)

    def least(self, count=2, **changes):
        lists = tuple(shown("list", f"list {k}", 3) for k in range(count))
        return LeastOfLists(**({"at": self.AT, "lists": lists} | changes))

    @pytest.mark.parametrize(
        ("bounds", "alone", "fine"),
        [
            ((0.5, 0.5), (), True),
            ((0.5, 0.49), (), False),
            ((0.49, 0.5), (), False),
            ((0.5, None), (), True),
            ((None, None), (), False),
            ((None, None), (0.5,), True),
            ((0.5, 0.5), (0.4,), False),
        ],
    )
    def test_no_listed_point_is_less(self, bounds, alone, fine):
        assert refused(self.least(), Values(bounds, alone)) is not fine

    def test_all_lists_are_known(self):
        subject = Values((0.5, 0.5))
        one, two = self.least().lists
        unchecked = recorded(two.statement, Claim.PROVED)
        weaker = weak(two.statement, Claim.ESTIMATE, "seen")
        low = shown("list", "list 1", 3, Claim.LOWER_BOUND)
        for lists in ((one, unchecked), (unchecked, one), (two, one), (one,), (one, two, two), (one, weaker), (one, low)):
            assert refused(self.least(lists=lists), subject)
        assert refused(self.least(), replace(subject, singular=""))
        proved = self.least(lists=tuple(replace_claim(v) for v in (one, two)))
        assert issue(proved, subject).claim is Claim.PROVED
        assert issue(self.least(), subject).claim is Claim.COMPLETE

    def test_the_value_at_weights(self):
        subject = Values((0.5,))
        assert not refused(self.AT, subject)
        for twin in ({"value": 0.74}, {"slack": 0.24}, {"slack": -1.0, "value": 9.0}, {"values_of": ""}, {"slack": float("nan")}):
            assert refused(replace(self.AT, **twin), subject)


def replace_claim(verdict):
    return shown(verdict.statement.kind, verdict.statement.subject, verdict.statement.value, Claim.PROVED)


def test_all_coordinates_of_a_linear_graph_are_linear():
    def graph(*degrees):
        program = ExactSystem(1, tuple(((1, ((0, d),)),) for d in degrees), tuple(range(1, len(degrees) + 1)))
        return StoredChart(program, program, program, 1)

    for degrees, fine in (((1, 1), True), ((1, 2), False), ((2, 1), False), ((-1,), False)):
        family = graph(*degrees)
        assert refused(LinearGraph(SLICE, family.hash), family) is not fine
    assert refused(LinearGraph("degree", graph(1).hash), graph(1))
    assert refused(LinearGraph(SLICE, ""), graph(1))


@pytest.mark.parametrize("order", [1, 3, 8])
def test_places_that_a_text_names(order):
    """Primes have 61 bits, with roots of unity of that order, and residues are drawn from all of them."""
    places = [_RandomPlace(f"text {k}", 4, 2, order) for k in range(3)]
    for place in places:
        assert flint.fmpz(place.p).is_prime()
        assert place.p % order == 1 % order
        assert place.p.bit_length() == 61
        drawn = [int(v) for v in (*place.weights, *place.inputs.reshape(-1))]
        assert len(drawn) == len(set(drawn)) == 6
        assert all(0 <= v < place.p for v in drawn)
        assert max(drawn) > place.p / 16
    assert len({place.p for place in places}) == 3
    assert np.array_equal(_RandomPlace("text 0", 4, 2, order).weights, places[0].weights)


def test_with_fewer_samples_all_outputs_were_looked_at():
    """Of linear(5,1,3) five samples leave finitely many functions, which their number alone does not say."""
    found = nv.sample_complexity("linear(5,1,3)").verdicts["finite"]
    own, exact = found.certificate, exact_functions(nv.as_model("linear(5,1,3)"))
    assert isinstance(own, FewestSamples)
    assert (found.statement.value, found.claim, len(own.fewer)) == (5, Claim.PROBABILITY, 3)
    assert found.statement.error == pytest.approx(np.prod([exact.error(t.place, 7) for t in own.fewer]))
    rng = np.random.default_rng(0)

    def at(trial, samples, rows=None):
        """The same trial at so many random inputs, or at random combinations of the outputs there, with its true rank."""
        factors = None if rows is None else rng.integers(1, 1000, (samples, rows, 3)).astype(float)
        place = replace(trial.place, inputs=rng.integers(1, 1000, (samples, 5)).astype(float), factors=factors)
        return replace(trial, place=place, value=replace(trial, place=place).found(exact))

    six = at(own.enough, 6)
    combined = tuple(at(trial, 5, 1) for trial in own.fewer)
    assert [trial.value for trial in (six, *combined)] == [7, 5, 5, 5]
    for forged in (
        replace(own, enough=six, fewer=combined, samples=6),  # combinations of outputs, one of each sample, are fewer rows
        replace(own, enough=six, fewer=own.fewer, samples=6),
        replace(own, enough=six, fewer=tuple(at(trial, 5) for trial in own.fewer), samples=6),
        replace(own, fewer=()),
        replace(own, fewer=own.fewer[:1] * 3),
        replace(own, fewer=tuple(copy.deepcopy(own.fewer[0]) for _ in own.fewer)),
        replace(own, fewer=tuple(replace(trial, value=trial.value - 1) for trial in own.fewer)),
        replace(own, enough=own.fewer[0], samples=4),
    ):
        assert refused(forged, exact)
