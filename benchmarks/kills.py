"""A long monodromy run that is killed at random moments and resumed from its file.

Run: ``python -m benchmarks.kills [KILLS]``. Each life of the process is ended by SIGKILL after a random time; at last it may finish,
and its answer is compared with that of an undisturbed run.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROBLEM = "cnn(3,3,3; x^2)"


def answer(kept: Path | None, limit: float | None = None) -> str | None:
    """The degree as the command line prints it in JSON; nothing where the process was killed after ``limit`` seconds."""
    command = [str(Path(sys.executable).with_name("neurovariety")), "degree", PROBLEM, "--route", "computed", "--seed", "1", "--json"]
    command += ["--resume", str(kept)] if kept else []
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        return process.communicate(timeout=limit)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None


def main(kills: int) -> None:
    """Print each life and whether the answers agree."""
    start = time.perf_counter()
    expected = answer(None)
    if expected is None or not _value(expected)[0]:
        raise SystemExit(f"the undisturbed run gave no answer: {expected!r}")
    alone = time.perf_counter() - start
    print(f"undisturbed: {alone:.1f} s", flush=True)
    draw = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        kept, killed = Path(folder) / "run", 0
        while killed < kills:
            found = answer(kept, draw.uniform(0.5, alone))
            if found is not None:
                # it finished before its time: what it left is kept, a new run starts
                same = _value(found) == _value(expected)
                print(f"after {killed} kills: finished, {'same answer' if same else 'ANOTHER ANSWER'}", flush=True)
                kept = Path(folder) / f"run{killed}"
                continue
            killed += 1
        found = answer(kept)
    print(f"after {killed} kills: {'same answer' if _value(found) == _value(expected) else 'ANOTHER ANSWER'}")


def _value(text: str | None) -> object:
    found = json.loads(text or "{}")
    return found.get("value"), found.get("claim")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
