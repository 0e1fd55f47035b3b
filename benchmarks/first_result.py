"""How long a first question takes: whole commands in new processes, seconds and largest memory, correctness beside each time.

Run: ``python -m benchmarks.first_result`` (a minute). Seconds are those of the process, imports and all, by the clock and of the
processor; the median of three.
The compiled loops are taken from numba's cache on disk, as in every run but the first after an installation.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time

from benchmarks.dimension import Row, show

COMMANDS = {
    "mlp(2,3,1; x^2)": (3, (1.0, 0.5)),
    "cnn(3x3,3x3; x^2; channels=1,8,16; input=28x28)": (1216, (5.0, 1.0)),
    "attention(8,8; a=4; t=40)": (111, (5.0, 1.0)),
    "gnn(cycle(60); 4,16,16; x^2)": (624, (5.0, 1.0)),
}
"""Architecture -> dimension, seconds and GiB that are aimed at."""

USERS = ("stacked", "gathered", "updated")
"""A user's function of 25 parameters with 20 coordinates, written in three ways; its dimension is 25, and 2 seconds are aimed at."""

_COMMAND = """
import sys
from neurovariety.cli.main import main
try:
    main(["dimension", sys.argv[1], "--json"])
except SystemExit:
    pass
"""
_FUNCTION = """
import json, sys
import jax.numpy as jnp
import neurovariety as nv

def stacked(w, x):
    return jnp.stack([
        w[3 * i % 25] * w[(5 * i + 1) % 25] * x[0] + w[(7 * i + 2) % 25] ** 2 * x[1] + w[i] * w[i + 5] for i in range(20)
    ])

def gathered(w, x):
    i = jnp.arange(20)
    return w[3 * i % 25] * w[(5 * i + 1) % 25] * x[0] + w[(7 * i + 2) % 25] ** 2 * x[1] + w[i] * w[i + 5]

def updated(w, x):
    out = jnp.zeros(20)
    for i in range(20):
        out = out.at[i].set(w[3 * i % 25] * w[(5 * i + 1) % 25] * x[0] + w[(7 * i + 2) % 25] ** 2 * x[1])
    return out.at[jnp.arange(20)].add(w[:20] * w[5:])

print(json.dumps(nv.dimension(nv.as_model(globals()[sys.argv[1]], (25,), input_shape=2)).to_dict()))
"""
_USAGE = """
import resource
used = resource.getrusage(resource.RUSAGE_SELF)
# VmHWM, unlike ru_maxrss, does not begin at the peak of the process that started this one.
peak = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM:"))
print(used.ru_utime + used.ru_stime, peak / 2**20)
"""


def measured(problem: str, program: str, argument: str, value: int, aims: tuple[float, float]) -> Row:
    """The median of three processes that run ``program`` with ``argument``, which prints a result as JSON."""
    seconds, processor, memory, found = [], [], [], []
    for _ in range(3):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", program + _USAGE, argument], capture_output=True, text=True, check=True)
        seconds.append(time.perf_counter() - start)
        result, usage = done.stdout.splitlines()
        found.append(json.loads(result))
        cpu, peak = usage.split()
        processor.append(float(cpu))
        memory.append(float(peak))
    return {
        "problem": problem,
        "value": found[0]["value"],
        "claim": found[0]["claim"],
        "seconds": round(statistics.median(seconds), 2),
        "aim": aims[0],
        "CPU": round(statistics.median(processor), 2),
        "peak GiB": round(max(memory), 2),
        "aim in GiB": aims[1],
        "correct": all(f["value"] == value for f in found),
    }


def rows(quick: bool = False) -> list[Row]:
    """Commands, then a user's functions."""
    out = [measured(f"dimension {name}", _COMMAND, name, value, aims) for name, (value, aims) in COMMANDS.items()]
    return out + [measured(f"dimension of a user's function, {name}", _FUNCTION, name, 25, (2.0, 0.5)) for name in USERS]


if __name__ == "__main__":
    show(rows())
