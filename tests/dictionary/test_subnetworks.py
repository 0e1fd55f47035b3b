"""Subnetworks as a poset: dimensions against those of the small networks, inclusions against exact points, what is not known."""

from __future__ import annotations

import pytest

from neurovariety import Claim, InputError, dimension, fibers, subnetworks


@pytest.mark.parametrize("seed", range(3))
def test_the_complete_small_example(seed):
    """mlp(2,2,1; x^3 + x^2): one neuron gives 3 dimensions, in five ways; the dead neuron is one point over each function."""
    found = subnetworks("mlp(2,2,1; x^3 + x^2)", seed=seed)
    one, zero = found.value["images"]
    assert (one["name"], one["dimension"], one["codimension"], one["fiber"]) == ("mlp(2,1,1; x^3 + x^2)", 3, 3, 2)
    assert (zero["name"], zero["dimension"], zero["fiber"]) == ("zero", 0, 4)
    strata = {s["name"]: (s["dimension"], s["rank"], s["fiber"]) for s in one["strata"]}
    assert strata["neuron 2 dead"] == (3, 3, 0)
    assert strata["neuron 2 with outgoing weights 0"] == (5, 4, 2)
    assert strata["neurons 1 and 2 equal"] == (4, 3, 1)
    assert found.value["inclusions"] == [["mlp(2,1,1; x^3 + x^2)", found.subject], ["zero", "mlp(2,1,1; x^3 + x^2)"]]
    assert found.claim is Claim.PROBABILITY
    assert found.evidence["error_bound"] < 1e-6
    assert found.rerun().value == found.value


@pytest.mark.parametrize(("text", "at"), [("mlp(2,2,1; x^3)", [1, 2, 3, 5, 1, 0]), ("mlp(2,2,1; x^3 + x^2)", [1, 2, 3, 5, 1, 0])])
def test_the_fiber_of_a_stratum_is_the_local_one_where_that_is_known(text, at):
    """Another route: the local dimension of the fiber through weights on the largest stratum, by local algebra."""
    found = subnetworks(text)
    image = found.value["images"][0]
    outgoing = next(s for s in image["strata"] if s["kind"] == "outgoing zero")
    assert fibers(text, at=at).value["dimension"] == outgoing["fiber"] == image["fiber"]


def test_linear_networks_are_proved():
    found = subnetworks("linear(3,2,3)")
    assert found.claim is Claim.PROVED
    assert [(i["name"], i["dimension"], i["fiber"]) for i in found.value["images"]] == [("linear(3,1,3)", 5, 5), ("zero", 0, 7)]


def test_a_single_matrix_of_lower_rank_is_not_all_matrices():
    found = subnetworks("linear(2,2)")
    assert [(i["name"], i["dimension"], i["fiber"]) for i in found.value["images"]] == [("rank 1", 3, 0), ("zero", 0, 0)]


def test_shifted_filters_with_one_image_have_several_strata():
    images = {i["name"]: i for i in subnetworks("cnn(2,2; x^2)").value["images"]}
    assert len(images) == 8
    middle = images["filters of sizes 1, 1 shifted by 1"]
    assert (middle["dimension"], len(middle["strata"])) == (1, 2)
    assert all(i["dimension"] == 2 for name, i in images.items() if "1, 2" in name or "2, 1" in name)


def test_equal_closures_are_one_image():
    """Two squares of two variables are all quadratic forms: width 2 of mlp(2,3,1; x^2) is no proper part."""
    found = subnetworks("mlp(2,3,1; x^2)")
    assert [i["name"] for i in found.value["images"]] == ["mlp(2,1,1; x^2)", "zero"]
    whole = [s["name"] for s in found.evidence["whole"]]
    assert "neuron 3 dead" in whole


def test_inclusions_respect_dimensions_and_sizes():
    found = subnetworks("mlp(2,3,2,1; x^2)")
    dims = {i["name"]: i["dimension"] for i in found.value["images"]} | {found.subject: found.value["dimension"]}
    for small, large in found.value["inclusions"]:
        assert dims[small] < dims[large]
    for image in found.value["images"]:
        if image["name"].startswith("mlp"):
            assert dimension(image["name"]).value == image["dimension"]


def test_pairs_that_sizes_do_not_compare():
    """Filters (1, 2) shifted by 0 and by 1 have functions of equal dimension in different coefficients: an equation decides."""
    found = subnetworks("cnn(2,2; x^2)")
    names = {i["name"] for i in found.value["images"] if i["dimension"] == 2}
    assert len(names) == 4
    assert found.value["undecided"] == []
    assert not any(a in names and b in names for a, b in found.value["inclusions"])


def test_what_is_too_long_to_decide_is_left_open():
    found = subnetworks("cnn(3,3; x)")
    dims = {i["name"]: i["dimension"] for i in found.value["images"]}
    assert found.value["undecided"]
    assert all(dims[a] <= dims[b] for a, b in found.value["undecided"])


def test_attention_of_rank_one_and_equal_heads():
    found = subnetworks("attention(2,2; a=2; t=3)")
    dims = {i["name"]: i["dimension"] for i in found.value["images"]}
    assert dims == {"attention(2,2; a=1; t=3)": 6, "V of rank 1": 6, "attention and V of rank 1": 5, "zero": 0}
    heads = subnetworks("attention(2,2; a=2; t=2; heads=2)")
    kinds = {s["kind"] for i in heads.value["images"] for s in i["strata"]}
    assert {"equal heads", "outgoing zero", "incoming zero", "inactive"} <= kinds


def test_biases_leave_constants():
    found = subnetworks("mlp(2,2,1; x^3; bias)")
    smallest = found.value["images"][-1]
    assert smallest["dimension"] == 1
    assert {s["kind"] for s in smallest["strata"]} == {"zero"}


def test_bad_input():
    with pytest.raises(InputError, match="at least 1"):
        subnetworks("mlp(2,2,1; x^2)", most=0)
    with pytest.raises(InputError, match="no subnetworks"):
        subnetworks("diagonal(3; layers=2)")


def test_a_cut_list_says_so():
    found = subnetworks("mlp(2,3,3,1; x^3)", most=5)
    assert found.value["all_listed"] is False
    assert any("first 5 strata" in n for n in found.notices)
