"""No sentence outruns its claim: every level of every claim is told, and the words that leave no doubt stand where they may."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

import neurovariety as nv
from neurovariety.certificates import (
    completeness,
    conserved,
    fiber,
    functions,
    irreducible_components,
    learning_coefficients,
    point_counts,
    ranks_at_inputs,
    ranks_at_weights,
    upper_bounds,
)
from neurovariety.certificates.issue import recorded
from neurovariety.certificates.phrases import Number
from neurovariety.certificates.sentences import REACHES, SAID, STRONG_WORDS, Gloss, sentence, told
from neurovariety.certificates.sentences_of_training import TRAINING
from neurovariety.certificates.statement import Statement
from neurovariety.claim import Claim

_EQUAL = {"w1": [[1, 2], [1, 2], [3, 1]], "w2": [[1, 1, 1]]}
_NEAR = {"w1": [[1, 2], [1.001, 2], [3, 1]], "w2": [[1, 1, 1]]}
_ONE, _TWO = {"w1": [[1, 2], [3, 1]], "w2": [[1, 4]]}, {"w1": [[6, 2], [-1, -2]], "w2": [[1, 1]]}
_APART = {"w1": [[1, 2], [3, 1]], "w2": [[1, 5]]}
_BENT = {"w1": [[1, 2], [3, 1]], "w2": [[1, -4]]}
_ROUNDED = {"w1": [[1 + 2**-52, 2], [3, 1]], "w2": [[1, 4]]}
ASKED = [
    ("dimension", "mlp(2,2,1; x^2)", {}),
    ("dimension", "linear(2,2)", {}),
    ("dimension", "mlp(5,5,3,1; x^2)", {}),
    ("dimension", "mlp(2,3,3,1; 1/x, x^2)", {}),
    ("ambient", "cnn(2,2; x^2)", {}),
    ("ambient", "mlp(2,2,1; x^2)", {}),
    ("degree", "linear(5,2,5)", {}),
    ("degree", "mlp(2,2,1; x^2)", {}),
    ("degree", "mlp(2,2,1; x^4)", {"route": "computed"}),
    ("ed_degree", "mlp(2,2,1; x^2)", {}),
    ("ed_degree", "linear(2,1,2)", {"metric": "frobenius"}),
    ("ml_degree", "linear(2,2,2)", {}),
    ("fibers", "linear(2,3,1)", {}),
    ("fibers", "mlp(2,2,1; x^3)", {}),
    ("fibers", "mlp(2,2,3,1; x^3)", {}),
    ("fibers", "mlp(2,2,1; x^3)", {"at": [1, 2, 0, 0, 1, 0]}),
    ("sample_complexity", "mlp(2,2,1; x^2)", {}),
    ("sample_complexity", "mlp(2,2,1; x^3)", {}),
    ("sample_complexity", "linear(1,1)", {"epsilon": 0.5, "delta": 0.1, "radius": 1}),
    ("sample_complexity", "linear(1,1)", {"epsilon": 0.5, "delta": 0.1, "radius": 1, "noise": 1}),
    ("covering", "linear(2,1,2)", {}),
    ("covering", "mlp(2,2,1; generic(3))", {}),
    ("covering", "mlp(1,1,1; x + 1)", {"weights": 0.125, "epsilon": 0.1, "radius": 100}),
    ("equations", "linear(2,1,2)", {}),
    ("equations", "mlp(2,2,1; x^2)", {}),
    ("membership", "mlp(2,2,1; x^2)", {}),
    ("membership", "mlp(2,2,1; x^2)", {"target": "x0*x1"}),
    ("membership", "mlp(2,2,2; x^2)", {"target": "x0^2; x0*x1"}),
    ("membership", "cnn(2,2; x)", {"target": "x0 + x1 + x2"}),
    ("tangent_kernel", "linear(2,1,2)", {"metric": "frobenius", "weights": [0, 0, 1, -1]}),
    ("tangent_kernel", "linear(2,1,2)", {"metric": "frobenius", "weights": [0, 0, 0, 0]}),
    ("tangent_kernel", "linear(2,1,2)", {"metric": "frobenius"}),
    ("tangent_kernel", "linear(1,1,1)", {"data": ([[1], [2]], [[1], [3]])}),
    ("point_count", "mlp(2,2,2; x^2)", {}),
    ("point_count", "linear(2,2)", {"field": 2}),
    ("learning_coefficient", "mlp(2,1,1; x^2)", {}),
    ("learning_coefficient", "linear(3,2,3)", {"true_rank": 1}),
    ("learning_coefficient", "mlp(1,2,1; x^2)", {"at": [0, 0, 1, -1]}),
    ("components", "equivariant(3,3; rank=3)", {}),
    ("components", "equivariant(2,2; rank=1)", {}),
    ("components", "mlp(2,2,1; x^2)", {}),
    ("data", "mlp(2,2,1; x^2)", {"inputs": [[1, 0], [0, 1]]}),
    ("data", "mlp(2,2,1; x^2)", {"inputs": [[1, 0], [0, 1], [1, 1], [2, 1]]}),
    ("symmetries", "mlp(2,2,1; x^2)", {}),
    ("symmetries", "linear(2,3,1)", {}),
    ("symmetries", "mlp(2,2,1; generic(3))", {}),
    ("symmetries", "linear(8,8,8)", {}),
    ("boundary", "mlp(2,2,2; x^2)", {"target": "x0^2; x0*x1"}),
    ("boundary", "cnn(2,2; x)", {"target": "x0 + 2*x1 + x2"}),
    ("boundary", "cnn(2,2; x)", {"target": "x0 + x1 + x2"}),
    ("boundary", "mlp(3,2,1; x^3)", {"target": "x0^2*x1"}),
    ("boundary", "mlp(3,2,1; x^3)", {"weights": [1, 2, 3, 4, 1, 1, 2, 3]}),
    ("boundary", "mlp(3,2,1; x^3)", {"weights": [1, 2, 1, 1, 2, 1, 2, 4]}),
    ("boundary", "cnn(2,2; x)", {"samples": 0}),
    ("boundary", "linear(2,1,2)", {"samples": 4}),
    ("boundary", "mlp(2,2,1; x^2)", {"samples": 4}),
    ("boundary", "mlp(2,2,1; x^3 + x^2)", {"samples": 4}),
    ("boundary", "cnn(2,2; x; strides=2,1)", {"samples": 4}),
    ("critical_locus", "cnn(3,4; x)", {}),
    ("critical_locus", "linear(2,2,2)", {}),
    ("critical_locus", "mlp(2,2,1; x^2)", {}),
    ("critical_locus", "attention(2,1; a=1; t=2)", {}),
    ("exposedness", "cnn(2,2; x^2)", {"metric": "generic", "samples": 0}),
    ("exposedness", "mlp(2,2,1; x^2)", {"samples": 4}),
    ("conservation", "linear(2,2,2)", {}),
    ("conservation", "linear(2,2,2)", {"data": [[1, 0]]}),
    ("conservation", "mlp(2,2,1; x^2)", {"degree": 1}),
    ("conservation", "mlp(2,2,1; x^3 + x)", {"degree": 1}),
    ("subnetworks", "linear(3,2,3)", {}),
    ("subnetworks", "mlp(2,2,1; x^3 + x^2)", {}),
    ("subnetworks", "mlp(2,2,1; 1/x)", {}),
    ("singularities", "mlp(2,2,1; x^2)", {}),
    ("singularities", "linear(2,1,2)", {}),
    ("singularities", "linear(2,1,2)", {"at": [0, 0, 1, 1]}),
    ("singularities", "linear(2,1,2)", {"at": [1, 2, 1, 1]}),
    ("singularities", "cnn(2,2; x^2)", {}),
    ("singularities", "mlp(2,2,1; x^4)", {"at": [1, 2, 0, 0, 1, 0]}),
    ("invariance", "linear(3,2,2)", {"map": "1,0,2"}),
    ("invariance", "linear(2,2,2)", {"output_map": "shift"}),
    ("invariance", "mlp(2,2,1; x^2)", {"map": "negation"}),
    ("invariance", "mlp(2,2,1; x^3)", {"map": "0,2;1,0"}),
    ("diagnose", _EQUAL, {"architecture": "mlp(2,3,1; x^2)"}),
    ("diagnose", _EQUAL, {"architecture": "mlp(2,3,1; relu)"}),
    ("diagnose", _EQUAL, {"architecture": "mlp(2,3,1; tanh)"}),
    ("diagnose", _ONE, {"architecture": "mlp(2,2,1; x^2)"}),
    ("prune", _EQUAL, {"architecture": "mlp(2,3,1; relu)"}),
    ("prune", _NEAR, {"architecture": "mlp(2,3,1; relu)", "tolerance": 0.01}),
    ("prune", _NEAR, {"architecture": "mlp(2,3,1; x^2)", "tolerance": 0.01}),
    ("prune", _ONE, {"architecture": "mlp(2,2,1; x^2)"}),
    ("regions", _BENT, {"architecture": "mlp(2,2,1; relu)"}),
    ("regions", _BENT, {"architecture": "mlp(2,2,1; relu)", "box": (-1, 1)}),
    ("tropical", _BENT, {"architecture": "mlp(2,2,1; relu)"}),
    ("lipschitz", _BENT, {"architecture": "mlp(2,2,1; relu)"}),
    ("robustness", (_BENT, [[1, 2], [-1, 0]]), {"architecture": "mlp(2,2,1; relu)"}),
    ("regions", (_BENT,), {"architecture": "mlp(2,2,1; relu)", "data": [[1, 2], [-1, 0], [2, 1]]}),
    ("classification_fan", ([[0, 0], [0, 1], [1, 0], [1, 1]],), {"labels": [0, 1, 1, 0], "terms": (2, 1)}),
    ("relu_fiber", _BENT, {"architecture": "mlp(2,2,1; relu)"}),
    ("functional_dimension", _BENT, {"architecture": "mlp(2,2,1; relu)"}),
    ("functional_dimension", "mlp(2,2,1; relu; bias)", {"random": 2}),
    ("align", (_ONE, _TWO), {"architecture": "mlp(2,2,1; x^2)"}),
    ("align", (_ONE, _ONE), {"architecture": "mlp(2,2,1; tanh)"}),
    ("align", (_ONE, _APART), {"architecture": "mlp(2,2,1; x^2)"}),
    ("align", (_ONE, _ROUNDED), {"architecture": "mlp(2,2,1; relu)"}),
]
_IMAGE = {"name": "linear(3,1,3)", "dimension": 5, "fiber": 2}
_STRATUM = {"name": "zero", "dimension": 2, "rank": 3, "corank": 0, "claim": "proved"}
_EXPOSED = {"name": "zero", "function": "zero", "critically_exposed": False}
FORBIDDEN = {word: re.compile(rf"\b{re.escape(word)}\b") for word in STRONG_WORDS}


def words_beyond(text, claim, verdicts=()):
    """Words that may not be said at a claim, outside of the phrases that statements are limited by."""
    for phrase in {p for v in verdicts for p in v.statement.scope}:
        text = text.replace(phrase, "")
    return [w for w, found in FORBIDDEN.items() if claim not in STRONG_WORDS[w] and found.search(text)]


def forced(verdicts, claim, key=None):
    """The verdicts with a claim, of one key or of each, that is no stronger than it was."""
    out = {}
    for k, v in verdicts.items():
        weaker = Claim.weakest([v.claim, claim]) if key in (None, k) else v.claim
        out[k] = recorded(v.statement, weaker)
    return out


def asked(entry, source, options):
    return getattr(nv, entry)(*(source if isinstance(source, tuple) else (source,)), **options)


@pytest.mark.parametrize(("entry", "source", "options"), ASKED)
def test_no_strong_word_at_a_level_that_does_not_allow_it(entry, source, options):
    found = asked(entry, source, options)
    everything = {**found.also, **found.verdicts}
    keys = [key for key in found.speaks() if key in everything]
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
def test_what_is_limited_says_so(entry, source, options):
    """Scope, error and test stand in the sentence."""
    found = asked(entry, source, options)
    for key in (k for k in found.speaks() if k in found.verdicts):
        verdict = found.verdicts[key]
        text = sentence(verdict.statement, verdict.claim)
        if "not shown" not in text:
            assert all(phrase in text for phrase in verdict.statement.scope)
            drawn = verdict.claim in (Claim.PROBABILITY, Claim.LOWER_BOUND, Claim.UPPER_BOUND) and verdict.statement.error > 0
            assert ("wrong with probability" in text) == drawn
            assert ("test for missing ones" in text) == (verdict.claim is Claim.COMPLETE)


@pytest.mark.parametrize("kind", sorted(SAID.keys() - TRAINING.keys()))
@pytest.mark.parametrize("claim", list(Claim))
def test_every_kind_at_every_level(kind, claim):
    """Each kind of statement has a sentence for each claim, with values as they come."""
    values = {
        "identifiable": ["yes", "no", "generic", "undecided"],
        "given weights are identifiable": ["yes", "no", "undecided"],
        "equations": [[], ["c0*c3 - c1*c2"]],
        "functions left by samples": [{"4": 3, "5": 1}],
        "all conserved quantities": [True],
        "ansatz": ["all", "axes"],
        "boundary: position": ["interior", "boundary", "closure only", "outside", "undecided"],
        "boundary: reason": ["a form of rank two"],
        "boundary: boundary": ["empty", "nonempty", "undecided"],
        "boundary: pieces": [[{"name": "rank one"}], []],
        "critical locus: complete": [True],
        "critical locus: strata": [[_STRATUM], [_STRATUM, {**_STRATUM, "corank": 1, "rank": 2}]],
        "exposedness: table": [[_EXPOSED], [_EXPOSED, {**_EXPOSED, "critically_exposed": True}]],
        "samples at the inputs": [1, 1200],
        "determined at the inputs": ["yes", "no", "undecided"],
        "share of the span": ["1/3"],
        "irreducible components: components": [[{"dimension": 2}], [{"dimension": 2}, {"dimension": 5}], [{"dimension": None}]],
        "conserved polynomials": [[], ["w^2"]],
        "conserved polynomials at the inputs": [["w^2 - v^2", "w"]],
        "membership: verdict": ["realizable", "closure only", "excluded", "undecided"],
        "membership: witness": [[1, 2]],
        "subnetworks: images": [[], [_IMAGE], [_IMAGE, {**_IMAGE, "name": "zero", "dimension": 0, "fiber": 0}]],
        "subnetworks: inclusions": [[["a", "b"]]],
        "subnetworks: undecided": [[["a", "b"]]],
        "subnetworks: all_listed": [True, False],
        "singularities: dimension": [-1, 0, 7],
        "singularities: strata": [[{"name": "zero"}]],
        "singularities: others": [[], [{"dimension": 3}], [{"dimension": 3}, {"dimension": 2}]],
        "singularities: status": ["smooth", "singular", "undecided"],
        "singularities: type": ["node"],
        "singularities: tangent_space": [[3, 3], [3, 5], [3, None]],
        "invariance: components": [[], [{"classes": []}]],
        "prune: removed": [{}, {"equal": 1}, {"equal": 2, "constant": 1}],
        "prune: widths": [{"w1": [3, 2]}],
        "prune: error_bound": [0.0, 0.00123456],
        "diagnose: nearest": [{"stratum": "equal neurons"}],
        "diagnose: condition": [1.5],
        "regions: class_components": [{"0": 1, "1": 3}],
        "regions: data at the inputs": [
            {"inputs": 1, "regions": 1, "on_borders": 0, "counts": {"3": 1}},
            {"inputs": 1, "regions": 0, "on_borders": 1, "counts": {}},
            {"inputs": 9, "regions": 2, "on_borders": 1, "counts": {"3": 5, "0": 3}},
            {"inputs": 9, "regions": 0, "on_borders": 9, "counts": {}},
        ],
        "relu-fiber: flips": [[], [[1]], [[0, 1], [2]]],
        "tropical: numerator": [[[["0", "1"]]]],
        "tropical: denominator": [[[["0", "1"], ["1", "0"]]]],
        "tropical: fans": [{part: [{"vertices": [[0]] * n}] for part, n in (("numerator", 1), ("denominator", 3), ("common", 3))}],
        "classification-fan: partitions at the inputs": [{"1": 1}, {"1": 1, "2": 1200}],
        "classification-fan: mistakes at the inputs": [{"0": 1, "1": 3}, {"0": 12}, {"2": 1200, "3": 4}],
        "lipschitz: l1": ["4", "1234567890123/7"],
        "lipschitz: l2": [["5", "5"], ["1.4142135623730950488", "1.4142135623730950489"]],
        "lipschitz: linf": ["0"],
        "robustness: decision": [[{"radius": None}], [{"radius": ["0", "0"]}, {"radius": None}]],
        "robustness: affine": [[{"radius": ["1/3", "1/3"]}], [{"radius": ["1.4142135623730950488", "2"]}] * 2],
        "functional-dimension: counts": [{"9": 1, "11": 3}],
        "align: same": ["yes", "within", "no", "undecided"],
        "align: related": ["yes", "within", "no", "undecided"],
        "align: exact": [True, False],
        "align: bound": [0.0, 0.00123456],
        "align: box": [2.0],
        "critical point: loss": [[0.25, 0.5]],
        "critical point: points_within": [[0.25, []], [0.25, [0]], [0.5, [1]], [0.5, [0, 0, 2]], [0.5, [0, 1]], [0.5, [1, 1]]],
        "critical point: polynomial_points_within": [[0.25, []], [0.25, [0]], [0.5, [0, 1]]],
        "interval of the learning coefficient": [[1.0, 1.5]],
        "learning-coefficient: smaller_networks": [
            [{"network": "zero", "learning_coefficient": "1", "at_most": None, "at": None}],
            [{"network": "rank 1", "learning_coefficient": None, "at_most": "3/2", "at": ["1", "0"]}] * 5,
        ],
        "align: residual": [0.25],
        "align: difference": [0.25],
        "align: input": [["1", "2"]],
    }.get(kind, [{"simple": 3, "clusters": (2,), "at_infinity": 1}] if kind.endswith("zeros") else [0, 1, 1200, None])
    for value in values:
        text = sentence(Statement(kind, "", value, ("in a scope",), 1e-12), claim)
        assert text
        assert not words_beyond(text, claim), text
        assert "{" not in text
        silent = claim is Claim.UNDECIDED or value in (None, "undecided")
        assert ("not shown" in text) == silent
        assert ("in a scope" in text) != silent
        if value == 0 and not silent and isinstance(SAID[kind].says, Number) and (SAID[kind].says.many or SAID[kind].says.none):
            assert ("about 0 " in text) == (claim is Claim.ESTIMATE), text
        elif isinstance(value, int) and not silent and isinstance(SAID[kind].says, Number):
            assert ("exactly" in text) == (claim is Claim.PROVED)
            assert ("at least" in text) == (claim is Claim.LOWER_BOUND)
            bounded = (Claim.UPPER_BOUND, Claim.PROBABILITY, Claim.LOWER_BOUND)  # the value, or the probability of an error
            assert ("at most" in text) == (claim in bounded)
            assert ("an estimate" in text) == (claim is Claim.ESTIMATE)


def test_a_gloss_is_said_where_it_is_reached_and_nowhere_else():
    gloss = Gloss("so it is", {"value": Claim.COMPLETE})
    for claim in Claim:
        verdicts = {"value": recorded(Statement("dimension", "", 3, error=1e-9), claim)}
        assert gloss.holds(verdicts) == (claim in REACHES[Claim.COMPLETE])
        assert ("so it is" in told(verdicts, ["value"], [gloss])) == gloss.holds(verdicts)
    assert not gloss.holds({})
    assert not gloss.holds({"value": recorded(Statement("dimension", "", None), Claim.PROVED)})
    complete = {"value": recorded(Statement("degree", "", 3), Claim.COMPLETE)}
    assert gloss.said(complete) == "so it is, if none was missed"
    likely = {"value": recorded(Statement("degree", "", 3, error=1e-9), Claim.PROBABILITY)}
    assert gloss.said(likely) == "so it is (wrong with probability at most 1.0e-09)"
    guess = Gloss("so it is", {"value": Claim.ESTIMATE})
    assert guess.said({"value": recorded(Statement("degree", "", 3), Claim.ESTIMATE)}) == "so it is, if that holds"
    first = Gloss("of a drawn one", {}, ahead=True)
    assert told(complete, ["value"], [gloss, first]).startswith("of a drawn one; ")
    assert gloss.said(likely, ["value"]) == "so it is (with the same probability of error)"


def test_none_is_said_in_its_own_order_of_words():
    """A sentence that begins with what there is none of turns its verb; "whatever the loss" is within what there is none of."""
    none, one = (sentence(Statement("dimension of the fiber", "", n), Claim.PROVED) for n in (0, 1))
    assert none == "along no direction of general weights does the function stay as it is"
    assert one == "along exactly 1 direction of general weights the function stays as it is"
    none, some = (sentence(Statement("conserved quantities", "", n), Claim.PROVED) for n in (0, 3))
    assert none == "gradient flow has no quantity that it conserves whatever the loss and the data"
    assert some == "gradient flow has exactly 3 independent quantities that it conserves whatever the loss and the data"
    place = {"network": "constants", "learning_coefficient": "5/4", "at_most": None, "multiplicity": 1, "at": ["0", "1"]}
    rows = Statement("learning-coefficient: smaller_networks", "", [place])
    assert sentence(rows, Claim.PROVED) == "it is exactly 5/4 at the weights (0, 1), which give a constant"
    place |= {"network": "mlp(2,1,1; x^2)", "at": ["0"] * 13}
    assert sentence(rows, Claim.PROVED) == "it is exactly 5/4 at one point of the weights that give a function of mlp(2,1,1; x^2)"


def test_the_kinds_are_those_of_the_certificates():
    """The grammar names kinds as words, so that it loads nothing that computes."""
    assert {point_counts.FIELD, point_counts.POINTS, point_counts.SHARE} <= SAID.keys()
    ranks = (ranks_at_weights.AT_WEIGHTS, ranks_at_inputs.JACOBIAN, ranks_at_inputs.DETERMINED, ranks_at_inputs.FURTHER)
    assert {f"{kind} at the inputs" for kind in ranks} <= SAID.keys()
    assert {f"{irreducible_components.COMPONENTS}: {part}" for part in ("count", "components")} <= SAID.keys()
    assert {f"{k}{at}" for k in (conserved.CONSERVED, conserved.LAWS) for at in ("", " at the inputs")} <= SAID.keys()
    for kind in (functions.DIMENSION, functions.SPAN, functions.AFFINE, upper_bounds.LINEAR, upper_bounds.ML_DEGREE):
        assert kind in SAID
    assert {*completeness.GENERAL, fiber.HIDDEN, fiber.PREIMAGES, upper_bounds.FILLS_COEFFICIENTS} <= SAID.keys()
    assert {learning_coefficients.COEFFICIENT, learning_coefficients.MULTIPLICITY} <= SAID.keys()
    for name in ("Traced", "Continued", "Looped"):
        assert hasattr(completeness, name)


def test_a_meaning_of_its_own_is_refused():
    shown = nv.dimension("mlp(2,2,1; x^2)")
    with pytest.raises(TypeError, match="meaning"):
        nv.DimensionResult(value=3, claims=shown.claims, meaning="it is the best network", evidence={})
    with pytest.raises(TypeError, match="in no other way"):
        nv.DimensionResult(value=3, claims=shown.claims, words="it is the best network", evidence={})
    with pytest.raises(ValueError, match="meaning"):
        replace(shown, meaning="it is the best network")
    read = nv.DimensionResult.from_dict(shown.to_dict())
    assert read.meaning == shown.meaning == replace(read, notices=("read",)).meaning


def test_parts_that_are_claimed_less_say_so():
    found = nv.fibers("mlp(2,1,1; x^2; bias)")
    assert found.shown() == "dimension 1, hidden 0, cardinality 1, identifiable generic"
    assert not any(found.weaker(key) for key in found.value)
    local = nv.singularities("cnn(2,2; x^2)")
    assert (local.claim, local.weaker("degree"), local.weaker("codimension")) == (Claim.PROVED, " (estimate)", "")
    assert local.shown() == "dimension 1, codimension 2, degree 1 (estimate)"


def test_a_bound_that_rests_on_a_draw_passes_its_error_on():
    """What is said by a bound from above, of which an error is known, is as uncertain as the bound."""
    gloss = Gloss("no more than that", {"size": Claim.UPPER_BOUND})
    drawn, proved = (recorded(Statement("dimension", "", 2, error=e), Claim.UPPER_BOUND) for e in (1e-9, 0.0))
    assert gloss.said({"size": drawn}) == "no more than that (wrong with probability at most 1.0e-09)"
    assert gloss.said({"size": drawn}, ("size",)) == "no more than that (with the same probability of error)"
    assert gloss.said({"size": proved}) == "no more than that"
    for notation in ("attention(2,2; a=1; t=2)", "ratio(linear(2,1); linear(2,1))"):
        assert nv.critical_locus(notation).meaning.endswith("in the functions (with the same probability of error)")


def test_what_a_missing_point_would_upset_says_so():
    """A bound from above by a list that may lack some, with the error of what else it rests on."""
    gloss = Gloss("no more than that", {"count": Claim.UPPER_BOUND, "size": Claim.PROBABILITY})
    count, size = Statement("degree", "", 3), Statement("dimension", "", 2, error=1e-9)
    said = gloss.said({"count": recorded(count, Claim.COMPLETE), "size": recorded(size, Claim.PROBABILITY)})
    assert said == "no more than that, if none was missed (wrong with probability at most 1.0e-09)"
    assert gloss.said({"count": recorded(count, Claim.PROVED), "size": recorded(size, Claim.PROVED)}) == "no more than that"
