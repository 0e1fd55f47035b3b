"""Sentences about training at every level of every claim: lists of critical points, least values, what was sampled."""

from __future__ import annotations

import functools
import json

import pytest
from tests.certificates.test_sentences import ASKED as OTHERS
from tests.certificates.test_sentences import forced, words_beyond

import neurovariety as nv
from neurovariety.certificates.issue import recorded
from neurovariety.certificates.measured_phrases import BOUNDS, Between, Measured, SampledShare, Seen, as_said, rounded, up_to
from neurovariety.certificates.phrases import bare
from neurovariety.certificates.sentences import SAID, sentence, told
from neurovariety.certificates.sentences_of_training import TRAINING
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim
from neurovariety.dictionary.registry import ENTRIES

ASKED = [
    ("landscape", "linear(2,1,2)", {"metric": "frobenius", "teacher": "3*x0; x1", "random": 5}),
    ("landscape", "mlp(2,1,1; x^2; bias)", {"metric": "frobenius", "teacher": "x0"}),
    ("landscape", "linear(2,1,2)", {"data": ([[1, 2]], [[1, -1]])}),
    ("weight_decay", "linear(1,1,1)", {"data": ([[1.0]], [[2.0]]), "strengths": [0.1, 0.4]}),
    ("weight_decay", "linear(1,2,1)", {"data": ([[1.0]], [[2.0]]), "strengths": 0.2}),
    ("maximum_likelihood", "linear(2,1,2)", {"counts": "4*x0 + 2*x1; 2*x0 + 4*x1"}),
    ("polyhedral", "linear(1,1,1)", {"norm": "linf", "data": ([[1.0], [2.0]], [[1.0], [3.0]])}),
    ("polyhedral", "mlp(2,1,1; x^2)", {"norm": "l1", "teacher": "4*x0^2 + x0*x1 - 3*x1^2"}),
    ("discriminant", "linear(2,1,2)", {"metric": "frobenius", "teacher": "3*x0; x1", "grid": 6}),
    ("voronoi", "mlp(2,2,1; x^4)", {"metric": "bombieri", "targets": 20}),
    ("gradient_flow", "linear(2,1,2)", {"metric": "frobenius", "teacher": "3*x0; x1", "runs": 4}),
    ("implicit_bias", "cnn(2,2; x^2)", {"targets": 5, "flow_targets": 1, "runs": 2}),
]


def test_every_entry_is_read():
    read = {name.replace("_", "-") for name, _, _ in [*OTHERS, *ASKED]}
    assert read == {e.name for e in ENTRIES} | {"align", "diagnose", "prune", "regions", "tropical", "functional-dimension"} | {
        "lipschitz",
        "robustness",
        "relu-fiber",
        "classification-fan",
    }


@functools.cache
def found_of(entry, source, written):
    return getattr(nv, entry)(source, **json.loads(written))


@pytest.mark.parametrize(("entry", "source", "options"), ASKED)
def test_no_strong_word_at_a_level_that_does_not_allow_it(entry, source, options):
    found = found_of(entry, source, json.dumps(options))
    assert found.meaning == found.told()
    everything = {**found.also, **found.verdicts}
    keys = list(found.speaks())
    for claim in Claim:
        text = told(forced(everything, claim), keys, found.glosses)
        assert not words_beyond(text, claim, everything.values()), (claim, text)
        assert "\n" not in text
        for key in everything:
            weaker = forced(everything, claim, key)
            own = [sentence(weaker[key].statement, weaker[key].claim)] if key in keys else []
            own += [g.said(weaker) for g in found.glosses if key in g.needs and g.holds(weaker)]
            for text in own:
                assert not words_beyond(text, weaker[key].claim, everything.values()), (key, claim, text)


@pytest.mark.parametrize(("entry", "source", "options"), ASKED)
def test_each_number_stands_with_what_limits_it(entry, source, options):
    """Numbers in one breath share claim and scope; each key that says something is in the text, in its own words."""
    found = found_of(entry, source, json.dumps(options))
    for key in found.spoken:
        verdict = found.verdicts[key]
        assert verdict.statement.kind in TRAINING
        text = sentence(verdict.statement, verdict.claim)
        words = (
            text.partition(" (wrong")[0]
            .partition("; so many")[0]
            .partition("; what is said")[0]
            .partition("; it is proved")[0]
            .partition("; a test")[0]
        )
        row = SAID[bare(verdict.statement.kind)]
        for phrase in as_said(verdict.statement.scope, verdict.claim in BOUNDS and isinstance(row.says, Measured)):
            assert phrase in found.meaning
            words = words.replace(f", {phrase}", "")
        words = words.removesuffix(" (an estimate)").removesuffix(": not shown")
        joined = row.says(verdict.statement.value, verdict.claim)  # behind another of its breath
        of_one = joined if row.of_one is None else row.of_one(verdict.statement.value, verdict.claim)  # of a single one
        assert any(said in found.meaning for said in (words, joined, of_one)), (key, words)


VALUES = {
    "weight-decay: least": [(0.1, 0.3)],
    "discriminant: real_counts": [{2: 0.25, 4: 0.75}],
    "discriminant: minima_counts": [{1: 1.0}],
}
INEXACT = ("least_loss", "least", "on_network", "on_subnetworks", "on_limits", "open", "best_on_smaller", "flow_on_smaller")


@pytest.mark.parametrize("kind", sorted(TRAINING))
@pytest.mark.parametrize("claim", list(Claim))
def test_every_kind_at_every_level(kind, claim):
    for value in [*VALUES.get(kind, [0.25, 1.0] if kind.split(": ")[1] in INEXACT else [0, 1, 1200]), None]:
        text = sentence(Statement(kind, "", value, ("in a scope",), 1e-12), claim)
        assert not words_beyond(text, claim), text
        assert "{" not in text
        silent = claim is Claim.UNDECIDED or value is None
        assert ("not shown" in text) == silent
        assert ("in a scope" in text) != silent
        if not silent and not isinstance(value, dict):
            none = value == 0 and not isinstance(value, float) and claim in (Claim.LOWER_BOUND, Claim.PROVED)
            assert none or ("at least" in text) == (claim is Claim.LOWER_BOUND), text
            bounded = (Claim.UPPER_BOUND, Claim.PROBABILITY, Claim.LOWER_BOUND)  # the value, or the probability of an error
            assert ("at most" in text) == (claim in bounded), text
            assert ("an estimate" in text) == (claim is Claim.ESTIMATE)
            assert ("test for missing ones" in text) == (claim is Claim.COMPLETE)
        if isinstance(value, int) and value:
            assert ("exactly" in text) == (claim is Claim.PROVED)


def verdicts(*parts):
    keys = ("complex", "real", "minima")
    return {
        k: recorded(Statement(f"landscape: {k}", "", v, scope, error), claim)
        for k, (v, claim, scope, error) in zip(keys, parts, strict=True)
    }


def test_one_point_is_the_one_that_is_real_where_there_may_be_no_other():
    """A real one beside "at least 1" reads as a second one; "at least 1 of them" does not."""
    known = verdicts(*((1, Claim.COMPLETE, (), 0.0),) * 3)
    assert told(known, known, ()).startswith(
        "training has 1 complex critical point at smooth functions, which is real and 1 local minimum"
    )
    bounded = verdicts(*((1, Claim.LOWER_BOUND, (), 0.0),) * 2, (None, Claim.UNDECIDED, (), 0.0))
    assert told(bounded, bounded, ()).startswith(
        "training has at least 1 complex critical point at smooth functions and at least 1 of them real; "
    )
    unreal = verdicts((1, Claim.PROVED, (), 0.0), (0, Claim.PROVED, (), 0.0), (None, Claim.UNDECIDED, (), 0.0))
    assert told(unreal, unreal, ()).startswith("training has exactly 1 complex critical point at smooth functions, which is not real; ")


def test_one_breath_only_where_all_is_claimed_alike():
    alike = verdicts((6, Claim.COMPLETE, (), 0.0), (4, Claim.COMPLETE, (), 0.0), (1, Claim.COMPLETE, (), 0.0))
    assert told(alike, alike, ()) == (
        "training has 6 complex critical points at smooth functions, 4 of them real and 1 local minimum at "
        "smooth functions of real networks; so many of each are proved, and a test for missing ones found none"
    )
    other = verdicts((6, Claim.COMPLETE, (), 0.0), (4, Claim.LOWER_BOUND, (), 0.0), (1, Claim.LOWER_BOUND, ("here",), 0.0))
    assert told(other, other, ()) == (
        "training has 6 complex critical points at smooth functions; so many are proved, and a test for missing ones found none; "
        "at least 4 of them are real; there is at least 1 local minimum at smooth functions of real networks, here"
    )
    again = verdicts((6, Claim.COMPLETE, (), 0.0), (4, Claim.LOWER_BOUND, (), 0.0), (1, Claim.COMPLETE, (), 0.0))
    assert told(again, again, ()) == (
        "training has 6 complex critical points at smooth functions; so many are proved, and a test for missing ones found none; "
        "at least 4 of them are real; there is 1 local minimum at smooth functions of real networks; "
        "this rests on proved points and on the same test"
    )
    limited = verdicts(
        *((n, claim, ("for these data", *more), 0.0) for n, claim, more in ((6, Claim.PROVED, ()), (4, Claim.PROVED, ("here",)))),
        (1, Claim.LOWER_BOUND, ("for these data",), 0.0),
    )
    assert told(limited, limited, ()) == (
        "for these data: training has exactly 6 complex critical points at smooth functions; exactly 4 of them are real, here; "
        "there is at least 1 local minimum at smooth functions of real networks"
    )
    likely = verdicts((6, Claim.PROBABILITY, (), 1e-9), (4, Claim.PROBABILITY, (), 1e-7), (None, Claim.UNDECIDED, (), 0.0))
    assert told(likely, likely, ()) == (
        "training has 6 complex critical points at smooth functions and 4 of them real (each wrong with probability at most 1.0e-07); "
        "local minima at smooth functions of real networks: not shown"
    )
    silent = verdicts(*[(None, Claim.UNDECIDED, (), 0.0)] * 3)
    assert told(silent, silent, ()) == (
        "complex critical points at smooth functions, how many are real and local minima at smooth functions of real networks: "
        "not shown"
    )


def test_numbers_are_rounded_to_the_safe_side():
    for value in (0.76, 1 / 3, -1 / 3, 1e-300, 5e-324, 123456.789, 1e22, 0.0, -0.1 - 0.2):
        assert float(rounded(value, up=False)) <= value <= float(rounded(value, up=True))
    assert (rounded(0.76, up=False), rounded(0.76, up=True)) == ("0.76", "0.7600001")
    assert up_to(5.45e-36) == ("up to 2e-35",)
    assert up_to(0.0) == ()
    assert as_said(["up to 7e-11", "up to 8e-11", "up to 1e-10"]) == ("up to 1e-10",) * 3  # on whatever machine
    assert as_said(["up to 0.003", "up to 30", "up to scaling"]) == ("up to 0.01", "up to 100", "up to scaling")
    assert Between("it")([0.1, 0.3], Claim.COMPLETE) == "it lies between 0.1 and 0.3"
    assert Between("it", "the one")([1.0, 2.0], Claim.PROBABILITY) == "the one lies between 1 and 2"


def test_measured_numbers_are_never_said_to_be_exact():
    least = Measured("least {n}", "least {n}, none has less", "found {n}")
    assert least(1 / 3, Claim.PROVED) == "least 0.3333333333333333, none has less"
    assert least(1 / 3, Claim.COMPLETE) == "least 0.3333333333333333"
    assert least(2.0, Claim.UPPER_BOUND) == "found at most 2"
    assert least(1 / 3, Claim.UPPER_BOUND) == "found at most 0.3333334"
    assert least(1 / 3, Claim.ESTIMATE) == "least about 0.3333333"
    for value in (1 / 3, 0.1968299190858673, 1.6278643149856318, 123456.789, 1e-300, 1e22 / 3):
        for slack in (1e-3 * value, 4e-11 * value, 3e-16 * value):
            scope = up_to(slack)
            said = float(least.within(value, Claim.PROVED, scope).split()[1].rstrip(","))
            assert abs(said - value) + slack <= float(as_said(scope)[0].removeprefix("up to "))
    assert least.within(0.1968299190858673, Claim.COMPLETE, up_to(2e-11)) == "least 0.1968299191"
    for value in (0.5, 1 / 3):  # a bound holds what its number may be off, and says nothing of that
        for claim, words, sign in ((Claim.UPPER_BOUND, "found at most ", 1), (Claim.LOWER_BOUND, "least at least ", -1)):
            said = least.within(value, claim, up_to(1e-4))
            assert 2e-3 > sign * (float(said.removeprefix(words)) - value) >= 1e-4
    assert as_said(["up to 7e-11", "for some", "up to scaling"], bound=True) == ("for some", "up to scaling")
    whole = sentence(Statement("landscape: least_loss", "m", 1 / 3, up_to(1e-4)), Claim.UPPER_BOUND)
    assert whole == "the best network found has a loss of at most 0.3343334"
    assert SampledShare("{n} of all")(0.254, Claim.ESTIMATE) == "about 25.4 % of all"
    assert SampledShare("{n} of all", "none")(0.0, Claim.ESTIMATE) == "none"
    assert SampledShare("{n} of all", "none")(0.0, Claim.UPPER_BOUND) == "at most 0 % of all"
    assert Seen("{n} came", "run", "runs", none="none came")(0, Claim.ESTIMATE) == "none came"
    assert Seen("{n} came", "run", "runs", none="none came")(0, Claim.LOWER_BOUND) == "at least 0 runs came"
