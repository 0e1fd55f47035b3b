"""Dimensions of equivariant functions: what certificates take, and the false ones that they refuse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from neurovariety import Claim, as_model
from neurovariety.certificates.equivariant_functions import (
    EquivariantAtLeast,
    EquivariantAtMost,
    LinearEquivariance,
    OrderOfMaps,
)
from neurovariety.certificates.issue import NotShown, issue
from neurovariety.dictionary.invariance import invariance
from neurovariety.geometry.equivariance.exact_equivariance import exact_equivariance
from neurovariety.geometry.equivariance.linear_map import identity, pair_of, read_map

QUADRICS = "mlp(2,2,1; x^2)"


def refused(certificate, subject):
    with pytest.raises(NotShown):
        issue(certificate, subject)


@pytest.fixture(scope="module")
def swap():
    model = as_model(QUADRICS)
    return exact_equivariance(model), invariance(model, map="1,0").verdicts


def component(verdicts):
    return verdicts["components"].certificate.components[0].certificate


def test_components_are_checked_by_another_process(swap):
    """A model made anew knows no ranks: spaces, points and ranks are made again from the residues."""
    _, verdicts = swap
    fresh = exact_equivariance(as_model(QUADRICS))
    good = component(verdicts)
    issue(good, fresh)
    for part in ("function_dimension", "weight_dimension", "components", "order"):
        again = issue(verdicts[part].certificate, fresh)
        assert (again.statement.value, again.claim) == (verdicts[part].statement.value, verdicts[part].claim)


@pytest.mark.parametrize(
    ("text", "t", "s"), [("mlp(3,3,1; x^2)", "shift", None), ("attention(2,2; a=2; t=2)", "0,-1;1,0", "0,-1;1,0"),
     ("linear(2,2,2)", "1,1;0,1", None)]
)  # fmt: skip
def test_roots_of_unity_and_maps_of_no_order(text, t, s):
    found = invariance(text, map=t, output_map=s).verdicts
    fresh = exact_equivariance(as_model(text))
    for verdict in found["components"].certificate.components:
        issue(verdict.certificate, fresh)
        p, q = verdict.certificate.place.prime, verdict.certificate.maps.order or 1
        assert q == 1 or p % q == 1


def test_false_components_are_refused(swap):
    exact, verdicts = swap
    good = component(verdicts)
    n, place = good.numbers, good.place
    for numbers in (
        replace(n, functions=n.functions + 1),
        replace(n, swept=n.swept + 1),
        replace(n, rank=n.rank + 1),
        replace(n, space=0),
    ):
        refused(replace(good, numbers=numbers), exact)
    moved = place.weights.copy()
    moved[0] += 1
    for other in (
        replace(place, weights=moved),
        replace(place, classes=()),
        replace(place, classes=(((1, 1), (1, -1)),)),
        replace(place, classes=(((3, 1),),)),
        replace(place, classes=(((1, 1), (1, 1)),)),
        replace(place, prime=place.prime - 1),
        replace(place, weights=np.zeros_like(place.weights)),
    ):
        refused(replace(good, place=other), exact)
    refused(replace(good, maps=pair_of(read_map("0,-1;1,0", 2, "inputs"), identity(1))), exact)
    refused(replace(good, maps=pair_of(read_map("shift", 3, "inputs"), identity(1))), exact)
    refused(replace(good, parameters=7), exact)
    refused(replace(good, general=True), exact)
    refused(replace(good, upper=verdicts["order"]), exact)
    refused(good, exact_equivariance(as_model("mlp(2,2,1; x^3)")))


def test_bounds_that_say_too_much_are_refused(swap):
    exact, verdicts = swap
    meets = verdicts["function_dimension"].certificate
    lower, upper = meets.lower.certificate, meets.upper.certificate
    assert isinstance(lower, EquivariantAtLeast)
    assert isinstance(upper, EquivariantAtMost)
    refused(replace(lower, value=lower.value + 1), exact)
    refused(replace(lower, component=None), exact)
    refused(replace(lower, component=verdicts["order"]), exact)
    refused(replace(upper, value=upper.value - 1), exact)
    refused(replace(upper, part="weight_dimension", value=4), exact)
    refused(replace(upper, upper=meets.lower), exact)
    refused(replace(upper, lower=meets.lower), exact)
    assert issue(replace(upper, value=upper.value + 1), exact).claim is Claim.UPPER_BOUND
    refused(replace(verdicts["order"].certificate, value=4), exact)
    refused(replace(verdicts["components"].certificate, words=(("something else",),)), exact)


def test_a_theorem_on_linear_networks_alone():
    linear, other = (exact_equivariance(as_model(text)) for text in ("linear(3,2,2)", "mlp(3,2,2; x^2)"))
    maps = pair_of(read_map("1,0,2", 3, "inputs"), identity(2))
    issue(LinearEquivariance(linear.hash, maps, "function_dimension", 4), linear)
    refused(LinearEquivariance(linear.hash, maps, "function_dimension", 3), linear)
    refused(LinearEquivariance(linear.hash, maps, "weight_dimension", 4), linear)
    refused(LinearEquivariance(other.hash, maps, "function_dimension", 4), other)
    square = exact_equivariance(as_model("linear(2,2,2)"))
    both = read_map("1,1;0,1", 2, "inputs")
    refused(LinearEquivariance(square.hash, pair_of(both, both), "function_dimension", 2), square)
    refused(OrderOfMaps(square.hash, pair_of(both, both), 2), square)


def test_every_function_by_places():
    """x^3 + x is odd: as many random places as the error asks for, none less, none of a short prime, none twice."""
    model = as_model("mlp(2,2,1; x^3 + x)")
    exact, found = exact_equivariance(model), invariance(model, map="negation", output_map="-1").verdicts
    good = found["weight_dimension"].certificate
    assert (found["weight_dimension"].claim, found["weight_dimension"].statement.value) == (Claim.PROBABILITY, 6)
    issue(good, exact_equivariance(as_model("mlp(2,2,1; x^3 + x)")))
    refused(replace(good, places=good.places[:1]), exact)
    refused(replace(good, places=good.places[:1] * 8), exact)
    refused(replace(good, places=()), exact)
    refused(replace(good, parameters=7), exact)
    refused(replace(good, maps=pair_of(read_map("negation", 2, "inputs"), identity(1))), exact)
    short = [replace(p, prime=101, weights=p.weights % 101, inputs=p.inputs % 101) for p in good.places]
    refused(replace(good, places=tuple(short)), exact)
    even = exact_equivariance(as_model("mlp(2,2,1; x^2 + x)"))
    refused(good, even)
