"""Regions beside affinitree and regioncam: the same random ReLU networks in one run, with the count of each and its time.

Run: ``python -m benchmarks.regions_beside_others [PYTHON]``, with an interpreter that has the peers, or they are installed in an
environment that is removed at the end. Each tool runs in a process of its own, and its time is that of the processor for the regions
alone, imports and smaller networks before left out. Writes ``benchmarks/results/regions_beside_others.md``, a table of the
documentation.

Networks: ``rng = default_rng(0)``, first all weights ``rng.normal(size=(out, in)) * sqrt(2 / in)``, then all biases ``0.5 *
rng.normal(size=out)``. A count is right if it is that of neurovariety, which proves it; the counts over the whole space of the first
four are also those of an exact subdivision in another program (520, 3954, 6742, 7655). The last row is a number of degenerate networks:
whole weights and biases from -1 to 1, so units are dead, equal, opposite or parallel, and lines meet in one point.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

PACKAGES = ("affinitree==0.23.*", "regioncam==0.5.*")
BOX = 4.0
"""Half the side of the square, for those asked in a box."""
QUESTIONS: tuple[tuple[tuple[int, ...], bool], ...] = (
    ((2, 16, 16, 1), False),
    ((3, 16, 16, 1), False),
    ((4, 10, 10, 1), False),
    ((2, 64, 64, 1), False),
    ((2, 16, 16, 1), True),
    ((2, 64, 64, 1), True),
)
DEGENERATE = 30
SECONDS = 600
_RESULTS = Path(__file__).parent / "results" / "regions_beside_others.md"

_DRAWN = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np

def drawn(widths):
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=(b, a)) * np.sqrt(2 / a) for a, b in zip(widths, widths[1:])]
    return weights, [0.5 * rng.normal(size=b) for b in widths[1:]]
"""

_TOOLS = {
    "neurovariety": """
import neurovariety as nv
def count(weights, biases, box):
    named = {f"W{k}": w for k, w in enumerate(weights, 1)} | {f"b{k}": b for k, b in enumerate(biases, 1)}
    widths = ",".join(map(str, [weights[0].shape[1], *(len(w) for w in weights)]))
    found = nv.regions(named, architecture=f"mlp({widths}; relu; bias)", box=(-box, box) if box else None, limit=10**7)
    return found.value["activation_regions"]
count(*drawn((3, 16, 16, 1)), 0.0)  # loads what is compiled
""",
    "affinitree": """
import affinitree as af
def count(weights, biases, box):
    layers = af.Architecture(weights[0].shape[1])
    for k, (w, b) in enumerate(zip(weights, biases)):
        layers.linear(af.AffFunc.from_mats(w, b))
        if k < len(weights) - 1:
            layers.relu()
    return af.builder.from_layers(layers).num_terminals()
""",
    "regioncam": """
import regioncam as rc
def count(weights, biases, box):
    found = rc.Regioncam(box)
    for k, (w, b) in enumerate(zip(weights, biases)):
        found.linear(np.ascontiguousarray(w.T, dtype=np.float32), b.astype(np.float32))
        if k < len(weights) - 1:
            found.relu()
    return found.num_faces
""",
}

_DEGENERATE = """
counts = []
for seed in range(%d):
    rng = np.random.default_rng(seed)
    widths = [2 + seed %% 2, 4, 3, 1]
    weights = [rng.integers(-1, 2, size=(b, a)).astype(float) for a, b in zip(widths, widths[1:])]
    counts.append(count(weights, [rng.integers(-1, 2, size=b).astype(float) for b in widths[1:]], 0.0))
print(json.dumps({"counts": counts}))
"""

_END = """
count(*drawn((widths[0], 12, 12, 1)), box)
weights, biases = drawn(widths)
start = time.process_time()
found = count(weights, biases, box)
seconds = time.process_time() - start
print(json.dumps({"count": found, "seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def measured(widths: tuple[int, ...], box: float, tool: str, peers: str) -> dict[str, Any]:
    """What one tool counts, in a process of its own; without widths, of the degenerate networks."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
    if tool == "neurovariety":
        environment["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH", "")])
    else:
        environment.pop("PYTHONPATH", None)
    asked = f"widths, box = {widths}, {box}\n{_END}" if widths else _DEGENERATE % DEGENERATE
    command = [sys.executable if tool == "neurovariety" else peers, "-c", f"{_DRAWN}{_TOOLS[tool]}\n{asked}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def main() -> None:
    """Print the table and store it."""
    lines = ["| network | inputs | tool | regions | right | CPU s | MB |", "|---|---|---|---|---|---|---|"]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as place:
        peers = sys.argv[1] if len(sys.argv) > 1 else str(Path(place) / "bin" / "python")
        if len(sys.argv) < 2:
            venv.create(place, with_pip=True)
            subprocess.run([peers, "-m", "pip", "install", "--quiet", *PACKAGES], check=True, capture_output=True)
        for widths, boxed in QUESTIONS:
            truth = None
            for tool in ("neurovariety", "regioncam" if boxed else "affinitree"):
                found = measured(widths, BOX if boxed else 0.0, tool, peers)
                truth = found["count"] if truth is None else truth
                right = "proved" if tool == "neurovariety" else "yes" if found["count"] == truth else "no"
                inputs = f"\\|x\\| <= {BOX:g}" if boxed else "all"
                lines.append(
                    f"| {widths} | {inputs} | {tool} | {found['count']:,} | {right} | {found['seconds']:.3f} | {found['memory']:,.0f} |"
                )
                print(lines[-1], flush=True)
        own, other = (measured((), 0.0, tool, peers)["counts"] for tool in ("neurovariety", "affinitree"))
        wrong = sum(a != b for a, b in zip(own, other, strict=True))
        lines.append(f"| {DEGENERATE} degenerate | all | affinitree | {sum(other):,} for {sum(own):,} | {wrong} wrong | | |")
        print(lines[-1])
    _RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
