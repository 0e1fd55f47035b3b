"""The commands on networks that are linear on pieces: what they print, write and refuse."""

from __future__ import annotations

import json

import pytest

from neurovariety.cli.main import main

WEIGHTS = {"W1": [["1", "1/3"], [-1, 2]], "b1": [0, 1], "W2": [[1, "-1/2"]], "b2": [-1]}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "network.json"
    path.write_text(json.dumps({"architecture": "mlp(2,2,1; relu; bias)", "weights": WEIGHTS}))
    return str(path)


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


def test_regions(capsys, file, tmp_path):
    status, out, _ = said(capsys, "regions", file)
    assert status == 0
    assert "activation regions: 4, of which bounded 0" in out
    written, picture = tmp_path / "regions.cert.json", tmp_path / "regions.png"
    status, out, _ = said(
        capsys, "regions", file, "--box", "-1", "1", "--json", "--certificates", str(written), "--figure", str(picture)
    )
    found = json.loads(out)
    assert (found["claim"], found["value"]["bounded_regions"]) == ("proved", found["value"]["activation_regions"])
    assert picture.stat().st_size > 5000
    status, out, _ = said(capsys, "recheck", str(written))
    assert status == 0
    assert "0 refused" in out


def test_functional_dimension(capsys, file):
    status, out, _ = said(capsys, "functional-dimension", file, "--json")
    assert (status, json.loads(out)["value"]) == (0, 7)
    status, out, _ = said(capsys, "functional-dimension", "mlp(1,1,1; relu; bias)", "--random", "2", "--json")
    assert (status, json.loads(out)["value"]) == (0, {"counts": {"3": 2}, "bound": 3})


def test_tropical(capsys, file, tmp_path):
    status, out, _ = said(capsys, "tropical", file)
    assert status == 0
    assert "numerator [2], denominator [2] monomials" in out
    script = tmp_path / "form.jl"
    status, out, _ = said(capsys, "tropical", file, "--to", "oscar", "--output", str(script))
    assert (status, f"wrote {script}" in out) == (0, True)
    assert script.read_text().startswith("# network.json: output k is (g - h) / 6 with")
    status, out, _ = said(capsys, "tropical", file, "--to", "polymake", "--part", "fans", "--output", str(script))
    assert "$fan_gh_0 = new PolyhedralFan(INPUT_RAYS=>[[" in script.read_text()
    for words, wrong in ((("--to", "oscar"), "give both"), (("--part", "fans"), "--part fans says what --to writes")):
        status, out, error = said(capsys, "tropical", file, *words)
        assert (status, wrong in error) == (2, True)


def test_lipschitz(capsys, file):
    status, out, _ = said(capsys, "lipschitz", file, "--json")
    assert (status, json.loads(out)["value"]["linf"]) == (0, "13/6")
    status, out, _ = said(capsys, "lipschitz", file)
    assert "up to 1.641477 (rounded up) times in the Euclidean norm" in out


def test_robustness(capsys, file, tmp_path):
    data, written = tmp_path / "points.csv", tmp_path / "radii.cert.json"
    data.write_text("a,b,y\n1,2,1\n-3,0.5,0\n")
    status, out, _ = said(capsys, "robustness", file, "--data", str(data), "--target", "y", "--certificates", str(written))
    assert status == 0
    assert "(1, 2) class 0: radius 0.812277, affine within 1.58114" in out
    status, out, _ = said(capsys, "recheck", str(written))
    assert (status, "2 of 2 claims rechecked, 0 refused" in out) == (0, True)
    status, out, _ = said(capsys, "robustness", file, "--data", str(data), "--drop", "y", "--norm", "linf", "--json")
    assert len(json.loads(out)["value"]["affine"]) == 2
    status, out, error = said(capsys, "robustness", file, "--data", str(data))
    assert (status, out) == (2, "")
    assert "inputs of shape (2,)" in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("regions", "none.json"), "there is no file"),
        (("regions", "{file}", "--limit", "2"), "more than 2 regions"),
        (("regions", "{file}", "--box", "1", "1"), "interior"),
        (("regions", "{file}", "--figure", "a.txt"), "ends in"),
        (("functional-dimension", "{file}", "--no-biases"), "biases other than 0"),
        (("functional-dimension", "linear(2,2)", "--random", "2"), "an architecture such as"),
    ],
)
def test_refusals(capsys, file, arguments, words):
    status, out, error = said(capsys, *(a.format(file=file) for a in arguments))
    assert (status, out) == (2, "")
    assert words in error
    assert error.count("\n") == 1
