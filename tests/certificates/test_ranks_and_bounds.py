"""Certificates of dimensions and spans: each has a false twin, which is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import flint
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurovariety as nv
from neurovariety.certificates.compose import LEFT, OF_LIKELIEST, OF_NEAREST, OF_SLICES, RULES, Because, Meets
from neurovariety.certificates.issue import Forged, NotShown, issue, weak
from neurovariety.certificates.ranks import FewestSamples, ModularRank, RandomRanks
from neurovariety.certificates.realized import Realized
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.upper_bounds import (
    AllMonomials,
    AtMostParameters,
    AtMostSpan,
    ByTheorem,
    EquationsVanish,
    Expanded,
    FieldsVanish,
    FillsCoefficients,
    FillsSpan,
    FreeCoefficients,
)
from neurovariety.claim import Claim
from neurovariety.geometry.exact.exact_functions import ExactFunctions, exact_functions
from neurovariety.geometry.exact.generic_rank import shown_rank
from neurovariety.geometry.exact.points import draw_point
from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
from neurovariety.geometry.invariants.dimension import dimension_of, flat
from neurovariety.randomness import generator


def exact_of(notation: str) -> tuple[nv.Model, ExactFunctions]:
    model = nv.as_model(notation)
    return model, exact_functions(model)


def rank_of(model: nv.Model, inputs: int, seed: int = 0) -> ModularRank:
    p, point = draw_point(model, generator(seed, "test"))
    return shown_rank(model, p, point, point.inputs(model, inputs))[0]


def refused(certificate: object, subject: object) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def at(shown: ModularRank, **changes: object) -> ModularRank:
    return replace(shown, place=replace(shown.place, **changes))


def test_a_rank_is_taken_again_from_its_numbers():
    """By whoever has the certificate alone, in another process: here with another reading of the same model."""
    model, _ = exact_of("mlp(2,3,1; x^2)")
    shown = rank_of(model, 5)
    again = ExactFunctions(nv.as_model("mlp(2,3,1; x^2)"))
    assert again.took(shown.place) is None
    assert issue(shown, again).statement.value == 3
    assert refused(replace(shown, value=4), again)
    assert refused(at(shown, prime=shown.place.prime + 1), again)
    assert refused(shown, exact_of("mlp(2,3,1; x^3)")[1])
    assert refused(at(shown, weights=0 * shown.place.weights), again)
    assert refused(at(shown, inputs=shown.place.inputs[:1]), again)
    assert refused(at(shown, weights=None), again)
    assert not refused(shown, exact_functions(model))


@settings(max_examples=20, deadline=None)
@given(st.integers(-3, 6).filter(bool), st.sampled_from(["value", "prime", "subject"]))
def test_a_digit_that_is_changed_is_noticed(change, part):
    model, exact = exact_of("linear(3,2,3)")
    shown = rank_of(model, 4)
    old = shown.place.prime if part == "prime" else getattr(shown, part)
    new = old + change if isinstance(old, int) else f"{old[:-1]}{(int(old[-1], 16) + change) % 16:x}"
    forged = at(shown, prime=new) if part == "prime" else replace(shown, **{part: new})
    if part == "value" and change < 0:
        assert issue(forged, exact).claim is Claim.LOWER_BOUND  # less is true as well
    elif new != old and not (part == "prime" and flint.fmpz(new).is_prime()):  # modulo another prime it may be as true
        assert refused(forged, exact)


def test_bounds_from_above_and_their_twins():
    model, exact = exact_of("linear(2,1,2)")
    found = dimension_of(model, seed=0)
    assert isinstance(found.verdict.certificate, Meets)
    assert issue(AtMostParameters(exact.hash, 4), exact).claim is Claim.UPPER_BOUND
    assert refused(AtMostParameters(exact.hash, 3), exact)
    vanish = found.upper.certificate
    assert isinstance(vanish, FieldsVanish)
    assert issue(vanish, exact).statement.value == 3
    for forged in (replace(vanish, rank=2), replace(vanish, parameters=3), replace(vanish, weights=0 * vanish.weights)):
        assert refused(forged, exact)
    assert issue(Expanded(exact.hash, 4), exact).claim is Claim.PROVED
    assert refused(Expanded(exact.hash, 3), exact)
    assert refused(Expanded(exact.hash, 3, affine=True), exact)
    assert issue(AllMonomials(exact.hash, 4), exact).claim is Claim.UPPER_BOUND
    assert refused(AllMonomials(exact.hash, 5), exact)
    span = issue(Expanded(exact.hash, 4), exact)
    assert issue(AtMostSpan(span), exact).statement.value == 4
    assert refused(AtMostSpan(found.verdict), exact)
    assert refused(FillsSpan(found.verdict, span), exact)
    assert refused(Meets(found.verdict, span), exact)
    assert refused(Meets(issue(rank_of(model, 4), exact), issue(AtMostSpan(span), exact)), exact)


def test_theorems_are_those_of_the_model():
    _, exact = exact_of("linear(5,2,5)")
    theorem = next(t for t in exact.model.theorems if t.applies and t.quantity == "degree")
    shown = exact.by_theorem(theorem)
    assert issue(shown, exact).statement == Statement("degree", exact.hash, 175)
    for part in (f.name for f in fields(ByTheorem)):
        old = getattr(shown, part)
        assert refused(replace(shown, **{part: old + 1 if isinstance(old, int) else old + "x"}), exact)
    bad = next((t for t in exact.model.theorems if not t.applies), None)
    assert bad is None or refused(exact.by_theorem(bad), exact)


def test_a_linear_space_fills_its_span():
    model, exact = exact_of("mlp(2,3,1; x^2)")
    found = dimension_of(model, seed=0)
    linear = flat(model, found, 0)
    assert linear.claim is Claim.PROVED
    assert issue(FillsCoefficients(found.verdict, issue(AllMonomials(exact.hash, 3), exact)), exact).claim is Claim.PROVED
    assert refused(FillsCoefficients(found.verdict, issue(Expanded(exact.hash, 3), exact)), exact)
    other = dimension_of(nv.as_model("mlp(2,1,1; x^2)"), seed=0)
    assert refused(FillsSpan(other.verdict, found.span.verdict), exact)


def test_free_coefficients():
    model, exact = exact_of("gnn(path(4); 1,1,1; x)")
    found = dimension_of(model, seed=0)
    assert refused(FreeCoefficients(found.verdict, (Fraction(1),) * found.value), exact)
    assert refused(FreeCoefficients(found.verdict, ()), exact)


def trials_of(notation: str) -> tuple[ExactFunctions, RandomRanks]:
    model, exact = exact_of(notation)
    upper = issue(AtMostParameters(exact.hash, model.parameters), exact)
    trials = tuple((rank_of(model, 40, k), rank_of(model, 39, k)) for k in range(8))
    return exact, RandomRanks(trials, model.parameters, upper)


def test_random_ranks():
    """With an error that is computed; too few trials, another number, an input that may add something."""
    exact, right = trials_of("mlp(5,5,3,1; x^2)")
    trials, verdict = right.trials, issue(right, exact)
    assert (verdict.claim, verdict.statement.value) == (Claim.PROBABILITY, 32)
    assert 0 < verdict.statement.error <= 2.0**-20
    for forged in (
        replace(right, trials=trials[:1]),
        replace(right, trials=trials[:1] * 8),
        replace(right, at_most=0),
        replace(right, upper=None),
        replace(right, trials=tuple((replace(full, value=31), replace(less, value=31)) for full, less in trials)),
        replace(right, trials=tuple((rank_of(exact.model, 10, k), rank_of(exact.model, 9, k)) for k in range(8))),
    ):
        assert refused(forged, exact)


def test_equations_that_vanish():
    model = nv.as_model("linear(2,1,2)")
    exact = exact_coefficients(model)
    found = nv.equations(model)
    (equation,) = found.system.generators
    p, weights = found.system.place
    bound = EquationsVanish(exact.hash, (equation,), 4, p, weights, 1)
    assert issue(bound, exact).statement.value == 3
    assert refused(replace(bound, rank=2), exact)
    assert refused(replace(bound, coordinates=5), exact)
    wrong = replace(equation, terms=tuple((t, abs(c)) for t, c in equation.terms))
    assert refused(replace(bound, equations=(wrong,)), exact)


def test_weights_that_realize_a_function():
    model = nv.as_model("linear(2,1,2)")
    exact = exact_coefficients(model)
    found = nv.membership(model, weights=[1, 2, 3, 4])
    assert found.claim is Claim.PROVED
    shown = found.verdicts["witness"].certificate
    assert isinstance(shown, Realized)
    assert refused(replace(shown, weights=(Fraction(1), Fraction(2), Fraction(3), Fraction(5))), exact)
    assert refused(replace(shown, target={}), exact)


def test_fewest_samples():
    model, exact = exact_of("mlp(2,2,1; x^4)")
    known = dimension_of(model, seed=0).verdict
    assert issue(FewestSamples(known, rank_of(model, 4), (), 4), exact).claim is Claim.PROVED
    assert refused(FewestSamples(known, rank_of(model, 3), (), 3), exact)
    assert refused(FewestSamples(known, rank_of(model, 5), (), 5), exact)
    assert refused(FewestSamples(known, rank_of(model, 4), (), 5), exact)


def test_conclusions_are_as_weak_as_their_premises():
    model, exact = exact_of("mlp(2,2,1; x^4)")
    known = dimension_of(model, seed=0).verdict
    lower = issue(rank_of(model, 4), exact)
    left = Statement("dimension of the fiber", exact.hash, model.parameters - 4)
    assert issue(Because(left, LEFT, (known,)), exact).claim is known.claim
    assert issue(Because(left, LEFT, (lower,)), exact).claim is Claim.UPPER_BOUND
    assert refused(Because(replace(left, value=left.value + 1), LEFT, (known,)), exact)
    assert refused(Because(left, "because I say so", (known,)), exact)


def test_errors_add_up():
    exact, right = trials_of("mlp(5,5,3,1; x^2)")
    verdict = issue(right, exact)
    twice = issue(
        Because(Statement("dimension of the fiber", exact.hash, exact.parameters - verdict.statement.value), LEFT, (verdict,)), exact
    )
    assert np.isclose(twice.statement.error, verdict.statement.error)


def test_rules_speak_of_their_own_things():
    """No premises, premises of another kind or of another model, a bound taken for the number."""
    model, exact = exact_of("linear(2,1,2)")
    low = issue(rank_of(model, 4), exact)
    one = issue(replace(rank_of(model, 4), value=1), exact)
    for rule in RULES:
        assert refused(Because(Statement("dimension", exact.hash, 1), rule, (one,)), exact)
        assert refused(Because(Statement("degree", exact.hash, 1), rule, ()), exact)
    for rule in (OF_SLICES, OF_NEAREST, OF_LIKELIEST):
        for kind in ("degree", "ed_degree generic", "ML degree"):
            assert refused(Because(Statement(kind, exact.hash, 4), rule, (issue(Expanded(exact.hash, 4), exact),)), exact)
    span = issue(Expanded(exact.hash, 4), exact)
    assert refused(FillsSpan(issue(AtMostParameters(exact.hash, 4), exact), span), exact)
    assert refused(FillsSpan(weak(Statement("dimension", exact.hash, 4), Claim.ESTIMATE, "a guess"), span), exact)
    _, other = exact_of("linear(2,1,3)")
    for at in (exact, other):
        assert refused(Because(Statement("dimension of the fiber", other.hash, 1), LEFT, (low,)), at)
        assert refused(Because(Statement("dimension of the fiber", exact.hash, 1), LEFT, (low,)), other)


def test_only_this_room_has_certificates():
    class Fake:
        def check(self, subject: object) -> None: ...
        def concludes(self) -> tuple[Statement, Claim]:
            return Statement("riemann", "", True), Claim.PROVED

    with pytest.raises(Forged):
        issue(Fake(), None)


def test_what_was_said_stays_said():
    said = Statement("zeros", "", {"simple": 1})
    with pytest.raises(TypeError):
        said.value["simple"] = 99
