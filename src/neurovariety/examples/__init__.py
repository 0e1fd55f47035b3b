"""Data sets and trained networks that come with the package. Their origins and licences stand in `README.md` beside them."""

from __future__ import annotations

from pathlib import Path

from neurovariety.dataset import Dataset
from neurovariety.errors import DataError
from neurovariety.tables.read_table import read_csv

FOLDER = Path(__file__).parent
TARGETS = {"penguins": "body_mass_g", "trees": "volume_ft3", "cars": "distance_ft"}
"""Each data set, with the column that a network is asked to predict from the others."""


def names() -> tuple[str, ...]:
    """The files: tables (`.csv`) and trained networks (`.onnx`)."""
    return tuple(sorted(file.name for file in FOLDER.iterdir() if file.suffix in (".csv", ".onnx")))


def path(name: str) -> Path:
    """Where the file of that name lies, for whatever takes a path. Raises `DataError` where there is none, naming those there are."""
    if name not in names():
        raise DataError(f"there is no example {name!r}; the examples are {', '.join(names())}")
    return FOLDER / name


def penguins() -> Dataset:
    """Body mass of 342 penguins from their bill length and depth and their flipper length."""
    return _table("penguins")


def trees() -> Dataset:
    """Timber of 31 cherry trees from their girth and height."""
    return _table("trees")


def cars() -> Dataset:
    """Stopping distance of 50 cars of the 1920s from their speed."""
    return _table("cars")


def _table(name: str) -> Dataset:
    return read_csv(path(f"{name}.csv"), TARGETS[name])
