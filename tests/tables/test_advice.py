"""What a refusal advises does what it says: followed to the letter, it ends in a data set, or in a sentence about another column."""

from __future__ import annotations

import io
import re
import shlex

import numpy as np
import pytest

import neurovariety as nv
from neurovariety.tables.chosen_columns import selected
from neurovariety.tables.column_kinds import kind_of
from neurovariety.tables.read_table import raw_table

_ASKED = re.compile(r"--(drop|rows|missing|categories) ('[^']*'|\S+)")


def _followed(source, target, **options):
    """Follow the first advice of each sentence until there is a data set; the sentences on the way."""
    said = []
    for _ in range(6):
        try:
            return nv.read_table(source, target, **options), said
        except nv.DataError as error:
            said.append(str(error))
            found = _ASKED.findall(said[-1].rstrip(";,"))
            assert found, said
            name, value = found[0]
            value = shlex.split(value.rstrip(","))[0]
            options[name] = [*options.get("drop", []), value] if name == "drop" else value
    raise AssertionError(said)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,y\n1,red,3\n2,blue,4\n", "--categories one-hot"),
        ("a,b c,y\n1,2020-01-05,3\n2,2020-01-06,4\n", "--drop 'b c'"),
        ("a,b,y\n1,5-Jan-2020,3\n2,6-Jan-2020,4\n", "a date"),
        ("a,b,y\n1,12:30:05,3\n2,13:00:00,4\n", "a time"),
        ("a,b,y\n1,1/3,3\n2,2/3,4\n", "fractions as decimals"),
        ("a,b,y\n1,$5,3\n2,$6,4\n", "without units"),
        ("a,b,y\ncm,kg,s\n1,2,3\n2,3,4\n", "--rows 2:3"),
        ("a,b,y\n1,,3\n2,3,4\n3,5,6\n", "--missing drop"),
        ("a;b;y\n1;'x';3\n2;7;4\n", "--drop b"),
    ],
)
def test_advice_leads_on(tmp_path, text, words):
    path = tmp_path / "t.csv"
    path.write_text(text)
    data, said = _followed(path, "y")
    assert words in said[0]
    assert data.target_names == ("y",)


@pytest.mark.parametrize("cell", ["red", "2020-01-05", "12:30", "5 kg", "1/2", "x"])
@pytest.mark.parametrize("second", ["blue", "7", ""])
def test_a_target_is_never_to_be_dropped(tmp_path, cell, second):
    """Nor an input that was asked for by name: both options together are refused."""
    path = tmp_path / "t.csv"
    path.write_text(f"a,b,y\n1,{cell},{cell}\n2,{second},{second}\n")
    for options in ({"features": "a"}, {"features": "b", "target": "a"}):
        with pytest.raises(nv.DataError) as caught:
            nv.read_table(path, **{"target": "y", **options})
        assert "--drop" not in str(caught.value)
        assert ("--target" if "target" not in options else "--features") in str(caught.value) or "--missing" in str(caught.value)
    told = nv.describe_table(path, "y", drop="b").text()
    assert "--drop y" not in told


def test_words_as_targets_say_how_many_outputs(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,red\n2,blue\n3,green\n")
    with pytest.raises(nv.DataError, match="with 3 outputs"):
        nv.read_table(path, "y")
    assert nv.read_table(path, "y", categories="one-hot").targets.shape == (3, 3)
    path.write_text("a,y\n1,red\n2,blue\n")
    with pytest.raises(nv.DataError, match="0 and 1 for one output"):
        nv.read_table(path, "y")


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("a;y\n1 234,5;2\n20 100,25;3\n", 1234.5, "spaces between thousands"),
        ("a;y\n1\u00a0234 567;2\n2;3\n", None, ""),
        ("a;y\n1\u202f234\u202f567;2\n2;3\n", 1234567, "spaces between thousands"),
        ("a,y\n1'234.5,2\n20'100.25,3\n", 1234.5, "apostrophes between thousands"),
        ("a;y\n1 234;2\n1'234;3\n2'000;3\n", 1234, "spaces and apostrophes between thousands"),
        ("a;y\n12 34;2\n2;3\n", None, ""),
    ],
)
def test_spaces_and_apostrophes_between_thousands(tmp_path, text, value, said):
    path = tmp_path / "t.csv"
    path.write_text(text, encoding="utf-8")
    if value is None:
        with pytest.raises(nv.DataError, match="is not a number"):
            nv.read_table(path, "y")
        return
    data = nv.read_table(path, "y")
    assert data.inputs[0, 0] == value
    assert any(said in part for part in data.done)


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("2020-01-05", "dates"), ("05.01.2020", "dates"), ("2020/01/05 12:30", "dates"), ("Jan 5, 2020", "dates"),
        ("5 March 2020", "dates"), ("2020-01-05T12:30:00Z", "dates"), ("12:30", "times"), ("1:05 pm", "times"), ("May", "words"),
        ("12:3", "words"), ("march 5th", "words"), ("1/3", "fractions"), ("-2 / 5", "fractions"), ("1/3/4", "words"),
    ],
)  # fmt: skip
def test_dates_and_times(cell, kind):
    assert kind_of([cell, cell]) == kind


def test_rows_as_dictionaries_and_frames_with_numbers_for_names():
    data = nv.read_table([{"a": 1, "y": 2}, {"a": 3, "y": 4}], "y")
    assert data.inputs.tolist() == [[1], [3]]
    with pytest.raises(nv.DataError, match="missing"):
        nv.read_table([{"a": 1, "y": 2}, {"y": 4}], "y")
    assert nv.read_table({0: [1, 2], 1: [3, 4]}, "1").target_names == ("1",)
    with pytest.raises(nv.DataError, match="open file"):
        nv.read_table(io.StringIO("a,y\n1,2\n"), "y")
    with pytest.raises(nv.DataError, match="reads like a number"):
        nv.read_table({"a": ["1", "2"], "y": [1, 2]}, "y")


def test_samples_with_several_axes_are_said_to_be_laid_out(tmp_path):
    np.save(tmp_path / "x.npy", np.ones((2, 3, 4)))
    for source in (tmp_path / "x.npy", np.ones((2, 3, 4))):
        assert "samples of shape 3 x 4 laid out as 12 columns" in nv.read_table(source).done


def test_utf16_without_its_mark(tmp_path):
    for alphabet in ("utf-16-le", "utf-16-be"):
        path = tmp_path / "t.csv"
        path.write_bytes("a,y\n1,2\n3,4\n".encode(alphabet))
        assert nv.read_table(path, "y").done == ("UTF-16",)
    path.write_bytes(b"\x80\x04\x95" + b"\x00" * 40)
    with pytest.raises(nv.DataError, match="a pickle"):
        nv.read_table(path, "y")


def test_long_names_are_whole():
    name = "the mean temperature of the water in the morning"
    lines = nv.describe_table({name: [1, 2, 4], "a\tb": [1, 3, 1], "y": [1, 2, 3]}, "y").text().splitlines()
    assert name in lines
    assert any(line.startswith("a b ") for line in lines)
    assert max(map(len, lines[:8])) <= 80


def test_a_second_line_of_headings_is_one_in_the_first_row_alone(tmp_path):
    """Rows that were chosen are kept: the advice ends where they end, and there is none where they begin further down."""
    path = tmp_path / "t.csv"
    path.write_text("a,y\ncm,s\n1,2\nkg,3\n3,4\n4,5\n6,7\n")
    for rows in ("1", "3:5", "1:5"):
        with pytest.raises(nv.DataError) as caught:
            nv.read_table(path, "y", rows=rows)
        assert "--rows" not in str(caught.value)
    told = nv.describe_table(path, "y", rows="3:6")
    assert [c.holds for c in told.columns] == ["mixed", "numbers"]
    assert "--rows" not in told.text()
    path.write_text("a,y\ncm,s\n1,2\n2,3\n3,x\n")
    with pytest.raises(nv.DataError, match=r"--rows 2:3 leaves it out"):
        nv.read_table(path, "y", rows=3)
    told = nv.describe_table(path, "y", rows=3)
    assert [c.holds for c in told.columns] == ["headed twice", "headed twice"]
    assert "--rows 2:3 leaves" in told.text()


def test_fractions_are_no_categories(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,k,y\n1/3,u,1\n2/3,v,2\n-1/3,u,3\n")
    with pytest.raises(nv.DataError, match="'1/3' is not a number; write fractions as decimals, or leave it out with --drop a"):
        nv.read_table(path, "y", categories="one-hot")
    assert nv.read_table(path, "y", categories="one-hot", drop="a").features == ("k=u", "k=v")
    told = nv.describe_table(path, "y")
    assert told.columns[0].holds == "fractions"
    assert "fractions (a): write decimals, or --drop a" in told.needs
    assert "words (k): --categories one-hot, or --drop k" in told.needs


def test_columns_are_called_by_texts():
    frame = {0: [1, 2], 1: [3, 4], 2: [5, 6]}
    for options in ({"drop": 2}, {"drop": [2]}, {"features": ["0", None]}):
        with pytest.raises(nv.InputError, match="columns are called by their names, which are texts such as '1', got"):
            selected(raw_table(frame), "1", options)
    assert selected(raw_table(frame), ("1",), {"drop": ["2"]}).features == ("0",)
