"""The loss that a stored result names is the one that its certificates speak of: results whose options are changed are refused."""

from __future__ import annotations

import copy
import json
from functools import cache

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.architectures import as_model
from neurovariety.certificates.recheck import TRUSTED
from neurovariety.certificates.stored_charts import StoredQuadric
from neurovariety.certificates.stored_landscape import StoredLandscape
from neurovariety.certificates.trusted import KNOWN_STRATA, PROBLEM
from neurovariety.cli.recheck_command import rechecked
from neurovariety.dictionary.held_losses import held_to_losses
from neurovariety.dictionary.held_scopes import not_compared
from neurovariety.dictionary.stored_tables import table_read_back, written_table

GAUSSIAN = {"metric": "gaussian", "teacher": "x0^2 - x0*x1"}
TABLE = ([[1, 2], [0, 1], [2, 2], [3, -1], [1, 1]], [[1], [2], [3], [0], [1]])
ROWS = [[1, 2], [0, 1], [2, 1]]
CLASSES = ([[1, 2], [2, 1]], [[1, 2], [3, 1]])
ON_LINE = ([[1], [2], [3]], [[1], [2], [2]])
SQUARES = "mlp(2,1,1; x^2)"
ASKED = {
    "landscape": ("landscape", SQUARES, GAUSSIAN),
    "landscape of strata": ("landscape", "mlp(2,2,1; x^2)", GAUSSIAN),
    "landscape with a constant": ("landscape", "mlp(1,1,1; x^2 + 1)", {"metric": "uniform", "teacher": "x0^2 + 3"}),
    "landscape of data": ("landscape", SQUARES, {"data": TABLE}),
    "landscape of weighted data": ("landscape", SQUARES, {"data": TABLE, "sample_weights": [1, 2, 1, 1, 3]}),
    "landscape of whitened data": ("landscape", SQUARES, {"data": TABLE, "prepare": "whiten"}),
    "landscape of few data": ("landscape", "mlp(2,1,1; x^2; bias)", {"data": ([[1, 2], [1, 2], [0, 1]], [[1], [2], [4]])}),
    "landscape of a part": ("landscape", SQUARES, {"data": TABLE, "held_out": 0.2}),
    "decay": ("weight_decay", "mlp(1,1,1; x^2)", {"metric": "gaussian", "teacher": "x0^2", "strengths": [0.1, 0.2]}),
    "decay of data": ("weight_decay", "mlp(1,1,1; x^2)", {"data": ON_LINE, "strengths": 0.1}),
    "counts": ("maximum_likelihood", "linear(2,1,2)", {"counts": "x0 + 2*x1; 3*x0 + 4*x1", "smoothing": 0.5}),
    "counts of classes": ("maximum_likelihood", "linear(2,1,2)", {"data": CLASSES}),
    "l1": ("polyhedral", SQUARES, {"teacher": "6*x0*x1 + 5*x1^2"}),
    "wasserstein": ("polyhedral", SQUARES, {"norm": "wasserstein", "teacher": "6*x0*x1 + 5*x1^2"}),
    "largest error": ("polyhedral", "mlp(1,1,1; x^2)", {"data": ON_LINE, "norm": "linf"}),
    "tangent kernel": ("tangent_kernel", SQUARES, {"data": TABLE, "weights": [1, 2, 1]}),
    "conservation": ("conservation", SQUARES, {"data": ROWS[:2]}),
    "data": ("data", SQUARES, {"inputs": ROWS[:2]}),
    "nearest at data": ("ed_degree", SQUARES, {"metric": "data", "data": [*ROWS, [1, 1]]}),
    "subnetworks": ("subnetworks", "mlp(2,2,1; x^2)", {"most": 3}),
    "all subnetworks": ("subnetworks", "mlp(2,2,1; x^2)", {}),
    "exposedness": ("exposedness", SQUARES, {"samples": 0, "metric": "gaussian"}),
    "exposedness at data": ("exposedness", SQUARES, {"samples": 0, "metric": "data", "data": ROWS}),
}
DATA = {"inputs": [[1, 2], [0, 1], [2, 2], [3, -1], [1, 2]], "targets": TABLE[1]}
FORGED = [
    ("landscape", {"metric": "bombieri"}),
    ("landscape", {"metric": "frobenius"}),
    ("landscape", {"teacher": "2*x0^2 - 2*x0*x1"}),
    ("landscape", {"teacher": "x0^2 - x0*x1 + 1"}),
    ("landscape", {"metric": "data", "teacher": None, "data": DATA}),
    ("landscape", {"metric": "data", "teacher": None}),
    ("landscape", {"metric": "taxicab"}),
    ("landscape of strata", {"teacher": "x0^2 - x1^2"}),
    ("landscape with a constant", {"teacher": "x0^2 + 2"}),
    ("landscape of data", {"data": DATA}),
    ("landscape of data", {"data": {"inputs": TABLE[0], "targets": [[1], [2], [3], [0], [2]]}}),
    ("landscape of data", {"sample_weights": [1, 1, 1, 1, 2]}),
    ("landscape of data", {"held_out": 0.2}),
    ("landscape of data", {"prepare": "standardize"}),
    ("landscape of weighted data", {"sample_weights": None}),
    ("landscape of weighted data", {"sample_weights": [1, 2, 1, 1, 3.0000001]}),
    ("landscape of whitened data", {"prepare": "none"}),
    ("landscape of whitened data", {"data": DATA}),
    ("landscape of a part", {"held_out": 0.4}),
    ("landscape of few data", {"data": {"inputs": [[1, 2], [1, 2], [0, 1]], "targets": [[1], [2], [5]]}}),
    ("landscape of few data", {"sample_weights": [1, 1, 2]}),
    ("decay", {"strengths": [0.2, 0.1]}),
    ("decay", {"strengths": [0.1, 0.2, 0.3]}),
    ("decay", {"metric": "uniform"}),
    ("decay", {"teacher": "x0^2 + 1"}),
    ("decay of data", {"data": {"inputs": ON_LINE[0], "targets": [[1], [2], [3]]}}),
    ("counts", {"counts": "x0 + 2*x1; 3*x0 + 5*x1"}),
    ("counts", {"counts": "2*x0 + 4*x1; 6*x0 + 8*x1"}),
    ("counts", {"smoothing": 0.25}),
    ("counts", {"counts": None}),
    ("counts of classes", {"data": {"inputs": CLASSES[0], "targets": [[1, 2], [1, 3]]}}),
    ("counts of classes", {"data": {"inputs": [[1, 2], [2, 3]], "targets": CLASSES[1]}}),
    ("counts of classes", {"smoothing": 1.0}),
    ("l1", {"norm": "linf"}),
    ("l1", {"norm": "wasserstein"}),
    ("l1", {"teacher": "5*x0*x1 + 6*x1^2"}),
    ("l1", {"teacher": None}),
    ("wasserstein", {"norm": "l1"}),
    ("wasserstein", {"ground": "circle"}),
    ("largest error", {"data": {"inputs": [[1], [2], [4]], "targets": ON_LINE[1]}}),
    ("largest error", {"prepare": "standardize"}),
    ("tangent kernel", {"data": DATA}),
    ("tangent kernel", {"held_out": 0.2}),
    ("tangent kernel", {"data": None}),
    ("conservation", {"data": [[1, 2], [0, 2]]}),
    ("conservation", {"data": None}),
    ("data", {"inputs": [[1, 2], [0, 1], [0, 0]]}),
    ("nearest at data", {"data": [*ROWS, [1, 3]]}),
    ("nearest at data", {"data": ROWS}),
    ("nearest at data", {"metric": "gaussian", "data": None}),
    ("subnetworks", {"most": 4}),
    ("all subnetworks", {"most": 3}),
    ("exposedness", {"metric": "uniform"}),
    ("exposedness", {"metric": "data", "data": ROWS}),
    ("exposedness at data", {"metric": "gaussian", "data": None}),
    ("exposedness at data", {"data": [[1, 2], [0, 1], [2, 2]]}),
]
REFUSING = ("another", "other", "not at most", "cannot be read", "neither", "none were asked for", "something else", "beside")
UNCHANGED = {"route", "random", "least_by", "samples", "degree"}
"""Options of a search, beside those of the loss."""


@cache
def document(name):
    entry, source, options = ASKED[name]
    return json.loads(json.dumps(getattr(nv, entry)(source, **options).to_dict(certificates=True)))


def with_options(name, **options):
    data = copy.deepcopy(document(name))
    data["evidence"]["options"] |= options
    return data


@pytest.mark.parametrize("name", ASKED)
def test_every_option_of_the_loss_is_compared(name):
    found, problem = rechecked(document(name), {})
    assert (found.refused, problem) == ((), "")
    assert found.rechecked
    assert not_compared(found).keys() <= UNCHANGED


@pytest.mark.parametrize(("name", "options"), FORGED, ids=str)
def test_another_loss_is_refused(name, options):
    assert document(name)["evidence"]["options"] | options != document(name)["evidence"]["options"]
    _, problem = rechecked(with_options(name, **options), {})
    assert problem[-1].isalnum() or problem[-1] in ")'"
    assert any(word in problem for word in REFUSING)


def test_what_is_made_anew_is_on_trust_no_longer():
    """Whose problem the stored loss is: as no option names the data, that is on trust; else it was compared."""
    known, _ = rechecked(document("landscape of data"), {})
    data = copy.deepcopy(document("landscape of data"))
    del data["evidence"]["options"]["data"]
    unknown, problem = rechecked(data, {})
    assert problem == ""
    assert {"metric", "prepare", "held_out"} <= not_compared(unknown).keys()
    assert not any(PROBLEM in k.trust for k in known.keys)
    assert all(PROBLEM in k.trust for k in unknown.keys if k.outcome == TRUSTED)


def test_that_no_other_strata_are_known_is_looked_up():
    """Names of known strata that were stored are those known here; where one is left out that is seen."""
    found, problem = rechecked(document("all subnetworks"), {})
    assert problem == ""
    assert not any(KNOWN_STRATA in k.trust for k in found.keys)
    stored = next(s for s in found.subjects.values() if s.name == "mlp(2,2,1; x^2)")
    facts = stored._strata_facts
    object.__setattr__(facts, "listed", (facts.listed[0], facts.listed[1][:-1]))
    with pytest.raises(nv.VerificationError, match="other strata"):
        held_to_losses(found, as_model("mlp(2,2,1; x^2)"), np.random.default_rng(0))


@pytest.mark.parametrize("name", ["landscape of data", "landscape of strata", "decay"])
def test_another_architecture_of_a_like_form_is_refused(name):
    """One with the same weights and coordinates, whose functions are others."""
    data = copy.deepcopy(document(name))
    data["architecture"] = data["architecture"].replace("x^2", "2*x^2")
    _, problem = rechecked(data, {})
    assert "another network" in problem or "another model" in problem or "other" in problem


def test_a_changed_loss_on_a_smaller_network_is_refused():
    """The quadric beside the charts of a stratum is no part of the hash by which the list is known."""
    found, _ = rechecked(copy.deepcopy(document("landscape of strata")), {})
    (stored,) = (s for s in found.subjects.values() if isinstance(s, StoredLandscape))
    stage = next(s for s in stored.stages[1:] if s is not None)
    quadric = stage.quadric
    object.__setattr__(stage, "quadric", StoredQuadric(quadric.pairs, quadric.against, quadric.constant + 1))
    with pytest.raises(nv.VerificationError, match="smaller network"):
        held_to_losses(found, as_model("mlp(2,2,1; x^2)"), np.random.default_rng(0))


def test_tables_are_written_without_rounding():
    table = ([[0.1, "1/3"], [10**20, 2]], [["39.1"], [-3]])
    written = written_table(table, True)
    assert written == {"inputs": [[0.1, "1/3"], [str(10**20), 2]], "targets": [["391/10"], [-3]]}
    again = nv.landscape("linear(2,1)", data=table_read_back(json.loads(json.dumps(written))))
    assert again.value["least_loss"] == nv.landscape("linear(2,1)", data=table).value["least_loss"]
    assert written_table([[0.0] * 300] * 300, False) is None


def test_a_result_read_back_has_its_data():
    """Where certificates were written with it; without them data are not."""
    found = nv.conservation(SQUARES, data=ROWS[:2])
    again = nv.ConservationResult.from_dict(found.to_dict(certificates=True)).rerun()
    assert again.value == found.value
    with pytest.raises(nv.InputError, match="does not hold the data"):
        nv.ConservationResult.from_dict(found.to_dict()).rerun()


@pytest.mark.parametrize("ground", ["circle", "discrete"])
def test_options_of_a_distance_without_stored_faces_are_named_as_not_compared(ground):
    """Of faces that are no rows of a norm a count of points alone is claimed, and nothing that is stored says of which distance."""
    found = json.loads(json.dumps(nv.polyhedral(SQUARES, norm="wasserstein", ground=ground).to_dict(certificates=True)))
    found["evidence"]["options"] |= {"norm": "linf", "ground": "line", "teacher": "x0^2 - x1^2"}
    del found["evidence"]["target"]
    again, problem = rechecked(found, {})
    assert (again.refused, problem) == ((), "")
    assert again.rechecked
    assert {"norm", "ground", "teacher"} <= not_compared(again).keys()
