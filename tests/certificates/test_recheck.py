"""Certificates from JSON alone: real results pass, and no change of one digit gets another statement through."""

from __future__ import annotations

import base64
import copy
import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

import neurovariety as nv
from campaign import size
from neurovariety.certificates.plain_form import array_as_json, array_digest, array_of_json
from neurovariety.certificates.recheck import RECHECKED, RECORDED, REFUSED, TRUSTED, WEAKLY, recheck
from neurovariety.certificates.result_file import read_result, write_result

from .changes import at, changed, leaves, outcome, said

ASKED = {
    "bounds that meet": ("dimension", "linear(3,2,3)", {}),
    "random ranks": ("dimension", "mlp(2,3,3,1; 1/x, x^2)", {}),
    "general coefficients": ("dimension", "mlp(2,2,1; generic(3))", {}),
    "a theorem": ("ambient", "mlp(2,2,1; x^2)", {}),
    "trace": ("ed_degree", "linear(2,1,2)", {"route": "computed"}),
    "a fiber": ("fibers", "linear(2,3,1)", {}),
    "samples": ("sample_complexity", "mlp(2,2,1; x^3)", {}),
    "free coefficients": ("ml_degree", "linear(2,2,2)", {}),
    "equations": ("equations", "mlp(2,1,1; x^2)", {}),
    "symmetries": ("symmetries", "linear(2,1,2)", {}),
    "conservation": ("conservation", "mlp(2,1,1; x^2)", {}),
    "components": ("components", "linear(2,1,2)", {}),
    "at weights": ("fibers", "linear(2,1,2)", {"at": [1, 2, 3, 4]}),
    "data": ("data", "mlp(2,1,1; x^2)", {"inputs": [[1, 2], [0, 1]]}),
    "landscape": ("landscape", "mlp(2,1,1; x^2)", {"metric": "gaussian", "teacher": "x0^2 - x0*x1"}),
    "a matrix": ("landscape", "linear(2,1,2)", {"metric": "gaussian", "teacher": "x0 + 2*x1; 3*x0 - x1"}),
}
KEPT: dict[str, str] = {}


def document(name):
    """The JSON of a result with its certificates, asked once."""
    if name not in KEPT:
        entry, source, options = ASKED[name]
        KEPT[name] = json.dumps(getattr(nv, entry)(source, **options).to_dict(certificates=True))
    return json.loads(KEPT[name])


@pytest.mark.parametrize("name", ASKED)
def test_real_results_pass(name):
    found = recheck(document(name))
    assert found.rechecked
    assert not found.refused
    assert {k.outcome for k in found.keys} <= {RECHECKED, TRUSTED, RECORDED, WEAKLY}


@pytest.mark.parametrize("name", ASKED)
def test_a_change_of_one_digit_gets_nothing_else_through(name):
    """A certificate may be changed into another one of the same statement; never into one of something else."""
    whole = document(name)
    true = said(recheck(whole))
    paths = [p for p in leaves(whole["certificates"]) if p[0] in ("verdicts", "keys", "form")]
    for path in paths[:: len(paths) // size(120, 10**6) + 1]:
        data = copy.deepcopy(whole)
        at(data["certificates"], path[:-1])[path[-1]] = changed(at(whole["certificates"], path))
        assert outcome(data).items() <= true.items(), path


@pytest.mark.parametrize("name", ASKED)
def test_what_a_result_says_beyond_its_certificates_is_refused(name):
    whole = document(name)
    true = said(recheck(whole))
    for part in ("value", "claims"):
        inside = whole if part == "value" and not isinstance(whole["value"], dict) else whole[part]
        prefix = (part,) if inside is not whole else ()
        for path in leaves(inside) if prefix else [("value",)]:
            data = copy.deepcopy(whole)
            own = at(data, (*prefix, *path[:-1]))
            before = own[path[-1]]
            own[path[-1]] = changed(before)
            key = path[0] if prefix else "value"
            if key not in true or (path[-1] == "error"):
                continue
            assert key not in outcome(data), (part, path, before)


@pytest.mark.parametrize("factor", [0.5, 2, 1 + 2e-6, float("nan"), float("inf"), -1])
def test_an_error_that_is_changed_is_refused(factor):
    data = document("random ranks")
    data["claims"]["value"]["error"] *= factor
    assert [k.outcome for k in recheck(data).keys] == [REFUSED]
    data = document("random ranks")
    numbers = [v["statement"] for v in data["certificates"]["verdicts"] if v["claim"] == "probability"]
    numbers[0]["error"] *= factor
    assert [k.outcome for k in recheck(data).keys] == [REFUSED]


def test_what_is_proved_has_no_error():
    """Not one of 2, nor of 2^-1000, which nothing is smaller than."""
    for error in (2, 2.0**-1000, -1, float("nan")):
        data = document("a matrix")
        for verdict in data["certificates"]["verdicts"]:
            assert not verdict["statement"]["error"]
            verdict["statement"]["error"] = error
        assert not recheck(data).rechecked, error


@pytest.mark.parametrize("name", ASKED)
def test_exact_data_that_were_changed_are_refused(name):
    """A digit of a stored program makes it another one, which its hash tells."""
    whole = document(name)
    for digest, subject in whole["certificates"]["subjects"].items():
        for path in list(leaves(subject))[:: max(1, len(list(leaves(subject))) // size(15, 40))]:
            data = copy.deepcopy(whole)
            own = at(data["certificates"]["subjects"][digest], path[:-1])
            own[path[-1]] = changed(own[path[-1]])
            rests = [i for i, v in enumerate(whole["certificates"]["verdicts"]) if v["on"] == digest]
            keys = {k for k, i in whole["certificates"]["keys"].items() if i in rests}
            assert not keys & outcome(data).keys(), path


@pytest.mark.parametrize("name", ["bounds that meet", "trace", "a fiber", "random ranks"])
def test_changed_arrays(name):
    """Bytes without their hash are refused; with a new hash the certificate is another one, of the same statement or of none."""
    whole = document(name)
    true = said(recheck(whole))
    for digest, kept in whole["certificates"]["arrays"].items():
        values = array_of_json(digest, kept, {})
        if not values.size:
            continue
        other = values.copy()
        other.reshape(-1)[other.size // 2] = other.reshape(-1)[other.size // 2] + (1 if other.dtype.kind in "iu" else 1.0)
        data = copy.deepcopy(whole)
        data["certificates"]["arrays"][digest] = array_as_json(other)
        with pytest.raises(nv.InputError, match="hash"):
            recheck(data)
        text = json.dumps(whole).replace(digest, array_digest(other))
        data = json.loads(text)
        data["certificates"]["arrays"][array_digest(other)] = array_as_json(other)
        assert outcome(data).items() <= true.items(), digest


def test_the_same_place_twice_is_one_trial():
    """Copies of one trial do not make its error smaller."""
    data = document("random ranks")
    for verdict in data["certificates"]["verdicts"]:
        trials = (verdict["certificate"] or {}).get("trials")
        if trials:
            verdict["certificate"]["trials"] = [trials[0]] * len(trials)
    assert [k.outcome for k in recheck(data).keys] == [REFUSED]


def test_a_false_symmetry_in_a_file_is_refused():
    """A stored field that changes the functions would make the dimension smaller."""
    data = document("bounds that meet")
    model = nv.parse("linear(3,2,3)").model
    from neurovariety.certificates.plain_form import PlainWriter
    from neurovariety.geometry.solutions.stored_subjects import stored_functions

    true = stored_functions(model)
    fields = true.fields.copy()
    fields[0, 3] = -fields[0, 3]
    false = dataclasses.replace(true, fields=fields)
    writer = PlainWriter(lambda v: None)
    data["certificates"]["subjects"][true.hash] = writer.write(false) | {"sha256": false.digest}
    data["certificates"]["arrays"] |= {d: array_as_json(v) for d, v in writer.arrays.items()}
    (found,) = recheck(data).keys
    assert found.outcome == REFUSED
    assert "symmetry" in found.why


def test_the_functions_of_another_model_are_told():
    """Certificates of another model check as they are stored; held against the model that is named they are refused."""
    other = nv.dimension("linear(3,2,3)")
    data = nv.dimension("linear(2,2,2)").to_dict() | {"certificates": other.to_dict(certificates=True)["certificates"]}
    data["value"] = other.value
    assert not recheck(data).refused
    with pytest.raises(nv.VerificationError, match="model"):
        nv.DimensionResult.from_dict(data).verify()


def test_stored_functions_answer_as_the_model_does():
    """Two routes: the program over its own rings, and the stored sums in plain arithmetic."""
    from neurovariety.certificates.functions import Place
    from neurovariety.geometry.exact.exact_functions import exact_functions
    from neurovariety.geometry.ideal.exact_coefficients import exact_coefficients
    from neurovariety.geometry.solutions.stored_subjects import stored_functions

    for notation in ("mlp(2,2,1; x^2 + 1/3*x; bias)", "linear(2,2,3)", "cnn(2,2; x^3)", "attention(2,2; a=1; t=2)", "mlp(2,2,1; 1/x)"):
        model = nv.parse(notation).model
        live = exact_functions(model)
        kept = stored_functions(model)
        assert (kept.parameters, kept.outputs, kept.generic) == (live.parameters, live.outputs, live.generic)
        assert kept.monomials == live.monomials
        assert kept.field_generators == live.field_generators
        for prime in (101, 4_194_301, 2**61 - 1):
            assert kept.fields_error(prime) == live.fields_error(prime)
        assert kept.fields_error(101) == 1
        assert kept.fields_hold
        assert kept.expanded_span(False) == live.expanded_span(False)
        assert kept.expanded_span(True) == live.expanded_span(True)
        rng = np.random.default_rng(0)
        for p in (4194301, 2305843009213693951):
            w, x = rng.integers(1, p, model.parameters), rng.integers(1, p, (3, *model.input_shape))
            c = np.array([k.numerator * pow(k.denominator, -1, p) % p for k in model.coefficients], dtype=object)
            assert kept.fields_rank(p, w % 4194301) == live.fields_rank(4194301, (w % 4194301).astype(np.float64)) or p > 2**32
            for kind in ("dimension", "span", "affine span") if p < 2**31 else ("dimension",):
                ws = w if kind == "dimension" else rng.integers(1, p, (4, model.parameters))
                small = p < 2**31
                place = Place(kind, p, *(a.astype(np.float64) if small else a.astype(object) for a in (ws, c, x)), None)
                a, b = live.matrix(place), kept.matrix(place)
                assert sorted(map(tuple, a.tolist())) == sorted(map(tuple, b.tolist()))
                assert kept.error(place, 5) == pytest.approx(live.error(place, 5), rel=1e-6)
        if live.expanded_span(False) is None:
            continue
        full = exact_coefficients(model)
        assert kept.coefficient_count() == full.coefficient_count()
        from fractions import Fraction

        weights = tuple(Fraction(int(v), 3) for v in rng.integers(-9, 9, model.parameters))
        assert kept.function_at(weights) == full.function_at(weights)
        assert sorted(kept.proportional_sums()) == sorted(live.proportional_sums())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["verdicts"][0]["certificate"].update(type="Oracle"), "no type of certificate"),
        (lambda c: c["verdicts"][0]["certificate"].update(more=1), "has no field more"),
        (lambda c: c["verdicts"][0]["certificate"].pop("subject"), "lacks the field subject"),
        (lambda c: c["verdicts"][0]["certificate"].update(value="six"), "int is expected"),
        (lambda c: c["verdicts"][0]["certificate"].update(value=True), "int is expected"),
        (lambda c: c["verdicts"][0]["certificate"].update(type="Verdict"), "Verdict"),
        (lambda c: c["verdicts"][0].pop("claim"), "a verdict is an object"),
        (lambda c: c["verdicts"][-1]["certificate"].update(lower={"verdict": 99}), "does not come before"),
        (lambda c: c.update(form=7), "the form 7"),
        (lambda c: c.pop("subjects"), "certificates are an object"),
        (lambda c: c["arrays"].clear(), "an array that is not there"),
        (lambda c: next(iter(c["arrays"].values())).update(base64="AAAA"), "bytes"),
        (lambda c: next(iter(c["arrays"].values())).update(base64="\u2603"), "base64"),
    ],
)
def test_a_file_that_is_not_of_the_form_is_refused_in_one_sentence(change, sentence):
    data = document("bounds that meet")
    change(data["certificates"])
    with pytest.raises(nv.InputError, match=sentence) as caught:
        recheck(data)
    assert "\n" not in str(caught.value)


def test_no_certificate():
    plain = nv.dimension("linear(2,2)").to_dict()
    with pytest.raises(nv.VerificationError, match="no certificate"):
        recheck(plain)
    with pytest.raises(nv.VerificationError, match="no certificate"):
        nv.DimensionResult.from_dict(plain).verify()
    with pytest.raises(nv.InputError, match="a result is a JSON object"):
        recheck({"claims": {}})


def test_a_result_read_back_keeps_its_certificates():
    result = nv.dimension("mlp(2,2,1; x^2)")
    back = nv.DimensionResult.from_dict(json.loads(json.dumps(result.to_dict(certificates=True))))
    assert not back.verdicts["value"].checked
    assert back.verify().rechecked
    assert "certificates" not in back.to_dict()
    assert back.to_dict(certificates=True) == result.to_dict(certificates=True)


def test_large_arrays_stand_beside(tmp_path, monkeypatch):
    data = document("trace")
    monkeypatch.setattr("neurovariety.certificates.result_file.LARGEST_INSIDE", 100)
    written = write_result(tmp_path / "r.json", data)
    assert [p.name for p in written] == ["r.json", "r.json.cert.npz"]
    assert len(written[0].read_text()) < 3000
    kept, beside = read_result(tmp_path / "r.json")
    assert not recheck(kept, beside).refused
    arrays = {d: v + 1 for d, v in beside.items()}
    with pytest.raises(nv.InputError, match="hash"):
        recheck(kept, arrays)
    np.savez(written[1], **arrays)
    with pytest.raises(nv.InputError, match="hash"):
        read_result(tmp_path / "r.json")
    written[1].unlink()
    with pytest.raises(nv.InputError, match="beside the result"):
        read_result(tmp_path / "r.json")
    with pytest.raises(nv.VerificationError, match="no certificate"):
        recheck(kept | {"certificates": {}})


def test_the_room_alone_rechecks(tmp_path):
    """Without JAX, without architectures, without anything that searches."""
    path = tmp_path / "r.json"
    write_result(path, document("a fiber"))
    program = (
        "import sys\nfrom neurovariety.certificates.recheck import recheck\n"
        "from neurovariety.certificates.result_file import read_result\n"
        f"found = recheck(*read_result({str(path)!r}))\nassert len(found.rechecked) == 4\n"
        "rooms = {m.split('.')[1] for m in sys.modules if m.startswith('neurovariety.')}\n"
        "print(sorted(rooms), 'jax' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.split("]")[0] == "['_version', 'certificates', 'claim', 'compiled', 'errors'"
    assert done.stdout.strip().endswith("False")


def test_arrays_are_written_with_their_bytes():
    values = np.arange(6, dtype=np.int64).reshape(2, 3)
    kept = array_as_json(values)
    assert base64.b64decode(kept["base64"]) == values.tobytes()
    assert np.array_equal(array_of_json(array_digest(values), kept, {}), values)


def nodes(data, path=()):
    """Where anything stands in plain data."""
    if path:
        yield path
    if isinstance(data, dict | list):
        for key, inner in data.items() if isinstance(data, dict) else enumerate(data):
            yield from nodes(inner, (*path, key))


@pytest.mark.parametrize("name", ["bounds that meet", "trace"])
@pytest.mark.parametrize(
    "odd", [None, [], {}, "x", -1, 10**400, True, 0.5, ["x"], {"type": "Place"}, {"verdict": 0}, {"int": "9" * 50}]
)
def test_nonsense_in_any_place_is_refused_without_a_traceback(name, odd):
    whole = document(name)
    true = said(recheck(whole))
    chosen = [p for p in nodes(whole["certificates"]) if p[0] != "arrays" or len(p) > 2]
    for path in chosen[:: 1 + len(chosen) // 150]:
        data = copy.deepcopy(whole)
        at(data["certificates"], path[:-1])[path[-1]] = odd
        assert outcome(data).items() <= true.items(), path
    for key in whole:
        try:
            recheck(whole | {key: odd})
        except (nv.InputError, nv.VerificationError):
            continue
