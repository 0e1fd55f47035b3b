"""What reports say of twelve architectures, in the tests as stored texts: a sentence a line, to be read whole.

``python -m benchmarks.report_texts`` writes ``tests/report/texts``, with names only those, with ``--cheap`` only the rows that
`tests/report/test_report_texts.py` computes again (`CHEAP`), the others as they are stored. A row is written as soon as it is known.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from neurovariety import examples
from neurovariety.architectures import as_model
from neurovariety.dataset import Dataset
from neurovariety.report.build import asked_of, row_of, steps_of
from neurovariety.report.row import Row

TEXTS = Path(__file__).parents[1] / "tests" / "report" / "texts"
ARCHITECTURES = {
    "squares": "mlp(2,2,1; x^2)",
    "squares-two-outputs": "mlp(2,3,2; x^2)",
    "squares-bias": "mlp(3,2,1; x^2; bias)",
    "cubes-bias": "mlp(1,2,1; x^3; bias)",
    "mixed-degrees": "mlp(2,1,1; x^2 + x)",
    "linear": "linear(3,2,3)",
    "bottleneck": "linear(2,1,2)",
    "filters": "cnn(2,2; x^2)",
    "attention": "attention(2,2; a=1; t=2)",
    "tensor-train": "tt(2,2,2; ranks=2,2)",
    "skip": "sequence(linear(2,1); residual(mlp(1,1,1; x^2)))",
    "rational": "ratio(linear(2,1); linear(2,1))",
}
CHEAP = frozenset(
    {
        *("ambient", "components", "dimension", "equations", "membership", "point-count", "symmetries", "learning-coefficient"),
        *("covering", "subnetworks", "critical-locus", "conservation", "data"),
    }
)
"""Entries that take no second: their rows are computed in the tests."""


def data_of(notation: str) -> Dataset:
    """The example data, or made ones where none fit."""
    model = as_model(notation)
    for known in (examples.cars, examples.trees, examples.penguins):
        found = known()
        if (found.inputs.shape[1], found.targets.shape[1]) == (model.inputs, model.outputs):
            return found
    names = tuple(f"a{k}" for k in range(model.inputs)), tuple(f"b{k}" for k in range(model.outputs))
    inputs, targets = (_table(12, len(n), modulus) for n, modulus in zip(names, (7, 5), strict=True))
    return Dataset("made data", *names, inputs, targets)


def _table(samples: int, columns: int, modulus: int) -> np.ndarray[Any, np.dtype[Any]]:
    """Small whole numbers in no order that matters."""
    numbers = [[Fraction((k * k * (j + 2) + 3 * j) % modulus - modulus // 2) for j in range(columns)] for k in range(samples)]
    return np.array(numbers, dtype=object).reshape(samples, columns)


def rows(notation: str, cheap: bool = False) -> Iterator[Row]:
    """The rows of a report of the architecture, one after another."""
    data = data_of(notation)
    yield from (row_of(e, answer) for e, answer in steps_of(as_model(notation), data) if not cheap or e.name in CHEAP)


def text_of(row: Row) -> str:
    """A row as it is stored: entry, claim and value, then a sentence a line, then what is noted."""
    if row.result is None:
        return f"{row.entry.name} [none]\n  {row.placed(row.problem)}\n"
    notes = [f"note: {row.placed(n)}" for n in row.result.notices]
    lines = [f"{row.entry.name} [{row.result.claim}] {row.result.shown()}", *sentences_of(row.result.meaning), *notes]
    return "\n  ".join(lines) + "\n"


def sentences_of(meaning: str) -> list[str]:
    """The sentences of a meaning; a semicolon in brackets is one of a notation."""
    found, depth = [""], 0
    for piece in re.split(r"([()]|; )", meaning):
        depth += (piece == "(") - (piece == ")")
        if piece == "; " and not depth:
            found.append("")
        else:
            found[-1] += piece
    return found


def stored(name: str) -> dict[str, str]:
    """The stored rows by entry."""
    path = TEXTS / f"{name}.txt"
    parts = path.read_text(encoding="utf-8").split("\n\n")[1:] if path.exists() else []
    return {part.split(" ", 1)[0]: part.rstrip("\n") + "\n" for part in parts}


def write(name: str, found: dict[str, str]) -> None:
    """Keep the rows of an architecture, in the order of a report."""
    notation = ARCHITECTURES[name]
    order = [e.name for e in asked_of(data_of(notation)) if e.name in found]
    TEXTS.mkdir(exist_ok=True)
    (TEXTS / f"{name}.txt").write_text("\n".join([f"{notation}\n", *(found[e] for e in order)]), encoding="utf-8")


def main() -> None:
    """Compute and store."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report_texts", description="Store what reports say.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(ARCHITECTURES)}; all where none is named")
    parser.add_argument("--cheap", action="store_true", help="only the rows that the tests compute")
    asked = parser.parse_args()
    for name in asked.names or ARCHITECTURES:
        found = stored(name)
        for row in rows(ARCHITECTURES[name], asked.cheap):
            found[row.entry.name] = text_of(row)
            write(name, found)
        print(name, flush=True)


if __name__ == "__main__":
    main()
