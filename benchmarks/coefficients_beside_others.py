"""Learning coefficients beside devinterp at equal seconds: twelve linear networks of known coefficient, in one run.

Run: ``python -m benchmarks.coefficients_beside_others [SEEDS]``. devinterp 1.3.2 is downloaded into a folder that is removed at the
end, never installed, and runs in a process of its own with the same torch. One line of JSON for a network and a setting.

devinterp gets what is kindest to it: 1,000 normal inputs with exact values, so no noise moves its loss; whole batches that no loader
puts together; a start at the true and most singular weights; and as many CPU seconds a run as ours took with its calibration, measured
in the same run. Its settings: its defaults; those of its own test of such networks; and the learning rate and temperature of a grid
that come nearest to the truth on another seed, with half of the steps for burn-in, a tuning that only someone can do who knows the
answer. Its interval is the one of its own tests: the mean and two standard deviations of chains.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from benchmarks.estimated_coefficients import LINEAR
from neurovariety.certificates.learning_coefficients import coefficient_of_linear
from neurovariety.learning.estimated_coefficient import estimate
from neurovariety.learning.sampled_problem import of_products

PACKAGES = ("devinterp==1.3.2", "cloudpickle", "einops", "tqdm")

_THEIRS = """
import itertools, json, math, sys, time, warnings
warnings.simplefilter("ignore")
import torch
from torch.utils.data import DataLoader, TensorDataset
from devinterp.slt.sampler import estimate_learning_coeff_with_summary
from devinterp.utils import default_nbeta, evaluate_mse

torch.set_num_threads(1)

class Whole(DataLoader):
    def __iter__(self):
        yield self.dataset.tensors

def network(widths, rank):
    x = torch.randn(1000, widths[0], generator=torch.Generator().manual_seed(1))
    y = torch.zeros(1000, widths[-1])
    y[:, :rank] = x[:, :rank]
    model = torch.nn.Sequential(*(torch.nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(widths)))
    with torch.no_grad():
        for layer in model:
            layer.weight.zero_()
            layer.weight[range(rank), range(rank)] = 1.0
    return model, Whole(TensorDataset(x, y), batch_size=1000)

def asked(problem, seed, chains, draws, burn, **options):
    try:
        found = estimate_learning_coeff_with_summary(
            *problem, evaluate=evaluate_mse, optimizer_kwargs=dict(options), num_chains=chains, num_draws=draws,
            num_burnin_steps=burn, seed=seed, verbose=False)
    except RuntimeError:
        return math.nan, math.nan
    return found["llc/mean"], found["llc/std"]

def apart(value, truth):
    return abs(value / truth - 1) if math.isfinite(value) else math.inf

for widths, rank, truth, seconds, seeds in json.load(sys.stdin):
    problem = network(widths, rank)
    usual = default_nbeta(problem[1])
    asked(problem, 0, 1, 50, 0, lr=1e-5)
    begin = time.process_time()
    asked(problem, 0, 1, 500, 0, lr=1e-5)
    steps = max(int(500 * seconds / (time.process_time() - begin)), 80)
    burn = steps // 8
    grid = [{"lr": rate / times, "nbeta": times * usual} for rate in (3e-4, 1e-3, 3e-3, 1e-2) for times in (1.0, 30.0)]
    tuned = min(grid, key=lambda g: apart(asked(problem, 1000, 4, steps // 4 - burn, burn, **g)[0], truth))
    for setting, chains, burn, chosen in (
        ("defaults", 10, 0, {}), ("its own test", 3, 0, {"lr": 6e-5, "localization": 1.0}), ("tuned to the truth", 4, burn, tuned)
    ):
        begin = time.process_time()
        found = [asked(problem, seed, chains, steps // chains - burn, burn, **chosen) for seed in range(seeds)]
        spent = (time.process_time() - begin) / seeds
        print(json.dumps([widths, rank, setting, found, {"steps": steps, "cpu_seconds": round(spent, 2)} | chosen]), flush=True)
"""


def told(values: list[tuple[float, float, float]], truth: float) -> dict[str, object]:
    """What is told of runs (value, low, high): errors relative to the truth, and how many intervals hold it."""
    known = [v for v in values if v[0] == v[0] and abs(v[0]) < 1e9]
    errors = [abs(v - truth) / truth for v, _, _ in known]
    return {
        "mean_value": round(sum(v for v, _, _ in known) / len(known), 3) if known else None,
        "mean_error_percent": round(100 * sum(errors) / len(errors), 2) if known else None,
        "held": sum(low <= truth <= high for _, low, high in known),
        "half_width_percent": round(50 * sum(high - low for _, low, high in known) / len(known) / truth, 1) if known else None,
        "diverged": len(values) - len(known),
        "of": len(values),
    }


def main(seeds: int) -> None:
    """All networks with ours, then in another process with each setting of devinterp."""
    estimate(of_products((1, 1, 1), 0), 0)  # compiled before time is taken
    questions = []
    for widths, rank in LINEAR:
        truth = float(coefficient_of_linear(widths, rank)[0] / 2)
        begin = time.process_time()
        ours = [estimate(of_products(widths, rank), seed) for seed in range(seeds)]
        seconds = (time.process_time() - begin) / seeds
        questions.append((widths, rank, truth, seconds, seeds))
        row = {"network": _name(widths, rank), "truth": truth, "tool": "neurovariety", "cpu_seconds": round(seconds, 2)}
        print(json.dumps(row | told([(e.value, e.low, e.high) for e in ours], truth)), flush=True)
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, *PACKAGES]
        subprocess.run(command, check=True, capture_output=True)
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": place}
        command = [sys.executable, "-c", _THEIRS]
        with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(questions))
            process.stdin.close()
            for line in process.stdout:
                widths, rank, setting, found, how = json.loads(line)
                truth = float(coefficient_of_linear(tuple(widths), rank)[0] / 2)
                row = {"network": _name(widths, rank), "truth": truth, "tool": f"devinterp, {setting}"} | how
                print(json.dumps(row | told([(v, v - 2 * s, v + 2 * s) for v, s in found], truth)), flush=True)


def _name(widths: Sequence[int], rank: int) -> str:
    return f"linear({','.join(map(str, widths))}) rank {rank}"


if __name__ == "__main__":
    main(int((sys.argv[1:2] or ["20"])[0]))
