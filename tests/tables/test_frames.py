"""Frames and arrays everywhere that data is taken: the same answers as of the file, and what was done stands in the result."""

from __future__ import annotations

import importlib
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv
from neurovariety import examples
from neurovariety.tables.read_table import taken
from neurovariety.training.losses.prepare import exact_samples

COLUMNS = {"a": [1, 2, 0, 3], "b": [0, 1, 1, 2], "y": [1, 3, 2, 5]}
INPUTS = [[1, 0], [2, 1], [0, 1], [3, 2]]
LINE = nv.as_model("linear(2,1)")
TEXT = "a,b,y\n1,0,1\n2,1,3\n0,1,2\n3,2,5\n"


class Column:
    """A column of a package of frames that is not installed here."""

    def __init__(self, values):
        self.values = values

    def to_list(self):
        return list(self.values)


class Frame:
    """A frame of such a package."""

    def __init__(self, columns):
        self.data = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return Column(self.data[name])


def pandas_frame(columns):
    return importlib.import_module("pandas").DataFrame(columns)


def polars_frame(columns):
    return importlib.import_module("polars").DataFrame(columns)


def lazy_frame(columns):
    return polars_frame(columns).lazy()


def arrow_table(columns):
    return importlib.import_module("pyarrow").table(columns)


def narwhals_frame(columns):
    return importlib.import_module("narwhals").from_native(polars_frame(columns))


def structured(columns):
    return np.array(list(zip(*columns.values(), strict=True)), dtype=[(name, "f8") for name in columns])


@pytest.fixture(params=[dict, Frame, structured, pandas_frame, polars_frame, lazy_frame, arrow_table, narwhals_frame])
def framed(request):
    def make(columns):
        try:
            return request.param(columns)
        except ImportError as error:
            pytest.skip(f"{error.name} is not installed: {request.param.__name__} was not compared")

    return make


def test_a_frame_is_the_table(framed, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TEXT)
    asked = {"features": "b,a", "rows": 3}
    found, there = nv.read_table(framed(COLUMNS), "y", **asked), nv.read_table(path, "y", **asked)
    assert found.features == there.features == ("b", "a")
    assert found.inputs.tolist() == there.inputs.tolist()
    assert found.targets.tolist() == there.targets.tolist()
    assert found.done == there.done


def test_a_frame_wherever_inputs_are_taken(framed):
    inputs = {"a": COLUMNS["a"], "b": COLUMNS["b"]}
    assert nv.data(LINE, framed(inputs)).value == nv.data(LINE, INPUTS).value


def test_missing_values_of_frames(framed):
    found = framed({"a": [1.0, float("nan"), 3.0], "y": [1.0, 2.0, 3.0]})
    with pytest.raises(nv.DataError, match="row 2: the value is missing; leave such rows out"):
        nv.read_table(found, "y")
    assert nv.read_table(found, "y", missing="drop").inputs.tolist() == [[1], [3]]


def test_words_of_frames(framed, request):
    if "structured" in str(request.node.name):
        pytest.skip("a structured array of floats holds no words")
    found = nv.read_table(framed({"k": ["u", "v", "u"], "t": [True, False, True], "y": [1, 2, 3]}), "y", categories="one-hot")
    assert found.features == ("k=u", "k=v", "t")
    assert found.inputs.tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]


def test_pairs_and_reports(framed):
    x, y = framed({"a": COLUMNS["a"], "b": COLUMNS["b"]}), framed({"y": COLUMNS["y"]})
    found, there = exact_samples(LINE, taken((x, y))), exact_samples(LINE, (INPUTS, COLUMNS["y"]))
    assert (found.inputs.tolist(), found.targets.tolist()) == (there.inputs.tolist(), there.targets.tolist())
    assert (found.features, found.target_names) == (("a", "b"), ("y",))
    with pytest.raises(nv.DataError, match=r"data has 2 input columns \(a, b\)"):
        nv.build_report("linear(3,1)", x)


def test_a_task_on_frames():
    there = nv.landscape(LINE, data=(INPUTS, COLUMNS["y"]))
    found = nv.landscape(LINE, data=({"a": COLUMNS["a"], "b": COLUMNS["b"]}, Frame({"y": COLUMNS["y"]})))
    assert found.value == there.value


def test_pandas_series_keep_their_names():
    pandas = pytest.importorskip("pandas", reason="pandas is not installed: a series was not compared")
    found = nv.read_table((pandas.DataFrame({"a": [1, 2]}), pandas.Series([3, 4], name="weight")))
    assert (found.features, found.target_names) == (("a",), ("weight",))
    nullable = pandas.DataFrame({"a": pandas.array([1, None], dtype="Int64"), "y": [1, 2]})
    assert nv.read_table(nullable, "y", missing="drop").inputs.tolist() == [[1]]
    dated = pandas.DataFrame({"d": pandas.to_datetime(["2024-01-01", "2024-01-02"]), "y": [1, 2]})
    with pytest.raises(nv.DataError, match="a date"):
        nv.read_table(dated, "y")


def test_arrays_and_exact_numbers():
    whole = 2**60 + 1
    found = nv.read_table([[whole, 0.5], [Fraction(1, 3), Decimal("0.1")]])
    assert found.inputs.tolist() == [[whole, Fraction(1, 2)], [Fraction(1, 3), Fraction(1, 10)]]
    assert nv.read_table(np.array([[0.1]])).inputs[0, 0] == Fraction(0.1), "a float is its exact binary value"
    for given, words in [
        ({"a": [1, 2], "b": [1]}, "different lengths: a 2, b 1"),
        ({}, "no columns"),
        (3.5, "a single value"),
        ([[1, 2], [3]], "rows of different lengths"),
        ({"a": [[1], [2]]}, "holds lists"),
        ((np.ones((3, 1)), np.ones(2)), "3 rows of inputs and 2 of targets"),
        (({"a": [1]}, {"a": [2]}), "same name"),
        (nv.examples.cars(), "is a Dataset already"),
    ]:
        with pytest.raises(nv.InputError, match=words):
            nv.read_table(given)


def test_what_was_done_stands_in_the_result(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TEXT.replace(",", ";") + ";1;2\n")
    found = nv.read_table(path, "y", missing="drop")
    done = ["semicolons between columns", "1 of 5 rows left out, which have missing values"]
    assert list(found.done) == done
    assert found.said() == f"table.csv: {'; '.join(done)}"
    assert nv.landscape("linear(2,1)", data=found).to_dict()["evidence"]["data_read"] == done
    assert nv.data("linear(2,1)", found).to_dict()["evidence"]["data_read"] == done
    assert "data_read" not in nv.data("linear(2,1)", found.inputs).evidence
    from neurovariety.report.build import empty_report

    assert empty_report(nv.as_model("linear(2,1)"), found, 0).to_dict()["data"]["read"] == done


def test_a_file_without_a_target_is_no_task():
    with pytest.raises(nv.DataError, match="name the target column"):
        nv.landscape("linear(1,1)", data=examples.path("cars.csv"))
    assert nv.data("linear(2,1)", examples.path("cars.csv")).value["samples"] == 50


def test_a_notebook_shows_the_table():
    shown = examples.cars()._repr_html_()
    assert "<th>speed_mph</th>" in shown
    assert shown.count("<tr>") == 7
    assert repr(examples.cars()) == "Dataset(cars.csv: 50 samples of speed_mph -> distance_ft)"
