"""`neurovariety recheck`: a file that names another question or architecture, or a stronger claim, than its certificates is refused."""

from __future__ import annotations

import json

import pytest

import neurovariety as nv
from neurovariety.cli.recheck_command import recheck_command

GAUSSIAN = {"metric": "gaussian", "teacher": "x0; x1"}
ASKED = {
    "membership": lambda: nv.membership("linear(2,1,2)", target="x0; 2*x1"),
    "boundary": lambda: nv.boundary("mlp(2,2,2; x^2)", target="x0^2; x1^2"),
    "fibers": lambda: nv.fibers("mlp(2,2,1; x^3)", at=[1, 2, 0, 0, 1, 0]),
    "tangent-kernel": lambda: nv.tangent_kernel("linear(2,1,2)", weights=[1, 2, 1, -1], **GAUSSIAN),
    "invariance": lambda: nv.invariance("mlp(2,2,1; x^2)", map="1,0"),
    "components": lambda: nv.components("equivariant(3,3; rank=3)"),
    "one set": lambda: nv.components("equivariant(3,3; ranks=1,1)"),
    "degree": lambda: nv.degree("mlp(2,1,1; x^2)"),
    "functions": lambda: nv.learning_coefficient(functions="x^2 - y^3"),
    "neurons": lambda: nv.learning_coefficient("mlp(1,2,1; tanh)", truth="zero"),
    "a coefficient": lambda: nv.learning_coefficient("mlp(1,2,1; x^2)", at=[0, 0, 1, -1]),
}


@pytest.fixture(scope="module")
def results():
    return {name: json.dumps(ask().to_dict(certificates=True)) for name, ask in ASKED.items()}


def status(tmp_path, data, capsys):
    file = tmp_path / "result.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    found = recheck_command(str(file), False)
    return found, capsys.readouterr().out


@pytest.mark.parametrize("name", ASKED)
def test_what_an_entry_writes_is_accepted(results, name, tmp_path, capsys):
    found, text = status(tmp_path, json.loads(results[name]), capsys)
    assert found == 0, text
    assert ": as stored" not in text or name == "tangent-kernel"


LIES = {
    "membership": ("target", "x0; 2*x0"),
    "boundary": ("target", "x0^2 - x1^2; x0*x1"),
    "fibers": ("at", [1, 2, 3, 1, 1, 1]),
    "tangent-kernel": ("weights", [0, 0, 0, 0]),
    "invariance": ("map", "negation"),
    "functions": ("functions", "x^2 - y^5"),
    "a coefficient": ("at", [0, 0, 1, 1]),
}


@pytest.mark.parametrize("name", LIES)
@pytest.mark.parametrize("where", ["options", "evidence"])
def test_another_question_is_refused(results, name, where, tmp_path, capsys):
    data, (option, other) = json.loads(results[name]), LIES[name]
    place = data["evidence"]["options"] if where == "options" else data["evidence"]
    if option not in place:
        pytest.skip(f"{name} names its {option} once")
    place[option] = other
    found, text = status(tmp_path, data, capsys)
    assert (found, "than the result says was asked" in text) == (1, True)


@pytest.mark.parametrize("name", ["membership", "boundary", "invariance"])
def test_a_file_without_its_options_is_held_to_its_evidence(results, name, tmp_path, capsys):
    data, (option, other) = json.loads(results[name]), LIES[name]
    del data["evidence"]["options"]
    assert status(tmp_path, data, capsys)[0] == 0
    data["evidence"][option] = other
    assert status(tmp_path, data, capsys)[0] == 1


def test_the_question_is_told(results, tmp_path, capsys):
    texts = {name: status(tmp_path, json.loads(results[name]), capsys)[1] for name in LIES}
    assert "speaks of the target output 0: 1*x0; output 1: 2*x1" in texts["membership"]
    assert "speaks of the weights 1, 2, 0, 0, 1, 0" in texts["fibers"]
    assert "speaks of the weights 1, 2, 1, -1" in texts["tangent-kernel"]
    assert "speaks of the maps 0,1; 1,0 of the inputs and 1 of the outputs" in texts["invariance"]


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("components", "equivariant(3,3; rank=2)"),
        ("components", "equivariant(3,3,1; rank=3)"),
        ("components", "linear(2,2)"),
        ("one set", "equivariant(3,3; ranks=1,0)"),
        ("degree", "mlp(2,1,1; x^3)"),
        ("functions", "x^2 + y^3"),
        ("neurons", "mlp(1,3,1; tanh)"),
        ("neurons", "mlp(1,2,1; sin)"),
    ],
)
def test_another_architecture_is_refused(results, name, other, tmp_path, capsys):
    found, text = status(tmp_path, {**json.loads(results[name]), "architecture": other}, capsys)
    assert found == 1, text


@pytest.mark.parametrize("name", ["degree", "components"])
def test_a_name_that_cannot_be_read_is_on_trust(results, name, tmp_path, capsys):
    found, text = status(tmp_path, {**json.loads(results[name]), "architecture": "whatever"}, capsys)
    assert found == 0
    assert "on trust: that the stored exact data are those of 'whatever'" in text


@pytest.mark.parametrize("claim", ["proved", "complete", "probability", None])
def test_the_claim_of_the_whole_is_that_of_the_headline(results, claim, tmp_path, capsys):
    data = json.loads(results["fibers"])
    data["claim"], right = claim, data["claim"]
    found, text = status(tmp_path, data, capsys)
    assert found == (claim != right), text


def test_verify_holds_results_against_their_question(results):
    data = json.loads(results["membership"])
    data["evidence"]["options"]["target"] = data["evidence"]["target"] = "x0; 2*x0"
    result = type(nv.membership("linear(2,1,2)", target="x0; x1")).from_dict(data)
    with pytest.raises(nv.VerificationError, match="another target"):
        result.verify()


def test_models_of_dimension_zero_are_rechecked():
    constant = nv.as_model(lambda w, x: (0 * w[0] + x[0])[None], (1,), input_shape=2)
    assert nv.sample_complexity(constant).verify().refused == ()
