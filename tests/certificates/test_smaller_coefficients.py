"""Learning coefficients at functions of smaller networks: what rows may say, and what they may not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import neurovariety as nv
from neurovariety.certificates.issue import NotShown, issue, weak
from neurovariety.certificates.learning_coefficients import COEFFICIENT, CoefficientOfLinear, coefficient_of_linear
from neurovariety.certificates.smaller_coefficients import SmallerCoefficient, SmallerNetworkCoefficients
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.geometry.solutions.stored_subjects import stored_functions
from neurovariety.geometry.strata.exact_strata import exact_strata

SQUARES, UNGRADED = "mlp(2,2,1; x^2)", "mlp(1,1,1; x^2 + x; bias)"


def rows_of(notation):
    """The certificate of an answer, and the exact data that it was checked on."""
    model = nv.as_model(notation)
    verdict = nv.learning_coefficient(model).verdicts["smaller_networks"]
    return verdict.certificate, exact_strata(model)


def refused(found, exact):
    with pytest.raises(NotShown):
        issue(found, exact)


def test_rows_are_what_is_asked_at_their_weights():
    found = nv.learning_coefficient(SQUARES)
    first, second = found.value["smaller_networks"]
    assert first["network"] == "mlp(2,1,1; x^2)"
    at = nv.learning_coefficient(SQUARES, at=first["at"]).value
    assert first["learning_coefficient"] == at["learning_coefficient"] == "5/4"
    assert second["network"] == "zero"
    zero = nv.learning_coefficient(SQUARES, truth="zero").value
    assert second["learning_coefficient"] == zero["learning_coefficient"] == "1"
    assert f"exactly 5/4 at the weights ({', '.join(first['at'])}), which give a function of mlp(2,1,1; x^2)" in found.meaning
    assert "smaller_networks" in [key.key for key in found.verify().rechecked]


def test_ranks_of_a_linear_network():
    found = nv.learning_coefficient("linear(3,3,3)").value["smaller_networks"]
    for row in found:
        rank = int(row["network"].removeprefix("rank ").replace("zero", "0"))
        known = nv.learning_coefficient("linear(3,3,3)", true_rank=rank).value
        assert (row["learning_coefficient"], row["multiplicity"]) == (known["learning_coefficient"], known["multiplicity"])
    assert [row["network"] for row in found] == ["rank 2", "rank 1", "zero"]


def test_nothing_stands_beside_where_simplicity_buys_nothing():
    assert "smaller_networks" not in nv.learning_coefficient("linear(3,3)").value
    assert "smaller_networks" not in nv.learning_coefficient("mlp(2,2,1; generic(2))").value


def test_what_is_known_at_weights_zero_alone_is_no_row():
    """Coefficients that are homogeneous for no degrees: other weights of the zero function may have a smaller coefficient."""
    found = nv.learning_coefficient(UNGRADED)
    assert nv.learning_coefficient(UNGRADED, truth="zero").verdicts["learning_coefficient"].statement.scope[0].startswith("at the")
    assert all(row["network"] != "zero" for row in found.value.get("smaller_networks", []))


def test_a_bound_is_told_as_a_bound():
    found = nv.learning_coefficient("cp(2,2,2; rank=2)")
    (row,) = (r for r in found.value["smaller_networks"] if r["at_most"] is not None)
    assert row["learning_coefficient"] is None
    weights = ", ".join(row["at"])
    assert f"at most {row['at_most']} at the weights ({weights}), which give a function of {row['network']}" in found.meaning
    assert Fraction(row["at_most"]) <= Fraction(found.value["learning_coefficient"])


def test_false_twins_of_points():
    certificate, exact = rows_of(SQUARES)
    one, zero = certificate.rows
    issue(certificate, exact)
    refused(replace(certificate, rows=()), exact)
    refused(replace(certificate, rows=(one, one)), exact)
    refused(replace(certificate, subject="another"), exact)
    for changed in (
        replace(one, name="mlp(2,2,1; x^2)"),
        replace(one, name="zero"),
        replace(one, parameters=(*one.parameters[:-1], Fraction(7))),
        replace(one, parameters=one.parameters[:-1]),
        replace(one, stratum=None),
        replace(one, stratum="layer 1 zero"),
        replace(one, stratum="no such stratum"),
        replace(one, coefficient=one.multiplicity),
        replace(one, multiplicity=one.coefficient),
        replace(one, coefficient=zero.coefficient),  # of other weights
        replace(one, coefficient=weak(Statement(COEFFICIENT, exact.hash, "1/2"), Claim.ESTIMATE, "a guess")),
        replace(zero, name="mlp(2,1,1; x^2)"),
        replace(zero, coefficient=one.coefficient),  # not for the zero function
    ):
        refused(replace(certificate, rows=(changed,)), exact)
    other = exact_strata(nv.as_model("mlp(2,2,1; x^3)"))
    refused(certificate, other)
    refused(replace(certificate, subject=other.hash), other)


def test_false_twins_of_ranks():
    model = nv.as_model("linear(2,2,2)")
    stored, exact = stored_functions(model), exact_strata(model)
    rank_one = issue(CoefficientOfLinear(stored.hash, 1, coefficient_of_linear((2, 2, 2), 1), "learning_coefficient"), stored)
    issue(SmallerNetworkCoefficients(exact.hash, (SmallerCoefficient("rank 1", rank_one),)), exact)
    for name in ("zero", "rank 0", "rank 2", "linear(2,1,2)"):
        refused(SmallerNetworkCoefficients(exact.hash, (SmallerCoefficient(name, rank_one),)), exact)
    below = issue(CoefficientOfLinear(stored.hash, 0, coefficient_of_linear((2, 2, 2), 0), "multiplicity"), stored)
    refused(SmallerNetworkCoefficients(exact.hash, (SmallerCoefficient("rank 1", rank_one, below),)), exact)


def test_a_multiplicity_belongs_to_a_coefficient_that_is_known():
    certificate, exact = rows_of("cp(2,2,2; rank=2)")
    bound = next(row for row in certificate.rows if not row.exact)
    squares, at = rows_of(SQUARES)
    refused(replace(certificate, rows=(replace(bound, multiplicity=squares.rows[0].multiplicity),)), exact)
    assert issue(certificate, exact).claim is Claim.PROVED
    assert issue(squares, at).statement.value[0]["at_most"] is None
