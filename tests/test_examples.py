"""What ships as examples is there, described, and read as the sources publish it."""

from __future__ import annotations

from fractions import Fraction

import pytest

import neurovariety as nv
from neurovariety import examples


def test_every_file_is_described_with_its_licence():
    text = (examples.FOLDER / "README.md").read_text(encoding="utf-8")
    assert len(examples.names()) == 5
    for name in examples.names():
        assert f"`{name}`" in text
        assert examples.path(name).is_file()


@pytest.mark.parametrize(("name", "rows", "columns"), [("penguins", 342, 3), ("trees", 31, 2), ("cars", 50, 1)])
def test_tables(name, rows, columns):
    table = getattr(examples, name)()
    assert table.inputs.shape == (rows, columns)
    assert table.target_names == (examples.TARGETS[name],)
    assert isinstance(table.inputs[0, 0], Fraction)


@pytest.mark.parametrize("name", ["nothing.csv", "README.md", "../dataset.py", ""])
def test_other_names_are_refused(name):
    with pytest.raises(nv.DataError, match=r"the examples are cars\.csv, penguins\.csv"):
        examples.path(name)
