"""Every entry of the package is held to the laws of the kit, and the kit notices what breaks them."""

from __future__ import annotations

import json
from dataclasses import replace

import jsonschema
import pytest

import neurovariety as nv
from another_value import with_value
from neurovariety.certificates.sentences import Gloss
from neurovariety.claim import Claim
from neurovariety.dictionary import dimension as dimension_module
from neurovariety.dictionary.registry import ENTRIES
from neurovariety.testing import check_entry
from neurovariety.testing.json_schema import broken_rule, result_schema

SQUARE, FLAT = "mlp(2,1,1; x^2)", "linear(2,1,2)"
GAUSSIAN = {"metric": "gaussian"}
CASES = {
    "ambient": ("attention(2,1; a=1; t=2)", {}),
    "components": ("equivariant(2,2; rank=1)", {}),
    "dimension": ("cnn(2,2; x^2)", {}),
    "equations": (FLAT, {}),
    "membership": (SQUARE, {}),
    "fibers": (SQUARE, {}),
    "symmetries": (SQUARE, {}),
    "invariance": (FLAT, {}),
    "subnetworks": (SQUARE, {}),
    "exposedness": (SQUARE, {"samples": 0}),
    "conservation": (SQUARE, {}),
    "learning-coefficient": (SQUARE, {}),
    "covering": (FLAT, {"epsilon": 0.01}),
    "data": (FLAT, {"inputs": [[1, 2], [0, 1]]}),
}
SLOWER = {
    "ml-degree": (SQUARE, {}),
    "landscape": (FLAT, GAUSSIAN),
    "critical-locus": (SQUARE, {}),
    "singularities": (SQUARE, {}),
    "voronoi": (FLAT, {"targets": 8}),
    "boundary": (SQUARE, {}),
    "sample-complexity": (SQUARE, {}),
    "ed-degree": (SQUARE, GAUSSIAN),
    "weight-decay": ("linear(1,1,1)", GAUSSIAN),
    "degree": (SQUARE, {}),
    "point-count": (SQUARE, {}),
    "discriminant": (SQUARE, {**GAUSSIAN, "grid": 6}),
    "gradient-flow": ("linear(1,1,1)", {**GAUSSIAN, "runs": 2}),
    "tangent-kernel": ("linear(1,1,1)", GAUSSIAN),
    "maximum-likelihood": (SQUARE, {}),
    "polyhedral": (SQUARE, {}),
    "implicit-bias": (SQUARE, {"targets": 8, "flow_targets": 2, "runs": 2}),
}
REFUSED = {"invariance": ["cnn(2,2; x^2)"], "weight-decay": ["mlp(2,3,1; x^2)"]}


@pytest.mark.parametrize("entry", [*CASES, *(pytest.param(e, marks=pytest.mark.slow) for e in SLOWER)])
def test_entries(entry):
    source, options = (CASES | SLOWER)[entry]
    check_entry(entry, source, options=options, refused=REFUSED.get(entry, ()))


def test_every_entry_is_here():
    assert {*CASES, *SLOWER} == {e.name for e in ENTRIES}


def changed(**parts):
    """`dimension` with parts of its result changed."""
    right = nv.dimension

    def dimension(source, **options):
        found = right(source, **options)
        other = {name: make(found) for name, make in parts.items()}
        return with_value(found, other["value"]) if "value" in other else replace(found, **other)

    return dimension


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (changed(value=lambda r: float("nan")), "no JSON"),
        (changed(value=lambda r: r.provenance.seed), "rerun"),
        (changed(evidence=lambda r: {**r.evidence, "theorems": [{"source": "nobody2020"}]}), "cites"),
        (changed(glosses=lambda r: (Gloss("two\nlines", {}),)), "not a sentence"),
        (changed(evidence=lambda r: {**r.evidence, "draw": next(COUNTER)}), "another answer the second time"),
        (lambda source, **options: nv.ambient(source), "returns a AmbientResult"),
        (lambda source, *, seed=0, **options: nv.dimension(source, seed=seed), "does not declare"),
    ],
)
def test_what_breaks_a_law_is_named(wrong, law, monkeypatch):
    monkeypatch.setattr(dimension_module, "dimension", wrong)
    with pytest.raises(AssertionError, match=law):
        check_entry("dimension", "linear(2,2)")


COUNTER = iter(range(10**6))


def test_unknown_names():
    with pytest.raises(AssertionError, match="no row"):
        check_entry("nothing", "linear(2,2)")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"claim": "certain"},
        {"schema": 2},
        {"meaning": 3},
        {"more": 1},
        {"provenance": {"version": "1", "seed": 0}},
        {"provenance": {"version": "1", "seed": 0.5, "seconds": None}},
        {"provenance": {"version": "1", "seed": 0, "seconds": None}},
    ],
)
def test_the_schema_is_read_as_a_validator_reads_it(change):
    data = nv.dimension("linear(2,2)").to_dict() | change
    data = json.loads(json.dumps(data))
    validator = jsonschema.Draft202012Validator(result_schema())
    assert (broken_rule(data, result_schema()) == "") == validator.is_valid(data)


def test_claims_are_those_of_the_schema():
    for claim in Claim:
        assert not broken_rule(nv.dimension("linear(2,2)").to_dict() | {"claim": str(claim)}, result_schema())
