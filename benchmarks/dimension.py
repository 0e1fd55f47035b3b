"""Dimensions: seconds of the computation alone, beside Macaulay2 in the same run; throughput over small architectures; peak memory.

Run: ``python benchmarks/dimension.py`` (about 4 minutes on 2 cores with Macaulay2; ``--quick`` leaves out the large ones).
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import subprocess
import sys
import time
from typing import Any

Row = dict[str, Any]

EXPECTED = {
    "mlp(4,5,4,2; x^2)": 39,
    "mlp(5,6,5,3; x^2)": 64,
    "mlp(8,10,8,4; x^2)": 174,
    "mlp(16,20,16,8; x^2)": 732,
    "mlp(32,40,32,16; x^2)": 3000,
    "mlp(3,80,80,80,80,3; x^6)": 15040,
}
_OURS = """
import json, resource, sys, time
import neurovariety as nv
nv.dimension("mlp(2,2,1; x^2)")
before = resource.getrusage(resource.RUSAGE_SELF)
start = time.perf_counter()
result = nv.dimension(sys.argv[1])
seconds = time.perf_counter() - start
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
# VmHWM, unlike ru_maxrss, does not begin at the peak of the process that started this one.
peak = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM:"))
print(json.dumps([result.value, str(result.claim), seconds, cpu, peak / 2**20]))
"""


def ours(notation: str) -> Row:
    """One dimension in a fresh process: start-up and compilation of kernels are not counted, tracing is."""
    done = subprocess.run([sys.executable, "-c", _OURS, notation], capture_output=True, text=True, check=True)
    value, claim, seconds, cpu, memory = json.loads(done.stdout)
    return {
        "tool": "neurovariety",
        "problem": notation,
        "value": value,
        "claim": claim,
        "seconds": round(seconds, 3),
        "CPU": round(cpu, 3),
        "peak GiB": round(memory, 2),
        "correct": value == EXPECTED[notation],
    }


def macaulay2(notation: str) -> Row:
    """The symbolic way: expand the network over CC, then the rank of its Jacobian by `numericalImageDim`; CPU of that alone."""
    widths = [int(w) for w in notation[4:].split(";")[0].split(",")]
    if shutil.which("M2") is None:
        return {"tool": "Macaulay2", "problem": notation, "value": "not installed"}
    n = sum(a * b for a, b in itertools.pairwise(widths))
    script = f'needsPackage "NumericalImplicitization"; t = cpuTime();\nR = CC[w_0..w_{n - 1}]; S = R[x_1..x_{widths[0]}];\n'
    script += "h = transpose matrix{toList(x_1..x_" + str(widths[0]) + ")};\n"
    at = 0
    for layer, (a, b) in enumerate(itertools.pairwise(widths)):
        script += f"h = sub(map(R^{b}, R^{a}, (i,j) -> w_({at} + {a}*i + j)), S) * h;\n"
        if layer < len(widths) - 2:
            script += "h = matrix apply(entries h, row -> apply(row, e -> e^2));\n"
        at += a * b
    script += "F = sub((coefficients h)#1, R); F = matrix{unique select(flatten entries F, e -> e != 0)};\n"
    script += 'd = numericalImageDim(F, ideal 0_R); print("answer " | toString d | " " | toString(cpuTime() - t));\n'
    try:
        done = subprocess.run(["M2", "--silent", "--stop"], input=script, capture_output=True, text=True, timeout=300, check=False)
    except subprocess.TimeoutExpired:
        return {"tool": "Macaulay2", "problem": notation, "value": "none in 300 s"}
    found = [line.split() for line in done.stdout.splitlines() if line.startswith("answer ")]
    if not found:
        return {"tool": "Macaulay2", "problem": notation, "value": "failed"}
    value, cpu = int(found[0][1]), float(found[0][2])
    row = {"tool": "Macaulay2", "problem": notation, "value": value, "CPU": round(cpu, 2)}
    return row | {"correct": value == EXPECTED[notation]}


def throughput(count: int = 400, seed: int = 0) -> Row:
    """Random monomial networks of at most 60 parameters, one process: architectures an hour, and how many were proved."""
    code = (
        "import json, sys, time, neurovariety as nv; nv.dimension('mlp(2,2,1; x^2)'); c = time.process_time();"
        "r = [nv.dimension(a) for a in sys.stdin.read().split('\\n')]; c = time.process_time() - c;"
        "print(json.dumps([c, [x.value for x in r], sum(x.claim == 'proved' for x in r)]))"
    )
    rng = random.Random(seed)
    names: list[str] = []
    while len(names) < count:
        widths = [rng.randint(1, 6) for _ in range(rng.randint(3, 7))]
        if sum(a * b for a, b in itertools.pairwise(widths)) <= 60:
            names.append(f"mlp({','.join(map(str, widths))}; x^{rng.randint(2, 4)})")
    done = subprocess.run([sys.executable, "-c", code], input="\n".join(names), capture_output=True, text=True, check=True)
    cpu, _, proved = json.loads(done.stdout)
    return {
        "tool": "neurovariety",
        "problem": f"{count} random networks of at most 60 parameters",
        "value": f"{round(3600 * count / cpu):,} an hour and core",
        "claim": f"{proved} proved",
        "CPU": round(cpu, 1),
        "correct": proved == count,
    }


def rows(quick: bool = False) -> list[Row]:
    """All rows, our own beside Macaulay2's for the problems that it can do."""
    out = [throughput()]
    for notation in EXPECTED:
        if quick and EXPECTED[notation] > 1000:
            continue
        out.append(ours(notation))
        if EXPECTED[notation] <= 64:
            peer = macaulay2(notation)
            if isinstance(peer.get("CPU"), float) and out[-1]["CPU"]:
                out[-1]["times faster"] = round(peer["CPU"] / out[-1]["CPU"])
            out.append(peer)
    return out


def show(table: list[Row]) -> None:
    """Print the rows as they are, one a line."""
    for row in table:
        print("  ".join(f"{k}={v}" for k, v in row.items()), flush=True)


if __name__ == "__main__":
    started = time.time()
    show(rows("--quick" in sys.argv))
    print(f"{time.time() - started:.0f} s")
