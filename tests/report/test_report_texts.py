"""What reports say of twelve architectures: stored texts that were read, and what no sentence of them may look like."""

from __future__ import annotations

import re

import pytest
from benchmarks.report_texts import ARCHITECTURES, CHEAP, TEXTS, rows, stored, text_of

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
