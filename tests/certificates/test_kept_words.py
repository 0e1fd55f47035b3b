"""Sentences for each kind of statement, value and claim: no word is another before it was read; numbers are rounded as claimed.

What no sentence says of values that it is not for (a list for a number) is kept as the name of the error.
"""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

import conftest
from damaged_archives import marked
from neurovariety.certificates.measured_phrases import Between, Measured, SampledShare, Seen, _apart, rounded, up_to
from neurovariety.certificates.phrases import Choice, Number, amount, named, short
from neurovariety.certificates.result_file import read_result, write_result
from neurovariety.certificates.sentences import SAID, sentence
from neurovariety.certificates.statement import Statement
from neurovariety.certificates.vector_fields import FieldModP, context_of, mod_p, rank_of_rows, residue
from neurovariety.certificates.zeros import NotShown
from neurovariety.claim import Claim
from neurovariety.errors import InputError

from .kept_numbers import check_kept, words_of


class Row(dict):
    """A table that holds the same under every name."""

    def __init__(self, value):
        super().__init__({"first": value, "second": value})
        self.value = value

    def __missing__(self, key):
        return self.value

    def get(self, key, default=None):
        return self.value


HELD = (0, 1, 2, True, False, "zero", "x", (), ("1", "2"), [1, 2], Fraction(3, 2), 0.25, None)
VALUES = [
    *(0, 1, 2, 7, 12345678, -1, True, False, None, 0.0, 0.5, 1e-30, 1234.5678, Fraction(1, 3)),
    *("yes", "no", "generic", "all", "x", "empty", "nonempty", "interior", "boundary", "smooth", "singular"),
    *([], ["a"], ["a", "b"], ["a", "b", "c", "d"], (0.25, 0.5), (1.0, 1.0), [0, None], [2, 3], [[0, 1], [2]], (3, 4, 5)),
    *({}, {"1": 1}, {"1": 2, "2": 1}, {"a": [4, 3]}, {"simple": 1}, {"simple": 2, "clusters": [2, 3], "at_infinity": 1}),
    {"simple": 0, "at_infinity_or_larger": 2, "log2_larger_than": 40},
    *map(Row, HELD),
    *([Row(v)] for v in HELD),
    *([Row(v), Row(w)] for v, w in pairwise(HELD)),
    [Row(v) for v in HELD[:4]],
]


def said(phrase, value, claim):
    try:
        return phrase(value, claim)
    except Exception as why:
        return type(why).__name__


def test_no_sentence_is_another(monkeypatch):
    monkeypatch.setattr(conftest, "ENFORCED", False)
    found = {}
    for kind, phrase in SAID.items():
        ways = [way for way in (phrase.says, phrase.alone, phrase.of_one) if way is not None]
        lines = [said(way, value, claim) for way in ways for value in VALUES for claim in Claim]
        found[kind] = words_of([phrase.asks, phrase.joined, phrase.counts, phrase.points, *lines])
    check_kept("sentences", found)


def test_what_limits_a_sentence():
    """Scopes, errors and tests, for kinds that are said in a few ways and one that has no sentence."""
    found = {}
    kinds = ("dimension", "degree", "equations", "identifiable", "hidden directions", "zeros", "no such kind", "point")
    values = {"equations": ["a"], "identifiable": "yes", "zeros": {"simple": 2}}
    scopes = ((), ("for some data",), ("for some data", "at a place"), ("up to 0.001",))
    for kind, scope, error, tests in product(kinds, scopes, (0.0, 2.0**-30, 0.25), ((), ("a test",), ("one", "two"))):
        statement = Statement(kind, "m", values.get(kind, 3), scope, error)
        found[f"{kind} {scope} {error} {tests}"] = words_of([sentence(statement, claim, tests) for claim in Claim])
    check_kept("sentences with what limits them", {"all": words_of(sorted(found.items()))})


def test_numbers_in_words():
    for value, claim, text in (
        (3, Claim.PROVED, "exactly 3"),
        (1200, Claim.LOWER_BOUND, "at least 1,200"),
        (1200, Claim.UPPER_BOUND, "at most 1,200"),
        (3, Claim.ESTIMATE, "about 3"),
    ):
        assert amount(value, claim) == text
    long = 10**60 + 123
    assert amount(long, Claim.LOWER_BOUND) == f"at least {f'{long:,}'[:15]},...,123 (61 digits)"
    assert amount(-long, Claim.LOWER_BOUND).endswith("(61 digits)")
    assert [named(n) for n in ("a", "a, b", "a and b", "a, b (c)", "android")] == ["a", "(a, b)", "(a and b)", "a, b (c)", "android"]
    for value, text in (
        ({}, "none"),
        ({"a": True, "b": [1, 2]}, "a yes, b 1; 2"),
        ([], "none"),
        ([1, 2, 3], "1; 2; 3"),
        ([1, 2, 3, 4], "4 listed"),
        ((False, 0), "no; 0"),
        (True, "yes"),
        (1, "1"),
        (0, "0"),
    ):
        assert short(value) == text
    number = Number("there are {n}", "point", "points")
    for value, claim, text in (
        (0, Claim.PROVED, "there are no points"),
        (0, Claim.COMPLETE, "there are no points"),
        (0, Claim.UPPER_BOUND, "there are no points"),
        (0, Claim.LOWER_BOUND, "there are no known points"),
        (0, Claim.ESTIMATE, "there are about 0 points"),
        (1, Claim.LOWER_BOUND, "there are at least 1 point"),
        (2, Claim.LOWER_BOUND, "there are at least 2 points"),
    ):
        assert number(value, claim) == text
    assert Number("{n}", none="nothing")(0, Claim.PROVED) == "nothing"
    assert Number("{n}")(0, Claim.LOWER_BOUND) == "at least 0"
    choice = Choice({"a": "seen", "b": "other"}, {"a": "shown"})
    assert [choice(v, c) for v, c in (("a", Claim.PROVED), ("a", Claim.ESTIMATE), ("b", Claim.PROVED), ("c", Claim.PROVED))] == [
        "shown", "seen", "other", "c"
    ]  # fmt: skip


def test_numbers_are_rounded_as_they_are_claimed():
    for value in (1 / 3, 2 / 3, 123456.789, 1e-20 / 3, 5e20 / 7, 0.125, 0.0, -1 / 3):
        for digits in (1, 3, 6):
            low, high = (rounded(value, up=up, digits=digits) for up in (False, True))
            assert Decimal(low) <= Decimal(value) <= Decimal(high)
            width = Decimal(10) ** (Decimal(value).adjusted() - digits + 1) if value else 0
            assert Decimal(high) - Decimal(low) <= width
    for value, text in ((12345.0, "13000"), (0.00146, "0.0015"), (1.46e-5, "1.5e-5"), (1e13, "10000000000000"), (1e14, "1e+14")):
        assert rounded(value, up=True, digits=2) == text
    for low, high in ((0.1, 0.2), (1.0, 1.0 + 1e-9), (1 / 3, 1 / 3 + 1e-12), (2.0, 2.0), (-0.5, 0.25), (1 / 3, 1 / 3)):
        one, two = _apart(low, high)
        assert float(one) <= low <= high <= float(two)
        assert float(two) - float(one) <= max(2 * (high - low), 1e-14)
    assert _apart(1.23456789, 1.9) == ("1.234567", "1.9")
    own = Between("it", "the number")
    assert own((0.5, 1.0), Claim.PROVED) == "the number lies between 0.5 and 1"
    assert own((0.5, 1.0), Claim.LOWER_BOUND) == "it is at least 0.5"
    assert own((0.5, 1.0), Claim.UPPER_BOUND) == "it is at most 1"
    assert own((0.5, 1.0), Claim.ESTIMATE) == "it lies about between 0.5 and 1"
    assert Between("it")((0.5, 1.0), Claim.PROVED) == "it lies between 0.5 and 1"
    measured = Measured("it is {n}", "it was shown to be {n}", "one is {n}")
    third = 1 / 3
    assert measured(0.5, Claim.PROVED) == "it was shown to be 0.5"
    assert measured(third, Claim.UPPER_BOUND) == f"one is at most {rounded(third, up=True)}"
    assert measured(third, Claim.LOWER_BOUND) == f"it is at least {rounded(third, up=False)}"
    assert measured(third, Claim.ESTIMATE) == "it is about 0.3333333"
    assert measured.within(third, Claim.PROVED, ("x", *up_to(0.0004))) == "it was shown to be 0.333"
    assert measured.within(third, Claim.PROVED, ("x",)) == f"it was shown to be {third}"
    assert up_to(0.0) == ()
    assert up_to(2.0**-10) == ("up to 0.002",)
    assert up_to(1.01 * 2.0**-10) == ("up to 0.002",)
    assert up_to(0.0016) == ("up to 0.004",)
    share = SampledShare("{n} of them", "none of them")
    assert share(0.5, Claim.ESTIMATE) == "about 50 % of them"
    assert share(0, Claim.ESTIMATE) == "none of them"
    assert share(0, Claim.PROVED) == "exactly 0 % of them"
    assert SampledShare("{n}")(0, Claim.ESTIMATE) == "about 0 %"
    seen = Seen("{n} met", "run", "runs", "none met")
    assert [seen(v, Claim.ESTIMATE) for v in (0, 1, 2)] == ["none met", "1 run met", "2 runs met"]
    assert seen(0, Claim.PROVED) == "exactly 0 runs met"


def test_brackets_of_vector_fields():
    """[f, g] = Df g - Dg f of f = (x y, y^2 / 2) and g = (x + 1, 3 x y)."""
    p, point = 101, (3, 5)
    context = context_of(2, p)
    f = [{(1, 1): Fraction(1)}, {(0, 2): Fraction(1, 2)}]
    g = [{(1, 0): Fraction(1), (0, 0): Fraction(1)}, {(1, 1): Fraction(3)}]
    one, two = (FieldModP.of([mod_p(q, context, p) for q in field], point, p) for field in (f, g))
    x, y = point
    half = pow(2, -1, p)
    assert one.value == (x * y % p, y * y * half % p)
    assert two.value == (x + 1, 3 * x * y % p)
    assert (one.terms, two.terms) == (2, 3)
    df, dg = [[y, x], [0, y]], [[1, 0], [3 * y, 3 * x]]
    expected = [sum(df[i][k] * two.value[k] - dg[i][k] * one.value[k] for k in range(2)) % p for i in range(2)]
    assert one.bracket_value(two) == expected
    assert two.bracket_value(one) == [-v % p for v in expected]
    assert one.bracket_value(one) == [0, 0]
    zero = mod_p({}, context, p)
    assert list(one.bracket(two, zero).value) == expected
    assert list(two.bracket(one, zero).value) == [-v % p for v in expected]
    assert one.bracket(two, zero).point == point
    assert [(l, j, int(s(*point))) for l, j, s in one.slopes] == [(0, 0, y), (0, 1, x), (1, 1, y)]
    assert residue(Fraction(-3, 4), 7) == 1
    for denominator in (7, 14):
        with pytest.raises(NotShown):
            residue(Fraction(1, denominator), 7)
    assert rank_of_rows([[1, 2], [8, 9]], 7) == 1
    assert [rank_of_rows(rows, 7) for rows in ([], [[]], [[0, 7]], [[1, 2], [1, 9]], [[1, 0], [0, 1]])] == [0, 0, 0, 1, 2]


def test_results_in_files(tmp_path):
    plain = {"entry": "x", "value": 1}
    path = tmp_path / "a.json"
    assert write_result(path, plain) == [path]
    assert read_result(path) == (plain, {})
    small = {**plain, "certificates": {"form": 1, "arrays": {}, "items": []}}
    assert write_result(path, small) == [path]
    assert read_result(path) == (small, {})
    large = {**plain, "certificates": {"form": 1, "arrays": {}, "items": ["x" * 2**20]}}
    beside = tmp_path / "a.json.cert.npz"
    assert write_result(str(path), large) == [path, beside]
    data, arrays = read_result(path)
    assert data == large
    assert len(arrays) == 1
    assert json.loads(path.read_text())["certificates"]["file"] == beside.name
    whole = beside.read_bytes()
    for damaged in (b"no archive", marked(whole, 64, 0), marked(whole, 0, 99)):
        beside.write_bytes(damaged)
        with pytest.raises(InputError, match="beside the result"):
            read_result(path)
    beside.unlink()
    with pytest.raises(InputError, match="beside the result"):
        read_result(path)
    np.savez_compressed(beside, **{next(iter(arrays)): np.arange(3, dtype=np.uint8)})
    with pytest.raises(InputError):
        read_result(path)
    for text, why in (("{", "no file of JSON"), ("[1]", "no JSON object"), ("[" * 10**5, "no file of JSON")):
        path.write_text(text)
        with pytest.raises(InputError, match=why):
            read_result(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_result(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot be written"):
        write_result(tmp_path / "no folder" / "a.json", plain)
