"""Every entry on equal sets of functions in several notations: what is a fact of the functions cannot depend on how they are written.

Entries about weights are asked where the weights are the same too, up to names of blocks. Entries of which only refusals, words or
weights differ are compared in what is left.
"""

from __future__ import annotations

import pytest

import neurovariety as nv
from neurovariety.dictionary.registry import ENTRIES, find
from neurovariety.errors import InputError
from neurovariety.result import plain

GROUPS = {
    "matrices of rank one": (
        "linear(2,1,2)",
        "mlp(2,1,2; x)",
        "mlp(2,1,2; 3*x)",
        "sequence(linear(2,1); linear(1,2))",
        "ssm(2,1,2; t=1)",
        "invariant(1,1; rank=1; outputs=2)",
    ),
    "all matrices": ("linear(2,2)", "residual(linear(2,2))", "mlp(2,2,2; 3*x)", "ssm(2,3,2; t=1)"),
    "bilinear forms": ("cp(2,2; rank=2)", "tt(2,2; ranks=2)"),
    "products": ("cp(2,2; rank=1)", "tt(2,2; ranks=1)"),
    "linear forms": ("linear(3,1)", "diagonal(3; layers=2)", "cnn(3)"),
    "squares": ("mlp(2,1,1; x^2)", "mlp(2,1,1; -3*x^2)", "sequence(mlp(2,1,1; x^2))", "ssm(2,1,1; t=1; x^2)"),
    "pairs of quadrics": ("mlp(2,2,2; x^2)", "mlp(2,2,2; 3*x^2)", "sequence(mlp(2,2,2; x^2))"),
    "quadratic polynomials": ("mlp(2,1,1; x^2; bias)", "mlp(2,1,1; x^2 + x; bias)"),
}
QUICK = ("matrices of rank one", "all matrices", "linear forms", "squares")
TARGETS = {
    "matrices of rank one": "x0 + 2*x1; 3*x0 + x1",
    "all matrices": "x0 + 2*x1; 3*x0 + x1",
    "bilinear forms": "x0*x2 + 2*x0*x3 - x1*x3",
    "products": "x0*x2 + 2*x0*x3 - x1*x3",
    "linear forms": "x0 + 2*x2",
    "squares": "x0^2 + x0*x1",
    "pairs of quadrics": "x0^2; x0*x1",
    "quadratic polynomials": "x0^2 + x1 + 1",
}
FUNCTIONS = {
    # entry: options, and the keys of its value that are words or weights
    "ambient": ({}, ()),
    "components": ({}, ("architecture",)),
    "dimension": ({}, ()),
    "degree": ({}, ()),
    "equations": ({}, ()),
    "membership": ({"target": TARGETS}, ("witness",)),
    "point-count": ({}, ()),
    "learning-coefficient": ({}, ("smaller_networks",)),
}
SLOWER = {
    "boundary": ({"target": TARGETS}, ()),
    "sample-complexity": ({}, ()),
    "ed-degree": ({"metric": "frobenius"}, ()),
    "ml-degree": ({}, ()),
    "singularities": ({}, ()),
    "data": ({"inputs": [[1, 2, 3, 4], [0, 1, 5, -1]]}, ()),
    "landscape": ({"metric": "frobenius", "teacher": TARGETS}, ("at_subnetworks",)),
    "voronoi": ({"targets": 20}, ("table",)),
    "exposedness": ({"samples": 0}, ("table",)),
    "maximum-likelihood": ({}, ("at_subnetworks",)),
}
LONG = {
    "discriminant": ({"metric": "frobenius", "teacher": TARGETS, "grid": 6}, ()),
    "implicit-bias": ({"targets": 8, "flow_targets": 2, "runs": 3}, ("table",)),
    "polyhedral": ({"teacher": TARGETS}, ()),
}
"""Asked of two notations or three of one group only; each count takes a while."""

SAME_WEIGHTS = ("linear(2,1,2)", "mlp(2,1,2; x)", "sequence(linear(2,1); linear(1,2))", "invariant(1,1; rank=1; outputs=2)")
WEIGHTS = {
    "critical-locus": ({}, ()),
    "subnetworks": ({}, ("inclusions",)),
    "fibers": ({}, ()),
    "conservation": ({}, ("laws",)),
    "covering": ({}, ("at_most", "at_least")),
}
TRAINING = {
    "symmetries": ({}, ()),
    "invariance": ({"map": "reverse"}, ("classes",)),
    "tangent-kernel": ({"metric": "frobenius", "teacher": TARGETS}, ()),
    "weight-decay": ({"metric": "frobenius", "teacher": TARGETS, "strengths": [0.1]}, ()),
    "gradient-flow": ({"metric": "frobenius", "teacher": TARGETS, "runs": 4}, ()),
}


def without(value, words):
    """Plain data without the keys ``words``, numbers to eight digits or twelve places, equations in no order."""
    if isinstance(value, dict):
        kept = {k: without(v, words) for k, v in value.items() if k not in words}
        return {k: sorted(v) if k == "equations" else v for k, v in kept.items()}
    if isinstance(value, list):
        return [without(v, words) for v in value]
    return round(float(f"{value:.8g}"), 12) if isinstance(value, float) else value


def answer(entry, notation, group, options, words):
    """Value and claim, or that it was refused."""
    given = {k: v[group] if v is TARGETS else v for k, v in options.items()}
    if entry == "data":
        given["inputs"] = [row[: nv.as_model(notation).inputs] for row in given["inputs"]]
    try:
        found = find(entry).load()(notation, **given)
    except InputError:
        return "refused"
    # what is left out of the value is left out of the claim: which strata are known depends on how functions are written
    return without(plain(found.value), words), str(_claim_without(found, words))


def _claim_without(found, words):
    said = [found.verdicts[k] for k in (found.headline or found.verdicts) if k in found.verdicts and k not in words]
    return nv.Claim.weakest(v.claim for v in said if v.statement.value is not None)


def agree(entry, notations, group, options, words):
    first, *others = (answer(entry, n, group, options, words) for n in notations)
    for notation, other in zip(notations[1:], others, strict=True):
        assert other == first, f"{entry} of {notation} and of {notations[0]}"
    return first


def test_no_entry_is_left_out():
    asked = [*FUNCTIONS, *SLOWER, *LONG, *WEIGHTS, *TRAINING]
    assert len(set(asked)) == len(asked)
    assert set(asked) == {e.name for e in ENTRIES}


@pytest.mark.parametrize("group", [pytest.param(g, marks=[pytest.mark.slow] * (g not in QUICK)) for g in GROUPS])
@pytest.mark.parametrize("entry", FUNCTIONS)
def test_facts_of_the_functions(entry, group):
    assert agree(entry, GROUPS[group], group, *FUNCTIONS[entry]) != "refused"


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("entry", SLOWER)
def test_more_facts_of_the_functions(entry, group):
    agree(entry, GROUPS[group] if entry != "exposedness" else with_strata(group), group, *SLOWER[entry])


def with_strata(group):
    """Those with weights of one kind: what is exposed is a stratum of weights."""
    if group == "all matrices":
        return ["linear(2,2,2)", "mlp(2,2,2; 3*x)"]
    notations = GROUPS[group]
    return [n for n in notations if n.startswith(("linear", "mlp(2,1,2", "mlp(2,2,2", "sequence(linear"))] or list(notations[:1])


@pytest.mark.slow
@pytest.mark.parametrize("entry", LONG)
def test_facts_of_matrices_that_take_long(entry):
    group = "matrices of rank one"
    notations = SAME_WEIGHTS if entry == "implicit-bias" else GROUPS[group][::2]
    assert agree(entry, notations, group, *LONG[entry]) != "refused"


@pytest.mark.parametrize("entry", WEIGHTS)
def test_facts_of_the_weights(entry):
    notations = SAME_WEIGHTS if entry == "conservation" else GROUPS["matrices of rank one"]
    assert agree(entry, notations, "matrices of rank one", *WEIGHTS[entry]) != "refused"


@pytest.mark.slow
@pytest.mark.parametrize("entry", TRAINING)
def test_training_and_symmetries_in_other_notations(entry):
    assert agree(entry, SAME_WEIGHTS, "matrices of rank one", *TRAINING[entry]) != "refused"


def test_slopes_leave_the_critical_locus_where_it_is():
    """The fact that had drifted: slopes of a linear network changed the dimension of its critical locus."""
    for notation in ("linear(2,2,2)", "mlp(2,2,2; x)", "mlp(2,2,2; 3*x)", "sequence(linear(2,2); linear(2,2))"):
        found = nv.critical_locus(notation)
        assert (found.value["dimension"], found.value["codimension"], found.value["complete"]) == (6, 2, True)
        assert found.claim is nv.Claim.PROVED


@pytest.mark.slow
def test_tensors_of_two_modes_have_the_weights_of_matrices():
    for entry, key in (("fibers", "cardinality"), ("conservation", "independent"), ("symmetries", "dimension")):
        values = [find(entry).load()(n).value[key] for n in GROUPS["bilinear forms"]]
        assert values[0] == values[1]
