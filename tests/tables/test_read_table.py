"""Reading data: numbers exactly as written, and sentences for everything else."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurovariety as nv
from neurovariety import examples
from neurovariety.tables.number_styles import NumberStyle

EXAMPLE = examples.path("penguins.csv")


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_the_example():
    data = nv.read_csv(EXAMPLE, "body_mass_g")
    assert data.inputs.shape == (342, 3)
    assert data.targets.shape == (342, 1)
    assert data.inputs[0].tolist() == [Fraction(391, 10), Fraction(187, 10), Fraction(181)]
    assert data.targets[0, 0] == 3750
    assert data.name == "penguins.csv"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("39.1", Fraction(391, 10)),
        ("0.1", Fraction(1, 10)),
        ("-2", Fraction(-2)),
        ("+.5", Fraction(1, 2)),
        ("5.", Fraction(5)),
        ("1e-3", Fraction(1, 1000)),
        ("2.5E2", Fraction(250)),
        ("  7 ", Fraction(7)),
        ("00012", Fraction(12)),
    ],
)
def test_numbers_are_exact(written, text, value):
    data = nv.read_csv(written(f"a,b\n{text},1\n"), "b")
    assert data.inputs[0, 0] == value
    assert isinstance(data.inputs[0, 0], Fraction)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9))
def test_any_decimal_is_exact(number):
    assert NumberStyle().read(str(number)) == Fraction(number) or "E" in str(number)


def test_several_targets_in_their_order(written):
    data = nv.read_csv(written("a,b,c,d\n1,2,3,4\n"), "d, b")
    assert data.features == ("a", "c")
    assert data.target_names == ("d", "b")
    assert data.targets.tolist() == [[4, 2]]


def test_without_a_target_every_column_is_an_input(written):
    data = nv.read_csv(written("a,b\n1,2\n"))
    assert data.features == ("a", "b")
    assert data.targets.shape == (1, 0)


def test_variants_of_csv(written):
    data = nv.read_csv(written(b'\xef\xbb\xbf"a, first", b \r\n\r\n1,2\r\n  , \r\n"3",4\r\n'), "b")
    assert data.features == ("a, first",)
    assert data.inputs.tolist() == [[1], [3]]


BAD = [
    ("", None, "is empty"),
    ("a,b\n", None, "header but no rows"),
    ("a,a\n1,2\n", None, "two columns of the same name"),
    ("a,b\n1\n", None, "line 2"),
    ("a,b\n1,2\n\n1,2,3\n", None, "line 4"),
    ("a,b\n1,2\n", "c", "no column 'c'; its columns are a, b"),
    ("a,b\n1,2\n", "a,b", "no input column"),
    ("a,b\n1,2\n3,x\n", None, "column 'b' of table.csv, line 3: 'x' is not a number"),
    ("a,b\n1,nan\n", None, "is missing"),
    ("a,b\n1,-Infinity\n", None, "not finite"),
    ("a,b\n1,NA\n", None, "is missing"),
    ("a,b\n1,\n", None, "is missing"),
    ("a,b\n1,1e9999\n", None, "is not a number"),
    ("a,b\n1," + "9" * 5000 + "\n", None, "is not a number"),
    ("a,b\n1,0x10\n", None, "is not a number"),
    ("a,b\n1,1_000\n", None, "is not a number"),
    ("a,b\n1,1/3\n", None, "is not a number"),
    ("a,b\n1,\u0663\n", None, "is not a number"),
    (b"a,b\n1,\xff\n", None, "is not a number"),
    ('a,b\n1,"2\n3"\n', None, "is not a number"),
    ("a,b\n1,'" + "x" * 200_000 + "\n", None, "cannot be read"),
]


@pytest.mark.parametrize(("text", "target", "words"), BAD, ids=[w for _, _, w in BAD])
def test_errors(written, text, target, words):
    with pytest.raises(nv.DataError) as caught:
        nv.read_csv(written(text), target)
    message = str(caught.value)
    assert words in message
    assert "\n" not in message
    assert len(message) < 300


def test_missing_files(tmp_path):
    with pytest.raises(nv.DataError, match="does not exist"):
        nv.read_csv(tmp_path / "none.csv")
    with pytest.raises(nv.DataError, match="is a directory"):
        nv.read_csv(tmp_path)
    with pytest.raises(nv.DataError, match="name of the data file is empty"):
        nv.read_csv("")
