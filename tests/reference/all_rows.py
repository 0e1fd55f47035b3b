"""All 12,907 rows of the minimal-filling data set through the command line: time, agreement, claims."""

from __future__ import annotations

import collections
import csv
import json
import subprocess
import sys
import time
from pathlib import Path


def main() -> int:
    """Run the command, compare every dimension, print what was proved; exit status 1 where a row differs."""
    here = Path(__file__).parent
    rows = list(csv.DictReader((here / "monomial_mlp_dimensions.csv").open(encoding="utf-8")))
    lines = "\n".join(f"mlp({r['widths'].replace('-', ',')}; x^{r['exponent']})" for r in rows)
    start = time.perf_counter()
    command = [sys.executable, "-c", "from neurovariety.cli.main import main; main()", "dimension", "-", "--json"]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [
        (r["widths"], r["dimension"], a.get("value"))
        for r, a in zip(rows, answers, strict=False)
        if a.get("value") != int(r["dimension"])
    ]
    for widths, expected, found in wrong[:20]:
        print(f"{widths}: expected {expected}, found {found}")
    claims = collections.Counter(a.get("claim", "error") for a in answers)
    print(f"{len(answers) - len(wrong)} of {len(rows)} rows agree in {seconds:.0f} s; {dict(claims)}")
    return 1 if wrong or len(answers) != len(rows) else 0


if __name__ == "__main__":
    sys.exit(main())
