"""Sentences that were false or said too much, and what is said in their place."""

from __future__ import annotations

import pytest

import neurovariety as nv
from neurovariety.claim import Claim


def test_points_over_a_field_are_compared_with_what_there_is():
    """Over F_3 cubes of binomials are two coefficients, so the functions span 9 polynomials and not 81."""
    cubes = nv.point_count("mlp(1,2,1; x^3; bias)")
    assert "that is 11.1 % of the 81 polynomials with these 4 coefficients" in cubes.meaning
    assert cubes.evidence["span_over_the_field"] == 2
    assert cubes.notices[0] == "mod 3 the functions span a space of dimension 2, over Q one of dimension 4"
    heads = nv.point_count("attention(2,2; a=1; t=2)")  # 40 coefficients occur
    assert "of the 531,441 elements that a space of dimension 12, that of the span over Q, has over the field" in heads.meaning
    assert "these 9 coefficients" in nv.point_count("linear(3,2,3)").meaning
    assert "this coefficient" in nv.point_count("linear(1,1)").meaning


def test_only_coefficients_that_vanish_are_said_to():
    """Functions of tensor trains keep their span mod 3; of a field with more elements than the degree nothing is to be said."""
    (note,) = nv.point_count("tt(2,2,2; ranks=2,2)").notices
    assert note == "polynomials are counted: whether different ones agree on F_3^6 was not looked at"
    assert nv.point_count("mlp(1,2,1; x^3; bias)", field=5).notices == ()
    assert len(nv.point_count("mlp(1,1,1; x^3)", field=9).notices) == 0


@pytest.mark.parametrize(
    ("notation", "said"),
    [
        ("ratio(linear(2,1); linear(2,1))", "in one of the 2 largest, the map leaves the weights as they are"),
        ("mlp(2,2,1; x^2)", "in one of the 2 largest, hidden units move so: permuting the neurons of hidden layer 1: 1 cycle of 2"),
        ("linear(2,1,2)", "in the largest, hidden units stay as they are"),
        ("linear(3,2)", "there the map leaves the weights as they are"),
    ],
)
def test_only_hidden_units_that_exist_stay_as_they_are(notation, said):
    assert nv.invariance(notation).meaning.endswith(f"found; {said}")


def test_other_symmetries_are_none_of_hidden_units():
    """A fraction that changes its sign, as numerator or denominator do, and one whose maps together leave the weights alone."""
    odd = nv.invariance("ratio(linear(1,1); linear(1,1))", map="negation")
    assert "hidden" not in odd.meaning
    assert "the map moves the weights as a symmetry does: scaling numerator and denominator alike: 1 negated" in odd.meaning
    both = nv.invariance("linear(2,2)", map="(0 1)", output_map="(0 1)").meaning
    assert both.endswith("there the maps together leave the weights as they are")


def test_functions_of_more_dimensions_than_the_singular_ones_are_smooth():
    found = nv.singularities("cnn(2,2; x^2)")
    larger, small = found.meaning.split("; general functions of ")[-2:]
    assert larger.startswith("(filters of sizes 1, 2 shifted by 0), ")
    assert larger.endswith("are smooth points of the closure")
    assert small.endswith("(filters of sizes 1, 1 shifted by 2) seem to be smooth points of the closure")
    assert found.verify().keys


def test_smooth_functions_need_a_bound_of_the_singular_ones():
    """Where the locus may be larger than what is known of it, functions of smaller networks only seem smooth."""
    for notation in ("mlp(2,2,1; x^3 + x^2)", "mlp(2,3,1; x^4)", "linear(3,2,3)", "cnn(3,2; x; strides=2,1)"):
        found = nv.singularities(notation)
        if found.verdicts["dimension"].claim in (Claim.LOWER_BOUND, Claim.ESTIMATE, Claim.UNDECIDED):
            assert "are smooth points" not in found.meaning


def test_what_was_seen_of_weights_is_not_said_of_all():
    seen = nv.fibers("mlp(2,1,1; x^2 + x)")
    assert seen.claim is Claim.COMPLETE
    assert "no two weights with one function were seen but those that stated symmetries relate, for a general function" in seen.meaning
    assert seen.meaning.endswith("no symmetry of the weights is stated")
    assert "all weights" not in seen.meaning
    known = nv.fibers("linear(2,1,2)")
    assert "weights are determined by their function, up to the stated symmetries, for a general function" in known.meaning
    assert "is stated" not in known.meaning


@pytest.mark.parametrize(
    ("notation", "inputs", "rank"),
    [
        ("cnn(2,2; x^2)", [[a, b, a * b + 1] for a in range(3) for b in range(3)], 5),
        ("sequence(linear(2,1); residual(mlp(1,1,1; x^2)))", [[a, b * b - a] for a in range(3) for b in range(3)], 5),
    ],
)
def test_inputs_that_see_the_whole_span_are_proved_to(notation, inputs, rank):
    """The span is that of the expanded model."""
    found = nv.data(notation, inputs)
    assert (found.value["quadric_rank"], found.verdicts["quadric_rank"].claim) == (rank, Claim.PROVED)
    assert f"the inputs see exactly {rank} dimensions of the linear span" in found.meaning


def test_inputs_that_come_again_are_told_where_directions_stay_open():
    again = nv.data("linear(2,1)", [[1, 2], [1, 2], [2, 4], [1, 2]])
    assert again.value["more_samples"] == 1
    assert again.meaning.endswith("; of the 4 inputs only 2 are different")
    assert "are different" not in nv.data("linear(2,1)", [[1, 2], [1, 2], [2, 5]]).meaning  # they determine it
    assert nv.data("linear(2,1)", [[1, 2], [1, 2]]).meaning.endswith("; the 2 inputs are the same")
    assert "inputs are" not in nv.data("linear(3,1)", [[1, 2, 3], [1, 2, 4]]).meaning


def test_equations_and_coefficients_are_told_apart():
    heads = nv.equations("attention(2,2; a=1; t=2)").meaning
    assert "the 40 equations listed and 8 others generate all equations of degree up to 4 among the 40 coefficients that occur" in heads
    assert "3 equations among the 5 coefficients that occur generate all" in nv.equations("mlp(2,1,1; x^2 + x)").meaning
    assert nv.equations("mlp(2,2,1; x^2)").shown() == "none"
    assert nv.equations("linear(2,1,2)", degree=1).shown() == "none (up to degree 1)"
