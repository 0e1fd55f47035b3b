"""Certificates of ranks at data, each with its false twin."""

from __future__ import annotations

import copy
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.functions import Functions, draw_of
from neurovariety.certificates.issue import Certificate, NotShown, issue, weak
from neurovariety.certificates.ranks import ModularRank
from neurovariety.certificates.ranks_at_inputs import (
    AsLargeAsAnywhere,
    AtMostRows,
    Determines,
    FurtherSamples,
    RandomRanksAtInputs,
    RankAtInputs,
    TableOfInputs,
)
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.data import _determined
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.invariants.rank_at_data import rank_at_data


def refused(certificate: Certificate, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


LINE = [[1, 1], [2, 2], [3, 3]]
"""On a line a quadratic form is seen up to one number, although three samples have three rows."""


def test_a_rank_is_one_at_the_table():
    found = nv.data("mlp(2,2,1; x^2)", [[1, 0], ["1/2", 1], [2, 3]])
    exact = ExactFunctions(nv.as_model("mlp(2,2,1; x^2)"))
    assert {str(v.claim) for v in found.verdicts.values()} == {"proved"}
    meets = found.verdicts["jacobian_rank"].certificate
    assert isinstance(meets, Meets)
    shown = meets.lower.certificate
    assert isinstance(shown, RankAtInputs)
    assert issue(shown, exact).statement.value == 3
    table = shown.inputs
    assert table[1] == (Fraction(1, 2), Fraction(1))
    p = shown.rank.place.prime
    for forged in (
        replace(shown, inputs=table[:2]),
        replace(shown, inputs=((Fraction(1), Fraction(1)), *table[1:])),
        replace(shown, inputs=(table[0], (Fraction(1, p), Fraction(1)), table[2])),
        replace(shown, rank=replace(shown.rank, value=4)),
        replace(shown, rank=replace(shown.rank, place=replace(shown.rank.place, inputs=None))),
        replace(shown, rank=replace(shown.rank, place=replace(shown.rank.place, kind="affine span"))),
        AtMostRows(exact.hash, table, "rank of the Jacobian", 2),
        AtMostRows(exact.hash, (*table, table[0]), "rank of the values", 4),
        TableOfInputs(exact.hash, table, 4),
        TableOfInputs("", table, 3),
    ):
        assert refused(forged, exact)
    assert issue(AtMostRows(exact.hash, (*table, table[0]), "rank of the values", 3), exact).claim is Claim.UPPER_BOUND


def test_random_ranks_have_an_error_that_is_computed():
    found = nv.data("mlp(2,2,1; x^2)", LINE)
    exact = exact_functions(found.model)
    rank = found.verdicts["jacobian_rank"]
    shown = rank.certificate
    assert (rank.claim, rank.statement.value, found.value["more_samples"]) == (Claim.PROBABILITY, 1, 2)
    assert isinstance(shown, RandomRanksAtInputs)
    assert 0 < rank.statement.error <= 2.0**-20
    low = issue(shown.trials[0], exact)
    less = tuple(replace(t, rank=replace(t.rank, value=0)) for t in shown.trials)
    for forged in (
        replace(shown, trials=shown.trials[:1]),
        replace(shown, trials=shown.trials[:1] * len(shown.trials)),
        replace(shown, trials=tuple(copy.deepcopy(shown.trials[0]) for _ in shown.trials)),  # as a file would hold it
        replace(shown, trials=less),
        replace(shown, upper=low),
        replace(shown, upper=weak(shown.upper.statement, Claim.ESTIMATE, "a guess")),
        replace(shown, upper=found.verdicts["quadric_rank"]),
    ):
        assert refused(forged, exact)
    assert refused(Meets(low, shown.upper), exact)
    assert refused(AsLargeAsAnywhere(low, found.verdicts["dimension"]), exact)


def test_what_the_data_determine():
    found = nv.data("mlp(2,2,1; x^2)", LINE)
    exact, verdicts = exact_functions(found.model), found.verdicts
    table, rank, dimension = rows(LINE), verdicts["jacobian_rank"], verdicts["dimension"]
    assert verdicts["determined"].statement.value == "no"
    assert verdicts["determined"].claim is Claim.PROBABILITY
    assert isinstance(rank.certificate, RandomRanksAtInputs)
    low = issue(rank.certificate.trials[0], exact)
    unsure = issue(dimension.certificate.lower.certificate, exact)
    for forged in (
        Determines(table, low, dimension),  # the rank may be larger
        Determines(rows([[1, 2]]), rank, dimension),
        Determines(table, dimension, dimension),
        Determines(table, rank, rank),
    ):
        assert refused(forged, exact)
    enough = nv.data("mlp(2,2,1; x^2)", [[1, 0], [0, 1], [1, 1]]).verdicts["jacobian_rank"]
    assert issue(Determines(rows([[1, 0], [0, 1], [1, 1]]), enough, dimension), exact).statement.value == "yes"
    assert refused(Determines(rows([[1, 0], [0, 1], [1, 1]]), enough, unsure), exact)  # the dimension may be larger


def test_further_samples():
    found = nv.data("mlp(2,2,1; x^2)", LINE)
    exact, shown = exact_functions(found.model), found.verdicts["more_samples"].certificate
    assert isinstance(shown, FurtherSamples)
    low = issue(found.verdicts["jacobian_rank"].certificate.trials[0], exact)
    for forged in (
        replace(shown, value=1),
        replace(shown, value=3),
        replace(shown, rank=low),  # that rank may be larger, and nothing else excludes that fewer are enough
        replace(shown, enough=replace(shown.enough, value=2)),
        replace(shown, inputs=rows([[1, 1], [2, 2], [4, 4]])),
        replace(shown, dimension=found.verdicts["jacobian_rank"]),
    ):
        assert refused(forged, exact)


def test_fewer_further_samples_were_tried():
    """With two outputs of one neuron the number of rows alone does not say that one further sample is too few."""
    found = nv.data("mlp(2,1,2; x^2)", [[1, 0]])
    assert found.value | {"quadric_rank": 2} == {
        "samples": 1, "quadric_rank": 2, "jacobian_rank": 2, "dimension": 3, "determined": "no", "more_samples": 1,
    }  # fmt: skip
    wide = nv.data("linear(5,1,3)", [[1, 0, 0, 0, 0]])
    shown, exact = wide.verdicts["more_samples"].certificate, exact_functions(wide.model)
    assert (wide.value["jacobian_rank"], wide.value["dimension"], wide.value["more_samples"]) == (3, 7, 4)
    assert isinstance(shown, FurtherSamples)
    assert wide.verdicts["more_samples"].claim is Claim.PROBABILITY
    for forged in (
        replace(shown, fewer=()),
        replace(shown, fewer=shown.fewer[:1]),
        replace(shown, fewer=shown.fewer[:1] * len(shown.fewer)),
        replace(shown, fewer=tuple(copy.deepcopy(shown.fewer[0]) for _ in shown.fewer)),  # as a file would hold it
        replace(shown, fewer=tuple(elsewhere(t, exact) for t in shown.fewer)),
        replace(shown, fewer=(shown.enough,) * 3),
        replace(shown, fewer=tuple(replace(t, value=5) for t in shown.fewer)),
    ):
        assert refused(forged, exact)


def elsewhere(trial: ModularRank, exact: Functions) -> ModularRank:
    """The same at one input less, with the rank that it has there."""
    less = replace(trial, place=replace(trial.place, inputs=trial.place.inputs[:-1]))
    for value in range(trial.value + 1):
        try:
            replace(less, value=value).check_exactly(exact)
        except NotShown:
            continue
        return replace(less, value=value)
    raise AssertionError


def test_a_dimension_that_may_be_larger_determines_nothing():
    """Where only a lower bound of the dimension is known the data are not said to determine a function."""
    model = nv.as_model("mlp(2,2,1; x^2)")
    found = rank_at_data(model, [[1, 0], [0, 1], [1, 1]], seed=0)
    lower = found.dimension.verdict.certificate.lower
    assert _determined(model, found).statement.value == "yes"
    unsure = _determined(model, replace(found, dimension=replace(found.dimension, verdict=lower)))
    assert (unsure.statement.value, unsure.claim) == ("undecided", Claim.UNDECIDED)


def rows(table: list[list[int]]) -> tuple[tuple[Fraction, ...], ...]:
    return tuple(tuple(map(Fraction, row)) for row in table)


def test_statements_of_one_table_are_none_of_another():
    one, other = (nv.data("mlp(2,2,1; x^2)", t).verdicts["samples"].statement for t in ([[1, 0]], [[0, 1]]))
    assert isinstance(one, Statement)
    assert one.kind != other.kind


@pytest.mark.parametrize("table", [[[1, 0], [0, 1]], [[1, 0], [1, 0]], [[0, 0]], LINE])
def test_ranks_as_they_are_over_the_rationals(table):
    """The Jacobian at random integers over Q, by another route."""
    rng = np.random.default_rng(0)
    w, v = rng.integers(-9, 10, (2, 2)), rng.integers(-9, 10, 2)
    slopes = []
    for x in np.array(table):
        inner = w @ x
        slopes.append(np.concatenate([(2 * v * inner)[:, None] * x, (inner**2)[:, None]], axis=1).reshape(-1))
    assert nv.data("mlp(2,2,1; x^2)", table).value["jacobian_rank"] == np.linalg.matrix_rank(np.array(slopes, dtype=float))


def test_a_draw_is_what_was_drawn_however_it_is_written():
    """Copies, other types of numbers and other representatives are the same trial; another prime or residue is another."""
    values = np.array([3, 98, 0])
    same = [values, values.copy(), values.astype(float), values.astype(object), values + 101, np.array([[3], [-3], [0]])]
    assert len({draw_of(101, v) for v in same}) == 1
    assert len({draw_of(101, values), draw_of(103, values), draw_of(101, values[::-1])}) == 3
    assert draw_of(101, values) != draw_of(101, values, values)
