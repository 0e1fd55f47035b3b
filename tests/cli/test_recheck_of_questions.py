"""`neurovariety recheck`: a file that names another question or architecture, or a stronger claim, than its certificates is refused."""

from __future__ import annotations

import json
from importlib import import_module

import pytest

import neurovariety as nv
from neurovariety.cli.recheck_command import HELD_ENTRIES, recheck_command
from neurovariety.dictionary.registry import ENTRIES

SQUARE = [[0, 0], [0, 1], [1, 0], [1, 1]]
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
    "a rank": lambda: nv.learning_coefficient("linear(2,1,2)", true_rank=1),
    "general": lambda: nv.learning_coefficient("linear(2,1,2)"),
    "covering": lambda: nv.covering("linear(2,1,2)", epsilon=0.1),
    "samples": lambda: nv.sample_complexity("linear(2,2)", epsilon=0.1, delta=0.05, radius=2, noise=1),
    "polynomial": lambda: nv.approximate(activation="tanh", interval=(-1, 1), degree=3),
    "polynomials": lambda: nv.approximate({"W1": [[1], [2]], "W2": [[1, -1]]}, architecture="mlp(1,2,1; tanh)", degree=3),
    "regions": lambda: nv.regions({"W1": [[1], [2]], "b1": [0, 1], "W2": [[1, -1]], "b2": [0]}, architecture="mlp(1,2,1; relu; bias)"),
    "drawn": lambda: nv.functional_dimension("mlp(2,3,1; relu; bias)", random=2),
    "fan": lambda: nv.classification_fan(SQUARE, [0, 1, 1, 0]),
    "tropical": lambda: nv.tropical({"W1": [[1], [2]], "W2": [[1, -1]]}, architecture="mlp(1,2,1; relu)"),
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
    assert ": as stored" not in text or name in ("tangent-kernel", "polynomials", "regions", "drawn", "fan", "tropical")


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


OTHER_FANS = {
    "points": lambda: nv.classification_fan([[0, 0], [0, 1], [1, 0], [1, 2]], [0, 1, 1, 0]),
    "terms": lambda: nv.classification_fan(SQUARE, [0, 1, 1, 0], terms=(1, 2)),
    "labels": lambda: nv.classification_fan(SQUARE, [1, 1, 1, 0]),
}


KEY = ("mistakes",)
"""What labels alone change."""


def spliced(data, other, key):
    """The first result with the claim, value and certificate that the other has for a key."""

    def shift(part, by):
        if isinstance(part, dict):
            return {k: v + by if k == "verdict" else shift(v, by) for k, v in part.items()}
        return [shift(v, by) for v in part] if isinstance(part, list) else part

    held, by = data["certificates"], len(data["certificates"]["verdicts"])
    held["verdicts"] += shift(other["certificates"]["verdicts"], by)
    held["keys"][key] = other["certificates"]["keys"][key] + by
    data["value"][key], data["claims"][key] = other["value"][key], other["claims"][key]
    return data


@pytest.mark.parametrize("name", OTHER_FANS)
def test_certificates_of_another_fan_are_refused(results, name, tmp_path, capsys):
    other = json.dumps(OTHER_FANS[name]().to_dict(certificates=True))
    keys = {"points": ("cones", "dimension", "partitions", "mistakes"), "terms": ("cones", "dimension", "mistakes")}.get(
        name, ("mistakes",)
    )
    for key in keys:
        found, text = status(tmp_path, spliced(json.loads(results["fan"]), json.loads(other), key), capsys)
        assert (found, "the certificates are about" in text) == (1, True), key


@pytest.mark.parametrize(
    ("name", "part", "other"),
    [
        ("fan", "best", {"mistakes": 0}),
        ("fan", "terms", [5, 5]),
        ("fan", "samples", 3),
        ("fan", "samples", "4"),
        ("fan", "points", 5),
        ("fan", "general_position", 16),
        ("tropical", "numerator", [1]),
        ("tropical", "denominator", [7]),
    ],
)
def test_evidence_is_held_to_the_certificates(results, name, part, other, tmp_path, capsys):
    data = json.loads(results[name])
    assert data["evidence"][part] != other
    data["evidence"][part] = other
    found, text = status(tmp_path, data, capsys)
    assert found == 1, text


def test_the_points_of_a_fan_are_told(results, tmp_path, capsys):
    text = status(tmp_path, json.loads(results["fan"]), capsys)[1]
    assert "speaks of the points 0,0; 0,1; 1,0; 1,1" in text
    assert "labels, how many negative and positive at each point: 1,0; 0,1; 0,1; 1,0" in text


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
        ("a rank", "linear(2,1,2) everywhere"),
        ("drawn", "mlp(2,2,1; relu; bias)"),
        ("drawn", "mlp(2,3,1; relu)"),
        ("polynomial", "tanh on [-2, 1]"),
        ("polynomial", "erf on [-1, 1]"),
        ("polynomial", "mlp(1,2,1; tanh)"),
        ("fan", "5 samples, one affine function"),
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


OTHER_QUESTIONS = [
    ("a rank", {"true_rank": 0}),
    ("a rank", {"true_rank": None, "truth": "zero"}),
    ("a rank", {"true_rank": None, "at": [0, 0, 0, 0]}),
    ("a rank", {"true_rank": None}),
    ("a rank", {"true_rank": "1"}),
    ("a rank", {"at": [1, 0, 1, 0]}),
    ("a coefficient", {"at": None, "truth": "zero"}),
    ("a coefficient", {"at": None}),
    ("a coefficient", {"at": "0,0,1,-1"}),
    ("functions", {"functions": None}),
    ("functions", {"truth": "zero"}),
    ("general", {"truth": "zero"}),
    ("general", {"truth": None}),
    ("neurons", {"truth": "general"}),
    ("covering", {"epsilon": 0.01}),
    ("covering", {"radius": "1/2"}),
    ("covering", {"norm": "sup"}),
    ("covering", {"weights": 1}),
    ("samples", {"epsilon": 0.01}),
    ("samples", {"epsilon": None}),
    ("samples", {"noise": 0}),
    ("samples", {"delta": 0.5}),
    ("samples", {"epsilon": None, "samples": 2}),
    ("fibers", {"at": None}),
    ("tangent-kernel", {"weights": None}),
    ("membership", {"target": None}),
]


@pytest.mark.parametrize(("name", "options"), OTHER_QUESTIONS)
def test_options_are_held_against_what_claims_are_said_of(results, name, options, tmp_path, capsys):
    data = json.loads(results[name])
    data["evidence"]["options"] |= options
    found, text = status(tmp_path, data, capsys)
    assert found == 1, text


def test_options_that_are_not_compared_are_named(results, tmp_path, capsys):
    text = status(tmp_path, json.loads(results["tangent-kernel"]), capsys)[1]
    assert 'as the result says, and compared with no certificate: metric "gaussian", teacher "x0; x1"' in text
    assert "compared with no certificate" not in status(tmp_path, json.loads(results["covering"]), capsys)[1]


@pytest.mark.parametrize("name", ["polynomial", "polynomials"])
@pytest.mark.parametrize("change", [("polynomial", ["0", "5", "0", "0"]), ("notation", "5*x"), ("points", []), ("intervals", 1)])
def test_the_polynomial_is_that_of_the_certificate(results, name, change, tmp_path, capsys):
    data = json.loads(results[name])
    place = data["evidence"] if name == "polynomial" else data["evidence"]["layers"][0]
    place[change[0]] = change[1]
    found, text = status(tmp_path, data, capsys)
    assert (found, f"another {change[0] if name == 'polynomial' else 'layers'} than" in text) == (1, True), text


def test_the_algebraic_network_is_that_of_the_certificates(results, tmp_path, capsys):
    data = json.loads(results["polynomials"])
    data["evidence"]["architecture"] = data["evidence"]["architecture"].replace("mlp(1,2,1", "mlp(1,3,1")
    assert status(tmp_path, data, capsys)[0] == 1
    assert "speaks of the polynomial with the coefficients" in status(tmp_path, json.loads(results["polynomials"]), capsys)[1]


@pytest.mark.parametrize("schema", [1, 2, 4, "3", True, None, 3.0])
def test_another_schema_is_refused(results, schema, tmp_path, capsys):
    found, text = status(tmp_path, {**json.loads(results["degree"]), "schema": schema}, capsys)
    assert (found, "have the schema 3" in text) == (1, True)


@pytest.mark.parametrize(("key", "value"), [("class_components", [3, 4]), ("boundary_components", 7)])
def test_what_is_undecided_has_the_value_that_was_recorded(results, key, value, tmp_path, capsys):
    data = json.loads(results["regions"])
    assert data["value"][key] is None
    data["value"][key] = value
    assert status(tmp_path, data, capsys)[0] == 1


@pytest.mark.parametrize("error", [1, 1e-30, "0", [0], True, 0.0])
def test_a_proof_has_no_probability_of_error(results, error, tmp_path, capsys):
    data = json.loads(results["degree"])
    data["claims"]["value"]["error"] = error
    assert status(tmp_path, data, capsys)[0] == 1


def test_the_probability_of_error_is_that_of_the_certificate(tmp_path, capsys):
    data = json.loads(json.dumps(nv.subnetworks("mlp(2,2,1; x^2)", most=2).to_dict(certificates=True)))
    said = data["claims"]["images"]
    right = said["error"]
    assert said["claim"] == "probability"
    assert 0 < right < 1e-6
    for error, expected in ((right, 0), (right / 2, 1), (2 * right, 1), (0.0, 1), (None, 1), (-right, 1)):
        said["error"] = error
        assert status(tmp_path, data, capsys)[0] == expected, error


def test_every_class_of_results_is_known_to_recheck():
    def below(kind):
        for part in kind.__subclasses__():
            yield from ([part.entry] if part.entry else []) + list(below(part))

    names = set(HELD_ENTRIES) | {e.name for e in ENTRIES}
    loaded = {name for name in below(nv.Result) if name in names or not name.startswith("test")}
    assert loaded <= names
    for name, path in HELD_ENTRIES.items():
        module, _, kind = path.partition(":")
        assert getattr(import_module(module), kind).entry == name


@pytest.mark.parametrize("name", ["regions", "polynomial", "polynomials", "drawn"])
def test_networks_have_a_claim_of_the_whole_as_well(results, name, tmp_path, capsys):
    data = json.loads(results[name])
    for claim in {"proved", "complete", "upper_bound", "lower_bound", None} - {data["claim"]}:
        found, text = status(tmp_path, {**data, "claim": claim}, capsys)
        assert (found, "the result as a whole is claimed" in text) == (1, True)


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
