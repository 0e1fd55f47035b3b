"""``neurovariety picture``: figures, pages that turn, and refusals before anything is computed."""

from __future__ import annotations

import pytest

from neurovariety import examples
from neurovariety.cli import picture_command
from neurovariety.cli.main import main
from neurovariety.report.neuromanifold_picture import NeuromanifoldPicture, picture
from neurovariety.report.turning_picture import TurningPicture

ARCH = "mlp(2,1,1; x^2)"


@pytest.fixture
def run(capsys):
    def call(*arguments):
        code = 0
        try:
            main(["picture", *map(str, arguments)])
        except SystemExit as stopped:
            code = stopped.code or 0
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_a_figure_and_a_page_of_one_picture(run, tmp_path):
    figure, page = tmp_path / "a.svg", tmp_path / "b.html"
    asked = {"metric": "bombieri", "teacher": "x0^2 - x1^2"}
    code, out, err = run(ARCH, "--out", figure, "--html", page, *(w for k, v in asked.items() for w in (f"--{k}", v)))
    assert (code, err) == (0, "")
    drawn = picture(ARCH, **asked)
    assert out == f"{drawn.title}: {figure}, {page}\n{drawn.caption}\n"
    assert page.read_text(encoding="utf-8") == drawn.turning().html
    svg = figure.read_text(encoding="utf-8")
    assert f'<title id="picture-title">{drawn.title.replace(">", "&gt;")}</title>' in svg


def test_the_ending_says_what_it_becomes(run, tmp_path, monkeypatch):
    asked = []

    def drawn(source, **options):
        asked.append((source, options))
        found = NeuromanifoldPicture()
        found.turning = lambda: TurningPicture("t", "c", (), 1.0)
        return found

    monkeypatch.setattr(picture_command, "picture", drawn)
    assert run(ARCH, "--output", tmp_path / "c.HTM", "--seed", 3, "--held-out", 0.25)[0] == 0
    assert (tmp_path / "c.HTM").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert asked == [(ARCH, {"dimension": 3, "seed": 3, "held_out": 0.25})]


def test_data_and_two_dimensions(run, tmp_path):
    file = examples.path("trees.csv")
    asked = ["--data", file, "--target", "volume_ft3", "--prepare", "standardize", "--dimension", 2, "--out", tmp_path / "a.png"]
    code, out, _ = run(ARCH, *asked)
    assert code == 0
    assert "3 coordinates, projected to 2. They keep" in out
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "say where the picture goes: --out FILE.svg"),
        (["--out", "a.txt"], "ends in .svg, .png, .pdf, or in .html to turn, got 'a.txt'"),
        (["--html", "a.svg"], "a page is written to a file that ends in .html, got 'a.svg'"),
        (["--out", "no/such/folder/a.svg"], "its folder does not exist"),
        (["--out", "a.html", "--dimension", 2], "only a picture of three dimensions turns"),
        (["--out", "a.svg", "--dimension", 4], "--dimension"),
        (["--out", "a.svg", "--target", "y"], "--target needs --data"),
        (["--out", "a.svg", "--metric", "none"], "--metric"),
    ],
)
def test_refusals_come_first(run, monkeypatch, given, words):
    monkeypatch.setattr(picture_command, "picture", lambda *_, **__: pytest.fail("it was computed"))
    code, out, err = run(ARCH, *given)
    assert (code, out) == (2, "")
    assert words in err
    assert len(err.splitlines()) == 1


def test_a_time_limit_leaves_no_file(run, tmp_path, monkeypatch):
    file = tmp_path / "a.svg"

    def endless(*_, **__):
        while True:
            pass

    monkeypatch.setattr(picture_command, "picture", endless)
    code, out, err = run(ARCH, "--out", file, "--time-limit", 0.2)
    assert (code, out) == (3, "")
    assert "the time limit was reached before the picture was drawn; no file was written" in err
    assert not file.exists()
