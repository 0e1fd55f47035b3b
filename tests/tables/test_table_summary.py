"""A table at a glance: exact relations, and a preparation that makes the loss well-conditioned."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.cli.main import main
from neurovariety.tables.linear_relations import linear_relations, written

RNG = np.random.default_rng(3)


def column(found, name):
    return next(c for c in found.columns if c.name == name)


def test_columns():
    text = {
        "a": [1, 2, None, 4],
        "k": ["u", "v", "u", None],
        "d": ["2024-01-01"] * 4,
        "m": [1, "x", 2, 3],
        "t": [True, False, None, True],
    }
    found = nv.describe_table({**text, "y": [5, 6, 7, 8]}, "y")
    assert [c.holds for c in found.columns] == ["numbers", "words", "dates", "mixed", "yes or no", "numbers"]
    a = column(found, "a")
    assert (a.missing, a.different, a.least, a.greatest) == (1, 3, 1, 4)
    assert a.mean == pytest.approx(7 / 3)
    assert column(found, "y").target
    assert (found.rows, found.complete) == (4, 2)


def test_relations_are_exact_and_all():
    """The number of relations is that of columns less the rank over Q, and each holds in every row; a near relation is none."""
    base = [[Fraction(int(v), 7) for v in row] for row in RNG.integers(-9, 9, (40, 3))]
    rows = [[*r, r[0] + 2 * r[1] - 1, r[2], Fraction(5), r[0] + Fraction(i == 39, 10**12)] for i, r in enumerate(base)]
    found = linear_relations(np.array(rows, dtype=object))
    assert [written(r, "abcdefg") for r in found] == ["d = a + 2 b - 1", "e = c", "f = 5"]
    shown = nv.describe_table(np.array(rows, dtype=object))
    assert list(shown.relations) == ["x3 = x0 + 2 x1 - 1", "x4 = x2", "x5 = 5"]
    assert set(shown.nearly) == {"x0", "x6"}


def test_the_preparation_is_the_one_that_helps():
    """As they are: well. Far from 0: standardized. Nearly dependent: whitened. Condition numbers are those of the prepared tables."""
    x = RNG.normal(size=(60, 2))
    y = RNG.normal(size=(60, 1))
    for inputs, expected in (
        (x * [1, 1e9], "none"),
        (x + 1e6, "standardize"),
        (np.column_stack([x[:, 0], x[:, 0] + 1e-5 * x[:, 1]]), "whiten"),
    ):
        found = nv.describe_table(inputs)
        assert found.prepare == expected
        prepared = nv.landscape("linear(2,1)", data=(inputs, y), prepare=expected)
        assert prepared.value["least_loss"] is not None
        assert f"--prepare {expected}" in found.text() or expected == "none"


def test_the_command(tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_text("a;b;c;y\n0,5;1;1,5;1\n1;2;3;2\n2;0;2;1\n3;3;6;4\n1;0;1;NA\n")
    with pytest.raises(SystemExit) as end:
        main(["table", str(path), "--target", "y"])
    out = capsys.readouterr().out
    assert end.value.code == 0
    for words in ("5 rows, 4 without missing values; semicolons", "exact relation: c = a + b", "missing values (y)", "y (target)"):
        assert words in out
    with pytest.raises(SystemExit):
        main(["table", str(path), "--target", "y", "--drop", "c", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["relations"] == []
    assert [c["name"] for c in found["columns"]] == ["a", "b", "y"]


def test_the_command_line_says_what_was_done(tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_text("a;k;y\n0,5;u;1\n1;v;2\n2;u;1\n;v;4\n")
    asked = ["data", "linear(1,1)", "--data", str(path), "--target", "y", "--drop", "k", "--missing", "drop", "--json"]
    with pytest.raises(SystemExit):
        main(asked)
    out, err = capsys.readouterr()
    done = ["semicolons between columns", "decimal commas", "column k left out", "1 of 4 rows left out, which have missing values"]
    assert err.strip() == f"neurovariety: table.csv: {'; '.join(done)}"
    assert json.loads(out)["evidence"]["data_read"] == done
    with pytest.raises(SystemExit) as end:
        main(["report", "linear(1,1)", "--missing", "drop"])
    assert end.value.code == 2
    assert "--missing needs --data" in capsys.readouterr().err


def test_units_and_large_numbers(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("size,price,grade,y\n1e300,$3,1st,1\n-3e300,$4,2nd,2\n2e300,$ 5,3rd,4\n")
    found = nv.describe_table(path, "y")
    assert [c.holds for c in found.columns] == ["numbers", "with units", "words", "numbers"]
    assert found.columns[0].spread == pytest.approx(np.std([1, -3, 2]) * 1e300)
    assert any("numbers with units or signs (price)" in need for need in found.needs)
    assert any("words (grade): --categories one-hot" in need for need in found.needs)
