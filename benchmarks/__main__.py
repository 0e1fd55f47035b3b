"""Every benchmark in one run, ours beside the peers that are installed; writes benchmarks/results/latest.md."""

from __future__ import annotations

import argparse
import platform
import time
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

from benchmarks import critical_points, dimension, equations, first_result, homotopy, jacobians, linear_algebra, training

TITLES = {
    "First results (whole processes, imports included)": first_result.rows,
    "Exact ranks mod p (2/3 n^3 operations counted; conversion excluded)": linear_algebra.rows,
    "Dimensions (the computation alone, tracing included)": dimension.rows,
    "Jacobians mod p of structured models, each followed by a dense one of its size": jacobians.rows,
    "Equations up to a degree, each verified to vanish identically": equations.rows,
    "Degrees and total degree homotopies (CPU seconds of the computation alone)": homotopy.rows,
    "ED degrees (CPU seconds of the computation alone)": critical_points.rows,
    "Landscapes for many targets (CPU seconds of the computation alone)": training.rows,
}


def main() -> None:
    """Run, print as the rows come, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the smallest sizes; nothing is written")
    quick: bool = parser.parse_args().quick
    text = f"# Benchmarks\n\nWritten by `make benchmark` on {time.strftime('%Y-%m-%d')}, {machine()}.\n"
    for title, rows in TITLES.items():
        print(f"== {title}", flush=True)
        table = rows(quick)
        dimension.show(table)
        text += f"\n## {title}\n\n{markdown(table)}"
    if not quick:
        target = Path(__file__).parent / "results" / "latest.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, encoding="utf-8")
        print(f"wrote {target.relative_to(Path.cwd()) if target.is_relative_to(Path.cwd()) else target.name}")


def machine() -> str:
    """The processor's cores and BLAS, without naming the machine."""
    blas = next((f"{i['internal_api']} {i['version']}" for i in threadpool_info() if i["user_api"] == "blas"), "no BLAS")
    threads = next((i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"), 1)
    return f"{platform.machine()}, {threads} threads, {blas}, Python {platform.python_version()}"


def markdown(table: list[dict[str, Any]]) -> str:
    """The rows as a table; columns in the order of their first appearance."""
    columns = list(dict.fromkeys(key for row in table for key in row))
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(str(row.get(c, "")) for c in columns) + " |" for row in table]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
