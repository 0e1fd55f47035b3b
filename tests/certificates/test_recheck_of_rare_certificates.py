"""Certificates that few questions make: each round trip through JSON, and the false twins of each."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.certificates.compose import Meets
from neurovariety.certificates.document import certificates_as_json
from neurovariety.certificates.issue import NotShown, Verdict, issue
from neurovariety.certificates.ranks_at_weights import AtMostShape, NoSmallerElsewhere, RankAtWeightsModP, RankOverQ
from neurovariety.certificates.recheck import RECHECKED, REFUSED, TRUSTED, recheck
from neurovariety.certificates.tangent_spaces import SingularByEquations
from neurovariety.dictionary.tangent_kernel import _rank_mod
from neurovariety.geometry.exact.exact_functions import exact_functions
from neurovariety.geometry.singular.exact_tangents import exact_tangents
from neurovariety.geometry.solutions.stored_subjects import stored_form


@cache
def cusp() -> nv.Model:
    """The curve (a^2, a^3): at a = 0 weights show one tangent direction, and its equation leaves two."""
    return nv.as_model(lambda w, x: w["a"] ** 2 * x + w["a"] ** 3 * x**2, {"a": (1,)}, input_shape=1)


@cache
def powers() -> nv.Model:
    """Too large to expand."""
    return nv.as_model(lambda w, x: w["b"] @ (w["a"] @ x) ** 40, {"a": (2, 5), "b": (1, 2)}, input_shape=5)


ASKED = {
    "SingularByEquations": lambda: nv.singularities(cusp(), at=[0]),
    "SampledMaps": lambda: nv.symmetries(powers()),
    "RankAtWeightsModP": lambda: nv.singularities("mlp(2,2,1; generic(2))", at=[1, 0, 0, 1, 1, 1]),
    "AtMostShape": lambda: nv.singularities("mlp(1,1,1; generic(2))", at=[1, 2]),
}


@cache
def document(name):
    return json.dumps(ASKED[name]().to_dict(certificates=True))


def of_type(data, name):
    return [v for v in data["certificates"]["verdicts"] if (v["certificate"] or {}).get("type") == name]


@pytest.mark.parametrize("name", ASKED)
def test_they_are_rechecked_from_json(name):
    data = json.loads(document(name))
    assert of_type(data, name)
    claimed = [k for k in recheck(data).keys if str(k.claim) not in ("estimate", "undecided")]
    assert {k.outcome for k in claimed} <= {RECHECKED, TRUSTED}


CHANGES = {
    "SingularByEquations": [("status", lambda c: c.update(weights=[{"rational": "1"}])), ("status", lambda c: c.update(weights=[]))],
    "SampledMaps": [
        ("dimension", lambda c: c.update(places=c["places"][:1])),
        ("dimension", lambda c: c.update(vectors=c["vectors"][:1])),
        ("dimension", lambda c: c.update(vectors=c["vectors"][:1] * 2)),
    ],
    "RankAtWeightsModP": [("rank", lambda c: c["rank"].update(value=6)), ("rank", lambda c: c["weights"].reverse())],
    "AtMostShape": [("rank", lambda c: c.update(value=3)), ("rank", lambda c: c["weights"].reverse())],
}


@pytest.mark.parametrize(("name", "number"), [(name, i) for name, changes in CHANGES.items() for i in range(len(changes))])
def test_what_was_changed_is_refused(name, number):
    data = json.loads(document(name))
    key, change = CHANGES[name][number]
    for verdict in of_type(data, name):
        change(verdict["certificate"])
    assert key in {k.key for k in recheck(data).refused}


def test_a_rank_at_weights_bounds_that_of_general_ones():
    """No question makes it, but where a draw is unlucky."""
    model = nv.as_model("linear(2,1,2)")
    exact = exact_functions(model)
    here = issue(RankOverQ(exact.hash, tuple(map(Fraction, (0, 0, 1, -1))), None, 2), exact)
    verdict = issue(NoSmallerElsewhere(None, here), exact)
    data = as_result({"generic": verdict})
    (found,) = recheck(data).keys
    assert (found.outcome, found.statement.value, str(found.claim)) == (RECHECKED, 2, "lower_bound")
    for change in ({"value": {"generic": 3}}, {"value": {"generic": 1}}):
        assert [k.outcome for k in recheck(data | change).keys] == [REFUSED]
    other = copy.deepcopy(data)
    of_type(other, "NoSmallerElsewhere")[0]["certificate"]["inputs"] = [[{"rational": "1"}, {"rational": "0"}]]
    assert [k.outcome for k in recheck(other).keys] == [REFUSED]


def as_result(verdicts: dict[str, Verdict]) -> dict:
    """A result of the entry `tangent-kernel` that says what these do, as JSON gives it back."""
    said = {key: verdict.statement for key, verdict in verdicts.items()}
    data = {
        "entry": "tangent-kernel",
        "architecture": "",
        "value": {key: s.value for key, s in said.items()},
        "claims": {
            key: {"claim": str(v.claim), "error": said[key].error or None, "scope": list(said[key].scope)}
            for key, v in verdicts.items()
        },
        "certificates": certificates_as_json(verdicts, stored_form),
    }
    return json.loads(json.dumps(data))


def refused(certificate, subject) -> bool:
    try:
        issue(certificate, subject)
    except NotShown:
        return True
    return False


def test_equations_that_drop_rank_elsewhere():
    """At other weights, with equations that are not all, or with a dimension that is not known from above: nothing is singular."""
    exact = exact_tangents(cusp())
    shown = nv.singularities(cusp(), at=[0]).verdicts["status"].certificate
    assert isinstance(shown, SingularByEquations)
    assert not refused(shown, exact)
    generate = shown.generate.certificate
    lower = nv.dimension(cusp()).verdicts["value"].certificate.lower
    other = nv.singularities(nv.as_model(lambda w, x: w["a"] ** 2 * x + w["a"] ** 5 * x**2, {"a": (1,)}, input_shape=1), at=[0])
    for forged in (
        replace(shown, weights=(Fraction(1),)),
        replace(shown, generate=issue(replace(generate, complete=False), exact)),
        replace(shown, generate=shown.known),
        replace(shown, known=shown.dimension),
        replace(shown, dimension=lower),
        replace(shown, dimension=other.verdicts["status"].certificate.dimension),
        replace(shown, known=other.verdicts["status"].certificate.known),
    ):
        assert refused(forged, exact)


def test_a_table_is_the_inputs_one_by_one():
    """The same numbers cut into other inputs are another table, of which a rank at these says nothing."""
    model = nv.as_model("linear(2,1,2)")
    exact = exact_functions(model)
    table = np.array([[Fraction(1), Fraction(0)], [Fraction(1), Fraction(1)]], dtype=object)
    weights, inputs = tuple(map(Fraction, (1, 2, 1, -1))), tuple(map(tuple, table.tolist()))
    found = _rank_mod(model, weights, table, inputs, np.random.default_rng(0)).certificate
    shown = found.lower.certificate if isinstance(found, Meets) else found
    assert isinstance(shown, RankAtWeightsModP)
    assert not refused(shown, exact)
    assert refused(replace(shown, inputs=(inputs[0] + inputs[1],)), exact)
    assert refused(AtMostShape(exact.hash, weights[:3], None, 4), exact)
