"""Strata of families beyond perceptrons. That the function on each is that of the smaller network, `check_family` holds."""

from __future__ import annotations

import pytest

from neurovariety import as_model, critical_locus, dimension, singularities, subnetworks
from neurovariety.geometry.strata.facts import stratum_facts
from neurovariety.geometry.strata.fiber_families import fiber_families
from neurovariety.geometry.strata.known_strata import weight_strata
from neurovariety.geometry.strata.smaller_models import strata_of


@pytest.mark.parametrize("text", ["gnn(path(3); 1,3,1; x^2)", "ssm(1,3,1; t=4)", "tt(2,2,2; ranks=2,2)", "cp(2,2,2; rank=3)"])
def test_dimensions_over_a_stratum_are_those_of_the_smaller_network(text):
    model = as_model(text)
    whole = dimension(model).value
    for index, s in enumerate(weight_strata(model)):
        found = stratum_facts(s, 0, index, whole)
        assert found.functions == (0 if s.small is None else dimension(s.small).value), s.name


def test_linear_units_are_dead_in_any_basis():
    """Systems of one input and output with three states that are not minimal: the pairs (A, B) that do not reach all states are a
    hypersurface, det(B, AB, A^2 B) = 0, and so are those not seen from C."""
    model = as_model("ssm(1,3,1; t=6)")
    sizes = {s.name: stratum_facts(s, 0, i, 6).dimension for i, s in enumerate(weight_strata(model))}
    assert sizes["state 3 with incoming weights 0, in some basis"] == model.parameters - 1
    assert sizes["state 3 with outgoing weights 0, in some basis"] == model.parameters - 1
    assert sizes["state 3 dead, in some basis"] < model.parameters - 1


def test_terms_that_differ_in_one_factor_are_one():
    found = {s.name: s.kind for s in weight_strata(as_model("cp(2,2,2; rank=2)"))}
    assert found["terms 1 and 2 proportional but in A3"] == "redundant"
    assert found["term 2 with A1 zero"] == "zero factor"
    assert found["term 2 dead"] == "inactive"


@pytest.mark.parametrize("text", ["gnn(path(3); 1,2,1; x^3)", "cp(2,3,3; rank=2)", "ssm(1,2,2; t=4; x^2)"])
def test_no_list_of_these_is_called_whole(text):
    """Their strata are those that are known: nothing says that there are no others."""
    model = as_model(text)
    known = strata_of(model, False)
    assert known.strata
    assert known.theorem == ""
    assert known.all_listed is False
    assert critical_locus(model).value["complete"] is False
    assert "; other weights where it drops are not excluded" in critical_locus(model).meaning


def test_singular_functions_of_smaller_networks_are_found():
    """A state that does nothing: the functions of one state are limits in many ways."""
    found = singularities("cp(3,3,3; rank=2)")
    (one, *_) = found.value["strata"]
    assert (one["name"], one["dimension"], one["status"]) == ("cp(3,3,3; rank=1)", 7, "singular")


def test_families_of_one_function():
    model = as_model("ssm(1,2,1; t=4)")
    for family in fiber_families(model):
        assert len({(s.sizes, s.parameters - s.free) for s in family}) == 1


def test_a_poset_of_a_graph_network():
    found = subnetworks("gnn(path(3); 1,2,1; x^2)")
    names = [i["name"] for i in found.value["images"]]
    assert names == ["gnn(path(3); 1,1,1; x^2)", "zero"]
    assert found.value["inclusions"] == [[names[0], found.subject], ["zero", names[0]]]
