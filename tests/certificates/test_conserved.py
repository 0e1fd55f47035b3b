"""Certificates of conserved quantities, each with its false twin."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

import neurovariety as nv
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.conserved import AllShown, ConservedLaws, FlowBrackets, IndependentLaws
from neurovariety.certificates.issue import Certificate, NotShown, Verdict, issue
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions


def refused(certificate: Certificate, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def parts(source: object, **options: object) -> tuple[ExactFunctions, Verdict, Verdict, Verdict]:
    """The model, the laws, and the bounds of their number from below and from above."""
    found = nv.conservation(source, **options)
    shown = found.verdicts["complete"].certificate
    assert isinstance(shown, AllShown)
    return exact_functions(found.model), found.verdicts["laws"], shown.lower, shown.upper


def test_laws_are_conserved_and_all():
    exact, laws, _, _ = parts("linear(2,2,2)")
    shown = laws.certificate
    assert isinstance(shown, ConservedLaws)
    assert laws.claim is Claim.PROVED
    again = ExactFunctions(nv.as_model("linear(2,2,2)"))
    assert issue(shown, again).statement == laws.statement
    (first, *rest), texts = shown.laws, shown.texts
    wrong = tuple((e, abs(c)) for e, c in first)
    for forged in (
        replace(shown, laws=(wrong, *rest)),
        replace(shown, laws=tuple(rest)),
        replace(shown, laws=tuple(rest), texts=texts[1:]),
        replace(shown, laws=(first, *rest, first)),
        replace(shown, laws=(first, *rest, first), texts=(*texts, texts[0])),
        replace(shown, texts=(texts[1], *texts[1:])),
        replace(shown, most=1),
        replace(shown, degree=1),
        replace(shown, degree=3),
        replace(shown, inputs=((Fraction(1), Fraction(2)),)),
        replace(shown, prime=shown.prime + 1),
        replace(shown, prime=2**61 - 1),
        replace(shown, points=shown.points[:1]),
        replace(shown, points=shown.points[:1] * len(shown.points)),
        replace(shown, points=((0,) * 8, *shown.points)),
        replace(shown, subject=exact_functions(nv.as_model("linear(2,3,2)")).hash),
    ):
        assert refused(forged, exact)
    assert issue(replace(shown, points=()), exact).claim is Claim.LOWER_BOUND  # then there may be more


def test_laws_of_one_table_are_none_of_another():
    _, one, _, _ = parts("linear(2,2,2)", data=[[1, 2]])
    exact, every, _, _ = parts("linear(2,2,2)")
    shown = one.certificate
    assert isinstance(shown, ConservedLaws)
    assert len(shown.laws) > len(every.statement.value)
    assert one.statement.kind != every.statement.kind
    assert refused(replace(shown, inputs=None), exact)


def test_the_number_from_both_sides():
    exact, _, lower, upper = parts("linear(2,2,2)")
    low, high = lower.certificate, upper.certificate
    assert isinstance(low, IndependentLaws)
    assert isinstance(high, FlowBrackets)
    assert high.brackets
    assert (lower.statement.value, upper.statement.value) == (3, 3)
    for forged in (
        replace(low, value=4),
        replace(low, point=(0,) * 8),
        replace(low, point=(1,) * 7),
        replace(low, laws=lower),
        replace(high, rank=6),
        replace(high, brackets=()),
        replace(high, generators=high.generators[1:]),
        replace(high, generators=(*high.generators[:-1], 99)),
        replace(high, brackets=((99, 0),)),
        replace(high, point=(0,) * 8),
        replace(high, parameters=9),
        replace(high, parameters=7),
    ):
        assert refused(forged, exact)
    assert issue(AllShown(lower, upper), exact).statement.value is True
    fewer = issue(replace(low, value=2), exact)
    assert refused(AllShown(fewer, upper), exact), "there may be others"
    assert refused(Meets(fewer, upper), exact)
    assert refused(AllShown(upper, lower), exact)
    assert refused(AllShown(lower, lower), exact)


@pytest.mark.parametrize(
    ("text", "number"),
    [("mlp(1,1,1; 1/x)", 1), ("mlp(2,2,1; 1/x)", 2), ("mlp(2,2,1; 1/x^2)", 2), ("mlp(2,2,1; x/(x^2 + 1))", 0)],
)
def test_rational_models(text, number):
    """One law for each neuron that can be rescaled: |w|^2 + k |v|^2 where the activation is of degree -k, and none elsewhere."""
    found = nv.conservation(text)
    assert (found.value["independent"], found.value["complete"], found.claim) == (number, True, Claim.PROVED)


def test_rational_models_at_data():
    """At one input mlp(2,1,1; 1/x) is v / (w . x), whose gradient never leaves a plane: two laws of it, and one for all data."""
    assert nv.conservation("mlp(2,1,1; 1/x)").value["independent"] == 1
    assert nv.conservation("mlp(2,1,1; 1/x)", data=[[1, 2]]).value["independent"] == 2
    with pytest.raises(nv.InputError, match="divides by zero"):
        nv.conservation("mlp(2,1,1; 1/x)", data=[[0, 0], [1, 2]])
