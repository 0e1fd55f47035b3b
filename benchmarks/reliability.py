"""Is a count right on every seed? `python -m benchmarks.reliability` runs hundreds of seeds and can be stopped and started again.

Each run is a line of benchmarks/results/reliability.jsonl; runs that are there are not repeated. The table goes to
benchmarks/results/reliability.md. A run is *complete* (claimed and right), *honest* (a lower bound that is one), or *wrong*.
``--seeds N`` asks for N seeds of each problem with at most 300 solutions, and N/10 of the larger ones.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from neurovariety import Claim, as_model, degree, ed_degree, fibers, ml_degree, sample_complexity

FOLDER = Path(__file__).parent / "results"
LARGE = 300

DEGREES = {
    "linear(2,1,2)": 2,
    "linear(3,2,3)": 3,
    "mlp(2,2,1; x^4)": 3,
    "mlp(2,2,1; x^3 + x^2)": 3,
    "cnn(2,2; x^2)": 4,
    "mlp(2,2,1; x^5)": 6,
    "mlp(2,3,1; x^7)": 10,
    "cnn(3,2; x^2)": 12,
    "mlp(3,2,1; x^3)": 15,
    "linear(4,2,4)": 20,
    "mlp(3,3,3; x^2)": 30,
    "mlp(3,2,2,1; x^2)": 45,
    "cnn(2,2,2; x^2)": 48,
    "linear(5,3,5)": 50,
    "mlp(2,2,2,1; x^3)": 70,
    "mlp(3,2,1; x^4)": 75,
    "mlp(3,3,1; x^4)": 112,
    "mlp(4,2,1; x^3)": 175,
    "linear(5,2,5)": 175,
    "mlp(3,2,1; x^6)": 510,
    "cp(3,3,3; rank=2)": 783,
    "linear(6,3,6)": 980,
    "mlp(4,2,1; x^4)": 1470,
    "mlp(5,2,1; x^3)": 1855,
}
"""Degrees known from formulas, from two systems, or from Groebner bases; see tests/architectures/test_degrees.py."""


FIBERS = {
    "mlp(2,2,1; x^3)": 1,
    "mlp(2,2,1; x^4)": 1,
    "mlp(2,2,2; x^2)": 1,
    "mlp(3,2,1; x^3)": 1,
    "linear(3,2,3)": 1,
    "attention(2,1; a=1; t=2)": 2,
    "cnn(3,2; x)": 3,
    "cnn(2,2,2; x)": 6,
}
"""Points of the generic fiber modulo the stated symmetries."""

SAMPLES = {"mlp(2,2,1; x^4)": 3, "mlp(2,2,1; x^5)": 6, "mlp(3,2,1; x^2)": 3, "cnn(2,2; x^2)": 4, "mlp(3,2,1; x^3)": 15}
"""Functions left by as many samples as leave finitely many: the degree, for these."""


ED_DEGREES = {
    "linear(2,1,2)": 6,
    "mlp(2,2,1; x^4)": 13,
    "mlp(3,2,1; x^2)": 13,
    "cnn(2,2; x^2)": 14,
    "attention(2,1; a=2; t=2)": 14,
    "mlp(2,2,1; x^5)": 34,
    "cnn(2,2,2; x; strides=2,2,1)": 34,
    "linear(3,1,3)": 39,
    "linear(3,2,3)": 39,
    "mlp(3,1,1; x^3)": 39,
    "mlp(2,2,1; x^3 + x^2)": 39,
    "mlp(2,2,3; x^2)": 39,
    "cnn(3,2; x^2)": 79,
    "mlp(4,2,1; x^2)": 122,
    "mlp(3,2,1; x^3)": 219,
    "linear(4,1,4)": 284,
    "linear(4,3,4)": 284,
    "mlp(5,2,1; x^2)": 1042,
    "linear(4,2,4)": 1350,
}
"""Generic ED degrees: formulas, Macaulay2 and Singular; see tests/reference/ed_degrees.json."""

STATED = {
    "linear(3,1,3) frobenius": 3,
    "linear(4,1,4) frobenius": 4,
    "mlp(2,2,1; x^4) bombieri": 7,
    "mlp(3,1,1; x^4) bombieri": 13,
    "mlp(4,2,1; x^2) gaussian": 6,
    "cnn(3,2; x; strides=2,1) frobenius": 10,
}
"""ED degrees of stated quadrics."""

ML_DEGREES = {"linear(3,1,3)": 1, "mlp(3,2,1; x^2)": 6, "linear(3,2,3)": 10, "linear(4,2,3)": 26, "linear(4,2,4)": 191}


def _degree(text: str, seed: int) -> tuple[int, bool]:
    found = degree(as_model(text), route="computed", seed=seed)
    return found.value, found.claim is Claim.COMPLETE


def _fiber(text: str, seed: int) -> tuple[int, bool]:
    found = fibers(as_model(text), route="computed", seed=seed)
    return found.value["cardinality"] or 0, found.claim is Claim.COMPLETE


def _samples(text: str, seed: int) -> tuple[int, bool]:
    found = sample_complexity(as_model(text), seed=seed)
    counts = found.value["functions"]
    return next(iter(counts.values()), 0), found.claim is Claim.COMPLETE and found.value["unique"] is not None


def _ed_degree(text: str, seed: int) -> tuple[int, bool]:
    found = ed_degree(as_model(text), route="computed", seed=seed)
    return found.value, found.claim is Claim.COMPLETE


def _stated(text: str, seed: int) -> tuple[int, bool]:
    architecture, metric = text.rsplit(" ", 1)
    found = ed_degree(as_model(architecture), metric=metric, route="computed", seed=seed)
    return found.value, found.claim is Claim.COMPLETE


def _ml_degree(text: str, seed: int) -> tuple[int, bool]:
    found = ml_degree(as_model(text), seed=seed)
    return found.value, found.claim is Claim.COMPLETE


QUESTIONS: dict[str, tuple[dict[str, int], Callable[[str, int], tuple[int, bool]]]] = {
    "degree": (DEGREES, _degree),
    "fiber": (FIBERS, _fiber),
    "samples": (SAMPLES, _samples),
    "ED degree": (ED_DEGREES, _ed_degree),
    "ED degree, stated": (STATED, _stated),
    "ML degree": (ML_DEGREES, _ml_degree),
}


def main() -> None:
    """Run what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    FOLDER.mkdir(exist_ok=True)
    file = FOLDER / "reliability.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    done = {(r["question"], r["problem"], r["seed"]) for r in rows}
    with file.open("a") as out:
        for question, (problems, run) in QUESTIONS.items():
            for text, known in problems.items():
                for seed in range(seeds if known <= LARGE else max(1, seeds // 10)):
                    if (question, text, seed) in done:
                        continue
                    start = time.process_time()
                    value, complete = run(text, seed)
                    row = {
                        "question": question,
                        "problem": text,
                        "known": known,
                        "seed": seed,
                        "value": value,
                        "complete": complete,
                        "seconds": round(time.process_time() - start, 3),
                    }
                    rows.append(row)
                    out.write(json.dumps(row) + "\n")
                    out.flush()
                print(table_row(question, text, known, rows), flush=True)
    (FOLDER / "reliability.md").write_text(table(rows), encoding="utf-8")


def table(rows: list[dict[str, Any]]) -> str:
    """The whole table as markdown."""
    lines = [
        "# Reliability",
        "",
        "Written by `python -m benchmarks.reliability`: runs with different seeds, CPU seconds of the median run.",
        "",
    ]
    lines += [
        "| question | problem | known | runs | complete | honest lower bound | wrong | CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for question, (problems, _) in QUESTIONS.items():
        run = {r["problem"] for r in rows if r["question"] == question}
        lines += [table_row(question, text, known, rows) for text, known in problems.items() if text in run]
    return "\n".join(lines) + "\n"


def table_row(question: str, text: str, known: int, rows: list[dict[str, Any]]) -> str:
    """One problem: how many runs were complete, honest, wrong."""
    mine = [r for r in rows if (r["question"], r["problem"]) == (question, text)]
    complete = sum(r["complete"] and r["value"] == known for r in mine)
    honest = sum(not r["complete"] and r["value"] <= known for r in mine)
    seconds = statistics.median(r["seconds"] for r in mine) if mine else 0.0
    return (
        f"| {question} | `{text}` | {known} | {len(mine)} | {complete} | {honest} | {len(mine) - complete - honest} | {seconds:.3f} |"
    )


if __name__ == "__main__":
    main()
