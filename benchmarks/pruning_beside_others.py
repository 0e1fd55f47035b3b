"""Pruning beside torch-pruning and onnxsim: the same files in one run, with what each leaves, its time, and how far outputs are then.

Run: ``python -m benchmarks.pruning_beside_others``. torchvision, torch-pruning and onnxsim are downloaded into a folder that is removed
at the end, never installed; each tool runs in a process of its own. Writes ``benchmarks/results/pruning_beside_others.md``, a table of
the documentation.

The networks have channels that do nothing: their rows of weights and biases, or the scale and shift of their batch norm, are 0. What
is compared is not the same work. neurovariety finds such channels and proves that the function stays; torch-pruning is told how many
channels to take away in each layer and takes those of least norm; onnxsim folds constants and joins operators and removes no channel.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = ("torchvision==0.28.*", "torch-pruning==1.6.*", "onnxsim==0.8.*")
NETWORKS = {
    "cnn": "CNN of 3,000 parameters on 96 x 96",
    "mlp": "MLP 512-1024-1024-256, 2 million",
    "resnet": "ResNet-18 on 224 x 224, 10 % of inner channels dead",
}
TOOLS = ("neurovariety", "torch-pruning", "onnxsim")
SECONDS = 600
_RESULTS = Path(__file__).parent / "results" / "pruning_beside_others.md"

_MODELS = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
from torch import nn
torch.manual_seed(0)
torch.set_num_threads(1)

def dead(layers, part):
    # layers: (layer, its batch norm or None); the last channels of each do nothing
    gone = 0
    with torch.no_grad():
        for layer, norm in layers:
            k = max(1, round(part * len(layer.weight)))
            gone += k
            for values in (layer.weight, layer.bias, *((norm.weight, norm.bias, norm.running_mean) if norm is not None else ())):
                if values is not None:
                    values[-k:] = 0
    return gone

def cnn():
    m = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(),
                      nn.MaxPool2d(2), nn.Conv2d(12, 16, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                      nn.Linear(16, 10))
    return m, (3, 96, 96), dead([(m[0], None), (m[3], None), (m[6], None)], 0.25), 0.25

def mlp():
    m = nn.Sequential(nn.Linear(512, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 256))
    return m, (512,), dead([(m[0], None), (m[2], None)], 0.1), 0.1

def resnet():
    # the wheel of PyPI has its operators for another build of torch: it imports where those that it asks for are declared
    lib = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        lib.define(operator + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision
    m = torchvision.models.resnet18(weights=None)
    for layer in m.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1); layer.running_var.uniform_(0.5, 2)
    blocks = [b for n in ("layer1", "layer2", "layer3", "layer4") for b in getattr(m, n)]
    return m, (3, 224, 224), dead([(b.conv1, b.bn1) for b in blocks], 0.1), 0.1

def inputs(shape):
    return np.random.default_rng(5).normal(size=(4, *shape)).astype(np.float32)

def count(path):
    import onnx
    return sum(int(np.prod(t.dims)) for t in onnx.load(path).graph.initializer if t.data_type == 1 and t.dims)

def outputs(path, x):
    import onnxruntime
    s = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return s.run(None, {s.get_inputs()[0].name: x})[0]

def exported(module, shape, path):
    torch.onnx.export(module.eval(), (torch.zeros(2, *shape),), path, dynamo=False, input_names=["x"], dynamic_axes={"x": {0: "n"}})
"""

_TOOLS = {
    "neurovariety": """
import neurovariety as nv
start = time.process_time()
found = nv.prune(path)
found.write("small.onnx")
seconds = time.process_time() - start
gone, said = sum(found.value["removed"].values()), str(found.claim)
""",
    "torch-pruning": """
import torch_pruning as tp
example = torch.zeros(1, *shape)
last = [m for m in module.modules() if isinstance(m, nn.Linear)][-1]
widths = {m: len(m.weight) for m in module.modules() if isinstance(m, (nn.Conv2d, nn.Linear))}
targets = dict(widths)
start = time.process_time()
if name == "resnet":
    chosen = {b.conv1 for n in ("layer1", "layer2", "layer3", "layer4") for b in getattr(module, n)}
else:
    chosen = {m for m in widths if m is not last}
ratios = {m: max(1, round(part * widths[m])) / widths[m] for m in chosen}
pruner = tp.pruner.MetaPruner(module, example, importance=tp.importance.GroupMagnitudeImportance(p=2), pruning_ratio=0.0,
                              pruning_ratio_dict=ratios, ignored_layers=[m for m in widths if m not in chosen])
pruner.step()
seconds = time.process_time() - start
gone, said = sum(widths[m] - len(m.weight) for m in chosen), "none"
exported(module, shape, "small.onnx")
""",
    "onnxsim": """
import onnx, onnxsim
start = time.process_time()
small, ok = onnxsim.simplify(onnx.load(path))
onnx.save(small, "small.onnx")
seconds = time.process_time() - start
gone, said = 0, "compared at random inputs" if ok else "differs"
""",
}

_END = """
x = inputs(shape)
one, two = outputs(path, x), outputs("small.onnx", x)
print(json.dumps({
    "planted": planted, "before": count(path), "after": count("small.onnx"), "gone": gone, "said": said, "seconds": seconds,
    "apart": float(np.abs(one - two).max() / np.abs(one).max()),
    "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
}))
"""


def measured(name: str, tool: str, folder: Path) -> dict[str, object]:
    """What one tool makes of one network, in a process of its own."""
    work = folder / f"{name} {tool}"
    work.mkdir()
    begin = f'name, path = "{name}", "original.onnx"\nmodule, shape, planted, part = {name}()\nexported(module, shape, path)\n'
    search = os.pathsep.join([str(folder / "packages"), str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": search}
    command = [sys.executable, "-c", _MODELS + begin + _TOOLS[tool] + _END]
    try:
        done = subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return {"failed": f"not within {SECONDS} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1][:100]}
    found: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def row(name: str, tool: str, found: dict[str, object]) -> str:
    """A row of the table."""
    if "failed" in found:
        return f"| {NETWORKS[name]} | {tool} | {found['failed']} | | | | | | |"
    return (
        f"| {NETWORKS[name]} | {tool} | {found['planted']} | {found['gone']} | {found['before']:,} | {found['after']:,} | "
        f"{found['apart']:.0e} | {found['said']} | {found['seconds']:.1f} | {found['memory']:,.0f} |"
    )


def main() -> None:
    """Print the table and store it."""
    lines = [
        "| network | tool | channels dead | removed | parameters | after | outputs apart | said of the function | CPU s | MB |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder / "packages"), *PACKAGES]
        subprocess.run(command, check=True, capture_output=True)
        for name in NETWORKS:
            for tool in TOOLS:
                lines.append(row(name, tool, measured(name, tool, folder)))
                print(lines[-1], flush=True)
    _RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
