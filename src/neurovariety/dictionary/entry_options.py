"""Options that several entries share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from neurovariety.options import FileName, Option

Resume = Annotated[
    str | Path | None,
    Option("file in which a long count is kept; the same command goes on from it", was="checkpoint"),
    FileName(),
]

ExactNumbers = Sequence[Any]
"""Exact numbers: ints, Fractions, texts such as 1/3; a float is its exact binary value."""

Inputs = Annotated[
    Any,
    Option(
        "file with a table (CSV, Excel, Parquet, NumPy), for --metric data",
        kind="table",
        columns="columns of --data that are no inputs, separated by commas",
    ),
]
"""Inputs of a data set, for entries whose ``metric`` may be that of data."""

Ground = Literal["line", "discrete", "circle"] | Sequence[Sequence[float]] | np.ndarray
"""How far masses are apart, in a word or as a table of distances."""
