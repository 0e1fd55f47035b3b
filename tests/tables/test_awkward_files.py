"""Files as people have them, made on the fly: each is read as it is meant, and says so, or is refused in the user's own terms."""

from __future__ import annotations

import gzip
import importlib
import io
import zipfile
from fractions import Fraction

import numpy as np
import pytest

import neurovariety as nv

HALF = Fraction(1, 2)


def numpy_bytes(save, *given, **named):
    file = io.BytesIO()
    save(file, *given, **named)
    return file.getvalue()


def archive(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as found:
        for name, text in members.items():
            found.writestr(name, text)
    return file.getvalue()


# ruff: noqa: E501 (a file a line)
READ = {
    # name: content, target, options, features, inputs, what is said
    "semicolons": ("a;b;y\n0,5;2,25;1\n1;3;2\n", "y", {}, ("a", "b"), [[HALF, Fraction(9, 4)], [1, 3]], "semicolons between columns; decimal commas"),
    "tabs": ("a\tb c\ty\n0.5\t2\t1\n", "y", {}, ("a", "b c"), [[HALF, 2]], "tabs between columns"),
    "bars": ("a|b|y\n0.5|2|1\n", "y", {}, ("a", "b"), [[HALF, 2]], "bars between columns"),
    "spaces": ("  a    b  y\n0.5   2  1\n  1   3  1\n", "y", {}, ("a", "b"), [[HALF, 2], [1, 3]], "spaces between columns"),
    "bom": (b"\xef\xbb\xbfa,y\r\n0.5,1\r\n", "y", {}, ("a",), [[HALF]], ""),
    "old-mac": ("a,y\r0.5,1\r1,1\r", "y", {}, ("a",), [[HALF], [1]], ""),
    "latin-1": ("größe,y\n0.5,1\n".encode("latin-1"), "y", {}, ("größe",), [[HALF]], "not UTF-8, read as Latin-1"),
    "utf-16": ("größe\ty\n0.5\t1\n".encode("utf-16"), "y", {}, ("größe",), [[HALF]], "UTF-16; tabs between columns"),
    "stated": ("sep=;\na;y\n0,5;1\n", "y", {}, ("a",), [[HALF]], "semicolons between columns; decimal commas"),
    "comments": ("# made in May\n\na,y\n0.5,1\n# half way\n1,1\n", "y", {}, ("a",), [[HALF], [1]], "2 comment lines left out"),
    "savetxt": ("# a y\n5.0e-01 1\n", "y", {}, ("a",), [[HALF]], "header after a comment sign; spaces between columns"),
    "quotes": ('"a, first","y ""q"""\n"0.5","1"\n', 'y "q"', {}, ("a, first",), [[HALF]], ""),
    "single-quotes": ("'a';'y'\n'0,5';'1'\n", "y", {}, ("a",), [[HALF]], "semicolons between columns; decimal commas"),
    "pandas-index": (",a,y\n0,0.5,1\n1,1,1\n", "y", {}, ("a",), [[HALF], [1]], "column 1, which has no name and counts the rows, left out"),
    "r-names": ('"a" "y"\n"one" 0.5 1\n"two" 1 1\n', "y", {}, ("a",), [[HALF], [1]], "spaces between columns; names of rows left out"),
    "trailing": ("a,y,\n0.5,1,\n", "y", {}, ("a",), [[HALF]], ""),
    "thousands": ('a,y\n"1,000.5",1\n"2,000",2\n', "y", {}, ("a",), [[1000 + HALF], [2000]], "commas between thousands"),
    "points": ("a;y\n1.000,5;1\n2.000;2\n", "y", {}, ("a",), [[1000 + HALF], [2000]], "semicolons between columns; decimal commas; points between thousands"),
    "minus": ("a,y\n\u22120.5,1\n", "y", {}, ("a",), [[-HALF]], ""),
    "no-header": ("0.5 2\n1 3\n", "x1", {"header": "no"}, ("x0",), [[HALF], [1]], "spaces between columns; no header"),
    "years": ("2019,2020,y\n0.5,2,1\n", "y", {}, ("2019", "2020"), [[HALF, 2]], ""),
    "gaps": ("a,y\n0.5,1\nNA,2\n,3\n1,4\n", "y", {"missing": "drop"}, ("a",), [[HALF], [1]], "2 of 4 rows left out, which have missing values"),
    "words": ("a,kind,y\n0.5,v,1\n1,u,2\n", "y", {"categories": "one-hot"}, ("a", "kind=u", "kind=v"), [[HALF, 0, 1], [1, 1, 0]], "kind made 2 columns"),
    "booleans": ("a,ill,y\n0.5,TRUE,1\n1,False,2\n", "y", {}, ("a", "ill"), [[HALF, 1], [1, 0]], "true and false of ill are 1 and 0"),
    "choice": ("n,a,b,y\nx,0.5,2,1\nz,1,3,2\n", "y", {"features": "b, a"}, ("b", "a"), [[2, HALF], [3, 1]], "column n left out"),
    "part": ("a,y\n0,1\n0.5,2\n1,3\n2,4\n", "y", {"rows": "2:3"}, ("a",), [[HALF], [1]], "rows 2 to 3 of 4"),
    "gzip": (gzip.compress(b"a,y\n0.5,1\n"), "y", {}, ("a",), [[HALF]], ""),
    "npy": (numpy_bytes(np.save, np.array([[0.5, 2], [1, 3]])), "x1", {}, ("x0",), [[HALF], [1]], ""),
    "npz": (numpy_bytes(np.savez, X=np.array([[0.5, 2], [1, 3]]), t=np.array([1, 2])), "t", {}, ("X0", "X1"), [[HALF, 2], [1, 3]], "arrays X, t"),
    "structured": (numpy_bytes(np.save, np.array([(0.5, 1)], dtype=[("a", "f8"), ("y", "i4")])), "y", {}, ("a",), [[HALF]], ""),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_read_as_meant(tmp_path, name):
    content, target, options, features, inputs, said = READ[name]
    path = tmp_path / "table"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = nv.read_table(path, target, **options)
    assert found.features == features
    assert found.inputs.tolist() == inputs
    assert found.targets.shape == (len(inputs), 1)
    assert "; ".join(found.done).startswith(said)
    assert bool(found.done) == bool(said)


REFUSED = {
    "parquet-damaged": (b"PAR1 and no more", {}, "is Parquet"),
    "feather-damaged": (b"ARROW1 and no more", {}, "is Feather"),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {}, "an old Excel file (.xls); save it as .xlsx or CSV"),
    "ods": (archive(mimetype="application/vnd.oasis.opendocument.spreadsheet"), {}, "OpenDocument"),
    "zip": (archive(**{"a.csv": "a,y\n1,2\n"}), {}, "a ZIP archive of a.csv; unpack it"),
    "zip-cut": (archive(**{"a.csv": "a,y\n1,2\n"})[:40], {}, "cut short or damaged"),
    "gzip-cut": (gzip.compress(b"a,y\n1,2\n")[:-9], {}, "packed with gzip, and cut short or damaged"),
    "json": ('{"a": [1, 2]}', {}, "is JSON"),
    "page": ("<!DOCTYPE html><html></html>", {}, "a web page; download the table itself"),
    "pdf": (b"%PDF-1.7\n", {}, "a PDF document"),
    "pickle": (numpy_bytes(np.save, np.array([[{}, 1]], dtype=object)), {}, "Python objects, not numbers"),
    "npy-cut": (numpy_bytes(np.save, np.ones((2, 2)))[:-5], {}, "a NumPy file that is cut short or damaged"),
    "arrays-apart": (numpy_bytes(np.savez, X=np.ones((3, 2)), y=np.ones(2)), {}, "different numbers of rows (X 3, y 2)"),
    "binary": (bytes(range(256)) * 3, {}, "not a text file"),
    "title": ("Results 2024\na,y\n1,2\n3,4\n", {}, "if the first line is a title, remove it"),
    "commas-twice": ("a,y\n1,5,2,5\n0,5,1,5\n", {}, "cannot be told apart"),
    "which-comma": ("a;y\n1,234;1\n5,678;2\n", {}, "1.234 or 1234? say --decimal comma"),
    "two-signs": ("a;y\n0,5;1\n0.25;2\n", {}, "in two ways, '0,5' and '0.25'"),
    "all-numbers": ("5.1,3.5\n4.9,3.0\n", {}, "is all numbers (5.1, 3.5): does it name the columns? say --header yes"),
    "iris": ("5.1,3.5,setosa\n4.9,3.0,setosa\n", {}, "looks like data"),
    "repeated-words": ("1,u\n2,u\n", {}, "looks like data"),
    "percent": ("a,y\n12 %,2\n3,4\n", {}, "write parts in place of percents"),
    "units": ("a,y\n12 kg,2\n3,4\n", {}, "write numbers without units"),
    "percent-all": ("a,y\n12 %,2\n3%,4\n", {}, "write parts in place of percents"),
    "money": ("a,y\n$12,2\n$ 3.5,4\n", {}, "write numbers without units"),
    "complex": (numpy_bytes(np.save, np.ones((3, 2)) * 1j), {}, "holds complex numbers"),
    "dates": ("a,y\n2024-05-01,2\n", {}, "a date"),
    "names": ("a,y\n" + "".join(f"n{k},1\n" for k in range(60)), {"categories": "one-hot"}, "60 different words"),
    "open-quote": ('a,y\n"1,2\n3,4\n5,6\n', {}, "is a quotation mark not closed?"),
    "gaps": ("a,y\nNA,1\n2,\n", {"missing": "drop"}, "every row"),
    "near": ("alpha,y\n1,2\n", {"features": "alhpa"}, "did you mean alpha?"),
    "twice": ("a,y\n1,2\n", {"features": "y"}, "asked for twice"),
    "rows": ("a,y\n1,2\n", {"rows": "5:9"}, "none from row 5 on"),
    "rows-word": ("a,y\n1,2\n", {"rows": "most"}, "rows are a number of first rows"),
    "mixed": ("a,y\n1,2\nx,3\n", {"categories": "one-hot"}, "'x' is not a number, as 1 of 2 values"),
    "infinite": ("a,y\ninf,2\n", {"categories": "one-hot"}, "is not finite"),
    "lfs": ("version https://git-lfs.github.com/spec/v1\n", {}, "a pointer to a large file"),
}
CODEC = ("codec", "unicode", "utf-8", "pickle", "arrow", "thrift", "zip file", "traceback", "byte", "parse", "errno")
"""Words of codecs and libraries, which no sentence holds."""


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_the_users_terms(tmp_path, name):
    content, options, words = REFUSED[name]
    path = tmp_path / "table"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(nv.InputError) as caught:
        nv.read_table(path, "y", **options)
    said = str(caught.value)
    assert words in said
    assert not [w for w in CODEC if w in said.lower().replace("pyarrow", "")], said
    assert "\n" not in said
    assert len(said) < 300


def test_what_has_no_name_or_place():
    with pytest.raises(nv.DataError, match="download the file"):
        nv.read_table("https://example.org/a.csv")
    with pytest.raises(nv.DataError, match=r"did you mean penguins\.csv"):
        nv.read_table(nv.examples.path("penguins.csv").with_name("penguin.csv"))
    with pytest.raises(nv.InputError, match="no option 'separator'"):
        nv.read_table(nv.examples.path("penguins.csv"), separator=";")
    with pytest.raises(nv.InputError, match="missing values: 'keep' is unknown"):
        nv.read_table(nv.examples.path("penguins.csv"), missing="keep")


def needed(package, what):
    """The package, or the test is skipped and says what was not compared."""
    try:
        return importlib.import_module(package)
    except ImportError:
        pytest.skip(f"{package} is not installed: {what} was not read")


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_columnar_files(tmp_path, kind):
    arrow = needed("pyarrow", f"a {kind} file")
    table = arrow.table({"a": [0.5, None, 1.0], "kind": ["u", "v", "u"], "y": [1, 2, 3]})
    writer = importlib.import_module(f"pyarrow.{kind}")
    path = tmp_path / "named.csv"
    (writer.write_table if kind == "parquet" else writer.write_feather)(table, path)
    found = nv.read_table(path, "y", missing="drop", categories="one-hot")
    assert found.features == ("a", "kind=u")
    assert found.inputs.tolist() == [[HALF, 1], [1, 1]]
    assert found.done[0] == kind.capitalize()


def test_excel(tmp_path):
    package = needed("openpyxl", "an Excel file")
    book = package.Workbook()
    for row in (["a", "when", "y"], [39.1, None, 1], [None, None, None], [0.5, None, 2]):
        book.active.append(row)
    book.create_sheet("more")
    path = tmp_path / "table.xlsx"
    book.save(path)
    found = nv.read_table(path, "y", drop="when")
    assert found.inputs.tolist() == [[Fraction(391, 10)], [HALF]], "the decimals that stand in the sheet"
    assert found.done == ("Excel, sheet 'Sheet', the first of 2", "column when left out")


def test_without_the_package_its_name_is_said(tmp_path, monkeypatch):
    from neurovariety.tables import columnar_files

    def absent(name):
        raise ImportError(name)

    monkeypatch.setattr(columnar_files.importlib, "import_module", absent)
    for mark, what, package in ((b"PAR1", "Parquet", "pyarrow"), (archive(**{"xl/workbook.xml": ""}), "Excel", "openpyxl")):
        path = tmp_path / "table.csv"
        path.write_bytes(mark)
        with pytest.raises(nv.DataError, match=rf"is {what}, which needs {package}: pip install 'neurovariety\[tables\]'"):
            nv.read_table(path)
