"""What every entry does around its mathematics: options are declared once, checked, recorded, and asked again."""

from __future__ import annotations

import inspect

import pytest

import neurovariety as nv
from neurovariety.dictionary.declaration import declaration_of
from neurovariety.dictionary.registry import ENTRIES
from neurovariety.errors import InputError


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.name)
def test_the_command_line_reads_what_python_has(entry):
    """From the text of the file the same options are read as from the function."""
    function = entry.load()
    assert entry.declares == declaration_of(function)
    parameters = inspect.signature(function).parameters
    assert next(iter(parameters)) == "source"
    assert [*parameters][1:] == [d.name for d in entry.declares.arguments]
    assert entry.declares.result == entry.result_class().__name__


def test_shared_options_are_written_out():
    parameters = inspect.signature(nv.landscape).parameters
    assert "options" not in parameters
    assert (parameters["metric"].default, parameters["held_out"].default, parameters["teacher"].default) == ("data", 0.0, None)


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: nv.fibers("linear(2,2)", route="fast"), "route 'fast' is unknown: choose auto, computed or theorem"),
        (lambda: nv.boundary("linear(2,2)", samples=-1), "the number of samples is a whole number from 0 to 10,000, got -1"),
        (lambda: nv.conservation("linear(2,2)", degree=True), "a degree is a positive integer, got True"),
        (
            lambda: nv.voronoi("linear(2,2)", scale=float("inf")),
            "the scale of the targets is a positive number, got inf",
        ),
        (
            lambda: nv.landscape("linear(2,2)", metric="frobenius", least_by="luck"),
            "the least loss is found by relaxation or perturbation, got 'luck'",
        ),
    ],
)
def test_options_are_refused_in_one_sentence(ask, sentence):
    with pytest.raises(InputError) as refusal:
        ask()
    assert str(refusal.value) == sentence


def test_a_result_read_back_asks_the_same_question():
    """What was left open was settled by the first call: a random target, random weights."""
    found = nv.membership("mlp(2,2,1; x^2)")
    read = nv.MembershipResult.from_dict(found.to_dict())
    assert found.to_dict()["evidence"]["options"] == {"target": found.evidence["target"], "network": None, "weights": None}
    assert "options" not in read.evidence
    assert read.rerun().evidence["target"] == found.evidence["target"]
    kernel = nv.tangent_kernel("linear(2,1,2)", metric="frobenius", teacher="3*x0; x1")
    again = nv.TangentKernelResult.from_dict(kernel.to_dict()).rerun()
    assert again.evidence["weights"] == kernel.evidence["weights"]


def test_a_result_read_back_has_no_data():
    found = nv.conservation("mlp(1,1,1; x^2)", data=[[1], [2]])
    assert found.rerun().value == found.value
    read = nv.ConservationResult.from_dict(found.to_dict())
    with pytest.raises(
        InputError, match=r"a conservation read back from JSON does not hold the data; call conservation\(\) on them again"
    ):
        read.rerun()


def test_the_old_word_for_a_resume_file_warns(tmp_path):
    with pytest.warns(DeprecationWarning, match="checkpoint= is now resume="):
        found = nv.ml_degree("linear(2,1,2)", checkpoint=tmp_path / "run")
    assert found.value == nv.ml_degree("linear(2,1,2)", resume=tmp_path / "run").value
    assert "resume" not in found.options
