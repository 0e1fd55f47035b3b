"""What a report gives to papers: BibTeX with authors, title and year of every source, LaTeX that is escaped, commands that run."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

import pytest

import neurovariety as nv
from neurovariety.citations import SOURCES, bibtex
from neurovariety.report import build
from neurovariety.report.to_cite import as_latex, bibliography, commands_of, latex_table, sources_of


@pytest.mark.parametrize("key", SOURCES)
def test_every_source_has_authors_title_and_year(key):
    text = bibtex(key)
    fields = dict(re.findall(r"^  (\w+) = \{(.*)\},$", text, re.MULTILINE))
    assert text.startswith(f"@misc{{{key},\n")
    assert all(re.match(r"(?:[A-Z][a-z]?\.[ -]?)+\S+", name) for name in fields["author"].split(" and "))
    assert len(fields["title"].strip("{}")) > 5
    assert re.fullmatch(r"(?:1[89]|20)\d\d", fields["year"])
    if not re.search(rf"{fields['year']}", SOURCES[key]):
        assert fields["eprint"].startswith(fields["year"][2:])
    assert ("eprint" in fields) == ("arXiv" in SOURCES[key])
    for part in SOURCES[key].split(", "):
        assert part.removeprefix("arXiv:") in text


def test_titles_with_commas():
    assert "title = {{Probable inference, the law of succession, and statistical inference}}" in bibtex("wilson1927")
    assert bibtex("kohn2022", "kohn2022").count("@misc") == 1


def test_latex_is_escaped():
    assert as_latex(r"x^2 & 5 % \ #_{a}~") == r"x\textasciicircum{}2 \& 5 \% \textbackslash{} \#\_\{a\}\textasciitilde{}"


def test_rows(monkeypatch):
    monkeypatch.setattr(build, "ENTRIES", [e for e in build.ENTRIES if e.name in ("dimension", "landscape", "data", "degree")])
    report = nv.build_report("mlp(2,1,1; x^2)", nv.examples.trees(), seed=3)
    table = latex_table(report.subject, report.rows)
    assert table.count(r"\\") == len(report.rows) + 1
    assert set(re.findall(r"@misc\{(\w+),", bibliography(report.rows))) == set(sources_of(report.rows))
    assert set(",".join(re.findall(r"\\cite\{([^}]*)\}", table)).split(",")) == set(sources_of(report.rows))
    commands = {row.entry.name: shlex.split(commands_of(row, report.subject, report.data)[0]) for row in report.rows}
    assert commands["dimension"] == ["neurovariety", "dimension", "mlp(2,1,1; x^2)", "--seed", "3", "--certificates", "dimension.json"]
    assert commands["data"][3:5] == ["--data", "trees.csv"]
    assert commands["landscape"][3:9] == ["--data", "trees.csv", "--target", "volume_ft3", "--prepare", "standardize"]


def test_the_commands_run(monkeypatch, tmp_path):
    monkeypatch.setattr(build, "ENTRIES", [e for e in build.ENTRIES if e.name in ("dimension", "landscape")])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "trees.csv").write_bytes(nv.examples.path("trees.csv").read_bytes())
    report = nv.build_report("mlp(2,1,1; x^2)", nv.examples.trees(), seed=3)
    for row in report.rows:
        for command in commands_of(row, report.subject, report.data):
            done = subprocess.run(
                [sys.executable, "-m", *shlex.split(command)], capture_output=True, text=True, timeout=300, check=False
            )
            assert done.returncode == 0, done.stderr
        assert "claims rechecked, 0 refused" in done.stdout
