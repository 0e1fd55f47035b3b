"""What reports say of twelve architectures: stored texts that were read, and what no sentence of them may look like."""

from __future__ import annotations

import re

import pytest
from benchmarks.report_texts import ARCHITECTURES, CHEAP, TEXTS, rows, stored, text_of

import neurovariety as nv
from neurovariety.dictionary.registry import find
from neurovariety.report.build import Report
from neurovariety.report.page import page
from neurovariety.report.row import Row

_NOUNS = (
    "points minima minimums samples functions directions dimensions equations coefficients monomials strata networks runs targets "
    "chambers quantities polynomials parameters weights neurons regions components orbits pieces layers faces inclusions parts flows "
    "units conditions numbers elements classes facets sets kinds"
)
_MANY = "|".join(_NOUNS.split())
_BARE = r"(?<![\w.,/^*(+-])"  # no part of a longer number, of a power or of a list in brackets
_ONE = "complex critical point|critical point|point|local minimum|minimum|general sample|sample|function|direction|run|target"
FAULTS = {
    "one of many": rf"{_BARE}1 (?:(?!of |below |and )[a-z]+ ){{0,2}}(?:{_MANY})\b",
    "many of one": rf"{_BARE}(?!1 )\d[\d,]* (?:{_ONE})\b",
    "one are": rf"{_BARE}1 (?:[a-z]+ ){{0,2}}(?:are|were|have|generate|determine|leave)\b|\bthere are (?:[a-z]+ [a-z]+ )?1 ",
    "a number of nothing": rf"\b(?:exactly|at least|at most) 0 (?:[a-z]+ ){{0,2}}(?:{_MANY})\b",
    "so many of the same number": r"\b(\d+) of the \1\b",
    "a word twice": r"\b([a-z]+) \1\b",
    "a number that means nothing": r"\d\.\d{16,}|e[+]\d+ %",
    "signs that do not match": r"[;,:] *[;,]|\( *\)|\bnan\b|\bNone\b",
    "the same number twice": r"\b(\d[\d,]*) different inputs?, \1 numbers?, are",
    "a share of what nobody said": r"most often at [^;]*: [\d.]+ % of them",
    "no list where one is shown": r"\bno list of the strata\b",
    "a key that is cut": r"[A-Za-z0-9\]*\[]\.\.\.(?! and)",
}
"""Kinds of faults that were met, as patterns."""


def faults(text):
    """The faults of a text, each with what shows it."""
    return [(name, m.group(0)) for name, pattern in FAULTS.items() for m in re.finditer(pattern, text)]


@pytest.mark.parametrize(
    "text",
    [
        "there are 1 complex critical point",
        "1 general samples determine it",
        "1 general sample determine it",
        "training has 2 complex critical point",
        "along exactly 0 directions of weights",
        "drops rank on 3 of the 3 strata",
        "a loss of 0.63762034998356612",
        "looks alike at 1e+02 % of them",
        "G2[0,0,0]*...",
        "of the the list",
        "at the 29 different inputs, 29 numbers, are not interpolated",
        "look like minima most often at neuron 2: 38.3 % of them",
        "no list of the strata where J drops rank is known",
    ],
)
def test_faults_are_seen(text):
    assert faults(text)


@pytest.mark.parametrize(
    "text", ["1 of the 3 strata is", "there is 1 complex critical point", "dimension exactly 0", "1 more direction"]
)
def test_good_sentences_pass(text):
    assert not faults(text)


def test_every_architecture_has_its_texts():
    assert {path.stem for path in TEXTS.iterdir()} == set(ARCHITECTURES)
    assert all(len(stored(name)) >= len(CHEAP) - 5 for name in ARCHITECTURES)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_stored_texts_have_no_known_fault(name):
    for entry, text in stored(name).items():
        assert not faults(text), entry


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_texts_are_as_they_were_read(name):
    """Of the entries that take no time. Others: ``python -m benchmarks.report_texts``, and read what changes."""
    known = stored(name)
    for row in rows(ARCHITECTURES[name], cheap=True):
        assert text_of(row) == known[row.entry.name]


def test_a_list_that_is_not_known_is_not_called_empty():
    """Whether functions were counted is undecided there, and the null list says nothing; a list shown to be empty is none."""
    found = nv.sample_complexity("ratio(linear(2,1); linear(2,1))")
    assert found.value["functions"] == {}
    assert found.verdicts["functions"].claim is nv.Claim.UNDECIDED
    assert found.shown().endswith(", functions -")
    assert "<dt>functions</dt><dd>-</dd>" in page(Report("r", 4, 2, 1, 0, None, (), [Row(find("sample-complexity"), found)]))
    assert found.part("finite", []) == "none"


def test_general_targets_are_counted_once():
    said = nv.data("linear(2,1)", inputs=[[1, 2], [3, 4], [5, 7], [1, 2]]).meaning
    assert "general targets at the 3 different inputs are not interpolated" in said
    said = nv.data("linear(2,2)", inputs=[[1, 2], [3, 4], [5, 7]]).meaning
    assert "general targets at the 3 different inputs, 2 numbers at each, are not interpolated" in said
